"""Pages that a person asks for: fetched as any other page is, also where no source declares their host.

Whoever reports a missed case names an address, and with it consents that its host is asked for this one page. The page
goes the way of all: our agent, robots.txt, the host's turn, no private address, a capture before anything parses it.
For a host that nobody declares a declaration is made for the run, of this host and its `www` twin and nothing else."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import yaml
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect import articles, crawl, entries, importing
from kzmonitor.collect.canonical import article_key, canonical_url
from kzmonitor.collect.crawl import Crawled
from kzmonitor.collect.cut import Hint
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.registry import Registry
from kzmonitor.store.tables import Article, Capture, Entry, MissedReport, new_id

SPIDER = "asked"
AT_ONCE = 20
NUMERIC = re.compile(r"[\d.:\[\]a-f]+")


def place(registry: Registry, url: str) -> tuple[Declaration, str]:
    """Whose address this is, and how it is known. Raises InputError for what is no address of a web page."""
    try:
        host = host_of(url)
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise ValueError(_("an address holds no name or password"))
        owner = registry.owner(url) or importing.outsider(host)
    except ValueError as error:
        raise InputError(f"{url[:80]}: {error}") from error
    return owner, canonical_url(url, owner)


def known(session: Session, declaration: Declaration, url: str) -> Article | None:
    """The article at an address, if it was cut before."""
    article = session.scalars(select(Article).where(Article.key == article_key(url, declaration))).one_or_none()
    return article if article is not None and article.current_revision is not None else None


def ask(session: Session, declaration: Declaration, url: str, now: datetime) -> None:
    """Note a page to be fetched; one that could not be fetched before is tried anew."""
    importing.register(session, declaration)
    canonical = canonical_url(url, declaration)
    row = insert(Entry).values(
        id=new_id(), source=declaration.slug, url=url, canonical_url=canonical, route="direct", found_at=now
    )
    session.execute(row.on_conflict_do_nothing())
    stuck = Entry.state.in_(("failed", "skipped", "found"))
    session.execute(
        update(Entry)
        .where(Entry.canonical_url == canonical, Entry.capture_id.is_(None), stuck)
        .values(state="found", retry_at=None, tries=0, route="direct", error=None)
    )


def lease(session: Session, source: str, holder: int, now: datetime) -> list[entries.Lease]:
    """The pages of a source that people wait for and that are due, now held by `holder`."""
    wanted = select(MissedReport.canonical_url).where(MissedReport.state == "waiting", MissedReport.source == source)
    return entries.lease(session, source, holder, AT_ONCE, now, only=Entry.canonical_url.in_(wanted))


def fetch(registry: Registry, addresses: Sequence[str], sources_dir: Path | None) -> list[Crawled]:
    """Fetch what waits at the sources of these addresses, in child processes; how each ended."""
    placed = {owner.slug: (owner, url) for url in addresses for owner in [place(registry, url)[0]]}
    declared = sorted(slug for slug in placed if slug in registry.sources)
    others = sorted(placed.keys() - set(declared))
    ended = crawl.run(declared, sources_dir, spider=SPIDER) if declared else []
    if others:
        with TemporaryDirectory(prefix="kzmonitor-") as folder:
            for slug in others:
                facts = _declared(*placed[slug])
                (Path(folder) / f"{slug}.yml").write_text(yaml.safe_dump(facts, allow_unicode=True), "utf-8")
            ended += crawl.run(others, Path(folder), spider=SPIDER)
    return ended


def _declared(outsider: Declaration, url: str) -> dict[str, object]:
    """What a declaration of this address's host says for one run."""
    host = host_of(url)
    twin = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    hosts = [host] if NUMERIC.fullmatch(host) or "." not in host else [host, twin]
    return {
        "name": outsider.name,
        "tier": outsider.tier,
        "languages": list(outsider.languages),
        "hosts": hosts,
        # One is needed; the spider of asked pages looks at none.
        "feeds": [f"{urlsplit(url).scheme}://{host}/"],
    }


def entry_of(session: Session, canonical: str) -> Entry | None:
    """The entry of an address, locked."""
    return session.scalars(select(Entry).where(Entry.canonical_url == canonical).with_for_update()).one_or_none()


def cut(session: Session, declaration: Declaration, entry: Entry) -> Article:
    """The article in the page of a fetched entry. Raises PageError with a named state."""
    capture = session.get_one(Capture, entry.capture_id)
    found = articles.cut_capture(capture, declaration, Hint(entry.title, entry.published_at))
    articles.keep(session, declaration, entry, capture, found)
    entry.cut_id, entry.error = entry.capture_id, None
    session.flush()
    return session.scalars(select(Article).where(Article.key == article_key(entry.url, declaration))).one()
