"""One budget a host for all processes: the smallest gap between two requests to it.

The next slot of a host is taken by one statement on its row, so that any number of crawlers, workers and
machines share it. What has been asked for by the host itself (Retry-After) moves the slot, too."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kzmonitor.store.tables import Host

# Shares of the gap: a request that would start later than LATE after its slot asks for a new one, and RESERVED
# lies between two slots, so that a late request and a punctual one still keep the gap, with some to spare for
# the way to the host.
LATE = 0.15
RESERVED = 1.3
# So long beyond its next slot a host must have been free before work that can wait may ask it.
FREE = 0.3
# A wait of over so many gaps and seconds is no queue: the host asked to be left alone.
QUEUE_GAPS = 20
PATIENCE_S = 60.0
LONGEST_CRAWL_DELAY_S = 60.0


@dataclass(frozen=True)
class Slot:
    """When a request may start: after `wait_s` seconds, and no later than `late_s` after that."""

    wait_s: float
    late_s: float


def open_host(session: Session, name: str, delay_s: float, now: datetime) -> None:
    """Make the row of a host, or widen its gap (seconds). Only `set_gap` narrows it, once robots.txt is known."""
    row = insert(Host).values(name=name, next_at=now, delay_s=delay_s)
    widest = func.greatest(Host.delay_s, row.excluded.delay_s)
    session.execute(row.on_conflict_do_update(index_elements=[Host.name], set_={"delay_s": widest}))


def set_gap(session: Session, name: str, delay_s: float) -> None:
    """Settle the gap of a host, seconds."""
    session.execute(update(Host).where(Host.name == name).values(delay_s=delay_s))


def take_slot(session: Session, name: str) -> Slot | None:
    """Reserve the next slot of a host; None, and nothing reserved, while the host wants to be left alone. Time
    is the database's, so that the clocks of several machines need not agree."""
    clock = func.clock_timestamp()
    gap = func.make_interval(0, 0, 0, 0, 0, 0, Host.delay_s * RESERVED)
    queue = func.make_interval(0, 0, 0, 0, 0, 0, PATIENCE_S + Host.delay_s * RESERVED * QUEUE_GAPS)
    statement = (
        update(Host)
        .where(Host.name == name, Host.next_at <= clock + queue)
        .values(next_at=func.greatest(Host.next_at, clock) + gap)
        .returning(func.extract("epoch", Host.next_at - gap - clock), Host.delay_s)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    wait_s, delay_s = row
    return Slot(max(0.0, float(wait_s)), delay_s * LATE if delay_s else math.inf)


def take_free_slot(session: Session, name: str, order: int) -> float:
    """Take the slot of a host that nobody has asked for some time, for work that can wait: 0 when the request may
    start now, else seconds after which to try again; endless while the host wants to be left alone.

    order: 1 for watching, 2 for backfills: the higher, the longer the host must have been free, so that a crawl of
    today's news that is under way always goes first."""
    clock = func.clock_timestamp()
    free_from = Host.next_at + func.make_interval(0, 0, 0, 0, 0, 0, Host.delay_s * FREE * order)
    gap = func.make_interval(0, 0, 0, 0, 0, 0, Host.delay_s * RESERVED)
    taken = update(Host).where(Host.name == name, free_from <= clock).values(next_at=clock + gap).returning(Host.name)
    if session.scalar(taken) is not None:
        return 0.0
    row = session.execute(
        select(func.extract("epoch", free_from - clock), Host.delay_s).where(Host.name == name)
    ).one_or_none()
    if row is None:
        return math.inf
    wait_s, delay_s = float(row[0]), row[1]
    return max(wait_s, 0.01) if wait_s <= PATIENCE_S + delay_s * RESERVED * QUEUE_GAPS else math.inf


def hold_back(session: Session, name: str, wait: timedelta) -> None:
    """No request to this host before `wait` is over (Retry-After, a failing server)."""
    session.execute(
        update(Host)
        .where(Host.name == name)
        .values(next_at=func.greatest(Host.next_at, func.clock_timestamp() + wait), fails=Host.fails + 1)
    )


def longest_gap_s(declared_s: float, crawl_delay_s: float | None) -> float:
    """The gap to keep for a host: what its sources declare, or what its robots.txt asks for, up to 60 s."""
    return max(declared_s, min(crawl_delay_s or 0.0, LONGEST_CRAWL_DELAY_S))
