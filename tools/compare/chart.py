# SPDX-License-Identifier: GPL-2.0
"""A drawing of the figures of both sides, by gnuplot."""

import shlex
import shutil
import subprocess
import textwrap

from verdict import FIGURES

COLOURS = {"intree": "#c04030", "kshm": "#2060a0"}
LABELS = {"intree": "in-tree", "kshm": "kshm"}
COLUMNS = 3
WIDTH = 130     # letters of a line of the title


class NoGnuplot(Exception):
    pass


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def lines_of(texts):
    """-> a string of gnuplot with several lines"""
    return ".\"\\n\".".join(map(quoted, texts))


def panel(name, both):
    lines = ["$figure << EOD"]
    for at, side in enumerate(("intree", "kshm")):
        its = both[side]
        lines.append(f"{at} {its['median']:.9g} {its['least']:.9g} {its['most']:.9g} "
                     f"{LABELS[side]} {int(COLOURS[side][1:], 16)}")
    unit = FIGURES[name].partition(",")[0]
    return [*lines, "EOD", f"set title {quoted(name)}", f"set ylabel {quoted(unit)}",
            f"set yrange [0:{max(its['most'] for its in both.values()) * 1.2 or 1:.9g}]",
            "plot $figure using 1:2:6:xtic(5) with boxes lc rgb variable notitle, "
            "$figure using 1:3:(0):($4-$3) with vectors nohead lw 2 lc rgb 'black' "
            "notitle, "
            "$figure using 1:4:(sprintf('%g', $2)) with labels offset 0,0.7 notitle"]


def script(data, path):
    figures = {name: both for name, both in data["figures"].items()
               if any(its["most"] for its in both.values())}
    rows = max(-(-len(figures) // COLUMNS), 1)
    title = [*textwrap.wrap(shlex.join(data["program"]), WIDTH)[:1],
             *textwrap.wrap(data["verdict"].split(": ", 2)[-1], WIDTH)]
    lines = [f"set terminal svg size {COLUMNS * 300},{rows * 230 + 60} "
             "background 'white' font 'sans,11' noenhanced",
             f"set output {quoted(path)}",
             f"set multiplot layout {rows},{COLUMNS} title {lines_of(title)}",
             "set boxwidth 0.6", "set style fill solid", "set xrange [-0.7:1.7]",
             "set format y '%g'", "set ytics nomirror",
             "set xtics nomirror"]
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
