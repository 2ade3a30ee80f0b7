# SPDX-License-Identifier: GPL-2.0
"""Print what programs saw on kshm and on in-tree shm, side by side."""

import re
import textwrap

WIDTH = 58


def cells(item):
    """The lines of one side's observation, as wide as its column."""
    if item is None:
        return ["-"]
    seen = item["value"]
    lines = seen if isinstance(seen, list) else [str(seen)]
    return [part for line in lines
            for part in textwrap.wrap(re.sub(r" +", " ", line), WIDTH,
                                      subsequent_indent="  ")]


def show_one(name, one, two, wrong):
    print(f"\n== {name}" + (f"   <-- {wrong}" if wrong else ""))
    left, right = cells(one), cells(two)
    for row in range(max(len(left), len(right))):
        here = left[row] if row < len(left) else ""
        there = right[row] if row < len(right) else ""
        mark = "|" if wrong is None or here == there else "!"
        print(f"{here:{WIDTH}} {mark} {there}".rstrip())


def show(judgement):
    """All results, then the facts, then how many agree."""
    kshm, intree = judgement.kshm.results, judgement.intree.results
    rest = dict(judgement.cases)
    print(f"{'on kshm':{WIDTH}} | on in-tree")
    for key in {**intree, **kshm}:
        show_one(judgement.title(key), kshm.get(key), intree.get(key),
                 rest.pop(judgement.title(key)))
    print()
    for side in judgement.kshm, judgement.intree:
        for key, item in side.facts.items():
            print(f"{item['side']}: {judgement.title(key)}: {item['value']}")
    for name, wrong in rest.items():
        if wrong:
            print(f"{name}: {wrong}")
    agreed, compared = judgement.agreed, judgement.compared
    good = agreed == compared and compared
    print(f"run: kshm and in-tree {'agree' if good else 'DO NOT agree'} on "
          f"{agreed if good else compared - agreed} of {compared} observations",
          flush=True)
