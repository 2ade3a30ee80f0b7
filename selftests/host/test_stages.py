# SPDX-License-Identifier: GPL-2.0
"""The stages of make check: each can run, two that write the same files never run
at the same time, the reports of two that do run together are not mixed, and long
ones are not silent."""

import argparse
import os
import re
import shlex
import sys

import kernels
import matrix
import pytest
import stages
import tap
from commands import ends, loaded, refuses
from common import TOP

ONE = """import sys, time
for number in range(5):
    print(f"ok {number + 1} %s{number}", flush=True)
    time.sleep(0.05)
print("1..5")
"""

# Ends well only when the file that it is given appears. Time only limits a hang.
UNTIL = """import os, sys, time
print("ok 1 half way", flush=True)
end = time.monotonic() + 60
while not os.path.exists(sys.argv[1]):
    if time.monotonic() > end:
        sys.exit("nobody told how far this is")
    time.sleep(0.01)
print("1..1")
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


def test_smoke_of_32_bit_programs_has_good_arguments(check, monkeypatch):
    monkeypatch.setenv("TESTS", "shmget vma")
    monkeypatch.setenv("PROGRAMS", "i386")
    stage, = check.wanted_stages(argparse.Namespace(
        stages=[], kernels=[], size=None, kernel=None, smoke="9.9"))
    refuses(shlex.split(stage.command), "there is no module for Linux 9.9")


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


def test_matrix_has_each_kernel():
    """All cases run on each kernel that Debian has, and as 32-bit programs."""
    assert set(stages.MATRIX) == {*kernels.KERNELS, "6.12-i386"}
    for kernel, kinds in stages.MATRIX.items():
        assert [stage.name for stage in stages.of_matrix(kernel)] == [
            f"{kind}-{kernel}" for kind in kinds]


@pytest.mark.parametrize("kernel", stages.MATRIX)
def test_matrix_runs_the_programs_that_are_named(kernel):
    stage, = stages.of_matrix(kernel, "shmget vma")
    assert stage.name == f"selftests-{kernel}"
    assert stage.command.endswith(" shmget vma")


def test_matrix_kernel_unknown_refused():
    refuses(["make", "--no-print-directory", "matrix", "KERNELS=6.1 cake"],
            "make matrix has no kernel cake; say some of 6.1 6.12 ")


def test_matrix_is_a_table_of_the_pages():
    rows = [("selftests-6.1", 10, 0, 2, "5 s"), ("selftests-7.3-rt", 9, 1, 2, "61 s"),
            ("oracle-6.1", 15, 0, 0, "7 s")]
    assert matrix.table(rows).splitlines() == [
        "======  =========  ======  ======  =======  ====",
        "kernel  what       passed  failed  skipped  took",
        "======  =========  ======  ======  =======  ====",
        "6.1     selftests  10      0       2        5 s",
        "6.1     oracle     15      0       0        7 s",
        "7.3-rt  selftests  9       1       2        61 s",
        "======  =========  ======  ======  =======  ===="]


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


@pytest.fixture
def heard(check, tmp_path, monkeypatch):
    """-> a function that runs a stage until news has the words, and gives all that
    was said"""
    def hear(words, run, **fields):
        told, file = [], tmp_path / "told"
        file.unlink(missing_ok=True)
        waits = shlex.join([sys.executable, "-c", UNTIL, str(file)])

        def say(sentence):
            told.append(sentence)
            if words in sentence:
                file.touch()

        monkeypatch.setattr(check.cache, "say", say)
        monkeypatch.setattr(check, "NEWS", 0.01)
        monkeypatch.setattr(check, "BUILD_NEWS", 0.01)
        monkeypatch.setattr(check, "BUILD", str(tmp_path))
        (tmp_path / "until").write_text(UNTIL)
        (tmp_path / "Makefile").write_text(
            f"wait:\n\t@'{sys.executable}' '{tmp_path}/until' '{file}'\n")
        report = tap.Report()
        run(report, stages.Stage("long", "", waits, **fields))
        assert report.passed == 1 and not report.failed
        return told
    return hear


@pytest.mark.parametrize("tap_too, words", [
    (True, "running: long (1 cases)"), (False, "running: long: ok 1 half way")],
    ids=["cases", "log"])
def test_long_stage_is_not_silent(tap_too, words, check, heard):
    for run in (
            lambda report, stage: check.run_alone(
                report, check.Table(report), [stage]),
            lambda report, stage: check.run_together(
                report, check.Table(report), [stage], 2)):
        assert heard(words, run, tap=tap_too)[0] == "long begins"


def test_long_build_is_not_silent(check, heard, tmp_path):
    told = heard("running: build-long: ok 1 half way",
                 lambda report, stage: check.build_parts(report, [stage]),
                 parts=f"-f '{tmp_path}/Makefile' wait")
    assert told[0].startswith("building for long: make -f")


def test_news_has_the_last_of_a_meter(check, tmp_path):
    log = tmp_path / "log"
    assert check.last_line(log) == ""
    log.write_text("Get:1 linux\n 10%\r 20%\r 30%\r\n\n")
    assert check.last_line(log) == "30%"
