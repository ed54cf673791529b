"""From captures to articles: cut what waits, and note an edit as a new revision."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect import captures, storing
from kzmonitor.collect.canonical import article_key
from kzmonitor.collect.cut import Article as Cut
from kzmonitor.collect.cut import Hint
from kzmonitor.collect.cutting import cutters
from kzmonitor.collect.pages import Page, Reading, article_of, reading_of
from kzmonitor.collect.storing import Text
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Capture, Entry, Revision, new_id

# Large enough that two processes have work while a third stores; over in a second.
BATCH = 100
# What an import or a backfill brings is news for a digest as long as it was published so shortly before.
NEWS = timedelta(days=3)


def cut_waiting(session: Session, declarations: Mapping[str, Declaration], limit: int = BATCH) -> Counter[str]:
    """Cut up to `limit` captured pages; how many ended in each outcome (empty when nothing waits).

    Outcomes: revision (a new text), unchanged, or the named state of a page that defeats us. Raises SetupError when the
    processes that cut don't start."""
    waiting = _waiting(session, declarations, limit)
    if not waiting:
        return Counter()
    pages = [
        Page(row.source, row.url, row.fetched_at, captures.flat(row.headers), row.body, row.sha256, _hint(row))
        for row in waiting
    ]
    readings = cutters().cut(pages, declarations)
    read = [(row, reading) for row, reading in zip(waiting, readings, strict=True) if isinstance(reading, Reading)]
    outcomes = Counter(_store(session, declarations, read))
    errors = [reading if isinstance(reading, str) else None for reading in readings]
    outcomes.update(error for error in errors if error is not None)
    session.execute(
        _DONE,
        {
            "entries": [row.entry for row in waiting],
            "captures": [row.capture for row in waiting],
            "errors": errors,
        },
    )
    return outcomes


# What was read is the capture that the entry had when it was locked.
_DONE = sql(
    """
    update entry set cut_id = done.capture, error = done.error
    from unnest(cast(:entries as uuid[]), cast(:captures as uuid[]), cast(:errors as text[]))
        as done (id, capture, error)
    where entry.id = done.id
    """
)


def _waiting(session: Session, declarations: Mapping[str, Declaration], limit: int) -> Sequence[Row[Any]]:
    """Captured pages that nobody has cut, with their captures, locked until the caller commits."""
    claimed = (
        select(Entry)
        .where(Entry.capture_id.is_distinct_from(Entry.cut_id), Entry.source.in_(declarations))
        .order_by(Entry.found_at, Entry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("claimed")
        .prefix_with("materialized")
    )
    columns = claimed.c
    query = (
        select(
            columns.id.label("entry"), columns.source, columns.url.label("asked"), columns.canonical_url, columns.tell,
            columns.found_at, columns.title, columns.published_at, columns.capture_id.label("capture"), Capture.url,
            Capture.fetched_at, Capture.headers, Capture.body, Capture.sha256,
        )
        .join(Capture, Capture.id == columns.capture_id)
        .order_by(columns.found_at, columns.id)
    )  # fmt: skip
    return session.execute(query).all()


def _hint(row: Row[Any]) -> Hint:
    return Hint(row.title, row.published_at)


def _store(
    session: Session, declarations: Mapping[str, Declaration], read: Sequence[tuple[Row[Any], Reading]]
) -> list[str]:
    """Store what was read; whether each text is a "revision" or "unchanged". An article that was fetched under two
    addresses at once is stored twice, in order."""
    outcomes: list[str] = []
    left = list(read)
    while left:
        texts: dict[str, Text] = {}
        again: list[tuple[Row[Any], Reading]] = []
        for row, reading in left:
            text = _text(row, reading, declarations[row.source])
            if texts.setdefault(text.key, text) is not text:
                again.append((row, reading))
        stored = storing.store(session, list(texts.values()))
        outcomes += ["unchanged" if one.before == one.revision else "revision" for one in stored.values()]
        left = again
    return outcomes


class _Captured(NamedTuple):
    """A page as `_waiting` tells of it: the address asked for, its entry's facts, its capture."""

    asked: str
    canonical_url: str
    source: str
    found_at: datetime
    tell: bool
    capture: UUID


def _text(row: Row[Any] | _Captured, reading: Reading, declaration: Declaration) -> Text:
    found = reading.article
    return Text(
        key=article_key(row.asked, declaration),
        canonical_url=row.canonical_url,
        source=row.source,
        first_seen=row.found_at,
        tell=row.tell or not _is_old(found, row.found_at),
        capture=row.capture,
        text_sha256=_sha256(found),
        title=found.title,
        text=found.text,
        language=reading.language.code,
        script=reading.language.script,
        published_at=found.published_at,
        date_doubt=found.date_doubt,
        author=found.author,
        cut_by=found.cut_by,
        search=reading.search,
    )


def cut_capture(capture: Capture, declaration: Declaration, hint: Hint) -> Cut:
    """The article in a stored page, cut here and now. Raises PageError with a named state."""
    headers = captures.flat_headers(capture)
    page = Page(declaration.slug, capture.url, capture.fetched_at, headers, capture.body, capture.sha256, hint)
    return article_of(page, declaration)


def keep(session: Session, declaration: Declaration, entry: Entry, capture: Capture, found: Cut) -> None:
    """Store a cut text as the present one of its article."""
    page = _Captured(entry.url, entry.canonical_url, entry.source, entry.found_at, entry.tell, capture.id)
    storing.store(session, [_text(page, reading_of(found), declaration)])


def revise(session: Session, article_id: UUID, capture: Capture, found: Cut) -> UUID:
    """The revision of an article that holds a cut text, made if the text is new. It is not made the current one."""
    text_sha256, reading = _sha256(found), reading_of(found)
    revision_id: UUID | None = session.scalar(
        insert(Revision)
        .values(
            id=new_id(),
            article_id=article_id,
            capture_id=capture.id,
            text_sha256=text_sha256,
            title=found.title,
            text=found.text,
            language=reading.language.code,
            script=reading.language.script,
            published_at=found.published_at,
            date_doubt=found.date_doubt,
            author=found.author,
            cut_by=found.cut_by,
            search=reading.search,
        )
        .on_conflict_do_nothing()
        .returning(Revision.id)
    )
    if revision_id is not None:
        return revision_id
    known = select(Revision.id).where(Revision.article_id == article_id, Revision.text_sha256 == text_sha256)
    return session.scalars(known).one()


def _sha256(found: Cut) -> bytes:
    return hashlib.sha256(f"{found.title}\n{found.text}".encode()).digest()


def _is_old(found: Cut, found_at: datetime) -> bool:
    return found.published_at is None or found.published_at < found_at - NEWS
