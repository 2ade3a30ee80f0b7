# SPDX-License-Identifier: GPL-2.0
"""The compilers of a Debian that is newer than this host.

The headers of a kernel hold programs, and those of a newer Debian want its C
library and its compiler. So for such a kernel a root of that Debian is made once
and kept in the cache. A command in it sees the sources, the build folder and the
cache in their places.
"""

import os
import subprocess

import cache
import debian
from common import QEMU, TOP

PACKAGES = ("bc", "gcc", "kmod", "libc6-dev", "libelf1t64", "libssl3t64", "make",
            "pahole", "perl", "xz-utils")
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


def foreign_suite(kdir):
    """-> the Debian that a fetched kernel is of, if it is newer than the host"""
    path = os.path.join(os.path.dirname(os.path.normpath(kdir)), "suite")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        suite = file.read().strip()
    return None if debian.not_newer(suite) else suite


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


def root_of(suite):
    """-> the folder with a root of that Debian"""
    words = ["--variant=apt", "--include=" + ",".join(PACKAGES),
             *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT)]
    name = f"{suite}-{debian.host()[1]}-{cache.key(' '.join(words))}"
    path = os.path.join(cache.folder("toolchains"), name)
    if not os.path.exists(path):
        subprocess.run([os.path.join(QEMU, "host-packages"), "image"],
                       check=True)
    return cache.made(path, lambda new: make(suite, words, new))


def inside(suite, command):
    """-> the words that run a command in a root of that Debian"""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    shown = ["/proc", "/dev", TOP, os.path.abspath(cache.BUILD), cache.root()]
    return ["unshare", *as_root, "--mount", "sh", "-euc", ENTER, "sh",
            root_of(suite), *shown, "--", *command]


def command_for(kdir, command):
    """-> the words that run a command which compiles for a kernel"""
    suite = foreign_suite(kdir)
    if not suite:
        return command
    trial = subprocess.run(inside(suite, ["true"]), stdin=subprocess.DEVNULL)
    if trial.returncode:
        cache.die(f"This kernel is built with the compiler of Debian {suite}, "
                  "which is kept in a folder and can't be entered, for the reason "
                  "above. An ordinary user needs user namespaces for that; else "
                  "let root build, or use a newer Debian.")
    return inside(suite, command)
