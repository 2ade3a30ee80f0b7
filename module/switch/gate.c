// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every handler looks at: the mode, and what a change of it waits for. The comment
 * at the top of switch.h tells why these are two.
 *
 * No twin: nothing of in-tree shm can be switched.
 */
#include "switch.h"

/* Written with switch_gate held for writing. */
enum switch_mode switch_mode = SWITCH_OFF;

/*
 * Number of the IPC namespace whose calls all go to in-tree shm, 0 for none. It changes
 * only in SWITCH_OFF.
 */
unsigned int switch_except;

DEFINE_PERCPU_RWSEM(switch_gate);
DEFINE_SRCU(switch_flight);
