# SPDX-License-Identifier: GPL-2.0
"""The kernels that KERNEL= can name.

A name is the kernel's version, the machine if it is not this host's, and a flavour
if it is not the plain one: 7.3, 7.3-rt, 7.3-arm64, 7.3-arm64-16k.
"""

import collections

# The beginning of the release, its flavour, its architecture if that is not the host's,
# the suites that have it beside the host's own, and the release that was tested last,
# with the month and the tests.
Kernel = collections.namedtuple("Kernel",
                                "release flavour architecture suites tested")
CLOUD = "cloud-{architecture}"
BUILT = ("debug", "lockstat")   # by debug-kernel
OWN = "own"                     # the tree that KDIR= names, see own-kernel
KERNELS = {
    "6.1": Kernel("6.1.", CLOUD, None, ("bookworm",),
                  "6.1.192, November 2026: make check"),
    "6.12": Kernel("6.12.", CLOUD, None, ("bookworm-backports", "trixie"),
                   "6.12.117, November 2026: make check; the usual one"),
    "7.2": Kernel("7.2.", CLOUD, None, ("trixie-backports",),
                  "7.2.12, November 2026: some cases"),
    "7.3": Kernel("7.3.", CLOUD, None, ("trixie-backports",),
                  "7.3.4, November 2026: all cases, the oracle, make run"),
    "7.3-rt": Kernel("7.3.", "rt-{architecture}", None, ("trixie-backports",),
                     "7.3.4, 28 November 2026: shmget, shmat, shmdt, abi, "
                     "lifecycle: 551 cases passed, 0 failed"),
    "7.3-arm64": Kernel("7.3.", CLOUD, "arm64", ("trixie-backports",),
                        "7.3.4, 28 November 2026: shmget, shmat, shmdt, abi: "
                        "479 cases passed, 0 failed"),
    "7.3-arm64-16k": Kernel("7.3.", "arm64-16k", "arm64", ("trixie-backports",),
                            "7.3.4, 28 November 2026: the same: 477 cases passed, "
                            "and 2 failed that are mended"),
    "6.12-riscv64": Kernel("6.12.", "{architecture}", "riscv64", ("trixie",),
                           "6.12.117, 28 November 2026: the same: 473 cases passed, "
                           "0 failed"),
}


def choice():
    """-> the names as a sentence has them"""
    *others, last = KERNELS
    return f"{', '.join(others)} or {last}"


def table():
    """-> a line for each kernel, as make help prints them"""
    return "".join(f"  KERNEL={name:<13} {kernel.tested}\n"
                   for name, kernel in KERNELS.items())
