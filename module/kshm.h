/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kshm: the map of the module.
 *
 * Who points to whom, and who counts:
 *
 *	IPC namespace          registry ----- id, key, name tables ---> segment
 *	     |                 ^      ^                                 ^  |   |
 *	  its mqueue mount     |      +---------------------------------+  |   |
 *	     |   root inode    | counted                         counted |  |   |
 *	     +------ mark -----+                                        |  |   |
 *	                                                                |  |   |
 *	VMA --vm_file--> attach file --private_data---------------------+  |   |
 *	                      ^   ^                                        |   |
 *	descriptor -----------|---+                                        |   |
 *	                      |                                            |   |
 *	                      +---------- idle[], one for each mode -------+   |
 *	                      |                                                |
 *	                      +--- same inode, same pages ---> backing file <--+
 *
 * - A registry is counted by its namespace's mark and by each segment in it. The
 *   end of the namespace takes the mark away; the last segment frees the
 *   registry. An open listing keeps the namespace from ending.
 * - A segment is counted by the registry that lists it and by each attach file.
 *   It pins its registry, its backing file and the module.
 * - An attach file is the vm_file of one attach, never of two at a time (the
 *   kernel merges VMAs that share a file). The segment keeps one idle file for
 *   each access mode, and lends it while nobody maps it; that makes a circle,
 *   which the end of the segment breaks.
 * - nattch counts the VMAs of a segment, and what is under way to attach or to
 *   grow it.
 * - A descriptor of the device lists the segments that go with it, uncounted:
 *   the end of a segment takes it off that list.
 * - A descriptor that FD gave has an attach file of its own, which is never lent,
 *   and which all of its mappings share. It keeps the segment's struct, its inode
 *   and the module, but it is not an attach: a segment that has only descriptors
 *   left ends like any other, and its pages go.
 *
 * Named objects are another world, and simpler:
 *
 *	registry -- names --> object --path--> inode of a shmem file <-- open files
 *
 * - An object is a name and a path. It pins the module and its inode, and ends
 *   when it is unlinked or its namespace ends. Open files and VMAs are the
 *   kernel's own, and hold nothing but the inode.
 *
 * A segment's life:
 *
 *	1. kshm_segment_new() builds it: nobody else can see it.
 *	2. kshm_registry_add() publishes it, complete.
 *	3. Marked for removal (->dest): its key or name is free, its id goes on.
 *	4. Whoever finds nattch 0 and the mark, under its lock, sets ->dead: once,
 *	   and for good. Others that find it dead act as if it were gone. One that
 *	   goes with its last detach needs no mark; dead, it still has its key
 *	   or name.
 *	5. That one takes it out of the registry and drops its idle files.
 *	6. The last attach file lets go; memory is freed; after RCU the struct.
 *
 * Lock order:
 *
 *	inode->i_rwsem -> mmap_lock -> registry->lock (mutex)
 *		registry->lock -> segment->lock (spinlock)
 *		registry->lock -> unique_lock (mutex), in registry.c
 *		registry->lock -> owned_lock (spinlock), in owner.c
 *		registry->lock -> i_mmap_rwsem of the inode -> RCU
 *
 *	registry->objects_lock (mutex) -> RCU
 *
 * Innermost are the spinlocks of errands: a reason is noted under any lock.
 *
 * VMAs are opened and closed under mmap_lock, so whoever holds one of the other
 * locks may neither touch user memory nor call vm_mmap() or vm_munmap(). Finding
 * a segment takes RCU and its lock only; so do opening, closing and faulting a
 * VMA, except for the close that ends a segment. WHO takes the segment's lock to
 * find it, and lets go before i_mmap_rwsem; the end of a segment that has
 * descriptors takes that to free the pages, inside of all but the spinlock.
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
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

/*
 * An id is seq << KSHM_INDEX_BITS | index, never negative. The upper half of the
 * sequence numbers is for segments whose id no other namespace has: each of these
 * numbers is given to one segment at a time.
 */
#define KSHM_INDEX_BITS		15
#define KSHM_INDEX_MAX		0x8000
#define KSHM_SEQ_UNIQUE		0x8000
#define KSHM_SEQ_MAX		(INT_MAX >> KSHM_INDEX_BITS)

/* What the mode shows besides permissions, in listings. */
#define KSHM_MODE_DEST		01000
#define KSHM_MODE_LOCKED	02000

/**
 * struct kshm_registry - the segments of one IPC namespace
 * @ref:	see the map above
 * @ns:		the namespace, an identity only: never followed through here
 * @root:	root inode of its mqueue mount, which @mark pins; with @ns the
 *		key, because the address of a dead namespace is soon used again
 * @mark:	tells when the namespace ends
 * @link:	in the table of ns.c
 * @rcu:	that table is read under RCU
 * @lock:	for whoever adds to, or takes from, what follows
 * @ids:	index -> segment, read under RCU
 * @keys:	key -> segment that has it and is not marked, read under RCU
 * @names:	the same for names
 * @used:	segments in @ids
 * @max_index:	highest index in @ids, -1 for none
 * @last_index:	index that was given last
 * @seq:	sequence number that goes into the next id, below KSHM_SEQ_UNIQUE
 * @pages:	sum of all segments' pages
 * @objects_lock: for the named objects
 * @objects:	named objects, by name
 * @object_count: how many there are
 *
 * @used, @max_index and @pages are written under @lock, and read anywhere.
 */
struct kshm_registry {
	struct kref		ref;
	struct ipc_namespace	*ns;
	struct inode		*root;
	struct fsnotify_mark	mark;
	struct hlist_node	link;
	struct rcu_head		rcu;

	struct mutex		lock;	/* guards these */
	struct idr		ids;
	struct rhashtable	keys;
	struct rhashtable	names;
	unsigned int		used;
	int			max_index;
	int			last_index;
	unsigned int		seq;
	unsigned long		pages;

	struct mutex		objects_lock;	/* guards all below */
	struct rb_root		objects;
	unsigned int		object_count;
};

/**
 * struct kshm_object - a named object
 * @node:	in registry->objects
 * @path:	its file, counted; owner, mode, size and times are that inode's
 * @cuid:	creator
 * @cgid:	creator's group
 * @cpid:	creator's process; counted
 * @name:	its name
 */
struct kshm_object {
	struct rb_node		node;
	struct path		path;
	kuid_t			cuid;
	kgid_t			cgid;
	struct pid		*cpid;
	char			name[];
};

/* Attach files differ in what they allow. */
enum kshm_access {
	KSHM_READ,
	KSHM_READ_WRITE,
	KSHM_ACCESS_MODES
};

/**
 * struct kshm_segment - one segment; twin of struct shmid_kernel
 * @ref:	see the map above
 * @lifetime:	KSHM_GET_OWNED, KSHM_GET_TRANSIENT, KSHM_GET_UNIQUE
 * @rcu:	freed after RCU, because the tables are read under it
 * @registry:	where it is listed; counted
 * @file:	its pages: an unlinked shmem file; counted
 * @inode:	that file's; as long as the segment under RCU, unlike the file
 * @inner_ops:	that file's own vm_ops, once it was mapped; never changes
 * @id:		its id, from kshm_registry_add() on
 * @name_key:	the key that it was created with, which its files are named after
 * @cuid:	creator
 * @cgid:	creator's group
 * @cpid:	creator's process; counted
 * @owned:	in the list of the descriptor that it goes with; see owner.c
 * @node:	in registry->keys, or in registry->names if it has a name
 *
 * @lock:	protects what follows
 * @dead:	its end has begun; set once
 * @dest:	marked for removal
 * @hashed:	its key or name finds it
 * @key:	its key; IPC_PRIVATE once it is marked
 * @mode:	nine permission bits
 * @uid:	owner
 * @gid:	owner's group
 * @size:	bytes; changes under the inode's lock besides
 * @pages:	@size in pages, rounded up; changes under the registry's lock besides
 * @generation:	how often it has grown
 * @nattch:	VMAs, and attaches and growing under way
 * @atime:	last attach, seconds of CLOCK_REALTIME
 * @dtime:	last detach
 * @ctime:	last change
 * @lpid:	process of the last attach or detach; counted; NULL: never yet
 * @locker:	who locked it, and is charged for it; counted; NULL: not locked
 * @locked:	pages charged to @locker
 * @idle:	attach files at hand, one for each access mode; counted
 * @watchers:	who polls a descriptor; woken when one of @dead, @dest and
 *		"nobody has it attached" becomes true
 *
 * @name:	its name, empty for none; never changes
 *
 * Without a name it takes 249 bytes where pointers have 8, and 256 are the next
 * size that is allocated.
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
	key_t			name_key;
	kuid_t			cuid;
	kgid_t			cgid;
	struct pid		*cpid;
	struct list_head	owned;
	struct rhash_head	node;

	spinlock_t		lock;	/* guards all below */
	bool			dead;
	bool			dest;
	bool			hashed;
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
	struct file		*idle[KSHM_ACCESS_MODES];
	wait_queue_head_t	watchers;

	char			name[];
};

/**
 * struct kshm_limits - limits of the caller's IPC namespace
 * @shmmax:	bytes in a segment
 * @shmall:	pages in all segments
 * @shmmni:	segments
 */
struct kshm_limits {
	size_t		shmmax;
	size_t		shmall;
	unsigned int	shmmni;
};

/**
 * struct kshm_errand - what a thread is about; see errand.c
 * @link:	in the list of its kind
 * @task:	the thread
 */
struct kshm_errand {
	struct list_head	link;
	struct task_struct	*task;
};

/**
 * struct kshm_errands - all errands of a kind
 * @lock:	protects @list; innermost
 * @list:	of struct kshm_errand; a thread has one of a kind at most
 */
struct kshm_errands {
	spinlock_t		lock;	/* guards all below */
	struct list_head	list;
};

/**
 * struct kshm_question - a thread asks why its command will fail
 * @errand:	in kshm_questions
 * @err:	negative errno that what follows is the reason of, 0 for none
 * @reason:	KSHM_WHY_*
 * @asked:	what was asked for
 * @limit:	what there is
 * @keep:	where the answer will be written to
 * @keep_len:	bytes there
 */
struct kshm_question {
	struct kshm_errand	errand;
	int			err;
	u32			reason;
	u64			asked;
	u64			limit;
	unsigned long		keep;
	unsigned long		keep_len;
};

/* main.c */
void kshm_default_limits(struct kshm_limits *limits);

/* dev.c */
int kshm_dev_init(void);
void kshm_dev_exit(void);

/* get.c */
int kshm_get(struct kshm_get *get, const char *name, struct file *owner);

/* owner.c */
int kshm_owner_add(struct file *owner, struct kshm_segment *segment);
void kshm_owner_forget(struct kshm_segment *segment);
void kshm_owner_release(struct file *owner);

/* registry.c */
struct kshm_registry *kshm_registry_new(void);
void kshm_registry_put(struct kshm_registry *registry);
int kshm_registry_room(struct kshm_registry *registry, unsigned long pages,
		       const struct kshm_limits *limits);
int kshm_registry_add(struct kshm_segment *segment,
		      const struct kshm_limits *limits);
void kshm_registry_hide(struct kshm_segment *segment);
void kshm_registry_remove(struct kshm_segment *segment);
void kshm_registry_drain(struct kshm_registry *registry);
struct kshm_segment *kshm_registry_find_id(struct kshm_registry *registry,
					   int id);
struct kshm_segment *kshm_registry_find_index(struct kshm_registry *registry,
					      int id);
struct kshm_segment *kshm_registry_find_key(struct kshm_registry *registry,
					    key_t key);
struct kshm_segment *kshm_registry_next(struct kshm_registry *registry,
					int *index);
void kshm_registry_usage(struct kshm_registry *registry, u64 *rss, u64 *swp);

/* names.c */
int kshm_names_init(struct rhashtable *names);
int kshm_names_insert(struct rhashtable *names, struct kshm_segment *segment);
void kshm_names_remove(struct rhashtable *names, struct kshm_segment *segment);
struct kshm_segment *kshm_names_find(struct rhashtable *names, const char *name);

/* segment.c */
struct kshm_segment *kshm_segment_new(struct kshm_registry *registry,
				      const struct kshm_get *get,
				      const char *name);
void kshm_segment_put(struct kshm_segment *segment);
void kshm_segment_drop(struct kshm_segment *segment);
bool kshm_segment_mark(struct kshm_segment *segment);
void kshm_segment_remove(struct kshm_segment *segment);
int kshm_segment_open(struct kshm_segment *segment);
void kshm_segment_close(struct kshm_segment *segment);
void kshm_segment_unpin(struct kshm_segment *segment);
void kshm_segment_usage(struct kshm_segment *segment, u64 *rss, u64 *swp);

/* perm.c */
struct user_namespace *kshm_user_ns(void);
bool kshm_may_access(struct kshm_segment *segment, umode_t wanted);
bool kshm_is_owner(struct kshm_segment *segment);
bool kshm_may_change(struct kshm_segment *segment);
int kshm_set_owner(struct kshm_segment *segment, const struct kshm_set *set);

/* attach.c */
int kshm_attach(struct kshm_attach *attach, unsigned long keep,
		unsigned long keep_len);

/* detach.c */
int kshm_detach(unsigned long addr);
int kshm_guard_area(struct file *file, unsigned long addr, unsigned long len,
		    unsigned long pgoff);
bool kshm_guard_hit(struct vm_area_struct *vma);
bool kshm_guard_works(void);
void kshm_guard_init(void);

/* vma.c */
extern const struct vm_operations_struct kshm_vm_ops;
struct file *kshm_attach_file_new(struct kshm_segment *segment,
				  enum kshm_access access);
struct kshm_segment *kshm_vma_segment(const struct vm_area_struct *vma);
void kshm_attach_file_tune(struct file *file, unsigned int flags);
void kshm_vma_populate(struct file *file, unsigned long addr);

/* fd.c */
int kshm_fd_check(const struct kshm_fd *fd);
struct file *kshm_fd(const struct kshm_fd *fd);
void kshm_fd_rule_inode(struct inode *inode);
void kshm_fd_give_back_inode(struct inode *inode);
bool kshm_fd_was_given(const struct kshm_segment *segment);
__poll_t kshm_fd_poll(struct file *file, struct poll_table_struct *table);
void kshm_fd_show(struct seq_file *seq, struct file *file);

/* who.c */
int kshm_who(struct kshm_who *who, struct kshm_attacher **list);

/* ctl.c */
int kshm_info(struct kshm_info *info);
int kshm_stat(struct kshm_stat *stat);
int kshm_set(struct kshm_set *set);
int kshm_rmid(struct kshm_rmid *rmid);

/* mlock.c */
int kshm_lock(struct kshm_lock *lock);
void kshm_mlock_release(struct kshm_segment *segment);

/* grow.c */
int kshm_grow(struct kshm_grow *grow);

/* posix.c */
int kshm_open_check(const struct kshm_open *open);
struct file *kshm_open(const char *name, const struct kshm_open *open);
int kshm_unlink(const char *name, const struct kshm_unlink *unlink);
struct kshm_object *kshm_objects_from(struct kshm_registry *registry,
				      unsigned int place);
struct kshm_object *kshm_objects_next(struct kshm_object *object);
void kshm_objects_drain(struct kshm_registry *registry);

/* ns.c */
int kshm_ns_init(void);
void kshm_ns_exit(void);
struct kshm_registry *kshm_ns_registry(void);
void kshm_ns_sweep(void);
struct ipc_namespace *kshm_ns_get(void);
void kshm_ns_put(struct ipc_namespace *ns);
void kshm_ns_limits(struct kshm_limits *limits);

/* proc.c */
int kshm_proc_init(void);
void kshm_proc_exit(void);

/* why.c */
extern struct kshm_errands kshm_questions;
void kshm_note(int err, u32 reason, u64 asked, u64 limit);
void kshm_question_begin(struct kshm_question *question, unsigned long keep,
			 unsigned long keep_len);
void kshm_question_end(struct kshm_question *question, int err,
		       struct kshm_explain *explain);
bool kshm_question_overlaps(unsigned long addr, unsigned long size);
int kshm_why_not_mapped(int err, unsigned long addr, unsigned long size);

/* errand.c */
void kshm_errand_begin(struct kshm_errands *errands, struct kshm_errand *errand);
void kshm_errand_end(struct kshm_errands *errands, struct kshm_errand *errand);
struct kshm_errand *kshm_errand_mine(struct kshm_errands *errands);

static inline bool kshm_anybody_asks(void)
{
	return !list_empty(&kshm_questions.list);
}

/**
 * kshm_because() - give the reason of an error
 * @err:	negative errno
 * @reason:	KSHM_WHY_*
 * @asked:	what was asked for, as the reason has it
 * @limit:	what there is
 *
 * For where something is refused, never on a good path. Any lock may be held.
 *
 * Return: @err.
 */
static inline int kshm_because(int err, u32 reason, u64 asked, u64 limit)
{
	if (unlikely(kshm_anybody_asks()))
		kshm_note(err, reason, asked, limit);
	return err;
}

/**
 * kshm_check_flags() - the rules for flags and reserved words
 * @flags:	of a command
 * @known:	those that it knows
 * @reserved:	what has to be 0; 0 where it has nothing of that kind
 *
 * Return: 0; -EINVAL.
 */
static inline int kshm_check_flags(u32 flags, u32 known, u64 reserved)
{
	if (flags & ~known)
		return kshm_because(-EINVAL, KSHM_WHY_FLAGS, flags & ~known,
				    known);
	if (reserved)
		return kshm_because(-EINVAL, KSHM_WHY_RESERVED, reserved, 0);
	return 0;
}

/**
 * kshm_overlaps() - do pages from an address on have memory that is to be kept?
 * @addr:	page aligned
 * @size:	bytes
 * @keep:	where that memory begins
 * @keep_len:	its bytes, 0 for none
 *
 * Return: yes or no.
 */
static inline bool kshm_overlaps(unsigned long addr, unsigned long size,
				 unsigned long keep, unsigned long keep_len)
{
	return addr < keep + keep_len &&
	       (keep < addr || keep - addr < PAGE_ALIGN(size));
}

/**
 * kshm_segment_locked() - do something with a segment that is alive
 * @segment:	as one of the find functions gave it, NULL included
 * @body:	what to do, under the segment's lock; not to sleep
 * @arg:	passed to @body
 *
 * Wants RCU since before the segment was found. Inline, so that @body is
 * a direct call.
 *
 * Return: what @body says; -EINVAL for NULL, -EIDRM where the segment died
 * after it was found.
 */
static __always_inline int
kshm_segment_locked(struct kshm_segment *segment,
		    int (*body)(struct kshm_segment *segment, void *arg),
		    void *arg)
{
	int err = -EIDRM;

	if (!segment)
		return -EINVAL;

	spin_lock(&segment->lock);
	if (!segment->dead)
		err = body(segment, arg);
	spin_unlock(&segment->lock);
	return err;
}

/**
 * kshm_with_id() - do something with a segment of the caller's namespace
 * @id:		its id
 * @body:	as kshm_segment_locked() has it
 * @arg:	passed to @body
 *
 * Takes RCU and the segment's lock.
 *
 * Return: what kshm_segment_locked() returns; -ENOMEM.
 */
static __always_inline int
kshm_with_id(int id, int (*body)(struct kshm_segment *segment, void *arg),
	     void *arg)
{
	struct kshm_registry *registry = kshm_ns_registry();
	int err;

	if (IS_ERR(registry))
		return PTR_ERR(registry);
	rcu_read_lock();
	err = kshm_segment_locked(kshm_registry_find_id(registry, id), body, arg);
	rcu_read_unlock();
	return err;
}

#endif /* _KSHM_H */
