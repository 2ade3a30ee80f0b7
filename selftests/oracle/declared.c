// SPDX-License-Identifier: GPL-2.0
/*
 * The differences that are meant: each is told in Documentation/differences.rst
 * under the same id, and has a trace in traces/ that shows it.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/shm.h>

#include "oracle.h"

/* The same but for what is in the buffer after EFAULT. */
static bool partial_buffer(const struct op *op, const struct result *a,
			   const struct result *b)
{
	return a && b && op->code == OP_CTL && a->ret == -EFAULT &&
	       b->ret == -EFAULT && a->out_size == b->out_size;
}

static bool remap_own_stack(const struct op *op, const struct result *a,
			    const struct result *b)
{
	return b && b->ret == -EFAULT && op->code == OP_AT &&
	       op->arg[2].off & SHM_REMAP && (!a || a->ret != -EFAULT);
}

const struct declared declared_differences[] = {
	{
		"partial-buffer",
		"After EFAULT of shmctl() a buffer that could be written to in part has zeros there, in-tree the beginning of the answer.",
		"The kernel tests the buffer by writing zeros; the library fills it in from the answer, and there is none after an error.",
		partial_buffer,
	},
	{
		"remap-own-stack",
		"SHM_REMAP over the caller's own stack is EFAULT before anything else is looked at; in-tree it succeeds, and the caller dies of it.",
		"The answer is still to be written to a struct on that stack.",
		remap_own_stack,
	},
	{ NULL }
};

const struct declared *declared_find(const struct op *op,
				     const struct result *a,
				     const struct result *b)
{
	const struct declared *one;

	for (one = declared_differences; one->id; one++)
		if (one->applies(op, a, b))
			return one;
	return NULL;
}
