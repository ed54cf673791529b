"""A PostgreSQL of the faults' own, databases on it in a known state, and the real commands, to be broken in every way.

A stage of a process is met by a lock that the test holds on what the process needs next, never by the clock."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from kzmonitor.store import embedded
from tests.faults.table import line_of

PATIENCE_S = 600
Done = subprocess.CompletedProcess[str]


def until(condition: Callable[[], object]) -> None:
    """Wait for what must come."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "what was waited for never came"
        time.sleep(0.02)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of this size, mounted at `folder` for the length of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Server:
    """A running embedded server; its two databases are left to those who want them empty."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cluster = embedded.Cluster(home)
        self._stack = ExitStack()
        self._eyes: psycopg.Connection[Any] | None = None

    def __enter__(self) -> "Server":
        self._stack.enter_context(embedded.running(self.home))
        return self

    def __exit__(self, *_error: object) -> None:
        self.start()
        self._stack.close()
        embedded.stop(self.home)
        if self._eyes is not None:
            self._eyes.close()

    def start(self) -> None:
        """Start it when it does not run."""
        with embedded.running(self.home):
            pass

    def stop(self) -> None:
        """Stop it as an operator does: who is connected is thrown out."""
        embedded.stop(self.home)

    @property
    def pid(self) -> int:
        return int((self.cluster.pgdata / "postmaster.pid").read_text().split()[0])

    def admin(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        """A connection that may do everything; each statement is its own transaction."""
        return psycopg.connect(self.cluster.superuser_dsn(database), autocommit=True)

    def activity(self, condition: LiteralString, *values: object) -> int:
        """How many connections there are of which this is true, but for our own; asked often, over one connection."""
        query = f"select count(*) from pg_stat_activity where pid <> pg_backend_pid() and {condition}"
        if self._eyes is None or self._eyes.closed:
            self._eyes = self.admin()
        try:
            row = self._eyes.execute(query, values).fetchone()
        except psycopg.OperationalError:  # the server was restarted; it is closed now
            return self.activity(condition, *values)
        return int(row[0]) if row else 0

    def clone(self, template: str, name: str) -> None:
        """A database of this name, exactly as `template` is."""
        with self.admin() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            statement = sql.SQL("create database {} template {} owner kzmonitor")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


@dataclass
class Machine:
    """One database on the server, and commands that work on it."""

    server: Server
    database: str
    folder: Path
    sources: Path
    environment: dict[str, str] = field(default_factory=dict)
    _started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    @property
    def url(self) -> URL:
        return self.server.cluster.url().set(database=self.database)

    def address(self, **parts: Any) -> str:
        """For KZMONITOR_DATABASE_URL; `parts` replace those of the URL."""
        return self.url.set(drivername="postgresql", **parts).render_as_string(hide_password=False)

    def environment_of(self, more: Mapping[str, str]) -> dict[str, str]:
        """What a command is told, `more` among it; what is empty is not said at all."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("KZMONITOR_", "LANG", "LC_"))}
        told = {
            "KZMONITOR_DATA": str(self.folder / "data"),
            "KZMONITOR_SOURCES_DIR": str(self.sources),
            "KZMONITOR_ALLOW_LOOPBACK": "1",
            "KZMONITOR_ENV_FILE": os.devnull,
            "LANG": "C.UTF-8",
            **self.environment,
            **more,
        }
        if "KZMONITOR_DATABASE_URL" not in told:
            told["KZMONITOR_DATABASE_URL"] = self.address()
        return own | {name: value for name, value in told.items() if value}

    def start(
        self, *arguments: object, program: str = "kzmonitor", prefix: Sequence[str] = (), **environment: str
    ) -> "subprocess.Popen[str]":
        """A command that goes on while the test does something to it."""
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", program, *map(str, arguments)],
            env=self.environment_of(environment), cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._started.append(process)
        return process

    def run(self, *arguments: object, **environment: str) -> Done:
        """A command to its end."""
        return ended(self.start(*arguments, **environment))

    def well(self, *arguments: object, **environment: str) -> str:
        """A command that must work; what it said."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def leave(self) -> None:
        """End what is left of what was started."""
        for process in self._started:
            process.kill()
            process.communicate()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database has to say."""
        with self.server.admin(self.database) as connection:
            return connection.execute(query, values or None).fetchall()

    def blocked(self) -> int:
        """How many connections wait for a lock that somebody holds."""
        return self.server.activity("datname = %s and wait_event_type = 'Lock'", self.database)

    @contextmanager
    def held(self, table: str, mode: str = "share") -> Iterator["psycopg.Connection[Any]"]:
        """A lock on this table, so that whoever would write to it (or, exclusively, read it) waits."""
        with self.server.admin(self.database) as connection, connection.transaction():
            connection.execute(f"lock table {table} in {mode} mode")
            yield connection

    def alone(self) -> None:
        """Wait until the server has noticed that nobody else is connected any more."""
        until(lambda: self.server.activity("datname = %s", self.database) == 0)

    def killed_at(self, table: str, *arguments: object, mode: str = "share") -> None:
        """Start a command, let it come to this table, and kill it there."""
        with self.held(table, mode):
            process = self.start(*arguments)
            until(lambda: self.blocked() or process.poll() is not None)
            kill(process)
        self.alone()


def kill(process: "subprocess.Popen[str]") -> None:
    """kill -9, of a process that was still there to be killed."""
    assert process.poll() is None, ended(process)
    process.kill()
    assert process.wait(PATIENCE_S) == -signal.SIGKILL


def ended(process: "subprocess.Popen[str]") -> Done:
    """How a command ended and what it said."""
    out, errors = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def told(done: Done, fault: str, code: int = 2) -> None:
    """The command ended with this code, and said the one line of the fault's row and nothing else."""
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode == code, done.stderr + done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert line_of(fault).fullmatch(lines[0]), f"{lines[0]!r} is not the line of {fault!r}"
