"""What became of the pages behind an alert, as a person reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from kzmonitor.evidence.differences import Span, difference, shortened
from kzmonitor.i18n import _, ngettext
from kzmonitor.store.tables import Article, Capture, IncidentArticle, PageEvent, Revision, Source

SHOWN = 50


@dataclass(frozen=True)
class PageChange:
    """One event of a page. `state`: why, as a named state; `good_at`: the last look before `since` that saw the page
    as it was; `spans`: the way from the old text to the new one, long runs of what is the same shortened."""

    id: UUID
    article_id: UUID
    source_name: str
    url: str
    kind: str
    state: str
    since: datetime
    good_at: datetime
    confirmed: bool
    before_capture: UUID | None
    after_capture: UUID | None
    spans: list[Span] = field(default_factory=list)


def of_incident(session: Session, incident_id: UUID, limit: int = SHOWN) -> list[PageChange]:
    """The latest events of an incident's pages, newest first."""
    old, new = aliased(Revision), aliased(Revision)
    query = (
        select(PageEvent, Source.name, Capture.url, old.title, old.text, new.title, new.text)
        .join(IncidentArticle, IncidentArticle.article_id == PageEvent.article_id)
        .join(Article, Article.id == PageEvent.article_id)
        .join(Source, Source.slug == Article.source)
        .join(Capture, Capture.id == PageEvent.before_capture, isouter=True)
        .join(old, old.id == PageEvent.before_revision, isouter=True)
        .join(new, new.id == PageEvent.after_revision, isouter=True)
        .where(IncidentArticle.incident_id == incident_id)
        .order_by(PageEvent.since.desc(), PageEvent.id.desc())
        .limit(limit)
    )
    return [
        PageChange(
            id=event.id,
            article_id=event.article_id,
            source_name=name,
            url=url or "",
            kind=event.kind,
            state=event.state,
            since=event.since,
            good_at=event.good_at,
            confirmed=event.confirmed,
            before_capture=event.before_capture,
            after_capture=event.after_capture,
            spans=shortened(difference(f"{title}\n{text}", f"{new_title}\n{new_text}")) if new_text else [],
        )
        for event, name, url, title, text, new_title, new_text in session.execute(query)
    ]


def counted(session: Session, start: datetime, end: datetime) -> dict[str, int]:
    """How many pages behind alerts turned out changed, gone, blocked or back from `start` to `end`."""
    query = (
        select(PageEvent.kind, func.count(PageEvent.article_id.distinct()))
        .where(PageEvent.created_at >= start, PageEvent.created_at < end)
        .group_by(PageEvent.kind)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def summed_up(counts: Mapping[str, int]) -> str:
    """These counts in a sentence; empty when nothing happened."""
    changed, gone, blocked, back = (counts.get(kind, 0) for kind in ("changed", "gone", "blocked", "back"))
    said = [
        (changed, ngettext("{n} was changed", "{n} were changed", changed)),
        (gone, ngettext("{n} is gone", "{n} are gone", gone)),
        (blocked, ngettext("{n} is blocked", "{n} are blocked", blocked)),
        (back, ngettext("{n} is back", "{n} are back", back)),
    ]
    parts = [sentence.format(n=count) for count, sentence in said if count]
    return _("Of the pages behind alerts {what}.").format(what=", ".join(parts)) if parts else ""


def happened(kind: str) -> str:
    """What became of a page, for a screen."""
    return {
        "changed": _("text changed"),
        "gone": _("gone"),
        "blocked": _("blocked"),
        "back": _("back again"),
    }[kind]


def why(state: str) -> str:
    """A named state as its reason, for a screen; empty where there is nothing to add."""
    return {
        "edited": "",
        "ok": "",
        "replaced": _("another text stands there"),
        "404": _("not found (404)"),
        "soft-404": _("the address leads to an error page or to the front page"),
        "no-text": _("the page has no text any more"),
        "dns": _("the name is not found (dns)"),
        "tls": _("no trusted connection (tls)"),
        "403-wall": _("a wall (403)"),
        "451": _("withheld by law or by region (451)"),
        "timeout": _("no answer (timeout)"),
        "connection": _("the connection is cut"),
        "server-error": _("the server fails"),
        "robots-unreachable": _("robots.txt does not answer"),
        "cut-short": _("the answer breaks off"),
    }.get(state, state)
