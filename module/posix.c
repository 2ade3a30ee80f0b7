// SPDX-License-Identifier: GPL-2.0-only
/*
 * OPEN and UNLINK: named objects, as shm_open(3) and shm_unlink(3) have them.
 *
 * An object is a plain shmem file. Owner, mode, size, times and seals are those
 * of its inode, and a descriptor of it is the kernel's own: read(), mmap(),
 * ftruncate(), fchmod() or /proc/self/fd never come here. What is kept here is
 * which name stands for which file, the part of a directory; so the rules are
 * those of a directory like /dev/shm, where everybody may create and the sticky
 * bit says who may unlink. There is one for each IPC namespace.
 *
 * The descriptor is good without the name, and does not pin the module.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

/* What /proc/PID/maps shows before the name. */
#define LABEL		"kshm:"

#define OPEN_FLAGS	(KSHM_OPEN_RDONLY | KSHM_OPEN_CLOEXEC |		\
			 KSHM_OPEN_CREAT | KSHM_OPEN_EXCL |		\
			 KSHM_OPEN_TRUNC | KSHM_OPEN_WRONLY |		\
			 KSHM_OPEN_SEALABLE)

static struct kshm_object *object_of(const struct rb_node *node)
{
	return rb_entry(node, struct kshm_object, node);
}

static int compare(const void *name, const struct rb_node *node)
{
	return strcmp(name, object_of(node)->name);
}

static bool comes_before(struct rb_node *a, const struct rb_node *b)
{
	return strcmp(object_of(a)->name, object_of(b)->name) < 0;
}

static struct kshm_object *find(struct kshm_registry *registry,
				const char *name)
{
	struct rb_node *node;

	lockdep_assert_held(&registry->objects_lock);
	node = rb_find(name, &registry->objects, compare);
	return node ? object_of(node) : NULL;
}

/* An empty file, linked once as long as it has its name. */
static struct file *new_file(const char *name, const struct kshm_open *open)
{
	char label[sizeof(LABEL) + NAME_MAX];
	struct inode *inode;
	struct file *file;

	/* As in a file system, memory is charged when pages are touched. */
	snprintf(label, sizeof(label), LABEL "%s", name);
	file = shmem_file_setup(label, 0, VM_NORESERVE);
	if (IS_ERR(file))
		return file;
	inode = file_inode(file);
	inode->i_mode = S_IFREG | (open->mode & ~current_umask());
	set_nlink(inode, 1);
	if (open->flags & KSHM_OPEN_SEALABLE)
		SHMEM_I(inode)->seals = 0;
	return file;
}

/* Of the file only the path is kept: it says nothing about who has it open. */
static struct kshm_object *object_new(const char *name,
				      const struct kshm_open *open)
{
	size_t size = strlen(name) + 1;
	struct kshm_object *object;
	struct file *file;

	object = kzalloc(struct_size(object, name, size), GFP_KERNEL_ACCOUNT);
	if (!object)
		return ERR_PTR(-ENOMEM);
	file = new_file(name, open);
	if (IS_ERR(file)) {
		kfree(object);
		return ERR_CAST(file);
	}
	object->path = file->f_path;
	path_get(&object->path);
	fput(file);

	/* The caller came through a door that pins the module, as we do now. */
	__module_get(THIS_MODULE);
	memcpy(object->name, name, size);
	current_euid_egid(&object->cuid, &object->cgid);
	object->cpid = get_pid(task_tgid(current));
	return object;
}

/* Nobody finds it any more; its memory goes with its last descriptor. */
static void object_free(struct kshm_object *object)
{
	path_put(&object->path);
	put_pid(object->cpid);
	kfree(object);
	module_put(THIS_MODULE);
}

static int insert(struct kshm_registry *registry, struct kshm_object *object)
{
	struct kshm_limits limits;

	kshm_ns_limits(&limits);
	if (find(registry, object->name))
		return -EEXIST;
	if (registry->object_count >= limits.shmmni)
		return kshm_because(-ENOSPC, KSHM_WHY_SHMMNI,
				    registry->object_count + 1ULL,
				    limits.shmmni);
	rb_add(&object->node, &registry->objects, comes_before);
	registry->object_count++;
	return 0;
}

static void take_out(struct kshm_registry *registry, struct kshm_object *object)
{
	struct inode *inode = d_inode(object->path.dentry);

	lockdep_assert_held(&registry->objects_lock);
	rb_erase(&object->node, &registry->objects);
	registry->object_count--;
	inode_set_ctime_current(inode);
	clear_nlink(inode);
}

/*
 * dentry_open() asks nobody for permission: that was done, or need not be. Symbolic
 * links there are none; shm_open(3) says O_NOFOLLOW, and F_GETFL tells it.
 */
static struct file *open_path(const struct path *path, u32 flags)
{
	int how = O_RDWR;

	if (flags & KSHM_OPEN_RDONLY)
		how = O_RDONLY;
	else if (flags & KSHM_OPEN_WRONLY)
		how = O_WRONLY;
	return dentry_open(path, how | O_LARGEFILE | O_NOFOLLOW, current_cred());
}

/* Twin of may_open(). */
static int check_access(const struct path *path, u32 flags)
{
	int wanted = MAY_OPEN;

	if (!(flags & KSHM_OPEN_WRONLY))
		wanted |= MAY_READ;
	if (!(flags & KSHM_OPEN_RDONLY) || flags & KSHM_OPEN_TRUNC)
		wanted |= MAY_WRITE;
	if (wanted & MAY_WRITE && IS_APPEND(d_inode(path->dentry)))
		return -EPERM;
	return path_permission(path, wanted);
}

/* As open() does, which takes it for a change of what is empty, too. */
static int truncate(const struct path *path)
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

static struct file *open_existing(const struct path *path, u32 flags)
{
	struct file *file;
	int err;

	if (flags & KSHM_OPEN_CREAT && flags & KSHM_OPEN_EXCL)
		return ERR_PTR(kshm_because(-EEXIST, KSHM_WHY_NAME_TAKEN,
					    0, 0));
	err = check_access(path, flags);
	if (err)
		return ERR_PTR(kshm_because(err, KSHM_WHY_OBJECT_ACCESS,
					    d_inode(path->dentry)->i_mode & 07777,
					    0));
	file = open_path(path, flags);
	if (IS_ERR(file) || !(flags & KSHM_OPEN_TRUNC))
		return file;
	err = truncate(path);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

/* Opened before anybody can find it, and as asked for, whatever its mode says. */
static struct file *create(struct kshm_registry *registry, const char *name,
			   const struct kshm_open *open)
{
	struct kshm_object *object = object_new(name, open);
	struct file *file;
	int err;

	if (IS_ERR(object))
		return ERR_CAST(object);
	file = open_path(&object->path, open->flags);
	if (IS_ERR(file)) {
		object_free(object);
		return file;
	}
	err = mutex_lock_killable(&registry->objects_lock);
	if (!err) {
		err = insert(registry, object);
		mutex_unlock(&registry->objects_lock);
	}
	if (!err)
		return file;
	fput(file);
	object_free(object);
	return ERR_PTR(err);
}

static int get_path(struct kshm_registry *registry, const char *name,
		    struct path *path)
{
	struct kshm_object *object;
	int err;

	err = mutex_lock_killable(&registry->objects_lock);
	if (err)
		return err;
	object = find(registry, name);
	if (object) {
		*path = object->path;
		path_get(path);
	}
	mutex_unlock(&registry->objects_lock);
	return object ? 0 : -ENOENT;
}

static struct file *find_or_create(struct kshm_registry *registry,
				   const char *name,
				   const struct kshm_open *open)
{
	struct file *file;
	struct path path;
	int err;

	for (;;) {
		err = get_path(registry, name, &path);
		if (!err) {
			file = open_existing(&path, open->flags);
			path_put(&path);
			return file;
		}
		if (err != -ENOENT)
			return ERR_PTR(err);
		if (!(open->flags & KSHM_OPEN_CREAT))
			return ERR_PTR(kshm_because(err, KSHM_WHY_NO_NAME,
						    0, 0));
		file = create(registry, name, open);
		/* Another creator was faster between the two: find again. */
		if (file != ERR_PTR(-EEXIST))
			return file;
	}
}

/**
 * kshm_open_check() - look at flags and mode, before anything is done
 * @open:	flags and mode
 *
 * Return: 0 or -EINVAL.
 */
int kshm_open_check(const struct kshm_open *open)
{
	const u32 one_way = KSHM_OPEN_RDONLY | KSHM_OPEN_WRONLY;
	int err;

	err = kshm_check_flags(open->flags, OPEN_FLAGS, 0);
	if (err)
		return err;
	if ((open->flags & one_way) == one_way)
		return kshm_because(-EINVAL, KSHM_WHY_FLAGS, one_way,
				    OPEN_FLAGS);
	if (open->mode & ~S_IALLUGO)
		return kshm_because(-EINVAL, KSHM_WHY_MODE, open->mode,
				    S_IALLUGO);
	return 0;
}

/**
 * kshm_open() - open a named object, or create one
 * @name:	its name: no slash in it, and at most NAME_MAX bytes
 * @open:	flags and mode, checked
 *
 * Takes the lock of the namespace's objects; memory is asked for and freed
 * without it. Twin of shm_open(3).
 *
 * Return: the file, for a descriptor; or what struct kshm_open lists.
 */
struct file *kshm_open(const char *name, const struct kshm_open *open)
{
	struct kshm_registry *registry = kshm_ns_registry();
	struct file *file;

	if (IS_ERR(registry))
		return ERR_CAST(registry);
	file = find_or_create(registry, name, open);
	trace_kshm_open(name, open->flags, PTR_ERR_OR_ZERO(file));
	return file;
}

/*
 * Twin of check_sticky(), in a directory that belongs to the root of the user
 * namespace that owns the IPC namespace.
 */
static bool may_unlink(const struct kshm_object *object)
{
	struct inode *inode = d_inode(object->path.dentry);
	kuid_t root = make_kuid(kshm_user_ns(), 0);

	return uid_eq(current_fsuid(), inode->i_uid) ||
	       uid_eq(current_fsuid(), root) ||
	       capable_wrt_inode_uidgid(KSHM_IDMAP(object->path.mnt), inode,
					CAP_FOWNER);
}

/**
 * kshm_unlink() - take an object's name away
 * @name:	the name
 * @unlink:	flags, of which there are none
 *
 * Takes the lock of the namespace's objects. Twin of shm_unlink(3).
 *
 * Return: 0 or what struct kshm_unlink lists.
 */
int kshm_unlink(const char *name, const struct kshm_unlink *unlink)
{
	struct kshm_registry *registry;
	struct kshm_object *object;
	int err;

	err = kshm_check_flags(unlink->flags, 0, 0);
	if (err)
		return err;
	registry = kshm_ns_registry();
	if (IS_ERR(registry))
		return PTR_ERR(registry);
	err = mutex_lock_killable(&registry->objects_lock);
	if (err)
		return err;
	object = find(registry, name);
	if (!object)
		err = kshm_because(-ENOENT, KSHM_WHY_NO_NAME, 0, 0);
	else if (!may_unlink(object))
		err = kshm_because(-EPERM, KSHM_WHY_NOT_OWNER, 0, 0);
	else
		take_out(registry, object);
	mutex_unlock(&registry->objects_lock);
	trace_kshm_unlink(name, unlink->flags, err);
	if (!err)
		object_free(object);
	return err;
}

/**
 * kshm_objects_from() - the object at a place
 * @registry:	the registry; the lock of its objects is held
 * @place:	how many come before it, in the order of their names
 *
 * Return: the object, as long as the lock is held; NULL where there are fewer.
 */
struct kshm_object *kshm_objects_from(struct kshm_registry *registry,
				      unsigned int place)
{
	struct rb_node *node = rb_first(&registry->objects);

	lockdep_assert_held(&registry->objects_lock);
	while (node && place--)
		node = rb_next(node);
	return node ? object_of(node) : NULL;
}

/**
 * kshm_objects_next() - the object after another
 * @object:	that one; the lock of its registry's objects is held
 *
 * Return: the object, as long as the lock is held; NULL after the last.
 */
struct kshm_object *kshm_objects_next(struct kshm_object *object)
{
	struct rb_node *node = rb_next(&object->node);

	return node ? object_of(node) : NULL;
}

/**
 * kshm_objects_drain() - the namespace has ended: take all names away
 * @registry:	the registry, which nobody can find any more; takes the lock of
 *		its objects
 */
void kshm_objects_drain(struct kshm_registry *registry)
{
	struct kshm_object *object;

	for (;;) {
		mutex_lock(&registry->objects_lock);
		object = kshm_objects_from(registry, 0);
		if (object)
			take_out(registry, object);
		mutex_unlock(&registry->objects_lock);
		if (!object)
			return;
		object_free(object);
	}
}
