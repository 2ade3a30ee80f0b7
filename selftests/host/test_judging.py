# SPDX-License-Identifier: GPL-2.0
"""How test programs are judged, and what programs saw on two sides."""

import json

import pytest
import tap
from commands import refuses, run

GOOD = [("kshm", "a", ["1"], None), ("in-tree", "a", ["1"], None)]


@pytest.fixture
def observed(tmp_path):
    """-> a function that gives the command to judge what both sides saw"""
    def command(*items, ended=("kshm", "in-tree")):
        lines = [{"kind": "result", "part": None, "side": side, "name": name,
                  "value": value, "wrong": wrong}
                 for side, name, value, wrong in items]
        lines += [{"kind": "end", "part": None, "side": side, "name": "ended"}
                  for side in ended]
        path = tmp_path / "lines.json"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return ["selftests/programs/run", "--observe", "--lines", str(path),
                "6.12"]
    return command


def test_compare_same_agrees(observed):
    status, output = run(observed(*GOOD))
    assert status == 0 and "agree on 1 of 1" in output, output


def test_compare_nothing_disagrees(observed):
    refuses(observed(), "NOT agree on 0 of 0")


def test_compare_one_sided_disagrees(observed):
    refuses(observed(GOOD[0]), "NOT agree on 1 of 1")


def test_compare_difference_disagrees(observed):
    refuses(observed(*GOOD, ("kshm", "b", ["1"], None),
                     ("in-tree", "b", ["2"], None)), "NOT agree on 1 of 2")


def test_compare_equal_failures_disagree(observed):
    refuses(observed(*GOOD, ("kshm", "b", [], "it failed"),
                     ("in-tree", "b", [], "it failed")), "NOT agree on 1 of 2")


def test_compare_side_without_end_fails(observed):
    refuses(observed(*GOOD, ended=["kshm"]), "did not come to its end")


@pytest.mark.parametrize("said, status, wanted", [
    pytest.param(said, status, wanted, id=id)
    for id, said, status, wanted in (
        ("pass", ["1..1", "ok 1 a"], 0, (1, 0, 0)),
        ("fail", ["1..1", "not ok 1 a"], 1, (0, 1, 0)),
        ("skip", ["1..1", "ok 1 a # SKIP no b"], 0, (0, 0, 1)),
        ("all_skipped", ["1..0 # SKIP no b"], 4, (0, 0, 1)),
        ("silence_fails", [], 0, (0, 1, 0)),
        ("no_plan_fails", ["ok 1 a"], 0, (1, 1, 0)),
        ("short_of_plan_fails", ["1..2", "ok 1 a"], 0, (1, 1, 0)),
        ("bad_status_fails", ["1..1", "ok 1 a"], 139, (1, 1, 0)))])
def test_judge(said, status, wanted, capsys):
    """wanted: passed, failed, skipped"""
    report = tap.Report()
    program = tap.Program(report, "program")
    for line in said:
        program.line(line)
    program.end(status)
    assert (report.passed, report.failed, report.skipped) == wanted
