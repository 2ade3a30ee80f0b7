// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does wrong on purpose what a debug kernel watches for, one thing for each
 * load, so that debug-check can see that it would be told. It never stays.
 */
#include <linux/bug.h>
#include <linux/list.h>
#include <linux/mmdebug.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "";
module_param(fault, charp, 0);

static void use_after_free(void)
{
	char *bytes = kmalloc(64, GFP_KERNEL);

	if (!bytes)
		return;
	kfree(bytes);
	/* The compiler would see it, too. */
	OPTIMIZER_HIDE_VAR(bytes);
	WRITE_ONCE(*bytes, 1);
}

/* Several, because a stale register may refer to the last one. */
static void leak(void)
{
	int i;

	for (i = 0; i < 16; i++)
		if (!kmalloc(512, GFP_KERNEL))
			return;
}

static void undefined_shift(void)
{
	int bits = 40, result = 1;

	OPTIMIZER_HIDE_VAR(bits);
	result <<= bits;
	OPTIMIZER_HIDE_VAR(result);
}

static DEFINE_MUTEX(one);
static DEFINE_MUTEX(other);

static void lock_inversion(void)
{
	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);

	mutex_lock(&other);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&other);
}

static DEFINE_SPINLOCK(spinning);

static void sleep_in_atomic(void)
{
	spin_lock(&spinning);
	might_sleep();
	spin_unlock(&spinning);
}

static void __rcu *published;

static void rcu_unlocked(void)
{
	if (rcu_dereference(published))
		return;
}

static void vm_assertion(void)
{
	VM_WARN_ON(true);
}

static LIST_HEAD(list);

static void list_twice(void)
{
	struct list_head entry;

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "rcu", rcu_unlocked },
	{ "sleep", sleep_in_atomic },
	{ "shift", undefined_shift },
	{ "vm", vm_assertion },
	{ "free", use_after_free },
	{ "leak", leak },
	{ "locks", lock_inversion },
	{ "list", list_twice },
};

static int __init faulty_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(fault, faults[i].name))
			faults[i].commit();
	return -EAGAIN;
}
module_init(faulty_init);

MODULE_DESCRIPTION("What a debug kernel must notice");
MODULE_LICENSE("GPL");
