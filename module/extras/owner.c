// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owned segments: those that are marked for removal, as by RMID, with the last close
 * of the descriptor that created them. A process that is killed closes its
 * descriptors, too.
 *
 * A descriptor that owns a segment has a list in its private_data. The end of a
 * segment unlinks it from the list. The close of the descriptor takes one segment
 * after the other, and counts it before it releases the lock:
 *
 *	close				end of the segment
 *	-----				------------------
 *	lock
 *	first of the list: count it
 *	unlink it
 *	unlock
 *					lock, not linked, unlock
 *					put: not the last reference
 *	kshm_segment_remove() finds it
 *	dead, and does nothing
 *	put, which frees it
 *
 * selftests/model/owner.pml tries all orders of these steps. Nothing is added during
 * the close, since a command that adds holds the descriptor open.
 */
#include "kshm.h"

#include <linux/list.h>
#include <linux/slab.h>

/* One lock for all lists. It is held for one entry at a time, however long a list is. */
static DEFINE_SPINLOCK(owner_lock);

/* If threads race to allocate the list of a descriptor, the first one wins. */
static struct list_head *owner_list(struct file *owner)
{
	struct list_head *made, *list = READ_ONCE(owner->private_data);

	if (list)
		return list;
	made = kmalloc(sizeof(*made), GFP_KERNEL_ACCOUNT);
	if (!made)
		return NULL;
	INIT_LIST_HEAD(made);
	list = cmpxchg(&owner->private_data, NULL, made);
	if (!list)
		return made;
	kfree(made);
	return list;
}

/**
 * kshm_owner_add() - let a descriptor own a segment
 * @owner:	descriptor of /dev/kshm, held open by the caller
 * @segment:	a segment that is not published yet
 *
 * Context: Takes owner_lock. Sleeps.
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_owner_add(struct file *owner, struct kshm_segment *segment)
{
	struct list_head *list = owner_list(owner);

	if (!list)
		return -ENOMEM;
	spin_lock(&owner_lock);
	list_add(&segment->owned, list);
	spin_unlock(&owner_lock);
	return 0;
}

/**
 * kshm_owner_unlink() - take a segment off the list of the descriptor that owns it
 * @segment:	the segment, in a list or not
 *
 * Context: Takes owner_lock.
 */
void kshm_owner_unlink(struct kshm_segment *segment)
{
	spin_lock(&owner_lock);
	list_del_init(&segment->owned);
	spin_unlock(&owner_lock);
}

/**
 * kshm_owner_take() - unlink the first segment of a descriptor
 * @owner:	descriptor whose last copy is being closed
 *
 * Context: Takes owner_lock.
 *
 * Return: the segment, counted for the caller; NULL for none.
 */
struct kshm_segment *kshm_owner_take(struct file *owner)
{
	struct list_head *list = owner->private_data;
	struct kshm_segment *segment;

	if (!list)
		return NULL;
	spin_lock(&owner_lock);
	segment = list_first_entry_or_null(list, struct kshm_segment, owned);
	if (segment) {
		kref_get(&segment->ref);
		list_del_init(&segment->owned);
	}
	spin_unlock(&owner_lock);
	return segment;
}

/**
 * kshm_owner_free() - free the list of a descriptor
 * @owner:	descriptor whose last copy is being closed; its list is empty
 */
void kshm_owner_free(struct file *owner)
{
	kfree(owner->private_data);
}
