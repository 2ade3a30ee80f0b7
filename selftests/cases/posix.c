// SPDX-License-Identifier: GPL-2.0
/*
 * Named objects: shm_open() and shm_unlink() as libc has them on a tmpfs, and as
 * kshm does. objects.c has the cases for kshm alone.
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cases.h"

#define MIB		(1UL << 20)
#define ROUNDS		2000

#define ALL_BITS	07777

FIXTURE(posix)
{
};

FIXTURE_VARIANT(posix)
{
	const struct backend *backend;
};

FIXTURE_VARIANT_ADD(posix, intree) { .backend = &intree };
FIXTURE_VARIANT_ADD(posix, kshm) { .backend = &kshm };

FIXTURE_SETUP(posix)
{
	begin_case(_metadata, variant->backend);
	if (!_metadata->exit_code)
		own_shm_mount();
}

FIXTURE_TEARDOWN(posix)
{
	end_case(_metadata);
}

static int open_object(const char *name, int flags, int mode)
{
	int fd = backend->open(name, flags, mode);

	return fd == -1 ? -errno : fd;
}

static int unlink_object(const char *name)
{
	return backend->unlink(name) ? -errno : 0;
}

static int make_object(const char *name, int mode, size_t size)
{
	int fd = open_object(name, O_RDWR | O_CREAT | O_EXCL, mode);

	if (fd < 0)
		die("creating %s: %s", name, strerror(-fd));
	if (fchmod(fd, mode) || ftruncate(fd, size))
		die("%s: %s", name, strerror(errno));
	return fd;
}

static struct stat stat_fd(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat of %d: %s", fd, strerror(errno));
	return st;
}

/* Opens and closes an object. Returns 0 or a negative errno. */
static int try_open(const char *name, int flags)
{
	int fd = open_object(name, flags, 0600);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static char *map_fd(int fd, int prot, size_t size)
{
	char *p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static const char *name_of_length(size_t len)
{
	static char name[300];

	memset(name, 'x', len);
	name[len] = '\0';
	return name;
}

/* posix: Slashes at the beginning of a name are ignored. */
TEST_F(posix, name_leading_slashes_mean_nothing)
{
	int fd = make_object("/one", 0600, 3), other = open_object("one", O_RDWR, 0);

	EXPECT_EQ(stat_fd(fd).st_ino, stat_fd(other).st_ino);
	other = open_object("///one", O_RDWR, 0);
	EXPECT_EQ(stat_fd(fd).st_ino, stat_fd(other).st_ino);
	EXPECT_EQ(0, unlink_object("//one"));
	EXPECT_EQ(-ENOENT, unlink_object("/one"));
}

/*
 * posix: A name without other bytes is EINVAL to open and ENOENT to
 * unlink.
 */
TEST_F(posix, name_without_bytes_einval)
{
	static const char *const names[] = { "", "/", "//", "/////" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(-EINVAL, try_open(names[i], O_RDWR | O_CREAT));
		EXPECT_EQ(-EINVAL, try_open(names[i], O_RDONLY));
		EXPECT_EQ(-ENOENT, unlink_object(names[i]));
	}
}

/*
 * posix: A name with a slash inside is EINVAL to open and ENOENT to
 * unlink.
 */
TEST_F(posix, name_with_slash_inside_einval)
{
	static const char *const names[] = { "a/b", "/a/b", "/a/", "a//", "../a" };
	size_t i;

	make_object("/a", 0600, 0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(-EINVAL, try_open(names[i], O_RDWR | O_CREAT));
		EXPECT_EQ(-EINVAL, try_open(names[i], O_RDONLY));
		EXPECT_EQ(-ENOENT, unlink_object(names[i]));
	}
}

/*
 * posix: The names "." and ".." are EINVAL; other names may begin with
 * dots.
 */
TEST_F(posix, name_of_dots_einval)
{
	EXPECT_EQ(-EINVAL, try_open(".", O_RDWR | O_CREAT));
	EXPECT_EQ(-EINVAL, try_open("/..", O_RDWR));
	EXPECT_EQ(0, try_open("...", O_RDWR | O_CREAT));
	EXPECT_EQ(0, try_open(".a", O_RDWR | O_CREAT));
}

/* posix: A name can have 255 bytes, and all of them count. */
TEST_F(posix, name_of_255_bytes_works)
{
	close(make_object(name_of_length(255), 0600, 7));
	close(make_object(name_of_length(254), 0600, 0));
	EXPECT_EQ(7, stat_fd(open_object(name_of_length(255), O_RDONLY, 0)).st_size);
	EXPECT_EQ(0, unlink_object(name_of_length(255)));
	EXPECT_EQ(-ENOENT, try_open(name_of_length(255), O_RDONLY));
	EXPECT_EQ(0, try_open(name_of_length(254), O_RDONLY));
}

/* posix: A name of 256 bytes or more is ENAMETOOLONG. */
TEST_F(posix, name_of_256_bytes_enametoolong)
{
	make_object(name_of_length(255), 0600, 0);
	EXPECT_EQ(-ENAMETOOLONG, try_open(name_of_length(256), O_RDWR | O_CREAT));
	EXPECT_EQ(-ENAMETOOLONG, try_open(name_of_length(256), O_RDONLY));
	EXPECT_EQ(-ENAMETOOLONG, unlink_object(name_of_length(256)));
	EXPECT_EQ(-ENAMETOOLONG, unlink_object(name_of_length(259)));
	EXPECT_EQ(0, try_open(name_of_length(255), O_RDONLY));
}

/* posix: Every byte but 0 and a slash can be in a name. */
TEST_F(posix, name_of_any_other_bytes_works)
{
	char name[256];
	int i;

	for (i = 1; i < 256; i++) {
		snprintf(name, sizeof(name), "/%c%c", i, i);
		if (i == '/' || i == '.')
			continue;
		close(make_object(name, 0600, i));
	}
	for (i = 1; i < 256; i++) {
		snprintf(name, sizeof(name), "/%c%c", i, i);
		if (i == '/' || i == '.')
			continue;
		EXPECT_EQ(i, stat_fd(open_object(name, O_RDONLY, 0)).st_size);
		EXPECT_EQ(0, unlink_object(name));
	}
}

/* posix: Upper and lower case differ, and a name is found only whole. */
TEST_F(posix, name_is_case_sensitive_and_whole)
{
	make_object("/Name", 0600, 0);
	EXPECT_EQ(-ENOENT, try_open("/name", O_RDONLY));
	EXPECT_EQ(-ENOENT, try_open("/Na", O_RDONLY));
	EXPECT_EQ(-ENOENT, try_open("/Names", O_RDONLY));
}

/* posix: A name that is not there is ENOENT without O_CREAT. */
TEST_F(posix, absent_enoent)
{
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDONLY));
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDWR));
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDWR | O_EXCL));
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDWR | O_TRUNC));
	EXPECT_EQ(-ENOENT, unlink_object("/a"));
}

/*
 * posix: A new object is an empty regular file that belongs to its
 * creator.
 */
TEST_F(posix, new_object_is_an_empty_file_of_its_creator)
{
	struct stat st;

	if (!in_child())
		return;
	become(ALICE, STAFF);
	st = stat_fd(open_object("/a", O_RDWR | O_CREAT, 0640));
	EXPECT_EQ(S_IFREG | 0640, st.st_mode);
	EXPECT_EQ(ALICE, st.st_uid);
	EXPECT_EQ(STAFF, st.st_gid);
	EXPECT_EQ(0, st.st_size);
	EXPECT_EQ(0, st.st_blocks);
	EXPECT_EQ(1, st.st_nlink);
	EXPECT_LE(time(NULL) - 60, st.st_ctime);
	_exit(0);
}

/* posix: The umask is taken from the mode of a new object. */
TEST_F(posix, umask_is_taken_from_mode)
{
	static const int masks[] = { 0, 022, 077, 0777, 0123 };
	static const int modes[] = { 0, 0600, 0666, 0777, 07777, 01000 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		umask(masks[i]);
		for (j = 0; j < ARRAY_SIZE(modes); j++) {
			int fd = open_object("/a", O_RDWR | O_CREAT | O_EXCL,
					     modes[j]);

			EXPECT_EQ(modes[j] & ~masks[i],
				  stat_fd(fd).st_mode & ALL_BITS);
			close(fd);
			EXPECT_EQ(0, unlink_object("/a"));
		}
	}
}

/* posix: Bits of the mode above 07777 are ignored. */
TEST_F(posix, mode_beyond_all_bits_ignored)
{
	int fd = open_object("/a", O_RDWR | O_CREAT, 0170600);

	EXPECT_EQ(S_IFREG | 0600, stat_fd(fd).st_mode);
}

/* posix: The mode is ignored for an object that exists. */
TEST_F(posix, mode_of_what_exists_ignored)
{
	make_object("/a", 0640, 5);
	open_object("/a", O_RDWR | O_CREAT, 0777);
	EXPECT_EQ(S_IFREG | 0640,
		  stat_fd(open_object("/a", O_RDWR, 0777)).st_mode);
}

/*
 * posix: The creator gets the access that was asked for, whatever the mode
 * of the new object.
 */
TEST_F(posix, creator_uses_new_object_whatever_its_mode)
{
	int fd;

	if (!in_child())
		return;
	become(ALICE, STAFF);
	fd = open_object("/a", O_RDWR | O_CREAT, 0);
	EXPECT_LE(0, fd);
	EXPECT_EQ(1, write(fd, "x", 1));
	EXPECT_NE(NULL, map_fd(fd, PROT_READ | PROT_WRITE, PAGE));
	EXPECT_EQ(-EACCES, try_open("/a", O_RDONLY));
	EXPECT_EQ(-EACCES, try_open("/a", O_RDWR | O_CREAT));
	_exit(0);
}

/*
 * posix: O_CREAT with O_EXCL is EEXIST where the name is taken, before
 * permission is checked.
 */
TEST_F(posix, exclusive_present_eexist)
{
	int fd = make_object("/a", 0600, 9);

	EXPECT_EQ(-EEXIST, try_open("/a", O_RDWR | O_CREAT | O_EXCL));
	EXPECT_EQ(-EEXIST, try_open("/a", O_RDWR | O_CREAT | O_EXCL | O_TRUNC));
	EXPECT_EQ(9, stat_fd(fd).st_size);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EEXIST, try_open("/a", O_RDWR | O_CREAT | O_EXCL));
		_exit(0);
	}
	EXPECT_EQ(0, try_open("/a", O_RDWR | O_EXCL));
}

/* posix: O_CREAT alone opens the object that is there. */
TEST_F(posix, present_opened_by_creat_is_the_same)
{
	int fd = make_object("/a", 0600, 9), other;

	other = open_object("/a", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(stat_fd(fd).st_ino, stat_fd(other).st_ino);
	EXPECT_EQ(9, stat_fd(other).st_size);
}

/* posix: O_TRUNC frees all bytes. */
TEST_F(posix, truncated_when_asked)
{
	int fd = make_object("/a", 0600, 3 * PAGE);

	map_fd(fd, PROT_READ | PROT_WRITE, PAGE)[0] = 'x';
	EXPECT_EQ(0, try_open("/a", O_RDWR | O_TRUNC));
	EXPECT_EQ(0, stat_fd(fd).st_size);
	EXPECT_EQ(0, stat_fd(fd).st_blocks);
	EXPECT_EQ(0, ftruncate(fd, PAGE));
	EXPECT_EQ(0, map_fd(fd, PROT_READ, PAGE)[0]);
	EXPECT_EQ(0, try_open("/a", O_RDWR | O_CREAT | O_TRUNC));
	EXPECT_EQ(0, stat_fd(fd).st_size);
}

/* posix: O_TRUNC sets mtime and ctime, also of an empty object. */
TEST_F(posix, truncated_counts_as_changed)
{
	int fd = make_object("/a", 0600, 0);
	time_t now = next_second();

	EXPECT_EQ(0, try_open("/a", O_RDWR));
	EXPECT_GT(now, stat_fd(fd).st_mtime);
	EXPECT_EQ(0, try_open("/a", O_RDWR | O_TRUNC));
	EXPECT_LE(now, stat_fd(fd).st_mtime);
	EXPECT_LE(now, stat_fd(fd).st_ctime);
}

/* posix: O_TRUNC asks for write permission, also with O_RDONLY. */
TEST_F(posix, truncated_for_reading_wants_write_permission)
{
	int fd = make_object("/a", 0444, PAGE), other = make_object("/b", 0666, PAGE);

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, try_open("/a", O_RDONLY | O_TRUNC));
		EXPECT_EQ(-EACCES, try_open("/a", O_RDWR | O_TRUNC));
		EXPECT_EQ(0, try_open("/a", O_RDONLY));
		EXPECT_EQ(0, try_open("/b", O_RDONLY | O_TRUNC));
		_exit(0);
	}
	EXPECT_EQ(PAGE, stat_fd(fd).st_size);
	EXPECT_EQ(0, stat_fd(other).st_size);
}

/* posix: The descriptor is the lowest that is free, and is closed on exec. */
TEST_F(posix, descriptor_lowest_free_and_closed_on_exec)
{
	int lowest = open("/dev/null", O_RDONLY), fd;

	close(lowest);
	fd = open_object("/a", O_RDWR | O_CREAT, 0600);
	EXPECT_EQ(lowest, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(lowest + 1, open_object("/a", O_RDONLY, 0));
	EXPECT_EQ(FD_CLOEXEC, fcntl(lowest + 1, F_GETFD));
}

/*
 * posix: The descriptor reads, writes, maps and truncates as its access
 * mode says.
 */
TEST_F(posix, descriptor_has_the_mode_that_was_asked)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	size_t i;
	char c;
	int fd;

	make_object("/a", 0600, PAGE);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fd = open_object("/a", modes[i], 0);
		EXPECT_EQ(modes[i], fcntl(fd, F_GETFL) & O_ACCMODE);
		EXPECT_EQ(modes[i] != O_WRONLY, read(fd, &c, 1) == 1);
		EXPECT_EQ(modes[i] != O_RDONLY, write(fd, "x", 1) == 1);
		EXPECT_EQ(modes[i] != O_RDONLY, !ftruncate(fd, PAGE));
		EXPECT_EQ(modes[i] != O_WRONLY, !!map_fd(fd, PROT_READ, PAGE));
		EXPECT_EQ(modes[i] == O_RDWR,
			  !!map_fd(fd, PROT_READ | PROT_WRITE, PAGE));
		close(fd);
	}
}

/* posix: A mapping of a read-only descriptor can't be made writable. */
TEST_F(posix, readonly_mapping_cannot_be_widened)
{
	int fd = make_object("/a", 0600, PAGE);
	char *p = map_fd(open_object("/a", O_RDONLY, 0), PROT_READ, PAGE);

	ASSERT_NE(NULL, p);
	EXPECT_EQ(-1, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	p = map_fd(fd, PROT_READ, PAGE);
	EXPECT_EQ(0, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
}

/*
 * posix: O_APPEND and O_NONBLOCK hold for the descriptor that they were
 * asked for.
 */
TEST_F(posix, append_and_nonblock_are_kept)
{
	const int flags = O_APPEND | O_NONBLOCK;
	int fd = open_object("/a", O_RDWR | O_CREAT | flags, 0600);

	EXPECT_EQ(flags, fcntl(fd, F_GETFL) & flags);
	EXPECT_EQ(1, write(fd, "a", 1));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(1, write(fd, "b", 1));
	EXPECT_EQ(2, stat_fd(fd).st_size);
	fd = open_object("/a", O_RDWR, 0);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & flags);
}

/* posix: F_GETFL tells the flags that shm_open has in-tree. */
TEST_F(posix, flags_are_those_of_shm_open)
{
	int fd = open_object("/a", O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0600);
	int like = open("/dev/null", O_RDWR | O_NOFOLLOW);

	EXPECT_EQ(fcntl(like, F_GETFL), fcntl(fd, F_GETFL));
}

/*
 * Checks which opens ALICE of STAFF may do for each mode of an object that
 * @owner has.
 */
static void expect_class(struct __test_metadata *_metadata, uid_t owner,
			 gid_t group, int shift)
{
	int fd = make_object("/a", 0, 0), bits;

	if (fchown(fd, owner, group))
		die("fchown: %s", strerror(errno));
	for (bits = 0; bits < 8; bits++) {
		if (fchmod(fd, (0777 & ~(7 << shift)) | bits << shift))
			die("fchmod: %s", strerror(errno));
		if (!in_child())
			continue;
		become(ALICE, STAFF);
		EXPECT_EQ(bits & 4 ? 0 : -EACCES, try_open("/a", O_RDONLY));
		EXPECT_EQ(bits & 2 ? 0 : -EACCES, try_open("/a", O_WRONLY));
		EXPECT_EQ((bits & 6) == 6 ? 0 : -EACCES, try_open("/a", O_RDWR));
		EXPECT_EQ((bits & 6) == 6 ? 0 : -EACCES,
			  try_open("/a", O_RDWR | O_CREAT));
		_exit(0);
	}
}

/* posix: The owner has the first class of mode bits. */
TEST_F(posix, owner_has_the_first_class)
{
	expect_class(_metadata, ALICE, STAFF, 6);
}

/* posix: The group has the second class. */
TEST_F(posix, group_has_the_second_class)
{
	expect_class(_metadata, BOB, STAFF, 3);
}

/* posix: Everybody else has the third class. */
TEST_F(posix, others_have_the_third_class)
{
	expect_class(_metadata, BOB, GUESTS, 0);
}

/* posix: The capabilities that pass a file's mode pass an object's. */
TEST_F(posix, capabilities_pass_modes_as_for_files)
{
	make_object("/a", 0, 0);
	if (in_child()) {
		become_with_caps(ALICE, STAFF, CAP(DAC_OVERRIDE));
		EXPECT_EQ(0, try_open("/a", O_RDWR));
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(ALICE, STAFF, CAP(DAC_READ_SEARCH));
		EXPECT_EQ(0, try_open("/a", O_RDONLY));
		EXPECT_EQ(-EACCES, try_open("/a", O_RDWR));
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(ALICE, STAFF, ALL_CAPS & ~CAP(DAC_OVERRIDE) &
					       ~CAP(DAC_READ_SEARCH));
		EXPECT_EQ(-EACCES, try_open("/a", O_RDONLY));
		_exit(0);
	}
}

/* posix: The owner can change the mode; it counts from the next open on. */
TEST_F(posix, owner_changes_mode_for_later_opens)
{
	int fd = make_object("/a", 0600, PAGE), other;

	ASSERT_EQ(0, fchown(fd, ALICE, STAFF));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, fchmod(fd, 0644));
		_exit(0);
	}
	if (in_child()) {
		become(BOB, GUESTS);
		EXPECT_EQ(0, try_open("/a", O_RDONLY));
		EXPECT_EQ(-EACCES, try_open("/a", O_RDWR));
		EXPECT_EQ(-1, fchmod(fd, 0666));
		EXPECT_EQ(EPERM, errno);
		EXPECT_EQ(-1, fchown(fd, BOB, GUESTS));
		EXPECT_EQ(EPERM, errno);
		_exit(0);
	}
	other = open_object("/a", O_RDWR, 0);
	EXPECT_EQ(0, fchmod(fd, 0));
	EXPECT_EQ(1, write(other, "x", 1));
}

/* posix: The owner may unlink; others get EACCES. */
TEST_F(posix, owner_unlinks_others_may_not)
{
	int fd = make_object("/a", 0777, 0);

	ASSERT_EQ(0, fchown(fd, ALICE, STAFF));
	if (in_child()) {
		become(BOB, STAFF);
		EXPECT_EQ(-EACCES, unlink_object("/a"));
		_exit(0);
	}
	EXPECT_EQ(0, try_open("/a", O_RDONLY));
	if (in_child()) {
		become(ALICE, GUESTS);
		EXPECT_EQ(0, unlink_object("/a"));
		_exit(0);
	}
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDONLY));
}

/* posix: A creator who gave the object away may not unlink it. */
TEST_F(posix, creator_after_giving_away_may_not_unlink)
{
	int fd;

	if (in_child()) {
		become(ALICE, STAFF);
		make_object("/a", 0777, 0);
		_exit(0);
	}
	fd = open_object("/a", O_RDWR, 0);
	ASSERT_EQ(0, fchown(fd, BOB, GUESTS));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, unlink_object("/a"));
		_exit(0);
	}
}

/* posix: Unlinking asks for no mode bit. */
TEST_F(posix, owner_without_permissions_unlinks)
{
	int fd = make_object("/a", 0, 0);

	ASSERT_EQ(0, fchown(fd, ALICE, STAFF));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, unlink_object("/a"));
		_exit(0);
	}
}

/* posix: CAP_FOWNER may unlink, and no other capability. */
TEST_F(posix, cap_fowner_unlinks_and_no_other)
{
	int fd = make_object("/a", 0777, 0);

	ASSERT_EQ(0, fchown(fd, ALICE, STAFF));
	if (in_child()) {
		become_with_caps(BOB, GUESTS, ALL_CAPS & ~CAP(FOWNER));
		EXPECT_EQ(-EACCES, unlink_object("/a"));
		_exit(0);
	}
	if (in_child()) {
		become_with_caps(BOB, GUESTS, CAP(FOWNER));
		EXPECT_EQ(0, unlink_object("/a"));
		_exit(0);
	}
}

/*
 * posix: Root may unlink without capabilities, as the owner of the
 * directory.
 *
 * The directory is sticky, and its owner may unlink in it.
 */
TEST_F(posix, root_without_capabilities_unlinks)
{
	int fd = make_object("/a", 0777, 0);

	ASSERT_EQ(0, fchown(fd, ALICE, STAFF));
	if (in_child()) {
		keep_caps(0);
		EXPECT_EQ(0, unlink_object("/a"));
		_exit(0);
	}
}

/*
 * posix: Capabilities in a user namespace do not count over objects of
 * other users.
 */
TEST_F(posix, root_of_a_user_namespace_is_nobody_here)
{
	int fd = make_object("/a", 0600, 0);

	make_object("/b", 0600, 0);
	ASSERT_EQ(0, fchown(fd, ALICE, STAFF));
	if (in_child()) {
		become(BOB, STAFF);
		enter_user_namespace(BOB, STAFF);
		EXPECT_EQ(-EACCES, try_open("/a", O_RDONLY));
		EXPECT_EQ(-EACCES, unlink_object("/a"));
		EXPECT_EQ(-EACCES, unlink_object("/b"));
		_exit(0);
	}
	if (in_child()) {
		become(ALICE, STAFF);
		enter_user_namespace(ALICE, STAFF);
		EXPECT_EQ(0, try_open("/a", O_RDWR));
		EXPECT_EQ(0, unlink_object("/a"));
		_exit(0);
	}
}

/*
 * posix: Capabilities do not count over a file whose group has no number
 * in the caller's user namespace: EACCES.
 */
TEST_F(posix, group_unknown_in_user_namespace_eacces)
{
	int fd = make_object("/a", 0666, 0);
	char path[64], map[64];
	pid_t child;

	ASSERT_EQ(0, fchown(fd, ALICE, STAFF));
	child = spawn();
	if (!child) {
		become(BOB, STAFF);
		prctl(PR_SET_DUMPABLE, 1);
		if (unshare(CLONE_NEWUSER))
			die("a user namespace: %s", strerror(errno));
		raise(SIGSTOP);
		EXPECT_EQ(-EACCES, unlink_object("/a"));
		_exit(0);
	}
	EXPECT_EQ(SIGSTOP, wait_stopped(child));
	snprintf(path, sizeof(path), "/proc/%d/uid_map", child);
	snprintf(map, sizeof(map), "0 %d 1\n1 %d 1\n", BOB, ALICE);
	ASSERT_EQ(0, write_file(path, map));
	kill(child, SIGCONT);
	reap(child);
}

/* posix: Without a free descriptor opening is EMFILE, and nothing is made. */
TEST_F(posix, descriptors_used_up_emfile)
{
	struct rlimit limit = { 0, 0 };

	if (in_child()) {
		limit.rlim_cur = open("/dev/null", O_RDONLY) + 1;
		limit.rlim_max = limit.rlim_cur;
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
		EXPECT_EQ(-EMFILE, try_open("/a", O_RDWR | O_CREAT));
		EXPECT_EQ(-EMFILE, try_open("/absent", O_RDWR));
		EXPECT_EQ(-ENOENT, unlink_object("/a"));
		_exit(0);
	}
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDWR));
}

/*
 * posix: With a full table of files opening is ENFILE, and nothing is
 * made.
 */
TEST_F(posix, file_table_full_enfile)
{
	make_object("/a", 0666, 0);
	if (in_child_without_files()) {
		EXPECT_EQ(-ENFILE, try_open("/a", O_RDWR));
		EXPECT_EQ(-ENFILE, try_open("/b", O_RDWR | O_CREAT));
		_exit(0);
	}
	EXPECT_EQ(-ENOENT, try_open("/b", O_RDWR));
}

/* posix: ftruncate sets the size, and fallocate brings memory. */
TEST_F(posix, size_is_what_ftruncate_says)
{
	int fd = make_object("/a", 0600, 0);

	EXPECT_EQ(0, ftruncate(fd, 3 * PAGE + 5));
	EXPECT_EQ(3 * PAGE + 5, stat_fd(fd).st_size);
	EXPECT_EQ(0, stat_fd(fd).st_blocks);
	EXPECT_EQ(0, posix_fallocate(fd, 0, 2 * PAGE));
	EXPECT_EQ(2 * PAGE / 512, stat_fd(fd).st_blocks);
	EXPECT_EQ(0, ftruncate(fd, 1));
	EXPECT_EQ(PAGE / 512, stat_fd(fd).st_blocks);
	EXPECT_EQ(-1, ftruncate(fd, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, ftruncate(fd, (off_t)1 << 40));
	EXPECT_EQ((off_t)1 << 40, stat_fd(fd).st_size);
}

/*
 * posix: Everybody who maps an object shares its memory, unless the
 * mapping is private.
 */
TEST_F(posix, mapping_is_shared_by_all_who_open)
{
	int fd = make_object("/a", 0600, 2 * PAGE);
	char *p = map_fd(fd, PROT_READ | PROT_WRITE, 2 * PAGE), *own;

	strcpy(p + PAGE, "parent");
	if (in_child()) {
		int other = open_object("/a", O_RDWR, 0);
		char *q = map_fd(other, PROT_READ | PROT_WRITE, 2 * PAGE);

		EXPECT_STREQ("parent", q + PAGE);
		strcpy(q, "child");
		_exit(0);
	}
	EXPECT_STREQ("child", p);
	own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, own);
	own[0] = 'X';
	EXPECT_STREQ("child", p);
}

/*
 * posix: Access beyond the last page is SIGBUS, and bytes that were cut off read
 * as zero later.
 */
TEST_F(posix, access_beyond_the_end_sigbus)
{
	int fd = make_object("/a", 0600, PAGE + 1);
	char *p = map_fd(fd, PROT_READ | PROT_WRITE, 3 * PAGE);

	p[2 * PAGE - 1] = 'x';
	EXPECT_TRUE(write_raises(p + 2 * PAGE, SIGBUS));
	EXPECT_EQ(0, ftruncate(fd, 1));
	EXPECT_TRUE(read_raises(p + PAGE, SIGBUS));
	EXPECT_EQ(0, ftruncate(fd, 3 * PAGE));
	p[2 * PAGE] = 'x';
	EXPECT_EQ(0, p[2 * PAGE - 1]);
}

/*
 * posix: An unlinked object lives on for everybody who has it open or
 * mapped, and its name is free.
 */
TEST_F(posix, unlinked_lives_on_while_open_or_mapped)
{
	int fd = make_object("/a", 0600, PAGE), other;
	char *p = map_fd(fd, PROT_READ | PROT_WRITE, PAGE);
	time_t now;

	strcpy(p, "still here");
	EXPECT_EQ(1, stat_fd(fd).st_nlink);
	now = next_second();
	EXPECT_EQ(0, unlink_object("/a"));
	EXPECT_EQ(0, stat_fd(fd).st_nlink);
	EXPECT_LE(now, stat_fd(fd).st_ctime);
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDWR));
	other = make_object("/a", 0600, PAGE);
	EXPECT_NE(stat_fd(fd).st_ino, stat_fd(other).st_ino);
	EXPECT_EQ(0, map_fd(other, PROT_READ, PAGE)[0]);
	close(fd);
	EXPECT_STREQ("still here", p);
	EXPECT_EQ(0, munmap(p, PAGE));
}

/* posix: An object stays when its creator exits. */
TEST_F(posix, object_outlives_its_creator)
{
	if (in_child()) {
		int fd = make_object("/a", 0600, PAGE);

		strcpy(map_fd(fd, PROT_READ | PROT_WRITE, PAGE), "left");
		_exit(0);
	}
	EXPECT_STREQ("left", map_fd(open_object("/a", O_RDONLY, 0), PROT_READ,
				    PAGE));
}

/* posix: Memory is freed when name, descriptors and mappings are gone. */
TEST_F(posix, memory_goes_with_name_and_last_use)
{
	unsigned long before = meminfo("Shmem:");
	int fd = make_object("/a", 0600, MIB);
	char *p = map_fd(fd, PROT_READ | PROT_WRITE, MIB);

	memset(p, 1, MIB);
	close(fd);
	munmap(p, MIB);
	EXPECT_LE(before + 900, meminfo("Shmem:"));
	p = map_fd(open_object("/a", O_RDWR, 0), PROT_READ, MIB);
	EXPECT_EQ(1, p[MIB - 1]);
	EXPECT_EQ(0, unlink_object("/a"));
	EXPECT_LE(before + 900, meminfo("Shmem:"));
	EXPECT_EQ(0, syscall(SYS_close_range, 3, 900, 0));
	munmap(p, MIB);
	EXPECT_TRUE(shmem_falls_below(before + 500, 10));
}

/*
 * posix: A descriptor can be passed over a socket, with the access that it
 * allows.
 */
TEST_F(posix, descriptor_passed_over_a_socket)
{
	int ends[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	make_object("/a", 0600, PAGE);
	fd = open_object("/a", O_RDONLY, 0);
	send_fd(ends[0], fd);
	EXPECT_EQ(0, unlink_object("/a"));
	if (in_child()) {
		close(fd);
		become(BOB, GUESTS);
		fd = receive_fd(ends[1]);
		EXPECT_NE(NULL, map_fd(fd, PROT_READ, PAGE));
		EXPECT_EQ(NULL, map_fd(fd, PROT_WRITE, PAGE));
		_exit(0);
	}
}

static int reopen(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

/* posix: Opening a descriptor again through /proc checks the mode. */
TEST_F(posix, reopened_through_proc_asks_the_mode)
{
	int fd = make_object("/a", 0644, PAGE), other = make_object("/b", 0666, 1);

	if (in_child()) {
		become(ALICE, STAFF);
		prctl(PR_SET_DUMPABLE, 1);
		fd = open_object("/a", O_RDONLY, 0);
		EXPECT_LE(0, reopen(fd, O_RDONLY));
		EXPECT_EQ(-EACCES, reopen(fd, O_RDWR));
		EXPECT_EQ(-EACCES, reopen(fd, O_WRONLY | O_TRUNC));
		fd = open_object("/b", O_RDONLY, 0);
		EXPECT_LE(0, reopen(fd, O_RDWR));
		_exit(0);
	}
	EXPECT_EQ(PAGE, stat_fd(fd).st_size);
	EXPECT_EQ(0, unlink_object("/b"));
	EXPECT_LE(0, reopen(other, O_RDWR));
}

/* posix: An object has the seal against more seals. */
TEST_F(posix, object_takes_no_seals)
{
	int fd = make_object("/a", 0600, PAGE);

	EXPECT_EQ(F_SEAL_SEAL, fcntl(fd, F_GET_SEALS));
	EXPECT_EQ(-1, fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, ftruncate(fd, 0));
}

static int set_flags(int fd, int flags)
{
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) ? -errno : 0;
}

/*
 * posix: The flags of FS_IOC_SETFLAGS that an object takes are those of a file
 * in a tmpfs.
 */
TEST_F(posix, flags_taken_are_those_of_a_tmpfs)
{
	int file = open("/dev/shm/plain", O_RDWR | O_CREAT, 0600);
	int fd = make_object("/a", 0600, 0), bit;

	for (bit = 0; bit < 31; bit++) {
		EXPECT_EQ(set_flags(file, 1 << bit), set_flags(fd, 1 << bit));
		set_flags(file, 0);
		set_flags(fd, 0);
	}
}

/*
 * posix: The name of an append-only or immutable object can't be removed,
 * EACCES, not even by root, until it is a plain object again.
 */
TEST_F(posix, append_only_and_immutable_keep_their_name)
{
	static const int kept[] = { FS_APPEND_FL, FS_IMMUTABLE_FL };
	int fd = make_object("/a", 0600, 0);
	size_t i;

	if (set_flags(fd, FS_APPEND_FL))
		SKIP(return, "this kernel's tmpfs has no flags");
	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		ASSERT_EQ(0, set_flags(fd, kept[i]));
		EXPECT_EQ(-EACCES, unlink_object("/a"));
		EXPECT_EQ(1, stat_fd(fd).st_nlink);
		EXPECT_EQ(0, try_open("/a", O_RDONLY));
		EXPECT_EQ(-EEXIST, try_open("/a", O_RDWR | O_CREAT | O_EXCL));
	}
	ASSERT_EQ(0, set_flags(fd, FS_NOATIME_FL | FS_NODUMP_FL));
	EXPECT_EQ(0, unlink_object("/a"));
	EXPECT_EQ(-ENOENT, try_open("/a", O_RDONLY));
}

/*
 * posix: An append-only object is written by O_APPEND, and never
 * truncated.
 */
TEST_F(posix, append_only_opened_to_append)
{
	int fd = make_object("/a", 0600, 3), writer;

	if (set_flags(fd, FS_APPEND_FL))
		SKIP(return, "this kernel's tmpfs has no flags");
	EXPECT_EQ(0, try_open("/a", O_RDWR | O_APPEND));
	EXPECT_EQ(-EPERM, try_open("/a", O_RDWR | O_APPEND | O_TRUNC));
	EXPECT_EQ(-EPERM, try_open("/a", O_WRONLY | O_TRUNC));
	EXPECT_EQ(-EPERM, try_open("/a", O_WRONLY | O_CREAT));
	EXPECT_EQ(0, try_open("/a", O_RDONLY | O_CREAT));
	writer = open_object("/a", O_WRONLY | O_APPEND, 0);
	ASSERT_LE(0, writer);
	EXPECT_EQ(1, pwrite(writer, "x", 1, 0));
	EXPECT_EQ(4, stat_fd(fd).st_size);
	EXPECT_EQ(-1, fcntl(writer, F_SETFL, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(writer, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(NULL, map_fd(fd, PROT_READ | PROT_WRITE, PAGE));
	EXPECT_EQ(EACCES, errno);
	set_flags(fd, FS_IMMUTABLE_FL);
	EXPECT_EQ(-EPERM, try_open("/a", O_RDWR | O_APPEND));
	EXPECT_EQ(4, stat_fd(fd).st_size);
	set_flags(fd, 0);
}

/* Opens an object of somebody else. */
static int open_as_bob(const char *name, int flags)
{
	int answer[2], got = -EIO;

	if (pipe(answer))
		die("pipe: %s", strerror(errno));
	if (in_child()) {
		become(BOB, GUESTS);
		got = try_open(name, flags);
		must(write(answer[1], &got, sizeof(got)) == sizeof(got));
		_exit(0);
	}
	must(read(answer[0], &got, sizeof(got)) == sizeof(got));
	return got;
}

/*
 * posix: A caller without permission gets EACCES from an append-only object,
 * but EPERM from an immutable one.
 */
TEST_F(posix, append_only_asks_permission_first)
{
	int fd = make_object("/a", 0600, 0);

	if (set_flags(fd, FS_APPEND_FL))
		SKIP(return, "this kernel's tmpfs has no flags");
	EXPECT_EQ(-EACCES, open_as_bob("/a", O_RDWR));
	EXPECT_EQ(-EACCES, open_as_bob("/a", O_RDWR | O_APPEND));
	set_flags(fd, FS_IMMUTABLE_FL);
	EXPECT_EQ(-EPERM, open_as_bob("/a", O_RDWR));
	EXPECT_EQ(-EACCES, open_as_bob("/a", O_RDONLY));
	set_flags(fd, 0);
}

/*
 * posix: A descriptor that was opened before does not change size, mode,
 * owner or times of an immutable object.
 */
TEST_F(posix, immutable_changes_by_no_descriptor)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	int fd = make_object("/a", 0640, 3);

	if (set_flags(fd, FS_IMMUTABLE_FL))
		SKIP(return, "this kernel's tmpfs has no flags");
	EXPECT_EQ(-1, fchmod(fd, 0666));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, fchown(fd, BOB, GUESTS));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, futimens(fd, times));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, fallocate(fd, 0, 0, PAGE));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(3, stat_fd(fd).st_size);
	EXPECT_EQ(S_IFREG | 0640, stat_fd(fd).st_mode);
	set_flags(fd, 0);
}

/*
 * posix: An append-only or immutable object can be opened for reading
 * only.
 */
TEST_F(posix, append_only_opened_for_reading)
{
	int fd = make_object("/a", 0666, PAGE);

	if (set_flags(fd, FS_APPEND_FL))
		SKIP(return, "this kernel's tmpfs has no flags");
	EXPECT_EQ(-EPERM, try_open("/a", O_RDWR));
	EXPECT_EQ(-EPERM, try_open("/a", O_RDONLY | O_TRUNC));
	EXPECT_EQ(0, try_open("/a", O_RDONLY));
	EXPECT_EQ(0, set_flags(fd, FS_IMMUTABLE_FL));
	EXPECT_EQ(-EPERM, try_open("/a", O_RDWR));
	EXPECT_EQ(0, set_flags(fd, 0));
	EXPECT_EQ(0, try_open("/a", O_RDWR | O_TRUNC));
}

static int leased;

static void give_up_lease(int sig)
{
	fcntl(leased, F_SETLEASE, F_UNLCK);
}

/*
 * posix: Opening waits for the holder of a lease, until a signal comes: EINTR,
 * or it begins again if the handler asks for that.
 */
TEST_F(posix, open_waits_for_a_lease_or_eintr)
{
	close(make_object("/a", 0600, 0));
	leased = open_object("/a", O_RDONLY, 0);
	signal(SIGIO, SIG_IGN);
	ASSERT_EQ(0, fcntl(leased, F_SETLEASE, F_RDLCK));
	send_alarms(100000, only_interrupt, 0);
	EXPECT_EQ(-EINTR, try_open("/a", O_RDWR));
	send_alarms(100000, give_up_lease, SA_RESTART);
	EXPECT_EQ(0, try_open("/a", O_RDWR));
}

/* posix: Each of many objects is found by its name. */
TEST_F(posix, many_objects_each_found)
{
	char name[16];
	int i;

	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "/%d", i * 7919 % 500);
		close(make_object(name, 0600, i));
	}
	for (i = 0; i < 500; i++) {
		int fd;

		snprintf(name, sizeof(name), "/%d", i * 7919 % 500);
		fd = open_object(name, O_RDONLY, 0);
		EXPECT_EQ(i, stat_fd(fd).st_size);
		close(fd);
		EXPECT_EQ(0, unlink_object(name));
		EXPECT_EQ(-ENOENT, try_open(name, O_RDONLY));
	}
}

/* Counters that the threads of a race share. */
static struct {
	int created, unlinked, stop;
} arena;

#define add(counter)	__atomic_add_fetch(&arena.counter, 1, __ATOMIC_SEQ_CST)
#define stopped()	__atomic_load_n(&arena.stop, __ATOMIC_SEQ_CST)

static void *create_exclusively(void *wrong)
{
	int i, fd;

	for (i = 0; i < ROUNDS; i++) {
		fd = open_object("/a", O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0) {
			add(created);
			if (stat_fd(fd).st_size)
				return "a new object is not empty";
			ftruncate(fd, 1);
			close(fd);
		} else if (fd != -EEXIST) {
			return "exclusive creation failed";
		}
	}
	return NULL;
}

static void *open_or_create(void *wrong)
{
	int fd;

	while (!stopped()) {
		fd = open_object("/b", O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			return "opening with O_CREAT failed";
		close(fd);
		fd = try_open("/b", O_RDWR);
		if (fd && fd != -ENOENT)
			return "opening failed";
	}
	return NULL;
}

static void *unlink_both(void *wrong)
{
	int err;

	while (!stopped()) {
		err = unlink_object("/a");
		if (!err)
			add(unlinked);
		else if (err != -ENOENT)
			return "unlinking failed";
		err = unlink_object("/b");
		if (err && err != -ENOENT)
			return "unlinking the other object failed";
	}
	return NULL;
}

/*
 * posix: Creating and unlinking by many: as many were unlinked as were
 * created.
 */
TEST_F(posix, created_and_unlinked_by_many_counts_agree)
{
	pthread_t creators[2], others[3];
	void *wrong;
	int i;

	pthread_create(&others[0], NULL, unlink_both, NULL);
	pthread_create(&others[1], NULL, open_or_create, NULL);
	pthread_create(&others[2], NULL, open_or_create, NULL);
	for (i = 0; i < 2; i++)
		pthread_create(&creators[i], NULL, create_exclusively, NULL);
	for (i = 0; i < 2; i++) {
		pthread_join(creators[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
	__atomic_store_n(&arena.stop, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < 3; i++) {
		pthread_join(others[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
	EXPECT_LE(1, arena.created);
	EXPECT_EQ(arena.created, arena.unlinked + !unlink_object("/a"));
}

static int winners;
static pthread_barrier_t together;

static void *race_once(void *name)
{
	int fd;

	pthread_barrier_wait(&together);
	fd = open_object(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd >= 0)
		__atomic_add_fetch(&winners, 1, __ATOMIC_SEQ_CST);
	close(fd);
	return NULL;
}

/* posix: Of many who create a name exclusively, exactly one succeeds. */
TEST_F(posix, created_exclusively_by_one_of_many)
{
	pthread_t threads[4];
	int i, round;

	pthread_barrier_init(&together, NULL, ARRAY_SIZE(threads));
	for (round = 0; round < 100; round++) {
		winners = 0;
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			pthread_create(&threads[i], NULL, race_once, "/a");
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			pthread_join(threads[i], NULL);
		EXPECT_EQ(1, winners);
		EXPECT_EQ(0, unlink_object("/a"));
	}
}

TEST_HARNESS_MAIN
