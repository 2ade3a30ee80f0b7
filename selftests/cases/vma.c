// SPDX-License-Identifier: GPL-2.0
/*
 * The life of mappings after the attach: nattch counts them, and each one that
 * comes or goes leaves its time and its process.
 */
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "cases.h"

#define PAGES		3

enum { NOTHING = 0, ATIME = 1, DTIME = 2 };

FIXTURE_BOTH(vma);

static char *attach_with_room(void)
{
	char *p = free_range(2 * PAGES);

	if (at(make(PAGES), p, 0) != (uintptr_t)p)
		die("attaching at %p", p);
	return p;
}

/*
 * Attaches three pages, lets a child exit that shares them, waits for the next
 * second, and runs @event. Then there must be @count mappings. @moved says
 * which of atime and dtime have changed; lpid is the caller then.
 */
static void expect_event(struct __test_metadata *_metadata,
			 void (*event)(char *p), int count, int moved)
{
	char *p = attach_with_room();
	struct shmid_ds before, after;
	pid_t child = spawn();
	time_t now;

	if (!child)
		_exit(0);
	reap(child);
	before = stat_of(0);
	ASSERT_EQ(child, before.shm_lpid);
	ASSERT_EQ(1, before.shm_nattch);
	now = next_second();
	event(p);
	after = stat_of(0);
	EXPECT_EQ(count, after.shm_nattch);
	EXPECT_EQ(moved & ATIME, after.shm_atime >= now ? ATIME : 0);
	EXPECT_EQ(moved & DTIME, after.shm_dtime >= now ? DTIME : 0);
	EXPECT_EQ(moved ? getpid() : child, after.shm_lpid);
	EXPECT_EQ(before.shm_ctime, after.shm_ctime);
	EXPECT_EQ(before.shm_cpid, after.shm_cpid);
	munmap(p, 2 * PAGES * PAGE);
}

static void protect_middle(char *p)
{
	must(!mprotect(p + PAGE, PAGE, PROT_READ));
}

/*
 * vma: mprotect of a page in the middle makes three mappings, counts
 * three, and sets atime.
 */
TEST_F(vma, mprotect_middle_counts_three)
{
	expect_event(_metadata, protect_middle, 3, ATIME);
}

static void protect_whole(char *p)
{
	must(!mprotect(p, PAGES * PAGE, PROT_READ));
}

/* vma: mprotect of a whole attach changes no count and no time. */
TEST_F(vma, mprotect_whole_changes_nothing)
{
	expect_event(_metadata, protect_whole, 1, NOTHING);
}

static void lock_middle(char *p)
{
	must(!mlock(p + PAGE, PAGE));
}

/* vma: mlock of a page in the middle counts three and sets atime. */
TEST_F(vma, mlock_middle_counts_three)
{
	expect_event(_metadata, lock_middle, 3, ATIME);
}

static void advise_middle(char *p)
{
	must(!madvise(p + PAGE, PAGE, MADV_DONTDUMP));
}

/* vma: madvise of a page in the middle counts three and sets atime. */
TEST_F(vma, madvise_middle_counts_three)
{
	expect_event(_metadata, advise_middle, 3, ATIME);
}

static void unmap_middle(char *p)
{
	must(!munmap(p + PAGE, PAGE));
}

/* vma: munmap of a page in the middle counts two and sets both times. */
TEST_F(vma, munmap_middle_counts_two)
{
	expect_event(_metadata, unmap_middle, 2, ATIME | DTIME);
}

static void unmap_first(char *p)
{
	must(!munmap(p, PAGE));
}

/* vma: munmap of the first page keeps the count and sets both times. */
TEST_F(vma, munmap_first_count_unchanged)
{
	expect_event(_metadata, unmap_first, 1, ATIME | DTIME);
}

static void unmap_last(char *p)
{
	must(!munmap(p + 2 * PAGE, PAGE));
}

/* vma: munmap of the last page keeps the count and sets both times. */
TEST_F(vma, munmap_last_count_unchanged)
{
	expect_event(_metadata, unmap_last, 1, ATIME | DTIME);
}

static void unmap_whole(char *p)
{
	must(!munmap(p, PAGES * PAGE));
}

/* vma: munmap of a whole attach counts as shmdt does. */
TEST_F(vma, munmap_whole_counts_none)
{
	expect_event(_metadata, unmap_whole, 0, DTIME);
}

static void detach_whole(char *p)
{
	detach(p);
}

/* vma: shmdt sets dtime, and leaves atime as it was. */
TEST_F(vma, detach_counts_none)
{
	expect_event(_metadata, detach_whole, 0, DTIME);
}

static void attach_again(char *p)
{
	if (at(0, p + PAGES * PAGE, 0) < 0)
		die("attaching again");
}

/*
 * vma: A second shmat counts two and sets atime, and leaves dtime as it
 * was.
 */
TEST_F(vma, attach_again_counts_two)
{
	expect_event(_metadata, attach_again, 2, ATIME);
}

static void move_whole(char *p)
{
	char *to = free_range(PAGES);

	p = mremap(p, PAGES * PAGE, PAGES * PAGE,
		   MREMAP_MAYMOVE | MREMAP_FIXED, to);
	must(p == to);
}

/* vma: Moving an attach with mremap keeps the count and sets both times. */
TEST_F(vma, mremap_move_count_unchanged)
{
	expect_event(_metadata, move_whole, 1, ATIME | DTIME);
}

static void move_middle(char *p)
{
	char *to = free_range(1);

	p = mremap(p + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	must(p == to);
}

/* vma: Moving a page out of the middle counts three and sets both times. */
TEST_F(vma, mremap_move_middle_counts_three)
{
	expect_event(_metadata, move_middle, 3, ATIME | DTIME);
}

static void copy_whole(char *p)
{
	p = mremap(p, 0, PAGES * PAGE, MREMAP_MAYMOVE);
	must(p != MAP_FAILED);
}

/*
 * vma: mremap of an old size of 0 makes a second mapping, counts two, and
 * sets atime.
 */
TEST_F(vma, mremap_of_old_size_zero_counts_two)
{
	expect_event(_metadata, copy_whole, 2, ATIME);
}

static void shrink(char *p)
{
	p = mremap(p, PAGES * PAGE, PAGE, 0);
	must(p != MAP_FAILED);
}

/*
 * vma: Shrinking an attach with mremap keeps the count and sets both
 * times.
 */
TEST_F(vma, mremap_shrink_count_unchanged)
{
	expect_event(_metadata, shrink, 1, ATIME | DTIME);
}

static void shuffle_first(char *p)
{
	must(!remap_file_pages(p, PAGE, 0, 2, 0));
}

/* vma: remap_file_pages of the first page counts two and sets both times. */
TEST_F(vma, remap_file_pages_counts_two)
{
	expect_event(_metadata, shuffle_first, 2, ATIME | DTIME);
}

static void drop_pages(char *p)
{
	must(!madvise(p, PAGES * PAGE, MADV_DONTNEED));
}

/* vma: MADV_DONTNEED changes no count and no time. */
TEST_F(vma, madv_dontneed_changes_nothing)
{
	expect_event(_metadata, drop_pages, 1, NOTHING);
}

static void touch_pages(char *p)
{
	p[0] = 1;
	p[2 * PAGE] = 1;
}

/* vma: Writing to an attach changes no count and no time. */
TEST_F(vma, touching_changes_nothing)
{
	expect_event(_metadata, touch_pages, 1, NOTHING);
}

static pid_t kept;

static void fork_and_keep(char *p)
{
	kept = spawn_idle();
}

/*
 * vma: fork counts the child's mapping, and sets atime and the parent's
 * pid.
 */
TEST_F(vma, fork_counts_two_for_the_parent)
{
	expect_event(_metadata, fork_and_keep, 2, ATIME);
	release(kept);
}

/* vma: Undoing an mprotect does not merge the three mappings. */
TEST_F(vma, undoing_mprotect_keeps_three)
{
	char *p = attach_with_room();

	protect_middle(p);
	ASSERT_EQ(0, mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(3, nattch(0));
	EXPECT_EQ(3, mappings_of(0));
	munmap(p, PAGES * PAGE);
	EXPECT_EQ(0, nattch(0));
}

/* vma: Undoing an mlock does not merge the three mappings. */
TEST_F(vma, undoing_mlock_keeps_three)
{
	char *p = attach_with_room();

	lock_middle(p);
	ASSERT_EQ(0, munlock(p + PAGE, PAGE));
	EXPECT_EQ(3, nattch(0));
	detach(p);
	EXPECT_EQ(0, nattch(0));
}

/*
 * vma: Where two equal protections meet, the count is that of the
 * mappings.
 * history: Merging mappings lost the end of one, and the count stayed too
 * high.
 */
TEST_F(vma, mprotect_two_then_one_count_exact)
{
	char *p = attach_with_room();

	ASSERT_EQ(0, mprotect(p, PAGE, PROT_NONE));
	ASSERT_EQ(0, mprotect(p, 2 * PAGE, PROT_NONE));
	EXPECT_EQ(mappings_of(0), nattch(0));
	detach(p);
	EXPECT_EQ(0, nattch(0));
}

/*
 * vma: fork counts each mapping of the parent once more; the child's exit
 * takes them away and sets the child's pid.
 */
TEST_F(vma, fork_counts_each_mapping)
{
	char *p = attach_with_room();
	pid_t child;

	protect_middle(p);
	child = spawn_idle();
	EXPECT_EQ(6, nattch(0));
	EXPECT_EQ(getpid(), stat_of(0).shm_lpid);
	release(child);
	EXPECT_EQ(3, nattch(0));
	EXPECT_EQ(child, stat_of(0).shm_lpid);
}

/* vma: fork does not count a mapping with MADV_DONTFORK. */
TEST_F(vma, fork_skips_dontfork)
{
	char *p = attach_with_room();
	pid_t child;

	ASSERT_EQ(0, madvise(p + PAGE, 2 * PAGE, MADV_DONTFORK));
	EXPECT_EQ(2, nattch(0));
	child = spawn_idle();
	EXPECT_EQ(3, nattch(0));
	release(child);
	EXPECT_EQ(2, nattch(0));
}

/* vma: A child writes to the same memory as its parent. */
TEST_F(vma, fork_shares_not_copies)
{
	char *p = attach_with_room();

	if (in_child()) {
		p[PAGE] = 'c';
		_exit(0);
	}
	EXPECT_EQ('c', p[PAGE]);
}

/*
 * vma: mremap can grow an attach; beyond the segment's last page there is
 * SIGBUS.
 */
TEST_F(vma, mremap_grow_beyond_end_sigbus)
{
	char *p = attach_with_room();

	ASSERT_EQ(p, mremap(p, PAGES * PAGE, 2 * PAGES * PAGE, 0));
	EXPECT_EQ(1, nattch(0));
	EXPECT_FALSE(read_raises(p + PAGES * PAGE - 1, SIGBUS));
	EXPECT_TRUE(read_raises(p + PAGES * PAGE, SIGBUS));
	EXPECT_TRUE(write_raises(p + 2 * PAGES * PAGE - 1, SIGBUS));
}

/* vma: Moving an attach with mremap keeps its data. */
TEST_F(vma, mremap_move_keeps_data)
{
	char *p = attach_with_room(), *to = free_range(PAGES);

	p[2 * PAGE] = 'x';
	p = mremap(p, PAGES * PAGE, PAGES * PAGE,
		   MREMAP_MAYMOVE | MREMAP_FIXED, to);
	EXPECT_EQ('x', p[2 * PAGE]);
}

/*
 * vma: remap_file_pages shows another page of the segment, for reading and
 * writing.
 */
TEST_F(vma, remap_file_pages_shows_other_page)
{
	char *p = attach_with_room();

	p[2 * PAGE] = 'z';
	shuffle_first(p);
	EXPECT_EQ('z', p[0]);
	p[0] = 'y';
	EXPECT_EQ('y', p[2 * PAGE]);
	EXPECT_EQ(2, mappings_of(0));
}

/*
 * vma: remap_file_pages of the last mapping of a removed segment either
 * keeps it, or is EINVAL or EIDRM and the segment is gone.
 * history: remap_file_pages of a removed segment crashed the kernel.
 * history: A mapping that failed half-way was uncounted although it was
 * never counted.
 *
 * The kernel unmaps the mapping first, and the segment ends with it.
 */
TEST_F(vma, remap_file_pages_of_last_mapping_removed)
{
	char *p = attach(make(1));
	int ret;

	rmid(0);
	ret = remap_file_pages(p, PAGE, 0, 0, 0);
	if (ret) {
		EXPECT_TRUE(errno == EINVAL || errno == EIDRM) {
			TH_LOG("errno %d", errno);
		}
		EXPECT_EQ(0, mappings_of(0));
	}
	EXPECT_EQ(!!mappings_of(0), exists(0));
	munmap(p, PAGE);
	EXPECT_FALSE(exists(0));
}

/*
 * vma: remap_file_pages works on a removed segment that has other
 * mappings.
 * history: remap_file_pages of a removed segment crashed the kernel.
 */
TEST_F(vma, remap_file_pages_of_marked_segment)
{
	char *p = attach(make(PAGES));

	p[PAGE] = 'b';
	rmid(0);
	ASSERT_EQ(0, remap_file_pages(p, PAGE, 0, 1, 0));
	EXPECT_EQ('b', p[0]);
	EXPECT_EQ(2, nattch(0));
	munmap(p, PAGES * PAGE);
	EXPECT_FALSE(exists(0));
}

/*
 * vma: Where shmem may use huge pages, one touch brings one; it counts as
 * the pages that it has, and can be split.
 * history: A resident huge page was counted 512 times.
 * history: Addresses for huge pages were asked of the wrong file.
 */
TEST_F(vma, transparent_huge_page_comes_with_one_touch)
{
	const char *mode = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	struct shm_info info;
	size_t huge;
	char *p;
	int id;

	if (access(mode, W_OK))
		SKIP(return, "this kernel has no huge pages for shmem");
	huge = read_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
	ASSERT_EQ(0, write_file(mode, "always"));
	id = make(2 * huge / PAGE);
	p = attach(id);
	EXPECT_EQ(0, (uintptr_t)p % huge);
	p[5 * PAGE] = 'h';
	ASSERT_EQ(0, write_file(mode, "never"));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(huge / PAGE, info.shm_rss);
	protect_middle(p);
	EXPECT_EQ('h', p[5 * PAGE]);
	EXPECT_EQ(3, nattch(id));
	detach(p);
	EXPECT_EQ(0, nattch(id));
	EXPECT_EQ('h', attach(id)[5 * PAGE]);
}

/* vma: userfaultfd does not take an attach: EINVAL. */
TEST_F(vma, userfaultfd_register_einval)
{
	char *p = attach_with_room();
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)p, .len = PAGES * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		SKIP(return, "this kernel has no CONFIG_USERFAULTFD");
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	EXPECT_EQ(-1, ioctl(fd, UFFDIO_REGISTER, &reg));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

#ifndef MPOL_BIND
#define MPOL_DEFAULT	0
#define MPOL_BIND	2
#define MPOL_F_ADDR	2
#endif

/*
 * vma: A memory policy belongs to the segment: other attaches have it, and
 * so do later ones; other segments don't.
 * history: The filesystem below was not told of mappings that come and go.
 * history: A call of the file below was used that some kernels do not
 * have.
 */
TEST_F(vma, memory_policy_shared_and_kept)
{
	char *p = attach_with_room(), *q = attach(0);
	unsigned long node = 1;
	int mode = -1;

	if (syscall(SYS_mbind, p, PAGES * PAGE, MPOL_BIND, &node, 64, 0))
		SKIP(return, "this kernel has no CONFIG_NUMA");
	detach(p);
	EXPECT_EQ(0, syscall(SYS_get_mempolicy, &mode, NULL, 0, q,
			     MPOL_F_ADDR));
	EXPECT_EQ(MPOL_BIND, mode);
	detach(q);
	q = attach(0);
	EXPECT_EQ(0, syscall(SYS_get_mempolicy, &mode, NULL, 0, q,
			     MPOL_F_ADDR));
	EXPECT_EQ(MPOL_BIND, mode);
	q = attach(make(1));
	EXPECT_EQ(0, syscall(SYS_get_mempolicy, &mode, NULL, 0, q,
			     MPOL_F_ADDR));
	EXPECT_EQ(MPOL_DEFAULT, mode);
}

#define AREA		64

static void random_step(char *area)
{
	static const int prots[] = { PROT_NONE, PROT_READ,
				     PROT_READ | PROT_WRITE };
	char *p = area + dice() % AREA * PAGE;
	char *to = area + dice() % AREA * PAGE;
	size_t len = (1 + dice() % 6) * PAGE;

	switch (dice() % 8) {
	case 0:
	case 1:
		mprotect(p, len, prots[dice() % 3]);
		break;
	case 2:
		munmap(p, len);
		break;
	case 3:
		to = mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		break;
	case 4:
		madvise(p, len, dice() & 1 ? MADV_DONTDUMP : MADV_DODUMP);
		break;
	case 5:
		remap_file_pages(p, PAGE, 0, dice() % PAGES, 0);
		break;
	case 6:
		at(dice() & 1, p, dice() & 1 ? SHM_REMAP : 0);
		break;
	default:
		dt(p);
	}
}

/*
 * vma: After any sequence of mapping calls, nattch is the number of
 * mappings in /proc/self/maps.
 * history: Merging mappings lost the end of one, and the count stayed too
 * high.
 */
TEST_F(vma, random_steps_count_exact)
{
	char *area = free_range(AREA + 16);
	int i;

	make(PAGES);
	make(PAGES);
	ASSERT_EQ((uintptr_t)area, at(0, area, 0));
	for (i = 0; i < 400; i++) {
		random_step(area);
		if (i % 2)
			continue;
		ASSERT_EQ(mappings_of(0), nattch(0)) {
			TH_LOG("step %d", i);
		}
		ASSERT_EQ(mappings_of(1), nattch(1));
	}
	munmap(area, (AREA + 16) * PAGE);
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(0, nattch(1));
	rmid(0);
	EXPECT_FALSE(exists(0));
}

TEST_HARNESS_MAIN
