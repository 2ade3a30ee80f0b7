# SPDX-License-Identifier: GPL-2.0
"""The same as talk.c, with Python's sysv_ipc; the last one tells nattch too.

usage: talk.py KEY SLOT LAST TEXT
"""

import sys
import time

import sysv_ipc

SLOT, SIZE, PATIENCE = 64, 4096, 90


def text(shm, slot):
    """The text of a slot, as soon as there is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = shm.read(SLOT, slot * SLOT).rstrip(b"\0")
        if found:
            return found.decode()
        time.sleep(0.1)
    sys.exit(f"nobody wrote into slot {slot}")


key, own, last = (int(word, 0) for word in sys.argv[1:4])
segment = sysv_ipc.SharedMemory(key, sysv_ipc.IPC_CREAT, 0o600, SIZE)
for before in range(own):
    print(text(segment, before))
if own == last:
    print(f"nattch {segment.number_attached}")
segment.write(sys.argv[4], own * SLOT)
text(segment, last)
segment.detach()
