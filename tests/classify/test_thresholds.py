"""Probabilities and thresholds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify.calibrate import calibrate, calibration_error
from kzmonitor.classify.thresholds import MAIL_FALSE_SHARE, best_f, label_pair, relevance_pair


def test_calibration_follows_the_share_of_positives():
    random = np.random.default_rng(0)
    scores = random.normal(size=4000) * 3
    positive = random.random(4000) < 1 / (1 + np.exp(-(0.5 * scores - 1)))
    fitted = calibrate(scores, positive)
    assert fitted.slope == pytest.approx(0.5, abs=0.05)
    assert calibration_error(fitted.probability(scores), positive) < 0.03


def test_probabilities_rise_with_scores_even_when_learned_upside_down():
    fitted = calibrate(np.array([3.0, 2.0, -2.0, -3.0]), np.array([False, False, True, True]))
    assert np.all(np.diff(fitted.probability(np.linspace(-9, 9, 50))) > 0)


def test_the_best_cut_lies_between_the_classes():
    f, cut = best_f(np.array([0.9, 0.8, 0.3, 0.2]), np.array([True, True, False, False]))
    assert f == 1.0
    assert 0.3 < cut < 0.8


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60))
def test_mail_is_never_below_queue(pairs):
    probabilities, positive = np.array([p for p, _ in pairs]), np.array([y for _, y in pairs])
    for pair in (relevance_pair(probabilities, positive), label_pair(probabilities, positive)):
        assert pair.mail >= pair.queue


def test_few_irrelevant_texts_pass_to_mail():
    random = np.random.default_rng(1)
    probabilities = np.r_[random.beta(5, 2, 500), random.beta(2, 5, 1000)]
    relevant = np.arange(1500) < 500
    mail = relevance_pair(probabilities, relevant).mail
    assert (probabilities[~relevant] >= mail).mean() <= MAIL_FALSE_SHARE
    assert (probabilities[relevant] >= mail).mean() > 0.2
