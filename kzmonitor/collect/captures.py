"""Captures: what was received, byte for byte, before anything parses it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import zstandard
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.collect.decode import unpacked
from kzmonitor.store.tables import Capture, new_id

# Cookies identify a visit, and with it the visitor.
NOT_KEPT = frozenset({"set-cookie", "set-cookie2"})


@dataclass(frozen=True)
class Received:
    """One response as it came from the network: body before decompression; header names as sent."""

    url: str
    canonical_url: str
    route: str
    fetched_at: datetime
    status: int
    headers: Mapping[str, Sequence[str]]
    hops: Sequence[str]
    body: bytes


def keep(session: Session, source: str, received: Received) -> UUID:
    """Store a response; the identifier of its capture."""
    capture = made(source, received)
    session.add(capture)
    session.flush()
    return capture.id


def made(source: str, received: Received) -> Capture:
    """The row of a response, not stored yet."""
    headers = {
        name.replace("\0", ""): [value.replace("\0", "") for value in values]
        for name, values in received.headers.items()
        if name.lower() not in NOT_KEPT
    }
    return Capture(
        id=new_id(),
        source=source,
        url=received.url,
        canonical_url=received.canonical_url,
        route=received.route,
        fetched_at=received.fetched_at,
        status=received.status,
        headers=headers,
        hops=list(received.hops),
        body=zstandard.compress(received.body),
        sha256=hashlib.sha256(received.body).digest(),
    )


def body(capture: Capture) -> bytes:
    """The bytes as received. Raises PageError when they were erased or are not what was stored."""
    return unpacked(capture.body, capture.sha256, capture.url)


def flat_headers(capture: Capture) -> dict[str, str]:
    """Header names in lower case, each with its last value."""
    return flat(capture.headers)


def flat(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Headers as they are stored, names in lower case, each with its last value."""
    return {name.lower(): values[-1] for name, values in headers.items() if values}


def of(session: Session, canonical_url: str) -> list[Capture]:
    """All captures of an address, oldest first."""
    return list(session.scalars(select(Capture).where(Capture.canonical_url == canonical_url).order_by(Capture.id)))
