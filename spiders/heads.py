"""A limit on the head of an answer: Twisted bounds a line of it and not how many there are."""

from scrapy.core.downloader.handlers.http11 import _LenientHTTP11ClientFactory, _LenientHTTP11ClientProtocol
from scrapy.exceptions import DownloadFailedError
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web._newclient import HEADER, STATUS
from twisted.web.client import ResponseFailed

# Servers send some kilobytes; what comes with "100 Continue" and the like counts, too.
MOST_BYTES = 1_000_000


class TooMuchHeadError(Exception):
    """The head of an answer does not end."""


class BoundedProtocol(_LenientHTTP11ClientProtocol):
    """One connection; it is given up when a head grows too long."""

    in_head = 0

    def request(self, request):  # type: ignore[no-untyped-def]
        """The answer to a request, whose head is counted from nothing."""
        self.in_head = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Some bytes of the answer."""
        if self._parser is not None and self._parser.state in (STATUS, HEADER):
            self.in_head += len(data)
            if self.in_head > MOST_BYTES:
                self._giveUp(Failure(TooMuchHeadError()))
                return
        super().dataReceived(data)


class BoundedFactory(_LenientHTTP11ClientFactory):
    """Makes such connections."""

    def buildProtocol(self, _addr: IAddress | None) -> BoundedProtocol:  # noqa: N802 - Twisted's name
        """A connection for the pool."""
        return BoundedProtocol(self._quiescentCallback)


def had_too_much(error: DownloadFailedError) -> bool:
    """Whether a download failed at this limit."""
    cause = error.__cause__
    return isinstance(cause, ResponseFailed) and any(reason.check(TooMuchHeadError) for reason in cause.reasons)
