/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A leader makes a segment under the first handle that is free, its workers
 * attach it by that.
 */
#include <errno.h>
#include <kshm.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS	3

static void check(int ret, const char *what)
{
	if (!ret)
		return;
	perror(what);
	_exit(1);
}

static void work(const struct kshm_dsm_handle *handle, int number)
{
	void *memory = NULL;
	size_t size;

	check(kshm_dsm(KSHM_DSM_ATTACH, handle, 0, &memory, &size), "attach");
	((int *)memory)[number] = number + 1;
	check(kshm_dsm(KSHM_DSM_DETACH, handle, 0, &memory, &size), "detach");
	_exit(0);
}

int main(void)
{
	struct kshm_dsm_handle handle = { NULL, 5432 };
	void *memory = NULL;
	size_t size = 0;
	int i, sum = 0;

	while (kshm_dsm(KSHM_DSM_CREATE, &handle, WORKERS * sizeof(int),
			&memory, &size)) {
		check(errno != EEXIST, "create");
		handle.key++;
	}
	for (i = 0; i < WORKERS; i++)
		if (!fork())
			work(&handle, i);
	while (wait(NULL) > 0)
		;
	for (i = 0; i < WORKERS; i++)
		sum += ((int *)memory)[i];
	check(kshm_dsm(KSHM_DSM_DESTROY, &handle, 0, &memory, &size), "destroy");
	printf("%d workers did %d\n", WORKERS, sum);
	return 0;
}
