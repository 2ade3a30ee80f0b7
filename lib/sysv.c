// SPDX-License-Identifier: GPL-2.0
/*
 * The System V calls: convert flags, structs and errors to those of the ioctls.
 *
 * The ioctls refuse unknown flags, but shmget() and shmat() ignore them. So only
 * known flags are passed on.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/kshm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "internal.h"
#include "kshm.h"

#define MODE_BITS	0777
#define NOT_A_MODE	(~0U)

/* <sys/shm.h> lacks them. */
#define SHM_HUGE_SHIFT	26
#define SHM_HUGE_MASK	0x3f

/* One of the structs that shmctl() fills, with its size. */
struct shape {
	__u32 size;
	void (*fill)(void *buf, const struct kshm_stat *st);
};

/* The six bits of @shmflg that say how large a huge page is. */
static unsigned int huge_size(int shmflg)
{
	return ((unsigned int)shmflg >> SHM_HUGE_SHIFT & SHM_HUGE_MASK)
	       << KSHM_GET_HUGETLB_SHIFT;
}

unsigned int kshm_get_flags(int shmflg)
{
	unsigned int flags = 0;

	if (shmflg & IPC_CREAT)
		flags |= KSHM_GET_CREAT;
	if (shmflg & IPC_EXCL)
		flags |= KSHM_GET_EXCL;
	if (shmflg & SHM_NORESERVE)
		flags |= KSHM_GET_NORESERVE;
	/* Without SHM_HUGETLB, the bits for the size of a huge page mean nothing. */
	if (shmflg & SHM_HUGETLB)
		flags |= KSHM_GET_HUGETLB | huge_size(shmflg);
	if (kshm_wants_huge())
		flags |= KSHM_GET_HUGE;
	return flags;
}

static long get(key_t key, size_t size, int shmflg)
{
	struct kshm_get arg = {
		.key = key,
		.size = size,
		.flags = kshm_get_flags(shmflg),
		.mode = shmflg & MODE_BITS,
		.id = -1,
	};
	long ret = kshm_ioctl(KSHM_IOC_GET, &arg);

	return ret ? ret : arg.id;
}

KSHM_EXPORT int kshm_shmget(key_t key, size_t size, int shmflg)
{
	return kshm_answer("shmget", get(key, size, shmflg));
}

void *kshm_attach_segment(const char *call, int shmid, const void *shmaddr,
			  int shmflg, size_t *size)
{
	struct kshm_attach arg = {
		.id = shmid,
		.addr = (uintptr_t)shmaddr,
	};
	long ret;

	if (shmflg & SHM_RDONLY)
		arg.flags |= KSHM_ATTACH_RDONLY;
	if (shmflg & SHM_RND)
		arg.flags |= KSHM_ATTACH_RND;
	if (shmflg & SHM_REMAP)
		arg.flags |= KSHM_ATTACH_REMAP;
	if (shmflg & SHM_EXEC)
		arg.flags |= KSHM_ATTACH_EXEC;
	ret = kshm_valgrind_watches() ? kshm_valgrind_attach(&arg) :
					kshm_ioctl(KSHM_IOC_ATTACH, &arg);
	if (kshm_answer(call, ret))
		return (void *)-1;
	if (size)
		*size = arg.length;
	return (void *)(uintptr_t)arg.addr;
}

KSHM_EXPORT void *kshm_shmat(int shmid, const void *shmaddr, int shmflg)
{
	return kshm_attach_segment("shmat", shmid, shmaddr, shmflg, NULL);
}

KSHM_EXPORT int kshm_shmdt(const void *shmaddr)
{
	struct kshm_detach arg = { .addr = (uintptr_t)shmaddr };
	long ret = kshm_valgrind_watches() ?
			   kshm_valgrind_detach(&arg) :
			   kshm_ioctl(KSHM_IOC_DETACH, &arg);

	return kshm_answer("shmdt", ret);
}

/*
 * Can @buf be read? rt_sigprocmask() copies the signal set before it looks at
 * "how", so with a "how" of -1 it is EFAULT or EINVAL and changes nothing. It
 * takes NULL for "no set", though the program may have mapped address 0.
 */
static bool readable(const unsigned char *buf, size_t size)
{
	const size_t set = _NSIG / 8;

	return kshm_syscall(SYS_rt_sigprocmask, -1, buf + !buf, NULL,
			    set) == -EINVAL &&
	       kshm_syscall(SYS_rt_sigprocmask, -1, buf + size - set, NULL,
			    set) == -EINVAL;
}

static void fill_perm(struct ipc_perm *perm, const struct kshm_stat *st)
{
	perm->__key = st->key;
	perm->uid = st->uid;
	perm->gid = st->gid;
	perm->cuid = st->cuid;
	perm->cgid = st->cgid;
	perm->mode = st->mode;
	if (st->state & KSHM_STATE_DEST)
		perm->mode |= SHM_DEST;
	if (st->state & KSHM_STATE_LOCKED)
		perm->mode |= SHM_LOCKED;
	perm->__seq = (unsigned short)st->seq;
}

static void fill_ds(void *buf, const struct kshm_stat *st)
{
	struct shmid_ds ds;

	memset(&ds, 0, sizeof(ds));
	fill_perm(&ds.shm_perm, st);
	ds.shm_segsz = st->segsz;
	ds.shm_atime = st->atime;
	ds.shm_dtime = st->dtime;
	ds.shm_ctime = st->ctime;
#if __SIZEOF_LONG__ == 4
	ds.__shm_atime_high = st->atime >> 32;
	ds.__shm_dtime_high = st->dtime >> 32;
	ds.__shm_ctime_high = st->ctime >> 32;
#endif
	ds.shm_cpid = st->cpid;
	ds.shm_lpid = st->lpid;
	ds.shm_nattch = st->nattch;
	memcpy(buf, &ds, sizeof(ds));
}

static const struct shape shape_ds = { sizeof(struct shmid_ds), fill_ds };

static long stat_into(int shmid, __u32 flags, void *buf,
		      const struct shape *shape)
{
	struct kshm_stat st = {
		.id = shmid,
		.flags = flags,
		.mode = NOT_A_MODE,
		.dest = (uintptr_t)buf,
		.dest_len = shape->size,
	};
	long ret = kshm_ioctl(KSHM_IOC_STAT, &st);

	if (ret)
		return ret;
	shape->fill(buf, &st);
	return flags & KSHM_STAT_BY_INDEX ? st.id : 0;
}

static long set_from(int shmid, const void *buf, const struct shape *shape)
{
	struct kshm_set arg = {
		.id = shmid,
		.mask = KSHM_SET_UID | KSHM_SET_GID | KSHM_SET_MODE,
	};
	struct ipc_perm perm;

	if (!readable(buf, shape->size))
		return kshm_refuse(EFAULT, KSHM_WHY_FAULT, 0, 0);
	memcpy(&perm, buf, sizeof(perm));
	arg.uid = perm.uid;
	arg.gid = perm.gid;
	arg.mode = perm.mode & MODE_BITS;
	return kshm_ioctl(KSHM_IOC_SET, &arg);
}

static long info(__u32 flags, void *buf, __u32 size,
		 struct kshm_info *arg)
{
	long ret;

	memset(arg, 0, sizeof(*arg));
	arg->flags = flags;
	arg->dest = (uintptr_t)buf;
	arg->dest_len = size;
	ret = kshm_ioctl(KSHM_IOC_INFO, arg);
	if (ret)
		return ret;
	return arg->max_index < 0 ? 0 : arg->max_index;
}

static long ipc_info(void *buf)
{
	struct shminfo out;
	struct kshm_info arg;
	long ret = info(0, buf, sizeof(out), &arg);

	if (ret < 0)
		return ret;
	memset(&out, 0, sizeof(out));
	out.shmmax = arg.shmmax;
	if (sizeof(long) == 4 && arg.shmmax > INT_MAX)
		out.shmmax = INT_MAX;
	out.shmmin = 1;
	out.shmmni = arg.shmmni;
	out.shmseg = arg.shmmni;
	out.shmall = arg.shmall;
	memcpy(buf, &out, sizeof(out));
	return ret;
}

static long shm_info(void *buf)
{
	struct shm_info out;
	struct kshm_info arg;
	long ret = info(KSHM_INFO_USAGE, buf, sizeof(out), &arg);

	if (ret < 0)
		return ret;
	memset(&out, 0, sizeof(out));
	out.used_ids = (int)arg.used_ids;
	out.shm_tot = arg.tot;
	out.shm_rss = arg.rss;
	out.shm_swp = arg.swp;
	memcpy(buf, &out, sizeof(out));
	return ret;
}

static long rmid(int shmid)
{
	struct kshm_rmid arg = { .id = shmid };

	return kshm_ioctl(KSHM_IOC_RMID, &arg);
}

static long lock(int shmid, __u32 flags)
{
	struct kshm_lock arg = { .id = shmid, .flags = flags };

	return kshm_ioctl(KSHM_IOC_LOCK, &arg);
}

static long control(int shmid, int cmd, void *buf, const struct shape *shape)
{
	if (shmid < 0)
		return kshm_refuse(EINVAL, KSHM_WHY_NO_ID, (__u32)shmid, 0);

	switch (cmd) {
	case IPC_RMID:
		return rmid(shmid);
	case IPC_SET:
		return set_from(shmid, buf, shape);
	case IPC_STAT:
		return stat_into(shmid, 0, buf, shape);
	case SHM_STAT:
		return stat_into(shmid, KSHM_STAT_BY_INDEX, buf, shape);
	case SHM_STAT_ANY:
		return stat_into(shmid, KSHM_STAT_BY_INDEX | KSHM_STAT_ANY,
				 buf, shape);
	case SHM_LOCK:
		return lock(shmid, 0);
	case SHM_UNLOCK:
		return lock(shmid, KSHM_LOCK_UNLOCK);
	case IPC_INFO:
		return ipc_info(buf);
	case SHM_INFO:
		return shm_info(buf);
	default:
		return kshm_refuse(EINVAL, KSHM_WHY_OPERATION, 0, 0);
	}
}

KSHM_EXPORT int kshm_shmctl(int shmid, int cmd, struct shmid_ds *buf)
{
	return kshm_answer("shmctl", control(shmid, cmd, buf, &shape_ds));
}

#if __SIZEOF_LONG__ == 4
static void fill_ds64(void *buf, const struct kshm_stat *st)
{
	struct __shmid64_ds ds;

	memset(&ds, 0, sizeof(ds));
	fill_perm(&ds.shm_perm, st);
	ds.shm_segsz = st->segsz;
	ds.shm_atime = st->atime;
	ds.shm_dtime = st->dtime;
	ds.shm_ctime = st->ctime;
	ds.shm_cpid = st->cpid;
	ds.shm_lpid = st->lpid;
	ds.shm_nattch = st->nattch;
	memcpy(buf, &ds, sizeof(ds));
}

static const struct shape shape_ds64 = {
	sizeof(struct __shmid64_ds), fill_ds64
};

KSHM_EXPORT int kshm_shmctl64(int shmid, int cmd, struct __shmid64_ds *buf)
{
	return kshm_answer("shmctl", control(shmid, cmd, buf, &shape_ds64));
}
#endif
