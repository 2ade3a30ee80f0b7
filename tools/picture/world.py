# SPDX-License-Identifier: GPL-2.0
"""The objects of one side, and what can happen to them: a segment is created, marked,
ends; a VMA is made, copied, closed; a page comes into memory, is mapped, leaves.

What a log cannot tell: an attach that mremap() lengthens in place keeps its old length
here, and pages that were in a file before its segment had an id are missed.
"""

import dataclasses

VM_READ, VM_WRITE, VM_EXEC = 1, 2, 4
POOL = 4            # attach files that a segment keeps for each access mode
LIFETIMES = ((0x10, "owned"), (0x20, "transient"), (0x40, "unique"))


@dataclasses.dataclass
class File:
    """An attach file."""
    address: int
    access: str
    idle: bool = False      # the segment keeps it, and lends it to an attach


@dataclasses.dataclass
class Segment:
    address: int
    registry: int
    id: int
    key: int
    size: int
    mode: int
    cpid: int
    file: int
    inode: int
    uid: int = -1           # where the log does not tell
    gid: int = -1
    lifetime: int = 0
    name: str = ""
    lpid: int = 0
    hashed: bool = False
    marked: bool = False
    ended: bool = False
    locked: bool = False
    descriptors: int = 0
    files: dict = dataclasses.field(default_factory=dict)
    resident: set = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Vma:
    start: int
    end: int
    first: int              # index of its first page in the segment
    flags: int
    file: int
    segment: Segment
    mapped: set = dataclasses.field(default_factory=set)    # indices, too

    @property
    def perms(self):
        return "".join(letter if self.flags & bit else "-" for letter, bit in
                       (("r", VM_READ), ("w", VM_WRITE), ("x", VM_EXEC)))


@dataclasses.dataclass
class Process:
    mm: int
    pid: int                # 0 while fork() makes it
    comm: str
    parent: int = 0         # thread that forks it
    vmas: list = dataclasses.field(default_factory=list)


class World:
    def __init__(self, page):
        self.page = page
        self.registries = {}    # address -> number of the IPC namespace
        self.segments = {}      # address -> Segment
        self.processes = {}     # address of the mm -> Process
        self.letters = {}       # pid -> letter
        self.protecting = None  # mm, start, end, flags of the last mprotect()
        self.moving = []        # (old, new): VMAs that mremap() has copied

    # Segments

    def create(self, segment, ns):
        self.registries[segment.registry] = ns
        segment.hashed = bool(segment.key or segment.name)
        self.segments[segment.address] = segment

    def by_id(self, registry, id):
        """-> the segment that the id leads to, or None"""
        for segment in self.segments.values():
            if not segment.ended and (segment.registry, segment.id) == (registry, id):
                return segment
        return None

    def mark(self, segment):
        segment.marked = True
        segment.hashed = False
        segment.key = 0

    def end(self, segment):
        segment.ended = True
        segment.hashed = False
        segment.files = {}
        self.forget(segment)

    def forget(self, segment):
        """A segment that has ended is shown until its pages are gone."""
        if segment.ended and not segment.resident:
            self.segments.pop(segment.address, None)

    # VMAs

    def pages_of(self, vma):
        return range(vma.first, vma.first + (vma.end - vma.start) // self.page)

    def index(self, vma, address):
        return vma.first + (address - vma.start) // self.page

    def vmas(self):
        return [vma for process in self.processes.values() for vma in process.vmas]

    def nattch(self, segment):
        return sum(vma.segment is segment for vma in self.vmas())

    def users(self, file):
        """-> how many VMAs belong to that attach file"""
        return sum(vma.file == file.address for vma in self.vmas())

    def vmas_in(self, mm, start, end):
        process = self.processes.get(mm)
        return [vma for vma in process.vmas
                if vma.start < end and start < vma.end] if process else []

    def letter(self, pid):
        """-> the letter that stands for a process in the picture"""
        number = len(self.letters)
        return self.letters.setdefault(pid, chr(ord("A") + number) if number < 26
                                       else str(number))

    def map(self, vma, mm, event):
        """->mmap: a new VMA"""
        process = self.processes.setdefault(mm, Process(mm, event.pid, event.comm))
        self.letter(process.pid)
        process.vmas.append(vma)
        access = "rw" if vma.flags & VM_WRITE else "r"
        vma.segment.files.setdefault(vma.file, File(vma.file, access))
        vma.segment.lpid = event.pid

    def keep_idle(self, vma):
        """A segment of kshm keeps the first attach files of each access mode."""
        files = vma.segment.files
        file = files[vma.file]
        kept = [other for other in files.values()
                if other.idle and other.access == file.access]
        if len(kept) < POOL:
            file.idle = True

    def copy(self, vma, mm, event):
        """->open: fork() has copied a VMA, or one is split, or mremap() moves one"""
        vma.segment.lpid = event.pid
        process = self.processes.setdefault(mm, Process(mm, 0, event.comm, event.tid))
        if process.pid:
            whole = next((old for old in process.vmas if old.file == vma.file and
                          old.start <= vma.start and vma.end <= old.end), None)
            if whole:
                self.cut(whole, vma)
            else:
                self.moving += [(old, vma) for old in process.vmas
                                if old.file == vma.file and
                                vma.first in self.pages_of(old)]
        process.vmas.append(vma)
        self.apply_protection()

    def cut(self, whole, part):
        """A split: the part is the beginning or the end."""
        part.mapped = whole.mapped & set(self.pages_of(part))
        whole.mapped -= part.mapped
        if part.start == whole.start:
            whole.first += (part.end - part.start) // self.page
            whole.start = part.end
        else:
            whole.end = part.start

    def close(self, mm, start, event):
        """->close; -> the VMA, or None if its beginning was not recorded"""
        process = self.processes.get(mm)
        vma = next((vma for vma in process.vmas if vma.start == start), None) \
            if process else None
        if not vma:
            return None
        process.vmas.remove(vma)
        vma.segment.lpid = event.pid
        self.finish_move(vma)
        if not process.vmas:
            del self.processes[mm]
        file = vma.segment.files.get(vma.file)
        if file and not file.idle and not self.users(file):
            del vma.segment.files[vma.file]
        return vma

    def finish_move(self, old):
        """mremap() has taken the pages along before it unmaps the old place."""
        for was, new in self.moving:
            if was is old:
                new.mapped |= old.mapped & set(self.pages_of(new))
        self.moving = [pair for pair in self.moving
                       if all(vma is not old for vma in pair)]

    def protect(self, mm, start, end, flags):
        """mprotect() gives a part of one VMA these flags."""
        self.protecting = None
        if not self.move_border(mm, start, end, flags):
            self.protecting = (mm, start, end, flags)
            self.apply_protection()

    def move_border(self, mm, start, end, flags):
        """Where the neighbour of the part has these flags already, the kernel gives it
        the part. It opens and closes no VMA then. -> whether it is so"""
        for vma in self.vmas_in(mm, start, end):
            if vma.flags == flags:
                continue
            for other in self.processes[mm].vmas:
                if other.flags != flags or other.file != vma.file or \
                        vma.first - other.first != \
                        (vma.start - other.start) // self.page:
                    continue
                if other.end == start == vma.start and end < vma.end:
                    self.give(vma, other, start, end)
                    vma.first = self.index(vma, end)
                    vma.start = other.end = end
                    return True
                if vma.end == end == other.start and vma.start < start:
                    self.give(vma, other, start, end)
                    other.first = self.index(other, start)
                    other.start = vma.end = start
                    return True
        return False

    def give(self, vma, other, start, end):
        """What is mapped between the addresses goes from a VMA to its neighbour."""
        pages = vma.mapped & set(range(self.index(vma, start), self.index(vma, end)))
        vma.mapped -= pages
        other.mapped |= pages

    def apply_protection(self):
        """mprotect() splits VMAs after it began, so the one that it means may not be
        there yet."""
        if not self.protecting:
            return
        mm, start, end, flags = self.protecting
        for vma in self.vmas_in(mm, start, end):
            if start <= vma.start and vma.end <= end:
                vma.flags = flags
                self.protecting = None

    # Processes

    def fork(self, thread, child, comm):
        """-> whether the child has a VMA of a segment"""
        for process in self.processes.values():
            if not process.pid and process.parent == thread:
                process.pid, process.comm = child, comm
                self.letter(child)
                return True
        return False

    # Pages

    def of_inode(self, id, pid):
        """-> the segments that an inode's number can mean, the likeliest first"""
        mine = {vma.segment.address for process in self.processes.values()
                if process.pid == pid for vma in process.vmas}
        return sorted((segment for segment in self.segments.values()
                       if segment.id == id),
                      key=lambda segment: (segment.address not in mine,
                                           segment.ended))

    def page_in(self, id, pages, pid):
        """-> the segment, or None"""
        for segment in self.of_inode(id, pid):
            segment.resident |= pages
            return segment
        return None

    def page_out(self, id, pages, pid):
        """-> the segment, or None"""
        for segment in self.of_inode(id, pid):
            if segment.resident & pages:
                segment.resident -= pages
                self.forget(segment)
                return segment
        return None

    def mapped(self, mm, address, count):
        """-> the VMA and the pages, or None and none"""
        for vma in self.vmas_in(mm, address, address + count * self.page):
            first = self.index(vma, address)
            pages = set(range(first, first + count)) & set(self.pages_of(vma))
            vma.mapped |= pages
            vma.segment.resident |= pages
            return vma, pages
        return None, set()

    def unmapped(self, mm, address, size):
        """-> the first VMA that lost pages, and these"""
        found = None, set()
        for vma in self.vmas_in(mm, address, address + size):
            gone = {page for page in vma.mapped if address <=
                    vma.start + (page - vma.first) * self.page < address + size}
            vma.mapped -= gone
            if gone and not found[0]:
                found = vma, gone
        return found

    # The state as plain data, for the page and for tests

    def state(self):
        return {"registries": [self.registry_state(address, ns)
                               for address, ns in self.registries.items()],
                "segments": [self.segment_state(segment)
                             for segment in self.segments.values()],
                "processes": [self.process_state(process)
                              for process in self.processes.values()]}

    def registry_state(self, address, ns):
        listed = [segment for segment in self.segments.values()
                  if segment.registry == address and not segment.ended]
        hashed = [segment for segment in listed if segment.hashed]
        return {"address": hexadecimal(address), "ns": ns,
                "ids": [[segment.id, hexadecimal(segment.address)]
                        for segment in listed],
                "keys": [[segment.key, hexadecimal(segment.address)]
                         for segment in hashed if not segment.name],
                "names": [[segment.name, hexadecimal(segment.address)]
                          for segment in hashed if segment.name]}

    def segment_state(self, segment):
        return {"address": hexadecimal(segment.address),
                "registry": hexadecimal(segment.registry),
                "id": segment.id, "key": segment.key, "name": segment.name,
                "size": segment.size, "pages": -(-segment.size // self.page),
                "mode": segment.mode, "uid": segment.uid, "gid": segment.gid,
                "cpid": segment.cpid, "lpid": segment.lpid,
                "lifetime": [word for bit, word in LIFETIMES
                             if segment.lifetime & bit],
                "nattch": self.nattch(segment), "marked": segment.marked,
                "ended": segment.ended, "locked": segment.locked,
                "descriptors": segment.descriptors,
                "file": hexadecimal(segment.file),
                "inode": hexadecimal(segment.inode),
                "resident": sorted(segment.resident),
                "files": [{"address": hexadecimal(file.address),
                           "access": file.access, "idle": file.idle,
                           "vmas": self.users(file)}
                          for file in segment.files.values()]}

    def process_state(self, process):
        return {"mm": hexadecimal(process.mm), "pid": process.pid,
                "comm": process.comm,
                "letter": self.letters.get(process.pid, "?"),
                "vmas": [{"start": vma.start, "end": vma.end, "first": vma.first,
                          "pages": len(self.pages_of(vma)), "perms": vma.perms,
                          "file": hexadecimal(vma.file),
                          "segment": hexadecimal(vma.segment.address),
                          "mapped": sorted(vma.mapped)}
                         for vma in sorted(process.vmas,
                                           key=lambda vma: vma.start)]}


def hexadecimal(address):
    return f"{address:x}"
