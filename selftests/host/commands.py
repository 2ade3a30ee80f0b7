# SPDX-License-Identifier: GPL-2.0
"""Running commands in the top folder, and what is expected of them."""

import os
import subprocess

from common import TOP


def run(command, env=None, text=None):
    """-> the exit status, and all that was said"""
    done = subprocess.run(command, text=True, cwd=TOP, input=text or "",
                          env={**os.environ, **(env or {})},
                          stdout=subprocess.PIPE, errors="replace",
                          stderr=subprocess.STDOUT, timeout=300)
    return done.returncode, done.stdout


def refuses(command, sentence, env=None, text=None):
    """It must fail, and say the sentence in few words of its own."""
    status, output = run(command, env, text)
    assert status != 0 and sentence in output and "Traceback" not in output, \
        f"status {status}\n{output}"


def ends(command, wanted, env=None, text=None):
    """It must end with this status."""
    status, output = run(command, env, text)
    assert status == wanted, output
