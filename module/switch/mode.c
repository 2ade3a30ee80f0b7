// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mode, and the ways from one to another. The comment at the top of switch.h tells
 * what the modes are, and what a change waits for.
 *
 *	            hook, wait for
 *	            old callers
 *	SWITCH_OFF ----------------> SWITCH_DRAIN <----------> SWITCH_ON
 *	     ^                            |
 *	     +----------------------------+
 *	       no segment of kshm and no
 *	       open listing left; unhook,
 *	       wait for handlers
 *
 * Functions become hooked one after the other. If a program could create a segment of
 * kshm meanwhile, its next call might still go to in-tree. So all of them are hooked, in
 * SWITCH_DRAIN, before kshm gets its first segment, and they stay hooked until the last
 * one is gone.
 *
 * No twin: nothing of in-tree shm can be switched.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "switch.h"

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>

static DEFINE_MUTEX(mode_lock);

/* Between switch_mode_init() and switch_mode_exit(). */
static bool mode_ready;

/* What was asked for while the module was not ready, as by "insmod ... mode=on". */
static enum switch_mode mode_first = SWITCH_OFF;

/* Let no shmget() run while the mode changes. */
static void mode_flip(enum switch_mode mode)
{
	lockdep_assert_held(&mode_lock);

	percpu_down_write(&switch_gate);
	if (mode == SWITCH_ON)
		kshm_sysv_go_on();
	WRITE_ONCE(switch_mode, mode);
	percpu_up_write(&switch_gate);
}

/* The functions have just been hooked: from now on ids of both kinds are disjoint. */
static int mode_begin(void)
{
	int err;

	percpu_down_write(&switch_gate);
	err = kshm_sysv_check_ids();
	if (!err)
		WRITE_ONCE(switch_mode, SWITCH_DRAIN);
	percpu_up_write(&switch_gate);
	if (err)
		pr_notice("not switched on: kshm has a segment from before kshm_switch was loaded, and in-tree shm can give out its id again\n");
	return err;
}

/*
 * Wait until no handler is running that began before. Some user can make this take as
 * long as a fault, so the task sleeps as an idle one does.
 */
static void mode_wait_for_handlers(void)
{
	unsigned long cookie = start_poll_synchronize_srcu(&switch_flight);

	while (!poll_state_synchronize_srcu(&switch_flight, cookie))
		schedule_timeout_idle(1);
}

/* The same, until a signal comes. */
static int mode_wait_interruptible(void)
{
	unsigned long cookie = start_poll_synchronize_srcu(&switch_flight);

	while (!poll_state_synchronize_srcu(&switch_flight, cookie)) {
		schedule_timeout_interruptible(1);
		if (signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/*
 * Unhook, and wait for everybody who is in a handler: in its first instructions, in
 * switch_gate, in switch_flight, in its last instructions.
 */
static void mode_unhook(void)
{
	switch_hook_disable();
	percpu_down_write(&switch_gate);
	percpu_up_write(&switch_gate);
	mode_wait_for_handlers();
	synchronize_rcu_tasks();
	module_put(THIS_MODULE);
}

/* From SWITCH_OFF to SWITCH_DRAIN. */
static int mode_hook(void)
{
	int err;

	/* Unloading has begun, and waits for mode_lock. */
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	err = switch_hook_enable();
	if (err) {
		module_put(THIS_MODULE);
		pr_notice("not switched on: ftrace refused to replace the functions (%d); a livepatch may have one of them, or kernel.ftrace_enabled may be 0\n",
			  err);
		return err;
	}
	err = mode_begin();
	if (err)
		mode_unhook();
	return err;
}

/* Is something left that only the handlers reach? */
static int mode_check_empty(void)
{
	unsigned int segments = kshm_sysv_used();
	unsigned int listings = switch_listings();

	if (!segments && !listings)
		return 0;
	pr_notice_ratelimited("not switched off: %u segments and %u open listings are left; the parameter \"left\" lists the segments\n",
			      segments, listings);
	return -EBUSY;
}

/*
 * In SWITCH_OFF the handlers only call the originals, so no listing is opened with
 * operations of this module any more. One that was just being opened shows after the
 * wait.
 */
static int mode_stop_handlers(void)
{
	mode_flip(SWITCH_OFF);
	return mode_wait_interruptible() ?: mode_check_empty();
}

static int mode_go_off(void)
{
	enum switch_mode before = switch_mode;
	int err = mode_check_empty();

	/* The usual refusal does not leave the mode, not even for a moment. */
	if (err)
		return err;
	mode_flip(SWITCH_DRAIN);
	err = mode_check_empty() ?: mode_stop_handlers();
	if (err) {
		mode_flip(SWITCH_DRAIN);
		if (before == SWITCH_ON)
			mode_flip(SWITCH_ON);
		return err;
	}
	mode_unhook();
	return 0;
}

static int mode_change(enum switch_mode mode)
{
	int err = 0;

	if (mode == switch_mode)
		return 0;
	if (mode == SWITCH_OFF)
		return mode_go_off();
	if (switch_mode == SWITCH_OFF)
		err = mode_hook();
	if (!err && mode != switch_mode)
		mode_flip(mode);
	return err;
}

/**
 * switch_mode_set() - change the mode
 * @mode:	the mode to be in
 *
 * Context: Sleeps.
 *
 * Return: 0; -EBUSY if something is left that forbids SWITCH_OFF, or if another hook has
 * one of the functions; -EEXIST if two segments could have the same id; -EINTR; -ENODEV
 * while the module is being unloaded. After an error the mode is as it was.
 */
int switch_mode_set(enum switch_mode mode)
{
	int err = 0;

	mutex_lock(&mode_lock);
	if (mode_ready)
		err = mode_change(mode);
	else
		mode_first = mode;
	mutex_unlock(&mode_lock);
	return err;
}

/**
 * switch_mode_except() - let all calls of one IPC namespace go to in-tree shm
 * @inum:	number of the namespace, 0 for none
 *
 * Context: Sleeps.
 *
 * Return: 0; -EBUSY unless the mode is SWITCH_OFF.
 */
int switch_mode_except(unsigned int inum)
{
	int err = -EBUSY;

	mutex_lock(&mode_lock);
	if (switch_mode == SWITCH_OFF) {
		switch_except = inum;
		err = 0;
	}
	mutex_unlock(&mode_lock);
	return err;
}

/**
 * switch_mode_init() - find the functions, and enter the first mode
 *
 * Context: Sleeps.
 *
 * Return: 0, or a negative errno after a sentence in the kernel's log.
 */
int switch_mode_init(void)
{
	int err = switch_hook_init(switch_hooks, switch_hooks_count);

	if (err)
		return err;
	kshm_sysv_begin();
	mutex_lock(&mode_lock);
	err = mode_change(mode_first);
	mode_ready = !err;
	mutex_unlock(&mode_lock);
	if (err) {
		kshm_sysv_end();
		switch_hook_exit();
	}
	return err;
}

/**
 * switch_mode_exit() - forget the functions
 *
 * The mode is SWITCH_OFF, since the module is pinned in any other.
 *
 * Context: Sleeps.
 */
void switch_mode_exit(void)
{
	mutex_lock(&mode_lock);
	mode_ready = false;
	mutex_unlock(&mode_lock);
	WARN_ON(switch_mode != SWITCH_OFF);
	kshm_sysv_end();
	switch_hook_exit();
}
