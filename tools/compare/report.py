# SPDX-License-Identifier: GPL-2.0
"""The comparison as text: in-tree on the left, kshm on the right."""

import shlex

import verdict

TEXT, RESULT = 64, 14
MOST_ROWS = 60
MOST_LINES = 12
MOST_DIFFERENCES = 20
WIDE = 46
FIGURE = 29


def fit(text, width):
    text = str(text)
    return text if len(text) <= width else text[:width - 3] + "..."


def row(text, left, right, mark=" "):
    return f"{mark} {fit(text, TEXT):{TEXT}} " \
           f"{fit(left, RESULT):{RESULT}} {fit(right, RESULT)}".rstrip()


def shown_pair(data):
    """-> a run of each side, with the same calls if there are two such"""
    sides = [[run for run in data["runs"] if run["side"] == side]
             for side in ("in-tree", "kshm")]
    return next(((one, two) for one in sides[0] for two in sides[1]
                 if verdict.reduced(one, data["door"]) ==
                 verdict.reduced(two, data["door"])),
                (sides[0][0], sides[1][0]))


def calls(data):
    yield row("calls, process by process", "in-tree", "kshm")
    intree, kshm = shown_pair(data)
    # A wave marks what differs from round to round, too.
    mark = "!" if any(it["kind"] in ("call", "end", "unreached")
                      for it in data["differences"]) else "~"
    reduced = {run["side"]: {path: (end, rows) for path, end, rows in
                             verdict.reduced(run, data["door"])}
               for run in (intree, kshm)}
    commands = {process["path"]: process["command"]
                for process in [*kshm["processes"], *intree["processes"]]}
    left_out, shown = 0, 0
    for path, command in commands.items():
        ends = [reduced[side].get(path, ("absent", []))[0]
                for side in ("in-tree", "kshm")]
        rows = [reduced[side].get(path, ("", []))[1] for side in ("in-tree", "kshm")]
        if not any(rows) and len(commands) > 1 and ends[0] == ends[1]:
            continue
        yield f"  {path} {command}"
        for left, right in verdict.aligned(*rows):
            if shown >= MOST_ROWS and left == right:
                left_out += 1
                continue
            shown += 1
            yield row("  " + (left or right)[0], left[1] if left else "-",
                      right[1] if right else "-", mark if left != right else " ")
        yield row("  end", *ends, mark if ends[0] != ends[1] else " ")
    if left_out:
        yield f"    and {left_out} calls more with the same results; the JSON has all"


def output(data):
    differs = {difference["text"] for difference in data["differences"]
               if difference["kind"] == "output"}
    for name, what in ("stdout", "standard output"), ("stderr", "standard error"):
        left, right = (run[name].splitlines() for run in shown_pair(data))
        if not left and not right:
            continue
        same = "differs" if what in differs else "the same but for names" \
            if left != right else "the same"
        yield f"  {what}: {same}"
        if left == right:
            yield from (f"    {fit(line, 96)}" for line in left[:MOST_LINES])
            most = len(left)
        else:
            most = max(len(left), len(right))
            for at in range(min(most, MOST_LINES)):
                one = left[at] if at < len(left) else ""
                two = right[at] if at < len(right) else ""
                yield f"    {fit(' '.join(one.split()), WIDE):{WIDE}} | " \
                      f"{fit(' '.join(two.split()), WIDE)}".rstrip()
        if most > MOST_LINES:
            yield f"    and {most - MOST_LINES} lines more; the JSON has all"


def attaches(data):
    lines = verdict.maps(shown_pair(data)[0])
    if not lines:
        return
    differs = any(difference["kind"] == "maps" for difference in data["differences"])
    yield f"  attaches in /proc/PID/maps: {'differ' if differs else 'the same'}"
    yield from (f"    {line}" for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"    and {len(lines) - MOST_LINES} more; the JSON has all"


def segments(data):
    lines = verdict.left_segments(shown_pair(data)[0])
    if lines:
        differs = any(it["kind"] == "left" for it in data["differences"])
        yield f"  segments that are left: {'differ' if differs else 'the same'}"
        yield from (f"    {line}" for line in lines[:MOST_LINES])


def number(value):
    if value >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def span(both):
    if both["least"] == both["most"]:
        return number(both["median"])
    return f"{number(both['median'])} ({number(both['least'])}..{number(both['most'])})"


def figures(data):
    yield f"  {'figures: median (least..most)':{FIGURE}} {'in-tree':>26} " \
          f"{'kshm':>26}  ratio"
    for name, both in data["figures"].items():
        ratio = f"{both['kshm']['median'] / both['intree']['median']:.2f}" \
            if both["intree"]["median"] else ""
        unit = verdict.FIGURES[name].partition(",")[0]
        title = f"{name}, {unit}" if unit == "KiB" else name
        yield f"  {title:{FIGURE}} {span(both['intree']):>26} " \
              f"{span(both['kshm']):>26}  {ratio}".rstrip()
    if "seconds" in data["figures"] and \
            "thousand instructions" not in data["figures"]:
        yield "  instructions are not counted here; make compare COUNT=1 boots a " \
              "guest that does"


def differences(data):
    for it in data["differences"][:MOST_DIFFERENCES]:
        where = f"process {it['process']}, " if "process" in it else ""
        yield f"! {where}{it['text']}"
        if it.get("kshm text") and it["kshm text"] != it["text"]:
            yield f"    kshm called {it['kshm text']}"
        yield f"    in-tree: {it['intree']}"
        yield f"    kshm:    {it['kshm']}"
        yield "    " + explained(it)
    if len(data["differences"]) > MOST_DIFFERENCES:
        yield f"! and {len(data['differences']) - MOST_DIFFERENCES} differences more; " \
            "the JSON has all"
    for it in data["moved"]:
        if it["place"]:
            yield f"  {it['text']}: {number(it['intree'])} in-tree, " \
                  f"{number(it['kshm'])} on kshm"
            yield "    " + explained(it)
    if data["made ids"]:
        yield "  ids are other numbers on kshm, and have the same names here"
        yield f"    {verdict.PAGE}: \"{verdict.IDS}\""


def explained(difference):
    if difference["place"]:
        return f"{verdict.PAGE}: \"{difference['place']}\""
    return f"{verdict.PAGE} does not explain this"


def text(data):
    """-> the lines of the whole report; the last one is the verdict"""
    door = {"switch": "the module kshm_switch", "preload": "kshm-run"}[data["door"]]
    lines = [f"{shlex.join(data['program'])}, on Linux {data['kernel']}, "
             f"kshm through {door}", "", *calls(data)]
    ends = [run["status"] for run in shown_pair(data)]
    lines += ["", f"  the program on in-tree shm: {ends[0]}; on kshm: {ends[1]}"]
    for part in output, attaches, segments, figures, differences:
        found = list(part(data))
        lines += [*found, ""] if found else []
    lines += [f"note: {note}" for note in data["notes"]]
    return [*lines, data["verdict"]]
