"""Monthly partitions of the tables that are ordered by UUIDv7."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

PARTITIONED = ("capture", "prediction")
MONTHS_AHEAD = 3


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
            start, end = month_start(now, ahead), month_start(now, ahead + 1)
            name = f"{table}_{start:%Y_%m}"
            if session.scalar(text("select to_regclass(:name)"), {"name": name}) is not None:
                continue
            if _default_holds(session, table, first_id(start), first_id(end)):
                continue
            session.execute(
                text(
                    f"create table {name} partition of {table} "
                    f"for values from ('{first_id(start)}') to ('{first_id(end)}')"
                )
            )
            made += 1
    return made


def _default_holds(session: Session, table: str, start: UUID, end: UUID) -> bool:
    column = "id" if table == "capture" else "revision"
    query = text(f"select exists (select from {table}_default where {column} >= :start and {column} < :end)")  # noqa: S608
    return bool(session.scalar(query, {"start": start, "end": end}))
