// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a sequence from a seed. Most operations make sense: their ids and addresses
 * come from slots that probably hold something that exists, by a rough model of
 * what operations do. The others do not make sense, on purpose. Each sequence has a
 * mood, which makes some words frequent.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "kshm.h"
#include "oracle.h"

#define LENGTH_MIN	60
#define LENGTH_MAX	900
#define CROWD		8	/* actors that live at the same time, roughly */

/* The state of a sequence while it is made. */
struct draw {
	uint64_t	random;
	struct sequence	*seq;
	const unsigned char *weights;
	bool		huge;		/* sizes have no limit; nothing is locked */
	bool		truncates;	/* files are truncated: see make_mapfile() */
	bool		crowd;		/* it is for freely.c */
	int		lowered;	/* the sysctl that was lowered, or -1 */
	int		actor;		/* the one that does the operation */
	int		patience;	/* chance that it does the next one, in % */
	int		actors;		/* used slots, including the manager's */
	int		process[ACTORS];	/* the first actor of the process */
	unsigned int	alive;		/* a bit for each living actor */
	unsigned int	segments;	/* a bit for each slot that holds one */
	unsigned int	attached[ACTORS];	/* likewise, for each process */
	int		last_segment;
	int		last_address;
};

uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static long below(struct draw *d, long limit)
{
	return (long)(random_next(&d->random) % (uint64_t)limit);
}

static bool chance(struct draw *d, int percent)
{
	return below(d, 100) < percent;
}

#define PICK(d, array) ((array)[below((d), sizeof(array) / sizeof(*(array)))])

/* ----- values ----- */

static struct value literal(long number)
{
	return (struct value){ .off = number };
}

static struct value in_slot(char base, int slot, long off)
{
	return (struct value){
		.base = base, .slot = (unsigned char)slot, .off = off,
	};
}

/* Return: the number of one of the bits that are set, or -1. */
static int some_bit(struct draw *d, unsigned int bits)
{
	int skip;

	if (!bits)
		return -1;
	for (skip = (int)below(d, __builtin_popcount(bits)); skip; skip--)
		bits &= bits - 1;
	return __builtin_ctz(bits);
}

static unsigned int *attaches(struct draw *d)
{
	return &d->attached[d->process[d->actor]];
}

static struct value some_segment(struct draw *d)
{
	static const long bad[] = {
		-1, -2, 0, 1, 5, 63, 64, 0x7fff, 0x8000, 0x8001, 0x7fffffff,
		-0x7fffffff - 1,
	};
	int slot = some_bit(d, d->segments);

	if (chance(d, 3))
		return literal(PICK(d, bad));
	if (chance(d, 2))
		return in_slot('s', d->last_segment, 0x8000);
	if (slot < 0 || chance(d, 10))
		slot = (int)below(d, SEGMENT_SLOTS);
	else if (chance(d, 40) && d->segments >> d->last_segment & 1)
		slot = d->last_segment;
	return in_slot('s', slot, 0);
}

static struct value new_segment(struct draw *d)
{
	int slot = some_bit(d, ~d->segments & ((1U << SEGMENT_SLOTS) - 1));

	if (slot < 0 || chance(d, 20))
		slot = (int)below(d, SEGMENT_SLOTS);
	d->last_segment = slot;
	return in_slot('s', slot, 0);
}

static struct value new_address(struct draw *d)
{
	int slot = some_bit(d, ~*attaches(d) & ((1U << ADDRESS_SLOTS) - 1));

	if (slot < 0 || chance(d, 10))
		slot = (int)below(d, ADDRESS_SLOTS);
	d->last_address = slot;
	return in_slot('a', slot, 0);
}

static long some_pages(struct draw *d)
{
	static const long pages[] = {
		0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 7, 15, 16, 63,
	};

	return PICK(d, pages) * PAGE;
}

static struct value some_attach(struct draw *d)
{
	unsigned int bits = *attaches(d);
	int slot = some_bit(d, bits);

	if (slot < 0 || chance(d, 8))
		slot = (int)below(d, ADDRESS_SLOTS);
	else if (chance(d, 35) && bits >> d->last_address & 1)
		slot = d->last_address;
	return in_slot('a', slot, 0);
}

/* An address at which a segment may be attached, or now and then one beside it. */
static struct value some_address(struct draw *d)
{
	static const long bad[] = {
		0, 1, 0x800, 0x1000, -1, -0x1000, -0x800000000000,
		0x7ffffffff000, 0x800000000000,
	};
	static const int tame = 7;	/* of these, the first 7 are far from the stack */
	struct value value = some_attach(d);

	if (chance(d, 2))
		return literal(d->crowd ? bad[below(d, tame)] : PICK(d, bad));
	if (chance(d, 6))
		value = in_slot('m', 0, below(d, ARENA_PAGES) * PAGE);
	else if (chance(d, 40))
		value.off = some_pages(d);
	else if (chance(d, 4))
		value.off = -PAGE;
	if (chance(d, 3))
		value.off += 1 + below(d, PAGE - 1);
	return value;
}

static struct value some_length(struct draw *d)
{
	static const long lengths[] = {
		PAGE, PAGE, PAGE, PAGE, 2 * PAGE, 2 * PAGE, 3 * PAGE,
		4 * PAGE, 8 * PAGE, 16 * PAGE, 64 * PAGE, 1, PAGE - 1, PAGE + 1,
		0, -1, -PAGE,
	};

	return literal(PICK(d, lengths));
}

static struct value some_size(struct draw *d, bool may_be_huge)
{
	static const long sizes[] = {
		1, PAGE - 1, PAGE, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE - 1,
		4 * PAGE, 4 * PAGE, 8 * PAGE, 16 * PAGE, 16 * PAGE + 5,
		64 * PAGE,
	};
	static const long odd[] = { 0, 0, -1, -PAGE, 1L << 46, 1L << 62 };
	static const long huge[] = {
		1L << 30, 1L << 30, 1L << 32, 1L << 32, (1L << 40) + 1,
		(1L << 40) + 1, 1L << 44, 1L << 44, 1L << 45, 1L << 45,
		(1L << 47) - PAGE, (1L << 62) + PAGE,
	};

	if (may_be_huge && chance(d, 40))
		return literal(PICK(d, huge));
	if (chance(d, 4))
		return literal(may_be_huge ? 0 : PICK(d, odd));
	return literal(PICK(d, sizes));
}

/* A buffer for shmctl(): good, bad, or good in part. */
static struct value some_buffer(struct draw *d)
{
	static const long places[] = {
		PAGE, PAGE - 8, PAGE - 16, PAGE - 48, PAGE - 64, PAGE - 112,
		PAGE - 104, 2 * PAGE, 2 * PAGE - 8, 1,
	};

	if (d->crowd || chance(d, 80))
		return in_slot('d', 0, below(d, 4) * 256);
	if (chance(d, 60))
		return in_slot('d', 0, PICK(d, places));
	return some_address(d);
}

static struct value some_mode(struct draw *d)
{
	static const long modes[] = {
		0600, 0600, 0666, 0666, 0777, 0, 0400, 0200, 0100, 0700, 0640,
		0660, 0604, 0606, 0007, 0070, 0444, 01666, 02777,
	};

	return literal(PICK(d, modes));
}

static struct value some_id_number(struct draw *d)
{
	static const long ids[] = { 0, 1000, 1000, 1001, 1001, 1002, -1 };

	return literal(PICK(d, ids));
}

/* ----- operations ----- */

static void make_get(struct draw *d, struct op *op)
{
	static const long keys[] = { 0x11, 0x12, 0x13, 0x14, -1, 1 };
	long flags = some_mode(d).off;
	bool noreserve = d->huge && chance(d, 50);

	if (chance(d, 88))
		flags |= IPC_CREAT;
	if (chance(d, 12))
		flags |= IPC_EXCL;
	if (noreserve || chance(d, 3))
		flags |= SHM_NORESERVE;
	if (chance(d, 2))
		flags |= below(d, 0x10000) << 16 & ~SHM_HUGETLB;
	op->arg[0] = literal(chance(d, 55) ? IPC_PRIVATE : PICK(d, keys));
	op->arg[1] = some_size(d, d->huge);
	if (op->arg[0].off && chance(d, 40))
		op->arg[1] = literal(PAGE);
	if (!d->huge && op->arg[1].off == 1L << 46)
		flags &= ~SHM_NORESERVE;
	op->arg[2] = literal(flags);
	op->arg[3] = new_segment(d);
	if ((flags & IPC_CREAT || !op->arg[0].off) && op->arg[1].off > 0)
		d->segments |= 1U << op->arg[3].slot;
}

static void make_at(struct draw *d, struct op *op)
{
	static const long flags[] = {
		SHM_RND, SHM_REMAP, SHM_REMAP, SHM_REMAP | SHM_RND,
		SHM_RDONLY | SHM_REMAP, SHM_RDONLY, SHM_EXEC,
		SHM_RDONLY | SHM_EXEC, 0777,
	};
	static const int needs_address = 5;	/* so many of them need one */

	op->arg[0] = some_segment(d);
	if (chance(d, 35))
		op->arg[1] = some_address(d);
	if (op->arg[1].base == 'a' && chance(d, 65))
		op->arg[1] = in_slot('m', 0, below(d, ARENA_PAGES) * PAGE);
	if ((op->arg[1].base && chance(d, 60)) || chance(d, 4))
		op->arg[2] = literal(PICK(d, flags));
	else if (chance(d, 30))
		op->arg[2] = literal(flags[needs_address + below(d, 4)]);
	op->arg[3] = new_address(d);
	*attaches(d) |= 1U << op->arg[3].slot;
}

static void make_dt(struct draw *d, struct op *op)
{
	op->arg[0] = chance(d, 80) ? some_attach(d) : some_address(d);
	if (op->arg[0].base == 'a' && !op->arg[0].off && chance(d, 80))
		*attaches(d) &= ~(1U << op->arg[0].slot);
}

static void make_ctl(struct draw *d, struct op *op)
{
	static const long commands[] = {
		IPC_RMID, IPC_RMID, IPC_RMID, IPC_RMID, IPC_RMID, IPC_STAT, IPC_STAT,
		IPC_STAT, IPC_INFO, SHM_LOCK, SHM_LOCK, SHM_UNLOCK, SHM_STAT,
		SHM_STAT_ANY, SHM_INFO, SHM_INFO,
	};
	static const long odd[] = {
		-1, 4, 10, 16, 17, 99, 0x100 | IPC_STAT, 0x7fffffff,
	};

	op->arg[0] = some_segment(d);
	op->arg[1] = literal(chance(d, 4) ? PICK(d, odd) : PICK(d, commands));
	op->arg[2] = some_buffer(d);
	if (op->arg[1].off == SHM_LOCK && d->truncates)
		op->arg[1].off = SHM_UNLOCK;
	if (op->arg[1].off == IPC_RMID && op->arg[0].base && chance(d, 70))
		d->segments &= ~(1U << op->arg[0].slot);
	if ((op->arg[1].off == SHM_STAT || op->arg[1].off == SHM_STAT_ANY ||
	     op->arg[1].off == SHM_INFO || op->arg[1].off == IPC_INFO) &&
	    chance(d, 60))
		op->arg[0] = literal(below(d, 12));
}

static void make_set(struct draw *d, struct op *op)
{
	op->arg[0] = some_segment(d);
	op->arg[1] = some_id_number(d);
	op->arg[2] = some_id_number(d);
	op->arg[3] = some_mode(d);
	op->arg[4] = some_buffer(d);
}

static void make_churn(struct draw *d, struct op *op)
{
	op->arg[0] = literal(1 + below(d, 70));
}

/* At the beginning or end of a page, or near it. */
static void make_access(struct draw *d, struct op *op)
{
	static const long offsets[] = {
		0, 0, 0, 1, 0x7ff, 0x800, 0xffe, 0xfff, 0x1000,
	};

	op->arg[0] = chance(d, 90) ? some_attach(d) : some_address(d);
	if (op->arg[0].base)
		op->arg[0].off = PICK(d, offsets) +
				 (chance(d, 40) ? some_pages(d) : 0);
	if (chance(d, 3))
		op->arg[0].off = -1;
	if (op->code == OP_POKE || op->code == OP_FORCE)
		op->arg[1] = literal(chance(d, 40) ? 0xc3 : below(d, 256));
}

static long some_protection(struct draw *d)
{
	static const long protections[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
		PROT_READ, PROT_NONE, PROT_WRITE, PROT_EXEC,
		PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
	};

	return PICK(d, protections);
}

static void make_range(struct draw *d, struct op *op)
{
	static const long advice[] = {
		MADV_DONTFORK, MADV_DONTFORK, MADV_DOFORK, MADV_REMOVE,
		MADV_REMOVE, MADV_DONTNEED, MADV_DONTNEED, MADV_NORMAL,
		MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_FREE,
		MADV_MERGEABLE, MADV_HUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
		MADV_WIPEONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, 999,
	};
	static const long sync[] = {
		MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE,
		MS_SYNC | MS_ASYNC,
	};

	op->arg[0] = some_address(d);
	op->arg[1] = some_length(d);
	/* That would be advice on the whole address space. */
	if (op->code == OP_MADVISE && op->arg[1].off == -PAGE)
		op->arg[1].off = -1;
	if (op->code == OP_MPROTECT)
		op->arg[2] = literal(some_protection(d));
	else if (op->code == OP_MADVISE)
		op->arg[2] = literal(PICK(d, advice));
	if (op->code == OP_MADVISE && d->crowd &&
	    op->arg[2].off == MADV_PAGEOUT)
		op->arg[2].off = MADV_COLD;
	else if (op->code == OP_MSYNC)
		op->arg[2] = literal(PICK(d, sync));
	else if (op->code == OP_MBIND)
		op->arg[2] = literal(below(d, 4));
}

/*
 * When in-tree shm unlocks a segment, it takes back the charge for the size that the
 * file has then. If that has changed, the kernel warns. So in a sequence that
 * truncates files no segment is locked.
 */
static void make_mapfile(struct draw *d, struct op *op)
{
	op->arg[0] = some_attach(d);
	op->arg[1] = literal(-1);
	if (d->truncates && chance(d, 40))
		op->arg[1] = literal(below(d, 20) * PAGE);
	if (chance(d, 10) && op->arg[1].off > 0)
		op->arg[1].off -= below(d, PAGE);
}

static void make_readv(struct draw *d, struct op *op)
{
	op->arg[0] = in_slot(0, some_bit(d, d->alive), 0);
	op->arg[1] = some_attach(d);
	op->arg[1].off = some_pages(d);
}

static void make_mmap(struct draw *d, struct op *op)
{
	static const long flags[] = {
		MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, 0,
	};

	op->arg[0] = some_address(d);
	op->arg[1] = literal((1 + below(d, 8)) * PAGE);
	op->arg[2] = literal(some_protection(d));
	op->arg[3] = literal(MAP_PRIVATE | MAP_ANONYMOUS | PICK(d, flags));
	op->arg[4] = new_address(d);
}

static void make_mremap(struct draw *d, struct op *op)
{
	static const long flags[] = {
		0, MREMAP_MAYMOVE, MREMAP_MAYMOVE, MREMAP_MAYMOVE,
		MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, 8,
	};

	op->arg[0] = some_address(d);
	op->arg[1] = some_length(d);
	op->arg[2] = chance(d, 50) ? op->arg[1] : some_length(d);
	if (chance(d, 12))
		op->arg[1] = literal(0);
	op->arg[3] = literal(PICK(d, flags));
	op->arg[4] = in_slot('m', 0, below(d, ARENA_PAGES) * PAGE);
	if (chance(d, 15))
		op->arg[4] = some_address(d);
	op->arg[5] = new_address(d);
}

static void make_remap(struct draw *d, struct op *op)
{
	op->arg[0] = some_address(d);
	op->arg[1] = some_length(d);
	op->arg[2] = literal(chance(d, 92) ? 0 : some_protection(d));
	op->arg[3] = literal(chance(d, 95) ? below(d, 18) : 1L << 50);
	op->arg[4] = literal(chance(d, 92) ? 0 : MAP_SHARED);
}

static void make_actor(struct draw *d, struct op *op)
{
	int slot = d->actors;

	op->arg[0] = in_slot(0, slot, 0);
	if (slot == ACTORS - 1)
		return;
	d->actors++;
	d->alive |= 1U << slot;
	d->process[slot] = op->code == OP_FORK ? slot : d->process[d->actor];
	if (op->code == OP_FORK)
		d->attached[slot] = *attaches(d);
}

static void end_process(struct draw *d, int process, int survivor)
{
	int i;

	for (i = 1; i < d->actors; i++)
		if (d->process[i] == process && i != survivor)
			d->alive &= ~(1U << i);
}

static void make_exec(struct draw *d, struct op *op)
{
	(void)op;
	end_process(d, d->process[d->actor], d->actor);
	*attaches(d) = 0;
}

static void make_exit(struct draw *d, struct op *op)
{
	(void)op;
	if (d->process[d->actor] == d->actor)
		end_process(d, d->actor, 0);
	d->alive &= ~(1U << d->actor);
}

/* Kill a process, but seldom the first one. */
static void make_kill(struct draw *d, struct op *op)
{
	unsigned int others = d->alive & ~2U;
	int who = some_bit(d, others && chance(d, 95) ? others : d->alive);

	op->arg[0] = in_slot(0, who, 0);
	end_process(d, d->process[who], 0);
}

static void make_ids(struct draw *d, struct op *op)
{
	struct value id = some_id_number(d);
	int i;

	for (i = 0; i < 3; i++)
		op->arg[i] = chance(d, 70) ? id : some_id_number(d);
}

static void make_flag(struct draw *d, struct op *op)
{
	op->arg[0] = literal(below(d, op->code == OP_MLOCKALL ? 8 : 2));
}

static void make_capdrop(struct draw *d, struct op *op)
{
	static const long caps[] = {
		CAP_IPC_LOCK, CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_IPC_OWNER,
		CAP_SYS_ADMIN, CAP_SYS_ADMIN, CAP_SYS_RAWIO, CAP_SYS_RESOURCE,
		CAP_DAC_OVERRIDE, CAP_SETUID, CAP_SETGID, CAP_CHOWN, CAP_FOWNER,
		CAP_KILL,
	};

	op->arg[0] = literal(PICK(d, caps));
}

/*
 * Without user namespaces the sides have the same users, and count against the same
 * limits. Then a limit is used only if every operation exceeds it, or none does.
 */
static void make_rlimit(struct draw *d, struct op *op)
{
	static const long resources[] = {
		RLIMIT_MEMLOCK, RLIMIT_MEMLOCK, RLIMIT_MEMLOCK, RLIMIT_NPROC,
		RLIMIT_AS, RLIMIT_DATA,
	};
	static const long limits[] = {
		0, 1, PAGE - 1, PAGE, 2 * PAGE, 4 * PAGE, 8 * PAGE, 17 * PAGE,
		64 * PAGE,
	};
	long of = PICK(d, resources), limit = PICK(d, limits);

	if (of == RLIMIT_NPROC)
		limit = d->seq->world.userns ? below(d, 6) : -1;
	else if (of == RLIMIT_MEMLOCK && !d->seq->world.userns)
		limit = 0;
	op->arg[0] = literal(of);
	op->arg[1] = literal(chance(d, 50) ? -1 : limit);
}

static void make_room(struct draw *d, struct op *op)
{
	op->arg[0] = literal(chance(d, 50) ? 1L << 30 : below(d, 20));
}

static void make_maproom(struct draw *d, struct op *op)
{
	op->arg[0] = literal(chance(d, 55) ? 60000 : below(d, 6));
}

static void make_sysctl(struct draw *d, struct op *op)
{
	static const long sizes[] = {
		0, PAGE, 2 * PAGE, 16 * PAGE, 64 * PAGE, -1, -1, -1, -1,
		(-1UL) - (1UL << 24), (-1UL) - (1UL << 24),
	};
	static const long numbers[] = {
		0, 2, 10, 40, 4096, 4096, 4096, 4096, 32768, 32769, -1,
	};
	long name = below(d, 4), value = PICK(d, numbers);

	if (name == 0)
		value = PICK(d, sizes);
	else if (name == 1 && chance(d, 60))
		value = -1;
	else if (name == 3)
		value = below(d, 4) ? 0 : below(d, 4);
	op->arg[0] = literal(name);
	op->arg[1] = literal(value);
	d->lowered = (int)name;
}

static void make_restore(struct draw *d, struct op *op)
{
	static const long usual[] = {
		(-1UL) - (1UL << 24), (-1UL) - (1UL << 24), 4096, 0,
	};

	op->code = OP_SYSCTL;
	op->actor = 1;
	op->arg[0] = literal(d->lowered);
	op->arg[1] = literal(usual[d->lowered]);
	d->lowered = -1;
}

/* ----- operations that only kshm has ----- */

static void make_fd(struct draw *d, struct op *op)
{
	op->arg[0] = some_segment(d);
	op->arg[1] = literal(chance(d, 70) ? O_RDWR : O_RDONLY);
	op->arg[2] = literal(below(d, SEGMENT_FILES));
}

static void make_mapfd(struct draw *d, struct op *op)
{
	op->arg[0] = literal(below(d, SEGMENT_FILES));
	if (chance(d, 40))
		op->arg[1] = in_slot('m', 0, below(d, ARENA_PAGES) * PAGE);
	op->arg[2] = some_length(d);
	op->arg[3] = literal(chance(d, 60) ? PROT_READ : some_protection(d));
	op->arg[4] = literal(chance(d, 50) ? 0 : below(d, 16));
	op->arg[5] = new_address(d);
}

static void make_closefd(struct draw *d, struct op *op)
{
	op->arg[0] = literal(below(d, SEGMENT_FILES + OWNERS + OBJECT_FILES));
}

static void make_who(struct draw *d, struct op *op)
{
	op->arg[0] = some_segment(d);
}

static void make_grow(struct draw *d, struct op *op)
{
	op->arg[0] = some_segment(d);
	op->arg[1] = literal(1 + below(d, ARENA_PAGES * PAGE));
	if (chance(d, 30))
		op->arg[1] = literal(0);
}

static void make_named(struct draw *d, struct op *op)
{
	static const long hows[] = {
		0, 0, KSHM_TRANSIENT, KSHM_UNIQUE, KSHM_PREALLOC,
		KSHM_TRANSIENT | KSHM_UNIQUE, KSHM_HUGE,
	};
	long flags = some_mode(d).off;

	if (chance(d, 80))
		flags |= IPC_CREAT;
	if (chance(d, 12))
		flags |= IPC_EXCL;
	op->arg[0] = literal(below(d, SEGMENT_NAMES + 1) - 1);
	op->arg[1] = literal(chance(d, 60) ? PAGE : 1 + below(d, 16 * PAGE));
	op->arg[2] = literal(flags);
	op->arg[3] = literal(PICK(d, hows));
	op->arg[4] = literal(chance(d, 70) ? -1 :
			     SEGMENT_FILES + below(d, OWNERS));
	op->arg[5] = new_segment(d);
}

static void make_owner(struct draw *d, struct op *op)
{
	op->arg[0] = literal(SEGMENT_FILES + below(d, OWNERS));
}

static void make_open(struct draw *d, struct op *op)
{
	static const long flags[] = {
		O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT,
		O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_CREAT | O_TRUNC,
	};

	op->arg[0] = literal(below(d, OBJECT_NAMES));
	op->arg[1] = literal(PICK(d, flags));
	op->arg[2] = literal(SEGMENT_FILES + OWNERS + below(d, OBJECT_FILES));
}

static void make_unlink(struct draw *d, struct op *op)
{
	op->arg[0] = literal(below(d, OBJECT_NAMES));
}

static void make_nothing(struct draw *d, struct op *op)
{
	(void)d;
	(void)op;
}

static void (*const makers[OP_WORDS])(struct draw *d, struct op *op) = {
	[OP_GET] = make_get,		[OP_AT] = make_at,
	[OP_DT] = make_dt,		[OP_CTL] = make_ctl,
	[OP_SET] = make_set,		[OP_CHURN] = make_churn,
	[OP_PEEK] = make_access,	[OP_POKE] = make_access,
	[OP_CALL] = make_access,	[OP_SUM] = make_nothing,
	[OP_MMAP] = make_mmap,		[OP_MUNMAP] = make_range,
	[OP_MPROTECT] = make_range,	[OP_MREMAP] = make_mremap,
	[OP_REMAP] = make_remap,	[OP_MADVISE] = make_range,
	[OP_MLOCK] = make_range,	[OP_MUNLOCK] = make_range,
	[OP_MLOCKALL] = make_flag,	[OP_MUNLOCKALL] = make_nothing,
	[OP_MSYNC] = make_range,	[OP_MINCORE] = make_range,
	[OP_MBIND] = make_range,	[OP_MSEAL] = make_range,
	[OP_UFFD] = make_range,		[OP_FORCE] = make_access,
	[OP_MAPFILE] = make_mapfile,	[OP_READV] = make_readv,
	[OP_CLOSE] = make_nothing,	[OP_FORK] = make_actor,
	[OP_THREAD] = make_actor,	[OP_EXEC] = make_exec,
	[OP_EXIT] = make_exit,		[OP_KILL] = make_kill,
	[OP_SETUID] = make_ids,		[OP_SETGID] = make_ids,
	[OP_SETGROUPS] = make_ids,	[OP_KEEPCAPS] = make_flag,
	[OP_CAPDROP] = make_capdrop,	[OP_RLIMIT] = make_rlimit,
	[OP_ROOM] = make_room,		[OP_MAPROOM] = make_maproom,
	[OP_SYSCTL] = make_sysctl,	[OP_NEWIPC] = make_nothing,
	[OP_NEWUSER] = make_nothing,
	[OP_FD] = make_fd,		[OP_MAPFD] = make_mapfd,
	[OP_CLOSEFD] = make_closefd,	[OP_WHO] = make_who,
	[OP_GROW] = make_grow,		[OP_NAMED] = make_named,
	[OP_OWNER] = make_owner,	[OP_OPEN] = make_open,
	[OP_UNLINK] = make_unlink,
};

/* ----- moods ----- */

enum mood { MIXED, MAPPINGS, USERS, LIMITS, PROCESSES, HUGE, MOODS, FREELY = MOODS };

#define CALLS \
	[OP_GET] = 40, [OP_AT] = 45, [OP_DT] = 25, [OP_CTL] = 45, \
	[OP_SET] = 8, [OP_PEEK] = 10, [OP_POKE] = 18

static const unsigned char weights[MOODS + 1][OP_WORDS] = {
	[MIXED] = {
		CALLS, [OP_CHURN] = 1, [OP_CALL] = 3, [OP_SUM] = 2,
		[OP_MMAP] = 6, [OP_MUNMAP] = 12, [OP_MPROTECT] = 12,
		[OP_MREMAP] = 12, [OP_REMAP] = 6, [OP_MADVISE] = 12,
		[OP_MLOCK] = 4, [OP_MUNLOCK] = 3, [OP_MLOCKALL] = 1,
		[OP_MUNLOCKALL] = 1, [OP_MSYNC] = 2, [OP_MINCORE] = 3,
		[OP_MBIND] = 2, [OP_MSEAL] = 1, [OP_UFFD] = 1, [OP_FORCE] = 2,
		[OP_MAPFILE] = 2, [OP_READV] = 2, [OP_CLOSE] = 1, [OP_FORK] = 8,
		[OP_THREAD] = 3, [OP_EXEC] = 2, [OP_EXIT] = 3, [OP_KILL] = 4,
		[OP_SETUID] = 3, [OP_SETGID] = 2, [OP_SETGROUPS] = 1,
		[OP_KEEPCAPS] = 1, [OP_CAPDROP] = 2, [OP_RLIMIT] = 2,
		[OP_ROOM] = 1, [OP_MAPROOM] = 1, [OP_SYSCTL] = 2,
		[OP_NEWIPC] = 1, [OP_NEWUSER] = 1,
	},
	[MAPPINGS] = {
		CALLS, [OP_CALL] = 4, [OP_SUM] = 3, [OP_MMAP] = 20,
		[OP_MUNMAP] = 40, [OP_MPROTECT] = 40, [OP_MREMAP] = 50,
		[OP_REMAP] = 25, [OP_MADVISE] = 35, [OP_MLOCK] = 10,
		[OP_MUNLOCK] = 8, [OP_MLOCKALL] = 1, [OP_MUNLOCKALL] = 1,
		[OP_MSYNC] = 3, [OP_MINCORE] = 4, [OP_MBIND] = 4,
		[OP_MSEAL] = 1, [OP_UFFD] = 2, [OP_FORCE] = 5,
		[OP_MAPFILE] = 6, [OP_READV] = 2, [OP_FORK] = 5,
		[OP_THREAD] = 3, [OP_EXEC] = 1, [OP_EXIT] = 2, [OP_KILL] = 2,
	},
	[USERS] = {
		CALLS, [OP_CHURN] = 1, [OP_MINCORE] = 6, [OP_MAPFILE] = 3,
		[OP_READV] = 3, [OP_CLOSE] = 1, [OP_FORK] = 12,
		[OP_THREAD] = 4, [OP_EXEC] = 3, [OP_EXIT] = 2, [OP_KILL] = 2,
		[OP_SETUID] = 12, [OP_SETGID] = 8, [OP_SETGROUPS] = 6,
		[OP_KEEPCAPS] = 4, [OP_CAPDROP] = 12, [OP_RLIMIT] = 6,
		[OP_NEWIPC] = 2, [OP_NEWUSER] = 2, [OP_MLOCK] = 4,
		[OP_MADVISE] = 4, [OP_MPROTECT] = 4,
	},
	[LIMITS] = {
		CALLS, [OP_CHURN] = 2, [OP_MUNMAP] = 10, [OP_MPROTECT] = 15,
		[OP_MREMAP] = 15, [OP_REMAP] = 5, [OP_MLOCK] = 12,
		[OP_MUNLOCK] = 5, [OP_MLOCKALL] = 8, [OP_MUNLOCKALL] = 5,
		[OP_FORK] = 10, [OP_THREAD] = 3, [OP_EXIT] = 3, [OP_KILL] = 4,
		[OP_SETUID] = 6, [OP_CAPDROP] = 8, [OP_RLIMIT] = 25,
		[OP_ROOM] = 12, [OP_MAPROOM] = 12, [OP_SYSCTL] = 25,
	},
	[PROCESSES] = {
		CALLS, [OP_MUNMAP] = 6, [OP_MPROTECT] = 6, [OP_MREMAP] = 6,
		[OP_MADVISE] = 12, [OP_FORK] = 40, [OP_THREAD] = 15,
		[OP_EXEC] = 8, [OP_EXIT] = 15, [OP_KILL] = 15, [OP_SETUID] = 3,
		[OP_NEWIPC] = 2,
	},
	[HUGE] = {
		CALLS, [OP_MUNMAP] = 15, [OP_MPROTECT] = 15, [OP_MREMAP] = 15,
		[OP_REMAP] = 8, [OP_FORK] = 5, [OP_EXIT] = 2, [OP_KILL] = 2,
		[OP_ROOM] = 4, [OP_SYSCTL] = 6, [OP_SETUID] = 2,
	},
	[FREELY] = {
		CALLS, [OP_CHURN] = 1, [OP_MMAP] = 4, [OP_MUNMAP] = 15,
		[OP_MPROTECT] = 15, [OP_MREMAP] = 15, [OP_REMAP] = 8,
		[OP_MADVISE] = 10, [OP_MLOCK] = 3, [OP_MUNLOCK] = 3,
		[OP_FORK] = 4,
		[OP_FD] = 12, [OP_MAPFD] = 12, [OP_CLOSEFD] = 3, [OP_WHO] = 4,
		[OP_GROW] = 6, [OP_NAMED] = 20, [OP_OWNER] = 6, [OP_OPEN] = 4,
		[OP_UNLINK] = 2,
	},
};

static unsigned char some_word(struct draw *d)
{
	long total = 0, drawn;
	unsigned char code;

	for (code = 0; code < OP_WORDS; code++)
		total += d->weights[code];
	drawn = below(d, total);
	for (code = 0; drawn >= d->weights[code]; code++)
		drawn -= d->weights[code];
	return code;
}

/* The first process shall live long and keep its rights; the others need not. */
static int some_actor(struct draw *d, unsigned char code)
{
	bool spares = code == OP_EXIT || code == OP_EXEC || code == OP_SETUID ||
		      code == OP_NEWUSER || code == OP_CAPDROP ||
		      code == OP_NEWIPC || code == OP_RLIMIT || code == OP_ROOM;
	unsigned int others = d->alive & ~2U;

	if (!spares && d->alive >> d->actor & 1 && chance(d, d->patience))
		return d->actor;
	if (others && (spares ? chance(d, 95) : chance(d, 65)))
		return some_bit(d, others);
	return some_bit(d, d->alive);
}

static bool wants_attach(unsigned char code)
{
	return code == OP_DT || (code >= OP_PEEK && code <= OP_MBIND &&
				 code != OP_SUM && code != OP_MMAP);
}

/* An operation that could only fail is replaced by one that prepares for it. */
static unsigned char sensible(struct draw *d, unsigned char code)
{
	if (wants_attach(code) && !*attaches(d) && chance(d, 80))
		code = OP_AT;
	if ((code == OP_AT || code == OP_CTL || code == OP_SET) &&
	    !d->segments && chance(d, 80))
		code = OP_GET;
	if ((code == OP_FORK || code == OP_THREAD) &&
	    __builtin_popcount(d->alive) >= CROWD)
		code = OP_KILL;
	if (d->actor == 1 && (code == OP_EXIT || code == OP_NEWUSER) &&
	    chance(d, 90))
		code = OP_GET;
	return code;
}

static void make(struct draw *d, struct op *op)
{
	unsigned char code = some_word(d);

	if (d->lowered >= 0 && d->alive & 2 && chance(d, 7)) {
		make_restore(d, op);
		return;
	}
	d->actor = some_actor(d, code);
	op->code = sensible(d, code);
	op->actor = (unsigned char)d->actor;
	makers[op->code](d, op);
}

/* Return: how many were made. The sequence ends when no actor lives any more. */
static int make_all(struct draw *d, struct op *ops, int n)
{
	int i;

	d->actor = 1;
	d->actors = 2;
	d->alive = 2;
	d->process[1] = 1;
	for (i = 0; i < n && d->alive; i++)
		make(d, &ops[i]);
	return i;
}

void generate(struct sequence *seq, uint64_t seed)
{
	struct draw d = { .random = seed, .seq = seq, .lowered = -1 };
	enum mood mood;

	memset(seq, 0, sizeof(*seq));
	seq->seed = seed;
	seq->world.userns = chance(&d, 40);
	mood = (enum mood)below(&d, MOODS);
	d.weights = weights[mood];
	d.huge = mood == HUGE;
	d.truncates = mood == MAPPINGS;
	d.patience = mood == PROCESSES ? 30 : 70;
	seq->n = make_all(&d, seq->ops,
			  LENGTH_MIN + (int)below(&d, LENGTH_MAX - LENGTH_MIN));
}

/*
 * Make one operation for freely.c, where nobody knows which slots are in use. Some
 * operations are left out because they prove nothing: they would end in-tree's side
 * as well, or the whole guest.
 *
 *	MADV_PAGEOUT: if another actor locks the segment by SHM_LOCK while a page
 *	is on its way to swap, shmem warns of a locked page
 *	addresses near the end of the 47 bits: the stack is next to a mapping
 *	there, and operations around the mapping hit the stack
 *	buffers in attached memory: another thread may unmap them, see "A buffer
 *	that is taken away" in Documentation/differences.rst
 */
void generate_freely(struct op *op, uint64_t *random)
{
	struct draw d = {
		.random = *random, .weights = weights[FREELY], .crowd = true,
		.segments = ~0U >> (32 - SEGMENT_SLOTS),
		.attached[0] = ~0U >> (32 - ADDRESS_SLOTS),
	};

	memset(op, 0, sizeof(*op));
	d.last_segment = (int)below(&d, SEGMENT_SLOTS);
	d.last_address = (int)below(&d, ADDRESS_SLOTS);
	op->code = some_word(&d);
	makers[op->code](&d, op);
	*random = d.random;
}
