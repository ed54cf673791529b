"""Writing what an incident is: its row, its parties and their proceedings, its alert and the alert's events.

Idempotent: whatever was kept before, afterwards the database says what the tellings say. The caller groups, holds the
advisory lock, and writes `incident_article`; it calls with the whole group each time the group changes."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect.dates import ALMATY
from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.incidents.events import keep_events, keep_tier
from kzmonitor.incidents.parties import Group
from kzmonitor.incidents.proceedings import UNNAMED, Turn
from kzmonitor.incidents.record import Record, record, weighed
from kzmonitor.incidents.renewals import iso
from kzmonitor.incidents.severity import shipped
from kzmonitor.incidents.telling import Telling
from kzmonitor.language.searching import names_vector
from kzmonitor.store.tables import Alert, Incident, Party, Proceeding, Review, new_id

# The status of a party that the tellings name as a target, and of whom no turn is known.
NAMED = "named"


def keep(session: Session, incident_id: UUID, tellings: Sequence[Telling], now: datetime) -> Alert:
    """Make the rows of the incident what `tellings`, all of them, say; its alert.

    Opens the incident (under this id) and its one alert when there is none yet; takes over the alert of an incident
    that was merged into it where it has none of its own. tellings: at least one, in any order, copies among them."""
    told = record(tellings)
    told = weighed(told, _earlier(session, incident_id, told))
    incident = _incident(session, incident_id, told)
    _proceedings(session, incident, told)
    alert = _alert(session, incident, told, now)
    keep_tier(session, alert, told, tellings, now)
    keep_events(session, alert, told, now)
    return alert


def _incident(session: Session, incident_id: UUID, told: Record) -> Incident:
    incident = session.get(Incident, incident_id) or Incident(id=incident_id)
    incident.title, incident.title_why = told.title, told.title_why
    incident.first_seen, incident.last_seen = told.first_seen, told.last_seen
    incident.labels = list(told.labels)
    incident.severity = told.severity.level
    incident.severity_parts = told.severity.to_json()
    incident.place, incident.region = told.place, told.region
    incident.event_date = told.event_date
    incident.actors = list(told.actors)
    incident.sums = [dict(one) for one in told.sums]
    incident.law = list(told.law)
    incident.people = told.people
    session.add(incident)
    session.flush()
    return incident


def _earlier(session: Session, incident_id: UUID, told: Record) -> int:
    """How many incidents befell one of the parties in the time before that the rule of severity looks back over; of
    several parties the one with the most. What a person rejected does not count."""
    keys = sorted(key for party in told.parties for key in party.keys | {party.key} if key != UNNAMED)
    back = told.first_seen - timedelta(days=shipped().repetition_days)
    query = (
        select(func.count(Incident.id.distinct()).label("number"))
        .join(Proceeding, Proceeding.incident_id == Incident.id)
        .join(Party, Party.id == Proceeding.party_id)
        .join(Alert, Alert.incident_id == Incident.id)
        .join(alert_standing, alert_standing.c.alert == Alert.id)
        .where(Party.key.in_(keys), Incident.id != incident_id, Incident.redirect_to.is_(None))
        .where(Incident.first_seen >= back, Incident.first_seen < told.first_seen)
        .where(alert_standing.c.status.not_in(("rejected", "duplicate")))
        .group_by(Party.id)
        .order_by(func.count(Incident.id.distinct()).desc())
        .limit(1)
    )
    return session.scalar(query) or 0


def _proceedings(session: Session, incident: Incident, told: Record) -> None:
    """One row a party; those of parties that no telling names any more are removed."""
    turns = {proceeding.party.key: proceeding.turns for proceeding in told.proceedings}
    kept = set()
    for party in told.parties:
        row = session.get(Proceeding, (incident.id, party_id := _party(session, incident, party)))
        row = row or Proceeding(incident_id=incident.id, party_id=party_id)
        history = turns.get(party.key, ())
        row.status = history[-1].status if history else NAMED
        row.since = _midnight(history[-1]) if history else told.first_seen
        row.history = [_stored(turn) for turn in history]
        session.add(row)
        kept.add(party_id)
    session.flush()
    gone = session.scalars(
        delete(Proceeding)
        .where(Proceeding.incident_id == incident.id, Proceeding.party_id.not_in(kept))
        .returning(Proceeding.party_id)
    ).all()
    named = select(Proceeding).where(Proceeding.party_id == Party.id).exists()
    session.execute(delete(Party).where(Party.id.in_(gone), ~named))


def _party(session: Session, incident: Incident, party: Group) -> UUID:
    """The row of a party, the same one for all incidents; somebody unnamed is somebody else in each."""
    key = f"{UNNAMED}:{incident.id}" if party.key == UNNAMED else party.key
    new = {"id": new_id(), "key": key, "kind": party.kind, "names": list(party.names), "gazetteer": party.gazetteer}
    session.execute(insert(Party).values(new).on_conflict_do_nothing(index_elements=[Party.key]))
    row = session.scalars(select(Party).where(Party.key == key)).one()
    names = list(dict.fromkeys([*row.names, *party.names]))
    if names != row.names or row.search is None:
        row.names, row.search = names, names_vector(names)
    return row.id


def _stored(turn: Turn) -> dict[str, Any]:
    return {
        "status": turn.status,
        "day": iso(turn.day, turn.precision),
        "time": turn.time,
        "article": str(turn.article_id),
        "words": turn.words,
    }


def _midnight(turn: Turn) -> datetime:
    """When the turn's day began in Kazakhstan."""
    return datetime.combine(turn.day, time(), ALMATY)


def _alert(session: Session, incident: Incident, told: Record, now: datetime) -> Alert:
    """The incident's alert: its own, or that of an incident merged into it (a reviewed one first, then the oldest), so
    that reviews and what was mailed stay with it; else a new one."""
    own = session.scalars(select(Alert).where(Alert.incident_id == incident.id).with_for_update()).one_or_none()
    if own is not None:
        return own
    reviewed = select(Review).where(Review.subject == "alert", Review.subject_id == Alert.id).exists()
    merged = session.scalars(
        select(Alert)
        .join(Incident, Incident.id == Alert.incident_id)
        .where(Incident.redirect_to == incident.id)
        .order_by(reviewed.desc(), Alert.opened_at, Alert.id)
        .limit(1)
        .with_for_update(of=Alert)
    ).one_or_none()
    if merged is not None:
        merged.incident_id = incident.id
        session.flush()
        return merged
    made = Alert(id=new_id(), incident_id=incident.id, tier=told.tier, score=told.score, opened_at=now)
    session.add(made)
    session.flush()
    return made
