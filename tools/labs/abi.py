# SPDX-License-Identifier: GPL-2.0
"""Lab 8: add a field to the struct of STAT, and break no program that exists."""

import functools
import os
import pathlib
import re
import subprocess
import tempfile

import guest
import labbase
from common import TOP
from tree import SOURCES, Tree, read

HEADER = "uapi/linux/kshm.h"
PAGE = "Documentation/man/kshm.4"
# Copied for the patch; a student may also change tests, which aren't run.
PATCHED = (*SOURCES, "lib", "Documentation", "selftests/cases", "tools/kshm.txt")

# {name of the field: (what it tells, its values in STORY)}. A pin of an attach that is
# in progress is no mapping, although nattch counts it.
WISHES = {
    "peak_nattch": ("the largest number of VMAs that the segment has had at one time, "
                    "since it was created; a VMA that exists only during a call counts, "
                    "an attach in progress is none", (0, 1, 2, 3, 6)),
    "attaches": ("how many attaches of it were made, by ATTACH or by mmap() of a "
                 "descriptor, since it was created", (0, 1, 2, 3, 3)),
    "copies": ("how often one of its VMAs was copied by fork() or split, since it was "
               "created; a split counts once", (0, 0, 0, 0, 5)),
    "detaches": ("how many of its VMAs have ended since it was created, by whatever "
                 "call, the end of a process included", (0, 0, 0, 1, 8)),
}
ASK = "A sized S 8"
STORY = ("A get S 8", ASK, "A attach S x", ASK, "A attach S y", ASK, "A attach S z",
         "A detach z", ASK, "A munmap x 3 1", "A fork B", "B exit", "A detach x",
         "A detach y", ASK)

# (name, how much longer the struct is, result with the new module, with the old one)
SIZES = (("short", "-8", "EINVAL", "EINVAL"),
         ("old-struct", "0", "ok", "ok"),
         ("new-struct", "8", "ok", "ok"),
         ("new-struct-not-zeroed", "8 garbage", "ok", "E2BIG"),
         ("long-zero-tail", "16", "ok", "ok"),
         ("long-nonzero-tail", "16 garbage", "E2BIG", "E2BIG"))


class GrowAbi(labbase.Lab):
    number = 8
    title = "Grow the ABI"
    PATCH = "8.patch"

    def wish(self):
        """-> the name of the field, what it tells, and its values"""
        name = self.rewound().choice(sorted(WISHES))
        return name, *WISHES[name]

    def form(self):
        return {"hours": "how long it took you; this gives no points"}

    def tree(self, patch):
        """-> a copy of the sources with the patch"""
        tree = Tree("abi")
        tree.fill(PATCHED)
        tree.patch(patch)
        return tree

    def build(self, kernel, tree):
        return pathlib.Path(tree.build_module(kernel))

    def job_with(self, module):
        sizes = ["A get S 8"] + [f"A sized S {extra}" for _, extra, _, _ in SIZES]
        files = {"abi.ko": module, "story.play": "".join(f"{line}\n" for line in STORY),
                 "sizes.play": "".join(f"{line}\n" for line in sizes)}
        text = "insmod abi.ko\n"
        text += guest.play(self.part("story"), "story.play", "-s kshm")
        text += guest.play(self.part("new"), "sizes.play", "-s kshm")
        text += guest.UNLOAD + "insmod /job/kshm.ko\n"
        text += guest.play(self.part("old"), "sizes.play", "-s kshm")
        return guest.Job(files, text + guest.UNLOAD)

    def items(self, given, seen):
        yield from self.items_of_values(seen)
        for number, (name, _, new, old) in enumerate(SIZES, 2):
            for part, right in ("new", new), ("old", old):
                found = seen.part(self.part(part)).fact(number, "result")
                yield labbase.judged(f"{name}-on-{part}-module", found == right, 1,
                                     f"the call said {found or 'nothing'}", right)

    def items_of_values(self, seen):
        name, _, values = self.wish()
        asks = [number for number, line in enumerate(STORY, 1) if line == ASK]
        part = seen.part(self.part("story"))
        for number, value in zip(asks, values):
            found = part.fact(number, "value")
            yield labbase.judged(f"value-after-step-{number}", found == str(value), 2,
                                 f"{name} is {found} there" if found else
                                 seen.died or "there is no value", str(value))

    def items_of_sources(self, tree):
        """The items that need no guest: struct, comment, manual page."""
        name = self.wish()[0]
        header = os.path.join(tree.path, HEADER)
        problem = struct_problem(header, name)
        yield labbase.judged("field-is-the-last-of-the-struct", not problem, 2, problem)
        yield labbase.judged("kernel-doc-has-it",
                             re.search(rf"^ \* @{name}:\s*out: \w", read(header), re.M),
                             1, f"{HEADER} has no line \" * @{name}:\" with \"out:\"")
        yield labbase.judged("manual-page-has-it",
                             name in read(os.path.join(tree.path, PAGE)), 1,
                             f"{PAGE} does not name it")

    def question(self):
        name, tells, _ = self.wish()
        steps = labbase.numbered(STORY)
        return f"""\
STAT (KSHM_IOC_STAT) is to tell one thing more: the field {name}, a __u64. It is
{tells}.

Programs that were compiled before the change go on working with the new module, and
programs that know the field work with the old module, which leaves it 0.

Hand in answers/8.patch, as "git diff" prints it: the module, {HEADER} with
its kernel-doc, and {PAGE}. Before "make grade-8" these sources have to
be as they were: "git apply -R answers/8.patch" takes the change back.

The patch is tried with this script, where "sized S 8" is STAT with a struct that has
the field:

{steps}
"""


@functools.cache
def old_size():
    """-> bytes of the struct that the sources have now"""
    return int(compiled(os.path.join(TOP, HEADER),
                        "__builtin_printf(\"%zu\", sizeof(struct kshm_stat));"))


def compiled(header, statement):
    """-> what a statement prints in a program that includes a header"""
    text = f"#include \"{header}\"\nint main(void) {{ {statement} return 0; }}\n"
    above = os.path.dirname(os.path.dirname(header))
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "program")
        done = subprocess.run(["cc", "-I", above, "-x", "c", "-o", program, "-"],
                              input=text, text=True, capture_output=True)
        if done.returncode:
            raise ValueError(done.stderr.strip())
        return subprocess.run([program], text=True, stdout=subprocess.PIPE,
                              check=True).stdout


def struct_problem(header, name):
    """-> what is wrong with the field in a header, or nothing"""
    statement = ("__builtin_printf(\"%zu %zu %zu\", "
                 f"__builtin_offsetof(struct kshm_stat, {name}), "
                 f"sizeof(((struct kshm_stat *)0)->{name}), sizeof(struct kshm_stat));")
    try:
        place, size, whole = map(int, compiled(header, statement).split())
    except ValueError as why:
        return f"a program that uses the field does not compile: {why}"
    old = old_size()
    if (place, size, whole) != (old, 8, old + 8):
        return (f"the field begins at byte {place} and has {size} bytes, the struct has "
                f"{whole}; they should be {old}, 8 and {old + 8}")
    return ""
