# SPDX-License-Identifier: GPL-2.0
"""Figures never make the bench fail; a missed goal is named, and no figure is not
taken for a good one."""

import json

import pytest
from commands import refuses, run

BENCH = ["selftests/bench/bench", "6.12"]
KEY = "count", "calls", 1, "shmat+shmdt"


def samples(path, **sides):
    path.write_text(json.dumps({"samples": [
        {"key": KEY + (side.replace("_", "-"),), "values": values}
        for side, values in sides.items()]}))
    return BENCH + ["--samples", str(path)]


@pytest.mark.parametrize("kshm, words", [
    pytest.param([90, 80, 85], "1 of 1 ratios meet their goals\n", id="met"),
    pytest.param([90, 99, 98], "0 of 1 ratios meet their goals. Missed: "
                 "shmat + shmdt 0.98 for", id="missed")])
def test_bench_goal_told(kshm, words, tmp_path):
    status, output = run(samples(tmp_path / "samples.json", kshm=kshm,
                                 in_tree=[100] * 3))
    assert status == 0 and words in output, output


def test_bench_one_side_refused(tmp_path):
    refuses(samples(tmp_path / "samples.json", kshm=[1]), "no figure")


def test_bench_no_samples_refused():
    refuses(BENCH + ["--samples", "/dev/null"], "holds no samples")


def test_bench_no_module_refused():
    refuses(BENCH + ["--module", "/nowhere.ko"], "make bench builds it")


def test_bench_too_many_cpus_refused():
    refuses(BENCH + ["--cpus", "64"], "CPUS can be")
