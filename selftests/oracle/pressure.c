// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the kernel drop pages while a sequence runs. One child fills most of the
 * free memory and empties it again. Another child has the page cache dropped, and
 * tells so before it begins and after it ends: resident.c must know.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

#define BLOCK		(64 * 1024)
#define DROP_PAUSE	200000		/* microseconds */

static pid_t children[2];

static unsigned long available_bytes(void)
{
	FILE *in = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	if (!kib)
		die("/proc/meminfo does not tell MemAvailable");
	fclose(in);
	return kib * 1024;
}

static void __attribute__((noreturn)) fill(unsigned long size)
{
	static const char block[BLOCK];
	int fd = memfd_create("fill", MFD_CLOEXEC);
	unsigned long filled;

	for (;;) {
		filled = 0;
		while (filled < size && write(fd, block, BLOCK) == BLOCK)
			filled += BLOCK;
		if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
			die("memory cannot be filled: %s", strerror(errno));
	}
}

static void __attribute__((noreturn)) drop(void)
{
	for (;;) {
		__atomic_add_fetch(&control->drops_begun, 1, __ATOMIC_SEQ_CST);
		write_file("/proc/sys/vm/drop_caches", "1");
		__atomic_add_fetch(&control->drops_ended, 1, __ATOMIC_SEQ_CST);
		usleep(DROP_PAUSE);
	}
}

void pressure_begin(void)
{
	unsigned long size = available_bytes() / 5 * 4;
	int i;

	for (i = 0; i < 2; i++) {
		children[i] = fork();
		if (children[i] < 0)
			die("no child: %s", strerror(errno));
		if (children[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i)
			drop();
		fill(size);
	}
}

void pressure_end(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
}
