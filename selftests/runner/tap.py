# SPDX-License-Identifier: GPL-2.0
"""Test results in the TAP format: reading programs' lines, writing one list."""

import re
import time

CASE = re.compile(r"(not )?ok\b *\d* *(?:- )?([^#]*)(?:# *(\w+) *(.*))?$")
# The kselftest harness prints these before each case, and around those that pass.
RUN = re.compile(r"# +RUN +(\S+)")
CHATTER = re.compile(r"# +(OK  |Starting \d+ tests|Totals:)")
PLAN = re.compile(r"1\.\.(\d+)(?: *# *SKIP *(.*))?")
# How a whole run of tests ends.
SUMMARY = re.compile(r"\d+ passed, \d+ failed, \d+ skipped$")


class Case:
    def __init__(self, line):
        match = CASE.match(line)
        self.ok = not match[1]
        directive = (match[3] or "").upper()
        self.skip = directive == "SKIP"
        self.why = (match[4] or "").strip() if directive else ""
        self.name = match[2].strip() or self.why or "(no name)"


def is_case(line):
    return CASE.match(line) is not None


class Report:
    """Numbers the cases of many programs and counts them."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []
        self.start = time.monotonic()
        print("TAP version 13", flush=True)

    def cases(self):
        return self.passed + self.failed + self.skipped

    def add(self, ok, name, skip=None):
        number = self.cases() + 1
        line = f"{'ok' if ok else 'not ok'} {number} {name}"
        if not ok:
            self.failed += 1
            self.failures.append(name)
        elif skip is not None:
            self.skipped += 1
            line += f" # SKIP {skip}".rstrip()
        else:
            self.passed += 1
        print(line, flush=True)

    def note(self, text):
        for line in text.splitlines():
            print(f"# {line}".rstrip(), flush=True)

    def summary(self):
        return (f"{self.passed} passed, {self.failed} failed, "
                f"{self.skipped} skipped")

    def finish(self, last=""):
        """Print the end of the list, with a last note; return the exit status."""
        print(f"1..{self.cases()}")
        for name in self.failures:
            self.note(f"failed: {name}")
        self.note(f"took {time.monotonic() - self.start:.0f} s")
        self.note(last)
        print(self.summary(), flush=True)
        return 0 if self.passed and not self.failed else 1


class Program:
    """Follows one program's lines and says what was wrong at its end."""

    def __init__(self, report, name, prefix=""):
        self.report, self.name, self.prefix = report, name, prefix
        self.plan = None
        self.cases = self.failures = 0
        self.running = None  # the case that began last

    def line(self, line):
        """Take one line; pass on cases and diagnostics."""
        if is_case(line):
            case = Case(line)
            self.cases += 1
            self.failures += not case.ok
            self.report.add(case.ok, self.prefix + case.name,
                            case.why if case.skip else None)
        elif PLAN.match(line):
            self.plan = int(PLAN.match(line)[1])
            if self.plan == 0:
                self.report.add(True, self.prefix + self.name,
                                PLAN.match(line)[2] or "no case to run")
        elif RUN.match(line):
            self.running = RUN.match(line)[1]
        elif line.strip() and not line.startswith("TAP version") and \
                not CHATTER.match(line):
            self.report.note(line[2:] if line.startswith("# ") else line)

    def fail(self, what):
        self.failures += 1
        self.report.add(False, f"{self.prefix}{self.name}: {what}")

    def end(self, status):
        """A program that stops early has failed, whatever it said before."""
        if self.plan is None:
            self.fail(f"it ended without a plan, with status {status}")
        elif self.cases != self.plan:
            self.fail(f"it ran {self.cases} of {self.plan} cases, and ended "
                      f"with status {status}")
        elif status and not self.failures and self.plan:
            self.fail(f"it ended with status {status}")
