// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/sysvipc/shm: first the lines of in-tree segments, by in-tree's operations, then
 * those of kshm's. So "ipcs", each container and each mount namespace see both kinds in
 * the usual file. Twin of the /proc interface in ipc/util.c.
 *
 * The file stays in-tree's, and so does its seq_file. Opening it exchanges the
 * operations of the seq_file, and closing it puts them back. In between the module is
 * pinned: an open listing keeps the mode from becoming SWITCH_OFF.
 */
#include "switch.h"

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

/*
 * Positions from here on are kshm's: index i is at LISTING_KSHM + i. In-tree's end below,
 * since an index has at most 24 bits.
 */
#define LISTING_KSHM	0x40000000

/*
 * struct listing - an open listing; the namespaces are the opener's
 * @ops:	operations of the seq_file
 * @inner:	in-tree's; they keep the IPC namespace
 * @registry:	kshm's segments of that namespace
 * @pid_ns:	pid namespace; counted
 * @intree:	between ->start and ->stop: in-tree's operations are in use, and hold
 *		in-tree's locks
 * @index:	index of the segment of kshm to show
 *
 * One reader at a time uses the last two, since seq_file locks the file to read it.
 */
struct listing {
	struct seq_operations	ops;
	const struct seq_operations *inner;
	struct kshm_registry	*registry;
	struct pid_namespace	*pid_ns;
	bool			intree;
	int			index;
};

static atomic_t listing_open_ones = ATOMIC_INIT(0);

static struct listing *listing_of(const struct seq_file *seq)
{
	return container_of(seq->op, struct listing, ops);
}

/*
 * The first segment of kshm at or behind the position. The segment is looked up again
 * to be shown, so nothing is held in between.
 */
static void *listing_at(struct listing *listing, loff_t *pos)
{
	listing->index = *pos - LISTING_KSHM;
	if (listing->index < 0 ||
	    !kshm_listing_next(listing->registry, &listing->index))
		return NULL;
	*pos = LISTING_KSHM + listing->index;
	return &listing->index;
}

/* In-tree has no further line: release its locks, and go on with kshm. */
static void *listing_leave_intree(struct seq_file *seq, loff_t *pos)
{
	struct listing *listing = listing_of(seq);

	listing->inner->stop(seq, NULL);
	listing->intree = false;
	*pos = LISTING_KSHM;
	return listing_at(listing, pos);
}

/* Twin of sysvipc_proc_start(). */
static void *listing_start(struct seq_file *seq, loff_t *pos)
{
	struct listing *listing = listing_of(seq);
	void *v;

	listing->intree = *pos < LISTING_KSHM;
	if (!listing->intree)
		return listing_at(listing, pos);
	v = listing->inner->start(seq, pos);
	return v ?: listing_leave_intree(seq, pos);
}

/* Twin of sysvipc_proc_next(). */
static void *listing_next(struct seq_file *seq, void *v, loff_t *pos)
{
	struct listing *listing = listing_of(seq);

	if (!listing->intree) {
		++*pos;
		return listing_at(listing, pos);
	}
	v = listing->inner->next(seq, v, pos);
	return v ?: listing_leave_intree(seq, pos);
}

/* Twin of sysvipc_proc_stop(). */
static void listing_stop(struct seq_file *seq, void *v)
{
	struct listing *listing = listing_of(seq);

	if (listing->intree)
		listing->inner->stop(seq, v);
}

/* Twin of sysvipc_proc_show(). */
static int listing_show(struct seq_file *seq, void *v)
{
	struct listing *listing = listing_of(seq);

	if (listing->intree)
		return listing->inner->show(seq, v);
	return kshm_listing_show(seq, listing->registry, listing->index,
				 listing->pid_ns);
}

/* The files of semaphores and message queues come here, too. */
static bool listing_is_shm(const struct file *file)
{
	const struct qstr *name = &file->f_path.dentry->d_name;

	return name->len == strlen("shm") && !memcmp(name->name, "shm", 3);
}

static int listing_begin(struct file *file)
{
	struct seq_file *seq = file->private_data;
	struct kshm_registry *registry;
	struct listing *listing;

	registry = kshm_listing_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	listing = kzalloc(sizeof(*listing), GFP_KERNEL_ACCOUNT);
	if (!listing)
		return -ENOMEM;
	listing->ops.start = listing_start;
	listing->ops.next = listing_next;
	listing->ops.stop = listing_stop;
	listing->ops.show = listing_show;
	listing->inner = seq->op;
	listing->registry = registry;
	listing->pid_ns = get_pid_ns(task_active_pid_ns(current));
	atomic_inc(&listing_open_ones);
	seq->op = &listing->ops;
	return 0;
}

static int listing_open(struct inode *inode, struct file *file)
{
	int err = switch_original_proc_open(inode, file);

	if (err || !listing_is_shm(file) || switch_spares() ||
	    READ_ONCE(switch_mode) == SWITCH_OFF)
		return err;
	err = listing_begin(file);
	if (err)
		switch_original_proc_release(inode, file);
	return err;
}

/**
 * switch_listing_open() - runs in place of sysvipc_proc_open()
 * @inode:	inode of a file in /proc/sysvipc
 * @file:	the file
 *
 * Context: Sleeps.
 *
 * Twin of sysvipc_proc_open().
 *
 * Return: 0 or a negative errno.
 */
int switch_listing_open(struct inode *inode, struct file *file)
{
	int section = srcu_read_lock(&switch_flight);
	int err = listing_open(inode, file);

	srcu_read_unlock(&switch_flight, section);
	return err;
}

static void listing_end(struct file *file)
{
	struct seq_file *seq = file->private_data;
	struct listing *listing;

	/* It was opened while no function was hooked, or is not about shm. */
	if (seq->op->start != listing_start)
		return;
	listing = listing_of(seq);
	seq->op = listing->inner;
	put_pid_ns(listing->pid_ns);
	kfree(listing);
	atomic_dec(&listing_open_ones);
}

/**
 * switch_listing_release() - runs in place of sysvipc_proc_release()
 * @inode:	inode of a file in /proc/sysvipc
 * @file:	the file
 *
 * Context: Sleeps.
 *
 * Twin of sysvipc_proc_release().
 *
 * Return: 0.
 */
int switch_listing_release(struct inode *inode, struct file *file)
{
	int section = srcu_read_lock(&switch_flight);
	int err;

	listing_end(file);
	err = switch_original_proc_release(inode, file);
	srcu_read_unlock(&switch_flight, section);
	return err;
}

/**
 * switch_listings() - count the open listings that have operations of this module
 *
 * Context: Any. In SWITCH_OFF, after synchronize_srcu(), the number only falls.
 *
 * No twin: in-tree need not know.
 *
 * Return: the number.
 */
unsigned int switch_listings(void)
{
	return atomic_read(&listing_open_ones);
}
