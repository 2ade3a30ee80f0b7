# SPDX-License-Identifier: GPL-2.0
"""tools/kshm.txt tells syzkaller what uapi/linux/kshm.h tells people."""

import re

import pytest
import uapi
from commands import read

TEXT = re.sub(r"#.*", "", read("tools/kshm.txt"))

CALL = re.compile(r"^ioctl\$(KSHM_IOC_\w+)\(fd fd_kshm, cmd const\[(\w+)\], "
                  r"arg ptr\[(\w+), (.*)\]\)$", re.M)
SET = re.compile(r"^(\w+) = (.*)$", re.M)
STRUCT = re.compile(r"^(?:type )?(\w+)(?:\[[\w, ]+\])? \{\n((?:\t.*\n)+)\}$", re.M)
FIELD = re.compile(r"^\t(\w+)\t+(\S.*?)(?:\t\((\w+)\))?$", re.M)
ALIAS = re.compile(r"^(?:type|resource) (\w+)(?:\[(\w+)\]| (\w+)\[)", re.M)
EXPLAINED = re.compile(r"kshm_explain\[const\[KSHM_IOC_(\w+), int32\], (\w+)")

SIZES = {"int32": 4, "int64": 8, "fd": 4, "uid": 4, "gid": 4, "ptr64": 8,
         "vma64": 8}
# The parameters of templates, and the sizes of the types that the header has there.
PARAMETERS = {"ADDR": 8, "CMD": 4}


def calls():
    return [match.groups() for match in CALL.finditer(TEXT)]


def structs():
    """-> {name: [(field, type, way)]}"""
    return {name: FIELD.findall(fields)
            for name, fields in STRUCT.findall(TEXT)}


def size_of(kind):
    """-> the bytes of a field of that type"""
    aliases = {name: base or other for name, base, other in ALIAS.findall(TEXT)}
    name, _, options = kind.rstrip("]").partition("[")
    if name in ("const", "flags", "len", "bytesize"):
        name = options.rpartition(", ")[2]
    while name in aliases:
        name = aliases[name]
    return {**SIZES, **PARAMETERS}[name]


@pytest.mark.parametrize("command", uapi.commands())
def test_syzkaller_command(command):
    way, struct = uapi.commands()[command]
    number = f"KSHM_IOC_{command}"
    mine = [call for call in calls() if call[1] == number]
    assert mine and mine[0][0] == number
    for name, _, direction, kind in mine:
        assert name == number or name.startswith(number + "_")
        assert direction == {"IOW": "in", "IOWR": "inout"}[way]
        assert kind.partition("[")[0] == struct


def test_syzkaller_no_other_command():
    assert {call[1] for call in calls()} == {
        f"KSHM_IOC_{command}" for command in uapi.commands()}


def test_syzkaller_explains_each_command():
    explained = dict(EXPLAINED.findall(TEXT))
    assert explained == {name: struct for name, (_, struct)
                         in uapi.commands().items() if name != "EXPLAIN"}


@pytest.mark.parametrize("struct", uapi.structs())
def test_syzkaller_struct(struct):
    fields, mine = uapi.structs()[struct], structs()[struct]
    assert [(name, size_of(kind), way) for name, kind, way in mine] == [
        (field.name, field.size, field.way) for field in fields]
    assert [name for name, kind, _ in mine if kind.startswith("const[0, ")] == [
        field.name for field in fields if field.zero]


def test_syzkaller_no_other_struct():
    assert set(structs()) == set(uapi.structs())


@pytest.mark.parametrize("struct, field", uapi.input_flags())
def test_syzkaller_flags(struct, field):
    name = f"{struct}_{field}"
    kinds = {one: kind for one, kind, _ in structs()[struct]}
    assert kinds[field] == f"flags[{name}, int32]"
    assert dict(SET.findall(TEXT))[name] == ", ".join(
        uapi.flags()[struct, field])


def test_syzkaller_names_take_the_flags_of_keys():
    assert ("flags", "flags[kshm_get_flags, int32]", "inout") in \
        structs()["kshm_get_named"]
