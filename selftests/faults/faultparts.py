# SPDX-License-Identifier: GPL-2.0
"""Build the programs of this folder, and the modules that they load."""

import os
import sys

import cache
from common import BUILD, KSELFTEST, QEMU, SELFTESTS, TESTS, TOP

LIBRARY = os.path.join(TESTS, "lib/libkshm.a")
OBJECTS = [os.path.join(TESTS, "backend.o"), LIBRARY, "-lpthread"]


def run(what, command):
    """Run a command that builds something. Its output goes to a log."""
    log = os.path.join(BUILD, f"faults-build-{what}.log")
    if cache.run(f"building {what}", command, log, cwd=TOP):
        print(cache.last_lines(log, 20), file=sys.stderr)
        cache.die(f"{what} did not build; all that was said is in {log}.")


def kbuild(kernel, what, folder, *variables):
    run(what, [os.path.join(QEMU, "kbuild"),
               os.path.join(BUILD, "kernels", kernel, "kdir"), f"M={folder}",
               "W=1", *variables, "modules"])


def module(kernel, name):
    """-> the module of that name; kbuild writes beside the source, so that is a
    link"""
    folder = os.path.join(BUILD, f"{name}-{kernel}")
    os.makedirs(folder, exist_ok=True)
    source = os.path.join(folder, f"{name}.c")
    if not os.path.lexists(source):
        os.symlink(os.path.join(SELFTESTS, f"faults/{name}.c"), source)
    with open(os.path.join(folder, "Kbuild"), "w") as file:
        file.write(f"obj-m := {name}.o\nccflags-y := -I{TOP}/module "
                   f"-I{TOP}/uapi\n")
    kbuild(kernel, name, folder)
    return os.path.join(folder, f"{name}.ko")


def program(name, hang):
    """Build a program beside the selftests; a case hangs after so many seconds."""
    run(name, ["gcc", "-O2", "-g", "-Wall", "-Wextra", "-D_GNU_SOURCE=",
               "-Wno-sign-compare", "-Wno-unused-parameter",
               "-Wno-missing-field-initializers", f"-DKSHM_TIMEOUT={hang}",
               "-Iselftests/cases", "-Ilib", "-Iuapi", "-isystem", KSELFTEST,
               "-o", os.path.join(TESTS, name), f"selftests/faults/{name}.c",
               *OBJECTS])
