# SPDX-License-Identifier: GPL-2.0
"""A killed program takes its guest along, and leaves no file behind; or the next run
removes what it left."""

import os
import signal
import subprocess
import sys
import time

import pytest
from common import BUILD, QEMU


def descendants(pid):
    """-> the processes that a process has started, and those that they have"""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(word) for word in file.read().split()]
    return children + [one for child in children for one in descendants(child)]


def gone(pid):
    """A process that nobody waits for any more is gone as well."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def build(tmp_path):
    """-> a build folder that one boot has for itself, so that all new files in it
    are that boot's. It borrows the kernels, and what is known of KVM on this host.
    """
    folder = tmp_path / "build"
    folder.mkdir()
    for name in "kernels", f"kvm-on-{os.uname().release}", "kvm.log":
        (folder / name).symlink_to(os.path.join(BUILD, name))
    return folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL],
                         ids=["by_sigterm", "by_sigkill"])
def test_boot_killed_leaves_nothing(build, tmp_path, number):
    before = sorted(os.listdir(build))
    boot = subprocess.Popen(
        [os.path.join(QEMU, "boot"), "--run", "echo up; sleep 600",
         "--log", str(tmp_path / "log")], text=True, stdout=subprocess.PIPE,
        env={**os.environ, "BUILD": str(build)})
    assert boot.stdout.readline() == "up\n"
    guest = descendants(boot.pid)
    assert guest
    boot.send_signal(number)
    boot.wait()
    end = time.monotonic() + 60
    while not all(map(gone, guest)) and time.monotonic() < end:
        time.sleep(0.1)
    assert all(map(gone, guest))
    assert sorted(os.listdir(build)) == before


HOLD = """import sys
sys.path.append(sys.argv[1])
from common import scratch_folder
with scratch_folder("test") as path:
    print(path, flush=True)
    sys.stdin.read()
"""


class Holder:
    """A process that has a scratch folder until it is told to end."""

    def __init__(self, build, before=()):
        self.process = subprocess.Popen(
            [*before, sys.executable, "-B", "-c", HOLD, QEMU], text=True,
            env={**os.environ, "BUILD": str(build)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.folder = self.process.stdout.readline().rstrip("\n")
        with open(os.path.join(self.folder, "file"), "w"):
            pass

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.communicate()
        return self.process.returncode


def test_scratch_folder_of_killed_run_is_removed_by_the_next(tmp_path):
    others = Holder(tmp_path)
    killed = Holder(tmp_path)
    killed.kill()
    assert os.path.exists(killed.folder)
    log = f"test-{killed.process.pid}.log"
    (tmp_path / log).touch()
    following = Holder(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(
        [log, *map(os.path.basename, (others.folder, following.folder))])
    assert (following.end(), others.end()) == (0, 0)
    assert os.listdir(tmp_path) == [log]


def test_scratch_folder_of_killed_script_is_removed_by_the_next(tmp_path):
    script = ["sh", "-c", f'{QEMU}/scratch "$1" test; :', "sh", str(tmp_path)]
    left, following = (
        subprocess.run(script, check=True, text=True,
                       stdout=subprocess.PIPE).stdout.rstrip("\n") for _ in range(2))
    assert not os.path.exists(left)
    assert os.listdir(tmp_path) == [os.path.basename(following)]


MOUNT_IN_LEFTOVER = """mount --make-rprivate /
mount --bind "$1" "$2"
shift 2
exec "$@"
"""


def test_scratch_folder_with_a_mount_stays(tmp_path):
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this host gives no user its own mounts")
    precious, build = tmp_path / "precious", tmp_path / "build"
    precious.mkdir()
    (precious / "file").touch()
    build.mkdir()
    killed = Holder(build)
    os.mkdir(os.path.join(killed.folder, "mnt"))
    killed.kill()
    following = Holder(build, [*unshare, "sh", "-euc", MOUNT_IN_LEFTOVER, "sh",
                               str(precious), os.path.join(killed.folder, "mnt")])
    assert following.end() == 0
    assert os.listdir(precious) == ["file"]
    assert os.listdir(build) == [os.path.basename(killed.folder)]
    Holder(build).end()
    assert os.listdir(build) == []
