// SPDX-License-Identifier: GPL-2.0
/*
 * Resident bytes, when the kernel takes memory back.
 *
 * A page of a segment that was only read is clean: the kernel may drop it at any
 * time, and does so when memory is short or when somebody asks it to. A page that
 * was written to stays until it is swapped out, and then counts as swapped. So
 * there are two cases:
 *
 * - The kernel has dropped no page since the sequence began. Then both sides have
 *   the same pages in memory, and all that is compared is compared exactly.
 * - It may have dropped some. Then each segment has, on each side, at least those
 *   pages that were written to, and at most as many as its size allows.
 *
 * Two counts tell which case it is. /proc/vmstat has the pages that the kernel has
 * looked at to take them back; it counts a page before it drops it. And pressure.c,
 * the only program in the guest that writes to drop_caches, counts before it does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "oracle.h"

#define VMSTAT_MAX	(16 * 1024)
#define LINE_FORMAT	"%*d %d %*o %lu %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu %lu"

/* ----- what was written to, as the sides note it ----- */

static struct written *find_written(int id, long page)
{
	struct written *one = my_side->written;

	for (; one < my_side->written + my_side->writes; one++)
		if (one->id == id && one->page == page && one->until < 0)
			return one;
	return NULL;
}

static void add_written(int id, long page)
{
	struct written *one = &my_side->written[my_side->writes];

	if (my_side->writes == WRITTEN_MAX || find_written(id, page))
		return;
	*one = (struct written){
		.id = id, .page = page, .from = my_side->when, .until = -1,
	};
	my_side->writes++;
}

static void forget_written(void)
{
	int i;

	for (i = 0; i < my_side->writes; i++)
		if (my_side->written[i].until < 0)
			my_side->written[i].until = my_side->when;
}

/*
 * To be called after each operation. If it is not certain which pages stay, all
 * are forgotten: the bound is lower then, and still holds. Another IPC
 * namespace has segments with the same ids, which mappings do not tell apart.
 */
void note_written(const struct op *op, unsigned long addr, long ret)
{
	struct mapped mapped;

	/* The manager may be at work, too. */
	__atomic_add_fetch(&my_side->when, 1, __ATOMIC_RELAXED);
	if (op->code == OP_NEWIPC && !ret)
		my_side->same_ids = true;
	if (op->code == OP_MAPFILE && op->arg[1].off >= 0)
		my_side->resized = true;
	if ((op->code == OP_NEWIPC && !ret) || op->code == OP_MAPFILE ||
	    (op->code == OP_MADVISE && op->arg[2].off == MADV_REMOVE))
		forget_written();
	if (((op->code == OP_POKE && !ret) ||
	     (op->code == OP_FORCE && ret == 1)) &&
	    !my_side->same_ids && find_mapped(addr, &mapped))
		add_written(mapped.id, (addr - mapped.start + mapped.offset) /
				       PAGE);
}

/* ----- what the controller makes of it ----- */

/* At the time of the listing that is looked at. */
static unsigned long count_written(const struct side *side, int id)
{
	const struct written *one = side->written;
	unsigned long n = 0;

	for (; one < side->written + side->writes; one++)
		n += one->id == id && one->from <= side->listed_when &&
		     (one->until < 0 || one->until > side->listed_when);
	return n;
}

static unsigned long to_pages(unsigned long bytes)
{
	return bytes / PAGE + !!(bytes % PAGE);
}

/* Each segment of the listing has the pages written to, and no more than fit. */
bool listing_holds_written(const struct side *side)
{
	unsigned long size, resident, swapped, pages;
	const char *line = side->listing;
	int id;

	while ((line = strchr(line, '\n')) && *++line) {
		if (sscanf(line, LINE_FORMAT, &id, &size, &resident,
			   &swapped) != 4)
			return false;
		pages = to_pages(resident) + to_pages(swapped);
		if (pages < count_written(side, id) ||
		    (pages > to_pages(size) && !side->resized))
			return false;
	}
	return true;
}

/* The sums of SHM_INFO are at least those of what is listed. */
static bool sums_hold_written(const struct side *side,
			      const struct result *res)
{
	const char *line = side->listing;
	struct shm_info info;
	unsigned long n = 0;
	int id;

	memcpy(&info, res->out, sizeof(info));
	while ((line = strchr(line, '\n')) && *++line)
		if (sscanf(line, "%*d %d", &id) == 1)
			n += count_written(side, id);
	return info.shm_rss + info.shm_swp >= n &&
	       (info.shm_rss + info.shm_swp <= info.shm_tot || side->resized);
}

bool result_holds_written(const struct side *side, const struct op *op,
			  const struct result *res)
{
	return op->code != OP_CTL || op->arg[1].off != SHM_INFO ||
	       sums_hold_written(side, res);
}

/* Reclaim counts pages as pgscan_kswapd, pgscan_direct, and so on. */
struct reclaim reclaim_now(void)
{
	static char text[VMSTAT_MAX];
	struct reclaim now = {
		.drops_ended = __atomic_load_n(&control->drops_ended,
					       __ATOMIC_SEQ_CST),
	};
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	const char *line = text;

	if (fd < 0)
		die("/proc/vmstat cannot be read: %s", strerror(errno));
	text[read_whole(fd, text, sizeof(text) - 1)] = '\0';
	close(fd);
	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "pgscan_", strlen("pgscan_")))
			now.scanned += strtoul(strchrnul(line, ' '), NULL, 10);
	}
	return now;
}

bool reclaimed_since(const struct reclaim *then)
{
	return reclaim_now().scanned != then->scanned ||
	       __atomic_load_n(&control->drops_begun, __ATOMIC_SEQ_CST) !=
	       then->drops_ended;
}
