// SPDX-License-Identifier: GPL-2.0
/*
 * One of several programs that talk through one segment, each in a language of
 * its own. It waits until all slots before its own have text, prints them,
 * writes its own, and stays until the last slot has text too. With -DRAW it
 * enters the kernel without a library, as Go's programs do.
 *
 * usage: talk KEY SLOT LAST TEXT
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOT_SIZE	64
#define SEGMENT_SIZE	4096
#define POLL_US		100000
#define POLLS		900

#ifdef RAW
static int get(key_t key)
{
	return (int)syscall(SYS_shmget, key, SEGMENT_SIZE, IPC_CREAT | 0600);
}

static void *attach(int id)
{
	return (void *)syscall(SYS_shmat, id, NULL, 0);
}

static int detach(const void *at)
{
	return (int)syscall(SYS_shmdt, at);
}
#else
static int get(key_t key)
{
	return shmget(key, SEGMENT_SIZE, IPC_CREAT | 0600);
}

static void *attach(int id)
{
	return shmat(id, NULL, 0);
}

static int detach(const void *at)
{
	return shmdt(at);
}
#endif

static int wait_for(const volatile char *slot)
{
	for (int i = 0; i < POLLS && !*slot; i++)
		usleep(POLL_US);
	if (!*slot)
		fprintf(stderr, "talk: nobody wrote into a slot\n");
	return !*slot;
}

int main(int argc, char **argv)
{
	int id, slot, last;
	char *at;

	if (argc != 5)
		return 2;
	slot = atoi(argv[2]);
	last = atoi(argv[3]);
	id = get((key_t)strtol(argv[1], NULL, 0));
	if (id < 0) {
		perror("shmget");
		return 1;
	}
	at = attach(id);
	if (at == (void *)-1) {
		perror("shmat");
		return 1;
	}
	for (int i = 0; i < slot; i++) {
		if (wait_for(at + i * SLOT_SIZE))
			return 1;
		printf("%.*s\n", SLOT_SIZE, at + i * SLOT_SIZE);
	}
	snprintf(at + slot * SLOT_SIZE, SLOT_SIZE, "%s", argv[4]);
	if (wait_for(at + last * SLOT_SIZE))
		return 1;
	if (detach(at)) {
		perror("shmdt");
		return 1;
	}
	return 0;
}
