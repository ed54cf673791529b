"""The review app on a real database, a browser that is logged in, and alerts as a morning brings them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio.from_thread
import httpx
import lxml.html
import pytest
import yaml
from fastapi import FastAPI
from sqlalchemy.orm import Session

from kzmonitor.accounts import people, sessions
from kzmonitor.review import create_app
from kzmonitor.review.door import COOKIE
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert

TOKEN = "the-token-of-this-start"
NOW = datetime(2025, 11, 4, 3, 10, tzinfo=UTC)
MORNING = Path(__file__).parent / "morning.yaml"


class Browser:
    """What a person's browser does: keeps cookies, follows redirects, sends the forms of the page it shows."""

    def __init__(self, app: FastAPI, portal: anyio.from_thread.BlockingPortal, host: str = "127.0.0.1:8000") -> None:
        self._app = app
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url=f"http://{host}", follow_redirects=True)
        self._portal = portal
        self.cookies = self._client.cookies

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._portal.call(lambda: self._client.get(path, **more))

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        return self._portal.call(lambda: self._client.post(path, data=data, **more))

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._portal.call(lambda: self._client.request(method, path, **more))

    def open(self, path: str) -> "Page":
        return Page(self, self.get(path))

    def log_in(self, role: str | None = None, pseudonym: str | None = None) -> "Browser":
        """With the token of this start, or as an account of this role, made when it is not there yet."""
        if role is None:
            assert self.get("/me", params={"token": TOKEN}).status_code == 200
            return self
        desk = self._app.state.desk
        with desk.database.session() as session:
            name = pseudonym or f"the-{role}"
            account = people.find(session, name) or people.add(session, name, role, by=None, now=desk.clock())
            cookie = sessions.begin(session, account.id, "password", "", desk.clock())
        self.cookies.set(COOKIE, cookie, domain="127.0.0.1", path="/")
        return self

    def form_token(self) -> str:
        """What the forms of this login carry."""
        return sessions.form_token(self.cookies[COOKIE])


class Page:
    """A page that is shown, and its form for a decision."""

    def __init__(self, browser: Browser, response: httpx.Response) -> None:
        self.browser, self.response, self.html = browser, response, response.text
        self.path = response.url.raw_path.decode()
        self.dom = lxml.html.document_fromstring(response.text)

    def text(self, selector: str) -> list[str]:
        return [" ".join(element.text_content().split()) for element in self.dom.cssselect(selector)]

    def decide(self, decision: str, **changed: Any) -> "Page":
        """Press a button of the form, with the fields as they stand but for those that are given."""
        [form] = self.dom.cssselect("form#decide")
        fields: dict[str, Any] = dict(form.form_values())
        fields["label"] = [value for name, value in form.form_values() if name == "label"]
        sent = fields | {"decision": decision} | changed
        return Page(self.browser, self.browser.post(form.get("action"), sent))


@pytest.fixture
def portal() -> Iterator[anyio.from_thread.BlockingPortal]:
    with anyio.from_thread.start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def app(database: Database) -> FastAPI:
    return create_app(database, token=TOKEN, secret_key="k" * 32, clock=lambda: NOW)


@pytest.fixture
def stranger(app: FastAPI, portal: anyio.from_thread.BlockingPortal) -> Browser:
    """A browser without a session."""
    return Browser(app, portal)


@pytest.fixture
def browser(app: FastAPI, portal: anyio.from_thread.BlockingPortal) -> Browser:
    """A browser that came in with the token."""
    return Browser(app, portal).log_in()


@pytest.fixture
def morning(database: Database, report: Callable[..., Alert]) -> dict[str, Alert]:
    """The alerts of `morning.yaml`, by their names there."""
    with database.session() as session:
        return plant(session, report)


def plant(session: Session, report: Callable[..., Alert]) -> dict[str, Alert]:
    """Write the reports of `morning.yaml`: invented from the first word to the last."""
    planted: dict[str, Alert] = {}
    for told in yaml.safe_load(MORNING.read_text("utf-8")):
        name, hours, of = told.pop("name"), told.pop("hours_ago"), told.pop("of", None)
        spoke = told.pop("spoke", [])
        planted[name] = report(
            session,
            at=NOW - timedelta(hours=hours),
            of=planted.get(of),
            reasons=[reason for item in spoke if (reason := _reason(told, *item))],
            **told,
        )
    return planted


def _reason(told: dict[str, Any], phrase: str, label: str, weight: float) -> dict[str, Any]:
    start = f"{told['title']}\n{told['text']}".index(phrase)
    return {
        "label": label, "phrase": phrase, "start": start, "end": start + len(phrase), "weight": weight,
        "concept": None, "side": "for" if weight > 0 else "against",
    }  # fmt: skip
