// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds a lock for as long as hold.c wants, so that it can see what a call does
 * that has to wait. A write to the device is a request:
 *
 *	registry	hold the lock of the writer's registry, until the release
 *	objects		the same with its lock of the named objects
 *	mm PID		the same with mmap_lock of that process
 *	wait		wait until the lock is held
 *	release		let it go
 *
 * Only one lock is held at a time. A signal that kills the holder ends it, too.
 */
#include "kshm.h"

#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static unsigned long registry;
module_param(registry, ulong, 0);
MODULE_PARM_DESC(registry, "address of kshm_ns_registry(), which is not exported");

static DECLARE_WAIT_QUEUE_HEAD(holder_queue);
static bool holder_holds;

static void holder_set(bool holds)
{
	WRITE_ONCE(holder_holds, holds);
	wake_up_all(&holder_queue);
}

static void holder_stay(void)
{
	holder_set(true);
	wait_event_killable(holder_queue, !READ_ONCE(holder_holds));
	WRITE_ONCE(holder_holds, false);
}

static void holder_hold_mutex(struct mutex *lock)
{
	mutex_lock(lock);
	holder_stay();
	mutex_unlock(lock);
}

static int holder_hold_registry(bool objects)
{
	struct kshm_registry *(*find)(void) = (void *)registry;
	struct kshm_registry *found = find();

	if (IS_ERR(found))
		return PTR_ERR(found);
	holder_hold_mutex(objects ? &found->objects_lock : &found->lock);
	return 0;
}

static struct mm_struct *holder_mm_of(int nr)
{
	struct pid *pid = find_get_pid(nr);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct mm_struct *mm = NULL;

	if (task) {
		mm = get_task_mm(task);
		put_task_struct(task);
	}
	put_pid(pid);
	return mm;
}

static int holder_hold_mm(int nr)
{
	struct mm_struct *mm = holder_mm_of(nr);

	if (!mm)
		return -ESRCH;
	mmap_write_lock(mm);
	holder_stay();
	mmap_write_unlock(mm);
	mmput(mm);
	return 0;
}

static int holder_do(const char *request)
{
	int nr;

	if (!strcmp(request, "registry"))
		return holder_hold_registry(false);
	if (!strcmp(request, "objects"))
		return holder_hold_registry(true);
	if (sscanf(request, "mm %d", &nr) == 1)
		return holder_hold_mm(nr);
	if (!strcmp(request, "wait"))
		return wait_event_killable(holder_queue,
					   READ_ONCE(holder_holds));
	if (strcmp(request, "release"))
		return -EINVAL;
	holder_set(false);
	return 0;
}

static ssize_t holder_write(struct file *file, const char __user *from,
			    size_t len, loff_t *pos)
{
	char request[32] = "";
	int err;

	if (len >= sizeof(request))
		return -EINVAL;
	if (copy_from_user(request, from, len))
		return -EFAULT;
	err = holder_do(request);
	return err ?: len;
}

static const struct file_operations holder_ops = {
	.owner	= THIS_MODULE,
	.write	= holder_write,
};

static struct miscdevice holder_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "kshm-holder",
	.mode	= 0600,
	.fops	= &holder_ops,
};
module_misc_device(holder_misc);

MODULE_DESCRIPTION("Holds locks of kshm for a test");
MODULE_LICENSE("GPL");
