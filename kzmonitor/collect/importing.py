"""Import: records of other people's archives become captures and articles by the path of live reports.

An address (or, without one, a text) is known once it is stored: a record of it is passed over, so that an import that
was killed, or is run again, does only what is left. Batches commit."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect import articles, captures, entries
from kzmonitor.collect.canonical import UNADDRESSED, article_key, canonical_url
from kzmonitor.collect.captures import Received
from kzmonitor.collect.cut import Hint
from kzmonitor.collect.dates import bounded, parse_date
from kzmonitor.collect.listings import is_article
from kzmonitor.collect.metadata import clean
from kzmonitor.errors import InputError, PageError
from kzmonitor.language.visible import visible
from kzmonitor.sources.addresses import host_of
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.registry import Registry
from kzmonitor.store import Database
from kzmonitor.store.tables import Article, Entry, Source, new_id

BATCH = 50
KIND = "import"
LONGEST_HOST = 50
LONGEST_NAME = 200
FRONT_PAGES = ("", "/")


@dataclass(frozen=True)
class Brought:
    """One record of a file. where: file and line; url None: it has no address and is known by its `text`;
    source: the outlet's name where the record says it; published: as the record says it; status, headers, body:
    the response as it was received, or the record itself; fetched_at: when that was, None where nobody says."""

    where: str
    url: str | None
    body: bytes
    headers: Mapping[str, Sequence[str]]
    text: str = ""
    title: str | None = None
    source: str | None = None
    published: str | None = None
    status: int = 200
    fetched_at: datetime | None = None


@dataclass(frozen=True)
class Skipped:
    """A record that can't be used. state: in a word, to be counted; why: in a sentence that names file and line,
    empty where counting is enough."""

    state: str
    why: str = ""


def bring_all(
    database: Database,
    registry: Registry,
    records: Iterable[Brought | Skipped],
    now: Callable[[], datetime],
    *,
    tell: bool = False,
    batch: int = BATCH,
    said: Callable[[Skipped], None] = lambda _skipped: None,
    progress: Callable[[Counter[str]], None] = lambda _outcomes: None,
) -> Counter[str]:
    """Store all records; how many ended in each outcome, see `bring`, or in the state of what was skipped.

    tell: their alerts may enter digests as news. said: told of each record that was skipped; progress: told the
    counts after each batch, which is committed then."""
    totals: Counter[str] = Counter()
    for some in _batches(records, batch):
        good = [record for record in some if isinstance(record, Brought)]
        outcomes = Counter(record.state for record in some if isinstance(record, Skipped))
        with database.session() as session:
            for skipped in bring(session, registry, good, now(), outcomes, tell=tell):
                said(skipped)
        for record in some:
            if isinstance(record, Skipped):
                said(record)
        totals += outcomes
        progress(totals)
    return totals


def _batches(records: Iterable[Brought | Skipped], size: int) -> Iterator[list[Brought | Skipped]]:
    found = iter(records)
    while some := list(islice(found, size)):
        yield some


def bring(
    session: Session,
    registry: Registry,
    records: Sequence[Brought],
    now: datetime,
    outcomes: Counter[str],
    *,
    tell: bool = False,
) -> list[Skipped]:
    """Store records in the caller's transaction and count them; those whose address can't be used.

    Outcomes: new (an article that was not known), version (one more text of a known article), known (its address is),
    not-an-article (a front page or a listing), bad-address, or the named state of a page that no text was cut from."""
    skipped: list[Skipped] = []
    placed: dict[str, tuple[Brought, Declaration]] = {}
    for record in records:
        try:
            declaration, canonical = place(registry, record)
        except (InputError, ValueError) as error:
            outcomes["bad-address"] += 1
            skipped.append(Skipped("bad-address", f"{record.where}: {error}"))
            continue
        if not _may_be_article(record, declaration):
            outcomes["not-an-article"] += 1
        elif canonical in placed:
            outcomes["known"] += 1
        else:
            placed[canonical] = record, declaration
    # In one order everywhere, so that two imports of the same addresses never lock each other out.
    for _slug, declaration in sorted({declaration.slug: declaration for _, declaration in placed.values()}.items()):
        register(session, declaration)
    for canonical in sorted(placed):
        record, declaration = placed[canonical]
        outcomes[_store(session, record, declaration, canonical, now, tell=tell)] += 1
    return skipped


def _store(
    session: Session, record: Brought, declaration: Declaration, canonical: str, now: datetime, *, tell: bool
) -> str:
    entry = _entry(session, record, declaration, canonical, now, tell=tell)
    if entry is None:
        return "known"
    fetched_at = min(record.fetched_at, now) if record.fetched_at else now
    url = record.url or canonical
    received = Received(url, canonical, KIND, fetched_at, record.status, record.headers, [], record.body)
    capture = captures.made(declaration.slug, received)
    session.add(capture)
    session.flush()
    entry.capture_id = entry.cut_id = capture.id
    entry.state, entry.error = "fetched", None
    try:
        found = articles.cut_capture(capture, declaration, Hint(entry.title, entry.published_at))
    except PageError as error:
        entry.error = error.state
        return error.state
    known = session.scalars(select(Article).where(Article.key == article_key(url, declaration))).one_or_none()
    if known is not None and known.current_revision is not None:
        # What we fetched ourselves, perhaps later, stays the text of the article.
        articles.revise(session, known.id, capture, found)
        return "version"
    articles.keep(session, declaration, entry, capture, found)
    return "new"


def _entry(
    session: Session, record: Brought, declaration: Declaration, canonical: str, now: datetime, *, tell: bool
) -> Entry | None:
    """The entry to be filled; None when its address has a capture already, or is being fetched."""
    said = parse_date(record.published or "", now, declaration.languages)
    published_at, doubt = bounded(said, now)
    made = insert(Entry).values(
        id=new_id(),
        source=declaration.slug,
        url=record.url or canonical,
        canonical_url=canonical,
        route=KIND,
        title=clean(record.title or "")[:1000] or None,
        published_at=None if doubt else published_at,
        found_at=now,
        state="fetched",
        tell=tell,
    )
    entry_id = session.scalar(made.on_conflict_do_nothing().returning(Entry.id))
    if entry_id is not None:
        return session.get_one(Entry, entry_id)
    known = session.scalars(select(Entry).where(Entry.canonical_url == canonical).with_for_update()).one()
    return known if known.capture_id is None and known.state != "leased" else None


def _may_be_article(record: Brought, declaration: Declaration) -> bool:
    """A text always; of pages those whose address is an article's, or on undeclared hosts no front page."""
    if record.url is None or record.text:
        return True
    if declaration.enabled:
        return is_article(record.url, declaration)
    return urlsplit(record.url).path not in FRONT_PAGES


def place(registry: Registry, record: Brought) -> tuple[Declaration, str]:
    """Whose record it is, and the address under which it is known. Raises InputError or ValueError."""
    if record.url is not None:
        owner = registry.owner(record.url) or outsider(host_of(record.url))
        return owner, canonical_url(record.url, owner)
    known_by = hashlib.sha256(f"{record.title or ''}\n{record.text}".encode("utf-8", "replace")).hexdigest()
    return _named(registry, record.source or Path(record.where.rpartition(":")[0]).stem), f"{UNADDRESSED}{known_by}"


def _named(registry: Registry, name: str) -> Declaration:
    """The declared source of this slug or name, else a source of its own."""
    plain = name.casefold().strip()
    declared = registry.sources.get(plain) or next(
        (one for one in registry.sources.values() if one.name.casefold() == plain), None
    )
    if declared is not None:
        return declared
    return _outsider("named-" + hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:12], name)


def outsider(host: str) -> Declaration:
    """The source of what comes from a host that nobody declares: one for each host, of kind `import`."""
    spelled = re.sub(r"[^a-z0-9]", lambda sign: "--" if sign[0] == "-" else "-", host)
    if len(spelled) > LONGEST_HOST:
        spelled = spelled[: LONGEST_HOST - 13] + "-" + hashlib.sha256(host.encode()).hexdigest()[:12]
    return _outsider(spelled, host)


def _outsider(spelled: str, name: str) -> Declaration:
    """A declaration to cut and name by; it is disabled and asks for nothing."""
    return Declaration(
        slug=f"import-{spelled}",
        name=visible(name, LONGEST_NAME) or KIND,
        tier=5,
        languages=("ru", "kk", "en"),
        hosts=("import.invalid",),
        feeds=("https://import.invalid/",),
        enabled=False,
    )


def register(session: Session, declaration: Declaration) -> None:
    """The row of a source: a declared one as a crawl would leave it, another with the kind `import`."""
    if declaration.enabled or not declaration.slug.startswith("import-"):
        entries.register(session, declaration)
        return
    row = insert(Source).values(
        slug=declaration.slug,
        name=declaration.name,
        tier=declaration.tier,
        kind=KIND,
        languages=list(declaration.languages),
        country=declaration.country,
        enabled=False,
    )
    session.execute(row.on_conflict_do_nothing())
