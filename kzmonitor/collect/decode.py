"""From bytes as received to text: content encodings undone within a size limit, charsets told despite their labels."""

import hashlib
import io
import re
import zlib
from collections.abc import Callable, Mapping

import zstandard
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from kzmonitor.errors import PageError
from kzmonitor.i18n import _

try:
    import brotli  # type: ignore[import-untyped]
except ImportError:  # "br" is then an unknown encoding, and the crawler doesn't ask for it
    brotli = None

MOST_BYTES = 10_000_000
MOST_ENCODINGS = 2
MOST_MEMBERS = 100  # of one gzip or zstd body: each costs a copy of the rest
# The window that RFC 9659 allows zstd over HTTP.
ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
# Charsets that decode bytes to letters; Python also knows "charsets" such as hex and idna.
LETTER_CHARSETS = re.compile(r"cp\d|iso8859|koi8|kz1048|ptcp154|mac-|gb|big5|euc_|shift_jis|tis-")
ASCII = bytes(range(0x80))
WESTERN = frozenset({"cp1252", "iso8859-1", "iso8859-15", "ascii"})


def unpacked(packed: bytes | None, sha256: bytes, url: str) -> bytes:
    """The bytes as received, of what is stored of them. Raises PageError when they were erased ("erased") or are not
    what was stored ("tampered"); `url` is for the message."""
    if packed is None:
        raise PageError(_("{url}: its capture was erased").format(url=url), state="erased")
    tampered = PageError(_("{url}: its capture does not match its hash").format(url=url), state="tampered")
    try:
        received = zstandard.decompress(packed, max_output_size=2**31)
    except zstandard.ZstdError as error:
        raise tampered from error
    if hashlib.sha256(received).digest() != sha256:
        raise tampered
    return received


def decode_body(body: bytes, headers: Mapping[str, str], max_bytes: int = MOST_BYTES) -> bytes:
    """The body with its Content-Encoding undone (gzip, deflate, br, zstd, or two of them).

    Raises PageError: "too-large" above `max_bytes` at any step, "bad-encoding" for broken or unknown encodings."""
    named = [part.strip().lower() for part in _header(headers, "content-encoding").split(",")]
    encodings = [name for name in named if name not in ("", "identity")]
    if len(encodings) > MOST_ENCODINGS:
        raise PageError(_("the body is packed {count} times over").format(count=len(encodings)), "bad-encoding")
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    for encoding in reversed(encodings):
        decode = DECODERS.get(encoding)
        if decode is None:
            raise PageError(_('unknown content encoding "{name}"').format(name=encoding[:40]), "bad-encoding")
        if body:
            body = _decoded(decode, encoding, body, max_bytes)
    return body


def html_text(body: bytes, headers: Mapping[str, str]) -> str:
    """A decoded body as text, without NUL characters; bytes that are no letters become U+FFFD. Never raises.

    The charset: a byte order mark, else UTF-8 where the bytes are that whatever the labels say, else the one that the
    header or the page names, else windows-1251 where the bytes look Cyrillic, else windows-1252."""
    charset = _charset(body, _header(headers, "content-type"))
    return body.decode(charset, "replace").removeprefix("\ufeff").replace("\0", "")


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _too_large(max_bytes: int) -> PageError:
    return PageError(_("the body is over {megabytes:g} MB").format(megabytes=max_bytes / 1e6), "too-large")


def _decoded(decode: Callable[[bytes, int], bytes], encoding: str, body: bytes, max_bytes: int) -> bytes:
    try:
        decoded = decode(body, max_bytes + 1)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        message = _("the body is not whole {encoding}").format(encoding=encoding)
        raise PageError(message, "bad-encoding") from error
    if len(decoded) > max_bytes:
        raise _too_large(max_bytes)
    return decoded


# Each decoder gives at most `limit` bytes, and raises EOFError where the data end before they should.


def _gunzip(body: bytes, limit: int) -> bytes:
    whole = bytearray()
    for _member in range(MOST_MEMBERS):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        whole += member.decompress(body, limit - len(whole))
        if len(whole) >= limit:
            return bytes(whole)
        if not member.eof:
            raise EOFError
        body = member.unused_data
        if not body.startswith(b"\x1f\x8b"):  # browsers ignore what follows the last member, too
            return bytes(whole)
    raise EOFError


def _inflate(body: bytes, limit: int) -> bytes:
    """RFC 9110 means zlib data by "deflate"; many servers send it bare."""
    wrapped = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    stream = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
    whole = stream.decompress(body, limit)
    if not stream.eof and len(whole) < limit:
        raise EOFError
    return whole


def _unbrotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    try:
        whole: bytes = stream.process(body, output_buffer_limit=limit)
    except brotli.error as error:
        raise EOFError from error
    if not stream.is_finished() and len(whole) < limit:
        raise EOFError
    return whole


def _unzstd(body: bytes, limit: int) -> bytes:
    frames = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
    with frames.stream_reader(io.BytesIO(body), read_across_frames=True) as reader:
        whole = reader.read(limit)
    if len(whole) >= limit:
        return whole
    # The reader keeps quiet about a frame cut short; now that the size is known to be safe, look at the frames.
    for _frame in range(MOST_MEMBERS):
        frame = frames.decompressobj()
        frame.decompress(body)
        if not frame.eof:
            raise EOFError
        body = frame.unused_data
        if not body:
            return whole
    raise EOFError


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "zstd": _unzstd,
    **({"br": _unbrotli} if brotli else {}),
}


def _charset(body: bytes, content_type: str) -> str:
    marked, _mark = read_bom(body)
    if marked:
        return marked
    header, page = http_content_type_encoding(content_type), html_body_declared_encoding(body)
    if header and header.startswith("utf-16") and body[:1000].count(0) > len(body[:1000]) / 4:
        return header
    high = len(body.translate(None, delete=ASCII))
    # Windows-1251 read as UTF-8 breaks at nearly every letter, damaged UTF-8 at a few.
    if body.decode("utf-8", "replace").count("\ufffd") * 10 <= high:
        return "utf-8"
    named = [charset for charset in (header, page) if charset and LETTER_CHARSETS.match(charset)]
    # A server's default of iso-8859-1 says nothing about the page.
    chosen = next((charset for charset in named if charset not in WESTERN), None)
    if chosen:
        return chosen
    # Cyrillic words are runs of high bytes, accented letters stand alone.
    in_runs = sum(map(len, re.findall(rb"[\xa8\xb8\xc0-\xff]{3,}", body)))
    return "cp1251" if in_runs > high / 2 else named[0] if named else "cp1252"
