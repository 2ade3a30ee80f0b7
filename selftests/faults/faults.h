/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Let the n-th thing that can fail in a system call of this thread fail: an
 * allocation of memory, or a copy to or from user space.
 */
#ifndef KSHM_FAULTS_H
#define KSHM_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No call has that many steps that can fail. */
#define MOST_FAULTS	3000

static int fail_nth = -1;

/*
 * With rseq, which the C library asks for, the kernel writes the number of the CPU
 * into memory of the thread. After a fork this may need a page. If allocating the
 * page is the step that fails, the kernel kills the process. So this program begins
 * again without rseq.
 */
static __attribute__((constructor)) void without_rseq(int argc, char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
	execv("/proc/self/exe", argv);
	perror("# beginning again without rseq");
	abort();
}

static inline void set_fault_attr(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, 1) != 1) {
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
		abort();
	}
	close(fd);
}

/* False where the kernel can't. */
static inline bool faults_begin(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		return false;

	/* Allocations that may wait fail, too. */
	set_fault_attr("failslab/ignore-gfp-wait", "N");
	set_fault_attr("fail_page_alloc/ignore-gfp-wait", "N");
	set_fault_attr("fail_page_alloc/ignore-gfp-highmem", "N");
	set_fault_attr("fail_page_alloc/min-order", "0");
	/* These failures are wanted, so the kernel need not report them. */
	set_fault_attr("failslab/verbose", "0");
	set_fault_attr("fail_page_alloc/verbose", "0");
	set_fault_attr("fail_usercopy/verbose", "0");
	return true;
}

static inline void arm(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fail_nth, text, len, 0) != len) {
		fprintf(stderr, "# arming fail-nth: %s\n", strerror(errno));
		abort();
	}
}

/*
 * Did the n-th allocation fail? The failure may also hit the read or the write in
 * here.
 */
static inline bool disarm(void)
{
	char text[16] = "";
	bool hit;

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		return false;
	hit = !atoi(text);
	while (!hit && pwrite(fail_nth, "0", 1, 0) != 1)
		;
	return hit;
}

#endif /* KSHM_FAULTS_H */
