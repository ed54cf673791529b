"""When an event of an alert is news for a digest: at once, and for what an import or a backfill brought, never by
itself.

An event that an old, imported article caused is told from the moment when an article joins the incident that is told
of. The moment follows from rows that are not changed afterwards, so that a digest rendered again stays the same."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from kzmonitor.store.tables import Alert, AlertEvent, Article, IncidentArticle


def told_at() -> ColumnElement[datetime | None]:
    """The moment from which an `AlertEvent` is news; NULL while nothing of its incident is told of."""
    cause = aliased(Article)
    of_incident = (
        select(IncidentArticle.created_at)
        .join(Alert, Alert.incident_id == IncidentArticle.incident_id)
        .join(Article, Article.id == IncidentArticle.article_id)
        .where(Alert.id == AlertEvent.alert_id)
        .correlate(AlertEvent)
    )
    brought = of_incident.where(~Article.tell).exists()
    joined = of_incident.with_only_columns(func.min(IncidentArticle.created_at)).where(Article.tell).scalar_subquery()
    untold_cause = exists().where(cause.id == AlertEvent.article_id, ~cause.tell)
    is_old = or_(untold_cause, and_(AlertEvent.article_id.is_(None), brought))
    return case(
        (~is_old, AlertEvent.ready_at),
        (joined.is_not(None), func.greatest(AlertEvent.ready_at, joined)),
    )


def news_between(session: Session, start: datetime, end: datetime) -> list[tuple[AlertEvent, datetime]]:
    """The events that became news from `start` up to `end`, in order, each with that moment."""
    news = told_at()
    # An event becomes news when it is ready or when an article joins: both are found by an index, and only for
    # these is the moment worked out.
    ready = select(AlertEvent.id).where(AlertEvent.ready_at >= start, AlertEvent.ready_at < end)
    joined = (
        select(AlertEvent.id)
        .join(Alert, Alert.id == AlertEvent.alert_id)
        .join(IncidentArticle, IncidentArticle.incident_id == Alert.incident_id)
        .where(IncidentArticle.created_at >= start, IncidentArticle.created_at < end)
    )
    query = (
        select(AlertEvent, news)
        .where(AlertEvent.id.in_(union(ready, joined)), news >= start, news < end)
        .order_by(AlertEvent.ready_at, AlertEvent.id)
    )
    return [(event, moment) for event, moment in session.execute(query) if moment is not None]
