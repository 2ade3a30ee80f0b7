# SPDX-License-Identifier: GPL-2.0
"""Packages of any of Debian's suites, without changes to this host.

apt-get runs with its own configuration, lists and sources, which are in the
cache. So an ordinary user can fetch packages, and those of a suite that the
host does not have. The mirror is the host's own; packages from it are
checked with the keys that every Debian has.
"""

import functools
import os
import re
import shutil
import subprocess
import time

import cache

# From old to new. The programs in a package of a newer suite need a newer C
# library than the host's.
SUITES = ("bookworm", "trixie", "forky", "sid")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
FRESH = 24 * 3600       # seconds for which package lists are not asked for again
# Names that sources can have for the suite that the host is of.
ALIASES = ("stable", "oldstable", "oldoldstable", "testing", "unstable")

CONFIGURATION = """\
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "/nonexistent";
Dir::State "{apt}";
Dir::State::lists "{apt}/lists";
Dir::State::status "/dev/null";
Dir::Cache "{apt}/cache";
Dir::Cache::archives "{apt}/cache/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Architecture "{architecture}";
#clear APT::Architectures;
APT::Architectures {{ "{architecture}"; }};
APT::Get::List-Cleanup "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::Contents-deb;
#clear Acquire::IndexTargets::deb::DEP-11;
"""
ENTRY = "deb [signed-by={keyring}] {uri} {suite} main\n"


def output(command):
    """-> the output of a command, nothing if it fails"""
    done = subprocess.run(command, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else ""


@functools.lru_cache(None)
def host():
    """-> the host's suite and architecture"""
    release = {}
    with read_if_there("/etc/os-release") as file:
        for line in file:
            name, _, value = line.strip().partition("=")
            release[name] = value.strip('"')
    architecture = output(["dpkg", "--print-architecture"]).strip()
    if release.get("ID") != "debian" or not architecture:
        cache.die("Kernels and disks are made of Debian's packages with "
                  "Debian's tools, and this host is no Debian; add IN=podman "
                  "to the words of make, use Debian 12 or 13, or give KDIR=.")
    return release.get("VERSION_CODENAME", SUITES[-1]), architecture


def read_if_there(path):
    return open(path if os.path.exists(path) else os.devnull)


def not_newer(suite):
    """Can this host run programs of that suite?"""
    base = suite.partition("-")[0]
    own = host()[0]
    return own not in SUITES or SUITES.index(base) <= SUITES.index(own)


@functools.lru_cache(None)
def mirrors():
    """-> the addresses of Debian's archive and of its security updates, the
    second None if the host has none"""
    own = os.environ.get("KSHM_MIRROR")
    if own:
        own = own.rstrip("/")
        return own, own + "-security"
    suite = host()[0]
    archives, updates = [], []
    known = output(["apt-get", "indextargets", "--no-release-info", "--format",
                    "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)",
                    "Created-By: Packages"])
    for line in known.splitlines():
        uri, release, component, origin = line.split(maxsplit=3)
        if component != "main":
            continue
        # Others have suites of these names, too.
        rank = (origin != "Debian", "/debian" not in uri)
        if release in (suite, *ALIASES):
            archives.append((rank, uri))
        elif release in [f"{name}-security" for name in (suite, *ALIASES)]:
            updates.append((rank, uri))
    if not archives:
        cache.die("The host's sources of packages name no mirror of Debian; "
                  "name one with KSHM_MIRROR=http://HOST/debian.")
    return min(archives)[1], min(updates)[1] if updates else None


def entries(suite):
    """-> the sources for a suite, one a line"""
    archive, security = mirrors()
    base, _, kind = suite.partition("-")
    lines = [(archive, suite)]
    if not kind and base != "sid":
        lines.append((archive, f"{suite}-updates"))
        if security:
            lines.append((security, f"{suite}-security"))
    return [ENTRY.format(keyring=KEYRING, uri=uri, suite=name)
            for uri, name in lines]


class NotFetched(Exception):
    """A package did not come; the text tells why."""


def suites(*others, newer=False, architecture=None):
    """The host's own suite, then the others whose programs the host can run, or
    with newer all others. Of another architecture only the others, since the host's
    suite may not have it."""
    native = architecture in (None, host()[1])
    for name in (host()[0], *others) if native else others:
        if newer or not_newer(name):
            suite = Suite(name, architecture)
            suite.update()
            yield suite


def with_new_lists(job):
    """Do a job that fetches; once more with new lists if a package is gone."""
    try:
        return job()
    except NotFetched:
        Suite.lists_are_old = True
    try:
        return job()
    except NotFetched as error:
        cache.say(error)
        raise SystemExit(1) from None


class Suite:
    """A suite with its updates, whose packages can be found and fetched."""

    lists_are_old = False

    def __init__(self, name, architecture=None):
        self.name = name
        self.architecture = architecture or host()[1]
        apt = cache.folder("apt")
        for part in "lists/partial", "cache/archives/partial":
            cache.folder("apt", part)
        self.base = os.path.join(apt, f"{name}-{self.architecture}")
        self.lock = os.path.join(apt, ".lock")
        self.write(".list", "".join(entries(name)))
        self.write(".conf", CONFIGURATION.format(
            apt=apt, sources=self.base + ".list",
            architecture=self.architecture))

    def write(self, suffix, text):
        """A change of the sources makes the lists old."""
        path = self.base + suffix
        if os.path.exists(path):
            with open(path) as file:
                if file.read() == text:
                    return
            cache.remove(self.base + ".updated")
        with open(f"{path}.{os.getpid()}", "w") as file:
            file.write(text)
        os.replace(file.name, path)

    def apt(self, program, *words):
        return [program, "-c", self.base + ".conf", *words]

    def update(self):
        """Fetch the package lists, if there are none or old ones."""
        with cache.in_use(), cache.lock(self.lock):
            stamp = self.base + ".updated"
            try:
                age = time.time() - os.path.getmtime(stamp)
            except FileNotFoundError:
                age = FRESH
            if age < (60 if Suite.lists_are_old else FRESH):
                return
            log = self.base + ".log"
            cache.run(f"fetching the package lists of Debian {self.name}",
                      self.apt("apt-get", "update", "-q"), log)
            with open(log, errors="replace") as file:
                wrong = [line.strip() for line in file
                         if line.startswith(("E:", "W:"))]
            for line in wrong[:4]:
                cache.say(line)
            if not self.has_lists():
                cache.die(f"The package lists of Debian {self.name} could not "
                          "be fetched, for the reason above.")
            if not wrong:
                with open(stamp, "w"):
                    pass

    def has_lists(self):
        return output(self.apt("apt-get", "indextargets", "--format",
                               "$(RELEASE)", "Created-By: Packages")
                      ).split().count(self.name) > 0

    def names(self, pattern):
        found = output(self.apt("apt-cache", "search", "--names-only", pattern))
        return [line.split()[0] for line in found.splitlines()]

    def versions(self, names):
        """-> name: its versions"""
        found = {}
        if names:
            for line in output(self.apt("apt-cache", "madison", *names)
                               ).splitlines():
                name, version, where = (word.strip()
                                        for word in line.split("|"))
                if where.endswith("Packages"):
                    found.setdefault(name, set()).add(version)
        return found

    def field(self, package, name):
        """-> a field in the description of a package, NAME or NAME=VERSION"""
        for line in output(self.apt("apt-cache", "show", "--no-all-versions",
                                    package)).splitlines():
            if line.startswith(name + ": "):
                return line.partition(": ")[2]
        return ""

    def download(self, what, packages, where):
        """Fetch packages into a folder, and tell how far it is."""
        os.makedirs(where, exist_ok=True)
        uris = output(self.apt("apt-get", "download", "--print-uris", "-q",
                               *packages)).splitlines()
        total = sum(int(line.split()[2]) for line in uris)
        cache.say(f"fetching {what} ({megabytes(total)} MB)")
        read, write = os.pipe()
        child = subprocess.Popen(
            self.apt("apt-get", "download", "-q", "-o",
                     f"APT::Status-Fd={write}", *packages),
            cwd=where, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, pass_fds=[write], text=True)
        os.close(write)
        told = time.monotonic()
        with open(read, errors="replace") as status:
            for line in status:
                part = re.match(r"dlstatus:\d+:([\d.]+):", line)
                if part and time.monotonic() - told > cache.EVERY:
                    told = time.monotonic()
                    done = megabytes(total * float(part[1]) / 100)
                    cache.say(f"fetching {what}: {done} of "
                              f"{megabytes(total)} MB")
        wrong = child.stderr.read().strip()
        if child.wait():
            raise NotFetched(f"{wrong}\n{cache.me()}: Fetching {what} failed "
                             "for the reason above.")


def megabytes(count):
    return max(1, round(count / 1e6))


def newest(versions):
    """-> the newest of some versions"""
    def compare(one, other):
        newer = subprocess.run(["dpkg", "--compare-versions", one, "gt", other])
        return 1 if newer.returncode == 0 else -1
    return max(versions, key=functools.cmp_to_key(compare))


def unpack(deb, where):
    subprocess.run(["dpkg-deb", "-x", deb, where], check=True)


def chroot_mode(suite):
    """-> the mode in which mmdebstrap can run packages' scripts here; see its page

    fakechroot runs programs of that Debian with a library of the host, so its C
    library must not be newer.
    """
    if os.geteuid() == 0:
        return "root"
    trial = subprocess.run(["mmdebstrap", "--unshare-helper", "true"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if trial.returncode == 0:
        return "unshare"
    if not not_newer(suite):
        why = (f"mmdebstrap gets none: {trial.stderr.strip()}"
               if shutil.which("newuidmap") else
               "let root say: apt-get install --no-install-recommends uidmap")
        cache.die(f"an ordinary user makes a Debian {suite}, which is newer than this "
                  f"host, in a user namespace; {why}")
    if shutil.which("fakechroot"):
        return "fakechroot"
    cache.die("mmdebstrap finds no way to make a Debian as an ordinary user; "
              "let root say: apt-get install --no-install-recommends fakechroot fakeroot")


def keep_packages(suite):
    """Options to take packages from the cache, and to put new ones there."""
    inside = "/var/cache/apt/archives"
    kept = cache.folder("packages", f"{suite}-{host()[1]}")
    return ["--skip=essential/unlink",
            f'--setup-hook=mkdir -p "$1{inside}"',
            f"--setup-hook=sync-in {kept} {inside}",
            f"--customize-hook=sync-out {inside} {kept}"]


def make_tar(what, suite, options, path, log):
    """Have mmdebstrap make the root of a system of that suite."""
    cache.must_run(what, ["mmdebstrap", f"--mode={chroot_mode(suite)}", *options,
                          *keep_packages(suite), suite, path, *entries(suite)],
                   log)
