/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Races: threads do things beside each other that must not harm each other, for a
 * bounded number of rounds. Each round checks the answers, and the case checks
 * what is left at the end. KSHM_SEED repeats the random numbers of a run.
 */
#ifndef KSHM_SELFTESTS_RACE_H
#define KSHM_SELFTESTS_RACE_H

#include "cases.h"

#define load(p)		__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)

/* State shared by the threads. Each thread returns a text about a failure, or NULL. */
static struct {
	int id;
	int stop;
	int rounds;
	char *addr;
} arena;

static void *(*leading)(void *unused);

static inline void *lead_to_end(void *unused)
{
	void *wrong = leading(NULL);

	store(&arena.stop, 1);
	return wrong;
}

/* Runs @lead to its end, and @others until then; NULL if all went well. */
static inline const char *run_race(void *(*lead)(void *unused), int n,
				   void *(**others)(void *unused))
{
	pthread_t thread[8], leader;
	void *wrong, *one;
	int i;

	arena.stop = 0;
	arena.rounds = 0;
	for (i = 0; i < n; i++)
		if (pthread_create(&thread[i], NULL, others[i], NULL))
			return "no thread";
	leading = lead;
	if (pthread_create(&leader, NULL, lead_to_end, NULL))
		return "no thread";
	pthread_join(leader, &wrong);
	for (i = 0; i < n; i++) {
		pthread_join(thread[i], &one);
		wrong = wrong ? wrong : one;
	}
	return wrong;
}

#define EXPECT_RACE(lead, ...) do {					\
	void *(*others_[])(void *unused) = { __VA_ARGS__ };		\
	const char *wrong_ = run_race(lead, ARRAY_SIZE(others_), others_); \
									\
	EXPECT_EQ(NULL, wrong_) {					\
		TH_LOG("%s", wrong_);					\
	}								\
} while (0)

/*
 * Does the leading thread do round @i of @rounds? There is one more as long as the
 * others have not done a single round: a busy machine may let them wait.
 */
static inline bool goes_on(int i, int rounds)
{
	return i < rounds || !load(&arena.rounds);
}

static inline void count_round(void)
{
	__atomic_add_fetch(&arena.rounds, 1, __ATOMIC_SEQ_CST);
}

static inline bool is_gone(int64_t err)
{
	return err == -EINVAL || err == -EIDRM;
}

/* Does the segment go soon? A call of another thread may hold it for a moment. */
static inline bool vanishes(int id)
{
	int i;

	for (i = 0; i < 100000; i++) {
		if (!exists(id))
			return true;
		sched_yield();
	}
	return false;
}

/* Waits a moment for one of the others to do another round. */
static inline void let_others_on(void)
{
	int before = load(&arena.rounds), i;

	for (i = 0; i < 1000 && load(&arena.rounds) == before; i++)
		sched_yield();
}

/* Shows the segment to the others, removes it, and says whether it is gone. */
static inline bool removed_before_all_eyes(int id)
{
	store(&arena.id, id);
	if (dice() % 2)
		let_others_on();
	rmid(id);
	return vanishes(id);
}

#endif /* KSHM_SELFTESTS_RACE_H */
