# SPDX-License-Identifier: GPL-2.0
"""A kernel tree of one's own: which options it lacks, and what is said of a tree that
no guest can boot."""

import os

import guesttree
import kconfig
import pytest
import stages
from commands import loaded, refuses, run
from common import BUILD

RELEASE = "7.3.0-mine"
COMPLETE = {"CONFIG_X86_64": "y"}
for fragment in kconfig.FRAGMENTS:
    COMPLETE.update(kconfig.read(fragment))


def image(release):
    """-> the beginning of a kernel's image"""
    head = bytearray(0x400)
    head[0x202:0x206] = b"HdrS"
    head[0x20e:0x210] = (0x100).to_bytes(2, "little")
    return bytes(head[:0x300]) + f"{release} (me@here) #1 SMP".encode() + b"\0" * 64


def configuration(options):
    return "".join(f"{kconfig.line(*option)}\n" for option in options.items())


@pytest.fixture
def own():
    """The script as a module."""
    return loaded("../qemu/own-kernel")


@pytest.fixture
def tree(tmp_path):
    """A tree that seems to be built, without the option of one fragment each."""
    tree = tmp_path / "linux"
    has = {option: value for option, value in COMPLETE.items()
           if option not in ("CONFIG_EXT4_FS", "CONFIG_USER_NS")}
    files = {
        "init/main.c": b"", "modules.order": b"", "Module.symvers": b"",
        ".config": configuration(has).encode(),
        "include/config/auto.conf": configuration(has).encode(),
        "include/config/kernel.release": f"{RELEASE}\n".encode(),
        "arch/x86/boot/bzImage": image(RELEASE),
    }
    for name, data in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tree


def own_kernel(tree, tmp_path):
    """-> the status, what was said, and the build folder"""
    build = tmp_path / "build"
    status, said = run(["qemu/own-kernel", str(tree)], {"BUILD": str(build)})
    assert "Traceback" not in said
    return status, said, build


def test_options_are_read():
    assert kconfig.options("# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=m\n"
                           'CONFIG_D="x y"\n# a word\n\n') == {
        "CONFIG_A": "n", "CONFIG_B": "y", "CONFIG_C": "m", "CONFIG_D": '"x y"'}


@pytest.mark.parametrize("has, wants, met", [
    ("y", "y", True), ("m", "y", False), ("n", "y", False), (None, "y", False),
    ("y", "m", True), ("m", "m", True), (None, "m", False),
    (None, "n", True), ("n", "n", True), ("y", "n", False), ("m", "n", False)])
def test_option_is_met(has, wants, met):
    lacking = kconfig.lacking({"CONFIG_A": has} if has else {}, {"CONFIG_A": wants})
    assert lacking == ({} if met else {"CONFIG_A": wants})


def test_usual_kernel_lacks_nothing():
    """No fragment asks for an option that this kernel no longer has."""
    kernel = os.path.join(BUILD, "kernels/6.12/kdir")
    for path in kconfig.FRAGMENTS:
        assert not kconfig.lacking(kconfig.built(kernel), kconfig.read(path)), path


def test_own_kernel_is_laid_out_like_a_fetched_one(tree, tmp_path):
    status, said, build = own_kernel(tree, tmp_path)
    kernel = build / "kernels/own"
    assert status == 0 and f"Linux {RELEASE} of {tree} is the kernel own" in said
    assert os.path.basename(os.path.realpath(kernel)) == RELEASE
    assert os.path.samefile(kernel / "kdir", tree)
    assert os.path.samefile(kernel / "vmlinuz", tree / "arch/x86/boot/bzImage")


def test_own_kernel_missing_options_can_be_merged(tree, tmp_path):
    _, said, build = own_kernel(tree, tmp_path)
    missing = build / "missing.config"
    assert kconfig.read(missing) == {"CONFIG_EXT4_FS": "m", "CONFIG_USER_NS": "y"}
    assert (f"(cd {tree} && scripts/kconfig/merge_config.sh {tree}/.config {missing})"
            in said)
    for option, lost in (("EXT4_FS", "make run, apps"), ("USER_NS", "are skipped")):
        assert any(f"CONFIG_{option};" in line and lost in line
                   for line in said.splitlines())


def test_own_kernel_fragment_of_another_tree_removed(tree, tmp_path):
    own_kernel(tree, tmp_path)
    (tree / "include/config/auto.conf").write_text(configuration(COMPLETE))
    _, said, build = own_kernel(tree, tmp_path)
    assert "lacks" not in said and not (build / "missing.config").exists()


def test_own_kernel_objects_elsewhere(own, tree):
    """A tree that was built with O= has a link to its source."""
    source = tree.parent / "source"
    (tree / "init").rename(tree.parent / "init")
    source.mkdir()
    (tree.parent / "init").rename(source / "init")
    (tree / "source").symlink_to(source)
    assert own.refusal(str(tree)) is None
    assert own.merge_command(str(tree), "more").startswith(
        f"(cd {source} && scripts/kconfig/merge_config.sh -O {tree} "
        f"{tree}/.config more) && make -C {tree} ")


def test_own_kernel_without_a_console_refused(tree, tmp_path):
    config = tree / "include/config/auto.conf"
    config.write_text(config.read_text().replace("CONFIG_SERIAL_8250_CONSOLE=y\n", ""))
    status, said, build = own_kernel(tree, tmp_path)
    assert status == 1 and "CONFIG_SERIAL_8250_CONSOLE; without them no guest" in said
    assert not (build / "kernels").exists()
    assert "CONFIG_SERIAL_8250_CONSOLE=y\n" in (build / "missing.config").read_text()


@pytest.mark.parametrize("name, data, sentence", [
    ("init/main.c", None, "has headers and no kernel that a guest could boot"),
    (".config", None, "x86_64_defconfig, and then (cd "),
    (".config", b"CONFIG_ARM64=y\n", "is not configured for x86-64"),
    ("arch/x86/boot/bzImage", None, "not built: it has no arch/x86/boot/bzImage; say "
                                    "make -C "),
    ("Module.symvers", None, "not built: it has no Module.symvers; say make -C "),
    ("arch/x86/boot/bzImage", image("7.2.0"), "its image is of Linux 7.2.0, and the "
                                              f"rest of {RELEASE}; say make -C "),
    ("arch/x86/boot/bzImage", b"no kernel", "its image is of Linux None"),
    ("modules.order", None, "modules of "),
])
def test_own_kernel_not_built_refused(tree, tmp_path, name, data, sentence):
    config = tree / "include/config/auto.conf"
    config.write_text(config.read_text() + "CONFIG_EXT4_FS=m\n")
    if data is None:
        (tree / name).unlink()
    else:
        (tree / name).write_bytes(data)
    status, said, build = own_kernel(tree, tmp_path)
    assert status == 1 and sentence in said, said
    assert not build.exists()


def test_own_kernel_nothing_there_refused(tmp_path):
    status, said, _ = own_kernel(tmp_path / "none", tmp_path)
    assert status == 1 and "KDIR= wants a tree in which Linux has been built" in said


def test_make_two_kernels_refused():
    refuses(["make", "run", "KERNEL=6.12", "KDIR=/nonexistent"],
            "name two kernels; say one of them", {"MAKELEVEL": "0"})


@pytest.mark.parametrize("target", ["run", "smoke", "check-kernel", "oracle", "bench",
                                    "apps", "shell", "gdb"])
def test_make_tree_of_ones_own_is_booted(target):
    """It is looked at before anything is built or booted."""
    refuses(["make", target, "KDIR=/nonexistent"], "there is no folder /nonexistent")


def test_modules_of_a_tree_are_found(tmp_path):
    """modules.order named modules, and then objects."""
    (tmp_path / "kdir").mkdir()
    (tmp_path / "kdir/modules.order").write_text("fs/ext4/ext4.o\nlib/crc-16.ko\n")
    assert guesttree.Modules(str(tmp_path)).paths == {
        "ext4": f"{tmp_path}/kdir/fs/ext4/ext4.ko",
        "crc_16": f"{tmp_path}/kdir/lib/crc-16.ko"}


def test_boot_disk_without_its_options_refused(tree, tmp_path):
    *_, build = own_kernel(tree, tmp_path)
    status, said = run(["qemu/boot", "--kernel", "own", "--image", "debian"],
                       {"BUILD": str(build)})
    assert status == 1 and "lacks what a disk of Debian needs: CONFIG_EXT4_FS" in said


def test_stages_with_a_disk_skipped_without_its_options(tree, tmp_path, monkeypatch,
                                                        capsys):
    *_, build = own_kernel(tree, tmp_path)
    check = loaded("runner/check")
    monkeypatch.setattr(check, "BUILD", str(build))
    report = check.tap.Report()
    ready = [stage.name for stage in stages.of_kernel("own", stages.USUAL)
             if "check" in stage.sizes and check.can_run(report, stage)]
    assert ready == ["selftests-own", "selftests-switch-own", "selftests-one-cpu-own",
                     "oracle-own", "fuzz-own"]
    assert "run-own # SKIP Linux own lacks CONFIG_EXT4_FS" in capsys.readouterr().out
