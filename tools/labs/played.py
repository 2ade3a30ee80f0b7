# SPDX-License-Identifier: GPL-2.0
"""What play.c printed in the guest, and what a live run as a whole has shown."""

import dataclasses
import re

PART = re.compile(r"@part (\S+)$")
STEP = re.compile(r"step (\d+): (.*) -> (\S+)(.*)$")
UNEXPECTED = "not as expected: "
TRACE = "trace: "
STATUS = re.compile(r"@status (\d+)$")


@dataclasses.dataclass
class Step:
    line: str                   # as in the script
    facts: dict
    trace: list = dataclasses.field(default_factory=list)


class Part:
    """One run of play: a side, or an order of steps."""

    def __init__(self):
        self.steps, self.unexpected, self.said = {}, [], []
        self.status = None      # None if it did not come to its end

    def take(self, line):
        step, status = STEP.match(line), STATUS.match(line)
        if step:
            facts = dict(fact.partition("=")[::2] for fact in step[4].split())
            self.steps[int(step[1])] = Step(step[2], {"result": step[3], **facts})
        elif line.startswith(UNEXPECTED):
            self.unexpected.append(line[len(UNEXPECTED):])
        elif line.startswith(TRACE) and self.steps:
            self.steps[max(self.steps)].trace.append(line[len(TRACE):])
        elif status:
            self.status = int(status[1])
        else:
            self.said.append(line)

    def fact(self, number, name):
        """-> what is known after a step, None if it did not come so far"""
        step = self.steps.get(number)
        return step.facts.get(name) if step else None


@dataclasses.dataclass
class Seen:
    """A live run: its parts, and how the guest ended."""

    parts: dict
    died: str = ""              # why the guest ended too early
    complaint: str = ""         # what the kernel complained of

    def part(self, name):
        return self.parts.get(name) or Part()


def parse(lines):
    """-> {name: Part} of the lines of a guest"""
    parts, part = {}, Part()
    for line in lines:
        begins = PART.match(line)
        if begins:
            part = parts[begins[1]] = Part()
        else:
            part.take(line)
    return parts
