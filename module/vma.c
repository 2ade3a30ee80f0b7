// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attach file and its VMAs: every call goes on to the backing file, and
 * open and close count besides. Knows no id. Twin of shm_file_operations and
 * shm_vm_ops.
 */
#include "kshm.h"
#include "trace.h"

#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>

static struct kshm_segment *segment_of(struct file *file)
{
	return file->private_data;
}

static const struct vm_operations_struct *inner_ops(struct vm_area_struct *vma)
{
	return READ_ONCE(segment_of(vma->vm_file)->inner_ops);
}

static void vma_open(struct vm_area_struct *vma)
{
	struct kshm_segment *segment = segment_of(vma->vm_file);
	const struct vm_operations_struct *inner = inner_ops(vma);

	if (inner->open)
		inner->open(vma);
	/* Another VMA of it exists, so it is alive. */
	WARN_ON_ONCE(kshm_segment_open(segment));
	trace_kshm_vma_open(segment->id, vma->vm_start,
			    vma->vm_end - vma->vm_start);
}

static void vma_close(struct vm_area_struct *vma)
{
	struct kshm_segment *segment = segment_of(vma->vm_file);
	const struct vm_operations_struct *inner = inner_ops(vma);

	trace_kshm_vma_close(segment->id, vma->vm_start,
			     vma->vm_end - vma->vm_start);
	if (inner->close)
		inner->close(vma);
	kshm_segment_close(segment);
}

static int vma_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	const struct vm_operations_struct *inner = inner_ops(vma);

	return inner->may_split ? inner->may_split(vma, addr) : 0;
}

static unsigned long vma_pagesize(struct vm_area_struct *vma)
{
	const struct vm_operations_struct *inner = inner_ops(vma);

	return inner->pagesize ? inner->pagesize(vma) : PAGE_SIZE;
}

static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	return inner_ops(vmf->vma)->fault(vmf);
}

/* Pages of the file from @*start to @*end, both included: a page table's worth. */
static void whole_table(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long first = vmf->address & PMD_MASK;
	unsigned long last = vmf->address | ~PMD_MASK;

	*start = linear_page_index(vma, max(first, vma->vm_start));
	*end = linear_page_index(vma, min(last, vma->vm_end - 1));
}

static bool in_memory(struct vm_fault *vmf)
{
	void *entry = xa_load(&vmf->vma->vm_file->f_mapping->i_pages,
			      vmf->pgoff);

	return entry && !xa_is_value(entry);
}

/*
 * Map what is in memory around a fault along with it. Who asked for random
 * access gets its one page; the operation stays, because without it each fault
 * would have to take mmap_lock. Where the page itself is missing there has to
 * be a fault for it anyway, and whoever reads fresh memory in order would have
 * his last pages looked at with each of them.
 */
static vm_fault_t vma_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	const struct vm_operations_struct *inner = inner_ops(vmf->vma);
	struct file *file = vmf->vma->vm_file;
	bool populating = READ_ONCE(file->f_ra.size) &&
			  vmf->flags & FAULT_FLAG_REMOTE;

	if (!inner->map_pages)
		return 0;
	if (populating) {
		whole_table(vmf, &start, &end);
		file->f_ra.start = end + 1;
	} else if (vmf->vma->vm_flags & VM_RAND_READ ||
		   READ_ONCE(file->f_mode) & FMODE_RANDOM || !in_memory(vmf)) {
		return 0;
	}
	return inner->map_pages(vmf, start, end);
}

#ifdef CONFIG_NUMA
static int vma_set_policy(struct vm_area_struct *vma, struct mempolicy *policy)
{
	const struct vm_operations_struct *inner = inner_ops(vma);

	return inner->set_policy ? inner->set_policy(vma, policy) : 0;
}

static struct mempolicy *vma_get_policy(struct vm_area_struct *vma,
					unsigned long addr KSHM_POLICY_PROTO)
{
	const struct vm_operations_struct *inner = inner_ops(vma);

	if (inner->get_policy)
		return inner->get_policy(vma, addr KSHM_POLICY_ARG);
	return vma->vm_policy;
}
#endif

/* Named one by one: what a later kernel adds stays as in-tree has it. */
const struct vm_operations_struct kshm_vm_ops = {
	.open		= vma_open,
	.close		= vma_close,
	.may_split	= vma_may_split,
	.pagesize	= vma_pagesize,
	.fault		= vma_fault,
	.map_pages	= vma_map_pages,
#ifdef CONFIG_NUMA
	.set_policy	= vma_set_policy,
	.get_policy	= vma_get_policy,
#endif
};

/**
 * kshm_vma_segment() - which segment does a VMA map?
 * @vma:	any with a file; kept by the caller
 *
 * Return: the segment, not counted; NULL where it is not an attach.
 */
struct kshm_segment *kshm_vma_segment(const struct vm_area_struct *vma)
{
	return vma->vm_ops == &kshm_vm_ops ? segment_of(vma->vm_file) : NULL;
}

static int file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kshm_segment *segment = segment_of(file);
	int err;

	if (kshm_guard_hit(vma))
		return -ECANCELED;
	/* A copy would be no attach, but keep the segment. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;

	/* Count first: the VMA must not outlive what it maps. */
	err = kshm_segment_open(segment);
	if (err)
		return err;
	err = call_mmap(segment->file, vma);
	if (err) {
		kshm_segment_close(segment);
		return err;
	}
	/* The same each time; one inode has one set of operations. */
	WRITE_ONCE(segment->inner_ops, vma->vm_ops);
	vma->vm_ops = &kshm_vm_ops;
	return 0;
}

static unsigned long file_get_unmapped_area(struct file *file,
					    unsigned long addr,
					    unsigned long len,
					    unsigned long pgoff,
					    unsigned long flags)
{
	struct file *inner = segment_of(file)->file;
	int guard = kshm_guard_area(file, addr, len, pgoff);

	if (guard < 0)
		return guard;
	if (guard)
		return addr;
	return inner->f_op->get_unmapped_area(inner, addr, len, pgoff, flags);
}

/*
 * madvise(MADV_REMOVE) comes here, and fallocate() of a descriptor, which may do
 * the same and nothing else: the size is not that of one user.
 */
static long file_fallocate(struct file *file, int mode, loff_t offset,
			   loff_t len)
{
	struct file *inner = segment_of(file)->file;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EPERM;
	if (!inner->f_op->fallocate)
		return -EOPNOTSUPP;
	return inner->f_op->fallocate(inner, mode, offset, len);
}

static int file_release(struct inode *inode, struct file *file)
{
	kshm_segment_put(segment_of(file));
	return 0;
}

/* There is no read and no write: a segment is memory, to be mapped. */
static const struct file_operations attach_file_ops = {
	.owner			= THIS_MODULE,
	.mmap			= file_mmap,
	.get_unmapped_area	= file_get_unmapped_area,
	.fallocate		= file_fallocate,
	.fsync			= noop_fsync,
	.llseek			= generic_file_llseek,
	.poll			= kshm_fd_poll,
	.show_fdinfo		= kshm_fd_show,
	.release		= file_release,
};

/**
 * kshm_attach_file_new() - make an attach file
 * @segment:	alive, and kept so by the caller; the file takes a reference
 * @access:	what its mappings may do
 *
 * The file has a dentry of its own over the backing file's inode, so it has the
 * same pages, and /proc/PID/maps shows it as in-tree shows its own.
 * Twin of alloc_file_clone() in do_shmat().
 *
 * Return: the file, counted once for the caller; -ENOMEM, -ENFILE.
 */
struct file *kshm_attach_file_new(struct kshm_segment *segment,
				  enum kshm_access access)
{
	struct inode *inode = segment->inode;
	char name[sizeof("SYSV01234567")];
	struct file *file;

	snprintf(name, sizeof(name), "SYSV%08x", segment->name_key);

	/* Closing the file drops this, but making one does not take it. */
	__module_get(THIS_MODULE);
	ihold(inode);
	file = alloc_file_pseudo(inode, segment->file->f_path.mnt, name,
				 access == KSHM_READ ? O_RDONLY : O_RDWR,
				 &attach_file_ops);
	if (IS_ERR(file)) {
		iput(inode);
		module_put(THIS_MODULE);
		return file;
	}
	/* The inode reference is the file's now, and so is this one. */
	kref_get(&segment->ref);
	file->private_data = segment;
	return file;
}

/**
 * kshm_attach_file_tune() - set how faults in a file's next mapping behave
 * @file:	an attach file that nobody maps, and that the caller alone has
 * @flags:	KSHM_ATTACH_NO_FAULTAROUND, others are ignored
 */
void kshm_attach_file_tune(struct file *file, unsigned int flags)
{
	if (flags & KSHM_ATTACH_NO_FAULTAROUND)
		WRITE_ONCE(file->f_mode, file->f_mode | FMODE_RANDOM);
	else
		WRITE_ONCE(file->f_mode, file->f_mode & ~FMODE_RANDOM);
}

/* Return: the first page from @index on that is in memory, or @end. */
static pgoff_t next_in_memory(struct address_space *mapping, pgoff_t index,
			      pgoff_t end)
{
	XA_STATE(xas, &mapping->i_pages, index);
	void *entry;

	rcu_read_lock();
	do
		entry = xas_find(&xas, end - 1);
	while (entry && (xa_is_value(entry) || xas_retry(&xas, entry)));
	/* A large folio's entry may begin before @index. */
	index = entry ? max(index, xas.xa_index) : end;
	rcu_read_unlock();
	return index;
}

/* One fault maps a page table's worth, unless fault-around is switched off. */
static bool populate_from(struct file *file, unsigned long addr, pgoff_t index)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool done = false;

	if (mmap_read_lock_killable(mm))
		return false;
	addr += index << PAGE_SHIFT;
	vma = find_vma(mm, addr);
	file->f_ra.start = index + 1;
	if (vma && vma->vm_start <= addr && vma->vm_file == file)
		done = !fixup_user_fault(mm, addr, FAULT_FLAG_REMOTE, NULL);
	mmap_read_unlock(mm);
	return done;
}

/**
 * kshm_vma_populate() - map those pages of a new attach that are in memory
 * @file:	its file; nobody else maps it
 * @addr:	where it is
 *
 * Wants no lock; takes mmap_lock for a page table at a time. A page that comes,
 * goes or is unmapped meanwhile is dealt with by a later fault, like one that
 * could not be mapped; so there are no errors.
 *
 * Such faults are told from others by a flag that is otherwise set for those on
 * behalf of another process. The file's readahead state, which nothing else
 * uses, says that this is under way (size) and how far it came (start).
 */
void kshm_vma_populate(struct file *file, unsigned long addr)
{
	pgoff_t end = DIV_ROUND_UP(i_size_read(file_inode(file)), PAGE_SIZE);
	pgoff_t index = 0;

	WRITE_ONCE(file->f_ra.size, 1);
	for (;;) {
		index = next_in_memory(file->f_mapping, index, end);
		if (index >= end || !populate_from(file, addr, index))
			break;
		index = max(index + 1, file->f_ra.start);
		cond_resched();
	}
	WRITE_ONCE(file->f_ra.size, 0);
}
