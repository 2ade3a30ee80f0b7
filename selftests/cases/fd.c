// SPDX-License-Identifier: GPL-2.0
/*
 * A segment as a descriptor: the operations that it allows, those that it refuses
 * to everybody, and its fdinfo. In-tree has none.
 */
#include <linux/fs.h>
#include <linux/kshm.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "cases.h"
#include "kshm.h"

#define SIZE	(3 * PAGE - 7)
#define ALL	(POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

FIXTURE(fd)
{
	int dev;
};

FIXTURE_SETUP(fd)
{
	begin_case(_metadata, &kshm);
	self->dev = open("/dev/kshm", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->dev);
	make_key(KEY, SIZE, 0644);
}

FIXTURE_TEARDOWN(fd)
{
	close(self->dev);
	end_case(_metadata);
}

/* Every case has one segment, with id 0. */
static int fd_of(int dev, unsigned int flags)
{
	struct kshm_fd arg = { .flags = flags };

	return ioctl(dev, KSHM_IOC_FD, &arg) ? -errno : arg.fd;
}

static char *map_at(void *addr, int fd, size_t first, size_t pages, int prot)
{
	char *p = mmap(addr, pages * PAGE, prot,
		       MAP_SHARED | (addr ? MAP_FIXED : 0), fd, first * PAGE);

	return p == MAP_FAILED ? NULL : p;
}

static char *map_fd(int fd)
{
	return map_at(NULL, fd, 0, 3, PROT_READ | PROT_WRITE);
}

static int events_of(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = ALL };

	if (poll(&poll_fd, 1, 0) < 0)
		die("poll: %s", strerror(errno));
	return poll_fd.revents;
}

/* The errno of a call that has to fail, or 0. */
#define error_of(call)	((call) == -1 ? errno : 0)

/* fd: INFO tells the feature FD. */
TEST_F(fd, feature_is_told)
{
	expect_feature(_metadata, self->dev, KSHM_FEATURE_FD);
}

/*
 * fd: A mapping of a descriptor is an attach: it is counted, timed,
 * inherited and unmapped as one.
 */
TEST_F(fd, mapping_is_an_attach)
{
	int fd = fd_of(self->dev, 0);
	char *p, *q = attach(0);
	struct mapping map;
	struct shmid_ds ds;
	time_t now;

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, nattch(0));
	now = next_second();
	p = map_fd(fd);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(2, nattch(0));
	p[5] = 'p';
	EXPECT_EQ('p', q[5]);
	ASSERT_TRUE(mapping_at(p, &map));
	EXPECT_EQ(0, map.inode);
	EXPECT_EQ(2, mappings_of(0));
	detach(q);
	if (in_child()) {
		EXPECT_EQ(2, nattch(0));
		EXPECT_NE(NULL, map_fd(fd));
		_exit(0);
	}
	ds = stat_of(0);
	EXPECT_LE(now, ds.shm_atime);
	EXPECT_NE(getpid(), ds.shm_lpid);
	EXPECT_EQ(1, ds.shm_nattch);
	EXPECT_EQ(0, munmap(p, 3 * PAGE));
	EXPECT_EQ(0, nattch(0));
	EXPECT_LE(now, stat_of(0).shm_dtime);
	EXPECT_EQ(getpid(), stat_of(0).shm_lpid);
}

/*
 * fd: A mapping of a descriptor can be executable without x in the mode,
 * as any attach can become with mprotect.
 */
TEST_F(fd, mapping_executable_without_x)
{
	char *p = map_at(NULL, fd_of(self->dev, 0), 0, 1,
			 PROT_READ | PROT_EXEC), *q = attach(0);

	EXPECT_EQ(0, stat_of(0).shm_perm.mode & 0111);
	EXPECT_NE(NULL, p);
	EXPECT_EQ(0, error_of(mprotect(q, PAGE, PROT_READ | PROT_EXEC)));
}

/* fd: shmdt detaches a mapping of a descriptor. */
TEST_F(fd, mapping_is_detached_like_an_attach)
{
	int fd = fd_of(self->dev, 0);
	char *p = map_fd(fd), *q = map_fd(fd);

	EXPECT_EQ(2, nattch(0));
	EXPECT_EQ(0, dt(p));
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(-EINVAL, dt(p));
	q[0] = 'q';
	EXPECT_EQ(0, dt(q));
	EXPECT_EQ(0, nattch(0));
}

/* fd: A mapping stays when its descriptor is closed. */
TEST_F(fd, mapping_outlives_descriptor)
{
	int fd = fd_of(self->dev, 0);
	char *p = map_fd(fd);

	close(fd);
	p[SIZE - 1] = 'p';
	EXPECT_EQ('p', attach(0)[SIZE - 1]);
	EXPECT_EQ(2, nattch(0));
}

/* fd: A mapping can be a part of the segment. */
TEST_F(fd, mapping_of_a_part_is_that_part)
{
	int fd = fd_of(self->dev, 0);
	char *p = attach(0), *q = map_at(NULL, fd, 1, 1, PROT_READ);

	p[PAGE + 3] = 'p';
	EXPECT_EQ('p', q[3]);
}

/* fd: A mapping may reach beyond the segment, where access is SIGBUS. */
TEST_F(fd, mapping_beyond_the_end_sigbus)
{
	int fd = fd_of(self->dev, 0);
	char *p = map_at(NULL, fd, 0, 5, PROT_READ);

	ASSERT_NE(NULL, p);
	EXPECT_TRUE(read_raises(p + 3 * PAGE, SIGBUS));
	EXPECT_EQ(0, p[3 * PAGE - 1]);
}

/* fd: A private mapping is EINVAL. */
TEST_F(fd, mapping_private_einval)
{
	int fd = fd_of(self->dev, KSHM_FD_RDONLY);

	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, nattch(0));
}

/* fd: A descriptor is closed on exec only with the flag CLOEXEC. */
TEST_F(fd, closed_on_exec_only_if_asked)
{
	EXPECT_EQ(0, fcntl(fd_of(self->dev, 0), F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd_of(self->dev, KSHM_FD_CLOEXEC),
				    F_GETFD));
}

/* fd: Each call opens another file, with a file position of its own. */
TEST_F(fd, each_call_another_file)
{
	int one = fd_of(self->dev, 0), other = fd_of(self->dev, 0);

	ASSERT_EQ(1, lseek(one, 1, SEEK_SET));
	EXPECT_EQ(0, lseek(other, 0, SEEK_CUR));
	EXPECT_NE(NULL, map_fd(one));
	EXPECT_NE(NULL, attach(0));
	EXPECT_EQ(2, nattch(0));
}

/*
 * fd: The permission is checked when the descriptor is made, and not when
 * it is mapped.
 */
TEST_F(fd, permission_asked_when_made)
{
	int fd;

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, fd_of(self->dev, 0));
		fd = fd_of(self->dev, KSHM_FD_RDONLY);
		EXPECT_LE(0, fd);
		EXPECT_EQ(NULL, map_fd(fd));
		EXPECT_EQ(EACCES, errno);
		EXPECT_NE(NULL, map_at(NULL, fd, 0, 3, PROT_READ));
		_exit(0);
	}
	fd = fd_of(self->dev, 0);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_NE(NULL, map_fd(fd));
		_exit(0);
	}
}

/* Tries every way to get more access out of a descriptor. */
static void expect_not_widened(struct __test_metadata *_metadata, int fd,
			       const char *mapped)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	bool root = !getuid();
	int error = EACCES;
	char path[2][64];
	size_t i, j;

	snprintf(path[0], sizeof(path[0]), "/proc/self/fd/%d", fd);
	snprintf(path[1], sizeof(path[1]), "/proc/self/map_files/%lx-%lx",
		 (long)mapped, (long)mapped + 3 * PAGE);
	for (i = 0; i < ARRAY_SIZE(path); i++) {
		for (j = 0; j < ARRAY_SIZE(modes); j++) {
			EXPECT_EQ(error, error_of(open(path[i], modes[j])));
			EXPECT_EQ(error, error_of(open(path[i], modes[j] |
						       O_TRUNC)));
		}
		EXPECT_EQ(-1, truncate(path[i], 0));
		EXPECT_EQ(-1, chmod(path[i], 0777));
		EXPECT_EQ(-1, chown(path[i], getuid(), getgid()));
		/* map_files needs a capability before anything else. */
		error = root ? EACCES : EPERM;
	}
	EXPECT_EQ(EPERM, error_of(fchmod(fd, 0777)));
	EXPECT_EQ(EPERM, error_of(fchown(fd, getuid(), getgid())));
}

/*
 * fd: A read-only descriptor never allows writing, however it is
 * duplicated, reopened, mapped or changed.
 */
TEST_F(fd, read_only_never_widened)
{
	int fd = fd_of(self->dev, KSHM_FD_RDONLY);
	char *p = map_at(NULL, fd, 0, 3, PROT_READ);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(NULL, map_fd(fd));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(EACCES, error_of(mprotect(p, PAGE, PROT_READ | PROT_WRITE)));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_RDWR));
	EXPECT_EQ(O_RDONLY, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(NULL, map_fd(fd));
	EXPECT_EQ(NULL, map_fd(dup(fd)));
	EXPECT_TRUE(write_raises(p, SIGSEGV));
	expect_not_widened(_metadata, fd, p);
	EXPECT_EQ(EINVAL, error_of(ftruncate(fd, 0)));
	EXPECT_EQ(EBADF, error_of(fallocate(fd, FALLOC_FL_PUNCH_HOLE |
					    FALLOC_FL_KEEP_SIZE, 0, PAGE)));
	EXPECT_EQ(EACCES, error_of(madvise(p, PAGE, MADV_REMOVE)));
}

/* Becomes root of a user namespace that contains ALICE and STAFF. */
static void become_root_of_new_namespace(void)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "%d %d 1", ALICE, ALICE);
	snprintf(gids, sizeof(gids), "%d %d 1", STAFF, STAFF);
	/*
	 * A process that changed its user may write to its own files in /proc
	 * only after this.
	 */
	if (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER) ||
	    write_file("/proc/self/setgroups", "deny") ||
	    write_file("/proc/self/uid_map", uids) ||
	    write_file("/proc/self/gid_map", gids))
		die("no user namespace: %s", strerror(errno));
}

/* fd: Neither the owner nor root of a user namespace can make it writable. */
TEST_F(fd, read_only_not_widened_by_owner_and_namespace_root)
{
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	if (in_child()) {
		become(ALICE, STAFF);
		make_key(KEY, SIZE, 0600);
		fd = fd_of(self->dev, KSHM_FD_RDONLY);
		become_root_of_new_namespace();
		expect_not_widened(_metadata, fd,
				   map_at(NULL, fd, 0, 3, PROT_READ));
		_exit(0);
	}
}

static int shared_with_devices(int dev, int fd)
{
	struct udmabuf_create arg = { .memfd = fd, .size = PAGE };

	return ioctl(dev, UDMABUF_CREATE, &arg);
}

/*
 * fd: No descriptor of a segment can be shared with a device by udmabuf.
 *
 * A device could write to the pages, however the descriptor was opened.
 */
TEST_F(fd, read_only_not_widened_by_device)
{
	int dev = open("/dev/udmabuf", O_RDWR), memfd, fd;

	if (dev < 0)
		SKIP(return, "this kernel has no CONFIG_UDMABUF");
	memfd = memfd_create("control", MFD_ALLOW_SEALING);
	ASSERT_EQ(0, ftruncate(memfd, PAGE));
	ASSERT_EQ(0, fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	EXPECT_LE(0, shared_with_devices(dev, memfd));
	*attach(0) = 1;
	fd = fd_of(self->dev, KSHM_FD_RDONLY);
	EXPECT_EQ(EINVAL, error_of(shared_with_devices(dev, fd)));
	fd = fd_of(self->dev, 0);
	EXPECT_EQ(EINVAL, error_of(shared_with_devices(dev, fd)));
}

/*
 * fd: No file call changes the size, the seals, the flags or the contents
 * behind the end.
 */
TEST_F(fd, size_is_fixed_for_all)
{
	static const int modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE,
		FALLOC_FL_UNSHARE_RANGE,
	};
	int fd = fd_of(self->dev, 0), flags = FS_IMMUTABLE_FL;
	char *p = attach(0);
	struct stat st;
	size_t i;

	p[SIZE - 1] = 'p';
	EXPECT_EQ(EPERM, error_of(ftruncate(fd, 0)));
	EXPECT_EQ(EPERM, error_of(ftruncate(fd, SIZE - 1)));
	EXPECT_EQ(EPERM, error_of(ftruncate(fd, SIZE)));
	EXPECT_EQ(EPERM, error_of(ftruncate(fd, SIZE + 1)));
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		EXPECT_EQ(-1, fallocate(fd, modes[i], 0, PAGE));
		EXPECT_EQ(-1, fallocate(fd, modes[i], SIZE, 64 * PAGE));
	}
	EXPECT_EQ(EPERM, error_of(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)));
	EXPECT_EQ(EPERM, error_of(fcntl(fd, F_ADD_SEALS,
					F_SEAL_FUTURE_WRITE)));
	EXPECT_EQ(F_SEAL_SEAL | F_SEAL_GROW, fcntl(fd, F_GET_SEALS));
	EXPECT_EQ(-1, ioctl(fd, FS_IOC_SETFLAGS, &flags));
	expect_not_widened(_metadata, fd, p);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(SIZE, st.st_size);
	EXPECT_EQ('p', p[SIZE - 1]);
	EXPECT_EQ(0, p[0]);
}

/*
 * fd: A descriptor takes no extended attributes.
 *
 * Only security modules check attributes of "security", and an inode may
 * be exempt from them.
 */
TEST_F(fd, attributes_refused)
{
	static const char * const names[] = { "security.kshm", "trusted.kshm" };
	int fd = fd_of(self->dev, KSHM_FD_RDONLY);
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(EOPNOTSUPP, error_of(fsetxattr(fd, names[i], "v", 1,
							 0)));
		EXPECT_EQ(EOPNOTSUPP, error_of(setxattr(path, names[i], "v", 1,
							0)));
	}
	EXPECT_EQ(EACCES, error_of(fsetxattr(fd, "user.kshm", "v", 1, 0)));
	if (in_child()) {
		become(ALICE, STAFF);
		/* The errno is EPERM if the kernel has no security modules. */
		EXPECT_EQ(-1, fsetxattr(fd, names[0], "v", 1, 0));
		_exit(0);
	}
}

/* fd: A writable descriptor can punch holes. */
TEST_F(fd, hole_punched_by_writable_descriptor)
{
	int fd = fd_of(self->dev, 0);
	char *p = attach(0);
	struct stat st;

	memset(p, 'p', SIZE);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(3 * PAGE / 512, st.st_blocks);
	EXPECT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       PAGE, PAGE));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(2 * PAGE / 512, st.st_blocks);
	EXPECT_EQ(0, p[PAGE]);
	EXPECT_EQ('p', p[2 * PAGE]);
}

/* Bytes of the segment that are in memory, as the listing tells. */
static unsigned long resident(void)
{
	struct line line;

	if (!listing_find(0, &line))
		die("the segment is not listed");
	return line.rss;
}

/*
 * fd: fstat of a descriptor counts the pages that are in memory, after the
 * kernel has dropped some.
 *
 * A page that was only read is clean, so dropping caches takes it away.
 */
TEST_F(fd, blocks_follow_dropped_pages)
{
	int fd = fd_of(self->dev, 0);
	volatile char *p = attach(0);
	unsigned long before;
	struct stat st;

	(void)p[0];
	(void)p[PAGE];
	p[2 * PAGE] = 'p';
	ASSERT_EQ(0, madvise((char *)p, SIZE, MADV_DONTNEED));
	while (resident() > PAGE)
		ASSERT_EQ(0, write_file("/proc/sys/vm/drop_caches", "1"));
	do {
		before = resident();
		ASSERT_EQ(0, fstat(fd, &st));
	} while (before != resident());
	EXPECT_EQ(before / 512, st.st_blocks);
}

/*
 * fd: Once a segment has had a descriptor, mincore reports all pages of its
 * attaches as present, to all users but its creator.
 */
TEST_F(fd, mincore_reports_all_pages_after_first_descriptor)
{
	unsigned char in_memory[3];
	char *p = attach(0);

	p[PAGE] = 'p';
	if (in_child()) {
		become(ALICE, STAFF);
		ASSERT_EQ(0, mincore(p, 3 * PAGE, in_memory));
		EXPECT_EQ(0, in_memory[0] & 1);
		EXPECT_EQ(1, in_memory[1] & 1);
		close(fd_of(self->dev, KSHM_FD_RDONLY));
		ASSERT_EQ(0, mincore(p, 3 * PAGE, in_memory));
		EXPECT_EQ(1, in_memory[0] & 1);
		EXPECT_EQ(1, in_memory[2] & 1);
		_exit(0);
	}
	ASSERT_EQ(0, mincore(p, 3 * PAGE, in_memory));
	EXPECT_EQ(0, in_memory[0] & 1);
}

/* Reads a page and asks the kernel to page it out. Is it still in memory? */
static bool survives_pageout(volatile char *p)
{
	(void)p[0];
	must(!madvise((char *)p, PAGE, MADV_PAGEOUT));
	return resident();
}

/*
 * fd: Once a segment has had a descriptor, MADV_PAGEOUT pages nothing of it out,
 * except for its creator.
 *
 * A page that was only read is clean, so it takes no swap to page it out. The
 * kernel itself may do so at any time.
 */
TEST_F(fd, pageout_spares_all_after_first_descriptor)
{
	char *p = attach(0);
	int tries = 1000;

	if (in_child()) {
		become(ALICE, STAFF);
		while (survives_pageout(p) && tries)
			tries--;
		EXPECT_LT(0, tries);
		close(fd_of(self->dev, KSHM_FD_RDONLY));
		while (!survives_pageout(p) && tries)
			tries--;
		EXPECT_LT(0, tries);
		_exit(0);
	}
	/*
	 * The child may have read the page on another processor, which keeps new
	 * pages for a while where nobody can page them out. Dropping caches makes
	 * each processor hand them over.
	 */
	must(!write_file("/proc/sys/vm/drop_caches", "1"));
	while (survives_pageout(p) && tries)
		tries--;
	EXPECT_LT(0, tries);
}

static struct {
	int dev, backing;
	char *page;
	pid_t asking;
} waiting;

static void *write_backing(void *unused)
{
	return (void *)write(waiting.backing, waiting.page, 1);
}

static void *ask_for_fd(void *unused)
{
	__atomic_store_n(&waiting.asking, gettid(), __ATOMIC_SEQ_CST);
	return (void *)(long)fd_of(waiting.dev, 0);
}

/*
 * fd: A descriptor of a segment that ends during the call is EIDRM.
 *
 * The call needs the lock of the segment's inode. A write to the file behind an
 * attach holds it, and waits for the page that it copies from.
 */
TEST_F(fd, segment_ends_during_the_call_eidrm)
{
	char *p = attach(0);
	pthread_t writer, asker;
	void *result;
	int touches;

	waiting.dev = self->dev;
	waiting.backing = open_backing(p, 3);
	ASSERT_LE(0, waiting.backing);
	waiting.page = stopping_page(&touches);
	if (touches < 0)
		SKIP(return, "this kernel has no CONFIG_USERFAULTFD");
	ASSERT_EQ(0, pthread_create(&writer, NULL, write_backing, NULL));
	wait_touched(touches);
	ASSERT_EQ(0, pthread_create(&asker, NULL, ask_for_fd, NULL));
	while (!__atomic_load_n(&waiting.asking, __ATOMIC_SEQ_CST))
		sched_yield();
	wait_blocked(waiting.asking);
	rmid(0);
	detach(p);
	EXPECT_FALSE(exists(0));
	let_go_on(touches, waiting.page);
	ASSERT_EQ(0, pthread_join(writer, &result));
	EXPECT_EQ(1, (long)result);
	ASSERT_EQ(0, pthread_join(asker, &result));
	EXPECT_EQ(-EIDRM, (long)result);
	close(touches);
	close(waiting.backing);
}

/* fd: fstat and lseek tell the size of the segment. */
TEST_F(fd, size_is_seen)
{
	int fd = fd_of(self->dev, KSHM_FD_RDONLY);
	struct stat st;

	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(SIZE, st.st_size);
	EXPECT_EQ(S_IFREG, st.st_mode);
	EXPECT_EQ(0, st.st_ino);
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_EQ(SIZE, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(7, lseek(fd, 7, SEEK_SET));
	EXPECT_EQ(7, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(EINVAL, error_of(lseek(fd, -1, SEEK_SET)));
}

/* fd: read and write are EINVAL. */
TEST_F(fd, read_and_write_einval)
{
	int fd = fd_of(self->dev, 0);
	char c = 'c';

	EXPECT_EQ(EINVAL, error_of(read(fd, &c, 1)));
	EXPECT_EQ(EINVAL, error_of(write(fd, &c, 1)));
	EXPECT_EQ(0, attach(0)[0]);
}

/*
 * fd: A descriptor passed over a socket can be mapped in other namespaces
 * and by other users.
 *
 * Containers do that: other namespaces, another user, and only a socket
 * between them.
 */
TEST_F(fd, passed_to_other_namespace_is_mapped)
{
	char *p = attach(0), *q;
	int pair[2], fd;

	make_key(KEY + 1, PAGE, 0600);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	if (in_child()) {
		detach(p);
		send_fd(pair[0], fd_of(self->dev, 0));
		send_fd(pair[0], fd_of(self->dev, KSHM_FD_RDONLY));
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		EXPECT_EQ(-EINVAL, fd_of(self->dev, 0));
		become(ALICE, STAFF);
		fd = receive_fd(pair[1]);
		q = map_fd(fd);
		ASSERT_NE(NULL, q);
		q[1] = 'q';
		EXPECT_EQ(NULL, map_fd(receive_fd(pair[1])));
		_exit(0);
	}
	EXPECT_EQ('q', p[1]);
}

/*
 * fd: A mapping of a passed descriptor is counted in the segment's
 * namespace, and keeps a removed segment.
 */
TEST_F(fd, passed_mapping_counts_where_the_segment_is)
{
	int fd = fd_of(self->dev, 0);
	pid_t pid = spawn();

	if (!pid) {
		must(!unshare(CLONE_NEWIPC) && map_fd(fd));
		for (;;)
			pause();
	}
	while (nattch(0) == 0 && !has_ended(pid))
		usleep(1000);
	EXPECT_EQ(1, nattch(0));
	EXPECT_EQ(pid, stat_of(0).shm_lpid);
	rmid(0);
	EXPECT_TRUE(exists(0));
	EXPECT_EQ(POLLPRI, events_of(fd));
	kill_child(pid);
	EXPECT_FALSE(exists(0));
	EXPECT_EQ(POLLPRI | POLLRDHUP | POLLHUP, events_of(fd));
}

/*
 * fd: A descriptor is not an attach: the segment ends under it, and its
 * memory is freed.
 */
TEST_F(fd, descriptor_is_no_attach)
{
	int fd = fd_of(self->dev, 0);
	char *p = attach(0);
	struct stat st;

	*p = 1;
	EXPECT_EQ(1, nattch(0));
	detach(p);
	EXPECT_EQ(0, nattch(0));
	rmid(0);
	EXPECT_FALSE(exists(0));
	EXPECT_EQ(NULL, map_fd(fd));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EINVAL, fd_of(self->dev, 0));
	/* The descriptor does not keep the memory. */
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0, st.st_blocks);
	EXPECT_EQ(SIZE, st.st_size);
}

/*
 * fd: A descriptor of a removed segment can still be mapped while
 * something has it attached.
 */
TEST_F(fd, marked_segment_still_mapped)
{
	int fd = fd_of(self->dev, 0);
	char *p = attach(0), *q;

	rmid(0);
	q = map_fd(fd);
	ASSERT_NE(NULL, q);
	detach(p);
	q[0] = 'q';
	EXPECT_EQ('q', attach(0)[0]);
	EXPECT_EQ(2, nattch(0));
	EXPECT_LE(0, fd_of(self->dev, 0));
}

/* fd: poll on a descriptor tells the end of the segment's namespace. */
TEST_F(fd, namespace_end_is_told)
{
	struct pollfd poll_fd = { .events = POLLPRI };

	poll_fd.fd = fd_of(self->dev, 0);
	ASSERT_LE(0, poll_fd.fd);
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	EXPECT_EQ(1, poll(&poll_fd, 1, 20000));
	EXPECT_EQ(POLLPRI | POLLHUP, poll_fd.revents);
	EXPECT_EQ(NULL, map_fd(poll_fd.fd));
}

/* Returns what poll() reports while another process acts after a moment. */
static int wait_for(int fd, int events, void (*act)(char *p), char *p)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	pid_t pid = spawn();

	if (!pid) {
		usleep(100000);
		act(p);
		_exit(0);
	}
	if (poll(&poll_fd, 1, 20000) != 1)
		poll_fd.revents = 0;
	reap(pid);
	return poll_fd.revents;
}

static void act_remove(char *p)
{
	rmid(0);
}

static void act_exit(char *p)
{
}

/* fd: poll wakes with POLLPRI when the segment is marked for removal. */
TEST_F(fd, poll_wakes_when_marked)
{
	int fd = fd_of(self->dev, KSHM_FD_RDONLY);
	char *p = attach(0);

	EXPECT_EQ(0, events_of(fd));
	EXPECT_EQ(POLLPRI, wait_for(fd, ALL, act_remove, p));
	EXPECT_EQ(POLLPRI, events_of(fd));
	detach(p);
	EXPECT_EQ(POLLPRI | POLLRDHUP | POLLHUP, events_of(fd));
}

/* fd: poll wakes with POLLHUP when the segment ends. */
TEST_F(fd, poll_wakes_when_ended)
{
	int fd = fd_of(self->dev, 0);

	EXPECT_EQ(POLLRDHUP, events_of(fd));
	EXPECT_EQ(POLLHUP, wait_for(fd, 0, act_remove, NULL));
}

static pid_t spawn_attached(void)
{
	pid_t pid = spawn();

	if (!pid) {
		attach(0);
		usleep(200000);
		_exit(0);
	}
	while (!nattch(0))
		sched_yield();
	return pid;
}

/* fd: poll wakes with POLLRDHUP when the last attach goes. */
TEST_F(fd, poll_wakes_when_last_attach_goes)
{
	int fd = fd_of(self->dev, 0);
	pid_t pid = spawn_attached();

	EXPECT_EQ(0, events_of(fd));
	EXPECT_EQ(POLLRDHUP, wait_for(fd, POLLRDHUP, act_exit, NULL));
	reap(pid);
	attach(0);
	EXPECT_EQ(0, events_of(fd));
}

/* fd: epoll sleeps until something happens that it was asked for. */
TEST_F(fd, epoll_sleeps_until_something_happens)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLPRI };
	int fd = fd_of(self->dev, 0), epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 50));
	attach(0);
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 50));
	rmid(0);
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 20000));
	EXPECT_EQ(EPOLLPRI, event.events);
	close(fd);
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
}

/* fd: epoll by edge wakes once for each last detach. */
TEST_F(fd, epoll_by_edge_wakes_once_for_each)
{
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET };
	int fd = fd_of(self->dev, 0), epoll = epoll_create1(EPOLL_CLOEXEC);
	char *p = attach(0);
	int i;

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
		detach(p);
		EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 20000));
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
		p = attach(0);
	}
}

static const char *fdinfo_of(int fd)
{
	static char text[1024];
	char path[64], *ours;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	memset(text, 0, sizeof(text));
	slurp(path, text, sizeof(text));
	ours = strstr(text, "kshm-id:");
	return ours ? ours : text;
}

/* fd: fdinfo tells id, key, size, count, state and generation. */
TEST_F(fd, fdinfo_tells_what_it_is)
{
	int fd = fd_of(self->dev, 0);
	char *p = attach(0), want[256];

	snprintf(want, sizeof(want), "kshm-id:\t0\nkshm-key:\t0x%08x\n"
		 "kshm-size:\t%zu\nkshm-nattch:\t1\nkshm-state:\talive\n"
		 "kshm-generation:\t0\n",
		 KEY, SIZE);
	EXPECT_STREQ(want, fdinfo_of(fd));
	rmid(0);
	EXPECT_NE(NULL, strstr(fdinfo_of(fd), "kshm-key:\t0x00000000\n"));
	EXPECT_NE(NULL, strstr(fdinfo_of(fd), "kshm-state:\tmarked\n"));
	detach(p);
	EXPECT_NE(NULL, strstr(fdinfo_of(fd), "kshm-nattch:\t0\n"));
	EXPECT_NE(NULL, strstr(fdinfo_of(fd), "kshm-state:\tended\n"));
}

/*
 * fd: After GROW a descriptor maps the whole segment, and tells its new
 * size.
 *
 * GROW is the one way to another size.
 */
TEST_F(fd, grown_segment_mapped_whole)
{
	int fd = fd_of(self->dev, 0);
	size_t size = 5 * PAGE;
	struct stat st;
	char *p;

	ASSERT_EQ(0, kshm_segment_grow(0, &size, NULL));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(5 * PAGE, st.st_size);
	p = map_at(NULL, fd, 0, 5, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, p);
	p[5 * PAGE - 1] = 'p';
	EXPECT_EQ(EPERM, error_of(ftruncate(fd, 6 * PAGE)));
	EXPECT_NE(NULL, strstr(fdinfo_of(fd), "kshm-generation:\t1\n"));
}

/* fd: A call that fails leaves no descriptor open. */
TEST_F(fd, refused_leaves_no_descriptor)
{
	struct kshm_fd *arg = (void *)fill_page(free_range(1), 0);
	struct kshm_fd absent = { .id = 7 };
	int next = dup(self->dev), i;
	struct rlimit limit;

	close(next);
	EXPECT_EQ(-EINVAL, fd_of(self->dev, 4));
	EXPECT_EQ(EINVAL, error_of(ioctl(self->dev, KSHM_IOC_FD, &absent)));
	ASSERT_EQ(0, mprotect(arg, PAGE, PROT_READ));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(EFAULT, error_of(ioctl(self->dev, KSHM_IOC_FD, arg)));
	EXPECT_EQ(next, dup(self->dev));
	close(next);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = next;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, fd_of(self->dev, 0));
	EXPECT_EQ(-EMFILE, fd_of(self->dev, KSHM_FD_RDONLY));
	EXPECT_EQ(-EINVAL, fd_of(self->dev, 4));
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(next, fd_of(self->dev, 0));
}

/* The work of a thread that maps and unmaps all the time. */
struct mapper {
	int fd;
	int done;
	int mapped;
	int refused;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *mapper = arg;
	char *p;

	while (!__atomic_load_n(&mapper->done, __ATOMIC_SEQ_CST)) {
		p = map_at(NULL, mapper->fd, 0, 3, PROT_READ | PROT_WRITE);
		if (!p) {
			mapper->refused++;
			continue;
		}
		__atomic_add_fetch(&mapper->mapped, 1, __ATOMIC_SEQ_CST);
		p[PAGE] = 'm';
		munmap(p, 3 * PAGE);
	}
	return NULL;
}

/*
 * fd: Mapping beside a removal: the segment ends once, and can't be mapped
 * after that.
 */
TEST_F(fd, mapped_while_removed_ends_once)
{
	struct mapper mapper;
	pthread_t thread;
	int id, round;

	for (round = 0; round < 100; round++) {
		id = make(3);
		memset(&mapper, 0, sizeof(mapper));
		mapper.fd = kshm_segment_fd(id, O_RDWR);
		ASSERT_LE(0, mapper.fd);
		ASSERT_EQ(0, pthread_create(&thread, NULL, map_and_unmap,
					    &mapper));
		while (!__atomic_load_n(&mapper.mapped, __ATOMIC_SEQ_CST))
			sched_yield();
		usleep(dice() % 200);
		rmid(id);
		EXPECT_NE(0, events_of(mapper.fd) & POLLPRI);
		while (exists(id))
			sched_yield();
		EXPECT_EQ(POLLPRI | POLLRDHUP | POLLHUP, events_of(mapper.fd));
		EXPECT_EQ(NULL, map_fd(mapper.fd));
		__atomic_store_n(&mapper.done, 1, __ATOMIC_SEQ_CST);
		pthread_join(thread, NULL);
		close(mapper.fd);
	}
}

/* fd: kshm_segment_fd() gives the same as the ioctl, and refuses other open flags. */
TEST_F(fd, library_gives_the_same)
{
	int fd = kshm_segment_fd(0, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(NULL, map_fd(fd));
	fd = kshm_segment_fd(0, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	EXPECT_NE(NULL, map_fd(fd));
	EXPECT_EQ(EINVAL, error_of(kshm_segment_fd(1, O_RDWR)));
	EXPECT_EQ(EINVAL, error_of(kshm_segment_fd(0, O_WRONLY)));
	EXPECT_EQ(EINVAL, error_of(kshm_segment_fd(0, O_RDWR | O_TRUNC)));
}

TEST_HARNESS_MAIN
