// SPDX-License-Identifier: GPL-2.0
/*
 * What one user makes another one wait for. A does something again and again, as one
 * user on one CPU. B makes a call again and again, as another user on another CPU. The
 * figures are how many times as long B's call takes as without A, by the medians, and
 * the time that 99 of 100 calls stay below. In-tree in the same guest is what they stand
 * beside.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define CROWD		1000	/* segments, which both users may use */
#define MOST_WAITS	65536
#define MANY_ATTACHES	3000	/* of the process that forks */
#define FREED_MIB	16

/* How long each of B's calls took; both processes see it. */
static struct {
	int	count;
	double	times[MOST_WAITS];
} *waits;

static void (*act_now)(struct side *side);
static void (*wait_now)(struct side *side);

static void be_user(uid_t user)
{
	if (geteuid() != user)
		become(user, STAFF);
}

static int make_shared(struct side *side, key_t key)
{
	int id = side->calls->get(key, 4096, IPC_CREAT | 0666);

	if (id < 0)
		die("%s makes no segment: %s", side->name, strerror(errno));
	return id;
}

/* What A does. */

static void make_and_remove(struct side *side)
{
	removed(side, new_segment(side, 4096));
}

static void use_first(struct side *side)
{
	detached(side, attached(side, side->ids[0]));
}

static void add_up(struct side *side)
{
	struct shm_info info;

	if (side->calls->ctl(0, SHM_INFO, (void *)&info) < 0)
		die("SHM_INFO of %s: %s", side->name, strerror(errno));
}

static void read_listing(struct side *side)
{
	int fd = open(side->calls->listing, O_RDONLY | O_CLOEXEC);
	static char text[1 << 16];

	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

static void fork_with_attaches(struct side *side)
{
	pid_t pid;

	for (; side->attaches < MANY_ATTACHES; side->attaches++)
		attached(side, side->ids[side->attaches % CROWD]);
	pid = fork();
	if (!pid)
		_exit(0);
	reap(pid);
}

static void free_memory(struct side *side)
{
	int id = new_segment(side, FREED_MIB << 20);
	char *addr = attached(side, id);
	size_t i;

	for (i = 0; i < FREED_MIB << 20; i += 4096)
		addr[i] = 1;
	removed(side, id);
	detached(side, addr);
}

/* What B waits for. Its own segments are all but the first one, which A uses, too. */

static void get_first(struct side *side)
{
	if (side->calls->get(1, 1, 0600) < 0)
		die("shmget of %s: %s", side->name, strerror(errno));
}

static void stat_first(struct side *side)
{
	struct shmid_ds ds;

	if (side->calls->ctl(side->ids[0], IPC_STAT, &ds))
		die("IPC_STAT of %s: %s", side->name, strerror(errno));
}

static void use_other(struct side *side)
{
	detached(side, attached(side, side->ids[1]));
}

static const struct {
	const char *name;
	void (*act)(struct side *side);
} acts[] = {
	{ "the listing", read_listing },
	{ "SHM_INFO", add_up },
	{ "create+IPC_RMID", make_and_remove },
	{ "shmat+shmdt of its segment", use_first },
	{ "fork with 3000 attaches", fork_with_attaches },
	{ "freeing 16 MiB", free_memory },
};

static const struct {
	const char *name;
	void (*wait)(struct side *side);
} calls[] = {
	{ "shmget", get_first },
	{ "IPC_STAT", stat_first },
	{ "shmat+shmdt", use_first },
	{ "shmat+shmdt of another", use_other },
	{ "create+IPC_RMID", make_and_remove },
};

static void turn_of_a(struct side *side, int worker)
{
	be_user(ALICE);
	act_now(side);
}

static void turn_of_b(struct side *side, int worker)
{
	double begin;

	be_user(BOB);
	begin = now();
	wait_now(side);
	if (waits->count < MOST_WAITS)
		waits->times[waits->count++] = now() - begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Measures @call while the other user does @act. The times are sorted then. */
static void wait_beside(struct side *side, void (*call)(struct side *side),
			void (*act)(struct side *side))
{
	wait_now = call;
	act_now = act;
	waits->count = 0;
	first_does(side, turn_of_b, act ? turn_of_a : NULL);
	qsort(waits->times, waits->count, sizeof(double), compare);
}

static double middle_wait(void)
{
	return waits->times[waits->count / 2];
}

static void sample_waits(struct side *side, const char *call, const char *act,
			 double alone)
{
	char figure[128];

	snprintf(figure, sizeof(figure), "%s beside %s", call, act);
	sample(side, figure, middle_wait() / alone);
	snprintf(figure, sizeof(figure), "%s beside %s, 99 of 100", call, act);
	sample(side, figure, waits->times[waits->count * 99L / 100]);
}

static void prepare_users(struct side *side, int size)
{
	for (; side->segments < size; side->segments++)
		side->ids[side->segments] = make_shared(side, side->segments + 1);
	if (!waits)
		waits = mmap(NULL, sizeof(*waits), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (waits == MAP_FAILED)
		die("no memory for the waits: %s", strerror(errno));
}

static void run_users(struct side *side, int size)
{
	double alone;
	int a, b;

	if (cpus < 2)
		return;
	for (b = 0; b < sizeof(calls) / sizeof(*calls); b++) {
		wait_beside(side, calls[b].wait, NULL);
		alone = middle_wait();
		for (a = 0; a < sizeof(acts) / sizeof(*acts); a++) {
			wait_beside(side, calls[b].wait, acts[a].act);
			sample_waits(side, calls[b].name, acts[a].name, alone);
		}
	}
}

static const int crowd[] = { CROWD, 0 };

const struct row users_rows[] = {
	{ "users", TIME, crowd, false, prepare_users, run_users, remove_segments },
	{ 0 }
};
