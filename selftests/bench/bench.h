/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bench measures kshm and in-tree shm in turn, and prints what it saw:
 *
 *	@sample ROW SIZE FIGURE SIDE ROUND VALUE
 *
 * Medians, ratios and goals are the host's business (the script bench).
 *
 * A row runs like this, so that a disturbance of one side is also one of the other:
 *
 *	for each size:
 *		prepare in-tree, prepare kshm		(grows to that size)
 *		for each round:
 *			run in-tree, run kshm
 *	clean up in-tree, clean up kshm
 */
#ifndef KSHM_BENCH_H
#define KSHM_BENCH_H

#include "backend.h"

#define MOST_SEGMENTS	32000
#define MOST_REPEATS	101
#define MOST_CPUS	4

/* The unit of the clock: instructions under icount, else nanoseconds. */
enum mode { COUNT = 1, TIME = 2 };

/* One of the compared sides, and the segments that a row has set up there. */
struct side {
	const char		*name;
	const struct backend	*calls;
	int			segments;
	int			ids[MOST_SEGMENTS];
	int			attaches;
	char			*addrs[MOST_SEGMENTS];
	int			probe;	/* a segment besides those */
	int			huge;	/* another one, with huge pages */
};

/*
 * struct row - something to measure
 * @name:	of the row, for the command line and for samples
 * @modes:	where it makes sense
 * @sizes:	how many of something there are, ascending; 0 ends the list
 * @floor:	plain memfd is measured besides
 * @prepare:	makes it that many; NULL for nothing to do
 * @run:	one round: calls sample() once for each figure
 * @cleanup:	removes all that there is
 */
struct row {
	const char	*name;
	int		modes;
	const int	*sizes;
	bool		floor;
	void		(*prepare)(struct side *side, int size);
	void		(*run)(struct side *side, int size);
	void		(*cleanup)(struct side *side);
};

/* calls.c and others: the rows; each table ends in one without a name. */
extern const struct row calls_rows[];
extern const struct row pages_rows[];
extern const struct row cpus_rows[];
extern const struct row users_rows[];
extern const struct row switch_rows[];

/* calls.c: measures each call, or fork and exit; the samples are @as's. */
void run_calls_as(struct side *side, const struct side *as);
void run_fork_as(struct side *side, const struct side *as);

/* switch.c: lets the system calls lead to kshm. */
void switch_on(void);
void switch_off(void);

/*
 * cpus.c: the time that a turn of @turn takes while another process does @other again
 * and again; NULL for nobody. Each has a CPU of its own. Their first turns don't count.
 */
double first_does(struct side *side, void (*turn)(struct side *side, int worker),
		  void (*other)(struct side *side, int worker));

/* main.c */
extern enum mode mode;
extern int cpus;
void sample(const struct side *side, const char *figure, double value);

/* clock.c: values of one figure, of which the median counts. */
struct series {
	double	values[MOST_REPEATS];
	int	count;
};

void clock_init(void);
double now(void);
/* Add the time between two calls of now(), without the cost of the calls. */
void add(struct series *series, double begin, double end);
double median(struct series *series);
/* Before something is measured: lets the background finish. */
void settle(void);
/* Once, before anything is counted. */
void settle_boot(void);
/* The median of an operation that is done again and again. */
double cost(void (*op)(struct side *side), struct side *side);

/* profile.c: calls between marks, for the script profile. */
void profile(struct side *side);
void profile_done(void);

/* sides.c */
extern const struct backend bare;
/* With flags of kshm's own: KSHM_GET_*, KSHM_ATTACH_*. */
int bare_new_segment(size_t size, unsigned int flags);
char *bare_attached(int id, unsigned int flags);
void add_segments(struct side *side, int wanted, size_t size);
void remove_segments(struct side *side);
void add_attaches(struct side *side, int wanted, bool same);
void remove_attaches(struct side *side);
int new_segment(struct side *side, size_t size);
char *attached(struct side *side, int id);
void detached(struct side *side, char *addr);
void removed(struct side *side, int id);

#endif /* KSHM_BENCH_H */
