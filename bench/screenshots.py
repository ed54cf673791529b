"""Pictures of every page of the desk for docs/pictures, of an invented morning.

    python bench/screenshots.py [--out docs/pictures] [--only queue alert]

Each page in English at the width of a laptop and of a telephone; the list and an incident in Russian and Kazakh, too,
and some pages dark. Pictures are cut below a screen or two and kept to 256 colours."""

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from kzmonitor import config, store
from kzmonitor.store import Database, embedded
from tests.browser import world
from tests.browser.conftest import DESKTOP, Desk, served, visitor

OUT = Path(__file__).parent.parent / "docs" / "pictures"
TELEPHONE = (390, 844)
# name: address; ALERT stands for the first alert, COPY for a copy of its page
PAGES = {
    "queue": "/", "alert": "ALERT", "copy": "COPY", "search": "/search?q=журналист", "overview": "/overview",
    "sources": "/sources", "readings": "/readings", "missed": "/missed", "models": "/models",
    "subscriptions": "/subscriptions", "people": "/people", "me": "/me",
}  # fmt: skip
IN_OTHER_LANGUAGES = ("queue", "alert")
DARK = ("queue", "alert", "overview")
MOST_BYTES = 150_000
TALLEST = 1500


def main() -> None:
    """Seed, serve, look, write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=OUT)
    arguments.add_argument("--only", nargs="+", choices=("login", *PAGES))
    given = arguments.parse_args()
    with morning() as desk, sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for name, size, language, scheme in views(given.only or ("login", *PAGES)):
            marks = [name, *([language] if language != "en" else []), *([scheme] if scheme == "dark" else [])]
            file = given.out / f"desk-{'-'.join([*marks, *(['narrow'] if size == TELEPHONE else [])])}.png"
            written = look(browser, desk, name, size, language, scheme)
            if written is None:
                print(f"{name}: there is no such page")
                continue
            file.write_bytes(written)
            print(f"{file.name}: {len(written) // 1000} KB")
        browser.close()


@contextmanager
def morning() -> Iterator[Desk]:
    """The app on an invented morning, in a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KZMONITOR_DATA"] = folder
        try:
            with store.opened(config.settings()) as database:
                _seed(database)
                with served(database) as desk:
                    yield desk
        finally:
            shutil.rmtree(embedded.Cluster(Path(folder)).server_home, ignore_errors=True)


def _seed(database: Database) -> None:
    with database.session() as session:
        world.work(session, world.seed(session))


def views(names: list[str] | tuple[str, ...]) -> Iterator[tuple[str, tuple[int, int], str, str]]:
    """(page, size, language, colour scheme) of each picture."""
    for name in names:
        for size in (DESKTOP, TELEPHONE):
            yield name, size, "en", "light"
            if name in IN_OTHER_LANGUAGES:
                yield name, size, "ru", "light"
                yield name, size, "kk", "light"
            if name in DARK:
                yield name, size, "en", "dark"


def look(browser: Browser, desk: Desk, name: str, size: tuple[int, int], language: str, scheme: str) -> bytes | None:
    """A page as PNG; None when the app has none of this name."""
    context = visitor(browser, size, scheme)
    try:
        page = context.new_page()
        if name == "login":
            page.goto(f"{desk.address}/login?lang={language}")
        elif not _open(page, desk, PAGES[name], language):
            return None
        # The pointer's and the keyboard's marks are of the moment.
        page.evaluate("document.activeElement.blur()")
        if size == TELEPHONE:
            # As it is held: what is fixed to the foot of the screen stands there.
            return small(page.screenshot())
        tall = min(page.evaluate("document.scrollingElement.scrollHeight"), TALLEST)
        clip = {"x": 0, "y": 0, "width": size[0], "height": max(tall, size[1])}
        return small(page.screenshot(full_page=True, clip=clip))
    finally:
        context.close()


def _open(page: Page, desk: Desk, path: str, language: str) -> bool:
    page.goto(desk.entrance(language))
    if path == "/":
        return True
    if path in ("ALERT", "COPY"):
        page.locator(".row-title").first.click()
        page.locator("#title").wait_for()
        if path == "COPY":
            page.locator("a[href^='/captures/']").first.click()
            page.locator(".copy h1").wait_for()
        return True
    answer = page.goto(desk.address + path)
    return answer is not None and answer.ok


def small(png: bytes) -> bytes:
    """The picture in as few colours as it takes to be small."""
    image = Image.open(BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 32, 16):
        out = BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


if __name__ == "__main__":
    main()
