"""When an event of an alert is news for a digest: at once, and for what an import or a backfill brought, never by
itself.

An event that an old, imported article caused is told from the moment when an article joins the incident that is told
of. The moment follows from rows that are not changed afterwards, so that a digest rendered again stays the same."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

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
