// SPDX-License-Identifier: GPL-2.0
/*
 * The differences that are intended. Documentation/differences.rst describes each
 * under the same id, and a trace in traces/ shows each.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "oracle.h"

/* Each byte of kshm's buffer is 0, or untouched, or the same as in-tree. */
static bool zeroed_in_part(const struct result *a, const struct result *b)
{
	unsigned int i;

	for (i = 0; i < b->out_size; i++)
		if (b->out[i] && b->out[i] != POISON && b->out[i] != a->out[i])
			return false;
	return a->out_size == b->out_size;
}

/* Both fail with EFAULT, and only the buffer's contents differ. */
static bool partial_buffer(const struct op *op, const struct result *a,
			   const struct result *b)
{
	return a && b && op->code == OP_CTL && a->ret == -EFAULT &&
	       b->ret == -EFAULT && zeroed_in_part(a, b);
}

static bool remap_own_stack(const struct op *op, const struct result *a,
			    const struct result *b)
{
	return b && b->ret == -EFAULT && op->code == OP_AT &&
	       op->arg[2].off & SHM_REMAP && (!a || a->ret != -EFAULT);
}

static bool pages_out(const struct op *op, const struct result *a,
		      const struct result *b)
{
	return a && b && a->ret == b->ret && op->code == OP_MADVISE &&
	       op->arg[2].off == MADV_PAGEOUT;
}

const struct declared declared_differences[] = {
	{
		"partial-buffer",
		"If only a part of shmctl()'s buffer can be written to, the call fails with EFAULT on both sides. That part then has zeros, and in-tree the beginning of the answer.",
		"The module tests the buffer by writing zeros. The library fills it in from the answer, and there is no answer after an error.",
		partial_buffer, false,
	},
	{
		"remap-own-stack",
		"SHM_REMAP over the caller's own stack fails with EFAULT before any other check. In-tree it succeeds, and ends the caller.",
		"The library's struct, to which the answer is written, is on that stack.",
		remap_own_stack, false,
	},
	{
		"pageout-of-what-is-mapped",
		"MADV_PAGEOUT takes other pages out of memory than in-tree.",
		"It skips pages that are mapped more than once, and pages that the caller has not mapped. In kshm a fault also maps the pages around it.",
		pages_out, true,
	},
	{ NULL }
};

static const struct declared *find(const struct op *op, const struct result *a,
				   const struct result *b, bool rss)
{
	const struct declared *one;

	for (one = declared_differences; one->id; one++)
		if (one->rss == rss && one->applies(op, a, b))
			return one;
	return NULL;
}

/* Find the declared difference between two results. */
const struct declared *declared_find(const struct op *op,
				     const struct result *a,
				     const struct result *b)
{
	return find(op, a, b, false);
}

/* Likewise between two listings that differ in resident bytes alone. */
const struct declared *declared_find_rss(const struct op *op,
					 const struct result *a,
					 const struct result *b)
{
	return find(op, a, b, true);
}
