"""Coming in and leaving."""

import hmac
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from kzmonitor.accounts import invitations, oidc, passwords, people
from kzmonitor.accounts.oidc import OidcError, Provider
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.review.desk import At, Desk, Reader
from kzmonitor.review.door import COOKIE, inside, must_be_secure
from kzmonitor.review.screens import screen

# Remembers which browser was sent to the provider of single sign-on. `lax`: it must come along on the way back.
STATE_COOKIE = "kzmonitor_sign_on"
BACK = "/login/single-sign-on/back"
router = APIRouter()


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok")


@router.get("/login")
def login_form(request: Request, target: str = "/") -> Response:
    if request.state.session:
        return RedirectResponse("/", status_code=303)
    return refusal(request, wrong=False, target=inside(target))


@router.post("/login")
def login(
    request: Request,
    desk: At,
    token: Annotated[str, Form()] = "",
    pseudonym: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    target: Annotated[str, Form()] = "/",
) -> Response:
    if token:
        answer = desk.door.admit_by_token(request, token, target)
    else:
        answer = desk.door.admit_by_password(request, pseudonym, password, target)
    return answer or refusal(request, wrong=True, target=inside(target))


@router.get("/login/code")
def code_form(request: Request, target: str = "/") -> Response:
    if request.state.waiting is None:
        return RedirectResponse("/", status_code=303)
    return _code_screen(request, target, wrong=False)


@router.post("/login/code")
def code(
    request: Request, desk: At, code: Annotated[str, Form()] = "", target: Annotated[str, Form()] = "/"
) -> Response:
    if request.state.waiting is None:
        return RedirectResponse("/", status_code=303)
    answer = desk.door.admit_by_code(request, request.state.waiting, code, target)
    return answer or _code_screen(request, target, wrong=True)


def _code_screen(request: Request, target: str, *, wrong: bool) -> Response:
    words = {"wrong": wrong, "target": inside(target), "waiting_token": request.state.waiting.form_token}
    return screen(request, "code.html", words, status=401 if wrong else 200)


@router.get("/login/single-sign-on")
def to_provider(request: Request, desk: At, target: str = "/", invitation: str = "") -> Response:
    """On to the provider, who sends the person back."""
    provider = desk.door.provider
    if provider is None:
        return RedirectResponse("/login", status_code=303)
    now = desk.clock()
    with desk.database.session() as session:
        found = invitations.invited(session, invitation, now) if invitation else None
        if invitation and found is None:
            return _invitation_screen(request, desk, invitation)
        begun = oidc.begin(session, inside(target), found[0] if found else None, now)
    try:
        way = provider.way(begun, _back(request))
    except OidcError as error:
        return refusal(request, wrong=False, problem=str(error))
    response = RedirectResponse(way, status_code=303)
    response.set_cookie(
        STATE_COOKIE, begun.state, max_age=int(oidc.COMES_BACK_WITHIN.total_seconds()), path=BACK, httponly=True,
        samesite="lax", secure=must_be_secure(request),
    )  # fmt: skip
    return response


@router.get(BACK)
def from_provider(request: Request, desk: At, code: str = "", state: str = "") -> Response:
    """Back from the provider: in, when an admin has invited whom it names. Only the browser that was sent there comes
    in, and only once."""
    provider, now = desk.door.provider, desk.clock()
    sent = request.cookies.get(STATE_COOKIE, "")
    if provider is None or not code or not state or not _same(sent, state):
        return refusal(request, wrong=False, problem=_("That was not begun here, or too long ago; try again."))
    with desk.database.session() as session:
        begun = oidc.taken_back(session, state, now)
    if begun is None:
        return refusal(request, wrong=False, problem=_("That was not begun here, or too long ago; try again."))
    try:
        subject = provider.subject(code, begun, _back(request), now)
    except OidcError as error:
        return refusal(request, wrong=False, problem=str(error))
    return _known(request, desk, provider, begun.invitation_id, subject, begun.target)


def _known(
    request: Request, desk: Desk, provider: Provider, invitation_id: UUID | None, subject: str, target: str
) -> Response:
    with desk.database.session() as session:
        if invitation_id is not None:
            account = invitations.accept_with_identity(session, invitation_id, provider.issuer, subject, desk.clock())
        else:
            account = invitations.by_identity(session, provider.issuer, subject)
    if account is None or account.disabled_at is not None:
        return refusal(request, wrong=False, problem=_("Nobody has invited you here yet; ask an admin of this desk."))
    response = desk.door.admit(request, account, "oidc", target)
    # The way led over another site, so the browser would keep the new cookie back; a page of ours sends it on.
    html = screen(request, "onward.html", {"target": response.headers["location"]})
    html.raw_headers += [(name, value) for name, value in response.raw_headers if name == b"set-cookie"]
    html.delete_cookie(STATE_COOKIE, path=BACK)
    return html


@router.get("/invitation")
def invitation_form(request: Request, desk: At, code: str = "") -> Response:
    return _invitation_screen(request, desk, code)


@router.post("/invitation")
def accept(
    request: Request,
    desk: At,
    code: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    try:
        if password != again:
            raise InputError(_("the two passwords differ"))
        with desk.database.session() as session:
            account = invitations.accept_with_password(session, code, password, desk.clock())
    except InputError as mistake:
        return _invitation_screen(request, desk, code, problem=str(mistake))
    return desk.door.admit(request, account, "password", "/")


def _invitation_screen(request: Request, desk: Desk, code: str, problem: str | None = None) -> Response:
    with desk.database.session() as session:
        found = invitations.invited(session, code, desk.clock()) if code else None
        pseudonym = found[1].pseudonym if found else None
    sign_on = f"/login/single-sign-on?{urlencode({'invitation': code})}" if desk.door.provider else None
    words = {
        "code": code,
        "pseudonym": pseudonym,
        "problem": problem,
        "sign_on": sign_on,
        "shortest": passwords.SHORTEST,
    }
    status = 200 if problem is None and found else 400 if found else 404
    return screen(request, "invitation.html", words, status=status)


@router.post("/leave")
def leave(request: Request, desk: At, person: Reader, now: Annotated[str, Form()] = "") -> Response:
    """End the login; `now`: and show nothing that tells where one was."""
    desk.door.leave(request.state.session)
    response = RedirectResponse("/blank" if now else "/", status_code=303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/blank")
def blank() -> HTMLResponse:
    """An empty page."""
    return HTMLResponse('<!doctype html><html lang="en"><meta charset="utf-8"><title>New tab</title></html>')


def refusal(request: Request, wrong: bool, *, target: str | None = None, problem: str | None = None) -> Response:
    """The page that asks who it is. `foreign`: the browser kept our cookie back because the link was on
    another site's page (a mail read in the browser, say); a reload from our own page brings it along."""
    desk: Desk = request.app.state.desk
    foreign = (
        request.method == "GET"
        and request.headers.get("sec-fetch-site") == "cross-site"
        and not wrong
        and problem is None
    )
    asked = request.url.path + (f"?{request.url.query}" if request.url.query and not wrong else "")
    target = asked if target is None else target
    with desk.database.session() as session:
        has_passwords = people.any_password(session)
    words = {
        "wrong": wrong,
        "problem": problem,
        "foreign": foreign,
        "target": "/" if target.startswith("/login") else target,
        "takes_tokens": desk.door.takes_tokens(),
        "has_passwords": has_passwords,
        "sign_on": f"/login/single-sign-on?{urlencode({'target': target})}" if desk.door.provider else None,
    }
    return screen(request, "login.html", words, status=401)


def _back(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{BACK}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
