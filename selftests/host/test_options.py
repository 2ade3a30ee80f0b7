# SPDX-License-Identifier: GPL-2.0
"""Options that mean nothing get a sentence."""

import pytest
from commands import refuses


@pytest.mark.parametrize("command, sentence", [
    pytest.param(command, sentence, id=id) for id, command, sentence in (
        ("boot_unknown_option", "qemu/boot --fast",
         "unrecognized arguments: --fast"),
        ("boot_unknown_kernel", "qemu/boot --kernel 9.9",
         "qemu/fetch-kernel fetches"),
        ("boot_unknown_image", "qemu/boot --image cake", "invalid choice"),
        ("boot_missing_file", "qemu/boot --put /nonexistent",
         "there is no file"),
        ("image_unknown", "qemu/image cake", "say debian or apps"),
        ("fetch_kernel_no_version", "qemu/fetch-kernel",
         "say KERNEL=6.1, 6.12, "),
        ("apps_unknown_app", "selftests/programs/run 6.12 cake",
         "there is no app cake"),
        ("apps_observed_through_the_switch",
         "selftests/programs/run 6.12 --switch --observe", "say one of both"),
        ("lint_takes_no_words", "selftests/lint/lint module",
         "unrecognized arguments: module"),
        ("check_unknown_stage", "selftests/runner/check tea",
         "there is no such stage"),
        ("selftest_kernel_without_module", "selftests/runner/selftest 9.9",
         "there is no module for Linux 9.9; \"make module KERNEL=9.9\""),
        ("oracle_kernel_without_module", "selftests/oracle/oracle 9.9",
         "there is no module for Linux 9.9"),
        ("oracle_missing_trace",
         "selftests/oracle/oracle 6.12 --replay /nonexistent",
         "there is no trace /nonexistent"),
        ("oracle_bad_seed", "selftests/oracle/oracle 6.12 --seed tea",
         "tea is not a number"),
        ("oracle_unknown_mode", "selftests/oracle/oracle 6.12 --mode tea",
         "invalid choice"))])
def test_refused(command, sentence):
    refuses(command.split(), sentence)


@pytest.mark.parametrize("name, sentence", [
    ("tea", "there is no program tea; say some of shmget"),
    ("shmget.tea", "shmget has no case tea; "),
    ("shmget.memory_is_zer", "did you mean memory_is_zero")])
def test_selftest_unknown_name_refused(name, sentence, selftests):
    refuses(["selftests/runner/selftest", "6.12", name], sentence)
