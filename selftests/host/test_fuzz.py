# SPDX-License-Identifier: GPL-2.0
"""The fuzzer's programs as text, and how one is made short."""

import glob
import os
import subprocess

import pytest
import uapi
from commands import loaded, refuses
from common import SELFTESTS

TRACES = sorted(glob.glob(os.path.join(SELFTESTS, "fuzz/traces/*.trace")))


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory):
    """The runner as a module, with a program that is built here."""
    folder = str(tmp_path_factory.mktemp("fuzz"))
    subprocess.run(["make", "-s", "-C", os.path.join(SELFTESTS, "fuzz"),
                    f"O={folder}"], check=True)
    module = loaded("fuzz/fuzz")
    module.PROGRAM = os.path.join(folder, "fuzz")
    module.KEPT = folder
    module.CORPUS = os.path.join(folder, "corpus")
    return module


def test_fuzz_has_a_word_for_each_command(fuzz):
    words = subprocess.run([fuzz.PROGRAM, "--words"], stdout=subprocess.PIPE,
                           text=True, check=True).stdout.split()
    assert {name.lower() for name in uapi.commands()} <= set(words)


def test_fuzz_programs_are_read_as_they_are_printed(fuzz, tmp_path):
    programs = [fuzz.made_again(-1, seed, os.devnull) for seed in range(200)]
    assert len({len(steps) for steps in programs}) > 5
    path = tmp_path / "programs"
    path.write_text(fuzz.text_of(programs))
    assert fuzz.programs_of(str(path)) == programs


def test_fuzz_program_is_made_again_from_its_numbers(fuzz, tmp_path):
    path = tmp_path / "corpus"
    path.write_text(fuzz.text_of([fuzz.made_again(-1, 1, os.devnull)]))
    one, same, other = (fuzz.made_again(0, seed, str(path)) for seed in (5, 5, 6))
    assert one == same != other


@pytest.mark.parametrize("path", TRACES, ids=os.path.basename)
def test_fuzz_trace_is_as_it_is_printed(path, fuzz):
    with open(path) as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("#")]
    assert fuzz.text_of(fuzz.programs_of(path)).splitlines() == lines


@pytest.mark.parametrize("line", [
    "p0 fly", "p9 info flags=0", "p0 info", "p0 info flags=tea",
    "p0 stat id=f0 flags=0", "p0 stat id=s8 flags=0", "p0 info flags=0 more=1",
    "p0 signal to=1 sig=0"])
def test_fuzz_other_step_refused(line, fuzz, tmp_path):
    path = tmp_path / "trace"
    path.write_text(f"p0 info flags=0\n{line}\nend\n")
    refuses([fuzz.PROGRAM, "--print", str(path)], f"{path}:2 is not a step")


def test_fuzz_missing_trace_refused():
    refuses(["selftests/fuzz/fuzz", "6.12", "--replay", "/nonexistent"],
            "there is no trace /nonexistent")


class Guests:
    """Guests in which programs fail that have all of some steps."""

    def __init__(self, *needed):
        self.needed, self.boots = set(needed), 0

    def first_failure(self, programs):
        self.boots += 1
        return next((at for at, steps in enumerate(programs)
                     if self.needed <= set(steps)), None)


@pytest.mark.parametrize("needed", [(0,), (39,), (3, 17), (0, 1, 2, 38, 39),
                                    tuple(range(40))])
def test_fuzz_program_made_short(needed, fuzz):
    guests = Guests(*needed)
    assert fuzz.shrink.shrink(list(range(40)), guests.first_failure) == list(needed)
    assert guests.boots < 60


@pytest.mark.parametrize("lines, what, kept", [
    (["@run -1 5", "@done 1 programs"], "", 0),
    (["@run -1 5", "@keep", "p0 info flags=0", "end", "@run 0 6", "@left 2"],
     "2 references on the module are left", 1),
    (["@run -1 5", "@hang"], "a program does not end", 0)])
def test_fuzz_guest_followed(lines, what, kept, fuzz):
    guest = fuzz.Guest(fuzz.argparse.Namespace(kernel="6.12"))
    for line in lines:
        guest.take(line)
    assert guest.outcome.ran[0] == (-1, 5)
    assert guest.outcome.kept == ["p0 info flags=0\nend\n"] * kept
    assert guest.wrong == ([what] if what else [])


def test_fuzz_same_complaint_is_one_kind(fuzz):
    kinds = {fuzz.Outcome([], [], what=what).kind() for what in (
        "the kernel said: BUG: KASAN: slab-use-after-free in vma_close+0x12/0x34",
        "the kernel said: BUG: KASAN: slab-use-after-free in vma_close+0x56/0x34")}
    assert len(kinds) == 1
