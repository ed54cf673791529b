"""What an incident is, from all tellings of it: title, parties with their proceedings, place, dates, sums, sources.

A pure function of the tellings: their order, and how often each is given, make no difference."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from kzmonitor.incidents.parties import Group
from kzmonitor.incidents.proceedings import Proceeding, escalation, proceedings_of
from kzmonitor.incidents.severity import Severity, independent, weigh
from kzmonitor.incidents.stages import stages
from kzmonitor.incidents.telling import UNFLAGGED, Telling
from kzmonitor.language.places import region_of

TIERS = ("mail", "queue", UNFLAGGED)
LEADING_ROLES = ("report", "follow_up")


@dataclass(frozen=True)
class SourceLine:
    """One telling among all, in order of time."""

    article_id: UUID
    source: str
    title: str
    language: str
    when: datetime


@dataclass(frozen=True)
class Record:
    """An incident. title: of the telling that is first or, where that is none of the surest reports, surest
    (`title_why`). sources: in order of time; independent: how many told it in words of their own. event_date: ISO day
    or month. people: how many it befell. parties: who was named as a target or has a proceeding. escalated: turns for
    the worse."""

    title: str
    title_why: str
    labels: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    place: str | None
    region: str | None
    event_date: str | None
    sums: tuple[Mapping[str, Any], ...]
    law: tuple[str, ...]
    people: int | None
    actors: tuple[str, ...]
    target_kinds: tuple[str, ...]
    languages: tuple[str, ...]
    sources: tuple[SourceLine, ...]
    independent: int
    escalated: int
    tier: str
    score: float
    parties: tuple[Group, ...]
    proceedings: tuple[Proceeding, ...]
    severity: Severity

    @property
    def first_mover(self) -> str:
        """Who published first."""
        return self.sources[0].source


def record(tellings: Sequence[Telling]) -> Record:
    """The record of a group. tellings: at least one that was flagged."""
    told = sorted({telling.article_id: telling for telling in tellings}.values(), key=lambda one: one.order)
    first = told[0]
    leader = min(told, key=_lead)
    parties, proceedings = proceedings_of(told, {telling.article_id: stages(telling) for telling in told})
    labels = tuple(sorted({label for telling in told for label in telling.labels}))
    target_kinds = _common(kind for telling in told for kind in telling.fields.get("target_kind", ()))
    people = max((telling.fields.get("people") or 0 for telling in told), default=0) or None
    sources = independent([telling.text for telling in told], [telling.source for telling in told])
    escalated = sum(len(escalation(proceeding)) for proceeding in proceedings)
    place, region = _place(told)
    return Record(
        title=leader.title,
        title_why="first" if leader is first else "surest",
        labels=labels,
        first_seen=first.when,
        last_seen=told[-1].when,
        place=place,
        region=region,
        event_date=_event_date(told),
        sums=_sums(told),
        law=_common(article for telling in told for article in telling.fields.get("articles", ())),
        people=people,
        actors=_common(str(actor["name"]) for telling in told for actor in telling.fields.get("actors", ())),
        target_kinds=target_kinds,
        languages=tuple(dict.fromkeys(telling.language for telling in told)),
        sources=tuple(SourceLine(one.article_id, one.source, one.title, one.language, one.when) for one in told),
        independent=sources,
        escalated=escalated,
        tier=min((telling.tier for telling in told), key=TIERS.index),
        score=max(telling.relevance for telling in told),
        parties=parties,
        proceedings=proceedings,
        severity=weigh(labels, targets=target_kinds, people=people or 0, sources=sources, escalated=escalated),
    )


def weighed(told: Record, earlier: int) -> Record:
    """The record with its severity for a target that `earlier` incidents befell before."""
    severity = weigh(
        told.labels,
        targets=told.target_kinds,
        people=told.people or 0,
        earlier=earlier,
        sources=told.independent,
        escalated=told.escalated,
    )
    return replace(told, severity=severity)


def _lead(telling: Telling) -> tuple[int, int, datetime, str]:
    """The title comes from the earliest report of the best tier: a statement or round-up names other things."""
    role = str(telling.fields.get("role") or LEADING_ROLES[0])
    return TIERS.index(telling.tier), int(role not in LEADING_ROLES), *telling.order


def _common(values: Iterable[str]) -> tuple[str, ...]:
    """Each value once, the commonest first."""
    return tuple(value for value, _ in sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


def _most(values: Iterable[Hashable]) -> Any:
    """The commonest value, of equal ones the one that was told first; None when there is none."""
    found = Counter(values)
    return max(found, key=found.__getitem__) if found else None


def _place(told: Sequence[Telling]) -> tuple[str | None, str | None]:
    """The region that most tellings are set in, and its town as the first of them calls it."""
    region = _most(one.fields["region"] for one in told if one.fields.get("region"))
    if region is None:
        return None, _most(found for one in told if (found := region_of(one.title, one.text)))
    return _most(
        one.fields["place"] for one in told if one.fields.get("region") == region and one.fields["place"]
    ), region


def _event_date(told: Sequence[Telling]) -> str | None:
    """The day that most tellings give, a day before a month; of equal ones the first that was told."""
    dated = [(one.fields["event_date"], one.fields["date_precision"]) for one in told if one.fields.get("event_date")]
    day: str | None = _most(iso for iso, precision in dated if precision == "day") or _most(iso for iso, _ in dated)
    return day


def _sums(told: Sequence[Telling]) -> tuple[Mapping[str, Any], ...]:
    """Each sum once, however many tellings give it, the largest first."""
    found = {(str(one["currency"]), float(one["amount"])) for telling in told for one in telling.fields.get("sums", ())}
    return tuple(
        {"amount": amount, "currency": currency}
        for currency, amount in sorted(found, key=lambda one: (-one[1], one[0]))
    )
