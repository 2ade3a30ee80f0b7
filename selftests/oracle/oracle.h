/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle: the same operations on in-tree shm and on kshm, step by step, and
 * every answer compared. In-tree is the truth.
 *
 *	main.c		options, the run, the verdict
 *	generate.c	a seed becomes a sequence of operations
 *	ops.c		the vocabulary: names of operations, arguments, values
 *	trace.c		a sequence as text, and back
 *	lockstep.c	the controller: one step on both sides, then compare
 *	compare.c	what is equal, and what is taken for equal
 *	resident.c	resident bytes, when the kernel takes memory back
 *	declared.c	differences that are meant
 *	side.c		the processes of a side: manager, actors, fork, exec
 *	execute.c	one operation, in the actor that it is for
 *	beyond.c	operations that in-tree has none of
 *	shrink.c	a failing sequence becomes a short one
 *	statistics.c	how operations ended
 *	freely.c	actors that do as they like, all at once
 *	invariants.c	the controller of those, and what must hold afterwards
 *
 * A side is one implementation and a process tree of its own in new IPC and PID
 * namespaces. Its manager is process 1 there, and starts the first actor. Actors
 * are processes or threads that wait for an operation, do it, and say what
 * happened. All share one region of memory with the controller:
 *
 *	controller --+--> side 0 (in-tree): manager p0, actors p1, p2, ...
 *	             +--> side 1 (kshm):    manager p0, actors p1, p2, ...
 *
 * Nothing is random in a side: no address space randomization, pids count from
 * 1 in each, ids count from 0 in each, and the controller sets the clock. So
 * nearly everything is compared as it is; compare.c tells what is not.
 *
 * To change between processes takes most of the time. So what one actor does in a
 * row it does in one go, and notes what there was to see after each operation.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define PAGE		4096L
#define SIDES		2
#define KSHM		1	/* the side that is not in-tree */
#define ACTORS		32	/* p0 is the manager */
#define SEGMENT_SLOTS	12
#define ADDRESS_SLOTS	24
#define ARGS		6
#define OPS_MAX		1024
#define POISON		0xaa	/* of buffers, so that silence shows */
#define OUT_MAX		160
#define MAPFILE_BLOCKS	20	/* where mapfile's result has the file's blocks */
#define TEXT_MAX	(32 * 1024)
#define CREATED_MAX	4096
#define WRITTEN_MAX	OPS_MAX
#define BATCH		16	/* operations that an actor does in one go */

/*
 * Places in every actor's address space; see side.c. Above the arena is room for
 * the largest attaches.
 */
#define CTL_AT		0x010000000000UL	/* the shared region */
#define DATA_AT		0x020000000000UL	/* buffers: see side.c */
#define DATA_PAGES	3
#define ARENA_AT	0x100000000000UL	/* free, for fixed addresses */
#define ARENA_PAGES	64

/* Time at step n is TIME_BASE + n * TIME_STEP, and a little later. */
#define TIME_BASE	2000000000L
#define TIME_STEP	1000L

/* Places of descriptors in a process, of three kinds; see beyond.c. */
#define SEGMENT_FILES	4
#define OWNERS		2
#define OBJECT_FILES	2

/* Names that there can be. */
#define SEGMENT_NAMES	6
#define OBJECT_NAMES	4

/* A value that may depend on what happened before: base + slot, then + off. */
struct value {
	char		base;	/* 0, 's'egment, 'a'ddress, arena 'm', 'd'ata */
	unsigned char	slot;
	long		off;
};

enum opcode {
	/* what traces can say */
	OP_GET, OP_AT, OP_DT, OP_CTL, OP_SET, OP_CHURN,
	OP_PEEK, OP_POKE, OP_CALL, OP_SUM,
	OP_MMAP, OP_MUNMAP, OP_MPROTECT, OP_MREMAP, OP_REMAP, OP_MADVISE,
	OP_MLOCK, OP_MUNLOCK, OP_MLOCKALL, OP_MUNLOCKALL, OP_MSYNC, OP_MINCORE,
	OP_MBIND, OP_MSEAL, OP_UFFD, OP_FORCE, OP_MAPFILE, OP_READV,
	OP_FORK, OP_THREAD, OP_EXEC, OP_EXIT, OP_KILL,
	OP_SETUID, OP_SETGID, OP_SETGROUPS, OP_KEEPCAPS, OP_CAPDROP,
	OP_RLIMIT, OP_ROOM, OP_MAPROOM, OP_SYSCTL, OP_NEWIPC, OP_NEWUSER,
	OP_CLOSE,
	/* what only kshm has, so what nothing is compared with */
	OP_BEYOND,
	OP_FD = OP_BEYOND, OP_MAPFD, OP_CLOSEFD, OP_WHO, OP_GROW, OP_NAMED,
	OP_OWNER, OP_OPEN, OP_UNLINK,
	OP_WORDS,
	/* what only the controller says */
	OP_LOOK = OP_WORDS, OP_FLAGS, OP_START, OP_WAIT, OP_REAP, OP_FREELY,
	OP_OBJECTS,
	OP_COUNT
};

struct op {
	unsigned char	code;
	unsigned char	actor;
	struct value	arg[ARGS];
};

/* What a side is made of; the same for both. */
struct world {
	bool		userns;
};

struct sequence {
	uint64_t	seed;
	struct world	world;
	int		n;
	struct op	ops[OPS_MAX];
};

/* What an operation did. A negative @ret is an errno. */
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
	int		tid;		/* of a thread; a futex, 0 when it is gone */
	bool		thread;		/* not the first of its process */
	pid_t		pid;		/* 0: gone */
	int		status;		/* if so: as wait() gives it */
	unsigned long	last[2];	/* a fault ended it: where, by whom */
	int		n;		/* operations to do, and done */
	int		done;
	struct op	ops[BATCH];
	struct result	result;
	unsigned long	operations;	/* done freely */
	struct op	doing;		/* the last of those */
	unsigned int	created;	/* segments, and their ids */
	int		ids[CREATED_MAX];
	size_t		maps_size;
	char		maps[TEXT_MAX];
};

/* A page of a segment that was written to, and when: see resident.c. */
struct written {
	int		id;
	long		page;
	long		from, until;	/* counts of operations; -1: it stays */
};

/* What was seen after an operation; texts only where they were looked at. */
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
	long		when;		/* operations done */
	bool		same_ids;	/* in several namespaces */
	bool		resized;	/* files of segments were */
	int		writes;
	struct written	written[WRITTEN_MAX];
	long		listed_when;
	size_t		listing_size;	/* a '\0' follows */
	char		listing[TEXT_MAX];
	struct actor	actor[ACTORS];
};

struct control {
	int		stop;		/* doing freely */
	struct side	side[SIDES];
};

/* ops.c */
enum kind { NUMBER, SEGMENT, ADDRESS, INTO_SEGMENT, INTO_ADDRESS, ACTOR };

struct name {
	const char	*name;
	long		value;
	long		mask;		/* 0: a whole value; else a bit */
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
/* @expects: id of the declared difference that it shows, or empty */
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
unsigned long reclaim_count(void);
bool reclaimed_since(unsigned long count);

/* declared.c */
struct declared {
	const char	*id;
	const char	*what;
	const char	*why;
	bool		(*applies)(const struct op *op, const struct result *a,
				   const struct result *b);
	bool		rss;	/* else: pages in memory, in the listing */
};

/* No result (NULL): that side's actor died of the operation. */
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
	unsigned long	reclaimed;	/* compared while memory was taken back */
	const char	*seen;		/* the declared difference met last */
};

/* How many operations in one go, at most; 1 tells best which of them did it. */
extern int batch_max;

/* Return: whether there is a difference; it is in @diff. */
bool lockstep(const struct sequence *seq, struct tally *tally,
	      struct difference *diff);
void limit_maps(int maps);
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
