# SPDX-License-Identifier: GPL-2.0
"""The stages of checking: what each runs, and in which sizes of checking."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Stage:
    name: str
    sizes: str          # the sizes of checking that have it: check, all
    command: str        # run in the top folder
    parts: str = ""     # words for make, which builds them before any stage
    tap: bool = True    # reports cases; else one case, which is its exit status
    alone: bool = False  # needs the whole machine: it measures, or uses all cores
    prefix: str = ""    # of its cases' names
    files: str = ""     # stages with the same word here write the same files, so
                        # they never run at the same time
    disk: str = ""      # the kernel whose guest has a disk of Debian


# The programs that know no door, whose cases also run through kshm_switch.
SWITCHED = "shmget shmat shmdt vma lifecycle rmid shmctl perm hugetlb"


# Cases of kshm_switch beside other tracers.
TRACED = "switch.tracers_see_each_call_once switch.changes_of_mode_beside_tracers"


def of_kernel(kernel, check):
    """The stages that each kernel has; of those in check, make check runs them."""
    make = f"KERNEL={kernel}"

    def sizes(kind):
        return "check all" if kind in check else "all"

    return [
        Stage(f"selftests-{kernel}", sizes("selftests"),
              f"selftests/runner/selftest {kernel}",
              parts=f"{make} module selftests",
              files=f"selftests-{kernel}"),
        Stage(f"selftests-switch-{kernel}", sizes("switch"),
              f"selftests/runner/selftest {kernel} {SWITCHED} --switch",
              parts=f"{make} module selftests", prefix="switch.",
              files=f"selftests-{kernel}"),
        # Cases that trace functions need a guest with one processor.
        Stage(f"selftests-one-cpu-{kernel}", sizes("selftests-one-cpu"),
              f"selftests/runner/selftest {kernel} fair {TRACED} --boot=--cpus=1",
              parts=f"{make} module selftests", prefix="one-cpu.",
              files=f"selftests-{kernel}"),
        # An hour, half of it on each side.
        Stage(f"load-{kernel}", "all",
              f"selftests/runner/selftest {kernel} load --hang 7200 --time 9000 "
              "'--boot=--append=KSHM_LOAD=1800 --memory=3072'",
              parts=f"{make} module selftests", prefix="long.",
              files=f"selftests-{kernel}"),
        # 200 times on and off under load, twice; QEMU's threads would run code that
        # another processor has changed already.
        *(Stage(f"switch-long-{cpus}-cpu-{kernel}", "all",
                f"selftests/runner/selftest {kernel} switch.changes_of_mode_lose_no_call "
                "switch.changes_of_mode_beside_tracers --hang 7200 --time 9000 "
                f"'--boot=--accel tcg,thread=single --cpus {cpus} "
                "--append KSHM_SWITCHES=200 --append KSHM_ONE_THREAD=1'",
                parts=f"{make} module selftests", prefix=f"long-{cpus}-cpu.",
                files=f"selftests-{kernel}") for cpus in (1, 4)),
        Stage(f"oracle-{kernel}", sizes("oracle"),
              f"selftests/oracle/oracle {kernel} --mode check",
              parts=f"{make} oracle-parts", prefix=f"oracle-{kernel}.",
              files=f"oracle-{kernel}"),
        Stage(f"oracle-long-{kernel}", "all",
              f"selftests/oracle/oracle {kernel} --ops 200000",
              parts=f"{make} oracle-parts", tap=False,
              files=f"oracle-{kernel}"),
        Stage(f"oracle-switch-{kernel}", "all",
              f"selftests/oracle/oracle {kernel} --switch --ops 50000",
              parts=f"{make} oracle-parts", tap=False,
              files=f"oracle-{kernel}"),
        Stage(f"oracle-concurrent-{kernel}", "all",
              f"selftests/oracle/oracle {kernel} --mode concurrent",
              parts=f"{make} oracle-parts", tap=False,
              files=f"oracle-{kernel}"),
        Stage(f"oracle-soak-{kernel}", "all",
              f"selftests/oracle/oracle {kernel} --mode soak",
              parts=f"{make} oracle-parts", tap=False,
              files=f"oracle-{kernel}"),
        Stage(f"fuzz-{kernel}", sizes("fuzz"),
              f"selftests/fuzz/fuzz {kernel} --check",
              parts=f"{make} fuzz-parts", prefix=f"fuzz-{kernel}.",
              files="fuzz"),
        Stage(f"run-{kernel}", sizes("run"),
              f"selftests/programs/run --observe {kernel}",
              parts=f"{make} guest-parts", tap=False, disk=kernel),
        Stage(f"examples-{kernel}", sizes("examples"),
              f"selftests/programs/examples {kernel}",
              parts=f"{make} guest-parts selftests", disk=kernel),
        Stage(f"apps-{kernel}", "check" if "apps" in check else "",
              f"selftests/programs/run --short --tap {kernel}",
              parts=f"{make} apps-parts", prefix=f"apps-{kernel}.",
              files=f"apps-{kernel}", disk=kernel),
        # Programs that a preload does not reach, or that make it hard for one.
        Stage(f"apps-switch-{kernel}", "check" if "apps" in check else "",
              f"selftests/programs/run --switch --short --tap {kernel} unreached "
              "awkward",
              parts=f"{make} apps-parts", prefix=f"apps-switch-{kernel}.",
              files=f"apps-switch-{kernel}", disk=kernel),
        Stage(f"apps-switch-full-{kernel}", "all",
              f"selftests/programs/run --switch --tap {kernel}",
              parts=f"{make} apps-parts", prefix=f"apps-switch-{kernel}.",
              files=f"apps-switch-{kernel}", disk=kernel),
        Stage(f"apps-full-{kernel}", "all",
              f"selftests/programs/run --tap {kernel}",
              parts=f"{make} apps-parts", prefix=f"apps-{kernel}.",
              files=f"apps-{kernel}", disk=kernel)]


# The stages that make check runs on one kernel. Other kernels get some of them.
USUAL = ("selftests", "switch", "selftests-one-cpu", "oracle", "fuzz", "run",
         "examples", "apps")

# The cases for which the kernel's own code matters most. make check has no time for
# all cases on a third kernel.
NEWEST = "mlock mlock_flag shmat shmdt vma fd who namespaces grow filters prefault huge hugetlb"

# The same of kshm_switch: each hook once, and changes of mode under load.
HOOKS = " ".join(f"switch.{case}" for case in (
    "mode_decides_who_creates", "in_tree_segment_lives_on", "listing_shows_both",
    "forced_removal_with_creator", "forced_removal_of_orphans", "unshare_orphans",
    "calls_of_32_bits", "ipc_call_of_32_bits", "changes_of_mode_lose_no_call"))

# Cases in which tasks meet, or memory ends that another task can still reach.
MEETING = "switch fd race race_lifetime module lifecycle huge shares objects who grow"
# A task can be preempted at any moment; a write to freed memory is noticed by the slab
# allocator, and a read gets other bytes than before.
PREEMPTED = ("--memory 1536 --append preempt=full --append slab_debug=FZPU "
             "--append kfence.sample_interval=1 --append KSHM_ROUNDS=100")

# Stages begin in this order, two at a time where there are two cores.
STAGES = [
    Stage("lint", "check all", "selftests/lint/lint"),
    Stage("model", "check all", "selftests/model/model"),
    *of_kernel("6.12", USUAL),
    Stage("selftests-preempted-6.12", "all",
          f"selftests/runner/selftest 6.12 {MEETING} '--boot={PREEMPTED}'",
          parts="KERNEL=6.12 module selftests", prefix="preempted.",
          files="selftests-6.12"),
    *of_kernel("6.1", ("selftests", "oracle")),
    Stage("selftests-short-7.3", "check",
          f"selftests/runner/selftest 7.3 {NEWEST} {HOOKS}",
          parts="KERNEL=7.3 module selftests"),
    *of_kernel("7.3", ()),
    # Some programs for which another machine matters most.
    Stage("core-7.3-arm64", "all", f"selftests/runner/selftest 7.3-arm64 {NEWEST}",
          parts="KERNEL=7.3-arm64 module selftests", files="selftests-7.3-arm64"),
    Stage("selftests-6.12-32-bit", "all",
          "selftests/runner/selftest 6.12 --programs i386",
          parts="KERNEL=6.12 PROGRAMS=i386 module selftests", prefix="32-bit.",
          files="selftests-6.12"),
    Stage("host", "check all", "selftests/host/host-tests",
          parts="KERNEL=6.12 module selftests"),
    # host tries the page with 6.12.
    *(Stage(f"beside-{kernel}", "all", f"tools/beside/beside --check {kernel}",
            tap=False) for kernel in ("6.1", "7.3")),
    # The scene compares what is drawn with what it sees. host tries the page.
    Stage("picture-6.12", "check all", "tools/picture/picture 6.12",
          parts="KERNEL=6.12 guest-parts", tap=False, disk="6.12"),
    Stage("compare-6.12", "check all", "selftests/programs/compare 6.12",
          parts="KERNEL=6.12 guest-parts", disk="6.12"),
    # One boot for the labs that ask for facts.
    Stage("labs-6.12", "check all", "selftests/labs/labs 6.12",
          parts="KERNEL=6.12 labs-parts", files="labs"),
    Stage("labs-long-6.12", "all", "selftests/labs/labs --long 6.12",
          parts="KERNEL=6.12 labs-parts", prefix="long.", files="labs"),
    Stage("bpftrace-6.12", "all", "selftests/programs/bpftrace 6.12",
          parts="KERNEL=6.12 guest-parts"),
    Stage("watch-6.12", "all", "selftests/programs/watch 6.12",
          parts="KERNEL=6.12 guest-parts", disk="6.12"),
    Stage("drgn-6.12", "all", "selftests/programs/drgn 6.12",
          parts="KERNEL=6.12 guest-parts"),
    Stage("debug-check", "all", "selftests/faults/debug-check", alone=True),
    Stage("mutants", "all", "selftests/mutants/mutants 6.12",
          parts="KERNEL=6.12 module selftests", alone=True),
    Stage("bench", "all", "make bench", tap=False, alone=True),
    Stage("profile", "all", "make profile", tap=False, alone=True),
    Stage("locks", "all", "make locks", tap=False, alone=True),
    Stage("empty-cache", "all", "selftests/distro/empty-cache", tap=False),
    Stage("kselftest", "all",
          "selftests/runner/kselftest 6.12 board shmget preload",
          parts="KERNEL=6.12 module selftests", prefix="kselftest."),
    Stage("packages", "all", "selftests/distro/packages"),
    Stage("distro", "all", "selftests/distro/trial", alone=True),
]


# What make matrix tries. make run needs a disk, which is of this host's machine only; the
# oracle knows pages of 4 KiB.
MATRIX = {
    **{kernel: ("selftests", "oracle", "run")
       for kernel in ("6.1", "6.12", "7.2", "7.3", "7.3-rt")},
    "6.12-i386": ("selftests",),
    "7.3-arm64": ("selftests", "oracle"),
    "7.3-arm64-16k": ("selftests",),
    "6.12-riscv64": ("selftests", "oracle"),
}


def of_matrix(kernel, programs=""):
    """-> the stages of make matrix on one kernel; only those programs' cases, if some
    are named"""
    if kernel == "6.12-i386":
        among = [dataclasses.replace(named("selftests-6.12-32-bit"),
                                     name=f"selftests-{kernel}")]
    else:
        among = of_kernel(kernel, ())
    cases, *others = [stage for stage in among if stage.name in
                      [f"{kind}-{kernel}" for kind in MATRIX[kernel]]]
    if not programs:
        return [cases, *others]
    return [dataclasses.replace(cases, command=f"{cases.command} {programs}")]


def of_size(size, among=STAGES):
    return [stage for stage in among if size in stage.sizes.split()]


def named(name):
    """-> the stage of that name, or None"""
    return next((stage for stage in STAGES if stage.name == name), None)
