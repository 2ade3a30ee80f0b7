// SPDX-License-Identifier: GPL-2.0
/*
 * shm_open() and shm_unlink(): convert names, flags and errors to those of the
 * ioctls. The kernel itself does the rest, since the result is a descriptor.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/kshm.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "internal.h"
#include "kshm.h"

#define MODE_BITS	07777

/*
 * A name for the kernel, without leading slashes. A name that is too long is cut
 * to one byte more than the limit, so that the kernel refuses it.
 */
struct name {
	const char *bytes;
	size_t len;
};

/* Return: false if no object can have this name */
static bool parse(struct name *name, const char *text)
{
	while (*text == '/')
		text++;
	name->bytes = text;
	name->len = strnlen(text, NAME_MAX + 1);
	return name->len && !strchr(text, '/') && strcmp(text, ".") &&
	       strcmp(text, "..");
}

static long bad_name(int error, const struct name *name)
{
	return kshm_refuse(error, KSHM_WHY_NAME, name->len, NAME_MAX);
}

static __u32 flags_of(int oflag)
{
	__u32 flags = KSHM_OPEN_CLOEXEC;

	if ((oflag & O_ACCMODE) == O_RDONLY)
		flags |= KSHM_OPEN_RDONLY;
	if ((oflag & O_ACCMODE) == O_WRONLY)
		flags |= KSHM_OPEN_WRONLY;
	if (oflag & O_CREAT)
		flags |= KSHM_OPEN_CREAT;
	if (oflag & O_EXCL)
		flags |= KSHM_OPEN_EXCL;
	if (oflag & O_TRUNC)
		flags |= KSHM_OPEN_TRUNC;
	if (oflag & KSHM_O_SEALABLE)
		flags |= KSHM_OPEN_SEALABLE;
	if (oflag & KSHM_O_HUGE || kshm_wants_huge())
		flags |= KSHM_OPEN_HUGE;
	if (oflag & O_APPEND)
		flags |= KSHM_OPEN_APPEND;
	return flags;
}

static long shm_open_named(const struct name *name, int oflag, mode_t mode)
{
	struct kshm_open arg = {
		.name = (uintptr_t)name->bytes,
		.name_len = (__u32)name->len,
		.flags = flags_of(oflag),
		.mode = mode & MODE_BITS,
		.fd = -1,
	};
	int status_flags = oflag & (O_APPEND | O_NONBLOCK);
	long ret = kshm_ioctl(KSHM_IOC_OPEN, &arg);

	if (ret)
		return ret;
	if (status_flags)
		(void)kshm_syscall(SYS_fcntl, arg.fd, F_SETFL, status_flags);
	return arg.fd;
}

KSHM_EXPORT int kshm_shm_open(const char *name, int oflag, mode_t mode)
{
	struct name parsed;

	if (!parse(&parsed, name))
		return kshm_answer("shm_open", bad_name(EINVAL, &parsed));
	if ((oflag & O_ACCMODE) == O_ACCMODE)
		return kshm_answer("shm_open",
				   kshm_refuse(EINVAL, KSHM_WHY_FLAGS,
					       O_ACCMODE, O_RDWR));
	return kshm_answer("shm_open", shm_open_named(&parsed, oflag, mode));
}

/* As in libc, an impossible name is ENOENT: no object has it. */
KSHM_EXPORT int kshm_shm_unlink(const char *name)
{
	struct kshm_unlink arg = { .flags = 0 };
	struct name parsed;
	long ret;

	if (!parse(&parsed, name))
		return kshm_answer("shm_unlink", bad_name(ENOENT, &parsed));
	arg.name = (uintptr_t)parsed.bytes;
	arg.name_len = (__u32)parsed.len;
	ret = kshm_ioctl(KSHM_IOC_UNLINK, &arg);
	/* POSIX has EACCES for a caller who may not remove the name. */
	if (ret == -EPERM)
		ret = kshm_refuse_as(EACCES);
	return kshm_answer("shm_unlink", ret);
}
