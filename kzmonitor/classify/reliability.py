"""Whether probabilities mean what they say: of the texts given 0.7, seven in ten should be relevant."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kzmonitor.classify.calibrate import Bools, Floats, calibration_error
from kzmonitor.classify.evaluate import labels_true
from kzmonitor.classify.labelled import Taxonomy, Text

if TYPE_CHECKING:
    from kzmonitor.classify.model import Prediction

BINS = 10
DIGITS = 4
Z95 = 1.96


@dataclass(frozen=True)
class Bin:
    """Texts whose probability lies between two bounds. said: its mean; seen: the share that truly is; low, high: the
    95 % interval of that share (Wilson 1927)."""

    texts: int
    said: float
    seen: float
    low: float
    high: float


def bins(probabilities: Floats, positive: Bools, number: int = BINS) -> list[Bin]:
    """`number` bins of equal width; empty ones are left out."""
    which = np.minimum((probabilities * number).astype(int), number - 1)
    return [
        _bin(probabilities[which == place], positive[which == place])
        for place in range(number)
        if (which == place).any()
    ]


def _bin(probabilities: Floats, positive: Bools) -> Bin:
    n, share = len(positive), float(positive.mean())
    middle = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    said = float(probabilities.mean())
    return Bin(n, round(said, DIGITS), round(share, DIGITS), round(low, DIGITS), round(high, DIGITS))


def reliability(texts: Sequence[Text], predictions: "Sequence[Prediction]", taxonomy: Taxonomy) -> dict[str, Any]:
    """`error` (expected calibration error) and `bins` of relevance and of each label; None where none is asked.

    A label's probability is meant for a text that is relevant, so labels are judged on these alone."""
    true = labels_true(texts, taxonomy)
    relevant = np.array([bool(labels) for labels in true], bool)
    said = {name: np.array([one.probabilities[name] for one in predictions]) for name in taxonomy.names}
    borne = {name: np.array([name in labels for labels in true], bool) for name in taxonomy.names}
    return {
        "relevance": _told(np.array([one.relevance for one in predictions]), relevant),
        "labels": {name: _told(said[name][relevant], borne[name][relevant]) for name in taxonomy.names},
    }


def _told(probabilities: Floats, positive: Bools) -> dict[str, Any] | None:
    if not len(positive):
        return None
    error = round(calibration_error(probabilities, positive), DIGITS)
    return {"error": error, "bins": [asdict(one) for one in bins(probabilities, positive)]}
