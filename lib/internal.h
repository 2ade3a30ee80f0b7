/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the library share.
 *
 *	preload.c	libc's names
 *	   |
 *	sysv.c		from the System V calls to ioctls and back
 *	posix.c		from shm_open and shm_unlink likewise
 *	beyond.c	what neither has a call for
 *	   |
 *	   |   dsm.c	PostgreSQL's four operations
 *	   |	 |
 *	dev.c		the descriptor of /dev/kshm
 *	   |
 *	explain.c	why a call failed
 *
 * Between them an error is a negative errno, as in the kernel; errno itself is
 * set in one place, kshm_failed(), when an answer is handed to the program. Nothing here
 * allocates, locks, or calls what another preloaded library may have replaced.
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

struct kshm_get;

/**
 * kshm_get_by - find or create a segment by key or name
 * @owner:	a descriptor of kshm_owner() that asks, -1 for the library's own
 * @name:	in place of the key, NULL for the key
 * @get:	the rest; flags and id are answered
 *
 * Return: 0 or a negative errno, -ENOTTY where @owner isn't one.
 */
long kshm_get_by(int owner, const char *name, struct kshm_get *get);

#if __SIZEOF_LONG__ == 4
/* Twin of __shmctl64: the shmctl of programs with a 64-bit time_t. */
struct __shmid64_ds;
int kshm_shmctl64(int shmid, int cmd, struct __shmid64_ds *buf);
#endif

#endif /* KSHM_INTERNAL_H */
