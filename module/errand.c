// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a thread is about, for code of ours that it comes to by way of code that
 * is not ours and hands nothing on, or by way of so many calls of ours that none
 * of them should have to.
 *
 * An errand is on the stack of the thread that does it, and in a list while it
 * does; nobody else looks at what is in it.
 */
#include "kshm.h"

/**
 * kshm_errand_begin() - say what this thread is about
 * @errands:	those of its kind; takes their lock, which is the innermost
 * @errand:	on the caller's stack; one of a kind for each thread
 */
void kshm_errand_begin(struct kshm_errands *errands, struct kshm_errand *errand)
{
	errand->task = current;
	spin_lock(&errands->lock);
	list_add(&errand->link, &errands->list);
	spin_unlock(&errands->lock);
}

/**
 * kshm_errand_end() - the thread is done with it
 * @errands:	those of its kind; takes their lock
 * @errand:	what kshm_errand_begin() was given
 */
void kshm_errand_end(struct kshm_errands *errands, struct kshm_errand *errand)
{
	spin_lock(&errands->lock);
	list_del(&errand->link);
	spin_unlock(&errands->lock);
}

/**
 * kshm_errand_mine() - what is this thread about?
 * @errands:	of this kind; takes their lock
 *
 * Return: its errand; NULL for none.
 */
struct kshm_errand *kshm_errand_mine(struct kshm_errands *errands)
{
	struct kshm_errand *errand, *found = NULL;

	spin_lock(&errands->lock);
	list_for_each_entry(errand, &errands->list, link)
		if (errand->task == current)
			found = errand;
	spin_unlock(&errands->lock);
	return found;
}
