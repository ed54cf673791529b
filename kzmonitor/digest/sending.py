"""Sending what is in the outbox: each row by one sender, its state written down before and after the moment in which
it can become unknown whether it arrived.

One sender at a time holds a channel (an advisory lock, which ends with its process). A row that stands at `sending`
when the channel is free again was left by a sender that died: whether its message arrived nobody knows. It is sent once
more under the same Message-ID, after all others; one that stays unknown twice waits for a person, so that nobody gets
a third copy by itself."""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from kzmonitor import logs
from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.config import Settings
from kzmonitor.digest import outbox
from kzmonitor.digest.channel import Channel, Parcel, Sent
from kzmonitor.digest.confirming import question
from kzmonitor.digest.editions import Editions
from kzmonitor.digest.mail import Mail, server_of
from kzmonitor.digest.rendering import label_names
from kzmonitor.digest.signatures import can_link
from kzmonitor.digest.telegram import Telegram
from kzmonitor.digest.webhook import Webhook
from kzmonitor.i18n import LANGUAGES, _
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber

CHANNELS = ("mail", "telegram", "webhook")
AT_ONCE = 100
# How long what failed waits, by the number of tries; the last one again and again.
PAUSES_MIN = (1, 5, 15, 60, 240)
MOST_DOUBTS = 2


@dataclass(frozen=True)
class Task:
    """Which rows are to be sent. end: of one period only; patient: only those whose pause is over."""

    now: datetime
    end: datetime | None = None
    patient: bool = True


def send_waiting(
    database: Database,
    declarations: Mapping[str, Declaration],
    taxonomy: Taxonomy,
    settings: Settings,
    task: Task,
    *,
    wait: bool = True,
) -> Counter[str]:
    """Send what has not ended, over all channels; how many ended in each state.

    wait: until another sender is done with a channel, and then what it left; else such a channel is passed by."""
    editions = Editions(declarations, taxonomy, settings)
    outcomes: Counter[str] = Counter()
    for name in CHANNELS:
        with _held(database.engine, name, wait=wait) as held:
            if held and (due := _due(database, name, task)):
                outcomes += _sent_over(database, name, due, editions, settings, task.now)
    for state, count in outcomes.items():
        logs.event("sent", state=state, count=count)
    return outcomes


@contextmanager
def _held(engine: Engine, channel: str, *, wait: bool) -> Iterator[bool]:
    """Whether this process alone sends over a channel during the block."""
    number = zlib.crc32(f"kzmonitor {channel}".encode())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if wait:
            connection.execute(text("select pg_advisory_lock(:number)"), {"number": number})
            held = True
        else:
            held = bool(connection.scalar(text("select pg_try_advisory_lock(:number)"), {"number": number}))
        try:
            yield held
        finally:
            if held:
                connection.execute(text("select pg_advisory_unlock(:number)"), {"number": number})


def _due(database: Database, channel: str, task: Task) -> list[UUID]:
    """The rows to send, what is in doubt last. What a dead sender left is called unknown first."""
    left = update(Delivery).where(Delivery.channel == channel, Delivery.state == "sending")
    pause = task.now + timedelta(minutes=PAUSES_MIN[0])
    open_ones = (Delivery.state == "waiting") | ((Delivery.state == "unknown") & (Delivery.doubts < MOST_DOUBTS))
    query = select(Delivery.id).where(Delivery.channel == channel, open_ones)
    if task.patient:
        query = query.where((Delivery.next_try.is_(None)) | (Delivery.next_try <= task.now))
    if task.end is not None:
        query = query.where(Delivery.period_end == task.end)
    with database.session() as session:
        error = _("the sender was interrupted")
        session.execute(left.values(state="unknown", doubts=Delivery.doubts + 1, next_try=pause, error=error))
        return list(session.scalars(query.order_by(Delivery.doubts, Delivery.id)))


def _sent_over(
    database: Database, name: str, due: Sequence[UUID], editions: Editions, settings: Settings, now: datetime
) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    with _channel(name, editions, settings, now) as channel:
        for first in range(0, len(due), AT_ONCE):
            chunk = due[first : first + AT_ONCE]
            with database.session() as session:
                parcels = _parcels(session, chunk, editions, settings, now)
            for place, (id, parcel) in enumerate(parcels):
                sent = channel.deliver(parcel, lambda done, id=id: _begun(database, id, done))  # type: ignore[misc]
                if sent.state != "withdrawn":
                    _note(database, id, sent, now)
                    outcomes[sent.state] += 1
                if sent.closed:
                    rest = [other for other, _parcel in parcels[place + 1 :]] + list(due[first + AT_ONCE :])
                    _note_closed(database, rest, sent, now)
                    outcomes[sent.state] += len(rest)
                    return outcomes
    return outcomes


class _Unset:
    """A channel whose settings are missing."""

    def __init__(self, error: str) -> None:
        self.error = error

    def __enter__(self) -> "_Unset":
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def deliver(self, _parcel: Parcel, _begin: object) -> Sent:
        return Sent("waiting", self.error, closed=True)


def _channel(name: str, editions: Editions, settings: Settings, now: datetime) -> Channel:
    """The channel of a name. Raises SetupError for an SMTP address that is none."""
    if name == "mail":
        if settings.smtp_url is None or settings.mail_from is None:
            return _Unset(_("KZMONITOR_SMTP_URL and KZMONITOR_MAIL_FROM are not set"))
        server_of(settings.smtp_url.get_secret_value())
        return Mail(settings)
    labels = {language: label_names(editions.taxonomy, language) for language in LANGUAGES}
    if name == "telegram":
        return Telegram(settings, labels, {slug: one.name for slug, one in editions.declarations.items()})
    return Webhook(settings, labels, now)


def _parcels(
    session: Session, ids: Sequence[UUID], editions: Editions, settings: Settings, now: datetime
) -> list[tuple[UUID, Parcel]]:
    """The rows with what they tell, in the order of `ids`; those that are gone are left out."""
    query = (
        select(Delivery, Subscriber)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.id.in_(ids))
    )
    rows = {delivery.id: (delivery, subscriber) for delivery, subscriber in session.execute(query)}
    noted = outbox.noted(session, ids)
    parcels = []
    for id in ids:
        if id not in rows:
            continue
        delivery, subscriber = rows[id]
        own, language = noted.get(id, {}), subscriber.language
        is_question = delivery.mode == "confirmation"
        if is_question and not can_link(settings):
            continue
        parcels.append((id, Parcel(
            subscriber_id=subscriber.id,
            address=subscriber.address,
            language=language,
            openpgp=subscriber.openpgp,
            message_id=delivery.message_id,
            mode=delivery.mode,
            when=min(delivery.period_end, now),
            digest=None if is_question else editions.digest(session, delivery, own),
            rendered=question(subscriber.id, language, settings)
            if is_question
            else editions.rendered(session, delivery, own, language),
            progress=delivery.progress,
        )))  # fmt: skip
    return parcels


def _begun(database: Database, id: UUID, done: int) -> bool:
    """Write down that a message is on its way, `done` of its parts having arrived; False when it is not wanted any
    more."""
    row = update(Delivery).where(Delivery.id == id, Delivery.state.in_(("waiting", "unknown", "sending")))
    with database.engine.begin() as connection:
        return connection.execute(row.values(state="sending", progress=done)).rowcount == 1


def _note(database: Database, id: UUID, sent: Sent, now: datetime) -> None:
    """Write down how a delivery ended."""
    doubt = 1 if sent.state == "unknown" else 0
    with database.engine.begin() as connection:
        tries = connection.scalar(
            update(Delivery)
            .where(Delivery.id == id)
            .values(
                state=sent.state,
                error=sent.error,
                sent_at=now if sent.state == "sent" else None,
                tries=Delivery.tries + 1,
                doubts=Delivery.doubts + doubt,
                next_try=None,
            )
            .returning(Delivery.tries)
        )
        if tries is not None and sent.state in ("waiting", "unknown"):
            pause = timedelta(minutes=PAUSES_MIN[min(tries, len(PAUSES_MIN)) - 1])
            if sent.again_in_s is not None:
                pause = timedelta(seconds=sent.again_in_s)
            connection.execute(update(Delivery).where(Delivery.id == id).values(next_try=now + pause))


def _note_closed(database: Database, ids: Sequence[UUID], sent: Sent, now: datetime) -> None:
    """Those that were not tried, since the channel does not work: they wait, too, and keep their doubts."""
    with database.engine.begin() as connection:
        for first in range(0, len(ids), 1000):
            row = update(Delivery).where(Delivery.id.in_(ids[first : first + 1000]))
            pause = timedelta(minutes=PAUSES_MIN[0])
            connection.execute(row.values(error=sent.error, next_try=now + pause))
