// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kshm/shm: the listing, in the format of /proc/sysvipc/shm, so that it
 * can stand in its place. Twin of sysvipc_shm_proc_show() and of what calls it.
 *
 * /proc/kshm/objects: the same columns and some more, of segments and of named
 * objects.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>

/* What a listing shows is fixed when it is opened. */
struct listing {
	struct ipc_namespace	*ns;		/* counted */
	struct kshm_registry	*registry;	/* lives as long as that */
	struct pid_namespace	*pid_ns;
};

static struct proc_dir_entry *proc_dir;

#define HEADING "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap"

#define MORE_HEADING " generation lifetime kind name"

/* As /proc/PID/mounts writes them. */
#define ESCAPED " \t\n\\"

/* Position 0 is the heading; index i stands at position i + 1. */
static void *segment_at(struct seq_file *seq, loff_t *pos)
{
	struct listing *listing = seq->private;
	struct kshm_segment *segment;
	int index;

	if (*pos > KSHM_INDEX_MAX)
		return NULL;
	index = *pos - 1;
	segment = kshm_registry_next(listing->registry, &index);
	if (segment)
		*pos = index + 1;
	return segment;
}

static void *listing_start(struct seq_file *seq, loff_t *pos)
	__acquires(RCU)
{
	rcu_read_lock();
	return *pos ? segment_at(seq, pos) : SEQ_START_TOKEN;
}

static void *listing_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return segment_at(seq, pos);
}

static void listing_stop(struct seq_file *seq, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

static int show_locked(struct kshm_segment *segment, void *arg)
{
	struct seq_file *seq = arg;
	struct listing *listing = seq->private;
	struct user_namespace *user_ns = seq_user_ns(seq);
	u64 rss = 0, swp = 0;

	kshm_segment_usage(segment, &rss, &swp);
	seq_printf(seq, "%10d %10d  %4o %21zu %5u %5u  %5lu ",
		   segment->key, segment->id,
		   segment->mode | (segment->dest ? KSHM_MODE_DEST : 0) |
		   (segment->locker ? KSHM_MODE_LOCKED : 0),
		   segment->size,
		   pid_nr_ns(segment->cpid, listing->pid_ns),
		   pid_nr_ns(segment->lpid, listing->pid_ns),
		   segment->nattch);
	seq_printf(seq, "%5u %5u %5u %5u %10llu %10llu %10llu %21llu %21llu",
		   from_kuid_munged(user_ns, segment->uid),
		   from_kgid_munged(user_ns, segment->gid),
		   from_kuid_munged(user_ns, segment->cuid),
		   from_kgid_munged(user_ns, segment->cgid),
		   segment->atime, segment->dtime, segment->ctime,
		   rss << PAGE_SHIFT, swp << PAGE_SHIFT);
	return 0;
}

static int listing_show(struct seq_file *seq, void *v)
{
	if (v == SEQ_START_TOKEN)
		seq_puts(seq, HEADING);
	else if (kshm_segment_locked(v, show_locked, seq))
		return SEQ_SKIP;
	seq_putc(seq, '\n');
	return 0;
}

static const struct seq_operations listing_ops = {
	.start	= listing_start,
	.next	= listing_next,
	.stop	= listing_stop,
	.show	= listing_show,
};

/* Behind the positions of segments come those of named objects. */
#define FIRST_OBJECT	(KSHM_INDEX_MAX + 1)

static void *object_at(struct seq_file *seq, loff_t *pos)
{
	struct listing *listing = seq->private;
	void *segment = segment_at(seq, pos);

	if (segment)
		return segment;
	*pos = max_t(loff_t, *pos, FIRST_OBJECT);
	return kshm_objects_from(listing->registry, *pos - FIRST_OBJECT);
}

static void *objects_start(struct seq_file *seq, loff_t *pos)
	__acquires(RCU)
{
	struct listing *listing = seq->private;

	mutex_lock(&listing->registry->objects_lock);
	rcu_read_lock();
	return *pos ? object_at(seq, pos) : SEQ_START_TOKEN;
}

static void *objects_next(struct seq_file *seq, void *v, loff_t *pos)
{
	return ++*pos > FIRST_OBJECT ? kshm_objects_next(v) :
				       object_at(seq, pos);
}

static void objects_stop(struct seq_file *seq, void *v)
	__releases(RCU)
{
	struct listing *listing = seq->private;

	rcu_read_unlock();
	mutex_unlock(&listing->registry->objects_lock);
}

/* In the order of the flags; at least "-". */
static void show_lifetime(struct seq_file *seq, u32 lifetime)
{
	const char *before = " ";

	if (lifetime & KSHM_GET_OWNED) {
		seq_printf(seq, "%sowned", before);
		before = ",";
	}
	if (lifetime & KSHM_GET_TRANSIENT) {
		seq_printf(seq, "%stransient", before);
		before = ",";
	}
	if (lifetime & KSHM_GET_UNIQUE)
		seq_printf(seq, "%sunique", before);
	if (!lifetime)
		seq_puts(seq, " -");
}

static void show_more(struct seq_file *seq, u64 generation, u32 lifetime,
		      const char *kind, const char *name)
{
	seq_printf(seq, " %10llu", generation);
	show_lifetime(seq, lifetime);
	seq_printf(seq, " %s ", kind);
	seq_escape(seq, *name ? name : "-", ESCAPED);
}

static int show_all_locked(struct kshm_segment *segment, void *arg)
{
	show_locked(segment, arg);
	show_more(arg, segment->generation, segment->lifetime, "segment",
		  segment->hashed ? segment->name : "");
	return 0;
}

/* Nothing counts who maps it, and it has neither key nor id. */
static void show_object(struct seq_file *seq, struct kshm_object *object)
{
	struct listing *listing = seq->private;
	struct user_namespace *user_ns = seq_user_ns(seq);
	struct inode *inode = d_inode(object->path.dentry);

	seq_printf(seq, "%10d %10d  %4o %21lld %5u %5u  %5u ",
		   0, -1, inode->i_mode & S_IALLUGO, i_size_read(inode),
		   pid_nr_ns(object->cpid, listing->pid_ns), 0, 0);
	seq_printf(seq, "%5u %5u %5u %5u %10lld %10d %10lld %21llu %21llu",
		   from_kuid_munged(user_ns, inode->i_uid),
		   from_kgid_munged(user_ns, inode->i_gid),
		   from_kuid_munged(user_ns, object->cuid),
		   from_kgid_munged(user_ns, object->cgid),
		   (s64)inode_get_atime_sec(inode), 0,
		   (s64)inode_get_ctime_sec(inode),
		   (u64)READ_ONCE(inode->i_mapping->nrpages) << PAGE_SHIFT,
		   (u64)READ_ONCE(SHMEM_I(inode)->swapped) << PAGE_SHIFT);
	show_more(seq, 0, 0, "posix", object->name);
}

static int objects_show(struct seq_file *seq, void *v)
{
	if (v == SEQ_START_TOKEN)
		seq_puts(seq, HEADING MORE_HEADING);
	else if (seq->index >= FIRST_OBJECT)
		show_object(seq, v);
	else if (kshm_segment_locked(v, show_all_locked, seq))
		return SEQ_SKIP;
	seq_putc(seq, '\n');
	return 0;
}

static const struct seq_operations objects_ops = {
	.start	= objects_start,
	.next	= objects_next,
	.stop	= objects_stop,
	.show	= objects_show,
};

static int open_with(struct file *file, const struct seq_operations *ops)
{
	struct kshm_registry *registry;
	struct listing *listing;

	/* Whoever looks for what keeps the module need not see the dead. */
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

static int listing_open(struct inode *inode, struct file *file)
{
	return open_with(file, &listing_ops);
}

static int objects_open(struct inode *inode, struct file *file)
{
	return open_with(file, &objects_ops);
}

static int listing_release(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;
	struct listing *listing = seq->private;

	put_pid_ns(listing->pid_ns);
	kshm_ns_put(listing->ns);
	return seq_release_private(inode, file);
}

static const struct proc_ops listing_proc_ops = {
	.proc_open	= listing_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= listing_release,
};

static const struct proc_ops objects_proc_ops = {
	.proc_open	= objects_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= listing_release,
};

/**
 * kshm_proc_init() - make /proc/kshm/shm and /proc/kshm/objects
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_proc_init(void)
{
	proc_dir = proc_mkdir("kshm", NULL);
	if (!proc_dir)
		return -ENOMEM;
	if (!proc_create("shm", 0444, proc_dir, &listing_proc_ops) ||
	    !proc_create("objects", 0444, proc_dir, &objects_proc_ops)) {
		proc_remove(proc_dir);
		return -ENOMEM;
	}
	return 0;
}

/**
 * kshm_proc_exit() - remove them; waits for who is reading
 */
void kshm_proc_exit(void)
{
	proc_remove(proc_dir);
}
