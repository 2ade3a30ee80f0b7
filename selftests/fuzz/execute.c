// SPDX-License-Identifier: GPL-2.0
/* Does one step in its actor. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acts.h"

#define MOST_BYTES	(64L << 20)	/* of a file */
/* Of an actor, with the distances around the board and the buffer of KCOV. */
#define MOST_MAPPED	((192L << 20) + 4 * DISTANCE)
#define MOST_PROCESSES	64
#define FIRST_USER	2		/* the actors from this one on are users */

long result(long ret)
{
	return ret == -1 ? -errno : ret;
}

static void set_limit(int resource, rlim_t most)
{
	struct rlimit limit = { most, most };

	setrlimit(resource, &limit);
}

/* Where memory ends, the kernel kills, and says so. That is no finding. */
void execute_init(int actor)
{
	signal(SIGXFSZ, SIG_IGN);
	set_limit(RLIMIT_FSIZE, MOST_BYTES);
	set_limit(RLIMIT_AS, MOST_MAPPED);
	set_limit(RLIMIT_NPROC, MOST_PROCESSES);
	set_limit(RLIMIT_CORE, 0);
	prepare_faults();
	device = open("/dev/kshm", O_RDWR | O_CLOEXEC);
	if (actor >= FIRST_USER && (setgid(1000 + actor) || setuid(1000 + actor)))
		die("becoming a user: %s", strerror(errno));
}

static long resolved(const struct value *value)
{
	switch (value->base) {
	case 's':
		return board->ids[value->slot];
	case 'a':
		return board->addresses[value->slot] + value->number;
	case 'f':
		return files[value->slot];
	case 'n':
		return (long)names[value->slot];
	case 'p':
		return value->slot;
	default:
		return value->number;
	}
}

static void store(const struct value *value, long number)
{
	switch (value->base) {
	case 's':
		board->ids[value->slot] = number;
		break;
	case 'a':
		board->addresses[value->slot] = number;
		break;
	case 'f':
		if (files[value->slot] > STDERR_FILENO)
			close(files[value->slot]);
		files[value->slot] = number;
		break;
	}
}

void execute(const struct step *step)
{
	const struct word *word = &words[step->word];
	long arg[ARGS] = { 0 }, ret;
	int i;

	for (i = 0; i < ARGS && word->arg[i].name; i++)
		arg[i] = resolved(&step->arg[i]);
	begin_fault(word->act == act_fault);
	ret = word->act(arg);
	end_fault();
	if (ret >= 0 && i && !strcmp(word->arg[i - 1].name, "into"))
		store(&step->arg[i - 1], ret);
}
