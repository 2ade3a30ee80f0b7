// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffer of shmctl(), in its three layouts: that of 64-bit programs, that of 32-bit
 * programs, and the oldest one, of ipc(2) without IPC_64. This file does all copying
 * from and to user space in this module.
 */
#include "switch.h"

#include <linux/compat.h>
#include <linux/highuid.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/* Twin of struct compat_ipc_perm. */
struct copy_old_perm {
	compat_key_t	key;
	__compat_uid_t	uid;
	__compat_gid_t	gid;
	__compat_uid_t	cuid;
	__compat_gid_t	cgid;
	compat_mode_t	mode;
	unsigned short	seq;
};

/* Twin of struct compat_shmid_ds. */
struct copy_old_ds {
	struct copy_old_perm shm_perm;
	int		shm_segsz;
	old_time32_t	shm_atime;
	old_time32_t	shm_dtime;
	old_time32_t	shm_ctime;
	compat_ipc_pid_t shm_cpid;
	compat_ipc_pid_t shm_lpid;
	unsigned short	shm_nattch;
	unsigned short	shm_unused;
	compat_uptr_t	shm_unused2;
	compat_uptr_t	shm_unused3;
};

/* Twin of struct compat_shminfo64. */
struct copy_compat_shminfo {
	compat_ulong_t	shmmax;
	compat_ulong_t	shmmin;
	compat_ulong_t	shmmni;
	compat_ulong_t	shmseg;
	compat_ulong_t	shmall;
	compat_ulong_t	unused[4];
};

/* Twin of struct compat_shm_info. */
struct copy_compat_shm_info {
	compat_int_t	used_ids;
	compat_ulong_t	shm_tot;
	compat_ulong_t	shm_rss;
	compat_ulong_t	shm_swp;
	compat_ulong_t	swap_attempts;
	compat_ulong_t	swap_successes;
};

/*
 * Each of these reads the permissions, which are all that IPC_SET uses. In-tree reads
 * the whole struct of a 64-bit program, and so does the first one.
 */
static int copy_in_native(const struct switch_call *call,
			  struct shmid64_ds *ds)
{
	return copy_from_user(ds, call->buf, sizeof(*ds)) ? -EFAULT : 0;
}

/* Twin of get_compat_ipc64_perm(). */
static int copy_in_compat(const struct switch_call *call,
			  struct shmid64_ds *ds)
{
	struct compat_ipc64_perm perm;

	if (copy_from_user(&perm, call->buf, sizeof(perm)))
		return -EFAULT;
	ds->shm_perm.uid = perm.uid;
	ds->shm_perm.gid = perm.gid;
	ds->shm_perm.mode = perm.mode;
	return 0;
}

/* Twin of get_compat_ipc_perm(). */
static int copy_in_old(const struct switch_call *call, struct shmid64_ds *ds)
{
	struct copy_old_perm perm;

	if (copy_from_user(&perm, call->buf, sizeof(perm)))
		return -EFAULT;
	ds->shm_perm.uid = perm.uid;
	ds->shm_perm.gid = perm.gid;
	ds->shm_perm.mode = perm.mode;
	return 0;
}

/**
 * switch_copy_in() - read what IPC_SET wants
 * @call:	the call
 * @ds:		owner, group and mode are set
 *
 * Context: Sleeps, for as long as a fault takes.
 *
 * Twin of copy_shmid_from_user() and copy_compat_shmid_from_user().
 *
 * Return: 0 or -EFAULT.
 */
int switch_copy_in(const struct switch_call *call, struct shmid64_ds *ds)
{
	if (!call->compat)
		return copy_in_native(call, ds);
	return call->old ? copy_in_old(call, ds) : copy_in_compat(call, ds);
}

/* Inline, since the kernel checks a copy at run time if its size is no constant. */
static __always_inline int copy_out(const struct switch_call *call,
				    const void *from, size_t size)
{
	return copy_to_user(call->buf, from, size) ? -EFAULT : 0;
}

/* Twin of to_compat_ipc64_perm() and copy_compat_shmid_to_user(). */
static int copy_ds_compat(const struct switch_call *call,
			  const struct shmid64_ds *ds)
{
	struct compat_shmid64_ds out = {
		.shm_perm.key	= ds->shm_perm.key,
		.shm_perm.uid	= ds->shm_perm.uid,
		.shm_perm.gid	= ds->shm_perm.gid,
		.shm_perm.cuid	= ds->shm_perm.cuid,
		.shm_perm.cgid	= ds->shm_perm.cgid,
		.shm_perm.mode	= ds->shm_perm.mode,
		.shm_perm.seq	= ds->shm_perm.seq,
		.shm_segsz	= ds->shm_segsz,
		.shm_atime	= lower_32_bits(ds->shm_atime),
		.shm_atime_high	= upper_32_bits(ds->shm_atime),
		.shm_dtime	= lower_32_bits(ds->shm_dtime),
		.shm_dtime_high	= upper_32_bits(ds->shm_dtime),
		.shm_ctime	= lower_32_bits(ds->shm_ctime),
		.shm_ctime_high	= upper_32_bits(ds->shm_ctime),
		.shm_cpid	= ds->shm_cpid,
		.shm_lpid	= ds->shm_lpid,
		.shm_nattch	= ds->shm_nattch,
	};

	return copy_out(call, &out, sizeof(out));
}

/* Twin of to_compat_ipc_perm() and copy_compat_shmid_to_user(). */
static int copy_ds_old(const struct switch_call *call,
		       const struct shmid64_ds *ds)
{
	struct copy_old_ds out = {
		.shm_perm.key	= ds->shm_perm.key,
		.shm_perm.mode	= ds->shm_perm.mode,
		.shm_perm.seq	= ds->shm_perm.seq,
		.shm_segsz	= ds->shm_segsz,
		.shm_atime	= ds->shm_atime,
		.shm_dtime	= ds->shm_dtime,
		.shm_ctime	= ds->shm_ctime,
		.shm_cpid	= ds->shm_cpid,
		.shm_lpid	= ds->shm_lpid,
		.shm_nattch	= ds->shm_nattch,
	};

	/* An id that has more than 16 bits becomes the overflow id. */
	SET_UID(out.shm_perm.uid, ds->shm_perm.uid);
	SET_GID(out.shm_perm.gid, ds->shm_perm.gid);
	SET_UID(out.shm_perm.cuid, ds->shm_perm.cuid);
	SET_GID(out.shm_perm.cgid, ds->shm_perm.cgid);
	return copy_out(call, &out, sizeof(out));
}

/**
 * switch_copy_ds() - answer IPC_STAT, SHM_STAT and SHM_STAT_ANY
 * @call:	the call
 * @ds:		the state of the segment
 *
 * Context: Sleeps, for as long as a fault takes.
 *
 * Twin of copy_shmid_to_user() and copy_compat_shmid_to_user().
 *
 * Return: 0 or -EFAULT.
 */
int switch_copy_ds(const struct switch_call *call, const struct shmid64_ds *ds)
{
	if (!call->compat)
		return copy_out(call, ds, sizeof(*ds));
	return call->old ? copy_ds_old(call, ds) : copy_ds_compat(call, ds);
}

static int copy_shminfo_compat(const struct switch_call *call,
			       const struct shminfo64 *info)
{
	struct copy_compat_shminfo out = {
		.shmmax	= min_t(unsigned long, info->shmmax, INT_MAX),
		.shmmin	= info->shmmin,
		.shmmni	= info->shmmni,
		.shmseg	= info->shmseg,
		.shmall	= info->shmall,
	};

	return copy_out(call, &out, sizeof(out));
}

static int copy_shminfo_old(const struct switch_call *call,
			    const struct shminfo64 *info)
{
	struct shminfo out = {
		.shmmax	= min_t(unsigned long, info->shmmax, INT_MAX),
		.shmmin	= info->shmmin,
		.shmmni	= info->shmmni,
		.shmseg	= info->shmseg,
		.shmall	= info->shmall,
	};

	return copy_out(call, &out, sizeof(out));
}

/**
 * switch_copy_shminfo() - answer IPC_INFO
 * @call:	the call
 * @info:	limits of the namespace
 *
 * Context: Sleeps, for as long as a fault takes.
 *
 * Twin of copy_shminfo_to_user() and copy_compat_shminfo_to_user().
 *
 * Return: 0 or -EFAULT.
 */
int switch_copy_shminfo(const struct switch_call *call,
			const struct shminfo64 *info)
{
	if (!call->compat)
		return copy_out(call, info, sizeof(*info));
	return call->old ? copy_shminfo_old(call, info) :
			   copy_shminfo_compat(call, info);
}

/**
 * switch_copy_shm_info() - answer SHM_INFO
 * @call:	the call
 * @info:	usage of the namespace
 *
 * Context: Sleeps, for as long as a fault takes.
 *
 * Twin of the end of ksys_shmctl() for SHM_INFO, and of put_compat_shm_info().
 *
 * Return: 0 or -EFAULT.
 */
int switch_copy_shm_info(const struct switch_call *call,
			 const struct shm_info *info)
{
	struct copy_compat_shm_info out;

	if (!call->compat)
		return copy_out(call, info, sizeof(*info));
	memset(&out, 0, sizeof(out));
	out.used_ids = info->used_ids;
	out.shm_tot = info->shm_tot;
	out.shm_rss = info->shm_rss;
	out.shm_swp = info->shm_swp;
	return copy_out(call, &out, sizeof(out));
}

/* In-tree has just answered a 32-bit program. */
static int copy_add_compat(const struct switch_call *call,
			   struct shm_info *sum)
{
	struct copy_compat_shm_info in;

	if (copy_from_user(&in, call->buf, sizeof(in)))
		return -EFAULT;
	sum->used_ids += in.used_ids;
	sum->shm_tot += in.shm_tot;
	sum->shm_rss += in.shm_rss;
	sum->shm_swp += in.shm_swp;
	return 0;
}

/**
 * switch_add_shm_info() - add what in-tree shm has answered to SHM_INFO
 * @call:	the call, which the original has just answered
 * @sum:	the answer's numbers are added to these
 *
 * In-tree tells resident and swapped pages of its segments nowhere else.
 *
 * Context: Sleeps, for as long as a fault takes.
 *
 * No twin: in-tree, all segments are of one kind.
 *
 * Return: 0 or -EFAULT.
 */
int switch_add_shm_info(const struct switch_call *call, struct shm_info *sum)
{
	struct shm_info in;

	if (call->compat)
		return copy_add_compat(call, sum);
	if (copy_from_user(&in, call->buf, sizeof(in)))
		return -EFAULT;
	sum->used_ids += in.used_ids;
	sum->shm_tot += in.shm_tot;
	sum->shm_rss += in.shm_rss;
	sum->shm_swp += in.shm_swp;
	return 0;
}

/**
 * switch_put_address() - answer ipc(SHMAT)
 * @to:		where a 32-bit program wants the address
 * @addr:	the address
 *
 * Context: Sleeps, for as long as a fault takes.
 *
 * Twin of the end of compat_ksys_ipc() for SHMAT.
 *
 * Return: 0 or -EFAULT; the attach stays, as in-tree.
 */
long switch_put_address(u32 to, unsigned long addr)
{
	return put_user(addr, (compat_ulong_t __user *)compat_ptr(to));
}
