/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the library share.
 *
 *	preload.c	libc's names
 *	   |
 *	sysv.c		from the System V calls to ioctls and back
 *	posix.c		from shm_open and shm_unlink likewise
 *	   |
 *	dev.c		the descriptor of /dev/kshm
 *
 * Between them an error is a negative errno, as in the kernel; errno itself is
 * set in one place of a file, where it hands its answer to the program. Nothing here
 * allocates, locks, or calls what another preloaded library may have replaced.
 */
#ifndef KSHM_INTERNAL_H
#define KSHM_INTERNAL_H

#include <errno.h>
#include <unistd.h>

#define KSHM_EXPORT	__attribute__((visibility("default")))

/* A system call as the kernel answers it: errno stays as it was. */
#define kshm_raw(...)							\
({									\
	int saved_ = errno;						\
	long ret_ = syscall(__VA_ARGS__);				\
									\
	if (ret_ == -1) {						\
		ret_ = -errno;						\
		errno = saved_;						\
	}								\
	ret_;								\
})

/**
 * kshm_ioctl - one ioctl on /dev/kshm
 * @cmd:	KSHM_IOC_*
 * @arg:	its struct; outputs hold a value that the kernel never gives, so
 *		that an answer can be told from silence
 *
 * Return: 0 or a negative errno, -ENOSYS where the device can't be opened.
 */
long kshm_ioctl(unsigned long cmd, void *arg);

#if __SIZEOF_LONG__ == 4
/* Twin of __shmctl64: the shmctl of programs with a 64-bit time_t. */
struct __shmid64_ds;
int kshm_shmctl64(int shmid, int cmd, struct __shmid64_ds *buf);
#endif

#endif /* KSHM_INTERNAL_H */
