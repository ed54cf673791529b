"""Readings that differ, and the word that settles them: that of a third person, or of an admin, who sees both.

A dispute is a text that somebody read blind and whose readers are at odds (votes.settle). What settles it is a review
with `{"adjudicates": true}`; it also decides on the alert that tells the text, and on one that was opened by hand for
the article. Until then nobody learns from the text, and its alert stands where it stood."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, and_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents import alerts, by_hand, grouping, reviews
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.learn.readings import LABELLING, adjudicated, stands
from kzmonitor.learn.votes import NAMELESS, Vote, by_text, opinions, settle, votes
from kzmonitor.store.tables import Account, Alert, Article, Incident, IncidentArticle, Review, Revision


@dataclass(frozen=True)
class Dispute:
    """A text whose readers differ over labels, or "relevance". readers: their pseudonyms."""

    revision: UUID
    title: str
    language: str
    over: tuple[str, ...]
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """One reader's word on a text. labels: none for irrelevant."""

    review: UUID
    reader: str
    labels: tuple[str, ...]
    reason: str | None
    note: str | None
    blind: bool
    at: datetime


@dataclass(frozen=True)
class Case:
    """A dispute with its readings, the first one first. seen: the latest word on the text; version: the latest decision
    on the alert, if there is one: what an adjudication must have seen."""

    dispute: Dispute
    readings: tuple[Reading, ...]
    alert: UUID | None
    seen: UUID
    version: UUID | None


def disputes(session: Session, limit: int) -> list[Dispute]:
    """Up to `limit` texts whose readers differ and that nobody settled, those read last first."""
    first = aliased(Review)
    none = literal([], ARRAY(Text))
    one, other = func.coalesce(Review.labels, none), func.coalesce(first.labels, none)
    differing = (
        select(first.id)
        .where(first.revision_id == Review.revision_id, first.account_id.is_distinct_from(Review.account_id))
        .where(first.decision.in_(LABELLING), ~and_(one.contains(other), other.contains(one)), stands(first))
        .exists()
    )
    query = (
        select(Review.revision_id)
        .where(Review.blind, Review.decision.in_(LABELLING), stands(Review), differing)
        .where(~adjudicated(Review.revision_id))
        .order_by(Review.id.desc())
        .limit(limit)
    )
    return _at_odds(session, [id for id in session.scalars(query) if id is not None])


def case(session: Session, revision_id: UUID) -> Case | None:
    """One dispute with its readings; None when there is none over this text, or it was settled."""
    found = _at_odds(session, [revision_id])
    if not found:
        return None
    cast = votes(session, [revision_id])
    latest = sorted(vote.review for vote in opinions(cast).values())
    query = (
        select(Review, Account.pseudonym)
        .outerjoin(Account, Account.id == Review.account_id)
        .where(Review.id.in_(latest))
        .order_by(Review.blind, Review.id)
    )
    readings = tuple(_reading(review, by) for review, by in session.execute(query))
    alert = _alert(session, revision_id)
    return Case(
        dispute=found[0],
        readings=readings,
        alert=alert,
        seen=max(vote.review for vote in cast),
        version=alerts.version(session, alert) if alert else None,
    )


def may_settle(dispute: Dispute, pseudonym: str, *, admin: bool) -> bool:
    """Whether a person may settle it: who did not read the text, and every admin."""
    return admin or pseudonym not in dispute.readers


def adjudicate(
    session: Session,
    revision_id: UUID,
    by: UUID | None,
    *,
    labels: Collection[str],
    seen: UUID,
    version: UUID | None,
    admin: bool = False,
    reason: str | None = None,
    note: str | None = None,
    now: datetime,
) -> Review:
    """Settle a dispute: the text bears these labels, or none of them and is irrelevant.

    seen, version: as in the `Case` that was shown. Raises Conflict when somebody read, settled or decided meanwhile;
    InputError when this person is one of its readers, or the labels make no sense."""
    grouping.lock(session)
    session.scalars(select(Review.id).where(Review.revision_id == revision_id).order_by(Review.id).with_for_update())
    found = case(session, revision_id)
    if found is None or (found.seen, found.version) != (seen, version):
        raise Conflict(_("somebody else settled this or decided meanwhile; yours was not kept"))
    pseudonym = session.scalar(select(Account.pseudonym).where(Account.id == by)) if by else NAMELESS
    if not may_settle(found.dispute, pseudonym or NAMELESS, admin=admin):
        raise InputError(_("a third person settles what two readers differ over, or an admin"))
    known = by_hand.taxonomy_labels(labels) if labels else []
    fields = {"adjudicates": True}
    if found.alert is not None:
        return reviews.decide(
            session,
            found.alert,
            "correct" if known else "reject",
            labels=known,
            known_labels=known,
            reason=reason,
            note=note,
            fields=fields,
            seen_version=version,
            revision_id=revision_id,
            account_id=by,
            now=now,
        )
    article = session.get_one(Article, session.get_one(Revision, revision_id).article_id, with_for_update=True)
    review = by_hand.word(session, article, known, by, now, fields=fields, note=note, revision_id=revision_id)
    if article.current_revision == revision_id:
        by_hand.follow(session, article, known, by, now)
    return review


def take_back(session: Session, review_id: UUID, by: UUID | None, now: datetime) -> None:
    """Undo one's own adjudication: the readings differ again. Raises Conflict when somebody decided since."""
    grouping.lock(session)
    review = session.get(Review, review_id)
    if review is None or review.account_id != by or not review.fields.get("adjudicates"):
        raise InputError(_("there is no such reading of yours"))
    if review.subject == "alert":
        reviews.decide(session, review.subject_id, "undo", seen_version=review_id, account_id=by, now=now)
    else:
        by_hand.take_back(session, review, by, now)


def _at_odds(session: Session, texts: Collection[UUID]) -> list[Dispute]:
    """Of some texts those whose readers are at odds, in the order given."""
    cast = by_text(votes(session, texts))
    query = select(Revision.id, Revision.title, Revision.language).where(Revision.id.in_(texts))
    told = {row.id: row for row in session.execute(query)}
    found = []
    for id in dict.fromkeys(texts):
        over = settle(cast.get(id, ())).disputed
        if over and any(vote.blind for vote in cast[id]):
            found.append(Dispute(id, told[id].title, told[id].language, over, _readers(cast[id])))
    return found


def _readers(cast: Collection[Vote]) -> tuple[str, ...]:
    return tuple(sorted(opinions(cast)))


def _reading(review: Review, by: str | None) -> Reading:
    return Reading(
        review=review.id,
        reader=by or NAMELESS,
        labels=tuple(review.labels or ()),
        reason=review.reason,
        note=review.note,
        blind=review.blind,
        at=review.created_at,
    )


def _alert(session: Session, revision_id: UUID) -> UUID | None:
    """The alert that was decided by a first reading of this text and still tells it; None where an article was read,
    or its incident is another one by now."""
    query = (
        select(Alert.id)
        .join(Review, and_(Review.subject == "alert", Review.subject_id == Alert.id))
        .join(Incident, Incident.id == Alert.incident_id)
        .join(IncidentArticle, IncidentArticle.incident_id == Incident.id)
        .join(Revision, Revision.article_id == IncidentArticle.article_id)
        .where(Review.revision_id == revision_id, Revision.id == revision_id, Incident.redirect_to.is_(None))
        .order_by(Review.id.desc())
    )
    return session.scalar(query.limit(1))
