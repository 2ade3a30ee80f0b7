// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kshm/shm: the listing, in the format of /proc/sysvipc/shm, so that it
 * can stand in its place. Twin of sysvipc_shm_proc_show() and of what calls it.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

/* What a listing shows is fixed when it is opened. */
struct listing {
	struct ipc_namespace	*ns;		/* counted */
	struct kshm_registry	*registry;	/* lives as long as that */
	struct pid_namespace	*pid_ns;
};

static struct proc_dir_entry *proc_dir;

#define HEADING "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n"

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
	seq_printf(seq, "%5u %5u %5u %5u %10llu %10llu %10llu %21llu %21llu\n",
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
	if (v == SEQ_START_TOKEN) {
		seq_puts(seq, HEADING);
		return 0;
	}
	return kshm_segment_locked(v, show_locked, seq) ? SEQ_SKIP : 0;
}

static const struct seq_operations listing_ops = {
	.start	= listing_start,
	.next	= listing_next,
	.stop	= listing_stop,
	.show	= listing_show,
};

static int listing_open(struct inode *inode, struct file *file)
{
	struct kshm_registry *registry;
	struct listing *listing;

	/* Whoever looks for what keeps the module need not see the dead. */
	kshm_ns_sweep();
	registry = kshm_ns_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	listing = __seq_open_private(file, &listing_ops, sizeof(*listing));
	if (!listing)
		return -ENOMEM;
	listing->ns = kshm_ns_get();
	listing->registry = registry;
	listing->pid_ns = get_pid_ns(task_active_pid_ns(current));
	return 0;
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

/**
 * kshm_proc_init() - make /proc/kshm/shm
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_proc_init(void)
{
	proc_dir = proc_mkdir("kshm", NULL);
	if (!proc_dir)
		return -ENOMEM;
	if (!proc_create("shm", 0444, proc_dir, &listing_proc_ops)) {
		proc_remove(proc_dir);
		return -ENOMEM;
	}
	return 0;
}

/**
 * kshm_proc_exit() - remove it; waits for who is reading
 */
void kshm_proc_exit(void)
{
	proc_remove(proc_dir);
}
