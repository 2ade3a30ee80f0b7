// SPDX-License-Identifier: GPL-2.0
/*
 * Fairness: nobody pays for the memory of others, and nobody waits for it.
 *
 * The kernel's trace tells where pages are freed: it has an event for each page that
 * leaves a file. The lengths of a hash table's lists are read from the kernel's
 * memory.
 */
#include <linux/elf.h>
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>

#include "cases.h"
#include "kshm.h"
#include "tracing.h"

#define PAGES		64
#define TABLE		512	/* pages that one page table maps */
#define PAGE_FREED	"mm_filemap_delete_from_page_cache"
#define ONE_CPU		"it takes one processor, and a kernel that traces functions"
#define PROBES		"/sys/kernel/tracing/kprobe_events"
#define GUARDS		"kshmtest/guards"
#define GUARD_LISTS	256

/* Entries of a hash table, and the most of them that may be in one list. */
enum { MANY = 64, FEW = 16 };

FIXTURE(fair)
{
	int dev;
};

FIXTURE_SETUP(fair)
{
	self->dev = begin_trace_case(_metadata);
}

FIXTURE_TEARDOWN(fair)
{
	end_trace_case(_metadata, self->dev);
}

static int fd_of(int dev, int id)
{
	struct kshm_fd arg = { .id = id };

	return ioctl(dev, KSHM_IOC_FD, &arg) ? -errno : arg.fd;
}

static char *attach_and_touch(int id, size_t pages)
{
	char *p = attach(id);

	while (pages--)
		p[pages * PAGE] = 1;
	return p;
}

/* Counts the pages that this process freed with mmap_lock held, and without. */
static void count_freed(int *under_lock, int *elsewhere)
{
	char *rest = trace, *event;
	bool locked = false;
	pid_t pid;

	*under_lock = 0;
	*elsewhere = 0;
	while ((event = next_event(&rest, &pid))) {
		if (pid != getpid())
			continue;
		if (is_event(event, "mmap_lock_acquire_returned"))
			locked = true;
		else if (is_event(event, "mmap_lock_released"))
			locked = false;
		else if (is_event(event, PAGE_FREED))
			++*(locked ? under_lock : elsewhere);
	}
}

static const char *const lock_and_pages[] = {
	"mmap_lock/mmap_lock_acquire_returned", "mmap_lock/mmap_lock_released",
	"filemap/" PAGE_FREED, NULL,
};

/* All pages were freed, and none of them under mmap_lock. */
static void expect_freed_without_lock(struct __test_metadata *_metadata, int fd)
{
	int under_lock, elsewhere;
	struct stat st;

	count_freed(&under_lock, &elsewhere);
	EXPECT_EQ(0, under_lock);
	EXPECT_EQ(PAGES, elsewhere);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_blocks);
}

/*
 * fair: The last detach of a segment with a descriptor frees its pages before the
 * call returns, but without mmap_lock, for which other threads could wait.
 */
TEST_F(fair, last_detach_frees_without_mmap_lock)
{
	int id = make(PAGES), fd = fd_of(self->dev, id);
	char *p;

	ASSERT_LE(0, fd);
	p = attach_and_touch(id, PAGES);
	rmid(id);
	trace_events(lock_and_pages);
	detach(p);
	trace_end();
	expect_freed_without_lock(_metadata, fd);
}

/*
 * fair: If only mappings of a descriptor were ever attached, the last one to go frees
 * the pages without mmap_lock, too.
 */
TEST_F(fair, last_unmap_of_a_descriptor_frees_without_mmap_lock)
{
	int id = make(PAGES), fd = fd_of(self->dev, id);
	char *p;

	ASSERT_LE(0, fd);
	p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_POPULATE, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	rmid(id);
	trace_events(lock_and_pages);
	munmap(p, PAGES * PAGE);
	trace_end();
	expect_freed_without_lock(_metadata, fd);
}

/* Makes a namespace with pages of a segment and of an object, and ends it. */
static void leave_a_namespace_behind(const char *mount_mqueue_at)
{
	int fd;

	must(!unshare(CLONE_NEWIPC));
	must(!mount_mqueue_at ||
	     !mount("mqueue", mount_mqueue_at, "mqueue", 0, NULL));
	attach_and_touch(make(PAGES), PAGES);
	fd = kshm_shm_open("/left", O_RDWR | O_CREAT, 0600);
	must(!posix_fallocate(fd, 0, PAGES * PAGE));
	_exit(0);
}

/* Counts the pages that this process freed, and those that others did. */
static void count_freed_by(int *me, int *others)
{
	char *rest = trace, *event;
	pid_t pid;

	*me = 0;
	*others = 0;
	while ((event = next_event(&rest, &pid)))
		if (is_event(event, PAGE_FREED))
			++*(pid == getpid() ? me : others);
}

static const char *const pages[] = { "filemap/" PAGE_FREED, NULL };

/*
 * Does @act again and again until the memory of a namespace that has ended without a
 * report is free. Returns how many of its pages this process freed itself.
 */
static int freed_while(void (*act)(void))
{
	int me = 0, others = 0, i;
	pid_t child;

	must(!unshare(CLONE_NEWNS) &&
	     !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	child = spawn();
	if (!child)
		leave_a_namespace_behind("/mnt");
	reap(child);
	trace_events(pages);
	for (i = 0; i < 1000 && me + others < 2 * PAGES; i++) {
		act();
		usleep(10000);
		trace_read();
		count_freed_by(&me, &others);
	}
	trace_end();
	must(!umount("/mnt"));
	must(me + others >= 2 * PAGES);
	return me;
}

static void open_listing(void)
{
	close(open(kshm.listing, O_RDONLY | O_CLOEXEC));
}

/*
 * fair: A task that opens the listing frees no memory of a namespace that has ended.
 */
TEST_F(fair, listing_frees_nothing_of_others)
{
	EXPECT_EQ(0, freed_while(open_listing));
}

static void first_call(void)
{
	must(!unshare(CLONE_NEWIPC));
	must(get(KEY, 0, 0) == -ENOENT);
}

/*
 * fair: A task that makes the first call of a namespace frees no memory of another one
 * that has ended.
 */
TEST_F(fair, first_call_frees_nothing_of_others)
{
	EXPECT_EQ(0, freed_while(first_call));
}

/*
 * Counts the pages that works of kshm's own freed, and those that were freed
 * elsewhere.
 */
static void count_freed_in_works(int *own, int *elsewhere)
{
	static bool in_own[1 << 22];
	char *rest = trace, *event;
	pid_t pid;

	*own = 0;
	*elsewhere = 0;
	while ((event = next_event(&rest, &pid))) {
		if (is_event(event, "workqueue_execute_start"))
			in_own[pid] = strstr(event, "[kshm]");
		else if (is_event(event, "workqueue_execute_end"))
			in_own[pid] = false;
		else if (is_event(event, PAGE_FREED))
			++*(in_own[pid] ? own : elsewhere);
	}
}

static const char *const works_and_pages[] = {
	"workqueue/workqueue_execute_start", "workqueue/workqueue_execute_end",
	"filemap/" PAGE_FREED, NULL,
};

/*
 * fair: The memory of an ended namespace is freed by a work of kshm's own, which
 * nobody waits for: segments, those with a descriptor, and objects.
 */
TEST_F(fair, namespace_end_frees_in_a_work_of_its_own)
{
	int own = 0, elsewhere = 0, fd, i;

	detach(attach_and_touch(make(PAGES), PAGES));
	detach(attach_and_touch(make(PAGES), PAGES));
	ASSERT_LE(0, fd_of(self->dev, 1));
	fd = kshm_shm_open("/left", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ(0, posix_fallocate(fd, 0, PAGES * PAGE));
	close(fd);
	trace_events(works_and_pages);
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	for (i = 0; i < 1000 && own + elsewhere < 3 * PAGES; i++) {
		usleep(10000);
		trace_read();
		count_freed_in_works(&own, &elsewhere);
	}
	trace_end();
	EXPECT_EQ(3 * PAGES, own);
	EXPECT_EQ(0, elsewhere);
}

/*
 * Begins to record this process's calls of two functions. Can the kernel do that?
 * It patches these functions while they run. QEMU's emulation of several processors
 * does not always survive that in a function as busy as up_read(), so this takes a
 * guest with one processor.
 */
static bool trace_calls(const char *first, const char *second)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		return false;
	must(!write_file(TRACING "/trace_clock", "counter"));
	must(!write_number(TRACING "/buffer_size_kb", 1024));
	/* The second write adds to the first. */
	return !write_file(TRACING "/set_ftrace_filter", first) &&
	       !write_file(TRACING "/set_ftrace_filter", second) &&
	       !write_number(TRACING "/set_ftrace_pid", getpid()) &&
	       !write_file(TRACING "/current_tracer", "function");
}

/*
 * A traced call is "FUNCTION <-CALLER". Is this one a call of @function by a function
 * with @caller in its name? The trace also has calls that the test did not cause, such as
 * those in interrupts.
 */
static bool is_call(const char *event, const char *function, const char *caller)
{
	return !strncmp(event, function, strlen(function)) && strstr(event, caller);
}

/*
 * fair: WHO looks up the processes after it has released the lock for which every mmap
 * and fork of the segment waits.
 */
TEST_F(fair, who_looks_up_tasks_without_a_lock)
{
	struct kshm_attacher list[8];
	struct kshm_who who = { .list = (uintptr_t)list, .room = 8 };
	int under_lock = 0, afterwards = 0, i;
	char *rest = trace, *event;
	bool released = false;
	pid_t pid;

	make(1);
	for (i = 0; i < 8; i++)
		attach(0);
	if (!trace_calls("__task_pid_nr_ns", "up_read"))
		SKIP(return, ONE_CPU);
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_WHO, &who));
	trace_read();
	must(!write_file(TRACING "/current_tracer", "nop"));
	while ((event = next_event(&rest, &pid))) {
		if (is_call(event, "up_read", "who"))
			released = true;
		else if (is_call(event, "__task_pid_nr_ns", "who"))
			++*(released ? &afterwards : &under_lock);
	}
	EXPECT_EQ(8, who.count);
	EXPECT_EQ(0, under_lock);
	EXPECT_EQ(8, afterwards);
}

/*
 * Of the functions that trace_calls() recorded: how often, at most, did @caller call
 * @step before @unlocker called the other one?
 */
static int most_under_one_hold(const char *step, const char *caller,
			       const char *unlocker)
{
	char *rest = trace, *event;
	int most = 0, steps = 0;
	pid_t pid;

	trace_read();
	must(!write_file(TRACING "/current_tracer", "nop"));
	while ((event = next_event(&rest, &pid))) {
		if (is_call(event, step, caller))
			steps++;
		else if (strstr(event, unlocker))
			steps = 0;
		if (steps > most)
			most = steps;
	}
	return most;
}

/*
 * fair: WHO leaves RCU after each task that it looks up, however many mappings there
 * are.
 */
TEST_F(fair, who_looks_up_one_task_under_rcu)
{
	struct kshm_attacher list[8];
	struct kshm_who who = { .list = (uintptr_t)list, .room = 8 };
	int i;

	make(1);
	for (i = 0; i < 8; i++)
		attach(0);
	if (!trace_calls("__task_pid_nr_ns", "__rcu_read_unlock"))
		SKIP(return, ONE_CPU);
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_WHO, &who));
	EXPECT_EQ(1, most_under_one_hold("__task_pid_nr_ns", "who", "who"));
	EXPECT_EQ(8, who.count);
}

/*
 * Reads the last bytes of a listing. Returns how many lines were made under one hold
 * of a lock, the longest one, or -1 if the kernel does not trace functions.
 */
static int longest_hold(const char *listing, const char *show, const char *unlock,
			const char *unlocker)
{
	size_t size = slurp(listing, trace, sizeof(trace));
	int fd = open(listing, O_RDONLY | O_CLOEXEC);
	char text[8];

	if (!trace_calls(show, unlock))
		return -1;
	must(pread(fd, text, sizeof(text), size - 8) == 8);
	close(fd);
	return most_under_one_hold(show, "", unlocker);
}

/*
 * fair: A read at the end of the listing of objects releases its lock after each 64
 * lines, so nobody waits for all of them.
 */
TEST_F(fair, objects_listed_64_at_a_time)
{
	char name[16];
	int i, most;

	for (i = 0; i < 150; i++) {
		make(1);
		snprintf(name, sizeof(name), "/%d", i);
		close(kshm_shm_open(name, O_RDWR | O_CREAT, 0600));
	}
	most = longest_hold("/proc/kshm/objects", "proc_objects_show",
			    "mutex_unlock", "<-proc_objects_");
	if (most < 0)
		SKIP(return, ONE_CPU);
	EXPECT_LT(0, most);
	EXPECT_GE(64, most);
}

/*
 * fair: A read at the end of the listing of segments leaves its RCU section after each
 * 64 lines.
 */
TEST_F(fair, segments_listed_64_at_a_time)
{
	int i, most;

	for (i = 0; i < 150; i++)
		make(1);
	most = longest_hold(kshm.listing, "proc_shm_show", "__rcu_read_unlock",
			    "<-proc_shm_");
	if (most < 0)
		SKIP(return, ONE_CPU);
	EXPECT_LT(0, most);
	EXPECT_GE(64, most);
}

/*
 * fair: SHM_INFO leaves its RCU section after each 256 segments that it adds up.
 */
TEST_F(fair, usage_added_up_256_segments_at_a_time)
{
	struct shm_info info;
	int i, most;

	for (i = 0; i < 600; i++)
		make(1);
	if (!trace_calls("kshm_backing_usage", "__rcu_read_unlock"))
		SKIP(return, ONE_CPU);
	ASSERT_LE(0, ctl(0, SHM_INFO, &info));
	most = most_under_one_hold("kshm_backing_usage", "", "kshm_registry_usage");
	EXPECT_LT(0, most);
	EXPECT_GE(256, most);
	EXPECT_EQ(600, info.used_ids);
}

static const char *const locks[] = { "mmap_lock/mmap_lock_acquire_returned", NULL };

/* Attaches segment 0. Returns how often mmap_lock was taken for reading meanwhile. */
static int holds_to_attach(int dev, unsigned int flags)
{
	struct kshm_attach arg = { .flags = flags };
	char *rest = trace, *event;
	int holds = 0;
	pid_t pid;

	trace_events(locks);
	must(!ioctl(dev, KSHM_IOC_ATTACH, &arg));
	trace_end();
	while ((event = next_event(&rest, &pid)))
		holds += pid == getpid() && strstr(event, "write=false");
	return holds;
}

/*
 * fair: POPULATE releases mmap_lock after each page table, so other threads of the
 * process do not wait for all of the segment.
 */
TEST_F(fair, populate_releases_mmap_lock_after_each_page_table)
{
	int id = make(4 * TABLE), plain, populated;

	detach(attach_and_touch(id, 4 * TABLE));
	plain = holds_to_attach(self->dev, 0);
	populated = holds_to_attach(self->dev, KSHM_ATTACH_POPULATE);
	EXPECT_LE(4, populated - plain);
}

/* Makes a segment of which all pages are in swap. */
static int make_swapped(int pages)
{
	int id = make(pages), i;
	char *p = attach_and_touch(id, pages);
	struct line line;

	for (i = 0; i < 100; i++) {
		must(!madvise(p, pages * PAGE, MADV_PAGEOUT));
		must(listing_find(id, &line));
		if (!line.rss)
			break;
	}
	must(line.swap == pages * PAGE);
	detach(p);
	return id;
}

static const char *const releases[] = { "lock/lock_release", NULL };

/*
 * Attaches a segment by POPULATE. Returns how many RCU sections this task left
 * meanwhile; those of interrupts have other flags.
 */
static int sections_to_populate(int dev, int id)
{
	struct kshm_attach arg = { .id = id, .flags = KSHM_ATTACH_POPULATE };
	char *rest = trace, *event;
	int sections = 0;
	pid_t pid;

	must(!write_file(TRACING "/events/lock/lock_release/filter",
			 "name == \"rcu_read_lock\" && !(common_flags & 24)"));
	must(!write_number(TRACING "/set_event_pid", getpid()));
	trace_events(releases);
	must(!ioctl(dev, KSHM_IOC_ATTACH, &arg));
	trace_end();
	while ((event = next_event(&rest, &pid)))
		sections += pid == getpid();
	detach((void *)(uintptr_t)arg.addr);
	return sections;
}

/* fair: POPULATE leaves its RCU section after each 1024 pages in swap. */
TEST_F(fair, populate_passes_1024_swapped_pages_at_a_time)
{
	static const char *const disks[] = {
		"/dev/ram0", "/dev/ram1", "/dev/ram2", "/dev/ram3",
	};
	int pages = 0, absent, swapped, i;

	if (access(disks[3], W_OK) || access(TRACING "/events/lock", F_OK))
		SKIP(return, "it takes RAM disks, and a kernel with lockdep");
	for (i = 0; i < 4; i++)
		pages += swap_to(disks[i]);
	swapped = make_swapped(pages - 16);
	absent = make(pages - 16);
	EXPECT_LE(pages / 1024,
		  sections_to_populate(self->dev, swapped) -
		  sections_to_populate(self->dev, absent));
	rmid(swapped);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, swapoff(disks[i]));
}

/* Reads a word of the kernel's memory. /proc/kcore shows that as a core file. */
static unsigned long kernel_word(int kcore, unsigned long address)
{
	unsigned long word;
	struct elf64_hdr head;
	struct elf64_phdr part;
	int i;

	must(pread(kcore, &head, sizeof(head), 0) == sizeof(head));
	for (i = 0; i < head.e_phnum; i++) {
		must(pread(kcore, &part, sizeof(part),
			   head.e_phoff + i * sizeof(part)) == sizeof(part));
		if (part.p_type == PT_LOAD &&
		    address - part.p_vaddr < part.p_memsz)
			break;
	}
	must(i < head.e_phnum);
	must(pread(kcore, &word, sizeof(word),
		   part.p_offset + (address - part.p_vaddr)) == sizeof(word));
	return word;
}

/* struct spread - the entries of a hash table: all of them, and those of its longest list */
struct spread {
	int all, longest;
};

/* Reads a hash table of the module. The first word of an entry leads to the next. */
static struct spread read_table(int kcore, const char *symbol, int lists)
{
	unsigned long at = symbol_of_kshm(symbol), entry;
	struct spread table = {};
	int n;

	for (; lists--; at += sizeof(at)) {
		entry = kernel_word(kcore, at);
		for (n = 0; entry; n++) {
			must(n < 100 * MANY);
			entry = kernel_word(kcore, entry);
		}
		table.all += n;
		if (n > table.longest)
			table.longest = n;
	}
	return table;
}

/*
 * fair: The table of all IPC namespaces has short lists, so a first call, and the end
 * of a namespace, pass few others under its lock.
 */
TEST_F(fair, namespaces_are_spread_over_a_table)
{
	int kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC), i;
	struct spread table;

	if (kcore < 0)
		SKIP(return, "no /proc/kcore: %s", strerror(errno));
	for (i = 0; i < MANY; i++) {
		first_call();
		/* This keeps the namespace. */
		must(open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC) >= 0);
	}
	table = read_table(kcore, "ns_registries", 1024);
	EXPECT_LE(MANY, table.all);
	EXPECT_GE(FEW, table.longest);
}

/*
 * Has each call of vm_mmap(), which maps a guard, recorded with the heads of all lists
 * of the table of guards. Can the kernel do that? As trace_calls(), it patches code.
 */
static bool probe_guards(void)
{
	unsigned long table = symbol_of_kshm("guards");
	char probe[256];
	int n, i;

	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		return false;
	/* A case that failed may have left it. */
	write_file(PROBES, "-:" GUARDS);
	n = snprintf(probe, sizeof(probe), "p:" GUARDS " vm_mmap");
	for (i = 0; i < GUARD_LISTS; i += 64)
		n += snprintf(probe + n, sizeof(probe) - n, " @0x%lx:x64[64]",
			      table + i * sizeof(long));
	return !write_file(PROBES, probe);
}

/* The first list that is not empty; GUARD_LISTS if all are. */
static int list_in_use(const char *event)
{
	int list;

	for (list = 0; list < GUARD_LISTS; list++) {
		event = strpbrk(event, "{,");
		must(event);
		if (strtoull(++event, NULL, 16))
			break;
	}
	return list;
}

/* Counts the mapped guards: all of them, and those in the longest list. */
static struct spread count_guards(void)
{
	static int in_list[GUARD_LISTS + 1];
	struct spread table = {};
	char *rest = trace, *event;
	pid_t pid;
	int list;

	while ((event = next_event(&rest, &pid))) {
		list = list_in_use(event);
		if (list == GUARD_LISTS)
			continue;
		table.all++;
		if (++in_list[list] > table.longest)
			table.longest = in_list[list];
	}
	return table;
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_had_it;

static void *detach_in_turn(void *p)
{
	pthread_mutex_lock(&turn);
	detach(p);
	pthread_mutex_unlock(&turn);
	pthread_barrier_wait(&all_had_it);
	return NULL;
}

static const char *const guards[] = { GUARDS, NULL };

/*
 * fair: The table of detaches in progress has short lists, so many tasks that wait in
 * a detach do not slow down those of others.
 *
 * The threads detach one after the other, and all exist meanwhile. Each one's guard
 * is the only one in the table; its list is the one in which it would wait.
 */
TEST_F(fair, detaches_in_progress_are_spread_over_a_table)
{
	pthread_t threads[MANY];
	char *attaches[MANY];
	struct spread table;
	int id = make(1), i;

	for (i = 0; i < MANY; i++)
		attaches[i] = attach(id);
	if (!probe_guards())
		SKIP(return, "it takes one processor, and a kernel with probes");
	ASSERT_EQ(0, pthread_barrier_init(&all_had_it, NULL, MANY));
	trace_events(guards);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, detach_in_turn,
					    attaches[i]));
	for (i = 0; i < MANY; i++)
		pthread_join(threads[i], NULL);
	trace_end();
	must(!write_file(PROBES, "-:" GUARDS));
	table = count_guards();
	EXPECT_EQ(MANY, table.all);
	EXPECT_GE(FEW, table.longest);
}

TEST_HARNESS_MAIN
