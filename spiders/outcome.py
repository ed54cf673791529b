"""Every failed request ends in a named state, never in None."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from OpenSSL.SSL import Error as TlsError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed

LONGEST_RETRY_AFTER = timedelta(hours=1)

# States that another try would not change.
PERMANENT = frozenset(
    {"404", "too-large", "foreign-host", "private-address", "redirect-loop", "robots-denied", "bad-address"}
)
# States that another route (a proxy, a mirror) may get round; a blocked host fails at its robots.txt already.
WALLS = frozenset({"dns", "tls", "timeout", "connection", "403-wall", "451", "robots-unreachable"})
# States of a request that was never sent, since its host may not be asked now.
NOT_NOW = frozenset({"robots-unreachable", "rate-limited"})
# The lease of a page has gone to another process, which answers for it from then on.
TAKEN_OVER = "taken-over"

# What a download may raise once Scrapy has given the errors of its reactor its own names.
DOWNLOAD_ERRORS = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)


class Refused(IgnoreRequest):
    """A request that we do not make: its named state, and where there is more to say, why."""

    def __init__(self, state: str, why: str | None = None) -> None:
        super().__init__(state)
        self.state = state
        self.why = why


def state_of(failure: Failure) -> str:
    """The named state of a failed request."""
    return state_of_error(failure.value)


def state_of_error(error: BaseException) -> str:
    """The named state that an error of a request stands for."""
    if isinstance(error, Refused):
        return error.state
    if isinstance(error, HttpError):
        return state_of_status(error.response.status)
    for kinds, state in (
        (CannotResolveHostError, "dns"),
        (DownloadTimeoutError, "timeout"),
        (DownloadConnectionRefusedError, "connection"),
        (DownloadCancelledError, "too-large"),
        (ResponseDataLossError, "cut-short"),
        (UnsupportedURLSchemeError, "bad-address"),
        (TlsError, "tls"),
        (ValueError, "bad-address"),  # of what a redirect names no request can be made
    ):
        if isinstance(error, kinds):
            return state
    if isinstance(error, DownloadFailedError | ResponseFailed):
        return "tls" if "SSL" in str(error) or "certificate" in str(error) else "connection"
    if isinstance(error, IgnoreRequest):
        return "redirect-loop" if "redirect" in str(error) else "too-large"  # decompressed over the limit
    return "connection" if isinstance(error, OSError) else "error"


def state_of_status(status: int) -> str:
    """The named state of an HTTP status that is no success."""
    if status in (401, 403):
        return "403-wall"
    if status in (404, 410):
        return "404"
    if status == 429:
        return "rate-limited"
    if 300 <= status < 400:
        return "bad-address"  # a redirect that names nothing to go to
    return "server-error" if status >= 500 else str(status)


def retry_after(response: Response, now: datetime) -> timedelta | None:
    """How long the server asks to be left alone, up to an hour; None when it does not say."""
    raw = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if raw.isdigit():
        return min(timedelta(seconds=int(raw[:9])), LONGEST_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(raw) - now
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)
