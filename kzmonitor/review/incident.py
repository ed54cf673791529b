"""One incident with its alert, and what a person decides on it."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor.errors import InputError
from kzmonitor.evidence import page_events
from kzmonitor.incidents import alerts, reviews, saying
from kzmonitor.review import wording
from kzmonitor.review.asked import Asked, alert_meant
from kzmonitor.review.desk import At, Desk, Reader, Reviewer, common
from kzmonitor.review.passages import marked
from kzmonitor.review.screens import screen

router = APIRouter()


@router.get("/alerts/{alert_id}")
def one_alert(request: Request, desk: At, person: Reader, alert_id: UUID) -> Response:
    """One alert; where its incident was merged into another one, the alert that speaks for it now."""
    with desk.database.session() as session:
        moved_to = alerts.moved_to(session, alert_id)
    if moved_to is not None:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/alerts/{moved_to}{query}", status_code=303)
    return _alert_screen(request, desk, alert_id)


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
    """Write a decision and go on to the next alert of the same list; an undo stays, so that one can decide anew."""
    asked = Asked.by(request, [label.name for label in desk.labels])
    try:
        with desk.database.session() as session:
            stands = alerts.standing(session, alert_id)
            if stands is None:
                raise HTTPException(404)
            # Who ticks other labels and then confirms means those labels.
            if decision == "confirm" and set(label or ()) != set(stands.labels):
                decision = "correct"
            reviews.decide(
                session,
                alert_id,
                decision,
                labels=label,
                known_labels=[known.name for known in desk.labels],
                reason=reason or None,
                note=note.strip() or None,
                seen_version=seen_version,
                revision_id=revision,
                account_id=person.id,
                into=alert_meant(into),
                articles=article or (),
                now=desk.clock(),
            )
            following = alert_id if decision == "undo" else _following(session, alert_id, asked)
    except reviews.Conflict as conflict:
        return _alert_screen(request, desk, alert_id, problem=str(conflict), status=409)
    except InputError as mistake:
        return _alert_screen(request, desk, alert_id, problem=str(mistake), status=400)
    done = {} if decision == "undo" else {"done": str(alert_id)}
    target = f"/alerts/{following}" if following else "/"
    query = urlencode(asked.query() | done)
    return RedirectResponse(target + ("?" + query if query else ""), status_code=303)


def _following(session: Session, alert_id: UUID, asked: Asked) -> UUID | None:
    """The next alert of the list that the reviewer works through; after the last one the first that is left."""
    after = alerts.neighbours(session, alert_id, **asked.filters())[1]
    if after is not None:
        return after
    left = alerts.alerts(session, limit=2, **asked.filters())
    return next((line.id for line in left if line.id != alert_id), None)


def _alert_screen(
    request: Request, desk: Desk, alert_id: UUID, problem: str | None = None, status: int = 200
) -> Response:
    asked = Asked.by(request, [label.name for label in desk.labels])
    with desk.database.session() as session:
        view = alerts.alert(session, alert_id)
        if view is None:
            raise HTTPException(404)
        before, after = alerts.neighbours(session, alert_id, **asked.filters())
        done = alerts.alert(session, asked.done) if asked.done else None
        pages = page_events.of_incident(session, view.line.incident_id)
    articles = [
        (article, marked(article.title, article.text, article.prediction.reasons if article.prediction else ()))
        for article in view.articles
    ]
    words = {
        "asked": asked,
        "alert": view,
        "articles": articles,
        "pages": pages,
        "page_events": page_events,
        "saying": saying,
        "before": before,
        "after": after,
        "done": done if done and done.history and not done.history[-1].undone else None,
        "problem": problem,
        "reason_names": wording.reason_names(desk.labels),
    }
    return screen(request, "alert.html", common(request, desk) | words, status=status)
