// SPDX-License-Identifier: GPL-2.0
/*
 * The stage of the labs: processes A, B, ... do what a script says, one step at a
 * time, with segments of kshm or of in-tree shm. After each step it prints what can
 * be seen of the segments and of the processes.
 *
 * usage: play [-s kshm|in-tree] [-t] [-g] [FILE]; play -h lists the steps
 *
 * Without FILE it reads steps from its standard input. With -t it prints after each
 * step what the kernel's function tracer has seen of it; the caller has set that up.
 * With -g the processes stop at the gates of a module with gates (gate.c).
 *
 * A step's line of output is "step 3: A fork B -> ok" and facts after it, as
 * "S.nattch=2". The exit status is 0 if all was expected, 1 if not, and 2 for a line
 * that makes no sense.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <kshm.h>
#include <linux/kshm.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define PAGE		4096UL
#define LETTERS		26
#define WORDS		12
#define NO_ID		(-1)
#define FILL_MAX	1000
#define FIRST_PLACE	0x100000000000UL
#define BETWEEN_PLACES	0x40000000UL
/* The usual struct kshm_stat, also where lab 8 has made it longer. */
#define STAT_SIZE	120UL
#define TRACING		"/sys/kernel/tracing/"
#define GATE		"/sys/module/kshm/parameters/gate"

/*
 * struct mapping - a mapping that a script has given a name
 * @addr:	where it begins; NULL for none
 * @pages:	its length
 */
struct mapping {
	char	*addr;
	size_t	pages;
};

/*
 * struct message - a step, on its way to the process that takes it
 * @id:		the segment that the step names; NO_ID for none
 * @line:	the step without the name of the process
 */
struct message {
	int	id;
	char	line[160];
};

/*
 * struct answer - what the process says
 * @id:		the id that a call has returned; NO_ID for none
 * @text:	"ok", or the name of an errno or signal, and facts
 */
struct answer {
	int	id;
	char	text[100];
};

/*
 * struct side - an implementation of shared memory
 * @name:	"kshm" or "in-tree"
 * @listing:	file in /proc that lists the segments
 */
struct side {
	const char *name;
	const char *listing;
	int (*get)(key_t key, size_t size, int flags);
	void *(*at)(int id, const void *addr, int flags);
	int (*dt)(const void *addr);
	int (*ctl)(int id, int cmd, struct shmid_ds *buf);
};

static const struct side sides[] = {
	{ "kshm", "/proc/kshm/shm", kshm_shmget, kshm_shmat, kshm_shmdt, kshm_shmctl },
	{ "in-tree", "/proc/sysvipc/shm", shmget, shmat, shmdt, shmctl },
};

static const struct side *side = &sides[0];
static bool traced, gated;

/* The processes: a pair of sockets for each, made before the first is started. */
static int ours[LETTERS], theirs[LETTERS];
static pid_t pids[LETTERS];
static int segments[LETTERS];

/* The segment that the last call of a process makes or finds; 0 for none. */
static char creates[LETTERS];

/* What one process has. */
static struct mapping mappings[LETTERS];
static int owner_fd = -1;
static int filled[FILL_MAX], fill_count;
static sigjmp_buf before_access;

static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "unknown";
}

static void complain(const char *line, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "play: %s: %s\n", line, why);
}

static void end_all(void);

static void give_up(const char *line, const char *why)
{
	complain(line, why);
	end_all();
	exit(2);
}

/* Cut a line into words. Return: their number. */
static int split(char *line, char *words[WORDS])
{
	int count = 0;
	char *word;

	memset(words, 0, WORDS * sizeof(*words));
	for (word = strtok(line, " \t\r\n"); word && count < WORDS;
	     word = strtok(NULL, " \t\r\n"))
		words[count++] = word;
	return count;
}

/* Return: whether one of the words after the second is @option. */
static bool has(char *words[WORDS], const char *option)
{
	int i;

	for (i = 2; i < WORDS && words[i]; i++)
		if (!strcmp(words[i], option))
			return true;
	return false;
}

/* Return: what follows "@option=", or @otherwise. */
static long value(char *words[WORDS], const char *option, long otherwise)
{
	size_t len = strlen(option);
	int i;

	for (i = 2; i < WORDS && words[i]; i++)
		if (!strncmp(words[i], option, len) && words[i][len] == '=')
			return strtol(words[i] + len + 1, NULL, 0);
	return otherwise;
}

static long number(const char *word, long otherwise)
{
	return word ? strtol(word, NULL, 0) : otherwise;
}

static struct mapping *mapping(const char *word)
{
	if (!word || word[0] < 'a' || word[0] > 'z')
		return &mappings[0];
	return &mappings[word[0] - 'a'];
}

/* Where a mapping begins: "at=" is a number of pages. */
static char *place(char *words[WORDS], const char *name)
{
	unsigned long letter = name && islower((unsigned char)name[0]) ? name[0] - 'a' : 0;

	return (char *)(FIRST_PLACE + letter * BETWEEN_PLACES +
			value(words, "at", 0) * PAGE);
}

static int ioctl_segment(unsigned long cmd, void *arg)
{
	int fd = open("/dev/kshm", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -1;
	err = ioctl(fd, cmd, arg);
	close(fd);
	return err;
}

/* In-tree shm lacks it. */
static int no_such_call(void)
{
	errno = ENOSYS;
	return -1;
}

static int do_get_with_lifetime(char *words[WORDS], struct answer *answer)
{
	struct kshm_get get = {
		.key	= value(words, "key", 0),
		.size	= number(words[2], 1) * PAGE,
		.mode	= value(words, "mode", 0600),
		.flags	= KSHM_GET_CREAT |
			  (has(words, "owned") ? KSHM_GET_OWNED : 0) |
			  (has(words, "transient") ? KSHM_GET_TRANSIENT : 0),
	};

	if (strcmp(side->name, "kshm"))
		return no_such_call();
	if (owner_fd < 0)
		owner_fd = open("/dev/kshm", O_RDWR | O_CLOEXEC);
	if (owner_fd < 0 || ioctl(owner_fd, KSHM_IOC_GET, &get))
		return -1;
	answer->id = get.id;
	return 0;
}

static int do_get(char *words[WORDS], struct answer *answer)
{
	int flags = value(words, "mode", 0600);

	if (has(words, "owned") || has(words, "transient"))
		return do_get_with_lifetime(words, answer);
	if (!has(words, "find"))
		flags |= IPC_CREAT;
	if (has(words, "excl"))
		flags |= IPC_EXCL;
	answer->id = side->get(value(words, "key", 0),
			       number(words[2], 1) * PAGE, flags);
	return answer->id < 0 ? -1 : 0;
}

/* The answer has the id of the last one. */
static int do_fill(char *words[WORDS], struct answer *answer)
{
	long count = number(words[1], 1);

	for (; count > 0 && fill_count < FILL_MAX; count--) {
		answer->id = side->get(IPC_PRIVATE, PAGE, 0600);
		if (answer->id < 0)
			return -1;
		filled[fill_count++] = answer->id;
	}
	return 0;
}

static int do_drop(char *words[WORDS])
{
	long i, first = number(words[1], 0), end = first + number(words[2], 1);

	for (i = first; i < end && i < fill_count; i++)
		if (side->ctl(filled[i], IPC_RMID, NULL))
			return -1;
	return 0;
}

/* Return: the pages of a segment, 0 if it can't be asked. */
static size_t pages_of(int id)
{
	struct shmid_ds ds;

	if (side->ctl(id, IPC_STAT, &ds))
		return 0;
	return (ds.shm_segsz + PAGE - 1) / PAGE;
}

static int do_attach(char *words[WORDS], int id)
{
	char *addr = place(words, words[2]) + has(words, "odd");
	struct kshm_attach attach = {
		.id	= id,
		.flags	= KSHM_ATTACH_NO_FAULTAROUND,
		.addr	= (uintptr_t)addr,
	};

	if (!has(words, "nofa"))
		addr = side->at(id, addr, has(words, "ro") ? SHM_RDONLY : 0);
	else if (strcmp(side->name, "kshm"))
		return no_such_call();
	else if (ioctl_segment(KSHM_IOC_ATTACH, &attach))
		return -1;
	if (addr == (char *)-1)
		return -1;
	*mapping(words[2]) = (struct mapping){ addr, pages_of(id) };
	return 0;
}

static int map_descriptor(char *words[WORDS], int fd, size_t pages, const char *name)
{
	char *addr = mmap(place(words, name), pages * PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	close(fd);
	if (addr == MAP_FAILED)
		return -1;
	*mapping(name) = (struct mapping){ addr, pages };
	return 0;
}

static int do_fd(char *words[WORDS], int id)
{
	struct kshm_fd fd = { .id = id };

	if (strcmp(side->name, "kshm"))
		return no_such_call();
	if (ioctl_segment(KSHM_IOC_FD, &fd))
		return -1;
	return map_descriptor(words, fd.fd, pages_of(id), words[2]);
}

static int do_file(char *words[WORDS])
{
	size_t pages = number(words[2], 1);
	char name[20];
	int fd;

	snprintf(name, sizeof(name), "/play-%c", words[1][0]);
	fd = shm_open(name, O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, pages * PAGE)) {
		close(fd);
		return -1;
	}
	return map_descriptor(words, fd, pages, words[3]);
}

static int protection(const char *word)
{
	if (word && !strcmp(word, "rw"))
		return PROT_READ | PROT_WRITE;
	return word && !strcmp(word, "r") ? PROT_READ : PROT_NONE;
}

static int do_move(struct mapping *map)
{
	size_t size = map->pages * PAGE;
	char *to = mremap(map->addr, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			  map->addr + BETWEEN_PLACES / 2);

	if (to == MAP_FAILED)
		return -1;
	map->addr = to;
	return 0;
}

static int do_copy(char *words[WORDS], const struct mapping *map,
		   struct mapping *copy)
{
	char *addr = mremap(map->addr, 0, map->pages * PAGE,
			    MREMAP_MAYMOVE | MREMAP_FIXED, place(words, words[2]));

	if (addr == MAP_FAILED)
		return -1;
	*copy = (struct mapping){ addr, map->pages };
	return 0;
}

static void access_failed(int sig)
{
	siglongjmp(before_access, sig);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* Return: the faults that it takes to touch some pages. */
static long touch(volatile char *addr, long count, long stride, bool writes)
{
	long before, i;

	/* The first call is for the code and the stack of all this. */
	faults();
	before = faults();
	for (i = 0; i < count; i += stride) {
		if (writes)
			addr[i * PAGE] = 1;
		else
			(void)addr[i * PAGE];
	}
	return faults() - before;
}

static int do_access(char *words[WORDS], struct answer *answer)
{
	int sig = sigsetjmp(before_access, 1);

	if (sig)
		snprintf(answer->text, sizeof(answer->text), "SIG%s",
			 sigabbrev_np(sig));
	else
		snprintf(answer->text, sizeof(answer->text), "ok faults=%ld",
			 touch(mapping(words[1])->addr + number(words[2], 0) * PAGE,
			       number(words[3], 1), number(words[4], 1),
			       words[0][0] == 'w'));
	return 0;
}

/* STAT with a struct of another length; tell the word behind the usual struct. */
static int do_sized(char *words[WORDS], int id, struct answer *answer)
{
	size_t size = STAT_SIZE + number(words[2], 0);
	unsigned long cmd = _IOC(_IOC_READ | _IOC_WRITE, KSHM_IOC_MAGIC,
				 _IOC_NR(KSHM_IOC_STAT), size);
	union {
		struct kshm_stat stat;
		char bytes[2 * sizeof(struct kshm_stat)];
	} arg = { .stat = { .id = id } };
	uint64_t word;

	if (strcmp(side->name, "kshm"))
		return no_such_call();
	if (size < 8 || size > sizeof(arg)) {
		errno = ERANGE;
		return -1;
	}
	if (has(words, "garbage"))
		memset(&arg.bytes[size - 8], 0xff, 8);
	if (ioctl_segment(cmd, &arg))
		return -1;
	memcpy(&word, &arg.bytes[STAT_SIZE], sizeof(word));
	snprintf(answer->text, sizeof(answer->text), "ok value=%llu",
		 (unsigned long long)word);
	return 0;
}

static int do_ctl(char *words[WORDS], int id, struct answer *answer)
{
	struct shmid_ds ds;

	if (!strcmp(words[0], "rmid"))
		return side->ctl(id, IPC_RMID, NULL);
	if (!strcmp(words[0], "stat"))
		return side->ctl(id, IPC_STAT, &ds);
	if (!strcmp(words[0], "index")) {
		answer->id = side->ctl(id, SHM_STAT, &ds);
		return answer->id < 0 ? -1 : 0;
	}
	if (side->ctl(id, IPC_STAT, &ds))
		return -1;
	ds.shm_perm.mode = number(words[2], 0);
	return side->ctl(id, IPC_SET, &ds);
}

static int do_limit(char *words[WORDS])
{
	char path[60];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%.20s", words[1]);
	file = fopen(path, "w");
	if (!file)
		return -1;
	fprintf(file, "%s\n", words[2]);
	return fclose(file);
}

static int do_close(void)
{
	int err = close(owner_fd);

	owner_fd = -1;
	return err;
}

/* Only a process with this name stops at gates. */
static int do_gates(int letter, bool on)
{
	char name[16];

	snprintf(name, sizeof(name), "%s-%c", on ? "gate" : "play", 'A' + letter);
	return prctl(PR_SET_NAME, name);
}

static void run_actor(int letter);

static int do_fork(const char *name, struct answer *answer)
{
	int child = name[0] - 'A';
	pid_t pid = fork();

	if (!pid)
		run_actor(child);
	answer->id = pid;
	return pid < 0 ? -1 : 0;
}

static int do_exec(int letter)
{
	char text[4];

	snprintf(text, sizeof(text), "%c", 'A' + letter);
	return execl("/proc/self/exe", "play", "-s", side->name, "-a", text,
		     (char *)NULL);
}

static int do_mapping(char *words[WORDS])
{
	struct mapping *map = mapping(words[1]);
	char *addr = map->addr + number(words[2], 0) * PAGE;
	size_t size = number(words[3], map->pages) * PAGE;

	if (!strcmp(words[0], "detach"))
		return side->dt(map->addr);
	if (!strcmp(words[0], "munmap"))
		return munmap(addr, size);
	if (!strcmp(words[0], "protect"))
		return mprotect(addr, size, protection(words[4]));
	if (!strcmp(words[0], "move"))
		return do_move(map);
	if (!strcmp(words[0], "copy"))
		return do_copy(words, map, mapping(words[2]));
	if (!strcmp(words[0], "punch"))
		return madvise(addr, size, MADV_REMOVE);
	if (!strcmp(words[0], "dontfork"))
		return madvise(map->addr, map->pages * PAGE, MADV_DONTFORK);
	return madvise(map->addr, map->pages * PAGE, MADV_RANDOM);
}

/* Take one step. Return: 0, or -1 with errno. */
static int take(int letter, char *words[WORDS], int id, struct answer *answer)
{
	const char *verb = words[0];

	if (!strcmp(verb, "get"))
		return do_get(words, answer);
	if (!strcmp(verb, "fill"))
		return do_fill(words, answer);
	if (!strcmp(verb, "drop"))
		return do_drop(words);
	if (!strcmp(verb, "attach"))
		return do_attach(words, id);
	if (!strcmp(verb, "sized"))
		return do_sized(words, id, answer);
	if (!strcmp(verb, "fd"))
		return do_fd(words, id);
	if (!strcmp(verb, "file"))
		return do_file(words);
	if (!strcmp(verb, "read") || !strcmp(verb, "write"))
		return do_access(words, answer);
	if (!strcmp(verb, "limit"))
		return do_limit(words);
	if (!strcmp(verb, "user"))
		return setresgid(number(words[1], 0), number(words[1], 0),
				 number(words[1], 0)) ||
		       setresuid(number(words[1], 0), number(words[1], 0),
				 number(words[1], 0)) ? -1 : 0;
	if (!strcmp(verb, "gates"))
		return do_gates(letter, words[1] && !strcmp(words[1], "on"));
	if (!strcmp(verb, "close"))
		return do_close();
	if (!strcmp(verb, "fork"))
		return do_fork(words[1], answer);
	if (!strcmp(verb, "exec"))
		return do_exec(letter);
	if (!strcmp(verb, "stat") || !strcmp(verb, "index") ||
	    !strcmp(verb, "rmid") || !strcmp(verb, "chmod"))
		return do_ctl(words, id, answer);
	return do_mapping(words);
}

/* A process of the script: it takes steps until it is told to exit. */
static void run_actor(int letter)
{
	struct message message;
	char *words[WORDS];

	signal(SIGBUS, access_failed);
	signal(SIGSEGV, access_failed);
	while (recv(theirs[letter], &message, sizeof(message), 0) > 0) {
		struct answer answer = { .id = NO_ID, .text = "ok" };

		split(message.line, words);
		if (!strcmp(words[0], "exit"))
			_exit(0);
		if (take(letter, words, message.id, &answer))
			snprintf(answer.text, sizeof(answer.text), "%s",
				 errno_name(errno));
		send(theirs[letter], &answer, sizeof(answer), 0);
	}
	_exit(0);
}

/* After exec: it says that it is back, and goes on. */
static void resume_actor(const char *text)
{
	struct answer answer = { .id = NO_ID, .text = "ok" };
	int letter = text[0] - 'A';

	/* Its sockets have the numbers that start_all() gave them. */
	theirs[letter] = 100 + letter;
	send(theirs[letter], &answer, sizeof(answer), 0);
	run_actor(letter);
}

static void start_all(void)
{
	int pair[2], i;

	for (i = 0; i < LETTERS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) ||
		    dup2(pair[0], 50 + i) < 0 || dup2(pair[1], 100 + i) < 0) {
			perror("play: socketpair");
			exit(2);
		}
		close(pair[0]);
		close(pair[1]);
		ours[i] = 50 + i;
		theirs[i] = 100 + i;
		segments[i] = NO_ID;
	}
	/* Nobody waits for the processes, so none stays as a zombie. */
	signal(SIGCHLD, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (unshare(CLONE_NEWIPC))
		fprintf(stderr, "play: only root gets a new IPC namespace; ids may differ\n");
}

static void await_end(int letter)
{
	while (!kill(pids[letter], 0))
		usleep(1000);
	pids[letter] = 0;
}

/* Return: whether the process waits at a gate; then the answer says at which. */
static bool at_gate(int letter, struct answer *answer)
{
	char line[80], gate[40], name;
	bool found = false;
	FILE *file = fopen(GATE, "r");

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%c %39s", &name, gate) == 2 &&
			name == 'A' + letter && strcmp(gate, "-");
	if (file)
		fclose(file);
	if (found)
		snprintf(answer->text, sizeof(answer->text), "stops gate=%s", gate);
	return found;
}

static void open_gate(int letter)
{
	FILE *file = fopen(GATE, "w");

	if (!file)
		give_up(GATE, "the module that is loaded has no gates");
	fprintf(file, "%c\n", 'A' + letter);
	fclose(file);
}

/*
 * Wait until a process has taken its step: it answers, or it stops at a gate, or it
 * has died.
 */
static void await_answer(int letter, struct answer *answer)
{
	struct pollfd ready = { .fd = ours[letter], .events = POLLIN };

	*answer = (struct answer){ .id = NO_ID, .text = "died" };
	while (poll(&ready, 1, 20) == 0) {
		if (kill(pids[letter], 0)) {
			pids[letter] = 0;
			return;
		}
		if (gated && at_gate(letter, answer))
			return;
	}
	recv(ours[letter], answer, sizeof(*answer), 0);
}

static bool is_name(const char *word)
{
	return word && isupper((unsigned char)word[0]) && !word[1];
}

/* The facts of the last step, as they are printed. */
static char facts[4096];

static void __attribute__((format(printf, 1, 2))) add_fact(const char *format, ...)
{
	size_t used = strlen(facts);
	va_list args;

	va_start(args, format);
	vsnprintf(facts + used, sizeof(facts) - used, format, args);
	va_end(args);
}

/*
 * struct row - a line of the listing
 */
struct row {
	int		key, id, cpid, lpid;
	unsigned int	perms, uid, gid, cuid, cgid;
	unsigned long	size, nattch, atime, dtime, ctime, rss, swap;
};

/* Return: whether the listing has the segment. */
static bool find_row(int id, struct row *row)
{
	FILE *file = fopen(side->listing, "r");
	char line[400];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%d %d %o %lu %d %d %lu %u %u %u %u %lu %lu %lu %lu %lu",
			       &row->key, &row->id, &row->perms, &row->size,
			       &row->cpid, &row->lpid, &row->nattch, &row->uid,
			       &row->gid, &row->cuid, &row->cgid, &row->atime,
			       &row->dtime, &row->ctime, &row->rss,
			       &row->swap) == 16 && row->id == id;
	fclose(file);
	return found;
}

static void add_segment(char name, int id)
{
	struct row row;

	add_fact(" %c.id=%d", name, id);
	if (!find_row(id, &row)) {
		add_fact(" %c.state=gone", name);
		return;
	}
	add_fact(" %c.state=%s %c.nattch=%lu %c.rss=%lu %c.size=%lu %c.key=%d %c.mode=%o",
		 name, row.perms & 01000 ? "marked" : "alive", name, row.nattch,
		 name, row.rss / PAGE, name, row.size / PAGE, name, row.key,
		 name, row.perms & 0777);
}

/* How many lines of /proc/PID/maps are attaches. */
static void add_lines(char name, pid_t pid)
{
	char path[40], line[400];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		count += !!strstr(line, "/SYSV");
	fclose(file);
	add_fact(" %c.lines=%d", name, count);
}

/* Kilobytes of all shared memory, whoever has it. */
static void add_shmem(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[100];
	long size;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Shmem: %ld", &size) == 1)
			add_fact(" shmem=%ld", size);
	if (file)
		fclose(file);
}

static void tell(int step, const char *line, const char *said)
{
	int i;

	facts[0] = '\0';
	add_fact("result=%s", said);
	for (i = 0; i < LETTERS; i++)
		if (segments[i] != NO_ID)
			add_segment('A' + i, segments[i]);
	/* A process at a gate may hold the lock that its file "maps" takes. */
	for (i = 0; i < LETTERS && !gated; i++)
		if (pids[i])
			add_lines('A' + i, pids[i]);
	add_shmem();
	printf("step %d: %s -> %s\n", step, line, facts + strlen("result="));
	fflush(stdout);
}

static void set_tracing(const char *text)
{
	FILE *file = fopen(TRACING "tracing_on", "w");

	if (!file)
		give_up(TRACING, "there is no tracer");
	fputs(text, file);
	fclose(file);
}

static void clear_trace(void)
{
	FILE *file = fopen(TRACING "trace", "w");

	if (file)
		fclose(file);
}

/* Print what one process did: "trace: FUNCTION", or an event and its facts. */
static void print_trace(pid_t pid)
{
	FILE *file = fopen(TRACING "trace", "r");
	char line[400], own[40];
	const char *text;

	snprintf(own, sizeof(own), "-%d ", pid);
	while (file && fgets(line, sizeof(line), file)) {
		text = strstr(line, ": ");
		if (line[0] != '#' && strstr(line, own) && text)
			printf("trace: %s", text + 2);
	}
	if (file)
		fclose(file);
}

static void start_actor(int letter)
{
	pid_t pid = fork();

	if (!pid)
		run_actor(letter);
	pids[letter] = pid;
}

/* Which segment does the step name? */
static int named_segment(char *words[WORDS])
{
	const char *name = words[2];

	if (!name)
		return NO_ID;
	if (is_name(name))
		return segments[name[0] - 'A'];
	return isdigit((unsigned char)name[0]) ? (int)number(name, NO_ID) : NO_ID;
}

/* The steps, and what each does; the process that takes it comes before. */
static const struct {
	const char *verb, *objects, *meaning;
} verbs[] = {
	{ "get", "S 4 key=7 mode=0600 excl",
	  "create a segment of 4 pages, or find it by its key" },
	{ "get", "S 4 key=7 find", "find it only" },
	{ "get", "S 4 owned", "it ends with a descriptor (kshm only)" },
	{ "get", "S 4 transient", "it ends with its last detach (kshm only)" },
	{ "fill", "20", "create 20 segments of one page, without a name" },
	{ "drop", "5 10", "remove ten of them, from number 5 on" },
	{ "attach", "S x at=3 ro", "x is the name of the mapping" },
	{ "attach", "S x nofa", "without fault-around (kshm only)" },
	{ "attach", "S x odd", "at an address that is no multiple of a page" },
	{ "fd", "S x at=3", "map a descriptor of S (kshm only)" },
	{ "file", "F 4 x at=3", "map 4 pages of an object of shm_open()" },
	{ "detach", "x", "shmdt()" },
	{ "munmap", "x 1 2", "two pages from page 1 on" },
	{ "protect", "x 1 2 r", "mprotect() to r, rw or none" },
	{ "move", "x", "mremap() to another place" },
	{ "copy", "x y", "mremap() of length 0: y is one more mapping" },
	{ "dontfork", "x", "madvise(MADV_DONTFORK)" },
	{ "random", "x", "madvise(MADV_RANDOM)" },
	{ "read", "x 0 8 2", "touch pages 0, 2, ... of the first 8" },
	{ "write", "x 0 8 2", "likewise" },
	{ "punch", "x 0 4", "free pages: madvise(MADV_REMOVE)" },
	{ "stat", "S", "IPC_STAT" },
	{ "sized", "S 8", "KSHM_IOC_STAT with a struct 8 bytes longer" },
	{ "sized", "S 8 garbage", "the same, and the last 8 bytes are not 0" },
	{ "index", "S", "SHM_STAT: which id has the index of this id?" },
	{ "chmod", "S 0644", "IPC_SET" },
	{ "rmid", "S", "IPC_RMID" },
	{ "close", "", "close the descriptor that owns segments" },
	{ "user", "1000", "become an ordinary user, for good" },
	{ "limit", "shmall 100", "set kernel.shmall" },
	{ "fork", "B", "B is the child" },
	{ "exec", "", "the same program again" },
	{ "exit", "", "" },
	{ "gates", "on", "with -g: stop at gates from now on; or off" },
	{ "go", "", "with -g: pass the gate, up to the next one" },
	{ "finish", "", "with -g: pass all gates until the call ends" },
};

static void help(void)
{
	size_t i;

	printf("usage: play [-s kshm|in-tree] [-t] [-g] [FILE]\n\n"
	       "A line is a step, as \"A attach S x\". A is a process, which begins when it\n"
	       "is named first. S is a segment; in its place a number is taken for an id.\n\n");
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  A %-8s %-25s %s\n", verbs[i].verb, verbs[i].objects,
		       verbs[i].meaning);
	printf("\nThese lines are no steps:\n\n"
	       "  expect S.nattch 2\n\tlook at a fact of the step before\n"
	       "  # a comment\n\n"
	       "A mapping has a fixed address, which its name decides: that of x is a multiple\n"
	       "of 1 GiB, and at=3 puts it three pages behind that. So each run is the same.\n");
}

static bool is(const char *word, const char *other)
{
	return !strcmp(word, other);
}

/* Return: what is wrong with a line, NULL if it makes sense. */
static const char *problem(char *words[WORDS])
{
	size_t i, count = ARRAY_SIZE(verbs);

	if (is(words[0], "expect"))
		return words[1] && words[2] ? NULL :
		       "expect a fact and its value, as in: expect S.nattch 2";
	for (i = 0; words[1] && i < count; i++)
		if (is(words[1], verbs[i].verb))
			break;
	if (!is_name(words[0]) || !words[1] || i == count)
		return "a step is a capital letter, a verb, and its objects";
	if (verbs[i].objects[0] && !words[2])
		return "the verb needs objects; play -h shows which";
	if ((is(words[1], "get") || is(words[1], "fork")) && !is_name(words[2]))
		return "its object is a capital letter";
	if (is(words[1], "fork") && pids[words[2][0] - 'A'])
		return "there is a process with this name already";
	return NULL;
}

/* Open gates, one or all, until the process has ended its call. */
static void pass_gates(int letter, bool all, struct answer *answer)
{
	if (!at_gate(letter, answer)) {
		/* Its call has ended before, so it never comes to this gate. */
		snprintf(answer->text, sizeof(answer->text), "idle");
		return;
	}
	do {
		open_gate(letter);
		await_answer(letter, answer);
	} while (all && at_gate(letter, answer));
}

/* Let a process take a step, and wait for what comes of it. */
static void run_step(int letter, char *words[WORDS], const struct message *message,
		     struct answer *answer)
{
	if (is(words[1], "go") || is(words[1], "finish")) {
		pass_gates(letter, is(words[1], "finish"), answer);
		return;
	}
	/* An id that the call returns, however late, is this segment's. */
	creates[letter] = is(words[1], "get") ? words[2][0] : '\0';
	send(ours[letter], message, sizeof(*message), 0);
	if (is(words[1], "exit"))
		await_end(letter);
	else
		await_answer(letter, answer);
}

/* Remember what a step has made. */
static void note_answer(int letter, char *words[WORDS], struct answer *answer)
{
	if (answer->id == NO_ID)
		return;
	if (is(words[1], "fork")) {
		pids[words[2][0] - 'A'] = answer->id;
		return;
	}
	if (creates[letter])
		segments[creates[letter] - 'A'] = answer->id;
	snprintf(answer->text, sizeof(answer->text), "ok id=%d", answer->id);
}

static void one_step(int step, const char *line, char *words[WORDS])
{
	struct answer answer = { .id = NO_ID, .text = "ok" };
	int letter = words[0][0] - 'A';
	struct message message = { .id = named_segment(words) };
	pid_t pid;

	if (!pids[letter])
		start_actor(letter);
	snprintf(message.line, sizeof(message.line), "%s",
		 line + (words[1] - words[0]));
	pid = pids[letter];
	if (traced) {
		clear_trace();
		set_tracing("1");
	}
	run_step(letter, words, &message, &answer);
	if (traced)
		set_tracing("0");
	note_answer(letter, words, &answer);
	tell(step, line, answer.text);
	if (traced)
		print_trace(pid);
}

/* Return: whether the last step has this fact. */
static bool expect(const char *line, char *words[WORDS])
{
	char wanted[200], padded[sizeof(facts) + 2];

	snprintf(padded, sizeof(padded), " %s ", facts);
	snprintf(wanted, sizeof(wanted), " %.90s=%.90s ", words[1], words[2]);
	if (strstr(padded, wanted))
		return true;
	printf("not as expected: %s\n", line);
	fflush(stdout);
	return false;
}

/*
 * Take all steps. A script ends at a line that makes no sense, but somebody who types
 * may try again. Return: whether all was as expected.
 */
static bool play(FILE *script)
{
	char line[160], copy[160], *words[WORDS];
	const char *why;
	bool good = true;
	int step = 0;

	while (fgets(line, sizeof(line), script)) {
		char *start = line + strspn(line, " \t");

		start[strcspn(start, "\r\n#")] = '\0';
		snprintf(copy, sizeof(copy), "%s", start);
		if (!split(copy, words))
			continue;
		why = problem(words);
		if (why && !isatty(fileno(script)))
			give_up(start, why);
		else if (why)
			complain(start, why);
		else if (is(words[0], "expect"))
			good &= expect(start, words);
		else
			one_step(++step, start, words);
	}
	return good;
}

/* The processes end, and no segment and no object is left. */
static void end_all(void)
{
	char name[20];
	int i;

	for (i = 0; i < LETTERS; i++) {
		snprintf(name, sizeof(name), "/play-%c", 'A' + i);
		shm_unlink(name);
		if (pids[i]) {
			/* It may wait at a gate, and would not hear "exit". */
			kill(pids[i], SIGKILL);
			await_end(i);
		}
		if (segments[i] != NO_ID)
			side->ctl(segments[i], IPC_RMID, NULL);
	}
}

static const struct side *find_side(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sides); i++)
		if (!strcmp(sides[i].name, name))
			return &sides[i];
	complain(name, "the sides are kshm and in-tree");
	exit(2);
}

int main(int argc, char **argv)
{
	FILE *script = stdin;
	int option;
	bool good;

	while ((option = getopt(argc, argv, "s:a:tgh")) != -1) {
		switch (option) {
		case 's':
			side = find_side(optarg);
			break;
		case 't':
			traced = true;
			break;
		case 'g':
			gated = true;
			break;
		case 'a':
			/* It is a process of a script, after exec. */
			resume_actor(optarg);
			break;
		case 'h':
			help();
			return 0;
		default:
			return 2;
		}
	}
	if (argv[optind])
		script = fopen(argv[optind], "r");
	if (!script) {
		perror(argv[optind]);
		return 2;
	}
	start_all();
	good = play(script);
	end_all();
	return good ? 0 : 1;
}
