# SPDX-License-Identifier: GPL-2.0
"""The house's own rules of lint: each finds the mistake that is planted for it, in a
small module that is right without."""

import os
import subprocess
import sys

import pytest
from commands import loaded
from common import SELFTESTS

sys.path.append(os.path.join(SELFTESTS, "lint"))
import layers

HEAD = "// SPDX-License-Identifier: GPL-2.0\n"
TREE = {
    "Kbuild": "# SPDX-License-Identifier: GPL-2.0\n"
              "obj-m := kshm.o\n"
              "kshm-y := module/get.o\n"
              "kshm-y += \\\n\tmodule/extras/why.o\n",
    "module/get.c": HEAD + """
int kshm_why(int err);

static int get_one(int err)
{
	return kshm_why(err);
}

/**
 * kshm_get() - get
 */
int kshm_get(int err)
{
	return get_one(err);
}
""",
    "module/extras/why.c": HEAD + """
/**
 * kshm_why() - tell why
 */
int kshm_why(int err)
{
	return err;
}
""",
    "Documentation/internals.rst": ".. SPDX-License-Identifier: GPL-2.0\n\n"
                                   "``get.c`` and ``why.c``, module/get.c\n",
    "README.md": "<!-- SPDX-License-Identifier: GPL-2.0 -->\nSee `module/`.\n",
    "COPYING": "The licence.\n",
}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """-> a function that writes the small module, with one text replaced, and gives
    all that the rules say of it"""
    lint = loaded("lint/lint")

    def rules(path="README.md", old="", new=""):
        top, build = tmp_path / "top", tmp_path / "build"
        for name, text in TREE.items():
            if name == path:
                assert old in text
                text = text.replace(old, new, 1)
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text)
        for name in layers.order(top):
            compiled = build / f"{name}.o"
            compiled.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["gcc", "-c", "-o", compiled, top / f"{name}.c"],
                           check=True)
        said = layers.complaints(top, build)
        monkeypatch.setattr(lint, "TOP", str(top))
        return [line for text in (said, lint.paths_in_pages(), lint.licences())
                for line in text.splitlines()]
    return rules


def test_lint_rules_pass(tree):
    assert tree() == []


@pytest.mark.parametrize("path, old, new, sentence", [
    pytest.param(path, old, new, sentence, id=id)
    for id, path, old, new, sentence in (
        ("call_up", "Kbuild", "module/get.o\nkshm-y += \\\n\tmodule/extras/why.o",
         "module/extras/why.o\nkshm-y += \\\n\tmodule/get.o",
         "module/get.c uses kshm_why() of module/extras/why.c, which stands above "
         "it in Kbuild"),
        ("not_in_kbuild", "Kbuild", "module/get.o", "",
         "module/get.c is not in Kbuild"),
        ("not_on_the_map", "Documentation/internals.rst", "``why.c``", "the others",
         "module/extras/why.c is not in Documentation/internals.rst"),
        ("static_without_noun", "module/get.c", "int get_one(int err)\n{",
         "int one(int err);\n#define get_one one\nstatic int one(int err)\n{",
         "module/get.c: one() should begin with get_"),
        ("public_without_kshm", "module/extras/why.c", "int err)\n{\n\treturn err;\n}\n",
         "int err)\n{\n\treturn err;\n}\n\n/**\n * why() - why\n */\n"
         "int why(void)\n{\n\treturn 0;\n}\n",
         "module/extras/why.c: why() should begin with kshm_"),
        ("plain_comment", "module/get.c", "/**\n * kshm_get", "/*\n * kshm_get",
         "module/get.c: kshm_get() has no kernel-doc comment above it"),
        ("comment_of_another", "module/get.c", "kshm_get() - get", "kshm_put() - put",
         "module/get.c: kshm_get() has no kernel-doc comment above it"),
        ("dead_path", "README.md", "`module/`", "`module/put.c`",
         "README.md names module/put.c, which does not exist"),
        ("dead_path_in_page", "Documentation/internals.rst", "module/get.c",
         "qemu/boot.",
         "Documentation/internals.rst names qemu/boot, which does not exist"),
        ("no_licence", "module/get.c", "SPDX-License-Identifier: GPL-2.0", "Get.",
         "module/get.c has no SPDX line"))])
def test_lint_rule_finds(path, old, new, sentence, tree):
    assert tree(path, old, new) == [sentence]
