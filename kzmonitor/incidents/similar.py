"""Past incidents that a person may want beside this one, each with the one reason why: it befell the same party, was
of the same kind in the same region, or is told with the same rare clues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, literal, select
from sqlalchemy.orm import Session, aliased

from kzmonitor.incidents.grouping import ROUND_UP
from kzmonitor.store.tables import Alert, AlertRank, ClueToken, Incident, IncidentArticle, Party, Proceeding

SHOWN = 6
# What one party suffered matters for years; the same kind in the same region only for so long.
REGION_DAYS = 90
# A clue that more articles hold is none of this incident's own; so many of its rarest are looked up.
COMMON, LOOKED_UP = 20, 40
PARTY, CLUES, PLACE = "party", "clues", "place"
# An incident, why it is similar, and what is shared.
Way = tuple[UUID, str, tuple[str, ...]]


@dataclass(frozen=True)
class Similar:
    """Another incident with its alert, and why it stands here. why: party (shared: its names), clues (shared: how many)
    or place (shared: the labels of both)."""

    incident_id: UUID
    alert_id: UUID
    title: str
    status: str
    severity: int
    first_seen: datetime
    why: str
    shared: tuple[str, ...]


def similar(session: Session, incident_id: UUID, limit: int = SHOWN) -> list[Similar]:
    """Up to `limit` incidents (at most `SHOWN`), each once: those of the same party first, then those that share clues,
    then those of the same place and kind."""
    incident = session.get(Incident, incident_id)
    if incident is None:
        return []
    found: dict[UUID, tuple[str, tuple[str, ...]]] = {}
    for ways in (_same_party(session, incident_id), _same_clues(session, incident_id), _same_place(session, incident)):
        if len(found) >= limit:
            break
        for other, why, shared in ways:
            if len(found) < limit:
                found.setdefault(other, (why, shared))
    return _lines(session, found)


def _lines(session: Session, found: dict[UUID, tuple[str, tuple[str, ...]]]) -> list[Similar]:
    query = (
        select(Incident, AlertRank.alert_id, AlertRank.status)
        .join(Alert, Alert.incident_id == Incident.id)
        .join(AlertRank, AlertRank.alert_id == Alert.id)
        .where(Incident.id.in_(found))
    )
    rows = {row[0].id: row for row in session.execute(query)} if found else {}
    return [
        Similar(id, alert, rows[id][0].title, status, rows[id][0].severity, rows[id][0].first_seen, why, shared)
        for id, (why, shared) in found.items()
        if id in rows
        for _, alert, status in (rows[id],)
    ]


@cache
def _of_same_party() -> Select[UUID, Sequence[Any]]:
    mine, theirs = aliased(Proceeding), aliased(Proceeding)
    return (
        select(Incident.id, func.array_agg(Party.names[1]))
        .select_from(mine)
        .join(theirs, and_(theirs.party_id == mine.party_id, theirs.incident_id != mine.incident_id))
        .join(Party, Party.id == mine.party_id)
        .join(Incident, Incident.id == theirs.incident_id)
        .where(mine.incident_id == bindparam("incident"), Incident.redirect_to.is_(None))
        .group_by(Incident.id)
        .order_by(Incident.last_seen.desc(), Incident.id)
        .limit(SHOWN)
    )


@cache
def _of_same_clues() -> Select[UUID, int]:
    """Those whose articles share most of the rare clues: at least two of them."""
    mine, theirs, other = aliased(ClueToken), aliased(ClueToken), aliased(ClueToken)
    own = select(IncidentArticle.article_id).where(IncidentArticle.incident_id == bindparam("incident"))
    held = select(literal(1)).where(theirs.token == mine.token).limit(COMMON + 1).correlate(mine)
    holding = select(func.count()).select_from(held.subquery()).correlate(mine)
    rare = (
        select(mine.token)
        .where(mine.article_id.in_(own))
        .where(holding.scalar_subquery().between(2, COMMON))
        .distinct()
        .limit(LOOKED_UP)
        .cte()
    )
    number = func.count(other.token.distinct())
    return (
        select(IncidentArticle.incident_id, number)
        .select_from(rare)
        .join(other, other.token == rare.c.token)
        .join(IncidentArticle, IncidentArticle.article_id == other.article_id)
        .join(Incident, Incident.id == IncidentArticle.incident_id)
        .where(IncidentArticle.incident_id != bindparam("incident"), IncidentArticle.why != ROUND_UP)
        .where(Incident.redirect_to.is_(None))
        .group_by(IncidentArticle.incident_id)
        .having(number >= 2)
        .order_by(number.desc(), IncidentArticle.incident_id)
        .limit(SHOWN)
    )


def _same_party(session: Session, incident_id: UUID) -> Iterator[Way]:
    for other, names in session.execute(_of_same_party(), {"incident": incident_id}):
        yield other, PARTY, tuple(sorted({name for name in names if name}))


def _same_clues(session: Session, incident_id: UUID) -> Iterator[Way]:
    for id, shared in session.execute(_of_same_clues(), {"incident": incident_id}):
        yield id, CLUES, (str(shared),)


def _same_place(session: Session, incident: Incident) -> Iterator[Way]:
    if incident.region is None or not incident.labels:
        return
    query = (
        select(Incident.id, Incident.labels)
        .where(Incident.region == incident.region, Incident.labels.overlap(incident.labels))
        .where(Incident.last_seen.between(incident.first_seen - timedelta(days=REGION_DAYS), incident.last_seen))
        .where(Incident.id != incident.id, Incident.redirect_to.is_(None))
        .order_by(Incident.last_seen.desc(), Incident.id)
        .limit(SHOWN)
    )
    for id, labels in session.execute(query):
        yield id, PLACE, tuple(label for label in labels if label in incident.labels)
