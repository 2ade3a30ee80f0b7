// SPDX-License-Identifier: GPL-2.0
/*
 * Fail each allocation of a call in turn, and each copy to or from user space:
 * the call must fail with an error that says so, or succeed without what it
 * missed, and a failure must change nothing. Wants CONFIG_FAULT_INJECTION with
 * failslab, fail_page_alloc and /proc/thread-self/fail-nth.
 */
#include <sys/mman.h>

#include "cases.h"
#include "faults.h"

/* Pages of a segment, enough for an attach to be cut into pieces. */
#define PAGES		4

/* What a failure must leave as it was. */
struct state {
	unsigned long nattch, used, pages, modules;
	int mapped;
};

/* How often the module is in use; 0 where it is not asked. */
static unsigned long module_uses(void)
{
	return backend == &kshm ? read_number("/sys/module/kshm/refcnt") : 0;
}

/* @fresh: the namespace is not to be asked yet. */
static struct state state_now(int id, bool fresh)
{
	struct state state = { .modules = module_uses() };
	struct shm_info info;
	struct shmid_ds ds;

	if (fresh)
		return state;
	if (ctl(0, SHM_INFO, &info) < 0)
		die("SHM_INFO failed");
	state.used = info.used_ids;
	state.pages = info.shm_tot;
	if (id >= 0) {
		state.nattch = ctl(id, IPC_STAT, &ds) ? 0 : ds.shm_nattch;
		state.mapped = mappings_of(id);
	}
	return state;
}

/* @pools: the segment may keep a file that it made, and with it the module. */
static bool is_same(const struct state *a, const struct state *b, bool pools)
{
	return a->nattch == b->nattch && a->used == b->used &&
	       a->pages == b->pages && a->mapped == b->mapped &&
	       (pools || a->modules == b->modules);
}

/* What the kernel says where it has no memory, no file or no page to copy. */
static bool is_expected(long err)
{
	return err == -ENOMEM || err == -EFAULT || err == -ENFILE ||
	       err == -EAGAIN || err == -ENOSPC;
}

/*
 * struct step - a call and what takes it back
 * @before:	makes what the call needs; may be NULL
 * @call:	gives a negative errno, or what @undo wants
 * @settle:	waits for what a call that succeeded began; may be NULL
 * @undo:	of a call that succeeded; may be NULL
 * @clean:	a failure changes nothing; else only the counts must be right
 * @pools:	but for a file that may stay at hand
 * @fresh:	@before enters a namespace where the call is the first
 */
struct step {
	void (*before)(void);
	long (*call)(void);
	void (*settle)(long ret);
	void (*undo)(long ret);
	bool clean;
	bool pools;
	bool fresh;
};

static int id;
static char *addr, *room;

/* Returns whether there was an @n-th place to fail. */
static bool fail_at(struct __test_metadata *_metadata, const struct step *step,
		    int n)
{
	struct state before, after;
	bool hit;
	long ret;

	if (step->before)
		step->before();
	before = state_now(id, step->fresh);
	arm(n);
	ret = step->call();
	hit = disarm();
	if (ret >= 0 && step->settle)
		step->settle(ret);
	after = state_now(id, step->fresh);

	EXPECT_EQ(after.nattch, after.mapped);
	EXPECT_TRUE(ret >= 0 || hit);
	EXPECT_TRUE(ret >= 0 || is_expected(ret));
	EXPECT_TRUE(ret >= 0 || !step->clean ||
		    is_same(&before, &after, step->pools));
	if (!__test_passed(_metadata)) {
		TH_LOG("at fault %d: %s", n, ret < 0 ? strerror(-ret) : "success");
		TH_LOG("nattch %lu -> %lu, mappings %d -> %d",
		       before.nattch, after.nattch, before.mapped, after.mapped);
		TH_LOG("segments %lu -> %lu, pages %lu -> %lu, module in use %lu -> %lu",
		       before.used, after.used, before.pages, after.pages,
		       before.modules, after.modules);
	}
	if (ret >= 0 && step->undo)
		step->undo(ret);
	return hit;
}

static void walk(struct __test_metadata *_metadata, const struct step *step)
{
	int n = 1;

	while (n < MOST_FAULTS && fail_at(_metadata, step, n) &&
	       __test_passed(_metadata))
		n++;
	TH_LOG("%d places to fail", n - 1);
	EXPECT_GT(MOST_FAULTS, n);
}

FIXTURE(failnth) {
};

FIXTURE_VARIANT(failnth) {
	const struct backend *backend;
};

FIXTURE_VARIANT_ADD(failnth, intree) { .backend = &intree };
FIXTURE_VARIANT_ADD(failnth, kshm) { .backend = &kshm };

FIXTURE_SETUP(failnth)
{
	id = -1;
	addr = NULL;
	if (!faults_begin())
		SKIP(return, "no CONFIG_FAULT_INJECTION in this kernel");
	begin_case(_metadata, variant->backend);
}

FIXTURE_TEARDOWN(failnth)
{
	end_case(_metadata);
}

/* Proof that what follows does fail something. */
TEST_F(failnth, pipe_fails_and_then_not)
{
	int ends[2];

	arm(1);
	EXPECT_EQ(-1, pipe(ends));
	EXPECT_TRUE(disarm());
	arm(MOST_FAULTS);
	EXPECT_EQ(0, pipe(ends));
	EXPECT_FALSE(disarm());
}

static long create_private(void)
{
	return get(IPC_PRIVATE, PAGES * PAGE, 0600);
}

static void remove_it(long ret)
{
	rmid(ret);
}

TEST_F(failnth, create_private_changes_nothing)
{
	walk(_metadata, &(struct step){
		.call = create_private, .undo = remove_it, .clean = true,
	});
}

static long create_keyed(void)
{
	long ret = get(KEY, PAGES * PAGE, IPC_CREAT | 0600);

	/* Only kshm copies the id out; who knows the key can ask again. */
	if (ret == -EFAULT) {
		disarm();
		ret = get(KEY, PAGES * PAGE, 0600);
		if (ret >= 0)
			rmid(ret);
		ret = -EFAULT;
	}
	return ret;
}

/* Of many, so that the tables of keys and ids have to grow on the way. */
TEST_F(failnth, create_keyed_changes_nothing)
{
	int i;

	for (i = 1; i < 40; i++)
		make_key(KEY + i, PAGE, 0600);
	walk(_metadata, &(struct step){
		.call = create_keyed, .undo = remove_it, .clean = true,
	});
}

static long open_new(void)
{
	int fd = backend->open("/a", O_RDWR | O_CREAT | O_EXCL, 0600);

	return fd == -1 ? -errno : fd;
}

static void close_and_unlink(long fd)
{
	close(fd);
	if (backend->unlink("/a"))
		die("unlinking: %s", strerror(errno));
}

/* A name that was left behind would be EEXIST the next time. */
TEST_F(failnth, open_new_object_changes_nothing)
{
	own_shm_mount();
	walk(_metadata, &(struct step){
		.call = open_new, .undo = close_and_unlink, .clean = true,
	});
}

static long open_known(void)
{
	int fd = backend->open("/a", O_RDWR | O_TRUNC, 0);

	return fd == -1 ? -errno : fd;
}

static void close_it(long fd)
{
	close(fd);
}

TEST_F(failnth, open_known_object_changes_nothing)
{
	own_shm_mount();
	close_it(open_new());
	walk(_metadata, &(struct step){
		.call = open_known, .undo = close_it, .clean = true,
	});
}

static long attach_it(void)
{
	return at(id, NULL, 0);
}

static long attach_for_reading(void)
{
	return at(id, NULL, SHM_RDONLY);
}

static void detach_it(long ret)
{
	detach((void *)ret);
}

/* A new segment each time, which has no file at hand. */
static void new_segment(void)
{
	if (id >= 0)
		rmid(id);
	id = make(PAGES);
}

TEST_F(failnth, attach_first_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_segment, .call = attach_it, .undo = detach_it,
		.clean = true, .pools = true,
	});
}

TEST_F(failnth, attach_again_changes_nothing)
{
	id = make(PAGES);
	detach(attach(id));
	walk(_metadata, &(struct step){
		.call = attach_it, .undo = detach_it, .clean = true,
	});
}

TEST_F(failnth, attach_second_changes_nothing)
{
	id = make(PAGES);
	attach(id);
	walk(_metadata, &(struct step){
		.call = attach_for_reading, .undo = detach_it, .clean = true,
		.pools = true,
	});
}

static void need_segment(void)
{
	if (id < 0)
		id = make(PAGES);
}

static long stat_it(void)
{
	struct shmid_ds ds;

	return ctl(id, IPC_STAT, &ds);
}

TEST_F(failnth, stat_changes_nothing)
{
	id = make(PAGES);
	attach(id);
	walk(_metadata, &(struct step){ .call = stat_it, .clean = true });
}

static long usage(void)
{
	struct shm_info info;

	return ctl(0, SHM_INFO, &info);
}

TEST_F(failnth, usage_changes_nothing)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){ .call = usage, .clean = true });
}

static long list_it(void)
{
	char text[4096];
	int fd = open(backend->listing, O_RDONLY | O_CLOEXEC);
	long ret = fd < 0 ? -errno : 0;

	if (!ret && read(fd, text, sizeof(text)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

TEST_F(failnth, listing_changes_nothing)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){ .call = list_it, .clean = true });
}

static void new_namespace(void)
{
	if (unshare(CLONE_NEWIPC))
		die("a new IPC namespace: %s", strerror(errno));
}

/* The table of a namespace is made by the first call in it. */
TEST_F(failnth, create_first_of_namespace_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_namespace, .call = create_private,
		.undo = remove_it, .clean = true, .fresh = true,
	});
}

TEST_F(failnth, listing_first_of_namespace_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_namespace, .call = list_it, .clean = true,
		.fresh = true,
	});
}

static long rmid_it(void)
{
	return ctl(id, IPC_RMID, NULL);
}

static void forget(long ret)
{
	id = -1;
}

TEST_F(failnth, rmid_changes_nothing)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = need_segment, .call = rmid_it, .undo = forget,
		.clean = true,
	});
}

static long set_it(void)
{
	struct shmid_ds ds = { .shm_perm.mode = 0640 };

	return ctl(id, IPC_SET, &ds);
}

TEST_F(failnth, set_changes_nothing)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){ .call = set_it, .clean = true });
}

static long fork_it(void)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(0);
	return pid;
}

static void reap_it(long pid)
{
	int status = reap(pid);

	if (status)
		die("the child ended with status %#x", status);
}

TEST_F(failnth, fork_with_attaches_changes_nothing)
{
	int i;

	id = make(PAGES);
	for (i = 0; i < 3; i++)
		*attach(id) = 1;
	walk(_metadata, &(struct step){
		.call = fork_it, .settle = reap_it, .clean = true,
	});
}

static void make_attached_again(void)
{
	if (addr && mappings_of(id))
		munmap(addr, PAGES * PAGE);
	addr = attach(id);
}

/* shmdt() says that it did where it found what to undo: in-tree's way. */
static long detach_now(void)
{
	return dt(addr);
}

TEST_F(failnth, detach_counts_right)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = make_attached_again, .call = detach_now,
	});
}

static void *idle(void *unused)
{
	pause();
	return NULL;
}

/* Another thread is there, which makes detaching careful. */
TEST_F(failnth, detach_with_threads_counts_right)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, idle, NULL));
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = make_attached_again, .call = detach_now,
	});
}

static long split_it(void)
{
	return mprotect(addr + PAGE, PAGE, PROT_READ) ? -errno : 0;
}

static void detach_addr(long ret)
{
	detach(addr);
	addr = NULL;
}

TEST_F(failnth, split_counts_right)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = make_attached_again, .call = split_it,
		.undo = detach_addr,
	});
}

static long punch_it(void)
{
	return munmap(addr + PAGE, PAGE) ? -errno : 0;
}

TEST_F(failnth, punch_counts_right)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = make_attached_again, .call = punch_it,
		.undo = detach_addr,
	});
}

static void make_attached_and_room(void)
{
	make_attached_again();
	room = free_range(PAGES);
}

static long move_it(void)
{
	void *to = mremap(addr, PAGES * PAGE, PAGES * PAGE,
			  MREMAP_MAYMOVE | MREMAP_FIXED, room);

	return to == MAP_FAILED ? -errno : (long)to;
}

static void unmap_moved(long to)
{
	munmap((void *)to, PAGES * PAGE);
	addr = NULL;
}

TEST_F(failnth, move_counts_right)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = make_attached_and_room, .call = move_it,
		.undo = unmap_moved,
	});
}

TEST_HARNESS_MAIN
