"""Feeds, listings and sitemaps: from bytes to the addresses they name, or to a named state.

A feed that answers 200 with nothing is the worst failure there is: silence looks like calm. So an empty
body, a tiny one, a web page in place of XML, and items without dates each have a state of their own."""

import calendar
import gzip
import io
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from urllib.parse import urljoin

import feedparser
import feedparser.api
from lxml import etree

from kzmonitor.collect.canonical import MAX_CHARACTERS
from kzmonitor.collect.metadata import INVISIBLE, clean

MAX_ITEMS = 2000
# feedparser takes a second for a megabyte of items.
MOST_FEED_BYTES = 5_000_000
TINY_BYTES = 200
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_SITEMAP_BYTES = 20_000_000

feedparser.api.PREFERRED_XML_PARSERS.insert(0, "kzmonitor.collect.bounded_sax")
# A thousand attributes at one element. `bounded_sax` gives them up, too, but only after they have taken memory:
# feedparser's second parser, which reads what the first gives up, takes half a gigabyte for three megabytes of them.
TOO_MANY_ATTRIBUTES = re.compile(
    rb"""<[^\s<>/]++(?:\s++[^\s=<>"']++(?:\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'|[^\s<>"']++))?+){1000}"""
)
# feedparser gives up the whole feed at a number that stands for no character.
REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")

# States of a look at a feed that brought what it should.
GOOD_STATES = frozenset({"ok", "not-modified"})


@dataclass(frozen=True)
class Item:
    """An address in a feed, listing or sitemap, with what stood beside it. Times are UTC."""

    url: str
    title: str | None = None
    published_at: datetime | None = None


@dataclass(frozen=True)
class Seen:
    """What one look brought: a named state, and the items in order; `children` are sitemaps of a sitemap."""

    state: str
    items: list[Item] = field(default_factory=list)
    children: list[str] = field(default_factory=list)


def parse_feed(body: bytes, content_type: str, url: str) -> Seen:
    """The items of an RSS or Atom feed (body after decompression); never raises.

    States: ok, empty, tiny, too-large, html-for-xml, not-xml, no-items, no-dates (items are kept), broken-xml (what
    was read before the break is kept)."""
    if len(body) > MOST_FEED_BYTES:
        return Seen("too-large")
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:500].lower()
    if not start:
        return Seen("empty")
    if start.startswith((b"<!doctype html", b"<html")):
        return Seen("html-for-xml")
    if not start.startswith(b"<"):
        return Seen("tiny" if len(body) < TINY_BYTES else "not-xml")
    if TOO_MANY_ATTRIBUTES.search(body):
        return Seen("broken-xml")
    headers = {"content-type": content_type or "application/xml", "content-location": url}
    try:
        feed = feedparser.parse(
            io.BytesIO(REFERENCE.sub(_possible, body)), response_headers=headers, sanitize_html=True
        )
    except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, AssertionError, RecursionError):
        return Seen("not-xml")  # feedparser lets errors of its parsers through on hostile input
    items = [item for raw in feed.entries[:MAX_ITEMS] if (item := _feed_item(raw, url)) is not None]
    if not items:
        return Seen(_why_no_items(body, bool(feed.version)))
    if feed.bozo and isinstance(feed.get("bozo_exception"), etree.XMLSyntaxError | feedparser.NonXMLContentType):
        return Seen("broken-xml", items)
    if feed.bozo and "SAX" in type(feed.get("bozo_exception")).__name__:
        return Seen("broken-xml", items)
    if all(item.published_at is None for item in items):
        return Seen("no-dates", items)
    return Seen("ok", items)


def _why_no_items(body: bytes, is_feed: bool) -> str:
    if len(body) < TINY_BYTES:
        return "tiny"
    return "no-items" if is_feed else "not-xml"


def _possible(reference: re.Match[bytes]) -> bytes:
    digits, base = (reference[1], 16) if reference[1] else (reference[2], 10)
    code = int(digits, base) if len(digits) <= 7 else 0
    possible = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return reference[0] if possible else b""


def _feed_item(raw: feedparser.FeedParserDict, base: str) -> Item | None:
    link = str(raw.get("link") or raw.get("id") or "").strip()
    if not link or re.search(r"\s", link) or INVISIBLE.search(link):
        return None
    try:
        address = urljoin(base, link)
    except ValueError:
        return None
    # Past feedparser's own get(), which warns when it looks for one under the name of the other.
    moment = dict.get(raw, "published_parsed") or dict.get(raw, "updated_parsed")
    return Item(address, clean(str(raw.get("title") or ""))[:1000] or None, _utc(moment))


def _utc(moment: object) -> datetime | None:
    if moment is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(moment), UTC)  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def parse_sitemap(body: bytes, most: int = MAX_ITEMS, since: date | None = None) -> Seen:
    """The addresses of a sitemap, or the sitemaps of an index; gzip is undone. `lastmod` is no publication
    date (one outlet sets today's on 65,000 addresses), it only orders them. Never raises.

    most: so many addresses, the last changed first; since: none that was last changed before this day."""
    if body[:2] == b"\x1f\x8b":
        unzipped = _gunzip(body)
        if unzipped is None:
            return Seen("not-xml")
        body = unzipped
    if not body.strip():
        return Seen("empty")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
        is_element = root is not None and isinstance(root.tag, str)
    except (etree.XMLSyntaxError, ValueError):  # a repaired document may hold bytes that are no letters
        return Seen("not-xml")
    if not is_element:
        return Seen("not-xml")
    kind = _local_name(root)
    if kind not in ("urlset", "sitemapindex"):
        return Seen("html-for-xml" if kind == "html" else "not-xml")
    located = sorted(_locations(root), key=lambda pair: pair[1], reverse=True)
    if since is not None:
        located = [
            (url, lastmod) for url, lastmod in located if not ISO_DAY.match(lastmod) or lastmod[:10] >= str(since)
        ]
    if kind == "sitemapindex":
        return Seen("ok" if located else "no-items", children=[url for url, _lastmod in located])
    items = [Item(url) for url, _lastmod in located[:most]]
    return Seen("ok" if items else "no-items", items)


def _gunzip(body: bytes) -> bytes | None:
    try:
        with gzip.open(io.BytesIO(body)) as file:
            data = file.read(MAX_SITEMAP_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return data if len(data) <= MAX_SITEMAP_BYTES else None


def _locations(root: etree._Element) -> list[tuple[str, str]]:
    found = []
    for child in root:
        try:
            if not isinstance(child.tag, str):
                continue
            values = {_local_name(part): (part.text or "").strip() for part in child if isinstance(part.tag, str)}
        except UnicodeDecodeError:
            continue  # see above
        address = values.get("loc", "")
        if address.startswith(("http://", "https://")) and len(address) <= MAX_CHARACTERS:
            found.append((address, values.get("lastmod", "")))
    return found


def _local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]  # QName would raise for names that only a broken document has
