// SPDX-License-Identifier: GPL-2.0
/*
 * Which code a step has reached. KCOV writes the address of each basic block that a
 * task passes in instrumented code into a buffer of that task. Only the module is built
 * with it. Each pair of blocks that follow each other is a bit.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

#define PATH		"/sys/kernel/debug/kcov"
#define ROOM		(1 << 16)
#define INIT_TRACE	_IOR('c', 1, unsigned long)
#define ENABLE		_IO('c', 100)
#define TRACE_PC	0

static unsigned long *buffer;

bool cover_there(void)
{
	return !access(PATH, R_OK | W_OK);
}

/* The descriptor stays open: its last close would end the recording. */
void cover_begin(void)
{
	int fd = open(PATH, O_RDWR | O_CLOEXEC);
	unsigned long *map;

	if (fd < 0)
		return;
	if (ioctl(fd, INIT_TRACE, ROOM))
		die("KCOV has no room");
	map = map_apart(ROOM * sizeof(*buffer), 0, fd);
	if (ioctl(fd, ENABLE, TRACE_PC))
		die("KCOV does not begin");
	buffer = map;
}

void cover_step_begins(void)
{
	if (buffer)
		__atomic_store_n(&buffer[0], 0, __ATOMIC_RELAXED);
}

void cover_step_ends(void)
{
	unsigned long n, i, bit, last = 0;

	if (!buffer)
		return;
	n = __atomic_load_n(&buffer[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < ROOM; i++) {
		bit = (buffer[i] ^ last) * 0x9e3779b97f4a7c15 >> (64 - COVER_SHIFT);
		__atomic_or_fetch(&board->cover[bit / 8], 1 << bit % 8,
				  __ATOMIC_RELAXED);
		last = buffer[i] << 1;
	}
	__atomic_store_n(&buffer[0], 0, __ATOMIC_RELAXED);
}
