"""Coming in: by password, second factor, invitation, single sign-on and the token of a start; and leaving."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import anyio.from_thread
import httpx
import pyotp
import pytest
from argon2 import PasswordHasher

from kzmonitor.accounts import invitations, passwords, people, second_factor, throttle
from kzmonitor.accounts.oidc import Provider
from kzmonitor.review import create_app
from kzmonitor.review.door import COOKIE
from kzmonitor.store import Database
from kzmonitor.store.tables import Account
from tests.accounts.provider import CLIENT, SECRET, serving

Browser = Any
TOKEN = "the-token-of-this-start"
GOOD = "тихий омут синий"
NOW = datetime.now(UTC)
Opened = Callable[..., Browser]


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(
    database: Database, portal: anyio.from_thread.BlockingPortal, stranger: Browser, clock: Clock
) -> Callable[..., Browser]:
    """A stranger's browser at an app of this clock."""

    def open_app(host: str = "127.0.0.1:8000", token: str | None = TOKEN, **more: Any) -> Browser:
        app = create_app(database, token=token, secret_key="k" * 32, clock=clock, **more)
        return type(stranger)(app, portal, host)

    return open_app


@pytest.fixture
def asel(database: Database) -> Account:
    with database.session() as session:
        return people.add(session, "asel", "admin", password=GOOD, by=None, now=NOW)


def logged_in(browser: Browser, password: str = GOOD, pseudonym: str = "asel", **more: str) -> httpx.Response:
    return browser.post("/login", {"pseudonym": pseudonym, "password": password, **more})


def test_pseudonym_and_password_lead_where_one_wanted_to_go(opened: Opened, asel: Account) -> None:
    browser = opened()
    assert 'value="/me?x=1"' in browser.get("/me?x=1").text
    response = logged_in(browser, target="/me?x=1")
    assert (response.status_code, response.url.path) == (200, "/me")
    assert "asel" in response.text


@pytest.mark.parametrize(
    ("pseudonym", "password"), [("asel", "wrong"), ("nobody", GOOD), ("asel", ""), ("", ""), ("a\0b", "x")]
)
def test_wrong_is_wrong_in_the_same_words(opened: Opened, asel: Account, pseudonym: str, password: str) -> None:
    browser = opened()
    response = logged_in(browser, password, pseudonym)
    assert (response.status_code, "set-cookie" in response.headers) == (401, False)
    assert response.text == logged_in(browser, "wrong", "asel").text


def test_an_unknown_account_costs_the_same_work(
    opened: Opened, asel: Account, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One verification by the same parameters, whether there is an account, a password, or none of them."""
    with database.session() as session:
        people.add(session, "invited", "reader", by=None, now=NOW)
        people.disable(
            session, people.add(session, "gone", "reader", password=GOOD, by=None, now=NOW), by=None, now=NOW
        )
    done: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, kept: str | bytes, password: str | bytes) -> bool:
        done.append(str(kept).rpartition("$")[0].rpartition("$")[0])
        return verify(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for pseudonym in ("asel", "nobody", "invited", "gone", "desk"):
        assert logged_in(opened(), "wrong words here", pseudonym).status_code == 401
    assert len(done) == 5
    assert len(set(done)) == 1
    assert logged_in(opened(), GOOD, "gone").status_code == 401


def test_after_many_tries_even_the_right_password_waits(opened: Opened, asel: Account, clock: Clock) -> None:
    browser, other_process = opened(), opened()
    for _ in range(throttle.BY_ACCOUNT.tries):
        wrong = logged_in(browser, "wrong")
    closed = logged_in(other_process)
    assert (closed.status_code, closed.text) == (401, wrong.text)
    clock.now += throttle.BY_ACCOUNT.per + timedelta(seconds=1)
    assert logged_in(other_process, target="/me").status_code == 200


def test_a_hash_of_older_parameters_is_made_anew(opened: Opened, asel: Account, database: Database) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(passwords.normal(GOOD))
    with database.session() as session:
        people.by_id(session, asel.id).password_hash = old
    assert logged_in(opened(), target="/me").status_code == 200
    with database.session() as session:
        kept = people.by_id(session, asel.id).password_hash
    assert kept is not None
    assert not passwords.is_outdated(kept)
    assert logged_in(opened(), target="/me").status_code == 200


@pytest.mark.parametrize(
    ("host", "secure"), [("127.0.0.1:8000", False), ("localhost", False), ("[::1]:80", False), ("desk.example", True)]
)
def test_the_cookie_stays_on_this_machine_or_goes_over_tls(
    opened: Opened, asel: Account, host: str, secure: bool
) -> None:
    browser = opened(host, allow_remote=True)
    response = browser.request("POST", "/login", data={"pseudonym": "asel", "password": GOOD}, follow_redirects=False)
    cookie = response.headers["set-cookie"].lower()
    assert ("; secure" in cookie) == secure
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_the_second_factor_is_asked_for_before_anything_is_shown(
    opened: Opened, asel: Account, database: Database, clock: Clock
) -> None:
    browser = opened()
    logged_in(browser)
    secret = turned_on(browser, clock)
    clock.now += timedelta(minutes=2)
    other = opened()
    asked = logged_in(other, target="/people")
    assert asked.url.path == "/login/code"
    assert other.get("/people").status_code == 401
    half = other.cookies[COOKIE]
    token = re.findall(r'form_token" value="(\w+)"', asked.text)[0]
    code = pyotp.TOTP(secret).at(clock.now)
    wrong = {"form_token": token, "code": "000000" if code != "000000" else "000001", "target": "/people"}
    assert other.post("/login/code", wrong).status_code == 401
    assert other.post("/login/code", wrong | {"code": code, "form_token": "0" * 64}).status_code == 403
    assert other.post("/login/code", wrong | {"code": code}).url.path == "/people"
    assert other.cookies[COOKIE] != half
    third = opened()
    logged_in(third)
    assert third.post("/login/code", {"form_token": third.form_token(), "code": code}).status_code == 401


def turned_on(browser: Browser, clock: Clock) -> str:
    """Turn the second factor on as a person does; its secret."""
    token = browser.form_token()
    page = browser.post("/me/second-factor", {"form_token": token, "password": GOOD})
    secret = "".join(re.findall(r"<code>([A-Z2-7 ]+)</code>", page.text)[0].split())
    picture = browser.get("/me/second-factor.svg")
    assert picture.headers["content-type"].startswith("image/svg")
    page = browser.post("/me/second-factor/confirm", {"form_token": token, "code": pyotp.TOTP(secret).at(clock.now)})
    assert len(re.findall(r"<li><code>[a-z0-9-]{19}</code>", page.text)) == second_factor.RECOVERY_CODES
    assert browser.get("/me/second-factor.svg").status_code == 404
    assert secret[:4] not in browser.get("/me").text
    return secret


def test_guessing_codes_is_throttled_as_well(opened: Opened, asel: Account, clock: Clock) -> None:
    browser = opened()
    logged_in(browser)
    secret = turned_on(browser, clock)
    clock.now += timedelta(minutes=2)
    other = opened()
    logged_in(other)
    for _ in range(throttle.BY_ACCOUNT.tries):
        other.post("/login/code", {"form_token": other.form_token(), "code": "123456"})
    right = {"form_token": other.form_token(), "code": pyotp.TOTP(secret).at(clock.now)}
    assert other.post("/login/code", right).status_code == 401


def test_an_invited_person_chooses_a_password_and_is_in(opened: Opened, database: Database) -> None:
    with database.session() as session:
        account = people.add(session, "dana", "reviewer", by=None, now=NOW)
        code = invitations.invite(session, account, by=None, now=NOW)
    browser = opened()
    assert "dana" in browser.get("/invitation", params={"code": code}).text
    form = {"code": code, "password": GOOD, "again": GOOD}
    assert "differ" in browser.post("/invitation", form | {"again": "x"}).text
    assert browser.post("/invitation", form | {"password": "short", "again": "short"}).status_code == 400
    browser.post("/invitation", form)
    assert "dana" in browser.get("/me").text
    assert opened().get("/invitation", params={"code": code}).status_code == 404
    assert opened().post("/invitation", form).status_code == 404
    assert logged_in(opened(), pseudonym="dana", target="/me").status_code == 200


@pytest.fixture
def single_sign_on(clock: Clock) -> Iterator[tuple[Any, Provider]]:
    with serving() as little:
        little.clock = clock
        yield little, Provider(little.issuer, CLIENT, SECRET)


def through(browser: Browser, path: str) -> httpx.Response:
    """The way to the provider and back, as a browser goes it."""
    there = browser.request("GET", path, follow_redirects=False)
    back = httpx.get(there.headers["location"], follow_redirects=False).headers["location"]
    parts = urlsplit(back)
    return browser.get(f"{parts.path}?{parts.query}", headers={"sec-fetch-site": "cross-site"})


def test_single_sign_on_opens_only_what_an_admin_offered(
    opened: Opened, database: Database, single_sign_on: tuple[Any, Provider]
) -> None:
    _little, provider = single_sign_on
    browser = opened(provider=provider)
    assert "/login/single-sign-on" in browser.get("/").text
    refused = through(browser, "/login/single-sign-on")
    assert (refused.status_code, browser.cookies.get(COOKIE)) == (401, None)
    with database.session() as session:
        assert people.listed(session) == []
        account = people.add(session, "dana", "reviewer", by=None, now=NOW)
        code = invitations.invite(session, account, by=None, now=NOW)
    tied = through(browser, f"/login/single-sign-on?invitation={code}")
    assert tied.status_code == 200
    assert 'http-equiv="refresh"' in tied.text
    assert "dana" in browser.get("/me").text
    again = opened(provider=provider)
    assert "url=/people" in through(again, "/login/single-sign-on?target=/people").text
    assert "dana" in again.get("/me").text
    with database.session() as session:
        people.disable(session, people.named(session, "dana"), by=None, now=NOW)
    assert through(opened(provider=provider), "/login/single-sign-on").status_code == 401


def test_an_answer_of_the_provider_opens_only_the_browser_that_asked(
    opened: Opened, single_sign_on: tuple[Any, Provider]
) -> None:
    """Else a foreign page could log somebody in as somebody else."""
    provider = single_sign_on[1]
    there = opened(provider=provider).request("GET", "/login/single-sign-on", follow_redirects=False)
    back = urlsplit(httpx.get(there.headers["location"], follow_redirects=False).headers["location"])
    other = opened(provider=provider)
    assert other.get(f"{back.path}?{back.query}").status_code == 401
    other.request("GET", "/login/single-sign-on", follow_redirects=False)
    assert other.get(f"{back.path}?{back.query}").status_code == 401


def test_the_token_of_a_start_signs_as_the_local_account(opened: Opened, database: Database) -> None:
    opened().get("/me", params={"token": TOKEN})
    browser = opened()
    browser.get("/me", params={"token": TOKEN})
    with database.session() as session:
        [desk] = people.listed(session)
    assert (desk.pseudonym, desk.role, desk.has_password) == (people.DESK, "admin", False)


def test_where_others_are_served_the_token_lets_in_until_there_is_an_admin(
    opened: Opened, database: Database, clock: Clock
) -> None:
    assert opened(first_way_only=True).get("/me", params={"token": TOKEN}).status_code == 200
    with database.session() as session:
        people.add(session, "asel", "admin", password=GOOD, by=None, now=NOW)
    late = opened(first_way_only=True)
    assert late.get("/me", params={"token": TOKEN}).status_code == 401
    assert 'name="token"' not in late.get("/").text
    assert opened().get("/me", params={"token": TOKEN}).status_code == 200


def test_no_token_at_all_is_none_that_could_be_guessed(opened: Opened) -> None:
    for token in ("", "None", "null"):
        assert opened(token=None).get("/me", params={"token": token}).status_code == 401


@pytest.mark.parametrize(("now", "page"), [("", "/"), ("yes", "/blank")])
def test_leaving_ends_the_login_at_the_server(opened: Opened, asel: Account, now: str, page: str) -> None:
    browser = opened()
    logged_in(browser)
    cookie = browser.cookies[COOKIE]
    response = browser.post("/leave", {"form_token": browser.form_token(), "now": now})
    assert response.url.path == page
    assert "kzmonitor" not in response.text or page == "/"
    assert browser.get("/me", headers={"cookie": f"{COOKIE}={cookie}"}).status_code == 401


def test_a_login_ends_when_nobody_sits_there(opened: Opened, asel: Account, clock: Clock) -> None:
    browser = opened()
    logged_in(browser)
    clock.now += timedelta(minutes=59)
    assert browser.get("/me").status_code == 200
    clock.now += timedelta(minutes=59)
    assert browser.get("/me").status_code == 200
    clock.now += timedelta(minutes=61)
    assert browser.get("/me").status_code == 401
