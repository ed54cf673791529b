"""Who comes in, and what a page may do: the token, the signed session, form tokens, the headers of each answer."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kzmonitor.accounts.roles import Person

COOKIE = "kzmonitor_desk"
SESSION = timedelta(hours=12)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# A decision with its note is a few kilobytes; nothing else is ever sent to us.
LARGEST_FORM_BYTES = 64 * 1024
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What was read here must not be found in the browser's folder.
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass
class Keys:
    """The token that lets a person in, and the sessions signed after that.

    Sessions live in their cookie; they end after `SESSION`, when their holder leaves, or with the token."""

    token: str
    secret_key: str
    _left: dict[str, datetime] = field(default_factory=dict)

    def fits(self, token: str) -> bool:
        """Whether this is the token, in a time that does not depend on how much of it is right."""
        return hmac.compare_digest(
            hashlib.sha256(token.encode("utf-8", "replace")).digest(), hashlib.sha256(self.token.encode()).digest()
        )

    def new_session(self, now: datetime) -> str:
        """The value of a fresh session's cookie."""
        session = f"{secrets.token_urlsafe(18)}.{int((now + SESSION).timestamp())}"
        return f"{session}.{self._sign('session', session)}"

    def session(self, cookie: str, now: datetime) -> str | None:
        """The session of a cookie; None when it was not signed by us, has ended or was left."""
        session, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", session).encode()):
            return None
        ends = int(session.rpartition(".")[2])
        return session if now.timestamp() < ends and session not in self._left else None

    def leave(self, session: str, now: datetime) -> None:
        """End a session before its time."""
        self._left = {other: until for other, until in self._left.items() if until > now}
        self._left[session] = now + SESSION

    def form_token(self, session: str) -> str:
        """What each form of a session carries, so that no other page can send one."""
        return self._sign("form", session)

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.new(self.secret_key.encode(), f"{purpose}:{text}".encode("utf-8", "replace"), "sha256").hexdigest()


@dataclass
class Throttle:
    """After `limit` wrong tokens within `per` nobody comes in by token until the oldest is older than that."""

    limit: int = 10
    per: timedelta = timedelta(minutes=1)
    _wrong: list[datetime] = field(default_factory=list)

    def is_closed(self, now: datetime) -> bool:
        self._wrong = [moment for moment in self._wrong if now - moment < self.per]
        return len(self._wrong) >= self.limit

    def count(self, now: datetime) -> None:
        self._wrong.append(now)


@dataclass
class Door:
    """Judges tokens and opens sessions, for the middleware and for the login form."""

    keys: Keys
    clock: Callable[[], datetime]
    throttle: Throttle = field(default_factory=Throttle)

    def session(self, request: Request) -> str | None:
        """The session that a request belongs to."""
        return self.keys.session(request.cookies.get(COOKIE, ""), self.clock())

    def person(self, session: str | None) -> Person | None:
        """Whose session it is."""
        return Person(None, "desk", "admin") if session else None

    def admit(self, request: Request, token: str, target: str) -> Response | None:
        """The way to `target` with a new session; None when the token is wrong.

        A token that a foreign page's script or picture sends is not looked at: guessing would close the door
        for its owner."""
        if request.headers.get("sec-fetch-mode", "navigate") != "navigate":
            return None
        now = self.clock()
        if self.throttle.is_closed(now):
            return None
        if not self.keys.fits(token):
            self.throttle.count(now)
            return None
        response = RedirectResponse(inside(target), status_code=303)
        response.set_cookie(
            COOKIE,
            self.keys.new_session(now),
            max_age=int(SESSION.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response


def inside(target: str) -> str:
    """`target` if it is a path of ours, else the first page: `//host` and `/\\host` are other people's."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


class Guarded:
    """Middleware: without a session there is the login, the answer to health checks and the static files, no more.

    The request's session is `request.state.session`."""

    def __init__(self, app: ASGIApp, door: Door, refuse: Callable[[Request, bool], Response]) -> None:
        self.app, self.door, self.refuse = app, door, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        response = _too_large(request) or self._answer(request)
        await (response or self.app)(scope, receive, send)

    def _answer(self, request: Request) -> Response | None:
        path = request.url.path
        request.state.session = self.door.session(request)
        request.state.person = self.door.person(request.state.session)
        if path in ("/healthz", "/login") or path.startswith("/static/"):
            return None
        token = request.query_params.get("token")
        if token is not None and request.method == "GET":
            rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
            target = "/" + quote(path).lstrip("/") + ("?" + urlencode(rest) if rest else "")
            return self.door.admit(request, token, target) or self.refuse(request, True)
        return None if request.state.session else self.refuse(request, False)


def _too_large(request: Request) -> Response | None:
    if request.method in ("GET", "HEAD"):
        return None
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        return PlainTextResponse("Length required", 411)
    return PlainTextResponse("Too large", 413) if int(length) > LARGEST_FORM_BYTES else None


class Headed:
    """Middleware: every answer carries `HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers)
