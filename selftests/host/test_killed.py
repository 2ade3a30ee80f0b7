# SPDX-License-Identifier: GPL-2.0
"""A killed program takes its guest along, and leaves no file behind."""

import os
import signal
import subprocess
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
