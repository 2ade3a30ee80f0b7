// SPDX-License-Identifier: GPL-2.0-only
/*
 * DETACH: find the pieces of an attach, and unmap them. Twin of ksys_shmdt().
 *
 * In-tree looks and unmaps under one hold of mmap_lock. A module has only
 * vm_munmap(), which takes the lock itself, and between the look and the call
 * another thread can do this:
 *
 *	detach				another thread
 *	------				--------------
 *	look: our VMA is at A
 *					munmap(A)
 *					mmap() gets A, for something else
 *	vm_munmap(A)			(loses it)
 *
 * So a guard stands at A: the attach file itself is mapped there, MAP_FIXED, at
 * an offset that nobody uses. mmap() asks the file where that may go, under
 * mmap_lock; the file answers only while our VMA is still there. mmap() then
 * unmaps it to make room, and calls the file's ->mmap, which declines. What is
 * left is a hole, which is what was wanted:
 *
 *	detach				another thread
 *	------				--------------
 *	look: our VMA is at A
 *	vm_mmap(A, guard)
 *	  lock mmap_lock
 *	  get_unmapped_area: still ours
 *	  unmap it
 *	  ->mmap: -ECANCELED
 *	  unlock mmap_lock
 *					munmap(A): nothing there
 *					mmap() gets A, and keeps it
 *
 * or, where the other thread comes before the lock is taken:
 *
 *	  get_unmapped_area: -ESTALE	(keeps it)
 *
 * A process that is alone in its address space needs no guard.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "kshm.h"
#include "trace.h"

#include <linux/file.h>
#include <linux/ipc.h>
#include <linux/kconfig.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

/*
 * Further into a file than anybody maps. A stranger may: whether a mapping is
 * a guard, the list below decides.
 */
#define GUARD_OFFSET	(1UL << (BITS_PER_LONG - 2))
#define GUARD_PGOFF	(GUARD_OFFSET >> PAGE_SHIFT)

/*
 * struct piece - where a detach stands
 * @addr:	where the attach began
 * @next:	where to look for the next piece
 * @file:	the attach's file, from the first piece on; counted
 * @size:	bytes from @addr on in which further pieces are looked for
 * @start:	the piece found last, first byte
 * @end:	the same, byte after the last
 * @pgoff:	the same, offset in the segment, in pages
 * @plain:	the guard was refused there
 * @begun:	something was unmapped, so @file is what this detach is about
 * @met:	something was there, though it may be that mmap() unmapped it
 */
struct piece {
	unsigned long	addr;
	unsigned long	next;
	struct file	*file;
	unsigned long	size;
	unsigned long	start;
	unsigned long	end;
	unsigned long	pgoff;
	bool		plain;
	bool		begun;
	bool		met;
};

/* A task that is about to put up a guard. On its own stack, while it does. */
struct guard {
	struct kshm_errand	errand;
	const struct piece	*piece;
	bool			armed;
};

static struct kshm_errands guards = {
	.lock = __SPIN_LOCK_UNLOCKED(guards.lock),
	.list = LIST_HEAD_INIT(guards.list),
};

static bool guard_works;

static struct guard *guard_of_current(void)
{
	struct kshm_errand *errand = kshm_errand_mine(&guards);

	return errand ? container_of(errand, struct guard, errand) : NULL;
}

static bool is_at(struct vm_area_struct *vma, const struct piece *piece)
{
	return vma && vma->vm_ops == &kshm_vm_ops &&
	       vma->vm_file == piece->file && vma->vm_start == piece->start &&
	       vma->vm_end == piece->end && vma->vm_pgoff == piece->pgoff;
}

/**
 * kshm_guard_area() - is this mapping a guard, and may it go there?
 * @file:	the attach file
 * @addr:	where to
 * @len:	bytes
 * @pgoff:	page offset that was asked for
 *
 * Called by mmap() under mmap_lock, held for writing.
 *
 * Return: 0 for an ordinary mapping, that of a stranger with the guard's offset
 * included; 1 for a guard that may; -ESTALE for one that may not, because what
 * it was meant for is not there any more.
 */
int kshm_guard_area(struct file *file, unsigned long addr, unsigned long len,
		    unsigned long pgoff)
{
	struct guard *guard;

	if (likely(pgoff != GUARD_PGOFF))
		return 0;
	guard = guard_of_current();
	if (!guard || file != guard->piece->file ||
	    addr != guard->piece->start ||
	    len != guard->piece->end - guard->piece->start)
		return 0;
	if (!is_at(find_vma(current->mm, addr), guard->piece))
		return -ESTALE;
	guard->armed = true;
	return 1;
}

/**
 * kshm_guard_hit() - is this new VMA a guard that has done its work?
 * @vma:	as ->mmap gets it, under mmap_lock
 *
 * Return: yes or no. For yes ->mmap fails, and with it the mapping.
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

/*
 * Return: -ECANCELED when the piece is gone, -ESTALE when it was not there any
 * more; other errors are mmap()'s.
 */
static long unmap_guarded(const struct piece *piece)
{
	struct guard guard = { .piece = piece };
	unsigned long ret;

	kshm_errand_begin(&guards, &guard.errand);

	/* Private, so that a shared writable mapping is not accounted for. */
	ret = vm_mmap(piece->file, piece->start, piece->end - piece->start,
		      PROT_NONE, MAP_PRIVATE | MAP_FIXED, GUARD_OFFSET);

	kshm_errand_end(&guards, &guard.errand);
	return ret;
}

static bool belongs(struct vm_area_struct *vma, const struct piece *piece)
{
	if (vma->vm_ops != &kshm_vm_ops ||
	    (vma->vm_start - piece->addr) / PAGE_SIZE != vma->vm_pgoff)
		return false;
	return !piece->file || vma->vm_file == piece->file;
}

static void take(struct piece *piece, struct vm_area_struct *vma)
{
	if (!piece->file) {
		piece->file = get_file(vma->vm_file);
		piece->size = PAGE_ALIGN(i_size_read(file_inode(vma->vm_file)));
	}
	piece->start = vma->vm_start;
	piece->end = vma->vm_end;
	piece->pgoff = vma->vm_pgoff;
	piece->next = vma->vm_end;
}

/*
 * The first piece is looked for in all of the address space, for the attach may
 * have lost its beginning; the others are those of the same file within what
 * the segment can cover.
 */
static bool search(struct mm_struct *mm, struct piece *piece)
{
	VMA_ITERATOR(vmi, mm, piece->next);
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	for_each_vma(vmi, vma) {
		if (piece->file && vma->vm_end - piece->addr > piece->size)
			return false;
		if (belongs(vma, piece)) {
			take(piece, vma);
			return true;
		}
	}
	return false;
}

/* Nothing can follow a piece that ends where the segment does. */
static bool was_last(const struct piece *piece)
{
	return piece->begun && piece->next - piece->addr >= piece->size;
}

/* Return: 0, -ENOENT, -EINTR. */
static int find_piece(struct piece *piece)
{
	struct mm_struct *mm = current->mm;
	int err;

	if (was_last(piece))
		return -ENOENT;
	err = mmap_read_lock_killable(mm);
	if (err)
		return err;
	if (!search(mm, piece))
		err = -ENOENT;
	mmap_read_unlock(mm);
	return err;
}

/* Before anything is unmapped, any attach that begins at @addr will do. */
static void look_again(struct piece *piece)
{
	if (piece->begun) {
		piece->next = piece->start;
		return;
	}
	fput(piece->file);
	piece->file = NULL;
	piece->next = piece->addr;
}

/*
 * That a piece can't be unmapped is not an error, as in-tree: what matters is
 * that there was one.
 */
static void unmap_piece(struct piece *piece)
{
	bool alone = atomic_read(&current->mm->mm_users) == 1;
	long err;

	if (alone || !guard_works || piece->plain) {
		vm_munmap(piece->start, piece->end - piece->start);
		piece->plain = false;
		piece->begun = true;
		return;
	}
	err = unmap_guarded(piece);
	if (err == -ECANCELED) {
		piece->begun = true;
		return;
	}
	/*
	 * Where it changed, what is there now is dealt with. Where mmap()
	 * refused the guard (RLIMIT_AS, mlockall(), a sealed VMA), and may or
	 * may not have unmapped for it, there is only the plain way.
	 */
	if (err != -ESTALE) {
		piece->plain = true;
		piece->met = true;
	}
	look_again(piece);
}

/**
 * kshm_detach() - unmap an attach
 * @addr:	where it began
 *
 * Wants no lock; takes mmap_lock. Between two pieces it lets go of it, so of two
 * threads that detach the same pieces both may find some.
 *
 * Return: 0 as soon as one piece was unmapped; -EINVAL for none, -EINTR.
 */
int kshm_detach(unsigned long addr)
{
	struct piece piece = { .addr = addr, .next = addr };
	int err;

	if (offset_in_page(addr))
		return kshm_because(-EINVAL, KSHM_WHY_ADDR_ALIGN, addr,
				    PAGE_SIZE);
	while (!(err = find_piece(&piece)))
		unmap_piece(&piece);
	if (piece.file) {
		trace_kshm_detach(file_inode(piece.file)->i_ino, addr,
				  piece.size);
		fput(piece.file);
	}
	if (piece.begun || piece.met)
		return 0;
	if (err == -ENOENT)
		return kshm_because(-EINVAL, KSHM_WHY_NOT_ATTACHED, addr, 0);
	return err;
}

/**
 * kshm_guard_works() - do detaches use the guard?
 *
 * Return: yes or no; found out by kshm_guard_init().
 */
bool kshm_guard_works(void)
{
	return guard_works;
}

static bool try_guard(struct kshm_segment *segment, struct file *file)
{
	struct piece piece = { .file = file };
	struct mm_struct *mm = current->mm;
	bool gone;

	piece.start = vm_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	if (IS_ERR_VALUE(piece.start))
		return false;
	piece.end = piece.start + PAGE_SIZE;
	if (unmap_guarded(&piece) == -ECANCELED) {
		mmap_read_lock(mm);
		gone = !find_vma_intersection(mm, piece.start, piece.end);
		mmap_read_unlock(mm);
		if (gone && !segment->nattch)
			return true;
	}
	vm_munmap(piece.start, PAGE_SIZE);
	return false;
}

static bool trial(void)
{
	struct kshm_get get = { .key = IPC_PRIVATE, .size = PAGE_SIZE };
	struct kshm_registry *registry = kshm_ns_registry();
	struct kshm_segment *segment;
	struct file *file;
	bool works = false;

	if (!current->mm || IS_ERR(registry))
		return false;
	segment = kshm_segment_new(registry, &get, NULL);
	if (IS_ERR(segment))
		return false;
	file = kshm_attach_file_new(segment, KSHM_READ);
	if (!IS_ERR(file)) {
		works = try_guard(segment, file);
		fput(file);
	}
	kshm_segment_drop(segment);
	return works;
}

/**
 * kshm_guard_init() - see whether mmap() ends as the guard needs it to
 *
 * How a failing mmap() ends is no promise of the kernel's, so it is tried once,
 * on the address space of whoever loads the module. The last step of init: the
 * files that it uses are closed when that process goes back to user space.
 */
void kshm_guard_init(void)
{
	guard_works = trial();
	if (!guard_works)
		pr_warn("mmap() was not seen to end as a guarded detach needs it: a thread that maps while another detaches does so at its own risk\n");
}
