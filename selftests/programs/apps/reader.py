#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A program that knows nothing of kshm. It finds a segment by its key with
sysv_ipc, reads a text and writes an answer. It detaches when standard input has a
line."""

import os
import sys

import sysv_ipc

try:
    shm = sysv_ipc.SharedMemory(int(sys.argv[1], 0))
except sysv_ipc.Error as error:
    sys.exit(f"{type(error).__name__}: {error}")

text = shm.read(64).rstrip(b"\0").decode()
shm.write(b"and so was Python\0", 64)
print(f"attached {os.getpid()}")
print(f"read: {text}")
print(f"size {shm.size}, mode {shm.mode:o}, nattch {shm.number_attached}, "
      f"owner {shm.uid}:{shm.gid}", flush=True)
sys.stdin.readline()
shm.detach()
print("detached")
