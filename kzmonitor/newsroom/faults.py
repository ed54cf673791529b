"""What can go wrong with an outlet's answers, as data, and what each fault makes of a good answer."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

PIECE_BYTES = 65_536
FILLER = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt. "
_DATE_ELEMENTS = re.compile(rb"<(pubDate|lastBuildDate|published|updated|lastmod)>[^<]*</\1>")
_DATE_PLACES = (
    re.compile(rb'("date(?:Published|Modified)": "|"publishedAt":"|datetime="|_time" content=")[^"]*'),
    re.compile(rb'(<(?:time|div class="date")[^>]*>|<div class="[^"]*t-when"[^>]*><span>)[^<]*'),
)


@dataclass(frozen=True)
class Fault:
    """How the answers of a path differ from good ones. Fields combine; what is not set stays as it was.

    status: the answer's code instead of 200; with an error code, the body becomes a short page.
    retry_after: the header, seconds or an HTTP date.
    body, content_type: what is sent instead.
    redirect: any address (other host, other port, file:), sent with 302 unless `status` says otherwise.
    loop: redirects to itself for ever.
    dates: stands in place of each machine-readable and printed date; an empty text removes them.
    cut_at: share of the body after which it ends, as if it were complete.
    charset: what Content-Type says, while the bytes stay UTF-8.
    grow_to: bytes that the body is made up to, generated while it is sent.
    announced: a grown body states its length at the start.
    bomb: bytes to which a small gzip body unpacks.
    hang: never answers until the newsroom stops.
    drip_s: seconds between pieces of `drip_bytes`.
    reset_at: share of the body after which the connection is reset; 0 is before the first byte of the answer.
    times: the answers it spoils before it is over; None is all of them."""

    status: int | None = None
    retry_after: str | int | None = None
    body: bytes | None = None
    content_type: str | None = None
    redirect: str | None = None
    loop: bool = False
    dates: str | None = None
    cut_at: float | None = None
    charset: str | None = None
    grow_to: int = 0
    announced: bool = False
    bomb: int = 0
    hang: bool = False
    drip_s: float = 0.0
    drip_bytes: int = 64
    reset_at: float | None = None
    times: int | None = None


EMPTY = Fault(body=b"")
TINY = Fault(body=b"<rss></rss>")
HTML_FOR_XML = Fault(
    body=b"<!doctype html><html><head><title>Just a moment</title></head><body><p>Loading</p></body></html>",
    content_type="text/html; charset=utf-8",
)
BROKEN_XML = Fault(cut_at=0.5)
UNDATED = Fault(dates="")
BAD_DATES = Fault(dates="31 February 20225, 99:99")
FUTURE_DATES = Fault(dates="2099-01-01T00:00:00+00:00")
HANG = Fault(hang=True)
HUGE = Fault(grow_to=50_000_000)
GZIP_BOMB = Fault(bomb=200_000_000)
REDIRECT_LOOP = Fault(loop=True)
RESET = Fault(reset_at=0.0)
WRONG_CHARSET = Fault(charset="windows-1251")


@dataclass(frozen=True)
class Answer:
    """What is sent for one request. With a `stream`, its pieces follow the body.

    length: the stated Content-Length; None with a stream is chunked."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    stream: Iterator[bytes] | None = None
    length: int | None = None
    fault: Fault = field(default_factory=Fault)


def html(status: int, text: str) -> Answer:
    """A short page that says `text`, which holds no markup."""
    page = f"<!doctype html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
    return Answer(status, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


def spoil(answer: Answer, fault: Fault, target: str) -> Answer:
    """A good `answer` to a request for `target`, after `fault`."""
    answer = replace(with_other_status(answer, fault, target), fault=fault)
    body, headers = answer.body, dict(answer.headers)
    if fault.body is not None:
        body = fault.body
    if fault.dates is not None:
        body = redated(body, fault.dates)
    if fault.cut_at is not None:
        body = body[: int(len(body) * fault.cut_at)]
    if fault.content_type is not None:
        headers["Content-Type"] = fault.content_type
    if fault.charset is not None:
        headers["Content-Type"] = headers["Content-Type"].split(";")[0] + f"; charset={fault.charset}"
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    answer = replace(answer, body=body, headers=headers)
    if fault.grow_to:
        return grown(answer, fault.grow_to, announced=fault.announced)
    return bomb(answer, fault.bomb) if fault.bomb else answer


def with_other_status(answer: Answer, fault: Fault, target: str) -> Answer:
    """The answer as a redirect or an error, where the fault asks for one."""
    if fault.redirect is not None or fault.loop:
        status = fault.status or 302
        return replace(html(status, "Moved"), headers={"Location": fault.redirect or next_hop(target)})
    if fault.status is not None and fault.status >= 400:
        return html(fault.status, f"Error {fault.status}")
    return replace(answer, status=fault.status or answer.status)


def next_hop(target: str) -> str:
    """The same path with a counter one higher, so that every hop of the loop is a new address."""
    path, _, query = target.partition("?")
    hop = re.fullmatch(r"hop=(\d{1,6})", query)
    return f"{path}?hop={int(hop[1]) + 1 if hop else 1}"


def redated(body: bytes, text: str) -> bytes:
    """A feed, sitemap or page with `text` for every date; the elements of a feed go if it is empty."""
    new = text.encode()
    body = _DATE_ELEMENTS.sub(lambda one: b"<%b>%b</%b>" % (one[1], new, one[1]) if new else b"", body)
    for place in _DATE_PLACES:
        body = place.sub(lambda one: one[1] + new, body)
    return body


def grown(answer: Answer, size: int, *, announced: bool) -> Answer:
    """The answer with filler after its beginning: comment lines for text, paragraphs for a page."""
    plain = answer.headers.get("Content-Type", "").startswith("text/plain")
    line = (f"# {FILLER}\n" if plain else f"<p>{FILLER}</p>\n").encode()
    piece = line * (PIECE_BYTES // len(line))

    body = answer.body.replace(b"</body>", b"").replace(b"</html>", b"")
    size = max(size, len(body))

    def filler() -> Iterator[bytes]:
        for start in range(len(body), size, len(piece)):
            yield piece[: size - start]

    return replace(answer, body=body, stream=filler(), length=size if announced else None)


def bomb(answer: Answer, size: int) -> Answer:
    """A page in gzip whose body unpacks to `size` bytes of blanks, packed while it is sent."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * 1_000_000

    def pieces() -> Iterator[bytes]:
        yield packer.compress(answer.body)
        for start in range(0, size, len(blanks)):
            yield packer.compress(blanks[: size - start])
        yield packer.flush()

    return replace(answer, body=b"", stream=pieces(), headers={**answer.headers, "Content-Encoding": "gzip"})
