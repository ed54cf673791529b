"""What every page needs: the desk behind it, the person before it, and which roles may do what."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from kzmonitor.accounts.roles import Person
from kzmonitor.classify.labelled import LabelSpec
from kzmonitor.i18n import _
from kzmonitor.learn.kept import Later
from kzmonitor.review import wording
from kzmonitor.review.door import Door
from kzmonitor.review.security import API
from kzmonitor.store import Database

# Sent before there is a login, by pages that know no form token.
FORMS_OF_STRANGERS = ("/login", "/invitation")


@dataclass(frozen=True)
class Desk:
    """What every page needs: the database, who may come in, the taxonomy's labels, the time, and who counts old
    figures anew once the page is answered (None: it is done first)."""

    database: Database
    door: Door
    labels: tuple[LabelSpec, ...]
    clock: Callable[[], datetime]
    later: Later | None = None


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
        Place("/requests", _("Requests"), "admin"),
    )


def desk_of(request: Request) -> Desk:
    """The desk of the app that was asked."""
    desk: Desk = request.app.state.desk
    return desk


def person_of(request: Request) -> Person:
    """Who asks; the middleware has let nobody else through but on public pages."""
    person: Person | None = request.state.person
    if person is None:
        raise HTTPException(401)
    return person


class Role:
    """A dependency: the person, if it has a role; 403 else."""

    def __init__(self, role: str) -> None:
        self.role = role

    def __call__(self, request: Request) -> Person:
        person = person_of(request)
        if not person.may(self.role):
            raise HTTPException(403)
        return person


At = Annotated[Desk, Depends(desk_of)]
Reader = Annotated[Person, Depends(Role("reader"))]
Reviewer = Annotated[Person, Depends(Role("reviewer"))]
Admin = Annotated[Person, Depends(Role("admin"))]


async def own_forms_only(request: Request) -> None:
    """Refuse what no form of ours sent: the form token of the login tells, and before there is a login the browser."""
    if request.method in ("GET", "HEAD"):
        return
    state = request.state
    if state.by_token:  # no browser adds an access token by itself
        return
    if not _sent_from_here(request):
        raise HTTPException(403)
    login = state.session or state.waiting
    if login is None or request.scope["path"] in FORMS_OF_STRANGERS:
        return
    if request.scope["path"].startswith(API):
        sent: object = request.headers.get("x-form-token")
    else:
        sent = (await request.form()).get("form_token")
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode("utf-8", "replace"), login.form_token.encode()):
        raise HTTPException(403)


def _sent_from_here(request: Request) -> bool:
    """What the browser says of the page that sent a form. Without Sec-Fetch-Site an old browser names the origin, or
    hides it as `null`, since our pages ask for no referrer; then the form token alone decides."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    return origin == "null" or urlsplit(origin).netloc == request.headers.get("host", "")


def common(request: Request, desk: Desk) -> dict[str, Any]:
    """What every page behind the door is given."""
    person = person_of(request)
    return {
        "form_token": request.state.session.form_token,
        "person": person,
        "menu": [place for place in menu() if person.may(place.role)],
        "words": wording,
        "label_names": wording.label_names(desk.labels),
    }
