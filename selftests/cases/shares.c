// SPDX-License-Identifier: GPL-2.0
/*
 * Fair shares: how many unique ids and names one user can take, the reserve for
 * CAP_SYS_RESOURCE, and how many bytes the objects of a namespace can have. In-tree
 * shm has none of these, but a tmpfs at /dev/shm limits bytes.
 */
#include <kshm.h>
#include <linux/kshm.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cases.h"

#define PARAMETERS	"/sys/module/kshm/parameters/"
#define SHARE		PARAMETERS "share_percent"
#define RESERVE		PARAMETERS "reserve_percent"
#define SHMMNI		"/proc/sys/kernel/shmmni"

#define MIB		(1UL << 20)
#define UNIQUE_IDS	32767
/* One percent of them, rounded up. */
#define UNIQUE_SHARE	328

FIXTURE(shares)
{
	unsigned long share, reserve;
};

FIXTURE_SETUP(shares)
{
	begin_case(_metadata, &kshm);
	if (_metadata->exit_code)
		return;
	umask(0);
	self->share = read_number(SHARE);
	self->reserve = read_number(RESERVE);
}

FIXTURE_TEARDOWN(shares)
{
	write_number(SHARE, self->share);
	write_number(RESERVE, self->reserve);
	end_case(_metadata);
}

static void set_percent(unsigned int share, unsigned int reserve)
{
	must(!write_number(SHARE, share));
	must(!write_number(RESERVE, reserve));
}

static int make_unique(void)
{
	int id = kshm_segment_get(IPC_PRIVATE, PAGE, 0600, KSHM_UNIQUE, -1, NULL);

	return id < 0 ? -errno : id;
}

/* Takes @n more names, which begin with @who. Returns 0 or a negative errno. */
static int make_names(const char *who, int n)
{
	static int serial;
	char name[32];

	while (n--) {
		int fd;

		snprintf(name, sizeof(name), "/%s-%d", who, serial++);
		fd = kshm_shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd == -1)
			return -errno;
		close(fd);
	}
	return 0;
}

/*
 * Takes @n more unique ids. Those of a namespace that has ended come back some
 * time later, so this waits for them. Returns how many it got.
 */
static int make_uniques(int n)
{
	int got = 0, tries;

	for (tries = 0; tries < 1000 && got < n; tries++) {
		while (got < n && make_unique() >= 0)
			got++;
		if (got < n)
			usleep(10000);
	}
	return got;
}

/* Expects the last failure to have this reason. */
#define EXPECT_REASON(why, ask, lim) do {				\
	uint64_t asked_, limit_;					\
									\
	EXPECT_EQ(why, kshm_reason(&asked_, &limit_));			\
	EXPECT_EQ(ask, asked_);						\
	EXPECT_EQ(lim, limit_);						\
} while (0)

/*
 * shares: A user can take a quarter of the names, and the last tenth is kept for
 * CAP_SYS_RESOURCE, unless parameters of the module say otherwise.
 */
TEST_F(shares, percentages_unless_changed)
{
	EXPECT_EQ(25, self->share);
	EXPECT_EQ(10, self->reserve);
}

/*
 * shares: One user cannot take all names of a namespace: others find some, and
 * root finds the last.
 */
TEST_F(shares, names_of_one_user_are_a_share)
{
	ASSERT_EQ(0, write_number(SHMMNI, 100));
	kshm_explain_errors(1);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, make_names("alice", 25));
		EXPECT_EQ(-ENOSPC, make_names("alice", 1));
		EXPECT_REASON(KSHM_WHY_SHARE, 26, 25);
		EXPECT_LE(0, kshm_shm_open("/alice-0", O_RDWR | O_CREAT, 0));
		EXPECT_EQ(0, kshm_shm_unlink("/alice-3"));
		EXPECT_EQ(0, make_names("alice", 1));
		EXPECT_EQ(-ENOSPC, make_names("alice", 1));
		_exit(0);
	}
	if (in_child()) {
		become(BOB, GUESTS);
		EXPECT_EQ(0, make_names("bob", 25));
		_exit(0);
	}
	EXPECT_EQ(0, make_names("root", 50));
	EXPECT_EQ(-ENOSPC, make_names("root", 1));
	EXPECT_REASON(KSHM_WHY_SHMMNI, 101, 100);
}

/*
 * shares: The last names of a namespace are for callers with CAP_SYS_RESOURCE, even if
 * several users have the others.
 */
TEST_F(shares, last_names_are_a_reserve)
{
	ASSERT_EQ(0, write_number(SHMMNI, 100));
	kshm_explain_errors(1);
	EXPECT_EQ(0, make_names("root", 85));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, make_names("alice", 5));
		EXPECT_EQ(-ENOSPC, make_names("alice", 1));
		EXPECT_REASON(KSHM_WHY_RESERVE, 91, 90);
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(BOB, GUESTS, ALL_CAPS & ~CAP(SYS_RESOURCE));
		EXPECT_EQ(-ENOSPC, make_names("bob", 1));
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(BOB, GUESTS, CAP(SYS_RESOURCE));
		EXPECT_EQ(0, make_names("bob", 10));
		EXPECT_EQ(-ENOSPC, make_names("bob", 1));
		EXPECT_REASON(KSHM_WHY_SHMMNI, 101, 100);
		_exit(0);
	}
}

/*
 * shares: Each namespace has its own names, and in his own a user has all of
 * them.
 */
TEST_F(shares, names_are_counted_by_namespace)
{
	ASSERT_EQ(0, write_number(SHMMNI, 20));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, make_names("alice", 5));
		EXPECT_EQ(-ENOSPC, make_names("alice", 1));
		ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWIPC));
		EXPECT_EQ(0, make_names("alice", 2000));
		_exit(0);
	}
	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		ASSERT_EQ(0, write_number(SHMMNI, 20));
		become(ALICE, STAFF);
		EXPECT_EQ(0, make_names("alice", 5));
		EXPECT_EQ(-ENOSPC, make_names("alice", 1));
		_exit(0);
	}
}

/* shares: Names that are unlinked by others are given back to their creator. */
TEST_F(shares, names_given_back_to_who_took_them)
{
	ASSERT_EQ(0, write_number(SHMMNI, 20));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, make_names("alice", 5));
		_exit(0);
	}
	EXPECT_EQ(0, kshm_shm_unlink("/alice-1"));
	EXPECT_EQ(0, kshm_shm_unlink("/alice-4"));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, make_names("more", 2));
		EXPECT_EQ(-ENOSPC, make_names("more", 1));
		_exit(0);
	}
}

/*
 * shares: One user can take a share of the machine's unique ids, however many
 * IPC namespaces he makes, and root finds one.
 */
TEST_F(shares, unique_ids_of_one_user_are_a_share)
{
	set_percent(1, 10);
	kshm_explain_errors(1);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(UNIQUE_SHARE - 10, make_uniques(UNIQUE_SHARE - 10));
		ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWIPC));
		EXPECT_EQ(10, make_uniques(10));
		EXPECT_EQ(-ENOSPC, make_unique());
		EXPECT_REASON(KSHM_WHY_SHARE, UNIQUE_SHARE + 1, UNIQUE_SHARE);
		EXPECT_LE(0, make(1));
		_exit(0);
	}
	if (in_child()) {
		become(BOB, GUESTS);
		EXPECT_EQ(1, make_uniques(1));
		_exit(0);
	}
	EXPECT_LE(0, make_unique());
}

/* Runs @act as user @uid in a user namespace of @maker, who could not become @uid. */
static void in_user_namespace_of(uid_t maker, uid_t uid,
				 void (*act)(void))
{
	const char *const maps[] = { "uid_map", "gid_map" };
	int said[2], heard[2], i;
	char path[64], c;
	pid_t pid;

	must(!pipe(said) && !pipe(heard));
	pid = spawn();
	if (!pid) {
		if (maker) {
			become(maker, maker);
			must(!prctl(PR_SET_DUMPABLE, 1));
		}
		must(!unshare(CLONE_NEWUSER | CLONE_NEWIPC));
		must(write(said[1], "", 1) == 1 && read(heard[0], &c, 1) == 1);
		must(!setuid(uid));
		act();
		_exit(0);
	}
	must(read(said[0], &c, 1) == 1);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, maps[i]);
		must(!write_file(path, "0 0 65535"));
	}
	must(write(heard[1], "", 1) == 1);
	reap(pid);
}

static void take_a_share(void)
{
	must(make_uniques(UNIQUE_SHARE) == UNIQUE_SHARE);
	must(make_unique() == -ENOSPC);
}

static void take_nothing(void)
{
	must(make_unique() == -ENOSPC);
}

static void take_nothing_in_container(void)
{
	in_user_namespace_of(ALICE, BOB, take_nothing);
}

/*
 * shares: The uids of a user namespace pay by the share of the user that made
 * it, also in a container. Those of a namespace that root made pay by their own.
 */
TEST_F(shares, user_namespaces_multiply_no_share)
{
	set_percent(1, 10);
	if (in_child()) {
		become(ALICE, ALICE);
		take_a_share();
		_exit(0);
	}
	in_user_namespace_of(ALICE, BOB, take_nothing);
	in_user_namespace_of(ROOT, ROOT, take_nothing_in_container);
	/* Root's own share does not count for the others in a container. */
	EXPECT_EQ(UNIQUE_SHARE, make_uniques(UNIQUE_SHARE));
	in_user_namespace_of(ROOT, BOB, take_a_share);
	in_user_namespace_of(ROOT, ALICE, take_nothing);
}

/*
 * shares: Removing segments gives unique ids back to their creator, and so does
 * the end of a namespace.
 */
TEST_F(shares, unique_ids_given_back)
{
	int id;

	set_percent(1, 10);
	if (in_child()) {
		become(ALICE, STAFF);
		id = make_unique();
		EXPECT_EQ(UNIQUE_SHARE - 1, make_uniques(UNIQUE_SHARE - 1));
		EXPECT_EQ(-ENOSPC, make_unique());
		rmid(id);
		EXPECT_LE(0, make_unique());
		EXPECT_EQ(-ENOSPC, make_unique());
		_exit(0);
	}
	backend_sweep();
	if (in_child()) {
		become(ALICE, STAFF);
		ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWIPC));
		EXPECT_EQ(UNIQUE_SHARE, make_uniques(UNIQUE_SHARE));
		_exit(0);
	}
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(UNIQUE_SHARE, make_uniques(UNIQUE_SHARE));
		_exit(0);
	}
}

/*
 * shares: The last unique ids of the machine are for callers with CAP_SYS_RESOURCE
 * in the first user namespace.
 */
TEST_F(shares, last_unique_ids_are_a_reserve)
{
	/* 1 % of the ids are for everybody. */
	set_percent(100, 99);
	kshm_explain_errors(1);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(UNIQUE_SHARE, make_uniques(UNIQUE_SHARE));
		EXPECT_EQ(-ENOSPC, make_unique());
		EXPECT_REASON(KSHM_WHY_RESERVE, UNIQUE_SHARE + 1, UNIQUE_SHARE);
		ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWIPC));
		EXPECT_EQ(-ENOSPC, make_unique());
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(BOB, GUESTS, CAP(SYS_RESOURCE));
		EXPECT_EQ(2, make_uniques(2));
		_exit(0);
	}
}

static struct statvfs statvfs_of(const char *name)
{
	int fd = kshm_shm_open(name, O_RDWR | O_CREAT, 0600);
	struct statvfs st;

	must(fd != -1 && !fstatvfs(fd, &st));
	close(fd);
	return st;
}

/*
 * shares: The objects of a namespace can have as many bytes as a tmpfs that is
 * mounted without options, and fstatvfs() tells how many are left.
 */
TEST_F(shares, bytes_limited_as_by_a_tmpfs)
{
	struct statvfs plain, st;
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("plain", "/dev/shm", "tmpfs", 0, NULL));
	ASSERT_EQ(0, statvfs("/dev/shm", &plain));
	st = statvfs_of("/a");
	EXPECT_EQ(plain.f_bsize, st.f_bsize);
	ASSERT_NE(0, st.f_blocks);
	EXPECT_GE(1, plain.f_blocks > st.f_blocks ?
		     plain.f_blocks - st.f_blocks : st.f_blocks - plain.f_blocks);
	EXPECT_EQ(st.f_blocks, st.f_bavail);
	fd = kshm_shm_open("/a", O_RDWR, 0);
	EXPECT_EQ(ENOSPC, posix_fallocate(fd, 0, (st.f_blocks + 1) * PAGE));
	EXPECT_EQ(st.f_blocks, statvfs_of("/a").f_bavail);
	EXPECT_EQ(0, posix_fallocate(fd, 0, MIB));
	EXPECT_EQ(st.f_blocks - MIB / PAGE, statvfs_of("/b").f_bavail);
}

/*
 * shares: Each namespace has its own bytes, and they are free again when the
 * objects are.
 */
TEST_F(shares, bytes_are_counted_by_namespace)
{
	unsigned long all = statvfs_of("/a").f_blocks;
	int fd = kshm_shm_open("/a", O_RDWR, 0);

	ASSERT_EQ(0, posix_fallocate(fd, 0, MIB));
	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		EXPECT_EQ(all, statvfs_of("/a").f_bavail);
		_exit(0);
	}
	EXPECT_EQ(all - MIB / PAGE, statvfs_of("/b").f_bavail);
	ASSERT_EQ(0, kshm_shm_unlink("/a"));
	EXPECT_EQ(all - MIB / PAGE, statvfs_of("/b").f_bavail);
	close(fd);
	EXPECT_EQ(all, statvfs_of("/b").f_bavail);
}

TEST_HARNESS_MAIN
