// SPDX-License-Identifier: GPL-2.0
/*
 * usage: bench count|time ROUNDS CPUS ROW...
 *        bench profile [switch]
 *
 * Measures the rows that are named, "all" for all of them (see bench.h); or makes
 * each call between marks (see profile.c), those of kshm by the system calls if
 * "switch" is said.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "bench.h"

#define OUTPUT_BYTES	(1 << 20)

enum { IN_TREE, KSHM, MEMFD, SIDES };

static struct side sides[SIDES] = {
	[IN_TREE] = { .name = "in-tree", .calls = &intree },
	[KSHM] = { .name = "kshm", .calls = &kshm },
	[MEMFD] = { .name = "memfd" },
};

static const struct row *const tables[] = {
	calls_rows, pages_rows, cpus_rows, users_rows, switch_rows
};

static const struct row *row_now;
static int size_now, round_now;

enum mode mode;
int cpus;

void sample(const struct side *side, const char *figure, double value)
{
	printf("@sample\t%s\t%d\t%s\t%s\t%d\t%.9g\n", row_now->name, size_now,
	       figure, side->name, round_now, value);
}

/*
 * Samples are kept back while something is measured: bytes that a serial port still
 * has to send would disturb it.
 */
static void say(void)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

/* Samples may be missed out; a whole side may not be left unremoved. */
static void check_empty(const struct side *side)
{
	struct shm_info info;

	if (side->calls->ctl(0, SHM_INFO, (void *)&info) < 0)
		die("SHM_INFO of %s: %s", side->name, strerror(errno));
	if (info.used_ids)
		die("%s has %d segments that are not the bench's", side->name,
		    info.used_ids);
}

static void run_row(const struct row *row, int rounds)
{
	int count = row->floor ? SIDES : MEMFD, i;
	const int *size;

	row_now = row;
	for (size = row->sizes; *size; size++) {
		size_now = *size;
		printf("@row\t%s\t%d\n", row->name, *size);
		say();
		for (i = 0; i < count && row->prepare; i++)
			row->prepare(&sides[i], *size);
		for (round_now = 0; round_now < rounds; round_now++)
			for (i = 0; i < count; i++)
				row->run(&sides[i], *size);
	}
	say();
	for (i = 0; i < count && row->cleanup; i++)
		row->cleanup(&sides[i]);
	for (i = 0; i < MEMFD; i++)
		check_empty(&sides[i]);
}

static bool wanted(const char *name, char **names)
{
	for (; *names; names++)
		if (!strcmp(*names, name) || !strcmp(*names, "all"))
			return true;
	return false;
}

static void check_names(char **names)
{
	for (; *names; names++) {
		bool known = !strcmp(*names, "all");
		const struct row *row;
		int i;

		for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
			for (row = tables[i]; row->name; row++)
				known |= !strcmp(*names, row->name);
		if (!known)
			die("there is no row %s", *names);
	}
}

/* kshm_switch stays loaded, for its symbols. */
static void profile_sides(bool switched)
{
	settle_boot();
	profile(&sides[IN_TREE]);
	if (switched) {
		switch_on();
		sides[KSHM].calls = &intree;
	}
	profile(&sides[KSHM]);
	profile_done();
}

int main(int argc, char **argv)
{
	const struct row *row;
	int rounds, i;

	if (argc > 1 && !strcmp(argv[1], "profile")) {
		profile_sides(argc > 2 && !strcmp(argv[2], "switch"));
		return 0;
	}
	if (argc < 5)
		die("usage: bench count|time ROUNDS CPUS ROW...");
	mode = strcmp(argv[1], "count") ? TIME : COUNT;
	rounds = atoi(argv[2]);
	cpus = atoi(argv[3]);
	check_names(argv + 4);
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BYTES);

	clock_init();
	for (i = 0; i < SIDES; i++)
		sides[i].probe = -1;
	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (row = tables[i]; row->name; row++)
			if (row->modes & mode && wanted(row->name, argv + 4))
				run_row(row, rounds);
	return 0;
}
