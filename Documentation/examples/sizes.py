#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Shared memory from Python, with ctypes and ioctls only: no library. An attach
returns the address and the size of the segment together, so the buffer always has
the right length."""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
READ, WRITE = 2, 1
GET_CREAT = 1


class Get(ctypes.Structure):
    _fields_ = [("key", ctypes.c_int32), ("flags", ctypes.c_uint32),
                ("size", ctypes.c_uint64), ("mode", ctypes.c_uint32),
                ("id", ctypes.c_int32)]
    command = READ | WRITE, 0x81


class Attach(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int32), ("flags", ctypes.c_uint32),
                ("addr", ctypes.c_uint64), ("length", ctypes.c_uint64)]
    command = READ | WRITE, 0x82


class Detach(ctypes.Structure):
    _fields_ = [("addr", ctypes.c_uint64), ("flags", ctypes.c_uint32),
                ("reserved", ctypes.c_uint32)]
    command = WRITE, 0x83


class Rmid(ctypes.Structure):
    _fields_ = [("id", ctypes.c_int32), ("flags", ctypes.c_uint32)]
    command = WRITE, 0x86


class Explain(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint64), ("cmd", ctypes.c_uint32),
                ("error", ctypes.c_int32), ("reason", ctypes.c_uint32),
                ("reserved", ctypes.c_uint32), ("asked", ctypes.c_uint64),
                ("limit", ctypes.c_uint64)]
    command = READ | WRITE, 0x8c


def number(arg):
    direction, nr = arg.command
    return direction << 30 | ctypes.sizeof(arg) << 16 | ord("k") << 8 | nr


def do(device, arg):
    """Run a command, and return its struct with the results."""
    if libc.ioctl(device, ctypes.c_ulong(number(arg)), ctypes.byref(arg)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return arg


def explain(device, arg):
    """-> errno, reason, and the two values of the reason"""
    why = do(device, Explain(arg=ctypes.addressof(arg), cmd=number(arg)))
    return why.error, why.reason, why.asked, why.limit


def main():
    device = os.open("/dev/kshm", os.O_RDWR | os.O_CLOEXEC)
    get = do(device, Get(flags=GET_CREAT, size=5000, mode=0o600))
    attach = do(device, Attach(id=get.id))
    memory = (ctypes.c_char * attach.length).from_address(attach.addr)
    memory[:17] = b"hello from Python"
    print(f"{memory[:17].decode()}: {len(memory)} bytes")
    do(device, Rmid(id=get.id))
    do(device, Detach(addr=attach.addr))
    try:
        do(device, Attach(id=get.id))
    except OSError as error:
        print("gone:", error.errno == errno.EINVAL)
    print("because:", explain(device, Attach(id=get.id)))


if __name__ == "__main__":
    main()
