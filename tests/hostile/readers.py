"""Everything that reads bytes from outside, each as a function of one document that checks what came out.

What may happen: a result that PostgreSQL can hold, or an error that names what is wrong (KzmonitorError)."""

import itertools
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from scrapy.http import HtmlResponse

from kzmonitor.classify import persist
from kzmonitor.collect import records
from kzmonitor.collect.canonical import article_key, canonical_url
from kzmonitor.collect.cut import Hint, cut
from kzmonitor.collect.dates import bounded
from kzmonitor.collect.decode import MOST_BYTES, decode_body, html_text
from kzmonitor.collect.feeds import Seen, parse_feed, parse_sitemap
from kzmonitor.collect.import_texts import read_csv, read_jsonl
from kzmonitor.collect.import_warc import read_warc
from kzmonitor.collect.importing import Brought, Skipped
from kzmonitor.collect.listings import parse_listing
from kzmonitor.errors import InputError, KzmonitorError
from kzmonitor.language.detect import detect
from kzmonitor.language.searching import search_vector
from kzmonitor.sources import robots
from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.declaration import Declaration, Layout
from spiders.reading import html_of

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
URL = "https://dala.kz/news/2026/11/20/12345-report.html"
AGENT = "kzmonitor/0 (+https://example.org)"
# A number that an article bears in the database, and a moment, have ends.
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), NOW + timedelta(hours=1)
CONTENT_TYPES = (
    "text/html; charset=utf-8", "text/html", "text/html; charset=windows-1251", "text/html; charset=utf-7", "",
    "application/xml", "application/rss+xml; charset=utf-16", "text/xml; charset=\"", "text/html; charset=idna",
)  # fmt: skip
ENCODINGS = ("gzip", "deflate", "br", "zstd", "gzip, gzip", "gzip, br", "x-gzip", "identity", "snappy", "")
MOST_RECORDS = 300


@cache
def declarations() -> tuple[Declaration, ...]:
    """A source without layouts, one with layouts and numbers, both of the host of URL."""
    plain: dict[str, Any] = {
        "slug": "dala", "name": "Дала", "tier": 2, "languages": ("ru", "kk", "en"),
        "hosts": ("dala.kz", "127.0.0.1"), "feeds": ("https://dala.kz/feed/",),
    }  # fmt: skip
    layouts = (Layout(body="article", time="time", title="h1"), Layout(body=".text, .wsw, main"), Layout(body="body"))
    return Declaration(**plain), Declaration(**plain, layouts=layouts)


def storable(*texts: str | None) -> None:
    """Fails for a text that PostgreSQL refuses: NUL, or half of a surrogate pair."""
    for text in texts:
        if text is not None:
            assert "\0" not in text, f"NUL in {text[:80]!r}"
            text.encode()


def moment(when: datetime | None) -> None:
    """Fails for a time that entries or revisions may not bear."""
    kept, doubt = bounded(when, NOW)
    assert kept is None or (kept.utcoffset() == timedelta() and EARLIEST <= kept <= LATEST), (kept, doubt)


def _seen(seen: Seen, declaration: Declaration) -> None:
    """What `entries.record_poll` makes of a look."""
    storable(seen.state)
    assert len(seen.items) <= 2000
    for item in seen.items:
        moment(item.published_at)
        storable(item.title)
        try:
            address, own = canonical_url(item.url, declaration), host_of(item.url) in declaration.known_hosts
        except (InputError, ValueError):
            continue
        if own:
            storable(item.url, address, article_key(item.url, declaration))
    for child in seen.children:
        storable(child)


def feed(rng: random.Random, data: bytes) -> None:
    """A feed, as a look reads it."""
    _seen(parse_feed(data, rng.choice(CONTENT_TYPES), "https://dala.kz/feed/"), declarations()[0])


def sitemap(rng: random.Random, data: bytes) -> None:
    """A sitemap, packed or not."""
    _seen(parse_sitemap(data, since=rng.choice((None, NOW.date()))), declarations()[0])


def listing(rng: random.Random, data: bytes) -> None:
    """A listing, from the bytes that Scrapy hands over."""
    headers = {"Content-Type": rng.choice(CONTENT_TYPES)}
    response = HtmlResponse("https://dala.kz/", body=data, headers=headers)
    _seen(parse_listing(html_of(response), response.url, declarations()[0]), declarations()[0])


def page(rng: random.Random, data: bytes) -> None:
    """An article's page, from the stored bytes to what a revision holds."""
    _page(rng, data, {"content-type": rng.choice(CONTENT_TYPES)})


def packed(rng: random.Random, data: bytes) -> None:
    """A page in a content encoding, right or wrong."""
    _page(rng, data, {"Content-Type": "text/html", "Content-Encoding": rng.choice(ENCODINGS)})


def _page(rng: random.Random, data: bytes, headers: dict[str, str]) -> None:
    body = decode_body(data, headers)
    assert len(body) <= MOST_BYTES
    text = html_text(body, headers)
    storable(text)
    found = cut(text, URL, NOW, rng.choice(declarations()), Hint(rng.choice((None, "Суд")), None))
    storable(found.title, found.text, found.author, found.date_doubt, found.canonical_url)
    moment(found.published_at)
    assert found.text.strip()
    assert len(found.title) <= 4000
    storable(search_vector(found.title, found.text, detect(f"{found.title}\n{found.text}").code))


def robots_txt(rng: random.Random, data: bytes) -> None:
    """A robots.txt: it allows, forbids, or is no consent."""
    said = robots.judge(200, rng.choice(("text/plain", "text/html", "")), data)
    if said.text is not None:
        storable(said.text.replace("\0", ""))
    for url in (URL, "https://dala.kz/", f"https://dala.kz/{'a' * 1500}?q=1"):
        assert said.allows(url, AGENT) in (True, False)
    delay = said.crawl_delay_s(AGENT)
    assert delay is None or isinstance(delay, float)


def jsonl(_rng: random.Random, data: bytes) -> None:
    """A file of records, one JSON object a line."""
    with _file(data, "records.jsonl") as path:
        _records(read_jsonl(path))


def table(_rng: random.Random, data: bytes) -> None:
    """A CSV file with a header."""
    with _file(data, "records.csv") as path:
        _records(read_csv(path, {}))


def warc(rng: random.Random, data: bytes) -> None:
    """A web archive, packed or not."""
    with _file(data, rng.choice(("a.warc", "a.warc.gz"))) as path:
        _records(read_warc(path))


def model(_rng: random.Random, data: bytes) -> None:
    """A model file. One that loads says something about a text that can be kept."""
    classifier = persist.load(data)
    storable(classifier.version)
    for said in classifier.predict([("Суд", "Журналиста задержали в Алматы.")]):
        assert 0 <= said.relevance <= 1
        storable(*said.labels)


def _records(found: Iterator[Brought | Skipped]) -> None:
    for record in itertools.islice(found, MOST_RECORDS):
        if isinstance(record, Skipped):
            storable(record.state)
            continue
        storable(record.url, record.title, record.source)
        for name, values in record.headers.items():
            storable(name, *values)
        assert len(record.body) <= MOST_BYTES
        if record.url is None and record.text:
            try:
                found_text = records.cut_record(record.body, URL, NOW, declarations()[0], Hint(None, None))
            except KzmonitorError:
                continue
            storable(found_text.title, found_text.text, found_text.author)
            moment(found_text.published_at)


class _file:  # noqa: N801 - read as a verb, like `open`
    """A document as a file of this name, for as long as the block."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name

    def __enter__(self) -> Path:
        self.folder = tempfile.TemporaryDirectory(prefix="hostile-")
        path = Path(self.folder.name) / self.name
        path.write_bytes(self.data)
        return path

    def __exit__(self, *_error: object) -> None:
        self.folder.cleanup()


READERS: dict[str, Callable[[random.Random, bytes], None]] = {
    "feed": feed,
    "sitemap": sitemap,
    "listing": listing,
    "page": page,
    "robots": robots_txt,
    "jsonl": jsonl,
    "csv": table,
    "warc": warc,
    "model": model,
    "packed": packed,
}
