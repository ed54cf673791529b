"""Writing decisions: each is a row of its own, an undo too; nothing that a person said is ever overwritten.

What readers of the digest hear of it. They have been, or will be, told of an alert that a person confirmed, or
that is of tier `mail` and undecided. A decision that moves an alert into that state writes an event `renewed`,
ready now; one that moves it out of it, or changes its labels, writes `corrected` if the alert was in a digest
already. Events are never taken back: the digest tells an alert once, however many events it has in a period,
and as it stands then.

A merge or a split says of pairs of articles that they tell of one event, or not; the incidents are then made anew from
their articles (see grouping.py), so that it holds for what comes later, too.

Who escalates asks for somebody else's look: the alert stands where it stood and is shown as passed on until somebody
decides. A note changes nothing at all. An adjudication (learn/readings.py) holds for its text until it is undone.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from kzmonitor.errors import InputError, KzmonitorError
from kzmonitor.i18n import _
from kzmonitor.incidents import grouping, joining
from kzmonitor.incidents.alerts import DECIDES, Standing, standing, version
from kzmonitor.store.tables import Alert, AlertEvent, DeliveryItem, Incident, IncidentArticle, Review, Revision, new_id

DECISIONS = ("confirm", "correct", "reject", "duplicate", "merge", "split", "unsure", "escalate", "note", "undo")
# These say what a text tells.
LABELLING = ("confirm", "correct", "reject")
# These may change which articles an incident has.
REGROUPING = ("merge", "split", "undo")
# Why an alert is none: the look-alikes that the model must learn to leave alone.
REASONS = ("ordinary_crime", "ordinary_business", "politics", "elsewhere", "no_act", "passing", "old", "other")
LONGEST_NOTE = 4000


class Conflict(KzmonitorError):  # noqa: N818 - the word for it
    """Somebody else decided since the reviewer looked: nothing was written; show what stands now."""


def decide(
    session: Session,
    alert_id: UUID,
    decision: str,
    *,
    labels: Collection[str] | None = None,
    known_labels: Sequence[str] = (),
    reason: str | None = None,
    note: str | None = None,
    seen_version: UUID | None = None,
    revision_id: UUID | None = None,
    account_id: UUID | None = None,
    into: UUID | None = None,
    articles: Collection[UUID] = (),
    fields: Mapping[str, Any] | None = None,
    now: datetime,
) -> Review:
    """The new row of an alert's history.

    labels: for `correct`, some of `known_labels`, the taxonomy's names; a `confirm` keeps those that stand, so
    that no later model changes what was confirmed. reason: for `reject`, one of `REASONS`. seen_version: the
    latest decision that the reviewer saw, None for none. revision_id: the text that was shown. into: for `merge`, the
    alert that tells of the same event. articles: for `split`, those of the alert that tell of another event.
    fields: what is kept with it, `{"adjudicates": True}` where it settles readings that differ.
    Raises Conflict, or InputError when the decision makes no sense."""
    if decision in REGROUPING:
        # Before any row is locked: grouping takes this lock, then rows.
        grouping.lock(session)
    alert = session.scalar(select(Alert).where(Alert.id == alert_id).with_for_update())
    before = standing(session, alert_id)
    if alert is None or before is None:
        raise InputError(_("there is no such alert"))
    if decision != "note" and version(session, alert_id) != seen_version:
        raise Conflict(_("somebody else decided on this alert meanwhile; see what stands now and decide again"))
    if decision != "undo" and session.get_one(Incident, alert.incident_id).redirect_to is not None:
        raise Conflict(_("this alert was merged into another one meanwhile; open that one"))
    _check(decision, reason, note)
    if revision_id is not None:
        _check_told(session, alert, revision_id)
        if decision in LABELLING and not (fields or {}).get("adjudicates"):
            _check_open(session, revision_id)
    pairs = joining.joined(session, alert, into) if decision == "merge" else []
    pairs = joining.parted(session, alert, articles) if decision == "split" else pairs
    review = Review(
        id=_id_after(_latest(session, alert_id)),
        account_id=account_id,
        subject="alert",
        subject_id=alert_id,
        revision_id=revision_id,
        decision=decision,
        labels=_labels(decision, labels, known_labels, before),
        reason=reason if decision == "reject" else None,
        note=note or None,
        fields=dict(fields or {}),
        seen_version=seen_version,
        undoes=_undone_by(session, alert_id) if decision == "undo" else None,
        created_at=now,
    )
    session.add(review)
    session.flush()
    joining.keep(session, review, pairs)
    if rearranged := joining.told_of(session, review):
        grouping.group_again(session, rearranged, now)
        return review
    after = standing(session, alert_id)
    assert after is not None, "the alert is locked"
    _tell(session, alert, before, after, now)
    return review


def _check(decision: str, reason: str | None, note: str | None) -> None:
    if decision not in DECISIONS:
        raise InputError(_("{decision} is not a decision").format(decision=repr(decision[:40])))
    if reason and reason not in REASONS:
        raise InputError(_("{reason} is not a reason to reject an alert").format(reason=repr(reason[:40])))
    if decision == "note" and not note:
        raise InputError(_("write the note first"))
    if note and (len(note) > LONGEST_NOTE or "\0" in note):
        raise InputError(_("a note is text of up to {number} characters").format(number=LONGEST_NOTE))


def _check_told(session: Session, alert: Alert, revision_id: UUID) -> None:
    told = (
        select(Revision.id)
        .join(IncidentArticle, IncidentArticle.article_id == Revision.article_id)
        .where(Revision.id == revision_id, IncidentArticle.incident_id == alert.incident_id)
    )
    if session.scalar(told) is None:
        raise InputError(_("the text that was shown is not of this alert; open the alert again"))


def _check_open(session: Session, revision_id: UUID) -> None:
    undo = aliased(Review)
    adjudicated = (
        select(Review.id)
        .where(Review.revision_id == revision_id, Review.fields["adjudicates"].as_boolean())
        .where(~select(undo).where(undo.undoes == Review.id).exists())
    )
    if session.scalar(adjudicated.limit(1)) is not None:
        raise InputError(_("readings of this text differed and were settled; undo that before you decide otherwise"))


def _labels(decision: str, labels: Collection[str] | None, known: Sequence[str], before: Standing) -> list[str] | None:
    if decision == "confirm":
        return before.labels
    if decision != "correct":
        return None
    if not labels:
        raise InputError(_("choose at least one label, or reject the alert"))
    unknown = sorted(set(labels) - set(known))
    if unknown:
        raise InputError(_("{label} is not a label of the taxonomy").format(label=repr(unknown[0][:40])))
    return [label for label in known if label in labels]


def _latest(session: Session, alert_id: UUID) -> UUID | None:
    query = select(Review.id).where(Review.subject == "alert", Review.subject_id == alert_id)
    return session.scalar(query.order_by(Review.id.desc()).limit(1))


def _id_after(latest: UUID | None) -> UUID:
    """The history is ordered by id: a clock that stands behind another's must not put a decision before it."""
    made = new_id()
    return made if latest is None or made > latest else UUID(int=latest.int + 1)


def _undone_by(session: Session, alert_id: UUID) -> UUID:
    """The latest decision that was not undone yet."""
    undo = aliased(Review)
    query = (
        select(Review.id)
        .where(Review.subject == "alert", Review.subject_id == alert_id, Review.decision != "undo", DECIDES)
        .where(~select(undo).where(undo.undoes == Review.id).exists())
        .order_by(Review.id.desc())
        .limit(1)
    )
    found = session.scalar(query)
    if found is None:
        raise InputError(_("there is no decision to undo"))
    return found


def _tell(session: Session, alert: Alert, before: Standing, after: Standing, now: datetime) -> None:
    """Write the event that readers should hear of, if any."""
    was_told, is_told = _for_readers(alert, before), _for_readers(alert, after)
    relabelled = was_told and is_told and set(before.labels) != set(after.labels)
    if is_told and not was_told:
        kind = "renewed"
    elif (relabelled or (was_told and not is_told)) and _mailed(session, alert.id):
        kind = "corrected"
    else:
        return
    session.add(
        AlertEvent(alert_id=alert.id, kind=kind, from_status=before.status, to_status=after.status, ready_at=now)
    )
    session.flush()


def _for_readers(alert: Alert, stands: Standing) -> bool:
    return stands.status == "confirmed" or (stands.status == "open" and alert.tier == "mail")


def _mailed(session: Session, alert_id: UUID) -> bool:
    told = select(DeliveryItem).join(AlertEvent, AlertEvent.id == DeliveryItem.alert_event_id)
    return bool(session.scalar(select(told.where(AlertEvent.alert_id == alert_id).exists())))
