# SPDX-License-Identifier: GPL-2.0
"""Shared by the programs of this folder and of the tests: the paths in a clone and in
its build folder, scratch folders, and numbers on command lines. cache.py knows the
cache."""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

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


def beside(module, name):
    """-> the other module of that name, which a build leaves beside kshm.ko"""
    return os.path.join(os.path.dirname(module), f"{name}.ko")


def all_selftests():
    """-> the programs' names in the order of running, from their Makefile"""
    if not shutil.which("make"):
        return []
    listing = subprocess.run(
        ["make", "-s", "-C", os.path.join(SELFTESTS, "cases"), "list",
         f"OUTPUT={TESTS}", f"KSFT_SRC={KSELFTEST}"],
        stdout=subprocess.PIPE, text=True)
    return listing.stdout.split() if listing.returncode == 0 else []


@contextlib.contextmanager
def scratch_folder(prefix):
    """A folder of this process in the build folder; those of killed runs go first.

    Their names have the prefix and the number of a process that is no more.
    """
    os.makedirs(BUILD, exist_ok=True)
    for name in os.listdir(BUILD):
        owner = re.fullmatch(rf"{prefix}-(\d+)-\w{{8}}", name)
        if owner and not os.path.exists(f"/proc/{owner[1]}"):
            # Another run may remove it at the same time.
            _remove_scratch(os.path.join(BUILD, name), ignore_errors=True)
    path = tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-", dir=BUILD)
    try:
        yield path
    finally:
        _remove_scratch(path)


def _remove_scratch(path, **options):
    """Remove a scratch folder, unless files of others are mounted in it."""
    with open("/proc/self/mountinfo") as file:
        mounted = [line.split()[4] + "/" for line in file]
    if any(f"/{os.path.basename(path)}/" in place for place in mounted):
        print(f"{os.path.basename(sys.argv[0])}: {path} stays, because something is "
              "mounted in it; unmount that and remove the folder.",
              file=sys.stderr)
    else:
        shutil.rmtree(path, **options)


def number(text):
    """A type for argparse: a number from 0 on."""
    if not re.fullmatch(r"\d+", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number")
    return int(text)


def number_from_1(text):
    if not re.fullmatch(r"[1-9]\d*", text):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)
