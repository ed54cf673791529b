"""Everybody sees and changes their own digests; the secrets are shown once; failures are an admin's."""

from datetime import timedelta

import anyio.from_thread
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from kzmonitor.accounts import people
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, IncidentArticle, Prediction, Revision, Subscriber, new_id
from tests.review.conftest import NOW, Browser, Page


def fields(page: Page, **changed: object) -> dict[str, object]:
    [form] = page.dom.cssselect("form.digest-form")
    return dict(form.form_values()) | changed


def subscribe(browser: Browser, **changed: object) -> Page:
    page = browser.open("/subscriptions/new")
    return Page(browser, browser.post("/subscriptions", fields(page, **changed)))


def subscribers(database: Database) -> list[Subscriber]:
    with database.session() as session:
        return list(session.scalars(select(Subscriber)))


@pytest.fixture
def mailing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KZMONITOR_ENV_FILE", "/dev/null")
    monkeypatch.setenv("KZMONITOR_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("KZMONITOR_MAIL_FROM", "desk@example.org")
    monkeypatch.setenv("KZMONITOR_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("KZMONITOR_DESK_URL", "https://desk.example.org")


@pytest.fixture
def reader(app: FastAPI, portal: anyio.from_thread.BlockingPortal, database: Database) -> Browser:
    return logged_in(app, portal, database, "Сайға")


def logged_in(app: FastAPI, portal: anyio.from_thread.BlockingPortal, database: Database, name: str) -> Browser:
    with database.session() as session:
        account = people.add(session, name, "reader", by=None, now=NOW)
        people.set_password(session, account, f"correct horse {name}", by=None, now=NOW)
    browser = Browser(app, portal)
    answer = browser.post("/login", {"pseudonym": name, "password": f"correct horse {name}"})
    assert answer.status_code == 200
    return browser


def test_a_subscription_holds_what_was_chosen(browser: Browser, database: Database) -> None:
    page = subscribe(
        browser, address="desk@example.org", mode="weekly", language="kk", label=["detention"], region=["KZ-75"],
        outlet=["vlast"], min_severity="2", at_once="4", hour="19", weekday="4",
    )  # fmt: skip
    assert page.text(".digests .row-title") == ["desk@example.org"]
    [one] = subscribers(database)
    assert (one.mode, one.language, one.labels, one.regions, one.outlets) == (
        "weekly", "kk", ["detention"], ["KZ-75"], ["vlast"],
    )  # fmt: skip
    assert (one.min_severity, one.notice_severity, one.hour, one.weekday, one.state) == (2, 4, 19, 4, "active")


def test_what_is_wrong_is_said_and_what_was_written_stays(browser: Browser, database: Database) -> None:
    page = subscribe(browser, address="no address", language="kk")
    assert page.response.status_code == 422
    assert "not a mail address" in page.text(".problem")[0]
    assert page.dom.cssselect("input[name=address]")[0].get("value") == "no address"
    assert subscribers(database) == []


def test_the_address_of_a_feed_is_shown_once_and_only_its_hash_is_kept(browser: Browser, database: Database) -> None:
    page = subscribe(browser, channel="feed")
    [address] = page.text(".secret code")
    token = address.rpartition("/")[2].removesuffix(".atom")
    [one] = subscribers(database)
    assert token not in repr(vars(one))
    assert token not in browser.get("/subscriptions").text
    assert browser.get(f"/feeds/{token}.atom").status_code == 200
    again = Page(browser, browser.post(f"/subscriptions/{one.id}/address", {"form_token": browser.form_token()}))
    [new] = again.text(".secret code")
    assert new != address
    assert browser.get(f"/feeds/{token}.atom").status_code == 404


def test_a_reader_sees_and_changes_only_their_own(
    browser: Browser, reader: Browser, database: Database, mailing: None
) -> None:
    subscribe(browser, address="other@example.org")
    subscribe(reader, channel="feed")
    assert "other@example.org" not in reader.get("/subscriptions").text
    own = {one.channel: one.id for one in subscribers(database)}
    assert reader.get(f"/subscriptions/{own['mail']}").status_code == 404
    token = {"form_token": reader.form_token()}
    for path in (f"/subscriptions/{own['mail']}", f"/subscriptions/{own['mail']}/remove"):
        assert reader.post(path, token | {"mode": "weekly"}).status_code == 404
    assert len(subscribers(database)) == 2
    assert reader.get(f"/subscriptions/preview?of={own['mail']}").status_code == 404
    assert reader.post(f"/subscriptions/{own['feed']}/remove", token).status_code == 200
    assert [one.channel for one in subscribers(database)] == ["mail"]


def test_an_address_that_a_reader_enters_is_asked_first(reader: Browser, database: Database, mailing: None) -> None:
    page = subscribe(reader, address="Someone@example.org")
    assert "have written to that address" in page.text(".notice")[0]
    [one] = subscribers(database)
    assert (one.address, one.state) == ("someone@example.org", "unconfirmed")
    with database.session() as session:
        assert session.scalars(select(Delivery.mode)).all() == ["confirmation"]


def test_a_reader_makes_no_webhooks(reader: Browser, database: Database, mailing: None) -> None:
    assert subscribe(reader, channel="webhook", address="https://x.example/").response.status_code == 422
    assert subscribers(database) == []


def test_without_a_mail_server_a_reader_is_told_so(reader: Browser, database: Database) -> None:
    page = subscribe(reader, address="someone@example.org")
    assert page.response.status_code == 422
    assert subscribers(database) == []


def test_changing_to_what_the_address_has_already_is_refused(browser: Browser, database: Database) -> None:
    for mode in ("daily", "weekly"):
        subscribe(browser, address="desk@example.org", mode=mode)
    weekly = next(one for one in subscribers(database) if one.mode == "weekly")
    page = browser.open(f"/subscriptions/{weekly.id}")
    answer = browser.post(f"/subscriptions/{weekly.id}", fields(page, mode="daily"))
    assert answer.status_code == 422
    assert browser.post(f"/subscriptions/{weekly.id}", fields(page, hour="20")).status_code == 200
    assert {one.mode: one.hour for one in subscribers(database)} == {"daily": 8, "weekly": 20}


def test_an_admin_sees_what_did_not_arrive_and_sends_it_again(
    browser: Browser, reader: Browser, database: Database
) -> None:
    subscribe(browser, address="desk@example.org")
    [one] = subscribers(database)
    with database.session() as session:
        delivery = Delivery(
            id=new_id(), subscriber_id=one.id, mode="daily", period_start=NOW - timedelta(days=1), period_end=NOW,
            channel="mail", state="unknown", doubts=2, tries=2, error="TimeoutError", message_id="<1@x.invalid>",
        )  # fmt: skip
        session.add(delivery)
    page = browser.open("/subscriptions")
    assert "in doubt 2 times" in page.text(".log tbody")[0]
    path = f"/subscriptions/deliveries/{delivery.id}/again"
    assert reader.post(path, {"form_token": reader.form_token()}).status_code == 403
    assert browser.post(path, {"form_token": browser.form_token()}).status_code == 200
    with database.session() as session:
        assert session.get_one(Delivery, delivery.id).state == "waiting"
    assert "What did not simply arrive" not in reader.get("/subscriptions").text


def test_a_preview_shows_the_last_days_and_their_filters(browser: Browser, database: Database, morning: object) -> None:
    with database.session() as session:  # as if it had been collected when it was published
        for table in (IncidentArticle, Revision, Prediction):
            session.execute(update(table).values(created_at=NOW - timedelta(days=9)))
    page = browser.open("/subscriptions/preview")
    assert len(page.dom.cssselect(".past-digest")) == 30
    everything = len(page.dom.cssselect(".past-digest .lines li"))
    assert everything > 0
    fewer = browser.open("/subscriptions/preview?min_severity=4")
    assert len(fewer.dom.cssselect(".past-digest .lines li")) < everything
    assert browser.open("/subscriptions/preview?label=nonsense").text(".problem")


def test_nothing_of_it_is_open_to_strangers(stranger: Browser, browser: Browser, database: Database) -> None:
    subscribe(browser, address="desk@example.org")
    [one] = subscribers(database)
    for path in ("/subscriptions", "/subscriptions/new", f"/subscriptions/{one.id}", "/subscriptions/preview"):
        assert stranger.get(path).status_code == 401
    assert stranger.post(f"/subscriptions/{one.id}/remove", {}).status_code in (401, 403)
    assert subscribers(database) != []
