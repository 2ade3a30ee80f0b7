# SPDX-License-Identifier: GPL-2.0
"""How test programs are judged, and what programs saw on two sides."""

import json

import pytest
import tap
from commands import ends, refuses

COMPARE = ["selftests/programs/compare"]
GOOD = [("kshm", "a", ["1"], None), ("in-tree", "a", ["1"], None)]


def lines(*items):
    return "".join(json.dumps(dict(zip(("side", "name", "lines", "wrong"),
                                       item))) + "\n" for item in items)


def test_compare_same_agrees():
    ends(COMPARE, 0, text=lines(*GOOD))


def test_compare_nothing_disagrees():
    refuses(COMPARE, "NOT agree on 0 of 0", text="")


def test_compare_one_sided_disagrees():
    refuses(COMPARE, "NOT agree on 1 of 1", text=lines(GOOD[0]))


def test_compare_difference_disagrees():
    refuses(COMPARE, "NOT agree on 1 of 2", text=lines(
        *GOOD, ("kshm", "b", ["1"], None), ("in-tree", "b", ["2"], None)))


def test_compare_equal_failures_disagree():
    refuses(COMPARE, "NOT agree on 1 of 2", text=lines(
        *GOOD, ("kshm", "b", [], "it failed"),
        ("in-tree", "b", [], "it failed")))


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
