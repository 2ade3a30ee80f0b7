// SPDX-License-Identifier: GPL-2.0
/* SHM_LOCK and SHM_UNLOCK: who may, who pays, and what stays in memory. */
#include <sys/mman.h>

#include "cases.h"

/*
 * The kernel counts all that a user has locked, so each case takes a user of
 * its own.
 */
#define LOCKER		(31000 + getpid() % 20000)

FIXTURE_BOTH(mlock);

static int lock(int id)
{
	return ctl(id, SHM_LOCK, NULL);
}

static int unlock(int id)
{
	return ctl(id, SHM_UNLOCK, NULL);
}

static bool is_locked(int id)
{
	return stat_of(id).shm_perm.mode & SHM_LOCKED;
}

static void become_locker(uid_t uid, size_t pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		die("RLIMIT_MEMLOCK");
	become(uid, STAFF);
}

/*
 * mlock: SHM_LOCK sets the mark SHM_LOCKED in the mode, and SHM_UNLOCK
 * takes it away.
 * history: Commands had wrong numbers, and sizes were cut to 32 bits.
 */
TEST_F(mlock, root_locks_and_unlocks)
{
	make_key(KEY, PAGE, 0640);
	EXPECT_EQ(0, lock(0));
	EXPECT_EQ(SHM_LOCKED | 0640, stat_of(0).shm_perm.mode);
	EXPECT_EQ(0, unlock(0));
	EXPECT_EQ(0640, stat_of(0).shm_perm.mode);
}

/*
 * mlock: Locking twice is as locking once, and unlocking what is not
 * locked does nothing.
 */
TEST_F(mlock, twice_is_once)
{
	make(1);
	EXPECT_EQ(0, lock(0));
	EXPECT_EQ(0, lock(0));
	EXPECT_TRUE(is_locked(0));
	EXPECT_EQ(0, unlock(0));
	EXPECT_FALSE(is_locked(0));
	EXPECT_EQ(0, unlock(0));
	EXPECT_FALSE(is_locked(0));
}

/* mlock: The listing shows the mark SHM_LOCKED. */
TEST_F(mlock, listed_with_mark)
{
	struct line line;

	make(1);
	EXPECT_EQ(0, lock(0));
	ASSERT_TRUE(listing_find(0, &line));
	EXPECT_EQ(SHM_LOCKED | 0600, line.perms);
	EXPECT_EQ(0, unlock(0));
}

/* mlock: Locking or unlocking an id that no segment has is EINVAL. */
TEST_F(mlock, unknown_id_einval)
{
	EXPECT_EQ(-EINVAL, lock(0));
	EXPECT_EQ(-EINVAL, unlock(0));
	EXPECT_EQ(-EINVAL, lock(-1));
	rmid(make(1));
	EXPECT_EQ(-EINVAL, lock(0));
}

/*
 * mlock: A user who is neither owner nor creator gets EPERM, whatever the
 * mode.
 */
TEST_F(mlock, stranger_eperm)
{
	make_key(KEY, PAGE, 0777);
	if (in_child()) {
		become_locker(LOCKER, 100);
		EXPECT_EQ(-EPERM, lock(0));
		EXPECT_EQ(-EPERM, unlock(0));
		EXPECT_EQ(-EINVAL, lock(1));
		_exit(0);
	}
	EXPECT_FALSE(is_locked(0));
}

/* mlock: A user who is neither owner nor creator can't unlock either. */
TEST_F(mlock, stranger_cannot_unlock_eperm)
{
	make_key(KEY, PAGE, 0777);
	EXPECT_EQ(0, lock(0));
	if (in_child()) {
		become_locker(LOCKER, 100);
		EXPECT_EQ(-EPERM, unlock(0));
		_exit(0);
	}
	EXPECT_TRUE(is_locked(0));
}

/* mlock: The owner may lock within RLIMIT_MEMLOCK. */
TEST_F(mlock, owner_within_limit_locks)
{
	if (in_child()) {
		become_locker(LOCKER, 3);
		make(3);
		EXPECT_EQ(0, lock(0));
		EXPECT_TRUE(is_locked(0));
		_exit(0);
	}
	EXPECT_TRUE(is_locked(0));
}

/* mlock: Locking asks for no mode bit. */
TEST_F(mlock, owner_without_mode_locks)
{
	if (in_child()) {
		become_locker(LOCKER, 3);
		make_key(KEY, PAGE, 0);
		EXPECT_EQ(0, lock(0));
		EXPECT_EQ(0, unlock(0));
		_exit(0);
	}
}

/* mlock: The creator may lock what was given away. */
TEST_F(mlock, creator_after_giving_away_locks)
{
	struct shmid_ds ds = { .shm_perm = { .uid = BOB, .gid = GUESTS,
					     .mode = 0666 } };

	if (in_child()) {
		become_locker(LOCKER, 3);
		make(1);
		EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
		EXPECT_EQ(0, lock(0));
		EXPECT_TRUE(is_locked(0));
		_exit(0);
	}
}

/* mlock: With RLIMIT_MEMLOCK 0 locking is EPERM. */
TEST_F(mlock, limit_zero_eperm)
{
	if (in_child()) {
		become_locker(LOCKER, 0);
		make(1);
		EXPECT_EQ(-EPERM, lock(0));
		EXPECT_FALSE(is_locked(0));
		EXPECT_EQ(0, unlock(0));
		_exit(0);
	}
}

/* mlock: With RLIMIT_MEMLOCK 0 unlocking works. */
TEST_F(mlock, limit_zero_unlocks)
{
	struct rlimit none = { 0, 0 };

	if (in_child()) {
		become_locker(LOCKER, 1);
		make(1);
		EXPECT_EQ(0, lock(0));
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
		EXPECT_EQ(0, unlock(0));
		EXPECT_FALSE(is_locked(0));
		_exit(0);
	}
}

/*
 * mlock: A segment with more pages than RLIMIT_MEMLOCK is ENOMEM; part of
 * a page counts as one.
 */
TEST_F(mlock, over_limit_enomem)
{
	if (in_child()) {
		become_locker(LOCKER, 3);
		make(4);
		EXPECT_EQ(-ENOMEM, lock(0));
		EXPECT_FALSE(is_locked(0));
		make_key(KEY, 3 * PAGE + 1, 0600);
		EXPECT_EQ(-ENOMEM, lock(1));
		make_key(KEY + 1, 2 * PAGE + 1, 0600);
		EXPECT_EQ(0, lock(2));
		_exit(0);
	}
}

/* mlock: The locked segments of a user add up for RLIMIT_MEMLOCK. */
TEST_F(mlock, segments_add_up)
{
	if (in_child()) {
		become_locker(LOCKER, 4);
		make(2);
		make(2);
		make(1);
		EXPECT_EQ(0, lock(0));
		EXPECT_EQ(0, lock(1));
		EXPECT_EQ(-ENOMEM, lock(2));
		EXPECT_EQ(0, unlock(0));
		EXPECT_EQ(0, lock(2));
		EXPECT_EQ(-ENOMEM, lock(0));
		_exit(0);
	}
}

/* mlock: Locking a locked segment charges nothing. */
TEST_F(mlock, locked_again_is_not_charged_again)
{
	if (in_child()) {
		become_locker(LOCKER, 3);
		make(2);
		make(1);
		EXPECT_EQ(0, lock(0));
		EXPECT_EQ(0, lock(0));
		EXPECT_EQ(0, lock(1));
		_exit(0);
	}
}

/* mlock: Unlocking what is not locked gives no charge back. */
TEST_F(mlock, unlocked_twice_is_not_returned_twice)
{
	if (in_child()) {
		become_locker(LOCKER, 2);
		make(2);
		make(1);
		EXPECT_EQ(0, lock(0));
		EXPECT_EQ(0, unlock(0));
		EXPECT_EQ(0, unlock(0));
		EXPECT_EQ(0, unlock(1));
		EXPECT_EQ(0, lock(0));
		EXPECT_EQ(-ENOMEM, lock(1));
		_exit(0);
	}
}

/*
 * mlock: Removing a locked segment gives its charge back.
 * history: A segment ended while locked, and its charge stayed.
 */
TEST_F(mlock, removal_returns_the_charge)
{
	int i;

	if (in_child()) {
		become_locker(LOCKER, 2);
		for (i = 0; i < 5; i++) {
			make(2);
			EXPECT_EQ(0, lock(i));
			rmid(i);
		}
		_exit(0);
	}
}

/*
 * mlock: The last detach of a removed and locked segment gives its charge
 * back.
 * history: A segment ended while locked, and its charge stayed.
 */
TEST_F(mlock, last_detach_returns_the_charge)
{
	char *p;

	if (in_child()) {
		become_locker(LOCKER, 2);
		p = attach(make(2));
		make(2);
		EXPECT_EQ(0, lock(0));
		rmid(0);
		EXPECT_EQ(-ENOMEM, lock(1));
		detach(p);
		EXPECT_EQ(0, lock(1));
		_exit(0);
	}
}

/* mlock: The charge is that of the user who locks, not of the owner. */
TEST_F(mlock, charged_to_the_locker_not_the_owner)
{
	struct shmid_ds ds = { .shm_perm.mode = 0600 };
	uid_t locker = LOCKER;

	make(2);
	ds.shm_perm.uid = locker;
	ds.shm_perm.gid = STAFF;
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	EXPECT_EQ(0, lock(0));
	if (in_child()) {
		become_locker(locker, 2);
		make(2);
		EXPECT_EQ(0, lock(1));
		EXPECT_EQ(0, unlock(1));
		EXPECT_EQ(0, unlock(0));
		_exit(0);
	}
	EXPECT_FALSE(is_locked(0));
}

/*
 * mlock: The charge goes back to the user who locked, also if another one unlocks.
 * history: Locking was charged and uncharged in unequal parts.
 */
TEST_F(mlock, unlocked_by_another_returns_to_the_locker)
{
	uid_t locker = LOCKER;

	if (in_child()) {
		become_locker(locker, 2);
		make(2);
		EXPECT_EQ(0, lock(0));
		_exit(0);
	}
	if (in_child()) {
		become_locker(locker, 2);
		make(1);
		EXPECT_EQ(-ENOMEM, lock(1));
		_exit(0);
	}
	EXPECT_EQ(0, unlock(0));
	if (in_child()) {
		become_locker(locker, 2);
		EXPECT_EQ(0, lock(1));
		_exit(0);
	}
}

/* mlock: As many pages are charged as the file behind the segment has. */
TEST_F(mlock, charge_follows_backing_file)
{
	struct shmid_ds ds = { .shm_perm.mode = 0600 };
	int fd = open_backing(attach(make(2)), 2);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 4 * PAGE));
	close(fd);
	ds.shm_perm.uid = LOCKER;
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	if (in_child()) {
		become_locker(ds.shm_perm.uid, 3);
		EXPECT_EQ(-ENOMEM, lock(0));
		_exit(0);
	}
	if (in_child()) {
		become_locker(ds.shm_perm.uid, 4);
		EXPECT_EQ(0, lock(0));
		EXPECT_EQ(0, unlock(0));
		_exit(0);
	}
}

/* mlock: CAP_IPC_LOCK may lock and unlock any segment, without a limit. */
TEST_F(mlock, cap_ipc_lock_needs_no_limit)
{
	struct rlimit none = { 0, 0 };

	make(4);
	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
		become_with_caps(LOCKER, STAFF, 1ULL << CAP_IPC_LOCK);
		EXPECT_EQ(0, lock(0));
		_exit(0);
	}
	EXPECT_TRUE(is_locked(0));
	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
		become_with_caps(LOCKER, STAFF, 1ULL << CAP_IPC_LOCK);
		EXPECT_EQ(0, unlock(0));
		_exit(0);
	}
	EXPECT_FALSE(is_locked(0));
}

/* mlock: No capability but CAP_IPC_LOCK lets a stranger lock. */
TEST_F(mlock, other_caps_are_no_cap_ipc_lock)
{
	make(1);
	if (in_child()) {
		become_with_caps(LOCKER, STAFF,
				 ALL_CAPS & ~(1ULL << CAP_IPC_LOCK));
		EXPECT_EQ(-EPERM, lock(0));
		_exit(0);
	}
}

/*
 * mlock: Locking and unlocking many times gives the same answers each
 * time.
 * history: Locking was charged and uncharged in unequal parts.
 */
TEST_F(mlock, many_times_same_answer)
{
	int i;

	if (in_child()) {
		become_locker(LOCKER, 2);
		make(2);
		make(1);
		for (i = 0; i < 1000; i++) {
			ASSERT_EQ(0, lock(0));
			if (i % 100 == 0)
				ASSERT_EQ(-ENOMEM, lock(1));
			ASSERT_EQ(0, unlock(0));
		}
		_exit(0);
	}
}

/* mlock: Locking brings no page into memory. */
TEST_F(mlock, nothing_faulted_in)
{
	struct shm_info info;

	make(16);
	EXPECT_EQ(0, lock(0));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.shm_rss);
}

#define MANY		1024
#define SOME		(MANY / 4)

/* Dropping caches makes each processor count the pages in its lists. */
static unsigned long unevictable_pages(void)
{
	if (write_file("/proc/sys/vm/drop_caches", "1"))
		die("writing drop_caches");
	return meminfo("Unevictable:") * 1024 / PAGE;
}

static void touch(char *p, int from, int to)
{
	for (; from < to; from++)
		p[from * PAGE] = 1;
}

/*
 * mlock: Pages of a locked segment become unevictable when they are
 * touched, and evictable when it is unlocked.
 * history: Pages stayed unevictable after they were unlocked.
 */
TEST_F(mlock, pages_unevictable_as_they_are_touched)
{
	unsigned long before = unevictable_pages();
	char *p = attach(make(MANY));

	EXPECT_EQ(0, lock(0));
	EXPECT_GT(before + SOME, unevictable_pages());
	touch(p, 0, MANY / 2);
	EXPECT_LT(before + SOME, unevictable_pages());
	touch(p, MANY / 2, MANY);
	EXPECT_LT(before + MANY - SOME, unevictable_pages());
	EXPECT_EQ(0, unlock(0));
	EXPECT_GT(before + SOME, unevictable_pages());
}

/*
 * mlock: The end of a locked segment leaves no unevictable page.
 * history: A segment ended while locked, and its charge stayed.
 */
TEST_F(mlock, removal_leaves_no_page_unevictable)
{
	unsigned long before = unevictable_pages();
	char *p = attach(make(MANY));

	touch(p, 0, MANY);
	EXPECT_EQ(0, lock(0));
	rmid(0);
	detach(p);
	EXPECT_GT(before + SOME, unevictable_pages());
}

/* mlock: Unlocking keeps the data. */
TEST_F(mlock, unlock_keeps_data)
{
	char *p = attach(make(8));

	touch(p, 0, 8);
	EXPECT_EQ(0, lock(0));
	EXPECT_EQ(0, unlock(0));
	EXPECT_EQ(1, p[7 * PAGE]);
}

TEST_HARNESS_MAIN
