# SPDX-License-Identifier: GPL-2.0
"""Mutants are drawn from all of the module, and from nothing but its code; each ends
with a result."""

import importlib
import os
import re
import sys
import tomllib

import pytest
import tap
from common import SELFTESTS, TOP

sys.path.append(os.path.join(SELFTESTS, "mutants"))
draw, drawn, lab, table = (importlib.import_module(name) for name in (
    "draw", "drawn", "lab", "table"))

SAMPLE = r"""// a == b
#define BOTH(a, b)	((a) && (b))
static const char *sample_text = "a < b";
static int sample_bound = 1 + 1;

/* Are (a && b) equal? if (a == b) return -EINVAL; */
static int sample(struct thing *a, int b)
	__must_hold(RCU)
{
	const char *text = "a && b";	/* a || b */
	int err = -ENOMEM;
	char sign = '"';

	lockdep_assert_held(&a->lock);
	WARN_ON_ONCE(a->b == b || !text);
#ifdef A_LINE_WITH && OPERATORS
	pr_info("a == %d\n", b == 1);
#endif
	if (WARN_ON(a->b < 2))
		return b;
	if (likely(a) && sign)
		call(a,
		     b - 1);
	for (b = 0; b < 9; b++)
		loop_over(a, b)
			a->list[b] = !!text;
	while ((a = next(a)))
		continue;
	if (a->b == b)
		goto out;
	switch (b) {
	case 1 ... 2:
		*text = 0;
	}
out:
	return a ? err ?: -1 : (b);
}
"""
# Of each change its kind, and what the changed lines are afterwards.
WANTED = [
    ("error", "int err = -EINVAL;"),
    ("negated", "if (!(WARN_ON(a->b < 2)))"),
    ("negated", "if (!(likely(a) && sign))"),
    ("connective", "if (likely(a) || sign)"),
    ("call", "; "),
    ("bound", "b - 0);"),
    ("negated", "for (b = 0; !(b < 9); b++)"),
    ("comparison", "for (b = 0; b > 9; b++)"),
    ("bound", "for (b = 0; b <= 9; b++)"),
    ("assignment", ";"),
    ("negated", "while (!((a = next(a))))"),
    ("comparison", "if (a->b != b)"),
    ("assignment", ";"),
    ("negated", "return !(a) ? err ?: -1 : (b);"),
    ("connective", "return a ? err , -1 : (b);"),
]
OUTCOMES = [("killed", "shmat.one", "shmat"), ("listed", "one", None),
            ("equal", "A twin.", None), ("unbuilt", "", None)]


def tree(folder, text):
    """-> a tree whose module has this one source"""
    (folder / "module").mkdir(parents=True)
    (folder / "module/sample.c").write_text(text)
    return str(folder)


@pytest.fixture
def sample(tmp_path):
    return tree(tmp_path, SAMPLE)


def changed_lines(change, top):
    """-> the lines that a change leaves others, without indents"""
    [text] = change.changed(top).values()
    before = table.read(os.path.join(top, change.file)).split("\n")
    after = text.split("\n")
    assert len(before) == len(after)
    differ = [at for at, line in enumerate(after) if line != before[at]]
    return " ".join(line.strip() for line in
                    after[differ[0]:differ[-1] + 1])


def comments(text):
    return re.findall(r"/\*.*?\*/|^#[^\n]*$", text, re.DOTALL | re.MULTILINE)


def test_draw_finds_all_that_can_change(sample):
    found = sorted(draw.changes(sample), key=lambda one: one.line)
    assert [(one.kind, changed_lines(one, sample)) for one in found] == WANTED


def test_draw_of_the_module_has_each_kind():
    assert {one.kind for one in draw.changes()} == set(draw.KINDS)


def test_draw_fits_the_sources():
    for one in draw.changes():
        assert one.complaint() is None
        source = table.read(os.path.join(TOP, one.file))
        [text] = one.changed().values()
        assert comments(text) == comments(source), one
        assert text.count("\n") == source.count("\n"), one


def test_draw_names_are_unique():
    names = [one.name for one in draw.changes()]
    assert len(names) == len(set(names))


def test_draw_follows_the_seed():
    first = [one.name for one in draw.draw(1)]
    draw.changes.cache_clear()
    assert [one.name for one in draw.draw(1)] == first
    assert [one.name for one in draw.draw(1, 10)] == first[:10]
    other = [one.name for one in draw.draw(2)]
    assert other != first and sorted(other) == sorted(first)


def test_draw_keeps_its_order_when_other_code_changes(sample, tmp_path):
    more = tree(tmp_path / "more", SAMPLE.replace(
        "/* Are", "static void sample_set(int *a)\n{\n\t*a = 1;\n}\n\n/* Are"))
    before, after = ([(one.kind, one.old, one.new) for one in draw.draw(5, top=top)]
                     for top in (sample, more))
    assert len(after) == len(before) + 1
    assert [one for one in after if one in before] == before


def test_draw_entry_is_the_same_change():
    for one in draw.draw(1, 30):
        [(name, fields)] = tomllib.loads(drawn.entry(one)).items()
        assert table.Equal(name, fields).changed() == one.changed()


def test_draw_knows_what_the_tables_have():
    mutants, equals = draw.draw(1, 2), draw.draw(2, 1)
    listed, new, equal = *mutants, *equals
    listed.case = "shmat.one"
    # A table may name the same change by other lines.
    text = table.read(os.path.join(TOP, equal.file))
    again = table.Equal("again", {
        "why": "It is a twin.", "file": equal.file, "old": text,
        "new": equal.changed()[equal.file]})
    known = drawn.Known([listed], [again])
    assert known.outcome(listed)[1:] == ("listed", listed.name, None)
    assert known.outcome(equal)[1:] == ("equal", "It is a twin.", None)
    assert known.outcome(new) is None


def test_draw_nearest_programs_first():
    programs = ["shmget", "race", "fair", "vma"]
    order = drawn.Order(table.load(), [*programs, "shmat"])
    first, *rest = order.of_file("module/attach.c")
    assert first == "shmat" and sorted(programs) == sorted(
        set(rest) & set(programs)) and len(rest) == len(set(rest))
    assert drawn.Order([], programs).of_file("module/attach.c") == [
        "shmget", "fair", "vma", "race"]


def test_draw_takes_others_for_those_that_are_none():
    supply = drawn.Supply("abcd", 2)
    assert [next(supply), next(supply)] == [["a"], ["b"]]
    assert next(supply, None) is None
    supply.anew()
    assert next(supply) == ["c"] and next(supply, None) is None
    supply.anew()
    supply.anew()
    assert next(supply) == ["d"] and next(supply, None) is None


@pytest.mark.parametrize("lines, failure, program", [
    pytest.param(lines.split("; "), failure, program, id=id)
    for id, lines, failure, program in (
        ("case", "@begin vma; ok 1 vma.a; not ok 2 vma.b", "vma.b", "vma"),
        ("hang", "@begin vma; @late", "vma: it hung", "vma"),
        ("unload", "@begin vma; ok 1 vma.a; @begin unload; not ok 1 module.unload",
         "module.unload", "vma"))])
def test_drawn_mutant_killed(lines, failure, program):
    trial = drawn.Trial(None, None)
    for line in lines:
        assert not trial.over()
        trial.take(line)
    assert trial.over()
    assert (trial.failures[0], trial.begun) == (failure, program)


class Guests(drawn.Lab):
    """A lab whose builds and guests are lists of what they say."""

    ORIGINAL = b"the module as it is"

    def __init__(self, code=b"another", failures=(), said=()):
        self.code, self.built = self.ORIGINAL, code
        self.failures, self.said = list(failures), said
        self.known, self.kernel, self.seed = drawn.Known([], []), "6.12", 1
        self.order = drawn.Order([], ["vma", "fair"])
        self.supply, self.children = drawn.Supply([], 0), self
        self.job, self.booted, self.faulty = "", [], None

    def build_original(self):
        pass

    def build_mutant(self, mutant):
        if self.built is None:
            raise lab.Broken

    def compiled(self):
        return self.built

    def boot(self, tasks):
        self.booted += [(task.words, task.cpus) for task in tasks]
        trial = drawn.Trial(None, None)
        trial.failures, trial.begun = self.failures.pop(0), "vma"
        return [trial]

    def lines(self, _):
        yield from self.said


@pytest.mark.parametrize("guests, outcome", [
    pytest.param(Guests(*arguments), outcome, id=id)
    for id, arguments, outcome in (
        ("unbuilt", [None], ("unbuilt", "", None)),
        ("unchanged", [Guests.ORIGINAL], ("unchanged", "", None)),
        ("case", [b"", [["vma.b"]]], ("killed", "vma.b", "vma")),
        ("one_cpu", [b"", [[], ["fair.b"]]], ("killed", "fair.b", "vma")),
        ("oracle", [b"", [[], []], ["ok 1 a", "not ok 2 seeds"]],
         ("killed", "oracle.seeds", "oracle")))])
def test_drawn_mutant_judged(guests, outcome):
    [mutant] = draw.draw(1, 1)
    [judged] = guests.judge([mutant])
    assert judged == (mutant, *outcome)
    assert guests.supply.left == (outcome[0] in drawn.ANEW)


def test_drawn_mutant_survives():
    guests = Guests(b"", [[], []], ["ok 1 a", "1..1"])
    [mutant] = draw.draw(1, 1)
    [judged] = guests.judge([mutant])
    assert judged.what == "survived" and drawn.entry(mutant) in judged.words
    assert guests.booted == [("- vma", 2), ("- fair", 1)]


class Faulty(drawn.FaultyLab):
    """A lab with the debug kernel, which builds nothing and boots no guest."""

    def __init__(self, folder):
        self.job, self.booted = folder, []
        os.mkdir(os.path.join(folder, "mutants"))

    def build(self, name):
        with open(self.module_of(name), "w"):
            pass

    def build_mutant(self, mutant):
        self.build(mutant.name)

    def boot(self, tasks):
        self.booted += [(task.words, os.path.exists(self.module_of(task.mutant.name)))
                        for task in tasks]
        trial = drawn.Trial(None, None)
        trial.failures = ["failnth.get"]
        return [trial]


def test_drawn_mutant_killed_by_failing_allocations(tmp_path):
    guests = Guests(b"", [[], []], ["ok 1 a", "1..1"])
    guests.faulty = Faulty(tmp_path)
    [mutant] = draw.draw(1, 1)
    [judged] = guests.judge([mutant])
    assert judged == (mutant, "killed", "failnth.get", "failnth")
    assert guests.faulty.booted == [("- failnth", True)]
    assert os.listdir(tmp_path / "mutants") == ["kshm.ko"]


def test_drawn_mutant_without_the_oracle_is_no_result():
    with pytest.raises(lab.Broken):
        list(Guests(b"", [[], []], ["oracle: it is not there"]).judge(
            draw.draw(1, 1)))


@pytest.mark.parametrize("outcomes, original, summary", [
    pytest.param(*rest, id=id) for id, *rest in (
        ("good", OUTCOMES, [], "4 passed, 0 failed, 0 skipped"),
        ("survivor", [("survived", "notes", None)], None,
         "0 passed, 1 failed, 0 skipped"),
        ("killers_fail_anyway", OUTCOMES, ["shmat.two"],
         "3 passed, 1 failed, 0 skipped"))])
def test_drawn_mutants_reported(outcomes, original, summary, capsys):
    [mutant] = draw.draw(1, 1)
    spare = Guests(failures=[original])
    spare.order = drawn.Order([], ["vma", "shmat"])
    report = tap.Report()
    drawn.report_all(report, spare, [drawn.Outcome(mutant, *one)
                                     for one in outcomes])
    report.finish()
    assert capsys.readouterr().out.splitlines()[-1] == summary
    assert spare.booted == ([] if original is None else [("- shmat", 2)])
