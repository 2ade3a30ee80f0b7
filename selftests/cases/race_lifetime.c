// SPDX-License-Identifier: GPL-2.0
/* Races with lifetimes that were chosen, and with growing; only kshm has them. */
#include <kshm.h>

#include "race.h"

FIXTURE_KSHM(race_lifetime);

static int create_transient(const char *name)
{
	int flags = IPC_CREAT | 0600;

	return name ? kshm_segment_get_named(name, PAGE, flags, KSHM_TRANSIENT, -1,
					     NULL) :
		      kshm_segment_get(KEY, PAGE, flags, KSHM_TRANSIENT, -1, NULL);
}

/*
 * Creates, attaches and detaches a transient segment. The one that others have
 * may be ending; then a new one must be made at once.
 */
static void *come_and_go(const char *name)
{
	int i, id;
	int64_t p;

	for (i = 0; i < 1000; i++) {
		id = create_transient(name);
		if (id < 0)
			return strerror(errno);
		p = at(id, NULL, 0);
		if (p < 0 && !is_gone(p))
			return strerror(-p);
		if (p > 0 && dt(address(p)))
			return "an attach can't be detached";
	}
	return NULL;
}

static void *come_and_go_by_key(void *unused)
{
	return come_and_go(NULL);
}

static void *come_and_go_by_name(void *unused)
{
	return come_and_go("name");
}

/*
 * The last thread may have found a segment that another one was about to
 * detach.
 */
static void expect_last_goes(struct __test_metadata *_metadata,
			     const char *name)
{
	int id = create_transient(name);

	detach(attach(id));
	EXPECT_FALSE(exists(id));
	EXPECT_EQ(0, listing_read(&(struct line){ .id = 0 }, 1));
}

/*
 * race_lifetime: A creator that meets an ending transient segment with its
 * key gets a new one at once.
 */
TEST_F(race_lifetime, transient_ends_and_same_key_created)
{
	EXPECT_RACE(come_and_go_by_key, come_and_go_by_key, come_and_go_by_key);
	expect_last_goes(_metadata, NULL);
}

/*
 * race_lifetime: A creator that meets an ending transient segment with its
 * name gets a new one at once.
 */
TEST_F(race_lifetime, transient_ends_and_same_name_created)
{
	EXPECT_RACE(come_and_go_by_name, come_and_go_by_name);
	expect_last_goes(_metadata, "name");
}

static void *own_and_close(void *unused)
{
	int i, owner, id;

	for (i = 0; goes_on(i, 400); i++) {
		owner = kshm_owner();
		id = kshm_segment_get(IPC_PRIVATE, PAGE, 0600, 0, owner, NULL);
		if (id < 0)
			return strerror(errno);
		store(&arena.id, id);
		if (dice() % 2)
			let_others_on();
		close(owner);
		if (!vanishes(id))
			return "an owned segment stays after the close";
	}
	return NULL;
}

static void *touch_current(void *unused)
{
	int64_t p;

	while (!load(&arena.stop)) {
		p = at(load(&arena.id), NULL, 0);
		if (p < 0 && !is_gone(p))
			return strerror(-p);
		if (p < 0)
			continue;
		*(char *)address(p) = 1;
		if (dt(address(p)))
			return "an attach can't be detached";
		count_round();
	}
	return NULL;
}

static void *remove_current(void *unused)
{
	int err;

	while (!load(&arena.stop)) {
		err = ctl(load(&arena.id), IPC_RMID, NULL);
		if (err && !is_gone(err))
			return strerror(-err);
		count_round();
	}
	return NULL;
}

/*
 * race_lifetime: An attach beside the close of the owner's descriptor
 * works, or is EINVAL or EIDRM.
 * history: Removing the segments of dead processes removed one that was
 * being attached.
 */
TEST_F(race_lifetime, owner_closes_and_attach_is_whole_or_gone)
{
	arena.id = -1;
	EXPECT_RACE(own_and_close, touch_current);
	EXPECT_LT(0, arena.rounds);
}

/*
 * race_lifetime: A removal beside the close of the owner's descriptor ends
 * the segment once.
 */
TEST_F(race_lifetime, owner_closes_and_remove_ends_once)
{
	arena.id = -1;
	EXPECT_RACE(own_and_close, remove_current, touch_current);
}

static void *grow_and_remove(void *unused)
{
	size_t size, step;
	int i, id;

	for (i = 0; goes_on(i, 200); i++) {
		id = make(1);
		store(&arena.id, id);
		for (step = 2; step < 20; step++) {
			size = step * PAGE;
			if (kshm_segment_grow(id, &size, NULL) || size < step * PAGE)
				return "a segment can't grow";
		}
		if (!removed_before_all_eyes(id))
			return "a removed segment stays";
	}
	return NULL;
}

static void *attach_whole(void *unused)
{
	unsigned long long generation;
	size_t size, now;
	char *p;
	int id;

	while (!load(&arena.stop)) {
		id = load(&arena.id);
		now = 0;
		if (kshm_segment_grow(id, &now, &generation))
			continue;
		if (now != (generation + 1) * PAGE)
			return "size and generation don't match";
		p = kshm_segment_attach(id, NULL, 0, &size);
		if (p == (void *)-1 && !is_gone(-errno))
			return strerror(errno);
		if (p == (void *)-1)
			continue;
		if (size < now)
			return "an attach is shorter than the segment was";
		p[size - 1] = 1;
		if (dt(p))
			return "an attach can't be detached";
		count_round();
	}
	return NULL;
}

static void *grow_current(void *unused)
{
	size_t size;
	int id;

	while (!load(&arena.stop)) {
		id = load(&arena.id);
		size = 0;
		if (kshm_segment_grow(id, &size, NULL) && errno != EINVAL)
			return strerror(errno);
		if (size && kshm_segment_grow(id, &size, NULL) && errno != EINVAL)
			return strerror(errno);
		count_round();
	}
	return NULL;
}

/*
 * race_lifetime: A process that has seen a size can attach and use all of
 * it.
 */
TEST_F(race_lifetime, grow_and_attach_touch_all_of_it)
{
	arena.id = -1;
	EXPECT_RACE(grow_and_remove, attach_whole, grow_current);
	EXPECT_LT(0, arena.rounds);
}

/* race_lifetime: Growing beside removals leaves no segment and no page. */
TEST_F(race_lifetime, grow_and_attach_and_remove_leaves_nothing)
{
	struct shm_info info;

	arena.id = -1;
	EXPECT_RACE(own_and_close, grow_current, remove_current);
	EXPECT_LE(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.shm_tot);
	EXPECT_EQ(0, info.used_ids);
}

TEST_HARNESS_MAIN
