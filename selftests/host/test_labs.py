# SPDX-License-Identifier: GPL-2.0
"""The graders of the labs: the right answer gets all points, others don't, and a guest
that dies or hangs is a result. No guest runs here: what it would print is made up."""

import os
import re
import sys

import pytest
from commands import ends, loaded, refuses, run
from common import BUILD, SELFTESTS, TOP

LABS_FOLDER = os.path.join(TOP, "tools/labs")
sys.path += [LABS_FOLDER, *(os.path.join(SELFTESTS, folder)
                            for folder in ("mutants", "lint"))]
import abi
import answers
import catalogue
import grading
import guest
import labbase
import mutant
import path
import race
import tap
import tree

LABS = "tools/labs/labs"
FULL_SEEDS = range(1, 21)
MANY_SEEDS = range(1, 301)
PREDICT = (1, 2, 3, 4)


def lab(number, seed=1):
    return catalogue.LABS[number](seed)


def score(items):
    made, all_points = grading.score(list(items))
    return made, all_points


def full(items):
    made, all_points = score(items)
    return made == all_points > 0


def seen(lines, status=0, complaints=()):
    return guest.seen(lines, status, list(complaints))


# --- labs 1 to 4 ---

def made_up(one):
    """-> lines that a guest could print; facts differ from step to step"""
    lines = []
    for name, (side, script) in one.scripts().items():
        lines.append(f"@part {one.part(name)}")
        memory = 9000
        for number, line in enumerate(script, 1):
            result = "EINVAL" if number % 4 == 0 else "ok"
            memory += 3000 if number == 3 else -3000 if number == 6 else 0
            lines.append(f"step {number}: {line} -> {result} faults={number + 20} "
                         f"id={number + 40} S.state=state-{number} "
                         f"S.nattch={number} A.lines={number + 10} shmem={memory}")
        lines.append("@status 0")
    return lines


def right_answers(one, lines):
    """-> the answers that such a guest makes right"""
    found = seen(lines)
    return {name: " ".join(fact.right(found.part(one.part(fact.part)))
                           for fact in facts)
            for name, facts in one.asks().items()}


def each_word(change):
    return lambda given: {name: " ".join(map(change, text.split()))
                          for name, text in given.items()}


def one_line(change):
    """Change the answer in the middle only."""
    def changed(given):
        name = sorted(given)[len(given) // 2]
        return {**given, name: change(given[name])}
    return changed


def shifted(given):
    names = list(given)
    return dict(zip(names, [given[name] for name in names[1:] + names[:1]]))


WRONG = {
    "nothing": lambda given: {},
    "blank": lambda given: dict.fromkeys(given, ""),
    "one_is_absent": one_line(lambda text: ""),
    "one_has_a_word_too_many": one_line(lambda text: text + " 1"),
    "one_is_another": one_line(lambda text: "x" + text),
    "each_is_another": each_word(lambda word: word + "0"),
    "each_is_ok": each_word(lambda word: "ok"),
    "each_is_0": each_word(lambda word: "0"),
    "shifted_by_a_line": shifted,
    "separated_by_commas": one_line(lambda text: text + ","),
    "half": lambda given: dict(list(given.items())[::2]),
}


@pytest.mark.parametrize("number", PREDICT)
@pytest.mark.parametrize("seed", FULL_SEEDS)
def test_labs_right_prediction_has_all_points(number, seed):
    one = lab(number, seed)
    lines = made_up(one)
    given = right_answers(one, lines)
    assert full(one.items(given, seen(lines)))
    # Blanks and capitals make no difference.
    loud = {name: f"  {text.upper()} " for name, text in given.items()}
    assert full(one.items(loud, seen(lines)))


@pytest.mark.parametrize("number", PREDICT)
@pytest.mark.parametrize("wrong", WRONG)
def test_labs_wrong_prediction_has_not(number, wrong):
    one = lab(number)
    lines = made_up(one)
    given = WRONG[wrong](right_answers(one, lines))
    made, all_points = score(one.items(given, seen(lines)))
    assert made < all_points


@pytest.mark.parametrize("number", PREDICT)
@pytest.mark.parametrize("status, word", [(125, "died"), (124, "hung"),
                                          (1, "could not run")])
def test_labs_guest_that_ends_early_is_graded(number, status, word):
    one = lab(number)
    lines = made_up(one)
    given = right_answers(one, lines)
    lines = [] if status == 1 else lines[:4]
    items = list(one.items(given, seen(lines, status)))
    assert not all(item.ok for item in items)
    assert any(word in item.note for item in items)


def test_labs_story_that_play_refuses_costs_no_points():
    one = lab(2)
    lines = made_up(one)
    given = right_answers(one, lines)
    begin = lines.index(f"@part {one.part('third')}")
    lines[begin + 3:] = ["play: A fork B: there is a process with this name already",
                         "@status 2", *lines[lines.index("@status 0", begin) + 1:]]
    items = list(one.items(given, seen(lines)))
    made, all_points = grading.score(items)
    assert 0 < made == all_points < score(one.items(given, seen(made_up(one))))[1]
    # One remark for the whole story, with what play said.
    broken, = [item for item in items if not item.ok]
    assert (broken.name, broken.points) == ("steps-of-third", 0)
    assert "not your answer" in broken.note and "with status 2" in broken.note
    assert "A fork B: there is a process" in broken.note


def scripts_of(one):
    """-> all lists of steps that a lab has for play"""
    if one.number in PREDICT:
        return [lines for _, lines in one.scripts().values()]
    if one.number == 5:
        return [one.steps()]
    what = one.world()[1]
    return [[*what["before"], *(f"{task} {what[task]['call']}" for task in "AB"),
             *what["after"]]]


def impossible(lines):
    """-> the first step that makes no sense: its process has exited, the child's name is
    taken, or the segment or mapping has never been made; None if there is none"""
    has, exited, segments = {}, set(), set()
    for line in lines:
        task, verb, *objects = line.split()
        mine = has.setdefault(task, set())
        names = {name for name in objects if name.isalpha() and len(name) == 1}
        small, large = {name for name in names if name.islower()} - {"r"}, \
            {name for name in names if name.isupper()}
        if verb in ("attach", "file", "copy"):
            new = {objects[-1] if verb == "copy" else sorted(small)[0]}
            small, mine = small - new, mine | new
        if verb in ("get", "file"):
            segments, large = segments | large, set()
        if verb == "fork":
            if objects[0] in has:
                return line
            has[objects[0]], large = set(mine), set()
        if task in exited or small - mine or large - segments:
            return line
        has[task] = set() if verb in ("exec", "exit") else mine
        exited |= {task} if verb == "exit" else set()
    return None


@pytest.mark.parametrize("number", (1, 2, 3, 4, 5, 7))
def test_labs_steps_of_each_seed_make_sense(number):
    for seed in MANY_SEEDS:
        for lines in scripts_of(lab(number, seed)):
            assert impossible(lines) is None, f"SEED={seed}: {lines}"


@pytest.mark.parametrize("lines, wrong", [
    pytest.param(lines, wrong, id=id) for id, lines, wrong in (
        ("child_that_exists", ["A get S 1", "B stat S", "A fork B"], "A fork B"),
        ("child_of_itself", ["A fork A"], "A fork A"),
        ("process_that_exited", ["A get S 1", "A exit", "A stat S"], "A stat S"),
        ("mapping_of_another", ["A get S 1", "A attach S x", "B detach x"],
         "B detach x"),
        ("mapping_before_exec", ["A get S 1", "A attach S x", "A exec", "A detach x"],
         "A detach x"),
        ("segment_without_get", ["A attach S x"], "A attach S x"))])
def test_labs_steps_without_sense_are_found(lines, wrong):
    assert impossible(lines) == wrong


def test_labs_sides_that_differ_are_told():
    one = lab(1)
    lines = made_up(one)
    given = right_answers(one, lines)
    twin = lines.index(f"@part {one.part('in-tree')}")
    lines[twin + 3] = lines[twin + 3].replace("S.nattch=3", "S.nattch=4")
    items = list(one.items(given, seen(lines)))
    last = items[-1]
    assert (last.ok, last.points) == (False, 0) and "step-3.nattch" in last.note
    assert full(items)


def test_labs_memory_comes_back_where_shmem_falls():
    one = lab(2)
    assert right_answers(one, made_up(one))["first.memory"] == "6"


def test_labs_notes_tell_no_answer():
    one = lab(1)
    lines = made_up(one)
    lines = [line.replace("S.nattch=5", "S.nattch=98765") for line in lines]
    for item in one.items({}, seen(lines)):
        assert "98765" not in item.note


# --- lab 5 ---

TRACE = """trace: kshm_do_attach <-dev_run
trace: kshm_segment_lock_id <-kshm_do_attach
trace: mmap_lock_start_locking: mm=00aa memcg_path=/ write=true
trace: mmap_lock_acquire_returned: mm=00aa memcg_path=/ write=true success=true
trace: do_mmap <-vm_mmap_pgoff
trace: shmem_mmap <-kshm_attach_file_mmap
trace: mmap_lock_acquire_returned: mm=00aa memcg_path=/ write=false success=true
trace: kshm_segment_close <-remove_vma
trace: mmap_lock_released: mm=00aa memcg_path=/ write=true
trace: kshm_segment_unpin <-kshm_do_attach
trace: do_mmap <-vm_mmap_pgoff""".splitlines()
ORDER = ("kshm_do_attach", "kshm_segment_lock_id", "do_mmap", "shmem_mmap",
         "kshm_segment_close", "kshm_segment_unpin")
LOCKED = ("do_mmap", "shmem_mmap", "kshm_segment_close")


def traced(one):
    """-> what a guest prints; the first step of the way has all calls"""
    (before, way, _), _ = one.world()
    lines = [f"@part {one.part('kshm')}"]
    for number, line in enumerate(one.steps(), 1):
        lines.append(f"step {number}: {line} -> ok S.nattch=1")
        if number == len(before) + 1:
            lines += TRACE
        elif number <= len(before):
            # What is seen before the way begins doesn't count.
            lines.append("trace: vma_fault <-__do_fault")
    return lines + ["@status 0"]


def right_path(one):
    asked = one.world()[1]
    ran = [name for name in ORDER if name in asked]
    return {"order": " ".join(ran),
            "never": " ".join(name for name in asked if name not in ran),
            "locked": " ".join(name for name in LOCKED if name in asked)}


@pytest.mark.parametrize("seed", FULL_SEEDS)
def test_labs_right_path_has_all_points(seed):
    one = lab(5, seed)
    assert full(one.items(right_path(one), seen(traced(one))))


def swapped(given):
    names = given["order"].split()
    return {**given, "order": " ".join([names[1], names[0], *names[2:]])}


@pytest.mark.parametrize("wrong", [
    pytest.param(change, id=id) for id, change in (
        ("nothing", lambda given: {}),
        ("no_order", lambda given: {**given, "order": ""}),
        ("reversed", lambda given: {**given, "order": " ".join(
            reversed(given["order"].split()))}),
        ("two_swapped", swapped),
        ("one_is_absent", lambda given: {**given, "order": " ".join(
            given["order"].split()[:-1])}),
        ("never_is_absent", lambda given: {**given, "never": ""}),
        ("all_never", lambda given: {**given, "never": " ".join(given.values())}),
        ("all_run", lambda given: {**given, "order": " ".join(
            (given["order"], given["never"]))}),
        ("none_locked", lambda given: {**given, "locked": ""}),
        ("all_locked", lambda given: {**given, "locked": given["order"]}))])
def test_labs_wrong_path_has_not(wrong):
    one = next(lab(5, seed) for seed in FULL_SEEDS
               if len(right_path(lab(5, seed))["order"].split()) > 3)
    made, all_points = score(one.items(wrong(right_path(one)), seen(traced(one))))
    assert made < all_points


def test_labs_empty_list_of_locked_has_no_point():
    for one in map(lambda seed: lab(5, seed), FULL_SEEDS):
        right = right_path(one)
        items = list(one.items({**right, "locked": ""}, seen(traced(one))))
        assert right["locked"] and not any(item.ok for item in items
                                           if item.name.endswith("-and-mmap_lock"))


def test_labs_path_of_a_dead_guest():
    one = lab(5)
    items = list(one.items(right_path(one), seen(traced(one)[:2], 125)))
    assert [item.ok for item in items] == [False] and "died" in items[0].note


def test_labs_path_asks_for_functions_of_the_sources():
    """Those of the kernel are the same in all versions."""
    text = "".join(tree.read(os.path.join(TOP, name))
                   for name in tree.listed(["module"]))
    for name in path.FUNCTIONS:
        assert not name.startswith(path.OURS) or re.search(rf"^\S.*\b{name}\(", text, re.M), name


# --- lab 6 ---

TEST = "A get S 4\nA attach S x\nexpect S.nattch 1\n"


def rounds(one, **statuses):
    """-> what a guest prints for each round, by its exit status; None for its death"""
    lines = []
    for name in mutant.ROUNDS:
        if name.replace("-", "_") not in statuses:
            continue
        status = statuses[name.replace("-", "_")]
        lines += [f"@part {one.part(name)}", "step 1: A get S 4 -> ok S.nattch=0"]
        lines += ["not as expected: expect S.nattch 1"] if status == 1 else []
        lines += [f"@status {status}"] if status is not None else []
    return lines


@pytest.fixture
def find():
    return lab(6)


@pytest.fixture
def right_find(find):
    return {"test": TEST, "function": sorted(find.functions())[0] + "()"}


def test_labs_killed_mutant_has_all_points(find, right_find):
    lines = rounds(find, in_tree=0, kshm=0, mutant=1)
    assert full(find.items(right_find, seen(lines)))


@pytest.mark.parametrize("status, complaints", [(125, []), (123, ["WARNING: at here"]),
                                                (124, [])])
def test_labs_mutant_that_dies_is_killed(find, right_find, status, complaints):
    ended = 0 if status == 123 else None
    lines = rounds(find, in_tree=0, kshm=0, mutant=ended)
    assert full(find.items(right_find, seen(lines, status, complaints)))


KILLS = {"in_tree": 0, "kshm": 0, "mutant": 1}


@pytest.mark.parametrize("change, statuses, status", [
    pytest.param(change, statuses, status, id=id) for id, change, statuses, status in (
        ("survives", {}, {"in_tree": 0, "kshm": 0, "mutant": 0}, 0),
        ("fails_in_tree", {}, {"in_tree": 1, "kshm": 0, "mutant": 1}, 0),
        ("fails_on_kshm", {}, {"in_tree": 0, "kshm": 1, "mutant": 1}, 0),
        ("fails_everywhere", {}, {"in_tree": 1, "kshm": 1, "mutant": 1}, 0),
        ("kills_kshm", {}, {"in_tree": 0, "kshm": None}, 125),
        ("makes_no_sense", {}, {"in_tree": 2, "kshm": 2, "mutant": 2}, 0),
        ("never_began", {}, {}, 125),
        ("expects_nothing", {"test": "A get S 4\n"},
         {"in_tree": 0, "kshm": 0, "mutant": 1}, 0),
        ("is_empty", {"test": ""}, {"in_tree": 0, "kshm": 0, "mutant": 1}, 0),
        ("is_long", {"test": TEST * 3}, {"in_tree": 0, "kshm": 0, "mutant": 1}, 0),
        ("names_another_function", {"function": "kshm_init"},
         {"in_tree": 0, "kshm": 0, "mutant": 1}, 0),
        ("names_no_function", {"function": ""},
         {"in_tree": 0, "kshm": 0, "mutant": 1}, 0))])
def test_labs_wrong_find_has_not(find, right_find, change, statuses, status):
    lines = rounds(find, **statuses)
    items = list(find.items({**right_find, **change}, seen(lines, status)))
    made, all_points = grading.score(items)
    assert made < all_points
    # A test that fails on the others, too, has not found the mutant.
    found, = [item.ok for item in items if item.name == "fails-on-the-mutant"]
    assert found == (statuses == KILLS and "expect" in {**right_find, **change}["test"])


def test_labs_each_mutant_is_planted():
    planted = {lab(6, seed).mutant().name: seed for seed in range(1, 200)}
    assert set(planted) == set(mutant.MUTANTS)
    for seed in planted.values():
        assert lab(6, seed).functions()


# --- lab 7 ---

def race_labs():
    """-> a lab for each race of the table"""
    found = {}
    for seed in range(1, 100):
        one = lab(7, seed)
        found.setdefault(one.world()[0], one)
    assert set(found) == set(race.races())
    return [pytest.param(one, id=name) for name, one in sorted(found.items())]


def race_named(name):
    return next(lab(7, seed) for seed in range(100)
                if lab(7, seed).world()[0] == name)


def played_order(one, name, order, end=None):
    """-> what a guest prints for an order; end says where it dies"""
    what = one.world()[1]
    lines, gates = [f"@part {one.part(name)}"], {}
    for task in "AB":
        gates[task] = [*what[task]["gates"], None]
    begin = len(what["before"]) + 2
    script = race.script(what, order).splitlines()
    for number, line in enumerate(script[:end], 1):
        task, _, verb = line.partition(" ")
        said = "ok"
        if number > begin and (verb == "go" or verb == what[task]["call"]):
            gate = gates[task].pop(0)
            said = f"stops gate={gate}" if gate else "ok"
        lines.append(f"step {number}: {line} -> {said}")
    return lines + ([] if end else ["@status 0"])


@pytest.mark.parametrize("one", race_labs())
def test_labs_race_fits_the_sources(one):
    name, what = one.world()
    texts = race.sources(what, name)
    gates = {gate for task in "AB" for gate in what[task]["gates"]}
    found = {gate for text in texts.values()
             for gate in re.findall(r"kshm_gate\(\"(\w+)\"\)", text)}
    assert found == gates
    assert set(what["where"]) <= set(texts)
    assert "module/gate.o" in texts["Kbuild"]


@pytest.mark.parametrize("one", race_labs())
def test_labs_orders_are_all_and_readable(one):
    what = one.world()[1]
    orders = list(race.orders(what))
    a, b = (len(what[task]["gates"]) for task in "AB")
    assert len({tuple(order) for order in orders}) == len(orders)
    assert len(orders) == {(2, 2): 6, (3, 2): 10}[a, b]
    for order in orders:
        assert race.parse(race.columns(order), what) == order


@pytest.mark.parametrize("change", [
    pytest.param(change, id=id) for id, change in (
        ("empty", lambda text: ""),
        ("one_column", lambda text: text.replace(" ", "")),
        ("a_step_is_absent", lambda text: text.split("\n", 1)[1]),
        ("a_step_comes_twice", lambda text: text + text.split("\n", 1)[0] + "\n"),
        ("two_steps_in_a_line", lambda text: text.replace("\n", " ", 1)),
        ("a_step_is_unknown", lambda text: text + "                sleep\n"),
        ("backwards", lambda text: "\n".join(reversed(text.splitlines()))),
        ("columns_swapped", lambda text: "".join(
            line.strip() + "\n" if line[0] == " " else f"        {line}\n"
            for line in text.splitlines())),
        ("misspelt", lambda text: "x" + text),
        ("words", lambda text: "first A and then B\n"))])
def test_labs_order_that_is_none_is_refused(change):
    what = race_named("attach-and-remove").world()[1]
    text = change(race.columns(next(race.orders(what))))
    with pytest.raises(answers.Unreadable):
        race.parse(text, what)


def test_labs_race_question_tells_files_with_gates_only():
    """Those in which nothing but gates was added or taken away"""
    for name, what in race.races().items():
        edited = {edit["file"] for edit in what["edits"]}
        gates_only = {edit["file"] for edit in what["edits"]} - {
            edit["file"] for edit in what["edits"]
            if [line for line in edit["new"].splitlines()
                if "gate" not in line and line] !=
            [line for line in edit["old"].splitlines() if line]}
        text = race_named(name).question()
        assert {file for file in edited
                if f"{os.path.basename(file)} differs by gates only" in text} == \
            gates_only - set(what["where"])


@pytest.fixture
def orders_of():
    """-> a function that gives the answers and the two orders of a lab"""
    def found(one):
        first, second, *_ = race.orders(one.world()[1])
        return ({"safe": race.columns(first), "lose": race.columns(second)},
                first, second)
    return found


@pytest.mark.parametrize("one", race_labs())
def test_labs_lost_race_has_all_points(one, orders_of):
    given, safe, lose = orders_of(one)
    lines = played_order(one, "safe", safe)
    lines += played_order(one, "lose", lose, end=8)
    assert full(one.items(given, seen(lines, 125)))


@pytest.mark.parametrize("one", race_labs())
def test_labs_race_that_nobody_lost_has_not(one, orders_of):
    given, safe, lose = orders_of(one)
    lines = played_order(one, "safe", safe) + played_order(one, "lose", lose)
    items = list(one.items(given, seen(lines)))
    assert [item.ok for item in items] == [True, False]


@pytest.mark.parametrize("one", race_labs())
def test_labs_safe_order_that_kills_has_not(one, orders_of):
    given, safe, _ = orders_of(one)
    items = list(one.items(given, seen(played_order(one, "safe", safe, end=8), 125)))
    assert [item.ok for item in items] == [False, False]


def test_labs_two_owners_of_a_key_are_a_lost_race(orders_of):
    one = race_named("two-creators")
    given, safe, lose = orders_of(one)
    lines = played_order(one, "safe", safe) + played_order(one, "lose", lose)
    lines[-2] += " S.key=7 T.key=7"
    assert full(one.items(given, seen(lines)))


@pytest.mark.parametrize("one", race_labs())
def test_labs_mended_race_has_all_points(one):
    what = one.world()[1]
    lines = [line for number, order in enumerate(race.orders(what), 1)
             for line in played_order(one, f"order-{number}", order)]
    mended = {f"module/{os.path.basename(name)}": text + "\n/* mended */\n"
              for name, text in one.starting_files().items()}
    assert full(one.items_of_all(mended, seen(lines)))
    # An order that ends the guest takes its points, and those after it.
    cut = lines[:len(lines) // 2]
    made, all_points = score(one.items_of_all(mended, seen(cut, 125)))
    assert 0 < made < all_points
    # So does a change that is no small one.
    large = {name: text + "/* more */\n" * 20 for name, text in mended.items()}
    made, all_points = score(one.items_of_all(large, seen(lines)))
    assert made == all_points - 1


def test_labs_gate_that_is_taken_out_is_refused(tmp_path):
    one = race_named("attach-and-remove")
    for name, text in one.starting_files().items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.replace("kshm_gate(", "no_gate(", 1))
    with pytest.raises(tree.Failed, match="a gate is missing"):
        one.build("6.12", one.mended(str(tmp_path)))


# --- lab 8 ---

LAST = "\t__u32 reserved;\n};\n\n/* struct kshm_set.mask */"


def header_with(tmp_path, old, new):
    text = tree.read(os.path.join(TOP, abi.HEADER))
    assert text.count(old) == 1
    file = tmp_path / "linux/kshm.h"
    file.parent.mkdir()
    file.write_text(text.replace(old, new))
    return str(file)


def test_labs_field_at_the_end_is_right(tmp_path):
    header = header_with(tmp_path, LAST, LAST.replace("};", "\t__u64 copies;\n};"))
    assert abi.struct_problem(header, "copies") == ""


@pytest.mark.parametrize("old, new", [
    pytest.param(old, new, id=id) for id, old, new in (
        ("absent", LAST, LAST),
        ("other_name", LAST, LAST.replace("};", "\t__u64 copied;\n};")),
        ("too_small", LAST, LAST.replace("};", "\t__u32 copies;\n};")),
        ("two_fields", LAST, LAST.replace("};", "\t__u64 copies;\n\t__u64 more;\n};")),
        ("not_the_first", LAST, LAST.replace("};", "\t__u64 more;\n\t__u64 copies;\n};")),
        ("before_reserved", LAST, LAST.replace("\t__u32", "\t__u64 copies;\n\t__u32")),
        ("reserved_reused", LAST, LAST.replace("reserved", "copies")),
        ("one_byte", LAST, LAST.replace("};", "\tchar copies;\n};")),
        ("array", LAST, LAST.replace("};", "\t__u64 copies[2];\n};")),
        ("no_such_type", LAST, LAST.replace("};", "\tu46 copies;\n};")))])
def test_labs_field_elsewhere_is_wrong(tmp_path, old, new):
    assert abi.struct_problem(header_with(tmp_path, old, new), "copies")


PATCH = """--- a/module/one.c
+++ b/module/one.c
@@ -1,2 +1,2 @@
 first
-second
+third
--- a/module/two.c
+++ b/module/two.c
@@ -1 +1 @@
-{old}
+new
"""


@pytest.fixture
def copied(monkeypatch, tmp_path):
    """A copy of two short sources."""
    monkeypatch.setattr(tree, "BUILD", str(tmp_path))
    copy = tree.Tree("copied")
    copy.write("module/one.c", "first\nsecond\n")
    copy.write("module/two.c", "old\n")
    return copy


@pytest.fixture
def patch(tmp_path):
    return tmp_path / "8.patch"


def texts_of(copy):
    return [tree.read(os.path.join(copy.path, "module", name))
            for name in ("one.c", "two.c")]


def test_labs_patch_changes_the_copy(copied, patch):
    patch.write_text(PATCH.format(old="old"))
    copied.patch(patch)
    assert texts_of(copied) == ["first\nthird\n", "new\n"]


def test_labs_patch_that_does_not_fit_changes_nothing(copied, patch):
    patch.write_text(PATCH.format(old="other"))
    with pytest.raises(tree.Failed, match="does not fit"):
        copied.patch(patch)
    assert texts_of(copied) == ["first\nsecond\n", "old\n"]


def test_labs_patch_of_sources_that_have_it_tells_the_cure(copied, patch):
    patch.write_text(PATCH.format(old="old"))
    copied.patch(patch)
    with pytest.raises(tree.Failed, match="git apply -R .*8.patch"):
        copied.patch(patch)
    assert texts_of(copied) == ["first\nthird\n", "new\n"]


def test_labs_play_knows_the_size_before_the_change():
    text = tree.read(os.path.join(LABS_FOLDER, "play.c"))
    assert f"#define STAT_SIZE\t{abi.old_size()}UL\n" in text


def grown(one, values=None, sizes=abi.SIZES):
    """-> what a guest prints"""
    values = iter(values or one.wish()[2])
    lines = [f"@part {one.part('story')}"]
    for number, line in enumerate(abi.STORY, 1):
        fact = f" value={next(values)}" if line == abi.ASK else ""
        lines.append(f"step {number}: {line} -> ok{fact}")
    for part, place in ("new", 2), ("old", 3):
        lines += ["@status 0", f"@part {one.part(part)}", "step 1: A get S 8 -> ok"]
        lines += [f"step {number}: A sized S {size[1]} -> {size[place]}"
                  for number, size in enumerate(sizes, 2)]
    return lines + ["@status 0"]


@pytest.mark.parametrize("seed", FULL_SEEDS)
def test_labs_grown_struct_has_all_points(seed):
    one = lab(8, seed)
    assert full(one.items({"hours": "2.5"}, seen(grown(one))))


@pytest.mark.parametrize("field", sorted(abi.WISHES))
def test_labs_values_of_another_field_have_not(field):
    one = next(lab(8, seed) for seed in range(100) if lab(8, seed).wish()[0] == field)
    for other in sorted(set(abi.WISHES) - {field}):
        lines = grown(one, abi.WISHES[other][1])
        made, all_points = score(one.items({"hours": "1"}, seen(lines)))
        assert made < all_points


@pytest.mark.parametrize("number", range(len(abi.SIZES)))
def test_labs_size_rule_that_is_broken_has_not(number):
    one = lab(8)
    sizes = [list(size) for size in abi.SIZES]
    sizes[number][2] = "ok" if sizes[number][2] != "ok" else "EINVAL"
    made, all_points = score(one.items({"hours": "1"}, seen(grown(one, sizes=sizes))))
    assert made == all_points - 1


def test_labs_module_that_dies_is_graded():
    one = lab(8)
    items = list(one.items({"hours": "1"}, seen(grown(one)[:5], 125)))
    made, all_points = grading.score(items)
    assert made < all_points and any("died" in item.note for item in items)


# --- the file of the answers, and the program ---

@pytest.mark.parametrize("number", sorted(catalogue.LABS))
def test_labs_blank_form_can_be_read(number):
    one = lab(number, 7)
    found = answers.parse(one.blank(), "form")
    assert answers.seed_of(found, "form") == 7
    assert list(found) == ["seed", *one.form()]
    shown = [line.removeprefix("#").removeprefix(" ")
             for line in one.blank().splitlines() if line.startswith("#")]
    assert "\n".join(line.rstrip() for line in one.question().splitlines()) in \
        "\n".join(shown)
    assert all(not found[name].strip() for name in one.form())


@pytest.mark.parametrize("number", sorted(catalogue.LABS))
def test_labs_seed_decides_the_question(number):
    def whole(seed):
        one = lab(number, seed)
        hidden = one.mutant().name if number == 6 else ""
        return one.question() + hidden
    assert whole(5) == whole(5)
    different = {whole(seed) for seed in FULL_SEEDS}
    assert len(different) >= min(3, len(FULL_SEEDS))


@pytest.mark.parametrize("number", PREDICT)
def test_labs_scripts_use_verbs_of_play(number):
    text = tree.read(os.path.join(LABS_FOLDER, "play.c"))
    verbs = set(re.findall(r"^\t\{ \"(\w+)\", \"", text, re.M))
    assert len(verbs) > 20
    for seed in FULL_SEEDS:
        for _, lines in lab(number, seed).scripts().values():
            assert {line.split()[1] for line in lines} <= verbs


def test_labs_page_tells_all_steps_of_play():
    """With the same words as play -h, which a reader of the page has not seen."""
    text = tree.read(os.path.join(LABS_FOLDER, "play.c")).partition("verbs[] = {")[2]
    steps = [" ".join(words).strip()
             for words in re.findall(r"^\t\{ \"(\w+)\", \"([^\"]*)\"", text, re.M)]
    page = tree.read(os.path.join(TOP, "Documentation/labs/index.rst"))
    assert re.findall(r"^``A (.*?)`` ", page, re.M) == steps


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """-> the path of play, which runs on this machine, too"""
    folder = tmp_path_factory.mktemp("play")
    ends(["make", "-C", "tools/labs", f"O={folder}",
          f"LIB={os.path.join(BUILD, 'lib')}"], 0)
    return str(folder / "play")


@pytest.mark.parametrize("line, sentence", [
    pytest.param(line, sentence, id=id) for id, line, sentence in (
        ("unknown_verb", "A join S x", "a step is a capital letter"),
        ("no_process", "get S 1", "a step is a capital letter"),
        ("process_alone", "A", "a step is a capital letter"),
        ("no_object", "A file", "the verb needs objects"),
        ("bad_segment", "A get 7", "its object is a capital letter"),
        ("bad_child", "A fork x", "its object is a capital letter"),
        ("child_that_exists", "A fork A", "a process with this name already"),
        ("fact_without_value", "expect S.nattch", "expect a fact and its value"))])
def test_labs_line_that_makes_no_sense_ends_play(play, line, sentence):
    """A process that stayed would keep the pipe open, and the test would hang."""
    status, said = run([play, "-s", "in-tree"],
                       text=f"A get S 1\nA fork B\n{line}\nA stat S\n")
    assert (status, "step 2: " in said, "step 3: " in said) == (2, True, False), said
    assert sentence in said


@pytest.mark.parametrize("text, sentence", [
    pytest.param(text, sentence, id=id) for id, text, sentence in (
        ("no_colon", "seed 1\n", "a line is \"name: answer\""),
        ("twice", "seed: 1\nseed: 1\n", "has been answered before"),
        ("open_brace", "seed: 1\ntest: {\n", "no line closes it"),
        ("no_seed", "step-2: 1 1\n", "has no line \"seed: NUMBER\""),
        ("bad_seed", "seed: one\n", "has no line \"seed: NUMBER\""),
        ("misspelt", "seed: 1\nstap-2: 1 1\n", "nobody asked for \"stap-2\""))])
def test_labs_unreadable_answers_refused(tmp_path, text, sentence):
    (tmp_path / "1.txt").write_text(text)
    refuses([LABS, "grade", "1", "--answers", str(tmp_path)], sentence)


@pytest.mark.parametrize("words, sentence", [
    pytest.param(words, sentence, id=id) for id, words, sentence in (
        ("no_such_lab", ["grade", "9"], "there is no lab 9"),
        ("no_answers", ["grade", "1"], "make lab-1 writes one"),
        ("bad_seed", ["ask", "1", "--seed", "x"], "is not a number"))])
def test_labs_refuses(tmp_path, words, sentence):
    refuses([LABS, *words, "--answers", str(tmp_path / "none")], sentence)


def test_labs_answers_for_another_seed_are_kept(tmp_path):
    (tmp_path / "1.txt").write_text("seed: 7\nstep-2: 1 1\n")
    refuses([LABS, "ask", "1", "--seed", "8", "--answers", str(tmp_path)],
            "has answers for SEED=7")
    assert (tmp_path / "1.txt").read_text() == "seed: 7\nstep-2: 1 1\n"


@pytest.fixture
def program(monkeypatch):
    """The program as a module; the guest prints what is made up."""
    def run(kernel, jobs, seconds=0):
        return seen(made_up(lab(1, 7)))
    monkeypatch.setattr(guest, "run", run)
    return loaded("../tools/labs/labs")


def grade(program, monkeypatch, folder, *more):
    monkeypatch.setattr(sys, "argv", ["labs", "grade", "1", "--answers", str(folder),
                                      *more])
    with pytest.raises(SystemExit) as ended:
        program.main()
    return ended.value.code


def test_labs_grade_counts_points_and_tries(program, monkeypatch, tmp_path, capsys):
    one = lab(1, 7)
    right = right_answers(one, made_up(one))
    file = tmp_path / "1.txt"
    file.write_text(one.blank())
    # Missing points are no failure of the program.
    assert grade(program, monkeypatch, tmp_path) == 0
    said = capsys.readouterr().out
    assert re.search(r"^not ok 1 lab-1\.step-2\.nattch \(1 point\)$", said, re.M)
    assert re.search(r"^# not right: step-2\.nattch, step-2\.lines-of-A, ", said, re.M)
    assert "the right answer" not in said
    file.write_text("seed: 7\n" + "".join(f"{name}: {text}\n"
                                          for name, text in right.items()))
    assert grade(program, monkeypatch, tmp_path) == 0
    said = capsys.readouterr().out
    points = 2 * len(right)
    # The score is what stands last on the screen, above the count of cases.
    scores = [f"lab 1, seed 7, try 1: 0 of {points} points, 0 %",
              f"lab 1, seed 7, try 2: {points} of {points} points, 100 %"]
    assert said.endswith(f"\n# both-sides-agree: yes\n1..{points}\n# {scores[1]}\n"
                         f"{points} passed, 0 failed, 0 skipped\n")
    assert (tmp_path / "scores.txt").read_text().splitlines() == scores


def test_labs_grade_shows_what_is_right(program, monkeypatch, tmp_path, capsys):
    (tmp_path / "1.txt").write_text(lab(1, 7).blank())
    assert grade(program, monkeypatch, tmp_path, "--show") == 0
    assert "# the right answer: 2" in capsys.readouterr().out


def test_labs_grade_of_a_broken_question_fails(program, monkeypatch, tmp_path, capsys):
    (tmp_path / "1.txt").write_text(lab(1, 7).blank())
    lines = made_up(lab(1, 7))
    monkeypatch.setattr(guest, "run", lambda kernel, jobs: seen(lines[:5], 125))
    assert grade(program, monkeypatch, tmp_path) == 1
    assert "# steps-of-kshm: this question is broken" in capsys.readouterr().out


def test_labs_ask_writes_a_form_and_keeps_answers(program, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["labs", "ask", "7", "--seed", "3", "--answers",
                                      str(tmp_path)])
    with pytest.raises(SystemExit):
        program.main()
    form = (tmp_path / "7.txt").read_text()
    assert form == lab(7, 3).blank()
    names = list(lab(7, 3).starting_files())
    assert all((tmp_path / name).exists() for name in names)
    (tmp_path / "7.txt").write_text(form + "# mine\n")
    with pytest.raises(SystemExit):
        program.main()
    assert (tmp_path / "7.txt").read_text() == form + "# mine\n"


def test_labs_items_have_names_of_their_own():
    for number in PREDICT:
        one = lab(number)
        lines = made_up(one)
        names = [item.name for item in one.items({}, seen(lines))]
        assert len(set(names)) == len(names)


def test_labs_item_without_fault_has_no_note():
    assert labbase.judged("name", True, 1, "note").note == ""
    assert labbase.judged("name", False, 1, "note").note == "note"


# --- the solutions ---

@pytest.fixture(scope="module")
def selftest():
    """The program that hands them in, as a module."""
    return loaded("labs/labs")


@pytest.fixture(scope="module")
def solutions(selftest):
    return selftest.solutions()


@pytest.mark.parametrize("change, results", [
    pytest.param(change, results, id=id) for id, change, results in (
        ("right", lambda given: given, ["ok", "ok"]),
        ("wrong", WRONG["one_is_another"], ["not ok", "ok"]))])
def test_labs_selftest_judges_solution_and_empty_answer(selftest, capsys, change,
                                                        results):
    one = lab(1, selftest.SEED)
    lines = made_up(one)
    given = change(right_answers(one, lines))
    selftest.predictions(tap.Report(), lambda jobs: seen(lines), {"1": given})
    assert re.findall("^(?:not )?ok", capsys.readouterr().out, re.M) == results


@pytest.mark.parametrize("number", (1, 2, 3, 4, 5))
def test_labs_solution_answers_each_question(number, selftest, solutions):
    one = lab(number, selftest.SEED)
    given = solutions["answers"][str(number)]
    assert list(given) == list(one.form())
    if number in PREDICT:
        for name, facts in one.asks().items():
            assert len(given[name].split()) == len(facts), name
    else:
        names = " ".join((given["order"], given["never"])).split()
        assert sorted(names) == sorted(one.world()[1])
        assert set(given["locked"].split()) <= set(given["order"].split())


@pytest.mark.parametrize("name", mutant.MUTANTS)
def test_labs_solution_names_the_function(name, selftest, solutions):
    one = selftest.with_seed(6, name, lambda one: one.mutant().name)
    entry = solutions["kills"][name]
    assert entry["function"] in one.functions()
    lines = entry["test"].splitlines()
    assert len(lines) <= mutant.SHORT
    assert any(line.startswith("expect ") for line in lines)


@pytest.mark.parametrize("one", race_labs())
def test_labs_solution_mends_by_a_small_change(one, selftest, solutions):
    name, what = one.world()
    entry = solutions["mends"][name]
    for order in "lose", "safe":
        assert race.parse(entry[order], what) in list(race.orders(what))
    mended = selftest.mended_files(one, entry)
    assert 0 < one.lines_changed(mended) <= race.SMALL
    texts = race.sources(what, name)
    for file, text in mended.items():
        assert race.gates_in(text) >= race.gates_in(texts.get(file, ""))


def test_labs_solution_grows_the_struct(tmp_path, selftest, solutions):
    grown = solutions["grown"]
    assert grown["field"] == lab(8, selftest.SEED).wish()[0]
    texts = selftest.edits(grown, grown["field"]).changed()
    assert abi.PAGE in texts
    (tmp_path / "linux").mkdir()
    header = tmp_path / "linux/kshm.h"
    header.write_text(texts[abi.HEADER])
    assert abi.struct_problem(str(header), grown["field"]) == ""


# --- the course ---

def test_labs_slides_are_made(tmp_path):
    ends(["Documentation/labs/slides/make", str(tmp_path)], 0)
    for lecture in "objects", "mappings", "lifetime":
        page = (tmp_path / f"{lecture}.html").read_text()
        assert page.count('<div class="slide"') > 8
        for name in re.findall(r"figures/[\w.-]+", page):
            assert (tmp_path / name).exists(), name


def test_labs_pages_are_there_for_each():
    for number in catalogue.LABS:
        text = tree.read(os.path.join(TOP, f"Documentation/labs/lab-{number}.rst"))
        title = f"Lab {number}: {catalogue.LABS[number].title}"
        assert f"\n{title}\n" in text
        assert text.count(".. hint::") >= 3
