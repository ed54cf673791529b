"""One's own account: password, second factor, logins, access tokens."""

import io
from typing import Annotated, Any
from uuid import UUID

import segno
from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from kzmonitor.accounts import passwords, people, second_factor, sessions, tokens
from kzmonitor.accounts.roles import Person
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.review import wording
from kzmonitor.review.desk import At, Desk, Reader, common
from kzmonitor.review.screens import screen
from kzmonitor.store.tables import Account

router = APIRouter()
Said = Annotated[str, Form()]


@router.get("/me")
def me(request: Request, desk: At, person: Reader) -> Response:
    return _me_screen(request, desk, person)


@router.post("/me/password")
def change_password(
    request: Request, desk: At, person: Reader, current: Said = "", password: Said = "", again: Said = ""
) -> Response:
    """A new password; all other logins of this account end."""
    try:
        account = _proven(request, desk, person, current)
        if password != again:
            raise InputError(_("the two passwords differ"))
        with desk.database.session() as session:
            people.set_password(
                session, people.by_id(session, account.id), password, by=account.id, now=desk.clock(),
                keep=request.state.session.id,
            )  # fmt: skip
    except InputError as mistake:
        return _me_screen(request, desk, person, problem=str(mistake))
    return _me_screen(request, desk, person, done=_("The password is changed; your other logins have ended."))


@router.post("/me/sessions")
def end_sessions(request: Request, desk: At, person: Reader, id: Annotated[UUID | None, Form()] = None) -> Response:
    """End one login of one's own, or all but this one."""
    own = person.id
    with desk.database.session() as session:
        if id is None:
            sessions.end_all(session, own, but=request.state.session.id)
        else:
            sessions.end(session, id, own)
    return RedirectResponse("/me", status_code=303)


@router.post("/me/second-factor")
def offer_second_factor(request: Request, desk: At, person: Reader, password: Said = "") -> Response:
    """Make a secret, which the page then shows until its first code confirms it."""
    try:
        account = _proven(request, desk, person, password)
        with desk.database.session() as session:
            second_factor.offer(session, people.by_id(session, account.id), desk.door.keys)
    except InputError as mistake:
        return _me_screen(request, desk, person, problem=str(mistake))
    return RedirectResponse("/me#second-factor", status_code=303)


@router.get("/me/second-factor.svg")
def second_factor_picture(desk: At, person: Reader) -> Response:
    """The secret that waits for its first code, as apps read it."""
    with desk.database.session() as session:
        account = session.get_one(Account, person.id)
        secret = second_factor.offered(account, desk.door.keys)
    if secret is None:
        raise HTTPException(404)
    picture = io.BytesIO()
    address = second_factor.address_of(secret, account.pseudonym)
    segno.make(address, error="m", micro=False).save(
        picture, kind="svg", border=4, scale=5, dark="#000", light="#fff", xmldecl=False, svgclass=None, lineclass=None
    )
    return Response(picture.getvalue(), media_type="image/svg+xml")


@router.post("/me/second-factor/confirm")
def confirm_second_factor(request: Request, desk: At, person: Reader, code: Said = "") -> Response:
    try:
        with desk.database.session() as session:
            account = people.by_id(session, person.id)
            codes = second_factor.confirm(session, account, "".join(code.split()), desk.door.keys, desk.clock())
            sessions.end_all(session, account.id, but=request.state.session.id)
    except InputError as mistake:
        return _me_screen(request, desk, person, problem=str(mistake))
    return _me_screen(request, desk, person, codes=codes, done=_("The second factor is on."))


@router.post("/me/second-factor/recovery-codes")
def new_recovery_codes(request: Request, desk: At, person: Reader, password: Said = "") -> Response:
    try:
        account = _proven(request, desk, person, password)
        if account.totp_since is None:
            raise InputError(_("the second factor is not on"))
        with desk.database.session() as session:
            codes = second_factor.new_recovery_codes(session, account.id)
    except InputError as mistake:
        return _me_screen(request, desk, person, problem=str(mistake))
    return _me_screen(request, desk, person, codes=codes, done=_("The recovery codes of before work no more."))


@router.post("/me/second-factor/remove")
def remove_second_factor(request: Request, desk: At, person: Reader, password: Said = "") -> Response:
    try:
        account = _proven(request, desk, person, password)
        with desk.database.session() as session:
            people.forget_second_factor(session, people.by_id(session, account.id), by=account.id, now=desk.clock())
    except InputError as mistake:
        return _me_screen(request, desk, person, problem=str(mistake))
    return _me_screen(request, desk, person, done=_("The second factor is off."))


@router.post("/me/tokens")
def make_token(
    request: Request,
    desk: At,
    person: Reader,
    name: Said = "",
    scope: Said = "read",
    days: Annotated[int, Form()] = 90,
    password: Said = "",
) -> Response:
    """A new access token, shown this once."""
    try:
        _proven(request, desk, person, password)
        with desk.database.session() as session:
            token = tokens.make(session, person, name, scope, days, desk.clock())
    except InputError as mistake:
        return _me_screen(request, desk, person, problem=str(mistake))
    return _me_screen(request, desk, person, token=token)


@router.post("/me/tokens/revoke")
def revoke_token(desk: At, person: Reader, id: Annotated[UUID, Form()]) -> Response:
    with desk.database.session() as session:
        tokens.revoke(session, person, id, desk.clock())
    return RedirectResponse("/me#tokens", status_code=303)


def _proven(request: Request, desk: Desk, person: Person, password: str) -> Account:
    """The account, when who sits here also knows its password; InputError else. An open login alone may be a machine
    that was left unattended."""
    with desk.database.session() as session:
        account = session.get_one(Account, person.id)
    if not desk.door.knows(request, account, password):
        raise InputError(_("that is not your password; after many tries wait a quarter of an hour"))
    return account


def _me_screen(request: Request, desk: Desk, person: Person, *, problem: str | None = None, **shown: Any) -> Response:
    """The page; `shown`: what is shown this once (codes, a token, what was done)."""
    own, now = person.id, desk.clock()
    with desk.database.session() as session:
        account = session.get_one(Account, own)
        words = {
            "account": account,
            "secret": second_factor.offered(account, desk.door.keys),
            "can_have_second_factor": desk.door.keys.lasting and account.password_hash is not None,
            "codes_left": second_factor.recovery_codes_left(session, own),
            "sessions": sessions.open_of(session, own, now),
            "this_session": request.state.session.id,
            "tokens": tokens.held_by(session, own, now),
        }
    words |= {
        "is_local": account.pseudonym == people.DESK,
        "scopes": [scope for scope, role in tokens.SCOPES.items() if person.may(role)],
        "scope_names": wording.scopes(),
        "roles": wording.roles(),
        "ways": wording.ways_in(),
        "shortest": passwords.SHORTEST,
        "problem": problem,
        "codes": None,
        "token": None,
        "done": None,
    } | shown
    return screen(request, "me.html", common(request, desk) | words, status=400 if problem else 200)
