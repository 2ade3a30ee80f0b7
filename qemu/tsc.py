# SPDX-License-Identifier: GPL-2.0
"""How fast the TSC of this host counts. QEMU's emulator shows it to a guest as it is."""

import ctypes
import mmap
import platform
import time

# rdtsc; shl $32, %rdx; or %rdx, %rax; ret
READ = bytes.fromhex("0f31 48c1e220 4809d0 c3")


def moment(read):
    """-> the count and the time in ns, of the try in which other programs came between
    them for the shortest time"""
    tries = []
    for _ in range(20):
        count, now = read(), time.monotonic_ns()
        tries.append((read() - count, count, now))
    return min(tries)[1:]


def khz(seconds=0.1):
    """-> its frequency in kHz; None where the host has none, or lets nobody run code
    that was just written"""
    if platform.machine() != "x86_64":
        return None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE |
                         mmap.PROT_EXEC)
    except OSError:
        return None
    page.write(READ)
    read = ctypes.CFUNCTYPE(ctypes.c_uint64)(
        ctypes.addressof(ctypes.c_char.from_buffer(page)))
    first, start = moment(read)
    time.sleep(seconds)
    last, end = moment(read)
    return (last - first) * 1000000 // (end - start)
