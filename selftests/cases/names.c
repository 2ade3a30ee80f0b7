// SPDX-License-Identifier: GPL-2.0
/*
 * Names beside keys, and whether a segment was found or created. In-tree shm has
 * neither.
 */
#include <kshm.h>
#include <linux/kshm.h>
#include <sys/ioctl.h>

#include "cases.h"

/* The other 14 columns that /proc/kshm/shm has after the id. */
#define MORE_COLUMNS	" %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"

FIXTURE_KSHM(names);

static int find_or_create(const char *name, size_t size, int flags, int *created)
{
	int id = kshm_segment_get_named(name, size, flags, 0, -1, created);

	return id < 0 ? -errno : id;
}

static int make_named(const char *name)
{
	int id = find_or_create(name, PAGE, IPC_CREAT | IPC_EXCL | 0600, NULL);

	if (id < 0)
		die("creating \"%s\": %s", name, strerror(-id));
	return id;
}

/* names: A name creates a segment once, and finds it after that. */
TEST_F(names, created_once_then_found)
{
	int created = -1, id;

	EXPECT_EQ(-ENOENT, find_or_create("a", PAGE, 0600, &created));
	EXPECT_EQ(-1, created);
	id = find_or_create("a", PAGE, IPC_CREAT | 0600, &created);
	EXPECT_LE(0, id);
	EXPECT_EQ(1, created);
	EXPECT_EQ(id, find_or_create("a", PAGE, IPC_CREAT | 0600, &created));
	EXPECT_EQ(0, created);
	EXPECT_EQ(id, find_or_create("a", 0, 0, &created));
	EXPECT_EQ(0, created);
	detach(attach(id));
}

/* names: Names have the errors of keys, in the same order. */
TEST_F(names, same_errors_as_keys)
{
	make_named("a");
	EXPECT_EQ(-EEXIST, find_or_create("a", 99 * PAGE, IPC_CREAT | IPC_EXCL, NULL));
	EXPECT_EQ(-EINVAL, find_or_create("a", PAGE + 1, 0600, NULL));
	EXPECT_EQ(-EINVAL, find_or_create("b", 0, IPC_CREAT, NULL));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EINVAL, find_or_create("a", PAGE + 1, 0600, NULL));
		EXPECT_EQ(-EACCES, find_or_create("a", PAGE, 0600, NULL));
		EXPECT_LE(0, find_or_create("a", PAGE, 0, NULL));
		_exit(0);
	}
}

/* names: A name has 1 to 255 bytes. */
TEST_F(names, length_up_to_255)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, find_or_create(name, PAGE, IPC_CREAT, NULL));
	name[255] = '\0';
	EXPECT_EQ(make_named(name), find_or_create(name, PAGE, 0, NULL));
	name[254] = '\0';
	EXPECT_EQ(-ENOENT, find_or_create(name, PAGE, 0, NULL));
	EXPECT_EQ(-EINVAL, find_or_create("", PAGE, IPC_CREAT, NULL));
}

static int get_bytes(const void *name, unsigned int len)
{
	struct kshm_get_named arg = {
		.name = (uintptr_t)name, .name_len = len, .size = PAGE,
		.flags = KSHM_GET_CREAT, .mode = 0600,
	};
	int fd;

	if (device_descriptors(&fd, 1) != 1)
		die("there is no descriptor");
	return ioctl(fd, KSHM_IOC_GET_NAMED, &arg) ? -errno : arg.id;
}

/*
 * names: A name with a byte 0 or a slash is EINVAL, and one that can't be
 * read is EFAULT.
 *
 * There is no byte 0 at the end either; name_len says where that is.
 */
TEST_F(names, byte_zero_and_slash_einval)
{
	EXPECT_EQ(-EINVAL, get_bytes("a", 2));
	EXPECT_EQ(-EINVAL, get_bytes("a\0b", 3));
	EXPECT_EQ(-EINVAL, get_bytes("", 1));
	EXPECT_EQ(-EINVAL, get_bytes("/a", 2));
	EXPECT_EQ(-EINVAL, get_bytes("a/", 2));
	EXPECT_EQ(-EINVAL, get_bytes("a", 0));
	EXPECT_EQ(-EFAULT, get_bytes(NULL, 1));
	EXPECT_EQ(-EFAULT, get_bytes(BAD_POINTER, 255));
	EXPECT_EQ(-ENAMETOOLONG, get_bytes(BAD_POINTER, 256));
	EXPECT_EQ(-ENAMETOOLONG, get_bytes(BAD_POINTER, UINT_MAX));
	EXPECT_EQ(0, get_bytes("ab", 1));
	EXPECT_EQ(0, find_or_create("a", PAGE, 0, NULL));
}

/* names: Every other byte is allowed, and counts. */
TEST_F(names, any_other_byte_counts)
{
	char name[] = "x?";
	int ids[256], i;

	for (i = 1; i < 256; i++) {
		name[1] = i;
		ids[i] = i == '/' ? -1 : make_named(name);
	}
	for (i = 1; i < 256; i++) {
		name[1] = i;
		EXPECT_EQ(ids[i], i == '/' ? -1 : find_or_create(name, PAGE, 0, NULL));
	}
}

/* names: Names and keys have nothing to do with each other. */
TEST_F(names, names_and_keys_do_not_mix)
{
	int id = make_named("4660"), keyed = make_key(KEY, PAGE, 0600);

	EXPECT_NE(id, keyed);
	EXPECT_EQ(0, stat_of(id).shm_perm.__key);
	EXPECT_EQ(keyed, get(KEY, PAGE, 0600));
	rmid(keyed);
	EXPECT_EQ(id, find_or_create("4660", PAGE, 0, NULL));
}

/*
 * names: The name of a removed segment is free at once, even while it is
 * attached.
 */
TEST_F(names, removed_free_at_once)
{
	int id = make_named("a"), again;
	char *p = attach(id);

	rmid(id);
	EXPECT_EQ(-ENOENT, find_or_create("a", PAGE, 0, NULL));
	again = make_named("a");
	EXPECT_NE(id, again);
	rmid(id);
	EXPECT_EQ(again, find_or_create("a", PAGE, 0, NULL));
	detach(p);
	EXPECT_EQ(again, find_or_create("a", PAGE, 0, NULL));
}

/* names: Each of a thousand names finds its own segment. */
TEST_F(names, thousand_find_their_own)
{
	static int ids[1000];
	char name[32];
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "segment of %d", i);
		ids[i] = make_named(name);
	}
	for (i = 0; i < 1000; i += 2)
		rmid(ids[i]);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "segment of %d", i);
		EXPECT_EQ(i % 2 ? ids[i] : -ENOENT,
			  find_or_create(name, PAGE, 0, NULL));
	}
	for (i = 1; i < 1000; i += 2)
		rmid(ids[i]);
}

/* names: Each IPC namespace has its own names. */
TEST_F(names, each_namespace_its_own)
{
	int id = make_named("a");

	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		EXPECT_EQ(-ENOENT, find_or_create("a", PAGE, 0, NULL));
		detach(attach(make_named("a")));
		_exit(0);
	}
	EXPECT_EQ(id, find_or_create("a", PAGE, 0, NULL));
}

/* names: A segment with a name can be transient or owned. */
TEST_F(names, lifetimes_hold_for_named)
{
	int owner = kshm_owner(), id;

	ASSERT_LE(0, owner);
	id = kshm_segment_get_named("a", PAGE, IPC_CREAT | 0600, KSHM_TRANSIENT, -1,
				    NULL);
	detach(attach(id));
	EXPECT_EQ(-ENOENT, find_or_create("a", PAGE, 0, NULL));
	id = kshm_segment_get_named("a", PAGE, IPC_CREAT | 0600, 0, owner, NULL);
	EXPECT_TRUE(exists(id));
	close(owner);
	EXPECT_EQ(-ENOENT, find_or_create("a", PAGE, 0, NULL));
}

/* names: GET tells whether it has created, for keys too. */
TEST_F(names, creation_told_for_keys_too)
{
	int created = -1, id;

	id = kshm_segment_get(KEY, PAGE, IPC_CREAT | 0600, 0, -1, &created);
	EXPECT_LE(0, id);
	EXPECT_EQ(1, created);
	EXPECT_EQ(id, kshm_segment_get(KEY, PAGE, IPC_CREAT | 0600, 0, -1,
				       &created));
	EXPECT_EQ(0, created);
	EXPECT_NE(id, kshm_segment_get(IPC_PRIVATE, PAGE, 0600, 0, -1, &created));
	EXPECT_EQ(1, created);
	EXPECT_EQ(id, kshm_segment_get(KEY, PAGE, 0600, 0, -1, NULL));
}

/* names: Flags without a meaning are EINVAL, and nothing is created. */
TEST_F(names, flags_without_meaning_einval)
{
	EXPECT_EQ(-1, kshm_segment_get(KEY, PAGE, IPC_CREAT, 16, -1, NULL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-ENOENT, get(KEY, PAGE, 0));
}

/* How often a thread was told that it created the segment. */
static int creations;

static void *create_or_find(void *unused)
{
	int created = 0;

	if (find_or_create("contended", PAGE, IPC_CREAT | 0600, &created) >= 0 &&
	    created)
		__atomic_add_fetch(&creations, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/*
 * names: Of many creators of one name, exactly one is told that it
 * created.
 */
TEST_F(names, many_creators_one_creates)
{
	pthread_t threads[8];
	int round, i;

	for (round = 0; round < 100; round++) {
		creations = 0;
		for (i = 0; i < 8; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL,
						    create_or_find, NULL));
		for (i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
		ASSERT_EQ(1, creations);
		rmid(find_or_create("contended", PAGE, 0600, NULL));
	}
}

/* Returns the columns that only the longer listing has, for one segment. */
static const char *more_of(int id)
{
	static char text[8192];
	char *line, *next;
	int at, found;

	slurp("/proc/kshm/objects", text, sizeof(text));
	for (line = strchr(text, '\n'); line && line[1]; line = next) {
		next = strchr(line + 1, '\n');
		if (sscanf(line, "%*s %d" MORE_COLUMNS " %n", &found, &at) == 1 &&
		    found == id) {
			*next = '\0';
			return line + at;
		}
	}
	return "no line";
}

/* names: The longer listing shows generation, lifetime and name. */
TEST_F(names, listing_shows_generation_lifetime_and_name)
{
	int owner = kshm_owner(), plain = make(1);
	int id = kshm_segment_get_named("a b\\", PAGE, IPC_CREAT | 0600,
					KSHM_TRANSIENT | KSHM_UNIQUE, owner, NULL);
	size_t size = 2 * PAGE;

	EXPECT_STREQ("0 - segment -", more_of(plain));
	EXPECT_STREQ("0 owned,transient,unique segment a\\040b\\134",
		     more_of(id));
	EXPECT_EQ(0, kshm_segment_grow(plain, &size, NULL));
	EXPECT_STREQ("1 - segment -", more_of(plain));
	id = kshm_segment_get(KEY, PAGE, IPC_CREAT | 0600, KSHM_UNIQUE, -1, NULL);
	EXPECT_STREQ("0 unique segment -", more_of(id));
	id = make_named("listed");
	EXPECT_STREQ("0 - segment listed", more_of(id));
	attach(id);
	rmid(id);
	EXPECT_STREQ("0 - segment -", more_of(id));
}

TEST_HARNESS_MAIN
