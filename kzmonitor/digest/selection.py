"""What a digest tells: the alerts of a period as they stood at its end, so that rendering it again gives the
same bytes whatever was decided later."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, exists, func, select, true
from sqlalchemy.orm import Session, aliased

from kzmonitor.digest.news import told_at
from kzmonitor.digest.period import Period
from kzmonitor.evidence import manifests, page_events
from kzmonitor.evidence.manifests import Seal
from kzmonitor.incidents.severity import independent, parts_of, summed, weigh
from kzmonitor.language.places import region_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.health import Health, health
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Delivery,
    DeliveryItem,
    Entry,
    Incident,
    IncidentArticle,
    Prediction,
    Review,
    Revision,
)

# A report is called late when it was published so long before the period began.
LATE = timedelta(days=1)
MOST_PHRASES = 4
STANDING = {"confirm": "confirmed", "correct": "confirmed", "reject": "rejected", "duplicate": "duplicate"}


@dataclass(frozen=True)
class Report:
    """One article of an incident."""

    source: str
    title: str
    url: str
    language: str
    published_at: datetime | None


@dataclass(frozen=True)
class Turn:
    """That somebody's case came to a status, from `before` (None: the first that is known). day: ISO day or month;
    late: a later turn of it was told in an earlier digest."""

    name: str | None
    before: str | None
    after: str
    day: str | None
    late: bool


@dataclass(frozen=True)
class Item:
    """One incident in a digest. `kind`: opened, renewed, relabelled (a person changed the labels of what was
    mailed) or withdrawn (mailed, and no alert any more); `standing`: open, confirmed, rejected, duplicate. turns: what
    changed since the reader was told last; only of what is renewed, since an opening tells all of it."""

    alert_id: UUID
    event_ids: tuple[UUID, ...]
    kind: str
    standing: str
    title: str
    language: str
    region: str | None
    labels: tuple[str, ...]
    severity: int
    score: float
    late: bool
    phrases: tuple[str, ...]
    reports: tuple[Report, ...]
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Digest:
    """Everything one rendering needs. `left_out`: alerts that the subscriber did not ask for; `seal`: the root over
    what was captured up to the end of `sealed_day`, None while that day is open; `pages`: how many pages behind
    alerts were changed, gone, blocked or back."""

    period: Period
    items: list[Item] = field(default_factory=list)
    corrections: list[Item] = field(default_factory=list)
    in_queue: int = 0
    articles: int = 0
    left_out: int = 0
    unseen: list[Health] = field(default_factory=list)
    watched: int = 0
    pages: dict[str, int] = field(default_factory=dict)
    seal: Seal | None = None

    @property
    def sealed_day(self) -> date:
        """The last UTC day that has ended when the period ends."""
        return _sealed_day(self.period)


def select_digest(
    session: Session,
    period: Period,
    declarations: Mapping[str, Declaration],
    *,
    subscriber: UUID | None = None,
    since: datetime | None = None,
    labels: Collection[str] = (),
    min_severity: int = 1,
) -> Digest:
    """The digest of a period: for everybody, or what one subscriber has not been told yet.

    since: from when on untold events of a subscriber count, before the period where the last digest may have
    missed some (sent before its period ended, or events committed just after their moment)."""
    told = [
        item
        for alert_id, events in _events(session, period, subscriber, since).items()
        if (item := _item(session, alert_id, events, period)) is not None
    ]
    items = [item for item in told if item.severity >= min_severity and (not labels or set(labels) & set(item.labels))]
    healths = [health(session, declaration, period.end) for declaration in declarations.values() if declaration.enabled]
    return Digest(
        period=period,
        seal=manifests.seal(session, _sealed_day(period)),
        items=sorted(
            (item for item in items if item.kind != "withdrawn"),
            key=lambda item: (-item.severity, -item.score, str(item.alert_id)),
        ),
        corrections=sorted((item for item in items if item.kind == "withdrawn"), key=lambda item: str(item.alert_id)),
        in_queue=_in_queue(session, period.end),
        articles=_articles(session, period),
        pages=page_events.counted(session, period.start, period.end),
        left_out=len(told) - len(items),
        unseen=sorted((one for one in healths if not one.well and one.state != "never"), key=lambda one: one.slug),
        watched=len(healths),
    )


def _sealed_day(period: Period) -> date:
    return period.end.astimezone(UTC).date() - timedelta(days=1)


def _events(
    session: Session, period: Period, subscriber: UUID | None, since: datetime | None
) -> dict[UUID, list[AlertEvent]]:
    """The period's events by alert. For a subscriber: those that no delivery has told them."""
    news = told_at()
    query = select(AlertEvent).where(news < period.end)
    if subscriber is None:
        query = query.where(news >= period.start)
    else:
        told = (
            select(DeliveryItem)
            .join(Delivery, Delivery.id == DeliveryItem.delivery_id)
            .where(
                DeliveryItem.alert_event_id == AlertEvent.id,
                Delivery.subscriber_id == subscriber,
                Delivery.period_end < period.end,
            )
        )
        query = query.where(news >= (since or period.start), ~told.exists())
    by_alert: dict[UUID, list[AlertEvent]] = {}
    for event in session.scalars(query.order_by(AlertEvent.ready_at, AlertEvent.id)):
        by_alert.setdefault(event.alert_id, []).append(event)
    return by_alert


def _item(session: Session, alert_id: UUID, events: Sequence[AlertEvent], period: Period) -> Item | None:
    """An alert as it stood at the end of the period; None when it is not for a digest."""
    alert = session.get_one(Alert, alert_id)
    decision = _decision(session, alert_id, period.end)
    standing = STANDING.get(decision.decision, "open") if decision else "open"
    is_alert = standing == "confirmed" or (standing == "open" and _tier(session, alert, period.end) == "mail")
    kind = _kind(is_alert, events)
    if kind is None:
        return None
    told = _told(session, alert.incident_id, period.end)
    if not told:
        return None
    leader = told[0]
    labels = decision.labels if decision and decision.labels is not None else _union(row.labels for row in told)
    reports = tuple(Report(row.source, row.title, row.url, row.language, row.published_at) for row in told)
    return Item(
        alert_id=alert_id,
        event_ids=tuple(event.id for event in events),
        kind=kind,
        standing=standing,
        title=leader.title,
        language=leader.language,
        region=region_of(leader.title, leader.text),
        labels=tuple(sorted(labels)),
        severity=_severity(session, alert_id, labels, told, period.end),
        score=max(row.relevance or 0.0 for row in told),
        late=leader.published_at is not None and leader.published_at < period.start - LATE,
        phrases=_phrases(leader.reasons or []),
        reports=reports,
        turns=_turns(events) if kind == "renewed" else (),
    )


def _turns(events: Sequence[AlertEvent]) -> tuple[Turn, ...]:
    """What turned, in order of time: what came late stands where it belongs."""
    turning = [event for event in events if event.turns and event.to_status]
    turning.sort(key=lambda event: (event.day or "", event.ready_at))
    return tuple(Turn(event.name, event.from_status, str(event.to_status), event.day, event.late) for event in turning)


def _severity(session: Session, alert_id: UUID, labels: Collection[str], told: Sequence[Any], end: datetime) -> int:
    """The severity at `end`: kind and sources as told by then, the other parts as the last event before it had them."""
    query = (
        select(AlertEvent.severity_parts)
        .where(AlertEvent.alert_id == alert_id, AlertEvent.ready_at < end, AlertEvent.severity_parts.is_not(None))
        .order_by(AlertEvent.ready_at.desc(), AlertEvent.id.desc())
        .limit(1)
    )
    noted = parts_of(session.scalar(query) or ())
    sources = independent([row.text for row in told], [row.source for row in told])
    fresh = weigh(labels, sources=sources).parts
    return summed([*fresh, *(part for part in noted if part.what not in ("kind", "sources"))]).level


def _kind(is_alert: bool, events: Sequence[AlertEvent]) -> str | None:
    """How an alert enters the digest of a period with these events (in order); None when it does not."""
    kinds = [event.kind for event in events]
    if not is_alert:
        return "withdrawn" if "corrected" in kinds else None
    if "opened" in kinds:
        return "opened"
    return "relabelled" if kinds[-1] == "corrected" else "renewed"


def _decision(session: Session, alert_id: UUID, end: datetime) -> Review | None:
    """The latest decision that was made, and not undone, by `end`."""
    undo = aliased(Review)
    query = (
        select(Review)
        .where(
            Review.subject == "alert",
            Review.subject_id == alert_id,
            Review.created_at < end,
            Review.decision.in_(STANDING),
            ~exists().where(undo.undoes == Review.id, undo.created_at < end),
        )
        .order_by(Review.id.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def _raised_later(end: datetime) -> Any:
    return exists().where(AlertEvent.alert_id == Alert.id, AlertEvent.to_status == "mail", AlertEvent.ready_at >= end)


def _tier(session: Session, alert: Alert, end: datetime) -> str:
    """The tier at `end`: an alert that was raised to mail only later was in the queue then."""
    tier = case((_raised_later(end), "queue"), else_=Alert.tier)
    return str(session.scalars(select(tier).where(Alert.id == alert.id)).one())


def _told(session: Session, incident_id: UUID, end: datetime) -> Sequence[Any]:
    """The incident's articles known at `end`, first published first, each with its text and prediction of then."""
    revision = (
        select(Revision)
        .where(Revision.article_id == Article.id, Revision.created_at < end)
        .order_by(Revision.created_at.desc(), Revision.id.desc())
        .limit(1)
        .lateral()
    )
    prediction = (
        select(Prediction.labels, Prediction.relevance, Prediction.reasons)
        .where(Prediction.revision_id == revision.c.id, Prediction.created_at < end, Prediction.tier.is_not(None))
        .order_by(Prediction.created_at.desc())
        .limit(1)
        .lateral()
    )
    query = (
        select(
            Article.source,
            revision.c.title,
            revision.c.text,
            Article.canonical_url.label("url"),
            revision.c.language,
            revision.c.published_at,
            prediction.c.labels,
            prediction.c.relevance,
            prediction.c.reasons,
        )
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .join(revision, true())
        .join(prediction, true(), isouter=True)
        .where(IncidentArticle.incident_id == incident_id, IncidentArticle.created_at < end)
        .order_by(func.coalesce(revision.c.published_at, Article.first_seen), Article.key)
    )
    return session.execute(query).all()


def _union(label_lists: Any) -> set[str]:
    return {label for labels in label_lists for label in labels or ()}


def _phrases(reasons: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The strongest words that spoke for it; none that another one of them contains."""
    ranked = sorted((one for one in reasons if one["side"] == "for"), key=lambda one: -abs(one["weight"]))
    chosen: list[str] = []
    for phrase in (str(one["phrase"]) for one in ranked):
        if not any(phrase in other or other in phrase for other in chosen):
            chosen.append(phrase)
    return tuple(chosen[:MOST_PHRASES])


def _in_queue(session: Session, end: datetime) -> int:
    """Alerts of tier queue that nobody had decided on at `end`; those that were merged into others are not waiting."""
    undo = aliased(Review)
    decided = exists().where(
        Review.subject == "alert",
        Review.subject_id == Alert.id,
        Review.created_at < end,
        Review.decision.in_(STANDING),
        ~exists().where(undo.undoes == Review.id, undo.created_at < end),
    )
    queued = (Alert.tier == "queue") | _raised_later(end)
    query = (
        select(func.count())
        .select_from(Alert)
        .join(Incident, Incident.id == Alert.incident_id)
        .where(queued, Alert.opened_at < end, ~decided, Incident.redirect_to.is_(None))
    )
    return session.scalar(query) or 0


def _articles(session: Session, period: Period) -> int:
    """Articles that the sources showed; not what an import or a backfill brought."""
    query = select(func.count()).select_from(Entry).where(Entry.found_at >= period.start, Entry.found_at < period.end)
    query = query.where(Entry.route.not_in(("import", "archive")))
    return session.scalar(query) or 0
