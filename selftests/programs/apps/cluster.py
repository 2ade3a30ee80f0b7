# SPDX-License-Identifier: GPL-2.0
"""A PostgreSQL cluster with its shared memory in segments. The caller supplies the
function that runs its programs, and so chooses the side.
"""

import glob
import os
import shutil

BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
HOME = "/tmp/postgres"
# The cluster that Debian's package makes when it is installed; it never ran.
MADE = sorted(glob.glob("/var/lib/postgresql/*/main"))[-1]
BUFFERS = 64
SETTINGS = """\
shared_memory_type = sysv
dynamic_shared_memory_type = {dynamic}
shared_buffers = {buffers}MB
port = {port}
listen_addresses = ''
unix_socket_directories = '{home}'
max_wal_size = 64MB
autovacuum = off
jit = off
lc_messages = 'C'
"""


class Cluster:
    """run(*command, bare=, user=, cwd=, input=) runs a program to its end and
    returns what subprocess.run() does. bare is true for a client, which has no
    shared memory."""

    def __init__(self, run, name, port):
        self.run, self.port = run, port
        self.data, self.log = f"{HOME}/{name}", f"{HOME}/{name}.log"

    def program(self, name, *words, **more):
        return self.run(f"{BIN}/{name}", *words, user="postgres", cwd=HOME,
                        **more)

    def initdb(self):
        self.program("initdb", "-D", self.data, "-A", "trust", "-E", "UTF8",
                     "--locale=C", "--no-sync", "--wal-segsize=4")

    def copy_from(self, data):
        """Become a copy of another cluster, which must not run."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(data, self.data)
        os.chmod(self.data, 0o700)
        for path, _, names in os.walk(self.data):
            for name in [path] + [os.path.join(path, name) for name in names]:
                shutil.chown(name, "postgres", "postgres")

    def configure(self, dynamic):
        settings = SETTINGS.format(dynamic=dynamic, buffers=BUFFERS,
                                   port=self.port, home=HOME)
        for name, text in (("postgresql.conf", settings),
                           ("pg_hba.conf", "local all all trust\n"),
                           ("pg_ident.conf", "")):
            with open(f"{self.data}/{name}", "w") as file:
                file.write(text)
            shutil.chown(file.name, "postgres", "postgres")

    def start(self, **more):
        return self.program("pg_ctl", "-D", self.data, "-l", self.log, "-w",
                            "-t", "120", "start", **more)

    def stop(self):
        self.program("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop")

    def sql(self, text):
        """-> the answer: a line for each row, with | between columns"""
        done = self.program("psql", "-h", HOME, "-p", self.port, "-d",
                            "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1",
                            bare=True, input=text + ";\n")
        return done.stdout.strip()

    def bench(self, *words):
        return self.program("pgbench", "-h", HOME, "-p", self.port, *words,
                            "postgres", bare=True).stdout

    def postmaster(self):
        with open(f"{self.data}/postmaster.pid") as file:
            return int(file.readline())

    def said(self, since=0):
        with open(self.log, errors="replace") as file:
            file.seek(since)
            return file.read()


def make_home():
    shutil.rmtree(HOME, ignore_errors=True)
    os.makedirs(HOME)
    shutil.chown(HOME, "postgres", "postgres")
