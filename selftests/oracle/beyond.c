// SPDX-License-Identifier: GPL-2.0
/*
 * The operations that only kshm has. There is nothing to compare them with. So only
 * the actors of freely.c do them, and invariants.c tells what must hold afterwards.
 *
 * Each descriptor has a fixed place in its process. The first places are for
 * descriptors of segments, the next for owners, the last for named objects. A new
 * descriptor takes the place of an old one, which is closed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kshm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kshm.h"
#include "oracle.h"

#define FIRST_FILE	910
#define OBJECTS		"/proc/kshm/objects"
#define ROOM		64

/* Move @fd to its place. If it is -1, the result is errno. */
static long settle(int fd, long place)
{
	if (fd < 0)
		return -errno;
	dup3(fd, FIRST_FILE + (int)place, O_CLOEXEC);
	close(fd);
	return 0;
}

long do_fd(const long *arg)
{
	return settle(kshm_segment_fd((int)arg[0], (int)arg[1]), arg[2]);
}

long do_mapfd(const long *arg)
{
	int fixed = arg[1] ? MAP_FIXED : 0;
	long addr = answer((long)mmap((void *)arg[1], arg[2], (int)arg[3],
				      MAP_SHARED | fixed,
				      FIRST_FILE + (int)arg[0],
				      arg[4] * PAGE));

	if (addr >= 0)
		my_side->address[arg[5]] = addr;
	return addr;
}

long do_closefd(const long *arg)
{
	return answer(close(FIRST_FILE + (int)arg[0]));
}

static bool is_actor(int pid)
{
	int i;

	for (i = 1; i < ACTORS; i++)
		if (my_side->actor[i].pid == pid)
			return true;
	return false;
}

/* The number of attachers. The output is how many of them are no actors. */
long do_who(const long *arg)
{
	struct kshm_attacher list[ROOM];
	long i, n = answer(kshm_segment_attachers((int)arg[0], list, ROOM));
	int strangers = 0;

	for (i = 0; i < n && i < ROOM; i++)
		strangers += !list[i].pid || !is_actor(list[i].pid);
	memcpy(me->result.out, &strangers, sizeof(strangers));
	return n;
}

/* The size after the call. The output is the generation. */
long do_grow(const long *arg)
{
	unsigned long long generation = 0;
	size_t size = arg[1];
	long ret = answer(kshm_segment_grow((int)arg[0], &size, &generation));

	memcpy(me->result.out, &generation, sizeof(generation));
	return ret ? ret : (long)size;
}

/* Get a segment by its name, or without one. The output is whether it is new. */
long do_named(const long *arg)
{
	int owner = arg[4] < 0 ? -1 : FIRST_FILE + (int)arg[4], created = 0;
	char name[32];
	long id;

	snprintf(name, sizeof(name), "%ld", arg[0]);
	id = arg[0] < 0 ? kshm_segment_get(IPC_PRIVATE, arg[1], (int)arg[2],
					   (int)arg[3], owner, &created) :
			  kshm_segment_get_named(name, arg[1], (int)arg[2],
						 (int)arg[3], owner, &created);
	memcpy(me->result.out, &created, sizeof(created));
	if (id >= 0)
		my_side->segment[arg[5]] = (int)id;
	return answer(id);
}

long do_owner(const long *arg)
{
	return settle(kshm_owner(), arg[0]);
}

long do_open(const long *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "/%ld", arg[0]);
	return settle(kshm_shm_open(name, (int)arg[1], 0600), arg[2]);
}

long do_unlink(const long *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "/%ld", arg[0]);
	return answer(kshm_shm_unlink(name));
}

/* Read the longer listing, into the buffer for the actor's mappings. */
long do_objects(const long *arg)
{
	int fd = open(OBJECTS, O_RDONLY | O_CLOEXEC);

	(void)arg;
	if (fd < 0)
		return -errno;
	me->maps_size = read_whole(fd, me->maps, sizeof(me->maps) - 1);
	me->maps[me->maps_size] = '\0';
	close(fd);
	return 0;
}
