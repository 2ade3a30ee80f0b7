# SPDX-License-Identifier: GPL-2.0
"""The machines that guests can be: how each is compiled for, and how QEMU makes it.

A machine has the name that Debian gives to its architecture.
"""

import dataclasses
import os

import kconfig
from common import BUILD


@dataclasses.dataclass(frozen=True)
class Machine:
    name: str
    option: str         # that only its kernels have
    triplet: str        # the prefix of its compiler, and the name of its libraries
    emulator: str
    package: str        # of the emulator
    cpu: str            # where there is no KVM
    messages: str       # the port that the kernel writes to
    results: str        # the port of what the guest's command prints
    words: tuple = ()   # for the emulator
    second_port: tuple = ("-device", "pci-serial,chardev=results")
    append: tuple = ()  # arguments for the kernel

    def is_host(self):
        return self.name == host()


MACHINES = (
    Machine("amd64", "CONFIG_X86_64", "x86_64-linux-gnu",
            "qemu-system-x86_64", "qemu-system-x86", "max", "ttyS0", "ttyS1",
            second_port=("-serial", "chardev:results"), append=("tsc=reliable",)),
    Machine("arm64", "CONFIG_ARM64", "aarch64-linux-gnu",
            "qemu-system-aarch64", "qemu-system-arm", "max,pauth-impdef=on",
            "ttyAMA0", "ttyS0", words=("-machine", "virt,gic-version=max")),
    Machine("riscv64", "CONFIG_RISCV", "riscv64-linux-gnu",
            "qemu-system-riscv64", "qemu-system-misc or qemu-system-riscv", "rv64",
            "ttyS0", "ttyS1", words=("-machine", "virt")),
)


def host():
    """-> this host's architecture"""
    name = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)


def for_options(config):
    """-> the machine that a kernel with these options is for, None for another"""
    return next((machine for machine in MACHINES
                 if config.get(machine.option) == "y"), None)


def of(kernel):
    """-> the machine that the kernel in this folder is for"""
    return for_options(kconfig.built(os.path.join(kernel, "kdir")))


def programs(kernel, name=None):
    """-> the folder of what is compiled to run on that kernel: for its machine, or for
    the one of that name, as i386 on amd64. What is for this host is in build itself."""
    name = name or of(os.path.join(BUILD, "kernels", kernel)).name
    return BUILD if name == host() else os.path.join(BUILD, name)
