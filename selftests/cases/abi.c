// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls themselves: each rule of linux/kshm.h is asked of each command,
 * and a call that fails must have changed nothing.
 */
#include <assert.h>

#include "abi.h"

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

/*
 * Each case starts with one attached segment, which has id 0, and one named
 * object.
 */
#define SEGMENT_SIZE	(2 * PAGE + 9)

FIXTURE(abi)
{
	char *attached;
	int dev;
};

/*
 * A command to try: a function that fills in a valid request, where the flags
 * are, which of them are known, where the reserved word is, and whether a valid
 * request changes anything.
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
			 KSHM_GET_HUGE | KSHM_GET_HUGETLB | KSHM_GET_CREATED)

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
		 KSHM_OPEN_SEALABLE | KSHM_OPEN_APPEND | KSHM_OPEN_HUGE,
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

/* abi: A valid request in the struct's exact size is done. */
TEST_F(abi, exact_size_done)
{
	union arg arg = request(variant->fill, self->attached);
	struct snapshot after;

	take(&before);
	EXPECT_EQ(0, call(self->dev, variant->cmd, &arg));
	take(&after);
	EXPECT_EQ(variant->changes, !!memcmp(&before, &after, sizeof(after)));
}

/* abi: A shorter struct is EINVAL, and changes nothing. */
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

/* abi: A longer struct that ends in zeros does the same as the exact one. */
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

/*
 * abi: A longer struct that does not end in zeros is E2BIG, and changes
 * nothing.
 */
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

/* abi: The longest struct that an ioctl can have is accepted. */
TEST_F(abi, longest_with_zero_tail_done)
{
	size_t size = (1 << _IOC_SIZEBITS) - 1;
	char *buf = calloc(1, size);
	union arg arg = request(variant->fill, self->attached);

	memcpy(buf, &arg, _IOC_SIZE(variant->cmd));
	EXPECT_EQ(0, call(self->dev, sized(variant->cmd, size), buf));
	free(buf);
}

/* abi: A command number with another direction is ENOTTY. */
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

/* abi: A command number with another magic letter is ENOTTY. */
TEST_F(abi, wrong_magic_enotty)
{
	union arg arg = request(variant->fill, self->attached);

	begin_refusals();
	EXPECT_REFUSED(-ENOTTY,
		       _IOC(_IOC_DIR(variant->cmd), 'K', _IOC_NR(variant->cmd),
			    _IOC_SIZE(variant->cmd)), &arg);
	end_refusals(_metadata);
}

/*
 * abi: Each unknown flag bit is EINVAL, and changes neither the struct nor
 * anything else.
 */
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

/*
 * abi: Each bit of a reserved word is EINVAL, and changes neither the
 * struct nor anything else.
 */
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

/* abi: A struct that can't be read is EFAULT, and changes nothing. */
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

/*
 * abi: A struct with results that can't be written is EFAULT, and changes
 * nothing.
 */
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

/* abi: A struct without results is not written. */
TEST_F(abi, input_struct_left_alone)
{
	union arg arg = request(variant->fill, self->attached), before = arg;

	if (_IOC_DIR(variant->cmd) & _IOC_READ)
		return;
	EXPECT_EQ(0, call(self->dev, variant->cmd, &arg));
	EXPECT_EQ(0, memcmp(&before, &arg, sizeof(arg)));
}

/*
 * abi: A 32-bit program gets the same answer.
 * history: Bytes that nobody had set were copied to user space.
 */
TEST_F(abi, caller_of_32_bits_same_answer)
{
	union arg want = request(variant->fill, self->attached);
	union arg *arg = low_page();

	if (!has_32_bit_calls())
		SKIP(return, NO_32_BIT_CALLS);
	*arg = want;
	EXPECT_EQ(0, call_32(IOCTL_32, self->dev, variant->cmd, (long)arg));
	if (variant->changes)
		return;
	EXPECT_EQ(0, call(self->dev, variant->cmd, &want));
	EXPECT_EQ(0, memcmp(&want, arg, sizeof(want)));
}

/* abi: A 32-bit program gets the same errors. */
TEST_F(abi, caller_of_32_bits_same_errors)
{
	size_t size = _IOC_SIZE(variant->cmd);
	union arg *arg = low_page();

	if (!has_32_bit_calls())
		SKIP(return, NO_32_BIT_CALLS);
	*arg = request(variant->fill, self->attached);
	arg->bytes[size] = 1;
	EXPECT_EQ(-E2BIG, call_32(IOCTL_32, self->dev,
				  sized(variant->cmd, size + 1), (long)arg));
	EXPECT_EQ(-EINVAL, call_32(IOCTL_32, self->dev,
				   sized(variant->cmd, size - 1), (long)arg));
	EXPECT_EQ(-EFAULT, call_32(IOCTL_32, self->dev, variant->cmd, 8));
}

TEST_HARNESS_MAIN
