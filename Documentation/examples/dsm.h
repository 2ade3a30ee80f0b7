/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dynamic shared memory with the interface that PostgreSQL wants: one function
 * for four operations, as its own dsm_impl_op(). Copy this file into a program.
 *
 * A segment is named by a handle. Every process that knows the handle can attach
 * the segment. The caller keeps the address and the size.
 */
#ifndef DSM_H
#define DSM_H

#include <errno.h>
#include <kshm.h>

enum dsm_op {
	DSM_CREATE,	/* create a segment and attach it */
	DSM_ATTACH,	/* attach an existing segment */
	DSM_DETACH,	/* detach it, and leave it to the other processes */
	DSM_DESTROY	/* detach it, and remove it */
};

/* Either a name, or, if name is NULL, a key other than IPC_PRIVATE. */
struct dsm_handle {
	const char *name;
	key_t key;
};

static int dsm_get(const struct dsm_handle *handle, size_t size, int shmflg,
		   int flags)
{
	if (handle->name)
		return kshm_segment_get_named(handle->name, size, shmflg, flags,
					      -1, NULL);
	return kshm_segment_get(handle->key, size, shmflg, flags, -1, NULL);
}

static int dsm_attach(int id, void **addr, size_t *size)
{
	size_t length;
	void *at = kshm_segment_attach(id, NULL, 0, &length);

	if (at == (void *)-1)
		return -1;
	*addr = at;
	*size = length;
	return 0;
}

static int dsm_detach(void **addr, size_t *size)
{
	if (!*addr)
		return 0;
	if (kshm_shmdt(*addr))
		return -1;
	*addr = NULL;
	*size = 0;
	return 0;
}

/* All pages are allocated now, so that a later access can't raise SIGBUS. */
static int dsm_create(const struct dsm_handle *handle, size_t request,
		      void **addr, size_t *size)
{
	int id = dsm_get(handle, request, IPC_CREAT | IPC_EXCL | 0600,
			 KSHM_PREALLOC);

	if (id < 0)
		return -1;
	if (dsm_attach(id, addr, size)) {
		int error = errno;

		kshm_shmctl(id, IPC_RMID, NULL);
		errno = error;
		return -1;
	}
	return 0;
}

/* The lookup comes first, since our own attach may be all that keeps the segment. */
static int dsm_destroy(const struct dsm_handle *handle, void **addr,
		       size_t *size)
{
	int id = dsm_get(handle, 0, 0600, 0);

	if (id < 0 || dsm_detach(addr, size))
		return -1;
	return kshm_shmctl(id, IPC_RMID, NULL);
}

static int dsm_refuse(void)
{
	errno = EINVAL;
	return -1;
}

/**
 * dsm - create, attach, detach or destroy a segment
 * @op:		DSM_*
 * @handle:	handle of the segment
 * @request:	size in bytes for DSM_CREATE
 * @addr:	address of the attach, NULL if there is none; DSM_CREATE and
 *		DSM_ATTACH need NULL and set it, DSM_DETACH and DSM_DESTROY set it
 *		to NULL
 * @size:	size of the attach, set together with @addr
 *
 * A new segment is for processes of the same user only. If its handle is in use,
 * the error is EEXIST, and the caller tries another handle. A failure changes
 * nothing, with one exception: DSM_DESTROY by a process that may not remove the
 * segment (EPERM) has detached it.
 *
 * Return: 0, or -1 with errno.
 */
static int dsm(enum dsm_op op, const struct dsm_handle *handle, size_t request,
	       void **addr, size_t *size)
{
	int id;

	if (!handle->name && handle->key == IPC_PRIVATE)
		return dsm_refuse();
	if ((op == DSM_CREATE || op == DSM_ATTACH) && *addr)
		return dsm_refuse();

	switch (op) {
	case DSM_CREATE:
		return dsm_create(handle, request, addr, size);
	case DSM_ATTACH:
		id = dsm_get(handle, 0, 0600, 0);
		return id < 0 ? -1 : dsm_attach(id, addr, size);
	case DSM_DETACH:
		return dsm_detach(addr, size);
	case DSM_DESTROY:
		return dsm_destroy(handle, addr, size);
	}
	return dsm_refuse();
}

#endif /* DSM_H */
