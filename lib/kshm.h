/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libkshm: the shared memory calls of System V and of POSIX, answered by the kshm
 * module, and a few more.
 *
 * Same prototypes, same answers, same errno as the calls of <sys/shm.h>, and as
 * shm_open() and shm_unlink(), with kshm_ before the name. Every call is
 * thread-safe, async-signal-safe, and leaves errno alone when it succeeds.
 *
 * Two errors come from the library itself, from any call: ENOSYS where
 * /dev/kshm can't be opened, or its module is too old for the call; ENOMEM
 * where no file descriptor is free for it.
 */
#ifndef KSHM_H
#define KSHM_H

#include <linux/kshm.h>
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
 * @key:	the key; IPC_PRIVATE always creates
 * @size:	bytes; where the segment exists, the least size that will do
 * @shmflg:	nine permission bits, IPC_CREAT, IPC_EXCL, SHM_NORESERVE
 *
 * Twin of shmget(2). SHM_HUGETLB is ignored where the segment exists; where it
 * has to be created, the answer is that of a kernel without huge pages, EINVAL.
 *
 * Return: the id of the segment, 0 or more; or -1 with errno EACCES, EEXIST,
 * EINVAL, ENOENT, ENOMEM or ENOSPC.
 */
int kshm_shmget(key_t key, size_t size, int shmflg);

/**
 * kshm_shmat - attach a segment to the address space
 * @shmid:	its id
 * @shmaddr:	where to, or NULL to let the kernel choose
 * @shmflg:	SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC
 *
 * Twin of shmat(2). NULL is an address like any other: only (void *)-1 says
 * that the call failed.
 *
 * Return: the address; or (void *)-1 with errno EACCES, EAGAIN, EFAULT (only
 * with SHM_REMAP, over the caller's own stack), EIDRM, EINVAL, ENFILE, ENOMEM
 * or EPERM.
 */
void *kshm_shmat(int shmid, const void *shmaddr, int shmflg);

/**
 * kshm_shmdt - detach what kshm_shmat() attached
 * @shmaddr:	the address that kshm_shmat() gave
 *
 * Twin of shmdt(2).
 *
 * Return: 0; or -1 with errno EINVAL where no segment is attached there.
 */
int kshm_shmdt(const void *shmaddr);

/**
 * kshm_shmctl - ask about a segment, change it, remove it
 * @shmid:	its id; its index for SHM_STAT and SHM_STAT_ANY; 0 or more, and
 *		not looked at, for IPC_INFO and SHM_INFO
 * @cmd:	IPC_STAT, IPC_SET, IPC_RMID, SHM_LOCK, SHM_UNLOCK, SHM_STAT,
 *		SHM_STAT_ANY, IPC_INFO, SHM_INFO
 * @buf:	struct shmid_ds for IPC_STAT, IPC_SET, SHM_STAT, SHM_STAT_ANY;
 *		struct shminfo for IPC_INFO; struct shm_info for SHM_INFO; not
 *		looked at for the others
 *
 * Twin of shmctl(2). A buffer that can't be read or written is EFAULT.
 *
 * Return: the id for SHM_STAT and SHM_STAT_ANY, the highest index in use (0
 * where there is none) for IPC_INFO and SHM_INFO, else 0; or -1 with errno
 * EACCES, EFAULT, EIDRM, EINVAL, ENOMEM or EPERM.
 */
#ifdef __USE_TIME_BITS64
int kshm_shmctl(int shmid, int cmd, struct shmid_ds *buf)
	__asm__("kshm_shmctl64");
#else
int kshm_shmctl(int shmid, int cmd, struct shmid_ds *buf);
#endif

/*
 * For kshm_shm_open(), beside O_CREAT: fcntl(2) may put seals on the new object.
 * No system uses this bit in a flag of open(2).
 */
#define KSHM_O_SEALABLE	0x40000000

/**
 * kshm_shm_open - open a named object, or create one
 * @name:	"/name"; without the slashes at most NAME_MAX bytes
 * @oflag:	O_RDONLY, O_RDWR or O_WRONLY, with O_CREAT, O_EXCL, O_TRUNC,
 *		O_APPEND, O_NONBLOCK, KSHM_O_SEALABLE; other bits are ignored
 * @mode:	permission bits of a new object, less the umask
 *
 * Twin of shm_open(3). The descriptor is closed by exec, and can do all that one
 * of a file in /dev/shm can.
 *
 * Return: the descriptor; or -1 with errno EACCES, EEXIST, EINVAL, EMFILE,
 * ENAMETOOLONG, ENFILE, ENOENT, ENOMEM, ENOSPC or EPERM.
 */
int kshm_shm_open(const char *name, int oflag, mode_t mode);

/**
 * kshm_shm_unlink - take a named object's name away
 * @name:	as for kshm_shm_open()
 *
 * Twin of shm_unlink(3). Who has the object open, or mapped, keeps it.
 *
 * Return: 0; or -1 with errno EACCES, ENAMETOOLONG or ENOENT.
 */
int kshm_shm_unlink(const char *name);

/*
 * What neither System V nor POSIX has a call for.
 */

/**
 * kshm_attach - attach a segment, and learn how large that is
 * @shmid:	its id
 * @shmaddr:	as for kshm_shmat()
 * @shmflg:	as for kshm_shmat()
 * @size:	set to the bytes that are attached; NULL: nobody asks
 *
 * IPC_STAT before or after kshm_shmat() would tell the size of another moment.
 *
 * Return: as kshm_shmat().
 */
void *kshm_attach(int shmid, const void *shmaddr, int shmflg, size_t *size);

/* What a new segment is to be, besides what shmflg says. */
#define KSHM_TRANSIENT	1	/* removed with its last detach */
#define KSHM_UNIQUE	2	/* no other IPC namespace has its id */
#define KSHM_PREALLOC	4	/* all its pages are made now */

/**
 * kshm_owner - open what segments can be tied to
 *
 * Segments that were created with it are removed when it is closed: by close(),
 * by exec, or by the end of the process, however that ends. Where others have
 * copies of the descriptor, by fork() or over a socket, the last close counts.
 * (So the library's own descriptor would not do: each child has that.)
 *
 * Return: a descriptor, close-on-exec; or -1 with errno ENOSYS or ENOMEM.
 */
int kshm_owner(void);

/**
 * kshm_obtain - find a segment by its key, or create one, and tell which
 * @key:	as for kshm_shmget()
 * @size:	as for kshm_shmget()
 * @shmflg:	as for kshm_shmget(), without SHM_HUGETLB
 * @how:	what a new one is to be: KSHM_TRANSIENT, KSHM_UNIQUE, KSHM_PREALLOC,
 *		or 0
 * @owner:	what a new one is tied to: a descriptor of kshm_owner(), or -1
 * @created:	set to 1 where it was created, to 0 where it was found; NULL:
 *		nobody asks
 *
 * Return: as kshm_shmget(), also with errno EINTR with KSHM_PREALLOC, and EBADF or
 * ENOTTY for another owner.
 */
int kshm_obtain(key_t key, size_t size, int shmflg, int how, int owner,
		int *created);

/**
 * kshm_obtain_named - the same, by name
 * @name:	1 to 255 bytes without '/'
 * @size:	as for kshm_obtain()
 * @shmflg:	as for kshm_obtain()
 * @how:	as for kshm_obtain()
 * @owner:	as for kshm_obtain()
 * @created:	as for kshm_obtain()
 *
 * The segment has no key. Names are those of the IPC namespace, as keys are; they
 * are not those of shm_open().
 *
 * Return: as kshm_obtain(), also with errno ENAMETOOLONG.
 */
int kshm_obtain_named(const char *name, size_t size, int shmflg, int how,
		      int owner, int *created);

/**
 * kshm_grow - make a segment larger, or ask how large it is
 * @shmid:	its id
 * @size:	its new size, 0 to ask; set to its size
 * @generation:	set to how often it has grown; NULL: nobody asks
 *
 * What is attached keeps its length. To have all of it, attach it again.
 *
 * Return: 0; or -1 with errno EACCES, EBUSY (its pages are locked), EFBIG, EINVAL
 * (smaller than it is, above shmmax), ENOMEM, ENOSPC or EPERM.
 */
int kshm_grow(int shmid, size_t *size, unsigned long long *generation);

/*
 * Why a call failed: one errno can mean many things.
 */

/* Reasons that the library has itself; others are in <linux/kshm.h>. */
#define KSHM_WHY_DEVICE		0x10000	/* /dev/kshm can't be opened */
#define KSHM_WHY_HUGE_PAGES	0x10001	/* there are no huge pages */
#define KSHM_WHY_OPERATION	0x10002	/* no such cmd of shmctl, or op of dsm */

/**
 * kshm_explain_errors - have failures explained, or stop that
 * @on:		1 or 0
 *
 * For the whole process and all its threads, from their next call on: a call
 * that has failed can't be asked any more. It makes calls a little slower, and
 * changes nothing else. KSHM_DEBUG=1 in the environment does the same, and tells
 * each failure on standard error.
 *
 * Return: what it was before.
 */
int kshm_explain_errors(int on);

/**
 * kshm_strerror - say why this thread's last call failed
 * @buf:	filled with a sentence without a full stop, cut to fit
 * @size:	bytes there; 160 are enough
 *
 * As "shmall would be exceeded: 12 of 10 pages" where failures are explained,
 * else errno's name. It goes by errno, so call it before anything changes that.
 *
 * Return: @buf.
 */
char *kshm_strerror(char *buf, size_t size);

/**
 * kshm_reason - the same for programs
 * @asked:	set to what was asked for, as the reason has it; or NULL
 * @limit:	set to what there is; or NULL
 *
 * Return: KSHM_WHY_*, 0 where nothing is known but errno.
 */
unsigned int kshm_reason(uint64_t *asked, uint64_t *limit);

/**
 * kshm_strreason - a reason in words, without its numbers
 * @reason:	KSHM_WHY_*
 *
 * Return: a constant string.
 */
const char *kshm_strreason(unsigned int reason);

/*
 * Dynamic shared memory in the shape that PostgreSQL gives it.
 */

/* What to do: the operations of kshm_dsm(). */
#define KSHM_DSM_CREATE		0	/* make a segment and attach it */
#define KSHM_DSM_ATTACH		1	/* attach one that exists */
#define KSHM_DSM_DETACH		2	/* detach it, and leave it to others */
#define KSHM_DSM_DESTROY	3	/* detach it, and remove it */

/**
 * struct kshm_dsm_handle - who a segment is
 * @name:	its name; NULL: it has a key
 * @key:	its key, not IPC_PRIVATE; not looked at where there is a name
 */
struct kshm_dsm_handle {
	const char *name;
	key_t key;
};

/**
 * kshm_dsm - create, attach, detach or destroy a segment
 * @op:		KSHM_DSM_*
 * @handle:	which
 * @request_size: bytes, for KSHM_DSM_CREATE; else not looked at
 * @mapped_address: where it is attached, NULL where it isn't: set by CREATE and
 *		ATTACH, which want it to be NULL; given to DETACH and DESTROY,
 *		which set it to NULL again
 * @mapped_size: its size, or 0, likewise
 *
 * A new segment is its owner's only (0600), and all of its memory is there. CREATE
 * of what exists is EEXIST: take another handle. After a failure address and size
 * are as before, and nothing is left behind; but DESTROY by who may not remove it
 * (EPERM) has detached it.
 *
 * Return: 0; or -1 with errno as of kshm_shmget(), kshm_shmat(), kshm_shmdt() or
 * kshm_shmctl(), or EINTR.
 */
int kshm_dsm(int op, const struct kshm_dsm_handle *handle, size_t request_size,
	     void **mapped_address, size_t *mapped_size);

/*
 * What follows has no twin: it is kshm's own.
 */

/**
 * kshm_fd - get a descriptor of a segment
 * @shmid:	its id
 * @flags:	O_RDWR or O_RDONLY, and O_CLOEXEC
 *
 * The descriptor can be mapped with mmap(2), MAP_SHARED, which attaches the
 * segment, also by a process of another IPC namespace that it was passed to.
 * poll(2) tells POLLPRI where the segment is marked for removal, POLLRDHUP while
 * nobody has it attached, POLLHUP once it has ended.
 *
 * Return: the descriptor; or -1 with errno EACCES, EIDRM, EINVAL, EMFILE, ENFILE
 * or ENOMEM.
 */
int kshm_fd(int shmid, int flags);

struct kshm_attacher;

/**
 * kshm_who - list the mappings of a segment
 * @shmid:	its id
 * @list:	filled, in no order; struct kshm_attacher is in <linux/kshm.h>
 * @room:	how many fit there; 0: they are only counted
 *
 * Return: how many there are, which may be more than @room; or -1 with errno
 * EACCES, EFAULT, EIDRM, EINVAL or ENOMEM.
 */
int kshm_who(int shmid, struct kshm_attacher *list, size_t room);

#ifdef __cplusplus
}
#endif

#endif /* KSHM_H */
