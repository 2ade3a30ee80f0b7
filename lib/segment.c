// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that System V does not have: segments with names and lifetimes,
 * attach with the size, grow, descriptors and the list of mappings.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kshm.h>
#include <stdint.h>
#include <string.h>

#include "internal.h"
#include "kshm.h"

#define MODE_BITS	0777
#define NEW_FLAGS	(KSHM_TRANSIENT | KSHM_UNIQUE | KSHM_PREALLOC | KSHM_HUGE)

static __u32 ioctl_flags(int shmflg, int flags, int owner)
{
	/*
	 * The kernel ignores KSHM_GET_CREATED on input. A module that is too old to
	 * return it refuses it, as it should.
	 */
	__u32 result = kshm_get_flags(shmflg) | KSHM_GET_CREATED;

	if (flags & KSHM_TRANSIENT)
		result |= KSHM_GET_TRANSIENT;
	if (flags & KSHM_UNIQUE)
		result |= KSHM_GET_UNIQUE;
	if (flags & KSHM_PREALLOC)
		result |= KSHM_GET_PREALLOC;
	if (flags & KSHM_HUGE)
		result |= KSHM_GET_HUGE;
	if (owner >= 0)
		result |= KSHM_GET_OWNED;
	return result;
}

/* A segment belongs to the open file that its ioctl went through. */
static long ioctl_by_owner(int owner, unsigned long cmd, void *arg)
{
	return owner < 0 ? kshm_ioctl(cmd, arg) :
			   kshm_ioctl_by(owner, cmd, arg);
}

static long get_by_name(int owner, const char *name, struct kshm_get *get)
{
	struct kshm_get_named arg = {
		.name = (uintptr_t)name,
		.name_len = (__u32)strlen(name),
		.flags = get->flags,
		.size = get->size,
		.mode = get->mode,
		.id = -1,
	};
	long ret = ioctl_by_owner(owner, KSHM_IOC_GET_NAMED, &arg);

	get->flags = arg.flags;
	get->id = arg.id;
	return ret;
}

/* Refuse flags that are not passed to the kernel. */
static long check_flags(int flags)
{
	if (flags & ~NEW_FLAGS)
		return kshm_refuse(EINVAL, KSHM_WHY_FLAGS,
				   (unsigned int)(flags & ~NEW_FLAGS),
				   NEW_FLAGS);
	return 0;
}

/* @name: NULL to find the segment by get->key */
static long get_segment(struct kshm_get *get, const char *name, int shmflg,
			int flags, int owner, int *created)
{
	long ret = check_flags(flags);

	if (ret)
		return ret;
	get->flags = ioctl_flags(shmflg, flags, owner);
	get->mode = shmflg & MODE_BITS;
	get->id = -1;
	ret = name ? get_by_name(owner, name, get) :
		     ioctl_by_owner(owner, KSHM_IOC_GET, get);
	if (ret)
		return ret;
	/* @owner is a file whose driver accepts every ioctl. */
	if (get->id < 0)
		return -ENOTTY;
	if (created)
		*created = !!(get->flags & KSHM_GET_CREATED);
	return get->id;
}

KSHM_EXPORT int kshm_segment_get(key_t key, size_t size, int shmflg, int flags,
				 int owner, int *created)
{
	struct kshm_get get = { .key = key, .size = size };

	return kshm_answer("segment_get", get_segment(&get, NULL, shmflg, flags,
						      owner, created));
}

KSHM_EXPORT int kshm_segment_get_named(const char *name, size_t size,
				       int shmflg, int flags, int owner,
				       int *created)
{
	struct kshm_get get = { .size = size };

	/* NULL is an invalid name, as "" is; it must not mean "by key". */
	return kshm_answer("segment_get_named",
			   get_segment(&get, name ? name : "", shmflg, flags,
				       owner, created));
}

KSHM_EXPORT void *kshm_segment_attach(int shmid, const void *shmaddr,
				      int shmflg, size_t *size)
{
	return kshm_attach_segment("segment_attach", shmid, shmaddr, shmflg, size);
}

KSHM_EXPORT int kshm_segment_grow(int shmid, size_t *size,
				  unsigned long long *generation)
{
	struct kshm_grow arg = {
		.id = shmid,
		.size = *size,
		.generation = ~0ULL,
	};
	long ret = kshm_ioctl(KSHM_IOC_GROW, &arg);

	if (ret)
		return kshm_answer("segment_grow", ret);
	*size = arg.size < SIZE_MAX ? (size_t)arg.size : SIZE_MAX;
	if (generation)
		*generation = arg.generation;
	return 0;
}

static long get_fd(int shmid, int flags)
{
	const int known = O_RDWR | O_CLOEXEC;
	struct kshm_fd arg = { .id = shmid, .fd = -1 };
	long ret;

	if (flags & ~known)
		return kshm_refuse(EINVAL, KSHM_WHY_FLAGS,
				   (unsigned int)(flags & ~known), known);
	if (!(flags & O_RDWR))
		arg.flags |= KSHM_FD_RDONLY;
	if (flags & O_CLOEXEC)
		arg.flags |= KSHM_FD_CLOEXEC;
	ret = kshm_ioctl(KSHM_IOC_FD, &arg);
	return ret ? ret : arg.fd;
}

KSHM_EXPORT int kshm_segment_fd(int shmid, int flags)
{
	return kshm_answer("segment_fd", get_fd(shmid, flags));
}

static long list_attachers(int shmid, struct kshm_attacher *list,
			   size_t capacity)
{
	struct kshm_who arg = {
		.id = shmid,
		.list = (uintptr_t)list,
		.room = (__u32)capacity,
		.count = ~0U,
	};
	long ret;

	if (capacity > KSHM_WHO_ROOM_MAX)
		return kshm_refuse(EINVAL, KSHM_WHY_ROOM, capacity,
				   KSHM_WHO_ROOM_MAX);
	ret = kshm_ioctl(KSHM_IOC_WHO, &arg);
	return ret ? ret : (long)arg.count;
}

KSHM_EXPORT int kshm_segment_attachers(int shmid, struct kshm_attacher *list,
				       size_t capacity)
{
	return kshm_answer("segment_attachers",
			   list_attachers(shmid, list, capacity));
}
