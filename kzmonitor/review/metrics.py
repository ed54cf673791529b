"""Figures for a Prometheus, without a login: for this machine, or for whoever has the bearer token of the settings."""

import hmac
import ipaddress

from fastapi import APIRouter, HTTPException, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from kzmonitor import config
from kzmonitor.review.desk import At
from kzmonitor.store.metrics import exposition

# What a server between us and a reader adds: then an address of this machine is that server's, not the reader's.
HANDED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
router = APIRouter()


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request, desk: At) -> Response:
    if not _may(request):
        raise HTTPException(404)
    return Response(exposition(desk.database, desk.clock()), media_type=CONTENT_TYPE_LATEST)


def _may(request: Request) -> bool:
    token = config.settings().metrics_token
    if token is None:
        return _is_here(request)
    kind, _space, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(
        given.encode("utf-8", "replace"), token.get_secret_value().encode()
    )


def _is_here(request: Request) -> bool:
    """Whether a program of this machine asks, with nobody between."""
    if request.client is None or any(name in request.headers for name in HANDED_ON):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
