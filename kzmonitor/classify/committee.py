"""A committee of small neural networks for one yes-or-no question, whose score can be shared out exactly.

Acts, targets and actors weigh differently together than each alone; a linear model can't see that, one hidden layer
can. What each feature gave to a score is told by integrated gradients along the straight line from the empty text
(Sundararajan, Taly, Yan, ICML 2017): with one hidden layer of rectifiers the integral has a closed form, and the
shares add up to the score less the score of the empty text.
"""

import warnings
from math import ceil
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from kzmonitor.classify.calibrate import Floats

BATCH = 200
# Step of Adam. With 0.001 ten rounds come to what seven do.
LEARNING_RATE = 1.5e-3
# Few texts make few batches a round: they are gone through more often.
LEAST_STEPS = 100


class Committee(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """`members` networks of one hidden layer, trained from different beginnings; the score is their mean log-odds."""

    def __init__(
        self, members: int = 4, hidden: int = 12, rounds: int = 7, alpha: float = 1e-3, random_state: int = 0
    ) -> None:
        self.members = members
        self.hidden = hidden
        self.rounds = rounds
        self.alpha = alpha
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """X: (texts, features), dense or sparse; y: two classes."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float32)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) != 2:
            raise ValueError(f"Only binary classification is supported. The data has {len(self.classes_)} classes.")
        networks = [self._network(X, y, sample_weight, number) for number in range(self.members)]
        self.first_ = np.hstack([network.coefs_[0] for network in networks]).astype(np.float32)
        self.first_offsets_ = np.concatenate([network.intercepts_[0] for network in networks]).astype(np.float64)
        self.second_ = np.concatenate([network.coefs_[1][:, 0] for network in networks]) / self.members
        self.second_ = self.second_.astype(np.float64)
        self.offset_ = float(np.mean([network.intercepts_[1][0] for network in networks]))
        return self

    def _network(self, X: Any, y: Any, sample_weight: Any, number: int) -> MLPClassifier:
        batch = min(BATCH, X.shape[0])
        rounds = max(self.rounds, ceil(LEAST_STEPS * batch / X.shape[0]))
        network = MLPClassifier(
            (self.hidden,),
            alpha=self.alpha,
            batch_size=batch,
            learning_rate_init=LEARNING_RATE,
            max_iter=rounds,
            n_iter_no_change=rounds,
            random_state=self.random_state + number,
        )
        # The number of rounds is the setting; that more would still fit closer is no news.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return network.fit(X, y == self.classes_[1], sample_weight=sample_weight)

    def decision_function(self, X: Any) -> Floats:
        """(texts,): log-odds, uncalibrated."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float32, reset=False)
        hidden = np.maximum(X @ self.first_ + self.first_offsets_, 0.0)
        return np.asarray(hidden @ self.second_ + self.offset_, dtype=np.float64)

    def predict(self, X: Any) -> Any:
        """(texts,): the likelier class of each."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int)]

    def coefficients(self, row: csr_matrix) -> Floats:
        """(features,): the integrated gradient by each feature of one text, 0 where the text has none of it.

        row @ coefficients = score - score of the empty text."""
        check_is_fitted(self)
        seen = self.first_[row.indices]
        weights = self.second_ * _active(row.data @ seen, self.first_offsets_)
        coefficients = np.zeros(self.n_features_in_)
        coefficients[row.indices] = seen @ weights
        return coefficients

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags


def _active(sums: Floats, offsets: Floats) -> Floats:
    """For each hidden unit, on which share of the way from the empty text to this one it was active."""
    before, after = offsets > 0, sums + offsets > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.clip(-offsets / sums, 0.0, 1.0)
    return np.select([before & after, before, after], [1.0, crossing, 1.0 - crossing], 0.0)
