"""Tables as PostgreSQL's own text (COPY): read in one order, hashed on the way, and written back.

The text does not depend on the version of the server, its time zone or its sorting rules, so that the same rows give
the same hash everywhere."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

# What the text of a value may depend on.
PLAIN = (
    "set local timezone to 'UTC'",
    "set local datestyle to 'ISO, YMD'",
    "set local intervalstyle to 'postgres'",
    "set local bytea_output to 'hex'",
    "set local extra_float_digits to 1",
    "set local statement_timeout to 0",
)
COLUMNS = """
    select attname::text from pg_attribute
    where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped and attgenerated = ''
    order by attnum
"""
ORDER = """
    select attname::text, atttypid in ('text'::regtype, 'varchar'::regtype) as is_text
    from pg_index, unnest(indkey) with ordinality as key (number, place)
    join pg_attribute on attnum = key.number
    where indrelid = cast(:table as regclass) and attrelid = indrelid and indisprimary
    order by place
"""
TABLES = """
    select relname::text from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
    order by relname
"""


@dataclass(frozen=True)
class TableCopy:
    """What was copied of a table. bytes, sha256: of the text, rows in the order of the primary key."""

    columns: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"columns": list(self.columns)}


def table_names(connection: Connection) -> list[str]:
    """All tables of the database, partitions aside."""
    return list(connection.scalars(text(TABLES)))


def partition_names(connection: Connection) -> list[str]:
    """The partitions of all tables."""
    query = "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relispartition"
    return list(connection.scalars(text(f"{query} and relkind = 'r' order by relname")))


def columns_of(connection: Connection, table: str) -> tuple[str, ...]:
    """The columns of a table that are stored, in order."""
    return tuple(connection.scalars(text(COLUMNS), {"table": f'public."{table}"'}))


def read(connection: Connection, table: str, columns: Iterable[str], write: Callable[[bytes], object]) -> TableCopy:
    """Hand the text of a table to `write` piece by piece; gives its figures."""
    named = tuple(columns)
    digest, rows, size = hashlib.sha256(), 0, 0
    with cursor(connection) as raw, raw.copy(_reading(connection, table, named)) as copy:
        for piece in copy:
            row = bytes(piece)
            digest.update(row)
            rows, size = rows + 1, size + len(row)
            write(row)
    return TableCopy(named, rows, size, digest.hexdigest())


def figures(connection: Connection, table: str, columns: Iterable[str]) -> TableCopy:
    """The figures of a table as it stands, without its text."""
    return read(connection, table, columns, lambda _row: None)


def write(connection: Connection, table: str, columns: Iterable[str], pieces: Iterator[bytes]) -> None:
    """Append rows to a table from such text."""
    into = sql.SQL("copy public.{} ({}) from stdin").format(sql.Identifier(table), _names(columns))
    with cursor(connection) as raw, raw.copy(into) as copy:
        for piece in pieces:
            copy.write(piece)


def make_plain(connection: Connection) -> None:
    """Settings under which the same rows give the same text, until the end of the transaction."""
    for setting in PLAIN:
        connection.execute(text(setting))


def cursor(connection: Connection) -> "psycopg.Cursor[Any]":
    """A cursor of the driver, in the transaction of `connection`."""
    driver: psycopg.Connection[Any] | None = connection.connection.driver_connection
    assert driver is not None, "the connection is open"
    return driver.cursor()


def _names(columns: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _reading(connection: Connection, table: str, columns: tuple[str, ...]) -> sql.Composed:
    keys = connection.execute(text(ORDER), {"table": f'public."{table}"'}).all()
    order: list[sql.Composable] = [
        sql.SQL('{} collate "C"' if is_text else "{}").format(sql.Identifier(name)) for name, is_text in keys
    ] or [sql.SQL('{}::text collate "C"').format(sql.Identifier(name)) for name in columns]
    return sql.SQL("copy (select {} from public.{} order by {}) to stdout").format(
        _names(columns), sql.Identifier(table), sql.SQL(", ").join(order)
    )
