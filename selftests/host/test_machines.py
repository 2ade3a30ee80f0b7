# SPDX-License-Identifier: GPL-2.0
"""Kernels of other machines than this: how they are told apart, and what programs for
them take along into a guest."""

import os
import shutil

import follow
import foreign
import guesttree
import kernels
import machines
import pytest
from commands import loaded, refuses, run
from common import BUILD, TESTS


@pytest.mark.parametrize("option, name", [
    ("CONFIG_X86_64", "amd64"), ("CONFIG_ARM64", "arm64"), ("CONFIG_RISCV", "riscv64")])
def test_configuration_tells_the_machine(option, name):
    assert machines.for_options({option: "y", "CONFIG_MMU": "y"}).name == name
    assert machines.for_options({option: "n"}) is None


def test_name_of_kernel_has_its_machine():
    """The Makefile chooses the compiler by the name."""
    known = [machine.name for machine in machines.MACHINES]
    for name, kernel in kernels.KERNELS.items():
        assert [word for word in name.split("-") if word in known] == (
            [kernel.architecture] if kernel.architecture else [])


@pytest.mark.parametrize("folder, name", [
    ("boot", "vmlinuz-6.12"), ("boot", "vmlinux-6.12"), ("lib/modules/6.12", "vmlinuz"),
    ("usr/lib/modules/6.12", "vmlinuz")])
def test_kernel_of_a_package_is_found(tmp_path, folder, name):
    """Debian has several places and names for it."""
    headers = tmp_path / "usr/src/linux-headers-6.12"
    headers.mkdir(parents=True)
    (headers / "Makefile").touch()
    modules = "usr/lib" if folder.startswith("usr") else "lib"
    (tmp_path / modules / "modules/6.12").mkdir(parents=True)
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / name).write_text("a kernel")
    loaded("../qemu/fetch-kernel").relocate(str(tmp_path), "6.12")
    assert (tmp_path / "vmlinuz").read_text() == "a kernel"


def test_programs_of_this_machine_are_in_build(monkeypatch):
    monkeypatch.setattr(machines, "host", lambda: "amd64")
    assert machines.programs("none", "amd64") == BUILD
    assert machines.programs("none", "i386") == os.path.join(BUILD, "i386")


def test_libraries_are_those_of_the_loader():
    """What ldd tells of this machine's programs is found without it, too."""
    program = shutil.which("bash")
    told = guesttree.libraries(program, None)
    folder = os.path.dirname(next(path for path in told if "libc.so" in path))
    assert ({os.path.basename(name) for name in foreign.libraries(program, folder)} ==
            {os.path.basename(name) for name in told})


def test_cases_are_those_that_the_program_lists(selftests):
    """The source tells the same names as the program, which may not run here."""
    said = run([os.path.join(TESTS, "shmat"), "-l"])[1].partition("---\n")[2]
    listed = {line.split()[-1] for line in said.splitlines() if line.strip()}
    assert set(follow.cases_of("none/shmat")) == listed


def test_make_gdb_of_another_machine_refused(tmp_path):
    (tmp_path / "kernels/other/kdir/arch/arm64").mkdir(parents=True)
    refuses(["qemu/console", "--gdb", "other"], "knows kernels of x86-64 only",
            {"BUILD": str(tmp_path)})
