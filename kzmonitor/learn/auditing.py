"""The audit as work: the articles of the last days that no model flagged and that a hash drew for a look."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kzmonitor.classify import registry
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents import by_hand, grouping
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.learn.next import AUDIT, Suggestion, open_audit
from kzmonitor.learn.readings import stands
from kzmonitor.store.tables import Article, Review

# A Monday still has Friday's, and each day is asked by a query of its own.
DAYS = 3


def waiting(session: Session, now: datetime) -> list[Suggestion]:
    """What is left to look at of the samples of the last three whole days (UTC), the oldest day first."""
    model = registry.in_use(session)
    if model is None:
        return []
    today = now.astimezone(UTC).date()
    return [one for back in range(DAYS, 0, -1) for one in open_audit(session, model, today - timedelta(days=back))]


def look(
    session: Session,
    article_id: UUID,
    revision_id: UUID,
    reader_id: UUID | None,
    decision: str,
    *,
    labels: Collection[str] = (),
    note: str | None = None,
    now: datetime,
) -> UUID:
    """Keep what a look found: `reject` (nothing), `unsure`, or `correct` with labels, which opens an incident; the id
    of the review. Raises Conflict when somebody else looked meanwhile or the text was edited; InputError."""
    if decision not in ("correct", "reject", "unsure"):
        raise InputError(_("{decision} is not a decision").format(decision=repr(decision[:40])))
    grouping.lock(session)
    article = session.scalar(select(Article).where(Article.id == article_id).with_for_update())
    if article is None:
        raise InputError(_("there is no such article"))
    if article.current_revision != revision_id:
        raise Conflict(_("the outlet changed this text meanwhile; read it again"))
    if session.scalar(_looked(article_id).limit(1)) is not None:
        raise Conflict(_("somebody else looked at this article meanwhile; yours was not kept"))
    if decision == "correct":
        opened = by_hand.open_by_hand(session, article_id, labels, reader_id, now, why=AUDIT, note=note)
        if opened.review is not None:
            return opened.review
    said = None if decision == "unsure" else by_hand.taxonomy_labels(labels) if decision == "correct" else []
    review = by_hand.word(session, article, said, reader_id, now, fields={"why": AUDIT}, note=note)
    by_hand.follow(session, article, said or [], reader_id, now)
    return review.id


def take_back(session: Session, review_id: UUID, reader_id: UUID | None, now: datetime) -> None:
    """Undo one's own look: the article waits again, and an alert that it opened is rejected."""
    grouping.lock(session)
    review = session.scalar(select(Review).where(Review.id == review_id, Review.subject == "article").with_for_update())
    if review is None or review.account_id != reader_id or review.fields.get("why") != AUDIT:
        raise InputError(_("there is no such reading of yours"))
    by_hand.take_back(session, review, reader_id, now)


def _looked(article_id: UUID) -> Select[UUID]:
    return select(Review.id).where(
        Review.subject == "article", Review.subject_id == article_id, Review.decision != "undo", stands(Review)
    )
