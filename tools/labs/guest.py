# SPDX-License-Identifier: GPL-2.0
"""Run the live part of labs in a guest."""

import contextlib
import dataclasses
import os
import subprocess
import time

import cache
import judge
import played
from common import BUILD, QEMU, built_module

# A guest with one processor: functions can be traced there, and the orders of lab 7
# need no more.
BOOT = ("--cpus", "1")
# A namespace that has just ended may keep the module for a moment; a segment that a
# student's module never ends keeps it for good.
UNLOAD = "for try in 1 2 3 4 5; do rmmod kshm 2>/dev/null && break; sleep 1; done\n"
SECONDS = 300
DIED = {124: "the guest hung, and was stopped", 125: "the guest died"}


@dataclasses.dataclass
class Job:
    """What a lab needs in a guest: files, and what to do with them.

    The script finds the files in its own folder.
    """

    files: dict                 # name -> a path on the host, or the text
    script: str


def play(part, script, options):
    """-> the lines that play a script as a part, and tell its status"""
    return f"echo @part {part}\nplay {options} {script}\necho @status $?\n"


def guest_files(kernel):
    """-> {name: path} of what all labs use"""
    return {"kshm.ko": built_module(kernel),
            "play": os.path.join(BUILD, "labs/play")}


def written(folder, name, source):
    """-> the path of a file that has the text, or the path that was given"""
    if isinstance(source, os.PathLike):
        return os.fspath(source)
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(source)
    return path


def boot_command(kernel, folder, jobs, log):
    """-> the command that boots a guest for jobs, which are {name: Job}"""
    puts, script = guest_files(kernel), ""
    for name, job in jobs.items():
        for file, source in job.files.items():
            puts[f"{name}/{file}"] = written(os.path.join(folder, name), file, source)
        puts[f"{name}/run"] = written(os.path.join(folder, name), "run", job.script)
        script += f"(cd /job/{name} && sh run)\n"
    command = [os.path.join(QEMU, "boot"), "--kernel", kernel, "--log", log,
               *BOOT, "--run", script]
    for name, path in puts.items():
        command += ["--put", f"{path}:{name}"]
    return command


def shell_command(kernel, name, job):
    """-> the command that boots a guest with a prompt, where the job's files are"""
    folder = os.path.join(BUILD, "labs", f"{name}-prompt")
    puts = guest_files(kernel)
    for file, source in job.files.items():
        puts[file] = written(folder, file, source)
    command = [os.path.join(QEMU, "boot"), "--kernel", kernel, *BOOT, "--shell",
               "--run", job.script]
    for file, path in puts.items():
        command += ["--put", f"{path}:{file}"]
    return command


def run(kernel, jobs, seconds=SECONDS):
    """Boot, run the jobs one after the other -> what was seen"""
    folder = os.path.join(BUILD, "labs", "-".join(jobs))
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, "guest.log")
    # The messages of the guest before are not this one's.
    with contextlib.suppress(FileNotFoundError):
        os.remove(log)
    command = [*boot_command(kernel, folder, jobs, log), "--time", str(seconds)]
    start = time.monotonic()

    def how_far():
        return (f"a guest runs {', '.join(jobs)}: {round(time.monotonic() - start)} s "
                f"of at most {seconds}")

    with cache.news(how_far):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace")
    lines = done.stdout.replace("\r", "").splitlines()
    return seen(lines, done.returncode, judge.Log(log).complaints(), done.stderr)


def seen(lines, status, complaints, said=""):
    """-> what a guest that printed these lines and ended so has shown; boot said
    the rest"""
    died, parts = DIED.get(status, ""), played.parse(lines)
    if not died and not parts:
        why = (said.strip().splitlines() or ["it said nothing"])[-1]
        died = f"the guest could not run: {why}"
    return played.Seen(parts, died, complaints[0] if complaints else "")
