"""The addresses of an outlet: which answer each path gets, before and after conditional GET and gzip."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import SplitResult, parse_qs, urlsplit

from . import feeds, pages
from .faults import Answer, html, spoil
from .outlets import Outlet
from .words import words_for

GZ_CHILD = "/sitemap_9_latest.xml.gz"
HTML = "text/html; charset=utf-8"
SMALLEST_GZIP_BYTES = 500


class Site:
    """The answers of one outlet, kept until the outlet changes."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self._version = -1
        self._ready: dict[str, Answer] = {}
        self._packed: dict[str, bytes] = {}

    def answer(self, target: str, headers: Mapping[str, str]) -> Answer:
        """What a GET for `target` (path and query, or a whole address) gets. `headers`: names in Title-Case."""
        with self.outlet.lock:
            try:
                url = urlsplit(target)
            except ValueError:
                return html(400, "Bad request")
            fault = self.outlet.fault_for(url.path + (f"?{url.query}" if url.query else ""))
            answer = self._good(url)
            if fault is not None:
                answer = spoil(answer, fault, target)
            if answer.status != 200 or answer.stream is not None:
                return answer
            return self._finished(answer, headers)

    def _good(self, url: SplitResult) -> Answer:
        """The answer of an outlet that is well; made once for each version of it."""
        if self._version != self.outlet.version:
            self._version = self.outlet.version
            self._ready.clear()
            self._packed.clear()
        key = route_key(url)
        if key in self._ready:
            return self._ready[key]
        answer = respond(self.outlet, url)
        if answer.status == 200:
            self._ready[key] = answer
        return answer

    def _finished(self, answer: Answer, headers: Mapping[str, str]) -> Answer:
        """With validators; 304 if the caller has it already; in gzip if the caller takes it."""
        tag = hashlib.sha256(answer.body).hexdigest()[:20]
        modified = self.outlet.changed
        extra = {"ETag": f'"{tag}"', "Last-Modified": format_datetime(modified, usegmt=True)}
        if unchanged(extra["ETag"], extra["Last-Modified"], headers):
            return Answer(304, extra, fault=answer.fault)
        answer = replace(answer, headers={**answer.headers, **extra, "Vary": "Accept-Encoding"})
        takes_gzip = "gzip" in headers.get("Accept-Encoding", "")
        if not takes_gzip or len(answer.body) < SMALLEST_GZIP_BYTES or "gzip" in answer.headers["Content-Type"]:
            return answer
        if tag not in self._packed:
            self._packed[tag] = gzip.compress(answer.body, 5, mtime=0)
        packed = {**answer.headers, "ETag": f'W/"{tag}"', "Content-Encoding": "gzip"}
        return replace(answer, headers=packed, body=self._packed[tag])


def route_key(url: SplitResult) -> str:
    """Addresses with one key get one answer: of the query only paging counts."""
    page = parse_qs(url.query).get("p", [""])[-1]
    return f"{url.path}?p={page}" if page else url.path


def unchanged(etag: str, modified: str, headers: Mapping[str, str]) -> bool:
    """Whether a conditional request has the current version (RFC 9110: If-None-Match outranks the time)."""
    if "If-None-Match" in headers:
        known = re.findall(r'"[^"]*"', headers["If-None-Match"])
        return etag in known or headers["If-None-Match"].strip() == "*"
    try:
        since = parsedate_to_datetime(headers.get("If-Modified-Since", ""))
        return parsedate_to_datetime(modified) <= since
    except (ValueError, TypeError):
        return False


def respond(outlet: Outlet, url: SplitResult) -> Answer:
    """The answer to one address, rendered afresh."""
    path = url.path
    if path == "/robots.txt":
        return Answer(200, {"Content-Type": "text/plain; charset=utf-8"}, outlet.robots.encode())
    if path in ("/feed/", "/feed", *outlet.layout.feeds):
        return document(feeds.rss(outlet), "application/rss+xml; charset=utf-8")
    if path == "/atom.xml":
        return document(feeds.atom(outlet), "application/atom+xml; charset=utf-8")
    if path == "/sitemap.xml" or (path == GZ_CHILD and outlet.layout.gz_sitemap):
        return sitemap(outlet, path)
    return article(outlet, path) or listing(outlet, url) or missing(outlet)


def document(text: str, content_type: str) -> Answer:
    """A text as the body of a good answer. HTML comes with a cookie, as outlets send them."""
    headers = {"Content-Type": content_type}
    if content_type == HTML:
        headers["Set-Cookie"] = "visit=1; Path=/"
    return Answer(200, headers, text.encode())


def sitemap(outlet: Outlet, path: str) -> Answer:
    """The sitemap; sites of the Pangea kind have an index over a packed one."""
    if path == GZ_CHILD:
        packed = gzip.compress(feeds.sitemap(outlet).encode(), 5, mtime=0)
        return Answer(200, {"Content-Type": "application/gzip"}, packed)
    if outlet.layout.gz_sitemap:
        return document(feeds.sitemap_index(outlet, GZ_CHILD), "application/xml; charset=utf-8")
    return document(feeds.sitemap(outlet), "application/xml; charset=utf-8")


def article(outlet: Outlet, path: str) -> Answer | None:
    """The article's page, or why it isn't shown; None where no article ever was."""
    found, status, amp = outlet.find(path)
    if found is None:
        return missing(outlet, status) if status != 404 else None
    if status != 200:
        return html(status, f"Error {status}")
    return document(pages.article_page(outlet, found, amp=amp), HTML)


def listing(outlet: Outlet, url: SplitResult) -> Answer | None:
    """A page of the archive, or None where the outlet has none."""
    if url.path == "/":
        if outlet.layout.name == "wordpress" and (link := short_link(outlet, url.query)) is not None:
            return link
        return document(pages.listing_page(outlet), HTML)
    match = re.fullmatch(outlet.layout.listing, url.path)
    if match is None:
        return None
    groups = match.groupdict()
    section, day, page = groups.get("section"), groups.get("day"), int(groups.get("page") or 1)
    if section is not None and not outlet.articles(section):
        return None
    if "?p=" in outlet.layout.pages:
        # Crawlers count such pages from 0 or from 1; behind the last one it is empty, no error.
        asked = re.fullmatch(r"\d{1,6}", parse_qs(url.query).get("p", ["1"])[-1])
        page = max(1, int(asked[0])) if asked else 1
    elif not 1 <= page <= pages.page_count(outlet, section, day):
        return None
    return document(pages.listing_page(outlet, page, section, day), HTML)


def short_link(outlet: Outlet, query: str) -> Answer | None:
    """WordPress's own `/?p=NUMBER`, which redirects to the article."""
    number = parse_qs(query).get("p", [""])[-1]
    for found in outlet.articles():
        if str(found.number) == number:
            moved = html(301, "Moved")
            return replace(moved, headers={**moved.headers, "Location": outlet.base_url + found.address})
    return None


def missing(outlet: Outlet, status: int = 404) -> Answer:
    """The page for what isn't there, in the outlet's first language."""
    return html(status, words_for((outlet.languages or ["en"])[0]).missing)
