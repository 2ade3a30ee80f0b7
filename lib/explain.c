// SPDX-License-Identifier: GPL-2.0
/*
 * The reason why a call failed, in words.
 *
 * The kernel can give the reason of a failure only while the command runs, and
 * the library never repeats a command to ask for it. So KSHM_DEBUG or
 * kshm_explain_errors() has to switch the explanations on beforehand, for the whole
 * process. Until then they cost each call one test of a variable.
 *
 * Each thread has the reason of its own last failure, as it has its own errno. A
 * signal handler can use it too, and so can a thread that libpthread did not
 * create: with tls_model("initial-exec") the variable is there from the beginning of
 * the thread, so no access allocates memory.
 */
#define _GNU_SOURCE
#include <linux/kshm.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "internal.h"
#include "kshm.h"

#define SENTENCE_MAX	160
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

struct failure {
	int error;
	unsigned int reason;
	uint64_t asked;
	uint64_t limit;
	bool fresh;	/* kshm_failed() has not seen it yet */
};

atomic_bool kshm_explains;
static atomic_bool debugging;
static __thread struct failure last
	__attribute__((tls_model("initial-exec")));

/*
 * The sentence of each reason, and what it says of the values "asked" and "limit",
 * in this order: %d is a number, %i one with a sign, %x is hexadecimal, %o octal,
 * and %r stands for permission bits as "rwx".
 */
static const struct sentence {
	unsigned int reason;
	const char *words;
	const char *values;
} sentences[] = {
	{ KSHM_WHY_COMMAND, "the module has no such command", "" },
	{ KSHM_WHY_SHORT_STRUCT,
	  "the struct is too short", "%d of at least %d bytes" },
	{ KSHM_WHY_LONG_STRUCT,
	  "the struct has a part that the module doesn't know", "" },
	{ KSHM_WHY_FAULT, "memory can't be read or written", "" },
	{ KSHM_WHY_FLAGS, "unknown flags, or flags that exclude each other", "%x" },
	{ KSHM_WHY_RESERVED, "a reserved word isn't 0", "%x" },
	{ KSHM_WHY_MODE, "the mode has other bits than permission bits", "%o" },
	{ KSHM_WHY_DEST, "dest_len is too large", "%d of at most %d" },
	{ KSHM_WHY_SIZE_ZERO, "a new segment can't have size 0", "" },
	{ KSHM_WHY_SHMMAX, "shmmax would be exceeded", "%d of %d bytes" },
	{ KSHM_WHY_SHMALL, "shmall would be exceeded", "%d of %d pages" },
	{ KSHM_WHY_SHMMNI, "shmmni would be exceeded", "%d of %d" },
	{ KSHM_WHY_SIZE_FILE,
	  "no segment can be that large", "%d of %d bytes" },
	{ KSHM_WHY_SIZE_EXISTING,
	  "the existing segment is smaller", "%d bytes wanted, it has %d" },
	{ KSHM_WHY_EXISTS,
	  "a segment has that key already", "key %x has id %d" },
	{ KSHM_WHY_NO_KEY, "no segment has that key", "%x" },
	{ KSHM_WHY_NO_ID, "there is no segment with that id", "%i" },
	{ KSHM_WHY_STALE_ID,
	  "the segment with that id is gone", "id %i; id %i has its place" },
	{ KSHM_WHY_REMOVED, "the segment was removed meanwhile", "" },
	{ KSHM_WHY_ACCESS,
	  "the segment's permission bits don't grant that",
	  "needs %r, has %r" },
	{ KSHM_WHY_NOT_OWNER,
	  "only the owner, the creator or a capability may do that", "" },
	{ KSHM_WHY_NO_USER, "the user namespace has no such user", "%i" },
	{ KSHM_WHY_NO_GROUP, "the user namespace has no such group", "%i" },
	{ KSHM_WHY_ADDR_ALIGN, "the address isn't aligned", "%x to %d bytes" },
	{ KSHM_WHY_ADDR_NONE, "an address is needed", "" },
	{ KSHM_WHY_ADDR_TAKEN,
	  "something is mapped at that address", "%x, for %d bytes" },
	{ KSHM_WHY_ADDR_WRAPS, "the address is too high", "%x, for %d bytes" },
	{ KSHM_WHY_ADDR_LOW,
	  "the address is too low, or that mapping can't be replaced", "%x" },
	{ KSHM_WHY_ADDR_ANSWER,
	  "the segment would replace the memory for the answer", "%x" },
	{ KSHM_WHY_NOT_ATTACHED, "nothing is attached at that address", "%x" },
	{ KSHM_WHY_MEMLOCK,
	  "RLIMIT_MEMLOCK would be exceeded", "%d of %d pages" },
	{ KSHM_WHY_ADDRESS_SPACE,
	  "RLIMIT_AS would be exceeded", "%d of %d pages" },
	{ KSHM_WHY_MEMORY,
	  "there is no memory, or no room in the address space", "" },
	{ KSHM_WHY_FILES, "the system has too many files open", "" },
	{ KSHM_WHY_SIGNAL, "a signal interrupted the call", "" },
	{ KSHM_WHY_NAME, "that can't be a name", "%d bytes of at most %d" },
	{ KSHM_WHY_SMALLER,
	  "a segment can't get smaller", "%d bytes wanted, it has %d" },
	{ KSHM_WHY_LOCKED, "the segment's pages are locked", "%d of them" },
	{ KSHM_WHY_FILE_LIMIT,
	  "RLIMIT_FSIZE would be exceeded", "%d of %d bytes" },
	{ KSHM_WHY_UNIQUE, "all unique ids are taken", "%d wanted, %d in use" },
	{ KSHM_WHY_NO_NAME, "nothing has that name", "" },
	{ KSHM_WHY_NAME_TAKEN, "something has that name already", "" },
	{ KSHM_WHY_SHARE, "the user's share would be exceeded", "%d of %d" },
	{ KSHM_WHY_RESERVE,
	  "only the reserve for CAP_SYS_RESOURCE is left", "%d of %d" },
	{ KSHM_WHY_EXECUTE,
	  "this process may not execute memory that can be written", "" },
	{ KSHM_WHY_SMALL_PAGES,
	  "small pages serve, since huge ones are denied or don't fit in", "" },
	{ KSHM_WHY_HUGETLB, "a segment of SHM_HUGETLB can't do that", "" },
	{ KSHM_WHY_HUGETLB_SIZE,
	  "the kernel has no huge pages of that size", "2 to the power of %d" },
	{ KSHM_WHY_HUGETLB_GROUP,
	  "that needs CAP_IPC_LOCK or the group vm.hugetlb_shm_group", "" },
	{ KSHM_WHY_HUGETLB_POOL,
	  "too few huge pages are free (vm.nr_hugepages)",
	  "%d bytes wanted, a page has %d" },
	{ KSHM_WHY_OBJECT_FLAGS, "the object is append-only or immutable", "" },
	{ KSHM_WHY_OBJECT_ACCESS,
	  "the object's permission bits don't grant that", "its mode is %o" },
	{ KSHM_WHY_DESCRIPTORS, "the process has no descriptor left", "" },
	{ KSHM_WHY_ROOM, "no list can be that long", "%d of at most %d" },
	{ KSHM_WHY_DEVICE, "/dev/kshm can't be opened", "" },
	{ KSHM_WHY_OPERATION, "shmctl has no such command", "" },
};

static const struct sentence only_errno = {
	KSHM_WHY_UNKNOWN, "there is no more to say than errno", ""
};

static const struct sentence *sentence_of(unsigned int reason)
{
	size_t i;

	for (i = 0; i < COUNT(sentences); i++)
		if (sentences[i].reason == reason)
			return &sentences[i];
	return &only_errno;
}

static const struct {
	int error;
	const char *name;
} errnos[] = {
	{ EACCES, "EACCES" }, { EAGAIN, "EAGAIN" }, { EBADF, "EBADF" },
	{ EBUSY, "EBUSY" }, { EEXIST, "EEXIST" }, { EFAULT, "EFAULT" },
	{ EFBIG, "EFBIG" }, { EIDRM, "EIDRM" }, { EINTR, "EINTR" },
	{ EINVAL, "EINVAL" }, { EMFILE, "EMFILE" },
	{ ENAMETOOLONG, "ENAMETOOLONG" }, { ENFILE, "ENFILE" },
	{ ENOENT, "ENOENT" }, { ENOMEM, "ENOMEM" }, { ENOSPC, "ENOSPC" },
	{ ENOSYS, "ENOSYS" }, { ENOTTY, "ENOTTY" }, { EPERM, "EPERM" },
	{ ETXTBSY, "ETXTBSY" }, { E2BIG, "E2BIG" },
};

/* A string under construction; snprintf() is not async-signal-safe. */
struct text {
	char *end;
	size_t room;	/* from end on, with the '\0' */
};

static void add_char(struct text *text, char c)
{
	if (text->room < 2)
		return;
	*text->end++ = c;
	*text->end = '\0';
	text->room--;
}

static void add(struct text *text, const char *words)
{
	while (*words)
		add_char(text, *words++);
}

static void add_number(struct text *text, uint64_t value, unsigned int base)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (n--)
		add_char(text, digits[n]);
}

static void add_value(struct text *text, char format, uint64_t value)
{
	int32_t with_sign = (int32_t)value;

	switch (format) {
	case 'x':
		add(text, "0x");
		add_number(text, value, 16);
		break;
	case 'o':
		add_char(text, '0');
		add_number(text, value, 8);
		break;
	case 'r':
		add_char(text, value & 4 ? 'r' : '-');
		add_char(text, value & 2 ? 'w' : '-');
		add_char(text, value & 1 ? 'x' : '-');
		break;
	case 'i':
		if (with_sign < 0)
			add_char(text, '-');
		add_number(text, with_sign < 0 ? -(uint32_t)value : value, 10);
		break;
	default:
		add_number(text, value, 10);
	}
}

static void add_errno(struct text *text, int error)
{
	size_t i;

	for (i = 0; i < COUNT(errnos); i++) {
		if (errnos[i].error == error) {
			add(text, errnos[i].name);
			return;
		}
	}
	add(text, "error ");
	add_number(text, (unsigned int)error, 10);
}

static void add_sentence(struct text *text, const struct failure *failure)
{
	const struct sentence *sentence = sentence_of(failure->reason);
	uint64_t value = failure->asked;
	const char *c;

	add(text, sentence->words);
	if (*sentence->values)
		add(text, ": ");
	for (c = sentence->values; *c; c++) {
		if (*c == '%') {
			add_value(text, *++c, value);
			value = failure->limit;
		} else {
			add_char(text, *c);
		}
	}
}

/* Write a line to standard error: one write(), so that lines of threads don't mix. */
static void write_line(const char *line, const struct text *text)
{
	/* If the text was cut, the newline takes the place of the '\0'. */
	*text->end = '\n';
	(void)kshm_syscall(SYS_write, STDERR_FILENO, line,
			   (size_t)(text->end + 1 - line));
}

/*
 * Write about the last failure. A missing device was reported already, by the function
 * that noticed it.
 */
static void report(const char *call)
{
	char line[SENTENCE_MAX];
	struct text text = { line, sizeof(line) };

	if (last.reason == KSHM_WHY_DEVICE)
		return;
	add(&text, "kshm: ");
	add(&text, call);
	add(&text, ": ");
	add_errno(&text, last.error);
	if (last.reason) {
		add(&text, ": ");
		add_sentence(&text, &last);
	}
	write_line(line, &text);
}

void kshm_debug(void)
{
	atomic_store(&debugging, true);
	atomic_store(&kshm_explains, true);
}

long kshm_refuse(int error, unsigned int reason, uint64_t asked,
		 uint64_t limit)
{
	if (kshm_explaining())
		last = (struct failure){ error, reason, asked, limit, true };
	return -error;
}

void kshm_remark(unsigned int reason)
{
	char line[SENTENCE_MAX];
	struct text text = { line, sizeof(line) };

	if (!atomic_load(&debugging))
		return;
	add(&text, "kshm: ");
	add(&text, sentence_of(reason)->words);
	write_line(line, &text);
}

long kshm_refuse_as(int error)
{
	if (kshm_explaining())
		last.error = error;
	return -error;
}

int kshm_failed(const char *call, int error)
{
	if (kshm_explaining()) {
		/* No reason was noted, or it is that of an earlier failure. */
		if (!last.fresh || last.error != error)
			kshm_refuse(error, KSHM_WHY_UNKNOWN, 0, 0);
		last.fresh = false;
		if (atomic_load(&debugging))
			report(call);
	}
	errno = error;
	return -1;
}

KSHM_EXPORT int kshm_explain_errors(int on)
{
	return atomic_exchange(&kshm_explains, !!on);
}

KSHM_EXPORT unsigned int kshm_reason(uint64_t *asked, uint64_t *limit)
{
	bool known = kshm_explaining() && errno == last.error;

	if (asked)
		*asked = known ? last.asked : 0;
	if (limit)
		*limit = known ? last.limit : 0;
	return known ? last.reason : KSHM_WHY_UNKNOWN;
}

KSHM_EXPORT const char *kshm_strreason(unsigned int reason)
{
	return sentence_of(reason)->words;
}

KSHM_EXPORT char *kshm_strerror(char *buf, size_t size)
{
	struct text text = { buf, size };
	struct failure failure = { .error = errno };

	if (!size)
		return buf;
	*buf = '\0';
	failure.reason = kshm_reason(&failure.asked, &failure.limit);
	if (failure.reason)
		add_sentence(&text, &failure);
	else if (failure.error)
		add_errno(&text, failure.error);
	return buf;
}
