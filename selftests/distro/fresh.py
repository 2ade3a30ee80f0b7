# SPDX-License-Identifier: GPL-2.0
"""A Debian of any suite in a folder, with a clean clone of the sources in it."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(HERE, "../../qemu"))
import cache
import debian
from common import BUILD, TOP

SUITES = ("bookworm", "trixie")
USERS = {"root": "/root", "user": "/home/user"}
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "KSHM_MIRROR")

# The new root is entered with pivot_root, since there are no user namespaces in
# a chroot. All mounts and processes are gone when the command ends, or when this
# program is killed.
ENTER = """root=$1
shift
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount --bind "$ARCHIVES" var/cache/apt/archives
[ -z "$SHARED" ] || { mkdir -p cache; mount --bind "$SHARED" cache; }
mkdir -p .old
pivot_root . .old
umount -l /.old
cd /
exec "$@"
"""
PREPARE = """useradd --create-home --shell /bin/sh user
chmod 1777 /tmp
chown -R "$1": "$2"
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/99trial
apt-get update
"""


class Debian:
    """A Debian in a folder, and a clone in it."""

    def __init__(self, suite, user, shared, where):
        self.user, self.root = user, os.path.join(where, "root")
        self.home = USERS[user]
        self.suite = suite
        self.shared = cache.root() if shared and user == "root" else ""
        os.mkdir(self.root)
        subprocess.run(["tar", "-x", "-C", self.root, "-f", base(suite)],
                       check=True)
        clone = os.path.join(self.root, self.home[1:], "kshm")
        os.makedirs(clone)
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", TOP, clone],
                       check=True)
        shutil.copy("/etc/resolv.conf", os.path.join(self.root, "etc"))
        self.must("prepare", ["sh", "-euc", PREPARE, "sh", user, self.home])

    def enter(self, command):
        """-> the command that runs a command in there, and its environment"""
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
               "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive",
               "ARCHIVES": cache.folder("packages",
                                        f"{self.suite}-{debian.host()[1]}"),
               "SHARED": self.shared}
        if self.shared:
            env["KSHM_CACHE"] = "/cache"
        env.update({name: os.environ[name] for name in PASSED_ON
                    if name in os.environ})
        return ["setpriv", "--pdeathsig", "SIGKILL",
                "unshare", "--mount", "--pid", "--fork", "--kill-child",
                "sh", "-euc", ENTER, "sh", self.root, *command], env

    def log(self, name):
        return os.path.join(BUILD, f"distro-{self.suite}-{self.user}-{name}.log")

    def run(self, name, command):
        """-> the status of a command, whose words are in a log"""
        inside, env = self.enter(command)
        return cache.run(f"{self.suite}, {self.user}: {name}", inside,
                         self.log(name), env=env)

    def said(self, name):
        """-> the output of a command"""
        with open(self.log(name), errors="replace") as log:
            return log.read()

    def must(self, name, command):
        if self.run(name, command):
            print(cache.last_lines(self.log(name), 8), file=sys.stderr)
            cache.die(f"{name} in a Debian {self.suite} failed for the reason "
                      "above.")


def base(suite):
    """-> a tar with a Debian that has the packages that every Debian has"""
    options = ["--variant=minbase", "--include=make"]
    name = f"minbase-{suite}-{debian.host()[1]}-{cache.key(' '.join(options))}.tar"

    def make(new):
        debian.make_tar(f"making a Debian {suite}", suite, options, new + ".tar",
                        os.path.join(BUILD, f"distro-{suite}.log"))
        os.rename(new + ".tar", new)

    return cache.made(os.path.join(cache.folder("images"), name), make)
