// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kshm/shm: the listing of segments, in the format of /proc/sysvipc/shm, so
 * that it can be mounted over that file. Twin of sysvipc_shm_proc_show() and of
 * the /proc interface in ipc/util.c.
 */
#include "kshm.h"
#include "sysv.h"

#include <linux/cred.h>
#include <linux/export.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define PROC_HEADING "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap"

/* Lines that are shown under one hold of a lock. */
#define PROC_BATCH 64

/*
 * struct proc_listing - an open listing; its namespaces are the opener's
 * @ns:		IPC namespace; counted
 * @registry:	its registry, which lives as long as @ns
 * @pid_ns:	pid namespace; counted
 * @lines:	lines that were shown
 * @name:	name of the object that was shown last; empty before the first
 *
 * One reader at a time uses the last two, since seq_file locks the file to read it.
 */
struct proc_listing {
	struct ipc_namespace	*ns;
	struct kshm_registry	*registry;
	struct pid_namespace	*pid_ns;
	unsigned int		lines;
	char			name[NAME_MAX + 1];
};

static struct proc_dir_entry *proc_dir;

static struct proc_listing *proc_listing_of(const struct seq_file *seq)
{
	return seq->private;
}

/**
 * kshm_proc_registry() - get the registry that a listing shows
 * @seq:	an open listing
 *
 * No twin: in-tree reads struct ipc_proc_iter in place.
 *
 * Return: the registry; it stays while the listing is open.
 */
struct kshm_registry *kshm_proc_registry(const struct seq_file *seq)
{
	return proc_listing_of(seq)->registry;
}

/**
 * kshm_proc_pid_ns() - get the pid namespace that a listing shows pids of
 * @seq:	an open listing
 *
 * Twin of ipc_seq_pid_ns().
 *
 * Return: the pid namespace; it stays while the listing is open.
 */
struct pid_namespace *kshm_proc_pid_ns(const struct seq_file *seq)
{
	return proc_listing_of(seq)->pid_ns;
}

/**
 * kshm_proc_name() - get the name of the object that a listing showed last
 * @seq:	an open listing that is read
 *
 * No twin: in-tree has no named objects.
 *
 * Return: the name, to be read and written; NAME_MAX + 1 bytes.
 */
char *kshm_proc_name(const struct seq_file *seq)
{
	return proc_listing_of(seq)->name;
}

/**
 * kshm_proc_must_pause() - count a line, and tell whether to release the locks now
 * @seq:	an open listing that is read
 *
 * A read at an offset far beyond the last one goes through all lines in between in
 * one step. Others would wait for it, so each listing releases its locks from time to time.
 *
 * No twin: in-tree holds the ids rwsem until the buffer is full.
 *
 * Return: true after every PROC_BATCH lines.
 */
bool kshm_proc_must_pause(const struct seq_file *seq)
{
	return ++proc_listing_of(seq)->lines % PROC_BATCH == 0;
}

/**
 * kshm_proc_segment_at() - find the segment at a position of a listing
 * @seq:	an open listing
 * @pos:	position; set to the segment's. 0 is the heading, index i is at i + 1
 *
 * Context: RCU read lock.
 *
 * Twin of sysvipc_find_ipc().
 *
 * Return: the first segment from @pos on, dead or alive; NULL for none.
 */
struct kshm_segment *kshm_proc_segment_at(const struct seq_file *seq,
					  loff_t *pos)
{
	struct kshm_segment *segment;
	int index;

	if (*pos > KSHM_MAX_IDS)
		return NULL;
	index = *pos - 1;
	segment = kshm_registry_next(kshm_proc_registry(seq), &index);
	if (segment)
		*pos = index + 1;
	return segment;
}

/**
 * kshm_proc_show_heading() - print the names of the columns
 * @seq:	an open listing
 *
 * No twin: in-tree, sysvipc_proc_show() prints it, too.
 */
void kshm_proc_show_heading(struct seq_file *seq)
{
	seq_puts(seq, PROC_HEADING);
}

/**
 * kshm_proc_show_segment() - print the columns of a segment
 * @seq:	an open file
 * @segment:	the segment
 * @pid_ns:	pid namespace that its processes are shown in
 *
 * Context: Caller holds the segment's lock.
 *
 * Twin of sysvipc_shm_proc_show().
 */
void kshm_proc_show_segment(struct seq_file *seq, struct kshm_segment *segment,
			    struct pid_namespace *pid_ns)
{
	struct user_namespace *user_ns = seq_user_ns(seq);
	u64 rss = 0, swp = 0;

	lockdep_assert_held(&segment->lock);

	kshm_backing_usage(segment->inode, &rss, &swp);
	seq_printf(seq, "%10d %10d  %4o %21zu %5u %5u  %5lu ",
		   segment->key, segment->id,
		   segment->mode | (segment->dest ? KSHM_MODE_DEST : 0) |
		   (segment->locker ? KSHM_MODE_LOCKED : 0),
		   segment->size,
		   pid_nr_ns(segment->cpid, pid_ns),
		   pid_nr_ns(segment->lpid, pid_ns),
		   segment->nattch);
	seq_printf(seq, "%5u %5u %5u %5u %10llu %10llu %10llu %21llu %21llu",
		   from_kuid_munged(user_ns, segment->uid),
		   from_kgid_munged(user_ns, segment->gid),
		   from_kuid_munged(user_ns, segment->cuid),
		   from_kgid_munged(user_ns, segment->cgid),
		   segment->atime, segment->dtime, segment->ctime,
		   rss << PAGE_SHIFT, swp << PAGE_SHIFT);
}

/*
 * For each buffer that is read, seq_file calls ->start, then ->show and ->next in
 * turn, then ->stop. SEQ_START_TOKEN stands for the heading, and SEQ_SKIP drops a line.
 *
 * Twin of sysvipc_proc_start().
 */
static void *proc_shm_start(struct seq_file *seq, loff_t *pos)
	__acquires(RCU)
{
	rcu_read_lock();
	return *pos ? kshm_proc_segment_at(seq, pos) : SEQ_START_TOKEN;
}

/* Twin of sysvipc_proc_next(). */
static void *proc_shm_next(struct seq_file *seq, void *v, loff_t *pos)
	__must_hold(RCU)
{
	if (kshm_proc_must_pause(seq)) {
		rcu_read_unlock();
		cond_resched();
		rcu_read_lock();
	}
	++*pos;
	return kshm_proc_segment_at(seq, pos);
}

/* Twin of sysvipc_proc_stop(). */
static void proc_shm_stop(struct seq_file *seq, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

/* A segment that died while the listing is read gets no line. */
static int proc_show_line(struct seq_file *seq, struct kshm_segment *segment,
			  struct pid_namespace *pid_ns)
{
	bool dead;

	spin_lock(&segment->lock);
	dead = segment->dead;
	if (!dead)
		kshm_proc_show_segment(seq, segment, pid_ns);
	spin_unlock(&segment->lock);
	if (dead)
		return SEQ_SKIP;
	seq_putc(seq, '\n');
	return 0;
}

/* Twin of sysvipc_proc_show(). */
static int proc_shm_show(struct seq_file *seq, void *v)
{
	if (v != SEQ_START_TOKEN)
		return proc_show_line(seq, v, kshm_proc_pid_ns(seq));
	kshm_proc_show_heading(seq);
	seq_putc(seq, '\n');
	return 0;
}

/**
 * kshm_listing_registry() - get the registry that a listing shows
 *
 * Context: Sleeps in the first call of a namespace.
 *
 * No twin: in-tree, the open file has the namespace, which contains its tables.
 *
 * Return: the registry of the caller's IPC namespace, not counted; it stays while
 * the namespace does. -ENOMEM.
 */
struct kshm_registry *kshm_listing_registry(void)
{
	return kshm_ns_registry();
}
EXPORT_SYMBOL_NS_GPL(kshm_listing_registry, KSHM_SYMBOLS);

/**
 * kshm_listing_next() - find the first segment from an index on
 * @registry:	the registry
 * @index:	index to begin at; set to the segment's
 *
 * Context: Takes RCU.
 *
 * Twin of sysvipc_find_ipc().
 *
 * Return: false for none. The segment can be gone when it is shown.
 */
bool kshm_listing_next(struct kshm_registry *registry, int *index)
{
	bool found;

	rcu_read_lock();
	found = kshm_registry_next(registry, index);
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_NS_GPL(kshm_listing_next, KSHM_SYMBOLS);

/**
 * kshm_listing_show() - print the line of the segment that has an index
 * @seq:	an open file
 * @registry:	the registry
 * @index:	the index
 * @pid_ns:	pid namespace that its processes are shown in
 *
 * Context: Takes the segment's lock.
 *
 * Twin of sysvipc_proc_show().
 *
 * Return: 0, or SEQ_SKIP if the segment is gone.
 */
int kshm_listing_show(struct seq_file *seq, struct kshm_registry *registry,
		      int index, struct pid_namespace *pid_ns)
{
	struct kshm_segment *segment;
	int ret = SEQ_SKIP;

	rcu_read_lock();
	segment = kshm_registry_find_index(registry, index);
	if (segment)
		ret = proc_show_line(seq, segment, pid_ns);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_NS_GPL(kshm_listing_show, KSHM_SYMBOLS);

static const struct seq_operations proc_shm_ops = {
	.start	= proc_shm_start,
	.next	= proc_shm_next,
	.stop	= proc_shm_stop,
	.show	= proc_shm_show,
};

/**
 * kshm_proc_open() - open a listing
 * @file:	the file in /proc
 * @ops:	operations of the listing
 *
 * Context: Sleeps.
 *
 * Twin of sysvipc_proc_open().
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_proc_open(struct file *file, const struct seq_operations *ops)
{
	struct kshm_registry *registry;
	struct proc_listing *listing;

	/*
	 * A user reads listings to see what pins the module. The segments of a
	 * namespace that ended without a report pin it, too, and are in no listing.
	 * So end such registries.
	 */
	kshm_ns_sweep();
	registry = kshm_ns_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	listing = __seq_open_private(file, ops, sizeof(*listing));
	if (!listing)
		return -ENOMEM;
	listing->ns = kshm_ns_get();
	listing->registry = registry;
	listing->pid_ns = get_pid_ns(task_active_pid_ns(current));
	return 0;
}

/**
 * kshm_proc_release() - close a listing
 * @inode:	its inode
 * @file:	the file in /proc
 *
 * Context: Sleeps.
 *
 * Twin of sysvipc_proc_release().
 *
 * Return: 0.
 */
int kshm_proc_release(struct inode *inode, struct file *file)
{
	struct proc_listing *listing = proc_listing_of(file->private_data);

	put_pid_ns(listing->pid_ns);
	kshm_ns_put(listing->ns);
	return seq_release_private(inode, file);
}

/*
 * No twin: in-tree, sysvipc_proc_open() learns from the inode which listing it is.
 */
static int proc_shm_open(struct inode *inode, struct file *file)
{
	return kshm_proc_open(file, &proc_shm_ops);
}

static const struct proc_ops proc_shm_proc_ops = {
	.proc_open	= proc_shm_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= kshm_proc_release,
};

/**
 * kshm_proc_init() - make /proc/kshm and /proc/kshm/shm
 *
 * Twin of ipc_init_proc_interface().
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_proc_init(void)
{
	proc_dir = proc_mkdir("kshm", NULL);
	if (!proc_dir)
		return -ENOMEM;
	if (!proc_create("shm", 0444, proc_dir, &proc_shm_proc_ops)) {
		proc_remove(proc_dir);
		return -ENOMEM;
	}
	return 0;
}

/**
 * kshm_proc_exit() - remove /proc/kshm and all files in it
 *
 * Context: Sleeps until no process reads from them.
 *
 * No twin: in-tree shm is never unloaded.
 */
void kshm_proc_exit(void)
{
	proc_remove(proc_dir);
}
