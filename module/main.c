// SPDX-License-Identifier: GPL-2.0-only
/*
 * kshm: System V shared memory as a module. Read kshm.h first.
 */
#include "kshm.h"

#include <linux/module.h>
#include <linux/shm.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

#ifndef CONFIG_SYSVIPC
static unsigned long shmmax = ULONG_MAX - (1UL << 24);
module_param(shmmax, ulong, 0644);
MODULE_PARM_DESC(shmmax, "Largest segment, bytes");

static unsigned long shmall = ULONG_MAX - (1UL << 24);
module_param(shmall, ulong, 0644);
MODULE_PARM_DESC(shmall, "Largest sum of all segments, pages");

static unsigned int shmmni = 4096;
module_param(shmmni, uint, 0644);
MODULE_PARM_DESC(shmmni, "Largest number of segments");

/**
 * kshm_default_limits() - limits of a kernel without kernel.shm* sysctls
 * @limits:	filled, from the module's parameters
 */
void kshm_default_limits(struct kshm_limits *limits)
{
	limits->shmmax = READ_ONCE(shmmax);
	limits->shmall = READ_ONCE(shmall);
	limits->shmmni = READ_ONCE(shmmni);
}
#endif

static int __init kshm_init(void)
{
	int err;

	err = kshm_ns_init();
	if (err)
		return err;
	err = kshm_proc_init();
	if (err)
		goto ns;
	err = kshm_dev_init();
	if (err)
		goto proc;
	kshm_guard_init();
	return 0;

proc:
	kshm_proc_exit();
ns:
	kshm_ns_exit();
	return err;
}

static void __exit kshm_exit(void)
{
	kshm_dev_exit();
	kshm_proc_exit();
	kshm_ns_exit();
}

module_init(kshm_init);
module_exit(kshm_exit);

MODULE_DESCRIPTION("System V shared memory as a module");
MODULE_LICENSE("GPL");
