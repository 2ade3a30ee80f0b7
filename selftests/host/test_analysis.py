# SPDX-License-Identifier: GPL-2.0
"""Static analysis fails when a check is silent, and when a source is reported."""

import os
import sys

import pytest
from common import SELFTESTS, TOP

sys.path.append(os.path.join(SELFTESTS, "lint"))
import analysis

MISTAKES = {"one": "int f(void);", "two": "int f(int n);"}


@pytest.fixture
def planted(tmp_path):
    return analysis.Planted(str(tmp_path / "planted.c"), "#define HEAD\n", MISTAKES)


def test_analysis_passes_when_only_mistakes_are_reported(planted):
    assert planted.verdict([(planted.path, 2, "wrong [one]"),
                            (planted.path, 3, "wrong [two]")]) == ""


def test_analysis_fails_when_a_check_is_silent(planted):
    verdict = planted.verdict([(planted.path, 2, "wrong [one]"),
                               (planted.path, 3, "wrong [other]")])
    assert "two does not report the mistake in line 3" in verdict


def test_analysis_fails_when_a_source_is_reported(planted):
    verdict = planted.verdict([(planted.path, 2, "[one]"), (planted.path, 3, "[two]"),
                               (f"{TOP}/module/ns.c", 7, "wrong [one]")])
    assert verdict == "module/ns.c:7: wrong [one]"


def test_analysis_finds_the_file_of_a_joined_line(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text("1\n2\n")
    joined = analysis.Joined(str(tmp_path / "joined"),
                             [str(tmp_path / "a"), str(tmp_path / "b")])
    assert joined.place(joined.path, 4) == (str(tmp_path / "b"), 2)
    assert joined.place("kshm.h", 4) == ("kshm.h", 4)
