// SPDX-License-Identifier: GPL-2.0
/*
 * EXPLAIN: each reason, with its numbers; and that to be asked changes nothing
 * of what a command does.
 */
#include <kshm.h>
#include <linux/fs.h>
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cases.h"

#define ABSENT	0x7fff

FIXTURE_DEVICE(why);

static struct kshm_explain explain(int dev, unsigned int cmd, void *arg)
{
	struct kshm_explain why = {
		.arg = (uintptr_t)arg, .cmd = cmd, .error = -1, .reason = ~0U,
		.asked = ~0ULL, .limit = ~0ULL,
	};

	if (ioctl(dev, KSHM_IOC_EXPLAIN, &why))
		die("EXPLAIN: %s", strerror(errno));
	return why;
}

/* Two macros, so that GET() and the like expand to two arguments. */
#define EXPECT_WHY(err, why, ask, lim, ...)				\
	EXPECT_WHY_OF(err, why, ask, lim, __VA_ARGS__)
#define EXPECT_WHY_OF(err, why, ask, lim, cmd, ...) do {		\
	__typeof__(__VA_ARGS__) arg_ = __VA_ARGS__;			\
	struct kshm_explain why_ = explain(self->dev, cmd, &arg_);	\
									\
	EXPECT_EQ(err, why_.error);					\
	EXPECT_EQ(why, why_.reason);					\
	EXPECT_EQ((uint64_t)(ask), why_.asked);				\
	EXPECT_EQ((uint64_t)(lim), why_.limit);				\
} while (0)

#define GET(...)	KSHM_IOC_GET, ((struct kshm_get){ __VA_ARGS__ })
#define ATTACH(...)	KSHM_IOC_ATTACH, ((struct kshm_attach){ __VA_ARGS__ })
#define DETACH(...)	KSHM_IOC_DETACH, ((struct kshm_detach){ __VA_ARGS__ })
#define STAT(...)	KSHM_IOC_STAT, ((struct kshm_stat){ __VA_ARGS__ })
#define SET(...)	KSHM_IOC_SET, ((struct kshm_set){ __VA_ARGS__ })
#define RMID(...)	KSHM_IOC_RMID, ((struct kshm_rmid){ __VA_ARGS__ })
#define LOCK(...)	KSHM_IOC_LOCK, ((struct kshm_lock){ __VA_ARGS__ })

/*
 * why: A command that succeeds has no reason, and does what it does
 * without EXPLAIN.
 */
TEST_F(why, success_has_no_reason)
{
	struct kshm_attach at = { .id = 0 };
	struct kshm_explain why;

	EXPECT_WHY(0, 0, 0, 0, GET(.key = KEY, .flags = KSHM_GET_CREAT,
				   .size = PAGE + 1, .mode = 0600));
	why = explain(self->dev, KSHM_IOC_ATTACH, &at);
	EXPECT_EQ(0, why.error);
	EXPECT_EQ(0, why.reason);
	EXPECT_EQ(PAGE + 1, at.length);
	*(char *)(uintptr_t)at.addr = 1;
	EXPECT_EQ(1, nattch(0));
	EXPECT_WHY(0, 0, 0, 0, DETACH(.addr = at.addr));
	EXPECT_WHY(0, 0, 0, 0, RMID(.id = 0));
	EXPECT_FALSE(exists(0));
}

/*
 * why: A size that is 0, above shmmax or above the segment's is told with
 * the limit.
 */
TEST_F(why, size_told)
{
	EXPECT_WHY(EINVAL, KSHM_WHY_SIZE_ZERO, 0, 0, GET(.key = 0));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmax", 8192));
	EXPECT_WHY(EINVAL, KSHM_WHY_SHMMAX, 8193, 8192, GET(.size = 8193));
	make_key(KEY, 100, 0600);
	EXPECT_WHY(EINVAL, KSHM_WHY_SIZE_EXISTING, 101, 100,
		   GET(.key = KEY, .size = 101));
}

/* why: A size that no file can have is told with the largest. */
TEST_F(why, size_beyond_files_told)
{
	uint64_t most = INT64_MAX;

	EXPECT_WHY(EINVAL, KSHM_WHY_SIZE_FILE, most + 1, most,
		   GET(.size = most + 1));
}

/* why: shmall and shmmni are told with what was asked for. */
TEST_F(why, sums_told)
{
	make(2);
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmall", 10));
	EXPECT_WHY(ENOSPC, KSHM_WHY_SHMALL, 12, 10, GET(.size = 10 * PAGE));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", 1));
	EXPECT_WHY(ENOSPC, KSHM_WHY_SHMMNI, 2, 1, GET(.size = PAGE));
	EXPECT_EQ(1, listing_read(&(struct line){ .id = 0 }, 1));
}

/* why: A key that is missing or taken is told, with the id that has it. */
TEST_F(why, key_told)
{
	EXPECT_WHY(ENOENT, KSHM_WHY_NO_KEY, (uint32_t)-5, 0, GET(.key = -5));
	make(1);
	make_key(KEY, PAGE, 0600);
	EXPECT_WHY(EEXIST, KSHM_WHY_EXISTS, KEY, 1,
		   GET(.key = KEY, .flags = KSHM_GET_CREAT | KSHM_GET_EXCL));
}

/* why: An id that is unknown, or whose index another segment has, is told. */
TEST_F(why, id_told)
{
	int i;

	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, ABSENT, 0, ATTACH(.id = ABSENT));
	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, (uint32_t)-1, 0, ATTACH(.id = -1));
	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, 3, 0,
		   STAT(.id = 3, .flags = KSHM_STAT_BY_INDEX));
	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, (uint32_t)-1, 0, RMID(.id = -1));
	for (i = 0; i < 64; i++)
		rmid(make(1));
	make(1);
	EXPECT_WHY(EINVAL, KSHM_WHY_STALE_ID, 0, 32768, STAT(.id = 0));
	EXPECT_WHY(EINVAL, KSHM_WHY_STALE_ID, 0, 32768, RMID(.id = 0));
	EXPECT_WHY(EINVAL, KSHM_WHY_STALE_ID, 0, 32768, SET(.id = 0));
	EXPECT_WHY(EINVAL, KSHM_WHY_STALE_ID, 0, 32768, LOCK(.id = 0));
}

/* why: A permission that is missing is told, as wanted and granted bits. */
TEST_F(why, permission_told)
{
	make_key(KEY, PAGE, 0604);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_WHY(EACCES, KSHM_WHY_ACCESS, 06, 04,
			   GET(.key = KEY, .mode = 0600));
		EXPECT_WHY(EACCES, KSHM_WHY_ACCESS, 06, 04, ATTACH(.id = 0));
		EXPECT_WHY(EACCES, KSHM_WHY_ACCESS, 05, 04,
			   ATTACH(.flags = KSHM_ATTACH_RDONLY |
					   KSHM_ATTACH_EXEC));
		EXPECT_WHY(EPERM, KSHM_WHY_NOT_OWNER, 0, 0, RMID(.id = 0));
		EXPECT_WHY(EPERM, KSHM_WHY_NOT_OWNER, 0, 0, SET(.id = 0));
		EXPECT_WHY(EPERM, KSHM_WHY_NOT_OWNER, 0, 0, LOCK(.id = 0));
		_exit(0);
	}
}

/* why: A permission that is missing for STAT is told. */
TEST_F(why, permission_to_look_told)
{
	make_key(KEY, PAGE, 0602);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_WHY(EACCES, KSHM_WHY_ACCESS, 04, 02, STAT(.id = 0));
		EXPECT_WHY(0, 0, 0, 0, STAT(.flags = KSHM_STAT_ANY));
		_exit(0);
	}
}

/* why: A user or group without a meaning is told. */
TEST_F(why, users_without_meaning_told)
{
	make(1);
	EXPECT_WHY(EINVAL, KSHM_WHY_NO_USER, (uint32_t)-1, 0,
		   SET(.mask = KSHM_SET_UID, .uid = -1));
	EXPECT_WHY(EINVAL, KSHM_WHY_NO_GROUP, (uint32_t)-1, 0,
		   SET(.mask = KSHM_SET_GID, .gid = -1));
}

/*
 * why: An address that is unaligned, missing, taken, wrapping or not
 * attached is told.
 */
TEST_F(why, address_told)
{
	uintptr_t taken = (uintptr_t)fill_page(free_range(1), 'x');
	uint64_t high = -(uint64_t)PAGE;

	make(2);
	EXPECT_WHY(EINVAL, KSHM_WHY_ADDR_ALIGN, taken + 1, PAGE,
		   ATTACH(.addr = taken + 1));
	EXPECT_WHY(EINVAL, KSHM_WHY_ADDR_NONE, 0, 0,
		   ATTACH(.flags = KSHM_ATTACH_REMAP));
	EXPECT_WHY(EINVAL, KSHM_WHY_ADDR_NONE, 0, 0,
		   ATTACH(.addr = 9, .flags = KSHM_ATTACH_REMAP |
					      KSHM_ATTACH_RND));
	EXPECT_WHY(EINVAL, KSHM_WHY_ADDR_TAKEN, taken, 2 * PAGE,
		   ATTACH(.addr = taken));
	EXPECT_WHY(EINVAL, KSHM_WHY_ADDR_WRAPS, high, 2 * PAGE,
		   ATTACH(.addr = high));
	EXPECT_WHY(EINVAL, KSHM_WHY_NOT_ATTACHED, taken, 0,
		   DETACH(.addr = taken));
	EXPECT_WHY(EINVAL, KSHM_WHY_ADDR_ALIGN, taken + 1, PAGE,
		   DETACH(.addr = taken + 1));
	EXPECT_EQ('x', *(char *)taken);
}

/* why: An address below vm.mmap_min_addr is told. */
TEST_F(why, low_address_told)
{
	const char *sysctl = "/proc/sys/vm/mmap_min_addr";
	unsigned long least = read_number(sysctl);

	ASSERT_EQ(0, write_number(sysctl, 2 * PAGE));
	make(1);
	if (in_child()) {
		become(ALICE, STAFF);
		make(1);
		EXPECT_WHY(EPERM, KSHM_WHY_ADDR_LOW, PAGE, 0,
			   ATTACH(.id = 1, .addr = PAGE));
		_exit(0);
	}
	EXPECT_EQ(0, write_number(sysctl, least));
}

/* why: RLIMIT_AS is told with the pages that were asked for. */
TEST_F(why, address_space_told)
{
	struct rlimit small = { TIB >> 7, TIB >> 7 };
	struct kshm_explain why;
	struct kshm_attach at = { .id = 0 };

	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, get(KEY, TIB >> 6, IPC_CREAT | SHM_NORESERVE | 0600));
	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_AS, &small));
		why = explain(self->dev, KSHM_IOC_ATTACH, &at);
		EXPECT_EQ(ENOMEM, why.error);
		EXPECT_EQ(KSHM_WHY_ADDRESS_SPACE, why.reason);
		EXPECT_LT((TIB >> 6) / PAGE, why.asked);
		EXPECT_EQ(small.rlim_cur / PAGE, why.limit);
		_exit(0);
	}
}

/* why: RLIMIT_MEMLOCK is told for LOCK and for ATTACH. */
TEST_F(why, locked_memory_told)
{
	struct rlimit two = { 2 * PAGE, 2 * PAGE }, none = { 0, 0 };

	if (in_child()) {
		become(ALICE, STAFF);
		make(3);
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &two));
		EXPECT_WHY(ENOMEM, KSHM_WHY_MEMLOCK, 3, 2, LOCK(.id = 0));
		ASSERT_EQ(0, mlockall(MCL_FUTURE));
		EXPECT_WHY(EAGAIN, KSHM_WHY_MEMLOCK, 3, 2, ATTACH(.id = 0));
		munlockall();
		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
		EXPECT_WHY(EPERM, KSHM_WHY_MEMLOCK, 3, 0, LOCK(.id = 0));
		_exit(0);
	}
}

/* why: After PR_SET_MDWE it is told that writable memory may not be executed. */
TEST_F(why, execution_of_writable_memory_told)
{
	make(1);
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		SKIP(return, "this kernel has no PR_SET_MDWE");
	EXPECT_WHY(EACCES, KSHM_WHY_EXECUTE, 0, 0,
		   ATTACH(.id = 0, .flags = KSHM_ATTACH_EXEC));
}

/*
 * why: A wrong struct, flag, reserved word, mode, buffer or command is
 * told.
 */
TEST_F(why, struct_and_flags_told)
{
	struct kshm_get longer[2] = { { .size = PAGE } };
	unsigned int known = KSHM_STAT_BY_INDEX | KSHM_STAT_ANY;
	unsigned int shorter = _IOWR(KSHM_IOC_MAGIC, 0x81, char[23]);
	struct kshm_explain why;

	EXPECT_WHY(EINVAL, KSHM_WHY_FLAGS, 1U << 30, known,
		   STAT(.flags = 1U << 30 | KSHM_STAT_ANY));
	EXPECT_WHY(EINVAL, KSHM_WHY_RESERVED, 7, 0, DETACH(.reserved = 7));
	EXPECT_WHY(EINVAL, KSHM_WHY_MODE, 01000, 0777, GET(.mode = 01000));
	EXPECT_WHY(EINVAL, KSHM_WHY_DEST, 4097, 4096, STAT(.dest_len = 4097));
	EXPECT_WHY(EFAULT, KSHM_WHY_FAULT, 0, 0, KSHM_IOC_INFO,
		   ((struct kshm_info){ .dest_len = 8 }));
	EXPECT_WHY(EINVAL, KSHM_WHY_SHORT_STRUCT, 23, 24, shorter, 0);
	longer[1].key = 1;
	why = explain(self->dev, _IOWR(KSHM_IOC_MAGIC, 0x81, char[48]), longer);
	EXPECT_EQ(E2BIG, why.error);
	EXPECT_EQ(KSHM_WHY_LONG_STRUCT, why.reason);
	why = explain(self->dev, KSHM_IOC_GET, NULL);
	EXPECT_EQ(EFAULT, why.error);
	EXPECT_EQ(KSHM_WHY_FAULT, why.reason);
	EXPECT_WHY(ENOTTY, KSHM_WHY_COMMAND, 0, 0,
		   _IO(KSHM_IOC_MAGIC, 0x9f), 0);
	EXPECT_WHY(ENOTTY, KSHM_WHY_COMMAND, 0, 0, 0x5401, 0);
}

#define OPEN(...)							\
	KSHM_IOC_OPEN, ((struct kshm_open){				\
		.name = (uintptr_t)"why", .name_len = 3, .mode = 0604,	\
		__VA_ARGS__ })
#define UNLINK(...)							\
	KSHM_IOC_UNLINK, ((struct kshm_unlink){				\
		.name = (uintptr_t)"why", .name_len = 3, __VA_ARGS__ })

/*
 * why: A named object that is missing, present or not permitted is told,
 * and so is a lack of descriptors.
 */
TEST_F(why, objects_told)
{
	struct rlimit none = { 0, 0 };

	EXPECT_WHY(ENOENT, KSHM_WHY_NO_NAME, 0, 0, OPEN(.flags = 0));
	EXPECT_WHY(ENOENT, KSHM_WHY_NO_NAME, 0, 0, UNLINK(.flags = 0));
	EXPECT_WHY(0, 0, 0, 0, OPEN(.flags = KSHM_OPEN_CREAT));
	EXPECT_WHY(EEXIST, KSHM_WHY_NAME_TAKEN, 0, 0,
		   OPEN(.flags = KSHM_OPEN_CREAT | KSHM_OPEN_EXCL));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_WHY(EACCES, KSHM_WHY_OBJECT_ACCESS, 0604, 0,
			   OPEN(.flags = 0));
		EXPECT_WHY(0, 0, 0, 0, OPEN(.flags = KSHM_OPEN_RDONLY));
		EXPECT_WHY(EPERM, KSHM_WHY_NOT_OWNER, 0, 0, UNLINK(.flags = 0));
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
		EXPECT_WHY(EMFILE, KSHM_WHY_DESCRIPTORS, 0, 0,
			   OPEN(.flags = KSHM_OPEN_RDONLY));
		_exit(0);
	}
	EXPECT_WHY(0, 0, 0, 0, UNLINK(.flags = 0));
}

/*
 * why: An object that is append-only or immutable is told, also by the
 * library, which changes the errno of unlink.
 */
TEST_F(why, object_flags_told)
{
	int fd = kshm_shm_open("/why", O_RDWR | O_CREAT, 0604);
	int flags = FS_APPEND_FL;

	ASSERT_LE(0, fd);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
		SKIP(return, "this kernel's tmpfs has no flags");
	EXPECT_WHY(EPERM, KSHM_WHY_OBJECT_FLAGS, 0, 0, OPEN(.flags = 0));
	EXPECT_WHY(0, 0, 0, 0, OPEN(.flags = KSHM_OPEN_APPEND));
	EXPECT_WHY(EPERM, KSHM_WHY_OBJECT_FLAGS, 0, 0,
		   OPEN(.flags = KSHM_OPEN_RDONLY | KSHM_OPEN_TRUNC));
	EXPECT_WHY(EPERM, KSHM_WHY_OBJECT_FLAGS, 0, 0, UNLINK(.flags = 0));
	kshm_explain_errors(1);
	EXPECT_EQ(-1, kshm_shm_unlink("/why"));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(KSHM_WHY_OBJECT_FLAGS, kshm_reason(NULL, NULL));
	flags = FS_IMMUTABLE_FL;
	ASSERT_EQ(0, ioctl(fd, FS_IOC_SETFLAGS, &flags));
	EXPECT_WHY(EPERM, KSHM_WHY_OBJECT_FLAGS, 0, 0,
		   OPEN(.flags = KSHM_OPEN_APPEND));
	flags = 0;
	ASSERT_EQ(0, ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

/* why: A segment's name that is missing or taken is told. */
TEST_F(why, name_of_segment_told)
{
	/* So that the id of the named segment is not 0. */
	EXPECT_WHY(0, 0, 0, 0, KSHM_IOC_GET,
		   ((struct kshm_get){
			.key = IPC_PRIVATE, .size = PAGE,
			.flags = KSHM_GET_CREAT }));
	EXPECT_WHY(ENOENT, KSHM_WHY_NO_NAME, 0, 0, KSHM_IOC_GET_NAMED,
		   ((struct kshm_get_named){
			.name = (uintptr_t)"why", .name_len = 3 }));
	EXPECT_WHY(0, 0, 0, 0, KSHM_IOC_GET_NAMED,
		   ((struct kshm_get_named){
			.name = (uintptr_t)"why", .name_len = 3, .size = PAGE,
			.flags = KSHM_GET_CREAT }));
	EXPECT_WHY(EEXIST, KSHM_WHY_NAME_TAKEN, 0, 0, KSHM_IOC_GET_NAMED,
		   ((struct kshm_get_named){
			.name = (uintptr_t)"why", .name_len = 3, .size = PAGE,
			.flags = KSHM_GET_CREAT | KSHM_GET_EXCL }));
}

/* why: A name that can't be one is told with its length and the most. */
TEST_F(why, invalid_name_told)
{
	char name[256] = "a/b";

	EXPECT_WHY(EINVAL, KSHM_WHY_NAME, 3, 255, KSHM_IOC_OPEN,
		   ((struct kshm_open){
			.name = (uintptr_t)name, .name_len = 3 }));
	EXPECT_WHY(EINVAL, KSHM_WHY_NAME, 0, 255, KSHM_IOC_UNLINK,
		   ((struct kshm_unlink){ .name = (uintptr_t)name }));
	EXPECT_WHY(ENAMETOOLONG, KSHM_WHY_NAME, 256, 255, KSHM_IOC_GET_NAMED,
		   ((struct kshm_get_named){
			.name = (uintptr_t)name, .name_len = 256 }));
	EXPECT_WHY(EINVAL, KSHM_WHY_FLAGS, KSHM_OPEN_WRONLY | KSHM_OPEN_RDONLY,
		   0x1ff,
		   OPEN(.flags = KSHM_OPEN_WRONLY | KSHM_OPEN_RDONLY));
}

#define GROW(...)	KSHM_IOC_GROW, ((struct kshm_grow){ __VA_ARGS__ })

/*
 * why: Each reason why a segment can't grow is told, with what it would
 * have to be.
 */
TEST_F(why, growth_told)
{
	struct rlimit two = { 2 * PAGE, RLIM_INFINITY };
	uint64_t most = INT64_MAX;

	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, 0, 0, GROW(.size = PAGE));
	make_key(KEY, PAGE + 1, 0600);
	EXPECT_WHY(EINVAL, KSHM_WHY_SMALLER, 5, PAGE + 1, GROW(.size = 5));
	EXPECT_WHY(EINVAL, KSHM_WHY_SIZE_FILE, most + 1, most,
		   GROW(.size = most + 1));
	EXPECT_WHY(EINVAL, KSHM_WHY_FLAGS, 4, 0, GROW(.flags = 4));
	if (in_child()) {
		ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &two));
		EXPECT_WHY(EFBIG, KSHM_WHY_FILE_LIMIT, 3 * PAGE, 2 * PAGE,
			   GROW(.size = 3 * PAGE));
		become(ALICE, STAFF);
		EXPECT_WHY(EPERM, KSHM_WHY_NOT_OWNER, 0, 0, GROW(.size = PAGE));
		EXPECT_WHY(EACCES, KSHM_WHY_ACCESS, 04, 0, GROW(.size = 0));
		_exit(0);
	}
	ASSERT_EQ(0, ctl(0, SHM_LOCK, NULL));
	EXPECT_WHY(EBUSY, KSHM_WHY_LOCKED, 2, 0, GROW(.size = 3 * PAGE));
	ASSERT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmall", 10));
	EXPECT_WHY(ENOSPC, KSHM_WHY_SHMALL, 11, 10, GROW(.size = 11 * PAGE));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmax", 2 * PAGE));
	EXPECT_WHY(EINVAL, KSHM_WHY_SHMMAX, 3 * PAGE, 2 * PAGE,
		   GROW(.size = 3 * PAGE));
	EXPECT_WHY(0, 0, 0, 0, GROW(.size = 2 * PAGE));
}

/* why: A lack of memory is told. */
TEST_F(why, memory_told)
{
	if (read_number("/proc/sys/vm/overcommit_memory") == 1)
		SKIP(return, "vm.overcommit_memory is 1");
	make(1);
	EXPECT_WHY(ENOMEM, KSHM_WHY_MEMORY, 0, 0, GET(.size = 1ULL << 46));
	EXPECT_WHY(ENOMEM, KSHM_WHY_MEMORY, 0, 0, GROW(.size = 1ULL << 46));
}

#define FD(...)	KSHM_IOC_FD, ((struct kshm_fd){ __VA_ARGS__ })

/* why: Each reason why there is no descriptor of a segment is told. */
TEST_F(why, descriptor_told)
{
	struct rlimit none = { 0, 0 };

	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, 7, 0, FD(.id = 7));
	EXPECT_WHY(EINVAL, KSHM_WHY_RESERVED, 1, 0, FD(.reserved = 1));
	make_key(KEY, PAGE, 0604);
	EXPECT_WHY(EINVAL, KSHM_WHY_FLAGS, 4,
		   KSHM_FD_RDONLY | KSHM_FD_CLOEXEC, FD(.flags = 4));
	EXPECT_WHY(0, 0, 0, 0, FD(.flags = KSHM_FD_CLOEXEC));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_WHY(EACCES, KSHM_WHY_ACCESS, 06, 04, FD(.id = 0));
		EXPECT_WHY(0, 0, 0, 0, FD(.flags = KSHM_FD_RDONLY));
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
		EXPECT_WHY(EMFILE, KSHM_WHY_DESCRIPTORS, 0, 0, FD(.id = 0));
		_exit(0);
	}
}

/* why: A full table of files is told. */
TEST_F(why, full_file_table_told)
{
	make_key(KEY, PAGE, 0666);
	if (in_child_without_files()) {
		EXPECT_WHY(ENFILE, KSHM_WHY_FILES, 0, 0, ATTACH(.id = 0));
		EXPECT_WHY(ENFILE, KSHM_WHY_FILES, 0, 0, FD(.id = 0));
		EXPECT_WHY(ENFILE, KSHM_WHY_FILES, 0, 0,
			   OPEN(.flags = KSHM_OPEN_CREAT));
		_exit(0);
	}
}

#define WHO(...)	KSHM_IOC_WHO, ((struct kshm_who){ __VA_ARGS__ })

/* why: Each reason why WHO fails is told. */
TEST_F(why, list_told)
{
	EXPECT_WHY(EINVAL, KSHM_WHY_ROOM, KSHM_WHO_ROOM_MAX + 1,
		   KSHM_WHO_ROOM_MAX, WHO(.room = KSHM_WHO_ROOM_MAX + 1));
	EXPECT_WHY(EINVAL, KSHM_WHY_FLAGS, 1, 0, WHO(.flags = 1));
	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, 0, 0, WHO(.room = 1));
	make_key(KEY, PAGE, 0602);
	attach(0);
	EXPECT_WHY(0, 0, 0, 0, WHO(.room = 0));
	EXPECT_WHY(EFAULT, KSHM_WHY_FAULT, 0, 0,
		   WHO(.room = 1, .list = (uintptr_t)BAD_POINTER));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_WHY(EACCES, KSHM_WHY_ACCESS, 04, 02, WHO(.room = 1));
		_exit(0);
	}
}

/*
 * why: A signal that interrupts a command is told.
 *
 * A timer sends signals all the time; one of them comes while pages are
 * made.
 */
TEST_F(why, signal_told)
{
	struct kshm_explain why;
	int i;

	send_alarms(1000, only_interrupt, 0);
	for (i = 0, why.error = 0; !why.error && i < 20; i++) {
		struct kshm_get arg = {
			.size = 1UL << 26, .flags = KSHM_GET_PREALLOC,
		};

		why = explain(self->dev, KSHM_IOC_GET, &arg);
		if (!why.error)
			rmid(arg.id);
	}
	if (!why.error)
		SKIP(return, "this kernel makes pages whatever signal comes");
	EXPECT_EQ(EINTR, why.error);
	EXPECT_EQ(KSHM_WHY_SIGNAL, why.reason);
}

static int leased;

static void give_up_lease(int sig)
{
	fcntl(leased, F_SETLEASE, F_UNLCK);
}

/*
 * why: An OPEN under EXPLAIN that a signal interrupts is begun again or is
 * EINTR, as without EXPLAIN.
 *
 * OPEN waits for the holder of a lease.
 */
TEST_F(why, signal_while_opening_begins_again)
{
	struct kshm_open arg = {
		.name = (uintptr_t)"leased", .name_len = 6, .mode = 0600,
		.flags = KSHM_OPEN_CREAT | KSHM_OPEN_RDONLY,
	};
	struct kshm_explain why = {
		.arg = (uintptr_t)&arg, .cmd = KSHM_IOC_OPEN,
	};

	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_OPEN, &arg));
	leased = arg.fd;
	signal(SIGIO, SIG_IGN);
	ASSERT_EQ(0, fcntl(leased, F_SETLEASE, F_RDLCK));
	arg.flags = 0;
	send_alarms(100000, only_interrupt, 0);
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_EXPLAIN, &why));
	EXPECT_EQ(EINTR, errno);
	send_alarms(100000, give_up_lease, SA_RESTART);
	why = explain(self->dev, KSHM_IOC_OPEN, &arg);
	EXPECT_EQ(0, why.error);
	EXPECT_NE(leased, arg.fd);
	EXPECT_LE(0, fcntl(arg.fd, F_GETFD));
}

/* Makes the struct of EXPLAIN read-only while OPEN waits; then OPEN goes on. */
static void *spoil_answer(void *why)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", getpid());
	do {
		slurp(path, text, sizeof(text));
	} while (strtol(text, NULL, 10) != SYS_ioctl);
	must(!mprotect(why, PAGE, PROT_READ));
	give_up_lease(0);
	return NULL;
}

/*
 * why: If the struct of EXPLAIN becomes unwritable meanwhile, EXPLAIN is EFAULT
 * although the command was run.
 *
 * OPEN waits for the holder of a lease, and truncates the object then.
 */
TEST_F(why, answer_unwritable_meanwhile_efault_though_done)
{
	struct kshm_explain *why = (void *)fill_page(free_range(1), 0);
	struct kshm_open arg = {
		.name = (uintptr_t)"leased", .name_len = 6, .mode = 0600,
		.flags = KSHM_OPEN_CREAT,
	};
	pthread_t thread;
	struct stat st;

	if (access("/proc/self/syscall", R_OK))
		SKIP(return, "this kernel has no /proc/PID/syscall");
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_OPEN, &arg));
	ASSERT_EQ(0, ftruncate(arg.fd, PAGE));
	close(arg.fd);
	arg.flags = KSHM_OPEN_RDONLY;
	ASSERT_EQ(0, ioctl(self->dev, KSHM_IOC_OPEN, &arg));
	leased = arg.fd;
	signal(SIGIO, SIG_IGN);
	ASSERT_EQ(0, fcntl(leased, F_SETLEASE, F_RDLCK));
	arg.flags = KSHM_OPEN_TRUNC;
	why->cmd = KSHM_IOC_OPEN;
	why->arg = (uintptr_t)&arg;
	ASSERT_EQ(0, pthread_create(&thread, NULL, spoil_answer, why));
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_EXPLAIN, why));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, fstat(leased, &st));
	EXPECT_EQ(0, st.st_size);
}

/* why: A refusal that the command got over is not told. */
TEST_F(why, refusal_without_effect_not_told)
{
	EXPECT_WHY(0, 0, 0, 0, GET(.key = KEY, .flags = KSHM_GET_CREAT,
				   .size = PAGE, .mode = 0600));
	EXPECT_WHY(EINVAL, KSHM_WHY_SIZE_ZERO, 0, 0,
		   GET(.key = KEY + 1, .flags = KSHM_GET_CREAT));
}

/*
 * why: A refusal that would have been another errno is not told either.
 *
 * WHO checks ownership and the permission to read. Here the first check
 * refuses, the second grants, and then the list can't be written.
 */
TEST_F(why, reason_of_another_errno_not_told)
{
	make_key(KEY, PAGE, 0604);
	attach(0);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_WHY(EFAULT, KSHM_WHY_FAULT, 0, 0,
			   WHO(.room = 1, .list = (uintptr_t)BAD_POINTER));
		EXPECT_WHY(0, 0, 0, 0, WHO(.room = 0));
		_exit(0);
	}
}

/* why: The reason of an earlier command is not told again. */
TEST_F(why, earlier_reason_not_told_again)
{
	struct kshm_attach *over = (void *)fill_page(free_range(1), 0);

	make_key(KEY, PAGE, 0600);
	over->addr = (uintptr_t)over;
	over->flags = KSHM_ATTACH_REMAP;
	EXPECT_EQ(KSHM_WHY_ADDR_ANSWER,
		  explain(self->dev, KSHM_IOC_ATTACH, over).reason);
	/* The same errno, for which this command notes no reason. */
	EXPECT_WHY(EFAULT, KSHM_WHY_FAULT, 0, 0, KSHM_IOC_INFO,
		   ((struct kshm_info){ .dest_len = 8 }));
	EXPECT_WHY(EINVAL, KSHM_WHY_NO_ID, 9, 0, STAT(.id = 9));
	EXPECT_WHY(0, 0, 0, 0, KSHM_IOC_INFO, ((struct kshm_info){ .abi = 0 }));
}

/* why: EXPLAIN of EXPLAIN is EINVAL. */
TEST_F(why, explain_of_explain_einval)
{
	struct kshm_explain inner = { .cmd = KSHM_IOC_INFO };
	struct kshm_explain outer = {
		.arg = (uintptr_t)&inner, .cmd = KSHM_IOC_EXPLAIN,
	};

	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_EXPLAIN, &outer));
	EXPECT_EQ(EINVAL, errno);
	outer.cmd = _IOC(_IOC_NONE, KSHM_IOC_MAGIC, 0x8c, 100);
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_EXPLAIN, &outer));
	EXPECT_EQ(EINVAL, errno);
}

/* why: A command whose reason can't be delivered is not run. */
TEST_F(why, undeliverable_not_done)
{
	struct kshm_get arg = { .size = PAGE };
	struct kshm_explain *why = (void *)fill_page(free_range(1), 0);

	why->cmd = KSHM_IOC_GET;
	why->arg = (uintptr_t)&arg;
	ASSERT_EQ(0, mprotect(why, PAGE, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->dev, KSHM_IOC_EXPLAIN, why));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, listing_read(&(struct line){ .id = 0 }, 1));
}

/*
 * why: An attach over the struct of EXPLAIN is EFAULT, and nothing is
 * mapped.
 */
TEST_F(why, attach_over_the_answer_efault)
{
	struct kshm_explain *why = (void *)fill_page(free_range(1), 0);
	struct kshm_attach arg = {
		.addr = (uintptr_t)why, .flags = KSHM_ATTACH_REMAP,
	};

	make_key(KEY, 5, 0600);
	why->cmd = KSHM_IOC_ATTACH;
	why->arg = (uintptr_t)&arg;
	EXPECT_EQ(0, ioctl(self->dev, KSHM_IOC_EXPLAIN, why));
	EXPECT_EQ(EFAULT, why->error);
	EXPECT_EQ(KSHM_WHY_ADDR_ANSWER, why->reason);
	EXPECT_EQ((uintptr_t)why, why->asked);
	EXPECT_EQ(0, nattch(0));
}

static void *ask_and_fail(void *wrong)
{
	int dev = *(int *)wrong, i;

	for (i = 0; i < 3000; i++) {
		struct kshm_stat st = { .id = 1000 + i };
		struct kshm_explain why = explain(dev, KSHM_IOC_STAT, &st);

		if (why.reason != KSHM_WHY_NO_ID || why.asked != 1000 + i)
			return "a thread got the reason of another one";
	}
	return NULL;
}

/*
 * why: Each thread gets its own reasons.
 *
 * The main thread fails without asking; the others ask.
 */
TEST_F(why, threads_get_their_own)
{
	pthread_t thread[3];
	void *wrong;
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, ask_and_fail,
					    &self->dev));
	for (i = 0; i < 3000; i++)
		ASSERT_EQ(-EINVAL, get(IPC_PRIVATE, 0, 0));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], &wrong));
		EXPECT_EQ(NULL, wrong);
	}
}

/* why: INFO tells the feature EXPLAIN. */
TEST_F(why, feature_is_told)
{
	expect_feature(_metadata, self->dev, KSHM_FEATURE_EXPLAIN);
}

TEST_HARNESS_MAIN
