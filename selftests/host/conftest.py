# SPDX-License-Identifier: GPL-2.0
"""Makes pytest know the other folders, and report results as TAP with --tap."""

import functools
import os
import shutil
import subprocess
import sys
import threading

import pytest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path += [os.path.join(HERE, "../runner"), os.path.join(HERE, "../../qemu")]
pytest.register_assert_rewrite("commands")
import cache
import tap
from common import QEMU, TESTS, TOP

# The programs that path_without() leaves in PATH.
PROGRAMS = ("python3", "busybox", "ldd", "sh", "bash", "make", "env", "sed",
            "grep", "sort", "tr", "cat", "id", "cp", "mkdir", "dirname",
            "basename", "uname", "find", "ln", "gcc", "cc", "ld", "as", "perl",
            "rm", "readlink", "xz", "flock", "ar", "install", "setpriv",
            "pahole", "mmdebstrap", "mkfs.ext4", "fakeroot",
            "qemu-system-x86_64")
DEAD_PROXY = "http://127.0.0.1:9"


def pytest_addoption(parser):
    parser.addoption("--tap", action="store_true",
                     help="print a result a line, as the runner reads them")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if config.getoption("--tap"):
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(TapReporter())


class TapReporter:
    """In place of pytest's own report: a line for each test."""

    def __init__(self):
        self.report = tap.Report()

    def pytest_runtest_logreport(self, report):
        """Count the report of the test itself, and those of its fixtures only
        where they failed or skipped it."""
        if report.when != "call" and report.passed:
            return
        name = "host." + report.location[2].removeprefix("test_")
        if report.skipped:
            why = report.longrepr[2].removeprefix("Skipped: ")
            self.report.add(True, name, why)
        else:
            self.report.add(report.passed, name)
        if report.failed:
            self.report.note(report.longreprtext[-3000:])

    def pytest_collectreport(self, report):
        if report.failed:
            self.report.add(False, f"host.{report.nodeid}: it can't be read")
            self.report.note(report.longreprtext[-3000:])

    def pytest_sessionfinish(self, session):
        session.exitstatus = self.report.finish()


@pytest.fixture(scope="session", autouse=True)
def kernel():
    """Fetch the kernel that the guests of these tests boot."""
    subprocess.run([os.path.join(QEMU, "fetch-kernel"), "6.12"], check=True)


@pytest.fixture(scope="session")
def selftests():
    """Build the selftests where a test asks for their names, unless they are
    there: in make check other stages use them at the same time."""
    if not os.path.exists(os.path.join(TESTS, "shmget")):
        subprocess.run(["make", "selftests"], cwd=TOP, check=True)


@pytest.fixture
def quick_news(monkeypatch):
    """Lets cache.news() speak at once.

    -> the sentences that are said, and an event that is set by the first
    """
    sentences, told = [], threading.Event()

    def say(sentence):
        sentences.append(sentence)
        told.set()

    monkeypatch.setattr(cache, "say", say)
    monkeypatch.setattr(cache, "news", functools.partial(cache.news, every=0.01))
    return sentences, told


@pytest.fixture
def without_network(tmp_path):
    """The environment of a host that reaches no package archive."""
    conf = tmp_path / "apt.conf"
    conf.write_text("".join(f'Acquire::{scheme}::Proxy "{DEAD_PROXY}";\n'
                            for scheme in ("http", "https")) +
                    'Acquire::Retries "0";\n'
                    f'Dir::State::lists "{tmp_path}/lists";\n')
    return {"APT_CONFIG": str(conf), "http_proxy": DEAD_PROXY,
            "KSHM_CACHE": str(tmp_path / "cache"),
            "BUILD": str(tmp_path / "build")}


@pytest.fixture
def path_without(tmp_path):
    """-> a function that gives a PATH without some programs"""
    def make(*absent):
        folder = tmp_path / "bin"
        folder.mkdir()
        for program in PROGRAMS:
            path = shutil.which(program)
            if path and program not in absent:
                (folder / program).symlink_to(path)
        return {"PATH": str(folder)}
    return make
