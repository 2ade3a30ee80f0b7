# SPDX-License-Identifier: GPL-2.0
"""The tables of mutants and of equals fit the sources, and an entry that does not is
found."""

import argparse
import os
import sys

import pytest
from commands import ends, loaded, refuses
from common import SELFTESTS, TOP

sys.path.append(os.path.join(SELFTESTS, "mutants"))

TABLE = "selftests/mutants/table.py"
GOOD = '''
[one]
wrong = "It has another licence."
killed-by = "shmget.kshm.private_always_new"
file = "module/main.c"
old = 'MODULE_LICENSE("GPL")'
new = 'MODULE_LICENSE("none")'
'''
EQUAL = """
[one]
why = "Nobody reads it."
file = "module/main.c"
old = 'MODULE_LICENSE("GPL")'
new = 'MODULE_LICENSE("none")'
"""


def test_mutants_fit_the_sources():
    ends([TABLE], 0)


@pytest.mark.parametrize("old, new, sentence", [
    pytest.param(old, new, sentence, id=id) for id, old, new, sentence in (
        ("absent_text", "(\"GPL\")'", "(\"BSD\")'", "occurs 0 times"),
        ("text_twice", "LICENSE(\"GPL\")'", "'", "not once"),
        ("no_change", '"none"', '"GPL"', "change nothing"),
        ("absent_file", "main.c", "gone.c", "gone.c"),
        ("absent_program", "shmget.kshm", "gone.kshm", "no case gone.kshm"),
        ("absent_case", "always_new", "never_new", "never_new"),
        ("no_sentence", "wrong", "right", "its fields are not"),
        ("no_new_text", "new =", "fresh =", "its fields are not"),
        ("bad_syntax", "[one]", "[one", "is no TOML"))])
def test_mutants_refuse(tmp_path, old, new, sentence):
    assert old in GOOD
    path = tmp_path / "mutants.toml"
    path.write_text(GOOD)
    ends([TABLE, str(path)], 0)
    path.write_text(GOOD.replace(old, new))
    refuses([TABLE, str(path)], sentence)


@pytest.mark.parametrize("old, new, sentence", [
    pytest.param(old, new, sentence, id=id) for id, old, new, sentence in (
        ("absent_text", "(\"GPL\")'", "(\"BSD\")'", "occurs 0 times"),
        ("no_change", '"none"', '"GPL"', "change nothing"),
        ("no_reason", "why", "wrong", "its fields are not why and"))])
def test_equals_refuse(tmp_path, old, new, sentence):
    assert old in EQUAL
    mutants, equals = tmp_path / "mutants.toml", tmp_path / "equal.toml"
    mutants.write_text(GOOD)
    equals.write_text(EQUAL)
    ends([TABLE, str(mutants), str(equals)], 0)
    equals.write_text(EQUAL.replace(old, new))
    refuses([TABLE, str(mutants), str(equals)], sentence)


def test_mutants_say_how_far_they_are(monkeypatch, quick_news):
    """A lab judges only when that was said. Time only limits a hang."""
    mutants, (sentences, told) = loaded("mutants/mutants"), quick_news

    class Lab:
        built = 2

        def __init__(self, *_):
            pass

        def judge(self, batch):
            yield mutants.lab.Result(told.wait(60), batch[0], [])

    monkeypatch.setattr(mutants.lab, "Lab", Lab)
    monkeypatch.setattr(mutants.lab, "parts_of_hold", lambda *_: {})
    args = argparse.Namespace(kernel="6.12", jobs=1)
    assert mutants.run(args, ["one"], "") == 0
    assert sentences[0] == "2 modules are built, 0 mutants are judged"


@pytest.mark.parametrize("arguments, sentence", [
    pytest.param(arguments, sentence, id=id) for id, arguments, sentence in (
        ("unknown_name", "tea", "there is no mutant tea"),
        ("name_and_random", "--random 3 tea", "not both"),
        ("random_none", "--random 0", "0 is not a number from 1 on"),
        ("seed_alone", "--seed 3", "say --random, or RANDOM= to make"))])
def test_mutants_arguments_refused(arguments, sentence):
    refuses([os.path.join(TOP, "selftests/mutants/mutants"), "6.12",
             *arguments.split()], sentence)
