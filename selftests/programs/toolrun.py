# SPDX-License-Identifier: GPL-2.0
"""Run a tool for kshm in a guest, and look at what it prints there."""

import argparse
import os
import re
import subprocess
import sys

import tap
from common import BUILD, QEMU, beside, built_module


def command_of(kernel, name, image, tools, script, options):
    """-> the command that boots a guest with kshm and the tools"""
    command = [os.path.join(QEMU, "boot"), "--kernel", kernel, "--image", image,
               "--log", os.path.join(BUILD, f"{name}.log"), "--run", script, *options]
    module = built_module(kernel)
    puts = [(module, "kshm.ko"), (beside(module, "kshm_switch"), "kshm_switch.ko"),
            (os.path.join(BUILD, "lib/kshm-run"), "tools/kshm-run"),
            (os.path.join(BUILD, "lib/libkshm-preload.so"), "lib/libkshm-preload.so"),
            *((tool, f"tools/{os.path.basename(tool)}") for tool in tools)]
    for path, where in puts:
        command += ["--put", f"{path}:{where}"]
    return command


def run(command, at_line):
    """-> the guest's status, and all that was printed; each line is told of at once"""
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                          errors="replace") as guest:
        for line in guest.stdout:
            said.append(line.replace("\r", ""))
            at_line(said[-1])
    return guest.returncode, "".join(said)


def main(name, about, image, tools, script, wanted, options=(),
         at_line=lambda line: None, more=lambda report, args, said: None):
    """Each pattern of @wanted has to be printed, and the script to end well, which
    it does when the module is gone. The options are qemu/boot's. @at_line is called
    with each line that is printed, and @more adds cases to the report."""
    parser = argparse.ArgumentParser(prog=f"selftests/programs/{name}",
                                     description=about)
    parser.add_argument("kernel", metavar="KERNEL", help="one that make help lists")
    args = parser.parse_args()
    report = tap.Report()
    status, said = run(command_of(args.kernel, name, image, tools, script, options),
                       at_line)
    for what, pattern in wanted.items():
        report.add(bool(re.search(pattern, said, re.M)),
                   f"{args.kernel} {name}.{what}")
    report.add(status == 0, f"{args.kernel} {name}.module_unloads")
    more(report, args, said)
    if report.failed:
        report.note(said[-4000:])
    sys.exit(report.finish())
