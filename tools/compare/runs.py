# SPDX-License-Identifier: GPL-2.0
"""One run of the program: traced, for what it does, or bare, for what it costs."""

import contextlib
import glob
import os
import resource
import signal
import subprocess
import tempfile
import time

import calls
import watcher

TRACE = ("shmget,shmat,shmdt,shmctl,execve,/^clone,/^v?fork$")
KEPT = 1 << 20          # bytes of output
LATE = "late"


def strace(folder, preload):
    """-> the words before a program whose calls are to be traced"""
    return ["strace", "-f", "-ff", "-q", "-v", "-a", "1", "-s", "64",
            "-e", "abbrev=execve", "-e", "signal=none",
            "-e", f"trace={TRACE}{',ioctl' if preload else ''}",
            "-o", os.path.join(folder, "trace")]


def limits():
    """A program that crashes on purpose leaves no core behind."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def output_of(file):
    file.seek(0)
    return file.read(KEPT).decode(errors="replace")


def ended(status):
    """-> how it ended, in words"""
    if status == LATE:
        return "did not end in time"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exited with {status}"


def wait(process, seconds):
    """-> its status, and what it and the children that it has waited for used"""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used
        time.sleep(0.002)
    return LATE, None


def execute(command, group, seconds, folder, before=lambda: None):
    """-> (status, usage, standard output, standard error, how many were left)"""
    def in_child():
        limits()
        group.enter()
        before()

    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                              cwd=folder, env=environment, preexec_fn=in_child,
                              start_new_session=True) as process:
            try:
                status, used = wait(process, seconds)
            finally:
                left = group.kill()
                process.wait()
        return status, used, output_of(out), output_of(err), left


@contextlib.contextmanager
def working_folder(scratch):
    """-> a new folder if each run is to have one, or the present one"""
    if not scratch:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="kshm-compare-") as folder:
        os.chmod(folder, 0o1777)
        yield folder


def traced(side, program, options, group):
    """-> a dict of what the program did"""
    with group:
        return trace(side, program, options, group)


def trace(side, program, options, group):
    with tempfile.TemporaryDirectory() as folder, \
            working_folder(options.scratch) as place:
        watch = None
        if watcher.is_possible():
            watch = watcher.Watcher(group.kernel_memory,
                                    [watcher.IOCTL] if side.preload else [])
        try:
            status, _, out, err, left = execute(
                side.enter(strace(folder, side.preload), program), group,
                options.timeout, place, watch.in_child if watch else lambda: None)
        finally:
            looks = watch.end() if watch else []
        files = {}
        for path in glob.glob(os.path.join(folder, "trace.*")):
            with open(path, errors="replace") as file:
                files[int(path.rpartition(".")[2])] = file.read()
    attached = {look["pid"] for look in looks if look["attaches"]}
    return {"side": side.name, "status": ended(status), "stdout": out, "stderr": err,
            "left": left, "segments": side.left(), **calls.normal(calls.parse(files), attached), "looks": looks}


def bare(side, program, options, group):
    """-> what it used: faults, the time on processors, the time until it ended"""
    with working_folder(options.scratch) as place, group:
        begin = time.clock_gettime(time.CLOCK_MONOTONIC_RAW)
        status, used, *_ = execute(side.enter([], program), group, options.timeout,
                                   place)
        took = time.clock_gettime(time.CLOCK_MONOTONIC_RAW) - begin
    if used is None:
        return {"status": ended(status)}
    return {"status": ended(status), "minor faults": used.ru_minflt,
            "major faults": used.ru_majflt,
            "seconds of processors": round(used.ru_utime + used.ru_stime, 6),
            "seconds": round(took, 6)}
