// SPDX-License-Identifier: GPL-2.0
/*
 * Why a call failed, in words.
 *
 * A command can be asked for its reason only while it runs, and is never given
 * twice: so it has to be decided beforehand, for the process, by KSHM_DEBUG or
 * by kshm_explain_errors(). Until then all that a call pays is one look at a
 * variable. The answer is kept for each thread, as errno is; the model of that
 * memory is the one that needs no allocation, so that a signal handler, or a
 * thread that pthreads know nothing of, may use it.
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

/* How an error came about. */
struct answer {
	int error;
	unsigned int reason;
	uint64_t asked;
	uint64_t limit;
	bool fresh;	/* of a call that the program was not told of yet */
};

atomic_bool kshm_explains;
static atomic_bool debugging;
static __thread struct answer last
	__attribute__((tls_model("initial-exec")));

/*
 * What there is to say of a reason; then of its numbers. %a is what was asked
 * for, %l the limit; %x and %X the same in hexadecimal, %o and %O in octal, %r
 * and %R as rwx, %i and %I with a sign.
 */
struct words {
	const char *what;
	const char *numbers;
};

static const struct words of_module[] = {
	[KSHM_WHY_COMMAND] = { "there is no such command" },
	[KSHM_WHY_SHORT_STRUCT] = {
		"the struct is too short", "%a bytes of at least %l" },
	[KSHM_WHY_LONG_STRUCT] = {
		"the struct ends in something that the module doesn't know" },
	[KSHM_WHY_FAULT] = { "memory can't be read or written" },
	[KSHM_WHY_FLAGS] = { "the module doesn't know these flags", "%x" },
	[KSHM_WHY_RESERVED] = { "a reserved word isn't 0", "%x" },
	[KSHM_WHY_MODE] = { "the mode has other bits than those of permission", "%o" },
	[KSHM_WHY_DEST] = { "dest_len is too large", "%a of at most %l" },
	[KSHM_WHY_SIZE_ZERO] = { "a new segment can't have size 0" },
	[KSHM_WHY_SHMMAX] = {
		"shmmax would be exceeded", "%a of %l bytes" },
	[KSHM_WHY_SHMALL] = {
		"shmall would be exceeded", "%a of %l pages" },
	[KSHM_WHY_SHMMNI] = {
		"shmmni would be exceeded", "%a of %l segments" },
	[KSHM_WHY_SIZE_FILE] = {
		"no segment can be that large", "%a of %l bytes" },
	[KSHM_WHY_SIZE_EXISTING] = {
		"the segment that exists is smaller", "%l bytes, not %a" },
	[KSHM_WHY_EXISTS] = {
		"there is a segment with that key already",
		"key %x has id %l" },
	[KSHM_WHY_NO_KEY] = { "no segment has that key", "%x" },
	[KSHM_WHY_NO_ID] = { "there is no segment with that id", "%i" },
	[KSHM_WHY_STALE_ID] = {
		"the segment with that id is gone",
		"id %i; in its place there is %I" },
	[KSHM_WHY_REMOVED] = { "the segment was removed meanwhile" },
	[KSHM_WHY_ACCESS] = {
		"the segment's permission bits don't grant that",
		"needs %r, has %R" },
	[KSHM_WHY_NOT_OWNER] = {
		"only owner, creator and a capability allow that" },
	[KSHM_WHY_NO_USER] = {
		"the user namespace has no such user", "%i" },
	[KSHM_WHY_NO_GROUP] = {
		"the user namespace has no such group", "%i" },
	[KSHM_WHY_ADDR_ALIGN] = {
		"the address isn't aligned", "%x to %l bytes" },
	[KSHM_WHY_ADDR_NONE] = { "an address is needed" },
	[KSHM_WHY_ADDR_TAKEN] = {
		"something is mapped at that address", "%x, for %l bytes" },
	[KSHM_WHY_ADDR_WRAPS] = {
		"the address is too high", "%x, for %l bytes" },
	[KSHM_WHY_ADDR_LOW] = {
		"the address is too low, or may not be mapped over", "%x" },
	[KSHM_WHY_ADDR_ANSWER] = {
		"the answer would be written into the segment", "%x" },
	[KSHM_WHY_NOT_ATTACHED] = {
		"nothing is attached at that address", "%x" },
	[KSHM_WHY_MEMLOCK] = {
		"RLIMIT_MEMLOCK would be exceeded", "%a of %l pages" },
	[KSHM_WHY_ADDRESS_SPACE] = {
		"RLIMIT_AS would be exceeded", "%a of %l pages" },
	[KSHM_WHY_MEMORY] = {
		"there is no memory, or no room in the address space" },
	[KSHM_WHY_FILES] = { "the system has too many files open" },
	[KSHM_WHY_SIGNAL] = { "a signal came" },
	[KSHM_WHY_NAME] = {
		"that can't be a name", "%a bytes of at most %l" },
	[KSHM_WHY_SMALLER] = {
		"a segment never gets smaller", "%l bytes, not %a" },
	[KSHM_WHY_LOCKED] = {
		"the segment's pages are locked", "%a of them" },
	[KSHM_WHY_FILE_LIMIT] = {
		"RLIMIT_FSIZE would be exceeded", "%a of %l bytes" },
	[KSHM_WHY_UNIQUE] = {
		"all unique ids are taken", "%l of them" },
	[KSHM_WHY_NO_NAME] = { "nothing has that name" },
	[KSHM_WHY_NAME_TAKEN] = {
		"something has that name already" },
	[KSHM_WHY_OBJECT_ACCESS] = {
		"the object doesn't grant that", "its mode is %o" },
	[KSHM_WHY_DESCRIPTORS] = {
		"the process has no descriptor left" },
	[KSHM_WHY_ROOM] = {
		"no list can be that long", "%a of at most %l" },
};

static const struct words of_library[] = {
	[KSHM_WHY_DEVICE - KSHM_WHY_DEVICE] = {
		"/dev/kshm can't be opened" },
	[KSHM_WHY_HUGE_PAGES - KSHM_WHY_DEVICE] = {
		"there are no huge pages" },
	[KSHM_WHY_OPERATION - KSHM_WHY_DEVICE] = {
		"there is no such operation" },
};

static const struct words nothing = { "there is no more to say than errno", NULL };

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const struct words *words_of(unsigned int reason)
{
	if (reason < COUNT(of_module) && of_module[reason].what)
		return &of_module[reason];
	if (reason - KSHM_WHY_DEVICE < COUNT(of_library))
		return &of_library[reason - KSHM_WHY_DEVICE];
	return &nothing;
}

/* A string that is put together in memory of a given size, '\0' included. */
struct text {
	char *to;
	size_t room;
};

static void add_char(struct text *text, char c)
{
	if (text->room < 2)
		return;
	*text->to++ = c;
	*text->to = '\0';
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

static void add_value(struct text *text, char how, uint64_t value)
{
	switch (how) {
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
		if ((int32_t)value < 0)
			add_char(text, '-');
		add_number(text, (int32_t)value < 0 ? -value & 0xffffffff :
						      value, 10);
		break;
	default:
		add_number(text, value, 10);
	}
}

static void add_numbers(struct text *text, const char *format,
			const struct answer *answer)
{
	for (; *format; format++) {
		if (*format != '%')
			add_char(text, *format);
		else if (*++format == 'a')
			add_value(text, 'd', answer->asked);
		else if (*format == 'l')
			add_value(text, 'd', answer->limit);
		else if (*format < 'a')
			add_value(text, *format - 'A' + 'a', answer->limit);
		else
			add_value(text, *format, answer->asked);
	}
}

static const struct {
	int error;
	const char *name;
} names[] = {
	{ EACCES, "EACCES" }, { EAGAIN, "EAGAIN" }, { EBADF, "EBADF" },
	{ EBUSY, "EBUSY" }, { EEXIST, "EEXIST" }, { EFAULT, "EFAULT" },
	{ EFBIG, "EFBIG" }, { EIDRM, "EIDRM" }, { EINTR, "EINTR" },
	{ EINVAL, "EINVAL" }, { EMFILE, "EMFILE" },
	{ ENAMETOOLONG, "ENAMETOOLONG" }, { ENFILE, "ENFILE" },
	{ ENOENT, "ENOENT" }, { ENOMEM, "ENOMEM" }, { ENOSPC, "ENOSPC" },
	{ ENOSYS, "ENOSYS" }, { ENOTTY, "ENOTTY" }, { EPERM, "EPERM" },
	{ E2BIG, "E2BIG" },
};

static void add_errno(struct text *text, int error)
{
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		if (names[i].error == error) {
			add(text, names[i].name);
			return;
		}
	}
	add(text, "error ");
	add_number(text, (unsigned int)error, 10);
}

static void add_sentence(struct text *text, const struct answer *answer)
{
	const struct words *words = words_of(answer->reason);

	if (!answer->reason) {
		add_errno(text, answer->error);
		return;
	}
	add(text, words->what);
	if (words->numbers) {
		add(text, ": ");
		add_numbers(text, words->numbers, answer);
	}
}

/*
 * One write, so that lines of several threads don't mix. That there is no device
 * has been told where it was noticed.
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
	if (last.reason) {
		add_errno(&text, last.error);
		add(&text, ": ");
	}
	add_sentence(&text, &last);
	text.room++;
	*text.to = '\n';
	(void)kshm_raw(SYS_write, STDERR_FILENO, line,
		       (size_t)(text.to + 1 - line));
}

void kshm_debug(void)
{
	atomic_store(&debugging, true);
	atomic_store(&kshm_explains, true);
}

void kshm_remember(const struct kshm_explain *why)
{
	last = (struct answer){
		.error = why->error,
		.reason = why->reason,
		.asked = why->asked,
		.limit = why->limit,
		.fresh = true,
	};
}

long kshm_refuse(int error, unsigned int reason, uint64_t asked,
		 uint64_t limit)
{
	if (kshm_explaining())
		last = (struct answer){
			.error = error,
			.reason = reason,
			.asked = asked,
			.limit = limit,
			.fresh = true,
		};
	return -error;
}

int kshm_failed(const char *call, int error)
{
	if (kshm_explaining()) {
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
	return words_of(reason)->what;
}

KSHM_EXPORT char *kshm_strerror(char *buf, size_t size)
{
	struct text text = { buf, size };
	struct answer answer = { .error = errno };

	if (!size)
		return buf;
	*buf = '\0';
	answer.reason = kshm_reason(&answer.asked, &answer.limit);
	if (answer.error)
		add_sentence(&text, &answer);
	return buf;
}
