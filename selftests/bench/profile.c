// SPDX-License-Identifier: GPL-2.0
/*
 * Calls one by one, between marks that plugin/profile.c sees from outside. The
 * marks do nothing; only their addresses matter.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define REPEATS		100
#define CROWD		1000
#define FORK_ATTACHES	128

/* No two are alike: they must not be folded into one. */
#define MARK(code)	asm volatile("" : : "r" (code))

static __attribute__((noinline)) void mark_next(void)
{
	MARK(1);
}

static __attribute__((noinline)) void mark_begin(void)
{
	MARK(2);
}

static __attribute__((noinline)) void mark_end(void)
{
	MARK(3);
}

static __attribute__((noinline)) void mark_done(void)
{
	MARK(4);
}

/* A measured operation, and the steps before and after it. */
struct operation {
	const char	*name;
	void		(*before)(struct side *side);
	void		(*run)(struct side *side);
	void		(*after)(struct side *side);
};

static void check(bool good, const char *what)
{
	if (!good)
		die("%s: %s", what, strerror(errno));
}

static void do_nothing(struct side *side)
{
}

static void do_get(struct side *side)
{
	check(side->calls->get(1, 1, 0600) >= 0, "shmget");
}

static void do_stat(struct side *side)
{
	struct shmid_ds ds;

	check(!side->calls->ctl(side->ids[0], IPC_STAT, &ds), "IPC_STAT");
}

static void do_info(struct side *side)
{
	struct shm_info info;

	check(side->calls->ctl(0, SHM_INFO, (void *)&info) >= 0, "SHM_INFO");
}

static void do_attach(struct side *side)
{
	side->addrs[0] = attached(side, side->ids[0]);
}

static void do_detach(struct side *side)
{
	detached(side, side->addrs[0]);
}

static void do_create(struct side *side)
{
	side->probe = new_segment(side, 4096);
}

static void do_remove(struct side *side)
{
	removed(side, side->probe);
}

static void do_fork(struct side *side)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(0);
	check(waitpid(pid, &status, 0) == pid && !status, "fork");
}

static const struct operation alone[] = {
	{ "shmget", do_nothing, do_get, do_nothing },
	{ "IPC_STAT", do_nothing, do_stat, do_nothing },
	{ "SHM_INFO", do_nothing, do_info, do_nothing },
	{ "shmat", do_nothing, do_attach, do_detach },
	{ "shmdt", do_attach, do_detach, do_nothing },
	{ "create", do_nothing, do_create, do_remove },
	{ "IPC_RMID", do_create, do_remove, do_nothing },
};

static const struct operation shared[] = {
	{ "shmat-again", do_nothing, do_attach, do_detach },
	{ "shmdt-again", do_attach, do_detach, do_nothing },
};

static const struct operation crowded[] = {
	{ "SHM_INFO-1000", do_nothing, do_info, do_nothing },
};

static const struct operation forking[] = {
	{ "fork-128", do_nothing, do_fork, do_nothing },
};

static void profile_one(struct side *side, const struct operation *op)
{
	int i;

	printf("@phase\t%s\t%s\t%d\n", op->name, side->name, REPEATS);
	fflush(stdout);
	settle();
	mark_next();
	for (i = 0; i <= REPEATS; i++) {
		op->before(side);
		/* The first time finds caches cold. */
		if (i)
			mark_begin();
		op->run(side);
		mark_end();
		op->after(side);
	}
}

static void profile_all(struct side *side, const struct operation *ops,
			size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		profile_one(side, &ops[i]);
}

#define PROFILE(side, ops)						\
	profile_all(side, ops, sizeof(ops) / sizeof(*(ops)))

void profile(struct side *side)
{
	char *another;

	add_segments(side, 1, 4096);
	PROFILE(side, alone);
	another = attached(side, side->ids[0]);
	PROFILE(side, shared);
	detached(side, another);
	add_segments(side, CROWD, 4096);
	PROFILE(side, crowded);
	add_attaches(side, FORK_ATTACHES, false);
	PROFILE(side, forking);
	remove_attaches(side);
	remove_segments(side);
}

void profile_done(void)
{
	mark_done();
}
