"""The outbox: one row for each subscriber and period, made before anything is sent, under a stable Message-ID.

A crash or a second scheduler finds the row and goes on from it: nobody gets two, nobody gets none. Only where
it is unknown whether a server took a message is the same Message-ID sent again."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.digest import mail
from kzmonitor.digest.period import Period
from kzmonitor.digest.rendering import render
from kzmonitor.digest.selection import Digest, select_digest
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, DeliveryItem, Subscriber, new_id

UNFINISHED = ("waiting", "sending", "unknown")


def fill(database: Database, period: Period, declarations: Mapping[str, Declaration]) -> int:
    """Make the rows of a period for all daily subscribers; how many are new. Safe to repeat."""
    with database.session() as session:
        subscribers = session.scalars(select(Subscriber.id).where(Subscriber.mode == "daily")).all()
    return sum(_fill_one(database, subscriber, period, declarations) for subscriber in subscribers)


def _fill_one(database: Database, subscriber_id: UUID, period: Period, declarations: Mapping[str, Declaration]) -> int:
    with database.session() as session:
        subscriber = session.get_one(Subscriber, subscriber_id)
        own = _own_period(session, subscriber, period)
        delivery_id = session.scalar(
            insert(Delivery)
            .values(
                id=new_id(),
                subscriber_id=subscriber.id,
                mode=subscriber.mode,
                period_start=own.start,
                period_end=own.end,
                channel=subscriber.channel,
                state="waiting",
                message_id=message_id(subscriber, own.end),
            )
            .on_conflict_do_nothing()
            .returning(Delivery.id)
        )
        if delivery_id is None:
            return 0
        digest = _select(session, subscriber, own, declarations)
        events = [event for item in (*digest.items, *digest.corrections) for event in item.event_ids]
        if events:
            session.execute(
                insert(DeliveryItem).on_conflict_do_nothing(),
                [{"delivery_id": delivery_id, "alert_event_id": event} for event in events],
            )
        return 1


def _own_period(session: Session, subscriber: Subscriber, period: Period) -> Period:
    """From the end of what this subscriber was last sent; the usual day for a new one."""
    last = session.scalar(
        select(func.max(Delivery.period_end)).where(
            Delivery.subscriber_id == subscriber.id, Delivery.period_end < period.end
        )
    )
    return Period(last or period.start, period.end)


def _select(
    session: Session, subscriber: Subscriber, period: Period, declarations: Mapping[str, Declaration]
) -> Digest:
    before = select(Delivery.period_start).where(
        Delivery.subscriber_id == subscriber.id, Delivery.period_end < period.end
    )
    return select_digest(
        session,
        period,
        declarations,
        subscriber=subscriber.id,
        since=session.scalar(before.order_by(Delivery.period_end.desc()).limit(1)),
        labels=subscriber.labels,
        min_severity=subscriber.min_severity,
    )


def _noted(session: Session, delivery_id: UUID, digest: Digest) -> Digest:
    """The digest with the items that were noted when its row was made: what came since is for the next one, and a
    second copy tells what the first one told."""
    query = select(DeliveryItem.alert_event_id).where(DeliveryItem.delivery_id == delivery_id)
    events = set(session.scalars(query))
    return replace(
        digest,
        items=[item for item in digest.items if events.intersection(item.event_ids)],
        corrections=[item for item in digest.corrections if events.intersection(item.event_ids)],
    )


def message_id(subscriber: Subscriber, end: datetime) -> str:
    """The same for the same subscriber and period, whoever sends it; tells nobody whose it is."""
    seed = f"{subscriber.id} {subscriber.channel} {subscriber.mode} {end.isoformat()}"
    return f"<{hashlib.sha256(seed.encode()).hexdigest()[:32]}@kzmonitor.invalid>"


def send_waiting(
    database: Database,
    period: Period,
    declarations: Mapping[str, Declaration],
    taxonomy: Taxonomy,
    smtp_url: str,
    sender: str,
    now: datetime,
) -> Counter[str]:
    """Send what is unfinished of a period, each row by one sender; how many ended in each state."""
    with database.session() as session:
        due = session.scalars(
            select(Delivery.id)
            .where(Delivery.period_end == period.end, Delivery.state.in_(UNFINISHED))
            .order_by(Delivery.id)
        ).all()
    outcomes: Counter[str] = Counter()
    for delivery_id in due:
        state = _send_one(database, delivery_id, declarations, taxonomy, smtp_url, sender, now)
        if state:
            outcomes[state] += 1
    return outcomes


def problems(session: Session, period: Period) -> list[str]:
    """Why deliveries of a period have not gone out, each reason once."""
    query = select(Delivery.error).where(
        Delivery.period_end == period.end, Delivery.state != "sent", Delivery.error.is_not(None)
    )
    return sorted(set(session.scalars(query).all()) - {None})  # type: ignore[arg-type]


def unfinished(session: Session, period: Period) -> int:
    """How many deliveries of a period have not ended."""
    query = select(func.count()).select_from(Delivery)
    return session.scalar(query.where(Delivery.period_end == period.end, Delivery.state.in_(UNFINISHED))) or 0


def _send_one(
    database: Database,
    delivery_id: UUID,
    declarations: Mapping[str, Declaration],
    taxonomy: Taxonomy,
    smtp_url: str,
    sender: str,
    now: datetime,
) -> str | None:
    """Send one row while its lock is held: a second sender passes it by; None when somebody else has it."""
    with database.session() as session:
        delivery = session.scalars(
            select(Delivery)
            .where(Delivery.id == delivery_id, Delivery.state.in_(UNFINISHED))
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if delivery is None:
            return None
        subscriber = session.get_one(Subscriber, delivery.subscriber_id)
        period = Period(delivery.period_start, delivery.period_end)
        digest = _noted(session, delivery.id, _select(session, subscriber, period, declarations))
        rendered = render(digest, subscriber.language, taxonomy, dict(declarations))
        sent = mail.send(
            mail.message(rendered, sender, subscriber.address, delivery.message_id, min(delivery.period_end, now)),
            smtp_url,
        )
        delivery.state, delivery.error = sent.state, sent.error
        delivery.sent_at = now if sent.state == "sent" else None
        return sent.state
