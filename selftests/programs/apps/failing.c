// SPDX-License-Identifier: GPL-2.0
/*
 * The control of make apps: a preload that makes every call of shared memory fail.
 * A test that still passes then has proved nothing.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>

int shmget(key_t key, size_t size, int shmflg)
{
	(void)key, (void)size, (void)shmflg;
	errno = ENOSYS;
	return -1;
}

void *shmat(int shmid, const void *shmaddr, int shmflg)
{
	(void)shmid, (void)shmaddr, (void)shmflg;
	errno = ENOSYS;
	return (void *)-1;
}

int shmdt(const void *shmaddr)
{
	(void)shmaddr;
	errno = ENOSYS;
	return -1;
}

int shmctl(int shmid, int cmd, struct shmid_ds *buf)
{
	(void)shmid, (void)cmd, (void)buf;
	errno = ENOSYS;
	return -1;
}

int shm_open(const char *name, int oflag, mode_t mode)
{
	(void)name, (void)oflag, (void)mode;
	errno = ENOSYS;
	return -1;
}

int shm_unlink(const char *name)
{
	(void)name;
	errno = ENOSYS;
	return -1;
}
