// SPDX-License-Identifier: GPL-2.0
/* What it costs to use the memory: reading what is there, writing what is not. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

#define PAGE_BYTES	4096
#define READ_PAGES	(64 << 8)	/* 64 MiB */
#define WRITE_PAGES	(16 << 8)

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void touch_to_write(char *addr, int pages)
{
	int i;

	for (i = 0; i < pages; i++)
		((volatile char *)addr)[(size_t)i * PAGE_BYTES] = 1;
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

static void run_read(struct side *side, int size)
{
	volatile char *addr;
	double begin, read, end;
	long before, i;

	settle();
	begin = now();
	addr = attached(side, side->probe);
	before = faults();
	read = now();
	for (i = 0; i < READ_PAGES; i++)
		(void)addr[i * PAGE_BYTES];
	end = now();
	sample(side, "faults", faults() - before);
	sample(side, "read", end - read);
	sample(side, "attach+read", end - begin);
	begin = now();
	detached(side, (char *)addr);
	sample(side, "detach", now() - begin);
}

/* The same pages each time, on all sides. */
static int next_random(int *state)
{
	*state = (*state * 1103515245u + 12345) & 0x7fffffff;
	return *state >> 8;
}

static void read_at_random(struct side *side, int reads, bool advise,
			   const char *read_figure, const char *detach_figure)
{
	volatile char *addr = attached(side, side->probe);
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
	read_at_random(side, size, false, "read", "detach");
	read_at_random(side, size, true, "MADV_RANDOM read",
		       "MADV_RANDOM detach");
}

static double first_writes(char *addr)
{
	double begin;

	settle();
	begin = now();
	touch_to_write(addr, WRITE_PAGES);
	return now() - begin;
}

/* What shared memory costs where nobody counts. */
static void write_memfd(struct side *side)
{
	size_t size = (size_t)WRITE_PAGES * PAGE_BYTES;
	int fd = memfd_create("floor", MFD_CLOEXEC);
	char *addr;

	if (fd < 0 || ftruncate(fd, size))
		die("no memfd: %s", strerror(errno));
	addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		die("no mapping of a memfd: %s", strerror(errno));
	sample(side, "first write", first_writes(addr));
	munmap(addr, size);
	close(fd);
}

static void run_write(struct side *side, int size)
{
	char *addr;
	int id;

	if (!side->calls) {
		write_memfd(side);
		return;
	}
	id = new_segment(side, (size_t)WRITE_PAGES * PAGE_BYTES);
	addr = attached(side, id);
	sample(side, "first write", first_writes(addr));
	detached(side, addr);
	removed(side, id);
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
