// SPDX-License-Identifier: GPL-2.0-only
/*
 * kshm_switch: the system calls of System V shared memory lead to kshm. Read switch.h
 * first.
 *
 * No twin: nothing of in-tree shm can be switched.
 */
#include "switch.h"

#include <linux/kshm_version.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

static const char * const switch_mode_names[] = {
	[SWITCH_OFF]	= "off",
	[SWITCH_DRAIN]	= "drain",
	[SWITCH_ON]	= "on",
};

static int switch_set_mode(const char *text, const struct kernel_param *param)
{
	int mode = sysfs_match_string(switch_mode_names, text);

	return mode < 0 ? mode : switch_mode_set(mode);
}

static int switch_get_mode(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%s\n", switch_mode_names[READ_ONCE(switch_mode)]);
}

static const struct kernel_param_ops switch_mode_ops = {
	.set	= switch_set_mode,
	.get	= switch_get_mode,
};

module_param_cb(mode, &switch_mode_ops, NULL, 0644);
MODULE_PARM_DESC(mode, "off, on, or drain: new segments are in-tree's, those of kshm go on");

static int switch_get_left(char *text, const struct kernel_param *param)
{
	int len = sysfs_emit(text, "%u segments, %u open listings\n",
			     kshm_sysv_used(), switch_listings());

	return len + kshm_sysv_list(text + len, PAGE_SIZE - len);
}

static const struct kernel_param_ops switch_left_ops = {
	.get	= switch_get_left,
};

module_param_cb(left, &switch_left_ops, NULL, 0444);
MODULE_PARM_DESC(left, "What keeps the mode from becoming off");

static int switch_set_except(const char *text, const struct kernel_param *param)
{
	unsigned int inum;
	int err = kstrtouint(text, 0, &inum);

	return err ?: switch_mode_except(inum);
}

static int switch_get_except(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%u\n", READ_ONCE(switch_except));
}

static const struct kernel_param_ops switch_except_ops = {
	.set	= switch_set_except,
	.get	= switch_get_except,
};

module_param_cb(except, &switch_except_ops, NULL, 0644);
MODULE_PARM_DESC(except, "Number of an IPC namespace that stays with in-tree shm; 0 for none");

static int __init switch_init(void)
{
	return switch_mode_init();
}

static void __exit switch_exit(void)
{
	switch_mode_exit();
}

module_init(switch_init);
module_exit(switch_exit);

MODULE_DESCRIPTION("Leads the system calls of System V shared memory to kshm");
MODULE_VERSION(KSHM_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(KSHM_SYMBOLS);
