"""Accounts on the command line: the first admin, and passwords that stand in no argument."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kzmonitor.accounts import passwords, people
from kzmonitor.store import Database
from tests.cli.conftest import one_line

Run = Callable[..., "subprocess.CompletedProcess[str]"]
GOOD = "тихий омут синий"
NOW = datetime(2025, 11, 4, 3, tzinfo=UTC)


def piped(database: Database, tmp_path: Path, line: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command with one line on its standard input."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KZMONITOR_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-m", "kzmonitor", *arguments], input=line, capture_output=True, text=True, timeout=100,
        cwd=tmp_path, env=environment | {"KZMONITOR_DATABASE_URL": address, "LANG": "C.UTF-8"},
    )  # fmt: skip


def test_the_first_admin_is_made_from_standard_input(database: Database, tmp_path: Path) -> None:
    done = piped(database, tmp_path, f"{GOOD}\n", "account", "add", "asel", "--role", "admin")
    assert (done.returncode, done.stdout) == (0, "asel (admin) may log in\n")
    with database.session() as session:
        account = people.named(session, "asel")
        assert people.has_admin(session)
    assert passwords.fits(account.password_hash, GOOD)


def test_the_password_is_asked_for_twice_unseen_on_a_terminal(database: Database, tmp_path: Path) -> None:
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = {**os.environ, "KZMONITOR_DATABASE_URL": address, "LANG": "C.UTF-8"}
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "kzmonitor", "account", "add", "asel"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said = ""
    for prompt in ("Password: ", "Once more: "):
        while not said.endswith(prompt):
            said += os.read(ours, 1000).decode()
        os.write(ours, f"{GOOD}\n".encode())
        said += "\n"
    assert child.wait(60) == 0
    os.close(ours)
    assert GOOD not in said
    with database.session() as session:
        assert people.named(session, "asel").password_hash is not None


def test_what_is_not_good_enough_is_one_line_and_nothing_is_written(database: Database, tmp_path: Path) -> None:
    for line, arguments in (
        ("password1234\n", ("asel",)),
        ("", ("asel",)),
        (f"{GOOD}\n", ("asel", "--role", "king")),
        (f"{GOOD}\n", ("desk",)),
    ):
        one_line(piped(database, tmp_path, line, "account", "add", *arguments))
    with database.session() as session:
        assert people.listed(session) == []


def test_there_is_no_option_for_a_password(run: Run) -> None:
    for command in ("add", "reset"):
        assert "--password" not in run("account", command, "--help").stdout


def test_disable_enable_list_and_reset(database: Database, tmp_path: Path, run: Run) -> None:
    with database.session() as session:
        people.add(session, "asel", "admin", password=GOOD, by=None, now=NOW)
    assert run("account", "disable", "asel").returncode == 0
    [listed] = json.loads(run("account", "list", "--json").stdout)
    assert (listed["pseudonym"], listed["disabled"], listed["password"]) == ("asel", True, True)
    assert run("account", "enable", "asel").returncode == 0
    assert piped(database, tmp_path, "другие три слова\n", "account", "reset", "asel").returncode == 0
    with database.session() as session:
        assert passwords.fits(people.named(session, "asel").password_hash, "другие три слова")
    invited = run("account", "reset", "asel", "--invite")
    assert re.search(r"/invitation\?code=[\w-]{43} ", invited.stdout)
    assert "no such account" in one_line(run("account", "disable", "nobody"))


def test_others_are_served_only_with_an_admin(run: Run) -> None:
    assert "kzmonitor account add" in one_line(run("review", "--host", "0.0.0.0", "--port", "9"))
