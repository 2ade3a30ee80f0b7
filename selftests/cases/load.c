// SPDX-License-Identifier: GPL-2.0
/*
 * Load: many segments, attaches and processes at once. Each round begins and ends
 * with nothing, and counts what there is in between.
 *
 * KSHM_LOAD in the environment, seconds, asks for the long form: rounds of 32,000
 * segments with 10,000 attaches in 500 processes, for that long. Without it there
 * are two small rounds.
 */
#include "cases.h"

#define SHMMNI		"/proc/sys/kernel/shmmni"
#define ATTACHES	20	/* of each process */
#define STEPS		40	/* of each process, once all are attached */
#define MOST_SEGMENTS	32000
#define MOST_PROCESSES	500
/* The kernel's own caches may grow by this much, over all rounds. */
#define SLACK_KIB	3072
/* Seconds, for the long form. In the short form the runner ends a case that hangs. */
#define LONGEST		7200

FIXTURE_BOTH(load);

static int segments = 2048, processes = 32;
static time_t until;
static int ids[MOST_SEGMENTS];
static pid_t pids[MOST_PROCESSES];
/* Children report by the first that they are attached, and wait at the second. */
static int ready[2], go[2];

static void choose_size(void)
{
	const char *text = getenv("KSHM_LOAD");

	/* Now, so that children do not tell their seeds. */
	dice();
	if (!text)
		return;
	segments = MOST_SEGMENTS;
	processes = MOST_PROCESSES;
	until = time(NULL) + atoi(text);
}

static struct shm_info usage(void)
{
	struct shm_info info;
	int err = ctl(0, SHM_INFO, &info);

	if (err < 0)
		die("SHM_INFO: %d", err);
	return info;
}

static long attaches_in_all(void)
{
	long sum = 0;
	int i;

	for (i = 0; i < segments; i++)
		sum += nattch(ids[i]);
	return sum;
}

/* Attach again. The parent removes every other segment meanwhile. */
static char *attach_if_there(int id)
{
	int64_t p = at(id, NULL, 0);

	if (p == -EINVAL || p == -EIDRM)
		return NULL;
	if (p < 0)
		die("attach: %s", strerror(-p));
	return address(p);
}

static void fork_and_exit(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	/* The kernel may have no memory for one more. */
	if (pid > 0)
		reap(pid);
}

static void make_and_remove(void)
{
	int id = make(1);
	char *p = attach(id);

	*p = 1;
	rmid(id);
	detach(p);
}

static void step(const int *mine, char **where)
{
	int i = dice() % ATTACHES;

	switch (dice() % 4) {
	case 0:
		fork_and_exit();
		break;
	case 1:
		make_and_remove();
		break;
	default:
		if (where[i])
			detach(where[i]);
		where[i] = attach_if_there(mine[i]);
		if (where[i])
			where[i][0]++;
	}
}

/* A process of the load. Half of them leave their attaches to exit. */
static void live(int number)
{
	const int *mine = &ids[number * ATTACHES % (segments - ATTACHES)];
	char *where[ATTACHES], byte = 0;
	int i;

	/* Each goes on with other numbers. */
	for (i = 0; i < number; i++)
		dice();
	for (i = 0; i < ATTACHES; i++) {
		where[i] = attach(mine[i]);
		where[i][0]++;
	}
	must(write(ready[1], &byte, 1) == 1);
	must(read(go[0], &byte, 1) == 0);
	for (i = 0; i < STEPS; i++)
		step(mine, where);
	for (i = 0; i < ATTACHES && number % 2; i++)
		if (where[i])
			detach(where[i]);
	_exit(0);
}

static void begin_processes(void)
{
	char byte;
	int i;

	must(!pipe(ready) && !pipe(go));
	for (i = 0; i < processes; i++) {
		pids[i] = spawn();
		if (pids[i])
			continue;
		close(go[1]);
		live(i);
	}
	close(ready[1]);
	for (i = 0; i < processes; i++)
		must(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
}

static void let_processes_go(void)
{
	close(go[0]);
	close(go[1]);
}

/* Removes every other segment, from the first or from the second. */
static void remove_half(int from)
{
	int i;

	for (i = from; i < segments; i += 2)
		rmid(ids[i]);
}

static void end_processes(void)
{
	int i;

	for (i = 0; i < processes; i++)
		reap(pids[i]);
}

static void one_round(struct __test_metadata *_metadata)
{
	int i;

	for (i = 0; i < segments; i++)
		ids[i] = make(1);
	begin_processes();
	EXPECT_EQ(segments, usage().used_ids);
	EXPECT_EQ(segments, usage().shm_tot);
	EXPECT_EQ((long)processes * ATTACHES, attaches_in_all());
	let_processes_go();
	remove_half(0);
	end_processes();
	EXPECT_EQ(segments / 2, usage().used_ids);
	remove_half(1);
	EXPECT_EQ(0, usage().used_ids);
	EXPECT_EQ(0, usage().shm_tot);
}

/* Objects of the kernel, and pages of segments; in kB. */
static unsigned long memory(void)
{
	return meminfo("Slab:") + meminfo("Shmem:");
}

/* Waits for memory that is freed a while later; false if it is not given back. */
static bool memory_falls_below(unsigned long kib)
{
	int i;

	for (i = 0; i < 600; i++) {
		if (memory() <= kib)
			return true;
		usleep(100000);
	}
	return false;
}

/*
 * load: Many processes attach, detach, fork and exit while half of their segments
 * are removed. All counts are exact before and after, and the kernel's memory is
 * what it was after the first round.
 */
TEST_F_TIMEOUT(load, rounds_leave_counts_and_memory_as_before, LONGEST)
{
	unsigned long before;
	int round = 1;

	choose_size();
	ASSERT_EQ(0, write_number(SHMMNI, segments + processes));
	one_round(_metadata);
	sleep(1);
	before = memory();
	do {
		one_round(_metadata);
		round++;
		ASSERT_TRUE(memory_falls_below(before + SLACK_KIB)) {
			TH_LOG("%lu kB are in use after %d rounds, %lu after the first",
			       memory(), round, before);
		}
	} while (time(NULL) < until);
	TH_LOG("%d rounds: %lu kB in use after the first, %lu after the last", round,
	       before, memory());
}

TEST_HARNESS_MAIN
