"""From a page to an article: the source's declared layouts first, trafilatura where there are none or they fail."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from lxml.cssselect import CSSSelector
from lxml.etree import LxmlError, _Element
from lxml.html import HTMLParser, document_fromstring

from kzmonitor.collect.dates import ALMATY, bounded, parse_date
from kzmonitor.collect.metadata import Metadata, clean, read_metadata, text_of
from kzmonitor.errors import PageError
from kzmonitor.i18n import _
from kzmonitor.sources.declaration import Declaration, Layout

SHORTEST_CHARACTERS = 80
SURELY_TEXT_CHARACTERS = 200
# trafilatura's time grows with the square of the elements: 20,000 take 2 s at worst, 250,000 two minutes.
MOST_ELEMENTS = 20_000

INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp small span strike"
    " strong sub sup time tt u var wbr".split(" ")
)
SKIPPED = frozenset(
    "script style noscript template figure figcaption aside nav form button iframe object svg video audio canvas select"
    " textarea input head".split(" ")
)
SKIPPED_CLASSES = frozenset({"media-block-wrap", "wp-caption-text", "caption", "img-caption", "photo-caption"})
BOILERPLATE = frozenset({"доступность ссылок", "срочные новости:", "қаз site logo"})
READ_ALSO = re.compile(
    r"(?:читайте (?:также|ещ[её])|смотрите также|ещ[её] по теме|по теме|материалы по теме|подробнее"
    r"|тағы (?:да )?оқыңыз(?:дар)?|сондай-ақ оқыңыз(?:дар)?|оқи отырыңыз(?:дар)?|тақырыпқа қатысты|тағы қараңыз"
    r"|read (?:also|more|next)|also read|see also|related(?: stories| articles)?)\b[\s:.–—-]*",
    re.IGNORECASE,
)
CREDIT = re.compile(
    r"(?:фото(?:графия|графии|коллаж|граф)?|сурет(?:ті)?|көрнекі сурет|иллюстрация|коллаж|скриншот|photo(?:graph)?s?|image)\b"
    r"(?P<sure>\s*(?:[:©/|]|by\b|из\b|с сайта\b|автора\b|предоставлен|courtesy\b|түсірген\b))?",
    re.IGNORECASE,
)
CREDIT_CHARACTERS = 120
DAY_IN_ADDRESS = re.compile(
    r"/((?:19|20)[0-9]{2})(?:/([01]?[0-9])/([0-3]?[0-9])(?=/|$)|-([01][0-9])-([0-3][0-9])(?![0-9])|([01][0-9])([0-3][0-9])(?=/))"
)
TITLE_TAIL = re.compile(r"\s+(?:[|—–:·»-]|::)\s+")


@dataclass(frozen=True)
class Hint:
    """What the feed or listing said of the page."""

    title: str | None
    published_at: datetime | None


@dataclass(frozen=True)
class Article:
    """What an outlet published. `text`: paragraphs parted by "\\n". `published_at`: UTC; `date_doubt`: see `bounded`.

    cut_by: "layout:N" (the N-th declared, from 0), "trafilatura", or "trafilatura:layout-changed" where layouts are
    declared but none of them finds the text."""

    title: str
    text: str
    author: str | None
    published_at: datetime | None
    date_doubt: str | None
    canonical_url: str | None
    cut_by: str


def cut(html: str, url: str, fetched_at: datetime, declaration: Declaration, hint: Hint) -> Article:
    """The article in a page. Takes about 5 ms a page by a layout, 25 ms by the general cutter.

    Raises PageError: "layout-changed" or, for a source without layouts, "empty" when there is no text; "too-large"
    when only the general cutter could read it and it has too many elements."""
    tree = _parse(html, url)
    metadata = read_metadata(tree, url)
    dates = [hint.published_at, *_moments(metadata.dates, fetched_at, declaration), _day_in_address(url)]
    published_at, _doubt = _publication(dates, fetched_at)
    layout, text, cut_by = _by_layouts(tree, declaration, published_at) or _generally(tree, url, declaration)
    if layout is not None and layout.time:
        stamps = [_stamp(element) for element in _selector(layout.time)(tree)[:5]]
        dates = [*_moments(stamps, fetched_at, declaration), *dates]
    title = _title(tree, layout, metadata, hint, _outlet_names(url, declaration, metadata))
    first, _newline, rest = text.partition("\n")
    if rest and first.casefold() == title.casefold():
        text = rest
    published_at, doubt = _publication(dates, fetched_at)
    return Article(title, text, metadata.author, published_at, doubt, metadata.canonical_url, cut_by)


def _parse(html: str, url: str) -> _Element:
    parser = HTMLParser(remove_comments=True, remove_pis=True, collect_ids=False, encoding="utf-8")
    try:
        return document_fromstring(html.replace("\0", "").encode(errors="replace"), parser=parser)
    except LxmlError as error:
        raise PageError(_("{url}: the page is empty").format(url=url), "empty") from error


@lru_cache(maxsize=1024)
def _selector(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


# Text


def _by_layouts(
    tree: _Element, declaration: Declaration, published_at: datetime | None
) -> tuple[Layout | None, str, str] | None:
    """The first layout that yields text: those valid on the day of publication, newest first, then the others."""
    day = None if published_at is None else published_at.astimezone(ALMATY).date()

    def rank(number: int) -> tuple[bool, date]:
        until = declaration.layouts[number].until or date.max
        return day is None or day < until, until

    for number in sorted(range(len(declaration.layouts)), key=rank, reverse=True):
        layout = declaration.layouts[number]
        found = _selector(layout.body)(tree)
        inside = set(found)
        outermost = (element for element in found if inside.isdisjoint(element.iterancestors()))
        text = "\n".join(_kept(block for element in outermost for block in _blocks(element)))
        if len(text) >= SHORTEST_CHARACTERS:
            return layout, text, f"layout:{number}"
    return None


def _generally(tree: _Element, url: str, declaration: Declaration) -> tuple[Layout | None, str, str]:
    """The text that trafilatura finds, or PageError."""
    from trafilatura import extract  # takes half a second to import, and many processes never cut a page

    state = "layout-changed" if declaration.layouts else "empty"
    if sum(1 for _element in tree.iter()) > MOST_ELEMENTS:
        raise PageError(_("{url}: too many elements to cut").format(url=url), "too-large")
    found = extract(tree, fast=True, include_comments=False, include_tables=True, with_metadata=False) or ""
    text = "\n".join(_kept((line, 0) for line in found.splitlines()))
    if len(text) < (SURELY_TEXT_CHARACTERS if declaration.layouts else SHORTEST_CHARACTERS):
        if declaration.layouts:
            message = _("{url}: no article text (has the layout of {slug} changed?)")
        else:
            message = _("{url}: no article text; declare a layout for {slug}")
        raise PageError(message.format(url=url, slug=declaration.slug), state)
    return None, text, "trafilatura:layout-changed" if declaration.layouts else "trafilatura"


def _blocks(element: _Element) -> Iterator[tuple[str, int]]:
    """(text, characters of it that are links) of each paragraph: what stands between two breaks or block elements."""
    text, linked = "", 0
    for piece in _pieces(element, in_link=False):
        if piece is None:
            yield clean(text), linked
            text, linked = "", 0
        else:
            text += piece[0]
            linked += len(clean(piece[0])) if piece[1] else 0
    yield clean(text), linked


def _pieces(element: _Element, in_link: bool) -> Iterator[tuple[str, bool] | None]:
    """(text, is it a link) of the text nodes below `element`, None for a break between paragraphs."""
    if element.text:
        yield element.text, in_link
    for child in element:
        if child.tag == "br":
            yield None
        elif child.tag in SKIPPED or not SKIPPED_CLASSES.isdisjoint((child.get("class") or "").split()):
            yield ("\n", in_link) if child.tag in {"script", "style"} else None
        else:
            inline = child.tag in INLINE
            if not inline:
                yield None
            yield from _pieces(child, in_link or child.tag == "a")
            if not inline:
                yield None
        if child.tail:
            yield child.tail, in_link


def _kept(blocks: Iterable[tuple[str, int]]) -> Iterator[str]:
    """The paragraphs that belong to the article: no captions of photographs, no links to other articles."""
    after_label = False
    for raw, linked in blocks:
        text = clean(raw)
        if not text or text.lower() in BOILERPLATE:
            continue
        label = READ_ALSO.match(text)
        if label and label.end() == len(text):
            after_label = True
        elif label and linked >= 0.8 * (len(text) - label.end()):
            after_label = False
        elif not (after_label and linked >= 0.9 * len(text)) and not _is_credit(text):
            after_label = False
            yield text


def _is_credit(text: str) -> bool:
    credit = CREDIT.match(text)
    if not credit or len(text) > CREDIT_CHARACTERS:
        return False
    return bool(credit["sure"]) or (text[-1] not in ".!?…»" and len(text.split()) <= 8)


# Title


def _title(tree: _Element, layout: Layout | None, metadata: Metadata, hint: Hint, outlet: tuple[str, ...]) -> str:
    """The layout's title, JSON-LD, og:title, the feed's, the heading, the page's own; "" rather than a guess."""
    declared = next((text_of(found) for found in _selector(layout.title)(tree)), "") if layout and layout.title else ""
    named = (declared, *(_without_outlet(title, outlet) for title in metadata.titles), clean(hint.title or ""))
    page_title = _without_outlet(metadata.page_title or "", outlet, any_tail=True)
    return next((title for title in (*named, metadata.heading, page_title) if title), "")


def _outlet_names(url: str, declaration: Declaration, metadata: Metadata) -> tuple[str, ...]:
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        host = ""
    names = (metadata.site_name, declaration.name, host)
    return tuple(name.casefold() for name in names if name and len(name) > 2)


def _without_outlet(title: str, outlet: tuple[str, ...], any_tail: bool = False) -> str:
    """`title` without a tail such as " - Outlet" or " | outlet.kz"; `any_tail`: without one of up to three words."""
    for _tail in range(3):
        *_before, last = [None, *TITLE_TAIL.finditer(title)]
        if last is None:
            break
        head, tail = title[: last.start()], title[last.end() :].casefold()
        known = any(name in tail for name in outlet) and len(tail) <= 60
        if not known and not (any_tail and len(tail.split()) <= 3 and len(head.split()) >= 4):
            break
        title = head
    return title


# Time


def _publication(dates: Iterable[datetime | None], fetched_at: datetime) -> tuple[datetime | None, str | None]:
    """The first time beyond doubt, else the first doubtful one with its doubt."""
    judged = [bounded(when, fetched_at) for when in dates if when is not None]
    beyond_doubt = next((pair for pair in judged if pair[1] is None), None)
    return beyond_doubt or next(iter(judged), bounded(None, fetched_at))


def _moments(texts: Iterable[str], now: datetime, declaration: Declaration) -> list[datetime | None]:
    return [parse_date(text, now, declaration.languages) for text in texts]


def _stamp(element: _Element) -> str:
    return element.get("datetime") or element.get("content") or text_of(element, most=300)


def _day_in_address(url: str) -> datetime | None:
    match = DAY_IN_ADDRESS.search(url)
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups() if part)
    try:
        return datetime(year, month, day, tzinfo=ALMATY).astimezone(UTC)
    except ValueError:
        return None
