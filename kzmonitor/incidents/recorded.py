"""Reading what was kept of incidents: their parties with status and turns, their severity by parts, and the rest."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.incidents.severity import Part, parts_of
from kzmonitor.store.tables import Incident, Party, Proceeding


@dataclass(frozen=True)
class TurnView:
    """A turn of a proceeding. day: ISO day or month; time: 2 when it came to this status a second time."""

    status: str
    day: str
    time: int
    article: str


@dataclass(frozen=True)
class PartyView:
    """A party of an incident: who it is, where its case stands, and how it came there. names: as all tellings write
    it, empty for somebody unnamed; status: `named` where no turn is known."""

    key: str
    kind: str
    names: list[str]
    gazetteer: str | None
    status: str
    turns: list[TurnView]


@dataclass(frozen=True)
class RecordView:
    """What an incident's row says beside the line of its alert. title_why: first or surest telling; event_date: ISO day
    or month; law: ids as in `language.articles`; people: how many it befell."""

    parties: list[PartyView]
    severity_parts: list[Part]
    title_why: str
    event_date: str | None
    sums: list[Mapping[str, Any]]
    law: list[str]
    people: int | None


def record_of(incident: Incident, parties: list[PartyView]) -> RecordView:
    """The record of an incident whose parties were read."""
    return RecordView(
        parties=parties,
        severity_parts=list(parts_of(incident.severity_parts)),
        title_why=incident.title_why,
        event_date=incident.event_date,
        sums=list(incident.sums),
        law=incident.law,
        people=incident.people,
    )


def parties(session: Session, incidents: Collection[UUID]) -> dict[UUID, list[PartyView]]:
    """The parties of each incident: those with turns in order of the first one, then those that are only named."""
    found: dict[UUID, list[PartyView]] = {incident: [] for incident in incidents}
    query = (
        select(Proceeding, Party)
        .join(Party, Party.id == Proceeding.party_id)
        .where(Proceeding.incident_id.in_(incidents))
    )
    for proceeding, party in session.execute(query):
        turns = [TurnView(one["status"], one["day"], one["time"], one["article"]) for one in proceeding.history]
        found[proceeding.incident_id].append(
            PartyView(party.key, party.kind, party.names, party.gazetteer, proceeding.status, turns)
        )
    return {incident: sorted(views, key=_order) for incident, views in found.items()}


def _order(party: PartyView) -> tuple[bool, str, str]:
    return not party.turns, party.turns[0].day if party.turns else "", party.key
