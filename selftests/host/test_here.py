# SPDX-License-Identifier: GPL-2.0
"""make here asks before it does anything. That it runs the selftests is seen in a guest,
by selftests/programs/examples; nothing is loaded into this machine."""

import errno
import os

import follow
import judge
import pytest
import tap
from commands import loaded, run

BAD = "3,7,1500000,-,caller=T1;it is bad\n SUBSYSTEM=block\n"


@pytest.fixture
def here(monkeypatch, tmp_path):
    """The program as a module, which can neither build nor load."""
    here = loaded("runner/here")
    monkeypatch.setattr(here, "build", lambda: pytest.fail("it builds"))
    monkeypatch.setattr(here, "run", lambda *_: pytest.fail("it loads"))
    monkeypatch.setattr(here, "MODULES", str(tmp_path / "modules"))
    (tmp_path / "modules").write_text("other 16384 0 - Live 0x0\n")
    monkeypatch.setattr(here.os, "geteuid", lambda: 0)
    return here


def refused(here, monkeypatch, *words):
    """-> the sentence of the program"""
    monkeypatch.setattr(here.sys, "argv", ["here", *words])
    with pytest.raises(SystemExit) as ended:
        here.main()
    return str(ended.value)


@pytest.mark.parametrize("answer", ["no\n", "\n", "y\n", "", "yes please\n"])
def test_here_without_a_yes_refused(here, monkeypatch, tmp_path, capsys, answer):
    (tmp_path / "answer").write_text(answer)
    with open(tmp_path / "answer") as file:
        monkeypatch.setattr(here.sys, "stdin", file)
        assert "nothing is loaded without a yes" in refused(here, monkeypatch)
    assert "a machine that you need not keep?" in capsys.readouterr().err


def test_here_goes_on_after_a_yes(here, monkeypatch, tmp_path):
    (tmp_path / "answer").write_text("yes\n")
    with open(tmp_path / "answer") as file:
        monkeypatch.setattr(here.sys, "stdin", file)
        here.may_begin(False)


def test_here_as_a_user_refused(here, monkeypatch):
    monkeypatch.setattr(here.os, "geteuid", lambda: 1000)
    assert "say sudo make here" in refused(here, monkeypatch, "--yes")


def test_here_beside_a_loaded_module_refused(here, monkeypatch, tmp_path):
    (tmp_path / "modules").write_text("kshm 180224 0 - Live 0x0\n")
    assert "say rmmod kshm" in refused(here, monkeypatch, "--yes")


def test_here_without_modules_refused(here, monkeypatch, tmp_path):
    (tmp_path / "modules").unlink()
    assert "built without CONFIG_MODULES" in refused(here, monkeypatch, "--yes")


def test_here_without_a_module_for_this_kernel_refused(here, monkeypatch):
    said = refused(here, monkeypatch, "--yes", "--built", "--module", "/none/kshm.ko")
    assert "there is no /none/kshm.ko" in said and "give KDIR=" in said


@pytest.mark.parametrize("uid, home", [(0, None), (65534, "/nonexistent"), (54321, "/")])
def test_here_builds_as_the_owner(here, uid, home):
    """Root's files would be in the way of the owner's next make."""
    options = here.as_owner(os.stat_result((0, 0, 0, 0, uid, 7, 0, 0, 0, 0)))
    if uid == 0:
        assert options == {}
    else:
        assert options.pop("env")["HOME"] == home
        assert options == {"user": uid, "group": 7, "extra_groups": []}


def test_marks_are_kept_meanwhile(here, monkeypatch, tmp_path):
    marks = tmp_path / "printk_devkmsg"
    marks.write_text("ratelimit\n")
    monkeypatch.setattr(here, "MARKS", str(marks))
    with here.all_marks():
        assert marks.read_text() == "on\n"
    assert marks.read_text() == "ratelimit\n"


def test_make_here_asks_unless_told():
    """Nothing but YES=1 answers in place of a person."""
    status, said = run(["make", "-n", "here"])
    assert status == 0 and said.split() == ["selftests/runner/here"]
    status, said = run(["make", "-n", "here", "YES=1", "TESTS=vma"])
    assert status == 0 and said.split() == ["selftests/runner/here", "--yes", "vma"]


def test_judge_reads_a_record_of_the_running_kernel():
    assert judge.of_record(BAD) == "<3>[    1.500000] it is bad"
    assert judge.complaint(judge.of_record(BAD)) == "it is bad"
    assert judge.complaint(judge.of_record("11,8,2,-;by a program\n")) is None


@pytest.fixture
def own_log(monkeypatch):
    """-> a log of the running kernel, and the records that are still to be read"""
    records = []

    def read(file, size):
        if not records:
            raise BlockingIOError
        record = records.pop(0)
        if isinstance(record, OSError):
            raise record
        return record.encode()

    monkeypatch.setattr(judge.os, "open", lambda *_: 100)
    monkeypatch.setattr(judge.os, "lseek", lambda *_: 0)
    monkeypatch.setattr(judge.os, "read", read)
    return judge.OwnLog(), records


def test_own_log_is_judged_up_to_a_mark(own_log):
    log, records = own_log
    records += [BAD, "12,8,1500001,-;mark: one has ended\n", BAD]
    assert log.complaints_until("one has ended") == ["it is bad"]
    assert log.complaints() == ["it is bad (after: one has ended)"]
    assert log.complaints() == []


def test_own_log_with_lost_records_is_a_complaint(own_log):
    log, records = own_log
    records += [OSError(errno.EPIPE, os.strerror(errno.EPIPE)),
                "6,8,1500001,-;harmless\n"]
    assert log.complaints() == ["messages came faster than they were read"]


class Silent:
    """A log of a kernel that complains of nothing."""

    def complaints_until(self, mark):
        return []

    complaints = complaints_until


@pytest.mark.parametrize("lines, passed, failed", [
    (["@begin a", "1..1", "ok 1 a.b", "@end 0"], 1, 0),
    (["@begin a", "1..1", "ok 1 a.b", "@left /proc/sysvipc/shm: 1", "@end 0"], 1, 1),
    (["@begin a", "1..1", "@kernel it is bad", "ok 1 a.b", "@end 0"], 1, 1),
    (["@begin a", "1..2", "ok 1 a.b", "@late", "@end 137"], 1, 2)])
def test_lines_of_run_tests_are_followed(lines, passed, failed):
    report = tap.Report()
    follower = follow.Follower(report, {"a": []}, "9.9", Silent(), 60)
    for line in lines:
        follower.take(line)
    assert (report.passed, report.failed) == (passed, failed)
    assert not follower.waiting and follower.program is None


def test_program_that_did_not_end_has_failed():
    report = tap.Report()
    follower = follow.Follower(report, {"a": ["x", "y"]}, "9.9", Silent(), 60, "-V z")
    assert follower.words() == ["run-tests", "60", "a -V z -t x -t y"]
    follower.take("@begin a")
    follower.died("it stopped")
    assert report.failures == ["9.9 a: it stopped"]
