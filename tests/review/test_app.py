"""Who is let in, by which names, what each answer carries, and what is said when something fails."""

import logging
import re
import socket
from datetime import UTC, datetime
from typing import Any

import anyio.from_thread
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from kzmonitor.accounts import people
from kzmonitor.accounts.sessions import ABSOLUTE
from kzmonitor.config import Settings
from kzmonitor.errors import SetupError
from kzmonitor.incidents import alerts
from kzmonitor.review import create_app, serve
from kzmonitor.review.door import COOKIE
from kzmonitor.review.security import HEADERS
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert

TOKEN = "the-token-of-this-start"
Browser = Any
NOW = datetime(2025, 11, 4, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "path", ["/nothing", "/docs", "/openapi.json", "/redoc", "//", "/static", "/healthz/", "/%2e%2e/x"]
)
def test_an_unknown_address_looks_like_every_other_without_a_session(stranger: Browser, path: str) -> None:
    assert stranger.get(path).status_code in (401, 404)


def test_health_says_ok_and_nothing_else(stranger: Browser) -> None:
    assert stranger.get("/healthz").text == "ok"


def test_the_token_in_the_address_opens_a_session_and_leaves_the_address(stranger: Browser) -> None:
    response = stranger.request("GET", "/?status=all&token=" + TOKEN, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/?status=all")
    cookie = response.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert f"max-age={int(ABSOLUTE.total_seconds())}" in cookie
    assert stranger.get("/").status_code == 200


def test_the_form_opens_a_session_and_leads_where_one_wanted_to_go(
    stranger: Browser, morning: dict[str, Alert]
) -> None:
    path = f"/alerts/{morning['tax'].id}"
    assert f'value="{path}"' in stranger.get(path).text
    response = stranger.post("/login", {"token": TOKEN, "target": path})
    assert response.status_code == 200
    assert response.url.path == path
    assert stranger.post("/login", {"token": TOKEN, "target": "//evil.example/"}).url.host == "127.0.0.1"


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "///evil.example"])
def test_a_right_token_never_leads_elsewhere(stranger: Browser, path: str) -> None:
    response = stranger.request("GET", f"http://127.0.0.1:8000{path}?token={TOKEN}", follow_redirects=False)
    assert not response.headers.get("location", "/x").startswith(("//", "/\\", "http"))


def test_a_wrong_token_opens_nothing_and_many_close_the_door(stranger: Browser) -> None:
    for _ in range(10):
        response = stranger.get("/", params={"token": "wrong"})
        assert response.status_code == 401
        assert "set-cookie" not in response.headers
        assert "wrong" not in response.text
    assert stranger.get("/", params={"token": TOKEN}).status_code == 401


def test_a_picture_on_a_foreign_page_can_neither_log_in_nor_close_the_door(stranger: Browser) -> None:
    for _ in range(20):
        stranger.get("/?token=wrong", headers={"sec-fetch-mode": "no-cors", "sec-fetch-site": "cross-site"})
    assert stranger.get(f"/?token={TOKEN}").status_code == 200


def test_who_comes_from_a_link_in_a_mail_is_asked_for_the_cookie_again(stranger: Browser) -> None:
    html = stranger.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).text
    assert 'http-equiv="refresh"' in html
    assert 'http-equiv="refresh"' not in stranger.get("/", headers={"sec-fetch-site": "same-origin"}).text


def test_who_leaves_is_out_even_with_the_old_cookie(browser: Browser) -> None:
    cookie = browser.cookies[COOKIE]
    token = re.search(r'form_token" value="(\w+)"', browser.get("/").text)
    assert token
    assert browser.post("/leave", {"form_token": token[1]}).status_code == 401
    assert browser.get("/", headers={"cookie": f"{COOKIE}={cookie}"}).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.7:8000", "[::2]", ""]
)
def test_a_foreign_host_name_is_refused(browser: Browser, host: str) -> None:
    response = browser.get("/", headers={"host": host})
    assert response.status_code == 400
    assert "Алматы" not in response.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_the_names_of_this_machine_are_answered(stranger: Browser, host: str) -> None:
    assert stranger.get("/healthz", headers={"host": host}).text == "ok"


def test_other_names_are_answered_where_that_was_allowed(
    database: Database, portal: anyio.from_thread.BlockingPortal, stranger: Browser
) -> None:
    app = create_app(database, token=TOKEN, secret_key="k", allow_remote=True)
    assert type(stranger)(app, portal, "desk.example").get("/healthz").text == "ok"


@pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
def test_a_form_without_its_token_changes_nothing(
    browser: Browser, database: Database, morning: dict[str, Alert], token: str | None
) -> None:
    data = {"decision": "confirm"} | ({} if token is None else {"form_token": token})
    assert browser.post(f"/alerts/{morning['raid'].id}", data).status_code == 403
    assert browser.post("/leave", data).status_code == 403
    with database.session() as session:
        assert alerts.counts(session)["confirmed"] == 0


def test_a_form_on_a_foreign_page_changes_nothing(browser: Browser, morning: dict[str, Alert]) -> None:
    token = re.search(r'form_token" value="(\w+)"', browser.get("/").text)
    assert token
    response = browser.post(
        f"/alerts/{morning['raid'].id}",
        {"decision": "confirm", "form_token": token[1]},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert response.status_code == 403


def test_a_form_of_a_megabyte_is_not_read(browser: Browser, morning: dict[str, Alert]) -> None:
    assert browser.post(f"/alerts/{morning['raid'].id}", {"note": "x" * 1_000_000}).status_code == 413


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/static/desk.css", "/static/nothing", "/nothing", "/?token=wrong", "/fails"]
)
def test_every_answer_carries_the_headers(app: FastAPI, browser: Browser, path: str) -> None:
    app.add_api_route("/fails", _fail)
    response = browser.get(path)
    assert {name: response.headers.get(name) for name in HEADERS} == dict(HEADERS)
    assert "unsafe" not in response.headers["content-security-policy"]


def _fail() -> None:
    raise ZeroDivisionError("a secret of the inside")


def test_a_failure_shows_a_number_and_the_log_has_the_rest(
    app: FastAPI, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    app.add_api_route("/fails", _fail)
    with caplog.at_level(logging.ERROR, "kzmonitor.review.app"):
        response = browser.get("/fails")
    assert response.status_code == 500
    assert not re.search("secret|ZeroDivision|Traceback|File ", response.text)
    number = re.search(r"Number: ([0-9a-f]{8})", response.text)
    assert number
    assert number[1] in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "path", ["/nothing", "/alerts/x", "/alerts/00000000-0000-0000-0000-000000000000", "/captures/1"]
)
def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, path: str) -> None:
    response = browser.get(path)
    assert response.status_code == 404
    assert "There is no such page." in response.text


def test_the_app_is_served_to_others_once_there_is_an_admin_and_a_key(database: Database) -> None:
    with pytest.raises(SetupError, match="kzmonitor account add"):
        serve(database, Settings(_env_file=None, secret_key=SecretStr("k" * 32)), "0.0.0.0", token=TOKEN)
    with database.session() as session:
        people.add(session, "asel", "admin", password="тихий омут синий", by=None, now=NOW)
    with pytest.raises(SetupError, match="KZMONITOR_SECRET_KEY"):
        serve(database, Settings(_env_file=None), "0.0.0.0", token=TOKEN)


def test_a_taken_port_is_one_line(database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SetupError, match="choose another --port"):
        serve(
            database,
            Settings(_env_file=None, secret_key=SecretStr("k" * 32)),
            port=taken.getsockname()[1],
            token=TOKEN,
        )
