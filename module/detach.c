// SPDX-License-Identifier: GPL-2.0-only
/*
 * DETACH: find the pieces of an attach, and unmap them. Twin of ksys_shmdt().
 *
 * munmap() and mprotect() can cut an attach into several VMAs. Each one is a piece.
 * The guard (guard.c) unmaps a piece, unless this task is the only user of the address
 * space: it has no other thread and no vfork() child.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "kshm.h"
#include "trace.h"

#include <linux/file.h>
#include <linux/ipc.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

/*
 * struct detach_walk - the progress of a detach
 * @addr:	address that the attach began at
 * @next:	address to look for the next piece from
 * @size:	bytes from @addr on that can hold further pieces
 * @piece:	piece that was found last; its file is counted, and NULL until
 *		the first piece is found
 * @beside:	attaches of in-tree shm count, too: DETACH must leave one that comes
 *		first to in-tree's shmdt()
 * @alone:	no other task used the address space when the search began, so nothing
 *		can replace the piece that it finds
 * @plain:	mmap() refused a guard: unmap the piece found next without one
 * @unmapped:	a piece was unmapped; from now on only VMAs of its file are pieces
 * @seen:	a piece was there, and mmap() refused the guard; the piece may be
 *		gone or not
 */
struct detach_walk {
	unsigned long	addr;
	unsigned long	next;
	unsigned long	size;
	struct kshm_piece piece;
	bool		beside;
	bool		alone;
	bool		plain;
	bool		unmapped;
	bool		seen;
};

/*
 * A VMA is a piece if it is still where the attach put it. One that begins below
 * walk->addr is none: the difference wraps, beyond any page offset.
 */
static bool detach_is_in_place(const struct detach_walk *walk,
			       const struct vm_area_struct *vma)
{
	return (vma->vm_start - walk->addr) / PAGE_SIZE == vma->vm_pgoff;
}

static bool detach_is_piece(const struct detach_walk *walk,
			    const struct vm_area_struct *vma)
{
	if (vma->vm_ops != &kshm_vm_ops || !detach_is_in_place(walk, vma))
		return false;
	return !walk->piece.file || vma->vm_file == walk->piece.file;
}

/*
 * Is the VMA, which is no attach of kshm, a piece of an in-tree one? In-tree's vm_ops
 * are not exported. But its files have this name, and an inode that only the kernel
 * itself makes.
 */
static bool detach_is_intree(const struct detach_walk *walk,
			     const struct vm_area_struct *vma)
{
	const struct file *file = vma->vm_file;

	return walk->beside && file && detach_is_in_place(walk, vma) &&
	       IS_PRIVATE(file_inode(file)) &&
	       !strncmp((const char *)file->f_path.dentry->d_name.name,
			"SYSV", 4);
}

static void detach_take(struct detach_walk *walk,
			const struct vm_area_struct *vma)
{
	struct kshm_piece *piece = &walk->piece;

	if (!piece->file) {
		piece->file = get_file(vma->vm_file);
		walk->size = PAGE_ALIGN(i_size_read(file_inode(vma->vm_file)));
	}
	piece->start = vma->vm_start;
	piece->end = vma->vm_end;
	piece->pgoff = vma->vm_pgoff;
	piece->watched = vma->vm_flags & __VM_UFFD_FLAGS;
	walk->next = vma->vm_end;
}

/*
 * The attach may have lost its beginning, so the first piece can be anywhere
 * above walk->addr. The other pieces have the same file and end within the segment's
 * size. The first piece of all decides whether kshm or in-tree shm detaches.
 */
static bool detach_search(struct mm_struct *mm, struct detach_walk *walk)
{
	VMA_ITERATOR(vmi, mm, walk->next);
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	for_each_vma(vmi, vma) {
		if (walk->piece.file && vma->vm_end - walk->addr > walk->size)
			return false;
		if (detach_is_piece(walk, vma)) {
			detach_take(walk, vma);
			return true;
		}
		if (!walk->piece.file && detach_is_intree(walk, vma))
			return false;
	}
	return false;
}

/* No piece can follow one that ends where the segment ends. */
static bool detach_is_complete(const struct detach_walk *walk)
{
	return walk->unmapped && walk->next - walk->addr >= walk->size;
}

/* Return: 0; -ENOENT for no further piece; -EINTR. */
static int detach_find_piece(struct detach_walk *walk)
{
	struct mm_struct *mm = current->mm;
	int err;

	if (detach_is_complete(walk))
		return -ENOENT;
	/*
	 * Read before the search: a thread could replace the piece after it, and
	 * end.
	 */
	walk->alone = atomic_read(&mm->mm_users) == 1;
	err = mmap_read_lock_killable(mm);
	if (err)
		return err;
	if (!detach_search(mm, walk))
		err = -ENOENT;
	mmap_read_unlock(mm);
	return err;
}

/* Until a piece was unmapped, any attach that begins at walk->addr is accepted. */
static void detach_search_again(struct detach_walk *walk)
{
	if (walk->unmapped) {
		walk->next = walk->piece.start;
		return;
	}
	fput(walk->piece.file);
	walk->piece.file = NULL;
	walk->next = walk->addr;
}

static void detach_unmap_plain(struct detach_walk *walk)
{
	if (walk->piece.watched)
		kshm_guard_unwatch(&walk->piece);
	vm_munmap(walk->piece.start, walk->piece.end - walk->piece.start);
	walk->plain = false;
	walk->unmapped = true;
}

/*
 * A piece that can't be unmapped is no error, as in-tree: DETACH succeeds if it
 * found one.
 */
static void detach_unmap_piece(struct detach_walk *walk)
{
	long err;

	if (walk->alone || !kshm_guard_works || walk->plain) {
		detach_unmap_plain(walk);
		return;
	}
	err = kshm_guard_unmap(&walk->piece);
	/* The guard has unmapped the piece. */
	if (err == -ECANCELED) {
		walk->unmapped = true;
		return;
	}
	/*
	 * -ESTALE: the piece has changed, so look at what is there now. Any
	 * other errno: mmap() refused the guard (RLIMIT_AS, mlockall(), a VMA
	 * sealed by mseal()) and may have unmapped the piece before that. If the
	 * piece is still there, it has to be unmapped without a guard.
	 */
	if (err != -ESTALE) {
		walk->plain = true;
		walk->seen = true;
	}
	detach_search_again(walk);
}

static int detach_all_pieces(struct kshm_ctx *ctx, unsigned long addr)
{
	struct detach_walk walk = {
		.addr	= addr,
		.next	= addr,
		.beside	= ctx->syscall,
	};
	struct file *file;
	int err;

	while (!(err = detach_find_piece(&walk)))
		detach_unmap_piece(&walk);
	file = walk.piece.file;
	if (file) {
		/* The inode's number is the segment's id. */
		trace_kshm_detach(file_inode(file)->i_ino, addr, walk.size);
		fput(file);
	}
	if (walk.unmapped || walk.seen)
		return 0;
	if (err == -ENOENT)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_NOT_ATTACHED, addr, 0);
	return err;
}

/**
 * kshm_do_detach() - unmap an attach
 * @ctx:	the call
 * @detach:	see struct kshm_detach
 *
 * Each piece is unmapped under a hold of mmap_lock of its own. Of two threads that
 * detach the same attach, each may therefore find pieces, and both succeed.
 *
 * Context: Takes mmap_lock. Sleeps.
 *
 * Twin of ksys_shmdt().
 *
 * Return: 0 if at least one piece was found, or an error that struct kshm_detach
 * lists.
 */
int kshm_do_detach(struct kshm_ctx *ctx, const struct kshm_detach *detach)
{
	int err;

	err = kshm_check_flags(ctx, detach->flags, 0, detach->reserved);
	if (err)
		return err;
	/* On 32 bits, an address that no pointer can hold. */
	if (detach->addr != (unsigned long)detach->addr)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_NOT_ATTACHED,
				   detach->addr, 0);
	if (offset_in_page(detach->addr))
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ADDR_ALIGN,
				   detach->addr, PAGE_SIZE);
	return detach_all_pieces(ctx, detach->addr);
}

/* Map one page of @file, and unmap it by a guard. */
static bool detach_try_guard(const struct kshm_segment *segment,
			     struct file *file)
{
	struct kshm_piece piece = { .file = file };
	struct mm_struct *mm = current->mm;
	bool gone;

	piece.start = vm_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	if (IS_ERR_VALUE(piece.start))
		return false;
	piece.end = piece.start + PAGE_SIZE;
	if (kshm_guard_unmap(&piece) == -ECANCELED) {
		mmap_read_lock(mm);
		gone = !find_vma_intersection(mm, piece.start, piece.end);
		mmap_read_unlock(mm);
		if (gone && !segment->nattch)
			return true;
	}
	vm_munmap(piece.start, PAGE_SIZE);
	return false;
}

static bool detach_guard_selftest(void)
{
	struct kshm_get get = { .key = IPC_PRIVATE, .size = PAGE_SIZE };
	struct kshm_ctx ctx = { .registry = kshm_ns_registry() };
	struct kshm_segment *segment;
	struct file *file;
	bool works = false;

	if (!current->mm || IS_ERR(ctx.registry))
		return false;
	segment = kshm_segment_new(&ctx, &get, NULL);
	if (IS_ERR(segment))
		return false;
	file = kshm_attach_file_new(segment, KSHM_READ, &kshm_attach_file_ops);
	if (!IS_ERR(file)) {
		works = detach_try_guard(segment, file);
		fput(file);
	}
	kshm_segment_destroy(segment);
	return works;
}

/**
 * kshm_detach_init() - find out whether the guard works on this kernel
 *
 * The guard relies on a failing mmap() leaving a hole, which the kernel does not
 * promise. So it is tried once, in the address space of the process that loads
 * the module. This has to be the last step of init: its files are closed only when
 * that process returns to user space, and a later step that failed would have freed
 * their code by then. A DETACH that comes before this step unmaps without a guard.
 *
 * Context: Takes mmap_lock. Sleeps.
 *
 * No twin: in-tree finds and unmaps under one hold of mmap_lock, and needs no guard.
 */
void kshm_detach_init(void)
{
	kshm_guard_works = detach_guard_selftest();
	if (!kshm_guard_works)
		pr_warn("could not show that a failing mmap() leaves the hole that a guarded detach needs; a thread that maps memory while another thread detaches may lose its mapping\n");
}
