# SPDX-License-Identifier: GPL-2.0
"""Lab 7: lose a race on purpose, then mend the module so that nobody can."""

import difflib
import functools
import itertools
import os
import pathlib
import tomllib

import answers
import guest
import labbase
import played
import table
from common import TOP
from tree import Failed, Tree, read

RACES = os.path.join(TOP, "tools/labs/races.toml")
GATE_FILES = ("gate.c", "gate.h")
SMALL = 12          # lines that differ where the change is to the point
KBUILD = "\n# The gates of the lab.\nkshm-y += module/gate.o\n"


@functools.cache
def races():
    """-> {name: race} of the table"""
    with open(RACES, "rb") as file:
        return tomllib.load(file)


def sources(race, name):
    """-> {file: its text} of a module with that race and with gates"""
    edits = [table.Edit(**edit) for edit in race["edits"]]
    texts = table.Change(name, edits).changed()
    texts["Kbuild"] = read(os.path.join(TOP, "Kbuild")) + KBUILD
    for file in GATE_FILES:
        texts[f"module/{file}"] = read(os.path.join(TOP, "tools/labs", file))
    return texts


def orders(race):
    """-> all orders of the steps of A and B, each a list of (task, gate)"""
    a, b = (race[task]["gates"] for task in "AB")
    for places in itertools.combinations(range(len(a) + len(b)), len(a)):
        left, right = iter(a), iter(b)
        yield [("A", next(left)) if at in places else ("B", next(right))
               for at in range(len(a) + len(b))]


def columns(order):
    """-> an order as two columns"""
    return "".join(f"{gate}\n" if task == "A" else f"{'':16}{gate}\n"
                   for task, gate in order)


def parse(text, race):
    """-> the order that two columns show, or raises Unreadable"""
    order = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1:
            raise answers.Unreadable(f"\"{line.strip()}\" has two steps; steps happen "
                                     "one after the other, so a line has one")
        if words:
            order.append(("B" if line[0].isspace() else "A", words[0]))
    for task in "AB":
        mine = [gate for who, gate in order if who == task]
        if mine != race[task]["gates"]:
            raise answers.Unreadable(
                f"the steps of {task} are {', '.join(race[task]['gates'])}, each once "
                f"and in this order, but you have {', '.join(mine) or 'none'}")
    return order


def script(race, order):
    """-> the steps of play for an order"""
    lines = [*race["before"], "A gates on", "B gates on",
             f"A {race['A']['call']}", f"B {race['B']['call']}",
             *(f"{task} go" for task, _ in order),
             "A finish", "B finish", "A gates off", "B gates off", *race["after"]]
    return "".join(f"{line}\n" for line in lines)


def lost(race, part):
    """-> whether something has happened that must not, as far as the facts tell"""
    if not part.steps:
        return False
    last = part.steps[max(part.steps)].facts
    return any(all(last.get(name) == value for name, _, value in
                   (fact.partition("=") for fact in together))
               for together in race["lost"])


def gates_met(race, order, part):
    """-> whether each task stood at the gate that the order names"""
    begin = len(race["before"]) + 3
    at = {"A": part.fact(begin, "gate"), "B": part.fact(begin + 1, "gate")}
    for number, (task, gate) in enumerate(order, begin + 2):
        if at[task] not in (gate, None):
            return False
        at[task] = part.fact(number, "gate")
    return True


class Race(labbase.Lab):
    number = 7
    title = "Lose the race, then win it"

    def world(self):
        """-> the name of the race, and the race"""
        found = races()
        name = self.rewound().choice(sorted(found))
        return name, found[name]

    def form(self):
        gates = ", ".join(self.world()[1]["A"]["gates"])
        text = f"{{ the steps of A ({gates}) begin their lines, those of B are moved " \
               "to the right"
        return {"lose": text, "safe": text}

    def starting_files(self):
        """-> {name below the folder of the answers: text that a student changes}"""
        name, race = self.world()
        texts = sources(race, name)
        return {f"7/{os.path.basename(file)}": texts[file] for file in race["where"]}

    def mended(self, folder):
        """-> {file of the module: its text from the folder of the answers}"""
        found = {}
        for file in self.world()[1]["where"]:
            path = os.path.join(folder, "7", os.path.basename(file))
            if not os.path.exists(path):
                raise answers.Unreadable(f"there is no {os.path.relpath(path)}; make "
                                         "lab-7 writes a new one")
            found[file] = read(path)
        return found

    def build(self, kernel, mended=None):
        """-> the path of the module with the race, or of a mended one"""
        name, race = self.world()
        tree, texts = Tree("race-mended" if mended else "race"), sources(race, name)
        for file, text in (mended or {}).items():
            if gates_in(text) < gates_in(texts[file]):
                raise Failed(f"a gate is missing in {file}; without it nobody can try "
                             "the orders")
            texts[file] = text
        tree.fill(changed=texts)
        return pathlib.Path(tree.build_module(kernel))

    def lines_changed(self, mended):
        """-> how many lines a student has added or taken away"""
        name, race = self.world()
        texts = sources(race, name)
        return sum(line[:1] in "+-" and line[:3] not in ("+++", "---")
                   for file, text in mended.items()
                   for line in difflib.unified_diff(texts[file].splitlines(),
                                                    text.splitlines()))

    def prompt_with(self, module):
        return guest.Job({"race.ko": module}, """insmod race.ko
echo 'The module with the race and its gates is loaded; play -g stops at them.'
""")

    def job_with(self, module, given):
        """-> the live run of the student's two orders, the one that loses last"""
        _, race = self.world()
        files = {"race.ko": module}
        text = "insmod race.ko\n"
        for name in "safe", "lose":
            order = parse(given.get(name, ""), race)
            files[f"{name}.play"] = script(race, order)
            text += guest.play(self.part(name), f"{name}.play", "-g -s kshm")
        return guest.Job(files, text + guest.UNLOAD)

    def job_of_all(self, module):
        """-> the live run of all orders, with a mended module"""
        _, race = self.world()
        files, text = {"race.ko": module}, "insmod race.ko\n"
        for number, order in enumerate(orders(race), 1):
            files[f"order-{number}.play"] = script(race, order)
            text += guest.play(self.part(f"order-{number}"), f"order-{number}.play",
                               "-g -s kshm")
        return guest.Job(files, text + guest.UNLOAD)

    def items(self, given, seen):
        """The items of the two orders. A death of the guest is what "lose" wants."""
        _, race = self.world()
        for name, points in ("safe", 2), ("lose", 4):
            part = seen.part(self.part(name))
            order = parse(given.get(name, ""), race)
            hurt = lost(race, part) or bool(
                (seen.died or seen.complaint) and part is last_part(seen))
            whole = bool(part.steps) and gates_met(race, order, part)
            note = "this order loses the race" if hurt else "nothing goes wrong"
            yield labbase.judged(f"order-{name}", whole and hurt == (name == "lose"),
                                 points, note if whole else
                                 "the order was not played to its end")

    def points_of_all(self):
        """-> the points of a mended module, and of the selftests with it"""
        return len(list(orders(self.world()[1]))) + 3 + 3

    def items_of_all(self, mended, seen):
        """The items of a mended module."""
        _, race = self.world()
        quiet = not seen.died and not seen.complaint
        why = seen.complaint or seen.died or "something has happened that must not"
        for number, order in enumerate(orders(race), 1):
            part = seen.part(self.part(f"order-{number}"))
            yield labbase.judged(f"mended-order-{number}",
                                 part.status == 0 and not lost(race, part), 1,
                                 f"{why}; the order is:\n{columns(order)}")
        yield labbase.judged("mended-is-quiet", quiet, 2, why)
        changed = self.lines_changed(mended)
        yield labbase.judged("mended-by-a-small-change", quiet and changed <= SMALL, 1,
                             f"{changed} lines differ; {SMALL} that are right suffice")

    def question(self):
        _, race = self.world()
        changed = {edit["file"] for edit in race["edits"]}
        shown = ", ".join(sorted(map(os.path.basename, changed)))
        gates_only = "".join(f"{os.path.basename(file)} differs by gates only.\n"
                             for file in sorted(changed - set(race["where"])))
        files = " or ".join(f"answers/{name}" for name in self.starting_files())
        return f"""\
{race["story"]}

The module that the prompt has loaded is not kshm: somebody has rewritten a part of it,
and a race came with that. When the prompt is there, so is its source, and
"diff -u module/FILE build/labs/race/module/FILE" shows what is different, where FILE is
one of {shown}. The module also has gates: a task stops at kshm_gate("NAME") until it may take the step NAME. Lines with
kshm_gate or gate.h belong to the instrument, not to the race.
{gates_only}
Before the race:

{labbase.numbered(race["before"]) or "  (nothing)"}

Then A calls "{race["A"]["call"]}", whose steps are {", ".join(race["A"]["gates"])},
while B calls "{race["B"]["call"]}", whose steps are {", ".join(race["B"]["gates"])}.

Write two orders of these steps, as two columns, A on the left:

  lose   one after which the kernel complains or dies, or both tasks believe what can't
         be true for both
  safe   one after which all is well

Then mend the race, in {files}. At first this is a copy of
what the module with the race has. All orders are tried with your version, so the gates have to
stay.
"""


def gates_in(text):
    return text.count("kshm_gate(")


def last_part(seen):
    """-> the part during which the guest ended"""
    return list(seen.parts.values())[-1] if seen.parts else played.Part()
