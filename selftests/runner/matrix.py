# SPDX-License-Identifier: GPL-2.0
"""What was tried on which kernel, and how that ended, as a table of the pages."""

HEAD = ("kernel", "what", "passed", "failed", "skipped", "took")


def split(stage):
    """-> the kernel and what was done, of the name of a stage such as oracle-7.3-rt"""
    what, _, kernel = stage.partition("-")
    return kernel, what


def table(rows):
    """-> a table in reStructuredText of rows (stage, passed, failed, skipped, took),
    those of a kernel one after the other"""
    lines = [HEAD]
    order = list(dict.fromkeys(split(row[0])[0] for row in rows))
    for row in sorted(rows, key=lambda row: order.index(split(row[0])[0])):
        lines.append((*split(row[0]), *map(str, row[1:])))
    widths = [max(map(len, column)) for column in zip(*lines)]
    rule = "  ".join("=" * width for width in widths)
    text = ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths)).rstrip()
            for line in lines]
    return "\n".join([rule, text[0], rule, *text[1:], rule]) + "\n"
