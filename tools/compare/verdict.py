# SPDX-License-Identifier: GPL-2.0
"""What differs between the rounds of both sides, and whether the page of differences
explains it.

What a program did on kshm must be what it did in-tree, in every round. If the rounds
in-tree differ from each other, the program does not do the same each time; then the
kinds of its calls and their results are compared, without their order.
"""

import difflib
import itertools
import os
import re

import calls
import texts

PAGE = "Documentation/differences.rst"
# A figure; its unit and what it is.
FIGURES = {
    "minor faults": "page faults, without reading from disk",
    "major faults": "page faults, reading from disk",
    "attaches resident": "KiB, of attaches in page tables, most of one process",
    "resident": "KiB, most of one process (VmHWM)",
    "page tables": "KiB, most of one process (VmPTE)",
    "kernel memory": "KiB, of the kernel for the program, at most, in steps",
    "seconds of processors": "seconds, of the program and its children",
    "thousand instructions": "thousands, of the program and of the kernel for it",
    "seconds": "seconds, until it ended",
}
# These two follow from what is done with attaches. By how much the rounds of both sides
# have to be apart: the start of a program takes some faults more or less each time.
JUDGED = {"minor faults": 16, "attaches resident": 0}

# Which entry of the page explains a difference: its title, the doors by which the
# difference is there, and a function of a difference.
SWITCH, PRELOAD = ("switch",), ("preload",)
BOTH = (*SWITCH, *PRELOAD)
DECLARED = (
    ("Fewer faults", BOTH, lambda it:
     it["kind"] == "figure" and (
         it["name"] == "minor faults" and it["kshm"] < it["intree"] or
         it["name"] == "attaches resident" and it["kshm"] > it["intree"])),
    ("Huge pages that are set aside", BOTH, lambda it:
     it["kind"] == "call" and "SHM_HUGETLB" in it["text"] and
     (it["intree"], it["kshm"]) in (("ok", "never"), ("never", "ENOMEM"))),
    ("A full table of files", BOTH, lambda it:
     it["kind"] == "call" and it["text"].startswith("shmat") and
     it["intree"] == "ENFILE" and it["kshm"] != "ENFILE"),
    ("The caller's own stack", PRELOAD, lambda it:
     it["kind"] == "call" and it["text"].startswith("shmat") and
     it["kshm"] == "EFAULT"),
    ("Seccomp rules on ``shmat``", PRELOAD, lambda it:
     it["kind"] in ("end", "status") and
     "SIGSYS" in it["intree"] + it["kshm"]),
    ("Landlock", PRELOAD, lambda it:
     it["kind"] == "call" and it["kshm"] == "ENOSYS"),
    ("What a preload can't reach", PRELOAD, lambda it: it["kind"] == "unreached"),
)
IDS = "Ids through the switch"
# What else belongs to the kind of a call: the command, or a flag that makes it another.
KINDS = {"shmctl": r"\b(?:IPC|SHM)_[A-Z_]+\b", "shmget": r"\bSHM_HUGETLB\b",
         "shmat": r"\bSHM_REMAP\b"}
MOST_ALIGNED = 1000
VARIES = "they are not the same in each round, so only their kinds and results are compared"


def place_of(difference, door):
    """-> the title of the entry that explains it, or None"""
    for title, doors, explains in DECLARED:
        if door in doors and explains(difference):
            return title
    return None


def reduced(run, door):
    """-> [(path, end, [(text, result)])]. Through the preload a call is an ioctl, which
    tells the name of the call and whether it succeeded."""
    found = []
    for process in run["processes"]:
        rows = [(call["text"], call["result"]) for call in process["calls"]]
        if door == "preload":
            rows = [(text.partition("(")[0], short_result(result))
                    for text, result in rows
                    if not re.search(r"\b(IPC|SHM)_INFO\b", text)]
        found.append((process["path"], process["end"], rows))
    return found


def short_result(result):
    return result if result == "?" or re.fullmatch(r"E[A-Z0-9]+", result) else "ok"


def shorten(forms):
    """Programs that did not end in time got as far as they came: compare that."""
    ends = min(len(form) for form in forms)
    cut = []
    for form in forms:
        lengths = [min(len(other[at][2]) for other in forms) for at in range(ends)]
        cut.append([(path, "", rows[:most])
                    for (path, _, rows), most in zip(form, lengths)])
    return cut


def kinds(form):
    """-> the kinds of calls, each with the kind of its result"""
    found = set()
    for _, _, rows in form:
        for text, result in rows:
            name, _, rest = text.partition("(")
            words = re.findall(KINDS.get(name, "$^"), rest)[:1]
            found.add((f"{name}({words[0]})" if words else name,
                       short_result(result)))
    return found


def of_calls(intree, kshm, door):
    """-> (differences, a note or None)"""
    ours = [reduced(run, door) for run in kshm]
    theirs = [reduced(run, door) for run in intree]
    missed = [call["raw"] for run in kshm for process in run["processes"]
              for call in process["calls"] if "(" in call["text"]]
    if door == "preload" and missed:
        return [{"kind": "unreached", "text": missed[0].partition(" = ")[0],
                 "intree": "on in-tree shm", "kshm": "on in-tree shm, too"}], None
    late = any(run["status"] == "did not end in time" for run in [*intree, *kshm])
    if late:
        cut = shorten([*theirs, *ours])
        theirs, ours = cut[:len(theirs)], cut[len(theirs):]
    stable = all(form == theirs[0] for form in theirs)
    wrong = [form for form in ours if form not in theirs]
    if not wrong:
        return [], "as far as every run came" if late else None
    several_processes = len(theirs[0]) > 1
    if stable and not (several_processes and any(form != ours[0] for form in ours)):
        return in_detail(theirs[0], wrong[0]), None
    union = set().union(*map(kinds, theirs))
    every = set.intersection(*map(kinds, theirs))
    mine = set().union(*map(kinds, ours))
    found = [{"kind": "call", "text": name, "intree": "never", "kshm": result}
             for name, result in sorted(mine - union)]
    if every - mine:
        found += [{"kind": "call", "text": name, "intree": result, "kshm": "never"}
                  for name, result in sorted(every - mine)]
    return found, VARIES


def in_detail(theirs, ours):
    """-> the differences of two runs, process by process"""
    found = []
    mine = {path: (end, rows) for path, end, rows in ours}
    for path, end, rows in theirs:
        its_end, its_rows = mine.pop(path, ("absent", []))
        for left, right in aligned(rows, its_rows):
            if left != right:
                found.append({
                    "kind": "call", "process": path, "text": (left or right)[0],
                    "kshm text": right[0] if right else "",
                    "intree": left[1] if left else "not called",
                    "kshm": right[1] if right else "not called"})
        if end != its_end:
            found.append({"kind": "end", "process": path, "text": "the process",
                          "intree": end, "kshm": its_end})
    found += [{"kind": "end", "process": path, "text": "the process",
               "intree": "absent", "kshm": end or "there"}
              for path, (end, _) in mine.items()]
    return found


def aligned(left, right):
    """-> pairs of (text, result); None where one side has no such call. Long ones are not
    aligned, which would take too long."""
    if max(len(left), len(right)) > MOST_ALIGNED or \
            [text for text, _ in left] == [text for text, _ in right]:
        yield from itertools.zip_longest(left, right)
        return
    matcher = difflib.SequenceMatcher(None, [text for text, _ in left],
                                      [text for text, _ in right], autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what in ("equal", "replace"):
            most = max(b - a, d - c)
            for at in range(most):
                yield (left[a + at] if a + at < b else None,
                       right[c + at] if c + at < d else None)
        else:
            for one in left[a:b]:
                yield one, None
            for two in right[c:d]:
                yield None, two


def attach_line(attach, names):
    """-> the line of an attach in /proc/PID/maps, with names, and its size in place of
    where it is"""
    key, id = attach_key(attach), attach["inode"]
    shown = names["key"].get(key, key)
    return " ".join([f"{(attach['end'] - attach['start']) // 1024} KiB",
                     attach["perms"], f"from {attach['offset']:#x}", attach["device"],
                     names["id"].get(id, id),
                     f"/SYSV<{shown}>{attach['name'][13:]}",
                     attach.get("VmFlags", "")]).strip()


def attach_key(attach):
    return f"{int(attach['name'][5:13], 16):#x}"


def looks_in_order(run):
    """-> (path, look) by the places of the processes"""
    paths = {process["pid"]: process["path"] for process in run["processes"]}
    order = {path: at for at, path in enumerate(paths.values())}
    found = [(paths.get(look["pid"], "?"), look) for look in run["looks"]]
    return sorted(found, key=lambda item: order.get(item[0], len(order)))


def name_attached(run):
    """Name the ids and keys that no call told, but an attach: all, if the calls are
    ioctls."""
    names = run["names"]
    for _, look in looks_in_order(run):
        for attach in look["attaches"]:
            key = attach_key(attach)
            if key != "0x0" and key not in names["key"]:
                names["key"][key] = "key " + calls.letters(len(names["key"]))
            if attach["inode"] not in names["id"]:
                names["id"][attach["inode"]] = "id " + calls.letters(len(names["id"]))


def maps(run):
    """-> the lines of all attaches that were seen, each with the process"""
    found = {(f"process {path}", attach_line(attach, run["names"]))
             for path, look in looks_in_order(run) for attach in look["attaches"]}
    return [": ".join(words) for words in sorted(found)]


def unnamed(run):
    """-> the lines of the attaches of several processes, without the names, which depend
    on the order of those"""
    if len(run["processes"]) == 1:
        return maps(run)
    return sorted(re.sub(r"\b(id|key) [A-Z]+\b", r"\1", line.partition(": ")[2])
                  for line in maps(run))


def of_maps(intree, kshm):
    theirs, ours = [unnamed(run) for run in intree], [unnamed(run) for run in kshm]
    wrong = [lines for lines in ours if lines not in theirs]
    if not wrong or any(lines != theirs[0] for lines in theirs):
        return []
    left = [line for line in theirs[0] if line not in wrong[0]]
    right = [line for line in wrong[0] if line not in theirs[0]]
    most = max(len(left), len(right))
    left += ["absent"] * (most - len(left))
    right += ["absent"] * (most - len(right))
    return [{"kind": "maps", "text": "an attach", "intree": one, "kshm": two}
            for one, two in zip(left, right)]


def of_status(intree, kshm):
    theirs = [run["status"] for run in intree]
    wrong = [run["status"] for run in kshm if run["status"] not in theirs]
    return [{"kind": "status", "text": "the program", "intree": theirs[0],
             "kshm": wrong[0]}] if wrong else []


def left_segments(run):
    """-> a line for each segment that is left, with names; times, process ids and what is
    in memory are no matter of the program's end"""
    names = run["names"]
    found = []
    for segment in run["segments"]:
        key = f"{int(segment['key']) & 0xffffffff:#x}"
        shown = names["key"].get(key, "key") if key != "0x0" else "no key"
        found.append(f"{shown}, mode {segment['perms']}, {segment['size']} bytes, "
                     f"nattch {segment['nattch']}, of user {segment['uid']}, "
                     f"made by user {segment['cuid']}")
    # Random keys and the order of processes give other letters.
    return sorted(found)


def of_segments(intree, kshm):
    theirs, ours = ([[re.sub(r"^key [A-Z]+", "key", line) for line in left_segments(run)]
                     for run in runs] for runs in (intree, kshm))
    wrong = [lines for lines in ours if lines not in theirs]
    if not wrong or any(lines != theirs[0] for lines in theirs):
        return []
    return [{"kind": "left", "text": "segments that are left",
             "intree": "; ".join(theirs[0]) or "none", "kshm": "; ".join(wrong[0]) or
             "none"}]


def of_output(intree, kshm):
    found = []
    for name, what in ("stdout", "standard output"), ("stderr", "standard error"):
        differs = texts.compare(intree, kshm, name)
        if differs:
            left, right = ((lines or ["no more lines"])[0] for lines in differs)
            found.append({"kind": "output", "text": what, "intree": left,
                          "kshm": right})
    return found


def figures_of(run):
    """-> the figures of one round, of both of its runs"""
    found = {name: value for name, value in run["bare"].items() if name in FIGURES}
    looks = run["looks"]
    for name, field in (("resident", "VmHWM"), ("page tables", "VmPTE"),
                        ("kernel memory", "kernel memory")):
        values = [look[field] for look in looks if look.get(field) is not None]
        if values:
            found[name] = max(values)
    if looks:
        found["attaches resident"] = max(
            sum(int(attach["Rss"].split()[0]) for attach in look["attaches"])
            for look in looks)
    if run.get("counted") and "seconds of processors" in found:
        found["thousand instructions"] = round(
            found["seconds of processors"] * 1e6)
    return found


def spread(values):
    values, half = sorted(values), len(values) // 2
    # The module statistics would take a guest a second to load.
    median = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
    return {"median": median, "least": values[0], "most": values[-1]}


def figures(intree, kshm):
    """-> {name: {"intree": spread, "kshm": spread}} of what both sides have"""
    sides = [[figures_of(run) for run in runs] for runs in (intree, kshm)]
    found = {}
    for name in FIGURES:
        values = [[one[name] for one in rounds if name in one] for rounds in sides]
        if all(values):
            found[name] = {"intree": spread(values[0]), "kshm": spread(values[1])}
    return found


def of_figures(found):
    """-> the figures whose rounds are apart, as differences"""
    return [{"kind": "figure", "name": name, "text": name,
             "intree": both["intree"]["median"], "kshm": both["kshm"]["median"]}
            for name, both in found.items() if name in JUDGED and
            (both["kshm"]["most"] < both["intree"]["least"] - JUDGED[name] or
             both["kshm"]["least"] > both["intree"]["most"] + JUDGED[name])]


def judge(data):
    """Add to the data of all runs what they say."""
    intree = [run for run in data["runs"] if run["side"] == "in-tree"]
    kshm = [run for run in data["runs"] if run["side"] == "kshm"]
    if data["door"] == "preload":
        for run in data["runs"]:
            run["names"].update(id={}, key={})
    for run in data["runs"]:
        name_attached(run)
    found, note = of_calls(intree, kshm, data["door"])
    data["notes"] = [f"calls: {note}"] if note else []
    data["notes"] += notes(intree, kshm, data)
    found += of_status(intree, kshm) + of_output(intree, kshm)
    # The segments of a program that the preload misses are in the other listing.
    if note != VARIES and not any(it["kind"] == "unreached" for it in found):
        found += of_maps(intree, kshm) + of_segments(intree, kshm)
    data["figures"] = figures(intree, kshm)
    moved = of_figures(data["figures"])
    for difference in [*found, *moved]:
        difference["place"] = place_of(difference, data["door"])
    # A figure that moved for a reason that no entry gives is shown, not judged.
    data["differences"] = found
    data["moved"] = moved
    data["made ids"] = bool(made_ids(kshm)) and data["door"] == "switch"
    data["verdict"] = sentence(data, sum(
        len(process["calls"]) for process in intree[0]["processes"]))
    return data


def may_be_chance(data):
    """Is there a difference that no entry explains, of several processes?"""
    return any(not it["place"] for it in data["differences"]) and \
        any(len(run["processes"]) > 1 for run in data["runs"])


def made_ids(runs):
    return [id for run in runs for id in run["names"]["id"]]


def notes(intree, kshm, data):
    found = []
    for run in [*intree, *kshm]:
        if run["left"]:
            found.append(f"{run['side']}: {run['left']} processes of the program still "
                         f"ran when its time was over or it had ended, and were killed")
            break
    first = intree[0]["status"], kshm[0]["status"]
    if any((one["status"], two["status"]) != first for one, two in zip(intree, kshm)) \
            and not data["scratch"]:
        found.append("the program does not end the same way in each round; if it finds "
                     "files of an earlier run, say --scratch")
    return found


def sentence(data, count):
    places = sorted({difference["place"] for difference in
                     [*data["differences"], *data["moved"]] if difference["place"]})
    unknown = sum(not difference["place"] for difference in data["differences"])
    name = os.path.basename(data["program"][0])
    rounds = f"{several(data['rounds'], 'round')} of {several(count, 'call')}"
    begin = f"kshm-compare: {name}: "
    named = "; ".join(f"\"{place}\"" for place in places)
    if unknown:
        more = f"; it explains others under {named}" if places else ""
        return begin + f"{several(unknown, 'difference')} that {PAGE} does not " \
            f"explain, in {rounds}{more}"
    if places:
        return begin + f"no difference but what {PAGE} explains under {named}, in " \
            f"{rounds}"
    if not count:
        return begin + "no difference, but the program made no call of shared memory"
    return begin + f"no difference in {rounds}"


def several(number, what):
    return f"{number:,} {what}{'s' * (number != 1)}"
