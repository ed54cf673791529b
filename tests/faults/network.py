"""A wire to the database that can be cut, and a server that takes everything and never answers."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE, THERE = "10.213.77.1", "10.213.77.2"


@contextmanager
def swallowing() -> Iterator[int]:
    """The port of a server that takes everything and never answers."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_accept, args=(listening, held.append))
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for one in held:
        one.close()


@dataclass(frozen=True)
class Wire:
    """A machine of its own (a network namespace): `prefix` begins a command there, which reaches the database at
    `port` of `HERE`."""

    name: str
    port: int

    @property
    def prefix(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """From now on nothing passes, and nobody is told."""
        _ip("link", "set", f"{self.name}a", "down")


@contextmanager
def wire(database: Path) -> Iterator[Wire]:
    """A wire to the server with this Unix socket, through a forwarder."""
    name = f"kzf{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        pytest.skip("needs the right to make network namespaces")
    try:
        _ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        _ip("addr", "add", f"{HERE}/30", "dev", f"{name}a")
        _ip("link", "set", f"{name}a", "up")
        _ip("-n", name, "addr", "add", f"{THERE}/30", "dev", f"{name}b")
        _ip("-n", name, "link", "set", f"{name}b", "up")
        with socket.create_server((HERE, 0)) as listening:
            forwarded: list[socket.socket] = []

            def forward(client: socket.socket) -> None:
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(database))
                forwarded.extend((client, server))
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()

            thread = threading.Thread(target=_accept, args=(listening, forward))
            thread.start()
            yield Wire(name, listening.getsockname()[1])
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in forwarded:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
    finally:
        _ip("netns", "delete", name)


def _accept(listening: socket.socket, take) -> None:  # type: ignore[no-untyped-def]
    with suppress(OSError):
        while True:
            take(listening.accept()[0])


def _pump(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
