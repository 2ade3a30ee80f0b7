// SPDX-License-Identifier: GPL-2.0
/*
 * The processes of a side.
 *
 * Every process but the controller begins with an exec of this program. So the
 * address spaces of both sides are the same to the byte. A process inherits only a
 * few descriptors from the controller, at numbers that nothing else uses.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kshm.h"
#include "oracle.h"

#define CONTROL_FD	900
#define SELF_FD		901
#define LISTING_FD	902
#define MAPS_FD		903

#define STACK_SIZE	(32 * 1024)
#define USERNS_IDS	65536

struct control *control;

static int intree_get(key_t key, size_t size, int flags)
{
	return (int)syscall(SYS_shmget, key, size, flags);
}

static void *intree_at(int id, const void *addr, int flags)
{
	return (void *)syscall(SYS_shmat, id, addr, flags);
}

static int intree_dt(const void *addr)
{
	return (int)syscall(SYS_shmdt, addr);
}

static int intree_ctl(int id, int cmd, void *buf)
{
	return (int)syscall(SYS_shmctl, id, cmd, buf);
}

static int module_ctl(int id, int cmd, void *buf)
{
	return kshm_shmctl(id, cmd, buf);
}

const struct backend backends[SIDES] = {
	{ "in-tree", "/proc/sysvipc/shm",
	  intree_get, intree_at, intree_dt, intree_ctl },
	{ "kshm", "/proc/kshm/shm",
	  kshm_shmget, kshm_shmat, kshm_shmdt, module_ctl },
};

/* Return: false if the time ran out. */
bool futex_wait(int *word, int value, long milliseconds)
{
	struct timespec limit = {
		.tv_sec = milliseconds / 1000,
		.tv_nsec = milliseconds % 1000 * 1000000,
	};

	return !syscall(SYS_futex, word, FUTEX_WAIT, value,
			milliseconds ? &limit : NULL, NULL, 0) ||
	       errno != ETIMEDOUT;
}

void futex_wake(int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void move_fd(int fd, int number, int flags)
{
	if (fd < 0 || dup3(fd, number, flags) != number)
		die("descriptor %d: %s", number, strerror(errno));
	close(fd);
}

static bool map_control(void)
{
	control = mmap((void *)CTL_AT, sizeof(*control),
		       PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED_NOREPLACE, CONTROL_FD, 0);
	return control == (void *)CTL_AT;
}

void control_make(void)
{
	move_fd(memfd_create("oracle", 0), CONTROL_FD, 0);
	if (ftruncate(CONTROL_FD, sizeof(*control)))
		die("no memory for the shared region: %s", strerror(errno));
	move_fd(open("/proc/self/exe", O_RDONLY), SELF_FD, 0);
	if (!map_control())
		die("the shared region cannot be mapped: %s", strerror(errno));
}

/*
 * Without restartable sequences: their area is in the process's memory, and the
 * kernel reads it whenever the process was preempted. Where an actor has attached
 * a segment over that area, this would put a page into the segment, or not.
 */
static long exec_as(const char *role, long which, long slot)
{
	char where[64];
	const char *const argv[] = { "oracle", "--side", where, NULL };
	const char *const envp[] = {
		"GLIBC_TUNABLES=glibc.pthread.rseq=0", NULL
	};

	snprintf(where, sizeof(where), "%s:%ld:%ld", role, which, slot);
	syscall(SYS_execveat, SELF_FD, "", argv, envp, AT_EMPTY_PATH);
	return -errno;
}

static void write_map(pid_t pid, const char *file, unsigned long first)
{
	char path[64], line[64];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	n = snprintf(line, sizeof(line), "0 %lu %d\n", first, USERNS_IDS);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, line, n) != n)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

/* Limits count what a user has. Here each side gets users of its own. */
static void map_users(int which, pid_t manager)
{
	unsigned long first = USERNS_IDS * (which + 1UL);

	write_map(manager, "uid_map", first);
	write_map(manager, "gid_map", first);
}

/*
 * Become root, of the user namespace if there is one. Without that, the exec would
 * take all capabilities away.
 */
static void be_root(void)
{
	if (setresgid(0, 0, 0) || setresuid(0, 0, 0) || setgroups(0, NULL))
		_exit(1);
}

/* Return: the pid of the side's manager. */
pid_t side_start(int which, const struct world *world)
{
	struct side *side = &control->side[which];
	long flags = CLONE_NEWIPC | CLONE_NEWPID | SIGCHLD;
	struct actor *manager = &side->actor[0];
	pid_t pid;

	memset(side->segment, 0xff, sizeof(side->segment));
	memset(side->address, 0, sizeof(side->address));
	side->when = 0;
	side->writes = 0;
	side->same_ids = false;
	side->resized = false;
	for (int i = 0; i < ACTORS; i++)
		memset(&side->actor[i], 0, offsetof(struct actor, maps));
	if (world->userns)
		flags |= CLONE_NEWUSER;

	pid = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (pid < 0)
		die("no new namespaces: %s; run this as root", strerror(errno));
	if (!pid) {
		while (!__atomic_load_n(&manager->born, __ATOMIC_ACQUIRE))
			futex_wait(&manager->born, 0, 0);
		setsid();
		be_root();
		exec_as("manager", which, 0);
		_exit(1);
	}
	if (world->userns)
		map_users(which, pid);
	__atomic_store_n(&manager->born, 1, __ATOMIC_RELEASE);
	futex_wake(&manager->born);
	return pid;
}

/* When process 1 of a PID namespace ends, the kernel ends all others in it. */
void side_stop(pid_t manager)
{
	kill(manager, SIGKILL);
	while (waitpid(manager, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Three pages: one to write to, one that is read-only, one without access. */
static void make_data(void)
{
	char *data = mmap((void *)DATA_AT, DATA_PAGES * PAGE,
			  PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			  -1, 0);

	if (data != (void *)DATA_AT)
		die("no buffers: %s", strerror(errno));
	memset(data + PAGE, 0x11, PAGE);
	mprotect(data + PAGE, PAGE, PROT_READ);
	mprotect(data + 2 * PAGE, PAGE, PROT_NONE);
}

/* Operations at random addresses could meet the clock's pages, which change. */
static void unmap_vdso(void)
{
	FILE *in = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[256];

	while (in && fgets(line, sizeof(line), in))
		if ((strstr(line, "[vvar") || strstr(line, "[vdso]")) &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2)
			munmap((void *)start, end - start);
	if (in)
		fclose(in);
}

/* A child opens its own after a fork, while it is still root. */
static void open_maps(void)
{
	close(MAPS_FD);
	move_fd(open("/proc/self/maps", O_RDONLY | O_CLOEXEC), MAPS_FD,
		O_CLOEXEC);
}

/* A read gives about a page of a longer text. Only the last read gives less. */
size_t read_whole(int fd, char *text, size_t size)
{
	size_t total = 0;
	ssize_t n;

	do {
		n = pread(fd, text + total, size - total, total);
		if (n > 0)
			total += n;
	} while (n > PAGE / 2 && total < size);
	return total;
}

void look_at_listing(void)
{
	my_side->listed_when = my_side->when;
	my_side->listing_size = read_whole(LISTING_FD, my_side->listing,
					   sizeof(my_side->listing) - 1);
	my_side->listing[my_side->listing_size] = '\0';
}

void look_at_maps(void)
{
	me->maps_size = read_whole(MAPS_FD, me->maps, sizeof(me->maps));
}

static bool is_flags_line(const char *line)
{
	return strchr("0123456789abcdef", *line) || !strncmp(line, "VmFl", 4);
}

/* Read from smaps only lines that don't depend on which pages are mapped. */
void look_at_flags(void)
{
	FILE *in = fopen("/proc/self/smaps", "re");
	char line[512];
	size_t total = 0, n;

	while (in && fgets(line, sizeof(line), in)) {
		n = strlen(line);
		if (is_flags_line(line) && total + n <= sizeof(me->maps)) {
			memcpy(me->maps + total, line, n);
			total += n;
		}
	}
	if (in)
		fclose(in);
	me->maps_size = total;
}

static void actor_done(struct actor *self)
{
	__atomic_store_n(&self->word, DONE, __ATOMIC_RELEASE);
	futex_wake(&self->word);
}

static int __attribute__((noreturn)) actor_loop(void *arg)
{
	struct actor *self = arg;
	int word;

	for (;;) {
		word = __atomic_load_n(&self->word, __ATOMIC_ACQUIRE);
		if (word != COMMAND) {
			futex_wait(&self->word, word, 0);
			continue;
		}
		execute();
		actor_done(self);
	}
}

static void be_born(struct actor *self)
{
	self->pid = getpid();
	__atomic_store_n(&self->born, 1, __ATOMIC_RELEASE);
	futex_wake(&self->born);
}

/* The manager is the parent of all processes, so it can wait for each. */
long actor_fork(struct actor *child)
{
	int tries = 20;
	long pid;

	pid = syscall(SYS_clone,
		      my_side->actor == me ? SIGCHLD : CLONE_PARENT | SIGCHLD,
		      0, 0, 0, 0);
	if (pid < 0)
		return -errno;
	if (!pid) {
		me = child;
		open_maps();
		execute_init();
		be_born(child);
		actor_loop(child);
	}
	while (!__atomic_load_n(&child->born, __ATOMIC_ACQUIRE) && tries--)
		futex_wait(&child->born, 0, 100);
	return pid;
}

/* No thread joins it. The kernel sets the word to 0 when the thread ends. */
static void *thread_begin(void *arg)
{
	me = arg;
	me->tid = (int)syscall(SYS_set_tid_address, &me->tid);
	execute_init();
	be_born(me);
	actor_loop(me);
}

/* Its stack is static, so that no mapping is made for it. */
long actor_thread(struct actor *thread)
{
	static char stacks[ACTORS][STACK_SIZE] __attribute__((aligned(64)));
	pthread_attr_t attributes;
	pthread_t unused;
	int err;

	thread->thread = true;
	pthread_attr_init(&attributes);
	err = pthread_attr_setstack(&attributes, stacks[thread - my_side->actor],
				    STACK_SIZE);
	if (!err)
		err = pthread_create(&unused, &attributes, thread_begin, thread);
	if (err)
		return -err;
	while (!__atomic_load_n(&thread->born, __ATOMIC_ACQUIRE))
		futex_wait(&thread->born, 0, 100);
	return thread->tid;
}

long actor_exec(void)
{
	return exec_as("actor", my_side - control->side, me - my_side->actor);
}

static void __attribute__((noreturn)) actor_after_exec(void)
{
	me->thread = false;
	make_data();
	unmap_vdso();
	open_maps();
	execute_init();
	me->result.ret = 0;
	me->done = 1;
	look_at_listing();
	look_at_maps();
	actor_done(me);
	actor_loop(me);
}

static void __attribute__((noreturn)) manager_main(void)
{
	move_fd(open(my_backend->listing, O_RDONLY), LISTING_FD, 0);
	make_data();
	unmap_vdso();
	open_maps();
	execute_init();
	me->pid = 1;
	actor_loop(me);
}

/* @where: role:side:slot */
void side_main(const char *where)
{
	int which, slot;
	char role[16];

	if (sscanf(where, "%15[a-z]:%d:%d", role, &which, &slot) != 3)
		die("--side is for this program's own use");
	/* An actor may have left no room for it. Then the exec ends the actor. */
	if (!map_control())
		_exit(1);
	my_side = &control->side[which];
	my_backend = &backends[which];
	me = &my_side->actor[slot];
	if (!strcmp(role, "manager"))
		manager_main();
	actor_after_exec();
}
