"""Watching the pages behind alerts: which pages, when their next look is due, and whose look it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, column, exists, or_, select, table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import func

from kzmonitor.evidence import looks
from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import leases
from kzmonitor.store.tables import Alert, Article, Capture, IncidentArticle, Revision, Watch

LEASE = timedelta(minutes=30)
ENROL = 500

_standing = table("alert_standing", column("alert"), column("status"))


@dataclass(frozen=True)
class Held:
    """A page that this process may look at until the lease ends; writes carry its `fence`."""

    article_id: UUID
    url: str
    canonical_url: str
    fence: int


def _behind_alerts(article_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """That an article tells of an incident whose alert nobody has rejected."""
    return exists().where(
        IncidentArticle.article_id == article_id,
        Alert.incident_id == IncidentArticle.incident_id,
        _standing.c.alert == Alert.id,
        _standing.c.status != "rejected",
    )


def enrol(session: Session, declarations: Mapping[str, Declaration], limit: int = ENROL) -> int:
    """Begin to watch up to `limit` pages behind alerts; how many were new. Only what a source declares can be asked."""
    fresh = (
        select(Article.id, Article.source, Article.first_seen, Revision.id, Revision.capture_id, Capture.fetched_at)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Capture, Capture.id == Revision.capture_id)
        .where(Article.source.in_(declarations), _behind_alerts(Article.id))
        .where(~exists().where(Watch.article_id == Article.id))
        .order_by(Article.id)
        .limit(limit)
    )
    rows = [
        {
            "article_id": article,
            "source": source,
            "first_seen": first_seen,
            "next_at": looks.next_look(first_seen, max(first_seen, fetched_at)),
            "good_capture": capture,
            "good_revision": revision,
            "good_at": fetched_at,
        }
        for article, source, first_seen, revision, capture, fetched_at in session.execute(fresh)
    ]
    if rows:
        session.execute(insert(Watch).on_conflict_do_nothing(), rows)
    return len(rows)


def due(session: Session, declarations: Mapping[str, Declaration], now: datetime) -> list[str]:
    """The sources with a page whose look is due, in order of their slugs; new alerts are enrolled first."""
    while enrol(session, declarations) == ENROL:
        pass
    query = select(Watch.source).where(_due(now), Watch.source.in_(declarations)).distinct()
    return sorted(session.scalars(query))


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(Watch.lease_until.is_(None), leases.ended(Watch.lease_until, Watch.holder))
    return and_(Watch.next_at <= now, free, _behind_alerts(Watch.article_id))


def lease(session: Session, source: str, holder: int, limit: int, now: datetime) -> list[Held]:
    """Up to `limit` pages of a source whose look is due, longest due first, now held by `holder` for half an hour."""
    chosen = (
        select(Watch.article_id)
        .where(Watch.source == source, _due(now))
        .order_by(Watch.next_at, Watch.article_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    held = update(Watch).where(Watch.article_id.in_(chosen))
    taken = held.values(holder=holder, lease_until=func.now() + LEASE, fence=Watch.fence + 1)
    fences = {row[0]: row[1] for row in session.execute(taken.returning(Watch.article_id, Watch.fence))}
    addresses = (
        select(Article.id, Capture.url, Article.canonical_url)
        .join(Watch, Watch.article_id == Article.id)
        .join(Capture, Capture.id == Watch.good_capture)
        .where(Article.id.in_(fences))
        .order_by(Article.id)
    )
    return [Held(article, url, own, fences[article]) for article, url, own in session.execute(addresses)]


def renew(session: Session, held: Held) -> bool:
    """Hold on to a page from now; False when its lease has gone to somebody else."""
    renewed = update(Watch).where(is_held(held)).values(lease_until=func.now() + LEASE).returning(Watch.article_id)
    return session.scalar(renewed) is not None


def postponed(session: Session, held: Held, state: str, until: datetime) -> bool:
    """Give a page back unseen: its host may not be asked now."""
    values = {"next_at": until, "seen": state, "lease_until": None, "holder": None}
    return session.scalar(update(Watch).where(is_held(held)).values(**values).returning(Watch.article_id)) is not None


def is_held(held: Held) -> ColumnElement[bool]:
    """The condition that a page is still this process's to look at."""
    return and_(Watch.article_id == held.article_id, Watch.fence == held.fence, Watch.lease_until.is_not(None))


def address_of(held: Held, declaration: Declaration, now: datetime) -> str | None:
    """Where to look: the address that gave the last good version, or the article's own if that host (a mirror) is
    no longer declared; None when neither is."""
    hosts = declaration.hosts_on(now.date())
    return next((url for url in (held.url, held.canonical_url) if _host(url) in hosts), None)


def _host(url: str) -> str | None:
    try:
        return host_of(url)
    except ValueError:
        return None
