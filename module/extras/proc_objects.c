// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kshm/objects: the listing of segments and named objects. It has the
 * columns of /proc/kshm/shm and some more.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>

#define PROC_OBJECTS_HEADING	" generation lifetime kind name"

/* The positions of named objects follow those of segments. */
#define PROC_OBJECTS_FIRST	(KSHM_MAX_IDS + 1)

/*
 * An object has no position that stays. So the listing goes on after the name that was
 * shown last. That is enough: seq_file calls ->start with position 0, or with the one
 * where it stopped.
 */
static void *proc_objects_at(struct seq_file *seq, loff_t *pos)
{
	struct kshm_segment *segment = kshm_proc_segment_at(seq, pos);
	char *name = kshm_proc_name(seq);

	if (segment)
		return segment;
	if (*pos <= PROC_OBJECTS_FIRST) {
		*pos = PROC_OBJECTS_FIRST;
		name[0] = '\0';
	}
	return kshm_objects_after(kshm_proc_registry(seq), name);
}

static void proc_objects_lock(struct seq_file *seq)
	__acquires(RCU)
{
	mutex_lock(&kshm_proc_registry(seq)->objects_lock);
	rcu_read_lock();
}

static void proc_objects_unlock(struct seq_file *seq)
	__releases(RCU)
{
	rcu_read_unlock();
	mutex_unlock(&kshm_proc_registry(seq)->objects_lock);
}

static void *proc_objects_start(struct seq_file *seq, loff_t *pos)
	__acquires(RCU)
{
	proc_objects_lock(seq);
	return *pos ? proc_objects_at(seq, pos) : SEQ_START_TOKEN;
}

static void *proc_objects_next(struct seq_file *seq, void *v, loff_t *pos)
	__must_hold(RCU)
{
	const struct kshm_object *object = v;

	/* Before this position, @v is a segment or the heading. */
	if (*pos >= PROC_OBJECTS_FIRST)
		strscpy(kshm_proc_name(seq), object->name, NAME_MAX + 1);
	if (kshm_proc_must_pause(seq)) {
		proc_objects_unlock(seq);
		proc_objects_lock(seq);
	}
	++*pos;
	return proc_objects_at(seq, pos);
}

static void proc_objects_stop(struct seq_file *seq, void *v)
	__releases(RCU)
{
	proc_objects_unlock(seq);
}

/* The flags in their order, separated by commas; "-" for none. */
static void proc_objects_show_lifetime(struct seq_file *seq, u32 lifetime)
{
	const char *separator = " ";

	if (lifetime & KSHM_GET_OWNED) {
		seq_printf(seq, "%sowned", separator);
		separator = ",";
	}
	if (lifetime & KSHM_GET_TRANSIENT) {
		seq_printf(seq, "%stransient", separator);
		separator = ",";
	}
	if (lifetime & KSHM_GET_UNIQUE)
		seq_printf(seq, "%sunique", separator);
	if (!lifetime)
		seq_puts(seq, " -");
}

/* "-" for no name; so a name that is "-" is escaped. */
static void proc_objects_show_name(struct seq_file *seq, const char *name)
{
	if (*name)
		seq_escape_str(seq, name, KSHM_NAME_ESCAPE,
			       strcmp(name, "-") ? KSHM_NAME_ESCAPED : "-");
	else
		seq_putc(seq, '-');
}

static void proc_objects_show_rest(struct seq_file *seq, u64 generation,
				   u32 lifetime, const char *kind,
				   const char *name)
{
	seq_printf(seq, " %10llu", generation);
	proc_objects_show_lifetime(seq, lifetime);
	seq_printf(seq, " %s ", kind);
	proc_objects_show_name(seq, name);
	seq_putc(seq, '\n');
}

/* A segment that died while the listing is read gets no line. */
static int proc_objects_show_segment(struct seq_file *seq,
				     struct kshm_segment *segment)
{
	bool dead;

	spin_lock(&segment->lock);
	dead = segment->dead;
	if (!dead) {
		kshm_proc_show_segment(seq, segment,
				       kshm_proc_pid_ns(seq));
		proc_objects_show_rest(seq, segment->generation,
				       segment->lifetime & ~KSHM_FORCIBLE,
				       "segment",
				       segment->hashed ? segment->name : "");
	}
	spin_unlock(&segment->lock);
	return dead ? SEQ_SKIP : 0;
}

/* An object has neither key nor id, and nothing counts its mappings. */
static void proc_objects_show_object(struct seq_file *seq,
				     const struct kshm_object *object)
{
	struct user_namespace *user_ns = seq_user_ns(seq);
	struct inode *inode = d_inode(object->path.dentry);

	seq_printf(seq, "%10d %10d  %4o %21lld %5u %5u  %5u ",
		   0, -1, inode->i_mode & S_IALLUGO, i_size_read(inode),
		   pid_nr_ns(object->cpid, kshm_proc_pid_ns(seq)), 0, 0);
	seq_printf(seq, "%5u %5u %5u %5u %10lld %10d %10lld %21llu %21llu",
		   from_kuid_munged(user_ns, inode->i_uid),
		   from_kgid_munged(user_ns, inode->i_gid),
		   from_kuid_munged(user_ns, object->cuid),
		   from_kgid_munged(user_ns, object->cgid),
		   (s64)inode_get_atime_sec(inode), 0,
		   (s64)inode_get_ctime_sec(inode),
		   (u64)READ_ONCE(inode->i_mapping->nrpages) << PAGE_SHIFT,
		   (u64)READ_ONCE(SHMEM_I(inode)->swapped) << PAGE_SHIFT);
	proc_objects_show_rest(seq, 0, 0, "posix", object->name);
}

static int proc_objects_show(struct seq_file *seq, void *v)
{
	if (v == SEQ_START_TOKEN) {
		kshm_proc_show_heading(seq);
		seq_puts(seq, PROC_OBJECTS_HEADING "\n");
		return 0;
	}
	/* seq->index is the position of v: the *pos of start and next. */
	if (seq->index < PROC_OBJECTS_FIRST)
		return proc_objects_show_segment(seq, v);
	proc_objects_show_object(seq, v);
	return 0;
}

static const struct seq_operations proc_objects_ops = {
	.start	= proc_objects_start,
	.next	= proc_objects_next,
	.stop	= proc_objects_stop,
	.show	= proc_objects_show,
};

static int proc_objects_open(struct inode *inode, struct file *file)
{
	return kshm_proc_open(file, &proc_objects_ops);
}

static const struct proc_ops proc_objects_proc_ops = {
	.proc_open	= proc_objects_open,
	.proc_read_iter	= seq_read_iter,
	.proc_lseek	= seq_lseek,
	.proc_release	= kshm_proc_release,
};

/**
 * kshm_proc_objects_init() - make /proc/kshm/objects
 *
 * kshm_proc_exit() removes it.
 *
 * Return: 0 or -ENOMEM.
 */
int kshm_proc_objects_init(void)
{
	return proc_create("kshm/objects", 0444, NULL, &proc_objects_proc_ops) ?
	       0 : -ENOMEM;
}
