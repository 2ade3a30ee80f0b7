# SPDX-License-Identifier: GPL-2.0
"""Part of host-tests: the library as it is installed. That its files are in
place, its headers and its .pc work, its pages tell of all that there is, and that
what it once offered it still does."""

import glob
import os
import re

from common import TOP

PREFIX = "/opt/kshm"
PARTS = ("include/kshm.h", "include/linux/kshm.h",
         "include/linux/kshm_version.h", "lib/libkshm.so",
         "lib/libkshm.so.0", "lib/libkshm-preload.so", "lib/libkshm.a",
         "lib/pkgconfig/kshm.pc", "bin/kshm-run", "share/man/man3/kshm_shmget.3",
         "share/man/man4/kshm.4", "share/man/man8/kshm-run.8")
# What only 32-bit programs have: the same call under another name.
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


def read(path):
    with open(path) as file:
        return file.read()


def offered(host, library):
    """-> {name: version} of the functions that a shared library offers"""
    _, table = host.run(["nm", "-D", "--defined-only", library])
    return dict(re.findall(r"^\S+ T (\w+)@@([\w.]+)$", table, re.M))


def in_map(width):
    """-> {name: version} as lib/libkshm.map has them for this width of long"""
    found = {}
    for version, body in re.findall(r"^(KSHM_[\d.]+) \{(.*?)^\}",
                                    read(os.path.join(TOP, "lib/libkshm.map")),
                                    re.M | re.S):
        names = body.replace("global:", "").partition("local:")[0]
        found.update({name: version for name in re.findall(r"(\w+);", names)})
    return {name: found[name] for name in found
            if width == 32 or name not in ONLY_32}


def structs_in_cxx(host, flags):
    """C++ finds each struct of the ioctl header by its name alone, since no
    function of the library has the same name."""
    tags = re.findall(r"^struct (kshm_\w+) \{",
                      read(os.path.join(TOP, "uapi/linux/kshm.h")), re.M)
    source = os.path.join(host.scratch, "structs.cc")
    with open(source, "w") as file:
        file.write("#include <kshm.h>\n#include <linux/kshm.h>\n")
        file.writelines(f"{tag} a_{tag};\n" for tag in tags)
    host.judge("ioctl_header_has_structs", len(tags) > 10, str(tags))
    host.ends("structs_have_their_names_in_cxx", [
        "c++", "-c", source, "-o", f"{source}.o", *flags.split()], 0)


def use_it(host, root):
    """Programs in C and C++, compiled as pkg-config says."""
    env = {"PKG_CONFIG_PATH": f"{root}{PREFIX}/lib/pkgconfig",
           "PKG_CONFIG_SYSROOT_DIR": root}
    status, flags = host.run(["pkg-config", "--cflags", "--libs", "kshm"], env)
    host.judge("pkg_config_knows_kshm", status == 0, flags)
    for compiler, options, name in (
            ("cc", "-std=c99 -pedantic -D_XOPEN_SOURCE=700", "c"),
            ("c++", "-std=c++11 -pedantic -Wextra", "cc"),
            ("cc", "-std=c99 -D_XOPEN_SOURCE=700 -D_TIME_BITS=64 "
                   "-D_FILE_OFFSET_BITS=64", "time64.c")):
        source = os.path.join(host.scratch, f"user.{name}")
        with open(source, "w") as file:
            file.write(USER)
        host.ends(f"header_works_for_{name}", [
            compiler, *options.split(), "-Wall", "-Werror", source, "-o",
            f"{source}.out", *flags.split()], 0)
    structs_in_cxx(host, flags)


def time64(host, made):
    """A 32-bit program with a 64-bit time_t gets the shmctl that fits it."""
    source = os.path.join(host.scratch, "time64-32.c")
    with open(source, "w") as file:
        file.write("#include <kshm.h>\nint main(void)\n"
                   "{ return kshm_shmctl(0, IPC_RMID, NULL); }\n")
    for bits, name in ((32, "kshm_shmctl"), (64, "kshm_shmctl64")):
        status, output = host.run([
            "cc", "-m32", "-Ilib", "-Iuapi", f"-D_TIME_BITS={bits}",
            "-D_FILE_OFFSET_BITS=64", "-o", f"{source}.out", source,
            f"{made}/libkshm.so"])
        _, table = host.run(["nm", "-D", "--undefined-only", f"{source}.out"])
        host.judge(f"time_t_of_{bits}_bits_has_its_shmctl",
                   status == 0 and f" U {name}@" in table, output + table)


def pages(host, root):
    """Each function and each command has its page."""
    names = set(offered(host, f"{root}{PREFIX}/lib/libkshm.so.0"))
    absent = [name for name in sorted(names) if not os.path.exists(
        f"{root}{PREFIX}/share/man/man3/{name}.3")]
    host.judge("each_function_has_its_page", names and not absent, str(absent))
    device = read(os.path.join(TOP, "Documentation/man/kshm.4"))
    page = read(os.path.join(TOP, "Documentation/kshm.rst"))
    commands = re.findall(r"^#define (KSHM_IOC_\w+)\s+_IO",
                          read(os.path.join(TOP, "uapi/linux/kshm.h")), re.M)
    absent = [command for command in commands if f"Dv {command} " not in device
              or f"\n{command}\n---" not in page]
    host.judge("each_command_has_its_page", commands and not absent,
               str(absent))
    # The page includes the header's lines up to the last reason.
    reasons = re.findall(r"^#define (KSHM_WHY_\w+)\s+[1-9]\d*(\s+/\* \w.*)?",
                         read(os.path.join(TOP, "uapi/linux/kshm.h")), re.M)
    absent = [reason for reason, comment in reasons if not comment]
    if f":end-at: {reasons[-1][0]}\n" not in page:
        absent.append(reasons[-1][0])
    host.judge("each_reason_is_told", reasons and not absent, str(absent))


def same_abi(host, root):
    """What a release had is there, and as it was."""
    library = f"{root}{PREFIX}/lib/libkshm.so.0"
    wanted = in_map(64)
    for width in 64, 32:
        made = os.path.join(host.scratch, f"lib{width}")
        status, output = host.run(["make", "-s", "-C", "lib", f"O={made}",
                                   f"CC=cc -m{width}"])
        names = offered(host, f"{made}/libkshm.so.0")
        host.judge(f"library_of_{width}_bits_offers_what_its_map_says",
                   status == 0 and names == in_map(width),
                   f"{output}{names}\n{in_map(width)}")
    time64(host, made)
    for source in sorted(glob.glob(os.path.join(TOP, "lib/baseline/*.c"))):
        version = os.path.basename(source)[:-len(".c")]
        then = os.path.join(host.scratch, f"libkshm-{version}.so")
        names = re.findall(r"^\w.*?\b(kshm_\w+)\(", read(source), re.M)
        with open(f"{then}.map", "w") as file:
            file.write(f"KSHM_{version} {{ global: {'; '.join(names)}; "
                       "local: *; };\n")
        host.ends(f"baseline_{version}_compiles", [
            "cc", "-g", "-shared", "-fPIC", "-w", "-Wl,-soname,libkshm.so.0",
            f"-Wl,--version-script={then}.map", "-o", then, source], 0)
        status, output = host.run(["abidiff", "--no-added-syms", then, library])
        host.judge(f"abi_of_{version}_kept", status == 0, output)
        host.judge(f"baseline_{version}_has_functions", names and
                   set(names) <= set(wanted), str(names))


def dkms(host, root, version):
    """The sources stand where DKMS looks for them, under their version."""
    status, output = host.run(["make", "install-dkms", f"DESTDIR={root}"])
    to = f"{root}/usr/src/kshm-{version}"
    wrong = [name for name in ("Kbuild", "module/main.c", "uapi/linux/kshm.h",
                               "uapi/linux/kshm_version.h")
             if not os.path.exists(f"{to}/{name}")]
    if status == 0 and f'PACKAGE_VERSION="{version}"' not in read(
            f"{to}/dkms.conf"):
        wrong.append("dkms.conf")
    host.judge("make_install_dkms_puts_all_in_place", status == 0 and not wrong,
               f"status {status}, wrong: {wrong}\n{output}")


def kshm_run(host, program):
    """It refuses wrong options, and says what is missing. A host has no kshm."""
    for name, args, sentence in (
            ("unlink_nothing", ["--unlink"], "/proc/kshm/objects lists them"),
            ("no_program", [], "say which PROGRAM to run"),
            ("unknown_option", ["--tea", "true"], "there is no option --tea"),
            ("unlink_no_device", ["--unlink", "/a"], "insmod kshm.ko"),
            ("no_device", ["true"], "insmod kshm.ko")):
        host.refuses(f"kshm_run_{name}_refused", [program, *args], sentence)
        host.ends(f"kshm_run_{name}_is_125", [program, *args], 125)
    host.ends("kshm_run_help_works", [program, "--help"], 0)


def library(host):
    root = os.path.join(host.scratch, "root")
    status, output = host.run(["make", "install-lib", "install-headers",
                               "install-man", f"DESTDIR={root}",
                               f"PREFIX={PREFIX}"])
    absent = [name for name in PARTS
              if not os.path.exists(f"{root}{PREFIX}/{name}")]
    host.judge("make_install_puts_all_in_place", status == 0 and not absent,
               f"status {status}, absent: {absent}\n{output}")
    _, version = host.run(["tools/version"])
    versions = {
        version.strip(),
        host.run([f"{root}{PREFIX}/bin/kshm-run", "--version"])[1]
        .removeprefix("kshm-run ").strip(),
        re.search(r"(?s).*^KSHM_(\S+) \{", read(f"{TOP}/lib/libkshm.map"),
                  re.M)[1],
        re.search(r"^Version: (.*)",
                  read(f"{root}{PREFIX}/lib/pkgconfig/kshm.pc"), re.M)[1]}
    host.judge("version_is_the_same_everywhere", len(versions) == 1,
               str(versions))
    kshm_run(host, f"{root}{PREFIX}/bin/kshm-run")
    dkms(host, root, version.strip())
    use_it(host, root)
    pages(host, root)
    same_abi(host, root)
