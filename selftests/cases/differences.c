// SPDX-License-Identifier: GPL-2.0
/*
 * Differences between kshm and in-tree shm: each case shows what either does. The
 * reasons are in Documentation/differences.rst.
 */
#include <linux/kshm.h>
#include <sys/ptrace.h>

#include "cases.h"

#define MIB		(1UL << 20)

FIXTURE_BOTH(differences);

static bool on_kshm(void)
{
	return backend == &kshm;
}

/*
 * differences: Reading 256 pages in order that are in memory takes less than a
 * tenth as many faults on kshm, and one for each in-tree.
 */
TEST_F(differences, reading_faults_once_for_many_pages)
{
	const size_t pages = 256;
	int id = make(pages);
	long faults;
	char *p;

	p = attach(id);
	memset(p, 1, pages * PAGE);
	detach(p);
	faults = faults_to_read(attach(id), pages);
	if (on_kshm()) {
		EXPECT_LT(faults, pages / 10);
	} else {
		EXPECT_GE(faults, pages);
	}
}

/* differences: After MADV_RANDOM it takes one fault for each page on both. */
TEST_F(differences, reading_at_random_faults_for_each_page)
{
	const size_t pages = 256;
	int id = make(pages);
	char *p;

	p = attach(id);
	memset(p, 1, pages * PAGE);
	detach(p);
	p = attach(id);
	ASSERT_EQ(0, madvise(p, pages * PAGE, MADV_RANDOM));
	EXPECT_GE(faults_to_read(p, pages), pages);
}

/*
 * differences: Creating a segment of SHM_HUGETLB takes room in the caller's address
 * space on kshm. In-tree, only an attach does.
 */
TEST_F(differences, huge_pages_take_address_space)
{
	struct rlimit limit = { 0, RLIM_INFINITY };
	int id;

	ASSERT_EQ(0, write_number("/proc/sys/vm/nr_hugepages", 1));
	if (in_child()) {
		must(!setrlimit(RLIMIT_AS, &limit));
		id = get(IPC_PRIVATE, 1, IPC_CREAT | SHM_HUGETLB | 0600);
		limit.rlim_cur = RLIM_INFINITY;
		must(!setrlimit(RLIMIT_AS, &limit));
		if (on_kshm()) {
			EXPECT_EQ(-ENOMEM, id);
		} else {
			EXPECT_EQ(0, id);
			rmid(id);
		}
		_exit(0);
	}
	ASSERT_EQ(0, write_number("/proc/sys/vm/nr_hugepages", 0));
}

/*
 * differences: kshm does not obey kernel.shm_rmid_forced.
 * history: A creator that left its namespace stayed in a list of the freed
 * one.
 * history: Removing the segments of dead processes removed one that was
 * being attached.
 */
TEST_F(differences, forced_removal_not_obeyed)
{
	int id;

	ASSERT_EQ(0, write_number("/proc/sys/kernel/shm_rmid_forced", 1));
	id = make(1);
	detach(attach(id));
	EXPECT_EQ(on_kshm(), exists(id));
}

/*
 * differences: kshm does not obey kernel.shm_next_id.
 * history: A requested id had an index above the limit.
 */
TEST_F(differences, next_id_not_obeyed)
{
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shm_next_id", 1000));
	EXPECT_EQ(on_kshm() ? 0 : 1000, make(1));
}

#define OVERCOMMIT	"/proc/sys/vm/overcommit_"

/*
 * differences: kshm can't tell overcommit mode 2 where the ratio allows
 * more than all memory, and obeys SHM_NORESERVE there.
 */
TEST_F(differences, overcommit_beyond_memory_not_seen)
{
	unsigned long memory = read_number(OVERCOMMIT "memory");
	unsigned long ratio = read_number(OVERCOMMIT "ratio");
	int id;

	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, write_number(OVERCOMMIT "ratio", 1000));
	EXPECT_EQ(0, write_number(OVERCOMMIT "memory", 2));
	id = get(IPC_PRIVATE, 16 * TIB, SHM_NORESERVE | 0600);
	EXPECT_EQ(0, write_number(OVERCOMMIT "memory", memory));
	EXPECT_EQ(0, write_number(OVERCOMMIT "ratio", ratio));
	EXPECT_EQ(on_kshm() ? 0 : -ENOMEM, id);
}

/*
 * differences: Where the table of files is full, an attach on kshm can use
 * the file that an earlier one left.
 *
 * Root's attach has left its file for that of a user, who can't open a new
 * one.
 */
TEST_F(differences, full_file_table_attach_works)
{
	int id = make_key(KEY, PAGE, 0666);

	detach(attach(id));
	if (in_child_without_files()) {
		EXPECT_EQ(!on_kshm(), at(id, NULL, 0) == -ENFILE);
		_exit(0);
	}
}

/* Files that are open in the whole system. */
static long files_in_use(void)
{
	/* The first of three numbers. */
	return read_number("/proc/sys/fs/file-nr");
}

/*
 * differences: Where the table of files is full, as many attaches can be there
 * at a time on kshm as were there before, but not more than four; in-tree, none
 * can.
 */
TEST_F(differences, full_file_table_four_attaches_work)
{
	int id = make_key(KEY, PAGE, 0666), i;
	char *p[5];

	for (i = 0; i < 5; i++)
		p[i] = attach(id);
	for (i = 0; i < 5; i++)
		detach(p[i]);
	if (in_child_without_files()) {
		for (i = 0; i < 4; i++)
			EXPECT_EQ(!on_kshm(), at(id, NULL, 0) == -ENFILE);
		EXPECT_EQ(-ENFILE, at(id, NULL, 0));
		_exit(0);
	}
}

/* Makes segments, each with four attaches at a time. Returns the files that are kept. */
static long files_kept_for(int segments)
{
	long before = files_in_use();
	char *p[4];
	int i, j, id;

	for (i = 0; i < segments; i++) {
		id = make(1);
		for (j = 0; j < 4; j++)
			p[j] = attach(id);
		for (j = 0; j < 4; j++)
			detach(p[j]);
	}
	/* Each segment has a backing file, in-tree as well. */
	return files_in_use() - before - segments;
}

/*
 * differences: However many segments had four attaches at a time, kshm keeps
 * one file of an attach for each of them, and 4,096 more at most; in-tree
 * keeps none.
 *
 * The kernel's count is exact to a batch for each CPU. The second round shows that the
 * end of a segment gives its files back.
 */
TEST_F(differences, files_of_attaches_are_kept_within_a_limit)
{
	const int many = 1600, slack = 300;
	int round;
	long kept;

	for (round = 0; round < 2; round++) {
		kept = files_kept_for(many);
		if (on_kshm()) {
			EXPECT_LT(many + 4096 - slack, kept);
			EXPECT_GT(many + 4096 + slack, kept);
		} else {
			EXPECT_GT(slack, kept);
		}
		backend_sweep();
	}
}

/*
 * differences: An IPC namespace that nobody is in any more frees its
 * unattached segments on kshm; in-tree they stay while one segment is
 * attached.
 *
 * One segment stays attached; the memory of the other one is watched.
 */
TEST_F(differences, abandoned_namespace_frees_unattached_segments)
{
	unsigned long full;
	char *p;

	p = attach(make(1));
	strcpy(p, "still here");
	p = attach(make(32 * MIB / PAGE));
	memset(p, 1, 32 * MIB);
	detach(p);
	full = meminfo("Shmem");
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	if (on_kshm()) {
		EXPECT_TRUE(shmem_falls_below(full - 24 * 1024, 60));
	} else {
		EXPECT_FALSE(shmem_falls_below(full - 24 * 1024, 2));
	}
}

/*
 * differences: SHM_REMAP over memory that is registered with userfaultfd is
 * reported to its reader on kshm, and the attach waits for that reader.
 */
TEST_F(differences, remap_over_watched_memory_is_reported)
{
	int id = make(1), socket;
	pid_t pid;
	char *p;

	if (!userfaultfd_has(0))
		SKIP(return, "this kernel has no CONFIG_USERFAULTFD");
	pid = spawn_with_socket(&socket);
	if (!pid) {
		p = fill_page(free_range(1), 'x');
		send_fd(socket, watch_unmapping(p, 1, 0));
		EXPECT_EQ((uintptr_t)p, at(id, p, SHM_REMAP));
		_exit(0);
	}
	EXPECT_EQ(on_kshm(), count_reports(socket));
	reap(pid);
}

static int stat_into(void *buf)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	kill(getpid(), SIGSTOP);
	must(!ctl(make(1), IPC_STAT, buf));
	_exit(0);
}

/* Follows the child to the end of the call that has @number. */
static void follow_to_end_of(struct __test_metadata *_metadata, pid_t pid,
			     unsigned long number, unsigned long command)
{
	struct __ptrace_syscall_info info = { 0 };
	bool inside;

	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, pid, 0,
			    PTRACE_O_TRACESYSGOOD));
	do {
		inside = info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			 info.entry.nr == number &&
			 info.entry.args[1] == command;
		ASSERT_EQ(0, ptrace(PTRACE_SYSCALL, pid, 0, 0));
		wait_stopped(pid);
		ASSERT_LT(0, ptrace(PTRACE_GET_SYSCALL_INFO, pid,
				    sizeof(info), &info));
	} while (!inside);
}

/*
 * differences: A buffer that is unmapped during the call is SIGSEGV on
 * kshm, since the library fills it.
 *
 * A process that shares the memory stands in for a thread.
 */
TEST_F(differences, buffer_taken_away_is_a_signal)
{
	static char stack[32 * 1024] __attribute__((aligned(16)));
	char *buf = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	pid = clone(stat_into, stack + sizeof(stack), CLONE_VM | SIGCHLD, buf);
	EXPECT_EQ(SIGSTOP, wait_stopped(pid));
	if (on_kshm())
		follow_to_end_of(_metadata, pid, SYS_ioctl, KSHM_IOC_STAT);
	else
		follow_to_end_of(_metadata, pid, SYS_shmctl, IPC_STAT);
	munmap(buf, PAGE);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, pid, 0, 0));
	if (on_kshm()) {
		EXPECT_EQ(SIGSEGV, wait_stopped(pid));
		kill_child(pid);
	} else {
		reap(pid);
	}
}

/* The rest is about named objects. */
static int open_object(const char *name, int flags)
{
	int fd = backend->open(name, flags, 0666);

	return fd == -1 ? -errno : fd;
}

static int unlink_object(const char *name)
{
	return backend->unlink(name) ? -errno : 0;
}

static int make_object(const char *name)
{
	int fd = open_object(name, O_RDWR | O_CREAT | O_EXCL);

	if (fd < 0)
		die("creating %s: %s", name, strerror(-fd));
	return fd;
}

/* differences: A named object of kshm has no path in /dev/shm. */
TEST_F(differences, named_object_is_in_no_directory)
{
	char path[64], target[64] = "";
	int fd;

	own_shm_mount();
	fd = make_object("/a");
	EXPECT_EQ(on_kshm() ? -1 : 0, access("/dev/shm/a", F_OK));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_LT(0, readlink(path, target, sizeof(target) - 1));
	EXPECT_STREQ(on_kshm() ? "/kshm:a (deleted)" : "/dev/shm/a", target);
}

/*
 * differences: A named object of kshm is not bound by the size of
 * /dev/shm.
 */
TEST_F(differences, named_object_not_bound_by_the_mount)
{
	int fd;

	own_shm_mount();
	fd = make_object("/a");
	EXPECT_EQ(on_kshm() ? 0 : ENOSPC, posix_fallocate(fd, 0, 4 * MIB));
}

/*
 * differences: A namespace can have as many named objects of kshm as
 * shmmni says.
 */
TEST_F(differences, named_objects_as_many_as_shmmni)
{
	own_shm_mount();
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", 1));
	make_object("/a");
	EXPECT_EQ(on_kshm(), open_object("/b", O_RDWR | O_CREAT) == -ENOSPC);
}

/*
 * differences: A name that is too long is ENAMETOOLONG on kshm, however
 * long it is.
 */
TEST_F(differences, object_name_of_any_length_enametoolong)
{
	char name[5000];
	int ret;

	own_shm_mount();
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ret = open_object(name, O_RDWR | O_CREAT);
	/* Debian 12's glibc says EINVAL, that of Debian 13 ENAMETOOLONG. */
	EXPECT_TRUE(ret == -ENAMETOOLONG || (!on_kshm() && ret == -EINVAL));
	EXPECT_EQ(on_kshm() ? -ENAMETOOLONG : -ENOENT, unlink_object(name));
}

/* differences: The names "." and ".." are EINVAL on kshm. */
TEST_F(differences, object_names_of_dots_are_no_directories)
{
	own_shm_mount();
	EXPECT_EQ(on_kshm(), open_object(".", O_RDONLY) == -EINVAL);
	EXPECT_EQ(on_kshm(), open_object("/..", O_RDONLY) == -EINVAL);
	EXPECT_EQ(on_kshm() ? -ENOENT : -EISDIR, unlink_object("/."));
}

/*
 * differences: Open flags that POSIX does not name for shm_open are
 * ignored on kshm.
 */
TEST_F(differences, object_flags_beyond_posix_ignored)
{
	int fd;

	own_shm_mount();
	fd = open_object("/a", O_RDWR | O_CREAT | O_SYNC);
	EXPECT_EQ(on_kshm() ? 0 : O_SYNC, fcntl(fd, F_GETFL) & O_SYNC);
	fd = open_object("/a", O_RDONLY | O_DIRECTORY);
	EXPECT_EQ(on_kshm() ? 0 : -ENOTDIR, fd < 0 ? fd : 0);
	EXPECT_EQ(on_kshm(), open_object("/a", O_ACCMODE) == -EINVAL);
}

/*
 * differences: A missing name is ENOENT on kshm even where the table of
 * files is full.
 */
TEST_F(differences, object_absent_told_before_full_file_table)
{
	own_shm_mount();
	if (in_child_without_files()) {
		EXPECT_EQ(on_kshm() ? -ENOENT : -ENFILE,
			  open_object("/a", O_RDWR));
		_exit(0);
	}
}

/* differences: kshm does not obey fs.protected_regular. */
TEST_F(differences, protected_regular_not_obeyed)
{
	const char *path = "/proc/sys/fs/protected_regular";
	unsigned long old = read_number(path);
	int fd;

	own_shm_mount();
	fd = make_object("/a");
	ASSERT_EQ(0, fchown(fd, BOB, GUESTS));
	ASSERT_EQ(0, write_number(path, 1));
	fd = open_object("/a", O_RDWR | O_CREAT);
	EXPECT_EQ(0, write_number(path, old));
	EXPECT_EQ(on_kshm() ? 0 : -EACCES, fd < 0 ? fd : 0);
}

TEST_HARNESS_MAIN
