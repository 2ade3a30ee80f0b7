# SPDX-License-Identifier: GPL-2.0
"""Files that a guest which runs test programs gets in /job, beside the module."""

import os

from common import BUILD, SELFTESTS, TESTS


def parts():
    """-> {name in the guest: file on the host}"""
    found = {"run-tests": os.path.join(SELFTESTS, "runner/run-tests"),
             "tools/kshm-run": os.path.join(BUILD, "lib/kshm-run")}
    for folder, where in (TESTS, "tests"), (os.path.join(BUILD, "lib"), "lib"):
        for file in sorted(os.listdir(folder)):
            path = os.path.join(folder, file)
            if os.path.isfile(path) and not file.endswith((".o", ".d", ".a")):
                found[f"{where}/{file}"] = path
    return found
