"""Two thresholds for relevance and for each label: `queue` misses little, `mail` is seldom wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kzmonitor.classify.calibrate import Bools, Floats

# Recall weighs this many times precision in the queue: a reviewer's glance costs less than a missed report.
QUEUE_BETA = 1.25
# In mail precision comes first: one article in a hundred is relevant, so one false alarm in a hundred halves it. Of the
# irrelevant texts at most this share may pass; nearly all of the seed's are look-alikes, which ordinary news seldom is.
MAIL_FALSE_SHARE = 0.02
# A label less likely than this is not said, however rare it is.
LEAST_LABEL_CHANCE = 0.3
NEVER = 1.01


@dataclass(frozen=True)
class Pair:
    """Least probability to pass at each tier; `mail` is never below `queue`."""

    queue: float
    mail: float


@dataclass(frozen=True)
class Thresholds:
    """The pairs for relevance and for each label."""

    relevance: Pair
    labels: Mapping[str, Pair]


def best_f(probabilities: Floats, positive: Bools, beta: float = 1.0) -> tuple[float, float]:
    """The highest F-beta that any threshold reaches, and that threshold: half-way to the next lower probability."""
    order = np.argsort(-probabilities, kind="stable")
    ranked, hits = probabilities[order], np.cumsum(positive[order])
    weight = beta * beta
    f = (1 + weight) * hits / (weight * positive.sum() + np.arange(1, len(order) + 1))
    f[:-1][ranked[:-1] == ranked[1:]] = 0.0  # a threshold can't part equal probabilities
    best = int(np.argmax(f))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float(f[best]), float(ranked[best] + below) / 2


def relevance_pair(probabilities: Floats, relevant: Bools) -> Pair:
    """Queue: best F with recall weighed more. Mail: the lowest that few enough irrelevant texts pass."""
    if not relevant.any():
        return Pair(NEVER, NEVER)
    if relevant.all():
        return Pair(0.0, 0.0)
    _, queue = best_f(probabilities, relevant, QUEUE_BETA)
    return Pair(queue, max(queue, _rarely_false(probabilities[~relevant])))


def _rarely_false(irrelevant: Floats) -> float:
    """A threshold that few of `irrelevant` pass: (passing + 1/2) / (n + 1) stays within the share."""
    ranked = np.sort(irrelevant)[::-1]
    allowed = max(int(MAIL_FALSE_SHARE * (len(ranked) + 1) - 0.5), 0)
    return float(min((ranked[allowed] + 1e-6), 1.0)) if allowed < len(ranked) else 0.0


def label_pair(probabilities: Floats, positive: Bools) -> Pair:
    """Over relevant texts. Queue: half the best F1, the optimal cut of calibrated probabilities and steadier than the
    best cut of few examples (Lipton, Elkan, Naryanaswamy, ECML 2014). Mail: that best cut itself, if it is higher."""
    if not positive.any():
        return Pair(NEVER, NEVER)
    if positive.all():
        return Pair(0.0, 0.0)
    best, cut = best_f(probabilities, positive)
    queue = max(best / 2, LEAST_LABEL_CHANCE)
    return Pair(queue, max(queue, cut))
