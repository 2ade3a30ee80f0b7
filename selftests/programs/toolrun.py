# SPDX-License-Identifier: GPL-2.0
"""Run a tool for kshm in a guest, and look at what it prints there."""

import argparse
import os
import re
import subprocess
import sys

import tap
from common import BUILD, QEMU, built_module


def run(kernel, name, image, tools, script, options):
    """-> the guest's status, and all that was printed"""
    command = [os.path.join(QEMU, "boot"), "--kernel", kernel, "--image", image,
               "--log", os.path.join(BUILD, f"{name}.log"), "--run", script, *options]
    puts = [(built_module(kernel), "kshm.ko"),
            (os.path.join(BUILD, "lib/kshm-run"), "tools/kshm-run"),
            (os.path.join(BUILD, "lib/libkshm-preload.so"), "lib/libkshm-preload.so"),
            *((tool, f"tools/{os.path.basename(tool)}") for tool in tools)]
    for path, where in puts:
        command += ["--put", f"{path}:{where}"]
    guest = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                           errors="replace")
    return guest.returncode, guest.stdout.replace("\r", "")


def main(name, about, image, tools, script, wanted, options=()):
    """Each pattern of @wanted has to be printed, and the script to end well, which
    it does when the module is gone. The options are qemu/boot's."""
    parser = argparse.ArgumentParser(prog=f"selftests/programs/{name}",
                                     description=about)
    parser.add_argument("kernel", metavar="KERNEL", help="one that make help lists")
    args = parser.parse_args()
    report = tap.Report()
    status, said = run(args.kernel, name, image, tools, script, options)
    for what, pattern in wanted.items():
        report.add(bool(re.search(pattern, said, re.M)),
                   f"{args.kernel} {name}.{what}")
    report.add(status == 0, f"{args.kernel} {name}.module_unloads")
    if report.failed:
        report.note(said[-4000:])
    sys.exit(report.finish())
