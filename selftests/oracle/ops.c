// SPDX-License-Identifier: GPL-2.0
/*
 * The vocabulary of operations. A name that has a mask stands for some bits, and
 * several of these can be joined with |. A name without one stands for a whole
 * value.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "kshm.h"
#include "oracle.h"

#define BIT_NAME(prefix, name)	{ #name, prefix##name, prefix##name }
#define VALUE_NAME(prefix, name)	{ #name, prefix##name, 0 }

static const struct name get_flags[] = {
	BIT_NAME(IPC_, CREAT),
	BIT_NAME(IPC_, EXCL),
	BIT_NAME(SHM_, NORESERVE),
	{ NULL }
};

static const struct name at_flags[] = {
	BIT_NAME(SHM_, RDONLY),
	BIT_NAME(SHM_, RND),
	BIT_NAME(SHM_, REMAP),
	BIT_NAME(SHM_, EXEC),
	{ NULL }
};

static const struct name ctl_commands[] = {
	{ "RMID", IPC_RMID, 0 },
	{ "SET", IPC_SET, 0 },
	{ "STAT", IPC_STAT, 0 },
	{ "IPC_INFO", IPC_INFO, 0 },
	{ "LOCK", SHM_LOCK, 0 },
	{ "UNLOCK", SHM_UNLOCK, 0 },
	{ "SHM_STAT", SHM_STAT, 0 },
	{ "SHM_INFO", SHM_INFO, 0 },
	{ "STAT_ANY", SHM_STAT_ANY, 0 },
	{ NULL }
};

static const struct name protections[] = {
	BIT_NAME(PROT_, READ),
	BIT_NAME(PROT_, WRITE),
	BIT_NAME(PROT_, EXEC),
	{ NULL }
};

static const struct name map_flags[] = {
	BIT_NAME(MAP_, SHARED),
	BIT_NAME(MAP_, PRIVATE),
	BIT_NAME(MAP_, FIXED),
	BIT_NAME(MAP_, ANONYMOUS),
	BIT_NAME(MAP_, FIXED_NOREPLACE),
	BIT_NAME(MAP_, POPULATE),
	{ NULL }
};

static const struct name remap_flags[] = {
	BIT_NAME(MREMAP_, MAYMOVE),
	BIT_NAME(MREMAP_, FIXED),
	BIT_NAME(MREMAP_, DONTUNMAP),
	{ NULL }
};

static const struct name advice[] = {
	VALUE_NAME(MADV_, NORMAL),
	VALUE_NAME(MADV_, RANDOM),
	VALUE_NAME(MADV_, SEQUENTIAL),
	VALUE_NAME(MADV_, WILLNEED),
	VALUE_NAME(MADV_, DONTNEED),
	VALUE_NAME(MADV_, FREE),
	VALUE_NAME(MADV_, REMOVE),
	VALUE_NAME(MADV_, DONTFORK),
	VALUE_NAME(MADV_, DOFORK),
	VALUE_NAME(MADV_, MERGEABLE),
	VALUE_NAME(MADV_, HUGEPAGE),
	VALUE_NAME(MADV_, DONTDUMP),
	VALUE_NAME(MADV_, DODUMP),
	VALUE_NAME(MADV_, WIPEONFORK),
	VALUE_NAME(MADV_, COLD),
	VALUE_NAME(MADV_, PAGEOUT),
	VALUE_NAME(MADV_, POPULATE_READ),
	VALUE_NAME(MADV_, POPULATE_WRITE),
	{ NULL }
};

static const struct name lock_flags[] = {
	BIT_NAME(MCL_, CURRENT),
	BIT_NAME(MCL_, FUTURE),
	BIT_NAME(MCL_, ONFAULT),
	{ NULL }
};

static const struct name sync_flags[] = {
	BIT_NAME(MS_, ASYNC),
	BIT_NAME(MS_, INVALIDATE),
	BIT_NAME(MS_, SYNC),
	{ NULL }
};

static const struct name policies[] = {
	VALUE_NAME(MPOL_, DEFAULT),
	VALUE_NAME(MPOL_, PREFERRED),
	VALUE_NAME(MPOL_, BIND),
	VALUE_NAME(MPOL_, INTERLEAVE),
	{ NULL }
};

static const struct name capabilities[] = {
	VALUE_NAME(CAP_, CHOWN),
	VALUE_NAME(CAP_, DAC_OVERRIDE),
	VALUE_NAME(CAP_, FOWNER),
	VALUE_NAME(CAP_, KILL),
	VALUE_NAME(CAP_, SETGID),
	VALUE_NAME(CAP_, SETUID),
	VALUE_NAME(CAP_, IPC_LOCK),
	VALUE_NAME(CAP_, IPC_OWNER),
	VALUE_NAME(CAP_, SYS_RAWIO),
	VALUE_NAME(CAP_, SYS_ADMIN),
	VALUE_NAME(CAP_, SYS_RESOURCE),
	{ NULL }
};

static const struct name resources[] = {
	VALUE_NAME(RLIMIT_, AS),
	VALUE_NAME(RLIMIT_, DATA),
	VALUE_NAME(RLIMIT_, MEMLOCK),
	VALUE_NAME(RLIMIT_, NPROC),
	{ NULL }
};

static const struct name sysctls[] = {
	{ "shmmax", 0, 0 },
	{ "shmall", 1, 0 },
	{ "shmmni", 2, 0 },
	{ "overcommit_memory", 3, 0 },
	{ NULL }
};

static const struct name open_flags[] = {
	BIT_NAME(O_, RDWR),
	BIT_NAME(O_, CREAT),
	BIT_NAME(O_, EXCL),
	BIT_NAME(O_, TRUNC),
	{ NULL }
};

static const struct name hows[] = {
	BIT_NAME(KSHM_, TRANSIENT),
	BIT_NAME(KSHM_, UNIQUE),
	BIT_NAME(KSHM_, PREALLOC),
	BIT_NAME(KSHM_, HUGE),
	{ NULL }
};

#define INTO_SEG	{ "into", INTO_SEGMENT, NULL }
#define INTO_ADDR	{ "into", INTO_ADDRESS, NULL }
#define SEG		{ "id", SEGMENT, NULL }
#define ADDR		{ "addr", ADDRESS, NULL }
#define LEN		{ "len", NUMBER, NULL }
#define BUF		{ "buf", ADDRESS, NULL }
#define NUM(name)	{ name, NUMBER, NULL }
#define NAMED(name, names)	{ name, NUMBER, names }
#define WHO		{ "who", ACTOR, NULL }

const struct word_of vocabulary[OP_WORDS] = {
	[OP_GET] = { "get", { NUM("key"), NUM("size"),
			      NAMED("flags", get_flags), INTO_SEG } },
	[OP_AT] = { "at", { SEG, ADDR, NAMED("flags", at_flags), INTO_ADDR } },
	[OP_DT] = { "dt", { ADDR } },
	[OP_CTL] = { "ctl", { SEG, NAMED("cmd", ctl_commands), BUF } },
	[OP_SET] = { "set", { SEG, NUM("uid"), NUM("gid"), NUM("mode"), BUF } },
	[OP_CHURN] = { "churn", { NUM("times") } },
	[OP_PEEK] = { "peek", { ADDR } },
	[OP_POKE] = { "poke", { ADDR, NUM("byte") } },
	[OP_CALL] = { "call", { ADDR } },
	[OP_SUM] = { "sum" },
	[OP_MMAP] = { "mmap", { ADDR, LEN, NAMED("prot", protections),
				NAMED("flags", map_flags), INTO_ADDR } },
	[OP_MUNMAP] = { "munmap", { ADDR, LEN } },
	[OP_MPROTECT] = { "mprotect", { ADDR, LEN,
					NAMED("prot", protections) } },
	[OP_MREMAP] = { "mremap", { ADDR, NUM("old"), NUM("new"),
				    NAMED("flags", remap_flags),
				    { "to", ADDRESS, NULL }, INTO_ADDR } },
	[OP_REMAP] = { "remap_file_pages", { ADDR, LEN,
					     NAMED("prot", protections),
					     NUM("pgoff"),
					     NAMED("flags", map_flags) } },
	[OP_MADVISE] = { "madvise", { ADDR, LEN, NAMED("advice", advice) } },
	[OP_MLOCK] = { "mlock", { ADDR, LEN } },
	[OP_MUNLOCK] = { "munlock", { ADDR, LEN } },
	[OP_MLOCKALL] = { "mlockall", { NAMED("flags", lock_flags) } },
	[OP_MUNLOCKALL] = { "munlockall" },
	[OP_MSYNC] = { "msync", { ADDR, LEN, NAMED("flags", sync_flags) } },
	[OP_MINCORE] = { "mincore", { ADDR, LEN } },
	[OP_MBIND] = { "mbind", { ADDR, LEN, NAMED("mode", policies) } },
	[OP_MSEAL] = { "mseal", { ADDR, LEN } },
	[OP_UFFD] = { "userfaultfd", { ADDR, LEN } },
	[OP_FORCE] = { "force", { ADDR, NUM("byte") } },
	[OP_MAPFILE] = { "mapfile", { ADDR, NUM("size") } },
	[OP_READV] = { "readv", { WHO, ADDR } },
	[OP_FORK] = { "fork", { WHO } },
	[OP_THREAD] = { "thread", { WHO } },
	[OP_EXEC] = { "exec" },
	[OP_EXIT] = { "exit" },
	[OP_KILL] = { "kill", { WHO } },
	[OP_SETUID] = { "setresuid", { NUM("real"), NUM("effective"),
				       NUM("saved") } },
	[OP_SETGID] = { "setresgid", { NUM("real"), NUM("effective"),
				       NUM("saved") } },
	[OP_SETGROUPS] = { "setgroups", { NUM("first"), NUM("second") } },
	[OP_KEEPCAPS] = { "keepcaps", { NUM("on") } },
	[OP_CAPDROP] = { "capdrop", { NAMED("cap", capabilities) } },
	[OP_RLIMIT] = { "rlimit", { NAMED("of", resources), NUM("limit") } },
	[OP_ROOM] = { "room", { NUM("pages") } },
	[OP_MAPROOM] = { "maproom", { NUM("maps") } },
	[OP_SYSCTL] = { "sysctl", { NAMED("name", sysctls), NUM("value") } },
	[OP_NEWIPC] = { "newipc" },
	[OP_NEWUSER] = { "newuser" },
	[OP_CLOSE] = { "close" },
	[OP_FD] = { "fd", { SEG, NAMED("flags", open_flags), NUM("file") } },
	[OP_MAPFD] = { "mapfd", { NUM("file"), ADDR, LEN,
				  NAMED("prot", protections), NUM("pgoff"),
				  INTO_ADDR } },
	[OP_CLOSEFD] = { "closefd", { NUM("file") } },
	[OP_WHO] = { "who", { SEG } },
	[OP_GROW] = { "grow", { SEG, NUM("size") } },
	[OP_NAMED] = { "named", { NUM("name"), NUM("size"),
				  NAMED("flags", get_flags),
				  NAMED("how", hows), NUM("owner"),
				  INTO_SEG } },
	[OP_OWNER] = { "owner", { NUM("file") } },
	[OP_OPEN] = { "open", { NUM("name"), NAMED("flags", open_flags),
				NUM("file") } },
	[OP_UNLINK] = { "unlink", { NUM("name") } },
};
