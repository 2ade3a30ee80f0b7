# SPDX-License-Identifier: GPL-2.0
"""The one judge of what a guest's kernel says. Every runner asks it, through
boot or for each program that it runs.

A record of the kernel's log is a complaint if the kernel itself wrote it after
the job began, and one of these holds:

  - its level is crit or worse;
  - its level is err, unless it begins with a driver and a numbered device, as in
    "rtc_cmos 00:04: broken": QEMU's devices are not what is tested here;
  - it is about a module of kshm's ("kshm: ...") and its level is warning or worse;
  - its words are among WORDS, at any level.

Nothing else is one. The devices are the one exception: there is no list of harmless
lines, which would differ from host to host. A clock that the kernel measures again is
information, a late timer interrupt is a warning, and neither is about memory, locks,
RCU or the module.

The guest's console must have the format "syslog", which begins each line with
the record's facility and level: "<3>[   12.345678] text". Records that a program
wrote to /dev/kmsg have another facility than the kernel's. init writes what the
kernel's checkers found to the same console, as "checkers: ...".
"""

import os
import re
import time

# The exit status of boot where the job went well and the kernel complained.
COMPLAINED = 123
CRIT, ERR, WARNING = 2, 3, 4
# Levels are the low three bits of a record's number, facilities the rest.
RECORD = re.compile(r"<(\d+)>(?:\[ *\d+\.\d+\])?(?:\[[ TC\d]+\])? ?(.*)")
CHECKERS = "checkers: "
BEGIN = "init: the job begins"
MARK = "mark: "
DEVICE = re.compile(r"[\w.-]+ (?=[^ ]*\d)[\w.:-]+: ")
MODULE = re.compile(r"(\w+ )?kshm(_switch)?: ")
WORDS = re.compile("|".join((
    r"WARNING", r"\bBUG\b", r"Oops", r"\[#\d+\]", r"Kernel panic", r"cut here",
    r"Call Trace:", r"KASAN", r"KCSAN", r"KMSAN", r"UBSAN", r"KFENCE",
    r"ODEBUG", r"lockdep (is|has)", r"possible (recursive|circular|irq)",
    r"kmemleak.* (new|unknown|alias|overlaps|larger|disabled|given up)",
    r"unreferenced object",
    r"INFO: (task|trying|lockdep|possible|HARDIRQ|SOFTIRQ)",
    r"INFO: .*(stall|hung|blocked)", r"rcu.*stall",
    r"refcount_t", r"corruption", r"[Pp]oison overwritten",
    r"^general protection fault", r"Bad (page|rss)", r"page dumped because",
    r"page allocation failure")))


def complaint(line):
    """-> the words of a line of the console that is a complaint, else None"""
    line = line.rstrip("\r\n")
    if line.startswith(CHECKERS):
        return line[len(CHECKERS):]
    record = RECORD.match(line)
    if not record:
        return None
    facility, level = divmod(int(record[1]), 8)
    text = record[2]
    if facility == 0 and (level <= CRIT or
                          level == ERR and not DEVICE.match(text) or
                          level <= WARNING and MODULE.match(text) or
                          WORDS.search(text)):
        return text
    return None


def text_of(line):
    """-> the words of a line, of the kernel or of a program"""
    record = RECORD.match(line)
    return record[2].rstrip("\r\n") if record else line.rstrip("\r\n")


def of_record(record):
    """-> the line of a record of /dev/kmsg, as the console has it

    It is "number,sequence,microseconds,flags;text", and lines on devices follow.
    """
    head, _, rest = record.partition(";")
    number, _, time_of_it, *_ = head.split(",")
    return f"<{number}>[{int(time_of_it) / 1e6:12.6f}] {rest.partition(chr(10))[0]}"


class Log:
    """The messages of a guest's kernel, read as they come."""

    PATIENCE = 60

    def __init__(self, path):
        self.path, self.at, self.part = path, 0, ""
        self.began, self.where = False, None

    def _text(self):
        """-> the text that was written since the last call"""
        try:
            with open(self.path, "rb") as file:
                file.seek(self.at)
                data = file.read()
        except FileNotFoundError:
            return ""
        self.at += len(data)
        return data.decode(errors="replace")

    def _lines(self):
        """The same, in whole lines."""
        lines = (self.part + self._text()).split("\n")
        self.part = lines.pop()
        return lines

    def _judge(self, lines):
        found = []
        for line in lines:
            text = text_of(line)
            if text == BEGIN:
                self.began, self.where, found = True, None, []
            elif text.startswith(MARK):
                self.where = text[len(MARK):]
            said = complaint(line) if self.began else None
            if said is not None:
                found.append(f"{said} (after: {self.where})" if self.where
                             else said)
        return found

    def complaints(self):
        """-> the complaints since the last call"""
        return self._judge(self._lines())

    def complaints_until(self, mark):
        """-> those up to a mark that the guest sets by "mark NAME"; the console
        may be slower than the guest's other port, so this waits for the mark."""
        found, end = [], time.monotonic() + self.PATIENCE
        while True:
            lines = self._lines()
            for number, line in enumerate(lines, 1):
                if text_of(line) == MARK + mark:
                    found += self._judge(lines[:number])
                    self.part = "\n".join(lines[number:] + [self.part])
                    return found
            found += self._judge(lines)
            if time.monotonic() > end:
                return found + [f"(no mark \"{mark}\" in {self.path})"]
            time.sleep(0.05)


class OwnLog(Log):
    """The messages of the kernel that this runs on, from now on."""

    def __init__(self):
        super().__init__("/dev/kmsg")
        self.began = True
        self.file = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.lseek(self.file, 0, os.SEEK_END)

    def _text(self):
        lines = []
        while True:
            try:
                record = os.read(self.file, 8192)
            except BlockingIOError:
                return "".join(f"{line}\n" for line in lines)
            except BrokenPipeError:
                lines.append(f"{CHECKERS}messages came faster than they were read")
            else:
                lines.append(of_record(record.decode(errors="replace")))
