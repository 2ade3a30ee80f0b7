/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All differences between the kernels and compilers that kshm is built for. The code
 * is written for the newest of them; no other file tests a version.
 */
#ifndef _KSHM_COMPAT_H
#define _KSHM_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#error "kshm supports Linux 6.1 to 6.12; build it for one of them (make KERNEL=6.12)"
#endif

#include <linux/kconfig.h>

#if !IS_ENABLED(CONFIG_SHMEM) || !IS_ENABLED(CONFIG_MMU)
#error "kshm needs a kernel with CONFIG_SHMEM and CONFIG_MMU"
#endif

/* ns.c learns of the end of an IPC namespace by its mqueue mount. */
#if IS_ENABLED(CONFIG_IPC_NS) && \
	(!IS_ENABLED(CONFIG_POSIX_MQUEUE) || !IS_ENABLED(CONFIG_FSNOTIFY))
#error "kshm needs CONFIG_POSIX_MQUEUE and CONFIG_FSNOTIFY where there is CONFIG_IPC_NS"
#endif

/* 6.7 gave get_policy() a parameter, which reports the interleave index. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define KSHM_POLICY_PROTO	, pgoff_t *ilx
#define KSHM_POLICY_ARG		, ilx
#else
#define KSHM_POLICY_PROTO
#define KSHM_POLICY_ARG
#endif

/*
 * 6.3 changed the type that describes an idmapped mount. shmem's own mount is not
 * idmapped.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define KSHM_IDMAP(mnt)		mnt_idmap(mnt)
#else
#define KSHM_IDMAP(mnt)		mnt_user_ns(mnt)
#endif

/* The parameter of that type in inode operations changed with it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define mnt_idmap user_namespace
#endif

/*
 * 6.6 added accessors of i_ctime and renamed the field; 6.7 added the other
 * accessors, and those that end in _sec.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <linux/fs.h>
#define inode_get_atime_sec(inode)	((inode)->i_atime.tv_sec)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define inode_get_ctime_sec(inode)	(inode_get_ctime(inode).tv_sec)
#else
#define inode_get_ctime_sec(inode)	((inode)->i_ctime.tv_sec)
#define inode_set_ctime_current(whose)					\
({									\
	struct inode *inode_ = (whose);					\
									\
	inode_->i_ctime = current_time(inode_);				\
})
#endif
#endif

/* Keeps -ftrivial-auto-var-init from zeroing a large struct in each call. */
#if __has_attribute(uninitialized)
#define KSHM_UNINITIALIZED	__attribute__((uninitialized))
#else
#define KSHM_UNINITIALIZED
#endif

#endif /* _KSHM_COMPAT_H */
