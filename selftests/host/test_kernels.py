# SPDX-License-Identifier: GPL-2.0
"""A kernel that kshm is not written for gets one #error line, by module/compat.h, and
one that it is not tested on gets a #warning."""

import os
import subprocess

import pytest
from commands import ends, refuses
from common import TOP

HEADERS = ("cred.h", "fs.h", "kconfig.h", "kernel.h", "mm.h", "module.h", "pagevec.h",
           "rwsem.h", "sched/coredump.h", "userfaultfd_k.h")
TOO_OLD = "#error \"kshm needs Linux 6.1 or newer"


@pytest.fixture
def preprocess(tmp_path):
    """-> a function that gives the command to read compat.h as for a kernel"""
    linux = tmp_path / "include/linux"
    linux.mkdir(parents=True)
    for header in HEADERS:
        (linux / header).parent.mkdir(exist_ok=True)
        (linux / header).touch()
    (linux / "shmem_fs.h").write_text("#define SHMEM_F_LOCKED 2\n")

    def command(major, minor, shmem=1):
        (linux / "version.h").write_text(
            "#define KERNEL_VERSION(a, b, c) ((a) * 65536 + (b) * 256 + (c))\n"
            f"#define LINUX_VERSION_CODE {major * 65536 + minor * 256}\n")
        return ["gcc", "-E", "-nostdinc", f"-DIS_ENABLED(x)={shmem}",
                "-I", str(linux.parent), "module/compat.h"]
    return command


@pytest.mark.parametrize("version", [(6, 1), (6, 12), (7, 3), (9, 0)])
def test_module_kernel_accepted(preprocess, version):
    ends(preprocess(*version), 0)


def test_module_older_kernel_refused(preprocess):
    refuses(preprocess(6, 0), TOO_OLD)


@pytest.mark.parametrize("minor, untested", [(3, "tested"), (4, "untested")])
def test_module_newer_kernel_warned_of(preprocess, tmp_path, minor, untested):
    (tmp_path / "main.c").write_text(
        '#include "compat.h"\n'
        '#ifdef KSHM_IS_UNTESTED\nuntested\n#else\ntested\n#endif\n')
    command = preprocess(7, minor)[:-1]
    assert subprocess.run(
        [*command, "-I", os.path.join(TOP, "module"), str(tmp_path / "main.c")],
        stdout=subprocess.PIPE, text=True, check=True
    ).stdout.splitlines()[-1] == untested


def test_module_unknown_lock_flag_refused(preprocess, tmp_path):
    command = preprocess(7, 3)
    (tmp_path / "include/linux/shmem_fs.h").write_text("")
    refuses(command, "does not tell which flag locks")


def test_module_without_shmem_refused(preprocess):
    refuses(preprocess(6, 12, shmem=0),
            "#error \"kshm needs a kernel with CONFIG_SHMEM")
