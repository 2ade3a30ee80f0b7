// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages by choice, which in-tree shm lacks: who gets them, and that everything else
 * about a segment stays as it is.
 *
 * A huge page is used for each that the segment has room for, if one is free. So each
 * case has memory compacted first.
 */
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/swap.h>

#include "cases.h"
#include "kshm.h"

#define HUGE		(2UL << 20)	/* bytes of a huge page */
#define HUGE_PAGES	(HUGE / PAGE)	/* small pages in it */
#define SETTING		"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define RAM_DISK	"/dev/ram0"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

FIXTURE(huge)
{
	int dev;
};

FIXTURE_SETUP(huge)
{
	struct kshm_info info = { .flags = 0 };

	self->dev = begin_device_case(_metadata);
	if (self->dev < 0)
		return;
	if (ioctl(self->dev, KSHM_IOC_INFO, &info))
		die("INFO: %s", strerror(errno));
	if (!(info.features & KSHM_FEATURE_HUGE))
		SKIP(return, "this machine has no CONFIG_TRANSPARENT_HUGEPAGE, or no huge pages");
	write_file("/proc/sys/vm/drop_caches", "3");
	write_file("/proc/sys/vm/compact_memory", "1");
}

FIXTURE_TEARDOWN(huge)
{
	close(self->dev);
	end_case(_metadata);
}

static int create(int dev, size_t size, unsigned int flags)
{
	struct kshm_get arg = {
		.key = KEY, .size = size, .mode = 0666,
		.flags = KSHM_GET_CREAT | KSHM_GET_EXCL | flags,
	};

	if (ioctl(dev, KSHM_IOC_GET, &arg))
		die("creating a segment: %s", strerror(errno));
	return arg.id;
}

static struct kshm_stat look(int dev, int id)
{
	struct kshm_stat st = { .id = id };

	if (ioctl(dev, KSHM_IOC_STAT, &st))
		die("STAT: %s", strerror(errno));
	return st;
}

static char *populated(int dev, int id)
{
	struct kshm_attach arg = { .id = id, .flags = KSHM_ATTACH_POPULATE };

	if (ioctl(dev, KSHM_IOC_ATTACH, &arg))
		die("attaching: %s", strerror(errno));
	return (char *)(uintptr_t)arg.addr;
}

/* Bytes of the mapping at @p that are mapped by huge pages. */
static unsigned long mapped_huge(const char *p)
{
	FILE *in = fopen("/proc/self/smaps", "re");
	unsigned long start, kib, found = 0;
	bool is_it = false;
	char line[512];

	if (!in)
		die("smaps: %s", strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%lx-%*x %*s", &start) == 1 && strchr(line, '-'))
			is_it = start == (unsigned long)p;
		else if (is_it && sscanf(line, "ShmemPmdMapped: %lu", &kib) == 1)
			found = kib << 10;
	}
	fclose(in);
	return found;
}

/* Writes a byte of its own to each page. */
static void mark_pages(char *p, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		p[i * PAGE] = i % 251 + 1;
}

static bool is_marked(const char *p, size_t first, size_t end)
{
	size_t i;

	for (i = first; i < end; i++)
		if (p[i * PAGE] != (char)(i % 251 + 1))
			return false;
	return true;
}

/* A segment of two huge pages, attached and written to. */
static char *make_two(int dev)
{
	char *p = attach(create(dev, 2 * HUGE, KSHM_GET_HUGE));

	mark_pages(p, 2 * HUGE_PAGES);
	return p;
}

/*
 * huge: A segment that is created with HUGE is mapped by huge pages, and its
 * first use takes a fault for each of them.
 */
TEST_F(huge, asked_for_are_there)
{
	char *p = attach(create(self->dev, 2 * HUGE, KSHM_GET_HUGE));
	long before;

	/* A function that was called before takes no fault of its own. */
	mark_pages(p, 0);
	before = minor_faults();
	mark_pages(p, 2 * HUGE_PAGES);
	EXPECT_EQ(2, minor_faults() - before);
	EXPECT_EQ(0, (uintptr_t)p % HUGE);
	EXPECT_EQ(2 * HUGE, mapped_huge(p));
	EXPECT_TRUE(is_marked(p, 0, 2 * HUGE_PAGES));
	EXPECT_EQ(KSHM_STATE_HUGE, look(self->dev, 0).state);
}

/* huge: A segment that is created without HUGE has small pages. */
TEST_F(huge, not_asked_for_are_not_there)
{
	char *p = attach(create(self->dev, 2 * HUGE, 0));

	p[0] = 1;
	EXPECT_EQ(0, mapped_huge(p));
	EXPECT_EQ(1, look(self->dev, 0).rss);
	EXPECT_EQ(0, look(self->dev, 0).state);
}

/* huge: HUGE does nothing to a segment that exists. */
TEST_F(huge, found_keeps_its_pages)
{
	struct kshm_get arg = {
		.key = KEY, .size = PAGE, .mode = 0600,
		.flags = KSHM_GET_CREAT | KSHM_GET_HUGE,
	};

	create(self->dev, HUGE, 0);
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_GET, &arg));
	EXPECT_EQ(0, look(self->dev, arg.id).state);
}

/* huge: A named segment can have huge pages. */
TEST_F(huge, named_has_them)
{
	struct kshm_get_named arg = {
		.name = (uintptr_t)"a", .name_len = 1, .size = HUGE,
		.mode = 0600, .flags = KSHM_GET_CREAT | KSHM_GET_HUGE,
	};
	char *p;

	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_GET_NAMED, &arg));
	p = attach(arg.id);
	p[0] = 1;
	EXPECT_EQ(HUGE, mapped_huge(p));
}

/* huge: A user without any privilege gets huge pages. */
TEST_F(huge, user_has_them)
{
	char *p;

	if (in_child()) {
		become(ALICE, STAFF);
		p = attach(create(self->dev, HUGE, KSHM_GET_HUGE));
		p[0] = 1;
		EXPECT_EQ(HUGE, look(self->dev, 0).rss * PAGE);
		_exit(0);
	}
}

/*
 * huge: The last part of a segment, which no huge page fits into, has small
 * pages; so the segment never takes more memory than its size, even if all of
 * it is allocated beforehand.
 * history: A size that is not a multiple of the huge page was mapped too
 * short.
 */
TEST_F(huge, last_part_has_small_pages)
{
	const size_t pages = HUGE_PAGES + HUGE_PAGES / 2;
	char *p = attach(create(self->dev, pages * PAGE - 1,
				KSHM_GET_HUGE | KSHM_GET_PREALLOC));

	EXPECT_EQ(pages, look(self->dev, 0).rss);
	mark_pages(p, pages);
	EXPECT_EQ(HUGE, mapped_huge(p));
	EXPECT_EQ(pages, look(self->dev, 0).rss);
}

/*
 * huge: A segment that is smaller than a huge page has none, and never takes
 * more memory than its size.
 *
 * A newer kernel gives it pages of sizes in between.
 */
TEST_F(huge, small_segment_has_smaller_pages)
{
	char *p = attach(create(self->dev, HUGE - PAGE, KSHM_GET_HUGE));

	p[0] = 1;
	EXPECT_EQ(0, mapped_huge(p));
	EXPECT_GT(HUGE_PAGES, look(self->dev, 0).rss);
}

/*
 * huge: The first use of a byte brings all of its huge page into memory, and
 * STAT, SHM_INFO and the listing count it as its small pages.
 */
TEST_F(huge, one_byte_counts_as_a_whole)
{
	char *p = attach(create(self->dev, 2 * HUGE, KSHM_GET_HUGE));
	struct shm_info info;
	struct line line;

	p[HUGE] = 1;
	EXPECT_EQ(HUGE_PAGES, look(self->dev, 0).rss);
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(HUGE_PAGES, info.shm_rss);
	EXPECT_EQ(2 * HUGE_PAGES, info.shm_tot);
	ASSERT_TRUE(listing_find(0, &line));
	EXPECT_EQ(HUGE, line.rss);
}

/* huge: /proc/PID/maps shows key and id, as for any attach. */
TEST_F(huge, maps_line_as_for_any)
{
	char *p = attach(create(self->dev, HUGE, KSHM_GET_HUGE));
	struct mapping map;

	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_EQ(HUGE, map.end - map.start);
	EXPECT_EQ(0, map.inode);
	EXPECT_STREQ("/SYSV00001234 (deleted)", map.name);
	EXPECT_STREQ("rw-s", map.perms);
}

/*
 * huge: An attach at an address that is no multiple of a huge page works, with
 * small mappings.
 */
TEST_F(huge, odd_address_works)
{
	char *range = free_range(3 * HUGE_PAGES);
	char *odd = range + PAGE + (-(uintptr_t)range & (HUGE - 1));

	create(self->dev, HUGE, KSHM_GET_HUGE);
	ASSERT_EQ((long)odd, at(0, odd, 0));
	mark_pages(odd, HUGE_PAGES);
	EXPECT_TRUE(is_marked(odd, 0, HUGE_PAGES));
	EXPECT_EQ(0, mapped_huge(odd));
	EXPECT_EQ(HUGE_PAGES, look(self->dev, 0).rss);
	EXPECT_EQ(0, dt(odd));
}

/* huge: A child of fork() shares the pages, and maps them by huge pages, too. */
TEST_F(huge, child_shares_them)
{
	char *p = make_two(self->dev);

	if (in_child()) {
		EXPECT_TRUE(is_marked(p, 0, 2 * HUGE_PAGES));
		EXPECT_EQ(2 * HUGE, mapped_huge(p));
		EXPECT_EQ(2, nattch(0));
		p[7] = 'c';
		_exit(0);
	}
	EXPECT_EQ('c', p[7]);
	EXPECT_EQ(1, nattch(0));
}

/*
 * huge: A part that is protected splits the mapping, counts as any split does,
 * and changes no byte.
 */
TEST_F(huge, part_protected_splits_the_mapping)
{
	char *p = make_two(self->dev), *part = p + 9 * PAGE;

	ASSERT_EQ(0, mprotect(part, PAGE, PROT_READ));
	EXPECT_EQ(3, nattch(0));
	EXPECT_TRUE(write_raises(part, SIGSEGV));
	EXPECT_TRUE(is_marked(p, 0, 2 * HUGE_PAGES));
	p[8 * PAGE + 1] = 'w';
	ASSERT_EQ(0, mprotect(part, PAGE, PROT_READ | PROT_WRITE));
	part[1] = 'w';
	EXPECT_TRUE(is_marked(p, 0, 2 * HUGE_PAGES));
}

/*
 * huge: A detach finds the pieces that munmap() has left of huge pages.
 * history: A part of a huge page was unmapped.
 */
TEST_F(huge, pieces_are_detached)
{
	char *p = make_two(self->dev);

	ASSERT_EQ(0, munmap(p + 9 * PAGE, PAGE));
	EXPECT_EQ(2, nattch(0));
	EXPECT_TRUE(is_marked(p, 0, 9));
	EXPECT_TRUE(is_marked(p, 10, 2 * HUGE_PAGES));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(0, nattch(0));
	EXPECT_TRUE(is_marked(attach(0), 0, 2 * HUGE_PAGES));
}

/*
 * huge: MADV_REMOVE of one page frees that page, and leaves the others of its
 * huge page as they are.
 */
TEST_F(huge, part_removed_spares_the_others)
{
	char *p = make_two(self->dev);

	ASSERT_EQ(0, madvise(p + 9 * PAGE, PAGE, MADV_REMOVE));
	EXPECT_TRUE(is_marked(p, 0, 9));
	EXPECT_TRUE(is_marked(p, 10, 2 * HUGE_PAGES));
	EXPECT_EQ(2 * HUGE_PAGES - 1, look(self->dev, 0).rss);
	EXPECT_EQ(0, p[9 * PAGE]);
}

/*
 * huge: Small pages can be collapsed into a huge page again, with what they
 * hold.
 */
TEST_F(huge, small_pages_are_collapsed)
{
	char *p = make_two(self->dev);
	int i, err;

	ASSERT_EQ(0, madvise(p + 9 * PAGE, PAGE, MADV_REMOVE));
	EXPECT_EQ(HUGE, mapped_huge(p));
	/* It fails for a moment if somebody else looks at one of the pages. */
	for (i = 0; i < 100; i++) {
		err = madvise(p, HUGE, MADV_COLLAPSE) ? errno : 0;
		if (!err || err == EINVAL)
			break;
		usleep(10000);
	}
	if (err == EINVAL)
		SKIP(return, "this kernel has no MADV_COLLAPSE");
	EXPECT_EQ(0, p[9 * PAGE]);
	EXPECT_TRUE(is_marked(p, 0, 9));
	EXPECT_TRUE(is_marked(p, 10, 2 * HUGE_PAGES));
	EXPECT_EQ(2 * HUGE, mapped_huge(p));
	EXPECT_EQ(1, nattch(0));
}

/* huge: Huge pages go to swap and come back with what they hold. */
TEST_F(huge, swapped_out_and_in_again)
{
	const size_t pages = 2 * HUGE_PAGES;
	struct kshm_stat st;
	char *p;
	int i;

	if (access(RAM_DISK, W_OK))
		SKIP(return, "this kernel has no RAM disk to swap to");
	p = make_two(self->dev);
	ASSERT_LE(pages, swap_to(RAM_DISK));
	for (i = 0; i < 100 && look(self->dev, 0).rss; i++)
		ASSERT_EQ(0, madvise(p, 2 * HUGE, MADV_PAGEOUT));
	st = look(self->dev, 0);
	EXPECT_EQ(0, st.rss);
	EXPECT_EQ(pages, st.swp);
	EXPECT_TRUE(is_marked(p, 0, pages));
	st = look(self->dev, 0);
	EXPECT_EQ(pages, st.rss);
	detach(p);
	rmid(0);
	ASSERT_EQ(0, swapoff(RAM_DISK));
}

/* huge: PREALLOC allocates huge pages, and POPULATE maps them. */
TEST_F(huge, preallocated_and_populated_never_faults)
{
	char *p;

	create(self->dev, 2 * HUGE, KSHM_GET_HUGE | KSHM_GET_PREALLOC);
	EXPECT_EQ(2 * HUGE_PAGES, look(self->dev, 0).rss);
	p = populated(self->dev, 0);
	EXPECT_EQ(2 * HUGE, mapped_huge(p));
	EXPECT_EQ(0, faults_to_read(p, 2 * HUGE_PAGES));
}

/*
 * huge: A segment that grows gets huge pages beyond its old size, and keeps
 * what it holds.
 */
TEST_F(huge, grown_has_more_of_them)
{
	struct kshm_grow grow = { .size = 4 * HUGE };
	char *p = attach(create(self->dev, HUGE + PAGE, KSHM_GET_HUGE));

	mark_pages(p, HUGE_PAGES + 1);
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_GROW, &grow));
	EXPECT_TRUE(is_marked(p, 0, HUGE_PAGES + 1));
	detach(p);
	p = attach(0);
	p[2 * HUGE] = 1;
	EXPECT_EQ(2 * HUGE_PAGES + 1, look(self->dev, 0).rss);
	EXPECT_TRUE(is_marked(p, 0, HUGE_PAGES + 1));
	EXPECT_EQ(KSHM_STATE_HUGE, look(self->dev, 0).state);
}

/* huge: SHM_LOCK charges the size, as for small pages. */
TEST_F(huge, locked_charges_the_size)
{
	struct rlimit limit = { .rlim_cur = 2 * HUGE - PAGE, .rlim_max = 2 * HUGE };

	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
		become(ALICE, STAFF);
		create(self->dev, 2 * HUGE, KSHM_GET_HUGE);
		EXPECT_EQ(-ENOMEM, ctl(0, SHM_LOCK, NULL));
		limit.rlim_cur = 2 * HUGE;
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
		EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
		EXPECT_EQ(KSHM_STATE_HUGE | KSHM_STATE_LOCKED,
			  look(self->dev, 0).state);
		mark_pages(attach(0), 2 * HUGE_PAGES);
		EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
		_exit(0);
	}
}

/* huge: A descriptor maps huge pages, too. */
TEST_F(huge, descriptor_maps_them)
{
	struct kshm_fd fd = { .flags = KSHM_FD_CLOEXEC };
	char *p;

	create(self->dev, 2 * HUGE, KSHM_GET_HUGE);
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_FD, &fd));
	p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd.fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	mark_pages(p, 2 * HUGE_PAGES);
	EXPECT_EQ(2 * HUGE, mapped_huge(p));
	EXPECT_EQ(0, munmap(p, 2 * HUGE));
	close(fd.fd);
}

/* Makes a named object and maps it. Returns its descriptor. */
static int make_object(int dev, const char *name, unsigned int flags, size_t size,
		       char **mapped)
{
	struct kshm_open arg = {
		.name = (uintptr_t)name, .name_len = strlen(name), .mode = 0600,
		.flags = KSHM_OPEN_CREAT | KSHM_OPEN_EXCL | flags,
	};

	must(!ioctl(dev, KSHM_IOC_OPEN, &arg));
	must(!ftruncate(arg.fd, size));
	*mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, arg.fd, 0);
	must(*mapped != MAP_FAILED);
	return arg.fd;
}

static void remove_object(int dev, const char *name)
{
	struct kshm_unlink arg = {
		.name = (uintptr_t)name, .name_len = strlen(name),
	};

	must(!ioctl(dev, KSHM_IOC_UNLINK, &arg));
}

/* huge: A named object has huge pages if its creator asks, and else small ones. */
TEST_F(huge, object_has_them_if_asked)
{
	char *huge, *small;
	int fd;

	fd = make_object(self->dev, "huge", KSHM_OPEN_HUGE, 2 * HUGE, &huge);
	close(fd);
	fd = make_object(self->dev, "small", 0, 2 * HUGE, &small);
	close(fd);
	mark_pages(huge, 2 * HUGE_PAGES);
	mark_pages(small, 2 * HUGE_PAGES);
	EXPECT_EQ(2 * HUGE, mapped_huge(huge));
	EXPECT_EQ(0, mapped_huge(small));
	EXPECT_TRUE(is_marked(huge, 0, 2 * HUGE_PAGES));
	munmap(huge, 2 * HUGE);
	munmap(small, 2 * HUGE);
	remove_object(self->dev, "huge");
	remove_object(self->dev, "small");
}

/*
 * huge: KSHM_HUGE lets the library ask for huge pages for a segment, and
 * KSHM_O_HUGE for a named object.
 */
TEST_F(huge, library_asks_for_them)
{
	int id = kshm_segment_get(KEY, HUGE, IPC_CREAT | 0600, KSHM_HUGE, -1, NULL);
	int fd = kshm_shm_open("/a", O_RDWR | O_CREAT | KSHM_O_HUGE, 0600);
	char *p;

	ASSERT_EQ(0, id);
	EXPECT_EQ(KSHM_STATE_HUGE, look(self->dev, id).state);
	ASSERT_EQ(0, ftruncate(fd, HUGE));
	p = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	p[0] = 1;
	EXPECT_EQ(HUGE, mapped_huge(p));
	munmap(p, HUGE);
	close(fd);
	EXPECT_EQ(0, kshm_shm_unlink("/a"));
}

/*
 * huge: Objects with huge pages and others have a limit of bytes each, of the
 * same size.
 */
TEST_F(huge, objects_have_a_limit_each)
{
	struct statvfs of_huge, of_small;
	char *huge, *small;
	int fd, other;

	fd = make_object(self->dev, "huge", KSHM_OPEN_HUGE, 2 * HUGE, &huge);
	other = make_object(self->dev, "small", 0, HUGE, &small);
	mark_pages(huge, 2 * HUGE_PAGES);
	ASSERT_EQ(0, fstatvfs(fd, &of_huge));
	ASSERT_EQ(0, fstatvfs(other, &of_small));
	EXPECT_EQ(of_small.f_blocks, of_huge.f_blocks);
	EXPECT_EQ(of_small.f_bfree - 2 * HUGE_PAGES, of_huge.f_bfree);
	munmap(huge, 2 * HUGE);
	munmap(small, HUGE);
	close(fd);
	close(other);
	remove_object(self->dev, "huge");
	remove_object(self->dev, "small");
}

/*
 * huge: A huge page is charged as a whole to the memory cgroup of the process
 * that uses a byte of it first.
 */
TEST_F(huge, charged_as_a_whole)
{
	char *p = attach(create(self->dev, 2 * HUGE, KSHM_GET_HUGE));
	const char *missing = make_group();
	unsigned long before;

	if (missing)
		SKIP(return, "%s", missing);
	if (in_child()) {
		ASSERT_EQ(0, write_file(GROUP "/cgroup.procs", "0"));
		before = read_number(GROUP "/memory.current");
		p[0] = 1;
		EXPECT_EQ(HUGE_PAGES, look(self->dev, 0).rss);
		EXPECT_LE(before + HUGE, read_number(GROUP "/memory.current"));
		_exit(0);
	}
	remove_group();
}

/* huge: The memory is free when the segment has ended. */
TEST_F(huge, memory_comes_back)
{
	unsigned long before = meminfo("Shmem:");
	char *p = attach(create(self->dev, 8 * HUGE, KSHM_GET_HUGE));

	mark_pages(p, 8 * HUGE_PAGES);
	EXPECT_LT(before + 4 * HUGE / 1024, meminfo("Shmem:"));
	rmid(0);
	detach(p);
	EXPECT_GT(before + 4 * HUGE / 1024, meminfo("Shmem:"));
}

/* Stores the word of the setting that is in force; it is in brackets. */
static void read_setting(char *word)
{
	char all[128], *open;

	slurp(SETTING, all, sizeof(all));
	open = strchr(all, '[');
	if (!open || sscanf(open, "[%15[a-z_]]", word) != 1)
		die("%s: %s", SETTING, all);
}

/*
 * huge: If the administrator denies huge pages to shared memory, small pages
 * serve, and EXPLAIN says so without a failure.
 */
TEST_F(huge, denied_small_pages_serve)
{
	struct kshm_get get = {
		.size = 2 * HUGE, .mode = 0600, .flags = KSHM_GET_HUGE,
	};
	struct kshm_explain why = {
		.arg = (uintptr_t)&get, .cmd = KSHM_IOC_GET, .error = -1,
	};
	char before[16], *p;

	read_setting(before);
	ASSERT_EQ(0, write_file(SETTING, "deny"));
	if (in_child()) {
		EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_EXPLAIN, &why));
		EXPECT_EQ(0, why.error);
		EXPECT_EQ(KSHM_WHY_SMALL_PAGES, why.reason);
		EXPECT_EQ(2 * HUGE, why.asked);
		EXPECT_EQ(0, why.limit);
		p = attach(get.id);
		p[0] = 1;
		EXPECT_EQ(1, look(self->dev, get.id).rss);
		_exit(0);
	}
	ASSERT_EQ(0, write_file(SETTING, before));
}

/*
 * huge: EXPLAIN tells that a segment is too small for a huge page, and nothing
 * of a segment that has some.
 */
TEST_F(huge, too_small_is_told)
{
	struct kshm_get get = {
		.size = HUGE - PAGE, .mode = 0600, .flags = KSHM_GET_HUGE,
	};
	struct kshm_explain why = {
		.arg = (uintptr_t)&get, .cmd = KSHM_IOC_GET, .error = -1,
	};

	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_EXPLAIN, &why));
	EXPECT_EQ(0, why.error);
	EXPECT_EQ(KSHM_WHY_SMALL_PAGES, why.reason);
	EXPECT_EQ(HUGE - PAGE, why.asked);
	EXPECT_EQ(HUGE, why.limit);
	get.size = HUGE;
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_EXPLAIN, &why));
	EXPECT_EQ(0, why.error);
	EXPECT_EQ(0, why.reason);
}

TEST_HARNESS_MAIN
