"""Asks each feed, listing and sitemap of a source, and one article, once; keeps nothing but what answered."""

from collections.abc import AsyncIterator
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from kzmonitor.collect import entries, feeds
from kzmonitor.collect.cut import Hint, cut
from kzmonitor.collect.feeds import Item, Seen
from kzmonitor.errors import PageError
from spiders.azattyq import AzattyqSpider
from spiders.declared import Target
from spiders.outcome import state_of
from spiders.reading import html_of, selector_of

FEED_LINKS = 'link[rel~="alternate"][type*="rss"]::attr(href), link[rel~="alternate"][type*="atom"]::attr(href)'


class ProbeSpider(AzattyqSpider):
    """Notes for each address what it is, its state, how much stood there, and what might be declared instead."""

    name = "probe"

    async def start(self) -> AsyncIterator[Request]:
        """A look at each declared address, as if for the first time."""
        self.asked_for_article = False
        for target in self.targets():
            yield self.request(target)

    def request(self, target: Target) -> Request:
        """An unconditional request that is not captured."""
        return Request(
            target.url,
            headers=self.extra_headers(),
            callback=self.on_look,
            errback=self.on_look_failed,
            cb_kwargs={"target": target, "sent": entries.Validators()},
            meta={"canonical_url": target.url, "probe": True, **self.route_meta()},
            dont_filter=True,
        )

    async def on_look(self, response: Response, target: Target, sent: entries.Validators) -> AsyncIterator[Request]:
        """Note what stood there; then one article, and for a feed that failed what the home page announces."""
        seen = self.read(response, target)
        self.note_look(target, seen, len(response.body))
        for url in self.children(seen.children)[:1]:
            yield self.request(Target("sitemap", url, url))
        if seen.items and not self.asked_for_article:
            self.asked_for_article = True
            yield self.article(seen.items[0])
        if target.kind == "feed" and seen.state not in feeds.GOOD_STATES:
            yield self.home(target)

    async def on_look_failed(self, failure: Failure) -> AsyncIterator[Request]:
        """Note the named state."""
        state, target = state_of(failure), failure.request.cb_kwargs["target"]
        self.note_look(target, Seen(state), 0)
        if target.kind == "feed" and state == "404":
            yield self.home(target)

    def note_look(self, target: Target, seen: Seen, size: int) -> None:
        """One line of the table for a feed, listing or sitemap."""
        times = [item.published_at for item in seen.items if item.published_at]
        newest = max(times).isoformat() if times else None
        items = len(seen.items) or len(seen.children)
        self.note(kind=target.kind, url=target.url, state=seen.state, items=items, newest=newest, bytes=size)

    def note(self, **line: object) -> None:
        """Add a line to the report of this source."""
        self.house.notes.setdefault(self.declaration.slug, []).append(line)

    def article(self, item: Item) -> Request:
        """One article, to see whether its text can be cut."""
        return Request(
            item.url,
            headers=self.extra_headers(),
            callback=self.on_article,
            errback=self.on_article_failed,
            cb_kwargs={"item": item},
            meta={"canonical_url": item.url, "probe": True, **self.route_meta()},
            dont_filter=True,
        )

    async def on_article(self, response: Response, item: Item) -> None:
        """Note how much text was cut, and by what."""
        try:
            found = cut(
                html_of(response) if isinstance(response, TextResponse) else "",
                response.url,
                self.house.now(),
                self.declaration,
                Hint(item.title, item.published_at),
            )
        except PageError as error:
            self.note(kind="article", url=item.url, state=error.state, items=0, newest=None, bytes=len(response.body))
            return
        when = found.published_at.isoformat() if found.published_at else None
        state = "ok" if not found.cut_by.endswith("layout-changed") else "layout-changed"
        self.note(
            kind="article", url=item.url, state=state, items=len(found.text), newest=when, bytes=len(response.body)
        )

    async def on_article_failed(self, failure: Failure) -> None:
        """Note the named state."""
        url = failure.request.url
        self.note(kind="article", url=url, state=state_of(failure), items=0, newest=None, bytes=0)

    def home(self, target: Target) -> Request:
        """The home page of a feed's host, which may announce where the feed is now."""
        parts = urlsplit(target.url)
        url = f"{parts.scheme}://{parts.netloc}/"
        return Request(
            url,
            callback=self.on_home,
            errback=self.on_home_failed,
            meta={"canonical_url": url, "probe": True, **self.route_meta()},
        )

    async def on_home(self, response: Response) -> None:
        """Note the feeds that the home page announces."""
        if not isinstance(response, TextResponse):
            return
        declared = set(self.declaration.feeds)
        for href in selector_of(response).css(FEED_LINKS).getall():
            url = urljoin(response.url, href)
            if url not in declared:
                self.note(kind="announced", url=url, state="try-this", items=0, newest=None, bytes=0)

    async def on_home_failed(self, failure: Failure) -> None:
        """Without a home page there is nothing to suggest."""
        self.house.count(self.declaration.slug, f"home:{state_of(failure)}")
