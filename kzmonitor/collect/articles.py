"""From captures to articles: cut what waits, and note an edit as a new revision."""

import hashlib
from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.collect import captures
from kzmonitor.collect.canonical import article_key
from kzmonitor.collect.cut import Article as Cut
from kzmonitor.collect.cut import Hint, cut
from kzmonitor.collect.decode import decode_body, html_text
from kzmonitor.errors import PageError
from kzmonitor.language.detect import detect
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Article, Capture, Entry, Revision, new_id

BATCH = 20


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
    page = html_text(decode_body(captures.body(capture), headers), headers)
    return cut(page, capture.url, capture.fetched_at, declaration, hint)


def keep(session: Session, declaration: Declaration, entry: Entry, capture: Capture, found: Cut) -> str:
    """Store a cut text under its article's key: "revision" when the text is new, "unchanged" when known."""
    article = _article(session, declaration, entry)
    text_sha256 = hashlib.sha256(f"{found.title}\n{found.text}".encode()).digest()
    language = detect(f"{found.title}\n{found.text}")
    revision_id = session.scalar(
        insert(Revision)
        .values(
            id=new_id(),
            article_id=article.id,
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
        )
        .on_conflict_do_nothing()
        .returning(Revision.id)
    )
    if revision_id is None:
        revision_id = session.scalars(
            select(Revision.id).where(Revision.article_id == article.id, Revision.text_sha256 == text_sha256)
        ).one()
    current = article.current_revision
    session.execute(update(Article).where(Article.id == article.id).values(current_revision=revision_id))
    return "unchanged" if current == revision_id else "revision"


def _article(session: Session, declaration: Declaration, entry: Entry) -> Article:
    key = article_key(entry.url, declaration)
    row = insert(Article).values(
        id=new_id(), key=key, canonical_url=entry.canonical_url, source=entry.source, first_seen=entry.found_at
    )
    session.execute(row.on_conflict_do_nothing(index_elements=[Article.key]))
    return session.scalars(select(Article).where(Article.key == key)).one()
