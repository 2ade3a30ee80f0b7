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
 * the namespace and no event comes. kshm_ns_sweep() ends such registries, before
 * another one is made and when a listing is opened.
 */
#include "kshm.h"

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/proc_ns.h>
#include <linux/sched/task.h>

static struct kshm_registry *ns_initial_registry;
static struct fsnotify_group *ns_group;

/* Registries of other namespaces. Read under RCU, written under the mutex. */
static DEFINE_HASHTABLE(ns_registries, 6);
static DEFINE_MUTEX(ns_registries_lock);

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

/* Return: true for the one caller that unhashed it, who ends the registry. */
static bool ns_unhash(struct kshm_registry *registry)
{
	bool hashed;

	mutex_lock(&ns_registries_lock);
	hashed = hash_hashed(&registry->link);
	hash_del_rcu(&registry->link);
	mutex_unlock(&ns_registries_lock);
	return hashed;
}

static void ns_end_registry(struct kshm_registry *registry)
{
	if (!ns_unhash(registry))
		return;
	kshm_segment_mark_all(registry);
	kshm_objects_unlink_all(registry);
	fsnotify_destroy_mark(&registry->mark, ns_group);
	/* The reference that the mark was initialized with. */
	fsnotify_put_mark(&registry->mark);
}

static int ns_handle_event(struct fsnotify_mark *mark, u32 mask,
			   struct inode *inode, struct inode *dir,
			   const struct qstr *file_name, u32 cookie)
{
	if (mask & FS_UNMOUNT)
		ns_end_registry(container_of(mark, struct kshm_registry, mark));
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

static struct kshm_registry *ns_add_registry(struct ipc_namespace *ns)
{
	struct kshm_registry *registry;
	int err;

	lockdep_assert_held(&ns_registries_lock);

	registry = kshm_registry_new();
	if (!registry)
		return ERR_PTR(-ENOMEM);
	registry->ns = ns;
	registry->root = ns_root(ns);
	err = ns_add_mark(registry);
	if (err)
		return ERR_PTR(err);
	hash_add_rcu(ns_registries, &registry->link, (unsigned long)ns);
	return registry;
}

/* Return: a registry to end, counted for the caller; NULL for none. */
static struct kshm_registry *ns_get_registry(bool also_living)
{
	struct kshm_registry *registry, *found = NULL;
	int bucket;

	mutex_lock(&ns_registries_lock);
	hash_for_each(ns_registries, bucket, registry, link)
		if (also_living || ns_has_ended(registry))
			found = registry;
	if (found)
		kref_get(&found->ref);
	mutex_unlock(&ns_registries_lock);
	return found;
}

static void ns_end_registries(bool also_living)
{
	struct kshm_registry *registry;

	while ((registry = ns_get_registry(also_living))) {
		ns_end_registry(registry);
		kshm_registry_put(registry);
	}
}

/**
 * kshm_ns_sweep() - end the registries of namespaces whose end was not reported
 *
 * Context: Takes ns_registries_lock, and the locks of registries that it ends.
 * Sleeps.
 */
void kshm_ns_sweep(void)
{
	ns_end_registries(false);
}

/**
 * kshm_ns_registry() - get the registry of the caller's IPC namespace
 *
 * Context: Takes RCU. If the namespace has no registry yet, takes
 * ns_registries_lock to make one, and sleeps.
 *
 * Return: the registry, not counted; it stays while the caller is in the
 * namespace. -ENOMEM.
 */
struct kshm_registry *kshm_ns_registry(void)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct kshm_registry *registry;

	if (ns == ns_initial())
		return ns_initial_registry;

	rcu_read_lock();
	registry = ns_find(ns);
	rcu_read_unlock();
	if (registry)
		return registry;

	/* End stale registries before another one is allocated. */
	kshm_ns_sweep();
	mutex_lock(&ns_registries_lock);
	registry = ns_find(ns);
	if (!registry)
		registry = ns_add_registry(ns);
	mutex_unlock(&ns_registries_lock);
	return registry;
}

/**
 * kshm_ns_get() - count the caller's IPC namespace
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
 * kshm_ns_init() - make the registry of the initial namespace
 *
 * Return: 0 or a negative errno.
 */
int kshm_ns_init(void)
{
	ns_group = fsnotify_alloc_group(&ns_mark_ops, 0);
	if (IS_ERR(ns_group))
		return PTR_ERR(ns_group);
	ns_initial_registry = kshm_registry_new();
	if (!ns_initial_registry) {
		fsnotify_put_group(ns_group);
		return -ENOMEM;
	}
	return 0;
}

/**
 * kshm_ns_exit() - end all registries
 *
 * No segment and no object is left, and no caller can make one. But a namespace
 * can end at this very moment, so this waits until fsnotify calls no more.
 *
 * Context: Sleeps.
 */
void kshm_ns_exit(void)
{
	ns_end_registries(true);
	wait_event(ns_marks_gone, !atomic_read(&ns_marks));
	/* The last ns_free_mark() may still be on its way back to fsnotify. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(ns_group);
	kshm_registry_put(ns_initial_registry);
}
