// SPDX-License-Identifier: GPL-2.0-only
/*
 * WHO: list the mappings of a segment and the processes that have them. In-tree
 * can only count mappings.
 *
 * The backing file's inode has a tree of all VMAs that map it. i_mmap_rwsem,
 * held for reading, keeps each of these VMAs, its addresses and its mm:
 *
 *	munmap, exit, exec	take a VMA out of the tree, with that lock held for
 *				writing, before they close and free it
 *	mmap, fork, split	count a VMA, then put it into the tree under the
 *				same lock (a kernel without commit 35e351780fa9
 *				counts the VMAs of a fork after that)
 *
 * So the walk misses only a mapping that is just being made or unmapped. mprotect()
 * can change vm_flags at any time; they are read once.
 *
 * Every mmap(), fork() and munmap() of the segment waits while the lock is held, so
 * only what the VMAs have is read under it. The tasks are looked up afterwards, and
 * mmgrab() keeps the mm structs until then. It does not keep what is in the address
 * space: a reference that did could be the last one, and then this task would tear
 * the address space down.
 */
#include "kshm.h"

#include <linux/cred.h>
#include <linux/rbtree.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#ifndef CONFIG_MEMCG
/*
 * Return: a thread of the process that uses the address space; NULL for none.
 * Threads of a process that still have an address space have the same one, so one of
 * them tells for all.
 * Context: RCU read lock.
 */
static struct task_struct *who_uses(struct task_struct *process,
				    const struct mm_struct *mm)
{
	struct task_struct *task;
	struct mm_struct *its;

	if (process->flags & PF_KTHREAD)
		return NULL;
	for_each_thread(process, task) {
		its = READ_ONCE(task->mm);
		if (its)
			return its == mm ? task : NULL;
	}
	return NULL;
}
#endif

/*
 * Return: a task that uses the address space, NULL after its last user is gone and
 * before its first one runs.
 * Context: RCU read lock. A kernel without memory cgroups does not track the owner
 * of an mm; there all processes are searched.
 *
 * A task owns its mm before fork() is sure to succeed. If it fails, the task loses
 * its pids and credentials at once, while the mm can live on: swapoff takes
 * references on the mm of any task. So a task that is new or dead is not used.
 */
static struct task_struct *who_owns(struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	struct task_struct *task = rcu_dereference(mm->owner);

	if (task && READ_ONCE(task->__state) & (TASK_NEW | TASK_DEAD))
		return NULL;
	return task;
#else
	struct task_struct *process, *task;

	for_each_process(process) {
		task = who_uses(process, mm);
		if (task)
			return task;
	}
	return NULL;
#endif
}

static bool who_is_same_user(const struct cred *mine, const struct cred *its)
{
	return uid_eq(mine->fsuid, its->uid) && uid_eq(mine->fsuid, its->euid) &&
	       uid_eq(mine->fsuid, its->suid) && gid_eq(mine->fsgid, its->gid) &&
	       gid_eq(mine->fsgid, its->egid) && gid_eq(mine->fsgid, its->sgid);
}

/*
 * May the caller see the addresses of another process? Twin of
 * ptrace_may_access(), which is not exported; without the hook of security
 * modules.
 *
 * Its pid is shown without this check, even if the caller's /proc hides it
 * (hidepid=). That option is for the files of one mount, and keeps no pid secret:
 * IPC_STAT shows those of a segment's creator and of its last user, too.
 * Context: RCU read lock.
 */
static bool who_may_inspect(struct task_struct *task, struct mm_struct *mm)
{
	const struct cred *mine = current_cred(), *its = __task_cred(task);
	bool may_trace;

	if (mm == current->mm)
		return true;
	may_trace = ns_capable_noaudit(its->user_ns, CAP_SYS_PTRACE);
	if (!may_trace && !who_is_same_user(mine, its))
		return false;
	/*
	 * commit_creds() clears the dumpable flag (PR_SET_DUMPABLE of prctl(2))
	 * before it sets the credentials. This barrier keeps the opposite order
	 * here: a task that has read the new credentials reads the new flag.
	 */
	smp_rmb();
	if (!kshm_is_dumpable(task, mm) &&
	    !ns_capable_noaudit(kshm_exec_user_ns(task, mm), CAP_SYS_PTRACE))
		return false;
	return may_trace ||
	       (mine->user_ns == its->user_ns &&
		cap_issubset(its->cap_permitted, mine->cap_effective));
}

static u32 who_prot(const struct vm_area_struct *vma)
{
	unsigned long flags = READ_ONCE(vma->vm_flags);

	return (flags & VM_READ ? KSHM_PROT_READ : 0) |
	       (flags & VM_WRITE ? KSHM_PROT_WRITE : 0) |
	       (flags & VM_EXEC ? KSHM_PROT_EXEC : 0);
}

static void who_fill(const struct vm_area_struct *vma,
		     struct kshm_attacher *attacher)
{
	attacher->prot = who_prot(vma);
	attacher->addr = vma->vm_start;
	attacher->length = vma->vm_end - vma->vm_start;
	attacher->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
}

/*
 * Fill the first @room entries of @list, but for their tasks. The mm of each is put
 * into @mms, counted by mmgrab().
 *
 * Return: number of mappings. Root can map the inode by /proc/PID/map_files; such
 * a VMA is no attach, and is not counted.
 */
static u32 who_walk(struct kshm_segment *segment, struct kshm_attacher *list,
		    struct mm_struct **mms, u32 room)
{
	struct address_space *mapping = segment->inode->i_mapping;
	struct vm_area_struct *vma;
	struct rb_node *node;
	u32 count = 0;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node;
	     node = rb_next(node)) {
		cond_resched();
		vma = rb_entry(node, struct vm_area_struct, shared.rb);
		if (kshm_vma_segment(vma) != segment)
			continue;
		if (count < room) {
			who_fill(vma, &list[count]);
			mmgrab(vma->vm_mm);
			mms[count] = vma->vm_mm;
		}
		count++;
	}
	i_mmap_unlock_read(mapping);
	return count;
}

static void who_look_up_task(struct mm_struct *mm,
			     struct kshm_attacher *attacher)
{
	struct task_struct *task;

	rcu_read_lock();
	task = who_owns(mm);
	attacher->pid = task ? task_tgid_vnr(task) : 0;
	if (!task || !who_may_inspect(task, mm))
		attacher->addr = 0;
	rcu_read_unlock();
}

/* Fill in the tasks of @n entries, and drop the mms. */
static void who_look_up_tasks(struct kshm_attacher *list,
			      struct mm_struct **mms, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		who_look_up_task(mms[i], &list[i]);
		mmdrop(mms[i]);
		cond_resched();
	}
}

/* Return: the segment, counted for the caller, or an error. */
static struct kshm_segment *who_get_segment(struct kshm_ctx *ctx, int id)
{
	struct kshm_segment *segment = kshm_segment_lock_id(ctx, id);
	int err = 0;

	if (IS_ERR(segment))
		return segment;
	if (!kshm_may_control(segment))
		err = kshm_check_access(ctx, segment, 0444);
	if (!err)
		kref_get(&segment->ref);
	kshm_segment_unlock(segment);
	return err ? ERR_PTR(err) : segment;
}

/**
 * kshm_do_who() - list the mappings of a segment
 * @ctx:	the call
 * @who:	see struct kshm_who; @who->count is set
 * @list:	NULL on entry; set to the entries, at most @who->room of them, unless
 *		that is 0. The caller frees it by kvfree()
 *
 * Context: Takes the segment's lock and releases it, then takes i_mmap_rwsem. Sleeps.
 *
 * Return: 0 or an error that struct kshm_who lists.
 */
int kshm_do_who(struct kshm_ctx *ctx, struct kshm_who *who,
		struct kshm_attacher **list)
{
	struct mm_struct **mms = NULL;
	struct kshm_segment *segment;
	int err;

	err = kshm_check_flags(ctx, who->flags, 0, 0);
	if (err)
		return err;
	if (who->room > KSHM_WHO_ROOM_MAX)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ROOM, who->room,
				   KSHM_WHO_ROOM_MAX);
	segment = who_get_segment(ctx, who->id);
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	if (who->room) {
		*list = kvmalloc_array(who->room, sizeof(**list),
				       GFP_KERNEL_ACCOUNT);
		mms = kvmalloc_array(who->room, sizeof(*mms),
				     GFP_KERNEL_ACCOUNT);
	}
	if (who->room && (!*list || !mms)) {
		kvfree(*list);
		*list = NULL;
		err = -ENOMEM;
	} else {
		who->count = who_walk(segment, *list, mms, who->room);
		who_look_up_tasks(*list, mms, min(who->count, who->room));
	}
	kvfree(mms);
	kshm_segment_put(segment);
	return err;
}
