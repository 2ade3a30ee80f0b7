// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of kshm that wait for a lock: debug-holder.c holds it. A segment that ends
 * then is EIDRM to other callers. A process that is killed while it waits has
 * changed nothing. It sees no errno, so a case looks at the state that it leaves.
 */
#include <kshm.h>
#include <linux/kshm.h>

#include "cases.h"

#define MODULE	"debug-holder.ko"
#define HOLDER	"/dev/kshm-holder"
#define OTHER	(KEY + 1)

static pid_t holding;

static int unload_holder(void)
{
	return syscall(SYS_delete_module, "debug_holder", O_NONBLOCK);
}

static void load_holder(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	char options[64];

	/* A case that failed may have left it, and kshm may be elsewhere since. */
	unload_holder();
	snprintf(options, sizeof(options), "registry=%lu",
		 symbol_of_kshm("kshm_ns_registry"));
	if (fd < 0 || syscall(SYS_finit_module, fd, options, 0))
		die("%s: %s", MODULE, strerror(errno));
	close(fd);
}

static void request(const char *what)
{
	must(!write_file(HOLDER, what));
}

static void hold(const char *what)
{
	holding = spawn();
	if (!holding) {
		request(what);
		_exit(0);
	}
	request("wait");
}

static void let_go(void)
{
	request("release");
	reap(holding);
}

FIXTURE(hold)
{
	int dev;
};

FIXTURE_SETUP(hold)
{
	self->dev = begin_device_case(_metadata);
	load_holder();
}

FIXTURE_TEARDOWN(hold)
{
	EXPECT_EQ(0, unload_holder());
	close(self->dev);
	end_case(_metadata);
}

/* Is the process in an ioctl, and not in a page fault, for example? */
static bool is_in_ioctl(pid_t pid)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	slurp(path, text, sizeof(text));
	return strtol(text, NULL, 10) == SYS_ioctl;
}

static void wait_for_lock(pid_t pid)
{
	do
		wait_blocked(pid);
	while (!is_in_ioctl(pid));
}

/*
 * Is the process asleep with SIGKILL still to come? The wake-up of a sleep that can be
 * killed is a part of kill(), so after that the answer is final.
 */
static bool sleeps_on(pid_t pid)
{
	char path[32], text[4096], *state, *signals;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	slurp(path, text, sizeof(text));
	state = strstr(text, "\nState:\t");
	signals = strstr(text, "\nSigPnd:\t");
	must(state && signals);
	return state[8] == 'D' &&
	       strtoull(signals + 9, NULL, 16) & 1ULL << (SIGKILL - 1);
}

/* Kills a child that waits for the lock. It ends although the lock is held. */
static void kill_waiting(pid_t pid)
{
	bool asleep;

	wait_for_lock(pid);
	must(!kill(pid, SIGKILL));
	asleep = sleeps_on(pid);
	/* If the case fails, cleaning up after it needs the lock. */
	if (asleep)
		let_go();
	must(!asleep);
	reap_killed(pid, SIGKILL);
}

/* A child that has the segment attached, and detaches it when it goes on. */
static pid_t spawn_attached(int id)
{
	pid_t pid = spawn();
	void *p;

	if (pid) {
		must(wait_stopped(pid) == SIGSTOP);
		return pid;
	}
	p = attach(id);
	raise(SIGSTOP);
	detach(p);
	_exit(0);
}

/*
 * hold: A segment that has died but is still in the tables is EIDRM to all
 * commands but SET, GROW and RMID.
 *
 * The last detach of a marked segment waits for the registry's lock, to remove
 * it. RMID would wait, too.
 */
TEST_F(hold, dead_segment_eidrm)
{
	struct kshm_fd fd = { .id = make(1) };
	struct kshm_who who = { .id = fd.id };
	struct kshm_grow grow = { .id = fd.id };
	struct shmid_ds ds = { .shm_perm.mode = 0600 };
	pid_t user = spawn_attached(fd.id);

	rmid(fd.id);
	hold("registry");
	must(!kill(user, SIGCONT));
	while (!ctl(fd.id, IPC_STAT, &ds))
		sched_yield();

	EXPECT_EQ(-EIDRM, ctl(fd.id, IPC_STAT, &ds));
	EXPECT_EQ(-EIDRM, ctl(fd.id, SHM_STAT, &ds));
	EXPECT_EQ(-EIDRM, ctl(fd.id, SHM_STAT_ANY, &ds));
	EXPECT_EQ(-EIDRM, ctl(fd.id, SHM_LOCK, NULL));
	EXPECT_EQ(-EIDRM, ctl(fd.id, SHM_UNLOCK, NULL));
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_FD, &fd));
	EXPECT_EQ(EIDRM, errno);
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_WHO, &who));
	EXPECT_EQ(EIDRM, errno);
	kshm_explain_errors(1);
	EXPECT_EQ(-EIDRM, at(fd.id, NULL, 0));
	EXPECT_EQ(KSHM_WHY_REMOVED, kshm_reason(NULL, NULL));
	kshm_explain_errors(0);

	EXPECT_EQ(-EINVAL, ctl(fd.id, IPC_SET, &ds));
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_GROW, &grow));
	EXPECT_EQ(EINVAL, errno);
	grow.size = 2 * PAGE;
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_GROW, &grow));
	EXPECT_EQ(EINVAL, errno);

	let_go();
	reap(user);
	EXPECT_EQ(-EINVAL, ctl(fd.id, IPC_STAT, &ds));
}

/* hold: A process that is killed during GROW has not changed the segment. */
TEST_F(hold, grow_killed_changes_nothing)
{
	struct kshm_grow grow = { .id = make(1), .size = 2 * PAGE };
	struct shm_info info;
	pid_t pid;

	hold("registry");
	pid = spawn();
	if (!pid) {
		ioctl(self->dev, KSHM_IOC_GROW, &grow);
		_exit(0);
	}
	kill_waiting(pid);
	let_go();
	EXPECT_EQ(0, nattch(grow.id));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(1, info.shm_tot);
	grow.size = 0;
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_GROW, &grow));
	EXPECT_EQ(PAGE, grow.size);
	EXPECT_EQ(0, grow.generation);
	grow.size = 2 * PAGE;
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_GROW, &grow));
}

/* hold: A process that is killed during IPC_RMID has not marked the segment. */
TEST_F(hold, rmid_killed_changes_nothing)
{
	int id = make_key(KEY, PAGE, 0600);
	pid_t pid;

	hold("registry");
	pid = spawn();
	if (!pid) {
		ctl(id, IPC_RMID, NULL);
		_exit(0);
	}
	kill_waiting(pid);
	let_go();
	EXPECT_EQ(id, get(KEY, PAGE, 0600));
	EXPECT_EQ(0600, stat_of(id).shm_perm.mode);
}

/* hold: A process that is killed during shmget has created nothing. */
TEST_F(hold, get_killed_creates_nothing)
{
	struct shm_info info;
	pid_t pid;

	make_key(KEY, PAGE, 0600);
	hold("registry");
	pid = spawn();
	if (!pid) {
		get(OTHER, PAGE, IPC_CREAT | 0600);
		_exit(0);
	}
	kill_waiting(pid);
	let_go();
	EXPECT_EQ(-ENOENT, get(OTHER, PAGE, 0600));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(1, info.used_ids);
}

/* hold: A process that is killed during OPEN has created nothing. */
TEST_F(hold, open_killed_creates_nothing)
{
	int fd;
	pid_t pid;

	hold("objects");
	pid = spawn();
	if (!pid) {
		kshm_shm_open("/a", O_RDWR | O_CREAT, 0600);
		_exit(0);
	}
	kill_waiting(pid);
	let_go();
	fd = kshm_shm_open("/a", O_RDWR, 0);
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(ENOENT, errno);
}

/* hold: A process that is killed during UNLINK has not taken the name away. */
TEST_F(hold, unlink_killed_keeps_the_name)
{
	int fd = kshm_shm_open("/a", O_RDWR | O_CREAT, 0600);
	pid_t pid;

	ASSERT_LE(0, fd);
	close(fd);
	hold("objects");
	pid = spawn();
	if (!pid) {
		kshm_shm_unlink("/a");
		_exit(0);
	}
	kill_waiting(pid);
	let_go();
	EXPECT_EQ(0, kshm_shm_unlink("/a"));
}

static struct {
	int begin[2], pid[2];
	void (*call)(void);
	int id;
	void *addr;
} sharing;

static void call_shmat(void)
{
	at(sharing.id, NULL, 0);
}

static void call_shmdt(void)
{
	dt(sharing.addr);
}

static int call_when_told(void *unused)
{
	char byte = 0;

	if (read(sharing.begin[0], &byte, 1) == 1)
		sharing.call();
	_exit(0);
}

/* Starts a process that shares this one's memory, and is none of its threads. */
static void share_and_stay(void)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	pid_t pid;

	pid = clone(call_when_told, stack + sizeof(stack),
		    CLONE_VM | CLONE_PARENT | SIGCHLD, NULL);
	must(pid > 0);
	must(write(sharing.pid[1], &pid, sizeof(pid)) == sizeof(pid));
	for (;;)
		pause();
}

/*
 * Kills a process during a call that waits for mmap_lock. Its memory has another
 * user, so its end detaches nothing. Returns that user, still there.
 */
static pid_t kill_in_call(void (*call)(void))
{
	pid_t user, pid;
	char what[32];

	sharing.call = call;
	must(!pipe(sharing.begin) && !pipe(sharing.pid));
	user = spawn();
	if (!user) {
		if (call == call_shmdt)
			sharing.addr = attach(sharing.id);
		share_and_stay();
	}
	must(read(sharing.pid[0], &pid, sizeof(pid)) == sizeof(pid));
	snprintf(what, sizeof(what), "mm %d", user);
	hold(what);
	must(write(sharing.begin[1], "", 1) == 1);
	wait_for_lock(pid);
	must(!kill(pid, SIGKILL));
	/* The end of a process takes this lock as well. */
	let_go();
	reap_killed(pid, SIGKILL);
	return user;
}

/* hold: A process that is killed during shmat has not attached anything. */
TEST_F(hold, attach_killed_changes_nothing)
{
	pid_t user;

	sharing.id = make(3);
	user = kill_in_call(call_shmat);
	EXPECT_EQ(0, nattch(sharing.id));
	kill_child(user);
}

/* hold: A process that is killed during shmdt has not detached anything. */
TEST_F(hold, detach_killed_changes_nothing)
{
	pid_t user;

	sharing.id = make(3);
	user = kill_in_call(call_shmdt);
	EXPECT_EQ(1, nattch(sharing.id));
	kill_child(user);
	EXPECT_EQ(0, nattch(sharing.id));
}

TEST_HARNESS_MAIN
