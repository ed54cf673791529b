"""Training: features, a linear model for relevance and for each label, calibration and thresholds, from labelled texts."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from kzmonitor.classify.calibrate import Bools, Floats, calibrate, calibration_error
from kzmonitor.classify.evaluate import report
from kzmonitor.classify.features import ConceptCounts, Reader, Reading, WordGrams
from kzmonitor.classify.labelled import Taxonomy, Text
from kzmonitor.classify.model import Classifier, Head, Prediction, decide
from kzmonitor.classify.thresholds import Thresholds, label_pair, relevance_pair
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.language.concepts import read_lexicon

# Raised whenever the same data would give another model.
RECIPE = 1
FOLDS = 5
C = 1.0
WORDS_WEIGHT, CONCEPTS_WEIGHT = 2.0, 0.7
LEAST_TEXTS = 4


def train(texts: Sequence[Text], taxonomy: Taxonomy, *, seed: int = 0) -> Classifier:
    """A classifier for `taxonomy`. The same texts, word lists and seed give the same model, bit for bit.

    Texts of one event stay together in cross-validation; its held-out scores set probabilities and thresholds.
    InputError: too few texts, a label outside the taxonomy, or nothing to tell apart."""
    texts = sorted(texts, key=lambda text: (text.id, text.title, text.text))
    _check(texts, taxonomy)
    lexicon = "\n".join(f"{concept}\t{pattern}" for concept, pattern in read_lexicon())
    reader = Reader(lexicon)
    readings = reader.transform([(text.title, text.text) for text in texts])
    wanted = np.array([[name in text.labels for name in taxonomy.names] for text in texts])
    answers = np.column_stack([wanted.any(axis=1), wanted])
    asked = [column for column in range(answers.shape[1]) if 0 < answers[:, column].sum() < len(texts)]
    held_out = _held_out_scores(readings, answers[:, asked], _groups(texts), taxonomy, seed)
    features = _features(taxonomy)
    rows = features.fit_transform(readings).tocsr()
    heads = {}
    for number, column in enumerate(asked):
        linear = _linear(seed).fit(rows, answers[:, column])
        heads[column] = Head(linear, calibrate(held_out[:, number], answers[:, column]))
    chances = answers.astype(np.float64)
    for number, column in enumerate(asked):
        chances[:, column] = heads[column].sigmoid.probability(held_out[:, number])
    thresholds = _thresholds(chances, answers, taxonomy)
    data_sha256 = _digest([_canonical(text) for text in texts])
    return Classifier(
        version=_digest([str(RECIPE), str(seed), data_sha256, lexicon, repr(taxonomy)])[:12],
        taxonomy=taxonomy,
        thresholds=thresholds,
        data_sha256=data_sha256,
        metrics=_metrics(texts, chances, answers, taxonomy, thresholds),
        reader=reader,
        features=features,
        relevance=heads.get(0),
        labels={name: heads[column] for column, name in enumerate(taxonomy.names, 1) if column in heads},
    )


def _check(texts: Sequence[Text], taxonomy: Taxonomy) -> None:
    known = {*taxonomy.names, taxonomy.fallback}
    for text in texts:
        if strange := sorted(text.labels - known):
            message = _("Text {id}: label {label} is not in the taxonomy (add it there, or train without --taxonomy)")
            raise InputError(message.format(id=text.id, label=strange[0]))
    relevant = [text for text in texts if text.labels - {taxonomy.fallback}]
    if len(texts) < LEAST_TEXTS or len(relevant) < 2:
        message = _("{n} texts, {labelled} of them with a label, are too few to learn from")
        raise InputError(message.format(n=len(texts), labelled=len(relevant)))
    if len({text.labels - {taxonomy.fallback} for text in texts}) < 2:
        raise InputError(_("All texts bear the same labels, so there is nothing to tell apart"))


def _features(taxonomy: Taxonomy) -> FeatureUnion:
    words = make_pipeline(WordGrams(min_df=1, sublinear_tf=True))
    concepts = make_pipeline(ConceptCounts(country=taxonomy.country is not None), MaxAbsScaler())
    weights = {"words": WORDS_WEIGHT, "concepts": CONCEPTS_WEIGHT}
    return FeatureUnion([("words", words), ("concepts", concepts)], transformer_weights=weights)


def _linear(seed: int) -> LogisticRegression:
    return LogisticRegression(C=C, solver="liblinear", random_state=seed)


def _groups(texts: Sequence[Text]) -> list[str]:
    """The event of each text; one without stands for itself."""
    return [f"event {text.event}" if text.event else f"text {number}" for number, text in enumerate(texts)]


def _held_out_scores(
    readings: Sequence[Reading], answers: Bools, groups: Sequence[str], taxonomy: Taxonomy, seed: int
) -> Floats:
    """(texts, questions): what a model fitted without a text and its event scores it."""
    names = sorted(set(groups))
    numbers = np.array([names.index(group) for group in groups])
    scores = np.zeros(answers.shape)
    if len(names) < 2:
        return scores
    folds = GroupKFold(min(FOLDS, len(names)), shuffle=True, random_state=seed)
    for kept, held in folds.split(numbers, groups=numbers):
        features = _features(taxonomy)
        rows = features.fit_transform([readings[i] for i in kept]).tocsr()
        others = features.transform([readings[i] for i in held]).tocsr()
        for question in range(answers.shape[1]):
            seen = answers[kept, question]
            if seen.all() or not seen.any():
                scores[held, question] = 3.0 if seen.all() else -3.0
            else:
                scores[held, question] = _linear(seed).fit(rows, seen).decision_function(others)
    return scores


def _thresholds(chances: Floats, answers: Bools, taxonomy: Taxonomy) -> Thresholds:
    pairs = {
        name: label_pair(chances[:, column], answers[:, column]) for column, name in enumerate(taxonomy.names, 1)
    }
    return Thresholds(relevance_pair(chances[:, 0], answers[:, 0]), pairs)


def _metrics(
    texts: Sequence[Text], chances: Floats, answers: Bools, taxonomy: Taxonomy, thresholds: Thresholds
) -> dict[str, object]:
    """Figures of the held-out predictions, by tier. A little kind, since the thresholds were chosen on the same ones."""
    said: list[Prediction] = [
        decide(float(row[0]), dict(zip(taxonomy.names, map(float, row[1:]), strict=True)), thresholds)
        for row in chances
    ]
    return {
        "recipe": RECIPE,
        "texts": len(texts),
        "calibration_error": round(calibration_error(chances[:, 0], answers[:, 0]), 4),
        "queue": report(texts, said, taxonomy, "queue"),
        "mail": report(texts, said, taxonomy, "mail"),
    }


def _canonical(text: Text) -> str:
    record = [text.id, text.lang, text.title, text.text, sorted(text.labels), text.hard, text.event, text.date]
    return json.dumps(record)


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


