// SPDX-License-Identifier: GPL-2.0
/* shmdt: which mappings it takes away, and which it leaves. */
#include <linux/userfaultfd.h>
#include <sys/mman.h>

#include "cases.h"

#ifndef SYS_mseal
#define SYS_mseal	462
#endif

FIXTURE_BOTH(shmdt);

static bool mapped(char *page)
{
	unsigned char resident;

	return !mincore(page, PAGE, &resident);
}

static void unmap(char *p, size_t pages)
{
	if (munmap(p, pages * PAGE))
		die("munmap: %s", strerror(errno));
}

/* Moves pages to @to, where nothing is mapped. */
static char *move(char *p, size_t pages, char *to)
{
	char *q = mremap(p, pages * PAGE, pages * PAGE,
			 MREMAP_MAYMOVE | MREMAP_FIXED, to);

	if (q != to)
		die("mremap: %s", strerror(errno));
	return q;
}

/* Maps pages from @p on a second time, with the same file. */
static char *duplicate(char *p, size_t pages, char *to)
{
	char *q = mremap(p, 0, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			 to);

	if (q != to)
		die("duplicating mremap: %s", strerror(errno));
	return q;
}

static char *grow(char *p, size_t from, size_t to)
{
	char *q = mremap(p, from * PAGE, to * PAGE, 0);

	if (q != p)
		die("growing mremap: %s", strerror(errno));
	return q;
}

/* Attaches with @room free pages behind. */
static char *attach_with_room(int id, size_t pages, size_t room)
{
	char *p = free_range(pages + room);

	if (at(id, p, 0) != (uintptr_t)p)
		die("attaching %d at %p", id, p);
	return p;
}

/* shmdt: shmdt unmaps the whole attach, and counts one less. */
TEST_F(shmdt, whole_attach_gone)
{
	char *p = attach(make(3));

	EXPECT_EQ(0, dt(p));
	EXPECT_FALSE(mapped(p));
	EXPECT_FALSE(mapped(p + 2 * PAGE));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: A second shmdt of the same address is EINVAL. */
TEST_F(shmdt, second_time_einval)
{
	char *p = attach(make(1));

	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(-EINVAL, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: An address that is not page aligned is EINVAL. */
TEST_F(shmdt, unaligned_einval)
{
	char *p = attach(make(2));

	EXPECT_EQ(-EINVAL, dt(p + 1));
	EXPECT_EQ(-EINVAL, dt(p + PAGE - 1));
	EXPECT_EQ(1, nattch(0));
}

/* shmdt: An address within an attach, or just before one, is EINVAL. */
TEST_F(shmdt, not_the_start_einval)
{
	char *p = attach(make(3));

	EXPECT_EQ(-EINVAL, dt(p + PAGE));
	EXPECT_EQ(-EINVAL, dt(p - PAGE));
	EXPECT_EQ(1, nattch(0));
	EXPECT_TRUE(mapped(p));
}

/*
 * shmdt: An address where nothing is mapped is EINVAL.
 * history: A second attach gave the same address, and detaching any
 * address succeeded.
 */
TEST_F(shmdt, nothing_there_einval)
{
	attach(make(1));
	EXPECT_EQ(-EINVAL, dt(NULL));
	EXPECT_EQ(-EINVAL, dt(free_range(1)));
	EXPECT_EQ(-EINVAL, dt(ABOVE_USER));
	EXPECT_EQ(-EINVAL, dt((void *)-(long)PAGE));
	EXPECT_EQ(1, nattch(0));
}

/* shmdt: Anonymous memory is EINVAL, and stays. */
TEST_F(shmdt, anonymous_memory_einval)
{
	char *p = fill_page(free_range(1), 'x');

	EXPECT_EQ(-EINVAL, dt(p));
	EXPECT_EQ('x', *p);
}

/* shmdt: Shared anonymous memory is EINVAL, and stays. */
TEST_F(shmdt, file_and_shared_memory_einval)
{
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);

	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-EINVAL, dt(p));
	EXPECT_TRUE(mapped(p));
}

/* shmdt: shmdt sets dtime and lpid. */
TEST_F(shmdt, sets_time_and_pid)
{
	char *p = attach(make(1));
	struct shmid_ds ds;
	time_t now;

	if (in_child())
		_exit(0);
	now = next_second();
	EXPECT_EQ(0, dt(p));
	ds = stat_of(0);
	EXPECT_LE(now, ds.shm_dtime);
	EXPECT_GE(time(NULL), ds.shm_dtime);
	EXPECT_GT(now, ds.shm_atime);
	EXPECT_EQ(getpid(), ds.shm_lpid);
}

/* shmdt: A failed shmdt changes nothing of the segment. */
TEST_F(shmdt, failed_changes_nothing)
{
	char *p = attach(make(1));
	struct shmid_ds before = stat_of(0), after;

	next_second();
	EXPECT_EQ(-EINVAL, dt(p + PAGE));
	EXPECT_EQ(-EINVAL, dt(p + 1));
	after = stat_of(0);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
}

/* shmdt: shmdt asks for no permission. */
TEST_F(shmdt, no_permission_asked)
{
	char *p = attach(make_key(KEY, PAGE, 0));

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, dt(p));
		EXPECT_FALSE(mapped(p));
		_exit(0);
	}
	EXPECT_EQ(1, nattch(0));
}

/*
 * shmdt: Without its first page, the rest of an attach still goes with the
 * address of the whole.
 */
TEST_F(shmdt, first_page_unmapped_rest_goes)
{
	char *p = attach(make(3));

	unmap(p, 1);
	EXPECT_EQ(0, dt(p));
	EXPECT_FALSE(mapped(p + PAGE));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: Both parts of an attach with a hole go. */
TEST_F(shmdt, middle_page_unmapped_both_parts_go)
{
	char *p = attach(make(3));

	unmap(p + PAGE, 1);
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(0, mappings_of(0));
}

/*
 * shmdt: The last page of an attach goes with the address of the whole,
 * not with its own.
 */
TEST_F(shmdt, only_last_page_left_goes)
{
	char *p = attach(make(30));

	unmap(p, 29);
	EXPECT_EQ(-EINVAL, dt(p + 29 * PAGE));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/*
 * shmdt: All parts of an attach go; other memory in the holes stays.
 * history: A detach read a mapping that it had just unmapped.
 */
TEST_F(shmdt, fifty_parts_go_and_neighbours_stay)
{
	char *p = attach(make(100));
	int i;

	for (i = 0; i < 100; i += 2) {
		unmap(p + i * PAGE, 1);
		fill_page(p + i * PAGE, 'n');
	}
	EXPECT_EQ(50, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	for (i = 0; i < 100; i += 2) {
		EXPECT_EQ('n', p[i * PAGE]);
		EXPECT_FALSE(mapped(p + (i + 1) * PAGE));
	}
	munmap(p, 100 * PAGE);
}

/* shmdt: Parts with another protection go too. */
TEST_F(shmdt, parts_of_other_protection_go)
{
	char *p = attach(make(5));

	ASSERT_EQ(0, mprotect(p + PAGE, PAGE, PROT_NONE));
	ASSERT_EQ(0, mprotect(p + 3 * PAGE, PAGE, PROT_READ));
	EXPECT_EQ(5, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: A part that is locked with mlock goes too. */
TEST_F(shmdt, locked_part_goes)
{
	char *p = attach(make(3));

	ASSERT_EQ(0, mlock(p + PAGE, PAGE));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: An attach that was moved has its new address. */
TEST_F(shmdt, moved_whole_found_at_new_address)
{
	char *p = attach(make(2)), *q = move(p, 2, free_range(2));

	EXPECT_EQ(-EINVAL, dt(p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(0, nattch(0));
}

/*
 * shmdt: A part that was moved alone goes with its own address less its
 * offset in the segment.
 */
TEST_F(shmdt, moved_part_needs_its_own_address)
{
	char *p = attach(make(3)), *room = free_range(8), *q;

	q = move(p + 2 * PAGE, 1, room + 5 * PAGE);
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_TRUE(mapped(q));
	EXPECT_EQ(-EINVAL, dt(q));
	EXPECT_EQ(0, dt(q - 2 * PAGE));
	EXPECT_EQ(0, nattch(0));
}

/*
 * shmdt: A page that remap_file_pages has put elsewhere stays, and keeps
 * the segment.
 */
TEST_F(shmdt, shuffled_pages_stay_and_keep_segment)
{
	char *p = attach(make(3));

	p[PAGE] = 'b';
	ASSERT_EQ(0, remap_file_pages(p, PAGE, 0, 1, 0));
	EXPECT_EQ('b', p[0]);
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_TRUE(mapped(p));
	EXPECT_FALSE(mapped(p + PAGE));
	rmid(0);
	EXPECT_EQ('b', p[0]);
	EXPECT_EQ(0, dt(p - PAGE));
	EXPECT_FALSE(exists(0));
}

/* shmdt: A page that remap_file_pages has left in its place goes. */
TEST_F(shmdt, page_remapped_to_itself_goes)
{
	char *p = attach(make(3));

	ASSERT_EQ(0, remap_file_pages(p + PAGE, PAGE, 0, 1, 0));
	EXPECT_EQ(mappings_of(0), nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	EXPECT_FALSE(mapped(p + PAGE));
}

/* shmdt: An attach that mremap has grown goes whole. */
TEST_F(shmdt, grown_goes_whole)
{
	char *p;

	make(2);
	p = attach_with_room(0, 2, 4);
	grow(p, 2, 6);
	EXPECT_EQ(0, dt(p));
	EXPECT_FALSE(mapped(p + 5 * PAGE));
	EXPECT_EQ(0, nattch(0));
}

/*
 * shmdt: A part beyond the segment's size that is a mapping of its own
 * stays.
 */
TEST_F(shmdt, grown_and_split_rest_beyond_size_stays)
{
	char *p;

	make(2);
	p = attach_with_room(0, 2, 2);
	grow(p, 2, 4);
	unmap(p + 2 * PAGE, 1);
	EXPECT_EQ(0, dt(p));
	EXPECT_FALSE(mapped(p));
	EXPECT_TRUE(mapped(p + 3 * PAGE));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: A duplicate that mremap has made elsewhere stays. */
TEST_F(shmdt, duplicate_elsewhere_stays)
{
	char *p = attach(make(2)), *q = duplicate(p, 2, free_range(2));

	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_FALSE(mapped(p));
	EXPECT_TRUE(mapped(q));
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(0, nattch(0));
}

/*
 * shmdt: An attach of another segment in a hole stays.
 * history: A detach took pages of another segment that lay in its range.
 */
TEST_F(shmdt, other_segment_in_hole_stays)
{
	char *p = attach(make(4)), *q = attach(make(4));

	unmap(p + 2 * PAGE, 1);
	q[2 * PAGE] = 'q';
	move(q + 2 * PAGE, 1, p + 2 * PAGE);
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(3, nattch(1));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(3, nattch(1));
	EXPECT_EQ('q', p[2 * PAGE]);
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(1));
}

/*
 * shmdt: The first match decides which attach goes, even if it belongs to
 * another segment; the segment that was attached there first stays then.
 */
TEST_F(shmdt, other_segment_first_in_window_taken_alone)
{
	char *p = attach(make(4)), *q = attach(make(4));

	unmap(p, 1);
	move(q, 1, p);
	EXPECT_EQ(0, dt(p));
	EXPECT_FALSE(mapped(p));
	EXPECT_TRUE(mapped(p + PAGE));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(1, nattch(1));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: Another attach of the same segment in a hole stays. */
TEST_F(shmdt, other_attach_of_segment_in_hole_stays)
{
	char *p = attach(make(4)), *q = attach(0);

	unmap(p + 2 * PAGE, 1);
	move(q + 2 * PAGE, 1, p + 2 * PAGE);
	EXPECT_EQ(5, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(mapped(p + 2 * PAGE));
	EXPECT_EQ(3, nattch(0));
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: A duplicate of another attach in a hole stays. */
TEST_F(shmdt, duplicate_of_other_attach_in_hole_stays)
{
	char *p = attach(make(4)), *q = attach(0);

	unmap(p + 3 * PAGE, 1);
	duplicate(q + 3 * PAGE, 1, p + 3 * PAGE);
	EXPECT_EQ(3, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(mapped(p + 3 * PAGE));
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(q));
}

/*
 * shmdt: The grown tail of an older attach stays when a new attach in
 * front of it goes.
 */
TEST_F(shmdt, attach_before_grown_tail_leaves_tail)
{
	char *p;

	make(2);
	p = attach_with_room(0, 2, 2);
	grow(p, 2, 4);
	unmap(p, 2);
	ASSERT_EQ((uintptr_t)p, at(0, p, 0));
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_FALSE(mapped(p));
	EXPECT_TRUE(mapped(p + 2 * PAGE));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: Another attach of the segment right behind the first one stays. */
TEST_F(shmdt, adjacent_attach_of_segment_stays)
{
	char *p = free_range(4);

	make(2);
	ASSERT_EQ((uintptr_t)p, at(0, p, 0));
	ASSERT_EQ((uintptr_t)p + 2 * PAGE, at(0, p + 2 * PAGE, 0));
	EXPECT_EQ(0, dt(p));
	EXPECT_FALSE(mapped(p));
	EXPECT_TRUE(mapped(p + 2 * PAGE));
	EXPECT_EQ(1, nattch(0));
}

/* shmdt: A part is found however far above the address it is. */
TEST_F(shmdt, part_far_above_found)
{
	char *p = attach(make(20)), *room = free_range(60);

	move(p + 19 * PAGE, 1, room + 50 * PAGE);
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(room + 31 * PAGE));
	EXPECT_EQ(0, nattch(0));
}

/* shmdt: shmdt in a child leaves its parent's attach. */
TEST_F(shmdt, in_child_keeps_the_parents_attach)
{
	char *p = attach(make(2));

	p[0] = 'p';
	if (in_child()) {
		EXPECT_EQ(2, nattch(0));
		EXPECT_EQ(0, dt(p));
		EXPECT_EQ(1, nattch(0));
		_exit(0);
	}
	EXPECT_EQ('p', p[0]);
	EXPECT_EQ(1, nattch(0));
}

/* shmdt: The last shmdt ends a removed segment. */
TEST_F(shmdt, last_of_marked_segment_ends_it)
{
	char *p = attach(make(2)), *q = attach(0);

	rmid(0);
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(exists(0));
	EXPECT_EQ(0, dt(q));
	EXPECT_FALSE(exists(0));
}

/*
 * shmdt: A mapping sealed with mseal stays, and shmdt succeeds all the
 * same.
 */
TEST_F(shmdt, sealed_stays_and_is_no_error)
{
	char *p = attach(make(1));

	if (!in_child())
		return;
	if (syscall(SYS_mseal, p, PAGE, 0))
		SKIP(_exit(0), "this kernel has no mseal");
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(mapped(p));
	EXPECT_EQ(2, nattch(0));
	_exit(0);
}

static void *idle_thread(void *mutex)
{
	pthread_mutex_lock(mutex);
	pthread_mutex_unlock(mutex);
	return NULL;
}

/*
 * The rest runs with a second thread, because then detaching has to guard
 * against mappings made meanwhile.
 */
struct company {
	pthread_mutex_t mutex;
	pthread_t thread;
};

static void company_begin(struct company *c)
{
	pthread_mutex_init(&c->mutex, NULL);
	pthread_mutex_lock(&c->mutex);
	if (pthread_create(&c->thread, NULL, idle_thread, &c->mutex))
		die("no thread");
}

static void company_end(struct company *c)
{
	pthread_mutex_unlock(&c->mutex);
	pthread_join(c->thread, NULL);
}

/*
 * shmdt: With a second thread running, all parts go and other memory in
 * the holes stays.
 */
TEST_F(shmdt, with_threads_parts_go_and_neighbours_stay)
{
	char *p = attach(make(20));
	struct company c;
	int i;

	company_begin(&c);
	for (i = 0; i < 20; i += 2) {
		unmap(p + i * PAGE, 1);
		fill_page(p + i * PAGE, 'n');
	}
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	for (i = 0; i < 20; i += 2) {
		EXPECT_EQ('n', p[i * PAGE]);
		EXPECT_FALSE(mapped(p + (i + 1) * PAGE));
	}
	company_end(&c);
}

/* shmdt: With a second thread running, another attach in a hole stays. */
TEST_F(shmdt, with_threads_other_attach_in_hole_stays)
{
	char *p = attach(make(4)), *q = attach(0);
	struct company c;

	company_begin(&c);
	unmap(p + 2 * PAGE, 1);
	move(q + 2 * PAGE, 1, p + 2 * PAGE);
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(mapped(p + 2 * PAGE));
	EXPECT_EQ(3, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(0, nattch(0));
	company_end(&c);
}

/*
 * shmdt: With a second thread running, shmdt works when RLIMIT_AS is used
 * up.
 */
TEST_F(shmdt, with_threads_address_space_at_limit)
{
	struct rlimit none = { 0 }, old;
	char *p = attach(make(3));
	struct company c;

	company_begin(&c);
	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &old));
	none.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, setrlimit(RLIMIT_AS, &old));
	EXPECT_EQ(0, nattch(0));
	EXPECT_FALSE(mapped(p));
	company_end(&c);
}

/*
 * shmdt: With a second thread running, shmdt of an attach that mremap has
 * grown works when RLIMIT_AS is used up.
 */
TEST_F(shmdt, with_threads_grown_address_space_at_limit)
{
	struct rlimit none = { 0 }, old;
	char *p = free_range(4);
	struct company c;

	ASSERT_EQ((uintptr_t)p, at(make(2), p, 0));
	ASSERT_EQ(p, mremap(p, 2 * PAGE, 4 * PAGE, 0));
	company_begin(&c);
	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &old));
	none.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, setrlimit(RLIMIT_AS, &old));
	EXPECT_EQ(0, nattch(0));
	EXPECT_FALSE(mapped(p));
	EXPECT_FALSE(mapped(p + 3 * PAGE));
	company_end(&c);
}

/*
 * shmdt: With a second thread running, shmdt works when
 * mlockall(MCL_FUTURE) has used up RLIMIT_MEMLOCK.
 */
TEST_F(shmdt, with_threads_locked_future_at_limit)
{
	struct rlimit limit = { PAGE, PAGE };
	struct company c;
	char *p;

	make_key(KEY, 64 * PAGE, 0666);
	if (!in_child())
		return;
	p = attach(0);
	company_begin(&c);
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	become(ALICE, STAFF);
	ASSERT_EQ(0, mlockall(MCL_FUTURE | MCL_ONFAULT));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	EXPECT_FALSE(mapped(p));
	_exit(0);
}

/*
 * shmdt: With a second thread running, a user can detach what root has
 * attached at page 0.
 */
TEST_F(shmdt, with_threads_at_null_after_becoming_user)
{
	struct company c;

	make_key(KEY, PAGE, 0666);
	if (!in_child())
		return;
	ASSERT_EQ(0, at(0, (void *)1, SHM_RND));
	company_begin(&c);
	become(ALICE, STAFF);
	EXPECT_EQ(0, dt(NULL));
	EXPECT_EQ(0, nattch(0));
	_exit(0);
}

/*
 * shmdt: With a second thread running, a sealed mapping stays and shmdt
 * succeeds.
 */
TEST_F(shmdt, with_threads_sealed_stays_and_is_no_error)
{
	char *p = attach(make(1));
	struct company c;

	if (!in_child())
		return;
	company_begin(&c);
	if (syscall(SYS_mseal, p, PAGE, 0))
		SKIP(_exit(0), "this kernel has no mseal");
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(mapped(p));
	EXPECT_EQ(2, nattch(0));
	_exit(0);
}

/*
 * shmdt: With a second thread running, shmdt works when vm.max_map_count
 * is used up.
 */
TEST_F(shmdt, with_threads_mappings_used_up_gone)
{
	struct company c;
	char *p;

	make(4);
	if (in_child()) {
		p = attach(0);
		ASSERT_EQ(0, mprotect(p + PAGE, PAGE, PROT_READ));
		company_begin(&c);
		use_up_mappings();
		ASSERT_EQ(-ENOMEM, at(0, NULL, 0));
		EXPECT_EQ(0, dt(p));
		EXPECT_FALSE(mapped(p));
		EXPECT_FALSE(mapped(p + 3 * PAGE));
		_exit(0);
	}
	EXPECT_EQ(0, nattch(0));
}

static void *detach_it(void *p)
{
	return (void *)(long)dt(p);
}

/*
 * shmdt: A thread can detach what another one has attached; lpid is their
 * process.
 */
TEST_F(shmdt, by_another_thread_gone)
{
	char *p = attach(make(1));
	pthread_t thread;
	void *err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, detach_it, p));
	ASSERT_EQ(0, pthread_join(thread, &err));
	EXPECT_EQ(NULL, err);
	EXPECT_FALSE(mapped(p));
	EXPECT_EQ(getpid(), stat_of(0).shm_lpid);
}

/*
 * shmdt: A page that remap_file_pages has put far beyond the segment's
 * size stays, and reading it is SIGBUS.
 */
TEST_F(shmdt, remapped_to_odd_offsets_stays)
{
	static const int bits[] = { 30, 40, 46 };
	char *p = attach(make(2));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bits) && bits[i] < 8 * sizeof(size_t); i++) {
		ASSERT_EQ(0, remap_file_pages(p, PAGE, 0, (size_t)1 << bits[i], 0));
		EXPECT_EQ(2, nattch(0));
		EXPECT_TRUE(mapped(p));
		EXPECT_TRUE(read_raises(p, SIGBUS));
	}
}

/*
 * The rest is about userfaultfd, which can report unmapping to a reader and has the
 * task wait for that reader. A child detaches, and the case is the reader.
 */
#define NO_WATCHING	"this kernel's userfaultfd takes no attach"

/* An attach in three pieces, with a descriptor for the case. */
static char *attach_watched(int socket)
{
	char *p = attach(0);

	memset(p, 'p', 4 * PAGE);
	must(!mprotect(p + PAGE, PAGE, PROT_READ));
	send_fd(socket, watch_unmapping(p, 4, WP_ASYNC));
	return p;
}

/* Checks that nothing is reported of the detach of segment 0, four pages. */
static void expect_untold(struct __test_metadata *_metadata, bool with_threads)
{
	struct company c;
	int socket;
	pid_t pid;
	char *p;

	make(4);
	pid = spawn_with_socket(&socket);
	if (!pid) {
		if (with_threads)
			company_begin(&c);
		p = attach_watched(socket);
		EXPECT_EQ(0, dt(p));
		EXPECT_EQ(0, nattch(0));
		_exit(0);
	}
	EXPECT_EQ(0, count_reports(socket));
	reap(pid);
}

/* shmdt: shmdt is not reported to a reader of userfaultfd. */
TEST_F(shmdt, userfaultfd_not_told)
{
	char *p;

	if (!userfaultfd_has(WP_ASYNC))
		SKIP(return, NO_WATCHING);
	expect_untold(_metadata, false);
	p = attach(0);
	EXPECT_EQ('p', p[3 * PAGE]);
	p[0] = 'q';
}

/*
 * shmdt: With a second thread running, shmdt is not reported to a reader of
 * userfaultfd.
 */
TEST_F(shmdt, with_threads_userfaultfd_not_told)
{
	if (!userfaultfd_has(WP_ASYNC))
		SKIP(return, NO_WATCHING);
	expect_untold(_metadata, true);
}

/* shmdt: A sealed mapping that stays is still registered with userfaultfd. */
TEST_F(shmdt, sealed_stays_with_userfaultfd)
{
	struct uffdio_writeprotect protect = { .mode = 0 };
	char *p;
	int fd;

	if (!userfaultfd_has(WP_ASYNC))
		SKIP(return, NO_WATCHING);
	make(1);
	if (!in_child())
		return;
	p = attach(0);
	fd = watch_unmapping(p, 1, WP_ASYNC);
	if (syscall(SYS_mseal, p, PAGE, 0))
		SKIP(_exit(0), "this kernel has no mseal");
	EXPECT_EQ(0, dt(p));
	EXPECT_TRUE(mapped(p));
	protect.range.start = (uintptr_t)p;
	protect.range.len = PAGE;
	EXPECT_EQ(0, ioctl(fd, UFFDIO_WRITEPROTECT, &protect));
	_exit(0);
}

TEST_HARNESS_MAIN
