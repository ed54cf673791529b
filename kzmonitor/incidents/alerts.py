"""Reading alerts: the list of them, how many stand where, and everything that is known about one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, DateTime, Text, Uuid, column, select, table
from sqlalchemy.orm import Session, aliased

from kzmonitor.incidents.ranking import STATUSES, Filters, Spot, after, before, counts, number, ranked, spot
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

__all__ = [
    "STATUSES", "AlertLine", "AlertView", "Decided", "Decision", "Event", "Filters", "Spot", "Standing", "after",
    "alert", "alert_standing", "alerts", "before", "counts", "decided", "history", "moved_to", "neighbours", "number",
    "ranked", "sources", "spot", "standing",
]  # fmt: skip
# Articles of one incident that are listed on its page, and those whose texts are read for it.
ARTICLES, TEXTS = 200, 12

alert_standing = table(
    "alert_standing",
    column("alert", Uuid),
    column("status", Text),
    column("labels", ARRAY(Text)),
    column("review", Uuid),
    column("decided_at", DateTime(timezone=True)),
    column("escalated", Boolean),
)
# Of the reviews of an alert those that somebody must have seen who decides anew.
_UNDO = aliased(Review)
DECIDES = (Review.decision != "note") & ~Review.blind


@dataclass(frozen=True)
class Standing:
    """Where an alert stands: the latest decision that was not undone, else the model's word."""

    status: str
    labels: list[str]
    decided_at: datetime | None
    escalated: bool


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
    assigned_to: UUID | None
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
    """Everything about one alert. `version` is the latest decision, which the next one must have seen; `escalated`:
    somebody passed it on, and nobody has decided since."""

    line: AlertLine
    actors: list[str]
    first_seen: datetime
    decided_at: datetime | None
    articles: list[ArticleView]
    events: list[Event]
    history: list[Decision]
    version: UUID | None
    escalated: bool


@dataclass(frozen=True)
class Decided:
    """An alert and the last decision on it, which stands."""

    id: UUID
    title: str
    last: Decision


def alerts(
    session: Session, *, order: str = "grave", limit: int = 200, offset: int = 0, **filters: Unpack[Filters]
) -> list[AlertLine]:
    """Alerts in the order of work, or in another one of `ranking.ORDERS`: those that pass all filters."""
    return _lines(session, ranked(session, order=order, limit=limit, offset=offset, **filters))


def sources(session: Session) -> dict[str, str]:
    """Slug to name of all sources, by name: what can be filtered by."""
    query = select(Source.slug, Source.name).order_by(Source.name, Source.slug)
    return {row.slug: row.name for row in session.execute(query)}


def neighbours(
    session: Session, alert_id: UUID, order: str = "grave", **filters: Unpack[Filters]
) -> tuple[UUID | None, UUID | None]:
    """The alerts before and after this one in an order, among those that pass all filters."""
    here = spot(session, alert_id, order)
    if here is None:
        return None, None
    return before(session, here, **filters), after(session, here, **filters)


def standing(session: Session, alert_id: UUID) -> Standing | None:
    """Where an alert stands now; None when there is no such alert."""
    known = alert_standing.c
    query = select(known.status, known.labels, known.decided_at, known.escalated).where(known.alert == alert_id)
    row = session.execute(query).one_or_none()
    return Standing(*row) if row else None


def alert(session: Session, id: UUID) -> AlertView | None:
    """One alert with the articles of its incident in order of publication; None when there is no such alert."""
    lines = _lines(session, [id])
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
        articles=articles(session, incident.id, texts=TEXTS, limit=ARTICLES),
        events=_events(session, id),
        history=past,
        version=next((one.id for one in reversed(past) if one.decision != "note"), None),
        escalated=stands.escalated,
    )


def version(session: Session, alert_id: UUID) -> UUID | None:
    """The latest decision on an alert, an undo too; a note and a blind second reading decide nothing."""
    query = select(Review.id).where(Review.subject == "alert", Review.subject_id == alert_id)
    return session.scalar(query.where(DECIDES).order_by(Review.id.desc()).limit(1))


def decided(session: Session, id: UUID) -> Decided | None:
    """The last thing that was decided on an alert, for who may want to take it back; None when that was an undo, or
    nothing."""
    query = select(Incident.title).join(Alert, Alert.incident_id == Incident.id).where(Alert.id == id)
    title, past = session.scalar(query), [one for one in history(session, id) if one.decision != "note"]
    if title is None or not past or past[-1].undone or past[-1].decision == "undo":
        return None
    return Decided(id, title, past[-1])


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
    """All decisions on an alert and notes, oldest first, undone and undoing ones among them; no second readings."""
    query = (
        select(
            Review.id, Review.decision, Review.labels, Review.reason, Review.note, Account.pseudonym,
            Review.created_at, _UNDO.id.is_not(None),
        )
        .outerjoin(Account, Account.id == Review.account_id)
        .outerjoin(_UNDO, _UNDO.undoes == Review.id)
        .where(Review.subject == "alert", Review.subject_id == alert_id, ~Review.blind)
        .order_by(Review.id)
    )  # fmt: skip
    return [Decision(*row) for row in session.execute(query)]


def _lines(session: Session, ids: Collection[UUID]) -> list[AlertLine]:
    """The lines of these alerts, in their order; unknown ones are left out."""
    query = (
        select(Alert, Incident, alert_standing.c.status, alert_standing.c.labels)
        .join(Incident, Incident.id == Alert.incident_id)
        .join(alert_standing, alert_standing.c.alert == Alert.id)
        .where(Alert.id.in_(ids))
    )
    rows = {row[0].id: row for row in session.execute(query)} if ids else {}
    incidents = [incident.id for _, incident, _, _ in rows.values()]
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
            assigned_to=alert.assigned_to,
            record=record_of(incident, kept[incident.id]),
        )
        for alert, incident, status, labels in (rows[id] for id in ids if id in rows)
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
