# SPDX-License-Identifier: GPL-2.0
"""A kernel that kshm is not written for gets one #error line, by module/compat.h."""

import pytest
from commands import ends, refuses

RANGE = "#error \"kshm supports Linux 6.1 to 6.12"


@pytest.fixture
def preprocess(tmp_path):
    """-> a function that gives the command to read compat.h as for a kernel"""
    linux = tmp_path / "include/linux"
    linux.mkdir(parents=True)
    for header in "kconfig.h", "kernel.h", "module.h":
        (linux / header).touch()

    def command(major, minor, shmem=1):
        (linux / "version.h").write_text(
            "#define KERNEL_VERSION(a, b, c) ((a) * 65536 + (b) * 256 + (c))\n"
            f"#define LINUX_VERSION_CODE {major * 65536 + minor * 256}\n")
        return ["gcc", "-E", "-nostdinc", f"-DIS_ENABLED(x)={shmem}",
                "-I", str(linux.parent), "module/compat.h"]
    return command


def test_module_known_kernel_accepted(preprocess):
    ends(preprocess(6, 12), 0)


def test_module_older_kernel_refused(preprocess):
    refuses(preprocess(6, 0), RANGE)


def test_module_newer_kernel_refused(preprocess):
    refuses(preprocess(6, 13), RANGE)


def test_module_without_shmem_refused(preprocess):
    refuses(preprocess(6, 12, shmem=0),
            "#error \"kshm needs a kernel with CONFIG_SHMEM")
