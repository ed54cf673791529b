"""Missed cases that people report: each becomes an article with an alert that they stand for, or leads to the one that
there is.

A page that we do not have waits in `missed_report` for a worker that fetches it. What is reported is kept with what we
knew of it then (`standing`): flagged already, known and not flagged, or unknown. The first kind tells, beside the
others, what share of the cases that people care about is found without them (see learn/reported.py)."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kzmonitor.collect import asked, importing
from kzmonitor.collect.canonical import canonical_url
from kzmonitor.collect.importing import Brought
from kzmonitor.collect.records import HTML_TYPE, RECORD_TYPE, body_of
from kzmonitor.errors import InputError, KzmonitorError, PageError
from kzmonitor.i18n import _
from kzmonitor.incidents import by_hand
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.registry import Registry
from kzmonitor.store import Database
from kzmonitor.store.tables import Account, Alert, Article, Incident, IncidentArticle, MissedReport, Revision, new_id

FLAGGED, UNFLAGGED, UNKNOWN = "flagged", "unflagged", "unknown"
LONGEST_TITLE, LONGEST_TEXT, LONGEST_WORDS = 500, 200_000, 1000
# What stands in place of a file and a line in the messages of an import.
PASTED = "report"
# The source of a text of which nobody says who published it; data, so never translated.
NOBODY = "Reported by hand"


@dataclass(frozen=True)
class Told:
    """What a person says of the case they report. labels: of the taxonomy, at least one."""

    labels: Collection[str]
    place: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Pasted:
    """A text that a person has. url: where it stood; source: who published it; published: as they write it;
    html: the text is the page's own HTML, and has a `url`."""

    title: str
    text: str
    url: str | None = None
    source: str | None = None
    published: str | None = None
    html: bool = False


@dataclass(frozen=True)
class ReportLine:
    """A report as a list shows it. alert: of its incident; by: a pseudonym."""

    id: UUID
    created_at: datetime
    by: str | None
    url: str | None
    title: str | None
    state: str
    standing: str
    error: str | None
    alert: UUID | None


def report_address(
    session: Session, registry: Registry, url: str, told: Told, account_id: UUID | None, now: datetime
) -> MissedReport:
    """The report of a page. Known ones get their alert at once, others wait to be fetched. Raises InputError."""
    url = url.strip()
    declaration, canonical = asked.place(registry, url)
    report = _report(declaration.slug, told, account_id, now, url=url, canonical_url=canonical)
    session.add(report)
    article = asked.known(session, declaration, url)
    if article is None:
        asked.ask(session, declaration, url, now)
        session.flush()
        return report
    return _open(session, report, article, now)


def report_text(
    session: Session, registry: Registry, pasted: Pasted, told: Told, account_id: UUID | None, now: datetime
) -> MissedReport:
    """The report of a text: an article of its own, with its alert, at once. Raises InputError."""
    record = _brought(pasted)
    try:
        declaration, canonical = importing.place(registry, record)
    except ValueError as error:
        raise InputError(f"{(pasted.url or '')[:80]}: {error}") from error
    known = asked.known(session, declaration, pasted.url or canonical)
    report = _report(declaration.slug, told, account_id, now, url=pasted.url, canonical_url=canonical)
    if known is None:
        outcomes: Counter[str] = Counter()
        for skipped in importing.bring(session, registry, [record], now, outcomes, tell=True):
            raise InputError(skipped.why)
        known = asked.known(session, declaration, pasted.url or canonical)
        if known is None:
            state = ", ".join(outcomes)
            raise InputError(_("no article could be made of this text ({state}); give more of it").format(state=state))
        session.add(report)
        return _open(session, report, known, now, standing=UNKNOWN)
    session.add(report)
    return _open(session, report, known, now)


def _brought(pasted: Pasted) -> Brought:
    text = pasted.text.replace("\0", "")
    if not text.strip():
        raise InputError(_("there is no text; paste that of the article, or give its address"))
    if len(text) > LONGEST_TEXT:
        raise InputError(_("the text is longer than {number} characters").format(number=LONGEST_TEXT))
    title = " ".join(pasted.title.replace("\0", "").split())[:LONGEST_TITLE]
    facts = {"title": title, "text": text, "published": pasted.published or "", "url": pasted.url or ""}
    facts = {name: value for name, value in facts.items() if value}
    return Brought(
        where=f"{PASTED}:1",
        url=pasted.url or None,
        body=text.encode("utf-8", "replace") if pasted.html else body_of(facts),
        headers={"Content-Type": [HTML_TYPE if pasted.html else RECORD_TYPE]},
        text="" if pasted.html else text,
        title=title or None,
        source=pasted.source or NOBODY,
        published=pasted.published,
    )


def _report(
    source: str, told: Told, account_id: UUID | None, now: datetime, *, url: str | None, canonical_url: str
) -> MissedReport:
    for words in (told.place, told.note):
        if words and (len(words) > LONGEST_WORDS or "\0" in words):
            raise InputError(_("a note is text of up to {number} characters").format(number=LONGEST_WORDS))
    return MissedReport(
        id=new_id(), account_id=account_id, url=url, canonical_url=canonical_url, source=source,
        labels=by_hand.taxonomy_labels(told.labels), place=told.place or None, note=told.note or None,
        state="waiting", standing=UNKNOWN, created_at=now,
    )  # fmt: skip


def _open(
    session: Session, report: MissedReport, article: Article, now: datetime, standing: str = UNFLAGGED
) -> MissedReport:
    """Settle a report by the alert of its article, which is opened where there is none."""
    note = "\n".join(words for words in (report.place, report.note) if words) or None
    opened = by_hand.open_by_hand(session, article.id, report.labels, report.account_id, now, note=note)
    # An article that we did not have, or let pass, may tell of an incident that we know from others.
    report.standing = standing if opened.new else FLAGGED
    report.article_id, report.state, report.error, report.settled_at = article.id, "done", None, now
    session.flush()
    return report


def settle_waiting(
    database: Database, registry: Registry, sources_dir: Path | None, now: Callable[[], datetime]
) -> Counter[str]:
    """Fetch the pages that were reported, cut them and open their alerts; how many reports ended in each state: done,
    failed, or waiting for another try. Empty when none waited."""
    with database.session() as session:
        waiting = select(MissedReport.id, MissedReport.url).where(MissedReport.state == "waiting")
        reports = [(id, url) for id, url in session.execute(waiting.order_by(MissedReport.id)) if url]
    if not reports:
        return Counter()
    asked.fetch(registry, [url for _id, url in reports], sources_dir)
    outcomes: Counter[str] = Counter()
    for id, url in reports:
        declaration, _canonical = asked.place(registry, url)
        with database.session() as session:
            outcomes[_settle(session, id, declaration, now())] += 1
    return outcomes


def _settle(session: Session, report_id: UUID, declaration: Declaration, now: datetime) -> str:
    query = select(MissedReport).where(MissedReport.id == report_id).with_for_update(skip_locked=True)
    report = session.scalars(query).one_or_none()
    if report is None or report.state != "waiting" or report.url is None:
        return "waiting" if report is None else report.state
    entry = asked.entry_of(session, canonical_url(report.url, declaration))
    if entry is None:
        return _failed(report, "lost", now)
    if entry.capture_id is None:
        if entry.state == "failed":
            return _failed(report, entry.error or "error", now)
        report.error = entry.error
        return "waiting"
    try:
        with session.begin_nested():
            article = asked.known(session, declaration, report.url) or asked.cut(session, declaration, entry)
            _open(session, report, article, now, standing=UNKNOWN)
    except PageError as error:
        entry.cut_id, entry.error = entry.capture_id, error.state
        return _failed(report, error.state, now)
    except KzmonitorError:
        return _failed(report, "empty", now)
    return report.state


def _failed(report: MissedReport, state: str, now: datetime) -> str:
    report.state, report.error, report.settled_at = "failed", state, now
    return report.state


def reports(session: Session, *, limit: int) -> list[ReportLine]:
    """The latest reports, newest first."""
    return _lines(session, _listed().order_by(MissedReport.id.desc()).limit(limit))


def report(session: Session, id: UUID) -> ReportLine | None:
    """One report; None when there is no such one."""
    return next(iter(_lines(session, _listed().where(MissedReport.id == id))), None)


def _listed() -> Select[Any]:
    columns: tuple[Any, ...] = MissedReport, Account.pseudonym, Revision.title
    return (
        select(*columns)
        .outerjoin(Account, Account.id == MissedReport.account_id)
        .outerjoin(Article, Article.id == MissedReport.article_id)
        .outerjoin(Revision, Revision.id == Article.current_revision)
    )


def _lines(session: Session, query: Select[Any]) -> list[ReportLine]:
    rows = session.execute(query).all()
    alerts = _alerts(session, [report.article_id for report, *_rest in rows if report.article_id])
    return [
        ReportLine(
            report.id, report.created_at, by, report.url, title, report.state, report.standing, report.error,
            alerts.get(report.article_id) if report.article_id else None,
        )
        for report, by, title in rows
    ]  # fmt: skip


def _alerts(session: Session, articles: Sequence[UUID]) -> dict[UUID, UUID]:
    query = (
        select(IncidentArticle.article_id, Alert.id)
        .join(Incident, Incident.id == IncidentArticle.incident_id)
        .join(Alert, Alert.incident_id == Incident.id)
        .where(IncidentArticle.article_id.in_(articles), Incident.redirect_to.is_(None))
        .order_by(IncidentArticle.score)
    )
    return {row.article_id: row.id for row in session.execute(query)}
