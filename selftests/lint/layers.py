# SPDX-License-Identifier: GPL-2.0
"""The call graph of each module: does every arrow run down?

Kbuild lists a module's files from the top down, and a file may use only what a
later file defines. The symbol tables of the compiled files tell what each of them
defines and uses, inline functions and operations in structs included.
"""

import os
import re
import subprocess

import functions

# What the public names of each module begin with.
MODULES = {"kshm": "kshm_", "kshm_switch": "switch_"}
PUBLIC = re.compile(r"(kshm|switch)_\w+$")
# Takes the place of all files of its module, where the kernel lacks something.
ALONE = "module/switch/lacking"


def listed(top, module):
    """-> the module's files from the top down, without their suffix"""
    with open(os.path.join(top, "Kbuild")) as kbuild:
        text = kbuild.read().replace("\\\n", " ")
    found = []
    for line in re.findall(rf"^{module}-(?:y|\$\(CONFIG_\w+\)) [:+]= (.*)$", text,
                           re.MULTILINE):
        found += [name[:-len(".o")] for name in line.split()]
    return found


def order(top, module="kshm"):
    """-> the same, without the file that takes the place of the others"""
    return [name for name in listed(top, module) if name != ALONE]


def symbols(path):
    """-> the symbols that a compiled file defines for others, and those of others"""
    listing = subprocess.run(["nm", path], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    defined, used = set(), set()
    for line in listing.splitlines():
        kind, name = line.split()[-2:]
        if PUBLIC.match(name):
            (used if kind == "U" else defined).add(name)
    return defined, used


def arrows(top, build, module):
    """-> (user, symbol, definer) for all that one file uses of another"""
    tables = {name: symbols(os.path.join(build, f"{name}.o"))
              for name in order(top, module)}
    definer = {symbol: name for name, (defined, _) in tables.items()
               for symbol in defined}
    return [(user, symbol, definer[symbol])
            for user, (_, used) in tables.items()
            for symbol in sorted(used) if symbol in definer]


def upward(top, build, module):
    """-> a line for each arrow that runs up"""
    place = {name: number for number, name in enumerate(order(top, module))}
    return [f"{user}.c uses {symbol}() of {definer}.c, which stands above it "
            "in Kbuild"
            for user, symbol, definer in arrows(top, build, module)
            if place[definer] <= place[user]]


def not_listed(top):
    """-> a line for each file of a module that Kbuild or the map leaves out"""
    names = [name for module in MODULES for name in listed(top, module)]
    wrong = []
    for folder, _, leaves in os.walk(os.path.join(top, "module")):
        for leaf in sorted(leaves):
            path = os.path.relpath(os.path.join(folder, leaf), top)
            if leaf.endswith(".c") and path[:-len(".c")] not in names:
                wrong.append(f"{path} is not in Kbuild")
    with open(os.path.join(top, "Documentation/internals.rst")) as page:
        text = page.read()
    for name in names:
        if f"``{os.path.basename(name)}.c``" not in text:
            wrong.append(f"{name}.c is not in Documentation/internals.rst")
    return wrong


def nameless(defined, prefix):
    """-> a line for each function without a name that tells its file

    ftrace and perf show a function without its file. So a static function begins
    with the file's name, and a public one with the prefix of its module.
    """
    wrong = []
    for name, found in defined.items():
        noun = os.path.basename(name)
        known = {"objects": "object_", "main": prefix}.get(noun, f"{noun}_")
        for function in found:
            wanted = known if function.static else prefix
            if not function.name.startswith(wanted):
                wrong.append(f"{name}.c: {function.name}() should begin with "
                             f"{wanted}")
    return wrong


def undocumented(top, defined):
    """-> a line for each public function without a kernel-doc comment

    kernel-doc itself says nothing of a function that has no such comment.
    """
    wrong = []
    for name, found in defined.items():
        with open(os.path.join(top, f"{name}.c")) as source:
            lines = source.readlines()
        for function in found:
            # The type may have a line of its own.
            comment = rf"/\*\*\n \* {function.name}\(\) - (?:[^*]|\*(?!/))*\*/\n" \
                      r"(?:.+\n)?\Z"
            above = "".join(lines[:function.line - 1])
            if not function.static and not re.search(comment, above):
                wrong.append(f"{name}.c: {function.name}() has no kernel-doc "
                             "comment above it")
    return wrong


def complaints(top, build):
    wrong = not_listed(top)
    for module, prefix in MODULES.items():
        defined = {name: functions.defined(top, [f"{name}.c"])
                   for name in order(top, module)}
        wrong += (nameless(defined, prefix) + undocumented(top, defined) +
                  upward(top, build, module))
    return "\n".join(wrong)
