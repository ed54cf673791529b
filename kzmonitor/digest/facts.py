"""What is known of alerts as of a moment: who decided what, which articles told it, how grave it was. A fact at the
end of a period stays the same whatever comes later, so that a digest made again has the same bytes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from kzmonitor.incidents.severity import independent, parts_of, summed, weigh
from kzmonitor.language.places import region_of
from kzmonitor.store.tables import Alert, AlertEvent, Article, IncidentArticle, Prediction, Review, Revision

MOST_PHRASES = 4
STANDING = {"confirm": "confirmed", "correct": "confirmed", "reject": "rejected", "duplicate": "duplicate"}


@dataclass(frozen=True)
class Report:
    """One article of an incident."""

    source: str
    title: str
    url: str
    language: str
    published_at: datetime | None


@dataclass(frozen=True)
class Fact:
    """One alert as it stood. standing: open, confirmed, rejected, duplicate; flagged: whether it is an alert for a
    digest: confirmed, or undecided and of tier mail; phrases: the words that spoke for it, the strongest first."""

    alert_id: UUID
    standing: str
    flagged: bool
    title: str
    language: str
    region: str | None
    labels: tuple[str, ...]
    severity: int
    score: float
    phrases: tuple[str, ...]
    reports: tuple[Report, ...]


def facts(session: Session, alert_ids: Collection[UUID], end: datetime) -> dict[UUID, Fact]:
    """The facts of alerts at `end`, in a handful of queries for any number of them. An alert of whose incident nothing
    was told by then has none."""
    if not alert_ids:
        return {}
    alerts = session.execute(select(Alert.id, Alert.incident_id, Alert.tier).where(Alert.id.in_(alert_ids))).all()
    decisions = _decisions(session, alert_ids, end)
    raised = raised_later(session, alert_ids, end)
    noted = _noted_parts(session, alert_ids, end)
    told = _told(session, {alert.incident_id for alert in alerts}, end)
    return {
        alert.id: _fact(
            alert.id,
            "queue" if alert.id in raised else alert.tier,
            decisions.get(alert.id),
            told[alert.incident_id],
            noted.get(alert.id, ()),
        )
        for alert in alerts
        if alert.incident_id in told
    }


def _fact(alert_id: UUID, tier: str, decision: Any, told: Sequence[Any], parts: Iterable[Mapping[str, Any]]) -> Fact:
    # The first that was flagged: an unflagged copy may have come before it, but has no reasons to give.
    leader = next((row for row in told if row.reasons), told[0])
    standing = STANDING[decision.decision] if decision else "open"
    labels = decision.labels if decision and decision.labels is not None else _union(row.labels for row in told)
    return Fact(
        alert_id=alert_id,
        standing=standing,
        flagged=standing == "confirmed" or (standing == "open" and tier == "mail"),
        title=leader.title,
        language=leader.language,
        region=region_of(leader.title, leader.text),
        labels=tuple(sorted(labels)),
        severity=_severity(labels, told, parts),
        score=max(row.relevance or 0.0 for row in told),
        phrases=_phrases(leader.reasons or []),
        reports=tuple(Report(row.source, row.title, row.url, row.language, row.published_at) for row in told),
    )


def _severity(labels: Collection[str], told: Sequence[Any], parts: Iterable[Mapping[str, Any]]) -> int:
    """Kind and sources as told by then, the other parts as the last event before had them."""
    sources = independent([row.text for row in told], [row.source for row in told])
    fresh = weigh(labels, sources=sources).parts
    noted = (part for part in parts_of(list(parts)) if part.what not in ("kind", "sources"))
    return summed([*fresh, *noted]).level


def standing_decisions(end: datetime) -> Any:
    """Condition: a review is a decision on an alert that was made, and not undone, by `end`."""
    undo = aliased(Review)
    return (
        (Review.subject == "alert")
        & ~Review.blind
        & (Review.created_at < end)
        & Review.decision.in_(STANDING)
        & ~exists().where(undo.undoes == Review.id, undo.created_at < end)
    )


def _decisions(session: Session, alert_ids: Collection[UUID], end: datetime) -> dict[UUID, Any]:
    query = (
        select(Review.subject_id, Review.decision, Review.labels)
        .where(standing_decisions(end), Review.subject_id.in_(alert_ids))
        .ext(distinct_on(Review.subject_id))
        .order_by(Review.subject_id, Review.id.desc())
    )
    return {row.subject_id: row for row in session.execute(query)}


def raised_later(session: Session, alert_ids: Collection[UUID], end: datetime) -> set[UUID]:
    """Those alerts that were raised to tier mail only after `end`, and were in the queue then."""
    query = select(AlertEvent.alert_id).where(
        AlertEvent.alert_id.in_(alert_ids), AlertEvent.to_status == "mail", AlertEvent.ready_at >= end
    )
    return set(session.scalars(query))


def _noted_parts(session: Session, alert_ids: Collection[UUID], end: datetime) -> dict[UUID, list[dict[str, Any]]]:
    query = (
        select(AlertEvent.alert_id, AlertEvent.severity_parts)
        .where(AlertEvent.alert_id.in_(alert_ids), AlertEvent.ready_at < end, AlertEvent.severity_parts.is_not(None))
        .ext(distinct_on(AlertEvent.alert_id))
        .order_by(AlertEvent.alert_id, AlertEvent.ready_at.desc(), AlertEvent.id.desc())
    )
    return {row.alert_id: row.severity_parts for row in session.execute(query)}


def _told(session: Session, incident_ids: Collection[UUID], end: datetime) -> dict[UUID, list[Any]]:
    """Each incident's articles known at `end`, first published first, each with its text and prediction of then."""
    revision = (
        select(Revision)
        .where(Revision.article_id == Article.id, Revision.created_at < end)
        .order_by(Revision.created_at.desc(), Revision.id.desc())
        .limit(1)
        .lateral()
    )
    prediction = (
        select(Prediction.labels, Prediction.relevance, Prediction.reasons)
        .where(Prediction.revision_id == revision.c.id, Prediction.created_at < end, Prediction.tier.is_not(None))
        .order_by(Prediction.created_at.desc())
        .limit(1)
        .lateral()
    )
    query = (
        select(
            IncidentArticle.incident_id, Article.source, revision.c.title, revision.c.text,
            Article.canonical_url.label("url"), revision.c.language, revision.c.published_at,
            prediction.c.labels, prediction.c.relevance, prediction.c.reasons,
        )
        .join(Article, IncidentArticle.article_id == Article.id)
        .join(revision, true())
        .join(prediction, true(), isouter=True)
        .where(IncidentArticle.incident_id.in_(incident_ids), IncidentArticle.created_at < end)
        .order_by(func.coalesce(revision.c.published_at, Article.first_seen), Article.key)
    )  # fmt: skip
    told: dict[UUID, list[Any]] = {}
    for row in session.execute(query):
        told.setdefault(row.incident_id, []).append(row)
    return told


def _union(label_lists: Iterable[Sequence[str] | None]) -> set[str]:
    return {label for labels in label_lists for label in labels or ()}


def _phrases(reasons: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The strongest words that spoke for it; none that another one of them contains."""
    ranked = sorted((one for one in reasons if one["side"] == "for"), key=lambda one: -abs(one["weight"]))
    chosen: list[str] = []
    for phrase in (str(one["phrase"]) for one in ranked):
        if not any(phrase in other or other in phrase for other in chosen):
            chosen.append(phrase)
    return tuple(chosen[:MOST_PHRASES])
