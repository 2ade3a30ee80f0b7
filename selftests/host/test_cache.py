# SPDX-License-Identifier: GPL-2.0
"""The cache that all clones of a user share, and requests to archives."""

import os
import signal
import subprocess
import sys
import time

import pytest

QEMU = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../qemu")
sys.path += [QEMU, os.path.join(QEMU, "../selftests/faults")]
import cache
import debian
import faultparts
import machines
import toolchain

SLOW_MAKER = """
import os, sys, time
sys.path.append(sys.argv[1])
import cache
def make(new):
    os.mkdir(new)
    with open(sys.argv[3], "a") as made:
        made.write("once\\n")
    open(os.path.join(new, "half"), "w").close()
    time.sleep(float(sys.argv[4]))
    open(os.path.join(new, "whole"), "w").close()
cache.made(sys.argv[2], make)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KSHM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "BUILD", str(tmp_path / "build"))


def start(thing, made, seconds):
    return subprocess.Popen([sys.executable, "-B", "-c", SLOW_MAKER, QEMU,
                             str(thing), str(made), str(seconds)],
                            stderr=subprocess.DEVNULL)


def until(condition):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail(f"{condition} did not come about")


def test_two_runs_make_a_thing_once(tmp_path):
    thing, made = tmp_path / "thing", tmp_path / "made"
    runs = [start(thing, made, 0.5) for _ in range(3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert made.read_text() == "once\n"
    assert (thing / "whole").exists()


def test_interrupted_run_is_made_again(tmp_path):
    thing, made = tmp_path / "thing", tmp_path / "made"
    first = start(thing, made, 60)
    until((tmp_path / ".thing.new" / "half").exists)
    first.kill()
    first.wait()
    assert not thing.exists()
    assert start(thing, made, 0).wait() == 0
    assert made.read_text() == "once\nonce\n"
    assert (thing / "whole").exists()


def test_clean_cache_waits_for_a_run(tmp_path):
    thing, made = tmp_path / "cache/images/thing", tmp_path / "made"
    run = start(thing, made, 0.5)
    until(made.exists)
    cache.empty()
    assert run.wait() == 0
    assert not thing.exists()


def test_clean_cache_leaves_foreign_files():
    mine = os.path.join(cache.root(), "mine")
    os.mkdir(mine)
    cache.folder("kernels")
    cache.empty()
    assert os.path.exists(mine)
    assert not os.path.exists(os.path.join(cache.root(), "kernels"))


@pytest.mark.parametrize("word", ["--help", "kernels"])
def test_clean_cache_with_a_word_empties_nothing(word):
    folder = cache.folder("kernels")
    subprocess.run([os.path.join(QEMU, "clean-cache"), word])
    assert os.path.exists(folder)


def test_link_of_others_is_replaced_not_followed(tmp_path):
    others, build = tmp_path / "others", tmp_path / "build"
    (others / "6.12").mkdir(parents=True)
    build.mkdir()
    (build / "kernels").symlink_to(others)
    cache.link_kernel("6.12", str(tmp_path / "cache/1.2.3"))
    assert (others / "6.12").is_dir() and not (others / "6.12").is_symlink()
    assert os.readlink(build / "kernels/6.12").endswith("cache/1.2.3")
    assert os.readlink(build / "kernels/1.2.3").endswith("cache/1.2.3")


def test_place_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KSHM_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(SystemExit, match="name another folder with KSHM_CACHE="):
        cache.root()


def test_failing_step_shows_its_last_words(tmp_path, capfd):
    with pytest.raises(SystemExit, match="for the reason above"):
        cache.must_run("stirring", ["sh", "-c", "echo no tea; exit 3"],
                       str(tmp_path / "log"))
    assert "no tea" in capfd.readouterr().err


STEP = """
import sys
sys.path.append(sys.argv[1])
import cache
cache.run("stirring", ["sh", "-c", "sleep 1000 & echo $!; wait"], sys.argv[2])
"""


LONG_STEP = """
import sys
sys.path.append(sys.argv[1])
import cache
sys.exit(cache.run("stirring", ["sh", "-c", sys.argv[3]], sys.argv[2], 0.01))
"""
# Ends with status 3 only when that file appears. Time only limits a hang.
UNTIL = """echo half way
for _ in $(seq 6000); do
	[ ! -e '{}' ] || exit 3
	sleep 0.01
done
"""


@pytest.mark.parametrize("command", [
    [sys.executable, "-B", "-c", LONG_STEP, QEMU, "LOG", "UNTIL"],
    [os.path.join(QEMU, "step"), "--every", "0.01", "stirring", "LOG", "sh", "-c",
     "UNTIL"]], ids=["python", "shell"])
def test_long_step_is_not_silent(tmp_path, command):
    """It is told how far it is, which lets it go on to its end."""
    log, told = tmp_path / "log", tmp_path / "told"
    words = {"LOG": str(log), "UNTIL": UNTIL.format(told)}
    with subprocess.Popen([words.get(word, word) for word in command], text=True,
                          stderr=subprocess.PIPE) as run:
        said = []
        for line in run.stderr:
            said.append(line)
            if "stirring" in line and "half way" in line:
                told.touch()
    assert told.exists() and said[0].endswith("stirring\n")
    assert run.returncode == 3


def test_part_that_does_not_build_is_named(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(faultparts, "BUILD", str(tmp_path))
    with pytest.raises(SystemExit, match="tea did not build"):
        faultparts.run("tea", ["sh", "-c", "echo no leaves; exit 3"])
    said = capfd.readouterr().err
    assert "building tea" in said and "no leaves" in said


def is_there(pid):
    """A zombie of a parent that does not ask for it is gone, too."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_step_that_is_interrupted_leaves_no_process(tmp_path):
    log = tmp_path / "log"
    run = subprocess.Popen([sys.executable, "-B", "-c", STEP, QEMU, str(log)],
                           stderr=subprocess.DEVNULL)
    until(lambda: log.exists() and log.read_text().endswith("\n"))
    child = int(log.read_text())
    assert is_there(child)
    run.terminate()
    assert run.wait() == 128 + signal.SIGTERM
    until(lambda: not is_there(child))


@pytest.fixture
def trixie(monkeypatch):
    """A host with Debian 13, whose sources of packages are these."""
    sources = []

    def output(command):
        return "\n".join(sources) if command[1] == "indextargets" else ""

    monkeypatch.delenv("KSHM_MIRROR", raising=False)
    monkeypatch.setattr(debian, "host", lambda: ("trixie", "amd64"))
    monkeypatch.setattr(debian, "output", output)
    debian.mirrors.cache_clear()
    yield sources
    debian.mirrors.cache_clear()


def test_mirror_is_the_hosts_own(trixie):
    trixie += ["http://others/apt/ trixie main Others",
               "http://mirror/debian/ trixie main Debian",
               "http://mirror/debian-security/ trixie-security main Debian"]
    assert debian.mirrors() == ("http://mirror/debian/",
                                "http://mirror/debian-security/")


def test_mirror_of_a_host_without_lists(trixie):
    trixie += ["http://others/apt/ trixie main $(ORIGIN)",
               "http://mirror/debian/ stable main $(ORIGIN)"]
    assert debian.mirrors() == ("http://mirror/debian/", None)


def test_host_without_a_mirror_is_refused(trixie):
    trixie += ["http://others/apt/ trixie extras $(ORIGIN)"]
    with pytest.raises(SystemExit, match="KSHM_MIRROR="):
        debian.mirrors()


def test_security_updates_of_an_older_suite_are_asked_for(trixie):
    trixie += ["http://mirror/debian/ trixie main Debian",
               "http://mirror/security/ trixie-security main Debian"]
    assert ("http://mirror/security/ bookworm-security main" in
            "".join(debian.entries("bookworm")))


def test_suite_newer_than_the_host_is_not_used(trixie):
    assert debian.not_newer("bookworm-backports")
    assert debian.not_newer("trixie")
    assert not debian.not_newer("sid")


@pytest.mark.parametrize("programs, sentence", [
    (["fakechroot"], "apt-get install --no-install-recommends uidmap"),
    (["newuidmap", "fakechroot"], "mmdebstrap gets none: no range")],
    ids=["no_newuidmap", "no_range"])
def test_newer_debian_as_a_user_refused(tmp_path, monkeypatch, programs, sentence):
    """fakechroot would begin, and fail at the first program of the newer Debian."""
    program = tmp_path / "mmdebstrap"
    program.write_text("#!/bin/sh\necho no range >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(debian.shutil, "which", lambda name: name in programs)
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(debian, "host", lambda: ("bookworm", "amd64"))
    assert debian.chroot_mode("bookworm") == "fakechroot"
    with pytest.raises(SystemExit, match=sentence):
        debian.chroot_mode("trixie")


def test_kernel_of_a_newer_debian_is_built_with_its_compiler(trixie, tmp_path,
                                                             monkeypatch):
    monkeypatch.setattr(machines, "host", lambda: "amd64")
    config = tmp_path / "kdir/include/config/auto.conf"
    config.parent.mkdir(parents=True)
    kdir = str(tmp_path / "kdir")
    option = {machine.name: machine.option for machine in machines.MACHINES}
    assert toolchain.foreign_suite(kdir) is None
    for suite, machine, foreign in (
            ("bookworm", "amd64", None), ("trixie", "amd64", None),
            ("sid", "amd64", "sid"), ("bookworm", "arm64", "bookworm"),
            ("trixie", "riscv64", "trixie")):
        (tmp_path / "suite").write_text(suite + "\n")
        config.write_text(f"{option[machine]}=y\n")
        assert toolchain.foreign_suite(kdir) == foreign
    assert toolchain.command_for("/usr/src/linux", ["make"]) == ["make"]


def test_newest_version_is_by_debians_order():
    assert debian.newest(["6.12.9-1", "6.12.118-1~deb12u1", "6.12.118-1"]) == \
        "6.12.118-1"
