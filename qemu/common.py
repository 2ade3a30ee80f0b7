# SPDX-License-Identifier: GPL-2.0
"""Shared by the programs of this folder and of the tests: the paths in a clone and in
its build folder, and numbers on command lines. cache.py knows the cache."""

import argparse
import os
import re
import shutil
import subprocess
import sys

QEMU = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(QEMU)
SELFTESTS = os.path.join(TOP, "selftests")
BUILD = os.environ.get("BUILD") or os.path.join(TOP, "build")
TESTS = os.path.join(BUILD, "selftests")
KSELFTEST = os.path.join(BUILD, "linux-source-6.12/tools/testing/selftests")


def built_module(kernel):
    """-> the module for a fetched kernel. Refuses where it is not built."""
    release = os.path.basename(
        os.path.realpath(os.path.join(BUILD, "kernels", kernel)))
    path = os.path.join(BUILD, release, "kshm.ko")
    if not os.path.exists(path):
        sys.exit(f"{os.path.basename(sys.argv[0])}: there is no module for Linux "
                 f"{kernel}; \"make module KERNEL={kernel}\" builds it.")
    return path


def all_selftests():
    """-> the programs' names in the order of running, from their Makefile"""
    if not shutil.which("make"):
        return []
    listing = subprocess.run(
        ["make", "-s", "-C", os.path.join(SELFTESTS, "cases"), "list",
         f"OUTPUT={TESTS}", f"KSFT_SRC={KSELFTEST}"],
        stdout=subprocess.PIPE, text=True)
    return listing.stdout.split() if listing.returncode == 0 else []


def number(text):
    """A type for argparse: a number from 0 on."""
    if not re.fullmatch(r"\d+", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number")
    return int(text)


def number_from_1(text):
    if not re.fullmatch(r"[1-9]\d*", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)
