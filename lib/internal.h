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
 *	valgrind.c	attach and detach, so that valgrind learns of them
 *	   |
 *	dev.c		the descriptor of /dev/kshm, and the ioctls
 *	   |
 *	explain.c	the reason of a failure, in words
 *
 * Inside the library an error is a negative errno, as in the kernel. Only
 * kshm_failed() sets errno, when a function returns to the program. The library
 * does not allocate memory and takes no locks. It makes its system calls by
 * syscall(), since another preloaded library may have replaced ioctl() or close().
 */
#ifndef KSHM_INTERNAL_H
#define KSHM_INTERNAL_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define KSHM_EXPORT	__attribute__((visibility("default")))

/* A system call that returns a negative errno and leaves errno alone. */
#define kshm_syscall(...)						\
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

/* Are failures explained? explain.c sets it. */
extern atomic_bool kshm_explains;

static inline bool kshm_explaining(void)
{
	return atomic_load_explicit(&kshm_explains, memory_order_relaxed);
}

/* Do new segments and objects ask for huge pages? dev.c sets it. */
extern atomic_bool kshm_huge;

static inline bool kshm_wants_huge(void)
{
	return atomic_load_explicit(&kshm_huge, memory_order_relaxed);
}

/**
 * kshm_debug - explain failures, and write each one to standard error
 */
void kshm_debug(void);

/**
 * kshm_refuse - note the reason of a failure, if failures are explained
 * @error:	errno
 * @reason:	KSHM_WHY_*
 * @asked:	the value that was asked for, as the reason defines it
 * @limit:	the value that it was compared with, likewise
 *
 * Return: -@error.
 */
long kshm_refuse(int error, unsigned int reason, uint64_t asked,
		 uint64_t limit);

/**
 * kshm_remark - tell what a command that succeeded had to say
 * @reason:	KSHM_WHY_*
 *
 * Only KSHM_DEBUG=1 shows it.
 */
void kshm_remark(unsigned int reason);

/**
 * kshm_refuse_as - give the last failure another errno; its reason stays
 * @error:	errno
 *
 * Return: -@error.
 */
long kshm_refuse_as(int error);

/**
 * kshm_failed - return a failure to the program
 * @call:	the function that the program called, without "kshm_"
 * @error:	value for errno
 *
 * Return: -1.
 */
int kshm_failed(const char *call, int error);

/* Convert a negative errno to what the program gets: -1, and errno set. */
static inline int kshm_answer(const char *call, long ret)
{
	return ret >= 0 ? (int)ret : kshm_failed(call, (int)-ret);
}

/**
 * kshm_get_flags - convert the flags of shmget() to those of KSHM_IOC_GET
 * @shmflg:	IPC_CREAT, IPC_EXCL, SHM_NORESERVE; other bits are ignored
 *
 * With KSHM_HUGE=1 in the environment they ask for huge pages, too.
 *
 * Return: KSHM_GET_*.
 */
unsigned int kshm_get_flags(int shmflg);

/**
 * kshm_ioctl - run an ioctl on the library's descriptor of /dev/kshm
 * @cmd:	KSHM_IOC_*
 * @arg:	its struct; at least one output field holds a value that the kernel
 *		never returns, so that a change proves that kshm has answered
 *
 * If failures are explained, the ioctl runs inside KSHM_IOC_EXPLAIN.
 *
 * Return: 0 or a negative errno; -ENOSYS if the device can't be opened or its
 * module is too old for the command.
 */
long kshm_ioctl(unsigned long cmd, void *arg);

/**
 * kshm_ioctl_by - run an ioctl on a descriptor of the program
 * @fd:		the descriptor, which should be one of kshm_owner()
 * @cmd:	as for kshm_ioctl()
 * @arg:	as for kshm_ioctl()
 *
 * Return: 0 or a negative errno; -ENOTTY if @fd is no descriptor of /dev/kshm or
 * the module is too old for the command.
 */
long kshm_ioctl_by(int fd, unsigned long cmd, void *arg);

/* Is this process inside valgrind? valgrind.c sets it. */
extern atomic_bool kshm_in_valgrind;

static inline bool kshm_valgrind_watches(void)
{
	return atomic_load_explicit(&kshm_in_valgrind, memory_order_relaxed);
}

struct kshm_attach;
struct kshm_detach;

/**
 * kshm_valgrind_attach - run KSHM_IOC_ATTACH, and let valgrind know
 * @arg:	as for kshm_ioctl()
 *
 * Return: as kshm_ioctl().
 */
long kshm_valgrind_attach(struct kshm_attach *arg);

/**
 * kshm_valgrind_detach - run KSHM_IOC_DETACH, and let valgrind know
 * @arg:	as for kshm_ioctl()
 *
 * Return: as kshm_ioctl().
 */
long kshm_valgrind_detach(struct kshm_detach *arg);

/**
 * kshm_attach_segment - attach a segment for one of the functions that do so
 * @call:	as for kshm_failed()
 * @shmid:	as for kshm_shmat()
 * @shmaddr:	as for kshm_shmat()
 * @shmflg:	as for kshm_shmat()
 * @size:	set to the attached size; or NULL
 *
 * Return: as kshm_shmat(), with errno.
 */
void *kshm_attach_segment(const char *call, int shmid, const void *shmaddr,
			  int shmflg, size_t *size);

#if __SIZEOF_LONG__ == 4
/* shmctl for programs with a 64-bit time_t, as glibc's __shmctl64 */
struct __shmid64_ds;
int kshm_shmctl64(int shmid, int cmd, struct __shmid64_ds *buf);
#endif

#endif /* KSHM_INTERNAL_H */
