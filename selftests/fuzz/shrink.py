# SPDX-License-Identifier: GPL-2.0
"""Making a program short: steps are left out as long as it still fails."""


def without(steps, at, size):
    return steps[:at] + steps[at + size:]


def candidates(steps, size):
    """-> the program without each of its pieces of that size, the last piece first,
    since what comes after the failure matters least"""
    return [without(steps, at, size)
            for at in reversed(range(0, len(steps), size))
            if size < len(steps)]


def shrink(steps, first_failure, say=lambda sentence: None):
    """-> the steps, as few as can be had by leaving some out

    first_failure() takes programs and does them in their order, up to the first one
    that fails; it returns the number of that one, or None if all go well. A guest that
    fails is gone, so one guest finds one shorter program.
    """
    size = max(1, len(steps) // 2)
    while size:
        shorter = candidates(steps, size)
        failure = first_failure(shorter) if shorter else None
        if failure is None:
            size //= 2
        else:
            steps = shorter[failure]
            size = min(size, max(1, len(steps) // 2))
            say(f"{len(steps)} steps are enough")
    return steps
