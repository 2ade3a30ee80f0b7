// SPDX-License-Identifier: GPL-2.0
/*
 * The differences that are meant: each is told in Documentation/differences.rst
 * under the same id, and has a trace in traces/ that shows it.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "oracle.h"

/* Zeros, or what was there before. */
static bool zeroed_in_part(const struct result *a, const struct result *b)
{
	unsigned int i;

	for (i = 0; i < b->out_size; i++)
		if (b->out[i] && b->out[i] != POISON && b->out[i] != a->out[i])
			return false;
	return a->out_size == b->out_size;
}

/* The same but for what is in the buffer after EFAULT. */
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
		"After EFAULT of shmctl() a buffer that could be written to in part has zeros there, in-tree the beginning of the answer.",
		"The kernel tests the buffer by writing zeros; the library fills it in from the answer, and there is none after an error.",
		partial_buffer, false,
	},
	{
		"remap-own-stack",
		"SHM_REMAP over the caller's own stack is EFAULT before anything else is looked at; in-tree it succeeds, and the caller dies of it.",
		"The answer is still to be written to a struct on that stack.",
		remap_own_stack, false,
	},
	{
		"pageout-of-what-is-mapped",
		"MADV_PAGEOUT takes other pages out of memory than in-tree.",
		"It spares what is mapped more than once, and passes over what is not mapped; a fault here maps the pages around it too.",
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

/* Of what an operation returned. */
const struct declared *declared_find(const struct op *op,
				     const struct result *a,
				     const struct result *b)
{
	return find(op, a, b, false);
}

/* Of the listing, which is the same but for the pages in memory. */
const struct declared *declared_find_rss(const struct op *op,
					 const struct result *a,
					 const struct result *b)
{
	return find(op, a, b, true);
}
