// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a command failed. Whatever refuses something says so by
 * kshm_because(), deep in a command; while somebody asks (EXPLAIN), it is
 * written down here, else it costs a look at an empty list.
 *
 * A command may go on after a refusal, and then fail elsewhere or not at all.
 * So the errno is written down as well: only a reason for the one that the
 * command ends with is told.
 */
#include "kshm.h"

#include <linux/sched/signal.h>

struct kshm_errands kshm_questions = {
	.lock = __SPIN_LOCK_UNLOCKED(kshm_questions.lock),
	.list = LIST_HEAD_INIT(kshm_questions.list),
};

static struct kshm_question *question_of_current(void)
{
	struct kshm_errand *errand = kshm_errand_mine(&kshm_questions);

	return errand ? container_of(errand, struct kshm_question, errand) :
			NULL;
}

/**
 * kshm_note() - write down why a command fails, where its thread asks
 * @err:	the negative errno that this leads to
 * @reason:	KSHM_WHY_*
 * @asked:	what was asked for, as the reason has it
 * @limit:	what there is
 *
 * For kshm_because(). Any lock may be held.
 */
void kshm_note(int err, u32 reason, u64 asked, u64 limit)
{
	struct kshm_question *question = question_of_current();

	if (!question)
		return;
	question->err = err;
	question->reason = reason;
	question->asked = asked;
	question->limit = limit;
}

/* What an errno means that has one cause, or whose causes nobody confuses. */
static u32 only_reason(int err)
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
 * kshm_question_begin() - ask why what this thread does now will fail
 * @question:	on the caller's stack
 * @keep:	memory that the answer will be written to
 * @keep_len:	bytes
 */
void kshm_question_begin(struct kshm_question *question, unsigned long keep,
			 unsigned long keep_len)
{
	question->err = 0;
	question->keep = keep;
	question->keep_len = keep_len;
	kshm_errand_begin(&kshm_questions, &question->errand);
}

/**
 * kshm_question_end() - have the answer
 * @question:	what kshm_question_begin() was given
 * @err:	what the command ended with
 * @explain:	error, reason, asked and limit are set
 */
void kshm_question_end(struct kshm_question *question, int err,
		       struct kshm_explain *explain)
{
	kshm_errand_end(&kshm_questions, &question->errand);
	explain->error = -err;
	explain->reason = err ? only_reason(err) : 0;
	explain->asked = 0;
	explain->limit = 0;
	if (err && err == question->err) {
		explain->reason = question->reason;
		explain->asked = question->asked;
		explain->limit = question->limit;
	}
}

/**
 * kshm_question_overlaps() - would an answer be written into this memory?
 * @addr:	page aligned
 * @size:	bytes
 *
 * Return: yes, where this thread asks and has its answer there, or no.
 */
bool kshm_question_overlaps(unsigned long addr, unsigned long size)
{
	struct kshm_question *question;

	if (!kshm_anybody_asks())
		return false;
	question = question_of_current();
	return question &&
	       kshm_overlaps(addr, size, question->keep, question->keep_len);
}

/**
 * kshm_why_not_mapped() - say why mmap() refused
 * @err:	its negative errno
 * @addr:	where it was to go
 * @size:	bytes
 *
 * Guesses at the likely cause, after the fact: another thread may have changed
 * what is looked at.
 *
 * Return: @err.
 */
int kshm_why_not_mapped(int err, unsigned long addr, unsigned long size)
{
	unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE);
	struct mm_struct *mm = current->mm;
	u64 all = READ_ONCE(mm->total_vm) + pages;
	u64 locked = READ_ONCE(mm->locked_vm) + pages;

	if (err == -EPERM)
		return kshm_because(err, KSHM_WHY_ADDR_LOW, addr, 0);
	if (err == -EAGAIN)
		return kshm_because(err, KSHM_WHY_MEMLOCK, locked,
				    rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT);
	if (err == -ENOMEM && all > rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return kshm_because(err, KSHM_WHY_ADDRESS_SPACE, all,
				    rlimit(RLIMIT_AS) >> PAGE_SHIFT);
	return err;
}
