// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments of huge pages that the administrator has set aside (SHM_HUGETLB). Twin of
 * hugetlb_file_setup() and can_do_hugetlb_shm() in fs/hugetlbfs/inode.c, which are not
 * exported.
 *
 * Such a segment has its file in a hugetlbfs, of which there is one for each size of
 * huge pages. They are mounted when a segment first needs them, where no process sees
 * them. An attach forwards everything to the file, as it does for files of shmem.
 *
 * A segment reserves its pages when it is created. Only ->mmap of hugetlbfs reserves
 * pages, and they stay reserved until the inode ends. So the file is mapped into the
 * caller's address space for a moment, without access:
 *
 *	vm_mmap(PROT_NONE)		the inode's pages are reserved
 *	vm_munmap()			they stay reserved
 *	set S_PRIVATE			an attach reserves no more, as in-tree
 *
 * Pages that another thread manages to touch meanwhile are pages of the new segment. A
 * thread that moves the mapping, or forks, can keep it. Then it has huge pages as
 * mmap(MAP_HUGETLB) gives them to everybody, and the module has nothing to do with them.
 */
#include "kshm.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kstrtox.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/sched/task.h>
#include <linux/string.h>

/*
 * The mounts by the size of a page, as a power of 2; the first is that of the default
 * size. NULL if it was not needed yet. Each is set once, without a lock.
 */
static struct vfsmount *hugetlb_mnt[KSHM_GET_HUGETLB_SIZES];

/*
 * Open a file of proc or sysfs, which tell what the kernel does not export. This mounts
 * the file system for a moment: the one that the caller sees may show other files.
 */
static struct file *hugetlb_open(const char *fs, const char *name)
{
	struct file_system_type *type = get_fs_type(fs);
	struct vfsmount *mnt;
	struct file *file;

	if (!type)
		return ERR_PTR(-ENOENT);
	mnt = vfs_kern_mount(type, SB_KERNMOUNT, "kshm", NULL);
	if (IS_ERR(mnt))
		return ERR_CAST(mnt);
	file = file_open_root_mnt(mnt, name, O_RDONLY, 0);
	mntput(mnt);
	return file;
}

/*
 * Has the kernel pages of that size? hugetlbfs would write to the kernel's log if not,
 * and no user shall fill the log.
 */
static bool hugetlb_has_size(unsigned int log)
{
	char name[sizeof("kernel/mm/hugepages/hugepages-18446744073709551615kB/nr_hugepages")];
	struct file *file;

	snprintf(name, sizeof(name),
		 "kernel/mm/hugepages/hugepages-%llukB/nr_hugepages",
		 (1ULL << log) / 1024);
	file = hugetlb_open("sysfs", name);
	if (IS_ERR(file))
		return false;
	fput(file);
	return true;
}

static struct vfsmount *hugetlb_new_mount(unsigned int log)
{
	struct file_system_type *type = get_fs_type("hugetlbfs");
	char option[sizeof("pagesize=18446744073709551615")];

	/* The kernel registers it if the CPU has huge pages. */
	if (!type || (log && !hugetlb_has_size(log)))
		return ERR_PTR(-EINVAL);
	snprintf(option, sizeof(option), "pagesize=%llu", 1ULL << log);
	return vfs_kern_mount(type, SB_KERNMOUNT, "kshm", log ? option : NULL);
}

/* Return: the mount, not counted; -EINVAL, -ENOMEM, -ENFILE. */
static struct vfsmount *hugetlb_get_mount(unsigned int log)
{
	struct vfsmount *made, *mnt = READ_ONCE(hugetlb_mnt[log]);

	if (mnt)
		return mnt;
	made = hugetlb_new_mount(log);
	/* No device number is left for a file system. */
	if (made == ERR_PTR(-EMFILE))
		return ERR_PTR(-ENFILE);
	if (IS_ERR(made))
		return made;
	mnt = cmpxchg(&hugetlb_mnt[log], NULL, made);
	if (!mnt)
		return made;
	mntput(made);
	return mnt;
}

/* Return: vm.hugetlb_shm_group; -1, which is no group, if it can't be read. */
static unsigned int hugetlb_read_group(void)
{
	struct file *file = hugetlb_open("proc", "sys/vm/hugetlb_shm_group");
	unsigned int group = -1;
	char text[16] = "";
	loff_t pos = 0;

	if (IS_ERR(file))
		return -1;
	if (kernel_read(file, text, sizeof(text) - 1, &pos) <= 0 ||
	    kstrtouint(strim(text), 10, &group))
		group = -1;
	fput(file);
	return group;
}

/* Twin of can_do_hugetlb_shm(). */
static bool hugetlb_is_allowed(const struct cred *kernel)
{
	const struct cred *mine;
	unsigned int group;

	if (capable(CAP_IPC_LOCK))
		return true;
	mine = override_creds(kernel);
	group = hugetlb_read_group();
	revert_creds(mine);
	return group != -1 && in_group_p(KGIDT_INIT(group));
}

/*
 * hugetlbfs makes inodes without a name for open(O_TMPFILE) only. In /proc/PID/maps such
 * a file has a number for its name, so the segment gets another file of the inode.
 */
static struct file *hugetlb_new_file(struct vfsmount *mnt, key_t key,
				     const struct cred *kernel)
{
	struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };
	char name[sizeof("SYSV01234567")];
	const struct cred *mine;
	struct file *unnamed, *file;

	mine = override_creds(kernel);
	unnamed = kernel_tmpfile_open(KSHM_IDMAP(mnt), &root, S_IFREG | 0600,
				      O_RDWR | O_EXCL, kernel);
	revert_creds(mine);
	if (IS_ERR(unnamed))
		return unnamed;
	snprintf(name, sizeof(name), "SYSV%08x", key);
	/* alloc_file_pseudo() takes over the reference if it succeeds. */
	ihold(file_inode(unnamed));
	file = alloc_file_pseudo(file_inode(unnamed), mnt, name, O_RDWR,
				 unnamed->f_op);
	if (IS_ERR(file))
		iput(file_inode(unnamed));
	fput(unnamed);
	return file;
}

/* Return: 0 or -ENOMEM. */
static int hugetlb_reserve(struct kshm_ctx *ctx, struct file *file, size_t size)
{
	unsigned long addr = vm_mmap(file, 0, size, PROT_NONE, MAP_SHARED, 0);

	if (IS_ERR_VALUE(addr))
		return kshm_refuse(ctx, -ENOMEM, KSHM_WHY_HUGETLB_POOL, size,
				   huge_page_size(hstate_file(file)));
	vm_munmap(addr, size);
	return 0;
}

/* Give the new file its size and pages. Return: 0 or -ENOMEM. */
static int hugetlb_fill(struct kshm_ctx *ctx, const struct kshm_get *get,
			struct file *file)
{
	struct inode *inode = file_inode(file);
	size_t size = ALIGN(get->size, huge_page_size(hstate_file(file)));
	int err = 0;

	/* Rounding up has wrapped around: there is never so much memory. */
	if (size < get->size)
		return kshm_refuse(ctx, -ENOMEM, KSHM_WHY_HUGETLB_POOL, get->size,
				   huge_page_size(hstate_file(file)));
	/* Nobody else has the inode. */
	i_size_write(inode, size);
	if (!(get->flags & KSHM_GET_NORESERVE))
		err = hugetlb_reserve(ctx, file, size);
	/* Security modules leave it alone, too; the segment has the permissions. */
	inode->i_flags |= S_PRIVATE;
	return err;
}

static struct file *hugetlb_new(struct kshm_ctx *ctx, const struct kshm_get *get,
				const struct cred *kernel)
{
	unsigned int log = KSHM_GET_HUGETLB_LOG(get->flags);
	const struct cred *mine = override_creds(kernel);
	struct vfsmount *mnt = hugetlb_get_mount(log);
	struct file *file;
	int err;

	revert_creds(mine);
	if (mnt == ERR_PTR(-EINVAL))
		return ERR_PTR(kshm_refuse(ctx, -EINVAL, KSHM_WHY_HUGETLB_SIZE,
					   log, 0));
	if (IS_ERR(mnt))
		return ERR_CAST(mnt);
	if (!hugetlb_is_allowed(kernel))
		return ERR_PTR(kshm_refuse(ctx, -EPERM, KSHM_WHY_HUGETLB_GROUP,
					   0, 0));
	file = hugetlb_new_file(mnt, get->key, kernel);
	if (IS_ERR(file))
		return file;
	err = hugetlb_fill(ctx, get, file);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

/**
 * kshm_hugetlb_new() - make a backing file of huge pages that are set aside
 * @ctx:	the call
 * @get:	key, size in bytes, KSHM_GET_NORESERVE, and the size of a page as
 *		KSHM_GET_HUGETLB_LOG() has it
 *
 * Context: Maps and unmaps the file in the caller's address space. Sleeps.
 *
 * Twin of hugetlb_file_setup().
 *
 * Return: the file, counted for the caller; -EINVAL (the kernel has no pages of that
 * size), -EPERM (neither CAP_IPC_LOCK nor vm.hugetlb_shm_group), -ENOSPC (no inode),
 * -ENOMEM (too few pages are left, or no room in the address space), -ENFILE.
 */
struct file *kshm_hugetlb_new(struct kshm_ctx *ctx, const struct kshm_get *get)
{
	/* What belongs to the whole system is done with the rights of the kernel. */
	struct cred *kernel = prepare_kernel_cred(&init_task);
	struct file *file;

	if (!kernel)
		return ERR_PTR(-ENOMEM);
	file = hugetlb_new(ctx, get, kernel);
	put_cred(kernel);
	return file;
}

/**
 * kshm_hugetlb_usage() - count the pages of a backing file that are in memory
 * @inode:	its inode
 *
 * Twin of shm_add_rss_swap().
 *
 * Return: the number, in pages of PAGE_SIZE bytes.
 */
u64 kshm_hugetlb_usage(const struct inode *inode)
{
	return kshm_hugetlb_nrpages(READ_ONCE(inode->i_mapping->nrpages),
				    hstate_inode((struct inode *)inode));
}

/**
 * kshm_hugetlb_exit() - unmount what kshm_hugetlb_new() has mounted
 *
 * Inodes that outlive their segments keep their file system.
 *
 * Context: Module exit; there is no segment any more. Sleeps.
 */
void kshm_hugetlb_exit(void)
{
	int log;

	for (log = 0; log < ARRAY_SIZE(hugetlb_mnt); log++)
		mntput(hugetlb_mnt[log]);
}
