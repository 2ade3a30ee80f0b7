# SPDX-License-Identifier: GPL-2.0
"""Lab 4: what an id is made of."""

import labbase

NEW = "PQRTUVWXZ"


class Ids(labbase.Predict):
    number = 4
    title = "Anatomy of an id"

    def world(self):
        """-> the script, and {name of an answer: (step, fact)}"""
        random = self.rewound()
        asked = {}
        fill = random.randrange(56, 61)
        # So many go that the circle has 64 places until it has come round.
        first, count = random.randrange(5, 15), random.randrange(24, 34)
        lines = [f"A fill {fill}", f"A drop {first} {count}"]

        def ask(name, line, fact):
            lines.append(line)
            asked[name] = (len(lines), fact)

        removed = random.randrange(3)
        for number, letter in enumerate(NEW):
            ask(f"id-of-{letter}", f"A get {letter} 1", "id")
            if number == removed:
                lines.append(f"A rmid {letter}")
        # Now there are so many that the circle is longer.
        lines.append(f"A fill {random.randrange(30, 40)}")
        ask("id-of-S", "A get S 1", "id")
        stale = NEW[removed]
        ask("stat-of-the-removed", f"A stat {stale}", "result")
        ask("index-of-the-removed", f"A index {stale}", "id")
        dropped = random.randrange(first, first + count)
        ask(f"stat-of-{dropped}", f"A stat {dropped}", "result")
        ask(f"index-of-{dropped}", f"A index {dropped}", "id")
        lines.append(f"A limit shmmni {random.randrange(10, 20)}")
        ask("result-beyond-the-limit", "A get Y 1", "result")
        return lines, asked

    def scripts(self):
        return {side: (side, self.world()[0]) for side in self.SIDES}

    def asks(self):
        return {name: [Id("id" if fact == "id" else "result", "kshm", step, fact)]
                for name, (step, fact) in self.world()[1].items()}

    def question(self):
        lines, asked = self.world()
        fill = lines[0].split()[2]
        first, count = lines[1].split()[2:]
        steps = "\n".join(f"  {name:<25} step {step}"
                          for name, (step, _) in asked.items())
        return f"""\
The IPC namespace is new, so the first segment has the id 0. "fill {fill}" creates {fill}
segments with one page each; "drop {first} {count}" removes {count} of them, beginning with
number {first} (the first is number 0). "stat" is IPC_STAT, and "index" is SHM_STAT, which
returns an id.

{labbase.numbered(lines)}

Write what these steps return: the id where the answer is to be one, else "ok". Write
the errno if a call fails.

{steps}
"""


class Id(labbase.Fact):
    """The id that a call returned, or its errno where it failed."""

    def right(self, part):
        result = part.fact(self.step, "result")
        return part.fact(self.step, "id") if result == "ok" and self.fact == "id" \
            else result
