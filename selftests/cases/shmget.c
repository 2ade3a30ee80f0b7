// SPDX-License-Identifier: GPL-2.0
/* shmget: the order of its checks, and what a new segment is like. */
#include "cases.h"

#define KERNEL		"/proc/sys/kernel/"
#define OVERCOMMIT	"/proc/sys/vm/overcommit_memory"

FIXTURE_BOTH(shmget);

/*
 * shmget: A key that no segment has is ENOENT without IPC_CREAT; IPC_EXCL
 * alone changes nothing.
 */
TEST_F(shmget, absent_without_creat_enoent)
{
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, IPC_EXCL | 0600));
}

/*
 * shmget: A key that no segment has is ENOENT before the size is looked
 * at.
 */
TEST_F(shmget, absent_without_creat_absurd_size_enoent)
{
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
	EXPECT_EQ(-ENOENT, get(KEY, SIZE_MAX, 0));
}

/* shmget: A key that a segment has gives its id, with IPC_CREAT too. */
TEST_F(shmget, present_creat_without_excl_found)
{
	int id = make_key(KEY, PAGE, 0600);

	EXPECT_EQ(id, get(KEY, PAGE, IPC_CREAT | 0600));
}

/* shmget: A key that a segment has is EEXIST with IPC_CREAT and IPC_EXCL. */
TEST_F(shmget, present_creat_excl_eexist)
{
	make_key(KEY, PAGE, 0600);
	EXPECT_EQ(-EEXIST, get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
}

/* shmget: EEXIST of a taken key comes before the size is looked at. */
TEST_F(shmget, present_excl_before_size_eexist)
{
	make_key(KEY, PAGE, 0600);
	EXPECT_EQ(-EEXIST, get(KEY, 9 * PAGE, IPC_CREAT | IPC_EXCL | 0600));
	EXPECT_EQ(-EEXIST, get(KEY, 0, IPC_CREAT | IPC_EXCL));
}

/* shmget: EEXIST of a taken key comes before the permission is checked. */
TEST_F(shmget, present_excl_before_permission_eexist)
{
	make_key(KEY, PAGE, 0);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EEXIST, get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0777));
		_exit(0);
	}
}

/* shmget: IPC_EXCL without IPC_CREAT is ignored. */
TEST_F(shmget, present_excl_alone_ignored)
{
	int id = make_key(KEY, PAGE, 0600);

	EXPECT_EQ(id, get(KEY, PAGE, IPC_EXCL | 0600));
}

/* shmget: Asking for more bytes than the segment has is EINVAL. */
TEST_F(shmget, present_larger_size_einval)
{
	make_key(KEY, PAGE + 1, 0600);
	EXPECT_EQ(-EINVAL, get(KEY, PAGE + 2, 0));
	EXPECT_EQ(-EINVAL, get(KEY, 2 * PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(-EINVAL, get(KEY, SIZE_MAX, 0));
}

/* shmget: The size of a segment is checked before its permission. */
TEST_F(shmget, present_size_before_permission_einval)
{
	make_key(KEY, PAGE, 0600);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EINVAL, get(KEY, 2 * PAGE, 0600));
		EXPECT_EQ(-EACCES, get(KEY, PAGE, 0600));
		_exit(0);
	}
}

/*
 * shmget: A size of 0, or any that is not larger than the segment's, finds
 * it.
 */
TEST_F(shmget, present_size_zero_or_less_found)
{
	int id = make_key(KEY, PAGE + 1, 0600);

	EXPECT_EQ(id, get(KEY, 0, 0600));
	EXPECT_EQ(id, get(KEY, 1, 0600));
	EXPECT_EQ(id, get(KEY, PAGE + 1, 0600));
}

/* shmget: Limits are not checked for a segment that exists already. */
TEST_F(shmget, present_above_new_shmmax_found)
{
	int id = make_key(KEY, 4 * PAGE, 0600);

	ASSERT_EQ(0, write_number(KERNEL "shmmax", PAGE));
	EXPECT_EQ(id, get(KEY, 4 * PAGE, IPC_CREAT | 0600));
}

/*
 * shmget: Without a mode bit no permission is asked for, and anybody gets
 * the id.
 */
TEST_F(shmget, present_without_mode_bits_found_by_anyone)
{
	int id = make_key(KEY, PAGE, 0);

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(id, get(KEY, 0, 0));
		EXPECT_EQ(-EACCES, get(KEY, 0, 0400));
		EXPECT_EQ(-EACCES, get(KEY, 0, 0040));
		EXPECT_EQ(-EACCES, get(KEY, 0, 0001));
		_exit(0);
	}
}

/*
 * shmget: The nine mode bits are folded into one class of three; a bit
 * that the caller's class lacks is EACCES.
 */
TEST_F(shmget, present_mode_bits_folded)
{
	int id = make_key(KEY, PAGE, 0604);

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(id, get(KEY, 0, 0400));
		EXPECT_EQ(id, get(KEY, 0, 0040));
		EXPECT_EQ(id, get(KEY, 0, 0444));
		EXPECT_EQ(-EACCES, get(KEY, 0, 0600));
		EXPECT_EQ(-EACCES, get(KEY, 0, 0002));
		EXPECT_EQ(-EACCES, get(KEY, 0, 0444 | 0100));
		_exit(0);
	}
}

/*
 * shmget: IPC_PRIVATE makes a new segment, whatever IPC_CREAT and IPC_EXCL
 * say.
 */
TEST_F(shmget, private_always_new)
{
	int flags[] = { 0600, 0600 | IPC_CREAT, 0600 | IPC_EXCL,
			0600 | IPC_CREAT | IPC_EXCL };
	int i;

	for (i = 0; i < 4; i++) {
		EXPECT_EQ(i, get(IPC_PRIVATE, PAGE, flags[i]));
		EXPECT_EQ(0, stat_of(i).shm_perm.__key);
	}
}

/*
 * shmget: Segments of IPC_PRIVATE have different ids, and the listing
 * shows each with key 0.
 * history: The key of a removed segment was found, or IPC_PRIVATE was
 * taken for a key.
 */
TEST_F(shmget, private_hundred_distinct_and_listed)
{
	struct line lines[128];
	int i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(i, make(1));
	ASSERT_EQ(100, listing_read(lines, 128));
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(i, lines[i].id);
		EXPECT_EQ(0, lines[i].key);
	}
}

/* shmget: A new segment of IPC_PRIVATE can't have size 0: EINVAL. */
TEST_F(shmget, private_size_zero_einval)
{
	EXPECT_EQ(-EINVAL, get(IPC_PRIVATE, 0, 0600));
}

/*
 * shmget: A new segment with a key can't have size 0: EINVAL, and the key
 * stays free.
 */
TEST_F(shmget, create_size_zero_einval)
{
	EXPECT_EQ(-EINVAL, get(KEY, 0, IPC_CREAT | 0600));
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
}

/*
 * shmget: A new segment larger than shmmax is EINVAL; one of exactly
 * shmmax is made.
 */
TEST_F(shmget, create_above_shmmax_einval)
{
	/* The sizes of a 32-bit program are all below the first limit. */
	if (TIB)
		EXPECT_EQ(-EINVAL, get(KEY, SIZE_MAX, IPC_CREAT | 0600));
	ASSERT_EQ(0, write_number(KERNEL "shmmax", PAGE + 7));
	EXPECT_EQ(-EINVAL, get(KEY, PAGE + 8, IPC_CREAT | 0600));
	EXPECT_LE(0, get(KEY, PAGE + 7, IPC_CREAT | 0600));
}

/*
 * shmget: A size whose number of pages wraps to 0 is ENOSPC, however high
 * the limits are.
 * history: The number of pages, or the sum of all pages, overflowed and
 * passed the limits.
 */
TEST_F(shmget, create_page_count_overflow_enospc)
{
	struct shm_info info;

	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, write_number(KERNEL "shmmax", ULONG_MAX));
	ASSERT_EQ(0, write_number(KERNEL "shmall", ULONG_MAX));
	EXPECT_EQ(-ENOSPC, get(KEY, SIZE_MAX, IPC_CREAT | 0600));
	EXPECT_EQ(-ENOSPC, get(KEY, SIZE_MAX - PAGE + 2, IPC_CREAT | 0600));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.shm_tot);
}

/*
 * shmget: A new segment that takes the sum of all pages above shmall is
 * ENOSPC.
 */
TEST_F(shmget, create_above_shmall_enospc)
{
	ASSERT_EQ(0, write_number(KERNEL "shmall", 3));
	EXPECT_EQ(-ENOSPC, get(KEY, 3 * PAGE + 1, IPC_CREAT | 0600));
	EXPECT_LE(0, get(KEY, 2 * PAGE + 1, IPC_CREAT | 0600));
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, 1, 0600));
}

/* shmget: shmmax is checked before shmall. */
TEST_F(shmget, create_shmmax_before_shmall_einval)
{
	ASSERT_EQ(0, write_number(KERNEL "shmall", 1));
	ASSERT_EQ(0, write_number(KERNEL "shmmax", 2 * PAGE));
	EXPECT_EQ(-EINVAL, get(KEY, 3 * PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(-ENOSPC, get(KEY, 2 * PAGE, IPC_CREAT | 0600));
}

/* shmget: shmall is checked before memory is committed. */
TEST_F(shmget, create_shmall_before_memory_enospc)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, write_number(KERNEL "shmall", 1));
	EXPECT_EQ(-ENOSPC, get(KEY, 64 * TIB, IPC_CREAT | 0600));
}

/*
 * shmget: shmmni is checked last: EINVAL and ENOMEM come before its
 * ENOSPC.
 */
TEST_F(shmget, create_shmmni_last_enospc)
{
	ASSERT_EQ(0, write_number(KERNEL "shmmni", 0));
	EXPECT_EQ(-EINVAL, get(KEY, 0, IPC_CREAT | 0600));
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
	EXPECT_EQ(-ENOSPC, get(KEY, PAGE, IPC_CREAT | 0600));
	if (TIB && read_number(OVERCOMMIT) != 1)
		EXPECT_EQ(-ENOMEM, get(KEY, 64 * TIB, IPC_CREAT | 0600));
}

/*
 * shmget: A size that no file can have is EINVAL, before memory is
 * committed.
 */
TEST_F(shmget, create_above_file_size_einval)
{
	size_t size = (TIB << 23) + PAGE;

	if (!TIB)
		SKIP(return, NO_TIB);
	EXPECT_EQ(-EINVAL, get(KEY, size, IPC_CREAT | SHM_NORESERVE | 0600));
	EXPECT_EQ(-EINVAL, get(KEY, size, IPC_CREAT | 0600));
}

/* shmget: shmall is checked before the largest size of a file. */
TEST_F(shmget, create_shmall_before_file_size_enospc)
{
	size_t size = (TIB << 23) + PAGE;

	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, write_number(KERNEL "shmall", 1));
	EXPECT_EQ(-ENOSPC, get(KEY, size, IPC_CREAT | SHM_NORESERVE | 0600));
}

#define LARGEST		((TIB << 23) - 1)

/*
 * shmget: A segment that fits alone is ENOSPC where the sum of all pages
 * would wrap to 0.
 * history: The number of pages, or the sum of all pages, overflowed and
 * passed the limits.
 */
TEST_F(shmget, create_sum_of_pages_overflow_enospc)
{
	const unsigned long pages = LARGEST / PAGE + 1;
	int flags = SHM_NORESERVE | 0600, i, last;
	struct shm_info info;

	if (!TIB)
		SKIP(return, NO_TIB);
	last = ULONG_MAX / pages;
	ASSERT_EQ(0, write_number(KERNEL "shmmax", ULONG_MAX));
	ASSERT_EQ(0, write_number(KERNEL "shmall", ULONG_MAX));
	ASSERT_EQ(0, write_number(KERNEL "shmmni", 32768));
	for (i = 0; i < last; i++)
		ASSERT_LE(0, get(IPC_PRIVATE, LARGEST, flags));
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, LARGEST, flags));
	EXPECT_EQ(last - 1, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(last * pages, info.shm_tot);
	EXPECT_EQ(last, get(IPC_PRIVATE, LARGEST - PAGE, flags));
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, 1, flags));
	for (i = 0; i <= last; i++)
		ctl(i, IPC_RMID, NULL);
}

/* Creates a segment in an overcommit mode, and restores the old mode. */
static int get_in_mode(int mode, size_t size, int flags)
{
	unsigned long old = read_number(OVERCOMMIT);
	int ret;

	if (write_number(OVERCOMMIT, mode))
		die("writing " OVERCOMMIT);
	ret = get(IPC_PRIVATE, size, flags | 0600);
	if (write_number(OVERCOMMIT, old))
		die("writing " OVERCOMMIT);
	return ret;
}

/*
 * shmget: The whole size is committed at creation; a size that can't be
 * committed is ENOMEM.
 */
TEST_F(shmget, create_uncommittable_enomem)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	EXPECT_EQ(-ENOMEM, get_in_mode(0, 64 * TIB, 0));
	EXPECT_EQ(-ENOMEM, get_in_mode(2, 64 * TIB, 0));
	EXPECT_EQ(0, get_in_mode(1, 64 * TIB, 0));
}

/*
 * shmget: SHM_NORESERVE commits nothing, except in overcommit mode 2,
 * where it is ignored.
 */
TEST_F(shmget, create_noreserve_follows_overcommit_mode)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	EXPECT_EQ(-ENOMEM, get_in_mode(2, 16 * TIB, SHM_NORESERVE));
	EXPECT_EQ(0, get_in_mode(0, 16 * TIB, SHM_NORESERVE));
	EXPECT_EQ(1, get_in_mode(1, 16 * TIB, SHM_NORESERVE));
}

/*
 * shmget: A creation that failed leaves no key, no line in the listing,
 * and no count.
 */
TEST_F(shmget, create_failed_leaves_nothing)
{
	struct line line;

	EXPECT_EQ(-EINVAL, get(KEY, 0, IPC_CREAT | 0600));
	EXPECT_EQ(0, listing_read(&line, 1));
	ASSERT_EQ(0, write_number(KERNEL "shmmni", 0));
	EXPECT_EQ(-ENOSPC, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(0, listing_read(&line, 1));
	ASSERT_EQ(0, write_number(KERNEL "shmmni", 1));
	EXPECT_EQ(0, get(KEY, PAGE, IPC_CREAT | 0600));
}

/*
 * shmget: IPC_STAT and the listing give the size that was asked for, in
 * bytes.
 */
TEST_F(shmget, segsz_is_what_was_asked)
{
	int id = make_key(KEY, PAGE + 1, 0600);
	struct line line;

	EXPECT_EQ(PAGE + 1, stat_of(id).shm_segsz);
	ASSERT_TRUE(listing_find(id, &line));
	EXPECT_EQ(PAGE + 1, line.size);
}

/*
 * shmget: All bytes of the last page can be used, beyond the size that was
 * asked for.
 */
TEST_F(shmget, last_page_usable_to_its_end)
{
	char *p = attach(make_key(KEY, PAGE + 1, 0600));

	EXPECT_EQ(0, p[2 * PAGE - 1]);
	p[2 * PAGE - 1] = 'z';
	EXPECT_EQ('z', attach(get(KEY, 0, 0))[2 * PAGE - 1]);
}

/* shmget: The mode of a new segment is the low nine bits of the flags. */
TEST_F(shmget, mode_is_low_nine_bits)
{
	int bits = 1 << 16 | 1 << 25 | 21 << MAP_HUGE_SHIFT;

	EXPECT_EQ(0, get(IPC_PRIVATE, PAGE, bits | 0777));
	EXPECT_EQ(0777, stat_of(0).shm_perm.mode);
	EXPECT_EQ(1, get(IPC_PRIVATE, PAGE, bits | SHM_NORESERVE));
	EXPECT_EQ(0, stat_of(1).shm_perm.mode);
}

/*
 * shmget: Flag bits without a meaning are ignored, and so is a huge page
 * size without SHM_HUGETLB.
 */
TEST_F(shmget, flags_unknown_ignored)
{
	int bits = 7 << 13 | 1 << 16 | 1 << 25 | 30 << MAP_HUGE_SHIFT;
	int id;

	EXPECT_EQ(-ENOENT, get(KEY, PAGE, bits | 0600));
	id = get(KEY, PAGE, bits | IPC_CREAT | IPC_EXCL | 0600);
	EXPECT_EQ(0, id);
	EXPECT_EQ(id, get(KEY, PAGE, bits | 0600));
	EXPECT_EQ(-EEXIST, get(KEY, PAGE, bits | IPC_CREAT | IPC_EXCL));
	EXPECT_EQ(-EINVAL, get(KEY, 2 * PAGE, bits));
}

/* shmget: Owner and creator are the caller's effective user and group. */
TEST_F(shmget, owner_is_effective_user)
{
	struct shmid_ds ds;

	if (in_child()) {
		ASSERT_EQ(0, setresgid(GUESTS, STAFF, GUESTS));
		ASSERT_EQ(0, setresuid(BOB, ALICE, BOB));
		make_key(KEY, PAGE, 0666);
		_exit(0);
	}
	ds = stat_of(get(KEY, 0, 0));
	EXPECT_EQ(ALICE, ds.shm_perm.uid);
	EXPECT_EQ(ALICE, ds.shm_perm.cuid);
	EXPECT_EQ(STAFF, ds.shm_perm.gid);
	EXPECT_EQ(STAFF, ds.shm_perm.cgid);
}

/*
 * shmget: A new segment has its creator's pid and the time of its
 * creation; every other time, pid and count is 0.
 */
TEST_F(shmget, new_segment_times_and_pids)
{
	time_t before = time(NULL);
	struct shmid_ds ds = stat_of(make(1));

	EXPECT_EQ(0, ds.shm_atime);
	EXPECT_EQ(0, ds.shm_dtime);
	EXPECT_LE(before, ds.shm_ctime);
	EXPECT_GE(time(NULL), ds.shm_ctime);
	EXPECT_EQ(getpid(), ds.shm_cpid);
	EXPECT_EQ(0, ds.shm_lpid);
	EXPECT_EQ(0, ds.shm_nattch);
}

static void *make_in_thread(void *unused)
{
	return (void *)(long)make(1);
}

/*
 * shmget: A segment that a thread creates has the pid of the thread's
 * process.
 */
TEST_F(shmget, creator_of_thread_is_its_process)
{
	pthread_t thread;
	void *id;

	ASSERT_EQ(0, pthread_create(&thread, NULL, make_in_thread, NULL));
	ASSERT_EQ(0, pthread_join(thread, &id));
	EXPECT_EQ(getpid(), stat_of((long)id).shm_cpid);
}

/* shmget: The memory of a new segment is zero. */
TEST_F(shmget, memory_is_zero)
{
	char *p = attach(make(4));
	size_t i;

	for (i = 0; i < 4 * PAGE; i++)
		ASSERT_EQ(0, p[i]);
}

/* shmget: A negative key is a key like any other. */
TEST_F(shmget, key_negative_found)
{
	int id = make_key(INT_MIN, PAGE, 0600);

	EXPECT_EQ(id, get(INT_MIN, 0, 0));
	EXPECT_EQ(-ENOENT, get(INT_MAX, 0, 0));
	EXPECT_EQ(INT_MIN, stat_of(id).shm_perm.__key);
}

/*
 * shmget: Each of many keys finds its own segment, also while others are
 * removed.
 */
TEST_F(shmget, keys_many_find_their_own)
{
	int i;

	for (i = 1; i <= 300; i++)
		ASSERT_EQ(i - 1, make_key(i * 65536, PAGE, 0600));
	for (i = 300; i; i--)
		EXPECT_EQ(i - 1, get(i * 65536, 0, 0));
	for (i = 1; i <= 300; i += 2)
		rmid(i - 1);
	for (i = 1; i <= 300; i++)
		EXPECT_EQ(i & 1 ? -ENOENT : i - 1, get(i * 65536, 0, 0));
}

/*
 * shmget: A removed segment that is still attached has lost its key, and
 * another segment can have it at once.
 * history: The key of a removed segment was found, or IPC_PRIVATE was
 * taken for a key.
 */
TEST_F(shmget, key_removed_free_at_once)
{
	int id = make_key(KEY, PAGE, 0600);
	char *p = attach(id);
	int other;

	rmid(id);
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
	other = make_key(KEY, 2 * PAGE, 0600);
	EXPECT_NE(id, other);
	EXPECT_EQ(other, get(KEY, 2 * PAGE, 0));
	detach(p);
	EXPECT_EQ(other, get(KEY, 0, 0));
}

/*
 * shmget: A size that does not fit into an int is kept everywhere.
 * history: Commands had wrong numbers, and sizes were cut to 32 bits.
 */
TEST_F(shmget, size_of_three_gib_kept)
{
	int id = get(KEY, 3UL << 30, IPC_CREAT | SHM_NORESERVE | 0600);
	char *p;

	EXPECT_EQ(3UL << 30, stat_of(id).shm_segsz);
	/* A 32-bit program has no room for it. */
	if (!TIB)
		return;
	p = attach(id);
	p[(3UL << 30) - 1] = 1;
	EXPECT_EQ(0, p[(3UL << 30) - PAGE]);
}

TEST_HARNESS_MAIN
