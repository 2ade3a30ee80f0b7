# SPDX-License-Identifier: GPL-2.0
"""Installed files, the packages, and the archive of the selftests. DKMS builds for
the kernels that kshm is tested on, and leaves out all others without a failure."""

import glob
import os
import re
import tarfile

import kernels
import pytest
from commands import read, run
from common import BUILD

# How dkms reads the file when a kernel has been installed. The local variable is empty
# in Debian 12, and the kernel's release in Debian 13.
READ = """action=autoinstall kernelver=$1
read_conf()
{
	local kernelver=$1
	safe_source
}
safe_source()
{
	. tools/dkms.conf
}
read_conf "$2"
echo "autoinstall=$AUTOINSTALL"
[[ ! $1 =~ $BUILD_EXCLUSIVE_KERNEL ]] || echo "fits"
"""
ENDINGS = (".0", ".12-1-amd64", "-rc1-amd64")


def first_untested():
    """-> the version from which on the build warns"""
    return tuple(map(int, re.search(
        r">= KERNEL_VERSION\((\d+), (\d+), 0\)\n#define KSHM_IS_UNTESTED",
        read("module/compat.h")).groups()))


def neighbours():
    """-> versions at both ends of what is tested, which are fit, and those beyond"""
    major, minor = first_untested()
    return ([(6, 1), (6, 9), (6, 10), (6, 19), (major, 0), (major, minor - 1)],
            [(5, 10), (6, 0), (major, minor), (major, 10 * minor),
             (major + 1, 1), (10, 1), (61, 1)])


def autoinstall(release, local):
    """-> what is said when dkms reads the file"""
    status, said = run(["bash", "-ec", READ, "dkms", release, local])
    assert status == 0, said
    return said.splitlines()


@pytest.mark.parametrize("ending", ENDINGS)
def test_dkms_takes_tested_kernels(ending):
    listed = [re.match(r"(\d+)\.(\d+)", name).groups()
              for name in kernels.KERNELS]
    for major, minor in listed + neighbours()[0]:
        release = f"{major}.{minor}{ending}"
        for local in "", release:
            assert autoinstall(release, local) == ["autoinstall=yes", "fits"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_dkms_leaves_out_other_kernels(ending):
    for major, minor in neighbours()[1]:
        release = f"{major}.{minor}{ending}"
        for local in "", release:
            assert autoinstall(release, local) == [
                f"kshm is not built for Linux {release}, because it is tested "
                f"on Linux 6.1 to {'{}.{}'.format(*neighbours()[0][-1])}.",
                "autoinstall="]


def test_dkms_sources_are_complete(tmp_path):
    """The sources that the package has are those that kbuild names."""
    assert run(["make", "install-dkms", f"DESTDIR={tmp_path}"])[0] == 0
    sources, = glob.glob(f"{tmp_path}/usr/src/kshm-*")
    wanted = re.findall(r"(module/\S+)\.o\b", read("Kbuild"))
    assert wanted
    for name in wanted:
        assert os.path.exists(f"{sources}/{name}.c"), name
    with open(f"{sources}/dkms.conf") as file:
        assert f'PACKAGE_VERSION="{sources.rpartition("-")[2]}"' in file.read()


def test_package_knows_all_nodes_of_the_library():
    nodes = re.findall(r"^(KSHM_\S+) {", read("lib/libkshm.map"), re.M)
    lines = re.findall(r"^ \(symver\)(\S+) (\S+)$",
                       read("tools/deb/debian/libkshm0.symbols"), re.M)
    assert nodes and lines == [(node, node[5:]) for node in nodes]


def test_make_install_strips_and_is_content(tmp_path):
    """Debian's headers have no key to sign with, which is no error."""
    status, said = run(["make", "install", "KERNEL=6.12", f"DESTDIR={tmp_path}"])
    assert status == 0
    assert not re.search("error|warning", said, re.I), said
    module, = glob.glob(f"{tmp_path}/lib/modules/*/updates/kshm.ko*")
    assert os.path.getsize(module) < 1 << 20 and module.endswith(".xz")
    assert run(["xz", "-d", module])[0] == 0
    assert b".debug_info" not in open(module[:-3], "rb").read()


def test_kselftest_archive_has_what_its_list_names(selftests):
    status, said = run(["make", "-s", "kselftest-tar", "KERNEL=6.12"])
    assert status == 0, said
    archive = os.path.join(BUILD, os.path.basename(said.splitlines()[-1]))
    with tarfile.open(archive) as tar:
        modes = {member.name: member.mode for member in tar}
        listed = tar.extractfile("./kselftest-list.txt").read().decode().split()
    assert listed[0] == "kshm:board" and listed[-1] == "kshm:module"
    for program in listed:
        assert modes[f"./{program.replace(':', '/')}"] & 0o111, program
    assert modes["./run_kselftest.sh"] & 0o111
    assert {"./kselftest/runner.sh", "./kshm/kshm.ko", "./kshm/config",
            "./kshm/settings", "./kshm/libkshm-preload.so"} <= set(modes)
