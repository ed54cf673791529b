"""The door of the review app: who comes in by which way, and the cookie that remembers it."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kzmonitor.accounts import passwords, people, second_factor, sessions, throttle, tokens
from kzmonitor.accounts.keys import Keys
from kzmonitor.accounts.oidc import Provider
from kzmonitor.accounts.roles import Person
from kzmonitor.accounts.sessions import Login
from kzmonitor.store import Database
from kzmonitor.store.tables import Account

COOKIE = "kzmonitor_desk"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
CODE_PAGE = "/login/code"


@dataclass(frozen=True)
class Door:
    """Judges passwords, codes and tokens, and opens logins.

    token: of this start, printed where the app was started; None: there is none. first_way_only: it lets in only as
    long as no admin has a way of their own. provider: of single sign-on."""

    database: Database
    keys: Keys
    clock: Callable[[], datetime]
    token: str | None = field(default=None, repr=False)
    first_way_only: bool = False
    provider: Provider | None = None

    def login(self, request: Request) -> Login | None:
        """The open login that a request belongs to."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        with self.database.session() as session:
            return sessions.login_of(session, cookie, self.clock())

    def holder(self, request: Request) -> Person | None:
        """Who asks with an access token."""
        kind, _space, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        with self.database.session() as session:
            return tokens.holder(session, token.strip(), self.clock())

    def takes_tokens(self) -> bool:
        """Whether the token of this start still lets in."""
        if self.token is None or not self.first_way_only:
            return self.token is not None
        with self.database.session() as session:
            return not people.has_admin(session)

    def admit_by_token(self, request: Request, token: str, target: str) -> Response | None:
        """The way to `target` as the local account; None when the token is wrong.

        A token that a foreign page's script or picture sends is not looked at: guessing would close the door
        for its owner."""
        if request.headers.get("sec-fetch-mode", "navigate") != "navigate" or not self.takes_tokens():
            return None
        if not self._may_try(request, "token", throttle.BY_START_TOKEN, throttle.BY_START_TOKEN):
            return None
        assert self.token is not None
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode()):
            return None
        with self.database.session() as session:
            throttle.succeeded(session, self.keys, "token")
            account = people.desk(session, self.clock())
            if account.disabled_at is not None:
                return None
        return self.admit(request, account, "token", target)

    def admit_by_password(self, request: Request, pseudonym: str, password: str, target: str) -> Response | None:
        """The way to `target`, or first to the page that asks for a code; None when pseudonym and password don't fit
        or nobody listens any more. It takes as long whether or not there is such an account."""
        if not self._may_try(request, _subject(pseudonym)):
            return None
        with self.database.session() as session:
            account = people.find(session, pseudonym)
            kept = account.password_hash if account is not None else None
            if not passwords.fits(kept, password) or account is None or account.disabled_at is not None:
                return None
            throttle.succeeded(session, self.keys, _subject(pseudonym))
            if kept is not None and passwords.is_outdated(kept):
                account.password_hash = passwords.hashed(password)
        return self.admit(request, account, "password", target)

    def knows(self, request: Request, account: Account, password: str) -> bool:
        """Whether the person at an open login knows the account's password; an account without one has none to know."""
        if account.password_hash is None:
            return True
        if not self._may_try(request, _subject(account.pseudonym)):
            return False
        if not passwords.fits(account.password_hash, password):
            return False
        with self.database.session() as session:
            throttle.succeeded(session, self.keys, _subject(account.pseudonym))
        return True

    def admit_by_code(self, request: Request, waiting: Login, code: str, target: str) -> Response | None:
        """The way to `target` for a login that waited for its second factor; None when the code does not fit."""
        id = waiting.person.id
        if not self._may_try(request, f"code {id}"):
            return None
        with self.database.session() as session:
            account = people.by_id(session, id)
            if not second_factor.fits(session, account, code, self.keys, self.clock()):
                return None
            throttle.succeeded(session, self.keys, f"code {id}")
            sessions.end(session, waiting.id, id)
        return self._open(request, id, waiting.way, target, waits_for_code=False)

    def admit(self, request: Request, account: Account, way: str, target: str) -> Response:
        """The way to `target` for whoever has shown to be this person; with a second factor, first to its page."""
        if account.totp_since is not None:
            target = f"{CODE_PAGE}?{urlencode({'target': inside(target)})}"
        return self._open(request, account.id, way, target, waits_for_code=account.totp_since is not None)

    def leave(self, login: Login) -> None:
        """End a login."""
        with self.database.session() as session:
            sessions.end(session, login.id, login.person.id)

    def _open(self, request: Request, account_id: UUID, way: str, target: str, *, waits_for_code: bool) -> Response:
        browser = sessions.browser_of(request.headers.get("user-agent", ""))
        with self.database.session() as session:
            cookie = sessions.begin(session, account_id, way, browser, self.clock(), waits_for_code=waits_for_code)
        response = RedirectResponse(inside(target), status_code=303)
        lasts = sessions.CODE_WITHIN if waits_for_code else sessions.ABSOLUTE
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(lasts.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=must_be_secure(request),
        )
        return response

    def _may_try(
        self,
        request: Request,
        subject: str,
        by_subject: throttle.Limit = throttle.BY_ACCOUNT,
        by_client: throttle.Limit = throttle.BY_CLIENT,
    ) -> bool:
        client = request.client.host if request.client else ""
        with self.database.session() as session:
            return throttle.may_try(
                session, self.keys, subject, client, self.clock(), by_subject=by_subject, by_client=by_client
            )


def _subject(pseudonym: str) -> str:
    return f"account {passwords.normal(pseudonym).strip().casefold()}"


def must_be_secure(request: Request) -> bool:
    """Whether cookies must not cross a network in the clear: everywhere but on this machine."""
    try:
        return request.url.scheme == "https" or request.url.hostname not in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return True


def inside(target: str) -> str:
    """`target` if it is a path of ours, else the first page: `//host` and `/\\host` are other people's."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
