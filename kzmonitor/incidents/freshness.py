"""How long it takes from the publication of a report to its alert."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Float, func, select
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Alert, Article, Incident, Revision

PERIOD = timedelta(days=28)
# What was found later than this after its date was no news then: the page was put up again, or its date is wrong.
NEWS = timedelta(days=3)


@dataclass(frozen=True)
class Freshness:
    """From publication to alert, over the alerts of four weeks that a source's article opened: the median, and what
    19 of 20 alerts stayed under."""

    alerts: int
    median: timedelta
    p95: timedelta


def freshness(session: Session, now: datetime) -> dict[str | None, Freshness]:
    """By source slug; under None that of all sources together. A source that opened no alert is not in it."""
    passed = func.greatest(func.extract("epoch", Alert.opened_at - Revision.published_at), 0.0).cast(Float)
    opened = (
        select(Article.source, passed.label("passed"))
        .select_from(Alert)
        .join(Incident, Incident.id == Alert.incident_id)
        .join(Article, Article.id == Incident.opened_by)
        .join(Revision, Revision.id == Article.current_revision)
        .where(Alert.opened_at > now - PERIOD, Alert.opened_at <= now, Article.tell)
        .where(Revision.published_at.is_not(None), Revision.date_doubt.is_(None))
        .where(Alert.opened_at - Revision.published_at < NEWS)
        .subquery()
    )
    query = select(
        opened.c.source,
        func.count(),
        func.percentile_cont(0.5).within_group(opened.c.passed),
        func.percentile_cont(0.95).within_group(opened.c.passed),
    ).group_by(func.rollup(opened.c.source))
    return {
        source: Freshness(number, timedelta(seconds=median), timedelta(seconds=p95))
        for source, number, median, p95 in session.execute(query)
        if number
    }
