"""What somebody says is wrong with an alert, or asks to have corrected or erased: written down, decided, answered.

A request is due a month after it was received (Regulation (EU) 2016/679, article 12(3)), and may be put off by two more
months with a reason. Each step is a line of the audit log, with what stood before. The contact of who asks is kept
until they have been answered, and in no log."""

import calendar
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, select
from sqlalchemy.orm import Session

from kzmonitor.accounts import audit
from kzmonitor.errors import InputError
from kzmonitor.evidence.erasure import erase
from kzmonitor.i18n import _
from kzmonitor.store.tables import (
    Account,
    Alert,
    Article,
    Capture,
    Incident,
    IncidentArticle,
    Request,
    Revision,
    Source,
    new_id,
)

KINDS = ("wrong", "correct", "erase")
ASKERS = ("staff", "person", "relative", "lawyer", "outlet", "other")
DECISIONS = ("corrected", "refused", "erased")
# The rule that an erasure follows, as `kzmonitor verify` tells it; data, so never translated.
RULES = {
    "gdpr-17": "GDPR article 17",
    "kz-94v": "Law of Kazakhstan No. 94-V",
    "own": "own rule of the organisation",
}
MONTHS, MORE_MONTHS = 1, 2
LONGEST_SAID, LONGEST_CONTACT, LONGEST_REASON = 4000, 300, 1000
SUBJECT = "request"


@dataclass(frozen=True)
class RequestLine:
    """A request as a list shows it. title: of its incident; by: who wrote it down."""

    id: UUID
    alert: UUID
    title: str
    kind: str
    asker: str
    said: str
    received_on: date
    due_on: date
    decision: str | None
    answered_at: datetime | None
    by: str | None


@dataclass(frozen=True)
class Held:
    """What we hold of an article of an alert: its captures, and how many of them were erased."""

    article: UUID
    title: str
    source_name: str
    captures: int
    erased: int


@dataclass(frozen=True)
class RequestView:
    """Everything about a request. log: its steps, newest first."""

    line: RequestLine
    contact: str | None
    reason: str | None
    decided_at: datetime | None
    held: list[Held]
    log: list[audit.Entry]


def month_later(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def write_down(
    session: Session,
    alert_id: UUID,
    *,
    kind: str,
    asker: str,
    said: str,
    contact: str | None,
    received_on: date,
    account_id: UUID | None,
    now: datetime,
) -> Request:
    """A new request about an alert. Raises InputError when something is missing or makes no sense."""
    if session.get(Alert, alert_id) is None:
        raise InputError(_("there is no such alert"))
    if kind not in KINDS or asker not in ASKERS:
        raise InputError(_("say what is asked for, and by whom"))
    said, contact = _text(said, LONGEST_SAID), _text(contact or "", LONGEST_CONTACT) or None
    if not said:
        raise InputError(_("say what is wrong"))
    if received_on > now.date() or received_on.year < 2000:
        raise InputError(_("a request is received today or before"))
    request = Request(
        id=new_id(), alert_id=alert_id, account_id=account_id, kind=kind, asker=asker, said=said, contact=contact,
        received_on=received_on, due_on=month_later(received_on, MONTHS), created_at=now,
    )  # fmt: skip
    session.add(request)
    session.flush()
    audit.note(session, account_id, "write down request", SUBJECT, request.id, None, now)
    return request


def _text(said: str, longest: int) -> str:
    tidy = said.replace("\0", "").strip()
    if len(tidy) > longest:
        raise InputError(_("a note is text of up to {number} characters").format(number=longest))
    return tidy


def put_off(session: Session, request_id: UUID, reason: str, account_id: UUID | None, now: datetime) -> None:
    """Two more months for a request that is not decided, once; the asker is to be told why. Raises InputError."""
    request, reason = _locked(session, request_id), _reason(reason)
    latest = month_later(request.received_on, MONTHS)
    if request.decision is not None or request.due_on > latest:
        raise InputError(_("this request was decided or put off already"))
    before = {"due_on": request.due_on.isoformat(), "why": reason}
    request.due_on = month_later(request.received_on, MONTHS + MORE_MONTHS)
    audit.note(session, account_id, "put off request", SUBJECT, request.id, before, now)


def decide(
    session: Session,
    request_id: UUID,
    decision: str,
    *,
    reason: str,
    account_id: UUID | None,
    now: datetime,
    articles: Collection[UUID] = (),
    rule: str = "gdpr-17",
) -> None:
    """Decide a request. erased: all captures of these articles of the alert go, under the name of the rule; what stays
    is told in evidence/erasure.py. Raises InputError, and nothing is done, when it makes no sense."""
    request, reason = _locked(session, request_id), _reason(reason)
    if decision not in DECISIONS:
        raise InputError(_("{decision} is not a decision").format(decision=repr(decision[:40])))
    if request.decision is not None:
        raise InputError(_("somebody decided on this request already; see what stands now"))
    erased = _erase(session, request, articles, rule, now) if decision == "erased" else []
    before = {"decision": None, "due_on": request.due_on.isoformat(), "erased": [str(id) for id in erased]}
    request.decision, request.reason, request.decided_at = decision, reason, now
    audit.note(session, account_id, f"decide request: {decision}", SUBJECT, request.id, before, now)


def _erase(session: Session, request: Request, articles: Collection[UUID], rule: str, now: datetime) -> list[UUID]:
    if rule not in RULES:
        raise InputError(_("name the rule that the erasure follows"))
    own = set(session.scalars(_of_alert(request.alert_id)))
    if not articles or not own.issuperset(articles):
        raise InputError(_("choose the articles of this alert whose captures are to be erased"))
    why = f"{RULES[rule]}, request {request.id}"
    captures = list(session.scalars(_captures(articles)))
    return [capture for capture in captures if erase(session, capture, why, now)]


def _of_alert(alert_id: UUID) -> Select[Any]:
    return (
        select(IncidentArticle.article_id)
        .join(Alert, Alert.incident_id == IncidentArticle.incident_id)
        .where(Alert.id == alert_id)
    )


def _captures(articles: Collection[UUID]) -> CompoundSelect[Any]:
    """The captures of articles: of their pages, and those that a text of theirs was cut from."""
    addresses = select(Article.canonical_url).where(Article.id.in_(articles))
    cut = select(Revision.capture_id).where(Revision.article_id.in_(articles))
    by_page = select(Capture.id).where(Capture.canonical_url.in_(addresses))
    return by_page.union(select(Capture.id).where(Capture.id.in_(cut)))


def answered(session: Session, request_id: UUID, account_id: UUID | None, now: datetime) -> None:
    """Note that the asker was told; their contact goes. Raises InputError before there is a decision."""
    request = _locked(session, request_id)
    if request.decision is None:
        raise InputError(_("decide first, then tell them"))
    if request.answered_at is None:
        request.answered_at, request.contact = now, None
        audit.note(session, account_id, "answer request", SUBJECT, request.id, {"answered": False}, now)


def _reason(said: str) -> str:
    reason = _text(said, LONGEST_REASON)
    if not reason:
        raise InputError(_("give a reason: it is what the person is told"))
    return reason


def _locked(session: Session, request_id: UUID) -> Request:
    request = session.scalars(select(Request).where(Request.id == request_id).with_for_update()).one_or_none()
    if request is None:
        raise InputError(_("there is no such request"))
    return request


def requests(session: Session, *, limit: int) -> tuple[list[RequestLine], list[RequestLine]]:
    """Those that wait for a decision or an answer, the soonest due first, and the latest of the others."""
    query = _listed().limit(limit)
    waiting = query.where(Request.answered_at.is_(None)).order_by(Request.due_on, Request.id)
    settled = query.where(Request.answered_at.is_not(None)).order_by(Request.id.desc())
    return _lines(session, waiting), _lines(session, settled)


def title_of(session: Session, alert_id: UUID) -> str | None:
    """What an alert's incident is called; None when there is no such alert."""
    query = select(Incident.title).join(Alert, Alert.incident_id == Incident.id).where(Alert.id == alert_id)
    return session.scalar(query)


def waiting_of(session: Session, alert_id: UUID) -> int:
    """How many requests about an alert wait for a decision."""
    query = select(Request.id).where(Request.alert_id == alert_id, Request.decision.is_(None))
    return len(session.scalars(query).all())


def request(session: Session, request_id: UUID) -> RequestView | None:
    """One request; None when there is no such one."""
    lines = _lines(session, _listed().where(Request.id == request_id))
    if not lines:
        return None
    row = session.get_one(Request, request_id)
    log = audit.entries(session, limit=50, of=(SUBJECT, request_id))
    return RequestView(lines[0], row.contact, row.reason, row.decided_at, held(session, row.alert_id), log)


def _listed() -> Select[Any]:
    columns: tuple[Any, ...] = Request, Incident.title, Account.pseudonym
    return (
        select(*columns)
        .join(Alert, Alert.id == Request.alert_id)
        .join(Incident, Incident.id == Alert.incident_id)
        .outerjoin(Account, Account.id == Request.account_id)
    )


def _lines(session: Session, query: Select[Any]) -> list[RequestLine]:
    return [
        RequestLine(
            row.id, row.alert_id, title, row.kind, row.asker, row.said, row.received_on, row.due_on, row.decision,
            row.answered_at, by,
        )
        for row, title, by in session.execute(query)
    ]  # fmt: skip


def held(session: Session, alert_id: UUID) -> list[Held]:
    """What is held of each article of an alert."""
    query = (
        select(Article.id, Revision.title, Source.name)
        .join(Revision, Revision.id == Article.current_revision)
        .join(Source, Source.slug == Article.source)
        .where(Article.id.in_(_of_alert(alert_id)))
        .order_by(Article.first_seen, Article.id)
        .limit(200)
    )
    return [_held(session, *row) for row in session.execute(query).all()]


def _held(session: Session, article: UUID, title: str, source_name: str) -> Held:
    kept: Sequence[datetime | None] = session.scalars(
        select(Capture.erased_at).where(Capture.id.in_(_captures([article])))
    ).all()
    return Held(article, title, source_name, len(kept), sum(at is not None for at in kept))
