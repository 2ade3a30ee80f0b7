# SPDX-License-Identifier: GPL-2.0
"""Lab 3: how many page faults it takes to touch pages."""

import labbase

AROUND = 16         # pages of a block that fault-around of a file maps, on x86-64


class Maps:
    """How a process gets a mapping x, on one side."""

    def __init__(self, side, first, words):
        self.side, self.first, self.words = side, first, words


KINDS = {"kshm": Maps("kshm", "A get S {pages}", "attach S x at={at}"),
         "file": Maps("in-tree", "A file F {pages} x", "file F {pages} x at={at}"),
         "in-tree": Maps("in-tree", "A get S {pages}", "attach S x at={at}")}


def chapters(random):
    """-> the number of pages, and {name: (where x begins, steps of one process)}

    Z is its child. Except in "fresh", the first of them, all pages are in memory.
    """
    pages = random.choice((40, 48, 56, 64))
    at = random.randrange(1, AROUND)
    stride = random.choice((3, 5, 9, 17))
    hole = random.randrange(AROUND, pages - 8)
    first, count = random.randrange(1, 9), random.randrange(20, pages - 10)
    whole = f"x 0 {pages}"
    return pages, {
        "fresh": (at, [f"read {whole}"]),
        "aligned": (0, [f"read {whole}"]),
        "shifted": (at, [f"read {whole}"]),
        "written": (at, [f"write {whole}"]),
        "read-then-write": (at, [f"read {whole}", f"write {whole}"]),
        "strided": (at, [f"read {whole} {stride}"]),
        "strided-then-all": (at, [f"read {whole} {stride}", f"read {whole}"]),
        "part": (at, [f"read x {first} {count}"]),
        "random": (at, ["random x", f"read {whole}"]),
        "hole": (at, [f"punch x {hole} 3", f"read {whole}"]),
        "forked": (at, [f"read {whole}", "fork Z", f"Z read {whole}"]),
    }


class Faults(labbase.Predict):
    number = 3
    title = "Count the faults"
    SHOWN = 7

    def world(self):
        """-> the number of pages, and the chapters of this seed"""
        random = self.rewound()
        pages, found = chapters(random)
        names = random.sample(sorted(set(found) - {"fresh"}), self.SHOWN - 1)
        return pages, {name: found[name] for name in ["fresh", *names]}

    def written(self, kind):
        """-> the script for a kind of mapping, and {chapter: its last step}"""
        pages, found = self.world()
        maps, last = KINDS[kind], {}
        lines = [maps.first.format(pages=pages)]
        for letter, (name, (at, steps)) in zip("BCDEFGHIJ", found.items()):
            lines.append(f"{letter} {maps.words.format(pages=pages, at=at)}")
            lines += [step if step.startswith("Z") else f"{letter} {step}"
                      for step in steps]
            last[name] = len(lines)
        return lines, last

    def twins(self):
        return {}

    def scripts(self):
        return {kind: (maps.side, self.written(kind)[0])
                for kind, maps in KINDS.items()}

    def asks(self):
        ends = {kind: self.written(kind)[1] for kind in KINDS}
        return {name: [labbase.Fact(kind, kind, ends[kind][name], "faults")
                       for kind in KINDS]
                for name in self.world()[1]}

    def question(self):
        lines, last = self.written("kshm")
        ends = "\n".join(f"  {name:<17} step {step}" for name, step in last.items())
        return f"""\
A page is touched by reading or writing a byte of it. "read x 0 40 3" touches every
third of the first 40 pages. The mapping x begins at a multiple of 16 pages, and "at=5"
moves it five pages up. Nobody has touched the segment before step {last["fresh"]}.

{labbase.numbered(lines)}

How many page faults do these steps take?

{ends}

Write three numbers for each, for three kinds of mapping:

  kshm      as above
  file      the same with shm_open(3) and mmap(2), in place of "get" and "attach"
  in-tree   the same with shmget(2) and shmat(2)
"""
