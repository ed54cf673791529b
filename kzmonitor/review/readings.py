"""Readings beside the single decision: second ones, those that differ, the audit, and how far readers agree."""

from collections.abc import Callable
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from babel.numbers import format_decimal
from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor.accounts.roles import Person
from kzmonitor.classify import registry
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, current
from kzmonitor.incidents.reviews import Conflict
from kzmonitor.learn import adjudication, agreement, auditing, readings
from kzmonitor.learn.votes import NAMELESS, votes
from kzmonitor.review import wording
from kzmonitor.review.desk import At, Desk, Reviewer, common
from kzmonitor.review.passages import marked
from kzmonitor.review.screens import screen

# A count says no more than "at least so many"; a list shows no more.
MOST = 50
# Agreement is told over so many second readings, and over so many votes where the model is one of the two.
TWICE, LATELY = 1_000, 2_000
router = APIRouter(prefix="/readings")

Labels = Annotated[list[str] | None, Form()]
Words = Annotated[str, Form()]


@router.get("")
def what_waits(request: Request, desk: At, person: Reviewer) -> Response:
    """What waits for this person: second readings, readings that differ, the audit."""
    return _lists(request, desk, person)


@router.get("/audit")
def audit(request: Request, desk: At, person: Reviewer) -> Response:
    return _lists(request, desk, person, only="audit")


@router.get("/next")
def second_reading(request: Request, desk: At, person: Reviewer) -> Response:
    return _second(request, desk, person)


@router.post("/next")
def keep_second_reading(
    request: Request, desk: At, person: Reviewer, review: Annotated[UUID, Form()], decision: Words,
    label: Labels = None, reason: Words = "", note: Words = "",
) -> Response:  # fmt: skip
    """Keep a second reading and go on to the next one."""
    said: dict[str, Any] = {"labels": label or (), "reason": reason or None, "note": note.strip() or None}
    try:
        with desk.database.session() as session:
            kept = readings.read(session, review, person.id, decision, **said, core=core(desk), now=desk.clock())
            done = kept.id
    except Conflict as conflict:
        return _second(request, desk, person, str(conflict), 409)
    except InputError as mistake:
        return _second(request, desk, person, str(mistake), 400, at=review, said=said)
    return _on("/readings/next", done)


@router.get("/audit/{article_id}")
def look(request: Request, desk: At, person: Reviewer, article_id: UUID) -> Response:
    return _look(request, desk, person, article_id)


@router.post("/audit/{article_id}")
def keep_look(
    request: Request, desk: At, person: Reviewer, article_id: UUID, revision: Annotated[UUID, Form()], decision: Words,
    label: Labels = None, reason: Words = "", note: Words = "",
) -> Response:  # fmt: skip
    """Keep what a look at an unflagged article found, and go on to the next one."""
    said: dict[str, Any] = {"labels": label or (), "note": note.strip() or None}
    try:
        with desk.database.session() as session:
            done = auditing.look(session, article_id, revision, person.id, decision, **said, now=desk.clock())
            left = auditing.waiting(session, desk.clock())
    except Conflict as conflict:
        return _lists(request, desk, person, only="audit", problem=str(conflict), status=409)
    except InputError as mistake:
        return _look(request, desk, person, article_id, str(mistake), 400, said | {"reason": reason})
    return _on(f"/readings/audit/{left[0].article}" if left else "/readings/audit", done)


@router.post("/undo")
def undo(
    request: Request, desk: At, person: Reviewer, reading: Annotated[UUID, Form()], where: Words = "/readings"
) -> Response:
    """Take one's own last reading back, whatever kind it is."""
    by_kind: dict[str, Callable[..., None]] = {
        "second": readings.take_back, "settled": adjudication.take_back, "audit": auditing.take_back,
    }  # fmt: skip
    try:
        with desk.database.session() as session:
            kept = readings.kept(session, reading, person.id)
            if kept is None:
                raise Conflict(_("this reading was taken back or settled already"))
            by_kind[kept.kind](session, reading, person.id, desk.clock())
    except Conflict as conflict:
        return _lists(request, desk, person, problem=str(conflict), status=409)
    except InputError as mistake:
        return _lists(request, desk, person, problem=str(mistake), status=400)
    # Only to a page of readings: an address from a form may lead anywhere.
    path = urlsplit(where).path
    return RedirectResponse(path if path.startswith("/readings") else "/readings", status_code=303)


@router.get("/disputes/{revision_id}")
def dispute(request: Request, desk: At, person: Reviewer, revision_id: UUID) -> Response:
    return _dispute(request, desk, person, revision_id)


@router.post("/disputes/{revision_id}")
def settle(
    request: Request, desk: At, person: Reviewer, revision_id: UUID, decision: Words, seen: Annotated[UUID, Form()],
    version: Annotated[UUID | None, Form()] = None, label: Labels = None, reason: Words = "", note: Words = "",
) -> Response:  # fmt: skip
    """Settle readings that differ, and go back to what waits."""
    said: dict[str, Any] = {"labels": label or (), "reason": reason or None, "note": note.strip() or None}
    try:
        if decision not in ("correct", "reject"):
            raise InputError(_("{decision} is not a decision").format(decision=repr(decision[:40])))
        if decision == "correct" and not label:
            raise InputError(_("choose at least one label"))
        with desk.database.session() as session:
            done = adjudication.adjudicate(
                session, revision_id, person.id, seen=seen, version=version, admin=person.may("admin"),
                now=desk.clock(), **(said | {"labels": ()} if decision == "reject" else said),
            ).id  # fmt: skip
    except Conflict as conflict:
        return _dispute(request, desk, person, revision_id, str(conflict), 409)
    except InputError as mistake:
        return _dispute(request, desk, person, revision_id, str(mistake), 400, said)
    return _on("/readings", done)


@router.get("/agreement")
def how_far_readers_agree(request: Request, desk: At, person: Reviewer) -> Response:
    """Kappa between readers for each label and pair, and between people and the champion."""
    names = [label.name for label in desk.labels]
    with desk.database.session() as session:
        twice = agreement.read_twice(session, TWICE)
        found = agreement.agreement(votes(session, twice), names)
        lately = agreement.read_lately(session, LATELY)
        champion = registry.in_use(session)
        said = agreement.said_by(session, champion, lately) if champion else {}
        model = agreement.with_model(votes(session, lately), said, names)
    words = {
        "pairs": [(pair, list(rows)) for pair, rows in groupby(found, key=lambda one: one.readers)],
        "shared": len(twice),
        "model": model,
        "fewest": agreement.FEWEST,
        "two": _two,
        "names": {NAMELESS: _("without a name")},
        "reason_names": wording.reason_names(desk.labels),
    }
    return screen(request, "agreement.html", common(request, desk) | words)


def core(desk: Desk) -> list[str]:
    """The labels that carry the headline figures."""
    return [label.name for label in desk.labels if label.core]


def _lists(
    request: Request, desk: Desk, person: Person, *, only: str = "", problem: str | None = None, status: int = 200
) -> Response:
    with desk.database.session() as session:
        found = [] if only else adjudication.disputes(session, MOST)
        settles = {
            one.revision: adjudication.may_settle(one, person.pseudonym, admin=person.may("admin")) for one in found
        }
        words = {
            "second": 0 if only else len(readings.waiting(session, person.id, core=core(desk), limit=MOST)),
            "disputes": sorted(found, key=lambda one: not settles[one.revision]),
            "mine": {id for id, may in settles.items() if not may},
            "audit": auditing.waiting(session, desk.clock()),
            "done": _done(request, session, person),
            "only": only,
            "most": MOST,
            "problem": problem,
        }
    return screen(request, "readings.html", common(request, desk) | words, status=status)


def _second(
    request: Request, desk: Desk, person: Person, problem: str | None = None, status: int = 200,
    at: UUID | None = None, said: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    """A text to read a second time: the one at `at`, where a reading of it made no sense, or the next one."""
    with desk.database.session() as session:
        waiting = readings.waiting(session, person.id, core=core(desk), limit=MOST)
        asked = [one for one in waiting if one.review == at]
        one = asked[0] if asked else readings.first_for(person.id, waiting)
        shown = readings.shown(session, one.revision) if one else None
        words = _reading(shown, said) | {
            "heading": _("Second reading"),
            "left": f"{len(waiting)}{'+' if len(waiting) == MOST else ''}" if waiting else "",
            "back": "/readings",
            "question": _("What does this text tell?"),
            "nothing": _("Not relevant"),
            "carried": "review",
            "item": one.review if one else None,
            "explained": _(
                "Somebody read this text before you; what they said is not shown here. Your reading changes no alert."
            ),
            "done": _done(request, session, person),
            "where": "/readings/next",
            "problem": problem,
        }
    return screen(request, "reading.html", common(request, desk) | words, status=status)


def _look(
    request: Request, desk: Desk, person: Person, article_id: UUID, problem: str | None = None, status: int = 200,
    said: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    with desk.database.session() as session:
        waiting = auditing.waiting(session, desk.clock())
        one = next((one for one in waiting if one.article == article_id), None)
        words = _reading(readings.shown(session, one.revision) if one else None, said) | {
            "heading": _("Audit"),
            "left": len(waiting) or "",
            "back": "/readings/audit",
            "question": _("Did the model miss something here?"),
            "nothing": _("Nothing"),
            "carried": "revision",
            "item": one.revision if one else None,
            "explained": _("No model flagged this article; chance drew it. With labels it becomes an alert."),
            "done": _done(request, session, person),
            "where": "/readings/audit",
            "problem": problem,
        }
    return screen(request, "reading.html", common(request, desk) | words, status=status)


def _dispute(
    request: Request, desk: Desk, person: Person, revision_id: UUID, problem: str | None = None, status: int = 200,
    said: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    with desk.database.session() as session:
        case = adjudication.case(session, revision_id)
        words = _reading(readings.shown(session, revision_id) if case else None, said) | {
            "case": case,
            "allowed": case is not None
            and adjudication.may_settle(case.dispute, person.pseudonym, admin=person.may("admin")),
            "problem": problem,
        }
    if case is None and problem is None:
        status = 404
    return screen(request, "adjudication.html", common(request, desk) | words, status=status)


def _reading(shown: readings.Shown | None, said: dict[str, Any] | None) -> dict[str, Any]:
    """A text without a mark, and the form as it was filled in before."""
    said = said or {}
    return {
        "shown": shown,
        "passages": marked(shown.title, shown.text, ()) if shown else None,
        "ticked": said.get("labels") or (),
        "reason": said.get("reason") or "",
        "note": said.get("note") or "",
    }


def _done(request: Request, session: Session, person: Person) -> readings.Kept | None:
    try:
        return readings.kept(session, UUID(request.query_params.get("done", "")), person.id)
    except ValueError:
        return None


def _two(number: float) -> str:
    """With two decimals, as the language writes them."""
    return str(format_decimal(round(number, 2) + 0.0, "0.00", wording.LOCALES[current()]))


def _on(path: str, done: UUID) -> Response:
    return RedirectResponse(f"{path}?{urlencode({'done': str(done)})}", status_code=303)
