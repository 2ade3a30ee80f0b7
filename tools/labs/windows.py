# SPDX-License-Identifier: GPL-2.0
"""Lab 1: how often a segment is attached."""

import labbase

PAGES = 16


class Writer:
    """Writes a script of steps that all make sense.

    It knows which processes have the attach, and which pages are still whole in each.
    """

    def __init__(self, random):
        self.random = random
        self.lines = [f"A get S {PAGES}", "A attach S x"]
        self.whole = {"A": set(range(1, PAGES - 1))}    # the first and last stay
        self.hole, self.plain = set(), {"A"}
        self.restricted = {}
        self.names = list("BCD")

    def say(self, process, words):
        self.lines.append(f"{process} {words}")

    def pick(self):
        return self.random.choice(sorted(self.whole))

    def middle(self, process):
        """-> a page whose neighbours are untouched, too; None if there is none"""
        free = self.whole[process]
        good = [page for page in sorted(free) if {page - 1, page + 1} <= free]
        return self.random.choice(good) if good else None

    def spend(self, process, page):
        self.whole[process] -= {page - 1, page, page + 1}
        self.plain.discard(process)

    def munmap(self):
        process = self.pick()
        page = self.middle(process)
        if page is not None:
            self.spend(process, page)
            self.hole.add(process)
            self.say(process, f"munmap x {page} 1")

    def protect(self):
        process = self.pick()
        page = self.middle(process)
        if page is not None:
            self.spend(process, page)
            self.restricted[process] = page
            self.say(process, f"protect x {page} 1 r")

    def protect_back(self):
        for process in sorted(self.restricted):
            self.say(process, f"protect x {self.restricted.pop(process)} 1 rw")
            return

    def move(self):
        if self.plain:
            self.say(self.random.choice(sorted(self.plain)), "move x")

    def copy(self):
        process = self.random.choice(sorted(self.plain or {"A"}))
        if process in self.plain:
            self.plain.discard(process)
            self.say(process, "copy x y")

    def fork(self):
        if self.names:
            parent, child = self.pick(), self.names.pop(0)
            self.whole[child] = set(self.whole[parent])
            for states in self.hole, self.plain:
                if parent in states:
                    states.add(child)
            if parent in self.restricted:
                self.restricted[child] = self.restricted[parent]
            self.say(parent, f"fork {child}")

    def dontfork(self):
        """A fork after it shows what it does."""
        good = sorted(set(self.whole) - self.hole)
        if good and self.names:
            parent, child = self.random.choice(good), self.names.pop(0)
            self.say(parent, "dontfork x")
            self.say(parent, f"fork {child}")

    def leave(self, words):
        """exec, exit or detach: the process has no attach any more."""
        others = sorted(set(self.whole) - {"A"})
        if others:
            process = self.random.choice(others)
            for states in self.whole, self.restricted:
                states.pop(process, None)
            for states in self.hole, self.plain:
                states.discard(process)
            self.say(process, words)


class Windows(labbase.Predict):
    number = 1
    title = "Two windows, one page"

    def scripts(self):
        writer = Writer(self.rewound())
        steps = [writer.munmap, writer.protect, writer.protect_back, writer.copy,
                 writer.fork, writer.dontfork, lambda: writer.leave("exec"),
                 lambda: writer.leave("detach x")]
        # The order is the seed's, but a fork comes early, so that much can follow.
        writer.random.shuffle(steps)
        steps.sort(key=lambda step: step not in (writer.fork, writer.move))
        for step in [writer.move, *steps, writer.fork, writer.munmap]:
            step()
        writer.leave("exit")
        return {side: (side, writer.lines) for side in self.SIDES}

    def asks(self):
        lines = self.scripts()["kshm"][1]
        facts = ("nattch", "S.nattch"), ("lines-of-A", "A.lines")
        return {f"step-{step}": [labbase.Fact(label, "kshm", step, fact)
                                 for label, fact in facts]
                for step in range(2, len(lines) + 1)}

    def question(self):
        return f"""\
Process A creates the segment S, which has {PAGES} pages, and attaches it. Then this
happens:

{labbase.numbered(self.scripts()["kshm"][1])}

Write two numbers for each step from 2 on, as they are after the step:

  nattch        what IPC_STAT tells: how often S is attached
  lines-of-A    how many lines of /proc/PID/maps belong to S, in process A
"""
