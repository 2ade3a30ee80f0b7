// SPDX-License-Identifier: GPL-2.0-only
/*
 * WHO: the mappings of a segment, and whose they are. In-tree can only count.
 *
 * The backing file's inode knows every VMA that maps it, and i_mmap_rwsem keeps
 * each of them, what it says of addresses, and its mm, until we let go:
 *
 *	munmap, exit, exec	take a VMA out of the tree, with that lock held for
 *				writing, before they close and free it
 *	mmap, fork, split	put one in, likewise, once it is counted
 *
 * So nothing is missed, and no mm needs a reference, which would make us the one
 * to tear down an address space. What mprotect() changes meanwhile is read once.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/rbtree.h>
#include <linux/sched/coredump.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

struct request {
	struct kshm_segment *segment;
	struct kshm_attacher *list;
	u32		room;
	u32		count;
};

/*
 * A task that has an address space, of its last user NULL. Wants RCU. Where the
 * kernel doesn't keep track of it, all are looked at; some of those are missed
 * that are just being made.
 */
static struct task_struct *owner_of(struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	return rcu_dereference(mm->owner);
#else
	struct task_struct *process, *task;

	for_each_process_thread(process, task)
		if (READ_ONCE(task->mm) == mm && !(task->flags & PF_KTHREAD))
			return task;
	return NULL;
#endif
}

/*
 * May the caller know where another process has what? Twin of
 * ptrace_may_access(), which is not for modules; so without security modules.
 * Wants RCU.
 */
static bool may_inspect(struct task_struct *task, struct mm_struct *mm)
{
	const struct cred *mine = current_cred(), *its = __task_cred(task);

	if (mm == current->mm)
		return true;
	/* It is a fork that fails. */
	if (!its)
		return false;
	if (uid_eq(mine->fsuid, its->uid) && uid_eq(mine->fsuid, its->euid) &&
	    uid_eq(mine->fsuid, its->suid) && gid_eq(mine->fsgid, its->gid) &&
	    gid_eq(mine->fsgid, its->egid) && gid_eq(mine->fsgid, its->sgid) &&
	    mine->user_ns == its->user_ns &&
	    cap_issubset(its->cap_permitted, mine->cap_effective) &&
	    get_dumpable(mm) == SUID_DUMP_USER)
		return true;
	return ns_capable_noaudit(its->user_ns, CAP_SYS_PTRACE) &&
	       ns_capable_noaudit(mm->user_ns, CAP_SYS_PTRACE);
}

static u32 prot_of(const struct vm_area_struct *vma)
{
	unsigned long flags = READ_ONCE(vma->vm_flags);

	return (flags & VM_READ ? KSHM_PROT_READ : 0) |
	       (flags & VM_WRITE ? KSHM_PROT_WRITE : 0) |
	       (flags & VM_EXEC ? KSHM_PROT_EXEC : 0);
}

static void describe(const struct vm_area_struct *vma,
		     struct kshm_attacher *attacher)
{
	struct mm_struct *mm = vma->vm_mm;
	struct task_struct *task;

	rcu_read_lock();
	task = owner_of(mm);
	attacher->pid = task ? task_tgid_vnr(task) : 0;
	attacher->addr = task && may_inspect(task, mm) ? vma->vm_start : 0;
	rcu_read_unlock();
	attacher->prot = prot_of(vma);
	attacher->length = vma->vm_end - vma->vm_start;
	attacher->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
}

/* Others may map the inode, too: root, by /proc/PID/map_files. */
static void walk(struct request *req)
{
	struct address_space *mapping = req->segment->inode->i_mapping;
	struct vm_area_struct *vma;
	struct rb_node *node;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node;
	     node = rb_next(node)) {
		vma = rb_entry(node, struct vm_area_struct, shared.rb);
		if (kshm_vma_segment(vma) != req->segment)
			continue;
		if (req->count < req->room)
			describe(vma, &req->list[req->count]);
		req->count++;
		cond_resched();
	}
	i_mmap_unlock_read(mapping);
}

static int find_locked(struct kshm_segment *segment, void *arg)
{
	struct request *req = arg;

	/* In this order, since what was asked last is told as the reason. */
	if (!kshm_may_change(segment) && !kshm_may_access(segment, 0444))
		return -EACCES;
	kref_get(&segment->ref);
	req->segment = segment;
	return 0;
}

/**
 * kshm_who() - list the mappings of a segment
 * @who:	see there; @who->count is set
 * @list:	set to what was found, @who->count but not more than @who->room of
 *		them, NULL for no room; the caller's, to be freed by kvfree()
 *
 * Takes the segment's lock, then i_mmap_rwsem.
 *
 * Return: 0 or what struct kshm_who lists.
 */
int kshm_who(struct kshm_who *who, struct kshm_attacher **list)
{
	struct request req = { .room = who->room };
	int err;

	err = kshm_check_flags(who->flags, 0, 0);
	if (err)
		return err;
	if (who->room > KSHM_WHO_ROOM_MAX)
		return kshm_because(-EINVAL, KSHM_WHY_ROOM, who->room,
				    KSHM_WHO_ROOM_MAX);
	err = kshm_with_id(who->id, find_locked, &req);
	if (err)
		return err;
	if (req.room) {
		req.list = kvmalloc_array(req.room, sizeof(*req.list),
					  GFP_KERNEL_ACCOUNT);
		if (!req.list)
			err = -ENOMEM;
	}
	if (!err) {
		walk(&req);
		who->count = req.count;
		*list = req.list;
	}
	kshm_segment_put(req.segment);
	return err;
}
