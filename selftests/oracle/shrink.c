// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a failing sequence short. Pieces of it are left out as long as it still
 * shows a difference of the same kind. The pieces become smaller, until no single
 * operation can be left out.
 */
#include <string.h>

#include "oracle.h"

#define RUNS_MAX	600
#define SECONDS_MAX	120

/* Of the same kind: after the same word, and in the same thing. */
static bool still_fails(const struct sequence *seq, struct difference *diff)
{
	static struct difference now;
	struct tally tally = { 0 };

	if (!lockstep(seq, &tally, &now))
		return false;
	if (now.what != diff->what || now.op.code != diff->op.code)
		return false;
	*diff = now;
	return true;
}

static void leave_out(struct sequence *out, const struct sequence *in, int at,
		      int size)
{
	out->seed = in->seed;
	out->world = in->world;
	out->n = in->n - size;
	memcpy(out->ops, in->ops, at * sizeof(*in->ops));
	memcpy(out->ops + at, in->ops + at + size,
	       (out->n - at) * sizeof(*in->ops));
}

void shrink(struct sequence *seq, struct difference *diff)
{
	static struct sequence less;
	double enough = seconds_now() + SECONDS_MAX;
	int runs = 0, size, at;
	bool shorter;

	if (diff->step + 1 < seq->n)
		seq->n = diff->step + 1;
	for (size = seq->n / 2 ?: 1; size; size = shorter ? size : size / 2) {
		shorter = false;
		for (at = 0; at + size <= seq->n && runs < RUNS_MAX &&
		     seconds_now() < enough; runs++) {
			leave_out(&less, seq, at, size);
			if (still_fails(&less, diff)) {
				*seq = less;
				shorter = true;
			} else {
				at += size;
			}
		}
	}
}
