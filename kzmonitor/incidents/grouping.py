"""From flagged articles to incidents and alerts: copies share one incident, an incident has one alert.

Grouping holds one advisory lock, so that any number of workers give what one would have given."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql import func

from kzmonitor.incidents import duplicates
from kzmonitor.incidents.severity import severity
from kzmonitor.language.places import region_of
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Incident,
    IncidentArticle,
    Prediction,
    Revision,
    new_id,
)

GROUPING_LOCK = 0x6B7A6772
WINDOW = timedelta(days=45)
BATCH = 50


@dataclass(frozen=True)
class Flagged:
    """An article that a model flagged and that belongs to no incident yet."""

    article_id: UUID
    title: str
    text: str
    when: datetime
    labels: list[str]
    tier: str
    relevance: float


def group_waiting(session: Session, model_id: UUID, now: datetime, limit: int = BATCH) -> Counter[str]:
    """Give up to `limit` flagged articles their incident; how many opened one, joined one (empty: none waits)."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": GROUPING_LOCK})
    outcomes: Counter[str] = Counter()
    for article in flagged(session, model_id, limit):
        known = _incident_of_copy(session, article)
        if known is None:
            _open(session, article, now)
            outcomes["opened"] += 1
        else:
            _join(session, article, *known, now=now)
            outcomes["joined"] += 1
        duplicates.remember(session, article.article_id, article.text)
    return outcomes


def flagged(session: Session, model_id: UUID, limit: int) -> list[Flagged]:
    """Flagged articles without an incident, in order of publication."""
    when = func.coalesce(Revision.published_at, Article.first_seen)
    query = (
        select(
            Article.id, Revision.title, Revision.text, when, Prediction.labels, Prediction.tier, Prediction.relevance
        )
        .join(Revision, Revision.id == Article.current_revision)
        .join(Prediction, (Prediction.revision_id == Revision.id) & (Prediction.model_id == model_id))
        .where(Prediction.tier.is_not(None))
        .where(~select(IncidentArticle).where(IncidentArticle.article_id == Article.id).exists())
        .order_by(when, Article.key)
        .limit(limit)
    )
    return [Flagged(*row[:5], tier=row[5] or "queue", relevance=row[6]) for row in session.execute(query)]


def _incident_of_copy(session: Session, article: Flagged) -> tuple[Incident, duplicates.Copy] | None:
    """The incident of the closest copy, if its first article is a copy, too: a chain of copies that drifts away
    from its leader would join what has nothing in common."""
    for copy in duplicates.copies(session, article.article_id, article.text):
        incident = session.scalars(
            select(Incident).join(IncidentArticle).where(IncidentArticle.article_id == copy.article_id).limit(1)
        ).one_or_none()
        if incident is None or abs(article.when - incident.last_seen) > WINDOW:
            continue
        leader = duplicates.word_pairs(_leader_text(session, incident.id))
        if duplicates.containment(leader, duplicates.word_pairs(article.text)) >= duplicates.SAME_FROM:
            return incident, copy
    return None


def _leader_text(session: Session, incident_id: UUID) -> str:
    query = (
        select(Revision.text)
        .join(Article, Article.current_revision == Revision.id)
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .where(IncidentArticle.incident_id == incident_id)
        .order_by(func.coalesce(Revision.published_at, Article.first_seen), Article.key)
        .limit(1)
    )
    return session.scalars(query).one()


def _open(session: Session, article: Flagged, now: datetime) -> None:
    incident = Incident(
        id=new_id(),
        title=article.title,
        first_seen=article.when,
        last_seen=article.when,
        labels=sorted(article.labels),
        severity=severity(article.labels, sources=1),
        region=region_of(article.title, article.text),
    )
    session.add(incident)
    session.flush()
    _tell(session, incident, article, "first", 1.0)
    alert = Alert(id=new_id(), incident_id=incident.id, tier=article.tier, score=article.relevance, opened_at=now)
    session.add(alert)
    session.flush()
    session.add(AlertEvent(alert_id=alert.id, kind="opened", article_id=article.article_id, ready_at=now))
    session.flush()


def _join(session: Session, article: Flagged, incident: Incident, copy: duplicates.Copy, *, now: datetime) -> None:
    """Add a copy: the incident learns its labels and time. Only a rise to tier `mail` is news to its readers."""
    _tell(session, incident, article, "copy", copy.containment)
    incident.first_seen = min(incident.first_seen, article.when)
    incident.last_seen = max(incident.last_seen, article.when)
    incident.labels = sorted({*incident.labels, *article.labels})
    incident.severity = severity(incident.labels, _sources(session, incident.id))
    alert = session.scalars(select(Alert).where(Alert.incident_id == incident.id)).one()
    alert.score = max(alert.score, article.relevance)
    if alert.tier == "queue" and article.tier == "mail":
        alert.tier = "mail"
        session.add(
            AlertEvent(
                alert_id=alert.id,
                kind="renewed",
                from_status="queue",
                to_status="mail",
                article_id=article.article_id,
                ready_at=now,
            )
        )
    session.flush()


def _tell(session: Session, incident: Incident, article: Flagged, why: str, score: float) -> None:
    session.execute(
        insert(IncidentArticle)
        .values(incident_id=incident.id, article_id=article.article_id, why=why, score=score, by="grouping")
        .on_conflict_do_nothing()
    )


def _sources(session: Session, incident_id: UUID) -> int:
    query = (
        select(func.count(func.distinct(Article.source)))
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .where(IncidentArticle.incident_id == incident_id)
    )
    return session.scalar(query) or 0
