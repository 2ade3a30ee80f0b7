// SPDX-License-Identifier: GPL-2.0
/* SHM_HUGETLB: who gets huge pages that are set aside, and what can be done with them. */
#include <sys/mman.h>

#include "hugetlb.h"

FIXTURE(hugetlb)
{
};

FIXTURE_VARIANT(hugetlb)
{
	const struct backend *backend;
};

FIXTURE_SETUP(hugetlb)
{
	begin_hugetlb(_metadata, variant->backend);
}

FIXTURE_TEARDOWN(hugetlb)
{
	end_hugetlb(_metadata);
}

FIXTURE_VARIANT_ADD(hugetlb, intree) { .backend = &intree };
FIXTURE_VARIANT_ADD(hugetlb, kshm) { .backend = &kshm };

static int try_size(size_t size, int flags)
{
	return get(IPC_PRIVATE, size, IPC_CREAT | SHM_HUGETLB | 0600 | flags);
}

static int make_huge(size_t pages)
{
	int id = try_size(pages * huge, 0);

	if (id < 0)
		die("a segment of %zu huge pages: %s", pages, strerror(-id));
	return id;
}

/*
 * hugetlb: A segment of SHM_HUGETLB has its pages reserved when it is created. A page
 * that is used is taken from the reservation, and removal gives all of them back.
 */
TEST_F(hugetlb, created_pages_are_reserved)
{
	int id = make_huge(3);
	char *p;

	EXPECT_EQ(3, reserved());
	EXPECT_EQ(POOL, pages_free());
	p = attach(id);
	EXPECT_EQ(3, reserved());
	p[huge] = 1;
	EXPECT_EQ(2, reserved());
	EXPECT_EQ(POOL - 1, pages_free());
	detach(p);
	EXPECT_EQ(2, reserved());
	rmid(id);
	EXPECT_EQ(0, reserved());
	EXPECT_EQ(POOL, pages_free());
}

/* hugetlb: If too few huge pages are left, creation is ENOMEM and changes nothing. */
TEST_F(hugetlb, beyond_the_pool_enomem)
{
	int id = make_huge(POOL - 1);

	EXPECT_EQ(-ENOMEM, try_size(2 * huge, 0));
	EXPECT_EQ(POOL - 1, reserved());
	EXPECT_EQ(1, try_size(huge, 0) & 0x7fff);
	EXPECT_EQ(POOL, reserved());
	EXPECT_EQ(-ENOMEM, try_size(1, 0));
	rmid(id);
	EXPECT_EQ(1, reserved());
}

/* hugetlb: A size that no memory has is ENOMEM. */
TEST_F(hugetlb, enormous_size_enomem)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	EXPECT_EQ(-ENOMEM, try_size(8 * TIB, 0));
	EXPECT_EQ(0, reserved());
}

/*
 * hugetlb: The size is rounded up to huge pages where it is mapped and reserved, and
 * nowhere else. Sums count small pages of the size that was asked for.
 * history: A size that is not a multiple of the huge page was mapped too
 * short.
 */
TEST_F(hugetlb, unaligned_size_is_rounded_up)
{
	int id = try_size(huge + 1, 0);
	struct shm_info info;
	struct mapping map;
	char *p;

	ASSERT_GE(id, 0);
	EXPECT_EQ(2, reserved());
	EXPECT_EQ(huge + 1, stat_of(id).shm_segsz);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(huge / PAGE + 1, info.shm_tot);
	p = attach(id);
	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_EQ(2 * huge, map.end - map.start);
	p[2 * huge - 1] = 1;
	EXPECT_EQ(1, reserved());
	EXPECT_EQ(0, (uintptr_t)p % huge);
	detach(p);
	EXPECT_EQ(0, mappings_of(id));
}

/* hugetlb: An attach looks in /proc/PID/maps as that of any segment does. */
TEST_F(hugetlb, maps_show_segment)
{
	int id = get(KEY, huge, IPC_CREAT | SHM_HUGETLB | 0600);
	struct mapping map;
	char *p = attach(id);

	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_STREQ("/SYSV00001234 (deleted)", map.name);
	EXPECT_EQ(id, map.inode);
	EXPECT_EQ(0, map.offset);
	EXPECT_STREQ("rw-s", map.perms);
	detach(p);
}

/*
 * hugetlb: SHM_NORESERVE reserves nothing, neither at creation nor at an attach. A page
 * that the pool lacks is a SIGBUS.
 * history: Huge pages were reserved although that was not wanted.
 */
TEST_F(hugetlb, noreserve_reserves_nothing)
{
	int id = try_size(2 * POOL * huge, SHM_NORESERVE);
	char *p;

	ASSERT_GE(id, 0);
	p = attach(id);
	EXPECT_EQ(0, reserved());
	p[0] = 1;
	EXPECT_EQ(0, reserved());
	EXPECT_EQ(POOL - 1, pages_free());
	make_huge(POOL - 1);
	EXPECT_TRUE(write_raises(p + huge, SIGBUS));
	detach(p);
}

/* hugetlb: Six bits of the flags say how large a page is; an unknown size is EINVAL. */
TEST_F(hugetlb, unknown_page_size_einval)
{
	int log = __builtin_ctzl(huge), id;

	id = try_size(huge, log << MAP_HUGE_SHIFT);
	ASSERT_GE(id, 0);
	EXPECT_EQ(1, reserved());
	EXPECT_EQ(-EINVAL, try_size(huge, 13 << MAP_HUGE_SHIFT));
	EXPECT_EQ(-EINVAL, try_size(huge, (int)(63U << MAP_HUGE_SHIFT)));
	EXPECT_EQ(-EINVAL, try_size(0, 0));
	EXPECT_EQ(1, reserved());
}

/*
 * hugetlb: Without CAP_IPC_LOCK it takes membership in the group vm.hugetlb_shm_group,
 * else creation is EPERM. A size that the kernel does not have is EINVAL first.
 */
TEST_F(hugetlb, neither_capability_nor_group_eperm)
{
	ASSERT_EQ(0, write_number(GROUP_SETTING, STAFF));
	if (in_child()) {
		become(ALICE, GUESTS);
		EXPECT_EQ(-EPERM, try_size(huge, 0));
		EXPECT_EQ(-EINVAL, try_size(huge, 13 << MAP_HUGE_SHIFT));
		EXPECT_EQ(-EINVAL, try_size(0, 0));
		_exit(0);
	}
	EXPECT_EQ(0, reserved());
	if (in_child()) {
		become(ALICE, STAFF);
		rmid(make_huge(1));
		_exit(0);
	}
	if (in_child()) {
		become_member(BOB, GUESTS, STAFF);
		rmid(make_huge(1));
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(ALICE, GUESTS, CAP(IPC_LOCK));
		rmid(make_huge(1));
		_exit(0);
	}
	ASSERT_EQ(0, write_number(GROUP_SETTING, 0));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EPERM, try_size(huge, 0));
		_exit(0);
	}
}

/*
 * hugetlb: For a segment that exists, SHM_HUGETLB and the size of a page mean nothing,
 * and nobody needs a right for them.
 */
TEST_F(hugetlb, existing_segment_ignores_it)
{
	int id = make_key(KEY, PAGE, 0666);

	EXPECT_EQ(id, get(KEY, PAGE, SHM_HUGETLB | 0600));
	EXPECT_EQ(id, get(KEY, PAGE, SHM_HUGETLB | IPC_CREAT | 0600));
	EXPECT_EQ(id, get(KEY, PAGE, SHM_HUGETLB | 13 << MAP_HUGE_SHIFT));
	EXPECT_EQ(-EEXIST, get(KEY, PAGE, SHM_HUGETLB | IPC_CREAT | IPC_EXCL));
	EXPECT_EQ(-ENOENT, get(KEY + 1, PAGE, SHM_HUGETLB | 0600));
	if (in_child()) {
		become(ALICE, GUESTS);
		EXPECT_EQ(id, get(KEY, PAGE, SHM_HUGETLB | IPC_CREAT | 0600));
		_exit(0);
	}
	EXPECT_EQ(0, reserved());
}

/*
 * hugetlb: A mapping of huge pages can't be split within one: munmap() and mprotect() of
 * a part are EINVAL. At the border of two pages it can.
 * history: A part of a huge page was unmapped.
 */
TEST_F(hugetlb, part_of_a_page_einval)
{
	int id = make_huge(3);
	char *p = attach(id);

	p[0] = 1;
	EXPECT_EQ(-1, munmap(p, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(1, nattch(id));
	EXPECT_EQ(0, munmap(p + huge, huge));
	EXPECT_EQ(2, nattch(id));
	EXPECT_EQ(0, mprotect(p, huge, PROT_READ));
	EXPECT_EQ(2, nattch(id));
	detach(p);
	EXPECT_EQ(0, mappings_of(id));
	EXPECT_EQ(0, nattch(id));
}

/* hugetlb: mremap() moves such an attach, and does not make it larger (EINVAL). */
TEST_F(hugetlb, moved_but_not_enlarged)
{
	int id = make_huge(2);
	char *p = attach(id), *q;

	p[huge] = 7;
	EXPECT_EQ(MAP_FAILED, mremap(p, 2 * huge, 4 * huge, MREMAP_MAYMOVE));
	EXPECT_EQ(EINVAL, errno);
	q = mmap(NULL, 4 * huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	q += huge - (uintptr_t)q % huge;
	ASSERT_EQ(q, mremap(p, 2 * huge, 2 * huge, MREMAP_MAYMOVE | MREMAP_FIXED, q));
	EXPECT_EQ(7, q[huge]);
	EXPECT_EQ(1, nattch(id));
	detach(q);
}

/* hugetlb: An attach at an address that is no multiple of the huge page is EINVAL. */
TEST_F(hugetlb, unaligned_address_einval)
{
	int id = make_huge(1);
	char *free = free_range(3 * huge / PAGE);
	char *aligned = free + huge - (uintptr_t)free % huge;

	EXPECT_EQ(-EINVAL, at(id, aligned + PAGE, 0));
	EXPECT_EQ(0, nattch(id));
	EXPECT_EQ((uintptr_t)aligned, at(id, aligned, 0));
	EXPECT_EQ(-EINVAL, at(id, aligned, 0));
	aligned[0] = 3;
	EXPECT_EQ((uintptr_t)aligned, at(id, aligned, SHM_REMAP));
	EXPECT_EQ(3, aligned[0]);
	EXPECT_EQ(1, nattch(id));
	detach(aligned);
}

/*
 * hugetlb: A child has the attaches of its parent, and both can split theirs.
 * history: The filesystem below was not told of mappings that come and go.
 */
TEST_F(hugetlb, forked_attach_is_shared)
{
	int id = make_huge(2);
	char *p = attach(id);

	p[0] = 1;
	if (in_child()) {
		EXPECT_EQ(2, nattch(id));
		EXPECT_EQ(1, p[0]);
		p[huge] = 2;
		EXPECT_EQ(0, munmap(p, huge));
		p[huge] = 3;
		_exit(0);
	}
	EXPECT_EQ(3, p[huge]);
	EXPECT_EQ(1, nattch(id));
	EXPECT_EQ(0, munmap(p + huge, huge));
	EXPECT_EQ(1, p[0]);
	detach(p);
	EXPECT_EQ(0, nattch(id));
}

/* hugetlb: A read-only attach reads what another writes, and a write there is SIGSEGV. */
TEST_F(hugetlb, read_only_attach_sees_writes)
{
	int id = make_huge(1);
	char *p = attach(id), *q = attach_as(id, SHM_RDONLY);

	p[5] = 5;
	EXPECT_EQ(5, q[5]);
	EXPECT_TRUE(write_raises(q, SIGSEGV));
	detach(p);
	detach(q);
}

/* hugetlb: A marked segment keeps its pages until its last user is killed. */
TEST_F(hugetlb, killed_user_gives_pages_back)
{
	int id = make_huge(2);
	pid_t user = spawn();
	char *p;

	if (!user) {
		p = attach(id);
		p[0] = 1;
		rmid(id);
		raise(SIGSTOP);
		_exit(0);
	}
	EXPECT_EQ(SIGSTOP, wait_stopped(user));
	EXPECT_EQ(1, reserved());
	EXPECT_EQ(POOL - 1, pages_free());
	kill_child(user);
	EXPECT_EQ(0, reserved());
	EXPECT_EQ(POOL, pages_free());
}

/*
 * hugetlb: SHM_LOCK and SHM_UNLOCK succeed and do nothing: no mark, and no charge. Who
 * may not lock still gets EPERM.
 */
TEST_F(hugetlb, lock_does_nothing)
{
	struct rlimit one = { PAGE, PAGE };
	int id;

	ASSERT_EQ(0, write_number(GROUP_SETTING, STAFF));
	if (in_child()) {
		must(!setrlimit(RLIMIT_MEMLOCK, &one));
		become(ALICE, STAFF);
		id = make_huge(2);
		EXPECT_EQ(0, ctl(id, SHM_LOCK, NULL));
		EXPECT_EQ(0, stat_of(id).shm_perm.mode & SHM_LOCKED);
		EXPECT_EQ(0, ctl(id, SHM_UNLOCK, NULL));
		rmid(id);
		_exit(0);
	}
	id = make_huge(1);
	if (in_child()) {
		become(BOB, GUESTS);
		EXPECT_EQ(-EPERM, ctl(id, SHM_LOCK, NULL));
		_exit(0);
	}
	ASSERT_EQ(0, write_number(GROUP_SETTING, 0));
}

/*
 * hugetlb: The listing and SHM_INFO count a huge page that is used as the small pages
 * in it.
 * history: A resident huge page was counted 512 times.
 */
TEST_F(hugetlb, page_counts_once)
{
	int id = make_huge(2);
	struct shm_info info;
	struct line line;
	char *p = attach(id);

	p[0] = 1;
	ASSERT_TRUE(listing_find(id, &line));
	EXPECT_EQ(huge, line.rss);
	EXPECT_EQ(0, line.swap);
	EXPECT_EQ(2 * huge, line.size);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(huge / PAGE, info.shm_rss);
	EXPECT_EQ(0, info.shm_swp);
	detach(p);
}

/* hugetlb: A pool that is made smaller keeps what is reserved, and lets it go later. */
TEST_F(hugetlb, pool_gets_smaller_under_it)
{
	int id = make_huge(2);
	char *p = attach(id);

	p[0] = 1;
	EXPECT_EQ(0, write_number(POOL_SETTING, 0));
	EXPECT_EQ(2, meminfo("HugePages_Total"));
	p[huge] = 2;
	EXPECT_EQ(1, p[0]);
	EXPECT_EQ(-ENOMEM, try_size(huge, 0));
	detach(p);
	rmid(id);
	EXPECT_EQ(0, meminfo("HugePages_Total"));
}

/* hugetlb: MADV_REMOVE frees whole pages, which read as zeros afterwards. */
TEST_F(hugetlb, removed_page_reads_zero)
{
	int id = make_huge(2);
	char *p = attach(id);

	p[0] = 1;
	p[huge] = 2;
	EXPECT_EQ(0, madvise(p, huge, MADV_REMOVE));
	EXPECT_EQ(0, p[0]);
	EXPECT_EQ(2, p[huge]);
	detach(p);
}

TEST_HARNESS_MAIN
