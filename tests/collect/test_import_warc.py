"""WARC: pages come out as they were received, what is no page is counted, and no archive takes the machine down."""

import gzip
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kzmonitor.collect import import_warc
from kzmonitor.collect.decode import decode_body
from kzmonitor.collect.import_warc import read_warc
from kzmonitor.collect.importing import Brought, Skipped
from kzmonitor.errors import InputError

PAGE = "<html><body><h1>Суд</h1><p>Заседание длилось два часа.</p></body></html>".encode()
Headers = Sequence[tuple[str, str]]


def chunked(body: bytes, size: int = 7) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Archive:
    """A WARC file in the making."""

    def __init__(self, path: Path, packed: bool = True) -> None:
        self.path, self.file = path, io.BytesIO()
        self.writer = WARCWriter(self.file, gzip=packed, warc_version="1.0")
        info = self.writer.create_warcinfo_record(path.name, {"software": "test"})
        self.writer.write_record(info)

    def add(self, url: str, body: bytes = PAGE, status: str = "200 OK", kind: str = "response",
            headers: Headers = (("Content-Type", "text/html"),), **warc: str) -> "Archive":  # fmt: skip
        http = StatusAndHeaders(status, list(headers), protocol="HTTP/1.1")
        record = self.writer.create_warc_record(
            url, kind, payload=io.BytesIO(body), http_headers=http, warc_headers_dict=warc
        )
        self.writer.write_record(record)
        return self

    def read(self) -> list[Brought | Skipped]:
        self.path.write_bytes(self.file.getvalue())
        return list(read_warc(self.path))


@pytest.fixture(params=[True, False], ids=["packed", "plain"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    return Archive(tmp_path / ("a.warc.gz" if request.param else "a.warc"), request.param)


def test_a_page_comes_out_with_its_address_time_headers_and_bytes(archive: Archive) -> None:
    archive.add("https://dala.kz/n/1", headers=[("Content-Type", "text/html"), ("X-A", "1"), ("X-A", "2")],
                **{"WARC-Date": "2021-02-03T04:05:06Z"})  # fmt: skip
    [page] = archive.read()
    assert isinstance(page, Brought)
    assert (page.url, page.body, page.status) == ("https://dala.kz/n/1", PAGE, 200)
    assert page.fetched_at == datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert page.headers["X-A"] == ["1", "2"]
    assert page.headers["WARC-Record-ID"][0].startswith("<urn:uuid:")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("Transfer-Encoding", "chunked")], chunked(PAGE)),
        ([("Transfer-Encoding", "chunked")], PAGE),  # undone by the archive, which kept the header
        ([("Content-Encoding", "gzip")], gzip.compress(PAGE)),
        ([("Content-Encoding", "gzip")], PAGE),
        ([("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")], chunked(gzip.compress(PAGE))),
        ([("X-Crawl-Content-Encoding", "gzip")], PAGE),
    ],
    ids=["chunked", "not-chunked", "gzip", "not-gzip", "both", "common-crawl"],
)
def test_codings_are_undone_whatever_the_archive_did(archive: Archive, headers: Headers, body: bytes) -> None:
    [page] = archive.add("https://dala.kz/n/1", body, headers=[("Content-Type", "text/html"), *headers]).read()
    assert isinstance(page, Brought)
    flat = {name.lower(): values[-1] for name, values in page.headers.items()}
    assert "transfer-encoding" not in flat
    assert decode_body(page.body, flat) == PAGE


def test_what_is_no_page_is_counted(archive: Archive) -> None:
    archive.add("https://dala.kz/robots.txt", headers=[("Content-Type", "text/plain")])
    archive.add("https://dala.kz/x", status="404 Not Found")
    archive.add("https://dala.kz/x", status="301 Moved")
    archive.add("https://dala.kz/x", b"", kind="revisit")
    archive.add("https://dala.kz/y", b"", kind="revisit")
    archive.add("https://dala.kz/x", b"GET", kind="request")
    archive.add("https://dala.kz/n/1", headers=[])
    *skipped, page = archive.read()
    assert [one.state for one in skipped if isinstance(one, Skipped)] == [
        "not-html", "not-200", "not-200", "revisit", "revisit",
    ]  # fmt: skip
    assert [bool(one.why) for one in skipped if isinstance(one, Skipped)] == [False, False, False, True, False]
    assert isinstance(page, Brought)


def test_a_large_page_is_passed_over_and_the_next_is_read(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_warc, "MOST_BYTES", 10_000)
    archive.add("https://dala.kz/n/1", b"x" * 15_000).add("https://dala.kz/n/2", b"x" * 90_000).add(
        "https://dala.kz/n/3"
    )
    first, second, last = archive.read()
    assert [one.state for one in (first, second) if isinstance(one, Skipped)] == ["too-large"] * 2
    assert isinstance(last, Brought)
    assert last.url == "https://dala.kz/n/3"


def test_an_archive_that_breaks_off_gives_what_stands_before(archive: Archive) -> None:
    for number in range(3):
        archive.add(f"https://dala.kz/n/{number}", PAGE * 20)
    archive.file.truncate(len(archive.file.getvalue()) - 100)
    pages = [record for record in archive.read() if isinstance(record, Brought)]
    assert [page.url for page in pages] == ["https://dala.kz/n/0", "https://dala.kz/n/1"]
    assert {page.body for page in pages} == {PAGE * 20}


@pytest.mark.parametrize("content", [b"hello\n", b"\x1f\x8bgarbage", b"<html>", gzip.compress(b"hello\n" * 9, mtime=0)],
                         ids=["text", "broken-gzip", "html", "text-in-gzip"])  # fmt: skip
def test_no_archive_at_all_is_one_line(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a.warc.gz: not a WARC file"):
        list(read_warc(path))
    assert capsys.readouterr() == ("", "")


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.touch()
    assert list(read_warc(path)) == []


@pytest.mark.parametrize(
    "header",
    [b"WARC/1.0\r\nX: " + b"a" * 40_000_000, b"WARC/1.0\r\n" + b"X: a\r\n" * 4_000_000],
    ids=["one-line", "many-lines"],
)
def test_headers_without_an_end_are_given_up(tmp_path: Path, header: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb of some kilobytes: what is read of it is counted, so that the test does not hang on memory."""
    read = 0
    plain = import_warc.Bounded.readline

    def counting(self: import_warc.Bounded, length: int | None = None) -> bytes:
        nonlocal read
        line = plain(self, length)
        read += len(line)
        return line

    monkeypatch.setattr(import_warc.Bounded, "readline", counting)
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(header))
    assert path.stat().st_size < 200_000
    with pytest.raises(InputError, match="not a WARC file"):
        list(read_warc(path))
    assert read <= import_warc.MOST_HEADER_BYTES


def test_a_record_that_claims_a_terabyte_ends_its_file(tmp_path: Path) -> None:
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://dala.kz/n/1\r\n"
        b"Content-Type: application/http; msgtype=response\r\nContent-Length: 1000000000000\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    )
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(head + b" " * 1_000_000))
    records = list(read_warc(path))
    assert [record.state for record in records if isinstance(record, Skipped)] == ["too-large", "broken-off"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_end_the_file(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    archive = Archive(tmp_path_factory.getbasetemp() / "hostile.warc", packed=False)
    for number in range(3):
        archive.add(f"https://dala.kz/n/{number}")
    content = bytearray(archive.file.getvalue())
    for _damage in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=20))
    archive.file = io.BytesIO(bytes(content))
    try:
        records = archive.read()
    except InputError:
        return
    assert all(isinstance(record, Brought | Skipped) for record in records)
