"""Leases end with their time, or with their holder."""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from kzmonitor.store import Database, leases
from kzmonitor.store.tables import Entry, Source

PATIENCE_S = 60


def an_entry(database: Database, holder: int, until: datetime) -> None:
    with database.session() as session:
        session.add(Source(slug="a", name="A", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
        session.flush()
        session.add(
            Entry(
                source="a", url="https://a.example/1", canonical_url="https://a.example/1", route="direct",
                state="leased", holder=holder, lease_until=until,
            )
        )  # fmt: skip


def free(database: Database) -> int:
    with database.session() as session:
        return len(session.scalars(select(Entry).where(leases.ended(Entry.lease_until, Entry.holder))).all())


def test_a_live_holder_keeps_its_lease_until_its_time(database: Database) -> None:
    with leases.holder(database.engine) as holder:
        an_entry(database, holder, datetime.now(UTC) + timedelta(hours=1))
        assert free(database) == 0


def test_a_lease_is_free_as_soon_as_its_holder_is_gone(database: Database) -> None:
    with leases.holder(database.engine) as holder:
        an_entry(database, holder, datetime.now(UTC) + timedelta(hours=1))
    database.engine.dispose()
    # The server ends the connection when it comes to it.
    until = time.monotonic() + PATIENCE_S
    while free(database) != 1:
        assert time.monotonic() < until, "not before its time"


def test_a_lease_past_its_time_is_free_though_its_holder_lives(database: Database) -> None:
    with leases.holder(database.engine) as holder:
        an_entry(database, holder, datetime.now(UTC) - timedelta(seconds=1))
        assert free(database) == 1
