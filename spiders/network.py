"""Nearest the network: the wait for a host's turn, and the capture of what came back, as it came."""

import asyncio
import math
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, DownloadCancelledError, DownloadFailedError, IgnoreRequest
from scrapy.http import Response

from kzmonitor.collect import captures
from kzmonitor.collect.receiving import Asking
from kzmonitor.sources import budget
from kzmonitor.sources.addresses import host_of
from spiders.guard import PRIVATE_NAMES
from spiders.heads import BoundedFactory, had_too_much
from spiders.house import House
from spiders.outcome import DOWNLOAD_ERRORS, TAKEN_OVER, Refused, retry_after

# Under this many new slots in a row a request goes out late: better than never on a machine that is too busy.
MOST_TURNS = 20
RETRY_WAITS_S = (1.0, 4.0)
TRY_AGAIN = frozenset({429, 500, 502, 503, 504})


class TurnTakingHandler(HTTP11DownloadHandler):
    """Sends a request when it is its host's turn: after Scrapy's own queue, so that no slot is taken in advance."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # Twisted would send a request again over a new connection without asking for a turn.
        self._pool.retryAutomatically = False
        self._pool._factory = BoundedFactory

    async def download_request(self, request: Request) -> Response:
        """The response, once the host's budget allowed the request; time spent waiting is no time-out."""
        house, held = self._crawler.spider.house, request.meta.get("held")
        spider = self._crawler.spider
        if not spider.order:
            await self._turn(house, Asking(host_of(request.url), held))
        elif held is not None and not await house.run(spider.renew, held):
            raise Refused(TAKEN_OVER)
        else:
            await self._free_turn(house, host_of(request.url), spider.order)
        try:
            return await super().download_request(request)
        except CannotResolveHostError:
            if urlsplit(request.url).hostname in PRIVATE_NAMES:
                raise Refused("private-address") from None
            raise
        except DownloadFailedError as error:
            if had_too_much(error):
                raise Refused("too-large") from None
            raise

    async def _turn(self, house: House, asking: Asking) -> None:
        clock = asyncio.get_running_loop().time
        for _attempt in range(MOST_TURNS):
            turn = await house.turn(asking)
            if not turn.is_ours:
                raise Refused(TAKEN_OVER)
            slot = turn.slot
            if slot is None:
                raise Refused("rate-limited")
            await asyncio.sleep(slot.wait_s - (clock() - turn.at))
            if clock() - turn.at - slot.wait_s <= slot.late_s:
                return

    async def _free_turn(self, house: House, host: str, order: int) -> None:
        """Wait until nobody else asks the host: work that can wait gives up rather than push in."""
        for _attempt in range(MOST_TURNS):
            wait_s = await house.run(budget.take_free_slot, host, order)
            if not wait_s:
                return
            if wait_s == math.inf:
                break
            await asyncio.sleep(wait_s)
        raise Refused("rate-limited")


class CaptureMiddleware:
    """Stores each response before decompression; a page's entry is marked fetched in the same transaction.

    Not kept: 304 and redirects (they have nothing to keep; the hops are), failing servers, robots.txt, probes."""

    def __init__(self, crawler: Crawler) -> None:
        self.spider = crawler.spider

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The camera of one crawler."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response:
        """The same response, captured."""
        if {"robots", "probe"} & request.meta.keys() or 300 <= response.status < 400 or response.status in TRY_AGAIN:
            return response
        received = captures.Received(
            url=response.url,
            canonical_url=request.meta["canonical_url"],
            route=request.meta["route"],
            fetched_at=self.spider.house.now(),
            status=response.status,
            headers={
                name.decode("latin-1"): [value.decode("utf-8", "replace") for value in values]
                for name, values in response.headers.items()
            },
            hops=request.meta.get("redirect_urls", ()),
            body=response.body,
        )
        await self.spider.keep(received, request)
        return response


class BackoffMiddleware:
    """Tries a failing server again after 1 and 4 seconds, or when it says so, if that is soon. Longer waits are
    for later runs: the host is left alone until then."""

    def __init__(self, crawler: Crawler) -> None:
        self.spider = crawler.spider

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The patience of one crawler."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """The response, or the request again."""
        if response.status not in TRY_AGAIN or request.meta.get("robots"):
            return response
        asked = retry_after(response, self.spider.house.now())
        if asked is not None:
            await self.spider.house.run(budget.hold_back, host_of(request.url), asked)
            if asked.total_seconds() > RETRY_WAITS_S[-1]:
                return response
        return await self._again(request) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """The request again after an error of the network; None lets the error go on."""
        if isinstance(exception, IgnoreRequest | DownloadCancelledError) or request.meta.get("robots"):
            return None
        if not isinstance(exception, (OSError, *DOWNLOAD_ERRORS)):
            return None
        return await self._again(request)

    async def _again(self, request: Request) -> Request | None:
        tries = request.meta.get("retry_times", 0)
        if tries >= len(RETRY_WAITS_S):
            return None
        await asyncio.sleep(RETRY_WAITS_S[tries])
        self.spider.house.count(self.spider.declaration.slug, "retried")
        return request.replace(dont_filter=True, meta={**request.meta, "retry_times": tries + 1})
