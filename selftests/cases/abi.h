/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the programs about the ioctls: calls, and proof of no change. */
#ifndef KSHM_SELFTESTS_ABI_H
#define KSHM_SELFTESTS_ABI_H

#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "cases.h"

#define OBJECT		"here"

union arg {
	struct kshm_info info;
	struct kshm_get get;
	struct kshm_attach attach;
	struct kshm_detach detach;
	struct kshm_stat stat;
	struct kshm_set set;
	struct kshm_rmid rmid;
	struct kshm_lock lock;
	struct kshm_grow grow;
	struct kshm_get_named get_named;
	struct kshm_explain explain;
	struct kshm_open open;
	struct kshm_unlink unlink;
	struct kshm_fd fd;
	struct kshm_who who;
	unsigned char bytes[512];
};

static inline int call(int dev, unsigned int cmd, void *arg)
{
	return ioctl(dev, cmd, arg) ? -errno : 0;
}

/*
 * A snapshot of all segments and objects, and of what this process has open and
 * mapped.
 */
struct snapshot {
	char listing[4096];
	int attaches;
	int next_fd;
};

static inline void take(struct snapshot *snapshot)
{
	struct mapping maps[8];

	memset(snapshot, 0, sizeof(*snapshot));
	slurp("/proc/kshm/objects", snapshot->listing,
	      sizeof(snapshot->listing));
	snapshot->attaches = mappings(maps, 8);
	snapshot->next_fd = dup(STDOUT_FILENO);
	close(snapshot->next_fd);
}

/* The requests between begin_refusals() and end_refusals() change nothing. */
static struct snapshot before;

static inline void begin_refusals(void)
{
	take(&before);
}

static inline void end_refusals(struct __test_metadata *_metadata)
{
	struct snapshot after;

	take(&after);
	EXPECT_EQ(before.attaches, after.attaches);
	EXPECT_EQ(before.next_fd, after.next_fd);
	EXPECT_STREQ(before.listing, after.listing);
}

#define EXPECT_REFUSED(error, cmd, arg)					\
	EXPECT_EQ(error, call(self->dev, cmd, arg))

#define NO_32_BIT_CALLS	"32-bit calls take x86-64 and CONFIG_IA32_EMULATION"
#define IOCTL_32	54
#define GETPID_32	20
#ifndef MAP_32BIT
#define MAP_32BIT	0
#endif

/* A system call as 32-bit programs make it; x86-64 lets others make it, too. */
static inline long call_32(long nr, long a, long b, long c)
{
	long ret = -ENOSYS;

#ifdef __x86_64__
	asm volatile ("int $0x80"
		      : "=a" (ret)
		      : "a" (nr), "b" (a), "c" (b), "d" (c)
		      : "memory", "r8", "r9", "r10", "r11");
#endif
	return (int)ret;
}

static inline void call_as_32_bits(volatile char *unused)
{
	if (call_32(GETPID_32, 0, 0, 0) != getpid())
		raise(SIGSEGV);
}

static inline bool has_32_bit_calls(void)
{
	return !raises(SIGSEGV, call_as_32_bits, NULL);
}

/* Memory that a 32-bit program could point to. */
static inline void *low_page(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED)
		die("no page below 2 GiB");
	return p;
}

#endif /* KSHM_SELFTESTS_ABI_H */
