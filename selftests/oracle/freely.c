// SPDX-License-Identifier: GPL-2.0
/*
 * Actors that all do random operations at the same time, until they are told to
 * stop. All actors of a side use the same slots. So one actor meets the segments of
 * another, and a thread the attaches of other threads.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/ipc.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

#define CHILD_OPERATIONS	20
#define SWEEP_EVERY		100	/* operations, so that maps stay short */

static void one(uint64_t *random, bool child);

/*
 * Fork a child that does some operations, and ends or is killed meanwhile. A child
 * that ends in another way takes this process with it, which the oracle tells.
 */
static void family(uint64_t *random)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	int i, status, killed = (int)(random_next(random) & 1);

	if (!pid) {
		for (i = 0; i < CHILD_OPERATIONS || killed; i++)
			one(random, true);
		_exit(0);
	}
	if (pid < 0)
		return;
	if (killed) {
		usleep(random_next(random) % 5000);
		kill((pid_t)pid, SIGKILL);
	}
	if (waitpid((pid_t)pid, &status, __WALL) == pid && status && !killed)
		die("a child ended with status %#x", (unsigned int)status);
}

static bool creates(const struct op *op)
{
	if (op->code == OP_NAMED)
		return me->result.out[0];
	return op->code == OP_GET &&
	       (op->arg[0].off == IPC_PRIVATE ||
		(op->arg[2].off & (IPC_CREAT | IPC_EXCL)) ==
		(IPC_CREAT | IPC_EXCL));
}

/* Keep the id of a segment that was certainly created, not found. */
static void note(const struct op *op, long id)
{
	if (id >= 0 && creates(op) && me->created < CREATED_MAX)
		me->ids[me->created++] = (int)id;
}

static void sweep(void)
{
	struct op op = { .code = OP_DT, .arg[0].base = 'a' };

	for (; op.arg[0].slot < ADDRESS_SLOTS; op.arg[0].slot++)
		execute_one(&op);
}

/* A child forks no children of its own: they would live on when it is killed. */
static void one(uint64_t *random, bool child)
{
	struct op op;

	if (!(random_next(random) % SWEEP_EVERY))
		sweep();
	generate_freely(&op, random);
	if (op.code >= OP_BEYOND && my_backend != &backends[KSHM])
		return;
	me->doing = op;
	me->operations++;
	if (op.code == OP_FORK && !child)
		family(random);
	else if (op.code != OP_FORK)
		note(&op, execute_one(&op));
}

long freely(uint64_t random)
{
	while (!__atomic_load_n(&control->stop, __ATOMIC_ACQUIRE))
		one(&random, false);
	return 0;
}
