"""One budget a host: slots keep the gap, and a host that asks to be left alone is."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.sources import budget
from kzmonitor.store import Database
from kzmonitor.store.tables import Host

NOW = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
HOST = "dala.example"


def gap(session: Session) -> float:
    return session.scalars(select(Host.delay_s)).one()


def test_slots_lie_a_gap_apart_with_some_to_spare(session: Session) -> None:
    budget.open_host(session, HOST, 10.0, NOW)
    slots = [budget.take_slot(session, HOST) for _request in range(4)]
    waits = [slot.wait_s for slot in slots if slot]
    assert waits[0] == 0.0
    for before, after in pairwise(waits):
        assert after - before == pytest.approx(10.0 * budget.RESERVED, abs=1.0)
    assert slots[0] is not None
    assert slots[0].late_s == 1.5
    assert budget.RESERVED - budget.LATE > 1  # a late request and a punctual one still keep the gap


def test_slots_of_two_connections_never_meet(database: Database) -> None:
    with database.session() as session:
        budget.open_host(session, HOST, 2.0, NOW)
    moments = []
    for _request in range(6):
        with database.session() as session:
            slot = budget.take_slot(session, HOST)
            assert slot is not None
            moments.append(session.scalars(select(Host.next_at)).one())
    assert all(after - before == timedelta(seconds=2.6) for before, after in pairwise(moments))


def test_without_a_gap_nobody_waits_and_nobody_is_late(session: Session) -> None:
    budget.open_host(session, HOST, 0.0, NOW)
    assert [budget.take_slot(session, HOST) for _request in range(3)] == [budget.Slot(0.0, math.inf)] * 3


def test_a_gap_is_only_widened_until_it_is_settled(session: Session) -> None:
    budget.open_host(session, HOST, 1.0, NOW)
    budget.set_gap(session, HOST, 10.0)  # what robots.txt asked for
    budget.open_host(session, HOST, 1.0, NOW)
    assert gap(session) == 10.0
    budget.open_host(session, HOST, 20.0, NOW)
    assert gap(session) == 20.0
    budget.set_gap(session, HOST, 2.0)
    assert gap(session) == 2.0


def test_a_host_that_asked_for_it_is_left_alone_and_nothing_is_reserved(session: Session) -> None:
    budget.open_host(session, HOST, 1.0, NOW)
    budget.hold_back(session, HOST, timedelta(minutes=30))
    held_back = session.scalars(select(Host.next_at)).one()
    assert [budget.take_slot(session, HOST) for _request in range(3)] == [None] * 3
    session.expire_all()
    assert session.scalars(select(Host.next_at)).one() == held_back


def test_a_short_wait_is_waited_for(session: Session) -> None:
    budget.open_host(session, HOST, 1.0, NOW)
    budget.hold_back(session, HOST, timedelta(seconds=20))
    slot = budget.take_slot(session, HOST)
    assert slot is not None
    assert 15 < slot.wait_s <= 20


def test_to_be_held_back_never_brings_the_next_slot_nearer(session: Session) -> None:
    budget.open_host(session, HOST, 1.0, NOW)
    session.execute(text("update host set next_at = now() + interval '1 hour'"))
    before = session.scalars(select(Host.next_at)).one()
    budget.hold_back(session, HOST, timedelta(seconds=1))
    session.expire_all()
    assert session.scalars(select(Host.next_at)).one() == before


@pytest.mark.parametrize(
    ("declared_s", "crawl_delay_s", "kept_s"),
    [
        (1.0, None, 1.0),
        (1.0, 5.0, 5.0),
        (5.0, 1.0, 5.0),
        (1.0, 86_400.0, 60.0),
        (120.0, 86_400.0, 120.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_the_longer_gap_counts_up_to_a_minute(declared_s: float, crawl_delay_s: float | None, kept_s: float) -> None:
    assert budget.longest_gap_s(declared_s, crawl_delay_s) == kept_s


def past(session: Session, gaps: float) -> None:
    """The host's next slot was so many gaps ago."""
    session.execute(
        text("update host set next_at = clock_timestamp() - make_interval(secs => delay_s * :gaps)"), {"gaps": gaps}
    )


def test_work_that_can_wait_asks_when_nobody_else_has_for_a_while(session: Session) -> None:
    budget.open_host(session, HOST, 10.0, NOW)
    assert budget.take_slot(session, HOST) is not None  # today's news is under way
    assert 13 < budget.take_free_slot(session, HOST, 1) <= 16
    assert 16 < budget.take_free_slot(session, HOST, 2) <= 19
    past(session, 0.4)
    assert 0 < budget.take_free_slot(session, HOST, 2) <= 2  # watching goes before backfills
    assert budget.take_free_slot(session, HOST, 1) == 0
    assert budget.take_free_slot(session, HOST, 1) > 13  # one request, one gap, whoever asks
    slot = budget.take_slot(session, HOST)
    assert slot is not None
    assert slot.wait_s > 12


def test_a_crawl_under_way_is_never_pushed_aside(session: Session) -> None:
    budget.open_host(session, HOST, 10.0, NOW)
    for _request in range(5):
        past(session, 0.0)  # its slot has come, it is sent, and the next one is asked for at once
        assert budget.take_slot(session, HOST) is not None
        assert budget.take_free_slot(session, HOST, 1) > 0


def test_work_that_can_wait_leaves_alone_who_asked_for_it(session: Session) -> None:
    assert budget.take_free_slot(session, HOST, 1) == math.inf  # nobody has opened this host
    budget.open_host(session, HOST, 1.0, NOW)
    budget.hold_back(session, HOST, timedelta(hours=1))
    assert budget.take_free_slot(session, HOST, 1) == math.inf
