// SPDX-License-Identifier: GPL-2.0
/*
 * usage: oracle [--seed N] [--ops N] [--stop N] [--statistics]
 *        oracle --soak TIMES [--seed N]
 *        oracle --replay TRACE...
 *        oracle --print SEED
 *        oracle --invariants SECONDS [--seed N]
 *        oracle --declared
 *
 * Sequences follow each other until --ops operations are done. Each is made from a
 * seed: the first from N, the next from N + 1, and so on. A sequence that shows a
 * difference is made short and printed between a line "@trace NAME" and a line
 * "@end", for the host to keep. The run ends after --stop differences. The last
 * line is the verdict.
 *
 * --replay does the operations of traces, --print shows the sequence of a seed,
 * --invariants lets many operations run at once (invariants.c), --soak repeats one
 * sequence while memory is short (pressure.c), and --declared lists the differences
 * that are intended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

#define PROGRESS_SECONDS	5

struct options {
	uint64_t	seed;
	unsigned long	operations;
	int		stop;
	int		seconds;
	unsigned long	times;
	bool		statistics;
};

static struct sequence sequence;
static struct difference difference;

void die(const char *format, ...)
{
	va_list args;

	fputs("oracle: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(".\n", stderr);
	_exit(2);
}

double seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void print_difference(void)
{
	printf("# At the last operation that is done, %s differs:\n",
	       difference.what);
	difference_print(stdout, &difference);
	trace_print(stdout, &sequence);
	printf("@end\n");
	fflush(stdout);
}

static void print_found(uint64_t seed, const char *steady)
{
	printf("@trace seed-%lu%s\n", seed, steady);
	print_difference();
}

static bool differs_again(void)
{
	struct tally tally = { 0 };

	return lockstep(&sequence, &tally, &difference);
}

static void report(uint64_t seed)
{
	static struct sequence whole;
	static struct difference first;
	const char *steady = "";

	whole = sequence;
	first = difference;
	printf("oracle: seed %lu differs at step %d (%s); shrinking\n",
	       seed, difference.step, difference.what);
	fflush(stdout);
	batch_max = 1;
	if (!differs_again())
		batch_max = BATCH;
	shrink(&sequence, &difference);
	if (!differs_again()) {
		sequence = whole;
		sequence.n = first.step + (first.step < whole.n);
		difference = first;
		steady = "-unsteady";
	}
	batch_max = BATCH;
	print_found(seed, steady);
}

static void progress(const struct tally *tally, double begin)
{
	static double last;
	double time = seconds_now();

	if (time - last < PROGRESS_SECONDS)
		return;
	last = time;
	printf("oracle: %lu operations so far, %.0f a second\n",
	       tally->operations, tally->operations / (time - begin));
	fflush(stdout);
}

static int verdict(const struct tally *tally, int differences)
{
	if (tally->reclaimed)
		printf("oracle: memory was taken back in %lu runs: see resident.c\n",
		       tally->reclaimed);
	printf("oracle: %lu operations, %lu processes, %d differences (%lu declared)\n",
	       tally->operations, tally->processes, differences,
	       tally->declared);
	return differences ? 1 : 0;
}

static int explore(const struct options *options)
{
	struct tally tally = { 0 };
	uint64_t seed = options->seed;
	double begin = seconds_now();
	int differences = 0;

	for (; tally.operations < options->operations; seed++) {
		generate(&sequence, seed);
		if (lockstep(&sequence, &tally, &difference)) {
			report(seed);
			if (++differences == options->stop) {
				seed++;
				break;
			}
		}
		progress(&tally, begin);
	}
	if (options->statistics)
		statistics_print();
	printf("oracle: %lu sequences, seeds %lu to %lu, %.0f operations a second\n",
	       seed - options->seed, options->seed, seed - 1,
	       tally.operations / (seconds_now() - begin));
	return verdict(&tally, differences);
}

/*
 * Do one sequence many times, while the kernel is made to drop pages. A difference
 * counts even if no later repetition shows it. The first one is printed.
 */
static int soak(const struct options *options)
{
	struct tally tally = { 0 };
	double begin = seconds_now();
	unsigned long i;
	int differences = 0;

	generate(&sequence, options->seed);
	pressure_begin();
	for (i = 0; i < options->times; i++) {
		if (lockstep(&sequence, &tally, &difference)) {
			if (!differences)
				print_found(options->seed, "-soak");
			differences++;
			printf("oracle: repetition %lu differs at step %d (%s)\n",
			       i + 1, difference.step, difference.what);
		}
		progress(&tally, begin);
	}
	pressure_end();
	printf("oracle: seed %lu, %lu repetitions, %d of them differ\n",
	       options->seed, i, differences);
	return verdict(&tally, differences);
}

/* A trace must show the declared difference that it expects, or none. */
static bool replay_one(const char *path, struct tally *tally)
{
	char expects[64];

	trace_read(path, &sequence, expects, sizeof(expects));
	tally->seen = "";
	if (lockstep(&sequence, tally, &difference)) {
		printf("@trace %s\n", path);
		print_difference();
		return false;
	}
	if (!strcmp(tally->seen, expects))
		return true;
	printf("oracle: %s shows \"%s\" and expects \"%s\"\n", path,
	       tally->seen, expects);
	return false;
}

static int replay(char *const paths[])
{
	struct tally tally = { 0 };
	int differences = 0;
	bool good;

	batch_max = 1;
	for (; *paths; paths++) {
		good = replay_one(*paths, &tally);
		differences += !good;
		printf("@case %s %d\n", *paths, !good);
	}
	return verdict(&tally, differences);
}

static int print_declared(void)
{
	const struct declared *one;

	for (one = declared_differences; one->id; one++)
		printf("%s\n\t%s\n\t%s\n", one->id, one->what, one->why);
	return 0;
}

/* Turn off address space randomization, for this process and its children. */
static void be_predictable(char *argv[])
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (personality(0xffffffff) & ADDR_NO_RANDOMIZE)
		return;
	setrlimit(RLIMIT_MEMLOCK, &all);
	setrlimit(RLIMIT_NPROC, &all);
	personality(ADDR_NO_RANDOMIZE);
	execv("/proc/self/exe", argv);
	die("cannot start again without address randomization: %s",
	    strerror(errno));
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (!*text || *end || errno || *text == '-')
		die("%s is not a number", text);
	return value;
}

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "ops", required_argument, NULL, 'o' },
	{ "stop", required_argument, NULL, 'n' },
	{ "invariants", required_argument, NULL, 'i' },
	{ "soak", required_argument, NULL, 'k' },
	{ "replay", no_argument, NULL, 'r' },
	{ "statistics", no_argument, NULL, 't' },
	{ "print", required_argument, NULL, 'p' },
	{ "declared", no_argument, NULL, 'd' },
	{ "side", required_argument, NULL, 'S' },
	{ NULL }
};

static int print_sequence(uint64_t seed)
{
	generate(&sequence, seed);
	trace_print(stdout, &sequence);
	return 0;
}

int main(int argc, char *argv[])
{
	struct options options = {
		.seed = 1, .operations = 20000, .stop = 5,
	};
	bool wants_replay = false;
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seed = number(optarg);
			break;
		case 'o':
			options.operations = number(optarg);
			break;
		case 'n':
			options.stop = (int)number(optarg);
			break;
		case 'i':
			options.seconds = (int)number(optarg);
			break;
		case 'k':
			options.times = number(optarg);
			break;
		case 'r':
			wants_replay = true;
			break;
		case 't':
			options.statistics = true;
			break;
		case 'p':
			return print_sequence(number(optarg));
		case 'd':
			return print_declared();
		case 'S':
			side_main(optarg);
		default:
			die("no such option; the top of main.c lists them");
		}
	}
	if (getpagesize() != PAGE)
		die("the operations are of pages of %ld bytes, this kernel's have %d",
		    PAGE, getpagesize());
	be_predictable(argv);
	control_make();
	if (options.seconds)
		return invariants(options.seconds, options.seed);
	if (options.times)
		return soak(&options);
	return wants_replay ? replay(argv + optind) : explore(&options);
}
