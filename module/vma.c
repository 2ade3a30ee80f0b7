// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attach file and its VMAs. Each call goes on to the backing file; open and
 * close also count. Twin of shm_file_operations and shm_vm_ops.
 *
 * Fault-around means that a fault also maps pages that follow its page and are in
 * memory, at most those of one page table (2 MiB on x86-64). How many is learned from
 * the faults of the VMA; see vma_learn().
 *
 * The attach file, its VMAs and its faults borrow fields and flags that have another
 * meaning elsewhere in the kernel. Why each is safe, on every supported kernel:
 *
 *	vma->vm_private_data	what was learned from faults
 *				It belongs to the driver that made the VMA. shmem
 *				does not use it, and fork() and a split copy it.
 *				hugetlbfs uses it, and its faults never come here.
 *	file->f_ra.size		KSHM_ATTACH_POPULATE is in progress
 *	file->f_ra.start	page index that populating has reached
 *				Readahead uses f_ra in filemap_fault() and in read().
 *				shmem has a fault handler of its own without
 *				readahead, and an attach file has no ->read.
 *	file->f_pos		the next file in the pool
 *				read(), write() and lseek() use it, and need a
 *				descriptor. A file in a pool never has one.
 *	FMODE_RANDOM		the attach was made with KSHM_ATTACH_NO_FAULTAROUND
 *				posix_fadvise() sets it, but needs a descriptor. A
 *				file that is lent to attaches never has one; on a
 *				descriptor of FD the flag means what it says:
 *				random access, so no fault-around.
 *	FAULT_FLAG_REMOTE	this fault is kshm_vma_populate()'s own
 *				The kernel sets it for faults on behalf of another
 *				process. Such a fault at the same time maps its
 *				whole page table, too, and moves f_ra.start; see
 *				kshm_vma_populate().
 */
#include "kshm.h"
#include "trace.h"

#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>

/*
 * What is learned from faults: the number of faults that came in order is in the lower
 * bits of vm_private_data, and above them is the index of the page after those that the
 * last fault has mapped. From the least number on, a fault maps two pages, and twice as
 * many each time; with the most, it maps a whole page table of 512 pages.
 */
#define VMA_STREAK_BITS		5
#define VMA_STREAK_LEAST	8
#define VMA_STREAK_MOST		16

/* Pages in swap that are skipped in one RCU read-side section. */
#define VMA_SWAPPED_BATCH 1024

static struct kshm_segment *vma_file_segment(const struct file *file)
{
	return file->private_data;
}

static const struct vm_operations_struct *
vma_inner_ops(const struct vm_area_struct *vma)
{
	return READ_ONCE(vma_file_segment(vma->vm_file)->inner_ops);
}

/* Twin of shm_open(). */
static void vma_open(struct vm_area_struct *vma)
{
	struct kshm_segment *segment = vma_file_segment(vma->vm_file);
	const struct vm_operations_struct *inner = vma_inner_ops(vma);

	if (inner->open)
		inner->open(vma);
	/* The VMA that this one was copied from keeps the segment alive. */
	WARN_ON_ONCE(kshm_segment_open(segment));
	trace_kshm_vma_open(segment, vma);
}

/* Twin of shm_close(). */
static void vma_close(struct vm_area_struct *vma)
{
	struct kshm_segment *segment = vma_file_segment(vma->vm_file);
	const struct vm_operations_struct *inner = vma_inner_ops(vma);

	trace_kshm_vma_close(segment, vma);
	if (inner->close)
		inner->close(vma);
	kshm_segment_close(segment);
}

/* Twin of shm_may_split(). */
static int vma_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	const struct vm_operations_struct *inner = vma_inner_ops(vma);

	return inner->may_split ? inner->may_split(vma, addr) : 0;
}

/* Twin of shm_pagesize(). */
static unsigned long vma_pagesize(struct vm_area_struct *vma)
{
	const struct vm_operations_struct *inner = vma_inner_ops(vma);

	return inner->pagesize ? inner->pagesize(vma) : PAGE_SIZE;
}

/* Twin of shm_fault(). */
static vm_fault_t vma_fault(struct vm_fault *vmf)
{
	return vma_inner_ops(vmf->vma)->fault(vmf);
}

/* The page indices of the fault's page table, first and last included. */
static void vma_whole_table(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long first = vmf->address & PMD_MASK;
	unsigned long last = vmf->address | ~PMD_MASK;

	*start = linear_page_index(vma, max(first, vma->vm_start));
	*end = linear_page_index(vma, min(last, vma->vm_end - 1));
}

static bool vma_page_in_memory(struct vm_fault *vmf)
{
	void *entry = xa_load(&vmf->vma->vm_file->f_mapping->i_pages,
			      vmf->pgoff);

	/* A value in place of a pointer stands for a page in swap. */
	return entry && !xa_is_value(entry);
}

/*
 * Learn from a fault how many pages to map. A fault is in order if its page follows those
 * that the fault before it has mapped. Reads in order fault in order; reads at random,
 * with gaps or backwards do not. To map a page for nothing, and to unmap it, costs a
 * quarter of a fault. So until VMA_STREAK_LEAST faults came in order, each one maps its
 * one page.
 * Then the number doubles with each fault in order:
 *
 *	fault at page	0 1 2 3 4 5 6 7 9 13 21 37 ...
 *	pages mapped	1 1 1 1 1 1 1 2 4  8 16 32
 *
 * If the program reads elsewhere after any of them, fewer pages were mapped for nothing
 * than were read.
 *
 * Nothing more is mapped with a page that is missing: ->fault has to run for it anyway,
 * and a process that reads fresh pages in order would pay, at each page, for a look at
 * all that follow. Threads that read different parts of a VMA in order disturb each
 * other, and get what reads at random get.
 *
 * Return: true to map the pages from @start to @end; false for the one page.
 */
static bool vma_learn(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long past = (unsigned long)READ_ONCE(vma->vm_private_data);
	unsigned long streak = 0, wanted = 1, got = 1;

	if (past >> VMA_STREAK_BITS == vmf->pgoff)
		streak = min_t(unsigned long, past % BIT(VMA_STREAK_BITS) + 1,
			       VMA_STREAK_MOST);
	if (streak >= VMA_STREAK_LEAST)
		wanted = 2UL << (streak - VMA_STREAK_LEAST);
	if (wanted > 1 && vma_page_in_memory(vmf)) {
		vma_whole_table(vmf, start, end);
		*start = vmf->pgoff;
		*end = min(*end, *start + wanted - 1);
		got = *end - *start + 1;
	}
	/* Nothing was learned of so many pages, so the next fault wants as many. */
	if (got < wanted)
		streak--;
	past = (vmf->pgoff + got) << VMA_STREAK_BITS | streak;
	WRITE_ONCE(vma->vm_private_data, (void *)past);
	return got > 1;
}

/*
 * Fault-around. VMAs for random access have ->map_pages as well, since the kernel takes
 * mmap_lock for each fault of a VMA without that operation.
 *
 * No twin: in-tree has no fault-around.
 */
static vm_fault_t vma_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	const struct vm_operations_struct *inner = vma_inner_ops(vmf->vma);
	struct file *file = vmf->vma->vm_file;
	bool populating = READ_ONCE(file->f_ra.size) &&
			  vmf->flags & FAULT_FLAG_REMOTE;

	if (!inner->map_pages)
		return 0;
	if (populating) {
		vma_whole_table(vmf, &start, &end);
		WRITE_ONCE(file->f_ra.start, end + 1);
	} else if (vmf->vma->vm_flags & VM_RAND_READ ||
		   READ_ONCE(file->f_mode) & FMODE_RANDOM ||
		   !vma_learn(vmf, &start, &end)) {
		return 0;
	}
	return inner->map_pages(vmf, start, end);
}

#ifdef CONFIG_NUMA
/* Twin of shm_set_policy(). */
static int vma_set_policy(struct vm_area_struct *vma, struct mempolicy *policy)
{
	const struct vm_operations_struct *inner = vma_inner_ops(vma);

	return inner->set_policy ? inner->set_policy(vma, policy) : 0;
}

/* Twin of shm_get_policy(). */
static struct mempolicy *vma_get_policy(struct vm_area_struct *vma,
					unsigned long addr KSHM_POLICY_PROTO)
{
	const struct vm_operations_struct *inner = vma_inner_ops(vma);

	if (inner->get_policy)
		return inner->get_policy(vma, addr KSHM_POLICY_ARG);
	return vma->vm_policy;
}
#endif

/* An operation that a later kernel adds stays NULL, as in in-tree's shm_vm_ops. */
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
 * kshm_vma_segment() - get the segment that a VMA maps
 * @vma:	any VMA with a file; kept by the caller
 *
 * No twin: in-tree compares the operations in place.
 *
 * Return: the segment, not counted; NULL for a VMA that is no attach.
 */
struct kshm_segment *kshm_vma_segment(const struct vm_area_struct *vma)
{
	return vma->vm_ops == &kshm_vm_ops ? vma_file_segment(vma->vm_file) :
					     NULL;
}

/**
 * kshm_attach_file_mmap() - ->mmap of an attach file
 * @file:	the file
 * @vma:	the new VMA
 *
 * Context: mmap() calls it under mmap_lock. Takes the segment's lock.
 *
 * Twin of shm_mmap().
 *
 * Return: 0; -ECANCELED for a guard that has done its work, -EINVAL for a private
 * mapping or a dead segment, or an error of shmem's.
 */
int kshm_attach_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kshm_segment *segment = vma_file_segment(file);
	int err;

	if (kshm_guard_hit(vma))
		return -ECANCELED;
	/* A private copy is no attach, but would keep the segment. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;

	/* Count first: a mapping must not outlive its segment. */
	err = kshm_segment_open(segment);
	if (err)
		return err;
	err = vfs_mmap(segment->file, vma);
	if (err) {
		kshm_segment_close(segment);
		return err;
	}
	/* The same value each time: one inode has one set of operations. */
	WRITE_ONCE(segment->inner_ops, vma->vm_ops);
	vma->vm_ops = &kshm_vm_ops;
	trace_kshm_vma_map(segment, vma);
	return 0;
}

/**
 * kshm_attach_file_area() - ->get_unmapped_area of an attach file
 * @file:	the file
 * @addr:	fixed address, hint or 0
 * @len:	bytes
 * @pgoff:	page offset
 * @flags:	MAP_*
 *
 * Context: mmap() calls it under mmap_lock, held for writing.
 *
 * Twin of shm_get_unmapped_area().
 *
 * Return: the address; -ESTALE for a guard that comes too late, or an error of
 * shmem's.
 */
unsigned long kshm_attach_file_area(struct file *file, unsigned long addr,
				    unsigned long len, unsigned long pgoff,
				    unsigned long flags)
{
	struct file *inner = vma_file_segment(file)->file;
	int guard = kshm_guard_area(file, addr, len, pgoff);

	if (guard < 0)
		return guard;
	if (guard)
		return addr;
	return inner->f_op->get_unmapped_area(inner, addr, len, pgoff, flags);
}

/**
 * kshm_attach_file_fallocate() - ->fallocate of an attach file
 * @file:	the file
 * @mode:	FALLOC_FL_*
 * @offset:	first byte
 * @len:	bytes
 *
 * It only punches holes, for madvise(MADV_REMOVE) and for fallocate() of a
 * descriptor. Other modes can change the size, which all users share.
 *
 * Context: Sleeps.
 *
 * Twin of shm_fallocate().
 *
 * Return: 0; -EPERM for another mode, or an error of shmem's.
 */
long kshm_attach_file_fallocate(struct file *file, int mode, loff_t offset,
				loff_t len)
{
	struct file *inner = vma_file_segment(file)->file;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EPERM;
	if (!inner->f_op->fallocate)
		return -EOPNOTSUPP;
	return inner->f_op->fallocate(inner, mode, offset, len);
}

/**
 * kshm_attach_file_release() - ->release of an attach file
 * @inode:	its inode
 * @file:	the file
 *
 * Frees the pages of a dead segment that had descriptors. Its last detach has to
 * leave that to this function, since it is under mmap_lock.
 *
 * Context: No lock: the kernel calls it when a task returns to user space or exits, or
 * in a work if a kernel thread has closed the file. Sleeps.
 *
 * Twin of shm_release().
 *
 * Return: 0.
 */
int kshm_attach_file_release(struct inode *inode, struct file *file)
{
	struct kshm_segment *segment = vma_file_segment(file);

	if (READ_ONCE(segment->dead) && kshm_backing_is_sealed(inode))
		kshm_backing_empty(inode);
	kshm_segment_put(segment);
	return 0;
}

/* Files that attaches map. No process ever has a descriptor of one. */
const struct file_operations kshm_attach_file_ops = {
	.owner			= THIS_MODULE,
	.mmap			= kshm_attach_file_mmap,
	.get_unmapped_area	= kshm_attach_file_area,
	.fallocate		= kshm_attach_file_fallocate,
	.fsync			= noop_fsync,
	.llseek			= generic_file_llseek,
	.release		= kshm_attach_file_release,
};

/*
 * Turn a file that was opened for reading into one that may also be mapped for writing.
 * A file that is opened for writing counts as a writer of its inode, and then nobody can
 * execute the inode, not even root by /proc/PID/map_files. In-tree, an attach does not
 * count as one. A file for reading and writing is not counted as a reader.
 */
static void vma_file_allow_writing(struct file *file)
{
	i_readcount_dec(file_inode(file));
	file->f_mode |= FMODE_WRITE;
	file->f_flags |= O_RDWR;
}

/**
 * kshm_attach_file_new() - make an attach file
 * @segment:	a segment; counted or pinned by the caller. The file takes a
 *		reference
 * @access:	what its mappings may do
 * @ops:	its operations; their owner is this module
 *
 * The backing file's path is opened once more. So both have the same pages, and
 * /proc/PID/maps shows the file as it shows an in-tree attach. There is no lease of
 * the inode that an opening could have to wait for: a lease for writing needs the only
 * file of an inode, and no descriptor is that.
 *
 * Context: Sleeps.
 *
 * Twin of alloc_file_clone() in do_shmat().
 *
 * Return: the file, counted for the caller; -ENOMEM, -ENFILE, or what a security module
 * says.
 */
struct file *kshm_attach_file_new(struct kshm_segment *segment,
				  enum kshm_access access,
				  const struct file_operations *ops)
{
	struct file *file;

	file = dentry_open(&segment->file->f_path, O_RDONLY | O_LARGEFILE,
			   current_cred());
	if (IS_ERR(file))
		return file;
	/* Closing the file puts ops->owner. */
	__module_get(THIS_MODULE);
	replace_fops(file, ops);
	/* What shmem's operations can do, and these can't. */
	file->f_mode &= ~(FMODE_CAN_READ | FMODE_CAN_ODIRECT | FMODE_PREAD |
			  FMODE_PWRITE | FMODE_ATOMIC_POS);
	file->f_flags &= ~O_LARGEFILE;
	if (access == KSHM_READ_WRITE)
		vma_file_allow_writing(file);
	kref_get(&segment->ref);
	file->private_data = segment;
	return file;
}

/**
 * kshm_attach_file_new_pooled() - make an attach file that later attaches can have
 * @segment:	as for kshm_attach_file_new()
 * @access:	as for kshm_attach_file_new()
 *
 * Context: Takes the segment's lock. Sleeps.
 *
 * No twin: in-tree, an attach makes its file, which ends with it.
 *
 * Return: as kshm_attach_file_new().
 */
struct file *kshm_attach_file_new_pooled(struct kshm_segment *segment,
					 enum kshm_access access)
{
	struct file *file = kshm_attach_file_new(segment, access,
						 &kshm_attach_file_ops);

	if (!IS_ERR(file))
		kshm_segment_keep_file(segment, access, file);
	return file;
}

/**
 * kshm_attach_file_set_faultaround() - choose fault-around for the coming mapping
 * @file:	an attach file that nobody maps, and that only the caller uses
 * @around:	map more pages along with a faulting one
 *
 * No twin: in-tree has no fault-around.
 */
void kshm_attach_file_set_faultaround(struct file *file, bool around)
{
	if (around)
		WRITE_ONCE(file->f_mode, file->f_mode & ~FMODE_RANDOM);
	else
		WRITE_ONCE(file->f_mode, file->f_mode | FMODE_RANDOM);
}

/* Return: index of the first page from @index on that is in memory, or @end. */
static pgoff_t vma_next_in_memory(struct address_space *mapping, pgoff_t index,
				  pgoff_t end)
{
	XA_STATE(xas, &mapping->i_pages, index);
	unsigned int swapped = 0;
	void *entry;

	rcu_read_lock();
	while ((entry = xas_find(&xas, end - 1))) {
		if (xas_retry(&xas, entry))
			continue;
		if (!xa_is_value(entry))
			break;
		/* Pages in swap can be many: skip them in steps, without RCU in between. */
		if (++swapped % VMA_SWAPPED_BATCH == 0) {
			xas_pause(&xas);
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	/* A large folio's entry may begin before @index. */
	index = entry ? max(index, xas.xa_index) : end;
	rcu_read_unlock();
	return index;
}

/*
 * Fault one page in. vma_map_pages() then maps a page table's worth, unless the
 * kernel's fault_around_bytes is one page.
 */
static bool vma_populate_at(struct file *file, unsigned long addr, pgoff_t index)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool done = false;

	if (mmap_read_lock_killable(mm))
		return false;
	addr += index << PAGE_SHIFT;
	vma = find_vma(mm, addr);
	WRITE_ONCE(file->f_ra.start, index + 1);
	if (vma && vma->vm_start <= addr && vma->vm_file == file)
		done = !fixup_user_fault(mm, addr, FAULT_FLAG_REMOTE, NULL);
	mmap_read_unlock(mm);
	return done;
}

/* Return: index of the page that follows the page table of @index. */
static pgoff_t vma_next_table(unsigned long addr, pgoff_t index)
{
	unsigned long last = (addr + (index << PAGE_SHIFT)) | ~PMD_MASK;

	return ((last - addr) >> PAGE_SHIFT) + 1;
}

/**
 * kshm_vma_populate() - map the pages of a new attach that are in memory
 * @file:	attach file that only the caller maps
 * @addr:	address of the attach
 *
 * There are no errors: a page that was not mapped, or that comes, goes or is
 * unmapped meanwhile, is left to a later fault. So are the pages of hugetlbfs, which are
 * few.
 *
 * Context: Takes mmap_lock, for one page table at a time. Sleeps.
 *
 * No twin: in-tree has no flag for this.
 */
void kshm_vma_populate(struct file *file, unsigned long addr)
{
	pgoff_t end = DIV_ROUND_UP(i_size_read(file_inode(file)), PAGE_SIZE);
	pgoff_t next, index = 0;

	if (kshm_hugetlb_has(file_inode(file)))
		return;
	WRITE_ONCE(file->f_ra.size, 1);
	for (;;) {
		index = vma_next_in_memory(file->f_mapping, index, end);
		if (index >= end || !vma_populate_at(file, addr, index))
			break;
		/*
		 * f_ra.start is where vma_map_pages() stopped. A fault on behalf of
		 * another process can have moved it beyond this page table; the pages
		 * between must not be passed over.
		 */
		next = min(READ_ONCE(file->f_ra.start),
			   vma_next_table(addr, index));
		index = max(index + 1, next);
		cond_resched();
	}
	WRITE_ONCE(file->f_ra.size, 0);
}
