"""The desk works with no more rights to the database than its role has."""

from collections.abc import Iterator

import anyio.from_thread
import pytest
from fastapi.routing import APIRoute

from kzmonitor.review import create_app
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert
from tests.limited import granted, under
from tests.review.conftest import NOW, TOKEN, Browser


@pytest.fixture
def limited(
    database: Database, morning: dict[str, Alert], administrator: str, portal: anyio.from_thread.BlockingPortal
) -> Iterator[Browser]:
    """A browser at a desk whose database lets it do what kzmonitor_web may."""
    granted(database, administrator)
    with under(database, "kzmonitor_web") as desk:
        app = create_app(desk, token=TOKEN, secret_key="k" * 32, clock=lambda: NOW)
        browser = Browser(app, portal).log_in()
        browser.paths = sorted(  # type: ignore[attr-defined]
            route.path
            for route in app.routes
            if isinstance(route, APIRoute) and "GET" in route.methods and "{" not in route.path
        )
        yield browser


def test_every_page_answers(limited: Browser, morning: dict[str, Alert]) -> None:
    paths = [*limited.paths, *(f"/alerts/{alert.id}" for alert in morning.values())]  # type: ignore[attr-defined]
    assert len(paths) > 15
    failed = {path: limited.get(path).status_code for path in paths if path != "/login/single-sign-on"}
    assert {path: status for path, status in failed.items() if status >= 500} == {}


def test_decisions_are_written(limited: Browser, morning: dict[str, Alert]) -> None:
    first, second, third = list({alert.id: alert for alert in morning.values()}.values())[:3]
    for alert, decision, more in (
        (first, "confirm", {}),
        (first, "undo", {}),
        (second, "reject", {"reason": "old"}),
        (third, "merge", {"into": str(first.id)}),
    ):
        page = limited.open(f"/alerts/{alert.id}")
        assert page.decide(decision, **more).response.status_code == 200, decision
    form = {"form_token": limited.form_token()}
    assert limited.post(f"/alerts/{first.id}/assignment", form | {"to": "me"}).status_code == 200
    assert limited.post("/views", form | {"name": "мои", "query": "status=open"}).status_code < 500
    assert limited.post("/missed", form | {"url": "https://elsewhere.example/1"}).status_code < 500
