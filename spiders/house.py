"""What all crawlers of one process share: the database, the settings, and what has happened so far."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from kzmonitor.config import Settings
from kzmonitor.sources import robots
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class House:
    """`holder` marks what this process has leased; `declared` are all sources there are, crawled or not;
    `robots` holds the answers of this run, by host and route; `counts` and `notes` are what the run reports of
    each source."""

    database: Database
    settings: Settings
    agent: str
    holder: int
    declared: Mapping[str, Declaration]
    robots: dict[tuple[str, str], "asyncio.Task[robots.Robots]"] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    notes: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    async def run(self, work: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`work` in a transaction of its own, in a thread: the reactor never waits for the database."""

        def transaction() -> T:
            with self.database.session() as session:
                return work(session, *args, **kwargs)

        return await asyncio.to_thread(transaction)

    def delay_s(self, host: str) -> float:
        """The gap to keep for a host, seconds: the longest of the sources that share it."""
        return max(one.delay_s for one in self.declared.values() if host in one.known_hosts)

    def proxies(self) -> list[str]:
        """The names of the proxies in use, which may well be private ones."""
        everywhere = self.settings.proxy
        urls = [everywhere.get_secret_value() if everywhere else None, *(one.proxy for one in self.declared.values())]
        return sorted({name for url in urls if url and (name := urlsplit(url).hostname)})

    def count(self, slug: str, what: str, times: int = 1) -> None:
        """Add to what the run reports of a source."""
        self.counts.setdefault(slug, Counter())[what] += times

    @staticmethod
    def now() -> datetime:
        """This moment in UTC."""
        return datetime.now(UTC)
