"""Scoring: each current revision gets the champion's prediction, once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect.dates import ALMATY
from kzmonitor.store.tables import Article, Capture, Model, Prediction, Revision

if TYPE_CHECKING:
    from kzmonitor.classify.model import Classifier

BATCH = 100


def unscored(session: Session, model: Model, since: datetime, limit: int) -> list[Revision]:
    """Up to `limit` current revisions that `model` has not seen, newest first, locked until the caller commits.

    What another model has scored is scored again only if it was stored after `since`; what was erased, never."""
    by_this = select(Prediction).where(Prediction.revision_id == Revision.id, Prediction.model_id == model.id)
    by_any = select(Prediction).where(Prediction.revision_id == Revision.id)
    erased = select(Capture).where(Capture.id == Revision.capture_id, Capture.erased_at.is_not(None))
    query = (
        select(Revision)
        .join(Article, Article.current_revision == Revision.id)
        .where(~by_this.exists(), or_(Revision.created_at > since, ~by_any.exists()), ~erased.exists())
        .order_by(Revision.id.desc())
        .limit(limit)
        .with_for_update(skip_locked=True, of=Revision)
    )
    return list(session.scalars(query))


def score_waiting(
    session: Session, model: Model, fitted: "Classifier", rescore_days: int, now: datetime, limit: int = BATCH
) -> Counter[str]:
    """Score up to `limit` revisions; how many ended in tier mail, queue, or unflagged (empty: none waits)."""
    return score(session, model, fitted, unscored(session, model, now - timedelta(days=rescore_days), limit))


def score(session: Session, model: Model, fitted: "Classifier", revisions: Sequence[Revision]) -> Counter[str]:
    """Score these texts; how many ended in tier mail, queue, or unflagged (empty: there are none)."""
    if not revisions:
        return Counter()
    days = [one.published_at.astimezone(ALMATY).date() if one.published_at else None for one in revisions]
    predictions = fitted.predict([(revision.title, revision.text) for revision in revisions], published=days)
    rows = [
        {
            "revision_id": revision.id,
            "model_id": model.id,
            "relevance": prediction.relevance,
            "probabilities": prediction.probabilities,
            "labels": list(prediction.labels),
            "tier": prediction.tier,
            "reasons": [asdict(reason) for reason in prediction.reasons],
            "fields": prediction.fields or {},
        }
        for revision, prediction in zip(revisions, predictions, strict=True)
    ]
    # Two workers may have read the same revision: the second finds it done.
    session.execute(insert(Prediction).on_conflict_do_nothing(), rows)
    return Counter(prediction.tier or "unflagged" for prediction in predictions)
