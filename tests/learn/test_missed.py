from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kzmonitor.learn.missed import Missed, Stratum, _estimate, missed
from kzmonitor.learn.votes import VOTING
from kzmonitor.store.tables import Model, Prediction, Review, new_id
from tests.learn.conftest import NOW, passed_by, read, reader, version

SINCE = NOW - timedelta(days=30)
THAT_DAY = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def model(session: Session) -> Model:
    return version(session, "now", "champion")


def estimated(*strata: Stratum, reported: int = 0) -> Missed:
    return _estimate(list(strata), reported, reported + sum(one.relevant for one in strata), SINCE, NOW)


def test_the_estimate_weighs_each_language_by_its_articles() -> None:
    found = estimated(Stratum("ru", 1000, 100, 2), Stratum("kk", 200, 100, 10))
    assert found.estimate == 1000 * 0.02 + 200 * 0.1
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.estimate < found.high


def test_nothing_found_still_says_how_much_may_hide() -> None:
    few, many = estimated(Stratum("ru", 10_000, 30, 0)), estimated(Stratum("ru", 10_000, 3000, 0))
    assert few.estimate == many.estimate == 0
    assert (few.low or 0) < 10
    assert 300 < (few.high or 0) < 1500
    assert (many.high or 0) < 15


def test_known_misses_are_the_least() -> None:
    found = estimated(Stratum("ru", 100, 50, 1), reported=7)
    assert found.known == 8
    assert found.low is not None
    assert min(found.low, found.estimate or 0) >= 8


def test_a_language_that_nobody_audited_is_named_and_not_guessed() -> None:
    found = estimated(Stratum("ru", 1000, 100, 1), Stratum("en", 500, 0, 0))
    assert found.unaudited == ["en"]
    assert found.estimate == 10
    assert estimated(Stratum("en", 500, 0, 0)).estimate is None


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """One article in fifty missed of 2,000, 100 audited, 300 times over."""
    pick = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        found = estimated(Stratum("ru", 2000, 100, int(pick.hypergeometric(40, 1960, 100))))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 40 <= found.high
    assert covered >= 300 * 0.92


def test_audit_and_reports_are_read_from_the_reviews(session: Session, model: Model) -> None:
    articles = [passed_by(session, model, number, at=THAT_DAY) for number in range(20)]
    for number, article in enumerate(articles[:10]):
        read(session, "anna", article, ["raid"] if number == 0 else [], "audit")
    read(session, "anna", articles[11], ["raid"], "missed")
    read(session, "anna", articles[12], [], "missed")
    read(session, "anna", passed_by(session, model, 1, at=SINCE - timedelta(days=9)), ["raid"], "audit")
    found = missed(session, model, SINCE, NOW)
    assert found.strata == [Stratum("ru", 20, 10, 1)]
    assert (found.reported, found.known, found.estimate) == (1, 2, 2.0)


def test_a_miss_that_was_drawn_and_reported_is_one_and_what_the_model_flags_is_none(
    session: Session, model: Model
) -> None:
    drawn, flagged = passed_by(session, model, 1, at=THAT_DAY), passed_by(session, model, 2, at=THAT_DAY)
    read(session, "anna", drawn, ["raid"], "audit")
    read(session, "berik", drawn, ["raid"], "missed")
    read(session, "berik", flagged, ["raid"], "missed")
    session.execute(update(Prediction).where(Prediction.revision_id == flagged.current_revision).values(tier="mail"))
    found = missed(session, model, SINCE, NOW)
    assert (found.reported, found.known) == (1, 1)


def test_an_audit_that_was_undone_or_is_disputed_counts_for_nothing(session: Session, model: Model) -> None:
    articles = [passed_by(session, model, number, at=THAT_DAY) for number in range(2)]
    read(session, "anna", articles[0], ["raid"], "audit")
    read(session, "berik", articles[0], [], "audit")
    read(session, "anna", articles[1], ["raid"], "audit")
    wrong = session.query(Review).where(Review.subject_id == articles[1].id).one()
    assert wrong.decision in VOTING
    session.add(
        Review(
            id=new_id(), account_id=reader(session, "anna"), subject="article", subject_id=articles[1].id,
            decision="undo", undoes=wrong.id, created_at=NOW,
        )
    )  # fmt: skip
    session.flush()
    assert missed(session, model, SINCE, NOW).strata == [Stratum("ru", 2, 0, 0)]
