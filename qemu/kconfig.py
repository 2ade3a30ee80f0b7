# SPDX-License-Identifier: GPL-2.0
"""Which options a kernel has, and which of a fragment it lacks.

A fragment is a list of options as scripts/kconfig/merge_config.sh of Linux reads
it. An option that it wants as a module, "=m", may be built in as well.
"""

import os
import re

from common import QEMU, SELFTESTS

GUEST = os.path.join(QEMU, "guest.config")
DISK = os.path.join(QEMU, "disk.config")
CASES = os.path.join(SELFTESTS, "cases/config")
FRAGMENTS = (GUEST, DISK, CASES)

SET = re.compile(r"(CONFIG_\w+)=(.*)")
UNSET = re.compile(r"# (CONFIG_\w+) is not set")


def options(text):
    """-> {option: value}; the value of one that is not set is n"""
    found = {}
    for line in text.splitlines():
        if match := SET.fullmatch(line.strip()):
            found[match[1]] = match[2]
        elif match := UNSET.fullmatch(line.strip()):
            found[match[1]] = "n"
    return found


def read(path):
    with open(path) as file:
        return options(file.read())


def built(kdir):
    """-> the options that a kernel was built with

    .config may have changed since; modules are built with auto.conf, too.
    """
    return read(os.path.join(kdir, "include/config/auto.conf"))


def lacking(has, wants):
    """-> those of the wanted options that are not met, with the wanted values"""
    return {option: value for option, value in wants.items()
            if has.get(option, "n") not in (value, "y" if value == "m" else value)}


def line(option, value):
    return f"# {option} is not set" if value == "n" else f"{option}={value}"


def names(found):
    return ", ".join(option if value != "n" else f"{option}=n"
                     for option, value in found.items())


def lacks_disk(kernel):
    """-> the options that a guest with a disk of Debian needs and that the kernel
    in this folder lacks, as a sentence has them"""
    return names(lacking(built(os.path.join(kernel, "kdir")), read(DISK)))
