"""Captures: what was received, to the byte, or an error that says why not."""

import gzip
import hashlib
from datetime import UTC, datetime

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from kzmonitor.collect import captures
from kzmonitor.collect.captures import Received
from kzmonitor.errors import PageError
from kzmonitor.store.tables import Capture, Source

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
URL = "https://dala.example/1"


@pytest.fixture
def registered(session: Session) -> Session:
    session.add(Source(slug="dala", name="D", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    return session


def received(body: bytes = b"x", headers: dict[str, list[str]] | None = None, url: str = URL) -> Received:
    return Received(url, URL, "direct", NOW, 200, headers or {}, ["https://dala.example/?p=1"], body)


def kept(session: Session, what: Received) -> Capture:
    capture_id = captures.keep(session, "dala", what)
    session.expire_all()
    return session.get_one(Capture, capture_id)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000) | st.binary(max_size=2000).map(gzip.compress))
def test_bytes_come_back_as_they_went_in(registered: Session, body: bytes) -> None:
    capture = kept(registered, received(body))
    assert captures.body(capture) == body
    assert capture.sha256 == hashlib.sha256(body).digest()
    assert (capture.status, capture.fetched_at, capture.hops) == (200, NOW, ["https://dala.example/?p=1"])


def test_cookies_are_not_kept_and_all_else_is(registered: Session) -> None:
    headers = {
        "SET-cookie": ["id=1"],
        "Set-Cookie2": ["x"],
        "X-Two": ["1", "2"],
        "Server": ["ng\0inx"],
        "Na\0me": ["v"],
    }
    capture = kept(registered, received(headers=headers))
    assert capture.headers == {"X-Two": ["1", "2"], "Server": ["nginx"], "Name": ["v"]}
    assert captures.flat_headers(capture) == {"x-two": "2", "server": "nginx", "name": "v"}


def test_what_was_erased_or_changed_is_said(registered: Session) -> None:
    capture = kept(registered, received(b"evidence"))
    capture.body = zstandard.compress(b"other evidence")
    with pytest.raises(PageError, match="hash") as changed:
        captures.body(capture)
    assert changed.value.state == "tampered"
    for broken in (b"", b"no zstd at all"):
        capture.body = broken
        with pytest.raises(PageError) as unreadable:
            captures.body(capture)
        assert unreadable.value.state == "tampered"
    capture.body = None
    with pytest.raises(PageError, match="erased") as erased:
        captures.body(capture)
    assert erased.value.state == "erased"


def test_captures_of_an_address_come_oldest_first(registered: Session) -> None:
    ids = [captures.keep(registered, "dala", received(bytes([n]))) for n in range(3)]
    assert [capture.id for capture in captures.of(registered, URL)] == ids
    assert captures.of(registered, "https://dala.example/2") == []
