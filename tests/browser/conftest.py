"""A real browser before the app in a real server, with a morning's alerts on the desk."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from kzmonitor.review import create_app
from kzmonitor.store import Database
from tests.browser import world
from tests.conftest import empty
from tests.review.conftest import NOW, TOKEN

DESKTOP, TELEPHONE = (1280, 800), (360, 740)
PATIENCE_S = 120
GET_IT = "no chromium on this machine; get it with: apt-get install chromium"


@dataclass(frozen=True)
class Desk:
    """The app as it is served, and the database behind it."""

    app: FastAPI
    address: str
    database: Database

    def entrance(self, language: str = "en") -> str:
        """The address that lets a browser in."""
        return f"{self.address}/?token={TOKEN}&lang={language}"


@contextmanager
def served(database: Database) -> Iterator[Desk]:
    """The app in a server on a port of this machine, until the block ends."""
    app = create_app(database, token=TOKEN, secret_key="k" * 32, clock=lambda: NOW)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, access_log=False, log_level="warning", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        try:
            yield Desk(app, f"http://127.0.0.1:{listening.getsockname()[1]}", database)
        finally:
            server.should_exit = True
            serving.join()


def found_chromium() -> str:
    """Where the browser is. Without one these tests are skipped, but never where CI runs."""
    path = os.environ.get("KZMONITOR_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(GET_IT)
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running browser. A module's own: while one runs, no other test of the process can start an event loop."""
    path = found_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"], timeout=PATIENCE_S * 1000
        )
        expect.set_options(timeout=PATIENCE_S * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def desk(migrated: Database) -> Iterator[Desk]:
    """The app on a morning's alerts, for tests that only look."""
    with migrated.session() as session:
        world.work(session, world.seed(session))
    with served(migrated) as desk:
        yield desk
    empty(migrated)


@contextmanager
def reader(
    chromium: Browser,
    desk: Desk,
    size: tuple[int, int] = DESKTOP,
    *,
    language: str = "en",
    scheme: str = "light",
    log_in: bool = True,
) -> Iterator[Page]:
    """A page of a browser of its own that has come in."""
    context = visitor(chromium, size, scheme)
    try:
        page = context.new_page()
        if log_in:
            page.goto(desk.entrance(language))
        yield page
    finally:
        context.close()


def visitor(chromium: Browser, size: tuple[int, int], scheme: str = "light") -> BrowserContext:
    """A browser without any past, of this size and colour scheme."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=size == TELEPHONE,
        is_mobile=size == TELEPHONE,
        reduced_motion="reduce",
    )
    return patient(context)


def patient(context: BrowserContext) -> BrowserContext:
    """The same browser, which waits for a page as long as a busy machine may take to make it."""
    context.set_default_timeout(PATIENCE_S * 1000)
    return context


def is_out(context: BrowserContext, desk: Desk) -> bool:
    """Whether the login of this browser has ended at the server."""
    return context.request.get(f"{desk.address}/me").status == 401


def is_soon_out(context: BrowserContext, desk: Desk) -> bool:
    """The page is empty at once; the word to the server is on its way meanwhile."""
    until = time.monotonic() + PATIENCE_S
    while not is_out(context, desk):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
