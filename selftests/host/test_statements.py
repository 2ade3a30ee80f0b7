# SPDX-License-Identifier: GPL-2.0
"""Each case has a statement, and a false one is found out."""

import os
import re
import shutil

import pytest
from commands import ends, refuses
from common import TOP

STATEMENTS = "selftests/lint/statements"
DIFFERENCES = "Documentation/differences.rst"
SECURITY = "Documentation/security.rst"
# The folders that the script reads.
READ = ("selftests/cases", "selftests/faults", "selftests/host",
        "selftests/lint", "selftests/model", "selftests/oracle")
CASES = "selftests/cases/rmid.c"
HOLD = "selftests/faults/hold.c"
ELSEWHERE = "selftests/cases/elsewhere"
HISTORY = "selftests/cases/history"
FIRST = r"^\tdifference:security-modules$"


@pytest.fixture
def copy(tmp_path):
    for folder in READ:
        shutil.copytree(os.path.join(TOP, folder), tmp_path / folder)
    (tmp_path / "Documentation").mkdir()
    for page in DIFFERENCES, SECURITY:
        shutil.copy2(os.path.join(TOP, page), tmp_path / page)
    return tmp_path


def test_statements_hold():
    ends([STATEMENTS], 0)


@pytest.mark.parametrize("path, old, new, sentence", [
    pytest.param(path, old, new, sentence, id=id)
    for id, path, old, new, sentence in (
        ("case_without_one", CASES, r"^(/\* rmid: )(The pages of)", r"/* \2",
         "memory_comes_back has no statement"),
        ("without_full_stop", CASES, r"(free when it has ended)\.", r"\1",
         "ends in a full stop"),
        ("unknown_topic", CASES, r"^/\* rmid: (The pages.*) \*/$",
         r"/*\n * rmid: \1\n * taste: Sweet.\n */", "there is no topic taste"),
        ("fixture_without_program", CASES, r"^TEST_F\(rmid, memory",
         "TEST_F(room, memory", "fixture room needs a program"),
        ("cut_exit_code", CASES, r"rmid\(id\);\n\twhile",
         "_exit(1);\n\twhile", "can hide how a child ended"),
        ("cut_exit_code_of_faults", HOLD, r"_exit\(0\);", "_exit(1);",
         "hold.c:"),
        ("unknown_operation", ELSEWHERE, FIRST, "\toracle:fly",
         "there is no oracle fly"),
        ("unknown_difference", ELSEWHERE, FIRST, "\tdifference:taste",
         "there is no difference taste"),
        ("unknown_case", ELSEWHERE, FIRST, "\tshmget.gone",
         "there is no case shmget.gone"),
        ("unknown_debug_case", ELSEWHERE, FIRST, "\tdebug:failnth.gone",
         "there is no debug failnth.gone"),
        ("unknown_host_test", ELSEWHERE, FIRST, "\thost:no_such",
         "there is no host no_such"),
        ("unknown_model_mutant", ELSEWHERE, FIRST, "\tmodel:life.gone",
         "there is no model life.gone"),
        ("bug_without_case", HISTORY, r"^(= Life.*)$",
         r"\1\nA segment sank.\n\tAtlantic",
         "no case shows this: A segment sank."),
        ("bug_without_place", HISTORY, r"^\tgVisor\n", "", "where was this?"),
        ("case_of_unknown_bug", ELSEWHERE, r"^history: The listing read",
         "history: The listing ate", "shows a bug that is not there"),
        ("stray_line_of_history", HISTORY, r"^\tCVE-2017-5669$",
         "CVE-2017-5669", "this is neither a theme"),
        ("unknown_kind", ELSEWHERE, FIRST, "\ttaste:sweet", "none of debug:"),
        ("without_evidence", ELSEWHERE, FIRST + r"\n", "",
         "nothing shows this"),
        ("stray_line", ELSEWHERE, r"^ids: ", "ids - ",
         "neither a statement"),
        ("page_with_unknown_case", DIFFERENCES, r"\*differences\.\w+\*",
         "*shmat.gone*", "no case shmat.gone"),
        ("security_with_unknown_case", SECURITY, r"\*shares\.\w+\*",
         "*hold.gone*", "no case hold.gone"))])
def test_statements_refused(path, old, new, sentence, copy):
    text, edits = re.subn(old, new, (copy / path).read_text(), count=1,
                          flags=re.M)
    assert edits, f"{old} is not in {path}"
    (copy / path).write_text(text)
    refuses([str(copy / STATEMENTS)], sentence)
