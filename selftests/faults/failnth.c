// SPDX-License-Identifier: GPL-2.0
/*
 * Fail each allocation of a call in turn, and each copy to or from user space:
 * the call must fail with an error that says so, or succeed without what it
 * missed, and a failure must change nothing. Wants CONFIG_FAULT_INJECTION with
 * failslab, fail_page_alloc and /proc/thread-self/fail-nth.
 */
#include <kshm.h>
#include <linux/kshm.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "cases.h"
#include "faults.h"

/* Pages of a segment, enough for an attach to be cut into pieces. */
#define PAGES		4
#define OBJECTS		"/proc/kshm/objects"

/* Counts and sizes that a failed call must not change. */
struct state {
	unsigned long nattch, used, pages, modules;
	unsigned long long grown;
	size_t size;
	int mapped, listed, next_fd, seals;
};

static int id, descriptor, owner;
static char *addr, *room;

/* The use count of the module; 0 for in-tree. */
static unsigned long module_uses(void)
{
	return backend == &kshm ? read_number("/sys/module/kshm/refcnt") : 0;
}

/* The number of the next descriptor: one that was left behind has it now. */
static int next_fd(void)
{
	int fd = dup(STDOUT_FILENO);

	if (fd < 0)
		die("dup: %s", strerror(errno));
	close(fd);
	return fd;
}

/* Lines of the listing; of kshm's own one, so that named objects count, too. */
static int lines_listed(void)
{
	static char text[32768];
	char *p = text;
	int n = 0;

	slurp(backend == &kshm ? OBJECTS : backend->listing, text, sizeof(text));
	while ((p = strchr(p, '\n'))) {
		p++;
		n++;
	}
	return n;
}

static void ask_segment(struct state *state)
{
	struct shmid_ds ds;

	state->mapped = mappings_of(id);
	if (ctl(id, IPC_STAT, &ds))
		return;
	state->nattch = ds.shm_nattch;
	state->size = ds.shm_segsz;
	if (backend == &kshm && kshm_segment_grow(id, &(size_t){ 0 }, &state->grown))
		die("asking for the size: %s", strerror(errno));
}

/* @fresh: the namespace is not to be asked yet. */
static struct state state_now(bool fresh)
{
	struct state state = {
		.modules = module_uses(), .next_fd = next_fd(),
		.seals = fcntl(descriptor, F_GET_SEALS),
	};
	struct shm_info info;

	if (fresh)
		return state;
	if (ctl(0, SHM_INFO, &info) < 0)
		die("SHM_INFO failed");
	state.used = info.used_ids;
	state.pages = info.shm_tot;
	state.listed = lines_listed();
	if (id >= 0)
		ask_segment(&state);
	return state;
}

/* @pools: the segment may keep a file that it made, and with it the module. */
static bool is_same(const struct state *a, const struct state *b, bool pools)
{
	return a->nattch == b->nattch && a->used == b->used &&
	       a->pages == b->pages && a->mapped == b->mapped &&
	       a->listed == b->listed && a->next_fd == b->next_fd &&
	       a->size == b->size && a->grown == b->grown &&
	       a->seals == b->seals && (pools || a->modules == b->modules);
}

static void show_change(struct __test_metadata *_metadata,
			const struct state *a, const struct state *b)
{
	TH_LOG("nattch %lu -> %lu, mappings %d -> %d, size %zu -> %zu, grown %llu -> %llu",
	       a->nattch, b->nattch, a->mapped, b->mapped, a->size, b->size,
	       a->grown, b->grown);
	TH_LOG("segments %lu -> %lu, listed %d -> %d, pages %lu -> %lu",
	       a->used, b->used, a->listed, b->listed, a->pages, b->pages);
	TH_LOG("module in use %lu -> %lu, next descriptor %d -> %d, seals %#x -> %#x",
	       a->modules, b->modules, a->next_fd, b->next_fd, a->seals,
	       b->seals);
}

/* Is it an errno for lack of memory or files, or for a page that can't be copied? */
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

/* Returns whether there was an @n-th place to fail. */
static bool fail_at(struct __test_metadata *_metadata, const struct step *step,
		    int n)
{
	struct state before, after;
	bool hit;
	long ret;

	if (step->before)
		step->before();
	before = state_now(step->fresh);
	arm(n);
	ret = step->call();
	hit = disarm();
	if (ret >= 0 && step->settle)
		step->settle(ret);
	after = state_now(step->fresh);

	EXPECT_EQ(after.nattch, after.mapped);
	EXPECT_TRUE(ret >= 0 || hit);
	EXPECT_TRUE(ret >= 0 || is_expected(ret));
	EXPECT_TRUE(ret >= 0 || !step->clean ||
		    is_same(&before, &after, step->pools));
	if (!__test_passed(_metadata)) {
		TH_LOG("at fault %d: %s", n, ret < 0 ? strerror(-ret) : "success");
		show_change(_metadata, &before, &after);
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

static void begin_faults(struct __test_metadata *_metadata,
			 const struct backend *b)
{
	id = -1;
	descriptor = -1;
	owner = -1;
	addr = NULL;
	if (!faults_begin())
		SKIP(return, "no CONFIG_FAULT_INJECTION in this kernel");
	begin_case(_metadata, b);
}

FIXTURE_SETUP(failnth)
{
	begin_faults(_metadata, variant->backend);
}

FIXTURE_TEARDOWN(failnth)
{
	end_case(_metadata);
}

/* The fixture of calls that in-tree does not have. */
FIXTURE(failnth_kshm) {
};

FIXTURE_SETUP(failnth_kshm)
{
	begin_faults(_metadata, &kshm);
}

FIXTURE_TEARDOWN(failnth_kshm)
{
	end_case(_metadata);
}

/* failnth: A call outside of shared memory fails too, so faults do happen. */
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

/* failnth: A creation without a key that finds no memory changes nothing. */
TEST_F(failnth, create_private_changes_nothing)
{
	walk(_metadata, &(struct step){
		.call = create_private, .undo = remove_it, .clean = true,
	});
}

static long create_keyed(void)
{
	return get(KEY, PAGES * PAGE, IPC_CREAT | IPC_EXCL | 0600);
}

/*
 * failnth: A creation with a key that finds no memory changes nothing,
 * also where tables have to grow.
 */
TEST_F(failnth, create_keyed_changes_nothing)
{
	int i;

	for (i = 1; i < 40; i++)
		make_key(KEY + i, PAGE, 0600);
	walk(_metadata, &(struct step){
		.call = create_keyed, .undo = remove_it, .clean = true,
	});
}

/* The result of a call of the library: -errno if the call returned -1. */
static long answer(long ret)
{
	return ret == -1 ? -errno : ret;
}

static long open_new(void)
{
	return answer(backend->open("/a", O_RDWR | O_CREAT | O_EXCL, 0600));
}

static void close_and_unlink(long fd)
{
	close(fd);
	if (backend->unlink("/a"))
		die("unlinking: %s", strerror(errno));
}

/*
 * failnth: Creating an object without memory leaves no name and no
 * descriptor.
 *
 * A name that was left behind would be EEXIST the next time.
 */
TEST_F(failnth, open_new_object_changes_nothing)
{
	own_shm_mount();
	walk(_metadata, &(struct step){
		.call = open_new, .undo = close_and_unlink, .clean = true,
	});
}

static long open_known(void)
{
	return answer(backend->open("/a", O_RDWR | O_TRUNC, 0));
}

static void close_it(long fd)
{
	close(fd);
}

/* failnth: Opening an object without memory leaves no descriptor. */
TEST_F(failnth, open_known_object_changes_nothing)
{
	own_shm_mount();
	close_it(open_new());
	walk(_metadata, &(struct step){
		.call = open_known, .undo = close_it, .clean = true,
	});
}

static bool has_name;

/* The name is there unless the last call took it away, and not else. */
static void need_name(void)
{
	long fd = has_name ? open_known() : open_new();

	if (fd < 0)
		die("opening what was %s: %s",
		    has_name ? "not unlinked" : "unlinked", strerror(-fd));
	close(fd);
	has_name = true;
}

static long unlink_it(void)
{
	return answer(backend->unlink("/a"));
}

static void lose_name(long ret)
{
	has_name = false;
}

/* failnth: An unlink that fails keeps the name. */
TEST_F(failnth, unlink_changes_nothing)
{
	own_shm_mount();
	walk(_metadata, &(struct step){
		.before = need_name, .call = unlink_it, .undo = lose_name,
		.clean = true,
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

/*
 * failnth: The first attach of a segment without memory changes nothing.
 * history: A failed attach left a count behind.
 * history: A mapping that failed half-way was uncounted although it was
 * never counted.
 */
TEST_F(failnth, attach_first_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_segment, .call = attach_it, .undo = detach_it,
		.clean = true, .pools = true,
	});
}

/* failnth: A later attach without memory changes nothing. */
TEST_F(failnth, attach_again_changes_nothing)
{
	id = make(PAGES);
	detach(attach(id));
	walk(_metadata, &(struct step){
		.call = attach_it, .undo = detach_it, .clean = true,
	});
}

/*
 * failnth: A second attach beside the first one without memory changes
 * nothing.
 */
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

/* failnth: A failed IPC_STAT changes nothing. */
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

/* failnth: A failed SHM_INFO changes nothing. */
TEST_F(failnth, usage_changes_nothing)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){ .call = usage, .clean = true });
}

static long read_it(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long ret = fd < 0 ? -errno : 0;

	if (!ret && read(fd, text, sizeof(text)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

static long list_it(void)
{
	return read_it(backend->listing);
}

/* failnth: A failed read of the listing changes nothing. */
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

/*
 * failnth: The first creation in a namespace without memory changes
 * nothing.
 *
 * The first call in a namespace makes its registry.
 */
TEST_F(failnth, create_first_of_namespace_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_namespace, .call = create_private,
		.undo = remove_it, .clean = true, .fresh = true,
	});
}

/* failnth: The first object of a namespace without memory leaves no name. */
TEST_F(failnth, open_first_of_namespace_changes_nothing)
{
	own_shm_mount();
	walk(_metadata, &(struct step){
		.before = new_namespace, .call = open_new,
		.undo = close_and_unlink, .clean = true, .fresh = true,
	});
}

/*
 * failnth: The first look at the listing of a namespace without memory
 * changes nothing.
 */
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

static void discard(long ret)
{
	id = -1;
}

/* failnth: A failed IPC_RMID changes nothing. */
TEST_F(failnth, rmid_changes_nothing)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = need_segment, .call = rmid_it, .undo = discard,
		.clean = true,
	});
}

static long set_it(void)
{
	struct shmid_ds ds = { .shm_perm.mode = 0640 };

	return ctl(id, IPC_SET, &ds);
}

/* failnth: A failed IPC_SET changes nothing. */
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
	reap(pid);
}

/*
 * failnth: A fork that fails leaves the counts as they were.
 * history: A fork that failed left counts behind.
 */
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

/*
 * As in-tree, shmdt() returns 0 if it found a mapping of the attach, even if
 * unmapping it failed.
 */
static long detach_now(void)
{
	return dt(addr);
}

/* failnth: A detach without memory leaves as many mappings as are counted. */
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

/*
 * failnth: A detach with a second thread and without memory leaves as many
 * mappings as are counted.
 */
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

/* failnth: A split without memory leaves as many mappings as are counted. */
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

/* failnth: A hole without memory leaves as many mappings as are counted. */
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

/* failnth: A move without memory leaves as many mappings as are counted. */
TEST_F(failnth, move_counts_right)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.before = make_attached_and_room, .call = move_it,
		.undo = unmap_moved,
	});
}

static long find_or_create(const char *name, int shmflg, int flags)
{
	return answer(kshm_segment_get_named(name, PAGES * PAGE, shmflg | 0600, flags,
					     owner, NULL));
}

static long create_named(void)
{
	return find_or_create("a", IPC_CREAT | IPC_EXCL, 0);
}

/*
 * failnth_kshm: A creation with a name that finds no memory changes
 * nothing.
 */
TEST_F(failnth_kshm, create_named_changes_nothing)
{
	char name[] = "0";

	for (; name[0] < '0' + 40; name[0]++)
		ASSERT_LE(0, find_or_create(name, IPC_CREAT | IPC_EXCL, 0));
	walk(_metadata, &(struct step){
		.call = create_named, .undo = remove_it, .clean = true,
	});
}

static long find_named(void)
{
	return find_or_create("a", 0, 0);
}

/* failnth_kshm: A failed lookup by name changes nothing. */
TEST_F(failnth_kshm, find_named_changes_nothing)
{
	ASSERT_LE(0, create_named());
	walk(_metadata, &(struct step){ .call = find_named, .clean = true });
}

static void new_owner(void)
{
	close(owner);
	owner = kshm_owner();
	if (owner < 0)
		die("kshm_owner: %s", strerror(errno));
}

static long create_with_all_flags(void)
{
	return find_or_create("a", IPC_CREAT | IPC_EXCL,
			      KSHM_TRANSIENT | KSHM_UNIQUE | KSHM_PREALLOC |
			      KSHM_HUGE);
}

static void close_owner(long ret)
{
	close(owner);
	owner = -1;
	if (exists(ret))
		die("%ld is still there without its owner", ret);
}

/*
 * failnth_kshm: A creation with every flag that finds no memory leaves
 * nothing, and owns nothing.
 */
TEST_F(failnth_kshm, create_with_all_flags_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_owner, .call = create_with_all_flags,
		.undo = close_owner, .clean = true,
	});
}

/* Of the last step it may be gone. */
static void new_transient(void)
{
	if (id >= 0)
		ctl(id, IPC_RMID, NULL);
	id = answer(kshm_segment_get(IPC_PRIVATE, PAGES * PAGE, 0600,
				     KSHM_TRANSIENT, -1, NULL));
	if (id < 0)
		die("a transient segment: %s", strerror(-id));
}

/*
 * failnth_kshm: An attach of a transient segment that finds no memory
 * counts right; mapped once, it was the last one too.
 */
TEST_F(failnth_kshm, attach_transient_counts_right)
{
	walk(_metadata, &(struct step){
		.before = new_transient, .call = attach_it, .undo = detach_it,
	});
}

static long describe_for_writing(void)
{
	return answer(kshm_segment_fd(id, O_RDWR | O_CLOEXEC));
}

static long describe_for_reading(void)
{
	return answer(kshm_segment_fd(id, O_RDONLY | O_CLOEXEC));
}

/*
 * failnth_kshm: A descriptor of a segment that can't be made changes
 * nothing.
 */
TEST_F(failnth_kshm, descriptor_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_segment, .call = describe_for_writing,
		.undo = close_it, .clean = true,
	});
}

/* failnth_kshm: A read-only descriptor that can't be made changes nothing. */
TEST_F(failnth_kshm, descriptor_for_reading_changes_nothing)
{
	id = make(PAGES);
	walk(_metadata, &(struct step){
		.call = describe_for_reading, .undo = close_it, .clean = true,
	});
}

static void make_with_descriptor(void)
{
	id = make(PAGES);
	descriptor = describe_for_writing();
	if (descriptor < 0)
		die("a descriptor: %s", strerror(-descriptor));
}

static long map_it(void)
{
	return answer((long)mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED, descriptor, 0));
}

static void unmap_it(long ret)
{
	munmap((void *)ret, PAGES * PAGE);
}

/* failnth_kshm: A mapping of a descriptor without memory changes nothing. */
TEST_F(failnth_kshm, map_descriptor_changes_nothing)
{
	make_with_descriptor();
	walk(_metadata, &(struct step){
		.call = map_it, .undo = unmap_it, .clean = true,
	});
}

static long read_fdinfo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", descriptor);
	return read_it(path);
}

/* failnth_kshm: A failed read of fdinfo changes nothing. */
TEST_F(failnth_kshm, fdinfo_changes_nothing)
{
	make_with_descriptor();
	walk(_metadata, &(struct step){ .call = read_fdinfo, .clean = true });
}

static long list_objects(void)
{
	return read_it(OBJECTS);
}

/* failnth_kshm: A failed read of the longer listing changes nothing. */
TEST_F(failnth_kshm, listing_of_objects_changes_nothing)
{
	ASSERT_LE(0, create_named());
	close_it(open_new());
	walk(_metadata, &(struct step){ .call = list_objects, .clean = true });
}

static int watcher;

static long watch_it(void)
{
	struct epoll_event event = { .events = EPOLLHUP };

	return answer(epoll_ctl(watcher, EPOLL_CTL_ADD, descriptor, &event));
}

static void stop_watching(long ret)
{
	epoll_ctl(watcher, EPOLL_CTL_DEL, descriptor, NULL);
}

/*
 * failnth_kshm: A failed epoll_ctl leaves nothing in the queue.
 *
 * A watcher that was left in the queue would be told of the end after it
 * is gone.
 */
TEST_F(failnth_kshm, watch_changes_nothing)
{
	watcher = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, watcher);
	make_with_descriptor();
	walk(_metadata, &(struct step){
		.call = watch_it, .undo = stop_watching, .clean = true,
	});
	close(watcher);
	rmid(id);
}

static void new_segment_in_use(void)
{
	if (id >= 0) {
		detach(addr);
		close(descriptor);
		rmid(id);
	}
	make_with_descriptor();
	addr = attach(id);
}

/*
 * If copying the answer fails, the segment has grown nevertheless. A GROW to size 0
 * then tells its size.
 */
static long grow_it(void)
{
	size_t size = 2 * PAGES * PAGE, now = 0;
	long ret = answer(kshm_segment_grow(id, &size, NULL));

	if (ret == -EFAULT) {
		disarm();
		if (!kshm_segment_grow(id, &now, NULL) && now == size)
			ret = 0;
	}
	return ret;
}

static void use_all_of_it(long ret)
{
	char *p = attach(id);

	p[2 * PAGES * PAGE - 1] = 1;
	detach(p);
}

/* failnth_kshm: A GROW without memory changes nothing. */
TEST_F(failnth_kshm, grow_changes_nothing)
{
	walk(_metadata, &(struct step){
		.before = new_segment_in_use, .call = grow_it,
		.undo = use_all_of_it, .clean = true,
	});
}

static long ask_who(void)
{
	struct kshm_attacher list[4];

	return answer(kshm_segment_attachers(id, list, 4));
}

/* failnth_kshm: A WHO without memory changes nothing. */
TEST_F(failnth_kshm, who_changes_nothing)
{
	id = make(PAGES);
	attach(id);
	attach(id);
	walk(_metadata, &(struct step){ .call = ask_who, .clean = true });
}

/*
 * If copying the answer of EXPLAIN fails, the answer of GET still says whether a
 * segment was created.
 */
static long explain_create(void)
{
	struct kshm_get get = { .size = PAGES * PAGE, .mode = 0600 };
	struct kshm_explain explain = {
		.arg = (uintptr_t)&get, .cmd = KSHM_IOC_GET,
	};

	if (ioctl(owner, KSHM_IOC_EXPLAIN, &explain))
		return get.flags & KSHM_GET_CREATED ? get.id : -errno;
	if (explain.error == ENOMEM && explain.reason != KSHM_WHY_MEMORY)
		die("no memory has reason %u", explain.reason);
	return explain.error ? -explain.error : get.id;
}

/* failnth_kshm: A creation under EXPLAIN without memory changes nothing. */
TEST_F(failnth_kshm, explain_create_changes_nothing)
{
	new_owner();
	walk(_metadata, &(struct step){
		.call = explain_create, .undo = remove_it, .clean = true,
	});
}

TEST_HARNESS_MAIN
