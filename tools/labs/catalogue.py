# SPDX-License-Identifier: GPL-2.0
"""All labs, and how each kind of them is run."""

import guest
from death import Death
from faults import Faults
from ids import Ids
from path import Path
from windows import Windows

LABS = {kind.number: kind for kind in (Windows, Death, Faults, Ids, Path)}


def prompt(one, kernel):
    """-> the Job of the prompt"""
    return one.prompt()


def items(one, given, folder, kernel):
    """Run what a lab wants -> its items"""
    return one.items(given, guest.run(kernel, {one.name(): one.job()}))
