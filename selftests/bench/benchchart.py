# SPDX-License-Identifier: GPL-2.0
"""Charts of how the bench's figures grow, drawn by gnuplot."""

import os
import shutil
import statistics
import subprocess
import sys

# File, mode, row, axis, unit of the figures.
CHARTS = (
    ("segments", "count", "calls", "segments", "guest instructions"),
    ("attaches", "count", "attaches", "attaches of the process",
     "guest instructions"),
    ("cpus", "time", "cpus", "CPUs", "ns until the next is done"),
)
COLUMNS = 3
COLOURS = {"in-tree": "#c04030", "kshm": "#2060a0", "ioctl": "#80b0e0"}


def curves(samples, mode, row):
    """-> {figure: {side: [(size, median)]}}"""
    found = {}
    for key, values in samples.values.items():
        if key[:2] == (mode, row):
            _, _, size, figure, side = key
            found.setdefault(figure, {}).setdefault(side, []).append(
                (size, statistics.median(values)))
    return found


def data_blocks(figures):
    """gnuplot's data, and the blocks' names by figure and side."""
    text, names = [], {}
    for figure, sides in figures.items():
        for side, points in sides.items():
            name = f"$block{len(names)}"
            names[figure, side] = name
            text.append(f"{name} << EOD")
            text += [f"{size} {value:.9g}" for size, value in sorted(points)]
            text.append("EOD")
    return text, names


def panel(figure, sides, names, axis, unit):
    """A logarithm of counts that are far apart; from nought up the values are
    seen to be flat where they are flat."""
    sizes = {size for points in sides.values() for size, _ in points}
    values = [value for points in sides.values() for _, value in points]
    wide = max(sizes) > 10
    steep = min(values) > 0 and max(values) > 20 * min(values)
    plots = [f"{names[figure, side]} with linespoints lw 2 pt 7 ps 0.5 "
             f"lc rgb '{COLOURS[side]}' title '{side}'" for side in sides]
    return [
        f"set title '{figure}'", f"set xlabel '{axis}'", f"set ylabel '{unit}'",
        "set logscale x 10" if wide else "unset logscale x",
        "set logscale y 10" if steep else "unset logscale y",
        f"set yrange [{'*:*' if steep or min(values) < 0 else '0:*'}]",
        "set xtics 1" if not wide else "set xtics autofreq",
        f"set key {'top left' if steep else 'bottom right'}",
        "plot " + ", ".join(plots)]


def script(figures, path, title, axis, unit):
    rows = -(-len(figures) // COLUMNS)
    text, names = data_blocks(figures)
    text = [f"set terminal svg size {COLUMNS * 420},{rows * 300} "
            "background 'white' font 'sans,11' noenhanced",
            f"set output '{path}'"] + text + [
        f"set multiplot layout {rows},{COLUMNS} title '{title}'",
        "set grid", "set format '%g'"]
    for figure, sides in figures.items():
        text += panel(figure, sides, names, axis, unit)
    return "\n".join(text + ["unset multiplot", ""])


def draw(samples, folder, kernel):
    """-> the files; charts whose row was not measured are left out"""
    files = []
    gnuplot = shutil.which("gnuplot")
    if not gnuplot:
        sys.exit("bench: gnuplot is not in PATH; install the package "
                 "gnuplot-nox.")
    for name, mode, row, axis, unit in CHARTS:
        figures = curves(samples, mode, row)
        if not figures:
            continue
        path = os.path.join(folder, f"{name}-{kernel}.svg")
        title = f"kshm and in-tree shm on Linux {kernel}"
        subprocess.run([gnuplot], text=True, check=True,
                       input=script(figures, path, title, axis, unit))
        files.append(path)
    return files
