"""Backfill, mixed into an outlet's own spider: its archive for a range of days, after everything else."""

from collections.abc import AsyncIterator
from datetime import date

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response, TextResponse

from kzmonitor.collect import backfill, entries, feeds
from kzmonitor.collect.backfill import Work
from kzmonitor.collect.cut import Hint, cut
from kzmonitor.collect.dates import ALMATY
from kzmonitor.collect.feeds import Item, Seen
from kzmonitor.errors import PageError
from kzmonitor.sources.addresses import fill
from spiders.declared import DeclaredSpider
from spiders.outcome import DOWNLOAD_ERRORS, state_of_error, state_of_status
from spiders.reading import html_of

MOST_SITEMAPS = 2000
MOST_URLS = 50_000  # in one sitemap, by its protocol
MOST_ARCHIVE_PAGES = 5000
MOST_PAGES_OF_A_DAY = 100
NOTHING_THERE = frozenset({"404", "no-items", "empty"})


class Broken(Exception):  # noqa: N818 - what has happened to the reading
    """An address did not answer as it should; its named state. The reading goes on there another time."""


class Backfilling(DeclaredSpider):
    """Reads sitemaps and listings one address after the other, and fetches what they bring meanwhile."""

    order = 2
    archive = True

    async def start(self) -> AsyncIterator[Request]:
        """What waits from earlier runs, then each reading that is not done."""
        await self.house.run(entries.register, self.declaration)
        async for page in self.waiting_pages():
            yield page
        for work in await self.house.run(backfill.left, self.declaration):
            reading = self.sitemaps(work) if work.is_sitemap else self.listings(work)
            try:
                async for _step in reading:
                    async for page in self.waiting_pages():
                        yield page
            except Broken as broken:
                self.house.count(self.declaration.slug, f"archive:{broken}")
        async for page in self.waiting_pages():
            yield page

    async def sitemaps(self, work: Work) -> AsyncIterator[None]:
        """A step for each sitemap that is read."""
        found: list[str] = []
        for day in work.days():
            url = fill(work.url, 1, day)
            seen = await self.sitemap(work, url)
            if seen.children:
                found += [child for child in seen.children if work.wants_sitemap(child)]
            else:
                await self.advance(work, seen.items)
                yield
        # In one order, so that a later run counts them alike; a sitemap that came meanwhile is read next time.
        children = sorted(set(found))[:MOST_SITEMAPS]
        for place, url in enumerate(children):
            if place >= work.place:
                seen = await self.sitemap(work, url)
                await self.advance(work, seen.items, place=place + 1)
                yield
        await self.advance(work, [], done=True)

    async def listings(self, work: Work) -> AsyncIterator[None]:
        """A step for each page of a listing that is read."""
        if not work.is_dated:
            async for _step in self.back(work):
                yield
            return
        for place, day in enumerate(work.days()):
            if place < work.place:
                continue
            known: set[str] = set()
            for number in range(1, MOST_PAGES_OF_A_DAY + 1):
                seen = await self.listing(fill(work.url, number, day))
                urls = {item.url for item in seen.items}
                if urls <= known:
                    break
                known |= urls
                await self.advance(work, seen.items)
                yield
                if not work.is_paged:
                    break
            await self.advance(work, [], place=place + 1)
        await self.advance(work, [], done=True)

    async def back(self, work: Work) -> AsyncIterator[None]:
        """The pages of an archive without days, from the newest on, until one is older than the range.

        The article in the middle of a page tells its day, menus left aside; so the page before the first that is not
        too new is read, too."""
        before: set[str] = set()
        held: list[Item] = []
        pages = range(work.place + 1, MOST_ARCHIVE_PAGES + 1) if work.is_paged else range(1, 2)
        for number in pages:
            seen = await self.listing(fill(work.url, number, work.last))
            own = [item for item in seen.items if item.url not in before]
            if not own:
                break
            before = {item.url for item in seen.items}
            day = backfill.middle_day(own) or await self.day_of_article(own[len(own) // 2])
            if day is not None and day > work.last:
                held = seen.items
                await self.advance(work, [], place=number - 1)
                yield
                continue
            await self.advance(work, [*held, *seen.items], place=number)
            held = []
            yield
            if day is not None and day < work.first:
                break
        await self.advance(work, held, done=True)

    async def sitemap(self, work: Work, url: str) -> Seen:
        """What stands in a sitemap; nothing where there is none."""
        response = await self.ask(url)
        if response is None:
            return Seen("404")
        seen = feeds.parse_sitemap(response.body, MOST_URLS, work.first)
        if seen.state not in feeds.GOOD_STATES | NOTHING_THERE:
            raise Broken(seen.state)
        self.house.count(self.declaration.slug, "archive:ok")
        return seen

    async def listing(self, url: str) -> Seen:
        """The article links of a page of the archive; nothing where there is none."""
        response = await self.ask(url)
        if response is None:
            return Seen("404")
        seen = self.read_listing(response)
        if seen.state not in feeds.GOOD_STATES | NOTHING_THERE:
            raise Broken(seen.state)
        self.house.count(self.declaration.slug, "archive:ok")
        return seen

    async def day_of_article(self, item: Item) -> date | None:
        """When one article was published, for which it is looked at and not kept; None when it does not say."""
        response = await self.ask(item.url)
        if not isinstance(response, TextResponse):
            return None
        try:
            found = cut(html_of(response), response.url, self.house.now(), self.declaration, Hint(None, None))
        except PageError:
            return None
        return found.published_at.astimezone(ALMATY).date() if found.published_at else None

    async def ask(self, url: str) -> Response | None:
        """The answer to one address, None for 404; it is not stored. Raises Broken."""
        request = Request(
            url,
            headers=self.extra_headers(),
            meta={"canonical_url": url, "probe": True, **self.route_meta()},
            dont_filter=True,
        )
        try:
            response: Response = await self.crawler.engine.download_async(request)
        except (OSError, IgnoreRequest, *DOWNLOAD_ERRORS) as error:
            raise Broken(state_of_error(error)) from error
        if response.status in (404, 410):
            return None
        if response.status != 200:
            raise Broken(state_of_status(response.status))
        return response

    async def advance(self, work: Work, items: list[Item], *, place: int | None = None, done: bool = False) -> None:
        """Commit what was found with how far the reading has come."""
        new = await self.house.run(
            backfill.advance, self.declaration, work, items, self.house.now(), place=place, done=done
        )
        self.house.count(self.declaration.slug, "new", new)
