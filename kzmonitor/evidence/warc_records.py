"""WARC 1.1 records of one capture: the response, or that it is the same as before, and what we know of it beside.

The body is written as received, content encoding and all. Of the transfer nothing is left in it, so headers that
describe the transfer are set aside under another name, as web archives do: readers would act on them. What is stored
of a response has no reason phrase, no protocol version and no order of headers: the status line is made anew."""

import re
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from warcio.recordbuilder import RecordBuilder
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

from kzmonitor.evidence import leaves
from kzmonitor.evidence.leaves import Witnessed
from kzmonitor.evidence.proofs import Proof
from kzmonitor.store.tables import Capture

# What RFC 9110 allows in the name of a header.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# A line break in a value would begin a header of its own, or end them all.
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
SET_ASIDE = "X-Archive-Orig-"
IN_ADDRESSES = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True)
class Earlier:
    """The record of this file that holds the same payload."""

    record_id: str
    url: str
    when: str


class Writer(WARCWriter):  # type: ignore[misc]  # warcio has no types
    """Writes WARC 1.1 with SHA-256 digests; each record is a gzip member of its own unless `gzip` is off."""

    def __init__(self, file: Any, *, gzip: bool) -> None:
        super().__init__(file, gzip=gzip, warc_version=RecordBuilder.WARC_1_1)

    @staticmethod
    def _create_digester() -> Digester:
        return Digester("sha256")


class Head(StatusAndHeaders):  # type: ignore[misc]  # warcio has no types
    """A status line and headers that are written in UTF-8, as they are stored; warcio would percent-encode values."""

    def compute_headers_buffer(self, header_filter: Any = None) -> None:
        """Set the bytes that are written."""
        self.headers_buff = self.to_bytes(header_filter, encoding="utf-8")


def warcinfo(writer: Writer, now: datetime, fields: dict[str, str]) -> ArcWarcRecord:
    """The first record of a file, which says what made it and what is in it."""
    record = writer.create_warcinfo_record(None, {name: one_line(value) for name, value in fields.items()})
    record.rec_headers.replace_header("WARC-Date", leaves.moment(now))
    return record


def response(writer: Writer, capture: Capture, body: bytes) -> ArcWarcRecord:
    """The capture itself. What was imported without headers was no response of a server: a `resource`."""
    headers = _warc_headers(capture)
    from_the_web = capture.url.lower().startswith(("http://", "https://"))
    if not from_the_web or (capture.route == "import" and not capture.headers):
        return writer.create_warc_record(
            address(capture.url), "resource", payload=BytesIO(body), length=len(body),
            warc_content_type="application/octet-stream", warc_headers_dict=headers,
        )  # fmt: skip
    return writer.create_warc_record(
        address(capture.url), "response", payload=BytesIO(body), length=len(body),
        http_headers=head(capture, len(body)), warc_headers_dict=headers,
    )  # fmt: skip


def revisit(writer: Writer, capture: Capture, length: int, earlier: Earlier) -> ArcWarcRecord:
    """That the address gave what another record of the file holds; its status and headers are its own."""
    record = writer.create_revisit_record(
        address(capture.url),
        digest(capture.sha256),
        earlier.url,
        earlier.when,
        http_headers=head(capture, length),
        warc_headers_dict=_warc_headers(capture),
    )
    record.rec_headers.add_header("WARC-Refers-To", earlier.record_id)
    return record


def metadata(writer: Writer, capture: Capture, proof: Proof | None, left_out: str | None) -> ArcWarcRecord:
    """What we know of a capture: identity, leaf, and its way to the printed root; `left_out`: why it has no body."""
    said = leaves.document(Witnessed(
        capture.id, capture.url, capture.fetched_at, capture.status, capture.headers, capture.sha256
    ))  # fmt: skip
    fields = [
        ("kzmonitor-capture", str(capture.id)),
        ("kzmonitor-source", capture.source),
        ("kzmonitor-route", capture.route),
        ("kzmonitor-leaf-document", leaves.canonical(said).decode()),
        ("kzmonitor-leaf", leaves.leaf(said).hex()),
        *(("redirected-from", hop) for hop in capture.hops),
    ]
    if proof is not None:
        fields += [
            ("kzmonitor-manifest-day", proof.day.isoformat()),
            ("kzmonitor-manifest-root", proof.root.hex()),
            ("kzmonitor-leaf-index", str(proof.index)),
            ("kzmonitor-tree-size", str(proof.size)),
            ("kzmonitor-audit-path", " ".join(one.hex() for one in proof.path)),
        ]
    if left_out is not None:
        fields.append(("body-left-out", left_out))
    beside = {} if left_out is not None else {"WARC-Concurrent-To": record_id(capture.id)}
    return _fields(writer, capture, capture.url, "metadata", fields, beside)


def hop(writer: Writer, capture: Capture, position: int, *, answered: bool) -> ArcWarcRecord:
    """That an address led on to the next. Status and headers of redirects are not kept, so this is no response.

    answered: the file holds a record of what the last address gave."""
    following = [*capture.hops[position + 1 :], capture.url][0]
    return _fields(
        writer, capture, capture.hops[position], f"hop {position}", [("redirected-to", following)],
        {"WARC-Concurrent-To": record_id(capture.id)} if answered else {},
    )  # fmt: skip


def _fields(
    writer: Writer, capture: Capture, url: str, name: str, fields: list[tuple[str, str]], headers: dict[str, str]
) -> ArcWarcRecord:
    text = "".join(f"{field}: {one_line(value)}\r\n" for field, value in fields).encode()
    own = {"WARC-Record-ID": record_id(uuid5(capture.id, name)), "WARC-Date": leaves.moment(capture.fetched_at)}
    return writer.create_warc_record(
        address(url), "metadata", payload=BytesIO(text), length=len(text), warc_headers_dict=own | headers
    )


def head(capture: Capture, length: int) -> Head:
    """The status line and headers as stored, safe to write; what describes the transfer is set aside."""
    try:
        phrase = HTTPStatus(capture.status).phrase
    except ValueError:
        phrase = ""
    pairs = [
        (_header_name(name, value, length), one_line(value))
        for name, values in capture.headers.items()
        for value in (str(one) for one in values)
    ]
    return Head(f"{capture.status} {phrase}", pairs, protocol="HTTP/1.1")


def _header_name(name: str, value: str, length: int) -> str:
    safe = name if TOKEN.fullmatch(name) else "".join(TOKEN.findall(name)) or "Unnamed"
    misleads = safe.lower() == "content-length" and value.strip() != str(length)
    return SET_ASIDE + safe if misleads or safe.lower() == "transfer-encoding" else safe


def one_line(text: str) -> str:
    """`text` without what would end the line it stands on."""
    return CONTROLS.sub(" ", text)


def address(url: str) -> str:
    """An address in ASCII, without anything that could end a line."""
    return quote(url, safe=IN_ADDRESSES)


def record_id(identifier: UUID) -> str:
    """The name of a record; that of a response is the identifier of its capture."""
    return f"<urn:uuid:{identifier}>"


def digest(sha256: bytes) -> str:
    """A SHA-256 as WARC headers have it."""
    return f"sha256:{b32encode(sha256).decode()}"


def _warc_headers(capture: Capture) -> dict[str, str]:
    return {"WARC-Record-ID": record_id(capture.id), "WARC-Date": leaves.moment(capture.fetched_at)}
