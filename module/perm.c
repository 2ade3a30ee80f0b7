// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may. Twin of ipcperms() and its kin in ipc/util.c; security modules have
 * no hook that a module could call.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/lockdep.h>
#include <linux/nsproxy.h>
#include <linux/user_namespace.h>

/**
 * kshm_user_ns() - the user namespace that rules the caller's segments
 *
 * Return: the owner of its IPC namespace.
 */
struct user_namespace *kshm_user_ns(void)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;

	return ns ? ns->user_ns : &init_user_ns;
}

/**
 * kshm_may_access() - may the caller use a segment in this way?
 * @segment:	the segment, locked
 * @wanted:	permission bits, in any of the three classes
 *
 * The class is that of the caller, and only that: an owner without a right
 * does not have it as one of the others. Asks for CAP_IPC_OWNER.
 *
 * Return: yes or no.
 */
bool kshm_may_access(struct kshm_segment *segment, umode_t wanted)
{
	umode_t granted = segment->mode;

	lockdep_assert_held(&segment->lock);

	if (kshm_is_owner(segment))
		granted >>= 6;
	else if (in_group_p(segment->cgid) || in_group_p(segment->gid))
		granted >>= 3;

	wanted |= wanted >> 3 | wanted >> 6;
	if (!(wanted & ~granted & 0007) ||
	    ns_capable(kshm_user_ns(), CAP_IPC_OWNER))
		return true;
	kshm_because(-EACCES, KSHM_WHY_ACCESS, wanted & 0007, granted & 0007);
	return false;
}

/**
 * kshm_is_owner() - is the caller owner or creator?
 * @segment:	the segment, locked
 *
 * Return: yes or no.
 */
bool kshm_is_owner(struct kshm_segment *segment)
{
	kuid_t euid = current_euid();

	lockdep_assert_held(&segment->lock);
	return uid_eq(euid, segment->uid) || uid_eq(euid, segment->cuid);
}

/**
 * kshm_may_change() - may the caller change or remove a segment?
 * @segment:	the segment, locked
 *
 * Owner, creator, or CAP_SYS_ADMIN. Twin of ipcctl_obtain_check().
 *
 * Return: yes or no.
 */
bool kshm_may_change(struct kshm_segment *segment)
{
	if (kshm_is_owner(segment) || ns_capable(kshm_user_ns(), CAP_SYS_ADMIN))
		return true;
	kshm_because(-EPERM, KSHM_WHY_NOT_OWNER, 0, 0);
	return false;
}

/**
 * kshm_set_owner() - change owner, group and permissions
 * @segment:	the segment, locked
 * @set:	what to, and which of them
 *
 * Twin of ipc_update_perm().
 *
 * Return: 0; -EINVAL, with nothing changed, where an id has no meaning in the
 * caller's user namespace.
 */
int kshm_set_owner(struct kshm_segment *segment, const struct kshm_set *set)
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
		return kshm_because(-EINVAL, KSHM_WHY_NO_USER, set->uid, 0);
	if (!gid_valid(gid))
		return kshm_because(-EINVAL, KSHM_WHY_NO_GROUP, set->gid, 0);

	segment->uid = uid;
	segment->gid = gid;
	if (set->mask & KSHM_SET_MODE)
		segment->mode = set->mode & 0777;
	return 0;
}
