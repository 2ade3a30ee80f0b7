/* SPDX-License-Identifier: GPL-2.0 */
/* Ask for larger and larger segments, and print the reason of the first failure. */
#include <kshm.h>
#include <stdio.h>

int main(void)
{
	size_t size = 4096;
	char why[160];
	int id;

	kshm_explain_errors(1);
	while ((id = kshm_shmget(IPC_PRIVATE, size, 0600)) >= 0) {
		kshm_shmctl(id, IPC_RMID, NULL);
		size *= 2;
	}
	puts(kshm_strerror(why, sizeof(why)));
	return 0;
}
