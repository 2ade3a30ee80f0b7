# SPDX-License-Identifier: GPL-2.0
"""Reading the log that tools/picture/record writes: the kernel's trace, as text."""

import dataclasses
import json
import re

LINE = re.compile(r" *(?P<comm>.{1,16}?)-(?P<tid>\d+) +\( *(?P<pid>[\d-]+)\) +"
                  r"\[\d+\] \S+ +(?P<time>[\d.]+): (?P<name>\w+): (?P<text>.*)$")
FIELD = re.compile(r"(\w+)=(\S*)")
# "(shm_open+0x0/0x40)", and "(caller+0x1/0x2 <- newseg)" for a return.
PLACE = re.compile(r"\((?:\S+ <- )?([A-Za-z_]\w*)\S*\) ?")
# In hexadecimal, though tracepoints show them without 0x.
HEXADECIMAL = ("mm", "file", "segment", "inode", "registry", "namespace", "ino")
RECORDED = re.compile(r"# entries-in-buffer/entries-written: (\d+)/(\d+)")
TEXTS = ("name", "comm", "child_comm", "filename")
MARKER = "tracing_mark_write"
REPORT = {"pid", "maps", "listing"}


class BadLog(Exception):
    """Not a log of record; the text says why."""


@dataclasses.dataclass
class Event:
    """A line of the trace."""
    time: float
    comm: str
    tid: int
    pid: int            # of the process
    name: str
    function: str       # where a kprobe stands; empty for a tracepoint
    text: str
    fields: dict        # numbers, but for those of TEXTS

    def __getattr__(self, field):
        try:
            return self.fields[field]
        except KeyError:
            raise BadLog(f"the event {self.name} lacks the field {field}: "
                         f"{self.text}") from None

    def marker(self):
        """-> what the program itself wrote into the trace: something to say, or a
        report; None for other events"""
        if self.name != MARKER:
            return None
        try:
            found = json.loads(self.text)
        except ValueError:
            found = None
        if isinstance(found, dict) and ("say" in found or REPORT <= set(found)):
            return found
        return {"say": self.text}


@dataclasses.dataclass
class Side:
    """What was recorded of one side."""
    name: str           # kshm or intree
    about: dict
    events: list


def value(field, text):
    if field in TEXTS:
        return text
    if field in HEXADECIMAL:
        return int(text, 16)
    if re.fullmatch(r"0[0-7]+", text):
        return int(text, 8)
    try:
        return int(text, 0)
    except ValueError:
        return text


def fields_of(text):
    # This event writes "ino 0"; all others, "name=value".
    text = re.sub(r"\bino (\w+) ", r"ino=\1 ", text)
    return {field: value(field, found) for field, found in FIELD.findall(text)}


def event_of(match):
    place = PLACE.match(match["text"])
    text = match["text"][place.end():] if place else match["text"]
    pid = match["pid"] if match["pid"].isdigit() else match["tid"]
    return Event(float(match["time"]), match["comm"], int(match["tid"]), int(pid),
                 match["name"], place[1] if place else "", text,
                 {} if match["name"] == MARKER else fields_of(text))


def read(lines):
    """-> the sides of a log"""
    sides = []
    for line in lines:
        match, recorded = LINE.match(line), RECORDED.match(line)
        if recorded and recorded[1] != recorded[2]:
            raise BadLog("the kernel had no room for all events; let the program do "
                         "less")
        if line.startswith("# {"):
            about = json.loads(line[2:])
            sides.append(Side(about["side"], about, []))
        elif match and sides:
            sides[-1].events.append(event_of(match))
        elif line.strip() and not line.startswith("#"):
            raise BadLog(f"this is no line of a log: {line.strip()[:100]}")
    if not sides:
        raise BadLog("the log has neither side")
    return sides
