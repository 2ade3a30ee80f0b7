// SPDX-License-Identifier: GPL-2.0
/*
 * A program as text. Each line is one step, and begins with the actor that does it:
 *
 *	p1 get key=1 size=0x1000 flags=KSHM_GET_CREAT mode=0x180 into=s0
 *	p1 attach id=s0 addr=0 flags=KSHM_ATTACH_POPULATE into=a0
 *	p2 munmap addr=a0+0x1000 len=0x1000
 *
 * s0 is the id that was stored there last, -1 at first. a0 is the address that was
 * stored there last, 0 at first. f0 is such a descriptor, and each actor has its own.
 * n0 is a name in words.c. # begins a comment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define SEPARATORS	" \t\n"

static void print_number(FILE *out, long number)
{
	fprintf(out, number > -10 && number < 10 ? "%ld" : "%#lx", number);
}

/* Flags as their names, and what is left as a number. */
static void print_flags(FILE *out, const struct argument *arg, long number)
{
	const char *between = "";
	int i;

	for (i = 0; i < arg->n; i++) {
		if (arg->choices[i].value && arg->choices[i].name &&
		    (number & arg->choices[i].value) == arg->choices[i].value) {
			fprintf(out, "%s%s", between, arg->choices[i].name);
			number &= ~arg->choices[i].value;
			between = "|";
		}
	}
	if (number || !*between) {
		fputs(between, out);
		print_number(out, number);
	}
}

static void print_choice(FILE *out, const struct argument *arg, long number)
{
	int i;

	for (i = 0; i < arg->n; i++) {
		if (arg->choices[i].name && arg->choices[i].value == number) {
			fputs(arg->choices[i].name, out);
			return;
		}
	}
	print_number(out, number);
}

static void print_value(FILE *out, const struct argument *arg,
			const struct value *value)
{
	fprintf(out, " %s=", arg->name);
	if (value->base) {
		fprintf(out, "%c%d", value->base, value->slot);
		if (value->number)
			fprintf(out, "+%#lx", value->number);
	} else if (arg->kind == FLAGS) {
		print_flags(out, arg, value->number);
	} else {
		print_choice(out, arg, value->number);
	}
}

void program_print(FILE *out, const struct program *program)
{
	const struct step *step;
	int i, j;

	for (i = 0; i < program->n; i++) {
		step = &program->steps[i];
		fprintf(out, "p%d %s", step->actor, words[step->word].name);
		for (j = 0; j < ARGS && words[step->word].arg[j].name; j++)
			print_value(out, &words[step->word].arg[j],
				    &step->arg[j]);
		fputc('\n', out);
	}
}

static bool read_named(const char *text, const struct argument *arg, long *number)
{
	int i;

	for (i = 0; i < arg->n; i++) {
		if (arg->choices[i].name && !strcmp(arg->choices[i].name, text)) {
			*number |= arg->choices[i].value;
			return true;
		}
	}
	return false;
}

static bool read_number(char *text, const struct argument *arg, long *number)
{
	char *piece, *end;

	*number = 0;
	while ((piece = strsep(&text, "|"))) {
		if (read_named(piece, arg, number))
			continue;
		errno = 0;
		*number |= *piece == '-' ? strtol(piece, &end, 0) :
					   (long)strtoul(piece, &end, 0);
		if (!*piece || *end || errno)
			return false;
	}
	return true;
}

static bool slot_fits(const struct argument *arg, char base, unsigned long slot)
{
	switch (base) {
	case 's':
		return arg->kind == SEGMENT && slot < SLOTS;
	case 'a':
		return arg->kind == ADDRESS && slot < SLOTS;
	case 'f':
		return arg->kind == DESCRIPTOR && slot < SLOTS;
	case 'p':
		return arg->kind == ACTOR && slot < ACTORS;
	case 'n':
		return arg->kind == NAME && slot < NAMES;
	}
	return false;
}

static bool read_value(char *text, const struct argument *arg,
		       struct value *value)
{
	unsigned long slot;

	if (!*text || !strchr("safpn", *text))
		return arg->kind != ACTOR && arg->kind != NAME &&
		       read_number(text, arg, &value->number);
	value->base = *text++;
	slot = strtoul(text, &text, 10);
	value->slot = slot;
	if (*text == '+')
		value->number = strtol(text + 1, &text, 0);
	return !*text && slot_fits(arg, value->base, slot);
}

static bool read_arguments(char *rest, struct step *step)
{
	const struct word *word = &words[step->word];
	char *token, *value;
	int i;

	for (i = 0; i < ARGS && word->arg[i].name; i++) {
		token = strsep(&rest, SEPARATORS);
		value = token ? strchr(token, '=') : NULL;
		if (!value)
			return false;
		*value++ = '\0';
		if (strcmp(token, word->arg[i].name) ||
		    !read_value(value, &word->arg[i], &step->arg[i]))
			return false;
	}
	return !rest || !rest[strspn(rest, SEPARATORS)];
}

static bool read_step(char *line, struct step *step)
{
	char *rest = line, *actor, *name;
	int i;

	memset(step, 0, sizeof(*step));
	actor = strsep(&rest, SEPARATORS);
	name = strsep(&rest, SEPARATORS);
	if (!name || actor[0] != 'p' || actor[1] < '0' ||
	    actor[1] >= '0' + ACTORS || actor[2])
		return false;
	step->actor = actor[1] - '0';
	for (i = 0; i < n_words; i++) {
		if (!strcmp(words[i].name, name)) {
			step->word = i;
			return read_arguments(rest, step);
		}
	}
	return false;
}

bool program_read(FILE *in, struct program *program, const char *path)
{
	char *line = NULL;
	size_t room = 0;
	int number = 0;

	program->n = 0;
	while (getline(&line, &room, in) > 0) {
		number++;
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, SEPARATORS)])
			continue;
		if (!strcmp(line, "end"))
			break;
		if (program->n == STEPS_MAX)
			die("%s has more than %d steps", path, STEPS_MAX);
		if (!read_step(line, &program->steps[program->n++]))
			die("%s:%d is not a step; trace.c tells the format",
			    path, number);
	}
	free(line);
	return program->n;
}
