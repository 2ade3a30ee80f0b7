// SPDX-License-Identifier: GPL-2.0
/*
 * What neither System V nor POSIX has a call for: names of segments, lifetimes,
 * growing, and which of "find or create" it was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kshm.h>
#include <stdint.h>
#include <string.h>

#include "internal.h"
#include "kshm.h"

#define MODE_BITS	0777
#define KSHM_HOW	(KSHM_TRANSIENT | KSHM_UNIQUE | KSHM_PREALLOC)

static __u32 flags_of(int shmflg, int how, int owner)
{
	/* The kernel ignores CREATED; one that can't answer it refuses it. */
	__u32 flags = kshm_get_flags(shmflg) | KSHM_GET_CREATED;

	if (how & KSHM_TRANSIENT)
		flags |= KSHM_GET_TRANSIENT;
	if (how & KSHM_UNIQUE)
		flags |= KSHM_GET_UNIQUE;
	if (how & KSHM_PREALLOC)
		flags |= KSHM_GET_PREALLOC;
	if (owner >= 0)
		flags |= KSHM_GET_OWNED;
	return flags;
}

static long get_through(int owner, unsigned long cmd, void *arg)
{
	return owner < 0 ? kshm_ioctl(cmd, arg) :
			   kshm_ioctl_by(owner, cmd, arg);
}

static long get_named(int owner, const char *name, struct kshm_get *get)
{
	struct kshm_get_named arg = {
		.name = (uintptr_t)name,
		.name_len = (__u32)strlen(name),
		.flags = get->flags,
		.size = get->size,
		.mode = get->mode,
		.id = -1,
	};
	long ret = get_through(owner, KSHM_IOC_GET_NAMED, &arg);

	get->flags = arg.flags;
	get->id = arg.id;
	return ret;
}

long kshm_get_by(int owner, const char *name, struct kshm_get *get)
{
	long ret;

	get->id = -1;
	ret = name ? get_named(owner, name, get) :
		     get_through(owner, KSHM_IOC_GET, get);
	/* A file that says yes to everything. */
	return !ret && get->id < 0 ? -ENOTTY : ret;
}

/* What only the library can refuse, since the kernel never sees it. */
static long check_how(int shmflg, int how)
{
	if (how & ~KSHM_HOW)
		return kshm_refuse(EINVAL, KSHM_WHY_FLAGS,
				   (unsigned int)(how & ~KSHM_HOW), KSHM_HOW);
	if (shmflg & SHM_HUGETLB)
		return kshm_refuse(EINVAL, KSHM_WHY_HUGE_PAGES, 0, 0);
	return 0;
}

static long obtain(struct kshm_get *get, const char *name, int shmflg, int how,
		   int owner, int *created)
{
	long ret = check_how(shmflg, how);

	if (ret)
		return ret;
	get->flags = flags_of(shmflg, how, owner);
	get->mode = shmflg & MODE_BITS;
	ret = kshm_get_by(owner, name, get);
	if (ret)
		return ret;
	if (created)
		*created = !!(get->flags & KSHM_GET_CREATED);
	return get->id;
}

KSHM_EXPORT int kshm_obtain(key_t key, size_t size, int shmflg, int how,
			    int owner, int *created)
{
	struct kshm_get get = { .key = key, .size = size };

	return kshm_answer("obtain", obtain(&get, NULL, shmflg, how, owner,
					    created));
}

KSHM_EXPORT int kshm_obtain_named(const char *name, size_t size, int shmflg,
				  int how, int owner, int *created)
{
	struct kshm_get get = { .size = size };

	/* NULL would be a key; it is no name instead. */
	return kshm_answer("obtain_named", obtain(&get, name ? name : "", shmflg,
						  how, owner, created));
}

KSHM_EXPORT int kshm_grow(int shmid, size_t *size,
			  unsigned long long *generation)
{
	struct kshm_grow arg = {
		.id = shmid,
		.size = *size,
		.generation = ~0ULL,
	};
	long ret = kshm_ioctl(KSHM_IOC_GROW, &arg);

	if (ret)
		return kshm_answer("grow", ret);
	*size = arg.size < SIZE_MAX ? (size_t)arg.size : SIZE_MAX;
	if (generation)
		*generation = arg.generation;
	return 0;
}

static long get_fd(int shmid, int flags)
{
	struct kshm_fd arg = { .id = shmid, .fd = -1 };
	long ret;

	if (flags & ~(O_RDWR | O_CLOEXEC))
		return kshm_refuse(EINVAL, KSHM_WHY_FLAGS,
				   (unsigned int)(flags & ~(O_RDWR | O_CLOEXEC)),
				   O_RDWR | O_CLOEXEC);
	if (!(flags & O_RDWR))
		arg.flags |= KSHM_FD_RDONLY;
	if (flags & O_CLOEXEC)
		arg.flags |= KSHM_FD_CLOEXEC;
	ret = kshm_ioctl(KSHM_IOC_FD, &arg);
	return ret ? ret : arg.fd;
}

KSHM_EXPORT int kshm_fd(int shmid, int flags)
{
	return kshm_answer("fd", get_fd(shmid, flags));
}

static long list_attachers(int shmid, struct kshm_attacher *list, size_t room)
{
	struct kshm_who arg = {
		.id = shmid,
		.list = (uintptr_t)list,
		.room = room < KSHM_WHO_ROOM_MAX ? (__u32)room :
						   KSHM_WHO_ROOM_MAX,
		.count = ~0U,
	};
	long ret = kshm_ioctl(KSHM_IOC_WHO, &arg);

	return ret ? ret : arg.count;
}

KSHM_EXPORT int kshm_who(int shmid, struct kshm_attacher *list, size_t room)
{
	return kshm_answer("who", list_attachers(shmid, list, room));
}
