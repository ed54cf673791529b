"""Ports for servers that a process of its own opens a moment later, and ports that nobody answers at.

What the system picks for port 0 it also picks for every other server and connection until then, be it those of the
worker beside this one. So these lie below its range, and each worker has its own."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

EACH = 1_000
FIRST = 20_000 + EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw"))
# Another run on this machine begins elsewhere.
_next = count(os.getpid())


def free_port() -> int:
    """One that nobody has, and that nobody else is given soon."""
    for _try in range(EACH):
        port = FIRST + next(_next) % EACH
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError(f"no port from {FIRST} on is free")


@contextmanager
def closed_port() -> Iterator[int]:
    """One that refuses whoever calls, for the length of the block."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
