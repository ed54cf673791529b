"""People, for admins: who may log in and as what; and the log of what was done."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from kzmonitor.accounts import audit, invitations, people
from kzmonitor.accounts.roles import Person
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.review import wording
from kzmonitor.review.desk import Admin, At, Desk, common
from kzmonitor.review.screens import screen
from kzmonitor.store.tables import Account

LINES = 100
router = APIRouter()
Said = Annotated[str, Form()]


@router.get("/people")
def list_of_people(request: Request, desk: At, person: Admin) -> Response:
    return _people_screen(request, desk)


@router.post("/people")
def add(request: Request, desk: At, person: Admin, pseudonym: Said = "", role: Said = "reader") -> Response:
    """A new account and the address at which its owner chooses a password."""
    try:
        with desk.database.session() as session:
            account = people.add(session, pseudonym, role, by=person.id, now=desk.clock())
            code = invitations.invite(session, account, by=person.id, now=desk.clock())
    except InputError as mistake:
        return _people_screen(request, desk, problem=str(mistake), pseudonym=pseudonym)
    return _people_screen(request, desk, invited=account.pseudonym, address=_address(request, code))


@router.post("/people/{account_id}")
def change(
    request: Request, desk: At, person: Admin, account_id: UUID, action: Annotated[str, Form()], role: Said = ""
) -> Response:
    """invite, disable, enable, role, second-factor: what happens to an account."""
    address = invited = None
    try:
        with desk.database.session() as session:
            account = people.by_id(session, account_id)
            if action == "invite":
                address = _address(request, invitations.invite(session, account, by=person.id, now=desk.clock()))
                invited = account.pseudonym
            else:
                _change(session, account, action, role, person, desk)
    except InputError as mistake:
        return _people_screen(request, desk, problem=str(mistake))
    return _people_screen(request, desk, address=address, invited=invited)


def _change(session: Session, account: Account, action: str, role: str, person: Person, desk: Desk) -> None:
    now = desk.clock()
    if action in ("disable", "role") and account.id == person.id:
        raise InputError(_("another admin has to do this to your account"))
    if action == "disable":
        people.disable(session, account, by=person.id, now=now)
    elif action == "enable":
        people.enable(session, account, by=person.id, now=now)
    elif action == "role":
        people.change_role(session, account, role, by=person.id, now=now)
    elif action == "second-factor":
        people.forget_second_factor(session, account, by=person.id, now=now)
    else:
        raise InputError(_("this form is not complete; nothing was changed"))


@router.get("/people/log")
def log(request: Request, desk: At, person: Admin, before: UUID | None = None) -> Response:
    """What people did, newest first."""
    with desk.database.session() as session:
        lines = audit.entries(session, limit=LINES + 1, before=before)
    words = {"lines": lines[:LINES], "more": lines[LINES - 1].id if len(lines) > LINES else None, "later": before}
    return screen(request, "people_log.html", common(request, desk) | words)


def _address(request: Request, code: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/invitation?code={code}"


def _people_screen(
    request: Request,
    desk: Desk,
    *,
    problem: str | None = None,
    pseudonym: str = "",
    invited: str | None = None,
    address: str | None = None,
) -> Response:
    with desk.database.session() as session:
        listed = people.listed(session)
    words = {
        "people": listed,
        "roles": wording.roles(),
        "role_names": wording.role_names(),
        "local": people.DESK,
        "problem": problem,
        "pseudonym": pseudonym,
        "invited": invited,
        "address": address,
        "hours": int(invitations.LASTS.total_seconds() // 3600),
    }
    return screen(request, "people.html", common(request, desk) | words, status=400 if problem else 200)
