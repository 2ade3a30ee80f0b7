// SPDX-License-Identifier: GPL-2.0
/* Documentation/examples/dsm.h, which needs the library's public functions only. */
#include <sys/mman.h>

#include "cases.h"
#include "dsm.h"

FIXTURE_KSHM(dsm);

static const struct dsm_handle by_key = { .key = KEY };

/* dsm: A name works as a handle, and comes before the key. */
TEST_F(dsm, name_does_as_a_key)
{
	struct dsm_handle handle = { .name = "query 1", .key = KEY };
	void *mine = NULL, *its = NULL;
	size_t size = 0, its_size = 0;

	ASSERT_EQ(0, dsm(DSM_CREATE, &handle, PAGE, &mine, &size));
	EXPECT_EQ(IPC_PRIVATE, stat_of(0).shm_perm.__key);
	EXPECT_EQ(-1, dsm(DSM_CREATE, &handle, PAGE, &its, &its_size));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(-1, dsm(DSM_ATTACH, &by_key, 0, &its, &its_size));
	EXPECT_EQ(ENOENT, errno);
	strcpy(mine, "kept");
	ASSERT_EQ(0, dsm(DSM_ATTACH, &handle, 0, &its, &its_size));
	EXPECT_STREQ("kept", its);
	EXPECT_EQ(PAGE, its_size);
	EXPECT_EQ(0, dsm(DSM_DETACH, &handle, 0, &its, &its_size));
	EXPECT_EQ(0, dsm(DSM_DESTROY, &handle, 0, &mine, &size));
	EXPECT_FALSE(exists(0));
	handle.name = "a/b";
	EXPECT_EQ(-1, dsm(DSM_CREATE, &handle, PAGE, &mine, &size));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(NULL, mine);
}

/*
 * dsm: kshm_dsm() creates, attaches, detaches and destroys a segment by
 * its handle.
 */
TEST_F(dsm, created_attached_and_destroyed)
{
	void *mine = NULL, *its = NULL;
	size_t size = 0, its_size = 0;

	EXPECT_EQ(0, dsm(DSM_CREATE, &by_key, PAGE + 1, &mine, &size));
	EXPECT_EQ(PAGE + 1, size);
	EXPECT_EQ(0600, stat_of(0).shm_perm.mode);
	strcpy(mine, "kept");
	EXPECT_EQ(0, dsm(DSM_ATTACH, &by_key, 0, &its, &its_size));
	EXPECT_EQ(PAGE + 1, its_size);
	EXPECT_STREQ("kept", its);
	EXPECT_EQ(0, dsm(DSM_DETACH, &by_key, 0, &mine, &size));
	EXPECT_EQ(NULL, mine);
	EXPECT_EQ(0, size);
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(0, dsm(DSM_DESTROY, &by_key, 0, &its, &its_size));
	EXPECT_EQ(NULL, its);
	EXPECT_FALSE(exists(0));
}

/* dsm: All memory of a new segment is there at once. */
TEST_F(dsm, all_memory_there_at_once)
{
	struct line line;
	void *addr = NULL;
	size_t size;

	ASSERT_EQ(0, dsm(DSM_CREATE, &by_key, 5 * PAGE, &addr, &size));
	ASSERT_TRUE(listing_find(0, &line));
	EXPECT_EQ(5 * PAGE, line.rss);
}

/* dsm: A destroyed segment goes with its last attach. */
TEST_F(dsm, destroyed_while_attached_goes_with_last_attach)
{
	void *mine = NULL, *its = NULL, *gone = NULL;
	size_t size = 0, its_size = 0;

	ASSERT_EQ(0, dsm(DSM_CREATE, &by_key, 1, &mine, &size));
	ASSERT_EQ(0, dsm(DSM_ATTACH, &by_key, 0, &its, &its_size));
	EXPECT_EQ(0, dsm(DSM_DESTROY, &by_key, 0, &mine, &size));
	*(char *)its = 1;
	EXPECT_EQ(-1, dsm(DSM_ATTACH, &by_key, 0, &gone, &size));
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(0, dsm(DSM_DETACH, &by_key, 0, &its, &its_size));
	EXPECT_FALSE(exists(0));
}

/* dsm: A segment can be destroyed without being attached. */
TEST_F(dsm, destroyed_without_an_attach)
{
	void *addr = NULL;
	size_t size = 0;

	make_key(KEY, PAGE, 0600);
	EXPECT_EQ(0, dsm(DSM_DESTROY, &by_key, 0, &addr, &size));
	EXPECT_FALSE(exists(0));
	EXPECT_EQ(0, dsm(DSM_DETACH, &by_key, 0, &addr, &size));
	EXPECT_EQ(-1, dsm(DSM_DESTROY, &by_key, 0, &addr, &size));
	EXPECT_EQ(ENOENT, errno);
}

/* dsm: Destroying without permission is EPERM, and detaches. */
TEST_F(dsm, destroyed_without_permission_eperm_and_detached)
{
	void *addr = NULL;
	size_t size = 0;

	make_key(KEY, PAGE, 0600);
	if (in_child()) {
		become_with_caps(ALICE, STAFF, CAP(IPC_OWNER));
		ASSERT_EQ(0, dsm(DSM_ATTACH, &by_key, 0, &addr, &size));
		EXPECT_EQ(-1, dsm(DSM_DESTROY, &by_key, 0, &addr, &size));
		EXPECT_EQ(EPERM, errno);
		EXPECT_EQ(NULL, addr);
		EXPECT_EQ(0, size);
		EXPECT_EQ(0, nattch(0));
		_exit(0);
	}
	EXPECT_TRUE(exists(0));
}

#define EXPECT_DSM_REFUSED(error, op, handle, request) do {		\
	void *was_ = addr;						\
									\
	EXPECT_EQ(-1, dsm(op, handle, request, &addr, &size));	\
	EXPECT_EQ(error, errno);					\
	EXPECT_EQ(was_, addr);						\
	EXPECT_EQ(7, size);						\
} while (0)

/* dsm: A request that is refused changes nothing. */
TEST_F(dsm, refused_changes_nothing)
{
	static const struct dsm_handle private = { .key = IPC_PRIVATE };
	void *addr = NULL;
	size_t size = 7;

	EXPECT_DSM_REFUSED(ENOENT, DSM_ATTACH, &by_key, 0);
	EXPECT_DSM_REFUSED(EINVAL, DSM_CREATE, &by_key, 0);
	EXPECT_DSM_REFUSED(EINVAL, DSM_CREATE, &private, 1);
	EXPECT_DSM_REFUSED(EINVAL, 4, &by_key, 1);
	make_key(KEY, PAGE, 0600);
	EXPECT_DSM_REFUSED(EEXIST, DSM_CREATE, &by_key, 1);
	addr = fill_page(free_range(1), 0);
	EXPECT_DSM_REFUSED(EINVAL, DSM_ATTACH, &by_key, 1);
	EXPECT_DSM_REFUSED(EINVAL, DSM_DETACH, &by_key, 1);
	EXPECT_DSM_REFUSED(EINVAL, DSM_DESTROY, &by_key, 1);
	EXPECT_TRUE(exists(0));
}

/* dsm: A segment that was created but can't be attached is removed. */
TEST_F(dsm, created_but_not_attached_leaves_nothing)
{
	struct rlimit small = { 1UL << 30, 1UL << 30 };
	void *addr = NULL;
	size_t size = 7;

	if (in_child()) {
		struct rlimit now;

		ASSERT_EQ(0, getrlimit(RLIMIT_AS, &now));
		small.rlim_cur = PAGE;
		small.rlim_max = now.rlim_max;
		ASSERT_EQ(0, setrlimit(RLIMIT_AS, &small));
		EXPECT_DSM_REFUSED(ENOMEM, DSM_CREATE, &by_key, PAGE);
		ASSERT_EQ(0, setrlimit(RLIMIT_AS, &now));
		_exit(0);
	}
	EXPECT_FALSE(exists(0));
}

TEST_HARNESS_MAIN
