/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All differences between the kernels and compilers that kshm is built for. The code
 * is written for the newest of them; no other file tests a version.
 *
 * No twin: in-tree is part of one kernel, and needs no code for others.
 */
#ifndef _KSHM_COMPAT_H
#define _KSHM_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "kshm needs Linux 6.1 or newer; build it for one that it is tested on (make KERNEL=7.3)"
#endif

/* main.c warns of it, once. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 4, 0)
#define KSHM_IS_UNTESTED
#endif

#include <linux/kconfig.h>

#if !IS_ENABLED(CONFIG_SHMEM) || !IS_ENABLED(CONFIG_MMU) || \
	!IS_ENABLED(CONFIG_PROC_FS)
#error "kshm needs a kernel with CONFIG_SHMEM, CONFIG_MMU and CONFIG_PROC_FS"
#endif

/* ns.c learns of the end of an IPC namespace by its mqueue mount. */
#if !IS_ENABLED(CONFIG_FSNOTIFY) || \
	(IS_ENABLED(CONFIG_IPC_NS) && !IS_ENABLED(CONFIG_POSIX_MQUEUE))
#error "kshm needs CONFIG_FSNOTIFY, and CONFIG_POSIX_MQUEUE where there is CONFIG_IPC_NS"
#endif

/* 6.7 gave get_policy() a parameter, which reports the interleave index. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define KSHM_POLICY_PROTO	, pgoff_t *ilx
#define KSHM_POLICY_ARG		, ilx
#else
#define KSHM_POLICY_PROTO
#define KSHM_POLICY_ARG
#endif

/*
 * 6.3 changed the type that describes an idmapped mount, one that shows other owners
 * than the file system has. No mount that kshm uses is one.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define KSHM_IDMAP(mnt)		mnt_idmap(mnt)
#else
#define KSHM_IDMAP(mnt)		mnt_user_ns(mnt)
#endif

/* The parameter of that type in inode operations changed with it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define mnt_idmap user_namespace
#define kernel_tmpfile_open vfs_tmpfile_open
#endif

/* Since 6.7, the page cache counts a huge page of hugetlbfs as the small pages in it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define kshm_hugetlb_nrpages(nrpages, h)	((void)(h), (nrpages))
#else
#define kshm_hugetlb_nrpages(nrpages, h)	((u64)(nrpages) * pages_per_huge_page(h))
#endif

/* 6.17 renamed the function that calls ->mmap. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define vfs_mmap call_mmap
#endif

/* 7.0 gave the flags of a VMA a type of their own. shmem_file_setup() takes them. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define KSHM_VMA_FLAGS(flags)	legacy_to_vma_flags(flags)
#else
#define KSHM_VMA_FLAGS(flags)	(flags)
#endif

/*
 * 6.19 gave the flags of a shmem inode values of their own; before, they were those
 * of a VMA. Both are plain numbers, so the compiler accepts the wrong one.
 */
#include <linux/shmem_fs.h>
#ifndef SHMEM_F_LOCKED
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#error "this kernel does not tell which flag locks a shmem inode; see kshm_mlock()"
#endif
#define SHMEM_F_LOCKED		VM_LOCKED
#define SHMEM_F_NORESERVE	VM_NORESERVE
#endif

/*
 * 6.3 added accessors for the flags of a VMA. If the kernel has no userfaultfd, the
 * header does not define __VM_UFFD_FLAGS, the mask of its flags: none is ever set.
 */
#include <linux/mm.h>
#include <linux/userfaultfd_k.h>
#ifndef __VM_UFFD_FLAGS
#define __VM_UFFD_FLAGS		VM_NONE
#endif
#ifndef VM_SEALED
#define VM_SEALED		VM_NONE
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_clear(struct vm_area_struct *vma,
				  unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/*
 * 6.2 renamed what lets ftrace go on elsewhere, and added what reads an argument of the
 * traced function. Only module/switch/hook.c uses these macros.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define ftrace_regs_set_instruction_pointer ftrace_instruction_pointer_set
#define ftrace_regs_get_argument(fregs, n)	\
	regs_get_kernel_argument(&(fregs)->regs, n)
#endif

/* 6.13 wants the name of a namespace of symbols as a string. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define KSHM_SYMBOLS	"KSHM"
#else
#define KSHM_SYMBOLS	KSHM
#endif

/*
 * Does a task wait for a rwsem that the caller has locked for writing? PREEMPT_RT makes
 * a rwsem of an rtmutex, and its rwsem_is_contended() asks whether readers have it.
 */
#include <linux/rwsem.h>
#ifdef CONFIG_PREEMPT_RT
#define kshm_rwsem_has_waiters(rwsem)	\
	(!RB_EMPTY_ROOT(&(rwsem)->rwbase.rtmutex.waiters.rb_root))
#else
#define kshm_rwsem_has_waiters(rwsem)	rwsem_is_contended(rwsem)
#endif

/* The header of folio batches was renamed. Kbuild tells which headers there are. */
#ifdef KSHM_HAS_FOLIO_BATCH_H
#include <linux/folio_batch.h>
#else
#include <linux/pagevec.h>
#endif

/*
 * May a program be inspected? Older kernels note it in the mm, newer ones in a struct
 * that the program's tasks share. The functions that read it are not exported.
 * Context of both: RCU read lock.
 */
#include <linux/cred.h>
#include <linux/sched/coredump.h>
#ifdef KSHM_HAS_EXEC_STATE_H
#include <linux/sched/exec_state.h>
static inline bool kshm_is_dumpable(const struct task_struct *task,
				    struct mm_struct *mm)
{
	struct task_exec_state *state = rcu_dereference(task->exec_state);

	return state && READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER;
}

static inline struct user_namespace *
kshm_exec_user_ns(const struct task_struct *task, struct mm_struct *mm)
{
	struct task_exec_state *state = rcu_dereference(task->exec_state);

	return state ? state->user_ns : &init_user_ns;
}
#else
static inline bool kshm_is_dumpable(const struct task_struct *task,
				    struct mm_struct *mm)
{
	return get_dumpable(mm) == SUID_DUMP_USER;
}

static inline struct user_namespace *
kshm_exec_user_ns(const struct task_struct *task, struct mm_struct *mm)
{
	return mm->user_ns;
}
#endif

/*
 * 6.6 added accessors of i_ctime and renamed the field; 6.7 added the other
 * accessors, and those that end in _sec.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <linux/fs.h>
#define inode_get_atime_sec(inode)	((inode)->i_atime.tv_sec)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define inode_get_ctime_sec(inode)	(inode_get_ctime(inode).tv_sec)
#else
#define inode_get_ctime_sec(inode)	((inode)->i_ctime.tv_sec)
#define inode_set_ctime_current(whose)					\
({									\
	struct inode *inode_ = (whose);					\
									\
	inode_->i_ctime = current_time(inode_);				\
})
#endif
#endif

/* Keeps -ftrivial-auto-var-init from zeroing a large struct in each call. */
#if __has_attribute(uninitialized)
#define KSHM_UNINITIALIZED	__attribute__((uninitialized))
#else
#define KSHM_UNINITIALIZED
#endif

#endif /* _KSHM_COMPAT_H */
