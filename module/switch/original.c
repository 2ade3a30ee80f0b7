// SPDX-License-Identifier: GPL-2.0-only
/*
 * The original functions. A static call runs each of them from behind its site, where
 * ftrace does not see it. switch_hook_init() tells the static calls where that is.
 *
 * shmget(), shmat() and shmdt() do not touch the memory of their caller, so for all
 * callers the 64-bit function is the original, with registers made up for it. shmctl()
 * has one original for each layout of its buffer.
 *
 * No twin: each function leads to in-tree's function of its name.
 */
#include "switch.h"

#include "original.h"

#include <linux/ptrace.h>

static long original_no_syscall(const struct pt_regs *regs)
{
	return -ENODEV;
}

static int original_no_proc(struct inode *inode, struct file *file)
{
	return -ENODEV;
}

static void original_no_task(struct task_struct *task)
{
}

static void original_no_ns(struct ipc_namespace *ns)
{
}

DEFINE_STATIC_CALL(original_shmget, original_no_syscall);
DEFINE_STATIC_CALL(original_shmat, original_no_syscall);
DEFINE_STATIC_CALL(original_shmdt, original_no_syscall);
DEFINE_STATIC_CALL(original_shmctl, original_no_syscall);
DEFINE_STATIC_CALL(original_ia32_shmget, original_no_syscall);
DEFINE_STATIC_CALL(original_ia32_shmdt, original_no_syscall);
DEFINE_STATIC_CALL(original_compat_shmat, original_no_syscall);
DEFINE_STATIC_CALL(original_compat_shmctl, original_no_syscall);
DEFINE_STATIC_CALL(original_compat_ipc, original_no_syscall);
DEFINE_STATIC_CALL(original_proc_open, original_no_proc);
DEFINE_STATIC_CALL(original_proc_release, original_no_proc);
DEFINE_STATIC_CALL(original_exit_shm, original_no_task);
DEFINE_STATIC_CALL(original_destroy_orphaned, original_no_ns);
DEFINE_STATIC_CALL(original_exit_ns, original_no_ns);

/**
 * switch_original_shmget() - in-tree's shmget(2)
 * @key:	key or IPC_PRIVATE
 * @size:	bytes
 * @shmflg:	flags
 *
 * Context: Sleeps.
 *
 * Return: the id or a negative errno.
 */
long switch_original_shmget(key_t key, size_t size, int shmflg)
{
	struct pt_regs regs = { .di = key, .si = size, .dx = shmflg };

	return static_call(original_shmget)(&regs);
}

/**
 * switch_original_shmat() - in-tree's shmat(2)
 * @shmid:	id
 * @addr:	address or 0
 * @shmflg:	flags
 *
 * Context: Sleeps.
 *
 * Return: the address or a negative errno.
 */
long switch_original_shmat(int shmid, unsigned long addr, int shmflg)
{
	struct pt_regs regs = { .di = shmid, .si = addr, .dx = shmflg };

	return static_call(original_shmat)(&regs);
}

/**
 * switch_original_shmdt() - in-tree's shmdt(2)
 * @addr:	address that the attach began at
 *
 * Context: Sleeps.
 *
 * Return: 0 or a negative errno.
 */
long switch_original_shmdt(unsigned long addr)
{
	struct pt_regs regs = { .di = addr };

	return static_call(original_shmdt)(&regs);
}

/**
 * switch_original_rmid() - in-tree's IPC_RMID
 * @shmid:	id
 *
 * Context: Sleeps.
 *
 * Return: 0 or a negative errno.
 */
long switch_original_rmid(int shmid)
{
	struct pt_regs regs = { .di = shmid, .si = IPC_RMID };

	return static_call(original_shmctl)(&regs);
}

/**
 * switch_original_shmctl() - in-tree's shmctl(2)
 * @regs:	the caller's registers
 *
 * Context: Sleeps.
 *
 * Return: as shmctl(2), or a negative errno.
 */
long switch_original_shmctl(const struct pt_regs *regs)
{
	return static_call(original_shmctl)(regs);
}

/**
 * switch_original_compat_shmctl() - in-tree's shmctl(2) of 32-bit programs
 * @regs:	the caller's registers
 *
 * Context: Sleeps.
 *
 * Return: as shmctl(2), or a negative errno.
 */
long switch_original_compat_shmctl(const struct pt_regs *regs)
{
	return static_call(original_compat_shmctl)(regs);
}

/**
 * switch_original_compat_ipc() - in-tree's ipc(2) of 32-bit programs
 * @regs:	the caller's registers
 *
 * Context: Sleeps.
 *
 * Return: as ipc(2), or a negative errno.
 */
long switch_original_compat_ipc(const struct pt_regs *regs)
{
	return static_call(original_compat_ipc)(regs);
}

/**
 * switch_original_proc_open() - open a file in /proc/sysvipc
 * @inode:	its inode
 * @file:	the file
 *
 * Context: Sleeps.
 *
 * Return: 0 or a negative errno.
 */
int switch_original_proc_open(struct inode *inode, struct file *file)
{
	return static_call(original_proc_open)(inode, file);
}

/**
 * switch_original_proc_release() - close a file in /proc/sysvipc
 * @inode:	its inode
 * @file:	the file
 *
 * Context: Sleeps.
 *
 * Return: 0.
 */
int switch_original_proc_release(struct inode *inode, struct file *file)
{
	return static_call(original_proc_release)(inode, file);
}

/**
 * switch_original_exit_shm() - a task ends, or leaves its IPC namespace
 * @task:	the caller
 *
 * Context: Sleeps.
 */
void switch_original_exit_shm(struct task_struct *task)
{
	static_call(original_exit_shm)(task);
}

/**
 * switch_original_destroy_orphaned() - kernel.shm_rmid_forced was set
 * @ns:		its namespace
 *
 * Context: Sleeps.
 */
void switch_original_destroy_orphaned(struct ipc_namespace *ns)
{
	static_call(original_destroy_orphaned)(ns);
}

/**
 * switch_original_exit_ns() - an IPC namespace ends
 * @ns:		the namespace
 *
 * Context: Sleeps.
 */
void switch_original_exit_ns(struct ipc_namespace *ns)
{
	static_call(original_exit_ns)(ns);
}
