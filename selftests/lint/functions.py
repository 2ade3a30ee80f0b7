# SPDX-License-Identifier: GPL-2.0
"""The functions that C sources define, as Universal Ctags finds them."""

import dataclasses
import json
import re
import subprocess

SYSCALL = re.compile(r"\w*SYSCALL_DEFINE\d")


@dataclasses.dataclass(frozen=True)
class Definition:
    """A definition from its name's line to its last one."""
    name: str       # SYSCALL_DEFINE3(shmget) for a system call
    kind: str       # as ctags has it: function, struct, variable
    path: str
    line: int
    end: int
    static: bool


def defined(top, paths, kinds="f"):
    """-> the definitions in the files at these paths below top, in their order

    The kinds are letters of "ctags --list-kinds=C".
    """
    listing = subprocess.run(
        ["ctags-universal", "--quiet", "--options=NONE", "--output-format=json",
         "--sort=no", "--language-force=C", f"--kinds-C={kinds}",
         "--fields=+nefSK", "-f", "-", *paths],
        cwd=top, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = []
    for line in listing.splitlines():
        tag = json.loads(line)
        name = tag["name"]
        if SYSCALL.fullmatch(name):
            name += "(" + re.match(r"\(\s*(\w+)", tag["signature"])[1] + ")"
        found.append(Definition(name, tag["kind"], tag["path"], tag["line"],
                                tag.get("end", tag["line"]),
                                tag.get("file", False)))
    return found
