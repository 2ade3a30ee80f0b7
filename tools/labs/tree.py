# SPDX-License-Identifier: GPL-2.0
"""Copies of the sources under build/labs, which a lab changes and builds.

A copy is kept, so a later build compiles only what differs from the last one.
"""

import os
import shutil
import subprocess
import time

import cache
from common import BUILD, QEMU, TOP

SOURCES = ("Kbuild", "module", "uapi")


class Failed(Exception):
    """What the compiler, or patch, had to say."""


class Tree:
    def __init__(self, name):
        self.path = os.path.join(BUILD, "labs", name)

    def write(self, name, text):
        """Write a file, unless it has that text already."""
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path) and read(path) == text:
            return
        with open(path, "w") as file:
            file.write(text)

    def fill(self, sources=SOURCES, changed=None):
        """Make it a copy of the sources, with other texts for some files.

        Files that are only here, such as those of another seed, go away.
        """
        texts = {name: read(os.path.join(TOP, name)) for name in listed(sources)}
        texts.update(changed or {})
        for name in listed(sources, self.path):
            if name not in texts and name.endswith((".c", ".h")) and \
                    not name.endswith(".mod.c"):
                os.remove(os.path.join(self.path, name))
        for name, text in texts.items():
            self.write(name, text)

    def patch(self, path):
        """Apply a student's patch. It fits as a whole, or nothing is changed.

        Whoever made the change in these sources may have left it there.
        """
        name = os.path.relpath(path)
        why = (f"{name} does not fit. It must be a change of these sources as they are; "
               f"if they have the change already, \"git apply -R {name}\" takes it back. "
               "patch says")
        with open(path) as file:
            for dry in ["--dry-run"], []:
                file.seek(0)
                run(["patch", "--batch", "--forward", "-p1", "-d", self.path, *dry],
                    why, file)

    def build_module(self, kernel):
        """-> the path of the module"""
        kdir = os.path.join(BUILD, "kernels", kernel, "kdir")
        module = os.path.join(self.path, "kshm.ko")
        if os.path.exists(module):
            os.remove(module)
        name, start = os.path.basename(self.path), time.monotonic()

        def how_far():
            return (f"building the module in build/labs/{name}: "
                    f"{round(time.monotonic() - start)} s")

        with cache.news(how_far):
            run([os.path.join(QEMU, "kbuild"), kdir, "-s", f"M={self.path}", "W=1",
                 f"-j{len(os.sched_getaffinity(0))}", "modules"],
                "the module does not build")
        return module


def listed(sources, top=TOP):
    """-> the files below some folders, relative to the top"""
    found = []
    for source in sources:
        path = os.path.join(top, source)
        if os.path.isfile(path):
            found.append(source)
        for root, folders, files in os.walk(path):
            folders[:] = [name for name in folders if name != "__pycache__"]
            found += [os.path.relpath(os.path.join(root, name), top)
                      for name in files]
    return found


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def run(command, what, stdin=subprocess.DEVNULL):
    done = subprocess.run(command, text=True, errors="replace", stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Failed(f"{what}:\n{said}")
