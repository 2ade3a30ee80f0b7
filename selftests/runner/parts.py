# SPDX-License-Identifier: GPL-2.0
"""Files that a guest which runs test programs gets in /job, beside the module."""

import os

from common import BUILD, SELFTESTS


def parts(built=BUILD):
    """-> {name in the guest: file on the host}, with the programs and the library of
    that build folder"""
    lib = os.path.join(built, "lib")
    found = {"run-tests": os.path.join(SELFTESTS, "runner/run-tests"),
             "tools/kshm-run": os.path.join(lib, "kshm-run")}
    for folder, where in (os.path.join(built, "selftests"), "tests"), (lib, "lib"):
        for file in sorted(os.listdir(folder)):
            path = os.path.join(folder, file)
            if os.path.isfile(path) and not file.endswith((".o", ".d", ".a")):
                found[f"{where}/{file}"] = path
    return found
