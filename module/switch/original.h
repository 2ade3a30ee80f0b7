/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The static calls of original.c, for the table of hooks in entry.c. No other file uses
 * them.
 */
#ifndef _KSHM_SWITCH_ORIGINAL_H
#define _KSHM_SWITCH_ORIGINAL_H

#include <linux/static_call.h>

struct file;
struct inode;
struct ipc_namespace;
struct pt_regs;
struct task_struct;

typedef long original_syscall_fn(const struct pt_regs *regs);
typedef int original_proc_fn(struct inode *inode, struct file *file);
typedef void original_task_fn(struct task_struct *task);
typedef void original_ns_fn(struct ipc_namespace *ns);

DECLARE_STATIC_CALL(original_shmget, original_syscall_fn);
DECLARE_STATIC_CALL(original_shmat, original_syscall_fn);
DECLARE_STATIC_CALL(original_shmdt, original_syscall_fn);
DECLARE_STATIC_CALL(original_shmctl, original_syscall_fn);
DECLARE_STATIC_CALL(original_ia32_shmget, original_syscall_fn);
DECLARE_STATIC_CALL(original_ia32_shmdt, original_syscall_fn);
DECLARE_STATIC_CALL(original_compat_shmat, original_syscall_fn);
DECLARE_STATIC_CALL(original_compat_shmctl, original_syscall_fn);
DECLARE_STATIC_CALL(original_compat_ipc, original_syscall_fn);
DECLARE_STATIC_CALL(original_proc_open, original_proc_fn);
DECLARE_STATIC_CALL(original_proc_release, original_proc_fn);
DECLARE_STATIC_CALL(original_exit_shm, original_task_fn);
DECLARE_STATIC_CALL(original_destroy_orphaned, original_ns_fn);
DECLARE_STATIC_CALL(original_exit_ns, original_ns_fn);

#endif /* _KSHM_SWITCH_ORIGINAL_H */
