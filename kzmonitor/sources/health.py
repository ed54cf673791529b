"""How the sources do: what is due, the named state of each, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session
from sqlalchemy.sql import func

from kzmonitor.i18n import _
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Article, Entry, Poll

STALE_AFTER = timedelta(days=7)
# Addresses not looked at since are of the past: yesterday's listing, a retired feed.
SAME_RUN = timedelta(hours=1)
CALM = frozenset({"ok", "not-modified"})
# Looks that brought something, though not all that they should.
PARTLY = frozenset({"no-dates", "broken-xml"})


@dataclass(frozen=True)
class Health:
    """One source now. `state` is that of the first of its addresses that is not well, or ok, silent, never."""

    slug: str
    state: str
    last_success: datetime | None
    newest: datetime | None
    entries: int
    articles: int
    error: str | None

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return self.state in CALM


def due(session: Session, declarations: Mapping[str, Declaration], now: datetime) -> list[str]:
    """The enabled sources whose last poll is longer ago than they declare, longest waiting first."""
    query = select(Poll.source, func.max(Poll.started)).group_by(Poll.source)
    last: dict[str, datetime] = {row[0]: row[1] for row in session.execute(query)}
    waits = {
        slug: now - last[slug] if slug in last else timedelta.max
        for slug, declaration in declarations.items()
        if declaration.enabled
    }
    ready = [slug for slug, wait in waits.items() if wait >= timedelta(minutes=declarations[slug].every_minutes)]
    return sorted(ready, key=lambda slug: (-waits[slug].total_seconds(), slug))


def health(session: Session, declaration: Declaration, now: datetime) -> Health:
    """The state of one source as of `now`, from its last looks, its newest article and its volume."""
    last_look = select(func.max(Poll.started)).where(Poll.source == declaration.slug, Poll.started <= now)
    since = last_look.scalar_subquery() - max(SAME_RUN, timedelta(minutes=2 * declaration.every_minutes))
    latest = (
        select(Poll.url, Poll.state, Poll.error)
        .where(Poll.source == declaration.slug, Poll.started <= now, Poll.started >= since)
        .ext(distinct_on(Poll.url))
        .order_by(Poll.url, Poll.started.desc())
    )
    looks = session.execute(latest).all()
    bad = [look for look in looks if look.state not in CALM]
    last_success = session.scalar(
        select(func.max(Poll.started)).where(Poll.source == declaration.slug, Poll.state.in_(CALM), Poll.started <= now)
    )
    newest = session.scalar(
        select(func.max(func.coalesce(Entry.published_at, Entry.found_at))).where(
            Entry.source == declaration.slug, Entry.found_at <= now, Entry.route.not_in(("import", "archive"))
        )
    )
    entries = session.scalar(select(func.count()).select_from(Entry).where(Entry.source == declaration.slug)) or 0
    articles = session.scalar(select(func.count()).select_from(Article).where(Article.source == declaration.slug)) or 0
    state = bad[0].state if bad else "ok" if looks else "never"
    if state == "ok" and (newest is None or now - newest > STALE_AFTER):
        state = "silent"
    return Health(declaration.slug, state, last_success, newest, entries, articles, bad[0].error if bad else None)


def advice(state: str) -> str:
    """What a maintainer does about a named state, in one sentence."""
    known = {
        "ok": _("nothing to do"),
        "not-modified": _("nothing to do"),
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
