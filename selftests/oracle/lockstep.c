// SPDX-License-Identifier: GPL-2.0
/*
 * The controller lets both sides do a step, and then compares everything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

#define LOOK_EVERY	32	/* steps between two looks at all mappings */
#define FLAGS_EVERY	4	/* sequences between two looks at smaps */
#define PATIENCE	100	/* milliseconds until the manager reaps */
#define PATIENCE_MAX	150	/* such waits until an actor counts as hung */
#define MAPS_DEFAULT	65530
#define MANAGER		0
#define FIRST_ACTOR	1

int batch_max = BATCH;

/* The state that both sides share as long as they are equal. */
struct run {
	const struct sequence	*seq;
	struct tally		*tally;
	struct difference	*diff;
	int			step;
	int			next_look;
	pid_t			manager[SIDES];
	bool			alive[ACTORS];
	bool			thread[ACTORS];
	int			process[ACTORS];	/* a number for each */
	int			processes;
	bool			found;	/* a difference */
	bool			over;	/* the rest cannot be compared */
	bool			strict;	/* the sides take turns */
	struct reclaim		reclaim;	/* as the run began */
	bool			reclaimed;	/* the kernel has tried again since */
};

static struct actor *actor_of(int which, int slot)
{
	return &control->side[which].actor[slot];
}

static void set_clock(int step)
{
	struct timespec now = { .tv_sec = TIME_BASE + step * TIME_STEP };

	if (clock_settime(CLOCK_REALTIME, &now))
		die("the clock cannot be set: %s", strerror(errno));
}

/* ----- one side ----- */

void actor_post(int which, int slot, const struct op *ops, int n)
{
	struct actor *actor = actor_of(which, slot);

	memcpy(actor->ops, ops, n * sizeof(*ops));
	actor->n = n;
	actor->done = 0;
	__atomic_store_n(&actor->word, COMMAND, __ATOMIC_RELEASE);
	futex_wake(&actor->word);
}

static bool is_done(struct actor *actor)
{
	return __atomic_load_n(&actor->word, __ATOMIC_ACQUIRE) == DONE;
}

/* Return: false if the actor has ended or hangs. */
bool actor_await(int which, int slot)
{
	static const struct op reap = { .code = OP_REAP };
	struct actor *actor = actor_of(which, slot);
	int patience = PATIENCE_MAX;

	while (!is_done(actor) && patience--) {
		if (futex_wait(&actor->word, COMMAND, PATIENCE) || !slot)
			continue;
		if (is_done(actor))
			break;
		actor_post(which, MANAGER, &reap, 1);
		if (!actor_await(which, MANAGER) || !actor->pid)
			break;
	}
	return is_done(actor);
}

/* ----- differences ----- */

static size_t add_text(char *text, size_t at, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text + at, TEXT_MAX - at, format, args);
	va_end(args);
	return at + n < TEXT_MAX ? at + n : TEXT_MAX - 1;
}

static void differ(struct run *run, const struct op *op, const char *what)
{
	run->found = true;
	run->over = true;
	run->diff->step = run->step;
	run->diff->op = *op;
	run->diff->what = what;
}

static void print_result(char *text, const struct result *res)
{
	size_t at;
	unsigned int i;

	at = add_text(text, 0, "returned %ld", res->ret);
	if (res->ret < 0 && res->ret > -4096)
		at = add_text(text, at, " (%s)", strerrorname_np((int)-res->ret));
	else if (res->ret > 9)
		at = add_text(text, at, " (%#lx)", res->ret);
	if (res->signal)
		at = add_text(text, at, ", SIG%s code %d at %#lx",
			      sigabbrev_np(res->signal), res->code, res->fault);
	at = add_text(text, at, "\n");
	for (i = 0; i < res->out_size; i++)
		at = add_text(text, at, "%s%02x%s", i % 16 ? " " : "",
			      res->out[i], i % 16 == 15 ? "\n" : "");
}

static void differ_result(struct run *run, int slot, const struct op *op)
{
	int which;

	differ(run, op, "the result");
	for (which = 0; which < SIDES; which++)
		print_result(run->diff->text[which],
			     &actor_of(which, slot)->result);
}

static bool count(struct run *run, const struct declared *declared)
{
	if (declared) {
		run->tally->declared++;
		run->tally->seen = declared->id;
	}
	return declared;
}

static bool is_declared(struct run *run, const struct op *op,
			const struct result *a, const struct result *b)
{
	return count(run, declared_find(op, a, b));
}

/* An actor has ended, or hangs, on one side only. */
static void differ_end(struct run *run, int slot, const struct op *op,
		       const bool *done)
{
	int which;

	run->over = true;
	if (is_declared(run, op, done[0] ? &actor_of(0, slot)->result : NULL,
			done[1] ? &actor_of(1, slot)->result : NULL))
		return;
	differ(run, op, "how it went on");
	for (which = 0; which < SIDES; which++)
		add_text(run->diff->text[which], 0, "%s\n",
			 done[which] ? "the actor lives" :
				       "the actor died, or hangs");
}

static void copy_text(char *to, const char *from, size_t size)
{
	if (size > TEXT_MAX - 1)
		size = TEXT_MAX - 1;
	memcpy(to, from, size);
	to[size] = '\0';
}

/* ----- both sides ----- */

/* May the kernel have dropped pages, so that fewer are in memory? */
static bool is_reclaimed(struct run *run)
{
	if (!run->reclaimed && reclaimed_since(&run->reclaim)) {
		run->reclaimed = true;
		run->tally->reclaimed++;
	}
	return run->reclaimed;
}

static bool is_dropped_from_result(struct run *run, const struct op *op,
				   const struct result *a,
				   const struct result *b)
{
	return same_result_but_resident(op, a, b) &&
	       result_holds_written(&control->side[0], op, a) &&
	       result_holds_written(&control->side[1], op, b) &&
	       is_reclaimed(run);
}

/* If results differ as declared, the run ends: later results may differ, too. */
static void compare_result(struct run *run, int slot, const struct op *op)
{
	const struct result *res[SIDES] = {
		&actor_of(0, slot)->result, &actor_of(1, slot)->result,
	};

	if (same_result(op, res[0], res[1]) ||
	    is_dropped_from_result(run, op, res[0], res[1]))
		return;
	if (!is_declared(run, op, res[0], res[1]))
		differ_result(run, slot, op);
	else if (res[0]->ret != res[1]->ret)
		run->over = true;
}

/* After such a difference the run ends: resident bytes differ from then on. */
static bool is_declared_rss(struct run *run, int slot, const struct op *op)
{
	run->over = count(run, declared_find_rss(op,
						 &actor_of(0, slot)->result,
						 &actor_of(1, slot)->result));
	return run->over;
}

static bool is_dropped_from_listing(struct run *run)
{
	return listing_holds_written(&control->side[0]) &&
	       listing_holds_written(&control->side[1]) && is_reclaimed(run);
}

static void compare_listing(struct run *run, int slot, const struct op *op)
{
	struct side *side = control->side;
	int which;

	if (run->over || same_text(side[0].listing, side[0].listing_size,
				   side[1].listing, side[1].listing_size))
		return;
	if (same_but_resident(side[0].listing, side[0].listing_size,
			      side[1].listing, side[1].listing_size) &&
	    (is_declared_rss(run, slot, op) || is_dropped_from_listing(run)))
		return;
	differ(run, op, "the listing");
	for (which = 0; which < SIDES; which++)
		copy_text(run->diff->text[which], side[which].listing,
			  side[which].listing_size);
}

static void compare_maps(struct run *run, int slot, const struct op *op)
{
	struct actor *a = actor_of(0, slot), *b = actor_of(1, slot);
	int which;

	if (run->over || (a->maps_size == b->maps_size &&
			  !memcmp(a->maps, b->maps, a->maps_size)))
		return;
	differ(run, op, "the mappings");
	for (which = 0; which < SIDES; which++)
		copy_text(run->diff->text[which],
			  actor_of(which, slot)->maps,
			  actor_of(which, slot)->maps_size);
}

/*
 * The sides must take turns under strict accounting (vm.overcommit_memory is 2):
 * there each side sees how much memory the other one uses at the moment.
 */
static bool wants_order(const struct sequence *seq)
{
	const struct op *op;

	for (op = seq->ops; op < seq->ops + seq->n; op++)
		if (op->code == OP_SYSCTL && op->arg[0].off == 3 &&
		    op->arg[1].off == 2)
			return true;
	return false;
}

/* @did: how many of the operations each side's actor did before it ended */
static void all(struct run *run, int slot, const struct op *ops, int n, int *did)
{
	int which;

	for (which = 0; which < SIDES; which++) {
		actor_post(which, slot, ops, n);
		if (run->strict)
			actor_await(which, slot);
	}
	for (which = 0; which < SIDES; which++)
		did[which] = actor_await(which, slot) ?
			     n : actor_of(which, slot)->done;
}

/* Return: whether both actors answer. */
static bool both(struct run *run, int slot, const struct op *op)
{
	bool done[SIDES];
	int did[SIDES];

	all(run, slot, op, 1, did);
	done[0] = did[0];
	done[1] = did[1];
	if (done[0] != done[1])
		differ_end(run, slot, op, done);
	return done[0] && done[1];
}

static void ask_manager(struct run *run, struct op *op)
{
	op->actor = MANAGER;
	if (!both(run, MANAGER, op))
		return;
	compare_result(run, MANAGER, op);
	compare_listing(run, MANAGER, op);
}

static void look_at_everybody(struct run *run, unsigned char code)
{
	struct op op = { .code = code };
	int slot;

	for (slot = FIRST_ACTOR; slot < ACTORS && !run->over; slot++) {
		op.actor = (unsigned char)slot;
		if (!run->alive[slot] || run->thread[slot] ||
		    !both(run, slot, &op))
			continue;
		compare_result(run, slot, &op);
		compare_maps(run, slot, &op);
	}
}

/* ----- which actors there are ----- */

static void be_born(struct run *run, int slot)
{
	run->alive[slot] = true;
	run->thread[slot] = false;
	run->process[slot] = ++run->processes;
	run->tally->processes++;
}

static void be_thread(struct run *run, int slot, int parent)
{
	run->alive[slot] = true;
	run->thread[slot] = true;
	run->process[slot] = run->process[parent];
}

/* A process ends, but for @survivor if that is one of its actors. */
static void end_process(struct run *run, int slot, int survivor)
{
	int process = run->process[slot], i;

	for (i = 0; i < ACTORS; i++)
		if (run->process[i] == process && i != survivor)
			run->alive[i] = false;
}

static bool is_new(const struct run *run, int slot)
{
	return slot && !run->process[slot];
}

/* ----- steps ----- */

static void step_exit(struct run *run, const struct op *op)
{
	struct op wait = { .code = OP_WAIT };
	struct actor *actor;
	int which;

	for (which = 0; which < SIDES; which++) {
		actor = actor_of(which, op->actor);
		wait.arg[0].off = actor->pid;
		actor_post(which, op->actor, op, 1);
		while (run->thread[op->actor] && actor->tid)
			futex_wait(&actor->tid, actor->tid, PATIENCE);
	}
	if (run->thread[op->actor]) {
		wait.code = OP_LOOK;
		run->alive[op->actor] = false;
	} else {
		end_process(run, op->actor, MANAGER);
	}
	ask_manager(run, &wait);
}

static void step_kill(struct run *run, const struct op *op)
{
	struct op kill = *op;

	if (!run->alive[op->arg[0].slot])
		return;
	end_process(run, op->arg[0].slot, MANAGER);
	ask_manager(run, &kill);
}

static void step_died(struct run *run, int slot)
{
	struct op look = { .code = OP_LOOK };

	end_process(run, slot, MANAGER);
	ask_manager(run, &look);
}

/* The results are equal. Follow what they change among the actors. */
static void follow(struct run *run, const struct op *op)
{
	int other = op->arg[0].slot;
	long ret = actor_of(0, op->actor)->result.ret;

	if (ret < 0)
		return;
	if (op->code == OP_FORK) {
		be_born(run, other);
	} else if (op->code == OP_THREAD) {
		be_thread(run, other, op->actor);
	} else if (op->code == OP_EXEC) {
		end_process(run, op->actor, op->actor);
		run->thread[op->actor] = false;
	}
}

/* Bring back what was to be seen after one of several operations. */
static void look_back(int which, int slot, int i)
{
	struct side *side = &control->side[which];
	const struct noted *noted = &side->noted[i];
	struct actor *actor = &side->actor[slot];

	actor->result = noted->result;
	if (noted->listing) {
		side->listed_when = noted->listed_when;
		side->listing_size = noted->listing_size;
		memcpy(side->listing, noted->listing, noted->listing_size);
		side->listing[side->listing_size] = '\0';
	}
	if (noted->maps) {
		actor->maps_size = noted->maps_size;
		memcpy(actor->maps, noted->maps, noted->maps_size);
	}
}

/* Only then can the texts be compared; else they are of a later operation. */
static bool both_noted(int i, bool maps)
{
	const struct noted *a = &control->side[0].noted[i];
	const struct noted *b = &control->side[1].noted[i];

	return maps ? a->maps && b->maps : a->listing && b->listing;
}

/* Return: whether the actor lives on both sides. */
static bool compare_step(struct run *run, const struct op *op, int i, int n,
			 const int *did)
{
	bool done[SIDES];
	int which;

	for (which = 0; which < SIDES; which++) {
		done[which] = did[which] > i;
		if (done[which] && n > 1)
			look_back(which, op->actor, i);
	}
	run->tally->operations++;
	if (!done[0] || !done[1]) {
		if (done[0] != done[1])
			differ_end(run, op->actor, op, done);
		else
			step_died(run, op->actor);
		return false;
	}
	statistics_add(op, &actor_of(0, op->actor)->result);
	compare_result(run, op->actor, op);
	if (n == 1 || both_noted(i, false))
		compare_listing(run, op->actor, op);
	if (n == 1 || both_noted(i, true))
		compare_maps(run, op->actor, op);
	if (!run->over)
		follow(run, op);
	return true;
}

static void step_others(struct run *run, const struct op *ops, int n)
{
	int did[SIDES], i;

	all(run, ops->actor, ops, n, did);
	for (i = 0; i < n && !run->over; i++) {
		run->step += i > 0;
		if (!compare_step(run, &ops[i], i, n, did))
			break;
	}
}

/*
 * These operations start or end actors, or set a limit that both sides share. One
 * side must not do them while the other still does those before.
 */
static bool stands_alone(const struct op *op)
{
	return (op->code >= OP_FORK && op->code <= OP_KILL) ||
	       op->code == OP_MAPROOM || op->code == OP_SYSCTL;
}

/* Count how many of the next operations one actor can do in one go. */
static int count_batch(const struct run *run)
{
	const struct op *ops = &run->seq->ops[run->step];
	int n = 1;

	if (run->strict || stands_alone(ops))
		return 1;
	while (n < batch_max && run->step + n < run->seq->n &&
	       ops[n].actor == ops->actor && !stands_alone(&ops[n]))
		n++;
	return n;
}

static void step(struct run *run, const struct op *op)
{
	bool makes = op->code == OP_FORK || op->code == OP_THREAD;

	if (!run->alive[op->actor] ||
	    (makes && !is_new(run, op->arg[0].slot)))
		return;
	set_clock(run->step);
	if (op->code == OP_EXIT || op->code == OP_KILL)
		run->tally->operations++;
	if (op->code == OP_EXIT)
		step_exit(run, op);
	else if (op->code == OP_KILL)
		step_kill(run, op);
	else
		step_others(run, op, count_batch(run));
	if (!run->over && run->step >= run->next_look) {
		run->next_look = run->step + LOOK_EVERY;
		look_at_everybody(run, OP_LOOK);
	}
}

static void begin(struct run *run)
{
	struct op start = { .code = OP_START, .arg[0].off = FIRST_ACTOR };
	int which;

	set_clock(0);
	for (which = 0; which < SIDES; which++)
		run->manager[which] = side_start(which, &run->seq->world);
	ask_manager(run, &start);
	be_born(run, FIRST_ACTOR);
	run->process[MANAGER] = -1;
}

/* Look at everything once more, then end the processes one by one. */
static void end(struct run *run)
{
	struct op kill = { .code = OP_KILL };
	int slot;

	set_clock(run->step);
	if (!run->over)
		look_at_everybody(run, OP_SUM);
	if (!run->over && run->seq->seed % FLAGS_EVERY == 0)
		look_at_everybody(run, OP_FLAGS);
	for (slot = FIRST_ACTOR; slot < ACTORS && !run->over; slot++) {
		set_clock(++run->step);
		kill.arg[0].slot = (unsigned char)slot;
		step_kill(run, &kill);
	}
	side_stop(run->manager[0]);
	side_stop(run->manager[1]);
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

void limit_maps(int maps)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", maps);
	write_file("/proc/sys/vm/max_map_count", text);
}

/* The limits of a namespace go with it. These two are of the whole system. */
static void reset_sysctls(void)
{
	limit_maps(MAPS_DEFAULT);
	write_file("/proc/sys/vm/overcommit_memory", "0");
}

bool lockstep(const struct sequence *seq, struct tally *tally,
	      struct difference *diff)
{
	struct run run = { .seq = seq, .tally = tally, .diff = diff };

	run.strict = wants_order(seq);
	run.reclaim = reclaim_now();
	begin(&run);
	for (; run.step < seq->n && !run.over; run.step += !run.over)
		step(&run, &seq->ops[run.step]);
	end(&run);
	reset_sysctls();
	return run.found;
}

/* Print the lines that are not the same. */
void difference_print(FILE *out, const struct difference *diff)
{
	const char *a = diff->text[0], *b = diff->text[1];
	int a_size, b_size;

	while (*a || *b) {
		a_size = (int)strcspn(a, "\n");
		b_size = (int)strcspn(b, "\n");
		if (a_size != b_size || memcmp(a, b, a_size)) {
			if (*a)
				fprintf(out, "# in-tree: %.*s\n", a_size, a);
			if (*b)
				fprintf(out, "# kshm:    %.*s\n", b_size, b);
		}
		a += a_size + (a[a_size] == '\n');
		b += b_size + (b[b_size] == '\n');
	}
}
