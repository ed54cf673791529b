"""Captures as collecting leaves them, on the days that a test needs."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from kzmonitor.collect import captures
from kzmonitor.collect.captures import Received
from kzmonitor.evidence import manifests
from kzmonitor.store import Database, partitions
from kzmonitor.store.tables import Capture, Source

MONDAY = date(2026, 11, 16)
NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
PAGE = "<p>В Алматы задержали активистку</p>".encode()


def captured(
    session: Session,
    *,
    at: datetime = NOON,
    stored: datetime | None = None,
    body: bytes = PAGE,
    url: str = "https://vlast.example/1",
    status: int = 200,
    headers: Mapping[str, Sequence[str]] | None = None,
    hops: Sequence[str] = (),
    route: str = "direct",
) -> UUID:
    """A capture fetched at `at` and committed at `stored` (the same moment unless told)."""
    if session.get(Source, "vlast") is None:
        session.add(
            Source(slug="vlast", name="Vlast", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True)
        )
        session.flush()
    received = Received(
        url=url, canonical_url=url, route=route, fetched_at=at, status=status,
        headers=headers if headers is not None else {"Content-Type": ["text/html; charset=utf-8"]},
        hops=hops, body=body,
    )  # fmt: skip
    kept = captures.keep(session, "vlast", received)
    moment = partitions.first_id(stored or at).int
    named = UUID(int=moment | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))
    capture = session.get_one(Capture, kept)
    session.execute(text("update capture set id = :new where id = :old"), {"new": named, "old": kept})
    session.expunge(capture)
    return named


@pytest.fixture
def monday(database: Database) -> list[UUID]:
    """Five captures of a Monday that has been closed, in the order of their identifiers."""
    with database.session() as session:
        ids = [captured(session, url=f"https://vlast.example/{n}", body=PAGE * (n + 1)) for n in range(5)]
    manifests.close(database, NOON.replace(day=17))
    return sorted(ids)
