// SPDX-License-Identifier: GPL-2.0-only
/*
 * One registry for each IPC namespace: its birth with the first call from
 * there, and its end.
 *
 * No hook tells that an IPC namespace has ended, and a reference on one would
 * keep it from ending. But each has an mqueue mount of its own, which ends with
 * it: a mark on the mount's root inode hears of that (FS_UNMOUNT). The mark
 * also pins the inode, so that namespace and inode together are a key that
 * nobody else can have meanwhile; the namespace's address alone is soon used
 * again. The first namespace never ends and needs no mark.
 *
 * Who mounts the mqueue of a namespace elsewhere, and keeps that mounted, keeps
 * the event from coming. Such registries are swept out when the next one is
 * made, and when a listing is opened.
 */
#include "kshm.h"

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/proc_ns.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

static struct kshm_registry *first;
static struct fsnotify_group *group;

/* Registries of other namespaces; read under RCU, changed under the mutex. */
static DEFINE_HASHTABLE(registries, 6);
static DEFINE_MUTEX(registries_lock);

/* Marks not yet freed: until then this module may still be called. */
static atomic_t marks = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(marks_gone);

static struct ipc_namespace *first_ns(void)
{
	return init_task.nsproxy->ipc_ns;
}

static struct inode *root_of(struct ipc_namespace *ns)
{
	return d_inode(ns->mq_mnt->mnt_root);
}

/*
 * A namespace that ends lets go of its mount's superblock. Where somebody else
 * has mounted that too, it lives on and no event comes. Wants the registry to
 * be hashed, under the mutex: so long the mark keeps the superblock.
 */
static bool has_ended(const struct kshm_registry *registry)
{
	return !READ_ONCE(registry->root->i_sb->s_fs_info);
}

static struct kshm_registry *find(struct ipc_namespace *ns)
{
	struct kshm_registry *registry;

	hash_for_each_possible_rcu(registries, registry, link,
				   (unsigned long)ns,
				   lockdep_is_held(&registries_lock))
		if (registry->ns == ns && registry->root == root_of(ns))
			return registry;
	return NULL;
}

/* Whoever unhashes a registry puts the mark's first reference. */
static bool unhash(struct kshm_registry *registry)
{
	bool hashed;

	mutex_lock(&registries_lock);
	hashed = hash_hashed(&registry->link);
	hash_del_rcu(&registry->link);
	mutex_unlock(&registries_lock);
	return hashed;
}

static void end_registry(struct kshm_registry *registry)
{
	if (!unhash(registry))
		return;
	kshm_registry_drain(registry);
	kshm_objects_drain(registry);
	fsnotify_destroy_mark(&registry->mark, group);
	fsnotify_put_mark(&registry->mark);
}

static int handle_inode_event(struct fsnotify_mark *mark, u32 mask,
			      struct inode *inode, struct inode *dir,
			      const struct qstr *file_name, u32 cookie)
{
	if (mask & FS_UNMOUNT)
		end_registry(container_of(mark, struct kshm_registry, mark));
	return 0;
}

/* Called when nobody can be in handle_inode_event() for it any more. */
static void free_mark(struct fsnotify_mark *mark)
{
	kshm_registry_put(container_of(mark, struct kshm_registry, mark));
	if (atomic_dec_and_test(&marks))
		wake_up(&marks_gone);
}

static const struct fsnotify_ops mark_ops = {
	.handle_inode_event	= handle_inode_event,
	.free_mark		= free_mark,
};

static int watch(struct kshm_registry *registry)
{
	int err;

	/* The registry's first reference goes to the mark. */
	fsnotify_init_mark(&registry->mark, group);
	registry->mark.mask = FS_UNMOUNT;
	atomic_inc(&marks);
	err = fsnotify_add_inode_mark(&registry->mark, registry->root, 0);
	if (err)
		fsnotify_put_mark(&registry->mark);
	return err;
}

static struct kshm_registry *add_registry(struct ipc_namespace *ns)
{
	struct kshm_registry *registry;
	int err;

	lockdep_assert_held(&registries_lock);

	registry = kshm_registry_new();
	if (!registry)
		return ERR_PTR(-ENOMEM);
	registry->ns = ns;
	registry->root = root_of(ns);
	err = watch(registry);
	if (err)
		return ERR_PTR(err);
	hash_add_rcu(registries, &registry->link, (unsigned long)ns);
	return registry;
}

/* One to be ended, counted; NULL for none. */
static struct kshm_registry *get_one(bool live_ones_too)
{
	struct kshm_registry *registry, *one = NULL;
	int bucket;

	mutex_lock(&registries_lock);
	hash_for_each(registries, bucket, registry, link)
		if (live_ones_too || has_ended(registry))
			one = registry;
	if (one)
		kref_get(&one->ref);
	mutex_unlock(&registries_lock);
	return one;
}

static void end_all(bool live_ones_too)
{
	struct kshm_registry *registry;

	while ((registry = get_one(live_ones_too))) {
		end_registry(registry);
		kshm_registry_put(registry);
	}
}

/**
 * kshm_ns_sweep() - drop registries of namespaces that ended unheard
 *
 * Takes the mutex and, of what it ends, the registry's lock; wants none.
 */
void kshm_ns_sweep(void)
{
	end_all(false);
}

/**
 * kshm_ns_registry() - the registry of the caller's IPC namespace
 *
 * Wants no lock; makes the registry where there is none yet, and may sleep
 * then. The caller is in the namespace, so the registry stays until it leaves.
 *
 * Return: the registry, not counted; -ENOMEM.
 */
struct kshm_registry *kshm_ns_registry(void)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;
	struct kshm_registry *registry;

	if (ns == first_ns())
		return first;

	rcu_read_lock();
	registry = find(ns);
	rcu_read_unlock();
	if (registry)
		return registry;

	/* Before there are more, those go that need not be. */
	kshm_ns_sweep();
	mutex_lock(&registries_lock);
	registry = find(ns);
	if (!registry)
		registry = add_registry(ns);
	mutex_unlock(&registries_lock);
	return registry;
}

/**
 * kshm_ns_get() - keep the caller's IPC namespace
 *
 * Return: the namespace, counted once for the caller.
 */
struct ipc_namespace *kshm_ns_get(void)
{
	return get_ipc_ns(current->nsproxy->ipc_ns);
}

/**
 * kshm_ns_put() - let go of a namespace
 * @ns:		as kshm_ns_get() gave it
 */
void kshm_ns_put(struct ipc_namespace *ns)
{
#ifdef CONFIG_IPC_NS
	/* put_ipc_ns() is not exported; this is what calls it. */
	ns->ns.ops->put(&ns->ns);
#endif
}

/**
 * kshm_ns_limits() - limits of the caller's IPC namespace
 * @limits:	filled
 *
 * The sysctls kernel.shmmax, shmall and shmmni rule kshm too; where the kernel
 * has none, the module's parameters of these names.
 */
void kshm_ns_limits(struct kshm_limits *limits)
{
#ifdef CONFIG_SYSVIPC
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;

	limits->shmmax = ns->shm_ctlmax;
	limits->shmall = ns->shm_ctlall;
	limits->shmmni = ns->shm_ctlmni;
#else
	kshm_default_limits(limits);
#endif
}

/**
 * kshm_ns_init() - make the first namespace's registry
 *
 * Return: 0 or a negative errno.
 */
int kshm_ns_init(void)
{
	group = fsnotify_alloc_group(&mark_ops, 0);
	if (IS_ERR(group))
		return PTR_ERR(group);
	first = kshm_registry_new();
	if (!first) {
		fsnotify_put_group(group);
		return -ENOMEM;
	}
	return 0;
}

/**
 * kshm_ns_exit() - drop all registries
 *
 * There is no segment left in any, and nobody who could make one. A namespace
 * may end at this very moment, so wait until no mark is left.
 */
void kshm_ns_exit(void)
{
	end_all(true);
	wait_event(marks_gone, !atomic_read(&marks));
	/* The one that freed the last mark has come back from us. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(group);
	kshm_registry_put(first);
}
