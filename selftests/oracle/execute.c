// SPDX-License-Identifier: GPL-2.0
/*
 * Does one operation in its actor. An access to memory can end in a signal; that
 * is a result like any other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

/* A page that begins with "ret" can be called, where that is one byte. */
#ifdef __x86_64__
#define RETURN_OPCODE	0xc3
#else
#define RETURN_OPCODE	-1
#endif
#define SYS_MSEAL	462
#define LIBRARY_FD	1000		/* libkshm moves its descriptor here */
#define SIGNAL_STACK	(16 * 1024)

struct side *my_side;
__thread struct actor *me;
const struct backend *my_backend;

static __thread sigjmp_buf guard;
static __thread volatile sig_atomic_t guarded;

static void on_signal(int number, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;

	if (!guarded) {
		me->last[0] = (unsigned long)info->si_addr;
		me->last[1] = at->uc_mcontext.gregs[REG_RIP];
		_exit(128 + number);
	}
	guarded = 0;
	me->result.signal = number;
	me->result.code = info->si_code;
	me->result.fault = (unsigned long)info->si_addr;
	siglongjmp(guard, 1);
}

/* To be called in each thread. Signals are handled on a stack of their own. */
void execute_init(void)
{
	static char stacks[ACTORS][SIGNAL_STACK];
	stack_t stack = {
		.ss_sp = stacks[me - my_side->actor],
		.ss_size = SIGNAL_STACK,
	};
	struct sigaction action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};

	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
}

/* True the first time, false after a signal. access_end() must follow both. */
#define access_begin()	(guarded = 1, !sigsetjmp(guard, 0))
#define access_end()	(guarded = 0)

static bool is_data(const void *buf)
{
	return (unsigned long)buf - DATA_AT < DATA_PAGES * PAGE;
}

/* Fill as much of a buffer as can be written to. */
static void poison(volatile unsigned char *buf)
{
	int i;

	if (access_begin())
		for (i = 0; i < OUT_MAX; i++)
			buf[i] = POISON;
	access_end();
}

/* Copy as much of a buffer as can be read into the result. */
static void keep(const volatile unsigned char *buf)
{
	struct result *res = &me->result;

	if (access_begin())
		for (; res->out_size < OUT_MAX; res->out_size++)
			res->out[res->out_size] = buf[res->out_size];
	access_end();
}

/* A signal of poison() or keep() is not the operation's result. */
static void forget_signal(void)
{
	me->result.signal = 0;
	me->result.code = 0;
	me->result.fault = 0;
}

static long do_get(const long *arg)
{
	long id = answer(my_backend->get((key_t)arg[0], arg[1], (int)arg[2]));

	if (id >= 0)
		my_side->segment[arg[3]] = (int)id;
	return id;
}

static long do_at(const long *arg)
{
	long addr = answer((long)my_backend->at((int)arg[0], (void *)arg[1],
						(int)arg[2]));

	if (addr >= 0)
		my_side->address[arg[3]] = addr;
	return addr;
}

static long do_dt(const long *arg)
{
	return answer(my_backend->dt((void *)arg[0]));
}

static long do_ctl(const long *arg)
{
	unsigned char *buf = (unsigned char *)arg[2];
	long ret;

	/* Bytes that the call does not write to will show. */
	if (arg[1] != IPC_SET && is_data(buf))
		poison(buf);
	ret = answer(my_backend->ctl((int)arg[0], (int)arg[1], buf));
	if (arg[1] != IPC_SET && arg[1] != IPC_RMID)
		keep(buf);
	/* The contents may differ as declared; no later operation shall see them. */
	if (ret == -EFAULT && arg[1] != IPC_SET)
		poison(buf);
	forget_signal();
	return ret;
}

static long do_set(const long *arg)
{
	struct shmid_ds ds = {
		.shm_perm.uid = (uid_t)arg[1],
		.shm_perm.gid = (gid_t)arg[2],
		.shm_perm.mode = (mode_t)arg[3],
	};
	unsigned char *buf = (unsigned char *)arg[4];

	if (access_begin())
		memcpy(buf, &ds, sizeof(ds));
	access_end();
	forget_signal();
	return answer(my_backend->ctl((int)arg[0], IPC_SET, buf));
}

static long do_churn(const long *arg)
{
	long i, id = 0;

	for (i = 0; i < arg[0] && id >= 0; i++) {
		id = answer(my_backend->get(IPC_PRIVATE, 1, 0600));
		if (id >= 0)
			my_backend->ctl((int)id, IPC_RMID, NULL);
	}
	return id;
}

static long do_peek(const long *arg)
{
	volatile long byte = -EFAULT;

	if (access_begin())
		byte = *(volatile unsigned char *)arg[0];
	access_end();
	return byte;
}

static long do_poke(const long *arg)
{
	volatile long ret = -EFAULT;

	if (access_begin()) {
		*(volatile unsigned char *)arg[0] = (unsigned char)arg[1];
		ret = 0;
	}
	access_end();
	return ret;
}

/* Call code at an address, if it is an instruction that returns at once. */
static long do_call(const long *arg)
{
	volatile long ret = -EFAULT;

	if (access_begin()) {
		ret = *(volatile unsigned char *)arg[0];
		if (ret == RETURN_OPCODE)
			((void (*)(void))arg[0])();
	}
	access_end();
	return ret;
}

static unsigned long add_up(unsigned long before, const char *page)
{
	const volatile unsigned long *word = (const void *)page;
	unsigned long sum = before;
	size_t i;

	if (!access_begin())
		return before + me->result.fault;
	for (i = 0; i < PAGE / sizeof(*word); i++)
		sum = sum * 31 + word[i];
	access_end();
	return sum;
}

/*
 * A page that is not in memory is not read, and counts as a page of zeros. That is
 * right because the guest has no swap. So the sum does not tell whether the kernel
 * has dropped a page that was only read.
 */
static unsigned long add_up_range(unsigned long sum, char *at, const char *end)
{
	static const char zeros[PAGE] __attribute__((aligned(8)));
	unsigned char resident;

	for (; at < end; at += PAGE) {
		if (mincore(at, PAGE, &resident))
			sum = sum * 31 + errno;
		else
			sum = add_up(sum, resident & 1 ? at : zeros);
	}
	return sum;
}

/* Add up all attached memory; of a very large attach only the beginning. */
static long do_sum(const long *arg)
{
	const char *line = me->maps, *next, *name;
	unsigned long start, end, sum = 0;

	(void)arg;
	look_at_maps();
	me->maps[me->maps_size - (me->maps_size == TEXT_MAX)] = '\0';
	for (; (next = strchr(line, '\n')); line = next + 1) {
		name = strchr(line, '/');
		if (!name || name > next || strncmp(name, "/SYSV", 5))
			continue;
		if (sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		if (end - start > ARENA_PAGES * PAGE)
			end = start + ARENA_PAGES * PAGE;
		sum = add_up_range(sum, (char *)start, (char *)end);
	}
	return sum & LONG_MAX;
}

static long do_mmap(const long *arg)
{
	long addr = answer((long)mmap((void *)arg[0], arg[1], (int)arg[2],
				      (int)arg[3], -1, 0));

	if (addr >= 0)
		my_side->address[arg[4]] = addr;
	return addr;
}

static long do_munmap(const long *arg)
{
	return answer(munmap((void *)arg[0], arg[1]));
}

static long do_mprotect(const long *arg)
{
	return answer(mprotect((void *)arg[0], arg[1], (int)arg[2]));
}

static long do_mremap(const long *arg)
{
	long addr = answer(syscall(SYS_mremap, arg[0], arg[1], arg[2], arg[3],
				   arg[4]));

	if (addr >= 0)
		my_side->address[arg[5]] = addr;
	return addr;
}

static long do_remap(const long *arg)
{
	return answer(syscall(SYS_remap_file_pages, arg[0], arg[1], arg[2],
			      arg[3], arg[4]));
}

static long do_madvise(const long *arg)
{
	return answer(madvise((void *)arg[0], arg[1], (int)arg[2]));
}

static long do_mlock(const long *arg)
{
	return answer(mlock((void *)arg[0], arg[1]));
}

static long do_munlock(const long *arg)
{
	return answer(munlock((void *)arg[0], arg[1]));
}

static long do_mlockall(const long *arg)
{
	return answer(mlockall((int)arg[0]));
}

static long do_munlockall(const long *arg)
{
	(void)arg;
	return answer(munlockall());
}

static long do_msync(const long *arg)
{
	return answer(msync((void *)arg[0], arg[1], (int)arg[2]));
}

static long do_mincore(const long *arg)
{
	size_t pages = (arg[1] + PAGE - 1) / PAGE;

	if (pages > OUT_MAX)
		pages = OUT_MAX;
	memset(me->result.out, POISON, OUT_MAX);
	me->result.out_size = OUT_MAX;
	return answer(mincore((void *)arg[0], pages * PAGE, me->result.out));
}

static long do_mbind(const long *arg)
{
	unsigned long node = 1;
	long ret;

	ret = answer(syscall(SYS_mbind, arg[0], arg[1], arg[2],
			     arg[2] ? &node : NULL, arg[2] ? 64 : 0, 0));
	if (!ret)
		syscall(SYS_get_mempolicy, me->result.out, NULL, 0, arg[0], 2);
	me->result.out_size = sizeof(int);
	return ret;
}

/* On a kernel without mseal() both sides get ENOSYS. */
static long do_mseal(const long *arg)
{
	return answer(syscall(SYS_MSEAL, arg[0], arg[1], 0));
}

static long do_uffd(const long *arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = arg[0], .len = arg[1] },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	long ret;

	if (fd < 0)
		return -errno;
	ret = answer(ioctl(fd, UFFDIO_API, &api));
	if (!ret)
		ret = answer(ioctl(fd, UFFDIO_REGISTER, &range));
	close(fd);
	return ret;
}

/* Write to memory as a debugger does, even if the mapping is read-only. */
static long do_force(const long *arg)
{
	unsigned char byte = (unsigned char)arg[1];
	int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = answer(pwrite(fd, &byte, 1, arg[0]));
	close(fd);
	return ret;
}

bool find_mapped(unsigned long addr, struct mapped *found)
{
	const char *line = me->maps, *next, *name;

	look_at_maps();
	for (; (next = memchr(line, '\n', me->maps + me->maps_size - line));
	     line = next + 1) {
		name = memchr(line, '/', next - line);
		if (name && !strncmp(name, "/SYSV", 5) &&
		    sscanf(line, "%lx-%lx %*s %lx %*s %d", &found->start,
			   &found->end, &found->offset, &found->id) == 4 &&
		    addr >= found->start && addr < found->end)
			return true;
	}
	return false;
}

/*
 * Open the file behind a mapping, as root can. Tell its attributes; before that,
 * truncate it unless the size is negative.
 */
static long do_mapfile(const long *arg)
{
	struct mapped mapped;
	struct stat st;
	char path[96];
	long ret;
	int fd;

	if (!find_mapped(arg[0], &mapped))
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 mapped.start, mapped.end);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = answer(arg[1] < 0 ? 0 : ftruncate(fd, arg[1]));
	if (!fstat(fd, &st)) {
		memcpy(me->result.out, &st.st_size, 8);
		memcpy(me->result.out + 8, &st.st_mode, 4);
		memcpy(me->result.out + 12, &st.st_uid, 4);
		memcpy(me->result.out + 16, &st.st_gid, 4);
		memcpy(me->result.out + MAPFILE_BLOCKS, &st.st_blocks, 4);
		memcpy(me->result.out + 24, &st.st_nlink, 4);
		me->result.out_size = 28;
	}
	close(fd);
	return ret;
}

/* Read another process's memory. */
static long do_readv(const long *arg)
{
	struct iovec here = { me->result.out, 8 };
	struct iovec there = { (void *)arg[1], 8 };

	me->result.out_size = 8;
	return answer(process_vm_readv(my_side->actor[arg[0]].pid, &here, 1,
				       &there, 1, 0));
}

/* Close the library's descriptor, as a program may that closes all it has. */
static long do_close(const long *arg)
{
	(void)arg;
	close(LIBRARY_FD);
	return 0;
}

static long do_fork(const long *arg)
{
	return actor_fork(&my_side->actor[arg[0]]);
}

static long do_thread(const long *arg)
{
	return actor_thread(&my_side->actor[arg[0]]);
}

static long do_exec(const long *arg)
{
	(void)arg;
	return actor_exec();
}

static long do_exit(const long *arg)
{
	(void)arg;
	if (me->thread)
		syscall(SYS_exit, 0);
	_exit(0);
}

static long do_setuid(const long *arg)
{
	return answer(syscall(SYS_setresuid, arg[0], arg[1], arg[2]));
}

static long do_setgid(const long *arg)
{
	return answer(syscall(SYS_setresgid, arg[0], arg[1], arg[2]));
}

static long do_setgroups(const long *arg)
{
	gid_t groups[2] = { (gid_t)arg[0], (gid_t)arg[1] };

	return answer(syscall(SYS_setgroups, 2, groups));
}

static long do_keepcaps(const long *arg)
{
	return answer(prctl(PR_SET_KEEPCAPS, arg[0], 0, 0, 0));
}

/* Drop it from the effective set. Only a change of user ids can raise it again. */
static long do_capdrop(const long *arg)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	long ret = answer(syscall(SYS_capget, &header, data));

	if (ret)
		return ret;
	data[0].effective &= ~(1U << arg[0]);
	return answer(syscall(SYS_capset, &header, data));
}

static long set_limit(int resource, unsigned long value)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	limit.rlim_cur = value;
	if (value > limit.rlim_max)
		limit.rlim_max = value;
	return answer(setrlimit(resource, &limit));
}

static long do_rlimit(const long *arg)
{
	return set_limit((int)arg[0], arg[1]);
}

/* Set RLIMIT_AS so that room for that many more pages is left. */
static long do_room(const long *arg)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	if (n <= 0)
		return -EIO;
	return set_limit(RLIMIT_AS, (strtoul(text, NULL, 10) + arg[0]) * PAGE);
}

static long write_sysctl(const char *path, unsigned long value)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lu\n", value);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = answer(write(fd, text, n));
	close(fd);
	return ret;
}

/* Set vm.max_map_count so that room for that many more mappings is left. */
static long do_maproom(const long *arg)
{
	long lines = arg[0];
	size_t i;

	look_at_maps();
	for (i = 0; i < me->maps_size; i++)
		lines += me->maps[i] == '\n';
	return write_sysctl("/proc/sys/vm/max_map_count", lines);
}

static long do_sysctl(const long *arg)
{
	static const char *const paths[] = {
		"/proc/sys/kernel/shmmax",
		"/proc/sys/kernel/shmall",
		"/proc/sys/kernel/shmmni",
		"/proc/sys/vm/overcommit_memory",
	};

	return write_sysctl(paths[arg[0] & 3], arg[1]);
}

static long do_newipc(const long *arg)
{
	(void)arg;
	return answer(unshare(CLONE_NEWIPC));
}

/* It fails while the process has another thread, even one that is just ending. */
static long do_newuser(const long *arg)
{
	long ret;
	int i;

	(void)arg;
	for (i = 0; i < 20; i++) {
		ret = answer(unshare(CLONE_NEWUSER));
		if (ret != -EINVAL)
			break;
		usleep(1000);
	}
	return ret;
}

static long do_look(const long *arg)
{
	(void)arg;
	return 0;
}

static long do_flags(const long *arg)
{
	(void)arg;
	look_at_flags();
	return 0;
}

static void mark_gone(pid_t pid, int status)
{
	int i;

	for (i = 1; i < ACTORS; i++) {
		if (my_side->actor[i].pid != pid)
			continue;
		my_side->actor[i].status = status;
		my_side->actor[i].pid = 0;
	}
}

static long wait_for(pid_t pid, int flags)
{
	int status = 0;

	pid = waitpid(pid, &status, flags | __WALL);
	if (pid > 0)
		mark_gone(pid, status);
	return pid > 0 ? status : -1;
}

/* The manager waits for a process that exits by itself. */
static long do_wait(const long *arg)
{
	return arg[0] > 1 ? wait_for((pid_t)arg[0], 0) : -ESRCH;
}

static long do_kill(const long *arg)
{
	pid_t pid = my_side->actor[arg[0]].pid;

	/* It may have ended before it could tell its pid. */
	if (pid <= 1)
		return -ESRCH;
	if (kill(pid, SIGKILL))
		return -errno;
	return wait_for(pid, 0);
}

static long do_reap(const long *arg)
{
	(void)arg;
	while (wait_for(-1, WNOHANG) >= 0)
		;
	return 0;
}

static long do_freely(const long *arg)
{
	return freely(arg[0]);
}

static long (*const doers[OP_COUNT])(const long *arg) = {
	[OP_GET] = do_get,		[OP_AT] = do_at,
	[OP_DT] = do_dt,		[OP_CTL] = do_ctl,
	[OP_SET] = do_set,		[OP_CHURN] = do_churn,
	[OP_PEEK] = do_peek,		[OP_POKE] = do_poke,
	[OP_CALL] = do_call,		[OP_SUM] = do_sum,
	[OP_MMAP] = do_mmap,		[OP_MUNMAP] = do_munmap,
	[OP_MPROTECT] = do_mprotect,	[OP_MREMAP] = do_mremap,
	[OP_REMAP] = do_remap,		[OP_MADVISE] = do_madvise,
	[OP_MLOCK] = do_mlock,		[OP_MUNLOCK] = do_munlock,
	[OP_MLOCKALL] = do_mlockall,	[OP_MUNLOCKALL] = do_munlockall,
	[OP_MSYNC] = do_msync,		[OP_MINCORE] = do_mincore,
	[OP_MSEAL] = do_mseal,		[OP_UFFD] = do_uffd,
	[OP_FORCE] = do_force,		[OP_MAPFILE] = do_mapfile,
	[OP_READV] = do_readv,		[OP_CLOSE] = do_close,
	[OP_MBIND] = do_mbind,		[OP_FORK] = do_fork,
	[OP_THREAD] = do_thread,	[OP_EXEC] = do_exec,
	[OP_EXIT] = do_exit,		[OP_KILL] = do_kill,
	[OP_SETUID] = do_setuid,	[OP_SETGID] = do_setgid,
	[OP_SETGROUPS] = do_setgroups,	[OP_KEEPCAPS] = do_keepcaps,
	[OP_CAPDROP] = do_capdrop,	[OP_RLIMIT] = do_rlimit,
	[OP_ROOM] = do_room,		[OP_MAPROOM] = do_maproom,
	[OP_SYSCTL] = do_sysctl,	[OP_NEWIPC] = do_newipc,
	[OP_NEWUSER] = do_newuser,
	[OP_LOOK] = do_look,		[OP_FLAGS] = do_flags,
	[OP_START] = do_fork,		[OP_WAIT] = do_wait,
	[OP_REAP] = do_reap,		[OP_FREELY] = do_freely,
	[OP_FD] = do_fd,		[OP_MAPFD] = do_mapfd,
	[OP_CLOSEFD] = do_closefd,	[OP_WHO] = do_who,
	[OP_GROW] = do_grow,		[OP_NAMED] = do_named,
	[OP_OWNER] = do_owner,		[OP_OPEN] = do_open,
	[OP_UNLINK] = do_unlink,	[OP_OBJECTS] = do_objects,
};

static long resolve(const struct value *value, enum kind kind)
{
	if (kind == INTO_SEGMENT || kind == INTO_ADDRESS || kind == ACTOR)
		return value->slot;
	switch (value->base) {
	case 's':
		return my_side->segment[value->slot] + value->off;
	case 'a':
		return (long)my_side->address[value->slot] + value->off;
	case 'm':
		return (long)ARENA_AT + value->off;
	case 'd':
		return (long)DATA_AT + value->off;
	default:
		return value->off;
	}
}

long execute_one(const struct op *op)
{
	long arg[ARGS];
	int i;

	memset(&me->result, 0, sizeof(me->result));
	for (i = 0; i < ARGS; i++)
		arg[i] = op->code < OP_WORDS ?
			 resolve(&op->arg[i], vocabulary[op->code].arg[i].kind) :
			 op->arg[i].off;
	return doers[op->code](arg);
}

/*
 * Reading texts takes most of the time. So an actor's mappings are read only after
 * operations that can change them. look_at_everybody() reads all of them now and
 * then.
 */
static bool changes_maps(unsigned char code)
{
	switch (code) {
	case OP_AT: case OP_DT: case OP_MMAP: case OP_MUNMAP: case OP_MPROTECT:
	case OP_MREMAP: case OP_REMAP: case OP_MADVISE: case OP_MLOCK:
	case OP_MUNLOCK: case OP_MLOCKALL: case OP_MUNLOCKALL: case OP_MBIND:
	case OP_FORK: case OP_THREAD: case OP_LOOK: case OP_UFFD:
	case OP_MSEAL:
		return true;
	default:
		return false;
	}
}

/* Operations that cannot change any segment. */
static bool spares_listing(unsigned char code)
{
	switch (code) {
	case OP_MSYNC: case OP_MINCORE: case OP_SETUID: case OP_SETGID:
	case OP_SETGROUPS: case OP_KEEPCAPS: case OP_CAPDROP: case OP_RLIMIT:
	case OP_ROOM: case OP_MAPROOM: case OP_SYSCTL: case OP_FLAGS:
	case OP_CLOSE: case OP_UFFD: case OP_REAP:
		return true;
	case OP_LOOK:
		return me != my_side->actor;
	default:
		return false;
	}
}

static const char *note_text(const char *text, size_t size)
{
	char *kept = my_side->notes + my_side->notes_size;

	memcpy(kept, text, size);
	my_side->notes_size += size;
	return kept;
}

static void note(struct noted *noted, bool listing, bool maps)
{
	noted->result = me->result;
	noted->listing = NULL;
	noted->maps = NULL;
	if (listing) {
		noted->listed_when = my_side->listed_when;
		noted->listing_size = my_side->listing_size;
		noted->listing = note_text(my_side->listing,
					   my_side->listing_size);
	}
	if (maps) {
		noted->maps_size = me->maps_size;
		noted->maps = note_text(me->maps, me->maps_size);
	}
}

/*
 * An operation that failed should have changed nothing, so it is enough to look
 * after the next one. Only madvise() may fail in the middle of its work.
 */
void execute(void)
{
	bool listing = false, maps = false, look;
	int i;

	/* The manager may reap while another actor works; it never takes notes. */
	if (me->n > 1)
		my_side->notes_size = 0;
	for (i = 0; i < me->n; i++) {
		me->result.ret = execute_one(&me->ops[i]);
		note_written(&me->ops[i],
			     resolve(&me->ops[i].arg[0], ADDRESS),
			     me->result.ret);
		look = me->result.ret >= 0 || i == me->n - 1 ||
		       me->ops[i].code == OP_MADVISE;
		listing |= !spares_listing(me->ops[i].code);
		maps |= changes_maps(me->ops[i].code);
		if (listing && look)
			look_at_listing();
		if (maps && look)
			look_at_maps();
		if (me->n > 1)
			note(&my_side->noted[i], listing && look, maps && look);
		listing &= !look;
		maps &= !look;
		me->done = i + 1;
	}
}
