"""Monthly partitions of the tables that are ordered by UUIDv7."""

from datetime import UTC, datetime
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

PARTITIONED = ("capture", "prediction")
MONTHS_AHEAD = 3
DROP_WAIT_MS = 1000


def month_start(now: datetime, months: int) -> datetime:
    """The first moment (UTC) of the month `months` after that of `now`."""
    index = now.year * 12 + now.month - 1 + months
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


def first_id(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a moment (RFC 9562: the first 48 bits are milliseconds since 1970)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def ensure(session: Session, now: datetime) -> int:
    """Make this month's partitions and those of the months ahead; the number that were made.

    A month whose rows already lie in the default partition stays there: moving them would lock the table."""
    made = 0
    for table in PARTITIONED:
        for ahead in range(MONTHS_AHEAD):
            month = month_start(now, ahead).date()
            # A function of the database makes it, with the rights of the owner, so that a worker's login may ask.
            made += bool(session.scalar(text("select make_month(:table, :month)"), {"table": table, "month": month}))
    return made


def make(connection: Connection, table: str, year: int, month: int) -> None:
    """Make the partition of one month, as its owner, on any schema."""
    start = datetime(year, month, 1, tzinfo=UTC)
    end = month_start(start, 1)
    connection.execute(
        text(
            f"create table {table}_{start:%Y_%m} partition of {table} "
            f"for values from ('{first_id(start)}') to ('{first_id(end)}')"
        )
    )


def empty_months(connection: Connection, now: datetime) -> list[str]:
    """The partitions of months that are over and in which nothing is left."""
    found = []
    for table in PARTITIONED:
        query = text("select inhrelid::regclass::text from pg_inherits where inhparent = cast(:table as regclass)")
        names = [name for name in connection.scalars(query, {"table": table}) if not name.endswith("_default")]
        over = [name for name in sorted(names) if name < f"{table}_{now:%Y_%m}"]
        found += [name for name in over if not connection.scalar(text(f"select exists (select from {name})"))]  # noqa: S608
    return found


def drop(connection: Connection, name: str) -> bool:
    """Drop the partition of a month if it is still empty; False when it is not, or when somebody holds its table for
    longer than a second.

    The caller commits at once: until then nobody can use the table."""
    parent = name.rpartition("_20")[0]
    connection.execute(text(f"set local lock_timeout to '{DROP_WAIT_MS}ms'"))
    try:
        with connection.begin_nested():
            connection.execute(text(f"lock table {parent} in access exclusive mode"))
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return False
    if connection.scalar(text(f"select exists (select from {name})")):  # noqa: S608
        return False
    connection.execute(text(f"alter table {parent} detach partition {name}"))
    connection.execute(text(f"drop table {name}"))
    return True
