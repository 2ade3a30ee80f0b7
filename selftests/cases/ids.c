// SPDX-License-Identifier: GPL-2.0
/* Ids: how they are numbered, and what an id that is gone answers. */
#include "cases.h"

#define INDEX_BITS	15
#define CYCLE		64

FIXTURE_BOTH(ids);

static int id_of(int seq, int index)
{
	return seq << INDEX_BITS | index;
}

/* ids: The first id of a namespace is 0, the next one 1. */
TEST_F(ids, first_is_zero)
{
	EXPECT_EQ(0, make(1));
	EXPECT_EQ(1, make(1));
}

/*
 * ids: While few segments exist, creation goes through 64 indexes in turn;
 * each time round the sequence number grows by one.
 */
TEST_F(ids, remove_and_create_cycles_through_64)
{
	int i, id;

	for (i = 0; i < 10 * CYCLE; i++) {
		id = make(1);
		ASSERT_EQ(id_of(i / CYCLE, i % CYCLE), id);
		EXPECT_EQ(id >> INDEX_BITS, stat_of(id).shm_perm.__seq);
		rmid(id);
	}
}

/*
 * ids: While many segments exist, the cycle has half as many indexes again
 * as are in use.
 */
TEST_F(ids, remove_and_create_cycle_grows_with_use)
{
	int i, id;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(i, make(1));
	for (i = 0; i < 120; i++) {
		id = make(1);
		ASSERT_EQ(id_of(i / 50, 100 + i % 50), id);
		rmid(id);
	}
}

/*
 * ids: An index that is in use is skipped, and the sequence number does
 * not grow for that.
 */
TEST_F(ids, taken_index_skipped)
{
	int i;

	ASSERT_EQ(0, make(1));
	for (i = 1; i < CYCLE; i++)
		rmid(make(1));
	EXPECT_EQ(id_of(1, 1), make(1));
	EXPECT_EQ(id_of(1, 2), make(1));
}

/* ids: A removed segment that is still attached keeps its index. */
TEST_F(ids, marked_segment_keeps_its_index)
{
	char *p = attach(make(1));
	int i;

	rmid(0);
	for (i = 1; i < CYCLE; i++)
		rmid(make(1));
	EXPECT_EQ(id_of(1, 1), make(1));
	EXPECT_TRUE(exists(0));
	detach(p);
	EXPECT_FALSE(exists(0));
}

#define INDEXES		(1 << INDEX_BITS)

static void fill(int n)
{
	int i;

	if (write_number("/proc/sys/kernel/shmmni", INDEXES))
		die("setting shmmni");
	for (i = 0; i < n; i++)
		if (make(1) != i)
			die("segment %d has another id", i);
}

/* A kernel with kmemleak would take half an hour to use all indexes. */
static bool watches_memory(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK);
}

static void empty(int n)
{
	while (n--)
		ctl(n, IPC_RMID, NULL);
}

/*
 * ids: There are 32768 indexes; when all are in use creation is ENOSPC,
 * and a freed one is used next.
 * history: A requested id had an index above the limit.
 *
 * The cycle would be longer than that, but there are no more indexes.
 */
TEST_F(ids, full_enospc_and_freed_index_taken)
{
	if (watches_memory())
		SKIP(return, "this kernel has CONFIG_DEBUG_KMEMLEAK");
	fill(INDEXES);
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
	rmid(5);
	EXPECT_EQ(id_of(1, 5), make(1));
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
	rmid(INDEXES - 1);
	EXPECT_EQ(id_of(1, INDEXES - 1), make(1));
	rmid(id_of(1, 5));
	rmid(id_of(1, INDEXES - 1));
	empty(INDEXES);
}

/*
 * ids: No id comes back before its index has had every other sequence
 * number.
 * history: Ids were used again at once, so an old one meant another
 * segment.
 *
 * With one index free, each creation takes it with the next sequence
 * number.
 */
TEST_F(ids, sequence_wraps_at_its_end)
{
	/* On kshm the upper half of the numbers is for unique ids. */
	const int sequences = backend == &kshm ? 32768 : 65535;
	int i;

	if (watches_memory())
		SKIP(return, "this kernel has CONFIG_DEBUG_KMEMLEAK");
	fill(INDEXES);
	rmid(7);
	for (i = 1; i < sequences; i++) {
		ASSERT_EQ(id_of(i, 7), make(1));
		rmid(id_of(i, 7));
	}
	EXPECT_EQ(7, make(1));
	EXPECT_EQ(0, stat_of(7).shm_perm.__seq);
	empty(INDEXES);
}

static const int commands[] = { IPC_STAT, IPC_SET, IPC_RMID, SHM_LOCK,
				SHM_UNLOCK };

/* Tries every command that takes an id, and shmat. */
static void expect_invalid(struct __test_metadata *_metadata, int id)
{
	struct shmid_ds ds = { .shm_perm.mode = 0600 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-EINVAL, ctl(id, commands[i], &ds)) {
			TH_LOG("command %d of id %d", commands[i], id);
		}
	}
	EXPECT_EQ(-EINVAL, at(id, NULL, 0));
}

/* ids: A negative id is EINVAL for every command and for shmat. */
TEST_F(ids, negative_einval)
{
	make(1);
	expect_invalid(_metadata, -1);
	expect_invalid(_metadata, INT_MIN);
	EXPECT_EQ(0, nattch(0));
}

/*
 * ids: An id whose index is not in use is EINVAL for every command and for
 * shmat.
 */
TEST_F(ids, unknown_index_einval)
{
	expect_invalid(_metadata, 0);
	make(1);
	expect_invalid(_metadata, 1);
	expect_invalid(_metadata, 32767);
	expect_invalid(_metadata, INT_MAX);
}

/*
 * ids: An id with another sequence number than the segment's is EINVAL,
 * never EIDRM.
 * history: EIDRM was returned for an id that was long gone.
 */
TEST_F(ids, wrong_sequence_einval)
{
	make(1);
	expect_invalid(_metadata, id_of(1, 0));
	expect_invalid(_metadata, id_of(0xffff, 0));
	EXPECT_EQ(0, nattch(0));
	EXPECT_TRUE(exists(0));
}

/* ids: The id of a removed segment is EINVAL. */
TEST_F(ids, stale_after_removal_einval)
{
	rmid(make(1));
	expect_invalid(_metadata, 0);
}

/*
 * ids: The id of a removed segment stays EINVAL when another segment has
 * its index; that one is not touched.
 * history: Ids were used again at once, so an old one meant another
 * segment.
 * history: EIDRM was returned for an id that was long gone.
 *
 * Programs take EINVAL for "gone", and EIDRM for "in use".
 */
TEST_F(ids, stale_after_reuse_of_index_einval)
{
	int i, fresh;

	for (i = 0; i < CYCLE; i++)
		rmid(make(1));
	fresh = make(1);
	ASSERT_EQ(id_of(1, 0), fresh);
	expect_invalid(_metadata, 0);
	EXPECT_EQ(0, nattch(fresh));
	EXPECT_EQ(0600, stat_of(fresh).shm_perm.mode);
}

/*
 * ids: While other segments come and go, no id is given twice.
 * history: Ids were used again at once, so an old one meant another
 * segment.
 */
TEST_F(ids, none_repeats_while_others_live)
{
	static char seen[1 << 20];
	int live[8], i, *one;

	for (i = 0; i < 8; i++)
		live[i] = make(1);
	for (i = 0; i < 800; i++) {
		one = &live[dice() % 8];
		rmid(*one);
		*one = make(1);
		ASSERT_GT(sizeof(seen), *one);
		ASSERT_EQ(0, seen[*one]) {
			TH_LOG("id %d came twice", *one);
		}
		seen[*one] = 1;
	}
}

static int highest(const int *live, int n)
{
	int i, most = 0;

	for (i = 0; i < n; i++)
		if (live[i] > most)
			most = live[i];
	return most;
}

/*
 * ids: IPC_INFO and SHM_INFO return the highest index in use, in whatever
 * order segments are removed.
 * history: The highest index was that of the past, not of the present.
 */
TEST_F(ids, highest_index_follows_random_removal)
{
	struct shminfo limits;
	struct shm_info usage;
	int live[100], i, pick;

	EXPECT_EQ(0, ctl(0, IPC_INFO, &limits));
	for (i = 0; i < 100; i++) {
		live[i] = make(1);
		EXPECT_EQ(i, ctl(0, IPC_INFO, &limits));
	}
	for (i = 100; i; i--) {
		pick = dice() % i;
		rmid(live[pick]);
		live[pick] = live[i - 1];
		ASSERT_EQ(highest(live, i - 1), ctl(0, IPC_INFO, &limits));
		ASSERT_EQ(highest(live, i - 1), ctl(0, SHM_INFO, &usage));
		ASSERT_EQ(i - 1, usage.used_ids);
	}
}

TEST_HARNESS_MAIN
