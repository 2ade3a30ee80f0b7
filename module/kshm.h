/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kshm: the map of the module.
 *
 * An arrow is a pointer that holds a reference, with two exceptions. The tables hold
 * one for all of a segment's entries. And the arrow from the attach file to the
 * backing file is no pointer: both have the same inode, and so the same pages.
 *
 *	                       registry ----- id, key, name tables ---> segment
 *	                       ^      ^                                 |  ^  |  |
 *	                       |      +---------------------------------+  |  |  |
 *	                     mark                                          |  |  |
 *	                       |                                           |  |  |
 *	                       v                                           |  |  |
 *	mqueue mount ---> root inode                                       |  |  |
 *	                                                                   |  |  |
 *	VMA --vm_file--> attach file --private_data------------------------+  |  |
 *	                      ^ ^ :                                           |  |
 *	FD's descriptor ------+ | :                                           |  |
 *	                        | :                                           |  |
 *	                        +-:---- pool[], one per access mode ----------+  |
 *	                          :                                              |
 *	                          +... same inode, same pages ...> backing file <+
 *
 * - A registry holds the segments of one IPC namespace, which has the mqueue mount. Its
 *   fsnotify mark (see ns.c; it has nothing to do with marking a segment, below) and
 *   each segment count it.
 *   The end of the namespace removes the mark; the last reference frees the
 *   registry. An open listing keeps the namespace alive.
 * - The registry and each attach file count a segment. A segment pins its
 *   registry, its backing file and the module.
 * - An attach file is the vm_file of one attach and is never shared by two,
 *   because the kernel merges VMAs that share a file. The segment keeps a few files
 *   per access mode in a pool, and lends each of them while nobody maps it. That
 *   makes a cycle of references; destroying the segment breaks it.
 * - nattch counts the VMAs of a segment, and attaches and GROWs in progress.
 * - A descriptor of the device lists the segments that it owns, without counting
 *   them. Destroying a segment unlinks it from that list.
 * - A descriptor made by FD has an attach file of its own. That file is never
 *   lent, and all mappings of the descriptor share it. It keeps the segment's
 *   struct, the inode and the module, but it is no attach: a segment that has
 *   descriptors and no attach dies like any other, and its pages are freed.
 *
 * Named objects (OPEN, UNLINK) are simpler:
 *
 *	registry -- names --> object --path--> inode of a shmem file <-- open files
 *	   |                            |                                    |
 *	   +----- objects_mnt ----------+--> tmpfs of the namespace <--------+
 *
 * - An entry of the table is a name and a path. It pins the module and its inode,
 *   until it is unlinked or its namespace ends. Open files and VMAs of the object
 *   are the kernel's own. They hold the inode and the tmpfs, and nothing of the
 *   module.
 *
 * A segment's life, one verb for each step:
 *
 *	build	 kshm_segment_new()	 nobody else can see it
 *	publish	 kshm_registry_publish() its id, key and name lead to it
 *	mark	 kshm_segment_mark()	 removal was requested: ->dest is set, key and
 *					 name are unhashed, the id still works
 *	die	 segment_dies()		 ->dead is set, once and for good, under the
 *					 segment's lock: it is marked, and nattch
 *					 is 0. A transient segment needs no mark; it
 *					 dies with its last detach and keeps its key
 *					 or name until it is removed.
 *	remove	 kshm_registry_remove()	 the id leads to it no more
 *	destroy	 kshm_segment_destroy()	 its pools are closed; if it ever had a
 *					 descriptor, their release frees its pages
 *	free	 segment_free()		 the last reference was dropped: the backing
 *					 file is closed, with its pages
 *
 * The task that sets ->dead takes the steps down to "destroy". Every other task that
 * finds the segment dead acts as if it were gone.
 *
 * Lock order:
 *
 *	inode->i_rwsem -> mmap_lock -> registry->lock (mutex)
 *		registry->lock -> segment->lock (spinlock)
 *		registry->lock -> registry_unique_lock (mutex)
 *
 *	mmap_lock -> registry_all_lock (mutex) -> registry->lock
 *
 *	registry->settle_lock (mutex) -> the ids rwsem of in-tree shm
 *
 *	mmap_lock -> guard_lock (spinlock)
 *	mmap_lock -> owner_lock, creator_lock (spinlocks)
 *
 *	segment->lock -> mlock_charge_lock (spinlock)
 *
 *	registry->objects_lock (mutex) -> RCU
 *
 *	ns_registries_lock (spinlock): no other lock of kshm is taken under it
 *
 * RCU comes after every lock for which a task sleeps, since its readers must not
 * sleep. The segment's lock, a spinlock, is taken under RCU.
 *
 * The kernel opens and closes VMAs under mmap_lock. A task that holds one of the
 * locks after it must therefore not touch user memory, nor call vm_mmap() or
 * vm_munmap(). Lookups take RCU and the segment's lock only. Opening and closing a
 * VMA takes the segment's lock only, except for the close that ends a segment. A
 * fault takes none of kshm's locks. WHO releases the segment's lock before it takes
 * i_mmap_rwsem; the release of an attach file takes i_mmap_rwsem to free the pages
 * of a segment that had descriptors.
 *
 * Calls go one way: a file calls only files that come after it in Kbuild.
 */
#ifndef _KSHM_H
#define _KSHM_H

#include "compat.h"

#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/idr.h>
#include <linux/ipc_namespace.h>
#include <linux/kref.h>
#include <linux/kshm.h>
#include <linux/lockdep.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/string_helpers.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct seq_file;

/*
 * An id is seq << KSHM_INDEX_BITS | index, and never negative. Sequence numbers
 * from KSHM_SEQ_UNIQUE on belong to segments whose id is unique in all namespaces;
 * each of these numbers is given to one segment at a time.
 */
#define KSHM_INDEX_BITS		15
#define KSHM_MAX_IDS		0x8000
#define KSHM_SEQ_UNIQUE		0x8000
/* One more than the largest sequence number that is given out. */
#define KSHM_SEQ_MAX		(INT_MAX >> KSHM_INDEX_BITS)
/*
 * While kshm_switch.ko is loaded, plain ids have the sequence numbers from here to
 * KSHM_SEQ_UNIQUE, which in-tree shm reaches after a million creations.
 */
#define KSHM_SEQ_BESIDE		0x4000

/*
 * In segment->lifetime, beside the flags of GET: the segment was created by a system
 * call. So it is in the list of the task that created it, and the sysctl
 * kernel.shm_rmid_forced is obeyed.
 */
#define KSHM_FORCIBLE		BIT(30)

/*
 * How listings and traces show a name: a blank, a backslash, and every byte that is
 * not printable ASCII are written as \ooo. So a name neither breaks a line nor reaches a
 * terminal as a control sequence. Some terminals take bytes above ASCII for control
 * characters, too. A listing also escapes a name that is just "-".
 */
#define KSHM_NAME_ESCAPE	(ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND)
#define KSHM_NAME_ESCAPED	" \\"
#define KSHM_NAME_ESCAPED_LEN	4

/* Bits beside the permission bits in a listing's mode column. */
#define KSHM_MODE_DEST		01000
#define KSHM_MODE_LOCKED	02000

/**
 * struct kshm_shares - what users have taken of something that runs out
 * @users:	uid -> how many the user has taken
 * @sum:	how many all users have taken
 *
 * Both are written under registry_unique_lock for the unique ids, and under
 * registry->objects_lock for the names of objects.
 */
struct kshm_shares {
	struct xarray	users;
	unsigned int	sum;
};

/**
 * struct kshm_registry - the segments and named objects of one IPC namespace
 * @ref:	references; see the map above
 * @all:	in the list of all registries; see registry.c
 * @ns:		the namespace; compared, and dereferenced only by registry_ns()
 * @root:	root inode of the namespace's mqueue mount, pinned by @mark; NULL for
 *		the initial namespace, which never ends. @ns and @root together are
 *		the key, since the address of a namespace is soon reused after its end
 * @ended:	the namespace ends, so @ns and @root must not be dereferenced any more
 * @settle_lock: held to wait for the last in-tree creations; see kshm_sysv_settle()
 * @settled:	for which switching-on they have ended
 * @mark:	fsnotify mark that reports the end of the namespace
 * @link:	in the hash table of ns.c
 * @end_work:	frees what the registry holds, after the end of the namespace
 * @rcu:	defers freeing, since that table is read under RCU
 * @lock:	taken to add or remove a segment
 * @ids:	index -> segment; read under RCU
 * @keys:	key -> segment that has it. It is not marked, but a transient one can
 *		be dead. Read under RCU
 * @names:	name -> segment, likewise
 * @used:	number of segments in @ids
 * @max_index:	highest index in @ids, -1 for none
 * @last_index:	index that was allocated last
 * @seq:	sequence number of plain ids, below KSHM_SEQ_UNIQUE; changes when
 *		indices wrap around
 * @pages:	sum of all segments' pages
 * @objects_lock: protects @objects and @object_shares
 * @objects:	named objects, sorted by name
 * @object_shares: how many of their names each user has taken
 * @objects_mnt: tmpfs that has their files: first of those with small pages, then of
 *		those that can have huge ones; counted. NULL before
 *		kshm_mount_get(), which sets each once, without a lock
 *
 * @used, @max_index and @pages are written under @lock, and read without it.
 */
struct kshm_registry {
	struct kref		ref;
	struct list_head	all;
	struct ipc_namespace	*ns;
	struct inode		*root;
	bool			ended;
	struct mutex		settle_lock;	/* protects @settled */
	unsigned int		settled;
	struct fsnotify_mark	mark;
	struct hlist_node	link;
	struct work_struct	end_work;
	struct rcu_head		rcu;

	struct mutex		lock;	/* protects the fields down to @pages */
	struct idr		ids;
	struct rhashtable	keys;
	struct rhashtable	names;
	unsigned int		used;
	int			max_index;
	int			last_index;
	unsigned int		seq;
	unsigned long		pages;

	struct mutex		objects_lock;	/* protects all below but @objects_mnt */
	struct rb_root		objects;
	struct kshm_shares	object_shares;
	struct vfsmount		*objects_mnt[2];
};

/**
 * struct kshm_object - a named object
 * @node:	in registry->objects
 * @path:	its file; counted. Owner, mode, size and times are the inode's
 * @cuid:	creator
 * @cgid:	creator's group
 * @cpid:	creator's process; counted
 * @payer:	user whose share of names it is taken from
 * @name:	its name
 */
struct kshm_object {
	struct rb_node		node;
	struct path		path;
	kuid_t			cuid;
	kgid_t			cgid;
	struct pid		*cpid;
	kuid_t			payer;
	char			name[];
};

/* Access modes of attach files. */
enum kshm_access {
	KSHM_READ,
	KSHM_READ_WRITE,
	KSHM_ACCESS_MODES
};

/**
 * struct kshm_segment - one segment; twin of struct shmid_kernel
 * @ref:	references; see the map above
 * @lifetime:	KSHM_GET_OWNED, KSHM_GET_TRANSIENT, KSHM_FORCIBLE; also
 *		KSHM_GET_UNIQUE, since the end of the segment gives its unique number
 *		back
 * @rcu:	defers freeing, since the tables are read under RCU
 * @registry:	the registry that lists it; counted
 * @file:	backing file, an unlinked shmem file with its pages; counted
 * @inode:	inode of @file; its memory stays until RCU frees the segment
 * @inner_ops:	vm_ops that shmem gave the first mapping; never change
 * @id:		its id, set by kshm_registry_publish()
 * @created_key: key that it was created with; never changes. registry->keys hashes by
 *		it, so that a lookup compares it without @lock
 * @cuid:	creator
 * @cgid:	creator's group
 * @cpid:	creator's process; counted
 * @owned:	in the list of the descriptor that owns it (extras/owner.c), or of the
 *		task that created it (creator.c)
 * @node:	in registry->keys, or in registry->names if it has a name
 *
 * @lock:	protects the fields below
 * @dead:	it has died; set once
 * @dest:	marked for removal (no relation to @dest of struct kshm_info)
 * @hashed:	its key or name finds it
 * @huge:	its pages can be huge; never changes
 * @key:	its key; IPC_PRIVATE if it has none, or lost it
 * @mode:	nine permission bits
 * @uid:	owner
 * @gid:	owner's group
 * @size:	bytes; written under the inode's lock as well
 * @pages:	@size in pages, rounded up; written under registry->lock as well
 * @generation:	number of times that it has grown
 * @nattch:	VMAs, and attaches and GROWs in progress
 * @atime:	last attach, seconds of CLOCK_REALTIME
 * @dtime:	last detach, likewise
 * @ctime:	creation or last SET, likewise
 * @lpid:	process of the last attach or detach; counted; NULL before the first
 * @locker:	credentials that its locked pages are charged to; counted; NULL
 *		while it is not locked
 * @locked:	pages charged to @locker
 * @pool:	first of the attach files that it keeps, per access mode; kshm_pool_next()
 *		leads to the others; counted
 * @watchers:	tasks that poll a descriptor; woken when the segment is marked, dies,
 *		or loses its last attach
 *
 * @payer:	user whose share a unique id is taken from; never changes
 * @name:	its name, empty for none; never changes
 *
 * Without a name, 253 bytes of it are used on 64 bits, with the 0 of @name. kzalloc()
 * has blocks of 256 bytes; the next larger ones have 512.
 */
struct kshm_segment {
	struct kref		ref;
	u32			lifetime;
	struct rcu_head		rcu;
	struct kshm_registry	*registry;
	struct file		*file;
	struct inode		*inode;
	const struct vm_operations_struct *inner_ops;
	int			id;
	key_t			created_key;
	kuid_t			cuid;
	kgid_t			cgid;
	struct pid		*cpid;
	struct list_head	owned;
	struct rhash_head	node;

	spinlock_t		lock;	/* protects the fields below */
	bool			dead;
	bool			dest;
	bool			hashed;
	bool			huge;
	key_t			key;
	umode_t			mode;
	kuid_t			uid;
	kgid_t			gid;
	size_t			size;
	unsigned long		pages;
	u64			generation;
	unsigned long		nattch;
	time64_t		atime;
	time64_t		dtime;
	time64_t		ctime;
	struct pid		*lpid;
	const struct cred	*locker;
	unsigned long		locked;
	struct file		*pool[KSHM_ACCESS_MODES];
	wait_queue_head_t	watchers;

	kuid_t			payer;
	char			name[];
};

/**
 * struct kshm_limits - limits of the caller's IPC namespace
 * @shmmax:	largest segment, bytes
 * @shmall:	largest sum of all segments, pages
 * @shmmni:	largest number of segments
 */
struct kshm_limits {
	size_t		shmmax;
	size_t		shmall;
	unsigned int	shmmni;
};

/**
 * struct kshm_range - a range of user memory
 * @start:	first byte
 * @len:	bytes; 0 for an empty range
 */
struct kshm_range {
	unsigned long	start;
	unsigned long	len;
};

/**
 * struct kshm_why - the reason of a refusal, for EXPLAIN
 * @err:	negative errno that the reason leads to; 0 for no reason yet
 * @reason:	KSHM_WHY_*
 * @asked:	value that was asked for, as the reason defines it
 * @limit:	value that was available, likewise
 * @result:	user memory that the reason will be written to
 */
struct kshm_why {
	int		err;
	u32		reason;
	u64		asked;
	u64		limit;
	struct kshm_range result;
};

/**
 * struct kshm_ctx - the context of one call
 * @registry:	registry of the caller's IPC namespace; NULL until
 *		kshm_ctx_registry() looks it up, which DETACH never does
 * @file:	descriptor of /dev/kshm that the call came through; NULL for a call
 *		that did not come through the device
 * @why:	receives the reason of a refusal; NULL where the caller did not ask
 * @result:	user memory that the command's struct will be written to
 * @syscall:	the call is one of System V's own, by kshm_switch.ko. So it also obeys
 *		what the device ignores: kernel.shm_rmid_forced, kernel.shm_next_id,
 *		and attaches of in-tree shm in the same address space
 *
 * dev.c or sysv.c builds it for each call and hands it down. It belongs to one task.
 * ATTACH refuses to map over @result and @why->result.
 */
struct kshm_ctx {
	struct kshm_registry	*registry;
	struct file		*file;
	struct kshm_why		*why;
	struct kshm_range	result;
	bool			syscall;
};

/**
 * struct kshm_piece - one VMA of an attach, as DETACH found it
 * @file:	its attach file
 * @start:	first byte
 * @end:	byte after the last
 * @pgoff:	offset in the segment, in pages
 * @watched:	it was registered with userfaultfd
 */
struct kshm_piece {
	struct file	*file;
	unsigned long	start;
	unsigned long	end;
	unsigned long	pgoff;
	bool		watched;
};

/* dev.c */
int kshm_dev_init(void);
void kshm_dev_exit(void);

/* extras/proc_objects.c */
int kshm_proc_objects_init(void);

/* proc.c */
int kshm_proc_init(void);
void kshm_proc_exit(void);
int kshm_proc_open(struct file *file, const struct seq_operations *ops);
int kshm_proc_release(struct inode *inode, struct file *file);
struct kshm_registry *kshm_proc_registry(const struct seq_file *seq);
struct pid_namespace *kshm_proc_pid_ns(const struct seq_file *seq);
char *kshm_proc_name(const struct seq_file *seq);
bool kshm_proc_must_pause(const struct seq_file *seq);
struct kshm_segment *kshm_proc_segment_at(const struct seq_file *seq,
					  loff_t *pos);
void kshm_proc_show_heading(struct seq_file *seq);
void kshm_proc_show_segment(struct seq_file *seq, struct kshm_segment *segment,
			    struct pid_namespace *pid_ns);

/* get.c */
int kshm_do_get(struct kshm_ctx *ctx, struct kshm_get *get, const char *name);

/* attach.c */
int kshm_do_attach(struct kshm_ctx *ctx, struct kshm_attach *attach);

/* detach.c */
void kshm_detach_init(void);
int kshm_do_detach(struct kshm_ctx *ctx, const struct kshm_detach *detach);

/* ctl.c */
int kshm_do_info(struct kshm_ctx *ctx, struct kshm_info *info);
int kshm_do_stat(struct kshm_ctx *ctx, struct kshm_stat *stat);
int kshm_do_set(struct kshm_ctx *ctx, const struct kshm_set *set);
int kshm_do_rmid(struct kshm_ctx *ctx, const struct kshm_rmid *rmid);
int kshm_do_lock(struct kshm_ctx *ctx, const struct kshm_lock *lock);

/* extras/open.c */
int kshm_open_check(struct kshm_ctx *ctx, const struct kshm_open *open);
struct file *kshm_do_open(struct kshm_ctx *ctx, const struct kshm_open *open,
			  const char *name);
int kshm_do_unlink(struct kshm_ctx *ctx, const struct kshm_unlink *unlink,
		   const char *name);

/* extras/fd.c */
int kshm_fd_check(struct kshm_ctx *ctx, const struct kshm_fd *fd);
struct file *kshm_do_fd(struct kshm_ctx *ctx, const struct kshm_fd *fd);

/* extras/who.c */
int kshm_do_who(struct kshm_ctx *ctx, struct kshm_who *who,
		struct kshm_attacher **list);

/* extras/grow.c */
int kshm_do_grow(struct kshm_ctx *ctx, struct kshm_grow *grow);

/* lookup.c */
struct kshm_registry *kshm_ctx_registry(struct kshm_ctx *ctx);
struct kshm_segment *kshm_segment_lock_id(struct kshm_ctx *ctx, int id);
struct kshm_segment *kshm_segment_lock_index(struct kshm_ctx *ctx, int id);
struct kshm_segment *kshm_segment_lock_key(struct kshm_ctx *ctx, key_t key);
struct kshm_segment *kshm_segment_lock_name(struct kshm_ctx *ctx,
					    const char *name);
struct kshm_segment *kshm_segment_lock_live(struct kshm_ctx *ctx, int id);
struct kshm_segment *kshm_segment_lock_control(struct kshm_ctx *ctx, int id);

/* perm.c */
bool kshm_may_control(const struct kshm_segment *segment);
int kshm_check_access(struct kshm_ctx *ctx, const struct kshm_segment *segment,
		      umode_t wanted);
int kshm_check_control(struct kshm_ctx *ctx,
		       const struct kshm_segment *segment);
int kshm_check_mlock(struct kshm_ctx *ctx, const struct kshm_segment *segment,
		     bool unlock);

/* ns.c */
int kshm_ns_init(void);
void kshm_ns_exit(void);
struct kshm_registry *kshm_ns_registry(void);
struct kshm_registry *kshm_ns_find_registry(struct ipc_namespace *ns);
void kshm_ns_sweep(void);
struct ipc_namespace *kshm_ns_get(void);
void kshm_ns_put(struct ipc_namespace *ns);
struct user_namespace *kshm_ns_user_ns(void);
void kshm_ns_limits(struct kshm_limits *limits);
void kshm_ns_room(const struct kshm_ctx *ctx, struct kshm_limits *limits);

/* vma.c */
extern const struct vm_operations_struct kshm_vm_ops;
extern const struct file_operations kshm_attach_file_ops;
struct kshm_segment *kshm_vma_segment(const struct vm_area_struct *vma);
int kshm_attach_file_mmap(struct file *file, struct vm_area_struct *vma);
unsigned long kshm_attach_file_area(struct file *file, unsigned long addr,
				    unsigned long len, unsigned long pgoff,
				    unsigned long flags);
long kshm_attach_file_fallocate(struct file *file, int mode, loff_t offset,
				loff_t len);
int kshm_attach_file_release(struct inode *inode, struct file *file);
struct file *kshm_attach_file_new(struct kshm_segment *segment,
				  enum kshm_access access,
				  const struct file_operations *ops);
struct file *kshm_attach_file_new_pooled(struct kshm_segment *segment,
					 enum kshm_access access);
void kshm_attach_file_set_faultaround(struct file *file, bool around);
void kshm_vma_populate(struct file *file, unsigned long addr);

/* guard.c */
extern bool kshm_guard_works;
int kshm_guard_area(struct file *file, unsigned long addr, unsigned long len,
		    unsigned long pgoff);
bool kshm_guard_hit(struct vm_area_struct *vma);
long kshm_guard_unmap(const struct kshm_piece *piece);
void kshm_guard_unwatch(const struct kshm_piece *piece);

/* segment.c */
struct kshm_segment *kshm_segment_new(struct kshm_ctx *ctx,
				      const struct kshm_get *get,
				      const char *name);
void kshm_segment_put(struct kshm_segment *segment);
void kshm_segment_destroy(struct kshm_segment *segment);
bool kshm_segment_mark(struct kshm_segment *segment);
void kshm_segment_remove(struct kshm_segment *segment);
void kshm_segment_reap(struct kshm_segment *segment);
void kshm_segment_reap_orphans(struct kshm_registry *registry);
void kshm_segment_mark_all(struct kshm_registry *registry);
void kshm_segment_keep_file(struct kshm_segment *segment,
			    enum kshm_access access, struct file *file);
int kshm_segment_open(struct kshm_segment *segment);
void kshm_segment_close(struct kshm_segment *segment);
void kshm_segment_unpin(struct kshm_segment *segment);

/* registry.c */
extern bool kshm_beside_intree;
struct kshm_registry *kshm_registry_new(void);
void kshm_registry_put(struct kshm_registry *registry);
int kshm_registry_check_shmall(struct kshm_ctx *ctx,
			       const struct kshm_registry *registry,
			       unsigned long pages,
			       const struct kshm_limits *limits);
int kshm_registry_publish(struct kshm_ctx *ctx, struct kshm_segment *segment,
			  const struct kshm_limits *limits);
void kshm_registry_unhash(struct kshm_segment *segment);
void kshm_registry_remove(struct kshm_segment *segment);
void kshm_registry_set_pages(struct kshm_segment *segment, unsigned long pages);
struct kshm_segment *kshm_registry_find_index(struct kshm_registry *registry,
					      int id);
struct kshm_segment *kshm_registry_find_key(struct kshm_registry *registry,
					    key_t key);
struct kshm_segment *kshm_registry_next(struct kshm_registry *registry,
					int *index);
void kshm_registry_usage(struct kshm_registry *registry, u64 *rss, u64 *swp);
bool kshm_registry_is_forced(const struct kshm_registry *registry);
bool kshm_registry_all_disjoint(void);
unsigned int kshm_registry_all_used(void);
size_t kshm_registry_all_list(char *buf, size_t size);

/* creator.c */
int kshm_creator_add(struct kshm_segment *segment);
void kshm_creator_unlink(struct kshm_segment *segment);
struct kshm_segment *kshm_creator_take(void);
bool kshm_creator_is_gone(const struct kshm_segment *segment);

/* extras/names.c */
int kshm_names_init(struct rhashtable *names);
int kshm_names_insert(struct rhashtable *names, struct kshm_segment *segment);
void kshm_names_remove(struct rhashtable *names, struct kshm_segment *segment);
struct kshm_segment *kshm_names_find(struct rhashtable *names, const char *name);

/* extras/objects.c */
struct kshm_object *kshm_object_new(const char *name, struct file *file);
void kshm_object_free(struct kshm_object *object);
struct kshm_object *kshm_objects_find(struct kshm_registry *registry,
				      const char *name);
void kshm_objects_insert(struct kshm_registry *registry,
			 struct kshm_object *object);
void kshm_objects_unlink(struct kshm_registry *registry,
			 struct kshm_object *object);
void kshm_objects_unlink_all(struct kshm_registry *registry);
struct kshm_object *kshm_objects_after(struct kshm_registry *registry,
				       const char *name);

/* extras/owner.c */
int kshm_owner_add(struct file *owner, struct kshm_segment *segment);
void kshm_owner_unlink(struct kshm_segment *segment);
struct kshm_segment *kshm_owner_take(struct file *owner);
void kshm_owner_free(struct file *owner);

/* extras/mount.c */
struct vfsmount *kshm_mount_get(struct kshm_registry *registry, bool huge);
void kshm_mount_put(struct kshm_registry *registry);

/* extras/shares.c */
void kshm_shares_init(struct kshm_shares *shares);
kuid_t kshm_shares_payer(void);
int kshm_shares_take(struct kshm_ctx *ctx, struct kshm_shares *shares,
		     kuid_t payer, unsigned int all,
		     struct user_namespace *user_ns);
void kshm_shares_give_back(struct kshm_shares *shares, kuid_t payer);

/* mlock.c */
int kshm_mlock(struct kshm_ctx *ctx, struct kshm_segment *segment);
void kshm_munlock(struct kshm_segment *segment);
void kshm_munlock_rescue(struct address_space *mapping);

/* backing.c */
int kshm_backing_check(void);
struct file *kshm_backing_new(key_t key, size_t size, u32 flags);
int kshm_backing_allocate(struct file *file, size_t size);
int kshm_backing_enlarge(struct file *file, loff_t size);
void kshm_backing_seal(struct inode *inode);
bool kshm_backing_is_sealed(const struct inode *inode);
void kshm_backing_empty(struct inode *inode);
void kshm_backing_release(struct inode *inode);
void kshm_backing_exit(void);
void kshm_backing_usage(const struct inode *inode, u64 *rss, u64 *swp);

/* extras/huge.c */
int kshm_huge_init(void);
void kshm_huge_exit(void);
bool kshm_huge_works(void);
bool kshm_huge_wanted(bool asked);
struct vfsmount *kshm_huge_mnt(bool asked);
bool kshm_huge_has(const struct inode *inode);
void kshm_huge_explain(struct kshm_ctx *ctx, const struct file *file, u64 size);
void kshm_huge_explain_object(struct kshm_ctx *ctx);
struct vfsmount *kshm_huge_new_mount(bool wanted);

/* extras/hugetlb.c, only if there is CONFIG_HUGETLBFS */
struct file *kshm_hugetlb_new(struct kshm_ctx *ctx, const struct kshm_get *get);
u64 kshm_hugetlb_usage(const struct inode *inode);
void kshm_hugetlb_exit(void);

/* extras/why.c */
int kshm_refuse(struct kshm_ctx *ctx, int err, u32 reason, u64 asked, u64 limit);
int kshm_refuse_flags(struct kshm_ctx *ctx, u32 unknown, u32 known,
		      u64 reserved);
int kshm_refuse_mmap(struct kshm_ctx *ctx, int err, unsigned long addr,
		     unsigned long size);
void kshm_why_fill(const struct kshm_why *why, int err,
		   struct kshm_explain *explain);

/**
 * kshm_check_flags() - refuse unknown flags and reserved words that are not 0
 * @ctx:	the call
 * @flags:	flags of the command
 * @known:	flags that the command knows
 * @reserved:	reserved word; 0 for a command that has none
 *
 * No twin: in-tree, a call ignores the flags that it does not know.
 *
 * Return: 0 or -EINVAL.
 */
static inline int kshm_check_flags(struct kshm_ctx *ctx, u32 flags, u32 known,
				   u64 reserved)
{
	if (likely(!(flags & ~known) && !reserved))
		return 0;
	return kshm_refuse_flags(ctx, flags & ~known, known, reserved);
}

/**
 * kshm_pool_next() - get the attach file that follows in a pool
 * @file:	attach file in a pool
 *
 * The files are linked by the position that read() and write() use, which takes a
 * descriptor: no file in a pool ever has one.
 *
 * Context: Caller holds the segment's lock, or the segment is being destroyed.
 *
 * No twin: in-tree, an attach makes its file, which ends with it.
 *
 * Return: the file, not counted; NULL after the last.
 */
static inline struct file *kshm_pool_next(const struct file *file)
{
	return (struct file *)(unsigned long)file->f_pos;
}

/**
 * kshm_hugetlb_has() - does a segment have pages of hugetlbfs?
 * @inode:	inode of its backing file
 *
 * Context: Any.
 *
 * No twin: in-tree looks at the file, by is_file_hugepages().
 *
 * Return: true or false.
 */
static inline bool kshm_hugetlb_has(const struct inode *inode)
{
	return IS_ENABLED(CONFIG_HUGETLBFS) &&
	       inode->i_sb->s_magic == HUGETLBFS_MAGIC;
}

/**
 * kshm_segment_unlock() - unlock a segment
 * @segment:	as a kshm_segment_lock_*() returned it
 *
 * Context: Releases the segment's lock and RCU.
 *
 * Twin of ipc_unlock_object() and rcu_read_unlock().
 */
static inline void kshm_segment_unlock(struct kshm_segment *segment)
{
	/* For sparse; see lookup.c. */
	__acquire(RCU);
	__acquire(&segment->lock);
	spin_unlock(&segment->lock);
	rcu_read_unlock();
}

/**
 * kshm_escaped_size() - bytes that an escaped name needs at most
 * @name:	the name
 *
 * No twin: System V has no names.
 *
 * Return: the number, with the 0 at its end.
 */
static inline size_t kshm_escaped_size(const char *name)
{
	return strlen(name) * KSHM_NAME_ESCAPED_LEN + 1;
}

/**
 * kshm_escape_name() - write a name as traces show it
 * @text:	has room for kshm_escaped_size() bytes
 * @name:	the name
 *
 * No twin: System V has no names.
 */
static inline void kshm_escape_name(char *text, const char *name)
{
	int len = string_escape_mem(name, strlen(name), text,
				    kshm_escaped_size(name), KSHM_NAME_ESCAPE,
				    KSHM_NAME_ESCAPED);

	text[len] = '\0';
}

#endif /* _KSHM_H */
