/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kshm: System V shared memory through /dev/kshm.
 *
 * A whole user program:
 *
 *	int dev = open("/dev/kshm", O_RDWR | O_CLOEXEC);
 *	struct kshm_get get = { .key = 42, .size = 4096, .mode = 0600,
 *				.flags = KSHM_GET_CREAT };
 *	ioctl(dev, KSHM_IOC_GET, &get);
 *	struct kshm_attach at = { .id = get.id };
 *	ioctl(dev, KSHM_IOC_ATTACH, &at);
 *	strcpy((char *)at.addr, "hello");
 *
 * Rules that hold for every command:
 *
 * - Success is 0, and every result is in the struct.
 * - The size of the struct is part of the command number. The kernel accepts
 *   any size from the first published one on: a larger struct must end in
 *   zeros (else E2BIG), a smaller one is EINVAL.
 * - An unknown flag, or a reserved word that is not zero, is EINVAL. Fields
 *   that are only written by the kernel may hold anything on input.
 * - An unknown command is ENOTTY; a struct that can't be read or written is
 *   EFAULT; both change nothing.
 * - Flags are kshm's own small numbers, never those of <sys/shm.h>, which
 *   differ between architectures.
 * - Every struct has the same layout for 32-bit and 64-bit programs.
 */
#ifndef _UAPI_LINUX_KSHM_H
#define _UAPI_LINUX_KSHM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KSHM_ABI		1

/* Features: struct kshm_info.features */
#define KSHM_FEATURE_LOCK	(1ULL << 0)	/* LOCK keeps pages in memory */
#define KSHM_FEATURE_FAULTAROUND (1ULL << 1)	/* one fault maps many pages */
#define KSHM_FEATURE_GUARD	(1ULL << 2)	/* DETACH can't hit a stranger */
#define KSHM_FEATURE_PREFAULT	(1ULL << 3)	/* PREALLOC, POPULATE, NO_FAULTAROUND */
#define KSHM_FEATURE_FD		(1ULL << 4)	/* FD gives descriptors */
#define KSHM_FEATURE_GROW	(1ULL << 5)	/* GROW */
#define KSHM_FEATURE_WHO	(1ULL << 6)	/* WHO lists attaches */
#define KSHM_FEATURE_NAMES	(1ULL << 7)	/* GET_NAMED */
#define KSHM_FEATURE_EXPLAIN	(1ULL << 8)	/* EXPLAIN tells reasons */
#define KSHM_FEATURE_POSIX	(1ULL << 9)	/* OPEN and UNLINK */
#define KSHM_FEATURE_LIFETIME	(1ULL << 10)	/* OWNED, TRANSIENT, CREATED */
#define KSHM_FEATURE_UNIQUE	(1ULL << 11)	/* UNIQUE */

/* Flags: struct kshm_info.flags */
#define KSHM_INFO_USAGE		(1U << 0)	/* add up tot, rss and swp too */

/**
 * struct kshm_info - limits and usage of the caller's IPC namespace
 * @abi:	out: KSHM_ABI
 * @flags:	in: KSHM_INFO_USAGE, or 0
 * @features:	out: KSHM_FEATURE_*
 * @shmmax:	out: largest segment, bytes
 * @shmall:	out: largest sum of all segments, pages
 * @shmmni:	out: largest number of segments
 * @shmlba:	out: alignment of a fixed attach address, bytes
 * @used_ids:	out: segments that exist
 * @max_index:	out: highest index in use, -1 where there is no segment
 * @tot:	out: sum of all segments, pages (0 without KSHM_INFO_USAGE)
 * @rss:	out: pages of them in memory (0 without KSHM_INFO_USAGE)
 * @swp:	out: pages of them in swap (0 without KSHM_INFO_USAGE)
 * @dest:	in: address of a buffer that the caller will fill from this struct:
 *		the kernel zeroes it, so that a buffer that can't be written is
 *		EFAULT here and not a signal later
 * @dest_len:	in: bytes at @dest, at most 4096; 0 for no buffer
 * @reserved:	in: 0
 *
 * Twin of IPC_INFO; with KSHM_INFO_USAGE of SHM_INFO, which costs a walk over
 * all segments.
 *
 * Errors: EFAULT, EINVAL.
 */
struct kshm_info {
	__u32 abi;
	__u32 flags;
	__u64 features;
	__u64 shmmax;
	__u64 shmall;
	__u32 shmmni;
	__u32 shmlba;
	__u32 used_ids;
	__s32 max_index;
	__u64 tot;
	__u64 rss;
	__u64 swp;
	__u64 dest;
	__u32 dest_len;
	__u32 reserved;
};

/* Flags: struct kshm_get.flags */
#define KSHM_GET_CREAT		(1U << 0)	/* create where key is not found */
#define KSHM_GET_EXCL		(1U << 1)	/* with CREAT: EEXIST where found */
#define KSHM_GET_NORESERVE	(1U << 2)	/* charge pages as they are touched */
#define KSHM_GET_PREALLOC	(1U << 3)	/* make all pages of a new one now */
#define KSHM_GET_OWNED		(1U << 4)	/* a new one goes with this descriptor */
#define KSHM_GET_TRANSIENT	(1U << 5)	/* a new one goes with its last detach */
#define KSHM_GET_UNIQUE		(1U << 6)	/* no other namespace has its id */
#define KSHM_GET_CREATED	(1U << 31)	/* out: this call created it */

/**
 * struct kshm_get - find a segment by key, or create one
 * @key:	in: the key; 0 (IPC_PRIVATE) always creates
 * @flags:	in: KSHM_GET_*; out: with KSHM_GET_CREATED or without it
 * @size:	in: bytes; where the segment exists, the least size that will do
 * @mode:	in: nine permission bits: of the new segment, or to be tested
 *		against those of the one that exists
 * @id:		out: the segment's id, 0 or more
 *
 * Twin of shmget(2), but for some of its flags, which are about a new segment
 * and are not looked at where it exists:
 *
 * KSHM_GET_OWNED: it is removed, as by RMID, when the open file description of
 * /dev/kshm that the call was made through is closed, the last copy of it
 * included. KSHM_GET_TRANSIENT: it is removed with its last detach, but not
 * before it was attached for the first time. KSHM_GET_UNIQUE: while it exists, no
 * segment in any IPC namespace has the same id, so that one used in the wrong
 * namespace is EINVAL, and never hits a stranger. There can be 32,767 such
 * segments at a time, in all namespaces together, else ENOSPC.
 *
 * Errors: EACCES, EEXIST, EINVAL (size outside 1 to shmmax for a new segment,
 * or larger than the one that exists), ENOENT, ENOMEM (also: no memory for the
 * pages of KSHM_GET_PREALLOC), ENOSPC (shmall or shmmni reached), EINTR (a
 * signal came while pages were made), EFAULT.
 */
struct kshm_get {
	__s32 key;
	__u32 flags;
	__u64 size;
	__u32 mode;
	__s32 id;
};

/* Flags: struct kshm_attach.flags */
#define KSHM_ATTACH_RDONLY	(1U << 0)	/* can never become writable */
#define KSHM_ATTACH_RND		(1U << 1)	/* round addr down to shmlba */
#define KSHM_ATTACH_REMAP	(1U << 2)	/* replace what is mapped at addr */
#define KSHM_ATTACH_EXEC	(1U << 3)	/* executable: asks for x too */
#define KSHM_ATTACH_POPULATE	(1U << 4)	/* map what is in memory at once */
#define KSHM_ATTACH_NO_FAULTAROUND (1U << 5)	/* a fault maps its one page */

/**
 * struct kshm_attach - map a segment into the caller's address space
 * @id:		in: the segment
 * @flags:	in: KSHM_ATTACH_*
 * @addr:	in: where to, 0 lets the kernel choose; out: where it is
 * @length:	out: bytes of the segment, not rounded to pages
 *
 * Twin of shmat(2).
 *
 * Errors: EACCES, EIDRM, EINVAL (no such id; addr not aligned, or something is
 * mapped there), ENOMEM, ENFILE, EPERM (addr below mmap_min_addr), EAGAIN
 * (mlockall limit), EFAULT (also: KSHM_ATTACH_REMAP over this struct).
 */
struct kshm_attach {
	__s32 id;
	__u32 flags;
	__u64 addr;
	__u64 length;
};

/**
 * struct kshm_detach - unmap an attach
 * @addr:	in: the address that attach gave
 * @flags:	in: 0
 * @reserved:	in: 0
 *
 * Twin of shmdt(2): every piece of the attach that is still where it was put.
 *
 * Errors: EINVAL (nothing of kshm's is attached at addr), EINTR.
 */
struct kshm_detach {
	__u64 addr;
	__u32 flags;
	__u32 reserved;
};

/* Flags: struct kshm_stat.flags */
#define KSHM_STAT_BY_INDEX	(1U << 0)	/* id is an index, or any id with it */
#define KSHM_STAT_ANY		(1U << 1)	/* without the test for r */

/* State: struct kshm_stat.state */
#define KSHM_STATE_DEST		(1U << 0)	/* goes with the last detach */
#define KSHM_STATE_LOCKED	(1U << 1)	/* pages stay in memory */

/**
 * struct kshm_stat - what there is to know of a segment
 * @id:		in: the id, or the index with KSHM_STAT_BY_INDEX; out: the id
 * @flags:	in: KSHM_STAT_*
 * @key:	out: its key; 0 where private, or marked for removal
 * @mode:	out: nine permission bits
 * @uid:	out: owner, as the caller's user namespace sees it
 * @gid:	out: owner's group
 * @cuid:	out: creator
 * @cgid:	out: creator's group
 * @state:	out: KSHM_STATE_*
 * @seq:	out: sequence number within @id
 * @cpid:	out: process that created it; 0 where not visible to the caller
 * @lpid:	out: process that last attached or detached it; 0 likewise
 * @segsz:	out: bytes asked for at creation, or by the last GROW
 * @nattch:	out: mappings of it
 * @atime:	out: last attach, seconds of CLOCK_REALTIME, 0 for never
 * @dtime:	out: last detach, likewise
 * @ctime:	out: creation or last SET, likewise
 * @rss:	out: pages in memory
 * @swp:	out: pages in swap
 * @dest:	in: as in struct kshm_info
 * @dest_len:	in: as in struct kshm_info
 * @reserved:	in: 0
 *
 * Twin of IPC_STAT; with KSHM_STAT_BY_INDEX of SHM_STAT, with KSHM_STAT_ANY
 * besides of SHM_STAT_ANY.
 *
 * Errors: EACCES, EIDRM, EINVAL, EFAULT.
 */
struct kshm_stat {
	__s32 id;
	__u32 flags;
	__s32 key;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 cuid;
	__u32 cgid;
	__u32 state;
	__u32 seq;
	__s32 cpid;
	__s32 lpid;
	__u64 segsz;
	__u64 nattch;
	__s64 atime;
	__s64 dtime;
	__s64 ctime;
	__u64 rss;
	__u64 swp;
	__u64 dest;
	__u32 dest_len;
	__u32 reserved;
};

/* Which fields to set: struct kshm_set.mask */
#define KSHM_SET_UID		(1U << 0)
#define KSHM_SET_GID		(1U << 1)
#define KSHM_SET_MODE		(1U << 2)

/**
 * struct kshm_set - change owner and permissions
 * @id:		in: the segment
 * @mask:	in: KSHM_SET_*
 * @uid:	in: new owner
 * @gid:	in: new group
 * @mode:	in: nine permission bits, others are ignored
 * @reserved:	in: 0
 *
 * Twin of IPC_SET. The creator keeps all rights.
 *
 * Errors: EINVAL (also: uid or gid has no meaning in the caller's user
 * namespace), EPERM (neither owner nor creator nor CAP_SYS_ADMIN), EFAULT.
 */
struct kshm_set {
	__s32 id;
	__u32 mask;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 reserved;
};

/**
 * struct kshm_rmid - remove a segment
 * @id:		in: the segment
 * @flags:	in: 0
 *
 * Twin of IPC_RMID: its key is free at once; it goes with its last detach.
 *
 * Errors: EINVAL, EPERM as in struct kshm_set, EFAULT.
 */
struct kshm_rmid {
	__s32 id;
	__u32 flags;
};

/* Flags: struct kshm_lock.flags */
#define KSHM_LOCK_UNLOCK	(1U << 0)	/* let go, where it is held */

/**
 * struct kshm_lock - keep a segment's pages in memory, or let them go
 * @id:		in: the segment
 * @flags:	in: KSHM_LOCK_UNLOCK, or 0
 *
 * Twin of SHM_LOCK and SHM_UNLOCK. Pages that are not there yet are not
 * faulted in. The whole size counts against the caller's RLIMIT_MEMLOCK, unless
 * CAP_IPC_LOCK.
 *
 * Errors: EINVAL, EIDRM, EPERM (neither owner nor creator, or the limit is 0),
 * ENOMEM (over the limit), EFAULT.
 */
struct kshm_lock {
	__s32 id;
	__u32 flags;
};

/**
 * struct kshm_grow - make a segment larger, or ask how large it is
 * @id:		in: the segment
 * @flags:	in: 0
 * @size:	in: its new size, bytes; 0 only asks; out: its size now
 * @generation:	out: how often it has grown
 *
 * Attaches keep the length that they have; later ones have the new size. To grow
 * asks for what SET asks for, and to ask for what STAT does.
 *
 * Errors: EACCES (only asking), EPERM, EINVAL (no such id; smaller than it is,
 * above shmmax, or larger than a file can be), EFBIG (above RLIMIT_FSIZE), ENOSPC
 * (above shmall), EBUSY (its pages are locked), ENOMEM, EINTR, EFAULT.
 */
struct kshm_grow {
	__s32 id;
	__u32 flags;
	__u64 size;
	__u64 generation;
};

/**
 * struct kshm_get_named - find a segment by name, or create one
 * @name:	in: address of the name: any bytes but 0 and '/', with no 0 at
 *		the end
 * @name_len:	in: bytes of it, 1 to 255
 * @flags:	in, out: as in struct kshm_get
 * @size:	in: as in struct kshm_get
 * @mode:	in: as in struct kshm_get
 * @id:		out: the segment's id, 0 or more
 *
 * Names don't clash as keys do that are made of a file's number. They are those
 * of the caller's IPC namespace, and nobody but this command knows them: they
 * have to do neither with keys nor with the names of OPEN.
 *
 * Errors: EINVAL (the name is empty, or has a byte that it can't have),
 * ENAMETOOLONG, EFAULT, and those of struct kshm_get.
 */
struct kshm_get_named {
	__u64 name;
	__u32 name_len;
	__u32 flags;
	__u64 size;
	__u32 mode;
	__s32 id;
};

/*
 * Reasons: struct kshm_explain.reason. In brackets what asked and limit hold,
 * where they are not 0. A reason that a program doesn't know is one that a later
 * module has added; errno still says what it always said.
 */
#define KSHM_WHY_UNKNOWN	0	/* errno is all there is */
#define KSHM_WHY_COMMAND	1	/* there is no such command */
#define KSHM_WHY_SHORT_STRUCT	2	/* struct too short [its size, least size] */
#define KSHM_WHY_LONG_STRUCT	3	/* a longer struct doesn't end in zeros */
#define KSHM_WHY_FAULT		4	/* memory can't be read or written */
#define KSHM_WHY_FLAGS		5	/* unknown flags [they, the known ones] */
#define KSHM_WHY_RESERVED	6	/* a reserved word isn't 0 [it] */
#define KSHM_WHY_MODE		7	/* not permission bits [mode, those] */
#define KSHM_WHY_DEST		8	/* dest_len too large [it, the largest] */
#define KSHM_WHY_SIZE_ZERO	9	/* a new segment of size 0 */
#define KSHM_WHY_SHMMAX		10	/* above shmmax [size, shmmax] */
#define KSHM_WHY_SHMALL		11	/* above shmall [pages in all, shmall] */
#define KSHM_WHY_SHMMNI		12	/* above shmmni [segments, shmmni] */
#define KSHM_WHY_SIZE_FILE	13	/* no file can be that large [size, most] */
#define KSHM_WHY_SIZE_EXISTING	14	/* what exists is smaller [size, its size] */
#define KSHM_WHY_EXISTS		15	/* key is taken [key, id that has it] */
#define KSHM_WHY_NO_KEY		16	/* nobody has the key [key] */
#define KSHM_WHY_NO_ID		17	/* there is no such id [id] */
#define KSHM_WHY_STALE_ID	18	/* id is gone, index used again [id, new id] */
#define KSHM_WHY_REMOVED	19	/* it went while this was under way */
#define KSHM_WHY_ACCESS		20	/* permission bits [wanted, granted; rwx] */
#define KSHM_WHY_NOT_OWNER	21	/* not owner, not creator, no capability */
#define KSHM_WHY_NO_USER	22	/* user namespace has no such user [uid] */
#define KSHM_WHY_NO_GROUP	23	/* user namespace has no such group [gid] */
#define KSHM_WHY_ADDR_ALIGN	24	/* address not aligned [it, alignment] */
#define KSHM_WHY_ADDR_NONE	25	/* REMAP without an address */
#define KSHM_WHY_ADDR_TAKEN	26	/* something is mapped there [addr, length] */
#define KSHM_WHY_ADDR_WRAPS	27	/* beyond all addresses [addr, length] */
#define KSHM_WHY_ADDR_LOW	28	/* below mmap_min_addr, or sealed [addr] */
#define KSHM_WHY_ADDR_ANSWER	29	/* the answer would go there [addr] */
#define KSHM_WHY_NOT_ATTACHED	30	/* nothing is attached there [addr] */
#define KSHM_WHY_MEMLOCK	31	/* above RLIMIT_MEMLOCK [pages, limit] */
#define KSHM_WHY_ADDRESS_SPACE	32	/* above RLIMIT_AS [pages, limit] */
#define KSHM_WHY_MEMORY		33	/* no memory, or no room for addresses */
#define KSHM_WHY_FILES		34	/* the system has too many files open */
#define KSHM_WHY_SIGNAL		35	/* a signal came */
#define KSHM_WHY_NAME		36	/* no such name can be [bytes, most] */
#define KSHM_WHY_SMALLER	37	/* GROW doesn't shrink [size, its size] */
#define KSHM_WHY_LOCKED		38	/* GROW of what is locked [pages locked] */
#define KSHM_WHY_FILE_LIMIT	39	/* above RLIMIT_FSIZE [size, limit] */
#define KSHM_WHY_UNIQUE		40	/* all unique ids are taken [1, all] */
#define KSHM_WHY_NO_NAME	41	/* nothing has that name */
#define KSHM_WHY_NAME_TAKEN	42	/* something has that name already */
#define KSHM_WHY_OBJECT_ACCESS	43	/* its bits don't grant that [its mode] */
#define KSHM_WHY_DESCRIPTORS	44	/* the process has no descriptor left */
#define KSHM_WHY_ROOM		45	/* WHO's list is too long [room, most] */

/**
 * struct kshm_explain - run a command, and say why it failed
 * @arg:	in: address of the command's struct
 * @cmd:	in: the command's number, of any but EXPLAIN
 * @error:	out: 0, or the errno that the command ended with
 * @reason:	out: KSHM_WHY_*; 0 also where it did not fail
 * @reserved:	in: 0
 * @asked:	out: what was asked for, as the reason has it; else 0
 * @limit:	out: what there is, likewise
 *
 * The command is run once, as an ioctl of its own would, and its struct has its
 * results.
 *
 * Errors, after which the command was not run: EINVAL, EFAULT, EINTR (a signal
 * came while OPEN waited). But EFAULT may also mean that the struct has become
 * unwritable meanwhile, and nothing of what was done.
 */
struct kshm_explain {
	__u64 arg;
	__u32 cmd;
	__s32 error;
	__u32 reason;
	__u32 reserved;
	__u64 asked;
	__u64 limit;
};

/* Flags: struct kshm_open.flags */
#define KSHM_OPEN_RDONLY	(1U << 0)	/* for reading; else for both */
#define KSHM_OPEN_CLOEXEC	(1U << 1)	/* closed by exec */
#define KSHM_OPEN_CREAT		(1U << 2)	/* create where name is not found */
#define KSHM_OPEN_EXCL		(1U << 3)	/* with CREAT: EEXIST where found */
#define KSHM_OPEN_TRUNC		(1U << 4)	/* what is found gets size 0 */
#define KSHM_OPEN_WRONLY	(1U << 5)	/* for writing; not with RDONLY */
#define KSHM_OPEN_SEALABLE	(1U << 6)	/* F_ADD_SEALS works on a new one */

/**
 * struct kshm_open - open a named object, or create one
 * @name:	in: address of the name: any bytes but 0 and '/'
 * @name_len:	in: how many, 1 to 255
 * @flags:	in: KSHM_OPEN_*
 * @mode:	in: permission bits of a new object, less the caller's umask
 * @fd:		out: a descriptor
 *
 * Twin of shm_open(3). The object belongs to the caller's IPC namespace, and is a
 * file in memory, with size 0 at first: fstat(2), ftruncate(2), fchmod(2), mmap(2)
 * and all else do what they do in /dev/shm. The descriptor stays good when the
 * object is unlinked, and outlives the namespace.
 *
 * Errors: EINVAL (also: the name), ENAMETOOLONG, EFAULT, EMFILE, ENOENT, EEXIST,
 * EACCES, EPERM (append-only, immutable, or sealed against KSHM_OPEN_TRUNC),
 * ENFILE, EINTR (a signal came while a lease was given up), ENOSPC (shmmni
 * objects), ENOMEM.
 */
struct kshm_open {
	__u64 name;
	__u32 name_len;
	__u32 flags;
	__u32 mode;
	__s32 fd;
};

/**
 * struct kshm_unlink - take a named object's name away
 * @name:	in: as in struct kshm_open
 * @name_len:	in: as in struct kshm_open
 * @flags:	in: 0
 *
 * Twin of shm_unlink(3), for the owner, for CAP_FOWNER, and for the root of the
 * user namespace that owns the IPC namespace: as in a sticky directory of his.
 * The object lives on as long as it is open or mapped.
 *
 * Errors: EINVAL (also: the name), ENAMETOOLONG, EFAULT, ENOENT, EPERM.
 */
struct kshm_unlink {
	__u64 name;
	__u32 name_len;
	__u32 flags;
};

/* Flags: struct kshm_fd.flags */
#define KSHM_FD_RDONLY		(1U << 0)	/* can never become writable */
#define KSHM_FD_CLOEXEC		(1U << 1)	/* closed by execve() */

/**
 * struct kshm_fd - a descriptor of a segment
 * @id:		in: the segment
 * @flags:	in: KSHM_FD_*
 * @fd:		out: the descriptor
 * @reserved:	in: 0
 *
 * It can be mapped (MAP_SHARED; each mapping is an attach), passed to whomever,
 * and polled: POLLPRI where the segment is marked for removal, POLLRDHUP while
 * nobody has it attached, POLLHUP once it has ended, and can't be mapped any
 * more. It does not count as an attach itself. Permission is asked for now: r,
 * and w without KSHM_FD_RDONLY.
 *
 * Errors: EINVAL, EIDRM, EACCES, EMFILE, ENFILE, ENOMEM, EFAULT.
 */
struct kshm_fd {
	__s32 id;
	__u32 flags;
	__s32 fd;
	__u32 reserved;
};

/* What a mapping allows: struct kshm_attacher.prot */
#define KSHM_PROT_READ		(1U << 0)
#define KSHM_PROT_WRITE		(1U << 1)
#define KSHM_PROT_EXEC		(1U << 2)

/**
 * struct kshm_attacher - one mapping of a segment
 * @pid:	the process that has it, as the caller's pid namespace sees it; 0
 *		where that doesn't, and while the process is being made or ends
 * @prot:	KSHM_PROT_*
 * @addr:	where it is; 0 where the caller may not look into the process
 * @length:	bytes, whole pages
 * @offset:	where in the segment it begins, in bytes
 *
 * An address space that several processes share is that of one of them.
 */
struct kshm_attacher {
	__s32 pid;
	__u32 prot;
	__u64 addr;
	__u64 length;
	__u64 offset;
};

/* Most that struct kshm_who.room may be */
#define KSHM_WHO_ROOM_MAX	65536

/**
 * struct kshm_who - list the mappings of a segment
 * @id:		in: the segment
 * @flags:	in: 0
 * @list:	in: address of room for struct kshm_attacher, filled in no order
 * @room:	in: how many fit there; 0: they are only counted
 * @count:	out: how many there are; the first @room of them are at @list
 *
 * For who may read the segment, or change it. @count may fall short of nattch,
 * which also counts what is just coming or going.
 *
 * Errors: EINVAL (also: room above KSHM_WHO_ROOM_MAX), EIDRM, EACCES, ENOMEM,
 * EFAULT.
 */
struct kshm_who {
	__s32 id;
	__u32 flags;
	__u64 list;
	__u32 room;
	__u32 count;
};

/* Numbers 0x80 to 0x9f of 'k' are kshm's. */
#define KSHM_IOC_MAGIC		'k'
#define KSHM_IOC_INFO		_IOWR(KSHM_IOC_MAGIC, 0x80, struct kshm_info)
#define KSHM_IOC_GET		_IOWR(KSHM_IOC_MAGIC, 0x81, struct kshm_get)
#define KSHM_IOC_ATTACH		_IOWR(KSHM_IOC_MAGIC, 0x82, struct kshm_attach)
#define KSHM_IOC_DETACH		_IOW(KSHM_IOC_MAGIC, 0x83, struct kshm_detach)
#define KSHM_IOC_STAT		_IOWR(KSHM_IOC_MAGIC, 0x84, struct kshm_stat)
#define KSHM_IOC_SET		_IOW(KSHM_IOC_MAGIC, 0x85, struct kshm_set)
#define KSHM_IOC_RMID		_IOW(KSHM_IOC_MAGIC, 0x86, struct kshm_rmid)
#define KSHM_IOC_LOCK		_IOW(KSHM_IOC_MAGIC, 0x87, struct kshm_lock)
#define KSHM_IOC_FD		_IOWR(KSHM_IOC_MAGIC, 0x88, struct kshm_fd)
#define KSHM_IOC_GROW		_IOWR(KSHM_IOC_MAGIC, 0x89, struct kshm_grow)
#define KSHM_IOC_WHO		_IOWR(KSHM_IOC_MAGIC, 0x8a, struct kshm_who)
#define KSHM_IOC_GET_NAMED	_IOWR(KSHM_IOC_MAGIC, 0x8b, struct kshm_get_named)
#define KSHM_IOC_EXPLAIN	_IOWR(KSHM_IOC_MAGIC, 0x8c, struct kshm_explain)
#define KSHM_IOC_OPEN		_IOWR(KSHM_IOC_MAGIC, 0x90, struct kshm_open)
#define KSHM_IOC_UNLINK		_IOW(KSHM_IOC_MAGIC, 0x91, struct kshm_unlink)

#endif /* _UAPI_LINUX_KSHM_H */
