"""Feeds at secret addresses, one-click unsubscription, and the answer of an address: without a login, and for nobody
without the secret."""

from datetime import timedelta
from uuid import UUID

import feedparser
import pytest
from lxml import etree
from sqlalchemy import select

from kzmonitor import config
from kzmonitor.digest import outbox, signatures, subscriptions
from kzmonitor.digest.confirming import ask
from kzmonitor.digest.subscriptions import Wanted
from kzmonitor.store import Database
from kzmonitor.store.tables import Delivery, Subscriber, new_id
from tests.digest.conftest import END, committed
from tests.review.conftest import NOW, Browser

ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KZMONITOR_ENV_FILE", "/dev/null")
    monkeypatch.setenv("KZMONITOR_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("KZMONITOR_DESK_URL", "https://desk.example.org")


@pytest.fixture
def feed(database: Database) -> str:
    """The path of a feed that holds one digest with a hostile headline."""
    committed(database, "Обыск <script>alert(1)</script> \x01 & ]]>", "Задержали")
    with database.session() as session:
        made = subscriptions.subscribe(session, Wanted(channel="feed"), config.settings(), END - timedelta(days=9))
    assert outbox.fill(database, END) == 1
    return f"/feeds/{made.secret}.atom"


def test_a_feed_is_valid_atom_with_the_digest_in_it(feed: str, stranger: Browser) -> None:
    answer = stranger.get(feed)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert answer.headers["cache-control"] == "no-store"
    root = etree.fromstring(answer.content)
    atom = {"a": "http://www.w3.org/2005/Atom"}
    for path in ("a:id", "a:title", "a:updated", "a:author/a:name", "a:entry/a:id", "a:entry/a:updated"):
        assert root.findtext(path, namespaces=atom), path
    read = feedparser.parse(answer.content)
    assert not read.bozo
    [entry] = read.entries
    body = entry.content[0].value
    assert "Обыск" in body
    assert "<script" not in body
    assert "<img" not in body


def test_it_comes_again_only_when_there_is_something_new(feed: str, stranger: Browser, database: Database) -> None:
    moment = stranger.get(feed).headers["last-modified"]
    assert stranger.get(feed, headers={"If-Modified-Since": moment}).status_code == 304
    outbox.fill(database, END + timedelta(days=1))
    assert stranger.get(feed, headers={"If-Modified-Since": moment}).status_code == 200
    assert stranger.get(feed, headers={"If-Modified-Since": "nonsense"}).status_code == 200


@pytest.mark.parametrize("path", ["/feeds/wrong.atom", "/feeds/.atom", "/feeds/%00.atom", "/feeds/../subscriptions"])
def test_without_the_secret_there_is_no_feed(feed: str, stranger: Browser, path: str) -> None:
    assert stranger.get(path).status_code in (401, 404)


def subscribed(database: Database, state: str = "active") -> UUID:
    id = new_id()
    with database.session() as session:
        one = Subscriber(id=id, address="a@example.org", language="en", state=state, created_at=NOW)
        session.add(one)
        if state == "unconfirmed":
            ask(session, one, NOW)
    return id


def path_of(purpose: str, subscriber: UUID) -> str:
    return signatures.link(config.settings(), purpose, subscriber).removeprefix("https://desk.example.org")


def known(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(Subscriber.state)))


def test_one_click_ends_it_without_login_or_form_token(stranger: Browser, database: Database) -> None:
    path = path_of("unsubscribe", subscribed(database))
    answer = stranger.post(
        path, content=ONE_CLICK, headers={"content-type": "application/x-www-form-urlencoded"}, data=None
    )
    assert answer.status_code == 200
    assert known(database) == []
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_one_click_also_works_beside_an_open_login(browser: Browser, database: Database) -> None:
    path = path_of("unsubscribe", subscribed(database))
    assert browser.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert known(database) == []


def test_a_link_that_is_only_opened_ends_nothing(stranger: Browser, database: Database) -> None:
    path = path_of("unsubscribe", subscribed(database))
    page = stranger.open(path)
    assert page.text("button") == ["Unsubscribe"]
    assert known(database) == ["active"]
    assert stranger.post(page.dom.cssselect("main form")[0].get("action"), {}).status_code == 200
    assert known(database) == []


def test_no_other_signature_ends_it(stranger: Browser, database: Database) -> None:
    own, other = subscribed(database), new_id()
    good = signatures.signature(config.settings(), "unsubscribe", own)
    for path in (
        path_of("unsubscribe", other).replace(str(other), str(own)),
        path_of("confirm", own).replace("/confirm/", "/unsubscribe/"),
        f"/unsubscribe/{own}/{good[:-1]}",
        f"/unsubscribe/{own}/é",
    ):
        assert stranger.post(path, {}).status_code == 404
    assert known(database) == ["active"]


def test_an_address_says_yes_by_a_button(stranger: Browser, database: Database) -> None:
    path = path_of("confirm", subscribed(database, "unconfirmed"))
    assert stranger.get(path).status_code == 200
    assert known(database) == ["unconfirmed"]
    assert stranger.post(path, {}).status_code == 200
    assert known(database) == ["active"]


def test_what_is_ended_leaves_nothing_behind(stranger: Browser, database: Database) -> None:
    id = subscribed(database)
    committed(database, "Задержали")
    assert outbox.fill(database, END) == 1
    stranger.post(path_of("unsubscribe", id), {})
    with database.session() as session:
        assert session.scalars(select(Delivery.id)).all() == []


def test_without_a_secret_key_no_link_fits(
    stranger: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of("unsubscribe", subscribed(database))
    monkeypatch.delenv("KZMONITOR_SECRET_KEY")
    assert stranger.post(path, {}).status_code == 404
