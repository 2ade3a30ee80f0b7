# SPDX-License-Identifier: GPL-2.0
"""The comparisons of the bench, and their goals.

A figure is named (mode, row, size, figure, side), as the guest prints it, or is
the quotient of two such. A goal is kshm's beside another one.
"""

from dataclasses import dataclass

KSHM, INTREE, BARE, MEMFD = "kshm", "in-tree", "ioctl", "memfd"
SWITCHED, OFF, DRAINING = "switched", "off", "draining"
COUNT, TIME, PROGRAMS = "count", "time", "programs"
UNITS = {COUNT: "guest instructions", TIME: "time"}
# Sizes of rows, as selftests/bench has them.
READ_PAGES, WRITE_PAGES, CROWD, OBJECTS, MOST = 16384, 4096, 4000, 10000, 32000
USERS_CROWD = 1000
# What a user does, and the calls of another one that wait for it; as in users.c.
ACTS = ("the listing", "SHM_INFO", "create+IPC_RMID", "shmat+shmdt of its segment",
        "fork with 3000 attaches", "freeing 16 MiB")
WAITING = ("shmget", "IPC_STAT", "shmat+shmdt", "shmat+shmdt of another",
           "create+IPC_RMID")
SLOWER = "time, in times of the same call without the other user"
# More than this is more than noise.
NO_WORSE = 1.05


@dataclass
class Goal:
    """A ratio, and the most or the least that it may be; neither: it is shown."""
    what: str
    unit: str
    figure: tuple
    beside: tuple
    most: float = None
    least: float = None
    within_spread: bool = False

    def text(self):
        if self.most is not None:
            return f"<= {self.most:.3g}"
        return f">= {self.least:.3g}" if self.least is not None else ""


def beside_intree(what, mode, row, size, figure, most=None, side=KSHM,
                  unit=None, other=INTREE):
    key = mode, row, size, figure
    return Goal(what, unit or UNITS[mode], key + (side,), key + (other,), most)


def with_flag(what, mode, row, size, flag, figure, most=None, unit=None,
              other=INTREE):
    """With a flag that kshm alone has, beside the other without it."""
    key = mode, row, size
    return Goal(what, unit or UNITS[mode], key + (f"{flag} {figure}", KSHM),
                key + (figure, other), most)


def reading():
    pages = "read", READ_PAGES
    return [
        beside_intree("reading 64 MiB: faults", COUNT, *pages, "faults", 1 / 14,
                      unit="page faults"),
        beside_intree("reading 64 MiB", COUNT, *pages, "read", 1 / 4),
        beside_intree("reading 64 MiB: the detach", COUNT, *pages, "detach"),
        with_flag("reading 64 MiB, POPULATE: faults", COUNT, *pages, "POPULATE",
                  "faults", unit="page faults"),
        with_flag("attaching and reading 64 MiB, POPULATE", COUNT, *pages,
                  "POPULATE", "attach+read"),
        with_flag("reading 64 MiB, HUGE: faults", COUNT, *pages, "HUGE", "faults",
                  0.002, unit="page faults"),
        with_flag("reading 64 MiB, HUGE", COUNT, *pages, "HUGE", "read", 0.01),
        with_flag("reading 64 MiB, HUGE: the detach", COUNT, *pages, "HUGE",
                  "detach", 0.01),
    ] + [
        beside_intree(f"reading {what} of 64 MiB, and the detach", COUNT, "gaps",
                      READ_PAGES, what, 1.05)
        for what in ("every second page", "every 17th page", "nine pages of 32",
                     "30 pages of 32")
    ] + [
        beside_intree(f"{size} random reads{how}{part}", COUNT, "random", size,
                      figure, most)
        for size in (100, 2000)
        for how, most, figures in (
            ("", 1.05, ("read", "detach")),
            (", MADV_RANDOM", 1.05, ("MADV_RANDOM read", "MADV_RANDOM detach")))
        for part, figure in zip(("", ": the detach"), figures)
    ] + [
        with_flag(f"{size} random reads, NO_FAULTAROUND{part}", COUNT, "random",
                  size, "NO_FAULTAROUND", figure, 1.05)
        for size in (100, 2000)
        for part, figure in (("", "read"), (": the detach", "detach"))]


def calls():
    """The library's way, which is judged, and the kernel's part alone."""
    found = []
    for side, how in (KSHM, ""), (BARE, ", ioctl alone"):
        def one(what, size, figure, most):
            found.append(beside_intree(what + how, COUNT, "calls", size, figure,
                                       most if side == KSHM else None, side))
        one("shmat + shmdt", 1, "shmat+shmdt", 0.92)
        one("shmat", 1, "shmat", None)
        one("shmdt", 1, "shmdt", None)
        one("shmget, existing key", 1, "shmget", 1.10)
        one("IPC_STAT", 1, "IPC_STAT", 1.10)
        one("create + IPC_RMID", 1, "create+IPC_RMID", 0.97)
        one("create + IPC_RMID, 1,000 segments", 1000, "create+IPC_RMID", None)
        for call in "SHM_INFO", "SHM_STAT":
            one(f"{call}, 1 segment", 1, call, 1.10)
            one(f"{call}, 1,000 segments", 1000, call, None)
        one("SHM_INFO, 32,000 segments", MOST, "SHM_INFO", 0.70)
        one("SHM_STAT, 32,000 segments", MOST, "SHM_STAT", None)
    found.append(beside_intree("shmat + shmdt beside another attach of it", COUNT,
                               "attaches", 1, "shmat+shmdt", 0.98))
    found.append(beside_intree("listing of 32,000 segments", COUNT, "calls",
                               MOST, "listing", 1.00))
    return found


def switch():
    """The system calls themselves, with kshm_switch in each of its modes, beside a
    kernel without it."""
    found = []
    for side, how, goals in (
            (SWITCHED, ", switched", (0.92, 0.90, 1.05, 1.00, 1.2, None, None)),
            (OFF, " in-tree, switch off", (1.01,) * 7),
            (DRAINING, " in-tree, draining", (None,) * 7)):
        for figure, most in zip(("shmat+shmdt", "shmget", "IPC_STAT",
                                 "create+IPC_RMID", "SHM_INFO", "SHM_STAT",
                                 "fork+exit"), goals):
            what = figure.replace("+", " + ") + how
            found.append(beside_intree(what, COUNT, "switch", 1, figure, most, side))
    return found


def others_counted():
    return [
        beside_intree("first write to fresh pages, beside memfd", COUNT, "write",
                      WRITE_PAGES, "first write", 1.02, other=MEMFD),
        beside_intree("first write to fresh pages, beside in-tree", COUNT,
                      "write", WRITE_PAGES, "first write"),
        beside_intree("first read of fresh pages, beside in-tree", COUNT,
                      "write", WRITE_PAGES, "first read"),
        with_flag("create and first write, PREALLOC, beside memfd", COUNT,
                  "write", WRITE_PAGES, "prefault", "create+first write",
                  other=MEMFD),
        with_flag("create and first write, HUGE, beside in-tree", COUNT, "write",
                  WRITE_PAGES, "HUGE", "create+first write", 0.7),
    ] + [
        beside_intree(f"what {size} attaches add to fork + exit", COUNT, "fork",
                      size, "fork+exit, added", 0.90) for size in (16, 128)]


def memory():
    return [
        beside_intree(what, COUNT, "memory", OBJECTS, figure, most,
                      unit="bytes of kernel memory")
        for what, figure, most in (
            ("a segment", "segment", 1.10),
            ("an attach, where it was attached before", "attach again", 0.50),
            ("an attach, the first ever", "first attach", 0.50),
            ("an attach beside another one", "second attach", 0.50),
            ("a segment and its attach", "segment, attached", None))]


def timed():
    return [
        beside_intree("reading 64 MiB", TIME, "read", READ_PAGES, "read", 1 / 4),
        beside_intree("first write to fresh pages, beside memfd", TIME, "write",
                      WRITE_PAGES, "first write", 1.02, other=MEMFD),
        beside_intree("shmat + shmdt", TIME, "calls", 1, "shmat+shmdt", 0.92),
        beside_intree("create + IPC_RMID", TIME, "calls", 1, "create+IPC_RMID",
                      0.97),
    ] + [
        beside_intree(f"what {size} attaches add to fork + exit", TIME, "fork",
                      size, "fork+exit, added", 0.90) for size in (16, 128)]


def readers():
    """A side's own idle figure is what its busy one stands beside."""
    return [
        Goal(f"shmat + shmdt {busy}, {side} beside its idle", UNITS[TIME],
             (TIME, "readers", CROWD, busy, side),
             (TIME, "readers", CROWD, "idle", side),
             2 if side == KSHM else None)
        for busy in ("beside SHM_INFO", "beside the listing")
        for side in (KSHM, INTREE)]


def users():
    """Nobody is slowed down by another user more than in-tree. The slowest calls show
    how long a lock is held; how they fare is told, since a busy host moves them."""
    found = []
    for act in ACTS:
        for call in WAITING:
            key = TIME, "users", USERS_CROWD, f"{call} beside {act}"
            found.append(Goal(f"{call}, another user: {act}", SLOWER,
                              key + (KSHM,), key + (INTREE,), NO_WORSE,
                              within_spread=True))
            slow = key[:3] + (f"{key[3]}, 99 of 100",)
            found.append(Goal(f"{call}, another user: {act}, 99 of 100",
                              UNITS[TIME], slow + (KSHM,), slow + (INTREE,)))
    return found


def scaling(what, figure, goal):
    """Growth should reach the goal, or in-tree's where there is none.

    Throughput is the inverse of the time that a turn takes.
    """
    def rate(side, size):
        return (TIME, "cpus", 1, figure, side), (TIME, "cpus", size, figure, side)

    def key(side, size):
        return TIME, "cpus", size, figure, side

    return [
        Goal(f"{what}: throughput on 2 CPUs, beside 1", "throughput",
             key(KSHM, 1), key(KSHM, 2), least=goal),
    ] + [
        Goal(f"{what}: growth to {size} CPUs, beside in-tree's", "throughput",
             rate(KSHM, size), rate(INTREE, size),
             least=None if goal else 1.0)
        for size in (2, 4)]


def together():
    found = scaling("shmget", "shmget", 1.7)
    for size in 2, 4:
        key = TIME, "cpus", size, "shmget"
        found.append(Goal(f"shmget on {size} CPUs", "throughput",
                          key + (INTREE,), key + (KSHM,), least=1.0))
    found += [beside_intree(f"shmat + shmdt on {size} CPUs", TIME, "cpus", size,
                            "shmat+shmdt", most)
              for size, most in ((2, 0.92), (4, 0.92))]
    found += scaling("shmat + shmdt", "shmat+shmdt", None)
    found += [
        beside_intree(f"what 16 attaches add to fork + exit, 2 CPUs{how}", TIME,
                      "cpus", 2, "fork+exit, added" + figure, 0.95)
        for how, figure in ((", same segments", ", one set"),
                            (", own segments", ""))]
    return found


def programs():
    found = []
    for what, row, figure in (
            ("stress-ng --shm-sysv", "stress-ng", "bogo operations"),
            ("pgbench, 4 clients", "pgbench", "transactions"),
            ("pgbench, 4 clients, parallel queries", "pgbench, parallel",
             "transactions")):
        key = PROGRAMS, row, 1, figure
        found.append(Goal(what, "throughput", key + (KSHM,), key + (INTREE,),
                          least=1.0, within_spread=True))
    return found


def goals():
    """In the order of the table; one unit after the other."""
    found = (reading() + calls() + switch() + others_counted() + memory() +
             timed() + readers() + users() + together() + programs())
    order = list(dict.fromkeys(goal.unit for goal in found))
    return sorted(found, key=lambda goal: order.index(goal.unit))
