"""Copies share one incident and one alert; nothing is opened twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.incidents.grouping import group_waiting
from kzmonitor.store import Database
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Capture,
    Incident,
    IncidentArticle,
    Model,
    Prediction,
    Revision,
    Source,
    new_id,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STORY = (
    "Сотрудники департамента полиции задержали активистку возле здания акимата и увезли её в управление полиции, где "
    "продержали до вечера. Адвоката к ней не пустили, рассказали её соратники. Суд назначил пятнадцать суток ареста."
)
OTHER = (
    "Суд отказал журналисту в иске о недопуске на заседание парламента. Пресс-служба объяснила отказ в аккредитации "
    "нехваткой мест, хотя зал был полупуст. Редакция намерена обжаловать решение в городском суде столицы."
)


@pytest.fixture
def model(session: Session) -> UUID:
    return a_model(session)


def a_model(session: Session) -> UUID:
    row = Model(
        version="test", sha256=b"", state="champion", body=b"", trained_at=NOW, metrics={}, data_sha256=b"", taxonomy={}
    )
    session.add(row)
    session.flush()
    return row.id


def an_article(
    session: Session,
    model: UUID,
    text: str,
    source: str,
    *,
    when: datetime = NOW,
    tier: str | None = "mail",
    labels: tuple[str, ...] = ("detention",),
) -> UUID:
    """An article as cutting and scoring leave it."""
    if session.get(Source, source) is None:
        session.add(
            Source(slug=source, name=source, tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True)
        )
        session.flush()
    url = f"https://{source}.example/{new_id()}"
    capture = Capture(
        source=source, url=url, canonical_url=url, route="direct", fetched_at=when, status=200, headers={}, hops=[],
        body=b"", sha256=b"",
    )  # fmt: skip
    article = Article(key=url, canonical_url=url, source=source, first_seen=when)
    session.add_all([capture, article])
    session.flush()
    revision = Revision(
        article_id=article.id, capture_id=capture.id, text_sha256=sha256(text.encode()).digest(), title=text[:40],
        text=text, language="ru", script="cyrillic", published_at=when, cut_by="layout:0",
    )  # fmt: skip
    session.add(revision)
    session.flush()
    article.current_revision = revision.id
    session.add(
        Prediction(
            revision_id=revision.id, model_id=model, relevance=0.9 if tier else 0.1, probabilities={},
            labels=list(labels) if tier else [], tier=tier, reasons=[],
        )
    )  # fmt: skip
    session.flush()
    return article.id


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_flagged_article_opens_one_incident_with_one_alert(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    assert group_waiting(session, model, NOW) == {"opened": 1}
    alert = session.scalars(select(Alert)).one()
    assert (alert.tier, alert.opened_at) == ("mail", NOW)
    assert [event.kind for event in session.scalars(select(AlertEvent))] == ["opened"]


def test_what_was_not_flagged_opens_nothing(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast", tier=None)
    assert group_waiting(session, model, NOW) == {}
    assert count(session, Incident) == 0


def test_a_copy_joins_and_is_no_news(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    group_waiting(session, model, NOW)
    an_article(session, model, STORY + " Читайте также: другие новости дня.", "orda", when=NOW + timedelta(hours=2))
    assert group_waiting(session, model, NOW) == {"joined": 1}
    assert count(session, Alert) == 1
    assert count(session, AlertEvent) == 1
    incident = session.scalars(select(Incident)).one()
    assert incident.last_seen == NOW + timedelta(hours=2)
    assert incident.severity == 4, "detention, told by two outlets"


def test_another_story_opens_its_own(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    an_article(session, model, OTHER, "vlast", labels=("obstruction",))
    assert group_waiting(session, model, NOW) == {"opened": 2}


def test_grouping_again_does_nothing(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast")
    group_waiting(session, model, NOW)
    assert group_waiting(session, model, NOW) == {}
    assert count(session, IncidentArticle) == 1


def test_a_copy_that_is_surer_raises_the_alert_to_mail_and_tells_it_once(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast", tier="queue")
    group_waiting(session, model, NOW)
    for source in ("orda", "kursiv"):
        an_article(session, model, STORY, source)
        group_waiting(session, model, NOW)
    assert session.scalars(select(Alert)).one().tier == "mail"
    assert sorted(event.kind for event in session.scalars(select(AlertEvent))) == ["opened", "renewed"]


def test_the_same_words_half_a_year_later_are_another_event(session: Session, model: UUID) -> None:
    an_article(session, model, STORY, "vlast", when=NOW - timedelta(days=180))
    an_article(session, model, STORY, "orda")
    assert group_waiting(session, model, NOW) == {"opened": 2}


def test_several_workers_at_once_open_what_one_would_have(database: Database) -> None:
    with database.session() as session:
        model = a_model(session)
        for source in "abcdef":
            an_article(session, model, STORY, source)
            an_article(session, model, OTHER, source)

    def work(_number: int) -> int:
        done = 0
        while True:
            with database.session() as own:
                outcomes = group_waiting(own, model, NOW, limit=1)
            if not outcomes:
                return done
            done += outcomes.total()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 12
    with database.session() as session:
        assert (count(session, Incident), count(session, Alert), count(session, IncidentArticle)) == (2, 2, 12)
