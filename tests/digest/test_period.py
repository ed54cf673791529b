"""A day's period ends at 08:00 in Almaty."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.digest.period import ending_on


def test_it_ends_at_three_in_the_morning_utc() -> None:
    period = ending_on(date(2026, 11, 22))
    assert period.end.astimezone(UTC) == datetime(2026, 11, 22, 3, tzinfo=UTC)
    assert period.start.astimezone(UTC) == datetime(2026, 11, 21, 3, tzinfo=UTC)


def test_before_march_2024_almaty_was_an_hour_further_east() -> None:
    assert ending_on(date(2023, 6, 1)).end.astimezone(UTC).hour == 2


@given(st.dates(date(2000, 1, 2), date(2100, 1, 1)))
def test_days_follow_each_other_without_gap_or_overlap(day: date) -> None:
    period = ending_on(day)
    assert ending_on(period.start.date()).end == period.start
    assert period.day == day


def test_a_period_may_start_where_the_last_one_ended() -> None:
    last = datetime(2026, 11, 18, 3, tzinfo=UTC)
    assert ending_on(date(2026, 11, 22), last).start == last
