// SPDX-License-Identifier: GPL-2.0
/* The commands of /dev/kshm, plain or inside EXPLAIN, and the listings. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kshm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "acts.h"

#define RAW_MAX	256	/* bytes of a raw struct */
#define LISTED	64	/* elements of WHO's list */
#define MOST_ALLOCATED	(16UL << 20)

int device = -1;

static bool explaining;

static long command(unsigned int cmd, void *arg)
{
	struct kshm_explain explain = { .cmd = cmd, .arg = (uintptr_t)arg };

	if (!explaining)
		return result(ioctl(device, cmd, arg));
	if (ioctl(device, KSHM_IOC_EXPLAIN, &explain))
		return -errno;
	return -explain.error;
}

long act_info(const long *arg)
{
	struct kshm_info info = { .flags = arg[0] };

	return command(KSHM_IOC_INFO, &info);
}

/* Flags of a new segment; not all memory is allocated. */
static unsigned int affordable(unsigned int flags, unsigned long size)
{
	return size > MOST_ALLOCATED ? flags & ~KSHM_GET_PREALLOC : flags;
}

long act_get(const long *arg)
{
	struct kshm_get get = { .key = arg[0], .size = arg[1],
				.flags = affordable(arg[2], arg[1]),
				.mode = arg[3] };

	return command(KSHM_IOC_GET, &get) ?: get.id;
}

long act_get_named(const long *arg)
{
	const char *name = (const char *)arg[0];
	struct kshm_get_named get = { .name = arg[0], .name_len = strlen(name),
				      .size = arg[1],
				      .flags = affordable(arg[2], arg[1]),
				      .mode = arg[3] };

	return command(KSHM_IOC_GET_NAMED, &get) ?: get.id;
}

long act_attach(const long *arg)
{
	struct kshm_attach at = { .id = arg[0], .addr = arg[1], .flags = arg[2] };

	return command(KSHM_IOC_ATTACH, &at) ?: (long)at.addr;
}

long act_detach(const long *arg)
{
	struct kshm_detach dt = { .addr = arg[0] };

	return command(KSHM_IOC_DETACH, &dt);
}

long act_stat(const long *arg)
{
	struct kshm_stat stat = { .id = arg[0], .flags = arg[1] };

	return command(KSHM_IOC_STAT, &stat);
}

long act_set(const long *arg)
{
	struct kshm_set set = { .id = arg[0], .mask = arg[1], .uid = arg[2],
				.gid = arg[2], .mode = arg[3] };

	return command(KSHM_IOC_SET, &set);
}

long act_rmid(const long *arg)
{
	struct kshm_rmid rmid = { .id = arg[0] };

	return command(KSHM_IOC_RMID, &rmid);
}

long act_lock(const long *arg)
{
	struct kshm_lock lock = { .id = arg[0], .flags = arg[1] };

	return command(KSHM_IOC_LOCK, &lock);
}

long act_fd(const long *arg)
{
	struct kshm_fd fd = { .id = arg[0], .flags = arg[1] };

	return command(KSHM_IOC_FD, &fd) ?: fd.fd;
}

long act_grow(const long *arg)
{
	struct kshm_grow grow = { .id = arg[0], .size = arg[1] };

	return command(KSHM_IOC_GROW, &grow);
}

long act_who(const long *arg)
{
	struct kshm_attacher list[LISTED];
	struct kshm_who who = { .id = arg[0], .list = (uintptr_t)list,
				.room = arg[1] };

	/* The kernel must not write beyond the list. */
	if (who.room > LISTED)
		who.list = 0;
	return command(KSHM_IOC_WHO, &who);
}

long act_open(const long *arg)
{
	const char *name = (const char *)arg[0];
	struct kshm_open open = { .name = arg[0], .name_len = strlen(name),
				  .flags = arg[1], .mode = arg[2] };

	return command(KSHM_IOC_OPEN, &open) ?: open.fd;
}

long act_unlink(const long *arg)
{
	const char *name = (const char *)arg[0];
	struct kshm_unlink unlink = { .name = arg[0], .name_len = strlen(name) };

	return command(KSHM_IOC_UNLINK, &unlink);
}

/* Any number, any size, any bytes. */
long act_raw(const long *arg)
{
	struct dice dice = { arg[2] };
	unsigned char bytes[RAW_MAX];
	size_t size = (unsigned long)arg[1] % RAW_MAX, i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = below(&dice, 4) ? 0 : throw(&dice);
	return command(_IOC(arg[3] & 3, KSHM_IOC_MAGIC, arg[0] & 0xff, size), bytes);
}

long act_explain(const long *arg)
{
	explaining = arg[0];
	return 0;
}

long act_device(const long *arg)
{
	return result(open("/dev/kshm", arg[0] | O_CLOEXEC));
}

/* The steps that follow use this descriptor, whatever it is of. */
long act_use(const long *arg)
{
	if (arg[0] >= 0)
		device = arg[0];
	return 0;
}

long act_listing(const long *arg)
{
	char text[512];
	int fd = open(arg[0] ? "/proc/kshm/objects" : "/proc/kshm/shm",
		      O_RDONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = result(pread(fd, text, arg[2] % sizeof(text), arg[1]));
	while (arg[3] && read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
	return ret;
}
