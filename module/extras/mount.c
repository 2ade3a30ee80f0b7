// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file systems that have the files of named objects: a tmpfs for each IPC
 * namespace, mounted where no process sees it. It limits the bytes of all objects
 * of the namespace, as a mount at /dev/shm does, and can forbid to execute them. Objects
 * that can have huge pages are in another one with the same limit, since the policy of
 * huge pages belongs to a file system; see huge.c.
 *
 * Only names need this module. A descriptor or a mapping keeps the tmpfs by its
 * path, after the namespace has ended and the module is unloaded.
 */
#include "kshm.h"

#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>
#include <linux/shmem_fs.h>

static char *objects_size = "50%";
module_param(objects_size, charp, 0444);
MODULE_PARM_DESC(objects_size, "Most bytes of all objects of a namespace, as size= of a tmpfs");

static bool objects_noexec;
module_param(objects_noexec, bool, 0444);
MODULE_PARM_DESC(objects_noexec, "No object can be mapped to be executed, as noexec of a tmpfs");

/* Read the parameter as tmpfs reads size=. @pages is 0 for no limit. */
static int mount_parse_size(unsigned long *pages)
{
	char *rest = objects_size;
	u64 size;

	if (!isdigit(*rest))
		return -EINVAL;
	size = memparse(rest, &rest);
	if (*rest == '%') {
		size = div_u64((size << PAGE_SHIFT) * totalram_pages(), 100);
		rest++;
	}
	if (*rest)
		return -EINVAL;
	*pages = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	return 0;
}

/*
 * A tmpfs that the kernel mounts for itself has no limits. So its limit of bytes is set
 * here. A limit of files is not needed: kshm limits the names, and a file without a name
 * needs a descriptor or a mapping.
 */
static struct vfsmount *mount_new(bool huge)
{
	struct shmem_sb_info *info;
	struct vfsmount *mnt;
	unsigned long pages;
	int err = mount_parse_size(&pages);

	if (err)
		return ERR_PTR(err);
	mnt = kshm_huge_new_mount(huge);
	if (IS_ERR(mnt))
		return mnt;
	info = mnt->mnt_sb->s_fs_info;
	info->max_blocks = pages;
	if (objects_noexec)
		mnt->mnt_sb->s_iflags |= SB_I_NOEXEC;
	return mnt;
}

/**
 * kshm_mount_get() - get the mount that has the objects of a namespace
 * @registry:	its registry
 * @huge:	of those that can have huge pages
 *
 * The first caller makes it. Loading the module makes that of the initial namespace,
 * and so checks the parameter. If two tasks make one at the same time, the first wins.
 *
 * Context: Sleeps.
 *
 * Return: the mount, which the registry counts; -ENOMEM, -ENFILE (no device number is
 * left), or -EINVAL for a parameter that is no size.
 */
struct vfsmount *kshm_mount_get(struct kshm_registry *registry, bool huge)
{
	struct vfsmount *made, *mnt = READ_ONCE(registry->objects_mnt[huge]);

	if (mnt)
		return mnt;
	made = mount_new(huge);
	if (IS_ERR(made))
		return made;
	mnt = cmpxchg(&registry->objects_mnt[huge], NULL, made);
	if (!mnt)
		return made;
	kern_unmount_array(&made, 1);
	return mnt;
}

/**
 * kshm_mount_put() - unmount what has the objects of a namespace
 * @registry:	its registry; no object has a name any more, and nobody makes one
 *
 * Descriptors and mappings that are left keep their tmpfs.
 *
 * Context: Sleeps, also to wait for RCU.
 */
void kshm_mount_put(struct kshm_registry *registry)
{
	struct vfsmount *mnts[ARRAY_SIZE(registry->objects_mnt)];
	int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(mnts); i++)
		if (registry->objects_mnt[i])
			mnts[n++] = registry->objects_mnt[i];
	memset(registry->objects_mnt, 0, sizeof(registry->objects_mnt));
	if (!n)
		return;
	/*
	 * Unlike kern_unmount(), this waits for RCU in the fast way: many namespaces
	 * can end at a time.
	 */
	kern_unmount_array(mnts, n);
}
