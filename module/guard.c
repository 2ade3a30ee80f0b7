// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guard: how DETACH unmaps its own VMA and never another thread's.
 *
 * In-tree finds the VMA and unmaps it under one hold of mmap_lock. A module has
 * only vm_munmap(), which takes the lock itself. Between lookup and call another
 * thread can do this:
 *
 *	detach				another thread
 *	------				--------------
 *	lookup: our VMA is at A
 *					munmap(A)
 *					mmap() gets A, for something else
 *	vm_munmap(A)			(loses it)
 *
 * So DETACH maps a guard at A: the attach file itself, MAP_FIXED, at an offset that
 * a program hardly ever uses. mmap() asks the file for an address, under mmap_lock. The
 * file agrees only while our VMA is still there. mmap() then unmaps our VMA to
 * make room, and calls the file's ->mmap, which fails on purpose. A hole remains,
 * as DETACH wants it:
 *
 *	detach				another thread
 *	------				--------------
 *	lookup: our VMA is at A
 *	vm_mmap(A, guard)
 *	  lock mmap_lock
 *	  get_unmapped_area: still ours
 *	  unmap it
 *	  ->mmap: -ECANCELED
 *	  unlock mmap_lock
 *					munmap(A): nothing there
 *					mmap() gets A, and keeps it
 *
 * If the other thread comes first, the file refuses:
 *
 *	  get_unmapped_area: -ESTALE	(keeps it)
 *
 * selftests/model/guard.pml tries all orders of these steps, and of others.
 *
 * userfaultfd can report what a process unmaps, and then the unmapping task waits for
 * the reader of that report. In-tree's shmdt reports nothing, but mmap() and
 * vm_munmap() do. So a piece leaves userfaultfd before it is unmapped. The file does
 * that when it agrees to the address, since mmap_lock is not released between that
 * and the unmapping.
 *
 * mmap() hands no context to the file's callbacks, so a table of guards in
 * progress tells them which task is mapping a guard, and where.
 *
 * No twin: in-tree unmaps under the same hold of mmap_lock that found the VMA.
 */
#include "kshm.h"

#include <linux/hashtable.h>
#include <linux/mman.h>
#include <linux/sched.h>

/*
 * On 64 bits no attach reaches this offset. A program can map a descriptor there; only
 * the table below tells whether a mapping is a guard.
 */
#define GUARD_OFFSET	(1UL << (BITS_PER_LONG - 2))
#define GUARD_PGOFF	(GUARD_OFFSET >> PAGE_SHIFT)

/*
 * struct guard - a guard in progress, on the stack of the task that maps it
 * @link:	in guards
 * @task:	that task
 * @piece:	VMA that the guard replaces
 * @armed:	the file has agreed to the address, so ->mmap has to fail
 */
struct guard {
	struct hlist_node	link;
	struct task_struct	*task;
	const struct kshm_piece	*piece;
	bool			armed;
};

/*
 * At most one entry per task, hashed by the task. Other tasks touch only ->link, and
 * read ->task. Tasks that wait for mmap_lock can be many; with a list, each of them
 * would slow down the detaches of all others.
 */
static DEFINE_HASHTABLE(guards, 8);
static DEFINE_SPINLOCK(guard_lock);

/* Do detaches use the guard? kshm_detach_init() finds out. */
bool kshm_guard_works;

static struct guard *guard_of_current(void)
{
	struct guard *guard, *found = NULL;

	spin_lock(&guard_lock);
	hash_for_each_possible(guards, guard, link, (unsigned long)current)
		if (guard->task == current)
			found = guard;
	spin_unlock(&guard_lock);
	return found;
}

/* Is this VMA still the piece? All VMAs of the file have kshm_vm_ops: no need to look. */
static bool guard_finds(const struct vm_area_struct *vma,
			const struct kshm_piece *piece)
{
	return vma && vma->vm_file == piece->file &&
	       vma->vm_start == piece->start && vma->vm_end == piece->end &&
	       vma->vm_pgoff == piece->pgoff;
}

/*
 * Take a VMA out of userfaultfd, as the close of its descriptor does. Write protection
 * stays in the page tables; a write to such a page faults once more and then succeeds.
 *
 * This can't be undone, as nothing keeps the context of userfaultfd. So the VMA has to
 * be unmapped next. If mmap() refuses the guard now, DETACH unmaps the VMA without
 * one. vm_munmap() of a whole VMA can fail in three ways: the VMA is sealed, and then
 * it is left as it was; the task is being killed; or the kernel has no memory for a
 * small struct.
 */
static void guard_unwatch_vma(struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vma->vm_mm);
	if (!(vma->vm_flags & __VM_UFFD_FLAGS) || vma->vm_flags & VM_SEALED)
		return;
	vm_flags_clear(vma, __VM_UFFD_FLAGS);
	vma->vm_userfaultfd_ctx = NULL_VM_UFFD_CTX;
}

/**
 * kshm_guard_area() - is this mapping a guard, and may it go there?
 * @file:	the attach file
 * @addr:	fixed address
 * @len:	bytes
 * @pgoff:	page offset that was asked for
 *
 * Context: mmap() calls it under mmap_lock, held for writing.
 *
 * Return: 0 for an ordinary mapping, also one by a program at the guard's offset;
 * 1 for a guard that may be mapped; -ESTALE for a guard whose VMA is gone.
 */
int kshm_guard_area(struct file *file, unsigned long addr, unsigned long len,
		    unsigned long pgoff)
{
	struct vm_area_struct *vma;
	struct guard *guard;

	if (likely(pgoff != GUARD_PGOFF))
		return 0;
	guard = guard_of_current();
	if (!guard || file != guard->piece->file ||
	    addr != guard->piece->start ||
	    len != guard->piece->end - guard->piece->start)
		return 0;
	vma = find_vma(current->mm, addr);
	if (!guard_finds(vma, guard->piece))
		return -ESTALE;
	guard_unwatch_vma(vma);
	guard->armed = true;
	return 1;
}

/**
 * kshm_guard_hit() - is this new VMA a guard that has done its work?
 * @vma:	the VMA, as ->mmap receives it
 *
 * Context: mmap() calls it under mmap_lock, held for writing.
 *
 * Return: true if it is, and ->mmap has to fail.
 */
bool kshm_guard_hit(struct vm_area_struct *vma)
{
	struct guard *guard;

	if (likely(vma->vm_pgoff != GUARD_PGOFF))
		return false;
	guard = guard_of_current();
	return guard && guard->armed && vma->vm_file == guard->piece->file &&
	       vma->vm_start == guard->piece->start;
}

/**
 * kshm_guard_unmap() - unmap a piece, but nothing that replaced it
 * @piece:	the piece; the caller counts its file
 *
 * Context: Takes mmap_lock. Sleeps.
 *
 * Return: -ECANCELED if the piece was unmapped, -ESTALE if it was gone already;
 * any other errno is mmap()'s refusal of the guard.
 */
long kshm_guard_unmap(const struct kshm_piece *piece)
{
	struct guard guard = { .task = current, .piece = piece };
	unsigned long ret;

	spin_lock(&guard_lock);
	hash_add(guards, &guard.link, (unsigned long)current);
	spin_unlock(&guard_lock);

	/* MAP_PRIVATE, so that mmap() does not count a writer of the file. */
	ret = vm_mmap(piece->file, piece->start, piece->end - piece->start,
		      PROT_NONE, MAP_PRIVATE | MAP_FIXED, GUARD_OFFSET);

	spin_lock(&guard_lock);
	hash_del(&guard.link);
	spin_unlock(&guard_lock);
	return ret;
}

/**
 * kshm_guard_unwatch() - take a piece out of userfaultfd
 * @piece:	a piece that the caller is about to unmap without a guard
 *
 * A program that registers the piece again before it is unmapped gets its report, and
 * the detach waits for the reader.
 *
 * Context: Takes mmap_lock. Sleeps.
 */
void kshm_guard_unwatch(const struct kshm_piece *piece)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	/* A task that is being killed unmaps nothing either. */
	if (mmap_write_lock_killable(mm))
		return;
	vma = find_vma(mm, piece->start);
	if (guard_finds(vma, piece))
		guard_unwatch_vma(vma);
	mmap_write_unlock(mm);
}
