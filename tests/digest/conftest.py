"""A small world for digests: sources, a model, and flagged articles grouped into alerts."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kzmonitor.classify import scoring
from kzmonitor.incidents.grouping import group_now
from kzmonitor.sources import registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Capture,
    IncidentArticle,
    Model,
    Prediction,
    Review,
    Revision,
    Source,
    new_id,
)

END = datetime(2026, 11, 22, 3, tzinfo=UTC)


class World:
    """Puts rows where cutting, scoring and grouping would have put them."""

    def __init__(self, session: Session, version: str = "test") -> None:
        self.session = session
        model = Model(
            version=version, sha256=b"", state="champion" if version == "test" else "retired", body=b"",
            trained_at=END, metrics={}, data_sha256=b"", taxonomy={},
        )  # fmt: skip
        session.add(model)
        session.flush()
        self.model = model.id

    def alert(
        self,
        title: str,
        *,
        ready_at: datetime = END - timedelta(hours=5),
        published_at: datetime | None = None,
        tier: str = "mail",
        labels: tuple[str, ...] = ("detention",),
        source: str = "vlast",
        phrase: str = "задержали",
    ) -> UUID:
        """An alert with one article, ready at that moment; its id."""
        session = self.session
        if session.get(Source, source) is None:
            session.add(
                Source(slug=source, name=source, tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True)
            )
            session.flush()
        url = f"https://{source}.example/{new_id()}"
        capture = Capture(
            source=source, url=url, canonical_url=url, route="direct", fetched_at=ready_at, status=200, headers={},
            hops=[], body=b"", sha256=b"",
        )  # fmt: skip
        article = Article(key=url, canonical_url=url, source=source, first_seen=ready_at)
        session.add_all([capture, article])
        session.flush()
        text = f"{title}. {new_id()} {new_id()} {new_id()}"
        revision = Revision(
            article_id=article.id, capture_id=capture.id, text_sha256=sha256(text.encode()).digest(), title=title,
            text=text, language="ru", script="cyrillic", published_at=published_at or ready_at, cut_by="layout:0",
            created_at=ready_at,
        )  # fmt: skip
        session.add(revision)
        session.flush()
        article.current_revision = revision.id
        session.add(
            Prediction(
                revision_id=revision.id, model_id=self.model, relevance=0.93, probabilities={}, labels=list(labels),
                tier=tier, created_at=ready_at,
                reasons=[{"label": "detention", "phrase": phrase, "start": 0, "end": 3, "weight": 1.0,
                          "concept": None, "side": "for"}],
            )
        )  # fmt: skip
        scoring.mark(session, self.model, [revision.id])
        assert group_now(session, ready_at) == {"opened": 1}
        link = select(IncidentArticle.incident_id).where(IncidentArticle.article_id == article.id).scalar_subquery()
        session.execute(
            update(IncidentArticle).where(IncidentArticle.article_id == article.id).values(created_at=ready_at)
        )
        return session.scalars(select(Alert.id).where(Alert.incident_id == link)).one()

    def decide(self, alert: UUID, decision: str, when: datetime) -> None:
        """A person's decision, with the event that goes with it."""
        self.session.add(Review(subject="alert", subject_id=alert, decision=decision, created_at=when))
        kind = "corrected" if decision == "reject" else "renewed"
        self.session.add(AlertEvent(alert_id=alert, kind=kind, ready_at=when))
        self.session.flush()


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


@pytest.fixture
def declarations() -> dict[str, Declaration]:
    known = registry.load().sources
    return {slug: known[slug] for slug in ("vlast", "orda", "azattyq")}


def committed(database: Database, *titles: str) -> None:
    """Alerts that are there for every connection."""
    with database.session() as session:
        world = World(session)
        for title in titles:
            world.alert(title)
