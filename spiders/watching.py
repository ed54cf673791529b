"""Watching, mixed into an outlet's own spider: the pages whose look is due, and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from kzmonitor.collect import entries
from kzmonitor.collect.captures import Received
from kzmonitor.evidence import recording, watching
from kzmonitor.evidence.watching import Held
from spiders.declared import NOT_NOW_WAIT, DeclaredSpider
from spiders.outcome import TAKEN_OVER, Refused, retry_after, state_of

AT_A_TIME = 20
NEVER_MIND = timedelta(days=1)
# What robots.txt answered instead: a wall stands before it as before any page.
ROBOTS_WALLS = {"http-401": "403-wall", "http-403": "403-wall", "http-451": "451"}


class Watching(DeclaredSpider):
    """Looks at the watched pages of a source, after today's news. A look is unconditional: a server that says "not
    modified" by mistake would hide an edit."""

    order = 1
    renew = staticmethod(watching.renew)

    async def start(self) -> AsyncIterator[Request]:
        """The pages that are due; none is due again in the same run."""
        await self.house.run(entries.register, self.declaration)
        while held := await self.house.run(
            watching.lease, self.declaration.slug, self.house.holder, AT_A_TIME, self.house.now()
        ):
            for one in held:
                url = watching.address_of(one, self.declaration, self.house.now())
                if url is None:
                    await self.put_off(one, "foreign-host", NEVER_MIND)
                else:
                    yield self.look_at(one, url)

    def look_at(self, held: Held, url: str) -> Request:
        """A request for a watched page."""
        return Request(
            url,
            headers=self.extra_headers(),
            callback=self.on_watched,
            errback=self.on_watched_failed,
            meta={"held": held, "canonical_url": held.canonical_url, **self.route_meta()},
            dont_filter=True,
        )

    async def keep(self, received: Received, request: Request) -> None:
        """Hold a response until it is known whether it says anything new."""
        request.meta["received"] = received

    async def on_watched(self, response: Response) -> None:
        """Compare the page with its last good version."""
        state = "ok" if response.status == 200 else str(response.status)
        await self.record(response.request, state)

    async def on_watched_failed(self, failure: Failure) -> AsyncIterator[Request]:
        """Another route if there is one; else the failure is what the look saw."""
        state, request = state_of(failure), failure.request
        detour = self.detour(request, state)
        if detour is not None:
            yield detour
            return
        if state == TAKEN_OVER:
            return
        if state == "rate-limited":
            response = getattr(failure.value, "response", None)
            asked = response and retry_after(response, self.house.now())
            await self.put_off(request.meta["held"], state, asked or NOT_NOW_WAIT)
            return
        why = failure.value.why if isinstance(failure.value, Refused) else None
        await self.record(request, ROBOTS_WALLS.get(why or "", state))

    async def record(self, request: Request, state: str) -> None:
        """Write down what a look saw."""
        outcome = await self.house.run(
            recording.record,
            request.meta["held"],
            self.declaration,
            state,
            request.meta.get("received"),
            self.house.now(),
            moved=bool(request.meta.get("redirect_urls")),
        )
        if outcome is not None:
            self.house.count(self.declaration.slug, f"watched:{outcome}")

    async def put_off(self, held: Held, state: str, wait: timedelta) -> None:
        """Give a page back unseen."""
        await self.house.run(watching.postponed, held, state, self.house.now() + wait)
        self.house.count(self.declaration.slug, f"watched:unclear:{state}")
