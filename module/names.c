// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table name -> segment, for segments that have a name in place of a key.
 * In a file of its own: where two kinds of hash tables meet in one, the compiler
 * no longer makes the functions of either inline, and finding a key takes 40
 * instructions more.
 */
#include "kshm.h"

#include <linux/jhash.h>
#include <linux/lockdep.h>

static u32 hash(const void *name, u32 len, u32 seed)
{
	return jhash(name, strlen(name), seed);
}

static u32 hash_of(const void *segment, u32 len, u32 seed)
{
	return hash(((const struct kshm_segment *)segment)->name, len, seed);
}

static int compare(struct rhashtable_compare_arg *arg, const void *segment)
{
	return strcmp(arg->key, ((const struct kshm_segment *)segment)->name);
}

static const struct rhashtable_params params = {
	.head_offset		= offsetof(struct kshm_segment, node),
	.hashfn			= hash,
	.obj_hashfn		= hash_of,
	.obj_cmpfn		= compare,
	.automatic_shrinking	= true,
};

/**
 * kshm_names_init() - make an empty table
 * @names:	to be destroyed with rhashtable_destroy()
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_names_init(struct rhashtable *names)
{
	return rhashtable_init(names, &params);
}

/**
 * kshm_names_insert() - let a segment be found by its name
 * @names:	the table; its registry's lock is held
 * @segment:	has a name, and is in no table
 *
 * Return: 0; -EEXIST where another one has the name, -ENOMEM.
 */
int kshm_names_insert(struct rhashtable *names, struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->registry->lock);
	return rhashtable_lookup_insert_key(names, segment->name, &segment->node,
					    params);
}

/**
 * kshm_names_remove() - let it not be found any more
 * @names:	the table; its registry's lock is held
 * @segment:	is in there
 */
void kshm_names_remove(struct rhashtable *names, struct kshm_segment *segment)
{
	lockdep_assert_held(&segment->registry->lock);
	rhashtable_remove_fast(names, &segment->node, params);
}

/**
 * kshm_names_find() - find a segment by its name
 * @names:	the table
 * @name:	not empty
 *
 * As kshm_registry_find_key().
 *
 * Return: the segment, as long as RCU is held; NULL for none.
 */
struct kshm_segment *kshm_names_find(struct rhashtable *names, const char *name)
{
	return rhashtable_lookup(names, name, params);
}
