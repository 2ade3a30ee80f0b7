// SPDX-License-Identifier: GPL-2.0-only
/*
 * GROW: make a segment larger. Nothing in the kernel is its twin; ftruncate() of
 * a shared file is the next of kin.
 *
 * The inode's own ->setattr() sets the size, since it knows what that costs in
 * memory, and it wants the inode's lock. Lock order:
 *
 *	inode->i_rwsem -> registry->lock -> segment->lock
 *
 * Writing to a file of tmpfs faults under the first, so it goes before mmap_lock
 * as well, and the other two are let go of before the size is set. Meanwhile the
 * segment is counted as attached, so that it can't end, and its pages are charged
 * to the registry already.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/fcntl.h>
#include <linux/lockdep.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>

static int ask_locked(struct kshm_segment *segment, void *arg)
{
	struct kshm_grow *grow = arg;

	if (!kshm_may_access(segment, 0444))
		return -EACCES;
	grow->size = segment->size;
	grow->generation = segment->generation;
	return 0;
}

static int pin_locked(struct kshm_segment *segment, void *arg)
{
	struct kshm_segment **pinned = arg;

	if (!kshm_may_change(segment))
		return -EPERM;
	segment->nattch++;
	*pinned = segment;
	return 0;
}

/* That it was removed meanwhile is no news to who gave an id. */
static int with_id(int id, int (*body)(struct kshm_segment *segment, void *arg),
		   void *arg)
{
	int err = kshm_with_id(id, body, arg);

	if (err != -EIDRM)
		return err;
	return kshm_because(-EINVAL, KSHM_WHY_REMOVED, id, 0);
}

static int check(const struct kshm_segment *segment, u64 size,
		 const struct kshm_limits *limits)
{
	unsigned long most = rlimit(RLIMIT_FSIZE);

	if (size < segment->size)
		return kshm_because(-EINVAL, KSHM_WHY_SMALLER, size,
				    segment->size);
	if (size > limits->shmmax)
		return kshm_because(-EINVAL, KSHM_WHY_SHMMAX, size,
				    limits->shmmax);
	if (size > MAX_LFS_FILESIZE)
		return kshm_because(-EINVAL, KSHM_WHY_SIZE_FILE, size,
				    MAX_LFS_FILESIZE);
	/* The inode would look at this too, and send a signal. */
	if (size > most)
		return kshm_because(-EFBIG, KSHM_WHY_FILE_LIMIT, size, most);
	return 0;
}

/* Others see the pages at once, and the size when it is there. */
static void set_pages(struct kshm_segment *segment, unsigned long pages)
{
	struct kshm_registry *registry = segment->registry;

	lockdep_assert_held(&registry->lock);
	lockdep_assert_held(&segment->lock);

	WRITE_ONCE(registry->pages, registry->pages + pages - segment->pages);
	segment->pages = pages;
}

static int charge(struct kshm_segment *segment, u64 size,
		  const struct kshm_limits *limits)
{
	unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct kshm_registry *registry = segment->registry;
	int err;

	err = mutex_lock_killable(&registry->lock);
	if (err)
		return err;
	err = kshm_registry_room(registry, pages - segment->pages, limits);
	if (!err) {
		spin_lock(&segment->lock);
		/* Somebody was charged for the size that it had. */
		if (segment->locker)
			err = kshm_because(-EBUSY, KSHM_WHY_LOCKED,
					   segment->locked, 0);
		else
			set_pages(segment, pages);
		spin_unlock(&segment->lock);
	}
	mutex_unlock(&registry->lock);
	return err;
}

static void uncharge(struct kshm_segment *segment)
{
	mutex_lock(&segment->registry->lock);
	spin_lock(&segment->lock);
	set_pages(segment, DIV_ROUND_UP(segment->size, PAGE_SIZE));
	spin_unlock(&segment->lock);
	mutex_unlock(&segment->registry->lock);
}

/* Where a seal keeps all others from that, it is there for our sake. */
static int enlarge_file(struct file *file, loff_t size)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE, .ia_size = size };
	struct inode *inode = file_inode(file);
	struct shmem_inode_info *info = SHMEM_I(inode);
	unsigned int seals = info->seals;
	int err;

	/* Root may have done so through /proc. */
	if (i_size_read(inode) >= size)
		return 0;
	info->seals = seals & ~F_SEAL_GROW;
	err = notify_change(KSHM_IDMAP(file->f_path.mnt), file->f_path.dentry,
			    &attr, NULL);
	info->seals = seals;
	return err;
}

static int enlarge(struct kshm_segment *segment, u64 size)
{
	struct kshm_limits limits;
	int err;

	if (size == segment->size)
		return 0;
	kshm_ns_limits(&limits);
	err = check(segment, size, &limits) ?: charge(segment, size, &limits);
	if (err)
		return err;
	err = enlarge_file(segment->file, size);
	if (err) {
		uncharge(segment);
		return err;
	}
	spin_lock(&segment->lock);
	segment->size = size;
	segment->generation++;
	spin_unlock(&segment->lock);
	trace_kshm_grow(segment->id, segment->name_key, size);
	return 0;
}

/**
 * kshm_grow() - make a segment larger, or tell how large it is
 * @grow:	see there; size and generation are set on success
 *
 * Takes the inode's lock, and in it the registry's and the segment's; while it is
 * under way it counts as an attach.
 *
 * Return: 0 or what struct kshm_grow lists.
 */
int kshm_grow(struct kshm_grow *grow)
{
	struct kshm_segment *segment;
	int err;

	err = kshm_check_flags(grow->flags, 0, 0);
	if (err)
		return err;
	if (!grow->size)
		return with_id(grow->id, ask_locked, grow);
	err = with_id(grow->id, pin_locked, &segment);
	if (err)
		return err;

	inode_lock(segment->inode);
	err = enlarge(segment, grow->size);
	grow->size = segment->size;
	grow->generation = segment->generation;
	inode_unlock(segment->inode);
	kshm_segment_unpin(segment);
	return err;
}
