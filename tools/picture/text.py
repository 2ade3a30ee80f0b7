# SPDX-License-Identifier: GPL-2.0
"""The picture for a terminal."""

PAGES_SHOWN = 64


def pages_row(segment, processes):
    """-> one sign for each page: the letter of the process that maps it, "+" for
    several, "o" for none, "." for a page that is not in memory"""
    signs = []
    for page in range(min(segment["pages"], PAGES_SHOWN)):
        letters = {process["letter"] for process in processes
                   for vma in process["vmas"] if vma["segment"] == segment["address"]
                   and page in vma["mapped"]}
        signs.append(letters.pop() if len(letters) == 1 else "+" if letters else
                     "o" if page in segment["resident"] else ".")
    more = segment["pages"] - PAGES_SHOWN
    return " ".join(signs) + (f" and {more} more" if more > 0 else "")


def words_of(segment):
    words = [f"key 0x{segment['key']:08x}" if segment["key"] else "no key"]
    if segment["name"]:
        words.append(f"name {segment['name']}")
    words += [f"mode {segment['mode']:04o}", f"{segment['size']} bytes",
              f"nattch {segment['nattch']}", *segment["lifetime"]]
    words += [word for word in ("marked", "ended", "locked") if segment[word]]
    return ", ".join(words)


def file_words(file):
    words = f"attach file {file['address']} to " \
            f"{'write' if file['access'] == 'rw' else 'read'}, " \
            f"{file['vmas']} VMA{'s' * (file['vmas'] != 1)}"
    # The segment lends it again when no VMA uses it.
    return words + (", kept" if file["vmas"] else ", idle") * file["idle"]


def state_lines(state):
    """-> the lines that draw a state"""
    lines = []
    for registry in state["registries"]:
        ids = ", ".join(str(id) for id, _ in registry["ids"]) or "none"
        keys = ", ".join(f"0x{key:08x}" for key, _ in registry["keys"]) or "none"
        lines.append(f"IPC namespace {registry['ns']}: ids {ids}; keys {keys}")
        for segment in state["segments"]:
            if segment["registry"] != registry["address"]:
                continue
            lines.append(f"  segment {segment['id']}: {words_of(segment)}")
            lines.append(f"    pages {pages_row(segment, state['processes'])}")
            lines += [f"    {file_words(file)}" for file in segment["files"]]
    for process in state["processes"]:
        lines.append(f"  {process['letter']} = {process['comm']} "
                     f"{process['pid'] or '(fork() is making it)'}")
        lines += [f"    {vma['start']:x}-{vma['end']:x} {vma['perms']} from page "
                  f"{vma['first']} on, attach file {vma['file']}"
                  for vma in process["vmas"]]
    return lines


def where(step, places):
    place = places.get(step.event)
    if not place:
        return ""
    return f"{place.name}()" + (f" {place.path}:{place.line}" if place.path else "")


def draw(side, steps, places):
    """-> the text of one side"""
    lines = [f"==== {side} ===="]
    before = None
    for number, step in enumerate(steps):
        head = f"{number}. " + (f"[{step.event} {where(step, places)}]"
                                if step.kind != "say" and step.event else "").strip()
        lines += ["", head.rstrip(), f"   {step.said}"]
        drawn = state_lines(step.state)
        if drawn != before:
            lines += [f"     {line}" for line in drawn]
        before = drawn
    return "\n".join(lines)
