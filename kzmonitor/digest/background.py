"""What a digest says about the day besides its alerts: what was read, what could not be seen, the week, the seal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from kzmonitor.digest.facts import standing_decisions
from kzmonitor.digest.period import Period
from kzmonitor.digest.week import Day, week
from kzmonitor.evidence import manifests, page_events
from kzmonitor.evidence.manifests import Seal
from kzmonitor.sources import norms
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.health import Health, health
from kzmonitor.store.tables import Alert, AlertEvent, Entry, Incident, Review


@dataclass(frozen=True)
class Background:
    """The same for every reader of a period. sealed_day: the last UTC day that had ended; `seal`: the root over what
    was captured up to its end, None while it is open; `pages`: how many pages behind alerts were changed, gone,
    blocked or back; `gaps`: sources and languages that brought far less than usual."""

    sealed_day: date
    in_queue: int = 0
    articles: int = 0
    unseen: tuple[Health, ...] = ()
    gaps: tuple[norms.Volume, ...] = ()
    watched: int = 0
    pages: Mapping[str, int] = field(default_factory=dict)
    week: tuple[Day, ...] = ()
    seal: Seal | None = None


def background(session: Session, period: Period, declarations: Mapping[str, Declaration]) -> Background:
    """What is said about a period, as of its end."""
    healths = [health(session, declaration, period.end) for declaration in declarations.values() if declaration.enabled]
    sealed_day = period.end.astimezone(UTC).date() - timedelta(days=1)
    unseen = sorted((one for one in healths if not one.well and one.state != "never"), key=lambda one: one.slug)
    silent = {one.slug for one in unseen}
    little = [one for one in norms.unusual(session, declarations, period.end) if one.verdict == "low"]
    return Background(
        sealed_day=sealed_day,
        in_queue=_in_queue(session, period.end),
        articles=_articles(session, period),
        unseen=tuple(unseen),
        gaps=tuple(one for one in little if one.source not in silent),
        watched=len(healths),
        pages=page_events.counted(session, period.start, period.end),
        week=week(session, period.end),
        seal=manifests.seal(session, sealed_day),
    )


def _in_queue(session: Session, end: datetime) -> int:
    """Alerts of tier queue that nobody had decided on at `end`; those that were merged into others are not waiting."""
    decided = select(Review).where(standing_decisions(end), Review.subject_id == Alert.id).exists()
    raised_later = exists().where(
        AlertEvent.alert_id == Alert.id, AlertEvent.to_status == "mail", AlertEvent.ready_at >= end
    )
    query = (
        select(func.count())
        .select_from(Alert)
        .join(Incident, Incident.id == Alert.incident_id)
        .where((Alert.tier == "queue") | raised_later, Alert.opened_at < end, ~decided, Incident.redirect_to.is_(None))
    )
    return session.scalar(query) or 0


def _articles(session: Session, period: Period) -> int:
    """Articles that the sources showed; not what an import or a backfill brought."""
    query = select(func.count()).select_from(Entry).where(Entry.found_at >= period.start, Entry.found_at < period.end)
    query = query.where(Entry.route.not_in(("import", "archive")))
    return session.scalar(query) or 0
