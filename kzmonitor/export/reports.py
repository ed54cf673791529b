"""The reports of incidents, for many incidents at once: where each stands, and what the model read from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from kzmonitor.incidents.grouping import ROUND_UP
from kzmonitor.store.tables import Article, Incident, IncidentArticle, Model, Party, Prediction, Proceeding, Revision


@dataclass(frozen=True)
class Report:
    """One article of an incident. when: published, else first seen. fields: as `classify.fields.model.Fields`.

    lists: it is a round-up that lists the incident among others, and tells nothing new of it."""

    lists: bool
    source: str
    url: str
    language: str
    when: datetime
    fields: Mapping[str, Any]


def said() -> LateralFromClause:
    """What the champion says of a revision of the query around it, or the model asked last where it was not asked."""
    return (
        select(Model.version, Prediction.relevance, Prediction.tier, Prediction.labels, Prediction.fields)
        .join(Model, Model.id == Prediction.model_id)
        .where(Prediction.revision_id == Revision.id)
        .order_by(and_(Model.state == "champion").desc(), Prediction.created_at.desc(), Model.id)
        .limit(1)
        .lateral("said")
    )


def reports(session: Session, incidents: Sequence[UUID]) -> dict[UUID, list[Report]]:
    """The reports of each incident in order of publication."""
    told = said()
    when = func.coalesce(Revision.published_at, Article.first_seen)
    query = (
        select(
            IncidentArticle.incident_id,
            IncidentArticle.why == ROUND_UP,
            Article.source,
            Article.canonical_url,
            Revision.language,
            when,
            told.c.fields,
        )
        .join(Article, Article.id == IncidentArticle.article_id)
        .join(Revision, Revision.id == Article.current_revision)
        .outerjoin(told, true())
        .where(IncidentArticle.incident_id.in_(incidents))
        .order_by(when, Article.key)
    )
    found: dict[UUID, list[Report]] = {incident: [] for incident in incidents}
    for incident, lists, source, url, language, at, fields in session.execute(query):
        found[incident].append(Report(lists, source, url, language, at, fields or {}))
    return found


def contexts(session: Session, incidents: Collection[UUID]) -> dict[UUID, str]:
    """The text under the headline of each incident; of its earliest report where that headline is gone."""
    query = (
        select(IncidentArticle.incident_id, Revision.text)
        .join(Incident, Incident.id == IncidentArticle.incident_id)
        .join(Article, Article.id == IncidentArticle.article_id)
        .join(Revision, Revision.id == Article.current_revision)
        .where(IncidentArticle.incident_id.in_(incidents))
        .ext(distinct_on(IncidentArticle.incident_id))
        .order_by(
            IncidentArticle.incident_id,
            (Revision.title == Incident.title).desc(),
            func.coalesce(Revision.published_at, Article.first_seen),
            Article.key,
        )
    )
    return dict(session.execute(query).all())


@dataclass(frozen=True)
class Named:
    """A party of an incident. kind: person, NGO, outlet, ...; names: all that the reports use, the usual one first."""

    kind: str
    names: tuple[str, ...]


def parties(session: Session, incidents: Collection[UUID]) -> dict[UUID, list[Named]]:
    """The parties of each incident that have a proceeding, the one whose turn is oldest first."""
    query = (
        select(Proceeding.incident_id, Party.kind, Party.names)
        .join(Party, Party.id == Proceeding.party_id)
        .where(Proceeding.incident_id.in_(incidents))
        .order_by(Proceeding.since, Proceeding.party_id)
    )
    found: dict[UUID, list[Named]] = {}
    for incident, kind, names in session.execute(query):
        found.setdefault(incident, []).append(Named(kind, tuple(names)))
    return found


def united(reports: Sequence[Report], field: str) -> list[str]:
    """The values that a field of several reports has, the first told first."""
    values = [value for report in reports for value in report.fields.get(field) or ()]
    return list(dict.fromkeys(str(value) for value in values))


def read(fields: Mapping[str, Any], field: str) -> list[Named]:
    """The parties that the model read from a text: its targets, or its actors."""
    return [Named(party["kind"], (party["name"],)) for party in fields.get(field) or ()]


def persons(parties: Iterable[Named]) -> tuple[tuple[str, ...], ...]:
    """The names of those that are persons, and have one."""
    return tuple(dict.fromkeys(party.names for party in parties if party.kind == "person" and party.names))


def first(reports: Sequence[Report], field: str) -> Any:
    """What the earliest report that knows it says; None when none does."""
    return next((value for report in reports if (value := report.fields.get(field)) is not None), None)


def sums(named: Iterable[Mapping[str, Any]]) -> list[str]:
    """Sums of money in words: "120000 KZT"."""
    return list(dict.fromkeys(f"{one['amount']:.15g} {one['currency']}" for one in named))
