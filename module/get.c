// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET and GET_NAMED: find a segment by key or by name, or create one. Twin of
 * ipcget() and newseg().
 */
#include "kshm.h"

#include <linux/ipc.h>

#define GET_FLAGS	(KSHM_GET_CREAT | KSHM_GET_EXCL | KSHM_GET_NORESERVE | \
			 KSHM_GET_PREALLOC | KSHM_GET_OWNED |		\
			 KSHM_GET_TRANSIENT | KSHM_GET_UNIQUE | KSHM_GET_HUGE |	\
			 KSHM_GET_HUGETLB | KSHM_GET_CREATED)

/* Twin of ipc_check_perms() and shm_more_checks(). */
static int get_check_existing(struct kshm_ctx *ctx, struct kshm_get *get,
			      const struct kshm_segment *segment)
{
	if (get->flags & KSHM_GET_CREAT && get->flags & KSHM_GET_EXCL) {
		/* Key 0 comes here only with a name; see kshm_do_get(). */
		if (!get->key)
			return kshm_refuse(ctx, -EEXIST, KSHM_WHY_NAME_TAKEN,
					   0, 0);
		return kshm_refuse(ctx, -EEXIST, KSHM_WHY_EXISTS,
				   (u32)get->key, segment->id);
	}
	/* As in-tree, size comes before permission, so anybody can probe it. */
	if (segment->size < get->size)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_SIZE_EXISTING,
				   get->size, segment->size);
	return kshm_check_access(ctx, segment, get->mode);
}

/* Return: 0, -ENOENT where no segment has the key or name, or a refusal. */
static int get_find(struct kshm_ctx *ctx, struct kshm_get *get,
		    const char *name)
{
	struct kshm_segment *segment;
	int err;

	segment = name ? kshm_segment_lock_name(ctx, name) :
			 kshm_segment_lock_key(ctx, get->key);
	if (!segment)
		return -ENOENT;
	err = get_check_existing(ctx, get, segment);
	if (!err) {
		get->flags &= ~KSHM_GET_CREATED;
		get->id = segment->id;
	}
	kshm_segment_unlock(segment);
	return err;
}

/* The order of these checks is in-tree's. */
static int get_check_new(struct kshm_ctx *ctx, const struct kshm_get *get,
			 const struct kshm_limits *limits)
{
	unsigned long pages;

	if (!get->size)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_SIZE_ZERO, 0, 0);
	if (get->size > limits->shmmax)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_SHMMAX, get->size,
				   limits->shmmax);
	pages = (get->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	/* Rounding up has wrapped around: the true number is above any limit. */
	if (pages << PAGE_SHIFT < get->size)
		return kshm_refuse(ctx, -ENOSPC, KSHM_WHY_SHMALL, U64_MAX,
				   limits->shmall);
	return kshm_registry_check_shmall(ctx, ctx->registry, pages, limits);
}

static int get_publish(struct kshm_ctx *ctx, struct kshm_segment *segment,
		       const struct kshm_limits *limits)
{
	int err = 0;

	/* First, since it can fail, and a published segment can be gone at once. */
	if (segment->lifetime & KSHM_GET_OWNED)
		err = kshm_owner_add(ctx->file, segment);
	else if (segment->lifetime & KSHM_FORCIBLE)
		err = kshm_creator_add(segment);
	return err ?: kshm_registry_publish(ctx, segment, limits);
}

/* Twin of ipcget_new(). */
static int get_create(struct kshm_ctx *ctx, struct kshm_get *get,
		      const char *name)
{
	struct kshm_segment *segment;
	struct kshm_limits limits;
	int err, id;

	kshm_ns_room(ctx, &limits);
	err = get_check_new(ctx, get, &limits);
	if (err)
		return err;

	segment = kshm_segment_new(ctx, get, name);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	id = get_publish(ctx, segment, &limits);
	if (id < 0) {
		kshm_segment_destroy(segment);
		return id;
	}
	get->id = id;
	get->flags |= KSHM_GET_CREATED;
	return 0;
}

/* Twin of ipcget_public(). */
static int get_find_or_create(struct kshm_ctx *ctx, struct kshm_get *get,
			      const char *name)
{
	int err;

	for (;;) {
		err = get_find(ctx, get, name);
		if (err != -ENOENT)
			return err;
		if (!(get->flags & KSHM_GET_CREAT))
			return kshm_refuse(ctx, err, name ? KSHM_WHY_NO_NAME :
							    KSHM_WHY_NO_KEY,
					   (u32)get->key, 0);
		err = get_create(ctx, get, name);
		/* Another creator published first: look it up again. */
		if (err != -EEXIST)
			return err;
	}
}

/**
 * kshm_do_get() - find or create a segment
 * @ctx:	the call; with KSHM_GET_OWNED, its @ctx->file is not NULL
 * @get:	see struct kshm_get; id and KSHM_GET_CREATED are set on success
 * @name:	the segment's name, or NULL to use @get->key
 *
 * Context: Takes the segment's lock to find, the registry's to publish. Sleeps.
 *
 * Twin of ksys_shmget().
 *
 * Return: 0 or an error that struct kshm_get lists.
 */
int kshm_do_get(struct kshm_ctx *ctx, struct kshm_get *get, const char *name)
{
	u32 known = GET_FLAGS;
	struct kshm_registry *registry;
	int err;

	if (get->flags & KSHM_GET_HUGETLB)
		known |= KSHM_GET_HUGETLB_MASK;
	err = kshm_check_flags(ctx, get->flags, known, 0);
	if (err)
		return err;
	if (get->mode & ~0777)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_MODE, get->mode, 0777);

	registry = kshm_ctx_registry(ctx);
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	if (get->key == IPC_PRIVATE && !name)
		return get_create(ctx, get, NULL);
	return get_find_or_create(ctx, get, name);
}
