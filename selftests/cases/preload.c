// SPDX-License-Identifier: GPL-2.0
/* Programs that know nothing of kshm and are preloaded with its library. */
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cases.h"

FIXTURE_KSHM(preload);

/* Runs a program with these steps. Returns its exit status. */
static int run_user(const char *name, const char *const *steps)
{
	char program[PATH_MAX], library[PATH_MAX];
	const char *args[8] = { name };
	pid_t pid;
	int i;

	path_beside(program, sizeof(program), name);
	path_beside(library, sizeof(library), "libkshm-preload.so");
	for (i = 0; steps[i]; i++)
		args[i + 1] = steps[i];
	pid = spawn();
	if (!pid) {
		setenv("LD_PRELOAD", library, 1);
		execv(program, (char *const *)args);
		die("running %s: %s", program, strerror(errno));
	}
	return reap_program(pid);
}

#define RUN_USER(...)	\
	run_user("sysv_user", (const char *const[]){ __VA_ARGS__, NULL })

/* The program succeeded, and its segment is in kshm. */
#define EXPECT_USED(...) do {						\
	EXPECT_EQ(0, RUN_USER(__VA_ARGS__));				\
	EXPECT_EQ(0, get(KEY, 4096, 0));				\
	EXPECT_EQ(0, nattch(0));					\
	EXPECT_STREQ("a program was here", attach(0));			\
} while (0)

/* preload: A program that is preloaded with the library uses kshm. */
TEST_F(preload, program_uses_kshm)
{
	EXPECT_USED("use");
}

/* preload: A preloaded program leaves nothing in-tree. */
TEST_F(preload, program_does_not_use_in_tree)
{
	struct line line;

	if (access(intree.listing, F_OK))
		SKIP(return, "this kernel has no CONFIG_SYSVIPC");
	EXPECT_USED("use");
	backend = &intree;
	EXPECT_EQ(0, listing_read(&line, 1));
	backend = &kshm;
}

/* preload: A static program stays on in-tree shm. */
TEST_F(preload, static_program_stays_in_tree)
{
	const char *const steps[] = { "use", NULL };
	struct line line;
	int id;

	if (access(intree.listing, F_OK))
		SKIP(return, "this kernel has no CONFIG_SYSVIPC");
	EXPECT_EQ(0, run_user("sysv_user_static", steps));
	EXPECT_EQ(0, listing_read(&line, 1));
	backend = &intree;
	id = get(KEY, 4096, 0);
	EXPECT_LE(0, id);
	EXPECT_EQ(0, ctl(id, IPC_RMID, NULL));
	backend = &kshm;
}

/* The named object that the preloaded program has left. */
static void expect_object(struct __test_metadata *_metadata,
			  const struct backend *b)
{
	int fd = b->open("/preloaded", O_RDWR, 0);

	ASSERT_LE(0, fd);
	EXPECT_STREQ("a program was here", mmap(NULL, PAGE, PROT_READ,
						MAP_SHARED, fd, 0));
	close(fd);
	EXPECT_EQ(0, b->unlink("/preloaded"));
}

/* preload: A preloaded program has its named objects on kshm. */
TEST_F(preload, program_uses_named_objects_of_kshm)
{
	own_shm_mount();
	EXPECT_EQ(0, RUN_USER("object", "close-all", "object", "user"));
	EXPECT_EQ(-1, access("/dev/shm/preloaded", F_OK));
	expect_object(_metadata, &kshm);
}

/* The file system of a new object, or of the one that the program has left. */
static dev_t object_device(const char *name)
{
	int fd = kshm.open(name, O_RDWR | O_CREAT, 0600);
	struct stat st;

	must(fd >= 0 && !fstat(fd, &st));
	close(fd);
	must(!kshm.unlink(name));
	return st.st_dev;
}

/*
 * preload: With KSHM_HUGE=1 what a preloaded program creates can have huge
 * pages, and without it what it creates has small ones.
 *
 * Objects with huge pages are in another file system.
 */
TEST_F(preload, program_asks_for_huge_pages_by_environment)
{
	struct kshm_info info = { .flags = 0 };
	struct kshm_stat st = { .id = 0 };
	int dev = open_device();

	ASSERT_EQ(0, ioctl(dev, KSHM_IOC_INFO, &info));
	if (!(info.features & KSHM_FEATURE_HUGE))
		SKIP(return, "this machine has no huge pages");
	EXPECT_USED("use", "object");
	ASSERT_EQ(0, ioctl(dev, KSHM_IOC_STAT, &st));
	EXPECT_EQ(0, st.state);
	EXPECT_EQ(object_device("/plain"), object_device("/preloaded"));
	backend_sweep();
	setenv("KSHM_HUGE", "1", 1);
	EXPECT_EQ(0, RUN_USER("use", "object"));
	st.id = get(KEY, 4096, 0);
	ASSERT_EQ(0, ioctl(dev, KSHM_IOC_STAT, &st));
	EXPECT_EQ(KSHM_STATE_HUGE, st.state);
	EXPECT_NE(object_device("/plain"), object_device("/preloaded"));
	unsetenv("KSHM_HUGE");
	close(dev);
}

/* preload: A static program has its named objects in-tree. */
TEST_F(preload, static_program_has_named_objects_in_tree)
{
	const char *const steps[] = { "object", NULL };

	own_shm_mount();
	EXPECT_EQ(0, run_user("sysv_user_static", steps));
	expect_object(_metadata, &intree);
	EXPECT_EQ(-1, kshm.open("/preloaded", O_RDWR, 0));
	EXPECT_EQ(ENOENT, errno);
}

/* preload: With KSHM_DEBUG a preloaded program's failures are told. */
TEST_F(preload, program_with_debug_is_told_why)
{
	int told = memfd_create("told", 0), old = dup(STDERR_FILENO), status;
	char said[256] = "", wanted[256];

	setenv("KSHM_DEBUG", "1", 1);
	ASSERT_EQ(STDERR_FILENO, dup2(told, STDERR_FILENO));
	status = RUN_USER("use", "object");
	ASSERT_EQ(STDERR_FILENO, dup2(old, STDERR_FILENO));
	EXPECT_EQ(0, status);
	EXPECT_LT(0, pread(told, said, sizeof(said) - 1, 0));
	snprintf(wanted, sizeof(wanted),
		 "kshm: shmdt: EINVAL: the address isn't aligned: 0x1 to %zu bytes\n"
		 "kshm: shm_unlink: ENOENT: nothing has that name\n", PAGE);
	EXPECT_STREQ(wanted, said);
	EXPECT_EQ(0, kshm.unlink("/preloaded"));
}

/* preload: A preloaded program may close all descriptors. */
TEST_F(preload, program_closes_all)
{
	EXPECT_USED("use", "close-all", "use", "close-all", "use");
}

/* preload: A preloaded program may put other files under all numbers. */
TEST_F(preload, program_takes_numbers)
{
	EXPECT_USED("use", "take-numbers", "use", "take-numbers", "use");
}

/* preload: A preloaded program may fork. */
TEST_F(preload, program_forks)
{
	EXPECT_USED("fork", "close-all", "fork");
}

/* preload: A preloaded program may have threads. */
TEST_F(preload, program_has_threads)
{
	EXPECT_USED("threads", "close-all", "threads");
}

/* preload: A preloaded program may change its root and its user. */
TEST_F(preload, program_changes_root_and_user)
{
	EXPECT_USED("chroot", "user", "use");
}

/* preload: A preloaded program may change its root before its first call. */
TEST_F(preload, program_changes_root_before_first_use)
{
	EXPECT_USED("chroot", "use");
}

/*
 * preload: A preloaded program may change its user and close all
 * descriptors.
 */
TEST_F(preload, program_changes_user_and_closes_all)
{
	EXPECT_USED("user", "close-all", "use");
}

/* preload: A preloaded program may have no descriptor free. */
TEST_F(preload, program_has_no_descriptor_free)
{
	EXPECT_USED("no-descriptors", "use");
}

/*
 * preload: A preloaded program that has closed the descriptor and has none
 * free gets ENOMEM.
 */
TEST_F(preload, program_lost_it_and_none_is_free_enomem)
{
	EXPECT_EQ(ENOMEM, RUN_USER("close-all", "no-descriptors", "use"));
}

/*
 * preload: A preloaded program that has closed the descriptor and changed
 * its root gets ENOSYS.
 */
TEST_F(preload, program_lost_it_and_root_enosys)
{
	EXPECT_EQ(ENOSYS, RUN_USER("close-all", "chroot", "use"));
}

TEST_HARNESS_MAIN
