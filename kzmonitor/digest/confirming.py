"""An address that a reader entered by itself is asked first, and only once."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kzmonitor import i18n
from kzmonitor.config import Settings
from kzmonitor.digest.outbox import message_id
from kzmonitor.digest.rendering import Rendered, environment
from kzmonitor.digest.signatures import CONFIRM, link
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber, new_id

FORGOTTEN_AFTER = timedelta(days=7)


def ask(session: Session, subscriber: Subscriber, now: datetime) -> None:
    """Put the question into the outbox."""
    session.flush()
    session.add(
        Delivery(
            id=new_id(),
            subscriber_id=subscriber.id,
            mode="confirmation",
            period_start=now,
            period_end=now,
            channel=subscriber.channel,
            state="waiting",
            message_id=message_id(subscriber.id, subscriber.channel, "confirmation", now),
        )
    )


def question(subscriber: UUID, language: str, settings: Settings) -> Rendered:
    """The mail that asks, with the link that answers."""
    with i18n.speaking(language):
        subject = i18n._("kzmonitor: do you want these digests?")
        values = {"language": language, "subject": subject, "link": link(settings, CONFIRM, subscriber), "desk": None}
        html = environment(language).get_template("confirmation.html").render(values)
        text = environment(language).get_template("confirmation.txt").render(values)
        return Rendered(subject, html, text.strip() + "\n")


def forget_unconfirmed(database: Database, now: datetime) -> int:
    """Forget the addresses that have not answered; how many."""
    old = select(Subscriber.id).where(Subscriber.state == "unconfirmed", Subscriber.created_at < now - FORGOTTEN_AFTER)
    with database.session() as session:
        gone = session.scalars(old).all()
        session.execute(delete(Delivery).where(Delivery.subscriber_id.in_(gone)))
        session.execute(delete(Subscriber).where(Subscriber.id.in_(gone)))
    return len(gone)
