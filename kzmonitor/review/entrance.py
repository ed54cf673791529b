"""Coming in and leaving."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from kzmonitor.review.desk import At
from kzmonitor.review.screens import screen
from kzmonitor.review.security import COOKIE

router = APIRouter()


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    return PlainTextResponse("ok")


@router.get("/login")
def login_form(request: Request) -> Response:
    return RedirectResponse("/", status_code=303) if request.state.session else refusal(request, wrong=False)


@router.post("/login")
def login(
    request: Request, desk: At, token: Annotated[str, Form()] = "", target: Annotated[str, Form()] = "/"
) -> Response:
    return desk.door.admit(request, token, target) or refusal(request, wrong=True)


@router.post("/leave")
def leave(request: Request, desk: At) -> Response:
    desk.door.keys.leave(request.state.session, desk.clock())
    response = RedirectResponse("/", status_code=303)
    response.delete_cookie(COOKIE)
    return response


def refusal(request: Request, wrong: bool) -> Response:
    """The page that asks for the token. `foreign`: the browser kept our cookie back because the link was on
    another site's page (a mail read in the browser, say); a reload from our own page brings it along."""
    foreign = request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site" and not wrong
    target = request.url.path + (f"?{request.url.query}" if request.url.query and not wrong else "")
    return screen(request, "login.html", {"wrong": wrong, "foreign": foreign, "target": target}, status=401)
