// SPDX-License-Identifier: GPL-2.0
/* Processes, users, namespaces, limits, and memory that runs out. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../faults/faults.h"
#include "acts.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE	65
#endif

#define MOST_NTH	256	/* no step has many more places to fail */
#define UNMAPPED	(1 << 20)

enum { CHILD_EXITS, CHILD_STAYS, CHILD_EXECS, CHILD_UNMAPS, CHILD_VFORKS };

/* A process of an actor; 1, the first process of all, where there is none yet. */
static pid_t pid_of(long actor)
{
	return board->pids[actor] > 0 ? board->pids[actor] : 1;
}

static void be_child(long what)
{
	switch (what) {
	case CHILD_STAYS:
		for (;;)
			pause();
	case CHILD_EXECS:
		execl("/bin/true", "true", NULL);
		break;
	case CHILD_UNMAPS:
		munmap((void *)board->addresses[0], UNMAPPED);
		break;
	}
	_exit(0);
}

long act_fork(const long *arg)
{
	pid_t pid = arg[0] == CHILD_VFORKS ? vfork() : fork();

	if (!pid && arg[0] == CHILD_VFORKS)
		_exit(0);
	if (!pid)
		be_child(arg[0]);
	if (pid < 0)
		return -errno;
	if (arg[0] != CHILD_STAYS)
		waitpid(pid, NULL, 0);
	return 0;
}

/* An actor that is killed misses all steps from then on. */
long act_signal(const long *arg)
{
	return result(kill(pid_of(arg[0]), arg[1]));
}

long act_unshare(const long *arg)
{
	return result(unshare(arg[0]));
}

long act_join(const long *arg)
{
	char path[64];
	long ret;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", pid_of(arg[0]));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = result(setns(fd, CLONE_NEWIPC));
	close(fd);
	return ret;
}

long act_become(const long *arg)
{
	return result(syscall(SYS_setresgid, -1, arg[0], -1)) ?:
	       result(syscall(SYS_setresuid, -1, arg[0], -1));
}

long act_limit(const long *arg)
{
	struct rlimit limit;

	if (getrlimit(arg[0], &limit))
		return -errno;
	limit.rlim_cur = (rlim_t)arg[1] < limit.rlim_max ? (rlim_t)arg[1] :
							   limit.rlim_max;
	return result(setrlimit(arg[0], &limit));
}

long act_sysctl(const long *arg)
{
	static const char *const paths[] = { "/proc/sys/kernel/shmmax",
					     "/proc/sys/kernel/shmall",
					     "/proc/sys/kernel/shmmni" };
	int fd = open(paths[(unsigned long)arg[0] % 3], O_WRONLY | O_CLOEXEC);
	char text[32];
	long ret;

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%ld", arg[1]);
	ret = result(write(fd, text, strlen(text)));
	close(fd);
	return ret;
}

long act_mdwe(const long *arg)
{
	return result(prctl(PR_SET_MDWE, arg[0], 0, 0, 0));
}

long act_lock_all(const long *arg)
{
	return result(arg[0] ? mlockall(arg[0]) : munlockall());
}

long act_ptrace(const long *arg)
{
	pid_t pid = pid_of(arg[0]);
	long ret = result(ptrace(PTRACE_SEIZE, pid, 0, 0));

	if (ret)
		return ret;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, WNOHANG | __WALL);
	ptrace(PTRACE_PEEKDATA, pid, arg[1], 0);
	return result(ptrace(PTRACE_DETACH, pid, 0, 0));
}

/* Another actor's memory, which its attaches are part of. */
long act_peek(const long *arg)
{
	char bytes[64] = "";
	struct iovec mine = { bytes, sizeof(bytes) };
	struct iovec theirs = { (void *)arg[1], sizeof(bytes) };
	pid_t pid = pid_of(arg[0]);

	return result(arg[2] ? process_vm_writev(pid, &mine, 1, &theirs, 1, 0) :
			       process_vm_readv(pid, &mine, 1, &theirs, 1, 0));
}

static bool can_fail, armed;
static long next_fault;

void prepare_faults(void)
{
	can_fail = faults_begin();
}

/* In the next step of this actor, what can fail for the n-th time fails. */
long act_fault(const long *arg)
{
	next_fault = 1 + (unsigned long)arg[0] % MOST_NTH;
	return 0;
}

void begin_fault(bool spared)
{
	if (spared || !can_fail || !next_fault)
		return;
	arm(next_fault);
	armed = true;
	next_fault = 0;
}

void end_fault(void)
{
	if (armed)
		disarm();
	armed = false;
}
