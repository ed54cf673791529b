"""RFC 3161 timestamps: a time-stamping authority of your choice signs that it has seen a day's root.

Only the SHA-256 of the root leaves this machine, to the configured host and nowhere else. A failure has a name, stops
nothing, and is tried again at the next closing. As each root vouches for all days before it, only the newest few that
have none are asked for."""

import hashlib
import http.client
import socket
import ssl
from base64 import b64encode
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder, TimeStampResponse
from rfc3161_client import decode_timestamp_response as decode
from sqlalchemy import select, update

from kzmonitor import config
from kzmonitor.config import Settings
from kzmonitor.errors import SourceError
from kzmonitor.i18n import _
from kzmonitor.store import Database
from kzmonitor.store.tables import Manifest

TIMEOUT_S = 20
MOST_BYTES = 1 << 20
MOST_DAYS = 7
SHA256 = "2.16.840.1.101.3.4.2.1"
STAMPED = "stamped"
GRANTED = frozenset({PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS})


class _NoRedirects(HTTPRedirectHandler):
    """Leads nowhere: a timestamp is asked of the configured host only."""

    def redirect_request(self, *_arguments: object) -> None:
        return None


def stamp(database: Database, settings: Settings) -> dict[str, str]:
    """Ask for the timestamps that are missing; how each day (ISO) ended: `stamped` or a named failure.

    Nothing is asked, and nothing given, without KZMONITOR_TIMESTAMP_URL. The first failure ends the round."""
    if settings.timestamp_url is None:
        return {}
    with database.session() as session:
        missing = select(Manifest.day, Manifest.root).where(Manifest.timestamp.is_(None))
        newest = session.execute(missing.order_by(Manifest.day.desc()).limit(MOST_DAYS)).all()
    ended: dict[str, str] = {}
    for day, root in reversed(newest):
        reply, state = None, STAMPED
        try:
            reply = ask(settings, root)
        except SourceError as error:
            state = error.state
        with database.session() as session:
            row = update(Manifest).where(Manifest.day == day, Manifest.timestamp.is_(None))
            session.execute(row.values(timestamp=reply, timestamp_state=state))
        ended[day.isoformat()] = state
        if reply is None:
            break
    return ended


def ask(settings: Settings, root: bytes) -> bytes:
    """The reply (DER) of the authority over a root, checked. Raises SourceError with a named state."""
    assert settings.timestamp_url is not None, "the caller has looked"
    request = TimestampRequestBuilder(data=root, hash_algorithm=HashAlgorithm.SHA256).build()
    post = Request(  # noqa: S310 - the settings allow http and https only
        settings.timestamp_url,
        data=request.as_bytes(),
        headers={"Content-Type": "application/timestamp-query", "User-Agent": config.agent()},
    )
    try:
        with _opened(post, settings) as response:
            reply: bytes = response.read(MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _failure(_state_of(error)) from error
    state = fault(reply, root)
    if state is None and decode(reply).tst_info.nonce != request.nonce:
        state = "wrong-nonce"
    if state is not None:
        raise _failure(state)
    return reply


def fault(reply: bytes, root: bytes) -> str | None:
    """What is wrong with a reply as a timestamp of `root`; None when nothing is.

    Looks at form, status and message imprint. Who signed it is for openssl and the authority's certificate to say."""
    try:
        decoded: TimeStampResponse = decode(reply)
        if decoded.status not in GRANTED:
            return "refused"
        imprint = decoded.tst_info.message_imprint
    except ValueError:
        return "no-timestamp"
    if imprint.hash_algorithm.dotted_string != SHA256 or imprint.message != hashlib.sha256(root).digest():
        return "other-root"
    return None


def _opened(post: Request, settings: Settings) -> Any:
    """The answer, through KZMONITOR_PROXY or straight.

    The library's own way of using a proxy is switched off: it lets the environment name one, or name hosts that are
    reached around it."""
    if settings.proxy is not None:
        proxy = urlsplit(settings.proxy.get_secret_value())
        if proxy.username:
            password = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
            post.add_header("Proxy-Authorization", f"Basic {b64encode(password.encode()).decode()}")
        post.set_proxy(proxy.netloc.rpartition("@")[2], "http")
    return build_opener(ProxyHandler({}), _NoRedirects()).open(post, timeout=TIMEOUT_S)


def _state_of(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return "redirected" if 300 <= error.code < 400 else f"http-{error.code}"
    reason = error.reason if isinstance(error, URLError) else error
    for kinds, state in (
        (TimeoutError, "timeout"),
        (socket.gaierror, "dns"),
        (ssl.SSLError, "tls"),
    ):
        if isinstance(reason, kinds):
            return state
    return "connection"


def _failure(state: str) -> SourceError:
    return SourceError(_("the timestamp server gave no timestamp: {state}").format(state=state), state)
