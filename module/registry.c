// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of one IPC namespace: id -> segment, key -> segment, and the sums of
 * all segments. Twin of the tables in ipc/util.c. The third table, name ->
 * segment, is in extras/names.c.
 */
#include "kshm.h"
#include "sysv.h"
#include "trace.h"

#include <linux/ipc.h>
#include <linux/list.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

/* The search for the next index wraps at this index at the earliest. */
#define REGISTRY_MIN_CYCLE	64

/* Segments that are added up in one RCU read-side section. */
#define REGISTRY_USAGE_BATCH	256

/* How many unique ids there are, for all registries together. */
#define REGISTRY_UNIQUE_ALL	(KSHM_SEQ_MAX - KSHM_SEQ_UNIQUE)

static DEFINE_IDA(registry_unique);
static DEFINE_MUTEX(registry_unique_lock);
static unsigned int registry_unique_next = KSHM_SEQ_UNIQUE;
static struct kshm_shares registry_unique_shares = {
	.users = XARRAY_INIT(registry_unique_shares.users, XA_FLAGS_ACCOUNT),
};

/* All registries, those of ended namespaces included. */
static LIST_HEAD(registry_all);
static DEFINE_MUTEX(registry_all_lock);

/*
 * kshm_switch.ko is loaded, so one program can have ids of both kinds: none may be
 * given out twice. It changes under no lock. A creator that has read the old value is
 * found by kshm_registry_all_disjoint(), which takes each registry's lock after it.
 */
bool kshm_beside_intree;

/*
 * The table's own comparison goes byte by byte.
 *
 * No twin: in-tree, the table compares keys in its own way.
 */
static int registry_compare_key(struct rhashtable_compare_arg *arg,
				const void *segment)
{
	return *(const key_t *)arg->key !=
	       ((const struct kshm_segment *)segment)->created_key;
}

static const struct rhashtable_params registry_key_params = {
	.head_offset		= offsetof(struct kshm_segment, node),
	.key_offset		= offsetof(struct kshm_segment, created_key),
	.key_len		= sizeof_field(struct kshm_segment, created_key),
	.obj_cmpfn		= registry_compare_key,
	.automatic_shrinking	= true,
};

/**
 * kshm_registry_new() - make an empty registry
 *
 * Context: Sleeps.
 *
 * Twin of ipc_init_ids().
 *
 * Return: the registry, counted for the caller; NULL without memory.
 */
struct kshm_registry *kshm_registry_new(void)
{
	struct kshm_registry *registry;

	registry = kzalloc(sizeof(*registry), GFP_KERNEL_ACCOUNT);
	if (!registry)
		return NULL;
	if (rhashtable_init(&registry->keys, &registry_key_params))
		goto free;
	if (kshm_names_init(&registry->names))
		goto destroy_keys;
	kref_init(&registry->ref);
	mutex_init(&registry->lock);
	mutex_init(&registry->objects_lock);
	mutex_init(&registry->settle_lock);
	idr_init(&registry->ids);
	kshm_shares_init(&registry->object_shares);
	registry->max_index = -1;
	registry->last_index = -1;
	mutex_lock(&registry_all_lock);
	list_add_tail(&registry->all, &registry_all);
	mutex_unlock(&registry_all_lock);
	return registry;

destroy_keys:
	rhashtable_destroy(&registry->keys);
free:
	kfree(registry);
	return NULL;
}

static void registry_free(struct kref *ref)
{
	struct kshm_registry *registry;

	registry = container_of(ref, struct kshm_registry, ref);
	WARN_ON_ONCE(registry->used || registry->pages ||
		     registry->object_shares.sum);
	mutex_lock(&registry_all_lock);
	list_del(&registry->all);
	mutex_unlock(&registry_all_lock);
	rhashtable_destroy(&registry->keys);
	rhashtable_destroy(&registry->names);
	idr_destroy(&registry->ids);
	kfree_rcu(registry, rcu);
}

/**
 * kshm_registry_put() - drop a reference
 * @registry:	the registry; the last reference frees it
 *
 * Context: Sleeps.
 *
 * No twin: in-tree, the namespace contains its tables, so they end with it.
 */
void kshm_registry_put(struct kshm_registry *registry)
{
	kref_put(&registry->ref, registry_free);
}

/**
 * kshm_registry_check_shmall() - refuse pages that would exceed shmall
 * @ctx:	the call
 * @registry:	the registry
 * @pages:	pages to add
 * @limits:	limits of the namespace
 *
 * Context: With the registry's lock the answer is final. Without it, it can be
 * outdated; kshm_registry_publish() checks again.
 *
 * Twin of the check of shmall in newseg().
 *
 * Return: 0 or -ENOSPC.
 */
int kshm_registry_check_shmall(struct kshm_ctx *ctx,
			       const struct kshm_registry *registry,
			       unsigned long pages,
			       const struct kshm_limits *limits)
{
	unsigned long sum;

	if (check_add_overflow(READ_ONCE(registry->pages), pages, &sum))
		sum = ULONG_MAX;
	else if (sum <= limits->shmall)
		return 0;
	return kshm_refuse(ctx, -ENOSPC, KSHM_WHY_SHMALL, sum, limits->shmall);
}

static int registry_index(int id)
{
	return id & (KSHM_MAX_IDS - 1);
}

/*
 * A namespace that ends first clears s_fs_info of its mqueue superblock; then comes a
 * grace period of RCU, and then it is freed. The superblock and the inode are freed
 * under RCU, too, after ->ended was set. So what a reader gets here stays until it
 * leaves RCU.
 *
 * Return: the namespace; NULL if it ends.
 */
static struct ipc_namespace *registry_ns(const struct kshm_registry *registry)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "the namespace could be freed");
	if (registry->root &&
	    (READ_ONCE(registry->ended) ||
	     !READ_ONCE(registry->root->i_sb->s_fs_info)))
		return NULL;
	return registry->ns;
}

/**
 * kshm_registry_is_forced() - is kernel.shm_rmid_forced set in the namespace?
 * @registry:	the registry
 *
 * Context: Takes RCU.
 *
 * No twin: in-tree reads the field in place.
 *
 * Return: true or false; false if the namespace ends.
 */
bool kshm_registry_is_forced(const struct kshm_registry *registry)
{
	struct ipc_namespace *ns;
	bool forced;

	rcu_read_lock();
	ns = registry_ns(registry);
	forced = ns && READ_ONCE(ns->shm_rmid_forced);
	rcu_read_unlock();
	return forced;
}

/* Has an in-tree segment of the namespace this id? */
static bool registry_is_intree(const struct kshm_registry *registry, int id)
{
	struct ipc_namespace *ns;
	bool found;

	rcu_read_lock();
	ns = registry_ns(registry);
	found = ns && kshm_intree_has(ns, id);
	rcu_read_unlock();
	return found;
}

/* Numbers are handed out cyclically, as indices are, but for all registries. */
static int registry_next_unique(struct kshm_ctx *ctx)
{
	int seq;

	lockdep_assert_held(&registry_unique_lock);

	seq = ida_alloc_range(&registry_unique, registry_unique_next,
			      KSHM_SEQ_MAX - 1, GFP_KERNEL);
	if (seq == -ENOSPC)
		seq = ida_alloc_range(&registry_unique, KSHM_SEQ_UNIQUE,
				      KSHM_SEQ_MAX - 1, GFP_KERNEL);
	if (seq == -ENOSPC)
		return kshm_refuse(ctx, seq, KSHM_WHY_UNIQUE, 1,
				   REGISTRY_UNIQUE_ALL);
	if (seq >= 0)
		registry_unique_next = seq + 1;
	return seq;
}

/* Allocate a sequence number that no other segment has, from the payer's share. */
static int registry_alloc_unique(struct kshm_ctx *ctx, kuid_t payer)
{
	int seq;

	mutex_lock(&registry_unique_lock);
	seq = kshm_shares_take(ctx, &registry_unique_shares, payer,
			       REGISTRY_UNIQUE_ALL, &init_user_ns);
	if (!seq) {
		seq = registry_next_unique(ctx);
		if (seq < 0)
			kshm_shares_give_back(&registry_unique_shares, payer);
	}
	mutex_unlock(&registry_unique_lock);
	return seq;
}

static void registry_free_unique(const struct kshm_segment *segment)
{
	mutex_lock(&registry_unique_lock);
	ida_free(&registry_unique, segment->id >> KSHM_INDEX_BITS);
	kshm_shares_give_back(&registry_unique_shares, segment->payer);
	mutex_unlock(&registry_unique_lock);
}

static void registry_free_id(struct kshm_registry *registry,
			     const struct kshm_segment *segment)
{
	idr_remove(&registry->ids, registry_index(segment->id));
	if (segment->lifetime & KSHM_GET_UNIQUE)
		registry_free_unique(segment);
}

static void registry_next_seq(struct kshm_registry *registry)
{
	if (++registry->seq >= KSHM_SEQ_UNIQUE)
		registry->seq = 0;
}

static int registry_plain_id(const struct kshm_registry *registry, int index)
{
	unsigned int seq = registry->seq;

	if (kshm_beside_intree)
		seq = KSHM_SEQ_BESIDE | (seq & (KSHM_SEQ_BESIDE - 1));
	return seq << KSHM_INDEX_BITS | index;
}

/* An id that no in-tree segment has, where that matters. */
static int registry_free_plain_id(struct kshm_registry *registry, int index)
{
	int id = registry_plain_id(registry, index);

	while (kshm_beside_intree && registry_is_intree(registry, id)) {
		registry_next_seq(registry);
		id = registry_plain_id(registry, index);
	}
	return id;
}

/*
 * Return: the id that the sysctl kernel.shm_next_id wants for the next segment of the
 * caller's namespace, once; -1 for none.
 *
 * No twin: in-tree, ipc_idr_alloc() does it in place.
 */
static int registry_wanted_id(const struct kshm_ctx *ctx)
{
#ifdef CONFIG_CHECKPOINT_RESTORE
	int *next_id;

	if (ctx->syscall) {
		next_id = &current->nsproxy->ipc_ns->ids[KSHM_SHM_IDS].next_id;
		if (READ_ONCE(*next_id) >= 0)
			return xchg(next_id, -1);
	}
#endif
	return -1;
}

/* Allocate the wanted id, or the next one with its sequence number that is free. */
static int registry_alloc_wanted(struct kshm_registry *registry, int wanted)
{
	int index = registry_index(wanted), id;

	for (;; index++) {
		index = idr_alloc(&registry->ids, NULL, index, KSHM_MAX_IDS,
				  GFP_KERNEL);
		if (index < 0)
			return index;
		id = (wanted & ~(KSHM_MAX_IDS - 1)) | index;
		if (!registry_is_intree(registry, id))
			return id;
		idr_remove(&registry->ids, index);
	}
}

/*
 * Allocate an id. Indices are handed out cyclically below 1.5 times the number of
 * segments, so that an id is not reused soon, and the sequence number changes when
 * they wrap. The index is only reserved: until registry_account() a lookup finds
 * NULL there.
 *
 * Twin of ipc_idr_alloc().
 */
static int registry_alloc_id(struct kshm_ctx *ctx,
			     struct kshm_registry *registry,
			     const struct kshm_segment *segment)
{
	bool unique = segment->lifetime & KSHM_GET_UNIQUE;
	int wanted = registry_wanted_id(ctx);
	int end, index, seq;

	if (wanted >= 0)
		return registry_alloc_wanted(registry, wanted);
	end = max_t(int, registry->used * 3 / 2, REGISTRY_MIN_CYCLE);
	index = idr_alloc_cyclic(&registry->ids, NULL, 0,
				 min(end, KSHM_MAX_IDS), GFP_KERNEL);
	if (index < 0)
		return index;
	if (index <= registry->last_index)
		registry_next_seq(registry);
	registry->last_index = index;
	if (!unique)
		return registry_free_plain_id(registry, index);

	seq = registry_alloc_unique(ctx, segment->payer);
	if (seq < 0) {
		idr_remove(&registry->ids, index);
		return seq;
	}
	return seq << KSHM_INDEX_BITS | index;
}

/* Let the id lead to the segment, and add it to the sums. */
static void registry_account(struct kshm_registry *registry,
			     struct kshm_segment *segment)
{
	int index = registry_index(segment->id);

	idr_replace(&registry->ids, segment, index);
	WRITE_ONCE(registry->used, registry->used + 1);
	WRITE_ONCE(registry->pages, registry->pages + segment->pages);
	if (index > registry->max_index)
		WRITE_ONCE(registry->max_index, index);
}

/*
 * Hash the segment by its key or name, and account for it. A task that finds it
 * by key or name waits for the segment's lock, and then learns an id that can be
 * looked up already.
 */
static int registry_hash(struct kshm_registry *registry,
			 struct kshm_segment *segment)
{
	int err = 0;

	spin_lock(&segment->lock);
	if (segment->name[0])
		err = kshm_names_insert(&registry->names, segment);
	else if (segment->key != IPC_PRIVATE)
		err = rhashtable_lookup_insert_fast(&registry->keys,
						    &segment->node,
						    registry_key_params);
	if (!err) {
		segment->hashed = segment->name[0] ||
				  segment->key != IPC_PRIVATE;
		registry_account(registry, segment);
	}
	spin_unlock(&segment->lock);
	return err;
}

/*
 * A dead transient segment has its key or name until its last close gets the
 * registry's lock; see segment_end(). That lock is held here, so the segment that an
 * insertion has just met is still hashed. Unhash it.
 *
 * Return: true if the key or name of @segment is free now.
 */
static bool registry_steal_from_dead(struct kshm_registry *registry,
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
		kshm_registry_unhash(other);
	spin_unlock(&other->lock);
	rcu_read_unlock();
	return dead;
}

static int registry_publish_locked(struct kshm_ctx *ctx,
				   struct kshm_registry *registry,
				   struct kshm_segment *segment)
{
	int id, err;

	id = registry_alloc_id(ctx, registry, segment);
	if (id < 0)
		return id;

	/* /proc/PID/maps shows the id as inode number. */
	segment->id = id;
	segment->inode->i_ino = id;

	err = registry_hash(registry, segment);
	if (err == -EEXIST && registry_steal_from_dead(registry, segment))
		err = registry_hash(registry, segment);
	if (err)
		registry_free_id(registry, segment);
	return err;
}

static int registry_check_limits(struct kshm_ctx *ctx,
				 const struct kshm_registry *registry,
				 unsigned long pages,
				 const struct kshm_limits *limits)
{
	unsigned int most = min_t(unsigned int, limits->shmmni, KSHM_MAX_IDS);
	int err;

	err = kshm_registry_check_shmall(ctx, registry, pages, limits);
	if (!err && registry->used >= most)
		err = kshm_refuse(ctx, -ENOSPC, KSHM_WHY_SHMMNI,
				  registry->used + 1, most);
	return err;
}

/**
 * kshm_registry_publish() - give a new segment its id, and let lookups find it
 * @ctx:	the call
 * @segment:	complete and not published. Its reference goes to the registry, but
 *		only on success
 * @limits:	limits of the namespace
 *
 * Context: Takes the registry's lock. Sleeps.
 *
 * Twin of ipc_addid().
 *
 * Return: the id; -ENOSPC above shmall, shmmni or the user's share, or if no unique id
 * is left; -EEXIST where another segment has got the key or name in the meantime;
 * -ENOMEM, -EINTR.
 */
int kshm_registry_publish(struct kshm_ctx *ctx, struct kshm_segment *segment,
			  const struct kshm_limits *limits)
{
	struct kshm_registry *registry = segment->registry;
	int id, err;

	err = mutex_lock_killable(&registry->lock);
	if (err)
		return err;
	err = registry_check_limits(ctx, registry, segment->pages, limits) ?:
	      registry_publish_locked(ctx, registry, segment);
	if (!err)
		trace_kshm_create(segment);
	/* Without the lock, another task may free the segment. */
	id = segment->id;
	mutex_unlock(&registry->lock);
	return err ?: id;
}

/**
 * kshm_registry_unhash() - take a segment's key or name away
 * @segment:	the segment; nothing happens if it has neither
 *
 * Context: Caller holds the registry's lock and the segment's.
 *
 * Twin of ipc_set_key_private() and ipc_kht_remove().
 */
void kshm_registry_unhash(struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->registry->lock);
	lockdep_assert_held(&segment->lock);

	if (!segment->hashed)
		return;
	if (segment->name[0])
		kshm_names_remove(&segment->registry->names, segment);
	else
		rhashtable_remove_fast(&segment->registry->keys,
				       &segment->node, registry_key_params);
	segment->key = IPC_PRIVATE;
	segment->hashed = false;
}

/*
 * Find the highest index in use; there is none from @end on. Binary search: either
 * the upper half of a range holds an entry, or the answer is in the lower half.
 *
 * Twin of ipc_search_maxidx().
 */
static int registry_highest_below(struct kshm_registry *registry, int end)
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
 * kshm_registry_remove() - take a dead segment out of the tables and sums
 * @segment:	dead and unhashed. The registry's reference goes to the caller
 *
 * Context: Caller holds the registry's lock.
 *
 * Twin of ipc_rmid().
 */
void kshm_registry_remove(struct kshm_segment *segment)
{
	struct kshm_registry *registry = segment->registry;
	int index = registry_index(segment->id);

	lockdep_assert_held(&registry->lock);
	WARN_ON_ONCE(!segment->dead || segment->hashed);

	trace_kshm_end(segment);
	registry_free_id(registry, segment);
	WRITE_ONCE(registry->used, registry->used - 1);
	WRITE_ONCE(registry->pages, registry->pages - segment->pages);
	if (index == registry->max_index)
		WRITE_ONCE(registry->max_index,
			   registry_highest_below(registry, index));
}

/**
 * kshm_registry_set_pages() - change the number of pages of a segment
 * @segment:	the segment
 * @pages:	its new number of pages
 *
 * Context: Caller holds the registry's lock and the segment's.
 *
 * No twin: in-tree, the size of a segment never changes.
 */
void kshm_registry_set_pages(struct kshm_segment *segment, unsigned long pages)
{
	struct kshm_registry *registry = segment->registry;

	lockdep_assert_held(&registry->lock);
	lockdep_assert_held(&segment->lock);

	WRITE_ONCE(registry->pages, registry->pages + pages - segment->pages);
	segment->pages = pages;
}

/**
 * kshm_registry_find_index() - look up a segment by its index
 * @registry:	the registry
 * @id:		index, or an id whose sequence number is ignored
 *
 * Context: RCU read lock.
 *
 * Twin of ipc_obtain_object_idr().
 *
 * Return: the segment, dead or alive; NULL for none.
 */
struct kshm_segment *kshm_registry_find_index(struct kshm_registry *registry,
					      int id)
{
	return id < 0 ? NULL : idr_find(&registry->ids, registry_index(id));
}

/**
 * kshm_registry_find_key() - look up a segment by its key
 * @registry:	the registry
 * @key:	key, not IPC_PRIVATE
 *
 * Context: RCU read lock.
 *
 * Twin of ipc_findkey().
 *
 * Return: the segment, dead or alive; NULL for none. Without its lock, it may have
 * lost the key since.
 */
struct kshm_segment *kshm_registry_find_key(struct kshm_registry *registry,
					    key_t key)
{
	return rhashtable_lookup(&registry->keys, &key, registry_key_params);
}

/**
 * kshm_registry_next() - find the first segment from an index on
 * @registry:	the registry
 * @index:	index to begin at; set to the segment's
 *
 * Context: RCU read lock, or the registry's lock.
 *
 * No twin: in-tree calls idr_get_next() in place.
 *
 * Return: the segment, dead or alive; NULL for none.
 */
struct kshm_segment *kshm_registry_next(struct kshm_registry *registry,
					int *index)
{
	return idr_get_next(&registry->ids, index);
}

/*
 * Walks the radix tree that the IDR is made of: its iterator stays within a node, where
 * idr_get_next() would start at the root for each segment.
 *
 * The walk ends at the last index in use. What follows in the tree's nodes is empty, and
 * to see that, the iterator would look at each slot.
 *
 * Return: index to continue at, or @end.
 */
static unsigned long registry_add_usage(struct kshm_registry *registry,
					unsigned long index, unsigned long end,
					u64 *rss, u64 *swp)
{
	struct kshm_segment *segment;
	struct radix_tree_iter iter;
	void __rcu **slot;
	void *entry;
	int n = 0;

	radix_tree_for_each_slot(slot, &registry->ids.idr_rt, &iter, index) {
		entry = radix_tree_deref_slot(slot);
		/* The tree has changed meanwhile: read the slot again. */
		if (radix_tree_deref_retry(entry)) {
			slot = radix_tree_iter_retry(&iter);
			continue;
		}
		if (n++ == REGISTRY_USAGE_BATCH)
			return iter.index;
		segment = entry;
		if (segment)
			kshm_backing_usage(segment->inode, rss, swp);
		if (iter.index >= end - 1)
			break;
	}
	return end;
}

/**
 * kshm_registry_usage() - add up where the pages of all segments are
 * @registry:	the registry
 * @rss:	pages in memory are added to it
 * @swp:	pages in swap are added to it
 *
 * Context: Takes RCU, for REGISTRY_USAGE_BATCH segments at a time, and no lock.
 * Sleeps.
 *
 * Twin of shm_get_stat().
 */
void kshm_registry_usage(struct kshm_registry *registry, u64 *rss, u64 *swp)
{
	unsigned long end = READ_ONCE(registry->max_index) + 1, index = 0;

	while (index < end) {
		rcu_read_lock();
		index = registry_add_usage(registry, index, end, rss, swp);
		rcu_read_unlock();
		cond_resched();
	}
}

static bool registry_is_disjoint(struct kshm_registry *registry)
{
	struct kshm_segment *segment;
	bool disjoint = true;
	int index;

	mutex_lock(&registry->lock);
	idr_for_each_entry(&registry->ids, segment, index)
		if (segment->id >> KSHM_INDEX_BITS < KSHM_SEQ_BESIDE ||
		    registry_is_intree(registry, segment->id))
			disjoint = false;
	mutex_unlock(&registry->lock);
	return disjoint;
}

/**
 * kshm_registry_all_disjoint() - can no id be one of in-tree shm?
 *
 * A segment that is older than kshm_switch.ko can have such an id, if not now then
 * after the next in-tree creation.
 *
 * Context: Takes the lock of each registry. Sleeps.
 *
 * No twin: in-tree has one set of ids in a namespace.
 *
 * Return: true or false.
 */
bool kshm_registry_all_disjoint(void)
{
	struct kshm_registry *registry;
	bool disjoint = true;

	mutex_lock(&registry_all_lock);
	list_for_each_entry(registry, &registry_all, all)
		disjoint = disjoint && registry_is_disjoint(registry);
	mutex_unlock(&registry_all_lock);
	return disjoint;
}

/**
 * kshm_registry_all_used() - count the segments of all namespaces
 *
 * Context: Sleeps.
 *
 * No twin: in-tree counts them in each namespace only.
 *
 * Return: the number, those that are marked for removal included.
 */
unsigned int kshm_registry_all_used(void)
{
	struct kshm_registry *registry;
	unsigned int used = 0;

	mutex_lock(&registry_all_lock);
	list_for_each_entry(registry, &registry_all, all)
		used += READ_ONCE(registry->used);
	mutex_unlock(&registry_all_lock);
	return used;
}

static size_t registry_list(struct kshm_registry *registry, char *buf,
			    size_t size)
{
	struct kshm_segment *segment;
	struct ipc_namespace *ns;
	unsigned int inum;
	size_t len = 0;
	int index;

	rcu_read_lock();
	ns = registry_ns(registry);
	inum = ns ? ns->ns.inum : 0;
	rcu_read_unlock();
	mutex_lock(&registry->lock);
	idr_for_each_entry(&registry->ids, segment, index) {
		spin_lock(&segment->lock);
		len += scnprintf(buf + len, size - len,
				 "ipc:[%u] id %d key 0x%08x nattch %lu\n", inum,
				 segment->id, segment->key, segment->nattch);
		spin_unlock(&segment->lock);
		if (len + 1 >= size)
			break;
	}
	mutex_unlock(&registry->lock);
	return len;
}

/**
 * kshm_registry_all_list() - list the segments of all namespaces as text
 * @buf:	for the lines
 * @size:	bytes of @buf, not 0; what does not fit is left out
 *
 * An ended namespace is shown as number 0.
 *
 * Context: Takes the lock of each registry. Sleeps.
 *
 * No twin: in-tree, a listing shows one namespace.
 *
 * Return: bytes written, without the 0 at the end.
 */
size_t kshm_registry_all_list(char *buf, size_t size)
{
	struct kshm_registry *registry;
	size_t len = 0;

	buf[0] = '\0';
	mutex_lock(&registry_all_lock);
	list_for_each_entry(registry, &registry_all, all)
		len += registry_list(registry, buf + len, size - len);
	mutex_unlock(&registry_all_lock);
	return len;
}
