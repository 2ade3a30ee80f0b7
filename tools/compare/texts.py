# SPDX-License-Identifier: GPL-2.0
"""Is the output of two runs the same? Words that stand for the same id, key or process
are, though they differ, and so are times and words that differ from round to round."""

import re

TIMES = re.compile(
    r"\b(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*\b|\b\d\d:\d\d(?::\d\d(?:\.\d+)?)?\b"
    r"|\b[A-Z][a-z]{2}\d\d\b")
WORD = re.compile(r"<time>|(?<!\S)-\d+\b|0x[0-9a-fA-F]+|\w+|[^\w\s]")
MOST_UNORDERED = 2000
ADDRESS = re.compile(r"(0x)?[57][0-9a-f]{9,11}")


def words(line):
    return WORD.findall(TIMES.sub("<time>", line))


def lines_of(text):
    return [words(line) for line in text.splitlines()]


def meaning(word, names):
    """-> the names that a word may have, or none"""
    found = set()
    if word in names["id"]:
        found.add(names["id"][word])
    if word in names["process"]:
        found.add(names["process"][word])
    if re.fullmatch(r"0x[0-9a-fA-F]+|-?\d+", word):
        number = int(word, 0) if word.startswith("0x") else int(word)
        for key, name in names["key"].items():
            if int(key, 0) == number & 0xffffffff:
                found.add(name)
    if ADDRESS.fullmatch(word):
        found.add("address")
    return found


def same_word(one, two, names, others):
    return one == two or bool(meaning(one, names) & meaning(two, others))


def same_line(one, two, names, others):
    return len(one) == len(two) and all(
        same_word(a, b, names, others) for a, b in zip(one, two))


def varying(sides):
    """-> {(line, word)} that differs between rounds of one side, if all rounds have as
    many lines"""
    found = set()
    for rounds in sides:
        for lines in rounds[1:]:
            if len(lines) != len(rounds[0]):
                continue
            for at, (one, two) in enumerate(zip(rounds[0], lines)):
                if len(one) != len(two):
                    found.add((at, None))
                found |= {(at, place) for place, (a, b) in enumerate(zip(one, two))
                          if a != b}
    return found


def masked(lines, mask):
    return [["*"] if (at, None) in mask else
            ["*" if (at, place) in mask else word for place, word in enumerate(line)]
            for at, line in enumerate(lines)]


def first_difference(one, two, names, others):
    """-> the number of the first line that differs, or None"""
    for at in range(max(len(one), len(two))):
        if at >= len(one) or at >= len(two) or \
                not same_line(one[at], two[at], names, others):
            return at
    return None


def same_unordered(one, two, names, others):
    """The lines of several processes come in any order. Of many lines only the same
    ones are found."""
    if len(one) > MOST_UNORDERED:
        return sorted(one) == sorted(two)
    rest = list(two)
    for line in one:
        match = next((at for at, other in enumerate(rest)
                      if same_line(line, other, names, others)), None)
        if match is None:
            return False
        del rest[match]
    return not rest


def compare(intree, kshm, name):
    """-> None if the output @name of the rounds is the same, else (lines of in-tree,
    lines of kshm), which begin with the first that differs"""
    sides = [[lines_of(run[name]) for run in runs] for runs in (intree, kshm)]
    lengths = [{len(lines) for lines in rounds} for rounds in sides]
    mask = varying(sides)
    many = max(len(run["processes"]) for run in [*intree, *kshm]) > 1
    for run, lines in zip(kshm, sides[1]):
        names, others = intree[0]["names"], run["names"]
        one, two = masked(sides[0][0], mask), masked(lines, mask)
        at = first_difference(one, two, names, others)
        if at is None or many and same_unordered(sides[0][0], lines, names, others):
            continue
        if len(lengths[0]) > 1 and lengths[0] & lengths[1]:
            continue    # as long as in some round in-tree, where it varies, too
        return (intree[0][name].splitlines()[at:], run[name].splitlines()[at:])
    return None
