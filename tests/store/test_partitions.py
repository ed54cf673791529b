"""Partition bounds follow the time inside a UUIDv7; who asks by identifier asks one partition; months are made by who
stores."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from kzmonitor.store import Database, engine, partitions, schema
from kzmonitor.store.partitions import first_id, month_start
from kzmonitor.store.tables import Alert, new_id
from tests.limited import granted, under

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, MOMENTS)
def test_earlier_moments_have_smaller_ids(one: datetime, other: datetime) -> None:
    if one <= other:
        assert first_id(one) <= first_id(other)


@given(MOMENTS, st.integers(-30, 30))
def test_months_follow_each_other_without_a_gap(moment: datetime, months: int) -> None:
    start, following = month_start(moment, months), month_start(moment, months + 1)
    assert start.day == following.day == 1
    assert 28 <= (following - start).days <= 31


def test_an_id_made_now_lies_in_this_month() -> None:
    now = datetime.now(UTC)
    assert first_id(month_start(now, 0)) <= new_id() < first_id(month_start(now, 1))


def test_ids_made_later_are_larger() -> None:
    made = [new_id() for _each in range(100)]
    assert made == sorted(made)


NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEYS = {"capture": "id", "prediction": "revision"}


def in_month(month: int) -> UUID:
    return UUID(int=first_id(datetime(2026, month, 15, tzinfo=UTC)).int + 1)


def scanned(session: Session, query: str, **values: object) -> list[str]:
    """The tables that are really read."""
    [plan] = session.scalars(text(f"explain (analyze, format json) {query}"), values).one()
    scans = [node for node in nodes(plan["Plan"]) if "Scan" in node["Node Type"] and "Relation Name" in node]
    return [node["Relation Name"] for node in scans if node["Actual Loops"]]


def nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def test_both_tables_are_partitioned_from_the_first_migration(elsewhere: URL) -> None:
    with engine.connected(elsewhere) as database:
        schema.upgrade(database.engine, "0001")
        with database.session() as session:
            query = text("select partrelid::regclass::text from pg_partitioned_table where partstrat = 'r' order by 1")
            assert session.scalars(query).all() == ["capture", "prediction"]


@pytest.mark.parametrize("table", partitions.PARTITIONED)
def test_one_row_is_looked_up_in_one_month(session: Session, table: str) -> None:
    partitions.ensure(session, NOW)
    key = KEYS[table]
    for month in (11, 12):
        part = f"{table}_2026_{month}"
        assert scanned(session, f"select * from {table} where {key} = :id", id=in_month(month)) == [part]
        assert scanned(session, f"delete from {table} where {key} = :id", id=in_month(month)) == [part]
        several = f"select * from {table} where {key} = any(:ids)"
        assert scanned(session, several, ids=[in_month(month), in_month(month)]) == [part]
    rest = f"select * from {table} where {key} > :since and {key} < :until"
    assert scanned(session, rest, since=in_month(11), until=in_month(12)) == [f"{table}_2026_11", f"{table}_2026_12"]


def test_a_join_by_identifier_reads_only_the_months_of_its_rows(session: Session, report: Callable[..., Alert]) -> None:
    partitions.ensure(session, datetime.now(UTC))
    report(session, "Задержан", "т", at=NOW)
    session.execute(text("set local enable_hashjoin = off"))
    session.execute(text("set local enable_mergejoin = off"))
    now = datetime.now(UTC)
    for table, on in (
        ("capture", "capture.id = revision.capture"),
        ("prediction", "prediction.revision = revision.id"),
    ):
        read = scanned(session, f"select 1 from revision join {table} on {on} where revision.title = 'Задержан'")
        assert read == ["revision", f"{table}_{now:%Y_%m}"]


def test_a_month_of_the_database_is_a_month_of_python(session: Session) -> None:
    assert partitions.ensure(session, NOW) == 2 * partitions.MONTHS_AHEAD
    for table in partitions.PARTITIONED:
        bounds = session.scalar(
            text("select pg_get_expr(relpartbound, oid) from pg_class where relname = :name"),
            {"name": f"{table}_2026_12"},
        )
        start, end = (first_id(month_start(NOW, ahead)) for ahead in (1, 2))
        assert bounds == f"FOR VALUES FROM ('{start}') TO ('{end}')"


@pytest.mark.parametrize(
    ("table", "month"),
    [("alert", date(2026, 11, 1)), ("capture", date(2026, 11, 2)), ("capture", date(9999, 1, 1)),
     ("capture; drop table alert", date(2026, 11, 1))],
)  # fmt: skip
def test_nothing_but_a_month_is_made(session: Session, table: str, month: date) -> None:
    with pytest.raises(DBAPIError, match="no month of captures or predictions"):
        session.execute(text("select make_month(:table, :month)"), {"table": table, "month": month})


@pytest.mark.parametrize("role", ["kzmonitor_collect", "kzmonitor_understand"])
def test_who_stores_may_make_the_coming_months_and_no_other_table(
    database: Database, administrator: str, role: str
) -> None:
    granted(database, administrator)
    year = 2031 if role == "kzmonitor_collect" else 2032
    with under(database, role) as limited:
        with limited.session() as session:
            assert partitions.ensure(session, datetime(year, 1, 5, tzinfo=UTC)) == 6
        with pytest.raises(ProgrammingError, match="permission denied"), limited.session() as session:
            session.execute(text("create table mine (id int)"))
    with (
        under(database, "kzmonitor_web") as limited,
        pytest.raises(ProgrammingError, match="permission denied"),
        limited.session() as session,
    ):
        partitions.ensure(session, datetime(2033, 1, 5, tzinfo=UTC))
    with database.session() as session:
        for name in partitions.empty_months(session.connection(), datetime(2040, 1, 1, tzinfo=UTC)):
            assert partitions.drop(session.connection(), name)
