"""Points at which a process can be held that tables alone do not give, and people at the desk."""

import secrets
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import LiteralString

import httpx

from kzmonitor.accounts import sessions
from kzmonitor.cli.demonstrating import next_digest_day
from kzmonitor.review.door import COOKIE
from tests.faults.machine import PATIENCE_S, Machine, until
from tests.ports import free_port

KEY = 7
WAIT = f"perform pg_advisory_xact_lock_shared({KEY})"


@contextmanager
def _waiting(machine: Machine, make: LiteralString, remove: LiteralString) -> Iterator[None]:
    with machine.server.admin(machine.database) as connection:
        connection.execute(f"select pg_advisory_lock({KEY})")
        connection.execute(make)
        yield
        # Lets go of those who wait; what they did not live to commit is undone, and then nothing holds the tables.
        connection.execute("select pg_advisory_unlock_all()")
        machine_is_alone = "select count(*) from pg_stat_activity where datname = current_database()"
        until(lambda: connection.execute(machine_is_alone).fetchone() == (1,))
        connection.execute(remove)


def held_at_commit(machine: Machine, table: LiteralString) -> AbstractContextManager[None]:
    """Whoever wrote into this table waits in the middle of its commit."""
    return _waiting(
        machine,
        f"create function hold() returns trigger language plpgsql as 'begin {WAIT}; return null; end';"
        f"create constraint trigger hold after insert on {table} deferrable initially deferred "
        "for each row execute function hold()",
        "drop function hold cascade",
    )


def reading_waits(machine: Machine, table: LiteralString) -> AbstractContextManager[None]:
    """Whoever reads the rows of this table waits at the first one."""
    return _waiting(
        machine,
        f"create function hold() returns boolean language plpgsql as 'begin {WAIT}; return true; end';"
        f"alter table {table} force row level security; alter table {table} enable row level security;"
        f"create policy hold on {table} using (hold())",
        f"drop policy hold on {table}; alter table {table} disable row level security;"
        f"alter table {table} no force row level security; drop function hold",
    )


def held_when(machine: Machine, command: LiteralString, condition: LiteralString) -> AbstractContextManager[None]:
    """Whoever changes the schema waits after the first such command for which the condition holds."""
    return _waiting(
        machine,
        "create schema held; create function held.hold() returns event_trigger language plpgsql as "
        f"$$ begin if {condition} then {WAIT}; end if; end $$;"
        f"create event trigger hold on ddl_command_end when tag in ('{command}') execute function held.hold()",
        "drop event trigger hold; drop schema held cascade",
    )


def day_of_news(machine: Machine) -> str:
    """The day whose digest holds the newest alert."""
    [(newest,)] = machine.rows("select max(ready_at) from alert_event")
    return str(next_digest_day(newest))


@dataclass(frozen=True)
class Reviewing:
    """A running review app and its address."""

    process: "Popen[str]"
    client: httpx.Client
    token: str


@contextmanager
def reviewing(machine: Machine) -> Iterator[Reviewing]:
    """The review app of `machine`, open to the bearer of a token of this start."""
    port, token = free_port(), secrets.token_urlsafe(24)
    process = machine.start("review", "--port", port, KZMONITOR_REVIEW_TOKEN=token)
    address, english = f"http://127.0.0.1:{port}", {"Accept-Language": "en"}
    with httpx.Client(base_url=address, headers=english, trust_env=False, timeout=60) as client:
        until(lambda: process.poll() is not None or answers(client))
        assert process.poll() is None, process.communicate()
        client.get("/me", params={"token": token}, follow_redirects=True)
        yield Reviewing(process, client, token)
    process.terminate()
    process.communicate(timeout=PATIENCE_S)


def answers(client: httpx.Client) -> bool:
    """Whether somebody answers at all."""
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def decision(desk: Reviewing) -> "Future[httpx.Response]":
    """A rejection of the first alert, on its way."""
    first = desk.client.get("/api/v1/alerts?limit=1").json()["alerts"][0]["id"]
    one = desk.client.get(f"/api/v1/alerts/{first}").json()
    said = {"decision": "reject", "reason": "old", "seen_version": one["version"]}
    header = {"X-Form-Token": sessions.form_token(desk.client.cookies[COOKIE]), "Sec-Fetch-Site": "same-origin"}
    pool = ThreadPoolExecutor(1)
    return pool.submit(desk.client.post, f"/api/v1/alerts/{first}/reviews", json=said, headers=header)
