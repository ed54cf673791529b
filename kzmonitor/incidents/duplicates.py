"""Near-duplicates: reposts with another headline, agency copy with cuts, a few words changed.

MinHash over word pairs (A. Broder, "On the resemblance and containment of documents", SEQUENCES 1997),
looked up by bands in `article_band`; each candidate is then verified by the containment of its word pairs.
With 255 values in 85 bands of 3 a copy with 30 % of its words changed (Jaccard about 0.32 over pairs) is
found with probability 0.94, an unrelated text (0.02) becomes a candidate in 7 cases of 10,000."""

import hashlib
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Article, ArticleBand, Revision

BANDS = 85
ROWS = 3
# Share of the shorter text's word pairs that the longer one holds, too: from here on it is a copy.
SAME_FROM = 0.4
MOST_CANDIDATES = 200

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Copy:
    """An article that tells the same text; `containment` from `SAME_FROM` to 1."""

    article_id: UUID
    containment: float


def word_pairs(text: str) -> frozenset[int]:
    """64-bit hashes of each two neighbouring words, letter case and punctuation aside."""
    words = "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()
    pairs = pairwise(words) if len(words) > 1 else [(word, "") for word in words]
    return frozenset(
        int.from_bytes(hashlib.blake2b(f"{one} {two}".encode(), digest_size=8).digest()) for one, two in pairs
    )


@cache
def _functions() -> tuple[Hashes, Hashes]:
    """The hash functions a*x+b modulo 2**64, a odd; a constant of the stored bands, so the seed never changes."""
    random = np.random.Generator(np.random.PCG64(20201125))
    factor, offset = random.integers(0, 2**64, (2, BANDS * ROWS), dtype=np.uint64)
    return factor | np.uint64(1), offset


def bands(pairs: frozenset[int]) -> list[int]:
    """One signed 64-bit number a band; texts that share one are candidates. Empty for an empty text."""
    if not pairs:
        return []
    factor, offset = _functions()
    values = np.fromiter(pairs, dtype=np.uint64, count=len(pairs))
    lowest = (values[:, None] * factor + offset).min(axis=0).reshape(BANDS, ROWS)
    return [int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), signed=True) for row in lowest]


def containment(one: frozenset[int], other: frozenset[int]) -> float:
    """Share of the smaller set that the larger holds, 0 to 1."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller else 0.0


def copies(session: Session, article_id: UUID, text: str) -> list[Copy]:
    """The articles that are copies of this one, closest first, among those `remember`ed before."""
    pairs = word_pairs(text)
    keys = bands(pairs)
    if not keys:
        return []
    shared = or_(*(and_(ArticleBand.band == band, ArticleBand.hash == key) for band, key in enumerate(keys)))
    candidates = (
        select(ArticleBand.article_id)
        .where(shared, ArticleBand.article_id != article_id)
        .distinct()
        .limit(MOST_CANDIDATES)
    )
    texts = session.execute(
        select(Article.id, Revision.text)
        .join(Revision, Article.current_revision == Revision.id)
        .where(Article.id.in_(candidates))
    )
    found = [Copy(row.id, containment(pairs, word_pairs(row.text))) for row in texts]
    return sorted((copy for copy in found if copy.containment >= SAME_FROM), key=lambda copy: -copy.containment)


def remember(session: Session, article_id: UUID, text: str) -> None:
    """Note an article's bands, so that later ones find it."""
    rows = [{"band": band, "hash": key, "article_id": article_id} for band, key in enumerate(bands(word_pairs(text)))]
    if rows:
        session.execute(insert(ArticleBand).on_conflict_do_nothing(), rows)
