# SPDX-License-Identifier: GPL-2.0
"""The calls of a program and its children, out of strace's files, with names in place
of what differs from run to run.

strace writes a file for each process and thread. An id, a key, an address, a process
id and a time become "id A", "key A", "addr A", "process 1.2" and "time". The letters
are given in the order of the processes' places in the tree, never in the order of
time, so they do not depend on which child came first. Children of one parent are put
into the order of what they do: then it does not matter either which of them did it.
"""

import re

CALLS = ("shmget", "shmat", "shmdt", "shmctl")
STARTERS = ("clone", "clone3", "fork", "vfork")
TRACED = (*CALLS, *STARTERS, "execve", "exit_group")
INDEXED = ("SHM_STAT", "SHM_STAT_ANY", "SHM_INFO", "IPC_INFO")
LINE = re.compile(r"(?P<name>\w+)\((?P<args>.*)\) += (?P<result>-?\w+)"
                  r"(?: (?P<error>E[A-Z0-9]+) \(.*\))?")
UNENDED = re.compile(r"(?P<name>\w+)\((?P<args>.*?)(?:\) += \?| <unfinished \.\.\.>)")
ENDED = re.compile(r"\+\+\+ (.*) \+\+\+")
# What ioctl() of kshm's device does, by the number of the command. INFO is left out: the
# library makes it to know the device, too.
DEVICE = re.compile(r"_IOC\([^,]*, 0x6b, 0x(?P<number>\w+), 0x\w+\)")
COMMANDS = {0x81: "shmget", 0x82: "shmat", 0x83: "shmdt",
            0x84: "shmctl", 0x85: "shmctl", 0x86: "shmctl", 0x87: "shmctl"}
ADDRESS = re.compile(r"0x[0-9a-f]+")


class Call:
    """A call and its result: a number, the name of an error, or "?" if it never ended.
    raw is the line of strace."""

    def __init__(self, name, args, result, raw):
        self.name, self.args, self.result, self.raw = name, args, result, raw


class Process:
    """A process or thread. Its path tells its place in the tree: 1.2 is the second child
    of the first process."""

    def __init__(self, pid):
        self.pid, self.path = pid, ""
        self.command, self.end, self.is_thread = "", "", False
        self.calls, self.children = [], []


def letters(number):
    """-> A to Z, then AA and so on"""
    name = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def split_args(text):
    """-> the arguments; commas within brackets and strings do not count"""
    args, depth, quoted, word, previous = [], 0, False, "", ""
    for char in text:
        if char == '"' and previous != "\\":
            quoted = not quoted
        elif not quoted and char in "([{":
            depth += 1
        elif not quoted and char in ")]}":
            depth -= 1
        if char == "," and not depth and not quoted:
            args.append(word.strip())
            word = ""
        else:
            word += char
        previous = char
    return [*args, word.strip()] if word.strip() else args


def call_of(line):
    """-> a Call, or None of a line that is none"""
    match = LINE.match(line)
    if match:
        return Call(match["name"], split_args(match["args"]),
                    match["error"] or match["result"], line)
    match = UNENDED.match(line)
    return Call(match["name"], split_args(match["args"]), "?", line) if match else None


def device_call(call):
    """-> a call of kshm's device by the name of the system call that it stands for, or
    None of another ioctl"""
    match = DEVICE.search(call.args[1]) if len(call.args) > 1 else None
    name = COMMANDS.get(int(match["number"], 16)) if match else None
    return Call(name, [], call.result, call.raw) if name else None


def parse(files):
    """-> the first process, of {pid: text of its file}"""
    processes = {pid: Process(pid) for pid in files}
    parents = {}
    for pid, text in files.items():
        process = processes[pid]
        for line in text.splitlines():
            ended = ENDED.match(line)
            if ended:
                process.end = ended[1]
                continue
            call = call_of(line)
            if call:
                take(process, call, processes, parents)
    roots = [process for pid, process in processes.items() if pid not in parents]
    if not roots:
        return Process(0)
    first = min(roots, key=lambda process: process.pid)
    # The parent of a process in another namespace of process ids is not told.
    first.children += [root for root in roots if root is not first]
    inherit(first)
    return first


def take(process, call, processes, parents):
    if call.name in CALLS:
        process.calls.append(call)
    elif call.name == "ioctl":
        call = device_call(call)
        if call:
            process.calls.append(call)
    elif call.name == "execve" and call.result == "0":
        process.command = call.args[0].strip('"').rpartition("/")[2]
    elif call.name in STARTERS and call.result.isdigit():
        child = processes.get(int(call.result))
        if child and child is not process and child.pid not in parents:
            child.is_thread = "CLONE_THREAD" in call.raw
            parents[child.pid] = process
            process.children.append(child)


def inherit(process):
    """A child that executes nothing has its parent's program."""
    for child in process.children:
        child.command = child.command or process.command
        inherit(child)


def in_tree_order(process):
    yield process
    for child in process.children:
        yield from in_tree_order(child)


class Names:
    """What stands for the values of one run. Ids and the like have one name in all
    processes. An address has a name in each address space; a child knows those of its
    parent."""

    def __init__(self, first):
        self.ids, self.keys = {}, {}
        self.addresses = 0
        self.pids = {process.pid: process.path for process in in_tree_order(first)}
        self.known_ids = set()
        for process in in_tree_order(first):
            for call in process.calls:
                if call.result.isdigit() and call.args and (
                        call.name == "shmget" or call.name == "shmctl" and
                        call.args[1] in INDEXED[:2]):
                    self.known_ids.add(call.result)

    def id(self, word):
        if word not in self.known_ids:
            return word
        return "id " + letters(self.ids.setdefault(word, len(self.ids)))

    def key(self, word):
        if word in ("IPC_PRIVATE", "0", "0x0"):
            return word
        return "key " + letters(self.keys.setdefault(word, len(self.keys)))

    def pid(self, word):
        if word == "0":
            return word
        path = self.pids.get(int(word))
        return f"process {path}" if path else "another process"

    def new_address(self):
        self.addresses += 1
        return letters(self.addresses - 1)


class Masked(Names):
    """The same, but all ids look alike, and so do all keys and so on."""

    def id(self, word):
        return "id" if word in self.known_ids else word

    def key(self, word):
        return word if word in ("IPC_PRIVATE", "0", "0x0") else "key"

    def pid(self, word):
        return word if word == "0" else "process"

    def new_address(self):
        return ""


class Space:
    """The attaches of an address space: where each is, how long, and its letter."""

    def __init__(self, attaches=()):
        self.attaches = dict(attaches)
        self.sizes = {}

    def name(self, word, names):
        """-> what an argument or result is called"""
        if not ADDRESS.fullmatch(word):
            return word
        value = int(word, 16)
        for start, (size, name) in self.attaches.items():
            if start <= value < start + max(size, 1):
                offset = f"+{value - start:#x}" if value > start else ""
                return f"addr {name}{offset}".rstrip()
        return self.add(word, 0, names)

    def add(self, word, size, names):
        start = int(word, 16)
        _, name = self.attaches.get(start, (0, None))
        if name is None:
            name = names.new_address()
        self.attaches[start] = (size, name)
        return f"addr {name}".rstrip()


STRUCT = (
    (re.compile(r"\bkey=(\w+)"), "key"),
    (re.compile(r"\bshm_[cl]pid=(\d+)"), "pid"),
    (re.compile(r"\bshm_[adc]time=(?!0\b)(-?\d+)"), None),
)


def normal_struct(text, names):
    """-> what shmctl was given or has returned"""
    if ADDRESS.fullmatch(text):
        return "buffer"
    for pattern, kind in STRUCT:
        def put(match, kind=kind):
            word = getattr(names, kind)(match[1]) if kind else "time"
            return match[0][:match.start(1) - match.start()] + word
        text = pattern.sub(put, text)
    return text


def normal_call(call, names, space, sizes):
    """-> (text, result) with names in them"""
    args, result = list(call.args), call.result
    if not args:
        return call.name, "?" if result == "?" else \
            result if not result.isdigit() else "ok"
    if call.name == "shmget":
        args[0] = names.key(args[0])
        if result.isdigit():
            sizes.setdefault(result, int(args[1]) if args[1].isdigit() else 0)
        result = names.id(result)
    elif call.name == "shmat":
        wanted = args[1]
        args[1] = space.name(wanted, names) if wanted != "NULL" else wanted
        if ADDRESS.fullmatch(result):
            result = space.add(result, sizes.get(args[0], 0), names)
        args[0] = names.id(args[0])
    elif call.name == "shmdt":
        args[0] = space.name(args[0], names)
    elif call.name == "shmctl" and len(args) > 1:
        if args[1] not in INDEXED:
            args[0] = names.id(args[0])
        args[2:] = [normal_struct(arg, names) for arg in args[2:]]
        if args[1] in INDEXED[:2]:
            result = names.id(result)
    return f"{call.name}({', '.join(args)})", result


def number(process, path="1"):
    process.path = path
    for place, child in enumerate(process.children, 1):
        number(child, f"{path}.{place}")


def segment_sizes(first):
    """-> {id: bytes}, of all processes, since any may have created what another
    attaches"""
    sizes = {}
    for process in in_tree_order(first):
        for call in process.calls:
            if call.name == "shmget" and call.result.isdigit() and call.args and \
                    call.args[1].isdigit():
                size = int(call.args[1])
                sizes[call.result] = max(size, sizes.get(call.result, 0))
    return sizes


def walk(process, names, space, sizes):
    """Yield each process with its normal calls; a child begins with the addresses
    of its parent."""
    yield process, [normal_call(call, names, space, sizes) for call in process.calls]
    for child in process.children:
        of_child = space if child.is_thread else Space(space.attaches)
        yield from walk(child, names, of_child, sizes)


def shape(process, calls):
    """-> a text that tells what a process and its children do, without names"""
    inner = sorted(shape(child, calls) for child in process.children)
    own = "; ".join(f"{text} = {result}" for text, result in calls[process.pid])
    return f"[{process.end}: {own} {' '.join(inner)}]"


def prune(process, attached):
    """Leave out processes that share no memory, and whose children share none."""
    for child in process.children:
        prune(child, attached)
    process.children = [child for child in process.children
                        if child.calls or child.children or child.pid in attached]


def sort(process, calls):
    for child in process.children:
        sort(child, calls)
    process.children.sort(key=lambda child: shape(child, calls))


def normal(first, attached=()):
    """-> what a run did, as data: its processes in their order, with their calls, and
    what each name stands for. @attached are processes that were seen with an attach,
    which they may have from their parent."""
    others = {str(process.pid): "another process" for process in in_tree_order(first)}
    prune(first, attached)
    number(first)
    sizes = segment_sizes(first)
    masked = {process.pid: calls for process, calls in
              walk(first, Masked(first), Space(), dict(sizes))}
    sort(first, masked)
    number(first)
    names, addresses, processes = Names(first), {}, []
    for process, calls in walk(first, names, Space(), dict(sizes)):
        processes.append({
            "path": process.path, "command": process.command, "pid": process.pid,
            "thread": process.is_thread, "end": process.end,
            "calls": [{"text": text, "result": result, "raw": call.raw}
                      for (text, result), call in zip(calls, process.calls)]})
    return {"processes": processes,
            "names": {"id": {word: names.id(word) for word in names.ids},
                      "key": {word: names.key(word) for word in names.keys},
                      "process": {**others, **{str(pid): f"process {path}" for pid, path
                                               in names.pids.items()}}}}
