"""Articles as cutting and scoring leave them, for grouping."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.classify import scoring
from kzmonitor.store.tables import Article, Capture, Model, Prediction, Revision, Source, new_id

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
STORY = (
    "Сотрудники департамента полиции задержали активистку возле здания акимата и увезли её в управление полиции, где "
    "продержали до вечера. Адвоката к ней не пустили, рассказали её соратники. Суд назначил пятнадцать суток ареста."
)
OTHER = (
    "Суд отказал журналисту в иске о недопуске на заседание парламента. Пресс-служба объяснила отказ в аккредитации "
    "нехваткой мест, хотя зал был полупуст. Редакция намерена обжаловать решение в городском суде столицы."
)


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
    fields: dict[str, Any] | None = None,
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
            fields=fields or {},
        )
    )  # fmt: skip
    scoring.mark(session, model, [revision.id])
    return article.id


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0
