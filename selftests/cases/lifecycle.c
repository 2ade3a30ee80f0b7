// SPDX-License-Identifier: GPL-2.0
/* Processes and threads that come and go with a segment attached. */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "cases.h"

FIXTURE_BOTH(lifecycle);

/* Spawns a child that attaches segment 0 itself, and then waits. */
static pid_t spawn_attached(void)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		die("pipe");
	pid = spawn();
	if (!pid) {
		*attach(0) = 'c';
		must(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	if (read(ready[0], &c, 1) != 1)
		die("the child did not attach");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/*
 * lifecycle: A segment and its data stay when their creator exits.
 * history: A second attach gave the same address, and detaching any
 * address succeeded.
 */
TEST_F(lifecycle, creator_exit_segment_stays)
{
	if (in_child()) {
		strcpy(attach(make_key(KEY, PAGE, 0600)), "left behind");
		_exit(0);
	}
	EXPECT_EQ(0, get(KEY, PAGE, 0600));
	EXPECT_EQ(0, nattch(0));
	EXPECT_STREQ("left behind", attach(0));
}

/* lifecycle: Exit detaches every attach, and sets dtime and lpid. */
TEST_F(lifecycle, exit_without_detach_detaches)
{
	pid_t child;

	make(1);
	child = spawn();
	if (!child) {
		attach(0);
		attach(0);
		EXPECT_EQ(2, nattch(0));
		_exit(0);
	}
	reap(child);
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(child, stat_of(0).shm_lpid);
	EXPECT_NE(0, stat_of(0).shm_dtime);
}

/*
 * lifecycle: SIGKILL detaches; the written data stays.
 * history: A client that died without a word stayed counted.
 */
TEST_F(lifecycle, sigkill_detaches)
{
	pid_t child;

	make(1);
	child = spawn_attached();
	EXPECT_EQ(1, nattch(0));
	kill_child(child);
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(child, stat_of(0).shm_lpid);
	EXPECT_EQ('c', *attach(0));
}

/*
 * lifecycle: SIGKILL of the last process that has a removed segment
 * attached ends it.
 */
TEST_F(lifecycle, sigkill_of_last_ends_marked_segment)
{
	pid_t child;

	make(1);
	child = spawn_attached();
	rmid(0);
	EXPECT_TRUE(exists(0));
	kill_child(child);
	EXPECT_FALSE(exists(0));
}

/*
 * lifecycle: A crash detaches.
 * history: A client that died without a word stayed counted.
 */
TEST_F(lifecycle, crash_detaches)
{
	struct rlimit none = { 0, 0 };
	pid_t child;

	make(1);
	child = spawn();
	if (!child) {
		char *p = attach_as(0, SHM_RDONLY);

		setrlimit(RLIMIT_CORE, &none);
		*(volatile char *)p = 1;
		_exit(0);
	}
	reap_killed(child, SIGSEGV);
	EXPECT_EQ(0, nattch(0));
}

/*
 * lifecycle: A process that is killed is detached, even if another one has
 * its /proc/PID/mem open.
 * history: The end of a mapping was taken for an act of the current
 * process.
 */
TEST_F(lifecycle, sigkill_while_memory_is_held_open_detaches)
{
	char path[64];
	pid_t child;
	int fd;

	make(1);
	child = spawn_attached();
	snprintf(path, sizeof(path), "/proc/%d/mem", child);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	kill_child(child);
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(child, stat_of(0).shm_lpid);
	close(fd);
}

/* Lets @ring read into and write from the page at @p. Returns a negative errno. */
static int register_page(int ring, char *p)
{
	struct iovec page = { .iov_base = p, .iov_len = PAGE };

	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS,
		       &page, 1) ? -errno : 0;
}

/*
 * lifecycle: A process that is killed is detached, even if a ring of io_uring
 * that another one has keeps a page of its attach.
 * history: The end of a mapping was taken for an act of the current
 * process.
 */
TEST_F(lifecycle, sigkill_while_a_ring_keeps_a_page_detaches)
{
	struct io_uring_params params = { .flags = 0 };
	int ring = syscall(SYS_io_uring_setup, 1, &params);
	int told[2], err;
	pid_t child;

	if (ring < 0)
		SKIP(return, "this kernel has no io_uring");
	make(1);
	ASSERT_EQ(0, pipe(told));
	child = spawn();
	if (!child) {
		err = register_page(ring, attach(0));
		must(write(told[1], &err, sizeof(err)) == sizeof(err));
		for (;;)
			pause();
	}
	ASSERT_EQ(sizeof(err), read(told[0], &err, sizeof(err)));
	kill_child(child);
	if (err == -EOPNOTSUPP)
		SKIP(return, "io_uring of this kernel takes no memory of files");
	ASSERT_EQ(0, err);
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(child, stat_of(0).shm_lpid);
	rmid(0);
	EXPECT_FALSE(exists(0));
	close(ring);
}

/* lifecycle: exec detaches, and sets dtime and lpid. */
TEST_F(lifecycle, exec_detaches)
{
	struct shmid_ds ds;
	pid_t child;
	int held[2];

	make(1);
	ASSERT_EQ(0, pipe(held));
	child = spawn();
	if (!child) {
		attach(0);
		dup2(held[0], STDIN_FILENO);
		close(held[1]);
		execl("/proc/self/exe", "lifecycle", "--wait", NULL);
		die("running itself: %s", strerror(errno));
	}
	close(held[0]);
	/* A single look at both: the child may attach between two looks. */
	do {
		usleep(1000);
		ds = stat_of(0);
	} while (ds.shm_nattch || ds.shm_lpid != child);
	EXPECT_EQ(0, kill(child, 0));
	EXPECT_NE(0, ds.shm_dtime);
	close(held[1]);
	reap(child);
}

/* lifecycle: A failed exec keeps the attach. */
TEST_F(lifecycle, exec_failed_keeps_attach)
{
	char *p = attach(make(1));

	EXPECT_EQ(-1, execl("/nowhere", "nowhere", NULL));
	EXPECT_EQ(1, nattch(0));
	*p = 1;
}

/*
 * lifecycle: vfork counts nothing, and its child writes to the same
 * memory.
 */
TEST_F(lifecycle, vfork_counts_nothing)
{
	char *p = attach(make(1));
	int before = nattch(0);
	pid_t child = vfork();

	if (!child) {
		*p = 'v';
		must(nattch(0) == before);
		_exit(0);
	}
	reap(child);
	EXPECT_EQ('v', *p);
	EXPECT_EQ(1, nattch(0));
}

/*
 * lifecycle: Each of several children counts one, and its exit takes one
 * away.
 */
TEST_F(lifecycle, fork_tree_counts_each)
{
	pid_t child[4], i;

	attach(make(1));
	for (i = 0; i < 4; i++) {
		child[i] = spawn_idle();
		EXPECT_EQ(i + 2, nattch(0));
	}
	for (i = 3; i >= 0; i--) {
		release(child[i]);
		EXPECT_EQ(i + 1, nattch(0));
		EXPECT_EQ(child[i], stat_of(0).shm_lpid);
	}
}

/* lifecycle: A grandchild's mapping counts until the grandchild exits. */
TEST_F(lifecycle, grandchild_outlives_child)
{
	char *p = attach(make(1));
	pid_t *grandchild = (pid_t *)p;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	if (in_child()) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		while (!pid && p[100] != 'g')
			usleep(1000);
		if (pid)
			*grandchild = pid;
		_exit(0);
	}
	EXPECT_EQ(2, nattch(0));
	p[100] = 'g';
	reap(*grandchild);
	EXPECT_EQ(1, nattch(0));
}

static void *attach_in_thread(void *unused)
{
	return attach(0);
}

/*
 * lifecycle: An attach that a thread made stays when the thread exits;
 * lpid is its process.
 */
TEST_F(lifecycle, thread_exit_keeps_attach)
{
	pthread_t thread;
	void *p;

	make(1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, attach_in_thread, NULL));
	ASSERT_EQ(0, pthread_join(thread, &p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(getpid(), stat_of(0).shm_lpid);
	*(char *)p = 1;
	EXPECT_EQ(0, dt(p));
}

static void *exit_all(void *unused)
{
	_exit(0);
}

/* lifecycle: Exit by one thread detaches a process with others. */
TEST_F(lifecycle, exit_with_threads_detaches)
{
	pthread_t thread;

	make(1);
	if (in_child()) {
		attach(0);
		pthread_create(&thread, NULL, exit_all, NULL);
		for (;;)
			pause();
	}
	EXPECT_EQ(0, nattch(0));
}

/* Ends two attaches and removes the segment, in a given order. */
static void end_in_order(struct __test_metadata *_metadata, const char *order)
{
	int id = make(1);
	char *p = attach(id), *q = attach(id);
	int attached = 2, removed = 0;

	for (; *order; order++) {
		EXPECT_TRUE(exists(id));
		switch (*order) {
		case 'p':
			detach(p);
			attached--;
			break;
		case 'q':
			munmap(q, PAGE);
			attached--;
			break;
		default:
			rmid(id);
			removed = 1;
		}
		if (attached || !removed)
			EXPECT_EQ(attached, nattch(id));
	}
	EXPECT_FALSE(exists(id));
}

/*
 * lifecycle: Whatever the order of two detaches and a removal, the segment
 * ends with the last of the three.
 */
TEST_F(lifecycle, removal_in_every_order_ends_with_the_last)
{
	static const char *const orders[] = {
		"rpq", "rqp", "prq", "qrp", "pqr", "qpr"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		end_in_order(_metadata, orders[i]);
}

/*
 * lifecycle: A removed segment ends with parent or child, whichever
 * detaches last.
 */
TEST_F(lifecycle, parent_and_child_exit_in_either_order)
{
	pid_t child;
	char *p;
	int id;

	id = make(1);
	p = attach(id);
	child = spawn_idle();
	rmid(id);
	detach(p);
	EXPECT_EQ(1, nattch(id));
	release(child);
	EXPECT_FALSE(exists(id));

	id = make(1);
	p = attach(id);
	child = spawn_idle();
	rmid(id);
	release(child);
	EXPECT_EQ(1, nattch(id));
	detach(p);
	EXPECT_FALSE(exists(id));
}

/* lifecycle: Data stays while nobody has the segment attached. */
TEST_F(lifecycle, detached_data_stays_until_removed)
{
	char *p = attach(make(2));
	int i;

	for (i = 0; i < 20; i++) {
		p[PAGE + i] = 'a' + i;
		detach(p);
		p = attach(0);
		ASSERT_EQ('a' + i, p[PAGE + i]);
	}
	EXPECT_EQ(1, nattch(0));
}

/*
 * lifecycle: A failed fork leaves no count.
 * history: A fork that failed left counts behind.
 */
TEST_F(lifecycle, fork_failed_count_unchanged)
{
	struct rlimit none = { 0, 0 };
	int i;

	attach(make_key(KEY, PAGE, 0666));
	if (in_child()) {
		become(ALICE, STAFF);
		ASSERT_EQ(0, setrlimit(RLIMIT_NPROC, &none));
		for (i = 0; i < 100; i++)
			ASSERT_EQ(-1, fork());
		EXPECT_EQ(2, nattch(0));
		_exit(0);
	}
	EXPECT_EQ(1, nattch(0));
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The shortest of many exits is one that nothing else has disturbed. */
static long long shortest_exit(void)
{
	long long best = LLONG_MAX, took;
	int i;

	for (i = 0; i < 100; i++) {
		took = -now_ns();
		if (in_child())
			_exit(0);
		took += now_ns();
		best = took < best ? took : best;
	}
	return best;
}

/*
 * lifecycle: Exit takes no longer where the namespace has many segments.
 * history: Every exit walked through all segments of the namespace.
 */
TEST_F(lifecycle, exit_no_slower_with_many_segments)
{
	const int many = 16000;
	long long few = shortest_exit(), after;
	int i;

	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", many));
	for (i = 0; i < many; i++)
		make(1);
	after = shortest_exit();
	EXPECT_GT(2 * few, after) {
		TH_LOG("%lld ns, then %lld", few, after);
	}
	for (i = 0; i < many; i++)
		rmid(i);
}

/*
 * lifecycle: Many rounds of creation, fork, removal and exit leave no
 * segment and no page.
 */
TEST_F(lifecycle, many_rounds_leave_nothing)
{
	struct shm_info info;
	int i, id;

	for (i = 0; i < 100; i++) {
		id = make(4);
		attach(id);
		if (in_child()) {
			attach(id)[3 * PAGE] = 1;
			_exit(0);
		}
		rmid(id);
		ASSERT_EQ(1, nattch(id));
		ASSERT_EQ(0, backend_sweep());
		ASSERT_FALSE(exists(id));
	}
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(0, info.shm_tot);
	EXPECT_EQ(0, info.shm_rss);
}

int main(int argc, char **argv)
{
	char c;

	if (argc == 2 && !strcmp(argv[1], "--wait"))
		return read(STDIN_FILENO, &c, 1);
	return test_harness_run(argc, argv);
}
