"""Azattyq and the other sites of RFE/RL (Pangea): the news ticker names articles by number only."""

import re
from urllib.parse import urljoin

from scrapy.http import Response, TextResponse

from kzmonitor.collect.feeds import Item, Seen
from kzmonitor.collect.metadata import clean
from spiders.declared import DeclaredSpider
from spiders.reading import selector_of

LATEST = re.compile(r"sitemap_\d+_(latest|news)\.xml(\.gz)?$")


class AzattyqSpider(DeclaredSpider):
    """Reads the ticker of a listing beside its links, and of the sitemap index only the latest and the news."""

    name = "azattyq"

    def read_listing(self, response: Response) -> Seen:
        """Links as everywhere, then the ticker's articles, whose address is made of their number."""
        seen = super().read_listing(response)
        if not isinstance(response, TextResponse):
            return seen
        known = {item.url for item in seen.items}
        ticker = []
        for entry in selector_of(response).css("div.news__item[data-article-id]"):
            number = entry.attrib["data-article-id"]
            url = urljoin(response.url, f"/a/{number}.html")
            if number.isdigit() and url not in known:
                title = " ".join(entry.css(".news__title ::text, h1 ::text, h2 ::text").getall())
                ticker.append(Item(url, clean(title)[:1000] or None))
        items = [*seen.items, *ticker]
        return Seen("ok" if items else seen.state, items)

    def children(self, urls: list[str]) -> list[str]:
        """The sitemaps of the latest articles and of the news."""
        return [url for url in urls if LATEST.search(url)] or super().children(urls)
