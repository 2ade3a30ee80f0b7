// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which task created which segment. While kernel.shm_rmid_forced is set, a segment that
 * is not attached ends with the task that created it, a thread and not its process.
 * Twin of exit_shm() and shm_clist_rm(), whose lists are in-tree's own.
 *
 * Only segments that a system call created are in a list: kshm_switch.ko sees the end of
 * every task, and the device does not. An entry of the table is a task that has created
 * segments which are not removed yet. Only the task itself adds the entry and looks it
 * up. Any task that ends the last of the segments frees the entry.
 */
#include "kshm.h"

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>

/*
 * struct creator - a task that has created segments
 * @link:	in the table
 * @task:	the task; only compared
 * @segments:	its segments, by ->owned; never empty without the lock
 * @rcu:	defers freeing, since the table is read under RCU
 */
struct creator {
	struct hlist_node	link;
	struct task_struct	*task;
	struct list_head	segments;
	struct rcu_head		rcu;
};

/* Read under RCU, written under the lock, which is held for one entry at a time. */
static DEFINE_HASHTABLE(creator_table, 8);
static DEFINE_SPINLOCK(creator_lock);

static struct creator *creator_find(void)
{
	struct creator *creator;

	hash_for_each_possible_rcu(creator_table, creator, link,
				   (unsigned long)current,
				   lockdep_is_held(&creator_lock))
		if (creator->task == current)
			return creator;
	return NULL;
}

/* Find the caller's entry, or make @made its entry. */
static struct creator *creator_find_or_insert(struct creator *made)
{
	struct creator *creator = creator_find();

	lockdep_assert_held(&creator_lock);

	if (creator)
		return creator;
	INIT_LIST_HEAD(&made->segments);
	made->task = current;
	hash_add_rcu(creator_table, &made->link, (unsigned long)current);
	return made;
}

/* The list head that is left alone when the last segment goes is the creator's. */
static void creator_unlink_locked(struct kshm_segment *segment)
{
	struct list_head *rest = segment->owned.next;
	struct creator *creator;

	lockdep_assert_held(&creator_lock);

	if (list_empty(&segment->owned))
		return;
	list_del_init(&segment->owned);
	if (!list_empty(rest))
		return;
	creator = container_of(rest, struct creator, segments);
	hash_del_rcu(&creator->link);
	kfree_rcu(creator, rcu);
}

/**
 * kshm_creator_add() - note that the caller creates a segment
 * @segment:	a segment that is not published yet
 *
 * Context: Takes creator_lock. Sleeps.
 *
 * Twin of the end of newseg().
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_creator_add(struct kshm_segment *segment)
{
	struct creator *creator, *made;

	made = kmalloc(sizeof(*made), GFP_KERNEL_ACCOUNT);
	if (!made)
		return -ENOMEM;
	spin_lock(&creator_lock);
	creator = creator_find_or_insert(made);
	list_add(&segment->owned, &creator->segments);
	spin_unlock(&creator_lock);
	if (creator != made)
		kfree(made);
	return 0;
}

/**
 * kshm_creator_unlink() - forget who created a segment
 * @segment:	the segment, in a list or not
 *
 * Context: Takes creator_lock.
 *
 * Twin of shm_clist_rm().
 */
void kshm_creator_unlink(struct kshm_segment *segment)
{
	spin_lock(&creator_lock);
	creator_unlink_locked(segment);
	spin_unlock(&creator_lock);
}

/**
 * kshm_creator_take() - unlink the first segment that the caller created
 *
 * Most tasks created none, so this looks without the lock first. Only the caller adds
 * to its list.
 *
 * Context: Takes RCU, then creator_lock.
 *
 * Twin of the first steps of exit_shm().
 *
 * Return: the segment, counted for the caller; NULL for none.
 */
struct kshm_segment *kshm_creator_take(void)
{
	struct kshm_segment *segment = NULL;
	struct creator *creator;

	rcu_read_lock();
	creator = creator_find();
	rcu_read_unlock();
	if (!creator)
		return NULL;

	spin_lock(&creator_lock);
	creator = creator_find();
	if (creator) {
		segment = list_first_entry(&creator->segments,
					   struct kshm_segment, owned);
		kref_get(&segment->ref);
		creator_unlink_locked(segment);
	}
	spin_unlock(&creator_lock);
	return segment;
}

/**
 * kshm_creator_is_gone() - has the task that created a segment ended?
 * @segment:	the segment
 *
 * Context: Any. Without a lock the answer can be outdated, but gone is gone.
 *
 * Twin of the first check in shm_try_destroy_orphaned().
 *
 * Return: true or false; false for a segment of the device.
 */
bool kshm_creator_is_gone(const struct kshm_segment *segment)
{
	return segment->lifetime & KSHM_FORCIBLE &&
	       list_empty_careful(&segment->owned);
}
