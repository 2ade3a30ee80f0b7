// SPDX-License-Identifier: GPL-2.0
/*
 * Owned segments, which are removed when the descriptor closes that created them.
 * In-tree shm has none.
 */
#include <kshm.h>

#include "cases.h"

FIXTURE_KSHM(owned);

static int find_or_create(key_t key, int shmflg, int flags, int owner, int *created)
{
	int id = kshm_segment_get(key, PAGE, shmflg | 0600, flags, owner, created);

	return id < 0 ? -errno : id;
}

static int new_owner(void)
{
	int owner = kshm_owner();

	if (owner < 0)
		die("kshm_owner: %s", strerror(errno));
	return owner;
}

static int make_owned(int owner)
{
	int id = find_or_create(KEY, IPC_CREAT | IPC_EXCL, 0, owner, NULL);

	if (id < 0)
		die("creating an owned segment: %s", strerror(-id));
	return id;
}

/*
 * owned: Closing the owner's descriptor removes the segment and frees its
 * key.
 */
TEST_F(owned, close_removes)
{
	int owner = new_owner(), id = make_owned(owner);

	EXPECT_EQ(FD_CLOEXEC, fcntl(owner, F_GETFD));
	detach(attach(id));
	EXPECT_TRUE(exists(id));
	close(owner);
	EXPECT_FALSE(exists(id));
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
}

/*
 * owned: Closing the owner's descriptor marks a segment that is attached,
 * as RMID does.
 */
TEST_F(owned, close_marks_what_is_attached)
{
	int owner = new_owner(), id = make_owned(owner);
	char *p = attach(id);

	close(owner);
	EXPECT_EQ(SHM_DEST | 0600, stat_of(id).shm_perm.mode);
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
	*p = 1;
	detach(p);
	EXPECT_FALSE(exists(id));
}

/*
 * owned: A copy of the descriptor, also in another process, keeps its
 * segments.
 */
TEST_F(owned, copy_of_descriptor_keeps)
{
	int owner = new_owner(), id = make_owned(owner), copy = dup(owner);
	pid_t child = spawn_idle();

	close(owner);
	EXPECT_TRUE(exists(id));
	close(copy);
	EXPECT_TRUE(exists(id));
	release(child);
	EXPECT_FALSE(exists(id));
}

/* owned: SIGKILL of the process with the descriptor removes the segment. */
TEST_F(owned, kill_removes)
{
	pid_t pid;
	int i;

	for (i = 0; i < 20; i++) {
		pid = spawn();
		if (!pid) {
			*attach(make_owned(new_owner())) = 1;
			raise(SIGKILL);
		}
		reap_killed(pid, SIGKILL);
		EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
	}
}

/* owned: Each descriptor owns its own segments. */
TEST_F(owned, each_descriptor_its_own)
{
	int first = new_owner(), second = new_owner(), ids[20], i;

	for (i = 0; i < 20; i++)
		ids[i] = find_or_create(IPC_PRIVATE, 0, 0, i % 2 ? second : first,
					NULL);
	rmid(ids[2]);
	rmid(ids[3]);
	close(first);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(i % 2 && i != 3, exists(ids[i]));
	close(second);
	for (i = 0; i < 20; i++)
		EXPECT_FALSE(exists(ids[i]));
}

/* owned: A segment removed before the close is not removed again. */
TEST_F(owned, removed_before_close_stays_gone)
{
	int owner = new_owner(), id = make_owned(owner);
	char *p = attach(id);

	rmid(id);
	close(owner);
	EXPECT_TRUE(exists(id));
	detach(p);
	EXPECT_FALSE(exists(id));
	id = make_key(KEY, PAGE, 0600);
	close(new_owner());
	EXPECT_TRUE(exists(id));
}

/* owned: Finding a segment does not make the descriptor own it. */
TEST_F(owned, finding_does_not_own)
{
	int owner = new_owner(), created = -1;
	int id = make_key(KEY, PAGE, 0600);

	EXPECT_EQ(id, find_or_create(KEY, IPC_CREAT, 0, owner, &created));
	EXPECT_EQ(0, created);
	EXPECT_EQ(-EEXIST, find_or_create(KEY, IPC_CREAT | IPC_EXCL, 0, owner, NULL));
	close(owner);
	EXPECT_TRUE(exists(id));
}

/*
 * owned: An owned segment is removed at the close, whatever user owns it
 * by then.
 */
TEST_F(owned, given_away_is_removed_too)
{
	int owner = new_owner(), id = make_owned(owner);
	struct shmid_ds ds = { .shm_perm = { .uid = ALICE, .gid = STAFF } };

	EXPECT_EQ(0, ctl(id, IPC_SET, &ds));
	if (in_child()) {
		become(BOB, GUESTS);
		close(owner);
		_exit(0);
	}
	EXPECT_TRUE(exists(id));
	close(owner);
	EXPECT_FALSE(exists(id));
}

/* owned: A close from another IPC namespace removes an owned segment. */
TEST_F(owned, close_in_another_namespace_removes)
{
	int go[2], id;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(go));
	pid = spawn();
	if (!pid) {
		make_owned(new_owner());
		if (unshare(CLONE_NEWIPC) || write(go[1], "x", 1) != 1)
			die("leaving the namespace: %s", strerror(errno));
		pause();
	}
	ASSERT_EQ(1, read(go[0], &byte, 1));
	id = get(KEY, PAGE, 0600);
	EXPECT_LE(0, id);
	EXPECT_TRUE(exists(id));
	kill_child(pid);
	EXPECT_FALSE(exists(id));
}

/*
 * owned: A close after the end of the namespace of its segments does
 * nothing.
 */
TEST_F(owned, close_after_end_of_namespace_is_quiet)
{
	int owner = new_owner();
	char *p;

	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		make_owned(owner);
		_exit(0);
	}
	p = attach(make_owned(owner));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	close(owner);
	*p = 1;
	EXPECT_EQ(1, *p);
	detach(p);
}

/*
 * owned: A file that is not the device can't own: ENOTTY, and EBADF
 * without a file.
 */
TEST_F(owned, other_file_as_owner_refused)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	EXPECT_EQ(-ENOTTY, find_or_create(KEY, IPC_CREAT, 0, null, NULL));
	EXPECT_EQ(-EBADF, find_or_create(KEY, IPC_CREAT, 0, 12345, NULL));
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0600));
}

TEST_HARNESS_MAIN
