"""Line charts as SVG, by matplotlib: lines, marks on them, and events as dashed lines. The same data give the same
file."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0b5394", "#b45f06", "#38761d", "#741b47")
# Identifiers inside the file are drawn from this, not from chance.
mpl.rcParams["svg.hashsalt"] = "kzmonitor"
# Words stay words, to be searched and read aloud.
mpl.rcParams["svg.fonttype"] = "none"


@dataclass(frozen=True)
class Line:
    """Points in order of x. marked: for each point, whether it gets a filled mark. A line without a name stands in no
    legend."""

    name: str
    points: Sequence[tuple[float, float]]
    marked: Sequence[bool]


@dataclass(frozen=True)
class Event:
    """Something that happened at x."""

    x: float
    name: str


@dataclass(frozen=True)
class Chart:
    """One set of axes."""

    title: str
    x_name: str
    y_name: str
    lines: Sequence[Line]
    events: Sequence[Event] = ()
    y_range: tuple[float, float] | None = None


def chart(
    title: str,
    x_name: str,
    y_name: str,
    lines: Sequence[Line],
    events: Sequence[Event],
    *,
    y_range: tuple[float, float] | None = None,
) -> str:
    """The picture of one chart. The y axis runs over the data, or over `y_range`."""
    figure = Figure(figsize=(8.6, 4.6), layout="constrained")
    _draw(figure.subplots(), Chart(title, x_name, y_name, lines, events, y_range))
    return _svg(figure)


def grid(charts: Sequence[Chart], columns: int) -> str:
    """The picture of some small charts, row by row."""
    rows = -(-len(charts) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.8 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for place, one in zip(axes, charts, strict=False):
        _draw(place, one)
    for empty in axes[len(charts) :]:
        empty.set_axis_off()
    return _svg(figure)


def _draw(axes: Axes, one: Chart) -> None:
    for number, line in enumerate(one.lines):
        xs, ys = zip(*line.points, strict=True) if line.points else ((), ())
        marks = [place for place, marked in enumerate(line.marked) if marked]
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(xs, ys, color=colour, label=line.name or "_", marker="o", markevery=marks, markersize=4)
    for event in one.events:
        axes.axvline(event.x, color="#999", linestyle="--", linewidth=1)
        axes.annotate(
            event.name, (event.x, 0.02), xycoords=("data", "axes fraction"), rotation=90, fontsize=7, ha="right"
        )
    axes.set(title=one.title, xlabel=one.x_name, ylabel=one.y_name)
    if one.y_range:
        axes.set_ylim(*one.y_range)
    axes.grid(visible=True, axis="y", color="#ddd")
    if any(line.name for line in one.lines):
        axes.legend(fontsize=8, loc="best")


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
