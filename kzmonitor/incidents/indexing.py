"""The search index of what was stored before there was one, or by other ways than collecting: filled in batches."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.language.searching import names_vector, search_vector
from kzmonitor.store.tables import Party, Revision

BATCH = 200
# So many a run of `understand`, that today's alerts never wait long for yesterday's texts.
MOST_AT_ONCE = 10_000


def index_waiting(session: Session, limit: int = BATCH) -> Counter[str]:
    """Make up to `limit` texts and as many names findable, newest first; how many (empty when none waits)."""
    outcomes: Counter[str] = Counter()
    texts = (
        select(Revision)
        .where(Revision.search.is_(None), Revision.text != "")
        .order_by(Revision.id.desc())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    for revision in session.scalars(texts):
        revision.search = search_vector(revision.title, revision.text, revision.language)
        outcomes["texts"] += 1
    parties = select(Party).where(Party.search.is_(None)).order_by(Party.id).limit(limit)
    for party in session.scalars(parties.with_for_update(skip_locked=True)):
        party.search = names_vector(party.names)
        outcomes["names"] += 1
    session.flush()
    return outcomes
