"""What a digest tells: the alerts of a period as they stood at its end, and what of them one reader asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from kzmonitor.digest.background import Background, background
from kzmonitor.digest.facts import Fact, Report, facts
from kzmonitor.digest.news import news_between
from kzmonitor.digest.period import Period
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import AlertEvent

# A report is called late when it was published so long before the period began.
LATE = timedelta(days=1)


@dataclass(frozen=True)
class Wishes:
    """What a reader asked for; an empty tuple asks for all."""

    labels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    min_severity: int = 1

    def want(self, fact: Fact) -> bool:
        """Whether an alert is one of those: one of its labels, its region, one of the outlets that told it."""
        return (
            fact.severity >= self.min_severity
            and (not self.labels or not set(self.labels).isdisjoint(fact.labels))
            and (not self.regions or fact.region in self.regions)
            and (not self.outlets or not {report.source for report in fact.reports}.isdisjoint(self.outlets))
        )


@dataclass(frozen=True)
class Turn:
    """That somebody's case came to a status, from `before` (None: the first that is known). day: ISO day or month;
    late: a later turn of it was told in an earlier digest."""

    name: str | None
    before: str | None
    after: str
    day: str | None
    late: bool


@dataclass(frozen=True)
class Item:
    """One incident in a digest. `kind`: opened, renewed, relabelled (a person changed the labels of what was
    mailed) or withdrawn (mailed, and no alert any more). turns: what changed since the reader was told last; only of
    what is renewed, since an opening tells all of it. noticed_at: all of it was told by a notice then."""

    fact: Fact
    event_ids: tuple[UUID, ...]
    kind: str
    late: bool
    turns: tuple[Turn, ...] = ()
    noticed_at: datetime | None = None

    @property
    def alert_id(self) -> UUID:
        """The alert that it is about."""
        return self.fact.alert_id

    @property
    def title(self) -> str:
        """As the first report has it."""
        return self.fact.title

    @property
    def standing(self) -> str:
        """Open, confirmed, rejected or duplicate."""
        return self.fact.standing

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the alert, as a person or the model gave them."""
        return self.fact.labels

    @property
    def severity(self) -> int:
        """1 to 4."""
        return self.fact.severity

    @property
    def score(self) -> float:
        """The model's probability that it is relevant."""
        return self.fact.score

    @property
    def reports(self) -> tuple[Report, ...]:
        """The articles that told of it by then, first published first."""
        return self.fact.reports

    @property
    def phrases(self) -> tuple[str, ...]:
        """The words that spoke for it."""
        return self.fact.phrases


@dataclass(frozen=True)
class Chosen:
    """Items of a digest in its order, corrections, and how many alerts were not asked for."""

    items: list[Item] = field(default_factory=list)
    corrections: list[Item] = field(default_factory=list)
    left_out: int = 0


@dataclass(frozen=True)
class Digest:
    """Everything one rendering needs. mode: daily, weekly, or immediate for a notice."""

    period: Period
    background: Background
    items: list[Item] = field(default_factory=list)
    corrections: list[Item] = field(default_factory=list)
    left_out: int = 0
    mode: str = "daily"

    @property
    def fresh(self) -> int:
        """How many of its alerts the reader was not told of by a notice."""
        return sum(1 for item in self.items if item.noticed_at is None)


def select_digest(
    session: Session, period: Period, declarations: Mapping[str, Declaration], wishes: Wishes | None = None
) -> Digest:
    """The digest of a period for somebody who is told of each event in the period that it is news in."""
    chosen = select_items(session, period, wishes or Wishes())
    about = background(session, period, declarations)
    return Digest(period, about, chosen.items, chosen.corrections, chosen.left_out)


def select_items(session: Session, period: Period, wishes: Wishes) -> Chosen:
    """What such a digest tells, without what else it says about the day."""
    events = [event for event, _news in news_between(session, period.start, period.end)]
    known = facts(session, {event.alert_id for event in events}, period.end)
    return choose(events, {}, known, period, wishes)


def choose(
    events: Iterable[AlertEvent],
    noticed: Mapping[UUID, datetime],
    known: Mapping[UUID, Fact],
    period: Period,
    wishes: Wishes,
    told: frozenset[UUID] | None = None,
) -> Chosen:
    """What these events (in order) tell a reader of those wishes. noticed: event -> when a notice told of it; told:
    alerts of which the reader had heard, since only those are corrected for it; None: of all."""
    items, corrections, left_out = [], [], 0
    for alert_id, own in _by_alert(events).items():
        fact = known.get(alert_id)
        item = _item(fact, own, noticed, period) if fact else None
        if item is None:
            continue
        if item.kind == "withdrawn":
            if told is None or alert_id in told or item.noticed_at or not noticed.keys().isdisjoint(item.event_ids):
                corrections.append(item)
        elif wishes.want(item.fact):
            items.append(item)
        else:
            left_out += 1
    items.sort(
        key=lambda item: (item.noticed_at is not None, -item.fact.severity, -item.fact.score, str(item.alert_id))
    )
    return Chosen(items, sorted(corrections, key=lambda item: str(item.alert_id)), left_out)


def _by_alert(events: Iterable[AlertEvent]) -> dict[UUID, list[AlertEvent]]:
    by_alert: dict[UUID, list[AlertEvent]] = {}
    for event in events:
        by_alert.setdefault(event.alert_id, []).append(event)
    return by_alert


def _item(fact: Fact, events: Sequence[AlertEvent], noticed: Mapping[UUID, datetime], period: Period) -> Item | None:
    """An alert with its events; None when it is not for a digest. What a notice told is not told as new again."""
    fresh = [event for event in events if event.id not in noticed]
    kind = _kind(fact.flagged, fresh or events)
    if kind is None:
        return None
    first = fact.reports[0].published_at
    return Item(
        fact=fact,
        event_ids=tuple(event.id for event in events),
        kind=kind,
        late=first is not None and first < period.start - LATE,
        turns=_turns(fresh or events) if kind == "renewed" else (),
        noticed_at=None if fresh else max(noticed[event.id] for event in events),
    )


def _kind(flagged: bool, events: Sequence[AlertEvent]) -> str | None:
    """How an alert enters the digest of a period with these events (in order); None when it does not."""
    kinds = [event.kind for event in events]
    if not flagged:
        return "withdrawn" if "corrected" in kinds else None
    if "opened" in kinds:
        return "opened"
    return "relabelled" if kinds[-1] == "corrected" else "renewed"


def _turns(events: Sequence[AlertEvent]) -> tuple[Turn, ...]:
    """What turned, in order of time: what came late stands where it belongs."""
    turning = [event for event in events if event.turns and event.to_status]
    turning.sort(key=lambda event: (event.day or "", event.ready_at))
    return tuple(Turn(event.name, event.from_status, str(event.to_status), event.day, event.late) for event in turning)
