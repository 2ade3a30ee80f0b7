// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table name -> segment, for segments that have a name in place of a key.
 *
 * It has a file of its own for speed: where two kinds of hash tables meet in one
 * file, the compiler inlines the functions of neither, and a lookup by key takes
 * 40 instructions more.
 */
#include "kshm.h"

#include <linux/jhash.h>

/* rhashtable passes the fixed length of its keys. Names have none, so @len is 0. */
static u32 names_hash(const void *name, u32 len, u32 seed)
{
	return jhash(name, strlen(name), seed);
}

static u32 names_hash_segment(const void *segment, u32 len, u32 seed)
{
	return names_hash(((const struct kshm_segment *)segment)->name, len,
			  seed);
}

static int names_compare(struct rhashtable_compare_arg *arg,
			 const void *segment)
{
	return strcmp(arg->key, ((const struct kshm_segment *)segment)->name);
}

static const struct rhashtable_params names_params = {
	.head_offset		= offsetof(struct kshm_segment, node),
	.hashfn			= names_hash,
	.obj_hashfn		= names_hash_segment,
	.obj_cmpfn		= names_compare,
	.automatic_shrinking	= true,
};

/**
 * kshm_names_init() - make an empty table
 * @names:	the table, for rhashtable_destroy()
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_names_init(struct rhashtable *names)
{
	return rhashtable_init(names, &names_params);
}

/**
 * kshm_names_insert() - hash a segment by its name
 * @names:	the table
 * @segment:	segment with a name, in no table
 *
 * Context: Caller holds the registry's lock.
 *
 * Return: 0; -EEXIST where another segment has the name, -ENOMEM.
 */
int kshm_names_insert(struct rhashtable *names, struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->registry->lock);
	return rhashtable_lookup_insert_key(names, segment->name, &segment->node,
					    names_params);
}

/**
 * kshm_names_remove() - unhash a segment
 * @names:	the table
 * @segment:	a segment in it
 *
 * Context: Caller holds the registry's lock.
 */
void kshm_names_remove(struct rhashtable *names, struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->registry->lock);
	rhashtable_remove_fast(names, &segment->node, names_params);
}

/**
 * kshm_names_find() - look up a segment by its name
 * @names:	the table
 * @name:	name, not empty
 *
 * Context: RCU read lock.
 *
 * Return: as kshm_registry_find_key().
 */
struct kshm_segment *kshm_names_find(struct rhashtable *names, const char *name)
{
	return rhashtable_lookup(names, name, names_params);
}
