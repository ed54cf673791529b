"""Migrations: from empty to the tables and back, on a real server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import URL, text

from kzmonitor.store import Database, engine, partitions, schema
from kzmonitor.store.tables import Source, Table


@pytest.fixture
def own(server: URL) -> Iterator[Database]:
    """An empty database of the test's own."""
    name = f"kzmonitor_schema_{uuid4().hex[:8]}"
    with engine.connected(server) as shared, shared.engine.connect() as connection:
        can_create = connection.scalar(text("select rolcreatedb from pg_roles where rolname = current_user"))
    if not can_create:
        with engine.connected(server) as shared:
            schema.downgrade(shared.engine, "base")
            yield shared
            schema.upgrade(shared.engine)
        return
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with engine.connected(server.set(database=name)) as database:
        yield database
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        query = (
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')"
        )
        return set(connection.scalars(text(query)))


def test_empty_to_head_equals_the_tables(own: Database) -> None:
    schema.upgrade(own.engine)
    with own.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Table.metadata)
    # A key that points at a partitioned table is listed once more for each partition by PostgreSQL 18.
    real = [change for change in differences if not (change[0] == "remove_fk" and is_of_partition(change[1]))]
    assert [change for change in real if not is_partition(change)] == []


def is_of_partition(constraint: object) -> bool:
    return any("_default" in key.target_fullname or "_20" in key.target_fullname for key in constraint.elements)  # type: ignore[attr-defined]


def is_partition(change: tuple[object, ...]) -> bool:
    names = [getattr(part, "name", "") or "" for part in change]
    return any("_default" in str(name) or "_20" in str(name) for name in names)


def test_head_down_and_up_keeps_seeded_rows(own: Database) -> None:
    schema.upgrade(own.engine)
    with own.session() as session:
        session.add(Source(slug="a", name="A", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    schema.downgrade(own.engine, "0001")
    assert "alert_standing" not in tables(own)
    schema.upgrade(own.engine)
    with own.session() as session:
        assert session.get_one(Source, "a").languages == ["ru"]


def test_base_leaves_nothing_behind(own: Database) -> None:
    schema.upgrade(own.engine)
    schema.downgrade(own.engine, "base")
    assert tables(own) <= {"alembic_version"}


def test_upgrading_twice_does_nothing_the_second_time(own: Database) -> None:
    schema.upgrade(own.engine)
    schema.upgrade(own.engine)
    assert schema.standing(own.engine) == schema.head()


def test_partitions_are_made_once_and_take_the_months_rows(own: Database) -> None:
    schema.upgrade(own.engine)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    with own.session() as session:
        assert partitions.ensure(session, now) == 2 * partitions.MONTHS_AHEAD
        assert partitions.ensure(session, now) == 0
    assert {"capture_2026_11", "capture_2027_01", "prediction_2026_12"} <= tables(own)
