// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments that go with a descriptor of the device: with the last copy of it,
 * so when its process ends too, however it ends.
 *
 * A descriptor that owns a segment has a list of its own. Who ends a segment
 * takes it off; who closes the descriptor takes what is left, one after the
 * other, and counts it before the lock is let go:
 *
 *	close				end of the segment
 *	-----				------------------
 *	lock
 *	first of the list: count it
 *	take it off
 *	unlock
 *					lock, not listed, unlock
 *					put: not the last
 *	remove: dead already
 *	put, and it is freed
 *
 * Nothing is added while the descriptor is closed: what adds is a command, and
 * that holds the descriptor.
 */
#include "kshm.h"

#include <linux/list.h>
#include <linux/slab.h>

/* For all lists: they are short, and it is held for a few steps only. */
static DEFINE_SPINLOCK(owned_lock);

/* Of threads that share a descriptor one makes its list. */
static struct list_head *list_of(struct file *owner)
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
 * kshm_owner_add() - let a segment go with a descriptor
 * @owner:	descriptor of the device; the caller holds it
 * @segment:	seen by nobody yet
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_owner_add(struct file *owner, struct kshm_segment *segment)
{
	struct list_head *list = list_of(owner);

	if (!list)
		return -ENOMEM;
	spin_lock(&owned_lock);
	list_add(&segment->owned, list);
	spin_unlock(&owned_lock);
	return 0;
}

/**
 * kshm_owner_forget() - a segment ends before its descriptor is closed
 * @segment:	the segment, listed or not; wants no lock
 */
void kshm_owner_forget(struct kshm_segment *segment)
{
	spin_lock(&owned_lock);
	list_del_init(&segment->owned);
	spin_unlock(&owned_lock);
}

static struct kshm_segment *take_first(struct list_head *list)
{
	struct kshm_segment *segment;

	spin_lock(&owned_lock);
	segment = list_first_entry_or_null(list, struct kshm_segment, owned);
	if (segment) {
		kref_get(&segment->ref);
		list_del_init(&segment->owned);
	}
	spin_unlock(&owned_lock);
	return segment;
}

/**
 * kshm_owner_release() - remove what goes with a descriptor
 * @owner:	the descriptor; nobody else has it any more
 *
 * Wants no lock; takes those of the segments' registries, one at a time.
 */
void kshm_owner_release(struct file *owner)
{
	struct list_head *list = owner->private_data;
	struct kshm_segment *segment;

	if (!list)
		return;
	while ((segment = take_first(list))) {
		kshm_segment_remove(segment);
		kshm_segment_put(segment);
	}
	kfree(list);
}
