"""The committee: a scikit-learn estimator for two classes whose scores can be shared out exactly."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.utils.estimator_checks import parametrize_with_checks

from kzmonitor.classify.committee import Committee

# Batches are drawn, so a text of weight two is not quite the same text twice; scikit-learn says so of its own networks.
BATCHES = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "batches are drawn",
)


# So few texts as these checks have take more rounds.
@parametrize_with_checks([Committee(members=2, rounds=250)], expected_failed_checks=lambda _estimator: BATCHES)
def test_it_is_an_estimator_like_any_other(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    return csr_matrix(random.random((80, 30)) * (random.random((80, 30)) < 0.2))


@pytest.fixture(scope="module")
def answers(rows):
    """Yes where the first two features meet or a third one stands: no straight line parts them."""
    dense = rows.toarray()
    return ((dense[:, 0] > 0) & (dense[:, 1] > 0)) | (dense[:, 2] > 0)


@pytest.fixture(scope="module")
def committee(rows, answers):
    return Committee(members=2, rounds=300).fit(rows, answers)


def test_the_shares_of_all_features_make_the_score(rows, committee):
    nothing = committee.decision_function(csr_matrix((1, rows.shape[1])))[0]
    for row, score in zip(rows, committee.decision_function(rows), strict=True):
        coefficients = committee.coefficients(row)
        assert (row @ coefficients)[0] == pytest.approx(score - nothing, abs=1e-5)


def test_the_shares_are_those_of_a_fine_walk_from_the_empty_text(rows, committee):
    """The closed form against the integral it stands for, summed up in small steps."""
    row, steps = rows[3], 2000
    walk = csr_matrix(np.outer((np.arange(steps) + 0.5) / steps, row.toarray()[0]))
    active = (walk @ committee.first_ + committee.first_offsets_) > 0
    gradients = (active * committee.second_).mean(axis=0) @ committee.first_.T
    assert committee.coefficients(row)[row.indices] == pytest.approx(gradients[row.indices], abs=5e-3)


def test_features_that_a_text_has_not_get_no_share(rows, committee):
    row = rows[0]
    absent = np.setdiff1d(np.arange(rows.shape[1]), row.indices)
    assert not committee.coefficients(row)[absent].any()


def test_dense_and_sparse_rows_get_the_same_scores(rows, committee):
    assert committee.decision_function(rows.toarray()) == pytest.approx(committee.decision_function(rows), abs=1e-5)


def test_the_same_texts_and_seed_give_the_same_weights(rows, answers, committee):
    again = Committee(members=2, rounds=300).fit(rows, answers)
    assert np.array_equal(again.first_, committee.first_)
    assert np.array_equal(again.decision_function(rows), committee.decision_function(rows))
    other = Committee(members=2, rounds=300, random_state=9).fit(rows, answers)
    assert not np.array_equal(other.first_, committee.first_)


def test_it_learns_what_no_straight_line_can(rows, answers, committee):
    assert (committee.predict(rows) == answers).mean() > 0.95


def test_three_classes_are_refused(rows):
    with pytest.raises(ValueError, match="binary"):
        Committee().fit(rows, np.arange(80) % 3)


def test_a_text_of_weight_none_teaches_nothing(rows, answers):
    weights = np.r_[np.ones(60), np.zeros(20)]
    turned = np.r_[answers[:60], ~answers[60:]]
    scores = [Committee().fit(rows, said, weights).decision_function(rows) for said in (answers, turned)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
