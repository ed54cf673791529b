"""What the articles of an incident tell: their texts in order of publication, and what the model made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from kzmonitor.classify.reasons import Reason
from kzmonitor.store.tables import Article, Capture, IncidentArticle, Model, Prediction, Revision, Source

# It lists the incident among others.
ROUND_UP = "round-up"
# In order of publication; the key settles what was published in the same minute.
TOLD = (func.coalesce(Revision.published_at, Article.first_seen), Article.key)


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
    """The current text of one article of an incident, where it came from (`route`: direct, feed, proxy, mirror,
    archive, import), what the model said of it, and why it stands in this incident: `why` and `shared` as in
    `incident_article`, where score is the chance. `text` is None where it was not asked for."""

    id: UUID
    revision_id: UUID
    capture_id: UUID
    source: str
    source_name: str
    url: str
    title: str
    text: str | None
    language: str
    author: str | None
    published_at: datetime | None
    date_doubt: str | None
    fetched_at: datetime
    route: str
    prediction: PredictionView | None
    why: str
    score: float
    shared: list[str]


def articles(
    session: Session, incident_id: UUID, *, texts: int | None = None, limit: int | None = None
) -> list[ArticleView]:
    """The articles of an incident in order of publication, up to `limit` of them, the first `texts` with their text
    (None: all); round-ups, which only list the incident, come last."""
    place = func.row_number().over(order_by=(IncidentArticle.why == ROUND_UP, *TOLD))
    text = Revision.text if texts is None else case((place <= texts, Revision.text))
    query = (
        select(
            Article, Revision.id, Revision.capture_id, Revision.title, text, Revision.language, Revision.author,
            Revision.published_at, Revision.date_doubt, Source.name, Capture.fetched_at, Capture.route, IncidentArticle,
        )
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Source, Source.slug == Article.source)
        .join(Capture, Capture.id == Revision.capture_id)
        .where(IncidentArticle.incident_id == incident_id)
        .order_by(place)
        .limit(limit)
    )  # fmt: skip
    rows = session.execute(query).all()
    said = _predictions(session, [row[1] for row in rows])
    return [
        ArticleView(
            id=article.id,
            revision_id=revision_id,
            capture_id=capture_id,
            source=article.source,
            source_name=name,
            url=article.canonical_url,
            title=title,
            text=text,
            language=language,
            author=author,
            published_at=published_at,
            date_doubt=date_doubt,
            fetched_at=fetched_at,
            route=route,
            prediction=said.get(revision_id),
            why=stands.why,
            score=stands.score,
            shared=stands.reasons,
        )
        for (
            article, revision_id, capture_id, title, text, language, author, published_at, date_doubt, name,
            fetched_at, route, stands,
        ) in rows
    ]  # fmt: skip


def _predictions(session: Session, revisions: Sequence[UUID]) -> dict[UUID, PredictionView]:
    """What the champion said of each text, or the model asked last where the champion was not asked yet."""
    query = (
        select(Prediction, Model.version)
        .join(Model, Model.id == Prediction.model_id)
        .where(Prediction.revision_id.in_(revisions))
        .ext(distinct_on(Prediction.revision_id))
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


@dataclass(frozen=True)
class CutText:
    """A text that was cut from a capture."""

    revision_id: UUID
    title: str
    text: str
    language: str
    author: str | None
    published_at: datetime | None


@dataclass(frozen=True)
class CaptureView:
    """One stored response, without its bytes, and the texts that were cut from it (a feed gives many)."""

    id: UUID
    source_name: str
    url: str
    route: str
    status: int
    fetched_at: datetime
    sha256: bytes
    erased_at: datetime | None
    erased_why: str | None
    texts: list[CutText]


def capture(session: Session, id: UUID, revision_id: UUID | None = None, limit: int = 50) -> CaptureView | None:
    """A capture with up to `limit` of its texts, or with the one asked for; None when there is no such capture."""
    query = select(
        Capture.id, Source.name, Capture.url, Capture.route, Capture.status, Capture.fetched_at, Capture.sha256,
        Capture.erased_at, Capture.erased_why,
    ).join(Source, Source.slug == Capture.source)  # fmt: skip
    row = session.execute(query.where(Capture.id == id)).one_or_none()
    if row is None:
        return None
    texts = select(
        Revision.id, Revision.title, Revision.text, Revision.language, Revision.author, Revision.published_at
    ).where(Revision.capture_id == id)
    if revision_id is not None:
        texts = texts.where(Revision.id == revision_id)
    cut = [CutText(*text) for text in session.execute(texts.order_by(Revision.id).limit(limit))]
    return CaptureView(*row, texts=cut)
