"""Articles a day: each counted on the Almaty day on which it was found, and once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.sources import coverage
from kzmonitor.store.tables import Article, Coverage

NOW = datetime(2026, 11, 11, 3, tzinfo=UTC)


def rows(session: Session) -> dict[tuple[date, str, str], int]:
    query = select(Coverage.day, Coverage.source, Coverage.language, Coverage.articles)
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(query)}


def test_a_day_ends_at_midnight_in_almaty(session: Session, published: Callable[..., Article]) -> None:
    published("dala", datetime(2026, 11, 9, 18, 59, tzinfo=UTC))
    published("dala", datetime(2026, 11, 9, 19, 0, tzinfo=UTC))
    published("dala", datetime(2026, 11, 9, 20, 0, tzinfo=UTC), "kk")
    coverage.count_days(session, NOW)
    assert rows(session) == {
        (date(2026, 11, 9), "dala", "ru"): 1,
        (date(2026, 11, 10), "dala", "ru"): 1,
        (date(2026, 11, 10), "dala", "kk"): 1,
    }


def test_counting_twice_changes_nothing_and_what_came_late_is_added(
    session: Session, published: Callable[..., Article]
) -> None:
    published("dala", NOW - timedelta(days=30))
    published("dala", NOW - timedelta(days=2))
    coverage.count_days(session, NOW)
    first = rows(session)
    coverage.count_days(session, NOW)
    assert rows(session) == first
    published("dala", NOW - timedelta(days=2, minutes=1))
    coverage.count_days(session, NOW)
    assert rows(session)[date(2026, 11, 9), "dala", "ru"] == 2
    assert len(rows(session)) == 2


def test_days_of_a_pause_are_made_up_for(session: Session, published: Callable[..., Article]) -> None:
    published("dala", NOW - timedelta(days=40))
    coverage.count_days(session, NOW - timedelta(days=39))
    published("dala", NOW - timedelta(days=20))
    published("dala", NOW)
    coverage.count_days(session, NOW)
    assert len(rows(session)) == 3


def test_what_was_imported_or_read_back_is_no_coverage(session: Session, published: Callable[..., Article]) -> None:
    published("dala", NOW, tell=False)
    published("dala", NOW)
    coverage.count_days(session, NOW)
    assert list(rows(session).values()) == [1]
    assert coverage.counted_at(session) == NOW


def test_an_empty_database_has_no_days(session: Session) -> None:
    coverage.count_days(session, NOW)
    assert rows(session) == {}
    assert coverage.counted_at(session) is None
