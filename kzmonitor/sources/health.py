"""How the sources do: what is due, the named state of each, and what to do about it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import TextClause, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import func

from kzmonitor.i18n import _
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Article, Entry, Source

STALE_AFTER = timedelta(days=7)
# Addresses not looked at since are of the past: yesterday's listing, a retired feed.
SAME_RUN = timedelta(hours=1)
# The pages found in so many days tell whether pages give texts, where there are enough of them: the declared
# `expect.with_text` or else half of them must.
PAGES_OF = timedelta(days=3)
LEAST_PAGES = 5
WITH_TEXT = 0.5
CALM = frozenset({"ok", "not-modified"})
# Looks that brought something, though not all that they should.
PARTLY = frozenset({"no-dates", "broken-xml"})
LAYOUT_CHANGED = "layout-changed"


@dataclass(frozen=True)
class Standing:
    """One source now. `state` is that of the first of its addresses that is not well; or that of most of its pages,
    when too few of them give a text; or ok, silent, never."""

    slug: str
    state: str
    last_success: datetime | None
    newest: datetime | None
    error: str | None

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return self.state in CALM


@dataclass(frozen=True)
class Health(Standing):
    """One source now, with its volume over all time."""

    entries: int
    articles: int


LAST_LOOKS = text(
    """
    select asked.slug, look.started
    from unnest(cast(:slugs as text[])) as asked (slug)
    cross join lateral (
        select started from poll where source = asked.slug and started <= :now order by started desc limit 1
    ) as look
    """
)
LOOKS = text(
    """
    select asked.slug, look.state, look.error
    from unnest(cast(:slugs as text[]), cast(:since as timestamptz[])) as asked (slug, since)
    cross join lateral (
        select distinct on (url) url, state, error
        from poll where source = asked.slug and started between asked.since and :now
        order by url, started desc
    ) as look
    order by asked.slug, look.url
    """
)
SUCCESSES = text(
    """
    select asked.slug, look.started
    from unnest(cast(:slugs as text[])) as asked (slug)
    cross join lateral (
        select started from poll
        where source = asked.slug and started <= :now and state in ('ok', 'not-modified')
        order by started desc limit 1
    ) as look
    """
)
# The newest by its own time of what was found lately; of a source that has long been silent, what was found last.
NEWEST = text(
    """
    select asked.slug, coalesce(lately.newest, last.newest)
    from unnest(cast(:slugs as text[])) as asked (slug)
    cross join lateral (
        select max(coalesce(published_at, found_at)) as newest from entry
        where source = asked.slug and found_at between :since and :now and route not in ('import', 'archive')
    ) as lately
    left join lateral (
        select coalesce(published_at, found_at) as newest from entry
        where lately.newest is null and source = asked.slug and found_at <= :now
            and route not in ('import', 'archive')
        order by found_at desc limit 1
    ) as last on true
    """
)
PAGES = text(
    """
    select entry.source, coalesce(entry.error, 'ok'), count(*)
    from unnest(cast(:slugs as text[])) as asked (slug)
    join entry on entry.source = asked.slug
    where entry.found_at between :since and :now and entry.route not in ('import', 'archive')
        and (entry.state = 'failed' or entry.cut_id is not null)
    group by 1, 2
    """
)
CUT_WITHOUT_LAYOUT = text(
    """
    select article.source, count(*)
    from article join revision on revision.id = article.current_revision
    where article.first_seen between :since and :now and article.tell
        and revision.cut_by = 'trafilatura:layout-changed'
    group by article.source
    """
)


def due(session: Session, declarations: Mapping[str, Declaration], now: datetime) -> list[str]:
    """The enabled sources whose last poll is longer ago than they declare, longest waiting first; those that somebody
    asked to collect at once are due as well, unless they were polled since."""
    enabled = [slug for slug, declaration in declarations.items() if declaration.enabled]
    last = _moments(session, LAST_LOOKS, {"slugs": enabled, "now": now})
    asked = select(Source.slug, Source.collect_asked_at)
    wanted = {slug for slug, at in session.execute(asked) if at is not None and (slug not in last or at > last[slug])}
    waits = {slug: now - last[slug] if slug in last else timedelta.max for slug in enabled}
    ready = [
        slug
        for slug, wait in waits.items()
        if slug in wanted or wait >= timedelta(minutes=declarations[slug].every_minutes)
    ]
    return sorted(ready, key=lambda slug: (-waits[slug].total_seconds(), slug))


def ask(session: Session, slug: str, now: datetime) -> bool:
    """Ask for a source to be collected with the next round, within about a minute; False when it is not known yet."""
    asked = update(Source).where(Source.slug == slug).values(collect_asked_at=now).returning(Source.slug)
    return session.scalar(asked) is not None


def health(session: Session, declaration: Declaration, now: datetime) -> Health:
    """The state of one source as of `now`, from its last looks, its newest article and its volume."""
    stands = standings(session, {declaration.slug: declaration}, now)[declaration.slug]
    entries = session.scalar(select(func.count()).select_from(Entry).where(Entry.source == declaration.slug)) or 0
    articles = session.scalar(select(func.count()).select_from(Article).where(Article.source == declaration.slug)) or 0
    return Health(**vars(stands), entries=entries, articles=articles)


def standings(session: Session, declarations: Mapping[str, Declaration], now: datetime) -> dict[str, Standing]:
    """The state of each of these sources as of `now`, by slug; six questions however many there are."""
    at = {"slugs": list(declarations), "now": now}
    last = _moments(session, LAST_LOOKS, at)
    since = {
        slug: started - max(SAME_RUN, timedelta(minutes=2 * declarations[slug].every_minutes))
        for slug, started in last.items()
    }
    looks: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    within = {"slugs": list(since), "since": list(since.values()), "now": now}
    for slug, state, error in session.execute(LOOKS, within):
        looks[slug].append((state, error))
    success = _moments(session, SUCCESSES, at)
    newest = _moments(session, NEWEST, {**at, "since": now - STALE_AFTER})
    pages = page_states(session, declarations, now)
    return {
        slug: _standing(one, looks[slug], success.get(slug), newest.get(slug), pages.get(slug, Counter()), now)
        for slug, one in declarations.items()
    }


def _moments(session: Session, query: TextClause, values: Mapping[str, object]) -> dict[str, datetime]:
    return {row[0]: row[1] for row in session.execute(query, values) if row[1] is not None}


def page_states(session: Session, slugs: Iterable[str], now: datetime) -> dict[str, Counter[str]]:
    """How the pages that a source found in the last three days ended: `ok`, or the named state of each that gave no
    text; `layout-changed` also where only the general cutter found one."""
    within = {"slugs": list(slugs), "since": now - PAGES_OF, "now": now}
    pages: dict[str, Counter[str]] = defaultdict(Counter)
    for slug, state, number in session.execute(PAGES, within):
        pages[slug][state] = number
    for slug, number in session.execute(CUT_WITHOUT_LAYOUT, within):
        if slug in pages:
            moved = min(number, pages[slug]["ok"])
            pages[slug].update({"ok": -moved, LAYOUT_CHANGED: moved})
    return dict(pages)


def _standing(
    declaration: Declaration,
    looks: list[tuple[str, str | None]],
    last_success: datetime | None,
    newest: datetime | None,
    pages: Counter[str],
    now: datetime,
) -> Standing:
    bad = [look for look in looks if look[0] not in CALM]
    failing = _failing(declaration, pages)
    if bad:
        state = bad[0][0]
    elif not looks:
        state = "never"
    elif failing is not None:
        state = failing
    else:
        state = "silent" if newest is None or now - newest > STALE_AFTER else "ok"
    return Standing(declaration.slug, state, last_success, newest, bad[0][1] if bad else None)


def _failing(declaration: Declaration, pages: Counter[str]) -> str | None:
    """What most pages without a text suffer from, when there are too many of them."""
    least = WITH_TEXT if declaration.expect.with_text is None else declaration.expect.with_text
    if pages.total() < LEAST_PAGES or pages["ok"] >= least * pages.total():
        return None
    states = sorted((state for state in pages if state != "ok"), key=lambda state: (-pages[state], state))
    return states[0]


def advice(state: str) -> str:
    """What a maintainer does about a named state, in one sentence."""
    known = {
        "ok": _("nothing to do"),
        "not-modified": _("nothing to do"),
        "title": _("the known article has another title now: has the layout of the page changed?"),
        "length": _("the known article is much longer or shorter now: has the layout of the page changed?"),
        "date": _("the known article has another date now: has the layout of the page changed?"),
        "never": _("not collected yet; run: kzmonitor collect"),
        "silent": _("nothing new for a week: open the site and compare"),
        "empty": _("the feed answers with nothing: look for its new address on the site"),
        "tiny": _("the feed answers with next to nothing: its address was probably retired"),
        "html-for-xml": _("a web page in place of a feed: the address moved, or a wall stands before it"),
        "not-xml": _("not a feed: check the address"),
        "broken-xml": _("the feed breaks off; what could be read was kept"),
        "no-items": _("no article links: has the layout of the page changed?"),
        "no-dates": _("items without dates: times are taken from the pages"),
        "dns": _("the host has no address: moved, gone, or blocked here"),
        "tls": _("the certificate does not verify: never switched off; ask the outlet"),
        "timeout": _("no answer in time: try a proxy if it is blocked from here"),
        "connection": _("the connection fails: try again later, or through a proxy"),
        "403-wall": _("refused (401, 403): ask the outlet to let our agent in"),
        "404": _("gone: look for the new address on the site"),
        "too-large": _("larger than 10 MB: declare a smaller feed"),
        "rate-limited": _("asked to slow down (429): raise delay_s or every_minutes"),
        "server-error": _("the outlet's server fails: wait"),
        "robots-unreachable": _("robots.txt could not be read, which is no consent: wait, or ask the outlet"),
        "robots-denied": _("robots.txt forbids it: remove this address or ask the outlet"),
        "foreign-host": _("leads to a host that is not declared: add it to hosts if it belongs to the outlet"),
        "private-address": _(
            "leads into a private network: remove it (the local newsroom needs KZMONITOR_ALLOW_LOOPBACK=1)"
        ),
        "redirect-loop": _("redirects without end: check the address in a browser"),
        "bad-address": _("not an address that can be asked for, or it leads to none: check it in a browser"),
        "cut-short": _("the answer breaks off: try again later"),
        "not-html": _("not a web page: check the address of the listing"),
        "layout-changed": _("no text where the declared layout has it: declare the new one"),
        "cutter-failed": _("the general cutter can't read the page: declare a layout for it"),
        "bad-encoding": _("the page is packed in a way that can't be undone"),
        "erased": _("the stored page was erased by a rule"),
        "tampered": _("the stored page is not what was stored: run kzmonitor verify"),
        "taken-over": _("another process fetches it"),
        "error": _("a mistake of ours: see the error beside it"),
        "exceptions": _("a mistake of ours: see the log"),
    }
    if state.isdigit():
        return _("an unusual answer (HTTP {status}): open the address in a browser").format(status=state)
    return known.get(state, _("see the error beside it"))
