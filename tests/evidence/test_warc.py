"""What is written is read back by two other programs, byte for byte, whatever a page or its server sent."""

import gzip
import hashlib
import json
import os
from base64 import b32decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import brotli
import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from warcio.archiveiterator import ArchiveIterator

from kzmonitor.errors import InputError
from kzmonitor.evidence import erasure, leaves, manifests, trees, warc
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Capture, Incident
from tests.conftest import report_of
from tests.evidence.conftest import MONDAY, NOON, PAGE, captured

DAY = timedelta(days=1)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


class Read:
    """One record as warcio reads it."""

    def __init__(self, record: object) -> None:
        self.kind: str = record.rec_type  # type: ignore[attr-defined]
        self.headers = dict(record.rec_headers.headers)  # type: ignore[attr-defined]
        http = record.http_headers  # type: ignore[attr-defined]
        self.status = http.get_statuscode() if http else None
        self.http = list(http.headers) if http else []
        self.body: bytes = record.raw_stream.read()  # type: ignore[attr-defined]
        self.sound = record.digest_checker.passed  # type: ignore[attr-defined]

    @property
    def capture(self) -> UUID:
        return UUID(self.headers["WARC-Record-ID"][-37:-1])

    @property
    def fields(self) -> dict[str, str]:
        return dict(line.split(": ", 1) for line in self.body.decode().splitlines())


def read(path: Path) -> list[Read]:
    with path.open("rb") as file:
        return [Read(record) for record in ArchiveIterator(file, check_digests=True)]


def read_fast(path: Path, decode: str = "none") -> dict[UUID, bytes]:
    """Bodies of responses as the second reader has them; fails when it thinks that a digest is wrong."""
    kinds = WarcRecordType.response | WarcRecordType.resource
    for record in FastIterator(str(path), record_types=kinds, parse_http=False):
        assert record.verify_block_digest()
    found = {}
    for record in FastIterator(str(path), record_types=kinds, auto_decode=decode):
        assert decode != "none" or not record.is_http_parsed or record.verify_payload_digest()
        found[UUID(record.record_id[-37:-1])] = record.reader.read()
    return found


BODIES: dict[str, tuple[bytes, Mapping[str, Sequence[str]]]] = {
    "plain": (PAGE, {"Content-Type": ["text/html; charset=utf-8"]}),
    "gzip": (gzip.compress(PAGE * 50), {"Content-Encoding": ["gzip"]}),
    "brotli": (brotli.compress(PAGE * 50), {"Content-Encoding": ["br"]}),
    "empty": (b"", {"Content-Length": ["0"]}),
    "binary": (bytes(range(256)) * 40, {"Content-Type": ["image/png"]}),
    "looks like records": (b"\r\n\r\nWARC/1.1\r\nWARC-Type: response\r\n\r\n", {}),
    "chunked": (PAGE + b"!", {"Transfer-Encoding": ["chunked"], "Content-Length": ["999999"]}),
    "chunked and gzip": (gzip.compress(PAGE), {"Transfer-Encoding": ["chunked"], "Content-Encoding": ["gzip"]}),
    "large": (os.urandom(3_000_000), {}),
}


@pytest.fixture
def bodies(database: Database) -> dict[UUID, bytes]:
    """A closed day of captures of all kinds of bodies, by identifier."""
    with database.session() as session:
        found = {
            captured(session, url=f"https://vlast.example/{n}", body=body, headers=headers): body
            for n, (body, headers) in enumerate(BODIES.values())
        }
    manifests.close(database, NOON + DAY)
    return found


@pytest.fixture
def reading(database: Database) -> Iterator[Session]:
    """A session that sees what was committed, and is gone before the database is emptied."""
    with database.session() as session:
        yield session


@pytest.mark.parametrize("name", ["day.warc.gz", "day.warc"])
def test_bodies_are_read_back_byte_for_byte_by_both_readers(
    reading: Session, bodies: dict[UUID, bytes], tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    written = warc.write(reading, path, day=MONDAY)
    records = read(path)
    assert len(records) == written == 1 + 2 * len(BODIES)
    assert {one.capture: one.body for one in records if one.kind == "response"} == bodies
    assert read_fast(path) == bodies
    assert all(one.sound for one in records if one.kind == "response" and one.body)
    assert path.stat().st_mode & 0o777 == 0o600


def test_readers_that_undo_encodings_get_the_page(reading: Session, bodies: dict[UUID, bytes], tmp_path: Path) -> None:
    warc.write(reading, tmp_path / "day.warc.gz", day=MONDAY)
    kinds = dict(zip(bodies, BODIES, strict=True))
    undone = {kinds[capture]: body for capture, body in read_fast(tmp_path / "day.warc.gz", "all").items()}
    assert (undone["gzip"], undone["brotli"]) == (PAGE * 50, PAGE * 50)
    assert (undone["chunked"], undone["chunked and gzip"], undone["plain"]) == (PAGE + b"!", PAGE, PAGE)
    with (tmp_path / "day.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file):
            kind = kinds.get(UUID(record.rec_headers["WARC-Record-ID"][-37:-1]), "brotli")
            # The installed warcio can't undo brotli: the decoder has no attribute that it sets.
            assert kind == "brotli" or record.content_stream().read() == undone[kind]


def test_each_record_is_a_gzip_member_of_its_own(reading: Session, bodies: dict[UUID, bytes], tmp_path: Path) -> None:
    path = tmp_path / "day.warc.gz"
    warc.write(reading, path, day=MONDAY)
    with path.open("rb") as file:
        records = ArchiveIterator(file)
        offsets = [records.get_record_offset() for _record in records]
    content = path.read_bytes()
    assert len(offsets) == 1 + 2 * len(BODIES)
    assert all(content[offset : offset + 3] == b"\x1f\x8b\x08" for offset in offsets)


def test_a_response_says_where_when_and_how_it_was_received(session: Session, tmp_path: Path) -> None:
    kept = captured(
        session, url="https://vlast.example/новости?a=%20&b=1", at=NOON + timedelta(microseconds=7), status=404,
        headers={"Server": ["nginx"], "X-Title": ["Новости"], "Vary": ["a", "b"]},
    )  # fmt: skip
    warc.write(session, tmp_path / "a.warc", day=MONDAY)
    response = read(tmp_path / "a.warc")[1]
    assert response.headers["WARC-Date"] == "2026-11-16T12:00:00.000007Z"
    assert response.headers["WARC-Target-URI"] == (
        "https://vlast.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8?a=%20&b=1"
    )
    assert response.capture == kept
    assert response.status == "404"
    assert sorted(response.http) == [("Server", "nginx"), ("Vary", "a"), ("Vary", "b"), ("X-Title", "Новости")]
    assert (tmp_path / "a.warc").read_bytes().startswith(b"WARC/1.1\r\n")
    for name in ("WARC-Payload-Digest", "WARC-Block-Digest"):
        assert response.headers[name].startswith("sha256:")
    assert b32decode(response.headers["WARC-Payload-Digest"][7:]) == hashlib.sha256(PAGE).digest()


def test_the_file_says_what_is_in_it_and_nothing_of_who_made_it(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KZMONITOR_CONTACT", "watcher@example.org")
    captured(session)
    warc.write(session, tmp_path / "a.warc", day=MONDAY)
    first = read(tmp_path / "a.warc")[0]
    assert first.kind == "warcinfo"
    assert first.fields["description"] == "captures of 2026-11-16 (UTC)"
    content = (tmp_path / "a.warc").read_bytes()
    assert b"watcher@" not in content
    assert os.uname().nodename.encode() not in content


def test_metadata_leads_from_the_capture_to_the_printed_root(
    reading: Session, bodies: dict[UUID, bytes], tmp_path: Path
) -> None:
    warc.write(reading, tmp_path / "day.warc.gz", day=MONDAY)
    seal = manifests.seal(reading, MONDAY)
    assert seal is not None
    told = [one for one in read(tmp_path / "day.warc.gz") if one.kind == "metadata"]
    assert {UUID(one.fields["kzmonitor-capture"]) for one in told} == set(bodies)
    for one in told:
        document = one.fields["kzmonitor-leaf-document"]
        leaf = hashlib.sha256(b"\0" + document.encode()).digest()
        path = [bytes.fromhex(step) for step in one.fields["kzmonitor-audit-path"].split()]
        index, size = int(one.fields["kzmonitor-leaf-index"]), int(one.fields["kzmonitor-tree-size"])
        assert trees.root_of(leaf, index, size, path) == seal.root
        assert one.fields["kzmonitor-manifest-root"] == seal.root.hex()
        body = bodies[UUID(one.fields["kzmonitor-capture"])]
        assert json.loads(document)["sha256"] == hashlib.sha256(body).hexdigest()


def test_the_same_payload_again_is_a_revisit_that_names_the_first(session: Session, tmp_path: Path) -> None:
    first = captured(session, url="https://vlast.example/a")
    captured(session, url="https://vlast.example/a", at=NOON + timedelta(hours=1), headers={"Age": ["9"]})
    captured(session, url="https://vlast.example/c", body=b"", at=NOON + timedelta(hours=2))
    captured(session, url="https://vlast.example/d", body=b"", at=NOON + timedelta(hours=3))
    warc.write(session, tmp_path / "a.warc.gz", day=MONDAY)
    records = [one for one in read(tmp_path / "a.warc.gz") if one.kind in ("response", "revisit")]
    assert [one.kind for one in records] == ["response", "revisit", "response", "response"]
    again = records[1]
    assert again.headers["WARC-Refers-To"] == f"<urn:uuid:{first}>"
    assert again.headers["WARC-Refers-To-Target-URI"] == "https://vlast.example/a"
    assert again.headers["WARC-Refers-To-Date"] == "2026-11-16T12:00:00.000000Z"
    assert again.headers["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert again.headers["WARC-Payload-Digest"] == records[0].headers["WARC-Payload-Digest"]
    assert (again.body, again.http, again.status) == (b"", [("Age", "9")], "200")
    kinds = [record.record_type for record in FastIterator(str(tmp_path / "a.warc.gz"))]
    assert kinds.count(WarcRecordType.revisit) == 1


def test_redirects_are_told_hop_by_hop(session: Session, tmp_path: Path) -> None:
    captured(session, url="https://vlast.example/c", hops=["http://vlast.example/a", "https://vlast.example/b"])
    assert warc.write(session, tmp_path / "a.warc", day=MONDAY) == 5
    _info, response, told, first, second = read(tmp_path / "a.warc")
    assert told.body.count(b"redirected-from: ") == 2
    assert (first.headers["WARC-Target-URI"], first.fields) == (
        "http://vlast.example/a",
        {"redirected-to": "https://vlast.example/b"},
    )
    assert second.fields == {"redirected-to": "https://vlast.example/c"}
    assert second.headers["WARC-Concurrent-To"] == response.headers["WARC-Record-ID"]


def test_what_was_imported_without_headers_is_a_resource(session: Session, tmp_path: Path) -> None:
    kept = captured(session, url="https://vlast.example/1", route="import", headers={})
    warc.write(session, tmp_path / "a.warc.gz", day=MONDAY)
    assert [one.kind for one in read(tmp_path / "a.warc.gz")] == ["warcinfo", "resource", "metadata"]
    assert read_fast(tmp_path / "a.warc.gz") == {kept: PAGE}


def test_an_erased_body_is_left_out_and_the_file_says_why(session: Session, tmp_path: Path) -> None:
    kept = captured(session)
    erasure.erase(session, kept, "request\nof the person", NOON + DAY)
    assert warc.write(session, tmp_path / "a.warc", day=MONDAY) == 2
    told = read(tmp_path / "a.warc")[1]
    assert told.kind == "metadata"
    assert told.fields["body-left-out"].startswith("erased by rule on 2026-11-17")
    assert told.fields["body-left-out"].endswith("request of the person")
    assert "WARC-Concurrent-To" not in told.headers
    assert PAGE not in (tmp_path / "a.warc").read_bytes()


def test_a_body_that_does_not_match_its_hash_is_no_evidence(
    session: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    captured(session)
    session.execute(text("update capture set sha256 = '\\x00'"))
    warc.write(session, tmp_path / "a.warc", day=MONDAY)
    assert read(tmp_path / "a.warc")[1].fields["body-left-out"] == "what is stored does not match the hash"
    assert "kzmonitor verify" in caplog.text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.dictionaries(WORDS, st.lists(WORDS, max_size=2), max_size=5),
    url=WORDS.map(lambda word: f"https://vlast.example/{word}"),
    body=st.binary(max_size=300),
    status=st.integers(100, 999),
    hops=st.lists(WORDS, max_size=2),
)
def test_nothing_that_a_server_sends_can_break_a_record(
    session: Session, tmp_path: Path, headers: dict[str, list[str]], url: str, body: bytes, status: int, hops: list[str]
) -> None:
    with session.begin_nested() as savepoint:
        kept = captured(session, headers=headers, url=url, body=body, status=status, hops=hops)
        after = captured(session, body=b"the next one", stored=NOON + timedelta(minutes=1))
        warc.write(session, tmp_path / "a.warc.gz", day=MONDAY)
        savepoint.rollback()
    records = {one.capture: one for one in read(tmp_path / "a.warc.gz") if one.kind == "response"}
    assert (records[kept].body, records[after].body) == (body, b"the next one")
    assert records[kept].status == str(status)
    assert read_fast(tmp_path / "a.warc.gz") == {kept: body, after: b"the next one"}


def test_a_line_break_in_a_header_begins_no_header_of_its_own(session: Session, tmp_path: Path) -> None:
    captured(session, headers={"X-Bad": ["a\r\nContent-Length: 1\r\n\r\n<html>"], "X\r\nY: z": ["1"], "": ["2"]})
    warc.write(session, tmp_path / "a.warc", day=MONDAY)
    response = read(tmp_path / "a.warc")[1]
    assert response.body == PAGE
    assert sorted(response.http) == [("Unnamed", "2"), ("X-Bad", "a Content-Length: 1 <html>"), ("XYz", "1")]


@pytest.fixture
def alerted(session: Session) -> dict[str, UUID]:
    """Two incidents with a page each, and a capture that belongs to none."""
    found = {}
    for n, name in enumerate(("first", "second")):
        alert = report_of(session, name, name, at=NOON + n * DAY, url=f"https://vlast.example/{name}")
        found[name] = alert.incident_id
    captured(session, url="https://vlast.example/none")
    session.execute(text("update capture set body = null"))
    return found


def addresses(path: Path) -> set[str]:
    return {one.headers["WARC-Target-URI"].rsplit("/", 1)[1] for one in read(path) if one.kind != "warcinfo"}


def test_an_incident_brings_all_captures_of_its_pages(
    session: Session, alerted: dict[str, UUID], tmp_path: Path
) -> None:
    captured(session, url="https://vlast.example/first", status=404, body=b"gone", at=NOON + 3 * DAY)
    warc.write(session, tmp_path / "a.warc", incidents=[alerted["first"]])
    assert addresses(tmp_path / "a.warc") == {"first"}
    assert [one.status for one in read(tmp_path / "a.warc") if one.kind == "response"] == ["404"]


def test_an_incident_that_was_merged_brings_the_pages_of_the_one_it_is_now(
    session: Session, alerted: dict[str, UUID], tmp_path: Path
) -> None:
    session.execute(text("update incident_article set incident = :first"), {"first": alerted["first"]})
    session.execute(text("update incident set redirect_to = :first where id = :second"), alerted)
    warc.write(session, tmp_path / "a.warc", incidents=[alerted["second"]])
    assert addresses(tmp_path / "a.warc") == {"first", "second"}


def test_alerts_since_a_day_bring_theirs_and_all_alerts_when_nothing_is_named(
    session: Session, alerted: dict[str, UUID], tmp_path: Path
) -> None:
    warc.write(session, tmp_path / "a.warc", since=(NOON + DAY).date())
    assert addresses(tmp_path / "a.warc") == {"second"}
    warc.write(session, tmp_path / "a.warc")
    assert addresses(tmp_path / "a.warc") == {"first", "second"}
    assert len(session.scalars(select(Alert)).all()) == 2


def test_a_days_file_holds_what_its_manifest_covers(database: Database, monday: list[UUID], tmp_path: Path) -> None:
    with database.session() as session:
        captured(session, url="https://vlast.example/late", at=NOON, stored=NOON + DAY)
    manifests.close(database, NOON + 2 * DAY)
    with database.session() as session:
        warc.write(session, tmp_path / "a.warc", day=MONDAY + DAY)
    assert addresses(tmp_path / "a.warc") == {"late"}


def test_wrong_selections_are_refused_and_write_nothing(
    session: Session, alerted: dict[str, UUID], tmp_path: Path
) -> None:
    unknown = uuid4()
    with pytest.raises(InputError, match=str(unknown)):
        warc.write(session, tmp_path / "a.warc", incidents=[alerted["first"], unknown])
    with pytest.raises(InputError, match="name one of them"):
        warc.write(session, tmp_path / "a.warc", incidents=[alerted["first"]], day=MONDAY)
    assert list(tmp_path.iterdir()) == []
    assert len(session.scalars(select(Incident)).all()) == 2


def test_a_failure_half_way_leaves_what_was_there(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured(session)
    (tmp_path / "a.warc").write_bytes(b"before")
    monkeypatch.setattr(leaves, "canonical", lambda _value: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        warc.write(session, tmp_path / "a.warc", day=MONDAY)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.warc", b"before")]
    assert session.scalars(select(Capture)).one()
