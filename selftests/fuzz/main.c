// SPDX-License-Identifier: GPL-2.0
/*
 *	fuzz [--seed N] [--seconds N] [--corpus FILE]	do programs, for so long
 *	fuzz --replay FILE [--times N]			do these programs, N times each
 *	fuzz --show BASE [--seed N] [--corpus FILE]	print a program
 *	fuzz --print FILE				print the programs of a file
 *	fuzz --words					print the vocabulary
 *
 * A program has a line for each step, see trace.c. A file can have several programs,
 * each of which ends in a line "end". --patience N, ms for a step, is for slow kernels.
 *
 * Lines that begin with "@" are for selftests/fuzz/fuzz, which runs this in a guest:
 *
 *	@run BASE SEED		this program begins
 *	@keep			it has reached something new; the program and "end" follow
 *	@hang			its processes do not end
 *	@left N			so many references on the module do not go away
 *	@done ...		the time is over
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define REFCNT		"/sys/module/kshm/refcnt"
#define SYSRQ		"/proc/sysrq-trigger"
#define LOOKS		400		/* at the references, until they must be gone */
#define LOOK_US		50000
#define NEWS_SECONDS	10
#define NEW_IN_TEN	1		/* programs that change no other one */

static struct {
	uint64_t seed;
	long seconds, times;
	const char *corpus, *replay, *print, *show;
	bool words;
} options = { .seed = 1, .seconds = 60, .times = 1 };

void die(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	exit(2);
}

static long references(void)
{
	FILE *in = fopen(REFCNT, "r");
	long count = -1;

	if (!in)
		die(REFCNT " is not there; load kshm first");
	if (fscanf(in, "%ld", &count) != 1)
		die(REFCNT " has no number");
	fclose(in);
	return count;
}

/* What was said has to be out before a program that may end the guest. */
static void flush_all(void)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

/* Namespaces end a little after their last process, and descriptors, too. */
static bool all_is_given_back(void)
{
	int i;

	for (i = 0; i < LOOKS; i++) {
		if (!references())
			return true;
		usleep(i ? LOOK_US : 0);
	}
	return false;
}

/* Shows what all sleeping tasks wait for. */
static void ask_for_traces(void)
{
	FILE *out = fopen(SYSRQ, "w");

	if (!out)
		return;
	fputc('w', out);
	fclose(out);
}

static void announce(int base, uint64_t seed)
{
	printf("@run %d %llu\n", base, (unsigned long long)seed);
	flush_all();
}

static void must_end_well(const struct program *program)
{
	if (!run(program)) {
		puts("@hang");
		flush_all();
		ask_for_traces();
		exit(1);
	}
	if (!all_is_given_back()) {
		printf("@left %ld\n", references());
		flush_all();
		exit(1);
	}
}

static void print_and_end(const struct program *program)
{
	program_print(stdout, program);
	puts("end");
}

static void keep(const struct program *program)
{
	if (!corpus_add(program))
		return;
	puts("@keep");
	print_and_end(program);
}

static void tell_news(long count)
{
	static time_t last;
	time_t now = time(NULL);

	if (now - last < NEWS_SECONDS)
		return;
	last = now;
	printf("%ld programs, %d in the corpus\n", count, corpus_size());
}

/* What the kept programs reach is nothing new. */
static void learn_corpus(void)
{
	int i, n = corpus_size();

	for (i = 0; i < n && cover_there(); i++) {
		announce(i, 0);
		must_end_well(corpus_entry(i));
		corpus_learn();
	}
}

static int some_base(struct dice *dice)
{
	if (!corpus_size() || below(dice, 10) < NEW_IN_TEN)
		return NO_BASE;
	return below(dice, corpus_size());
}

static void fuzz(void)
{
	time_t end = time(NULL) + options.seconds;
	struct dice dice = { options.seed * 2 + 1 };
	struct program program;
	uint64_t seed;
	long count;
	int base;

	learn_corpus();
	for (count = 0; time(NULL) < end; count++) {
		base = some_base(&dice);
		seed = throw(&dice);
		program_of(&program, base, seed);
		announce(base, seed);
		must_end_well(&program);
		if (corpus_learn()) {
			if (!cover_there())
				die("a program has written to the fuzzer's memory");
			keep(&program);
		}
		tell_news(count);
	}
	printf("@done %ld programs, %d in the corpus, %s\n", count, corpus_size(),
	       cover_there() ? "guided by KCOV" : "without KCOV");
}

static void replay(void)
{
	int i, n = corpus_size();
	long again;

	for (i = 0; i < n; i++) {
		announce(i, 0);
		for (again = 0; again < options.times; again++)
			must_end_well(corpus_entry(i));
	}
	printf("@done %d programs\n", n);
}

static void show(void)
{
	struct program program;
	int base = atoi(options.show);

	if (base < NO_BASE || base >= corpus_size())
		die("the corpus has no entry %s", options.show);
	program_of(&program, base, options.seed);
	print_and_end(&program);
}

static void print_corpus(void)
{
	int i;

	for (i = 0; i < corpus_size(); i++)
		print_and_end(corpus_entry(i));
}

static void print_words(void)
{
	int i;

	for (i = 0; i < n_words; i++)
		puts(words[i].name);
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "times", required_argument, NULL, 'i' },
		{ "patience", required_argument, NULL, 'w' },
		{ "corpus", required_argument, NULL, 'c' },
		{ "replay", required_argument, NULL, 'r' },
		{ "print", required_argument, NULL, 'p' },
		{ "show", required_argument, NULL, 'b' },
		{ "words", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			options.seconds = atol(optarg);
			break;
		case 'i':
			options.times = atol(optarg);
			break;
		case 'w':
			patience = atol(optarg);
			break;
		case 'c':
			options.corpus = optarg;
			break;
		case 'r':
			options.replay = optarg;
			break;
		case 'p':
			options.print = optarg;
			break;
		case 'b':
			options.show = optarg;
			break;
		case 'v':
			options.words = true;
			break;
		default:
			die("this option is unknown; main.c begins with those that there are");
		}
	}
	if (optind < argc)
		die("%s is no option", argv[optind]);
}

int main(int argc, char **argv)
{
	const char *file;

	read_options(argc, argv);
	file = options.replay ?: options.print ?: options.corpus;
	if (file)
		corpus_load(file);
	if (options.words)
		print_words();
	else if (options.print)
		print_corpus();
	else if (options.show)
		show();
	if (options.words || options.print || options.show)
		return 0;
	board = map_apart(sizeof(*board), MAP_ANONYMOUS, -1);
	if (options.replay)
		replay();
	else
		fuzz();
	return 0;
}
