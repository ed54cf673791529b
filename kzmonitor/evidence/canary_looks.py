"""What a look at a canary leaves: the page is cut as any other, and compared with what is known of it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.collect import articles, captures
from kzmonitor.collect.captures import Received
from kzmonitor.collect.cut import Hint
from kzmonitor.errors import PageError
from kzmonitor.sources import canary, health
from kzmonitor.sources.canary import Held, Seen
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store.tables import Entry


def record(
    session: Session, held: Held, declaration: Declaration, state: str, received: Received | None, now: datetime
) -> str | None:
    """Write down one look in the caller's transaction; its state, None when the lease has gone to somebody else.

    state: "ok", or the named state of the failure; received: the response, where there was one. The response itself is
    not kept: it is a page that we have."""
    return canary.record(session, held, _seen(session, held, declaration, state, received), now)


def _seen(session: Session, held: Held, declaration: Declaration, state: str, received: Received | None) -> Seen:
    if state != "ok" or received is None:
        return Seen(state if state != "ok" else "empty")
    said = select(Entry.title, Entry.published_at).where(Entry.canonical_url == held.canonical_url)
    entry = session.execute(said).one_or_none()
    hint = Hint(*entry) if entry else Hint(None, None)
    try:
        found = articles.cut_capture(captures.made(declaration.slug, received), declaration, hint)
    except PageError as error:
        return Seen(error.state)
    changed = found.cut_by.endswith(health.LAYOUT_CHANGED)
    return Seen(
        health.LAYOUT_CHANGED if changed else "ok", found.title, canary.words_in(found.text), found.published_at
    )
