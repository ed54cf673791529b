"""The newsroom: each outlet on a port of its own on loopback, all in one thread."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from types import TracebackType

from kzmonitor.errors import InputError, SetupError
from kzmonitor.i18n import _

from .faults import PIECE_BYTES, Answer, html
from .outlets import Outlet
from .site import Site

LOOPBACK = "127.0.0.1"
HEAD_LIMIT_BYTES = 65_536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Request:
    """One request as it arrived. at: monotonic seconds; path: with query; headers: names in Title-Case.

    status stays None as long as nothing was answered."""

    at: float
    outlet: str
    method: str
    path: str
    headers: dict[str, str]
    status: int | None = None


class Newsroom:
    """Outlets on 127.0.0.1, from `start` to `stop` or within a `with` block.

    port: of the first outlet, the others follow; 0 takes free ones.
    outlets: the outlets by slug. requests: all requests in order of arrival; clear it as you like."""

    def __init__(self, outlets: Sequence[Outlet], port: int = 0) -> None:
        if len({outlet.slug for outlet in outlets}) < len(outlets):
            raise InputError(_("two outlets of the newsroom have one slug"))
        if not 0 <= port <= 65_535 - len(outlets):
            raise InputError(_("the newsroom can't use the port {port}").format(port=port))
        self.outlets = {outlet.slug: outlet for outlet in outlets}
        self.requests: list[Request] = []
        self._first_port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> "Newsroom":
        """Listen on all ports; answers from the moment this returns. Raises SetupError if a port is taken."""
        sockets = self._listen()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(sockets, ready)), name="newsroom", daemon=True
        )
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """End all connections, also those that hang, and wait for the thread. Twice is harmless."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> "Newsroom":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _listen(self) -> list[tuple[Outlet, socket.socket]]:
        found: list[tuple[Outlet, socket.socket]] = []
        for place, outlet in enumerate(self.outlets.values()):
            port = self._first_port + place if self._first_port else 0
            try:
                listener = socket.create_server((LOOPBACK, port), backlog=256)
            except OSError as error:
                for _outlet, opened in found:
                    opened.close()
                raise SetupError(
                    _("port {port} of {host} can't be used: {reason}; choose another with --port").format(
                        port=port, host=LOOPBACK, reason=error.strerror
                    )
                ) from error
            # Accepted sockets inherit this; without it each answer waits 40 ms for the client's delayed ACK.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with outlet.lock:
                outlet.port = listener.getsockname()[1]
                outlet.version += 1  # pages made before name another port
            found.append((outlet, listener))
        return found

    async def _serve(self, sockets: list[tuple[Outlet, socket.socket]], ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        servers = [
            await asyncio.start_server(partial(self._accept, Site(outlet)), sock=listener, limit=HEAD_LIMIT_BYTES)
            for outlet, listener in sockets
        ]
        ready.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(site, reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until either side closes it."""
        try:
            while await self._exchange(site, reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has left, which is its right
        finally:
            writer.close()

    async def _exchange(self, site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection stays open for another."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            await send(writer, html(431, "Too large"), keep=False)
            return False
        request = parsed(head, site.outlet.slug)
        if request is None:
            await send(writer, html(400, "Bad request"), keep=False)
            return False
        self.requests.append(request)
        if request.method not in ("GET", "HEAD"):
            request.status = 405
            await send(writer, html(405, "Method not allowed"), keep=False)
            return False
        answer = site.answer(request.path, request.headers)
        if answer.fault.hang:
            await asyncio.Event().wait()
        if answer.fault.reset_at == 0:
            reset(writer)
            return False
        request.status = answer.status
        keep = request.headers.get("Connection", "").lower() != "close" and b" HTTP/1.1\r\n" in head
        await send(writer, answer, keep=keep, head_only=request.method == "HEAD")
        return keep and answer.fault.reset_at is None


def parsed(head: bytes, outlet: str) -> Request | None:
    """The request line and headers, or None if they aren't HTTP/1."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    headers = {name.strip().title(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
    return Request(time.monotonic(), outlet, words[0], words[1], headers)


async def send(writer: asyncio.StreamWriter, answer: Answer, *, keep: bool, head_only: bool = False) -> None:
    """Write an answer at the pace and to the end that its fault sets."""
    headers = {"Date": formatdate(usegmt=True), "Server": "newsroom", **answer.headers}
    chunked = answer.stream is not None and answer.length is None
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif answer.status != 304:
        headers["Content-Length"] = str(len(answer.body) if answer.length is None else answer.length)
    headers["Connection"] = "keep-alive" if keep else "close"
    reason = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8"))
    if not head_only and answer.status != 304:
        await send_body(writer, answer, chunked=chunked)
    await writer.drain()


async def send_body(writer: asyncio.StreamWriter, answer: Answer, *, chunked: bool) -> None:
    """The body and what is generated after it, in pieces; other connections get their turn in between."""
    fault, body = answer.fault, answer.body
    if fault.reset_at is not None:
        body = body[: int(len(body) * fault.reset_at)]
    size = fault.drip_bytes if fault.drip_s else PIECE_BYTES
    for start in range(0, len(body), size):
        await send_piece(writer, body[start : start + size], chunked=chunked)
        if fault.drip_s:
            await asyncio.sleep(fault.drip_s)
    if fault.reset_at is not None:
        reset(writer)
        return
    for piece in answer.stream or ():
        await send_piece(writer, piece, chunked=chunked)
        await asyncio.sleep(fault.drip_s)
    if chunked:
        writer.write(b"0\r\n\r\n")


async def send_piece(writer: asyncio.StreamWriter, piece: bytes, *, chunked: bool) -> None:
    """One piece of a body; an empty one would end a chunked body and is left out."""
    if piece:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Drop the connection so that the client sees a reset, not an end."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
