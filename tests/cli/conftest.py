"""Commands as their user runs them: processes of their own, with an environment of their own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kzmonitor.store import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path, database: Database) -> Run:
    """`run("alerts", "--json", KZMONITOR_PROXY=...)` against the test database, in an empty folder."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def command(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        own = {name: value for name, value in os.environ.items() if not name.startswith(("KZMONITOR_", "LANG", "LC_"))}
        own |= {
            "KZMONITOR_DATABASE_URL": address,
            "KZMONITOR_DATA": str(tmp_path / "data"),
            "KZMONITOR_ALLOW_LOOPBACK": "1",
            "LANG": "C.UTF-8",
        }
        return subprocess.run(
            [sys.executable, "-m", "kzmonitor", *map(str, arguments)],
            env=own | environment, cwd=tmp_path, capture_output=True, text=True, timeout=600,
        )  # fmt: skip

    return command


def one_line(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line of complaint; fails when there is more, or a stack trace."""
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]
