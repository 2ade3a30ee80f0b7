// SPDX-License-Identifier: GPL-2.0
/*
 * Does a program. It has a pid namespace, an IPC namespace and a mount namespace of
 * its own, so nothing of it is left when their first process ends: the kernel kills
 * all others with it.
 *
 * The first process gives each step to its actor and waits for a moment. An actor that
 * sleeps in a call, or is dead, misses its steps until it has ended that one; the other
 * actors go on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define LONGEST_MS	4000	/* for all steps */
#define HANG_MS		120000	/* for the end of all processes */

struct board *board;
long patience = 20;

static const struct program *running;
static bool slow[ACTORS];

/*
 * The kernel puts a new mapping beside others. So a step that goes beyond an attach would
 * meet memory of the fuzzer's own, if there were no distance. Mapped apart, the two would
 * have a gap between them, because the kernel aligns large mappings.
 */
void *map_apart(size_t size, int flags, int fd)
{
	char *room = mmap(NULL, DISTANCE + size + DISTANCE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *map = MAP_FAILED;

	if (room != MAP_FAILED)
		map = mmap(room + DISTANCE, size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED | flags, fd, 0);
	if (map == MAP_FAILED)
		die("no memory of its own: %s", strerror(errno));
	return map;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

static void wait_for_change(int *word, int value, long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &ts, NULL, 0);
}

static void change(int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int read_word(int *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static __attribute__((noreturn)) void act(int actor)
{
	int turn, last = 0;

	cover_begin();
	execute_init(actor);
	for (;;) {
		turn = read_word(&board->turn[actor]);
		if (turn == last) {
			wait_for_change(&board->turn[actor], turn, 1000);
			continue;
		}
		last = turn;
		cover_step_begins();
		execute(&running->steps[turn - 1]);
		cover_step_ends();
		change(&board->done[actor], turn);
	}
}

/* Waits until the actor has ended its step. False if that takes long. */
static bool becomes_idle(int actor)
{
	long end = now_ms() + (slow[actor] ? 0 : patience), left;
	int done;

	while ((done = read_word(&board->done[actor])) != board->turn[actor]) {
		left = end - now_ms();
		slow[actor] = left <= 0;
		if (slow[actor])
			return false;
		wait_for_change(&board->done[actor], done, left);
	}
	slow[actor] = false;
	return true;
}

static void direct(void)
{
	long end = now_ms() + LONGEST_MS;
	int i, actor;

	for (i = 0; i < running->n && now_ms() < end; i++) {
		actor = running->steps[i].actor;
		if (!becomes_idle(actor))
			continue;
		change(&board->turn[actor], i + 1);
		becomes_idle(actor);
	}
	for (actor = 0; actor < ACTORS; actor++)
		becomes_idle(actor);
}

/* A signal to a process group must not reach the fuzzer itself. */
static int first_process(void *unused)
{
	int actor;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setsid() < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL))
		die("namespaces of its own: %s", strerror(errno));
	for (actor = 0; actor < ACTORS; actor++) {
		board->pids[actor] = fork();
		if (!board->pids[actor])
			act(actor);
	}
	direct();
	_exit(0);
}

bool run(const struct program *program)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	long end = now_ms() + LONGEST_MS + HANG_MS;
	bool killed = false;
	pid_t pid;

	memset(board, 0, sizeof(*board));
	memset(board->ids, 0xff, sizeof(board->ids));
	running = program;
	pid = clone(first_process, stack + sizeof(stack),
		    CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNS | SIGCHLD, NULL);
	if (pid < 0)
		die("a process in new namespaces: %s", strerror(errno));
	while (waitpid(pid, NULL, WNOHANG) != pid) {
		if (!killed && now_ms() > end - HANG_MS) {
			kill(pid, SIGKILL);
			killed = true;
		}
		if (now_ms() > end)
			return false;
		usleep(500);
	}
	return true;
}
