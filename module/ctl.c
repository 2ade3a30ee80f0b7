// SPDX-License-Identifier: GPL-2.0-only
/*
 * INFO, STAT, SET, RMID and LOCK. Twin of ksys_shmctl().
 */
#include "kshm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/shm.h>
#include <linux/timekeeping.h>

#define CTL_FEATURES	(KSHM_FEATURE_LOCK | KSHM_FEATURE_FAULTAROUND |	\
			 KSHM_FEATURE_PREFAULT | KSHM_FEATURE_GROW |	\
			 KSHM_FEATURE_NAMES | KSHM_FEATURE_EXPLAIN |	\
			 KSHM_FEATURE_POSIX | KSHM_FEATURE_LIFETIME |	\
			 KSHM_FEATURE_UNIQUE | KSHM_FEATURE_FD |	\
			 KSHM_FEATURE_WHO)

/**
 * kshm_do_info() - report limits and usage of the caller's IPC namespace
 * @ctx:	the call
 * @info:	see struct kshm_info; filled
 *
 * Context: Takes RCU, and no lock but in kshm_ctx_registry(). Sleeps.
 *
 * Twin of shmctl_ipc_info() and shmctl_shm_info().
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int kshm_do_info(struct kshm_ctx *ctx, struct kshm_info *info)
{
	struct kshm_registry *registry;
	struct kshm_limits limits;
	int err;

	err = kshm_check_flags(ctx, info->flags, KSHM_INFO_USAGE,
			       info->reserved);
	if (err)
		return err;
	registry = kshm_ctx_registry(ctx);
	if (IS_ERR(registry))
		return PTR_ERR(registry);

	kshm_ns_limits(&limits);
	info->abi = KSHM_ABI;
	info->features = CTL_FEATURES;
	if (kshm_guard_works)
		info->features |= KSHM_FEATURE_GUARD;
	if (kshm_huge_works())
		info->features |= KSHM_FEATURE_HUGE;
	if (IS_ENABLED(CONFIG_HUGETLBFS))
		info->features |= KSHM_FEATURE_HUGETLB;
	info->shmmax = limits.shmmax;
	info->shmall = limits.shmall;
	info->shmmni = limits.shmmni;
	info->shmlba = SHMLBA;
	info->used_ids = READ_ONCE(registry->used);
	info->max_index = READ_ONCE(registry->max_index);
	info->tot = 0;
	info->rss = 0;
	info->swp = 0;
	if (info->flags & KSHM_INFO_USAGE) {
		kshm_registry_usage(registry, &info->rss, &info->swp);
		info->tot = READ_ONCE(registry->pages);
	}
	return 0;
}

/* Twin of kernel_to_ipc64_perm(). */
static void ctl_fill_stat(const struct kshm_segment *segment,
			  struct kshm_stat *stat)
{
	struct user_namespace *user_ns = current_user_ns();

	stat->id = segment->id;
	stat->key = segment->key;
	stat->mode = segment->mode;
	stat->uid = from_kuid_munged(user_ns, segment->uid);
	stat->gid = from_kgid_munged(user_ns, segment->gid);
	stat->cuid = from_kuid_munged(user_ns, segment->cuid);
	stat->cgid = from_kgid_munged(user_ns, segment->cgid);
	stat->state = (segment->dest ? KSHM_STATE_DEST : 0) |
		      (segment->locker ? KSHM_STATE_LOCKED : 0) |
		      (segment->huge ? KSHM_STATE_HUGE : 0) |
		      (kshm_hugetlb_has(segment->inode) ? KSHM_STATE_HUGETLB : 0);
	stat->seq = segment->id >> KSHM_INDEX_BITS;
	stat->cpid = pid_vnr(segment->cpid);
	stat->lpid = pid_vnr(segment->lpid);
	stat->segsz = segment->size;
	stat->nattch = segment->nattch;
	stat->atime = segment->atime;
	stat->dtime = segment->dtime;
	stat->ctime = segment->ctime;
	stat->rss = 0;
	stat->swp = 0;
	kshm_backing_usage(segment->inode, &stat->rss, &stat->swp);
}

/**
 * kshm_do_stat() - report the state of a segment
 * @ctx:	the call
 * @stat:	see struct kshm_stat; filled
 *
 * Context: Takes the segment's lock. Sleeps.
 *
 * Twin of shmctl_stat().
 *
 * Return: 0 or an error that struct kshm_stat lists.
 */
int kshm_do_stat(struct kshm_ctx *ctx, struct kshm_stat *stat)
{
	struct kshm_segment *segment;
	int err;

	err = kshm_check_flags(ctx, stat->flags,
			       KSHM_STAT_BY_INDEX | KSHM_STAT_ANY,
			       stat->reserved);
	if (err)
		return err;
	segment = stat->flags & KSHM_STAT_BY_INDEX ?
		  kshm_segment_lock_index(ctx, stat->id) :
		  kshm_segment_lock_id(ctx, stat->id);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	if (!(stat->flags & KSHM_STAT_ANY))
		err = kshm_check_access(ctx, segment, 0444);
	if (!err)
		ctl_fill_stat(segment, stat);
	kshm_segment_unlock(segment);
	return err;
}

/* Twin of ipc_update_perm(). Nothing changes on an error. */
static int ctl_set_locked(struct kshm_ctx *ctx, struct kshm_segment *segment,
			  const struct kshm_set *set)
{
	struct user_namespace *user_ns = current_user_ns();
	kuid_t uid = segment->uid;
	kgid_t gid = segment->gid;

	lockdep_assert_held(&segment->lock);

	if (set->mask & KSHM_SET_UID)
		uid = make_kuid(user_ns, set->uid);
	if (set->mask & KSHM_SET_GID)
		gid = make_kgid(user_ns, set->gid);
	if (!uid_valid(uid))
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_NO_USER, set->uid, 0);
	if (!gid_valid(gid))
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_NO_GROUP, set->gid, 0);

	segment->uid = uid;
	segment->gid = gid;
	if (set->mask & KSHM_SET_MODE)
		segment->mode = set->mode & 0777;
	segment->ctime = ktime_get_real_seconds();
	return 0;
}

/**
 * kshm_do_set() - change owner, group and permissions of a segment
 * @ctx:	the call
 * @set:	see struct kshm_set
 *
 * Context: Takes the segment's lock. Sleeps.
 *
 * Twin of shmctl_down() for IPC_SET.
 *
 * Return: 0 or an error that struct kshm_set lists.
 */
int kshm_do_set(struct kshm_ctx *ctx, const struct kshm_set *set)
{
	struct kshm_segment *segment;
	int err;

	err = kshm_check_flags(ctx, set->mask, KSHM_SET_UID | KSHM_SET_GID |
			       KSHM_SET_MODE, set->reserved);
	if (err)
		return err;
	segment = kshm_segment_lock_control(ctx, set->id);
	err = PTR_ERR_OR_ZERO(segment);
	if (!err) {
		err = ctl_set_locked(ctx, segment, set);
		kshm_segment_unlock(segment);
	}
	trace_kshm_set(ctx, set, err);
	return err;
}

/*
 * Mark the segment, and remove it if it died of that.
 *
 * Return: the segment, to be destroyed without the registry's lock; NULL if it
 * lives on; or an error.
 */
static struct kshm_segment *ctl_rmid_locked(struct kshm_ctx *ctx, int id)
{
	struct kshm_segment *segment;
	bool died;

	lockdep_assert_held(&ctx->registry->lock);

	segment = kshm_segment_lock_control(ctx, id);
	if (IS_ERR(segment))
		return segment;
	died = kshm_segment_mark(segment);
	kshm_segment_unlock(segment);
	if (!died)
		return NULL;
	/* It died by this task, so no other task removes or frees it. */
	kshm_registry_remove(segment);
	return segment;
}

/**
 * kshm_do_rmid() - remove a segment
 * @ctx:	the call
 * @rmid:	see struct kshm_rmid
 *
 * Context: Takes the registry's lock, then the segment's. Sleeps.
 *
 * Twin of shmctl_down() for IPC_RMID.
 *
 * Return: 0 or an error that struct kshm_rmid lists.
 */
int kshm_do_rmid(struct kshm_ctx *ctx, const struct kshm_rmid *rmid)
{
	struct kshm_registry *registry;
	struct kshm_segment *dead;
	int err;

	err = kshm_check_flags(ctx, rmid->flags, 0, 0);
	if (err)
		return err;
	registry = kshm_ctx_registry(ctx);
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	err = mutex_lock_killable(&registry->lock);
	if (err)
		return err;
	dead = ctl_rmid_locked(ctx, rmid->id);
	mutex_unlock(&registry->lock);

	err = PTR_ERR_OR_ZERO(dead);
	if (!IS_ERR_OR_NULL(dead))
		kshm_segment_destroy(dead);
	trace_kshm_rmid(ctx, rmid->id, rmid->flags, err);
	return err;
}

/*
 * Return: the file whose pages were unlocked, counted for the caller; NULL if the
 * segment was not locked.
 */
static struct file *ctl_unlock_pages(struct kshm_segment *segment)
{
	if (!segment->locker)
		return NULL;
	kshm_munlock(segment);
	return get_file(segment->file);
}

/**
 * kshm_do_lock() - keep a segment's pages in memory, or release them
 * @ctx:	the call
 * @lock:	see struct kshm_lock
 *
 * Context: Takes the segment's lock. Sleeps.
 *
 * Twin of shmctl_do_lock().
 *
 * Return: 0 or an error that struct kshm_lock lists.
 */
int kshm_do_lock(struct kshm_ctx *ctx, const struct kshm_lock *lock)
{
	bool unlock = lock->flags & KSHM_LOCK_UNLOCK;
	struct kshm_segment *segment;
	struct file *unlocked = NULL;
	int err;

	err = kshm_check_flags(ctx, lock->flags, KSHM_LOCK_UNLOCK, 0);
	if (err)
		return err;
	segment = kshm_segment_lock_id(ctx, lock->id);
	err = PTR_ERR_OR_ZERO(segment);
	if (!err) {
		err = kshm_check_mlock(ctx, segment, unlock);
		/* Pages of hugetlbfs stay in memory anyway. */
		if (err || kshm_hugetlb_has(segment->inode))
			;
		else if (unlock)
			unlocked = ctl_unlock_pages(segment);
		else
			err = kshm_mlock(ctx, segment);
		kshm_segment_unlock(segment);
	}
	/* Let the pages be evicted again, without the lock, since it can take long. */
	if (unlocked) {
		kshm_munlock_rescue(unlocked->f_mapping);
		fput(unlocked);
	}
	trace_kshm_lock(ctx, lock->id, lock->flags, err);
	return err;
}
