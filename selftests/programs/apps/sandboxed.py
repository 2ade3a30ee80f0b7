#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Inside a sandbox of the app "sandboxes": knows nothing of kshm, and takes a
step for each line on standard input, which it answers by one JSON line.

usage: sandboxed.py KEY TEXT
"""

import json
import os
import subprocess
import sys

import sysv_ipc

SIZE = 32 << 20
KEY, TEXT = int(sys.argv[1], 0), sys.argv[2].encode()


def make():
    """The key is free in here, whatever it names elsewhere."""
    shm = sysv_ipc.SharedMemory(KEY, sysv_ipc.IPC_CREX, 0o600, SIZE)
    for page in range(0, SIZE, 4096):
        shm.write(b"x", page)
    shm.write(TEXT + b"\0", 0)
    return {"id": shm.id, "owner": shm.uid, "creator": shm.creator_pid,
            "me": os.getpid(), "attached": shm.number_attached}


def look():
    shm = sysv_ipc.SharedMemory(KEY)
    text = shm.read(64).split(b"\0")[0].decode()
    shm.detach()
    return {"text": text, "attached": shm.number_attached,
            "listed": listed()}


def listed():
    """id, owner, mode, bytes and attaches, as ipcs shows them in here"""
    done = subprocess.run(["ipcs", "-m"], stdout=subprocess.PIPE, text=True)
    return [line.split()[1:6] for line in done.stdout.splitlines()
            if line.startswith("0x")]


def remove():
    done = subprocess.run(["ipcrm", "-M", hex(KEY)])
    return {"status": done.returncode, "listed": listed()}


STEPS = {"make": make, "look": look, "remove": remove}
for line in sys.stdin:
    try:
        answer = STEPS[line.strip()]()
    except (sysv_ipc.Error, OSError) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
