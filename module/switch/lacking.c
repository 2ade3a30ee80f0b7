// SPDX-License-Identifier: GPL-2.0-only
/*
 * All of kshm_switch on a kernel that it can't be on; see Kbuild.
 *
 * No twin: nothing of in-tree shm can be switched.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "../compat.h"

#include <linux/kshm_version.h>
#include <linux/module.h>
#include <linux/printk.h>

static int __init lacking_init(void)
{
	pr_notice("this kernel can't switch its system calls; that takes x86-64 with CONFIG_SYSVIPC, CONFIG_DYNAMIC_FTRACE_WITH_ARGS, CONFIG_KPROBES and CONFIG_HAVE_STATIC_CALL\n");
	return -EOPNOTSUPP;
}

module_init(lacking_init);

MODULE_DESCRIPTION("Leads the system calls of System V shared memory to kshm");
MODULE_VERSION(KSHM_VERSION);
MODULE_LICENSE("GPL");
