// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET and GET_NAMED: find a segment by key or by name, or create one. Twin of
 * ipcget() and newseg().
 */
#include "kshm.h"
#include "trace.h"

#include <linux/ipc.h>

static int check_existing_locked(struct kshm_segment *segment, void *arg)
{
	struct kshm_get *get = arg;

	get->flags &= ~KSHM_GET_CREATED;
	/* What it was found by it has lost since: as good as not found. */
	if (!segment->hashed)
		return -ENOENT;
	if (get->flags & KSHM_GET_CREAT && get->flags & KSHM_GET_EXCL)
		return kshm_because(-EEXIST, get->key ? KSHM_WHY_EXISTS :
							KSHM_WHY_NAME_TAKEN,
				    (u32)get->key, segment->id);
	/* Sizes are no secret: who asks for one after the other finds it. */
	if (segment->size < get->size)
		return kshm_because(-EINVAL, KSHM_WHY_SIZE_EXISTING, get->size,
				    segment->size);
	if (!kshm_may_access(segment, get->mode))
		return -EACCES;
	get->id = segment->id;
	return 0;
}

static int find(struct kshm_registry *registry, struct kshm_get *get,
		const char *name)
{
	struct kshm_segment *segment;
	int err = -ENOENT;

	rcu_read_lock();
	segment = name ? kshm_names_find(&registry->names, name) :
			 kshm_registry_find_key(registry, get->key);
	if (segment)
		err = kshm_segment_locked(segment, check_existing_locked, get);
	rcu_read_unlock();
	return err == -EIDRM ? -ENOENT : err;
}

/* The checks, in this order, of what a new segment may be. */
static int check_new(struct kshm_registry *registry, const struct kshm_get *get,
		     const struct kshm_limits *limits)
{
	unsigned long pages;

	if (!get->size)
		return kshm_because(-EINVAL, KSHM_WHY_SIZE_ZERO, 0, 0);
	if (get->size > limits->shmmax)
		return kshm_because(-EINVAL, KSHM_WHY_SHMMAX, get->size,
				    limits->shmmax);
	pages = (get->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	if (pages << PAGE_SHIFT < get->size)
		return kshm_because(-ENOSPC, KSHM_WHY_SHMALL, U64_MAX,
				    limits->shmall);
	return kshm_registry_room(registry, pages, limits);
}

static int add(struct kshm_segment *segment, const struct kshm_limits *limits,
	       struct file *owner)
{
	int err = 0;

	if (segment->lifetime & KSHM_GET_OWNED)
		err = kshm_owner_add(owner, segment);
	return err ?: kshm_registry_add(segment, limits);
}

static int create(struct kshm_registry *registry, struct kshm_get *get,
		  const char *name, struct file *owner)
{
	struct kshm_segment *segment;
	struct kshm_limits limits;
	int err, id;

	kshm_ns_limits(&limits);
	err = check_new(registry, get, &limits);
	if (err)
		return err;

	segment = kshm_segment_new(registry, get, name);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	id = add(segment, &limits, owner);
	if (id < 0) {
		kshm_segment_drop(segment);
		return id;
	}
	get->id = id;
	get->flags |= KSHM_GET_CREATED;
	trace_kshm_create(id, get->key, get->size);
	return 0;
}

/**
 * kshm_get() - find or create
 * @get:	see there; id is set on success, and whether it was created
 * @name:	the name, where it is not the key that counts; else NULL
 * @owner:	descriptor of the device; the caller holds it
 *
 * Takes the registry's lock to publish what it creates, not to find.
 *
 * Return: 0 or what struct kshm_get lists.
 */
int kshm_get(struct kshm_get *get, const char *name, struct file *owner)
{
	struct kshm_registry *registry;
	int err;

	err = kshm_check_flags(get->flags, KSHM_GET_CREAT | KSHM_GET_EXCL |
			       KSHM_GET_NORESERVE | KSHM_GET_PREALLOC |
			       KSHM_GET_OWNED | KSHM_GET_TRANSIENT |
			       KSHM_GET_UNIQUE | KSHM_GET_CREATED, 0);
	if (err)
		return err;
	if (get->mode & ~0777)
		return kshm_because(-EINVAL, KSHM_WHY_MODE, get->mode, 0777);

	registry = kshm_ns_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	if (get->key == IPC_PRIVATE && !name)
		return create(registry, get, NULL, owner);

	for (;;) {
		err = find(registry, get, name);
		if (err != -ENOENT)
			return err;
		if (!(get->flags & KSHM_GET_CREAT))
			return kshm_because(err, name ? KSHM_WHY_NO_NAME :
							KSHM_WHY_NO_KEY,
					    (u32)get->key, 0);
		err = create(registry, get, name, owner);
		/* Another creator was faster between the two: find again. */
		if (err != -EEXIST)
			return err;
	}
}
