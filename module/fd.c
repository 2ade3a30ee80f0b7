// SPDX-License-Identifier: GPL-2.0-only
/*
 * FD: a segment as a descriptor, to be mapped, passed on and watched. In-tree has
 * none.
 *
 * Its file is an attach file of its own, so whoever has it can map the segment,
 * and that is all. What else a file of shmem would allow is refused, whichever
 * way it is asked for:
 *
 *	a larger size		F_SEAL_GROW, from the first descriptor on;
 *				->fallocate only punches holes
 *	a smaller size		->setattr. Not F_SEAL_SHRINK: that is what
 *				/dev/udmabuf asks for, before it makes memory of
 *				a file writable, and it asks for nothing else
 *	more seals		F_SEAL_SEAL, which such files are born with
 *	opening it again, by	->permission of the inode, root included: a
 *	/proc/PID/fd or		descriptor that is read-only would become one
 *	/proc/PID/map_files	that is not
 *	mode, owner, flags	->setattr, and no ->fileattr_set
 *	attributes		none: who may set those called "security" is for
 *				security modules to say, and of S_PRIVATE nobody
 *				asks them
 *	a private copy		->mmap
 *
 * Before that the inode is as in-tree's: nobody but root gets hold of it.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/fcntl.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>

/* Those of the inodes that shmem makes: always the same. */
static const struct inode_operations *shmem_ops;

static int plain_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			 struct iattr *attr)
{
	return READ_ONCE(shmem_ops)->setattr(idmap, dentry, attr);
}

/* What is in memory shmem counts no sooner than it is asked. */
static int plain_getattr(struct mnt_idmap *idmap, const struct path *path,
			 struct kstat *stat, u32 mask, unsigned int flags)
{
	return READ_ONCE(shmem_ops)->getattr(idmap, path, stat, mask, flags);
}

/* With ->permission, or the kernel would remember that there is none. */
static const struct inode_operations plain_ops = {
	.permission	= generic_permission,
	.setattr	= plain_setattr,
	.getattr	= plain_getattr,
};

static int sealed_permission(struct mnt_idmap *idmap, struct inode *inode,
			     int mask)
{
	return -EACCES;
}

static int sealed_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			  struct iattr *attr)
{
	/* Whether it may be larger, the seal says. */
	if (!(attr->ia_valid & ATTR_SIZE) ||
	    attr->ia_size < i_size_read(d_inode(dentry)))
		return -EPERM;
	return plain_setattr(idmap, dentry, attr);
}

static const struct inode_operations sealed_ops = {
	.permission	= sealed_permission,
	.setattr	= sealed_setattr,
	.getattr	= plain_getattr,
};

static bool is_sealed(struct inode *inode)
{
	return READ_ONCE(inode->i_op) == &sealed_ops;
}

/**
 * kshm_fd_rule_inode() - prepare for that a segment's inode gets descriptors
 * @inode:	a new one of shmem's
 */
void kshm_fd_rule_inode(struct inode *inode)
{
	WRITE_ONCE(shmem_ops, inode->i_op);
	inode->i_op = &plain_ops;
	inode->i_opflags &= ~IOP_XATTR;
}

/**
 * kshm_fd_give_back_inode() - let an inode outlive this module
 * @inode:	of a segment that nobody has a file of any more
 *
 * What O_PATH gave, or root has opened in /proc/PID/map_files, holds the inode,
 * and nothing of ours. Nobody makes a file in memory of it, free of all limits.
 */
void kshm_fd_give_back_inode(struct inode *inode)
{
	inode->i_flags |= S_IMMUTABLE;
	WRITE_ONCE(inode->i_op, READ_ONCE(shmem_ops));
}

/*
 * Whoever changes the size on the segment's own account lifts F_SEAL_GROW for
 * that, under the inode's lock, which each reader of the seals holds.
 */
static void seal(struct inode *inode)
{
	inode_lock(inode);
	inode->i_mode = S_IFREG;
	SHMEM_I(inode)->seals |= F_SEAL_GROW;
	WRITE_ONCE(inode->i_op, &sealed_ops);
	inode_unlock(inode);
}

/**
 * kshm_fd_was_given() - was there ever a descriptor of a segment?
 * @segment:	one that is dead; or else the answer may soon be wrong
 *
 * Return: yes or no.
 */
bool kshm_fd_was_given(const struct kshm_segment *segment)
{
	return is_sealed(segment->inode);
}

struct request {
	umode_t		wanted;
	struct kshm_segment *segment;
};

static int find_locked(struct kshm_segment *segment, void *arg)
{
	struct request *req = arg;

	if (!kshm_may_access(segment, req->wanted))
		return -EACCES;
	kref_get(&segment->ref);
	req->segment = segment;
	return 0;
}

static bool is_dead(struct kshm_segment *segment)
{
	bool dead;

	spin_lock(&segment->lock);
	dead = segment->dead;
	spin_unlock(&segment->lock);
	return dead;
}

/*
 * Sealed first and looked at then: either the end of the segment sees that there
 * may be a descriptor, or we see the end.
 */
static struct file *make_file(struct kshm_segment *segment,
			      enum kshm_access access)
{
	if (!is_sealed(segment->inode))
		seal(segment->inode);
	if (is_dead(segment))
		return ERR_PTR(-EIDRM);
	return kshm_attach_file_new(segment, access);
}

/**
 * kshm_fd_check() - look at flags, before anything is done
 * @fd:		the flags and the reserved word
 *
 * Return: 0 or -EINVAL.
 */
int kshm_fd_check(const struct kshm_fd *fd)
{
	return kshm_check_flags(fd->flags, KSHM_FD_RDONLY | KSHM_FD_CLOEXEC,
				fd->reserved);
}

/**
 * kshm_fd() - make a file for a descriptor of a segment
 * @fd:		see there, checked; @fd->fd is not touched
 *
 * Takes the segment's lock, and the inode's.
 *
 * Return: the file, counted once for the caller, or what struct kshm_fd lists.
 */
struct file *kshm_fd(const struct kshm_fd *fd)
{
	bool readonly = fd->flags & KSHM_FD_RDONLY;
	struct request req = { .wanted = readonly ? 0444 : 0666 };
	struct file *file;
	int err;

	err = kshm_with_id(fd->id, find_locked, &req);
	if (err)
		return ERR_PTR(err);
	file = make_file(req.segment, readonly ? KSHM_READ : KSHM_READ_WRITE);
	kshm_segment_put(req.segment);
	trace_kshm_fd(fd->id, fd->flags, PTR_ERR_OR_ZERO(file));
	return file;
}

/**
 * kshm_fd_poll() - tell what has become of a segment
 * @file:	one of its attach files
 * @table:	poll's
 *
 * All three are states, not events, for those who poll by level. Only the last,
 * which is for good, comes unasked.
 *
 * Return: EPOLLPRI where it is marked for removal, EPOLLRDHUP while nobody has
 * it attached, EPOLLHUP once it has ended.
 */
__poll_t kshm_fd_poll(struct file *file, struct poll_table_struct *table)
{
	struct kshm_segment *segment = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &segment->watchers, table);
	spin_lock(&segment->lock);
	if (segment->dest)
		mask |= EPOLLPRI;
	if (!segment->nattch)
		mask |= EPOLLRDHUP;
	if (segment->dead)
		mask |= EPOLLHUP;
	spin_unlock(&segment->lock);
	return mask;
}

static const char *state_of(const struct kshm_segment *segment)
{
	if (segment->dead)
		return "ended";
	return segment->dest ? "marked" : "alive";
}

/**
 * kshm_fd_show() - say in /proc/PID/fdinfo what a descriptor leads to
 * @seq:	where to
 * @file:	one of the segment's attach files
 */
void kshm_fd_show(struct seq_file *seq, struct file *file)
{
	struct kshm_segment *segment = file->private_data;

	spin_lock(&segment->lock);
	seq_printf(seq, "kshm-id:\t%d\nkshm-key:\t0x%08x\nkshm-size:\t%lld\n",
		   segment->id, segment->key, i_size_read(segment->inode));
	seq_printf(seq, "kshm-nattch:\t%lu\nkshm-state:\t%s\n",
		   segment->nattch, state_of(segment));
	seq_printf(seq, "kshm-generation:\t%llu\n", segment->generation);
	spin_unlock(&segment->lock);
}
