/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kshm_switch: the map of the module that leads the system calls of System V shared
 * memory to kshm.
 *
 *	caller -> kernel's function -ftrace-> entry.c -> route.c -+-> kshm.ko
 *	               ^                                          |
 *	               +---- original.c: behind ftrace's site ----+
 *
 * Each hooked function begins with a call that the compiler left for ftrace, its site.
 * While the hooks are on, ftrace goes on in entry.c in place of the function. From there
 * route.c decides, call by call, between kshm and the original function, which runs from
 * behind its site. No code of the kernel is changed but by ftrace, and no name is looked
 * up but by register_kprobe().
 *
 * Modes, from the one that creates nothing in kshm to the one that creates nothing
 * in-tree:
 *
 *	SWITCH_OFF	no function is hooked, and no segment of kshm is left
 *	SWITCH_DRAIN	new segments are in-tree's; those of kshm can be used to their end
 *	SWITCH_ON	new segments are kshm's; those of in-tree can be used to their end
 *
 * What keeps this module's code while a task is in it:
 *
 * - shmget() holds switch_gate, a percpu_rwsem, for reading. A change of mode holds it
 *   for writing. So no shmget() sees two modes, and no two of them run in different
 *   modes: they could both create a segment with the same key. An SRCU section would not
 *   do, since a new reader does not wait for an old one. shmget() touches no user
 *   memory, and waits for in-tree's last creations outside of switch_gate. So no user
 *   can make a change of mode wait.
 * - Every other hooked function is in an SRCU section of switch_flight. It may touch user
 *   memory, and a fault can take as long as some user likes (userfaultfd, FUSE). With
 *   the percpu_rwsem, a change of mode that waits for it would stop all other callers.
 * - Before and after these sections a task can be preempted in a few instructions of the
 *   module or of ftrace's trampoline. It does not sleep there, so
 *   synchronize_rcu_tasks() waits for it.
 * - A listing that is open has operations of this module. The mode can't become
 *   SWITCH_OFF as long as there is one.
 * - In every mode but SWITCH_OFF the module is pinned.
 *
 * Calls go one way: a file calls only files that come after it in Kbuild.
 */
#ifndef _KSHM_SWITCH_H
#define _KSHM_SWITCH_H

#include "../sysv.h"

#include <linux/atomic.h>
#include <linux/nsproxy.h>
#include <linux/percpu-rwsem.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include <linux/static_call.h>
#include <linux/types.h>

struct file;
struct inode;
struct pt_regs;
struct task_struct;

enum switch_mode {
	SWITCH_OFF,
	SWITCH_DRAIN,
	SWITCH_ON,
};

/**
 * struct switch_hook - a function of the kernel that is hooked
 * @name:	its symbol
 * @handler:	what runs in its place
 * @takes:	whether a system call is for the handler; NULL for all calls
 * @key:	static call that reaches the original
 * @tramp:	trampoline of @key
 * @site:	address of the call to ftrace; set by switch_hook_init()
 */
struct switch_hook {
	const char		*name;
	void			*handler;
	bool			(*takes)(const struct pt_regs *regs);
	struct static_call_key	*key;
	void			*tramp;
	unsigned long		site;
};

/**
 * struct switch_call - a call of shmctl() as it came
 * @regs:	the caller's registers, for the original
 * @original:	the original: by system call or by ipc(2), of 64 bits or 32
 * @buf:	the caller's buffer
 * @shmid:	id or index
 * @cmd:	command, without IPC_64
 * @compat:	the buffer has the layout of 32-bit programs
 * @old:	the buffer has the oldest layout, that without IPC_64
 */
struct switch_call {
	const struct pt_regs	*regs;
	long			(*original)(const struct pt_regs *regs);
	void __user		*buf;
	int			shmid;
	int			cmd;
	bool			compat;
	bool			old;
};

/* mode.c */
int switch_mode_init(void);
void switch_mode_exit(void);
int switch_mode_set(enum switch_mode mode);
int switch_mode_except(unsigned int inum);

/* entry.c */
extern struct switch_hook switch_hooks[];
extern const unsigned int switch_hooks_count;

/* route.c */
long switch_shmget(key_t key, size_t size, int shmflg);
long switch_shmat(int shmid, unsigned long addr, int shmflg);
long switch_shmdt(unsigned long addr);
long switch_shmctl(const struct switch_call *call);

/* listing.c */
int switch_listing_open(struct inode *inode, struct file *file);
int switch_listing_release(struct inode *inode, struct file *file);
unsigned int switch_listings(void);

/* copy.c */
int switch_copy_in(const struct switch_call *call, struct shmid64_ds *ds);
int switch_copy_ds(const struct switch_call *call, const struct shmid64_ds *ds);
int switch_copy_shminfo(const struct switch_call *call,
			const struct shminfo64 *info);
int switch_copy_shm_info(const struct switch_call *call,
			 const struct shm_info *info);
int switch_add_shm_info(const struct switch_call *call, struct shm_info *sum);
long switch_put_address(u32 to, unsigned long addr);

/* original.c */
long switch_original_shmget(key_t key, size_t size, int shmflg);
long switch_original_shmat(int shmid, unsigned long addr, int shmflg);
long switch_original_shmdt(unsigned long addr);
long switch_original_rmid(int shmid);
long switch_original_shmctl(const struct pt_regs *regs);
long switch_original_compat_shmctl(const struct pt_regs *regs);
long switch_original_compat_ipc(const struct pt_regs *regs);
int switch_original_proc_open(struct inode *inode, struct file *file);
int switch_original_proc_release(struct inode *inode, struct file *file);
void switch_original_exit_shm(struct task_struct *task);
void switch_original_destroy_orphaned(struct ipc_namespace *ns);
void switch_original_exit_ns(struct ipc_namespace *ns);

/* gate.c */
extern enum switch_mode switch_mode;
extern unsigned int switch_except;
extern struct percpu_rw_semaphore switch_gate;
extern struct srcu_struct switch_flight;

/**
 * switch_spares() - is the caller in the namespace that stays with in-tree shm?
 *
 * Return: true or false.
 */
static inline bool switch_spares(void)
{
	return unlikely(switch_except) &&
	       current->nsproxy->ipc_ns->ns.inum == switch_except;
}

/* hook.c */
int switch_hook_init(struct switch_hook *hooks, unsigned int count);
void switch_hook_exit(void);
int switch_hook_enable(void);
void switch_hook_disable(void);

#endif /* _KSHM_SWITCH_H */
