// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file systems that have the files of named objects: one tmpfs for each IPC
 * namespace, mounted where no process sees it. It limits the bytes of all objects
 * of the namespace, as a mount at /dev/shm does.
 *
 * Only names need this module. A descriptor or a mapping keeps the tmpfs by its
 * path, after the namespace has ended and the module is unloaded.
 */
#include "kshm.h"

#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/moduleparam.h>
#include <linux/mount.h>

static char *objects_size = "50%";
module_param(objects_size, charp, 0444);
MODULE_PARM_DESC(objects_size, "Most bytes of all objects of a namespace, as size= of a tmpfs");

/*
 * SB_KERNMOUNT: this tmpfs does not limit the number of files. kshm limits the names,
 * and a file without a name needs a descriptor or a mapping.
 */
static struct vfsmount *mount_new(void)
{
	struct fs_parameter size = {
		.key	= "size",
		.type	= fs_value_is_string,
		.string	= objects_size,
		.size	= strlen(objects_size),
	};
	struct fs_context *fc;
	struct vfsmount *mnt;
	int err = 0;

	fc = fs_context_for_mount(get_fs_type("tmpfs"), SB_KERNMOUNT);
	if (IS_ERR(fc))
		return ERR_CAST(fc);
	/* It belongs to the initial user namespace, so it can have files of every user. */
	fc->global = true;
	/* Without CONFIG_TMPFS there are no options, and so there is no limit. */
	if (IS_ENABLED(CONFIG_TMPFS))
		err = vfs_parse_fs_param(fc, &size);
	mnt = err ? ERR_PTR(err) : fc_mount(fc);
	put_fs_context(fc);
	return mnt;
}

/**
 * kshm_mount_get() - get the mount that has the objects of a namespace
 * @registry:	its registry
 *
 * The first caller makes it. For the initial namespace, that is the loading of the
 * module, which checks the parameter so. If others make it at the same time, the first
 * wins.
 *
 * Context: Sleeps.
 *
 * Return: the mount, which the registry counts; -ENOMEM, or -EINVAL for a parameter
 * that is no size.
 */
struct vfsmount *kshm_mount_get(struct kshm_registry *registry)
{
	struct vfsmount *made, *mnt = READ_ONCE(registry->objects_mnt);

	if (mnt)
		return mnt;
	made = mount_new();
	if (IS_ERR(made))
		return made;
	mnt = cmpxchg(&registry->objects_mnt, NULL, made);
	if (!mnt)
		return made;
	mntput(made);
	return mnt;
}
