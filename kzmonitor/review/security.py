"""What a page may do and who sees it: the headers of each answer, and the guard before all that is not public."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kzmonitor.review.door import Door

# A decision with its note is a few kilobytes; nothing else is ever sent to us.
LARGEST_FORM_BYTES = 64 * 1024
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
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
# All that is answered without a login: nothing of these shows or changes what is kept, or they ask for a secret of
# their own (a one-time code, a state that comes back, the token of a Prometheus).
PUBLIC = frozenset(
    {
        "/healthz",
        "/blank",
        "/login",
        "/login/code",
        "/login/single-sign-on",
        "/login/single-sign-on/back",
        "/invitation",
        "/metrics",
    }
)
PUBLIC_BELOW = ("/static/", "/feeds/", "/unsubscribe/", "/confirm/")
# Programs come in here with an access token, and nowhere else.
API = "/api/"


def is_public(path: str) -> bool:
    """Whether everybody is answered here."""
    return path in PUBLIC or path.startswith(PUBLIC_BELOW)


class Guarded:
    """Middleware: without a login only what is public is answered.

    Sets `request.state.session`, the open login or None; `.waiting`, one that still owes its second factor;
    `.person`, who asks; `.by_token`, whether by an access token."""

    def __init__(self, app: ASGIApp, door: Door, refuse: Callable[[Request, bool], Response]) -> None:
        self.app, self.door, self.refuse = app, door, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.session = request.state.waiting = request.state.person = None
        request.state.by_token = False
        response = _too_large(request)
        if response is None and not request.scope["path"].startswith(PUBLIC_BELOW):
            response = await run_in_threadpool(self._answer, request)
        await (response or self.app)(scope, receive, send)

    def _answer(self, request: Request) -> Response | None:
        path, state = request.scope["path"], request.state
        if path.startswith(API) and "authorization" in request.headers:
            state.person = self.door.holder(request)
            state.by_token = state.person is not None
            return None if state.by_token else _unauthorized()
        login = self.door.login(request)
        if login is not None and login.waits_for_code:
            state.waiting = login
        elif login is not None:
            state.session, state.person = login, login.person
        if is_public(path):
            return None
        if path.startswith(API):
            return None if state.session else _unauthorized()
        token = request.query_params.get("token")
        if token is not None and request.method == "GET":
            rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
            target = "/" + quote(path).lstrip("/") + ("?" + urlencode(rest) if rest else "")
            return self.door.admit_by_token(request, token, target) or self.refuse(request, True)
        return None if state.session else self.refuse(request, False)


def _unauthorized() -> Response:
    return JSONResponse(
        {"error": "log in, or send an access token: Authorization: Bearer kzm_..."},
        status_code=401,
        headers={"WWW-Authenticate": "Bearer"},
    )


def _too_large(request: Request) -> Response | None:
    """A refusal of what sends more than a form of ours, or does not say how much."""
    headers = request.headers
    length = headers.get("content-length")
    if length is None and "transfer-encoding" not in headers and request.method not in ("POST", "PUT", "PATCH"):
        return None
    if length is None or not length.isdecimal():
        return _plain(request, "Length required", 411)
    return _plain(request, "Too large", 413) if int(length) > LARGEST_FORM_BYTES else None


def _plain(request: Request, line: str, status: int) -> Response:
    if request.scope["path"].startswith(API):
        return JSONResponse({"error": line}, status)
    return PlainTextResponse(line, status)


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
