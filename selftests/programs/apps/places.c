// SPDX-License-Identifier: GPL-2.0
/*
 * A test for tools that keep a map of the process: segments are attached, moved,
 * split and detached, and a tool must follow. Each step prints a line with "ok".
 * The first step that goes wrong says what it did not find, and ends the program.
 *
 * usage: places				only that
 *        places freed|unset|overflow|race	end with a mistake, for a tool
 *        places with LIBRARY			say whether LIBRARY is loaded
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096
#define SIZE		(4 * PAGE)
#define FAILED		((char *)-1)
#define NOBODY		65534
#define ROUNDS		5

#define expect(what)	require(what, #what)

static const char *step;		/* its name */
static char answer[16];			/* the answer that it prints */

static void require(int is_true, const char *what)
{
	if (is_true)
		return;
	printf("places: %s: not %s\n", step, what);
	_exit(1);
}

static void fill(char *at)
{
	for (int i = 0; i < SIZE; i++)
		at[i] = (char)(1 + i / PAGE);
}

static int is_filled(const char *at)
{
	for (int i = 0; i < SIZE; i++)
		if (at[i] != (char)(1 + i / PAGE))
			return 0;
	return 1;
}

static char *attach(int id)
{
	char *at = shmat(id, NULL, 0);

	expect(at != FAILED);
	return at;
}

static char *map(char *at, size_t size, int prot, int flags)
{
	return mmap(at, size, prot, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Without MAP_FIXED the address is a wish, which is granted if nothing is there. */
static int is_free(char *at, size_t size)
{
	char *got = map(at, size, PROT_NONE, 0);

	return !munmap(got, size) && got == at;
}

static char *free_place(void)
{
	char *at = map(NULL, SIZE, PROT_NONE, 0);

	expect(!munmap(at, SIZE));
	return at;
}

static void attached(int id)
{
	char *at = attach(id);

	fill(at);
	expect(is_filled(at));
	expect(!is_free(at, SIZE));
	expect(!shmdt(at));
	expect(is_free(at, SIZE));
}

/* A debugger stops here. */
static __attribute__((noinline)) void show(char *text)
{
	__asm__ volatile("" : : "r" (text) : "memory");
}

static void shown(int id)
{
	char *at = attach(id);

	strcpy(at, "written");
	show(at);
	snprintf(answer, sizeof(answer), "%s", at);
	fill(at);
	expect(!shmdt(at));
}

static void protected(int id)
{
	char *at = attach(id);

	expect(!mprotect(at, SIZE, PROT_READ));
	expect(is_filled(at));
	expect(!mprotect(at, SIZE, PROT_READ | PROT_WRITE));
	fill(at);
	expect(!shmdt(at));
	expect(is_free(at, SIZE));
}

static void moved(int id)
{
	char *at = attach(id), *to = map(NULL, SIZE, PROT_NONE, 0);

	expect(mremap(at, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	expect(is_filled(to));
	fill(to);
	expect(is_free(at, SIZE));
	expect(!shmdt(to));
	expect(is_free(to, SIZE));
}

static void at_an_address(int id)
{
	char *at = free_place();

	expect(shmat(id, at, 0) == at);
	fill(at);
	expect(shmat(id, at, 0) == FAILED && errno == EINVAL);
	expect(is_filled(at));
	expect(shmat(id, at + 1, SHM_RND | SHM_REMAP) == at);
	expect(is_filled(at));
	expect(!shmdt(at));
	expect(is_free(at, SIZE));
}

static void in_place_of_memory(int id)
{
	char *at = map(NULL, SIZE, PROT_NONE, 0);

	expect(shmat(id, at, SHM_REMAP) == at);
	expect(is_filled(at));
	fill(at);
	expect(!shmdt(at));
	expect(is_free(at, SIZE));
}

/* The program has memory of its own between two pieces of the attach. */
static void split(int id)
{
	char *at = attach(id), *own = at + PAGE;

	expect(map(own, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED) == own);
	strcpy(own, "own");
	expect(!shmdt(at));
	expect(!strcmp(own, "own"));
	expect(!is_free(own, PAGE));
	expect(is_free(at, PAGE));
	expect(!munmap(own, PAGE));
}

static void read_only(int id)
{
	char *at = shmat(id, NULL, SHM_RDONLY);

	expect(at != FAILED);
	expect(is_filled(at));
	expect(mprotect(at, PAGE, PROT_READ | PROT_WRITE) && errno == EACCES);
	expect(!shmdt(at));
	expect(is_free(at, SIZE));
}

static void inherited(int id)
{
	char *at = attach(id);
	int status = -1;
	pid_t pid = fork();

	expect(is_filled(at));
	expect(!shmdt(at));
	expect(is_free(at, SIZE));
	if (!pid)
		_exit(0);
	expect(waitpid(pid, &status, 0) == pid && !status);
}

/* Writing is refused, when all else was found well. */
static void refused(int id)
{
	char *at = free_place();

	expect(!seteuid(NOBODY));
	id = shmget(IPC_PRIVATE, SIZE, 0400);
	expect(id >= 0);
	expect(shmat(id, at, 0) == FAILED && errno == EACCES);
	expect(is_free(at, SIZE));
	expect(!shmctl(id, IPC_RMID, NULL));
	expect(!seteuid(0));
}

static void *attach_often(void *id)
{
	for (int i = 0; i < ROUNDS; i++) {
		char *at = attach(*(int *)id);

		expect(is_filled(at));
		expect(!shmdt(at));
	}
	return NULL;
}

static void threads(int id)
{
	pthread_t one, two;

	expect(!pthread_create(&one, NULL, attach_often, &id));
	expect(!pthread_create(&two, NULL, attach_often, &id));
	expect(!pthread_join(one, NULL));
	expect(!pthread_join(two, NULL));
}

static void removed(int id)
{
	struct shmid_ds ds;

	expect(!shmctl(id, IPC_STAT, &ds));
	expect(!ds.shm_nattch);
	expect(!shmctl(id, IPC_RMID, NULL));
	expect(shmat(id, NULL, 0) == FAILED && errno == EINVAL);
}

static const struct {
	const char *name;
	void (*run)(int id);
} steps[] = {
	{ "attached", attached },
	{ "shown", shown },
	{ "protected", protected },
	{ "moved", moved },
	{ "at an address", at_an_address },
	{ "in place of memory", in_place_of_memory },
	{ "split", split },
	{ "read only", read_only },
	{ "inherited", inherited },
	{ "refused", refused },
	{ "threads", threads },
	{ "removed", removed },
};

static const char *is_loaded(const char *library)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	const char *found = "no";
	char line[PATH_MAX];

	while (fgets(line, sizeof(line), maps))
		if (strstr(line, library))
			found = "yes";
	fclose(maps);
	return found;
}

static volatile int counter;

static void *count(void *unused)
{
	counter++;
	return unused;
}

static void make_mistake(const char *kind)
{
	char *volatile heap = malloc(1);
	volatile int number = INT_MAX;
	pthread_t thread;

	if (!strcmp(kind, "freed"))
		free(heap);
	if (!strcmp(kind, "freed") || !strcmp(kind, "unset")) {
		if (heap[0])
			puts("");
	} else if (!strcmp(kind, "overflow")) {
		number = number + 1;
	} else if (!strcmp(kind, "race") &&
		   !pthread_create(&thread, NULL, count, NULL)) {
		counter++;
		pthread_join(thread, NULL);
	}
	if (strcmp(kind, "freed"))
		free(heap);
}

int main(int argc, char **argv)
{
	int id = shmget(IPC_PRIVATE, SIZE, 0600);

	if (id < 0) {
		perror("shmget");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		step = steps[i].name;
		strcpy(answer, "ok");
		steps[i].run(id);
		printf("places: %s: %s\n", step, answer);
	}
	if (argc == 3)
		printf("places: with %s: %s\n", argv[2], is_loaded(argv[2]));
	if (argc == 2)
		make_mistake(argv[1]);
	return 0;
}
