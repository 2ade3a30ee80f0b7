// SPDX-License-Identifier: GPL-2.0
/*
 * Writes a sequence as text, and reads it. Each line is one operation, and begins
 * with the actor that does it:
 *
 *	p1 get key=0x11 size=0x1000 flags=CREAT|0600 into=s0
 *	p1 at id=s0 addr=m+0x2000 flags=RND into=a0
 *	p1 fork who=p2
 *	p2 munmap addr=a0+0x1000 len=0x1000
 *
 * s0 is the id that was last stored there, even if its segment is gone by now; it
 * is -1 at first. a0 is the address that was last stored there, and 0 at first.
 * m is the arena, where nothing is mapped at first. d is the buffers: three pages,
 * the first writable, the second read-only, the third without access. Numbers are
 * as in C. # begins a comment. Some words are not system calls; execute.c tells what
 * they do. Before the operations there may be
 *
 *	world userns		each side is in a user namespace of its own
 *	expects ID		the trace shows this declared difference
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#define SEPARATORS	" \t\n"

static void print_number(FILE *out, long number, const struct name *names)
{
	const char *between = "";
	long rest = number;

	for (; names && names->name; names++) {
		if (!names->mask && number == names->value) {
			fputs(names->name, out);
			return;
		}
		if (names->mask && (rest & names->mask) == names->value) {
			fprintf(out, "%s%s", between, names->name);
			rest &= ~names->mask;
			between = "|";
		}
	}
	if (!rest && *between)
		return;
	if (rest >= 0 && rest < 10)
		fprintf(out, "%s%ld", between, rest);
	else if (rest < 0 && rest > -10)
		fprintf(out, "%s%ld", between, rest);
	else
		fprintf(out, "%s%#lx", between, rest);
}

static void print_value(FILE *out, const struct argument *arg,
			const struct value *value)
{
	fprintf(out, " %s=", arg->name);
	if (arg->kind == ACTOR) {
		fprintf(out, "p%d", value->slot);
	} else if (!value->base) {
		print_number(out, value->off, arg->names);
	} else {
		fputc(value->base, out);
		if (value->base == 's' || value->base == 'a')
			fprintf(out, "%d", value->slot);
		if (value->off)
			fprintf(out, "%s%#lx", value->off < 0 ? "-" : "+",
				labs(value->off));
	}
}

void op_print(FILE *out, const struct op *op)
{
	const struct word_of *word = &vocabulary[op->code];
	int i;

	fprintf(out, "p%d %s", op->actor, word->name);
	for (i = 0; i < ARGS && word->arg[i].name; i++)
		print_value(out, &word->arg[i], &op->arg[i]);
	fputc('\n', out);
}

void trace_print(FILE *out, const struct sequence *seq)
{
	int i;

	if (seq->world.userns)
		fputs("world userns\n", out);
	for (i = 0; i < seq->n; i++)
		op_print(out, &seq->ops[i]);
}

static bool read_named(const char *text, const struct name *names, long *number)
{
	for (; names && names->name; names++) {
		if (!strcmp(names->name, text)) {
			*number |= names->value;
			return true;
		}
	}
	return false;
}

static bool read_number(char *text, const struct name *names, long *number)
{
	char *rest = text, *piece, *end;

	*number = 0;
	while ((piece = strsep(&rest, "|"))) {
		if (read_named(piece, names, number))
			continue;
		errno = 0;
		*number |= *piece == '-' ? strtol(piece, &end, 0) :
					   (long)strtoul(piece, &end, 0);
		if (!*piece || *end || errno)
			return false;
	}
	return true;
}

static bool read_slot(char **text, unsigned char *slot, unsigned long slots)
{
	unsigned long number = strtoul(*text, text, 10);

	*slot = (unsigned char)number;
	return number < slots;
}

static bool read_value(char *text, const struct argument *arg,
		       struct value *value)
{
	static const char bases[] = "samd";

	memset(value, 0, sizeof(*value));
	if (arg->kind == ACTOR)
		return *text++ == 'p' && read_slot(&text, &value->slot, ACTORS);
	if (!*text || !strchr(bases, *text) ||
	    read_named(text, arg->names, &value->off)) {
		value->off = 0;
		return read_number(text, arg->names, &value->off);
	}
	value->base = *text++;
	if (value->base == 's' && !read_slot(&text, &value->slot, SEGMENT_SLOTS))
		return false;
	if (value->base == 'a' && !read_slot(&text, &value->slot, ADDRESS_SLOTS))
		return false;
	value->off = strtol(text, &text, 0);
	return !*text;
}

static bool read_arguments(char *rest, struct op *op)
{
	const struct word_of *word = &vocabulary[op->code];
	char *token, *value;
	int i;

	for (i = 0; i < ARGS && word->arg[i].name; i++) {
		token = strsep(&rest, SEPARATORS);
		value = token ? strchr(token, '=') : NULL;
		if (!value)
			return false;
		*value++ = '\0';
		if (strcmp(token, word->arg[i].name) ||
		    !read_value(value, &word->arg[i], &op->arg[i]))
			return false;
	}
	return !rest || !rest[strspn(rest, SEPARATORS)];
}

static bool read_op(char *line, struct op *op)
{
	char *rest = line, *actor, *name;
	int code;

	memset(op, 0, sizeof(*op));
	actor = strsep(&rest, SEPARATORS);
	name = strsep(&rest, SEPARATORS);
	if (!name || *actor++ != 'p' || !read_slot(&actor, &op->actor, ACTORS))
		return false;
	for (code = 0; code < OP_WORDS; code++) {
		if (!strcmp(vocabulary[code].name, name)) {
			op->code = (unsigned char)code;
			return read_arguments(rest, op);
		}
	}
	return false;
}

void trace_read(const char *path, struct sequence *seq, char *expects,
		size_t size)
{
	char *line = NULL, format[32];
	size_t room = 0;
	int number = 0;
	FILE *in;

	memset(seq, 0, sizeof(*seq));
	*expects = '\0';
	snprintf(format, sizeof(format), "expects %%%zus", size - 1);
	in = fopen(path, "r");
	if (!in)
		die("%s cannot be read: %s", path, strerror(errno));
	while (getline(&line, &room, in) > 0) {
		number++;
		line[strcspn(line, "#\n")] = '\0';
		if (!line[strspn(line, SEPARATORS)])
			continue;
		if (!strncmp(line, "world userns", 12))
			seq->world.userns = true;
		else if (sscanf(line, format, expects) == 1)
			continue;
		else if (seq->n == OPS_MAX)
			die("%s has more than %d operations", path, OPS_MAX);
		else if (read_op(line, &seq->ops[seq->n]))
			seq->n++;
		else
			die("%s:%d is not an operation; see trace.c for the format",
			    path, number);
	}
	free(line);
	fclose(in);
}
