"""The gate of every request: only declared hosts, no private addresses, and what robots.txt allows."""

import asyncio
import ipaddress
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred

from kzmonitor.sources import budget, robots
from kzmonitor.sources.addresses import host_of
from spiders.outcome import DOWNLOAD_ERRORS, Refused


def is_open_to_us(address: str, allow_loopback: bool) -> bool:
    """Whether an IP address is a public one (or, where the setting opens it, this machine)."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return allow_loopback
    return ip.is_global and not ip.is_multicast


class PublicResolver(CachingThreadedResolver):
    """Resolves names to public addresses only. The address checked is the one connected to, so that a name
    that changes its address between two look-ups gains nothing."""

    allow_loopback = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor) -> Self:
        """The resolver of a process; loopback is open only where its settings say so."""
        resolver = super().from_crawler(crawler, reactor)
        resolver.allow_loopback = crawler.settings.getbool("KZMONITOR_ALLOW_LOOPBACK")
        return resolver

    def getHostByName(self, name: str, timeout=()) -> "Deferred[str]":  # noqa: N802 - Twisted's name
        """The first address of a name; fails with Refused when it lies in a private network."""
        return super().getHostByName(name, timeout).addCallback(self._checked)

    def _checked(self, address: str) -> str:
        if not is_open_to_us(address, self.allow_loopback):
            raise Refused("private-address")
        return address


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
            return
        answer = await self._robots(host, urlsplit(request.url).scheme)
        if answer.text is None:
            raise Refused("robots-unreachable")
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

    async def _robots(self, host: str, scheme: str) -> robots.Robots:
        """What the host's robots.txt says; asked for once a run by whoever comes first."""
        if host not in self.house.robots:
            self.house.robots[host] = asyncio.ensure_future(self._ask(host, scheme))
        return await asyncio.shield(self.house.robots[host])

    async def _ask(self, host: str, scheme: str) -> robots.Robots:
        now = self.house.now()
        await self.house.run(budget.open_host, host, self.declaration.delay_s, now)
        known = await self.house.run(robots.remembered, host, now)
        if known is None:
            known = await self.house.run(robots.remember, host, await self._fetch(host, scheme), now)
        delay_s = budget.longest_gap_s([self.declaration.delay_s], known.crawl_delay_s(self.house.agent))
        if delay_s > self.declaration.delay_s:
            await self.house.run(budget.open_host, host, delay_s, now)
        return known

    async def _fetch(self, host: str, scheme: str) -> robots.Robots:
        request = Request(f"{scheme}://{host}/robots.txt", meta={"robots": True, **self.crawler.spider.route_meta()})
        try:
            response: Response = await self.crawler.engine.download_async(request)
        except (OSError, IgnoreRequest, *DOWNLOAD_ERRORS) as error:
            return robots.Robots(text=None, problem=type(error).__name__)
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        return robots.judge(response.status, content_type, response.body)
