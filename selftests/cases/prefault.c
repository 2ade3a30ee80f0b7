// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is there from the start, and faults that don't happen. In-tree has
 * no flags for these.
 */
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "cases.h"

/* Pages that one page table maps; a 64-bit kernel has one word for each. */
#define TABLE	((int)(PAGE / sizeof(uint64_t)))
#define PAGES	(3 * TABLE / 2)

FIXTURE_DEVICE(prefault);

static int create(int dev, unsigned int flags, size_t size)
{
	struct kshm_get arg = {
		.key = KEY, .size = size, .mode = 0600,
		.flags = KSHM_GET_CREAT | KSHM_GET_EXCL | flags,
	};

	return ioctl(dev, KSHM_IOC_GET, &arg) ? -errno : arg.id;
}

static char *attach_with(int dev, unsigned int flags, void *addr)
{
	struct kshm_attach arg = { .flags = flags, .addr = (uintptr_t)addr };

	if (ioctl(dev, KSHM_IOC_ATTACH, &arg))
		die("attaching: %s", strerror(errno));
	return (char *)(uintptr_t)arg.addr;
}

/* Attaches where a page table begins. */
static char *attach_at_table(int dev)
{
	uintptr_t range = (uintptr_t)free_range(TABLE + PAGES);

	return attach_with(dev, 0, (void *)((range | (TABLE * PAGE - 1)) + 1));
}

static unsigned long pages_in_memory(void)
{
	struct line line;

	if (!listing_find(0, &line))
		die("the listing has no segment 0");
	return line.rss / PAGE;
}

/* Makes a segment whose pages from @first on are in memory. */
static void make_from(int first, int pages)
{
	char *p = attach(make(pages));

	memset(p + first * PAGE, 'm', (pages - first) * PAGE);
	detach(p);
}

static long faults_to_write(volatile char *p, int pages)
{
	long before = minor_faults();
	int i;

	for (i = 0; i < pages; i++)
		p[i * PAGE] = 'w';
	return minor_faults() - before;
}

static int pages_mapped(char *p, int pages)
{
	uint64_t entry;
	int fd, i, n = 0;

	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	for (i = 0; i < pages; i++) {
		if (pread(fd, &entry, 8, ((uintptr_t)p / PAGE + i) * 8) != 8)
			die("reading pagemap");
		n += entry >> 63;
	}
	close(fd);
	return n;
}

/* prefault: INFO tells the feature PREFAULT. */
TEST_F(prefault, feature_is_told)
{
	expect_feature(_metadata, self->dev, KSHM_FEATURE_PREFAULT);
}

/*
 * prefault: An attach with POPULATE maps all pages that are in memory;
 * using them takes no fault.
 */
TEST_F(prefault, populated_attach_never_faults)
{
	char *p;

	make_from(0, PAGES);
	p = attach_with(self->dev, KSHM_ATTACH_POPULATE, NULL);
	EXPECT_EQ(PAGES, pages_mapped(p, PAGES));
	EXPECT_EQ(0, faults_to_read(p, PAGES));
	EXPECT_EQ(0, faults_to_write(p, PAGES));
	EXPECT_EQ(1, nattch(0));
}

/*
 * prefault: A read-only attach with POPULATE takes no fault, and stays
 * read-only.
 */
TEST_F(prefault, populated_read_only_attach_never_faults)
{
	char *p;

	make_from(0, PAGES);
	p = attach_with(self->dev, KSHM_ATTACH_POPULATE | KSHM_ATTACH_RDONLY,
			NULL);
	EXPECT_EQ(0, faults_to_read(p, PAGES));
	EXPECT_TRUE(write_raises(p, SIGSEGV));
}

/*
 * prefault: POPULATE works wherever page tables begin.
 *
 * The attach begins three pages before the end of a page table.
 */
TEST_F(prefault, populated_across_page_tables_never_faults)
{
	char *range = free_range(2 * TABLE + PAGES);
	uintptr_t odd = ((uintptr_t)range | (TABLE * PAGE - 1)) + 1 - 3 * PAGE;

	make_from(0, PAGES);
	EXPECT_EQ((char *)odd, attach_with(self->dev, KSHM_ATTACH_POPULATE,
					   (void *)odd));
	EXPECT_EQ(0, faults_to_read((char *)odd, PAGES));
}

/* prefault: POPULATE maps only pages that are in memory, and makes none. */
TEST_F(prefault, populated_attach_makes_no_pages)
{
	char *p;

	make_from(PAGES - 5, PAGES);
	p = attach_with(self->dev, KSHM_ATTACH_POPULATE, NULL);
	EXPECT_EQ(5, pages_in_memory());
	EXPECT_EQ(5, pages_mapped(p, PAGES));
	EXPECT_EQ(0, faults_to_read(p + (PAGES - 5) * PAGE, 5));
	EXPECT_EQ(0, p[0]);
	/* The kernel may drop a page that was only read, unless it is locked. */
	ASSERT_EQ(0, mlock(p, PAGE));
	EXPECT_EQ(6, pages_in_memory());
}

/* prefault: POPULATE of a segment without pages in memory maps nothing. */
TEST_F(prefault, populated_attach_of_nothing_maps_nothing)
{
	char *p;

	make(PAGES);
	p = attach_with(self->dev, KSHM_ATTACH_POPULATE, NULL);
	EXPECT_EQ(0, pages_mapped(p, PAGES));
	EXPECT_EQ(0, pages_in_memory());
}

/* prefault: The flags of one attach do not count for the next one. */
TEST_F(prefault, without_flag_faults_as_before)
{
	char *p;

	make_from(0, PAGES);
	p = attach_with(self->dev, KSHM_ATTACH_POPULATE, NULL);
	detach(p);
	p = attach_with(self->dev, KSHM_ATTACH_NO_FAULTAROUND, NULL);
	detach(p);
	p = attach_with(self->dev, 0, NULL);
	EXPECT_EQ(0, pages_mapped(p, PAGES));
	EXPECT_LT(faults_to_read(p, PAGES), PAGES / 10);
}

/*
 * prefault: Reads with gaps between them map the pages that are read, and no
 * other.
 */
TEST_F(prefault, reads_with_gaps_map_one_page_each)
{
	volatile char *p;
	int i;

	make_from(0, PAGES);
	p = attach_at_table(self->dev);
	for (i = 0; i < 64; i++)
		(void)p[(i * 7 + 3) * PAGE];
	EXPECT_EQ(64, pages_mapped((char *)p, PAGES));
}

/*
 * prefault: Reads in order map pages ahead of them, but never as many as were
 * read.
 */
TEST_F(prefault, reads_in_order_map_fewer_ahead_than_were_read)
{
	volatile char *p;
	int i;

	make_from(0, PAGES);
	p = attach_at_table(self->dev);
	for (i = 0; i < 64; i++) {
		(void)p[i * PAGE];
		EXPECT_GT(2 * (i + 1), pages_mapped((char *)p, PAGES));
	}
	EXPECT_LT(64, pages_mapped((char *)p, PAGES));
}

/*
 * prefault: Of two attaches that are read in turn, each in order, both map
 * pages ahead.
 */
TEST_F(prefault, reads_in_order_of_two_attaches_both_map_ahead)
{
	volatile char *p, *q;
	int i;

	make_from(0, PAGES);
	p = attach_at_table(self->dev);
	q = attach_at_table(self->dev);
	for (i = 0; i < 64; i++) {
		(void)p[i * PAGE];
		(void)q[i * PAGE];
	}
	EXPECT_LT(64, pages_mapped((char *)p, PAGES));
	EXPECT_LT(64, pages_mapped((char *)q, PAGES));
}

/*
 * prefault: After pages that are missing, reads in order begin to map ahead, two
 * pages at first.
 *
 * The first 40 pages are made by the reads.
 */
TEST_F(prefault, reads_in_order_after_missing_pages_map_few_ahead)
{
	volatile char *p;

	make_from(40, PAGES);
	p = attach_at_table(self->dev);
	EXPECT_LE(40, faults_to_read(p, 40));
	EXPECT_EQ(40, pages_mapped((char *)p, PAGES));
	(void)p[40 * PAGE];
	EXPECT_GE(42, pages_mapped((char *)p, PAGES));
	EXPECT_GE(6, faults_to_read(p + 41 * PAGE, 39));
}

/* prefault: With NO_FAULTAROUND each fault maps one page. */
TEST_F(prefault, no_faultaround_one_fault_a_page)
{
	char *p;

	make_from(0, PAGES);
	p = attach_with(self->dev, KSHM_ATTACH_NO_FAULTAROUND, NULL);
	(void)*(volatile char *)(p + 7 * PAGE);
	EXPECT_EQ(1, pages_mapped(p, PAGES));
	EXPECT_GE(faults_to_read(p, PAGES), PAGES - 1);
}

/*
 * prefault: A fault on a missing page maps that page alone, even after reads in
 * order; the next one maps pages ahead again.
 *
 * The faults before it are for the pages 0 to 7, 9 and 13. The last maps eight pages.
 */
TEST_F(prefault, fault_on_missing_page_maps_it_alone)
{
	const int missing = 21;
	char *p;

	make_from(0, PAGES);
	p = attach_at_table(self->dev);
	ASSERT_EQ(0, madvise(p + missing * PAGE, PAGE, MADV_REMOVE));
	EXPECT_GT(missing, faults_to_read(p, missing));
	EXPECT_EQ(missing, pages_mapped(p, PAGES));
	EXPECT_EQ(0, *(volatile char *)(p + missing * PAGE));
	EXPECT_EQ(missing + 1, pages_mapped(p, PAGES));
	EXPECT_EQ('m', *(volatile char *)(p + (missing + 1) * PAGE));
	EXPECT_LT(missing + 2, pages_mapped(p, PAGES));
}

/* prefault: POPULATE works together with NO_FAULTAROUND. */
TEST_F(prefault, no_faultaround_populated_never_faults)
{
	char *p;

	make_from(0, PAGES);
	p = attach_with(self->dev, KSHM_ATTACH_NO_FAULTAROUND |
			KSHM_ATTACH_POPULATE, NULL);
	EXPECT_EQ(0, faults_to_read(p, PAGES));
}

/* prefault: PREALLOC brings all pages of a new segment into memory. */
TEST_F(prefault, preallocated_is_all_in_memory)
{
	ASSERT_EQ(0, create(self->dev, KSHM_GET_PREALLOC, PAGES * PAGE - 7));
	EXPECT_EQ(PAGES, pages_in_memory());
	EXPECT_EQ(PAGES * PAGE - 7, stat_of(0).shm_segsz);
	EXPECT_EQ(0, attach(0)[PAGES * PAGE - 8]);
}

/* prefault: PREALLOC works together with NORESERVE. */
TEST_F(prefault, preallocated_with_noreserve_is_all_in_memory)
{
	ASSERT_EQ(0, create(self->dev, KSHM_GET_PREALLOC | KSHM_GET_NORESERVE,
			    PAGES * PAGE));
	EXPECT_EQ(PAGES, pages_in_memory());
}

/*
 * prefault: PREALLOC of more than all memory is ENOMEM; no process is
 * killed and nothing is left.
 *
 * The kernel would log that it killed a process.
 */
TEST_F(prefault, preallocated_beyond_memory_enomem)
{
	unsigned long before = meminfo("Shmem");
	size_t size = 2 * meminfo("MemTotal") * 1024;

	EXPECT_EQ(-ENOMEM, create(self->dev, KSHM_GET_PREALLOC |
				  KSHM_GET_NORESERVE, size));
	EXPECT_EQ(-ENOENT, get(KEY, 0, 0));
	EXPECT_GT(before + 4096, meminfo("Shmem"));
	EXPECT_EQ(0, create(self->dev, KSHM_GET_PREALLOC, PAGE));
}

/* prefault: PREALLOC does nothing to a segment that exists. */
TEST_F(prefault, preallocated_found_changes_nothing)
{
	struct kshm_get arg = {
		.key = KEY, .size = PAGE, .mode = 0600,
		.flags = KSHM_GET_CREAT | KSHM_GET_PREALLOC,
	};

	make_key(KEY, 4 * PAGE, 0600);
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_GET, &arg));
	EXPECT_EQ(0, pages_in_memory());
}

TEST_HARNESS_MAIN
