"""The outbox: one row for each subscriber and period, made before anything is sent, under a stable Message-ID, with
the events that it tells. A crash or a second scheduler finds the row and goes on from it."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from kzmonitor.digest.facts import facts
from kzmonitor.digest.news import news_between
from kzmonitor.digest.period import ALMATY, Period, last_end
from kzmonitor.digest.selection import Chosen, Wishes, choose
from kzmonitor.store import Database
from kzmonitor.store.tables import AlertEvent, Delivery, DeliveryItem, Subscriber, new_id

# Rows are made by one process at a time: two would both find the same events untold.
FILLING = text("select pg_advisory_xact_lock(hashtext('kzmonitor outbox'))")
USUAL = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
# Modes of a delivery that do not move the period of the next digest.
BESIDE = ("immediate", "confirmation")
NOTICES_REACH_BACK = timedelta(days=1)
IN_ONE_STATEMENT = 5_000


@dataclass(frozen=True)
class Reader:
    """What a subscriber is owed: events from `since` on that no digest has told it. noticed: event -> when a notice of
    it arrived; announced: those with a notice, arrived or not; told_alerts: corrected ones of which it had heard."""

    subscriber: Subscriber
    period: Period
    since: datetime
    told_events: set[UUID] = field(default_factory=set)
    noticed: dict[UUID, datetime] = field(default_factory=dict)
    announced: set[UUID] = field(default_factory=set)
    told_alerts: set[UUID] = field(default_factory=set)


def fill(database: Database, end: datetime, *, since_they_came: bool = False) -> int:
    """Make the rows of the period that ends at `end` for all whose hour (and weekday) that is; how many are new.

    Safe to repeat. since_they_came: only for those who were subscribed by then."""
    with database.session() as session:
        session.execute(FILLING)
        subscribers = _whose_hour(session, end, since_they_came=since_they_came)
        return _made(session, [_reader(one, end, last) for one, last in subscribers]) if subscribers else 0


def fill_due(database: Database, now: datetime) -> int:
    """Make the rows of the last digest of everybody that was due by `now`; how many are new."""
    with database.session() as session:
        hours = select(Subscriber.mode, Subscriber.hour, Subscriber.weekday).where(
            Subscriber.mode != "immediate", Subscriber.state == "active"
        )
        kinds = session.execute(hours.distinct()).all()
    ends = {last_end(now, hour, weekday if mode == "weekly" else None) for mode, hour, weekday in kinds}
    return sum(fill(database, end, since_they_came=True) for end in sorted(ends))


def fill_notices(database: Database, now: datetime) -> int:
    """Make the rows of notices: of severe alerts of the last day that their subscribers have not been told."""
    with database.session() as session:
        wanting = select(Subscriber).where(
            Subscriber.state == "active", (Subscriber.mode == "immediate") | Subscriber.notice_severity.is_not(None)
        )
        if session.scalar(select(wanting.exists())) is False:
            return 0
        session.execute(FILLING)
        start = now - NOTICES_REACH_BACK
        # One notice a moment and subscriber: what came in the same one is told at the next run.
        just_made = select(Delivery).where(
            Delivery.subscriber_id == Subscriber.id, Delivery.mode == "immediate", Delivery.period_end >= now
        )
        people = session.scalars(wanting.where(~just_made.exists())).all()
        readers = [Reader(one, Period(start, now), max(start, one.created_at)) for one in people]
        return _made(session, readers, notices=True) if readers else 0


def _whose_hour(
    session: Session, end: datetime, *, since_they_came: bool
) -> list[tuple[Subscriber, tuple[datetime, datetime] | None]]:
    """Active subscribers of a digest that ends then and has no row yet, each with its last period."""
    local = end.astimezone(ALMATY)
    made = select(Delivery).where(
        Delivery.subscriber_id == Subscriber.id, Delivery.mode == Subscriber.mode, Delivery.period_end == end
    )
    query = select(Subscriber).where(
        Subscriber.state == "active",
        (Subscriber.mode == "daily") | ((Subscriber.mode == "weekly") & (Subscriber.weekday == local.weekday())),
        Subscriber.hour == local.hour,
        ~made.exists(),
    )
    if since_they_came:
        query = query.where(Subscriber.created_at <= end)
    subscribers = list(session.scalars(query.order_by(Subscriber.id)))
    before = (
        select(Delivery.subscriber_id, Delivery.period_start, Delivery.period_end)
        .where(
            Delivery.subscriber_id.in_([one.id for one in subscribers]),
            Delivery.period_end < end,
            Delivery.mode.not_in(BESIDE),
        )
        .ext(distinct_on(Delivery.subscriber_id))
        .order_by(Delivery.subscriber_id, Delivery.period_end.desc())
    )
    last = {row.subscriber_id: (row.period_start, row.period_end) for row in session.execute(before)}
    return [(one, last.get(one.id)) for one in subscribers]


def _reader(subscriber: Subscriber, end: datetime, last: tuple[datetime, datetime] | None) -> Reader:
    """From the end of what was sent last, the usual time for a new one. What came just before that end, or was
    committed only after it, is looked for from the start of the last one on."""
    if last is None:
        start = end - USUAL[subscriber.mode]
        return Reader(subscriber, Period(start, end), start)
    return Reader(subscriber, Period(last[1], end), last[0])


def _made(session: Session, readers: Sequence[Reader], *, notices: bool = False) -> int:
    """Choose for each reader, once for all who are owed the same, and write the rows."""
    end = readers[0].period.end
    news = _candidates(session, min(reader.since for reader in readers), end, ready=notices)
    _told(session, readers, [event for event, _moment in news])
    known = facts(session, {event.alert_id for event, _moment in news}, end)
    chosen: dict[Any, Chosen] = {}
    rows, items = [], []
    for reader in readers:
        events = [one for one, moment in news if moment >= reader.since and one.id not in reader.told_events]
        if notices:
            events = [event for event in events if event.id not in reader.announced]
        noticed = {} if notices else {e.id: reader.noticed[e.id] for e in events if e.id in reader.noticed}
        wishes = wishes_of(reader.subscriber, notice=notices)
        alerts = frozenset(reader.told_alerts)
        key = (reader.period, wishes, frozenset(event.id for event in events), frozenset(noticed.items()), alerts)
        if key not in chosen:
            chosen[key] = choose(events, noticed, known, reader.period, wishes, alerts)
        told = chosen[key]
        corrections = told.corrections if not notices or reader.subscriber.mode == "immediate" else []
        if notices and not told.items and not corrections:
            continue
        row = _row(reader, "immediate" if notices else reader.subscriber.mode, 0 if notices else told.left_out)
        rows.append(row)
        items += [
            {"delivery_id": row["id"], "alert_event_id": event, "noticed_at": noticed.get(event)}
            for item in (*told.items, *corrections)
            for event in item.event_ids
        ]
    for table, values in ((Delivery, rows), (DeliveryItem, items)):
        for first in range(0, len(values), IN_ONE_STATEMENT):
            session.execute(insert(table), values[first : first + IN_ONE_STATEMENT])
    return len(rows)


def _candidates(session: Session, since: datetime, end: datetime, *, ready: bool) -> list[tuple[AlertEvent, datetime]]:
    """What is news; for a notice only what became ready, for an old case that comes up again can wait for the day."""
    news = news_between(session, since, end)
    return [one for one in news if one[0].ready_at >= since] if ready else news


def _told(session: Session, readers: Sequence[Reader], events: Collection[AlertEvent]) -> None:
    """Write into the readers what of these events, and of whose alerts, they were told already."""
    by_subscriber = {reader.subscriber.id: reader for reader in readers}
    corrected = {event.alert_id for event in events if event.kind == "corrected"}
    query = (
        select(Delivery.subscriber_id, Delivery.mode, Delivery.state, Delivery.sent_at, DeliveryItem.alert_event_id,
               AlertEvent.alert_id)
        .join(DeliveryItem, DeliveryItem.delivery_id == Delivery.id)
        .join(AlertEvent, AlertEvent.id == DeliveryItem.alert_event_id)
        .where(
            Delivery.subscriber_id.in_(by_subscriber),
            AlertEvent.id.in_([event.id for event in events]) | AlertEvent.alert_id.in_(corrected),
        )
    )  # fmt: skip
    for subscriber, mode, state, sent_at, event, alert in session.execute(query):
        reader = by_subscriber[subscriber]
        if alert in corrected:
            reader.told_alerts.add(alert)
        if mode != "immediate":
            reader.told_events.add(event)
            continue
        reader.announced.add(event)
        if state == "sent" and sent_at is not None:
            reader.noticed[event] = sent_at


def _row(reader: Reader, mode: str, left_out: int) -> dict[str, Any]:
    subscriber, period = reader.subscriber, reader.period
    # A feed is fetched by its reader: what stands in it is delivered.
    is_feed = subscriber.channel == "feed"
    return {
        "id": new_id(),
        "subscriber_id": subscriber.id,
        "mode": mode,
        "period_start": period.start,
        "period_end": period.end,
        "channel": subscriber.channel,
        "state": "sent" if is_feed else "waiting",
        "sent_at": period.end if is_feed else None,
        "message_id": message_id(subscriber.id, subscriber.channel, mode, period.end),
        "left_out": left_out,
    }


def wishes_of(subscriber: Subscriber, *, notice: bool = False) -> Wishes:
    """What a subscriber asked for, in its digest or to be told at once."""
    least = subscriber.min_severity
    if notice:
        least = max(least, subscriber.notice_severity or least)
    return Wishes(
        tuple(sorted(subscriber.labels)), tuple(sorted(subscriber.regions)), tuple(sorted(subscriber.outlets)), least
    )


def message_id(subscriber: UUID, channel: str, mode: str, end: datetime) -> str:
    """The same for the same subscriber and period, whoever sends it; tells nobody whose it is."""
    seed = f"{subscriber} {channel} {mode} {end.isoformat()}"
    return f"<{hashlib.sha256(seed.encode()).hexdigest()[:32]}@kzmonitor.invalid>"


def noted(session: Session, deliveries: Iterable[UUID]) -> Mapping[UUID, dict[UUID, datetime | None]]:
    """Delivery -> its events -> when a notice had told of them: what came since is for the next one, and a second
    copy tells what the first one told."""
    found: defaultdict[UUID, dict[UUID, datetime | None]] = defaultdict(dict)
    query = select(DeliveryItem).where(DeliveryItem.delivery_id.in_(list(deliveries)))
    for row in session.scalars(query):
        found[row.delivery_id][row.alert_event_id] = row.noticed_at
    return found


def unfinished(session: Session, end: datetime, channel: str = "mail") -> int:
    """How many deliveries of the period that ends then have not ended."""
    query = select(func.count()).select_from(Delivery)
    open_ones = Delivery.state.in_(("waiting", "sending", "unknown"))
    return session.scalar(query.where(Delivery.period_end == end, Delivery.channel == channel, open_ones)) or 0


def problems(session: Session, end: datetime) -> list[str]:
    """Why deliveries of a period have not gone out, each reason once."""
    query = select(Delivery.error).where(
        Delivery.period_end == end, Delivery.state != "sent", Delivery.error.is_not(None)
    )
    return sorted({error for error in session.scalars(query.distinct()) if error})
