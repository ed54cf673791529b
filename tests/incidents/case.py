"""A case of six turns as reports of three languages tell it, and tellings to try things on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.incidents.telling import Telling
from kzmonitor.store.tables import AlertEvent, Article, Delivery, DeliveryItem, Source, Subscriber, new_id

DAY = timedelta(days=1)
START = datetime(2025, 11, 3, 9, tzinfo=UTC)
NAMES = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
# day of the case, source, language, title, text
REPORTS = (
    (0, "vlast", "ru", "В Актобе задержан активист Берик Сагындыков", "Полиция задержала активиста у акимата."),
    (9, "azattyq", "kk", "Берік Сағындықовқа айып тағылды", "Тергеуші белсенді Берік Сағындықовқа айып тақты."),
    (30, "orda", "ru", "Назначен суд", "Суд над активистом Бериком Сагындыковым начнётся 9 декабря."),
    (
        41,
        "rferl",
        "en",
        "Three years for Aktobe activist",
        "A court sentenced Berik Sagyndykov to three years in prison.",
    ),
    (50, "vlast", "ru", "Защита спорит", "Адвокаты подали апелляционную жалобу на приговор Берику Сагындыкову."),
    (
        90,
        "rferl",
        "en",
        "Berik Sagyndykov released",
        "Activist Berik Sagyndykov was released on parole, his family said.",
    ),
)
FOUR = [
    ("opened", None, "detained"),
    ("renewed", "detained", "charged"),
    ("renewed", "charged", "sentenced"),
    ("renewed", "sentenced", "released"),
]


def telling(
    title: str,
    text: str = "",
    *,
    when: datetime = START,
    source: str = "vlast",
    language: str = "ru",
    labels: Sequence[str] = ("detention",),
    tier: str = "mail",
    relevance: float = 0.9,
    fields: Mapping[str, Any] | None = None,
) -> Telling:
    """A telling whose article is named by what it says and when."""
    key = f"{source} {when.isoformat()} {title}"
    return Telling(
        uuid5(NAMES, key), key, source, title, text, language, when, tuple(labels), tier, relevance, fields or {}
    )


def case() -> list[Telling]:
    """The six reports in order."""
    return [
        telling(title, text, when=START + timedelta(days=day), source=source, language=language)
        for day, source, language, title, text in REPORTS
    ]


def copy_of(told: Telling, source: str, hours: int = 5) -> Telling:
    """The same text, printed by somebody else some hours later."""
    return telling(
        told.title, told.text, when=told.when + timedelta(hours=hours), source=source, language=told.language
    )


def stored(session: Session, tellings: Sequence[Telling]) -> None:
    """Write the articles of these tellings, once each."""
    for one in tellings:
        if session.get(Source, one.source) is None:
            session.add(
                Source(
                    slug=one.source, name=one.source, tier=1, kind="outlet", languages=[one.language], country="KZ",
                    enabled=True,
                )
            )  # fmt: skip
            session.flush()
        if session.get(Article, one.article_id) is None:
            url = f"https://{one.source}.example/{one.article_id}"
            session.add(
                Article(id=one.article_id, key=one.key, canonical_url=url, source=one.source, first_seen=one.when)
            )
    session.flush()


def mail(session: Session, when: datetime) -> list[AlertEvent]:
    """Mark all events that are not told yet as told, as a delivered digest does."""
    told = select(DeliveryItem).where(DeliveryItem.alert_event_id == AlertEvent.id).exists()
    fresh = list(session.scalars(select(AlertEvent).where(~told)))
    subscriber = session.scalars(select(Subscriber)).first()
    if subscriber is None:
        subscriber = Subscriber(
            id=new_id(), address="desk@example.org", channel="mail", mode="daily", language="ru", labels=[], regions=[]
        )
        session.add(subscriber)
        session.flush()
    delivery = Delivery(
        id=new_id(), subscriber_id=subscriber.id, mode="daily", period_start=when - DAY, period_end=when,
        channel="mail", state="sent", message_id=f"<{new_id()}@example.org>",
    )  # fmt: skip
    session.add(delivery)
    session.flush()
    session.add_all(DeliveryItem(delivery_id=delivery.id, alert_event_id=event.id) for event in fresh)
    session.flush()
    return fresh
