/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer: random programs of system calls on kshm, in a guest. The kernel is the
 * judge: a warning, a report of a checker, a crash or a hang is a finding, and so is a
 * reference on the module that a program leaves. Whether the results of calls are right
 * is not asked; the selftests and the oracle do that.
 *
 *	main.c		options; the loop over programs
 *	   |
 *	corpus.c	programs that reached something new, and what they reached
 *	generate.c	makes a program from a seed, or changes one by a seed
 *	   |
 *	run.c		does a program: namespaces, actors, time limits
 *	cover.c		which code of the module a step has reached (KCOV)
 *	execute.c	does one step in its actor
 *	   |
 *	trace.c		a program as text
 *	words.c		the vocabulary: each word with its arguments
 *	   |
 *	ioctls.c	what the words do: the commands of kshm,
 *	memory.c	calls on memory,
 *	files.c		calls on descriptors,
 *	processes.c	and on processes, users, limits and namespaces
 *
 * A program is a list of steps. Each step belongs to one of a few actors, which are
 * processes. The steps are begun in their order. A step that takes long does not keep
 * the others waiting, so steps of several actors may run at once.
 *
 * Every program is a function of two numbers: the entry of the corpus that it begins
 * with, or NO_BASE, and a seed; with seed 0 it is that entry. main.c writes both down
 * before the program runs. So the host can make the program again after the guest has
 * died of it.
 */
#ifndef KSHM_FUZZ_H
#define KSHM_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define ACTORS		4
#define SLOTS		8	/* of ids, of addresses, of descriptors */
#define NAMES		6
#define ARGS		7
#define STEPS_MAX	48
#define CORPUS_MAX	8192
#define COVER_SHIFT	18
#define COVER_BITS	(1 << COVER_SHIFT)
#define NO_BASE		(-1)

enum kind {
	NONE,
	SEGMENT,	/* s0: the id that was stored there last */
	ADDRESS,	/* a0+0x1000: the address that was stored there last */
	DESCRIPTOR,	/* f0: a descriptor of the actor */
	ACTOR,		/* p1 */
	NAME,		/* n2: a name from a short list */
	FLAGS,		/* any sum of the choices */
	CHOICE,		/* one of the choices, or a number near one */
};

struct choice {
	const char *name;	/* NULL for one that is printed as a number */
	long value;
};

struct argument {
	const char *name;
	enum kind kind;
	const struct choice *choices;
	int n;
};

/*
 * A word of the vocabulary. What @act returns goes to the slot that the argument
 * "into" names, if it is no error.
 */
struct word {
	const char *name;
	long (*act)(const long *arg);
	int weight;
	struct argument arg[ARGS];
};

extern const struct word words[];
extern const int n_words;
extern const char *const names[NAMES];

/* base is 's', 'a', 'f', 'p', 'n', or 0 for a plain number. */
struct value {
	char base;
	unsigned char slot;
	long number;
};

struct step {
	unsigned char actor;
	unsigned short word;
	struct value arg[ARGS];
};

struct program {
	int n;
	struct step steps[STEPS_MAX];
};

/* Random numbers that are the same on every machine. */
struct dice {
	uint64_t state;
};

uint64_t throw(struct dice *dice);

static inline unsigned int below(struct dice *dice, unsigned int n)
{
	return throw(dice) % n;
}

void generate(struct program *program, uint64_t seed);
void mutate(struct program *program, uint64_t seed);

void program_print(FILE *out, const struct program *program);
/* Reads the lines up to the end of the file, or to a line "end". False for none. */
bool program_read(FILE *in, struct program *program, const char *path);

/* What all processes share while a program runs. */
struct board {
	int ids[SLOTS];
	unsigned long addresses[SLOTS];
	int turn[ACTORS];	/* the step that the actor does or has done, + 1 */
	int done[ACTORS];	/* the last step that it has ended, + 1 */
	int pids[ACTORS];
	unsigned char cover[COVER_BITS / 8];
};

extern struct board *board;

/* On both sides of such memory nothing else is mapped, for so many bytes. */
#define DISTANCE	(64L << 20)
void *map_apart(size_t size, int flags, int fd);

/* How long a step may take, in ms, before the next one begins. */
extern long patience;

/* Does a program; returns false if its processes could not be ended. */
bool run(const struct program *program);

/* In an actor. */
void execute_init(int actor);
void execute(const struct step *step);

/* Coverage. Without KCOV all of it does nothing, and nothing is new. */
bool cover_there(void);
void cover_begin(void);
void cover_step_begins(void);
void cover_step_ends(void);

/* Is a bit of the board's coverage new? All of them are known from now on. */
bool corpus_learn(void);
bool corpus_add(const struct program *program);
const struct program *corpus_entry(int number);
int corpus_size(void);
/* Reads programs, which end in a line "end". */
void corpus_load(const char *path);
void program_of(struct program *program, int base, uint64_t seed);

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif /* KSHM_FUZZ_H */
