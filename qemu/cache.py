# SPDX-License-Identifier: GPL-2.0
"""The cache. Files that take long to fetch or to make are kept once for each user.

It is ~/.cache/kshm, or $XDG_CACHE_HOME/kshm, or the folder $KSHM_CACHE. All
clones and worktrees share it. A thing in it has a name that tells what it was
made from, is made under a lock in a folder beside its place, and is renamed when
it is complete; so a thing that is there is complete, also after an interrupted run.

    apt/       package lists, and the configuration that apt-get is run with
    packages/  packages of which other things are made, for each suite
    kernels/   kernels, fetched or built
    toolchains/  compilers of newer suites, and for other machines
    sources/   sources of Linux
    images/    disks for guests

build/ has links to what a clone uses. This is the one file that knows the places in
the cache. common.py knows those in a clone.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from common import BUILD

KINDS = ("apt", "packages", "kernels", "toolchains", "sources", "images")
TAG = """Signature: 8a477f597d28d172789f06886806bc55
# This folder holds files that kshm fetched or made. 'make clean-cache' removes them.
"""
EVERY = 10      # seconds between two lines about the same step


def me():
    return os.path.basename(sys.argv[0])


def say(sentence):
    print(f"{me()}: {sentence}", file=sys.stderr, flush=True)


def die(sentence):
    sys.exit(f"{me()}: {sentence}")


def key(text):
    """-> the part of a thing's name that tells what it was made from"""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextlib.contextmanager
def news(how_far, every=EVERY):
    """Meanwhile, say every so many seconds the sentence that how_far() gives."""
    ended = threading.Event()

    def tell():
        while not ended.wait(every):
            say(how_far())

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def root():
    """-> the cache's folder, which is made when it is not there"""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.abspath(os.environ.get("KSHM_CACHE") or
                           os.path.join(home, "kshm"))
    try:
        os.makedirs(path, exist_ok=True)
        tag = os.path.join(path, "CACHEDIR.TAG")
        if not os.path.exists(tag):
            with open(tag, "w") as file:
                file.write(TAG)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        die(f"{path} cannot be written ({error.strerror}); name another "
            "folder with KSHM_CACHE=.")
    return path


def folder(kind, *names):
    """-> a folder in the cache, which is made when it is not there"""
    assert kind in KINDS
    path = os.path.join(root(), kind, *names)
    os.makedirs(path, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(path, how=fcntl.LOCK_EX):
    """Hold a lock file; tell when another run has it."""
    with open(path, "a") as file:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run, which has {path}")
            fcntl.flock(file, how)
        yield


@contextlib.contextmanager
def in_use():
    """Keep clean-cache away while something is made."""
    with lock(os.path.join(root(), ".lock"), fcntl.LOCK_SH):
        yield


def made(path, make, resume=False):
    """Have make(new) fill the folder or write the file new, unless it was
    done before; -> path. With resume, make() finds what an interrupted run of
    it left.
    """
    if os.path.exists(path):
        return path
    where, name = os.path.split(path)
    new = os.path.join(where, f".{name}.new")
    with in_use():
        os.makedirs(where, exist_ok=True)
        with lock(os.path.join(where, f".{name}.lock")):
            if os.path.exists(path):
                return path
            if not resume:
                remove(new)
            make(new)
            os.rename(new, path)
    return path


def remove(path):
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.exists(path):
        shutil.rmtree(path)


def link(path, target):
    """Make path a link to target, whatever link was there."""
    if os.path.islink(path) and os.readlink(path) == target:
        return
    where, name = os.path.split(path)
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=where) as new:
        os.symlink(target, os.path.join(new, name))
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        os.replace(os.path.join(new, name), path)


def link_kernel(name, target):
    """Let a clone's build/kernels/NAME, and the one named for the release,
    be a kernel of the cache."""
    kernels = os.path.join(BUILD, "kernels")
    os.makedirs(BUILD, exist_ok=True)
    if os.path.islink(kernels):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(kernels)
    os.makedirs(kernels, exist_ok=True)
    link(os.path.join(kernels, os.path.basename(target)), target)
    link(os.path.join(kernels, name), target)


def link_source(name, target):
    os.makedirs(BUILD, exist_ok=True)
    link(os.path.join(BUILD, name), target)


def empty():
    """Remove all that is in the cache, and nothing else that may be there."""
    where = root()
    with lock(os.path.join(where, ".lock")):
        for kind in KINDS:
            remove(os.path.join(where, kind))
    say(f"{where} is empty")


def run(what, command, log, every=EVERY, **options):
    """Run a command that takes long, its words into the file log; -> status.

    Every so many seconds a line says what is done, for how long, and the last
    word of the command.
    """
    os.makedirs(os.path.dirname(log), exist_ok=True)
    say(what)
    start = time.monotonic()

    def how_far():
        seconds = round(time.monotonic() - start)
        return f"{what}: {seconds} s; {last_lines(log, 1)}".rstrip("; ")

    with open(log, "w") as out, interruptible() as child, news(how_far, every):
        child.start(command, stdin=subprocess.DEVNULL, stdout=out,
                    stderr=subprocess.STDOUT, **options)
        return child.process.wait()


class Child:
    """A command that ends when this program is interrupted, with all that it
    started."""

    SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.process = None
        self.signal = None

    def interrupt(self, number, frame=None):
        """A signal that comes while the command is started has to wait."""
        self.signal = number
        if self.process:
            sys.exit(128 + number)

    def start(self, command, **options):
        self.process = subprocess.Popen(command, start_new_session=True,
                                        **options)
        if self.signal:
            self.interrupt(self.signal)

    def end(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()


@contextlib.contextmanager
def interruptible():
    """-> a child that has ended when this is left"""
    child = Child()
    before = [signal.signal(number, child.interrupt)
              for number in child.SIGNALS]
    try:
        yield child
    finally:
        child.end()
        for number, handler in zip(child.SIGNALS, before):
            signal.signal(number, handler)


def must_run(what, command, log, **options):
    """The same, but when the command fails, show why and end."""
    if run(what, command, log, **options):
        print(last_lines(log, 8), file=sys.stderr)
        die(f"{os.path.basename(command[0])} failed for the reason above; "
            f"all that it said is in {log}.")


def last_lines(path, count):
    with open(path, errors="replace") as file:
        lines = file.read().replace("\r", "\n").splitlines()
    lines = [line.strip()[:160] for line in lines if line.strip()]
    return "\n".join(lines[-count:])
