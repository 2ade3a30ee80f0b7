# SPDX-License-Identifier: GPL-2.0
"""Lab 5: which functions run, in which order, and which of them under mmap_lock."""

import re

import guest
import labbase

# Functions that kshm or the kernel runs on these ways. None of them is inlined.
FUNCTIONS = ("kshm_do_attach", "kshm_do_detach", "kshm_segment_lock_id",
             "kshm_check_access", "kshm_attach_file_new", "kshm_attach_file_area",
             "kshm_attach_file_mmap", "kshm_segment_open", "kshm_segment_unpin",
             "kshm_segment_close", "vma_map_pages", "vma_fault", "vma_open",
             "vma_close", "do_mmap", "shmem_mmap", "shmem_fault")
OURS = "kshm_", "vma_"
ASKED = 12
TRACER = "/sys/kernel/tracing"
ACQUIRED = re.compile(r"mmap_lock_acquire_returned: mm=(\w+) .*success=true")
RELEASED = re.compile(r"mmap_lock_released: mm=(\w+) ")
CALL = re.compile(r"(\w+) <-\w+")

# What happens before the way begins, the steps of the way, and a word on it.
WAYS = {
    "first-attach": (
        ["A get S 32", "B attach S y", "B write y 0 32", "B detach y", "C attach S z"],
        ["A attach S x", "A read x 3 1"],
        "The segment's pages are in memory, and C has it attached."),
    "attach-again": (
        ["A get S 32", "A attach S x", "A write x 0 32", "A detach x"],
        ["A attach S x", "A read x 3 1"],
        "A has attached and detached the segment before; its pages are in memory."),
    "fresh-page": (
        ["A get S 32", "A attach S y", "A detach y"],
        ["A attach S x", "A read x 3 1"],
        "A has attached and detached the segment before, but touched no page."),
    "write": (
        ["A get S 32", "B attach S y", "B write y 0 32"],
        ["A attach S x", "A write x 3 1"],
        "The segment's pages are in memory, and B has it attached."),
    "fork-and-fault": (
        ["A get S 32", "A attach S x", "A write x 0 32"],
        ["A fork B", "B read x 3 1"],
        "The segment's pages are in memory; B is the child of A."),
    "split": (
        ["A get S 32", "A attach S x"],
        ["A munmap x 8 1", "A detach x"],
        "No page has been touched."),
}


class Path(labbase.Lab):
    number = 5
    title = "Draw the path"

    def world(self):
        """-> the way, and the functions that are asked for"""
        random = self.rewound()
        name = random.choice(sorted(WAYS))
        return WAYS[name], random.sample(FUNCTIONS, ASKED)

    def steps(self):
        (before, way, _), _ = self.world()
        return before + way

    def form(self):
        return {"order": "function names, with blanks between them",
                "never": "those that do not run at all",
                "locked": "those that run while their process holds mmap_lock"}

    def job(self):
        # Linux has a vma_close() of its own.
        names = " ".join(f"{name}:mod:kshm" if name.startswith(OURS) else name
                         for name in FUNCTIONS)
        script = f"""insmod /job/kshm.ko
for name in {names}; do
	echo $name >>{TRACER}/set_ftrace_filter
done
echo function >{TRACER}/current_tracer
echo 0 >{TRACER}/tracing_on
echo 1 >{TRACER}/events/mmap_lock/enable
{guest.play(self.part("kshm"), "path.play", "-t -s kshm")}
echo 0 >{TRACER}/events/mmap_lock/enable
echo nop >{TRACER}/current_tracer
echo >{TRACER}/set_ftrace_filter
{guest.UNLOAD}"""
        lines = "".join(f"{line}\n" for line in self.steps())
        return guest.Job({"path.play": lines}, script)

    def right(self, seen):
        """-> the functions that ran, in order of their first calls, and those of
        them that ran under mmap_lock; None if the guest did not come so far"""
        (before, way, _), asked = self.world()
        part = seen.part(self.part("kshm"))
        numbers = range(len(before) + 1, len(before) + len(way) + 1)
        if not all(number in part.steps for number in numbers):
            return None
        order, locked, held = [], set(), set()
        for number in numbers:
            for line in part.steps[number].trace:
                follow(line, order, locked, held)
        return ([name for name in order if name in asked],
                {name for name in locked if name in asked})

    def items(self, given, seen):
        right = self.right(seen)
        if right is None or not right[0]:
            why = seen.died or "the tracer has seen none of the functions"
            yield labbase.Item("order", False, 0, f"{labbase.BROKEN}: {why}")
            return
        order, locked = right
        mine, never, held = (given.get(name, "").split() for name in self.form())
        for first, second in zip(order, order[1:]):
            yield labbase.judged(f"{first}-before-{second}",
                                 comes_before(mine, first, second), 1,
                                 "your order does not say so", " ".join(order))
        for name in sorted(self.world()[1]):
            ran = name in order
            yield labbase.judged(f"{name}-runs-or-not",
                                 ran == (name in mine) and ran != (name in never), 1,
                                 "one of \"order\" and \"never\" has to name it, and "
                                 "not the other", "order" if ran else "never")
        for name in sorted(order):
            # An empty list is no answer, unless it is the right one.
            yield labbase.judged(f"{name}-and-mmap_lock", name in mine and
                                 (held or not locked) and
                                 (name in locked) == (name in held), 1,
                                 "look at the events around it" if held else
                                 "\"locked\" names no function",
                                 "locked" if name in locked else "not locked")

    def question(self):
        (before, way, word), asked = self.world()
        names = "\n".join(f"  {name}" for name in asked)
        return f"""\
This has happened:

{labbase.numbered(before)}

{word} Now these two steps follow:

{labbase.numbered(way, len(before) + 1)}

Of these functions of the module and of the kernel

{names}

write

  order     those that run, in the order of their first calls
  never     those that do not run
  locked    those that hold mmap_lock, for reading or writing, in their first call
            (a function holds it if its process does, whoever took it; one that is
            called twice, and only the second time with the lock, does not count)
"""


def follow(line, order, locked, held):
    """Take one line of the trace."""
    acquired, released = ACQUIRED.match(line), RELEASED.match(line)
    call = CALL.match(line)
    if acquired:
        held.add(acquired[1])
    elif released:
        held.discard(released[1])
    elif call and call[1] not in order:
        order.append(call[1])
        if held:
            locked.add(call[1])


def comes_before(names, first, second):
    return first in names and second in names and \
        names.index(first) < names.index(second)
