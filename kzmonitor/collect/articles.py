"""From captures to articles: cut what waits, and note an edit as a new revision."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect import captures
from kzmonitor.collect.canonical import article_key
from kzmonitor.collect.cut import Article as Cut
from kzmonitor.collect.cut import Hint, cut
from kzmonitor.collect.decode import decode_body, html_text
from kzmonitor.collect.records import RECORD_TYPE, cut_record
from kzmonitor.errors import PageError
from kzmonitor.language.detect import detect
from kzmonitor.language.searching import search_vector
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Article, Capture, Entry, Revision, new_id

BATCH = 20
# What an import or a backfill brings is news for a digest as long as it was published so shortly before.
NEWS = timedelta(days=3)


def cut_waiting(session: Session, declarations: Mapping[str, Declaration], limit: int = BATCH) -> Counter[str]:
    """Cut up to `limit` captured pages; how many ended in each outcome (empty when nothing waits).

    Outcomes: revision (a new text), unchanged, or the named state of a page that defeats us."""
    waiting = (
        select(Entry)
        .where(Entry.capture_id.is_distinct_from(Entry.cut_id), Entry.source.in_(declarations))
        .order_by(Entry.found_at, Entry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    outcomes: Counter[str] = Counter()
    for entry in session.scalars(waiting).all():
        capture = session.get_one(Capture, entry.capture_id)
        try:
            outcome = keep(
                session,
                declarations[entry.source],
                entry,
                capture,
                cut_capture(capture, declarations[entry.source], Hint(entry.title, entry.published_at)),
            )
            entry.error = None
        except PageError as error:
            outcome = entry.error = error.state
        entry.cut_id = entry.capture_id
        outcomes[outcome] += 1
    return outcomes


def cut_capture(capture: Capture, declaration: Declaration, hint: Hint) -> Cut:
    """The article in a stored page. Raises PageError with a named state."""
    headers = captures.flat_headers(capture)
    if headers.get("content-type") == RECORD_TYPE:
        return cut_record(captures.body(capture), capture.url, capture.fetched_at, declaration, hint)
    page = html_text(decode_body(captures.body(capture), headers), headers)
    return cut(page, capture.url, capture.fetched_at, declaration, hint)


def keep(session: Session, declaration: Declaration, entry: Entry, capture: Capture, found: Cut) -> str:
    """Store a cut text under its article's key: "revision" when the text is new, "unchanged" when known."""
    article = _article(session, declaration, entry, found)
    before = article.current_revision
    revision_id = revise(session, article.id, capture, found)
    session.execute(update(Article).where(Article.id == article.id).values(current_revision=revision_id))
    return "unchanged" if before == revision_id else "revision"


def revise(session: Session, article_id: UUID, capture: Capture, found: Cut) -> UUID:
    """The revision of an article that holds a cut text, made if the text is new. It is not made the current one."""
    text_sha256 = hashlib.sha256(f"{found.title}\n{found.text}".encode()).digest()
    language = detect(f"{found.title}\n{found.text}")
    revision_id: UUID | None = session.scalar(
        insert(Revision)
        .values(
            id=new_id(),
            article_id=article_id,
            capture_id=capture.id,
            text_sha256=text_sha256,
            title=found.title,
            text=found.text,
            language=language.code,
            script=language.script,
            published_at=found.published_at,
            date_doubt=found.date_doubt,
            author=found.author,
            cut_by=found.cut_by,
            search=search_vector(found.title, found.text, language.code),
        )
        .on_conflict_do_nothing()
        .returning(Revision.id)
    )
    if revision_id is not None:
        return revision_id
    known = select(Revision.id).where(Revision.article_id == article_id, Revision.text_sha256 == text_sha256)
    return session.scalars(known).one()


def _article(session: Session, declaration: Declaration, entry: Entry, found: Cut) -> Article:
    key = article_key(entry.url, declaration)
    is_old = found.published_at is None or found.published_at < entry.found_at - NEWS
    row = insert(Article).values(
        id=new_id(),
        key=key,
        canonical_url=entry.canonical_url,
        source=entry.source,
        first_seen=entry.found_at,
        tell=entry.tell or not is_old,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=[Article.key]))
    return session.scalars(select(Article).where(Article.key == key)).one()
