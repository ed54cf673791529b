"""Who is let in where: every route without login, with each role, by token, with stale and foreign secrets.

What a route demands is read from its dependency, so that a new route is tried without being listed here; one that
demands no role must be public by name. `python -m tests.review.test_access` writes docs/access.md."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.from_thread
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount

from kzmonitor.accounts import people, sessions, tokens
from kzmonitor.accounts.roles import ROLES
from kzmonitor.review import create_app
from kzmonitor.review.desk import FORMS_OF_STRANGERS, Role
from kzmonitor.review.door import COOKIE
from kzmonitor.review.security import API, PUBLIC, PUBLIC_BELOW, is_public
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, new_id
from tests.review.test_api import bearer

Browser = Any
TABLE = Path(__file__).parents[2] / "docs" / "access.md"
# What the guard or the role says when it lets nobody in; everything else is an answer of the page itself.
KEPT_OUT = (401, 403)


@dataclass(frozen=True)
class Way:
    """One method of one route, and the least role that it demands; None: it is public."""

    method: str
    path: str
    role: str | None

    def address(self) -> str:
        """An address of it, with identifiers that are nobody's."""
        return re.sub(r"\{[^}]*\}", str(new_id()), self.path)


def ways(app: FastAPI) -> list[Way]:
    """Every method of every route of the app."""
    return sorted(
        (
            Way(method, route.path, demanded(route))
            for route in app.routes
            if isinstance(route, APIRoute)
            for method in route.methods
        ),
        key=lambda way: (way.path, way.method),
    )


def demanded(route: APIRoute) -> str | None:
    """The highest role that a route or anything it depends on asks for."""
    roles = [depends.call.role for depends in _all(route.dependant) if isinstance(depends.call, Role)]
    return max(roles, key=ROLES.index, default=None)


def _all(dependant: Any) -> Iterator[Any]:
    for depends in dependant.dependencies:
        yield depends
        yield from _all(depends)


def tried(browser: Browser, way: Way, **headers: str) -> int:
    """The answer to an empty form, or to a plain request."""
    body = (
        {"content": b""} if way.method in ("GET", "HEAD") else {"data": {"form_token": headers.pop("form_token", "")}}
    )
    return browser.request(way.method, way.address(), headers=headers, follow_redirects=False, **body).status_code


@pytest.fixture
def visitor(app: FastAPI, portal: anyio.from_thread.BlockingPortal, stranger: Browser) -> Callable[[str], Browser]:
    """A new browser of somebody with this role."""
    return lambda role: type(stranger)(app, portal).log_in(role)


def test_every_route_demands_a_role_or_is_public_by_name(app: FastAPI) -> None:
    assert [way for way in ways(app) if way.role is None and not is_public(way.path)] == []
    assert [way for way in ways(app) if way.role is not None and is_public(way.path)] == []
    assert {way.path for way in ways(app)} >= set(PUBLIC)
    assert {type(route) for route in app.routes} == {APIRoute, Mount}
    assert [route.path for route in app.routes if isinstance(route, Mount)] == ["/static"]
    assert len(ways(app)) >= 30


def test_without_login_nothing_answers_but_what_is_public(app: FastAPI, stranger: Browser) -> None:
    for way in ways(app):
        if way.role is not None:
            assert tried(stranger, way) == 401, way


def test_each_role_comes_in_where_it_may_and_nowhere_else(
    app: FastAPI, visitor: Callable[[str], Browser], morning: dict[str, Alert]
) -> None:
    for role in ROLES:
        browser = visitor(role)
        for way in ways(app):
            if way.role is None or way.path == "/leave":  # after which there is no login to try with
                continue
            status = tried(browser, way, form_token=browser.form_token(), **{"x-form-token": browser.form_token()})
            allowed = ROLES.index(role) >= ROLES.index(way.role)
            assert (status not in KEPT_OUT) == allowed, (role, way, status)
            assert status < 500, (role, way, status)


def test_each_token_comes_in_where_its_scope_may_and_never_to_pages(app: FastAPI, stranger: Browser) -> None:
    for role, scope in zip(ROLES, ("read", "review", "admin"), strict=True):
        header = bearer(app, role, scope)
        for way in ways(app):
            if way.role is None:
                continue
            status = tried(stranger, way, **header)
            if not way.path.startswith(API):
                assert status == 401, (role, way, status)
            else:
                assert (status not in KEPT_OUT) == (ROLES.index(role) >= ROLES.index(way.role)), (role, way, status)


def test_an_admin_by_a_token_to_read_only_reads(app: FastAPI, stranger: Browser) -> None:
    header = bearer(app, "admin", "read")
    for way in ways(app):
        if way.path.startswith(API):
            assert (tried(stranger, way, **header) not in KEPT_OUT) == (way.role == "reader"), way


def ended(app: FastAPI, visitor: Browser, how: str) -> None:
    """Bring a login to its end."""
    desk = app.state.desk
    with desk.database.session() as session:
        login = sessions.login_of(session, visitor.cookies[COOKIE], desk.clock())
        assert login is not None
        account = people.by_id(session, login.person.id)
        if how == "left":
            sessions.end(session, login.id, account.id)
        elif how == "disabled":
            people.disable(session, account, by=None, now=desk.clock())
        elif how == "new password":
            people.set_password(session, account, "тихий омут синий", by=None, now=desk.clock())


@pytest.mark.parametrize("how", ["left", "disabled", "new password"])
def test_an_ended_login_opens_nothing(app: FastAPI, visitor: Callable[[str], Browser], how: str) -> None:
    browser = visitor("admin")
    token = browser.form_token()
    ended(app, browser, how)
    for way in ways(app):
        if way.role is not None:
            assert tried(browser, way, form_token=token) == 401, way


@pytest.mark.parametrize("kind", ["none", "of an ended login", "of another person", "made up"])
def test_a_form_without_the_token_of_this_login_changes_nothing(
    app: FastAPI, visitor: Callable[[str], Browser], kind: str
) -> None:
    former = visitor("admin")
    stale = former.form_token()
    ended(app, former, "left")
    token = {
        "none": "",
        "of an ended login": stale,
        "of another person": visitor("reviewer").form_token(),
        "made up": "0" * 64,
    }[kind]
    browser = visitor("admin")
    forms = [
        way
        for way in ways(app)
        if way.method not in ("GET", "HEAD") and way.path not in FORMS_OF_STRANGERS and way.role
    ]
    assert len(forms) >= 12
    for way in forms:
        assert tried(browser, way, form_token=token, **{"x-form-token": token}) == 403, way


def test_a_form_of_another_site_changes_nothing(app: FastAPI, visitor: Callable[[str], Browser]) -> None:
    browser = visitor("admin")
    for header in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
    ):
        for way in ways(app):
            if way.method not in ("GET", "HEAD"):
                assert tried(browser, way, form_token=browser.form_token(), **header) == 403, (header, way)


def test_nobody_touches_what_is_another_persons(
    app: FastAPI, database: Database, visitor: Callable[[str], Browser]
) -> None:
    mine, other = visitor("reviewer"), visitor("admin")
    header = bearer(app, "reviewer", "review")
    desk = app.state.desk
    with database.session() as session:
        login = sessions.login_of(session, mine.cookies[COOKIE], desk.clock())
        assert login is not None
        [held] = tokens.held_by(session, people.named(session, "the-reviewer").id, desk.clock())
    for path, id in (("/me/sessions", login.id), ("/me/tokens/revoke", held.id)):
        other.post(path, {"form_token": other.form_token(), "id": str(id)})
    assert mine.get("/me").status_code == 200
    assert mine.get("/api/v1/alerts", headers=header).status_code == 200


@pytest.mark.parametrize("host", ["x/static/", "x/static/?", "x/login#", "x/healthz?"])
def test_the_host_that_a_request_names_opens_nothing(
    database: Database, portal: anyio.from_thread.BlockingPortal, stranger: Browser, host: str
) -> None:
    app = create_app(database, token=None, secret_key="k" * 32, allow_remote=True)
    browser = type(stranger)(app, portal, "desk.example")
    for path in ("/", "/people", "/me"):
        assert browser.get(path, headers={"host": host}).status_code in (400, 401)


def table(app: FastAPI) -> str:
    """The page that says who is let in where."""
    marks = {True: "yes", False: "–"}
    lines = [
        "# Who is let in where",
        "",
        "Written by `python -m tests.review.test_access` from the routes themselves and compared by the tests, which",
        "try each line: without login (401), with each role, by access tokens of each scope, with an ended login, a",
        "disabled account, another person's form token and a stale one (403), and from another site (403). By token",
        "only `/api/` is open. Forms always need the form token of their login.",
        "",
        "| method | address | anybody | reader | reviewer | admin | by token |",
        "|---|---|---|---|---|---|---|",
    ]
    for way in ways(app):
        allowed = [marks[way.role is None or ROLES.index(role) >= ROLES.index(way.role)] for role in ROLES]
        by_token = marks[way.role is not None and way.path.startswith(API)]
        lines.append(
            f"| {way.method} | `{way.path}` | {marks[way.role is None]} | {' | '.join(allowed)} | {by_token} |"
        )
    below = ", ".join(f"`{path}`" for path in PUBLIC_BELOW)
    return "\n".join([*lines, "", f"Files below {below} are public.", ""])


def test_the_table_in_the_documentation_is_that_of_the_app(app: FastAPI) -> None:
    assert TABLE.read_text() == table(app), "write it anew: python -m tests.review.test_access"


if __name__ == "__main__":
    unused: Any = None
    TABLE.write_text(table(create_app(unused, token=None, secret_key="k" * 32)))
