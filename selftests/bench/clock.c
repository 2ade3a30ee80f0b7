// SPDX-License-Identifier: GPL-2.0
/*
 * The clock. Under QEMU's -icount the time-stamp counter counts instructions;
 * the kernel's clocks, derived from it, are rounded.
 */
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

/* An operation that takes long is repeated a few times only. */
#define ENOUGH		3e6
#define FEWEST		3

/* The time to wait for work in the background, such as late freeing. */
#define SETTLE_US	20000
/* The time to wait for the work that a kernel does after booting; in guest time. */
#define BOOT_SETTLE_S	10

static double clock_cost;

double now(void)
{
	struct timespec time;

	if (mode == COUNT)
		return __builtin_ia32_rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

void add(struct series *series, double begin, double end)
{
	series->values[series->count++] = end - begin - clock_cost;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(struct series *series)
{
	qsort(series->values, series->count, sizeof(double), compare);
	return series->values[series->count / 2];
}

void settle(void)
{
	usleep(SETTLE_US);
}

/* The first time finds caches cold, and does not count. */
double cost(void (*op)(struct side *side), struct side *side)
{
	struct series series = { .count = 0 };
	double begin, first, end;

	settle();
	op(side);
	first = now();
	do {
		begin = now();
		op(side);
		end = now();
		add(&series, begin, end);
	} while (series.count < FEWEST ||
		 (series.count < MOST_REPEATS && end - first < ENOUGH));
	return median(&series);
}

static void nothing(struct side *side)
{
}

void settle_boot(void)
{
	sleep(BOOT_SETTLE_S);
}

void clock_init(void)
{
	if (mode == COUNT)
		settle_boot();
	clock_cost = cost(nothing, NULL);
}
