/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libkshm: the shared memory calls of System V and POSIX, served by the kshm
 * module, and some calls that neither of them has.
 *
 * kshm_shmget() has the prototype, the results and the errno values of shmget(),
 * and so on for each call of <sys/shm.h>, and for shm_open() and shm_unlink().
 * Every function is thread-safe and async-signal-safe, and leaves errno alone
 * when it succeeds.
 *
 * Any function can also fail with an error of the library itself: ENOSYS when
 * /dev/kshm can't be opened or its module is too old, and ENOMEM when the process
 * or the system has no file descriptor left to open it, or no memory.
 *
 * The ioctls below the library, and the numbers of the reasons (KSHM_WHY_*), are
 * in <linux/kshm.h>.
 */
#ifndef KSHM_H
#define KSHM_H

#include <linux/kshm_version.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * kshm_shmget - find a segment by its key, or create one
 * @key:	the key; IPC_PRIVATE always creates a segment
 * @size:	size of a new segment in bytes; an existing one must have at least
 *		this size
 * @shmflg:	nine permission bits, IPC_CREAT, IPC_EXCL, SHM_NORESERVE, SHM_HUGETLB
 *		with the size of a page
 *
 * Works as shmget(2). SHM_HUGETLB gives huge pages that the administrator has set aside;
 * KSHM_HUGE of kshm_segment_get() gives others.
 *
 * Return: the id of the segment, 0 or more; or -1 with errno EACCES, EEXIST,
 * EINVAL, ENFILE, ENOENT, ENOMEM, ENOSPC or EPERM.
 */
int kshm_shmget(key_t key, size_t size, int shmflg);

/**
 * kshm_shmat - attach a segment to the address space
 * @shmid:	id of the segment
 * @shmaddr:	the address, or NULL to let the kernel choose
 * @shmflg:	SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC
 *
 * Works as shmat(2). NULL can be a valid address; only ``(void *)-1`` is a
 * failure.
 *
 * Return: the address; or ``(void *)-1`` with errno EACCES, EAGAIN, EFAULT
 * (SHM_REMAP over the caller's own stack), EIDRM, EINVAL, ENFILE, ENOMEM or
 * EPERM.
 */
void *kshm_shmat(int shmid, const void *shmaddr, int shmflg);

/**
 * kshm_shmdt - detach a segment
 * @shmaddr:	the address that kshm_shmat() returned
 *
 * Works as shmdt(2).
 *
 * Return: 0; or -1 with errno EINVAL if no segment is attached there.
 */
int kshm_shmdt(const void *shmaddr);

/**
 * kshm_shmctl - query, change or remove a segment
 * @shmid:	id of the segment; its index for SHM_STAT and SHM_STAT_ANY; any
 *		number that is not negative for IPC_INFO and SHM_INFO
 * @cmd:	IPC_STAT, IPC_SET, IPC_RMID, SHM_LOCK, SHM_UNLOCK, SHM_STAT,
 *		SHM_STAT_ANY, IPC_INFO, SHM_INFO
 * @buf:	struct shmid_ds for IPC_STAT, IPC_SET, SHM_STAT and SHM_STAT_ANY;
 *		struct shminfo for IPC_INFO; struct shm_info for SHM_INFO; unused
 *		by the other commands
 *
 * Works as shmctl(2). A buffer that can't be read or written is EFAULT, not a
 * signal.
 *
 * Return: the id for SHM_STAT and SHM_STAT_ANY; the highest index in use, or 0 if
 * there is no segment, for IPC_INFO and SHM_INFO; 0 for the other commands; or -1
 * with errno EACCES, EFAULT, EIDRM, EINVAL, ENOMEM or EPERM.
 */
#if defined(__USE_TIME_BITS64) && __TIMESIZE == 32
int kshm_shmctl(int shmid, int cmd, struct shmid_ds *buf)
	__asm__("kshm_shmctl64");
#else
int kshm_shmctl(int shmid, int cmd, struct shmid_ds *buf);
#endif

/*
 * Flags of kshm_shm_open() for use with O_CREAT: fcntl(2) can put seals on the new
 * object; its pages are huge where they fit in. No system uses these bits for flags of
 * open(2).
 */
#define KSHM_O_SEALABLE	0x40000000
#define KSHM_O_HUGE	0x20000000

/**
 * kshm_shm_open - open a named object, or create one
 * @name:	"/name"; at most NAME_MAX bytes after the slash
 * @oflag:	O_RDONLY, O_RDWR or O_WRONLY, with O_CREAT, O_EXCL, O_TRUNC,
 *		O_APPEND, O_NONBLOCK, KSHM_O_SEALABLE, KSHM_O_HUGE; other bits are
 *		ignored
 * @mode:	permission bits of a new object, less the umask
 *
 * Works as shm_open(3). The descriptor is close-on-exec, and supports the same
 * operations as one of a file in /dev/shm.
 *
 * Return: the descriptor; or -1 with errno EACCES, EEXIST, EINTR, EINVAL, EMFILE,
 * ENAMETOOLONG, ENFILE, ENOENT, ENOMEM, ENOSPC, EPERM or ETXTBSY.
 */
int kshm_shm_open(const char *name, int oflag, mode_t mode);

/**
 * kshm_shm_unlink - remove the name of a named object
 * @name:	as for kshm_shm_open()
 *
 * Works as shm_unlink(3). The object itself exists until no process has it open
 * or mapped.
 *
 * Return: 0; or -1 with errno EACCES, ENAMETOOLONG or ENOENT.
 */
int kshm_shm_unlink(const char *name);

/*
 * Calls that System V and POSIX do not have.
 */

/* Flags of kshm_segment_get(): properties of a new segment. */
#define KSHM_TRANSIENT	1	/* removed at its last detach */
#define KSHM_UNIQUE	2	/* no segment in another IPC namespace has its id */
#define KSHM_PREALLOC	4	/* all its pages are allocated at once */
#define KSHM_HUGE	8	/* its pages are huge where they fit in */

/**
 * kshm_owner - open a descriptor that segments can be tied to
 *
 * A segment that is created with this descriptor as its owner is removed when the
 * descriptor is closed: by close(), by exec, or when the process ends for any
 * reason. If fork() or a socket made copies of the descriptor, the last close
 * counts.
 *
 * Return: a descriptor, close-on-exec; or -1 with errno ENOSYS or ENOMEM.
 */
int kshm_owner(void);

/**
 * kshm_segment_get - find a segment by its key, or create one, and say which
 * @key:	as for kshm_shmget()
 * @size:	as for kshm_shmget()
 * @shmflg:	as for kshm_shmget()
 * @flags:	properties of a new segment: 0, or KSHM_TRANSIENT, KSHM_UNIQUE,
 *		KSHM_PREALLOC, KSHM_HUGE
 * @owner:	descriptor of kshm_owner() that a new segment is tied to, or -1
 * @created:	set to 1 if the segment was created, to 0 if it was found; or NULL
 *
 * An existing segment keeps the properties that it has.
 *
 * Return: as kshm_shmget(); also with errno EINTR (only with KSHM_PREALLOC), and
 * EBADF or ENOTTY if @owner is no descriptor of kshm_owner().
 */
int kshm_segment_get(key_t key, size_t size, int shmflg, int flags, int owner,
		     int *created);

/**
 * kshm_segment_get_named - find a segment by its name, or create one
 * @name:	1 to 255 bytes without '/'
 * @size:	as for kshm_segment_get()
 * @shmflg:	as for kshm_segment_get()
 * @flags:	as for kshm_segment_get()
 * @owner:	as for kshm_segment_get()
 * @created:	as for kshm_segment_get()
 *
 * The segment has no key. Each IPC namespace has its own names of segments, which
 * are apart from the names of kshm_shm_open().
 *
 * Return: as kshm_segment_get(), also with errno ENAMETOOLONG.
 */
int kshm_segment_get_named(const char *name, size_t size, int shmflg, int flags,
			   int owner, int *created);

/**
 * kshm_segment_attach - attach a segment, and return its size
 * @shmid:	as for kshm_shmat()
 * @shmaddr:	as for kshm_shmat()
 * @shmflg:	as for kshm_shmat()
 * @size:	set to the attached size in bytes; or NULL
 *
 * A segment can grow between two calls, so an IPC_STAT before or after
 * kshm_shmat() could return another size than the attached one.
 *
 * Return: as kshm_shmat().
 */
void *kshm_segment_attach(int shmid, const void *shmaddr, int shmflg,
			  size_t *size);

/**
 * kshm_segment_grow - make a segment larger, or query its size
 * @shmid:	id of the segment
 * @size:	points to the new size in bytes, or to 0 to query; the segment's size is
 *		stored there. Must not be NULL
 * @generation:	set to the number of times that the segment has grown; or NULL
 *
 * Existing attaches keep their length; a new attach covers the whole segment.
 *
 * Return: 0; or -1 with errno EACCES, EBUSY (its pages are locked), EFBIG, EINVAL
 * (smaller than the segment is, or above shmmax), ENOMEM, ENOSPC or EPERM.
 */
int kshm_segment_grow(int shmid, size_t *size, unsigned long long *generation);

/**
 * kshm_segment_fd - get a file descriptor of a segment
 * @shmid:	id of the segment
 * @flags:	O_RDWR or O_RDONLY, with or without O_CLOEXEC
 *
 * mmap(2) of the descriptor with MAP_SHARED attaches the segment, also in a
 * process of another IPC namespace that has received the descriptor. poll(2)
 * returns POLLPRI if the segment is marked for removal, POLLRDHUP while it is not
 * attached anywhere, and POLLHUP once it is destroyed.
 *
 * Return: the descriptor; or -1 with errno EACCES, EIDRM, EINVAL, EMFILE, ENFILE
 * or ENOMEM.
 */
int kshm_segment_fd(int shmid, int flags);

struct kshm_attacher;

/**
 * kshm_segment_attachers - list the mappings of a segment
 * @shmid:	id of the segment
 * @list:	filled with the mappings, in no order; <linux/kshm.h> defines
 *		struct kshm_attacher
 * @capacity:	number of entries that @list can hold, at most 65,536; 0 to count only
 *
 * Return: the number of mappings, which can be more than @capacity; or -1 with
 * errno EACCES, EFAULT, EIDRM, EINVAL or ENOMEM.
 */
int kshm_segment_attachers(int shmid, struct kshm_attacher *list,
			   size_t capacity);

/*
 * One errno can have many reasons. These calls return the reason.
 */

/* Reasons of the library itself; <linux/kshm.h> has those of the module. */
#define KSHM_WHY_DEVICE		0x10000	/* /dev/kshm can't be opened */
#define KSHM_WHY_OPERATION	0x10002	/* kshm_shmctl() has no such cmd */

/**
 * kshm_explain_errors - switch on or off that failures are explained
 * @on:		1 or 0
 *
 * The kernel can give the reason only while a call runs, so the switch must be on
 * before the call that fails. It is for the whole process, all threads included.
 * Calls become a little slower and are otherwise the same. KSHM_DEBUG=1 in the
 * environment switches it on when the program starts, and has each failure
 * written to standard error.
 *
 * Return: the state before, 1 or 0.
 */
int kshm_explain_errors(int on);

/**
 * kshm_strerror - get the reason of the last failure of this thread as a sentence
 * @buf:	filled with the sentence, without a full stop, cut to fit
 * @size:	size of @buf in bytes; 160 are enough
 *
 * The sentence is for example "shmall would be exceeded: 12 of 10 pages" if
 * failures are explained, and else the name of the errno. It is the reason of the
 * current errno: call this before any other call that sets errno.
 *
 * Return: @buf.
 */
char *kshm_strerror(char *buf, size_t size);

/**
 * kshm_reason - get the reason of the last failure of this thread as numbers
 * @asked:	set to the value that was asked for; or NULL
 * @limit:	set to the value that it was compared with; or NULL
 *
 * The comment of each reason in <linux/kshm.h> says what its two values are.
 *
 * Return: KSHM_WHY_*; 0 if only errno is known.
 */
unsigned int kshm_reason(uint64_t *asked, uint64_t *limit);

/**
 * kshm_strreason - describe a reason in words, without its values
 * @reason:	KSHM_WHY_*
 *
 * Return: a constant string.
 */
const char *kshm_strreason(unsigned int reason);

#ifdef __cplusplus
}
#endif

#endif /* KSHM_H */
