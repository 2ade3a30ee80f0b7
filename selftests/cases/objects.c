// SPDX-License-Identifier: GPL-2.0
/*
 * Named objects of kshm, besides shm_open() and shm_unlink(): the ioctls, the
 * listing, seals, limits, and the end of a namespace.
 */
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cases.h"
#include "kshm.h"

#define OBJECTS		"/proc/kshm/objects"
#define MIB		(1UL << 20)

FIXTURE(objects)
{
	int dev;
};

FIXTURE_VARIANT(objects)
{
	const struct backend *backend;
};

FIXTURE_VARIANT_ADD(objects, kshm) { .backend = &kshm };

FIXTURE_SETUP(objects)
{
	begin_case(_metadata, variant->backend);
	if (_metadata->exit_code)
		return;
	umask(0);
	self->dev = open("/dev/kshm", O_RDWR | O_CLOEXEC);
}

FIXTURE_TEARDOWN(objects)
{
	end_case(_metadata);
}

static int open_object(const char *name, int flags, int mode)
{
	int fd = kshm_shm_open(name, flags, mode);

	return fd == -1 ? -errno : fd;
}

static int unlink_object(const char *name)
{
	return kshm_shm_unlink(name) ? -errno : 0;
}

static int make_object(const char *name, size_t size)
{
	int fd = open_object(name, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || ftruncate(fd, size))
		die("creating %s: %d", name, fd);
	return fd;
}

static char *map_fd(int fd, int prot, size_t size)
{
	char *p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat of %d: %s", fd, strerror(errno));
	return st.st_size;
}

/* Opens by ioctl. Returns a descriptor, or a negative errno. */
static int call_open(int dev, const void *name, uint32_t len, uint32_t flags,
		     uint32_t mode)
{
	struct kshm_open arg = { .name = (uintptr_t)name, .name_len = len,
				 .flags = flags, .mode = mode, .fd = -1 };

	return ioctl(dev, KSHM_IOC_OPEN, &arg) ? -errno : arg.fd;
}

static int call_unlink(int dev, const void *name, uint32_t len, uint32_t flags)
{
	struct kshm_unlink arg = { .name = (uintptr_t)name, .name_len = len,
				   .flags = flags };

	return ioctl(dev, KSHM_IOC_UNLINK, &arg) ? -errno : 0;
}

#define CREAT	KSHM_OPEN_CREAT

/*
 * objects: The ioctls take a name by its length, and look at no byte
 * behind it.
 */
TEST_F(objects, name_given_by_length)
{
	EXPECT_LE(0, call_open(self->dev, "abc", 2, CREAT, 0600));
	EXPECT_EQ(-ENOENT, call_open(self->dev, "abc", 3, 0, 0));
	EXPECT_LE(0, open_object("/ab", O_RDWR, 0));
	EXPECT_EQ(-ENOENT, call_unlink(self->dev, "abc", 1, 0));
	EXPECT_EQ(0, call_unlink(self->dev, "abc", 2, 0));
}

/* objects: The kernel itself refuses a name that can't be one. */
TEST_F(objects, name_invalid_refused_by_the_kernel)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	EXPECT_EQ(-EINVAL, call_open(self->dev, name, 0, CREAT, 0600));
	EXPECT_EQ(-EINVAL, call_open(self->dev, NULL, 0, CREAT, 0600));
	EXPECT_EQ(-EINVAL, call_open(self->dev, "a\0b", 3, CREAT, 0600));
	EXPECT_EQ(-EINVAL, call_open(self->dev, "ab", 3, CREAT, 0600));
	EXPECT_EQ(-EINVAL, call_open(self->dev, "/a", 2, CREAT, 0600));
	EXPECT_EQ(-EINVAL, call_open(self->dev, "a/", 2, CREAT, 0600));
	EXPECT_EQ(-ENAMETOOLONG, call_open(self->dev, name, 256, CREAT, 0600));
	EXPECT_EQ(-ENAMETOOLONG, call_open(self->dev, NULL, ~0U, CREAT, 0600));
	EXPECT_LE(0, call_open(self->dev, name, 255, CREAT, 0600));
	EXPECT_EQ(-EINVAL, call_unlink(self->dev, name, 0, 0));
	EXPECT_EQ(-EINVAL, call_unlink(self->dev, "/a", 2, 0));
	EXPECT_EQ(-ENAMETOOLONG, call_unlink(self->dev, name, 256, 0));
}

/* objects: A name that can't be read is EFAULT. */
TEST_F(objects, name_unreadable_efault)
{
	char *edge = fill_page(free_range(2), 'x') + PAGE;

	EXPECT_EQ(-EFAULT, call_open(self->dev, NULL, 1, CREAT, 0600));
	EXPECT_EQ(-EFAULT, call_open(self->dev, BAD_POINTER, 1, CREAT, 0600));
	EXPECT_EQ(-EFAULT, call_open(self->dev, (void *)-1L, 1, CREAT, 0600));
	EXPECT_EQ(-EFAULT, call_open(self->dev, edge - 2, 3, CREAT, 0600));
	EXPECT_EQ(-EFAULT, call_unlink(self->dev, edge - 2, 3, 0));
	EXPECT_LE(0, call_open(self->dev, edge - 2, 2, CREAT, 0600));
}

/*
 * objects: Flags and mode bits without a meaning are EINVAL, and nothing
 * is made.
 */
TEST_F(objects, flags_and_mode_without_meaning_einval)
{
	EXPECT_EQ(-EINVAL, call_open(self->dev, "a", 1, CREAT |
				     KSHM_OPEN_RDONLY | KSHM_OPEN_WRONLY, 0600));
	EXPECT_EQ(-EINVAL, call_open(self->dev, "a", 1, CREAT, 010600));
	EXPECT_EQ(-EINVAL, call_open(self->dev, "a", 1, CREAT, ~0U));
	EXPECT_EQ(-ENOENT, call_open(self->dev, "a", 1, 0, 0));
	EXPECT_EQ(-EINVAL, open_object("/a", O_ACCMODE | O_CREAT, 0600));
	EXPECT_EQ(-ENOENT, call_open(self->dev, "a", 1, 0, 0));
}

/*
 * objects: The descriptor of the ioctl is closed on exec only with the
 * flag CLOEXEC.
 */
TEST_F(objects, descriptor_stays_open_on_exec_unless_asked)
{
	int fd = call_open(self->dev, "a", 1, CREAT, 0600);

	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	fd = call_open(self->dev, "a", 1, KSHM_OPEN_CLOEXEC, 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
}

static int open_descriptors(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/*
 * objects: If the struct can't be written back, no descriptor is opened
 * and nothing is made.
 */
TEST_F(objects, descriptor_undelivered_makes_nothing)
{
	struct kshm_open *arg = (void *)fill_page(free_range(1), 0);
	int i, before;

	arg->name = (uintptr_t)"a";
	arg->name_len = 1;
	arg->flags = CREAT;
	ASSERT_EQ(0, mprotect(arg, PAGE, PROT_READ));
	before = open_descriptors();
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_OPEN, arg));
		EXPECT_EQ(EFAULT, errno);
	}
	EXPECT_EQ(before, open_descriptors());
	EXPECT_EQ(-ENOENT, open_object("/a", O_RDWR, 0));
}

/* objects: An open that fails leaves no descriptor. */
TEST_F(objects, failed_opens_leave_no_descriptor)
{
	int i, before = open_descriptors();

	for (i = 0; i < 100; i++) {
		EXPECT_EQ(-ENOENT, open_object("/a", O_RDWR, 0));
		EXPECT_EQ(-EINVAL, call_open(self->dev, "a", 1, ~0U, 0));
	}
	EXPECT_EQ(before, open_descriptors());
}

static char whole[1 << 16];

/* Returns the listing without its heading. */
static const char *listed(void)
{
	char *end;

	slurp(OBJECTS, whole, sizeof(whole));
	end = strchr(whole, '\n');
	return end ? end + 1 : "no heading";
}

static int lines_of(const char *text)
{
	int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* Returns the last column of line @n. */
static const char *name_in_line(int n)
{
	static char line[512];
	const char *text = listed();
	size_t len;

	while (n--)
		text = strchr(text, '\n') + 1;
	len = strcspn(text, "\n");
	snprintf(line, sizeof(line), "%.*s", (int)len, text);
	return strrchr(line, ' ') + 1;
}

#define SHOWN "%lld %lld %o %lu %u %u %lu %u %u %u %u %llu %llu %llu %lu %lu"

/*
 * objects: The line of an object tells mode, size, users, times and
 * memory.
 */
TEST_F(objects, listing_line_every_column)
{
	struct line l;
	char kind[16], name[16];
	struct stat st;
	int fd, n;

	if (in_child()) {
		become(ALICE, STAFF);
		fd = open_object("/first", O_RDWR | O_CREAT, 0641);
		ASSERT_EQ(0, ftruncate(fd, 3 * PAGE + 1));
		ASSERT_EQ(1, write(fd, "x", 1));
		_exit(0);
	}
	fd = open_object("/first", O_RDWR, 0);
	ASSERT_EQ(0, fchown(fd, BOB, GUESTS));
	ASSERT_EQ(0, fstat(fd, &st));
	n = sscanf(listed(), SHOWN " 0 - %15s %15s", &l.key, &l.id, &l.perms,
		   &l.size, &l.cpid, &l.lpid, &l.nattch, &l.uid, &l.gid,
		   &l.cuid, &l.cgid, &l.atime, &l.dtime, &l.ctime, &l.rss,
		   &l.swap, kind, name);
	ASSERT_EQ(18, n);
	EXPECT_EQ(0, l.key);
	EXPECT_EQ(-1, l.id);
	EXPECT_EQ(0641, l.perms);
	EXPECT_EQ(3 * PAGE + 1, l.size);
	EXPECT_EQ(0, l.lpid);
	EXPECT_EQ(0, l.nattch);
	EXPECT_EQ(BOB, l.uid);
	EXPECT_EQ(GUESTS, l.gid);
	EXPECT_EQ(ALICE, l.cuid);
	EXPECT_EQ(STAFF, l.cgid);
	EXPECT_EQ(st.st_atime, l.atime);
	EXPECT_EQ(0, l.dtime);
	EXPECT_EQ(st.st_ctime, l.ctime);
	EXPECT_EQ(PAGE, l.rss);
	EXPECT_EQ(0, l.swap);
	EXPECT_STREQ("posix", kind);
	EXPECT_STREQ("first", name);
}

/* objects: The line of an object tells the pid of its creator. */
TEST_F(objects, listing_names_the_creator)
{
	unsigned int cpid;
	int n;

	make_object("/a", 0);
	n = sscanf(listed(), "%*d %*d %*o %*u %u", &cpid);
	ASSERT_EQ(1, n);
	EXPECT_EQ(getpid(), cpid);
}

/*
 * objects: The listing has the segments, as the other one shows them, and
 * then the objects in the order of their names.
 */
TEST_F(objects, listing_has_segments_and_then_names_in_order)
{
	static char segments[4096];
	char *line;
	int n = 0;

	make_object("/b", 0);
	make_object("/a", 0);
	make_key(KEY, PAGE, 0600);
	make_object("/aa", 0);
	attach(make(3));
	slurp(kshm.listing, segments, sizeof(segments));
	EXPECT_EQ(5, lines_of(listed()));
	EXPECT_STREQ("-", name_in_line(0));
	EXPECT_STREQ("-", name_in_line(1));
	EXPECT_STREQ("a", name_in_line(2));
	EXPECT_STREQ("aa", name_in_line(3));
	EXPECT_STREQ("b", name_in_line(4));
	for (line = strtok(segments, "\n"); line; line = strtok(NULL, "\n")) {
		EXPECT_NE(NULL, strstr(whole, line));
		n++;
	}
	EXPECT_EQ(3, n);
}

/* objects: The listing of segments does not show objects. */
TEST_F(objects, listing_of_segments_unchanged)
{
	static char before[4096], after[4096];

	make(1);
	slurp(kshm.listing, before, sizeof(before));
	make_object("/a", PAGE);
	slurp(kshm.listing, after, sizeof(after));
	EXPECT_STREQ(before, after);
}

/* objects: Bytes of a name that would break a line are escaped. */
TEST_F(objects, listing_escapes_what_would_break_a_line)
{
	make_object("/a b\tc\ne\\f", 0);
	EXPECT_EQ(1, lines_of(listed()));
	EXPECT_STREQ("a\\040b\\011c\\012e\\134f", name_in_line(0));
}

/* Returns the name that is shown for an object whose name is "x" and @byte. */
static const char *shown_with(int byte)
{
	char name[] = { '/', 'x', byte, 0 };
	const char *shown;

	close(make_object(name, 0));
	shown = name_in_line(0);
	must(!unlink_object(name));
	return shown;
}

/*
 * objects: The listing shows every byte that is not printable ASCII as octal
 * digits. A terminal would obey such bytes.
 */
TEST_F(objects, listing_escapes_what_a_terminal_obeys)
{
	char plain[3] = "x", escaped[8];
	int byte;

	for (byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		plain[1] = byte;
		snprintf(escaped, sizeof(escaped), "x\\%03o", byte);
		EXPECT_STREQ(byte <= ' ' || byte >= 127 || byte == '\\' ?
			     escaped : plain, shown_with(byte));
	}
}

/* objects: The listing escapes a name that is "-", since "-" stands for no name. */
TEST_F(objects, listing_tells_the_name_dash_from_no_name)
{
	make_object("/-", 0);
	EXPECT_STREQ("\\055", name_in_line(0));
}

/* objects: The listing escapes the name of a segment, too. */
TEST_F(objects, listing_escapes_names_of_segments)
{
	ASSERT_LE(0, kshm_segment_get_named("\033[2J\302\233", PAGE,
					    IPC_CREAT | 0600, 0, -1, NULL));
	EXPECT_STREQ("\\033[2J\\302\\233", name_in_line(0));
}

#define EVENTS		"/sys/kernel/tracing/events/kshm/"
#define TRACE		"/sys/kernel/tracing/trace"

/* objects: Traces show a name as the listing does. */
TEST_F(objects, trace_escapes_names)
{
	if (mount("tracing", "/sys/kernel/tracing", "tracefs", 0, NULL) &&
	    errno != EBUSY)
		SKIP(return, "this kernel has no tracefs");
	trace_without_names();
	ASSERT_EQ(0, write_file(TRACE, "\n"));
	ASSERT_EQ(0, write_file(EVENTS "kshm_open/enable", "1"));
	make_object("/\033]0;a b\n\377", 0);
	ASSERT_EQ(0, write_file(EVENTS "kshm_open/enable", "0"));
	slurp(TRACE, whole, sizeof(whole));
	EXPECT_NE(NULL, strstr(whole, " name=\\033]0;a\\040b\\012\\377 flags="));
}

/* objects: The listing read byte by byte, or from any offset, is complete. */
TEST_F(objects, listing_read_in_pieces_is_complete)
{
	char name[64], c;
	size_t have = 0;
	int i, fd;

	for (i = 0; i < 60; i++)
		make(1);
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "/name-%03d", (i * 37) % 60);
		close(make_object(name, 0));
	}
	EXPECT_EQ(120, lines_of(listed()));
	fd = open(OBJECTS, O_RDONLY | O_CLOEXEC);
	while (read(fd, &c, 1) == 1)
		EXPECT_EQ(whole[have++], c);
	EXPECT_EQ('\0', whole[have]);
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "name-%03d", i);
		EXPECT_STREQ(name, name_in_line(60 + i));
	}
	EXPECT_EQ(have - 7, lseek(fd, have - 7, SEEK_SET));
	EXPECT_EQ(7, read(fd, name, sizeof(name)));
	EXPECT_EQ(0, memcmp("me-059\n", name, 7));
	close(fd);
}

/*
 * objects: Names unlinked while the listing is read hide no others, and none is shown
 * twice.
 */
TEST_F(objects, unlinked_while_read_neither_lost_nor_twice)
{
	char name[64], *text = whole, *at;
	int i, fd, count[40] = {};
	ssize_t n, have = 0;

	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "/name-%03d", i);
		close(make_object(name, 0));
	}
	fd = open(OBJECTS, O_RDONLY | O_CLOEXEC);
	while (!strstr(text, "name-019\n")) {
		ASSERT_EQ(1, read(fd, text + have, 1));
		text[++have] = '\0';
	}
	/* Every third name is unlinked: of those that were shown, and of the rest. */
	for (i = 0; i < 40; i += 3) {
		snprintf(name, sizeof(name), "/name-%03d", i);
		EXPECT_EQ(0, unlink_object(name));
	}
	while ((n = read(fd, text + have, 100)) > 0)
		have += n;
	text[have] = '\0';
	for (at = text; (at = strstr(at, "name-")); at++)
		count[atoi(at + 5)]++;
	/* The next line was formatted already when the names were unlinked. */
	for (i = 0; i < 40; i++)
		EXPECT_EQ(i <= 19 || i % 3 ? 1 : 0, count[i]);
	close(fd);
}

/* objects: /proc/PID/maps shows the name of an object. */
TEST_F(objects, mapping_shows_the_name)
{
	char *p = map_fd(make_object("/shown", PAGE), PROT_READ, PAGE);
	struct mapping map;

	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_STREQ("/kshm:shown (deleted)", map.name);
}

/* objects: An object made sealable takes seals, and they hold. */
TEST_F(objects, sealable_object_can_be_sealed)
{
	int fd = open_object("/a", O_RDWR | O_CREAT | KSHM_O_SEALABLE, 0600);

	EXPECT_EQ(0, fcntl(fd, F_GET_SEALS));
	EXPECT_EQ(0, ftruncate(fd, PAGE));
	EXPECT_EQ(0, fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	EXPECT_EQ(-1, ftruncate(fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(fd, PAGE + 1));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-EPERM, open_object("/a", O_RDWR | O_TRUNC, 0));
	EXPECT_EQ(PAGE, size_of(fd));
	EXPECT_NE(NULL, map_fd(fd, PROT_READ | PROT_WRITE, PAGE));
	EXPECT_EQ(-1, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	EXPECT_EQ(-1, fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	EXPECT_EQ(EPERM, errno);
}

/* objects: Sealability is chosen at creation. */
TEST_F(objects, sealable_counts_at_creation_only)
{
	int fd = make_object("/a", PAGE);

	close(open_object("/a", O_RDWR | O_CREAT | KSHM_O_SEALABLE, 0600));
	EXPECT_EQ(F_SEAL_SEAL, fcntl(fd, F_GET_SEALS));
	fd = open_object("/b", O_RDWR | O_CREAT | KSHM_O_SEALABLE, 0600);
	close(fd);
	fd = open_object("/b", O_RDWR, 0);
	EXPECT_EQ(0, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_EQ(NULL, map_fd(fd, PROT_READ | PROT_WRITE, PAGE));
}

/*
 * objects: A namespace can have as many objects as shmmni says; segments
 * do not count.
 */
TEST_F(objects, as_many_as_shmmni)
{
	struct kshm_info info = { .flags = 0 };
	char name[16];
	int i;

	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", 10));
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		make_object(name, 0);
	}
	EXPECT_EQ(-ENOSPC, open_object("/more", O_RDWR | O_CREAT, 0600));
	EXPECT_LE(0, open_object("/3", O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(-EEXIST, open_object("/3", O_RDWR | O_CREAT | O_EXCL, 0600));
	make(1);
	EXPECT_EQ(0, unlink_object("/4"));
	EXPECT_LE(0, open_object("/more", O_RDWR | O_CREAT, 0600));
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_INFO, &info));
	EXPECT_EQ(1, info.used_ids);
}

static int own_namespace(void)
{
	int fd = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("opening a namespace: %s", strerror(errno));
	return fd;
}

/* objects: Each IPC namespace has its own objects. */
TEST_F(objects, namespace_has_its_own_names)
{
	int first = own_namespace(), fd = make_object("/a", 1);

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_EQ(-ENOENT, open_object("/a", O_RDWR, 0));
	EXPECT_EQ(-ENOENT, unlink_object("/a"));
	EXPECT_STREQ("", listed());
	make_object("/a", 2);
	EXPECT_EQ(1, size_of(fd));
	ASSERT_EQ(0, setns(first, CLONE_NEWIPC));
	EXPECT_EQ(1, size_of(open_object("/a", O_RDWR, 0)));
	EXPECT_EQ(1, lines_of(listed()));
}

/* objects: The end of a namespace frees its objects. */
TEST_F(objects, namespace_end_frees_them)
{
	unsigned long before = meminfo("Shmem:");
	int i;

	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		for (i = 0; i < 8; i++) {
			char name[] = { '/', 'a' + i, 0 };

			ASSERT_EQ(0, posix_fallocate(make_object(name, MIB), 0,
						     MIB));
		}
		EXPECT_LE(before + 7 * 1024, meminfo("Shmem:"));
		_exit(0);
	}
	EXPECT_TRUE(shmem_falls_below(before + 512, 10));
}

/*
 * objects: An object that is open or mapped outlives its namespace,
 * without a name.
 */
TEST_F(objects, descriptor_and_mapping_outlive_the_namespace)
{
	int fd = make_object("/a", PAGE), i;
	char *p = map_fd(fd, PROT_READ | PROT_WRITE, PAGE);
	struct stat st;

	strcpy(p, "still here");
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	for (i = 0; i < 500; i++) {
		ASSERT_EQ(0, fstat(fd, &st));
		if (!st.st_nlink)
			break;
		usleep(10000);
	}
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_STREQ("still here", p);
	EXPECT_EQ(0, ftruncate(fd, 2 * PAGE));
	EXPECT_STREQ("still here", map_fd(fd, PROT_READ, PAGE));
}

/*
 * Makes BOB root of namespaces of his own; pipes tell when each side is ready.
 */
static void root_of_his_own(int said, int heard)
{
	char c;

	become(BOB, GUESTS);
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) ||
	    write_file("/proc/self/uid_map", "0 21002 1") ||
	    write(said, "", 1) != 1 || read(heard, &c, 1) != 1)
		die("namespaces: %s", strerror(errno));
	must(open_object("/a", O_RDWR, 0) == -EACCES);
	must(unlink_object("/a") == 0);
	_exit(0);
}

/*
 * objects: Root of the user namespace that owns the IPC namespace may
 * unlink every object there, but has no access to it.
 */
TEST_F(objects, root_of_the_namespace_unlinks_all)
{
	int said[2], heard[2], fd;
	char path[64], c;
	pid_t pid;

	ASSERT_EQ(0, pipe(said) | pipe(heard));
	pid = spawn();
	if (!pid)
		root_of_his_own(said[1], heard[0]);
	ASSERT_EQ(1, read(said[0], &c, 1));
	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, setns(fd, CLONE_NEWIPC));
	make_object("/a", 0);
	ASSERT_EQ(1, write(heard[1], "", 1));
	reap(pid);
	EXPECT_EQ(-ENOENT, open_object("/a", O_RDWR, 0));
}

/* Threads that read the listing while others create and unlink. */
static int stop;

static void *read_on(void *unused)
{
	static __thread char text[1 << 15];

	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		char *at = text;

		slurp(OBJECTS, text, sizeof(text));
		while ((at = strstr(at, " posix "))) {
			at += strlen(" posix ");
			if (strncmp(at, "name-", 5))
				return "a name is not whole";
		}
	}
	return NULL;
}

/* objects: Each name in the listing is whole, while objects come and go. */
TEST_F(objects, listing_read_while_names_come_and_go)
{
	pthread_t readers[2];
	char name[16];
	void *wrong;
	int i;

	for (i = 0; i < 2; i++)
		pthread_create(&readers[i], NULL, read_on, NULL);
	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "/name-%d", i % 50);
		close(open_object(name, O_RDWR | O_CREAT, 0600));
		snprintf(name, sizeof(name), "/name-%d", dice() % 50);
		unlink_object(name);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < 2; i++) {
		pthread_join(readers[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
}

TEST_HARNESS_MAIN
