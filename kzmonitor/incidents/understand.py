"""Understanding: cut, score, group and open alerts, until nothing is left. Each step is resumable by itself."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kzmonitor import logs
from kzmonitor.classify import registry, scoring
from kzmonitor.collect import articles
from kzmonitor.config import Settings
from kzmonitor.incidents import campaign_keeping, candidates, duplicates, grouping, indexing
from kzmonitor.sources import coverage
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database
from kzmonitor.traces import span


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
    with span("understand"):
        return _understand(database, declarations, settings, now)


def _understand(
    database: Database, declarations: Mapping[str, Declaration], settings: Settings, now: Callable[[], datetime]
) -> Understood:
    done = Understood()
    _stage("cut", database, done.cut, lambda session: articles.cut_waiting(session, declarations))
    _stage("index", database, Counter(), duplicates.index_waiting)
    _score(database, done.scored, settings, now)
    _stage("clues", database, Counter(), lambda session: candidates.note_clues(session, now()))
    _stage("pair", database, Counter(), candidates.judge_pairs)
    _stage("group", database, done.grouped, lambda session: grouping.group_waiting(session, now()))
    with span("campaigns"), database.session() as session:
        campaign_keeping.keep_campaigns_if_due(session, now())
    if done.cut:
        with database.session() as session:
            coverage.count_days(session, now())
    _stage("search", database, Counter(), indexing.index_waiting, most=indexing.MOST_AT_ONCE)
    for step, outcomes in vars(done).items():
        for outcome, count in outcomes.items():
            logs.event("understood", step=step, outcome=outcome, count=count)
    return done


def _score(database: Database, totals: Counter[str], settings: Settings, now: Callable[[], datetime]) -> None:
    """Score what waits. The model is read only when something does: that takes longer than all else of a calm
    minute."""
    with database.session() as session:
        model = registry.in_use(session)
        since = now() - timedelta(days=settings.rescore_days)
        if model is not None and not scoring.unscored(session, model, since, 1):
            return
    with database.session() as session:
        model = registry.champion(session, now())
    fitted = registry.classifier(model)
    _stage(
        "score",
        database,
        totals,
        lambda session: scoring.score_waiting(session, model, fitted, settings.rescore_days, now()),
    )


def _stage(
    name: str,
    database: Database,
    totals: Counter[str],
    step: Callable[[Session], Counter[str]],
    most: float = math.inf,
) -> None:
    with span(name) as told:
        _until_empty(database, totals, step, most)
        told(articles=totals.total())


def _until_empty(
    database: Database, totals: Counter[str], step: Callable[[Session], Counter[str]], most: float = math.inf
) -> None:
    while totals.total() < most:
        with database.session() as session:
            outcomes = step(session)
        if not outcomes:
            return
        totals.update(outcomes)
