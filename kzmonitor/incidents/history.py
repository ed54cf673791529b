"""Everything that was done to an alert: who, when, what, and how it stood before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit
from kzmonitor.incidents.alerts import Event, moved_to
from kzmonitor.incidents.assignments import ASSIGNED
from kzmonitor.store.tables import Account, Alert, AlertEvent, Incident, Review

STATUS = {
    "confirm": "confirmed", "correct": "confirmed", "reject": "rejected", "duplicate": "duplicate",
    "merge": "duplicate",
}  # fmt: skip
MOST_LOGGED = 200


@dataclass(frozen=True)
class Entry:
    """One thing that was done. kind: review, event, assignment, merged (another alert into this one), or log.

    by: a pseudonym; None for what nobody did, or before there were accounts. what: the decision, the kind of event, or
    the action of the log. status, known: how the alert stood before a decision, and its labels then where a person had
    said them. person, given: who had the alert before, and who has it since. other: the alert that it was merged into,
    or that was merged into it."""

    at: datetime
    kind: str
    what: str
    by: str | None = None
    labels: Sequence[str] | None = None
    reason: str | None = None
    note: str | None = None
    undone: bool = False
    blind: bool = False
    adjudicates: bool = False
    status: str | None = None
    known: Sequence[str] | None = None
    person: str | None = None
    given: str | None = None
    other: UUID | None = None
    event: Event | None = None


def history(session: Session, alert_id: UUID) -> list[Entry]:
    """All that was done to an alert, oldest first."""
    entries = [
        *_reviews(session, alert_id),
        *_events(session, alert_id),
        *_merged(session, alert_id),
        *_logged(session, alert_id),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def _reviews(session: Session, alert_id: UUID) -> Iterator[Entry]:
    query = (
        select(Review, Account.pseudonym)
        .outerjoin(Account, Account.id == Review.account_id)
        .where(Review.subject == "alert", Review.subject_id == alert_id)
        .order_by(Review.id)
    )
    rows = session.execute(query).all()
    undone = {review.undoes for review, _ in rows}
    into = moved_to(session, alert_id)
    standing: dict[UUID, Review] = {}
    for review, by in rows:
        before = next(reversed(standing.values()), None)
        entry = Entry(
            at=review.created_at, kind="review", what=review.decision, by=by, labels=review.labels,
            reason=review.reason, note=review.note, undone=review.id in undone, blind=review.blind,
            adjudicates=review.fields.get("adjudicates") is True,
        )  # fmt: skip
        if review.decision == "merge":
            entry = replace(entry, other=into)
        if review.decision == "undo" or (review.decision in STATUS and not review.blind):
            known = before.labels if before else None
            entry = replace(entry, status=STATUS[before.decision] if before else "open", known=known)
        if review.undoes is not None:
            standing.pop(review.undoes, None)
        elif review.decision in STATUS and not review.blind:
            standing[review.id] = review
        yield entry


def _events(session: Session, alert_id: UUID) -> Iterator[Entry]:
    query = (
        select(
            AlertEvent.kind, AlertEvent.name, AlertEvent.from_status, AlertEvent.to_status, AlertEvent.day,
            AlertEvent.late, AlertEvent.ready_at,
        )
        .where(AlertEvent.alert_id == alert_id)
        .order_by(AlertEvent.ready_at, AlertEvent.id)
    )  # fmt: skip
    for row in session.execute(query):
        event = Event(*row)
        yield Entry(at=event.ready_at, kind="event", what=event.kind, event=event)


def _merged(session: Session, alert_id: UUID) -> Iterator[Entry]:
    """That people merged other alerts into this one."""
    own = select(Alert.incident_id).where(Alert.id == alert_id).scalar_subquery()
    query = (
        select(Review.created_at, Review.subject_id, Account.pseudonym)
        .join(Alert, (Review.subject == "alert") & (Alert.id == Review.subject_id))
        .join(Incident, Incident.id == Alert.incident_id)
        .outerjoin(Account, Account.id == Review.account_id)
        .where(Incident.redirect_to == own, Review.decision == "merge")
    )
    for at, other, by in session.execute(query):
        yield Entry(at=at, kind="merged", what="merge", by=by, other=other)


def _logged(session: Session, alert_id: UUID) -> Iterator[Entry]:
    """What the log of actions holds; an assignment is told by who had the alert before, so the next one, or the alert
    itself, says who was given it."""
    lines = audit.entries(session, limit=MOST_LOGGED, of=("alert", alert_id))
    assigned = select(Alert.assigned_to).where(Alert.id == alert_id)
    holder = session.scalar(assigned)
    names = _names(session, [*(_had(line) for line in lines), holder])
    given = names.get(holder)
    for line in lines:
        if line.action != ASSIGNED:
            yield Entry(at=line.at, kind="log", what=line.action, by=line.by)
            continue
        had = names.get(_had(line))
        yield Entry(at=line.at, kind="assignment", what=line.action, by=line.by, person=had, given=given)
        given = had


def _had(line: audit.Entry) -> UUID | None:
    had = (line.before or {}).get("assigned_to")
    return UUID(had) if had else None


def _names(session: Session, accounts: Sequence[UUID | None]) -> dict[UUID | None, str]:
    query = select(Account.id, Account.pseudonym).where(Account.id.in_({id for id in accounts if id}))
    return {row.id: row.pseudonym for row in session.execute(query)}
