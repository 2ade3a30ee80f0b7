# SPDX-License-Identifier: GPL-2.0
"""The library as it is installed: its files are in place, its headers and its .pc
work, its pages tell of all functions, and it still offers those of old releases."""

import glob
import os
import re
import types

import pytest
from commands import ends, read, refuses, run
from common import TOP

PREFIX = "/opt/kshm"
PARTS = ("include/kshm.h", "include/linux/kshm.h",
         "include/linux/kshm_version.h", "lib/libkshm.so",
         "lib/libkshm.so.0", "lib/libkshm-preload.so", "lib/libkshm.a",
         "lib/pkgconfig/kshm.pc", "bin/kshm-run", "share/man/man3/kshm_shmget.3",
         "share/man/man4/kshm.4", "share/man/man8/kshm-run.8")
# A name that only 32-bit programs have, for a call that they share with the others.
ONLY_32 = {"kshm_shmctl64"}

USER = """#include <kshm.h>
#ifdef KSHM_IOC_GET
#error "kshm.h includes the ioctl header"
#endif
#if KSHM_VERSION_MAJOR == 0 && KSHM_VERSION_MINOR < 2
#error "kshm.h has no version"
#endif
int main(void)
{
	char why[160];
	return kshm_shmget(IPC_PRIVATE, 1, 0600) < 0 && !kshm_strerror(why, 160);
}
"""
CONTROL = """#include <kshm.h>
int main(void)
{
	return kshm_shmctl(0, IPC_RMID, NULL);
}
"""
CALLER = """#include <stdio.h>
#include <sys/shm.h>
int main(void)
{
	if (shmget(IPC_PRIVATE, 1, 0600) < 0)
		perror("shmget");
	return 0;
}
"""
# Stands in for the module: a segment whose times need more than 32 bits.
TIMES = """#include <errno.h>
#include <stdint.h>
#include <sys/shm.h>
#include <kshm.h>
#include <linux/kshm.h>
#include "internal.h"
atomic_bool kshm_in_valgrind;
atomic_bool kshm_huge;
long kshm_refuse(int e, unsigned int r, uint64_t a, uint64_t l) { return -e; }
int kshm_failed(const char *call, int error) { return -1; }
long kshm_valgrind_attach(struct kshm_attach *arg) { return -ENOSYS; }
long kshm_valgrind_detach(struct kshm_detach *arg) { return -ENOSYS; }
long kshm_ioctl(unsigned long cmd, void *arg)
{
	struct kshm_stat *st = arg;

	st->atime = 5000000001;
	st->dtime = 5000000002;
	st->ctime = 5000000003;
	return cmd == KSHM_IOC_STAT ? 0 : -ENOTTY;
}
static inline int64_t whole(unsigned long low, unsigned long high)
{
	return (int64_t)high << 32 | low;
}
int main(void)
{
	struct shmid_ds ds;

	if (kshm_shmctl(0, IPC_STAT, &ds))
		return 1;
#if _TIME_BITS == 64
	return !(ds.shm_atime == 5000000001 && ds.shm_dtime == 5000000002 &&
		 ds.shm_ctime == 5000000003);
#else
	return !(whole(ds.shm_atime, ds.__shm_atime_high) == 5000000001 &&
		 whole(ds.shm_dtime, ds.__shm_dtime_high) == 5000000002 &&
		 whole(ds.shm_ctime, ds.__shm_ctime_high) == 5000000003);
#endif
}
"""
BASELINES = sorted(glob.glob(os.path.join(TOP, "lib/baseline/*.c")))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs make install. -> its output, and the paths of what it installed"""
    root = str(tmp_path_factory.mktemp("installed"))
    status, output = run(["make", "install-lib", "install-headers",
                          "install-man", f"DESTDIR={root}", f"PREFIX={PREFIX}"])
    return types.SimpleNamespace(
        root=root, prefix=root + PREFIX, status=status, output=output,
        library=f"{root}{PREFIX}/lib/libkshm.so.0",
        pkg_config={"PKG_CONFIG_PATH": f"{root}{PREFIX}/lib/pkgconfig",
                    "PKG_CONFIG_SYSROOT_DIR": root})


@pytest.fixture(scope="module")
def version():
    return run(["tools/version"])[1].strip()


def offered(library):
    """-> {name: version} of the functions that a shared library offers"""
    _, table = run(["nm", "-D", "--defined-only", library])
    return dict(re.findall(r"^\S+ T (\w+)@@([\w.]+)$", table, re.M))


def in_map(width):
    """-> {name: version} as lib/libkshm.map has them for this width of long"""
    found = {}
    for node, body in re.findall(r"^(KSHM_[\d.]+) \{(.*?)^\}",
                                 read("lib/libkshm.map"), re.M | re.S):
        names = body.replace("global:", "").partition("local:")[0]
        found.update({name: node for name in re.findall(r"(\w+);", names)})
    return {name: found[name] for name in found
            if width == 32 or name not in ONLY_32}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """-> {width: the folder where the library is made for it}"""
    folders = {}
    for width in 64, 32:
        folders[width] = str(tmp_path_factory.mktemp(f"lib{width}"))
        ends(["make", "-s", "-C", "lib", f"O={folders[width]}",
              f"CC=cc -m{width}"], 0)
    return folders


def test_make_install_puts_all_in_place(installed):
    absent = [name for name in PARTS
              if not os.path.exists(f"{installed.prefix}/{name}")]
    assert installed.status == 0 and not absent, installed.output


def test_version_is_the_same_everywhere(installed, version):
    _, script = run([f"{installed.prefix}/bin/kshm-run", "--version"])
    node = re.search(r"(?s).*^KSHM_(\S+) \{", read("lib/libkshm.map"), re.M)
    package = re.search(r"^Version: (.*)", read(
        f"{installed.prefix}/lib/pkgconfig/kshm.pc"), re.M)
    assert {version} == {script.removeprefix("kshm-run ").strip(), node[1],
                         package[1]}


def test_make_install_dkms_puts_all_in_place(version, tmp_path):
    """The sources stand where DKMS looks for them, under their version."""
    ends(["make", "install-dkms", f"DESTDIR={tmp_path}"], 0)
    to = tmp_path / f"usr/src/kshm-{version}"
    for name in ("Kbuild", "module/main.c", "uapi/linux/kshm.h",
                 "uapi/linux/kshm_version.h"):
        assert (to / name).exists()
    assert f'PACKAGE_VERSION="{version}"' in (to / "dkms.conf").read_text()


@pytest.mark.parametrize("words, sentence", [
    pytest.param(words, sentence, id=id) for id, words, sentence in (
        ("unlink_nothing", "--unlink", "/proc/kshm/objects lists them"),
        ("no_program", "", "say which PROGRAM to run"),
        ("huge_no_program", "--huge", "say which PROGRAM to run"),
        ("unknown_option", "--tea true", "there is no option --tea"),
        ("unlink_no_device", "--unlink /a", "modprobe or insmod kshm"),
        ("no_device", "true", "modprobe or insmod kshm"))])
def test_kshm_run_refuses(words, sentence, installed):
    """It refuses wrong options, and says what is missing. A host has no kshm."""
    command = [f"{installed.prefix}/bin/kshm-run", *words.split()]
    refuses(command, sentence)
    ends(command, 125)


def test_kshm_run_help_works(installed):
    ends([f"{installed.prefix}/bin/kshm-run", "--help"], 0)


@pytest.mark.parametrize("sanitizer", ["address", "thread", "undefined", "leak"])
def test_sanitized_program_starts(sanitizer, installed, tmp_path):
    """It has gcc's runtime as a library, before which the preload is loaded."""
    source, program = tmp_path / "caller.c", str(tmp_path / "caller")
    source.write_text(CALLER)
    ends(["cc", f"-fsanitize={sanitizer}", "-o", program, str(source)], 0)
    status, output = run(["setarch", "-R", program], {
        "LD_PRELOAD": f"{installed.prefix}/lib/libkshm-preload.so"})
    assert (status, output) == (0, "shmget: Function not implemented\n")


def test_pkg_config_knows_kshm(installed):
    ends(["pkg-config", "--cflags", "--libs", "kshm"], 0, installed.pkg_config)


@pytest.mark.parametrize("compiler, options, ending", [
    pytest.param("cc", "-std=c99 -pedantic -D_XOPEN_SOURCE=700", "c", id="c"),
    pytest.param("c++", "-std=c++11 -pedantic -Wextra", "cc", id="c++"),
    pytest.param("cc", "-std=c99 -D_XOPEN_SOURCE=700 -D_TIME_BITS=64 "
                 "-D_FILE_OFFSET_BITS=64", "c", id="time64")])
def test_header_works(compiler, options, ending, installed, tmp_path):
    """A program that is compiled as pkg-config says."""
    source = tmp_path / f"user.{ending}"
    source.write_text(USER)
    _, flags = run(["pkg-config", "--cflags", "--libs", "kshm"],
                   installed.pkg_config)
    ends([compiler, *options.split(), "-Wall", "-Werror", str(source), "-o",
          str(tmp_path / "user"), *flags.split()], 0)


def test_structs_have_their_names_in_cxx(installed, tmp_path):
    """C++ finds each struct of the ioctl header by its name alone, since no
    function of the library has the same name."""
    tags = re.findall(r"^struct (kshm_\w+) \{", read("uapi/linux/kshm.h"), re.M)
    assert len(tags) > 10
    source = tmp_path / "structs.cc"
    source.write_text("#include <kshm.h>\n#include <linux/kshm.h>\n" +
                      "".join(f"{tag} a_{tag};\n" for tag in tags))
    _, flags = run(["pkg-config", "--cflags", "kshm"], installed.pkg_config)
    ends(["c++", "-c", str(source), "-o", str(tmp_path / "structs.o"),
          *flags.split()], 0)


@pytest.mark.parametrize("bits, name", [(32, "kshm_shmctl"),
                                        (64, "kshm_shmctl64")])
def test_time_t_has_its_shmctl(bits, name, made, tmp_path):
    """A 32-bit program with a 64-bit time_t gets the shmctl that fits it."""
    source, program = tmp_path / "control.c", str(tmp_path / "control")
    source.write_text(CONTROL)
    ends(["cc", "-m32", "-Ilib", "-Iuapi", f"-D_TIME_BITS={bits}",
          "-D_FILE_OFFSET_BITS=64", "-o", program, str(source),
          f"{made[32]}/libkshm.so"], 0)
    _, table = run(["nm", "-D", "--undefined-only", program])
    assert f" U {name}@" in table


@pytest.mark.parametrize("bits", [32, 64])
def test_times_beyond_2038_reach_32_bit_programs(bits, made, tmp_path):
    """With a 32-bit time_t they are in two words."""
    source, program = tmp_path / "times.c", str(tmp_path / "times")
    source.write_text(TIMES)
    ends(["cc", "-m32", "-D_GNU_SOURCE", "-Ilib", "-Iuapi",
          f"-D_TIME_BITS={bits}", "-D_FILE_OFFSET_BITS=64", "-o", program,
          str(source), f"{made[32]}/sysv.o"], 0)
    ends([program], 0)


def test_each_function_has_its_page(installed):
    names = set(offered(installed.library))
    absent = [name for name in sorted(names) if not os.path.exists(
        f"{installed.prefix}/share/man/man3/{name}.3")]
    assert names and not absent


RETURNS = dict(re.findall(r"/\*\*\n \* (\w+) - (?:(?!\*/).)*?Return: (.*?)\*/",
                          read("lib/kshm.h"), re.S))
MANUAL = sorted(os.path.basename(path)
                for path in glob.glob(os.path.join(TOP, "Documentation/man/*.3")))


def errors_in_header(function):
    """-> the errno values that it and those that it refers to return"""
    text = RETURNS.get(function, "")
    found = set(re.findall(r"\bE[A-Z0-9]+\b", text))
    for other in re.findall(r"as (kshm_\w+)\(\)", text):
        found |= errors_in_header(other)
    return found


def errors_in_page(page):
    """-> (functions of the page, errno values that it and the next ones list)"""
    text = read(f"Documentation/man/{page}")
    section = re.search(r"^\.Sh ERRORS\n(.*?)^\.Sh", text, re.S | re.M)[1]
    found = {name for line in re.findall(r"^\.It (.*)", section, re.M)
             for name in re.findall(r"Er (E\w+)", line)}
    for other in re.findall(r"All errors of\n\.Xr (\w+)", section):
        found |= errors_in_page(other + ".3")[1]
    head = text.partition(".Sh SYNOPSIS")[0]
    return re.findall(r"^\.Nm (\w+)", head, re.M), found


@pytest.mark.parametrize("page", [page for page in MANUAL
                                  if ".Sh ERRORS" in read(f"Documentation/man/{page}")])
def test_errors_stand_in_page_and_header(page):
    """kshm_shmget(3) and the head of kshm.h have those of all functions."""
    functions, listed = errors_in_page(page)
    told = set().union(*(errors_in_header(name) for name in functions))
    common = {"ENOMEM", "ENOSYS"}
    assert listed - common and listed - common == told - common


def test_each_command_has_its_page():
    device, page = read("Documentation/man/kshm.4"), read("Documentation/kshm.rst")
    commands = re.findall(r"^#define (KSHM_IOC_\w+)\s+_IO",
                          read("uapi/linux/kshm.h"), re.M)
    absent = [command for command in commands if f"Dv {command} " not in device
              or f"\n{command}\n---" not in page]
    assert commands and not absent


def test_each_reason_is_told():
    """The page includes the header's lines up to the last reason."""
    reasons = re.findall(r"^#define (KSHM_WHY_\w+)\s+[1-9]\d*(\s+/\* \w.*)?",
                         read("uapi/linux/kshm.h"), re.M)
    assert reasons and all(comment for _, comment in reasons)
    assert f":end-at: {reasons[-1][0]}\n" in read("Documentation/kshm.rst")


@pytest.mark.parametrize("width", [64, 32])
def test_library_offers_what_its_map_says(width, made):
    assert offered(f"{made[width]}/libkshm.so.0") == in_map(width)


def test_there_is_a_baseline():
    assert BASELINES


@pytest.mark.parametrize("source", BASELINES, ids=os.path.basename)
def test_abi_kept(source, installed, tmp_path):
    """Every function and type of a release is still there, and unchanged."""
    version = os.path.basename(source)[:-len(".c")]
    then = tmp_path / "libkshm-then.so"
    names = re.findall(r"^\w.*?\b(kshm_\w+)\(", read(source), re.M)
    assert names and set(names) <= set(in_map(64))
    script = tmp_path / "map"
    script.write_text(f"KSHM_{version} {{ global: {'; '.join(names)}; "
                      "local: *; };\n")
    ends(["cc", "-g", "-shared", "-fPIC", "-w", "-Wl,-soname,libkshm.so.0",
          f"-Wl,--version-script={script}", "-o", str(then), source], 0)
    ends(["abidiff", "--no-added-syms", str(then), installed.library], 0)
