// SPDX-License-Identifier: GPL-2.0
/* IPC, pid and user namespaces: what is seen from where, and what stays. */
#include <pthread.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "cases.h"

#define OVERFLOW_ID	65534

FIXTURE_BOTH(namespaces);

static void new_namespace(int kind)
{
	if (unshare(kind))
		die("unshare: %s", strerror(errno));
}

static int open_own(const char *kind)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("opening %s", path);
	return fd;
}

static void enter(int fd)
{
	if (setns(fd, 0))
		die("setns: %s", strerror(errno));
}

static void touch_all(char *p, size_t pages)
{
	while (pages--)
		p[pages * PAGE] = 1;
}

/* namespaces: Ids and keys of one namespace mean nothing in another. */
TEST_F(namespaces, id_and_key_do_not_resolve_in_another)
{
	struct shmid_ds ds;

	make_key(KEY, PAGE, 0666);
	new_namespace(CLONE_NEWIPC);
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
	EXPECT_EQ(-EINVAL, at(0, NULL, 0));
	EXPECT_EQ(-EINVAL, ctl(0, IPC_STAT, &ds));
	EXPECT_EQ(-EINVAL, ctl(0, SHM_STAT, &ds));
	EXPECT_EQ(-EINVAL, ctl(0, IPC_RMID, NULL));
	EXPECT_EQ(-EINVAL, ctl(0, SHM_LOCK, NULL));
}

/* namespaces: Two namespaces can use the same id and the same key. */
TEST_F(namespaces, each_has_its_own_ids_and_keys)
{
	int first = open_own("ipc");

	make_key(KEY, PAGE, 0600);
	new_namespace(CLONE_NEWIPC);
	EXPECT_EQ(0, make_key(KEY, 2 * PAGE, 0600));
	EXPECT_EQ(2 * PAGE, stat_of(0).shm_segsz);
	enter(first);
	EXPECT_EQ(PAGE, stat_of(0).shm_segsz);
	EXPECT_EQ(0, get(KEY, 0, 0));
	close(first);
}

/* namespaces: Each namespace has its own listing. */
TEST_F(namespaces, each_has_its_own_listing)
{
	struct line lines[4];

	make(1);
	make(1);
	new_namespace(CLONE_NEWIPC);
	EXPECT_EQ(0, listing_read(lines, 4));
	make(1);
	EXPECT_EQ(1, listing_read(lines, 4));
}

/* namespaces: SHM_INFO counts the segments of the caller's namespace only. */
TEST_F(namespaces, info_counts_its_own_namespace)
{
	struct shm_info info;

	make(3);
	new_namespace(CLONE_NEWIPC);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(0, info.shm_tot);
}

/* namespaces: An attach stays when its process leaves the namespace. */
TEST_F(namespaces, attach_survives_leaving)
{
	int first = open_own("ipc");
	char *p = attach(make(1));

	p[0] = 'a';
	new_namespace(CLONE_NEWIPC);
	EXPECT_EQ('a', p[0]);
	p[1] = 'b';
	enter(first);
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ('b', attach(0)[1]);
	close(first);
}

/* namespaces: shmdt works from another namespace, once. */
TEST_F(namespaces, detach_works_from_another)
{
	int first = open_own("ipc");
	char *p = attach(make(1));

	new_namespace(CLONE_NEWIPC);
	make(1);
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(-EINVAL, dt(p));
	enter(first);
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(getpid(), stat_of(0).shm_lpid);
	close(first);
}

/*
 * namespaces: Mappings made and unmapped elsewhere are counted in the
 * segment's namespace.
 */
TEST_F(namespaces, mappings_counted_where_they_belong)
{
	int first = open_own("ipc");
	char *p = attach(make(3));
	pid_t child;

	new_namespace(CLONE_NEWIPC);
	munmap(p + PAGE, PAGE);
	child = spawn_idle();
	enter(first);
	EXPECT_EQ(4, nattch(0));
	release(child);
	EXPECT_EQ(2, nattch(0));
	close(first);
}

/*
 * namespaces: The last detach of a removed segment ends it from another
 * namespace too.
 */
TEST_F(namespaces, last_detach_from_another_ends_marked_segment)
{
	int first = open_own("ipc");
	char *p = attach(make(1));

	rmid(0);
	new_namespace(CLONE_NEWIPC);
	detach(p);
	enter(first);
	EXPECT_FALSE(exists(0));
	close(first);
}

/*
 * namespaces: Segments stay when their creator leaves the namespace and
 * exits.
 * history: A creator that left its namespace stayed in a list of the freed
 * one.
 */
TEST_F(namespaces, creator_leaves_and_ends_segments_stay)
{
	if (in_child()) {
		strcpy(attach(make_key(KEY, PAGE, 0600)), "left behind");
		make(1);
		new_namespace(CLONE_NEWIPC);
		make(1);
		_exit(0);
	}
	EXPECT_EQ(0, get(KEY, 0, 0));
	EXPECT_EQ(0, nattch(0));
	EXPECT_STREQ("left behind", attach(0));
	EXPECT_TRUE(exists(1));
	EXPECT_FALSE(exists(2));
}

/* namespaces: The end of a namespace frees its segments. */
TEST_F(namespaces, end_frees_segments)
{
	unsigned long before = meminfo("Shmem:");
	size_t pages = (32UL << 20) / PAGE;

	if (in_child()) {
		new_namespace(CLONE_NEWIPC);
		touch_all(attach(make(pages)), pages);
		EXPECT_LT(before + (16UL << 10), meminfo("Shmem:"));
		_exit(0);
	}
	EXPECT_TRUE(shmem_falls_below(before + (16UL << 10), 30));
}

/*
 * namespaces: A segment that is attached when its namespace ends stays in
 * memory until its last detach.
 */
TEST_F(namespaces, end_leaves_attached_memory_until_detached)
{
	unsigned long before = meminfo("Shmem:");
	size_t pages = (32UL << 20) / PAGE;
	char *p;

	new_namespace(CLONE_NEWIPC);
	p = attach(make(pages));
	touch_all(p, pages);
	p[7] = 'x';
	new_namespace(CLONE_NEWIPC);
	usleep(300000);
	EXPECT_EQ('x', p[7]);
	p[8] = 'y';
	if (in_child()) {
		EXPECT_EQ('y', p[8]);
		_exit(0);
	}
	EXPECT_LT(before + (16UL << 10), meminfo("Shmem:"));
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(shmem_falls_below(before + (16UL << 10), 30));
}

/*
 * namespaces: Each of many namespaces that end frees its segments.
 * history: Namespaces ended more slowly than others began, and their
 * memory stayed.
 */
TEST_F(namespaces, end_many_times_frees_each)
{
	unsigned long before = meminfo("Shmem:");
	size_t pages = (4UL << 20) / PAGE;
	int i;

	for (i = 0; i < 20; i++) {
		if (in_child()) {
			new_namespace(CLONE_NEWIPC);
			touch_all(attach(make_key(KEY, pages * PAGE, 0600)),
				  pages);
			make(1);
			_exit(0);
		}
	}
	EXPECT_TRUE(shmem_falls_below(before + (16UL << 10), 30));
}

/*
 * namespaces: The end of a namespace frees its segments even while its
 * mqueue is mounted.
 */
TEST_F(namespaces, end_frees_segments_though_mqueue_stays_mounted)
{
	unsigned long before = meminfo("Shmem:");
	size_t pages = (32UL << 20) / PAGE;
	struct line lines[4];

	new_namespace(CLONE_NEWNS);
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (in_child()) {
		new_namespace(CLONE_NEWIPC);
		if (mount("mqueue", "/mnt", "mqueue", 0, NULL))
			die("mounting mqueue: %s", strerror(errno));
		touch_all(attach(make(pages)), pages);
		EXPECT_LT(before + (16UL << 10), meminfo("Shmem:"));
		_exit(0);
	}
	/* Reading the listing finds namespaces that have ended. */
	usleep(100000);
	EXPECT_EQ(0, listing_read(lines, 4));
	EXPECT_TRUE(shmem_falls_below(before + (16UL << 10), 30));
	EXPECT_EQ(0, umount("/mnt"));
}

/*
 * Waits until the limit allows a new namespace: ended ones take a while to go.
 */
static bool unshare_soon(void)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (!unshare(CLONE_NEWIPC))
			return true;
		usleep(10000);
	}
	return false;
}

/*
 * namespaces: A namespace that has ended soon stops counting for
 * max_ipc_namespaces.
 * history: Namespaces ended more slowly than others began, and their
 * memory stayed.
 */
TEST_F(namespaces, end_makes_room_for_others)
{
	int i;

	if (!in_child())
		return;
	enter_user_namespace(ROOT, ROOT);
	ASSERT_EQ(0, write_number("/proc/sys/user/max_ipc_namespaces", 4));
	for (i = 0; i < 12; i++) {
		ASSERT_TRUE(unshare_soon()) {
			TH_LOG("namespace %d: %s", i, strerror(errno));
		}
		make(1);
	}
	_exit(0);
}

/* Returns true in a child that is the first process of a new pid namespace. */
static bool in_pid_namespace(void)
{
	bool child;

	if (!in_child())
		return false;
	new_namespace(CLONE_NEWPID);
	child = in_child();
	if (!child)
		_exit(0);
	return child;
}

/*
 * namespaces: A pid that has no number in the reader's pid namespace is
 * told as 0.
 * history: A pid was told that belongs to another process in the reader's
 * namespace.
 */
TEST_F(namespaces, pid_of_outer_process_is_zero_inside)
{
	struct line line;

	attach(make(1));
	if (in_pid_namespace()) {
		EXPECT_EQ(1, getpid());
		EXPECT_EQ(0, stat_of(0).shm_cpid);
		EXPECT_EQ(0, stat_of(0).shm_lpid);
		ASSERT_TRUE(listing_find(0, &line));
		EXPECT_EQ(0, line.cpid);
		EXPECT_EQ(0, line.lpid);
		attach(0);
		EXPECT_EQ(0, stat_of(0).shm_cpid);
		EXPECT_EQ(1, stat_of(0).shm_lpid);
		_exit(0);
	}
	EXPECT_EQ(getpid(), stat_of(0).shm_cpid);
	EXPECT_LT(1, stat_of(0).shm_lpid);
	EXPECT_NE(getpid(), stat_of(0).shm_lpid);
}

/*
 * namespaces: A process of an inner pid namespace has its outer pid
 * outside.
 */
TEST_F(namespaces, pid_of_inner_process_is_real_outside)
{
	if (in_pid_namespace()) {
		make(1);
		attach(0);
		EXPECT_EQ(1, stat_of(0).shm_cpid);
		EXPECT_EQ(1, stat_of(0).shm_lpid);
		_exit(0);
	}
	EXPECT_LT(1, stat_of(0).shm_cpid);
	EXPECT_EQ(stat_of(0).shm_cpid, stat_of(0).shm_lpid);
}

/* namespaces: Pids stay after their process is gone. */
TEST_F(namespaces, pid_of_dead_process_stays)
{
	pid_t child = spawn();

	if (!child) {
		attach(make(1));
		_exit(0);
	}
	reap(child);
	EXPECT_EQ(-1, kill(child, 0));
	EXPECT_EQ(child, stat_of(0).shm_cpid);
	EXPECT_EQ(child, stat_of(0).shm_lpid);
}

/*
 * namespaces: An open listing tells the pids of the namespace that it was
 * opened in.
 * history: A pid was told that belongs to another process in the reader's
 * namespace.
 */
TEST_F(namespaces, open_listing_keeps_its_pids)
{
	char text[1024] = "", *line;
	unsigned int cpid = 0;
	int fd, n;

	make(1);
	fd = open(backend->listing, O_RDONLY);
	ASSERT_LE(0, fd);
	if (in_pid_namespace()) {
		text[read(fd, text, sizeof(text) - 1)] = '\0';
		line = strchr(text, '\n') + 1;
		n = sscanf(line, "%*d %*d %*o %*u %u", &cpid);
		EXPECT_EQ(1, n);
		EXPECT_LT(1, cpid);
		_exit(0);
	}
}

/* Creates a segment as soon as all threads are ready; returns its id. */
static void *create_at_once(void *barrier)
{
	pthread_barrier_wait(barrier);
	return (void *)(intptr_t)get(IPC_PRIVATE, PAGE, 0600);
}

/*
 * namespaces: The first calls of a namespace, made by many threads at once, all see
 * the same segments.
 */
TEST_F(namespaces, first_calls_at_once_meet)
{
	enum { THREADS = 4, ROUNDS = 100 };
	pthread_t threads[THREADS];
	pthread_barrier_t barrier;
	int round, i;
	void *id;

	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, THREADS));
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_TRUE(unshare_soon());
		for (i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, create_at_once,
				       &barrier);
		for (i = 0; i < THREADS; i++) {
			pthread_join(threads[i], &id);
			EXPECT_GT(THREADS, (uintptr_t)id);
		}
		for (i = 0; i < THREADS; i++)
			EXPECT_TRUE(exists(i));
	}
}

static void give_to(int id, uid_t uid, gid_t gid, int mode)
{
	struct shmid_ds ds = { .shm_perm = { .uid = uid, .gid = gid,
					     .mode = mode } };

	if (ctl(id, IPC_SET, &ds))
		die("IPC_SET");
}

/*
 * namespaces: A user or group without a number in the reader's user
 * namespace is told as 65534.
 */
TEST_F(namespaces, unmapped_owner_is_overflow_id)
{
	struct shmid_ds ds;
	struct line line;

	make(1);
	give_to(0, ALICE, STAFF, 0666);
	if (in_child()) {
		enter_user_namespace(ROOT, ROOT);
		ds = stat_of(0);
		EXPECT_EQ(OVERFLOW_ID, ds.shm_perm.uid);
		EXPECT_EQ(OVERFLOW_ID, ds.shm_perm.gid);
		EXPECT_EQ(0, ds.shm_perm.cuid);
		EXPECT_EQ(0, ds.shm_perm.cgid);
		ASSERT_TRUE(listing_find(0, &line));
		EXPECT_EQ(OVERFLOW_ID, line.uid);
		EXPECT_EQ(0, line.cuid);
		_exit(0);
	}
}

/*
 * namespaces: Users and groups are told by their numbers in the reader's
 * user namespace.
 */
TEST_F(namespaces, owner_is_told_in_the_callers_ids)
{
	make(1);
	give_to(0, ALICE, STAFF, 0666);
	if (in_child()) {
		become(ALICE, STAFF);
		enter_user_namespace(ALICE, STAFF);
		EXPECT_EQ(0, stat_of(0).shm_perm.uid);
		EXPECT_EQ(0, stat_of(0).shm_perm.gid);
		EXPECT_EQ(OVERFLOW_ID, stat_of(0).shm_perm.cuid);
		_exit(0);
	}
}

/*
 * namespaces: IPC_SET to a number without a user or group is EINVAL, and
 * changes nothing.
 * history: A user that is not mapped became the owner.
 */
TEST_F(namespaces, set_to_unmapped_id_einval)
{
	struct shmid_ds ds = { .shm_perm.uid = ALICE, };

	make_key(KEY, PAGE, 0600);
	if (in_child()) {
		enter_user_namespace(ROOT, ROOT);
		EXPECT_EQ(-EINVAL, ctl(0, IPC_SET, &ds));
		ds.shm_perm.uid = 0;
		ds.shm_perm.gid = STAFF;
		EXPECT_EQ(-EINVAL, ctl(0, IPC_SET, &ds));
		EXPECT_EQ(0600, stat_of(0).shm_perm.mode);
		ds.shm_perm.gid = 0;
		EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
		_exit(0);
	}
	EXPECT_EQ(0, stat_of(0).shm_perm.mode);
}

/* namespaces: IPC_SET takes the numbers of the caller's user namespace. */
TEST_F(namespaces, set_in_inner_ids_seen_in_outer_ids)
{
	struct shmid_ds ds = { .shm_perm.mode = 0600 };

	if (in_child()) {
		become(ALICE, STAFF);
		make(1);
		enter_user_namespace(ALICE, STAFF);
		EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
		_exit(0);
	}
	EXPECT_EQ(ALICE, stat_of(0).shm_perm.uid);
	EXPECT_EQ(STAFF, stat_of(0).shm_perm.gid);
}

/*
 * namespaces: Root of an inner user namespace has no power over a segment
 * of an outer IPC namespace.
 */
TEST_F(namespaces, inner_root_has_no_power_over_outer_segment)
{
	struct shmid_ds ds = { .shm_perm.mode = 0666 };

	make_key(KEY, PAGE, 0600);
	if (in_child()) {
		become(ALICE, STAFF);
		enter_user_namespace(ALICE, STAFF);
		EXPECT_EQ(-EACCES, at(0, NULL, SHM_RDONLY));
		EXPECT_EQ(-EACCES, ctl(0, IPC_STAT, &ds));
		EXPECT_EQ(-EPERM, ctl(0, IPC_SET, &ds));
		EXPECT_EQ(-EPERM, ctl(0, IPC_RMID, NULL));
		EXPECT_EQ(-EPERM, ctl(0, SHM_LOCK, NULL));
		_exit(0);
	}
	EXPECT_EQ(0600, stat_of(0).shm_perm.mode);
}

/* namespaces: An owner is the owner in an inner user namespace too. */
TEST_F(namespaces, same_user_in_inner_namespace_is_owner)
{
	if (in_child()) {
		become(ALICE, STAFF);
		make_key(KEY, PAGE, 0600);
		enter_user_namespace(ALICE, STAFF);
		EXPECT_LT(0, at(0, NULL, 0));
		EXPECT_EQ(0, ctl(0, IPC_RMID, NULL));
		_exit(0);
	}
	EXPECT_FALSE(exists(0));
}

/*
 * namespaces: Root of a user namespace has all power over the IPC
 * namespaces that it owns.
 */
TEST_F(namespaces, inner_root_rules_its_own_ipc_namespace)
{
	if (in_child()) {
		become(ALICE, STAFF);
		enter_user_namespace(ALICE, STAFF);
		new_namespace(CLONE_NEWIPC);
		make_key(KEY, PAGE, 0);
		EXPECT_LT(0, at(0, NULL, SHM_EXEC));
		EXPECT_EQ(0, get(KEY, PAGE, 0777));
		EXPECT_EQ(0, stat_of(0).shm_perm.cuid);
		EXPECT_EQ(0, ctl(0, IPC_RMID, NULL));
		_exit(0);
	}
}

/*
 * namespaces: Root of a user namespace sets the limits of its own IPC
 * namespace, where the kernel allows that, and never those of another.
 */
TEST_F(namespaces, inner_root_sets_limits_of_its_own_or_none)
{
	struct shminfo info;
	int err;

	if (in_child()) {
		become(ALICE, STAFF);
		enter_user_namespace(ALICE, STAFF);
		EXPECT_GT(0, write_number("/proc/sys/kernel/shmmni", 1));
		new_namespace(CLONE_NEWIPC);
		err = write_number("/proc/sys/kernel/shmmni", 1);
		EXPECT_EQ(0, ctl(0, IPC_INFO, &info));
		EXPECT_EQ(err ? 4096 : 1, info.shmmni);
		EXPECT_EQ(0, make(1));
		EXPECT_EQ(err ? 1 : -ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
		_exit(0);
	}
	EXPECT_EQ(0, ctl(0, IPC_INFO, &info));
	EXPECT_EQ(4096, info.shmmni);
}

/*
 * namespaces: CAP_IPC_LOCK of an inner user namespace lets lock, but only
 * within RLIMIT_MEMLOCK.
 */
TEST_F(namespaces, inner_root_locks_within_its_limit)
{
	struct rlimit limit = { 2 * PAGE, 2 * PAGE };

	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
		become(ALICE + getpid() % 5000, STAFF);
		enter_user_namespace(getuid(), STAFF);
		new_namespace(CLONE_NEWIPC);
		make(2);
		make(3);
		EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
		EXPECT_EQ(-ENOMEM, ctl(1, SHM_LOCK, NULL));
		EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
		_exit(0);
	}
}

TEST_HARNESS_MAIN
