// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooked functions of x86-64: takes each call out of its registers. A 32-bit program
 * comes by system calls of its own, or by ipc(2), which stands for all calls of System V
 * IPC.
 *
 * No twin: in-tree, the macros SYSCALL_DEFINEx() make these functions.
 */
#include "switch.h"

#include "original.h"

#include <linux/compat.h>
#include <linux/ptrace.h>

/* Numbers of ipc(2). */
enum entry_ipc {
	ENTRY_SHMAT	= 21,
	ENTRY_SHMDT	= 22,
	ENTRY_SHMGET	= 23,
	ENTRY_SHMCTL	= 24,
};

static long entry_shmget(const struct pt_regs *regs)
{
	return switch_shmget(regs->di, regs->si, regs->dx);
}

static long entry_shmat(const struct pt_regs *regs)
{
	return switch_shmat(regs->di, regs->si, regs->dx);
}

static long entry_shmdt(const struct pt_regs *regs)
{
	return switch_shmdt(regs->di);
}

static long entry_shmctl(const struct pt_regs *regs)
{
	const struct switch_call call = {
		.regs		= regs,
		.original	= switch_original_shmctl,
		.shmid		= regs->di,
		.cmd		= regs->si,
		.buf		= (void __user *)regs->dx,
	};

	return switch_shmctl(&call);
}

#ifdef CONFIG_IA32_EMULATION
/* The arguments are the lower halves of bx, cx, dx, si, di and bp. */
static long entry_ia32_shmget(const struct pt_regs *regs)
{
	return switch_shmget(regs->bx, (u32)regs->cx, regs->dx);
}

static long entry_ia32_shmdt(const struct pt_regs *regs)
{
	return switch_shmdt((u32)regs->bx);
}

static long entry_compat_shmat(const struct pt_regs *regs)
{
	return switch_shmat(regs->bx, (u32)regs->cx, regs->dx);
}

static long entry_compat_shmctl(const struct pt_regs *regs)
{
	const struct switch_call call = {
		.regs		= regs,
		.original	= switch_original_compat_shmctl,
		.shmid		= regs->bx,
		.cmd		= regs->cx,
		.buf		= compat_ptr(regs->dx),
		.compat		= true,
	};

	return switch_shmctl(&call);
}

/* ipc(SHMAT) writes the address to where its third argument points. */
static long entry_ipc_shmat(const struct pt_regs *regs)
{
	long addr;

	/* The version, in the upper half of the first argument. */
	if ((u32)regs->bx >> 16 == 1)
		return -EINVAL;
	addr = switch_shmat(regs->cx, (u32)regs->di, regs->dx);
	if (IS_ERR_VALUE(addr))
		return addr;
	return switch_put_address(regs->si, addr);
}

/* Without IPC_64 in the command, the buffer has the oldest layout. */
static long entry_ipc_shmctl(const struct pt_regs *regs)
{
	const struct switch_call call = {
		.regs		= regs,
		.original	= switch_original_compat_ipc,
		.shmid		= regs->cx,
		.cmd		= (u32)regs->dx & ~IPC_64,
		.buf		= compat_ptr(regs->di),
		.compat		= true,
		.old		= !(regs->dx & IPC_64),
	};

	return switch_shmctl(&call);
}

/*
 * Semaphores and message queues never come here: a task can wait for one of those for
 * ever, and must not be in this module then. ftrace's callback calls this.
 */
static bool notrace entry_ipc_is_shm(const struct pt_regs *regs)
{
	u16 number = regs->bx;

	return number >= ENTRY_SHMAT && number <= ENTRY_SHMCTL;
}

/* Twin of compat_ksys_ipc(). */
static long entry_compat_ipc(const struct pt_regs *regs)
{
	switch (regs->bx & 0xffff) {
	case ENTRY_SHMAT:
		return entry_ipc_shmat(regs);
	case ENTRY_SHMDT:
		return switch_shmdt((u32)regs->di);
	case ENTRY_SHMGET:
		return switch_shmget(regs->cx, (u32)regs->dx, regs->si);
	default:
		return entry_ipc_shmctl(regs);
	}
}
#endif

/* A task ends, or leaves its IPC namespace by unshare(); @task is the caller. */
static void entry_exit_shm(struct task_struct *task)
{
	int section = srcu_read_lock(&switch_flight);

	switch_original_exit_shm(task);
	kshm_sysv_exit_task();
	srcu_read_unlock(&switch_flight, section);
}

/* A 1 was written to kernel.shm_rmid_forced. */
static void entry_destroy_orphaned(struct ipc_namespace *ns)
{
	int section = srcu_read_lock(&switch_flight);

	switch_original_destroy_orphaned(ns);
	kshm_sysv_reap_orphans(ns);
	srcu_read_unlock(&switch_flight, section);
}

#ifdef CONFIG_IPC_NS
/* The caller frees the namespace afterwards. */
static void entry_exit_ns(struct ipc_namespace *ns)
{
	int section = srcu_read_lock(&switch_flight);

	switch_original_exit_ns(ns);
	kshm_sysv_exit_ns();
	srcu_read_unlock(&switch_flight, section);
}
#endif

#define ENTRY(symbol, function, call)					\
	{								\
		.name		= symbol,				\
		.handler	= function,				\
		.key		= &STATIC_CALL_KEY(call),		\
		.tramp		= STATIC_CALL_TRAMP_ADDR(call),		\
	}

/* Each call looks for its row from the beginning on, so the shortest calls come first. */
struct switch_hook switch_hooks[] = {
	ENTRY("__x64_sys_shmget", entry_shmget, original_shmget),
	ENTRY("__x64_sys_shmctl", entry_shmctl, original_shmctl),
	ENTRY("exit_shm", entry_exit_shm, original_exit_shm),
	ENTRY("__x64_sys_shmat", entry_shmat, original_shmat),
	ENTRY("__x64_sys_shmdt", entry_shmdt, original_shmdt),
#ifdef CONFIG_IA32_EMULATION
	ENTRY("__ia32_sys_shmget", entry_ia32_shmget, original_ia32_shmget),
	ENTRY("__ia32_sys_shmdt", entry_ia32_shmdt, original_ia32_shmdt),
	ENTRY("__ia32_compat_sys_shmat", entry_compat_shmat,
	      original_compat_shmat),
	ENTRY("__ia32_compat_sys_shmctl", entry_compat_shmctl,
	      original_compat_shmctl),
	{
		.name		= "__ia32_compat_sys_ipc",
		.handler	= entry_compat_ipc,
		.takes		= entry_ipc_is_shm,
		.key		= &STATIC_CALL_KEY(original_compat_ipc),
		.tramp		= STATIC_CALL_TRAMP_ADDR(original_compat_ipc),
	},
#endif
	ENTRY("sysvipc_proc_open", switch_listing_open, original_proc_open),
	ENTRY("sysvipc_proc_release", switch_listing_release,
	      original_proc_release),
	ENTRY("shm_destroy_orphaned", entry_destroy_orphaned,
	      original_destroy_orphaned),
#ifdef CONFIG_IPC_NS
	ENTRY("shm_exit_ns", entry_exit_ns, original_exit_ns),
#endif
};

const unsigned int switch_hooks_count = ARRAY_SIZE(switch_hooks);
