"""Leases: who holds work that crosses the network, and who may take it over.

A lease ends with its time, or at once when the connection of its holder is gone: each holder keeps a session
advisory lock on its number, so that what a killed process held is free for the next one without waiting.
Writes carry the fencing number of their lease, so that a holder that was taken for dead changes nothing."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import BigInteger, ColumnClause, ColumnElement, Engine, cast, column, or_, select, table, text
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import func

# First half of the two-number advisory lock; the second is the holder.
HOLDERS = 0x6B7A686F


@contextmanager
def holder(engine: Engine) -> Iterator[int]:
    """A number that marks this process as alive for the length of the block."""
    number = secrets.randbelow(2**31 - 1) + 1
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("select pg_advisory_lock(:space, :number)"), {"space": HOLDERS, "number": number})
        yield number


def ended(
    lease_until: InstrumentedAttribute[datetime | None], held_by: InstrumentedAttribute[int | None]
) -> ColumnElement[bool]:
    """The condition that a lease has run out, or that its holder is gone."""
    locks = table("pg_locks", *(column(name) for name in ("locktype", "objsubid", "classid", "objid", "database")))
    oid: ColumnClause[int] = column("oid")
    here = select(oid).select_from(table("pg_database")).where(column("datname") == func.current_database())
    alive = select(cast(locks.c.objid, BigInteger)).where(
        locks.c.locktype == "advisory",
        locks.c.objsubid == 2,
        cast(locks.c.classid, BigInteger) == HOLDERS,
        locks.c.database == here.scalar_subquery(),
    )
    return or_(lease_until < func.now(), held_by.is_(None), held_by.not_in(alive))
