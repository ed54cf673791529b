"""The statements that the product sends, and what PostgreSQL would do for each with a million articles.

The planner chooses by how many rows it believes a table to have. Here it is told that each holds ten thousand times as
many as it does, within a transaction that is rolled back; words are as frequent as in the rows that are there, and
identifiers as rare as they are in a large table."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Connection

from kzmonitor.store import Database

TIMES, LEAST_ROWS = 10_000, 5_000_000
EXPLAINED = ("select", "with", "insert", "update", "delete")
# Nodes that ask for a row at a time: below a limit what is under them stops with it.
BY_THE_ROW = frozenset({
    "Limit", "Nested Loop", "Merge Join", "Append", "Merge Append", "LockRows", "Subquery Scan", "Result", "ProjectSet",
    "Unique", "Memoize", "Materialize", "Incremental Sort", "Group",
})  # fmt: skip
INDEX_SCANS = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")


@dataclass(frozen=True)
class Sent:
    """A statement as the driver got it. by: the function that asked, `incidents.alerts.history`."""

    by: str
    statement: str
    parameters: Any


@dataclass(frozen=True)
class WholeTable:
    """That a statement reads all rows of a table. how: the node of the plan that does."""

    by: str
    table: str
    how: str
    statement: str

    def __str__(self) -> str:
        return f"{self.by} reads all of {self.table} ({self.how}): {' '.join(self.statement.split())[:400]}"


class Listening:
    """Keeps each statement once, with the parameters that it first had, for each function that sends it."""

    def __init__(self) -> None:
        self.sent: dict[tuple[str, str], Sent] = {}

    def hear(
        self, _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if not statement.lstrip("( \n").lower().startswith(EXPLAINED):
            return
        by = asking()
        if by is not None:
            first = parameters[0] if many and isinstance(parameters, list) else parameters
            self.sent.setdefault((by, statement), Sent(by, statement, first))


@contextmanager
def listening(database: Database) -> Iterator[Listening]:
    """Hear what the product asks of a database."""
    ear = Listening()
    event.listen(database.engine, "before_cursor_execute", ear.hear)
    try:
        yield ear
    finally:
        event.remove(database.engine, "before_cursor_execute", ear.hear)


def asking() -> str | None:
    """The function of the product on whose behalf the current statement is sent; None when it is none of its own."""
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("kzmonitor.") and not module.startswith("kzmonitor.store.engine"):
            # Not the comprehension or the lambda in it.
            name = frame.f_code.co_qualname.partition(".<locals>")[0]
            return f"{module.removeprefix('kzmonitor.')}.{name}"
        frame = frame.f_back
    return None


@contextmanager
def grown(administrator: str, tables: Sequence[str]) -> Iterator[psycopg.Connection]:
    """A connection whose planner believes these tables to be large; what it believes ends with the block."""
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    with psycopg.connect(administrator) as connection:
        connection.execute(
            """
            update pg_class set reltuples = greatest(reltuples * %(times)s, %(least)s)
            where reltuples > 0 and oid in (
                with recursive grown as (
                    select oid from pg_class
                    where relname = any(%(tables)s) and relnamespace = 'public'::regnamespace
                    union select inhrelid from pg_inherits join grown on grown.oid = inhparent
                )
                select oid from grown
                union select indexrelid from pg_index join grown on grown.oid = indrelid
            )
            """,
            {"times": TIMES, "least": LEAST_ROWS, "tables": list(tables)},
        )
        # And that an identifier of what grows stands in a few rows, though the few that are there stand in many.
        connection.execute(
            """
            update pg_statistic set stadistinct = -0.5, stakind1 = 0, stanumbers1 = null, stavalues1 = null
            where stakind1 = 1 and (starelid, staattnum) in (
                with recursive grown as (
                    select oid from pg_class
                    where relname = any(%(tables)s) and relnamespace = 'public'::regnamespace
                    union select inhrelid from pg_inherits join grown on grown.oid = inhparent
                )
                select attrelid, attnum from pg_attribute join grown on grown.oid = attrelid
                where atttypid = 'uuid'::regtype and not exists (
                    select from pg_constraint join pg_class pointed on pointed.oid = confrelid
                    where conrelid = attrelid and contype = 'f' and attnum = any(conkey)
                    and pointed.relname <> all(%(tables)s)
                )
            )
            """,
            {"tables": list(tables)},
        )
        yield connection
        connection.rollback()


def whole_tables(connection: psycopg.Connection, sent: Sent, growing: Mapping[str, str]) -> list[WholeTable]:
    """The growing tables of which a statement reads all rows. growing: what a plan calls a table to its name; parts of
    partitioned tables that are empty are not among them."""
    with connection.transaction(force_rollback=True):
        row = connection.execute(f"explain (format json) {sent.statement}", sent.parameters).fetchone()
    assert row is not None
    found = []
    for plan in row[0]:
        for node, limited in _nodes(plan["Plan"], limited=False):
            table, how = _whole(node, limited, growing)
            if table is not None:
                found.append(WholeTable(sent.by, table, how, sent.statement))
    return list(dict.fromkeys(found))


def _nodes(node: Mapping[str, Any], *, limited: bool) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """All nodes of a plan. limited: whether it ends as soon as a limit above it has its rows."""
    yield node, limited
    below = node["Node Type"] == "Limit" or (limited and node["Node Type"] in BY_THE_ROW)
    for number, child in enumerate(node.get("Plans", ())):
        # The inner side of a join is read for each row of the outer one.
        yield from _nodes(child, limited=below and not (number and "Join" in child.get("Parent Relationship", "")))


def _whole(node: Mapping[str, Any], limited: bool, growing: Mapping[str, str]) -> tuple[str | None, str]:
    kind = node["Node Type"]
    if kind == "Seq Scan":
        return growing.get(node["Relation Name"]), kind
    if kind in INDEX_SCANS and "Index Cond" not in node and not limited:
        # Of an index with a condition, which is as good as one in the statement, all is little.
        return growing.get(f"index {node['Index Name']}"), f"{kind} without a condition"
    return None, ""


def growing_names(connection: psycopg.Connection, tables: Sequence[str]) -> dict[str, str]:
    """What plans call the tables, their parts that hold rows, and their whole indexes -> the table."""
    rows = connection.execute(
        """
        with recursive grown as (
            select oid, relname::text as table from pg_class
            where relname = any(%(tables)s) and relnamespace = 'public'::regnamespace
            union select inhrelid, grown.table from pg_inherits join grown on grown.oid = inhparent
        )
        select one.relname::text, grown.table from grown join pg_class one on one.oid = grown.oid
        where one.reltuples > 0
        union all
        select 'index ' || one.relname, grown.table from grown join pg_index on indrelid = grown.oid
        join pg_class one on one.oid = indexrelid
        where indpred is null and one.reltuples > 0
        """,
        {"tables": list(tables)},
    )
    return dict(rows.fetchall())
