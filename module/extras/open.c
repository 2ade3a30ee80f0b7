// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPEN and UNLINK: named objects, as shm_open(3) and shm_unlink(3) define them.
 *
 * An object is a plain shmem file. Owner, mode, size, times and seals are those
 * of its inode, and its descriptors are the kernel's own: read(), mmap(),
 * ftruncate(), fchmod() and /proc/self/fd never enter this module. kshm adds what
 * a directory would do, a table of names (objects.c), so the permission rules are
 * those of a directory like /dev/shm: everybody may create, and the sticky bit
 * decides who may unlink. Each IPC namespace has such a table.
 *
 * A descriptor stays good without the name and does not pin the module.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/shmem_fs.h>
#include <linux/user_namespace.h>

/* /proc/PID/maps shows this before the name. */
#define OPEN_LABEL	"kshm:"

#define OPEN_FLAGS	(KSHM_OPEN_RDONLY | KSHM_OPEN_CLOEXEC |		\
			 KSHM_OPEN_CREAT | KSHM_OPEN_EXCL |		\
			 KSHM_OPEN_TRUNC | KSHM_OPEN_WRONLY |		\
			 KSHM_OPEN_SEALABLE | KSHM_OPEN_APPEND |	\
			 KSHM_OPEN_HUGE)

/* Make an empty file. Its link count stays 1 as long as it has a name. */
static struct file *open_new_file(struct kshm_registry *registry,
				  const char *name,
				  const struct kshm_open *open)
{
	bool huge = kshm_huge_wanted(open->flags & KSHM_OPEN_HUGE);
	struct vfsmount *mnt = kshm_mount_get(registry, huge);
	char label[sizeof(OPEN_LABEL) + NAME_MAX];
	struct inode *inode;
	struct file *file;

	if (IS_ERR(mnt))
		return ERR_CAST(mnt);
	snprintf(label, sizeof(label), OPEN_LABEL "%s", name);
	/* VM_NORESERVE: memory is charged page by page, as in tmpfs. */
	file = shmem_file_setup_with_mnt(mnt, label, 0,
					 KSHM_VMA_FLAGS(VM_NORESERVE));
	if (IS_ERR(file))
		return file;
	inode = file_inode(file);
	inode->i_mode = S_IFREG | (open->mode & ~current_umask());
	set_nlink(inode, 1);
	/*
	 * shmem_file_setup_with_mnt() has set F_SEAL_SEAL, which refuses all further
	 * seals.
	 */
	if (open->flags & KSHM_OPEN_SEALABLE)
		SHMEM_I(inode)->seals = 0;
	return file;
}

static struct kshm_object *open_new_object(struct kshm_registry *registry,
					   const char *name,
					   const struct kshm_open *open)
{
	struct file *file = open_new_file(registry, name, open);
	struct kshm_object *object;

	if (IS_ERR(file))
		return ERR_CAST(file);
	object = kshm_object_new(name, file);
	fput(file);
	return object;
}

/*
 * dentry_open() checks no permission; open_check_access() did, and a new object
 * needs no check. shm_open(3) passes O_NOFOLLOW, and F_GETFL shows it.
 */
static struct file *open_path(const struct path *path, u32 flags)
{
	int mode = O_RDWR;

	if (flags & KSHM_OPEN_RDONLY)
		mode = O_RDONLY;
	else if (flags & KSHM_OPEN_WRONLY)
		mode = O_WRONLY;
	if (flags & KSHM_OPEN_APPEND)
		mode |= O_APPEND;
	return dentry_open(path, mode | O_LARGEFILE | O_NOFOLLOW,
			   current_cred());
}

static int open_check_permission(const struct path *path, u32 flags)
{
	int wanted = MAY_OPEN;

	if (!(flags & KSHM_OPEN_WRONLY))
		wanted |= MAY_READ;
	if (!(flags & KSHM_OPEN_RDONLY) || flags & KSHM_OPEN_TRUNC)
		wanted |= MAY_WRITE;
	return path_permission(path, wanted);
}

/* An append-only file is written with O_APPEND only, and never truncated. */
static bool open_breaks_append(const struct inode *inode, u32 flags)
{
	return IS_APPEND(inode) &&
	       (flags & KSHM_OPEN_TRUNC ||
		!(flags & (KSHM_OPEN_RDONLY | KSHM_OPEN_APPEND)));
}

/* Twin of may_open(). path_permission() returns -EPERM for an immutable file. */
static int open_check_access(struct kshm_ctx *ctx, const struct path *path,
			     u32 flags)
{
	const struct inode *inode = d_inode(path->dentry);
	int err = open_check_permission(path, flags);

	if (err && err != -EPERM)
		return kshm_refuse(ctx, err, KSHM_WHY_OBJECT_ACCESS,
				   inode->i_mode & S_IALLUGO, 0);
	if (err || open_breaks_append(inode, flags))
		return kshm_refuse(ctx, -EPERM, KSHM_WHY_OBJECT_FLAGS, 0, 0);
	return 0;
}

/* Twin of handle_truncate(), which updates the times of an empty file, too. */
static int open_truncate(const struct path *path)
{
	struct iattr now = { .ia_valid = ATTR_MTIME | ATTR_CTIME };
	struct inode *inode = d_inode(path->dentry);
	int err = vfs_truncate(path, 0);

	if (err)
		return err;
	inode_lock(inode);
	err = notify_change(KSHM_IDMAP(path->mnt), path->dentry, &now, NULL);
	inode_unlock(inode);
	return err;
}

static struct file *open_existing(struct kshm_ctx *ctx, const struct path *path,
				  u32 flags)
{
	struct file *file;
	int err;

	if (flags & KSHM_OPEN_CREAT && flags & KSHM_OPEN_EXCL)
		return ERR_PTR(kshm_refuse(ctx, -EEXIST, KSHM_WHY_NAME_TAKEN,
					   0, 0));
	err = open_check_access(ctx, path, flags);
	if (err)
		return ERR_PTR(err);
	file = open_path(path, flags);
	if (IS_ERR(file) || !(flags & KSHM_OPEN_TRUNC))
		return file;
	err = open_truncate(path);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

static int open_publish_locked(struct kshm_ctx *ctx, struct kshm_object *object)
{
	struct kshm_registry *registry = ctx->registry;
	struct kshm_shares *shares = &registry->object_shares;
	struct kshm_limits limits;
	int err;

	kshm_ns_limits(&limits);
	if (kshm_objects_find(registry, object->name))
		return -EEXIST;
	if (shares->sum >= limits.shmmni)
		return kshm_refuse(ctx, -ENOSPC, KSHM_WHY_SHMMNI,
				   shares->sum + 1ULL, limits.shmmni);
	err = kshm_shares_take(ctx, shares, object->payer, limits.shmmni,
			       kshm_ns_user_ns());
	if (err)
		return err;
	kshm_objects_insert(registry, object);
	return 0;
}

/* On success the object belongs to the registry, else still to the caller. */
static int open_publish(struct kshm_ctx *ctx, struct kshm_object *object)
{
	int err = mutex_lock_killable(&ctx->registry->objects_lock);

	if (err)
		return err;
	err = open_publish_locked(ctx, object);
	mutex_unlock(&ctx->registry->objects_lock);
	return err;
}

/*
 * The object is opened before it is published, with the access that was asked
 * for, whatever its mode says.
 */
static struct file *open_create(struct kshm_ctx *ctx, const char *name,
				const struct kshm_open *open)
{
	struct kshm_object *object = open_new_object(ctx->registry, name, open);
	struct file *file;
	int err;

	if (IS_ERR(object))
		return ERR_CAST(object);
	if (open->flags & KSHM_OPEN_HUGE)
		kshm_huge_explain_object(ctx);
	file = open_path(&object->path, open->flags);
	if (!IS_ERR(file)) {
		err = open_publish(ctx, object);
		if (!err)
			return file;
		fput(file);
		file = ERR_PTR(err);
	}
	kshm_object_free(object);
	return file;
}

/* Return: 0 with @path counted for the caller; -ENOENT or -EINTR. */
static int open_get_path(struct kshm_registry *registry, const char *name,
			 struct path *path)
{
	struct kshm_object *object;
	int err;

	err = mutex_lock_killable(&registry->objects_lock);
	if (err)
		return err;
	object = kshm_objects_find(registry, name);
	if (object) {
		*path = object->path;
		path_get(path);
	}
	mutex_unlock(&registry->objects_lock);
	return object ? 0 : -ENOENT;
}

static struct file *open_find_or_create(struct kshm_ctx *ctx, const char *name,
					const struct kshm_open *open)
{
	struct file *file;
	struct path path;
	int err;

	for (;;) {
		err = open_get_path(ctx->registry, name, &path);
		if (!err) {
			file = open_existing(ctx, &path, open->flags);
			path_put(&path);
			return file;
		}
		if (err != -ENOENT)
			return ERR_PTR(err);
		if (!(open->flags & KSHM_OPEN_CREAT))
			return ERR_PTR(kshm_refuse(ctx, err, KSHM_WHY_NO_NAME,
						   0, 0));
		file = open_create(ctx, name, open);
		/* Another creator published first: look it up again. */
		if (file != ERR_PTR(-EEXIST))
			return file;
	}
}

/**
 * kshm_open_check() - check flags and mode, before a descriptor is reserved
 * @ctx:	the call
 * @open:	see struct kshm_open; only flags and mode are read
 *
 * Return: 0 or -EINVAL.
 */
int kshm_open_check(struct kshm_ctx *ctx, const struct kshm_open *open)
{
	const u32 both = KSHM_OPEN_RDONLY | KSHM_OPEN_WRONLY;
	int err;

	err = kshm_check_flags(ctx, open->flags, OPEN_FLAGS, 0);
	if (err)
		return err;
	if ((open->flags & both) == both)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_FLAGS, both,
				   OPEN_FLAGS);
	if (open->mode & ~S_IALLUGO)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_MODE, open->mode,
				   S_IALLUGO);
	return 0;
}

/**
 * kshm_do_open() - open a named object, or create one
 * @ctx:	the call
 * @open:	see struct kshm_open; flags and mode are checked already
 * @name:	name without a slash, at most NAME_MAX bytes
 *
 * Context: Takes registry->objects_lock and releases it; TRUNC then takes the inode's
 * lock. The file and the object are made and freed without objects_lock. Sleeps.
 *
 * Twin of shm_open(3).
 *
 * Return: the file for a descriptor, counted for the caller, or an error that
 * struct kshm_open lists.
 */
struct file *kshm_do_open(struct kshm_ctx *ctx, const struct kshm_open *open,
			  const char *name)
{
	struct kshm_registry *registry = kshm_ctx_registry(ctx);
	struct file *file;

	if (IS_ERR(registry))
		return ERR_CAST(registry);
	file = open_find_or_create(ctx, name, open);
	trace_kshm_open(name, open->flags, PTR_ERR_OR_ZERO(file));
	return file;
}

/*
 * Twin of check_sticky(), for a directory that belongs to the root of the user
 * namespace that owns the IPC namespace.
 */
static bool open_owns_name(const struct kshm_object *object)
{
	struct inode *inode = d_inode(object->path.dentry);
	kuid_t root = make_kuid(kshm_ns_user_ns(), 0);

	return uid_eq(current_fsuid(), inode->i_uid) ||
	       uid_eq(current_fsuid(), root) ||
	       capable_wrt_inode_uidgid(KSHM_IDMAP(object->path.mnt), inode,
					CAP_FOWNER);
}

/*
 * Twin of may_delete_dentry() or, in older kernels, may_delete(). That function also
 * refuses for swap files and for files whose owner has no id in their mount. A shmem
 * file can't be a swap file, and in the tmpfs of objects each owner has an id.
 */
static int open_check_unlink(struct kshm_ctx *ctx,
			     const struct kshm_object *object)
{
	const struct inode *inode = d_inode(object->path.dentry);

	if (!open_owns_name(object))
		return kshm_refuse(ctx, -EPERM, KSHM_WHY_NOT_OWNER, 0, 0);
	if (IS_APPEND(inode) || IS_IMMUTABLE(inode))
		return kshm_refuse(ctx, -EPERM, KSHM_WHY_OBJECT_FLAGS, 0, 0);
	return 0;
}

/* Return: the object, out of the table and the caller's to free; or an error. */
static struct kshm_object *open_unlink_locked(struct kshm_ctx *ctx,
					      const char *name)
{
	struct kshm_registry *registry = ctx->registry;
	struct kshm_object *object = kshm_objects_find(registry, name);
	int err;

	if (!object)
		return ERR_PTR(kshm_refuse(ctx, -ENOENT, KSHM_WHY_NO_NAME,
					   0, 0));
	err = open_check_unlink(ctx, object);
	if (err)
		return ERR_PTR(err);
	kshm_objects_unlink(registry, object);
	return object;
}

/**
 * kshm_do_unlink() - remove the name of an object
 * @ctx:	the call
 * @unlink:	see struct kshm_unlink; only flags are read
 * @name:	the name
 *
 * Context: Takes registry->objects_lock. Sleeps.
 *
 * Twin of shm_unlink(3).
 *
 * Return: 0 or an error that struct kshm_unlink lists.
 */
int kshm_do_unlink(struct kshm_ctx *ctx, const struct kshm_unlink *unlink,
		   const char *name)
{
	struct kshm_registry *registry;
	struct kshm_object *object;
	int err;

	err = kshm_check_flags(ctx, unlink->flags, 0, 0);
	if (err)
		return err;
	registry = kshm_ctx_registry(ctx);
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	err = mutex_lock_killable(&registry->objects_lock);
	if (err)
		return err;
	object = open_unlink_locked(ctx, name);
	mutex_unlock(&registry->objects_lock);

	err = PTR_ERR_OR_ZERO(object);
	trace_kshm_unlink(name, unlink->flags, err);
	if (!err)
		kshm_object_free(object);
	return err;
}
