// SPDX-License-Identifier: GPL-2.0
/* Rights: of owner, creator, group and others, and capabilities that replace them. */
#include <sys/fsuid.h>

#include "cases.h"

FIXTURE_BOTH(perm);

/* Makes a segment that ALICE of STAFF creates and BOB of GUESTS owns. */
static void make_given(int mode)
{
	struct shmid_ds ds = { .shm_perm = { .uid = BOB, .gid = GUESTS,
					     .mode = mode } };

	if (in_child()) {
		become(ALICE, STAFF);
		make_key(KEY, PAGE, 0600);
		_exit(0);
	}
	if (ctl(0, IPC_SET, &ds))
		die("IPC_SET");
}

static void set_mode(int mode)
{
	struct shmid_ds ds = stat_of(0);

	ds.shm_perm.mode = mode;
	if (ctl(0, IPC_SET, &ds))
		die("IPC_SET");
}

/*
 * Returns the bits that the caller has: attaching tries r, w and x, and
 * IPC_STAT must agree.
 */
static int bits_seen(void)
{
	struct shmid_ds ds;
	bool r = at(0, NULL, SHM_RDONLY) > 0;
	bool rw = at(0, NULL, 0) > 0;
	bool rx = at(0, NULL, SHM_RDONLY | SHM_EXEC) > 0;

	if (r != !ctl(0, IPC_STAT, &ds) || r != !ctl(0, SHM_STAT, &ds))
		die("attaching and IPC_STAT disagree");
	if (r != (get(KEY, 0, 0444) == 0) || rw != (get(KEY, 0, 0600) == 0))
		die("attaching and shmget disagree");
	return r * 4 + rw * 2 + rx;
}

static void expect_bits(struct __test_metadata *_metadata, int bits)
{
	int seen = bits_seen();

	EXPECT_EQ(bits, seen);
	_exit(0);
}

enum { USER_BITS = 0700, GROUP_BITS = 0070, OTHER_BITS = 0007 };

/* Checks that exactly the bits of one class count for a caller. */
static void expect_class(struct __test_metadata *_metadata, int class,
			 void (*as_whom)(void))
{
	make_given(0600);
	set_mode(class);
	if (in_child()) {
		as_whom();
		expect_bits(_metadata, 7);
	}
	set_mode(0777 & ~class);
	if (in_child()) {
		as_whom();
		expect_bits(_metadata, 0);
	}
}

static void as_owner(void)
{
	become(BOB, 9999);
}

/* perm: The owner has the first class of mode bits, and no other. */
TEST_F(perm, owner_has_the_first_class)
{
	expect_class(_metadata, USER_BITS, as_owner);
}

static void as_creator(void)
{
	become(ALICE, 9999);
}

/*
 * perm: The creator has the first class, also after giving the segment
 * away.
 */
TEST_F(perm, creator_has_the_first_class)
{
	expect_class(_metadata, USER_BITS, as_creator);
}

static void as_owner_in_group(void)
{
	become_member(BOB, GUESTS, STAFF);
}

/* perm: An owner who is in the group too has the first class only. */
TEST_F(perm, owner_in_group_has_the_first_class)
{
	expect_class(_metadata, USER_BITS, as_owner_in_group);
}

static void as_group(void)
{
	become(9999, GUESTS);
}

/* perm: The owner's group has the second class, and no other. */
TEST_F(perm, group_has_the_second_class)
{
	expect_class(_metadata, GROUP_BITS, as_group);
}

static void as_creator_group(void)
{
	become(9999, STAFF);
}

/* perm: The creator's group has the second class. */
TEST_F(perm, creator_group_has_the_second_class)
{
	expect_class(_metadata, GROUP_BITS, as_creator_group);
}

static void as_supplementary(void)
{
	become_member(9999, 9999, GUESTS);
}

/* perm: A supplementary group counts as the owner's group. */
TEST_F(perm, supplementary_group_has_the_second_class)
{
	expect_class(_metadata, GROUP_BITS, as_supplementary);
}

static void as_creator_supplementary(void)
{
	become_member(9999, 9999, STAFF);
}

/* perm: A supplementary group counts as the creator's group. */
TEST_F(perm, supplementary_creator_group_has_the_second_class)
{
	expect_class(_metadata, GROUP_BITS, as_creator_supplementary);
}

/* The filesystem group counts. */
static void as_filesystem_group(void)
{
	setfsgid(GUESTS);
	if (syscall(SYS_setresuid, 9999, 9999, 9999))
		die("setresuid");
}

/* perm: The group that counts is the filesystem group. */
TEST_F(perm, filesystem_group_has_the_second_class)
{
	expect_class(_metadata, GROUP_BITS, as_filesystem_group);
}

static void as_group_but_for_files(void)
{
	if (syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, GUESTS, GUESTS, GUESTS))
		die("setresgid");
	setfsgid(9999);
	if (syscall(SYS_setresuid, 9999, 9999, 9999))
		die("setresuid");
}

/*
 * perm: The effective group does not count where the filesystem group is
 * another one.
 */
TEST_F(perm, effective_group_alone_has_the_third_class)
{
	expect_class(_metadata, OTHER_BITS, as_group_but_for_files);
}

static void as_other(void)
{
	become(9999, 9999);
}

/* perm: Everybody else has the third class, and no other. */
TEST_F(perm, other_has_the_third_class)
{
	expect_class(_metadata, OTHER_BITS, as_other);
}

static void as_real_owner_only(void)
{
	if (syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, 9999, 9999, 9999) ||
	    syscall(SYS_setresuid, BOB, 9999, BOB))
		die("setresuid");
}

/* perm: The real user id does not make an owner. */
TEST_F(perm, real_user_does_not_count)
{
	expect_class(_metadata, OTHER_BITS, as_real_owner_only);
}

static void as_effective_owner(void)
{
	if (syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, 9999, 9999, 9999) ||
	    syscall(SYS_setresuid, 9999, BOB, 9999))
		die("setresuid");
}

/* perm: The effective user id makes an owner. */
TEST_F(perm, effective_user_counts)
{
	expect_class(_metadata, USER_BITS, as_effective_owner);
}

/*
 * perm: Each bit of a class is asked for alone: r to read, w to write, x
 * to execute.
 */
TEST_F(perm, each_bit_asked_alone)
{
	int bits;

	make_given(0600);
	for (bits = 0; bits < 8; bits++) {
		set_mode(bits << 6);
		if (in_child()) {
			as_owner();
			expect_bits(_metadata, bits & 4 ? bits : 0);
		}
	}
}

/* perm: shmget asks for each bit of its mode alone. */
TEST_F(perm, shmget_asks_each_bit)
{
	int have, want;

	make_given(0600);
	for (have = 0; have < 8; have++) {
		set_mode(have);
		if (!in_child())
			continue;
		as_other();
		for (want = 0; want < 8; want++) {
			EXPECT_EQ(want & ~have ? -EACCES : 0,
				  get(KEY, 0, want << 3));
		}
		_exit(0);
	}
}

/* perm: CAP_IPC_OWNER passes the mode. */
TEST_F(perm, cap_ipc_owner_passes_modes)
{
	make_given(0);
	if (in_child()) {
		become_with_caps(9999, 9999, CAP(IPC_OWNER));
		expect_bits(_metadata, 7);
	}
}

/* perm: No other capability passes the mode. */
TEST_F(perm, other_caps_do_not_pass_modes)
{
	make_given(0);
	if (in_child()) {
		become_with_caps(9999, 9999, ALL_CAPS & ~CAP(IPC_OWNER));
		expect_bits(_metadata, 0);
	}
}

/* perm: Root without capabilities has the third class. */
TEST_F(perm, root_without_caps_is_other)
{
	make_given(0);
	if (in_child()) {
		keep_caps(0);
		expect_bits(_metadata, 0);
	}
}

/* Tries what only owners may do: IPC_SET and IPC_RMID. */
static int may_own(void)
{
	struct shmid_ds ds = { .shm_perm = { .uid = BOB, .gid = GUESTS } };
	int set = ctl(0, IPC_SET, &ds);

	if (set != ctl(0, IPC_RMID, NULL))
		die("IPC_SET and IPC_RMID disagree");
	return set;
}

static void expect_owning(struct __test_metadata *_metadata, int answer)
{
	int seen = may_own();

	EXPECT_EQ(answer, seen);
	_exit(0);
}

/* perm: The owner may IPC_SET and IPC_RMID, whatever the mode. */
TEST_F(perm, owner_may_set_and_remove)
{
	make_given(0);
	if (in_child()) {
		as_owner();
		expect_owning(_metadata, 0);
	}
	EXPECT_FALSE(exists(0));
}

/*
 * perm: The creator may IPC_SET and IPC_RMID, also after giving the
 * segment away.
 * history: Anybody could remove a segment, sums were wrong, the creator
 * lost his rights.
 */
TEST_F(perm, creator_may_set_and_remove_what_was_given_away)
{
	make_given(0);
	if (in_child()) {
		as_creator();
		expect_owning(_metadata, 0);
	}
	EXPECT_FALSE(exists(0));
}

/* perm: The effective user id decides who may IPC_SET and IPC_RMID. */
TEST_F(perm, effective_owner_may_set_and_remove)
{
	make_given(0);
	if (in_child()) {
		as_effective_owner();
		expect_owning(_metadata, 0);
	}
	EXPECT_FALSE(exists(0));
}

/*
 * perm: Group, others and the real user id alone may not IPC_SET or
 * IPC_RMID: EPERM, and nothing changes.
 * history: Anybody could remove a segment, sums were wrong, the creator
 * lost his rights.
 */
TEST_F(perm, group_and_other_may_not_set_or_remove)
{
	void (*const whom[])(void) = { as_group, as_creator_group, as_other,
				       as_real_owner_only };
	struct shmid_ds before;
	size_t i;

	make_given(0777);
	before = stat_of(0);
	for (i = 0; i < ARRAY_SIZE(whom); i++) {
		if (in_child()) {
			whom[i]();
			expect_owning(_metadata, -EPERM);
		}
	}
	EXPECT_EQ(before.shm_ctime, stat_of(0).shm_ctime);
	EXPECT_EQ(0777, stat_of(0).shm_perm.mode);
}

/* perm: CAP_SYS_ADMIN may IPC_SET and IPC_RMID. */
TEST_F(perm, cap_sys_admin_may_set_and_remove)
{
	make_given(0);
	if (in_child()) {
		become_with_caps(9999, 9999, CAP(SYS_ADMIN));
		expect_owning(_metadata, 0);
	}
	EXPECT_FALSE(exists(0));
}

/*
 * perm: No capability but CAP_SYS_ADMIN lets a stranger IPC_SET and
 * IPC_RMID.
 */
TEST_F(perm, other_caps_may_not_set_or_remove)
{
	make_given(0777);
	if (in_child()) {
		become_with_caps(9999, 9999, ALL_CAPS & ~CAP(SYS_ADMIN));
		expect_owning(_metadata, -EPERM);
	}
	EXPECT_TRUE(exists(0));
}

/*
 * perm: An owner without a mode bit may not read or attach, but may
 * IPC_SET himself the bits.
 */
TEST_F(perm, owner_without_mode_may_still_set)
{
	struct shmid_ds ds = { .shm_perm = { .uid = BOB, .gid = GUESTS,
					     .mode = 0600 } };

	make_given(0);
	if (in_child()) {
		as_owner();
		EXPECT_EQ(-EACCES, ctl(0, IPC_STAT, &ds));
		EXPECT_EQ(-EACCES, at(0, NULL, 0));
		EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
		EXPECT_LT(0, at(0, NULL, 0));
		_exit(0);
	}
}

/* perm: The permission is checked at the attach and not again. */
TEST_F(perm, attach_outlives_lost_permission)
{
	struct shmid_ds ds = { .shm_perm.mode = 0 };
	char *p;

	make_key(KEY, PAGE, 0666);
	if (!in_child())
		return;
	p = attach(0);
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	become(ALICE, STAFF);
	p[0] = 'x';
	EXPECT_EQ(-EACCES, at(0, NULL, 0));
	EXPECT_EQ(0, dt(p));
	_exit(0);
}

/*
 * perm: A segment created with mode 0 can't be attached by another user.
 * history: A new segment could be found before it had its owner.
 */
TEST_F(perm, new_segment_never_open_to_others)
{
	int i;

	if (in_child()) {
		become(ALICE, STAFF);
		for (i = 0; i < 50; i++)
			make_key(IPC_PRIVATE, PAGE, 0);
		_exit(0);
	}
	if (in_child()) {
		become(BOB, GUESTS);
		for (i = 0; i < 50; i++)
			EXPECT_EQ(-EACCES, at(i, NULL, SHM_RDONLY));
		_exit(0);
	}
}

TEST_HARNESS_MAIN
