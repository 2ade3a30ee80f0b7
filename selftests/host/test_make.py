# SPDX-License-Identifier: GPL-2.0
"""Bad input to make, and a host on which something is missing, get a sentence with
the cure and a status that is not 0."""

import os
import re
import subprocess

import kernels
import pytest
from commands import ends, refuses
from common import TOP

EMULATOR = "qemu-system-x86_64"


@pytest.mark.parametrize("target", ["all", "run", "smoke", "shell", "install"])
def test_make_unknown_kernel_refused(target):
    refuses(["make", target, "KERNEL=5.4"], "say KERNEL=6.1, 6.12, ")


def test_make_missing_headers_refused():
    refuses(["make", "module", "KDIR=/nonexistent"], "say make KERNEL=6.12")


@pytest.mark.parametrize("words, sentence", [
    ("smoke PROGRAMS=m68k", "say PROGRAMS=i386"),
    ("run PROGRAMS=i386", "is for make smoke")])
def test_make_programs_refused(words, sentence):
    refuses(["make", *words.split()], sentence)


def test_make_unknown_target_refused():
    refuses(["make", "tea"], "make help lists the targets")


def test_make_help_lists_the_kernels():
    said = subprocess.run(["make", "help"], cwd=TOP, stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    listed = re.findall(r"^  KERNEL=(\d\S*) +\d.*, (?:\d+ )?\w+ 20\d\d: ", said, re.M)
    assert listed == list(kernels.KERNELS)


@pytest.mark.parametrize("command", [
    "qemu/fetch-kernel 6.12", "qemu/fetch-source", "qemu/image",
    "make module KERNEL=6.1"])
def test_no_network_refused(command, without_network):
    refuses(command.split(), "connect to 127.0.0.1:9",
            without_network)


def test_boot_no_qemu_refused(path_without):
    refuses(["qemu/boot"], "install the package qemu-system-x86",
            path_without(EMULATOR))


def test_boot_no_busybox_refused(path_without):
    refuses(["qemu/boot"], "install the package busybox-static",
            path_without("busybox"))


def test_host_packages_no_apt_refused(path_without):
    refuses(["qemu/host-packages", "guest"],
            "let root say: apt-get install --no-install-recommends "
            "busybox-static qemu-system-x86",
            path_without("busybox", EMULATOR))


def test_make_run_no_qemu_refused(path_without):
    refuses(["make", "run", "KERNEL=6.12"],
            "let root say: apt-get install --no-install-recommends "
            "qemu-system-x86",
            path_without(EMULATOR))


def test_host_packages_unknown_job_refused():
    refuses(["qemu/host-packages", "tea"], "no such job")


def test_host_packages_removes_no_package(tmp_path):
    """Some packages exclude another one, which somebody needs."""
    said = tmp_path / "said"
    for name, text in ("id", "echo 0"), ("apt-get", f'echo "$@" >>{said}; exit 1'):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    refuses(["qemu/host-packages", "gcc-99"], "Installing failed",
            {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    installs = [line for line in said.read_text().splitlines() if "install" in line]
    assert installs and all("--no-remove" in line.split() for line in installs)


def test_make_in_unknown_engine_refused():
    refuses(["make", "run", "IN=lxc"], "say IN=podman or IN=docker")


def test_make_in_missing_engine_refused(path_without):
    refuses(["make", "run", "IN=podman"], "install the package podman",
            path_without())


def test_make_in_podman_passes_words_on(path_without, tmp_path):
    """All options of make reach the make in the container, IN= excepted."""
    env = path_without()
    podman = tmp_path / "bin/podman"
    podman.write_text(f"""#!/bin/sh
printf '%s\\n' "$@" >"{tmp_path}/told-$1"
""")
    podman.chmod(0o755)
    ends(["make", "run", "lint", "IN=podman", "KERNEL=6.1", "TESTS=a b"], 0,
         {**env, "BUILD": str(tmp_path / "build"), "MAKEFLAGS": "",
          "KSHM_CACHE": str(tmp_path / "cache")})
    words = (tmp_path / "told-run").read_text().splitlines()
    assert words[words.index("localhost/kshm-host") + 1:][:3] == \
        ["make", "run", "lint"]
    assert set(words[words.index("lint") + 1:]) == {"KERNEL=6.1", "TESTS=a b"}
    assert f"BUILD={tmp_path}/build/podman" in words


def test_container_has_the_packages_of_all_jobs():
    with open(os.path.join(TOP, "qemu/host-packages")) as file:
        listed = file.read().partition("<<-LIST\n")[2].partition("\tLIST\n")[0]
    jobs = set(re.findall(r"^\t([a-z]+) \S+ \S+$", listed, re.M))
    with open(os.path.join(TOP, "qemu/Containerfile")) as file:
        named = file.read().partition("/host-packages ")[2].split()
    assert jobs and jobs <= set(named)
