/* SPDX-License-Identifier: GPL-2.0 */
/* What the words do. Each gets its arguments in the order of words.c. */
#ifndef KSHM_FUZZ_ACTS_H
#define KSHM_FUZZ_ACTS_H

#include "fuzz.h"

/* Of this actor; -1 for none. */
extern int device;
extern int files[SLOTS];

/* A system call's result, as a negative errno. */
long result(long ret);

/* ioctls.c */
long act_info(const long *arg);
long act_get(const long *arg);
long act_get_named(const long *arg);
long act_attach(const long *arg);
long act_detach(const long *arg);
long act_stat(const long *arg);
long act_set(const long *arg);
long act_rmid(const long *arg);
long act_lock(const long *arg);
long act_fd(const long *arg);
long act_grow(const long *arg);
long act_who(const long *arg);
long act_open(const long *arg);
long act_unlink(const long *arg);
long act_raw(const long *arg);
long act_explain(const long *arg);
long act_device(const long *arg);
long act_use(const long *arg);
long act_listing(const long *arg);

/* memory.c */
long act_mmap(const long *arg);
long act_munmap(const long *arg);
long act_mremap(const long *arg);
long act_mprotect(const long *arg);
long act_madvise(const long *arg);
long act_mlock(const long *arg);
long act_msync(const long *arg);
long act_remap(const long *arg);
long act_touch(const long *arg);
long act_mseal(const long *arg);
long act_mbind(const long *arg);
long act_watch(const long *arg);
long act_ring(const long *arg);

/* files.c */
long act_close(const long *arg);
long act_dup(const long *arg);
long act_opath(const long *arg);
long act_map_file(const long *arg);
long act_truncate(const long *arg);
long act_allocate(const long *arg);
long act_seal(const long *arg);
long act_attributes(const long *arg);
long act_fstat(const long *arg);
long act_poll(const long *arg);
long act_write(const long *arg);
long act_notify(const long *arg);
long act_steal(const long *arg);

/* processes.c */
long act_fork(const long *arg);
long act_signal(const long *arg);
long act_unshare(const long *arg);
long act_join(const long *arg);
long act_become(const long *arg);
long act_limit(const long *arg);
long act_sysctl(const long *arg);
long act_mdwe(const long *arg);
long act_lock_all(const long *arg);
long act_ptrace(const long *arg);
long act_peek(const long *arg);
long act_fault(const long *arg);

/* Memory that runs out, where the kernel can do that; while still root. */
void prepare_faults(void);
/* Of a step; a word that only announces a fault is spared itself. */
void begin_fault(bool spared);
void end_fault(void);

#endif /* KSHM_FUZZ_ACTS_H */
