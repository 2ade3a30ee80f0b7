/* SPDX-License-Identifier: GPL-2.0 */
/* Without these macros, coccinelle can read the functions in which they stand. */
#define KSHM_EXPORT
#define KSHM_UNINITIALIZED
