// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reasons: why a command was refused. A check refuses by
 *
 *	return kshm_refuse(ctx, -EINVAL, KSHM_WHY_SHMMAX, size, shmmax);
 *
 * which notes the reason if the caller asked for it (EXPLAIN), and returns the
 * errno.
 *
 * After a refusal a command can still end in another way; undoing a creation, for
 * example, can be refused, too. So the errno is noted as well, and a reason is
 * reported only if the command ends with that errno. Errno 0 is for what a command that
 * succeeds has to tell: KSHM_WHY_SMALL_PAGES.
 */
#include "kshm.h"

#include <linux/sched/signal.h>

/**
 * kshm_refuse() - note the reason of a refusal
 * @ctx:	the call
 * @err:	negative errno; 0 if the command goes on
 * @reason:	KSHM_WHY_*
 * @asked:	value that was asked for, as the reason defines it
 * @limit:	value that was available, likewise
 *
 * Context: Any.
 *
 * Return: @err.
 */
int kshm_refuse(struct kshm_ctx *ctx, int err, u32 reason, u64 asked, u64 limit)
{
	struct kshm_why *why = ctx->why;

	if (why) {
		why->err = err;
		why->reason = reason;
		why->asked = asked;
		why->limit = limit;
	}
	return err;
}

/**
 * kshm_refuse_flags() - refuse flags or a reserved word; see kshm_check_flags()
 * @ctx:	the call
 * @unknown:	flags that the command does not know
 * @known:	flags that it knows
 * @reserved:	reserved word
 *
 * Return: -EINVAL.
 */
int kshm_refuse_flags(struct kshm_ctx *ctx, u32 unknown, u32 known,
		      u64 reserved)
{
	if (unknown)
		return kshm_refuse(ctx, -EINVAL, KSHM_WHY_FLAGS, unknown, known);
	return kshm_refuse(ctx, -EINVAL, KSHM_WHY_RESERVED, reserved, 0);
}

/**
 * kshm_refuse_mmap() - note why mmap() refused
 * @ctx:	the call
 * @err:	mmap()'s negative errno
 * @addr:	fixed address, or 0
 * @size:	bytes
 *
 * The cause is a guess from what can be seen afterwards; another thread may have
 * changed it meanwhile.
 *
 * Context: Process context, no lock.
 *
 * Return: @err.
 */
int kshm_refuse_mmap(struct kshm_ctx *ctx, int err, unsigned long addr,
		     unsigned long size)
{
	unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct mm_struct *mm = current->mm;
	u64 all = READ_ONCE(mm->total_vm) + pages;
	u64 locked = READ_ONCE(mm->locked_vm) + pages;

	if (err == -EPERM)
		return kshm_refuse(ctx, err, KSHM_WHY_ADDR_LOW, addr, 0);
	/* PR_SET_MDWE, or a security module */
	if (err == -EACCES)
		return kshm_refuse(ctx, err, KSHM_WHY_EXECUTE, 0, 0);
	if (err == -EAGAIN)
		return kshm_refuse(ctx, err, KSHM_WHY_MEMLOCK, locked,
				   rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT);
	if (err == -ENOMEM && all > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return kshm_refuse(ctx, err, KSHM_WHY_ADDRESS_SPACE, all,
				   rlimit(RLIMIT_AS) >> PAGE_SHIFT);
	return err;
}

/* The reason of an errno that has one cause, or causes that need no telling apart. */
static u32 why_by_errno(int err)
{
	switch (err) {
	case -ENOTTY:
		return KSHM_WHY_COMMAND;
	case -E2BIG:
		return KSHM_WHY_LONG_STRUCT;
	case -EFAULT:
		return KSHM_WHY_FAULT;
	case -EIDRM:
		return KSHM_WHY_REMOVED;
	case -ENOMEM:
		return KSHM_WHY_MEMORY;
	case -EMFILE:
		return KSHM_WHY_DESCRIPTORS;
	case -ENFILE:
		return KSHM_WHY_FILES;
	case -EINTR:
		return KSHM_WHY_SIGNAL;
	default:
		return KSHM_WHY_UNKNOWN;
	}
}

/**
 * kshm_why_fill() - report how a command ended
 * @why:	reason that the command noted last
 * @err:	0 or the negative errno that the command ended with
 * @explain:	error, reason, asked and limit are set
 */
void kshm_why_fill(const struct kshm_why *why, int err,
		   struct kshm_explain *explain)
{
	explain->error = -err;
	explain->reason = why_by_errno(err);
	explain->asked = 0;
	explain->limit = 0;
	if (err == why->err) {
		explain->reason = why->reason;
		explain->asked = why->asked;
		explain->limit = why->limit;
	}
}
