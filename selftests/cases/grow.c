// SPDX-License-Identifier: GPL-2.0
/* Segments that grow. In-tree shm has none. */
#include <kshm.h>
#include <sys/mman.h>

#include "cases.h"

#define KERNEL		"/proc/sys/kernel/"

FIXTURE_KSHM(grow);

static int grow(int id, size_t size)
{
	return kshm_segment_grow(id, &size, NULL) ? -errno : 0;
}

struct extent {
	size_t size;
	unsigned long long generation;
};

static struct extent extent_of(int id)
{
	struct extent extent = { .size = 0 };

	if (kshm_segment_grow(id, &extent.size, &extent.generation))
		die("asking for the size of %d: %s", id, strerror(errno));
	return extent;
}

static size_t attached_size(int id)
{
	size_t size;
	char *p = kshm_segment_attach(id, NULL, 0, &size);

	if (p == (void *)-1)
		die("attaching %d: %s", id, strerror(errno));
	p[size - 1] = 1;
	detach(p);
	return size;
}

/* grow: A later attach has the new size; one that is there stays as it is. */
TEST_F(grow, new_attach_longer_old_unchanged)
{
	int id = make(2);
	char *old = attach(id), *new;
	struct mapping map;

	strcpy(old + PAGE, "kept");
	ASSERT_EQ(0, grow(id, 5 * PAGE));
	ASSERT_TRUE(mapping_at(old, &map));
	EXPECT_EQ(2 * PAGE, map.end - map.start);
	new = attach(id);
	ASSERT_TRUE(mapping_at(new, &map));
	EXPECT_EQ(5 * PAGE, map.end - map.start);
	EXPECT_STREQ("kept", new + PAGE);
	new[5 * PAGE - 1] = 1;
	new[0] = 'x';
	EXPECT_EQ('x', old[0]);
	EXPECT_EQ(5 * PAGE, attached_size(id));
	EXPECT_EQ(2, nattch(id));
}

/* grow: STAT, the listing and SHM_INFO tell the new size. */
TEST_F(grow, seen_by_everybody_who_asks)
{
	struct shm_info info;
	struct line line;
	int id = make(2);

	ASSERT_EQ(0, grow(id, 4 * PAGE + 1));
	EXPECT_EQ(4 * PAGE + 1, stat_of(id).shm_segsz);
	ASSERT_TRUE(listing_find(id, &line));
	EXPECT_EQ(4 * PAGE + 1, line.size);
	EXPECT_EQ(0, line.nattch);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(5, info.shm_tot);
	rmid(id);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.shm_tot);
}

/* grow: The generation counts how often the size has changed. */
TEST_F(grow, generation_counts)
{
	int id = make(1), i;

	EXPECT_EQ(0, extent_of(id).generation);
	for (i = 2; i < 10; i++) {
		ASSERT_EQ(0, grow(id, i * PAGE));
		EXPECT_EQ(i - 1, extent_of(id).generation);
		EXPECT_EQ(i * PAGE, extent_of(id).size);
		ASSERT_EQ(0, grow(id, i * PAGE));
		EXPECT_EQ(i - 1, extent_of(id).generation);
	}
	EXPECT_EQ(-EINVAL, grow(id, PAGE));
	EXPECT_EQ(8, extent_of(id).generation);
}

/* grow: Growing within a page keeps what is in that page. */
TEST_F(grow, odd_sizes)
{
	int id = make_key(KEY, 5, 0600);
	char *p = attach(id);

	p[9] = 'x';
	ASSERT_EQ(0, grow(id, 6));
	EXPECT_EQ(6, attached_size(id));
	EXPECT_EQ('x', p[9]);
	EXPECT_EQ(id, get(KEY, 6, 0600));
	EXPECT_EQ(-EINVAL, get(KEY, 7, 0600));
	ASSERT_EQ(0, grow(id, PAGE + 1));
	EXPECT_EQ(PAGE + 1, attached_size(id));
}

/*
 * grow: Detaching an attach from before takes that one and nothing behind
 * it.
 */
TEST_F(grow, detach_of_old_takes_it_and_no_more)
{
	char *range = free_range(8);
	int id = make(2), other = make(1);

	ASSERT_EQ((uintptr_t)range, at(id, range, 0));
	fill_page(range + 2 * PAGE, 'x');
	ASSERT_EQ((uintptr_t)range + 3 * PAGE, at(other, range + 3 * PAGE, 0));
	ASSERT_EQ(0, grow(id, 4 * PAGE));
	ASSERT_EQ((uintptr_t)range + 4 * PAGE, at(id, range + 4 * PAGE, 0));
	detach(range);
	EXPECT_EQ(1, nattch(id));
	EXPECT_EQ(1, nattch(other));
	EXPECT_EQ('x', range[2 * PAGE]);
	range[4 * PAGE] = 1;
	EXPECT_TRUE(write_raises(range + PAGE, SIGSEGV));
	EXPECT_EQ(-EINVAL, dt(range));
	detach(range + 4 * PAGE);
	EXPECT_EQ(0, nattch(id));
}

/* grow: Detaching an attach from before takes all its pieces. */
TEST_F(grow, detach_of_old_takes_all_its_pieces)
{
	int id = make(5);
	char *p = attach(id);

	ASSERT_EQ(0, munmap(p + PAGE, PAGE));
	ASSERT_EQ(0, munmap(p + 3 * PAGE, PAGE));
	EXPECT_EQ(3, nattch(id));
	ASSERT_EQ(0, grow(id, 100 * PAGE));
	detach(p);
	EXPECT_EQ(0, nattch(id));
}

/*
 * grow: An attach from before can be grown with mremap, and shows the new
 * pages.
 */
TEST_F(grow, old_attach_remapped_sees_more)
{
	int id = make(1);
	char *p = attach(id), *new;

	ASSERT_EQ(0, grow(id, 3 * PAGE));
	new = attach(id);
	p = mremap(p, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, p);
	new[2 * PAGE] = 'x';
	EXPECT_EQ('x', p[2 * PAGE]);
	detach(p);
	EXPECT_EQ(1, nattch(id));
}

/* grow: A removed segment that is attached can grow, and ends as before. */
TEST_F(grow, marked_grows_too)
{
	int id = make(1);
	char *p = attach(id);

	rmid(id);
	EXPECT_EQ(0, grow(id, 2 * PAGE));
	EXPECT_EQ(2 * PAGE, attached_size(id));
	detach(p);
	EXPECT_EQ(-EINVAL, grow(id, 3 * PAGE));
}

/* grow: Growing does not count as an attach of a transient segment. */
TEST_F(grow, transient_stays)
{
	int id = kshm_segment_get(KEY, PAGE, IPC_CREAT | 0600, KSHM_TRANSIENT, -1,
				  NULL);
	char *p;

	EXPECT_EQ(0, grow(id, 2 * PAGE));
	EXPECT_TRUE(exists(id));
	p = attach(id);
	EXPECT_EQ(0, grow(id, 3 * PAGE));
	detach(p);
	EXPECT_FALSE(exists(id));
}

/* A request that is refused changes nothing. */
static void expect_refused(struct __test_metadata *_metadata, int id, int err,
			   size_t size)
{
	struct extent before = extent_of(id), after;
	struct shm_info usage, now;

	EXPECT_LE(0, ctl(0, SHM_INFO, &usage));
	EXPECT_EQ(err, grow(id, size));
	EXPECT_LE(0, ctl(0, SHM_INFO, &now));
	after = extent_of(id);
	EXPECT_EQ(usage.shm_tot, now.shm_tot);
	EXPECT_EQ(before.size, after.size);
	EXPECT_EQ(before.generation, after.generation);
	EXPECT_EQ(before.size, attached_size(id));
	EXPECT_EQ(0, nattch(id));
}

/* grow: A smaller size is EINVAL. */
TEST_F(grow, smaller_einval)
{
	int id = make(4);

	expect_refused(_metadata, id, -EINVAL, 4 * PAGE - 1);
	expect_refused(_metadata, id, -EINVAL, 1);
}

/* grow: An id that no segment has is EINVAL. */
TEST_F(grow, unknown_id_einval)
{
	size_t size = 0;

	EXPECT_EQ(-EINVAL, grow(0, PAGE));
	EXPECT_EQ(-EINVAL, grow(-1, PAGE));
	EXPECT_EQ(-1, kshm_segment_grow(7, &size, NULL));
	EXPECT_EQ(EINVAL, errno);
}

/* grow: Growing above shmmax is EINVAL, above shmall ENOSPC. */
TEST_F(grow, above_limits_refused)
{
	int id = make(2);

	make(3);
	ASSERT_EQ(0, write_number(KERNEL "shmmax", 8 * PAGE));
	ASSERT_EQ(0, write_number(KERNEL "shmall", 10));
	expect_refused(_metadata, id, -EINVAL, 8 * PAGE + 1);
	expect_refused(_metadata, id, -ENOSPC, 8 * PAGE);
	expect_refused(_metadata, id, -ENOSPC, 7 * PAGE + 1);
	EXPECT_EQ(0, grow(id, 7 * PAGE));
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, 1, 0600));
	ASSERT_EQ(0, write_number(KERNEL "shmmax", PAGE));
	EXPECT_EQ(0, grow(id, 7 * PAGE));
}

/* grow: A size that no file can have is EINVAL. */
TEST_F(grow, larger_than_a_file_einval)
{
	int id = make(1);

	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, write_number(KERNEL "shmmax", ULONG_MAX));
	ASSERT_EQ(0, write_number(KERNEL "shmall", ULONG_MAX));
	expect_refused(_metadata, id, -EINVAL, (TIB << 23) + PAGE);
	expect_refused(_metadata, id, -EINVAL, ULONG_MAX);
}

/*
 * grow: A size that can't be committed is ENOMEM, except for a segment
 * made with SHM_NORESERVE.
 */
TEST_F(grow, uncommittable_enomem)
{
	int id = make(1), lazy;

	if (!TIB)
		SKIP(return, NO_TIB);
	if (read_number("/proc/sys/vm/overcommit_memory") == 1)
		SKIP(return, "vm.overcommit_memory is 1");
	expect_refused(_metadata, id, -ENOMEM, 64 * TIB);
	lazy = get(IPC_PRIVATE, PAGE, SHM_NORESERVE | 0600);
	EXPECT_EQ(0, grow(lazy, TIB));
	EXPECT_EQ(TIB, extent_of(lazy).size);
}

static unsigned long committed(void)
{
	return meminfo("Committed_AS:");
}

/* grow: Memory that GROW has committed is given back at the end. */
TEST_F(grow, committed_memory_comes_and_goes)
{
	const size_t much = 64UL << 20;
	unsigned long before = committed();
	int id = make(1);

	ASSERT_EQ(0, grow(id, much));
	EXPECT_LE(before + (much >> 11), committed());
	rmid(id);
	EXPECT_GT(before + (much >> 11), committed());
}

/* grow: Growing above RLIMIT_FSIZE is EFBIG, without a signal. */
TEST_F(grow, above_rlimit_fsize_efbig_without_signal)
{
	struct rlimit limit = { 2 * PAGE, RLIM_INFINITY };
	int id = make(1);

	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	expect_refused(_metadata, id, -EFBIG, 2 * PAGE + 1);
	EXPECT_EQ(0, grow(id, 2 * PAGE));
}

/* grow: A locked segment can't grow: EBUSY. */
TEST_F(grow, locked_ebusy)
{
	int id = make(1);

	ASSERT_EQ(0, ctl(id, SHM_LOCK, NULL));
	expect_refused(_metadata, id, -EBUSY, 2 * PAGE);
	EXPECT_EQ(0, grow(id, PAGE));
	ASSERT_EQ(0, ctl(id, SHM_UNLOCK, NULL));
	EXPECT_EQ(0, grow(id, 2 * PAGE));
}

/*
 * grow: Growing asks for what IPC_SET asks for, and asking for the size
 * for what IPC_STAT does.
 */
TEST_F(grow, asks_for_permission)
{
	int id = make_key(KEY, PAGE, 0644), closed = make_key(KEY + 1, PAGE, 0);
	struct shmid_ds ds = { .shm_perm = { .uid = BOB, .mode = 0 } };

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EPERM, grow(id, 2 * PAGE));
		EXPECT_EQ(-EPERM, grow(id, PAGE));
		EXPECT_EQ(PAGE, extent_of(id).size);
		EXPECT_EQ(-EACCES, grow(closed, 0));
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(ALICE, STAFF, 1ULL << CAP_SYS_ADMIN);
		EXPECT_EQ(0, grow(id, 2 * PAGE));
		_exit(0);
	}
	EXPECT_EQ(0, ctl(closed, IPC_SET, &ds));
	if (in_child()) {
		become(BOB, STAFF);
		EXPECT_EQ(0, grow(closed, 2 * PAGE));
		EXPECT_EQ(-EACCES, grow(closed, 0));
		_exit(0);
	}
	EXPECT_EQ(2 * PAGE, extent_of(closed).size);
}

/*
 * grow: kshm_attach() tells the size of the segment, and nothing when it
 * fails.
 */
TEST_F(grow, attach_tells_the_size)
{
	size_t size = 0;
	void *p = kshm_segment_attach(make_key(KEY, 2 * PAGE + 3, 0600), NULL,
				      SHM_RDONLY, &size);

	ASSERT_NE((void *)-1, p);
	EXPECT_EQ(2 * PAGE + 3, size);
	EXPECT_EQ((void *)-1, kshm_segment_attach(12345, NULL, 0, &size));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(2 * PAGE + 3, size);
}

TEST_HARNESS_MAIN
