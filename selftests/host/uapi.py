# SPDX-License-Identifier: GPL-2.0
"""What uapi/linux/kshm.h says: commands, flags, structs and their fields."""

import dataclasses
import re

from commands import read

HEADER = "uapi/linux/kshm.h"
SIZES = {"__s32": 4, "__u32": 4, "__s64": 8, "__u64": 8}

COMMAND = re.compile(r"^#define KSHM_IOC_(\w+)\s+_(IOWR|IOW)\(KSHM_IOC_MAGIC, "
                     r"0x[0-9a-f]+, struct (\w+)\)$", re.M)
FLAGS = re.compile(r"^/\* struct (\w+)\.(\w+) \*/\n((?:#define .*\n)+)", re.M)
FLAG = re.compile(r"^#define (\w+)\s+\(1U << \d+\)$", re.M)
# The kernel-doc of a struct, and the struct.
STRUCT = re.compile(r"^/\*\*\n \* struct (\w+) - (?:[^*]|\*(?!/))*\*/\n"
                    r"struct (?P<name>\w+) \{\n(?P<fields>(?:\t.*;\n)+)\};", re.M)
FIELD = re.compile(r"^\t(\w+) (\w+);$", re.M)
# "@size:	in: new size, 0 to ask only; out: the size now", until the next "@".
ABOUT = re.compile(r"^ \* @(\w+):\t+((?:.*\n)(?: \*\t\t.*\n)*)", re.M)


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a struct; way is "in", "out" or "inout", "" where it has none."""
    name: str
    size: int
    way: str
    zero: bool      # the only input that is allowed


def way_of(about):
    words = re.sub(r"\s*\n \*\s*", " ", about)
    goes_in = re.match(r"in\b", words)
    goes_out = re.match(r"(in, )?out:", words) or "; out:" in words
    return ("in" if goes_in else "") + ("out" if goes_out else "")


def commands():
    """-> {name: (IOW or IOWR, struct)}"""
    return {name: (way, struct) for name, way, struct in COMMAND.findall(read(HEADER))}


def flags():
    """-> {(struct, field): the names of its flags}"""
    return {(struct, field): FLAG.findall(lines)
            for struct, field, lines in FLAGS.findall(read(HEADER))}


def structs():
    """-> {name: its fields}"""
    found = {}
    for match in STRUCT.finditer(read(HEADER)):
        about = dict(ABOUT.findall(match[0]))
        found[match["name"]] = [
            Field(name, SIZES[kind], way_of(about[name]),
                  re.fullmatch(r"in: 0\n", about[name]) is not None)
            for kind, name in FIELD.findall(match["fields"])]
    return found


def input_flags():
    """-> the (struct, field) whose flags a program sets"""
    ways = {(struct, field.name): field.way
            for struct, fields in structs().items() for field in fields}
    return [where for where in flags() if ways[where].startswith("in")]
