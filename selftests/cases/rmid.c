// SPDX-License-Identifier: GPL-2.0
/*
 * IPC_RMID removes a segment at once if it is not attached. Else it marks the segment,
 * which is removed with the last detach.
 */
#include "cases.h"

#define DEST		01000

FIXTURE_BOTH(rmid);

/*
 * rmid: A removed segment that nobody has attached is gone at once, with
 * its key, its line and its pages.
 */
TEST_F(rmid, unattached_gone_at_once)
{
	struct shm_info info;
	struct line line;

	make_key(KEY, PAGE, 0600);
	EXPECT_EQ(0, ctl(0, IPC_RMID, NULL));
	EXPECT_FALSE(exists(0));
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
	EXPECT_FALSE(listing_find(0, &line));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(0, info.shm_tot);
}

/* rmid: IPC_RMID does not look at the buffer. */
TEST_F(rmid, buffer_not_looked_at)
{
	make(1);
	EXPECT_EQ(0, ctl(0, IPC_RMID, BAD_POINTER));
	EXPECT_FALSE(exists(0));
}

/*
 * rmid: A removed segment that is attached loses its key and gets the mark
 * SHM_DEST; nothing else changes.
 */
TEST_F(rmid, attached_is_marked)
{
	struct shmid_ds before, ds;

	attach(make_key(KEY, PAGE, 0640));
	before = stat_of(0);
	EXPECT_EQ(0, ctl(0, IPC_RMID, NULL));
	ds = stat_of(0);
	EXPECT_EQ(DEST | 0640, ds.shm_perm.mode);
	EXPECT_EQ(0, ds.shm_perm.__key);
	before.shm_perm.mode = ds.shm_perm.mode;
	before.shm_perm.__key = 0;
	EXPECT_EQ(0, memcmp(&before, &ds, sizeof(ds)));
}

/*
 * rmid: The listing shows a removed segment with the mark SHM_DEST and key
 * 0.
 */
TEST_F(rmid, attached_listed_with_mark_and_no_key)
{
	struct line line;

	attach(make_key(KEY, PAGE, 0600));
	ASSERT_TRUE(listing_find(0, &line));
	EXPECT_EQ(KEY, line.key);
	EXPECT_EQ(0600, line.perms);
	rmid(0);
	ASSERT_TRUE(listing_find(0, &line));
	EXPECT_EQ(0, line.key);
	EXPECT_EQ(DEST | 0600, line.perms);
	EXPECT_EQ(1, line.nattch);
}

/*
 * rmid: The key of a removed segment is not found, and a new segment can
 * have it.
 * history: The key of a removed segment was found, or IPC_PRIVATE was taken for
 * a key.
 */
TEST_F(rmid, marked_key_not_found)
{
	attach(make_key(KEY, PAGE, 0600));
	rmid(0);
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
	EXPECT_EQ(1, get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	EXPECT_EQ(1, get(KEY, PAGE, 0600));
}

/* rmid: Removing a removed segment again succeeds and changes nothing. */
TEST_F(rmid, marked_can_be_removed_again)
{
	attach(make(1));
	EXPECT_EQ(0, ctl(0, IPC_RMID, NULL));
	EXPECT_EQ(0, ctl(0, IPC_RMID, NULL));
	EXPECT_EQ(1, nattch(0));
}

/*
 * rmid: A removed segment can be attached by its id, and ends with the
 * last attach.
 */
TEST_F(rmid, marked_can_be_attached)
{
	char *p = attach(make(1)), *q;

	p[0] = 'a';
	rmid(0);
	q = attach(0);
	EXPECT_EQ('a', q[0]);
	EXPECT_EQ(2, nattch(0));
	detach(p);
	detach(q);
	EXPECT_FALSE(exists(0));
}

/*
 * rmid: A removed segment that only a child has attached can be attached
 * again.
 */
TEST_F(rmid, marked_attached_by_another_process)
{
	char *p = attach(make(1));
	pid_t child;

	rmid(0);
	child = spawn_idle();
	detach(p);
	EXPECT_EQ(1, nattch(0));
	EXPECT_LT(0, at(0, NULL, 0));
	release(child);
	EXPECT_EQ(1, nattch(0));
}

/* rmid: IPC_SET works on a removed segment, and keeps the mark. */
TEST_F(rmid, marked_can_be_set)
{
	struct shmid_ds ds = { .shm_perm = { .uid = ALICE, .gid = STAFF,
					     .mode = 0777 } };

	attach(make(1));
	rmid(0);
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	ds = stat_of(0);
	EXPECT_EQ(DEST | 0777, ds.shm_perm.mode);
	EXPECT_EQ(ALICE, ds.shm_perm.uid);
}

/*
 * rmid: SHM_LOCK and SHM_UNLOCK work on a removed segment, and keep the
 * mark.
 */
TEST_F(rmid, marked_can_be_locked)
{
	attach(make(1));
	rmid(0);
	EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
	EXPECT_EQ(DEST | SHM_LOCKED | 0600, stat_of(0).shm_perm.mode);
	EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
	EXPECT_EQ(DEST | 0600, stat_of(0).shm_perm.mode);
}

/* rmid: A failed attach does not end a removed segment. */
TEST_F(rmid, marked_survives_failed_attach)
{
	char *p = attach(make(1)), *q = fill_page(free_range(1), 'x');

	rmid(0);
	EXPECT_EQ(-EINVAL, at(0, q, 0));
	EXPECT_EQ(1, nattch(0));
	detach(p);
	EXPECT_FALSE(exists(0));
}

/* rmid: SHM_INFO counts a removed segment until it ends. */
TEST_F(rmid, marked_counts_until_it_ends)
{
	struct shm_info info;
	char *p = attach(make(3));

	p[0] = 1;
	rmid(0);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(1, info.used_ids);
	EXPECT_EQ(3, info.shm_tot);
	EXPECT_EQ(1, info.shm_rss);
	detach(p);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(0, info.shm_tot);
	EXPECT_EQ(0, info.shm_rss);
}

static void expect_memory_back(struct __test_metadata *_metadata, int attaches)
{
	size_t pages = 4096;
	unsigned long before = meminfo("Shmem:"), kb = pages * PAGE / 1024;
	int id = make(pages), i;
	char *p[5];
	size_t j;

	for (i = 0; i < attaches; i++)
		p[i] = attach(id);
	for (j = 0; j < pages; j++)
		p[0][j * PAGE] = 1;
	EXPECT_LT(before + kb / 2, meminfo("Shmem:"));
	rmid(id);
	while (i)
		detach(p[--i]);
	EXPECT_GT(before + kb / 2, meminfo("Shmem:"));
}

/* rmid: The pages of a segment are free when it has ended. */
TEST_F(rmid, memory_comes_back)
{
	expect_memory_back(_metadata, 1);
}

/*
 * rmid: The pages of a segment that was attached five times at a time are free
 * when it has ended.
 */
TEST_F(rmid, memory_of_many_attaches_comes_back)
{
	expect_memory_back(_metadata, 5);
}

/* rmid: Committed memory is given back when a segment ends. */
TEST_F(rmid, committed_memory_comes_back)
{
	unsigned long before = meminfo("Committed_AS:");
	size_t pages = (256UL << 20) / PAGE;

	make(pages);
	EXPECT_LT(before + (128UL << 10), meminfo("Committed_AS:"));
	rmid(0);
	EXPECT_GT(before + (128UL << 10), meminfo("Committed_AS:"));
}

TEST_HARNESS_MAIN
