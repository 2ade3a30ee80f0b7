// SPDX-License-Identifier: GPL-2.0
/* Calls on memory that may be an attach. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "acts.h"

#define SYS_MSEAL	462
#define MOST_TOUCHED	16	/* pages */
#define PAGE		4096

long act_mmap(const long *arg)
{
	return result((long)mmap((void *)arg[0], arg[1], arg[2], arg[3], arg[4],
				 arg[5]));
}

long act_munmap(const long *arg)
{
	return result(munmap((void *)arg[0], arg[1]));
}

long act_mremap(const long *arg)
{
	return result((long)mremap((void *)arg[0], arg[1], arg[2], arg[3],
				   (void *)arg[4]));
}

long act_mprotect(const long *arg)
{
	return result(mprotect((void *)arg[0], arg[1], arg[2]));
}

long act_madvise(const long *arg)
{
	return result(madvise((void *)arg[0], arg[1], arg[2]));
}

long act_mlock(const long *arg)
{
	return result(arg[2] ? munlock((void *)arg[0], arg[1]) :
			       mlock((void *)arg[0], arg[1]));
}

long act_msync(const long *arg)
{
	return result(msync((void *)arg[0], arg[1], arg[2]));
}

long act_remap(const long *arg)
{
	return result(remap_file_pages((void *)arg[0], arg[1], 0, arg[2], 0));
}

static sigjmp_buf missed;

static void on_fault(int sig)
{
	siglongjmp(missed, sig);
}

static void handle_faults(void (*handler)(int sig))
{
	signal(SIGSEGV, handler);
	signal(SIGBUS, handler);
}

/* A byte in each of some pages is read, or written. */
long act_touch(const long *arg)
{
	volatile char *p = (volatile char *)arg[0];
	volatile long ret = 0;
	long i;

	handle_faults(on_fault);
	if (sigsetjmp(missed, 1))
		ret = -EFAULT;
	for (i = 0; !ret && i < (arg[1] & (MOST_TOUCHED - 1)) + 1; i++) {
		if (arg[2])
			p[i * PAGE] = i;
		else
			(void)p[i * PAGE];
	}
	handle_faults(SIG_DFL);
	return ret;
}

long act_mseal(const long *arg)
{
	return result(syscall(SYS_MSEAL, arg[0], arg[1], 0));
}

long act_mbind(const long *arg)
{
	unsigned long node = 1;

	return result(syscall(SYS_mbind, arg[0], arg[1], arg[2], &node, 8L, 0));
}

/* Registers memory with a userfaultfd that nobody reads. */
long act_watch(const long *arg)
{
	struct uffdio_api api = { .api = UFFD_API, .features = arg[3] };
	struct uffdio_register reg = { .range = { arg[0], arg[1] },
				       .mode = arg[2] };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	long ret;

	if (fd < 0)
		return -errno;
	ret = result(ioctl(fd, UFFDIO_API, &api)) ?:
	      result(ioctl(fd, UFFDIO_REGISTER, &reg));
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* A ring of io_uring that keeps the pages. */
long act_ring(const long *arg)
{
	struct io_uring_params params = { .flags = 0 };
	struct iovec pages = { .iov_base = (void *)arg[0], .iov_len = arg[1] };
	int fd = syscall(SYS_io_uring_setup, 4, &params);
	long ret;

	if (fd < 0)
		return -errno;
	ret = result(syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS,
			     &pages, 1));
	if (!ret)
		return fd;
	close(fd);
	return ret;
}
