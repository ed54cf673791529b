"""A real PostgreSQL for the tests: one server a run, one database a worker, empty again after each test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url, text
from sqlalchemy.orm import Session

from kzmonitor.store import Database, embedded, engine, schema
from kzmonitor.store.tables import Table

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """An empty database for this worker, on the embedded server, or on that of KZMONITOR_TEST_DATABASE_URL
    (whose role must be allowed to create databases)."""
    elsewhere = os.environ.get("KZMONITOR_TEST_DATABASE_URL")
    if elsewhere:
        address = make_url(elsewhere).set(drivername="postgresql")
        with empty_database(address.render_as_string(hide_password=False)) as name:
            yield address.set(drivername="postgresql+psycopg", database=name)
        return
    temporary = tmp_path_factory.getbasetemp()
    home = (temporary if WORKER == "main" else temporary.parent) / "embedded"
    with embedded.running(home) as cluster, empty_database(cluster.superuser_dsn(), "kzmonitor") as name:
        yield cluster.url().set(database=name)
    if not embedded.is_running(cluster):
        shutil.rmtree(cluster.server_home, ignore_errors=True)


@contextmanager
def empty_database(administrator: str, owner: str | None = None) -> Iterator[str]:
    """The name of a database that lives as long as the block."""
    name = sql.Identifier(f"kzmonitor_test_{WORKER}")
    remove = sql.SQL("drop database if exists {} with (force)").format(name)
    owned = sql.SQL(" owner {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(remove)
        connection.execute(sql.SQL("create database {}{}").format(name, owned))
    try:
        yield f"kzmonitor_test_{WORKER}"
    finally:
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(remove)


@pytest.fixture(scope="session")
def migrated(server: URL) -> Iterator[Database]:
    """The database of this worker with all tables; ask for `database` or `session`, which clean up."""
    with engine.connected(server) as database:
        schema.upgrade(database.engine)
        yield database


@pytest.fixture
def database(migrated: Database) -> Iterator[Database]:
    """A migrated database; whatever the test commits is gone after it."""
    yield migrated
    empty(migrated)


@pytest.fixture
def session(migrated: Database) -> Iterator[Session]:
    """A session in one transaction that is rolled back at the end; its `commit` ends only a savepoint."""
    with migrated.engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        transaction.rollback()


def empty(database: Database) -> None:
    """Empty the tables that hold anything; truncating all thirty would cost each test a tenth of a second."""
    names = [table.name for table in Table.metadata.sorted_tables]
    held = " union all ".join(f"select '{name}' where exists (select from \"{name}\")" for name in names)
    with database.engine.begin() as connection:
        found = [f'"{name}"' for name in connection.scalars(text(held))]
        if found:
            connection.execute(text(f"truncate {', '.join(found)} cascade"))
