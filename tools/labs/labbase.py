# SPDX-License-Identifier: GPL-2.0
"""What all labs have in common: a seed, a question, a form for the answers, and
items that give points."""

import dataclasses
import random

import answers
import guest

BROKEN = "this question is broken, not your answer"


def numbered(lines, first=1):
    """-> a script as a question shows it, with the numbers that play gives the steps"""
    return "\n".join(f"  {number:2}  {line}"
                     for number, line in enumerate(lines, first))


@dataclasses.dataclass
class Item:
    """A line of the grade. The note of a wrong one must not tell the answer.

    One of 0 points is a remark: if it is not ok, the answers are not to blame.
    """

    name: str
    ok: bool
    points: int = 1
    note: str = ""
    right: str = ""


def judged(name, ok, points, note, right=""):
    """-> an item; the note is for a wrong one"""
    return Item(name, bool(ok), points, "" if ok else note, right)


class Lab:
    """What a lab is; each redefines what it needs."""

    number = 0
    title = ""

    def __init__(self, seed):
        self.seed = seed

    def rewound(self):
        """-> a source of choices that are the same each time, for this seed"""
        return random.Random(f"lab {self.number}, seed {self.seed}")

    def name(self):
        return f"lab-{self.number}"

    def part(self, name):
        """-> the name of a part of the live run, which no other lab has"""
        return f"{self.name()}.{name}"

    def question(self):
        """-> the text that a student reads first"""
        raise NotImplementedError

    def form(self):
        """-> {name of an answer: a hint for its form}"""
        raise NotImplementedError

    def job(self):
        """-> what the live run needs"""
        raise NotImplementedError

    def prompt(self):
        """-> the Job of the prompt: what a student has at hand in the guest"""
        return guest.Job({}, "insmod /job/kshm.ko\n")

    def starting_files(self):
        """-> {name below the folder of the answers: text that a student changes}"""
        return {}

    def items(self, given, seen):
        """-> the items, for answers and what a live run has shown"""
        raise NotImplementedError

    def blank(self):
        """-> the file for the answers, with the question as comments"""
        head = [f"# Lab {self.number}: {self.title}", "#",
                *(f"# {line}".rstrip() for line in self.question().splitlines()), "#",
                "# Write your answers behind the colons, then say: "
                f"make grade-{self.number}",
                f"{answers.SEED}: {self.seed}"]
        return "\n".join(head + [self._blank_line(name, hint)
                                 for name, hint in self.form().items()]) + "\n"

    @staticmethod
    def _blank_line(name, hint):
        if hint.startswith("{"):
            return f"{name}: {{\n#{hint[1:]}\n}}"
        return f"{name}:{' # ' + hint if hint else ''}"


class Fact:
    """One word of an answer, which the live run knows."""

    def __init__(self, label, part, step, fact, points=1):
        self.label, self.part, self.step = label, part, step
        self.fact, self.points = fact, points

    def right(self, part):
        """-> the word, None if the live run did not come so far"""
        return part.fact(self.step, self.fact)


class Predict(Lab):
    """A lab that asks for facts of scripts which both sides play."""

    SIDES = ("kshm", "in-tree")

    def scripts(self):
        """-> {name of a part: (side, [lines])}"""
        raise NotImplementedError

    def asks(self):
        """-> {name of an answer: the facts that are its words}"""
        raise NotImplementedError

    def twins(self):
        """-> {name of a part: the in-tree one that plays the same}"""
        return {"kshm": "in-tree"}

    def form(self):
        return {name: " ".join(fact.label for fact in facts)
                for name, facts in self.asks().items()}

    def job(self):
        files, script = {}, "insmod /job/kshm.ko\n"
        for name, (side, lines) in self.scripts().items():
            files[f"{name}.play"] = "".join(f"{line}\n" for line in lines)
            script += guest.play(self.part(name), f"{name}.play", f"-s {side}")
        return guest.Job(files, script + guest.UNLOAD)

    def items(self, given, seen):
        for name, facts in self.asks().items():
            words = given.get(name, "").split()
            surplus = len(words) > len(facts)
            for number, fact in enumerate(facts):
                right = fact.right(seen.part(self.part(fact.part)))
                word = words[number] if len(words) > number else ""
                if right is not None:
                    yield self.item(f"{name}.{fact.label}", fact, word, surplus, right)
        yield from self.remarks(seen)

    def remarks(self, seen):
        """What a part has not shown costs no points: the question is broken, not the
        answer."""
        for name in self.scripts():
            part = seen.part(self.part(name))
            why = seen.died or f"play ended with status {part.status}"
            if part.status != 0:
                yield judged(f"steps-of-{name}", False, 0, f"{BROKEN}; steps that were "
                             "not played do not count.\n" +
                             "\n".join([why, *part.said]))
        if self.twins():
            yield self.agreement(seen)

    def agreement(self, seen):
        """Where in-tree shm plays the same, it must answer the same."""
        differing = []
        for name, facts in self.asks().items():
            for fact in facts:
                twin = self.twins().get(fact.part)
                pair = [fact.right(seen.part(self.part(side)))
                        for side in (fact.part, twin) if twin]
                if None not in pair and len(set(pair)) == 2:
                    differing.append(f"{name}.{fact.label}")
        return judged("both-sides-agree", not differing, 0,
                      f"kshm and in-tree shm differ: {', '.join(differing)}")

    def item(self, name, fact, word, surplus, right):
        note = f"it is not {word}" if word else "there is no answer"
        if surplus:
            note = "the answer has too many words"
        ok = word and not surplus and answers.same(word, right)
        return judged(name, ok, fact.points, note, right)
