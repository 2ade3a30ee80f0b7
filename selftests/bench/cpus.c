// SPDX-License-Identifier: GPL-2.0
/*
 * Processes on several CPUs slow each other down. Each worker repeats one thing
 * on a CPU of its own for a while; the figure is the time that one turn takes,
 * over all workers or of the first one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define WINDOW_MS	100
#define CROWD		4000	/* segments that a reader has to go through */
#define FORK_ATTACHES	16

/* One for each worker, on cache lines of their own. */
struct worker {
	void		(*turn)(struct side *side, int worker);
	volatile long	turns;
	volatile double	begin, end;
} __attribute__((aligned(128)));

static struct {
	struct worker	workers[MOST_CPUS];
	volatile int	ready, go, stop;
} *shared;

static void start_over(void)
{
	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("no memory for the workers: %s", strerror(errno));
	memset(shared, 0, sizeof(*shared));
}

static void work(struct side *side, int number)
{
	struct worker *worker = &shared->workers[number];
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("no CPU %d: %s", number, strerror(errno));
	worker->turn(side, number);
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	while (!shared->go)
		sched_yield();
	worker->begin = now();
	while (!shared->stop) {
		worker->turn(side, number);
		worker->turns++;
	}
	worker->end = now();
	_exit(0);
}

static double turn_time(int worker)
{
	struct worker *w = &shared->workers[worker];

	return (w->end - w->begin) / (w->turns ?: 1);
}

/* Runs what start_over() and its callers have put into the workers. */
static void together(struct side *side, int workers)
{
	pid_t pids[MOST_CPUS];
	int i;

	for (i = 0; i < workers; i++) {
		pids[i] = spawn();
		if (!pids[i])
			work(side, i);
	}
	while (shared->ready < workers) {
		if (waitpid(-1, NULL, WNOHANG) > 0)
			die("a worker of %s has failed", side->name);
		usleep(1000);
	}
	shared->go = 1;
	usleep(WINDOW_MS * 1000);
	shared->stop = 1;
	for (i = 0; i < workers; i++)
		reap(pids[i]);
}

/* -> time that passes for each turn of any worker */
static double all_do(struct side *side, int workers,
		     void (*turn)(struct side *side, int worker))
{
	double rate = 0;
	int i;

	start_over();
	for (i = 0; i < workers; i++)
		shared->workers[i].turn = turn;
	together(side, workers);
	for (i = 0; i < workers; i++)
		rate += 1 / turn_time(i);
	return 1 / rate;
}

double first_does(struct side *side, void (*turn)(struct side *side, int worker),
		  void (*other)(struct side *side, int worker))
{
	start_over();
	shared->workers[0].turn = turn;
	shared->workers[1].turn = other;
	together(side, other ? 2 : 1);
	return turn_time(0);
}

static void turn_get_own(struct side *side, int worker)
{
	if (side->calls->get(worker + 1, 1, 0600) < 0)
		die("shmget of %s: %s", side->name, strerror(errno));
}

static void turn_get_same(struct side *side, int worker)
{
	turn_get_own(side, 0);
}

static void turn_attach_own(struct side *side, int worker)
{
	detached(side, attached(side, side->ids[worker]));
}

static void turn_attach_same(struct side *side, int worker)
{
	turn_attach_own(side, 0);
}

static void turn_info(struct side *side, int worker)
{
	struct shm_info info;

	if (side->calls->ctl(0, SHM_INFO, (void *)&info) < 0)
		die("SHM_INFO of %s: %s", side->name, strerror(errno));
}

static void turn_listing(struct side *side, int worker)
{
	int fd = open(side->calls->listing, O_RDONLY | O_CLOEXEC);
	static char text[1 << 16];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	if (n < 0)
		die("the listing of %s: %s", side->name, strerror(errno));
	close(fd);
}

static void turn_fork(struct side *side, int worker)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	reap(pid);
}

/* A worker's first turn is before the clock runs: it attaches there. */
static void fork_with(struct side *side, int worker, int first)
{
	if (!side->attaches)
		for (; side->attaches < FORK_ATTACHES; side->attaches++)
			attached(side, side->ids[first + side->attaches]);
	turn_fork(side, worker);
}

static void turn_fork_own(struct side *side, int worker)
{
	fork_with(side, worker, worker * FORK_ATTACHES);
}

static void turn_fork_same(struct side *side, int worker)
{
	fork_with(side, worker, 0);
}

static void prepare_few(struct side *side, int size)
{
	add_segments(side, MOST_CPUS * FORK_ATTACHES, 4096);
}

static void run_cpus(struct side *side, int size)
{
	double base;

	if (size > cpus)
		return;
	sample(side, "shmget", all_do(side, size, turn_get_own));
	sample(side, "shmget, one key", all_do(side, size, turn_get_same));
	sample(side, "shmat+shmdt", all_do(side, size, turn_attach_own));
	sample(side, "shmat+shmdt, one segment",
	       all_do(side, size, turn_attach_same));
	base = all_do(side, size, turn_fork);
	sample(side, "fork+exit", base);
	sample(side, "fork+exit, added",
	       all_do(side, size, turn_fork_own) - base);
	sample(side, "fork+exit, added, one set",
	       all_do(side, size, turn_fork_same) - base);
}

static void prepare_crowd(struct side *side, int size)
{
	add_segments(side, size, 4096);
}

static void run_readers(struct side *side, int size)
{
	if (cpus < 2)
		return;
	sample(side, "idle", first_does(side, turn_attach_own, NULL));
	sample(side, "beside SHM_INFO",
	       first_does(side, turn_attach_own, turn_info));
	sample(side, "beside the listing",
	       first_does(side, turn_attach_own, turn_listing));
}

static const int cpu_counts[] = { 1, 2, 3, 4, 0 };
static const int crowd[] = { CROWD, 0 };

const struct row cpus_rows[] = {
	{ "cpus", TIME, cpu_counts, false, prepare_few, run_cpus,
	  remove_segments },
	{ "readers", TIME, crowd, false, prepare_crowd, run_readers,
	  remove_segments },
	{ 0 }
};
