"""What the articles of an incident tell: their current texts in order of publication, and what the model said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Article, Capture, IncidentArticle, Model, Prediction, Revision, Source

# In order of publication; the key settles what was published in the same minute.
TOLD = (func.coalesce(Revision.published_at, Article.first_seen), Article.key)


@dataclass(frozen=True)
class Reason:
    """A phrase that spoke for or against a label ("relevance", or the label's name).

    start, end: character offsets into title, line break, text."""

    label: str
    phrase: str
    start: int
    end: int
    weight: float
    concept: str | None
    side: Literal["for", "against"]


@dataclass(frozen=True)
class PredictionView:
    """What a model said of a text."""

    model: str
    relevance: float
    probabilities: dict[str, float]
    labels: list[str]
    tier: str | None
    reasons: list[Reason]


@dataclass(frozen=True)
class ArticleView:
    """The current text of one article of an incident, where it came from, and what the model said of it."""

    id: UUID
    revision_id: UUID
    capture_id: UUID
    source: str
    source_name: str
    url: str
    title: str
    text: str
    language: str
    author: str | None
    published_at: datetime | None
    date_doubt: str | None
    fetched_at: datetime
    prediction: PredictionView | None


def articles(session: Session, incident_id: UUID) -> list[ArticleView]:
    """The articles of an incident in order of publication."""
    query = (
        select(Article, Revision, Source.name, Capture.fetched_at)
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Source, Source.slug == Article.source)
        .join(Capture, Capture.id == Revision.capture_id)
        .where(IncidentArticle.incident_id == incident_id)
        .order_by(*TOLD)
    )
    rows = session.execute(query).all()
    said = _predictions(session, [revision.id for _, revision, _, _ in rows])
    return [
        ArticleView(
            id=article.id,
            revision_id=revision.id,
            capture_id=revision.capture_id,
            source=article.source,
            source_name=name,
            url=article.canonical_url,
            title=revision.title,
            text=revision.text,
            language=revision.language,
            author=revision.author,
            published_at=revision.published_at,
            date_doubt=revision.date_doubt,
            fetched_at=fetched_at,
            prediction=said.get(revision.id),
        )
        for article, revision, name, fetched_at in rows
    ]


def _predictions(session: Session, revisions: Sequence[UUID]) -> dict[UUID, PredictionView]:
    """What the champion said of each text, or the model asked last where the champion was not asked yet."""
    query = (
        select(Prediction, Model.version)
        .join(Model, Model.id == Prediction.model_id)
        .where(Prediction.revision_id.in_(revisions))
        .distinct(Prediction.revision_id)
        .order_by(Prediction.revision_id, and_(Model.state == "champion").desc(), Prediction.created_at.desc())
    )
    return {
        said.revision_id: PredictionView(
            model=version,
            relevance=said.relevance,
            probabilities={label: float(chance) for label, chance in said.probabilities.items()},
            labels=said.labels,
            tier=said.tier,
            reasons=[_reason(reason) for reason in said.reasons],
        )
        for said, version in session.execute(query)
    }


def _reason(stored: Mapping[str, Any]) -> Reason:
    return Reason(**{name: stored[name] for name in Reason.__dataclass_fields__})
