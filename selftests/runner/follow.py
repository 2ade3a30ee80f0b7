# SPDX-License-Identifier: GPL-2.0
"""Shared by selftest and here: the choice of test programs, and the lines by which
run-tests tells what happens to them."""

import difflib
import os
import re
import subprocess
import sys

import tap
from common import SELFTESTS, TESTS, all_selftests


CASE = re.compile(r"^TEST(?:_F)?(?:_TIMEOUT|_SIGNAL)?\((?:\w+,\s*)?(\w+)", re.M)


def die(sentence):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {sentence}")


def patience():
    """-> the seconds after which a program hangs

    A case has the seconds that kselftest's "settings" allows. A case that still runs
    a minute later waits for something that the kernel never gives.
    """
    with open(os.path.join(SELFTESTS, "cases/settings")) as file:
        return int(re.search(r"^timeout=(\d+)$", file.read(), re.M)[1]) + 60


def cases_of(path):
    """-> the names of a program's cases, from its source, since the program may be for
    another machine than this; where there is no source, the program lists them"""
    source = os.path.join(SELFTESTS, "cases", f"{os.path.basename(path)}.c")
    if os.path.exists(source):
        with open(source) as file:
            return CASE.findall(file.read())
    listing = subprocess.run([path, "-l"], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    return listing.stdout.split()


def program_and_case(name, tests):
    """"program" or "program.case", as the pages name it. Refuses any other."""
    program, dot, case = name.partition(".")
    path = os.path.join(tests, program)
    if not os.access(path, os.X_OK):
        die(f"there is no program {program}; say some of "
            f"{' '.join(all_selftests())}.")
    if dot and case not in cases_of(path):
        near = difflib.get_close_matches(case, cases_of(path), 3)
        die(f"{program} has no case {case}; " + (
            f"did you mean {' or '.join(near)}?" if near else
            f"{path} -l lists them."))
    return program, case


def wanted_tests(names, tests=TESTS):
    """-> {program: the cases that are wanted of it, none for all}; "tests" is the
    folder of the programs"""
    wanted = {}
    for program, case in (program_and_case(name, tests) for name in names):
        cases = wanted.setdefault(program, [case])
        if not case or not cases[0]:
            cases[:] = [""]
        elif case not in cases:
            cases.append(case)
    return {program: [case for case in cases if case]
            for program, cases in wanted.items()}


class Follower:
    """Follows the lines of run-tests from program to program."""

    def __init__(self, report, tests, where, kernel, hang, options=""):
        """Cases are reported as of "where"; kernel is the log that is judged."""
        self.report, self.where, self.kernel = report, where, kernel
        self.hang, self.options = hang, options
        self.waiting = dict(tests)
        self.program = None

    def words(self):
        """-> the command line of run-tests, for the programs that did not run"""
        return ["run-tests", str(self.hang),
                *map(self.with_options, self.waiting)]

    def with_options(self, program):
        """-> the program and its options, as one word"""
        return " ".join([program, *self.options.split(),
                         *(f"-t {case}" for case in self.waiting[program])])

    def take(self, line):
        mark, _, rest = line.partition(" ")
        if mark == "@begin":
            self.report.note(f"{self.where} {rest}")
            self.program = self.of(rest)
            self.waiting.pop(rest, None)
        elif self.program is None:
            self.report.note(line)
        elif mark == "@end":
            self.blame(self.kernel.complaints_until(
                f"{self.program.name} has ended"))
            self.program.end(int(rest))
            self.program = None
        elif mark == "@kernel":
            self.blame([rest])
        elif mark == "@left":
            self.program.fail(f"it left a segment behind: {rest}")
        elif mark == "@late":
            self.program.fail(f"it was killed after {self.hang} s, in "
                              f"{self.program.running or 'no case'}")
        else:
            self.program.line(line)

    def of(self, name):
        return tap.Program(self.report, name, f"{self.where} ")

    def blame(self, complaints):
        for line in complaints:
            self.program.fail(f"the kernel said: {line}")

    def after_the_last(self):
        """Report complaints of the kernel that came when no program ran any more."""
        for line in self.kernel.complaints():
            self.report.add(False, f"{self.where} guest: the kernel said: {line}")

    def died(self, how):
        if self.program is None:
            self.program = self.of("guest")
        self.program.fail(how)
        self.program = None
