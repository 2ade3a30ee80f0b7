# SPDX-License-Identifier: GPL-2.0
"""Programs and libraries for a guest of another architecture than the host's.

busybox comes from Debian's package of that architecture, and the C library from where
the programs are compiled.
"""

import glob
import os
import re
import shutil
import subprocess

import cache
import debian
import toolchain

NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]|program interpreter: (\S+)\]")


def fetch_busybox(architecture, new):
    def job():
        suite = debian.Suite(toolchain.CROSS_SUITE, architecture)
        suite.update()
        suite.download(f"busybox for {architecture}", ["busybox-static"], debs)
    debs = new + ".debs"
    cache.remove(debs)
    debian.with_new_lists(job)
    for deb in glob.glob(os.path.join(debs, "*.deb")):
        debian.unpack(deb, new)
    shutil.rmtree(debs)


def busybox(machine):
    """-> the path of a static busybox for that machine"""
    path = os.path.join(cache.folder("packages"), f"busybox-{machine.name}")
    cache.made(path, lambda new: fetch_busybox(machine.name, new))
    found = [os.path.join(path, name) for name in ("bin/busybox", "usr/bin/busybox")]
    return next(file for file in found if os.path.exists(file))


def needs(path):
    """-> the libraries that a program or a library names, and its loader"""
    said = subprocess.run(["readelf", "-ld", path], text=True, capture_output=True)
    return [name or loader for name, loader in NEEDED.findall(said.stdout)]


def libraries(path, folder):
    """-> {name in the guest: file}, for all that the loader would open from that folder
    of libraries"""
    found, waiting = {}, needs(path)
    while waiting:
        name = waiting.pop()
        file = os.path.join(folder, os.path.basename(name))
        inside = name if name.startswith("/") else f"/lib/{name}"
        if inside not in found and os.path.exists(file):
            found[inside] = file
            waiting += needs(file)
    return found
