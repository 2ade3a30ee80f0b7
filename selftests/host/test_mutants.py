# SPDX-License-Identifier: GPL-2.0
"""The table of mutants fits the sources, and an entry that does not is found."""

import os

import pytest
from commands import ends, refuses
from common import TOP

TABLE = "selftests/mutants/table.py"
GOOD = '''
[one]
wrong = "It has another licence."
killed-by = "shmget.kshm.private_always_new"
file = "module/main.c"
old = 'MODULE_LICENSE("GPL")'
new = 'MODULE_LICENSE("none")'
'''


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


def test_mutants_unknown_name_refused():
    refuses([os.path.join(TOP, "selftests/mutants/mutants"), "6.12", "tea"],
            "there is no mutant tea")
