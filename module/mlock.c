// SPDX-License-Identifier: GPL-2.0-only
/*
 * LOCK and UNLOCK: pages that stay in memory. Twin of shmctl_do_lock() and of
 * what it calls in mm/shmem.c and mm/mlock.c, which modules can't.
 *
 * The charge goes to the same counters of the same user as in-tree's, so that
 * RLIMIT_MEMLOCK limits the sum. A reference on the locker's credentials keeps
 * those counters until the charge is taken back.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/lockdep.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/user_namespace.h>

/* Twin of dec_rlimit_ucounts(). */
static void uncharge(const struct cred *cred, long pages)
{
	struct ucounts *iter;

	for (iter = cred->ucounts; iter; iter = iter->ns->ucounts)
		atomic_long_sub(pages, &iter->rlimit[UCOUNT_RLIMIT_MEMLOCK]);
}

/*
 * The user is charged, and so is the owner of each user namespace around,
 * up to what that one could lock when it made the namespace.
 * Twin of user_shm_lock() and inc_rlimit_ucounts().
 */
static bool charge(const struct cred *cred, long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);
	long sum, all = 0, max = LONG_MAX;
	struct ucounts *iter;
	bool fits = true;

	if (limit != RLIM_INFINITY)
		limit >>= PAGE_SHIFT;
	for (iter = cred->ucounts; iter; iter = iter->ns->ucounts) {
		sum = atomic_long_add_return(pages,
					     &iter->rlimit[UCOUNT_RLIMIT_MEMLOCK]);
		if (iter == cred->ucounts)
			all = sum;
		if (sum < 0 || sum > max ||
		    (iter == cred->ucounts && (unsigned long)sum > limit))
			fits = false;
		max = get_userns_rlimit_max(iter->ns, UCOUNT_RLIMIT_MEMLOCK);
	}
	if (fits || capable(CAP_IPC_LOCK))
		return true;
	uncharge(cred, pages);
	kshm_because(-ENOMEM, KSHM_WHY_MEMLOCK, all, limit);
	return false;
}

static int lock_pages(struct kshm_segment *segment)
{
	struct inode *inode = segment->inode;
	unsigned long size = i_size_read(inode);
	/* While it grows the pages are there before the size is. */
	long pages = max(segment->pages, DIV_ROUND_UP(size, PAGE_SIZE));

	if (segment->locker)
		return 0;
	if (!charge(current_cred(), pages))
		return -ENOMEM;
	segment->locker = get_current_cred();
	segment->locked = pages;
	SHMEM_I(inode)->flags |= VM_LOCKED;
	mapping_set_unevictable(inode->i_mapping);
	return 0;
}

/**
 * kshm_mlock_release() - let pages be swapped again, take the charge back
 * @segment:	the segment, locked or not; its lock is held
 *
 * Pages that were found unevictable in the meantime stay so until somebody
 * looks; see rescue_pages().
 */
void kshm_mlock_release(struct kshm_segment *segment)
{
	struct inode *inode = segment->inode;

	lockdep_assert_held(&segment->lock);

	if (!segment->locker)
		return;
	SHMEM_I(inode)->flags &= ~VM_LOCKED;
	mapping_clear_unevictable(inode->i_mapping);
	uncharge(segment->locker, segment->locked);
	put_cred(segment->locker);
	segment->locker = NULL;
}

/* Twin of shmem_unlock_mapping(); may take long, so no lock is held. */
static void rescue_pages(struct address_space *mapping)
{
	struct folio_batch batch;
	pgoff_t index = 0;

	folio_batch_init(&batch);
	/* Once somebody locks it again there is nothing to rescue. */
	while (!mapping_unevictable(mapping) &&
	       filemap_get_folios(mapping, &index, ~0UL, &batch)) {
		check_move_unevictable_folios(&batch);
		folio_batch_release(&batch);
		cond_resched();
	}
}

static int may_lock(struct kshm_segment *segment, bool unlock)
{
	if (ns_capable(kshm_user_ns(), CAP_IPC_LOCK))
		return 0;
	if (!kshm_is_owner(segment))
		return kshm_because(-EPERM, KSHM_WHY_NOT_OWNER, 0, 0);
	if (unlock || rlimit(RLIMIT_MEMLOCK))
		return 0;
	return kshm_because(-EPERM, KSHM_WHY_MEMLOCK, segment->pages, 0);
}

struct lock_request {
	bool		unlock;
	struct file	*unlocked;
};

static int lock_locked(struct kshm_segment *segment, void *arg)
{
	struct lock_request *req = arg;
	int err;

	err = may_lock(segment, req->unlock);
	if (err)
		return err;
	if (!req->unlock)
		return lock_pages(segment);
	if (segment->locker) {
		kshm_mlock_release(segment);
		req->unlocked = get_file(segment->file);
	}
	return 0;
}

/**
 * kshm_lock() - keep a segment's pages in memory, or let them go
 * @lock:	see there
 *
 * Takes the segment's lock. Twin of shmctl_do_lock().
 *
 * Return: 0 or what struct kshm_lock lists.
 */
int kshm_lock(struct kshm_lock *lock)
{
	struct lock_request req = { .unlock = lock->flags & KSHM_LOCK_UNLOCK };
	int err;

	err = kshm_check_flags(lock->flags, KSHM_LOCK_UNLOCK, 0);
	if (err)
		return err;
	err = kshm_with_id(lock->id, lock_locked, &req);
	if (req.unlocked) {
		rescue_pages(req.unlocked->f_mapping);
		fput(req.unlocked);
	}
	trace_kshm_lock(lock->id, lock->flags, err);
	return err;
}
