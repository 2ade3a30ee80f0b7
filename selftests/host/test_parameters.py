# SPDX-License-Identifier: GPL-2.0
"""The pages that list the parameters of the module list all of them."""

import glob
import os
import re

import pytest
from commands import read
from common import TOP


def section(page, heading, end):
    """-> the lines of a page below a heading, up to the next one"""
    return re.search(rf"{heading}\n(.*?){end}", read(page), re.S)[1]


def parameters():
    sources = glob.glob(os.path.join(TOP, "module/**/*.c"), recursive=True)
    return {name for source in sources
            for name in re.findall(r"^module_param\((\w+),", read(source), re.M)}


LISTED = {
    "Documentation/security.rst": re.findall(
        r"^``(\w+)``", section("Documentation/security.rst",
                              "\nParameters\n=+", "\n\\*"), re.M),
    "Documentation/man/kshm.4": re.findall(
        r"\w+", " ".join(re.findall(
            r"^\.It Va (.*)", section("Documentation/man/kshm.4",
                                     r"\.Sh MODULE PARAMETERS", r"\n\.Sh"), re.M))),
}


@pytest.mark.parametrize("page", LISTED)
def test_parameters_all_listed(page):
    assert sorted(LISTED[page]) == sorted(parameters())
