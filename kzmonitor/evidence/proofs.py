"""Proof that a capture is covered by a day's manifest: the path of hashes from its leaf to the printed root."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.evidence import manifests, trees
from kzmonitor.store.tables import Manifest, ManifestLeaf

# Days whose trees are kept in memory at once; captures come nearly in the order of their days.
DAYS_AT_HAND = 3


@dataclass(frozen=True)
class Proof:
    """`trees.root_of(leaf, index, size, path)` gives `root` for the leaf of the capture and no other."""

    day: date
    root: bytes
    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class _Day:
    root: bytes
    levels: list[list[bytes]]
    positions: dict[UUID, int]


class Proofs:
    """Makes proofs, with the trees of the last few days at hand."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._days: OrderedDict[date, _Day] = OrderedDict()

    def of(self, capture_id: UUID, day: date) -> Proof:
        """The proof of a capture that the manifest of `day` covers."""
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = _read(self._session, day)
        self._days.move_to_end(day)
        while len(self._days) > DAYS_AT_HAND:
            self._days.popitem(last=False)
        index = known.positions[capture_id]
        return Proof(day, known.root, index, len(known.levels[0]), tuple(trees.path(known.levels, index)))


def _read(session: Session, day: date) -> _Day:
    manifest = session.get_one(Manifest, day)
    query = select(ManifestLeaf.capture_id, ManifestLeaf.leaf).where(ManifestLeaf.day == day)
    rows = session.execute(query.order_by(ManifestLeaf.capture_id)).all()
    last = manifests.day_leaf(day, manifest.captures, manifest.closed_at, manifest.previous_root)
    return _Day(
        root=manifest.root,
        levels=trees.levels([*(row.leaf for row in rows), last]),
        positions={row.capture_id: position for position, row in enumerate(rows)},
    )
