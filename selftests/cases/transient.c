// SPDX-License-Identifier: GPL-2.0
/*
 * Transient segments, which are removed with their last detach. In-tree shm has
 * none.
 */
#include <kshm.h>
#include <sys/mman.h>

#include "cases.h"

#define KERNEL		"/proc/sys/kernel/"

FIXTURE_KSHM(transient);

static int find_or_create(int owner)
{
	int id = kshm_segment_get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600,
				  KSHM_TRANSIENT, owner, NULL);

	if (id < 0)
		die("creating a transient segment: %s", strerror(errno));
	return id;
}

static int make_transient(void)
{
	return find_or_create(-1);
}

/*
 * transient: A transient segment stays until it is attached for the first
 * time.
 */
TEST_F(transient, stays_until_first_attach)
{
	int id = make_transient();

	if (in_child()) {
		EXPECT_TRUE(exists(id));
		_exit(0);
	}
	EXPECT_TRUE(exists(id));
	EXPECT_EQ(id, get(KEY, PAGE, 0600));
	rmid(id);
	EXPECT_FALSE(exists(id));
}

/*
 * transient: The last detach of a transient segment removes it and frees
 * its key.
 */
TEST_F(transient, last_detach_removes)
{
	int id = make_transient(), again;
	char *p = attach(id), *q = attach(id);

	EXPECT_EQ(0600, stat_of(id).shm_perm.mode);
	detach(p);
	EXPECT_EQ(id, get(KEY, PAGE, 0600));
	detach(q);
	EXPECT_FALSE(exists(id));
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
	again = make_transient();
	EXPECT_NE(id, again);
	detach(attach(again));
	EXPECT_FALSE(exists(again));
}

/*
 * transient: An attach of a transient segment that fails does not count as
 * the first, nor as the last.
 */
TEST_F(transient, failed_attach_does_not_count)
{
	int id = make_transient();
	char *page = fill_page(free_range(1), 0), *p;

	EXPECT_EQ(-EINVAL, at(id, page, 0));
	EXPECT_TRUE(exists(id));
	p = attach(id);
	EXPECT_EQ(-EINVAL, at(id, page, 0));
	EXPECT_TRUE(exists(id));
	detach(p);
	EXPECT_FALSE(exists(id));
}

/* A user who may only read attaches and detaches. */
static void used_by_reader(int id)
{
	if (!in_child())
		return;
	become(ALICE, STAFF);
	detach(attach_as(id, SHM_RDONLY));
	_exit(0);
}

static int make_for_readers(void)
{
	return kshm_segment_get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0644,
				KSHM_TRANSIENT, -1, NULL);
}

/*
 * transient: Any user who may attach a transient segment can end it, unless its creator
 * has it attached.
 */
TEST_F(transient, reader_ends_it_unless_creator_is_attached)
{
	int id = make_for_readers();
	char *p = attach(id);

	used_by_reader(id);
	EXPECT_TRUE(exists(id));
	detach(p);
	id = make_for_readers();
	used_by_reader(id);
	EXPECT_FALSE(exists(id));
}

/* transient: Finding a segment does not make it transient. */
TEST_F(transient, finding_changes_no_lifetime)
{
	int id = make_key(KEY, PAGE, 0600);

	EXPECT_EQ(id, kshm_segment_get(KEY, PAGE, IPC_CREAT | 0600,
				       KSHM_TRANSIENT, -1, NULL));
	detach(attach(id));
	EXPECT_TRUE(exists(id));
}

/* transient: Every mapping keeps a transient segment, also one in a child. */
TEST_F(transient, every_mapping_keeps)
{
	int id = make_transient();
	char *p = attach(id);
	pid_t child = spawn_idle();

	detach(p);
	EXPECT_EQ(1, nattch(id));
	kill_child(child);
	EXPECT_FALSE(exists(id));
}

/* transient: A piece of a mapping keeps a transient segment. */
TEST_F(transient, piece_of_mapping_keeps)
{
	int id = kshm_segment_get(KEY, 3 * PAGE, IPC_CREAT | 0600, KSHM_TRANSIENT,
				  -1, NULL);
	char *p = attach(id);

	ASSERT_EQ(0, munmap(p + PAGE, PAGE));
	EXPECT_EQ(2, nattch(id));
	ASSERT_EQ(0, munmap(p, PAGE));
	EXPECT_TRUE(exists(id));
	ASSERT_EQ(0, munmap(p + 2 * PAGE, PAGE));
	EXPECT_FALSE(exists(id));
}

/*
 * transient: A transient segment that is owned too ends with the close or
 * the last detach, whichever is first.
 */
TEST_F(transient, owned_too_ends_with_the_first_of_both)
{
	int owner = kshm_owner();
	int id = find_or_create(owner);

	detach(attach(id));
	EXPECT_FALSE(exists(id));
	id = find_or_create(owner);
	close(owner);
	EXPECT_FALSE(exists(id));
}

/*
 * transient: The end of a transient segment gives back what counted for
 * shmall and shmmni.
 */
TEST_F(transient, end_returns_what_limits_counted)
{
	struct shm_info info;
	int i;

	ASSERT_EQ(0, write_number(KERNEL "shmall", 1));
	ASSERT_EQ(0, write_number(KERNEL "shmmni", 1));
	for (i = 0; i < 100; i++)
		detach(attach(make_transient()));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(0, info.shm_tot);
}

TEST_HARNESS_MAIN
