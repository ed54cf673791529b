"""Partition bounds follow the time inside a UUIDv7."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.store.partitions import first_id, month_start
from kzmonitor.store.tables import new_id

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
