# SPDX-License-Identifier: GPL-2.0
"""tools/kshm-compare: names for ids, keys and addresses, what differs and what does not,
and the sentences when it can't compare. Programs are compared in a guest."""

import copy
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from commands import read, refuses, run
from common import TOP

sys.path.append(os.path.join(TOP, "tools/compare"))
import calls
import chart
import report
import runs
import texts
import verdict
import watcher

COMPARE = "tools/kshm-compare"
GUEST = "tools/compare/guest"
FORK = "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, " \
       "child_tidptr=0x7f27) = {}\n"
STAT = "shmctl({}, IPC_STAT, {{shm_perm={{uid=0, gid=0, mode=0600, key=IPC_PRIVATE, " \
       "cuid=0, cgid=0}}, shm_segsz=4096, shm_cpid={}, shm_lpid={}, shm_nattch={}, " \
       "shm_atime={}, shm_dtime=0, shm_ctime=1795}}) = 0\n"
END = "+++ exited with 0 +++\n"


def trace(base, id, address, nattch=1, size=4096, order=(1, 2)):
    """The files of strace of a parent and two children, the first of which attaches the
    parent's segment, and the second creates one of its own. @order is who is forked
    first."""
    kids = [base + place for place in order]
    first, second = base + 1, base + 2
    return {
        base: f'execve("/usr/bin/prog", ["prog"], 0x7ffe /* 9 vars */) = 0\n'
              f"shmget(IPC_PRIVATE, {size}, IPC_CREAT|0600) = {id}\n"
              f"shmat({id}, NULL, 0) = {address:#x}\n" +
              "".join(FORK.format(kid) for kid in kids) +
              STAT.format(id, base, base, nattch, base + 7) +
              f"shmdt({address:#x}) = 0\nshmctl({id}, IPC_RMID, NULL) = 0\n" + END,
        first: f"shmat({id}, NULL, SHM_RDONLY) = {address + 0x10000:#x}\n"
               f"shmdt({address + 0x11000:#x}) = -1 EINVAL (Invalid argument)\n" + END,
        second: f"shmget(0x{base:x}, 8192, IPC_CREAT|0600) = {id + 1}\n"
                f"shmctl({id + 1}, IPC_RMID, NULL) = 0\n" + END}


def a_run(side, files, stdout="", **more):
    return {"side": side, "status": "exited with 0", "stdout": stdout, "stderr": "",
            "left": 0, "segments": [], "looks": [], "bare": {}, "counted": False,
            **calls.normal(calls.parse(files)), **more}


def judged(intree, kshm, door="switch"):
    return verdict.judge({"program": ["/usr/bin/prog"], "kernel": "6.12", "door": door,
                          "rounds": len(intree), "scratch": True,
                          "runs": copy.deepcopy([*intree, *kshm])})


def rounds(side, count=2, **changes):
    base, id, address = (1000, 5, 0x7f0000000000) if side == "in-tree" else \
        (3000, 536870912, 0x7e1234000000)
    return [a_run(side, trace(base + 100 * at, id + 7 * at, address + at * 0x3000000,
                              **changes)) for at in range(count)]


def test_compare_names_what_differs_between_runs():
    found = rounds("kshm", 1)[0]
    own, child = [process["calls"] for process in found["processes"][:2]]
    assert [(call["text"], call["result"]) for call in own] == [
        ("shmget(IPC_PRIVATE, 4096, IPC_CREAT|0600)", "id A"),
        ("shmat(id A, NULL, 0)", "addr A"),
        ("shmctl(id A, IPC_STAT, {shm_perm={uid=0, gid=0, mode=0600, key=IPC_PRIVATE, "
         "cuid=0, cgid=0}, shm_segsz=4096, shm_cpid=process 1, shm_lpid=process 1, "
         "shm_nattch=1, shm_atime=time, shm_dtime=0, shm_ctime=time})", "0"),
        ("shmdt(addr A)", "0"), ("shmctl(id A, IPC_RMID, NULL)", "0")]
    assert [call["result"] for call in child] == ["addr B", "EINVAL"]
    assert own[1]["raw"].startswith("shmat(536870912, NULL, 0)")
    assert found["names"]["id"] == {"536870912": "id A", "536870913": "id B"}
    assert [process["path"] for process in found["processes"]] == ["1", "1.1", "1.2"]


@pytest.mark.parametrize("line, name, args, result", [
    ("shmget(0x5147816, 4096, IPC_CREAT|0644) = 0", "shmget",
     ["0x5147816", "4096", "IPC_CREAT|0644"], "0"),
    ("shmat(3, 0x7f00, SHM_RND)                = -1 EINVAL (Invalid argument)", "shmat",
     ["3", "0x7f00", "SHM_RND"], "EINVAL"),
    ('execve("/bin/sh", ["sh", "-c", "f(1, 2) = 3"], 0x7ffe /* 9 vars */) = 0',
     "execve", ['"/bin/sh"', '["sh", "-c", "f(1, 2) = 3"]', "0x7ffe /* 9 vars */"], "0"),
    ("shmat(3, NULL, 0 <unfinished ...>", "shmat", ["3", "NULL", "0"], "?"),
    ("exit_group(1) = ?", "exit_group", ["1"], "?")])
def test_compare_reads_a_line_of_strace(line, name, args, result):
    call = calls.call_of(line)
    assert (call.name, call.args, call.result) == (name, args, result)


def test_compare_names_a_place_within_an_attach():
    found = calls.normal(calls.parse({7: "shmget(IPC_PRIVATE, 8192, 0600) = 1\n"
                                         "shmat(1, NULL, 0) = 0x7f0000000000\n"
                                         "shmdt(0x7f0000001000) = -1 EINVAL (Bad)\n"}))
    assert found["processes"][0]["calls"][2]["text"] == "shmdt(addr A+0x1000)"


def texts_of(files):
    return [[call["text"] for call in process["calls"]]
            for process in calls.normal(calls.parse(files))["processes"]]


def test_compare_knows_processes_that_share_no_memory():
    def one(pid):
        return calls.normal(calls.parse({pid: FORK.format(pid + 1) + END,
                                         pid + 1: END}))
    left, right = one(10), one(20)
    assert len(left["processes"]) == 1
    left["stdout"], right["stdout"] = "parent 10, child 11", "parent 20, child 21"
    assert texts.compare([left], [right], "stdout") is None
    right["stdout"] = "parent 21, child 20"
    assert texts.compare([left], [right], "stdout")


def test_compare_child_knows_the_addresses_of_its_parent():
    parent = "shmget(IPC_PRIVATE, 4096, 0600) = 1\nshmat(1, NULL, 0) = 0x7f0000000000\n"
    assert texts_of({7: parent + FORK.format(8), 8: "shmdt(0x7f0000000000) = 0\n"})[1] == \
        ["shmdt(addr A)"]
    alone = texts_of({7: parent + FORK.format(8).replace("SIGCHLD", "CLONE_THREAD"),
                      8: "shmat(1, NULL, 0) = 0x7f0000100000\n"
                         "shmdt(0x7f0000000000) = 0\nshmdt(0x7f0000100000) = 0\n"})
    assert alone[1][1:] == ["shmdt(addr A)", "shmdt(addr B)"]


def test_compare_index_is_no_id():
    assert texts_of({7: "shmget(IPC_PRIVATE, 4096, 0600) = 1\n"
                        "shmctl(1, SHM_STAT, 0x7ffe) = 1\n"
                        "shmctl(1, IPC_STAT, 0x7ffe) = 0\n"})[0][1:] == \
        ["shmctl(1, SHM_STAT, buffer)", "shmctl(id A, IPC_STAT, buffer)"]


def test_compare_finds_no_difference_of_names_alone():
    data = judged(rounds("in-tree"), rounds("kshm"))
    assert data["differences"] == [] and data["made ids"]
    assert data["verdict"] == "kshm-compare: prog: no difference in 2 rounds of 9 calls"


def test_compare_does_not_mind_the_order_of_children():
    data = judged(rounds("in-tree"), rounds("kshm", order=(2, 1)))
    assert data["differences"] == []


@pytest.mark.parametrize("change, text", [
    ({"nattch": 2}, "shm_nattch=2"), ({"size": 4097}, "4097")])
def test_compare_finds_another_call_or_answer(change, text):
    data = judged(rounds("in-tree"), rounds("kshm", **change))
    assert data["differences"] and all(not it["place"] for it in data["differences"])
    assert any(text in it["kshm text"] for it in data["differences"])
    assert "does not explain" in data["verdict"]


def with_files(change):
    """-> rounds of kshm whose files of strace are changed"""
    files = trace(3000, 536870912, 0x7e1234000000)
    return [a_run("kshm", {pid: change(pid, text) for pid, text in files.items()})] * 2


@pytest.mark.parametrize("old, new, kind", [
    ("= -1 EINVAL (Invalid argument)", "= 0", "call"),
    ("IPC_RMID, NULL) = 0", "IPC_RMID, NULL) = -1 EPERM (Not permitted)", "call"),
    ("+++ exited with 0 +++", "+++ killed by SIGBUS +++", "end"),
    ("shmdt(0x7e1234000000) = 0\n", "", "call")])
def test_compare_finds_a_planted_difference(old, new, kind):
    data = judged(rounds("in-tree"), with_files(lambda pid, text: text.replace(old, new)))
    assert kind in {it["kind"] for it in data["differences"]}


def test_compare_finds_a_difference_of_one_round():
    kshm = rounds("kshm")
    kshm[1]["status"] = "killed by SIGSEGV"
    assert [it["kind"] for it in judged(rounds("in-tree"), kshm)["differences"]] == \
        ["status"]
    one = {7: "shmget(IPC_PRIVATE, 4096, 0600) = {}\n"}
    intree = [a_run("in-tree", {7: one[7].format(id)}) for id in (1, 2)]
    kshm = [a_run("kshm", {7: one[7].format(id)}) for id in
            (536870912, "-1 ENOSPC (No space left on device)")]
    assert [it["kshm"] for it in judged(intree, kshm)["differences"]] == ["ENOSPC"]


def test_compare_follows_a_program_that_varies_by_its_kinds_of_calls():
    """It makes one more call in one round in-tree, and two more on kshm."""
    def some(side, count, result="0"):
        id, base = (1, 10) if side == "in-tree" else (536870912, 20)
        return a_run(side, {base: f"shmget(IPC_PRIVATE, 4096, 0600) = {id}\n" +
                            f"shmdt(0x7f00) = {result}\n" * count})
    intree = [some("in-tree", 1), some("in-tree", 2)]
    same = judged(intree, [some("kshm", 3)] * 2)
    assert same["differences"] == [] and verdict.VARIES in same["notes"][0]
    other = judged(intree, [some("kshm", 3, "-1 EINVAL (Bad)")] * 2)
    assert {(it["intree"], it["kshm"]) for it in other["differences"]} == \
        {("never", "EINVAL"), ("ok", "never")}


def test_compare_explains_a_kind_of_call():
    def some(side, count, result):
        base = 10 if side == "in-tree" else 20
        return a_run(side, {base: f"shmget(0x1, 4096, IPC_CREAT|SHM_HUGETLB|0600) = "
                                  f"{result}\n" +
                            "shmdt(0x7f00) = -1 EINVAL (Bad)\n" * count})
    data = judged([some("in-tree", at, 5) for at in (1, 2)],
                  [some("kshm", at, "-1 ENOMEM (Bad)") for at in (3, 4)])
    assert [it["place"] for it in data["differences"]] == \
        ["Huge pages that are set aside"] * 2
    other = judged([some("in-tree", at, "-1 ENOMEM (Bad)") for at in (1, 2)],
                   [some("kshm", at, "-1 EINVAL (Bad)") for at in (3, 4)])
    assert {it["place"] for it in other["differences"]} == {None}


def test_compare_takes_what_came_until_the_time_was_over():
    intree, kshm = rounds("in-tree", 1), rounds("kshm", 1)
    for one in intree + kshm:
        one["status"] = "did not end in time"
    for process in kshm[0]["processes"]:
        process["end"] = ""
    kshm[0]["processes"][0]["calls"].pop()
    data = judged(intree, kshm)
    assert data["differences"] == [] and "as far as" in data["notes"][0]


NAMES = {"id": {"3": "id A"}, "key": {"0xfffffffe": "key A"},
         "process": {"77": "process 1"}}
OTHERS = {"id": {"536870912": "id A"}, "key": {"0x9": "key A"},
          "process": {"99": "process 1"}}


@pytest.mark.parametrize("one, two, same", [
    ("id 3 of 77", "id 536870912 of 99", True),
    ("id 3", "id 3", True),
    ("id 3", "id 4", False),
    ("nattch 3", "nattch 4", False),
    ("key -2 0xfffffffe", "key 9 0x00000009", True),
    ("key -2", "key 0x00000008", False),
    ("at Nov 28 13:16:46 2026", "at Nov 28 13:17:02 2026", True),
    ("a    3", "a 536870912", True),
    ("0x7f0000000000", "0x7e0000000000", True),
    ("one line", "one line\nand one more", False)])
def test_compare_of_outputs(one, two, same):
    left = {"stdout": one, "names": NAMES, "processes": [1]}
    right = {"stdout": two, "names": OTHERS, "processes": [1]}
    assert (texts.compare([left], [right], "stdout") is None) == same


def test_compare_leaves_out_words_that_vary():
    def side(*words):
        return [{"stdout": f"took {word} ms\nfound 7", "names": NAMES, "processes": [1]}
                for word in words]
    assert texts.compare(side("10", "12"), side("15", "19"), "stdout") is None
    wrong = side("10", "11")
    for one in wrong:
        one["stdout"] = one["stdout"].replace("7", "8")
    assert texts.compare(side("10", "12"), wrong, "stdout") == (["found 7"], ["found 8"])


def test_compare_lets_lines_of_several_processes_come_in_any_order():
    def one(text, names, count):
        return {"stdout": text, "names": names, "processes": [1] * count}
    left, right = "a 3\nb 77\n", "b 99\na 536870912\n"
    assert texts.compare([one(left, NAMES, 2)], [one(right, OTHERS, 2)], "stdout") is None
    assert texts.compare([one(left, NAMES, 1)], [one(right, OTHERS, 1)], "stdout")


def attach(inode, key=0x10, **changes):
    return {"start": 0x7000, "end": 0x9000, "perms": "rw-s", "offset": 0,
            "device": "00:01", "inode": inode, "name": f"/SYSV{key:08x} (deleted)",
            "Rss": "8 kB", "VmFlags": "rd wr sh", **changes}


def looked(side, **changes):
    found = rounds(side, 1)[0]
    id, pid = ("5", 1000) if side == "in-tree" else ("536870912", 3000)
    found["looks"] = [{"pid": pid, "number": 231, "attaches": [attach(id, **changes)]}]
    return [found]


@pytest.mark.parametrize("changes", [
    {"perms": "r--s"}, {"end": 0xa000}, {"offset": 4096}, {"VmFlags": "rd wr"},
    {"name": "/SYSV00000010"}, {"device": "00:05"}])
def test_compare_finds_a_difference_of_attaches(changes):
    assert judged(looked("in-tree"), looked("kshm"))["differences"] == []
    data = judged(looked("in-tree"), looked("kshm", **changes))
    assert [it["kind"] for it in data["differences"]] == ["maps"]


def leaves(side, *segments):
    found = rounds(side, 1)
    found[0]["segments"] = [
        {"key": "16", "perms": "600", "size": "4096", "nattch": "0", "uid": "0",
         "cuid": "0", "shmid": "7", **one} for one in segments]
    return found


@pytest.mark.parametrize("kshm", [[{}, {}], [], [{"nattch": "1"}], [{"perms": "1600"}],
                                  [{"key": "0"}], [{"size": "8192"}]])
def test_compare_finds_what_a_program_has_left(kshm):
    assert judged(leaves("in-tree", {}), leaves("kshm", {"shmid": "9"}))["differences"] \
        == []
    data = judged(leaves("in-tree", {}), leaves("kshm", *kshm))
    assert [it["kind"] for it in data["differences"]] == ["left"]


def test_compare_says_that_there_was_no_call():
    data = judged([a_run("in-tree", {1: END})], [a_run("kshm", {1: END})])
    assert "made no call of shared memory" in data["verdict"]


def with_faults(side, *faults):
    found = rounds(side, len(faults))
    for one, number in zip(found, faults):
        one["bare"] = {"minor faults": number}
    return found


def test_compare_names_the_entry_of_fewer_faults():
    data = judged(with_faults("in-tree", 500, 510), with_faults("kshm", 300, 310))
    assert "\"Fewer faults\"" in data["verdict"] and data["differences"] == []
    assert any(verdict.PAGE + ": \"Fewer faults\"" in line for line in report.text(data))


@pytest.mark.parametrize("intree, kshm", [
    ((500, 510), (490, 520)), ((500, 510), (490, 495)), ((300, 310), (500, 510))])
def test_compare_does_not_judge_figures_that_say_little(intree, kshm):
    data = judged(with_faults("in-tree", *intree), with_faults("kshm", *kshm))
    assert "Fewer faults" not in data["verdict"]


def test_compare_entries_are_titles_of_the_page():
    lines = read(verdict.PAGE).splitlines()
    for title in [title for title, *_ in verdict.DECLARED] + [verdict.IDS]:
        assert any(line.startswith(title) and under.startswith("\t")
                   for line, under in zip(lines, lines[1:])), title


def test_compare_by_preload_reads_the_ioctls():
    def files(address):
        return {9: "ioctl(512, _IOC(_IOC_READ|_IOC_WRITE, 0x6b, 0x81, 0x28), 0x7f) = 0\n"
                   "ioctl(512, _IOC(_IOC_READ|_IOC_WRITE, 0x6b, 0x82, 0x28), 0x7f) = 0\n"
                   "ioctl(1, TCGETS, 0x7f) = -1 ENOTTY (Inappropriate ioctl)\n"
                   f"ioctl(512, _IOC(_IOC_WRITE, 0x6b, 0x83, 0x10), 0x7f) = {address}\n"
                   + END}
    own = {9: "shmget(IPC_PRIVATE, 4096, 0600) = 1\nshmat(1, NULL, 0) = 0x7f00\n"
              "shmdt(0x7f00) = 0\n" + END}
    kshm = a_run("kshm", files("0"))
    assert judged([a_run("in-tree", own)], [kshm], "preload")["differences"] == []
    wrong = a_run("kshm", files("-1 EINVAL (Bad)"))
    assert judged([a_run("in-tree", own)], [wrong], "preload")["differences"]


def test_compare_tells_that_the_preload_misses_a_program():
    data = judged(leaves("in-tree", {}), leaves("kshm"), "preload")
    assert [it["place"] for it in data["differences"]] == ["What a preload can't reach"]


def test_compare_filter_hands_over_the_calls():
    """The program of the filter, interpreted."""
    numbers = list(watcher.NUMBERS.values())
    text = watcher.filter_of(numbers)
    steps = [watcher.struct.unpack_from("=HBBI", text, at)
             for at in range(0, len(text), 8)]

    def answer(number):
        at, value = 0, None
        while True:
            code, yes, no, word = steps[at]
            if code == watcher.RETURN:
                return word
            if code == watcher.LOAD:
                value = number
                at += 1
            else:
                at += 1 + (yes if value == word else no)
    assert all(answer(number) == watcher.USER_NOTIF for number in numbers)
    assert all(answer(number) == watcher.ALLOW for number in range(400)
               if number not in numbers)


class Alone:
    """In place of a control group."""

    def enter(self):
        pass

    def kill(self):
        return 0


@pytest.mark.parametrize("script, words", [
    ("exit 3", "exited with 3"), ("kill -SEGV $$", "killed by SIGSEGV")])
def test_compare_tells_how_a_program_ended(script, words):
    status, *_ = runs.execute(["sh", "-c", script], Alone(), 100, None)
    assert runs.ended(status) == words


def test_compare_draws_the_figures(tmp_path, path_without, monkeypatch):
    data = judged(with_faults("in-tree", 500, 510), with_faults("kshm", 300, 310))
    path = str(tmp_path / "it's.svg")
    chart.draw(data, path)
    drawn = ElementTree.parse(path).getroot()
    words = " ".join(drawn.itertext())
    assert "minor faults" in words and "505" in words and "305" in words
    monkeypatch.setenv("PATH", path_without("gnuplot")["PATH"])
    with pytest.raises(chart.NoGnuplot, match="gnuplot-nox"):
        chart.draw(data, path)


def test_compare_judges_again_what_it_has_written(tmp_path):
    data = judged(rounds("in-tree"), rounds("kshm", nattch=2))
    path = tmp_path / "found.json"
    path.write_text(json.dumps(data))
    status, said = run([COMPARE, "--judge", str(path)])
    assert status == 1 and said.endswith(data["verdict"] + "\n")
    path.write_text(json.dumps(judged(rounds("in-tree"), rounds("kshm"))))
    status, said = run([COMPARE, "--judge", str(path)])
    assert status == 0 and "no difference" in said
    assert not re.search(r"^!", said, re.M)


@pytest.mark.parametrize("words, sentence", [
    ([], "say which PROGRAM to compare"),
    (["no-such-program"], "there is no program no-such-program; give its path"),
    (["README.md"], "README.md is no program; chmod +x makes it one"),
    (["--rounds", "0", "true"], "0 is not a number from 1 on"),
    (["--judge", "README.md"], "README.md has no comparison")])
def test_compare_refused(words, sentence):
    refuses([COMPARE, *words], sentence)


@pytest.mark.parametrize("words, sentence", [
    ([], "say which program, as in: make compare"),
    (["--program", "./none"], "there is no file ./none."),
    (["--program", "./README.md"], "./README.md is no program; chmod +x makes it one."),
    (["--program", "sh -c 'x"], "PROG= can't be split into words")])
def test_compare_guest_refused(words, sentence):
    refuses([GUEST, "6.12", *words], sentence)


def test_compare_needs_a_program_in_make():
    refuses(["make", "compare"], "compare: say which program", {"PROG": ""})


def test_compare_gets_the_dollar_signs_of_make():
    status, said = run(["make", "-f", "Makefile", "-f", "-", "said",
                        "PROG=sh -c 'x=$(id); echo $x'"],
                       text="said:\n\t@printf '%s\\n' \"$$PROG\"\n")
    assert (status, said) == (0, "sh -c 'x=$(id); echo $x'\n")


def test_compare_without_switch_refused():
    if os.geteuid() or os.path.exists("/sys/module/kshm_switch"):
        pytest.skip("needs root on a host without kshm_switch")
    refuses([COMPARE, "true"], "kshm_switch is not loaded; say insmod kshm_switch.ko, or "
            "--door preload")
