// SPDX-License-Identifier: GPL-2.0
/*
 * Counts how operations ended. So one can see whether the generator's proportions
 * are good: most operations should succeed, and each should also fail.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>

#include "oracle.h"

#define ERRNO_MAX	134

static unsigned long succeeded[OP_WORDS];
static unsigned long failed[OP_WORDS][ERRNO_MAX];
static unsigned long signalled[OP_WORDS];

void statistics_add(const struct op *op, const struct result *res)
{
	if (res->signal)
		signalled[op->code]++;
	else if (res->ret < 0 && res->ret > -ERRNO_MAX)
		failed[op->code][-res->ret]++;
	else
		succeeded[op->code]++;
}

void statistics_print(void)
{
	int code, err;

	for (code = 0; code < OP_BEYOND; code++) {
		printf("oracle: %-16s %6lu good", vocabulary[code].name,
		       succeeded[code]);
		if (signalled[code])
			printf(", %lu signals", signalled[code]);
		for (err = 1; err < ERRNO_MAX; err++)
			if (failed[code][err])
				printf(", %lu %s", failed[code][err],
				       strerrorname_np(err));
		putchar('\n');
	}
}
