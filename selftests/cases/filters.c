// SPDX-License-Identifier: GPL-2.0
/*
 * filters: rules that a process puts itself under, and whether they reach shared
 * memory. Some reach in-tree shm only; Documentation/security.rst says what reaches
 * kshm in their place.
 */
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "cases.h"

FIXTURE_BOTH(filters);

static bool on_kshm(void)
{
	return backend == &kshm;
}

/*
 * filters: After PR_SET_MDWE an attach that can be written and executed is EACCES,
 * and no attach becomes executable.
 */
TEST_F(filters, mdwe_binds_attach)
{
	int id = make(1);
	char *p;

	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		SKIP(return, "this kernel has no PR_SET_MDWE");
	EXPECT_EQ(-EACCES, at(id, NULL, SHM_EXEC));
	EXPECT_EQ(0, nattch(id));
	EXPECT_LT(0, at(id, NULL, SHM_EXEC | SHM_RDONLY));
	p = attach(id);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, dt(p));
}

/* Puts a filter in front of each system call; false if the kernel can't. */
static bool filter_calls(struct sock_filter *filter, unsigned short len)
{
	struct sock_fprog program = { .len = len, .filter = filter };

	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#define LOAD(field)							\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(kind, value, skipped)					\
	BPF_JUMP(BPF_JMP | BPF_K | (kind), value, 0, skipped)
#define ALLOW	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define NO_SECCOMP	"this kernel has no CONFIG_SECCOMP_FILTER"

/*
 * filters: A seccomp rule on the flag SHM_EXEC of shmat binds in-tree shm; it does
 * not bind kshm, which attaches by an ioctl.
 */
TEST_F(filters, seccomp_rule_on_shmat_binds_in_tree_only)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(BPF_JEQ, SYS_shmat, 3),
		LOAD(args[2]),
		UNLESS(BPF_JSET, SHM_EXEC, 1),
		REFUSE,
		ALLOW,
	};
	int id = make(1);

	if (!filter_calls(filter, ARRAY_SIZE(filter)))
		SKIP(return, NO_SECCOMP);
	EXPECT_EQ(!on_kshm(), at(id, NULL, SHM_EXEC) == -EPERM);
	EXPECT_EQ(on_kshm(), nattch(id));
	attach(id);
}

/* The bits of an ioctl that tell the command, whatever the size of its struct. */
#define COMMAND(number)	((number) & 0xffff)

/*
 * filters: A seccomp rule on the low 16 bits of an ioctl binds kshm: ATTACH with a
 * struct of any size, and EXPLAIN, which runs other commands.
 */
TEST_F(filters, seccomp_rule_on_ioctl_binds_kshm_only)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(BPF_JEQ, SYS_ioctl, 5),
		LOAD(args[1]),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, COMMAND(~0U)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 COMMAND(KSHM_IOC_ATTACH), 1, 0),
		UNLESS(BPF_JEQ, COMMAND(KSHM_IOC_EXPLAIN), 1),
		REFUSE,
		ALLOW,
	};
	struct {
		struct kshm_attach attach;
		uint64_t later;
	} longer = { .later = 0 };
	struct kshm_explain explain = {
		.arg = (uintptr_t)&longer.attach,
		.cmd = KSHM_IOC_ATTACH,
	};
	int id = make(1), dev;

	if (!filter_calls(filter, ARRAY_SIZE(filter)))
		SKIP(return, NO_SECCOMP);
	EXPECT_EQ(on_kshm(), at(id, NULL, 0) == -EPERM);
	EXPECT_EQ(!on_kshm(), nattch(id));
	if (!on_kshm())
		return;
	dev = open_device();
	longer.attach.id = id;
	EXPECT_EQ(-1, ioctl(dev, _IOWR(KSHM_IOC_MAGIC, _IOC_NR(KSHM_IOC_ATTACH),
				       longer), &longer));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ioctl(dev, KSHM_IOC_EXPLAIN, &explain));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, nattch(id));
	close(dev);
}

#define NO_LANDLOCK	"this kernel has no Landlock"

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		       LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

/* Gives up these rights to all files, for good. */
static void give_up(uint64_t rights)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = rights };
	int rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (rules < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, rules, 0))
		die("Landlock: %s", strerror(errno));
	close(rules);
}

/*
 * filters: A program that Landlock forbids to write to files uses in-tree shm; on
 * kshm it gets ENOSYS, since it can't open the device.
 */
TEST_F(filters, landlock_without_the_device_enosys)
{
	char program[PATH_MAX], library[PATH_MAX];
	pid_t pid;

	if (!has_landlock())
		SKIP(return, NO_LANDLOCK);
	path_beside(program, sizeof(program), "sysv_user");
	path_beside(library, sizeof(library), "libkshm-preload.so");
	pid = spawn();
	if (!pid) {
		if (on_kshm())
			setenv("LD_PRELOAD", library, 1);
		give_up(LANDLOCK_ACCESS_FS_WRITE_FILE);
		execl(program, program, "use", NULL);
		die("running %s: %s", program, strerror(errno));
	}
	EXPECT_EQ(on_kshm() ? ENOSYS : 0, reap_program(pid));
}

/*
 * filters: A process that Landlock forbids to make and write files creates no named
 * object in-tree; on kshm it does, if it has opened the device before.
 */
TEST_F(filters, landlock_does_not_bind_named_objects)
{
	int fd;

	if (!has_landlock())
		SKIP(return, NO_LANDLOCK);
	own_shm_mount();
	if (!in_child())
		return;
	give_up(LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_WRITE_FILE);
	fd = backend->open("/a", O_RDWR | O_CREAT, 0600);
	if (on_kshm()) {
		EXPECT_LE(0, fd);
		EXPECT_EQ(0, backend->unlink("/a"));
	} else {
		EXPECT_EQ(-1, fd);
		EXPECT_EQ(EACCES, errno);
	}
	_exit(0);
}

/*
 * filters: If /dev/shm is mounted with noexec, a named object can't be mapped to be
 * executed in-tree; on kshm it can.
 */
TEST_F(filters, noexec_of_dev_shm_does_not_bind_named_objects)
{
	void *p;
	int fd;

	own_shm_mount();
	ASSERT_EQ(0, mount(NULL, "/dev/shm", NULL,
			   MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL));
	fd = backend->open("/a", O_RDWR | O_CREAT, 0600);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	EXPECT_EQ(on_kshm(), p != MAP_FAILED);
	if (p == MAP_FAILED) {
		EXPECT_EQ(EPERM, errno);
	}
	EXPECT_EQ(0, backend->unlink("/a"));
}

TEST_HARNESS_MAIN
