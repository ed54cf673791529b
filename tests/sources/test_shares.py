"""The share of a source or language in the coverage, beside its own norm."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from kzmonitor.sources import shares
from kzmonitor.store.tables import Coverage, Source

MONDAY = date(2026, 11, 9)
WEEK = timedelta(days=7)
WEEKS = [MONDAY - WEEK * 3, MONDAY - WEEK * 2, MONDAY - WEEK, MONDAY]
AT = datetime(2026, 11, 11, tzinfo=UTC)


def covered(session: Session, source: str, counts: dict[int, int], language: str = "ru") -> None:
    """counts: weeks back from the current one -> articles."""
    session.merge(Source(slug=source, name=source, tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    session.add_all(
        Coverage(day=MONDAY - WEEK * back + timedelta(days=2), source=source, language=language, articles=articles,
                 counted_at=AT)
        for back, articles in counts.items()
    )  # fmt: skip
    session.flush()


def test_a_share_that_leaves_its_norm_is_named(session: Session) -> None:
    covered(session, "dala", {back: 100 + back % 3 for back in range(4, 20)} | dict.fromkeys(range(4), 40))
    covered(session, "orda", {back: 100 - back % 2 for back in range(4, 20)} | dict.fromkeys(range(4), 100))
    first, second = shares.shares(session, "source", WEEKS)
    assert (first.name, first.verdict, second.name, second.verdict) == ("orda", "high", "dala", "low")
    assert second.articles == 160
    assert second.usual is not None
    assert abs(second.usual - 0.5) < 0.01


def test_shares_that_wander_as_ever_are_usual(session: Session) -> None:
    covered(session, "dala", {back: 100 + 15 * (back % 3) for back in range(20)})
    covered(session, "orda", {back: 100 + 15 * (back % 2) for back in range(20)})
    assert {one.verdict for one in shares.shares(session, "source", WEEKS)} == {"usual"}


def test_who_fell_silent_is_still_in_the_list(session: Session) -> None:
    covered(session, "dala", {back: 50 + back % 2 for back in range(4, 20)})
    covered(session, "orda", dict.fromkeys(range(20), 50))
    silent = next(one for one in shares.shares(session, "source", WEEKS) if one.name == "dala")
    assert (silent.articles, silent.share, silent.verdict) == (0, 0.0, "low")


def test_of_a_new_source_too_little_is_known(session: Session) -> None:
    covered(session, "orda", dict.fromkeys(range(20), 50))
    covered(session, "dala", dict.fromkeys(range(6), 50))
    new = next(one for one in shares.shares(session, "source", WEEKS) if one.name == "dala")
    assert (new.verdict, new.usual) == ("unknown", None)


def test_languages_are_counted_over_all_sources(session: Session) -> None:
    covered(session, "dala", dict.fromkeys(range(4), 30))
    covered(session, "dala", dict.fromkeys(range(4), 10), "kk")
    covered(session, "orda", dict.fromkeys(range(4), 10), "kk")
    assert [(one.name, one.articles, one.share) for one in shares.shares(session, "language", WEEKS)] == [
        ("ru", 120, 0.6),
        ("kk", 80, 0.4),
    ]


def test_nothing_is_shared_where_nothing_was_counted(session: Session) -> None:
    assert shares.shares(session, "source", WEEKS) == []
