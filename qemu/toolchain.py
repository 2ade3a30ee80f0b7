# SPDX-License-Identifier: GPL-2.0
"""The compilers that are kept in the cache, each in a root of some Debian.

The headers of a kernel hold programs, and those of a newer Debian than the host's want
its C library and its compiler. Compilers for another machine cannot be installed
beside the one for 32-bit programs: Debian has these packages exclude each other. So for
such kernels, and for the programs that run on another machine, a root of a Debian is
made once. A command in it sees the sources, the build folder and the cache in their
places.
"""

import os
import subprocess

import cache
import debian
import kconfig
import machines
from common import QEMU, TOP

PACKAGES = ("bc", "gcc", "kmod", "libc6-dev", "libelf1t64", "libssl3t64", "make",
            "pahole", "perl", "xz-utils")
# For other machines than this, and the Debian whose C library their programs get,
# which has all machines.
CROSS = ("gcc-aarch64-linux-gnu", "gcc-riscv64-linux-gnu", "libc6-dev-arm64-cross",
         "libc6-dev-riscv64-cross")
CROSS_SUITE = "trixie"
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
# $1 is the root; the words up to "--" are folders that it shows in their places.
# All mounts are gone when the command ends.
ENTER = """root=$1
shift
while [ "$1" != -- ]; do
	mkdir -p "$root$1"
	mount --rbind "$1" "$root$1"
	shift
done
shift
exec chroot "$root" "$@"
"""


def is_cross(kdir):
    """Is a kernel for another machine than this?"""
    machine = machines.for_options(kconfig.built(kdir))
    return machine is not None and not machine.is_host()


def foreign_suite(kdir):
    """-> the Debian that has the compiler for a fetched kernel, if the host's own does
    not serve: the kernel is of a newer Debian, or for another machine"""
    path = os.path.join(os.path.dirname(os.path.normpath(kdir)), "suite")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        suite = file.read().strip()
    return None if debian.not_newer(suite) and not is_cross(kdir) else suite


def make(suite, words, new):
    tar = new + ".tar"
    log = os.path.join(cache.BUILD, f"toolchain-{suite}.log")
    debian.make_tar(f"making a Debian {suite} with a compiler", suite, words,
                    tar, log)
    os.mkdir(new)
    cache.must_run("unpacking it", ["tar", "-x", "-C", new, "-f", tar,
                                    "--no-same-owner", "--exclude", "./dev/*"],
                   log)
    os.unlink(tar)


def root_of(suite, cross):
    """-> the folder with a root of that Debian, which has compilers for other machines
    or only for this one"""
    packages = sorted((*PACKAGES, *(CROSS if cross else ())))
    words = ["--variant=apt", "--include=" + ",".join(packages),
             *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT)]
    name = f"{suite}-{debian.host()[1]}-{cache.key(' '.join(words))}"
    path = os.path.join(cache.folder("toolchains"), name)
    if not os.path.exists(path):
        subprocess.run([os.path.join(QEMU, "host-packages"), "image"],
                       check=True)
    return cache.made(path, lambda new: make(suite, words, new))


def inside(suite, cross, command):
    """-> the words that run a command in a root of that Debian"""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    shown = ["/proc", "/dev", TOP, os.path.abspath(cache.BUILD), cache.root()]
    return ["unshare", *as_root, "--mount", "sh", "-euc", ENTER, "sh",
            root_of(suite, cross), *shown, "--", *command]


def command_for(kdir, command):
    """-> the words that run a command which compiles for a kernel"""
    suite = foreign_suite(kdir)
    if not suite:
        return command
    return enter(suite, is_cross(kdir), command)


def cross_command(command):
    """-> the words that run a command which compiles programs for another machine"""
    return enter(CROSS_SUITE, True, command)


def cross_library_folder(machine):
    """-> the folder of the C library for another machine's programs"""
    return os.path.join(root_of(CROSS_SUITE, True), "usr", machine.triplet, "lib")


def enter(suite, cross, command):
    """The same as inside(). Refuses where that can't be."""
    trial = subprocess.run(inside(suite, cross, ["true"]), stdin=subprocess.DEVNULL)
    if trial.returncode:
        cache.die(f"This is compiled with the compiler of a Debian {suite}, which is "
                  "kept in a folder and can't be entered, for the reason above. An "
                  "ordinary user needs user namespaces for that; else let root "
                  "build.")
    return inside(suite, cross, command)
