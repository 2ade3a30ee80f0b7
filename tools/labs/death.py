# SPDX-License-Identifier: GPL-2.0
"""Lab 2: when a segment dies, and when its memory comes back."""

import labbase

PAGES = 1024        # 4 MiB, which shows in /proc/meminfo
KEY = 7
HALF = PAGES * 4 // 2


def with_key(random):
    """-> steps of two processes and a third that knows the key or the id"""
    steps = [f"A get S {PAGES} key={KEY}", "A attach S x", f"A write x 0 {PAGES}"]
    steps += random.choice((["B attach S x"], ["A fork B"]))
    late = ["A rmid S", "A detach x",
            random.choice(("B detach x", "B exit", "B exec")),
            f"C get T 1 key={KEY} find", random.choice(("C attach S x", "C stat S"))]
    random.shuffle(late)
    # A key that comes back: once more, when the rest is over.
    return steps + late + [f"C get U 1 key={KEY}", "A stat S", "A rmid S"]


def owned(random):
    """-> steps with a segment that ends with a descriptor"""
    steps = [f"A get S {PAGES} owned", "A attach S x", f"A write x 0 {PAGES}",
             "A fork B"]
    late = [random.choice(("A close", "A exec", "A exit")),
            random.choice(("B close", "B exec"))]
    random.shuffle(late)
    late.insert(random.randrange(3), "C attach S x")
    return steps + late + ["C stat S", "C exit"]


def transient(random):
    """-> steps with a segment that ends with its last detach"""
    steps = [f"A get S {PAGES} key={KEY} transient"]
    late = ["C stat S", "A attach S x", f"A write x 0 {PAGES}"]
    late += random.choice((["A fork B", "A detach x"], ["B attach S x", "A detach x"],
                           ["A detach x", "B attach S x"]))
    return steps + late + [random.choice(("B exec", "B exit")), "C stat S",
                           f"C get T 1 key={KEY} find"]


class Death(labbase.Predict):
    number = 2
    title = "When does it die?"

    def stories(self):
        random = self.rewound()
        return {"first": with_key(random), "second": with_key(random),
                "third": random.choice((owned, transient))(random)}

    def scripts(self):
        found = {name: ("kshm", lines) for name, lines in self.stories().items()}
        for name in "first", "second":
            found[f"{name}-in-tree"] = ("in-tree", found[name][1])
        return found

    def twins(self):
        return {"first": "first-in-tree", "second": "second-in-tree"}

    def asks(self):
        found = {}
        for name, lines in self.stories().items():
            first = next(number for number, line in enumerate(lines, 1)
                         if "write" in line) + 1
            for step in range(first, len(lines) + 1):
                found[f"{name}.step-{step}"] = [
                    labbase.Fact("result", name, step, "result"),
                    labbase.Fact("state", name, step, "S.state")]
            found[f"{name}.memory"] = [Memory("step", name, 0, "shmem", 2)]
        return found

    def question(self):
        stories = "\n\n".join(f"The {name} story:\n\n{labbase.numbered(lines)}"
                              for name, lines in self.stories().items())
        return f"""\
A, B and C are processes. They begin when they are named first; "fork" makes a child.
The segment S has {PAGES} pages. Each story begins with no process and no segment.

{stories}

Write two words for each step after the one that writes to the memory:

  result    what the call returns: "ok", or the name of its errno
  state     what the listing tells of S after the step: alive, marked (for removal), or
            gone (it is not in the listing)

and for each story

  memory    the step at which the kernel gets the memory of S back, 0 for none
"""


class Memory(labbase.Fact):
    """The step at which "Shmem:" of /proc/meminfo falls by most of the segment."""

    def right(self, part):
        if part.status != 0:
            return None
        before = None
        for number, step in sorted(part.steps.items()):
            now = int(step.facts[self.fact])
            if before is not None and before - now > HALF:
                return str(number)
            before = now
        return "0"
