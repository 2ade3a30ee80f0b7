# SPDX-License-Identifier: GPL-2.0
"""Shared by the apps: a side to run on, and lines to judge.

An app is "NAME kshm|in-tree|failing|switched [--short]", run in the guest as root.
It does its work once on each side; "failing" is the control, where every shm call
fails, and "switched" is kshm through kshm_switch, without a preload. It writes its
findings to standard output as JSON lines, which ../run on the host compares:
results must be equal on kshm and in-tree and not wrong, figures become ratios,
facts are shown. Work is divided into parts, and the control must come out red in
each of them.

	from app import main

	def work(app):
		with app.part("a listing"):
			done = app.run("ipcs", "-m")
			app.result("lines", len(done.stdout.splitlines()))

	main(work)

Calls are counted in the kernel: kshm's by its tracepoints, in-tree's by those
of the system calls, or by probes of its own functions if the system calls lead to
kshm. A side has to have served all of them.
"""

import base64
import contextlib
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import zlib

from registries import OTHER, rows

JOB = "/job"
TRACING = "/sys/kernel/tracing"
PREFIX = {
    "kshm": [f"{JOB}/tools/kshm-run"],
    "in-tree": [],
    "failing": ["env", f"LD_PRELOAD={JOB}/apps/failing.so"],
    "switched": [],
}
SYSTEM_CALLS = ("shmget", "shmat", "shmdt", "shmctl")
# Functions of in-tree shm that create a segment, and attach one.
PROBES = {"shmget": "newseg", "shmat": "do_shmat"}
# These tell of the life of a segment or VMA, not of a call.
NO_CALLS = ("kshm_mark", "kshm_end", "kshm_vma_map", "kshm_vma_open",
            "kshm_vma_close")
PATIENCE = 600


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def probe(line):
    """Add or remove a probe. Python's mode "a" seeks, which that file refuses."""
    fd = os.open(f"{TRACING}/kprobe_events", os.O_WRONLY | os.O_APPEND)
    try:
        os.write(fd, f"{line}\n".encode())
    finally:
        os.close(fd)


class Counters:
    """Calls that went well, by side and kind, counted by hist triggers."""

    def __init__(self, switched):
        self.instance = f"{TRACING}/instances/apps-{os.getpid()}"
        # To record the names of processes, tracing patches the scheduler's code
        # while that runs. QEMU sometimes executes a stale byte (an int3 Oops).
        write(f"{TRACING}/options/record-cmd", "0")
        os.mkdir(self.instance)
        self.events = {"kshm": {}, "in-tree": {}}
        for path in sorted(glob.glob(f"{self.instance}/events/kshm/kshm_*")):
            name = os.path.basename(path)
            if name not in NO_CALLS:
                self.watch("kshm", name[len("kshm_"):], path)
        self.probes = PROBES if switched else {}
        for call in self.probes or SYSTEM_CALLS:
            self.watch("in-tree", call, self.probe(call) if switched else
                       f"{self.instance}/events/syscalls/sys_exit_{call}")

    def probe(self, call):
        """-> the event that a function of in-tree shm has returned"""
        probe(f"r:apps/{call} {PROBES[call]} ret=$retval:s64")
        return f"{self.instance}/events/apps/{call}"

    def watch(self, side, kind, event):
        with open(f"{event}/format") as file:
            fields = file.read()
        good = (" if ret >= 0" if " ret;" in fields else
                " if err == 0" if " err;" in fields else "")
        size = ":vals=size" if kind == "create" else ""
        write(f"{event}/trigger", f"hist:keys=common_type{size}{good}")
        self.events[side][kind] = event

    def read(self):
        return {side: {kind: self.hits(event)
                       for kind, event in events.items()}
                for side, events in self.events.items()}

    @staticmethod
    def hits(event):
        with open(f"{event}/hist") as file:
            for line in file:
                if line.strip().startswith("Hits:"):
                    return int(line.split()[1])
        raise ValueError(f"{event}/hist counts nothing")

    def bytes_created(self):
        """The sizes of all segments that kshm made."""
        with open(f"{self.events['kshm']['create']}/hist") as file:
            return sum(map(int, re.findall(r" size: +(\d+)", file.read())))

    def end(self):
        """Triggers pin the module whose events they wait for."""
        for events in self.events.values():
            for event in events.values():
                with open(f"{event}/trigger") as file:
                    set_up = [line.split(" [")[0] for line in file
                              if not line.startswith("#")]
                for trigger in set_up:
                    write(f"{event}/trigger", f"!{trigger}")
        os.rmdir(self.instance)
        for call in self.probes:
            probe(f"-:apps/{call}")


def processes():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


class App:
    def __init__(self, side, short):
        self.side, self.short = side, short
        self.name = os.path.basename(sys.argv[0])
        self.where = None
        # The control has no registry. Segments that it leaves are in-tree's.
        self.registry = "kshm" if side in ("kshm", "switched") else "in-tree"
        self.prefix = PREFIX[side]
        # Ids of kshm begin here while kshm_switch is loaded.
        self.first_id = 0x4000 << 15 if side == "switched" else 0
        # What leads the tools that look after this side's segments there.
        self.tools = PREFIX["kshm"] if side == "kshm" else []
        self.counters = Counters(side == "switched")
        self.elsewhere_calls = 0
        self.processes = processes()
        self.segments = self.ids()

    # Reporting.

    def say(self, kind, name, **more):
        print(json.dumps({"app": self.name, "side": self.side, "kind": kind,
                          "part": self.where, "name": name, **more}),
              flush=True)

    def result(self, name, value, wrong=None):
        """A value that both sides must share; "wrong" says why it is bad."""
        self.say("result", name, value=value, wrong=wrong)

    def check(self, name, good, otherwise):
        """A result that is right or wrong; "otherwise" says what was seen."""
        self.result(name, bool(good), None if good else str(otherwise))

    def figure(self, name, number, unit):
        """A measure: its ratio is shown, and never judged."""
        self.say("figure", name, value=number, unit=unit)

    def fact(self, name, text):
        """Information: it is shown and not compared."""
        self.say("fact", name, value=text)

    def file(self, name, data):
        """Bytes that come out as build/apps/APP-KERNEL-SIDE-NAME."""
        packed = base64.b64encode(zlib.compress(data)).decode()
        self.say("file", name, value=packed)

    def note(self, text):
        for line in text.splitlines():
            print(f"{self.name} {self.side}: {line}", flush=True)

    @contextlib.contextmanager
    def part(self, name, reached=True):
        """A part of the work. An exception ends the part, which has failed then.

        reached=False is for programs that a preload does not reach: the
        control cannot come out red there.
        """
        outer, self.where = self.where, name
        self.say("part", name, reached=reached)
        begin, calls = time.monotonic(), self.calls(self.registry)
        try:
            yield
            self.result("came to its end", True)
        except Exception as error:
            self.note(traceback.format_exc())
            self.result("came to its end", False,
                        f"{type(error).__name__}: {error}".split("\n")[0])
        self.fact("seconds", round(time.monotonic() - begin, 1))
        self.fact("calls served", self.calls(self.registry) - calls)
        self.where = outer

    # Running programs.

    def command(self, *command, bare=False, user=None):
        """-> the command that runs a program on this side, as that user if one
        is named. Programs without shared memory are run bare."""
        who = ["setpriv", f"--reuid={user}", f"--regid={user}",
               "--init-groups", "--"] if user else []
        prefix = [] if bare else self.prefix
        return prefix + who + [str(word) for word in command]

    def run(self, *words, bare=False, user=None, status=0, timeout=PATIENCE,
            **more):
        """Run a program to its end. Any exit status but "status" raises an
        exception; None allows all. Standard error goes to standard output."""
        command = self.command(*words, bare=bare, user=user)
        self.note("$ " + " ".join(command))
        kinds = {"stdin": subprocess.DEVNULL} if "input" not in more else {}
        done = subprocess.run(command, text=True, errors="replace",
                              timeout=timeout, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, **kinds, **more)
        if status is not None and done.returncode != status:
            self.note(done.stdout[-4000:])
            last = (done.stdout.strip() or "(silence)").splitlines()[-1]
            raise RuntimeError(f"{os.path.basename(words[0])} ended with "
                               f"status {done.returncode}: {last}")
        return done

    def start(self, *words, bare=False, user=None, **more):
        """Start a program in the background; main() ends it at last."""
        command = self.command(*words, bare=bare, user=user)
        self.note("$ " + " ".join(command) + " &")
        kinds = {"stdin": subprocess.DEVNULL, "text": True,
                 "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, **{**kinds, **more})

    @staticmethod
    def wait_for(condition, what, seconds=60):
        """Call condition() until it returns something true, and return that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = condition()
            if answer:
                return answer
            time.sleep(0.1)
        raise TimeoutError(f"no {what} within {seconds} seconds")

    # Lists and counts of the kernel.

    def rows(self):
        """This side's segments, as the kernel lists them."""
        return rows(self.registry)

    def ids(self):
        return {int(row.split()[1]) for row in self.rows()}

    def left_over(self):
        """-> rows of segments that were not there at the start."""
        return [row for row in self.rows()
                if int(row.split()[1]) not in self.segments]

    def served(self):
        """-> {"kshm": {kind: calls}, "in-tree": {kind: calls}}"""
        return self.counters.read()

    def calls(self, side):
        return sum(self.served()[side].values())

    @contextlib.contextmanager
    def elsewhere(self, what):
        """A preload does not reach programs in this block; verify that they use
        in-tree shm. The switch does reach them."""
        mine = self.where_unreached()
        before = {side: self.calls(side) for side in OTHER}
        yield
        grown = {side: self.calls(side) - before[side] for side in OTHER}
        if self.registry != mine:
            self.elsewhere_calls += grown[mine]
        self.check(f"{what}: it is where a preload does not matter",
                   grown[mine] and not grown[OTHER[mine]],
                   f"{grown['in-tree']} calls in-tree, {grown['kshm']} on kshm")

    def where_unreached(self):
        """-> the registry of programs that a preload does not reach"""
        return "kshm" if self.side == "switched" else "in-tree"

    def judge_calls(self):
        """This side must have served all calls, and the other side none."""
        counts = self.served()
        mine, others = counts[self.registry], counts[OTHER[self.registry]]
        attaches = mine["attach" if self.registry == "kshm" else "shmat"]
        strange = sum(others.values()) - self.elsewhere_calls
        wrong = None
        if not attaches:
            wrong = "no segment was attached here"
        elif strange:
            wrong = f"the other side served {strange} calls"
        made = counts["kshm"]["create"]
        shared = f"{made:,} segment{'s' if made != 1 else ''} of " \
                 f"{self.counters.bytes_created() / 1024:,.0f} KiB in all"
        self.say("calls", "calls served", value=mine, shared=shared)
        self.say("result", "calls were served by this side alone",
                 value=not wrong, wrong=wrong, own=True)

    def judge_rest(self):
        rest = self.left_over()
        for row in rest:
            self.note(f"left over: {row}")
        self.say("result", "segments left over", value=len(rest), wrong=None,
                 own=True)

    # The end.

    def end_processes(self):
        """End all processes that were not there at the start: nothing else
        runs in this guest."""
        for _ in range(50):
            rest = processes() - self.processes - {os.getpid()}
            for pid in rest:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if not rest:
                return
            time.sleep(0.1)

    def end(self):
        self.where = None
        self.end_processes()
        self.judge_calls()
        self.judge_rest()
        # ../run reads complaints of the kernel up to this mark.
        write("/dev/kmsg", f"mark: {self.name} {self.side} has ended\n")
        for row in self.left_over():
            subprocess.run(self.tools + ["ipcrm", "-m", row.split()[1]],
                           check=False)
        self.counters.end()
        self.say("end", "ended")


def main(work):
    """Run an app's work on the side that the command line names."""
    sides = [word for word in sys.argv[1:] if word in PREFIX]
    if len(sides) != 1:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(PREFIX)} [--short]")
    if not os.path.exists(f"{JOB}/cmd"):
        sys.exit("An app ends all processes that it finds; run it by make "
                 "apps, in a guest.")
    app = App(sides[0], "--short" in sys.argv)
    try:
        work(app)
    except Exception as error:
        app.note(traceback.format_exc())
        app.result("came to its end", False, f"{type(error).__name__}: {error}")
    finally:
        app.end()
