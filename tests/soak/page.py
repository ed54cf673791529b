"""The page and the pictures of a run of the accelerated week.

    python -m tests.soak.page FOLDER/week.json [--docs docs]

Writes docs/soak.md between its marks, and docs/pictures/soak-*.png."""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.soak.findings import FRESH, GROWTH, problems

MIB = 2**20
DAY = timedelta(days=1)
BLUE, BROWN, GREY, RED = "#0b5394", "#b45f06", "#888888", "#a61c00"
BETWEEN = re.compile(r"(?<=<!-- week -->\n).*?(?=<!-- end -->)", re.DOTALL)
mpl.rcParams["font.size"] = 9


def main() -> None:
    """Read the result, write pictures and page."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("result", type=Path)
    arguments.add_argument("--docs", type=Path, default=Path("docs"))
    given = arguments.parse_args()
    result = json.loads(given.result.read_text())
    pictures = given.docs / "pictures"
    holds(result).savefig(pictures / "soak-memory.png", dpi=130)
    fresh(result).savefig(pictures / "soak-freshness.png", dpi=130)
    outages(result).savefig(pictures / "soak-outages.png", dpi=130)
    page = given.docs / "soak.md"
    page.write_text(BETWEEN.sub(lambda _: figures(result), page.read_text()))


def _days(result: Mapping[str, Any], moments: Sequence[str]) -> list[float]:
    start = datetime.fromisoformat(result["plan"]["start"])
    return [(datetime.fromisoformat(one) - start) / DAY for one in moments]


def holds(result: Mapping[str, Any]) -> Figure:
    """What the long-living process held over the week: memory, open files, sessions; the peak of each crawl; the
    database."""
    rounds = result["rounds"]
    days = _days(result, [one["now"] for one in rounds])
    figure = Figure(figsize=(8.6, 7.2), layout="constrained")
    memory, files, stored = figure.subplots(3, sharex=True, height_ratios=(3, 2, 2))
    memory.plot(days, [one["rss"] / MIB for one in rounds], color=BLUE, label="worker, resident")
    memory.plot(days, [one["uss"] / MIB for one in rounds], color=BROWN, label="worker, its own")
    crawls = [(day, one["crawl_peak"] / MIB) for day, one in zip(days, rounds, strict=True) if one["crawl_peak"]]
    memory.plot(*zip(*crawls, strict=True), ".", color=GREY, markersize=2, label="peak of each round's last crawl")
    memory.set(ylabel="MiB", title="What the process that lives all week holds")
    files.plot(days, [one["files"] for one in rounds], color=BLUE, label="open files, sockets among them")
    files.plot(days, [one["sessions"] for one in rounds], color=BROWN, label="sessions of the database")
    files.plot(days, [one["threads"] for one in rounds], color=GREY, label="threads")
    files.set(ylabel="number")
    stored.plot(days, [one["database"] / MIB for one in rounds], color=BLUE, label="database")
    stored.set(ylabel="MiB", xlabel="virtual days")
    for axes in (memory, files, stored):
        # Room for the legend above the lines.
        axes.set_ylim(0, axes.get_ylim()[1] * 1.25)
        axes.set_xlim(days[0], days[-1])
        _finish(axes)
        _disturbances(axes, result, days)
    return figure


def _disturbances(axes: Axes, result: Mapping[str, Any], days: Sequence[float]) -> None:
    for one in result["findings"]["killed"]:
        axes.axvline(days[one], color="#dddddd", linewidth=0.8, zorder=0)
    for one in result["findings"]["restarted"]:
        axes.axvline(days[one], color=RED, linewidth=0.8, linestyle="--", zorder=0)


def fresh(result: Mapping[str, Any]) -> Figure:
    """Minutes from the moment at which each item could be seen to its prediction."""
    figure = Figure(figsize=(8.6, 3.6), layout="constrained")
    over, spread = figure.subplots(1, 2, width_ratios=(3, 1.4))
    points = result["findings"]["freshness"]["points"]
    minutes = [one[1] for one in points]
    over.plot(_days(result, [one[0] for one in points]), minutes, ".", color=BLUE, markersize=2)
    over.axhline(FRESH / timedelta(minutes=1), color=RED, linewidth=0.8, linestyle="--", label="two rounds")
    over.set(xlabel="virtual days", ylabel="minutes", title="From shown to predicted, sources that do not fail")
    over.set_ylim(0, max(30, *minutes) * 1.05)
    spread.plot(np.sort(minutes), np.arange(1, len(minutes) + 1) / len(minutes), color=BLUE)
    spread.set(xlabel="minutes", ylabel="share of items", title="Distribution")
    for share in (0.5, 0.99):
        spread.axhline(share, color=GREY, linewidth=0.6, linestyle=":")
    _finish(over)
    spread.grid(visible=True, color="#eee")
    return figure


def outages(result: Mapping[str, Any]) -> Figure:
    """Planted outages as bars, and the rounds in which each source was said not to be well."""
    rounds, planted = result["rounds"], result["findings"]["outages"]
    slugs = sorted({one["slug"] for one in planted}, reverse=True)
    places = {slug: place for place, slug in enumerate(slugs)}
    days = _days(result, [one["now"] for one in rounds])
    figure = Figure(figsize=(8.6, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(days[0], days[-1])
    for one in planted:
        start, end = _days(result, [one["start"], one["end"]])
        axes.barh(places[one["slug"]], end - start, left=start, height=0.6, color="#f4cccc", zorder=1)
        axes.annotate(one["state"], (start, places[one["slug"]] + 0.36), fontsize=6.5, color="#444444")
    told = [
        (day, places[slug]) for day, one in zip(days, rounds, strict=True)
        for slug in one["answer"].get("standings", {}) if slug in places
    ]  # fmt: skip
    axes.plot(*zip(*told, strict=True), "|", color=RED, markersize=6, label="told at the end of this round")
    axes.set_yticks(range(len(slugs)), slugs)
    axes.set(xlabel="virtual days", title="Planted outages (bars) and what was told of the sources (marks)")
    axes.set_ylim(-0.6, len(slugs) - 0.1)
    figure.legend(*axes.get_legend_handles_labels(), fontsize=8, loc="outside lower right")
    return figure


def _finish(axes: Axes) -> None:
    axes.grid(visible=True, axis="y", color="#eee")
    axes.legend(fontsize=8, loc="upper right", ncols=3)


def figures(result: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    found, rounds = result["findings"], result["rounds"]
    news, failing, growth = found["freshness"]["well"], found["freshness"]["failing"], found["growth"]
    reports, articles, digests = found["reports"], found["articles"], found["digests"]
    faults = problems(result)
    changed, sealed, norms = found["changes"], found["verify"], found["norms"]
    named = sum(one["named_after_min"] is not None for one in found["outages"])
    within = f"p99 under {FRESH / timedelta(minutes=1):.0f} min"
    rows = [
        ["rounds, sources", f"{len(rounds)}, 14", ""],
        ["by the clock", f"{result['took_s'] / 60:.0f} min; {found['took_s']['median']:.1f} s a round (median)", ""],
        *(_grown(growth[name], said) for name, said in (("rss", "resident"), ("uss", "its own"))),
        ["open files of the worker, first and last third of the second half", _ends(growth["files"]), "no more"],
        ["sessions of the database, the same", _ends(growth["sessions"]), "no more"],
        ["peak of a crawl, median and largest", _peaks(rounds), ""],
        ["database, start and end", f"{rounds[0]['database'] / MIB:.0f}, {rounds[-1]['database'] / MIB:.0f} MiB", ""],
        ["from shown to predicted and alerted, sources that did not fail", _spread(news), within],
        ["the same, of sources while they failed", _spread(failing), ""],
        ["planted reports and copies in exactly one incident with one alert",
         f"{reports['found_once']} of {reports['planted']}", "all"],
        ["copies in the incident of what they copy", f"{reports['with_their_original']} of {reports['copies']}", "all"],
        ["articles stored, published", f"{articles['stored']:,}, {articles['published']:,}", "the same"],
        ["ordinary articles in an incident", f"{reports['ordinary_in_incidents']} of {reports['ordinary']:,}", ""],
        ["planted outages named by their state", f"{named} of {len(found['outages'])}", "all"],
        ["alarms for sources that were well", f"{len(found['false_alarms'])} in {14 * len(rounds):,} looks", "0"],
        ["silent days planted, told; days told without reason",
         f"{len(norms['planted'])}, {len(norms['named'])}; {len(norms['false'])}", "all; 0"],
        ["edits and withdrawals planted, seen by the watch", f"{changed['planted']}, {changed['seen']}", "all"],
        ["digests due, mails; alerts not told exactly once",
         f"{digests['asked']}, {digests['mails']}; {digests['untold']}", "as many; 0"],
        ["pages kept, days sealed; mismatches",
         f"{sealed['captures']:,}, {sealed['days']}; {sealed['problems']}", "0 mismatches"],
        ["crawls killed by -9; restarts of PostgreSQL; rounds with an error",
         f"{len(found['killed'])}; {len(found['restarted'])}; {len(found['errors'])}", "errors at the restart only"],
    ]  # fmt: skip
    verdict = (
        "Everything is as it must be."
        if not faults
        else "Not as it must be:\n\n" + "\n".join(f"- {line}" for line in faults)
    )
    return f"{_table(['what', 'measured', 'must be'], rows)}\n\n{verdict}\n\n{_outage_table(found['outages'])}\n"


def _grown(growth: Mapping[str, float], said: str) -> list[str]:
    low, high = growth["low"] / growth["level"], growth["high"] / growth["level"]
    return [
        f"memory of the worker, {said}: level, and growth over a week by the slope of the second half",
        f"{growth['level'] / MIB:.0f} MiB, {growth['a_week'] / growth['level']:+.1%} ({low:+.1%} to {high:+.1%})",
        f"under {GROWTH:.0%}",
    ]


def _spread(minutes: Mapping[str, float]) -> str:
    if not minutes["n"]:
        return "none"
    return f"p50 {minutes['p50']}, p95 {minutes['p95']}, p99 {minutes['p99']} min ({minutes['n']:,} items)"


def _ends(growth: Mapping[str, float]) -> str:
    return f"{growth['first']:.0f}, {growth['last']:.0f}"


def _peaks(rounds: Sequence[Mapping[str, Any]]) -> str:
    peaks = [one["crawl_peak"] / MIB for one in rounds if one["crawl_peak"]]
    return f"{np.median(peaks):.0f}, {max(peaks):.0f} MiB"


def _outage_table(found: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for one in sorted(found, key=lambda one: one["start"]):
        start, end = datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])
        rows.append(
            [one["slug"], f"`{one['state']}`", f"{(end - start) / timedelta(hours=1):.1f}",
             _after(one["named_after_min"]), _after(one["over_after_min"])]
        )  # fmt: skip
    return _table(["source", "named", "lasted, hours", "named after, minutes", "told to be over after, minutes"], rows)


def _after(minutes: float | None) -> str:
    return "-" if minutes is None else f"{minutes:,.0f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
