/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pool of huge pages for the cases of SHM_HUGETLB. It belongs to the whole system, so
 * no other program may use it meanwhile.
 */
#ifndef KSHM_SELFTESTS_HUGETLB_H
#define KSHM_SELFTESTS_HUGETLB_H

#include "cases.h"

#define POOL		8
#define POOL_SETTING	"/proc/sys/vm/nr_hugepages"
#define GROUP_SETTING	"/proc/sys/vm/hugetlb_shm_group"

/* Bytes of a huge page of the default size. */
static size_t huge;

static inline const char *set_pool(unsigned long pages)
{
	if (write_number(POOL_SETTING, pages))
		return "the kernel has no CONFIG_HUGETLBFS";
	return read_number(POOL_SETTING) < pages ?
	       "no memory is left for huge pages" : NULL;
}

static inline void begin_hugetlb(struct __test_metadata *_metadata,
				 const struct backend *b)
{
	const char *missing;

	begin_case(_metadata, b);
	if (_metadata->exit_code)
		return;
	huge = meminfo("Hugepagesize") << 10;
	write_file("/proc/sys/vm/drop_caches", "3");
	write_file("/proc/sys/vm/compact_memory", "1");
	missing = set_pool(POOL);
	if (missing)
		SKIP(return, "%s", missing);
}

/* All pages are back in the pool once the segments are gone. */
static inline void end_hugetlb(struct __test_metadata *_metadata)
{
	end_case(_metadata);
	EXPECT_EQ(meminfo("HugePages_Total"), meminfo("HugePages_Free"));
	EXPECT_EQ(0, meminfo("HugePages_Rsvd"));
	set_pool(0);
}

static inline unsigned long reserved(void)
{
	return meminfo("HugePages_Rsvd");
}

static inline unsigned long pages_free(void)
{
	return meminfo("HugePages_Free");
}

#endif /* KSHM_SELFTESTS_HUGETLB_H */
