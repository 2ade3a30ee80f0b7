// SPDX-License-Identifier: GPL-2.0
/*
 * What release 0.1 offered, written down so that later ones can be compared with
 * it by abidiff: names, arguments and what they give, and no more. A release that
 * adds functions adds a file; a file never changes.
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
