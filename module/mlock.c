// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that stay in memory, and their charge. Twin of user_shm_lock() in
 * mm/mlock.c and of shmem_lock() in mm/shmem.c, which are not exported.
 *
 * The charge goes to the same counters of the same user as in-tree's, so
 * RLIMIT_MEMLOCK limits the sum. A reference on the credentials of the process
 * that locked the segment keeps those counters until they are uncharged. The
 * credentials also keep the user namespace of that process. In-tree takes a reference
 * on the counters themselves, which keep it, too.
 */
#include "kshm.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/user_namespace.h>

/* Makes charge and check one step, as shmlock_user_lock does in-tree. */
static DEFINE_SPINLOCK(mlock_charge_lock);

/*
 * Uncharge the user in its user namespace and in each outer one. Twin of
 * dec_rlimit_ucounts().
 */
static void mlock_uncharge(const struct cred *cred, long pages)
{
	struct ucounts *iter;

	for (iter = cred->ucounts; iter; iter = iter->ns->ucounts)
		atomic_long_sub(pages, &iter->rlimit[UCOUNT_RLIMIT_MEMLOCK]);
}

/*
 * Charge the user in its user namespace and in each outer one. The limit in an outer
 * namespace is the RLIMIT_MEMLOCK of the task that created the inner one, at that
 * time.
 *
 * Twin of user_shm_lock() and inc_rlimit_ucounts().
 */
static int mlock_charge(struct kshm_ctx *ctx, const struct cred *cred,
			long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);
	long sum, all = 0, max = LONG_MAX;
	struct ucounts *iter;
	bool fits = true;

	if (limit != RLIM_INFINITY)
		limit >>= PAGE_SHIFT;
	spin_lock(&mlock_charge_lock);
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
	fits = fits || capable(CAP_IPC_LOCK);
	if (!fits)
		mlock_uncharge(cred, pages);
	spin_unlock(&mlock_charge_lock);
	if (fits)
		return 0;
	return kshm_refuse(ctx, -ENOMEM, KSHM_WHY_MEMLOCK, all, limit);
}

/**
 * kshm_mlock() - lock a segment's pages, now and later ones
 * @ctx:	the call
 * @segment:	the segment; nothing happens if it is locked already
 *
 * Context: Caller holds the segment's lock.
 *
 * Twin of shmem_lock().
 *
 * Return: 0; -ENOMEM above RLIMIT_MEMLOCK.
 */
int kshm_mlock(struct kshm_ctx *ctx, struct kshm_segment *segment)
{
	struct inode *inode = segment->inode;
	unsigned long size = i_size_read(inode);
	/*
	 * A GROW in progress raises segment->pages before it sets the inode's size.
	 * And root can have enlarged the file through /proc/PID/map_files.
	 */
	long pages = max(segment->pages, DIV_ROUND_UP(size, PAGE_SIZE));
	int err;

	lockdep_assert_held(&segment->lock);

	if (segment->locker)
		return 0;
	err = mlock_charge(ctx, current_cred(), pages);
	if (err)
		return err;
	segment->locker = get_current_cred();
	segment->locked = pages;
	SHMEM_I(inode)->flags |= SHMEM_F_LOCKED;
	mapping_set_unevictable(inode->i_mapping);
	return 0;
}

/**
 * kshm_munlock() - unlock a segment's pages, and uncharge them
 * @segment:	the segment; nothing happens if it is not locked
 *
 * Pages that the kernel found unevictable in the meantime stay unevictable until
 * kshm_munlock_rescue().
 *
 * Context: Caller holds the segment's lock.
 *
 * Twin of shmem_lock() and user_shm_unlock().
 */
void kshm_munlock(struct kshm_segment *segment)
{
	struct inode *inode = segment->inode;

	lockdep_assert_held(&segment->lock);

	if (!segment->locker)
		return;
	SHMEM_I(inode)->flags &= ~SHMEM_F_LOCKED;
	mapping_clear_unevictable(inode->i_mapping);
	mlock_uncharge(segment->locker, segment->locked);
	put_cred(segment->locker);
	segment->locker = NULL;
}

/**
 * kshm_munlock_rescue() - make unlocked pages evictable again
 * @mapping:	the pages of a file whose segment was unlocked; kept by the caller
 *
 * Stops as soon as the segment is locked again.
 *
 * Context: No lock, since this may take long. Sleeps.
 *
 * Twin of shmem_unlock_mapping().
 */
void kshm_munlock_rescue(struct address_space *mapping)
{
	struct folio_batch batch;
	pgoff_t index = 0;

	folio_batch_init(&batch);
	while (!mapping_unevictable(mapping) &&
	       filemap_get_folios(mapping, &index, ~0UL, &batch)) {
		check_move_unevictable_folios(&batch);
		folio_batch_release(&batch);
		cond_resched();
	}
}
