// SPDX-License-Identifier: GPL-2.0
/*
 * Many operations run at the same time, on both sides. Then all actors stop, and
 * the listing, the mappings and the answers of calls are compared with each other.
 * Nobody knows what each operation saw, but this must hold:
 *
 *	nattch is the number of VMAs
 *	the sums of SHM_INFO are those of the listing
 *	a segment in the listing is found by its id, and by its key if it has one
 *	a segment that is not in the listing is found by neither
 *	no id was given twice
 *
 * It is right to demand that, since it holds of in-tree shm. For kshm there are the
 * operations of beyond.c, too, and this must hold besides:
 *
 *	WHO tells as many mappings as nattch, all of them of living actors
 *	a segment never gets smaller, and its generation changes when it grows
 *	a name finds the segment that is listed with it, or none
 *	an owned segment ends with its owner, a transient one with its last detach
 *	unique segments alone have an id with the unique bit
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "oracle.h"

#define WORKERS		5	/* processes, each with a second thread */
#define LINES_MAX	256
#define INTERVAL	300000	/* microseconds between two looks */
#define LOOKS		6	/* before both sides get new namespaces */
#define SEGMENTS_MAX	60	/* shmmni, which keeps the listing short */
#define MAPS_MAX	150	/* vm.max_map_count, which keeps maps short */
#define STALE_MAX	64	/* old ids of an actor to try at each look */
#define ID_BYTES	(1UL << 28)
#define UNIQUE_BIT	(1 << 30)

struct line {
	int		key, id;
	unsigned int	mode;
	unsigned long	size;
	unsigned long	nattch;
	unsigned long	vmas;
	unsigned long	generation;
};

/* A line of the longer listing: a segment, or a named object. */
struct object {
	int		id, lpid;
	unsigned int	mode;
	unsigned long	nattch, generation;
	char		lifetime[32], kind[8], name[8];
};

struct books {
	int		which;
	int		lines;
	struct line	line[LINES_MAX];
	int		lasts;		/* the same at the last look */
	struct line	last[LINES_MAX];
	unsigned char	*given;		/* a bit for each id that was given */
	unsigned long	*operations;
	int		broken;
};

static void __attribute__((format(printf, 2, 3)))
broken(struct books *books, const char *format, ...)
{
	va_list args;

	printf("oracle: on %s ", backends[books->which].name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	books->broken++;
}

static struct result *ask(struct books *books, int slot, const struct op *op)
{
	actor_post(books->which, slot, op, 1);
	if (!actor_await(books->which, slot))
		die("on %s an actor died, or hangs",
		    backends[books->which].name);
	return &control->side[books->which].actor[slot].result;
}

static struct result *manager_ctl(struct books *books, int id, int cmd)
{
	struct op op = {
		.code = OP_CTL,
		.arg = { { .off = id }, { .off = cmd }, { .base = 'd' } },
	};

	return ask(books, 0, &op);
}

static struct line *line_of(struct books *books, int id)
{
	int i;

	for (i = 0; i < books->lines; i++)
		if (books->line[i].id == id)
			return &books->line[i];
	return NULL;
}

static void read_listing(struct books *books)
{
	struct side *side = &control->side[books->which];
	struct op look = { .code = OP_LOOK };
	const char *text = side->listing;
	struct line *line;

	ask(books, 0, &look);
	for (books->lines = 0; (text = strchr(text, '\n')) && text[1]; ) {
		line = &books->line[books->lines];
		memset(line, 0, sizeof(*line));
		text++;
		if (books->lines < LINES_MAX &&
		    sscanf(text, "%d %d %o %lu %*u %*u %lu", &line->key,
			   &line->id, &line->mode, &line->size,
			   &line->nattch) == 5)
			books->lines++;
	}
}

/* Count the VMAs of each segment in an actor's maps. Their inode is the id. */
static void count_vmas(struct books *books, const struct actor *actor)
{
	const char *text = actor->maps, *next, *name;
	struct line *line;
	int id;

	for (; (next = memchr(text, '\n', actor->maps + actor->maps_size -
			      text)); text = next + 1) {
		name = memmem(text, next - text, "/SYSV", 5);
		if (!name || sscanf(text, "%*s %*s %*s %*s %d", &id) != 1)
			continue;
		line = line_of(books, id);
		if (line)
			line->vmas++;
		else
			broken(books, "id %d is mapped but not listed", id);
	}
}

static void check_nattch(struct books *books, int processes)
{
	struct op look = { .code = OP_LOOK };
	int i;

	for (i = 1; i <= processes; i++) {
		ask(books, i, &look);
		count_vmas(books, &control->side[books->which].actor[i]);
	}
	for (i = 0; i < books->lines; i++)
		if (books->line[i].nattch != books->line[i].vmas)
			broken(books, "id %d has nattch %lu and %lu VMAs",
			       books->line[i].id, books->line[i].nattch,
			       books->line[i].vmas);
}

static void check_sums(struct books *books)
{
	const struct result *res = manager_ctl(books, 0, SHM_INFO);
	unsigned long pages = 0;
	struct shm_info info;
	int i, highest = 0;

	memcpy(&info, res->out, sizeof(info));
	for (i = 0; i < books->lines; i++) {
		pages += (books->line[i].size + PAGE - 1) / PAGE;
		if ((books->line[i].id & 0x7fff) > highest)
			highest = books->line[i].id & 0x7fff;
	}
	if (info.used_ids != books->lines || info.shm_tot != pages ||
	    res->ret != highest)
		broken(books, "SHM_INFO has %d ids, %lu pages, index %ld; the listing %d, %lu, %d",
		       info.used_ids, info.shm_tot, res->ret, books->lines,
		       pages, highest);
}

static void check_found(struct books *books)
{
	struct op get = { .code = OP_GET };
	const struct line *line;
	long id;
	int i;

	for (i = 0; i < books->lines; i++) {
		line = &books->line[i];
		if (manager_ctl(books, line->id, IPC_STAT)->ret)
			broken(books, "id %d is listed but not found",
			       line->id);
		if (line->mode & SHM_DEST && (line->key || !line->nattch))
			broken(books, "id %d is marked and has key %#x, nattch %lu",
			       line->id, line->key, line->nattch);
		if (!line->key)
			continue;
		get.arg[0].off = line->key;
		id = ask(books, 0, &get)->ret;
		if (id != line->id)
			broken(books, "key %#x of id %d finds %ld", line->key,
			       line->id, id);
	}
}

static void check_given(struct books *books, struct actor *actor)
{
	unsigned int i, asked = 0;
	unsigned char bit;
	int id;

	for (i = 0; i < actor->created; i++) {
		id = actor->ids[i];
		bit = (unsigned char)(1 << (id & 7));
		if (books->given[id >> 3] & bit)
			broken(books, "id %d was given twice", id);
		books->given[id >> 3] |= bit;
		if (line_of(books, id) || asked++ >= STALE_MAX)
			continue;
		if (manager_ctl(books, id, IPC_STAT)->ret != -EINVAL)
			broken(books, "id %d is not listed but found", id);
	}
	actor->created = 0;
	*books->operations += actor->operations;
	actor->operations = 0;
}

static struct result *ask_beyond(struct books *books, unsigned char code, int id)
{
	struct op op = { .code = code, .arg[0].off = id };

	return ask(books, 0, &op);
}

static void check_attachers(struct books *books, const struct line *line)
{
	const struct result *res = ask_beyond(books, OP_WHO, line->id);
	int strangers;

	memcpy(&strangers, res->out, sizeof(strangers));
	if (res->ret != (long)line->nattch || strangers)
		broken(books, "id %d has nattch %lu; WHO tells %ld, of which %d are of no actor",
		       line->id, line->nattch, res->ret, strangers);
}

/* No id is given twice, so it is the same segment as at the last look. */
static void check_growth(struct books *books, struct line *line)
{
	const struct result *res = ask_beyond(books, OP_GROW, line->id);
	const struct line *last = books->last;
	bool larger, newer;

	memcpy(&line->generation, res->out, sizeof(line->generation));
	if (res->ret != (long)line->size)
		broken(books, "id %d has size %lu; GROW tells %ld", line->id,
		       line->size, res->ret);
	while (last < books->last + books->lasts && last->id != line->id)
		last++;
	if (last == books->last + books->lasts)
		return;
	larger = line->size > last->size;
	newer = line->generation > last->generation;
	if (last->generation > line->generation || last->size > line->size ||
	    larger != newer)
		broken(books, "id %d had size %lu and generation %lu, and then %lu and %lu",
		       line->id, last->size, last->generation, line->size,
		       line->generation);
}

static bool has_lifetime(const struct object *object, const char *word)
{
	return strstr(object->lifetime, word);
}

static void check_lifetime(struct books *books, const struct object *object,
			   int processes)
{
	const struct line *line = line_of(books, object->id);

	if (!line || line->generation != object->generation)
		broken(books, "id %d has generation %lu in this listing only",
		       object->id, object->generation);
	if (has_lifetime(object, "owned") && !processes)
		broken(books, "id %d outlives all owners", object->id);
	if (has_lifetime(object, "transient") && !object->nattch &&
	    object->lpid)
		broken(books, "id %d is transient and stays after its last detach",
		       object->id);
	if (has_lifetime(object, "unique") != !!(object->id & UNIQUE_BIT))
		broken(books, "id %d does not suit its lifetime, %s",
		       object->id, object->lifetime);
}

/* The results that names must have: an id, or 0 for an object, or an errno. */
struct names {
	int	segment[SEGMENT_NAMES];
	int	object[OBJECT_NAMES];
};

/* @op looks a name up; its first argument is the name's number. */
static void check_names(struct books *books, struct op op, const char *kind,
			const int *wanted, int n)
{
	long found;
	int i;

	for (i = 0; i < n; i++) {
		op.arg[0].off = i;
		found = ask(books, 0, &op)->ret;
		if (found != wanted[i])
			broken(books, "the name \"%d\" of %s finds %ld, not %d",
			       i, kind, found, wanted[i]);
	}
}

static bool read_object(const char *text, struct object *object)
{
	return sscanf(text, "%*d %d %o %*u %*u %d %lu " /* to nattch */
		      "%*u %*u %*u %*u %*u %*u %*u %*u %*u %lu %31s %7s %7s",
		      &object->id, &object->mode, &object->lpid,
		      &object->nattch, &object->generation, object->lifetime,
		      object->kind, object->name) == 8;
}

static void check_objects(struct books *books, int processes)
{
	const char *text = control->side[books->which].actor[0].maps;
	struct op named = { .code = OP_NAMED, .arg[4].off = -1 };
	struct op open = {
		.code = OP_OPEN, .arg[2].off = SEGMENT_FILES + OWNERS,
	};
	struct object object;
	struct names names;
	int i;

	for (i = 0; i < SEGMENT_NAMES; i++)
		names.segment[i] = -ENOENT;
	for (i = 0; i < OBJECT_NAMES; i++)
		names.object[i] = -ENOENT;
	ask_beyond(books, OP_OBJECTS, 0);
	while ((text = strchr(text, '\n')) && *++text) {
		if (!read_object(text, &object)) {
			broken(books, "this line of the listing cannot be read: %.200s",
			       text);
			return;
		}
		i = atoi(object.name);
		if (strcmp(object.kind, "segment")) {
			names.object[i % OBJECT_NAMES] = 0;
			continue;
		}
		check_lifetime(books, &object, processes);
		if (strcmp(object.name, "-"))
			names.segment[i % SEGMENT_NAMES] = object.id;
	}
	check_names(books, named, "a segment", names.segment, SEGMENT_NAMES);
	check_names(books, open, "an object", names.object, OBJECT_NAMES);
}

static void check_beyond(struct books *books, int processes)
{
	int i;

	for (i = 0; i < books->lines; i++) {
		check_attachers(books, &books->line[i]);
		check_growth(books, &books->line[i]);
	}
	check_objects(books, processes);
	memcpy(books->last, books->line, sizeof(books->last));
	books->lasts = books->lines;
}

static void check(struct books *books, int processes)
{
	int i;

	read_listing(books);
	check_nattch(books, processes);
	check_sums(books);
	check_found(books);
	for (i = 1; i <= 2 * WORKERS; i++)
		check_given(books, &control->side[books->which].actor[i]);
	if (books->which == KSHM)
		check_beyond(books, processes);
}

/* Actors 1 to WORKERS are processes, those after them their second threads. */
static pid_t populate(struct books *books)
{
	struct world world = { .userns = false };
	struct op limit = {
		.code = OP_SYSCTL, .arg = { { .off = 2 }, { .off = SEGMENTS_MAX } },
	};
	struct op op = { .code = OP_START, .arg[0].off = 1 };
	pid_t manager = side_start(books->which, &world);
	int i;

	ask(books, 0, &limit);
	ask(books, 0, &op);
	for (i = 2; i <= WORKERS; i++) {
		op = (struct op){ .code = OP_FORK, .arg[0].slot = i };
		ask(books, 1, &op);
	}
	for (i = 1; i <= WORKERS; i++) {
		op = (struct op){
			.code = OP_THREAD, .arg[0].slot = WORKERS + i,
		};
		ask(books, i, &op);
	}
	return manager;
}

/* A process and its other thread: either may have ended both. */
static void __attribute__((noreturn)) lost(int which, int slot)
{
	const struct actor *actor = control->side[which].actor;
	struct op op;
	int i;

	if (actor[slot].pid)
		printf("oracle: process %d does not answer", actor[slot].pid);
	else
		printf("oracle: its process ended with status %#x",
		       (unsigned int)actor[slot].status);
	puts("; its threads came as far as");
	for (i = 1; i <= 2 * WORKERS; i++) {
		if ((i - slot) % WORKERS)
			continue;
		op = actor[i].doing;
		op.actor = (unsigned char)i;
		op_print(stdout, &op);
		if (actor[i].last[1])
			printf("oracle: its fault was at %#lx, from %#lx\n",
			       actor[i].last[0], actor[i].last[1]);
	}
	die("on %s actor p%d is lost", backends[which].name, slot);
}

static void all_freely(struct books books[SIDES], uint64_t *random)
{
	struct op op = { .code = OP_FREELY };
	int which, i;

	__atomic_store_n(&control->stop, 0, __ATOMIC_RELEASE);
	for (which = 0; which < SIDES; which++) {
		for (i = 1; i <= 2 * WORKERS; i++) {
			op.arg[0].off = (long)random_next(random);
			actor_post(which, i, &op, 1);
		}
	}
	usleep(INTERVAL);
	__atomic_store_n(&control->stop, 1, __ATOMIC_RELEASE);
	for (which = 0; which < SIDES; which++)
		for (i = 1; i <= 2 * WORKERS; i++)
			if (!actor_await(which, i))
				lost(books[which].which, i);
}

/* Without processes nothing is attached, and no marked segment is left. */
static void check_end(struct books *books, pid_t manager)
{
	struct op kill = { .code = OP_KILL };
	int i;

	for (i = 1; i <= WORKERS; i++) {
		kill.arg[0].slot = (unsigned char)i;
		ask(books, 0, &kill);
	}
	check(books, 0);
	for (i = 0; i < books->lines; i++)
		if (manager_ctl(books, books->line[i].id, IPC_RMID)->ret)
			broken(books, "id %d cannot be removed",
			       books->line[i].id);
	read_listing(books);
	check_sums(books);
	if (books->lines)
		broken(books, "%d segments cannot be removed", books->lines);
	side_stop(manager);
}

static void round_of(struct books books[SIDES], uint64_t *random)
{
	pid_t manager[SIDES];
	int which, look;

	for (which = 0; which < SIDES; which++) {
		books[which].given = mmap(NULL, ID_BYTES,
					  PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS |
					  MAP_NORESERVE, -1, 0);
		if (books[which].given == MAP_FAILED)
			die("no memory for the ids");
		manager[which] = populate(&books[which]);
		books[which].lasts = 0;
	}
	for (look = 0; look < LOOKS; look++) {
		all_freely(books, random);
		check(&books[0], WORKERS);
		check(&books[1], WORKERS);
	}
	for (which = 0; which < SIDES; which++) {
		check_end(&books[which], manager[which]);
		munmap(books[which].given, ID_BYTES);
	}
}

int invariants(int seconds, uint64_t seed)
{
	unsigned long operations[SIDES] = { 0, 0 }, rounds = 0;
	static struct books books[SIDES];
	double end = seconds_now() + seconds;
	int which;

	limit_maps(MAPS_MAX);
	for (which = 0; which < SIDES; which++) {
		books[which].which = which;
		books[which].operations = &operations[which];
	}
	while (seconds_now() < end && !books[0].broken && !books[1].broken) {
		round_of(books, &seed);
		if (++rounds % 10 == 0)
			printf("oracle: %lu operations on in-tree, %lu on kshm so far\n",
			       operations[0], operations[1]);
		fflush(stdout);
	}
	printf("oracle: %lu concurrent operations (%lu on kshm), %lu looks, %d invariants broken\n",
	       operations[0] + operations[1], operations[1],
	       rounds * (LOOKS + 1),
	       books[0].broken + books[1].broken);
	return books[0].broken || books[1].broken ? 1 : 0;
}
