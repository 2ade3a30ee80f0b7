// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic shared memory as PostgreSQL wants it: one function for four
 * operations, a handle that whoever knows it can attach, and address and size
 * in the caller's hands.
 */
#include <linux/kshm.h>
#include <stdbool.h>
#include <stdint.h>

#include "internal.h"
#include "kshm.h"

/* Return: the id of a segment, or a negative errno. */
static long find(const struct kshm_dsm_handle *handle, size_t size,
		 unsigned int flags)
{
	struct kshm_get get = {
		.key = handle->key,
		.size = size,
		.mode = 0600,
		.flags = flags,
	};
	long ret = kshm_get_by(-1, handle->name, &get);

	return ret ? ret : get.id;
}

static long remove_segment(long id)
{
	struct kshm_rmid arg = { .id = (int)id };

	return kshm_ioctl(KSHM_IOC_RMID, &arg);
}

/* Address and size come with the attach: there is nothing to ask afterwards. */
static long attach(long id, void **addr, size_t *size)
{
	struct kshm_attach arg = { .id = (int)id };
	long ret = kshm_ioctl(KSHM_IOC_ATTACH, &arg);

	if (ret)
		return ret;
	*addr = (void *)(uintptr_t)arg.addr;
	*size = (size_t)arg.length;
	return 0;
}

static long detach(void **addr, size_t *size)
{
	struct kshm_detach arg = { .addr = (uintptr_t)*addr };
	long ret;

	if (!*addr)
		return 0;
	ret = kshm_ioctl(KSHM_IOC_DETACH, &arg);
	if (ret)
		return ret;
	*addr = NULL;
	*size = 0;
	return 0;
}

/* All of its memory is there, or it isn't made: no SIGBUS in a query. */
static long create(const struct kshm_dsm_handle *handle, size_t request,
		   void **addr, size_t *size)
{
	long id, ret;

	id = find(handle, request, KSHM_GET_CREAT | KSHM_GET_EXCL |
				   KSHM_GET_PREALLOC);
	if (id < 0)
		return id;
	ret = attach(id, addr, size);
	if (ret)
		(void)remove_segment(id);
	return ret;
}

/* Looked up before the own attach goes, which may be what keeps it. */
static long destroy(const struct kshm_dsm_handle *handle, void **addr,
		    size_t *size)
{
	long id = find(handle, 0, 0), ret;

	if (id < 0)
		return id;
	ret = detach(addr, size);
	return ret ? ret : remove_segment(id);
}

static long operate(int op, const struct kshm_dsm_handle *handle,
		    size_t request, void **addr, size_t *size)
{
	long id;

	switch (op) {
	case KSHM_DSM_CREATE:
		return create(handle, request, addr, size);
	case KSHM_DSM_ATTACH:
		id = find(handle, 0, 0);
		return id < 0 ? id : attach(id, addr, size);
	case KSHM_DSM_DETACH:
		return detach(addr, size);
	case KSHM_DSM_DESTROY:
		return destroy(handle, addr, size);
	default:
		return kshm_refuse(EINVAL, KSHM_WHY_OPERATION, 0, 0);
	}
}

KSHM_EXPORT int kshm_dsm(int op, const struct kshm_dsm_handle *handle,
			 size_t request_size, void **mapped_address,
			 size_t *mapped_size)
{
	bool makes = op == KSHM_DSM_CREATE || op == KSHM_DSM_ATTACH;
	long ret;

	if (!handle->name && handle->key == IPC_PRIVATE)
		ret = kshm_refuse(EINVAL, KSHM_WHY_NO_KEY, 0, 0);
	else if (makes && *mapped_address)
		ret = kshm_refuse(EINVAL, KSHM_WHY_ADDR_TAKEN,
				  (uintptr_t)*mapped_address, *mapped_size);
	else
		ret = operate(op, handle, request_size, mapped_address,
			      mapped_size);
	return kshm_answer("dsm", ret);
}
