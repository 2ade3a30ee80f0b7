// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks: let other functions run in place of functions of the kernel.
 *
 * One ftrace_ops has all hooked functions, so all of them are hooked by one step of
 * ftrace's, or none is. IPMODIFY allows its callback to change where the function goes
 * on, and keeps others that would do that (a livepatch, for example) from the same
 * function. PERMANENT keeps kernel.ftrace_enabled from being set to 0 meanwhile.
 *
 * The site is the address that ftrace reports. It is not the function's: on x86 it can
 * be behind an ENDBR, which the kernel may have replaced by another instruction.
 * register_kprobe() finds it by name; the probe is disabled and never hit. A call that
 * skips the site must not be an indirect one, since there is no ENDBR behind it. So it
 * is a static call, which is a direct call once it is updated.
 *
 * No twin: nothing of in-tree shm can be switched.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "switch.h"

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/printk.h>

static struct switch_hook *hook_first;
static struct switch_hook *hook_end;

static __always_inline const struct pt_regs *
hook_first_argument(struct ftrace_regs *regs)
{
	return (const struct pt_regs *)ftrace_regs_get_argument(regs, 0);
}

/* Only this runs for each call; it is not traced itself. The hottest hooks are first. */
static void notrace hook_enter(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *regs)
{
	struct switch_hook *hook = hook_first;

	while (hook->site != ip)
		if (++hook == hook_end)
			return;
	if (hook->takes && !hook->takes(hook_first_argument(regs)))
		return;
	ftrace_regs_set_instruction_pointer(regs, (unsigned long)hook->handler);
}

static struct ftrace_ops hook_ops = {
	.func	= hook_enter,
	.flags	= FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
};

/* Find the site by the function's name. */
static int hook_find(struct switch_hook *hook)
{
	struct kprobe probe = {
		.symbol_name	= hook->name,
		.flags		= KPROBE_FLAG_DISABLED,
	};
	int err = register_kprobe(&probe);

	if (err)
		return err;
	hook->site = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

static int hook_prepare(struct switch_hook *hook)
{
	int err = hook_find(hook) ?:
		  ftrace_set_filter_ip(&hook_ops, hook->site, 0, 0);

	if (err) {
		pr_err("this kernel has no function %s that ftrace can replace, so the system calls can't be switched\n",
		       hook->name);
		return err;
	}
	__static_call_update(hook->key, hook->tramp,
			     (void *)(hook->site + MCOUNT_INSN_SIZE));
	return 0;
}

/**
 * switch_hook_init() - find all functions, and the originals behind their sites
 * @hooks:	the functions; stay until switch_hook_exit()
 * @count:	how many
 *
 * Nothing is hooked yet.
 *
 * Context: Sleeps.
 *
 * Return: 0, or a negative errno after a sentence in the kernel's log.
 */
int switch_hook_init(struct switch_hook *hooks, unsigned int count)
{
	int err;

	hook_first = hooks;
	hook_end = hooks + count;
	for (; hooks < hook_end; hooks++) {
		err = hook_prepare(hooks);
		if (err) {
			switch_hook_exit();
			return err;
		}
	}
	return 0;
}

/**
 * switch_hook_exit() - forget the functions
 *
 * Context: The hooks are off. Sleeps.
 */
void switch_hook_exit(void)
{
	ftrace_free_filter(&hook_ops);
}

/**
 * switch_hook_enable() - hook all functions
 *
 * At the end every call that is not in an original function yet is hooked. A task that
 * is in one and has slept there, still is.
 *
 * Context: Sleeps.
 *
 * Return: 0; -EBUSY if another hook has one of the functions, or if
 * kernel.ftrace_enabled is 0; or another negative errno.
 */
int switch_hook_enable(void)
{
	int err = register_ftrace_function(&hook_ops);

	if (!err)
		synchronize_rcu_tasks();
	return err;
}

/**
 * switch_hook_disable() - give all functions back
 *
 * At the end no task is on its way to a handler, and none is in one but within
 * switch_gate or switch_flight.
 *
 * Context: Sleeps.
 */
void switch_hook_disable(void)
{
	WARN_ON(unregister_ftrace_function(&hook_ops));
	synchronize_rcu_tasks();
}
