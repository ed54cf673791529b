"""What a page says about itself outside its text: JSON-LD, meta elements, itemprop, `time`, headings."""

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml.etree import XPath, _Element

TITLE_CHARACTERS = 1000
AUTHOR_CHARACTERS = 200
MOST_NODES = 500
MOST_DATED = 20
LONGEST_CLASS = 1000

# Control characters, soft hyphens and zero-width marks: invisible, and some can't be stored.
INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200c\u2060\ufeff\ud800-\udfff]")
TRAILING_COMMA = re.compile(r",(\s*[}\]])")
JSON_STRING = re.compile(r'"(headline|datePublished)"\s*:\s*"((?:[^"\\]|\\.){1,1000})"')
PUBLISHED_META = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "pubdate",
    "publish_date",
    "dc.date.issued",
    "dc.date",
    "date",
)
AUTHOR_META = ("author", "article:author", "dc.creator", "parsely-author")
DATED_CLASS = re.compile(r"date|time|publi|posted|created|(?:^|[\s_-])meta(?:$|[\s_-])", re.IGNORECASE)
APART = ("aside", "footer", "nav", "form")
# A page has thousands of elements: those that matter are found by libxml2, ten times as fast as one by one from here.
AUTHORED = XPath(
    "descendant-or-self::*[self::a or self::span or self::div or self::p or self::address]"
    "[@rel='author' or @itemprop='author']"
)
PUBLISHED = XPath("descendant-or-self::*[@itemprop='datePublished']")
CLASSED = XPath("descendant-or-self::*[@class]")


@dataclass(frozen=True)
class Metadata:
    """A page's word about itself. `titles` and `dates` (texts as found) stand in order of trust.

    titles: JSON-LD headline, og:title. dates: JSON-LD, meta, itemprop, `time`, dated text."""

    titles: tuple[str, ...]
    heading: str | None
    page_title: str | None
    site_name: str | None
    author: str | None
    canonical_url: str | None
    dates: tuple[str, ...]


def read_metadata(tree: _Element, url: str) -> Metadata:
    """The metadata of a parsed page; hostile or broken parts are passed over, nothing is raised."""
    meta = _meta(tree)
    article = _article(tree)
    titles = (_tidy(article.get("headline"), TITLE_CHARACTERS), _tidy(meta.get("og:title"), TITLE_CHARACTERS))
    named = _tidy(_names(article.get("author")), AUTHOR_CHARACTERS) or next(_authors(tree, meta), None)
    dates = [article.get("datePublished"), *(meta.get(name) for name in PUBLISHED_META), *_dated(tree)]
    return Metadata(
        titles=tuple(title for title in titles if title),
        heading=_first_text(tree, "h1"),
        page_title=_first_text(tree, "title"),
        site_name=_tidy(meta.get("og:site_name"), TITLE_CHARACTERS),
        author=named,
        canonical_url=_canonical(tree, meta, url),
        dates=tuple(text for date in dates if (text := _tidy(date, 100))),
    )


def clean(text: str) -> str:
    """`text` on one line, composed (NFC), without invisible characters: what is stored, hashed and compared."""
    return " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", text)).split())


def text_of(element: _Element, most: int = 100_000) -> str:
    """Text in `element`, on one line; of a long one the first `most` characters."""
    parts = islice(element.itertext(with_tail=False), most)
    return clean("".join(parts)[: 4 * most])[:most]


def _tidy(value: object, most: int) -> str | None:
    """A string value without the entities and tags that JSON-LD and meta elements often carry."""
    if not isinstance(value, str):
        return None
    return clean(re.sub(r"<[^<>]{1,200}>", " ", html.unescape(value[: 4 * most])))[:most] or None


def _first_text(tree: _Element, tag: str) -> str | None:
    texts = (text_of(element, TITLE_CHARACTERS) for element in tree.iter(tag))
    return next((text for text in texts if text), None)


def _meta(tree: _Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _article(tree: _Element) -> dict[str, Any]:
    """The JSON-LD object that describes the article, {} without one; a web page's own stands in for it."""
    pages: list[dict[str, Any]] = []
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        for node in _nodes(_json(script.text)):
            kinds = node.get("@type")
            kinds = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
            if any(isinstance(kind, str) and kind.endswith(("Article", "BlogPosting", "Report")) for kind in kinds):
                return node
            if "WebPage" in kinds or "@type" not in node:
                pages.append(node)
    return next((page for page in pages if page.get("datePublished")), {})


def _json(text: str) -> Any:
    """JSON that may have raw line breaks, trailing commas or comments around it; {} of the known strings if worse."""
    text = re.sub(r"^\s*(?:<!--|//<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\]\]>|\]\]>)\s*$", "", text)
    for attempt in (text, TRAILING_COMMA.sub(r"\1", text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    found: dict[str, str] = {}
    for key, value in JSON_STRING.findall(text):
        try:
            found.setdefault(key, json.loads(f'"{value}"', strict=False))
        except ValueError:
            continue
    return found


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Objects of a JSON-LD document in order, lists and @graph opened; lists of other articles are not."""
    waiting = [value]
    for _step in range(MOST_NODES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value[:MOST_NODES]))
        elif isinstance(value, dict):
            yield value
            waiting.extend(value[key] for key in ("mainEntity", "@graph") if key in value)


def _names(value: Any) -> str:
    """The names in a JSON-LD author: a string, an object, or a list of either."""
    people = value if isinstance(value, list) else [value]
    names = [person.get("name") if isinstance(person, dict) else person for person in people[:10]]
    return ", ".join(dict.fromkeys(name for name in names if isinstance(name, str) and "://" not in name))


def _authors(tree: _Element, meta: dict[str, str]) -> Iterator[str]:
    for name in AUTHOR_META:
        author = _tidy(meta.get(name), AUTHOR_CHARACTERS)
        if author and "://" not in author:
            yield author
    for element in AUTHORED(tree):
        author = text_of(element, AUTHOR_CHARACTERS)
        if 0 < len(author) < AUTHOR_CHARACTERS:
            yield author


def _canonical(tree: _Element, meta: dict[str, str], url: str) -> str | None:
    links = (link.get("href") for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split())
    for address in (*links, meta.get("og:url")):
        if not address or len(address) > 2000:
            continue
        try:
            absolute = urljoin(url, INVISIBLE.sub("", address).strip())
            parts = urlsplit(absolute)
        except ValueError:
            continue
        if parts.scheme in {"http", "https"} and parts.netloc and not re.search(r"\s", absolute):
            return absolute
    return None


def _dated(tree: _Element) -> Iterator[str]:
    """Date texts in the body: itemprop, then `time` (beside the heading, in the article, anywhere), then dated text."""
    times = [element for element in tree.iter("time") if element.get("datetime")]
    yield from _stamps(PUBLISHED(tree))
    yield from _stamps(time for time in _beside_heading(tree) if time.get("datetime"))
    yield from _stamps(time for time in times if _within(time, "article", "main"))
    yield from _stamps(times)
    dated = (element for element in CLASSED(tree) if _is_dated(element.get("class", "")))
    yield from _stamps(element for element in dated if not _within(element, *APART))


@lru_cache(maxsize=4096)
def _is_dated(name: str) -> bool:
    """Whether elements of this class hold dates; the few hundred classes of an outlet stand on each of its pages."""
    return DATED_CLASS.search(name[:LONGEST_CLASS]) is not None


def _within(element: _Element, *tags: str) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _beside_heading(tree: _Element) -> Iterator[_Element]:
    """`time` elements around the heading: where most outlets put the article's own."""
    heading = next(tree.iter("h1"), None)
    parent = None if heading is None else heading.getparent()
    if parent is not None:
        yield from parent.iter("time")
        for sibling in parent.itersiblings():
            yield from sibling.iter("time")


def _stamps(elements: Iterable[_Element]) -> Iterator[str]:
    """The date texts of the first few elements: their datetime, content, or own short text."""
    for element in islice(elements, MOST_DATED):
        stamp = element.get("datetime") or element.get("content") or text_of(element, most=100)
        if 0 < len(stamp) < 100:
            yield stamp
