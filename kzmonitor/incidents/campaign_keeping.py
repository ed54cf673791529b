"""Campaigns in the database: found anew from the incidents of the last years, kept under an id that stays."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.incidents.campaigns import Found, Happened, Target, campaigns
from kzmonitor.incidents.grouping import ROUND_UP
from kzmonitor.incidents.scan import HISTORY
from kzmonitor.incidents.statuses import statuses
from kzmonitor.store.tables import (
    Alert,
    AlertEvent,
    Article,
    Campaign,
    Figure,
    Incident,
    IncidentArticle,
    Party,
    Proceeding,
    Review,
    new_id,
)

CAMPAIGN_LOCK = 0x6B7A6361
# What ended longer ago is left as it was written: of its own past too little is read to judge it again.
JUDGED = timedelta(days=365)
TITLE_NAMES = 4
# Under this name it is noted what there was when campaigns were looked for last.
LOOKED = "campaigns looked for"
LOOK_AGAIN = timedelta(days=1)


def keep_campaigns_if_due(session: Session, now: datetime) -> bool:
    """Write the campaigns that stand now if an incident, an article of one or a decision has come since the last time,
    or a day has passed; whether that was so. What they are found over is read only then."""
    newest = {
        "event": select(func.max(AlertEvent.ready_at)),
        "article": select(func.max(IncidentArticle.created_at)),
        "decision": select(Review.id).order_by(Review.id.desc()).limit(1),
    }
    seen = {name: str(session.scalar(query)) for name, query in newest.items()}
    last = session.get(Figure, LOOKED)
    if last is not None and last.body == seen and now - last.made_at < LOOK_AGAIN:
        return False
    keep_campaigns(session, now)
    session.merge(Figure(name=LOOKED, made_at=now, body=seen))
    return True


def keep_campaigns(session: Session, now: datetime) -> int:
    """Write the campaigns that stand now; how many. Done twice, nothing changes; one worker at a time.

    A campaign keeps its id while it shares an incident with what it was; of several that became one the oldest id
    stays, and the others lead to it; what is none any more says since when."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": CAMPAIGN_LOCK})
    since = now - JUDGED
    found = [one for one in campaigns(happened(session, since - HISTORY), now) if one.incidents[-1].when >= since]
    query = select(Campaign).where(Campaign.merged_into.is_(None), Campaign.last_seen >= since).order_by(Campaign.id)
    stored = list(session.scalars(query))
    kept: set[UUID] = set()
    for one in found:
        _keep(session, one, [row for row in stored if row.id not in kept and _shares(row, one)], kept, now)
    for row in stored:
        if row.id not in kept:
            row.gone_at = row.gone_at or now
    session.flush()
    return len(found)


def happened(session: Session, since: datetime) -> list[Happened]:
    """Incidents first reported since then, but for those that people rejected, as campaigns are found over them."""
    standing = alert_standing.c
    incidents = session.execute(
        select(Incident.id, Incident.first_seen, Incident.title, standing.labels)
        .join(Alert, Alert.incident_id == Incident.id)
        .join(alert_standing, standing.alert == Alert.id)
        .where(Incident.redirect_to.is_(None), Incident.first_seen >= since, standing.status.in_(("open", "confirmed")))
    ).all()
    ids = select(Incident.id).where(Incident.redirect_to.is_(None), Incident.first_seen >= since)
    targets, turns = _targets(session.execute(
        select(Proceeding.incident_id, Party.key, Party.names, Party.kind, Proceeding.status)
        .join(Party, Party.id == Proceeding.party_id)
        .where(Proceeding.incident_id.in_(ids))
        .order_by(Proceeding.incident_id, Party.key)
    ).all())  # fmt: skip
    outlets: dict[UUID, list[str]] = defaultdict(list)
    for incident, source in session.execute(
        select(IncidentArticle.incident_id, Article.source)
        .join(Article, Article.id == IncidentArticle.article_id)
        .where(IncidentArticle.incident_id.in_(ids), IncidentArticle.why != ROUND_UP)
        .distinct()
        .order_by(IncidentArticle.incident_id, Article.source)
    ):
        outlets[incident].append(source)
    return [
        Happened(
            row.id, row.first_seen, row.title, tuple(row.labels), tuple(targets[row.id]), tuple(outlets[row.id]),
            bool(turns[row.id]) and all(turns[row.id]),
        )
        for row in incidents
    ]  # fmt: skip


def _targets(
    rows: Sequence[tuple[UUID, str, list[str], str, str]],
) -> tuple[dict[UUID, list[Target]], dict[UUID, list[bool]]]:
    """For each incident its targets, and for each of them whether the pressure on it has ended."""
    known = statuses()
    targets: dict[UUID, list[Target]] = defaultdict(list)
    turns: dict[UUID, list[bool]] = defaultdict(list)
    for incident, key, names, kind, status in rows:
        targets[incident].append(Target(key, names[0] if names else key, kind == "person"))
        turns[incident].append(status in known and known[status].eased)
    return targets, turns


def _shares(row: Campaign, found: Found) -> bool:
    same = (row.pattern, row.subject) == (found.pattern, found.subject)
    return same and not {one.id for one in found.incidents}.isdisjoint(row.incidents)


def _keep(session: Session, found: Found, before: Sequence[Campaign], kept: set[UUID], now: datetime) -> None:
    if before:
        row, *others = before
    else:
        row, others = Campaign(id=new_id(), found_at=now), []
    _write(row, found)
    session.add(row)
    session.flush()
    kept.add(row.id)
    for other in others:
        kept.add(other.id)
        other.merged_into, other.gone_at = row.id, other.gone_at or now


def _write(row: Campaign, found: Found) -> None:
    row.pattern, row.subject, row.labels = found.pattern, found.subject, [found.label]
    row.title = f"{found.label}: {', '.join(target.name for target in found.targets[:TITLE_NAMES])}"
    row.incidents = [one.id for one in found.incidents]
    row.targets = [target.name for target in found.targets]
    row.outlets = list(found.outlets)
    row.first_seen, row.last_seen = found.incidents[0].when, found.incidents[-1].when
    row.named_at, row.gone_at = found.named_at, None
    row.seen, row.expected = found.surprise.seen, found.surprise.expected
    row.window_days, row.chance = found.surprise.window.days, found.surprise.p
    row.recurrence_years = found.surprise.recurrence


@dataclass(frozen=True)
class Step:
    """An incident of a campaign, as its timeline shows it. targets: names, only those that the campaign counts."""

    id: UUID
    when: datetime
    title: str
    targets: list[str]


@dataclass(frozen=True)
class CampaignView:
    """Everything about one campaign; the columns of its table, and its incidents in order of time."""

    id: UUID
    title: str
    pattern: str
    labels: list[str]
    first_seen: datetime
    last_seen: datetime
    named_at: datetime
    targets: list[str]
    outlets: list[str]
    seen: int
    expected: float
    window_days: int
    chance: float
    recurrence_years: float
    gone_at: datetime | None
    timeline: list[Step]


def all_campaigns(session: Session, *, gone: bool = False) -> list[CampaignView]:
    """Campaigns with their timelines, the newest first; `gone`: also what is none any more, but nothing merged."""
    query = select(Campaign).where(Campaign.merged_into.is_(None), Campaign.subject.is_not(None))
    if not gone:
        query = query.where(Campaign.gone_at.is_(None))
    rows = list(session.scalars(query.order_by(Campaign.last_seen.desc(), Campaign.id)))
    steps = _steps(session, {id for row in rows for id in row.incidents})
    return [
        CampaignView(
            row.id, row.title, row.pattern, row.labels, row.first_seen, row.last_seen, row.named_at or row.last_seen,
            row.targets, row.outlets, row.seen or 0, row.expected or 0.0, row.window_days or 0, row.chance or 0.0,
            row.recurrence_years or 0.0, row.gone_at,
            [
                replace(step, targets=[name for name in step.targets if name in row.targets])
                for id in row.incidents if (step := steps.get(id))
            ],
        )
        for row in rows
    ]  # fmt: skip


def _steps(session: Session, ids: Collection[UUID]) -> dict[UUID, Step]:
    told = session.execute(
        select(Incident.id, Incident.first_seen, Incident.title, Party.names)
        .outerjoin(Proceeding, Proceeding.incident_id == Incident.id)
        .outerjoin(Party, Party.id == Proceeding.party_id)
        .where(Incident.id.in_(ids))
        .order_by(Incident.first_seen, Party.key)
    )
    steps: dict[UUID, Step] = {}
    for id, when, title, names in told:
        step = steps.setdefault(id, Step(id, when, title, []))
        step.targets.extend((names or [])[:1])
    return steps
