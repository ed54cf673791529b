"""Requests: written down by a reader, decided by an admin, each step logged, and what is erased is gone."""

from datetime import date

import pytest
from sqlalchemy import select

from kzmonitor.evidence import requests
from kzmonitor.evidence.requests import month_later
from kzmonitor.incidents import indexing
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, AuditLog, Capture, IncidentArticle, Request, Revision

from .conftest import Browser, Page


def send(page: Page, **fields: object) -> Page:
    """Press a button of the page's form for requests."""
    form = page.dom.cssselect("form.sheet")[0]
    kept = {name: value for name, value in form.form_values() if value is not None}
    return Page(page.browser, page.browser.post(form.get("action"), kept | fields))


@pytest.fixture
def written(database: Database, morning: dict[str, Alert], stranger: Browser) -> tuple[Alert, str]:
    """A request of a person named in an alert, written down by a reader; the address of its page."""
    alert = next(iter(morning.values()))
    page = stranger.log_in("reader").open(f"/wrong/{alert.id}")
    done = send(page, said="Моё имя здесь неверно", kind="erase", asker="person", contact="+7 700 000 00 00")
    assert "Written down" in done.text(".notice[role=status]")[0]
    with database.session() as session:
        return alert, f"/requests/{session.scalars(select(Request.id)).one()}"


def test_a_request_is_due_a_month_after_it_came(database: Database, written: tuple[Alert, str]) -> None:
    with database.session() as session:
        row = session.scalars(select(Request)).one()
    assert (row.received_on, row.due_on) == (date(2025, 11, 4), date(2025, 12, 4))
    assert month_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert month_later(date(2025, 11, 30), 3) == date(2026, 2, 28)


def test_only_admins_see_requests(written: tuple[Alert, str], stranger: Browser) -> None:
    for role, status in (("reader", 403), ("reviewer", 403), ("admin", 200)):
        browser = stranger.log_in(role)
        assert browser.get("/requests").status_code == status
        assert browser.get(written[1]).status_code == status
    assert stranger.log_in("reviewer").post(written[1], {"step": "refused", "reason": "x"}).status_code == 403


def test_an_alert_leads_to_this_is_wrong(written: tuple[Alert, str], browser: Browser) -> None:
    page = browser.open(f"/alerts/{written[0].id}")
    assert page.dom.cssselect(f"a[href='/wrong/{written[0].id}']")


def test_what_is_missing_is_said_and_nothing_is_written(
    database: Database, morning: dict[str, Alert], browser: Browser
) -> None:
    alert = next(iter(morning.values()))
    page = send(browser.open(f"/wrong/{alert.id}"), said="  ")
    assert page.response.status_code == 400
    assert send(browser.open(f"/wrong/{alert.id}"), said="x", received="2199-01-01").response.status_code == 400
    assert browser.get("/wrong/01890000-0000-7000-8000-000000000000").status_code == 404
    with database.session() as session:
        assert session.scalars(select(Request)).all() == []


def test_an_erasure_erases_the_captures_and_texts_and_says_so_in_the_log(
    database: Database, written: tuple[Alert, str], stranger: Browser
) -> None:
    alert, address = written
    with database.session() as session:
        article = session.scalars(
            select(IncidentArticle.article_id).where(IncidentArticle.incident_id == alert.incident_id)
        ).first()
        indexing.index_waiting(session)
    admin = stranger.log_in("admin")
    nothing = send(admin.open(address), step="erased", reason="as asked", rule="gdpr-17")
    assert nothing.response.status_code == 400
    page = send(admin.open(address), step="erased", reason="as asked", rule="gdpr-17", article=str(article))
    assert page.response.status_code == 200, page.html
    with database.session() as session:
        revision = session.scalars(select(Revision).where(Revision.article_id == article)).one()
        capture = session.get_one(Capture, revision.capture_id)
        assert (revision.text, revision.search) == ("", None)
        assert capture.erased_why
        assert capture.erased_why.startswith("GDPR article 17, request ")
        assert capture.sha256 == b"\1" * 32
        log = session.scalars(select(AuditLog).where(AuditLog.subject == "request").order_by(AuditLog.id)).all()
    assert [line.action for line in log] == ["write down request", "decide request: erased"]
    assert log[1].before
    assert log[1].before["erased"] == [str(capture.id)]
    assert all("+7 700" not in str(line.before) for line in log)


def test_a_decision_stands_and_the_contact_goes_with_the_answer(
    database: Database, written: tuple[Alert, str], stranger: Browser
) -> None:
    admin = stranger.log_in("admin")
    assert "+7 700 000 00 00" in admin.open(written[1]).html
    put_off = send(admin.open(written[1]), step="put_off", reason="many pages")
    assert "put off" in " ".join(put_off.text(".past li"))
    assert send(admin.open(written[1]), step="put_off", reason="again").response.status_code == 400
    decided = send(admin.open(written[1]), step="refused", reason="It is quoted from a court's record.")
    assert "It is quoted from a court's record." in " ".join(decided.text(".facts"))
    again = admin.post(written[1], {"step": "corrected", "reason": "x", "form_token": admin.form_token()})
    assert again.status_code == 400
    send(decided, step="answered")
    with database.session() as session:
        row = session.scalars(select(Request)).one()
        assert (row.decision, row.contact, row.due_on) == ("refused", None, date(2026, 2, 4))
        assert row.answered_at is not None
    assert "Decided and answered" in admin.open("/requests").html


def test_articles_of_other_alerts_are_not_erased(database: Database, morning: dict[str, Alert]) -> None:
    first, second = morning["raid"], morning["tax"]
    with database.session() as session:
        request = requests.write_down(
            session, first.id, kind="erase", asker="lawyer", said="x", contact=None, received_on=date(2025, 11, 3),
            account_id=None, now=first.opened_at,
        )  # fmt: skip
        other = [one.article for one in requests.held(session, second.id)]
        with pytest.raises(requests.InputError):
            requests.decide(
                session, request.id, "erased", reason="x", account_id=None, now=first.opened_at, articles=other
            )
        assert session.scalars(select(Capture.erased_at)).all().count(None) == len(
            session.scalars(select(Capture)).all()
        )
