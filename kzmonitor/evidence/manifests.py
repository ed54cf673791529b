"""Daily manifests: one root for all that was captured up to the end of a UTC day and that no earlier day covers.

The leaves of a day stand in the order of the captures' identifiers; the last leaf is that of the day itself and holds
the root of the day before, so that the newest root vouches for all days. A closed day is never opened again: a capture
that was committed late, or imported with an old date, is covered by the next manifest, and so vouched for from then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, insert, select, text
from sqlalchemy.orm import Session

from kzmonitor import logs
from kzmonitor.evidence import leaves
from kzmonitor.evidence.leaves import Witnessed
from kzmonitor.evidence.trees import Tree
from kzmonitor.store import Database
from kzmonitor.store.tables import Capture, Manifest, ManifestLeaf

# Any number will do as long as nothing else locks it; closings of one database wait for each other.
CLOSE_LOCK = 0x6B7A6D61
BATCH = 500
# The last millisecond that a datetime can hold; an identifier that is no UUIDv7 may say more.
LAST_MS = 253_402_300_799_999


@dataclass(frozen=True)
class Seal:
    """What a digest prints: the root of a day, and how many captures it added."""

    day: date
    root: bytes
    captures: int

    @property
    def grouped(self) -> str:
        """The root in eight groups of eight digits, for reading aloud and comparing."""
        return grouped(self.root)


def grouped(root: bytes) -> str:
    """Hexadecimal digits in groups of eight."""
    return root.hex(" ", 4)


def close(database: Database, now: datetime) -> list[date]:
    """Close every UTC day that has ended and has no manifest, in order, each in a transaction of its own.

    Gives the days that were closed. Safe to repeat and to run twice at once; days without captures are closed too."""
    closed: list[date] = []
    while (day := _close_next(database, now)) is not None:
        logs.event("sealed", day=day)
        closed.append(day)
    return closed


def _close_next(database: Database, now: datetime) -> date | None:
    with database.session() as session:
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": CLOSE_LOCK})
        last = newest(session)
        day = last.day + timedelta(days=1) if last else _first_day(session)
        if day is None or day >= now.astimezone(UTC).date():
            return None
        _close_day(session, day, last.root if last else None, now)
        return day


def _close_day(session: Session, day: date, previous_root: bytes | None, now: datetime) -> None:
    tree = Tree()
    rows = session.execute(_uncovered(end_of(day)), execution_options={"yield_per": BATCH})
    for partition in rows.partitions():
        batch = [_leaf_row(row, day) for row in partition]
        for one in batch:
            tree.add(one["leaf"])
        session.execute(insert(ManifestLeaf), batch)
    captures = tree.size
    tree.add(day_leaf(day, captures, now, previous_root))
    session.add(Manifest(day=day, root=tree.root(), previous_root=previous_root, captures=captures, closed_at=now))


def _uncovered(end: datetime) -> Select[*tuple[Any, ...]]:
    covered = exists().where(ManifestLeaf.capture_id == Capture.id)
    return (
        select(
            Capture.id,
            Capture.url,
            Capture.fetched_at,
            Capture.status,
            Capture.headers,
            Capture.sha256,
            func.sha256(Capture.body),
        )
        .where(Capture.fetched_at < end, ~covered)
        .order_by(Capture.id)
    )


def _leaf_row(row: Row[*tuple[Any, ...]], day: date) -> dict[str, Any]:
    *columns, stored = row
    said = leaves.document(Witnessed(*columns))
    return {"capture_id": row[0], "day": day, "leaf": leaves.leaf(said), "parts": leaves.parts(said, stored)}


def day_leaf(day: date, captures: int, closed_at: datetime, previous_root: bytes | None) -> bytes:
    """The last leaf of a day, which ties its root to all before it."""
    return leaves.leaf(
        {
            "captures": captures,
            "closed_at": leaves.moment(closed_at),
            "day": day.isoformat(),
            "previous_root": previous_root.hex() if previous_root else None,
        }
    )


def newest(session: Session) -> Manifest | None:
    """The manifest of the last closed day."""
    return session.scalars(select(Manifest).order_by(Manifest.day.desc()).limit(1)).one_or_none()


def all_days(session: Session) -> Iterator[Manifest]:
    """All manifests, first day first."""
    return iter(session.scalars(select(Manifest).order_by(Manifest.day)))


def seal(session: Session, day: date) -> Seal | None:
    """The root of a closed day; None when it is not closed."""
    manifest = session.get(Manifest, day)
    return Seal(manifest.day, manifest.root, manifest.captures) if manifest else None


def end_of(day: date) -> datetime:
    """The first moment after a UTC day."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def stored_at(capture_id: UUID) -> datetime:
    """When a capture was stored, by its identifier (UUIDv7: the first 48 bits are milliseconds since 1970)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(capture_id.int >> 80, LAST_MS))


def _first_day(session: Session) -> date | None:
    """The day on which the first capture was stored: an imported archive may be older, its proof begins here."""
    first = session.scalar(select(Capture.id).order_by(Capture.id).limit(1))
    return stored_at(first).date() if first else None
