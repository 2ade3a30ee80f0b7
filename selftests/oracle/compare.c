// SPDX-License-Identifier: GPL-2.0
/*
 * Compares results and texts. Only two things are not compared as they are:
 *
 * - Times. Both sides do a step within the same thousand seconds, but not in the
 *   same second. So a time is replaced by the beginning of its step. No other
 *   number has a value in that range.
 * - Numbers that depend on which pages are in memory. They can be left out, for
 *   the cases that resident.c and declared.c describe.
 *
 * Pids, ids and addresses are the same on both sides: see oracle.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "oracle.h"

static long normal(long number)
{
	if (number < TIME_BASE || number >= TIME_BASE + 2 * OPS_MAX * TIME_STEP)
		return number;
	return TIME_BASE + (number - TIME_BASE) / TIME_STEP * TIME_STEP;
}

static bool gives_shmid_ds(const struct op *op, const struct result *res)
{
	long cmd = op->arg[1].off;

	return op->code == OP_CTL && res->ret >= 0 &&
	       (cmd == IPC_STAT || cmd == SHM_STAT || cmd == SHM_STAT_ANY) &&
	       res->out_size >= sizeof(struct shmid_ds);
}

static void normalize(const struct op *op, struct result *res)
{
	struct shmid_ds ds;

	if (!gives_shmid_ds(op, res))
		return;
	memcpy(&ds, res->out, sizeof(ds));
	ds.shm_atime = normal(ds.shm_atime);
	ds.shm_dtime = normal(ds.shm_dtime);
	ds.shm_ctime = normal(ds.shm_ctime);
	memcpy(res->out, &ds, sizeof(ds));
}

bool same_result(const struct op *op, const struct result *a,
		 const struct result *b)
{
	struct result left = *a, right = *b;

	if (!memcmp(a, b, sizeof(*a)))
		return true;
	normalize(op, &left);
	normalize(op, &right);
	return !memcmp(&left, &right, sizeof(left));
}

static bool same_number(const char **a, const char **b)
{
	char *a_end, *b_end;
	long left = strtol(*a, &a_end, 10), right = strtol(*b, &b_end, 10);

	*a = a_end;
	*b = b_end;
	return normal(left) == normal(right);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Both texts must end with a byte that is not a digit. */
bool same_text(const char *a, size_t a_size, const char *b, size_t b_size)
{
	const char *a_end = a + a_size;
	bool same = a_size == b_size;

	if (!same || !memcmp(a, b, a_size))
		return same;
	while (same && a < a_end) {
		if (is_digit(*a) && is_digit(*b))
			same = same_number(&a, &b);
		else
			same = *a++ == *b++;
	}
	return same;
}

/* Blank the last two columns, rss and swap. Their width is always the same. */
static void blank_resident(char *text, size_t size)
{
	const size_t width = 2 * 22;
	char *line = text, *end;

	while ((end = memchr(line, '\n', text + size - line))) {
		if ((size_t)(end - line) > width)
			memset(end - width, ' ', width);
		line = end + 1;
	}
}

bool same_but_resident(const char *a, size_t a_size, const char *b,
		       size_t b_size)
{
	static char left[TEXT_MAX], right[TEXT_MAX];

	memcpy(left, a, a_size);
	memcpy(right, b, b_size);
	blank_resident(left, a_size);
	blank_resident(right, b_size);
	return same_text(left, a_size, right, b_size);
}

/* Blank the sums of SHM_INFO, the answer of mincore(), the blocks of a file. */
static void blank_result(const struct op *op, struct result *res)
{
	struct shm_info info;

	if (res->ret < 0)
		return;
	if (op->code == OP_CTL && op->arg[1].off == SHM_INFO) {
		memcpy(&info, res->out, sizeof(info));
		info.shm_rss = 0;
		info.shm_swp = 0;
		memcpy(res->out, &info, sizeof(info));
	} else if (op->code == OP_MINCORE) {
		memset(res->out, 0, sizeof(res->out));
	} else if (op->code == OP_MAPFILE) {
		memset(res->out + MAPFILE_BLOCKS, 0, 4);
	}
}

bool same_result_but_resident(const struct op *op, const struct result *a,
			      const struct result *b)
{
	struct result left = *a, right = *b;

	blank_result(op, &left);
	blank_result(op, &right);
	return same_result(op, &left, &right);
}
