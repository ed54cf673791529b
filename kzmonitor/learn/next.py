"""What to review next: where a person's word teaches most, and a random look at what was not flagged.

- `uncertain`: the relevance is nearest the queue threshold in log-odds, within 1.5 of it;
- `disagreement`: another version flags what the champion does not, or the other way round, or other labels;
- `unlike`: the largest share of words that no known text has, of 200 texts drawn by hash;
- `second`: a single review says otherwise where the champion is fairly sure; a second one, blind, settles it;
- `audit`: drawn by the hash of text and day from the articles that were not flagged, so many in each language.

Everything is asked of the articles of some days, whose predictions lie together (ids are ordered by time), and nothing
that was reviewed already is asked again, but for a second reading and the audit sample, which is the same all day. Who
stores the review of a suggested article writes its reason into `fields` as `{"why": "audit"}`; `missed.py` reads it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from kzmonitor.classify import registry
from kzmonitor.learn.novelty import READ_CHARACTERS, unknown_share
from kzmonitor.learn.votes import FAIRLY_SURE
from kzmonitor.store.partitions import first_id
from kzmonitor.store.tables import Alert, Article, IncidentArticle, Model, Prediction, Review, Revision

UNCERTAIN, DISAGREEMENT, UNLIKE, SECOND, AUDIT = "uncertain", "disagreement", "unlike", "second", "audit"
WINDOW = timedelta(days=14)
UNCERTAIN_WITHIN = 1.5
UNLIKE_AMONG = 200
AUDIT_A_LANGUAGE = 3
# Probabilities are kept with six digits.
LEAST = 1e-6


@dataclass(frozen=True)
class Suggestion:
    """An article to review, and why. score: higher is more urgent, comparable within one reason only.

    alert: that of its incident, None if it was not flagged."""

    article: UUID
    revision: UUID
    alert: UUID | None
    language: str
    title: str
    why: str
    score: float


def queue_threshold(model: Model) -> float:
    """The relevance at which a version flags a text; versions of old are loaded to tell."""
    kept = model.metrics.get("thresholds")
    return float(kept["relevance"]["queue"] if kept else registry.classifier(model).thresholds.relevance.queue)


def next_reviews(
    session: Session, model: Model, now: datetime, *, known: frozenset[str], limit: int = 20
) -> list[Suggestion]:
    """Up to `limit` suggestions, the five reasons in turn, no article twice. `known`: words of known texts."""
    since = now - WINDOW
    day = (now - timedelta(days=1)).astimezone(UTC).date()
    lists = (
        uncertain(session, model, since, limit),
        disagreements(session, model, since, limit),
        unlike(session, model, since, limit, known),
        second_readings(session, model, limit),
        open_audit(session, model, day),
    )
    mixed: dict[UUID, Suggestion] = {}
    for one in chain.from_iterable(zip_longest(*lists)):
        if one is not None:
            mixed.setdefault(one.article, one)
    return list(mixed.values())[:limit]


def uncertain(session: Session, model: Model, since: datetime, limit: int) -> list[Suggestion]:
    """Those nearest the queue threshold."""
    edge = _log_odds(queue_threshold(model))
    low, high = (1 / (1 + math.exp(-(edge + side))) for side in (-UNCERTAIN_WITHIN, UNCERTAIN_WITHIN))
    nearness = -func.abs(_logit(Prediction.relevance) - edge)
    query = _unreviewed(model, since, nearness).where(Prediction.relevance.between(low, high))
    return _suggestions(session, query.order_by(nearness.desc(), Revision.id).limit(limit), UNCERTAIN)


def disagreements(session: Session, model: Model, since: datetime, limit: int) -> list[Suggestion]:
    """Those that another version sees otherwise, widest apart first."""
    other = aliased(Prediction)
    apart = func.abs(_logit(Prediction.relevance) - _logit(other.relevance))
    flags_differ = Prediction.tier.is_(None) != other.tier.is_(None)
    labels_differ = ~(Prediction.labels.contains(other.labels) & other.labels.contains(Prediction.labels))
    query = (
        _unreviewed(model, since, apart)
        .join(other, (other.revision_id == Prediction.revision_id) & (other.model_id != Prediction.model_id))
        .where(other.revision_id >= first_id(since), or_(flags_differ, labels_differ))
        .order_by(flags_differ.desc(), apart.desc(), Revision.id)
    )
    return _suggestions(session, query.limit(limit), DISAGREEMENT)


def unlike(session: Session, model: Model, since: datetime, limit: int, known: frozenset[str]) -> list[Suggestion]:
    """Those with the largest share of unknown words, of a sample that the hash of each text draws."""
    query = _unreviewed(model, since, literal(0.0)).add_columns(func.left(Revision.text, READ_CHARACTERS))
    rows = session.execute(query.order_by(_hash("unlike"), Revision.id).limit(UNLIKE_AMONG)).all()
    shares = [(unknown_share(row.title, row[-1], known), row) for row in rows]
    shares.sort(key=lambda pair: -pair[0])
    return [_suggestion(row, UNLIKE, share) for share, row in shares[:limit]]


def second_readings(session: Session, model: Model, limit: int) -> list[Suggestion]:
    """Those with a single review that stands against a fairly sure champion, the last ones first."""
    undo, other = aliased(Review), aliased(Review)
    says_yes = func.coalesce(func.cardinality(Review.labels), 0) > 0
    against = or_(
        and_(~says_yes, Prediction.relevance >= FAIRLY_SURE), and_(says_yes, Prediction.relevance <= 1 - FAIRLY_SURE)
    )
    query = (
        select(
            Revision.article_id.label("article"), Revision.id.label("revision"), Alert.id.label("alert"),
            Revision.language, Revision.title, func.abs(_logit(Prediction.relevance)).label("score"),
        )
        .select_from(Review)
        .join(Revision, Revision.id == Review.revision_id)
        .join(Prediction, (Prediction.revision_id == Revision.id) & (Prediction.model_id == model.id))
        .outerjoin(Alert, (Review.subject == "alert") & (Alert.id == Review.subject_id))
        .where(Review.decision.in_(("confirm", "correct", "reject")), against)
        .where(~select(undo).where(undo.undoes == Review.id).exists())
        .where(
            ~select(other)
            .where(other.subject == Review.subject, other.subject_id == Review.subject_id)
            .where(other.revision_id == Review.revision_id, other.id != Review.id)
            .exists()
        )
        .order_by(Review.id.desc())
        .limit(limit)
    )  # fmt: skip
    return _suggestions(session, query, SECOND)


def audit_sample(session: Session, model: Model, day: date, a_language: int = AUDIT_A_LANGUAGE) -> list[Suggestion]:
    """The audit of one day (UTC): the same whenever it is asked, until the champion changes."""
    start = datetime.combine(day, time(), UTC)
    place = func.row_number().over(partition_by=Revision.language, order_by=(_hash(day.isoformat()), Revision.id))
    drawn = (
        not_flagged(model, start, start + timedelta(days=1))
        .with_only_columns(
            Article.id, Revision.id.label("text"), Revision.language, Revision.title, place.label("place")
        )
        .subquery()
    )
    query = select(drawn).where(drawn.c.place <= a_language).order_by(drawn.c.place, drawn.c.language)
    return [
        Suggestion(id, text, None, language, title, AUDIT, float(-place))
        for id, text, language, title, place in session.execute(query)
    ]


def open_audit(session: Session, model: Model, day: date) -> list[Suggestion]:
    """The part of a day's audit sample that nobody reviewed yet, or took their word back."""
    sample = audit_sample(session, model, day)
    asked, undo = [one.article for one in sample], aliased(Review)
    query = (
        select(Review.subject_id)
        .where(Review.subject == "article", Review.subject_id.in_(asked), Review.decision != "undo")
        .where(~select(undo).where(undo.undoes == Review.id).exists())
    )
    done = set(session.scalars(query))
    return [one for one in sample if one.article not in done]


def not_flagged(model: Model, since: datetime, until: datetime) -> Select[Any]:
    """Select of predictions: the texts of a time that the champion let pass and that stand in no incident, but for
    one that a person opened: so an audit finds no replacement for what it found."""
    found = select(Review).where(
        Review.subject == "article", Review.subject_id == Article.id, Review.fields["why"].astext.in_((AUDIT, "missed"))
    )
    in_incident = select(IncidentArticle).where(IncidentArticle.article_id == Article.id)
    return (
        select(Prediction)
        .join(Revision, Revision.id == Prediction.revision_id)
        .join(Article, Article.current_revision == Revision.id)
        .where(
            Prediction.model_id == model.id,
            Prediction.revision_id >= first_id(since),
            Prediction.revision_id < first_id(until),
            Prediction.tier.is_(None),
            or_(~in_incident.exists(), found.exists()),
        )
    )


def _unreviewed(model: Model, since: datetime, score: ColumnElement[Any]) -> Select[Any]:
    """Current texts since a time with the champion's prediction, whose article and alert nobody has reviewed."""

    def reviewed(subject: str, id: Any) -> ColumnElement[bool]:
        return select(Review).where(Review.subject == subject, Review.subject_id == id).exists()

    return (
        select(
            Article.id.label("article"), Revision.id.label("revision"), Alert.id.label("alert"),
            Revision.language, Revision.title, score.label("score"),
        )
        .select_from(Prediction)
        .join(Revision, Revision.id == Prediction.revision_id)
        .join(Article, Article.current_revision == Revision.id)
        .outerjoin(IncidentArticle, IncidentArticle.article_id == Article.id)
        .outerjoin(Alert, Alert.incident_id == IncidentArticle.incident_id)
        .where(Prediction.model_id == model.id, Prediction.revision_id >= first_id(since))
        .where(~reviewed("article", Article.id), ~reviewed("alert", Alert.id))
    )  # fmt: skip


def _suggestions(session: Session, query: Select[Any], why: str) -> list[Suggestion]:
    return _once(_suggestion(row, why, float(row.score)) for row in session.execute(query))


def _suggestion(row: Any, why: str, score: float) -> Suggestion:
    return Suggestion(row.article, row.revision, row.alert, row.language, row.title, why, round(score, 4))


def _once(found: Iterable[Suggestion]) -> list[Suggestion]:
    first: dict[UUID, Suggestion] = {}
    for one in found:
        first.setdefault(one.article, one)
    return list(first.values())


def _logit(chance: Any) -> ColumnElement[float]:
    bounded = func.least(func.greatest(chance, LEAST), 1 - LEAST)
    return func.ln(bounded / (1 - bounded))


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, LEAST), 1 - LEAST)
    return math.log(bounded / (1 - bounded))


def _hash(salt: str) -> ColumnElement[str]:
    return func.md5(cast(Revision.id, String) + salt)
