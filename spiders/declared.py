"""The base spider: it reads a declaration, and needs no code for most outlets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from scrapy import Request, Spider
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from kzmonitor.collect import captures, entries, feeds
from kzmonitor.collect.feeds import Seen
from kzmonitor.collect.listings import parse_listing
from kzmonitor.collect.receiving import Answer
from kzmonitor.sources.addresses import fill, host_of
from kzmonitor.sources.declaration import Declaration
from spiders.house import House
from spiders.outcome import NOT_NOW, PERMANENT, TAKEN_OVER, WALLS, Refused, retry_after, state_of
from spiders.reading import html_of

MOST_PAGES = 5
MOST_CHILDREN = 3
# So many pages are leased at a time that even a host that asks for a minute's gap gives all before the leases end.
MOST_LEASED = 20
NOT_NOW_WAIT = timedelta(minutes=10)


@dataclass(frozen=True)
class Target:
    """One address to look at. `template` is what `page` came from; kind: feed, listing or sitemap."""

    kind: str
    url: str
    template: str
    page: int = 1


class DeclaredSpider(Spider):
    """Polls what a source declares, then fetches its waiting entries. One source, one crawl.

    order: who goes first where several want one host: 0 for today's news, 1 for watching, 2 for backfills.
    archive: whether it fetches what backfills found, and nothing else. renew: how the lease of a page is held on to."""

    name = "declared"
    order = 0
    archive = False
    renew = staticmethod(entries.renew)

    def __init__(self, declaration: Declaration, house: House) -> None:
        super().__init__()
        self.declaration = declaration
        self.house = house
        self.started = house.now()
        self.leased = 0

    async def start(self) -> AsyncIterator[Request]:
        """What waits from earlier runs, and a look at each feed, listing and sitemap."""
        await self.house.run(entries.register, self.declaration)
        for target in self.targets():
            yield await self.look(target)
        async for page in self.waiting_pages():
            yield page

    def targets(self) -> list[Target]:
        """The addresses that a declaration names, with today's day and first page filled in."""
        declared = (
            ("feed", self.declaration.feeds),
            ("listing", self.declaration.listings),
            ("sitemap", self.declaration.sitemaps),
        )
        today = self.started.date()
        return [
            Target(kind, fill(url, 1, today) if kind != "feed" else url, url) for kind, urls in declared for url in urls
        ]

    def route_meta(self, route: str | None = None) -> dict[str, object]:
        """What a request carries for its route: the first declared one unless told otherwise."""
        route = route or self.declaration.routes[0]
        everywhere = self.house.settings.proxy
        proxy = everywhere.get_secret_value() if everywhere else None
        # A declared proxy is for its route; without that route, for every request of the source.
        if self.declaration.proxy and (route == "proxy" or "proxy" not in self.declaration.routes):
            proxy, route = self.declaration.proxy, "proxy"
        return {"proxy": proxy, "route": route}

    async def keep(self, received: captures.Received, request: Request) -> None:
        """Store a response before anything parses it; the entry of a page is fetched in the same transaction."""
        await self.house.keep(Answer(self.declaration.slug, received, request.meta.get("held")))

    def extra_headers(self) -> dict[str, str]:
        """Headers that one outlet needs; none by default."""
        return {}

    async def look(self, target: Target) -> Request:
        """A conditional request for one address."""
        sent = await self.house.run(entries.validators, self.declaration.slug, target.url)
        headers = {"If-None-Match": sent.etag, "If-Modified-Since": sent.last_modified}
        return Request(
            target.url,
            headers={name: value for name, value in headers.items() if value} | self.extra_headers(),
            callback=self.on_look,
            errback=self.on_look_failed,
            cb_kwargs={"target": target, "sent": sent},
            meta={"canonical_url": target.url, "handle_httpstatus_list": [304], **self.route_meta()},
            dont_filter=True,
            priority=1,
        )

    async def on_look(self, response: Response, target: Target, sent: entries.Validators) -> AsyncIterator[Request]:
        """Keep what a look brought, then go on to further pages and to the entries themselves."""
        if response.status == 304:
            seen, validators = Seen("not-modified"), sent
        else:
            # In a thread, or a feed that takes long would keep all sources waiting; one at a time, for memory.
            async with self.house.reading:
                seen = await asyncio.to_thread(self.read, response, target)
            validators = _validators(response)
        new = await self.record(target, seen, validators)
        for following in self.following(target, seen, new):
            yield await self.look(following)
        async for page in self.waiting_pages():
            yield page

    async def record(self, target: Target, seen: Seen, validators: entries.Validators, error: str | None = None) -> int:
        """The poll and its entries in one transaction; how many entries are new."""
        new = await self.house.run(
            entries.record_poll, self.declaration, target.url, seen, validators, self.house.now(), error
        )
        self.house.count(self.declaration.slug, f"poll:{seen.state}")
        self.house.count(self.declaration.slug, "new", new)
        return new

    def read(self, response: Response, target: Target) -> Seen:
        """What stands in an answer."""
        if target.kind == "feed":
            content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
            return feeds.parse_feed(response.body, content_type, response.url)
        if target.kind == "sitemap":
            return feeds.parse_sitemap(response.body)
        return self.read_listing(response)

    def read_listing(self, response: Response) -> Seen:
        """The article links of a listing page."""
        if not isinstance(response, TextResponse):
            return Seen("not-html")
        return parse_listing(html_of(response), response.url, self.declaration)

    def following(self, target: Target, seen: Seen, new: int) -> list[Target]:
        """Sitemaps of an index; the next page of a listing while a third of its links was new: a gap may lie
        behind, and what is popular stands on each page."""
        if seen.children and target.page < MOST_PAGES:
            children = self.children(seen.children)
            return [Target("sitemap", url, url, MOST_PAGES) for url in children if url != target.url]
        paged = target.kind != "feed" and "{page}" in target.template
        if not paged or not seen.items or 3 * new < len(seen.items) or target.page >= MOST_PAGES:
            return []
        page = target.page + 1
        return [replace(target, url=fill(target.template, page, self.started.date()), page=page)]

    def children(self, urls: list[str]) -> list[str]:
        """Which sitemaps of an index are read: those of news, else the most recently changed."""
        news = [url for url in urls if "news" in url or "latest" in url]
        return (news or urls)[:MOST_CHILDREN]

    async def on_look_failed(self, failure: Failure) -> AsyncIterator[Request]:
        """Another route if there is one; else the failure is the source's named state."""
        state, request = state_of(failure), failure.request
        detour = self.detour(request, state)
        if detour is not None:
            yield detour
            return
        error = type(failure.value).__name__ if state == "error" else getattr(failure.value, "why", None)
        await self.record(request.cb_kwargs["target"], Seen(state), entries.Validators(), error)

    async def waiting_pages(self) -> AsyncIterator[Request]:
        """Requests for entries that are due, leased to this process; more when half of them are done."""
        room = MOST_LEASED - self.leased
        if room < MOST_LEASED // 2:
            return
        self.leased += room  # before anybody else's turn
        held = await self.house.run(
            entries.lease, self.declaration.slug, self.house.holder, room, self.house.now(), archive=self.archive
        )
        self.leased -= room - len(held)
        for lease in held:
            yield self.page(lease)

    def page(self, held: entries.Lease) -> Request:
        """A request for the page of a leased entry."""
        mirrors = {mirror.host for mirror in self.declaration.mirrors}
        route = "mirror" if host_of(held.url) in mirrors else None
        return Request(
            held.url,
            headers=self.extra_headers(),
            callback=self.on_page,
            errback=self.on_page_failed,
            meta={"held": held, "canonical_url": held.canonical_url, **self.route_meta(route)},
            dont_filter=True,
        )

    async def on_page(self, response: Response) -> AsyncIterator[Request]:
        """The page was captured on its way here; count it, and go on to the next."""
        if response.status == 200:
            self.house.count(self.declaration.slug, "fetched")
        else:
            await self.give_up(response.meta["held"], str(response.status), None)
        self.leased -= 1
        async for page in self.waiting_pages():
            yield page

    async def on_page_failed(self, failure: Failure) -> AsyncIterator[Request]:
        """Another route if there is one; else the entry waits, or ends in a named state."""
        state, request = state_of(failure), failure.request
        detour = self.detour(request, state)
        if detour is not None:
            yield detour
            return
        response = getattr(failure.value, "response", None)
        wait = retry_after(response, self.house.now()) if response is not None else None
        await self.give_up(request.meta["held"], state, wait, sent=not isinstance(failure.value, Refused))
        self.leased -= 1
        async for page in self.waiting_pages():
            yield page

    async def give_up(self, held: entries.Lease, state: str, wait: timedelta | None, *, sent: bool = True) -> None:
        """Write down the failure of a page. `sent`: whether the request went out at all."""
        now: datetime = self.house.now()
        if state == TAKEN_OVER:
            return
        if state in NOT_NOW and not sent:
            await self.house.run(entries.postponed, held, state, now + NOT_NOW_WAIT)
        else:
            await self.house.run(entries.failed, held, state, state in PERMANENT, wait, now)
        self.house.count(self.declaration.slug, f"failed:{state}")

    def detour(self, request: Request, state: str) -> Request | None:
        """The same request by the next declared route, when a wall stands in the way of this one."""
        if state not in WALLS:
            return None
        routes = self.declaration.routes
        for tried in range(request.meta.get("routes_tried", 1), len(routes)):
            url = self.mirrored(request.url) if routes[tried] == "mirror" else request.url
            if url is not None:
                meta = {**request.meta, **self.route_meta(routes[tried]), "routes_tried": tried + 1, "retry_times": 0}
                return request.replace(url=url, meta=meta, dont_filter=True)
        return None

    def mirrored(self, url: str) -> str | None:
        """The address on a mirror that is still declared today."""
        today = self.started.date()
        hosts = [mirror.host for mirror in self.declaration.mirrors if today < mirror.until]
        return urlunsplit(urlsplit(url)._replace(netloc=hosts[0])) if hosts else None


def _validators(response: Response) -> entries.Validators:
    etag, last_modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    return entries.Validators(_storable(etag), _storable(last_modified))


def _storable(value: bytes | None) -> str | None:
    """A header as a database holds it; one with a NUL is none, since it can't be sent back as it came."""
    return value.decode("latin-1") if value and b"\0" not in value else None
