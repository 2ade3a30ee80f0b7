// SPDX-License-Identifier: GPL-2.0
/* The vocabulary: what each word does, how often it is drawn, and its arguments. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kshm.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "acts.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC	(1 << 15)
#endif

#define KIB	1024L
#define MIB	(1024 * KIB)
/* Where nothing is mapped at first; the kernel's own choice is far above. */
#define ARENA	0x10000000L

#define NUMBER(v)	{ NULL, v }
#define WORD(v)		{ #v, v }
#define FROM(kind, list)	kind, list, ARRAY_SIZE(list)

const char *const names[NAMES] = { "a", "b", "/c", "", "d/e", "-" };

static const struct choice keys[] = {
	NUMBER(0), NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(-1),
};

static const struct choice sizes[] = {
	NUMBER(0), NUMBER(1), NUMBER(4 * KIB), NUMBER(4 * KIB + 1), NUMBER(8 * KIB),
	NUMBER(16 * KIB), NUMBER(64 * KIB), NUMBER(MIB), NUMBER(2 * MIB),
	NUMBER(4 * MIB), NUMBER(1L << 30), NUMBER(1L << 44), NUMBER(-1),
};

static const struct choice lengths[] = {
	NUMBER(4 * KIB), NUMBER(8 * KIB), NUMBER(12 * KIB), NUMBER(16 * KIB),
	NUMBER(64 * KIB), NUMBER(MIB), NUMBER(2 * MIB), NUMBER(0),
};

static const struct choice places[] = {
	NUMBER(0), NUMBER(ARENA), NUMBER(ARENA + 4 * KIB), NUMBER(ARENA + 8 * KIB),
	NUMBER(ARENA + 2 * MIB), NUMBER(ARENA + 1), NUMBER(4 * KIB),
	NUMBER(-4 * KIB), NUMBER(1L << 46),
};

static const struct choice offsets[] = {
	NUMBER(0), NUMBER(1), NUMBER(4 * KIB), NUMBER(8 * KIB), NUMBER(MIB),
	NUMBER(1000), NUMBER(-1),
};

static const struct choice modes[] = {
	NUMBER(0), NUMBER(0400), NUMBER(0600), NUMBER(0644), NUMBER(0666),
	NUMBER(0777), NUMBER(01777),
};

static const struct choice users[] = {
	NUMBER(0), NUMBER(1001), NUMBER(1002), NUMBER(-1),
};

static const struct choice booleans[] = { NUMBER(0), NUMBER(1) };

static const struct choice numbers[] = {
	NUMBER(0), NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(7), NUMBER(16),
	NUMBER(63), NUMBER(64), NUMBER(255), NUMBER(65537), NUMBER(-1),
};

static const struct choice commands[] = {
	NUMBER(0x80), NUMBER(0x81), NUMBER(0x82), NUMBER(0x83), NUMBER(0x84),
	NUMBER(0x85), NUMBER(0x86), NUMBER(0x87), NUMBER(0x88), NUMBER(0x89),
	NUMBER(0x8a), NUMBER(0x8b), NUMBER(0x8c), NUMBER(0x8d), NUMBER(0x90),
	NUMBER(0x91), NUMBER(0x92),
};

static const struct choice info_flags[] = { WORD(KSHM_INFO_USAGE) };

/* What is listed several times is drawn more often. */
static const struct choice get_flags[] = {
	WORD(KSHM_GET_CREAT), WORD(KSHM_GET_CREAT), WORD(KSHM_GET_CREAT),
	WORD(KSHM_GET_CREAT), WORD(KSHM_GET_EXCL), WORD(KSHM_GET_NORESERVE),
	WORD(KSHM_GET_PREALLOC), WORD(KSHM_GET_OWNED), WORD(KSHM_GET_TRANSIENT),
	WORD(KSHM_GET_UNIQUE), WORD(KSHM_GET_HUGE),
	WORD(KSHM_GET_HUGETLB), NUMBER(21 << KSHM_GET_HUGETLB_SHIFT),
};

static const struct choice attach_flags[] = {
	WORD(KSHM_ATTACH_RDONLY), WORD(KSHM_ATTACH_RND), WORD(KSHM_ATTACH_REMAP),
	WORD(KSHM_ATTACH_EXEC), WORD(KSHM_ATTACH_POPULATE),
	WORD(KSHM_ATTACH_NO_FAULTAROUND),
};

static const struct choice stat_flags[] = {
	WORD(KSHM_STAT_BY_INDEX), WORD(KSHM_STAT_ANY),
};

static const struct choice set_mask[] = {
	WORD(KSHM_SET_UID), WORD(KSHM_SET_GID), WORD(KSHM_SET_MODE),
};

static const struct choice lock_flags[] = { WORD(KSHM_LOCK_UNLOCK) };

static const struct choice fd_flags[] = {
	WORD(KSHM_FD_RDONLY), WORD(KSHM_FD_CLOEXEC),
};

static const struct choice open_flags[] = {
	WORD(KSHM_OPEN_CREAT), WORD(KSHM_OPEN_CREAT), WORD(KSHM_OPEN_CREAT),
	WORD(KSHM_OPEN_CREAT), WORD(KSHM_OPEN_EXCL), WORD(KSHM_OPEN_TRUNC),
	WORD(KSHM_OPEN_RDONLY), WORD(KSHM_OPEN_WRONLY), WORD(KSHM_OPEN_SEALABLE),
	WORD(KSHM_OPEN_APPEND), WORD(KSHM_OPEN_CLOEXEC), WORD(KSHM_OPEN_HUGE),
};

static const struct choice device_flags[] = {
	WORD(O_RDWR), WORD(O_RDONLY), WORD(O_PATH),
};

static const struct choice protections[] = {
	WORD(PROT_READ), WORD(PROT_WRITE), WORD(PROT_EXEC),
};

static const struct choice map_flags[] = {
	WORD(MAP_SHARED), WORD(MAP_SHARED), WORD(MAP_PRIVATE), WORD(MAP_FIXED),
	WORD(MAP_FIXED_NOREPLACE), WORD(MAP_ANONYMOUS),
	WORD(MAP_POPULATE), WORD(MAP_NORESERVE), WORD(MAP_LOCKED),
};

static const struct choice remap_flags[] = {
	WORD(MREMAP_MAYMOVE), WORD(MREMAP_FIXED), WORD(MREMAP_DONTUNMAP),
};

static const struct choice advice[] = {
	WORD(MADV_RANDOM), WORD(MADV_WILLNEED), WORD(MADV_DONTNEED),
	WORD(MADV_REMOVE), WORD(MADV_DONTFORK), WORD(MADV_DOFORK),
	WORD(MADV_HUGEPAGE), WORD(MADV_PAGEOUT), WORD(MADV_COLD),
	WORD(MADV_POPULATE_READ), WORD(MADV_POPULATE_WRITE), WORD(MADV_FREE),
	WORD(MADV_WIPEONFORK), WORD(MADV_COLLAPSE), WORD(MADV_MERGEABLE),
};

static const struct choice sync_flags[] = {
	WORD(MS_SYNC), WORD(MS_ASYNC), WORD(MS_INVALIDATE),
};

static const struct choice policies[] = {
	WORD(MPOL_DEFAULT), WORD(MPOL_BIND), WORD(MPOL_INTERLEAVE),
	WORD(MPOL_PREFERRED),
};

static const struct choice watch_modes[] = {
	WORD(UFFDIO_REGISTER_MODE_MISSING), WORD(UFFDIO_REGISTER_MODE_WP),
	WORD(UFFDIO_REGISTER_MODE_MINOR),
};

static const struct choice watch_features[] = {
	WORD(UFFD_FEATURE_EVENT_FORK), WORD(UFFD_FEATURE_EVENT_UNMAP),
	WORD(UFFD_FEATURE_EVENT_REMAP), WORD(UFFD_FEATURE_EVENT_REMOVE),
	WORD(UFFD_FEATURE_WP_ASYNC),
};

static const struct choice path_flags[] = {
	WORD(O_PATH), WORD(O_RDONLY), WORD(O_RDWR),
};

static const struct choice allocate_modes[] = {
	WORD(FALLOC_FL_KEEP_SIZE), WORD(FALLOC_FL_PUNCH_HOLE),
	WORD(FALLOC_FL_ZERO_RANGE), WORD(FALLOC_FL_COLLAPSE_RANGE),
};

static const struct choice seals[] = {
	WORD(F_SEAL_SEAL), WORD(F_SEAL_SHRINK), WORD(F_SEAL_GROW),
	WORD(F_SEAL_WRITE), WORD(F_SEAL_FUTURE_WRITE),
};

static const struct choice attributes[] = {
	WORD(FS_APPEND_FL), WORD(FS_IMMUTABLE_FL), WORD(FS_NODUMP_FL),
};

static const struct choice children[] = {
	NUMBER(0), NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4),
};

static const struct choice signals[] = {
	WORD(SIGSTOP), WORD(SIGCONT), WORD(SIGKILL), WORD(SIGUSR1),
};

static const struct choice unshared[] = {
	WORD(CLONE_NEWIPC), WORD(CLONE_NEWUSER), WORD(CLONE_FS),
	WORD(CLONE_FILES),
};

static const struct choice resources[] = {
	WORD(RLIMIT_MEMLOCK), WORD(RLIMIT_AS), WORD(RLIMIT_NOFILE),
	WORD(RLIMIT_FSIZE), WORD(RLIMIT_NPROC),
};

static const struct choice lock_all_flags[] = {
	WORD(MCL_CURRENT), WORD(MCL_FUTURE), WORD(MCL_ONFAULT),
};

#define ID		{ "id", SEGMENT }
#define AT		{ "addr", FROM(ADDRESS, places) }
#define LENGTH		{ "len", FROM(CHOICE, lengths) }
#define FD		{ "fd", DESCRIPTOR }
#define TO_SEGMENT	{ "into", SEGMENT }
#define TO_ADDRESS	{ "into", ADDRESS }
#define TO_DESCRIPTOR	{ "into", DESCRIPTOR }

const struct word words[] = {
	{ "info", act_info, 2, { { "flags", FROM(FLAGS, info_flags) } } },
	{ "get", act_get, 12, {
		{ "key", FROM(CHOICE, keys) }, { "size", FROM(CHOICE, sizes) },
		{ "flags", FROM(FLAGS, get_flags) },
		{ "mode", FROM(CHOICE, modes) }, TO_SEGMENT } },
	{ "get_named", act_get_named, 4, {
		{ "name", NAME }, { "size", FROM(CHOICE, sizes) },
		{ "flags", FROM(FLAGS, get_flags) },
		{ "mode", FROM(CHOICE, modes) }, TO_SEGMENT } },
	{ "attach", act_attach, 14, {
		ID, AT, { "flags", FROM(FLAGS, attach_flags) }, TO_ADDRESS } },
	{ "detach", act_detach, 8, { AT } },
	{ "stat", act_stat, 3, { ID, { "flags", FROM(FLAGS, stat_flags) } } },
	{ "set", act_set, 3, {
		ID, { "mask", FROM(FLAGS, set_mask) },
		{ "user", FROM(CHOICE, users) }, { "mode", FROM(CHOICE, modes) } } },
	{ "rmid", act_rmid, 5, { ID } },
	{ "lock", act_lock, 4, { ID, { "flags", FROM(FLAGS, lock_flags) } } },
	{ "fd", act_fd, 6, {
		ID, { "flags", FROM(FLAGS, fd_flags) }, TO_DESCRIPTOR } },
	{ "grow", act_grow, 4, { ID, { "size", FROM(CHOICE, sizes) } } },
	{ "who", act_who, 3, { ID, { "room", FROM(CHOICE, numbers) } } },
	{ "open", act_open, 8, {
		{ "name", NAME }, { "flags", FROM(FLAGS, open_flags) },
		{ "mode", FROM(CHOICE, modes) }, TO_DESCRIPTOR } },
	{ "unlink", act_unlink, 4, { { "name", NAME } } },
	{ "raw", act_raw, 2, {
		{ "cmd", FROM(CHOICE, commands) }, { "size", FROM(CHOICE, numbers) },
		{ "seed", FROM(CHOICE, numbers) }, { "way", FROM(CHOICE, numbers) } } },
	{ "explain", act_explain, 2, { { "on", FROM(CHOICE, booleans) } } },
	{ "device", act_device, 3, {
		{ "flags", FROM(CHOICE, device_flags) }, TO_DESCRIPTOR } },
	{ "use", act_use, 2, { FD } },
	{ "listing", act_listing, 3, {
		{ "objects", FROM(CHOICE, booleans) },
		{ "off", FROM(CHOICE, offsets) }, { "len", FROM(CHOICE, numbers) },
		{ "rest", FROM(CHOICE, booleans) } } },

	{ "mmap", act_mmap, 8, {
		AT, LENGTH, { "prot", FROM(FLAGS, protections) },
		{ "flags", FROM(FLAGS, map_flags) }, FD,
		{ "off", FROM(CHOICE, offsets) }, TO_ADDRESS } },
	{ "munmap", act_munmap, 6, { AT, LENGTH } },
	{ "mremap", act_mremap, 6, {
		AT, LENGTH, { "newlen", FROM(CHOICE, lengths) },
		{ "flags", FROM(FLAGS, remap_flags) },
		{ "to", FROM(CHOICE, places) }, TO_ADDRESS } },
	{ "mprotect", act_mprotect, 6, {
		AT, LENGTH, { "prot", FROM(FLAGS, protections) } } },
	{ "madvise", act_madvise, 6, {
		AT, LENGTH, { "advice", FROM(CHOICE, advice) } } },
	{ "mlock", act_mlock, 3, {
		AT, LENGTH, { "un", FROM(CHOICE, booleans) } } },
	{ "msync", act_msync, 1, {
		AT, LENGTH, { "flags", FROM(FLAGS, sync_flags) } } },
	{ "remap", act_remap, 3, {
		AT, LENGTH, { "page", FROM(CHOICE, numbers) } } },
	{ "touch", act_touch, 12, {
		AT, { "pages", FROM(CHOICE, numbers) },
		{ "write", FROM(CHOICE, booleans) } } },
	{ "mseal", act_mseal, 1, { AT, LENGTH } },
	{ "mbind", act_mbind, 1, {
		AT, LENGTH, { "policy", FROM(CHOICE, policies) } } },
	{ "watch", act_watch, 2, {
		AT, LENGTH, { "mode", FROM(FLAGS, watch_modes) },
		{ "features", FROM(FLAGS, watch_features) }, TO_DESCRIPTOR } },
	{ "ring", act_ring, 2, { AT, LENGTH, TO_DESCRIPTOR } },

	{ "close", act_close, 6, { FD } },
	{ "dup", act_dup, 2, { FD, TO_DESCRIPTOR } },
	{ "opath", act_opath, 2, {
		FD, { "flags", FROM(CHOICE, path_flags) }, TO_DESCRIPTOR } },
	{ "map_file", act_map_file, 2, { AT, LENGTH, TO_DESCRIPTOR } },
	{ "truncate", act_truncate, 4, { FD, { "size", FROM(CHOICE, sizes) } } },
	{ "allocate", act_allocate, 3, {
		FD, { "mode", FROM(FLAGS, allocate_modes) },
		{ "off", FROM(CHOICE, offsets) }, LENGTH } },
	{ "seal", act_seal, 2, { FD, { "seals", FROM(FLAGS, seals) } } },
	{ "attributes", act_attributes, 2, {
		FD, { "flags", FROM(FLAGS, attributes) },
		{ "mode", FROM(CHOICE, modes) } } },
	{ "fstat", act_fstat, 2, { FD } },
	{ "poll", act_poll, 3, { FD, { "ms", FROM(CHOICE, numbers) } } },
	{ "write", act_write, 3, {
		FD, LENGTH, { "off", FROM(CHOICE, offsets) },
		{ "out", FROM(CHOICE, booleans) } } },
	{ "notify", act_notify, 1, { FD, TO_DESCRIPTOR } },
	{ "steal", act_steal, 3, { { "from", ACTOR }, FD, TO_DESCRIPTOR } },

	{ "fork", act_fork, 4, { { "child", FROM(CHOICE, children) } } },
	{ "signal", act_signal, 2, {
		{ "to", ACTOR }, { "sig", FROM(CHOICE, signals) } } },
	{ "unshare", act_unshare, 2, { { "flags", FROM(CHOICE, unshared) } } },
	{ "join", act_join, 2, { { "to", ACTOR } } },
	{ "become", act_become, 3, { { "user", FROM(CHOICE, users) } } },
	{ "limit", act_limit, 2, {
		{ "of", FROM(CHOICE, resources) }, { "to", FROM(CHOICE, sizes) } } },
	{ "sysctl", act_sysctl, 1, {
		{ "which", FROM(CHOICE, numbers) }, { "to", FROM(CHOICE, sizes) } } },
	{ "mdwe", act_mdwe, 1, { { "on", FROM(CHOICE, booleans) } } },
	{ "lock_all", act_lock_all, 1, {
		{ "flags", FROM(FLAGS, lock_all_flags) } } },
	{ "ptrace", act_ptrace, 1, { { "of", ACTOR }, AT } },
	{ "peek", act_peek, 2, {
		{ "of", ACTOR }, AT, { "write", FROM(CHOICE, booleans) } } },
	{ "fault", act_fault, 6, { { "nth", FROM(CHOICE, numbers) } } },
};

const int n_words = ARRAY_SIZE(words);
