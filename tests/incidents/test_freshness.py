"""From publication to alert: what is counted, and what is not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from kzmonitor.incidents import freshness
from kzmonitor.store.tables import Alert, Article, Incident, IncidentArticle

NOW = datetime(2026, 11, 11, 3, tzinfo=UTC)
Report = Callable[..., Alert]


def opened(session: Session, report: Report, after: timedelta, source: str = "dala", ago: int = 1) -> Article:
    published = NOW - timedelta(days=ago)
    alert = report(session, "T", str(after) + source, at=published, source=source)
    session.execute(update(Alert).where(Alert.id == alert.id).values(opened_at=published + after))
    incident = session.get_one(Incident, alert.incident_id)
    [told] = session.query(IncidentArticle).filter_by(incident_id=incident.id)
    incident.opened_by = told.article_id
    session.flush()
    return session.get_one(Article, told.article_id)


def test_the_median_and_the_95th_percentile_of_each_source_and_of_all(session: Session, report: Report) -> None:
    for minutes in range(1, 22):
        opened(session, report, timedelta(minutes=minutes))
    opened(session, report, timedelta(minutes=100), source="orda")
    found = freshness.freshness(session, NOW)
    assert set(found) == {"dala", "orda", None}
    assert (found["dala"].alerts, found["dala"].median, found["dala"].p95) == (
        21,
        timedelta(minutes=11),
        timedelta(minutes=20),
    )
    assert found["orda"].median == timedelta(minutes=100)
    assert found[None].alerts == 22


def test_what_was_no_news_when_it_was_found_does_not_count(session: Session, report: Report) -> None:
    opened(session, report, timedelta(days=5), ago=6)
    opened(session, report, timedelta(minutes=5), ago=40)
    opened(session, report, timedelta(minutes=5), source="orda").tell = False
    session.flush()
    assert freshness.freshness(session, NOW) == {}
