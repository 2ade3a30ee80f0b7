# SPDX-License-Identifier: GPL-2.0
"""The two sides, in-tree shm and kshm, and the door that leads there. Each run gets an
IPC namespace of its own.

The door "switch" is the module kshm_switch. Its mode is on while programs run on kshm,
and off while they run in-tree, so no function of in-tree shm is hooked then. The door
"preload" is kshm-run.
"""

import contextlib
import os
import shutil
import subprocess
import time

PARAMETERS = "/sys/module/kshm_switch/parameters"
DEVICE = "/dev/kshm"
FIRST_ID = 1 << 29      # of kshm, while kshm_switch is loaded
PATIENCE = 20           # seconds that ended namespaces may take to let segments go


class Refused(Exception):
    """A sentence that says what is wrong, and the cure."""


def read(name):
    with open(os.path.join(PARAMETERS, name)) as file:
        return file.read().strip()


def write(name, text):
    with open(os.path.join(PARAMETERS, name), "w") as file:
        file.write(f"{text}\n")


class Namespace:
    """An IPC namespace, kept by a process that sleeps in it."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "--ipc", "sh", "-c", "echo; exec sleep infinity"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if not self.holder.stdout.readline():
            raise Refused("no IPC namespace can be made; be root")
        self.path = f"/proc/{self.holder.pid}/ns/ipc"

    def listing(self, preload):
        """-> the lines of /proc/sysvipc/shm there"""
        done = subprocess.run(["nsenter", f"--ipc={self.path}",
                               *([preload] if preload else []), "cat",
                               "/proc/sysvipc/shm"], stdout=subprocess.PIPE, text=True)
        return done.stdout.splitlines()

    def empty(self, preload):
        """A namespace that ends frees its segments a little later."""
        for prefix in [], [preload]:
            if None not in prefix:
                subprocess.run(["nsenter", f"--ipc={self.path}", *prefix, "ipcrm",
                                "--all=shm"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)

    def end(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


class Side:
    """Where a program runs. Each run begins with no segment."""

    def __init__(self, name, options, mode=None, preload=None):
        self.name, self.options = name, options
        self.mode, self.preload = mode, preload
        self.space = None

    @contextlib.contextmanager
    def ready(self):
        if self.mode:
            switch_to(self.mode)
        self.space = Namespace()
        try:
            yield self
        finally:
            self.space.empty(self.preload)
            self.space.end()

    def left(self):
        """-> [{column: word}], the segments that a program has left"""
        heading, *lines = self.space.listing(self.preload) or [""]
        return [dict(zip(heading.split(), line.split())) for line in lines]

    def enter(self, tracer, program):
        """-> the words that run a program here"""
        user = self.options.user
        return ["nsenter", f"--ipc={self.space.path}", *tracer,
                *([self.preload] if self.preload else []),
                *(["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups",
                   "--"] if user else []),
                *program]


def need_root():
    if os.geteuid():
        raise Refused("it makes namespaces and writes the switch; be root")


def need_switch():
    """Refuse unless kshm_switch is there and its mode is off."""
    if not os.path.isdir(PARAMETERS):
        raise Refused("kshm_switch is not loaded; say insmod kshm_switch.ko, or "
                      "--door preload")
    mode = read("mode")
    if mode != "off":
        raise Refused(f"the mode of kshm_switch is {mode} already, so programs would "
                      f"notice the comparison. Say: echo drain >{PARAMETERS}/mode; "
                      f"remove what {PARAMETERS}/left lists; echo off "
                      f">{PARAMETERS}/mode")


def switch_to(mode):
    if read("mode") == mode:
        return
    if mode == "off":
        switch_off()
        return
    try:
        write("mode", mode)
    except OSError as error:
        raise Refused(
            f"kshm_switch refuses to be switched on ({error.strerror}). If kshm has a "
            "segment from before kshm_switch was loaded, remove it: kshm-run ipcrm "
            "--all=shm; the last lines of dmesg tell the reason") from error


def switch_off():
    """A namespace that has ended lets its segments go a little later."""
    until = time.monotonic() + PATIENCE
    write("mode", "drain")
    while True:
        try:
            write("mode", "off")
            return
        except OSError as error:
            if time.monotonic() > until:
                raise Refused(
                    "kshm_switch stays in the mode drain, since kshm still has "
                    f"segments or an open listing. Remove what {PARAMETERS}/left "
                    f"lists, then say: echo off >{PARAMETERS}/mode") from error
        time.sleep(0.1)


@contextlib.contextmanager
def by_switch(options):
    need_switch()
    if not os.path.exists(DEVICE):
        raise Refused("kshm is not loaded; say insmod kshm.ko")
    try:
        yield [Side("in-tree", options, mode="off"), Side("kshm", options, mode="on")]
    finally:
        switch_to("off")


@contextlib.contextmanager
def by_preload(options):
    if os.path.isdir(PARAMETERS) and read("mode") != "off":
        raise Refused("the mode of kshm_switch is not off, so in-tree shm would not "
                      f"serve its side; say: echo off >{PARAMETERS}/mode")
    if not os.path.exists(DEVICE):
        raise Refused("kshm is not loaded; say insmod kshm.ko")
    kshm_run = shutil.which("kshm-run")
    if not kshm_run:
        raise Refused("kshm-run is not in PATH; make install-lib puts it there")
    yield [Side("in-tree", options), Side("kshm", options, preload=kshm_run)]


def opened(options):
    """-> a context whose value is both sides"""
    need_root()
    return by_switch(options) if options.door == "switch" else by_preload(options)
