"""What is usual for a day, learnt or declared, and what is said when a day is not."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom
from sqlalchemy.orm import Session

from kzmonitor.sources import norms
from kzmonitor.sources.declaration import Declaration
from kzmonitor.sources.norms import Usual
from kzmonitor.store.tables import Coverage, Source

# A Wednesday morning in Almaty: yesterday was Tuesday, 10 November.
NOW = datetime(2026, 11, 11, 3, tzinfo=UTC)
TUESDAY = date(2026, 11, 10)
WEEK = timedelta(days=7)


def declared(*slugs: str, **facts: object) -> dict[str, Declaration]:
    return {
        slug: Declaration(
            slug=slug, name=slug, languages=["ru"], hosts=["a.example"], feeds=["https://a.example/"], **facts
        )
        for slug in slugs
    }


def covered(session: Session, source: str, days: dict[date, int], language: str = "ru") -> None:
    session.merge(Source(slug=source, name=source, tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    session.add_all(
        Coverage(day=day, source=source, language=language, articles=articles, counted_at=NOW)
        for day, articles in days.items()
    )
    session.flush()


def past(*counts: int) -> dict[date, int]:
    return {TUESDAY - WEEK * weeks: count for weeks, count in enumerate(counts, 1)}


def test_a_source_that_brings_half_of_what_it_always_brings_is_named(session: Session) -> None:
    covered(session, "dala", past(*[100] * 8) | {TUESDAY: 50})
    covered(session, "orda", past(*[100] * 8) | {TUESDAY: 104})
    found = norms.unusual(session, declared("dala", "orda"), NOW)
    assert [(one.of, one.source, one.language, one.seen, one.verdict) for one in found] == [
        ("source", "dala", None, 50, "low"),
        ("language", None, "ru", 154, "low"),
    ]
    assert found[0].usual is not None
    assert (found[0].usual.expected, found[0].usual.days) == (100, 8)


def test_a_silent_day_of_the_whole_source_is_seen_although_no_row_says_so(session: Session) -> None:
    covered(session, "dala", past(*[20] * 8))
    covered(session, "orda", past(*[20] * 8) | {TUESDAY: 20})
    assert [one.source for one in norms.unusual(session, declared("dala", "orda"), NOW) if one.of == "source"] == [
        "dala"
    ]


def test_one_outage_among_eight_weeks_moves_neither_the_middle_nor_the_interval(session: Session) -> None:
    steady = norms.usual([40, 42, 38, 41, 39, 40, 43, 37])
    with_outage = norms.usual([40, 42, 38, 41, 39, 40, 0, 37])
    assert steady is not None
    assert with_outage is not None
    assert steady.expected == pytest.approx(with_outage.expected or 0, abs=1)
    assert abs(steady.low - with_outage.low) <= 2


def test_a_language_that_falls_silent_in_a_source_is_named_though_the_sum_looks_usual(session: Session) -> None:
    covered(session, "dala", past(*[60] * 8) | {TUESDAY: 70})
    covered(session, "dala", past(*[12] * 8), language="kk")
    covered(session, "orda", past(*[80] * 8) | {TUESDAY: 90}, language="kk")
    found = norms.unusual(session, declared("dala", "orda"), NOW)
    assert [(one.of, one.source, one.language) for one in found] == [("language of source", "dala", "kk")]


def test_where_history_is_short_the_declared_bounds_count_and_else_nothing_is_said(session: Session) -> None:
    covered(session, "dala", past(10, 10, 10) | {TUESDAY: 2})
    assert norms.unusual(session, declared("dala"), NOW) == []
    [low] = norms.unusual(session, declared("dala", expect={"items_per_day": [5.0, 60.0]}), NOW)
    assert (low.verdict, low.usual) == ("low", Usual(None, 5, 60, 0))


def test_days_on_which_the_monitor_stood_still_are_no_evidence(session: Session) -> None:
    covered(session, "dala", past(50, 50, 50, 50) | {TUESDAY: 20})
    [low] = [one for one in norms.unusual(session, declared("dala"), NOW) if one.of == "source"]
    assert low.usual is not None
    assert low.usual.days == 4


def test_nothing_is_unusual_when_nothing_was_counted_or_the_monitor_stood_still(session: Session) -> None:
    assert norms.unusual(session, declared("dala"), NOW) == []
    covered(session, "dala", past(*[50] * 8))
    assert norms.unusual(session, declared("dala"), NOW) == []


def test_a_disabled_source_is_not_missed(session: Session) -> None:
    covered(session, "dala", past(*[50] * 8))
    covered(session, "orda", past(*[50] * 8) | {TUESDAY: 50})
    sources = declared("orda") | declared("dala", enabled=False)
    assert norms.unusual(session, sources, NOW) == []


def test_a_day_as_usual_lies_outside_about_once_in_500_also_where_days_scatter() -> None:
    for mean, scatter in ((5.0, 1.0), (80.0, 1.0), (80.0, 6.0)):
        low, high = norms.interval(mean, scatter, 8)
        variance = mean * scatter * 9 / 8
        success = mean / variance
        day = nbinom(mean * success / (1 - success), success)
        assert day.cdf(low - 1) + day.sf(high) <= 0.002


@given(st.lists(st.integers(0, 5000), min_size=norms.LEAST_DAYS, max_size=8))
def test_whatever_the_days_were_the_middle_lies_inside(counts: list[int]) -> None:
    known = norms.usual(counts)
    assert known is not None
    assert known.expected is not None
    assert 0 <= known.low <= known.expected <= known.high
