// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing file of a segment: an unlinked shmem file that has its pages. Segments of
 * SHM_HUGETLB have another file, see extras/hugetlb.c; they have no descriptor.
 *
 * Its inode has shmem's operations, and only root gets at it. Once there is a
 * descriptor of the segment (FD), the inode is sealed: it gets operations of
 * kshm's that refuse what the descriptor does not allow, and F_SEAL_GROW keeps it
 * from growing. Permissions of the inode could not do that, since a process with a
 * read-only descriptor can be the inode's owner, or root in its user namespace.
 *
 * An O_PATH descriptor keeps the inode and does not pin the module. So the end of
 * the segment gives the inode shmem's operations back. A task can be in one of
 * kshm's operations at that moment:
 *
 *	fstat() of an O_PATH descriptor		the end, and unloading
 *	-------------------------------		----------------------
 *	load inode->i_op
 *	call backing_getattr()
 *	(preempted)
 *						restore inode->i_op
 *						kshm_backing_exit(): wait
 *	call shmem's ->getattr()
 *	return
 *						every task has slept, or was in
 *						user space: free the module
 *
 * Some files do not pin the module: an O_PATH descriptor, and a file that root opened by
 * /proc/PID/map_files before the inode was sealed. An operation that is called for such a
 * file does not sleep: ->setattr() returns EPERM before it could, from backing_setattr()
 * or, for a larger size, from shmem because of F_SEAL_GROW. So a task that has slept since
 * is in none of them.
 *
 * No twin: in-tree, a segment has no descriptor and never grows, and the code of its
 * inode is never unloaded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "kshm.h"

#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

/* Operations that shmem gives its inodes; the same ones for every inode. */
static const struct inode_operations *backing_shmem_ops;

static int backing_permission(struct mnt_idmap *idmap, struct inode *inode,
			      int mask)
{
	return -EACCES;
}

/*
 * Nothing may change but the size, which may only rise; F_SEAL_GROW refuses even
 * that, unless kshm_backing_enlarge() lifts it.
 */
static int backing_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			   struct iattr *attr)
{
	if (!(attr->ia_valid & ATTR_SIZE) ||
	    attr->ia_size <= i_size_read(d_inode(dentry)))
		return -EPERM;
	return READ_ONCE(backing_shmem_ops)->setattr(idmap, dentry, attr);
}

/* shmem updates i_blocks only in its ->getattr(). */
static int backing_getattr(struct mnt_idmap *idmap, const struct path *path,
			   struct kstat *stat, u32 mask, unsigned int flags)
{
	return READ_ONCE(backing_shmem_ops)->getattr(idmap, path, stat, mask,
						     flags);
}

static const struct inode_operations backing_sealed_ops = {
	.permission	= backing_permission,
	.setattr	= backing_setattr,
	.getattr	= backing_getattr,
};

/*
 * vm.overcommit_memory is not exported, but its effect can be seen: strict
 * accounting refuses to promise all of memory and free swap, the other policies
 * never refuse that. (If overcommit_ratio or overcommit_kbytes allow even that
 * much, this returns false, and SHM_NORESERVE is honoured.) Under strict
 * accounting the attempt counts all of memory for a moment, in which another task
 * can get ENOMEM. That gives no user a new power: an mmap() of as much memory, which
 * every process may try, is counted in the same way before it is refused.
 */
static bool backing_overcommit_is_strict(void)
{
	loff_t all = totalram_pages() + get_nr_swap_pages();
	struct file *file;

	file = shmem_file_setup("kshm", all << PAGE_SHIFT, KSHM_VMA_FLAGS(0));
	if (IS_ERR(file))
		return true;
	fput(file);
	return false;
}

/**
 * kshm_backing_check() - do shmem inodes have the flags that kshm was compiled for?
 *
 * The kernel changed their values once, and no compiler checks the one that kshm_mlock()
 * sets. So this makes a file with another flag of the same set, and looks whether its
 * inode has the value that kshm was compiled for.
 *
 * Context: Module init. Sleeps.
 *
 * No twin: in-tree is compiled with the kernel that it runs on.
 *
 * Return: 0; -EINVAL if they differ, -ENOMEM.
 */
int kshm_backing_check(void)
{
	struct file *file;
	int err = 0;

	file = shmem_file_setup("kshm", 0, KSHM_VMA_FLAGS(VM_NORESERVE));
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (SHMEM_I(file_inode(file))->flags != SHMEM_F_NORESERVE) {
		pr_err("the flags of this kernel's shmem inodes are not those that kshm was compiled for\n");
		err = -EINVAL;
	}
	fput(file);
	return err;
}

/**
 * kshm_backing_new() - make a backing file
 * @key:	key that its name in /proc/PID/maps shows
 * @size:	bytes
 * @flags:	KSHM_GET_NORESERVE to charge memory page by page, not all of it now;
 *		ignored under strict overcommit, as in-tree. KSHM_GET_HUGE to ask for
 *		huge pages. Other flags are ignored
 *
 * Context: Sleeps.
 *
 * Twin of shmem_kernel_file_setup() in newseg().
 *
 * Return: the file, counted for the caller; -ENOMEM, -ENOSPC (no inode), -ENFILE,
 * -EINVAL (larger than a file can be).
 */
struct file *kshm_backing_new(key_t key, size_t size, u32 flags)
{
	struct vfsmount *mnt = kshm_huge_mnt(flags & KSHM_GET_HUGE);
	char name[sizeof("SYSV01234567")];
	unsigned long vm_flags = 0;
	struct file *file;

	if (flags & KSHM_GET_NORESERVE && !backing_overcommit_is_strict())
		vm_flags = VM_NORESERVE;
	snprintf(name, sizeof(name), "SYSV%08x", key);
	file = mnt ? shmem_file_setup_with_mnt(mnt, name, size,
					       KSHM_VMA_FLAGS(vm_flags)) :
		     shmem_file_setup(name, size, KSHM_VMA_FLAGS(vm_flags));
	/* Security modules leave it alone; the segment has the permissions. */
	if (!IS_ERR(file))
		file_inode(file)->i_flags |= S_PRIVATE;
	return file;
}

/**
 * kshm_backing_allocate() - allocate all pages of a new backing file
 * @file:	the file, not shared yet
 * @size:	bytes
 *
 * Fails rather than invoke the OOM killer (__GFP_RETRY_MAYFAIL) or let a user fill
 * the log (__GFP_NOWARN).
 *
 * Context: Sleeps.
 *
 * No twin: in-tree has no flag for this; the pages come with their first faults.
 *
 * Return: 0; -ENOMEM, -ENOSPC, -EINTR.
 */
int kshm_backing_allocate(struct file *file, size_t size)
{
	gfp_t gfp = mapping_gfp_mask(file->f_mapping);
	int err;

	mapping_set_gfp_mask(file->f_mapping,
			     gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	err = vfs_fallocate(file, 0, 0, size);
	mapping_set_gfp_mask(file->f_mapping, gfp);
	return err;
}

/**
 * kshm_backing_enlarge() - set a larger size
 * @file:	the backing file
 * @size:	bytes
 *
 * Lifts kshm's own F_SEAL_GROW for this one resize. The inode's lock excludes
 * every reader that acts on the seals; F_GET_SEALS can miss the seal meanwhile.
 *
 * Context: Caller holds the inode's lock. Sleeps.
 *
 * Return: 0 or a negative errno of shmem's ->setattr().
 */
int kshm_backing_enlarge(struct file *file, loff_t size)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE, .ia_size = size };
	struct inode *inode = file_inode(file);
	struct shmem_inode_info *info = SHMEM_I(inode);
	unsigned int seals = info->seals;
	int err;

	lockdep_assert_held_write(&inode->i_rwsem);

	/* Root may have enlarged it through /proc/PID/map_files. */
	if (i_size_read(inode) >= size)
		return 0;
	info->seals = seals & ~F_SEAL_GROW;
	err = notify_change(KSHM_IDMAP(file->f_path.mnt), file->f_path.dentry,
			    &attr, NULL);
	info->seals = seals;
	return err;
}

/**
 * kshm_backing_seal() - refuse what a descriptor does not allow, from now on
 * @inode:	inode of a backing file
 *
 * Context: Takes the inode's lock, since kshm_backing_enlarge() and shmem act on the
 * seals under it. Sleeps.
 */
void kshm_backing_seal(struct inode *inode)
{
	inode_lock(inode);
	if (!kshm_backing_is_sealed(inode)) {
		/* No permission bits. */
		inode->i_mode = S_IFREG;
		SHMEM_I(inode)->seals |= F_SEAL_GROW;
		WRITE_ONCE(backing_shmem_ops, inode->i_op);
		WRITE_ONCE(inode->i_op, &backing_sealed_ops);
		/*
		 * The kernel may have noted that there was no ->permission. (If
		 * root opens the file by /proc/PID/map_files at this moment,
		 * the note can come back. Then only i_mode refuses.) Without
		 * IOP_XATTR the inode has no extended attributes.
		 */
		spin_lock(&inode->i_lock);
		inode->i_opflags &= ~(IOP_FASTPERM | IOP_XATTR);
		spin_unlock(&inode->i_lock);
	}
	inode_unlock(inode);
}

/**
 * kshm_backing_is_sealed() - did the segment ever have a descriptor?
 * @inode:	inode of a backing file
 *
 * Context: Any. For a segment that lives, the answer can change at any time.
 *
 * Return: true or false.
 */
bool kshm_backing_is_sealed(const struct inode *inode)
{
	return READ_ONCE(inode->i_op) == &backing_sealed_ops;
}

/**
 * kshm_backing_empty() - free all pages of a backing file
 * @inode:	its inode, of shmem; nothing is attached, and nothing can be
 *
 * Context: Takes long for many pages, so no lock that others wait for. Sleeps.
 */
void kshm_backing_empty(struct inode *inode)
{
	shmem_truncate_range(inode, 0, -1);
}

/**
 * kshm_backing_release() - let an inode outlive its segment and this module
 * @inode:	inode of a backing file; nothing of the module maps it any more
 *
 * An O_PATH descriptor, or a file that root opened by /proc/PID/map_files, can
 * keep the inode. It becomes immutable, so that nobody uses it as memory that no
 * limit counts. A sealed one gets shmem's operations back.
 */
void kshm_backing_release(struct inode *inode)
{
	inode->i_flags |= S_IMMUTABLE;
	if (kshm_backing_is_sealed(inode))
		WRITE_ONCE(inode->i_op, READ_ONCE(backing_shmem_ops));
}

/**
 * kshm_backing_exit() - wait until no task is in this file's inode operations
 *
 * Context: Module exit; all inodes are released. Sleeps.
 */
void kshm_backing_exit(void)
{
	synchronize_rcu_tasks();
}

/**
 * kshm_backing_usage() - add up where the pages of a backing file are
 * @inode:	its inode
 * @rss:	pages in memory are added to it
 * @swp:	pages in swap are added to it
 *
 * A snapshot: pages come and go meanwhile.
 *
 * Context: A reference on the segment, or RCU since before it was looked up.
 *
 * Twin of shm_add_rss_swap().
 */
void kshm_backing_usage(const struct inode *inode, u64 *rss, u64 *swp)
{
	if (kshm_hugetlb_has(inode)) {
		*rss += kshm_hugetlb_usage(inode);
		return;
	}
	*rss += READ_ONCE(inode->i_mapping->nrpages);
	*swp += READ_ONCE(SHMEM_I((struct inode *)inode)->swapped);
}
