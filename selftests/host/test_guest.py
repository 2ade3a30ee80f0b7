# SPDX-License-Identifier: GPL-2.0
"""Only the guest's second serial port counts, silence is no success, and a complaint
of the kernel is a failure."""

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
