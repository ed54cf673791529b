"""The fitted classifier and what it says of a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from kzmonitor.classify.calibrate import Floats, Sigmoid
from kzmonitor.classify.committee import Committee
from kzmonitor.classify.explain import Scored, explain
from kzmonitor.classify.features import Reader, Reading
from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.classify.reasons import Reason
from kzmonitor.classify.thresholds import Thresholds

RELEVANCE = "relevance"
Tier = Literal["mail", "queue"]
BATCH = 128
DIGITS = 6


@dataclass(frozen=True)
class Prediction:
    """What a model says of one text. Probabilities are calibrated at the mixture of the training data.

    relevant: at tier `queue`. tier: the strictest one reached. labels: those past their queue threshold, likeliest
    first; empty when not relevant. probabilities: of each label, should the text be relevant."""

    relevance: float
    relevant: bool
    tier: Tier | None
    labels: tuple[str, ...]
    probabilities: dict[str, float]
    reasons: list[Reason]


@dataclass(frozen=True)
class Head:
    """One yes-or-no question: a model over the features, and its calibration."""

    scorer: LogisticRegression | Committee
    sigmoid: Sigmoid

    def scores(self, rows: Any) -> Floats:
        """(texts,): of the lines of the feature matrix."""
        return np.asarray(self.scorer.decision_function(rows), dtype=np.float64)

    def coefficients(self, row: Any) -> Floats:
        """(features,): what each feature of one text adds to its score, by unit of the feature."""
        if isinstance(self.scorer, Committee):
            return self.scorer.coefficients(row)
        return np.asarray(self.scorer.coef_[0], dtype=np.float64)


class Classifier:
    """A fitted model: one head for relevance and one for each label. A head is missing where all training texts agreed;
    its answer is then theirs."""

    def __init__(
        self,
        *,
        version: str,
        taxonomy: Taxonomy,
        thresholds: Thresholds,
        data_sha256: str,
        metrics: Mapping[str, Any],
        reader: Reader,
        features: FeatureUnion,
        relevance: Head | None,
        labels: Mapping[str, Head],
    ) -> None:
        self.version = version
        self.taxonomy = taxonomy
        self.thresholds = thresholds
        self.data_sha256 = data_sha256
        self.metrics = dict(metrics)
        self.reader = reader
        self.features = features
        self.relevance = relevance
        self.labels = dict(labels)
        self._heads = ([relevance] if relevance else []) + list(self.labels.values())

    def predict(self, texts: Sequence[tuple[str, str]], *, reasons: bool = True) -> list[Prediction]:
        """One prediction for each (title, text), in order. Of a long text the first 40,000 characters are read."""
        predictions: list[Prediction] = []
        for first in range(0, len(texts), BATCH):
            readings = self.reader.transform(texts[first : first + BATCH])
            rows = self.features.transform(readings).tocsr()
            scores = np.column_stack([head.scores(rows) for head in self._heads])
            for number, reading in enumerate(readings):
                said = self.decide(scores[number])
                if reasons:
                    said.reasons.extend(self._explain(reading, rows[number], said))
                predictions.append(said)
        return predictions

    def decide(self, scores: Floats) -> Prediction:
        """The prediction from one text's scores: relevance first (if it has a head), then the labels in order."""
        chances = [
            round(float(head.sigmoid.probability(score)), DIGITS)
            for head, score in zip(self._heads, scores, strict=True)
        ]
        relevance = chances.pop(0) if self.relevance else 1.0
        unasked = {name: float(pair.queue <= 1.0) for name, pair in self.thresholds.labels.items()}
        probabilities = unasked | dict(zip(self.labels, chances, strict=True))
        return decide(relevance, probabilities, self.thresholds)

    def _explain(self, reading: Reading, row: Any, said: Prediction) -> list[Reason]:
        heads = {name: self.labels[name] for name in said.labels if name in self.labels}
        if self.relevance:
            heads = {RELEVANCE: self.relevance} | heads
        scored = [Scored(name, head.coefficients(row), head.sigmoid.slope) for name, head in heads.items()]
        return explain(reading, row, self.features, scored)


def decide(relevance: float, probabilities: dict[str, float], thresholds: Thresholds) -> Prediction:
    """Apply both thresholds: a tier is reached when relevance and at least one label pass theirs."""
    tier: Tier | None = None
    if relevance >= thresholds.relevance.queue and any(
        probabilities[name] >= pair.queue for name, pair in thresholds.labels.items()
    ):
        tier = "queue"
        if relevance >= thresholds.relevance.mail and any(
            probabilities[name] >= pair.mail for name, pair in thresholds.labels.items()
        ):
            tier = "mail"
    passed = [name for name, pair in thresholds.labels.items() if tier and probabilities[name] >= pair.queue]
    labels = tuple(sorted(passed, key=lambda name: -probabilities[name]))
    return Prediction(relevance, tier is not None, tier, labels, probabilities, [])
