"""Requests to correct or to erase: those that wait, and one with what we hold, to be decided."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor.errors import InputError
from kzmonitor.evidence import requests
from kzmonitor.i18n import _
from kzmonitor.review import wording
from kzmonitor.review.desk import Admin, At, Desk, common
from kzmonitor.review.screens import screen

SHOWN = 100
router = APIRouter()
Said = Annotated[str, Form()]


def kind_names() -> dict[str, str]:
    """What a request asks for."""
    return {
        "wrong": _("Something here is wrong"),
        "correct": _("Please correct it"),
        "erase": _("Please erase it"),
    }


def asker_names() -> dict[str, str]:
    """Who asks."""
    return {
        "staff": _("One of us"),
        "person": _("A person named in it"),
        "relative": _("A relative of theirs"),
        "lawyer": _("A lawyer"),
        "outlet": _("The outlet"),
        "other": _("Somebody else"),
    }


def decision_names() -> dict[str, str]:
    """What may become of a request."""
    return {"corrected": _("Corrected"), "refused": _("Refused"), "erased": _("Erased")}


def step_names() -> dict[str, str]:
    """The steps of a request, as the log has them."""
    return {
        "write down request": _("written down"),
        "put off request": _("put off"),
        "answer request": _("they were told"),
        "decide request: corrected": _("decided: corrected"),
        "decide request: refused": _("decided: refused"),
        "decide request: erased": _("decided: erased"),
    }


@router.get("/requests")
def list_of_requests(request: Request, desk: At, person: Admin) -> Response:
    with desk.database.session() as session:
        waiting, settled = requests.requests(session, limit=SHOWN)
    words = {"waiting": waiting, "settled": settled, **_names(desk)}
    return screen(request, "requests.html", common(request, desk) | words)


@router.get("/requests/{request_id}")
def one_request(request: Request, desk: At, person: Admin, request_id: UUID) -> Response:
    return _request_screen(request, desk, request_id)


@router.post("/requests/{request_id}")
def decide_request(
    request: Request,
    desk: At,
    person: Admin,
    request_id: UUID,
    step: Said,
    reason: Said = "",
    rule: Said = "",
    article: Annotated[list[UUID] | None, Form()] = None,
) -> Response:
    """Take one step: put_off, answered, or a decision."""
    now = desk.clock()
    steps: dict[str, Callable[[Session], None]] = {
        "put_off": lambda session: requests.put_off(session, request_id, reason, person.id, now),
        "answered": lambda session: requests.answered(session, request_id, person.id, now),
    }

    def decide(session: Session) -> None:
        requests.decide(
            session, request_id, step, reason=reason, account_id=person.id, now=now, articles=article or (), rule=rule
        )

    try:
        with desk.database.session() as session:
            steps.get(step, decide)(session)
    except InputError as mistake:
        return _request_screen(request, desk, request_id, problem=str(mistake), reason=reason, status=400)
    return RedirectResponse(f"/requests/{request_id}", status_code=303)


def _request_screen(
    request: Request, desk: Desk, request_id: UUID, problem: str | None = None, reason: str = "", status: int = 200
) -> Response:
    with desk.database.session() as session:
        view = requests.request(session, request_id)
    if view is None:
        raise HTTPException(404)
    words = {
        "view": view,
        "rules": requests.RULES,
        "steps": step_names(),
        "problem": problem,
        "reason": reason,
        **_names(desk),
    }
    return screen(request, "request.html", common(request, desk) | words, status=status)


def _names(desk: Desk) -> dict[str, Any]:
    return {
        "kinds": kind_names(),
        "askers": asker_names(),
        "decisions": decision_names(),
        "today": desk.clock().astimezone(wording.ALMATY).date(),
    }
