# SPDX-License-Identifier: GPL-2.0
"""The runner of the models tells a model that holds from one that does not."""

import re

import pytest
from commands import loaded, refuses

# One task counts up and one waits for that. It is the runner that is tested.
GOOD = """byte count;
active proctype adds()
{
	count++;
	assert(count == 1)	/* property: count_is_one */
}
active proctype waits()
{
	count == 1
}
"""


@pytest.fixture(scope="module")
def model():
    """The script as a module."""
    return loaded("model/model")


def changed(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_model_that_holds(model, tmp_path):
    search = model.Search(GOOD, tmp_path)
    assert not search.failed and search.states > 1
    assert search.unreached() == []


@pytest.mark.parametrize("old, new, name", [
    ("count++", "count = 2", "count_is_one"),
    ("\tcount == 1\n", "\tcount == 3\n", "no_deadlock")])
def test_model_names_what_broke(model, tmp_path, old, new, name):
    search = model.Search(changed(old, new), tmp_path)
    assert search.failed and search.broken() == name
    assert search.story()


def test_model_step_never_reached(model, tmp_path):
    text = changed("\tcount == 1\n", "\tif\n\t:: count == 1\n"
                   "\t:: count == 3 ->\n\t\tcount = 4\n\tfi\n")
    assert model.Search(text, tmp_path).unreached() == [
        text.split("\n").index("\t\tcount = 4") + 1]


def test_model_bad_syntax_refused(model, tmp_path):
    with pytest.raises(model.Broken):
        model.Search(changed("count++", "count +"), tmp_path)


def test_model_function_that_is_gone(model):
    said = "/* segment.c: kshm_segment_put(), segment_gone(); gone.c: f() */"
    assert model.absent_functions(said) == ["segment.c: segment_gone()",
                                            "gone.c: f()"]


def test_model_property_without_mutant(model):
    table = {"one": {"model": "good", "breaks": "no_deadlock"},
             "two": {"model": "other", "breaks": "count_is_one"}}
    assert model.never_broken("good", GOOD, table) == ["count_is_one"]


@pytest.mark.parametrize("fields, sentence", [
    ({"old": "count"}, "occurs 5 times"),
    ({"new": "\tcount == 1 && true\n"}, "survived"),
    ({"breaks": "count_is_one"}, "no_deadlock")])
def test_model_mutant_refused(model, tmp_path, monkeypatch, fields, sentence):
    (tmp_path / "good.pml").write_text(GOOD)
    monkeypatch.setattr(model, "HERE", tmp_path)
    fields = {"model": "good", "wrong": "It waits forever.",
              "breaks": "no_deadlock", "old": "\tcount == 1\n",
              "new": "\tcount == 3\n"} | fields
    ok, name, notes = model.try_mutant("late", fields)
    assert not ok and sentence in name + notes


def test_model_says_how_far_it_is(model, monkeypatch, quick_news):
    """The searches end only when that was said. Time only limits a hang."""
    sentences, told = quick_news

    def search(*_):
        return [(told.wait(60), "one", "")]

    monkeypatch.setattr(model, "try_model", search)
    monkeypatch.setattr(model, "try_mutant", lambda *_: search()[0])
    monkeypatch.setattr(model, "parse_args", lambda models: models[:1])
    with pytest.raises(SystemExit) as ended:
        model.main()
    assert not ended.value.code
    assert re.fullmatch(r"0 of \d+ models and mutants are searched", sentences[0])


def test_model_unknown_name_refused():
    refuses(["selftests/model/model", "tea"], "there is no model tea")
