# SPDX-License-Identifier: GPL-2.0
"""All labs, and how each kind of them is run.

A lab that asks for facts needs one boot. Labs 6 to 8 build modules first, and those
with a patch let the selftests look whether the rest still works.
"""

import os
import subprocess

import answers
import guest
import labbase
import tap
import tree
from abi import GrowAbi
from common import SELFTESTS
from death import Death
from faults import Faults
from ids import Ids
from mutant import FindMutant
from path import Path
from race import Race
from windows import Windows

LABS = {kind.number: kind for kind in (Windows, Death, Faults, Ids, Path, FindMutant,
                                       Race, GrowAbi)}
# What must still pass with a student's module.
SMOKE = ("shmget", "shmat", "shmdt", "rmid")


def prompt(one, kernel):
    """-> the Job of the prompt"""
    if hasattr(one, "prompt_with"):
        return one.prompt_with(one.build(kernel))
    return one.prompt()


def patch_of(one, folder):
    """-> the path of the patch that was handed in; refuses where there is none"""
    path = os.path.join(folder, one.PATCH)
    if not os.path.exists(path):
        raise answers.Unreadable(f"there is no {os.path.relpath(path)}; \"git diff "
                                 f">{os.path.relpath(path)}\" writes it")
    return path


def items(one, given, folder, kernel):
    """Run what a lab wants -> its items"""
    if isinstance(one, FindMutant):
        module = one.build(kernel)
        yield from one.items(given, run(one, one.job_with(module,
                                                          given.get("test", "")),
                                        kernel))
    elif isinstance(one, Race):
        yield from race_items(one, given, folder, kernel)
    elif isinstance(one, GrowAbi):
        yield from abi_items(one, given, folder, kernel)
    else:
        yield from one.items(given, run(one, one.job(), kernel))


def run(one, job, kernel):
    return guest.run(kernel, {one.name(): job})


def race_items(one, given, folder, kernel):
    """The orders first. Files that do not build cost their own points only."""
    seen = run(one, one.job_with(one.build(kernel), given), kernel)
    yield from one.items(given, seen)
    try:
        mended = one.mended(folder)
        module = one.build(kernel, mended)
    except (answers.Unreadable, tree.Failed) as why:
        yield labbase.Item("mended", False, one.points_of_all(), str(why))
        return
    yield from one.items_of_all(mended, run(one, one.job_of_all(module), kernel))
    yield smoke(kernel, module)


def abi_items(one, given, folder, kernel):
    changed = one.tree(patch_of(one, folder))
    yield from one.items_of_sources(changed)
    module = one.build(kernel, changed)
    yield from one.items(given, run(one, one.job_with(module), kernel))
    yield smoke(kernel, module)


def smoke(kernel, module):
    """Whether some selftests pass, which know nothing of the lab."""
    done = subprocess.run(
        [os.path.join(SELFTESTS, "runner/selftest"), kernel, *SMOKE,
         "--module", os.fspath(module), "--time", "300"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
    failed = [tap.Case(line).name for line in done.stdout.splitlines()
              if line.startswith("not ok")]
    return labbase.judged("selftests-still-pass", done.returncode == 0, 3,
                          ", ".join(failed[:5]) or
                          f"the selftests ended with status {done.returncode}")
