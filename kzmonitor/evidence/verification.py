"""Verification: what the database holds now against what the manifests say it held."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import zstandard
from sqlalchemy import Row, Select, exists, select
from sqlalchemy.orm import Session

from kzmonitor.errors import InputError
from kzmonitor.evidence import leaves, manifests, timestamps
from kzmonitor.evidence.leaves import Witnessed
from kzmonitor.evidence.trees import Tree
from kzmonitor.i18n import _
from kzmonitor.store.tables import Capture, Manifest, ManifestLeaf

# Bodies come with their rows: so many are in memory at once.
BATCH = 20
CHUNK = 1 << 20
# A transaction that was open while a day was closed may commit a capture after it; none is open for an hour.
COMMITTED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Problem:
    """One thing that does not match. `state` names it.

    Of a capture: changed (what of it is in `parts`: of `leaves.PARTS`, or body), missing, body-gone (without a rule),
    erased-but-there, in-no-manifest. Of the rows of a manifest: leaf-changed, parts-changed, root, count, chain,
    day-missing, manifest-missing, timestamp."""

    state: str
    day: date | None = None
    capture: UUID | None = None
    url: str | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Erased:
    """A capture whose body was erased by rule: no tampering."""

    capture: UUID
    url: str
    when: datetime
    why: str


@dataclass(frozen=True)
class Day:
    """A manifest that was checked. timestamp: `stamped`, the named failure of the last try, or None."""

    day: date
    root: bytes
    captures: int
    timestamp: str | None


@dataclass
class Verified:
    """The outcome. captures: how many were read; waiting: those of them that the next manifest will cover."""

    captures: int = 0
    waiting: int = 0
    days: list[Day] = field(default_factory=list)
    erased: list[Erased] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def verify(session: Session, day: date | None = None) -> Verified:
    """Check everything, or one UTC day: bodies, leaves, roots, chain, timestamps, and that no capture is left out.

    Reads in batches, so memory does not grow with the number of captures. Raises InputError when `day` has no
    manifest. The session should be in one snapshot (repeatable read), so that a closing beside it is not seen half."""
    days = list(manifests.all_days(session))
    if day is not None and day not in {manifest.day for manifest in days}:
        raise InputError(_no_manifest(day, days))
    done = Verified()
    before: Manifest | None = None
    for manifest in days:
        if day is None or manifest.day == day:
            _check_day(session, manifest, before, done)
        before = manifest
    if day is None:
        _check_orphans(session, done)
    _check_uncovered(session, days[-1] if days else None, day, done)
    return done


def _no_manifest(day: date, days: list[Manifest]) -> str:
    if not days:
        return _("{day}: no day has been closed yet; kzmonitor digest closes those that have ended").format(day=day)
    return _("{day}: no manifest of that day; there are those of {first} to {last}").format(
        day=day, first=days[0].day, last=days[-1].day
    )


def _check_day(session: Session, manifest: Manifest, before: Manifest | None, done: Verified) -> None:
    day = manifest.day
    if before is not None and before.day != day - timedelta(days=1):
        done.problems.append(Problem("day-missing", day - timedelta(days=1)))
    if manifest.previous_root != (before.root if before else None):
        done.problems.append(Problem("chain", day))
    tree = Tree()
    for row in _rows(session, _covered(day)):
        tree.add(row.leaf)
        done.captures += 1
        done.problems += _problems_of(row, day, done)
    if tree.size != manifest.captures:
        done.problems.append(Problem("count", day))
    tree.add(manifests.day_leaf(day, manifest.captures, manifest.closed_at, manifest.previous_root))
    if tree.root() != manifest.root:
        done.problems.append(Problem("root", day))
    if manifest.timestamp is not None and timestamps.fault(manifest.timestamp, manifest.root) is not None:
        done.problems.append(Problem("timestamp", day))
    done.days.append(Day(day, manifest.root, manifest.captures, manifest.timestamp_state))


def _columns() -> tuple[Any, ...]:
    return (
        Capture.id,
        Capture.url,
        Capture.fetched_at,
        Capture.status,
        Capture.headers,
        Capture.sha256,
        Capture.body,
        Capture.erased_at,
        Capture.erased_why,
    )


def _covered(day: date) -> Select[*tuple[Any, ...]]:
    return (
        select(ManifestLeaf.capture_id, ManifestLeaf.leaf, ManifestLeaf.parts, *_columns())
        .outerjoin(Capture, Capture.id == ManifestLeaf.capture_id)
        .where(ManifestLeaf.day == day)
        .order_by(ManifestLeaf.capture_id)
    )


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
    yield from session.execute(query, execution_options={"yield_per": BATCH})


def _problems_of(row: Row[*tuple[Any, ...]], day: date, done: Verified) -> list[Problem]:
    if row.id is None:
        return [Problem("missing", day, row.capture_id)]
    problems = _body_problems(row, day, done)
    body_is_wrong = any("body" in one.parts for one in problems)
    said = leaves.document(Witnessed(*row[3:9]))
    stored = hashlib.sha256(row.body).digest() if row.body is not None else None
    noted = row.parts if row.body is not None else row.parts[: -leaves.PART_BYTES] + leaves.NO_BODY
    different = leaves.differing(noted, leaves.parts(said, stored))
    same_leaf = leaves.leaf(said) == row.leaf
    if same_leaf and set(different) - {"stored"}:
        return [*problems, Problem("parts-changed", day, row.id, row.url)]
    if not same_leaf and not set(different) - {"stored"}:
        problems.append(Problem("leaf-changed", day, row.id, row.url))
    if not different:
        return problems
    if body_is_wrong:  # told in the same line: the bytes themselves, or only the hash beside them
        problems = [one for one in problems if "body" not in one.parts]
        different = tuple("body" if name == "stored" else name for name in different)
    return [*problems, Problem("changed", day, row.id, row.url, different)]


def _body_problems(row: Row[*tuple[Any, ...]], day: date | None, done: Verified) -> list[Problem]:
    """What is wrong with a body by itself. A body that was erased by rule is noted, and no problem."""
    if row.body is None and row.erased_at is not None:
        done.erased.append(Erased(row.id, row.url, row.erased_at, row.erased_why or ""))
        return []
    if row.body is None:
        return [Problem("body-gone", day, row.id, row.url)]
    if row.erased_at is not None:
        return [Problem("erased-but-there", day, row.id, row.url)]
    if received_sha256(row.body) != row.sha256:
        return [Problem("changed", day, row.id, row.url, ("body",))]
    return []


def received_sha256(stored: bytes) -> bytes | None:
    """SHA-256 of the bytes as received, from their compressed form; None when it can't be decompressed."""
    digest = hashlib.sha256()
    try:
        with zstandard.ZstdDecompressor().stream_reader(stored) as reader:
            while chunk := reader.read(CHUNK):
                digest.update(chunk)
    except zstandard.ZstdError:
        return None
    return digest.digest()


def _check_orphans(session: Session, done: Verified) -> None:
    """Leaves of days that have no manifest: their row was removed."""
    known = exists().where(Manifest.day == ManifestLeaf.day)
    for day in session.scalars(select(ManifestLeaf.day).where(~known).distinct().order_by(ManifestLeaf.day)):
        done.problems.append(Problem("manifest-missing", day))


def _check_uncovered(session: Session, last: Manifest | None, day: date | None, done: Verified) -> None:
    """Captures that no manifest covers: those of today and late ones wait; one that should be in it is a problem."""
    query = select(*_columns()).where(~exists().where(ManifestLeaf.capture_id == Capture.id)).order_by(Capture.id)
    if day is not None:
        start = manifests.end_of(day - timedelta(days=1))
        query = query.where(Capture.fetched_at >= start, Capture.fetched_at < manifests.end_of(day))
    for row in _rows(session, query):
        done.captures += 1
        done.problems += _body_problems(row, None, done)
        if last is not None and _was_there(row, last):
            done.problems.append(Problem("in-no-manifest", None, row.id, row.url))
        else:
            done.waiting += 1


def _was_there(row: Row[*tuple[Any, ...]], last: Manifest) -> bool:
    """Whether a capture says that it was stored well before the last closing, and of a day that was closed then."""
    stored_before = manifests.stored_at(row.id) < last.closed_at - COMMITTED_WITHIN
    return stored_before and bool(row.fetched_at < manifests.end_of(last.day))
