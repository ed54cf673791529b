"""Passages: labels are asked of every few sentences as of the whole text, and the best passage counts beside the whole.

So an event in the third paragraph of a long text is not drowned by the rest. One linear model scores both; it learns
from whole texts and from the passage of each that it holds for the best (as in multiple-instance learning: Andrews,
Tsochantaridis, Hofmann, NIPS 2002).
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from kzmonitor.classify.calibrate import Bools, Floats
from kzmonitor.classify.reading import Reading

SENTENCES = 2
# A passage is worth scoring when something is done in it.
DOINGS = ("act.", "law.", "hedge.")
# What the score of the best passage weighs beside that of the whole text.
PASSAGE_WEIGHT = 0.75
ROUNDS = 2

Integers = NDArray[np.int64]


def passages(reading: Reading) -> list[Reading]:
    """Every two neighbouring sentences in which something is done; the whole text where there are none."""
    tokens = reading.tokens
    starts = [
        place for place in range(len(tokens)) if not place or tokens.sentence[place] != tokens.sentence[place - 1]
    ]
    ends = [*starts[1:], len(tokens)]
    doings = [match.first for match in reading.matches if match.concept.startswith(DOINGS)]
    found = []
    for number, first in enumerate(starts[: max(1, len(starts) - SENTENCES + 1)]):
        last = ends[min(number + SENTENCES, len(ends)) - 1]
        after = bisect_left(doings, first)
        if after < len(doings) and doings[after] < last:
            found.append(reading.part(first, last, titled=False))
    return found or [reading]


@dataclass(frozen=True)
class PassageRows:
    """The passages of some texts as lines of the feature matrix; `owners`: the number of each one's text, ascending."""

    found: list[Reading]
    rows: csr_matrix
    owners: Integers

    def best(self, scores: Floats) -> Integers:
        """(texts,): the number of the passage with the highest score in each text."""
        order = np.lexsort((scores, self.owners))
        last = np.r_[self.owners[order][1:] != self.owners[order][:-1], True]
        return np.asarray(order[last], dtype=np.int64)


def passage_rows(readings: Sequence[Reading], features: Any) -> PassageRows:
    """The passages of `readings` (at least one), in order."""
    per_text = [passages(reading) for reading in readings]
    found = [passage for some in per_text for passage in some]
    owners = np.repeat(np.arange(len(readings)), [len(some) for some in per_text])
    return PassageRows(found, features.transform(found).tocsr(), owners)


def fit(
    make: Callable[[], LogisticRegression], rows: csr_matrix, answers: Bools, parts: PassageRows
) -> LogisticRegression:
    """A linear model of whole texts and of the best passage of each, found anew in every round."""
    linear = make().fit(rows, answers)
    for _ in range(ROUNDS):
        best = parts.best(linear.decision_function(parts.rows))
        linear = make().fit(vstack([rows, parts.rows[best]]).tocsr(), np.r_[answers, answers])
    return linear
