# SPDX-License-Identifier: GPL-2.0
"""Which function of in-tree shm is the twin of which one of kshm, and why others
have none.

A comment above a function or a struct, or at the head of a file, says one of

	Twin of do_shmat().
	Twin of the checks in shmctl_do_lock().
	Twin of shm_open(3).
	Twin of may_delete_dentry() or, in older kernels, may_delete().
	No twin: in-tree, a call needs no device.

After "or" comes another name, of which the source has to have one.

A reason ends with its paragraph. At the head of a file it is that of all functions
without a line of their own, but for steps: a static function that others of its
file call is a step of those. For the functions of a folder that reasons.toml
names, and for the in-tree functions that nothing is the twin of, that file has
the reasons.
"""

import dataclasses
import re
import tomllib

from source import plain

TWIN = re.compile(r"(?:^|[.;] )[Tt]win of (.*?)(?:\.(?=\s|$)|$)")
NO_TWIN = re.compile(r"(?:^|[.] )No twin: (.*)")
NAME = re.compile(r"(?P<man>\w+\(\d\))|(?P<syscall>\w*SYSCALL_DEFINE\d\(\w+\))|"
                  r"(?P<function>\w+)\(\)|struct (?P<struct>\w+)|"
                  r"(?P<path>[\w/]+\.[ch]\b)|(?P<variable>\b[a-z]\w*_\w+)")
OR = re.compile(r",? or\b")
# The two files whose functions all have a twin or a reason.
COMPARED = ("ipc/shm.c", "ipc/util.c")


@dataclasses.dataclass
class Said:
    """A comment's sentence about the twin, and the names in it."""
    sentence: str = ""      # after "Twin of"
    names: tuple = ()       # as the sentence has them
    twins: tuple = ()       # definitions to show beside
    paths: tuple = ()       # whole files
    reason: str = ""        # after "No twin:"


@dataclasses.dataclass
class Step:
    """Why a function without twin and reason is there: others call it."""
    callers: tuple


class Twins:
    def __init__(self, kshm, intree, reasons):
        self.kshm, self.intree = kshm, intree
        with open(reasons, "rb") as file:
            self.data = tomllib.load(file)
        self.complaints = []
        self.of_file, self.of = {}, {}
        for path, file in kshm.files.items():
            self.read_file(path, file)
        self.callers = self.all_callers()
        for one in kshm.functions():
            if not self.explained(one):
                self.complain(one.path, one.line, f"{one.name}() has no twin and "
                              'no reason; its comment has to say "Twin of '
                              'NAME()." or "No twin: REASON."')
        self.not_here = self.find_not_here()

    def complain(self, path, line, what):
        self.complaints.append((path, line, what))

    def read_file(self, path, file):
        left = dict(file.comments)
        first, text = file.head
        self.of_file[path] = self.said(path, first, text)
        left = {last: found for last, found in left.items()
                if found != (first, text)}
        for one in file.definitions:
            first, text = file.comment_above(one)
            if one.kind == "variable" or not text:
                continue
            left.pop(file.begin(one) - 1, None)
            said = self.said(path, first, text)
            if said.sentence or said.reason:
                self.of[one] = said
        for first, text in left.values():
            said = self.said(path, first, text)
            if said.sentence or said.reason:
                self.complain(path, first, "this comment tells of a twin, and "
                              "stands above no function and no struct")

    def said(self, path, line, comment):
        said = Said()
        for part in plain(comment):
            twin, none = TWIN.search(part), NO_TWIN.search(part)
            if twin and not said.sentence:
                said = dataclasses.replace(self.twin(path, line, twin[1]),
                                           reason=said.reason)
            elif none:
                said.reason = none[1][0].upper() + none[1][1:]
        return said

    def twin(self, path, line, sentence):
        twins, inside, paths, names = [], [], [], []
        missing, end = [], 0        # a list for each set of alternatives
        for match in NAME.finditer(sentence):
            kind, name = match.lastgroup, match[match.lastgroup]
            names.append(name)
            if not OR.match(sentence[end:match.start()]):
                missing.append([])
            end = match.end()
            if kind == "man":
                continue
            found = self.found(kind, name)
            if not found:
                missing[-1].append(match[0])
                continue
            missing[-1].append(None)
            if kind == "path":
                paths.append(name)
            elif sentence[:match.start()].endswith(" in "):
                inside.append(found)
            else:
                twins.append(found)
        for alternatives in missing:
            if alternatives and all(alternatives):
                self.complain(path, line, f"the source has no "
                              f"{' and no '.join(alternatives)}, which this calls "
                              "a twin")
        if not names:
            self.complain(path, line, f'"Twin of {sentence}" names nothing')
        return Said(sentence, tuple(names), tuple(twins or inside), tuple(paths))

    def found(self, kind, name):
        """-> the in-tree definition of that kind, or the path; None if it's gone"""
        if kind == "path":
            return name if name in self.intree.files else None
        found = self.intree.by_name.get(name)
        is_function = kind in ("function", "syscall")
        if found and is_function == (found.kind == "function"):
            return found
        return None

    def all_callers(self):
        """-> {function: those that call it or pass it on}"""
        found = {}
        for one in self.kshm.functions():
            for name in self.kshm.file(one).names_in(one):
                other = self.kshm.own.get(name)
                if other and other is not one:
                    found.setdefault(other, []).append(one)
        return found

    def explained(self, one):
        """-> the words about a function's twin or the lack of one, or nothing"""
        if one in self.of:
            return self.of[one]
        for folder, reason in self.data["folders"].items():
            if one.path.startswith(folder + "/"):
                return Said(reason=reason)
        callers = tuple(caller for caller in self.callers.get(one, ())
                        if caller.path == one.path)
        if one.static and callers:
            return Step(callers)
        reason = self.of_file[one.path].reason
        return Said(reason=reason) if reason else None

    def roots(self, one, seen=()):
        """-> the functions with a twin that this one is a step of"""
        said = self.explained(one)
        if not isinstance(said, Step):
            return [one] if said and said.sentence else []
        return list(dict.fromkeys(
            root for caller in said.callers if caller not in seen
            for root in self.roots(caller, (*seen, one))))

    def steps(self, one):
        """-> the functions that are steps of this one, at any depth"""
        found, left = [], [one]
        while left:
            new = [step for step in self.kshm.own_calls(left.pop(0))
                   if step not in found and step is not one and
                   isinstance(self.explained(step), Step)]
            found += new
            left += new
        return found

    def find_not_here(self):
        """-> (reason, functions) of the in-tree functions without a twin"""
        said = [*self.of.values(), *self.of_file.values()]
        named = {one for what in said for one in what.twins} | \
                {self.intree.by_name.get(name) for what in said
                 for name in what.names}
        named.discard(None)
        left = {one.name: one for one in self.intree.functions(*COMPARED)
                if one not in named}
        found = []
        for entry in self.data["not_here"]:
            ones = [left.pop(name) for name in entry["functions"]
                    if name in left]
            if ones:
                found.append((entry["why"], ones))
            self.verify_entry(entry, named)
        for one in left.values():
            self.complain(one.path, one.line, f"{one.name}() is the twin of "
                          "nothing, and tools/beside/reasons.toml has no reason "
                          "for that")
        return found

    def verify_entry(self, entry, named):
        """A function of a later or earlier kernel may be missing in this one."""
        for name in entry["functions"]:
            if self.intree.by_name.get(name) in named:
                self.complain("tools/beside/reasons.toml", 0, f"{name} has a "
                              "twin, so it needs no reason")
