"""Canaries, mixed into an outlet's own spider: the one known article of the source, and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from scrapy import Request

from kzmonitor.collect import entries
from kzmonitor.evidence import canary_looks
from kzmonitor.sources import canary
from kzmonitor.sources.addresses import host_of
from spiders.watching import Watching


class Canaries(Watching):
    """Looks at a source's canary as at a watched page: after today's news, unconditionally, by the same routes."""

    renew: Any = staticmethod(canary.renew)

    async def start(self) -> AsyncIterator[Request]:
        """The canary, if its look is due."""
        await self.house.run(entries.register, self.declaration)
        held: Any = await self.house.run(canary.lease, self.declaration.slug, self.house.holder, self.house.now())
        if held is None:
            return
        if host_of(held.url) in self.declaration.hosts_on(self.house.now().date()):
            yield self.look_at(held, held.url)
        else:
            await self.saw(held, "foreign-host", None)

    async def record(self, request: Request, state: str) -> None:
        """Write down what a look saw."""
        await self.saw(request.meta["held"], state, request.meta.get("received"))

    async def saw(self, held: Any, state: str, received: Any) -> None:
        """Compare and count."""
        seen = await self.house.run(canary_looks.record, held, self.declaration, state, received, self.house.now())
        if seen is not None:
            self.house.count(self.declaration.slug, f"canary:{seen}")

    async def put_off(self, held: Any, state: str, wait: timedelta) -> None:
        """Give the canary back unseen."""
        await self.house.run(canary.give_back, held)
        self.house.count(self.declaration.slug, f"canary:not-now:{state}")
