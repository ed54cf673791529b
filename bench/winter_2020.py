"""Campaigns: the winter of 2020-21 replayed in order of time, and years in which nothing special happens.

    python bench/winter_2020.py [--years 200]

The replay takes real (not invented) reports of models/seed: an incident is an event slug, with the labels, targets and
outlets of its reports; what a report makes known counts from the day of the report. Names of a target in three
languages are one target where the product's own rules say so. After each day that brought a report the campaigns are
found anew from what was known by then. The report that first makes the tax campaign known must name its fourth
organisation at the latest.

The years without campaigns are drawn from the rates of each kind in the seed's years 2018 to 2025, autumn and winter
of 2020-21 left out, with targets drawn from as many names as the seed has, a few of them often: once as independent
events, once over-dispersed (the rate of each two months is itself drawn, so that counts have twice the variance). Four
years are drawn at once and the last is judged, so that there is a history to compare with.

Writes docs/pictures/winter-2020.svg and docs/campaigns-measured.md; exits 1 if the fourth organisation passes unnamed
or there is more than one false campaign a year."""

import argparse
import io
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

from matplotlib.dates import DateFormatter, DayLocator
from matplotlib.figure import Figure

import bench.line_chart  # noqa: F401 - the same figure gives the same file
from kzmonitor.config import models_folder
from kzmonitor.incidents.campaigns import PRESSURE, Found, Happened, Target, campaigns
from kzmonitor.incidents.parties import unified
from kzmonitor.incidents.scan import YEAR
from kzmonitor.incidents.stages import Named
from kzmonitor.language.entities import entities_of
from kzmonitor.language.names import is_family_name

DOCS = Path(__file__).parent.parent / "docs"
NAMESPACE = UUID("018f0000-0000-7000-8000-000000000000")
BEGIN, END = datetime(2017, 1, 1, tzinfo=UTC), datetime(2021, 3, 1, tzinfo=UTC)
AUTUMN = datetime(2020, 9, 1, tzinfo=UTC)
TAX = "tax_inspection:organisations"
# The seed's own forms of a name that the gazetteer has not.
ALSO = {"Қазақстандағы адам құқықтары бюросы": "Адам құқықтары бюросы"}
ONE_BY_THE = 4  # organisation
FALSE_A_YEAR = 1.0


@dataclass(frozen=True)
class Report:
    """A report of the seed: on which day, of which event, what it says."""

    day: datetime
    event: str
    title: str
    outlet: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    eased: bool


def main() -> None:
    """Replay, simulate, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--years", type=int, default=200)
    arguments.add_argument("--docs", type=Path, default=DOCS)
    given = arguments.parse_args()
    reports = seed_reports()
    parties = one_name_each(reports)
    tax, named_by, day = replayed(reports, parties)
    usual = kinds(known_by(reports, parties, datetime(2026, 1, 1, tzinfo=UTC)))
    alarms = {
        "independent events": false_alarms(usual, given.years, dispersion=1.0),
        "over-dispersed": false_alarms(usual, given.years, dispersion=2.0),
        "over-dispersed, twice as many": false_alarms(usual, given.years, dispersion=2.0, busier=2.0),
    }
    write(given.docs, tax, named_by, day, given.years, alarms)
    worst = max(sum(named.values()) / given.years for named in alarms.values())
    print(alarms)
    if tax is None or named_by > ONE_BY_THE or worst > FALSE_A_YEAR:
        sys.exit(f"tax campaign named by organisation {named_by}; false campaigns a year: {worst:.2f}")


def seed_reports() -> list[Report]:
    """Real reports of pressure in the seed, in order of time."""
    found = []
    for file in sorted((models_folder() / "seed").glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            one: dict[str, Any] = json.loads(line)
            # A report of which only the month is known cannot stand in order of time.
            if one["labels"] and not one["invented"] and len(one["date"] or "") == len("2021-01-25"):
                found.append(
                    Report(
                        datetime.fromisoformat(one["date"]).replace(tzinfo=UTC), one["event"], one["title"],
                        one["outlet"], tuple(one["labels"]), tuple(one["targets"]), one["turn"] == "eased",
                    )
                )  # fmt: skip
    return sorted(found, key=lambda one: (one.day, one.event, one.outlet))


def one_name_each(reports: Sequence[Report]) -> dict[str, Target]:
    """Each name of the seed -> the target it means, by the product's gazetteer and rules for parties, and ALSO."""
    named = {}
    for name in sorted({name for one in reports for name in one.names}):
        listed = [entity for entity in entities_of("", f"«{ALSO.get(name, name)}»") if entity.id]
        kind = "person" if any(is_family_name(word) for word in name.split()) else "organisation"
        if len(listed) == 1:
            kind = listed[0].kind
        named[name] = Named(kind, name, listed[0].id if len(listed) == 1 else None)
    groups = unified(named.values())
    return {
        name: Target(groups[one].key, groups[one].names[0], groups[one].kind == "person") for name, one in named.items()
    }


def known_by(reports: Sequence[Report], parties: dict[str, Target], day: datetime) -> list[Happened]:
    """The incidents as the reports up to `day` tell them."""
    events: dict[str, list[Report]] = defaultdict(list)
    for one in reports:
        if BEGIN <= one.day <= day:
            events[one.event].append(one)
    return [
        Happened(
            uuid5(NAMESPACE, event), told[0].day, told[0].title,
            tuple(sorted({label for one in told for label in one.labels})),
            tuple(dict.fromkeys(parties[name] for one in told for name in one.names)),
            tuple(dict.fromkeys(one.outlet for one in told)), all(one.eased for one in told),
        )
        for event, told in events.items()
    ]  # fmt: skip


def replayed(reports: Sequence[Report], parties: dict[str, Target]) -> tuple[Found | None, int, datetime]:
    """The tax campaign as known at the end, how many of its organisations were known on the day it was first named,
    and that day."""
    named_by, first, last = 0, END, None
    for day in sorted({one.day for one in reports if AUTUMN <= one.day <= END}):
        found = campaigns(known_by(reports, parties, day), day)
        tax = [one for one in found if one.pattern == PRESSURE and one.subject == TAX and one.named_at >= AUTUMN]
        last = tax[-1] if tax else last
        if tax and not named_by:
            named_by, first = len(tax[-1].targets), day
            print(f"named on {day.date()}: {[target.name for target in tax[-1].targets]}, {tax[-1].surprise}")
    return last, named_by, first


@dataclass(frozen=True)
class Kind:
    """What a year of one kind looks like in the seed. a_year: incidents; organisations, people, outlets: how many each
    of its incidents had."""

    label: str
    a_year: float
    organisations: tuple[int, ...]
    people: tuple[int, ...]
    outlets: tuple[int, ...]


def kinds(incidents: Sequence[Happened]) -> list[Kind]:
    """The kinds of pressure in ordinary years: 2018 to 2025 without autumn and winter of 2020-21."""
    begin, end = datetime(2018, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    ordinary = [one for one in incidents if begin <= one.when < end and not AUTUMN <= one.when < END and not one.eased]
    years = (end - begin - (END - AUTUMN)) / YEAR
    return [
        Kind(
            label, len(told) / years, *(tuple(map(count, told)) for count in (_organisations, _people, _outlets))
        )
        for label in sorted({label for one in ordinary for label in one.labels})
        if (told := [one for one in ordinary if label in one.labels])
    ]  # fmt: skip


def _organisations(incident: Happened) -> int:
    return sum(not target.is_person for target in incident.targets)


def _people(incident: Happened) -> int:
    return sum(target.is_person for target in incident.targets)


def _outlets(incident: Happened) -> int:
    return len(incident.outlets)


def false_alarms(given: Sequence[Kind], years: int, dispersion: float, busier: float = 1.0) -> Counter[str]:
    """How many campaigns are named in `years` last years of four, by pattern and kind; busier: times the rates."""
    named: Counter[str] = Counter()
    for number in range(years):
        random = Random(f"{dispersion} {busier} {number}")
        incidents = ordinary_years(given, random, dispersion, busier)
        last = incidents[0].when + 3 * YEAR
        found = campaigns(incidents, incidents[0].when + 4 * YEAR)
        named.update(f"{one.pattern} {one.label}" for one in found if one.named_at >= last)
    return named


def ordinary_years(given: Sequence[Kind], random: Random, dispersion: float, busier: float) -> list[Happened]:
    """Four years of incidents that know nothing of each other, but for seasons when over-dispersed."""
    made: list[Happened] = []
    start = datetime(2022, 1, 1, tzinfo=UTC)
    for kind in given:
        for block in range(24):
            mean = kind.a_year * busier / 6
            rate = random.gammavariate(mean / (dispersion - 1), dispersion - 1) if dispersion > 1 else mean
            for _ in range(_poisson(rate, random)):
                place = random.randrange(len(kind.outlets))
                when = start + (block + random.random()) * (YEAR / 6)
                targets = _targets(kind.organisations[place], False, random) + _targets(
                    kind.people[place], True, random
                )
                outlets = tuple(f"outlet {number}" for number in random.sample(range(60), kind.outlets[place]))
                id = UUID(int=random.getrandbits(128))
                made.append(Happened(id, when, kind.label, (kind.label,), targets, outlets))
    return sorted(made, key=lambda one: (one.when, one.id))


def _targets(number: int, are_people: bool, random: Random) -> tuple[Target, ...]:
    """Names as often as names are: a few come again and again, most once."""
    kind = "person" if are_people else "organisation"
    drawn = dict.fromkeys(int(random.paretovariate(0.6)) for _ in range(number))
    return tuple(Target(f"{kind}:{one}", f"{kind} {one}", are_people) for one in drawn)


def _poisson(mean: float, random: Random) -> int:
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        count, product = count + 1, product * random.random()
    return count


def write(
    docs: Path, tax: Found | None, named_by: int, day: datetime, years: int, alarms: dict[str, Counter[str]]
) -> None:
    """The page with the figures, and the timeline as a picture."""
    if tax is None:
        return
    (docs / "pictures" / "winter-2020.svg").write_text(picture(tax, day), "utf-8")
    how = tax.surprise
    lines = [
        "# Campaigns, measured",
        "",
        "Written by `python bench/winter_2020.py`; what is replayed and drawn is told at its head.",
        "",
        "![The tax campaign as the replay finds it](pictures/winter-2020.svg)",
        "",
        "Each line is an incident on the day of its first report, with the organisations that it names.",
        "",
        f"The tax campaign is named on {day:%d %B %Y}, with organisation number {named_by}. At the end of February",
        f"2021 it has {len(tax.incidents)} incidents and {len(tax.targets)} organisations; in its most surprising "
        f"{how.window.days} days",
        f"there are {how.seen} where {how.expected:.2f} are usual, which chance alone shows once in "
        f"{how.recurrence:.0f} years.",
        "",
        f"| {years} years without campaigns | false campaigns | a year | of these |",
        "|---|---|---|---|",
    ]
    for name, named in alarms.items():
        total = sum(named.values())
        kinds_ = ", ".join(f"{kind} {number}" for kind, number in named.most_common())
        lines.append(f"| {name} | {total} | {total / years:.2f} | {kinds_} |")
    lines += ["", f"Stated: at most {FALSE_A_YEAR:.0f} a year, all kinds and both patterns together.", ""]
    (docs / "campaigns-measured.md").write_text("\n".join(lines), "utf-8")


def picture(tax: Found, day: datetime) -> str:
    """Organisations as rows in the order in which they were named, incidents as points in time."""
    figure = Figure(figsize=(11, 0.42 * len(tax.targets) + 1.4), layout="constrained")
    axes = figure.add_subplot()
    rows = {target.key: place for place, target in enumerate(tax.targets)}
    for incident in tax.incidents:
        hit = [rows[target.key] for target in incident.targets if target.key in rows]
        if hit:
            axes.plot([incident.when] * 2, [min(hit), max(hit)], color="#bbbbbb", linewidth=1, zorder=1)
        late = incident.when >= day
        axes.scatter([incident.when] * len(hit), hit, color="#b45f06" if late else "#0b5394", zorder=2)
    axes.axvline(day, color="#741b47", linestyle="--")
    axes.annotate(
        f"named as a campaign, {day:%d %B %Y}", (day, -0.8), xytext=(-6, 0),
        textcoords="offset points", color="#741b47", va="center", ha="right",
    )  # fmt: skip
    axes.set_yticks(list(rows.values()), [target.name for target in tax.targets])
    axes.set_ylim(len(rows) - 0.4, -1.3)
    axes.xaxis.set_major_locator(DayLocator((1, 15)))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    main()
