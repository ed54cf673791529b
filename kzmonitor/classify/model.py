"""The fitted classifier and what it says of a text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from kzmonitor.classify.calibrate import Floats, Sigmoid
from kzmonitor.classify.committee import Committee
from kzmonitor.classify.explain import Question, Source, explain
from kzmonitor.classify.fields.model import FieldsModel
from kzmonitor.classify.labelled import Taxonomy
from kzmonitor.classify.leads import LeadRows, with_leads
from kzmonitor.classify.passages import PASSAGE_WEIGHT, Integers, PassageRows, passage_rows
from kzmonitor.classify.reading import Reader, Reading
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
    first; empty when not relevant. probabilities: of each label, should the text be relevant. fields: of a relevant
    text, see fields/model.py; None for others, and where the model learned none or reasons were not asked."""

    relevance: float
    relevant: bool
    tier: Tier | None
    labels: tuple[str, ...]
    probabilities: dict[str, float]
    reasons: list[Reason]
    fields: dict[str, Any] | None = None


@dataclass(frozen=True)
class Head:
    """One yes-or-no question: a model over the features, its calibration, and that of whole text and best passage
    together where passages are asked, too."""

    scorer: LogisticRegression | Committee
    sigmoid: Sigmoid
    joint: Sigmoid | None = None

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
        fields: FieldsModel | None = None,
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
        self.fields = fields

    def predict(
        self,
        texts: Sequence[tuple[str, str]],
        *,
        reasons: bool = True,
        published: Sequence[date | None] | None = None,
    ) -> list[Prediction]:
        """One prediction for each (title, text), in order. Of a long text the first 40,000 characters are read.

        reasons: whether reasons and fields are wanted. published: the day of each text in Kazakhstan, for dates such
        as "yesterday". Passages are scored of texts that pass the relevance threshold of tier `queue`; label
        probabilities of others are those of the whole text."""
        predictions: list[Prediction] = []
        for first in range(0, len(texts), BATCH):
            readings = self.reader.transform(texts[first : first + BATCH])
            rows, leads = with_leads(readings, self.features)
            relevance, leading = self._relevance(rows, leads)
            chances = self._chances(rows)
            asked = np.flatnonzero(relevance >= self.thresholds.relevance.queue)
            parts = passage_rows([readings[number] for number in asked], self.features) if len(asked) else None
            best = self._with_passages(rows, chances, asked, parts) if parts else {}
            for number, reading in enumerate(readings):
                probabilities = {name: round(float(chances[name][number]), DIGITS) for name in self.thresholds.labels}
                said = decide(round(float(relevance[number]), DIGITS), probabilities, self.thresholds)
                if reasons:
                    place = int(np.searchsorted(asked, number))
                    told = {name: (parts, best[name][place]) for name in said.labels if parts and name in best}
                    start = leading.get(number)
                    lead = None if start is None else Source(leads.found[start], leads.rows[start], 1.0)
                    said.reasons.extend(self._explain(reading, rows[number], said, told, lead))
                    if said.relevant and self.fields:
                        day = published[first + number] if published else None
                        found = self.fields.fields(reading, rows[number], said.labels, day)
                        said = replace(said, fields=found.to_json())
                predictions.append(said)
        return predictions

    def _relevance(self, rows: Any, leads: LeadRows) -> tuple[Floats, dict[int, int]]:
        """(texts,): the relevance of whole text or lead; and text -> lead where it is that of the lead."""
        if self.relevance is None:
            return np.ones(rows.shape[0]), {}
        scores, leading = leads.better(self.relevance.scores(rows), self.relevance.scores)
        return self.relevance.sigmoid.probability(scores), leading

    def _chances(self, rows: Any) -> dict[str, Floats]:
        """label -> (texts,): its probability by the whole text."""
        unasked = {
            name: np.full(rows.shape[0], float(pair.queue <= 1.0)) for name, pair in self.thresholds.labels.items()
        }
        return unasked | {name: head.sigmoid.probability(head.scores(rows)) for name, head in self.labels.items()}

    def _with_passages(
        self, rows: Any, chances: dict[str, Floats], asked: Integers, parts: PassageRows
    ) -> dict[str, Integers]:
        """Set the chances of the `asked` texts to those of whole text and best passage; label -> that passage."""
        best = {}
        for name, head in self.labels.items():
            if head.joint is None:
                continue
            scores = head.scores(parts.rows)
            best[name] = parts.best(scores)
            both = head.scores(rows[asked]) + PASSAGE_WEIGHT * scores[best[name]]
            chances[name][asked] = head.joint.probability(both)
        return best

    def _explain(
        self,
        reading: Reading,
        row: Any,
        said: Prediction,
        told: Mapping[str, tuple[PassageRows, int]],
        lead: Source | None,
    ) -> list[Reason]:
        heads = {name: self.labels[name] for name in said.labels if name in self.labels}
        if self.relevance:
            heads = {RELEVANCE: self.relevance} | heads
        questions = []
        for name, head in heads.items():
            sigmoid, sources = head.sigmoid, [Source(reading, row, 1.0)]
            if lead and name == RELEVANCE:
                sources = [lead]
            elif head.joint and name in told:
                parts, best = told[name]
                sigmoid = head.joint
                sources.append(Source(parts.found[best], parts.rows[best], PASSAGE_WEIGHT))
            questions.append(Question(name, head.coefficients, sigmoid.slope, sources))
        return explain(reading, self.features, questions)


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
