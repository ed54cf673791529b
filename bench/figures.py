"""Figures of a benchmark: each a name, a tool, a unit, and what every run gave; kept as JSON, told as tables."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

OURS = "kzmonitor"
# In place of a tool: what was promised.
AIM = "the aim"
Better = Literal["more", "less"]


@dataclass(frozen=True)
class Figure:
    """What one tool did in one benchmark. name: what was measured, the same for all tools that did the same work;
    runs: one value a run, in `unit`; better: whether more or less of it is better; cpu_s, peak_mib: of the process that
    measured, where they are this tool's alone."""

    bench: str
    name: str
    tool: str
    unit: str
    runs: list[float]
    better: Better = "more"
    cpu_s: float | None = None
    peak_mib: float | None = None

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def is_ours(self) -> bool:
        """Whether the tool is ours, in one of its ways ("kzmonitor, declared layouts")."""
        return self.tool.partition(",")[0] == OURS

    @property
    def spread(self) -> float:
        """The median distance from the median, as a share of it: 0 for a single run."""
        return median(abs(run - self.value) for run in self.runs) / self.value if self.value else 0.0


@dataclass(frozen=True)
class Ratio:
    """How many times as good we are as one peer, in one run of one benchmark. spread: of both, as a share."""

    bench: str
    name: str
    ours: str
    peer: str
    times: float
    spread: float

    @property
    def key(self) -> str:
        """By what the same ratio of another run is found."""
        way = self.ours.removeprefix(OURS).strip(", ")
        return f"{self.bench}: {self.name}: {f'{way}: ' if way else ''}{self.peer}"


@dataclass
class Report:
    """All that one run of the benchmarks gave. about: machine and versions; notes: by benchmark, what is no figure."""

    about: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """As JSON, one figure a line, so that two runs can be compared by eye."""
        lines = ",\n    ".join(json.dumps(asdict(one), ensure_ascii=False) for one in self.figures)
        about, notes = (json.dumps(one, ensure_ascii=False, indent=1) for one in (self.about, self.notes))
        told = f'{{\n  "about": {about},\n  "notes": {notes},\n  "figures": [\n    {lines}\n  ]\n}}\n'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told, "utf-8")


def read(path: Path) -> Report:
    """What `Report.write` wrote."""
    told = json.loads(path.read_text("utf-8"))
    return Report(told["about"], [Figure(**one) for one in told["figures"]], told["notes"])


def ratios(figures: Sequence[Figure]) -> Iterator[Ratio]:
    """Ours, in each of its ways, beside each peer that did the same work; above 1 we are better."""
    for peer in figures:
        for own in figures:
            if peer.is_ours or not own.is_ours or (own.bench, own.name) != (peer.bench, peer.name):
                continue
            if own.value and peer.value:
                times = own.value / peer.value if own.better == "more" else peer.value / own.value
                yield Ratio(own.bench, own.name, own.tool, peer.tool, times, math.hypot(own.spread, peer.spread))


def table(figures: Iterable[Figure]) -> str:
    """A Markdown table, a line a figure; the last column says how many times as good ours is, in each of its ways."""
    figures = list(figures)
    beside: dict[tuple[str, str, str], list[float]] = {}
    for one in ratios(figures):
        beside.setdefault((one.bench, one.name, one.peer), []).append(one.times)
    lines = [
        "| what | tool | median | unit | runs | spread | CPU s | peak MiB | ours is better by |",
        "|---|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for one in figures:
        times = " and ".join(map(number, beside.get((one.bench, one.name, one.tool), [])))
        cells = [
            one.name, one.tool, number(one.value), one.unit, str(len(one.runs)), f"{one.spread:.0%}",
            number(one.cpu_s), number(one.peak_mib), f"{times} times" if times else "",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def number(value: float | None) -> str:
    """Three digits that count, thousands parted by commas; nothing for None."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
