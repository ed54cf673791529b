"""Canaries: one known article of each source, fetched again each night by the ordinary way.

A feed may be well while its pages are not: another layout, a wall, a shop window. What is cut from a known page tells,
by its title, its length and its date. A source's canary is an article of the last month whose page gave a title, a date
beyond doubt and a text of some length by the declared layout (where there is none, by the general cutter), and which no
incident is told by: pages behind alerts are looked at otherwise, and asking for them more often would show what we are
after. It stays the same until its page has been another one for some nights; then another article is chosen, for
outlets do edit and withdraw articles. If the site has changed, the new one will soon say the same."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql import func

from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.coverage import day_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import leases
from kzmonitor.store.tables import Article, Canary, Capture, IncidentArticle, Revision

LEASE = timedelta(minutes=30)
# A little under a day, so that a look that began late does not skip the next night.
EVERY = timedelta(hours=20)
# At best so old, so that its page has settled; at least so old, on the first days.
SETTLED, YOUNGEST, OLDEST = timedelta(days=2), timedelta(hours=6), timedelta(days=30)
LEAST_CHARACTERS = 600
LEAST_TITLE = 10
CANDIDATES = 50
# As the sum of paragraphs that a site adds and takes away; another layout makes it half or double.
LENGTH_KEPT = 0.8
# States of the article rather than of the way to it: after so many nights another article is chosen.
ANOTHER_PAGE = frozenset({"404", "title", "length", "date", "foreign-host", "layout-changed", "empty"})
GIVEN_UP_AFTER = timedelta(days=3)
OWN_PAGES = ("direct", "proxy", "mirror")


@dataclass(frozen=True)
class Seen:
    """What a look brought: `ok` and what was cut, or the named state of a failure."""

    state: str
    title: str | None = None
    words: int | None = None
    published_at: datetime | None = None


@dataclass(frozen=True)
class Held:
    """A canary that this process may look at until the lease ends; writes carry its `fence`."""

    source: str
    url: str
    canonical_url: str
    fence: int


def choose(session: Session, declarations: Mapping[str, Declaration], now: datetime) -> list[str]:
    """Give each enabled source its canary that has none, or whose canary is another page by now; which got one."""
    kept = select(Canary.source).where(
        or_(
            Canary.state.is_(None),
            Canary.state.not_in(ANOTHER_PAGE),
            Canary.since.is_(None),
            Canary.since > now - GIVEN_UP_AFTER,
        )
    )
    known = set(session.scalars(kept))
    wanting = [one for slug, one in declarations.items() if one.enabled and slug not in known]
    return [one.slug for one in wanting if _choose(session, one, now)]


def _choose(session: Session, declaration: Declaration, now: datetime) -> bool:
    found = next(
        (
            row
            for youngest in (SETTLED, YOUNGEST)
            for row in _candidates(session, declaration, now - OLDEST, now - youngest)
            if _host(row[2].url) in declaration.hosts_on(now.date())
        ),
        None,
    )
    if found is None:
        return False
    article, revision, capture = found
    values = {
        "article_id": article.id,
        "capture_id": capture.id,
        "title": revision.title,
        "words": words_in(revision.text),
        "published_at": revision.published_at,
        "chosen_at": now,
    }
    fresh = dict.fromkeys(("looked_at", "state", "since", "seen_title", "seen_words", "seen_published_at"))
    row = insert(Canary).values(source=declaration.slug, **values)
    columns = {Canary.__mapper__.get_property(name).columns[0].name: value for name, value in (values | fresh).items()}
    session.execute(row.on_conflict_do_update(index_elements=[Canary.source], set_=columns))
    return True


def _candidates(
    session: Session, declaration: Declaration, since: datetime, until: datetime
) -> list[tuple[Article, Revision, Capture]]:
    cut_by = Revision.cut_by.like("layout:%") if declaration.layouts else Revision.cut_by == "trafilatura"
    before = select(Canary.article_id).where(Canary.source == declaration.slug)
    query = (
        select(Article, Revision, Capture)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Capture, Capture.id == Revision.capture_id)
        .where(Article.source == declaration.slug, Article.first_seen.between(since, until), cut_by)
        .where(func.length(Revision.text) >= LEAST_CHARACTERS, func.length(Revision.title) >= LEAST_TITLE)
        .where(Revision.published_at.is_not(None), Revision.date_doubt.is_(None))
        .where(Capture.route.in_(OWN_PAGES), Capture.body.is_not(None), Article.id.not_in(before))
        .where(~exists().where(IncidentArticle.article_id == Article.id))
        .order_by(Article.first_seen.desc())
        .limit(CANDIDATES)
    )
    return [(article, revision, capture) for article, revision, capture in session.execute(query)]


def _host(url: str) -> str | None:
    try:
        return host_of(url)
    except ValueError:
        return None


def words_in(text: str) -> int:
    """The length of a text in words."""
    return len(text.split())


def due(session: Session, slugs: Collection[str], now: datetime) -> list[str]:
    """The sources whose canary is due for its nightly look, in order."""
    return sorted(session.scalars(select(Canary.source).where(Canary.source.in_(slugs), _due(now))))


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(Canary.lease_until.is_(None), leases.ended(Canary.lease_until, Canary.holder))
    return and_(or_(Canary.looked_at.is_(None), Canary.looked_at <= now - EVERY), free)


def lease(session: Session, source: str, holder: int, now: datetime) -> Held | None:
    """The canary of a source, now held by `holder` for half an hour; None when it is not due or another has it."""
    chosen = select(Canary.source).where(Canary.source == source, _due(now)).with_for_update(skip_locked=True)
    taken = update(Canary).where(Canary.source.in_(chosen))
    fence = session.scalar(
        taken.values(holder=holder, lease_until=func.now() + LEASE, fence=Canary.fence + 1).returning(Canary.fence)
    )
    if fence is None:
        return None
    address = (
        select(Capture.url, Article.canonical_url)
        .join(Canary, Canary.capture_id == Capture.id)
        .join(Article, Article.id == Canary.article_id)
        .where(Canary.source == source)
    )
    url, canonical = session.execute(address).one()
    return Held(source, url, canonical, fence)


def renew(session: Session, held: Held) -> bool:
    """Hold on to a canary from now; False when its lease has gone to somebody else."""
    renewed = update(Canary).where(_is_held(held)).values(lease_until=func.now() + LEASE).returning(Canary.source)
    return session.scalar(renewed) is not None


def give_back(session: Session, held: Held) -> bool:
    """Give a canary back unseen: its host may not be asked now, the next night will do."""
    given = update(Canary).where(_is_held(held)).values(lease_until=None, holder=None).returning(Canary.source)
    return session.scalar(given) is not None


def record(session: Session, held: Held, seen: Seen, now: datetime) -> str | None:
    """Write down a look; its state, None when the lease has gone to somebody else."""
    canary = session.scalars(select(Canary).where(_is_held(held)).with_for_update()).one_or_none()
    if canary is None:
        return None
    state = compared(Seen("ok", canary.title, canary.words, canary.published_at), seen)
    canary.since = canary.since if canary.state == state and canary.since is not None else now
    canary.state, canary.looked_at = state, now
    canary.seen_title, canary.seen_words, canary.seen_published_at = seen.title, seen.words, seen.published_at
    canary.lease_until = canary.holder = None
    session.flush()
    return state


def compared(expected: Seen, seen: Seen) -> str:
    """`ok` when the same was cut; else the first of `title`, `length`, `date` that differs, or the state of the look.

    A title is the same but for blanks and case, a length within a fifth, a date on its day in Almaty."""
    if seen.state != "ok":
        return seen.state
    if _plain(expected.title) != _plain(seen.title):
        return "title"
    shorter, longer = sorted((expected.words or 0, seen.words or 0))
    if shorter < LENGTH_KEPT * longer:
        return "length"
    if _day(expected.published_at) != _day(seen.published_at):
        return "date"
    return "ok"


def _plain(title: str | None) -> str:
    return " ".join((title or "").casefold().split())


def _day(moment: datetime | None) -> object:
    return None if moment is None else day_of(moment)


def _is_held(held: Held) -> ColumnElement[bool]:
    return and_(Canary.source == held.source, Canary.fence == held.fence, Canary.lease_until.is_not(None))


def canaries(session: Session) -> dict[str, Canary]:
    """All canaries by source, with what their last look saw."""
    return {one.source: one for one in session.scalars(select(Canary))}
