// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls themselves: each rule of linux/kshm.h is asked of each command,
 * and what fails must have changed nothing.
 */
#include <assert.h>
#include <linux/kshm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "cases.h"
#include "kshm.h"

#define POISON		0xa5
#define FIRST_NUMBER	0x80

static_assert(sizeof(struct kshm_info) == 88, "kshm_info has grown");
static_assert(sizeof(struct kshm_get) == 24, "kshm_get has grown");
static_assert(sizeof(struct kshm_attach) == 24, "kshm_attach has grown");
static_assert(sizeof(struct kshm_detach) == 16, "kshm_detach has grown");
static_assert(sizeof(struct kshm_stat) == 120, "kshm_stat has grown");
static_assert(sizeof(struct kshm_set) == 24, "kshm_set has grown");
static_assert(sizeof(struct kshm_rmid) == 8, "kshm_rmid has grown");
static_assert(sizeof(struct kshm_lock) == 8, "kshm_lock has grown");
static_assert(sizeof(struct kshm_grow) == 24, "kshm_grow has grown");
static_assert(sizeof(struct kshm_get_named) == 32, "kshm_get_named has grown");
static_assert(sizeof(struct kshm_explain) == 40, "kshm_explain has grown");
static_assert(sizeof(struct kshm_open) == 24, "kshm_open has grown");
static_assert(sizeof(struct kshm_unlink) == 16, "kshm_unlink has grown");
static_assert(sizeof(struct kshm_fd) == 16, "kshm_fd has grown");
static_assert(sizeof(struct kshm_who) == 24, "kshm_who has grown");
static_assert(sizeof(struct kshm_attacher) == 32, "kshm_attacher has grown");
static_assert(offsetof(struct kshm_info, features) == 8, "kshm_info");
static_assert(offsetof(struct kshm_info, shmmni) == 32, "kshm_info");
static_assert(offsetof(struct kshm_info, tot) == 48, "kshm_info");
static_assert(offsetof(struct kshm_info, dest) == 72, "kshm_info");
static_assert(offsetof(struct kshm_get, size) == 8, "kshm_get");
static_assert(offsetof(struct kshm_get, id) == 20, "kshm_get");
static_assert(offsetof(struct kshm_attach, addr) == 8, "kshm_attach");
static_assert(offsetof(struct kshm_attach, length) == 16, "kshm_attach");
static_assert(offsetof(struct kshm_stat, state) == 32, "kshm_stat");
static_assert(offsetof(struct kshm_stat, cpid) == 40, "kshm_stat");
static_assert(offsetof(struct kshm_stat, segsz) == 48, "kshm_stat");
static_assert(offsetof(struct kshm_stat, atime) == 64, "kshm_stat");
static_assert(offsetof(struct kshm_stat, dest) == 104, "kshm_stat");
static_assert(offsetof(struct kshm_set, mode) == 16, "kshm_set");
static_assert(offsetof(struct kshm_grow, size) == 8, "kshm_grow");
static_assert(offsetof(struct kshm_get_named, size) == 16, "kshm_get_named");
static_assert(offsetof(struct kshm_get_named, id) == 28, "kshm_get_named");
static_assert(offsetof(struct kshm_explain, error) == 12, "kshm_explain");
static_assert(offsetof(struct kshm_explain, asked) == 24, "kshm_explain");
static_assert(offsetof(struct kshm_open, name_len) == 8, "kshm_open");
static_assert(offsetof(struct kshm_open, mode) == 16, "kshm_open");
static_assert(offsetof(struct kshm_open, fd) == 20, "kshm_open");
static_assert(offsetof(struct kshm_unlink, name_len) == 8, "kshm_unlink");
static_assert(offsetof(struct kshm_unlink, flags) == 12, "kshm_unlink");
static_assert(offsetof(struct kshm_fd, fd) == 8, "kshm_fd");
static_assert(offsetof(struct kshm_who, list) == 8, "kshm_who");
static_assert(offsetof(struct kshm_who, count) == 20, "kshm_who");
static_assert(offsetof(struct kshm_attacher, addr) == 8, "kshm_attacher");

/* What every case finds: one segment, id 0, attached; one named object. */
#define SEGMENT_SIZE	(2 * PAGE + 9)
#define OBJECT		"here"

union arg {
	struct kshm_info info;
	struct kshm_get get;
	struct kshm_attach attach;
	struct kshm_detach detach;
	struct kshm_stat stat;
	struct kshm_set set;
	struct kshm_rmid rmid;
	struct kshm_lock lock;
	struct kshm_grow grow;
	struct kshm_get_named get_named;
	struct kshm_explain explain;
	struct kshm_open open;
	struct kshm_unlink unlink;
	struct kshm_fd fd;
	struct kshm_who who;
	unsigned char bytes[512];
};

FIXTURE(abi)
{
	char *attached;
	int dev;
};

/*
 * A command: a valid request; where its flags are, and which are known; where
 * its reserved word is; whether a valid request changes anything.
 */
FIXTURE_VARIANT(abi)
{
	unsigned int cmd;
	void (*fill)(union arg *arg, char *attached);
	size_t flags;
	uint32_t known;
	size_t reserved;
	bool changes;
};

#define NO_WORD		((size_t)-1)

static void fill_info(union arg *arg, char *attached)
{
	arg->info.flags = KSHM_INFO_USAGE;
}

FIXTURE_VARIANT_ADD(abi, info)
{
	.cmd = KSHM_IOC_INFO,
	.fill = fill_info,
	.flags = offsetof(struct kshm_info, flags),
	.known = KSHM_INFO_USAGE,
	.reserved = offsetof(struct kshm_info, reserved),
};

#define KNOWN_OF_GET	(KSHM_GET_CREAT | KSHM_GET_EXCL | KSHM_GET_NORESERVE | \
			 KSHM_GET_PREALLOC | KSHM_GET_OWNED | \
			 KSHM_GET_TRANSIENT | KSHM_GET_UNIQUE | \
			 KSHM_GET_CREATED)

static void fill_get(union arg *arg, char *attached)
{
	arg->get.key = KEY;
	arg->get.size = SEGMENT_SIZE;
	arg->get.mode = 0600;
}

FIXTURE_VARIANT_ADD(abi, get)
{
	.cmd = KSHM_IOC_GET,
	.fill = fill_get,
	.flags = offsetof(struct kshm_get, flags),
	.known = KNOWN_OF_GET,
	.reserved = NO_WORD,
};

static void fill_private(union arg *arg, char *attached)
{
	arg->get.size = PAGE;
	arg->get.mode = 0600;
}

FIXTURE_VARIANT_ADD(abi, get_private)
{
	.cmd = KSHM_IOC_GET,
	.fill = fill_private,
	.flags = offsetof(struct kshm_get, flags),
	.known = KNOWN_OF_GET,
	.reserved = NO_WORD,
	.changes = true,
};

static void fill_attach(union arg *arg, char *attached)
{
}

FIXTURE_VARIANT_ADD(abi, attach)
{
	.cmd = KSHM_IOC_ATTACH,
	.fill = fill_attach,
	.flags = offsetof(struct kshm_attach, flags),
	.known = KSHM_ATTACH_RDONLY | KSHM_ATTACH_RND | KSHM_ATTACH_REMAP |
		 KSHM_ATTACH_EXEC | KSHM_ATTACH_POPULATE |
		 KSHM_ATTACH_NO_FAULTAROUND,
	.reserved = NO_WORD,
	.changes = true,
};

static void fill_detach(union arg *arg, char *attached)
{
	arg->detach.addr = (uintptr_t)attached;
}

FIXTURE_VARIANT_ADD(abi, detach)
{
	.cmd = KSHM_IOC_DETACH,
	.fill = fill_detach,
	.flags = offsetof(struct kshm_detach, flags),
	.reserved = offsetof(struct kshm_detach, reserved),
	.changes = true,
};

static void fill_stat(union arg *arg, char *attached)
{
}

FIXTURE_VARIANT_ADD(abi, stat)
{
	.cmd = KSHM_IOC_STAT,
	.fill = fill_stat,
	.flags = offsetof(struct kshm_stat, flags),
	.known = KSHM_STAT_BY_INDEX | KSHM_STAT_ANY,
	.reserved = offsetof(struct kshm_stat, reserved),
};

static void fill_set(union arg *arg, char *attached)
{
	arg->set.mask = KSHM_SET_UID | KSHM_SET_GID | KSHM_SET_MODE;
	arg->set.uid = ALICE;
	arg->set.gid = STAFF;
	arg->set.mode = 0640;
}

FIXTURE_VARIANT_ADD(abi, set)
{
	.cmd = KSHM_IOC_SET,
	.fill = fill_set,
	.flags = offsetof(struct kshm_set, mask),
	.known = KSHM_SET_UID | KSHM_SET_GID | KSHM_SET_MODE,
	.reserved = offsetof(struct kshm_set, reserved),
	.changes = true,
};

static void fill_rmid(union arg *arg, char *attached)
{
}

FIXTURE_VARIANT_ADD(abi, rmid)
{
	.cmd = KSHM_IOC_RMID,
	.fill = fill_rmid,
	.flags = offsetof(struct kshm_rmid, flags),
	.reserved = NO_WORD,
	.changes = true,
};

static void fill_lock(union arg *arg, char *attached)
{
}

FIXTURE_VARIANT_ADD(abi, lock)
{
	.cmd = KSHM_IOC_LOCK,
	.fill = fill_lock,
	.flags = offsetof(struct kshm_lock, flags),
	.known = KSHM_LOCK_UNLOCK,
	.reserved = NO_WORD,
	.changes = true,
};

static struct kshm_info explained;

static void fill_explain(union arg *arg, char *attached)
{
	arg->explain.cmd = KSHM_IOC_INFO;
	arg->explain.arg = (uintptr_t)&explained;
}

FIXTURE_VARIANT_ADD(abi, explain)
{
	.cmd = KSHM_IOC_EXPLAIN,
	.fill = fill_explain,
	.flags = offsetof(struct kshm_explain, reserved),
	.reserved = offsetof(struct kshm_explain, reserved),
};

static void fill_grow(union arg *arg, char *attached)
{
	arg->grow.size = SEGMENT_SIZE + PAGE;
}

FIXTURE_VARIANT_ADD(abi, grow)
{
	.cmd = KSHM_IOC_GROW,
	.fill = fill_grow,
	.flags = offsetof(struct kshm_grow, flags),
	.reserved = NO_WORD,
	.changes = true,
};

static void fill_grow_not(union arg *arg, char *attached)
{
}

FIXTURE_VARIANT_ADD(abi, grow_not)
{
	.cmd = KSHM_IOC_GROW,
	.fill = fill_grow_not,
	.flags = offsetof(struct kshm_grow, flags),
	.reserved = NO_WORD,
};

static void fill_named(union arg *arg, char *attached)
{
	arg->get_named.name = (uintptr_t)"name";
	arg->get_named.name_len = 4;
	arg->get_named.size = PAGE;
	arg->get_named.mode = 0600;
	arg->get_named.flags = KSHM_GET_CREAT;
}

FIXTURE_VARIANT_ADD(abi, get_named)
{
	.cmd = KSHM_IOC_GET_NAMED,
	.fill = fill_named,
	.flags = offsetof(struct kshm_get_named, flags),
	.known = KNOWN_OF_GET,
	.reserved = NO_WORD,
	.changes = true,
};

static void fill_open(union arg *arg, char *attached)
{
	arg->open.name = (uintptr_t)"new";
	arg->open.name_len = 3;
	arg->open.flags = KSHM_OPEN_CREAT;
	arg->open.mode = 0600;
}

FIXTURE_VARIANT_ADD(abi, open)
{
	.cmd = KSHM_IOC_OPEN,
	.fill = fill_open,
	.flags = offsetof(struct kshm_open, flags),
	.known = KSHM_OPEN_RDONLY | KSHM_OPEN_CLOEXEC | KSHM_OPEN_CREAT |
		 KSHM_OPEN_EXCL | KSHM_OPEN_TRUNC | KSHM_OPEN_WRONLY |
		 KSHM_OPEN_SEALABLE,
	.reserved = NO_WORD,
	.changes = true,
};

static void fill_unlink(union arg *arg, char *attached)
{
	arg->unlink.name = (uintptr_t)OBJECT;
	arg->unlink.name_len = strlen(OBJECT);
}

FIXTURE_VARIANT_ADD(abi, unlink)
{
	.cmd = KSHM_IOC_UNLINK,
	.fill = fill_unlink,
	.flags = offsetof(struct kshm_unlink, flags),
	.reserved = NO_WORD,
	.changes = true,
};

static void fill_fd(union arg *arg, char *attached)
{
	arg->fd.fd = -1;
}

FIXTURE_VARIANT_ADD(abi, fd)
{
	.cmd = KSHM_IOC_FD,
	.fill = fill_fd,
	.flags = offsetof(struct kshm_fd, flags),
	.known = KSHM_FD_RDONLY | KSHM_FD_CLOEXEC,
	.reserved = offsetof(struct kshm_fd, reserved),
	.changes = true,
};

static struct kshm_attacher attachers[8];

static void fill_who(union arg *arg, char *attached)
{
	arg->who.list = (uintptr_t)attachers;
	arg->who.room = ARRAY_SIZE(attachers);
}

FIXTURE_VARIANT_ADD(abi, who)
{
	.cmd = KSHM_IOC_WHO,
	.fill = fill_who,
	.flags = offsetof(struct kshm_who, flags),
	.reserved = NO_WORD,
};

static int open_device(void)
{
	int dev = open("/dev/kshm", O_RDWR | O_CLOEXEC);

	if (dev < 0)
		die("/dev/kshm: %s", strerror(errno));
	return dev;
}

FIXTURE_SETUP(abi)
{
	begin_case(_metadata, &kshm);
	if (_metadata->exit_code)
		return;
	self->dev = open_device();
	self->attached = attach(make_key(KEY, SEGMENT_SIZE, 0600));
	if (kshm.open(OBJECT, O_RDWR | O_CREAT, 0600) < 0)
		die("creating " OBJECT ": %s", strerror(errno));
}

FIXTURE_TEARDOWN(abi)
{
	end_case(_metadata);
}

static int call(int dev, unsigned int cmd, void *arg)
{
	return ioctl(dev, cmd, arg) ? -errno : 0;
}

static unsigned int sized(unsigned int cmd, size_t size)
{
	return _IOC(_IOC_DIR(cmd), _IOC_TYPE(cmd), _IOC_NR(cmd), size);
}

static union arg request(void (*fill)(union arg *arg, char *attached),
			 char *attached)
{
	union arg arg;

	memset(&arg, 0, sizeof(arg));
	fill(&arg, attached);
	return arg;
}

/* All that can be seen of all of them, and of what this process has of them. */
struct snapshot {
	char listing[4096];
	int attaches;
	int next_fd;
};

static void take(struct snapshot *snapshot)
{
	struct mapping maps[8];

	memset(snapshot, 0, sizeof(*snapshot));
	slurp("/proc/kshm/objects", snapshot->listing,
	      sizeof(snapshot->listing));
	snapshot->attaches = mappings(maps, 8);
	snapshot->next_fd = dup(STDOUT_FILENO);
	close(snapshot->next_fd);
}

/* What fails has changed nothing: the requests between these two. */
static struct snapshot before;

static void begin_refusals(void)
{
	take(&before);
}

static void end_refusals(struct __test_metadata *_metadata)
{
	struct snapshot after;

	take(&after);
	EXPECT_EQ(before.attaches, after.attaches);
	EXPECT_EQ(before.next_fd, after.next_fd);
	EXPECT_STREQ(before.listing, after.listing);
}

#define EXPECT_REFUSED(error, cmd, arg)					\
	EXPECT_EQ(error, call(self->dev, cmd, arg))

TEST_F(abi, exact_size_done)
{
	union arg arg = request(variant->fill, self->attached);
	struct snapshot after;

	take(&before);
	EXPECT_EQ(0, call(self->dev, variant->cmd, &arg));
	take(&after);
	EXPECT_EQ(variant->changes, !!memcmp(&before, &after, sizeof(after)));
}

TEST_F(abi, too_short_einval)
{
	union arg arg = request(variant->fill, self->attached);
	size_t size;

	begin_refusals();
	for (size = 0; size < _IOC_SIZE(variant->cmd); size++)
		EXPECT_REFUSED(-EINVAL, sized(variant->cmd, size), &arg);
	end_refusals(_metadata);
}

static const size_t longer[] = { 1, 4, 8, 100, 256 };

TEST_F(abi, longer_with_zero_tail_done)
{
	size_t size = _IOC_SIZE(variant->cmd), i;
	union arg exact, arg;

	for (i = 0; i < ARRAY_SIZE(longer) && !variant->changes; i++) {
		exact = request(variant->fill, self->attached);
		arg = exact;
		EXPECT_EQ(0, call(self->dev, variant->cmd, &exact));
		EXPECT_EQ(0, call(self->dev,
				  sized(variant->cmd, size + longer[i]),
				  &arg));
		EXPECT_EQ(0, memcmp(&exact, &arg, sizeof(arg)));
	}
	if (variant->changes) {
		arg = request(variant->fill, self->attached);
		EXPECT_EQ(0, call(self->dev, sized(variant->cmd, size + 8),
				  &arg));
		for (i = size; i < sizeof(arg); i++)
			EXPECT_EQ(0, arg.bytes[i]);
	}
}

TEST_F(abi, longer_with_other_tail_e2big)
{
	size_t size = _IOC_SIZE(variant->cmd), i;
	union arg arg;

	begin_refusals();
	for (i = 0; i < ARRAY_SIZE(longer); i++) {
		arg = request(variant->fill, self->attached);
		arg.bytes[size + longer[i] - 1] = 1;
		EXPECT_REFUSED(-E2BIG, sized(variant->cmd, size + longer[i]),
			       &arg);
	}
	end_refusals(_metadata);
}

TEST_F(abi, longest_with_zero_tail_done)
{
	size_t size = (1 << _IOC_SIZEBITS) - 1;
	char *buf = calloc(1, size);
	union arg arg = request(variant->fill, self->attached);

	memcpy(buf, &arg, _IOC_SIZE(variant->cmd));
	EXPECT_EQ(0, call(self->dev, sized(variant->cmd, size), buf));
	free(buf);
}

TEST_F(abi, wrong_direction_enotty)
{
	union arg arg = request(variant->fill, self->attached);
	unsigned int dir;

	begin_refusals();
	for (dir = 0; dir < 4; dir++) {
		if (dir == _IOC_DIR(variant->cmd))
			continue;
		EXPECT_REFUSED(-ENOTTY,
			       _IOC(dir, KSHM_IOC_MAGIC, _IOC_NR(variant->cmd),
				    _IOC_SIZE(variant->cmd)), &arg);
	}
	end_refusals(_metadata);
}

TEST_F(abi, wrong_magic_enotty)
{
	union arg arg = request(variant->fill, self->attached);

	begin_refusals();
	EXPECT_REFUSED(-ENOTTY,
		       _IOC(_IOC_DIR(variant->cmd), 'K', _IOC_NR(variant->cmd),
			    _IOC_SIZE(variant->cmd)), &arg);
	end_refusals(_metadata);
}

TEST_F(abi, unknown_flag_einval)
{
	union arg arg, before;
	uint32_t bit;

	begin_refusals();
	for (bit = 1; bit; bit <<= 1) {
		if (bit & variant->known)
			continue;
		arg = request(variant->fill, self->attached);
		*(uint32_t *)(arg.bytes + variant->flags) |= bit;
		before = arg;
		EXPECT_REFUSED(-EINVAL, variant->cmd, &arg);
		EXPECT_EQ(0, memcmp(&before, &arg, sizeof(arg)));
	}
	end_refusals(_metadata);
}

TEST_F(abi, reserved_word_einval)
{
	union arg arg, before;
	uint32_t bit;

	begin_refusals();
	if (variant->reserved == NO_WORD)
		return;
	for (bit = 1; bit; bit <<= 1) {
		arg = request(variant->fill, self->attached);
		*(uint32_t *)(arg.bytes + variant->reserved) = bit;
		before = arg;
		EXPECT_REFUSED(-EINVAL, variant->cmd, &arg);
		EXPECT_EQ(0, memcmp(&before, &arg, sizeof(arg)));
	}
	end_refusals(_metadata);
}

TEST_F(abi, unreadable_struct_efault)
{
	size_t size = _IOC_SIZE(variant->cmd);
	char *range = free_range(2), *edge = fill_page(range, 0) + PAGE;

	begin_refusals();
	EXPECT_REFUSED(-EFAULT, variant->cmd, NULL);
	EXPECT_REFUSED(-EFAULT, variant->cmd, BAD_POINTER);
	EXPECT_REFUSED(-EFAULT, variant->cmd, (void *)-4096L);
	EXPECT_REFUSED(-EFAULT, variant->cmd, edge);
	EXPECT_REFUSED(-EFAULT, variant->cmd, edge - size + 1);
	EXPECT_REFUSED(-EFAULT, sized(variant->cmd, size + 8), edge - size);
	end_refusals(_metadata);
}

TEST_F(abi, unwritable_struct_efault)
{
	union arg arg = request(variant->fill, self->attached);
	char *page = fill_page(free_range(1), 0);

	memcpy(page, &arg, sizeof(arg));
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	if (_IOC_DIR(variant->cmd) & _IOC_READ) {
		begin_refusals();
		EXPECT_REFUSED(-EFAULT, variant->cmd, page);
		end_refusals(_metadata);
		return;
	}
	EXPECT_EQ(0, call(self->dev, variant->cmd, page));
	EXPECT_EQ(0, memcmp(page, &arg, sizeof(arg)));
}

TEST_F(abi, input_struct_left_alone)
{
	union arg arg = request(variant->fill, self->attached), before = arg;

	if (_IOC_DIR(variant->cmd) & _IOC_READ)
		return;
	EXPECT_EQ(0, call(self->dev, variant->cmd, &arg));
	EXPECT_EQ(0, memcmp(&before, &arg, sizeof(arg)));
}

/* The other fixture: what is not the same for every command. */
FIXTURE(ioctl)
{
	int dev;
};

FIXTURE_SETUP(ioctl)
{
	begin_case(_metadata, &kshm);
	if (!_metadata->exit_code)
		self->dev = open_device();
}

FIXTURE_TEARDOWN(ioctl)
{
	end_case(_metadata);
}

static bool is_known(unsigned int nr)
{
	static const unsigned int beyond_the_first[] = {
		_IOC_NR(KSHM_IOC_FD), _IOC_NR(KSHM_IOC_GROW),
		_IOC_NR(KSHM_IOC_WHO), _IOC_NR(KSHM_IOC_GET_NAMED),
		_IOC_NR(KSHM_IOC_EXPLAIN), _IOC_NR(KSHM_IOC_OPEN),
		_IOC_NR(KSHM_IOC_UNLINK),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(beyond_the_first); i++)
		if (nr == beyond_the_first[i])
			return true;
	return nr >= FIRST_NUMBER && nr <= _IOC_NR(KSHM_IOC_LOCK);
}

/* Numbers that are left out among the known ones included. */
TEST_F(ioctl, number_unknown_enotty)
{
	unsigned int nr, dir;
	union arg arg;

	begin_refusals();
	memset(&arg, 0, sizeof(arg));
	for (nr = 0; nr < 256; nr++) {
		if (is_known(nr))
			continue;
		for (dir = 0; dir < 4; dir++) {
			EXPECT_REFUSED(-ENOTTY,
				       _IOC(dir, KSHM_IOC_MAGIC, nr, 24),
				       &arg);
		}
	}
	end_refusals(_metadata);
}

TEST_F(ioctl, number_bare_enotty)
{
	union arg arg;

	begin_refusals();
	memset(&arg, 0, sizeof(arg));
	EXPECT_REFUSED(-ENOTTY, FIRST_NUMBER, &arg);
	EXPECT_REFUSED(-ENOTTY, 0xffffffff, &arg);
	end_refusals(_metadata);
}

/* Fields that the kernel writes may hold anything, and hold the answer then. */
#define EXPECT_SAME_ANSWER(type, cmd, init, first, last) do {		\
	type zeroed_ = init, poisoned_ = init;				\
	char *from_ = (char *)&poisoned_.first;				\
	char *to_ = sizeof(poisoned_.last) + (char *)&poisoned_.last;	\
									\
	memset(from_, POISON, to_ - from_);				\
	EXPECT_EQ(0, call(self->dev, cmd, &zeroed_));			\
	EXPECT_EQ(0, call(self->dev, cmd, &poisoned_));			\
	EXPECT_EQ(0, memcmp(&zeroed_, &poisoned_, sizeof(type)));	\
} while (0)

#define INIT(...)	{ __VA_ARGS__ }

TEST_F(ioctl, output_poisoned_all_written)
{
	make_key(KEY, PAGE, 0600);
	attach(0);
	EXPECT_SAME_ANSWER(struct kshm_stat, KSHM_IOC_STAT, INIT(.id = 0), key,
			   swp);
	EXPECT_SAME_ANSWER(struct kshm_stat, KSHM_IOC_STAT,
			   INIT(.flags = KSHM_STAT_BY_INDEX), key, swp);
	EXPECT_SAME_ANSWER(struct kshm_info, KSHM_IOC_INFO, INIT(.flags = 0),
			   features, swp);
	EXPECT_SAME_ANSWER(struct kshm_info, KSHM_IOC_INFO, INIT(.flags = 0),
			   abi, abi);
	EXPECT_SAME_ANSWER(struct kshm_info, KSHM_IOC_INFO,
			   INIT(.flags = KSHM_INFO_USAGE), features, swp);
	EXPECT_SAME_ANSWER(struct kshm_get, KSHM_IOC_GET,
			   INIT(.key = KEY, .size = PAGE), id, id);
	EXPECT_SAME_ANSWER(struct kshm_explain, KSHM_IOC_EXPLAIN,
			   INIT(.cmd = 1), error, reason);
	EXPECT_SAME_ANSWER(struct kshm_explain, KSHM_IOC_EXPLAIN,
			   INIT(.cmd = 1), asked, limit);
	EXPECT_SAME_ANSWER(struct kshm_grow, KSHM_IOC_GROW, INIT(.id = 0),
			   generation, generation);
	EXPECT_LE(0, kshm_segment_get_named("name", PAGE, IPC_CREAT | 0600, 0, -1,
					    NULL));
	EXPECT_SAME_ANSWER(struct kshm_get_named, KSHM_IOC_GET_NAMED,
			   INIT(.name = (uintptr_t)"name", .name_len = 4),
			   id, id);
}

/* It is an answer: what it says on input is not looked at. */
TEST_F(ioctl, get_created_says_which)
{
	struct kshm_get arg = { .key = KEY, .size = PAGE, .mode = 0600 };
	unsigned int said;

	for (said = 0; said < 2; said++) {
		arg.flags = KSHM_GET_CREAT | said * KSHM_GET_CREATED;
		EXPECT_EQ(0, call(self->dev, KSHM_IOC_GET, &arg));
		EXPECT_EQ(KSHM_GET_CREAT | KSHM_GET_CREATED, arg.flags);
		arg.flags = KSHM_GET_CREAT | said * KSHM_GET_CREATED;
		EXPECT_EQ(0, call(self->dev, KSHM_IOC_GET, &arg));
		EXPECT_EQ(KSHM_GET_CREAT, arg.flags);
		rmid(arg.id);
	}
}

TEST_F(ioctl, get_owned_by_its_descriptor)
{
	struct kshm_get arg = { .size = PAGE, .flags = KSHM_GET_OWNED };

	EXPECT_EQ(0, call(self->dev, KSHM_IOC_GET, &arg));
	EXPECT_TRUE(exists(arg.id));
	close(self->dev);
	EXPECT_FALSE(exists(arg.id));
}

TEST_F(ioctl, output_length_poisoned_written)
{
	struct kshm_attach arg = { .length = 0xa5a5a5a5a5a5a5a5 };

	make_key(KEY, PAGE + 1, 0600);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_ATTACH, &arg));
	EXPECT_EQ(PAGE + 1, arg.length);
	EXPECT_EQ(0, arg.addr % PAGE);
	EXPECT_EQ(0, arg.id);
	EXPECT_EQ(0, dt((void *)(uintptr_t)arg.addr));
}

TEST_F(ioctl, output_descriptor_poisoned_written)
{
	struct kshm_open open_arg = {
		.name = (uintptr_t)OBJECT,
		.name_len = strlen(OBJECT),
		.flags = KSHM_OPEN_CREAT,
		.mode = 0600,
		.fd = 0x5a5a5a5a,
	};
	struct kshm_fd arg = { .fd = 0x5a5a5a5a };

	EXPECT_EQ(0, call(self->dev, KSHM_IOC_OPEN, &open_arg));
	EXPECT_LE(0, fcntl(open_arg.fd, F_GETFD));
	EXPECT_EQ(0, close(open_arg.fd));
	EXPECT_EQ(KSHM_OPEN_CREAT, open_arg.flags);
	EXPECT_EQ(0600, open_arg.mode);
	make(1);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_FD, &arg));
	EXPECT_EQ(0, arg.id);
	EXPECT_LE(0, fcntl(arg.fd, F_GETFD));
	EXPECT_EQ(0, close(arg.fd));
}

TEST_F(ioctl, output_count_poisoned_written)
{
	struct kshm_who arg = { .count = 0xa5a5a5a5 };

	make(1);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_WHO, &arg));
	EXPECT_EQ(0, arg.count);
	attach(0);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_WHO, &arg));
	EXPECT_EQ(1, arg.count);
	EXPECT_EQ(0, arg.room);
}

TEST_F(ioctl, stat_tells_all)
{
	struct kshm_stat st = { .id = 0 };
	struct shmid_ds ds;
	char *p = attach(make_key(0x7fffaaaa, 3 * PAGE + 1, 0531));

	p[0] = 1;
	EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
	rmid(0);
	ds = stat_of(0);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_STAT, &st));
	EXPECT_EQ(0, st.id);
	EXPECT_EQ(0, st.key);
	EXPECT_EQ(0531, st.mode);
	EXPECT_EQ(KSHM_STATE_DEST | KSHM_STATE_LOCKED, st.state);
	EXPECT_EQ(getpid(), st.cpid);
	EXPECT_EQ(getpid(), st.lpid);
	EXPECT_EQ(3 * PAGE + 1, st.segsz);
	EXPECT_EQ(1, st.nattch);
	EXPECT_EQ(ds.shm_atime, st.atime);
	EXPECT_EQ(0, st.dtime);
	EXPECT_EQ(ds.shm_ctime, st.ctime);
	EXPECT_EQ(1, st.rss);
	EXPECT_EQ(0, st.swp);
	EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
}

TEST_F(ioctl, stat_by_index_gives_id)
{
	struct kshm_stat st = { .flags = KSHM_STAT_BY_INDEX };
	int i;

	for (i = 0; i < 65; i++)
		rmid(make(1));
	EXPECT_EQ(32769, make(1));
	st.id = 1;
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_STAT, &st));
	EXPECT_EQ(32769, st.id);
	EXPECT_EQ(1, st.seq);
	st.id = -1;
	EXPECT_EQ(-EINVAL, call(self->dev, KSHM_IOC_STAT, &st));
}

TEST_F(ioctl, stat_any_without_permission)
{
	struct kshm_stat st = { .id = 0 };

	make_key(KEY, PAGE, 0);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, call(self->dev, KSHM_IOC_STAT, &st));
		st.flags = KSHM_STAT_ANY;
		EXPECT_EQ(0, call(self->dev, KSHM_IOC_STAT, &st));
		EXPECT_EQ(KEY, st.key);
		_exit(0);
	}
}

/* All that there are: where one is new, this is to be told. */
#define FEATURES	(KSHM_FEATURE_LOCK | KSHM_FEATURE_FAULTAROUND | \
			 KSHM_FEATURE_GUARD | KSHM_FEATURE_PREFAULT | \
			 KSHM_FEATURE_GROW | KSHM_FEATURE_NAMES | \
			 KSHM_FEATURE_EXPLAIN | KSHM_FEATURE_POSIX | \
			 KSHM_FEATURE_LIFETIME | KSHM_FEATURE_UNIQUE | \
			 KSHM_FEATURE_FD | KSHM_FEATURE_WHO)

TEST_F(ioctl, info_tells_limits)
{
	struct kshm_info info = { .flags = 0 };

	EXPECT_EQ(0, call(self->dev, KSHM_IOC_INFO, &info));
	EXPECT_EQ(KSHM_ABI, info.abi);
	EXPECT_EQ(4096, info.shmmni);
	EXPECT_EQ(ULONG_MAX - (1UL << 24), info.shmmax);
	EXPECT_EQ(ULONG_MAX - (1UL << 24), info.shmall);
	EXPECT_EQ(SHMLBA, info.shmlba);
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(-1, info.max_index);
	EXPECT_EQ(0, info.features & ~FEATURES);
	EXPECT_NE(0, info.features & KSHM_FEATURE_LOCK);
}

TEST_F(ioctl, info_adds_up_usage_on_demand)
{
	struct kshm_info info = { .flags = 0 };

	*attach(make(3)) = 1;
	make(2);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_INFO, &info));
	EXPECT_EQ(2, info.used_ids);
	EXPECT_EQ(1, info.max_index);
	EXPECT_EQ(0, info.tot);
	info.flags = KSHM_INFO_USAGE;
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_INFO, &info));
	EXPECT_EQ(5, info.tot);
	EXPECT_EQ(1, info.rss);
	EXPECT_EQ(0, info.swp);
}

TEST_F(ioctl, set_changes_what_the_mask_names)
{
	struct kshm_set set = { .uid = ALICE, .gid = STAFF, .mode = 0123 };
	struct shmid_ds ds;

	make_key(KEY, PAGE, 0600);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_SET, &set));
	EXPECT_EQ(0600, stat_of(0).shm_perm.mode);
	set.mask = KSHM_SET_MODE;
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_SET, &set));
	ds = stat_of(0);
	EXPECT_EQ(0123, ds.shm_perm.mode);
	EXPECT_EQ(0, ds.shm_perm.uid);
	EXPECT_EQ(0, ds.shm_perm.gid);
	set.mask = KSHM_SET_GID;
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_SET, &set));
	EXPECT_EQ(STAFF, stat_of(0).shm_perm.gid);
	EXPECT_EQ(0, stat_of(0).shm_perm.uid);
	set.mask = KSHM_SET_UID;
	set.uid = -1;
	EXPECT_EQ(-EINVAL, call(self->dev, KSHM_IOC_SET, &set));
	EXPECT_EQ(0, stat_of(0).shm_perm.uid);
}

TEST_F(ioctl, attach_gives_segment_size_and_address)
{
	struct kshm_attach arg = { .flags = KSHM_ATTACH_RND };
	char *range = free_range(4);

	make_key(KEY, PAGE + 5, 0600);
	arg.addr = (uintptr_t)range + PAGE + 77;
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_ATTACH, &arg));
	EXPECT_EQ((uintptr_t)range + PAGE, arg.addr);
	EXPECT_EQ(PAGE + 5, arg.length);
}

/* The answer would be written into the segment. */
TEST_F(ioctl, attach_over_its_own_struct_efault)
{
	struct kshm_attach *arg = (void *)fill_page(free_range(1), 0);

	make(1);
	arg->addr = (uintptr_t)arg;
	arg->flags = KSHM_ATTACH_REMAP;
	begin_refusals();
	EXPECT_REFUSED(-EFAULT, KSHM_IOC_ATTACH, arg);
	end_refusals(_metadata);
	EXPECT_EQ((uintptr_t)arg, arg->addr);
}

/* An odd size maps to the end of its last page. */
TEST_F(ioctl, attach_with_its_struct_behind_odd_size_efault)
{
	char *page = fill_page(free_range(1), 0);
	struct kshm_attach *arg = (void *)(page + PAGE - sizeof(*arg));

	make_key(KEY, 5, 0600);
	arg->addr = (uintptr_t)page;
	arg->flags = KSHM_ATTACH_REMAP;
	begin_refusals();
	EXPECT_REFUSED(-EFAULT, KSHM_IOC_ATTACH, arg);
	end_refusals(_metadata);
	EXPECT_EQ((uintptr_t)page, arg->addr);
}

TEST_F(ioctl, get_private_undelivered_leaves_nothing)
{
	struct kshm_get *arg = (void *)fill_page(free_range(1), 0);
	int i;

	arg->size = PAGE;
	ASSERT_EQ(0, mprotect(arg, PAGE, PROT_READ));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(-EFAULT, call(self->dev, KSHM_IOC_GET, arg));
	EXPECT_EQ(0, backend_sweep());
	EXPECT_EQ(0, make(1));
}

/* INFO and STAT can be asked to zero a buffer first. */
static int call_dest(int dev, unsigned int cmd, void *buf, size_t len)
{
	union arg arg;

	memset(&arg, 0, sizeof(arg));
	if (cmd == KSHM_IOC_INFO) {
		arg.info.dest = (uintptr_t)buf;
		arg.info.dest_len = len;
	} else {
		arg.stat.dest = (uintptr_t)buf;
		arg.stat.dest_len = len;
	}
	return call(dev, cmd, &arg);
}

static void expect_dest(struct __test_metadata *_metadata, int dev,
			unsigned int cmd)
{
	char *range = free_range(3), *buf = fill_page(range, POISON);
	size_t i;

	fill_page(range + PAGE, POISON);
	EXPECT_EQ(0, call_dest(dev, cmd, buf + 8, 100));
	for (i = 0; i < PAGE; i++)
		EXPECT_EQ(i < 8 || i >= 108 ? POISON : 0,
			  (unsigned char)buf[i]);
	EXPECT_EQ(0, call_dest(dev, cmd, buf, 4096));
	EXPECT_EQ(0, buf[4095]);
	EXPECT_EQ(0, call_dest(dev, cmd, buf + PAGE, 0));
	EXPECT_EQ(POISON, (unsigned char)buf[PAGE]);
	EXPECT_EQ(-EINVAL, call_dest(dev, cmd, buf, 4097));
	EXPECT_EQ(0, call_dest(dev, cmd, NULL, 0));
	EXPECT_EQ(-EFAULT, call_dest(dev, cmd, NULL, 112));
	EXPECT_EQ(-EFAULT, call_dest(dev, cmd, BAD_POINTER, 112));
	EXPECT_EQ(-EFAULT, call_dest(dev, cmd, (void *)-1L, 112));
	EXPECT_EQ(-EFAULT, call_dest(dev, cmd, buf + 2 * PAGE - 100, 101));
	EXPECT_EQ(0, mprotect(buf, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, call_dest(dev, cmd, buf, 8));
}

TEST_F(ioctl, info_dest_zeroed_or_efault)
{
	expect_dest(_metadata, self->dev, KSHM_IOC_INFO);
}

TEST_F(ioctl, stat_dest_zeroed_or_efault)
{
	make(1);
	expect_dest(_metadata, self->dev, KSHM_IOC_STAT);
}

TEST_F(ioctl, stat_dest_after_errors_left_alone)
{
	char *buf = fill_page(free_range(1), POISON);

	EXPECT_EQ(-EINVAL, call_dest(self->dev, KSHM_IOC_STAT, buf, 100));
	EXPECT_EQ(POISON, (unsigned char)buf[0]);
	make_key(KEY, PAGE, 0);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, call_dest(self->dev, KSHM_IOC_STAT, buf, 100));
		EXPECT_EQ(-EACCES, call_dest(self->dev, KSHM_IOC_STAT,
					     BAD_POINTER, 100));
		EXPECT_EQ(POISON, (unsigned char)buf[0]);
		_exit(0);
	}
}

TEST_F(ioctl, descriptor_of_any_mode_will_do)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	struct kshm_info info;
	size_t i;
	int dev;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		dev = open("/dev/kshm", modes[i] | O_CLOEXEC);
		ASSERT_LE(0, dev);
		memset(&info, 0, sizeof(info));
		EXPECT_EQ(0, call(dev, KSHM_IOC_INFO, &info));
		close(dev);
	}
}

TEST_F(ioctl, device_open_to_every_user)
{
	struct kshm_info info = { .flags = 0 };

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, call(open_device(), KSHM_IOC_INFO, &info));
		_exit(0);
	}
}

TEST_F(ioctl, device_cannot_be_read_written_or_mapped)
{
	char c = 0;

	EXPECT_EQ(-1, read(self->dev, &c, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->dev, &c, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
				   self->dev, 0));
	EXPECT_EQ(ENODEV, errno);
}

/* A descriptor is no capability: the one who calls counts, not who opened. */
TEST_F(ioctl, descriptor_inherited_asks_the_caller)
{
	struct kshm_rmid arg = { .id = 0 };
	struct kshm_stat st = { .id = 0 };

	make_key(KEY, PAGE, 0600);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EPERM, call(self->dev, KSHM_IOC_RMID, &arg));
		EXPECT_EQ(-EACCES, call(self->dev, KSHM_IOC_STAT, &st));
		_exit(0);
	}
	if (in_child()) {
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		EXPECT_EQ(-EINVAL, call(self->dev, KSHM_IOC_STAT, &st));
		_exit(0);
	}
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_STAT, &st));
}

#ifdef __x86_64__
/* As a 32-bit program: the other entry into the kernel, the same numbers. */
static long call_32(long nr, long a, long b, long c)
{
	long ret;

	asm volatile ("int $0x80"
		      : "=a" (ret)
		      : "a" (nr), "b" (a), "c" (b), "d" (c)
		      : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

#define IOCTL_32	54
#define GETPID_32	20

static void call_as_32_bits(volatile char *unused)
{
	if (call_32(GETPID_32, 0, 0, 0) != getpid())
		raise(SIGSEGV);
}

static bool has_32_bit_calls(void)
{
	return !raises(SIGSEGV, call_as_32_bits, NULL);
}

/* Memory that a 32-bit program could point to. */
static void *low_page(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED)
		die("no page below 2 GiB");
	return p;
}

TEST_F(abi, caller_of_32_bits_same_answer)
{
	union arg want = request(variant->fill, self->attached);
	union arg *arg = low_page();

	if (!has_32_bit_calls())
		SKIP(return, "this kernel has no CONFIG_IA32_EMULATION");
	*arg = want;
	EXPECT_EQ(0, call_32(IOCTL_32, self->dev, variant->cmd, (long)arg));
	if (variant->changes)
		return;
	EXPECT_EQ(0, call(self->dev, variant->cmd, &want));
	EXPECT_EQ(0, memcmp(&want, arg, sizeof(want)));
}

TEST_F(abi, caller_of_32_bits_same_errors)
{
	size_t size = _IOC_SIZE(variant->cmd);
	union arg *arg = low_page();

	if (!has_32_bit_calls())
		SKIP(return, "this kernel has no CONFIG_IA32_EMULATION");
	*arg = request(variant->fill, self->attached);
	arg->bytes[size] = 1;
	EXPECT_EQ(-E2BIG, call_32(IOCTL_32, self->dev,
				  sized(variant->cmd, size + 1), (long)arg));
	EXPECT_EQ(-EINVAL, call_32(IOCTL_32, self->dev,
				   sized(variant->cmd, size - 1), (long)arg));
	EXPECT_EQ(-EFAULT, call_32(IOCTL_32, self->dev, variant->cmd, 8));
}

TEST_F(ioctl, caller_of_32_bits_attaches_below_4_gib)
{
	struct kshm_attach *arg = low_page();

	if (!has_32_bit_calls())
		SKIP(return, "this kernel has no CONFIG_IA32_EMULATION");
	make(1);
	EXPECT_EQ(0, call_32(IOCTL_32, self->dev, KSHM_IOC_ATTACH, (long)arg));
	EXPECT_GT(1UL << 32, arg->addr);
	*(char *)(uintptr_t)arg->addr = 1;
	EXPECT_EQ(1, nattch(0));
}
#endif

TEST_HARNESS_MAIN
