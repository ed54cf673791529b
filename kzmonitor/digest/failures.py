"""Deliveries that did not go as they should, for those who look after the desk."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Delivery, Subscriber


@dataclass(frozen=True)
class Trouble:
    """A delivery that was refused, waits, or may have arrived twice or not at all. doubts: how often that stayed
    unknown."""

    id: UUID
    address: str
    channel: str
    mode: str
    period_end: datetime
    state: str
    error: str | None
    tries: int
    doubts: int
    next_try: datetime | None
    message_id: str


def troubles(session: Session, *, limit: int = 100) -> list[Trouble]:
    """The newest deliveries that did not simply arrive, newest first."""
    query = (
        select(
            Delivery.id, Subscriber.address, Delivery.channel, Delivery.mode, Delivery.period_end, Delivery.state,
            Delivery.error, Delivery.tries, Delivery.doubts, Delivery.next_try, Delivery.message_id,
        )
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where((Delivery.state != "sent") | (Delivery.doubts > 0))
        .order_by(Delivery.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [Trouble(*row) for row in session.execute(query)]


@dataclass(frozen=True)
class Latest:
    """The newest delivery of a subscription: its state and the end of its period."""

    state: str
    at: datetime


def latest(session: Session, subscribers: Collection[UUID]) -> dict[UUID, Latest]:
    """How the newest delivery of each subscription stands."""
    query = (
        select(Delivery.subscriber_id, Delivery.state, Delivery.period_end)
        .where(Delivery.subscriber_id.in_(subscribers), Delivery.mode != "confirmation")
        .ext(distinct_on(Delivery.subscriber_id))
        .order_by(Delivery.subscriber_id, Delivery.period_end.desc())
    )
    return {row[0]: Latest(row[1], row[2]) for row in session.execute(query)}


def again(session: Session, delivery: UUID) -> bool:
    """Send it once more at the next run, because a person says so; False where it has arrived, or is on its way."""
    row = update(Delivery).where(Delivery.id == delivery, Delivery.state.in_(("waiting", "refused", "unknown")))
    changed = session.execute(row.values(state="waiting", next_try=None, error=None).returning(Delivery.id))
    return changed.first() is not None
