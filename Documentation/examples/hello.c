/* SPDX-License-Identifier: GPL-2.0 */
/* A segment, written by one process and read by another. */
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
	/* It goes when nobody has it attached any more. */
	kshm_shmctl(id, IPC_RMID, NULL);
	puts(text);
	return kshm_shmdt(text) ? 1 : 0;
}
