// SPDX-License-Identifier: GPL-2.0
/*
 * The list of attached processes: it says neither more nor less than is true, and
 * nothing to callers that may not know. In-tree has none.
 */
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "cases.h"
#include "kshm.h"

#define MOST	64
#define RW	(KSHM_PROT_READ | KSHM_PROT_WRITE)

FIXTURE_DEVICE(who);

/* Every case asks about segment 0, and gets the list here. */
static struct kshm_attacher list[MOST];

static int who_in(int dev, void *to, unsigned int room)
{
	struct kshm_who arg = { .list = (uintptr_t)to, .room = room };

	return ioctl(dev, KSHM_IOC_WHO, &arg) ? -errno : arg.count;
}

static int who(int dev)
{
	memset(list, 0xa5, sizeof(list));
	return who_in(dev, list, MOST);
}

static const struct kshm_attacher *at_addr(int n, const void *addr)
{
	int i;

	for (i = 0; i < n; i++)
		if (list[i].addr == (uintptr_t)addr)
			return &list[i];
	return NULL;
}

static const struct kshm_attacher *of_pid(int n, pid_t pid)
{
	int i;

	for (i = 0; i < n; i++)
		if (list[i].pid == pid)
			return &list[i];
	return NULL;
}

#define EXPECT_ATTACHER(n, p, flags, pages, first) do {			\
	const struct kshm_attacher *found_ = at_addr(n, p);		\
									\
	ASSERT_NE(NULL, found_);					\
	EXPECT_EQ(getpid(), found_->pid);				\
	EXPECT_EQ(flags, found_->prot);					\
	EXPECT_EQ((pages) * PAGE, found_->length);			\
	EXPECT_EQ((first) * PAGE, found_->offset);			\
} while (0)

/* Waits until the list has @n entries. */
static bool becomes(int dev, int n)
{
	int i;

	for (i = 0; i < 20000; i++) {
		if (who(dev) == n)
			return true;
		usleep(1000);
	}
	return false;
}

/* who: INFO tells the feature WHO. */
TEST_F(who, feature_is_told)
{
	expect_feature(_metadata, self->dev, KSHM_FEATURE_WHO);
}

/*
 * who: A segment without attaches has an empty list, and WHO changes
 * nothing.
 */
TEST_F(who, nobody_attached_nobody_listed)
{
	struct shmid_ds ds;

	make(1);
	make(1);
	attach(1);
	ds = stat_of(0);
	EXPECT_EQ(0, who(self->dev));
	EXPECT_EQ(0xa5a5a5a5, (unsigned int)list[0].pid);
	EXPECT_EQ(ds.shm_atime, stat_of(0).shm_atime);
	EXPECT_EQ(0, nattch(0));
}

/*
 * who: Each attach is listed with its pid, protection, address, length and
 * offset.
 */
TEST_F(who, attach_listed_exactly)
{
	char *p, *q, *r;
	int n;

	make_key(KEY, 2 * PAGE + 1, 0700);
	p = attach(0);
	q = attach_as(0, SHM_RDONLY);
	r = attach_as(0, SHM_EXEC);
	n = who(self->dev);
	EXPECT_EQ(3, n);
	EXPECT_ATTACHER(n, p, RW, 3, 0);
	EXPECT_ATTACHER(n, q, KSHM_PROT_READ, 3, 0);
	EXPECT_ATTACHER(n, r, RW | KSHM_PROT_EXEC, 3, 0);
	rmid(0);
	EXPECT_EQ(3, who(self->dev));
}

/* who: Each piece of an attach is listed. */
TEST_F(who, pieces_listed_each)
{
	char *p = attach(make(6)), *moved;
	int n;

	ASSERT_EQ(0, mprotect(p + PAGE, PAGE, PROT_NONE));
	ASSERT_EQ(0, munmap(p + 3 * PAGE, PAGE));
	moved = mremap(p + 5 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       free_range(1));
	ASSERT_NE(MAP_FAILED, moved);
	n = who(self->dev);
	EXPECT_EQ(5, n);
	EXPECT_EQ(5, nattch(0));
	EXPECT_ATTACHER(n, p, RW, 1, 0);
	EXPECT_ATTACHER(n, p + PAGE, 0, 1, 1);
	EXPECT_ATTACHER(n, p + 2 * PAGE, RW, 1, 2);
	EXPECT_ATTACHER(n, p + 4 * PAGE, RW, 1, 4);
	EXPECT_ATTACHER(n, moved, RW, 1, 5);
}

/* who: A descriptor is not listed, and its mapping is. */
TEST_F(who, descriptor_listed_where_mapped)
{
	int fd, n;
	char *p;

	make(4);
	fd = kshm_segment_fd(0, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, who(self->dev));
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	ASSERT_NE(MAP_FAILED, p);
	n = who(self->dev);
	EXPECT_EQ(1, n);
	EXPECT_ATTACHER(n, p, KSHM_PROT_READ, 2, 1);
}

/*
 * who: A plain mapping of the file behind the segment is not listed.
 *
 * Root can open the file through /proc/self/map_files.
 */
TEST_F(who, plain_mapping_not_listed)
{
	int fd = open_backing(attach(make(1)), 1);

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(1, who(self->dev));
}

/* who: Each process is listed until it ends. */
TEST_F(who, processes_listed_each)
{
	char *p = attach(make(1));
	pid_t one = spawn_idle(), other = spawn_idle();
	int n = who(self->dev);

	EXPECT_EQ(3, n);
	EXPECT_NE(NULL, of_pid(n, getpid()));
	ASSERT_NE(NULL, of_pid(n, one));
	EXPECT_EQ((uintptr_t)p, of_pid(n, one)->addr);
	EXPECT_NE(NULL, of_pid(n, other));
	release(one);
	n = who(self->dev);
	EXPECT_EQ(2, n);
	EXPECT_EQ(NULL, of_pid(n, one));
	kill_child(other);
	EXPECT_EQ(1, who(self->dev));
}

/* who: A process leaves the list with exec. */
TEST_F(who, exec_leaves_the_list)
{
	pid_t pid;

	attach(make(1));
	pid = spawn();
	if (!pid) {
		execl("/bin/sleep", "sleep", "1000", NULL);
		die("running sleep: %s", strerror(errno));
	}
	EXPECT_TRUE(becomes(self->dev, 1));
	EXPECT_EQ(getpid(), list[0].pid);
	kill_child(pid);
}

static void *sleep_on(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

/* who: A process is listed after its first thread has ended. */
TEST_F(who, process_without_first_thread_listed)
{
	pthread_t thread;
	pid_t pid;
	int n, i;

	attach(make(1));
	pid = spawn();
	if (!pid) {
		pthread_create(&thread, NULL, sleep_on, NULL);
		syscall(SYS_exit, 0);
	}
	for (i = 0; i < 100; i++) {
		usleep(2000);
		n = who(self->dev);
		EXPECT_EQ(2, n);
		ASSERT_NE(NULL, of_pid(n, pid));
	}
	kill_child(pid);
	EXPECT_EQ(1, who(self->dev));
}

static int who_of_parent(void *dev)
{
	must(who(*(int *)dev) == 1);
	must(list[0].pid == getppid());
	must(list[0].addr);
	_exit(0);
}

/* who: An address space that two processes share is listed once. */
TEST_F(who, shared_address_space_listed_once)
{
	char *stack = malloc(65536);
	pid_t pid;

	attach(make(1));
	pid = clone(who_of_parent, stack + 65536,
		    CLONE_VM | CLONE_VFORK | SIGCHLD, &self->dev);
	ASSERT_LT(0, pid);
	reap(pid);
	free(stack);
}

/*
 * who: The list is filled as far as there is room, and the count is told
 * in full.
 */
TEST_F(who, room_too_small_count_still_told)
{
	attach(make(1));
	attach(0);
	attach(0);
	memset(list, 0xa5, sizeof(list));
	EXPECT_EQ(3, who_in(self->dev, list, 2));
	EXPECT_EQ(getpid(), list[1].pid);
	EXPECT_EQ(0xa5a5a5a5, (unsigned int)list[2].pid);
	EXPECT_EQ(3, who_in(self->dev, NULL, 0));
	EXPECT_EQ(3, who_in(self->dev, BAD_POINTER, 0));
	EXPECT_EQ(3, who_in(self->dev, list, 3));
	EXPECT_EQ(0xa5a5a5a5, (unsigned int)list[3].pid);
}

/* who: There can be room for KSHM_WHO_ROOM_MAX entries; more is EINVAL. */
TEST_F(who, room_of_any_size_up_to_the_most)
{
	size_t size = KSHM_WHO_ROOM_MAX * sizeof(struct kshm_attacher);
	struct kshm_attacher *room = mmap(NULL, size, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	attach(make(1));
	EXPECT_EQ(1, who_in(self->dev, room, KSHM_WHO_ROOM_MAX));
	EXPECT_EQ(getpid(), room[0].pid);
	EXPECT_EQ(0, room[1].pid);
	EXPECT_EQ(-EINVAL, who_in(self->dev, room, KSHM_WHO_ROOM_MAX + 1));
	EXPECT_EQ(-EINVAL, who_in(self->dev, room, UINT_MAX));
}

/*
 * who: A list that can't be written is EFAULT, if there is anything to
 * write.
 */
TEST_F(who, list_unwritable_efault)
{
	char *page = fill_page(free_range(2), 0xa5);

	make(1);
	EXPECT_EQ(0, who_in(self->dev, NULL, 1));
	attach(0);
	EXPECT_EQ(-EFAULT, who_in(self->dev, NULL, 1));
	EXPECT_EQ(-EFAULT, who_in(self->dev, BAD_POINTER, 1));
	EXPECT_EQ(-EFAULT, who_in(self->dev, page + PAGE - 31, 1));
	EXPECT_EQ(1, who_in(self->dev, page + PAGE - 32, 64));
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, who_in(self->dev, page, 1));
}

/* who: WHO asks for r; CAP_SYS_ADMIN passes that. */
TEST_F(who, asks_for_read_permission)
{
	make_key(KEY, PAGE, 0600);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, who(self->dev));
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(ALICE, STAFF, 1ULL << CAP_SYS_ADMIN);
		EXPECT_EQ(0, who(self->dev));
		_exit(0);
	}
}

/* who: The owner needs no mode bit. */
TEST_F(who, owner_needs_no_permission)
{
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, make_key(KEY, PAGE, 0));
		EXPECT_EQ(-EACCES, at(0, NULL, SHM_RDONLY));
		EXPECT_EQ(0, who(self->dev));
		_exit(0);
	}
}

/* Checks an entry; only its address may be hidden. */
static void expect_hidden(struct __test_metadata *_metadata, int dev, pid_t pid,
			  bool hidden)
{
	int n = who(dev);
	const struct kshm_attacher *found = of_pid(n, pid);

	ASSERT_NE(NULL, found);
	EXPECT_EQ(hidden, !found->addr);
	EXPECT_EQ(PAGE, found->length);
	EXPECT_EQ(RW, found->prot);
}

/* who: The address is 0 where the caller may not look into the process. */
TEST_F(who, addresses_of_others_hidden)
{
	pid_t root = getpid();
	char *p;
	int n;

	make_key(KEY, PAGE, 0666);
	attach(0);
	if (in_child()) {
		become(ALICE, STAFF);
		p = attach(0);
		expect_hidden(_metadata, self->dev, root, true);
		n = who(self->dev);
		EXPECT_EQ(3, n);
		EXPECT_ATTACHER(n, p, RW, 1, 0);
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(ALICE, STAFF, 1ULL << CAP_SYS_PTRACE);
		expect_hidden(_metadata, self->dev, root, false);
		_exit(0);
	}
	if (in_child()) {
		keep_caps(1ULL << CAP_SETUID);
		/*
		 * The user is the same, but the other process has more
		 * capabilities.
		 */
		expect_hidden(_metadata, self->dev, root, true);
		_exit(0);
	}
}

/* Checks that ALICE sees a process of hers that @begin makes while it is dumpable. */
static void expect_shown_unless_it_hides(struct __test_metadata *_metadata, int dev,
					 pid_t (*begin)(void))
{
	int hides;
	pid_t pid;

	make_key(KEY, PAGE, 0666);
	if (!in_child())
		return;
	become(ALICE, STAFF);
	attach(0);
	for (hides = 0; hides < 2; hides++) {
		prctl(PR_SET_DUMPABLE, !hides);
		pid = begin();
		ASSERT_LT(0, pid);
		expect_hidden(_metadata, dev, pid, hides);
		kill_child(pid);
	}
	_exit(0);
}

/*
 * who: A process of the same user shows its addresses while it is
 * dumpable.
 */
TEST_F(who, addresses_of_same_user_shown_unless_it_hides)
{
	expect_shown_unless_it_hides(_metadata, self->dev, spawn_idle);
}

static pid_t begin_in_user_namespace(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		for (;;)
			pause();
	return pid;
}

/*
 * who: The owner of a user namespace sees the addresses of a process in it, while
 * that is dumpable. It has CAP_SYS_PTRACE there, but not where the process was
 * started.
 */
TEST_F(who, addresses_in_a_user_namespace_shown_to_its_owner)
{
	expect_shown_unless_it_hides(_metadata, self->dev, begin_in_user_namespace);
}

/*
 * who: Pids are those of the caller's pid namespace; 0 where a process has
 * none there.
 */
TEST_F(who, pids_are_those_of_the_callers_namespace)
{
	int n;

	attach(make(1));
	if (!in_child())
		return;
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	if (in_child()) {
		n = who(self->dev);
		EXPECT_EQ(3, n);
		EXPECT_EQ(1, getpid());
		EXPECT_NE(NULL, of_pid(n, 1));
		/* The parent and grandparent have no pid here. */
		EXPECT_EQ(2, (list[0].pid == 0) + (list[1].pid == 0) +
			     (list[2].pid == 0));
		_exit(0);
	}
	_exit(0);
}

/*
 * who: Pids are listed even if hidepid= keeps the processes out of the caller's /proc.
 * IPC_STAT shows pids there, too.
 */
TEST_F(who, pids_are_listed_despite_hidepid)
{
	pid_t root = getpid();
	char path[32];
	int n;

	make_key(KEY, PAGE, 0666);
	attach(0);
	if (!in_child())
		return;
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("proc", "/mnt", "proc", 0, "hidepid=2"));
	become(ALICE, STAFF);
	snprintf(path, sizeof(path), "/mnt/%d", root);
	EXPECT_EQ(-1, access(path, F_OK));
	n = who(self->dev);
	EXPECT_EQ(2, n);
	EXPECT_NE(NULL, of_pid(n, root));
	EXPECT_EQ(root, stat_of(0).shm_cpid);
	_exit(0);
}

/*
 * who: A process in a child pid namespace is listed by its pid in the
 * caller's.
 */
TEST_F(who, processes_in_child_namespaces_have_outer_pids)
{
	pid_t pid;
	int n;

	attach(make(1));
	pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWIPC | SIGCHLD, 0, 0, 0,
		      0);
	if (!pid)
		for (;;)
			pause();
	n = who(self->dev);
	EXPECT_EQ(2, n);
	ASSERT_NE(NULL, of_pid(n, pid));
	EXPECT_NE(0, of_pid(n, pid)->addr);
	kill_child(pid);
}

/* who: An id that no segment has is EINVAL. */
TEST_F(who, stale_id_einval)
{
	struct kshm_who arg = { .id = 5 };

	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_WHO, &arg));
	EXPECT_EQ(EINVAL, errno);
	arg.id = -1;
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_WHO, &arg));
	EXPECT_EQ(EINVAL, errno);
}

/* who: kshm_segment_attachers() gives the same as the ioctl. */
TEST_F(who, library_gives_the_same)
{
	char *p = attach(make(2));

	memset(list, 0xa5, sizeof(list));
	EXPECT_EQ(1, kshm_segment_attachers(0, list, MOST));
	EXPECT_EQ((uintptr_t)p, list[0].addr);
	EXPECT_EQ(1, kshm_segment_attachers(0, NULL, 0));
	EXPECT_EQ(-1, kshm_segment_attachers(0, list,
					     (size_t)KSHM_WHO_ROOM_MAX + 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, kshm_segment_attachers(0, list, (size_t)-1));
	EXPECT_EQ(EINVAL, errno);
	if (sizeof(size_t) > 4) {
		EXPECT_EQ(-1, kshm_segment_attachers(0, list, (TIB >> 8) + 1));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, kshm_segment_attachers(7, list, MOST));
	EXPECT_EQ(EINVAL, errno);
}

/*
 * Processes that fork, split mappings, exec, die and exit as fast as they can.
 * Each entry must have been true at some moment.
 */
static void come_and_go(int i, int rounds)
{
	pid_t pid;
	char *p;

	for (; rounds; rounds--) {
		pid = spawn();
		if (!pid) {
			p = attach(0);
			mprotect(p + PAGE, PAGE, PROT_READ);
			munmap(p + 3 * PAGE, PAGE);
			if (i == 0)
				execl("/bin/true", "true", NULL);
			must(i != 0);
			if (i == 1)
				kill(getpid(), SIGKILL);
			detach(p);
			_exit(0);
		}
		if (i == 1)
			reap_killed(pid, SIGKILL);
		else
			reap(pid);
	}
	_exit(0);
}

static bool plausible(const struct kshm_attacher *attacher)
{
	return attacher->pid >= 0 && attacher->addr % PAGE == 0 &&
	       attacher->length && attacher->length % PAGE == 0 &&
	       attacher->offset % PAGE == 0 &&
	       attacher->offset + attacher->length <= 4 * PAGE &&
	       !(attacher->prot & ~RW);
}

/*
 * who: While processes fork, exec and exit, each entry is plausible and
 * the caller is always listed.
 */
TEST_F(who, asked_while_processes_come_and_go)
{
	int busy = 3, wrong = 0, most = 0, n, i;
	pid_t pid[3];

	attach(make(4));
	for (i = 0; i < 3; i++) {
		pid[i] = spawn();
		if (!pid[i])
			come_and_go(i, 60);
	}
	while (busy) {
		n = who(self->dev);
		most = n > most ? n : most;
		for (i = 0; i < n && i < MOST; i++)
			wrong += !plausible(&list[i]);
		if (n < 1 || !of_pid(n, getpid()))
			wrong++;
		for (i = 0; i < 3; i++) {
			if (pid[i] && has_ended(pid[i])) {
				pid[i] = 0;
				busy--;
			}
		}
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LT(4, most);
	EXPECT_TRUE(becomes(self->dev, 1));
	EXPECT_EQ(1, nattch(0));
}

TEST_HARNESS_MAIN
