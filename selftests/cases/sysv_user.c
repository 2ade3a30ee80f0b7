// SPDX-License-Identifier: GPL-2.0
/*
 * A program that does not know kshm and is preloaded with the library. It runs
 * its arguments as steps, in order. If a step fails, the program ends with errno
 * as its exit status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY	0x1234

static void check(int ok)
{
	if (!ok)
		_exit(errno ? errno : 255);
}

/* Makes each call once, and checks its result. */
static void use(void)
{
	struct shmid_ds ds;
	int id = shmget(KEY, 4096, IPC_CREAT | 0666);
	char *p;

	check(id >= 0);
	check(!shmctl(id, IPC_STAT, &ds) && ds.shm_segsz == 4096);
	p = shmat(id, NULL, 0);
	check(p != (void *)-1);
	strcpy(p, "a program was here");
	check(!shmctl(id, IPC_STAT, &ds) && ds.shm_nattch > 0);
	check(!shmdt(p));
	errno = 0;
	check(shmdt((void *)1) == -1 && errno == EINVAL);
}

/* The object stays, so that the test can see where it is. */
static void use_object(void)
{
	int fd = shm_open("/preloaded", O_RDWR | O_CREAT, 0600);
	char *p;

	check(fd >= 0);
	check(!ftruncate(fd, 4096));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check(p != MAP_FAILED);
	strcpy(p, "a program was here");
	check(!close(fd) && !munmap(p, 4096));
	check(shm_open("/brief", O_RDWR | O_CREAT | O_EXCL, 0600) >= 0);
	check(!shm_unlink("/brief"));
	errno = 0;
	check(shm_unlink("/brief") == -1 && errno == ENOENT);
}

static void close_all(void)
{
	check(!syscall(SYS_close_range, 3, ~0U, 0));
}

/* Puts another file under each number that is open. */
static void take_numbers(void)
{
	int null = open("/dev/null", O_RDWR), fd;

	check(null >= 0);
	for (fd = 3; fd < 2000; fd++)
		if (fd != null && fcntl(fd, F_GETFD) >= 0)
			check(dup2(null, fd) == fd);
}

static void in_fork(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		use();
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid);
	errno = WEXITSTATUS(status);
	check(!status);
	use();
}

static void *use_in_thread(void *unused)
{
	use();
	return NULL;
}

static void in_threads(void)
{
	pthread_t thread[4];
	int i;

	for (i = 0; i < 4; i++)
		check(!pthread_create(&thread[i], NULL, use_in_thread, NULL));
	for (i = 0; i < 4; i++)
		check(!pthread_join(thread[i], NULL));
}

static void confine(void)
{
	check(!chroot("/proc/self/fdinfo") && !chdir("/"));
}

static void drop_user(void)
{
	check(!setresgid(22001, 22001, 22001));
	check(!setresuid(21001, 21001, 21001));
}

static void no_descriptors(void)
{
	struct rlimit none = { 0, 0 };

	check(!setrlimit(RLIMIT_NOFILE, &none));
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
	{ "use", use },
	{ "object", use_object },
	{ "close-all", close_all },
	{ "take-numbers", take_numbers },
	{ "fork", in_fork },
	{ "threads", in_threads },
	{ "chroot", confine },
	{ "user", drop_user },
	{ "no-descriptors", no_descriptors },
};

int main(int argc, char **argv)
{
	size_t i;

	while (*++argv) {
		for (i = 0; i < sizeof(steps) / sizeof(*steps); i++)
			if (!strcmp(steps[i].name, *argv))
				steps[i].run();
	}
	return 0;
}
