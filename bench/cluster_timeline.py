"""`python -m bench.cluster_timeline TIMELINE.json PICTURE.png`: draws what `make cluster` wrote down.

Above, the articles done over time; below, what each worker ran, and while what it, its network or the database was
away."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

STAGES = {
    "collect": ("fetching", "#0b5394"),
    "understand.extract": ("cutting", "#b45f06"),
    "understand.split": ("cutting", "#b45f06"),
    "understand.score": ("scoring", "#38761d"),
    "understand.understand": ("what is left, grouping", "#741b47"),
}
OTHER = ("other", "#999999")
CURVES = (("fetched", "#0b5394"), ("cut", "#b45f06"), ("scored", "#38761d"))
LOST = "#cc0000"
# From the first word of an event to the next: who was away, and how that is told.
AWAY = (
    ("host-3", "host 3: kill", "host 3: the worker is started", "killed"),
    ("host-4", "host 4: cut", "host 4: back", "no network"),
    ("", "PostgreSQL: stopped", "PostgreSQL: started", "PostgreSQL\nrestarts"),
)


@dataclass(frozen=True)
class Bar:
    """One try of a task. `row`: counted from 0 among those that ran at one time on the host."""

    row: int
    start: float
    end: float
    colour: str
    well: bool


def stage(task: str) -> tuple[str, str]:
    """Name and colour of a task's stage."""
    return next((found for name, found in STAGES.items() if task.startswith(name)), OTHER)


def bars(tries: Sequence[dict[str, Any]], host: str, end: float) -> list[Bar]:
    """What ran on a host, in as few rows as it takes."""
    free: list[float] = []
    found = []
    for one in sorted((one for one in tries if one["host"] == host), key=lambda one: float(one["started"])):
        row = next((row for row, until in enumerate(free) if until <= one["started"]), len(free))
        until = one["ended"] if one["ended"] is not None else end
        free[row : row + 1] = [until]
        found.append(Bar(row, one["started"], until, stage(one["task"])[1], one["state"] in ("success", "running")))
    return found


def away(events: Sequence[dict[str, Any]], host: str, end: float) -> list[tuple[float, float, str]]:
    """When something was away, for a host's lane (or for all: an empty name), and what to call it."""
    spans = []
    for lane, begins, ends, name in AWAY:
        at = [one["at"] for one in events if one["what"].startswith(begins)]
        if lane == host and at:
            over = next((one["at"] for one in events if one["what"].startswith(ends)), end)
            spans.append((at[0], over, name))
    return spans


def draw(told: dict[str, Any]) -> Figure:
    """The picture of one run."""
    events, tries = told["events"], told["tries"]
    start = next(one["at"] for one in events if one["what"].startswith("fetching")) - 5
    end = events[-1]["at"] + 3
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    above, *lanes = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1.3, 1.3))
    for name, colour in CURVES:
        points = [(one["at"], one[name]) for one in told["samples"]]
        above.plot([at for at, _n in points], [n for _at, n in points], color=colour, label=name, linewidth=1.8)
    above.set_ylabel("articles done")
    above.set_ylim(0, told["facts"]["articles"] * 1.12)
    above.legend(loc="upper left", frameon=False)
    above.set_title(f"{told['facts']['articles']:,} articles, two workers, and what happened to them", loc="left")
    for axes, host in zip(lanes, ("host-3", "host-4"), strict=True):
        _lane(axes, host, bars(tries, host, end), end, events)
    for axes in (above, *lanes):
        for since, until, name in away(events, "", end):
            axes.axvspan(since, max(until, since + 1), color=LOST, alpha=0.25, linewidth=0)
            if axes is above:
                axes.text(
                    until + 3, told["facts"]["articles"] * 0.2, name, ha="left", va="bottom", fontsize=8, color=LOST
                )
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlim(start, end)
    lanes[-1].set_xlabel("seconds since scheduler and workers were started")
    legend = [Patch(color=colour, label=name) for name, colour in dict.fromkeys(STAGES.values())]
    legend += [Patch(facecolor="white", edgecolor=LOST, hatch="////", label="lost (until noticed), then done again")]
    figure.legend(handles=legend, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    return figure


def _lane(axes: Axes, host: str, found: Sequence[Bar], end: float, events: Sequence[dict[str, Any]]) -> None:
    rows = max((bar.row for bar in found), default=0) + 1
    for since, until, name in away(events, host, end):
        axes.axvspan(since, until, color="#dddddd", linewidth=0, zorder=0)
        axes.text((since + until) / 2, rows - 0.45, name, ha="center", va="bottom", fontsize=8, color="#444444")
    for bar in found:
        style = {} if bar.well else {"edgecolor": LOST, "hatch": "////", "linewidth": 1}
        face = bar.colour if bar.well else "white"
        axes.barh(bar.row, bar.end - bar.start, left=bar.start, height=0.7, color=face, **style)
    axes.set_yticks([])
    axes.set_ylim(-0.6, rows + 0.3)
    axes.set_ylabel(host.replace("-", " "), rotation=0, ha="right", va="center")


def main() -> None:
    """Draw it."""
    told = json.loads(Path(sys.argv[1]).read_text())
    draw(told).savefig(sys.argv[2], dpi=110)
    print(sys.argv[2])


if __name__ == "__main__":
    main()
