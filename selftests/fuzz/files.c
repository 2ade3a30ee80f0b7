// SPDX-License-Identifier: GPL-2.0
/* Calls on descriptors: of the device, of segments, of objects. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "acts.h"

int files[SLOTS] = { -1, -1, -1, -1, -1, -1, -1, -1 };

static void path_of(char *path, size_t size, long fd)
{
	snprintf(path, size, "/proc/self/fd/%ld", fd);
}

long act_close(const long *arg)
{
	return result(close(arg[0]));
}

long act_dup(const long *arg)
{
	return result(fcntl(arg[0], F_DUPFD_CLOEXEC, 0));
}

long act_opath(const long *arg)
{
	char path[64];

	path_of(path, sizeof(path), arg[0]);
	return result(open(path, arg[1] | O_CLOEXEC));
}

/* The file of a mapping, as root may open it. */
long act_map_file(const long *arg)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", arg[0],
		 arg[0] + arg[1]);
	return result(open(path, O_RDWR | O_CLOEXEC));
}

long act_truncate(const long *arg)
{
	return result(ftruncate(arg[0], arg[1]));
}

long act_allocate(const long *arg)
{
	return result(fallocate(arg[0], arg[1], arg[2], arg[3]));
}

long act_seal(const long *arg)
{
	return result(fcntl(arg[0], F_ADD_SEALS, arg[1]));
}

long act_attributes(const long *arg)
{
	int flags = arg[1];

	return result(fchmod(arg[0], arg[2])) ?:
	       result(ioctl(arg[0], FS_IOC_SETFLAGS, &flags));
}

long act_fstat(const long *arg)
{
	struct stat st;

	return result(fstat(arg[0], &st));
}

long act_poll(const long *arg)
{
	struct pollfd poll_fd = { .fd = arg[0], .events = POLLIN | POLLPRI };

	return result(poll(&poll_fd, 1, arg[1]));
}

long act_write(const long *arg)
{
	static char bytes[5000];

	return result(arg[3] ? pwrite(arg[0], bytes, arg[1] % sizeof(bytes), arg[2]) :
			       pread(arg[0], bytes, arg[1] % sizeof(bytes), arg[2]));
}

long act_notify(const long *arg)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];
	long ret;

	if (fd < 0)
		return -errno;
	path_of(path, sizeof(path), arg[0]);
	ret = result(inotify_add_watch(fd, path, IN_ALL_EVENTS));
	if (ret >= 0)
		return fd;
	close(fd);
	return ret;
}

/* A descriptor of another actor, as whoever may trace it can take it. */
long act_steal(const long *arg)
{
	int pidfd = syscall(SYS_pidfd_open, board->pids[arg[0]], 0);
	long ret;

	if (pidfd < 0)
		return -errno;
	ret = result(syscall(SYS_pidfd_getfd, pidfd, arg[1], 0));
	close(pidfd);
	return ret;
}
