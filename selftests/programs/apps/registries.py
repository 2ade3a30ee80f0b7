# SPDX-License-Identifier: GPL-2.0
"""The two registries of segments, read from the kernel's own listings, without any
program under test."""

import os

LISTINGS = {"in-tree": "/proc/sysvipc/shm", "kshm": "/proc/kshm/shm"}
OTHER = {"in-tree": "kshm", "kshm": "in-tree"}
MODE = "/sys/module/kshm_switch/parameters/mode"


def listed(side):
    with open(LISTINGS[side]) as file:
        return file.read().splitlines()[1:]


def is_switched():
    """Do the system calls lead to kshm? Then the usual listing has both kinds."""
    if not os.path.exists(MODE):
        return False
    with open(MODE) as file:
        return file.read() != "off\n"


def rows(side):
    """The segments of a side, a line each."""
    found = listed(side)
    if side == "in-tree" and is_switched():
        ids = {row.split()[1] for row in listed("kshm")}
        found = [row for row in found if row.split()[1] not in ids]
    return found
