"""Fetches the pages that a person asked for, and nothing else: no feed is looked at, no other page of the source."""

from collections.abc import AsyncIterator

from scrapy import Request

from kzmonitor.collect import asked
from spiders.declared import DeclaredSpider


class AskedSpider(DeclaredSpider):
    """The pages that people reported, under all the rules of any other page: declared hosts, robots.txt, turns."""

    name = "asked"

    async def start(self) -> AsyncIterator[Request]:
        """The pages that wait; the source has its row already."""
        async for page in self.waiting_pages():
            yield page

    async def waiting_pages(self) -> AsyncIterator[Request]:
        """Requests for the addresses that were reported, leased to this process; each is asked for once a run."""
        if self.leased:
            return
        held = await self.house.run(asked.lease, self.declaration.slug, self.house.holder, self.house.now())
        self.leased += len(held)
        for lease in held:
            yield self.page(lease)
