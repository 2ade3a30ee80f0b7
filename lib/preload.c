// SPDX-License-Identifier: GPL-2.0
/*
 * libkshm with libc's names, for LD_PRELOAD: the shared memory calls of a program
 * that does not know kshm then go to kshm.
 */
#include <sys/mman.h>

#include "internal.h"
#include "kshm.h"

KSHM_EXPORT int shmget(key_t key, size_t size, int shmflg)
{
	return kshm_shmget(key, size, shmflg);
}

KSHM_EXPORT void *shmat(int shmid, const void *shmaddr, int shmflg)
{
	return kshm_shmat(shmid, shmaddr, shmflg);
}

KSHM_EXPORT int shmdt(const void *shmaddr)
{
	return kshm_shmdt(shmaddr);
}

KSHM_EXPORT int shmctl(int shmid, int cmd, struct shmid_ds *buf)
{
	return kshm_shmctl(shmid, cmd, buf);
}

KSHM_EXPORT int shm_open(const char *name, int oflag, mode_t mode)
{
	return kshm_shm_open(name, oflag & ~(KSHM_O_SEALABLE | KSHM_O_HUGE), mode);
}

KSHM_EXPORT int shm_unlink(const char *name)
{
	return kshm_shm_unlink(name);
}

#if __SIZEOF_LONG__ == 4
int __shmctl64(int shmid, int cmd, struct __shmid64_ds *buf);

KSHM_EXPORT int __shmctl64(int shmid, int cmd, struct __shmid64_ds *buf)
{
	return kshm_shmctl64(shmid, cmd, buf);
}
#endif

/*
 * The runtime of AddressSanitizer ends a program if another library comes before
 * it. Its malloc() must be the first one; this library has none. The runtime calls
 * this function, unless the program has one of its own.
 */
const char *__asan_default_options(void);

KSHM_EXPORT const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}
