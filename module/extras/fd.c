// SPDX-License-Identifier: GPL-2.0-only
/*
 * FD: a descriptor of a segment, to be mapped, passed on and polled. In-tree has
 * none.
 *
 * The descriptor's file is an attach file of its own. A process that has it can map
 * and poll the segment and punch holes into it, and nothing else. Every other
 * operation of a shmem file is refused, on every way to it:
 *
 *	a larger size		F_SEAL_GROW, from the first descriptor on;
 *				->fallocate only punches holes
 *	a smaller size		->setattr. Not F_SEAL_SHRINK: /dev/udmabuf gives
 *				writable memory of every file with that seal,
 *				even for a read-only descriptor
 *	more seals		F_SEAL_SEAL, which shmem_file_setup() sets
 *	opening it again, by	->permission of the inode, which refuses root as
 *	/proc/PID/fd or		well: else a read-only descriptor could become a
 *	/proc/PID/map_files	writable one
 *	mode, owner, flags	->setattr, and the lack of ->fileattr_set
 *	extended attributes	IOP_XATTR is cleared, so there are none. Else
 *				anybody could set a "security" attribute: only
 *				security modules would refuse that, and they are
 *				not asked about an S_PRIVATE inode
 *	a private copy		->mmap
 *
 * The inode operations that do this are in backing.c.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

static struct kshm_segment *fd_segment(const struct file *file)
{
	return file->private_data;
}

/*
 * Poll reports states, not events, for level-triggered use. Only EPOLLHUP, which
 * is final, is reported without being asked for.
 *
 * The caller is queued before the state is read under the lock. So a task that
 * changes the state either comes first and is seen here, or sees the queue.
 */
static __poll_t fd_poll(struct file *file, struct poll_table_struct *table)
{
	struct kshm_segment *segment = fd_segment(file);
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

static const char *fd_state(const struct kshm_segment *segment)
{
	if (segment->dead)
		return "ended";
	return segment->dest ? "marked" : "alive";
}

/* The lines that /proc/PID/fdinfo/FD has for a descriptor of a segment. */
static void fd_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct kshm_segment *segment = fd_segment(file);

	spin_lock(&segment->lock);
	seq_printf(seq, "kshm-id:\t%d\nkshm-key:\t0x%08x\nkshm-size:\t%zu\n",
		   segment->id, segment->key, segment->size);
	seq_printf(seq, "kshm-nattch:\t%lu\nkshm-state:\t%s\n",
		   segment->nattch, fd_state(segment));
	seq_printf(seq, "kshm-generation:\t%llu\n", segment->generation);
	spin_unlock(&segment->lock);
}

/* There is no read and no write: a segment is memory, to be mapped. */
static const struct file_operations fd_file_ops = {
	.owner			= THIS_MODULE,
	.mmap			= kshm_attach_file_mmap,
	.get_unmapped_area	= kshm_attach_file_area,
	.fallocate		= kshm_attach_file_fallocate,
	.fsync			= noop_fsync,
	.llseek			= generic_file_llseek,
	.poll			= fd_poll,
	.show_fdinfo		= fd_show_fdinfo,
	.release		= kshm_attach_file_release,
};

/* Return: the segment, counted for the caller, or an error. */
static struct kshm_segment *fd_get_segment(struct kshm_ctx *ctx, int id,
					   umode_t wanted)
{
	struct kshm_segment *segment = kshm_segment_lock_id(ctx, id);
	int err;

	if (IS_ERR(segment))
		return segment;
	err = kshm_check_access(ctx, segment, wanted);
	/* hugetlbfs has no operations that refuse what a descriptor does not allow. */
	if (!err && kshm_hugetlb_has(segment->inode))
		err = kshm_refuse(ctx, -EINVAL, KSHM_WHY_HUGETLB, 0, 0);
	if (!err)
		kref_get(&segment->ref);
	kshm_segment_unlock(segment);
	return err ? ERR_PTR(err) : segment;
}

static bool fd_segment_is_dead(struct kshm_segment *segment)
{
	bool dead;

	spin_lock(&segment->lock);
	dead = segment->dead;
	spin_unlock(&segment->lock);
	return dead;
}

/*
 * A segment with descriptors keeps an attach file, whose release frees the pages at the
 * segment's end; see kshm_attach_file_release().
 */
static int fd_keep_file(struct kshm_segment *segment, enum kshm_access access)
{
	struct file *file;

	/* Once there is one, it stays until the segment is destroyed. */
	if (READ_ONCE(segment->pool[access]))
		return 0;
	file = kshm_attach_file_new_pooled(segment, access);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fput(file);
	return 0;
}

/*
 * Seal first, then look whether the segment is dead. The release of the file that it
 * keeps looks at the seal after the segment was set dead. So either that release sees that
 * there may be a descriptor, or this task sees that the segment is dead:
 *
 *	FD				the end of the segment
 *	--				----------------------
 *	seal the inode
 *	keep a file
 *					lock, dead = true, unlock
 *	lock, dead: -EIDRM
 *					close the file
 *					its release: sealed, free the pages
 *
 * If the segment dies before the file is kept, dead is seen as well.
 * selftests/model/descriptor.pml tries all orders.
 */
static struct file *fd_new_file(struct kshm_segment *segment,
				enum kshm_access access)
{
	int err;

	kshm_backing_seal(segment->inode);
	err = fd_keep_file(segment, access);
	if (err)
		return ERR_PTR(err);
	if (fd_segment_is_dead(segment))
		return ERR_PTR(-EIDRM);
	return kshm_attach_file_new(segment, access, &fd_file_ops);
}

/**
 * kshm_fd_check() - check flags, before a descriptor is reserved
 * @ctx:	the call
 * @fd:		see struct kshm_fd; only flags and reserved are read
 *
 * Return: 0 or -EINVAL.
 */
int kshm_fd_check(struct kshm_ctx *ctx, const struct kshm_fd *fd)
{
	return kshm_check_flags(ctx, fd->flags,
				KSHM_FD_RDONLY | KSHM_FD_CLOEXEC, fd->reserved);
}

/**
 * kshm_do_fd() - make a file for a descriptor of a segment
 * @ctx:	the call
 * @fd:		see struct kshm_fd, checked; @fd->fd is not read
 *
 * Context: Takes the segment's lock, the inode's, and the segment's again, one
 * after the other. Sleeps.
 *
 * Return: the file, counted for the caller, or an error that struct kshm_fd lists.
 */
struct file *kshm_do_fd(struct kshm_ctx *ctx, const struct kshm_fd *fd)
{
	bool readonly = fd->flags & KSHM_FD_RDONLY;
	struct kshm_segment *segment;
	struct file *file;

	segment = fd_get_segment(ctx, fd->id, readonly ? 0444 : 0666);
	if (IS_ERR(segment)) {
		file = ERR_CAST(segment);
	} else {
		file = fd_new_file(segment,
				   readonly ? KSHM_READ : KSHM_READ_WRITE);
		kshm_segment_put(segment);
	}
	trace_kshm_fd(ctx, fd->id, fd->flags, PTR_ERR_OR_ZERO(file));
	return file;
}
