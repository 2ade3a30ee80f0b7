/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kshm.ko exports to kshm_switch.ko, in the symbol namespace KSHM: the system calls
 * with kernel arguments, what a task and a namespace do at their end, lines of a listing,
 * and the rules for the time in which both implementations have segments.
 */
#ifndef _KSHM_SYSV_H
#define _KSHM_SYSV_H

#include "compat.h"

#include <linux/idr.h>
#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/shm.h>
#include <uapi/linux/shm.h>

struct kshm_registry;
struct pid_namespace;
struct seq_file;

/* The place of in-tree shm in ipc_namespace->ids; ipc/util.h calls it IPC_SHM_IDS. */
#define KSHM_SHM_IDS		2

/* The index in an in-tree id, usually and with the boot option ipcmni_extend. */
#define KSHM_INTREE_INDEX	0x7fff
#define KSHM_INTREE_INDEX_EXTENDED 0xffffff

/**
 * union kshm_sysv_buf - what shmctl() reads from its buffer or writes to it
 * @ds:		for IPC_SET, IPC_STAT, SHM_STAT and SHM_STAT_ANY
 * @shminfo:	for IPC_INFO
 * @shm_info:	for SHM_INFO
 */
union kshm_sysv_buf {
	struct shmid64_ds	ds;
	struct shminfo64	shminfo;
	struct shm_info		shm_info;
};

/* sysv.c */
int kshm_sysv_get(key_t key, size_t size, int shmflg);
long kshm_sysv_at(int shmid, unsigned long addr, int shmflg);
int kshm_sysv_dt(unsigned long addr);
int kshm_sysv_ctl(int shmid, int cmd, union kshm_sysv_buf *buf);
void kshm_sysv_exit_task(void);
void kshm_sysv_reap_orphans(struct ipc_namespace *ns);
void kshm_sysv_exit_ns(void);
void kshm_sysv_begin(void);
void kshm_sysv_end(void);
int kshm_sysv_check_ids(void);
void kshm_sysv_go_on(void);
bool kshm_sysv_is_settled(void);
int kshm_sysv_settle(void);
bool kshm_sysv_has_id(int id);
int kshm_sysv_max_index(void);
unsigned int kshm_sysv_used(void);
size_t kshm_sysv_list(char *buf, size_t size);

/* proc.c */
struct kshm_registry *kshm_listing_registry(void);
bool kshm_listing_next(struct kshm_registry *registry, int *index);
int kshm_listing_show(struct seq_file *seq, struct kshm_registry *registry,
		      int index, struct pid_namespace *pid_ns);

/* No twin: in-tree knows how many bits of an id are the index. */
static inline bool kshm_intree_has_at(const struct ipc_namespace *ns, int id,
				      int index)
{
	const struct kern_ipc_perm *perm;

	perm = idr_find(&ns->ids[KSHM_SHM_IDS].ipcs_idr, index);
	return perm && READ_ONCE(perm->id) == id;
}

/**
 * kshm_intree_has() - has an in-tree segment this id?
 * @ns:		IPC namespace
 * @id:		an id, not negative
 *
 * How many bits of an id are the index is not visible to modules, so both are tried.
 *
 * Context: RCU read lock.
 *
 * Twin of ipc_obtain_object_check().
 *
 * Return: true or false.
 */
static inline bool kshm_intree_has(const struct ipc_namespace *ns, int id)
{
	return kshm_intree_has_at(ns, id, id & KSHM_INTREE_INDEX) ||
	       kshm_intree_has_at(ns, id, id & KSHM_INTREE_INDEX_EXTENDED);
}

#endif /* _KSHM_SYSV_H */
