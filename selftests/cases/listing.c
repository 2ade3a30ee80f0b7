// SPDX-License-Identifier: GPL-2.0
/* The listing: /proc/sysvipc/shm, and kshm's in the same format. */
#include <sys/stat.h>

#include "cases.h"

#define HEADER								\
	"       key      shmid perms                  size  cpid  lpid "	\
	"nattch   uid   gid  cuid  cgid      atime      dtime      "	\
	"ctime                   rss                  swap\n"
#define LINE								\
	"%10d %10d  %4o %21zu %5u %5u  %5lu %5u %5u %5u %5u "		\
	"%10llu %10llu %10llu %21lu %21lu\n"

FIXTURE_BOTH(listing);

static char whole[1 << 16];

static size_t read_whole(void)
{
	return slurp(backend->listing, whole, sizeof(whole));
}

static int open_listing(void)
{
	int fd = open(backend->listing, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("opening %s", backend->listing);
	return fd;
}

/* Reads the rest of the listing in pieces of @piece bytes. */
static size_t read_pieces(int fd, char *buf, size_t size, size_t piece)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read(fd, buf + have, have + piece < size ? piece : 0);
		if (n < 0)
			die("reading %s", backend->listing);
		have += n;
	} while (n);
	buf[have] = '\0';
	return have;
}

/*
 * The line that a segment must have, given what IPC_STAT reports and how many
 * of its pages were written.
 */
static const char *line_of(int id, unsigned long touched)
{
	static char text[512];
	struct shmid_ds ds = stat_of(id);
	struct ipc_perm *perm = &ds.shm_perm;

	snprintf(text, sizeof(text), LINE, perm->__key, id, perm->mode,
		 ds.shm_segsz, ds.shm_cpid, ds.shm_lpid, ds.shm_nattch,
		 perm->uid, perm->gid, perm->cuid, perm->cgid,
		 (long long)ds.shm_atime, (long long)ds.shm_dtime,
		 (long long)ds.shm_ctime, touched * PAGE, 0UL);
	return text;
}

static void make_some(int n)
{
	while (n--)
		make_key(0x10000 + n, PAGE * (n % 7 + 1), 0600 | n % 8);
}

/* listing: Without segments the listing is its header. */
TEST_F(listing, empty_is_the_header)
{
	EXPECT_EQ(strlen(HEADER), read_whole());
	EXPECT_STREQ(HEADER, whole);
}

/*
 * listing: Everybody can read the listing, and nobody can write it; its
 * size is 0.
 */
TEST_F(listing, file_is_readable_by_all_and_no_more)
{
	struct stat st;

	ASSERT_EQ(0, stat(backend->listing, &st));
	EXPECT_EQ(S_IFREG | 0444, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_size);
}

/* listing: Every byte of a line is as IPC_STAT tells, attached or not. */
TEST_F(listing, line_every_byte)
{
	struct shmid_ds ds = { .shm_perm = { .uid = BOB, .gid = GUESTS,
					     .mode = 0421 } };
	char *p;

	if (in_child()) {
		become(ALICE, STAFF);
		make_key(0x12345678, 5 * PAGE + 3, 0777);
		_exit(0);
	}
	p = attach(0);
	p[0] = 1;
	p[4 * PAGE] = 1;
	EXPECT_EQ(0, ctl(0, IPC_SET, &ds));
	EXPECT_EQ(0, ctl(0, SHM_LOCK, NULL));
	read_whole();
	EXPECT_STREQ(line_of(0, 2), whole + strlen(HEADER));
	EXPECT_EQ(0, ctl(0, SHM_UNLOCK, NULL));
	detach(p);
	read_whole();
	EXPECT_STREQ(line_of(0, 2), whole + strlen(HEADER));
}

/*
 * listing: Every byte of the line of a removed segment is as IPC_STAT
 * tells.
 */
TEST_F(listing, line_of_marked_segment_every_byte)
{
	attach(make_key(KEY, PAGE, 0666));
	rmid(0);
	read_whole();
	EXPECT_STREQ(line_of(0, 0), whole + strlen(HEADER));
}

/* listing: Keys are signed decimal numbers. */
TEST_F(listing, key_is_signed_decimal)
{
	make_key(-2, PAGE, 0600);
	make_key(INT_MIN, PAGE, 0600);
	read_whole();
	EXPECT_EQ(0, strncmp(whole + strlen(HEADER), "        -2 ", 11));
	EXPECT_NE(NULL, strstr(whole, "\n-2147483648 "));
}

/* listing: A large number makes its column wider. */
TEST_F(listing, large_numbers_widen_their_column)
{
	if (!TIB)
		SKIP(return, NO_TIB);
	ASSERT_EQ(0, get(KEY, 64 * TIB, IPC_CREAT | SHM_NORESERVE | 0600));
	read_whole();
	EXPECT_STREQ(line_of(0, 0), whole + strlen(HEADER));
}

/* listing: Lines are in the order of their indexes. */
TEST_F(listing, ordered_by_index_not_by_age)
{
	struct line lines[128];
	int i;

	for (i = 0; i < 64; i++)
		make(1);
	rmid(3);
	for (i = 0; i < 32; i++)
		make(1);
	ASSERT_EQ(96 - 1, listing_read(lines, 128));
	for (i = 1; i < 95; i++)
		EXPECT_LT(lines[i - 1].id & 32767, lines[i].id & 32767);
}

/* listing: The listing shows segments that its reader may not attach. */
TEST_F(listing, shows_what_its_reader_may_not_attach)
{
	struct line line;

	make_key(KEY, PAGE, 0);
	if (in_child()) {
		become(ALICE, STAFF);
		ASSERT_TRUE(listing_find(0, &line));
		EXPECT_EQ(KEY, line.key);
		EXPECT_EQ(PAGE, line.size);
		_exit(0);
	}
}

static void expect_pieces(struct __test_metadata *_metadata, size_t piece)
{
	static char text[1 << 16];
	size_t size;
	int fd;

	make_some(20);
	size = read_whole();
	fd = open_listing();
	EXPECT_EQ(size, read_pieces(fd, text, sizeof(text), piece));
	EXPECT_STREQ(whole, text);
	close(fd);
}

/*
 * listing: Reading in pieces of any size gives the whole listing.
 * history: The listing lost or repeated lines when it was read in pieces.
 */
TEST_F(listing, read_by_1_byte_same)
{
	expect_pieces(_metadata, 1);
}

/*
 * listing: Reading in pieces of any size gives the whole listing.
 * history: The listing lost or repeated lines when it was read in pieces.
 */
TEST_F(listing, read_by_40_bytes_same)
{
	expect_pieces(_metadata, 40);
}

/*
 * listing: Reading in pieces of any size gives the whole listing.
 * history: The listing lost or repeated lines when it was read in pieces.
 */
TEST_F(listing, read_by_200_bytes_same)
{
	expect_pieces(_metadata, 200);
}

/* listing: Reading in pieces of any size gives the whole listing. */
TEST_F(listing, read_by_5000_bytes_same)
{
	expect_pieces(_metadata, 5000);
}

/*
 * listing: lseek to any byte gives the rest of the listing.
 * history: The listing lost or repeated lines when it was read in pieces.
 */
TEST_F(listing, seek_anywhere_reads_the_rest)
{
	static char text[1 << 16];
	size_t size, to;
	int fd, i;

	make_some(20);
	size = read_whole();
	fd = open_listing();
	for (i = 0; i < 40; i++) {
		to = dice() % size;
		ASSERT_EQ(to, lseek(fd, to, SEEK_SET));
		EXPECT_EQ(size - to, read_pieces(fd, text, sizeof(text), 333));
		EXPECT_STREQ(whole + to, text);
	}
	close(fd);
}

/*
 * listing: pread gives the bytes at its offset, and nothing behind the
 * end.
 */
TEST_F(listing, pread_reads_at_offset)
{
	char text[301];
	size_t size, to;
	int fd, i;

	make_some(20);
	size = read_whole();
	fd = open_listing();
	for (i = 0; i < 40; i++) {
		to = dice() % (size - 300);
		ASSERT_EQ(300, pread(fd, text, 300, to));
		EXPECT_EQ(0, memcmp(whole + to, text, 300));
	}
	EXPECT_EQ(0, pread(fd, text, 300, size));
	close(fd);
}

/*
 * listing: A listing that is rewound shows segments created since it was
 * opened.
 */
TEST_F(listing, rewound_shows_new_segments)
{
	static char text[1 << 16];
	int fd = open_listing();

	read_pieces(fd, text, sizeof(text), 1000);
	EXPECT_STREQ(HEADER, text);
	make_some(3);
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	read_pieces(fd, text, sizeof(text), 1000);
	read_whole();
	EXPECT_STREQ(whole, text);
	EXPECT_LT(strlen(HEADER), strlen(text));
	close(fd);
}

/*
 * Counts how often each of @n ids occurs in the lines after the first one of
 * @text.
 */
static void count_ids(const char *text, int *count, int n)
{
	int key, id;

	memset(count, 0, n * sizeof(*count));
	while ((text = strchr(text, '\n')) && *++text)
		if (sscanf(text, "%d %d", &key, &id) == 2 && id < n)
			count[id]++;
}

/*
 * listing: Segments removed while the listing is read do not hide others,
 * and none is shown twice.
 * history: The listing lost or repeated lines when it was read in pieces.
 */
TEST_F(listing, removed_while_read_neither_lost_nor_twice)
{
	static char text[1 << 16];
	int count[30], fd, i;
	size_t have;

	make_some(30);
	fd = open_listing();
	have = strlen(HEADER) + 200;
	ASSERT_EQ(have, read(fd, text, have));
	for (i = 5; i < 30; i += 5)
		rmid(i);
	read_pieces(fd, text + have, sizeof(text) - have, 50);
	count_ids(text, count, 30);
	for (i = 0; i < 30; i++)
		EXPECT_EQ(i && i % 5 == 0 ? 0 : 1, count[i]);
	close(fd);
}

/* listing: Reading ends where the rest was removed meanwhile. */
TEST_F(listing, last_removed_while_read_ends)
{
	static char text[1 << 16];
	int count[3], fd, i;
	size_t have = strlen(HEADER);

	make_some(3);
	fd = open_listing();
	ASSERT_EQ(have, read(fd, text, have));
	for (i = 0; i < 3; i++)
		rmid(i);
	read_pieces(fd, text + have, sizeof(text) - have, 50);
	count_ids(text, count, 3);
	EXPECT_GE(1, count[0]);
	EXPECT_EQ(0, count[1] + count[2]);
	close(fd);
}

/* listing: The column rss is the bytes of the pages that were written. */
TEST_F(listing, rss_counts_bytes_of_touched_pages)
{
	char *p = attach(make(8));
	struct line line;
	int i;

	for (i = 0; i <= 8; i++) {
		ASSERT_TRUE(listing_find(0, &line));
		EXPECT_EQ(i * PAGE, line.rss);
		EXPECT_EQ(0, line.swap);
		p[i % 8 * PAGE] = 1;
	}
}

/* listing: An open listing stays in the namespace that it was opened in. */
TEST_F(listing, open_file_stays_in_its_namespace)
{
	static char text[1 << 16];
	int fd;

	make_some(2);
	read_whole();
	fd = open_listing();
	ASSERT_EQ(0, unshare(CLONE_NEWIPC));
	make_some(5);
	read_pieces(fd, text, sizeof(text), 1000);
	EXPECT_STREQ(whole, text);
	close(fd);
	read_whole();
	EXPECT_STRNE(text, whole);
}

/* listing: An open listing keeps a namespace that nobody else is in. */
TEST_F(listing, open_file_keeps_its_namespace)
{
	static char text[1 << 16];
	int fd, i;

	for (i = 0; i < 3; i++) {
		make_some(2);
		read_whole();
		fd = open_listing();
		ASSERT_EQ(0, unshare(CLONE_NEWIPC));
		usleep(100000);
		read_pieces(fd, text, sizeof(text), 1000);
		EXPECT_STREQ(whole, text);
		close(fd);
	}
}

/* Calls that leave lines of every kind. */
static void do_the_same(void)
{
	struct shmid_ds ds = { .shm_perm = { .uid = ALICE, .gid = BOB,
					     .mode = 0604 } };
	char *p;

	make_some(5);
	p = attach(2);
	memset(p, 1, PAGE);
	if (in_child())
		_exit(0);
	if (ctl(3, IPC_SET, &ds) || ctl(3, SHM_LOCK, NULL))
		die("changing a segment");
	attach(4);
	rmid(4);
	rmid(1);
	detach(p);
}

/* The column of the first of the three times in a line. */
#define FIRST_TIME	93
#define TIME_WIDTH	11

/* Times differ, except for those that are 0; the pids are the same. */
static void blank_times(char *text)
{
	int i;

	while ((text = strchr(text, '\n')) && *++text) {
		if (strcspn(text, "\n") < FIRST_TIME + 3 * TIME_WIDTH)
			die("line %s", text);
		for (i = 0; i < 3; i++)
			if (atol(text + FIRST_TIME + i * TIME_WIDTH))
				memset(text + FIRST_TIME + i * TIME_WIDTH, 't',
				       TIME_WIDTH - 1);
	}
}

/*
 * listing: After the same calls the listings of in-tree shm and of kshm
 * are equal byte for byte, except for the times.
 */
TEST_F(listing, both_backends_same_bytes)
{
	const struct backend *ours = backend;
	static char first[1 << 16];

	if (access(intree.listing, F_OK) || access(kshm.listing, F_OK))
		SKIP(return, "this kernel has only one of the backends");
	do_the_same();
	slurp(backend->listing, first, sizeof(first));
	backend = backend == &kshm ? &intree : &kshm;
	do_the_same();
	read_whole();
	backend_sweep();
	backend = ours;
	EXPECT_NE(0, whole[strlen(HEADER)]);
	blank_times(whole);
	blank_times(first);
	EXPECT_STREQ(whole, first);
}

TEST_HARNESS_MAIN
