# SPDX-License-Identifier: GPL-2.0
"""The files that a guest starts with, written as a cpio or as a tar."""

import io
import lzma
import os
import re
import subprocess
import tarfile

import foreign


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def libraries(program, folder):
    """-> {name in the guest: file}, of all that the loader would open for a program,
    itself included"""
    if folder:
        return foreign.libraries(program, folder)
    result = subprocess.run(["ldd", program], capture_output=True, text=True)
    if result.returncode:
        return {}
    return {path: path for path in re.findall(r"(/\S+) \(0x", result.stdout)}


class Tree:
    """Name in the guest -> (mode, a path on the host or the bytes)."""

    def __init__(self):
        self.files = {}

    def add(self, name, source, mode=0o100755):
        self.files[name.strip("/")] = (mode, source)

    def add_link(self, name, target):
        self.add(name, target.encode(), 0o120777)

    def add_dir(self, name, directory):
        for root, _, files in os.walk(directory):
            for file in files:
                path = os.path.join(root, file)
                inside = os.path.relpath(path, directory)
                mode = 0o100000 | os.stat(path).st_mode & 0o777
                self.add(os.path.join(name, inside), path, mode)

    def add_libraries(self, folder=None):
        """Add what the programs are linked to and no job file provides. Programs for
        another machine get it from a folder of libraries."""
        provided = {os.path.basename(name) for name in self.files}
        for _, source in list(self.files.values()):
            if isinstance(source, bytes) or not is_elf(source):
                continue
            for name, library in libraries(source, folder).items():
                if os.path.basename(library) not in provided:
                    self.add(name, library)

    def read(self, name):
        source = self.files[name][1]
        if isinstance(source, bytes):
            return source
        with open(source, "rb") as file:
            return file.read()

    def write_tar(self, path):
        with tarfile.open(path, "w") as out:
            for name in sorted(self.files):
                data = self.read(name)
                info = tarfile.TarInfo(name)
                info.mode = self.files[name][0] & 0o777
                info.size = len(data)
                out.addfile(info, io.BytesIO(data))

    def write_cpio(self, path):
        directories = set()
        for name in self.files:
            while "/" in name:
                name = name.rpartition("/")[0]
                directories.add(name)
        with open(path, "wb") as out:
            for name in sorted(directories):
                out.write(cpio_entry(name, 0o40755))
            for name, (mode, _) in sorted(self.files.items()):
                out.write(cpio_entry(name, mode, self.read(name)))
            out.write(cpio_entry("TRAILER!!!", 0))


def cpio_entry(name, mode, data=b""):
    """One entry of the "newc" format: hex words, name, data, all padded."""
    head = name.encode() + b"\0"
    words = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(head), 0)
    head = b"070701" + b"".join(b"%08x" % word for word in words) + head
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def installed(folder):
    """-> the paths of the modules below a folder, which may be compressed"""
    return [os.path.join(root, file) for root, _, files in os.walk(folder)
            for file in files if ".ko" in file]


def built(kdir):
    """-> the paths of the modules that were built in a kernel tree

    modules.order names objects, or up to Linux 6.1 modules.
    """
    try:
        with open(os.path.join(kdir, "modules.order")) as file:
            return [os.path.join(kdir, os.path.splitext(line.strip())[0] + ".ko")
                    for line in file]
    except FileNotFoundError:
        return []


class Modules:
    """The modules of an unpacked kernel package, or of a tree of your own."""

    def __init__(self, kernel):
        paths = (installed(os.path.join(kernel, "lib/modules")) or
                 built(os.path.join(kernel, "kdir")))
        self.paths = {os.path.basename(path).partition(".ko")[0].replace("-", "_"):
                      path for path in paths}

    def load(self, name):
        """A module's bytes, uncompressed."""
        path = self.paths[name]
        with (lzma.open if path.endswith(".xz") else open)(path, "rb") as file:
            return file.read()

    def in_order(self, wanted):
        """Names and bytes of modules and of what they need, needs first."""
        done = {}
        for name in wanted:
            self._visit(name.replace("-", "_"), done)
        return done

    def _visit(self, name, done):
        if name not in self.paths:
            # Built in, or a name that a generic module answers to.
            name += "_generic"
        if name not in self.paths or name in done:
            return
        data = self.load(name)
        needs = re.findall(rb"\0depends=([^\0]*)\0", b"\0" + data)
        needs += re.findall(rb"\0softdep=pre: ([^\0]*)\0", b"\0" + data)
        for need in re.split(r"[, ]+", b",".join(needs).decode()):
            if need:
                self._visit(need.replace("-", "_"), done)
        done[name] = data
