"""The gate of every request: only declared hosts, no private addresses, and what robots.txt allows."""

import asyncio
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from kzmonitor.reaching import is_open_to_us
from kzmonitor.sources import budget, robots
from kzmonitor.sources.addresses import host_of
from spiders.outcome import DOWNLOAD_ERRORS, Refused, state_of_error

# Names of this process that turned out to stand for private addresses: Twisted passes on no reason.
PRIVATE_NAMES: set[str] = set()


class PublicResolver(CachingThreadedResolver):
    """Resolves names to public addresses only. The address checked is the one connected to, so that a name
    that changes its address between two look-ups gains nothing."""

    allow_loopback = False
    proxies: frozenset[str] = frozenset()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor) -> Self:
        """The resolver of a process; loopback is open only where its settings say so, and to reach a proxy."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.allow_loopback = crawler.settings.getbool("KZMONITOR_ALLOW_LOOPBACK")
        resolver.proxies = frozenset(crawler.settings.getlist("KZMONITOR_PROXIES"))
        return resolver

    def getHostByName(self, name: str, timeout=()) -> "Deferred[str]":  # noqa: N802 - Twisted's name
        """The first address of a name; a private one is none, and remembered in PRIVATE_NAMES."""
        return super().getHostByName(name, timeout).addCallback(self._checked, name)

    def _checked(self, address: str, name: str) -> str:
        if name not in self.proxies and not is_open_to_us(address, self.allow_loopback):
            PRIVATE_NAMES.add(name)
            raise DNSLookupError
        return address


# Without an address or a certificate there is no host to give or refuse consent.
NO_HOST = frozenset({"dns", "tls"})


class GuardMiddleware:
    """Refuses what may not be requested, before anything is sent; redirects pass here, too."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.house = crawler.spider.house
        self.declaration = crawler.spider.declaration

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The gate of one crawler."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raises Refused with the state foreign-host, private-address, robots-denied or robots-unreachable."""
        host = self._declared_host(request)
        if request.meta.get("robots"):
            await self._open(host)
            return
        answer = await self._robots(host, request)
        if answer.text is None:
            raise Refused(answer.problem if answer.problem in NO_HOST else "robots-unreachable", answer.problem)
        if not answer.allows(request.url, self.house.agent):
            raise Refused("robots-denied")

    def _declared_host(self, request: Request) -> str:
        try:
            host = host_of(request.url)
        except ValueError as error:
            raise Refused("bad-address") from error
        name = urlsplit(request.url).hostname or ""
        try:
            if not is_open_to_us(name, self.house.settings.allow_loopback):
                raise Refused("private-address")
        except ValueError:
            pass  # a name, not an address: the resolver checks what it stands for
        if host not in self.declaration.hosts_on(self.house.now().date()):
            raise Refused("foreign-host")
        return host

    async def _robots(self, host: str, request: Request) -> robots.Robots:
        """What the host's robots.txt says; asked for once a run and route by whoever comes first."""
        key = (host, request.meta["route"])
        if key not in self.house.robots:
            self.house.robots[key] = asyncio.ensure_future(self._ask(host, request))
        return await asyncio.shield(self.house.robots[key])

    async def _open(self, host: str) -> None:
        await self.house.run(budget.open_host, host, self.house.delay_s(host), self.house.now())

    async def _ask(self, host: str, request: Request) -> robots.Robots:
        now, detour = self.house.now(), "routes_tried" in request.meta
        await self._open(host)
        known = await self.house.run(robots.remembered, host, now)
        if known is None or (detour and known.text is None):
            known = await self.house.run(robots.remember, host, await self._fetch(host, request), now)
        gap_s = budget.longest_gap_s(self.house.delay_s(host), known.crawl_delay_s(self.house.agent))
        await self.house.run(budget.set_gap, host, gap_s)
        return known

    async def _fetch(self, host: str, asking: Request) -> robots.Robots:
        address = urlsplit(asking.url)._replace(netloc=host, path="/robots.txt", query="", fragment="")
        meta = {"robots": True, "route": asking.meta["route"], "proxy": asking.meta["proxy"]}
        try:
            response: Response = await self.crawler.engine.download_async(Request(address.geturl(), meta=meta))
        except (OSError, ValueError, IgnoreRequest, *DOWNLOAD_ERRORS) as error:
            return robots.Robots(text=None, problem=state_of_error(error))
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        return robots.judge(response.status, content_type, response.body)
