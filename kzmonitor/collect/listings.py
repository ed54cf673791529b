"""Listing pages: which links on them lead to articles."""

import re
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from kzmonitor.collect.canonical import MAX_CHARACTERS, canonical_url
from kzmonitor.collect.feeds import Item, Seen
from kzmonitor.collect.metadata import clean
from kzmonitor.errors import InputError
from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.declaration import Declaration

MAX_LINKS = 500
NUMBER = re.compile(r"\d{4}")
SLUG = "wwww"  # four words with hyphens between them


def parse_listing(page: str, url: str, declaration: Declaration) -> Seen:
    """The article links of a listing page in order of appearance, each once; never raises.

    States: ok, no-items (has the layout changed?), empty."""
    if not page.strip():
        return Seen("empty")
    try:
        tree = html.document_fromstring(page)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return Seen("not-html")
    found: dict[str, Item] = {}
    for link in tree.iter("a"):
        address = _address(link.get("href"), url)
        if address is None or not is_article(address, declaration):
            continue
        try:
            key = canonical_url(address, declaration)
        except InputError:
            continue
        title = clean(str(link.text_content()))[:1000]
        if key not in found or (title and not found[key].title):
            found[key] = Item(address, title or None)
        if len(found) >= MAX_LINKS:
            break
    return Seen("ok" if found else "no-items", list(found.values()))


def is_article(address: str, declaration: Declaration) -> bool:
    """Whether an address of a source looks like that of an article."""
    try:
        host = host_of(address)
    except ValueError:
        return False
    if host not in declaration.known_hosts:
        return False
    if len(address) > MAX_CHARACTERS:
        return False
    if declaration.url_id is not None:
        return declaration.url_id.search(address) is not None
    return _is_like_an_article(urlsplit(address).path)


def _is_like_an_article(path: str) -> bool:
    """Without a declared form of address: a path that ends in a long slug or a number looks like an article."""
    last = path.removesuffix("/").rpartition("/")[2]
    runs = "".join("w" if word else "-" for word in last.split("-"))
    return SLUG in runs or NUMBER.search(last) is not None


def _address(href: str | None, base: str) -> str | None:
    if not href or href.startswith(("#", "mailto:", "tel:", "javascript:")):
        return None
    try:
        address = urljoin(base, href.strip())
        scheme = urlsplit(address).scheme
    except ValueError:
        return None
    return address if scheme in ("http", "https") else None
