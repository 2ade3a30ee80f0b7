// SPDX-License-Identifier: GPL-2.0
/*
 * The functions of release 0.1, with their arguments and results, and no more:
 * abidiff compares each later library with this one. A release that adds functions
 * adds a file. A file never changes.
 */
#include <stddef.h>
#include <sys/shm.h>

int kshm_shmget(key_t key, size_t size, int shmflg)
{
	return 0;
}

void *kshm_shmat(int shmid, const void *shmaddr, int shmflg)
{
	return NULL;
}

int kshm_shmdt(const void *shmaddr)
{
	return 0;
}

int kshm_shmctl(int shmid, int cmd, struct shmid_ds *buf)
{
	return 0;
}
