# SPDX-License-Identifier: GPL-2.0
"""The live picture: what is rebuilt from a recorded log is what the program itself saw
at that moment, and the page shows it."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import types
import xml.etree.ElementTree as ElementTree

import pytest
from commands import refuses, run
from common import BUILD, TOP

sys.path += [os.path.join(TOP, folder)
             for folder in ("selftests/lint", "tools/picture")]
import sources
import steps
import tracelog
from world import Segment, Vma, World

PICTURE = "tools/picture/picture"
LOG = os.path.join(TOP, "selftests/host/data/picture.log")
PAGE = 4096
SIDES = ("kshm", "intree")
# "own" is a tree of the user's, whose source is not fetched.
DRAW = [PICTURE, "own", "--log", LOG]


def lines_of_log():
    with open(LOG) as file:
        return file.readlines()


def rebuilt(lines):
    """-> {side: steps}"""
    return {side.name: steps.steps_of(side) for side in tracelog.read(lines)}


def differences(all_steps):
    return [what for its in all_steps.values() for step in its
            for report in step.reports
            for what in steps.differences(step.state, report, PAGE)]


@pytest.fixture(scope="session")
def recorded():
    return rebuilt(lines_of_log())


def only(found):
    assert len(found) == 1, found
    return found[0]


def step_of(its, kind, nth=0):
    return [step for step in its if step.kind == kind][nth]


def test_picture_is_what_the_program_saw(recorded):
    reports = {side: sum(len(step.reports) for step in its)
               for side, its in recorded.items()}
    assert reports == {"kshm": 16, "intree": 16}
    assert differences(recorded) == []


@pytest.mark.parametrize("event", [
    "kshm_create", "kshm_vma_map", "kshm_vma_open", "kshm_vma_close", "kshm_set",
    "kshm_mark", "kshm_end", "page_mapped", "mm_filemap_delete_from_page_cache",
    "sched_process_fork", "shm_create", "shm_vma_mapped", "shm_vma_open",
    "shm_vma_close", "shm_set", "shm_mark", "shm_end"])
def test_picture_without_an_event_differs(event):
    """Each event matters: without those of one name, a report contradicts."""
    lines = [line for line in lines_of_log() if f": {event}: " not in line]
    assert len(lines) < len(lines_of_log())
    assert differences(rebuilt(lines))


@pytest.mark.parametrize("side, pages", [("kshm", {0, 1, 2, 5}), ("intree", {0})])
def test_picture_shows_fault_around(side, pages, recorded):
    """One read of the child maps all pages in memory on kshm, and one in-tree."""
    faults = [step for step in recorded[side]
              if step.kind == "page_mapped" and step.letter == "B"]
    assert faults[0].said.pages == pages


@pytest.mark.parametrize("side, idle", [("kshm", [True]), ("intree", [])])
def test_picture_keeps_idle_files(side, idle, recorded):
    """After its last detach, a segment of kshm still has its attach file."""
    detached = step_of(recorded[side], "detach")
    files = only(detached.state["segments"])["files"]
    assert [file["idle"] for file in files if file["access"] == "r"] == idle


def test_picture_has_pointers_of_both(recorded):
    for side in SIDES:
        state = step_of(recorded[side], "create").state
        segment = only(state["segments"])
        assert only(state["registries"])["ids"] == [[0, segment["address"]]]
        assert only(state["registries"])["keys"] == [[0x5ce7e, segment["address"]]]
        for pointer in ("address", "registry", "file", "inode"):
            assert re.fullmatch(r"ff[0-9a-f]{14}", segment[pointer])


def test_picture_aligns_the_sides(recorded):
    rows = steps.align(recorded["kshm"], recorded["intree"])
    for index, side in enumerate(SIDES):
        new = [row[index] for row in rows if row[2 + index]]
        assert new == list(range(len(recorded[side])))
    both = [row for row in rows if row[2] and row[3]]
    assert len(both) > 60
    for left, right, _, _ in both:
        assert recorded["kshm"][left].kind == recorded["intree"][right].kind
    # RMID is a command of kshm, and has no event in-tree.
    rmid = next(row for row in rows if recorded["kshm"][row[0]].kind == "rmid")
    assert rmid[2:] == (True, False)


def test_picture_knows_each_event_of_kshm():
    with open(os.path.join(TOP, "module/trace.h")) as file:
        names = re.findall(r"^(?:TRACE_EVENT|DEFINE_EVENT)\((?:\w+, )?(kshm_\w+),",
                           file.read(), re.M)
    assert len(names) > 10
    # Named objects are no segments.
    assert [name for name in names if not hasattr(steps.Kshm, f"do_{name}")] == \
        ["kshm_open", "kshm_unlink"]


def test_picture_tells_of_a_failed_program(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(lines_of_log()).replace('"status": 0', '"status": 3', 1))
    status, said = run([PICTURE, "own", "--log", str(path), "--text"])
    assert status == 0 and "on kshm the program ended with status 3." in said


def test_picture_needs_reports_of_the_scene(tmp_path):
    """Else the comparison would prove nothing."""
    path = tmp_path / "log"
    path.write_text("".join(line for line in lines_of_log() if '"maps"' not in line)
                    .replace("/job/scene", "/job/program/scene"))
    refuses([PICTURE, "own", "--log", str(path), "--text"],
            "the scene has reported nothing on kshm")


def test_picture_finds_each_function(recorded):
    """Each event leads to a line of a source, of the module or of the kernel."""
    source = sources.kernel_source("6.12")
    for its in recorded.values():
        events = {step.event for step in its if step.kind not in ("say", "begin")}
        places = sources.places(its, source)
        assert [event for event in sorted(events)
                if not (event in places and places[event].path)] == []


# The world on its own

def event(tid=7, pid=7, comm="prog"):
    return types.SimpleNamespace(tid=tid, pid=pid, comm=comm)


@pytest.fixture
def world():
    """A segment of four pages, attached at 0x10000 in the mm 1."""
    made = World(PAGE)
    segment = Segment(0xa, 0xb, 3, 0x1234, 4 * PAGE, 0o600, 7, 0xc, 0xd)
    made.create(segment, 99)
    made.map(vma_of(segment, 0x10000), 1, event())
    return made


def vma_of(segment, start, first=0, pages=4, flags=3):
    return Vma(start, start + pages * PAGE, first, flags, 0xf, segment)


def ranges(world, mm=1):
    return sorted((vma.start, vma.first, len(world.pages_of(vma)), vma.perms)
                  for vma in world.processes[mm].vmas)


def test_picture_split_keeps_pages(world):
    segment = world.segments[0xa]
    world.mapped(1, 0x10000, 4)
    world.copy(vma_of(segment, 0x10000, 0, 1), 1, event())
    assert ranges(world) == [(0x10000, 0, 1, "rw-"), (0x11000, 1, 3, "rw-")]
    assert sorted(map(sorted, (vma.mapped for vma in world.vmas()))) == \
        [[0], [1, 2, 3]]
    world.close(1, 0x10000, event())
    assert only(world.vmas()).mapped == {1, 2, 3}
    assert world.nattch(segment) == 1


def test_picture_move_takes_pages_along(world):
    """mremap() makes a copy elsewhere, moves the pages, and unmaps the old place."""
    world.mapped(1, 0x10000, 2)
    world.copy(vma_of(world.segments[0xa], 0x50000), 1, event())
    assert world.nattch(world.segments[0xa]) == 2
    world.close(1, 0x10000, event())
    assert ranges(world) == [(0x50000, 0, 4, "rw-")]
    assert only(world.vmas()).mapped == {0, 1}


def test_picture_fork_copies_no_pages(world):
    world.mapped(1, 0x10000, 4)
    world.copy(vma_of(world.segments[0xa], 0x10000), 2, event())
    assert world.processes[2].pid == 0
    assert not world.fork(8, 20, "other")
    assert world.fork(7, 20, "child")
    assert (world.processes[2].pid, world.processes[2].comm) == (20, "child")
    assert only(world.processes[2].vmas).mapped == set()
    assert world.letters == {7: "A", 20: "B"}


def test_picture_mprotect_means_the_middle(world):
    """The VMA that mprotect() means is there only after two splits."""
    segment = world.segments[0xa]
    world.protect(1, 0x11000, 0x12000, 1)
    world.copy(vma_of(segment, 0x10000, 0, 1), 1, event())
    world.copy(vma_of(segment, 0x12000, 2, 2), 1, event())
    assert ranges(world) == [(0x10000, 0, 1, "rw-"), (0x11000, 1, 1, "r--"),
                             (0x12000, 2, 2, "rw-")]


@pytest.mark.parametrize("start, ends", [
    (0x11000, [(0x10000, 0, 2, "r--"), (0x12000, 2, 2, "rw-")]),
    (0x12000, [(0x10000, 0, 2, "rw-"), (0x12000, 2, 2, "r--")])])
def test_picture_mprotect_moves_a_border(start, ends, world):
    """Next to a VMA with the same flags, mprotect() splits nothing: the VMA grows."""
    low = start == 0x11000
    world.mapped(1, 0x10000, 4)
    world.protect(1, 0x10000 if low else 0x13000, 0x11000 if low else 0x14000, 1)
    world.copy(vma_of(world.segments[0xa], 0x10000, 0, 1 if low else 3), 1, event())
    world.protect(1, start, start + PAGE, 1)
    assert ranges(world) == ends
    assert sorted(map(sorted, (vma.mapped for vma in world.vmas()))) == \
        [[0, 1], [2, 3]]
    assert not world.protecting


def test_picture_same_id_in_two_namespaces(world):
    other = Segment(0xaa, 0xbb, 3, 0, PAGE, 0o600, 9, 0xcc, 0xdd)
    world.create(other, 100)
    world.map(vma_of(other, 0x70000, 0, 1), 2, event(9, 9))
    assert world.by_id(0xbb, 3) is other
    assert world.by_id(0xb, 3) is world.segments[0xa]
    world.page_in(3, {0}, 9)
    assert other.resident == {0} and not world.segments[0xa].resident


def test_picture_ended_segment_stays_with_its_pages(world):
    segment = world.segments[0xa]
    world.page_in(3, {0, 1}, 7)
    world.mark(segment)
    world.close(1, 0x10000, event())
    world.end(segment)
    assert only(world.state()["segments"])["ended"]
    assert only(world.state()["registries"])["ids"] == []
    world.page_out(3, {0, 1}, 7)
    assert world.state()["segments"] == []


def test_picture_four_idle_files_for_each_access(world):
    segment = world.segments[0xa]
    first = only(world.vmas())
    world.keep_idle(first)
    for number in range(1, 5):
        more = vma_of(segment, 0x30000 + number * 0x10000)
        more.file = 0x10 + number
        world.map(more, 1, event())
        world.keep_idle(more)
    kept = [file.idle for file in segment.files.values()]
    assert kept == [True, True, True, True, False]
    for vma in list(world.vmas()):
        world.close(1, vma.start, event())
    assert list(segment.files) == [0xf, 0x11, 0x12, 0x13]


def test_picture_says_braces_of_a_name():
    assert str(steps.Said("{x} gets {pages}", {1})) == "{x} gets page 1"


def test_picture_names_pages():
    assert steps.pages_named({3}) == "page 3"
    assert steps.pages_named({0, 1, 2, 5, 7, 8}) == "pages 0-2, 5, 7-8"


# What the log can look like

def test_picture_reads_a_name_with_blanks():
    line = "   my prog - x-77    (     70) [000] .N.1.   12.5: kshm_mark: " \
           "id=0 key=0x00000010 size=4096 segment=00000000ff001000\n"
    side = only(tracelog.read(['# {"side": "kshm", "page": 4096}\n', line]))
    found = only(side.events)
    assert (found.comm, found.tid, found.pid) == ("my prog - x", 77, 70)
    assert (found.key, found.segment) == (16, 0xff001000)


@pytest.mark.parametrize("text, said", [
    ('{"say": "Now the fork."}', {"say": "Now the fork."}),
    ("no JSON", {"say": "no JSON"}),
    ('{"of": "the program\'s own"}', {"say": '{"of": "the program\'s own"}'}),
    ('{"pid": 1, "maps": [], "listing": []}', {"pid": 1, "maps": [], "listing": []})])
def test_picture_reads_what_the_program_writes(text, said):
    line = f"  a-1  (  1) [000] ..... 1.0: tracing_mark_write: {text}\n"
    side = only(tracelog.read(['# {"side": "kshm", "page": 4096}\n', line]))
    assert only(side.events).marker() == said


@pytest.mark.parametrize("lines, sentence", [
    (["hello\n"], "no line of a log: hello"),
    (["# a comment\n"], "neither side"),
    (['# {"side": "kshm", "page": 4096}\n',
      "# entries-in-buffer/entries-written: 10/20   #P:1\n"],
     "no room for all events"),
    (['# {"side": "kshm", "page": 4096}\n',
      "  a-1  (  1) [000] ..... 1.0: kshm_mark: id=0\n"],
     "kshm_mark lacks the field segment")])
def test_picture_refuses_a_log(lines, sentence, tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(lines))
    refuses([PICTURE, "own", "--log", str(path)], sentence, {"BUILD": str(tmp_path)})


@pytest.mark.parametrize("words, sentence", [
    (["--log", "/nowhere"], "reading /nowhere: No such file"),
    (["--program", "./no-such-program"], "there is no file ./no-such-program"),
    (["--program", "README.md"], "README.md is no program"),
    (["--program", " "], "PROG= names no program")])
def test_picture_refuses_words(words, sentence, tmp_path):
    refuses([PICTURE, *words], sentence, {"BUILD": str(tmp_path)})


def test_picture_tells_of_a_contradiction(tmp_path):
    path = tmp_path / "log"
    path.write_text("".join(line for line in lines_of_log()
                            if ": kshm_set: " not in line))
    refuses([PICTURE, "own", "--log", str(path)],
            "the picture is not what the program saw", {"BUILD": str(tmp_path)})


def test_picture_as_text():
    status, said = run([*DRAW, "--text"])
    assert status == 0, said
    assert "==== kshm ====" in said and "==== in-tree shm ====" in said
    assert "segment 0: key 0x0005ce7e, mode 0600, 32768 bytes, nattch 2\n" in said
    assert "    pages + + + . . + . .\n" in said
    assert re.search(r"\[kshm_vma_open vma_open\(\) module/vma\.c:\d+\]", said)


# The page

@pytest.fixture(scope="session")
def page_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "index.html"
    status, said = run([*DRAW, "--output", str(path)])
    assert status == 0 and "32 reports of the program agree" in said, said
    return path


@pytest.fixture(scope="session")
def data(page_path):
    return json.loads(re.search(
        r'<script id="data" type="application/json">(.*?)</script>',
        page_path.read_text(), re.S)[1])


def test_picture_needs_no_other_file(page_path):
    text = page_path.read_text()
    assert not re.search(r"<(link|img|iframe)\b|<script[^>]* src=|@import|url\(http",
                         text)


def test_picture_leads_to_the_source(data):
    """The line of each event of kshm is the one that makes it."""
    for event_name, place in data["sides"][0]["places"].items():
        if not event_name.startswith("kshm_"):
            continue
        with open(os.path.join(TOP, place["path"])) as file:
            line = file.read().splitlines()[place["line"] - 1]
        assert f"trace_{event_name}(" in line
        assert place["text"].splitlines()[place["line"] - place["first"]] == line
        assert place["name"] in place["text"]


def test_picture_finds_functions_of_the_kernel(tmp_path):
    for folder in ("ipc", "mm"):
        (tmp_path / folder).mkdir()
    (tmp_path / "ipc/shm.c").write_text(
        "int x;\nEXPORT(x);\nstatic int\nnewseg(int a)\n{\n\treturn a;\n}\n")
    found = sources.of_functions({"newseg", "elsewhere"}, str(tmp_path))
    assert found["elsewhere"] == sources.Place("elsewhere")
    place = found["newseg"]
    assert (place.path, place.line, place.first) == ("ipc/shm.c", 4, 3)
    assert place.text == "static int\nnewseg(int a)\n{\n\treturn a;\n}"


# What is done to the page in a browser; the last element keeps what was seen.
SCRIPT = """
const seen = { steps: [] };
const press = (key, target) => (target || document.activeElement).dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true }));
const all = (selector, map) => [...document.querySelectorAll(selector)].map(map);
const facts = side => ({
    step: Number(document.querySelector(`#${side} svg`).dataset.step),
    vmas: all(`#${side} text[data-start]`, one => ({ ...one.dataset })),
    cells: all(`#${side} g.cell`, one => ({ ...one.dataset })),
    segments: all(`#${side} g.box.segment`, one => ({ ...one.dataset })),
    titles: all(`#${side} g.box > text.title`, one => one.textContent),
    arrows: all(`#${side} path.arrow`, one => one.dataset.key),
    changed: document.querySelectorAll(`#${side} .changed`).length,
});
const now = () => ({ row, sides: data.sides.map(side => facts(side.name)) });
const click = id => document.getElementById(id).click();

for (let count = 0; count < data.rows.length; count++) {
    seen.steps.push(now());
    click("next");
}
seen.beyond = row;
click("back");
seen.back = now();
click("first");
seen.first = row;
click("last");
seen.last = row;
seen.keys = ["Home", "ArrowRight", "ArrowRight", "ArrowLeft", "End"].map(key => {
    press(key, document.body);
    return row;
});
press("/", document.body);
seen.focus = document.activeElement.id;
const field = document.getElementById("search");
field.value = "vma_open split";
field.dispatchEvent(new Event("input"));
seen.found = document.getElementById("found").textContent;
seen.hits = hits();
go(0);
press("Enter", field);
seen.hit = row;
field.blur();
press("n", document.body);
seen.next_hit = row;
press("f", document.body);
seen.function_shown = document.getElementById("function").textContent;
seen.function_mark = document.querySelector("#function mark").textContent;
press("Escape", document.body);
seen.left = [document.getElementById("function").hidden, hits().length];
document.querySelectorAll("#timeline tbody tr")[5].click();
seen.clicked = row;
seen.address = location.hash;
const slider = document.getElementById("slider");
slider.value = 9;
slider.dispatchEvent(new Event("input"));
seen.slid = row;
seen.svg = svgText(0);
go(FIGURE_STEP);
seen.figure = svgText(0);
const shown = document.getElementById("shown");
shown.value = "intree";
shown.dispatchEvent(new Event("change"));
seen.alone = all("figure", one => one.hidden);
go(0);
press(" ", document.body);
setTimeout(() => {
    press(" ", document.body);
    seen.played = row;
    setTimeout(() => {
        seen.paused = row;
        document.body.append(Object.assign(document.createElement("pre"),
            { id: "seen", textContent: JSON.stringify(seen) }));
    }, 3 * PLAY_MS);
}, 3.5 * PLAY_MS);
"""

# The drawing that Documentation/picture.rst has.
FIGURE = "Documentation/figures/picture.svg"
FIGURE_STEP = 28


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """-> a function that runs the browser on a page"""
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("the package chromium is not installed")

    def browse(page, *options):
        return subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu",
             "--hide-scrollbars", "--window-size=1700,1000",
             f"--user-data-dir={tmp_path_factory.getbasetemp()}/picture-profile",
             *options, page],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            timeout=240).stdout
    return browse


@pytest.fixture(scope="session")
def seen(page_path, chromium):
    tried = page_path.with_name("tried.html")
    tried.write_text(page_path.read_text().replace(
        "</body>", f"<script>const FIGURE_STEP = {FIGURE_STEP};\n{SCRIPT}</script>"
        "</body>"))
    said = chromium(f"file://{tried}", "--dump-dom", "--virtual-time-budget=20000")
    return json.loads(html.unescape(re.search(r'<pre id="seen">(.*)</pre>', said)[1]))


def shown_letter(cell, letter):
    return "M" if letter in cell["letters"] else \
        "." if cell["state"] == "absent" else "m"


def shown_maps(side, report):
    """-> {start: what a page shows of this process's mappings}"""
    found = {}
    for vma in side["vmas"]:
        if int(vma["pid"]) == report["pid"]:
            found[vma["start"]] = (vma["end"], vma["perms"], int(vma["first"]))
    return found


def reported_maps(report):
    found = {}
    for line, _ in report["maps"]:
        start, end, perms, offset = re.match(r"(\w+)-(\w+) (...)s (\w+)",
                                             line).groups()
        found[start] = (end, perms, int(offset, 16) // PAGE)
    return found


def shown_pages_agree(side, report, letter):
    """Together, the mappings of a process show which pages it has mapped."""
    mapped, seen_of = {}, {}
    for line, letters in report["maps"]:
        offset, inode = re.match(r"\S+ \S+ (\w+) \S+ (\d+)", line).groups()
        for number, sign in enumerate(letters, int(offset, 16) // PAGE):
            key = (int(inode), number)
            mapped[key] = "M" if "M" in (sign, mapped.get(key)) else sign
    for cell in side["cells"]:
        seen_of[int(cell["segment"]), int(cell["page"])] = shown_letter(cell, letter)
    return {key: seen_of.get(key) for key in mapped} == mapped


def reported_segments(report):
    return {int(id): (int(key) & 0xffffffff, int(perms, 8) & 0o777,
                      bool(int(perms, 8) & 0o1000), int(size), int(nattch))
            for key, id, perms, size, _, _, nattch, *_ in
            (line.split() for line in report["listing"])}


def shown_segments(side):
    return {int(one["id"]): (int(one["key"]), int(one["mode"]),
                             one["marked"] == "true", int(one["size"]),
                             int(one["nattch"])) for one in side["segments"]}


def test_picture_shows_what_the_guest_reported(seen, recorded):
    """Step by step, by clicks: the drawing against the program's own view."""
    compared = 0
    for moment in seen["steps"]:
        for index, name in enumerate(SIDES):
            side = moment["sides"][index]
            step = recorded[name][side["step"]]
            for report in step.reports:
                letter = next((process["letter"] for process in
                               step.state["processes"]
                               if process["pid"] == report["pid"]), "?")
                assert shown_maps(side, report) == reported_maps(report)
                assert shown_pages_agree(side, report, letter)
                assert shown_segments(side) == reported_segments(report)
                compared += 1
    assert compared >= 32


def cells_of(state):
    """-> (segment, page, what is drawn, letters) of all pages of a state"""
    found = set()
    for segment in state["segments"]:
        for page in range(segment["pages"]):
            letters = {process["letter"] for process in state["processes"]
                       for vma in process["vmas"]
                       if vma["segment"] == segment["address"] and
                       page in vma["mapped"]}
            kind = "mapped" if letters else \
                "memory" if page in segment["resident"] else "absent"
            found.add((segment["id"], page, kind, "".join(sorted(letters))))
    return found


def test_picture_draws_every_page(seen, recorded):
    kinds = set()
    for moment in seen["steps"]:
        for side, name in zip(moment["sides"], SIDES):
            drawn = {(int(cell["segment"]), int(cell["page"]), cell["state"],
                      cell["letters"]) for cell in side["cells"]}
            assert drawn == cells_of(recorded[name][side["step"]].state)
            kinds |= {kind for _, _, kind, _ in drawn}
    assert kinds == {"absent", "memory", "mapped"}


def things(side):
    return {json.dumps(one, sort_keys=True)
            for what in ("vmas", "cells", "segments", "titles", "arrows")
            for one in side[what]}


def test_picture_marks_changes(seen, recorded):
    """What was not there in the step before is marked. The program's words change
    nothing."""
    marked = 0
    for before, moment in zip(seen["steps"], seen["steps"][1:]):
        for index, name in enumerate(SIDES):
            old, new = before["sides"][index], moment["sides"][index]
            if old["step"] == new["step"]:
                continue
            if recorded[name][new["step"]].kind == "say":
                assert new["changed"] == 0
            elif things(new) - things(old):
                assert new["changed"] > 0, (moment["row"], name)
                marked += 1
    assert marked > 60


def test_picture_draws_arrows(seen, recorded):
    moment = next(one for one in seen["steps"]
                  if recorded["kshm"][one["sides"][0]["step"]].kind == "attach")
    kinds = [{key.partition("-")[0] for key in side["arrows"]}
             for side in moment["sides"]]
    assert kinds[0] == {"ids", "keys", "backing", "inode", "cache", "private",
                        "same", "idle", "vma"}
    assert kinds[1] == {"ids", "keys", "backing", "inode", "cache", "private",
                        "same", "under", "vma"}


def test_picture_steps(seen, data):
    last = len(data["rows"]) - 1
    assert [moment["row"] for moment in seen["steps"]] == list(range(last + 1))
    assert seen["beyond"] == last
    assert seen["back"] == seen["steps"][last - 1]
    assert (seen["first"], seen["last"]) == (0, last)
    assert seen["keys"] == [0, 1, 2, 1, last]
    assert (seen["clicked"], seen["address"], seen["slid"]) == (5, "#step=5", 9)


def test_picture_plays(seen):
    assert seen["played"] == 3
    assert seen["paused"] == 3


def test_picture_searches(seen):
    assert seen["focus"] == "search"
    assert len(seen["hits"]) == 2
    assert seen["found"] == "2 found"
    assert [seen["hit"], seen["next_hit"]] == seen["hits"]


def test_picture_opens_the_function(seen):
    assert "vma_open()" in seen["function_shown"]
    assert "trace_kshm_vma_open(segment, vma);" in seen["function_mark"]
    assert seen["left"] == [True, 0]


def test_picture_shows_one_side(seen):
    assert seen["alone"] == [True, False]


def test_picture_saves_svg(seen):
    """A saved drawing is whole, and needs neither the page nor variables."""
    root = ElementTree.fromstring(seen["svg"])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    style = root.find("{http://www.w3.org/2000/svg}style").text
    assert "stroke" in style and "var(" not in style and "--" not in style
    assert root.get("viewBox").split()[2] == root.get("width") == "935"


def test_picture_of_the_pages_is_drawn(seen):
    """The drawing in the pages is what the page saves of that step."""
    drawn = os.path.join(BUILD, "picture/picture.svg")
    os.makedirs(os.path.dirname(drawn), exist_ok=True)
    with open(drawn, "w") as file:
        file.write(seen["figure"] + "\n")
    with open(os.path.join(TOP, FIGURE)) as file:
        assert file.read() == seen["figure"] + "\n", \
            f"the drawing has changed; say: cp {drawn} {FIGURE}"


def test_picture_screenshots_need_chromium():
    """Those of the pages; make html makes them."""
    refuses(["env", "PATH=/nowhere", sys.executable,
             "Documentation/figures/screenshots"], "install the package chromium")


def test_picture_screenshot(page_path, chromium):
    """The picture of a step stays under build/, for whoever wants to look."""
    folder = os.path.join(BUILD, "picture")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "screenshot.png")
    if os.path.exists(path):
        os.unlink(path)
    chromium(f"file://{page_path}#step=27", f"--screenshot={path}",
             "--virtual-time-budget=2000")
    with open(path, "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert os.path.getsize(path) > 50_000
