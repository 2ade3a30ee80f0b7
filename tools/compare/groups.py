# SPDX-License-Identifier: GPL-2.0
"""Control groups, one for each run of a program."""

import contextlib
import os
import subprocess
import tempfile
import time

SYSTEM = "/sys/fs/cgroup"


class Refused(Exception):
    """A sentence that says what is wrong."""


class Group:
    """A control group for a run: it counts the kernel's memory, and ends what is left
    of the program."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        os.mkdir(self.path)
        return self

    def __exit__(self, *unused):
        self.kill()
        os.rmdir(self.path)

    def enter(self):
        self.write("cgroup.procs", "0")

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w") as file:
            file.write(text)

    def members(self):
        with open(os.path.join(self.path, "cgroup.procs")) as file:
            return [int(line) for line in file]

    def kill(self):
        """-> how many processes there still were"""
        left = len(self.members())
        if left:
            self.write("cgroup.kill", "1")
            while self.members():
                time.sleep(0.01)
        return left

    def kernel_memory(self):
        """-> KiB of the kernel's memory that is charged to the group, or None. The
        kernel adds it up in steps."""
        try:
            with open(os.path.join(self.path, "memory.stat")) as file:
                return next(int(line.split()[1]) // 1024 for line in file
                            if line.startswith("kernel "))
        except (OSError, StopIteration):
            return None


def with_memory(folder):
    """Let the groups below a folder count memory, where the kernel can."""
    with contextlib.suppress(OSError):
        with open(os.path.join(folder, "cgroup.subtree_control"), "w") as file:
            file.write("+memory")


@contextlib.contextmanager
def opened():
    """-> a function that gives the group of a name. Where no groups are mounted, as in
    a small guest, they are for the time being."""
    if os.path.exists(f"{SYSTEM}/cgroup.subtree_control"):
        top = f"{SYSTEM}/kshm-compare-{os.getpid()}"
        os.mkdir(top)
        try:
            with_memory(SYSTEM)
            with_memory(top)
            yield lambda name: Group(os.path.join(top, name))
        finally:
            os.rmdir(top)
        return
    with tempfile.TemporaryDirectory(prefix="kshm-compare-groups-") as top:
        done = subprocess.run(["mount", "-t", "cgroup2", "none", top],
                              stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Refused("no control groups can be mounted: " + done.stderr.strip())
        try:
            with_memory(top)
            yield lambda name: Group(os.path.join(top, name))
        finally:
            subprocess.run(["umount", top], check=True)
