/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle does the same operations on in-tree shm and on kshm, step by step,
 * and compares every answer. In-tree shm is taken to be right.
 *
 *	main.c		options, the run, the verdict
 *	generate.c	a seed becomes a sequence of operations
 *	ops.c		the vocabulary: names of operations, arguments, values
 *	trace.c		writes a sequence as text, and reads it
 *	lockstep.c	the controller: one step on both sides, then compare
 *	compare.c	which results are equal, and which count as equal
 *	resident.c	resident bytes, when the kernel takes memory back
 *	pressure.c	makes the kernel take memory back
 *	declared.c	the differences that are intended
 *	side.c		the processes of a side: manager, actors, fork, exec
 *	execute.c	does one operation in its actor
 *	beyond.c	the operations that in-tree shm does not have
 *	shrink.c	makes a failing sequence short
 *	statistics.c	counts how operations ended
 *	freely.c	actors that all do random operations at the same time
 *	invariants.c	the controller of such actors, and the checks afterwards
 *
 * A side is one implementation together with a process tree of its own, in new
 * IPC and PID namespaces. Its manager is process 1 there, and starts the first
 * actor. Actors are processes or threads. Each waits for an operation, does it,
 * and reports what happened. All share one region of memory with the controller:
 *
 *	controller --+--> side 0 (in-tree): manager p0, actors p1, p2, ...
 *	             +--> side 1 (kshm):    manager p0, actors p1, p2, ...
 *
 * Nothing is random in a side: addresses are not randomized, pids count from 1 on
 * each side, ids count from 0 on each side, and the controller sets the clock. So
 * nearly everything is compared as it is; compare.c lists the exceptions.
 *
 * Switching between processes takes most of the time. So an actor does several
 * operations in one go where they follow each other, and keeps a copy of what was
 * to be seen after each.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define PAGE		4096L
#define SIDES		2
#define KSHM		1	/* the number of kshm's side */
#define ACTORS		32	/* p0 is the manager */
#define SEGMENT_SLOTS	12
#define ADDRESS_SLOTS	24
#define ARGS		6
#define OPS_MAX		1024
#define POISON		0xaa	/* fills buffers, so that unwritten bytes show */
#define OUT_MAX		160
#define MAPFILE_BLOCKS	20	/* where mapfile's result has the file's blocks */
#define TEXT_MAX	(32 * 1024)
#define CREATED_MAX	4096
#define WRITTEN_MAX	OPS_MAX
#define BATCH		16	/* operations that an actor does in one go */

/*
 * Fixed places in every actor's address space; see side.c. The space above the
 * arena is free for the largest attaches.
 */
#define CTL_AT		0x010000000000UL	/* the shared region */
#define DATA_AT		0x020000000000UL	/* three kinds of buffers */
#define DATA_PAGES	3
#define ARENA_AT	0x100000000000UL	/* empty, for fixed addresses */
#define ARENA_PAGES	64

/* Step n begins when the clock shows TIME_BASE + n * TIME_STEP. */
#define TIME_BASE	2000000000L
#define TIME_STEP	1000L

/* How many descriptors of each kind a process has a place for; see beyond.c. */
#define SEGMENT_FILES	4
#define OWNERS		2
#define OBJECT_FILES	2

/* How many names segments and objects can have. */
#define SEGMENT_NAMES	6
#define OBJECT_NAMES	4

/*
 * A value that may depend on earlier results. The base is the id in a segment slot
 * ('s'), the address in an address slot ('a'), the arena ('m'), the buffers ('d'),
 * or nothing (0). The offset is added to it.
 */
struct value {
	char		base;
	unsigned char	slot;
	long		off;
};

enum opcode {
	/* the operations that a trace can contain */
	OP_GET, OP_AT, OP_DT, OP_CTL, OP_SET, OP_CHURN,
	OP_PEEK, OP_POKE, OP_CALL, OP_SUM,
	OP_MMAP, OP_MUNMAP, OP_MPROTECT, OP_MREMAP, OP_REMAP, OP_MADVISE,
	OP_MLOCK, OP_MUNLOCK, OP_MLOCKALL, OP_MUNLOCKALL, OP_MSYNC, OP_MINCORE,
	OP_MBIND, OP_MSEAL, OP_UFFD, OP_FORCE, OP_MAPFILE, OP_READV,
	OP_FORK, OP_THREAD, OP_EXEC, OP_EXIT, OP_KILL,
	OP_SETUID, OP_SETGID, OP_SETGROUPS, OP_KEEPCAPS, OP_CAPDROP,
	OP_RLIMIT, OP_ROOM, OP_MAPROOM, OP_SYSCTL, OP_NEWIPC, OP_NEWUSER,
	OP_CLOSE,
	/* the operations of kshm alone; there is nothing to compare them with */
	OP_BEYOND,
	OP_FD = OP_BEYOND, OP_MAPFD, OP_CLOSEFD, OP_WHO, OP_GROW, OP_NAMED,
	OP_OWNER, OP_OPEN, OP_UNLINK,
	OP_WORDS,
	/* the operations that only the controller asks for */
	OP_LOOK = OP_WORDS, OP_FLAGS, OP_START, OP_WAIT, OP_REAP, OP_FREELY,
	OP_OBJECTS,
	OP_COUNT
};

struct op {
	unsigned char	code;
	unsigned char	actor;
	struct value	arg[ARGS];
};

/* Properties that both sides have. */
struct world {
	bool		userns;
};

struct sequence {
	uint64_t	seed;
	struct world	world;
	int		n;
	struct op	ops[OPS_MAX];
};

/* The result of an operation. A negative @ret is an errno. */
struct result {
	long		ret;
	int		signal;
	int		code;
	unsigned long	fault;
	unsigned int	out_size;
	unsigned char	out[OUT_MAX];
};

enum word { IDLE, COMMAND, DONE };

struct actor {
	int		word;		/* enum word, a futex */
	int		born;		/* a futex */
	int		tid;		/* of a thread; a futex, 0 once it has ended */
	bool		thread;		/* not the first of its process */
	pid_t		pid;		/* 0 once it has ended */
	int		status;		/* the status that wait() told then */
	unsigned long	last[2];	/* its last fault: the address, and the code's */
	int		n;		/* how many operations to do */
	int		done;		/* how many are done */
	struct op	ops[BATCH];
	struct result	result;
	/* the rest is for freely.c */
	unsigned long	operations;	/* how many were done */
	struct op	doing;		/* the current one */
	unsigned int	created;	/* how many segments */
	int		ids[CREATED_MAX];	/* their ids */
	size_t		maps_size;
	char		maps[TEXT_MAX];
};

/* A page of a segment that was written to, for resident.c. */
struct written {
	int		id;
	long		page;
	long		from;		/* the operation that wrote to it */
	long		until;		/* the one that may have removed it, or -1 */
};

/* Observations after an operation. A text that was not read is NULL. */
struct noted {
	struct result	result;
	size_t		listing_size, maps_size;
	long		listed_when;
	const char	*listing, *maps;
};

struct side {
	struct noted	noted[BATCH];
	size_t		notes_size;
	char		notes[2 * BATCH * TEXT_MAX];
	int		segment[SEGMENT_SLOTS];
	unsigned long	address[ADDRESS_SLOTS];
	long		when;		/* how many operations are done */
	bool		same_ids;	/* two namespaces may have the same ids */
	bool		resized;	/* the file of some segment was */
	int		writes;		/* how many of these are used */
	struct written	written[WRITTEN_MAX];
	long		listed_when;	/* @when, as the listing was read */
	size_t		listing_size;	/* a '\0' follows */
	char		listing[TEXT_MAX];
	struct actor	actor[ACTORS];
};

struct control {
	int		drops_begun;	/* how often pressure.c has caches dropped */
	int		drops_ended;
	int		stop;		/* for freely.c: it is time to stop */
	struct side	side[SIDES];
};

/* ops.c */
enum kind { NUMBER, SEGMENT, ADDRESS, INTO_SEGMENT, INTO_ADDRESS, ACTOR };

struct name {
	const char	*name;
	long		value;
	long		mask;		/* 0 if the name is for a whole value */
};

struct argument {
	const char	*name;
	enum kind	kind;
	const struct name *names;	/* ends with a NULL name */
};

struct word_of {
	const char	*name;
	struct argument	arg[ARGS];
};

extern const struct word_of vocabulary[OP_WORDS];

/* trace.c */
void op_print(FILE *out, const struct op *op);
void trace_print(FILE *out, const struct sequence *seq);
/* @expects is set to the id of the declared difference that it shows, or to "" */
void trace_read(const char *path, struct sequence *seq, char *expects,
		size_t size);

/* generate.c */
void generate(struct sequence *seq, uint64_t seed);
void generate_freely(struct op *op, uint64_t *random);
uint64_t random_next(uint64_t *state);

/* side.c */
extern struct control *control;

struct backend {
	const char	*name;
	const char	*listing;
	int		(*get)(key_t key, size_t size, int flags);
	void		*(*at)(int id, const void *addr, int flags);
	int		(*dt)(const void *addr);
	int		(*ctl)(int id, int cmd, void *buf);
};

extern const struct backend backends[SIDES];
void control_make(void);
pid_t side_start(int which, const struct world *world);
void side_stop(pid_t manager);
void side_main(const char *where) __attribute__((noreturn));
size_t read_whole(int fd, char *text, size_t size);
void look_at_listing(void);
void look_at_maps(void);
void look_at_flags(void);
long actor_fork(struct actor *child);
long actor_thread(struct actor *thread);

long actor_exec(void);
bool futex_wait(int *word, int value, long milliseconds);
void futex_wake(int *word);

/* The result of a call that tells its error in errno. */
static inline long answer(long ret)
{
	return ret == -1 ? -errno : ret;
}

/* execute.c */
extern struct side *my_side;
extern __thread struct actor *me;
extern const struct backend *my_backend;
void execute_init(void);
void execute(void);
long execute_one(const struct op *op);

/* A part of a segment in an address space. */
struct mapped {
	unsigned long	start, end, offset;
	int		id;
};

bool find_mapped(unsigned long addr, struct mapped *found);

/* beyond.c */
long do_fd(const long *arg);
long do_mapfd(const long *arg);
long do_closefd(const long *arg);
long do_who(const long *arg);
long do_grow(const long *arg);
long do_named(const long *arg);
long do_owner(const long *arg);
long do_open(const long *arg);
long do_unlink(const long *arg);
long do_objects(const long *arg);

/* compare.c */
bool same_result(const struct op *op, const struct result *a,
		 const struct result *b);
bool same_text(const char *a, size_t a_size, const char *b, size_t b_size);
bool same_but_resident(const char *a, size_t a_size, const char *b,
		       size_t b_size);
bool same_result_but_resident(const struct op *op, const struct result *a,
			      const struct result *b);

/* resident.c */
void note_written(const struct op *op, unsigned long addr, long ret);
bool listing_holds_written(const struct side *side);
bool result_holds_written(const struct side *side, const struct op *op,
			  const struct result *res);

/* The kernel's attempts to take back pages, up to some time. */
struct reclaim {
	unsigned long	scanned;	/* pages, in all */
	int		drops_ended;
};

struct reclaim reclaim_now(void);
bool reclaimed_since(const struct reclaim *then);

/* pressure.c */
void pressure_begin(void);
void pressure_end(void);

/* declared.c */
struct declared {
	const char	*id;
	const char	*what;
	const char	*why;
	bool		(*applies)(const struct op *op, const struct result *a,
				   const struct result *b);
	bool		rss;	/* it is about resident bytes in the listing */
};

/* A result that is NULL means that the operation ended that side's actor. */
extern const struct declared declared_differences[];
const struct declared *declared_find(const struct op *op,
				     const struct result *a,
				     const struct result *b);
const struct declared *declared_find_rss(const struct op *op,
					 const struct result *a,
					 const struct result *b);

/* freely.c */
long freely(uint64_t random);

/* lockstep.c */
struct difference {
	int		step;		/* index in the sequence, or its length */
	struct op	op;
	const char	*what;
	char		text[SIDES][TEXT_MAX];
};

struct tally {
	unsigned long	operations;
	unsigned long	processes;
	unsigned long	declared;
	unsigned long	reclaimed;	/* runs in which memory was taken back */
	const char	*seen;		/* the last declared difference */
};

/*
 * At most so many operations are done in one go. With 1, a difference is seen right
 * after the operation that made it.
 */
extern int batch_max;

/* Return: whether there is a difference. If so, @diff describes it. */
bool lockstep(const struct sequence *seq, struct tally *tally,
	      struct difference *diff);
void limit_maps(int maps);
void write_file(const char *path, const char *text);
void actor_post(int which, int slot, const struct op *ops, int n);
bool actor_await(int which, int slot);
void difference_print(FILE *out, const struct difference *diff);

/* statistics.c */
void statistics_add(const struct op *op, const struct result *res);
void statistics_print(void);

/* shrink.c */
void shrink(struct sequence *seq, struct difference *diff);

/* invariants.c */
int invariants(int seconds, uint64_t seed);

/* main.c */
double seconds_now(void);
void die(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#endif /* ORACLE_H */
