"""Missed cases in the app: reported by a reviewer, fetched by a worker, counted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from kzmonitor.incidents import reporting
from kzmonitor.incidents.reporting import Pasted, Told
from kzmonitor.learn.reported import reported, wilson
from kzmonitor.sources import registry
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, AlertEvent, Article, Entry, Incident, IncidentArticle, MissedReport, Review

from .conftest import NOW, Browser, Page

Report = Callable[..., Alert]
URL = "https://missed.example/news/raid-in-taraz-2025"


def send(page: Page, **fields: object) -> Page:
    form = page.dom.cssselect("form.sheet")[0]
    kept = {name: value for name, value in form.form_values() if value is not None}
    return Page(page.browser, page.browser.post(form.get("action"), kept | fields))


def let_pass(session: Session, alert: Alert) -> None:
    """Leave the article of an alert as one that nobody flagged."""
    session.execute(delete(AlertEvent))
    session.execute(delete(Alert))
    session.execute(delete(IncidentArticle))
    session.execute(delete(Incident))
    session.execute(text("update prediction set tier = null, relevance = 0.1"))


def test_an_unknown_page_waits_for_a_worker_and_the_request_does_not(database: Database, browser: Browser) -> None:
    page = send(browser.open("/missed"), url=URL, label="raid")
    assert "will be fetched" in page.text(".notice[role=status]")[0]
    with database.session() as session:
        report = session.scalars(select(MissedReport)).one()
        assert (report.state, report.standing, report.labels) == ("waiting", "unknown", ["raid"])
        entry = session.scalars(select(Entry)).one()
        assert (entry.url, entry.state) == (URL, "found")
    assert "waits to be fetched" in browser.open("/missed").html


def test_what_is_flagged_already_is_said_and_linked(database: Database, browser: Browser, report: Report) -> None:
    with database.session() as session:
        alert = report(session, "Обыск в редакции", "Полиция изъяла технику.", at=NOW, source="missed", url=URL)
        session.execute(text("update article set key = canonical_url"))
    page = send(browser.open("/missed"), url=URL + "?utm_source=tg", label="raid")
    assert "We have this case already" in page.text(".notice[role=status]")[0]
    assert page.dom.cssselect(f".notice a[href='/alerts/{alert.id}']")
    with database.session() as session:
        assert session.scalars(select(Review)).all() == []
        assert session.scalars(select(MissedReport.standing)).one() == "flagged"


def test_what_was_let_pass_is_opened_by_hand_and_confirmed(
    database: Database, browser: Browser, report: Report
) -> None:
    with database.session() as session:
        alert = report(session, "Обыск в редакции", "Полиция изъяла технику.", at=NOW, source="missed", url=URL)
        session.execute(text("update article set key = canonical_url"))
        let_pass(session, alert)
    page = send(browser.open("/missed"), url=URL, label="raid")
    assert "opened and confirmed" in page.text(".notice[role=status]")[0]
    with database.session() as session:
        made = session.scalars(select(Alert)).one()
        status = session.scalar(text("select status from alert_standing where alert = :id"), {"id": made.id})
        word = session.scalars(select(Review).where(Review.subject == "article")).one()
        assert status == "confirmed"
        assert (word.labels, word.fields) == (["raid"], {"why": "missed"})
        assert session.scalars(select(MissedReport.standing)).one() == "unflagged"
        counted = reported(session, NOW.replace(year=2020))
    assert (counted.total, counted.missed, counted.share) == (1, 1, 0.0)


@pytest.mark.parametrize(
    "fields",
    [{}, {"url": URL}, {"url": "javascript:alert(1)", "label": "raid"}, {"url": URL, "label": "none-such"}],
)
def test_what_makes_no_sense_is_said_and_nothing_is_written(
    database: Database, browser: Browser, fields: dict[str, str]
) -> None:
    page = send(browser.open("/missed"), **fields)
    assert page.response.status_code == 400
    assert page.text(".notice[role=alert]")
    with database.session() as session:
        assert session.scalars(select(MissedReport)).all() == []


def test_readers_see_the_page_and_report_nothing(stranger: Browser) -> None:
    reader = stranger.log_in("reader")
    page = reader.open("/missed")
    assert page.response.status_code == 200
    assert not page.dom.cssselect("form.sheet")
    sent = {"url": URL, "label": "raid", "form_token": reader.form_token()}
    assert reader.post("/missed", sent).status_code == 403


def test_a_pasted_text_becomes_an_article_of_the_outlet_it_names(champion: Database) -> None:
    pasted = Pasted("Обыск в редакции", "Полиция изъяла компьютеры журналистов.\nАдвоката не пустили.", source="vlast")
    with champion.session() as session:
        report = reporting.report_text(session, registry.load(), pasted, Told(["raid"], "Тараз"), None, NOW)
        assert (report.state, report.standing, report.source) == ("done", "unknown", "vlast")
        article = session.get_one(Article, report.article_id)
        assert article.source == "vlast"
        again = reporting.report_text(session, registry.load(), pasted, Told(["raid"]), None, NOW)
        assert again.standing == "flagged"
        assert again.article_id == article.id
        counted = reported(session, NOW.replace(year=2020))
    assert (counted.total, counted.unknown, counted.flagged) == (1, 1, 0), "one case, as it was reported first"


def test_a_worker_that_finds_nothing_waiting_starts_no_crawl(database: Database, tmp_path: Path) -> None:
    assert not reporting.settle_waiting(database, registry.load(), tmp_path, lambda: NOW)


def test_the_interval_of_a_share() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert wilson(0, 5)[0] == 0.0
