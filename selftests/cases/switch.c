// SPDX-License-Identifier: GPL-2.0
/*
 * switch: the system calls lead to kshm, by kshm_switch. All calls here are raw system
 * calls, as those of a static program or of Go. What is the same as in-tree has its
 * cases elsewhere; they run through the switch by "selftests/runner/selftest --switch".
 *
 * KSHM_SWITCHES in the environment sets how often cases go on and off under load.
 * KSHM_ONE_THREAD says that QEMU emulates all processors in one thread, so that all of
 * them can be used; see avoid_stale_code().
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tracing.h"

#define PARAMETERS	"/sys/module/kshm_switch/parameters/"
#define FORCED		"/proc/sys/kernel/shm_rmid_forced"
#define NEXT_ID		"/proc/sys/kernel/shm_next_id"
/* The first id of kshm's while kshm_switch is loaded. */
#define FIRST_ID	(0x4000 << 15)
#define LOADERS		8
#define SWITCHES	4
#define FLIPS		6
#define FTRACE		"/proc/sys/kernel/ftrace_enabled"
#define PROBES		"/sys/kernel/tracing/kprobe_events"
#define PROBED		"kshmtest/shmat"
#define TRACERS_NEED	"it takes one processor if QEMU emulates it, function tracer, probes"

FIXTURE(switch)
{
};

static const char *switch_file(void)
{
	const char *file = getenv("KSHM_SWITCH_KO");

	return file ? file : "kshm_switch.ko";
}

static int load_switch(const char *parameters)
{
	int fd = open(switch_file(), O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return err;
}

static int unload_switch(void)
{
	return syscall(SYS_delete_module, "kshm_switch", O_NONBLOCK) ? -errno : 0;
}

static bool is_loaded(void)
{
	return !access("/sys/module/kshm_switch", F_OK);
}

static int set_mode(const char *mode)
{
	return write_file(PARAMETERS "mode", mode);
}

static void must_set_mode(const char *mode)
{
	int err = set_mode(mode);

	if (err)
		die("mode %s: %s", mode, strerror(-err));
}

/* Namespaces that have ended let their segments go a little later. */
static int go_off(void)
{
	int i, err = -EBUSY;

	for (i = 0; i < 1000 && err == -EBUSY; i++) {
		err = set_mode("off");
		if (err)
			usleep(10000);
	}
	return err;
}

/*
 * The same for segments of the program that ran before. They are older than the module,
 * so they would keep it from going on.
 */
static void wait_until_nothing_is_left(void)
{
	char text[4096];
	int i;

	for (i = 0; i < 1000; i++) {
		slurp(PARAMETERS "left", text, sizeof(text));
		if (!strncmp(text, "0 ", 2))
			return;
		usleep(10000);
	}
}

FIXTURE_SETUP(switch)
{
	int err;

	if (access(switch_file(), R_OK))
		SKIP(return, "no %s: set KSHM_SWITCH_KO", switch_file());
	begin_case(_metadata, &intree);
	if (_metadata->exit_code)
		return;
	err = is_loaded() ? 0 : load_switch("");
	if (err == -EOPNOTSUPP)
		SKIP(return, "this is not x86-64 with CONFIG_DYNAMIC_FTRACE and CONFIG_KPROBES");
	ASSERT_EQ(0, err);
	wait_until_nothing_is_left();
}

FIXTURE_TEARDOWN(switch)
{
	if (!backend)
		return;
	end_case(_metadata);
	if (!is_loaded())
		return;
	EXPECT_EQ(0, go_off());
	EXPECT_EQ(0, write_file(PARAMETERS "except", "0"));
	EXPECT_EQ(0, unload_switch());
}

/* Does kshm's own listing have the segment? */
static bool in_kshm(int id)
{
	struct line line;
	bool found;

	backend = &kshm;
	found = listing_find(id, &line);
	backend = &intree;
	return found;
}

/* switch: A segment is kshm's if the mode is "on", and in-tree's if it is "off". */
TEST_F(switch, mode_decides_who_creates)
{
	int before = make(1), after;

	EXPECT_FALSE(in_kshm(before));
	must_set_mode("on");
	after = make(1);
	EXPECT_TRUE(in_kshm(after));
	rmid(after);
	ASSERT_EQ(0, go_off());
	after = make(1);
	EXPECT_FALSE(in_kshm(after));
}

/* switch: In the mode "drain" a new segment is in-tree's. */
TEST_F(switch, drain_creates_in_tree)
{
	int id;

	must_set_mode("on");
	must_set_mode("drain");
	id = make(1);
	EXPECT_FALSE(in_kshm(id));
	EXPECT_EQ(0, nattch(id));
}

/*
 * switch: A segment that was in-tree before goes on there: its attach, a new one, its
 * state, detach and removal.
 */
TEST_F(switch, in_tree_segment_lives_on)
{
	int id = make_key(KEY, PAGE, 0600);
	char *p = attach(id), *q;

	strcpy(p, "before");
	must_set_mode("on");
	EXPECT_EQ(id, get(KEY, PAGE, 0600));
	q = attach(id);
	EXPECT_STREQ("before", q);
	EXPECT_EQ(2, nattch(id));
	detach(p);
	EXPECT_EQ(1, nattch(id));
	rmid(id);
	EXPECT_EQ(SHM_DEST, stat_of(id).shm_perm.mode & SHM_DEST);
	detach(q);
	EXPECT_FALSE(exists(id));
}

/* switch: A key that in-tree knows means that segment, and no second one. */
TEST_F(switch, key_of_in_tree_segment_is_taken)
{
	int id = make_key(KEY, PAGE, 0600);

	must_set_mode("on");
	EXPECT_EQ(id, get(KEY, 0, IPC_CREAT | 0600));
	EXPECT_EQ(-EEXIST, get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	/* Existence comes before size and permission. */
	EXPECT_EQ(-EEXIST, get(KEY, 2 * PAGE, IPC_CREAT | IPC_EXCL | 0777));
	EXPECT_EQ(-EINVAL, get(KEY, 2 * PAGE, IPC_CREAT | 0600));
	rmid(id);
	id = get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	ASSERT_LE(0, id);
	EXPECT_TRUE(in_kshm(id));
}

/* switch: In the mode "drain" a key that kshm knows means that segment. */
TEST_F(switch, key_of_kshm_segment_is_taken_in_drain)
{
	int id;

	must_set_mode("on");
	id = make_key(KEY, PAGE, 0600);
	must_set_mode("drain");
	EXPECT_EQ(id, get(KEY, PAGE, IPC_CREAT | 0600));
	EXPECT_EQ(-EEXIST, get(KEY, 2 * PAGE, IPC_CREAT | IPC_EXCL | 0777));
	EXPECT_EQ(-EINVAL, get(KEY, 2 * PAGE, IPC_CREAT | 0600));
	rmid(id);
	id = get(KEY, PAGE, IPC_CREAT | 0600);
	ASSERT_LE(0, id);
	EXPECT_FALSE(in_kshm(id));
}

/*
 * switch: Going off is EBUSY while kshm has a segment, the mode stays, and "left" names
 * the segment.
 */
TEST_F(switch, off_with_segment_ebusy)
{
	char text[4096], wanted[64];
	int id;

	must_set_mode("on");
	id = make(1);
	EXPECT_EQ(-EBUSY, set_mode("off"));
	slurp(PARAMETERS "mode", text, sizeof(text));
	EXPECT_STREQ("on\n", text);
	slurp(PARAMETERS "left", text, sizeof(text));
	snprintf(wanted, sizeof(wanted), " id %d key ", id);
	EXPECT_NE(NULL, strstr(text, wanted));
	must_set_mode("drain");
	EXPECT_EQ(-EBUSY, set_mode("off"));
	slurp(PARAMETERS "mode", text, sizeof(text));
	EXPECT_STREQ("drain\n", text);
	/* A segment that is marked is left until its last detach. */
	attach(id);
	rmid(id);
	EXPECT_EQ(-EBUSY, set_mode("off"));
}

/* switch: Going off is EBUSY while a listing is open that shows kshm's segments. */
TEST_F(switch, off_with_open_listing_ebusy)
{
	int fd;

	must_set_mode("on");
	fd = open("/proc/sysvipc/shm", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, set_mode("off"));
	close(fd);
	EXPECT_EQ(0, set_mode("off"));
}

/* switch: The module can't be unloaded in any mode but "off". */
TEST_F(switch, unloading_only_when_off)
{
	must_set_mode("on");
	EXPECT_EQ(-EAGAIN, unload_switch());
	must_set_mode("drain");
	EXPECT_EQ(-EAGAIN, unload_switch());
	ASSERT_EQ(0, go_off());
	EXPECT_EQ(0, unload_switch());
}

/* switch: ftrace can't be disabled in any mode but "off": that would undo the hooks. */
TEST_F(switch, ftrace_stays_enabled)
{
	int err;

	must_set_mode("on");
	err = write_file(FTRACE, "0");
	/* Newer kernels refuse it in any case. */
	EXPECT_TRUE(err == -EBUSY || err == -EOPNOTSUPP);
	EXPECT_TRUE(in_kshm(make(1)));
	/* Without effect, unless the case has failed. */
	EXPECT_EQ(0, write_file(FTRACE, "1"));
}

/* switch: Loading with "mode=on" switches on; a mode that does not exist is EINVAL. */
TEST_F(switch, loaded_with_a_mode)
{
	EXPECT_EQ(0, unload_switch());
	ASSERT_EQ(0, load_switch("mode=on"));
	EXPECT_TRUE(in_kshm(make(1)));
	EXPECT_EQ(-EINVAL, set_mode("maybe"));
}

/*
 * switch: Going on is EEXIST while kshm has a segment from before the module was loaded,
 * whose id in-tree shm can give out.
 */
TEST_F(switch, on_with_older_segment_eexist)
{
	int id;

	ASSERT_EQ(0, unload_switch());
	backend = &kshm;
	id = make(1);
	backend = &intree;
	ASSERT_EQ(0, load_switch(""));
	EXPECT_EQ(-EEXIST, set_mode("on"));
	EXPECT_EQ(-EEXIST, set_mode("drain"));
	backend = &kshm;
	rmid(id);
	id = make(1);
	backend = &intree;
	/* One that was made since then is none. */
	ASSERT_EQ(0, set_mode("on"));
	EXPECT_EQ(0, nattch(id));
	rmid(id);
}

/* switch: Ids of kshm's are above those that in-tree gives out at first. */
TEST_F(switch, ids_of_both_differ)
{
	int i;

	for (i = 0; i < 8; i++)
		EXPECT_EQ(i, make(1));
	must_set_mode("on");
	for (i = 0; i < 8; i++)
		EXPECT_EQ(FIRST_ID + i, make(1));
}

/* switch: An id that in-tree was asked for is not given out in kshm. */
TEST_F(switch, asked_id_of_in_tree_is_not_given_in_kshm)
{
	if (access(NEXT_ID, W_OK))
		SKIP(return, "this kernel has no CONFIG_CHECKPOINT_RESTORE");
	ASSERT_EQ(0, write_number(NEXT_ID, FIRST_ID));
	ASSERT_EQ(FIRST_ID, make(1));
	must_set_mode("on");
	EXPECT_NE(FIRST_ID, make(1));
	ASSERT_EQ(0, write_number(NEXT_ID, FIRST_ID));
	EXPECT_NE(FIRST_ID, make(1));
	EXPECT_FALSE(in_kshm(FIRST_ID));
}

/* switch: An in-tree segment gets no id of kshm's, even if that one was asked for. */
TEST_F(switch, asked_id_of_kshm_is_not_given_in_tree)
{
	int id, other;

	if (access(NEXT_ID, W_OK))
		SKIP(return, "this kernel has no CONFIG_CHECKPOINT_RESTORE");
	must_set_mode("on");
	id = make(1);
	must_set_mode("drain");
	ASSERT_EQ(0, write_number(NEXT_ID, id));
	other = make(1);
	EXPECT_FALSE(in_kshm(other));
	EXPECT_NE(id, other);
	EXPECT_TRUE(in_kshm(id));
	ASSERT_EQ(0, write_number(NEXT_ID, id));
	other = get(KEY, PAGE, IPC_CREAT | 0600);
	EXPECT_NE(id, other);
	EXPECT_FALSE(in_kshm(other));
}

/* switch: kernel.shm_next_id gives the next segment its id, once, or the next one. */
TEST_F(switch, next_id_obeyed)
{
	if (access(NEXT_ID, W_OK))
		SKIP(return, "this kernel has no CONFIG_CHECKPOINT_RESTORE");
	must_set_mode("on");
	ASSERT_EQ(0, write_number(NEXT_ID, 1000));
	EXPECT_EQ(1000, make(1));
	EXPECT_TRUE(in_kshm(1000));
	EXPECT_NE(1001, make(1));
	ASSERT_EQ(0, write_number(NEXT_ID, 1000));
	EXPECT_EQ(1001, make(1));
}

/* Creates a segment in a child, and returns its id once the child has ended. */
static int made_by_another(void)
{
	int *id = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(id != MAP_FAILED);
	if (in_child()) {
		*id = make(1);
		_exit(0);
	}
	return *id;
}

/*
 * switch: With kernel.shm_rmid_forced a segment ends with its creator, unless it is
 * attached; then with its last detach.
 */
TEST_F(switch, forced_removal_with_creator)
{
	int *ids = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *p = NULL;
	pid_t child;

	must(ids != MAP_FAILED);
	must_set_mode("on");
	ASSERT_EQ(0, write_number(FORCED, 1));
	child = spawn();
	if (!child) {
		ids[1] = make(1);
		ids[0] = make(1);
		pause();
	}
	while (!*(volatile int *)ids)
		usleep(1000);
	EXPECT_TRUE(exists(ids[0]));
	p = attach(ids[1]);
	kill_child(child);
	EXPECT_FALSE(exists(ids[0]));
	EXPECT_TRUE(exists(ids[1]));
	detach(p);
	EXPECT_FALSE(exists(ids[1]));
}

static void *create_in_thread(void *id)
{
	*(int *)id = make(1);
	return NULL;
}

/* switch: The creator is a thread, so a segment ends with it and not with its process. */
TEST_F(switch, forced_removal_with_creating_thread)
{
	pthread_t thread;
	int id, i;

	must_set_mode("on");
	ASSERT_EQ(0, write_number(FORCED, 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, create_in_thread, &id));
	pthread_join(thread, NULL);
	/* The thread is joined a little before it has ended. */
	for (i = 0; i < 1000 && exists(id); i++)
		usleep(10000);
	EXPECT_FALSE(exists(id));
}

/*
 * switch: Writing 1 to kernel.shm_rmid_forced ends segments whose creators are gone, and
 * no others.
 */
TEST_F(switch, forced_removal_of_orphans)
{
	int orphan, own;

	must_set_mode("on");
	orphan = made_by_another();
	own = make(1);
	EXPECT_TRUE(exists(orphan));
	ASSERT_EQ(0, write_number(FORCED, 1));
	EXPECT_FALSE(exists(orphan));
	EXPECT_TRUE(exists(own));
}

/* switch: With kernel.shm_rmid_forced an attach that fails ends an unattached segment. */
TEST_F(switch, forced_removal_by_failed_attach)
{
	char *taken = fill_page(free_range(1), 1);
	int id;

	must_set_mode("on");
	id = make(1);
	ASSERT_EQ(0, write_number(FORCED, 1));
	EXPECT_EQ(-EINVAL, at(id, taken, 0));
	EXPECT_FALSE(exists(id));
}

/* switch: A creator that leaves its IPC namespace by unshare() orphans its segments. */
TEST_F(switch, unshare_orphans)
{
	int *id = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	must(id != MAP_FAILED);
	*id = -1;
	must_set_mode("on");
	ASSERT_EQ(0, write_number(FORCED, 1));
	child = spawn();
	if (!child) {
		int made = make(1);

		must(!unshare(CLONE_NEWIPC));
		*id = made;
		pause();
	}
	while (*(volatile int *)id < 0)
		usleep(1000);
	EXPECT_FALSE(exists(*id));
	kill_child(child);
}

/*
 * switch: The end of a namespace frees its segments at once, even while its mqueue is
 * mounted elsewhere.
 */
TEST_F(switch, end_of_namespace_frees_though_mqueue_stays_mounted)
{
	unsigned long before = meminfo("Shmem:");
	size_t pages = (32UL << 20) / PAGE;

	must_set_mode("on");
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (in_child()) {
		must(!unshare(CLONE_NEWIPC));
		must(!mount("mqueue", "/mnt", "mqueue", 0, NULL));
		memset(attach(make(pages)), 1, pages * PAGE);
		must(meminfo("Shmem:") > before + (16UL << 10));
		_exit(0);
	}
	EXPECT_TRUE(shmem_falls_below(before + (16UL << 10), 30));
	EXPECT_EQ(0, umount("/mnt"));
}

/* switch: /proc/sysvipc/shm shows each segment of both kinds once, in-tree's first. */
TEST_F(switch, listing_shows_both)
{
	struct line lines[8];
	int first = make(1), second;

	must_set_mode("on");
	second = make(2);
	ASSERT_EQ(2, listing_read(lines, 8));
	EXPECT_EQ(first, lines[0].id);
	EXPECT_EQ(second, lines[1].id);
	EXPECT_EQ(2 * PAGE, lines[1].size);
	rmid(first);
	ASSERT_EQ(1, listing_read(lines, 8));
	EXPECT_EQ(second, lines[0].id);
}

/* switch: The longer listing shows a segment of a system call as one of the device. */
TEST_F(switch, longer_listing_shows_no_lifetime)
{
	static char text[4096];

	must_set_mode("on");
	make(1);
	slurp("/proc/kshm/objects", text, sizeof(text));
	EXPECT_NE(NULL, strstr(text, " 0 - segment -\n"));
}

/* switch: A listing that is read in small pieces shows the same as one that is not. */
TEST_F(switch, listing_in_pieces_is_whole)
{
	static char whole[65536], pieces[65536];
	size_t have = 0;
	ssize_t n;
	int fd, i;

	for (i = 0; i < 20; i++)
		make(1);
	must_set_mode("on");
	for (i = 0; i < 20; i++)
		make(1);
	slurp("/proc/sysvipc/shm", whole, sizeof(whole));
	fd = open("/proc/sysvipc/shm", O_RDONLY);
	ASSERT_LE(0, fd);
	while ((n = read(fd, pieces + have, 7)) > 0)
		have += n;
	pieces[have] = '\0';
	EXPECT_STREQ(whole, pieces);
	have = pread(fd, pieces, sizeof(pieces) - 1, 1000);
	pieces[have] = '\0';
	EXPECT_EQ(0, strncmp(whole + 1000, pieces, have));
	close(fd);
}

/* switch: SHM_INFO adds both kinds up, and SHM_STAT finds each segment at one index. */
TEST_F(switch, usage_and_indices_of_both)
{
	int ids[6], found = 0, i, j, most, id;
	struct shm_info info;
	struct shmid_ds ds;

	for (i = 0; i < 3; i++)
		ids[i] = make(1);
	rmid(ids[0]);
	memset(attach(ids[1]), 1, PAGE);
	must_set_mode("on");
	for (i = 3; i < 6; i++)
		ids[i] = make(2);
	ids[0] = -1;
	memset(attach(ids[3]), 1, 2 * PAGE);
	most = ctl(0, SHM_INFO, &info);
	EXPECT_EQ(5, info.used_ids);
	EXPECT_EQ(8, info.shm_tot);
	EXPECT_EQ(3, info.shm_rss);
	EXPECT_EQ(most, ctl(0, IPC_INFO, &(struct shminfo){ 0 }));
	for (i = 0; i <= most; i++) {
		id = ctl(i, SHM_STAT, &ds);
		for (j = 0; j < 6; j++)
			found += id >= 0 && id == ids[j];
	}
	EXPECT_EQ(5, found);
	EXPECT_EQ(-EINVAL, ctl(most + 1, SHM_STAT, &ds));
	/* An id stands for its index. */
	EXPECT_EQ(ids[4], ctl(ids[4], SHM_STAT_ANY, &ds));
	EXPECT_EQ(ids[2], ctl(ids[2], SHM_STAT_ANY, &ds));
}

/* switch: The segments of both kinds together are bound by shmmni and shmall. */
TEST_F(switch, limits_bind_both_together)
{
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", 3));
	make(1);
	make(1);
	must_set_mode("on");
	make(1);
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", 100));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmall", 4));
	make(1);
	EXPECT_EQ(-ENOSPC, get(IPC_PRIVATE, PAGE, 0600));
}

/*
 * switch: A detach takes the first piece at or above its address, be it of an in-tree
 * attach or of one of kshm.
 */
TEST_F(switch, detach_takes_the_first_piece)
{
	int old = make(1), new;
	char *base = free_range(2);

	must_set_mode("on");
	new = make(2);
	ASSERT_EQ((long)base, at(new, base, 0));
	/* The second page of that attach is still in its place. */
	ASSERT_EQ(0, munmap(base, PAGE));
	ASSERT_EQ((long)base, at(old, base, 0));
	detach(base);
	EXPECT_EQ(0, nattch(old));
	EXPECT_EQ(1, nattch(new));
	detach(base);
	EXPECT_EQ(0, nattch(new));
	EXPECT_EQ(-EINVAL, dt(base));
}

/*
 * switch: A buffer that can be written in part only is EFAULT and holds the beginning of
 * the answer, as in-tree.
 */
TEST_F(switch, partial_buffer_holds_the_beginning)
{
	char *page = fill_page(free_range(2), 0xaa);
	struct shmid_ds *ds = (void *)(page + PAGE - sizeof(struct ipc_perm));
	int id;

	must_set_mode("on");
	id = make_key(KEY, PAGE, 0600);
	EXPECT_EQ(-EFAULT, ctl(id, IPC_STAT, ds));
	EXPECT_EQ(KEY, ds->shm_perm.__key);
	EXPECT_EQ(-EFAULT, ctl(id, IPC_SET, BAD_POINTER));
	/* For IPC_SET, the buffer comes before the id. */
	EXPECT_EQ(-EFAULT, ctl(id + 1, IPC_SET, BAD_POINTER));
	EXPECT_EQ(-EINVAL, ctl(id + 1, IPC_STAT, BAD_POINTER));
}

/* switch: A seccomp filter that allows no ioctl does not matter. */
TEST_F(switch, seccomp_without_ioctl_works)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_K | BPF_JEQ, SYS_ioctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	must_set_mode("on");
	if (in_child()) {
		int id;

		must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
		id = make(1);
		detach(attach(id));
		rmid(id);
		_exit(0);
	}
}

/* switch: All calls of the namespace that is excepted go to in-tree shm. */
TEST_F(switch, excepted_namespace_stays_in_tree)
{
	struct stat ns;
	int id;

	ASSERT_EQ(0, stat("/proc/self/ns/ipc", &ns));
	ASSERT_EQ(0, write_number(PARAMETERS "except", ns.st_ino));
	must_set_mode("on");
	id = make(1);
	EXPECT_FALSE(in_kshm(id));
	EXPECT_EQ(0, nattch(id));
	EXPECT_EQ(-EBUSY, write_file(PARAMETERS "except", "0"));
	if (in_child()) {
		must(!unshare(CLONE_NEWIPC));
		EXPECT_TRUE(in_kshm(make(1)));
		_exit(0);
	}
}

#ifdef __x86_64__
/* A system call of a 32-bit program; pointers must be below 4 GiB. */
static long call32(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "0" (nr), "b" (a), "c" (b), "d" (c), "S" (d), "D" (e)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

#define GETPID32	20
#define IPC32		117
#define SHMGET32	395
#define SHMCTL32	396
#define SHMAT32		397
#define SHMDT32		398
#define IPC_64_BIT	0x100
/* In the buffer of a 32-bit program: the size, of the old layout and of the new one. */
#define OLD_SIZE_AT	16
#define NEW_SIZE_AT	36

static unsigned int *low_page(void)
{
	unsigned int *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	must(page != MAP_FAILED);
	return page;
}

static void call_getpid32(volatile char *unused)
{
	call32(GETPID32, 0, 0, 0, 0, 0);
}

static bool has_32_bit_calls(void)
{
	volatile char unused;

	return !raises(SIGSEGV, call_getpid32, &unused);
}

/* switch: The system calls of 32-bit programs lead to kshm. */
TEST_F(switch, calls_of_32_bits)
{
	unsigned int *buf = low_page();
	long addr;
	int id;

	if (!has_32_bit_calls())
		SKIP(return, "this kernel has no CONFIG_IA32_EMULATION");
	must_set_mode("on");
	id = call32(SHMGET32, KEY, 5000, IPC_CREAT | 0600, 0, 0);
	ASSERT_LE(0, id);
	EXPECT_TRUE(in_kshm(id));
	addr = (unsigned int)call32(SHMAT32, id, 0, 0, 0, 0);
	EXPECT_EQ(1, nattch(id));
	EXPECT_EQ(0, call32(SHMCTL32, id, IPC_STAT, (long)buf, 0, 0));
	EXPECT_EQ(KEY, buf[0]);
	EXPECT_EQ(5000, buf[NEW_SIZE_AT / 4]);
	EXPECT_EQ(0, call32(SHMDT32, addr, 0, 0, 0, 0));
	EXPECT_EQ(0, nattch(id));
	EXPECT_EQ(0, call32(SHMCTL32, id, IPC_RMID, 0, 0, 0));
}

/* switch: ipc(2) leads to kshm, with both layouts of its buffer, and only for shm. */
TEST_F(switch, ipc_call_of_32_bits)
{
	enum { SEMGET = 2, SHMAT = 21, SHMDT, SHMGET, SHMCTL };
	unsigned int *buf = low_page();
	int id;

	if (!has_32_bit_calls())
		SKIP(return, "this kernel has no CONFIG_IA32_EMULATION");
	must_set_mode("on");
	id = call32(IPC32, SHMGET, KEY, 5000, IPC_CREAT | 0600, 0);
	ASSERT_LE(0, id);
	EXPECT_TRUE(in_kshm(id));
	EXPECT_EQ(0, call32(IPC32, SHMAT, id, 0, (long)buf, 0));
	EXPECT_EQ(1, nattch(id));
	EXPECT_EQ(0, call32(IPC32, SHMDT, 0, 0, 0, buf[0]));
	EXPECT_EQ(0, nattch(id));
	EXPECT_EQ(-EINVAL, call32(IPC32, SHMAT | 1 << 16, id, 0, (long)buf, 0));
	EXPECT_EQ(0, call32(IPC32, SHMCTL, id, IPC_STAT, 0, (long)buf));
	EXPECT_EQ(5000, buf[OLD_SIZE_AT / 4]);
	EXPECT_EQ(0, call32(IPC32, SHMCTL, id, IPC_STAT | IPC_64_BIT, 0,
			    (long)buf));
	EXPECT_EQ(5000, buf[NEW_SIZE_AT / 4]);
	EXPECT_EQ(0, call32(IPC32, SHMCTL, id, IPC_RMID, 0, 0));
	EXPECT_LE(0, call32(IPC32, SEMGET, IPC_PRIVATE, 1, 0600, 0));
}
#endif

/*
 * Before version 8.1, QEMU's emulation can run an instruction that another processor has
 * replaced already. The kernel changes a function by a breakpoint (int3), and dies of one
 * that it has removed. There is no such danger if one thread emulates all processors
 * (tcg,thread=single).
 */
static bool can_run_stale_code(void)
{
	static char info[65536];

	if (getenv("KSHM_ONE_THREAD") || sysconf(_SC_NPROCESSORS_ONLN) == 1)
		return false;
	slurp("/proc/cpuinfo", info, sizeof(info));
	return strstr(info, "QEMU TCG");
}

/* Cases that hook functions while others call them stay on one processor there. */
static void avoid_stale_code(void)
{
	cpu_set_t set;

	if (!can_run_stale_code())
		return;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	must(!sched_setaffinity(0, sizeof(set), &set));
}

/* Creates, uses and removes segments, until the parent says stop. */
static void use_until(volatile int *stop, key_t key)
{
	while (!*stop) {
		int id = get(key, PAGE, IPC_CREAT | IPC_EXCL | 0600);
		char *p;

		must(id >= 0);
		must(get(key, PAGE, 0) == id);
		p = attach(id);
		*p = 1;
		must(nattch(id) == 1);
		rmid(id);
		detach(p);
		must(get(key, PAGE, 0) == -ENOENT);
	}
	_exit(0);
}

static int switches(void)
{
	const char *wish = getenv("KSHM_SWITCHES");

	return wish ? atoi(wish) : SWITCHES;
}

/* Goes on, to drain and off, unloads and loads again, while others make calls. */
static void switch_under_load(struct __test_metadata *_metadata)
{
	int *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t loaders[LOADERS];
	int i, rounds = switches();

	must(stop != MAP_FAILED);
	for (i = 0; i < LOADERS; i++) {
		loaders[i] = spawn();
		if (!loaders[i])
			use_until(stop, KEY + i);
	}
	for (i = 0; i < rounds; i++) {
		must_set_mode("on");
		must_set_mode("drain");
		EXPECT_EQ(0, go_off());
		EXPECT_EQ(0, unload_switch());
		EXPECT_EQ(0, load_switch(""));
	}
	*stop = 1;
	for (i = 0; i < LOADERS; i++)
		reap(loaders[i]);
}

/*
 * switch: Going on, to drain and off loses no call of processes that create, find,
 * attach, detach and remove meanwhile.
 */
TEST_F(switch, changes_of_mode_lose_no_call)
{
	avoid_stale_code();
	switch_under_load(_metadata);
}

/*
 * Traces shmget() by the function tracer and shmat() by a probe; is that possible? The
 * function tracer also records names of processes, for which the kernel changes code
 * that all of them run.
 */
static bool begin_tracers(void)
{
	if (can_run_stale_code() || (mkdir(TRACING, 0700) && errno != EEXIST))
		return false;
	/* A case that failed may have left it. */
	write_file(PROBES, "-:" PROBED);
	if (write_file(PROBES, "p:" PROBED " __x64_sys_shmat") ||
	    write_file(TRACING "/set_ftrace_filter", "__x64_sys_shmget") ||
	    write_file(TRACING "/current_tracer", "function"))
		return false;
	must(!write_file(TRACING "/events/" PROBED "/enable", "1"));
	return true;
}

static void end_tracers(void)
{
	must(!write_file(TRACING "/events/" PROBED "/enable", "0"));
	must(!write_file(TRACING "/current_tracer", "nop"));
	must(!rmdir(TRACING));
	must(!write_file(PROBES, "-:" PROBED));
}

static int traced(const char *text)
{
	const char *at = trace;
	int count = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		count++;
	}
	return count;
}

/* switch: The function tracer and a probe see each call once, in every mode. */
TEST_F(switch, tracers_see_each_call_once)
{
	const char *const modes[] = { "off", "drain", "on", "drain", "off" };
	int i;

	if (!begin_tracers())
		SKIP(return, TRACERS_NEED);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		int id;

		if (strcmp(modes[i], "off"))
			must_set_mode(modes[i]);
		else
			must(!go_off());
		id = make(1);
		detach(attach(id));
		rmid(id);
		trace_read();
		EXPECT_EQ(i + 1, traced(": __x64_sys_shmget "));
		EXPECT_EQ(i + 1, traced("(__x64_sys_shmat+"));
	}
	end_tracers();
}

/* switch: Nor does that lose a call if both trace the calls. */
TEST_F(switch, changes_of_mode_beside_tracers)
{
	if (!begin_tracers())
		SKIP(return, TRACERS_NEED);
	switch_under_load(_metadata);
	end_tracers();
}

/* Two processes create the same key, again and again; both must mean one segment. */
static void meet_until(volatile int *stop)
{
	while (!*stop) {
		int id = get(KEY, PAGE, IPC_CREAT | 0600), again;

		if (id == -EINVAL || id == -EIDRM)
			continue;
		must(id >= 0);
		again = get(KEY, PAGE, 0);
		/* The other one can have removed it, and created the next one. */
		if (again >= 0 && again != id)
			must(ctl(id, IPC_STAT, &(struct shmid_ds){ 0 }) < 0);
		ctl(id, IPC_RMID, NULL);
	}
	_exit(0);
}

/* switch: While the mode changes, one key never means two segments. */
TEST_F(switch, one_key_is_one_segment_while_mode_changes)
{
	int *stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pair[2];
	int i;

	must(stop != MAP_FAILED);
	avoid_stale_code();
	for (i = 0; i < 2; i++) {
		pair[i] = spawn();
		if (!pair[i])
			meet_until(stop);
	}
	for (i = 0; i < FLIPS; i++) {
		must_set_mode("on");
		usleep(20000);
		must_set_mode("drain");
		usleep(20000);
	}
	*stop = 1;
	for (i = 0; i < 2; i++)
		reap(pair[i]);
}

TEST_HARNESS_MAIN
