"""The pages of one's own account and of people: what they show once, what they end, what they refuse."""

import re
from typing import Any

import anyio.from_thread
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from kzmonitor.accounts import people
from kzmonitor.config import Settings
from kzmonitor.errors import SetupError
from kzmonitor.review.app import provider_of
from kzmonitor.store import Database
from kzmonitor.store.tables import Account

Browser = Any
GOOD = "тихий омут синий"


@pytest.fixture
def asel(app: FastAPI, database: Database) -> Account:
    with database.session() as session:
        return people.add(session, "asel", "admin", password=GOOD, by=None, now=app.state.desk.clock())


@pytest.fixture
def admin(stranger: Browser, asel: Account) -> Browser:
    stranger.post("/login", {"pseudonym": "asel", "password": GOOD, "target": "/me"})
    return stranger


def sent(browser: Browser, path: str, **fields: str) -> Any:
    return browser.post(path, {"form_token": browser.form_token()} | fields)


def test_a_person_is_added_and_invited_by_an_address_that_is_shown_once(
    app: FastAPI, admin: Browser, portal: anyio.from_thread.BlockingPortal
) -> None:
    page = sent(admin, "/people", pseudonym="dana", role="reviewer")
    code = re.findall(r"/invitation\?code=([\w-]{43})", page.text)[0]
    assert code not in admin.get("/people").text
    dana = type(admin)(app, portal)
    dana.post("/invitation", {"code": code, "password": GOOD, "again": GOOD})
    assert "dana" in dana.get("/me").text


@pytest.mark.parametrize("name", ["asel", "desk", "", "<script>alert(1)</script>", "x" * 99])
def test_a_pseudonym_that_will_not_do_is_explained(admin: Browser, name: str) -> None:
    page = sent(admin, "/people", pseudonym=name, role="reader")
    assert page.status_code == 400
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("action", ["disable", "role", "nonsense"])
def test_nobody_shuts_the_door_behind_themselves(admin: Browser, asel: Account, action: str) -> None:
    assert sent(admin, f"/people/{asel.id}", action=action, role="reader").status_code == 400
    assert admin.get("/people").status_code == 200


def test_what_an_admin_did_stands_in_the_log(admin: Browser, app: FastAPI, database: Database) -> None:
    sent(admin, "/people", pseudonym="dana", role="reader")
    with database.session() as session:
        dana = people.named(session, "dana").id
    for fields in ({"action": "role", "role": "reviewer"}, {"action": "disable"}, {"action": "enable"}):
        assert sent(admin, f"/people/{dana}", **fields).status_code == 200
    text = " ".join(admin.open("/people/log").text(".log tbody tr"))
    for said in ("asel enable account", "asel disable account", "change role account dana role: reader", "asel invite"):
        assert said in text, said
    assert "command line add account account asel" in text


def test_a_new_password_wants_the_old_one(admin: Browser) -> None:
    new = "другие три слова"
    for current, password, again in ((GOOD, "short", "short"), ("wrong", new, new), (GOOD, new, "else")):
        answer = sent(admin, "/me/password", current=current, password=password, again=again)
        assert answer.status_code == 400


def test_a_new_password_ends_the_other_logins(
    app: FastAPI, admin: Browser, portal: anyio.from_thread.BlockingPortal
) -> None:
    other = type(admin)(app, portal)
    other.post("/login", {"pseudonym": "asel", "password": GOOD, "target": "/me"})
    new = "другие три слова"
    assert sent(admin, "/me/password", current=GOOD, password=new, again=new).status_code == 200
    assert other.get("/me").status_code == 401
    assert admin.get("/me").status_code == 200


def test_one_ends_ones_other_logins(app: FastAPI, admin: Browser, portal: anyio.from_thread.BlockingPortal) -> None:
    others = [type(admin)(app, portal) for _ in range(2)]
    for other in others:
        other.post("/login", {"pseudonym": "asel", "password": GOOD, "target": "/me"})
    [first, _second] = re.findall(r'name="id" value="([0-9a-f-]{36})"', admin.get("/me").text)
    sent(admin, "/me/sessions", id=first)
    assert sorted(other.get("/me").status_code for other in others) == [200, 401]
    sent(admin, "/me/sessions")
    assert [other.get("/me").status_code for other in others] == [401, 401]
    assert admin.get("/me").status_code == 200


def test_a_token_is_shown_once_and_wants_the_password(admin: Browser) -> None:
    assert sent(admin, "/me/tokens", name="x", scope="read", password="wrong").status_code == 400
    page = sent(admin, "/me/tokens", name="<b>counts</b>", scope="read", password=GOOD)
    token = re.findall(r"kzm_[\w-]{43}", page.text)[0]
    assert "<b>counts" not in page.text
    assert admin.get("/api/v1/alerts", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert token not in admin.get("/me").text
    [id] = re.findall(r'revoke">.*?name="id" value="([0-9a-f-]{36})"', admin.get("/me").text)
    sent(admin, "/me/tokens/revoke", id=id)
    assert admin.get("/api/v1/alerts", headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_who_came_by_the_token_of_a_start_is_told_to_add_an_account(browser: Browser) -> None:
    page = browser.get("/me").text
    assert "Add an account of your own" in page
    assert 'action="/me/password"' not in page


def test_single_sign_on_is_set_up_whole_or_not_at_all() -> None:
    assert provider_of(Settings(_env_file=None)) is None
    with pytest.raises(SetupError, match="_CLIENT_SECRET"):
        provider_of(Settings(_env_file=None, oidc_issuer="https://login.example"))
    whole = Settings(
        _env_file=None, oidc_issuer="https://login.example", oidc_client_id="x", oidc_client_secret=SecretStr("y")
    )
    assert provider_of(whole) is not None


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
@pytest.mark.parametrize("path", ["/me", "/people", "/people/log", "/invitation?code=x"])
def test_the_pages_stand_in_every_language(admin: Browser, path: str, language: str) -> None:
    page = admin.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert page.response.status_code in (200, 404)
    assert page.dom.get("lang") == language
    assert len(page.dom.cssselect("h1")) == 1
