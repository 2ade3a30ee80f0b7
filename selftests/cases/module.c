// SPDX-License-Identifier: GPL-2.0
/*
 * The module: nobody loses data by its unloading, and nothing of it is left.
 * It runs last, and leaves the module loaded.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cases.h"
#include "kshm.h"

#define ROUNDS		1000
#define UNHURRIED	50
#define ROUNDS_OF_FSTAT	10
#define CALLERS		16
#define HURRY		"/sys/kernel/rcu_expedited"
#define MODE_OF_SWITCH	"/sys/module/kshm_switch/parameters/mode"

FIXTURE(module)
{
};

static const char *module_file(void)
{
	const char *file = getenv("KSHM_KO");

	return file ? file : "kshm.ko";
}

/* Closes the library's descriptor, which keeps the module. */
static void let_go(void)
{
	int fds[8], n = device_descriptors(fds, 8);

	while (n--)
		close(fds[n]);
}

static int load_file(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return err;
}

static int load_module_with(const char *parameters)
{
	return load_file(module_file(), parameters);
}

static int load_module(void)
{
	return load_module_with("");
}

static int unload_module(void)
{
	let_go();
	return syscall(SYS_delete_module, "kshm", O_NONBLOCK) ? -errno : 0;
}

/* Returns the number of references to the module, -1 if it is not loaded. */
static int references(void)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[512];
	int n = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "kshm ", 5) &&
		    sscanf(line, "kshm %*u %d", &n) != 1)
			die("/proc/modules has this line: %s", line);
	if (file)
		fclose(file);
	return n;
}

/* Unloads the module once files and namespaces that have ended let it go. */
static int unload_soon(void)
{
	int i, err = -EAGAIN;

	for (i = 0; i < 1000 && err == -EAGAIN; i++) {
		err = unload_module();
		if (err)
			usleep(10000);
	}
	return err;
}

FIXTURE_SETUP(module)
{
	if (access(module_file(), R_OK))
		SKIP(return, "no %s: set KSHM_KO", module_file());
	if (references() < 0 && load_module())
		SKIP(return, "%s does not load", module_file());
	begin_case(_metadata, &kshm);
}

FIXTURE_TEARDOWN(module)
{
	if (references() < 0)
		EXPECT_EQ(0, load_module());
	end_case(_metadata);
	let_go();
}

/*
 * module: An unused module unloads and leaves no device, no /proc files
 * and no /sys folder; loading brings them back.
 */
TEST_F(module, unused_unloads_and_leaves_nothing)
{
	EXPECT_EQ(0, unload_module());
	EXPECT_EQ(-1, references());
	EXPECT_EQ(-1, access("/dev/kshm", F_OK));
	EXPECT_EQ(-1, access("/proc/kshm", F_OK));
	EXPECT_EQ(-1, access("/sys/module/kshm", F_OK));
	EXPECT_EQ(0, load_module());
	EXPECT_EQ(0, access("/dev/kshm", F_OK));
	EXPECT_EQ(0, access("/proc/kshm/shm", F_OK));
	EXPECT_EQ(0, access("/proc/kshm/objects", F_OK));
}

/*
 * module: Unloading leaves no file system behind: neither that for the objects of the
 * first namespace nor those of others.
 */
TEST_F(module, unloading_leaves_no_file_system)
{
	dev_t device;

	ASSERT_EQ(0, unload_soon());
	device = next_device();
	ASSERT_EQ(0, load_module());
	EXPECT_NE(device, next_device());
	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		ASSERT_LE(0, backend->open("/a", O_RDWR | O_CREAT, 0600));
		_exit(0);
	}
	ASSERT_EQ(0, unload_soon());
	EXPECT_EQ(device, next_device());
}

/* module: Without the module the library's calls are ENOSYS. */
TEST_F(module, absent_enosys)
{
	struct shmid_ds ds;

	EXPECT_EQ(0, unload_module());
	EXPECT_EQ(-ENOSYS, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(-ENOSYS, at(0, NULL, 0));
	EXPECT_EQ(-ENOSYS, dt(NULL));
	EXPECT_EQ(-ENOSYS, ctl(0, IPC_STAT, &ds));
}

/* module: The library finds a module that was loaded again. */
TEST_F(module, loaded_again_is_found_again)
{
	EXPECT_EQ(0, make_key(KEY, PAGE, 0600));
	rmid(0);
	EXPECT_EQ(0, unload_module());
	EXPECT_EQ(-ENOSYS, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(0, load_module());
	EXPECT_EQ(0, make_key(KEY, PAGE, 0600));
}

/* module: Loading the module twice is EEXIST, and changes nothing. */
TEST_F(module, loaded_twice_eexist)
{
	EXPECT_EQ(-EEXIST, load_module());
	EXPECT_EQ(0, make(1));
}

/*
 * module: A segment keeps the module.
 * history: Closing a file dropped a reference on the module that nobody
 * had taken.
 */
TEST_F(module, segment_keeps_it)
{
	char *p = attach(make_key(KEY, PAGE, 0600));

	strcpy(p, "still here");
	detach(p);
	EXPECT_EQ(-EAGAIN, unload_module());
	EXPECT_STREQ("still here", attach(get(KEY, 0, 0)));
	backend_sweep();
	EXPECT_EQ(0, unload_soon());
}

/* module: A segment in another namespace keeps the module. */
TEST_F(module, segment_in_other_namespace_keeps_it)
{
	char *shared = attach(make(1));
	pid_t child = spawn();

	if (!child) {
		detach(shared);
		must(!unshare(CLONE_NEWIPC));
		make(1);
		let_go();
		for (;;)
			pause();
	}
	while (nattch(0) == 2)
		usleep(1000);
	backend_sweep();
	usleep(200000);
	EXPECT_EQ(-EAGAIN, unload_module());
	kill_child(child);
	EXPECT_EQ(0, unload_soon());
}

/*
 * module: A removed segment keeps the module until its last detach.
 * history: Closing a file dropped a reference on the module that nobody
 * had taken.
 */
TEST_F(module, marked_segment_keeps_it_until_detached)
{
	char *p = attach(make(1));

	rmid(0);
	EXPECT_EQ(-EAGAIN, unload_module());
	*p = 1;
	detach(p);
	EXPECT_EQ(0, unload_soon());
}

/*
 * module: An attach of a segment whose namespace has ended keeps the
 * module.
 */
TEST_F(module, attach_from_ended_namespace_keeps_it)
{
	char *p = attach(make(1));

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	usleep(200000);
	EXPECT_EQ(-EAGAIN, unload_module());
	*p = 1;
	detach(p);
	EXPECT_EQ(0, unload_soon());
}

/*
 * module: The name of an object keeps the module; an open or mapped one
 * without a name does not.
 */
TEST_F(module, named_object_keeps_it)
{
	char *p;
	int fd;

	fd = backend->open("/a", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	close(fd);
	EXPECT_EQ(-EAGAIN, unload_module());
	fd = backend->open("/a", O_RDWR, 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(p, "still here");
	EXPECT_EQ(0, backend->unlink("/a"));
	EXPECT_EQ(0, unload_soon());
	EXPECT_STREQ("still here", p);
	EXPECT_EQ(0, ftruncate(fd, 2 * PAGE));
	EXPECT_EQ(0, close(fd));
	EXPECT_STREQ("still here", p);
	EXPECT_EQ(0, munmap(p, PAGE));
	EXPECT_EQ(0, load_module());
	fd = backend->open("/a", O_RDWR, 0);
	EXPECT_EQ(ENOENT, errno);
	EXPECT_EQ(-1, fd);
}

/*
 * module: The parameter objects_size is the most bytes that all objects of a
 * namespace can have.
 */
TEST_F(module, loaded_with_a_size_for_objects)
{
	struct statvfs st;
	int fd;

	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load_module_with("objects_size=1m"));
	fd = backend->open("/a", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ(0, fstatvfs(fd, &st));
	EXPECT_EQ(1 << 20, st.f_blocks * st.f_frsize);
	EXPECT_EQ(0, posix_fallocate(fd, 0, 1 << 20));
	EXPECT_EQ(ENOSPC, posix_fallocate(fd, 1 << 20, 1));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, backend->unlink("/a"));
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(0, load_module());
}

/* Expects that the module is refused with each of these parameters; NULL ends them. */
static void expect_refused(struct __test_metadata *_metadata,
			   const char *const *wrong)
{
	ASSERT_EQ(0, unload_soon());
	for (; *wrong; wrong++) {
		ASSERT_EQ(-EINVAL, load_module_with(*wrong)) {
			TH_LOG("%s", *wrong);
		}
	}
	EXPECT_EQ(0, load_module());
}

/* module: Loading with a parameter objects_size that is no size fails. */
TEST_F(module, loaded_with_no_size_for_objects_einval)
{
	static const char *const wrong[] = {
		"objects_size=", "objects_size=%", "objects_size=many",
		"objects_size=1mb", "objects_size=5%%", NULL,
	};

	expect_refused(_metadata, wrong);
}

static unsigned int state_of(int id)
{
	struct kshm_stat st = { .id = id };
	int dev = open_device();

	must(!ioctl(dev, KSHM_IOC_STAT, &st));
	close(dev);
	return st.state;
}

/* Makes a segment with @flags, and writes a byte. Returns its resident pages. */
static size_t pages_of_new(size_t size, unsigned int flags, unsigned int *state)
{
	struct kshm_get get = { .size = size, .mode = 0600, .flags = flags };
	struct kshm_stat st = { .id = -1 };
	int dev = open_device();
	char *p;

	must(!ioctl(dev, KSHM_IOC_GET, &get));
	p = attach(get.id);
	p[0] = 1;
	st.id = get.id;
	must(!ioctl(dev, KSHM_IOC_STAT, &st));
	detach(p);
	rmid(get.id);
	close(dev);
	*state = st.state;
	return st.rss;
}

/* What EXPLAIN tells of a new object, which is removed again. */
static unsigned int reason_of_new_object(unsigned int flags)
{
	struct kshm_open open = {
		.name = (uintptr_t)"a", .name_len = 1, .mode = 0600,
		.flags = KSHM_OPEN_CREAT | KSHM_OPEN_EXCL | flags,
	};
	struct kshm_explain why = {
		.arg = (uintptr_t)&open, .cmd = KSHM_IOC_OPEN, .error = -1,
	};
	int dev = open_device();

	must(!ioctl(dev, KSHM_IOC_EXPLAIN, &why) && !why.error);
	close(open.fd);
	must(!backend->unlink("/a"));
	close(dev);
	return why.reason;
}

/* Does INFO tell the feature HUGE? */
static bool has_huge_pages(void)
{
	struct kshm_info info = { .flags = 0 };
	int dev = open_device();

	must(!ioctl(dev, KSHM_IOC_INFO, &info));
	close(dev);
	return info.features & KSHM_FEATURE_HUGE;
}

#define HUGE		(2UL << 20)
#define HUGE_PAGES	(HUGE / PAGE)

/*
 * module: With huge=never a creator that asks for huge pages gets small ones,
 * and the feature HUGE is not told.
 */
TEST_F(module, loaded_without_huge_pages)
{
	unsigned int state;

	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load_module_with("huge=never"));
	EXPECT_FALSE(has_huge_pages());
	EXPECT_EQ(1, pages_of_new(HUGE, KSHM_GET_HUGE, &state));
	EXPECT_EQ(0, state);
	EXPECT_EQ(KSHM_WHY_SMALL_PAGES, reason_of_new_object(KSHM_OPEN_HUGE));
	EXPECT_EQ(0, reason_of_new_object(0));
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(0, load_module());
}

/*
 * module: With huge=within_size each segment has huge pages where they fit, and
 * with huge=always also where they do not.
 *
 * The kernel does not use a huge page for a fault in a mapping that is too small for it,
 * but for an allocation beforehand.
 */
TEST_F(module, loaded_with_huge_pages_for_all)
{
	unsigned int state;

	if (!has_huge_pages())
		SKIP(return, "this machine has no huge pages");
	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load_module_with("huge=within_size"));
	EXPECT_EQ(HUGE_PAGES, pages_of_new(HUGE, 0, &state));
	EXPECT_EQ(KSHM_STATE_HUGE, state);
	EXPECT_GT(HUGE_PAGES, pages_of_new(HUGE - PAGE, 0, &state));
	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load_module_with("huge=always"));
	EXPECT_EQ(HUGE_PAGES, pages_of_new(PAGE, KSHM_GET_PREALLOC, &state));
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(0, load_module());
}

/*
 * module: The parameter huge is also for segments that system calls create
 * through kshm_switch.
 */
TEST_F(module, loaded_with_huge_pages_for_system_calls)
{
	const char *file = getenv("KSHM_SWITCH_KO");
	int err, id;

	if (!has_huge_pages())
		SKIP(return, "this machine has no huge pages");
	if (!file || access(file, R_OK))
		SKIP(return, "no kshm_switch.ko: set KSHM_SWITCH_KO");
	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load_module_with("huge=within_size"));
	err = load_file(file, "mode=on");
	if (!err) {
		id = intree.get(IPC_PRIVATE, HUGE, 0600);
		EXPECT_EQ(KSHM_STATE_HUGE, state_of(id));
		EXPECT_EQ(0, intree.ctl(id, IPC_RMID, NULL));
		EXPECT_EQ(0, write_file(MODE_OF_SWITCH, "off"));
		EXPECT_EQ(0, syscall(SYS_delete_module, "kshm_switch", O_NONBLOCK));
	}
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(0, load_module());
	if (err == -EOPNOTSUPP)
		SKIP(return, "this is not x86-64 with CONFIG_DYNAMIC_FTRACE and CONFIG_KPROBES");
	EXPECT_EQ(0, err);
}

/* module: Loading with a parameter huge that is no policy fails. */
TEST_F(module, loaded_with_no_policy_of_huge_pages_einval)
{
	static const char *const wrong[] = {
		"huge=", "huge=yes", "huge=deny", NULL,
	};

	expect_refused(_metadata, wrong);
}

/*
 * module: With the parameter objects_noexec a named object can't be mapped to be
 * executed, nor can a mapping of it be made executable.
 */
TEST_F(module, loaded_with_objects_not_executable)
{
	void *p;
	int fd;

	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load_module_with("objects_noexec=1"));
	fd = backend->open("/a", O_RDWR | O_CREAT, 0700);
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED,
				   fd, 0));
	EXPECT_EQ(EPERM, errno);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, munmap(p, PAGE));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, backend->unlink("/a"));
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(0, load_module());
}

/* module: Objects of a namespace that has ended do not keep the module. */
TEST_F(module, named_object_of_ended_namespace_lets_it_go)
{
	int i;

	for (i = 0; i < 5; i++) {
		if (in_child()) {
			ASSERT_EQ(0, unshare(CLONE_NEWIPC));
			ASSERT_LE(0, backend->open("/a", O_RDWR | O_CREAT, 0600));
			ASSERT_LE(0, backend->open("/b", O_RDWR | O_CREAT, 0600));
			_exit(0);
		}
		EXPECT_EQ(0, unload_soon());
		EXPECT_EQ(0, load_module());
	}
}

/*
 * module: Without the module shm_open and shm_unlink of the library are
 * ENOSYS.
 */
TEST_F(module, absent_named_object_enosys)
{
	EXPECT_EQ(0, unload_module());
	EXPECT_EQ(-1, backend->open("/a", O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(ENOSYS, errno);
	EXPECT_EQ(-1, backend->unlink("/a"));
	EXPECT_EQ(ENOSYS, errno);
}

/* module: A descriptor of the device keeps the module. */
TEST_F(module, descriptor_keeps_it)
{
	int fd = open("/dev/kshm", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(EAGAIN, syscall(SYS_delete_module, "kshm", O_NONBLOCK) ?
			  errno : 0);
	close(fd);
	EXPECT_EQ(0, unload_module());
}

/*
 * module: A descriptor of a segment keeps the module, even if the segment
 * has ended.
 */
TEST_F(module, descriptor_of_a_segment_keeps_it)
{
	int fd;

	make(1);
	fd = kshm_segment_fd(0, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	rmid(0);
	EXPECT_EQ(-EAGAIN, unload_module());
	close(fd);
	EXPECT_EQ(0, unload_soon());
}

/*
 * module: An O_PATH descriptor does not keep the module, and can't be used
 * to store anything.
 *
 * O_PATH gives a reference to the inode, and none to the file.
 */
TEST_F(module, path_of_a_descriptor_does_not_keep_it)
{
	char path[64];
	int fd, place;
	struct stat st;

	make(1);
	fd = kshm_segment_fd(0, O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	place = open(path, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, place);
	close(fd);
	rmid(0);
	EXPECT_EQ(0, unload_soon());
	EXPECT_EQ(0, fstat(place, &st));
	EXPECT_EQ(0, st.st_blocks);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	EXPECT_EQ(-1, chmod(path, 0777));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(EPERM, errno);
	close(place);
}

/* One task of many that seldom run, so that each is often preempted in fstat(). */
static void call_fstat_forever(int fd)
{
	struct sched_param idle = {};
	struct stat st;

	sched_setscheduler(0, SCHED_IDLE, &idle);
	for (;;)
		fstat(fd, &st);
}

/*
 * module: Unloading waits for a task that is in an operation of a segment's inode,
 * which an O_PATH descriptor keeps.
 * history: A task was in the text of a module that had been unloaded.
 *
 * If it did not, the task would return to freed memory. That shows on a kernel
 * that preempts (preempt=full).
 */
TEST_F(module, unloads_while_tasks_are_in_fstat)
{
	int round, i, fd, inode;
	pid_t callers[CALLERS];
	char path[64];

	for (round = 0; round < ROUNDS_OF_FSTAT; round++) {
		make_key(KEY, PAGE, 0600);
		fd = kshm_segment_fd(get(KEY, 0, 0), O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, fd);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		inode = open(path, O_PATH | O_CLOEXEC);
		ASSERT_LE(0, inode);
		close(fd);
		let_go();
		for (i = 0; i < CALLERS; i++) {
			callers[i] = fork();
			if (!callers[i])
				call_fstat_forever(inode);
		}
		close(inode);
		rmid(get(KEY, 0, 0));
		EXPECT_EQ(0, unload_soon());
		for (i = 0; i < CALLERS; i++)
			kill_child(callers[i]);
		ASSERT_EQ(0, load_module());
	}
}

/* module: An open listing does not keep the module. */
TEST_F(module, open_listing_does_not_keep_it)
{
	int fd = open(kshm.listing, O_RDONLY | O_CLOEXEC);
	char c;

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ(0, unload_soon());
	EXPECT_GE(0, read(fd, &c, 1));
	close(fd);
}

/* module: Segments of a namespace that has ended do not keep the module. */
TEST_F(module, ended_namespace_lets_it_go)
{
	int i;

	for (i = 0; i < 5; i++) {
		if (in_child()) {
			ASSERT_EQ(0, unshare(CLONE_NEWIPC));
			attach(make(4));
			make_key(KEY, PAGE, 0600);
			_exit(0);
		}
		EXPECT_EQ(0, unload_soon());
		EXPECT_EQ(0, load_module());
	}
}

/*
 * module: Attaching and detaching leave the module's reference count as it
 * was.
 * history: Closing a file dropped a reference on the module that nobody
 * had taken.
 */
TEST_F(module, attach_and_detach_keep_references_even)
{
	int i, before;
	char *p;

	make(1);
	detach(attach(0));
	let_go();
	before = references();
	EXPECT_LE(1, before);
	for (i = 0; i < 1000; i++) {
		p = attach(0);
		detach(p);
	}
	let_go();
	EXPECT_EQ(before, references());
	rmid(0);
	let_go();
	EXPECT_EQ(0, references());
}

/*
 * module: The module unloads right after many removals.
 * history: Memory that RCU had still to free was left to an unloaded
 * module.
 */
TEST_F(module, unloads_right_after_removals)
{
	int i, round;

	for (round = 0; round < 10; round++) {
		for (i = 0; i < 100; i++)
			rmid(make(1));
		EXPECT_EQ(0, unload_soon());
		EXPECT_EQ(0, load_module());
	}
}

/*
 * module: The module unloads right after the exit of a process that had a
 * segment attached.
 * history: Closing a file dropped a reference on the module that nobody
 * had taken.
 */
TEST_F(module, unloads_right_after_exit_of_attached)
{
	int round;

	for (round = 0; round < 20; round++) {
		if (in_child()) {
			int id = make(1);

			attach(id);
			rmid(id);
			_exit(0);
		}
		EXPECT_EQ(0, unload_soon());
		EXPECT_EQ(0, load_module());
	}
}

static void use_while_there(void)
{
	for (;;) {
		int id = get(IPC_PRIVATE, PAGE, 0600);
		int64_t p = id < 0 ? -1 : at(id, NULL, 0);

		if (p > 0)
			dt(address(p));
		if (id >= 0)
			ctl(id, IPC_RMID, NULL);
		let_go();
		usleep(500);
	}
}

/* module: A call beside unloading and loading works, or finds no module. */
TEST_F(module, used_while_unloading_works_or_is_absent)
{
	pid_t child = spawn();
	int i;

	if (!child)
		use_while_there();
	for (i = 0; i < 30; i++) {
		EXPECT_EQ(0, unload_soon());
		EXPECT_EQ(0, load_module());
		usleep(dice() % 5000);
	}
	kill_child(child);
}

static void work(void)
{
	int id = make(2);
	char *p = attach(id);
	pid_t pid = spawn();

	if (!pid) {
		p[PAGE] = 1;
		_exit(0);
	}
	reap(pid);
	must(p[PAGE] == 1);
	detach(p);
	rmid(id);
}

/*
 * module: The module can be loaded, used and unloaded a thousand times.
 * history: Memory that RCU had still to free was left to an unloaded
 * module.
 *
 * KSHM_ROUNDS sets how often. Most of a round is waiting for RCU: the
 * first rounds wait as always, and for the others the kernel is told to
 * hurry.
 */
TEST_F(module, thousand_times_loaded_used_unloaded)
{
	const char *wish = getenv("KSHM_ROUNDS");
	int i, rounds = wish ? atoi(wish) : ROUNDS;

	ASSERT_LT(0, rounds);
	for (i = 0; i < rounds; i++) {
		if (i == UNHURRIED)
			write_file(HURRY, "1");
		work();
		ASSERT_EQ(0, unload_soon());
		ASSERT_EQ(0, load_module());
	}
	write_file(HURRY, "0");
}

int main(int argc, char **argv)
{
	let_go();
	return test_harness_run(argc, argv);
}
