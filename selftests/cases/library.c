// SPDX-License-Identifier: GPL-2.0
/* The library: its descriptor, its errors and their reasons, and its names. */
#include <linux/elf.h>
#include <linux/kshm.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cases.h"
#include "kshm.h"

FIXTURE_KSHM(library);

static int descriptors(void)
{
	int fds[8];

	return device_descriptors(fds, 8);
}

static int descriptor(void)
{
	int fd;

	return device_descriptors(&fd, 1) ? fd : -1;
}

/* Makes each call once, and checks its result. */
static void expect_works(struct __test_metadata *_metadata)
{
	struct shmid_ds ds;
	int id = get(KEY, PAGE, IPC_CREAT | 0600);
	char *p;

	EXPECT_LE(0, id);
	EXPECT_EQ(-ENOENT, get(KEY + 1, PAGE, 0));
	p = attach(id);
	EXPECT_EQ(0, ctl(id, IPC_STAT, &ds));
	EXPECT_EQ(PAGE, ds.shm_segsz);
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(-EINVAL, dt(p));
}

/*
 * library: The library has one descriptor, with a high number, that is
 * closed on exec.
 */
TEST_F(library, descriptor_one_high_and_closed_on_exec)
{
	int fd = descriptor();

	EXPECT_LE(100, fd);
	EXPECT_EQ(1, descriptors());
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	expect_works(_metadata);
	EXPECT_EQ(fd, descriptor());
	EXPECT_EQ(1, descriptors());
}

/* Makes each call right after the program has lost the descriptor. */
static void expect_each_call_survives(struct __test_metadata *_metadata,
				      void (*lose)(void))
{
	struct shmid_ds ds;
	char *p;

	lose();
	EXPECT_EQ(0, get(KEY, PAGE, IPC_CREAT | 0600));
	lose();
	EXPECT_EQ(-EEXIST, get(KEY, PAGE, IPC_CREAT | IPC_EXCL));
	lose();
	p = attach(0);
	lose();
	EXPECT_EQ(-EINVAL, at(0, p, 0));
	lose();
	EXPECT_EQ(0, dt(p));
	lose();
	EXPECT_EQ(-EINVAL, dt(p));
	lose();
	EXPECT_EQ(0, ctl(0, IPC_STAT, &ds));
	EXPECT_EQ(0, ds.shm_nattch);
	lose();
	EXPECT_EQ(0, ctl(0, SHM_INFO, &ds));
	lose();
	EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
	lose();
	EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
	lose();
	EXPECT_EQ(0, ctl(0, IPC_RMID, NULL));
	lose();
	EXPECT_EQ(-EINVAL, ctl(0, IPC_RMID, NULL));
	lose();
	EXPECT_LE(0, kshm.open("/a", O_RDWR | O_CREAT | O_EXCL, 0600));
	lose();
	EXPECT_EQ(0, kshm.unlink("/a"));
}

static void close_it(void)
{
	close(descriptor());
}

/*
 * library: Each call opens the device again when a program has closed the
 * descriptor.
 */
TEST_F(library, descriptor_closed_opened_again)
{
	expect_each_call_survives(_metadata, close_it);
	EXPECT_EQ(1, descriptors());
}

static void close_all(void)
{
	if (syscall(SYS_close_range, 3, ~0U, 0))
		die("close_range: %s", strerror(errno));
}

/*
 * library: Each call opens the device again when a program has closed all
 * descriptors.
 */
TEST_F(library, descriptors_all_closed_opened_again)
{
	expect_each_call_survives(_metadata, close_all);
	EXPECT_EQ(1, descriptors());
}

static int stranger = -1;

/* Puts another file under the number of the library's descriptor. */
static void take_number(void)
{
	int fd = descriptor();

	if (fd >= 0 && dup2(stranger, fd) != fd)
		die("dup2: %s", strerror(errno));
}

static void expect_stranger_harmless(struct __test_metadata *_metadata)
{
	struct stat before, after;
	int fd = descriptor();

	ASSERT_LE(0, stranger);
	ASSERT_EQ(0, fstat(stranger, &before));
	expect_each_call_survives(_metadata, take_number);
	EXPECT_EQ(0, fstat(fd, &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	EXPECT_EQ(before.st_dev, after.st_dev);
	EXPECT_EQ(before.st_size, after.st_size);
}

/*
 * library: A file that took the descriptor's number is not touched, and
 * each call works.
 */
TEST_F(library, number_taken_by_regular_file)
{
	stranger = memfd_create("stranger", 0);
	expect_stranger_harmless(_metadata);
}

/*
 * library: A pipe that took the descriptor's number is not touched, and
 * each call works.
 */
TEST_F(library, number_taken_by_pipe)
{
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	stranger = ends[1];
	expect_stranger_harmless(_metadata);
}

/*
 * library: A socket that took the descriptor's number is not touched, and
 * each call works.
 */
TEST_F(library, number_taken_by_socket)
{
	stranger = socket(AF_UNIX, SOCK_STREAM, 0);
	expect_stranger_harmless(_metadata);
}

/*
 * library: An eventfd that took the descriptor's number is not touched,
 * and each call works.
 */
TEST_F(library, number_taken_by_eventfd)
{
	stranger = eventfd(0, 0);
	expect_stranger_harmless(_metadata);
}

/*
 * library: Another character device that took the descriptor's number is
 * not touched, and each call works.
 */
TEST_F(library, number_taken_by_other_char_device)
{
	stranger = open("/dev/null", O_RDWR);
	expect_stranger_harmless(_metadata);
}

/*
 * library: A terminal that took the descriptor's number is not touched,
 * and each call works.
 */
TEST_F(library, number_taken_by_tty_or_zero_device)
{
	stranger = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (stranger < 0)
		stranger = open("/dev/zero", O_RDWR);
	expect_stranger_harmless(_metadata);
}

/*
 * library: A child that closes the descriptor opens its own; the parent
 * keeps the old one.
 */
TEST_F(library, fork_child_loses_parent_keeps)
{
	int fd = descriptor();

	if (in_child()) {
		close_all();
		expect_works(_metadata);
		EXPECT_EQ(1, descriptors());
		_exit(0);
	}
	EXPECT_EQ(fd, descriptor());
	expect_works(_metadata);
	if (in_child()) {
		expect_works(_metadata);
		_exit(0);
	}
}

/* A vfork() child shares the memory of its parent, but not its descriptors. */
static __attribute__((noinline)) void find_in_vfork(bool close_first)
{
	pid_t pid = vfork();

	if (!pid) {
		if (close_first)
			syscall(SYS_close_range, 3, ~0U, 0);
		must(get(KEY, PAGE, 0) == 0);
		_exit(0);
	}
	reap(pid);
}

/*
 * library: A vfork child that closes the descriptor opens its own; the
 * parent's still works.
 */
TEST_F(library, vfork_child_loses_parent_keeps)
{
	int fd = descriptor();

	EXPECT_EQ(0, get(KEY, PAGE, IPC_CREAT | 0600));
	find_in_vfork(true);
	EXPECT_EQ(fd, descriptor());
	EXPECT_EQ(1, descriptors());
	expect_works(_metadata);
}

/*
 * library: A descriptor that a vfork child opened does not confuse the
 * parent, whose own was closed.
 */
TEST_F(library, vfork_child_uses_parent_lost)
{
	int null = open("/dev/null", O_RDWR), fd = descriptor();

	EXPECT_EQ(0, get(KEY, PAGE, IPC_CREAT | 0600));
	close_it();
	find_in_vfork(false);
	ASSERT_EQ(fd, dup2(null, fd));
	expect_works(_metadata);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
}

static pthread_barrier_t together;

static void *use_together(void *wrong)
{
	struct shmid_ds ds;
	int64_t p;
	int i;

	for (i = 0; i < 100; i++) {
		pthread_barrier_wait(&together);
		if (get(KEY, PAGE, 0600) != 0)
			return "shmget";
		p = at(0, NULL, 0);
		if (p < 0)
			return "shmat";
		if (ctl(0, IPC_STAT, &ds))
			return "shmctl";
		if (dt(address(p)))
			return "shmdt";
		pthread_barrier_wait(&together);
	}
	return NULL;
}

/*
 * library: Threads that find at one time that the descriptor is closed
 * open one.
 */
TEST_F(library, threads_lose_it_together)
{
	pthread_t thread[4];
	void *wrong;
	int i;

	make_key(KEY, PAGE, 0600);
	pthread_barrier_init(&together, NULL, 5);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, use_together,
					    NULL));
	for (i = 0; i < 100; i++) {
		close_it();
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		ASSERT_EQ(1, descriptors());
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], &wrong));
		EXPECT_EQ(NULL, wrong);
	}
	EXPECT_EQ(0, nattch(0));
}

/* Changes to a root directory from which no path leads to /dev/kshm. */
static void confine(void)
{
	if (chroot("/proc/self/fdinfo") || chdir("/"))
		die("chroot: %s", strerror(errno));
}

/* library: After chroot the open descriptor still works. */
TEST_F(library, chroot_still_works)
{
	if (in_child()) {
		confine();
		expect_works(_metadata);
		_exit(0);
	}
}

/*
 * library: After chroot a closed descriptor can't be opened again: ENOSYS;
 * attaches stay.
 */
TEST_F(library, chroot_and_closed_enosys)
{
	struct shmid_ds ds;
	char *p = attach(make(1));

	if (in_child()) {
		close_it();
		confine();
		EXPECT_EQ(-ENOSYS, get(KEY, PAGE, IPC_CREAT | 0600));
		EXPECT_EQ(-ENOSYS, at(0, NULL, 0));
		EXPECT_EQ(-ENOSYS, dt(p));
		EXPECT_EQ(-ENOSYS, ctl(0, IPC_STAT, &ds));
		*p = 1;
		_exit(0);
	}
}

/*
 * library: After a change of user the library works, also with the
 * descriptor closed.
 */
TEST_F(library, another_user_still_works)
{
	if (in_child()) {
		become(ALICE, STAFF);
		expect_works(_metadata);
		close_it();
		expect_works(_metadata);
		_exit(0);
	}
}

/* library: Without a free descriptor a call is ENOMEM. */
TEST_F(library, no_descriptor_free_enomem)
{
	struct rlimit none = { 0, 4096 }, old;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	none.rlim_max = old.rlim_max;
	close_it();
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-ENOMEM, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(-ENOMEM, at(0, NULL, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	expect_works(_metadata);
}

/* library: A call that succeeds does not change errno. */
TEST_F(library, success_leaves_errno)
{
	struct shmid_ds ds;
	void *p;

	errno = EXDEV;
	EXPECT_EQ(0, kshm.get(KEY, PAGE, IPC_CREAT | 0600));
	close_it();
	errno = EXDEV;
	p = kshm.at(0, NULL, 0);
	EXPECT_EQ(0, kshm.ctl(0, IPC_STAT, &ds));
	EXPECT_EQ(0, kshm.dt(p));
	EXPECT_EQ(EXDEV, errno);
}

/* Runs this program with the option @what; @said gets its standard error. */
static int run_self(const char *what, char *said, size_t size)
{
	int ends[2], have = 0, n;
	pid_t pid;

	if (pipe(ends))
		die("pipe");
	pid = spawn();
	if (!pid) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (!strcmp(what, "--no-standard-files"))
			syscall(SYS_close_range, 0, 2, 0);
		execl("/proc/self/exe", "library", what, NULL);
		die("running itself: %s", strerror(errno));
	}
	close(ends[1]);
	while ((n = read(ends[0], said + have, size - 1 - have)) > 0)
		have += n;
	said[have] = '\0';
	close(ends[0]);
	return reap_program(pid);
}

/* Enters a mount namespace with an empty /dev. */
static void hide_devices(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/dev", "tmpfs", 0, NULL))
		die("hiding /dev: %s", strerror(errno));
}

/*
 * library: Without the device each call is ENOSYS; with KSHM_DEBUG one
 * sentence says so once.
 */
TEST_F(library, no_device_enosys_and_one_sentence)
{
	char said[1024];

	if (in_child()) {
		hide_devices();
		setenv("KSHM_DEBUG", "1", 1);
		EXPECT_EQ(ENOSYS, run_self("--call-thrice", said,
					   sizeof(said)));
		EXPECT_EQ(0, strncmp(said, "kshm: ", 6));
		EXPECT_NE(NULL, strstr(said, "/dev/kshm"));
		EXPECT_EQ(strchr(said, '\n'), strrchr(said, '\n'));
		EXPECT_NE(NULL, strchr(said, '\n'));
		_exit(0);
	}
}

/* library: Without KSHM_DEBUG nothing is said. */
TEST_F(library, no_device_without_debug_silent)
{
	char said[1024];

	if (in_child()) {
		hide_devices();
		unsetenv("KSHM_DEBUG");
		EXPECT_EQ(ENOSYS, run_self("--call-thrice", said,
					   sizeof(said)));
		EXPECT_STREQ("", said);
		_exit(0);
	}
}

/*
 * library: Without a free descriptor, the first sentence with KSHM_DEBUG says so, with
 * the cure.
 */
TEST_F(library, no_descriptor_free_one_sentence)
{
	static const char first[] =
		"kshm: /dev/kshm can't get a file descriptor: raise ulimit -n, ";
	char said[1024];

	setenv("KSHM_DEBUG", "1", 1);
	EXPECT_EQ(ENOMEM, run_self("--call-without-descriptor", said,
				   sizeof(said)));
	said[strlen(first)] = '\0';
	EXPECT_STREQ(first, said);
}

/* library: Another device under that path is ENOSYS. */
TEST_F(library, other_device_in_its_place_enosys)
{
	char said[1024];

	if (in_child()) {
		hide_devices();
		ASSERT_EQ(0, mknod("/dev/kshm", S_IFCHR | 0666, 1 << 8 | 3));
		EXPECT_EQ(ENOSYS, run_self("--call-thrice", said,
					   sizeof(said)));
		_exit(0);
	}
}

#define ZERO_SIZE "kshm: shmget: EINVAL: a new segment can't have size 0\n"

/*
 * library: With KSHM_DEBUG each failure is told on standard error, with
 * its reason.
 */
TEST_F(library, with_debug_each_failure_told)
{
	char said[1024];

	setenv("KSHM_DEBUG", "1", 1);
	EXPECT_EQ(0, run_self("--call-thrice", said, sizeof(said)));
	EXPECT_STREQ(ZERO_SIZE ZERO_SIZE ZERO_SIZE, said);
}

/* library: With KSHM_DEBUG a success is not told. */
TEST_F(library, with_debug_success_silent)
{
	char said[1024];

	setenv("KSHM_DEBUG", "1", 1);
	EXPECT_EQ(0, run_self("--succeed", said, sizeof(said)));
	EXPECT_STREQ("", said);
}

/*
 * library: Every function of the library tells its failures with
 * KSHM_DEBUG.
 */
TEST_F(library, with_debug_other_failures_told)
{
	char said[1024];

	setenv("KSHM_DEBUG", "1", 1);
	EXPECT_EQ(0, run_self("--fail-all-ways", said, sizeof(said)));
	EXPECT_STREQ("kshm: shmat: EINVAL: there is no segment with that id: 9\n"
		     "kshm: shmctl: EINVAL: there is no segment with that id: -1\n"
		     "kshm: shmdt: EINVAL: nothing is attached at that address: 0x10000\n"
		     "kshm: shmctl: EINVAL: shmctl has no such command\n"
		     "kshm: segment_attach: EINVAL: there is no segment with that id: 9\n"
		     "kshm: segment_get: ENOENT: no segment has that key: 0x1234\n"
		     "kshm: segment_get_named: ENOENT: nothing has that name\n"
		     "kshm: segment_grow: EINVAL: there is no segment with that id: 9\n"
		     "kshm: segment_fd: EINVAL: there is no segment with that id: 9\n"
		     "kshm: segment_attachers: EINVAL: there is no segment with that id: 9\n"
		     "kshm: shm_open: EINVAL: that can't be a name: 3 bytes of at most 255\n"
		     "kshm: shm_open: ENOENT: nothing has that name\n"
		     "kshm: shm_unlink: ENOENT: that can't be a name: 0 bytes of at most 255\n",
		     said);
}

static void expect_sentence(struct __test_metadata *_metadata,
			    const char *wanted)
{
	char said[160] = "untouched", cut[9] = "12345678";
	int error = errno;

	EXPECT_EQ(&said[0], kshm_strerror(said, sizeof(said)));
	EXPECT_STREQ(wanted, said);
	EXPECT_EQ(error, errno);
	EXPECT_EQ(&cut[0], kshm_strerror(cut, sizeof(cut)));
	EXPECT_EQ(0, strncmp(wanted, cut, 8));
	EXPECT_EQ(0, cut[8]);
	EXPECT_EQ(&cut[0], kshm_strerror(cut, 0));
}

/*
 * library: kshm_strerror() makes a sentence of the reason, with its
 * numbers.
 */
TEST_F(library, reason_in_words_with_numbers)
{
	uint64_t asked, limit;

	EXPECT_EQ(0, kshm_explain_errors(1));
	EXPECT_EQ(1, kshm_explain_errors(1));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmall", 10));
	ASSERT_EQ(0, get(IPC_PRIVATE, 2 * PAGE, 0600));
	EXPECT_EQ(-1, kshm.get(IPC_PRIVATE, 10 * PAGE, 0600));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(KSHM_WHY_SHMALL, kshm_reason(&asked, &limit));
	EXPECT_EQ(12, asked);
	EXPECT_EQ(10, limit);
	expect_sentence(_metadata, "shmall would be exceeded: 12 of 10 pages");
	EXPECT_STREQ("shmall would be exceeded",
		     kshm_strreason(kshm_reason(NULL, NULL)));
}

/*
 * library: Numbers in those sentences are written as keys, ids or
 * permission bits.
 */
TEST_F(library, reasons_in_words_each_kind_of_number)
{
	kshm_explain_errors(1);
	EXPECT_EQ(-1, kshm.get(-2, 1, 0));
	expect_sentence(_metadata, "no segment has that key: 0xfffffffe");
	EXPECT_EQ(-1, kshm.ctl(-7, IPC_RMID, NULL));
	expect_sentence(_metadata, "there is no segment with that id: -7");
	make_key(KEY, PAGE, 0604);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ((void *)-1, kshm.at(0, NULL, 0));
		expect_sentence(_metadata,
				"the segment's permission bits don't grant that: needs rw-, has r--");
		_exit(0);
	}
}

/*
 * library: Without kshm_explain_errors() the sentence is the name of
 * errno.
 */
TEST_F(library, reason_not_asked_for_errno_name)
{
	EXPECT_EQ(-1, kshm.get(KEY, 1, 0));
	EXPECT_EQ(0, kshm_reason(NULL, NULL));
	expect_sentence(_metadata, "ENOENT");
	errno = 0;
	expect_sentence(_metadata, "");
	errno = 4000;
	expect_sentence(_metadata, "error 4000");
}

/* library: A reason is told only for the errno that it led to. */
TEST_F(library, reason_is_that_of_errno)
{
	kshm_explain_errors(1);
	EXPECT_EQ(-1, kshm.get(KEY, 1, 0));
	errno = EACCES;
	EXPECT_EQ(0, kshm_reason(NULL, NULL));
	expect_sentence(_metadata, "EACCES");
	EXPECT_EQ(-1, kshm.ctl(0, IPC_SET, BAD_POINTER));
	expect_sentence(_metadata, "memory can't be read or written");
	kshm_explain_errors(0);
	EXPECT_EQ(0, kshm_reason(NULL, NULL));
}

/* library: Every reason has words. */
TEST_F(library, reasons_all_have_words)
{
	unsigned int reason;

	for (reason = 1; reason <= KSHM_WHY_HUGETLB_POOL; reason++)
		EXPECT_STRNE(kshm_strreason(0), kshm_strreason(reason)) {
			TH_LOG("%u", reason);
		}
	EXPECT_STRNE(kshm_strreason(0), kshm_strreason(KSHM_WHY_DEVICE));
	EXPECT_STRNE(kshm_strreason(0), kshm_strreason(KSHM_WHY_OPERATION));
	EXPECT_STREQ(kshm_strreason(0), kshm_strreason(0xffff));
	EXPECT_STREQ(kshm_strreason(0), kshm_strreason(~0U));
}

/*
 * library: Explained calls open the device again too, and do their work
 * once.
 */
TEST_F(library, explained_calls_survive_too)
{
	kshm_explain_errors(1);
	expect_each_call_survives(_metadata, close_it);
	EXPECT_EQ(1, descriptors());
	stranger = open("/dev/null", O_RDWR);
	make_key(KEY, PAGE, 0600);
	take_number();
	EXPECT_EQ(-EEXIST, get(KEY, PAGE, IPC_CREAT | IPC_EXCL));
	EXPECT_EQ(KSHM_WHY_EXISTS, kshm_reason(NULL, NULL));
}

/* library: Calls that System V does not have tell their reasons too. */
TEST_F(library, reasons_in_words_beyond_system_v)
{
	size_t size = 8;
	char smaller[96];

	kshm_explain_errors(1);
	EXPECT_EQ(-1, kshm_segment_get(KEY, 1, IPC_CREAT, 64, -1, NULL));
	expect_sentence(_metadata, "unknown flags, or flags that exclude each other: 0x40");
	EXPECT_EQ(-1, kshm_segment_get(KEY, 1, IPC_CREAT | SHM_HUGETLB | 13 << 26, 0,
				       -1, NULL));
	expect_sentence(_metadata,
			"the kernel has no huge pages of that size: 2 to the power of 13");
	make_key(KEY, 2 * PAGE, 0600);
	EXPECT_EQ(-1, kshm_segment_fd(0, O_WRONLY));
	expect_sentence(_metadata, "unknown flags, or flags that exclude each other: 0x1");
	EXPECT_EQ(-1, kshm_segment_grow(0, &size, NULL));
	snprintf(smaller, sizeof(smaller),
		 "a segment can't get smaller: 8 bytes wanted, it has %zu", 2 * PAGE);
	expect_sentence(_metadata, smaller);
	ASSERT_EQ(0, ctl(0, SHM_LOCK, NULL));
	size = 3 * PAGE;
	EXPECT_EQ(-1, kshm_segment_grow(0, &size, NULL));
	expect_sentence(_metadata, "the segment's pages are locked: 2 of them");
	ASSERT_LE(0, kshm.open("/a", O_CREAT | O_RDWR, 0640));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-1, kshm.open("/a", O_RDONLY, 0));
		expect_sentence(_metadata,
				"the object's permission bits don't grant that: its mode is 0640");
		EXPECT_EQ(-1, kshm.unlink("/a"));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(KSHM_WHY_NOT_OWNER, kshm_reason(NULL, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, kshm.unlink("/a"));
}

/*
 * library: A call through an owner's descriptor tells its reason; another
 * file is ENOTTY.
 */
TEST_F(library, reasons_told_by_an_owner)
{
	int owner = kshm_owner(), created = 7, null;

	ASSERT_LE(0, owner);
	kshm_explain_errors(1);
	EXPECT_EQ(-1, kshm_segment_get(KEY, 0, IPC_CREAT, 0, owner, &created));
	expect_sentence(_metadata, "a new segment can't have size 0");
	EXPECT_EQ(-1, kshm_segment_get_named("a", 0, 0, 0, owner, &created));
	expect_sentence(_metadata, "nothing has that name");
	EXPECT_EQ(7, created);
	EXPECT_EQ(0, kshm_segment_get(KEY, 1, IPC_CREAT | 0600, 0, owner, &created));
	EXPECT_EQ(1, created);
	close(owner);
	EXPECT_FALSE(exists(0));
	EXPECT_EQ(-1, kshm_segment_get(KEY, 1, IPC_CREAT, 0, owner, &created));
	expect_sentence(_metadata, "EBADF");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-1, kshm_segment_get(KEY, 1, IPC_CREAT, 0, null, &created));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-ENOENT, get(KEY, 1, 0));
}

static void *fail_otherwise(void *wrong)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (kshm.get(KEY, 1, 0) != -1 ||
		    kshm_reason(NULL, NULL) != KSHM_WHY_NO_KEY)
			return "a thread got the reason of another one";
	}
	return NULL;
}

/* library: Each thread has its own reason. */
TEST_F(library, reason_is_that_of_the_thread)
{
	pthread_t thread;
	void *wrong;
	int i;

	kshm_explain_errors(1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, fail_otherwise, NULL));
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(-1, kshm.get(IPC_PRIVATE, 0, 0));
		ASSERT_EQ(KSHM_WHY_SIZE_ZERO, kshm_reason(NULL, NULL));
	}
	ASSERT_EQ(0, pthread_join(thread, &wrong));
	EXPECT_EQ(NULL, wrong);
}

/* library: The descriptor never gets the number of a standard file. */
TEST_F(library, standard_files_closed_number_not_standard)
{
	char said[64];

	EXPECT_EQ(0, run_self("--no-standard-files", said, sizeof(said)));
}

/* library: The library works where few descriptors are allowed. */
TEST_F(library, few_descriptors_allowed_works)
{
	struct rlimit few = { 16, 16 };
	char said[64];

	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
		EXPECT_EQ(0, run_self("--call-thrice", said, sizeof(said)));
		_exit(0);
	}
}

/* An ELF file has the size of its program's long. */
#if __SIZEOF_LONG__ == 8
#define elf_hdr		elf64_hdr
#define elf_shdr	elf64_shdr
#define elf_sym		elf64_sym
#else
#define elf_hdr		elf32_hdr
#define elf_shdr	elf32_shdr
#define elf_sym		elf32_sym
#endif

/* Is the symbol a function that the shared object exports? */
static bool is_offered(const struct elf_sym *sym)
{
	return sym->st_shndx != SHN_UNDEF &&
	       ELF_ST_BIND(sym->st_info) != STB_LOCAL &&
	       ELF_ST_TYPE(sym->st_info) == STT_FUNC;
}

static int offered_names(const char *file, const char **names, int most)
{
	static char image[1 << 20];
	struct elf_hdr *elf = (void *)image;
	struct elf_shdr *section, *strings;
	char path[PATH_MAX];
	struct elf_sym *sym;
	int i, n = 0;

	path_beside(path, sizeof(path), file);
	if (slurp(path, image, sizeof(image)) < sizeof(*elf))
		die("%s is empty", path);
	section = (void *)(image + elf->e_shoff);
	for (i = 0; section[i].sh_type != SHT_DYNSYM; i++)
		if (i == elf->e_shnum - 1)
			die("%s has no symbols", path);
	strings = &section[section[i].sh_link];
	sym = (void *)(image + section[i].sh_offset);
	for (i = section[i].sh_size / sizeof(*sym); i--; sym++)
		if (is_offered(sym) && n < most)
			names[n++] = image + strings->sh_offset + sym->st_name;
	return n;
}

/* library: The shared library offers only names that begin with kshm_. */
TEST_F(library, shared_library_offers_only_its_names)
{
	const char *names[64];
	int n = offered_names("libkshm.so.0", names, 64), i;

	EXPECT_LE(4, n);
	for (i = 0; i < n; i++)
		EXPECT_EQ(0, strncmp(names[i], "kshm_", 5)) {
			TH_LOG("%s", names[i]);
		}
}

/*
 * library: The preloaded library offers only libc's names, and the one that the
 * runtime of AddressSanitizer asks for.
 */
TEST_F(library, preload_offers_only_libc_names)
{
	const char *names[64];
	int n = offered_names("libkshm-preload.so", names, 64), i;

	EXPECT_LE(6, n);
	for (i = 0; i < n; i++)
		EXPECT_TRUE(!strcmp(names[i], "shmget") ||
			    !strcmp(names[i], "__asan_default_options") ||
			    !strcmp(names[i], "shmat") ||
			    !strcmp(names[i], "shmdt") ||
			    !strcmp(names[i], "shmctl") ||
			    !strcmp(names[i], "shm_open") ||
			    !strcmp(names[i], "shm_unlink") ||
			    !strcmp(names[i], "__shmctl64")) {
			TH_LOG("%s", names[i]);
		}
}

static int call_thrice(void)
{
	int i, ret = 0;

	backend = &kshm;
	for (i = 0; i < 3; i++)
		ret = get(IPC_PRIVATE, 0, 0600);
	return ret == -EINVAL ? 0 : -ret;
}

static int call_without_descriptor(void)
{
	struct rlimit none = { 0, 4096 };

	close_it();
	if (setrlimit(RLIMIT_NOFILE, &none))
		return errno;
	return call_thrice();
}

static int succeed(void)
{
	backend = &kshm;
	detach(attach(make(1)));
	return 0;
}

static int fail_all_ways(void)
{
	size_t size = 0;

	backend = &kshm;
	at(9, NULL, 0);
	ctl(-1, IPC_RMID, NULL);
	dt((void *)0x10000);
	ctl(0, 1000, NULL);
	kshm_segment_attach(9, NULL, 0, NULL);
	kshm_segment_get(KEY, 0, 0, 0, -1, NULL);
	kshm_segment_get_named("a", 0, 0, 0, -1, NULL);
	kshm_segment_grow(9, &size, NULL);
	kshm_segment_fd(9, O_RDWR);
	kshm_segment_attachers(9, NULL, 0);
	kshm.open("/a/b", O_RDWR, 0);
	kshm.open("a", O_RDWR, 0);
	kshm.unlink("/");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--succeed"))
		return succeed();
	if (argc == 2 && !strcmp(argv[1], "--fail-all-ways"))
		return fail_all_ways();
	if (argc == 2 && !strcmp(argv[1], "--call-thrice"))
		return call_thrice();
	if (argc == 2 && !strcmp(argv[1], "--call-without-descriptor"))
		return call_without_descriptor();
	if (argc == 2 && !strcmp(argv[1], "--no-standard-files"))
		return descriptor() > 2 ? 0 : 1;
	return test_harness_run(argc, argv);
}
