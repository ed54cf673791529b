"""Understanding: cut, score, group and open alerts, until nothing is left. Each step is resumable by itself."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from kzmonitor import logs
from kzmonitor.classify import registry, scoring
from kzmonitor.collect import articles
from kzmonitor.config import Settings
from kzmonitor.incidents import campaign_keeping, candidates, duplicates, grouping, indexing
from kzmonitor.sources import coverage
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database


@dataclass
class Understood:
    """How many articles ended in each outcome of each step."""

    cut: Counter[str] = field(default_factory=Counter)
    scored: Counter[str] = field(default_factory=Counter)
    grouped: Counter[str] = field(default_factory=Counter)


def understand(
    database: Database, declarations: Mapping[str, Declaration], settings: Settings, now: Callable[[], datetime]
) -> Understood:
    """Do all that waits, a batch a transaction; what several workers do together is done once."""
    done = Understood()
    _until_empty(database, done.cut, lambda session: articles.cut_waiting(session, declarations))
    _until_empty(database, Counter(), duplicates.index_waiting)
    with database.session() as session:
        model = registry.champion(session, now())
    fitted = registry.classifier(model)
    _until_empty(
        database,
        done.scored,
        lambda session: scoring.score_waiting(session, model, fitted, settings.rescore_days, now()),
    )
    _until_empty(database, Counter(), lambda session: candidates.note_clues(session, model.id, now()))
    _until_empty(database, Counter(), candidates.judge_pairs)
    _until_empty(database, done.grouped, lambda session: grouping.group_waiting(session, now()))
    with database.session() as session:
        campaign_keeping.keep_campaigns(session, now())
    if done.cut:
        with database.session() as session:
            coverage.count_days(session, now())
    _until_empty(database, Counter(), indexing.index_waiting, most=indexing.MOST_AT_ONCE)
    for step, outcomes in vars(done).items():
        for outcome, count in outcomes.items():
            logs.event("understood", step=step, outcome=outcome, count=count)
    return done


def _until_empty(
    database: Database, totals: Counter[str], step: Callable[[Session], Counter[str]], most: float = math.inf
) -> None:
    while totals.total() < most:
        with database.session() as session:
            outcomes = step(session)
        if not outcomes:
            return
        totals.update(outcomes)
