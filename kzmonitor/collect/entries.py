"""Entries: addresses seen and not yet fetched, and the polls that find them.

A poll's ETag is committed in the same transaction as the entries it brought: a killed crawl asks again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, select, true, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql import func

from kzmonitor.collect.canonical import canonical_url
from kzmonitor.collect.dates import bounded
from kzmonitor.collect.feeds import GOOD_STATES, Item, Seen
from kzmonitor.errors import InputError
from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import leases
from kzmonitor.store.tables import Entry, Poll, Source, new_id

LEASE = timedelta(minutes=30)
# With the waits below: over a day and a half, so that an outlet that is down for a night loses nothing.
MAX_TRIES = 12
ARCHIVE = "archive"
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)


@dataclass(frozen=True)
class Validators:
    """What a server gave for its last good answer, to be sent back: "has this changed?"."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Lease:
    """An entry that this process may fetch until the lease ends; writes carry its `fence`."""

    entry_id: UUID
    url: str
    canonical_url: str
    fence: int


def register(session: Session, declaration: Declaration) -> None:
    """Make or renew the row of a source from its declaration."""
    values = {
        "name": declaration.name,
        "tier": declaration.tier,
        "kind": declaration.kind,
        "languages": list(declaration.languages),
        "country": declaration.country,
        "enabled": declaration.enabled,
    }
    row = insert(Source).values(slug=declaration.slug, **values)
    session.execute(row.on_conflict_do_update(index_elements=[Source.slug], set_=values))


def validators(session: Session, source: str, url: str) -> Validators:
    """What to send with the next poll of `url`; nothing unless its last good poll left something."""
    query = (
        select(Poll.etag, Poll.last_modified)
        .where(Poll.source == source, Poll.url == url, Poll.state.in_(GOOD_STATES))
        .order_by(Poll.started.desc())
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return Validators(row.etag, row.last_modified) if row else Validators()


def record_poll(
    session: Session,
    declaration: Declaration,
    url: str,
    seen: Seen,
    sent: Validators,
    started: datetime,
    error: str | None = None,
) -> int:
    """Keep one look at `url` with the entries it brought, in the caller's transaction; how many are new.

    `sent`: the validators that came with the answer (with 304, those that were sent)."""
    new = add(session, declaration, seen.items, started)
    good = seen.state in GOOD_STATES
    session.add(
        Poll(
            source=declaration.slug,
            url=url,
            started=started,
            state=seen.state,
            etag=sent.etag if good else None,
            last_modified=sent.last_modified if good else None,
            items=len(seen.items),
            new=new,
            error=error,
        )
    )
    return new


def add(
    session: Session,
    declaration: Declaration,
    items: Sequence[Item],
    now: datetime,
    route: str = "direct",
    *,
    tell: bool = True,
) -> int:
    """Note addresses to be fetched; how many were not known. Those of hosts that the source does not declare
    are left out: nothing outside them is ever requested. `tell`: whether alerts of old ones are news for a digest."""
    rows: dict[str, dict[str, object]] = {}
    for item in items:
        try:
            canonical = canonical_url(item.url, declaration)
            own = host_of(item.url) in declaration.known_hosts
        except (InputError, ValueError):
            continue
        if not own:
            continue
        published_at, doubt = bounded(item.published_at, now)
        rows.setdefault(
            canonical,
            {
                "id": new_id(),
                "source": declaration.slug,
                "url": item.url,
                "canonical_url": canonical,
                "route": route,
                "title": item.title,
                # A doubtful time is left to the page, which may know better.
                "published_at": None if doubt else published_at,
                "found_at": now,
                "tell": tell,
            },
        )
    if not rows:
        return 0
    # In one order everywhere, so that two polls that bring the same addresses never lock each other out.
    ordered = [rows[key] for key in sorted(rows)]
    added = session.scalars(insert(Entry).on_conflict_do_nothing().returning(Entry.id), ordered)
    return len(added.all())


def lease(
    session: Session,
    source: str,
    holder: int,
    limit: int,
    now: datetime,
    *,
    archive: bool = False,
    only: ColumnElement[bool] | None = None,
) -> list[Lease]:
    """Up to `limit` entries of a source that are due, newest first, now held by `holder` for half an hour.

    archive: those that a backfill found, which a crawl of today's news leaves alone. only: those of them."""
    waiting = and_(Entry.state == "found", or_(Entry.retry_at.is_(None), Entry.retry_at <= now))
    abandoned = and_(Entry.state == "leased", leases.ended(Entry.lease_until, Entry.holder))
    due = (
        select(Entry.id)
        .where(Entry.source == source, (Entry.route == ARCHIVE) if archive else (Entry.route != ARCHIVE))
        .where(or_(waiting, abandoned), true() if only is None else only)
        .order_by(func.coalesce(Entry.published_at, Entry.found_at).desc(), Entry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(Entry)
        .where(Entry.id.in_(due))
        .values(
            state="leased",
            holder=holder,
            lease_until=func.now() + LEASE,
            fence=Entry.fence + 1,
            # A lease that somebody else did not live to end is still the same try.
            tries=case((Entry.state == "leased", func.greatest(Entry.tries, 1)), else_=Entry.tries + 1),
        )
        .returning(
            Entry.id, Entry.url, Entry.canonical_url, Entry.fence, func.coalesce(Entry.published_at, Entry.found_at)
        )
    )
    newest_first = sorted(rows, key=lambda row: (row[4], row[0]), reverse=True)
    return [Lease(*row[:4]) for row in newest_first]


def renew(session: Session, held: Lease) -> bool:
    """Hold on to an entry from now; False when its lease has gone to somebody else."""
    return _write(session, held, lease_until=func.now() + LEASE)


def fetched(session: Session, held: Lease, capture_id: UUID) -> bool:
    """Note the page of a leased entry; False when the lease has gone to somebody else."""
    return _finish(session, held, state="fetched", capture_id=capture_id, error=None, retry_at=None, tries=0)


def renew_together(session: Session, held: Sequence[Lease]) -> set[UUID]:
    """Hold on to entries from now; those of them that are still ours."""
    if not held:
        return set()
    return set(session.scalars(_RENEW, {**_held(held), "lease": LEASE}))


def fetched_together(session: Session, pages: Sequence[tuple[Lease, UUID]]) -> None:
    """Note the pages of leased entries by their captures, but for those whose lease has gone to somebody else."""
    captures = [capture for _held, capture in pages]
    session.execute(_FETCHED, {**_held([held for held, _capture in pages]), "captures": captures})


def failed(session: Session, held: Lease, state: str, permanent: bool, wait: timedelta | None, now: datetime) -> bool:
    """Note a failure by its named state. A passing one is tried again, later each time, at most `MAX_TRIES` times;
    `wait` is what the server asked for. False when the lease has gone to somebody else."""
    tries = session.scalar(select(Entry.tries).where(Entry.id == held.entry_id)) or 1
    if permanent or tries >= MAX_TRIES:
        return _finish(session, held, state="failed", error=state, retry_at=None)
    pause = max(wait or timedelta(), min(FIRST_WAIT * 4 ** (tries - 1), LONGEST_WAIT))
    return _finish(session, held, state="found", error=state, retry_at=now + pause)


def postponed(session: Session, held: Lease, state: str, until: datetime) -> bool:
    """Give a leased entry back without counting a try: its host may not be asked now."""
    return _finish(session, held, state="found", error=state, retry_at=until, tries=func.greatest(Entry.tries - 1, 0))


def _finish(session: Session, held: Lease, **values: object) -> bool:
    return _write(session, held, lease_until=None, holder=None, **values)


def _write(session: Session, held: Lease, **values: object) -> bool:
    statement = (
        update(Entry)
        .where(Entry.id == held.entry_id, Entry.fence == held.fence, Entry.state == "leased")
        .values(**values)
        .returning(Entry.id)
    )
    return session.scalar(statement) is not None


_RENEW = sql(
    """
    update entry set lease_until = now() + cast(:lease as interval)
    from unnest(cast(:entries as uuid[]), cast(:fences as bigint[])) as held (id, fence)
    where entry.id = held.id and entry.fence = held.fence and entry.state = 'leased'
    returning entry.id
    """
)
_FETCHED = sql(
    """
    update entry set state = 'fetched', capture_id = page.capture, error = null, retry_at = null, tries = 0,
        lease_until = null, holder = null
    from unnest(cast(:entries as uuid[]), cast(:fences as bigint[]), cast(:captures as uuid[]))
        as page (id, fence, capture)
    where entry.id = page.id and entry.fence = page.fence and entry.state = 'leased'
    """
)


def _held(held: Sequence[Lease]) -> dict[str, object]:
    return {"entries": [one.entry_id for one in held], "fences": [one.fence for one in held]}
