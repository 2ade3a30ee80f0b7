// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of the system calls while kshm_switch leads them to kshm, and that of
 * in-tree's while it is loaded and does not. The row has no side of the library.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define MODULE	"kshm_switch.ko"
#define MODE	"/sys/module/kshm_switch/parameters/mode"
#define NEXT_ID	"/proc/sys/kernel/shm_next_id"
#define ID_AT_INDEX_0	"32768"

static void must_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != length)
		die("%s can't be written to %s: %s", text, path, strerror(errno));
	close(fd);
}

/* Returns whether this kernel can be switched. */
static bool load(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		die("%s: %s", MODULE, strerror(errno));
	err = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	if (err && err != EOPNOTSUPP)
		die("%s does not load: %s", MODULE, strerror(err));
	return !err;
}

static void unload(void)
{
	if (syscall(SYS_delete_module, "kshm_switch", O_NONBLOCK))
		die("kshm_switch is not unloaded: %s", strerror(errno));
}

/* After a change of mode, shmget() takes a slower lock until a grace period of RCU ends. */
static void set_mode(const char *name)
{
	must_write(MODE, name);
	sleep(1);
}

void switch_on(void)
{
	if (!load())
		die("this kernel can't switch its system calls");
	set_mode("on");
}

void switch_off(void)
{
	set_mode("off");
	unload();
}

/*
 * Indices grow from one segment to the next, and calls cost more with a higher one. So
 * an id is asked for that has index 0, if the kernel has CONFIG_CHECKPOINT_RESTORE.
 */
static void run_as(struct side *side, const char *name)
{
	const struct side as = { .name = name, .calls = side->calls };

	if (!access(NEXT_ID, W_OK))
		must_write(NEXT_ID, ID_AT_INDEX_0);
	add_segments(side, 1, 4096);
	run_calls_as(side, &as);
	run_fork_as(side, &as);
	remove_segments(side);
}

static void run_switch(struct side *side, int size)
{
	if (side->calls != &intree)
		return;
	run_as(side, "in-tree");
	if (!load())
		return;
	run_as(side, "off");
	set_mode("drain");
	run_as(side, "draining");
	set_mode("on");
	run_as(side, "switched");
	switch_off();
}

static const int one[] = { 1, 0 };

const struct row switch_rows[] = {
	{ "switch", COUNT, one, false, NULL, run_switch, NULL },
	{ 0 }
};
