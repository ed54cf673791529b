from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kzmonitor.learn.drift import drift, inputs, precision_by_month, stability
from kzmonitor.learn.novelty import words
from kzmonitor.store.tables import Alert, Model
from tests.learn.conftest import NOW, passed_by, says, version

Report = Callable[..., Alert]


@pytest.fixture
def model(session: Session) -> Model:
    return version(session, "now", "champion")


def test_precision_is_that_of_decided_alerts_by_month_and_tier(session: Session, report: Report) -> None:
    october = datetime(2026, 10, 31, 23, tzinfo=UTC)
    for number in range(10):
        says(session, "anna", report(session, f"Обыск {number}", "Обыск.", at=NOW), ["raid"] if number else [])
    report(session, "Обыск", "Обыск, о котором никто не решил.", at=NOW)
    says(session, "anna", report(session, "Задержание", "Задержан.", at=october, tier="queue"), [])
    says(session, "anna", report(session, "Давно", "Давно.", at=datetime(2024, 1, 1, tzinfo=UTC)), [])
    latest, earlier = precision_by_month(session, NOW)
    assert (latest.month, latest.tier, latest.confirmed, latest.rejected, latest.undecided) == (
        "2026-11", "mail", 9, 1, 1,
    )  # fmt: skip
    assert latest.precision == 0.9
    assert latest.low == pytest.approx(0.62, abs=0.02)
    assert latest.high == pytest.approx(0.99, abs=0.01)
    assert (earlier.month, earlier.tier, earlier.precision, earlier.low) == ("2026-10", "queue", 0.0, 0.0)


def test_an_undecided_month_has_no_precision(session: Session, report: Report) -> None:
    report(session, "Обыск", "Обыск.", at=NOW)
    (only,) = precision_by_month(session, NOW)
    assert (only.precision, only.low, only.high, only.undecided) == (None, None, None, 1)


def test_stability_is_near_zero_for_the_same_and_large_for_another_world() -> None:
    calm, moved = [90, 5, 2, 1, 1, 0, 0, 0, 0, 1], [50, 5, 5, 5, 5, 5, 5, 5, 5, 10]
    assert stability(calm, calm) == 0.0
    assert (stability(calm, moved) or 0) > 0.25
    assert stability(calm, [3] * 10) is None


def test_scores_and_words_that_moved_are_seen(session: Session, model: Model) -> None:
    known = words("Новость", "Обычная новость.")
    for number in range(60):
        passed_by(session, model, number, at=NOW - timedelta(days=45), relevance=0.05)
        passed_by(session, model, number, at=NOW - timedelta(days=5), relevance=0.6, text="Дроны нейросети спутники.")
    russian, kazakh, _english = inputs(session, model, NOW, known)
    assert russian.articles == (60, 60)
    assert (russian.stability or 0) > 0.25
    assert russian.unknown[0] == 0
    assert (russian.unknown[1] or 0) > 0.5
    assert (kazakh.articles, kazakh.stability, kazakh.unknown) == ((0, 0), None, (None, None))


def test_an_empty_database_has_no_drift(session: Session, model: Model) -> None:
    found = drift(session, model, NOW, frozenset())
    assert found.precision == []
    assert {one.stability for one in found.inputs} == {None}
