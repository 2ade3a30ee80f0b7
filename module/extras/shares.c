// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fair shares of what runs out: the unique ids of the machine, and the names of
 * objects in an IPC namespace. Each user may take a share of them, and the last of
 * them are a reserve for callers with CAP_SYS_RESOURCE. These are counted, but never
 * refused. In-tree shm has neither shares nor unique ids.
 *
 * The idea is that of the kernel's ucounts, whose functions are not exported: more
 * user namespaces give a user no larger share.
 */
#include "kshm.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/user_namespace.h>

static unsigned int share_percent = 25;
module_param(share_percent, uint, 0644);
MODULE_PARM_DESC(share_percent, "Unique ids, and object names of a namespace, that one user can take");

static unsigned int reserve_percent = 10;
module_param(reserve_percent, uint, 0644);
MODULE_PARM_DESC(reserve_percent, "Unique ids, and object names of a namespace, kept for CAP_SYS_RESOURCE");

/**
 * kshm_shares_init() - nothing is taken yet
 * @shares:	the shares
 */
void kshm_shares_init(struct kshm_shares *shares)
{
	xa_init_flags(&shares->users, XA_FLAGS_ACCOUNT);
	shares->sum = 0;
}

/**
 * kshm_shares_payer() - get the user whose share the caller takes from
 *
 * In a user namespace that an ordinary user made, or that is below such a one, all
 * users pay by the share of that user. Otherwise the number of uids that the user
 * may use there would multiply the share. In a user namespace that the machine's root
 * made, such as a container's, each user pays by the user's own share. The root of a
 * container is an ordinary user here.
 *
 * Return: the user.
 */
kuid_t kshm_shares_payer(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t maker = GLOBAL_ROOT_UID;

	/* The outermost one that root did not make: its maker could make the others. */
	for (; ns != &init_user_ns; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			maker = ns->owner;
	return uid_eq(maker, GLOBAL_ROOT_UID) ? current_euid() : maker;
}

static unsigned int shares_taken_by(struct kshm_shares *shares, kuid_t payer)
{
	void *taken = xa_load(&shares->users, __kuid_val(payer));

	return taken ? xa_to_value(taken) : 0;
}

/* The capability is asked for last, since asking is seen by audit. */
static int shares_check(struct kshm_ctx *ctx, unsigned int taken,
			unsigned int sum, unsigned int all,
			struct user_namespace *user_ns)
{
	u64 share = DIV_ROUND_UP_ULL((u64)all * READ_ONCE(share_percent), 100);
	u64 reserve = div_u64((u64)all * min(READ_ONCE(reserve_percent), 100U),
			      100);

	if ((taken <= share && sum <= all - reserve) ||
	    ns_capable(user_ns, CAP_SYS_RESOURCE))
		return 0;
	if (taken > share)
		return kshm_refuse(ctx, -ENOSPC, KSHM_WHY_SHARE, taken, share);
	return kshm_refuse(ctx, -ENOSPC, KSHM_WHY_RESERVE, sum, all - reserve);
}

/**
 * kshm_shares_take() - let a user take one more
 * @ctx:	the call
 * @shares:	the shares
 * @payer:	the user
 * @all:	how many there are for all users
 * @user_ns:	user namespace in which CAP_SYS_RESOURCE exempts the caller
 *
 * Context: Caller holds the lock that struct kshm_shares names. Sleeps.
 *
 * Return: 0; -ENOSPC above the user's share, or where only the reserve is left;
 * -ENOMEM.
 */
int kshm_shares_take(struct kshm_ctx *ctx, struct kshm_shares *shares,
		     kuid_t payer, unsigned int all,
		     struct user_namespace *user_ns)
{
	unsigned int taken = shares_taken_by(shares, payer) + 1;
	int err;

	err = shares_check(ctx, taken, shares->sum + 1, all, user_ns);
	if (!err)
		err = xa_err(xa_store(&shares->users, __kuid_val(payer),
				      xa_mk_value(taken), GFP_KERNEL_ACCOUNT));
	if (!err)
		shares->sum++;
	return err;
}

/**
 * kshm_shares_give_back() - let a user have one less
 * @shares:	the shares
 * @payer:	user that took it
 *
 * Replacing or erasing an entry needs no memory.
 *
 * Context: Caller holds the lock that struct kshm_shares names.
 */
void kshm_shares_give_back(struct kshm_shares *shares, kuid_t payer)
{
	unsigned int taken = shares_taken_by(shares, payer);

	shares->sum--;
	if (taken > 1)
		xa_store(&shares->users, __kuid_val(payer),
			 xa_mk_value(taken - 1), GFP_KERNEL);
	else
		xa_erase(&shares->users, __kuid_val(payer));
}
