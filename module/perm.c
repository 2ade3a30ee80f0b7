// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permission checks. Twin of ipcperms() and its callers in ipc/util.c. The shm hooks
 * of security modules are not exported, so none is called.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

static bool perm_is_owner_or_creator(const struct kshm_segment *segment)
{
	kuid_t euid = current_euid();

	lockdep_assert_held(&segment->lock);
	return uid_eq(euid, segment->uid) || uid_eq(euid, segment->cuid);
}

/**
 * kshm_may_control() - may the caller change or remove a segment?
 * @segment:	the segment
 *
 * Owner, creator and CAP_SYS_ADMIN may.
 *
 * Context: Caller holds the segment's lock.
 *
 * No twin: in-tree, only ipcctl_obtain_check() asks this, and in place.
 *
 * Return: true or false.
 */
bool kshm_may_control(const struct kshm_segment *segment)
{
	return perm_is_owner_or_creator(segment) ||
	       ns_capable(kshm_ns_user_ns(), CAP_SYS_ADMIN);
}

/**
 * kshm_check_control() - refuse callers that may not change or remove a segment
 * @ctx:	the call
 * @segment:	the segment
 *
 * Context: Caller holds the segment's lock.
 *
 * Twin of the checks in ipcctl_obtain_check().
 *
 * Return: 0 or -EPERM.
 */
int kshm_check_control(struct kshm_ctx *ctx, const struct kshm_segment *segment)
{
	if (kshm_may_control(segment))
		return 0;
	return kshm_refuse(ctx, -EPERM, KSHM_WHY_NOT_OWNER, 0, 0);
}

static noinline int perm_check_class(struct kshm_ctx *ctx,
				     const struct kshm_segment *segment,
				     umode_t wanted)
{
	umode_t granted = segment->mode;

	if (perm_is_owner_or_creator(segment))
		granted >>= 6;
	else if (in_group_p(segment->cgid) || in_group_p(segment->gid))
		granted >>= 3;

	if (!(wanted & ~granted & 0007) ||
	    ns_capable(kshm_ns_user_ns(), CAP_IPC_OWNER))
		return 0;
	return kshm_refuse(ctx, -EACCES, KSHM_WHY_ACCESS, wanted & 0007,
			   granted & 0007);
}

/**
 * kshm_check_access() - refuse callers without the wanted permission
 * @ctx:	the call
 * @segment:	the segment
 * @wanted:	permission bits, in any of the three classes
 *
 * Only the caller's own class counts: an owner without a right does not get it
 * from the group's bits or the others'. CAP_IPC_OWNER overrides the bits.
 *
 * Context: Caller holds the segment's lock.
 *
 * Twin of ipcperms().
 *
 * Return: 0 or -EACCES.
 */
int kshm_check_access(struct kshm_ctx *ctx, const struct kshm_segment *segment,
		      umode_t wanted)
{
	lockdep_assert_held(&segment->lock);

	wanted |= wanted >> 3 | wanted >> 6;
	/* Most callers own the segment. For them this calls no function. */
	if (perm_is_owner_or_creator(segment) &&
	    !(wanted & ~(segment->mode >> 6) & 0007))
		return 0;
	return perm_check_class(ctx, segment, wanted);
}

/**
 * kshm_check_mlock() - refuse callers that may not lock or unlock pages
 * @ctx:	the call
 * @segment:	the segment
 * @unlock:	the caller wants to unlock
 *
 * Owner, creator and CAP_IPC_LOCK may; to lock, owner and creator also need an
 * RLIMIT_MEMLOCK that is not 0.
 *
 * Context: Caller holds the segment's lock.
 *
 * Twin of the checks in shmctl_do_lock().
 *
 * Return: 0 or -EPERM.
 */
int kshm_check_mlock(struct kshm_ctx *ctx, const struct kshm_segment *segment,
		     bool unlock)
{
	if (ns_capable(kshm_ns_user_ns(), CAP_IPC_LOCK))
		return 0;
	if (!perm_is_owner_or_creator(segment))
		return kshm_refuse(ctx, -EPERM, KSHM_WHY_NOT_OWNER, 0, 0);
	if (unlock || rlimit(RLIMIT_MEMLOCK))
		return 0;
	return kshm_refuse(ctx, -EPERM, KSHM_WHY_MEMLOCK, segment->pages, 0);
}
