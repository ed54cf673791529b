"""Five families of outlets: how their addresses look, and where their pages keep title, text and time."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from kzmonitor.errors import InputError
from kzmonitor.i18n import _

from .records import ALMATY

SLUG_LENGTH = 60
SECTIONS = {"ru": "novosti", "kk": "vlast-qazaqsha", "en": "english"}
_LATIN = str.maketrans("абвгдеёзийклмнопрстуфыэәғқңөұүһі", "abvgdeeziyklmnoprstufyeagknouuhi") | str.maketrans(
    {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ю": "yu", "я": "ya", "ъ": "", "ь": ""}
)


@dataclass(frozen=True)
class Layout:
    """One family.

    address: template of an article's path over number, hex, slug, lang, section, year, month.
    canonical: the path that its page names as the right one.
    finds: matches any path of an article; the group `key` is what `key` makes of the article,
    the group `amp` is there for AMP pages.
    listing: matches a page of the archive, with the groups section, page or day where it has them.
    css: where a declaration finds title, body and time.
    url_id, canonical_url: the same knowledge as a declaration says it, after the host; empty where an
    article has one address."""

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
        "year": f"{local.year:04d}",
        "month": f"{local.month:02d}",
    }
