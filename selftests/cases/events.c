// SPDX-License-Identifier: GPL-2.0
/*
 * Events: the tracepoints tell enough to know every segment and mapping afterwards,
 * though ids repeat in other namespaces. "make picture" draws from them.
 */
#include <sys/mman.h>

#include "kshm.h"
#include "tracing.h"

#define PAGES		3
#define EVENTS_MOST	64

FIXTURE(events)
{
	int dev;
};

FIXTURE_SETUP(events)
{
	self->dev = begin_trace_case(_metadata);
}

FIXTURE_TEARDOWN(events)
{
	end_trace_case(_metadata, self->dev);
}

static const char *const all_of_kshm[] = { "kshm", NULL };
static char *events[EVENTS_MOST];
static int count;

/* Begins to record. Addresses are shown as they are, so they can be compared. */
static void watch(void)
{
	must(!write_file(TRACING "/trace_options", "nohash-ptr"));
	/* For the names of processes, tracing would patch the scheduler. */
	must(!write_file(TRACING "/trace_options", "norecord-cmd"));
	trace_events(all_of_kshm);
}

/* Ends recording. Only what this process did is kept. */
static void collect(void)
{
	char *rest = trace, *event;
	pid_t pid;

	trace_end();
	count = 0;
	while ((event = next_event(&rest, &pid)))
		if (pid == getpid() && count < EVENTS_MOST)
			events[count++] = event;
}

/* Returns the place of the @nth event of that name among all, or -1. */
static int place(const char *name, int nth)
{
	int i;

	for (i = 0; i < count; i++)
		if (is_event(events[i], name) && !nth--)
			return i;
	return -1;
}

static const char *the(const char *name, int nth)
{
	int i = place(name, nth);

	if (i < 0)
		die("there is no event %s number %d", name, nth);
	return events[i];
}

static const char *text_of(const char *event, const char *field)
{
	size_t length = strlen(field);
	const char *p = event;

	while ((p = strchr(p, ' '))) {
		p++;
		if (!strncmp(p, field, length) && p[length] == '=')
			return p + length + 1;
	}
	die("no %s in: %s", field, event);
}

static unsigned long number(const char *event, const char *field)
{
	return strtoul(text_of(event, field), NULL, 0);
}

/* The address of an object in the kernel, which is shown without 0x. */
static uint64_t object(const char *event, const char *field)
{
	return strtoull(text_of(event, field), NULL, 16);
}

static unsigned long ipc_namespace(void)
{
	struct stat st;

	must(!stat("/proc/self/ns/ipc", &st));
	return st.st_ino;
}

/*
 * events: The event of a creation has the key, size, permissions and creator of the
 * segment, its IPC namespace, and where its objects are in memory.
 */
TEST_F(events, creation_tells_all_of_the_segment)
{
	const char *event;
	int id;

	watch();
	id = get(KEY, PAGES * PAGE, IPC_CREAT | 0640);
	collect();
	ASSERT_LE(0, id);
	event = the("kshm_create", 0);
	EXPECT_EQ(id, number(event, "id"));
	EXPECT_EQ(KEY, number(event, "key"));
	EXPECT_EQ(PAGES * PAGE, number(event, "size"));
	EXPECT_EQ(0640, number(event, "mode"));
	EXPECT_EQ(geteuid(), number(event, "uid"));
	EXPECT_EQ(getegid(), number(event, "gid"));
	EXPECT_EQ(0, number(event, "lifetime"));
	EXPECT_EQ(ipc_namespace(), number(event, "ns"));
	EXPECT_NE(0, object(event, "registry"));
	EXPECT_NE(0, object(event, "segment"));
	EXPECT_NE(0, object(event, "file"));
	EXPECT_NE(0, object(event, "inode"));
}

/* events: A creation that finds the segment, or fails, has no event. */
TEST_F(events, creation_only_where_one_is_created)
{
	watch();
	EXPECT_LE(0, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_LE(0, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(-EEXIST, get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	collect();
	EXPECT_EQ(0, place("kshm_create", 0));
	EXPECT_EQ(-1, place("kshm_create", 1));
}

/* events: Two segments with the same id in two namespaces have two registries. */
TEST_F(events, same_id_elsewhere_has_another_registry)
{
	int here, there;

	watch();
	here = make(1);
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	there = make(1);
	collect();
	EXPECT_EQ(here, there);
	EXPECT_NE(object(the("kshm_create", 0), "registry"),
		  object(the("kshm_create", 1), "registry"));
	EXPECT_NE(number(the("kshm_create", 0), "ns"),
		  number(the("kshm_create", 1), "ns"));
}

/* events: The event of a creation shows the segment's name as the listing does. */
TEST_F(events, creation_escapes_the_name)
{
	watch();
	/* With nohash-ptr, Linux 6.1 shows every string as an empty one. */
	must(!write_file(TRACING "/trace_options", "hash-ptr"));
	ASSERT_LE(0, kshm_segment_get_named("a b\033", PAGE, IPC_CREAT | 0600, 0,
					    -1, NULL));
	collect();
	EXPECT_STREQ("a\\040b\\033", text_of(the("kshm_create", 0), "name"));
}

/*
 * events: Each VMA has an event when mmap() makes it and when it is closed, with the
 * same address space, attach file and segment.
 */
TEST_F(events, each_vma_is_told_of)
{
	const char *map, *close;
	char *p;

	watch();
	p = attach(make(PAGES));
	detach(p);
	collect();
	map = the("kshm_vma_map", 0);
	close = the("kshm_vma_close", 0);
	EXPECT_EQ((unsigned long)p, number(map, "start"));
	EXPECT_EQ(PAGES * PAGE, number(map, "len"));
	EXPECT_EQ(0, number(map, "pgoff"));
	EXPECT_EQ(object(the("kshm_create", 0), "segment"),
		  object(map, "segment"));
	EXPECT_EQ(number(map, "start"), number(close, "start"));
	EXPECT_EQ(object(map, "mm"), object(close, "mm"));
	EXPECT_EQ(object(map, "file"), object(close, "file"));
	EXPECT_EQ(object(map, "segment"), object(close, "segment"));
}

/* events: The VMA that fork() copies is told of with the mm of the child. */
TEST_F(events, vma_of_a_child_has_its_own_mm)
{
	const char *map, *open;
	char *p;

	watch();
	p = attach(make(1));
	if (in_child())
		_exit(0);
	detach(p);
	collect();
	map = the("kshm_vma_map", 0);
	open = the("kshm_vma_open", 0);
	EXPECT_EQ(number(map, "start"), number(open, "start"));
	EXPECT_EQ(object(map, "file"), object(open, "file"));
	EXPECT_NE(object(map, "mm"), object(open, "mm"));
}

/* events: The event of a piece tells where in the segment it begins. */
TEST_F(events, piece_tells_its_first_page)
{
	char *p;

	watch();
	p = attach(make(PAGES));
	must(!munmap(p + PAGE, PAGE));
	collect();
	EXPECT_EQ(1, number(the("kshm_vma_close", 0), "pgoff"));
	EXPECT_EQ(PAGE, number(the("kshm_vma_close", 0), "len"));
}

/*
 * events: RMID marks a segment, and the last detach ends it. Without an attach, both
 * happen within RMID.
 */
TEST_F(events, marking_comes_before_the_end)
{
	uint64_t attached;
	int id = make(1);
	char *p = attach(id);

	watch();
	rmid(id);
	detach(p);
	rmid(make(1));
	collect();
	attached = object(the("kshm_vma_close", 0), "segment");
	EXPECT_EQ(attached, object(the("kshm_mark", 0), "segment"));
	EXPECT_LT(place("kshm_mark", 0), place("kshm_rmid", 0));
	EXPECT_LT(place("kshm_rmid", 0), place("kshm_vma_close", 0));
	EXPECT_LT(place("kshm_vma_close", 0), place("kshm_end", 0));
	EXPECT_EQ(attached, object(the("kshm_end", 0), "segment"));
	EXPECT_LT(place("kshm_mark", 1), place("kshm_end", 1));
	EXPECT_LT(place("kshm_end", 1), place("kshm_rmid", 1));
}

/* events: A segment that its owner's descriptor removes is marked before it ends. */
TEST_F(events, owner_that_closes_marks_before_it_ends)
{
	int owner = kshm_owner();

	ASSERT_LE(0, owner);
	watch();
	ASSERT_LE(0, kshm_segment_get(KEY, PAGE, IPC_CREAT | 0600, 0, owner, NULL));
	close(owner);
	collect();
	EXPECT_EQ(object(the("kshm_create", 0), "segment"),
		  object(the("kshm_mark", 0), "segment"));
	EXPECT_LT(place("kshm_mark", 0), place("kshm_end", 0));
}

/* events: The event of SET has the new owner and permissions, and the registry. */
TEST_F(events, set_tells_what_it_sets_and_where)
{
	struct shmid_ds ds;
	int id;

	watch();
	id = make(1);
	ds = stat_of(id);
	ds.shm_perm.mode = 0444;
	ds.shm_perm.uid = ALICE;
	ds.shm_perm.gid = STAFF;
	ASSERT_EQ(0, ctl(id, IPC_SET, &ds));
	collect();
	EXPECT_EQ(0444, number(the("kshm_set", 0), "mode"));
	EXPECT_EQ(ALICE, number(the("kshm_set", 0), "uid"));
	EXPECT_EQ(STAFF, number(the("kshm_set", 0), "gid"));
	EXPECT_EQ(object(the("kshm_create", 0), "registry"),
		  object(the("kshm_set", 0), "registry"));
}

TEST_HARNESS_MAIN
