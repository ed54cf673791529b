"""The review app, put together: pages, static files, who may come in, and what is said when something fails."""

import logging
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import Settings, models_folder
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _, speaking
from kzmonitor.review import captures, entrance, incident, queue
from kzmonitor.review.desk import Desk, own_forms_only
from kzmonitor.review.entrance import refusal
from kzmonitor.review.screens import screen
from kzmonitor.review.security import HEADERS, LOOPBACK, Door, Guarded, Headed, Keys
from kzmonitor.review.wording import language_of
from kzmonitor.store import Database

# A module of pages each.
PAGES = (entrance, queue, incident, captures)
STATIC = Path(__file__).parent / "static"
log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    database: Database,
    *,
    token: str,
    secret_key: str,
    allow_remote: bool = False,
    clock: Callable[[], datetime] = _utc_now,
) -> FastAPI:
    """The app on an open database. `token` lets people in, `secret_key` signs their sessions.

    Unless `allow_remote`, it answers only to the names of this machine: a page elsewhere whose name is made to
    point here (DNS rebinding) is refused."""
    assert token, "an empty token would let everybody in"
    assert secret_key, "anybody can sign with an empty key"
    door = Door(Keys(token, secret_key), clock)
    app = FastAPI(
        title="kzmonitor",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(own_forms_only)],
        middleware=[
            Middleware(Headed),
            Middleware(TrustedHostMiddleware, allowed_hosts=["*"] if allow_remote else list(LOOPBACK)),
            Middleware(InLanguageOfRequest),
            Middleware(Guarded, door=door, refuse=refusal),
        ],
        exception_handlers={
            StarletteHTTPException: _http_problem,
            RequestValidationError: _wrong_address,
            Exception: _failure,
        },
    )
    app.state.desk = Desk(database, door, read_taxonomy(models_folder() / "taxonomy.yaml").labels, clock)
    for pages in PAGES:
        app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def serve(
    database: Database,
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    token: str,
    allow_remote: bool = False,
) -> None:
    """Serve the app until it is told to stop. SetupError when the port is taken, or when `host` is not this machine
    and that was not allowed: there are no accounts yet, whoever has the token may decide."""
    if host not in ("127.0.0.1", "::1", "localhost") and not allow_remote:
        raise SetupError(_("{host}: the review app is served on 127.0.0.1 until there are accounts").format(host=host))
    key = settings.secret_key.get_secret_value() if settings.secret_key else secrets.token_urlsafe(32)
    app = create_app(database, token=token, secret_key=key, allow_remote=allow_remote)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise SetupError(
            _("{host}:{port} can't be served ({reason}); choose another --port").format(
                host=host, port=port, reason=error.strerror
            )
        ) from error
    # No log of requests: it would tell who read what, and hold the token.
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", server_header=False, proxy_headers=False, ws="none", lifespan="off"
    )
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


class InLanguageOfRequest:
    """Middleware: sentences made while a request is answered are in its language."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = language_of(Request(scope)) if scope["type"] == "http" else "en"
        with speaking(language):
            await self.app(scope, receive, send)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | StarletteHTTPException)
    said = {
        403: _("This form is too old or is not ours; nothing was changed. Go back, reload the page and try again."),
        404: _("There is no such page."),
        405: _("This address can't be used this way."),
    }
    message = said.get(error.status_code, _("This can't be answered."))
    return screen(request, "problem.html", {"message": message, "id": None}, status=error.status_code)


async def _wrong_address(request: Request, error: Exception) -> Response:
    """An identifier that is none, in an address, or a form that lacks a part."""
    status = 404 if request.method in ("GET", "HEAD") else 400
    message = _("There is no such page.") if status == 404 else _("This form is not complete; nothing was changed.")
    return screen(request, "problem.html", {"message": message, "id": None}, status=status)


async def _failure(request: Request, error: Exception) -> Response:
    """A page with a number to ask for; the log has the rest. It stands outside all middleware."""
    id = secrets.token_hex(4)
    log.error("failure %s while answering %s", id, request.method, exc_info=error)
    with speaking(language_of(request)):
        message = _("Something went wrong here. It is not your fault, and nothing was changed.")
    response = screen(request, "problem.html", {"message": message, "id": id}, status=500)
    response.headers.update(HEADERS)
    return response
