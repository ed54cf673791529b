"""Second readings: who reads a text again, without knowing what the first reader said or what the model made of it.

Read again is one decided text in ten, drawn by the hash of its id, so that nobody chooses; and every text whose alert
bore a core label and was rejected, since a report that is lost there is lost for good. A reading is a vote on the text
(votes.py) with `blind`; it decides nothing. Where it differs from the first, adjudication.py settles it."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.incidents import by_hand
from kzmonitor.incidents.reviews import LONGEST_NOTE, REASONS, Conflict
from kzmonitor.learn.votes import VOTING
from kzmonitor.store.tables import Alert, Article, Capture, Incident, Review, Revision, Source, new_id
from kzmonitor.store.tables.understanding import DRAWN, READ_AGAIN

LABELLING = ("confirm", "correct", "reject")
# Of so many that wait each reader begins elsewhere, so that two seldom read the same text at the same time.
AMONG = 20


@dataclass(frozen=True)
class Waiting:
    """A decision whose text waits for a second reading. why: drawn, or rejected (its alert bore a core label)."""

    review: UUID
    revision: UUID
    why: str


@dataclass(frozen=True)
class Shown:
    """A text as a reader sees it: what was published, and nothing that anybody made of it."""

    revision: UUID
    article: UUID
    capture: UUID
    source: str
    url: str
    title: str
    text: str
    language: str
    author: str | None
    published_at: datetime | None
    first_seen: datetime


@dataclass(frozen=True)
class Kept:
    """A reader's own reading that stands. kind: second, audit, or settled."""

    id: UUID
    kind: str
    title: str
    decision: str
    labels: Sequence[str]


def waiting(session: Session, reader_id: UUID | None, *, core: Collection[str], limit: int) -> list[Waiting]:
    """Up to `limit` decisions that wait for this reader's second reading, the last ones first. core: labels whose
    rejections are all read again. Nobody reads again what they read."""
    rows = session.execute(_waiting(reader_id, core).order_by(Review.id.desc()).limit(limit))
    return [Waiting(row.id, row.revision, "drawn" if row.drawn else "rejected") for row in rows]


def first_for(reader_id: UUID | None, waiting: Sequence[Waiting]) -> Waiting | None:
    """What this reader reads next of all that waits, the last ones first; None when nothing does."""

    def place(one: Waiting) -> bytes:
        return hashlib.sha256(f"{reader_id} {one.revision}".encode()).digest()

    return min(waiting[:AMONG], key=place, default=None)


def read(
    session: Session,
    review_id: UUID,
    reader_id: UUID | None,
    decision: str,
    *,
    labels: Collection[str] = (),
    core: Collection[str],
    reason: str | None = None,
    note: str | None = None,
    now: datetime,
) -> Review:
    """The second reading of what a review decided: `correct` with labels of the taxonomy, `reject` or `unsure`.

    Raises Conflict when it no longer waits, since somebody else read it or took the first reading back; InputError when
    the reading makes no sense."""
    said = _said(decision, labels, reason, note)
    # Two who read the same text at once take turns here; the second finds that it does not wait any more.
    first = session.scalar(select(Review).where(Review.id == review_id).with_for_update())
    if first is None or session.execute(_waiting(reader_id, core).where(Review.id == review_id)).first() is None:
        raise Conflict(_("this text no longer waits for a second reading; yours was not kept"))
    reading = Review(
        id=new_id(), account_id=reader_id, subject=first.subject, subject_id=first.subject_id,
        revision_id=first.revision_id, decision=decision, labels=said, blind=True, fields={},
        reason=reason if decision == "reject" else None, note=note or None, created_at=now,
    )  # fmt: skip
    session.add(reading)
    session.flush()
    return reading


def take_back(session: Session, reading_id: UUID, reader_id: UUID | None, now: datetime) -> None:
    """Undo a reader's own second reading: the text waits again. Raises Conflict when it was undone or settled since."""
    undo = aliased(Review)
    reading = session.scalar(select(Review).where(Review.id == reading_id, Review.blind).with_for_update())
    if reading is None or reading.account_id != reader_id or reading.decision == "undo":
        raise InputError(_("there is no such reading of yours"))
    gone = session.scalar(select(undo.id).where(undo.undoes == reading_id))
    if gone is not None or session.scalar(select(adjudicated(reading.revision_id))):
        raise Conflict(_("this reading was taken back or settled already"))
    session.add(
        Review(
            id=new_id(), account_id=reader_id, subject=reading.subject, subject_id=reading.subject_id,
            decision="undo", undoes=reading_id, blind=True, fields={}, created_at=now,
        )
    )  # fmt: skip
    session.flush()


def kept(session: Session, review_id: UUID, reader_id: UUID | None) -> Kept | None:
    """A reading of this reader that was not taken back."""
    query = (
        select(Review, Revision.title)
        .join(Revision, Revision.id == Review.revision_id)
        .where(Review.id == review_id, Review.account_id.is_not_distinct_from(literal(reader_id, Uuid)), stands(Review))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    review, title = row
    kind = "second" if review.blind else "settled" if review.fields.get("adjudicates") else "audit"
    return Kept(review.id, kind, title, review.decision, review.labels or ())


def shown(session: Session, revision_id: UUID) -> Shown | None:
    """A text as it is read blind; None when there is none, or it was erased."""
    query = (
        select(
            Revision.id, Revision.article_id, Revision.capture_id, Source.name, Article.canonical_url, Revision.title,
            Revision.text, Revision.language, Revision.author, Revision.published_at, Article.first_seen,
        )
        .join(Article, Article.id == Revision.article_id)
        .join(Source, Source.slug == Article.source)
        .join(Capture, Capture.id == Revision.capture_id)
        .where(Revision.id == revision_id, Capture.erased_at.is_(None))
    )  # fmt: skip
    row = session.execute(query).one_or_none()
    return Shown(*row) if row else None


def adjudicated(revision_id: object) -> ColumnElement[bool]:
    """Condition: readings of a text were settled, and that stands."""
    settling, undo = aliased(Review), aliased(Review)
    return (
        select(settling.id)
        .where(settling.revision_id == revision_id, settling.fields["adjudicates"].as_boolean())
        .where(~select(undo.id).where(undo.undoes == settling.id).exists())
        .exists()
    )


def stands(review: type[Review]) -> ColumnElement[bool]:
    """Condition: a review was not undone."""
    undo = aliased(Review)
    return ~select(undo.id).where(undo.undoes == review.id).exists()


def _said(decision: str, labels: Collection[str], reason: str | None, note: str | None) -> Sequence[str] | None:
    if decision not in ("correct", "reject", "unsure"):
        raise InputError(_("{decision} is not a decision").format(decision=repr(decision[:40])))
    if reason and reason not in REASONS:
        raise InputError(_("{reason} is not a reason to reject an alert").format(reason=repr(reason[:40])))
    if note and (len(note) > LONGEST_NOTE or "\0" in note):
        raise InputError(_("a note is text of up to {number} characters").format(number=LONGEST_NOTE))
    return by_hand.taxonomy_labels(labels) if decision == "correct" else None


def _waiting(reader_id: UUID | None, core: Collection[str]) -> Select[UUID, UUID | None, bool]:
    """First readings that ask for a second one by this reader."""
    other = aliased(Review)
    drawn = literal_column(DRAWN, Boolean)
    # Asked row by row: an `exists` would have all incidents, and all captures, read first.
    bore_core = (
        select(Incident.labels.overlap(literal(sorted(core), ARRAY(Text))))
        .join(Alert, Alert.incident_id == Incident.id)
        .where(Review.subject == "alert", Alert.id == Review.subject_id)
        .correlate(Review)
        .scalar_subquery()
    )
    read_since = (
        select(other.id)
        .where(other.revision_id == Review.revision_id, other.id != Review.id, other.decision.in_(VOTING))
        .where(
            or_(
                other.account_id.is_distinct_from(Review.account_id) & other.decision.in_(LABELLING),
                other.account_id.is_not_distinct_from(Review.account_id) & (other.id > Review.id),
                other.account_id.is_not_distinct_from(literal(reader_id, Uuid)),
            ),
            stands(other),
        )
        .exists()
    )
    erased_at = (
        select(Capture.erased_at)
        .join(Revision, Revision.capture_id == Capture.id)
        .where(Revision.id == Review.revision_id)
        .correlate(Review)
        .scalar_subquery()
    )
    return (
        select(Review.id, Review.revision_id.label("revision"), drawn.label("drawn"))
        .where(text(READ_AGAIN), or_(drawn, and_(Review.decision == "reject", bore_core)))
        .where(Review.account_id.is_distinct_from(literal(reader_id, Uuid)))
        .where(~func.coalesce(Review.fields["adjudicates"].as_boolean(), False))
        .where(stands(Review), ~read_since, erased_at.is_(None))
    )
