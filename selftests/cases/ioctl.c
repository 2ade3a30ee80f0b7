// SPDX-License-Identifier: GPL-2.0
/* The ioctls themselves: what each command writes, and rules that not all share. */
#include "abi.h"
#include "kshm.h"

#define POISON		0xa5
#define FIRST_NUMBER	0x80

FIXTURE_DEVICE(ioctl);

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

/* ioctl: Every number without a command is ENOTTY. */
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

/* ioctl: A bare number, and one with all bits set, is ENOTTY. */
TEST_F(ioctl, number_bare_enotty)
{
	union arg arg;

	begin_refusals();
	memset(&arg, 0, sizeof(arg));
	EXPECT_REFUSED(-ENOTTY, FIRST_NUMBER, &arg);
	EXPECT_REFUSED(-ENOTTY, 0xffffffff, &arg);
	end_refusals(_metadata);
}

/*
 * Tries a command with zeros and with poison in the fields that the kernel
 * writes; the results must be the same.
 */
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

/*
 * ioctl: Results do not depend on what was in their fields, and all of
 * them are written.
 * history: Bytes that nobody had set were copied to user space.
 */
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

/*
 * ioctl: GET writes CREATED into the flags if it created; that bit is
 * ignored on input.
 */
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

/*
 * ioctl: A segment made with OWNED goes when the descriptor of the ioctl
 * is closed.
 */
TEST_F(ioctl, get_owned_by_its_descriptor)
{
	struct kshm_get arg = { .size = PAGE, .flags = KSHM_GET_OWNED };

	EXPECT_EQ(0, call(self->dev, KSHM_IOC_GET, &arg));
	EXPECT_TRUE(exists(arg.id));
	close(self->dev);
	EXPECT_FALSE(exists(arg.id));
}

/* ioctl: ATTACH writes length and address, and keeps the id. */
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

/* ioctl: OPEN and FD write the descriptor, and nothing else. */
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

/* ioctl: WHO writes the count, and keeps the room. */
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

/*
 * ioctl: STAT tells all that IPC_STAT does, and state, resident and
 * swapped pages.
 */
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

/* ioctl: STAT by index gives id and sequence number. */
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

/* ioctl: STAT asks for r, unless it has the flag ANY. */
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

/* All features that exist; a new one goes here. */
#define FEATURES	(KSHM_FEATURE_LOCK | KSHM_FEATURE_FAULTAROUND | \
			 KSHM_FEATURE_GUARD | KSHM_FEATURE_PREFAULT | \
			 KSHM_FEATURE_GROW | KSHM_FEATURE_NAMES | \
			 KSHM_FEATURE_EXPLAIN | KSHM_FEATURE_POSIX | \
			 KSHM_FEATURE_LIFETIME | KSHM_FEATURE_UNIQUE | \
			 KSHM_FEATURE_FD | KSHM_FEATURE_WHO | \
			 KSHM_FEATURE_HUGE | KSHM_FEATURE_HUGETLB)

/*
 * ioctl: INFO tells ABI, limits and features, and -1 as the highest index
 * of no segment.
 */
TEST_F(ioctl, info_tells_limits)
{
	struct kshm_info info = { .flags = 0 };
	uint64_t most;

	EXPECT_EQ(0, call(self->dev, KSHM_IOC_INFO, &info));
	EXPECT_EQ(KSHM_ABI, info.abi);
	EXPECT_EQ(4096, info.shmmni);
	/* The kernel's long can have more bits than this program's. */
	most = info.shmmax > ULONG_MAX ? UINT64_MAX : ULONG_MAX;
	EXPECT_EQ(most - (1UL << 24), info.shmmax);
	EXPECT_EQ(most - (1UL << 24), info.shmall);
	EXPECT_EQ(SHMLBA, info.shmlba);
	EXPECT_EQ(0, info.used_ids);
	EXPECT_EQ(-1, info.max_index);
	EXPECT_EQ(0, info.features & ~FEATURES);
	EXPECT_NE(0, info.features & KSHM_FEATURE_LOCK);
}

/*
 * Has the kernel copy poison in where INFO and STAT have their fields. It copies a
 * struct of another size as a whole, and then refuses its flags.
 */
static int leave_poison(int dev)
{
	struct {
		struct kshm_stat stat;
		__u64 more;
	} longer = { .more = 0 };

	memset(&longer.stat, POISON, sizeof(longer.stat));
	return call(dev, _IOC(_IOC_READ | _IOC_WRITE, KSHM_IOC_MAGIC,
			      _IOC_NR(KSHM_IOC_STAT), sizeof(longer)), &longer);
}

/*
 * ioctl: An answer of INFO or STAT has no byte of what an earlier call has left
 * in the kernel.
 * history: Bytes that nobody had set were copied to user space.
 */
TEST_F(ioctl, output_has_nothing_of_another_call)
{
	struct kshm_stat stat[2] = { { .id = 0 }, { .id = 0 } };
	struct kshm_info info[2] = { { .flags = 0 }, { .flags = 0 } };

	make(1);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_STAT, &stat[0]));
	EXPECT_EQ(-EINVAL, leave_poison(self->dev));
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_STAT, &stat[1]));
	EXPECT_EQ(0, memcmp(&stat[0], &stat[1], sizeof(stat[0])));
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_INFO, &info[0]));
	EXPECT_EQ(-EINVAL, leave_poison(self->dev));
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_INFO, &info[1]));
	EXPECT_EQ(0, memcmp(&info[0], &info[1], sizeof(info[0])));
}

/* ioctl: INFO adds up the pages of the segment with the highest index, too. */
TEST_F(ioctl, info_adds_up_the_last_one)
{
	struct kshm_info info = { .flags = KSHM_INFO_USAGE };

	make(1);
	make(1);
	*attach(make(3)) = 1;
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_INFO, &info));
	EXPECT_EQ(2, info.max_index);
	EXPECT_EQ(5, info.tot);
	EXPECT_EQ(1, info.rss);
}

/* ioctl: INFO adds up pages only with the flag USAGE. */
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

/* ioctl: SET changes only what its mask names. */
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

/* ioctl: SET ignores all bits of the mode but the nine. */
TEST_F(ioctl, set_mode_beyond_nine_bits_ignored)
{
	struct kshm_set set = { .mask = KSHM_SET_MODE, .mode = 0xfffffe00 | 0640 };
	struct kshm_stat st = { .id = 0 };

	make(1);
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_SET, &set));
	EXPECT_EQ(0, call(self->dev, KSHM_IOC_STAT, &st));
	EXPECT_EQ(0640, st.mode);
	EXPECT_EQ(0, st.state);
}

/* ioctl: ATTACH tells where the segment is, and its size in bytes. */
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

/* An attach at @addr, which would cover the struct that it is given in. */
static void expect_own_struct_kept(struct __test_metadata *_metadata, int dev,
				   struct kshm_attach *arg, void *addr)
{
	arg->addr = (uintptr_t)addr;
	arg->flags = KSHM_ATTACH_REMAP;
	begin_refusals();
	EXPECT_EQ(-EFAULT, call(dev, KSHM_IOC_ATTACH, arg));
	end_refusals(_metadata);
	EXPECT_EQ((uintptr_t)addr, arg->addr);
}

/*
 * ioctl: An ATTACH over its own struct is EFAULT, and maps nothing.
 *
 * The result would be written into the segment.
 */
TEST_F(ioctl, attach_over_its_own_struct_efault)
{
	char *page = fill_page(free_range(1), 0);

	make(1);
	expect_own_struct_kept(_metadata, self->dev, (void *)page, page);
}

/*
 * ioctl: An ATTACH whose struct lies in the rest of the segment's last page is
 * EFAULT, and maps nothing.
 */
TEST_F(ioctl, attach_with_its_struct_behind_odd_size_efault)
{
	char *page = fill_page(free_range(1), 0);

	make_key(KEY, 5, 0600);
	expect_own_struct_kept(_metadata, self->dev,
			       (void *)(page + PAGE - sizeof(struct kshm_attach)),
			       page);
}

/* ioctl: A new segment whose id can't be delivered is removed. */
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

/* ioctl: INFO zeroes the buffer that its caller will fill, or is EFAULT. */
TEST_F(ioctl, info_dest_zeroed_or_efault)
{
	expect_dest(_metadata, self->dev, KSHM_IOC_INFO);
}

/* ioctl: STAT zeroes the buffer that its caller will fill, or is EFAULT. */
TEST_F(ioctl, stat_dest_zeroed_or_efault)
{
	make(1);
	expect_dest(_metadata, self->dev, KSHM_IOC_STAT);
}

/* ioctl: A STAT that fails leaves that buffer alone. */
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

/*
 * ioctl: A descriptor of the device can be open for reading, for writing
 * or for both.
 */
TEST_F(ioctl, descriptor_of_any_mode_works)
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

/* ioctl: Every user can open the device. */
TEST_F(ioctl, device_open_to_every_user)
{
	struct kshm_info info = { .flags = 0 };

	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(0, call(open_device(), KSHM_IOC_INFO, &info));
		_exit(0);
	}
}

/* ioctl: The device can't be read, written or mapped. */
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

/*
 * ioctl: The caller's permissions and namespace count, not those of the
 * process that opened the device.
 */
TEST_F(ioctl, descriptor_inherited_callers_rights_count)
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

/* ioctl: A 32-bit program attaches below 4 GiB. */
TEST_F(ioctl, caller_of_32_bits_attaches_below_4_gib)
{
	struct kshm_attach *arg = low_page();

	if (!has_32_bit_calls())
		SKIP(return, NO_32_BIT_CALLS);
	make(1);
	EXPECT_EQ(0, call_32(IOCTL_32, self->dev, KSHM_IOC_ATTACH, (long)arg));
	EXPECT_GT(1ULL << 32, arg->addr);
	*(char *)(uintptr_t)arg->addr = 1;
	EXPECT_EQ(1, nattch(0));
}

TEST_HARNESS_MAIN
