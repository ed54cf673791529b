"""Eight families of outlets: how their addresses look, and where their pages keep title, text and time."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kzmonitor.errors import InputError
from kzmonitor.i18n import _

from .records import ALMATY

SLUG_LENGTH = 60
SECTIONS = {"ru": "novosti", "kk": "vlast-qazaqsha", "en": "english"}
RUBRICS = ("kazakhstan_news", "society", "economics", "regions")  # of portals, whatever the language
_LATIN = str.maketrans("абвгдеёзийклмнопрстуфыэәғқңөұүһі", "abvgdeeziyklmnoprstufyeagknouuhi") | str.maketrans(
    {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ъ": "", "ь": ""}
)


@dataclass(frozen=True)
class Layout:
    """One family.

    address: template of an article's path over number, hex, slug, lang, section, rubric, year, month.
    canonical: the path that its page names as the right one.
    finds: matches any path of an article; the group `key` is what `key` makes of the article,
    the group `amp` is there for AMP pages.
    listing: matches a page of the archive, with the groups section, page or day where it has them.
    listing_template: what shows it; styles that differ by a few lines share one.
    css: where a declaration finds title, body and time.
    url_id, canonical_url: the same knowledge as a declaration says it, after the host; empty where an
    article has one address.
    heavy: its pages weigh as much as those of large sites unless an outlet says otherwise.
    copies: how often a page holds the text of its article."""

    name: str
    address: str
    canonical: str
    key: str
    finds: str
    listing: str
    pages: str
    css: dict[str, str]
    first_number: int
    step: int = 1
    url_id: str = ""
    canonical_url: str = ""
    feeds: tuple[str, ...] = ()
    variants: tuple[str, ...] = ("{address}?utm_source=popular_pages",)
    full_text_feed: bool = False
    gz_sitemap: bool = False
    listing_template: str = "listing.html"
    heavy: bool = False
    copies: int = 1


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            "vlast",
            address="/{section}/{number}-{slug}.html",
            canonical="/{section}/{number}-{slug}.html",
            key="{number}",
            finds=r"/(?:(?:(?P<amp>amp)|kz)/)?[a-z-]+/(?P<key>\d{4,6})-[^/]+\.html",
            listing=r"/(?P<section>[a-z-]+)/(?:(?P<page>\d{1,6})/)?",
            pages="/{section}/{page}/?archive=1",
            css={"title": "h1", "body": "div.js-mediator-article p", "time": "ul.item-expand-meta time"},
            first_number=66096,
            url_id=r"/(?:(?:amp|kz)/)?(?P<section>[a-z-]+)/(?P<id>\d{4,6})-(?P<slug>[^/?#]+)\.html",
            canonical_url="/{section}/{id}-{slug}.html",
            variants=(
                "/amp{address}",
                "/kz{address}",
                "{address}?utm_source=popular_pages",
                "/amp{address}?utm_source=feed",
            ),
        ),
        Layout(
            "pangea",
            address="/a/{slug}/{number}.html",
            canonical="/a/{number}.html",
            key="{number}",
            finds=r"/(?:a|(?P<amp>amp))/(?:[^/]+/)?(?P<key>\d{6,9})\.html",
            listing=r"/z/330(?:/(?P<day>\d{4}/\d{1,2}/\d{1,2}))?",
            pages="/z/330?p={page}",
            css={"title": "h1.pg-title", "body": "div.intro, div.wsw", "time": "div.published time"},
            first_number=33490916,
            step=7,
            url_id=r"/(?:a|amp)/(?:[^/?#]+/)?(?P<id>\d{6,9})\.html",
            canonical_url="/a/{id}.html",
            feeds=("/api/", "/api/epiqq"),
            variants=("/a/{number}.html", "/amp/{number}.html", "/amp/{slug}/{number}.html", "{address}?nocache=1"),
            gz_sitemap=True,
        ),
        Layout(
            "wordpress",
            address="/{year}/{month}/{slug}/",
            canonical="/{year}/{month}/{slug}/",
            key="{slug}",
            finds=r"/\d{4}/\d\d/(?P<key>[^/]+)/",
            listing=r"/news/(?:page/(?P<page>\d{1,6})/)?",
            pages="/news/page/{page}/",
            css={"title": "h1.entry-title", "body": "div.entry-content > p", "time": "time.entry-date"},
            first_number=4100,
            step=3,
            full_text_feed=True,
        ),
        Layout(
            "agency",
            address="/{lang}/{slug}-{hex}",
            canonical="/{lang}/{slug}-{hex}",
            key="{hex}",
            finds=r"/[A-Za-z-]+/[^/]+-(?P<key>[0-9a-f]{6})/?",
            listing=r"/news/(?:page/(?P<page>\d{1,6})/)?",
            pages="/news/page/{page}/",
            css={"title": "h1", "body": "div.text > p", "time": "div.date"},
            first_number=0xA3F01C,
            step=29,
        ),
        Layout(
            "plain",
            address="/news/{slug}-{number}/",
            canonical="/news/{slug}-{number}/",
            key="{number}",
            finds=r"/news/[^/]+-(?P<key>\d+)/",
            listing=r"/news/(?:page/(?P<page>\d{1,6})/)?",
            pages="/news/page/{page}/",
            css={"title": "article h1", "body": "article > p", "time": "article time"},
            first_number=1001,
        ),
        Layout(
            "portal",
            address="/{rubric}/{slug}-{number}/",
            canonical="/{rubric}/{slug}-{number}/",
            key="{number}",
            finds=r"/(?:(?P<amp>amp)/)?[a-z_]+/[^/]+-(?P<key>\d{6,8})/",
            listing=r"/(?P<section>[a-z_]+)/(?:page/(?P<page>\d{1,6})/)?",
            pages="/{section}/page/{page}/",
            css={
                "title": "h1.news__title",
                "body": "div.news-lead, div.news-text > p:not(.news-text__channel)",
                "time": "span.news__date time",
            },
            first_number=541207,
            step=3,
            url_id=r"/(?:amp/)?(?P<section>[a-z_]+)/(?P<slug>[^/?#]+)-(?P<id>\d{6,8})/",
            canonical_url="/{section}/{slug}-{id}/",
            feeds=("/rss/", "/rss/all.xml"),
            variants=("/amp{address}", "{address}?utm_source=telegram", "{address}?from=most-read"),
            listing_template="portal_listing.html",
            heavy=True,
        ),
        Layout(
            "builder",
            address="/tpost/{hex}-{slug}",
            canonical="/tpost/{hex}-{slug}",
            key="{hex}",
            finds=r"/tpost/(?P<key>[0-9a-f]{10})-[^/]+/?",
            listing=r"/news/?",
            pages="/news?p={page}",
            css={
                "title": 'div.t-cover div[field="title"]',
                "body": 'div[data-record-type="106"] div[field]',
                "time": "div.t-when span",
            },
            first_number=0x5F3A91C07D,
            step=7_368_787,
            url_id=r"/tpost/(?P<id>[0-9a-f]{10})-(?P<slug>[^/?#]+)/?",
            canonical_url="/tpost/{id}-{slug}",
            feeds=("/rss-feed-408213.xml",),
            variants=("{address}/", "{address}?utm_source=instagram", "{address}?tpost_from=feed"),
            listing_template="builder_listing.html",
            heavy=True,
        ),
        Layout(
            "spa",
            address="/{lang}/post/{number}/{slug}",
            canonical="/{lang}/post/{number}",
            key="{number}",
            finds=r"/[a-z]+/post/(?P<key>\d{5,7})(?:/[^/]*)?",
            listing=r"/archive(?:/page/(?P<page>\d{1,6}))?",
            pages="/archive/page/{page}",
            css={
                "title": 'section[class^="Story_head"] h1',
                "body": 'section[class^="Story_body"] > div[class^="Block_text"]',
                "time": 'section[class^="Story_head"] time',
            },
            first_number=28411,
            step=2,
            url_id=r"/(?P<lang>[a-z]+)/post/(?P<id>\d{5,7})(?:/[^/?#]*)?",
            canonical_url="/{lang}/post/{id}",
            feeds=("/api/rss", "/rss.xml"),
            variants=("/{lang}/post/{number}", "{address}?from=push", "/{lang}/post/{number}/"),
            listing_template="spa_listing.html",
            heavy=True,
            copies=2,
        ),
    )
}


def layout_named(name: str) -> Layout:
    """The family of that name; InputError lists the names there are."""
    if name not in LAYOUTS:
        raise InputError(_("no layout {name}; there are {names}").format(name=repr(name), names=", ".join(LAYOUTS)))
    return LAYOUTS[name]


def layout_declaration(layout: str) -> dict[str, str]:
    """The CSS selectors of a family as a source's declaration lists them: title, body, time."""
    return dict(layout_named(layout).css)


def slug_of(title: str) -> str:
    """A title in small Latin letters, digits and hyphens, as outlets put it into addresses."""
    words = "-".join(re.findall("[a-z0-9]+", title.lower().translate(_LATIN)))
    return words[:SLUG_LENGTH].strip("-") or "material"


def address_parts(number: int, slug: str, lang: str, published: datetime) -> dict[str, str]:
    """What the address templates of all families may name."""
    local = published.astimezone(ZoneInfo(ALMATY))
    return {
        "number": str(number),
        "hex": f"{number:06x}",
        "slug": slug,
        "lang": re.sub("[^a-z]", "", lang.lower()) or "en",
        "section": SECTIONS.get(lang, SECTIONS["ru"]),
        "rubric": RUBRICS[number // 3 % len(RUBRICS)],
        "year": f"{local.year:04d}",
        "month": f"{local.month:02d}",
    }
