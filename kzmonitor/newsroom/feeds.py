"""What an outlet offers to machines: RSS 2.0, Atom 1.0 and sitemaps."""

from email.utils import format_datetime

from .outlets import Article, Outlet
from .pages import template

TEASER_CHARACTERS = 220


def newest(outlet: Outlet) -> list[Article]:
    """What the feeds list: all articles, newest first, or as many as the outlet is set to."""
    return outlet.articles()[: outlet.feed_items]


def teaser(article: Article) -> str:
    """The beginning of the text, cut between words."""
    text = " ".join(article.lines)
    if len(text) <= TEASER_CHARACTERS:
        return text
    return text[:TEASER_CHARACTERS].rpartition(" ")[0] + " …"


def rss(outlet: Outlet) -> str:
    """RSS 2.0; on Vlast's pattern, line breaks surround the address in `link`."""
    return template("rss.xml").render(
        outlet=outlet,
        articles=newest(outlet),
        teaser=teaser,
        rfc822=format_datetime,
        around="\n" if outlet.layout.name == "vlast" else "",
    )


def atom(outlet: Outlet) -> str:
    """Atom 1.0 with the same articles."""
    return template("atom.xml").render(outlet=outlet, articles=newest(outlet), teaser=teaser)


def sitemap(outlet: Outlet) -> str:
    """A flat sitemap of all articles, with the time of their last change."""
    return template("sitemap.xml").render(outlet=outlet, articles=outlet.articles())


def sitemap_index(outlet: Outlet, child: str) -> str:
    """A sitemap that only points to `child`."""
    return template("sitemap_index.xml").render(outlet=outlet, child=child)
