// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables: id and key -> segment, names.c has one more, and what all segments
 * add up to.
 * Knows no VMA. Twin of the tables in ipc/util.c.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/ipc.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

/* Below this many ids a search for the next index does not wrap. */
#define MIN_CYCLE	64

/* How many segments are added up before other RCU users get their turn. */
#define USAGE_BATCH	256

/* Sequence numbers from KSHM_SEQ_UNIQUE on, of all registries. */
static DEFINE_IDA(unique);
static DEFINE_MUTEX(unique_lock);
static unsigned int unique_next = KSHM_SEQ_UNIQUE;

static const struct rhashtable_params key_params = {
	.head_offset		= offsetof(struct kshm_segment, node),
	.key_offset		= offsetof(struct kshm_segment, name_key),
	.key_len		= sizeof_field(struct kshm_segment, name_key),
	.automatic_shrinking	= true,
};

/**
 * kshm_registry_new() - make an empty registry
 *
 * Return: the registry, counted once for the caller; NULL without memory.
 */
struct kshm_registry *kshm_registry_new(void)
{
	struct kshm_registry *registry;

	registry = kzalloc(sizeof(*registry), GFP_KERNEL_ACCOUNT);
	if (!registry)
		return NULL;
	if (rhashtable_init(&registry->keys, &key_params))
		goto free;
	if (kshm_names_init(&registry->names))
		goto keys;
	kref_init(&registry->ref);
	mutex_init(&registry->lock);
	mutex_init(&registry->objects_lock);
	idr_init(&registry->ids);
	registry->max_index = -1;
	registry->last_index = -1;
	return registry;

keys:
	rhashtable_destroy(&registry->keys);
free:
	kfree(registry);
	return NULL;
}

static void registry_release(struct kref *ref)
{
	struct kshm_registry *registry;

	registry = container_of(ref, struct kshm_registry, ref);
	WARN_ON_ONCE(registry->used || registry->pages || registry->object_count);
	rhashtable_destroy(&registry->keys);
	rhashtable_destroy(&registry->names);
	idr_destroy(&registry->ids);
	kfree_rcu(registry, rcu);
}

/**
 * kshm_registry_put() - drop a reference
 * @registry:	the registry, freed with the last one; may sleep
 */
void kshm_registry_put(struct kshm_registry *registry)
{
	kref_put(&registry->ref, registry_release);
}

/**
 * kshm_registry_room() - would a segment fit under shmall?
 * @registry:	the registry
 * @pages:	the segment's size
 * @limits:	limits of the namespace
 *
 * Without the registry's lock an answer for now; kshm_registry_add() asks again.
 *
 * Return: 0 or -ENOSPC.
 */
int kshm_registry_room(struct kshm_registry *registry, unsigned long pages,
		       const struct kshm_limits *limits)
{
	unsigned long sum;

	if (check_add_overflow(READ_ONCE(registry->pages), pages, &sum))
		sum = ULONG_MAX;
	else if (sum <= limits->shmall)
		return 0;
	return kshm_because(-ENOSPC, KSHM_WHY_SHMALL, sum, limits->shmall);
}

static int index_of(int id)
{
	return id & (KSHM_INDEX_MAX - 1);
}

/* Sequence numbers go round here as indices do there, for all registries. */
static int reserve_unique(void)
{
	int seq;

	mutex_lock(&unique_lock);
	seq = ida_alloc_range(&unique, unique_next, KSHM_SEQ_MAX - 1,
			      GFP_KERNEL);
	if (seq == -ENOSPC)
		seq = ida_alloc_range(&unique, KSHM_SEQ_UNIQUE,
				      KSHM_SEQ_MAX - 1, GFP_KERNEL);
	if (seq >= 0)
		unique_next = seq + 1;
	mutex_unlock(&unique_lock);
	if (seq == -ENOSPC)
		kshm_because(seq, KSHM_WHY_UNIQUE, 1,
			     KSHM_SEQ_MAX - KSHM_SEQ_UNIQUE);
	return seq;
}

static void release_id(struct kshm_registry *registry,
		       const struct kshm_segment *segment)
{
	idr_remove(&registry->ids, index_of(segment->id));
	if (segment->lifetime & KSHM_GET_UNIQUE)
		ida_free(&unique, segment->id >> KSHM_INDEX_BITS);
}

/*
 * Indices go round, so that an id is not soon used again; the sequence number
 * changes when they begin anew. The index is reserved only: readers find NULL.
 */
static int reserve_id(struct kshm_registry *registry, bool alone)
{
	int end, index, seq;

	end = max_t(int, registry->used * 3 / 2, MIN_CYCLE);
	index = idr_alloc_cyclic(&registry->ids, NULL, 0,
				 min(end, KSHM_INDEX_MAX), GFP_KERNEL);
	if (index < 0)
		return index;
	if (index <= registry->last_index &&
	    ++registry->seq >= KSHM_SEQ_UNIQUE)
		registry->seq = 0;
	registry->last_index = index;

	seq = alone ? reserve_unique() : registry->seq;
	if (seq < 0) {
		idr_remove(&registry->ids, index);
		return seq;
	}
	return seq << KSHM_INDEX_BITS | index;
}

/* The reference goes to the registry. */
static void list(struct kshm_registry *registry, struct kshm_segment *segment)
{
	int index = index_of(segment->id);

	idr_replace(&registry->ids, segment, index);
	WRITE_ONCE(registry->used, registry->used + 1);
	WRITE_ONCE(registry->pages, registry->pages + segment->pages);
	if (index > registry->max_index)
		WRITE_ONCE(registry->max_index, index);
}

/*
 * Whoever finds it by key or name waits for the segment's lock, and then knows an
 * id that can be found as well.
 */
static int enter(struct kshm_registry *registry, struct kshm_segment *segment)
{
	int err = 0;

	spin_lock(&segment->lock);
	if (segment->name[0])
		err = kshm_names_insert(&registry->names, segment);
	else if (segment->key != IPC_PRIVATE)
		err = rhashtable_lookup_insert_fast(&registry->keys,
						    &segment->node, key_params);
	if (!err) {
		segment->hashed = segment->name[0] ||
				  segment->key != IPC_PRIVATE;
		list(registry, segment);
	}
	spin_unlock(&segment->lock);
	return err;
}

/*
 * A dead segment has its key or name until the one who ends it gets the lock that
 * is held here. See uncount() in segment.c.
 *
 * Return: whether what @segment wants is free now.
 */
static bool take_from_dead(struct kshm_registry *registry,
			   const struct kshm_segment *segment)
{
	struct kshm_segment *other;
	bool dead;

	rcu_read_lock();
	other = segment->name[0] ?
		kshm_names_find(&registry->names, segment->name) :
		kshm_registry_find_key(registry, segment->key);
	spin_lock(&other->lock);
	dead = other->dead;
	if (dead)
		kshm_registry_hide(other);
	spin_unlock(&other->lock);
	rcu_read_unlock();
	return dead;
}

static int publish(struct kshm_registry *registry, struct kshm_segment *segment)
{
	int id, err;

	id = reserve_id(registry, segment->lifetime & KSHM_GET_UNIQUE);
	if (id < 0)
		return id;

	/* Other processes see the id as inode number in /proc/PID/maps. */
	segment->id = id;
	segment->inode->i_ino = id;

	err = enter(registry, segment);
	if (err == -EEXIST && take_from_dead(registry, segment))
		err = enter(registry, segment);
	if (err)
		release_id(registry, segment);
	return err;
}

/**
 * kshm_registry_add() - give a new segment its id, and publish it
 * @segment:	complete, seen by nobody; its reference goes to the registry
 * @limits:	limits of the namespace
 *
 * Takes the registry's lock. Twin of ipc_addid().
 *
 * Return: the id; -ENOSPC over shmall or shmmni, -EEXIST where another segment
 * got the key or the name in the meantime, -ENOMEM, -EINTR. After an error the
 * segment is the caller's as before.
 */
int kshm_registry_add(struct kshm_segment *segment,
		      const struct kshm_limits *limits)
{
	struct kshm_registry *registry = segment->registry;
	unsigned int most;
	int id, err;

	err = mutex_lock_killable(&registry->lock);
	if (err)
		return err;

	err = kshm_registry_room(registry, segment->pages, limits);
	most = min_t(unsigned int, limits->shmmni, KSHM_INDEX_MAX);
	if (!err && registry->used >= most)
		err = kshm_because(-ENOSPC, KSHM_WHY_SHMMNI,
				   registry->used + 1, most);
	if (!err)
		err = publish(registry, segment);
	/* Once the lock is let go, others may end the segment. */
	id = segment->id;
	mutex_unlock(&registry->lock);
	return err ?: id;
}

/**
 * kshm_registry_hide() - take a segment's key or name away
 * @segment:	the segment; its registry's lock and its own are held
 *
 * Twin of ipc_set_key_private().
 */
void kshm_registry_hide(struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->registry->lock);
	lockdep_assert_held(&segment->lock);

	if (!segment->hashed)
		return;
	if (segment->name[0])
		kshm_names_remove(&segment->registry->names, segment);
	else
		rhashtable_remove_fast(&segment->registry->keys,
				       &segment->node, key_params);
	segment->key = IPC_PRIVATE;
	segment->hashed = false;
}

/* What is looked for is in the upper half of a range, or all of that is empty. */
static int highest_index_below(struct kshm_registry *registry, int end)
{
	int begin = 0, highest = -1, middle, next;

	if (!registry->used)
		return -1;
	while (begin < end) {
		middle = begin + (end - begin) / 2;
		next = middle;
		if (idr_get_next(&registry->ids, &next)) {
			highest = next;
			begin = next + 1;
		} else {
			end = middle;
		}
	}
	return highest;
}

/**
 * kshm_registry_remove() - take a dead segment out
 * @segment:	dead and hidden; the registry's lock is held. The registry's
 *		reference goes to the caller.
 *
 * Twin of ipc_rmid().
 */
void kshm_registry_remove(struct kshm_segment *segment)
{
	struct kshm_registry *registry = segment->registry;
	int index = index_of(segment->id);

	lockdep_assert_held(&registry->lock);
	WARN_ON_ONCE(!segment->dead || segment->hashed);

	trace_kshm_end(segment->id, segment->name_key, segment->size);
	release_id(registry, segment);
	WRITE_ONCE(registry->used, registry->used - 1);
	WRITE_ONCE(registry->pages, registry->pages - segment->pages);
	if (index == registry->max_index)
		WRITE_ONCE(registry->max_index,
			   highest_index_below(registry, index));
}

/**
 * kshm_registry_drain() - the namespace has ended: mark all that it had
 * @registry:	the registry, which nobody can find any more; takes its lock
 *
 * Segments that nobody has attached end here, others with their last detach.
 * Twin of shm_exit_ns(), but for those: in-tree an attach keeps its namespace.
 */
void kshm_registry_drain(struct kshm_registry *registry)
{
	struct kshm_segment *segment;
	int index = 0;
	bool ends;

	mutex_lock(&registry->lock);
	while ((segment = idr_get_next(&registry->ids, &index))) {
		spin_lock(&segment->lock);
		ends = !segment->dead && kshm_segment_mark(segment);
		spin_unlock(&segment->lock);
		if (ends) {
			kshm_registry_remove(segment);
			kshm_segment_drop(segment);
		}
		index++;
	}
	mutex_unlock(&registry->lock);
}

/**
 * kshm_registry_find_id() - find a segment by its id
 * @registry:	the registry
 * @id:		the id; its sequence number must be right
 *
 * Wants RCU. Twin of ipc_obtain_object_check().
 *
 * Return: the segment, possibly dead; NULL for none.
 */
struct kshm_segment *kshm_registry_find_id(struct kshm_registry *registry,
					   int id)
{
	struct kshm_segment *segment = kshm_registry_find_index(registry, id);

	if (segment && segment->id != id) {
		kshm_because(-EINVAL, KSHM_WHY_STALE_ID, id, segment->id);
		return NULL;
	}
	return segment;
}

/**
 * kshm_registry_find_index() - find a segment by its index
 * @registry:	the registry
 * @id:		an index, or an id whose sequence number is ignored
 *
 * Wants RCU. Twin of ipc_obtain_object_idr().
 *
 * Return: the segment, possibly dead; NULL for none.
 */
struct kshm_segment *kshm_registry_find_index(struct kshm_registry *registry,
					      int id)
{
	struct kshm_segment *segment;

	segment = id < 0 ? NULL : idr_find(&registry->ids, index_of(id));
	if (!segment)
		kshm_because(-EINVAL, KSHM_WHY_NO_ID, (u32)id, 0);
	return segment;
}

/**
 * kshm_registry_find_key() - find a segment by its key
 * @registry:	the registry
 * @key:	the key, not IPC_PRIVATE
 *
 * Wants RCU. Twin of ipc_findkey().
 *
 * Return: the segment; NULL for none. It may have lost the key since: that is
 * to be asked under its lock.
 */
struct kshm_segment *kshm_registry_find_key(struct kshm_registry *registry,
					    key_t key)
{
	return rhashtable_lookup(&registry->keys, &key, key_params);
}

/**
 * kshm_registry_next() - find the first segment from an index on
 * @registry:	the registry
 * @index:	where to begin; set to where it was found
 *
 * Wants RCU.
 *
 * Return: the segment, possibly dead; NULL for none.
 */
struct kshm_segment *kshm_registry_next(struct kshm_registry *registry,
					int *index)
{
	return idr_get_next(&registry->ids, index);
}

/* Return: the index to go on from, or KSHM_INDEX_MAX. */
static unsigned long add_up_from(struct kshm_registry *registry,
				 unsigned long index, u64 *rss, u64 *swp)
{
	struct radix_tree_iter iter;
	void *segment;
	void __rcu **slot;
	int n = 0;

	radix_tree_for_each_slot(slot, &registry->ids.idr_rt, &iter, index) {
		segment = radix_tree_deref_slot(slot);
		if (radix_tree_deref_retry(segment)) {
			slot = radix_tree_iter_retry(&iter);
			continue;
		}
		if (n++ == USAGE_BATCH)
			return iter.index;
		if (segment)
			kshm_segment_usage(segment, rss, swp);
	}
	return KSHM_INDEX_MAX;
}

/**
 * kshm_registry_usage() - add up where all segments' pages are
 * @registry:	the registry
 * @rss:	pages in memory are added to it
 * @swp:	pages in swap are added to it
 *
 * Wants no lock, and nobody waits for the walk: it takes none. The iterator of
 * the tree below an IDR stays within a node of that, while idr_get_next() begins
 * at the root for each segment.
 */
void kshm_registry_usage(struct kshm_registry *registry, u64 *rss, u64 *swp)
{
	unsigned long index = 0;

	while (index < KSHM_INDEX_MAX) {
		rcu_read_lock();
		index = add_up_from(registry, index, rss, swp);
		rcu_read_unlock();
		cond_resched();
	}
}
