"""Campaigns: a pattern over incidents that chance does not make.

Two patterns are looked for. *Pressure*: one kind of pressure on several organisations, or on several people, within
weeks, such as thirteen tax notices in six weeks of autumn 2020. *Hostile coverage*: one target attacked by several
outlets within days. Targets (outlets) are counted that a window has not had yet, against what is usual for that kind,
or for that target (scan.py); a campaign is named when chance alone would show as much less than once in `RECURRENCE`
years, which, over all kinds and both patterns together, is less than one false campaign a year.

A pure function of the incidents: neither the order in which they are given nor what was found before changes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import product
from uuid import UUID

from kzmonitor.incidents.scan import Base, Event, Surprise, base, runs, surprise

PRESSURE, HOSTILE = "pressure", "hostile"
ORGANISATIONS, PEOPLE = "organisations", "people"
HOSTILE_LABEL = "smear_campaign"
# Nine kinds of pressure, each on organisations and on people, and hostile coverage: each may err once in so many years.
RECURRENCE = 20.0
FEWEST_INCIDENTS = 2
FEWEST = {PRESSURE: 4, HOSTILE: 3}


@dataclass(frozen=True)
class Target:
    """A person or organisation that pressure falls on. key: the same for all spellings; name: one of them."""

    key: str
    name: str
    is_person: bool = False


@dataclass(frozen=True)
class Happened:
    """An incident as campaigns are found over it. when: first reported, UTC; eased: the pressure ends with it, as when
    fines are taken back."""

    id: UUID
    when: datetime
    title: str
    labels: tuple[str, ...]
    targets: tuple[Target, ...]
    outlets: tuple[str, ...]
    eased: bool = False


@dataclass(frozen=True)
class Found:
    """A campaign. subject: `label:organisations`, `label:people`, or the key of the target; incidents in order of time;
    targets in the order in which they were hit; named_at: of the incident that first made it surprising enough;
    surprise: of its most surprising window."""

    pattern: str
    subject: str
    label: str
    incidents: tuple[Happened, ...]
    targets: tuple[Target, ...]
    outlets: tuple[str, ...]
    named_at: datetime
    surprise: Surprise


@dataclass(frozen=True)
class _Series:
    """Incidents that are looked at together, with their marks; for one target among many, what all of them had."""

    pattern: str
    subject: str
    label: str
    incidents: tuple[Happened, ...]
    events: tuple[Event, ...]
    beside: tuple[Event, ...] = ()
    targets: int = 1


@dataclass(frozen=True)
class _Named:
    first: int
    last: int
    surprise: Surprise


def campaigns(incidents: Sequence[Happened], now: datetime) -> list[Found]:
    """All campaigns among incidents reported up to `now`, oldest first. Needs half a year of incidents before it."""
    known = sorted((one for one in incidents if one.when <= now), key=lambda one: (one.when, one.id))
    acting = [one for one in known if one.targets and not one.eased]
    found = []
    for series in [*_pressure(acting), *_hostile(acting)]:
        for windows in _together(_surprises(series, known[0].when)):
            found.append(_found(series, windows))
    return sorted(found, key=lambda one: (one.incidents[0].when, one.pattern, one.subject))


def _pressure(acting: Sequence[Happened]) -> Iterable[_Series]:
    labels = sorted({label for one in acting for label in one.labels})
    for label, whom in product(labels, (ORGANISATIONS, PEOPLE)):
        hit = [(one, _hit(one, whom == PEOPLE)) for one in acting if label in one.labels]
        hit = [(one, keys) for one, keys in hit if keys]
        events = tuple(Event(one.when, keys) for one, keys in hit)
        yield _Series(PRESSURE, f"{label}:{whom}", label, tuple(one for one, _ in hit), events)


def _hit(incident: Happened, are_people: bool) -> tuple[str, ...]:
    return tuple(dict.fromkeys(target.key for target in incident.targets if target.is_person is are_people))


def _hostile(acting: Sequence[Happened]) -> Iterable[_Series]:
    hostile = [one for one in acting if HOSTILE_LABEL in one.labels]
    keys = {one.id: {target.key for target in one.targets} for one in hostile}
    beside = tuple(Event(one.when, one.outlets) for one in hostile for _ in keys[one.id])
    every = sorted(set().union(*keys.values()))
    for key in every:
        naming = tuple(one for one in hostile if key in keys[one.id])
        events = tuple(Event(one.when, one.outlets) for one in naming)
        yield _Series(HOSTILE, key, HOSTILE_LABEL, naming, events, beside, len(every))


def _surprises(series: _Series, begin: datetime) -> Iterable[_Named]:
    """The runs of a series that are rare enough to be named."""

    @cache
    def usual(until: datetime) -> tuple[Base, float] | None:
        own, beside = base(series.events, begin, until), base(series.beside, begin, until)
        if own is None or beside is None:
            return None
        return (_leaning(own, beside, series.targets), beside.a_year) if series.beside else (own, own.a_year)

    for run in runs(series.events):
        if run.fresh >= FEWEST_INCIDENTS and run.marks >= FEWEST[series.pattern]:
            known = usual(series.events[run.first].when)
            how = surprise(run.marks, run.window, *known) if known else None
            if how and how.recurrence >= RECURRENCE:
                yield _Named(run.first, run.last, how)


def _leaning(own: Base, all_: Base, targets: int) -> Base:
    """The rate of one target, drawn to the mean target's as if by one mark."""
    mean = all_.a_year / targets
    return replace(own, a_year=max(own.a_year - mean, 0.0) * (1 - 1 / own.marks) + mean, dispersion=all_.dispersion)


def _together(named: Iterable[_Named]) -> list[list[_Named]]:
    """Runs that share an incident are one campaign."""
    joined: list[list[_Named]] = []
    for one in sorted(named, key=lambda one: (one.first, one.last)):
        if joined and one.first <= max(before.last for before in joined[-1]):
            joined[-1].append(one)
        else:
            joined.append([one])
    return joined


def _found(series: _Series, named: Sequence[_Named]) -> Found:
    first, last = min(one.first for one in named), max(one.last for one in named)
    incidents = series.incidents[first : last + 1]
    marks = {key for event in series.events[first : last + 1] for key in event.marks}
    wanted = marks if series.pattern == PRESSURE else {series.subject}
    targets = {target.key: target for one in incidents for target in one.targets if target.key in wanted}
    outlets = sorted({outlet for one in incidents for outlet in one.outlets})
    named_at = series.incidents[min(one.last for one in named)].when
    most = max((one.surprise for one in named), key=lambda one: one.recurrence)
    return Found(
        series.pattern, series.subject, series.label, incidents, tuple(targets.values()), tuple(outlets), named_at, most
    )  # fmt: skip
