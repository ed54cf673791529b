"""The review app, put together: pages, static files, who may come in, and what is said when something fails."""

import logging
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kzmonitor import traces
from kzmonitor.accounts import people
from kzmonitor.accounts.keys import Keys
from kzmonitor.accounts.oidc import Provider
from kzmonitor.classify.labelled import read_taxonomy
from kzmonitor.config import Settings, models_folder
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _, speaking
from kzmonitor.learn.figures import SPANS
from kzmonitor.learn.kept import Later
from kzmonitor.review import (
    api,
    captures,
    entrance,
    feeds,
    incident,
    me,
    metrics,
    missed,
    models,
    overview,
    queue,
    readings,
    requests,
    search,
    sources,
    subscriptions,
    workers,
    wrong,
)
from kzmonitor.review import people as people_pages
from kzmonitor.review.desk import Desk, own_forms_only
from kzmonitor.review.door import LOOPBACK, Door
from kzmonitor.review.entrance import refusal
from kzmonitor.review.renewing import Renewal
from kzmonitor.review.screens import screen
from kzmonitor.review.security import API, HEADERS, Guarded, Headed
from kzmonitor.review.wording import language_of
from kzmonitor.store import Database

# A module of pages each.
PAGES = (
    entrance,
    me,
    people_pages,
    api,
    queue,
    incident,
    captures,
    readings,
    overview,
    sources,
    models,
    metrics,
    search,
    missed,
    wrong,
    requests,
    subscriptions,
    feeds,
)
STATIC = Path(__file__).parent / "static"
log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    database: Database,
    *,
    token: str | None,
    secret_key: str,
    allow_remote: bool = False,
    clock: Callable[[], datetime] = _utc_now,
    secret_lasts: bool = True,
    first_way_only: bool = False,
    provider: Provider | None = None,
    later: Later | None = None,
) -> FastAPI:
    """The app on an open database. `token` lets people in as the local account; with `first_way_only` as long as no
    admin has a way of their own. `secret_key` seals second factors, if it lasts. `provider`: of single sign-on.
    `later`: renews kept figures when a page is answered; without it, before.

    Unless `allow_remote`, it answers only to the names of this machine: a page elsewhere whose name is made to
    point here (DNS rebinding) is refused."""
    assert token != "", "an empty token would let everybody in"
    assert secret_key, "anybody can guess an empty key"
    door = Door(database, Keys(secret_key, secret_lasts), clock, token, first_way_only, provider)
    app = FastAPI(
        title="kzmonitor",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(own_forms_only)],
        middleware=[
            *([Middleware(Traced)] if traces.is_on() else []),
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
    app.state.desk = Desk(database, door, read_taxonomy(models_folder() / "taxonomy.yaml").labels, clock, later)
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
    token: str | None,
    allow_remote: bool = False,
    processes: int = 1,
) -> None:
    """Serve the app until it is told to stop.

    On another address than this machine's own the token lets in only until an admin has a way of their own, and such
    an admin is asked for first unless `allow_remote`: a container, say, whose port is published on this machine only.
    Raises SetupError when the port is taken, or when that admin or KZMONITOR_SECRET_KEY is missing."""
    local = host in ("127.0.0.1", "::1", "localhost")
    if not local:
        require_ready_for_others(database, settings, host, admin=not allow_remote)
    key = settings.secret_key.get_secret_value() if settings.secret_key else secrets.token_urlsafe(32)
    later = Renewal(database)
    app = create_app(
        database,
        token=token,
        secret_key=key,
        allow_remote=not local,
        secret_lasts=settings.secret_key is not None,
        first_way_only=not local,
        provider=provider_of(settings),
        later=later,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise SetupError(
            _("{host}:{port} can't be served ({reason}); choose another --port").format(
                host=host, port=port, reason=error.strerror
            )
        ) from error

    def answer() -> None:
        # What most readers open first is there before they do.
        for part, weeks in product(overview.PARTS, SPANS):
            later(f"ready:{part}:{weeks}", partial(overview.ready, part=part, weeks=weeks, now=_utc_now()))
        # No log of requests: it would tell who read what, and hold the token.
        config = uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=settings.reverse_proxy is not None,
            forwarded_allow_ips=settings.reverse_proxy,
            ws="none",
            lifespan="off",
        )
        uvicorn.Server(config).run(sockets=[listening])

    def answer_beside_others() -> None:
        # The connections of the process that this one was forked from are not ours to use or to close.
        database.engine.dispose(close=False)
        answer()

    with listening:
        if processes == 1:
            answer()
        else:
            workers.run_in(processes, answer_beside_others)


def require_ready_for_others(database: Database, settings: Settings, host: str, *, admin: bool) -> None:
    """SetupError unless the app may be served on more than this machine."""
    if admin:
        with database.session() as session:
            if not people.has_admin(session):
                raise SetupError(
                    _(
                        "{host}: others are served once there is an admin: kzmonitor account add NAME --role admin"
                    ).format(host=host)
                )
    if settings.secret_key is None:
        raise SetupError(_("{host}: set KZMONITOR_SECRET_KEY before others are served").format(host=host))


def provider_of(settings: Settings) -> Provider | None:
    """Single sign-on, if it is set up. SetupError when it is set up by halves."""
    given = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
    if not any(given):
        return None
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret is None:
        raise SetupError(
            _("single sign-on needs KZMONITOR_OIDC_ISSUER, _CLIENT_ID and _CLIENT_SECRET, or none of them")
        )
    proxy = settings.proxy.get_secret_value() if settings.proxy else None
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value(), proxy
    )


class Traced:
    """Middleware: a span a page, named by the function that makes it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def send_and_look(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with traces.span(traces.PAGE) as told:
            await self.app(scope, receive, send_and_look)
            made_by = getattr(scope.get("endpoint"), "__name__", "")
            told(f"{traces.PAGE} {made_by}" if made_by else "", status=status)


class InLanguageOfRequest:
    """Middleware: sentences made while a request is answered are in its language; for programs always in English."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for_people = scope["type"] == "http" and not scope["path"].startswith(API)
        language = language_of(Request(scope)) if for_people else "en"
        with speaking(language):
            await self.app(scope, receive, send)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | StarletteHTTPException)
    if request.scope["path"].startswith(API):
        return api.problem(error.status_code, headers=error.headers)
    said = {
        403: _("This form is too old or is not ours; nothing was changed. Go back, reload the page and try again."),
        404: _("There is no such page."),
        405: _("This address can't be used this way."),
    }
    message = said.get(error.status_code, _("This can't be answered."))
    return screen(request, "problem.html", {"message": message, "id": None}, status=error.status_code)


async def _wrong_address(request: Request, error: Exception) -> Response:
    """An identifier that is none, in an address, or a form that lacks a part."""
    assert isinstance(error, RequestValidationError)
    if request.scope["path"].startswith(API):
        return api.wrong_request(error)
    status = 404 if request.method in ("GET", "HEAD") else 400
    message = _("There is no such page.") if status == 404 else _("This form is not complete; nothing was changed.")
    return screen(request, "problem.html", {"message": message, "id": None}, status=status)


async def _failure(request: Request, error: Exception) -> Response:
    """A page with a number to ask for; the log has the rest. It stands outside all middleware."""
    id = secrets.token_hex(4)
    log.error("failure %s while answering %s", id, request.method, exc_info=error)
    if request.scope["path"].startswith(API):
        return api.problem(500, f"something went wrong here; the log knows it as {id}", headers=HEADERS)
    with speaking(language_of(request)):
        message = _("Something went wrong here. It is not your fault, and nothing was changed.")
    response = screen(request, "problem.html", {"message": message, "id": id}, status=500)
    response.headers.update(HEADERS)
    return response
