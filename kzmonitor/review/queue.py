"""The queue: alerts in the order of work, the lists that people saved, and how many wait in each."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor.errors import InputError
from kzmonitor.incidents import alerts, assignments, saved_views
from kzmonitor.review.asked import Asked
from kzmonitor.review.counting import LARGE, Counts, counts_of
from kzmonitor.review.desk import At, Desk, Reader, common
from kzmonitor.review.screens import screen

PAGE = 50
router = APIRouter()


@router.get("/")
def list_of_alerts(request: Request, desk: At, person: Reader) -> Response:
    """A page of the list; where the list has fewer pages, its last one."""
    asked = Asked.by(request, _labels(desk))
    with desk.database.session() as session:
        filters = asked.filters(session, person.id)
        lines = alerts.alerts(session, order=asked.order, limit=PAGE + 1, offset=asked.offset(PAGE), **filters)
        if not lines and asked.page > 1:
            last = -(-alerts.number(session, **filters) // PAGE)
            more = {"page": str(last)} if last > 1 else {}
            return RedirectResponse(asked.address(**more), status_code=303)
        counts = counts_of(request)
        standing = counts.of("standing", lambda: alerts.counts(session))
        large = sum(standing.values()) >= LARGE
        words = {
            "asked": asked,
            "lines": lines[:PAGE],
            "more": len(lines) > PAGE,
            "counts": standing,
            "kept": large,
            "escalated": alerts.number(session, escalated=True),
            "sources": alerts.sources(session),
            "assignees": assignments.assignees(session),
            "views": _counted(session, desk, person.id, counts, large),
        }
    return screen(request, "alerts.html", common(request, desk) | words)


@router.post("/views")
def save_view(
    request: Request, desk: At, person: Reader, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = ""
) -> Response:
    """Save a list under a name, and show it."""
    asked = Asked.again(query, _labels(desk))
    try:
        with desk.database.session() as session:
            saved_views.save(session, person.id, name, asked.address(), desk.clock())
    except InputError as mistake:
        words = {"message": f"{str(mistake)[:1].upper()}{str(mistake)[1:]}.", "id": None}
        return screen(request, "problem.html", common(request, desk) | words, status=400)
    return RedirectResponse(asked.address(), status_code=303)


@router.post("/views/{view_id}/remove")
def remove_view(desk: At, person: Reader, view_id: UUID) -> Response:
    """Forget a saved list."""
    with desk.database.session() as session:
        saved_views.remove(session, person.id, view_id)
    return RedirectResponse("/", status_code=303)


def _counted(
    session: Session, desk: Desk, account_id: UUID | None, counts: Counts, large: bool
) -> list[tuple[saved_views.View, int]]:
    """The views of an account, and how many alerts each has now."""

    def number(view: saved_views.View) -> dict[str, int]:
        asked = Asked.again(view.address.partition("?")[2], _labels(desk))
        return {"number": alerts.number(session, **asked.filters(session, account_id))}

    return [
        (view, counts.of(f"{account_id} {view.address}", partial(number, view), large=large)["number"])
        for view in saved_views.views(session, account_id)
    ]


def _labels(desk: Desk) -> list[str]:
    return [label.name for label in desk.labels]
