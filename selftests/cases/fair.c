// SPDX-License-Identifier: GPL-2.0
/*
 * Fairness: nobody pays for the memory of others, and nobody waits for it.
 *
 * Where pages are freed is read from the kernel's trace, which has an event for each
 * page that leaves a file.
 */
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cases.h"

#define PAGES		64
#define TRACING		"/sys/kernel/tracing/instances/kshm"
#define PAGE_FREED	"mm_filemap_delete_from_page_cache"

FIXTURE(fair)
{
	int dev;
};

FIXTURE_SETUP(fair)
{
	self->dev = begin_device_case(_metadata);
	if (self->dev < 0)
		return;
	if (mkdir(TRACING, 0700) && errno != EEXIST)
		SKIP(return, "no tracing: %s", strerror(errno));
}

FIXTURE_TEARDOWN(fair)
{
	rmdir(TRACING);
	close(self->dev);
	end_case(_metadata);
}

static char trace[1 << 20];

/* Begins to record the events, those of all CPUs in one order. */
static void trace_events(const char *const *events)
{
	must(!write_file(TRACING "/trace_clock", "counter"));
	must(!write_number(TRACING "/buffer_size_kb", 1024));
	for (; *events; events++) {
		char path[128];

		snprintf(path, sizeof(path), TRACING "/events/%s/enable",
			 *events);
		must(!write_file(path, "1"));
	}
}

/* Ends recording. The lines are in @trace, without those about the buffers. */
static void trace_end(void)
{
	must(!write_number(TRACING "/tracing_on", 0));
	slurp(TRACING "/trace", trace, sizeof(trace));
	must(!write_file(TRACING "/set_event", ""));
}

/*
 * A line is "  NAME-PID  [CPU] FLAGS TIME: EVENT: FIELDS". Cuts off the next one that
 * is an event; returns the event, or NULL at the end.
 */
static char *next_event(char **rest, pid_t *pid)
{
	char *line, *bracket, *colon;

	while ((line = strsep(rest, "\n"))) {
		if (*line == '#')
			continue;
		bracket = strstr(line, " [");
		colon = bracket ? strstr(bracket, ": ") : NULL;
		if (!colon)
			continue;
		*bracket = '\0';
		while (bracket > line && bracket[-1] == ' ')
			*--bracket = '\0';
		*pid = atoi(strrchr(line, '-') + 1);
		return colon + 2;
	}
	return NULL;
}

static bool is_event(const char *event, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(event, name, length) && event[length] == ':';
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

/*
 * fair: The last detach of a segment with a descriptor frees its pages before the
 * call returns, but without mmap_lock, for which other threads could wait.
 */
TEST_F(fair, last_detach_frees_without_mmap_lock)
{
	int id = make(PAGES), fd = fd_of(self->dev, id);
	int under_lock, elsewhere;
	struct stat st;
	char *p;

	ASSERT_LE(0, fd);
	p = attach_and_touch(id, PAGES);
	rmid(id);
	trace_events(lock_and_pages);
	detach(p);
	trace_end();
	count_freed(&under_lock, &elsewhere);
	EXPECT_EQ(0, under_lock);
	EXPECT_EQ(PAGES, elsewhere);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_blocks);
}

/*
 * fair: If only mappings of a descriptor were ever attached, the last one to go frees
 * the pages without mmap_lock, too.
 */
TEST_F(fair, last_unmap_of_a_descriptor_frees_without_mmap_lock)
{
	int id = make(PAGES), fd = fd_of(self->dev, id);
	int under_lock, elsewhere;
	struct stat st;
	char *p;

	ASSERT_LE(0, fd);
	p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_POPULATE, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	rmid(id);
	trace_events(lock_and_pages);
	munmap(p, PAGES * PAGE);
	trace_end();
	count_freed(&under_lock, &elsewhere);
	EXPECT_EQ(0, under_lock);
	EXPECT_EQ(PAGES, elsewhere);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_blocks);
}

TEST_HARNESS_MAIN
