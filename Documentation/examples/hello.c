/* SPDX-License-Identifier: GPL-2.0 */
/* One process writes to a segment, and another reads from it. */
#include <kshm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *attach(int id)
{
	char *text = kshm_shmat(id, NULL, 0);

	if (text == (void *)-1) {
		perror("kshm_shmat");
		exit(1);
	}
	return text;
}

int main(void)
{
	int id = kshm_shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	char *text;

	if (id < 0) {
		perror("kshm_shmget");
		return 1;
	}
	if (!fork()) {
		strcpy(attach(id), "hello from a child");
		_exit(0);
	}
	wait(NULL);
	text = attach(id);
	/* The kernel frees the segment at its last detach. */
	kshm_shmctl(id, IPC_RMID, NULL);
	puts(text);
	return kshm_shmdt(text) ? 1 : 0;
}
