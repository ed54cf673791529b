"""A dump that is restored elsewhere gives the same roots, and they verify."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, text

from kzmonitor.evidence import erasure, manifests
from kzmonitor.evidence.verification import Verified, verify
from kzmonitor.store import Database, embedded, engine, partitions, schema
from kzmonitor.store.embedded import Cluster
from tests.evidence.conftest import NOON, PAGE, captured

pytestmark = pytest.mark.slow
DAY = timedelta(days=1)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """An embedded server of the test's own, with the programs for dumps that come with it."""
    with embedded.running(tmp_path / "home") as own:
        yield own
    shutil.rmtree(own.server_home, ignore_errors=True)


def program(name: str, address: URL, *arguments: object) -> None:
    """Run pg_dump or pg_restore on a database."""
    connection = [f"--host={address.query['host']}", f"--username={address.username}"]
    done = subprocess.run(
        [str(embedded.binaries() / name), *connection, *map(str, arguments)],
        env={**os.environ, "PGPASSWORD": str(address.password)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def filled(database: Database) -> None:
    """Four closed days and a waiting one, with late, erased and odd captures, in partitions."""
    schema.upgrade(database.engine)
    with database.session() as session:
        partitions.ensure(session, NOON)
        for n in range(40):
            captured(
                session, at=NOON + n * timedelta(hours=2), url=f"https://vlast.example/{n}?я=\\ü\u2028😀",
                body=PAGE * n + os.urandom(n * 50), headers={"X-Ü": ["a\r\nb", "\u0001"], "Vary": []},
            )  # fmt: skip
        erased = captured(session)
    manifests.close(database, NOON + 2 * DAY)
    with database.session() as session:
        erasure.erase(session, erased, "rule", NOON + 2 * DAY)
        captured(session, stored=NOON + 3 * DAY)
    manifests.close(database, NOON + 4 * DAY)
    with database.session() as session:
        captured(session, at=NOON + 4 * DAY)


def verified(database: Database) -> Verified:
    with database.session() as session:
        return verify(session)


def test_manifests_agree_after_a_restore(cluster: Cluster, tmp_path: Path) -> None:
    with engine.connected(cluster.url()) as original:
        filled(original)
        before = verified(original)
    dump = tmp_path / "dump"
    program("pg_dump", cluster.url(), "--format=custom", f"--file={dump}", "kzmonitor")
    with psycopg.connect(cluster.superuser_dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database elsewhere owner kzmonitor"))
    program("pg_restore", cluster.url(), "--no-owner", "--exit-on-error", "--dbname=elsewhere", dump)
    with engine.connected(cluster.url().set(database="elsewhere")) as restored:
        after = verified(restored)
        assert after == before
        assert (after.problems, after.captures, len(after.days), len(after.erased), after.waiting) == ([], 43, 4, 1, 1)
        with restored.session() as session:
            session.execute(text("update capture set status = 201 where url like '%/7?%'"))
        assert [one.parts for one in verified(restored).problems] == [("status",)]
        assert manifests.close(restored, NOON + 5 * DAY) == [(NOON + 4 * DAY).date()]
