# SPDX-License-Identifier: GPL-2.0
"""A drawing of the figures of both sides, by gnuplot."""

import shlex
import shutil
import subprocess

COLOURS = {"intree": "#c04030", "kshm": "#2060a0"}
LABELS = {"intree": "in-tree", "kshm": "kshm"}
COLUMNS = 3


class NoGnuplot(Exception):
    pass


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def panel(name, both):
    lines = ["$figure << EOD"]
    for at, side in enumerate(("intree", "kshm")):
        its = both[side]
        lines.append(f"{at} {its['median']:.9g} {its['least']:.9g} {its['most']:.9g} "
                     f"{LABELS[side]} {int(COLOURS[side][1:], 16)}")
    return [*lines, "EOD", f"set title {quoted(name)}",
            f"set yrange [0:{max(its['most'] for its in both.values()) * 1.2 or 1:.9g}]",
            "plot $figure using 1:2:6:xtic(5) with boxes lc rgb variable notitle, "
            "$figure using 1:2:3:4 with yerrorbars lc rgb 'black' pt 0 notitle, "
            "$figure using 1:4:(sprintf('%g', $2)) with labels offset 0,0.7 notitle"]


def script(data, path):
    figures = data["figures"]
    rows = -(-len(figures) // COLUMNS)
    title = f"{shlex.join(data['program'])}: {data['verdict'].split(': ', 2)[-1]}"
    lines = [f"set terminal svg size {COLUMNS * 300},{rows * 230 + 60} "
             "background 'white' font 'sans,11' noenhanced",
             f"set output {quoted(path)}",
             f"set multiplot layout {rows},{COLUMNS} title {quoted(title[:120])}",
             "set boxwidth 0.6", "set style fill solid", "set xrange [-0.7:1.7]",
             "set format y '%.3s%c'"]
    for name, both in figures.items():
        lines += panel(name, both)
    return "\n".join([*lines, "unset multiplot", ""])


def draw(data, path):
    gnuplot = shutil.which("gnuplot")
    if not gnuplot:
        raise NoGnuplot("gnuplot is not in PATH, so there is no drawing; install the "
                        "package gnuplot-nox, or draw it where gnuplot is: "
                        "kshm-compare --judge FILE --svg FILE")
    subprocess.run([gnuplot], text=True, check=True, input=script(data, path))
