// SPDX-License-Identifier: GPL-2.0-only
/*
 * ATTACH: map a segment. Twin of do_shmat().
 */
#include "kshm.h"
#include "trace.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/security.h>
#include <linux/shm.h>

/* Of an address that is not to be rounded. */
#ifdef __ARCH_FORCE_SHMLBA
#define FIXED_ALIGNMENT	SHMLBA
#else
#define FIXED_ALIGNMENT	PAGE_SIZE
#endif

/* What is known of an attach under way. */
struct request {
	/* decided */
	unsigned long	addr;
	unsigned long	prot;
	unsigned long	flags;
	bool		no_overlap;
	umode_t		wanted;
	enum kshm_access access;
	/* found */
	struct kshm_segment *segment;
	struct file	*file;
	unsigned long	size;
};

static int decide_address(struct request *req, unsigned long addr,
			  unsigned int flags)
{
	unsigned long below = addr & (SHMLBA - 1);

	req->flags = MAP_SHARED;
	if (!addr)
		return flags & KSHM_ATTACH_REMAP ?
		       kshm_because(-EINVAL, KSHM_WHY_ADDR_NONE, 0, 0) : 0;

	if (below && flags & KSHM_ATTACH_RND) {
		addr -= below;
		/* Page zero is never taken by rounding down onto it. */
		if (!addr && flags & KSHM_ATTACH_REMAP)
			return kshm_because(-EINVAL, KSHM_WHY_ADDR_NONE, 0, 0);
	} else if (addr & (FIXED_ALIGNMENT - 1)) {
		return kshm_because(-EINVAL, KSHM_WHY_ADDR_ALIGN, addr,
				    FIXED_ALIGNMENT);
	}
	req->addr = addr;
	/* In-tree looks for an overlap only where addr is not 0 by now. */
	req->no_overlap = addr && !(flags & KSHM_ATTACH_REMAP);
	req->flags |= req->no_overlap ? MAP_FIXED_NOREPLACE : MAP_FIXED;
	return 0;
}

static void decide_access(struct request *req, unsigned int flags)
{
	req->prot = PROT_READ;
	req->wanted = 0444;
	req->access = KSHM_READ;
	if (!(flags & KSHM_ATTACH_RDONLY)) {
		req->prot |= PROT_WRITE;
		req->wanted |= 0222;
		req->access = KSHM_READ_WRITE;
	}
	if (flags & KSHM_ATTACH_EXEC) {
		req->prot |= PROT_EXEC;
		req->wanted |= 0111;
	}
}

/* A file carries the security label of who made it; others make their own. */
static bool same_label(struct file *file)
{
	u32 mine, its;

	if (file->f_cred == current_cred())
		return true;
	security_cred_getsecid(current_cred(), &mine);
	security_cred_getsecid(file->f_cred, &its);
	return mine == its;
}

/*
 * Nobody else holds a file whose count is 1, and under the segment's lock
 * nobody else can get it. Two attaches thus never share one.
 */
static struct file *idle_file(struct kshm_segment *segment,
			      enum kshm_access access)
{
	struct file *file = segment->idle[access];

	if (file && file_count(file) == 1 && same_label(file))
		return get_file(file);
	return NULL;
}

static int pin_locked(struct kshm_segment *segment, void *arg)
{
	struct request *req = arg;

	if (!kshm_may_access(segment, req->wanted))
		return -EACCES;
	segment->nattch++;
	req->segment = segment;
	req->size = i_size_read(segment->inode);
	req->file = idle_file(segment, req->access);
	return 0;
}

/* Leave the new file at hand for the next attach, where there is none yet. */
static int make_file(struct request *req)
{
	struct kshm_segment *segment = req->segment;
	struct file **idle = &segment->idle[req->access];

	req->file = kshm_attach_file_new(segment, req->access);
	if (IS_ERR(req->file))
		return PTR_ERR(req->file);

	spin_lock(&segment->lock);
	if (!*idle)
		*idle = get_file(req->file);
	spin_unlock(&segment->lock);
	return 0;
}

static bool overlaps_vma(unsigned long addr, unsigned long size)
{
	struct mm_struct *mm = current->mm;
	bool found;

	mmap_read_lock(mm);
	found = !!find_vma_intersection(mm, addr, addr + size);
	mmap_read_unlock(mm);
	return found;
}

static int map(struct request *req, unsigned long keep, unsigned long keep_len)
{
	unsigned long end, addr = req->addr;
	int err;

	if (req->no_overlap && check_add_overflow(addr, req->size, &end))
		return kshm_because(-EINVAL, KSHM_WHY_ADDR_WRAPS, addr,
				    req->size);
	/* The answer is still to be written there. */
	if (req->flags & MAP_FIXED &&
	    (kshm_overlaps(addr, req->size, keep, keep_len) ||
	     kshm_question_overlaps(addr, req->size)))
		return kshm_because(-EFAULT, KSHM_WHY_ADDR_ANSWER, addr, 0);

	addr = vm_mmap(req->file, addr, req->size, req->prot, req->flags, 0);
	if (!IS_ERR_VALUE(addr)) {
		req->addr = addr;
		return 0;
	}
	/*
	 * mmap() looks at limits first. Here it comes first whether something
	 * is in the way, and that is EINVAL.
	 */
	err = addr;
	if (req->no_overlap &&
	    (err == -EEXIST || overlaps_vma(req->addr, req->size)))
		return kshm_because(-EINVAL, KSHM_WHY_ADDR_TAKEN, req->addr,
				    req->size);
	return kshm_why_not_mapped(err, req->addr, req->size);
}

/**
 * kshm_attach() - map a segment into the caller's address space
 * @attach:	see there; addr and length are set on success
 * @keep:	memory that must not be mapped over, because the caller will
 *		write to it; in bytes
 * @keep_len:	0 for none
 *
 * Wants no lock; takes mmap_lock. While it is under way it counts as an attach.
 *
 * Return: 0 or what struct kshm_attach lists; -EFAULT over @keep.
 */
int kshm_attach(struct kshm_attach *attach, unsigned long keep,
		unsigned long keep_len)
{
	struct request req = {};
	int err;

	err = kshm_check_flags(attach->flags, KSHM_ATTACH_RDONLY |
			       KSHM_ATTACH_RND | KSHM_ATTACH_REMAP |
			       KSHM_ATTACH_EXEC | KSHM_ATTACH_POPULATE |
			       KSHM_ATTACH_NO_FAULTAROUND, 0);
	if (err)
		return err;
	if (attach->id < 0)
		return kshm_because(-EINVAL, KSHM_WHY_NO_ID, (u32)attach->id, 0);
	if (attach->addr != (unsigned long)attach->addr)
		return kshm_because(-EINVAL, KSHM_WHY_ADDR_WRAPS, attach->addr, 0);
	err = decide_address(&req, attach->addr, attach->flags);
	if (err)
		return err;
	decide_access(&req, attach->flags);

	err = kshm_with_id(attach->id, pin_locked, &req);
	if (err)
		return err;
	err = req.file ? 0 : make_file(&req);
	if (!err) {
		kshm_attach_file_tune(req.file, attach->flags);
		err = map(&req, keep, keep_len);
		if (!err && attach->flags & KSHM_ATTACH_POPULATE)
			kshm_vma_populate(req.file, req.addr);
		/* By now the VMA has the file, or nobody. */
		fput(req.file);
	}
	if (!err) {
		attach->addr = req.addr;
		attach->length = req.size;
		trace_kshm_attach(attach->id, req.addr, req.size);
	}
	kshm_segment_unpin(req.segment);
	return err;
}
