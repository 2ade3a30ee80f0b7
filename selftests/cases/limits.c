// SPDX-License-Identifier: GPL-2.0
/* Limits: kernel.shmmax, shmall, shmmni of the IPC namespace. */

#include "cases.h"

#define SHMMAX		"/proc/sys/kernel/shmmax"
#define SHMALL		"/proc/sys/kernel/shmall"
#define SHMMNI		"/proc/sys/kernel/shmmni"
#define UNLIMITED	(ULONG_MAX - (1UL << 24))

FIXTURE_BOTH(limits);

static struct shminfo limits_of(void)
{
	struct shminfo info;
	int err = ctl(0, IPC_INFO, &info);

	if (err < 0)
		die("IPC_INFO: %d", err);
	return info;
}

/* A 64-bit kernel tells 32-bit programs of INT_MAX bytes. */
static bool is_unlimited(unsigned long shmmax)
{
	return shmmax == UNLIMITED || (sizeof(long) < 8 && shmmax == INT_MAX);
}

static unsigned long pages_in_use(void)
{
	struct shm_info info;
	int err = ctl(0, SHM_INFO, &info);

	if (err < 0)
		die("SHM_INFO: %d", err);
	return info.shm_tot;
}

/*
 * limits: A new namespace has shmmax and shmall out of reach, and shmmni
 * 4096.
 */
TEST_F(limits, new_namespace_has_defaults)
{
	struct shminfo info = limits_of();

	EXPECT_TRUE(is_unlimited(info.shmmax));
	EXPECT_EQ(UNLIMITED, info.shmall);
	EXPECT_EQ(4096, info.shmmni);
}

/* limits: IPC_INFO tells what was written to the sysctls. */
TEST_F(limits, sysctls_seen_by_ipc_info)
{
	struct shminfo info;

	ASSERT_EQ(0, write_number(SHMMAX, 123456));
	ASSERT_EQ(0, write_number(SHMALL, 777));
	ASSERT_EQ(0, write_number(SHMMNI, 99));
	info = limits_of();
	EXPECT_EQ(123456, info.shmmax);
	EXPECT_EQ(777, info.shmall);
	EXPECT_EQ(99, info.shmmni);
	EXPECT_EQ(99, info.shmseg);
	EXPECT_EQ(1, info.shmmin);
}

/* limits: A new namespace has the defaults, whatever its parent has. */
TEST_F(limits, unshare_does_not_inherit)
{
	ASSERT_EQ(0, write_number(SHMMAX, PAGE));
	ASSERT_EQ(0, write_number(SHMMNI, 1));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_TRUE(is_unlimited(limits_of().shmmax));
	EXPECT_EQ(4096, limits_of().shmmni);
	EXPECT_EQ(0, make(2));
	EXPECT_EQ(1, make(2));
}

/* limits: shmmni is 0 to 32768; writing any other number is EINVAL. */
TEST_F(limits, shmmni_out_of_range_einval)
{
	EXPECT_EQ(-EINVAL, write_file(SHMMNI, "40000"));
	EXPECT_EQ(-EINVAL, write_file(SHMMNI, "-1"));
	EXPECT_EQ(4096, limits_of().shmmni);
	EXPECT_EQ(0, write_file(SHMMNI, "32768"));
	EXPECT_EQ(32768, limits_of().shmmni);
}

/* limits: One segment more than shmmni is ENOSPC, until one is removed. */
TEST_F(limits, shmmni_reached_enospc)
{
	ASSERT_EQ(0, write_number(SHMMNI, 2));
	make_key(KEY, PAGE, 0600);
	make(1);
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
	EXPECT_EQ(-ENOSPC, get(KEY + 1, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(0, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(2, pages_in_use());
	rmid(1);
	EXPECT_LE(0, get(IPC_PRIVATE, PAGE, 0600));
}

/* limits: A removed segment that is still attached counts for shmmni. */
TEST_F(limits, shmmni_counts_marked_segments)
{
	char *p;

	ASSERT_EQ(0, write_number(SHMMNI, 1));
	p = attach(make(1));
	rmid(0);
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
	detach(p);
	EXPECT_LE(0, get(IPC_PRIVATE, PAGE, 0600));
}

/*
 * limits: Many creations that shmmni refuses leave no pages and no key.
 * history: A creation that failed late freed its memory twice.
 */
TEST_F(limits, shmmni_many_failures_leave_nothing)
{
	int i;

	ASSERT_EQ(0, write_number(SHMMNI, 1));
	make(1);
	for (i = 0; i < 500; i++)
		ASSERT_EQ(-ENOSPC, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(1, pages_in_use());
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
}

/* limits: Lowering shmmax does not change a segment that exists. */
TEST_F(limits, shmmax_lowered_keeps_existing)
{
	int id = make_key(KEY, 8 * PAGE, 0600);

	ASSERT_EQ(0, write_number(SHMMAX, PAGE));
	EXPECT_EQ(id, get(KEY, 8 * PAGE, 0600));
	attach(id)[8 * PAGE - 1] = 1;
	EXPECT_EQ(1, nattch(id));
	EXPECT_EQ(-EINVAL, get(IPC_PRIVATE, PAGE + 1, 0600));
	EXPECT_EQ(1, get(IPC_PRIVATE, PAGE, 0600));
}

/* limits: shmall counts whole pages: part of a page counts as one. */
TEST_F(limits, shmall_counts_whole_pages)
{
	ASSERT_EQ(0, write_number(SHMALL, 4));
	make_key(KEY, 2 * PAGE + 1, 0600);
	EXPECT_EQ(3, pages_in_use());
	make_key(KEY + 1, 1, 0600);
	EXPECT_EQ(4, pages_in_use());
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, 1, 0600));
	EXPECT_EQ(4, pages_in_use());
	rmid(get(KEY, 0, 0));
	EXPECT_EQ(1, pages_in_use());
	EXPECT_LE(0, get(IPC_PRIVATE, 3 * PAGE, 0600));
}

/*
 * limits: The pages of a removed segment that is still attached count for
 * shmall.
 */
TEST_F(limits, shmall_counts_marked_segments)
{
	char *p;

	ASSERT_EQ(0, write_number(SHMALL, 2));
	p = attach(make(2));
	rmid(0);
	EXPECT_EQ(2, pages_in_use());
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, 1, 0600));
	detach(p);
	EXPECT_EQ(0, pages_in_use());
	EXPECT_LE(0, get(IPC_PRIVATE, 2 * PAGE, 0600));
}

/* limits: Lowering shmall does not change a segment that exists. */
TEST_F(limits, shmall_lowered_keeps_existing)
{
	char *p = attach(make(8));

	ASSERT_EQ(0, write_number(SHMALL, 1));
	p[7 * PAGE] = 1;
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, 1, 0600));
	EXPECT_EQ(8, pages_in_use());
}

/* limits: A limit that is raised allows more at once. */
TEST_F(limits, raised_allows_more)
{
	ASSERT_EQ(0, write_number(SHMMNI, 0));
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
	ASSERT_EQ(0, write_number(SHMMNI, 1));
	EXPECT_EQ(0, get(IPC_PRIVATE, PAGE, 0600));
}

/* limits: Nothing limits how often a process attaches a segment. */
TEST_F(limits, attaches_of_one_process_unlimited)
{
	int i;

	ASSERT_EQ(0, write_number(SHMMNI, 1));
	make(1);
	for (i = 1; i <= 40; i++) {
		attach(0);
		EXPECT_EQ(i, nattch(0));
	}
}

/*
 * limits: The kernel memory of a segment is charged to its creator's
 * memory cgroup.
 * history: The kernel memory of segments was charged to nobody.
 *
 * Otherwise a user could use up memory that nobody pays for.
 */
TEST_F(limits, segments_charged_to_the_creators_group)
{
	const char *missing = make_group();
	const int many = 2000;
	unsigned long before;
	int i;

	if (missing)
		SKIP(return, "%s", missing);
	if (in_child()) {
		ASSERT_EQ(0, write_file(GROUP "/cgroup.procs", "0"));
		before = read_number(GROUP "/memory.current");
		for (i = 0; i < many; i++)
			make(1);
		EXPECT_LT(before + many * 512UL,
			  read_number(GROUP "/memory.current"));
		_exit(0);
	}
	backend_sweep();
	remove_group();
}

TEST_HARNESS_MAIN
