"""Understanding by many workers: cutting and scoring in shares. What only one may do at a time is left to
`understand`, which also does whatever a share did not live to do."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kzmonitor.classify import registry, scoring
from kzmonitor.collect import articles
from kzmonitor.config import Settings
from kzmonitor.incidents import duplicates
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.store.tables import Entry

# So many articles are worth a task of their own: starting one costs a worker about as much as cutting them.
WORTH_A_SHARE = 100


def shares(session: Session, sources: Collection[str], settings: Settings, now: datetime) -> int:
    """Into how many shares what waits is worth splitting, `settings.shares` at most; 0 when one task does it best."""
    if settings.shares < 2:
        return 0
    waiting = _waiting(session, sources, settings, now, WORTH_A_SHARE * settings.shares)
    return min(settings.shares, waiting // WORTH_A_SHARE) if waiting >= 2 * WORTH_A_SHARE else 0


def _waiting(session: Session, sources: Collection[str], settings: Settings, now: datetime, most: int) -> int:
    """How many pages wait to be cut and texts to be scored; counted up to about `most`."""
    uncut = (
        select(Entry.id)
        .where(Entry.capture_id.is_distinct_from(Entry.cut_id), Entry.source.in_(sources))
        .limit(most)
        .subquery()
    )
    found = session.scalar(select(func.count()).select_from(uncut)) or 0
    model = registry.in_use(session)
    if found >= most or model is None:
        return found
    since = now - timedelta(days=settings.rescore_days)
    return found + len(scoring.unscored(session, model, since, most - found))


def extract(database: Database, declarations: Mapping[str, Declaration]) -> Counter[str]:
    """Cut pages and index their texts beside others who do the same, until none waits; how many ended how."""
    cut = _until_empty(database, lambda session: articles.cut_waiting(session, declarations))
    _until_empty(database, duplicates.index_waiting)
    return cut


def score(database: Database, settings: Settings, now: Callable[[], datetime]) -> Counter[str]:
    """Score texts beside others who do the same, until none waits; how many ended in each tier."""
    with database.session() as session:
        known, since = registry.in_use(session), now() - timedelta(days=settings.rescore_days)
        if known is not None and not scoring.unscored(session, known, since, 1):
            return Counter()  # others were quicker than reading the model takes
    with database.session() as session:
        model = registry.champion(session, now())
    fitted = registry.classifier(model)
    return _until_empty(
        database,
        lambda session: scoring.score_waiting(session, model, fitted, settings.rescore_days, now()),
    )


def _until_empty(database: Database, step: Callable[[Session], Counter[str]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    while True:
        with database.session() as session:
            outcomes = step(session)
        if not outcomes:
            return totals
        totals.update(outcomes)
