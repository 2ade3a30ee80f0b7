# SPDX-License-Identifier: GPL-2.0
"""How Sphinx makes a site of these pages; "make html" runs it.

The descriptions of structs and functions are taken out of the sources. The
kernel's own scripts do that, from Debian's linux-source package; "make html"
fetches them and says in KERNEL_SCRIPTS where they are.
"""

import os
import re
import subprocess
import sys

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KERNEL_SCRIPTS = os.environ.get(
    "KERNEL_SCRIPTS", os.path.join(TOP, "build/linux-source-6.12"))
sys.path.insert(0, os.path.join(KERNEL_SCRIPTS, "Documentation/sphinx"))


def read(path):
    with open(os.path.join(TOP, path)) as file:
        return file.read()


project = "kshm"
author = "the kshm developers"
copyright = author
release = version = subprocess.check_output(
    [os.path.join(TOP, "tools/version")], text=True).strip()

extensions = ["kerneldoc"]
kerneldoc_bin = os.path.join(KERNEL_SCRIPTS, "scripts/kernel-doc")
kerneldoc_srctree = TOP
primary_domain = "c"
highlight_language = "none"
exclude_patterns = ["examples", "figures", "man", "labs/slides"]
# Students get a site without the solutions of the labs.
if os.environ.get("SOLUTIONS") == "no":
    exclude_patterns.append("labs/solutions.rst")

html_theme = "alabaster"
html_theme_options = {
    "description": "System V shared memory as a Linux module",
    "font_family": "Helvetica, Arial, sans-serif",
    "head_font_family": "Helvetica, Arial, sans-serif",
    "fixed_sidebar": True,
    "show_powered_by": False,
    "page_width": "70em",
}
html_copy_source = False
html_show_sphinx = False


def module_files():
    """The sources of both modules, in the order of Kbuild."""
    kbuild = read("Kbuild").replace("\\\n", " ")
    found = []
    for module, headers in (("kshm", ["module/kshm.h", "module/sysv.h"]),
                            ("kshm_switch", ["module/switch/switch.h"])):
        objects = " ".join(re.findall(rf"^{module}-\S+ [:+]= (.*)", kbuild, re.M))
        found += headers + [name[:-1] + "c" for name in objects.split()]
    return found


def list_module_files(app, page, source):
    """Put one section for each source in place of a line @MODULE_FILES@."""
    if "@MODULE_FILES@" not in source[0]:
        return
    for name in ["Kbuild"] + module_files():
        app.env.note_dependency(os.path.join(TOP, name))
    source[0] = source[0].replace("@MODULE_FILES@", "\n".join(
        f"{name}\n{'=' * len(name)}\n\n.. kernel-doc:: {name}\n"
        for name in module_files() if "/**\n" in read(name)))


def list_statements(app, page, source):
    """Put what the test programs state in place of a line that asks for it."""
    for line, option in (("@STATEMENTS@", "--rst"), ("@HISTORY@", "--history")):
        if line in source[0]:
            source[0] = source[0].replace(line, subprocess.check_output(
                [os.path.join(TOP, "selftests/lint/statements"), option],
                text=True))


def place_screenshots(app, page, source):
    """Put the folder that has the screenshots in place of @SCREENSHOTS@."""
    build = os.environ.get("BUILD", os.path.join(TOP, "build"))
    source[0] = source[0].replace("@SCREENSHOTS@", os.path.relpath(
        os.path.join(build, "screenshots"), os.path.join(TOP, "Documentation")))


class FoldedHint(SphinxDirective):
    """A hint of a lab, which a browser shows when it is clicked."""

    has_content = True

    def run(self):
        hint = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, hint)
        return [nodes.raw("", "<details><summary>Hint</summary>", format="html"),
                *hint.children, nodes.raw("", "</details>", format="html")]


def setup(app):
    app.add_directive("hint", FoldedHint, override=True)
    app.connect("source-read", list_module_files)
    app.connect("source-read", list_statements)
    app.connect("source-read", place_screenshots)
