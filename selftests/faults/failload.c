// SPDX-License-Identifier: GPL-2.0
/*
 * Load the module again and again, and let each allocation on the way fail in
 * turn. A load that fails must leave nothing behind; the next one tells. The
 * module is built without tracepoints: the kernel warns where it has no memory
 * to list a module's.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "faults.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT KSHM_TIMEOUT

#define DEVICE	"/dev/kshm"
#define MODULE	"kshm-untraced.ko"

static bool there(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

static int unload(void)
{
	return syscall(SYS_delete_module, "kshm", O_NONBLOCK) ? -errno : 0;
}

/* With the @n-th fault once the file is open. */
static int load(int n, bool *hit)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	arm(n);
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	*hit = disarm();
	close(fd);
	return err;
}

/*
 * failload: A load of the module that finds no memory leaves nothing
 * behind, and a later one succeeds.
 * history: An initialization that failed half-way left a part of it
 * behind.
 */
TEST(load_failed_leaves_nothing)
{
	int n, err, failures = 0;
	bool hit = true;

	if (!faults_begin())
		SKIP(return, "no CONFIG_FAULT_INJECTION in this kernel");
	ASSERT_EQ(0, there(DEVICE) ? unload() : 0) {
		TH_LOG("kshm is in use");
	}
	for (n = 1; hit && n < MOST_FAULTS; n++) {
		err = load(n, &hit);
		failures += !!err;
		ASSERT_TRUE(!err || hit);
		ASSERT_EQ(!err, there(DEVICE));
		ASSERT_EQ(!err, there("/proc/kshm/shm"));
		ASSERT_EQ(!err, there("/sys/module/kshm"));
		if (!err)
			ASSERT_EQ(0, unload());
	}
	TH_LOG("%d places to fail, %d loads failed", n - 2, failures);
	EXPECT_GT(MOST_FAULTS, n);
	EXPECT_LT(0, failures);
}

TEST_HARNESS_MAIN
