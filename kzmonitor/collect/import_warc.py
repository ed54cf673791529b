"""Pages of WARC and ARC files, packed or not, as archives of Common Crawl and Webrecorder hold them."""

import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader, DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

from kzmonitor.collect.decode import MOST_BYTES
from kzmonitor.collect.importing import Brought, Skipped
from kzmonitor.errors import InputError
from kzmonitor.i18n import _

LONGEST_LINE_BYTES = 65_536
MOST_HEADER_BYTES = 1_000_000
# A record that says it is longer is passed over; one that says more than this ends the reading of its file.
LONGEST_PASSED_OVER_BYTES = 2_000_000_000
PIECE_BYTES = 65_536
HTML = ("text/html", "application/xhtml+xml")
GZIP = ("gzip", "x-gzip")
MOST_HEADERS = 200
PROVENANCE = ("WARC-Record-ID", "WARC-Truncated")
# Whatever a broken or hostile file makes the reader do.
BROKEN = (ArchiveLoadFailed, StatusAndHeadersParserException, zlib.error, EOFError, ValueError, LookupError,
          AttributeError, TypeError, AssertionError)  # fmt: skip


class TooMuchHeaderError(ValueError):
    """Lines without an end, where headers should be: small files can unpack to any length."""


class Bounded(DecompressingBufferedReader):  # type: ignore[misc]
    """Unpacks an archive, and gives up on headers that do not end."""

    in_header = 0

    def readline(self, length: int | None = None) -> bytes:
        """A line of at most 64 KB."""
        line: bytes = super().readline(min(length or LONGEST_LINE_BYTES, LONGEST_LINE_BYTES))
        self.in_header += len(line)
        if len(line) >= LONGEST_LINE_BYTES or self.in_header > MOST_HEADER_BYTES:
            raise TooMuchHeaderError
        return line

    def read(self, length: int | None = None) -> bytes:
        """Up to `length` bytes of a body."""
        self.in_header = 0
        return bytes(super().read(length))


def read_warc(path: Path) -> Iterator[Brought | Skipped]:
    """The pages of an archive: responses with status 200 that are HTML. What is passed over is counted: other-type,
    not-200, not-html, revisit (it only refers to a page stored elsewhere), too-large; a file that breaks off is told.

    Raises InputError when the file can't be opened or is no archive at all."""
    try:
        with path.open("rb") as file:
            yield from _records(path, file)
    except OSError as error:
        message = _("{path}: can't be read ({reason})").format(path=path, reason=error.strerror)
        raise InputError(message) from error


def _records(path: Path, file: BinaryIO) -> Iterator[Brought | Skipped]:
    iterator = ArchiveIterator(file, arc2warc=True)
    iterator.reader = Bounded(file, block_size=PIECE_BYTES)
    number, told = 0, Counter[str]()
    while True:
        try:
            # warcio prints what it thinks of a file; we say it ourselves.
            with redirect_stderr(StringIO()):
                record = next(iterator, None)
                found = None if record is None else _page(record, f"{path}:{number + 1}")
        except BROKEN as error:
            if not number:
                raise InputError(_("{path}: not a WARC file").format(path=path)) from error
            message = _("{path}: breaks off or is broken after record {number}; what stands before is imported")
            yield Skipped("broken-off", message.format(path=path, number=number))
            return
        if record is None:
            return
        number += 1
        if found is not None:
            yield _told_once(found, told, path)
        if (record.length or 0) > LONGEST_PASSED_OVER_BYTES:
            message = _("{path}: record {number} claims {gigabytes:.0f} GB; the rest of the file is left alone")
            claimed = min(record.length, 10**18) / 1e9  # a made-up length may be past what a float holds
            yield Skipped("broken-off", message.format(path=path, number=number, gigabytes=claimed))
            return


def _told_once(found: Brought | Skipped, told: Counter[str], path: Path) -> Brought | Skipped:
    """What is passed over, with a sentence for the first revisit of a file only."""
    if not isinstance(found, Skipped):
        return found
    told[found.state] += 1
    if found.state != "revisit" or told["revisit"] > 1:
        return found if found.why and found.state != "revisit" else Skipped(found.state)
    message = _("{path}: holds revisits, which only refer to pages of other files; they are passed over")
    return Skipped("revisit", message.format(path=path))


def _page(record: Any, where: str) -> Brought | Skipped | None:
    """The page of a record; None for records that are about others (requests, metadata, the file itself)."""
    if record.rec_type == "revisit":
        return Skipped("revisit")
    if record.rec_type != "response":
        return None
    http = record.http_headers
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")
    if http is None or not url.startswith(("http://", "https://")):
        return Skipped("other-type")
    if http.get_statuscode() != "200":
        return Skipped("not-200")
    content_type = (http.get_header("Content-Type") or "").casefold()
    if content_type and not content_type.startswith(HTML):
        return Skipped("not-html")
    if (record.length or 0) > 2 * MOST_BYTES:
        return Skipped("too-large", _too_large(where))
    chunked = "chunked" in (http.get_header("Transfer-Encoding") or "").casefold()
    body = _read(ChunkedDataReader(record.raw_stream) if chunked else record.raw_stream)
    if body is None:
        return Skipped("too-large", _too_large(where))
    if not chunked and record.raw_stream.limit > 0:  # the archive ends before its record does
        return Skipped("cut-short", _("{where}: the page breaks off").format(where=where))
    return Brought(
        where=where,
        url=_plain(url),
        body=body,
        headers=_headers(record, http.headers, packed=body.startswith(b"\x1f\x8b")),
        fetched_at=_moment(record.rec_headers.get_header("WARC-Date") or ""),
    )


def _read(stream: Any) -> bytes | None:
    """The body without its transfer coding; None when it is longer than any page."""
    body = bytearray()
    while piece := stream.read(PIECE_BYTES):
        body += piece
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _headers(record: Any, http: list[tuple[str, str]], *, packed: bool) -> dict[str, list[str]]:
    """The response's headers as the archive has them, and where in it the page stands."""
    headers: dict[str, list[str]] = {}
    for name, value in http[:MOST_HEADERS]:
        kind = name.casefold()
        # Some archives keep the header and undo what it says.
        if kind == "transfer-encoding" or (kind == "content-encoding" and value.casefold() in GZIP and not packed):
            continue
        headers.setdefault(_plain(name), []).append(_plain(value))
    for name in PROVENANCE:
        if value := record.rec_headers.get_header(name):
            headers[name] = [_plain(value)]
    return headers


def _plain(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _too_large(where: str) -> str:
    return _("{where}: over {megabytes:g} MB, passed over").format(where=where, megabytes=MOST_BYTES / 1e6)
