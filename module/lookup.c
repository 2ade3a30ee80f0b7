// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an id, index, key or name to a locked segment. A handler does
 *
 *	segment = kshm_segment_lock_id(ctx, id);
 *	if (IS_ERR(segment))
 *		return PTR_ERR(segment);
 *	...
 *	kshm_segment_unlock(segment);
 *
 * In between it holds RCU and the segment's lock, so it can't sleep, and the
 * segment is alive.
 */
#include "kshm.h"

/**
 * kshm_ctx_registry() - get the registry of the caller's IPC namespace
 * @ctx:	the call
 *
 * Context: Sleeps in the first call of a namespace, which makes the registry.
 *
 * No twin: in-tree, the namespace contains its tables.
 *
 * Return: the registry, not counted; it stays while the caller is in the
 * namespace. -ENOMEM.
 */
struct kshm_registry *kshm_ctx_registry(struct kshm_ctx *ctx)
{
	struct kshm_registry *registry = ctx->registry;

	if (registry)
		return registry;
	registry = kshm_ns_registry();
	if (!IS_ERR(registry))
		ctx->registry = registry;
	return registry;
}

/*
 * sparse can't follow locks that are held only on success. So the lookups tell it
 * that they hold nothing at their end (__release), and kshm_segment_unlock() tells
 * it that the locks are held at its beginning (__acquire).
 */
static struct kshm_segment *lookup_failed(int err)
	__releases(RCU)
{
	rcu_read_unlock();
	return ERR_PTR(err);
}

/* Lock a segment that was found under RCU. It can have died meanwhile. */
static __always_inline struct kshm_segment *
lookup_lock(struct kshm_segment *segment)
	__releases(RCU)
{
	spin_lock(&segment->lock);
	if (likely(!segment->dead)) {
		__release(&segment->lock);
		__release(RCU);
		return segment;
	}
	spin_unlock(&segment->lock);
	return lookup_failed(-EIDRM);
}

/*
 * Look up by index, and if @whole also compare the rest of the id. Twin of
 * shm_lock().
 */
static __always_inline struct kshm_segment *
lookup_by_id(struct kshm_ctx *ctx, int id, bool whole)
{
	struct kshm_registry *registry = kshm_ctx_registry(ctx);
	struct kshm_segment *segment;
	int err;

	if (IS_ERR(registry))
		return ERR_CAST(registry);
	rcu_read_lock();
	segment = kshm_registry_find_index(registry, id);
	if (likely(segment && (!whole || segment->id == id)))
		return lookup_lock(segment);
	if (segment)
		err = kshm_refuse(ctx, -EINVAL, KSHM_WHY_STALE_ID, id,
				  segment->id);
	else
		err = kshm_refuse(ctx, -EINVAL, KSHM_WHY_NO_ID, (u32)id, 0);
	return lookup_failed(err);
}

/**
 * kshm_segment_lock_id() - look up a segment by its id, and lock it
 * @ctx:	the call
 * @id:		id; its sequence number has to match
 *
 * Context: Takes RCU and the segment's lock, for kshm_segment_unlock(), unless it
 * fails. May sleep before that, like kshm_ctx_registry().
 *
 * Twin of shm_obtain_object_check() and ipc_lock_object().
 *
 * Return: the segment, alive; -EINVAL for an unknown id, -EIDRM for a segment
 * that died after it was found, -ENOMEM.
 */
struct kshm_segment *kshm_segment_lock_id(struct kshm_ctx *ctx, int id)
{
	return lookup_by_id(ctx, id, true);
}

/**
 * kshm_segment_lock_index() - look up a segment by its index, and lock it
 * @ctx:	the call
 * @id:		index, or an id whose sequence number is ignored
 *
 * Context: As kshm_segment_lock_id().
 *
 * Twin of shm_obtain_object() and ipc_lock_object().
 *
 * Return: as kshm_segment_lock_id().
 */
struct kshm_segment *kshm_segment_lock_index(struct kshm_ctx *ctx, int id)
{
	return lookup_by_id(ctx, id, false);
}

/*
 * A segment can lose its key or name after it was found and before it is locked. The
 * lookup then returns NULL.
 */
static struct kshm_segment *lookup_lock_hashed(struct kshm_segment *segment)
	__releases(RCU)
{
	if (segment) {
		spin_lock(&segment->lock);
		if (segment->hashed && !segment->dead) {
			__release(&segment->lock);
			__release(RCU);
			return segment;
		}
		spin_unlock(&segment->lock);
	}
	rcu_read_unlock();
	return NULL;
}

/**
 * kshm_segment_lock_key() - look up a segment by its key, and lock it
 * @ctx:	the call; ctx->registry is set
 * @key:	key, not IPC_PRIVATE
 *
 * Context: Takes RCU and the segment's lock, for kshm_segment_unlock(), if there
 * is one.
 *
 * Twin of ipc_findkey().
 *
 * Return: the segment, alive; NULL for none.
 */
struct kshm_segment *kshm_segment_lock_key(struct kshm_ctx *ctx, key_t key)
{
	rcu_read_lock();
	return lookup_lock_hashed(kshm_registry_find_key(ctx->registry, key));
}

/**
 * kshm_segment_lock_name() - look up a segment by its name, and lock it
 * @ctx:	the call; ctx->registry is set
 * @name:	name, not empty
 *
 * Context: As kshm_segment_lock_key().
 *
 * No twin: in-tree, a segment has no name.
 *
 * Return: as kshm_segment_lock_key().
 */
struct kshm_segment *kshm_segment_lock_name(struct kshm_ctx *ctx,
					    const char *name)
{
	rcu_read_lock();
	return lookup_lock_hashed(kshm_names_find(&ctx->registry->names, name));
}

/**
 * kshm_segment_lock_live() - look up a segment; a dead one is -EINVAL
 * @ctx:	the call
 * @id:		id; its sequence number has to match
 *
 * In-tree, IPC_SET and IPC_RMID look up and change a segment under one hold of the
 * ids rwsem. So to them a removed segment is always EINVAL, never EIDRM.
 *
 * Context: As kshm_segment_lock_id().
 *
 * Twin of ipc_obtain_object_check() in ipcctl_obtain_check().
 *
 * Return: the segment, alive; -EINVAL, -ENOMEM.
 */
struct kshm_segment *kshm_segment_lock_live(struct kshm_ctx *ctx, int id)
{
	struct kshm_segment *segment = kshm_segment_lock_id(ctx, id);

	if (segment != ERR_PTR(-EIDRM))
		return segment;
	return ERR_PTR(kshm_refuse(ctx, -EINVAL, KSHM_WHY_REMOVED, id, 0));
}

/**
 * kshm_segment_lock_control() - look up a segment that the caller may control
 * @ctx:	the call
 * @id:		id; its sequence number has to match
 *
 * Context: As kshm_segment_lock_id().
 *
 * Twin of ipcctl_obtain_check() and ipc_lock_object().
 *
 * Return: the segment, alive; -EINVAL, -ENOMEM; -EPERM for a caller that is
 * neither owner nor creator and has no CAP_SYS_ADMIN.
 */
struct kshm_segment *kshm_segment_lock_control(struct kshm_ctx *ctx, int id)
{
	struct kshm_segment *segment = kshm_segment_lock_live(ctx, id);
	int err;

	if (IS_ERR(segment))
		return segment;
	err = kshm_check_control(ctx, segment);
	if (!err)
		return segment;
	kshm_segment_unlock(segment);
	return ERR_PTR(err);
}
