"""What every page needs: the desk behind it, the person before it, and which roles may do what."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request

from kzmonitor.accounts.roles import Person
from kzmonitor.classify.labelled import LabelSpec
from kzmonitor.i18n import _
from kzmonitor.review import wording
from kzmonitor.review.security import Door
from kzmonitor.store import Database


@dataclass(frozen=True)
class Desk:
    """What every page needs: the database, who may come in, the taxonomy's labels, the time."""

    database: Database
    door: Door
    labels: tuple[LabelSpec, ...]
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Place:
    """A page of the menu, for those who have its role."""

    path: str
    name: str
    role: str


def menu() -> tuple[Place, ...]:
    """The pages that the head of every page leads to, in the language of the request."""
    return (
        Place("/", _("Alerts"), "reader"),
        Place("/search", _("Search"), "reader"),
        Place("/overview", _("Overview"), "reader"),
        Place("/sources", _("Sources"), "reader"),
        Place("/readings", _("Readings"), "reviewer"),
        Place("/missed", _("Missed"), "reader"),
        Place("/models", _("Models"), "reviewer"),
        Place("/subscriptions", _("Digests"), "reader"),
        Place("/people", _("People"), "admin"),
    )


def desk_of(request: Request) -> Desk:
    """The desk of the app that was asked."""
    desk: Desk = request.app.state.desk
    return desk


def person_of(request: Request) -> Person:
    """Who asks; the middleware has let nobody else through."""
    person: Person = request.state.person
    return person


class _Role:
    """A dependency: the person, if it has a role; 403 else."""

    def __init__(self, role: str) -> None:
        self.role = role

    def __call__(self, request: Request) -> Person:
        person = person_of(request)
        if not person.may(self.role):
            raise HTTPException(403)
        return person


At = Annotated[Desk, Depends(desk_of)]
Reader = Annotated[Person, Depends(_Role("reader"))]
Reviewer = Annotated[Person, Depends(_Role("reviewer"))]
Admin = Annotated[Person, Depends(_Role("admin"))]


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


def common(request: Request, desk: Desk) -> dict[str, Any]:
    """What every page behind the door is given."""
    person = person_of(request)
    paths = {getattr(route, "path", None) for route in request.app.routes}
    return {
        "form_token": desk.door.keys.form_token(request.state.session),
        "person": person,
        "menu": [place for place in menu() if place.path in paths and person.may(place.role)],
        "words": wording,
        "label_names": wording.label_names(desk.labels),
    }
