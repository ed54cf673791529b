"""The newsroom as a command: files of labelled JSONL in, outlets on loopback out, until it is told to stop."""

import signal
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from kzmonitor.errors import InputError
from kzmonitor.i18n import _, ngettext

from .declarations import declare
from .layouts import LAYOUTS, slug_of
from .outlets import Outlet, outlet_from_jsonl
from .server import Newsroom

SLUG_BASE = 50  # leaves room for a number within the 60 characters of a source's slug
DEMO = Path(__file__).parent / "demo"


def demo_files() -> list[Path]:
    """The bundled outlets, invented from the first word to the last: a Russian, a Kazakh and an English one."""
    return sorted(DEMO.glob("*.jsonl"))


def outlets_from(files: Sequence[Path], now: datetime) -> list[Outlet]:
    """An outlet for each file, the layouts in turn; a name that is taken gets a number."""
    if not files:
        raise InputError(_("the newsroom needs at least one file of labelled JSONL"))
    found: dict[str, Outlet] = {}
    for place, path in enumerate(files):
        slug = first = slug_of(path.stem)[:SLUG_BASE]
        number = 1
        while slug in found:
            number += 1
            slug = f"{first}-{number}"
        layout = list(LAYOUTS)[place % len(LAYOUTS)]
        found[slug] = outlet_from_jsonl(path, slug, layout, now=now)
    return list(found.values())


def serve(files: list[Path], port: int, declare_dir: Path | None) -> None:
    """Serve the files until SIGINT or SIGTERM; prints a line for each outlet. Call from the main thread.

    declare_dir: where the declarations go, if anywhere."""
    newsroom = Newsroom(outlets_from(files, datetime.now(UTC)), port)
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with newsroom:
            if declare_dir is not None:
                declare(newsroom, declare_dir)
            for outlet in newsroom.outlets.values():
                print(summary(outlet), flush=True)
            stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def summary(outlet: Outlet) -> str:
    """One line: name, address, layout and number of articles."""
    count = len(outlet.articles())
    articles = ngettext("{count} article", "{count} articles", count).format(count=count)
    return _("{slug}: {address}/ ({layout}, {articles})").format(
        slug=outlet.slug, address=outlet.base_url, layout=outlet.layout.name, articles=articles
    )
