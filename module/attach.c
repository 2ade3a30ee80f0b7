// SPDX-License-Identifier: GPL-2.0-only
/*
 * ATTACH: map a segment. Twin of do_shmat().
 *
 * Three steps: decide from the flags what is wanted, pin the segment so that it
 * can't die, and map an attach file of it.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/security.h>
#include <linux/shm.h>

#define ATTACH_FLAGS	(KSHM_ATTACH_RDONLY | KSHM_ATTACH_RND |		\
			 KSHM_ATTACH_REMAP | KSHM_ATTACH_EXEC |		\
			 KSHM_ATTACH_POPULATE | KSHM_ATTACH_NO_FAULTAROUND)

/* Alignment of a fixed address without KSHM_ATTACH_RND. */
#ifdef __ARCH_FORCE_SHMLBA
#define ATTACH_ALIGNMENT	SHMLBA
#else
#define ATTACH_ALIGNMENT	PAGE_SIZE
#endif

/*
 * struct attach_plan - an attach in progress
 * @addr:	address that was asked for, rounded down; 0 lets the kernel choose, but
 *		with MAP_FIXED it is page zero. After mapping, the attach's address
 * @prot:	PROT_* for mmap()
 * @flags:	MAP_* for mmap()
 * @no_overlap:	nothing may be mapped at @addr
 * @wanted:	permission bits that the caller needs
 * @access:	access mode of the attach file
 * @segment:	the segment; pinned
 * @file:	the attach file; counted
 * @size:	bytes to map
 */
struct attach_plan {
	unsigned long	addr;
	unsigned long	prot;
	unsigned long	flags;
	bool		no_overlap;
	umode_t		wanted;
	enum kshm_access access;
	struct kshm_segment *segment;
	struct file	*file;
	unsigned long	size;
};

static int attach_decide_address(struct kshm_ctx *ctx, struct attach_plan *plan,
				 unsigned long addr, unsigned int flags)
{
	unsigned long below = addr & (SHMLBA - 1);

	plan->flags = MAP_SHARED;
	if (!addr && flags & KSHM_ATTACH_REMAP)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ADDR_NONE, 0, 0);
	if (!addr)
		return 0;

	if (below && flags & KSHM_ATTACH_RND) {
		addr -= below;
		/* As in-tree, REMAP is refused if this rounds down to 0. */
		if (!addr && flags & KSHM_ATTACH_REMAP)
			return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ADDR_NONE,
					   0, 0);
	} else if (addr & (ATTACH_ALIGNMENT - 1)) {
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ADDR_ALIGN, addr,
				   ATTACH_ALIGNMENT);
	}
	plan->addr = addr;
	/*
	 * In-tree looks for an overlap only if the rounded address is not 0. So an
	 * attach without REMAP can replace page zero.
	 */
	plan->no_overlap = addr && !(flags & KSHM_ATTACH_REMAP);
	plan->flags |= plan->no_overlap ? MAP_FIXED_NOREPLACE : MAP_FIXED;
	return 0;
}

static void attach_decide_access(struct attach_plan *plan, unsigned int flags)
{
	plan->prot = PROT_READ;
	plan->wanted = 0444;
	plan->access = KSHM_READ;
	if (!(flags & KSHM_ATTACH_RDONLY)) {
		plan->prot |= PROT_WRITE;
		plan->wanted |= 0222;
		plan->access = KSHM_READ_WRITE;
	}
	if (flags & KSHM_ATTACH_EXEC) {
		plan->prot |= PROT_EXEC;
		plan->wanted |= 0111;
	}
}

/*
 * Security modules (SELinux, for example) give a file the label of the task that made
 * it. A caller with another label gets a new file.
 */
static bool attach_same_label(struct file *file)
{
	u32 mine, its;

	if (file->f_cred == current_cred())
		return true;
	security_cred_getsecid(current_cred(), &mine);
	security_cred_getsecid(file->f_cred, &its);
	return mine == its;
}

/*
 * A file whose count is 1 is held by the segment only, so it is idle. Its count can't
 * rise while the segment is locked, so two attaches never share a file.
 *
 * A file keeps the credentials of its maker, and with them a user namespace, until
 * the segment ends. In-tree only one file lives that long, the backing file, with the
 * credentials of the segment's creator. A namespace that is kept counts against the
 * limits of the user that made it, nobody else's.
 *
 * Return: the idle file, counted for the caller; NULL for none.
 */
static struct file *attach_idle_file(struct kshm_segment *segment,
				     enum kshm_access access)
{
	struct file *file;

	for (file = segment->pool[access]; file; file = kshm_pool_next(file))
		if (file_count(file) == 1 && attach_same_label(file))
			return get_file(file);
	return NULL;
}

static int attach_pin(struct kshm_ctx *ctx, struct attach_plan *plan, int id)
{
	struct kshm_segment *segment = kshm_segment_lock_id(ctx, id);
	int err;

	plan->segment = segment;
	if (IS_ERR(segment))
		return PTR_ERR(segment);
	err = kshm_check_access(ctx, segment, plan->wanted);
	if (!err) {
		segment->nattch++;
		/*
		 * As in-tree, the inode's size is mapped. GROW sets it before
		 * segment->size, so no attach is shorter than a size that the
		 * caller has seen.
		 */
		plan->size = i_size_read(segment->inode);
		plan->file = attach_idle_file(segment, plan->access);
	}
	kshm_segment_unlock(segment);
	return err;
}

static int attach_new_file(struct attach_plan *plan)
{
	plan->file = kshm_attach_file_new_pooled(plan->segment, plan->access);
	return PTR_ERR_OR_ZERO(plan->file);
}

/* Would a mapping at @addr replace some of the range? */
static bool attach_covers(const struct attach_plan *plan,
			  const struct kshm_range *range)
{
	unsigned long addr = plan->addr;

	return range->len && addr < range->start + range->len &&
	       (range->start < addr ||
		range->start - addr < PAGE_ALIGN(plan->size));
}

/* Would a fixed mapping replace memory that a result will be written to? */
static bool attach_hits_result(const struct kshm_ctx *ctx,
			       const struct attach_plan *plan)
{
	if (!(plan->flags & MAP_FIXED))
		return false;
	return attach_covers(plan, &ctx->result) ||
	       (ctx->why && attach_covers(plan, &ctx->why->result));
}

static bool attach_overlaps_vma(const struct attach_plan *plan)
{
	struct mm_struct *mm = current->mm;
	bool found;

	mmap_read_lock(mm);
	found = !!find_vma_intersection(mm, plan->addr,
					plan->addr + plan->size);
	mmap_read_unlock(mm);
	return found;
}

/*
 * mmap() checks its limits before it looks for an overlap. In-tree looks for an
 * overlap first and calls it EINVAL.
 */
static int attach_refuse(struct kshm_ctx *ctx, const struct attach_plan *plan,
			 int err)
{
	if (plan->no_overlap && (err == -EEXIST || attach_overlaps_vma(plan)))
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ADDR_TAKEN,
				   plan->addr, plan->size);
	return kshm_refuse_mmap(ctx, err, plan->addr, plan->size);
}

static int attach_map(struct kshm_ctx *ctx, struct attach_plan *plan)
{
	unsigned long end, addr;

	if (plan->no_overlap &&
	    check_add_overflow(plan->addr, plan->size, &end))
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ADDR_WRAPS,
				   plan->addr, plan->size);
	if (attach_hits_result(ctx, plan))
		return kshm_refuse(ctx, -EFAULT, KSHM_WHY_ADDR_ANSWER,
				   plan->addr, 0);

	addr = vm_mmap(plan->file, plan->addr, plan->size, plan->prot,
		       plan->flags, 0);
	if (IS_ERR_VALUE(addr))
		return attach_refuse(ctx, plan, addr);
	plan->addr = addr;
	return 0;
}

static int attach_pinned(struct kshm_ctx *ctx, struct attach_plan *plan,
			 unsigned int flags)
{
	int err = plan->file ? 0 : attach_new_file(plan);

	if (err)
		return err;
	kshm_attach_file_set_faultaround(plan->file,
					 !(flags & KSHM_ATTACH_NO_FAULTAROUND));
	err = attach_map(ctx, plan);
	if (!err && flags & KSHM_ATTACH_POPULATE)
		kshm_vma_populate(plan->file, plan->addr);
	/* The VMA, if there is one, has its own reference. */
	fput(plan->file);
	return err;
}

/**
 * kshm_do_attach() - map a segment into the caller's address space
 * @ctx:	the call; nothing is mapped over memory for its results
 * @attach:	see struct kshm_attach; addr and length are set on success
 *
 * The segment counts as attached while this is in progress.
 *
 * Context: Takes the segment's lock and releases it, then takes mmap_lock. Sleeps.
 *
 * Twin of do_shmat().
 *
 * Return: 0 or an error that struct kshm_attach lists.
 */
int kshm_do_attach(struct kshm_ctx *ctx, struct kshm_attach *attach)
{
	struct attach_plan plan = {};
	int err;

	err = kshm_check_flags(ctx, attach->flags, ATTACH_FLAGS, 0);
	if (err)
		return err;
	if (attach->id < 0)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_NO_ID,
				   (u32)attach->id, 0);
	/* On 32 bits, an address that no pointer can hold. */
	if (attach->addr != (unsigned long)attach->addr)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_ADDR_WRAPS,
				   attach->addr, 0);
	err = attach_decide_address(ctx, &plan, attach->addr, attach->flags);
	if (err)
		return err;
	attach_decide_access(&plan, attach->flags);

	err = attach_pin(ctx, &plan, attach->id);
	if (err)
		return err;
	err = attach_pinned(ctx, &plan, attach->flags);
	if (!err) {
		attach->addr = plan.addr;
		attach->length = plan.size;
		trace_kshm_attach(attach->id, plan.addr, plan.size);
	}
	kshm_segment_unpin(plan.segment);
	return err;
}
