# SPDX-License-Identifier: GPL-2.0
"""Only the guest's second serial port counts, silence is no success, and a complaint
of the kernel is a failure."""

import os

import pytest
from commands import ends, run

FORGED = ("echo 'guest: exit 0' >/dev/console; echo 'guest: exit 0' >/dev/kmsg; "
          "sleep 1; echo b >/proc/sysrq-trigger")
# The kernel tells an unknown option at level err.
COMPLAINT = "mount -t tmpfs -o tea none /mnt"


@pytest.fixture
def boot(tmp_path):
    return ["qemu/boot", "--log", str(tmp_path / "guest.log"),
            "--memory", "512"]


def test_boot_status_of_command_passed_on(boot):
    ends(boot + ["--run", "exit 7"], 7)


def test_boot_panic_is_no_result(boot):
    ends(boot + ["--run", "echo c >/proc/sysrq-trigger"], 125)


def test_boot_hang_is_stopped(boot):
    ends(boot + ["--run", "sleep 1000", "--time", "20"], 124)


def test_boot_console_is_no_result(boot):
    ends(boot + ["--run", FORGED], 125)


def test_boot_complaint_of_kernel_fails(boot):
    status, output = run(boot + ["--run", f"{COMPLAINT}; true"])
    assert status == 123 and "Unknown parameter 'tea'" in output, output


def test_boot_complaint_keeps_status_of_command(boot):
    ends(boot + ["--run", f"{COMPLAINT}; exit 7"], 7)


def test_boot_message_of_program_is_no_complaint(boot):
    ends(boot + ["--run", "echo '<0>BUG: not of the kernel' >/dev/kmsg"], 0)


@pytest.fixture
def fake_qemu(tmp_path):
    """-> a function that writes a QEMU of shell commands, and gives the environment
    that has it"""
    def written(commands):
        qemu = tmp_path / "qemu-system-x86_64"
        qemu.write_text(f"#!/bin/sh\n{commands}\n")
        qemu.chmod(0o755)
        return {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return written


SHELL = ["qemu/boot", "--accel", "tcg", "--shell"]


def test_boot_prompt_ends_with_its_input(fake_qemu, tmp_path):
    """The guest has all lines of a pipe, and so their end."""
    env = fake_qemu(f"""while [ "$1" != -initrd ]; do shift; done
cp "$2" {tmp_path}/initrd""")
    ends(SHELL, 0, env, "echo from a pipe\n")
    text = (tmp_path / "initrd").read_bytes()
    assert b"job/typed\0" in text and b"echo from a pipe\n" in text


@pytest.mark.parametrize("commands", [
    pytest.param(commands, id=id) for id, commands in (
        ("sigterm", "echo 'qemu: terminating on signal 15 from pid 7' >&2"),
        ("sigkill", "kill -9 $$"))])
def test_boot_prompt_of_a_killed_qemu_fails(fake_qemu, commands):
    ends(SHELL, 125, fake_qemu(commands), "exit\n")
