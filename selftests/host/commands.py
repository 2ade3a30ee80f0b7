# SPDX-License-Identifier: GPL-2.0
"""Run commands in the top folder, and expect statuses and words of them."""

import importlib.machinery
import importlib.util
import os
import subprocess

from common import SELFTESTS, TOP


def run(command, env=None, text=None):
    """-> the exit status, and all that was said"""
    done = subprocess.run(command, text=True, cwd=TOP, input=text or "",
                          env={**os.environ, **(env or {})},
                          stdout=subprocess.PIPE, errors="replace",
                          stderr=subprocess.STDOUT, timeout=300)
    return done.returncode, done.stdout


def read(path):
    """A file by its path from the top folder, or by its whole path."""
    with open(os.path.join(TOP, path)) as file:
        return file.read()


def loaded(path):
    """-> the program of that path under selftests, as a module"""
    name = os.path.basename(path)
    loader = importlib.machinery.SourceFileLoader(
        name, os.path.join(SELFTESTS, path))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def refuses(command, sentence, env=None, text=None):
    """It must fail, and say the sentence in few words of its own."""
    status, output = run(command, env, text)
    good = status != 0 and sentence in output and "Traceback" not in output
    # Not the comparison itself: Debian 13's pytest with TAP cannot show that.
    assert good, f"status {status}\n{output}"


def ends(command, wanted, env=None, text=None):
    """It must end with this status."""
    status, output = run(command, env, text)
    assert status == wanted, output
