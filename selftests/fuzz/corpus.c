// SPDX-License-Identifier: GPL-2.0
/* The programs that reached something new, and all that was reached. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static struct program *corpus[CORPUS_MAX];
static int size;
static unsigned char known[COVER_BITS / 8];

bool corpus_learn(void)
{
	bool new = false;
	int i;

	for (i = 0; i < COVER_BITS / 8; i++) {
		new |= board->cover[i] & ~known[i];
		known[i] |= board->cover[i];
	}
	return new;
}

bool corpus_add(const struct program *program)
{
	if (size == CORPUS_MAX)
		return false;
	corpus[size] = malloc(sizeof(*program));
	if (!corpus[size])
		die("no memory for the corpus");
	*corpus[size++] = *program;
	return true;
}

const struct program *corpus_entry(int number)
{
	return corpus[number];
}

int corpus_size(void)
{
	return size;
}

void corpus_load(const char *path)
{
	FILE *in = fopen(path, "r");
	struct program program;

	if (!in)
		die("%s cannot be read: %s", path, strerror(errno));
	while (program_read(in, &program, path))
		corpus_add(&program);
	fclose(in);
}

void program_of(struct program *program, int base, uint64_t seed)
{
	if (base == NO_BASE) {
		generate(program, seed);
		return;
	}
	*program = *corpus[base];
	if (seed)
		mutate(program, seed);
}
