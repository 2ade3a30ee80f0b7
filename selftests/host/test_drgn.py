# SPDX-License-Identifier: GPL-2.0
"""tools/kshm-drgn: what it says, and whether the module still has what it reads. It
reads a kernel in a guest only."""

import glob
import os
import shutil
import subprocess

import pytest
from commands import loaded, refuses
from common import BUILD

SCRIPT = "tools/kshm-drgn"
FOUND = [(0xb000, [
    {"address": 0xa000, "id": 3, "key": 0x1234, "size": 9000, "nattch": 2,
     "marked": False, "name": "", "vmas": [
         {"address": 0x1, "start": 0x7000, "end": 0xa000, "first": 0, "pages": 3,
          "owner": "prog 7", "file": 0xf000, "attach": True},
         {"address": 0x2, "start": 0x1000, "end": 0x2000, "first": 2, "pages": 1,
          "owner": 'a"b 8', "file": 0xf100, "attach": False}]},
    {"address": 0xa100, "id": 4, "key": 0, "size": 4096, "nattch": 0,
     "marked": True, "name": "x y", "vmas": []}])]


@pytest.fixture(scope="session")
def script():
    return loaded("../" + SCRIPT)


def test_drgn_as_text(script):
    assert script.text(FOUND).splitlines() == [
        "registry 0xb000",
        "  segment 3, key 0x00001234, 9000 bytes, nattch 2, at 0xa000",
        "    <- prog 7, 0x7000-0xa000, pages 0-2, attach file 0xf000",
        '    <- a"b 8, 0x1000-0x2000, page 2, no attach, attach file 0xf100',
        "  segment 4, no key, name 'x y', 4096 bytes, nattch 0, marked, at 0xa100"]


def test_drgn_as_graph(script):
    """The words of a program's name do not break the graph."""
    if not shutil.which("dot"):
        pytest.skip("the package graphviz is not installed")
    done = subprocess.run(["dot", "-Tplain"], input=script.dot(FOUND), text=True,
                          stdout=subprocess.PIPE, check=True)
    kinds = [line.split()[0] for line in done.stdout.splitlines()]
    assert (kinds.count("node"), kinds.count("edge")) == (5, 4)


def test_drgn_reads_fields_that_are_there(script):
    drgn = pytest.importorskip("drgn",
                               reason="the package python3-drgn is not installed")
    modules = glob.glob(os.path.join(BUILD, "*/kshm.ko"))
    if not modules:
        pytest.skip("no module is built")
    program = drgn.Program()
    # Any program will do; only the module's types are of interest.
    program.set_pid(os.getpid())
    program.load_debug_info(modules[:1])
    lacks = [f"{name} has no {field}" for name, fields in script.FIELDS.items()
             for field in fields if not program.type(name).has_member(field)]
    assert lacks == []
    for name in script.VARIABLES:
        assert program.variable(name).address_


@pytest.mark.parametrize("text", ["", "0000000000000000 b ns_registries\t[kshm]\n",
                                  "ffffffffc0400000 b ns_registries\n"])
def test_drgn_needs_symbols(script, text, tmp_path):
    """Without root, all addresses are 0; and the names of others don't count."""
    path = tmp_path / "symbols"
    path.write_text(text)
    with pytest.raises(SystemExit, match="has no addresses of kshm's variables"):
        script.symbols(str(path))


def test_drgn_finds_symbols(script, tmp_path):
    path = tmp_path / "symbols"
    path.write_text("ffffffffc0400040 b ns_registries\t[kshm]\n"
                    "ffffffffc0402050 b ns_initial_registry\t[kshm]\n")
    assert script.symbols(str(path)) == {"ns_registries": 0xffffffffc0400040,
                                         "ns_initial_registry": 0xffffffffc0402050}


@pytest.mark.parametrize("words, sentence", [
    (["--core", "/dev/null", "kshm.ko"], "a dump needs both --core and --symbols"),
    (["/nowhere/kshm.ko"], "there is no file /nowhere/kshm.ko"),
    (["--core", "README.md", "--symbols", "README.md", "README.md"],
     "the kernel's memory can't be read"),
    (["README.md"], "kshm is not loaded")])
def test_drgn_refused(words, sentence):
    if sentence == "kshm is not loaded" and os.path.exists("/sys/module/kshm"):
        pytest.skip("kshm is loaded on this machine")
    if "--core" not in words or "--symbols" in words:
        pytest.importorskip("drgn", reason="the package python3-drgn is not installed")
    refuses(["/usr/bin/python3", SCRIPT, *words], sentence)
