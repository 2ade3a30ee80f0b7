// SPDX-License-Identifier: GPL-2.0
/* shmat: the order of its checks, its address rules, what it maps. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "cases.h"

#define LOW		((void *)0x800)
#define LAST_PAGE	((void *)-(long)PAGE)

FIXTURE_BOTH(shmat);

/* Expects an attach to fail and to change nothing that IPC_STAT shows. */
#define EXPECT_NO_ATTACH(error, id, addr, flags) do {			\
	struct shmid_ds before_ = stat_of(id), after_;			\
									\
	EXPECT_EQ(error, at(id, addr, flags));				\
	after_ = stat_of(id);						\
	EXPECT_EQ(0, memcmp(&before_, &after_, sizeof(after_)));	\
} while (0)

/* shmat: An id that no segment has is EINVAL. */
TEST_F(shmat, id_unknown_einval)
{
	EXPECT_EQ(-EINVAL, at(0, NULL, 0));
	EXPECT_EQ(-EINVAL, at(-1, NULL, 0));
	EXPECT_EQ(-EINVAL, at(12345, NULL, SHM_RDONLY));
}

/* shmat: An address that is not page aligned is EINVAL without SHM_RND. */
TEST_F(shmat, address_unaligned_einval)
{
	char *p = free_range(1);

	make(1);
	EXPECT_NO_ATTACH(-EINVAL, 0, p + 1, 0);
	EXPECT_NO_ATTACH(-EINVAL, 0, p + PAGE / 2, 0);
	EXPECT_NO_ATTACH(-EINVAL, 0, p + PAGE - 1, SHM_RDONLY);
}

/* shmat: The address is checked before the permission. */
TEST_F(shmat, address_checked_before_permission_einval)
{
	char *p = free_range(1);

	make(1);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EINVAL, at(0, p + 1, 0));
		EXPECT_EQ(-EINVAL, at(0, NULL, SHM_REMAP));
		EXPECT_EQ(-EACCES, at(0, p, 0));
		_exit(0);
	}
}

/* shmat: SHM_REMAP without an address is EINVAL. */
TEST_F(shmat, remap_without_address_einval)
{
	make(1);
	EXPECT_NO_ATTACH(-EINVAL, 0, NULL, SHM_REMAP);
	EXPECT_NO_ATTACH(-EINVAL, 0, NULL, SHM_REMAP | SHM_RND);
}

/*
 * shmat: SHM_REMAP at an address that rounds down to 0 is EINVAL.
 * history: SHM_REMAP at an address that rounds down to 0 mapped the first
 * page.
 */
TEST_F(shmat, remap_rounded_to_null_einval)
{
	make(1);
	EXPECT_NO_ATTACH(-EINVAL, 0, LOW, SHM_RND | SHM_REMAP);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EINVAL, at(0, LOW, SHM_RND | SHM_REMAP));
		_exit(0);
	}
}

/*
 * shmat: Root can attach at page 0, with an address that rounds down to
 * it.
 * history: Forbidding that also forbade root to attach at page 0 without
 * SHM_REMAP.
 */
TEST_F(shmat, rounded_to_null_as_root_attaches_at_null)
{
	struct mapping map;

	make(1);
	ASSERT_EQ(0, at(0, LOW, SHM_RND));
	ASSERT_TRUE(mapping_at(NULL, &map));
	EXPECT_EQ(0, map.start);
	EXPECT_EQ(PAGE, map.end);
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(NULL));
	EXPECT_EQ(0, nattch(0));
}

/*
 * shmat: A user who attaches below vm.mmap_min_addr gets EPERM.
 * history: SHM_REMAP at an address that rounds down to 0 mapped the first
 * page.
 */
TEST_F(shmat, rounded_to_null_as_user_eperm)
{
	make_key(KEY, PAGE, 0666);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_NO_ATTACH(-EPERM, 0, LOW, SHM_RND);
		_exit(0);
	}
}

/*
 * shmat: Without an address the kernel chooses one, page aligned; all of
 * the segment is mapped there, readable and writable.
 */
TEST_F(shmat, null_address_kernel_chooses)
{
	char *p = attach(make(3));
	struct mapping map;

	EXPECT_EQ(0, (long)p % PAGE);
	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_EQ((long)p, map.start);
	EXPECT_EQ(3 * PAGE, map.end - map.start);
	EXPECT_EQ(0, map.offset);
	EXPECT_STREQ("rw-s", map.perms);
}

/*
 * shmat: A free address is taken as it is given.
 * history: An attach replaced what was mapped there, or went to another
 * address.
 */
TEST_F(shmat, address_given_is_taken)
{
	char *p = free_range(4);

	make(2);
	EXPECT_EQ((uintptr_t)p + PAGE, at(0, p + PAGE, 0));
	EXPECT_EQ(1, nattch(0));
}

/* shmat: SHM_RND rounds an address down to the start of its page. */
TEST_F(shmat, address_rounded_down)
{
	char *p = free_range(4);

	make(1);
	EXPECT_EQ((uintptr_t)p, at(0, p + 1, SHM_RND));
	EXPECT_EQ((uintptr_t)p + PAGE, at(0, p + 2 * PAGE - 1, SHM_RND));
	EXPECT_EQ((uintptr_t)p + 2 * PAGE, at(0, p + 2 * PAGE, SHM_RND));
	EXPECT_EQ(3, nattch(0));
}

/*
 * shmat: Where anything is mapped in the range shmat is EINVAL without
 * SHM_REMAP, and that mapping stays.
 * history: An attach replaced what was mapped there, or went to another
 * address.
 */
TEST_F(shmat, occupied_einval_and_left_alone)
{
	char *p = free_range(4);

	make(3);
	fill_page(p + 2 * PAGE, 'x');
	EXPECT_NO_ATTACH(-EINVAL, 0, p, 0);
	EXPECT_NO_ATTACH(-EINVAL, 0, p + 2 * PAGE, 0);
	EXPECT_NO_ATTACH(-EINVAL, 0, p + 2 * PAGE + 5, SHM_RND);
	EXPECT_EQ('x', p[2 * PAGE]);
	EXPECT_EQ('x', p[3 * PAGE - 1]);
}

/* shmat: Mappings next to the range do not matter. */
TEST_F(shmat, neighbours_do_not_count_as_occupied)
{
	char *p = free_range(4);

	make(2);
	fill_page(p, 'x');
	fill_page(p + 3 * PAGE, 'y');
	EXPECT_EQ((uintptr_t)p + PAGE, at(0, p + PAGE, 0));
	EXPECT_EQ('x', p[PAGE - 1]);
	EXPECT_EQ('y', p[3 * PAGE]);
}

/* shmat: The range goes to the end of the segment's last page. */
TEST_F(shmat, rest_of_last_page_occupied_einval)
{
	char *p = free_range(2);

	make_key(KEY, PAGE + 1, 0600);
	fill_page(p + PAGE, 'x');
	EXPECT_NO_ATTACH(-EINVAL, 0, p, 0);
}

/* shmat: SHM_REMAP replaces the memory in the range, and only that. */
TEST_F(shmat, remap_replaces_anonymous_memory)
{
	char *p = free_range(3);

	fill_page(p, 'x');
	fill_page(p + PAGE, 'x');
	fill_page(p + 2 * PAGE, 'x');
	make(1);
	EXPECT_EQ((uintptr_t)p + PAGE, at(0, p + PAGE, SHM_REMAP));
	EXPECT_EQ('x', p[PAGE - 1]);
	EXPECT_EQ(0, p[PAGE]);
	EXPECT_EQ('x', p[2 * PAGE]);
}

/*
 * shmat: SHM_REMAP replaces an attach of another segment, whose count
 * falls when its last page is gone.
 */
TEST_F(shmat, remap_replaces_attach_of_other_segment)
{
	char *p = attach(make(2));

	make(1);
	p[0] = 'a';
	EXPECT_EQ((uintptr_t)p, at(1, p, SHM_REMAP));
	EXPECT_EQ(0, p[0]);
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(1, nattch(1));
	EXPECT_EQ((uintptr_t)p + PAGE, at(1, p + PAGE + 1, SHM_REMAP | SHM_RND));
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(2, nattch(1));
}

/*
 * shmat: SHM_REMAP over an attach of the same segment keeps its data and
 * its count.
 */
TEST_F(shmat, remap_over_itself_keeps_data)
{
	char *p = attach(make(2));

	p[PAGE] = 'a';
	EXPECT_EQ((uintptr_t)p, at(0, p, SHM_REMAP));
	EXPECT_EQ('a', p[PAGE]);
	EXPECT_EQ(1, nattch(0));
}

/*
 * shmat: SHM_REMAP over the last attach of a removed segment ends that
 * segment.
 */
TEST_F(shmat, remap_over_last_attach_of_marked_segment)
{
	char *p = attach(make(1));

	rmid(0);
	make(1);
	EXPECT_EQ((uintptr_t)p, at(1, p, SHM_REMAP));
	EXPECT_FALSE(exists(0));
	EXPECT_EQ(1, nattch(1));
}

/*
 * shmat: A range that wraps around the end of all addresses is EINVAL.
 * history: Address and size wrapped around, and passed the test of the
 * range.
 */
TEST_F(shmat, address_wraps_einval)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	make(2);
	EXPECT_NO_ATTACH(-EINVAL, 0, LAST_PAGE, 0);
	EXPECT_NO_ATTACH(-EINVAL, 0, LAST_PAGE, SHM_RDONLY);
}

/*
 * shmat: An address above those of user space is ENOMEM.
 * history: Address and size wrapped around, and passed the test of the
 * range.
 */
TEST_F(shmat, address_above_user_space_enomem)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	make(2);
	EXPECT_NO_ATTACH(-ENOMEM, 0, ABOVE_USER, 0);
	EXPECT_NO_ATTACH(-ENOMEM, 0, ABOVE_USER, SHM_REMAP);
	EXPECT_NO_ATTACH(-ENOMEM, 0, LAST_PAGE, SHM_REMAP);
}

/*
 * shmat: A segment larger than the address space is ENOMEM.
 * history: Address and size wrapped around, and passed the test of the
 * range.
 */
TEST_F(shmat, segment_above_address_space_enomem)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, get(IPC_PRIVATE, TIB << 20, SHM_NORESERVE | 0600));
	EXPECT_NO_ATTACH(-ENOMEM, 0, NULL, 0);
}

/*
 * shmat: A segment of 16 TiB is attached, used at its end, and detached
 * whole.
 * history: The end of a huge range overflowed in a detach.
 */
TEST_F(shmat, segment_of_16_tib_attached_and_detached)
{
	char *p;

	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, get(IPC_PRIVATE, 16 * TIB, SHM_NORESERVE | 0600));
	p = attach(0);
	p[16 * TIB - 1] = 1;
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(0, mappings_of(0));
}

/*
 * shmat: shmat asks for r, for w unless SHM_RDONLY, and for x with
 * SHM_EXEC; the owner is asked too.
 * history: SHM_EXEC was not checked, or a read-only mapping was made
 * writable.
 */
TEST_F(shmat, mode_asked_of_owner)
{
	static const struct {
		int mode, flags, error;
	} cases[] = {
		{ 0600, 0, 0 },
		{ 0600, SHM_RDONLY, 0 },
		{ 0400, 0, EACCES },
		{ 0400, SHM_RDONLY, 0 },
		{ 0200, 0, EACCES },
		{ 0200, SHM_RDONLY, EACCES },
		{ 0600, SHM_EXEC, EACCES },
		{ 0400, SHM_EXEC | SHM_RDONLY, EACCES },
		{ 0500, SHM_EXEC | SHM_RDONLY, 0 },
		{ 0500, SHM_EXEC, EACCES },
		{ 0700, SHM_EXEC, 0 },
		{ 0300, SHM_EXEC, EACCES },
		{ 0000, 0, EACCES },
		{ 0077, 0, EACCES },
	};
	size_t i;
	int64_t ret;

	if (!in_child())
		return;
	become(ALICE, STAFF);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ret = at(make_key(IPC_PRIVATE, PAGE, cases[i].mode), NULL,
			 cases[i].flags);
		ret = ret < 0 ? ret : 0;
		EXPECT_EQ(-cases[i].error, ret) {
			TH_LOG("mode %o, flags %o", cases[i].mode,
			       cases[i].flags);
		}
	}
	_exit(0);
}

/* shmat: Root attaches whatever the mode says. */
TEST_F(shmat, mode_not_asked_of_root)
{
	EXPECT_EQ(0, make_key(IPC_PRIVATE, PAGE, 0));
	EXPECT_LT(0, at(0, NULL, SHM_EXEC));
	EXPECT_LT(0, at(0, NULL, SHM_RDONLY));
}

/* shmat: The permission is checked before the range. */
TEST_F(shmat, permission_before_occupied_eacces)
{
	char *p = fill_page(free_range(1), 'x');

	make(1);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, at(0, p, 0));
		EXPECT_EQ(-EACCES, at(0, LOW, SHM_RND));
		EXPECT_EQ(-EACCES, at(0, ABOVE_USER, 0));
		_exit(0);
	}
}

/* shmat: The mapping is protected as SHM_RDONLY and SHM_EXEC say. */
TEST_F(shmat, flags_show_in_protection)
{
	static const struct {
		int flags;
		const char *perms;
	} cases[] = {
		{ 0, "rw-s" },
		{ SHM_RDONLY, "r--s" },
		{ SHM_EXEC, "rwxs" },
		{ SHM_EXEC | SHM_RDONLY, "r-xs" },
	};
	struct mapping map;
	size_t i;

	make_key(IPC_PRIVATE, PAGE, 0700);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_TRUE(mapping_at(attach_as(0, cases[i].flags), &map));
		EXPECT_STREQ(cases[i].perms, map.perms);
	}
}

/* shmat: Flag bits without a meaning are ignored. */
TEST_F(shmat, flags_unknown_ignored)
{
	make(1);
	EXPECT_LT(0, at(0, NULL, 0777 | 1 << 16 | 1 << 27));
	EXPECT_EQ(1, nattch(0));
}

/*
 * shmat: An attach with SHM_RDONLY can never be made writable, by
 * mprotect, madvise, mremap or remap_file_pages.
 * history: SHM_EXEC was not checked, or a read-only mapping was made
 * writable.
 * history: The file of a mapping could be mapped again with more access.
 */
TEST_F(shmat, rdonly_never_writable)
{
	char *p;

	make(2);
	p = attach_as(0, SHM_RDONLY);
	EXPECT_TRUE(write_raises(p, SIGSEGV));
	EXPECT_FALSE(read_raises(p, SIGSEGV));
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, madvise(p, PAGE, MADV_REMOVE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, remap_file_pages(p, PAGE, 0, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	p = mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   free_range(2));
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(1, nattch(0));
}

/* shmat: An attach with SHM_RDONLY shows what others write. */
TEST_F(shmat, rdonly_sees_what_others_write)
{
	char *w = attach(make(1));
	const char *r = attach_as(0, SHM_RDONLY);

	w[7] = 'w';
	EXPECT_EQ('w', r[7]);
}

/*
 * shmat: mprotect can make an attach executable that was made without
 * SHM_EXEC.
 */
TEST_F(shmat, without_exec_mprotect_may_add_it)
{
	char *p = attach(make(1));
	struct mapping map;

	EXPECT_EQ(0, mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_STREQ("r-xs", map.perms);
}

/* shmat: mprotect can take access to an attach away and give it back. */
TEST_F(shmat, writable_can_be_protected_and_back)
{
	char *p = attach(make(1));

	EXPECT_EQ(0, mprotect(p, PAGE, PROT_NONE));
	EXPECT_TRUE(read_raises(p, SIGSEGV));
	EXPECT_EQ(0, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	*p = 1;
	EXPECT_EQ(1, nattch(0));
}

/*
 * shmat: MADV_REMOVE frees pages of a writable attach; they read as zero
 * then.
 * history: A call of the file below was used that some kernels do not
 * have.
 */
TEST_F(shmat, madv_remove_punches_writable)
{
	char *p = attach(make(2));

	p[0] = 'a';
	p[PAGE] = 'b';
	EXPECT_EQ(0, madvise(p, PAGE, MADV_REMOVE));
	EXPECT_EQ(0, p[0]);
	EXPECT_EQ('b', p[PAGE]);
}

/* shmat: MADV_DONTNEED keeps the data. */
TEST_F(shmat, madv_dontneed_keeps_data)
{
	char *p = attach(make(1));

	p[0] = 'a';
	EXPECT_EQ(0, madvise(p, PAGE, MADV_DONTNEED));
	EXPECT_EQ('a', p[0]);
}

/*
 * shmat: /proc/PID/maps shows the key as the name of a mapping, and the id
 * as its inode.
 */
TEST_F(shmat, maps_line_shows_key_and_id)
{
	int id = make_key(0xbeef, PAGE, 0600), private = make(1);
	char *p = attach(id), *q = attach(private);
	struct mapping map;

	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_STREQ("/SYSV0000beef (deleted)", map.name);
	EXPECT_EQ(id, map.inode);
	ASSERT_TRUE(mapping_at(q, &map));
	EXPECT_STREQ("/SYSV00000000 (deleted)", map.name);
	EXPECT_EQ(private, map.inode);
}

/*
 * shmat: The line in /proc/PID/maps does not change when the segment is
 * removed.
 */
TEST_F(shmat, maps_line_same_after_removal)
{
	char *p = attach(make_key(0xbeef, PAGE, 0600));
	struct mapping map;

	rmid(0);
	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_STREQ("/SYSV0000beef (deleted)", map.name);
	EXPECT_EQ(0, map.inode);
}

/*
 * shmat: An attach beyond RLIMIT_AS is ENOMEM.
 * history: A failed attach left a count behind.
 */
TEST_F(shmat, address_space_limit_enomem)
{
	struct rlimit none = { 0 }, old;

	make(64);
	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &old));
	none.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	EXPECT_NO_ATTACH(-ENOMEM, 0, NULL, 0);
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &old));
	EXPECT_LT(0, at(0, NULL, 0));
}

/*
 * shmat: An attach beyond vm.max_map_count is ENOMEM, and leaves no count
 * and no time.
 * history: A failed attach left a count behind.
 */
TEST_F(shmat, mappings_used_up_enomem)
{
	make(1);
	if (in_child()) {
		use_up_mappings();
		EXPECT_EQ(-ENOMEM, at(0, NULL, 0));
		EXPECT_EQ(-ENOMEM, at(0, NULL, SHM_RDONLY));
		_exit(0);
	}
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(0, stat_of(0).shm_atime);
}

/*
 * shmat: After mlockall(MCL_FUTURE) an attach beyond RLIMIT_MEMLOCK is
 * EAGAIN.
 */
TEST_F(shmat, locked_future_over_limit_eagain)
{
	struct rlimit limit = { PAGE, PAGE };

	make_key(KEY, 64 * PAGE, 0666);
	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
		become(ALICE, STAFF);
		ASSERT_EQ(0, mlockall(MCL_FUTURE | MCL_ONFAULT));
		EXPECT_NO_ATTACH(-EAGAIN, 0, NULL, 0);
		_exit(0);
	}
}

/* shmat: An attach needs no file descriptor. */
TEST_F(shmat, no_descriptor_free_attaches)
{
	struct rlimit none = { 0, 0 };

	make(1);
	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
		EXPECT_LT(0, at(0, NULL, 0));
		_exit(0);
	}
}

/*
 * shmat: Where the system's table of files is full, an attach is ENFILE
 * and changes nothing; root does not mind.
 * history: A failed attach left a count behind.
 */
TEST_F(shmat, file_table_full_enfile)
{
	const char *limit = "/proc/sys/fs/file-max";
	unsigned long old = read_number(limit);

	make_key(KEY, PAGE, 0666);
	if (in_child_without_files()) {
		EXPECT_EQ(-ENFILE, at(0, NULL, 0));
		EXPECT_EQ(-ENFILE, at(0, NULL, SHM_RDONLY));
		_exit(0);
	}
	EXPECT_EQ(0, nattch(0));
	EXPECT_EQ(0, stat_of(0).shm_atime);
	EXPECT_EQ(0, stat_of(0).shm_lpid);
	ASSERT_EQ(0, write_number(limit, 1));
	EXPECT_LT(0, at(0, NULL, 0));
	ASSERT_EQ(0, write_number(limit, old));
}

/*
 * shmat: Many failed attaches leave no count, and the segment can still
 * end.
 * history: A failed attach left a count behind.
 */
TEST_F(shmat, failed_many_times_leaves_no_count)
{
	char *p = fill_page(free_range(1), 'x');
	int i;

	make(1);
	for (i = 0; i < 3000; i++)
		ASSERT_EQ(-EINVAL, at(0, p, 0));
	EXPECT_EQ(0, nattch(0));
	rmid(0);
	EXPECT_FALSE(exists(0));
}

/* shmat: An attach sets atime and lpid, and counts one. */
TEST_F(shmat, success_sets_time_pid_and_count)
{
	struct shmid_ds ds;
	time_t now;

	make(1);
	now = next_second();
	attach(0);
	ds = stat_of(0);
	EXPECT_LE(now, ds.shm_atime);
	EXPECT_GE(time(NULL), ds.shm_atime);
	EXPECT_GT(now, ds.shm_ctime);
	EXPECT_EQ(0, ds.shm_dtime);
	EXPECT_EQ(getpid(), ds.shm_lpid);
	EXPECT_EQ(1, ds.shm_nattch);
}

/*
 * shmat: Two attaches have two addresses, the same memory, and count two.
 * history: A second attach gave the same address, and detaching any
 * address succeeded.
 */
TEST_F(shmat, twice_two_addresses_one_memory)
{
	char *p = attach(make(1)), *q = attach(0);

	EXPECT_NE(p, q);
	p[3] = 'p';
	EXPECT_EQ('p', q[3]);
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(2, mappings_of(0));
}

/* shmat: Another process sees what one has written. */
TEST_F(shmat, other_process_shares)
{
	char *p;

	make_key(KEY, PAGE, 0600);
	if (in_child()) {
		strcpy(attach(get(KEY, 0, 0600)), "from the child");
		_exit(0);
	}
	p = attach(0);
	EXPECT_STREQ("from the child", p);
}

/*
 * shmat: Two attaches side by side are not merged.
 * history: Merging mappings lost the end of one, and the count stayed too
 * high.
 */
TEST_F(shmat, adjacent_attaches_stay_two)
{
	char *p = free_range(4);

	make(2);
	ASSERT_EQ((uintptr_t)p, at(0, p, 0));
	ASSERT_EQ((uintptr_t)p + 2 * PAGE, at(0, p + 2 * PAGE, 0));
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(2, mappings_of(0));
}

/*
 * shmat: As much is mapped as the file behind the segment has; root can
 * change its size.
 * history: The size of a segment and the length of its file differed.
 */
TEST_F(shmat, length_follows_backing_file)
{
	char *p = attach(make(1)), *q;
	struct mapping map;
	int fd = open_backing(p, 1);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 3 * PAGE));
	close(fd);
	q = attach(0);
	ASSERT_TRUE(mapping_at(q, &map));
	EXPECT_EQ(3 * PAGE, map.end - map.start);
	EXPECT_EQ(PAGE, stat_of(0).shm_segsz);
	q[2 * PAGE] = 'q';
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, mappings_of(0));
}

/*
 * shmat: fstat of the file behind a segment counts the pages that are in
 * memory.
 * history: A call of the file below was used that some kernels do not
 * have.
 *
 * Only written pages are compared: a page that was only read is clean, and
 * the kernel may drop it at any time.
 */
TEST_F(shmat, backing_file_tells_memory_that_is_there)
{
	char *p = attach(make(2));
	int fd = open_backing(p, 2);
	struct stat st;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_blocks);
	p[0] = 'p';
	p[PAGE] = 'p';
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(2 * PAGE / 512, st.st_blocks);
	ASSERT_EQ(0, madvise(p, PAGE, MADV_REMOVE));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(PAGE / 512, st.st_blocks);
	close(fd);
}

/*
 * shmat: shmdt looks for pieces as far as the file behind the segment
 * reaches, not as far as the segment's size.
 * history: The size of a segment and the length of its file differed.
 */
TEST_F(shmat, detach_range_follows_backing_file)
{
	int fd = open_backing(attach(make(1)), 1);
	char *p, *q;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 4 * PAGE));
	p = attach(0);
	q = attach(0);
	ASSERT_EQ(0, mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(q + 2 * PAGE, PAGE, PROT_READ));
	EXPECT_EQ(7, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(4, nattch(0));
	ASSERT_EQ(0, ftruncate(fd, 3 * PAGE));
	close(fd);
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(1, nattch(0));
}

/*
 * shmat: The file behind a segment is a regular one of mode 0777 without
 * links, of the segment's size; root can read and write it.
 * history: A call of the file below was used that some kernels do not
 * have.
 */
TEST_F(shmat, backing_file_is_a_plain_file_of_its_size)
{
	char *p = attach(make_key(KEY, PAGE + 1, 0600));
	int fd = open_backing(p, 2);
	struct stat st;
	char c = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(PAGE + 1, st.st_size);
	EXPECT_EQ(S_IFREG | 0777, st.st_mode);
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_EQ(inode_of(0), st.st_ino);
	p[PAGE] = 'p';
	EXPECT_EQ(1, pread(fd, &c, 1, PAGE));
	EXPECT_EQ('p', c);
	EXPECT_EQ(1, pwrite(fd, "w", 1, 3));
	EXPECT_EQ('w', p[3]);
	close(fd);
	EXPECT_EQ(1, nattch(0));
}

/*
 * shmat: A user can't open the file behind an attach.
 * history: The file of a mapping could be mapped again with more access.
 */
TEST_F(shmat, rdonly_not_opened_by_user)
{
	char *p;

	make_key(KEY, PAGE, 0644);
	if (in_child()) {
		become(ALICE, STAFF);
		p = attach_as(0, SHM_RDONLY);
		EXPECT_EQ(-1, open_backing(p, 1));
		_exit(0);
	}
}

/*
 * shmat: A writable attach is no writer of the file behind it: root can execute
 * that file, and learns only then that it is no program.
 */
TEST_F(shmat, writable_is_no_writer_of_the_file)
{
	char *p = attach(make(1)), path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)p,
		 (long)p + PAGE);
	EXPECT_EQ(-1, execl(path, path, NULL));
	EXPECT_EQ(ENOEXEC, errno);
}

/*
 * shmat: A plain mapping of the file behind a segment is not an attach: it
 * is not counted, and shmdt does not find it.
 */
TEST_F(shmat, plain_mapping_of_backing_file_not_counted)
{
	char *p = attach(make(1)), *q;
	int fd = open_backing(p, 1);

	ASSERT_LE(0, fd);
	q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, q);
	p[1] = 'p';
	EXPECT_EQ('p', q[1]);
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(-EINVAL, dt(q));
	munmap(q, PAGE);
	close(fd);
}

TEST_HARNESS_MAIN
