"""Figures are counted once, kept with their moment, and counted anew when they are old."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from kzmonitor.learn.kept import LOCK, Kept
from kzmonitor.store import Database
from kzmonitor.store.tables import Figure

NOW = datetime(2026, 11, 11, 9, tzinfo=UTC)
FRESH = timedelta(minutes=10)


@dataclass(frozen=True)
class Counted:
    number: int
    days: dict[str, list[date]]


def counting() -> tuple[list[int], Callable[[Session], Counted]]:
    made: list[int] = []

    def count(_session: Session) -> Counted:
        made.append(len(made))
        return Counted(len(made), {"a": [date(2026, 11, 11)]})

    return made, count


def test_what_was_counted_comes_back_as_it_was_until_it_is_old(session: Session) -> None:
    made, count = counting()
    kept = Kept(Counted)
    first, at = kept.get(session, "a", NOW, FRESH, count)
    assert kept.get(session, "a", NOW + timedelta(minutes=9), FRESH, count) == (first, NOW)
    assert (len(made), at) == (1, NOW)
    again, at = kept.get(session, "a", NOW + timedelta(minutes=11), FRESH, count)
    assert (again.number, at) == (2, NOW + timedelta(minutes=11))


def test_while_another_counts_the_old_figures_are_good_enough(database: Database) -> None:
    made, count = counting()
    kept = Kept(Counted)
    with database.session() as session:
        kept.get(session, "a", NOW, FRESH, count)
    later = NOW + timedelta(hours=1)
    with database.engine.begin() as other:
        other.execute(text("select pg_advisory_xact_lock(:space, :name)"), {"space": LOCK, "name": 0x68B7BE43})
        with database.session() as session:
            assert kept.get(session, "a", later, FRESH, count)[1] == NOW
    with database.session() as session:
        assert kept.get(session, "a", later, FRESH, count)[1] == later
    assert len(made) == 2


def test_figures_that_nobody_asks_for_are_forgotten(session: Session) -> None:
    _made, count = counting()
    kept = Kept(Counted)
    kept.get(session, "old", NOW, FRESH, count)
    kept.get(session, "new", NOW + timedelta(days=8), FRESH, count)
    assert session.scalars(select(Figure.name)).all() == ["new"]


def test_old_figures_are_given_at_once_and_renewed_later(database: Database) -> None:
    made, count = counting()
    kept, waiting = Kept(Counted), dict[str, Callable[[Session], None]]()
    with database.session() as session:
        kept.get(session, "a", NOW, FRESH, count, waiting.setdefault)
    assert waiting == {}
    hour = NOW + timedelta(hours=1)
    with database.session() as session:
        assert kept.get(session, "a", hour, FRESH, count, waiting.setdefault)[1] == NOW
    assert (len(made), list(waiting)) == (1, ["a"])
    for _twice in range(2):
        with database.session() as session:
            waiting["a"](session)
    with database.session() as session:
        assert kept.get(session, "a", hour, FRESH, count, waiting.setdefault)[1] == hour
    assert len(made) == 2
