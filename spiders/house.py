"""What all crawlers of one process share: the database, the settings, and what has happened so far."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from kzmonitor.collect.receiving import Answer, Asking, Turn, keep_answers, take_turns
from kzmonitor.config import Settings
from kzmonitor.sources import robots
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from spiders.gathering import Gathered

# Nobody waits for an answer to be stored but its own request, which has come back; a turn holds up the next request.
ANSWER_LINGER_S = 0.1
TURN_LINGER_S = 0.01
P = ParamSpec("P")
T = TypeVar("T")


def clock_from(start: datetime | None) -> Callable[[], datetime]:
    """The clock of this machine in UTC, or one that stands at `start` now and goes on from there."""
    if start is None:
        return lambda: datetime.now(UTC)
    began = time.monotonic()
    return lambda: start.astimezone(UTC) + timedelta(seconds=time.monotonic() - began)


@dataclass
class House:
    """`holder` marks what this process has leased; `declared` are all sources there are, crawled or not;
    `robots` holds the answers of this run, by host and route; `counts` and `notes` are what the run reports of
    each source; `clock` tells the time. Answers and turns of all crawlers go to the database together."""

    database: Database
    settings: Settings
    agent: str
    holder: int
    declared: Mapping[str, Declaration]
    clock: Callable[[], datetime]
    robots: dict[tuple[str, str], "asyncio.Task[robots.Robots]"] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    notes: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._answers = Gathered[Answer, None](partial(self.run, keep_answers), ANSWER_LINGER_S)
        self._turns = Gathered[Asking, Turn](partial(self.run, take_turns), TURN_LINGER_S)

    async def keep(self, answer: Answer) -> None:
        """Store a response, together with what else arrives at about this moment; it is committed then."""
        await self._answers.do(answer)

    async def turn(self, asking: Asking) -> Turn:
        """The turn of a request at its host."""
        return await self._turns.do(asking)

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

    def now(self) -> datetime:
        """This moment in UTC, by the clock of this process or the one that it was given."""
        return self.clock()
