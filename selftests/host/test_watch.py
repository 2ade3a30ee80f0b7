# SPDX-License-Identifier: GPL-2.0
"""tools/kshm-watch: what it makes of a listing, of WHO's answer and of the trace, and
how that fits a screen. The live table is tried in a guest."""

import os
import subprocess

import pytest
from commands import loaded, refuses
from common import TOP

WATCH = "tools/kshm-watch"
HEADING = "       key      shmid perms                  size  cpid  lpid nattch   uid\n"
LINE = "{key:10d} {id:10d}  {perms:4o} {size:21d} {cpid:5d} {lpid:5d}  {nattch:5d} " \
       "    0     0     0     0          0          0 1795833182 {rss:21d} " \
       "                    0\n"


@pytest.fixture(scope="session")
def watch():
    return loaded("../" + WATCH)


def listing(*changes):
    usual = {"key": 0x1234, "id": 3, "perms": 0o600, "size": 9000, "cpid": 7,
             "lpid": 8, "nattch": 2, "rss": 8192}
    return HEADING + "".join(LINE.format(**{**usual, **change})
                             for change in changes)


def test_watch_reads_the_listing(watch):
    first, second = watch.segments_of(listing(
        {}, {"id": 4, "key": -2, "perms": 0o3640}))
    assert first == {"id": 3, "key": 0x1234, "mode": 0o600, "size": 9000, "cpid": 7,
                     "lpid": 8, "nattch": 2, "resident": 2, "flags": []}
    assert (second["key"], second["mode"], second["flags"]) == \
        (0xfffffffe, 0o640, ["marked", "locked"])
    assert watch.segments_of(HEADING) == []


def test_watch_columns_stand_below_their_heading(watch):
    segment = watch.segments_of(listing({}))[0]
    line = watch.segment_line(segment)
    for word, shown in (("id", "3"), ("key", "0x00001234"), ("mode", "0600"),
                        ("bytes", "9000"), ("nattch", "2"), ("cpid", "7"),
                        ("lpid", "8")):
        end = watch.HEADING.index(word) + len(word)
        assert line[:end].endswith(" " + shown), (word, line)
    assert " 2/3 " in line


def test_watch_knows_who(watch, tmp_path):
    """The command and the structs are those of the header."""
    source = tmp_path / "who.c"
    source.write_text('#include <linux/kshm.h>\n#include <stdio.h>\nint main(void)\n'
                      '{ printf("%lu %zu %zu", (unsigned long)KSHM_IOC_WHO,\n'
                      'sizeof(struct kshm_who), sizeof(struct kshm_attacher)); }\n')
    subprocess.run(["cc", "-I", os.path.join(TOP, "uapi"), "-o", tmp_path / "who",
                    source], check=True)
    said = subprocess.run([tmp_path / "who"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    assert [int(word) for word in said.split()] == \
        [watch.WHO_COMMAND, watch.WHO.size, watch.ATTACHER.size]


def test_watch_names_a_mapping(watch):
    me = os.getpid()
    line = watch.attacher_line(me, 3, 0x7000, 2 * watch.PAGE, watch.PAGE)
    assert line.startswith(f"{me} ") and line.endswith(" rw- at 0x7000, pages 1-2")
    assert watch.attacher_line(0, 1, 0, watch.PAGE, 0) == "0 ? r-- somewhere, page 0"


@pytest.mark.parametrize("line, shown", [
    ("           scene-158     [000] .....    34.610505: kshm_create: id=0 key=0x10 "
     "registry=ff2b segment=ff2c name=", "34.610505 scene-158 create id=0 key=0x10 "
     "name="),
    ("  my prog-7  [001] .N.1.   1.5: kshm_vma_map: id=0 start=0x1000 mm=ff01 file=ff02",
     "1.5 my prog-7 vma_map id=0 start=0x1000"),
    ("CPU:0 [LOST 12 EVENTS]", None),
    ("  a-1  [000] .....   1.5: sched_switch: prev=1", None)])
def test_watch_shortens_events(watch, line, shown):
    assert watch.event_of(line) == shown


class NoEvents:
    lacks, lines = "no events: Permission denied", []

    def take(self):
        return []


def test_watch_marks_changes(watch, monkeypatch):
    seen = [listing({}), listing({}), listing({"nattch": 3}, {"id": 4}), HEADING]
    monkeypatch.setattr(watch, "read_listing", lambda: seen.pop(0))
    monkeypatch.setattr(watch, "attachers_of", lambda device, id: [f"of {id}"])
    looking = watch.Watch(None, NoEvents())
    marks = [[new for new, _ in looking.look()[0]] for _ in range(3)]
    assert marks == [[False, False], [False, False], [True, False, True, True]]
    assert looking.look() == ([], [(False, NoEvents.lacks)])


def test_watch_fits_the_screen(watch):
    table = [(False, f"           row {number}") for number in range(30)]
    events = [(True, f"event {number}") for number in range(50)]
    screen = watch.screen_of(table, events, 24, 40)
    assert len(screen) <= 24 and all(len(line) < 40 for _, line in screen)
    text = [line for _, line in screen]
    assert "and 17 lines more" in text[14]
    assert text[15].strip() == "events, the newest last"
    assert text[-1] == "* event 49" and len(text) == 23


@pytest.mark.parametrize("height, width", [(1, 1), (2, 10), (3, 5), (5, 80)])
def test_watch_fits_a_tiny_screen(watch, height, width):
    screen = watch.screen_of([(True, "           x")] * 9, [(True, "y")] * 9, height,
                             width)
    assert len(screen) <= height and all(len(line) < width for _, line in screen)


def test_watch_without_segments(watch):
    text = [line for _, line in watch.screen_of([], [], 10, 80)]
    assert text[1] == "  no segments"


@pytest.mark.parametrize("words, sentence", [
    (["--interval", "x"], "x is no number from 0.05 to 3600"),
    (["--interval", "0"], "0 is no number from 0.05 to 3600"),
    (["--once"], "is kshm loaded?")])
def test_watch_refused(words, sentence):
    if words == ["--once"] and os.path.exists("/proc/kshm/shm"):
        pytest.skip("kshm is loaded on this host")
    refuses([WATCH, *words], sentence)
