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


@pytest.mark.parametrize("kshm, wanted", [([90, 80, 85], 0), ([90, 99, 98], 1)])
def test_bench_missed_goal_fails_where_it_must_not(kshm, wanted, tmp_path):
    status, output = run([*samples(tmp_path / "samples.json", kshm=kshm,
                                   in_tree=[100] * 3), "--must"])
    assert status == wanted, output


def test_bench_goal_within_the_spread(tmp_path):
    path = tmp_path / "samples.json"
    key = "time", "users", 1000, "shmget beside SHM_INFO"
    path.write_text(json.dumps({"samples": [
        {"key": key + ("kshm",), "values": [100, 120, 130]},
        {"key": key + ("in-tree",), "values": [100] * 3}]}))
    status, output = run([*BENCH, "--samples", str(path), "--must"])
    assert status == 1 and "shmget, another user: SHM_INFO" in output
    path.write_text(path.read_text().replace("[100, 120, 130]", "[100, 104, 130]"))
    assert run([*BENCH, "--samples", str(path), "--must"])[0] == 0


def test_bench_one_side_refused(tmp_path):
    refuses(samples(tmp_path / "samples.json", kshm=[1]), "no figure")


def test_bench_no_samples_refused():
    refuses(BENCH + ["--samples", "/dev/null"], "holds no samples")


def test_bench_no_module_refused():
    refuses(BENCH + ["--module", "/nowhere.ko"], "make bench builds it")


def test_bench_too_many_cpus_refused():
    refuses(BENCH + ["--cpus", "64"], "CPUS can be")
