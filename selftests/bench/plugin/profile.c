// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU: counts which instructions the guest runs while a program
 * there stands between two marks. ../profile builds it and reads what it
 * leaves:
 *
 *	PHASE ADDRESS INSTRUCTIONS RUNS
 *
 * for each block of instructions. A mark is the address of a function that does
 * nothing, so the guest needs to know nothing of this.
 *
 * usage: -plugin profile.so,next=A,begin=A,end=A,done=A,out=FILE
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

#define MOST_PHASES	32

/* Instructions that run one after the other. */
struct block {
	unsigned long	addr;
	unsigned long	instructions;
	unsigned long	runs[MOST_PHASES];
	struct block	*next;
};

/* Functions of the program in the guest. */
struct mark {
	const char	*name;
	executed_fn	fn;
	unsigned long	addr;
};

EXPORT int qemu_plugin_version = 1;

static struct block *blocks;
static int phase = -1;
static bool counting;
static const char *out;

static void on_next(unsigned int cpu, void *data)
{
	if (++phase == MOST_PHASES) {
		fprintf(stderr, "profile: there are more than %d phases.\n",
			MOST_PHASES);
		exit(1);
	}
}

static void on_begin(unsigned int cpu, void *data)
{
	counting = true;
}

static void on_end(unsigned int cpu, void *data)
{
	counting = false;
}

/* Here and not when QEMU ends, because it may be ended by force. */
static void on_done(unsigned int cpu, void *data)
{
	FILE *file = fopen(out, "w");
	struct block *b;
	int i;

	if (!file) {
		fprintf(stderr, "profile: %s cannot be written.\n", out);
		exit(1);
	}
	for (b = blocks; b; b = b->next)
		for (i = 0; i <= phase; i++)
			if (b->runs[i])
				fprintf(file, "%d %lx %lu %lu\n", i, b->addr,
					b->instructions, b->runs[i]);
	fclose(file);
}

static struct mark marks[] = {
	{ "next", on_next, 0 }, { "begin", on_begin, 0 },
	{ "end", on_end, 0 }, { "done", on_done, 0 },
};

#define MARKS	(sizeof(marks) / sizeof(*marks))

static void ran(unsigned int cpu, void *data)
{
	struct block *block = data;

	if (counting)
		block->runs[phase]++;
}

static void watch_mark(struct qemu_plugin_insn *insn)
{
	size_t i;

	for (i = 0; i < MARKS; i++)
		if (qemu_plugin_insn_vaddr(insn) == marks[i].addr)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marks[i].fn,
							       0, NULL);
}

static void translated(unsigned long id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));
	size_t i;

	if (!block)
		abort();
	block->addr = qemu_plugin_tb_vaddr(tb);
	block->instructions = qemu_plugin_tb_n_insns(tb);
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, ran, 0, block);
	for (i = 0; i < block->instructions; i++)
		watch_mark(qemu_plugin_tb_get_insn(tb, i));
}

int qemu_plugin_install(unsigned long id, const void *info, int argc, char **argv)
{
	size_t mark;
	int i;

	for (i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return 1;
		*value++ = '\0';
		if (!strcmp(argv[i], "out"))
			out = strdup(value);
		for (mark = 0; mark < MARKS; mark++)
			if (!strcmp(argv[i], marks[mark].name))
				marks[mark].addr = strtoull(value, NULL, 16);
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return out ? 0 : 1;
}
