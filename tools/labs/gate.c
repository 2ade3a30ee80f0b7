// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gates, which only the lab on races has in its copy of the module. A task whose name
 * is "gate-A" or "gate-B" stops at each gate until somebody lets it through. So the
 * steps of two tasks can be taken in any order.
 *
 *	# cat /sys/module/kshm/parameters/gate
 *	A pin
 *	B -
 *	# echo A > /sys/module/kshm/parameters/gate
 *
 * Here A waits at the gate "pin", and then passes it.
 */
#include "gate.h"

#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#define GATE_TASKS	2

/*
 * struct gate_task - one of the tasks that stop
 * @at:		the gate where it waits; NULL if it waits at none
 * @open:	it may pass
 */
struct gate_task {
	const char	*at;
	bool		open;
};

static struct gate_task gate_tasks[GATE_TASKS];
static DECLARE_WAIT_QUEUE_HEAD(gate_queue);

static struct gate_task *gate_of_current(void)
{
	unsigned int i;

	if (strncmp(current->comm, "gate-", 5))
		return NULL;
	i = current->comm[5] - 'A';
	return i < GATE_TASKS ? &gate_tasks[i] : NULL;
}

/**
 * kshm_gate() - stop here, if the task is one that stops
 * @name:	what the task will do next
 *
 * Context: No spinlock, no RCU. Sleeps.
 */
void kshm_gate(const char *name)
{
	struct gate_task *task = gate_of_current();

	if (!task)
		return;
	WRITE_ONCE(task->at, name);
	wait_event_killable(gate_queue, READ_ONCE(task->open));
	WRITE_ONCE(task->open, false);
	WRITE_ONCE(task->at, NULL);
}

static int gate_get(char *buffer, const struct kernel_param *param)
{
	int i, used = 0;

	for (i = 0; i < GATE_TASKS; i++)
		used += sysfs_emit_at(buffer, used, "%c %s\n", 'A' + i,
				      READ_ONCE(gate_tasks[i].at) ?: "-");
	return used;
}

static int gate_set(const char *text, const struct kernel_param *param)
{
	unsigned int i = text[0] - 'A';

	if (i >= GATE_TASKS || !READ_ONCE(gate_tasks[i].at))
		return -EINVAL;
	WRITE_ONCE(gate_tasks[i].at, NULL);
	WRITE_ONCE(gate_tasks[i].open, true);
	wake_up(&gate_queue);
	return 0;
}

static const struct kernel_param_ops gate_ops = {
	.get	= gate_get,
	.set	= gate_set,
};

module_param_cb(gate, &gate_ops, NULL, 0600);
