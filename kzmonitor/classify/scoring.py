"""Scoring: each current revision gets the champion's prediction, once.

What waits is found by an index, however many articles there are: a text that was never scored by `article`'s own
columns, one that another model scored by the name of that model."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Select, select, true, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from kzmonitor.collect.dates import ALMATY
from kzmonitor.store.partitions import first_id
from kzmonitor.store.tables import Article, Capture, Model, Prediction, Revision

if TYPE_CHECKING:
    from kzmonitor.classify.model import Classifier
    from kzmonitor.classify.model import Prediction as Said

BATCH = 100
# Relevance from which an unflagged article is looked at as a copy. Of flagged texts cut to a quarter without headline,
# 43 of the 44 that were not flagged any more had as much; of ordinary news 5 % (Russian) to 29 % (Kazakh).
NEARLY = 0.05
# A revision's id and `created_at` are of one moment but for this long.
SLACK = timedelta(days=1)


def unscored(session: Session, model: Model, since: datetime, limit: int) -> list[Revision]:
    """Up to `limit` current revisions that `model` is to score, newest first, their articles locked until the caller
    commits: those that no model has scored, and only when there are none, those that another one has.

    What another model has scored is scored again only if it was stored after `since`; what was erased, never."""
    for waiting in (_never, partial(_by_others, model=model, since=since)):
        while claimed := session.scalars(waiting(limit=limit)).all():
            query = (
                select(Revision, Capture.erased_at)
                .join(Article, Article.current_revision == Revision.id)
                .join(Capture, Capture.id == Revision.capture_id)
                .where(Article.id.in_(claimed))
                .order_by(Revision.id.desc())
            )
            found = session.execute(query).all()
            kept = [revision for revision, erased_at in found if erased_at is None]
            if kept:
                return kept
            session.execute(
                update(Article)
                .where(Article.id.in_(claimed))
                .values(scored_revision=Article.current_revision, scored_by=model.id)
            )
    return []


def _never(limit: int) -> Select[UUID]:
    """Articles whose text no model has scored, newest first."""
    waiting = select(Article.id).where(Article.current_revision.is_distinct_from(Article.scored_revision))
    return _locked(waiting.order_by(Article.current_revision.desc()).limit(limit))


def _by_others(limit: int, model: Model, since: datetime) -> Select[UUID]:
    """Articles whose text was stored after `since` and scored last by another model: the newest of each model."""
    newest = _locked(
        select(Article.id)
        .where(Article.scored_by == Model.id, Article.current_revision >= first_id(since - SLACK))
        .join(Revision, Revision.id == Article.current_revision)
        .where(Revision.created_at > since)
        .order_by(Article.current_revision.desc())
        .limit(limit)
        .correlate(Model)
    ).lateral()
    return select(newest.c.id).select_from(Model).join(newest, true()).where(Model.id != model.id)


def _locked(query: Select[UUID]) -> Select[UUID]:
    """Only what nobody else works on."""
    return query.with_for_update(skip_locked=True, key_share=True, of=Article)


def score_waiting(
    session: Session, model: Model, fitted: "Classifier", rescore_days: int, now: datetime, limit: int = BATCH
) -> Counter[str]:
    """Score up to `limit` revisions; how many ended in tier mail, queue, or unflagged (empty: none waits)."""
    return score(session, model, fitted, unscored(session, model, now - timedelta(days=rescore_days), limit))


def score(session: Session, model: Model, fitted: "Classifier", revisions: Sequence[Revision]) -> Counter[str]:
    """Score these texts; how many ended in tier mail, queue, or unflagged (empty: there are none). What the model has
    said before, before another one was asked, it is not asked again."""
    if not revisions:
        return Counter()
    ids = [revision.id for revision in revisions]
    said_before = select(Prediction.revision_id, Prediction.tier).where(
        Prediction.model_id == model.id, Prediction.revision_id.in_(ids)
    )
    known = {row.revision_id: row.tier for row in session.execute(said_before)}
    new = [revision for revision in revisions if revision.id not in known]
    days = [one.published_at.astimezone(ALMATY).date() if one.published_at else None for one in new]
    predictions = fitted.predict([(revision.title, revision.text) for revision in new], published=days) if new else []
    if new:
        rows = [_row(revision, prediction) for revision, prediction in zip(new, predictions, strict=True)]
        session.execute(_KEEP, {"model": model.id, "rows": json.dumps(rows, ensure_ascii=False)})
    mark(session, model.id, ids)
    return Counter(tier or "unflagged" for tier in (*known.values(), *(one.tier for one in predictions)))


def _row(revision: Revision, said: "Said") -> dict[str, Any]:
    return {
        "revision": str(revision.id),
        "relevance": said.relevance,
        "probabilities": said.probabilities,
        "labels": list(said.labels),
        "tier": said.tier,
        "reasons": [asdict(reason) for reason in said.reasons],
        "fields": said.fields or {},
    }


# Two workers may have read the same revision: the second finds it done.
_KEEP = sql(
    """
    insert into prediction (revision, model, relevance, probabilities, labels, tier, reasons, fields)
    select revision, :model, relevance, probabilities, array(select jsonb_array_elements_text(labels)), tier, reasons,
        fields
    from jsonb_to_recordset(cast(:rows as jsonb)) as said (
        revision uuid, relevance double precision, probabilities jsonb, labels jsonb, tier text, reasons jsonb,
        fields jsonb
    )
    on conflict do nothing
    """
)
_MARK = sql(
    """
    update article set scored_revision = said.revision, scored_by = said.model,
        clues_due = said.tier is not null or said.relevance >= :nearly
    from prediction as said
    where said.model = :model and said.revision = any(:revisions) and article.current_revision = said.revision
    """
)


def mark(session: Session, model_id: UUID, revisions: Sequence[UUID]) -> None:
    """Note at the articles of these texts that the model has scored them, and whether their clues are to be read."""
    session.flush()
    session.execute(_MARK, {"model": model_id, "revisions": list(revisions), "nearly": NEARLY})
