// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system calls of System V shared memory, with kernel arguments and in-tree's
 * results, and what else kshm_switch.ko needs. Twin of ksys_shmget(), do_shmat(),
 * ksys_shmdt() and ksys_shmctl(). The device has structs and flags of its own, see dev.c;
 * both lead to the same handlers. A handler learns from ctx->syscall that the caller is a
 * system call.
 *
 * shmget() and shmat() ignore flags that they don't know, and the handlers refuse them.
 * So only known flags are passed on.
 */
#include "kshm.h"
#include "sysv.h"

#include <linux/export.h>
#include <linux/nsproxy.h>
#include <linux/rwsem.h>
#include <linux/sched.h>

/* Goes up each time that the switch goes on. */
static unsigned int sysv_times_on;

/* The six bits of @shmflg that say how large a huge page is. */
static u32 sysv_huge_size(int shmflg)
{
	u32 log = (u32)shmflg >> SHM_HUGE_SHIFT & SHM_HUGE_MASK;

	return log << KSHM_GET_HUGETLB_SHIFT;
}

/**
 * kshm_sysv_get() - shmget(2)
 * @key:	key or IPC_PRIVATE
 * @size:	bytes
 * @shmflg:	IPC_*, SHM_* and nine permission bits
 *
 * Context: As kshm_do_get().
 *
 * Twin of ksys_shmget().
 *
 * Return: the id, or an error of shmget(2).
 */
int kshm_sysv_get(key_t key, size_t size, int shmflg)
{
	struct kshm_ctx ctx = { .syscall = true };
	struct kshm_get get = {
		.key	= key,
		.size	= size,
		.mode	= shmflg & 0777,
	};
	int err;

	if (shmflg & IPC_CREAT)
		get.flags |= KSHM_GET_CREAT;
	if (shmflg & IPC_EXCL)
		get.flags |= KSHM_GET_EXCL;
	if (shmflg & SHM_NORESERVE)
		get.flags |= KSHM_GET_NORESERVE;
	/* Without SHM_HUGETLB, the bits for the size of a huge page mean nothing. */
	if (shmflg & SHM_HUGETLB)
		get.flags |= KSHM_GET_HUGETLB | sysv_huge_size(shmflg);
	err = kshm_do_get(&ctx, &get, NULL);
	return err ?: get.id;
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_get, KSHM_SYMBOLS);

/**
 * kshm_sysv_at() - shmat(2)
 * @shmid:	id
 * @addr:	address, or 0
 * @shmflg:	SHM_*
 *
 * Context: As kshm_do_attach().
 *
 * Twin of do_shmat().
 *
 * Return: the address, which can be 0, or an error of shmat(2).
 */
long kshm_sysv_at(int shmid, unsigned long addr, int shmflg)
{
	struct kshm_ctx ctx = { .syscall = true };
	struct kshm_attach attach = { .id = shmid, .addr = addr };
	int err;

	if (shmflg & SHM_RDONLY)
		attach.flags |= KSHM_ATTACH_RDONLY;
	if (shmflg & SHM_RND)
		attach.flags |= KSHM_ATTACH_RND;
	if (shmflg & SHM_REMAP)
		attach.flags |= KSHM_ATTACH_REMAP;
	if (shmflg & SHM_EXEC)
		attach.flags |= KSHM_ATTACH_EXEC;
	err = kshm_do_attach(&ctx, &attach);
	return err ?: (long)attach.addr;
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_at, KSHM_SYMBOLS);

/**
 * kshm_sysv_dt() - shmdt(2)
 * @addr:	address that the attach began at
 *
 * Context: As kshm_do_detach().
 *
 * Twin of ksys_shmdt().
 *
 * Return: 0 or an error of shmdt(2). -EINVAL also if in-tree shm would find a piece of
 * an attach of its own first.
 */
int kshm_sysv_dt(unsigned long addr)
{
	struct kshm_ctx ctx = { .syscall = true };
	struct kshm_detach detach = { .addr = addr };

	return kshm_do_detach(&ctx, &detach);
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_dt, KSHM_SYMBOLS);

/* Twin of kernel_to_ipc64_perm(). */
static void sysv_fill_perm(struct ipc64_perm *perm, const struct kshm_stat *stat)
{
	perm->key = stat->key;
	perm->uid = stat->uid;
	perm->gid = stat->gid;
	perm->cuid = stat->cuid;
	perm->cgid = stat->cgid;
	perm->mode = stat->mode;
	if (stat->state & KSHM_STATE_DEST)
		perm->mode |= KSHM_MODE_DEST;
	if (stat->state & KSHM_STATE_LOCKED)
		perm->mode |= KSHM_MODE_LOCKED;
	perm->seq = stat->seq;
}

/* Twin of the end of shmctl_stat(). */
static void sysv_fill_ds(struct shmid64_ds *ds, const struct kshm_stat *stat)
{
	sysv_fill_perm(&ds->shm_perm, stat);
	ds->shm_segsz = stat->segsz;
	ds->shm_atime = stat->atime;
	ds->shm_dtime = stat->dtime;
	ds->shm_ctime = stat->ctime;
#ifndef CONFIG_64BIT
	ds->shm_atime_high = stat->atime >> 32;
	ds->shm_dtime_high = stat->dtime >> 32;
	ds->shm_ctime_high = stat->ctime >> 32;
#endif
	ds->shm_cpid = stat->cpid;
	ds->shm_lpid = stat->lpid;
	ds->shm_nattch = stat->nattch;
}

/* Twin of shmctl_stat(). */
static int sysv_stat(struct kshm_ctx *ctx, int shmid, u32 flags,
		     struct shmid64_ds *ds)
{
	struct kshm_stat stat = { .id = shmid, .flags = flags };
	int err = kshm_do_stat(ctx, &stat);

	if (err)
		return err;
	sysv_fill_ds(ds, &stat);
	return flags & KSHM_STAT_BY_INDEX ? stat.id : 0;
}

/* Twin of shmctl_down() for IPC_SET. */
static int sysv_set(struct kshm_ctx *ctx, int shmid, const struct shmid64_ds *ds)
{
	struct kshm_set set = {
		.id	= shmid,
		.mask	= KSHM_SET_UID | KSHM_SET_GID | KSHM_SET_MODE,
		.uid	= ds->shm_perm.uid,
		.gid	= ds->shm_perm.gid,
		.mode	= ds->shm_perm.mode & 0777,
	};

	return kshm_do_set(ctx, &set);
}

static int sysv_rmid(struct kshm_ctx *ctx, int shmid)
{
	struct kshm_rmid rmid = { .id = shmid };

	return kshm_do_rmid(ctx, &rmid);
}

static int sysv_lock(struct kshm_ctx *ctx, int shmid, u32 flags)
{
	struct kshm_lock lock = { .id = shmid, .flags = flags };

	return kshm_do_lock(ctx, &lock);
}

static int sysv_highest(const struct kshm_info *info)
{
	return max_t(int, info->max_index, 0);
}

/* Twin of shmctl_ipc_info(). */
static int sysv_ipc_info(struct kshm_ctx *ctx, struct shminfo64 *out)
{
	struct kshm_info info = {};
	int err = kshm_do_info(ctx, &info);

	if (err)
		return err;
	out->shmmax = info.shmmax;
	out->shmmin = 1;
	out->shmmni = info.shmmni;
	out->shmseg = info.shmmni;
	out->shmall = info.shmall;
	return sysv_highest(&info);
}

/* Twin of shmctl_shm_info(). */
static int sysv_shm_info(struct kshm_ctx *ctx, struct shm_info *out)
{
	struct kshm_info info = { .flags = KSHM_INFO_USAGE };
	int err = kshm_do_info(ctx, &info);

	if (err)
		return err;
	out->used_ids = info.used_ids;
	out->shm_tot = info.tot;
	out->shm_rss = info.rss;
	out->shm_swp = info.swp;
	return sysv_highest(&info);
}

/**
 * kshm_sysv_ctl() - shmctl(2), less the copying from and to user memory
 * @shmid:	id, or index for SHM_STAT and SHM_STAT_ANY
 * @cmd:	IPC_* or SHM_*
 * @buf:	read for IPC_SET; holds zeros and is filled for IPC_STAT, SHM_STAT,
 *		SHM_STAT_ANY, IPC_INFO and SHM_INFO
 *
 * Context: As the handlers in ctl.c.
 *
 * Twin of ksys_shmctl().
 *
 * Return: as shmctl(2), or one of its errors.
 */
int kshm_sysv_ctl(int shmid, int cmd, union kshm_sysv_buf *buf)
{
	struct kshm_ctx ctx = { .syscall = true };

	if (cmd < 0 || shmid < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return sysv_ipc_info(&ctx, &buf->shminfo);
	case SHM_INFO:
		return sysv_shm_info(&ctx, &buf->shm_info);
	case IPC_STAT:
		return sysv_stat(&ctx, shmid, 0, &buf->ds);
	case SHM_STAT:
		return sysv_stat(&ctx, shmid, KSHM_STAT_BY_INDEX, &buf->ds);
	case SHM_STAT_ANY:
		return sysv_stat(&ctx, shmid, KSHM_STAT_BY_INDEX | KSHM_STAT_ANY,
				 &buf->ds);
	case IPC_SET:
		return sysv_set(&ctx, shmid, &buf->ds);
	case IPC_RMID:
		return sysv_rmid(&ctx, shmid);
	case SHM_LOCK:
		return sysv_lock(&ctx, shmid, 0);
	case SHM_UNLOCK:
		return sysv_lock(&ctx, shmid, KSHM_LOCK_UNLOCK);
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_ctl, KSHM_SYMBOLS);

/**
 * kshm_sysv_exit_task() - the caller ends, or leaves its IPC namespace by unshare()
 *
 * The segments that it created have no creator any more. Each one that is not attached
 * ends if kernel.shm_rmid_forced is set in the namespace of the segment.
 *
 * Context: Takes the registry's lock, for one segment at a time. Sleeps.
 *
 * Twin of exit_shm().
 */
void kshm_sysv_exit_task(void)
{
	struct kshm_segment *segment;

	while ((segment = kshm_creator_take())) {
		if (kshm_registry_is_forced(segment->registry))
			kshm_segment_reap(segment);
		kshm_segment_put(segment);
	}
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_exit_task, KSHM_SYMBOLS);

/**
 * kshm_sysv_reap_orphans() - kernel.shm_rmid_forced was set
 * @ns:		the namespace, kept by the caller
 *
 * Context: As kshm_segment_reap_orphans().
 *
 * Twin of shm_destroy_orphaned().
 */
void kshm_sysv_reap_orphans(struct ipc_namespace *ns)
{
	struct kshm_registry *registry = kshm_ns_find_registry(ns);

	if (registry)
		kshm_segment_reap_orphans(registry);
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_reap_orphans, KSHM_SYMBOLS);

/**
 * kshm_sysv_exit_ns() - an IPC namespace ends
 *
 * fsnotify reports this, except for a namespace whose mqueue is mounted elsewhere, too.
 * The registry of such a one is looked for now; see ns.c.
 *
 * Context: Any.
 *
 * Twin of shm_exit_ns().
 */
void kshm_sysv_exit_ns(void)
{
	kshm_ns_sweep();
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_exit_ns, KSHM_SYMBOLS);

/**
 * kshm_sysv_begin() - kshm_switch.ko is loaded
 *
 * From now on no new id is one that an in-tree segment of its namespace has.
 *
 * Context: Any.
 *
 * No twin: in-tree has one set of ids in a namespace.
 */
void kshm_sysv_begin(void)
{
	WRITE_ONCE(kshm_beside_intree, true);
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_begin, KSHM_SYMBOLS);

/**
 * kshm_sysv_end() - kshm_switch.ko is unloaded
 *
 * Context: Any.
 *
 * No twin: see kshm_sysv_begin().
 */
void kshm_sysv_end(void)
{
	WRITE_ONCE(kshm_beside_intree, false);
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_end, KSHM_SYMBOLS);

/**
 * kshm_sysv_check_ids() - refuse segments that have an id of in-tree shm
 *
 * From kshm_sysv_begin() on only a segment from before can have such an id. As soon as
 * the system calls are hooked, a new in-tree segment gets no id of kshm's either.
 *
 * Context: Sleeps.
 *
 * No twin: in-tree has one set of ids in a namespace.
 *
 * Return: 0; -EEXIST if a segment has an id that in-tree shm has, or could give out.
 */
int kshm_sysv_check_ids(void)
{
	return kshm_registry_all_disjoint() ? 0 : -EEXIST;
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_check_ids, KSHM_SYMBOLS);

/**
 * kshm_sysv_go_on() - the system calls begin to create segments in kshm
 *
 * Context: The caller has stopped the creation of in-tree segments, but for calls that
 * kshm_sysv_settle() waits for.
 *
 * No twin: in-tree is always on.
 */
void kshm_sysv_go_on(void)
{
	WRITE_ONCE(sysv_times_on, sysv_times_on + 1);
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_go_on, KSHM_SYMBOLS);

/*
 * Wait for in-tree calls that create a segment in the caller's namespace. Otherwise one
 * key could get two segments:
 *
 *	old caller, in-tree		new caller, kshm
 *	-------------------		----------------
 *	shmget(KEY, IPC_CREAT)
 *	sleep: wait for the ids rwsem
 *					KEY is not in-tree
 *					create KEY in kshm
 *	lock the ids rwsem
 *	create KEY in-tree
 *
 * An old caller holds the ids rwsem while it looks the key up and creates, or waits for
 * it. One task does this at a time: two of them would see each other wait, again and
 * again.
 */
static void sysv_wait_for_intree(void)
{
	struct rw_semaphore *rwsem =
		&current->nsproxy->ipc_ns->ids[KSHM_SHM_IDS].rwsem;
	bool waiting;

	do {
		down_write(rwsem);
		waiting = kshm_rwsem_has_waiters(rwsem);
		up_write(rwsem);
		cond_resched();
	} while (waiting);
}

/**
 * kshm_sysv_is_settled() - have the last in-tree creations of the namespace ended?
 *
 * Context: The caller keeps the switch from going on again, so true stays true.
 *
 * No twin: in-tree has one lock for all that create.
 *
 * Return: true if kshm_sysv_settle() has returned 0 in the caller's namespace since the
 * switch went on.
 */
bool kshm_sysv_is_settled(void)
{
	struct kshm_registry *registry;

	registry = kshm_ns_find_registry(current->nsproxy->ipc_ns);
	/* Pairs with the release in kshm_sysv_settle(): the caller sees what was created. */
	return registry && smp_load_acquire(&registry->settled) ==
			   READ_ONCE(sysv_times_on);
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_is_settled, KSHM_SYMBOLS);

/**
 * kshm_sysv_settle() - let the last in-tree creations of the caller's namespace end
 *
 * A call that was in in-tree's shmget() when the switch went on can still create a
 * segment there.
 *
 * So the first shmget() of a namespace after each switching-on waits until no task has
 * or waits for that lock. A task that is on its way to the lock, or spins for it, has not
 * slept in shmget() yet. switch_hook_enable() has waited for those by
 * synchronize_rcu_tasks().
 *
 * Users of the namespace can make this take long. So the caller holds nothing that users
 * of other namespaces wait for, and the switch can go off and on meanwhile.
 *
 * Context: Takes registry->settle_lock and the ids rwsem. Sleeps.
 *
 * No twin: in-tree has one lock for all that create.
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_sysv_settle(void)
{
	struct kshm_registry *registry = kshm_ns_registry();
	unsigned int now;

	if (IS_ERR(registry))
		return PTR_ERR(registry);
	mutex_lock(&registry->settle_lock);
	now = READ_ONCE(sysv_times_on);
	if (registry->settled != now) {
		sysv_wait_for_intree();
		/* Pairs with the acquire in kshm_sysv_is_settled(). */
		smp_store_release(&registry->settled, now);
	}
	mutex_unlock(&registry->settle_lock);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_settle, KSHM_SYMBOLS);

/**
 * kshm_sysv_has_id() - has a segment of kshm in the caller's namespace this id?
 * @id:		id
 *
 * Context: Takes RCU.
 *
 * Twin of ipc_obtain_object_check().
 *
 * Return: true or false.
 */
bool kshm_sysv_has_id(int id)
{
	struct kshm_registry *registry;
	struct kshm_segment *segment;
	bool found = false;

	registry = kshm_ns_find_registry(current->nsproxy->ipc_ns);
	if (!registry)
		return false;
	rcu_read_lock();
	segment = kshm_registry_find_index(registry, id);
	found = segment && segment->id == id;
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_has_id, KSHM_SYMBOLS);

/**
 * kshm_sysv_max_index() - get the highest index of a segment in the caller's namespace
 *
 * Context: Takes RCU.
 *
 * Twin of ipc_get_maxidx().
 *
 * Return: the index; -1 for none.
 */
int kshm_sysv_max_index(void)
{
	struct kshm_registry *registry;

	registry = kshm_ns_find_registry(current->nsproxy->ipc_ns);
	return registry ? READ_ONCE(registry->max_index) : -1;
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_max_index, KSHM_SYMBOLS);

/**
 * kshm_sysv_used() - count the segments of all namespaces
 *
 * Context: Sleeps.
 *
 * No twin: in-tree counts them in each namespace only.
 *
 * Return: the number.
 */
unsigned int kshm_sysv_used(void)
{
	return kshm_registry_all_used();
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_used, KSHM_SYMBOLS);

/**
 * kshm_sysv_list() - list the segments of all namespaces as text
 * @buf:	for the lines
 * @size:	bytes of @buf, not 0; what does not fit is left out
 *
 * Context: Sleeps.
 *
 * No twin: in-tree, a listing shows one namespace.
 *
 * Return: bytes written, without the 0 at the end.
 */
size_t kshm_sysv_list(char *buf, size_t size)
{
	return kshm_registry_all_list(buf, size);
}
EXPORT_SYMBOL_NS_GPL(kshm_sysv_list, KSHM_SYMBOLS);
