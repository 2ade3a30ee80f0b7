// SPDX-License-Identifier: GPL-2.0-only
/*
 * kshm: System V shared memory as a module. Read kshm.h first.
 */
#include "kshm.h"

#include <linux/kshm_version.h>
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

#ifdef KSHM_IS_UNTESTED
#warning "kshm is tested on Linux 6.1 to 7.3; with this newer one it may do harm"
#endif

/* Twin of ipc_init() and shm_init(). */
static int __init kshm_init(void)
{
	int err;

	err = kshm_backing_check();
	if (err)
		return err;
	err = kshm_huge_init();
	if (err)
		return err;
	err = kshm_ns_init();
	if (err)
		goto huge;
	err = kshm_proc_init();
	if (err)
		goto ns;
	err = kshm_proc_objects_init();
	if (err)
		goto proc;
	err = kshm_dev_init();
	if (err)
		goto proc;
	kshm_detach_init();
	return 0;

proc:
	kshm_proc_exit();
ns:
	kshm_ns_exit();
huge:
	kshm_huge_exit();
	return err;
}

/* No twin: in-tree shm is never unloaded. */
static void __exit kshm_exit(void)
{
	kshm_dev_exit();
	kshm_proc_exit();
	kshm_ns_exit();
	if (IS_ENABLED(CONFIG_HUGETLBFS))
		kshm_hugetlb_exit();
	kshm_huge_exit();
	/* Last: a task can still be in an operation of an inode that outlives us. */
	kshm_backing_exit();
}

module_init(kshm_init);
module_exit(kshm_exit);

MODULE_DESCRIPTION("System V shared memory as a module");
MODULE_VERSION(KSHM_VERSION);
MODULE_LICENSE("GPL");
