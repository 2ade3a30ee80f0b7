/* SPDX-License-Identifier: GPL-2.0-only */
/* Gates in the module, for the lab on races; see gate.c. */
#ifndef _KSHM_GATE_H
#define _KSHM_GATE_H

void kshm_gate(const char *name);

#endif
