"""A leaf says the same of the same capture, everywhere and for ever, and another thing of any other."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.evidence import leaves
from kzmonitor.evidence.leaves import Witnessed

CAPTURE = Witnessed(
    id=UUID("019a8a00-0000-7000-8000-000000000001"),
    url="https://vlast.example/новости?a=1&b=\"2\"",
    fetched_at=datetime(2026, 11, 16, 12, tzinfo=UTC),
    status=200,
    headers={"Date": ["Mon"], "Content-Type": ["text/html", "x\r\ny"]},
    sha256=hashlib.sha256(b"").digest(),
)  # fmt: skip
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
CAPTURES = st.builds(
    Witnessed,
    id=st.uuids(),
    url=WORDS,
    fetched_at=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    status=st.integers(0, 999),
    headers=st.dictionaries(WORDS, st.lists(WORDS, max_size=3), max_size=4),
    sha256=st.binary(min_size=32, max_size=32),
)


def test_the_document_is_written_as_it_is_documented() -> None:
    assert leaves.canonical(leaves.document(CAPTURE)).decode() == (
        '{"headers":{"Content-Type":["text/html","x\\r\\ny"],"Date":["Mon"]},'
        '"id":"019a8a00-0000-7000-8000-000000000001",'
        '"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","status":200,'
        '"time":"2026-11-16T12:00:00.000000Z","url":"https://vlast.example/новости?a=1&b=\\"2\\""}'
    )


def test_the_leaf_is_the_hash_of_a_zero_byte_and_the_document() -> None:
    said = leaves.document(CAPTURE)
    assert leaves.leaf(said) == hashlib.sha256(b"\0" + leaves.canonical(said)).digest()


def test_keys_stand_in_the_order_of_utf_16_units() -> None:
    assert leaves.canonical({"\ufb33": 1, "😀": 2, "ö": 3, "\r": 4}).decode() == '{"\\r":4,"ö":3,"😀":2,"\ufb33":1}'


@given(CAPTURES)
def test_the_document_reads_back_as_what_was_captured(capture: Witnessed) -> None:
    said = json.loads(leaves.canonical(leaves.document(capture)))
    assert (said["url"], said["headers"], said["status"]) == (capture.url, capture.headers, capture.status)
    assert datetime.fromisoformat(said["time"]) == capture.fetched_at


@given(CAPTURES, CAPTURES)
def test_two_captures_have_one_leaf_only_if_they_are_the_same(one: Witnessed, other: Witnessed) -> None:
    same = leaves.leaf(leaves.document(one)) == leaves.leaf(leaves.document(other))
    assert same == (one == other)


def test_the_zone_that_a_driver_gives_a_time_in_does_not_matter() -> None:
    elsewhere = CAPTURE._replace(fetched_at=CAPTURE.fetched_at.astimezone(timezone(timedelta(hours=5))))
    assert leaves.document(elsewhere) == leaves.document(CAPTURE)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("url", "https://vlast.example/2"),
        ("fetched_at", CAPTURE.fetched_at + timedelta(microseconds=1)),
        ("status", 404),
        ("headers", {**CAPTURE.headers, "Date": ["Tue"]}),
        ("sha256", bytes(32)),
    ],
)
def test_the_part_that_differs_is_named(part: str, value: object) -> None:
    noted = leaves.parts(leaves.document(CAPTURE), b"\1" * 32)
    found = leaves.parts(leaves.document(CAPTURE._replace(**{part: value})), b"\1" * 32)
    assert leaves.differing(noted, found) == ("time" if part == "fetched_at" else part,)


def test_another_compressed_form_of_the_same_body_is_named_too() -> None:
    said = leaves.document(CAPTURE)
    assert leaves.differing(leaves.parts(said, b"\1" * 32), leaves.parts(said, b"\2" * 32)) == ("stored",)
