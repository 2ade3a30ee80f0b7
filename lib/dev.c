// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptor of /dev/kshm: one for each process, and it isn't ours alone.
 *
 * The program may close it, or put a file of its own under its number, without
 * knowing that there was anything. So the number is high, where programs seldom
 * look, and an answer is believed only if the device itself must have given it:
 *
 * 1. Success of a command that fills in its struct: the outputs changed.
 *    Whatever file has the number now, only kshm knows what to write there.
 * 2. Success of a command without outputs. A check would cost each shmdt and
 *    each removal a system call more. The files that could fool it are those
 *    whose driver says yes to commands that it doesn't know; then the attach,
 *    or the segment, stays as it was.
 * 3. EBADF and ENOTTY are never its answers, even if by now another thread has
 *    opened the device under that number again.
 * 4. Anything else, failure or success: statx() says whether the number is
 *    still that of the device, or can't say.
 *
 * An answer that isn't believed is forgotten: the device is opened again, and
 * the command is given again.
 *
 * A number that was found to be a stranger's is never closed.
 *
 * Opening again takes the same number where it is free, and then there is
 * nothing to remember. Else only the process that ran the constructor remembers
 * the new number: another one may be a vfork() child, whose memory is its
 * parent's while its descriptors are not. It opens the device for one command.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kshm.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "internal.h"
#include "kshm.h"

#define DEVICE		"/dev/kshm"
#define HIGH_NUMBER	1000
#define LARGEST_STRUCT	sizeof(struct kshm_stat)

static atomic_int descriptor = -1;	/* the last that was known to work */
static atomic_int owner;		/* the process that may change it */
static atomic_uint device;		/* device number of /dev/kshm */
static atomic_bool complain;		/* KSHM_DEBUG, and nothing said yet */

static const char *cure(long err)
{
	switch (err) {
	case -ENOMEM:
		return "no descriptor is free for it: raise ulimit -n, or close some files";
	case -EACCES:
	case -EPERM:
		return "may not be opened: chmod 0666 " DEVICE ", as root";
	case -ENOTTY:
		return "isn't kshm's device: remove it, then insmod kshm.ko, as root";
	default:
		return "isn't there: insmod kshm.ko, as root";
	}
}

static void say(const char *words)
{
	(void)kshm_raw(SYS_write, STDERR_FILENO, words, strlen(words));
}

/* Why the device can't be opened, as the program is told: a negative errno. */
static long no_device(long err)
{
	if (err == -EMFILE || err == -ENFILE)
		err = -ENOMEM;
	if (atomic_exchange(&complain, false)) {
		say("kshm: " DEVICE " ");
		say(cure(err));
		say("\n");
	}
	return kshm_refuse(err == -ENOMEM ? ENOMEM : ENOSYS, KSHM_WHY_DEVICE,
			   0, 0);
}

/* The device number of a descriptor, 0 where it is no character device's. */
static long device_number(int fd, unsigned int *number)
{
	struct statx st;
	long err = kshm_raw(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);

	*number = 0;
	if (!err && S_ISCHR(st.stx_mode))
		*number = st.stx_rdev_major << 20 | st.stx_rdev_minor;
	return err;
}

/*
 * Where the kernel can't say, nothing speaks against it; and a command that was
 * carried out must not be given again for lack of memory.
 */
static bool is_device(int fd)
{
	unsigned int number;
	long err = device_number(fd, &number);

	return err ? err != -EBADF : number == atomic_load(&device);
}

/* Learns the number of the device, once it has answered as kshm does. */
static bool learn_device(int fd)
{
	struct kshm_info info = { 0 };
	unsigned int number;

	if (device_number(fd, &number) || !number ||
	    kshm_raw(SYS_ioctl, fd, KSHM_IOC_INFO, &info) ||
	    info.abi != KSHM_ABI)
		return false;
	atomic_store(&device, number);
	return true;
}

static int high_number(void)
{
	struct rlimit64 limit;

	if (kshm_raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) ||
	    limit.rlim_cur > HIGH_NUMBER)
		return HIGH_NUMBER;
	return (int)(limit.rlim_cur - limit.rlim_cur / 4);
}

/* A new descriptor, wherever one is free. */
static int open_anywhere(void)
{
	long fd = kshm_raw(SYS_openat, AT_FDCWD, DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && !learn_device((int)fd)) {
		(void)kshm_raw(SYS_close, fd);
		return -ENOTTY;
	}
	return (int)fd;
}

/* A new descriptor, @least or the next free one where the limits allow it. */
static int open_device(int least)
{
	long low = open_anywhere(), high;

	if (low < 0)
		return (int)low;
	high = kshm_raw(SYS_fcntl, low, F_DUPFD_CLOEXEC, least);
	if (high == -EINVAL)
		high = kshm_raw(SYS_fcntl, low, F_DUPFD_CLOEXEC, high_number());
	if (high < 0)
		return (int)low;
	(void)kshm_raw(SYS_close, low);
	return (int)high;
}

/* @once: the descriptor is for this command only. */
static int reopen_device(int old, bool *once)
{
	int fd = open_device(old < 0 ? high_number() : old);
	int now;

	if (fd < 0 || fd == old)
		return fd;

	/* Has another thread been faster? Then the number is its descriptor. */
	now = atomic_load(&descriptor);
	if (now < 0 || !is_device(now)) {
		*once = kshm_raw(SYS_getpid) != atomic_load(&owner);
		if (*once ||
		    atomic_compare_exchange_strong(&descriptor, &old, fd))
			return fd;
		now = old;
	}
	(void)kshm_raw(SYS_close, fd);
	return now;
}

static bool is_its_answer(int fd, unsigned long cmd, long ret,
			  const void *before, const void *after)
{
	if (!ret && (!(_IOC_DIR(cmd) & _IOC_READ) ||
		     memcmp(before, after, _IOC_SIZE(cmd))))
		return true;
	return ret != -EBADF && ret != -ENOTTY && is_device(fd);
}

/* @old: what was believed to be a descriptor of the device */
static long give_anew(int old, unsigned long cmd, void *arg)
{
	bool once = false;
	int fd = reopen_device(old, &once);
	long ret;

	if (fd < 0)
		return no_device(fd);
	ret = kshm_raw(SYS_ioctl, fd, cmd, arg);
	if (once)
		(void)kshm_raw(SYS_close, fd);
	return ret;
}

static inline long give(unsigned long cmd, void *arg)
{
	unsigned char before[LARGEST_STRUCT];
	int fd = atomic_load(&descriptor);
	long ret;

	if (fd < 0)
		return give_anew(fd, cmd, arg);
	memcpy(before, arg, _IOC_SIZE(cmd));
	ret = kshm_raw(SYS_ioctl, fd, cmd, arg);
	if (is_its_answer(fd, cmd, ret, before, arg))
		return ret;
	memcpy(arg, before, _IOC_SIZE(cmd));
	return give_anew(fd, cmd, arg);
}

/*
 * @fd: the program's, -1 for the library's own. Whether it is one of the device
 * the program has to know.
 */
static long give_to(int fd, unsigned long cmd, void *arg)
{
	return fd < 0 ? give(cmd, arg) : kshm_raw(SYS_ioctl, fd, cmd, arg);
}

/*
 * A module that is too old to explain has not run the command, either; and a file
 * that isn't the device may say yes and do nothing.
 */
static long give_explained(int fd, unsigned long cmd, void *arg)
{
	struct kshm_explain why = {
		.arg = (uintptr_t)arg,
		.cmd = (__u32)cmd,
		.error = -1,
	};
	long ret = give_to(fd, KSHM_IOC_EXPLAIN, &why);

	if (ret == -ENOTTY)
		return give_to(fd, cmd, arg);
	if (ret)
		return ret;
	if (why.error < 0)
		return -ENOTTY;
	return why.error ? kshm_refuse(why.error, why.reason, why.asked,
				       why.limit) : 0;
}

long kshm_ioctl_by(int fd, unsigned long cmd, void *arg)
{
	return kshm_explaining() ? give_explained(fd, cmd, arg) :
				   give_to(fd, cmd, arg);
}

/* By way of kshm_ioctl_by() each call would take two functions more. */
long kshm_ioctl(unsigned long cmd, void *arg)
{
	long ret = kshm_explaining() ? give_explained(-1, cmd, arg) :
				       give(cmd, arg);

	/* A module that is older than this library. */
	if (ret == -ENOTTY)
		return kshm_refuse(ENOSYS, KSHM_WHY_COMMAND, 0, 0);
	return ret;
}

KSHM_EXPORT int kshm_owner(void)
{
	int fd = open_anywhere();

	return kshm_answer("owner", fd < 0 ? no_device(fd) : fd);
}

/* Before main(): what comes later may be a chroot, another user, a vfork(). */
static void __attribute__((constructor)) open_early(void)
{
	const char *debug = secure_getenv("KSHM_DEBUG");
	int fd;

	atomic_store(&owner, (int)kshm_raw(SYS_getpid));
	atomic_store(&complain, debug && *debug);
	if (debug && *debug)
		kshm_debug();
	fd = open_device(high_number());
	atomic_store(&descriptor, fd < 0 ? -1 : fd);
}
