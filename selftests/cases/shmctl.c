// SPDX-License-Identifier: GPL-2.0
/* shmctl: each command's order of errors, and its result byte by byte. */
#include <sys/mman.h>

#include "cases.h"

#define IPC_64_BIT	0x100
#define DEST		01000
#define POISON		0xa5

FIXTURE_BOTH(shmctl);

static const int all_commands[] = {
	IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, SHM_LOCK, SHM_UNLOCK, SHM_STAT,
	SHM_INFO, SHM_STAT_ANY,
};

static const int output_commands[] = {
	IPC_STAT, IPC_INFO, SHM_STAT, SHM_INFO, SHM_STAT_ANY,
};

/* Expects a command to fail and to leave segment 0 unchanged. */
#define EXPECT_UNCHANGED(error, id, cmd, buf) do {			\
	struct shmid_ds before_ = stat_of(0), after_;			\
									\
	EXPECT_EQ(error, ctl(id, cmd, buf)) {				\
		TH_LOG("command %d of %d", cmd, id);			\
	}								\
	after_ = stat_of(0);						\
	EXPECT_EQ(0, memcmp(&before_, &after_, sizeof(after_)));	\
} while (0)

/* shmctl: A negative id is EINVAL for every command, and changes nothing. */
TEST_F(shmctl, any_command_negative_id_einval)
{
	struct shmid_ds ds = { .shm_perm.mode = 0 };
	size_t i;

	make(1);
	for (i = 0; i < ARRAY_SIZE(all_commands); i++) {
		EXPECT_UNCHANGED(-EINVAL, -1, all_commands[i], &ds);
		EXPECT_UNCHANGED(-EINVAL, INT_MIN, all_commands[i], &ds);
	}
}

/* shmctl: An unknown command is EINVAL, and changes nothing. */
TEST_F(shmctl, command_unknown_einval)
{
	static const int unknown[] = { -1, 4, 5, 10, 16, 17, 99, INT_MAX,
				       INT_MIN };
	struct shmid_ds ds = { .shm_perm.mode = 0 };
	size_t i;

	make(1);
	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		EXPECT_UNCHANGED(-EINVAL, 0, unknown[i], &ds);
}

/* shmctl: A command with the bit IPC_64 is EINVAL. */
TEST_F(shmctl, command_with_ipc_64_einval)
{
	struct shmid_ds ds = { .shm_perm.mode = 0 };
	size_t i;

#ifdef __arm__
	SKIP(return, "on 32-bit Arm, libc sets this bit in each command");
#endif
	make(1);
	for (i = 0; i < ARRAY_SIZE(all_commands); i++) {
		EXPECT_UNCHANGED(-EINVAL, 0, all_commands[i] | IPC_64_BIT,
				 &ds);
	}
}

/*
 * shmctl: A buffer that can't be accessed is EFAULT, and the segment does
 * not change.
 */
TEST_F(shmctl, any_command_bad_buffer_efault)
{
	char *range = free_range(2), *edge = fill_page(range, 0) + PAGE - 8;
	void *bad[] = { NULL, BAD_POINTER, (void *)-4096L, edge,
			range + PAGE };
	size_t i, j;

	make(1);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (j = 0; j < ARRAY_SIZE(output_commands); j++) {
			EXPECT_UNCHANGED(-EFAULT, 0, output_commands[j],
					 bad[i]);
		}
		EXPECT_UNCHANGED(-EFAULT, 0, IPC_SET, bad[i]);
	}
}

/*
 * shmctl: A buffer that can't be written is EFAULT for the commands that
 * write to it.
 */
TEST_F(shmctl, output_read_only_buffer_efault)
{
	char *page = fill_page(free_range(1), 'r');
	size_t i;

	make(1);
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	for (i = 0; i < ARRAY_SIZE(output_commands); i++)
		EXPECT_UNCHANGED(-EFAULT, 0, output_commands[i], page);
	EXPECT_EQ('r', page[0]);
}

/*
 * shmctl: A buffer may end where bad memory begins; one that reaches into
 * it is EFAULT.
 */
TEST_F(shmctl, output_fits_exactly_before_bad_memory)
{
	char *range = fill_page(free_range(2), 0) + PAGE;

	make(1);
	EXPECT_EQ(0, ctl(0, IPC_STAT, range - sizeof(struct shmid_ds)));
	EXPECT_EQ(0, ctl(0, SHM_STAT, range - sizeof(struct shmid_ds)));
	EXPECT_EQ(0, ctl(0, IPC_INFO, range - sizeof(struct shminfo)));
	EXPECT_EQ(0, ctl(0, SHM_INFO, range - sizeof(struct shm_info)));
	EXPECT_EQ(-EFAULT, ctl(0, IPC_STAT,
			       range - sizeof(struct shmid_ds) + 8));
	EXPECT_EQ(-EFAULT, ctl(0, SHM_INFO,
			       range - sizeof(struct shm_info) + 8));
}

static void expect_bytes(struct __test_metadata *_metadata, const void *want,
			 const void *got, size_t size)
{
	const unsigned char *w = want, *g = got;
	size_t i;

	for (i = 0; i < size; i++) {
		EXPECT_EQ(w[i], g[i]) {
			TH_LOG("byte %zu of %zu", i, size);
		}
	}
}

/*
 * Makes a segment in which every field has a value of its own; @want gets
 * these.
 */
static int make_distinct(struct shmid_ds *want)
{
	char *p;
	int id;

	if (in_child()) {
		if (syscall(SYS_setresgid, GUESTS, GUESTS, ROOT) ||
		    syscall(SYS_setresuid, BOB, BOB, ROOT))
			die("becoming BOB");
		make_key(0x7eadbeef, 3 * PAGE + 5, 0531);
		_exit(0);
	}
	id = get(0x7eadbeef, 0, 0);
	memset(want, 0, sizeof(*want));
	want->shm_perm.uid = ALICE;
	want->shm_perm.gid = STAFF;
	want->shm_perm.mode = 0462;
	if (ctl(id, IPC_SET, want))
		die("IPC_SET");
	p = attach(id);
	p[0] = 1;
	attach(id);
	want->shm_perm.cuid = BOB;
	want->shm_perm.cgid = GUESTS;
	want->shm_perm.__key = 0x7eadbeef;
	want->shm_perm.__seq = id >> 15;
	want->shm_segsz = 3 * PAGE + 5;
	want->shm_lpid = getpid();
	want->shm_nattch = 2;
	return id;
}

/*
 * Copies the fields that cannot be known in advance, after a check that they
 * are plausible.
 */
static void settle(struct __test_metadata *_metadata, struct shmid_ds *want,
		   const struct shmid_ds *got, time_t begin)
{
	EXPECT_LE(begin, got->shm_atime);
	EXPECT_LE(begin, got->shm_ctime);
	EXPECT_GE(time(NULL), got->shm_atime);
	EXPECT_GE(time(NULL), got->shm_ctime);
	EXPECT_LT(0, got->shm_cpid);
	want->shm_atime = got->shm_atime;
	want->shm_ctime = got->shm_ctime;
	want->shm_cpid = got->shm_cpid;
}

static void expect_stat(struct __test_metadata *_metadata, int cmd)
{
	struct shmid_ds want, got;
	time_t begin;
	int id, i;

	for (i = 0; i < 70; i++)
		rmid(make(1));
	begin = time(NULL);
	id = make_distinct(&want);
	memset(&got, POISON, sizeof(got));
	EXPECT_EQ(cmd == IPC_STAT ? 0 : id,
		  ctl(cmd == IPC_STAT ? id : id & 32767, cmd, &got));
	settle(_metadata, &want, &got, begin);
	expect_bytes(_metadata, &want, &got, sizeof(got));
}

/*
 * shmctl: IPC_STAT sets every byte of its struct, the unused ones to 0.
 * history: Bytes that nobody had set were copied to user space.
 */
TEST_F(shmctl, ipc_stat_every_byte)
{
	expect_stat(_metadata, IPC_STAT);
}

/*
 * shmctl: SHM_STAT takes an index, returns the id, and sets every byte of
 * its struct.
 * history: Bytes that nobody had set were copied to user space.
 */
TEST_F(shmctl, shm_stat_every_byte)
{
	expect_stat(_metadata, SHM_STAT);
}

/*
 * shmctl: SHM_STAT_ANY sets every byte of its struct.
 * history: Bytes that nobody had set were copied to user space.
 */
TEST_F(shmctl, shm_stat_any_every_byte)
{
	expect_stat(_metadata, SHM_STAT_ANY);
}

/* shmctl: No command writes beyond its struct. */
TEST_F(shmctl, output_nothing_written_beyond)
{
	static const struct {
		int cmd;
		size_t size;
	} cases[] = {
		{ IPC_STAT, sizeof(struct shmid_ds) },
		{ SHM_STAT, sizeof(struct shmid_ds) },
		{ SHM_STAT_ANY, sizeof(struct shmid_ds) },
		{ IPC_INFO, sizeof(struct shminfo) },
		{ SHM_INFO, sizeof(struct shm_info) },
	};
	unsigned char buf[512];
	size_t i, j;

	make(1);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(buf, POISON, sizeof(buf));
		ASSERT_EQ(0, ctl(0, cases[i].cmd, buf));
		for (j = cases[i].size; j < sizeof(buf); j++)
			ASSERT_EQ(POISON, buf[j]);
	}
}

/* shmctl: IPC_STAT is EINVAL for the id, then EACCES, then EFAULT. */
TEST_F(shmctl, ipc_stat_order_einval_eacces_efault)
{
	make(1);
	EXPECT_EQ(-EINVAL, ctl(1, IPC_STAT, BAD_POINTER));
	EXPECT_EQ(-EFAULT, ctl(0, IPC_STAT, BAD_POINTER));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EINVAL, ctl(1, IPC_STAT, BAD_POINTER));
		EXPECT_EQ(-EACCES, ctl(0, IPC_STAT, BAD_POINTER));
		_exit(0);
	}
}

/*
 * shmctl: SHM_STAT and SHM_STAT_ANY have the same order, and SHM_STAT_ANY
 * no EACCES.
 * history: SHM_STAT asked for no permission, or SHM_STAT_ANY for one.
 */
TEST_F(shmctl, shm_stat_order_einval_eacces_efault)
{
	make(1);
	EXPECT_EQ(-EINVAL, ctl(1, SHM_STAT, BAD_POINTER));
	EXPECT_EQ(-EFAULT, ctl(0, SHM_STAT, BAD_POINTER));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, ctl(0, SHM_STAT, BAD_POINTER));
		EXPECT_EQ(-EFAULT, ctl(0, SHM_STAT_ANY, BAD_POINTER));
		EXPECT_EQ(-EINVAL, ctl(1, SHM_STAT_ANY, BAD_POINTER));
		_exit(0);
	}
}

/* shmctl: A failed IPC_STAT does not write to the buffer. */
TEST_F(shmctl, ipc_stat_failed_leaves_buffer)
{
	unsigned char buf[sizeof(struct shmid_ds)];
	size_t i;

	make(1);
	memset(buf, POISON, sizeof(buf));
	EXPECT_EQ(-EINVAL, ctl(1, IPC_STAT, buf));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, ctl(0, IPC_STAT, buf));
		for (i = 0; i < sizeof(buf); i++)
			ASSERT_EQ(POISON, buf[i]);
		_exit(0);
	}
	for (i = 0; i < sizeof(buf); i++)
		ASSERT_EQ(POISON, buf[i]);
}

/* shmctl: SHM_STAT ignores the sequence number in its index. */
TEST_F(shmctl, shm_stat_sequence_ignored)
{
	struct shmid_ds ds;
	int i, id;

	for (i = 0; i < 64; i++)
		rmid(make(1));
	id = make(1);
	ASSERT_EQ(32768, id);
	EXPECT_EQ(id, ctl(0, SHM_STAT, &ds));
	EXPECT_EQ(id, ctl(id, SHM_STAT, &ds));
	EXPECT_EQ(id, ctl(7 << 15, SHM_STAT, &ds));
	EXPECT_EQ(id, ctl(0x7fff8000, SHM_STAT_ANY, &ds));
	EXPECT_EQ(PAGE, ds.shm_segsz);
}

/* shmctl: SHM_STAT of an index that is not in use is EINVAL. */
TEST_F(shmctl, shm_stat_empty_index_einval)
{
	struct shmid_ds ds;

	EXPECT_EQ(-EINVAL, ctl(0, SHM_STAT, &ds));
	make(1);
	EXPECT_EQ(-EINVAL, ctl(1, SHM_STAT, &ds));
	EXPECT_EQ(-EINVAL, ctl(32767, SHM_STAT_ANY, &ds));
	EXPECT_EQ(-EINVAL, ctl(INT_MAX, SHM_STAT, &ds));
}

/*
 * shmctl: A walk with SHM_STAT up to the index that SHM_INFO returns finds
 * every segment.
 */
TEST_F(shmctl, shm_stat_walk_finds_all)
{
	struct shmid_ds ds;
	int i, found = 0, top;

	for (i = 0; i < 20; i++)
		make_key(i + 1, PAGE, 0600);
	for (i = 0; i < 20; i += 3)
		rmid(i);
	top = ctl(0, SHM_INFO, &ds);
	EXPECT_EQ(19, top);
	for (i = 0; i <= top; i++) {
		if (ctl(i, SHM_STAT, &ds) < 0)
			continue;
		EXPECT_EQ(i + 1, ds.shm_perm.__key);
		found++;
	}
	EXPECT_EQ(13, found);
}

/*
 * shmctl: SHM_STAT_ANY asks for no permission; IPC_STAT and SHM_STAT ask
 * for r.
 * history: SHM_STAT asked for no permission, or SHM_STAT_ANY for one.
 */
TEST_F(shmctl, shm_stat_any_needs_no_permission)
{
	struct shmid_ds ds;

	make_key(KEY, PAGE, 0);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, ctl(0, IPC_STAT, &ds));
		EXPECT_EQ(-EACCES, ctl(0, SHM_STAT, &ds));
		EXPECT_EQ(0, ctl(0, SHM_STAT_ANY, &ds));
		EXPECT_EQ(KEY, ds.shm_perm.__key);
		_exit(0);
	}
}

/*
 * shmctl: IPC_INFO tells the limits, and sets every byte of its struct.
 * history: Bytes that nobody had set were copied to user space.
 */
TEST_F(shmctl, ipc_info_every_byte)
{
	struct shminfo want, got;

	memset(&want, 0, sizeof(want));
	want.shmmax = 7 * PAGE;
	want.shmall = 700;
	want.shmmni = 70;
	want.shmseg = 70;
	want.shmmin = 1;
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmax", want.shmmax));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmall", want.shmall));
	ASSERT_EQ(0, write_number("/proc/sys/kernel/shmmni", want.shmmni));
	memset(&got, POISON, sizeof(got));
	EXPECT_EQ(0, ctl(0, IPC_INFO, (void *)&got));
	expect_bytes(_metadata, &want, &got, sizeof(got));
}

/*
 * shmctl: SHM_INFO tells segments, pages and resident pages, and sets
 * every byte of its struct.
 * history: Bytes that nobody had set were copied to user space.
 * history: Anybody could remove a segment, sums were wrong, the creator
 * lost his rights.
 */
TEST_F(shmctl, shm_info_every_byte)
{
	struct shm_info want, got;
	char *p = attach(make_key(KEY, 2 * PAGE + 1, 0600));

	p[0] = 1;
	p[2 * PAGE] = 1;
	make(5);
	memset(&want, 0, sizeof(want));
	want.used_ids = 2;
	want.shm_tot = 8;
	want.shm_rss = 2;
	memset(&got, POISON, sizeof(got));
	EXPECT_EQ(1, ctl(0, SHM_INFO, (void *)&got));
	expect_bytes(_metadata, &want, &got, sizeof(got));
}

/* shmctl: IPC_INFO and SHM_INFO take any id that is not negative. */
TEST_F(shmctl, info_id_not_looked_at)
{
	struct shminfo info;

	EXPECT_EQ(0, ctl(0, IPC_INFO, &info));
	EXPECT_EQ(0, ctl(12345, IPC_INFO, &info));
	EXPECT_EQ(0, ctl(INT_MAX, SHM_INFO, &info));
}

/* shmctl: IPC_INFO and SHM_INFO ask for no permission. */
TEST_F(shmctl, info_needs_no_permission)
{
	struct shminfo info;

	make_key(KEY, PAGE, 0);
	make_key(KEY + 1, PAGE, 0);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(1, ctl(0, IPC_INFO, &info));
		EXPECT_EQ(1, ctl(0, SHM_INFO, &info));
		_exit(0);
	}
}

/*
 * shmctl: The resident pages that SHM_INFO tells grow with each page
 * written, and fall when pages are freed.
 * history: Adding up read inodes of another kind, in a kernel without
 * shmem.
 */
TEST_F(shmctl, shm_info_resident_follows_touching)
{
	struct shm_info info;
	char *p = attach(make(64));
	int i;

	for (i = 0; i < 64; i++) {
		EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
		ASSERT_EQ(i, info.shm_rss);
		p[i * PAGE] = 1;
	}
	ASSERT_EQ(0, madvise(p, 32 * PAGE, MADV_REMOVE));
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(32, info.shm_rss);
	EXPECT_EQ(64, info.shm_tot);
}

static struct shmid_ds owner(uid_t uid, gid_t gid, int mode)
{
	struct shmid_ds ds;

	memset(&ds, POISON, sizeof(ds));
	ds.shm_perm.uid = uid;
	ds.shm_perm.gid = gid;
	ds.shm_perm.mode = mode;
	return ds;
}

/*
 * shmctl: IPC_SET changes user, group, the nine mode bits and ctime, and
 * nothing else.
 */
TEST_F(shmctl, ipc_set_changes_three_fields_and_ctime)
{
	struct shmid_ds ds = owner(ALICE, STAFF, 0123), before, after;
	time_t now;

	attach(make_key(KEY, PAGE, 0600));
	before = stat_of(0);
	now = next_second();
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	after = stat_of(0);
	EXPECT_LE(now, after.shm_ctime);
	EXPECT_EQ(ALICE, after.shm_perm.uid);
	EXPECT_EQ(STAFF, after.shm_perm.gid);
	EXPECT_EQ(0123, after.shm_perm.mode);
	before.shm_ctime = after.shm_ctime;
	before.shm_perm.uid = ALICE;
	before.shm_perm.gid = STAFF;
	before.shm_perm.mode = 0123;
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
}

/*
 * shmctl: IPC_SET keeps the marks SHM_DEST and SHM_LOCKED, and can't set
 * them.
 */
TEST_F(shmctl, ipc_set_keeps_mode_marks)
{
	struct shmid_ds ds = owner(ROOT, ROOT, 0xfe00 | 0640);

	attach(make(1));
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	EXPECT_EQ(0640, stat_of(0).shm_perm.mode);
	EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
	rmid(0);
	ds = owner(ROOT, ROOT, 0600);
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	EXPECT_EQ(DEST | SHM_LOCKED | 0600, stat_of(0).shm_perm.mode);
	EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
}

/*
 * shmctl: IPC_SET is EINVAL for a negative id, then EFAULT, EINVAL for the
 * id, EPERM, and EINVAL for a wrong user.
 */
TEST_F(shmctl, ipc_set_order_efault_einval_eperm_einval)
{
	struct shmid_ds ds = owner(-1, -1, 0666);

	make(1);
	EXPECT_EQ(-EFAULT, ctl(1, IPC_SET, BAD_POINTER));
	EXPECT_EQ(-EINVAL, ctl(-1, IPC_SET, BAD_POINTER));
	EXPECT_EQ(-EINVAL, ctl(1, IPC_SET, &ds));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EFAULT, ctl(0, IPC_SET, BAD_POINTER));
		EXPECT_EQ(-EINVAL, ctl(1, IPC_SET, &ds));
		EXPECT_EQ(-EPERM, ctl(0, IPC_SET, &ds));
		_exit(0);
	}
	EXPECT_UNCHANGED(-EINVAL, 0, IPC_SET, &ds);
}

/*
 * shmctl: A user or group of -1 is EINVAL, and changes nothing.
 * history: A user that is not mapped became the owner.
 */
TEST_F(shmctl, ipc_set_invalid_owner_einval)
{
	struct shmid_ds uid = owner(-1, STAFF, 0666);
	struct shmid_ds gid = owner(ALICE, -1, 0666);

	make(1);
	EXPECT_UNCHANGED(-EINVAL, 0, IPC_SET, &uid);
	EXPECT_UNCHANGED(-EINVAL, 0, IPC_SET, &gid);
}

/* shmctl: A mode that was set counts for the next attach. */
TEST_F(shmctl, ipc_set_mode_decides_at_once)
{
	struct shmid_ds ds = owner(ROOT, ROOT, 0666);

	make(1);
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_EQ(-EACCES, at(0, NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	if (in_child()) {
		become(ALICE, STAFF);
		EXPECT_LT(0, at(0, NULL, 0));
		_exit(0);
	}
}

/* shmctl: Attaching, locking and removing do not change ctime. */
TEST_F(shmctl, only_set_touches_ctime)
{
	struct shmid_ds ds;
	time_t created;

	attach(make(1));
	created = stat_of(0).shm_ctime;
	next_second();
	EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
	EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
	EXPECT_EQ(0, ctl(0, SHM_STAT, &ds));
	attach(0);
	rmid(0);
	EXPECT_EQ(created, stat_of(0).shm_ctime);
}

/*
 * shmctl: Times beyond the year 2038 are told in full.
 * history: Times lost what does not fit into 32 bits.
 */
TEST_F(shmctl, times_beyond_2038_kept)
{
	struct timespec now, later = { .tv_sec = (time_t)5000000000 };
	struct shmid_ds ds;
	struct line line;

	if (sizeof(time_t) < 8)
		SKIP(return, "time_t has 32 bits here");
	ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &now));
	ASSERT_EQ(0, clock_settime(CLOCK_REALTIME, &later));
	detach(attach(make(1)));
	ds = stat_of(0);
	EXPECT_TRUE(listing_find(0, &line));
	ASSERT_EQ(0, clock_settime(CLOCK_REALTIME, &now));
	EXPECT_LE(later.tv_sec, ds.shm_ctime);
	EXPECT_LE(later.tv_sec, ds.shm_atime);
	EXPECT_LE(later.tv_sec, ds.shm_dtime);
	EXPECT_GT(later.tv_sec + 1000, ds.shm_dtime);
	EXPECT_EQ(ds.shm_ctime, line.ctime);
	EXPECT_EQ(ds.shm_atime, line.atime);
	EXPECT_EQ(ds.shm_dtime, line.dtime);
}

/* shmctl: SHM_LOCK, SHM_UNLOCK and IPC_RMID do not look at the buffer. */
TEST_F(shmctl, lock_and_rmid_ignore_buffer)
{
	make(1);
	EXPECT_EQ(0, ctl(0, SHM_LOCK, BAD_POINTER));
	EXPECT_EQ(0, ctl(0, SHM_UNLOCK, BAD_POINTER));
	EXPECT_EQ(0, ctl(0, IPC_RMID, BAD_POINTER));
}

/* shmctl: The buffer of IPC_STAT can be in the segment itself. */
TEST_F(shmctl, buffer_inside_the_segment_filled)
{
	struct shmid_ds *in = (void *)attach(make(1));

	EXPECT_EQ(0, ctl(0, IPC_STAT, in));
	EXPECT_EQ(1, in->shm_nattch);
	EXPECT_EQ(PAGE, in->shm_segsz);
}

/*
 * shmctl: SHM_INFO adds up the pages of many segments, with gaps between
 * them.
 *
 * There are more segments than are added up in one go.
 */
TEST_F(shmctl, info_adds_up_pages_of_many_segments)
{
	const int count = 600, removed[] = { 0, 254, 255, 256, 257, 258, 599 };
	int i, gaps = sizeof(removed) / sizeof(*removed);
	struct shm_info info;
	int ids[count];
	char *p;

	for (i = 0; i < count; i++) {
		ids[i] = make(1);
		p = attach(ids[i]);
		*p = 1;
		detach(p);
	}
	ASSERT_LE(0, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(count, info.shm_rss);
	for (i = 0; i < gaps; i++)
		ASSERT_EQ(0, ctl(ids[removed[i]], IPC_RMID, NULL));
	EXPECT_EQ(count - 2, ctl(0, SHM_INFO, &info));
	EXPECT_EQ(count - gaps, info.shm_rss);
	EXPECT_EQ(count - gaps, info.used_ids);
}

/*
 * shmctl: SHM_INFO returns the highest index in use, also when there are
 * gaps below it.
 */
TEST_F(shmctl, info_tells_highest_index_beside_gaps)
{
	const int count = 100, step = 7;
	struct shm_info info;
	int ids[count], i;

	for (i = 0; i < count; i++)
		ids[i] = make(1);
	for (i = 0; i < count; i++)
		if (i % step)
			ASSERT_EQ(0, ctl(ids[i], IPC_RMID, NULL));
	for (i = (count - 1) / step * step; i >= 0; i -= step) {
		EXPECT_EQ(i, ctl(0, SHM_INFO, &info));
		ASSERT_EQ(0, ctl(ids[i], IPC_RMID, NULL));
	}
	EXPECT_EQ(0, ctl(0, SHM_INFO, &info));
}

/*
 * shmctl: Where root has mapped page 0, a buffer at address 0 is one like
 * any other.
 */
TEST_F(shmctl, mapped_page_zero_is_a_buffer)
{
	struct shmid_ds ds, *volatile null = NULL;
	int id = make_key(KEY, 3 * PAGE, 0640);

	EXPECT_EQ(-EFAULT, ctl(id, IPC_STAT, null));
	EXPECT_EQ(-EFAULT, ctl(id, IPC_SET, null));
	EXPECT_EQ(-EFAULT, ctl(id, IPC_INFO, null));
	ASSERT_EQ(NULL, mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(0, ctl(id, IPC_STAT, null));
	memcpy(&ds, null, sizeof(ds));
	EXPECT_EQ(3 * PAGE, ds.shm_segsz);
	ds.shm_perm.mode = 0604;
	memcpy(null, &ds, sizeof(ds));
	EXPECT_EQ(0, ctl(id, IPC_SET, null));
	EXPECT_EQ(0604, stat_of(id).shm_perm.mode);
	EXPECT_EQ(0, ctl(id, IPC_INFO, null));
	EXPECT_EQ(0, ctl(id, SHM_INFO, null));
	munmap(null, PAGE);
}

TEST_HARNESS_MAIN
