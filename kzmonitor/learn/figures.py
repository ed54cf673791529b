"""The figures of the overview: incidents by week, kind and place, who was hit and by whom, how right the alerts were.

An incident counts in the week (Monday to Sunday in Almaty) in which it was first reported, unless a person rejected its
alert or merged it into another one. With two kinds it counts for each of them, and once in the sum."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from scipy.stats import beta
from sqlalchemy import ColumnElement, Date, Select, any_, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kzmonitor.sources.coverage import ALMATY, day_of, day_start
from kzmonitor.store.tables import Alert, AlertRank, Incident, Party, Proceeding

SPANS = (4, 12, 52)
WEEK = timedelta(days=7)
COUNTED = ("open", "confirmed")
MOST_NAMES = 12


@dataclass(frozen=True)
class Asked:
    """What the figures are over: so many weeks up to this one, one label or all, one region or all."""

    weeks: int = 12
    label: str | None = None
    region: str | None = None

    @property
    def name(self) -> str:
        """As these figures are kept."""
        return f"overview:{self.weeks}:{self.label or ''}:{self.region or ''}"


@dataclass(frozen=True)
class Weekly:
    """Incidents by week: those that a person confirmed, and those that nobody has decided on."""

    confirmed: list[int]
    unchecked: list[int]

    @property
    def total(self) -> list[int]:
        return [one + other for one, other in zip(self.confirmed, self.unchecked, strict=True)]


@dataclass(frozen=True)
class Named:
    """Somebody and the number of incidents. kind: person, organisation, ..., or "" where it is not known."""

    name: str
    kind: str
    incidents: int


@dataclass(frozen=True)
class Rightness:
    """Of the alerts opened in a week that a person decided on, the share confirmed, with its 95 % interval (Jeffreys).
    waiting: alerts that nobody has decided on; they are no part of the share."""

    week: date
    confirmed: int
    rejected: int
    waiting: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Overview:
    """All figures over some weeks. weeks: their Mondays, the last is the current week; regions: by ISO code, "" where
    no place is known."""

    weeks: list[date]
    every: Weekly
    kinds: dict[str, Weekly]
    regions: dict[str, int]
    targets: list[Named] = field(default_factory=list)
    actors: list[Named] = field(default_factory=list)
    right: list[Rightness] = field(default_factory=list)


def overview(session: Session, asked: Asked, now: datetime) -> Overview:
    """The figures as of now."""
    weeks = mondays(now, asked.weeks)
    chosen = _chosen(asked, day_start(weeks[0]), now)
    every, kinds, regions = _counted(session, chosen, weeks)
    return Overview(
        weeks,
        every,
        kinds,
        regions,
        _targets(session, chosen),
        _actors(session, chosen),
        _right(session, asked, weeks, now),
    )


def mondays(now: datetime, weeks: int) -> list[date]:
    """The first days of so many weeks, the last one the current week."""
    today = day_of(now)
    monday = today - timedelta(days=today.weekday())
    return [monday - WEEK * back for back in reversed(range(weeks))]


def _chosen(asked: Asked, since: datetime, until: datetime) -> Select[Incident, AlertRank]:
    query = (
        select(Incident, AlertRank)
        .join(Alert, Alert.incident_id == Incident.id)
        .join(AlertRank, AlertRank.alert_id == Alert.id)
        .where(Incident.first_seen >= since, Incident.first_seen <= until, AlertRank.status.in_(COUNTED))
    )
    if asked.label:
        query = query.where(literal(asked.label) == any_(AlertRank.labels))
    if asked.region:
        query = query.where(Incident.region == asked.region)
    return query


def _week_of(moment: InstrumentedAttribute[datetime]) -> ColumnElement[date]:
    return cast(func.date_trunc("week", func.timezone(ALMATY.key, moment)), Date)


def _counted(
    session: Session, chosen: Select[Incident, AlertRank], weeks: Sequence[date]
) -> tuple[Weekly, dict[str, Weekly], dict[str, int]]:
    """Everything that one pass over the incidents gives."""
    parts = (_week_of(Incident.first_seen), AlertRank.labels, Incident.region, AlertRank.status)
    place = {week: number for number, week in enumerate(weeks)}
    every, regions = _nothing(weeks), defaultdict[str, int](int)
    kinds = defaultdict[str, Weekly](lambda: _nothing(weeks))
    for week, labels, region, status, number in session.execute(
        chosen.with_only_columns(*parts, func.count()).group_by(*parts)
    ):
        regions[region or ""] += number
        for counts in (every, *(kinds[label] for label in labels)):
            (counts.confirmed if status == "confirmed" else counts.unchecked)[place[week]] += number
    return every, dict(kinds), dict(regions)


def _nothing(weeks: Sequence[date]) -> Weekly:
    return Weekly([0] * len(weeks), [0] * len(weeks))


def _targets(session: Session, chosen: Select[Incident, AlertRank]) -> list[Named]:
    """Whom most incidents befell; who is not named is left out."""
    query = (
        chosen.join(Proceeding, Proceeding.incident_id == Incident.id)
        .join(Party, Party.id == Proceeding.party_id)
        .where(func.cardinality(Party.names) > 0)
        .with_only_columns(func.min(Party.names[1]), func.min(Party.kind), func.count())
        .group_by(Party.id)
        .order_by(func.count().desc(), Party.id)
        .limit(MOST_NAMES)
    )
    return [Named(*row) for row in session.execute(query)]


def _actors(session: Session, chosen: Select[Incident, AlertRank]) -> list[Named]:
    """Who acted in most incidents, by the names that the texts give."""
    acted = chosen.with_only_columns(func.unnest(Incident.actors).label("actor")).subquery()
    query = (
        select(acted.c.actor, func.count())
        .group_by(acted.c.actor)
        .order_by(func.count().desc(), acted.c.actor)
        .limit(MOST_NAMES)
    )
    return [Named(name, "", number) for name, number in session.execute(query)]


def _right(session: Session, asked: Asked, weeks: Sequence[date], now: datetime) -> list[Rightness]:
    week = _week_of(AlertRank.opened_at)
    query = select(week, AlertRank.status, func.count()).where(
        AlertRank.opened_at >= day_start(weeks[0]), AlertRank.opened_at <= now
    )
    if asked.label:
        query = query.where(literal(asked.label) == any_(AlertRank.labels))
    if asked.region:
        query = query.where(AlertRank.region == asked.region)
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for monday, status, number in session.execute(query.group_by(week, AlertRank.status)):
        found[monday][status] = number
    return [_rightness(monday, found[monday]) for monday in weeks]


def _rightness(week: date, counts: dict[str, int]) -> Rightness:
    confirmed, rejected = counts.get("confirmed", 0), counts.get("rejected", 0)
    share: tuple[float | None, float | None, float | None] = (None, None, None)
    if confirmed + rejected:
        low, high = jeffreys(confirmed, rejected)
        share = (round(confirmed / (confirmed + rejected), 4), low, high)
    return Rightness(week, confirmed, rejected, counts.get("open", 0), *share)


def jeffreys(yes: int, no: int) -> tuple[float, float]:
    """The 95 % interval of a share (Brown, Cai and DasGupta, Statistical Science 16, 2001); it reaches the end where
    all were alike."""
    low, high = beta.ppf([0.025, 0.975], yes + 0.5, no + 0.5)
    return round(float(low), 4) if yes else 0.0, round(float(high), 4) if no else 1.0
