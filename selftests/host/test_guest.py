# SPDX-License-Identifier: GPL-2.0
"""Only the guest's second serial port counts, and silence is no success."""

import pytest
from commands import ends

FORGED = ("echo 'guest: exit 0' >/dev/console; echo 'guest: exit 0' >/dev/kmsg; "
          "sleep 1; echo b >/proc/sysrq-trigger")


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
