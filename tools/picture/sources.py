# SPDX-License-Identifier: GPL-2.0
"""Which function made an event, and its text.

An event of kshm is made where the module calls trace_NAME(). Functions of the kernel
are looked up in the files that qemu/fetch-source --quoted unpacks; of those elsewhere
only the name is told.
"""

import dataclasses
import os
import re
import subprocess

import functions
import kernels
from common import QEMU, TOP

CALL = re.compile(r"\btrace_(kshm_\w+)\(")


@dataclasses.dataclass
class Place:
    """A function, and the line in it that the event points to."""
    name: str
    top: str = ""
    path: str = ""
    line: int = 0
    first: int = 0      # line of its text
    text: str = ""


def c_files(top, folder):
    found = []
    for where, _, leaves in os.walk(os.path.join(top, folder)):
        found += [os.path.relpath(os.path.join(where, leaf), top)
                  for leaf in leaves if leaf.endswith(".c")]
    return sorted(found)


def lines_of(top, path):
    with open(os.path.join(top, path)) as file:
        return file.read().splitlines()


def place_of(one, top, lines, line=0):
    """-> the place of a definition, with its text from its first line on"""
    first = one.line
    while first > 1 and re.fullmatch(r"[A-Za-z_][\w \t*]*", lines[first - 2]):
        first -= 1      # a type on a line of its own
    return Place(one.name, top, one.path, line or one.line, first,
                 "\n".join(lines[first - 1:one.end]))


def of_events():
    """-> {name of a tracepoint of kshm: where the module calls it}"""
    paths = c_files(TOP, "module")
    defined = functions.defined(TOP, paths)
    found = {}
    for path in paths:
        lines = lines_of(TOP, path)
        for number, line in enumerate(lines, 1):
            call = CALL.search(line)
            for one in defined if call else ():
                if one.path == path and one.line <= number <= one.end:
                    found[call[1]] = place_of(one, TOP, lines, number)
    return found


def kernel_source(kernel):
    """-> the folder with the kernel's source, or None for a tree of the user's own"""
    if kernel not in kernels.KERNELS:
        return None
    done = subprocess.run([os.path.join(QEMU, "fetch-source"), "--quoted", kernel],
                          stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def of_functions(names, source):
    """-> {name of a function of the kernel: its place}"""
    found = {name: Place(name) for name in names}
    if not source:
        return found
    paths = [path for folder in ("ipc", "kernel", "mm")
             for path in c_files(source, folder)]
    for one in functions.defined(source, paths):
        if one.name in found:
            found[one.name] = place_of(one, source, lines_of(source, one.path))
    return found


def places(steps, source):
    """-> {event: Place} of all events that these steps show"""
    own = of_events()
    others = of_functions({step.function for step in steps if step.function}, source)
    return {step.event: own.get(step.event) or others.get(step.function)
            for step in steps if step.event in own or step.function}
