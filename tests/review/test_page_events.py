"""The alert's page tells what became of the pages, in three languages, with the difference as text."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, PageEvent, Revision, new_id
from tests.review.conftest import NOW, Browser


@pytest.fixture
def edited(database: Database, report) -> str:
    """The page of an alert whose article was edited, then withdrawn."""
    with database.session() as session:
        alert: Alert = report(session, "Задержание <b>активистов</b>", "Задержаны пятеро активистов.", at=NOW)
        old = session.scalars(select(Revision)).one()
        new = Revision(id=new_id(), article_id=old.article_id, capture_id=old.capture_id, text_sha256=b"\2" * 32,
                       title=old.title, text='Задержаны двое <script>alert("x")</script> активистов.',
                       language="ru", script="cyrl", cut_by="layout:0")  # fmt: skip
        session.add(new)
        session.flush()
        for kind, state, hours, after in (("changed", "edited", 1, new.id), ("gone", "404", 2, None)):
            session.add(
                PageEvent(id=new_id(), article_id=old.article_id, kind=kind, state=state,
                          since=NOW + timedelta(hours=hours), good_at=NOW, confirmed=True,
                          before_capture=old.capture_id, before_revision=old.id, after_revision=after)
            )  # fmt: skip
        return f"/alerts/{alert.id}"


def test_an_alert_shows_what_became_of_its_pages(browser: Browser, edited: str) -> None:
    page = browser.open(edited)
    told = page.text(".page-events li strong")
    assert [line.rpartition(": ")[2] for line in told] == ["gone", "text changed"]
    assert page.text(".difference del") == ["пятеро"]
    assert page.text(".difference ins") == ['двое <script>alert("x")</script>']
    assert not page.dom.cssselect(".page-events script")


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_it_is_told_in_three_languages(browser: Browser, edited: str, language: str) -> None:
    assert browser.get(f"{edited}?lang={language}").status_code == 200


def test_an_alert_whose_pages_are_well_says_nothing(browser: Browser, database: Database, report) -> None:
    with database.session() as session:
        alert = report(session, "Задержание", "Задержаны пятеро активистов.", at=NOW)
        path = f"/alerts/{alert.id}"
    assert browser.open(path).text(".page-events") == []
