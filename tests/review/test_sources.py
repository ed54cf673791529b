"""The pages of sources: what is wrong comes first, with its name and what to do about it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from kzmonitor.collect import entries
from kzmonitor.sources import coverage, registry
from kzmonitor.store import Database
from kzmonitor.store.tables import (
    Alert,
    AuditLog,
    Canary,
    Coverage,
    Entry,
    Incident,
    IncidentArticle,
    Poll,
    Revision,
    Source,
)
from tests.review.conftest import NOW, Browser

DECLARED = "name: {name}\nlanguages: [ru]\nhosts: [{slug}.example]\nfeeds: [https://{slug}.example/rss]\n{more}"


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database) -> Database:
    for slug, name, more in (("dala", "Дала", ""), ("orda", "<b>Orda</b>", ""), ("off", "Off", "enabled: false\n")):
        (tmp_path / f"{slug}.yml").write_text(DECLARED.format(slug=slug, name=name, more=more), "utf-8")
    monkeypatch.setenv("KZMONITOR_SOURCES_DIR", str(tmp_path))
    with database.session() as session:
        for declaration in registry.load(tmp_path).sources.values():
            entries.register(session, declaration)
        for slug, state in (("dala", "ok"), ("orda", "403-wall")):
            session.add(
                Poll(source=slug, url=f"https://{slug}.example/rss", started=NOW - timedelta(minutes=3), state=state)
            )
            session.add(
                Entry(
                    source=slug,
                    url=f"https://{slug}.example/1",
                    canonical_url=f"https://{slug}.example/1",
                    route="direct",
                    found_at=NOW - timedelta(hours=3),
                    state="failed",
                    error="404",
                )
            )
    return database


def test_what_needs_somebody_comes_first_and_what_is_switched_off_last(declared: Database, browser: Browser) -> None:
    page = browser.open("/sources")
    assert page.text(".sources tbody th") == ["<b>Orda</b>", "Дала", "Off"]
    assert page.text(".sources .trouble td")[0] == "403-wall refused (401, 403): ask the outlet to let our agent in"
    assert page.text(".sources .off td")[0] == "switched off"
    assert "1 needs somebody to look" in page.text(".chart-span")[0]


def test_a_day_far_below_the_norm_is_flagged(declared: Database, browser: Browser) -> None:
    yesterday = coverage.day_of(NOW) - timedelta(days=1)
    with declared.session() as session:
        for weeks in range(9):
            for slug in ("dala", "orda"):
                articles = 5 if (slug, weeks) == ("dala", 0) else 60
                session.add(
                    Coverage(
                        day=yesterday - timedelta(weeks=weeks),
                        source=slug,
                        language="ru",
                        articles=articles,
                        counted_at=NOW,
                    )
                )
    assert browser.open("/sources").text(".sources tr .flag") == ["fewer than usual"]
    page = browser.open("/sources/dala")
    assert "60" in page.text("[aria-labelledby='now-h']")[0]


def test_how_long_it_took_from_publication_to_alert(
    declared: Database, browser: Browser, report: Callable[..., Alert]
) -> None:
    with declared.session() as session:
        alert = report(session, "T", "T", at=NOW - timedelta(days=1), source="dala")
        told = session.scalars(select(IncidentArticle).where(IncidentArticle.incident_id == alert.incident_id)).one()
        alert.opened_at = NOW - timedelta(days=1) + timedelta(minutes=12)
        session.get_one(Incident, alert.incident_id).opened_by = told.article_id
    assert "half within 12 minutes" in browser.open("/sources").text(".chart-span")[0]


def test_a_source_shows_its_polls_its_addresses_and_what_failed(declared: Database, browser: Browser) -> None:
    page = browser.open("/sources/orda")
    assert page.text("h1") == ["<b>Orda</b>"]
    assert page.text("[aria-labelledby='polls-h'] .chart-said") == [
        "1 poll in seven days; in 1 of 84 stretches of two hours at least one failed."
    ]
    assert page.text("[aria-labelledby='failures-h'] tbody th") == ["https://orda.example/1"]
    assert not page.dom.cssselect("a[href*='orda.example']")
    assert browser.get("/sources/nosuch").status_code == 404


def test_a_canary_that_changed_says_what_was_expected_and_seen(
    declared: Database, browser: Browser, report: Callable[..., Alert]
) -> None:
    with declared.session() as session:
        alert = report(session, "Known title", "T", at=NOW - timedelta(days=9), source="dala")
        told = session.scalars(select(IncidentArticle).where(IncidentArticle.incident_id == alert.incident_id)).one()
        revision = session.scalars(select(Revision).where(Revision.article_id == told.article_id)).one()
        session.add(
            Canary(
                source="dala", article_id=told.article_id, capture_id=revision.capture_id, title="Known title",
                words=200, published_at=NOW, chosen_at=NOW, looked_at=NOW, state="title", since=NOW,
                seen_title="News of the day", seen_words=9,
            )
        )  # fmt: skip
    assert browser.open("/sources").text(".sources .trouble .state.bad") == ["title", "403-wall"]
    said = page_text(browser.open("/sources/dala").text("[aria-labelledby='canary-h'] tr"))
    assert "Expected" + "Known title" + "200" in said
    assert "Seen" + "News of the day" + "9" in said


def page_text(parts: list[str]) -> str:
    return " | ".join(parts)


def test_an_admin_asks_for_collecting_and_others_may_not(
    declared: Database, browser: Browser, stranger: Browser
) -> None:
    assert stranger.log_in("reviewer").post("/sources/dala", {"form_token": stranger.form_token()}).status_code == 403
    answer = browser.post("/sources/dala", {"form_token": browser.form_token()})
    assert answer.status_code == 200
    assert "the next round" in answer.text
    with declared.session() as session:
        assert session.get_one(Source, "dala").collect_asked_at == NOW
        assert "ask for collecting" in session.scalars(select(AuditLog.action)).all()


def test_a_broken_declaration_is_named(declared: Database, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("name: x\nnonsense: 1\n")
    assert 'unknown key "nonsense"' in browser.open("/sources").text(".notice.problem")[0]
