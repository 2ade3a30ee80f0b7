/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kshm: System V shared memory through /dev/kshm.
 *
 * A program that creates and attaches a segment:
 *
 *	int dev = open("/dev/kshm", O_RDWR | O_CLOEXEC);
 *	struct kshm_get get = { .key = 42, .size = 4096, .mode = 0600,
 *				.flags = KSHM_GET_CREAT };
 *	ioctl(dev, KSHM_IOC_GET, &get);
 *	struct kshm_attach at = { .id = get.id };
 *	ioctl(dev, KSHM_IOC_ATTACH, &at);
 *	strcpy((char *)at.addr, "hello");
 *
 * This header is the reference: Documentation/kshm.rst takes its descriptions
 * of the commands from here. Each struct belongs to the command of its name:
 * struct kshm_get to KSHM_IOC_GET, and so on.
 */
#ifndef _UAPI_LINUX_KSHM_H
#define _UAPI_LINUX_KSHM_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Rules for every command
 *
 * - On success ioctl() returns 0, and every result is in the struct. On
 *   failure it returns -1 and sets errno.
 * - The size of the struct is part of the command number, so programs and
 *   modules of different ages work together. In a struct that is longer than
 *   the module's, the bytes beyond must be 0, else the call fails with E2BIG.
 *   A struct that is shorter than the first published version fails with
 *   EINVAL.
 * - An unknown flag fails with EINVAL, and so does a reserved field that is
 *   not 0. Fields that the kernel only writes may hold anything on input.
 * - An unknown command fails with ENOTTY. A struct that cannot be read or
 *   written fails with EFAULT. Both change nothing. There is one exception: if the
 *   struct becomes unwritable during the call, GROW has grown the segment, and
 *   ATTACH with REMAP has removed what was mapped there.
 * - The first command in an IPC namespace can fail with ENOMEM.
 * - A command that waits for a lock fails with EINTR if its process is killed
 *   meanwhile. It has changed nothing then. The process never sees this errno.
 * - Flags are kshm's own small numbers, never those of <sys/shm.h>, which
 *   differ between architectures.
 * - Every struct has the same layout for 32-bit and 64-bit programs.
 *
 * Each description below lists the errors in the order of the checks: if a
 * call could fail for several reasons, the first one in the list is reported.
 * The errors of this list can come from every command and are not repeated.
 */

#define KSHM_ABI		1

/* struct kshm_info.features */
#define KSHM_FEATURE_LOCK	(1ULL << 0)
#define KSHM_FEATURE_FAULTAROUND (1ULL << 1)
#define KSHM_FEATURE_GUARD	(1ULL << 2)
#define KSHM_FEATURE_PREFAULT	(1ULL << 3)
#define KSHM_FEATURE_FD		(1ULL << 4)
#define KSHM_FEATURE_GROW	(1ULL << 5)
#define KSHM_FEATURE_WHO	(1ULL << 6)
#define KSHM_FEATURE_NAMES	(1ULL << 7)
#define KSHM_FEATURE_EXPLAIN	(1ULL << 8)
#define KSHM_FEATURE_POSIX	(1ULL << 9)
#define KSHM_FEATURE_LIFETIME	(1ULL << 10)
#define KSHM_FEATURE_UNIQUE	(1ULL << 11)
#define KSHM_FEATURE_HUGE	(1ULL << 12)
#define KSHM_FEATURE_HUGETLB	(1ULL << 13)

/* struct kshm_info.flags */
#define KSHM_INFO_USAGE		(1U << 0)

/**
 * struct kshm_info - limits and usage of the caller's IPC namespace
 * @abi:	out: %KSHM_ABI; another value means that this is not the device
 *		of kshm
 * @flags:	in: %KSHM_INFO_USAGE, or 0
 * @features:	out: what this module can do on this kernel, see below
 * @shmmax:	out: largest segment, in bytes
 * @shmall:	out: limit of all segments together, in pages
 * @shmmni:	out: largest number of segments
 * @shmlba:	out: alignment of a fixed attach address, in bytes
 * @used_ids:	out: number of segments
 * @max_index:	out: highest index in use, -1 if there is no segment
 * @tot:	out: size of all segments together, in pages
 * @rss:	out: pages of them that are in memory
 * @swp:	out: pages of them that are in swap
 * @dest:	in: address of a buffer that the kernel fills with zeros, see
 *		below
 * @dest_len:	in: size of that buffer, at most 4096 bytes; 0 for no buffer
 * @reserved:	in: 0
 *
 * KSHM_IOC_INFO does what IPC_INFO does, and with %KSHM_INFO_USAGE what
 * SHM_INFO does.
 *
 * %KSHM_INFO_USAGE
 *   Fill in @tot, @rss and @swp, which takes a walk over all segments. Without
 *   this flag they are 0.
 *
 * Bits of @features:
 *
 * %KSHM_FEATURE_LOCK
 *   LOCK keeps pages in memory.
 * %KSHM_FEATURE_FAULTAROUND
 *   If a program reads in order, a page fault also maps pages that follow.
 * %KSHM_FEATURE_GUARD
 *   DETACH cannot unmap what another thread maps at the same time.
 * %KSHM_FEATURE_PREFAULT
 *   PREALLOC, POPULATE and NO_FAULTAROUND work.
 * %KSHM_FEATURE_FD
 *   FD works.
 * %KSHM_FEATURE_GROW
 *   GROW works.
 * %KSHM_FEATURE_WHO
 *   WHO works.
 * %KSHM_FEATURE_NAMES
 *   GET_NAMED works.
 * %KSHM_FEATURE_EXPLAIN
 *   EXPLAIN works.
 * %KSHM_FEATURE_POSIX
 *   OPEN and UNLINK work.
 * %KSHM_FEATURE_LIFETIME
 *   OWNED and TRANSIENT work, and GET reports CREATED.
 * %KSHM_FEATURE_UNIQUE
 *   UNIQUE works.
 * %KSHM_FEATURE_HUGE
 *   HUGE gives huge pages, unless the administrator denies them to all shared
 *   memory (shmem_enabled). Without this feature it gives small pages.
 * %KSHM_FEATURE_HUGETLB
 *   HUGETLB works, if the administrator has set pages aside. Without this feature
 *   it fails with EINVAL.
 *
 * @dest is for a library that fills a struct of its own caller, whose pointer
 * may be bad. If all else has succeeded, the kernel writes @dest_len zeros to
 * @dest. If that succeeds, the library can fill the struct. If not, the command fails
 * with EFAULT, and the library gets no signal later.
 *
 * Errors:
 *
 * - EINVAL: @dest_len is above 4096.
 * - EFAULT: @dest cannot be written.
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

/* struct kshm_get.flags */
#define KSHM_GET_CREAT		(1U << 0)
#define KSHM_GET_EXCL		(1U << 1)
#define KSHM_GET_NORESERVE	(1U << 2)
#define KSHM_GET_PREALLOC	(1U << 3)
#define KSHM_GET_OWNED		(1U << 4)
#define KSHM_GET_TRANSIENT	(1U << 5)
#define KSHM_GET_UNIQUE		(1U << 6)
#define KSHM_GET_HUGE		(1U << 7)
#define KSHM_GET_HUGETLB	(1U << 8)
#define KSHM_GET_CREATED	(1U << 31)

/* With KSHM_GET_HUGETLB: the size of a page, as a power of 2; 0 for the default size. */
#define KSHM_GET_HUGETLB_SHIFT	16
#define KSHM_GET_HUGETLB_SIZES	64
#define KSHM_GET_HUGETLB_MASK	((KSHM_GET_HUGETLB_SIZES - 1U) << KSHM_GET_HUGETLB_SHIFT)
#define KSHM_GET_HUGETLB_LOG(flags)	\
	(((flags) & KSHM_GET_HUGETLB_MASK) >> KSHM_GET_HUGETLB_SHIFT)

/**
 * struct kshm_get - find a segment by key, or create one
 * @key:	in: the key; 0 (IPC_PRIVATE) always creates a segment
 * @flags:	in: KSHM_GET_*; out: the same, with or without
 *		%KSHM_GET_CREATED
 * @size:	in: size in bytes; of a segment that exists, the least size
 *		that the caller accepts
 * @mode:	in: nine permission bits: those of a new segment, or those that
 *		an existing segment must grant
 * @id:		out: the segment's id, 0 or more
 *
 * KSHM_IOC_GET does what shmget(2) does.
 *
 * %KSHM_GET_CREAT
 *   Create the segment if no segment has the key.
 * %KSHM_GET_EXCL
 *   With CREAT: fail with EEXIST if a segment has the key.
 * %KSHM_GET_NORESERVE
 *   Charge memory when pages are touched, not the whole size now.
 * %KSHM_GET_PREALLOC
 *   Allocate all pages of a new segment now, so that no SIGBUS can come later
 *   for lack of memory. The kernel kills no process to make room for them.
 * %KSHM_GET_OWNED
 *   Remove the new segment, as RMID does, when this descriptor of /dev/kshm is
 *   closed. If the descriptor was duplicated, inherited or passed on, its last
 *   copy counts. However a process ends, its descriptors are closed.
 * %KSHM_GET_TRANSIENT
 *   Remove the new segment with its last detach. It stays until it has been
 *   attached once. An attach that fails does not count, with one exception: an
 *   attach that runs out of memory at its very end. Any process that may attach
 *   the segment can end it, so the mode should grant nothing to strangers.
 * %KSHM_GET_UNIQUE
 *   Give the new segment an id that no segment of another IPC namespace has
 *   while this one exists. An id that is used in the wrong namespace then
 *   fails with EINVAL and never reaches a stranger. Such an id is not soon
 *   used again. The whole system has 32,767 of them.
 * %KSHM_GET_HUGE
 *   Give the new segment a huge page (2 MiB on x86-64) wherever all of it lies
 *   within the size, so that using the segment takes fewer faults and less
 *   memory for page tables. An attach at an address that the kernel chooses is
 *   aligned for that. A huge page is allocated and charged as a whole when any
 *   of it is used first. Smaller pages serve where the kernel has no huge page
 *   free, where the segment is too small, or where the kernel has none for
 *   shared memory at all; EXPLAIN tells the latter two. STAT tells whether the
 *   segment can have huge pages.
 * %KSHM_GET_HUGETLB
 *   Give the new segment huge pages that the administrator has set aside, as
 *   SHM_HUGETLB does. The bits of %KSHM_GET_HUGETLB_MASK say how large they are.
 *   All of them are reserved now, unless NORESERVE is set. They are never
 *   swapped out. The segment has no descriptor and does not grow; LOCK and
 *   POPULATE have no effect on it, and neither has HUGE.
 * %KSHM_GET_CREATED
 *   An answer: this call has created the segment. It is ignored on input, so a
 *   struct can be used again as it is.
 *
 * If the segment exists, only EXCL (with CREAT) has an effect.
 *
 * Errors if a segment has the key:
 *
 * - EINVAL: @mode has other bits than the nine.
 * - EEXIST: CREAT and EXCL are set.
 * - EINVAL: the segment is smaller than @size.
 * - EACCES: the segment does not grant what @mode asks for.
 *
 * Errors if no segment has it:
 *
 * - EINVAL: @mode has other bits than the nine.
 * - ENOENT: CREAT is not set.
 * - EINVAL: @size is 0 or above shmmax.
 * - ENOSPC: all segments together would exceed shmall.
 * - EINVAL: @size is larger than a file can be.
 * - EINVAL: HUGETLB is set, and the kernel has no huge pages of that size.
 * - EPERM: HUGETLB is set, and the caller neither has CAP_IPC_LOCK nor is in the
 *   group vm.hugetlb_shm_group.
 * - ENOMEM: there is not enough memory. With HUGETLB: too few pages are set aside,
 *   or the caller's address space has no room for the segment.
 * - ENOSPC: no inode is left, or PREALLOC found no room for the pages.
 * - ENFILE: the system has no file left.
 * - EINTR: a signal came while pages were allocated, or the process is being
 *   killed.
 * - ENOSPC: there are shmmni segments already.
 * - ENOSPC: UNIQUE is set, and the caller's user has its share of unique ids,
 *   or the others are a reserve for CAP_SYS_RESOURCE, or none is left.
 */
struct kshm_get {
	__s32 key;
	__u32 flags;
	__u64 size;
	__u32 mode;
	__s32 id;
};

/* struct kshm_attach.flags */
#define KSHM_ATTACH_RDONLY	(1U << 0)
#define KSHM_ATTACH_RND		(1U << 1)
#define KSHM_ATTACH_REMAP	(1U << 2)
#define KSHM_ATTACH_EXEC	(1U << 3)
#define KSHM_ATTACH_POPULATE	(1U << 4)
#define KSHM_ATTACH_NO_FAULTAROUND (1U << 5)

/**
 * struct kshm_attach - map a segment into the caller's address space
 * @id:		in: the segment
 * @flags:	in: KSHM_ATTACH_*
 * @addr:	in: the address to map it at, 0 lets the kernel choose; out:
 *		the address where it is
 * @length:	out: the segment's size in bytes, not rounded to pages
 *
 * KSHM_IOC_ATTACH does what shmat(2) does. It takes r permission, w unless
 * RDONLY is set, and x if EXEC is set. Each mapping counts in nattch: mapping,
 * splitting and fork() add to it; unmapping, exec and exit subtract from it.
 *
 * %KSHM_ATTACH_RDONLY
 *   Map it read-only. The mapping can never become writable.
 * %KSHM_ATTACH_RND
 *   Round @addr down to a multiple of shmlba, which INFO reports. Without this
 *   flag @addr must be page aligned; on CPUs whose caches need it, aligned to
 *   shmlba.
 * %KSHM_ATTACH_REMAP
 *   Replace what is mapped at @addr. Without this flag nothing may be there.
 * %KSHM_ATTACH_EXEC
 *   Map it executable.
 * %KSHM_ATTACH_POPULATE
 *   Map everything that is in memory already, at once: no access to it will
 *   fault, neither a read nor a write. This brings nothing into memory.
 * %KSHM_ATTACH_NO_FAULTAROUND
 *   Let a page fault map its one page only, as in-tree shm and
 *   madvise(MADV_RANDOM) do. Without this flag, reads in order fault less and
 *   less often, and reads at random fault for each page.
 *
 * Errors:
 *
 * - EINVAL: @id is negative.
 * - EINVAL: @addr is not aligned, or is 0 with REMAP.
 * - EINVAL: there is no such id.
 * - EIDRM: the segment was removed during the call.
 * - EACCES: no permission.
 * - ENOMEM: there is not enough memory.
 * - ENFILE: the system has no file left.
 * - EINVAL: @addr plus the size wraps around.
 * - EFAULT: REMAP would replace this very struct.
 * - EINVAL: something is mapped at @addr.
 * - Then the errors of mmap(2), in its own order. ENOMEM: no memory, no address
 *   space, or RLIMIT_AS is reached. EPERM: @addr is below mmap_min_addr, or
 *   REMAP would replace a mapping that mseal(2) has sealed. EAGAIN: the pages
 *   would be locked (mlockall()) and exceed RLIMIT_MEMLOCK. EACCES: after
 *   PR_SET_MDWE, EXEC needs RDONLY.
 */
struct kshm_attach {
	__s32 id;
	__u32 flags;
	__u64 addr;
	__u64 length;
};

/**
 * struct kshm_detach - unmap an attach
 * @addr:	in: the address that the attach has returned
 * @flags:	in: 0
 * @reserved:	in: 0
 *
 * KSHM_IOC_DETACH does what shmdt(2) does. It unmaps every piece of the attach
 * that is still at its original address, even if the first page is gone. It
 * takes no permission.
 *
 * Errors:
 *
 * - EINVAL: @addr is not page aligned, or no segment of kshm is attached
 *   there.
 */
struct kshm_detach {
	__u64 addr;
	__u32 flags;
	__u32 reserved;
};

/* struct kshm_stat.flags */
#define KSHM_STAT_BY_INDEX	(1U << 0)
#define KSHM_STAT_ANY		(1U << 1)

/* struct kshm_stat.state */
#define KSHM_STATE_DEST		(1U << 0)
#define KSHM_STATE_LOCKED	(1U << 1)
#define KSHM_STATE_HUGE		(1U << 2)
#define KSHM_STATE_HUGETLB	(1U << 3)

/**
 * struct kshm_stat - all that there is to know of a segment
 * @id:		in: the id, or an index with %KSHM_STAT_BY_INDEX; out: the id
 * @flags:	in: KSHM_STAT_*
 * @key:	out: its key; 0 if it has none, or is marked for removal
 * @mode:	out: nine permission bits
 * @uid:	out: owner, as the caller's user namespace sees it
 * @gid:	out: the owner's group, likewise
 * @cuid:	out: creator, likewise
 * @cgid:	out: the creator's group, likewise
 * @state:	out: KSHM_STATE_*
 * @seq:	out: the sequence number in the id
 * @cpid:	out: the process that created it; 0 if the caller's pid
 *		namespace does not know that process
 * @lpid:	out: the process that last attached or detached it, likewise
 * @segsz:	out: size in bytes that was asked for at its creation or by the
 *		last GROW
 * @nattch:	out: number of its mappings
 * @atime:	out: last attach, in seconds since 1970; 0 for never
 * @dtime:	out: last detach, likewise
 * @ctime:	out: creation or last SET, likewise
 * @rss:	out: its pages that are in memory
 * @swp:	out: its pages that are in swap
 * @dest:	in: as in &struct kshm_info
 * @dest_len:	in: as in &struct kshm_info
 * @reserved:	in: 0
 *
 * KSHM_IOC_STAT does what IPC_STAT does, with BY_INDEX what SHM_STAT does, and
 * with both flags what SHM_STAT_ANY does. It takes r permission.
 *
 * %KSHM_STAT_BY_INDEX
 *   @id is an index. The sequence number of an id is ignored.
 * %KSHM_STAT_ANY
 *   Don't require r permission.
 * %KSHM_STATE_DEST
 *   An answer: the segment is marked for removal and ends with its last
 *   detach.
 * %KSHM_STATE_LOCKED
 *   An answer: its pages stay in memory.
 * %KSHM_STATE_HUGE
 *   An answer: its pages can be huge.
 * %KSHM_STATE_HUGETLB
 *   An answer: it has huge pages that were set aside.
 *
 * Errors:
 *
 * - EINVAL: @dest_len is above 4096.
 * - EINVAL: there is no such id, or nothing at that index.
 * - EIDRM: the segment was removed during the call.
 * - EACCES: no r permission.
 * - EFAULT: @dest cannot be written.
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

/* struct kshm_set.mask */
#define KSHM_SET_UID		(1U << 0)
#define KSHM_SET_GID		(1U << 1)
#define KSHM_SET_MODE		(1U << 2)

/**
 * struct kshm_set - change the owner and the permissions of a segment
 * @id:		in: the segment
 * @mask:	in: which of the next three to set: %KSHM_SET_UID,
 *		%KSHM_SET_GID, %KSHM_SET_MODE
 * @uid:	in: new owner
 * @gid:	in: new group
 * @mode:	in: nine permission bits; other bits are ignored
 * @reserved:	in: 0
 *
 * KSHM_IOC_SET does what IPC_SET does. The creator keeps the rights of an
 * owner for ever.
 *
 * Errors:
 *
 * - EINVAL: there is no such id.
 * - EPERM: the caller is neither owner nor creator and lacks CAP_SYS_ADMIN.
 * - EINVAL: the caller's user namespace has no such user or group.
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
 * KSHM_IOC_RMID does what IPC_RMID does. A segment that no process has
 * attached ends at once. Any other is marked for removal: its key is free for
 * a new segment, its id still works, even to attach it, and it ends with its
 * last detach.
 *
 * Errors:
 *
 * - EINVAL: there is no such id.
 * - EPERM: the caller is neither owner nor creator and lacks CAP_SYS_ADMIN.
 */
struct kshm_rmid {
	__s32 id;
	__u32 flags;
};

/* struct kshm_lock.flags */
#define KSHM_LOCK_UNLOCK	(1U << 0)

/**
 * struct kshm_lock - keep a segment's pages in memory, or let them go
 * @id:		in: the segment
 * @flags:	in: 0 to lock, %KSHM_LOCK_UNLOCK to unlock
 *
 * KSHM_IOC_LOCK does what SHM_LOCK and SHM_UNLOCK do. Locking allocates no
 * pages; a page stays in memory from its first use on. The whole size counts
 * against the caller's RLIMIT_MEMLOCK until the segment is unlocked or ends.
 * To lock a locked segment or to unlock an unlocked one has no effect, and neither
 * has this command on a segment of HUGETLB.
 *
 * Errors:
 *
 * - EINVAL: there is no such id.
 * - EIDRM: the segment was removed during the call.
 * - EPERM: the caller is neither owner nor creator and lacks CAP_IPC_LOCK; or,
 *   to lock, it lacks that capability and its RLIMIT_MEMLOCK is 0.
 * - ENOMEM: RLIMIT_MEMLOCK would be exceeded.
 */
struct kshm_lock {
	__s32 id;
	__u32 flags;
};

/**
 * struct kshm_grow - make a segment larger, or ask for its size
 * @id:		in: the segment
 * @flags:	in: 0
 * @size:	in: new size in bytes, 0 to ask only; out: the size now
 * @generation:	out: how often the segment has grown
 *
 * Later attaches have the new size. Existing attaches keep their length and
 * are detached as before; a process that wants to see all of the segment
 * attaches it again. To learn whether the segment has grown, it can compare
 * @generation with the value that it read when it attached. New pages are zero. A
 * segment never shrinks.
 *
 * Memory for the new size is charged before anything changes. Locked pages are
 * charged to a user for the old size, so a locked segment must be unlocked
 * first and can be locked again afterwards.
 *
 * Errors:
 *
 * - EINVAL: there is no such id.
 * - EPERM: to grow, the caller must be owner or creator or have CAP_SYS_ADMIN.
 * - EACCES: to ask, the caller must have r permission.
 * - EINVAL: @size is smaller than the size now, above shmmax, or larger than a
 *   file can be.
 * - EFBIG: @size is above RLIMIT_FSIZE. No signal is sent.
 * - ENOSPC: all segments together would exceed shmall.
 * - EINVAL: the segment has pages of HUGETLB.
 * - EBUSY: the segment is locked.
 * - ENOMEM: there is not enough memory.
 */
struct kshm_grow {
	__s32 id;
	__u32 flags;
	__u64 size;
	__u64 generation;
};

/**
 * struct kshm_get_named - find a segment by name, or create one
 * @name:	in: address of the name; it needs no 0 at its end
 * @name_len:	in: length of the name, 1 to 255 bytes
 * @flags:	in, out: as in &struct kshm_get
 * @size:	in: as in &struct kshm_get
 * @mode:	in: as in &struct kshm_get
 * @id:		out: the segment's id, 0 or more
 *
 * A name consists of any bytes but 0 and '/'. Names belong to the caller's IPC
 * namespace. They have nothing to do with keys, nor with the names of OPEN:
 * the same name there is another object. The new segment has no key; apart
 * from that it is like any other, and its id works with every command.
 *
 * Errors:
 *
 * - ENAMETOOLONG: @name_len is above 255.
 * - EFAULT: the name cannot be read.
 * - EINVAL: the name is empty, or contains a 0 or a '/'.
 * - Then the errors of &struct kshm_get.
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
 * struct kshm_explain.reason. The brackets give the fields @asked and @limit of
 * that struct, which follows; a field that is not mentioned is 0. Bits are 4
 * for r, 2 for w, 1 for x. Later modules may add reasons that a program does
 * not know; errno then still means what it always did.
 */
#define KSHM_WHY_UNKNOWN	0	/* nothing is known but errno */
#define KSHM_WHY_COMMAND	1	/* no such command */
#define KSHM_WHY_SHORT_STRUCT	2	/* too short [size, least size] */
#define KSHM_WHY_LONG_STRUCT	3	/* too long, not ending in zeros */
#define KSHM_WHY_FAULT		4	/* memory can't be read or written */
#define KSHM_WHY_FLAGS		5	/* unknown or in conflict [flags, known] */
#define KSHM_WHY_RESERVED	6	/* a reserved field is not 0 [its value] */
#define KSHM_WHY_MODE		7	/* not permissions [mode, all bits] */
#define KSHM_WHY_DEST		8	/* too large [dest_len, 4096] */
#define KSHM_WHY_SIZE_ZERO	9	/* new segment of size 0 */
#define KSHM_WHY_SHMMAX		10	/* above shmmax [size, shmmax] */
#define KSHM_WHY_SHMALL		11	/* above shmall [all pages, shmall] */
#define KSHM_WHY_SHMMNI		12	/* above shmmni [number, shmmni] */
#define KSHM_WHY_SIZE_FILE	13	/* above largest file [size, largest] */
#define KSHM_WHY_SIZE_EXISTING	14	/* segment too small [size, its size] */
#define KSHM_WHY_EXISTS		15	/* key is taken [key, id that has it] */
#define KSHM_WHY_NO_KEY		16	/* no segment has the key [key] */
#define KSHM_WHY_NO_ID		17	/* no such id or index [id or index] */
#define KSHM_WHY_STALE_ID	18	/* id is gone [id, id at its index] */
#define KSHM_WHY_REMOVED	19	/* removed [id; SET, RMID, GROW only] */
#define KSHM_WHY_ACCESS		20	/* no permission [needed, granted] */
#define KSHM_WHY_NOT_OWNER	21	/* not owner, creator or privileged */
#define KSHM_WHY_NO_USER	22	/* not in the user namespace [uid] */
#define KSHM_WHY_NO_GROUP	23	/* not in the user namespace [gid] */
#define KSHM_WHY_ADDR_ALIGN	24	/* not aligned [address, alignment] */
#define KSHM_WHY_ADDR_NONE	25	/* REMAP without an address */
#define KSHM_WHY_ADDR_TAKEN	26	/* address is taken [address, length] */
#define KSHM_WHY_ADDR_WRAPS	27	/* end wraps around [address, length] */
#define KSHM_WHY_ADDR_LOW	28	/* too low, or mseal()ed [address] */
#define KSHM_WHY_ADDR_ANSWER	29	/* struct would be replaced [address] */
#define KSHM_WHY_NOT_ATTACHED	30	/* nothing attached there [address] */
#define KSHM_WHY_MEMLOCK	31	/* above RLIMIT_MEMLOCK [pages, limit] */
#define KSHM_WHY_ADDRESS_SPACE	32	/* above RLIMIT_AS [pages, limit] */
#define KSHM_WHY_MEMORY		33	/* no memory, or no address space */
#define KSHM_WHY_FILES		34	/* the system has no file left */
#define KSHM_WHY_SIGNAL		35	/* a signal came */
#define KSHM_WHY_NAME		36	/* invalid name [length, 255] */
#define KSHM_WHY_SMALLER	37	/* GROW can't shrink [size, its size] */
#define KSHM_WHY_LOCKED		38	/* pages are locked [how many] */
#define KSHM_WHY_FILE_LIMIT	39	/* above RLIMIT_FSIZE [size, limit] */
#define KSHM_WHY_UNIQUE		40	/* no unique id left [1, all of them] */
#define KSHM_WHY_NO_NAME	41	/* no object or segment has the name */
#define KSHM_WHY_NAME_TAKEN	42	/* the name is taken */
#define KSHM_WHY_OBJECT_ACCESS	43	/* no permission [mode of the object] */
#define KSHM_WHY_DESCRIPTORS	44	/* the process has no descriptor left */
#define KSHM_WHY_ROOM		45	/* list too long [room, most] */
#define KSHM_WHY_OBJECT_FLAGS	46	/* append-only or immutable object */
#define KSHM_WHY_SHARE		47	/* above the share [number, share] */
#define KSHM_WHY_RESERVE	48	/* reserve [number, all but the reserve] */
#define KSHM_WHY_EXECUTE	49	/* writable memory may not be executed */
#define KSHM_WHY_SMALL_PAGES	50	/* no failure: small pages [size, least] */
#define KSHM_WHY_HUGETLB	51	/* a segment of HUGETLB can't do that */
#define KSHM_WHY_HUGETLB_SIZE	52	/* no such huge pages [power of 2] */
#define KSHM_WHY_HUGETLB_GROUP	53	/* vm.hugetlb_shm_group, CAP_IPC_LOCK */
#define KSHM_WHY_HUGETLB_POOL	54	/* too few set aside [size, of a page] */

/**
 * struct kshm_explain - run another command, and learn why it failed
 * @arg:	in: address of that command's struct
 * @cmd:	in: that command's number, as for ioctl()
 * @error:	out: 0, or the errno of that command
 * @reason:	out: KSHM_WHY_*; 0 if there is no reason. If the command did not fail,
 *		it is 0, or %KSHM_WHY_SMALL_PAGES
 * @reserved:	in: 0
 * @asked:	out: what was asked for, depending on @reason; else 0
 * @limit:	out: what there is, depending on @reason; else 0
 *
 * The command runs once. It has the same effect and the same errors as an
 * ioctl of its own, and its own struct holds its results. Its failure is no
 * failure of EXPLAIN. A program that wants to know reasons can give all
 * commands this way; it cannot ask afterwards.
 *
 * Errors of EXPLAIN itself. The command has done nothing:
 *
 * - EINVAL: @cmd is EXPLAIN itself.
 * - EFAULT: this struct cannot be read or written. There is one exception: the
 *   command was run if the struct became unwritable during the call.
 * - EINTR: the command was OPEN, and a signal ended its wait for a lease.
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

/* struct kshm_open.flags */
#define KSHM_OPEN_RDONLY	(1U << 0)
#define KSHM_OPEN_CLOEXEC	(1U << 1)
#define KSHM_OPEN_CREAT		(1U << 2)
#define KSHM_OPEN_EXCL		(1U << 3)
#define KSHM_OPEN_TRUNC		(1U << 4)
#define KSHM_OPEN_WRONLY	(1U << 5)
#define KSHM_OPEN_SEALABLE	(1U << 6)
#define KSHM_OPEN_APPEND	(1U << 7)
#define KSHM_OPEN_HUGE		(1U << 8)

/**
 * struct kshm_open - open a named object, or create one
 * @name:	in: address of the name; it needs no 0 at its end
 * @name_len:	in: length of the name: 1 to 255 bytes, of which none is 0 or
 *		'/'
 * @flags:	in: KSHM_OPEN_*
 * @mode:	in: permission bits of a new object; the umask is taken off
 * @fd:		out: a descriptor, the lowest that is free
 *
 * KSHM_IOC_OPEN does what shm_open(3) does. The object belongs to the caller's
 * IPC namespace. It is a file in memory whose size is 0 at first: fstat(),
 * ftruncate(), fchmod(), mmap() and all other calls do what they do in
 * /dev/shm. The descriptor remains valid after the object is unlinked, and
 * after the namespace has ended.
 *
 * %KSHM_OPEN_RDONLY, %KSHM_OPEN_WRONLY
 *   Open for reading only, or for writing only. With neither flag the object
 *   is opened for both.
 * %KSHM_OPEN_CLOEXEC
 *   Close the descriptor on exec.
 * %KSHM_OPEN_CREAT
 *   Create the object if no object has the name. Its mode does not restrict
 *   the descriptor of the call that creates it.
 * %KSHM_OPEN_EXCL
 *   With CREAT: fail with EEXIST if an object has the name.
 * %KSHM_OPEN_TRUNC
 *   Set the size of an existing object to 0.
 * %KSHM_OPEN_SEALABLE
 *   Allow F_ADD_SEALS for a new object.
 * %KSHM_OPEN_APPEND
 *   Write at the end, as O_APPEND of open(2) does. An append-only object can
 *   be opened for writing in this way only.
 * %KSHM_OPEN_HUGE
 *   Give a new object huge pages, as %KSHM_GET_HUGE does for a segment. All
 *   such objects of a namespace share a limit of their own, which is as large
 *   as that of the others.
 *
 * Errors:
 *
 * - EINVAL: RDONLY and WRONLY are both set, or @mode has other bits than the
 *   twelve of a file.
 * - ENAMETOOLONG: @name_len is above 255.
 * - EFAULT: the name cannot be read.
 * - EINVAL: the name is empty, or contains a 0 or a '/'.
 * - EMFILE: RLIMIT_NOFILE is reached.
 * - ENOENT: no object has the name, and CREAT is not set.
 * - EEXIST: an object has the name, and CREAT and EXCL are set.
 * - EPERM: the object's file is immutable, and the access or TRUNC needs w.
 * - EACCES: the object's mode does not grant the access; TRUNC needs w.
 * - EPERM: the object's file is append-only, and it would be truncated, or
 *   opened for writing without APPEND.
 * - ENFILE: the system has no file left (fs.file-max), or no device number for
 *   the file system of the namespace's objects.
 * - ETXTBSY: a program runs from the object's file, and the access or TRUNC needs
 *   w.
 * - EINTR: the process is being killed, or a signal came while the holder of a
 *   lease (F_SETLEASE of fcntl(2)) was asked to give it up, as for open(2).
 * - EPERM: TRUNC is set, and the object is sealed against it.
 * - ENOSPC: there are shmmni objects already, or the caller's user has its
 *   share of them, or the others are a reserve for CAP_SYS_RESOURCE.
 * - ENOMEM: there is not enough memory.
 */
struct kshm_open {
	__u64 name;
	__u32 name_len;
	__u32 flags;
	__u32 mode;
	__s32 fd;
};

/**
 * struct kshm_unlink - remove the name of an object
 * @name:	in: as in &struct kshm_open
 * @name_len:	in: as in &struct kshm_open
 * @flags:	in: 0
 *
 * KSHM_IOC_UNLINK does what shm_unlink(3) does. The name is free at once.
 * Descriptors and mappings remain valid, and the memory is freed with the last
 * of them. The owner of the object, a caller with CAP_FOWNER, and root of the
 * user namespace that owns the IPC namespace may unlink it. This is the rule of
 * a sticky directory that belongs to that root.
 *
 * Errors:
 *
 * - ENAMETOOLONG: @name_len is above 255.
 * - EFAULT: the name cannot be read.
 * - EINVAL: the name is empty, or contains a 0 or a '/'.
 * - ENOENT: no object has the name.
 * - EPERM: the caller is not the owner of the object, lacks CAP_FOWNER, and is
 *   not root of the user namespace that owns the IPC namespace.
 * - EPERM: the object's file is append-only or immutable.
 * - EINTR: the process is being killed.
 */
struct kshm_unlink {
	__u64 name;
	__u32 name_len;
	__u32 flags;
};

/* struct kshm_fd.flags */
#define KSHM_FD_RDONLY		(1U << 0)
#define KSHM_FD_CLOEXEC		(1U << 1)

/**
 * struct kshm_fd - get a file descriptor of a segment
 * @id:		in: the segment
 * @flags:	in: KSHM_FD_*
 * @fd:		out: the descriptor
 * @reserved:	in: 0
 *
 * The descriptor can be mapped (with MAP_SHARED; each mapping is an attach),
 * passed to another process and polled: POLLPRI means that the segment is
 * marked for removal, POLLRDHUP that no process has it attached, POLLHUP that
 * it has ended and cannot be mapped any more. The descriptor itself is no
 * attach.
 *
 * Permission is checked by this command only: r, and w unless RDONLY is set.
 *
 * %KSHM_FD_RDONLY
 *   Mappings of the descriptor can never become writable.
 * %KSHM_FD_CLOEXEC
 *   Close the descriptor on exec.
 *
 * Errors:
 *
 * - EMFILE: RLIMIT_NOFILE is reached.
 * - EINVAL: there is no such id.
 * - EIDRM: the segment was removed during the call.
 * - EACCES: no permission.
 * - EINVAL: the segment has pages of HUGETLB.
 * - ENFILE: the system has no file left.
 * - ENOMEM: there is not enough memory.
 */
struct kshm_fd {
	__s32 id;
	__u32 flags;
	__s32 fd;
	__u32 reserved;
};

/* struct kshm_attacher.prot */
#define KSHM_PROT_READ		(1U << 0)
#define KSHM_PROT_WRITE		(1U << 1)
#define KSHM_PROT_EXEC		(1U << 2)

/**
 * struct kshm_attacher - one mapping of a segment, in the list of WHO
 * @pid:	the process that has the mapping. It is 0 if the caller's pid
 *		namespace does not know that process, and for the moment in
 *		which a process is created or ends
 * @prot:	KSHM_PROT_*: what the mapping allows
 * @addr:	the address of the mapping; 0 if the caller may not look into
 *		the process
 * @length:	its length in bytes, whole pages
 * @offset:	where in the segment it begins, in bytes
 *
 * If several processes share an address space (vfork(2), CLONE_VM), the
 * mapping is listed once, with the pid of one of them.
 */
struct kshm_attacher {
	__s32 pid;
	__u32 prot;
	__u64 addr;
	__u64 length;
	__u64 offset;
};

/* Largest struct kshm_who.room */
#define KSHM_WHO_ROOM_MAX	65536

/**
 * struct kshm_who - list the mappings of a segment
 * @id:		in: the segment
 * @flags:	in: 0
 * @list:	in: address of an array of &struct kshm_attacher
 * @room:	in: number of elements of that array, at most
 *		%KSHM_WHO_ROOM_MAX; 0 only counts the mappings
 * @count:	out: number of mappings; as many as fit are in @list, in no
 *		order
 *
 * KSHM_IOC_WHO takes r permission, or the right to change the segment. @count
 * can be lower than nattch, which also counts an attach, fork or detach in
 * progress. Process ids are reported even if /proc hides other users' processes
 * (hidepid): STAT reports cpid and lpid to the same callers.
 *
 * Errors:
 *
 * - EINVAL: @room is above %KSHM_WHO_ROOM_MAX.
 * - EINVAL: there is no such id.
 * - EIDRM: the segment was removed during the call.
 * - EACCES: no permission.
 * - ENOMEM: no memory for the list.
 * - EFAULT: @list cannot be written.
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
