"""Subscriptions: who is sent what, where and when; made, changed, confirmed and ended."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit
from kzmonitor.config import Settings
from kzmonitor.digest import confirming
from kzmonitor.digest.mail import checked_address
from kzmonitor.digest.openpgp import checked_key
from kzmonitor.digest.signatures import WEBHOOK, can_link, signature
from kzmonitor.digest.telegram import checked_chat
from kzmonitor.digest.webhook import checked_webhook
from kzmonitor.errors import InputError
from kzmonitor.i18n import LANGUAGES, _
from kzmonitor.language.places import region_names
from kzmonitor.store.tables import Delivery, DeliveryItem, Subscriber, new_id

CHANNELS = ("mail", "feed", "webhook", "telegram")
# A reader can't be asked over the others whether they want it; an admin answers for them.
FOR_READERS = ("mail", "feed")
MODES = ("daily", "weekly", "immediate")
MOST_OF_A_READER = 20


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for. An empty tuple asks for all; notice_severity None: nothing at once; weekday 0: Monday."""

    channel: str = "mail"
    address: str = ""
    mode: str = "daily"
    language: str = "ru"
    labels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    min_severity: int = 1
    notice_severity: int | None = None
    hour: int = 8
    weekday: int = 0
    openpgp: str | None = None


@dataclass(frozen=True)
class Made:
    """A subscription that was made. secret: the address of a feed's token, or the key of a webhook; it is shown once,
    and not kept."""

    subscriber: Subscriber
    secret: str | None = None


def checked(
    wanted: Wanted, labels: Collection[str], outlets: Collection[str], settings: Settings, now: datetime
) -> Wanted:
    """What is asked for, in one spelling. Raises InputError that names what can't be."""
    _one_of("channel", wanted.channel, CHANNELS)
    _one_of("mode", wanted.mode, MODES)
    _one_of("language", wanted.language, LANGUAGES)
    for name in wanted.labels:
        _one_of("label", name, labels)
    for name in wanted.regions:
        _one_of("region", name, region_names())
    for name in wanted.outlets:
        _one_of("outlet", name, outlets)
    _within("severity", wanted.min_severity, 1, 4)
    _within("hour", wanted.hour, 0, 23)
    _within("weekday", wanted.weekday, 0, 6)
    if wanted.notice_severity is not None:
        _within("severity", wanted.notice_severity, 1, 4)
    key = (wanted.openpgp or "").strip()
    if key and wanted.channel != "mail":
        raise InputError(_("an OpenPGP key is for mail only"))
    return replace(wanted, address=_address(wanted, settings), openpgp=checked_key(key, now) if key else None)


def _address(wanted: Wanted, settings: Settings) -> str:
    if wanted.channel == "mail":
        return checked_address(wanted.address.strip().lower())
    if wanted.channel == "webhook":
        if settings.secret_key is None:
            raise InputError(_("webhooks are signed: set KZMONITOR_SECRET_KEY first"))
        return checked_webhook(wanted.address.strip(), settings)
    return checked_chat(wanted.address.strip()) if wanted.channel == "telegram" else wanted.address


def _one_of(what: str, said: str, known: Collection[str]) -> None:
    if said not in known:
        raise InputError(
            _("{what} {said}: must be one of {known}").format(what=what, said=repr(said[:60]), known=", ".join(known))
        )


def _within(what: str, said: int, least: int, most: int) -> None:
    if not least <= said <= most:
        raise InputError(
            _("{what} {said}: must be {least} to {most}").format(what=what, said=said, least=least, most=most)
        )


def subscribe(session: Session, wanted: Wanted, settings: Settings, now: datetime) -> Made:
    """A subscription that an admin makes (checked before); the same address, channel and mode again is changed."""
    query = select(Subscriber).where(
        Subscriber.address == wanted.address, Subscriber.channel == wanted.channel, Subscriber.mode == wanted.mode
    )
    known = session.scalars(query).one_or_none() if wanted.channel != "feed" else None
    if known is not None:
        change(known, wanted)
        known.state = "active"
        return Made(known, _webhook_key(known, settings))
    return _made(session, wanted, None, settings, now, state="active")


def subscribe_oneself(session: Session, account: UUID, wanted: Wanted, settings: Settings, now: datetime) -> Made:
    """A subscription that a reader makes for itself (checked before): a feed, or a mail address that is asked first.
    Raises InputError."""
    if wanted.channel not in FOR_READERS:
        raise InputError(_("webhooks and chats are made by an admin"))
    own = select(func.count()).select_from(Subscriber).where(Subscriber.account_id == account)
    if (session.scalar(own) or 0) >= MOST_OF_A_READER:
        raise InputError(_("you have {n} subscriptions; remove one first").format(n=MOST_OF_A_READER))
    if wanted.channel == "feed":
        return _made(session, wanted, account, settings, now, state="active")
    if not can_link(settings) or settings.smtp_url is None or settings.mail_from is None:
        raise InputError(_("an address is asked by mail first, which is not set up here; ask an admin to add it"))
    query = select(Subscriber.id).where(
        Subscriber.address == wanted.address, Subscriber.channel == "mail", Subscriber.mode == wanted.mode
    )
    if session.scalar(query) is not None:
        raise InputError(_("this address has such a subscription already, or was asked for one"))
    made = _made(session, wanted, account, settings, now, state="unconfirmed")
    confirming.ask(session, made.subscriber, now)
    return made


def _made(
    session: Session, wanted: Wanted, account: UUID | None, settings: Settings, now: datetime, *, state: str
) -> Made:
    subscriber = Subscriber(id=new_id(), address=wanted.address, channel=wanted.channel, state=state, created_at=now)
    subscriber.account_id = account
    change(subscriber, wanted)
    secret = _webhook_key(subscriber, settings)
    if wanted.channel == "feed":
        subscriber.address = f"feed {secrets.token_hex(4)}"
        secret = new_feed_token(subscriber)
    session.add(subscriber)
    session.flush()
    return Made(subscriber, secret)


def _webhook_key(subscriber: Subscriber, settings: Settings) -> str | None:
    return signature(settings, WEBHOOK, subscriber.id) if subscriber.channel == "webhook" else None


def changed(session: Session, subscriber: Subscriber, wanted: Wanted) -> None:
    """Send something else from now on (checked before). Raises InputError when the address has such a one already."""
    query = select(Subscriber.id).where(
        Subscriber.address == subscriber.address,
        Subscriber.channel == subscriber.channel,
        Subscriber.mode == wanted.mode,
        Subscriber.id != subscriber.id,
    )
    if session.scalar(query) is not None:
        raise InputError(_("this address has such a subscription already, or was asked for one"))
    change(subscriber, wanted)


def change(subscriber: Subscriber, wanted: Wanted) -> None:
    """Write what is wanted into the row; address and channel stay."""
    subscriber.mode = wanted.mode
    subscriber.language = wanted.language
    subscriber.labels, subscriber.regions = list(wanted.labels), list(wanted.regions)
    subscriber.outlets = list(wanted.outlets)
    subscriber.min_severity, subscriber.notice_severity = wanted.min_severity, wanted.notice_severity
    subscriber.hour, subscriber.weekday = wanted.hour, wanted.weekday
    subscriber.openpgp = wanted.openpgp


def wanted_by(subscriber: Subscriber) -> Wanted:
    """What a subscriber asked for."""
    return Wanted(
        subscriber.channel,
        subscriber.address,
        subscriber.mode,
        subscriber.language,
        tuple(subscriber.labels),
        tuple(subscriber.regions),
        tuple(subscriber.outlets),
        subscriber.min_severity,
        subscriber.notice_severity,
        subscriber.hour,
        subscriber.weekday,
        subscriber.openpgp,
    )


def new_feed_token(subscriber: Subscriber) -> str:
    """A new secret address for a feed; the old one leads nowhere from now on. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    subscriber.token_sha256 = hashlib.sha256(token.encode()).digest()
    return token


def by_feed_token(session: Session, token: str) -> Subscriber | None:
    """Whose feed has this address."""
    hashed = hashlib.sha256(token.encode("utf-8", "replace")).digest()
    return session.scalars(select(Subscriber).where(Subscriber.token_sha256 == hashed)).one_or_none()


def confirm(session: Session, subscriber_id: UUID) -> bool:
    """The address has said yes; False when it is not known any more."""
    subscriber = session.get(Subscriber, subscriber_id)
    if subscriber is not None:
        subscriber.state = "active"
    return subscriber is not None


def end(session: Session, subscribers: Collection[UUID]) -> int:
    """Send nothing more to them, and forget them and what they were sent; how many there were."""
    found = session.scalars(select(Subscriber.id).where(Subscriber.id.in_(subscribers)).with_for_update()).all()
    deliveries = select(Delivery.id).where(Delivery.subscriber_id.in_(found))
    session.execute(delete(DeliveryItem).where(DeliveryItem.delivery_id.in_(deliveries)))
    session.execute(delete(Delivery).where(Delivery.subscriber_id.in_(found)))
    session.execute(delete(Subscriber).where(Subscriber.id.in_(found)))
    return len(found)


def by_address(session: Session, address: str) -> list[Subscriber]:
    """All subscriptions of an address, in any spelling of a mail address."""
    query = select(Subscriber).where(func.lower(Subscriber.address) == address.lower())
    return list(session.scalars(query.order_by(Subscriber.created_at)))


def of_account(session: Session, account: UUID | None) -> list[Subscriber]:
    """The subscriptions that a reader made; None: everybody's."""
    query = select(Subscriber).order_by(Subscriber.created_at.desc(), Subscriber.id).limit(500)
    return list(session.scalars(query if account is None else query.where(Subscriber.account_id == account)))


def note(session: Session, person: UUID | None, action: str, subscriber: Subscriber, now: datetime) -> None:
    """Write into the log of what people did; the address stays out of it."""
    before: Mapping[str, str] = {"channel": subscriber.channel, "mode": subscriber.mode}
    audit.note(session, person, action, "subscriber", subscriber.id, before, now)
