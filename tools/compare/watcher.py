# SPDX-License-Identifier: GPL-2.0
"""Look at a program and its children each time that one of them is about to make a
call of shared memory or to exit.

A seccomp filter hands such a call to this process, which looks at /proc and lets the
call go on. Nothing of the program changes by that, and no moment is missed, as it would
be by looking now and then. strace can trace the program at the same time.
"""

import ctypes
import fcntl
import os
import re
import select
import socket
import struct
import threading

SET_MODE_FILTER, NEW_LISTENER = 1, 1 << 3
USER_NOTIF, ALLOW = 0x7fc00000, 0x7fff0000
GO_ON = 1               # the flag of an answer: make the call after all
NOTIF = struct.Struct("=QIIiIQ6Q")
RESPONSE = struct.Struct("=QqiI")
RECEIVE = 3 << 30 | NOTIF.size << 16 | ord("!") << 8 | 0
SEND = 3 << 30 | RESPONSE.size << 16 | ord("!") << 8 | 1
# LD of a word, JEQ, RET: enough of the language of filters.
LOAD, JUMP_IF, RETURN = 0x20, 0x15, 0x06
SECCOMP = 317           # of x86-64, as the numbers below
NUMBERS = {"shmget": 29, "shmat": 30, "shmctl": 31, "shmdt": 67, "exit": 60,
           "exit_group": 231}
IOCTL = 16              # by which the calls come if the library makes them
MOST_LOOKS = 2000       # of a run; a program that goes on calling is not slowed down
LOOKED_AT = ("Size", "Rss", "VmFlags")


def is_possible():
    return os.uname().machine == "x86_64"


def filter_of(numbers):
    """-> the program of a filter that hands over the calls of those numbers"""
    words = [struct.pack("=HBBI", LOAD, 0, 0, 0)]   # the number comes first
    for place, number in enumerate(numbers):
        words.append(struct.pack("=HBBI", JUMP_IF, len(numbers) - place, 0, number))
    words.append(struct.pack("=HBBI", RETURN, 0, 0, ALLOW))
    words.append(struct.pack("=HBBI", RETURN, 0, 0, USER_NOTIF))
    return b"".join(words)


def install(numbers, to):
    """In a child before it executes: set the filter, and send its descriptor."""
    text = filter_of(numbers)
    room = ctypes.create_string_buffer(text, len(text))
    program = ctypes.create_string_buffer(
        struct.pack("=HxxxxxxQ", len(text) // 8, ctypes.addressof(room)))
    fd = ctypes.CDLL(None, use_errno=True).syscall(
        SECCOMP, SET_MODE_FILTER, NEW_LISTENER, program)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    socket.send_fds(to, [b"x"], [fd])
    os.close(fd)


def attaches_of(pid):
    """-> a dict for each attach in /proc/PID/smaps"""
    found, now = [], None
    try:
        with open(f"/proc/{pid}/smaps") as file:
            for line in file:
                head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) (\S+) (\S+) (\d+) +(.*)$",
                                line)
                if head:
                    now = None
                    if re.match(r"/SYSV[0-9a-f]{8}", head[7]):
                        now = {"start": int(head[1], 16), "end": int(head[2], 16),
                               "perms": head[3], "offset": int(head[4], 16),
                               "device": head[5], "inode": head[6], "name": head[7]}
                        found.append(now)
                elif now is not None:
                    name, _, value = line.partition(":")
                    if name in LOOKED_AT:
                        now[name] = value.strip()
    except OSError:
        pass                # it was killed meanwhile
    return found


def status_of(pid):
    """-> {name: KiB} of what /proc/PID/status says of memory, and the process of a
    thread"""
    try:
        with open(f"/proc/{pid}/status") as file:
            text = file.read()
    except OSError:
        return {}
    return {"pid" if name == "Tgid" else name: int(value) for name, value in
            re.findall(r"^(Vm\w+|Tgid):\s+(\d+)(?: kB)?$", text, re.M)}


class Watcher:
    """Takes the calls that the filter hands over. looks has what was seen."""

    def __init__(self, kernel_memory, also=()):
        self.kernel_memory = kernel_memory
        self.numbers = [*NUMBERS.values(), *also]
        self.ours, self.theirs = socket.socketpair()
        self.looks, self.over = [], threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def in_child(self):
        install(self.numbers, self.theirs)

    def work(self):
        try:
            _, fds, _, _ = socket.recv_fds(self.ours, 1, 1)
        except OSError:
            return
        if not fds:
            return
        poll = select.poll()
        poll.register(fds[0], select.POLLIN)
        with open(fds[0], "rb", buffering=0) as listener:
            while not self.over.is_set():
                events = poll.poll(100)
                if events and events[0][1] & select.POLLIN:
                    self.take(listener)
                elif events:
                    return  # all have ended

    def take(self, listener):
        room = bytearray(NOTIF.size)
        try:
            fcntl.ioctl(listener, RECEIVE, room)
        except OSError:
            return          # the caller was killed before it was looked at
        id, pid, _, number, *_ = NOTIF.unpack(room)
        if len(self.looks) < MOST_LOOKS:
            self.looks.append({"pid": pid, "number": number,
                               "attaches": attaches_of(pid),
                               "kernel memory": self.kernel_memory(),
                               **status_of(pid)})
        try:
            fcntl.ioctl(listener, SEND, RESPONSE.pack(id, 0, 0, GO_ON))
        except OSError:
            pass            # it was killed meanwhile

    def end(self):
        self.over.set()
        self.ours.close()
        self.theirs.close()
        return self.looks
