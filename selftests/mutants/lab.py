# SPDX-License-Identifier: GPL-2.0
"""Building mutants in scratch copies of the sources, and trying them in guests."""

import collections
import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path += [os.path.join(HERE, folder)
             for folder in ("../runner", "../faults", "../../qemu")]
import faultparts
import judge
import table
import tap
from common import BUILD, QEMU, TESTS, TOP, beside
from parts import parts

SOURCES = ("Kbuild", "module", "uapi")
# A program of selftests/faults, and the module that it loads.
HOLD, HOLDER = "hold", "debug-holder"
TIME_IS_UP = "boot: the guest was stopped"
Result = collections.namedtuple("Result", "good text notes")
# A guest's task with a mutant: the words that try-mutants takes after its name, and
# the number of processors.
Task = collections.namedtuple("Task", "mutant words cpus")


class Broken(Exception):
    """The mutant could not be tried at all."""


class Stopped(Exception):
    """Somebody ended the run."""


class Children:
    """The commands that run now; all end when the run is stopped.

    Each is the leader of a session, so that its children go with it. None
    outlives this process, even if that is killed.
    """

    def __init__(self):
        self.running, self.stopped = set(), False
        self.lock = threading.Lock()

    def lines(self, command):
        """Run a command -> the lines that it prints"""
        child = self._start(command)
        try:
            for line in child.stdout:
                yield line.rstrip("\r\n")
        finally:
            self._end(child)
        if self.stopped:
            raise Stopped

    def _start(self, command):
        with self.lock:
            if self.stopped:
                raise Stopped
            child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "SIGTERM", *command], text=True,
                errors="replace", start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            self.running.add(child)
        return child

    def _end(self, child):
        with self.lock:
            kill_group(child)
            self.running.discard(child)
        child.stdout.close()
        child.wait()

    def stop(self):
        with self.lock:
            self.stopped = True
            for child in self.running:
                kill_group(child)


def kill_group(child):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)


class Trial:
    """The lines of one guest about one mutant."""

    def __init__(self, mutant, kernel):
        self.mutant, self.kernel = mutant, kernel
        # The modules tried: for an entry of the table the one as it is, the
        # mutant, and the mutant with the whole program.
        self.tried, self.program = [], None
        self.passed, self.failures = set(), []
        self.done = self.damaged = False

    def take(self, line):
        mark, _, rest = line.partition(" ")
        if mark == "@try":
            self.tried.append(rest)
        elif mark == "@begin":
            self.program = rest
        elif mark == "@kernel":
            self.damage(f"the kernel said: {rest}")
        elif mark == "@left":
            self.fail(f"it left a segment behind: {rest}")
        elif mark == "@late":
            self.damage("it hung")
        elif mark == "@end":
            self.end(rest)
        elif mark == "@done":
            self.done = True
        elif tap.is_case(line):
            self.take_case(tap.Case(line))

    def take_case(self, case):
        if not case.ok:
            self.failures.append(case.name)
        elif not case.skip:
            self.passed.add(case.name)
        # If a module cannot be unloaded, the next mutant would run beside it.
        self.damaged |= not case.ok and self.program == "unload"

    def end(self, status):
        for said in self.kernel.complaints_until(f"{self.program} has ended"):
            self.damage(f"the kernel said: {said}")
        if status != "0" and not self.failures:
            self.fail(f"it ended with status {status}")

    def fail(self, what):
        self.failures.append(f"{self.program}: {what}")

    def damage(self, what):
        self.damaged = True
        self.fail(what)

    def died(self):
        said = self.kernel.complaints()
        self.damage("the guest died" + (f": {said[0]}" if said else ""))

    def over(self):
        """-> whether the guest has nothing more to say"""
        return self.damaged

    def fits(self):
        """-> whether the case passes on the module as it is"""
        return (self.mutant.case in self.passed and
                self.mutant.name in self.tried)

    def result(self):
        name, case = self.mutant.name, self.mutant.case
        if not self.fits():
            return Result(False, f"{name}: {case} does not pass on the module "
                          "as it is", self.failures)
        if not self.failures:
            return Result(False, f"{name}: survived", [self.mutant.wrong])
        killer, notes = self.failures[0], []
        if self.tried.count(name) > 1:
            notes = [f"{name}: the table says that {case} kills it"]
        elif killer != case:
            killer = f"{case}: {killer}"
        return Result(True, f"{name}: killed by {killer}", notes)


def cpus_for(program):
    """-> how many processors its guest has; cases of fair trace functions"""
    return 1 if program == "fair" else 2


def files_of_hold(kernel):
    """-> the files that hold needs beside the selftests"""
    faultparts.program(HOLD, 300)
    return {f"tests/{HOLD}": os.path.join(TESTS, HOLD),
            f"tests/{HOLDER}.ko": faultparts.module(kernel, HOLDER)}


def parts_of_hold(kernel, mutants):
    """-> these files, if a mutant is for hold"""
    if HOLD not in {mutant.program for mutant in mutants}:
        return {}
    return files_of_hold(kernel)


class Lab:
    """A scratch copy of the sources, in which mutants are built and tried."""

    TRIAL = Trial
    BOOT = ()           # more options for qemu/boot
    built = 0           # modules, so far

    def __init__(self, kernel, home, children, more):
        self.kernel, self.home, self.children = kernel, home, children
        self.tree, self.job = (os.path.join(home, f) for f in ("tree", "job"))
        self.log = os.path.join(home, "guest.log")
        for source in SOURCES:
            copy = shutil.copytree if source != "Kbuild" else shutil.copy2
            os.makedirs(self.tree, exist_ok=True)
            copy(os.path.join(TOP, source), os.path.join(self.tree, source))
        self._fill_job(more)

    def _fill_job(self, more):
        """Link the files that each guest gets in /job."""
        files = {"try-mutants": os.path.join(HERE, "try-mutants"), **parts(),
                 **more}
        for name, path in files.items():
            link = os.path.join(self.job, name)
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(path, link)
        os.mkdir(os.path.join(self.job, "mutants"))

    def module_of(self, name):
        return os.path.join(self.job, "mutants", f"{name}.ko")

    def switch_of(self, name):
        return os.path.join(self.job, "mutants", f"{name}-switch.ko")

    def build(self, name):
        """Compile what has changed since the last build."""
        module = os.path.join(self.tree, "kshm.ko")
        if os.path.exists(module):
            os.remove(module)
        kdir = os.path.join(BUILD, "kernels", self.kernel, "kdir")
        said = list(self.children.lines(
            [os.path.join(QEMU, "kbuild"), kdir, "-s", f"M={self.tree}",
             "modules"]))
        if not os.path.exists(module):
            raise Broken("\n".join(["it does not build:", *said[-20:]]))
        os.rename(module, self.module_of(name))
        shutil.copy(beside(module, "kshm_switch"), self.switch_of(name))
        self.built += 1

    def build_original(self):
        """Build the module as it is, once."""
        if not os.path.exists(self.module_of("kshm")):
            self.build("kshm")

    def write(self, texts):
        for file, text in texts.items():
            with open(os.path.join(self.tree, file), "w") as out:
                out.write(text)

    def build_mutant(self, mutant):
        original = {file: table.read(os.path.join(self.tree, file))
                    for file in mutant.files()}
        self.write(mutant.changed(self.tree))
        try:
            self.build(mutant.name)
        finally:
            self.write(original)

    def discard(self, mutant):
        for module in self.module_of(mutant.name), self.switch_of(mutant.name):
            with contextlib.suppress(FileNotFoundError):
                os.remove(module)

    def judge(self, batch):
        """Build mutants and try them -> results"""
        self.build_original()
        waiting = []
        for mutant in batch:
            try:
                self.build_mutant(mutant)
                waiting.append(Task(mutant, f"{mutant.program} {mutant.case}",
                                    cpus_for(mutant.program)))
            except Broken as why:
                yield Result(False, mutant.name, [str(why)])
        while waiting:
            trials = self.boot([task for task in waiting
                                if task.cpus == waiting[0].cpus])
            for trial in trials:
                # A mutant before it may have damaged the guest.
                if trial.fits() or trial is trials[0]:
                    yield trial.result()
                    waiting = [task for task in waiting
                               if task.mutant != trial.mutant]
        for mutant in batch:
            self.discard(mutant)

    def boot(self, tasks):
        """Try mutants in one guest, as far as it goes -> trials"""
        with open(os.path.join(self.job, "list"), "w") as out:
            for task in tasks:
                out.write(f"{task.mutant.name} {task.words}\n")
        by_name = {task.mutant.name: task.mutant for task in tasks}
        kernel = judge.Log(self.log)
        trials, said, late = [], [], False
        with contextlib.closing(self.children.lines(
                [os.path.join(QEMU, "boot"), "--kernel", self.kernel,
                 "--cpus", str(tasks[0].cpus),
                 "--job", self.job, "--run", "try-mutants",
                 "--time", "3600", "--log", self.log, *self.BOOT])) as lines:
            for line in lines:
                late |= line.startswith(TIME_IS_UP)
                if line.startswith("@mutant "):
                    name = line.partition(" ")[2]
                    trials.append(self.TRIAL(by_name[name], kernel))
                elif trials:
                    trials[-1].take(line)
                    if trials[-1].over():
                        return trials
                else:
                    said.append(line)
        if not trials:
            raise Broken("\n".join(["no test began in the guest:", *said[-20:]]))
        if late and len(trials) > 1:
            # The time was spent on those before it; it gets another guest.
            trials.pop()
        elif not trials[-1].done:
            trials[-1].died()
        return trials


class Lot:
    """Labs at work on batches, each in a thread of its own."""

    def __init__(self, labs, batches, children):
        self.children, self.results = children, queue.Queue()
        self.labs, self.judged = labs, 0
        self.batches, self.taking = iter(batches), threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(lab,))
                        for lab in labs]

    def next_batch(self):
        with self.taking:
            return next(self.batches, None)

    def work(self, lab):
        try:
            while (batch := self.next_batch()) is not None:
                for result in lab.judge(batch):
                    self.results.put(result)
        except Stopped:
            pass
        except Exception as error:
            self.results.put(error)
        self.results.put(None)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.children.stop()
        for thread in self.threads:
            thread.join()

    def all_results(self):
        working = len(self.threads)
        while working:
            result = self.results.get()
            if isinstance(result, Exception):
                raise result
            if result is None:
                working -= 1
            else:
                self.judged += 1
                yield result

    def how_far(self):
        built = sum(lab.built for lab in self.labs)
        return f"{built} modules are built, {self.judged} mutants are judged"
