# SPDX-License-Identifier: GPL-2.0
"""Try mutants that were drawn. No table names the cases that kill them.

The programs of cases run on a mutant one after the other, until a case fails. Those
that kill most of the table's mutants of the same file come first, and races last.
The oracle in its short form tries the mutants that no program notices. Those that are
left then are tried on the debug kernel, if that is built, where one allocation after the
other fails.

At the end the programs that killed something run on the module as it is, where they
have to pass.
"""

import collections
import contextlib
import difflib
import hashlib
import os
import re
import shlex
import subprocess
import threading

import cache
import draw
import lab
import table
import tap
from common import BUILD, SELFTESTS, TESTS, TOP, all_selftests

# The outcome of a mutant: a key of SAID and its words, and the program that killed it.
Outcome = collections.namedtuple("Outcome", "mutant what words killer",
                                 defaults=("", None))
# These are no mutants: another one is drawn in the place of each.
ANEW = ("unbuilt", "unchanged")
SAID = {
    "killed": "killed by {}",
    "listed": "killed by {} of the table",
    "equal": "makes no difference: {}",
    "survived": "survived",
    "unbuilt": "does not build; another one is drawn",
    "unchanged": "compiles to the same code; another one is drawn",
}
ORACLE = "oracle"
# A program of selftests/faults, the kernel that it wants, and its seconds there.
FAULTS, FAULTY, PATIENCE = "failnth", "debug", 1800
TRACE = re.compile(r"# oracle: a trace is in (\S+)")
PLAN = re.compile(r"1\.\.\d")
# A mutant that hangs in the kernel ends its guest soon.
PANIC = ("softlockup_panic=1 watchdog_thresh=20 hung_task_panic=1 "
         "sysctl.kernel.hung_task_timeout_secs=60")


def text_of(outcome):
    """-> the outcome, as one line"""
    return f"{outcome.mutant}: {SAID[outcome.what].format(outcome.words)}"


def entry(mutant):
    """-> a mutant as a table has it"""
    return (f"[{mutant.name}]\nwhy = \"\"\nfile = \"{mutant.file}\"\n"
            f"old = '''\n{mutant.old}'''\nnew = '''\n{mutant.new}'''\n")


def about_survivor(mutant):
    diff = difflib.unified_diff(mutant.old.splitlines(), mutant.new.splitlines(),
                                mutant.file, f"the mutant, line {mutant.line}",
                                lineterm="", n=1)
    return "\n".join([*diff, "No test noticed. Write the case that does, and add "
                      "the mutant to mutants.toml; or add it to equal.toml with "
                      "the reason why no behaviour differs:", entry(mutant)])


class Supply:
    """Mutants for the labs, one at a time, until so many were tried."""

    def __init__(self, mutants, wanted):
        self.mutants, self.left = iter(mutants), wanted
        self.lock = threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            if not self.left:
                raise StopIteration
            mutant = next(self.mutants)
            self.left -= 1
        return [mutant]

    def anew(self):
        """One that was taken was none."""
        with self.lock:
            self.left += 1


class Known:
    """Changes that the tables have; a drawn one may leave the same text."""

    def __init__(self, mutants, equals):
        self.outcomes = {}
        for one in mutants:
            self._learn(one, "listed", one.name)
        for one in equals:
            self._learn(one, "equal", one.why)

    def _learn(self, change, what, words):
        self.outcomes[self._key(change)] = what, words

    @staticmethod
    def _key(change):
        return tuple(sorted(change.changed().items()))

    def outcome(self, mutant):
        """-> the outcome, or None for one that is to be tried"""
        what, words = self.outcomes.get(self._key(mutant), (None, ""))
        return Outcome(mutant, what, words) if what else None


class Order:
    """In which order the programs run."""

    def __init__(self, mutants, programs):
        self.mutants, self.programs = mutants, programs

    def of_file(self, file):
        """-> all programs, those first that kill mutants of the file"""
        nearest = [program for program, _ in collections.Counter(
            one.program for one in self.mutants
            if file in one.files()).most_common() if program in self.programs]
        return nearest + sorted(set(self.programs) - set(nearest), key=lambda one: (
            one.startswith("race"), self.programs.index(one)))


class Trial(lab.Trial):
    """It ends with the first failure."""

    def __init__(self, mutant, kernel):
        super().__init__(mutant, kernel)
        self.begun = None       # the last program, unloading excepted

    def take(self, line):
        super().take(line)
        if self.program != "unload":
            self.begun = self.program

    def over(self):
        return bool(self.failures)


class FaultyLab(lab.Lab):
    """Tries a mutant on the debug kernel, where allocations fail."""

    TRIAL = Trial
    BOOT = ("--memory", "2048", "--append", PANIC,
            "--append", f"KSHM_PATIENCE={PATIENCE}")

    def failure(self, change):
        """-> the first case that fails on the module with this change, or None"""
        self.build_original()
        if change.edits:
            self.build_mutant(change)
        [trial] = self.boot([lab.Task(change, f"- {FAULTS}", 2)])
        if change.edits:
            self.discard(change)
        return trial.failures[0] if trial.failures else None


def faulty_labs(number, home, children):
    """-> so many labs with the debug kernel; each is None if that is not built"""
    if not os.path.exists(os.path.join(BUILD, "kernels", FAULTY, "vmlinuz")):
        return [None] * number
    lab.faultparts.program(FAULTS, PATIENCE)
    more = {f"tests/{FAULTS}": os.path.join(TESTS, FAULTS)}
    return [FaultyLab(FAULTY, os.path.join(home, f"faulty-{at}"), children, more)
            for at in range(number)]


class Lab(lab.Lab):
    """Tries one mutant at a time, with all programs."""

    TRIAL = Trial
    BOOT = ("--append", PANIC)
    ORACLE_IS_FREE = threading.Lock()   # its guests write the same log

    def __init__(self, kernel, home, children, more, *, faulty, known, order,
                 supply, seed):
        super().__init__(kernel, home, children, more)
        self.faulty, self.known, self.order = faulty, known, order
        self.supply, self.seed = supply, seed
        self.code = None

    def judge(self, batch):
        for mutant in batch:
            outcome = self.known.outcome(mutant) or self.build_and_try(mutant)
            if outcome.what in ANEW:
                self.supply.anew()
            self.discard(mutant)
            yield outcome

    def build_original(self):
        super().build_original()
        self.code = self.code or self.compiled()

    def compiled(self):
        """-> a digest of the code that was built last, without what only a
        debugger reads"""
        bare = os.path.join(self.home, "bare.o")
        subprocess.run(["strip", "--strip-debug", "-o", bare,
                        os.path.join(self.tree, "kshm.o")], check=True)
        with open(bare, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    def build_and_try(self, mutant):
        self.build_original()
        try:
            self.build_mutant(mutant)
        except lab.Broken:
            return Outcome(mutant, "unbuilt")
        if self.compiled() == self.code:
            return Outcome(mutant, "unchanged")
        failure, killer = self.try_all(mutant, self.order.of_file(mutant.file))
        if failure:
            return Outcome(mutant, "killed", failure, killer)
        return Outcome(mutant, "survived", about_survivor(mutant))

    def try_all(self, mutant, programs, oracle=True, faults=True):
        """-> the first failure, and the program that had it; or None twice"""
        for cpus in 2, 1:
            these = [one for one in programs if lab.cpus_for(one) == cpus]
            if these:
                [trial] = self.boot([lab.Task(mutant, f"- {' '.join(these)}",
                                              cpus)])
                if trial.failures:
                    return trial.failures[0], trial.begun
        failure = self.try_oracle(mutant) if oracle else None
        if failure:
            return failure, ORACLE
        failure = self.faulty.failure(mutant) if faults and self.faulty else None
        return failure, FAULTS if failure else None

    def try_oracle(self, mutant):
        """-> the first case of the oracle that fails, or None"""
        command = [os.path.join(SELFTESTS, "oracle/oracle"), self.kernel,
                   "--mode", "check", "--seed", str(self.seed),
                   "--module", self.module_of(mutant.name),
                   "--boot", shlex.join(self.BOOT)]
        said = []
        with self.ORACLE_IS_FREE, contextlib.closing(
                self.children.lines(command)) as lines:
            for line in lines:
                said.append(line)
                trace = TRACE.match(line)
                if trace:
                    # It shows what the mutant does, not what kshm does.
                    os.remove(os.path.join(TOP, trace[1]))
                if tap.is_case(line) and not tap.Case(line).ok:
                    return f"{ORACLE}.{tap.Case(line).name}"
        if not any(PLAN.match(line) for line in said):
            raise lab.Broken("\n".join(["the oracle did not run:", *said[-20:]]))
        return None

    def try_original(self, killers):
        """Run what killed mutants on the module as it is -> a failure, or None"""
        self.build_original()
        failure, _ = self.try_all(
            table.Change("kshm", []),
            [one for one in self.order.programs if one in killers],
            ORACLE in killers, FAULTS in killers)
        return failure


def run(args, home):
    """Try so many mutants -> the exit status"""
    report = tap.Report()
    chosen, mutants = draw.draw(args.seed), table.load()
    report.note(f"mutants to draw: {args.random} of {len(chosen)}, by "
                f"SEED={args.seed}; the first builds take longest")
    supply, children = Supply(chosen, args.random), lab.Children()
    known = Known(mutants, table.equals())
    order = Order(mutants, [*all_selftests(), lab.HOLD])
    more = lab.files_of_hold(args.kernel)
    faulty = faulty_labs(min(args.jobs, args.random), home, children)
    if None in faulty:
        report.note("no mutant is tried with failing allocations, since the debug "
                    "kernel is not built; \"make KERNEL=debug kernel\" builds it")
    labs = [Lab(args.kernel, os.path.join(home, str(number)), children, more,
                faulty=one, known=known, order=order, supply=supply, seed=args.seed)
            for number, one in enumerate(faulty)]
    with lab.Lot(labs, supply, children) as lot, cache.news(lot.how_far):
        report_all(report, labs[0], lot.all_results())
    return report.finish()


def report_all(report, spare, outcomes):
    """Report what becomes of all mutants, and then whether a lab that has nothing
    more to do finds that the module as it is passes."""
    counts, killers = collections.Counter(), set()
    for outcome in outcomes:
        counts[outcome.what] += 1
        killers |= {outcome.killer} - {None}
        if outcome.what in ANEW:
            report.note(text_of(outcome))
            continue
        report.add(outcome.what != "survived", text_of(outcome))
        if outcome.what == "survived":
            report.note(outcome.words)
    if killers:
        failure = spare.try_original(killers)
        report.add(not failure, "the module as it is passes all that killed "
                   "mutants" + (f": no, it fails {failure}" if failure else ""))
    report.note(", ".join(f"{counts[what]} {what}" for what in SAID))
