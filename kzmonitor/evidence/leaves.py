"""What a manifest says of one capture: its leaf, and for each part a short hash that tells which part has changed.

The leaf is SHA-256 of one zero byte (RFC 6962) and this document in canonical JSON (RFC 8785):
`{"headers": {name: [value, ...]}, "id": UUID, "sha256": of the bytes as received, in hex, "status": integer,
"time": "2026-11-22T03:00:00.000000Z", "url": address}`."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

# The parts that can differ, in the order of `parts`; `stored` is the compressed form of the body in the database.
PARTS = ("url", "time", "status", "headers", "sha256", "stored")
PART_BYTES = 8
NO_BODY = bytes(PART_BYTES)


class Witnessed(NamedTuple):
    """The columns of a capture that its leaf covers; `sha256` is that of the bytes as received."""

    id: UUID
    url: str
    fetched_at: datetime
    status: int
    headers: dict[str, Any]
    sha256: bytes


def canonical(value: Any) -> bytes:
    """A value of JSON (no fractions) as RFC 8785 writes it: keys by UTF-16 units, no spaces, UTF-8."""
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    return [_ordered(one) for one in value] if isinstance(value, list) else value


def document(capture: Witnessed) -> dict[str, Any]:
    """What the leaf of a capture is made of."""
    return {
        "id": str(capture.id),
        "url": capture.url,
        "time": moment(capture.fetched_at),
        "status": capture.status,
        "headers": capture.headers,
        "sha256": capture.sha256.hex(),
    }


def moment(when: datetime) -> str:
    """A time in UTC to the microsecond, always with all six digits."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def leaf(said: dict[str, Any]) -> bytes:
    """The 32 bytes that stand for a document in a tree."""
    return hashlib.sha256(b"\0" + canonical(said)).digest()


def parts(said: dict[str, Any], stored: bytes | None) -> bytes:
    """A short hash of each part; `stored` is SHA-256 of the compressed body, None where there is no body."""
    values = [hashlib.sha256(canonical(said[name])).digest()[:PART_BYTES] for name in PARTS[:-1]]
    return b"".join([*values, stored[:PART_BYTES] if stored else NO_BODY])


def differing(noted: bytes, found: bytes) -> tuple[str, ...]:
    """The parts that two results of `parts` do not agree on."""
    return tuple(
        name
        for position, name in enumerate(PARTS)
        if noted[position * PART_BYTES : (position + 1) * PART_BYTES]
        != found[position * PART_BYTES : (position + 1) * PART_BYTES]
    )
