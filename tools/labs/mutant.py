# SPDX-License-Identifier: GPL-2.0
"""Lab 6: find a defect that was planted in the module, by a test of one's own."""

import functools
import os
import pathlib

import functions
import guest
import labbase
import table
from common import TOP
from tree import Tree

# Entries of selftests/mutants/mutants.toml that a script of play can notice, on a
# segment that in-tree shm has as well.
MUTANTS = ("attach-readonly-can-be-widened", "attach-write-needs-no-w",
           "ctl-rmid-by-anybody", "detach-first-piece-only", "ids-stale-found",
           "perm-owner-falls-through", "registry-key-stays",
           "registry-pages-forgotten", "segment-never-ends",
           "vma-open-not-counted")
SHORT = 8           # steps of a test that is to the point
ROUNDS = ("in-tree", "kshm", "mutant")
PASSES, FAILS = "passes", "fails"


@functools.cache
def entries():
    """-> {name: entry} of the table"""
    return {one.name: one for one in table.load() if one.name in MUTANTS}


class FindMutant(labbase.Lab):
    number = 6
    title = "Find the mutant"

    def mutant(self):
        """-> the entry of the table that this seed plants"""
        return entries()[self.rewound().choice(MUTANTS)]

    def functions(self):
        """-> the names of the functions that the mutant changes"""
        found = set()
        for edit in self.mutant().edits:
            text = table.read(os.path.join(TOP, edit.file))
            # The edit may begin on a line that stays the same.
            line = text[:text.index(edit.old)].count("\n") + 1
            end = line + edit.old.rstrip("\n").count("\n")
            found |= {one.name for one in functions.defined(TOP, [edit.file])
                      if one.line <= end and line <= one.end}
        return found

    def form(self):
        return {"function": "the function of the module that has the defect",
                "test": "{ steps and \"expect\" lines; those that begin with # are "
                        "comments"}

    def build(self, kernel):
        """-> the path of the mutant's module"""
        tree = Tree("mutant")
        tree.fill(changed=self.mutant().changed())
        return pathlib.Path(tree.build_module(kernel))

    def prompt_with(self, module):
        return guest.Job({"mutant.ko": module}, """insmod mutant.ko
echo 'The mutant is loaded. "rmmod kshm; insmod /job/kshm.ko" puts kshm in its place.'
""")

    def job_with(self, module, test):
        """-> the live run of a test on in-tree shm, on kshm, and on the mutant"""
        script = guest.play(self.part("in-tree"), "test.play", "-s in-tree")
        script += "insmod /job/kshm.ko\n"
        script += guest.play(self.part("kshm"), "test.play", "-s kshm")
        script += guest.UNLOAD + "insmod mutant.ko\n"
        script += guest.play(self.part("mutant"), "test.play", "-s kshm")
        return guest.Job({"test.play": test, "mutant.ko": module},
                         script + guest.UNLOAD)

    def items(self, given, seen):
        rounds = {name: outcome(seen, self.part(name)) for name in ROUNDS}
        test = [line for line in given.get("test", "").splitlines() if line.strip()]
        checks = any(line.split()[0] == "expect" for line in test)
        yield labbase.judged("test-expects-something", checks, 1,
                             "a test without an \"expect\" line can't fail")
        for name in "in-tree", "kshm":
            yield labbase.judged(f"passes-on-{name}", checks and rounds[name] == PASSES,
                                 2, f"on {name} your test {rounds[name]}")
        good = checks and rounds["in-tree"] == rounds["kshm"] == PASSES
        killed = good and rounds["mutant"].startswith(FAILS)
        yield labbase.judged("fails-on-the-mutant", killed, 5,
                             f"on the mutant your test {rounds['mutant']}" if good
                             else "it has to pass on the others first")
        yield labbase.judged("is-to-the-point", killed and len(test) <= SHORT, 1,
                             f"{SHORT} lines are enough to kill the mutant")
        named = given.get("function", "").strip().removesuffix("()")
        right = self.functions()
        yield labbase.judged("function", named in right, 3,
                             f"it is not {named}" if named else "there is no answer",
                             " or ".join(sorted(right)))

    def question(self):
        return """\
One function of the module has a defect, which no compiler sees. Find out what the
module does wrong, compared with in-tree shm and with kshm as it should be; then find
the function that does it.

Write

  function  its name
  test      a script for play, with "expect" lines, that passes on in-tree shm and on
            kshm, and fails on the mutant; at most 8 lines

At the prompt the mutant is loaded. "play -s in-tree" and "play -s kshm" take steps
from the keyboard; Ctrl-D ends them, and "play -h" lists the steps.
"""


def outcome(seen, name):
    """-> how a test went on one side: it passes, it fails, or it can't be told"""
    part = seen.parts.get(name)
    if part is None:
        return f"never began: {seen.died}" if seen.died else "never began"
    last = part is list(seen.parts.values())[-1]
    if last and (seen.died or seen.complaint):
        return f"{FAILS}: {seen.complaint or seen.died}"
    if part.status == 0:
        return PASSES
    if part.status == 2:
        return "makes no sense to play: " + " ".join(part.said[-1:])
    return f"{FAILS}: " + "; ".join(part.unexpected)
