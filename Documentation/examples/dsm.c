/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A leader creates a segment with the first handle that is free. Its workers
 * attach the segment by that handle.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dsm.h"

#define WORKERS	3

static void check(int ret, const char *action)
{
	if (!ret)
		return;
	perror(action);
	_exit(1);
}

static void work(const struct dsm_handle *handle, int number)
{
	void *memory = NULL;
	size_t size;

	check(dsm(DSM_ATTACH, handle, 0, &memory, &size), "attach");
	((int *)memory)[number] = number + 1;
	check(dsm(DSM_DETACH, handle, 0, &memory, &size), "detach");
	_exit(0);
}

int main(void)
{
	struct dsm_handle handle = { NULL, 5432 };
	void *memory = NULL;
	size_t size = 0;
	int i, sum = 0;

	while (dsm(DSM_CREATE, &handle, WORKERS * sizeof(int), &memory, &size)) {
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
	check(dsm(DSM_DESTROY, &handle, 0, &memory, &size), "destroy");
	printf("%d workers did %d\n", WORKERS, sum);
	return 0;
}
