# SPDX-License-Identifier: GPL-2.0
"""The kernels that are built here: what a guest is told."""

import argparse

import pytest
import tsc
from commands import loaded


@pytest.mark.parametrize("kernel, accel, told", [
    ("debug", "tcg,thread=multi", ["tsc_early_khz=2400000"]),
    ("lockstat", "tcg,thread=single", ["tsc_early_khz=2400000"]),
    ("debug", "kvm", []), ("6.12", "tcg,thread=multi", [])])
def test_boot_tells_the_clock_to_built_kernels(kernel, accel, told, monkeypatch):
    boot = loaded("../qemu/boot")
    monkeypatch.setattr(boot.tsc, "khz", lambda: 2400000)
    assert boot.clock_args(argparse.Namespace(kernel=kernel), accel) == told


def test_boot_without_a_clock_tells_nothing(monkeypatch):
    boot = loaded("../qemu/boot")
    monkeypatch.setattr(boot.tsc, "khz", lambda: None)
    assert boot.clock_args(argparse.Namespace(kernel="debug"), "tcg") == []


def test_clock_is_read_when_nothing_comes_between(monkeypatch):
    """In every try but the third another program runs between the two readings."""
    counts = iter([100, 190, 200, 290, 300, 301, *range(400, 5000, 90)])
    monkeypatch.setattr(tsc.time, "monotonic_ns", iter(range(7000, 8000)).__next__)
    assert tsc.moment(counts.__next__) == (300, 7002)
