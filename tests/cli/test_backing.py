"""`kzmonitor backup` and `restore`, as their user runs them; and the drill: lose everything, bring it back."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pysequoia
import pytest
from sqlalchemy import URL, text

from kzmonitor.evidence import erasure, manifests
from kzmonitor.store import Database, embedded, engine, partitions, schema, table_copies
from kzmonitor.store.tables import Alert
from tests.cli.conftest import Run, one_line
from tests.evidence.conftest import NOON, PAGE, captured

DAY = timedelta(days=1)


def fill(database: Database, report: Callable[..., Alert]) -> None:
    """Three closed days, with a late, an erased and a waiting capture, and an alert."""
    with database.session() as session:
        for n in range(6):
            captured(session, at=NOON + n * timedelta(hours=6), url=f"https://vlast.example/{n}", body=PAGE * (n + 1))
        erased = captured(session)
        report(session, "Задержана активистка", "Текст", at=NOON)
        session.execute(text("update capture set body = null, erased_at = now(), erased_why = 'r' where body is null"))
    manifests.close(database, NOON + 2 * DAY)
    with database.session() as session:
        erasure.erase(session, erased, "court order", NOON + 2 * DAY)
        captured(session, stored=NOON + 2 * DAY)
    manifests.close(database, NOON + 3 * DAY)
    with database.session() as session:
        captured(session, at=NOON + 3 * DAY)


@pytest.fixture
def filled(database: Database, report: Callable[..., Alert]) -> Database:
    fill(database, report)
    return database


def into(elsewhere: URL) -> dict[str, str]:
    address = elsewhere.set(drivername="postgresql").render_as_string(hide_password=False)
    return {"KZMONITOR_DATABASE_URL": address}


def hashes(database: Database) -> dict[str, str]:
    with database.engine.begin() as connection:
        table_copies.make_plain(connection)
        return {
            name: table_copies.figures(connection, name, table_copies.columns_of(connection, name)).sha256
            for name in table_copies.table_names(connection)
        }


def test_back_up_and_restore_elsewhere(run: Run, filled: Database, elsewhere: URL, tmp_path: Path) -> None:
    done = run("backup", "--out", tmp_path / "b")
    assert done.returncode == 0, done.stderr
    assert "daily roots: 3" in done.stdout
    assert "not encrypted" in one_line(done)
    done = run("restore", tmp_path / "b", **into(elsewhere))
    assert done.returncode == 0, done.stderr
    assert "capture: rows: 10, as backed up" in done.stdout.splitlines()
    assert "manifest of 2026-11-17: captures: 4, checked" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1].endswith("everything matches its manifest")
    with engine.connected(elsewhere) as restored:
        assert hashes(restored) == hashes(filled)
    again = run("restore", tmp_path / "b", **into(elsewhere))
    assert again.returncode == 2
    assert "not empty" in one_line(again)


def test_sealed_to_a_key_and_opened_with_its_secret(
    run: Run, filled: Database, elsewhere: URL, tmp_path: Path
) -> None:  # fmt: skip
    secret = pysequoia.Tsk.generate("desk <desk@example.org>")
    (tmp_path / "public.asc").write_text(str(secret.extract_certificate()))
    (tmp_path / "secret.asc").write_bytes(bytes(secret))
    done = run("backup", "--out", tmp_path / "b", "--encrypt-to", tmp_path / "public.asc")
    assert (done.returncode, done.stderr) == (0, "")
    sealed = (tmp_path / "b").read_bytes()
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert b"manifest" not in sealed
    assert b"vlast" not in sealed
    assert not [path for path in (tmp_path / "data").iterdir() if "backup" in path.name]
    done = run("restore", tmp_path / "b", "--key", tmp_path / "secret.asc", **into(elsewhere))
    assert (done.returncode, done.stderr) == (0, "")
    assert not [path for path in (tmp_path / "data").iterdir() if "opened" in path.name]


def test_without_key_the_command_says_what_to_give(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(pysequoia.encrypt(b"", passwords=["x"]))
    assert "give --key or --passphrase-file" in one_line(run("restore", tmp_path / "b"))


def test_what_is_no_backup_ends_with_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"PK\x03\x04 not quite")
    done = run("restore", tmp_path / "b")
    assert done.returncode == 2
    assert "no backup, or a damaged one" in one_line(done)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Data folders by name, with an embedded server each, gone at the end."""
    yield lambda name: tmp_path / name
    for folder in tmp_path.iterdir():
        if (folder / "postgres.json").exists():
            embedded.stop(folder)
            shutil.rmtree(embedded.Cluster(folder).server_home, ignore_errors=True)


def kzmonitor(data: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith(("KZMONITOR_", "LANG", "LC_"))}
    return subprocess.run(
        [sys.executable, "-m", "kzmonitor", *map(str, arguments)], capture_output=True, text=True, timeout=600,
        env=own | {"KZMONITOR_DATA": str(data), "KZMONITOR_ENV_FILE": os.devnull, "LANG": "C.UTF-8"}, cwd=data.parent,
    )  # fmt: skip


@pytest.mark.slow
def test_drill_everything_is_lost_and_comes_back_identical(
    home: Callable[[str], Path], report: Callable[..., Alert], tmp_path: Path
) -> None:  # fmt: skip
    with embedded.running(home("old")) as cluster, engine.connected(cluster.url()) as database:
        schema.upgrade(database.engine)
        with database.session() as session:
            partitions.ensure(session, NOON)
        fill(database, report)
        before = hashes(database)
    verified = kzmonitor(home("old"), "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert kzmonitor(home("old"), "backup", "--out", tmp_path / "b").returncode == 0
    shutil.rmtree(cluster.server_home)
    shutil.rmtree(home("old"))

    done = kzmonitor(home("new"), "restore", tmp_path / "b")
    assert (done.returncode, done.stderr) == (0, "")
    with embedded.running(home("new")) as cluster, engine.connected(cluster.url()) as database:
        assert hashes(database) == before
        assert len(before) > 35
    again = kzmonitor(home("new"), "verify", "--json")
    assert json.loads(again.stdout) == json.loads(verified.stdout)
    assert len(json.loads(again.stdout)["days"]) == 3
    with embedded.running(home("new")) as cluster, engine.connected(cluster.url()) as database:
        with database.session() as session:
            session.execute(text("update capture set status = 201 where url like '%/3'"))
        assert hashes(database) != before
    assert kzmonitor(home("new"), "verify").returncode == 1
