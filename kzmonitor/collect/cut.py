"""From a page to an article: the source's declared layouts first, trafilatura where there are none or they fail."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from lxml.cssselect import CSSSelector
from lxml.etree import LxmlError, XPath, _Element
from lxml.html import HTMLParser, document_fromstring

from kzmonitor.collect.dates import ALMATY, bounded, parse_date
from kzmonitor.collect.metadata import TITLE_CHARACTERS, Metadata, clean, read_metadata, text_of
from kzmonitor.collect.paragraphs import READ_ALSO, kept, paragraphs
from kzmonitor.errors import PageError
from kzmonitor.i18n import _
from kzmonitor.sources.declaration import Declaration, Layout

SHORTEST_CHARACTERS = 80
SURELY_TEXT_CHARACTERS = 200
TEXT_ALONE: Mapping[str, Any] = {"include_comments": False, "include_tables": True, "with_metadata": False}
# Where page builders are at work, text stands in divisions and less than this share of it in paragraphs: on eight
# families of pages none on those of a page builder, more than all on the others.
FEWEST_IN_PARAGRAPHS = 0.1
SHORTEST_PARAGRAPH = 40
# A division is no paragraph of the article when more than this share of what is around it are links, as on the card of
# another article; nor when its like hold less than this share of what most of the text is held by, as the lines at a
# page's foot do.
MOST_LINKED = 0.2
LEAST_OF_TEXT = 0.25
NUMBERS = re.compile(r"\d+")
BLOCKS = frozenset(
    {"div", "p", "table", "ul", "ol", "section", "article", "h1", "h2", "h3", "h4", "form", "nav", "main", "aside",
     "header", "footer", "figure"}
)  # fmt: skip
# trafilatura's time grows with the square of the elements: 20,000 take 2 s at worst, 250,000 two minutes.
MOST_ELEMENTS = 20_000
ELEMENTS = XPath("count(descendant-or-self::*)")

# Characters that XML forbids, raw or as references: libxml2 reads them, and its writing functions refuse them.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    "|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])(?![0-9])"
    "|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[efEF])(?![0-9a-fA-F]));?"
)
LONGEST_CAPTION_CHARACTERS = 500
LABEL_TAGS = ("h2", "h3", "h4", "h5", "p", "div", "span", "b", "strong")
MOST_LABELS = 20
LEAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:intro|lead|lede|perex|standfirst|excerpt|annotation|anons)(?:$|[\s_-])", re.IGNORECASE
)
LEAD_CHARACTERS = (40, 1500)
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
    """The article in a page. A page of 50 KB takes about 2 ms by a layout, 5 ms by the general cutter.

    Raises PageError: "layout-changed" or, for a source without layouts, "empty" when there is no text; "too-large"
    when only the general cutter could read it and it has too many elements; "cutter-failed"."""
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
        return document_fromstring(FORBIDDEN.sub(" ", html).encode(errors="replace"), parser=parser)
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
        text = paragraphs(outermost)
        if len(text) >= SHORTEST_CHARACTERS:
            return layout, text, f"layout:{number}"
    return None


def _generally(tree: _Element, url: str, declaration: Declaration) -> tuple[Layout | None, str, str]:
    """The text that trafilatura finds, or PageError."""
    from trafilatura import extract  # takes half a second to import, and many processes never cut a page

    state = "layout-changed" if declaration.layouts else "empty"
    if ELEMENTS(tree) > MOST_ELEMENTS:
        raise PageError(_("{url}: too many elements to cut").format(url=url), "too-large")
    _prepare(tree)
    try:
        _make_paragraphs(tree)
        found = extract(tree, fast=True, **TEXT_ALONE) or ""
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, LxmlError) as error:
        # Another's code on a hostile page: one page must not stop the others.
        raise PageError(_("{url}: the general cutter failed").format(url=url), "cutter-failed") from error
    text = "\n".join(kept((line, 0) for line in found.splitlines()))
    if len(text) < (SURELY_TEXT_CHARACTERS if declaration.layouts else SHORTEST_CHARACTERS):
        if declaration.layouts:
            message = _("{url}: no article text (has the layout of {slug} changed?)")
        else:
            message = _("{url}: no article text; declare a layout for {slug}")
        raise PageError(message.format(url=url, slug=declaration.slug), state)
    text = _with_lead(tree, text)
    return None, text, "trafilatura:layout-changed" if declaration.layouts else "trafilatura"


def _prepare(tree: _Element) -> None:
    """Change a page where trafilatura is known to go wrong on the pages we read."""
    for element in tree.iterfind(".//div[@class]"):
        # It drops what calls itself a caption, and the bodies of Vlast say js-img-caption.
        is_caption = "caption" in element.get("class", "").lower()
        if is_caption and len(text_of(element, LONGEST_CAPTION_CHARACTERS)) == LONGEST_CAPTION_CHARACTERS:
            del element.attrib["class"]
    # It takes headlines behind "Read also" for text, be they in the label's paragraph or in a list beside it.
    for paragraph in list(tree.iter("p", "li", "blockquote")):
        label = READ_ALSO.match(text_of(paragraph, LONGEST_CAPTION_CHARACTERS))
        if label and _is_links(paragraph, label.end()):
            paragraph.drop_tree()
    simple = (element for element in tree.iter(*LABEL_TAGS) if not len(element))
    labels = (element for element in simple if READ_ALSO.fullmatch(clean(element.text or "")))
    for element in list(islice(labels, MOST_LABELS)):
        while (beside := element.getnext()) is not None and _is_links(beside, 0):
            beside.drop_tree()
        block = element.getparent()
        whole = block is None or block.tag in {"html", "body", "article", "main"}
        if not whole and _is_links(block, len(element.text or "")):
            block.drop_tree()


def _make_paragraphs(tree: _Element) -> None:
    """On the page of a page builder, call those divisions paragraphs that are: they hold text and no further blocks,
    and most of the text stands in their like. Elsewhere the page stays as it is."""
    plain = [element for element in tree.iter("div") if not any(inner.tag in BLOCKS for inner in element)]
    enough = _characters(tree.iter("p")) / FEWEST_IN_PARAGRAPHS
    if enough >= _characters(plain):
        return
    alike: dict[tuple[str, str], list[_Element]] = {}
    for element in plain:
        around = element.getparent()
        alike.setdefault((around.tag, NUMBERS.sub("", around.get("class", ""))), []).append(element)
    held = {make: _prose(elements) for make, elements in alike.items()}
    if enough >= sum(held.values()):
        return
    for make, elements in alike.items():
        if held[make] >= LEAST_OF_TEXT * max(held.values()):
            for element in elements:
                element.tag = "p"


def _prose(elements: Sequence[_Element]) -> int:
    """Characters of text in divisions of one make; 0 when they are links to other articles, or all short."""
    around = {element.getparent() for element in elements}
    linked = _characters(link for element in around for link in element.iter("a"))
    if linked > MOST_LINKED * _characters(around) or all(len(text_of(one)) < SHORTEST_PARAGRAPH for one in elements):
        return 0
    return _characters(elements)


def _characters(elements: Iterable[_Element]) -> int:
    return sum(len(text_of(element)) for element in elements)


def _is_links(element: _Element, label_characters: int) -> bool:
    """Is all but the label of an element links?"""
    linked = sum(len(text_of(link)) for link in element.iter("a"))
    return linked > 0 and linked >= 0.8 * (len(text_of(element)) - label_characters)


def _with_lead(tree: _Element, text: str) -> str:
    """`text` with the lead that stands in a box of its own under the heading, which trafilatura leaves out."""
    heading = next(tree.iter("h1"), None)
    boxes = [] if heading is None else heading.xpath("following::*[@class and (self::div or self::p or self::h2)]")
    lead = next((text_of(box) for box in boxes if LEAD_CLASS.search(box.get("class"))), "")
    if not LEAD_CHARACTERS[0] <= len(lead) <= LEAD_CHARACTERS[1] or lead[:60] in text:
        return text
    return f"{lead}\n{text}"


# Title


def _title(tree: _Element, layout: Layout | None, metadata: Metadata, hint: Hint, outlet: tuple[str, ...]) -> str:
    """The layout's title, JSON-LD, og:title, the feed's, the heading, the page's own; "" rather than a guess."""
    declared = _declared_title(tree, layout) if layout and layout.title else ""
    named = (declared, *(_without_outlet(title, outlet) for title in metadata.titles), clean(hint.title or ""))
    page_title = _without_outlet(metadata.page_title or "", outlet, any_tail=True)
    return next((title for title in (*named, metadata.heading, page_title) if title), "")


def _declared_title(tree: _Element, layout: Layout) -> str:
    assert layout.title is not None
    return next((text_of(found, TITLE_CHARACTERS) for found in _selector(layout.title)(tree)), "")


def _outlet_names(url: str, declaration: Declaration, metadata: Metadata) -> tuple[str, ...]:
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        host = ""
    names = (metadata.site_name, declaration.name, host)
    return tuple(name.casefold() for name in names if name and len(name) > 2)


def _without_outlet(title: str, outlet: tuple[str, ...], any_tail: bool = False) -> str:
    """`title` without tails such as " - Outlet" or " | News on outlet.kz"; `any_tail`: or like any name."""
    for _tail in range(3):
        *_before, last = [None, *TITLE_TAIL.finditer(title)]
        if last is None:
            break
        head, tail = title[: last.start()], title[last.end() :]
        known = tail.casefold() in outlet or any("." in name and name in tail.casefold() for name in outlet)
        named = tail[:1].isupper() and tail[-1:].isalnum() and len(tail.split()) <= 3 <= len(head.split())
        if not known and not (any_tail and named):
            break
        title = head
    return title


# Time


def _publication(dates: Iterable[datetime | None], fetched_at: datetime) -> tuple[datetime | None, str | None]:
    """The first time beyond doubt, else the first doubtful one with its doubt.

    Where only the day is given, a later candidate of that day may add the hour."""
    judged = [bounded(when, fetched_at) for when in dates if when is not None]
    certain = [when for when, doubt in judged if when is not None and doubt is None]
    if not certain:
        return next(iter(judged), bounded(None, fetched_at))
    midnight = certain[0].astimezone(ALMATY)
    if midnight.time() != time():
        return certain[0], None
    same_day = (when for when in certain[1:] if timedelta() < when - midnight < timedelta(days=1))
    return next(same_day, certain[0]), None


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
