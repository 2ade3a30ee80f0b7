#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read the table of mutants and the one of equals, and verify that each entry fits
the sources.

Run as a program, it prints a line for each entry that does not fit.
"""

import collections
import os
import re
import sys
import tomllib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
TABLE = os.path.join(TOP, "selftests/mutants/mutants.toml")
EQUALS = os.path.join(TOP, "selftests/mutants/equal.toml")
PROGRAMS = [os.path.join(TOP, "selftests", folder)
            for folder in ("cases", "faults")]
EDIT_FIELDS = {"file", "old", "new"}

Edit = collections.namedtuple("Edit", "file old new")


class Faulty(Exception):
    """An entry that can not be used, and the reason."""


class Change:
    """Edits of the sources, under a name."""

    def __init__(self, name, edits):
        self.name, self.edits = name, edits

    def files(self):
        return sorted({edit.file for edit in self.edits})

    def changed(self, top=TOP):
        """-> {file: its text with the edits}"""
        return {file: self._edited(top, file) for file in self.files()}

    def _edited(self, top, file):
        """Each old text is looked for in the source as it is."""
        text, found = read(os.path.join(top, file)), []
        for edit in self.edits:
            if edit.file != file:
                continue
            if text.count(edit.old) != 1:
                raise Faulty(f"{self.name}: its old text occurs "
                             f"{text.count(edit.old)} times in {file}, not "
                             f"once:\n{edit.old}")
            found.append((text.index(edit.old), edit))
        for at, edit in sorted(found, reverse=True):
            text = text[:at] + edit.new + text[at + len(edit.old):]
        return text

    def complaint(self):
        """-> a sentence about a change that does not fit, or None"""
        try:
            texts = self.changed()
        except (Faulty, OSError) as why:
            return str(why)
        if all(text == read(os.path.join(TOP, file))
               for file, text in texts.items()):
            return f"{self.name}: its edits change nothing"
        return None


class Entry(Change):
    """A change that a table has."""

    FIELDS = frozenset()        # beside those of the edits

    def __init__(self, name, fields):
        edits = fields.pop("edits", None)
        if edits is None:
            edits = [{field: fields.pop(field) for field in EDIT_FIELDS
                      if field in fields}]
        if set(fields) != self.FIELDS:
            raise Faulty(f"{name}: its fields are not "
                         f"{', '.join(sorted(self.FIELDS))} and either file, "
                         "old, new or edits with these")
        for edit in edits:
            if set(edit) != EDIT_FIELDS:
                raise Faulty(f"{name}: the fields of an edit are not file, "
                             "old and new")
        super().__init__(name, [Edit(**edit) for edit in edits])


class Equal(Entry):
    """A change that makes no difference to any caller."""

    FIELDS = frozenset({"why"})

    def __init__(self, name, fields):
        super().__init__(name, fields)
        self.why = fields["why"]


class Mutant(Entry):
    """A change that a case notices."""

    FIELDS = frozenset({"killed-by", "wrong"})

    def __init__(self, name, fields):
        super().__init__(name, fields)
        self.wrong, self.case = fields["wrong"], fields["killed-by"]
        # A program has the name of its fixture.
        self.program = self.case.partition(".")[0]

    def missing_case(self):
        """-> whether the sources lack the case that is to kill the mutant"""
        case = self.case.rpartition(".")[2]
        wanted = re.compile(rf"^TEST_F\w*\({self.program},\s*{case}\b",
                            re.MULTILINE)
        paths = [os.path.join(folder, f"{self.program}.c") for folder in PROGRAMS]
        return not any(wanted.search(read(path)) for path in paths
                       if os.path.exists(path))

    def complaint(self):
        said = super().complaint()
        if not said and self.missing_case():
            return f"{self.name}: there is no case {self.case}"
        return said


def read(path):
    with open(path) as file:
        return file.read()


def load(path=TABLE, kind=Mutant):
    """-> the entries of a table, in its order"""
    try:
        table = tomllib.loads(read(path))
    except tomllib.TOMLDecodeError as why:
        raise Faulty(f"{os.path.relpath(path)} is no TOML: {why}") from why
    return [kind(name, fields) for name, fields in table.items()]


def equals(path=EQUALS):
    return load(path, Equal)


def main():
    """The arguments are other tables to read: of mutants, and of equals."""
    try:
        entries = load(*sys.argv[1:2]) + equals(*sys.argv[2:3])
        complaints = [entry.complaint() for entry in entries]
    except Faulty as why:
        complaints = [str(why)]
    complaints = [complaint for complaint in complaints if complaint]
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
