// SPDX-License-Identifier: GPL-2.0-only
/*
 * One registry per IPC namespace: made by the first call from the namespace, and
 * ended with it. Twin of ipc/namespace.c.
 *
 * Nothing tells a module that an IPC namespace has ended, and a reference would
 * keep the namespace alive. But each namespace has an mqueue mount of its own,
 * whose superblock ends with it, and fsnotify reports that (FS_UNMOUNT) to a mark
 * on the mount's root inode. The mark also pins that inode, so the addresses of
 * namespace and inode together identify the namespace as long as we have the
 * mark; the address of a namespace alone is soon reused. The initial namespace
 * never ends, and needs no mark.
 *
 * If the mqueue of a namespace is mounted a second time, its superblock outlives
 * the namespace and no event comes. kshm_ns_sweep() looks for such registries when
 * another one is made and when a listing is opened.
 *
 * A work, in a queue of the module's own, frees the segments and objects of a namespace
 * that has ended. Freeing can take long, and no task has to pay for memory that was not
 * its own: not the one that makes a registry or opens a listing, nor those that wait for
 * fsnotify. Works run one after the other, as in-tree. selftests/model/namespace.pml
 * tries all orders of the beginning and the end.
 *
 * No twin: in-tree, the last reference on a namespace ends its tables. That holds for the
 * functions that name none.
 */
#include "kshm.h"
#include "sysv.h"

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/proc_ns.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static struct kshm_registry *ns_initial_registry;
static struct fsnotify_group *ns_group;
static struct workqueue_struct *ns_queue;

/*
 * Registries of other namespaces. Read under RCU, written under the lock, which is
 * held for one bucket at a time. A system with very many namespaces has some dozens
 * in a bucket.
 */
static DEFINE_HASHTABLE(ns_registries, 10);
static DEFINE_SPINLOCK(ns_registries_lock);

/* Marks that are not freed yet. Until then fsnotify can call this module. */
static atomic_t ns_marks = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(ns_marks_gone);

#ifndef CONFIG_SYSVIPC
static unsigned long shmmax = ULONG_MAX - (1UL << 24);
module_param(shmmax, ulong, 0644);
MODULE_PARM_DESC(shmmax, "Largest segment, bytes");

static unsigned long shmall = ULONG_MAX - (1UL << 24);
module_param(shmall, ulong, 0644);
MODULE_PARM_DESC(shmall, "Largest sum of all segments, pages");

static unsigned int shmmni = 4096;
module_param(shmmni, uint, 0644);
MODULE_PARM_DESC(shmmni, "Largest number of segments");
#endif

static struct ipc_namespace *ns_initial(void)
{
	return init_task.nsproxy->ipc_ns;
}

static struct inode *ns_root(struct ipc_namespace *ns)
{
	return d_inode(ns->mq_mnt->mnt_root);
}

/*
 * A namespace that ends clears s_fs_info of its mqueue superblock. The superblock
 * stays while the registry is hashed and ns_registries_lock is held: an unmount first
 * reports to the mark, and ns_handle_event() waits for the lock.
 */
static bool ns_has_ended(const struct kshm_registry *registry)
{
	lockdep_assert_held(&ns_registries_lock);
	return !READ_ONCE(registry->root->i_sb->s_fs_info);
}

static struct kshm_registry *ns_find(struct ipc_namespace *ns)
{
	struct kshm_registry *registry;

	hash_for_each_possible_rcu(ns_registries, registry, link,
				   (unsigned long)ns,
				   lockdep_is_held(&ns_registries_lock))
		if (registry->ns == ns && registry->root == ns_root(ns))
			return registry;
	return NULL;
}

/* The last reference on the mark drops the mark's reference on the registry. */
static void ns_remove_mark(struct kshm_registry *registry)
{
	/* For a registry that was never hashed. */
	WRITE_ONCE(registry->ended, true);
	fsnotify_destroy_mark(&registry->mark, ns_group);
	/* The reference that the mark was initialized with. */
	fsnotify_put_mark(&registry->mark);
}

/* Free what an ended namespace had. Nothing finds its registry any more. */
static void ns_end_work(struct work_struct *work)
{
	struct kshm_registry *registry;

	registry = container_of(work, struct kshm_registry, end_work);
	kshm_segment_mark_all(registry);
	kshm_objects_unlink_all(registry);
	kshm_mount_put(registry);
	ns_remove_mark(registry);
}

/* Unhash a registry, which happens once, and have its work done. */
static void ns_end_registry(struct kshm_registry *registry)
{
	lockdep_assert_held(&ns_registries_lock);
	WRITE_ONCE(registry->ended, true);
	hash_del_rcu(&registry->link);
	queue_work(ns_queue, &registry->end_work);
}

static int ns_handle_event(struct fsnotify_mark *mark, u32 mask,
			   struct inode *inode, struct inode *dir,
			   const struct qstr *file_name, u32 cookie)
{
	struct kshm_registry *registry;

	registry = container_of(mark, struct kshm_registry, mark);
	if (!(mask & FS_UNMOUNT))
		return 0;
	spin_lock(&ns_registries_lock);
	if (hash_hashed(&registry->link))
		ns_end_registry(registry);
	spin_unlock(&ns_registries_lock);
	return 0;
}

/* Called after the last ns_handle_event() of the mark has returned. */
static void ns_free_mark(struct fsnotify_mark *mark)
{
	kshm_registry_put(container_of(mark, struct kshm_registry, mark));
	if (atomic_dec_and_test(&ns_marks))
		wake_up(&ns_marks_gone);
}

static const struct fsnotify_ops ns_mark_ops = {
	.handle_inode_event	= ns_handle_event,
	.free_mark		= ns_free_mark,
};

/* The caller's reference on the registry goes to the mark, also on an error. */
static int ns_add_mark(struct kshm_registry *registry)
{
	int err;

	fsnotify_init_mark(&registry->mark, ns_group);
	registry->mark.mask = FS_UNMOUNT;
	atomic_inc(&ns_marks);
	err = fsnotify_add_inode_mark(&registry->mark, registry->root, 0);
	if (err)
		fsnotify_put_mark(&registry->mark);
	return err;
}

/*
 * Everything that takes long is done before the lock is taken. If another task adds a
 * registry for the namespace meanwhile, that one is used.
 *
 * Twin of shm_init_ns().
 */
static struct kshm_registry *ns_add_registry(struct ipc_namespace *ns)
{
	struct kshm_registry *registry, *other;
	int err;

	registry = kshm_registry_new();
	if (!registry)
		return ERR_PTR(-ENOMEM);
	registry->ns = ns;
	registry->root = ns_root(ns);
	INIT_WORK(&registry->end_work, ns_end_work);
	err = ns_add_mark(registry);
	if (err)
		return ERR_PTR(err);

	spin_lock(&ns_registries_lock);
	other = ns_find(ns);
	if (!other)
		hash_add_rcu(ns_registries, &registry->link, (unsigned long)ns);
	spin_unlock(&ns_registries_lock);
	if (!other)
		return registry;
	ns_remove_mark(registry);
	return other;
}

static void ns_end_bucket(struct hlist_head *bucket, bool also_living)
{
	struct kshm_registry *registry;
	struct hlist_node *next;

	spin_lock(&ns_registries_lock);
	hlist_for_each_entry_safe(registry, next, bucket, link)
		if (also_living || ns_has_ended(registry))
			ns_end_registry(registry);
	spin_unlock(&ns_registries_lock);
}

static void ns_end_registries(bool also_living)
{
	int i;

	for (i = 0; i < HASH_SIZE(ns_registries); i++)
		if (!hlist_empty(&ns_registries[i]))
			ns_end_bucket(&ns_registries[i], also_living);
}

static void ns_sweep(struct work_struct *unused)
{
	ns_end_registries(false);
}

static DECLARE_WORK(ns_sweep_work, ns_sweep);

/**
 * kshm_ns_sweep() - end registries whose namespace ended without a report
 *
 * They are looked for soon after, by a work.
 *
 * Context: Any.
 */
void kshm_ns_sweep(void)
{
	queue_work(ns_queue, &ns_sweep_work);
}

/* The caller keeps the namespace, and by that the registry. */
static struct kshm_registry *ns_find_kept(struct ipc_namespace *ns)
{
	struct kshm_registry *registry;

	rcu_read_lock();
	registry = ns_find(ns);
	rcu_read_unlock();
	return registry;
}

/* Apart from kshm_ns_registry(), so that each call of that saves no registers. */
static noinline struct kshm_registry *ns_find_or_add(struct ipc_namespace *ns)
{
	struct kshm_registry *registry = ns_find_kept(ns);

	if (registry)
		return registry;

	/* Stale registries must not pile up as others are added. */
	kshm_ns_sweep();
	return ns_add_registry(ns);
}

/**
 * kshm_ns_registry() - get the registry of the caller's IPC namespace
 *
 * Context: Takes RCU. If the namespace has no registry yet, makes one, takes
 * ns_registries_lock to add it, and sleeps.
 *
 * No twin: in-tree, the namespace contains its tables.
 *
 * Return: the registry, not counted; it stays while the caller is in the
 * namespace. -ENOMEM.
 */
struct kshm_registry *kshm_ns_registry(void)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;

	return ns == ns_initial() ? ns_initial_registry : ns_find_or_add(ns);
}

/**
 * kshm_ns_find_registry() - find the registry of a namespace
 * @ns:		the namespace, kept by the caller
 *
 * Context: Takes RCU.
 *
 * No twin: in-tree, the namespace contains its tables.
 *
 * Return: the registry, not counted; it stays while the namespace does. NULL if the
 * namespace has none yet.
 */
struct kshm_registry *kshm_ns_find_registry(struct ipc_namespace *ns)
{
	return ns == ns_initial() ? ns_initial_registry : ns_find_kept(ns);
}

/**
 * kshm_ns_get() - count the caller's IPC namespace
 *
 * No twin: in-tree calls get_ipc_ns() in place.
 *
 * Return: the namespace, for kshm_ns_put().
 */
struct ipc_namespace *kshm_ns_get(void)
{
	return get_ipc_ns(current->nsproxy->ipc_ns);
}

/**
 * kshm_ns_put() - drop a reference on a namespace
 * @ns:		as kshm_ns_get() returned it
 *
 * Context: Sleeps.
 *
 * No twin: in-tree calls put_ipc_ns() in place.
 */
void kshm_ns_put(struct ipc_namespace *ns)
{
#ifdef CONFIG_IPC_NS
	/* put_ipc_ns() is not exported, but this operation calls it. */
	ns->ns.ops->put(&ns->ns);
#endif
}

/**
 * kshm_ns_user_ns() - get the user namespace that owns the caller's IPC namespace
 *
 * Capabilities for segments are checked against it.
 *
 * No twin: in-tree reads the field in place.
 *
 * Return: the user namespace, not counted.
 */
struct user_namespace *kshm_ns_user_ns(void)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;

	/* A kernel with neither System V IPC nor POSIX mqueues has no namespace. */
	return ns ? ns->user_ns : &init_user_ns;
}

/**
 * kshm_ns_limits() - get the limits of the caller's IPC namespace
 * @limits:	filled
 *
 * They are the sysctls kernel.shmmax, shmall and shmmni. A kernel without
 * CONFIG_SYSVIPC has none; there they are the module's parameters of these names.
 *
 * No twin: in-tree reads the fields in place.
 */
void kshm_ns_limits(struct kshm_limits *limits)
{
#ifdef CONFIG_SYSVIPC
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;

	limits->shmmax = ns->shm_ctlmax;
	limits->shmall = ns->shm_ctlall;
	limits->shmmni = ns->shm_ctlmni;
#else
	limits->shmmax = READ_ONCE(shmmax);
	limits->shmall = READ_ONCE(shmall);
	limits->shmmni = READ_ONCE(shmmni);
#endif
}

/**
 * kshm_ns_room() - get how much the limits leave for kshm
 * @ctx:	the call
 * @limits:	filled
 *
 * By kshm_switch.ko a namespace can have segments of both kinds, so what its in-tree
 * segments take is subtracted. The device knows nothing of in-tree segments.
 *
 * No twin: in-tree, all segments are of one kind.
 */
void kshm_ns_room(const struct kshm_ctx *ctx, struct kshm_limits *limits)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	unsigned int used;

	kshm_ns_limits(limits);
	if (!ctx->syscall)
		return;
	used = READ_ONCE(ns->ids[KSHM_SHM_IDS].in_use);
	limits->shmmni -= min(limits->shmmni, used);
	limits->shmall -= min_t(size_t, limits->shmall, READ_ONCE(ns->shm_tot));
}

/**
 * kshm_ns_init() - make the registry of the initial namespace
 *
 * Twin of ipc_ns_init().
 *
 * Return: 0 or a negative errno.
 */
int kshm_ns_init(void)
{
	struct vfsmount *mnt;
	int err = -ENOMEM;

	/*
	 * The group has all marks of kshm. DUPS allows two of them on an inode, since
	 * two tasks can make a registry for the same namespace.
	 */
	ns_group = fsnotify_alloc_group(&ns_mark_ops, FSNOTIFY_GROUP_DUPS);
	if (IS_ERR(ns_group))
		return PTR_ERR(ns_group);
	ns_queue = alloc_ordered_workqueue("kshm", 0);
	if (!ns_queue)
		goto group;
	ns_initial_registry = kshm_registry_new();
	if (!ns_initial_registry)
		goto queue;
	ns_initial_registry->ns = ns_initial();
	/* Made now, so that loading fails if objects_size (extras/mount.c) is wrong. */
	mnt = kshm_mount_get(ns_initial_registry, kshm_huge_wanted(false));
	if (!IS_ERR(mnt))
		return 0;
	err = PTR_ERR(mnt);
	kshm_registry_put(ns_initial_registry);
queue:
	destroy_workqueue(ns_queue);
group:
	fsnotify_put_group(ns_group);
	return err;
}

/**
 * kshm_ns_exit() - end all registries
 *
 * No segment and no object is left, and no caller can make one. But a namespace
 * can end at this very moment. So this ends all registries, and waits until their
 * marks are freed, since until then fsnotify can call ns_handle_event(), which queues a
 * work. Then it waits until the last work has returned.
 *
 * Context: Sleeps.
 *
 * No twin: in-tree shm is never unloaded.
 */
void kshm_ns_exit(void)
{
	ns_end_registries(true);
	wait_event(ns_marks_gone, !atomic_read(&ns_marks));
	/* The last ns_free_mark() may still be on its way back to fsnotify. */
	fsnotify_wait_marks_destroyed();
	destroy_workqueue(ns_queue);
	fsnotify_put_group(ns_group);
	kshm_mount_put(ns_initial_registry);
	kshm_registry_put(ns_initial_registry);
}
