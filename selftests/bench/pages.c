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

static void prepare_probe(struct side *side, int size)
{
	char *addr;

	if (side->probe >= 0)
		return;
	side->probe = new_segment(side, (size_t)READ_PAGES * PAGE_BYTES);
	addr = attached(side, side->probe);
	touch_to_write(addr, READ_PAGES);
	detached(side, addr);
}

static void cleanup_probe(struct side *side)
{
	removed(side, side->probe);
	side->probe = -1;
}

/* kshm alone has flags that say how pages are to be mapped. */
static char *attached_with(struct side *side, __u32 flags)
{
	return flags ? bare_attached(side->probe, flags) :
		       attached(side, side->probe);
}

static void read_all(struct side *side, __u32 flags, const char *const *figures)
{
	double begin, read, end;
	long before;
	char *addr;

	settle();
	begin = now();
	addr = attached_with(side, flags);
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

	read_all(side, 0, plain);
	if (side->calls == &kshm)
		read_all(side, KSHM_ATTACH_POPULATE, populated);
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
	volatile char *addr = attached_with(side, flags);
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

/* All of it beforehand: no fault is left for the writes. */
static void write_prefaulted(struct side *side)
{
	double begin;
	char *addr;
	int id;

	settle();
	begin = now();
	id = bare_new_segment((size_t)WRITE_PAGES * PAGE_BYTES,
			      KSHM_GET_PREALLOC);
	addr = bare_attached(id, KSHM_ATTACH_POPULATE);
	touch_to_write(addr, WRITE_PAGES);
	sample(side, "prefault create+first write", now() - begin);
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
	if (side->calls == &kshm)
		write_prefaulted(side);
}

static const int whole[] = { READ_PAGES, 0 };
static const int random_reads[] = { 100, 2000, 0 };
static const int fresh[] = { WRITE_PAGES, 0 };

const struct row pages_rows[] = {
	{ "read", COUNT | TIME, whole, false, prepare_probe, run_read,
	  cleanup_probe },
	{ "random", COUNT, random_reads, false, prepare_probe, run_random,
	  cleanup_probe },
	{ "write", COUNT | TIME, fresh, true, NULL, run_write, NULL },
	{ 0 }
};
