/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations that the files of the library share.
 *
 *	preload.c	libc's names, for LD_PRELOAD only
 *	   |
 *	sysv.c		the System V calls
 *	posix.c		shm_open and shm_unlink
 *	segment.c	the calls that System V does not have
 *	   |
 *	dev.c		the descriptor of /dev/kshm, and the ioctls
 *	   |
 *	explain.c	the reason of a failure, in words
 *
 * Inside the library an error is a negative errno, as in the kernel. Only
 * kshm_failed() sets errno, when a function returns to the program. The library
 * does not allocate memory, takes no locks, and calls nothing that another
 * preloaded library may have replaced.
 */
#ifndef KSHM_INTERNAL_H
#define KSHM_INTERNAL_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
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

/* Whether failures are to be explained; see explain.c. */
extern atomic_bool kshm_explains;

static inline bool kshm_explaining(void)
{
	return atomic_load_explicit(&kshm_explains, memory_order_relaxed);
}

/**
 * kshm_debug - tell each failure on standard error from now on
 */
void kshm_debug(void);

struct kshm_explain;

/**
 * kshm_remember - keep what EXPLAIN said, for this thread
 * @why:	its struct, filled in
 */
void kshm_remember(const struct kshm_explain *why);

/**
 * kshm_refuse - fail for a reason that the library has, not the kernel
 * @error:	errno
 * @reason:	KSHM_WHY_*
 * @asked:	as the reason has it
 * @limit:	likewise
 *
 * Return: -@error.
 */
long kshm_refuse(int error, unsigned int reason, uint64_t asked,
		 uint64_t limit);

/**
 * kshm_failed - tell the program that its call failed
 * @call:	what it called, without "kshm_"
 * @error:	errno is set to it
 *
 * Return: -1.
 */
int kshm_failed(const char *call, int error);

/* What a program is told: -1 with errno for a negative errno. */
static inline int kshm_answer(const char *call, long ret)
{
	return ret >= 0 ? (int)ret : kshm_failed(call, (int)-ret);
}

/**
 * kshm_get_flags - flags of a GET
 * @shmflg:	IPC_CREAT, IPC_EXCL, SHM_NORESERVE; other bits are ignored
 */
unsigned int kshm_get_flags(int shmflg);

/**
 * kshm_ioctl - one ioctl on /dev/kshm
 * @cmd:	KSHM_IOC_*
 * @arg:	its struct; outputs hold a value that the kernel never gives, so
 *		that an answer can be told from silence
 *
 * While failures are explained it goes through EXPLAIN.
 *
 * Return: 0 or a negative errno, -ENOSYS where the device can't be opened, or its
 * module is too old to know the command.
 */
long kshm_ioctl(unsigned long cmd, void *arg);

/**
 * kshm_ioctl_by - the same by a descriptor that the program has
 * @fd:		what it says is one of kshm_owner()
 * @cmd:	as for kshm_ioctl()
 * @arg:	as for kshm_ioctl()
 *
 * Return: 0 or a negative errno, -ENOTTY where @fd isn't one, or the module is too
 * old.
 */
long kshm_ioctl_by(int fd, unsigned long cmd, void *arg);

/**
 * kshm_attach - attach a segment for one of the functions that do so
 * @call:	as for kshm_failed()
 * @shmid:	as for kshm_shmat()
 * @shmaddr:	as for kshm_shmat()
 * @shmflg:	as for kshm_shmat()
 * @size:	set to the attached size; or NULL
 *
 * Return: as kshm_shmat(), with errno.
 */
void *kshm_attach(const char *call, int shmid, const void *shmaddr, int shmflg,
		  size_t *size);

#if __SIZEOF_LONG__ == 4
/* Twin of __shmctl64: the shmctl of programs with a 64-bit time_t. */
struct __shmid64_ds;
int kshm_shmctl64(int shmid, int cmd, struct __shmid64_ds *buf);
#endif

#endif /* KSHM_INTERNAL_H */
