# SPDX-License-Identifier: GPL-2.0
"""The stages of make check: each can run, two that write the same files never run
at the same time, and the reports of two that do run together are not mixed."""

import os
import re
import shlex
import sys

import pytest
import stages
import tap
from commands import ends, loaded
from common import TOP

ONE = """import sys, time
for number in range(5):
    print(f"ok {number + 1} %s{number}", flush=True)
    time.sleep(0.05)
print("1..5")
"""


@pytest.fixture(scope="module")
def check():
    """The script as a module."""
    return loaded("runner/check")


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.name)
def test_stage_has_its_program(stage):
    program = shlex.split(stage.command)[0]
    assert program == "make" or os.access(os.path.join(TOP, program), os.X_OK)


def understands_help(stage):
    """Is the stage's program one that reads its arguments by argparse?"""
    path = os.path.join(TOP, shlex.split(stage.command)[0])
    if not os.path.isfile(path):
        return False
    with open(path) as file:
        return "import argparse" in file.read()


@pytest.mark.parametrize("stage", filter(understands_help, stages.STAGES),
                         ids=lambda stage: stage.name)
def test_stage_has_good_arguments(stage):
    """Bad ones end a program before it comes to --help."""
    ends([*shlex.split(stage.command), "--help"], 0)


@pytest.mark.parametrize("stage", [
    stage for stage in stages.STAGES if stage.command.startswith("make ")],
    ids=lambda stage: stage.name)
def test_stage_has_its_target(stage):
    with open(os.path.join(TOP, "Makefile")) as file:
        targets = re.findall(r"^([\w -]+):(?!=)", file.read(), re.M)
    assert stage.command.split()[1] in " ".join(targets).split()


@pytest.mark.parametrize("target", sorted({
    target for stage in stages.STAGES for target in stage.parts.split()
    if "=" not in target}))
def test_parts_are_targets(target):
    ends(["make", "-n", "KERNEL=6.12", target], 0)


def test_stages_have_names_of_their_own():
    names = [stage.name for stage in stages.STAGES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("size", ["check", "all"])
def test_size_has_stages(size):
    assert stages.of_size(size)


def test_stage_waits_for_its_files(check):
    first, second, third = (
        stages.Stage(name, "", "", files=files) for name, files in (
            ("first", "log"), ("second", "log"), ("third", "")))
    running = {None: (first, None)}
    assert check.next_stage([second, third], running) == third
    assert check.next_stage([second], running) is None
    assert check.next_stage([second], {}) == second


def test_stages_are_not_mixed(check, capsys):
    """Two at a time, whose cases come in turn."""
    wanted = [stages.Stage(name, "", shlex.join(
        [sys.executable, "-c", ONE % name])) for name in ("a", "b")]
    report = tap.Report()
    check.run_together(report, check.Table(report), wanted, 2)
    said = [line.split()[2] for line in capsys.readouterr().out.splitlines()
            if line.startswith("ok")]
    blocks = [[f"{name}{number}" for number in range(5)] for name in "ab"]
    assert said in (blocks[0] + blocks[1], blocks[1] + blocks[0])
