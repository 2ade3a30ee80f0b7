// SPDX-License-Identifier: GPL-2.0
/* Ids that no other IPC namespace has. In-tree shm has none. */
#include <kshm.h>
#include <linux/kshm.h>

#include "cases.h"

#define INDEX_BITS	15
#define UNIQUE_SEQ	0x8000

FIXTURE_KSHM(unique);

static int make_unique(void)
{
	int id = kshm_segment_get(IPC_PRIVATE, PAGE, 0600, KSHM_UNIQUE, -1, NULL);

	return id < 0 ? -errno : id;
}

/* unique: A unique id is EINVAL in every other namespace. */
TEST_F(unique, id_of_other_namespace_einval)
{
	struct shmid_ds ds;
	int ids[10], i;

	for (i = 0; i < 10; i++) {
		ids[i] = make_unique();
		EXPECT_LE(UNIQUE_SEQ, ids[i] >> INDEX_BITS);
		EXPECT_EQ(ids[i] >> INDEX_BITS, stat_of(ids[i]).shm_perm.__seq);
	}
	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		for (i = 0; i < 20; i++)
			EXPECT_GT(UNIQUE_SEQ, make(1) >> INDEX_BITS);
		for (i = 0; i < 20; i++)
			make_unique();
		for (i = 0; i < 10; i++) {
			EXPECT_EQ(-EINVAL, at(ids[i], NULL, 0));
			EXPECT_EQ(-EINVAL, ctl(ids[i], IPC_STAT, &ds));
			EXPECT_EQ(-EINVAL, ctl(ids[i], IPC_RMID, NULL));
		}
		_exit(0);
	}
	for (i = 0; i < 10; i++)
		detach(attach(ids[i]));
}

/* unique: The id of a removed unique segment does not come back soon. */
TEST_F(unique, removed_not_soon_given_again)
{
	int first = make_unique() >> INDEX_BITS, seq, i;

	rmid(first << INDEX_BITS);
	for (i = 1; i < 1000; i++) {
		int id = make_unique();

		rmid(id);
		seq = id >> INDEX_BITS;
		ASSERT_NE(first, seq);
	}
}

/* unique: Finding a segment does not give it a unique id. */
TEST_F(unique, finding_keeps_the_id)
{
	int id = make_key(KEY, PAGE, 0600);

	EXPECT_EQ(id, kshm_segment_get(KEY, PAGE, IPC_CREAT | 0600, KSHM_UNIQUE,
				       -1, NULL));
	EXPECT_GT(UNIQUE_SEQ, id >> INDEX_BITS);
	EXPECT_EQ(1, make(1));
}

/* unique: Plain ids go on in order beside unique ones. */
TEST_F(unique, plain_ids_go_on)
{
	EXPECT_EQ(0, make(1));
	make_unique();
	EXPECT_EQ(2, make(1));
}

/*
 * unique: There are 32767 unique ids at a time; then it is ENOSPC, until
 * one is free.
 */
TEST_F(unique, all_taken_enospc)
{
	const int all = 32767;
	uint64_t limit;
	int *ids = calloc(all, sizeof(*ids)), i;

	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		SKIP(return, "this kernel has CONFIG_DEBUG_KMEMLEAK");
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", 32768));
	for (i = 0; i < all; i++) {
		ids[i] = make_unique();
		ASSERT_LE(0, ids[i]);
	}
	kshm_explain_errors(1);
	EXPECT_EQ(-ENOSPC, make_unique());
	EXPECT_EQ(KSHM_WHY_UNIQUE, kshm_reason(NULL, &limit));
	EXPECT_EQ(all, limit);
	kshm_explain_errors(0);
	rmid(make(1));
	rmid(ids[100]);
	i = make_unique();
	EXPECT_EQ(ids[100] >> INDEX_BITS, i >> INDEX_BITS);
	ids[100] = i;
	EXPECT_EQ(-ENOSPC, make_unique());
	for (i = 0; i < all; i++)
		rmid(ids[i]);
	EXPECT_LE(0, make_unique());
}

TEST_HARNESS_MAIN
