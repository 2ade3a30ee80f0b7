# SPDX-License-Identifier: GPL-2.0
"""The two registries of segments, read from the kernel's own listings, without any
program under test."""

LISTINGS = {"in-tree": "/proc/sysvipc/shm", "kshm": "/proc/kshm/shm"}
OTHER = {"in-tree": "kshm", "kshm": "in-tree"}


def rows(side):
    """The segments of a side, a line each."""
    with open(LISTINGS[side]) as file:
        return file.read().splitlines()[1:]
