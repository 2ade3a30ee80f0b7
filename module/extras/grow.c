// SPDX-License-Identifier: GPL-2.0-only
/*
 * GROW: make a segment larger. The kernel has no twin of it; ftruncate() of a
 * shared file comes closest.
 *
 * The inode's own ->setattr() sets the size, since shmem knows how to account for
 * the memory. It needs the inode's lock. Lock order:
 *
 *	inode->i_rwsem -> registry->lock -> segment->lock
 *
 * write() to a tmpfs file holds i_rwsem while it reads the caller's buffer, and that
 * can fault, which takes mmap_lock. So i_rwsem comes before mmap_lock, too.
 * registry->lock and segment->lock are released before the size is set. Meanwhile
 * the segment counts as attached, so it can't die, and its new pages are charged to
 * the registry already.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/sched/signal.h>

/* Size 0 asks: report the size, and change nothing. */
static int grow_ask(struct kshm_ctx *ctx, struct kshm_grow *grow)
{
	struct kshm_segment *segment = kshm_segment_lock_live(ctx, grow->id);
	int err;

	if (IS_ERR(segment))
		return PTR_ERR(segment);
	err = kshm_check_access(ctx, segment, 0444);
	if (!err) {
		grow->size = segment->size;
		grow->generation = segment->generation;
	}
	kshm_segment_unlock(segment);
	return err;
}

/* Return: the segment, pinned, or an error. */
static struct kshm_segment *grow_pin(struct kshm_ctx *ctx, int id)
{
	struct kshm_segment *segment = kshm_segment_lock_control(ctx, id);

	if (IS_ERR(segment))
		return segment;
	if (kshm_hugetlb_has(segment->inode)) {
		kshm_segment_unlock(segment);
		return ERR_PTR(kshm_refuse(ctx, -EINVAL, KSHM_WHY_HUGETLB, 0, 0));
	}
	segment->nattch++;
	kshm_segment_unlock(segment);
	return segment;
}

static int grow_check(struct kshm_ctx *ctx, const struct kshm_segment *segment,
		      u64 size, const struct kshm_limits *limits)
{
	unsigned long most = rlimit(RLIMIT_FSIZE);

	if (size < segment->size)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_SMALLER, size,
				   segment->size);
	if (size > limits->shmmax)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_SHMMAX, size,
				   limits->shmmax);
	if (size > MAX_LFS_FILESIZE)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_SIZE_FILE, size,
				   MAX_LFS_FILESIZE);
	/* notify_change() would check this limit too, and send SIGXFSZ. */
	if (size > most)
		return kshm_refuse(ctx, -EFBIG, KSHM_WHY_FILE_LIMIT, size, most);
	return 0;
}

/* Others see the new number of pages at once, and the new size later. */
static int grow_charge(struct kshm_ctx *ctx, struct kshm_segment *segment,
		       u64 size, const struct kshm_limits *limits)
{
	unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct kshm_registry *registry = segment->registry;
	int err;

	err = mutex_lock_killable(&registry->lock);
	if (err)
		return err;
	/* Growth within the last page adds no page, so it is allowed even above shmall. */
	if (pages > segment->pages)
		err = kshm_registry_check_shmall(ctx, registry,
						 pages - segment->pages, limits);
	if (!err) {
		spin_lock(&segment->lock);
		/* LOCK has charged its caller for the old size. */
		if (segment->locker)
			err = kshm_refuse(ctx, -EBUSY, KSHM_WHY_LOCKED,
					  segment->locked, 0);
		else
			kshm_registry_set_pages(segment, pages);
		spin_unlock(&segment->lock);
	}
	mutex_unlock(&registry->lock);
	return err;
}

static void grow_uncharge(struct kshm_segment *segment)
{
	mutex_lock(&segment->registry->lock);
	spin_lock(&segment->lock);
	kshm_registry_set_pages(segment, DIV_ROUND_UP(segment->size, PAGE_SIZE));
	spin_unlock(&segment->lock);
	mutex_unlock(&segment->registry->lock);
}

static int grow_locked(struct kshm_ctx *ctx, struct kshm_segment *segment,
		       u64 size)
{
	struct kshm_limits limits;
	int err;

	lockdep_assert_held(&segment->inode->i_rwsem);

	if (size == segment->size)
		return 0;
	kshm_ns_limits(&limits);
	err = grow_check(ctx, segment, size, &limits) ?:
	      grow_charge(ctx, segment, size, &limits);
	if (err)
		return err;
	err = kshm_backing_enlarge(segment->file, size);
	if (err) {
		grow_uncharge(segment);
		return err;
	}
	spin_lock(&segment->lock);
	segment->size = size;
	segment->generation++;
	spin_unlock(&segment->lock);
	trace_kshm_grow(segment);
	return 0;
}

/**
 * kshm_do_grow() - make a segment larger, or report its size
 * @ctx:	the call
 * @grow:	see struct kshm_grow; size and generation are set on success
 *
 * The segment counts as attached while this is in progress.
 *
 * Context: Takes the inode's lock, and under it the registry's and the segment's.
 * Sleeps.
 *
 * Return: 0 or an error that struct kshm_grow lists.
 */
int kshm_do_grow(struct kshm_ctx *ctx, struct kshm_grow *grow)
{
	struct kshm_segment *segment;
	int err;

	err = kshm_check_flags(ctx, grow->flags, 0, 0);
	if (err)
		return err;
	if (!grow->size)
		return grow_ask(ctx, grow);
	segment = grow_pin(ctx, grow->id);
	if (IS_ERR(segment))
		return PTR_ERR(segment);

	inode_lock(segment->inode);
	err = grow_locked(ctx, segment, grow->size);
	if (!err) {
		grow->size = segment->size;
		grow->generation = segment->generation;
	}
	inode_unlock(segment->inode);
	kshm_segment_unpin(segment);
	return err;
}
