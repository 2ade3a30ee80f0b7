/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The version of kshm. This is the only place that sets it: the module, the
 * library, kshm-run, the DKMS package and the documentation all read it here.
 */
#ifndef _UAPI_LINUX_KSHM_VERSION_H
#define _UAPI_LINUX_KSHM_VERSION_H

#define KSHM_VERSION_MAJOR	0
#define KSHM_VERSION_MINOR	2

/* The same as a string: "0.2" for major 0 and minor 2 */
#define KSHM_VERSION	KSHM_VERSION_JOIN_(KSHM_VERSION_MAJOR, KSHM_VERSION_MINOR)
#define KSHM_VERSION_JOIN_(major, minor)	KSHM_VERSION_QUOTE_(major.minor)
#define KSHM_VERSION_QUOTE_(version)		#version

#endif /* _UAPI_LINUX_KSHM_VERSION_H */
