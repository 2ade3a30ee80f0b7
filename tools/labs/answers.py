# SPDX-License-Identifier: GPL-2.0
"""The file in which a student answers.

    # what follows a # does not count
    seed: 7
    step-2.nattch: 3
    test: {
    A get S 1
    }

An answer is one line, or all lines up to one that has only the closing brace.
"""

import os
import re

LINE = re.compile(r"([\w.-]+):\s*(.*)$")
SEED = "seed"


class Unreadable(Exception):
    """A file that makes no sense; the text is a sentence with the cure."""


def path_of(folder, number):
    return os.path.join(folder, f"{number}.txt")


def parse(text, name):
    """-> {name of an answer: its text}"""
    found, lines = {}, iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        line = line.partition("#")[0].strip()
        if not line:
            continue
        match = LINE.match(line)
        if not match:
            raise Unreadable(f"{name}:{number}: a line is \"name: answer\", "
                             f"but this one is \"{line}\"")
        key, value = match.groups()
        if key in found:
            raise Unreadable(f"{name}:{number}: {key} has been answered before; "
                             "remove one of the two lines")
        found[key] = block(lines, name, key) if value == "{" else value.strip()
    return found


def block(lines, name, key):
    taken = []
    for _, line in lines:
        if line.strip() == "}":
            return "".join(f"{one}\n" for one in taken)
        taken.append(line.partition("#")[0].rstrip())
    raise Unreadable(f"{name}: the answer {key} begins with a brace, and no line "
                     "closes it")


def load(path):
    """-> the answers; none if there is no file"""
    try:
        with open(path) as file:
            return parse(file.read(), os.path.relpath(path))
    except FileNotFoundError:
        return {}


def seed_of(found, path):
    """-> the seed that the answers are for, None if there are none"""
    if not found:
        return None
    if not re.fullmatch(r"\d+", found.get(SEED, "")):
        raise Unreadable(f"{os.path.relpath(path)} has no line \"seed: NUMBER\"; "
                         "move it away, and make lab writes a new one")
    return int(found[SEED])


def unknown(found, names):
    """Refuse an answer that nobody asked for: it may be a misspelt one."""
    for key in found:
        if key != SEED and key not in names:
            raise Unreadable(f"nobody asked for \"{key}\"; the lab asks for: "
                             f"{', '.join(names)}")


def same(given, right):
    """-> whether an answer is the right one; blanks and case don't count"""
    def plain(text):
        return " ".join(str(text).split()).lower()
    return plain(given) == plain(right)
