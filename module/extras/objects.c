// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table name -> named object of a registry. A tree, so that listings show
 * the objects in the order of their names.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct kshm_object *object_of(const struct rb_node *node)
{
	return rb_entry(node, struct kshm_object, node);
}

static int object_compare(const void *name, const struct rb_node *node)
{
	return strcmp(name, object_of(node)->name);
}

static bool object_is_less(struct rb_node *a, const struct rb_node *b)
{
	return strcmp(object_of(a)->name, object_of(b)->name) < 0;
}

/**
 * kshm_object_new() - make an object
 * @name:	its name
 * @file:	its file. The object counts the path only, since an open file would
 *		count as a writer and against fs.file-max
 *
 * Context: The caller's descriptor pins the module, as the object does from here
 * on. Sleeps.
 *
 * Return: the object, in no table; -ENOMEM.
 */
struct kshm_object *kshm_object_new(const char *name, struct file *file)
{
	size_t size = strlen(name) + 1;
	struct kshm_object *object;

	object = kzalloc(struct_size(object, name, size), GFP_KERNEL_ACCOUNT);
	if (!object)
		return ERR_PTR(-ENOMEM);
	__module_get(THIS_MODULE);
	memcpy(object->name, name, size);
	object->path = file->f_path;
	path_get(&object->path);
	current_euid_egid(&object->cuid, &object->cgid);
	object->payer = kshm_shares_payer();
	object->cpid = get_pid(task_tgid(current));
	return object;
}

/**
 * kshm_object_free() - free an object
 * @object:	in no table
 *
 * The file's memory is freed with its last descriptor or mapping.
 *
 * Context: Sleeps.
 */
void kshm_object_free(struct kshm_object *object)
{
	path_put(&object->path);
	put_pid(object->cpid);
	kfree(object);
	module_put(THIS_MODULE);
}

/**
 * kshm_objects_find() - look up an object by its name
 * @registry:	the registry
 * @name:	the name
 *
 * Context: Caller holds registry->objects_lock.
 *
 * Return: the object, valid under the lock; NULL for none.
 */
struct kshm_object *kshm_objects_find(struct kshm_registry *registry,
				      const char *name)
{
	struct rb_node *node;

	lockdep_assert_held(&registry->objects_lock);
	node = rb_find(name, &registry->objects, object_compare);
	return node ? object_of(node) : NULL;
}

/**
 * kshm_objects_insert() - publish an object
 * @registry:	the registry
 * @object:	the object; no other one has its name, and kshm_shares_take()
 *		has counted it for its payer. It belongs to the registry from here on
 *
 * Context: Caller holds registry->objects_lock.
 */
void kshm_objects_insert(struct kshm_registry *registry,
			 struct kshm_object *object)
{
	lockdep_assert_held(&registry->objects_lock);
	rb_add(&object->node, &registry->objects, object_is_less);
}

/**
 * kshm_objects_unlink() - take an object out of the table
 * @registry:	the registry
 * @object:	the object. It belongs to the caller from here on
 *
 * Context: Caller holds registry->objects_lock.
 */
void kshm_objects_unlink(struct kshm_registry *registry,
			 struct kshm_object *object)
{
	struct inode *inode = d_inode(object->path.dentry);

	lockdep_assert_held(&registry->objects_lock);
	rb_erase(&object->node, &registry->objects);
	kshm_shares_give_back(&registry->object_shares, object->payer);
	inode_set_ctime_current(inode);
	clear_nlink(inode);
}

/**
 * kshm_objects_after() - find the object that follows a name
 * @registry:	the registry
 * @name:	the name, of an object or not; an empty one precedes all objects
 *
 * Context: Caller holds registry->objects_lock.
 *
 * Return: the object, valid under the lock; NULL after the last.
 */
struct kshm_object *kshm_objects_after(struct kshm_registry *registry,
				       const char *name)
{
	struct rb_node *node = registry->objects.rb_node;
	struct kshm_object *after = NULL;

	lockdep_assert_held(&registry->objects_lock);
	while (node) {
		if (object_compare(name, node) < 0) {
			after = object_of(node);
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return after;
}

/**
 * kshm_objects_unlink_all() - unlink all objects of a namespace that has ended
 * @registry:	its registry, which no lookup finds any more
 *
 * Context: Takes registry->objects_lock, once for each object. Sleeps.
 */
void kshm_objects_unlink_all(struct kshm_registry *registry)
{
	struct kshm_object *object;

	for (;;) {
		mutex_lock(&registry->objects_lock);
		object = kshm_objects_after(registry, "");
		if (object)
			kshm_objects_unlink(registry, object);
		mutex_unlock(&registry->objects_lock);
		if (!object)
			return;
		kshm_object_free(object);
	}
}
