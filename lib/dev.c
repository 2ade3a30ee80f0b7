// SPDX-License-Identifier: GPL-2.0
/*
 * The library's descriptor of /dev/kshm, one for each process.
 *
 * The program does not know of the descriptor. It can close the number, or put a
 * file of its own there. So the library takes a high number, which programs seldom
 * touch, and checks for each answer that it comes from the device:
 *
 * 1. A command with outputs succeeded, and the outputs changed: accepted. Whatever
 *    file has the number now, only kshm knows what to write there.
 * 2. A command without outputs succeeded: accepted. A check would cost each shmdt
 *    and each removal one more system call. A file can fool us only if its driver
 *    accepts unknown commands; then the attach, or the segment, stays.
 * 3. EBADF or ENOTTY: not accepted. The device never returns EBADF, and ENOTTY only
 *    for a command that it does not know, which may be repeated. statx() is not
 *    asked, since another thread may meanwhile have opened the device under this
 *    number again.
 * 4. Any other result: accepted if statx() says that the number is that of the
 *    device, or if statx() can't tell.
 *
 * If the answer is not accepted, the library opens the device again and repeats
 * the command. It never closes a number that belongs to another file.
 *
 * The device gets the same number again if that is free, and then nothing has to
 * be stored. If it gets another number, only the process that ran the constructor
 * stores it. Another process may be a vfork() child, which shares the memory of
 * its parent but not the descriptors; it opens the device for one command only.
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

/* Large enough for the struct of any command */
union any_struct {
	struct kshm_info info;
	struct kshm_get get;
	struct kshm_get_named get_named;
	struct kshm_attach attach;
	struct kshm_detach detach;
	struct kshm_stat stat;
	struct kshm_set set;
	struct kshm_rmid rmid;
	struct kshm_lock lock;
	struct kshm_grow grow;
	struct kshm_fd fd;
	struct kshm_who who;
	struct kshm_open open;
	struct kshm_unlink unlink;
	struct kshm_explain explain;
};

static atomic_int descriptor = -1;	/* the last one that worked */
static atomic_int owner;		/* pid of the process that may store it */
static atomic_uint device;		/* device number of /dev/kshm */
static atomic_bool complain;		/* report the next failure to open it */
static atomic_bool asks_huge;		/* KSHM_HUGE is set */

atomic_bool kshm_huge;

static const char *cure(long err)
{
	switch (err) {
	case -EMFILE:
		return "can't get a file descriptor: raise ulimit -n, or close some files";
	case -ENFILE:
		return "finds the system's table of open files full: raise fs.file-max";
	case -ENOMEM:
		return "can't be opened without memory";
	case -EACCES:
	case -EPERM:
		return "may not be opened: chmod 0666 " DEVICE ", as root";
	case -ENOTTY:
		return "isn't kshm's: remove it, then modprobe or insmod kshm, as root";
	default:
		return "isn't there: modprobe or insmod kshm, as root";
	}
}

static void say(const char *words)
{
	(void)kshm_syscall(SYS_write, STDERR_FILENO, words, strlen(words));
}

/* Convert an error of opening the device to the one that the program gets. */
static long no_device(long err)
{
	if (atomic_exchange(&complain, false)) {
		say("kshm: " DEVICE " ");
		say(cure(err));
		say("\n");
	}
	if (err == -EMFILE || err == -ENFILE)
		err = -ENOMEM;
	return kshm_refuse(err == -ENOMEM ? ENOMEM : ENOSYS, KSHM_WHY_DEVICE,
			   0, 0);
}

/* @number: device number of a descriptor; 0 if it is no character device */
static long device_number(int fd, unsigned int *number)
{
	struct statx st;
	long err = kshm_syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE,
				&st);

	*number = 0;
	if (!err && S_ISCHR(st.stx_mode))
		*number = st.stx_rdev_major << 20 | st.stx_rdev_minor;
	return err;
}

/*
 * True also if statx() fails, unless the number is closed: a command that has
 * succeeded must not be repeated because memory was short.
 */
static bool is_device(int fd)
{
	unsigned int number;
	long err = device_number(fd, &number);

	return err ? err != -EBADF : number == atomic_load(&device);
}

/*
 * Store the device number, if the device answers as kshm does. A module without huge
 * pages, or one that is too old to have them, is not asked for any.
 */
static long learn_device(int fd)
{
	struct kshm_info info = { 0 };
	unsigned int number;
	long err = device_number(fd, &number);

	if (!err && number)
		err = kshm_syscall(SYS_ioctl, fd, KSHM_IOC_INFO, &info);
	if (err)
		return err;
	if (!number || info.abi != KSHM_ABI)
		return -ENOTTY;
	atomic_store(&device, number);
	atomic_store(&kshm_huge, atomic_load(&asks_huge) &&
		     (info.features & KSHM_FEATURE_HUGE));
	return 0;
}

static int high_number(void)
{
	struct rlimit64 limit;

	if (kshm_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) ||
	    limit.rlim_cur > HIGH_NUMBER)
		return HIGH_NUMBER;
	return (int)(limit.rlim_cur - limit.rlim_cur / 4);
}

/* Open the device under any number. */
static int open_anywhere(void)
{
	long fd = kshm_syscall(SYS_openat, AT_FDCWD, DEVICE, O_RDWR | O_CLOEXEC);
	long err = fd < 0 ? fd : learn_device((int)fd);

	if (!err)
		return (int)fd;
	if (fd >= 0)
		(void)kshm_syscall(SYS_close, fd);
	return (int)err;
}

/* Open the device under @least or the next free number, if the limits allow. */
static int open_device(int least)
{
	long low = open_anywhere(), high;

	if (low < 0)
		return (int)low;
	high = kshm_syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC, least);
	if (high == -EINVAL)
		high = kshm_syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC,
				    high_number());
	if (high < 0)
		return (int)low;
	(void)kshm_syscall(SYS_close, low);
	return (int)high;
}

/*
 * Find or make a descriptor to replace @old. Sets @once if the caller has to close
 * it after its command.
 */
static int reopen_device(int old, bool *once)
{
	int fd = open_device(old < 0 ? high_number() : old);
	int now;

	if (fd < 0 || fd == old)
		return fd;

	/* If another thread was faster, use its descriptor. */
	now = atomic_load(&descriptor);
	if (now < 0 || !is_device(now)) {
		*once = kshm_syscall(SYS_getpid) != atomic_load(&owner);
		if (*once ||
		    atomic_compare_exchange_strong(&descriptor, &now, fd))
			return fd;
	}
	(void)kshm_syscall(SYS_close, fd);
	return now;
}

static bool is_answer_of_device(int fd, unsigned long cmd, long ret,
				const void *before, const void *after)
{
	if (!ret && (!(_IOC_DIR(cmd) & _IOC_READ) ||
		     memcmp(before, after, _IOC_SIZE(cmd))))
		return true;
	return ret != -EBADF && ret != -ENOTTY && is_device(fd);
}

/* @old: number that is no descriptor of the device any more */
static long ioctl_reopened(int old, unsigned long cmd, void *arg)
{
	bool once = false;
	int fd = reopen_device(old, &once);
	long ret;

	if (fd < 0)
		return no_device(fd);
	ret = kshm_syscall(SYS_ioctl, fd, cmd, arg);
	if (once)
		(void)kshm_syscall(SYS_close, fd);
	return ret;
}

static inline long ioctl_ours(unsigned long cmd, void *arg)
{
	unsigned char before[sizeof(union any_struct)];
	int fd = atomic_load(&descriptor);
	long ret;

	if (fd < 0)
		return ioctl_reopened(fd, cmd, arg);
	memcpy(before, arg, _IOC_SIZE(cmd));
	ret = kshm_syscall(SYS_ioctl, fd, cmd, arg);
	if (is_answer_of_device(fd, cmd, ret, before, arg))
		return ret;
	memcpy(arg, before, _IOC_SIZE(cmd));
	return ioctl_reopened(fd, cmd, arg);
}

/*
 * @fd: a descriptor of the program, or -1 for the library's own. The library does
 * not check the descriptor of a program: the program has to know what it is.
 */
static long ioctl_on(int fd, unsigned long cmd, void *arg)
{
	return fd < 0 ? ioctl_ours(cmd, arg) :
			kshm_syscall(SYS_ioctl, fd, cmd, arg);
}

/*
 * A module that is too old for EXPLAIN has not run the command either, so it is
 * safe to run it now. A file that is not the device may return success and do
 * nothing; then the error is still -1.
 */
static long ioctl_explained(int fd, unsigned long cmd, void *arg)
{
	struct kshm_explain why = {
		.arg = (uintptr_t)arg,
		.cmd = (__u32)cmd,
		.error = -1,
	};
	long ret = ioctl_on(fd, KSHM_IOC_EXPLAIN, &why);

	if (ret == -ENOTTY)
		return ioctl_on(fd, cmd, arg);
	if (ret)
		return ret;
	if (why.error < 0)
		return -ENOTTY;
	if (!why.error && why.reason)
		kshm_remark(why.reason);
	return why.error ? kshm_refuse(why.error, why.reason, why.asked,
				       why.limit) : 0;
}

long kshm_ioctl_by(int fd, unsigned long cmd, void *arg)
{
	return kshm_explaining() ? ioctl_explained(fd, cmd, arg) :
				   ioctl_on(fd, cmd, arg);
}

/* Does not call kshm_ioctl_by(), which would add two functions to each call. */
long kshm_ioctl(unsigned long cmd, void *arg)
{
	long ret = kshm_explaining() ? ioctl_explained(-1, cmd, arg) :
				       ioctl_ours(cmd, arg);

	/* The module is older than this library. */
	if (ret == -ENOTTY)
		return kshm_refuse(ENOSYS, KSHM_WHY_COMMAND, 0, 0);
	return ret;
}

KSHM_EXPORT int kshm_owner(void)
{
	int fd = open_anywhere();

	return kshm_answer("owner", fd < 0 ? no_device(fd) : fd);
}

/* Open it before main(), which may chroot, change the user, or vfork(). */
static void __attribute__((constructor)) open_early(void)
{
	const char *debug = secure_getenv("KSHM_DEBUG");
	const char *huge = secure_getenv("KSHM_HUGE");
	int fd;

	atomic_store(&owner, (int)kshm_syscall(SYS_getpid));
	atomic_store(&complain, debug && *debug);
	if (debug && *debug)
		kshm_debug();
	atomic_store(&asks_huge, huge && *huge);
	fd = open_device(high_number());
	atomic_store(&descriptor, fd < 0 ? -1 : fd);
}
