// SPDX-License-Identifier: GPL-2.0
/* Makes a program from a seed, or changes one by a seed. */
#include <string.h>

#include "fuzz.h"

/* Steps of a new program. */
#define FEWEST		4
#define MOST		24
/* Of a program that is changed. */
#define MOST_CHANGES	6

/* xorshift64* */
uint64_t throw(struct dice *dice)
{
	uint64_t x = dice->state ?: 0x9e3779b97f4a7c15;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	dice->state = x;
	return (x * 0x2545f4914f6cdd1d) >> 16;
}

/* Neighbouring seeds must not give similar numbers. */
static struct dice dice_of(uint64_t seed)
{
	struct dice dice = { seed * 0xd1342543de82ef95 + 1 };

	throw(&dice);
	return dice;
}

static int some_word(struct dice *dice)
{
	int i, sum = 0, left;

	for (i = 0; i < n_words; i++)
		sum += words[i].weight;
	left = below(dice, sum);
	for (i = 0; left >= words[i].weight; i++)
		left -= words[i].weight;
	return i;
}

static long some_flags(struct dice *dice, const struct argument *arg)
{
	long flags = 0;
	int i, n = below(dice, 4);

	for (i = 0; i < n; i++)
		flags |= arg->choices[below(dice, arg->n)].value;
	return below(dice, 64) ? flags : (long)throw(dice);
}

static long some_choice(struct dice *dice, const struct argument *arg)
{
	long value = arg->choices[below(dice, arg->n)].value;

	switch (below(dice, 24)) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return (long)below(dice, 1 << 16);
	default:
		return value;
	}
}

static void some_slot(struct dice *dice, struct value *value, char base, int slots)
{
	value->base = base;
	/* The first slots are used most, so that steps meet. */
	value->slot = below(dice, 2) ? below(dice, slots) : below(dice, 2);
}

static void some_value(struct dice *dice, const struct argument *arg,
		       struct value *value)
{
	bool into = !strcmp(arg->name, "into");

	memset(value, 0, sizeof(*value));
	switch (arg->kind) {
	case SEGMENT:
		some_slot(dice, value, 's', SLOTS);
		break;
	case ADDRESS:
		if (!into && !below(dice, 4)) {
			value->number = some_choice(dice, arg);
			break;
		}
		some_slot(dice, value, 'a', SLOTS);
		if (!into && !below(dice, 3))
			value->number = below(dice, 8) * 0x1000;
		break;
	case DESCRIPTOR:
		some_slot(dice, value, 'f', SLOTS);
		break;
	case ACTOR:
		some_slot(dice, value, 'p', ACTORS);
		break;
	case NAME:
		some_slot(dice, value, 'n', NAMES);
		break;
	case FLAGS:
		value->number = some_flags(dice, arg);
		break;
	default:
		value->number = some_choice(dice, arg);
	}
}

static void some_step(struct dice *dice, struct step *step)
{
	int i;

	memset(step, 0, sizeof(*step));
	step->actor = below(dice, ACTORS);
	step->word = some_word(dice);
	for (i = 0; i < ARGS && words[step->word].arg[i].name; i++)
		some_value(dice, &words[step->word].arg[i], &step->arg[i]);
}

void generate(struct program *program, uint64_t seed)
{
	struct dice dice = dice_of(seed);
	int i;

	program->n = FEWEST + below(&dice, MOST - FEWEST);
	for (i = 0; i < program->n; i++)
		some_step(&dice, &program->steps[i]);
}

static void insert(struct program *program, int at, const struct step *step)
{
	if (program->n == STEPS_MAX)
		return;
	memmove(&program->steps[at + 1], &program->steps[at],
		(program->n - at) * sizeof(*step));
	program->steps[at] = *step;
	program->n++;
}

static void leave_out(struct program *program, int at)
{
	if (program->n <= 1)
		return;
	program->n--;
	memmove(&program->steps[at], &program->steps[at + 1],
		(program->n - at) * sizeof(program->steps[0]));
}

static void change_argument(struct dice *dice, struct step *step)
{
	const struct argument *arg = words[step->word].arg;
	int n = 0;

	while (n < ARGS && arg[n].name)
		n++;
	if (n) {
		n = below(dice, n);
		some_value(dice, &arg[n], &step->arg[n]);
	}
}

static void change(struct dice *dice, struct program *program)
{
	int at = below(dice, program->n);
	struct step step;

	switch (below(dice, 6)) {
	case 0:
	case 1:
		some_step(dice, &step);
		insert(program, at, &step);
		break;
	case 2:
		leave_out(program, at);
		break;
	case 3:
		step = program->steps[below(dice, program->n)];
		insert(program, at, &step);
		break;
	case 4:
		program->steps[at].actor = below(dice, ACTORS);
		break;
	default:
		change_argument(dice, &program->steps[at]);
	}
}

void mutate(struct program *program, uint64_t seed)
{
	struct dice dice = dice_of(seed);
	int n = 1 + below(&dice, MOST_CHANGES);

	while (n--)
		change(&dice, program);
}
