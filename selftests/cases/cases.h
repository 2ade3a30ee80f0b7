/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every test program includes this: the harness, and a fixture that runs each
 * case on both backends. Names of cases are object_condition_result.
 */
#ifndef KSHM_SELFTESTS_CASES_H
#define KSHM_SELFTESTS_CASES_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kshm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "backend.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE			65
#define PR_MDWE_REFUSE_EXEC_GAIN	1
#endif

/* No case is about speed: one that takes the time in "settings" hangs. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT KSHM_TIMEOUT

static inline void begin_case(struct __test_metadata *_metadata,
			      const struct backend *b)
{
	const char *missing = backend_begin(b);

	backend_mark(_metadata->name);
	if (missing)
		SKIP(return, "%s", missing);
}

static inline void end_case(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, backend_sweep()) {
		TH_LOG("segments are left although nothing maps them");
	}
}

/* A fixture whose cases run on the backends that are named. */
#define FIXTURE_ON(area)						\
FIXTURE(area) {								\
};									\
FIXTURE_VARIANT(area) {							\
	const struct backend *backend;					\
};									\
FIXTURE_SETUP(area)							\
{									\
	begin_case(_metadata, variant->backend);			\
}									\
FIXTURE_TEARDOWN(area)							\
{									\
	end_case(_metadata);						\
}

#define FIXTURE_BOTH(area)						\
FIXTURE_ON(area)							\
FIXTURE_VARIANT_ADD(area, intree) { .backend = &intree };		\
FIXTURE_VARIANT_ADD(area, kshm) { .backend = &kshm }

#define FIXTURE_KSHM(area)						\
FIXTURE_ON(area)							\
FIXTURE_VARIANT_ADD(area, kshm) { .backend = &kshm }

static inline int open_device(void)
{
	int dev = open("/dev/kshm", O_RDWR | O_CLOEXEC);

	if (dev < 0)
		die("/dev/kshm: %s", strerror(errno));
	return dev;
}

/* Begins a case of kshm; returns a descriptor of the device, -1 to skip. */
static inline int begin_device_case(struct __test_metadata *_metadata)
{
	begin_case(_metadata, &kshm);
	return _metadata->exit_code ? -1 : open_device();
}

/* A fixture for kshm alone, with a descriptor of the device. */
#define FIXTURE_DEVICE(area)						\
FIXTURE(area) {								\
	int dev;							\
};									\
FIXTURE_SETUP(area)							\
{									\
	self->dev = begin_device_case(_metadata);			\
}									\
FIXTURE_TEARDOWN(area)							\
{									\
	close(self->dev);						\
	end_case(_metadata);						\
}

/* Expects INFO to report a feature. */
static inline void expect_feature(struct __test_metadata *_metadata, int dev,
				  unsigned long long feature)
{
	struct kshm_info info = { .flags = 0 };

	ASSERT_EQ(0, ioctl(dev, KSHM_IOC_INFO, &info));
	EXPECT_NE(0, info.features & feature);
}

#endif /* KSHM_SELFTESTS_CASES_H */
