"""One incident with its alert, and what a person decides on it."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor.accounts.roles import Person
from kzmonitor.errors import InputError, KzmonitorError
from kzmonitor.evidence import page_events
from kzmonitor.incidents import alerts, assignments, reviews, saying
from kzmonitor.incidents.history import history
from kzmonitor.incidents.similar import similar
from kzmonitor.incidents.told import ArticleView
from kzmonitor.review import reasoning, wording
from kzmonitor.review.asked import ME, Asked, alert_meant
from kzmonitor.review.counting import counts_of
from kzmonitor.review.desk import At, Desk, Reader, Reviewer, common, person_of
from kzmonitor.review.passages import Passages, marked
from kzmonitor.review.screens import screen

router = APIRouter()
# What leaves the reviewer where they are, so that they can decide.
STAYING = ("undo", "note")


@router.get("/alerts/{alert_id}")
def one_alert(request: Request, desk: At, person: Reader, alert_id: UUID) -> Response:
    """One alert; where its incident was merged into another one, the alert that speaks for it now."""
    with desk.database.session() as session:
        moved_to = alerts.moved_to(session, alert_id)
    if moved_to is not None:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/alerts/{moved_to}{query}", status_code=303)
    return _alert_screen(request, desk, alert_id, _asked(request, desk))


@router.post("/alerts/{alert_id}")
def decide(
    request: Request,
    desk: At,
    person: Reviewer,
    alert_id: UUID,
    decision: Annotated[str, Form()],
    label: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    seen_version: Annotated[UUID | None, Form()] = None,
    revision: Annotated[UUID | None, Form()] = None,
    into: Annotated[str, Form()] = "",
    article: Annotated[list[UUID] | None, Form()] = None,
) -> Response:
    """Write a decision and go on to the next alert of the same list; after an undo or a note one stays.

    A button may say what it decides and the rest of it, parted by a colon: `reject:old`, `merge:ID`."""
    asked = _asked(request, desk)
    decision, _colon, rest = decision.partition(":")
    try:
        with desk.database.session() as session:
            stands = alerts.standing(session, alert_id)
            if stands is None:
                raise HTTPException(404)
            here = alerts.spot(session, alert_id, asked.order)
            reviews.decide(
                session,
                alert_id,
                # Who ticks other labels and then confirms means those labels.
                "correct" if decision == "confirm" and set(label or ()) != set(stands.labels) else decision,
                labels=label,
                known_labels=[known.name for known in desk.labels],
                reason=(rest if decision == "reject" else "") or reason or None,
                note=note.strip() or None,
                seen_version=seen_version,
                revision_id=revision,
                account_id=person.id,
                into=alert_meant(rest if decision == "merge" and rest else into),
                articles=article or (),
                now=desk.clock(),
            )
            following = alert_id if decision in STAYING else _following(session, alert_id, here, asked, person)
    except reviews.Conflict as conflict:
        return _alert_screen(request, desk, alert_id, asked, problem=conflict, status=409)
    except InputError as mistake:
        return _alert_screen(request, desk, alert_id, asked, problem=mistake, status=400)
    counts_of(request).forget()
    return _onwards(request, desk, following, asked if decision in STAYING else asked.after(alert_id))


@router.post("/alerts/{alert_id}/assignment")
def assign(request: Request, desk: At, person: Reviewer, alert_id: UUID, to: Annotated[str, Form()] = "") -> Response:
    """Give an alert to oneself (`me`), to somebody, or with an empty word to nobody."""
    asked = _asked(request, desk)
    try:
        with desk.database.session() as session:
            account = person.id if to == ME else alert_meant(to)
            if to and account is None:
                raise InputError(wording.no_account())
            assignments.assign(session, alert_id, account, person.id, desk.clock())
    except reviews.Conflict as conflict:
        return _alert_screen(request, desk, alert_id, asked, problem=conflict, status=409)
    except InputError as mistake:
        return _alert_screen(request, desk, alert_id, asked, problem=mistake, status=400)
    counts_of(request).forget()
    return _onwards(request, desk, alert_id, asked)


def _asked(request: Request, desk: Desk) -> Asked:
    return Asked.by(request, [label.name for label in desk.labels])


def _following(session: Session, alert_id: UUID, here: alerts.Spot | None, asked: Asked, person: Person) -> UUID | None:
    """The next alert of the list that the reviewer works through; after the last one the first that is left."""
    filters = asked.filters(session, person.id)
    if here is not None and (after := alerts.after(session, here, **filters)) is not None:
        return after
    left = alerts.ranked(session, order=asked.order, limit=2, **filters)
    return next((id for id in left if id != alert_id), None)


def _onwards(request: Request, desk: Desk, alert_id: UUID | None, asked: Asked) -> Response:
    """To an alert, or to the list where nothing is left of it. What htmx asks for it swaps in: the page comes at once,
    with the address that it has."""
    done = {"done": str(asked.done)} if asked.done else {}
    target = asked.address(f"/alerts/{alert_id}" if alert_id else "/", **done)
    if "hx-request" not in request.headers:
        return RedirectResponse(target, status_code=303)
    if alert_id is None:
        return Response(status_code=204, headers={"HX-Redirect": target})
    response = _alert_screen(request, desk, alert_id, asked)
    response.headers["HX-Push-Url"] = target
    return response


def _alert_screen(
    request: Request, desk: Desk, alert_id: UUID, asked: Asked, problem: KzmonitorError | None = None, status: int = 200
) -> Response:
    person = person_of(request)
    with desk.database.session() as session:
        view = alerts.alert(session, alert_id)
        if view is None:
            raise HTTPException(404)
        before, after = alerts.neighbours(session, alert_id, asked.order, **asked.filters(session, person.id))
        words: dict[str, Any] = {
            "asked": asked,
            "alert": view,
            "pages": page_events.of_incident(session, view.line.incident_id),
            "similar": similar(session, view.line.incident_id),
            "before": before,
            "after": after,
            "done": alerts.decided(session, asked.done) if asked.done else None,
            "holder": assignments.assigned_to(session, alert_id),
            "assignees": assignments.assignees(session),
            "past": history(session, alert_id),
        }
    words |= {
        "articles": _marked(view.articles),
        "tellers": {str(article.id): article for article in view.articles},
        "names": [name for party in view.line.record.parties for name in party.names],
        "page_events": page_events,
        "saying": saying,
        "reasoning": reasoning,
        "problem": str(problem) if problem else None,
        "conflict": isinstance(problem, reviews.Conflict),
        "reason_names": wording.reason_names(desk.labels),
    }
    return screen(request, "alert.html", common(request, desk) | words, status=status)


def _marked(told: Sequence[ArticleView]) -> list[tuple[ArticleView, Passages]]:
    return [
        (article, marked(article.title, article.text or "", article.prediction.reasons if article.prediction else ()))
        for article in told
    ]
