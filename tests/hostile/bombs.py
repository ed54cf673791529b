"""Answers that are larger, slower, deeper or stranger than anything that an outlet sends, each with the state that a
look at a feed (or sitemap) of this kind must end in."""

import functools
import gzip
import itertools
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import brotli
import zstandard

from tests.hostile.wicked import plain

MEGABYTE = 1_000_000
HUGE = 200 * MEGABYTE
SLOW_S = 0.05
ITEM = (
    b"<item><title>A court heard the case</title><link>http://%b/news/2026/11/20/%d-report</link>"
    b"<pubDate>%b</pubDate></item>"
)
HEAD = b'<?xml version="1.0" encoding="utf-8"?>'
TODAY = b"Fri, 20 Nov 2026 10:00:00 +0500"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n"
SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"

# What a host answers: told its own name and the path.
Bombs = Callable[[bytes], Iterable[bytes]]


@dataclass(frozen=True)
class Bomb:
    """states: any of which the look may end in; kind: what it is declared as; items: how many entries may come of it;
    most_sent: bytes after which the sender must have been cut off."""

    name: str
    states: frozenset[str]
    answer: Bombs
    kind: str = "feed"
    items: int = 0
    most_sent: int = 120 * MEGABYTE

    def prepare(self) -> None:
        """Make what is large now, and not while somebody waits for it."""
        if isinstance(self.answer, functools.partial):
            self.answer(b"")


def feed(host: bytes, items: int = 3, when: bytes = TODAY, head: bytes = b"", more: bytes = b"") -> bytes:
    """A feed in order, but for what is put into it."""
    inside = b"".join(ITEM % (host, number, when) for number in range(items))
    return HEAD + head + b'<rss version="2.0"><channel><title>News</title>' + more + inside + b"</channel></rss>"


def sitemap(host: bytes, body: bytes = b"", head: bytes = b"") -> bytes:
    """A sitemap with one address."""
    own = b"<url><loc>http://%b/news/2026/11/20/1-report</loc></url>" % host
    return HEAD + head + b'<urlset xmlns="%b">' % SITEMAPS.encode() + body + own + b"</urlset>"


def _gzip_bomb(size: int = HUGE) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * MEGABYTE) for _ in range(size // MEGABYTE)) + packer.flush()


def _deflate_bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(packer.compress(b" " * MEGABYTE) for _ in range(HUGE // MEGABYTE)) + packer.flush()


def _brotli_bomb() -> bytes:
    packer = brotli.Compressor(quality=1)
    return b"".join(packer.process(b" " * MEGABYTE) for _ in range(HUGE // MEGABYTE)) + packer.finish()


def _zstd_bomb() -> bytes:
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(packer.compress(b" " * MEGABYTE) for _ in range(HUGE // MEGABYTE)) + packer.flush()


def _packed(bomb: Callable[[], bytes], encoding: str) -> Bombs:
    return functools.partial(_sent, bomb, encoding)


def _sent(bomb: Callable[[], bytes], encoding: str, _host: bytes) -> list[bytes]:
    return [plain(_made(bomb), Content_Encoding=encoding)]


@functools.cache
def _made(bomb: Callable[[], bytes]) -> bytes:
    return bomb()


def _endless(start: bytes, piece: bytes) -> Bombs:
    return lambda _host: itertools.chain([start], itertools.repeat(piece))


def _slowly(data: Callable[[bytes], bytes]) -> Bombs:
    def drip(host: bytes) -> Iterator[bytes]:
        for place in itertools.count():
            yield data(host)[place : place + 1] or b" "
            time.sleep(SLOW_S)

    return drip


def _laughs(name: bytes) -> bytes:
    """Entities of entities, a billion words in all."""
    lines = [b'<!ENTITY a0 "ha ha ha ha ha ha ha ha ha ha">']
    lines += [b'<!ENTITY a%d "%b">' % (one, b"&a%d;" % (one - 1) * 10) for one in range(1, 10)]
    return b"<!DOCTYPE %b [%b]>" % (name, b"".join(lines))


def _quadratic(name: bytes) -> bytes:
    """One long entity, used very often."""
    return b'<!DOCTYPE %b [<!ENTITY a9 "%b">]>' % (name, b"a" * 100_000)


def _one(name: str, states: str, answer: Bombs, kind: str = "feed", items: int = 0, **more: int) -> Bomb:
    return Bomb(name, frozenset(states.split()), answer, kind, items, **more)


def _body(make: Callable[[bytes], bytes], **headers: str) -> Bombs:
    return lambda host: [plain(make(host), **headers)]


def _raw(data: bytes) -> Bombs:
    return lambda _host: [data]


def _loop(host: bytes) -> Iterator[bytes]:
    yield plain(b"", "302 Found", Location=f"http://{host.decode()}/{time.monotonic_ns()}" + "a" * 500)


XML_STATES = "ok broken-xml not-xml no-items no-dates"
BOMBS = (
    # Packed.
    _one("gzip", "too-large", _packed(_gzip_bomb, "gzip")),
    _one("deflate", "too-large", _packed(_deflate_bomb, "deflate")),
    _one("brotli", "too-large", _packed(_brotli_bomb, "br")),
    _one("zstd", "too-large", _packed(_zstd_bomb, "zstd")),
    _one("gzip-twice", "too-large not-xml", _packed(lambda: gzip.compress(_gzip_bomb()), "gzip, gzip")),
    _one("gzip-many-times", "tiny", _packed(lambda: _many_times(gzip.compress(b"<rss/>")), ", ".join(["gzip"] * 100))),
    _one("sitemap-gzip", "not-xml", _packed(_gzip_bomb, "identity"), "sitemap"),
    _one("sitemap-gzip-in-gzip", "not-xml", _packed(lambda: gzip.compress(_gzip_bomb()), "identity"), "sitemap"),
    # XML.
    _one(
        "entities",
        XML_STATES,
        _body(lambda host: feed(host, head=_laughs(b"rss"), more=b"<description>&a9;</description>")),
        items=3,
    ),
    _one(
        "entities-quadratic",
        XML_STATES,
        _body(
            lambda host: feed(
                host, head=_quadratic(b"rss"), more=b"<description>" + b"&a9;" * 50_000 + b"</description>"
            )
        ),
        items=3,
    ),
    _one(
        "sitemap-entities",
        XML_STATES,
        _body(lambda host: sitemap(host, b"<url><loc>&a9;</loc></url>", _laughs(b"urlset"))),
        "sitemap",
        1,
    ),
    _one(
        "sitemap-quadratic",
        XML_STATES,
        _body(lambda host: sitemap(host, b"<url><loc>" + b"&a9;" * 50_000 + b"</loc></url>", _quadratic(b"urlset"))),
        "sitemap",
        1,
    ),
    _one("deep", XML_STATES, _body(lambda host: feed(host, more=b"<a>" * 100_000)), items=3),
    _one("deep-closed", XML_STATES, _body(lambda host: feed(host, more=b"<a>" * 100_000 + b"</a>" * 100_000)), items=3),
    _one("sitemap-deep", XML_STATES, _body(lambda host: sitemap(host, b"<url>" * 100_000)), "sitemap", 1),
    _one(
        "attributes",
        XML_STATES,
        _body(lambda host: feed(host, more=b"<a" + b"".join(b" a%d='1'" % one for one in range(300_000)) + b"/>")),
        items=3,
    ),
    _one(
        "cdata",
        XML_STATES,
        _body(
            lambda host: feed(host, more=b"<description><![CDATA[" + b"]]]]><![CDATA[>" * 50_000 + b"]]></description>")
        ),
        items=3,
    ),
    _one("entries", "ok", _body(lambda host: feed(host, items=20_000)), items=2000),
    _one(
        "sitemap-entries",
        "ok",
        _body(
            lambda host: sitemap(
                host,
                b"".join(
                    b"<url><loc>http://%b/news/2026/11/20/%d-report</loc></url>" % (host, one) for one in range(100_000)
                ),
            )
        ),
        "sitemap",
        2000,
    ),
    _one("future", "ok no-dates", _body(lambda host: feed(host, when=b"Fri, 20 Nov 99999 10:00:00 +0500")), items=3),
    _one("negative", "ok no-dates", _body(lambda host: feed(host, when=b"-0001-11-30T00:00:00Z")), items=3),
    _one("number-of-a-date", "ok no-dates", _body(lambda host: feed(host, when=b"9" * 5000)), items=3),
    _one("long-titles", "ok", _body(lambda host: feed(host).replace(b"A court", b"A court " * 150_000)), items=3),
    # What says it is something else.
    _one("html", "html-for-xml", _body(lambda _host: b"<!doctype html><html><body>" + b"<p>Wait</p>" * 1000)),
    _one("nul", XML_STATES, _body(lambda host: feed(host).replace(b"court", b"co\0urt")), items=3),
    _one("nothing-but-nul", "not-xml tiny empty", _body(lambda _host: b"\0" * MEGABYTE)),
    _one("utf-7", XML_STATES, _body(lambda host: feed(host), Content_Type="application/xml; charset=utf-7"), items=3),
    _one("utf-16-without-mark", XML_STATES, _body(lambda host: feed(host).decode().encode("utf-16-le")), items=3),
    _one("utf-32", XML_STATES, _body(lambda host: feed(host).decode().encode("utf-32")), items=3),
    _one(
        "charset-of-no-letters",
        XML_STATES,
        _body(lambda host: feed(host), Content_Type="text/xml; charset=idna"),
        items=3,
    ),
    _one(
        "charset-mixed",
        XML_STATES,
        _body(lambda host: feed(host).replace(b"court", "суд".encode() + "суд".encode("cp1251"))),
        items=3,
    ),
    # Without an end.
    _one("endless", "too-large", _endless(OPEN, b"<!-- " + b"x" * 65_536 + b" -->")),
    _one("endless-chunks", "too-large", _endless(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n")),
    _one("endless-tiny-chunks", "too-large timeout", _endless(CHUNKED, b"1\r\nx\r\n" * 1000)),
    _one("endless-chunk-extension", "connection cut-short", _endless(CHUNKED + b"1;a=", b"x" * 65_536)),
    _one("endless-trailers", "connection cut-short timeout", _endless(CHUNKED + b"0\r\n", b"A: b\r\n" * 10_000)),
    _one("header-of-100-mb", "connection", _endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 65_536)),
    _one(
        "headers-of-100-mb",
        "too-large",
        _endless(b"HTTP/1.1 200 OK\r\n", b"X-Aaaaaaaaaaaaaaaaaaaaaa: b\r\n" * 2000),
        most_sent=20 * MEGABYTE,
    ),
    _one(
        "folded-header-of-100-mb",
        "too-large",
        _endless(b"HTTP/1.1 200 OK\r\nX-A: b\r\n", b" xxxxxxxxxxxxxxxxxxxxxx\r\n" * 2000),
        most_sent=20 * MEGABYTE,
    ),
    _one(
        "continue-for-ever",
        "too-large",
        _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
        most_sent=20 * MEGABYTE,
    ),
    _one("status-of-100-mb", "connection", _endless(b"HTTP/1.1 200 ", b"x" * 65_536)),
    _one("a-byte-at-a-time", "timeout", _slowly(lambda host: plain(feed(host)))),
    _one("redirects", "redirect-loop", _loop),
    _one(
        "location-of-a-megabyte",
        "connection bad-address foreign-host",
        lambda host: [plain(b"", "302 Found", Location=f"http://{host.decode()}/" + "a" * MEGABYTE)],
    ),
    # No HTTP.
    _one("no-http", "connection", _raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")),
    _one("nothing", "connection", _raw(b"")),
    _one("http-09", "connection", _raw(b"<rss><channel></channel></rss>")),
    _one("status-that-is-none", "connection error", _raw(b"HTTP/1.1 two hundred\r\n\r\n")),
    _one("status-999", "999 server-error", lambda host: [plain(feed(host), "999 Request denied")]),
    _one("length-negative", "connection error", lambda host: [plain(feed(host), Content_Length="-1")]),
    _one("length-of-letters", "connection error", lambda host: [plain(feed(host), Content_Length="0x10")]),
    _one("length-too-long", "cut-short connection", lambda host: [plain(feed(host), Content_Length="99999")]),
    _one("length-too-short", XML_STATES + " tiny", lambda host: [plain(feed(host), Content_Length="150")]),
    _one(
        "two-lengths",
        "connection error ok",
        lambda host: [plain(feed(host), Content_Length="5\r\nContent-Length: 500")],
        items=3,
    ),
    _one("chunk-negative", "connection cut-short", _raw(CHUNKED + b"-5\r\nabc\r\n")),
    # Headers that are kept: none may hold what a database refuses.
    _one(
        "nul-in-headers",
        "ok connection",
        lambda host: [plain(feed(host), ETag='"a\0b"', Last_Modified="a\0b", X_A="\0")],
        items=3,
    ),
    _one("etag-of-16-kb", "ok", lambda host: [plain(feed(host), ETag='"' + "a" * 16_000 + '"')], items=3),
    _one(
        "bytes-in-headers", "ok", lambda host: [plain(feed(host), X_A="\xff\xfe\xed\xa0\x80", ETag='"\xd0"')], items=3
    ),
    _one("retry-after-for-ever", "rate-limited", lambda _host: [plain(b"", "429 Too Many", Retry_After="9" * 4000)]),
    _one("retry-after-before-time", "rate-limited", lambda _host: [plain(b"", "429 Too Many", Retry_After="-1")]),
)


def _many_times(packed: bytes) -> bytes:
    for _layer in range(99):
        packed = gzip.compress(packed, mtime=0)
    return packed
