"""Retention: what is removed after a time, and what never is.

Whatever an alert, an incident, a review or a watched page stands on stays, however old. Pages that led to nothing lose
what they said, by rule, which `kzmonitor verify` tells and does not call tampering. All of it in short transactions,
oldest first: killed, it goes on where it was; beside collecting and reviewing it holds no row for long."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session, load_only

from kzmonitor import logs
from kzmonitor.config import Settings
from kzmonitor.evidence import erasure
from kzmonitor.store import Database, partitions, retention
from kzmonitor.store.retention import Rule
from kzmonitor.store.tables import AuditLog, Capture

BATCH = 500
TEXTS = "pages that led to nothing"
SCORES = "scores by retired models"
PARTITIONS = "months without rows"

# That article {0} is evidence: flagged by any model, told in an incident or alert, read by a person, or watched.
EVIDENCE = """(
    exists (select from incident_article where article = {0})
    or exists (select from article_clue where article = {0})
    or exists (select from alert_event where article = {0})
    or exists (select from review where subject = 'article' and subject_id = {0})
    or exists (select from pair_label where first = {0}) or exists (select from pair_label where second = {0})
    or exists (select from watch where article = {0})
    or exists (select from page_event where article = {0})
    or exists (select from missed_report where article = {0})
    or {0} in (select article from canary)
    or exists (select from revision as scored join prediction on prediction.revision = scored.id
               where scored.article = {0} and prediction.tier is not null)
)"""

# Of the next captures in order: whether each may go. One whose page still waits to be cut may not.
CAPTURES = f"""
    with following as (
        select id, canonical_url from capture
        where id > :cursor and id < :first and body is not null order by id limit {BATCH}
    )
    select id, not (
        exists (select from revision as cut where cut.capture = following.id and {EVIDENCE.format("cut.article")})
        or exists (select from article as page
                   where page.canonical_url = following.canonical_url and {EVIDENCE.format("page.id")})
        or exists (select from entry
                   where canonical_url = following.canonical_url and capture_id is distinct from cut_id)
        or following.id in (select capture from canary)
        or exists (select from page_event where before_capture = following.id)
        or exists (select from page_event where after_capture = following.id)
        or exists (select from watch where good_capture = following.id)
    ) as may_go
    from following order by id
"""  # noqa: S608 - no value of anybody's
# A text that no model has scored is scored again, so a score goes only beside a newer one or with its text.
PREDICTIONS = f"""
    with following as (
        select revision, model from prediction
        where (revision, model) > (:cursor, :model) and revision < :first
        and model in (select id from model where state = 'retired')
        order by revision, model limit {BATCH}
    )
    select following.revision, following.model, not {EVIDENCE.format("cut.article")} and (
        exists (select from capture where capture.id = cut.capture and erased_at is not null)
        or exists (select from prediction as newer join model on model.id = newer.model
                   where newer.revision = cut.id and model.state <> 'retired')
    ) as may_go
    from following join revision as cut on cut.id = following.revision order by 1, 2
"""  # noqa: S608


@dataclass(frozen=True)
class Pruned:
    """What a rule removed, or would remove. days: how long it keeps; 0: for ever."""

    rule: str
    days: int
    rows: int


def prune(database: Database, settings: Settings, now: datetime, *, dry_run: bool = False) -> Iterator[Pruned]:
    """Apply every rule in turn, and tell of each when it is done. With `dry_run` nothing is changed."""
    done: list[Pruned] = []
    for name, days, rows in _rules(database, settings, now, dry_run):
        done.append(Pruned(name, days, rows))
        if rows and not dry_run:
            logs.event("pruned", rule=name.replace(" ", "-"), count=rows)
        yield done[-1]
    removed = {one.rule: one.rows for one in done if one.rows}
    if removed and not dry_run:
        with database.session() as session:
            session.add(AuditLog(action="prune", subject="database", before=removed, created_at=now))


def _rules(database: Database, settings: Settings, now: datetime, dry_run: bool) -> Iterator[tuple[str, int, int]]:
    days = settings.keep_texts_days
    yield TEXTS, days, _texts(database, now, days, dry_run) if days else 0
    days = settings.keep_scores_days
    yield SCORES, days, _scores(database, now, days, dry_run) if days else 0
    for rule in retention.RULES:
        days = getattr(settings, rule.setting)
        yield rule.name, days, _rows(database, rule, now, days, dry_run) if days else 0
    yield PARTITIONS, 0, _months(database, now, dry_run)


def _texts(database: Database, now: datetime, days: int, dry_run: bool) -> int:
    first, cursor, erased = partitions.first_id(now - timedelta(days=days)), UUID(int=0), 0
    why = f"retention: {TEXTS}, after {days} days"
    while True:
        with database.session() as session:
            rows = session.execute(text(CAPTURES), {"cursor": cursor, "first": first}).all()
            if not rows:
                return erased
            going = [row.id for row in rows if row.may_go]
            erased += len(going) if dry_run else _erase(session, going, why, now)
        cursor = rows[-1].id


def _erase(session: Session, ids: list[UUID], why: str, now: datetime) -> int:
    """Erase those of the captures that nobody else holds or has erased meanwhile."""
    query = select(Capture).where(Capture.id.in_(ids), Capture.erased_at.is_(None)).order_by(Capture.id)
    # What is going to be erased is not read once more.
    query = query.options(load_only(Capture.id, Capture.canonical_url))
    captures = session.scalars(query.with_for_update(skip_locked=True)).all()
    if captures:
        erasure.forget(session, captures, why, now)
    return len(captures)


def _scores(database: Database, now: datetime, days: int, dry_run: bool) -> int:
    first, cursor, removed = partitions.first_id(now - timedelta(days=days)), (UUID(int=0), UUID(int=0)), 0
    while True:
        place = {"cursor": cursor[0], "model": cursor[1], "first": first}
        with database.session() as session:
            rows = session.execute(text(PREDICTIONS), place).all()
            if not rows:
                return removed
            going = [{"revision": row.revision, "model": row.model} for row in rows if row.may_go]
            removed += len(going)
            if going and not dry_run:
                session.execute(text("delete from prediction where revision = :revision and model = :model"), going)
        cursor = (rows[-1].revision, rows[-1].model)


def _rows(database: Database, rule: Rule, now: datetime, days: int, dry_run: bool) -> int:
    if dry_run:
        with database.session() as session:
            return retention.waiting(session, rule, now, days)
    removed = 0
    while True:
        with database.session() as session:
            count = retention.remove(session, rule, now, days)
        removed += count
        if count == 0:
            return removed


def _months(database: Database, now: datetime, dry_run: bool) -> int:
    with database.session() as session:
        empty = partitions.empty_months(session.connection(), now)
    if dry_run:
        return len(empty)
    dropped = 0
    for name in empty:
        with database.session() as session:
            dropped += partitions.drop(session.connection(), name)
    return dropped
