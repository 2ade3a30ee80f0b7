// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a single call, against the number of segments and against the
 * number of attaches.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MEMORY_OBJECTS	10000
#define MOST_KEYS	7919	/* a prime, so that the keys come in no order */

static const struct backend *calls_of;

static int next_one(struct side *side)
{
	static unsigned int at;

	at += MOST_KEYS;
	return at % side->segments;
}

static void expect(bool good, struct side *side, const char *call)
{
	if (!good)
		die("%s of %s fails: %s", call, side->name, strerror(errno));
}

static void op_get(struct side *side)
{
	expect(calls_of->get(next_one(side) + 1, 1, 0600) >= 0, side, "shmget");
}

static void op_stat(struct side *side)
{
	struct shmid_ds ds;

	expect(!calls_of->ctl(side->ids[next_one(side)], IPC_STAT, &ds), side,
	       "IPC_STAT");
}

static void op_shm_stat(struct side *side)
{
	struct shmid_ds ds;
	int id = side->ids[next_one(side)];

	expect(calls_of->ctl(id & 0x7fff, SHM_STAT, &ds) >= 0, side,
	       "SHM_STAT");
}

static void op_info(struct side *side)
{
	struct shm_info info;

	expect(calls_of->ctl(0, SHM_INFO, (void *)&info) >= 0, side,
	       "SHM_INFO");
}

static void op_listing(struct side *side)
{
	int fd = open(calls_of->listing, O_RDONLY | O_CLOEXEC);
	static char text[1 << 16];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	expect(!n, side, "the listing");
	close(fd);
}

static void op_fork(struct side *side)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(0);
	expect(waitpid(pid, &status, 0) == pid && !status, side, "fork");
}

/* Two calls of which the second undoes the first: either's cost, and both's. */
struct pair {
	struct series first, second, both;
};

static void add_pair(struct pair *pair, double begin, double middle, double end)
{
	add(&pair->first, begin, middle);
	add(&pair->second, middle, end);
	add(&pair->both, begin, end);
}

static void sample_pair(const struct side *as, struct pair *pair,
			const char *first, const char *second, const char *both)
{
	sample(as, first, median(&pair->first));
	sample(as, second, median(&pair->second));
	sample(as, both, median(&pair->both));
}

static void run_attach(struct side *side, int id, const struct side *as)
{
	struct pair pair = { .first.count = 0 };
	double begin, middle, end;
	char *addr;

	settle();
	while (pair.both.count < MOST_REPEATS) {
		begin = now();
		addr = calls_of->at(id, NULL, 0);
		middle = now();
		expect(addr != (char *)-1 && !calls_of->dt(addr), side,
		       "attach and detach");
		end = now();
		add_pair(&pair, begin, middle, end);
	}
	sample_pair(as, &pair, "shmat", "shmdt", "shmat+shmdt");
}

static void run_create(struct side *side, const struct side *as)
{
	struct pair pair = { .first.count = 0 };
	double begin, middle, end;
	int id;

	settle();
	while (pair.both.count < MOST_REPEATS) {
		begin = now();
		id = calls_of->get(0x7fffffff, 4096, IPC_CREAT | 0600);
		middle = now();
		expect(id >= 0 && !calls_of->ctl(id, IPC_RMID, NULL), side,
		       "create and remove");
		end = now();
		add_pair(&pair, begin, middle, end);
	}
	sample_pair(as, &pair, "create", "IPC_RMID", "create+IPC_RMID");
}

void run_calls_as(struct side *side, const struct side *as)
{
	calls_of = as->calls;
	sample(as, "shmget", cost(op_get, side));
	sample(as, "IPC_STAT", cost(op_stat, side));
	sample(as, "SHM_STAT", cost(op_shm_stat, side));
	sample(as, "SHM_INFO", cost(op_info, side));
	run_attach(side, side->ids[next_one(side)], as);
	run_create(side, as);
}

void run_fork_as(struct side *side, const struct side *as)
{
	sample(as, "fork+exit", cost(op_fork, side));
}

static void prepare_segments(struct side *side, int size)
{
	add_segments(side, size, 4096);
}

static void run_calls(struct side *side, int size)
{
	static const struct side no_library = { .name = "ioctl", .calls = &bare };

	run_calls_as(side, side);
	sample(side, "listing", cost(op_listing, side));
	if (side->calls == &kshm)
		run_calls_as(side, &no_library);
}

static const int segment_counts[] = { 1, 10, 100, 1000, 4000, 10000, 32000, 0 };
static const int one[] = { 1, 0 };

/*
 * The costs that attaches add to a fork. A fork would copy attaches of the other
 * side, too, so a round begins and ends without attaches.
 */
static void sample_fork(struct side *side, int attaches, bool same)
{
	double base, all;

	calls_of = side->calls;
	base = cost(op_fork, side);
	add_attaches(side, attaches, same);
	all = cost(op_fork, side);
	sample(side, "fork+exit", all);
	sample(side, "fork+exit, added", all - base);
}

static void prepare_one(struct side *side, int size)
{
	add_segments(side, 1, 4096);
}

/*
 * Costs against the number of attaches of one segment, among them the cost of one
 * more attach.
 */
static void run_attaches(struct side *side, int size)
{
	sample_fork(side, size, true);
	run_attach(side, side->ids[0], side);
	sample(side, "IPC_STAT", cost(op_stat, side));
	remove_attaches(side);
}

static void cleanup(struct side *side)
{
	remove_attaches(side);
	remove_segments(side);
}

static const int attach_counts[] = { 1, 10, 100, 1000, 10000, 0 };

static void run_fork(struct side *side, int size)
{
	sample_fork(side, size, false);
	remove_attaches(side);
}

static const int fork_counts[] = { 16, 128, 0 };

static double slab(void)
{
	return meminfo("SReclaimable:") + meminfo("SUnreclaim:");
}

static void sample_memory(struct side *side, const char *what, double before)
{
	sample(side, what, (slab() - before) * 1024 / MEMORY_OBJECTS);
}

/*
 * The memory that an attach takes, in three states of its segment: never attached
 * before, attached before, and attached already. The first attach may leave memory
 * behind that a later one uses again. Memory that is freed late must not count in
 * the next sample; so this sleeps after each removal.
 */
static void run_memory(struct side *side, int size)
{
	double before = slab(), at;

	add_segments(side, size, 4096);
	sample_memory(side, "segment", before);
	at = slab();
	add_attaches(side, size, false);
	sample_memory(side, "first attach", at);
	remove_attaches(side);
	sleep(1);
	at = slab();
	add_attaches(side, size, false);
	sample_memory(side, "attach again", at);
	sample_memory(side, "segment, attached", before);
	at = slab();
	add_attaches(side, 2 * size, false);
	sample_memory(side, "second attach", at);
	cleanup(side);
	sleep(1);
}

static const int memory_counts[] = { MEMORY_OBJECTS, 0 };

const struct row calls_rows[] = {
	{ "calls", COUNT, segment_counts, false, prepare_segments, run_calls,
	  cleanup },
	{ "calls", TIME, one, false, prepare_segments, run_calls, cleanup },
	{ "attaches", COUNT, attach_counts, false, prepare_one,
	  run_attaches, cleanup },
	{ "fork", COUNT | TIME, fork_counts, false, prepare_segments, run_fork,
	  cleanup },
	{ "memory", COUNT, memory_counts, false, NULL, run_memory, NULL },
	{ 0 }
};
