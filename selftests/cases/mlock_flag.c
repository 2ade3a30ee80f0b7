// SPDX-License-Identifier: GPL-2.0
/* The flag by which SHM_LOCK keeps shmem from writing pages to swap. */
#include <sys/mman.h>

#include "cases.h"

FIXTURE_KSHM(mlock_flag);

/*
 * A probe that shows the memory before a struct address_space, in which shmem has
 * its own flags of the inode. The hole that MADV_REMOVE punches runs into it.
 */
#define TRACING		"/sys/kernel/tracing/"
#define PROBE		"kshm_mlock"
#define PROBES		TRACING "events/" PROBE "/"
#define WORDS		192
#define DEFINITION	"p:" PROBE "/look unmap_mapping_range"		\
			" a=-1536($arg1):x64[64] b=-1024($arg1):x64[64]"	\
			" c=-512($arg1):x64[64]"

struct words {
	uint64_t word[WORDS];
};

static bool probe_begins(void)
{
	char filter[64];

	trace_without_names();
	snprintf(filter, sizeof(filter), "common_pid == %d", getpid());
	return !write_file(TRACING "kprobe_events", DEFINITION) &&
	       !write_file(PROBES "look/filter", filter) &&
	       !write_file(PROBES "enable", "1");
}

static void probe_ends(void)
{
	must(!write_file(PROBES "enable", "0"));
	must(!write_file(TRACING "kprobe_events", "-:" PROBE "/look"));
}

/* The last one is of the hole; emptying the trace runs into the probe, too. */
static char *last_event(char *text)
{
	char *event = NULL;

	while ((text = strstr(text, "look: ")))
		event = text++;
	must(event);
	return event;
}

static struct words look(char *p)
{
	static char text[64 * 1024];
	struct words words;
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC);
	char *next;
	int i;

	must(fd >= 0);
	close(fd);
	must(!madvise(p, PAGE, MADV_REMOVE));
	slurp(TRACING "trace", text, sizeof(text));
	next = strstr(last_event(text), "{0x");
	for (i = 0; i < WORDS; i++) {
		must(next);
		words.word[i] = strtoull(next + 1, &next, 16);
		/* From one word to the next, and from one array to the next. */
		next = *next == ',' ? next : strstr(next, "{0x");
	}
	return words;
}

/*
 * Which bits are set whenever a segment is locked, and never when it is not? Other
 * bits change, too: each hole changes the inode's times and version. So this looks
 * many times, and in steps of three, which no counter follows.
 */
static struct words bits_of_lock(void)
{
	struct words bits, now;
	int id = make(1), i, times;
	char *p = attach(id);

	memset(&bits, 0xff, sizeof(bits));
	for (times = 0; times < 24; times++) {
		now = look(p);
		for (i = 0; i < WORDS; i++)
			bits.word[i] &= ~now.word[i];
		if (times % 2)
			continue;
		must(!ctl(id, SHM_LOCK, NULL));
		now = look(p);
		for (i = 0; i < WORDS; i++)
			bits.word[i] &= now.word[i];
		must(!ctl(id, SHM_UNLOCK, NULL));
	}
	detach(p);
	rmid(id);
	return bits;
}

/*
 * mlock_flag: Locking sets the same flag of the inode as in-tree, and
 * unlocking clears it.
 * history: Linux 6.19 changed the flag's value, and the old one still
 * compiled.
 */
TEST_F(mlock_flag, same_as_in_tree)
{
	struct words none = { { 0 } }, mine, its;

	if (access(intree.listing, F_OK))
		SKIP(return, "this kernel has no CONFIG_SYSVIPC");
	if (access(TRACING "kprobe_events", W_OK))
		SKIP(return, "this kernel has no CONFIG_KPROBE_EVENTS");
	ASSERT_TRUE(probe_begins());
	mine = bits_of_lock();
	backend = &intree;
	its = bits_of_lock();
	backend = &kshm;
	probe_ends();
	EXPECT_NE(0, memcmp(&its, &none, sizeof(its)));
	EXPECT_EQ(0, memcmp(&its, &mine, sizeof(its)));
}

TEST_HARNESS_MAIN
