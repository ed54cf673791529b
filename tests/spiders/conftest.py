"""Real crawls: the child process, the real database, and outlets of the newsroom on free ports."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Row, text

from kzmonitor.collect import crawl
from kzmonitor.collect.crawl import Crawled
from kzmonitor.newsroom import Newsroom, Outlet, Record, declare
from kzmonitor.sources import registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database

RUNNER = Path(__file__).parent / "runner.py"


@dataclass
class Desk:
    """A newsroom, its declarations, and the database that its outlets are collected into."""

    newsroom: Newsroom
    folder: Path
    database: Database

    def collect(self, *slugs: str) -> dict[str, Crawled]:
        """Crawl these outlets, or all of them, in a child process."""
        return {one.slug: one for one in crawl.run(slugs or list(self.newsroom.outlets), self.folder)}

    def change(self, slug: str, **facts: object) -> None:
        """Change a declaration; None takes a key out."""
        path = self.folder / f"{slug}.yml"
        declared = {**yaml.safe_load(path.read_text()), **facts}
        path.write_text(yaml.safe_dump({key: value for key, value in declared.items() if value is not None}))

    def declaration(self, slug: str) -> Declaration:
        """What is declared of an outlet."""
        return registry.load(self.folder).sources[slug]

    def rows(self, query: str, **values: object) -> list[Row[Any]]:
        """What the database has to say."""
        with self.database.session() as session:
            return list(session.execute(text(query), values).all())

    def asked(self, slug: str) -> list[str]:
        """The paths that an outlet was asked for, in order."""
        return [request.path for request in self.newsroom.requests if request.outlet == slug]

    def pages(self, slug: str) -> list[str]:
        """The articles that an outlet was asked for, in order."""
        articles = {article.address for article in self.newsroom.outlets[slug].articles()}
        return [path for path in self.asked(slug) if path in articles]


@pytest.fixture
def reports() -> Callable[[int], list[Record]]:
    """Makes so many reports, each with a text long enough to be one."""

    def make(count: int) -> list[Record]:
        return [
            Record(
                id=f"report-{number}",
                lang="en",
                title=f"Report number {number} from the district court",
                text=f"The hearing of case {number} took place behind closed doors, the defence said.\n"
                f"The next one, number {number + 1}, is expected within the week, according to the court's list.",
            )
            for number in range(count)
        ]

    return make


@pytest.fixture
def desk_of(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., "Iterator[Desk]"]:
    """Opens a newsroom of these outlets as a desk; further arguments are those of `declare`."""
    monkeypatch.setenv("KZMONITOR_DATABASE_URL", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("KZMONITOR_ALLOW_LOOPBACK", "1")
    monkeypatch.setenv("KZMONITOR_ENV_FILE", "/dev/null")
    monkeypatch.setattr(crawl, "SPIDERS", (str(RUNNER),))

    @contextmanager
    def open_desk(*outlets: Outlet, **wishes: Any) -> Iterator[Desk]:
        with Newsroom(outlets) as newsroom:
            declare(newsroom, tmp_path / "declarations", **wishes)
            yield Desk(newsroom, tmp_path / "declarations", database)

    return open_desk
