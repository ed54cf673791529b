"""The review app in several processes: one login is good in all, one that dies is replaced, all end together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psutil
import pytest

from kzmonitor.review import workers
from kzmonitor.store import Database
from tests.ports import free_port
from tests.review.conftest import TOKEN

pytestmark = pytest.mark.slow
PATIENCE_S = 120


@dataclass(frozen=True)
class Served:
    parent: psutil.Process
    address: str

    def processes(self) -> set[int]:
        return {one.pid for one in self.parent.children() if one.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture
def served(database: Database) -> Iterator[Served]:
    port = free_port()
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = os.environ | {
        "KZMONITOR_DATABASE_URL": url, "KZMONITOR_REVIEW_TOKEN": TOKEN, "KZMONITOR_ENV_FILE": os.devnull,
    }  # fmt: skip
    command = [sys.executable, "-m", "kzmonitor", "review", "--port", str(port), "--workers", "3"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as parent:
        one = Served(psutil.Process(parent.pid), f"http://127.0.0.1:{port}")
        try:
            until(lambda: answers(one.address) and len(one.processes()) == 3)
            yield one
        finally:
            parent.terminate()


def until(happened) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_login_is_good_in_every_process_and_outlives_one(served: Served) -> None:
    with httpx.Client(
        base_url=served.address,
        trust_env=False,
        follow_redirects=True,
        headers={"connection": "close"},
        timeout=PATIENCE_S,
    ) as client:
        assert client.get("/me", params={"token": TOKEN}).status_code == 200
        # Each request is a connection of its own, which any of the processes may take.
        assert {client.get("/me").url.path for _each in range(12)} == {"/me"}
        before = served.processes()
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(served.processes() - {min(before)}) == 3)
        assert {client.get("/me").url.path for _each in range(12)} == {"/me"}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_all_end_with_the_one_that_began_them(served: Served, sent: signal.Signals) -> None:
    processes = served.processes()
    served.parent.send_signal(sent)
    # It holds the listening socket until it is gone itself, a little after those that it waits for.
    served.parent.wait(PATIENCE_S)
    until(lambda: not any(psutil.pid_exists(one) for one in processes))
    with socket.create_server(("127.0.0.1", int(served.address.rpartition(":")[2]))):
        pass


def test_there_are_no_more_processes_than_processors() -> None:
    assert 1 <= workers.usual_number() <= min(workers.MOST, os.cpu_count() or 1)
