// SPDX-License-Identifier: GPL-2.0
/* Races between the calls of System V, on both backends. */
#include <setjmp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "race.h"

FIXTURE_BOTH(race);

static void *recreate_marked(void *unused)
{
	int i, id;
	int *p;

	for (i = 0; goes_on(i, 400); i++) {
		id = make(1);
		p = (int *)attach(id);
		*p = id;
		detach(p);
		if (!removed_before_all_eyes(id))
			return "a removed segment stays";
	}
	return NULL;
}

static void *attach_current(void *unused)
{
	int id, seen;
	int64_t p;

	while (!load(&arena.stop)) {
		id = load(&arena.id);
		p = at(id, NULL, 0);
		if (p < 0) {
			if (!is_gone(p))
				return strerror(-p);
			continue;
		}
		seen = *(int *)address(p);
		if (dt(address(p)))
			return "an attach can't be detached";
		if (seen != id)
			return "an attach shows another segment";
		count_round();
	}
	return NULL;
}

/*
 * race: An attach beside removals shows the segment of its id, or is
 * EINVAL or EIDRM.
 * history: A removal between lookup and mapping freed the file that was
 * being mapped.
 */
TEST_F(race, attach_and_remove_recreate_never_another_segment)
{
	arena.id = -1;
	EXPECT_RACE(recreate_marked, attach_current);
	EXPECT_LT(0, arena.rounds);
}

static void *remove_each(void *unused)
{
	int i, id;

	for (i = 0; i < 1500; i++) {
		id = make(1);
		if (!removed_before_all_eyes(id))
			return "a removed segment stays";
	}
	return NULL;
}

static void *attach_occupied(void *unused)
{
	int64_t err;

	while (!load(&arena.stop)) {
		err = at(load(&arena.id), arena.addr, 0);
		if (!is_gone(err))
			return "attaching on something did not fail";
		count_round();
	}
	return NULL;
}

/*
 * race: A removal during an attach that fails ends the segment.
 * history: A removal during an attach that failed left the segment for
 * ever.
 *
 * The attach that fails has to end the segment that was removed meanwhile.
 */
TEST_F(race, failing_attach_and_remove_leaves_nothing)
{
	arena.id = -1;
	arena.addr = fill_page(free_range(1), 'x');
	EXPECT_RACE(remove_each, attach_occupied);
}

static void *command_storm(void *unused)
{
	static const int commands[] = { IPC_STAT, SHM_STAT, SHM_STAT_ANY,
					SHM_LOCK, SHM_UNLOCK, SHM_INFO,
					IPC_INFO };
	struct shmid_ds ds;
	int err;

	while (!load(&arena.stop)) {
		err = ctl(load(&arena.id), commands[dice() % 7], &ds);
		if (err < 0 && !is_gone(err))
			return strerror(-err);
		count_round();
	}
	return NULL;
}

/*
 * race: Commands beside removals succeed, or are EINVAL or EIDRM; nothing
 * is left.
 * history: The file behind a segment was dropped while others used it.
 * history: Adding up never ended where sum and segments did not agree.
 */
TEST_F(race, commands_and_remove_einval_or_eidrm)
{
	struct shm_info info;

	arena.id = 0;
	EXPECT_RACE(remove_each, command_storm, command_storm);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(0, info.shm_tot);
}

static void *set_storm(void *unused)
{
	struct shmid_ds ds = { .shm_perm.mode = 0600 };
	int err;

	while (!load(&arena.stop)) {
		err = ctl(load(&arena.id), IPC_SET, &ds);
		if (err && err != -EINVAL)
			return strerror(-err);
		count_round();
	}
	return NULL;
}

/* race: IPC_SET beside removals succeeds or is EINVAL, never EIDRM. */
TEST_F(race, set_and_remove_einval)
{
	arena.id = 0;
	EXPECT_RACE(remove_each, set_storm, set_storm);
}

static void *lock_storm(void *unused)
{
	int err;

	while (!load(&arena.stop)) {
		err = ctl(load(&arena.id), dice() % 4 ? SHM_LOCK : SHM_UNLOCK,
			  NULL);
		if (err && !is_gone(err) && err != -ENOMEM)
			return strerror(-err);
		count_round();
	}
	return NULL;
}

/*
 * race: A removal beside SHM_LOCK and SHM_UNLOCK gives every charge back.
 * history: A removed segment was locked.
 * history: Locking was charged and uncharged in unequal parts.
 */
TEST_F(race, lock_and_remove_returns_the_charge)
{
	struct rlimit limit = { 2 * PAGE, 2 * PAGE };
	int id;

	if (!in_child())
		return;
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	become(51000 + getpid() % 9000, STAFF);
	arena.id = 0;
	EXPECT_RACE(remove_each, lock_storm, lock_storm);
	id = make(2);
	EXPECT_EQ(0, ctl(id, SHM_LOCK, NULL));
	_exit(0);
}

#define MARK		0x5ca1ab1e

static __thread sigjmp_buf nothing_there;

static void leave_fault(int sig)
{
	siglongjmp(nothing_there, 1);
}

/* Writes a mark and returns whether it stays. Reading takes no lock. */
static bool keeps_mark(volatile int *word, int times)
{
	volatile int left = times;

	signal(SIGSEGV, leave_fault);
	if (sigsetjmp(nothing_there, 1))
		return false;
	*word = MARK;
	while (left--)
		if (*word != MARK)
			return false;
	return true;
}

static void *map_into_holes(void *unused)
{
	int *q, i;

	for (i = 0; goes_on(i, 1500); i++) {
		q = mmap(arena.addr + dice() % 3 * PAGE, PAGE,
			 PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (q == MAP_FAILED)
			return strerror(errno);
		if (!keeps_mark(q, dice() % 2000))
			return "a detach unmapped another mapping";
		munmap(q, PAGE);
		if (dice() % 2)
			let_others_on();
	}
	return NULL;
}

static void *attach_and_detach_there(void *unused)
{
	int64_t p;
	int err;

	while (!load(&arena.stop)) {
		p = at(arena.id, arena.addr, 0);
		if (p < 0 && p != -EINVAL)
			return strerror(-p);
		if (p < 0)
			continue;
		err = dt(arena.addr);
		if (err && err != -EINVAL)
			return strerror(-err);
		count_round();
	}
	return NULL;
}

/*
 * race: A detach does not unmap what another thread maps in the place of
 * the attach meanwhile.
 */
TEST_F(race, detach_and_mapping_in_its_place_spares_stranger)
{
	arena.id = make(3);
	arena.addr = free_range(3);
	EXPECT_RACE(map_into_holes, attach_and_detach_there);
	EXPECT_LT(0, arena.rounds);
	munmap(arena.addr, 3 * PAGE);
	EXPECT_EQ(0, nattch(arena.id));
}

static void *attach_instead(void *unused)
{
	int64_t p;

	while (!load(&arena.stop)) {
		p = at(arena.id + 1, arena.addr + PAGE, SHM_REMAP);
		if (p < 0)
			return strerror(-p);
		if (!keeps_mark(address(p), 200))
			return "a detach took another segment's attach";
		if (dt(address(p)))
			return "an attach is gone before its detach";
	}
	return NULL;
}

static void *detach_around(void *unused)
{
	int64_t p;
	int i;

	for (i = 0; i < 2000; i++) {
		p = at(arena.id, arena.addr, 0);
		if (p > 0)
			dt(address(p));
	}
	return NULL;
}

/*
 * race: A detach does not take an attach of another segment that comes
 * into its place meanwhile.
 */
TEST_F(race, detach_and_attach_in_its_place_spares_other_segment)
{
	arena.id = make(3);
	ASSERT_EQ(arena.id + 1, make(1));
	arena.addr = free_range(3);
	EXPECT_RACE(detach_around, attach_instead);
	munmap(arena.addr, 3 * PAGE);
	EXPECT_EQ(0, nattch(arena.id));
	EXPECT_EQ(0, nattch(arena.id + 1));
}

static void *attach_write_detach(void *unused)
{
	int i, tid = syscall(SYS_gettid);
	int *p;

	for (i = 0; i < 200; i++) {
		p = (int *)attach(arena.id);
		p[tid % 512] = tid;
		if (p[tid % 512] != tid)
			return "memory does not keep what is written";
		detach(p);
	}
	return NULL;
}

/* race: Attaches and detaches by many threads leave a count of 0. */
TEST_F(race, attach_by_many_threads_count_returns_to_zero)
{
	arena.id = make(1);
	EXPECT_RACE(attach_write_detach, attach_write_detach,
		    attach_write_detach, attach_write_detach);
	EXPECT_EQ(0, nattch(arena.id));
	EXPECT_EQ(0, mappings_of(arena.id));
}

static void attach_fork_exit(void)
{
	int i;

	for (i = 0; i < 40; i++) {
		char *p = attach(arena.id);
		pid_t pid = spawn();

		if (!pid) {
			if (dice() % 2)
				detach(p);
			_exit(0);
		}
		if (dice() % 2)
			munmap(p, PAGE);
		else
			detach(p);
		reap(pid);
	}
}

/* race: Attaches, forks and exits by many processes leave a count of 0. */
TEST_F(race, attach_by_many_processes_count_returns_to_zero)
{
	pid_t child[4];
	int i;

	arena.id = make(1);
	dice();
	for (i = 0; i < 4; i++) {
		child[i] = spawn();
		if (!child[i]) {
			attach_fork_exit();
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++)
		reap(child[i]);
	EXPECT_EQ(0, nattch(arena.id));
	rmid(arena.id);
	EXPECT_FALSE(exists(arena.id));
}

static void *map_and_unmap(void *unused)
{
	void *p;

	for (;;) {
		p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
		if (p != MAP_FAILED)
			munmap(p, PAGE);
	}
	return NULL;
}

/* Two threads that take the same locks, until the process is killed. */
static void attach_until_killed(void)
{
	pthread_t thread;
	int64_t p;

	must(!pthread_create(&thread, NULL, map_and_unmap, NULL));
	for (;;) {
		p = at(arena.id, NULL, dice() % 2 ? SHM_RDONLY : 0);
		if (p > 0 && dice() % 4)
			dt(address(p));
	}
}

/*
 * race: A process killed while it attaches or waits for a lock leaves no
 * count.
 */
TEST_F(race, killed_while_attaching_leaves_nothing)
{
	pid_t child;
	int i;

	arena.id = make(4);
	for (i = 0; i < 30; i++) {
		child = spawn();
		if (!child)
			attach_until_killed();
		while (!stat_of(arena.id).shm_atime)
			sched_yield();
		usleep(dice() % 5000);
		kill_child(child);
		ASSERT_EQ(0, nattch(arena.id));
	}
	rmid(arena.id);
	EXPECT_FALSE(exists(arena.id));
}

static void create_and_exit(void)
{
	int i;

	for (i = 0; i < 5; i++)
		make(1);
	_exit(0);
}

/*
 * race: Segments removed while their creator exits are gone, each once.
 * history: A process exited while another removed what it had created; it
 * was freed twice.
 */
TEST_F(race, creator_exit_and_remove_leaves_nothing)
{
	struct line lines[16];
	pid_t child;
	int i, n;

	for (i = 0; i < 100; i++) {
		child = spawn();
		if (!child)
			create_and_exit();
		while (!has_ended(child)) {
			for (n = listing_read(lines, 16); n; n--)
				ctl(lines[n - 1].id, IPC_RMID, NULL);
		}
		for (n = listing_read(lines, 16); n; n--)
			rmid(lines[n - 1].id);
	}
	EXPECT_EQ(0, listing_read(lines, 16));
}

static void create_closed_ones(pid_t parent)
{
	int live[8], i;

	become(ALICE, STAFF);
	for (i = 0; getppid() == parent; i++) {
		if (i >= 8)
			rmid(live[i % 8]);
		live[i % 8] = make_key(IPC_PRIVATE, PAGE, 0);
	}
	_exit(0);
}

/*
 * race: No id can be found before its segment has its owner and mode.
 * history: A new segment could be found before it had its owner.
 */
TEST_F(race, new_segment_never_open_to_others)
{
	pid_t parent = getpid(), child = spawn();
	struct shmid_ds ds;
	int i, id, met = 0;
	int64_t err;

	if (!child)
		create_closed_ones(parent);
	if (in_child()) {
		become(BOB, GUESTS);
		for (i = 0; met < 2000 && i < 2000000; i++) {
			id = ctl(i % 64, SHM_STAT_ANY, &ds);
			if (id < 0)
				continue;
			EXPECT_EQ(ALICE, ds.shm_perm.uid);
			EXPECT_EQ(0, ds.shm_perm.mode);
			err = at(id, NULL, SHM_RDONLY);
			ASSERT_TRUE(err == -EACCES || is_gone(err));
			met += err == -EACCES;
		}
		EXPECT_LT(100, met);
		_exit(0);
	}
	kill_child(child);
}

static void *create_and_remove(void *unused)
{
	int live[16], i, pick;

	for (i = 0; i < 16; i++)
		live[i] = make_key(IPC_PRIVATE, PAGE, 0600);
	for (i = 0; i < 1500; i++) {
		pick = dice() % 16;
		rmid(live[pick]);
		live[pick] = make(1);
	}
	return NULL;
}

/* Checks that each line is whole and that the indexes rise. */
static void *read_listing(void *unused)
{
	struct line lines[128];
	int i, n;

	while (!load(&arena.stop)) {
		n = listing_read(lines, 128);
		if (n > 64)
			return "the listing has too many lines";
		for (i = 0; i < n; i++) {
			if (lines[i].size != PAGE || lines[i].perms != 0600)
				return "a line shows no segment of this case";
			if (i && (lines[i].id & 32767) <=
				 (lines[i - 1].id & 32767))
				return "the lines are not in order";
		}
	}
	return NULL;
}

static void *read_listing_slowly(void *unused)
{
	char text[64];
	int fd;

	while (!load(&arena.stop)) {
		fd = open(backend->listing, O_RDONLY);
		while (read(fd, text, sizeof(text)) > 0)
			;
		if (lseek(fd, dice() % 2000, SEEK_SET) < 0)
			return "seeking failed";
		close(fd);
	}
	return NULL;
}

/*
 * race: Beside creations and removals each line of the listing is whole,
 * and the lines are in order.
 * history: The listing read a segment that was being freed.
 */
TEST_F(race, listing_and_create_remove_lines_stay_whole)
{
	EXPECT_RACE(create_and_remove, read_listing, read_listing_slowly);
}

/* Memory that the processes of a contest share. */
struct contest {
	int ready, go;
	int won[64];
	int id[64];
};

#define CONTESTANTS	6

/* Runs @enter in several processes that begin at the same time. */
static void run_contest(void (*enter)(struct contest *c, int self),
			struct contest *c)
{
	pid_t child[CONTESTANTS];
	int i;

	for (i = 0; i < CONTESTANTS; i++) {
		child[i] = spawn();
		if (!child[i]) {
			__atomic_add_fetch(&c->ready, 1, __ATOMIC_SEQ_CST);
			while (!load(&c->go))
				sched_yield();
			enter(c, i);
			_exit(0);
		}
	}
	while (load(&c->ready) < CONTESTANTS)
		sched_yield();
	store(&c->go, 1);
	for (i = 0; i < CONTESTANTS; i++)
		reap(child[i]);
}

static struct contest *new_contest(void)
{
	void *c = mmap(NULL, sizeof(struct contest), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		die("no memory");
	return c;
}

static void create_exclusively(struct contest *c, int self)
{
	int i, id;

	for (i = 0; i < 64; i++) {
		id = get(KEY + i, PAGE, IPC_CREAT | IPC_EXCL | 0600);
		if (id >= 0)
			__atomic_add_fetch(&c->won[i], 1, __ATOMIC_SEQ_CST);
		else if (id != -EEXIST)
			die("creating: %s", strerror(-id));
	}
}

/* race: Of many who create a key exclusively, exactly one succeeds. */
TEST_F(race, create_exclusively_exactly_one_wins)
{
	struct contest *c = new_contest();
	struct line lines[128];
	int i;

	run_contest(create_exclusively, c);
	for (i = 0; i < 64; i++)
		EXPECT_EQ(1, c->won[i]);
	EXPECT_EQ(64, listing_read(lines, 128));
}

static void create_or_find(struct contest *c, int self)
{
	int i, id, first;

	for (i = 0; i < 64; i++) {
		id = get(KEY + i, PAGE, IPC_CREAT | 0600);
		if (id < 0)
			die("creating: %s", strerror(-id));
		first = -1;
		if (!__atomic_compare_exchange_n(&c->id[i], &first, id, false,
						 __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST) &&
		    first != id)
			die("ids %d and %d for one key", first, id);
	}
}

/* race: Many who create or find a key get one id. */
TEST_F(race, create_or_find_all_get_one_id)
{
	struct contest *c = new_contest();
	struct line lines[128];

	memset(c->id, -1, sizeof(c->id));
	run_contest(create_or_find, c);
	EXPECT_EQ(64, listing_read(lines, 128));
}

static void *create_until_seen(void *unused)
{
	int i, id, seen;

	for (i = 0; i < 1500; i++) {
		seen = load(&arena.rounds);
		id = make_key(KEY, PAGE, 0600);
		while (load(&arena.rounds) == seen && !load(&arena.stop))
			sched_yield();
		rmid(id);
	}
	return NULL;
}

/*
 * Finds each new segment by its key, and uses the id. The creator waits for
 * that before it removes the segment.
 */
static void *find_and_use(void *unused)
{
	struct shmid_ds ds;
	int id, last = -1;

	while (!load(&arena.stop)) {
		id = get(KEY, 0, 0);
		if (id < 0 || id == last)
			continue;
		last = id;
		if (ctl(id, IPC_STAT, &ds)) {
			store(&arena.stop, 1);
			return "an id that a key gave is not known";
		}
		count_round();
	}
	return NULL;
}

/* race: An id that was found by its key is known to every command at once. */
TEST_F(race, found_by_key_while_created_id_is_known)
{
	EXPECT_RACE(create_until_seen, find_and_use);
}

static int answer_round, answer;

static void *detach_twice(void *unused)
{
	int i, err;

	for (i = 1; i <= 2000; i++) {
		if (at(arena.id, arena.addr, 0) < 0)
			return "attaching failed";
		store(&arena.rounds, i);
		err = dt(arena.addr);
		while (load(&answer_round) < i)
			sched_yield();
		if (!err == !load(&answer))
			return err ? "neither detached it" : "both detached it";
	}
	return NULL;
}

static void *detach_as_well(void *unused)
{
	while (!load(&arena.stop)) {
		if (load(&answer_round) == load(&arena.rounds)) {
			sched_yield();
			continue;
		}
		store(&answer, dt(arena.addr));
		store(&answer_round, arena.rounds);
	}
	return NULL;
}

/*
 * race: Of two threads that detach one address, one succeeds and one gets
 * EINVAL.
 */
TEST_F(race, detach_by_two_threads_one_einval)
{
	arena.id = make(1);
	arena.addr = free_range(1);
	EXPECT_RACE(detach_twice, detach_as_well);
	EXPECT_EQ(0, nattch(arena.id));
}

static void create_use_remove(struct contest *c, int self)
{
	int i, id, err;
	int64_t p;

	for (i = 0; i < 150; i++) {
		id = get(KEY, PAGE, IPC_CREAT | 0600);
		if (id < 0)
			die("creating: %s", strerror(-id));
		p = at(id, NULL, 0);
		if (p < 0 && !is_gone(p))
			die("attaching: %s", strerror(-p));
		err = ctl(id, IPC_RMID, NULL);
		if (err && !is_gone(err))
			die("removing: %s", strerror(-err));
		if (p > 0)
			detach(address(p));
	}
}

/*
 * race: Many who create, attach and remove one key leave no segment and no
 * key.
 */
TEST_F(race, create_use_remove_one_key_leaves_nothing)
{
	struct line line;

	run_contest(create_use_remove, new_contest());
	EXPECT_EQ(0, listing_read(&line, 1));
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
}

static void create_at_limit(struct contest *c, int self)
{
	int i, id;

	for (i = 0; i < 100; i++) {
		id = get(IPC_PRIVATE, PAGE, 0600);
		if (id == -ENOSPC)
			continue;
		if (id < 0)
			die("creating: %s", strerror(-id));
		if (__atomic_add_fetch(&c->won[0], 1, __ATOMIC_SEQ_CST) > 3)
			die("more segments than the limit");
		__atomic_sub_fetch(&c->won[0], 1, __ATOMIC_SEQ_CST);
		rmid(id);
	}
}

/* race: Beside many creations there are never more segments than shmmni. */
TEST_F(race, create_at_limit_never_above)
{
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", 3));
	run_contest(create_at_limit, new_contest());
	EXPECT_LE(0, get(IPC_PRIVATE, PAGE, 0600));
}

static void *shuffle_pages(void *unused)
{
	while (!load(&arena.stop)) {
		if (!remap_file_pages(arena.addr, PAGE, 0, 0, 0))
			count_round();
		else if (errno != EINVAL && errno != EIDRM)
			return strerror(errno);
	}
	return NULL;
}

static void *reuse_the_address(void *unused)
{
	int64_t p;
	int i, id;

	for (i = 0; i < 800; i++) {
		id = make_key(KEY, PAGE, 0600);
		p = at(id, arena.addr, SHM_REMAP);
		if (p != (uintptr_t)arena.addr)
			return "attaching failed";
		rmid(id);
		dt(arena.addr);
		munmap(arena.addr, PAGE);
		if (exists(id))
			return "a removed segment stays";
	}
	return NULL;
}

/*
 * race: remap_file_pages beside a removal does not bring the segment back,
 * and does not reach another one.
 * history: remap_file_pages found another segment that had the id by then.
 */
TEST_F(race, remap_file_pages_and_removal_never_revives)
{
	arena.addr = free_range(1);
	EXPECT_RACE(reuse_the_address, shuffle_pages);
}

static char *published[100];
/* The number of writes by children, which share it. */
static int *written;

static void *attach_and_publish(void *unused)
{
	int i;

	for (i = 0; i < 100; i++) {
		store(&published[i], attach(arena.id));
		usleep(500);
	}
	while (!load(written))
		usleep(1000);
	return NULL;
}

/* Forks children that write to every attach that they inherit. */
static void *fork_and_write(void *unused)
{
	while (!load(&arena.stop)) {
		pid_t pid = spawn();
		int i;

		if (!pid) {
			for (i = 0; i < 100 && published[i]; i++) {
				++*(int *)published[i];
				++*written;
			}
			_exit(0);
		}
		reap(pid);
	}
	return NULL;
}

/*
 * race: Every attach that a child inherits is shared with its parent.
 * history: A fork during an attach copied what it should have shared.
 */
TEST_F(race, fork_during_attach_child_shares)
{
	arena.id = make(1);
	written = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, written);
	EXPECT_RACE(attach_and_publish, fork_and_write);
	EXPECT_LT(0, *written);
	EXPECT_EQ(*written, *(int *)published[0]);
	EXPECT_EQ(100, nattch(arena.id));
}

static void *cut_and_detach(void *unused)
{
	char *p;
	int i, n;

	for (i = 0; i < 300; i++) {
		p = attach(arena.id);
		for (n = dice() % 4; n; n--)
			mprotect(p + dice() % 8 * PAGE, PAGE,
				 dice() % 2 ? PROT_READ : PROT_NONE);
		if (dice() % 2)
			munmap(p + dice() % 8 * PAGE, PAGE);
		detach(p);
	}
	return NULL;
}

/* race: Splitting and detaching by many threads leaves a count of 0. */
TEST_F(race, cut_and_detach_by_many_threads_count_returns_to_zero)
{
	arena.id = make(8);
	EXPECT_RACE(cut_and_detach, cut_and_detach, cut_and_detach);
	EXPECT_EQ(0, mappings_of(arena.id));
	EXPECT_EQ(0, nattch(arena.id));
}

static void *set_owner_storm(void *unused)
{
	struct shmid_ds ds = { .shm_perm.mode = 0600 };
	int err;

	while (!load(&arena.stop)) {
		ds.shm_perm.uid = dice() % 2 ? ALICE : BOB;
		ds.shm_perm.gid = ds.shm_perm.uid;
		err = ctl(arena.id, IPC_SET, &ds);
		if (err)
			return strerror(-err);
	}
	return NULL;
}

/* Checks that a user is never seen with the group of another one. */
static void *see_owner(void *unused)
{
	struct shmid_ds ds;
	int i;

	for (i = 0; i < 5000; i++) {
		ds = stat_of(arena.id);
		if (ds.shm_perm.uid != ds.shm_perm.gid)
			return "user and group belong to different changes";
	}
	return NULL;
}

/* race: User and group of one IPC_SET are seen together. */
TEST_F(race, set_and_stat_see_whole_change)
{
	arena.id = make(1);
	EXPECT_RACE(see_owner, set_owner_storm);
}

static void *stat_into_page(void *page)
{
	return (void *)(long)ctl(arena.id, IPC_STAT, page);
}

/*
 * race: A command whose buffer has to be waited for stops nobody else.
 * history: A buffer that had to be waited for was written with a lock
 * held.
 */
TEST_F(race, buffer_that_waits_does_not_stop_others)
{
	struct shm_info info;
	pthread_t thread;
	char *page, *p;
	void *err;
	int fd;

	arena.id = make_key(KEY, PAGE, 0600);
	page = stopping_page(&fd);
	if (fd < 0)
		SKIP(return, "this kernel has no CONFIG_USERFAULTFD");
	ASSERT_EQ(0, pthread_create(&thread, NULL, stat_into_page, page));
	wait_touched(fd);
	p = attach(arena.id);
	EXPECT_EQ(1, nattch(arena.id));
	EXPECT_EQ(arena.id, get(KEY, PAGE, 0600));
	EXPECT_EQ(0, ctl(arena.id, SHM_LOCK, NULL));
	EXPECT_EQ(0, ctl(arena.id, SHM_UNLOCK, NULL));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	detach(p);
	rmid(arena.id);
	make_key(KEY, PAGE, 0600);
	let_go_on(fd, page);
	ASSERT_EQ(0, pthread_join(thread, &err));
	EXPECT_EQ(NULL, err);
	EXPECT_EQ(PAGE, ((struct shmid_ds *)page)->shm_segsz);
	close(fd);
}

TEST_HARNESS_MAIN
