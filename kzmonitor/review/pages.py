"""The pages: the list of alerts, one alert and what a person decides on it, a capture; coming in and leaving."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from sqlalchemy.orm import Session
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from kzmonitor.classify.labelled import LabelSpec
from kzmonitor.errors import InputError
from kzmonitor.evidence import page_events
from kzmonitor.incidents import alerts, reviews, saying, told
from kzmonitor.review import wording
from kzmonitor.review.asked import Asked, alert_meant
from kzmonitor.review.passages import marked
from kzmonitor.review.screens import screen
from kzmonitor.review.security import COOKIE, Door
from kzmonitor.store import Database

PAGE = 50
router = APIRouter()


@dataclass(frozen=True)
class Desk:
    """What every page needs: the database, who may come in, the taxonomy's labels, the time."""

    database: Database
    door: Door
    labels: tuple[LabelSpec, ...]
    clock: Callable[[], datetime]


def desk_of(request: Request) -> Desk:
    """The desk of the app that was asked."""
    desk: Desk = request.app.state.desk
    return desk


At = Annotated[Desk, Depends(desk_of)]


async def own_forms_only(request: Request, desk: At) -> None:
    """Refuse what no form of ours sent: its token tells, and before there is a session the browser's word."""
    if request.method in ("GET", "HEAD"):
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)
    session = request.state.session
    if session is None or request.url.path == "/login":
        return
    sent = (await request.form()).get("form_token")
    if not isinstance(sent, str) or not hmac.compare_digest(
        sent.encode("utf-8", "replace"), desk.door.keys.form_token(session).encode()
    ):
        raise HTTPException(403)


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok")


@router.get("/login")
def login_form(request: Request) -> Response:
    return RedirectResponse("/", status_code=303) if request.state.session else refusal(request, wrong=False)


@router.post("/login")
def login(
    request: Request, desk: At, token: Annotated[str, Form()] = "", target: Annotated[str, Form()] = "/"
) -> Response:
    return desk.door.admit(request, token, target) or refusal(request, wrong=True)


@router.post("/leave")
def leave(request: Request, desk: At) -> Response:
    desk.door.keys.leave(request.state.session, desk.clock())
    response = RedirectResponse("/", status_code=303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/")
def list_of_alerts(request: Request, desk: At) -> Response:
    asked = Asked.by(request, [label.name for label in desk.labels])
    with desk.database.session() as session:
        lines = alerts.alerts(session, limit=PAGE + 1, offset=asked.offset(PAGE), **asked.filters())
        counted = alerts.counts(session)
        sources, languages = alerts.origins(session)
    words = {
        "asked": asked,
        "lines": lines[:PAGE],
        "more": len(lines) > PAGE,
        "counts": counted,
        "sources": sources,
        "languages": languages,
    }
    return screen(request, "alerts.html", _common(request, desk) | words)


@router.get("/alerts/{alert_id}")
def one_alert(request: Request, desk: At, alert_id: UUID) -> Response:
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


@router.get("/captures/{capture_id}")
def one_capture(request: Request, desk: At, capture_id: UUID, revision: UUID | None = None) -> Response:
    with desk.database.session() as session:
        view = told.capture(session, capture_id, revision)
    if view is None:
        raise HTTPException(404)
    texts = [(text, marked(text.title, text.text, ())) for text in view.texts]
    return screen(request, "capture.html", _common(request, desk) | {"capture": view, "texts": texts})


def refusal(request: Request, wrong: bool) -> Response:
    """The page that asks for the token. `foreign`: the browser kept our cookie back because the link was on
    another site's page (a mail read in the browser, say); a reload from our own page brings it along."""
    foreign = request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site" and not wrong
    target = request.url.path + (f"?{request.url.query}" if request.url.query and not wrong else "")
    return screen(request, "login.html", {"wrong": wrong, "foreign": foreign, "target": target}, status=401)


def _common(request: Request, desk: Desk) -> dict[str, Any]:
    """What every page behind the door is given."""
    return {
        "form_token": desk.door.keys.form_token(request.state.session),
        "words": wording,
        "label_names": wording.label_names(desk.labels),
    }


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
    return screen(request, "alert.html", _common(request, desk) | words, status=status)
