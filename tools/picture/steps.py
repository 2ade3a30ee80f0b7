# SPDX-License-Identifier: GPL-2.0
"""From the events of a side to steps: what happened, and the state after it.

Kshm and Intree tell a World of their events. Each method do_NAME() is for the event
of that name, and returns what to say of it, or None where it concerns no segment.
"""

import dataclasses
import difflib
import re

from world import Segment, Vma, World

SET_UID, SET_GID, SET_MODE = 1, 2, 4
UNLOCK = 1              # in the flags of LOCK
SHM_LOCK = 11           # the command of shmctl()
DEST, LOCKED = 0o1000, 0o2000
STEPS_MAX = 3000
# The function that has each of the kernel's own tracepoints.
TRACEPOINTS = {
    "sched_process_fork": "kernel_clone",
    "mm_filemap_delete_from_page_cache": "__filemap_remove_folio",
}


@dataclasses.dataclass
class Said:
    """What to say of an event. Neighbours that differ only in the pages become one
    step; the text has "{pages}" in their place."""
    text: str
    pages: set = dataclasses.field(default_factory=set)

    def __str__(self):
        return self.text.replace("{pages}", pages_named(self.pages))


@dataclasses.dataclass
class Step:
    time: float
    event: str
    kind: str           # the same on both sides; "say" for the program's own words
    function: str       # that made the event; empty where only the event is known
    who: str
    letter: str
    said: Said
    state: dict
    tid: int
    reports: list = dataclasses.field(default_factory=list)


def pages_named(pages):
    """-> "page 3", or "pages 0-2, 5" """
    runs = []
    for page in sorted(pages):
        if runs and runs[-1][1] == page - 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    named = ", ".join(str(first) if first == last else f"{first}-{last}"
                      for first, last in runs)
    return f"page{'s' if len(pages) > 1 else ''} {named}"


def key_named(key):
    return f"key 0x{key & 0xffffffff:08x}" if key else "no key"


class Both(World):
    """The events that both sides have: pages and processes."""

    @staticmethod
    def who(event):
        return f"{event.comm} {event.pid}"

    def do_page_in(self, event):
        segment = self.page_in(event.id, {event.index}, event.pid)
        return segment and Said(f"The kernel adds {{pages}} to segment {segment.id}.",
                                {event.index})

    def do_mm_filemap_delete_from_page_cache(self, event):
        first = event.ofs // self.page
        pages = set(range(first, first + (1 << event.order)))
        segment = self.page_out(event.ino, pages, event.pid)
        return segment and Said(f"The kernel frees {{pages}} of segment {segment.id}.",
                                pages)

    def do_page_mapped(self, event):
        vma, pages = self.mapped(event.mm, event.addr, event.count)
        return vma and Said(f"{self.who(event)} gets {{pages}} of segment "
                            f"{vma.segment.id} mapped at a fault.", pages)

    def do_page_unmapped(self, event):
        vma, pages = self.unmapped(event.mm, event.addr, event.size)
        return vma and Said(f"The kernel unmaps {{pages}} of segment {vma.segment.id} "
                            "from a VMA that stays.", pages)

    def do_protect(self, event):
        if not self.vmas_in(event.mm, event.start, event.end):
            return None
        self.protect(event.mm, event.start, event.end, event.flags)
        return Said(f"{self.who(event)} changes by mprotect() what a mapping allows.")

    def do_sched_process_fork(self, event):
        if not self.fork(event.tid, event.child_pid, event.child_comm):
            return None
        return Said(f"{self.who(event)} has forked process {event.child_pid}.")

    def do_sched_process_exec(self, event):
        for process in self.processes.values():
            if process.pid == event.pid:
                process.comm = event.comm

    # The parts of events that differ only in their fields

    def made(self, segment, ns, event):
        self.create(segment, ns)
        named = f'name "{segment.name}"' if segment.name else key_named(segment.key)
        return Said(f"{self.who(event)} creates segment {segment.id} with {named}, "
                    f"{segment.size} bytes.")

    def vma_made(self, vma, event):
        self.map(vma, event.mm, event)
        return Said(f"mmap() makes a VMA of {self.who(event)} for segment "
                    f"{vma.segment.id}.")

    def vma_copied(self, vma, event):
        known = event.mm in self.processes and self.processes[event.mm].pid
        self.copy(vma, event.mm, event)
        return Said(f"A VMA of segment {vma.segment.id} is split or moved."
                    if known else
                    f"fork() copies a VMA of segment {vma.segment.id} for a child of "
                    f"{self.who(event)}.")

    def vma_closed(self, start, event):
        vma = self.close(event.mm, start, event)
        return vma and Said(f"A VMA of {self.who(event)} for segment {vma.segment.id} "
                            "is closed.")

    def marked(self, segment):
        if not segment:
            return None
        self.mark(segment)
        return Said(f"Segment {segment.id} is marked for removal; no key leads to it "
                    "any more.")

    def ended(self, segment):
        if not segment:
            return None
        self.end(segment)
        return Said(f"Segment {segment.id} ends; no id leads to it any more.")

    def changed(self, segment, event, mode, uid, gid):
        """SET; what is None stays as it is."""
        if not segment:
            return None
        segment.mode = segment.mode if mode is None else mode & 0o777
        segment.uid = segment.uid if uid is None else uid
        segment.gid = segment.gid if gid is None else gid
        return Said(f"{self.who(event)} sets owner and permissions of segment "
                    f"{segment.id}.")

    def lock_changed(self, segment, event, locked):
        if not segment:
            return None
        segment.locked = locked
        return Said(f"{self.who(event)} {'locks' if locked else 'unlocks'} segment "
                    f"{segment.id} in memory.")


class Kshm(Both):
    """kshm's own tracepoints."""

    def vma_of(self, event):
        segment = self.segments.get(event.segment)
        return segment and Vma(event.start, event.start + event.len, event.pgoff,
                               event.flags, event.file, segment)

    def do_kshm_create(self, event):
        return self.made(Segment(
            event.segment, event.registry, event.id, event.key, event.size,
            event.mode, event.pid, event.file, event.inode, event.uid, event.gid,
            event.lifetime, event.fields["name"]), event.ns, event)

    def do_kshm_grow(self, event):
        segment = self.segments.get(event.segment)
        if not segment:
            return None
        segment.size = event.size
        return Said(f"{self.who(event)} lets segment {segment.id} grow to "
                    f"{event.size} bytes.")

    def do_kshm_mark(self, event):
        return self.marked(self.segments.get(event.segment))

    def do_kshm_end(self, event):
        return self.ended(self.segments.get(event.segment))

    def do_kshm_vma_map(self, event):
        vma = self.vma_of(event)
        return vma and self.vma_made(vma, event)

    def do_kshm_vma_open(self, event):
        vma = self.vma_of(event)
        return vma and self.vma_copied(vma, event)

    def do_kshm_vma_close(self, event):
        return self.vma_closed(event.start, event)

    def do_kshm_attach(self, event):
        vmas = [vma for process in self.processes.values()
                if process.pid == event.pid for vma in process.vmas
                if vma.start == event.start]
        if not vmas:
            return None
        self.keep_idle(vmas[0])
        return Said(f"{self.who(event)} has attached segment {event.id} at "
                    f"0x{event.start:x}.")

    def do_kshm_detach(self, event):
        return Said(f"{self.who(event)} has detached segment {event.id} from "
                    f"0x{event.start:x}.")

    def do_kshm_set(self, event):
        segment = self.by_id(event.registry, event.id)
        if event.err:
            return self.refused(event, "SET")
        return self.changed(segment, event,
                            event.mode if event.flags & SET_MODE else None,
                            event.uid if event.flags & SET_UID else None,
                            event.gid if event.flags & SET_GID else None)

    def do_kshm_rmid(self, event):
        if event.err:
            return self.refused(event, "RMID")
        return Said(f"{self.who(event)} has removed segment {event.id} by RMID.")

    def do_kshm_lock(self, event):
        if event.err:
            return self.refused(event, "LOCK")
        return self.lock_changed(self.by_id(event.registry, event.id), event,
                                 not event.flags & UNLOCK)

    def do_kshm_fd(self, event):
        segment = self.by_id(event.registry, event.id)
        if event.err or not segment:
            return self.refused(event, "FD")
        segment.descriptors += 1
        return Said(f"{self.who(event)} makes a descriptor of segment {segment.id}.")

    def refused(self, event, command):
        return Said(f"{command} of {self.who(event)} for segment {event.id} fails with "
                    f"errno {-event.err}.")


class Intree(Both):
    """Functions of ipc/shm.c, traced by their names. One call is several events: what
    an earlier one tells is kept until a later one completes it."""

    def __init__(self, page):
        super().__init__(page)
        self.new = {}       # thread -> fields of the segment that it makes
        self.mapping = {}   # thread -> event of the mmap() that it is in

    def segment_of(self, event):
        return self.by_id(event.namespace, event.id)

    def vma_of(self, event):
        segment = self.segment_of(event)
        return segment and Vma(event.start, event.end, event.pgoff, event.flags,
                               event.file, segment)

    def do_shm_new(self, event):
        self.new[event.tid] = dict(event.fields)

    def do_shm_file(self, event):
        self.new.setdefault(event.tid, {}).update(event.fields)

    def do_shm_publish(self, event):
        # Semaphores and message queues come here, too.
        if event.tid in self.new:
            self.new[event.tid].update(event.fields)

    def do_shm_create(self, event):
        new = self.new.pop(event.tid, {})
        if event.id < 0 or not {"namespace", "file", "segment"} <= set(new):
            return None
        return self.made(Segment(
            new["segment"], new["namespace"], event.id, new["key"] & 0xffffffff,
            new["size"], new["mode"] & 0o777, event.pid, new["file"],
            new["inode"]), new["ns"], event)

    def do_shm_mark(self, event):
        return self.marked(self.segments.get(event.segment))

    def do_shm_end(self, event):
        return self.ended(self.segments.get(event.segment))

    def do_shm_vma_map(self, event):
        self.mapping[event.tid] = event

    def do_shm_vma_mapped(self, event):
        began = self.mapping.pop(event.tid, None)
        vma = self.vma_of(began) if began and not event.err else None
        return vma and self.vma_made(vma, began)

    def do_shm_vma_open(self, event):
        vma = self.vma_of(event)
        return vma and self.vma_copied(vma, event)

    def do_shm_vma_close(self, event):
        return self.vma_closed(event.start, event)

    def do_shm_attach(self, event):
        return Said(f"do_shmat() of {self.who(event)} "
                    f"{self.ends(event)}.")

    def do_shm_detach(self, event):
        return Said(f"shmdt() of {self.who(event)} {self.ends(event)}.")

    @staticmethod
    def ends(event):
        return f"fails with errno {-event.err}" if event.err else "succeeds"

    def do_shm_set(self, event):
        return self.changed(self.segments.get(event.segment), event, event.mode,
                            event.uid, event.gid)

    def do_shm_lock(self, event):
        return self.lock_changed(self.segment_of(event), event,
                                 event.cmd == SHM_LOCK)


WORLDS = {"kshm": Kshm, "intree": Intree}


def kind_of(event):
    """-> the name of an event without its side"""
    return re.sub(r"^(kshm|shm)_", "", event.name).replace("vma_mapped", "vma_map")


def steps_of(side):
    """-> the steps of a side, the first of which is the empty beginning"""
    world = WORLDS[side.name](side.about["page"])
    steps = [Step(side.events[0].time if side.events else 0.0, "", "begin", "", "", "",
                  Said("The program has not begun."), world.state(), 0)]
    for event in side.events:
        if len(steps) == STEPS_MAX:
            steps[-1].said = Said(f"The program does more, but a picture has no more "
                                  f"than {STEPS_MAX} steps.")
            break
        marker = event.marker()
        if marker and "say" not in marker:
            steps[-1].reports.append(marker)
            continue
        if marker:
            said = Said(str(marker["say"]))
        else:
            said = getattr(world, f"do_{event.name}", lambda event: None)(event)
        if said:
            add(steps, step_of(world, event, said))
    return steps


def step_of(world, event, said):
    kind = "say" if event.marker() else kind_of(event)
    return Step(event.time, event.name, kind,
                event.function or TRACEPOINTS.get(event.name, ""),
                world.who(event), world.letters.get(event.pid, ""), said,
                world.state(), event.tid)


def add(steps, step):
    last = steps[-1]
    if step.said.pages and not last.reports and \
            (last.event, last.tid, last.said.text) == \
            (step.event, step.tid, step.said.text):
        last.said.pages |= step.said.pages
        last.state = step.state
        return
    steps.append(step)


def align(left, right):
    """-> pairs of numbers of steps that belong together, each step once; where only one
    side has a step, the other number is the step that is still shown"""
    keys = [[(step.kind, step.letter, str(step.said) if step.kind == "say" else "")
             for step in steps] for steps in (left, right)]
    pairs, at = [], [0, 0]
    for tag, left_from, left_to, right_from, right_to in \
            difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        lefts, rights = range(left_from, left_to), range(right_from, right_to)
        if tag == "equal":
            found = list(zip(lefts, rights))
        else:
            found = [(one, None) for one in lefts] + [(None, one) for one in rights]
        for pair in found:
            at = [old if new is None else new for old, new in zip(at, pair)]
            pairs.append((*at, *(new is not None for new in pair)))
    return pairs


def differences(state, report, page):
    """-> where the state differs from what a process has seen at that moment"""
    found = []
    for line, letters in report["maps"]:
        found += mapping_differs(state, report["pid"], line, letters, page)
    mine = [vma for process in state["processes"] if process["pid"] == report["pid"]
            for vma in process["vmas"]]
    if len(mine) != len(report["maps"]):
        found.append(f"process {report['pid']} has {len(report['maps'])} mappings, "
                     f"and the picture {len(mine)}")
    living = [segment for segment in state["segments"] if not segment["ended"]]
    for line in report["listing"]:
        found += listing_differs(living, line, page)
    if len(living) != len(report["listing"]):
        found.append(f"the listing has {len(report['listing'])} segments, and the "
                     f"picture {len(living)}")
    return found


def mapping_differs(state, pid, line, letters, page):
    start, end, perms, offset, inode = re.match(
        r"(\w+)-(\w+) (...)s (\w+) \S+ (\d+)", line).groups()
    for process in state["processes"]:
        for vma in process["vmas"] if process["pid"] == pid else ():
            if vma["start"] != int(start, 16):
                continue
            segment = next(segment for segment in state["segments"]
                           if segment["address"] == vma["segment"])
            shown = "".join(
                "M" if index in vma["mapped"] else
                "m" if index in segment["resident"] else "."
                for index in range(vma["first"], vma["first"] + vma["pages"]))
            seen = (int(end, 16), perms, int(offset, 16), int(inode), letters)
            ours = (vma["end"], vma["perms"], vma["first"] * page, segment["id"],
                    shown)
            return [] if seen == ours else [
                f"process {pid}, mapping {start}: it saw {seen}, and the picture "
                f"shows {ours}"]
    return [f"process {pid} has a mapping at {start} that the picture lacks"]


def listing_differs(segments, line, page):
    words = line.split()
    key, id, perms = int(words[0]) & 0xffffffff, int(words[1]), int(words[2], 8)
    size, cpid, lpid, nattch, uid, gid = map(int, words[3:9])
    rss = int(words[14])
    for segment in segments:
        if segment["id"] != id:
            continue
        mode = segment["mode"] | DEST * segment["marked"] | LOCKED * segment["locked"]
        seen = (key, perms, size, cpid, lpid, nattch, rss)
        ours = (segment["key"], mode, segment["size"], segment["cpid"],
                segment["lpid"], segment["nattch"], len(segment["resident"]) * page)
        if segment["uid"] != -1:
            seen, ours = (*seen, uid, gid), (*ours, segment["uid"], segment["gid"])
        return [] if seen == ours else [
            f"segment {id}: the listing says {seen}, and the picture shows {ours}"]
    return [f"the listing has a segment {id} that the picture lacks"]
