// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which implementation serves a call. The rules:
 *
 * - New segments are those of one implementation: kshm in SWITCH_ON, else in-tree.
 * - A key that in-tree knows is in-tree's; only then is it kshm's or free. So one key
 *   never means two segments, since nothing is created with a key before both were
 *   asked, in a gate that no change of mode passes.
 * - An id that in-tree knows is in-tree's, any other is kshm's. No segment of kshm gets
 *   an id that in-tree has (registry.c), and a new in-tree segment that has an id of
 *   kshm's is made again.
 * - Indices of SHM_STAT: in-tree's come first, kshm's follow.
 *
 * The functions here are in place of the system calls, so "the caller" is a program.
 */
#include "switch.h"

#include <linux/nsproxy.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

/* An argument of SHM_STAT that is lower is an index; else it is an id of kshm's. */
#define ROUTE_FIRST_ID	0x20000000
/* kshm has no more indices. */
#define ROUTE_INDICES	0x8000

static const struct ipc_namespace *route_ns(void)
{
	return current->nsproxy->ipc_ns;
}

/* Has the caller's namespace in-tree segments at all? Usually not, so this comes first. */
static bool route_has_intree(void)
{
	return READ_ONCE(route_ns()->ids[KSHM_SHM_IDS].in_use);
}

static bool route_is_intree(int shmid)
{
	bool found;

	if (!route_has_intree())
		return false;
	rcu_read_lock();
	found = kshm_intree_has(route_ns(), shmid);
	rcu_read_unlock();
	return found;
}

static bool route_is_exclusive(int shmflg)
{
	return shmflg & IPC_CREAT && shmflg & IPC_EXCL;
}

/*
 * Look a key up in-tree, and create nothing. An existing segment is refused for its
 * existence before anything else is looked at. Without size and mode the original
 * refuses only where a security module does, and that is later, too.
 *
 * Return: as shmget(); -ENOENT for no such segment.
 */
static long route_find_intree(key_t key, size_t size, int shmflg)
{
	if (!route_has_intree())
		return -ENOENT;
	if (!route_is_exclusive(shmflg))
		return switch_original_shmget(key, size, shmflg & ~IPC_CREAT);
	return switch_original_shmget(key, 0, 0) == -ENOENT ? -ENOENT : -EEXIST;
}

/* The same in kshm. */
static long route_find_kshm(key_t key, size_t size, int shmflg)
{
	long ret;

	if (!route_is_exclusive(shmflg))
		return kshm_sysv_get(key, size, shmflg & ~IPC_CREAT);
	ret = kshm_sysv_get(key, 0, 0);
	return ret >= 0 ? -EEXIST : ret;
}

/*
 * Create an in-tree segment whose id no segment of kshm has. In-tree gives out the next
 * id each time.
 */
static long route_create_disjoint(key_t key, size_t size, int shmflg)
{
	long shmid;

	for (;;) {
		shmid = switch_original_shmget(key, size, shmflg);
		if (shmid < 0 || !kshm_sysv_has_id(shmid))
			return shmid;
		switch_original_rmid(shmid);
	}
}

/*
 * A segment that in-tree finds has an id that is in use already, so only a new one is
 * looked at. IPC_EXCL tells which it is.
 */
static long route_create_intree(key_t key, size_t size, int shmflg)
{
	long ret;

	if (key == IPC_PRIVATE || route_is_exclusive(shmflg))
		return route_create_disjoint(key, size, shmflg);
	if (!(shmflg & IPC_CREAT))
		return switch_original_shmget(key, size, shmflg);
	do {
		ret = route_create_disjoint(key, size, shmflg | IPC_EXCL);
		if (ret == -EEXIST)
			ret = switch_original_shmget(key, size,
						     shmflg & ~IPC_CREAT);
		/* It was removed in between. */
	} while (ret == -ENOENT);
	return ret;
}

static long route_get_on(key_t key, size_t size, int shmflg)
{
	long ret;

	if (key != IPC_PRIVATE) {
		ret = route_find_intree(key, size, shmflg);
		if (ret != -ENOENT)
			return ret;
	}
	return kshm_sysv_get(key, size, shmflg);
}

static long route_get_drain(key_t key, size_t size, int shmflg)
{
	long ret;

	if (key != IPC_PRIVATE) {
		ret = route_find_intree(key, size, shmflg);
		if (ret == -ENOENT)
			ret = route_find_kshm(key, size, shmflg);
		if (ret != -ENOENT)
			return ret;
	}
	return route_create_intree(key, size, shmflg);
}

static long route_get(key_t key, size_t size, int shmflg)
{
	if (switch_mode == SWITCH_OFF || switch_spares())
		return switch_original_shmget(key, size, shmflg);
	return switch_mode == SWITCH_ON ? route_get_on(key, size, shmflg) :
					  route_get_drain(key, size, shmflg);
}

/* Only a call that can create has to wait for in-tree's last creations. */
static bool route_must_settle(key_t key, int shmflg)
{
	return (key == IPC_PRIVATE || shmflg & IPC_CREAT) &&
	       switch_mode == SWITCH_ON && !switch_spares() &&
	       !kshm_sysv_is_settled();
}

/*
 * Before the first creation in kshm, in-tree's last ones must have ended. Users of the
 * caller's namespace can make that take long, and in switch_gate a change of mode would
 * make all other callers wait for it. So it is done outside, in a section of
 * switch_flight, and looked at again inside.
 */
static int route_settle(key_t key, int shmflg)
{
	int err = 0, section;

	lockdep_assert_held(&switch_gate);

	while (!err && route_must_settle(key, shmflg)) {
		section = srcu_read_lock(&switch_flight);
		percpu_up_read(&switch_gate);
		err = kshm_sysv_settle();
		percpu_down_read(&switch_gate);
		srcu_read_unlock(&switch_flight, section);
	}
	return err;
}

/**
 * switch_shmget() - runs in place of shmget(2)
 * @key:	key or IPC_PRIVATE
 * @size:	bytes
 * @shmflg:	flags
 *
 * Context: Takes switch_gate for reading; leaves it to settle. Sleeps.
 *
 * Twin of ksys_shmget().
 *
 * Return: the id or a negative errno.
 */
long switch_shmget(key_t key, size_t size, int shmflg)
{
	long ret;

	percpu_down_read(&switch_gate);
	ret = route_settle(key, shmflg) ?: route_get(key, size, shmflg);
	percpu_up_read(&switch_gate);
	return ret;
}

/* Does everything that is about this id go to in-tree? */
static bool route_goes_intree(int shmid)
{
	return READ_ONCE(switch_mode) == SWITCH_OFF || switch_spares() ||
	       route_is_intree(shmid);
}

/**
 * switch_shmat() - runs in place of shmat(2)
 * @shmid:	id
 * @addr:	address or 0
 * @shmflg:	flags
 *
 * Context: In an SRCU section of switch_flight. Sleeps.
 *
 * Twin of do_shmat().
 *
 * Return: the address or a negative errno.
 */
long switch_shmat(int shmid, unsigned long addr, int shmflg)
{
	int section = srcu_read_lock(&switch_flight);
	long ret;

	ret = route_goes_intree(shmid) ?
	      switch_original_shmat(shmid, addr, shmflg) :
	      kshm_sysv_at(shmid, addr, shmflg);
	srcu_read_unlock(&switch_flight, section);
	return ret;
}

/**
 * switch_shmdt() - runs in place of shmdt(2)
 * @addr:	address that the attach began at
 *
 * A process can have attaches of both kinds, from any namespace. kshm refuses with
 * EINVAL if the first piece at or above the address is none of its own.
 *
 * Context: In an SRCU section of switch_flight. Sleeps.
 *
 * Twin of ksys_shmdt().
 *
 * Return: 0 or a negative errno.
 */
long switch_shmdt(unsigned long addr)
{
	int section = srcu_read_lock(&switch_flight);
	long ret = -EINVAL;

	if (READ_ONCE(switch_mode) != SWITCH_OFF)
		ret = kshm_sysv_dt(addr);
	if (ret == -EINVAL)
		ret = switch_original_shmdt(addr);
	srcu_read_unlock(&switch_flight, section);
	return ret;
}

/* Return: how many indices come before the first one of kshm. */
static int route_kshm_begins(void)
{
	return route_has_intree() ?
	       READ_ONCE(route_ns()->ids[KSHM_SHM_IDS].max_idx) + 1 : 0;
}

/* What IPC_INFO and SHM_INFO return: the highest index of both kinds, 0 for none. */
static int route_max_index(void)
{
	return max(0, route_kshm_begins() + kshm_sysv_max_index());
}

static long route_ipc_info(const struct switch_call *call)
{
	union kshm_sysv_buf answer = {};
	int ret = kshm_sysv_ctl(0, IPC_INFO, &answer);

	if (ret < 0)
		return ret;
	return switch_copy_shminfo(call, &answer.shminfo) ?: route_max_index();
}

/*
 * In-tree tells its usage only in the caller's buffer. So it answers first, and what it
 * wrote there is read back.
 */
static long route_shm_info(const struct switch_call *call)
{
	union kshm_sysv_buf answer = {};
	long ret = kshm_sysv_ctl(0, SHM_INFO, &answer);

	if (ret >= 0 && route_has_intree()) {
		ret = call->original(call->regs);
		if (ret >= 0)
			ret = switch_add_shm_info(call, &answer.shm_info);
	}
	if (ret < 0)
		return ret;
	return switch_copy_shm_info(call, &answer.shm_info) ?: route_max_index();
}

/*
 * SHM_STAT takes an index or an id, of which it uses the index only.
 *
 * Return: the index in kshm; -1 if it is in-tree's.
 */
static int route_kshm_index(int shmid)
{
	int index = shmid - route_kshm_begins();

	if (route_is_intree(shmid))
		return -1;
	if (shmid >= ROUTE_FIRST_ID)
		return shmid;
	return index < 0 || index >= ROUTE_INDICES ? -1 : index;
}

static long route_stat_into(const struct switch_call *call, int shmid)
{
	union kshm_sysv_buf answer = {};
	int ret = kshm_sysv_ctl(shmid, call->cmd, &answer);

	if (ret < 0)
		return ret;
	return switch_copy_ds(call, &answer.ds) ?: ret;
}

static long route_stat_index(const struct switch_call *call)
{
	int index = route_kshm_index(call->shmid);

	return index < 0 ? call->original(call->regs) :
			   route_stat_into(call, index);
}

/* A bad buffer is refused before the id is looked at. */
static long route_set(const struct switch_call *call)
{
	union kshm_sysv_buf wanted;

	return switch_copy_in(call, &wanted.ds) ?:
	       kshm_sysv_ctl(call->shmid, call->cmd, &wanted);
}

static long route_ctl_kshm(const struct switch_call *call)
{
	switch (call->cmd) {
	case IPC_STAT:
		return route_stat_into(call, call->shmid);
	case IPC_SET:
		return route_set(call);
	default:
		return kshm_sysv_ctl(call->shmid, call->cmd, NULL);
	}
}

static long route_ctl(const struct switch_call *call)
{
	if (READ_ONCE(switch_mode) == SWITCH_OFF || switch_spares())
		return call->original(call->regs);
	if (call->cmd < 0 || call->shmid < 0)
		return -EINVAL;
	switch (call->cmd) {
	case IPC_INFO:
		return route_ipc_info(call);
	case SHM_INFO:
		return route_shm_info(call);
	case SHM_STAT:
	case SHM_STAT_ANY:
		return route_stat_index(call);
	default:
		return route_is_intree(call->shmid) ?
		       call->original(call->regs) : route_ctl_kshm(call);
	}
}

/**
 * switch_shmctl() - runs in place of shmctl(2)
 * @call:	the call
 *
 * Context: In an SRCU section of switch_flight. Sleeps, for as long as a fault takes.
 *
 * Twin of ksys_shmctl() and compat_ksys_shmctl().
 *
 * Return: as shmctl(2), or a negative errno.
 */
long switch_shmctl(const struct switch_call *call)
{
	int section = srcu_read_lock(&switch_flight);
	long ret = route_ctl(call);

	srcu_read_unlock(&switch_flight, section);
	return ret;
}
