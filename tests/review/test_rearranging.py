"""Merging and splitting from the page of an alert."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from kzmonitor.incidents import alerts
from kzmonitor.incidents.grouping import group_now
from kzmonitor.review.asked import alert_meant
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, IncidentArticle, new_id

NOW = datetime(2025, 11, 4, 3, 10, tzinfo=UTC)


@pytest.fixture
def grouped(database: Database, morning: dict[str, Alert]) -> dict[str, Alert]:
    """The morning's alerts, as grouping keeps them."""
    with database.session() as session:
        group_now(session, NOW)
    return morning


def articles(database: Database, alert: Alert) -> set[str]:
    with database.session() as session:
        query = select(IncidentArticle.article_id).where(IncidentArticle.incident_id == alert.incident_id)
        return set(map(str, session.scalars(query)))


def test_two_alerts_become_one_and_two_again(browser: Any, database: Database, grouped: dict[str, Alert]) -> None:
    one, other = grouped["raid"], grouped["tax"]
    before = articles(database, one), articles(database, other)
    page = browser.open(f"/alerts/{one.id}").decide("merge", into=f"http://127.0.0.1:8000/alerts/{other.id}?lang=ru")
    assert articles(database, one) | articles(database, other) == before[0] | before[1]
    assert not articles(database, one) or not articles(database, other)
    with database.session() as session:
        gone, kept = sorted((one, other), key=lambda alert: alerts.moved_to(session, alert.id) is None)
    assert browser.get(f"/alerts/{gone.id}").url.path == f"/alerts/{kept.id}", "old links lead on"
    [notice] = page.dom.cssselect("form.notice")
    browser.post(notice.get("action"), dict(notice.form_values()) | {"decision": "undo"})
    assert (articles(database, one), articles(database, other)) == before


def test_an_article_is_split_off(browser: Any, database: Database, grouped: dict[str, Alert]) -> None:
    alert = next(alert for alert in grouped.values() if len(articles(database, alert)) > 1)
    before = articles(database, alert)
    chosen = max(before)
    browser.open(f"/alerts/{alert.id}").decide("split", article=[chosen])
    left = articles(database, alert)
    assert left in ({chosen}, before - {chosen}), "the earlier part keeps the alert"


def test_a_merge_into_nothing_changes_nothing_and_says_so(
    browser: Any, database: Database, grouped: dict[str, Alert]
) -> None:
    page = browser.open(f"/alerts/{grouped['raid'].id}")
    for into in ("", "nonsense", f"/alerts/{new_id()}"):
        assert "another alert" in page.decide("merge", into=into).text(".notice.problem")[0]


def test_an_alert_is_meant_by_its_address_or_its_identifier() -> None:
    id = new_id()
    assert alert_meant(f"http://127.0.0.1:8000/alerts/{id}?done={new_id()}") == alert_meant(f" {id} ") == id
    assert alert_meant("") is None
