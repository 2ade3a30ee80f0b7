// SPDX-License-Identifier: GPL-2.0-only
/*
 * INFO, STAT, SET and RMID. Twin of ksys_shmctl(), but for locking.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/shm.h>
#include <linux/timekeeping.h>

/**
 * kshm_info() - limits and usage of the caller's namespace
 * @info:	see there; filled
 *
 * Wants no lock. Twin of shmctl_ipc_info() and shmctl_shm_info().
 *
 * Return: 0; -EINVAL, -ENOMEM.
 */
int kshm_info(struct kshm_info *info)
{
	struct kshm_registry *registry;
	struct kshm_limits limits;
	int err;

	err = kshm_check_flags(info->flags, KSHM_INFO_USAGE, info->reserved);
	if (err)
		return err;
	registry = kshm_ns_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);

	kshm_ns_limits(&limits);
	info->abi = KSHM_ABI;
	info->features = KSHM_FEATURE_LOCK | KSHM_FEATURE_FAULTAROUND |
			 KSHM_FEATURE_PREFAULT | KSHM_FEATURE_GROW |
			 KSHM_FEATURE_NAMES | KSHM_FEATURE_EXPLAIN |
			 KSHM_FEATURE_POSIX | KSHM_FEATURE_LIFETIME |
			 KSHM_FEATURE_UNIQUE | KSHM_FEATURE_FD |
			 KSHM_FEATURE_WHO;
	if (kshm_guard_works())
		info->features |= KSHM_FEATURE_GUARD;
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

static void fill_stat(struct kshm_segment *segment, struct kshm_stat *stat)
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
		      (segment->locker ? KSHM_STATE_LOCKED : 0);
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
	kshm_segment_usage(segment, &stat->rss, &stat->swp);
}

static int stat_locked(struct kshm_segment *segment, void *arg)
{
	struct kshm_stat *stat = arg;

	if (!(stat->flags & KSHM_STAT_ANY) &&
	    !kshm_may_access(segment, 0444))
		return -EACCES;
	fill_stat(segment, stat);
	return 0;
}

/**
 * kshm_stat() - what there is to know of a segment
 * @stat:	see there; filled
 *
 * Takes the segment's lock. Twin of shmctl_stat().
 *
 * Return: 0 or what struct kshm_stat lists.
 */
int kshm_stat(struct kshm_stat *stat)
{
	struct kshm_registry *registry;
	struct kshm_segment *segment;
	int err;

	err = kshm_check_flags(stat->flags, KSHM_STAT_BY_INDEX | KSHM_STAT_ANY,
			       stat->reserved);
	if (err)
		return err;
	registry = kshm_ns_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);

	rcu_read_lock();
	segment = stat->flags & KSHM_STAT_BY_INDEX ?
		  kshm_registry_find_index(registry, stat->id) :
		  kshm_registry_find_id(registry, stat->id);
	err = kshm_segment_locked(segment, stat_locked, stat);
	rcu_read_unlock();
	return err;
}

/*
 * In-tree a segment that dies is still found by those who look at it or attach
 * it, and they say EIDRM; never by those who change it.
 */
static int set_locked(struct kshm_segment *segment, void *arg)
{
	int err;

	if (!kshm_may_change(segment))
		return -EPERM;
	err = kshm_set_owner(segment, arg);
	if (!err)
		segment->ctime = ktime_get_real_seconds();
	return err;
}

/**
 * kshm_set() - change owner, group and permissions
 * @set:	see there
 *
 * Takes the segment's lock. Twin of shmctl_down() for IPC_SET.
 *
 * Return: 0 or what struct kshm_set lists.
 */
int kshm_set(struct kshm_set *set)
{
	int err;

	err = kshm_check_flags(set->mask, KSHM_SET_UID | KSHM_SET_GID |
			       KSHM_SET_MODE, set->reserved);
	if (err)
		return err;
	err = kshm_with_id(set->id, set_locked, set);
	if (err == -EIDRM)
		err = kshm_because(-EINVAL, KSHM_WHY_REMOVED, set->id, 0);
	trace_kshm_set(set->id, set->mask, err);
	return err;
}

/* Sets what it was given to the segment, where that is dead now. */
static int rmid_locked(struct kshm_segment *segment, void *arg)
{
	struct kshm_segment **ended = arg;

	if (!kshm_may_change(segment))
		return -EPERM;
	if (kshm_segment_mark(segment))
		*ended = segment;
	return 0;
}

/**
 * kshm_rmid() - remove a segment
 * @rmid:	see there
 *
 * Takes the registry's lock and the segment's. Twin of shmctl_down() for
 * IPC_RMID.
 *
 * Return: 0 or what struct kshm_rmid lists; -EINTR.
 */
int kshm_rmid(struct kshm_rmid *rmid)
{
	struct kshm_segment *ended = NULL;
	struct kshm_registry *registry;
	int err;

	err = kshm_check_flags(rmid->flags, 0, 0);
	if (err)
		return err;
	registry = kshm_ns_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	err = mutex_lock_killable(&registry->lock);
	if (err)
		return err;

	rcu_read_lock();
	err = kshm_segment_locked(kshm_registry_find_id(registry, rmid->id),
				  rmid_locked, &ended);
	rcu_read_unlock();
	if (err == -EIDRM)
		err = kshm_because(-EINVAL, KSHM_WHY_REMOVED, rmid->id, 0);
	if (ended)
		kshm_registry_remove(ended);
	mutex_unlock(&registry->lock);

	if (ended)
		kshm_segment_drop(ended);
	trace_kshm_rmid(rmid->id, rmid->flags, err);
	return err;
}
