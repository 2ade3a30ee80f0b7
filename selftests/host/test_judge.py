# SPDX-License-Identifier: GPL-2.0
"""Which messages of a kernel the judge takes for complaints."""

import judge
import pytest

BEGIN = "<12>[    9.1] init: the job begins\n"

COMPLAINTS = (
    # The level is enough.
    "<0>[   12.000000] watchdog: CPU1 does not answer",
    "<1>[   12.000000] something is on fire",
    "<2>[   12.000000] EXT4-fs error (device vda): inode 2 is bad",
    "<3>[   12.000000] tmpfs: Unknown parameter 'tea'",
    "<3>[   12.000000] Out of memory: Killed process 123 (oracle)",
    "<3>[   12.000000] Memory failure: 0x1234: recovery action",
    "<2>[   12.000000] rtc_cmos 00:04: a device can be as bad as that",
    # Messages of the module.
    "<4>[   12.000000] kshm: mmap() was not seen to end",
    "<4>[   12.000000] misc kshm: a warning that names the device",
    # The words are enough, at any level.
    "<4>[   12.000000] WARNING: CPU: 0 PID: 1 at mm/shmem.c:1443",
    "<4>[   12.000000] ------------[ cut here ]------------",
    "<6>[   12.000000] WARNING: suspicious RCU usage",
    "<4>[   12.000000] WARNING: possible circular locking dependency detected",
    "<3>[   12.000000] BUG: KASAN: slab-use-after-free in kshm_get+0x1/0x2",
    "<3>[   12.000000] BUG kmalloc-64 (Not tainted): Poison overwritten",
    "<3>[   12.000000] BUG: sleeping function called from invalid context",
    "<0>[   12.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 134s!",
    "<3>[   12.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    "<3>[   12.000000] INFO: task oracle:77 blocked for more than 120 seconds.",
    "<4>[   12.000000] general protection fault, probably for non-canonical "
    "address 0xdead: 0000 [#1] PREEMPT SMP",
    "<4>[   12.000000] Oops: general protection fault: 0000 [#1] SMP",
    "<3>[   12.000000] UBSAN: shift-out-of-bounds in module/registry.c:1:2",
    "<3>[   12.000000] BUG: KCSAN: data-race in kshm_a / kshm_b",
    "<3>[   12.000000] BUG: KFENCE: use-after-free read in kshm_get+0x1/0x2",
    "<4>[   12.000000] refcount_t: underflow; use-after-free.",
    "<4>[   12.000000] list_del corruption. prev->next should be x",
    "<6>[   12.000000] kmemleak: 3 new suspected memory leaks (see kmemleak)",
    "<4>[   12.000000] oracle: page allocation failure: order:0",
    "<4>[   12.000000] Call Trace:",
    "<4>[   12.000000][  T123] WARNING: with the caller's number",
    "<4>WARNING: without a time",
    "checkers: lockdep has given up",
    "checkers: unreferenced object 0xffff888005a8f000 (size 256):",
)

HARMLESS = (
    "<6>[   12.000000] tsc: Refined TSC clocksource calibration: 2294.608 MHz",
    "<6>[   12.000000] clocksource: Switched to clocksource tsc",
    "<4>[   12.000000] clocksource: Long readout interval, skipping watchdog",
    "<4>[   12.000000] hrtimer: interrupt took 9879035 ns",
    "<6>[   12.000000] perf: interrupt took too long (2530 > 2500)",
    "<4>[   12.000000] __vm_enough_memory: pid: 220, comm: shmget, bytes: "
    "70368744177664 not enough memory for the allocation",
    "<4>[   12.000000] mmap: shmat (551) uses deprecated remap_file_pages()",
    "<6>[   12.000000] oracle[12]: segfault at 0 ip 0 sp 0 error 4 in oracle",
    "<6>[   12.000000] traps: oracle[12] general protection fault ip:1 sp:2",
    "<3>[   12.000000] rtc_cmos 00:04: broken or not accessible",
    "<3>[   12.000000] virtio_blk virtio0: a device of QEMU's",
    "<5>[   12.000000] kshm: module verification failed: signature",
    "<6>[   12.000000] kshm: mere information",
    # A program wrote these to /dev/kmsg.
    "<12>[   12.000000] mark: rmid has ended",
    "<8>[   12.000000] BUG: written by a program at the worst level",
    # A program wrote this to the console.
    "BUG: written to /dev/console",
    "",
)


@pytest.mark.parametrize("line", COMPLAINTS)
def test_judge_finds_complaint(line):
    assert judge.complaint(line + "\r\n")


@pytest.mark.parametrize("line", HARMLESS)
def test_judge_leaves_other_line(line):
    assert judge.complaint(line + "\r\n") is None


def log(tmp_path, *lines):
    path = tmp_path / "guest.log"
    path.write_text("".join(lines))
    return judge.Log(str(path)), path


BAD = "<3>[    1.0] it is bad\n"


def test_judge_begins_with_the_job(tmp_path):
    kernel, _ = log(tmp_path, BAD, BEGIN, BAD)
    assert kernel.complaints() == ["it is bad"]


def test_judge_forgets_the_boot_before(tmp_path):
    kernel, _ = log(tmp_path, BEGIN, BAD, "<6>[    0.0] Linux version\n",
                    BEGIN)
    assert kernel.complaints() == []


def test_judge_reads_up_to_a_mark(tmp_path):
    kernel, path = log(tmp_path, BEGIN, BAD, "<12>[    2.0] mark: one\n", BAD)
    assert kernel.complaints_until("one") == ["it is bad"]
    with path.open("a") as file:
        file.write("<12>[    3.0] mark: two\n")
    assert kernel.complaints_until("two") == ["it is bad (after: one)"]
    assert kernel.complaints() == []


def test_judge_joins_the_pieces_of_a_line(tmp_path):
    kernel, path = log(tmp_path, BEGIN, BAD[:10])
    assert kernel.complaints() == []
    with path.open("a") as file:
        file.write(BAD[10:])
    assert kernel.complaints() == ["it is bad"]


def test_judge_complains_of_a_missing_mark(tmp_path, monkeypatch):
    monkeypatch.setattr(judge.Log, "PATIENCE", 0)
    kernel, _ = log(tmp_path, BEGIN)
    assert "no mark" in kernel.complaints_until("one")[0]


def test_judge_takes_a_missing_log_for_empty(tmp_path):
    assert judge.Log(str(tmp_path / "none")).complaints() == []
