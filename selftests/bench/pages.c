// SPDX-License-Identifier: GPL-2.0
/* The cost of using memory: reading pages that exist, writing pages that don't. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/kshm.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define PAGE_BYTES	4096
#define READ_PAGES	(64 << 8)	/* 64 MiB */
#define WRITE_PAGES	(16 << 8)

static void touch_to_write(char *addr, int pages)
{
	int i;

	for (i = 0; i < pages; i++)
		((volatile char *)addr)[(size_t)i * PAGE_BYTES] = 1;
}

static void touch_to_read(char *addr, int pages)
{
	int i;

	for (i = 0; i < pages; i++)
		(void)((volatile char *)addr)[(size_t)i * PAGE_BYTES];
}

static void fill(struct side *side, int id)
{
	char *addr = attached(side, id);

	touch_to_write(addr, READ_PAGES);
	detached(side, addr);
}

static void prepare_probe(struct side *side, int size)
{
	if (side->probe >= 0)
		return;
	side->probe = new_segment(side, (size_t)READ_PAGES * PAGE_BYTES);
	fill(side, side->probe);
}

/* kshm alone has huge pages by choice. */
static void prepare_both(struct side *side, int size)
{
	prepare_probe(side, size);
	if (side->calls != &kshm)
		return;
	side->huge = bare_new_segment((size_t)READ_PAGES * PAGE_BYTES,
				      KSHM_GET_HUGE);
	fill(side, side->huge);
}

static void cleanup_probe(struct side *side)
{
	removed(side, side->probe);
	side->probe = -1;
}

static void cleanup_both(struct side *side)
{
	cleanup_probe(side);
	if (side->calls == &kshm)
		removed(side, side->huge);
}

/* kshm alone has flags that say how pages are to be mapped. */
static char *attached_with(struct side *side, int id, __u32 flags)
{
	return flags ? bare_attached(id, flags) : attached(side, id);
}

static void read_all(struct side *side, int id, __u32 flags,
		     const char *const *figures)
{
	double begin, read, end;
	long before;
	char *addr;

	settle();
	begin = now();
	addr = attached_with(side, id, flags);
	before = minor_faults();
	read = now();
	touch_to_read(addr, READ_PAGES);
	end = now();
	sample(side, figures[0], minor_faults() - before);
	sample(side, figures[1], end - read);
	sample(side, figures[2], end - begin);
	begin = now();
	detached(side, addr);
	sample(side, figures[3], now() - begin);
}

static void run_read(struct side *side, int size)
{
	static const char *const plain[] = {
		"faults", "read", "attach+read", "detach"
	};
	static const char *const populated[] = {
		"POPULATE faults", "POPULATE read", "POPULATE attach+read",
		"POPULATE detach"
	};
	static const char *const huge[] = {
		"HUGE faults", "HUGE read", "HUGE attach+read", "HUGE detach"
	};

	read_all(side, side->probe, 0, plain);
	if (side->calls != &kshm)
		return;
	read_all(side, side->probe, KSHM_ATTACH_POPULATE, populated);
	read_all(side, side->huge, 0, huge);
}

/* The same pages each time, on all sides. */
static int next_random(int *state)
{
	*state = (*state * 1103515245u + 12345) & 0x7fffffff;
	return *state >> 8;
}

static void read_at_random(struct side *side, int reads, __u32 flags,
			   bool advise, const char *read_figure,
			   const char *detach_figure)
{
	volatile char *addr = attached_with(side, side->probe, flags);
	size_t size = (size_t)READ_PAGES * PAGE_BYTES;
	int i, state = 1;
	double begin;

	if (advise && madvise((char *)addr, size, MADV_RANDOM))
		die("MADV_RANDOM of %s: %s", side->name, strerror(errno));
	settle();
	begin = now();
	for (i = 0; i < reads; i++)
		(void)addr[(size_t)(next_random(&state) % READ_PAGES) * PAGE_BYTES];
	sample(side, read_figure, now() - begin);
	begin = now();
	detached(side, (char *)addr);
	sample(side, detach_figure, now() - begin);
}

static void run_random(struct side *side, int size)
{
	read_at_random(side, size, 0, false, "read", "detach");
	read_at_random(side, size, 0, true, "MADV_RANDOM read",
		       "MADV_RANDOM detach");
	if (side->calls == &kshm)
		read_at_random(side, size, KSHM_ATTACH_NO_FAULTAROUND, false,
			       "NO_FAULTAROUND read", "NO_FAULTAROUND detach");
}

/* Reads @run pages in order, then leaves @gap pages out, to the end of the segment. */
static void read_with_gaps(struct side *side, int run, int gap,
			   const char *figure)
{
	volatile char *addr = attached_with(side, side->probe, 0);
	double begin;
	int i;

	settle();
	begin = now();
	for (i = 0; i < READ_PAGES; i++)
		if (i % (run + gap) < run)
			(void)addr[(size_t)i * PAGE_BYTES];
	detached(side, (char *)addr);
	sample(side, figure, now() - begin);
}

/*
 * The detach counts as well, since it unmaps what was mapped for nothing. After nine
 * pages in order kshm has mapped one ahead.
 */
static void run_gaps(struct side *side, int size)
{
	read_with_gaps(side, 1, 1, "every second page");
	read_with_gaps(side, 1, 16, "every 17th page");
	read_with_gaps(side, 9, 23, "nine pages of 32");
	read_with_gaps(side, 30, 2, "30 pages of 32");
}

/* The cost of shared memory that has no attaches to count: a memfd. */
static void write_memfd(struct side *side)
{
	size_t size = (size_t)WRITE_PAGES * PAGE_BYTES;
	double begin, write;
	char *addr;
	int fd;

	settle();
	begin = now();
	fd = memfd_create("floor", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, size))
		die("no memfd: %s", strerror(errno));
	addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		die("no mapping of a memfd: %s", strerror(errno));
	write = now();
	touch_to_write(addr, WRITE_PAGES);
	sample(side, "first write", now() - write);
	sample(side, "create+first write", now() - begin);
	munmap(addr, size);
	close(fd);
}

static void touch_new(struct side *side, void (*touch)(char *addr, int pages),
		      const char *touch_figure, const char *figure)
{
	double begin, first;
	char *addr;
	int id;

	settle();
	begin = now();
	id = new_segment(side, (size_t)WRITE_PAGES * PAGE_BYTES);
	addr = attached(side, id);
	first = now();
	touch(addr, WRITE_PAGES);
	sample(side, touch_figure, now() - first);
	sample(side, figure, now() - begin);
	detached(side, addr);
	removed(side, id);
}

/* With flags that kshm alone has. */
static void write_with(struct side *side, __u32 get_flags, __u32 attach_flags,
		       const char *figure)
{
	double begin;
	char *addr;
	int id;

	settle();
	begin = now();
	id = bare_new_segment((size_t)WRITE_PAGES * PAGE_BYTES, get_flags);
	addr = bare_attached(id, attach_flags);
	touch_to_write(addr, WRITE_PAGES);
	sample(side, figure, now() - begin);
	detached(side, addr);
	removed(side, id);
}

static void run_write(struct side *side, int size)
{
	if (!side->calls) {
		write_memfd(side);
		return;
	}
	touch_new(side, touch_to_write, "first write", "create+first write");
	touch_new(side, touch_to_read, "first read", "create+first read");
	if (side->calls != &kshm)
		return;
	/* All of it beforehand: no fault is left for the writes. */
	write_with(side, KSHM_GET_PREALLOC, KSHM_ATTACH_POPULATE,
		   "prefault create+first write");
	write_with(side, KSHM_GET_HUGE, 0, "HUGE create+first write");
}

static const int whole[] = { READ_PAGES, 0 };
static const int random_reads[] = { 100, 2000, 0 };
static const int fresh[] = { WRITE_PAGES, 0 };

const struct row pages_rows[] = {
	{ "read", COUNT | TIME, whole, false, prepare_both, run_read,
	  cleanup_both },
	{ "random", COUNT, random_reads, false, prepare_probe, run_random,
	  cleanup_probe },
	{ "gaps", COUNT, whole, false, prepare_probe, run_gaps, cleanup_probe },
	{ "write", COUNT | TIME, fresh, true, NULL, run_write, NULL },
	{ 0 }
};
