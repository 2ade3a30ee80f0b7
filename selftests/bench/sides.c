// SPDX-License-Identifier: GPL-2.0
/* Segments and attaches that rows make on a side, and kshm without its library. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kshm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

static int device(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/kshm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/dev/kshm: %s", strerror(errno));
	return fd;
}

static int bare_get(key_t key, size_t size, int flags)
{
	struct kshm_get get = {
		.key = key,
		.size = size,
		.mode = flags & 0777,
	};

	if (flags & IPC_CREAT)
		get.flags = KSHM_GET_CREAT;
	return ioctl(device(), KSHM_IOC_GET, &get) ? -1 : get.id;
}

static void *bare_at(int id, const void *addr, int flags)
{
	struct kshm_attach attach = { .id = id, .addr = (uintptr_t)addr };

	return ioctl(device(), KSHM_IOC_ATTACH, &attach) ? (void *)-1 :
		(void *)(uintptr_t)attach.addr;
}

static int bare_dt(const void *addr)
{
	struct kshm_detach detach = { .addr = (uintptr_t)addr };

	return ioctl(device(), KSHM_IOC_DETACH, &detach);
}

static int bare_stat(int id, __u32 flags)
{
	struct kshm_stat stat = { .id = id, .flags = flags };

	return ioctl(device(), KSHM_IOC_STAT, &stat);
}

static int bare_usage(void)
{
	struct kshm_info info = { .flags = KSHM_INFO_USAGE };

	return ioctl(device(), KSHM_IOC_INFO, &info);
}

static int bare_rmid(int id)
{
	struct kshm_rmid rmid = { .id = id };

	return ioctl(device(), KSHM_IOC_RMID, &rmid);
}

/* The answer stays in kshm's own struct. */
static int bare_ctl(int id, int cmd, struct shmid_ds *buf)
{
	switch (cmd) {
	case IPC_STAT:
		return bare_stat(id, 0);
	case SHM_STAT:
		return bare_stat(id, KSHM_STAT_BY_INDEX);
	case SHM_INFO:
		return bare_usage();
	case IPC_RMID:
		return bare_rmid(id);
	default:
		errno = EINVAL;
		return -1;
	}
}

const struct backend bare = {
	.name		= "ioctl",
	.listing	= "/proc/kshm/shm",
	.get		= bare_get,
	.at		= bare_at,
	.dt		= bare_dt,
	.ctl		= bare_ctl,
};

int bare_new_segment(size_t size, unsigned int flags)
{
	struct kshm_get get = {
		.key = IPC_PRIVATE,
		.size = size,
		.mode = 0600,
		.flags = KSHM_GET_CREAT | flags,
	};

	if (ioctl(device(), KSHM_IOC_GET, &get))
		die("kshm makes no segment with flags %#x: %s", flags,
		    strerror(errno));
	return get.id;
}

char *bare_attached(int id, unsigned int flags)
{
	struct kshm_attach attach = { .id = id, .flags = flags };

	if (ioctl(device(), KSHM_IOC_ATTACH, &attach))
		die("kshm does not attach with flags %#x: %s", flags,
		    strerror(errno));
	return (char *)(uintptr_t)attach.addr;
}

int new_segment(struct side *side, size_t size)
{
	int id = side->calls->get(IPC_PRIVATE, size, IPC_CREAT | 0600);

	if (id < 0)
		die("%s makes no segment: %s", side->name, strerror(errno));
	return id;
}

char *attached(struct side *side, int id)
{
	char *addr = side->calls->at(id, NULL, 0);

	if (addr == (char *)-1)
		die("%s does not attach: %s", side->name, strerror(errno));
	return addr;
}

void detached(struct side *side, char *addr)
{
	if (side->calls->dt(addr))
		die("%s does not detach: %s", side->name, strerror(errno));
}

void removed(struct side *side, int id)
{
	if (side->calls->ctl(id, IPC_RMID, NULL))
		die("%s does not remove: %s", side->name, strerror(errno));
}

/* Their keys are 1, 2, and so on. */
void add_segments(struct side *side, int wanted, size_t size)
{
	for (; side->segments < wanted; side->segments++) {
		int id = side->calls->get(side->segments + 1, size,
					  IPC_CREAT | IPC_EXCL | 0600);

		if (id < 0)
			die("%s makes no segment %d: %s", side->name,
			    side->segments, strerror(errno));
		side->ids[side->segments] = id;
	}
}

void remove_segments(struct side *side)
{
	while (side->segments)
		removed(side, side->ids[--side->segments]);
}

/* All of the first segment, or one of each in turn. */
void add_attaches(struct side *side, int wanted, bool same)
{
	for (; side->attaches < wanted; side->attaches++) {
		int i = same ? 0 : side->attaches % side->segments;

		side->addrs[side->attaches] = attached(side, side->ids[i]);
	}
}

void remove_attaches(struct side *side)
{
	while (side->attaches)
		detached(side, side->addrs[--side->attaches]);
}
