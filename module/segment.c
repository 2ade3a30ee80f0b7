// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a segment: it is built, counted while it is attached, marked, dies
 * and is destroyed. The steps are listed at the top of kshm.h.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#define SEGMENT_LIFETIME (KSHM_GET_OWNED | KSHM_GET_TRANSIENT | KSHM_GET_UNIQUE)

/*
 * Attach files that a segment keeps for an access mode. The first one of each mode is
 * always kept; of further ones, all segments together keep a limited number, 1 MiB of
 * memory, since each counts against fs.file-max.
 */
#define SEGMENT_POOL_MOST	4
#define SEGMENT_FURTHER_MOST	4096

static atomic_t segment_further = ATOMIC_INIT(0);

/* A file of shmem, whose pages can be swapped out. */
static struct file *segment_new_shmem(struct kshm_ctx *ctx,
				      const struct kshm_get *get)
{
	struct file *file = kshm_backing_new(get->key, get->size, get->flags);

	if (file == ERR_PTR(-EINVAL))
		return ERR_PTR(kshm_refuse(ctx, -EINVAL, KSHM_WHY_SIZE_FILE,
					   get->size, MAX_LFS_FILESIZE));
	if (!IS_ERR(file) && get->flags & KSHM_GET_HUGE)
		kshm_huge_explain(ctx, file, get->size);
	return file;
}

static struct file *segment_new_file(struct kshm_ctx *ctx,
				     const struct kshm_get *get)
{
	bool hugetlb = get->flags & KSHM_GET_HUGETLB;
	struct file *file;
	int err;

	if (hugetlb && !IS_ENABLED(CONFIG_HUGETLBFS))
		return ERR_PTR(kshm_refuse(ctx, -EINVAL, KSHM_WHY_HUGETLB_SIZE,
					   KSHM_GET_HUGETLB_LOG(get->flags), 0));
	file = hugetlb ? kshm_hugetlb_new(ctx, get) : segment_new_shmem(ctx, get);
	if (IS_ERR(file) || !(get->flags & KSHM_GET_PREALLOC))
		return file;
	err = kshm_backing_allocate(file, get->size);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

static struct kshm_segment *segment_alloc(const char *name)
{
	size_t size = strlen(name) + 1, whole;
	struct kshm_segment *segment;

	/* Not struct_size(), since the name begins in the padding that sizeof has. */
	whole = max(sizeof(*segment), offsetof(struct kshm_segment, name) + size);
	segment = kzalloc(whole, GFP_KERNEL_ACCOUNT);
	if (segment)
		memcpy(segment->name, name, size);
	return segment;
}

/* Fill the fields that depend on the command and its caller. */
static void segment_init(struct kshm_segment *segment,
			 const struct kshm_get *get)
{
	kref_init(&segment->ref);
	spin_lock_init(&segment->lock);
	init_waitqueue_head(&segment->watchers);
	INIT_LIST_HEAD(&segment->owned);
	segment->lifetime = get->flags & SEGMENT_LIFETIME;
	segment->huge = kshm_huge_has(segment->inode);
	segment->created_key = get->key;
	segment->key = get->key;
	segment->size = get->size;
	segment->pages = DIV_ROUND_UP(get->size, PAGE_SIZE);
	segment->mode = get->mode;
	current_euid_egid(&segment->uid, &segment->gid);
	segment->cuid = segment->uid;
	segment->cgid = segment->gid;
	segment->payer = kshm_shares_payer();
	segment->cpid = get_pid(task_tgid(current));
	segment->ctime = ktime_get_real_seconds();
}

/**
 * kshm_segment_new() - build a segment
 * @ctx:	the call; ctx->registry is set
 * @get:	key, size in bytes, mode, and flags of a new segment. Limits were
 *		checked
 * @name:	its name, NULL for none
 *
 * Context: No lock, so that no task waits while memory is allocated. The caller pins
 * the module, as the segment does from here on. Sleeps.
 *
 * Twin of newseg().
 *
 * Return: the segment, counted for the caller and not published; -ENOMEM, -ENOSPC
 * (no inode, or no room for the pages), -ENFILE, -EINVAL (larger than a file can be),
 * -EINTR (a signal came while pages were allocated), or what kshm_hugetlb_new() says.
 */
struct kshm_segment *kshm_segment_new(struct kshm_ctx *ctx,
				      const struct kshm_get *get,
				      const char *name)
{
	struct kshm_segment *segment;
	struct file *file;

	segment = segment_alloc(name ?: "");
	if (!segment)
		return ERR_PTR(-ENOMEM);
	file = segment_new_file(ctx, get);
	if (IS_ERR(file)) {
		kfree(segment);
		return ERR_CAST(file);
	}
	segment->file = file;
	segment->inode = file_inode(file);
	__module_get(THIS_MODULE);
	kref_get(&ctx->registry->ref);
	segment->registry = ctx->registry;
	segment_init(segment, get);
	if (ctx->syscall)
		segment->lifetime |= KSHM_FORCIBLE;
	return segment;
}

/* Twin of shm_rcu_free(). */
static void segment_free(struct kref *ref)
{
	struct kshm_segment *segment;

	segment = container_of(ref, struct kshm_segment, ref);
	kshm_backing_release(segment->inode);
	fput(segment->file);
	put_pid(segment->cpid);
	put_pid(segment->lpid);
	kshm_registry_put(segment->registry);
	kfree_rcu(segment, rcu);
	/*
	 * The caller's code stays: it has a file that pins the module; or it is a
	 * work, and module exit waits for all works; or it is module init.
	 */
	module_put(THIS_MODULE);
}

/**
 * kshm_segment_put() - drop a reference
 * @segment:	the segment; the last reference frees it
 *
 * Context: Sleeps.
 *
 * Twin of ipc_rcu_putref().
 */
void kshm_segment_put(struct kshm_segment *segment)
{
	kref_put(&segment->ref, segment_free);
}

/* A segment that is being destroyed lends no file any more. */
static void segment_close_pool(struct file *file)
{
	struct file *next;

	for (; file; file = next) {
		next = kshm_pool_next(file);
		if (next)
			atomic_dec(&segment_further);
		fput(file);
	}
}

/**
 * kshm_segment_destroy() - release what a segment holds, and put it
 * @segment:	dead and removed from the registry, or never published. The caller
 *		gives its reference away
 *
 * Context: Neither the segment's lock nor the registry's. Sleeps.
 *
 * Twin of shm_destroy().
 */
void kshm_segment_destroy(struct kshm_segment *segment)
{
	int access;

	if (segment->lifetime & KSHM_GET_OWNED)
		kshm_owner_unlink(segment);
	if (segment->lifetime & KSHM_FORCIBLE)
		kshm_creator_unlink(segment);
	spin_lock(&segment->lock);
	kshm_munlock(segment);
	spin_unlock(&segment->lock);

	/* If a descriptor is left, the release of a file in a pool frees the pages. */
	for (access = 0; access < KSHM_ACCESS_MODES; access++)
		segment_close_pool(segment->pool[access]);
	kshm_segment_put(segment);
}

/*
 * Has a transient segment been attached? False for any other segment. ->lpid is set
 * since the first attach. An attach that fails does not set it, unless it fails after
 * kshm_attach_file_mmap() has counted its VMA. Any user's attach counts, so a user who
 * may only read can end the segment, but not while the creator has it attached.
 */
static bool segment_transient_is_over(const struct kshm_segment *segment)
{
	return segment->lifetime & KSHM_GET_TRANSIENT && segment->lpid;
}

/* Does kernel.shm_rmid_forced end the segment? */
static bool segment_is_forced(const struct kshm_segment *segment)
{
	return segment->lifetime & KSHM_FORCIBLE &&
	       kshm_registry_is_forced(segment->registry);
}

/*
 * The only place that sets ->dead. Callers come with a segment that is alive, so true
 * means that it died just now, by this task. A segment that is forced to end still has
 * its key, like a transient one.
 *
 * Twin of shm_may_destroy().
 */
static bool segment_dies(struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->lock);

	if (!segment->nattch &&
	    (segment->dest || segment_transient_is_over(segment) ||
	     segment_is_forced(segment)))
		segment->dead = true;
	return segment->dead;
}

static void segment_wake_watchers(struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->lock);

	/* Poll queues itself before it takes the lock; see fd_poll(). */
	if (waitqueue_active(&segment->watchers))
		wake_up_poll(&segment->watchers,
			     EPOLLPRI | EPOLLRDHUP | EPOLLHUP);
}

/**
 * kshm_segment_mark() - mark a segment for removal
 * @segment:	the segment, alive
 *
 * Context: Caller holds the registry's lock and the segment's.
 *
 * Twin of do_shm_rmid().
 *
 * Return: true if the segment died of it. Then the caller has to call
 * kshm_registry_remove() and kshm_segment_destroy().
 */
bool kshm_segment_mark(struct kshm_segment *segment)
{
	bool died;

	kshm_registry_unhash(segment);
	segment->dest = true;
	trace_kshm_mark(segment);
	died = segment_dies(segment);
	segment_wake_watchers(segment);
	return died;
}

/* Mark the segment unless it is dead. Return: true if it died of that. */
static bool segment_mark_if_alive(struct kshm_segment *segment)
{
	bool died;

	spin_lock(&segment->lock);
	died = !segment->dead && kshm_segment_mark(segment);
	spin_unlock(&segment->lock);
	return died;
}

/**
 * kshm_segment_remove() - remove a segment without asking for permission
 * @segment:	the segment, counted by the caller, dead or alive
 *
 * Context: Takes the registry's lock, then the segment's. Sleeps.
 *
 * No twin: in-tree, exit_shm() does it in place.
 */
void kshm_segment_remove(struct kshm_segment *segment)
{
	struct kshm_registry *registry = segment->registry;
	bool died;

	mutex_lock(&registry->lock);
	died = segment_mark_if_alive(segment);
	if (died)
		kshm_registry_remove(segment);
	mutex_unlock(&registry->lock);
	if (died)
		kshm_segment_destroy(segment);
}

/* End the segment unless it is attached. Return: true if it died of that. */
static bool segment_reap_if_alive(struct kshm_segment *segment)
{
	bool died;

	spin_lock(&segment->lock);
	died = !segment->dead && segment_dies(segment);
	if (died) {
		kshm_registry_unhash(segment);
		segment_wake_watchers(segment);
	}
	spin_unlock(&segment->lock);
	return died;
}

/**
 * kshm_segment_reap() - end a segment if kernel.shm_rmid_forced wants that
 * @segment:	the segment, counted by the caller, dead or alive
 *
 * Context: Takes the registry's lock, then the segment's. Sleeps.
 *
 * No twin: in-tree, exit_shm() and shm_try_destroy_orphaned() do it in place.
 */
void kshm_segment_reap(struct kshm_segment *segment)
{
	struct kshm_registry *registry = segment->registry;
	bool died;

	mutex_lock(&registry->lock);
	died = segment_reap_if_alive(segment);
	if (died)
		kshm_registry_remove(segment);
	mutex_unlock(&registry->lock);
	if (died)
		kshm_segment_destroy(segment);
}

/* Return: the first segment from @index on, counted for the caller; NULL for none. */
static struct kshm_segment *segment_get_next(struct kshm_registry *registry,
					     int *index)
{
	struct kshm_segment *segment;

	mutex_lock(&registry->lock);
	segment = kshm_registry_next(registry, index);
	if (segment)
		kref_get(&segment->ref);
	mutex_unlock(&registry->lock);
	return segment;
}

/**
 * kshm_segment_reap_orphans() - end segments whose creators are gone
 * @registry:	the registry; kept by the caller
 *
 * A segment of the device has no creator in this sense.
 *
 * Context: Takes the registry's lock, for one segment at a time. Sleeps.
 *
 * Twin of shm_destroy_orphaned() and shm_try_destroy_orphaned().
 */
void kshm_segment_reap_orphans(struct kshm_registry *registry)
{
	struct kshm_segment *segment;
	int index = 0;

	while ((segment = segment_get_next(registry, &index))) {
		if (kshm_creator_is_gone(segment))
			kshm_segment_reap(segment);
		kshm_segment_put(segment);
		index++;
	}
}

/*
 * Mark the first segment from @index on, and free it if it died of that. Its pages are
 * freed here: this is a kernel thread, and one work closes the files of all kernel
 * threads.
 *
 * Return: true if there was a segment; @index is moved beyond it.
 */
static bool segment_mark_next(struct kshm_registry *registry, int *index)
{
	struct kshm_segment *segment;
	bool died = false;

	mutex_lock(&registry->lock);
	segment = kshm_registry_next(registry, index);
	if (segment)
		died = segment_mark_if_alive(segment);
	if (died)
		kshm_registry_remove(segment);
	mutex_unlock(&registry->lock);
	if (!segment)
		return false;

	++*index;
	if (died) {
		/* Huge pages of hugetlbfs are few, and freeing them is quick. */
		if (!kshm_hugetlb_has(segment->inode))
			kshm_backing_empty(segment->inode);
		kshm_segment_destroy(segment);
	}
	return true;
}

/**
 * kshm_segment_mark_all() - mark all segments of a namespace that has ended
 * @registry:	its registry, which no lookup finds any more
 *
 * Segments without an attach are destroyed here, others with their last detach.
 *
 * Context: A work. Takes the registry's lock, for one segment at a time, since a last
 * detach can wait for it under mmap_lock. Sleeps.
 *
 * Twin of shm_exit_ns(). In-tree, an attach keeps its namespace, so there no
 * segment is left attached.
 */
void kshm_segment_mark_all(struct kshm_registry *registry)
{
	int index = 0;

	while (segment_mark_next(registry, &index))
		;
}

static bool segment_takes_file(const struct kshm_segment *segment,
			       enum kshm_access access)
{
	const struct file *file = segment->pool[access];
	int n = 0;

	lockdep_assert_held(&segment->lock);

	if (segment->dead)
		return false;
	if (!file)
		return true;
	for (; file; file = kshm_pool_next(file))
		n++;
	return n < SEGMENT_POOL_MOST &&
	       atomic_add_unless(&segment_further, 1, SEGMENT_FURTHER_MOST);
}

/**
 * kshm_segment_keep_file() - put a new attach file into a segment's pool
 * @segment:	the segment, counted or pinned by the caller
 * @access:	the file's access mode
 * @file:	the file; the pool takes a reference. Nothing happens if the segment is
 *		dead or its pool is full
 *
 * Context: Takes the segment's lock.
 *
 * No twin: in-tree, an attach makes its file, which ends with it.
 */
void kshm_segment_keep_file(struct kshm_segment *segment,
			    enum kshm_access access, struct file *file)
{
	spin_lock(&segment->lock);
	if (segment_takes_file(segment, access)) {
		file->f_pos = (unsigned long)segment->pool[access];
		WRITE_ONCE(segment->pool[access], get_file(file));
	}
	spin_unlock(&segment->lock);
}

/* Twin of ipc_update_pid(). */
static void segment_set_lpid(struct kshm_segment *segment)
{
	struct pid *pid = task_tgid(current);

	if (segment->lpid == pid)
		return;
	put_pid(segment->lpid);
	segment->lpid = get_pid(pid);
}

/**
 * kshm_segment_open() - count a VMA
 * @segment:	the segment
 *
 * Context: Takes the segment's lock.
 *
 * Twin of __shm_open().
 *
 * Return: 0; -EINVAL for a dead segment. Two callers can meet such a segment: mmap() of a
 * descriptor that outlived its segment, and remap_file_pages(), which first unmaps the
 * VMA that kept the segment alive and then maps the file again.
 */
int kshm_segment_open(struct kshm_segment *segment)
{
	int err = -EINVAL;

	spin_lock(&segment->lock);
	if (!segment->dead) {
		segment->nattch++;
		segment->atime = ktime_get_real_seconds();
		segment_set_lpid(segment);
		err = 0;
	}
	spin_unlock(&segment->lock);
	return err;
}

/*
 * Remove and destroy a segment that died by this task. The task has released the
 * segment's lock before it takes the registry's. In between the segment is dead,
 * but the tables still lead to it:
 *
 *	last close			another task
 *	----------			------------
 *	lock segment
 *	nattch = 0, dead = true
 *	unlock segment
 *					look up by id or index
 *					lock segment, dead: -EIDRM
 *	lock registry
 *	remove
 *	unlock registry			(finds nothing: -EINVAL)
 *	destroy
 *
 * A marked segment has lost its key or name by then. A transient one still has it,
 * and a creator that wants it does not wait:
 *
 *	last close			creator with the same key
 *	----------			-------------------------
 *	nattch = 0, dead = true
 *					look up by key
 *					lock segment, dead: not found
 *					lock registry
 *					publish: the key is taken, but by a
 *					dead segment: unhash that one, and
 *					publish again
 *					unlock registry
 *	lock registry
 *	unhash: done already
 *	remove
 *
 * Only one task ends a segment, the one for which segment_dies() became true. The
 * creator merely takes the key. selftests/model/life.pml tries all orders.
 */
static void segment_end(struct kshm_segment *segment)
{
	struct kshm_registry *registry = segment->registry;

	mutex_lock(&registry->lock);
	spin_lock(&segment->lock);
	kshm_registry_unhash(segment);
	spin_unlock(&segment->lock);
	kshm_registry_remove(segment);
	mutex_unlock(&registry->lock);
	kshm_segment_destroy(segment);
}

static void segment_uncount(struct kshm_segment *segment, bool detached)
{
	bool died;

	spin_lock(&segment->lock);
	WARN_ON_ONCE(!segment->nattch);
	segment->nattch--;
	if (detached) {
		segment->dtime = ktime_get_real_seconds();
		segment_set_lpid(segment);
	}
	died = segment_dies(segment);
	if (!segment->nattch)
		segment_wake_watchers(segment);
	spin_unlock(&segment->lock);
	if (died)
		segment_end(segment);
}

/**
 * kshm_segment_close() - uncount a VMA; the last one may end the segment
 * @segment:	the segment
 *
 * Context: Takes the segment's lock; to end the segment also its registry's.
 * Sleeps.
 *
 * Twin of __shm_close().
 */
void kshm_segment_close(struct kshm_segment *segment)
{
	segment_uncount(segment, true);
}

/**
 * kshm_segment_unpin() - uncount an attach or GROW that was in progress
 * @segment:	the segment
 *
 * Context: As kshm_segment_close().
 *
 * Twin of the end of do_shmat().
 */
void kshm_segment_unpin(struct kshm_segment *segment)
{
	segment_uncount(segment, false);
}
