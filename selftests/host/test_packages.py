# SPDX-License-Identifier: GPL-2.0
"""What is installed, and the packages."""

import glob
import os
import re

from commands import run


def test_make_install_strips_and_is_content(tmp_path):
    """Debian's headers have no key to sign with, which is no error."""
    status, said = run(["make", "install", "KERNEL=6.12", f"DESTDIR={tmp_path}"])
    assert status == 0
    assert not re.search("error|warning", said, re.I), said
    module, = glob.glob(f"{tmp_path}/lib/modules/*/updates/kshm.ko*")
    assert os.path.getsize(module) < 1 << 20 and module.endswith(".xz")
    assert run(["xz", "-d", module])[0] == 0
    assert b".debug_info" not in open(module[:-3], "rb").read()
