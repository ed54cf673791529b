"""Reading alerts: the list of them, how many stand where, and everything that is known about one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Select, Text, Uuid, any_, column, func, literal, select, table, tuple_
from sqlalchemy.orm import Session, aliased

from kzmonitor.incidents.recorded import RecordView, parties, record_of
from kzmonitor.incidents.told import TOLD, ArticleView, articles
from kzmonitor.store.tables import (
    Account,
    Alert,
    AlertEvent,
    Article,
    Incident,
    IncidentArticle,
    Review,
    Revision,
    Source,
)

STATUSES = ("open", "confirmed", "rejected", "duplicate")

alert_standing = table(
    "alert_standing",
    column("alert", Uuid),
    column("status", Text),
    column("labels", ARRAY(Text)),
    column("review", Uuid),
    column("decided_at", DateTime(timezone=True)),
)
# The order of work: the gravest first, then the surest, then what has waited longest.
ORDER = (-Incident.severity, -Alert.score, Alert.opened_at, Alert.id)
# The alert of an incident that was merged into another one stays with its reviews, but the other speaks for it.
NOT_MERGED = Incident.redirect_to.is_(None)


class Filters(TypedDict, total=False):
    """Which alerts: opened since, standing so, with this label, told in this language, told by this source."""

    since: datetime | None
    status: str | None
    label: str | None
    language: str | None
    source: str | None


@dataclass(frozen=True)
class Standing:
    """Where an alert stands: the latest decision that was not undone, else the model's word."""

    status: str
    labels: list[str]
    decided_at: datetime | None


@dataclass(frozen=True)
class AlertLine:
    """An alert as a list shows it. `sources` are slugs; they and `languages` come in order of publication, the first
    mover first. `record`: the parties with their cases, the parts of the severity, dates, sums, law."""

    id: UUID
    incident_id: UUID
    title: str
    status: str
    tier: str
    score: float
    labels: list[str]
    severity: int
    place: str | None
    region: str | None
    opened_at: datetime
    last_seen: datetime
    sources: list[str]
    articles: int
    languages: list[str]
    record: RecordView


@dataclass(frozen=True)
class Decision:
    """One row of an alert's history. `by` is a pseudonym, or None before there were accounts."""

    id: UUID
    decision: str
    labels: list[str] | None
    reason: str | None
    note: str | None
    by: str | None
    created_at: datetime
    undone: bool


@dataclass(frozen=True)
class Event:
    """A turn of an alert that its readers are told of. name: of the party whose case turned, on `day` (ISO day or
    month); late: a later turn of it had been told already."""

    kind: str
    name: str | None
    from_status: str | None
    to_status: str | None
    day: str | None
    late: bool
    ready_at: datetime


@dataclass(frozen=True)
class AlertView:
    """Everything about one alert. `version` is the latest review, which a decision must have seen."""

    line: AlertLine
    actors: list[str]
    first_seen: datetime
    decided_at: datetime | None
    articles: list[ArticleView]
    events: list[Event]
    history: list[Decision]
    version: UUID | None


def alerts(session: Session, *, limit: int = 200, offset: int = 0, **filters: Unpack[Filters]) -> list[AlertLine]:
    """Alerts in the order of work, those that pass all filters."""
    return _lines(session, _filtered(filters).where(NOT_MERGED).order_by(*ORDER).limit(limit).offset(offset))


def counts(session: Session) -> dict[str, int]:
    """How many alerts stand at each status, all statuses named."""
    query = (
        select(alert_standing.c.status, func.count().label("number"))
        .join(Alert, Alert.id == alert_standing.c.alert)
        .join(Incident, Incident.id == Alert.incident_id)
        .where(NOT_MERGED)
        .group_by(alert_standing.c.status)
    )
    return dict.fromkeys(STATUSES, 0) | {row.status: row.number for row in session.execute(query)}


def origins(session: Session) -> tuple[dict[str, str], list[str]]:
    """The sources (slug to name) and the languages of the articles of all alerts: what can be filtered by."""
    told = (
        select(Source.slug, Source.name, Revision.language)
        .select_from(IncidentArticle)
        .join(Article, Article.id == IncidentArticle.article_id)
        .join(Source, Source.slug == Article.source)
        .join(Revision, Revision.id == Article.current_revision)
        .distinct()
        .order_by(Source.name)
    )
    rows = session.execute(told).all()
    return {slug: name for slug, name, _ in rows}, sorted({language for _, _, language in rows})


def neighbours(session: Session, alert_id: UUID, **filters: Unpack[Filters]) -> tuple[UUID | None, UUID | None]:
    """The alerts before and after this one in the order of work, among those that pass all filters."""
    own = select(*ORDER).join(Incident, Incident.id == Alert.incident_id).where(Alert.id == alert_id)
    place = session.execute(own).one_or_none()
    if place is None:
        return None, None
    here = tuple_(*place)
    others = _filtered(filters).where(NOT_MERGED).with_only_columns(Alert.id).limit(1)
    before = others.where(tuple_(*ORDER) < here).order_by(*(part.desc() for part in ORDER))
    after = others.where(tuple_(*ORDER) > here).order_by(*ORDER)
    return session.scalar(before), session.scalar(after)


def standing(session: Session, alert_id: UUID) -> Standing | None:
    """Where an alert stands now; None when there is no such alert."""
    known = alert_standing.c
    query = select(known.status, known.labels, known.decided_at).where(known.alert == alert_id)
    row = session.execute(query).one_or_none()
    return Standing(*row) if row else None


def alert(session: Session, id: UUID) -> AlertView | None:
    """One alert with the articles of its incident in order of publication; None when there is no such alert."""
    lines = _lines(session, _filtered({}).where(Alert.id == id))
    stands = standing(session, id)
    if not lines or stands is None:
        return None
    incident = session.get_one(Incident, lines[0].incident_id)
    past = history(session, id)
    return AlertView(
        line=lines[0],
        actors=incident.actors,
        first_seen=incident.first_seen,
        decided_at=stands.decided_at,
        articles=articles(session, incident.id),
        events=_events(session, id),
        history=past,
        version=past[-1].id if past else None,
    )


def moved_to(session: Session, alert_id: UUID) -> UUID | None:
    """The alert that speaks for this one since its incident was merged into another; None where that is itself."""
    incident = session.scalars(select(Incident).join(Alert).where(Alert.id == alert_id)).one_or_none()
    seen = set[UUID]()
    while incident is not None and incident.redirect_to is not None and incident.id not in seen:
        seen.add(incident.id)
        incident = session.get(Incident, incident.redirect_to)
    if incident is None or not seen:
        return None
    return session.scalars(select(Alert.id).where(Alert.incident_id == incident.id)).one_or_none()


def history(session: Session, alert_id: UUID) -> list[Decision]:
    """All decisions on an alert, oldest first, undone ones and undoing ones among them."""
    undo = aliased(Review)
    query = (
        select(
            Review.id, Review.decision, Review.labels, Review.reason, Review.note, Account.pseudonym,
            Review.created_at, undo.id.is_not(None),
        )
        .outerjoin(Account, Account.id == Review.account_id)
        .outerjoin(undo, undo.undoes == Review.id)
        .where(Review.subject == "alert", Review.subject_id == alert_id)
        .order_by(Review.id)
    )  # fmt: skip
    return [Decision(*row) for row in session.execute(query)]


def _filtered(filters: Filters) -> Select[Any]:
    query = (
        select(Alert, Incident, alert_standing.c.status, alert_standing.c.labels)
        .join(Incident, Incident.id == Alert.incident_id)
        .join(alert_standing, alert_standing.c.alert == Alert.id)
    )
    if since := filters.get("since"):
        query = query.where(Alert.opened_at >= since)
    if status := filters.get("status"):
        query = query.where(alert_standing.c.status == status)
    if label := filters.get("label"):
        query = query.where(literal(label) == any_(alert_standing.c.labels))
    told = (
        select(IncidentArticle)
        .join(Article, Article.id == IncidentArticle.article_id)
        .join(Revision, Revision.id == Article.current_revision)
        .where(IncidentArticle.incident_id == Incident.id)
    )
    if language := filters.get("language"):
        query = query.where(told.where(Revision.language == language).exists())
    if source := filters.get("source"):
        query = query.where(told.where(Article.source == source).exists())
    return query


def _lines(session: Session, query: Select[Any]) -> list[AlertLine]:
    rows = session.execute(query).all()
    incidents = [incident.id for _, incident, _, _ in rows]
    told, kept = _told(session, incidents), parties(session, incidents)
    return [
        AlertLine(
            id=alert.id,
            incident_id=incident.id,
            title=incident.title,
            status=status,
            tier=alert.tier,
            score=alert.score,
            labels=list(labels),
            severity=incident.severity,
            place=incident.place,
            region=incident.region,
            opened_at=alert.opened_at,
            last_seen=incident.last_seen,
            sources=list(dict.fromkeys(source for source, _ in told[incident.id])),
            articles=len(told[incident.id]),
            languages=list(dict.fromkeys(language for _, language in told[incident.id])),
            record=record_of(incident, kept[incident.id]),
        )
        for alert, incident, status, labels in rows
    ]


def _told(session: Session, incidents: Sequence[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """(source, language) of each article of each incident, in order of publication."""
    told: dict[UUID, list[tuple[str, str]]] = {incident: [] for incident in incidents}
    query = (
        select(IncidentArticle.incident_id, Article.source, Revision.language)
        .join(Article, Article.id == IncidentArticle.article_id)
        .join(Revision, Revision.id == Article.current_revision)
        .where(IncidentArticle.incident_id.in_(incidents))
        .order_by(*TOLD)
    )
    for incident, source, language in session.execute(query):
        told[incident].append((source, language))
    return told


def _events(session: Session, alert_id: UUID) -> list[Event]:
    query = (
        select(
            AlertEvent.kind, AlertEvent.name, AlertEvent.from_status, AlertEvent.to_status, AlertEvent.day,
            AlertEvent.late, AlertEvent.ready_at,
        )
        .where(AlertEvent.alert_id == alert_id)
        .order_by(AlertEvent.ready_at, AlertEvent.id)
    )  # fmt: skip
    return [Event(*row) for row in session.execute(query)]
