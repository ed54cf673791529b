"""Scores turned into probabilities by a sigmoid fitted to scores that each text got from a model that never saw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# All but no penalty: the smoothed targets alone keep the slope finite.
CALIBRATION_C = 1e4
LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class Sigmoid:
    """log-odds = slope * score + offset. It rises strictly: reasons in log-odds add up to the probability shown."""

    slope: float
    offset: float

    def log_odds(self, scores: Floats) -> Floats:
        return self.slope * scores + self.offset

    def probability(self, scores: Floats) -> Floats:
        return 1.0 / (1.0 + np.exp(-np.clip(self.log_odds(scores), -50.0, 50.0)))


def calibrate(scores: Floats, positive: Bools) -> Sigmoid:
    """Fit a sigmoid to held-out scores, with the smoothed targets of Platt (1999), so that nothing is ever certain.

    The probabilities hold at the share of positives in the data. An isotonic fit is no better below some hundreds of
    positives, and its steps tie scores that thresholds must part."""
    hits, misses = int(positive.sum()), int((~positive).sum())
    target = np.where(positive, (hits + 1) / (hits + 2), 1 / (misses + 2))
    fitted = LogisticRegression(C=CALIBRATION_C).fit(
        np.r_[scores, scores].reshape(-1, 1),
        np.r_[np.ones(len(scores)), np.zeros(len(scores))],
        np.r_[target, 1 - target],
    )
    return Sigmoid(max(float(fitted.coef_[0, 0]), LEAST_SLOPE), float(fitted.intercept_[0]))


def calibration_error(probabilities: Floats, positive: Bools, bins: int = 10) -> float:
    """Expected calibration error: mean distance of share and probability over `bins` of equal width, by their size."""
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(float(positive[which == b].mean() - probabilities[which == b].mean())) * float((which == b).mean())
        for b in range(bins)
        if (which == b).any()
    ]
    return sum(gaps)
