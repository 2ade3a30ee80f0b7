// SPDX-License-Identifier: GPL-2.0-only
/*
 * One segment's life: its pages, how often it is attached, when it ends.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/timekeeping.h>

/*
 * vm.overcommit_memory is not exported, but shows in what it allows: strict
 * accounting refuses to promise all of memory and free swap, the other two
 * policies never do. (Unless overcommit_ratio or overcommit_kbytes allow even
 * that much: then this says no, and SHM_NORESERVE is honoured.)
 */
static bool overcommit_is_strict(void)
{
	loff_t all = (loff_t)(totalram_pages() + get_nr_swap_pages());
	struct file *file;

	file = shmem_file_setup("kshm", all << PAGE_SHIFT, 0);
	if (IS_ERR(file))
		return true;
	fput(file);
	return false;
}

static struct file *backing_file(key_t key, size_t size, bool noreserve)
{
	char name[sizeof("SYSV01234567")];
	struct file *file;

	/* Under strict accounting nothing escapes it. */
	if (noreserve && overcommit_is_strict())
		noreserve = false;
	snprintf(name, sizeof(name), "SYSV%08x", key);
	file = shmem_file_setup(name, size, noreserve ? VM_NORESERVE : 0);

	if (IS_ERR(file))
		return file;
	/* Permissions are the segment's, not those of an inode. */
	file_inode(file)->i_flags |= S_PRIVATE;
	kshm_fd_rule_inode(file_inode(file));
	return file;
}

/*
 * Where there is no memory that is to be an error: without __GFP_RETRY_MAYFAIL
 * somebody would be killed for it, and without __GFP_NOWARN a user could fill
 * the log.
 */
static int make_pages(struct file *file, size_t size)
{
	gfp_t gfp = mapping_gfp_mask(file->f_mapping);
	int err;

	mapping_set_gfp_mask(file->f_mapping,
			     gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	err = vfs_fallocate(file, 0, 0, size);
	mapping_set_gfp_mask(file->f_mapping, gfp);
	return err;
}

static struct kshm_segment *alloc_segment(const char *name)
{
	size_t size = strlen(name) + 1;
	struct kshm_segment *segment;

	segment = kzalloc(struct_size(segment, name, size), GFP_KERNEL_ACCOUNT);
	if (segment)
		memcpy(segment->name, name, size);
	return segment;
}

/**
 * kshm_segment_new() - build a segment
 * @registry:	where it is to be listed
 * @get:	key, size in bytes, mode, flags that are about a new segment; limits
 *		were checked
 * @name:	its name, NULL for none
 *
 * May sleep; wants no lock, so that nobody waits for the memory.
 * Twin of newseg().
 *
 * Return: the segment, counted once for the caller and listed nowhere;
 * -ENOMEM, -ENOSPC (no inode), -EINVAL (larger than a file can be), -EINTR
 * (while pages were made).
 */
struct kshm_segment *kshm_segment_new(struct kshm_registry *registry,
				      const struct kshm_get *get,
				      const char *name)
{
	struct kshm_segment *segment;
	struct file *file;
	int err;

	segment = alloc_segment(name ?: "");
	if (!segment)
		return ERR_PTR(-ENOMEM);
	file = backing_file(get->key, get->size,
			    get->flags & KSHM_GET_NORESERVE);
	err = PTR_ERR_OR_ZERO(file);
	if (err == -EINVAL)
		kshm_because(err, KSHM_WHY_SIZE_FILE, get->size,
			     MAX_LFS_FILESIZE);
	if (!err && get->flags & KSHM_GET_PREALLOC) {
		err = make_pages(file, get->size);
		if (err)
			fput(file);
	}
	if (err) {
		kfree(segment);
		return ERR_PTR(err);
	}
	segment->file = file;
	segment->inode = file_inode(file);

	/* The caller came through a door that pins the module, as we do now. */
	__module_get(THIS_MODULE);
	kref_get(&registry->ref);
	segment->registry = registry;
	kref_init(&segment->ref);
	spin_lock_init(&segment->lock);
	init_waitqueue_head(&segment->watchers);
	segment->name_key = get->key;
	segment->key = get->key;
	segment->size = get->size;
	segment->pages = DIV_ROUND_UP(get->size, PAGE_SIZE);
	segment->lifetime = get->flags & (KSHM_GET_OWNED | KSHM_GET_TRANSIENT |
					  KSHM_GET_UNIQUE);
	INIT_LIST_HEAD(&segment->owned);
	segment->mode = get->mode;
	current_euid_egid(&segment->uid, &segment->gid);
	segment->cuid = segment->uid;
	segment->cgid = segment->gid;
	segment->cpid = get_pid(task_tgid(current));
	segment->ctime = ktime_get_real_seconds();
	return segment;
}

static void segment_release(struct kref *ref)
{
	struct kshm_segment *segment;

	segment = container_of(ref, struct kshm_segment, ref);
	kshm_fd_give_back_inode(segment->inode);
	fput(segment->file);
	put_pid(segment->cpid);
	put_pid(segment->lpid);
	kshm_registry_put(segment->registry);
	kfree_rcu(segment, rcu);
	/* Whoever calls us holds the module by a file, or is waited for. */
	module_put(THIS_MODULE);
}

/**
 * kshm_segment_put() - drop a reference
 * @segment:	the segment; its memory goes with the last one
 */
void kshm_segment_put(struct kshm_segment *segment)
{
	kref_put(&segment->ref, segment_release);
}

/**
 * kshm_segment_drop() - the end of a segment that is listed nowhere
 * @segment:	dead and out of the registry, or never in it. The caller's
 *		reference is dropped.
 *
 * Twin of shm_destroy().
 */
void kshm_segment_drop(struct kshm_segment *segment)
{
	int access;

	if (segment->lifetime & KSHM_GET_OWNED)
		kshm_owner_forget(segment);
	spin_lock(&segment->lock);
	kshm_mlock_release(segment);
	spin_unlock(&segment->lock);

	/* Nobody else looks at these: that takes a segment that is not dead. */
	for (access = 0; access < KSHM_ACCESS_MODES; access++)
		if (segment->idle[access])
			fput(segment->idle[access]);
	/* Who still has a descriptor can't get at the pages any more. */
	if (kshm_fd_was_given(segment))
		shmem_truncate_range(segment->inode, 0, -1);
	kshm_segment_put(segment);
}

/*
 * An attach that failed is not a first one: it leaves no lpid, but for one that
 * found no memory when it was mapped already.
 */
static bool has_served(const struct kshm_segment *segment)
{
	return segment->lifetime & KSHM_GET_TRANSIENT && segment->lpid;
}

/* The one place where a segment dies. */
static bool ends_now(struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->lock);

	if (!segment->nattch && (segment->dest || has_served(segment)))
		segment->dead = true;
	return segment->dead;
}

static void tell_watchers(struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->lock);

	/*
	 * Poll queues itself first and takes the lock then, to look: either it
	 * sees what was changed under the lock, or it is seen here.
	 */
	if (waitqueue_active(&segment->watchers))
		wake_up_poll(&segment->watchers,
			     EPOLLPRI | EPOLLRDHUP | EPOLLHUP);
}

/**
 * kshm_segment_mark() - mark a segment for removal
 * @segment:	alive; its registry's lock and its own are held
 *
 * Twin of do_shm_rmid().
 *
 * Return: whether it is dead now. The caller then removes it from the registry
 * and drops it.
 */
bool kshm_segment_mark(struct kshm_segment *segment)
{
	bool ends;

	kshm_registry_hide(segment);
	segment->dest = true;
	ends = ends_now(segment);
	tell_watchers(segment);
	return ends;
}

static int remove_locked(struct kshm_segment *segment, void *arg)
{
	bool *ends = arg;

	*ends = kshm_segment_mark(segment);
	return 0;
}

/**
 * kshm_segment_remove() - remove a segment, whoever asks
 * @segment:	counted by the caller, dead or alive; takes its registry's lock
 *		and its own
 */
void kshm_segment_remove(struct kshm_segment *segment)
{
	struct kshm_registry *registry = segment->registry;
	bool ends = false;

	mutex_lock(&registry->lock);
	kshm_segment_locked(segment, remove_locked, &ends);
	if (ends)
		kshm_registry_remove(segment);
	mutex_unlock(&registry->lock);
	if (ends)
		kshm_segment_drop(segment);
}

static void set_lpid(struct kshm_segment *segment)
{
	struct pid *pid = task_tgid(current);

	if (segment->lpid == pid)
		return;
	put_pid(segment->lpid);
	segment->lpid = get_pid(pid);
}

/**
 * kshm_segment_open() - count a VMA
 * @segment:	the segment; takes its lock
 *
 * Twin of __shm_open().
 *
 * Return: 0; -EINVAL for a dead one, which only ->mmap can meet: of a descriptor
 * that has outlived it, and from remap_file_pages(), which unmaps what held it
 * alive, and then maps the file again.
 */
int kshm_segment_open(struct kshm_segment *segment)
{
	int err = -EINVAL;

	spin_lock(&segment->lock);
	if (!segment->dead) {
		segment->nattch++;
		segment->atime = ktime_get_real_seconds();
		set_lpid(segment);
		err = 0;
	}
	spin_unlock(&segment->lock);
	return err;
}

/*
 * Whoever ends a segment leaves its lock before it takes the registry's. In
 * between the segment is dead and still listed:
 *
 *	last close			anybody else
 *	----------			------------
 *	lock segment
 *	nattch = 0, dead = true
 *	unlock segment
 *					find by id or index
 *					lock segment, dead: EIDRM
 *	lock registry
 *	remove
 *	unlock registry			(finds nothing: EINVAL)
 *	drop
 *
 * Where it was marked its key or name went then. One that goes with its last
 * detach has it to the end, and whoever wants that for a new one does not wait:
 *
 *	last close			creator with the same key
 *	----------			-------------------------
 *	nattch = 0, dead = true
 *					find by key
 *					lock segment, dead: not found
 *					lock registry
 *					the key is taken, by a dead one:
 *					hide that one's key, add the new one
 *					unlock registry
 *	lock registry
 *	hide key: done already
 *	remove
 *
 * Nobody else ends it: ends_now() was true once, for the one whose count reached
 * 0. The creator only takes the key.
 */
static void uncount(struct kshm_segment *segment, bool detached)
{
	struct kshm_registry *registry = segment->registry;
	bool ends;

	spin_lock(&segment->lock);
	WARN_ON_ONCE(!segment->nattch);
	segment->nattch--;
	if (detached) {
		segment->dtime = ktime_get_real_seconds();
		set_lpid(segment);
	}
	ends = ends_now(segment);
	if (!segment->nattch)
		tell_watchers(segment);
	spin_unlock(&segment->lock);
	if (!ends)
		return;

	mutex_lock(&registry->lock);
	spin_lock(&segment->lock);
	kshm_registry_hide(segment);
	spin_unlock(&segment->lock);
	kshm_registry_remove(segment);
	mutex_unlock(&registry->lock);
	kshm_segment_drop(segment);
}

/**
 * kshm_segment_close() - a VMA is gone
 * @segment:	the segment; takes its lock, and to end it the registry's
 *
 * Twin of __shm_close().
 */
void kshm_segment_close(struct kshm_segment *segment)
{
	uncount(segment, true);
}

/**
 * kshm_segment_unpin() - an attach is done, or has failed
 * @segment:	the segment; locks as in kshm_segment_close()
 *
 * Twin of the end of do_shmat().
 */
void kshm_segment_unpin(struct kshm_segment *segment)
{
	uncount(segment, false);
}

/**
 * kshm_segment_usage() - add up where a segment's pages are
 * @segment:	the segment
 * @rss:	pages in memory are added to it
 * @swp:	pages in swap are added to it
 *
 * Wants RCU since before the segment was found, or a reference, but no lock. A
 * snapshot: pages come and go meanwhile. Twin of shm_add_rss_swap().
 */
void kshm_segment_usage(struct kshm_segment *segment, u64 *rss, u64 *swp)
{
	struct inode *inode = segment->inode;

	*rss += READ_ONCE(inode->i_mapping->nrpages);
	*swp += READ_ONCE(SHMEM_I(inode)->swapped);
}
