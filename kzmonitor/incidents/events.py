"""The events of an alert in the database, brought to what its record asks for.

What a digest has told stands for ever. What none has told yet is written again as the record has it: so all orders of
arrival end in the same events. A turn that was told under another name of its party, or by an alert that was merged
into this one, is not told again; one that comes to light after a later turn was told is late, and no fresh news."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from kzmonitor.incidents.record import Record
from kzmonitor.incidents.renewals import OPENED, RENEWED, Event, News, before, is_late, news_of, renewals
from kzmonitor.incidents.telling import Telling
from kzmonitor.store.tables import Alert, AlertEvent, DeliveryItem, Incident, Review

# An opening that was told without a turn told of what the first turn of these days was.
JUST = timedelta(days=2)


@dataclass(frozen=True)
class _Due:
    """An event still to be told."""

    event: Event
    late: bool


def keep_tier(session: Session, alert: Alert, told: Record, tellings: Sequence[Telling], now: datetime) -> None:
    """Make tier and score those of the surest telling. A rise to mail is news; what was mailed or reviewed never falls
    back into the queue."""
    alert.score = told.score
    if (alert.tier, told.tier) == ("queue", "mail"):
        raised = min((one for one in tellings if one.tier == "mail"), key=lambda one: one.order)
        alert.tier = told.tier
        session.add(
            AlertEvent(
                alert_id=alert.id, kind=RENEWED, from_status="queue", to_status="mail", article_id=raised.article_id,
                severity_parts=told.severity.to_json(), ready_at=now,
            )
        )  # fmt: skip
    elif (alert.tier, told.tier) == ("mail", "queue") and not _touched(session, alert):
        alert.tier = told.tier
        raised_before = select(AlertEvent).where(AlertEvent.alert_id == alert.id, AlertEvent.to_status == "mail")
        for event in session.scalars(raised_before):
            session.delete(event)
    session.flush()


def _touched(session: Session, alert: Alert) -> bool:
    """Whether anybody was told of the alert, or has decided on it."""
    reviewed = select(Review.id).where(Review.subject == "alert", Review.subject_id == alert.id)
    mailed = select(AlertEvent.id).where(AlertEvent.alert_id == alert.id, _is_told())
    return session.scalar(reviewed.limit(1)) is not None or session.scalar(mailed.limit(1)) is not None


def keep_events(session: Session, alert: Alert, told: Record, now: datetime) -> None:
    """Add, rewrite or remove the events that no digest has told, so that all turns are told once."""
    fixed, loose = _events(session, alert)
    due = _due(told, fixed)
    pairs = _paired(due, loose)
    used = {held.id for _, held in pairs if held}
    for row in loose:
        if row.id not in used:
            session.delete(row)
    ready = {turn: row.ready_at for row in loose for turn in row.turns}
    session.flush()
    for one, held in pairs:
        if held is not None:
            _write(held, one)
    session.flush()
    for one, held in pairs:
        if held is None:
            new = AlertEvent(alert_id=alert.id, ready_at=_ready(one, ready, alert, now))
            _write(new, one)
            new.severity_parts = told.severity.to_json()
            session.add(new)
    session.flush()


def _is_told() -> ColumnElement[bool]:
    return select(DeliveryItem).where(DeliveryItem.alert_event_id == AlertEvent.id).exists()


def _events(session: Session, alert: Alert) -> tuple[list[AlertEvent], list[AlertEvent]]:
    """The events about turns: those that a digest has told, of alerts that were merged into this one, too; and the
    alert's own that none has told yet."""
    turning = or_(AlertEvent.kind == OPENED, func.cardinality(AlertEvent.turns) > 0)
    merged = (
        select(Alert.id)
        .join(Incident, Incident.id == Alert.incident_id)
        .where(Incident.redirect_to == alert.incident_id)
    )
    # One list of both: of two conditions parted by "or" the planner would read every event.
    own_and_merged = union_all(select(literal(alert.id)), merged)
    query = select(AlertEvent).where(turning).order_by(AlertEvent.ready_at, AlertEvent.id)
    fixed = session.scalars(query.where(AlertEvent.alert_id.in_(own_and_merged), _is_told()))
    return list(fixed), list(session.scalars(query.where(AlertEvent.alert_id == alert.id, ~_is_told())))


def _due(told: Record, fixed: Sequence[AlertEvent]) -> list[_Due]:
    """What the record asks for, less what has been told."""
    if not fixed:
        return [_Due(event, late=False) for event in renewals(told)]
    known = {turn for row in fixed for turn in row.turns}
    news = news_of(told)
    opened = any(row.kind == OPENED for row in fixed)
    bare = any(row.kind == OPENED and not row.turns for row in fixed)
    due = []
    for event in renewals(told):
        missing = [one for one in event.news if not one.is_among(known)]
        if event.kind == OPENED and not opened:
            due.append(_Due(event, late=False))
        elif event.kind == OPENED and bare and _at_once(event, told):
            continue
        else:
            due += [_renewal(own, news, known) for own in _by_party(missing)]
    return due


def _at_once(event: Event, told: Record) -> bool:
    """Whether the first turn came with the opening."""
    first = next(line.when for line in told.sources if line.article_id == event.article_id)
    return first - told.first_seen <= JUST


def _by_party(news: Iterable[News]) -> Iterable[list[News]]:
    by_party: dict[str, list[News]] = {}
    for one in news:
        by_party.setdefault(one.party.key, []).append(one)
    return by_party.values()


def _renewal(own: Sequence[News], news: Sequence[News], known: set[str]) -> _Due:
    event = Event(RENEWED, tuple(own), before(own[0], news), own[0].turn.article_id)
    return _Due(event, is_late(own, news, known))


def _paired(due: Sequence[_Due], loose: Sequence[AlertEvent]) -> list[tuple[_Due, AlertEvent | None]]:
    """Each event still to be told with the row that holds it already: an opening with the opening, a renewal with one
    that tells of a turn of it."""
    free = list(loose)
    pairs: list[tuple[_Due, AlertEvent | None]] = []
    for one in due:
        row = next((row for row in free if _holds(row, one.event)), None)
        if row is not None:
            free.remove(row)
        pairs.append((one, row))
    return pairs


def _holds(row: AlertEvent, event: Event) -> bool:
    if OPENED in (row.kind, event.kind):
        return row.kind == event.kind
    return any(news.is_among(row.turns) for news in event.news)


def _ready(one: _Due, ready: dict[str, datetime], alert: Alert, now: datetime) -> datetime:
    """When readers may hear of it: an opening when the alert was opened, a turn since it was first known."""
    if one.event.kind == OPENED:
        return alert.opened_at
    return min((ready[news.id] for news in one.event.news if news.id in ready), default=now)


def _write(row: AlertEvent, one: _Due) -> None:
    """Make the row say what is due; its time and severity stay those of when it was first written."""
    event = one.event
    said: dict[str, Any] = {
        "kind": event.kind,
        "proceeding": event.party.key if event.party else None,
        "name": event.party.names[0] if event.party and event.party.names else None,
        "from_status": event.before,
        "to_status": event.to_status,
        "day": event.day,
        "late": one.late,
        "turns": sorted(news.id for news in event.news),
        "article_id": event.article_id,
    }
    for name, value in said.items():
        setattr(row, name, value)
