""" "This is wrong": what somebody says of an alert, or asks to have corrected or erased, is written down here.

For the staff, also where a person named in the alert wrote or called: nothing here is open to strangers."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from kzmonitor.errors import InputError
from kzmonitor.evidence import requests
from kzmonitor.incidents import alerts
from kzmonitor.review import wording
from kzmonitor.review.desk import At, Desk, Reader, common
from kzmonitor.review.requests import asker_names, kind_names
from kzmonitor.review.screens import screen

router = APIRouter()
Said = Annotated[str, Form()]


@router.get("/wrong/{alert_id}")
def wrong_page(request: Request, desk: At, person: Reader, alert_id: UUID) -> Response:
    return _wrong_screen(request, desk, alert_id)


@router.post("/wrong/{alert_id}")
def say_wrong(
    request: Request,
    desk: At,
    person: Reader,
    alert_id: UUID,
    said: Said = "",
    kind: Said = "wrong",
    asker: Said = "staff",
    contact: Said = "",
    received: Said = "",
) -> Response:
    """Write a request down; who may decide on it finds it on the page of requests."""
    try:
        with desk.database.session() as session:
            if alerts.standing(session, alert_id) is None:
                raise HTTPException(404)
            requests.write_down(
                session,
                alert_id,
                kind=kind,
                asker=asker,
                said=said,
                contact=contact,
                received_on=_day(received) or desk.clock().astimezone(wording.ALMATY).date(),
                account_id=person.id,
                now=desk.clock(),
            )
    except InputError as mistake:
        return _wrong_screen(request, desk, alert_id, problem=str(mistake), said=said, status=400)
    return RedirectResponse(f"/wrong/{alert_id}?done=yes", status_code=303)


def _wrong_screen(
    request: Request, desk: Desk, alert_id: UUID, problem: str | None = None, said: str = "", status: int = 200
) -> Response:
    with desk.database.session() as session:
        title = requests.title_of(session, alert_id)
        if title is None:
            raise HTTPException(404)
        waiting = requests.waiting_of(session, alert_id)
    words = {
        "alert_id": alert_id,
        "title": title,
        "waiting": waiting,
        "kinds": kind_names(),
        "askers": asker_names(),
        "today": desk.clock().astimezone(wording.ALMATY).date().isoformat(),
        "done": request.query_params.get("done") == "yes",
        "problem": problem,
        "said": said,
    }
    return screen(request, "wrong.html", common(request, desk) | words, status=status)


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None
