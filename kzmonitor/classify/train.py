"""Training: features, a committee for relevance, a linear model for each label, calibration and thresholds."""

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
from scipy.sparse import vstack
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from kzmonitor.classify.calibrate import Bools, Floats, Sigmoid, calibrate, calibration_error
from kzmonitor.classify.committee import Committee
from kzmonitor.classify.counterfactual import SILENCE, abroad, mixed
from kzmonitor.classify.evaluate import report
from kzmonitor.classify.features import SharedWords, WordGrams
from kzmonitor.classify.fields.fit import fit_fields
from kzmonitor.classify.labelled import Taxonomy, Text
from kzmonitor.classify.leads import with_leads
from kzmonitor.classify.meetings import AWAY, ConceptCounts
from kzmonitor.classify.model import Classifier, Head, Prediction, decide
from kzmonitor.classify.pairs import SharedPairs
from kzmonitor.classify.passages import PASSAGE_WEIGHT, passage_rows
from kzmonitor.classify.passages import fit as fit_with_passages
from kzmonitor.classify.reading import Reader, Reading
from kzmonitor.classify.thresholds import Thresholds, label_pair, relevance_pair
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.language.concepts import read_lexicon

# Raised whenever the same data would give another model.
RECIPE = 5
FOLDS = 4
C = 1.0
WEIGHTS = {"words": 4.0, "concepts": 0.5, "shared": 3.0, "pairs": 3.0}
# In so many texts a word (or pair of words), and a pair of concepts or everyday words, must occur.
LEAST_WORDS, LEAST_PAIRS = 3, 8
# So many texts, evenly chosen, are also shown as if they were set elsewhere, with this weight: enough to keep other
# countries' news out, little for the rest.
ELSEWHERE_TEXTS, ELSEWHERE_WEIGHT = 600, 0.3
# Weight of an empty text: where nothing is said, nothing is reported.
SILENCE_WEIGHT = 3.0
# Weight of a text of unrelated sentences.
MIXED_WEIGHT = 1.0
# Of fewer texts than this, all words and pairs count.
FEW_TEXTS = 50
# Score of a question that all texts of a fold answer alike.
UNASKED = 3.0
LEAST_TEXTS = 4
# Column of the answers and scores; the labels follow in the order of the taxonomy.
RELEVANCE = 0

Scorer: TypeAlias = LogisticRegression | Committee


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
    whole, best = _held_out_scores(readings, answers, _groups(texts), taxonomy, seed)
    features, fitted = _fit(readings, answers, taxonomy, seed)
    chances = answers.astype(np.float64)
    heads = {}
    for column, scorer in fitted.items():
        among = _asked(answers, column)
        sigmoid = calibrate(whole[among, column], answers[among, column])
        chances[:, column] = sigmoid.probability(whole[:, column])
        joint: Sigmoid | None = None
        if column != RELEVANCE:
            both = whole[:, column] + PASSAGE_WEIGHT * best[:, column]
            joint = calibrate(both[among], answers[among, column])
            chances[among, column] = joint.probability(both[among])
        heads[column] = Head(scorer, sigmoid, joint)
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
        relevance=heads.get(RELEVANCE),
        labels={name: heads[column] for column, name in enumerate(taxonomy.names, 1) if column in heads},
        fields=fit_fields(readings, features.transform(readings).tocsr(), [text.known for text in texts], seed=seed),
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


def _asked(answers: Bools, column: int) -> Bools:
    """The texts that a question is learned from: all for relevance, the relevant ones for a label."""
    return np.ones(len(answers), bool) if column == RELEVANCE else answers[:, RELEVANCE]


def _fit(
    readings: Sequence[Reading], answers: Bools, taxonomy: Taxonomy, seed: int
) -> tuple[FeatureUnion, dict[int, Scorer]]:
    """The features, and a model for each column of `answers` that holds both answers.

    Relevance is also learned from texts that nobody wrote (see counterfactual.py), labels also from passages."""
    features = _features(taxonomy, len(readings))
    try:
        rows = features.fit_transform(readings).tocsr()
    except ValueError as error:  # no word stands in two texts
        raise InputError(_("the texts have too few words in common to learn from")) from error
    relevant = answers[:, RELEVANCE]
    parts = passage_rows([readings[place] for place in np.flatnonzero(relevant).tolist()], features)
    fitted: dict[int, Scorer] = {}
    for column in range(answers.shape[1]):
        among = _asked(answers, column)
        seen = answers[among, column]
        if seen.all() or not seen.any():
            continue
        if column == RELEVANCE:
            extra, weights = _counterfactuals(readings, seen, taxonomy, seed)
            joint = vstack([rows, features.transform(extra)]).tocsr()
            seen = np.r_[seen, np.zeros(len(extra), bool)]
            committee = Committee(random_state=seed)
            fitted[column] = committee.fit(joint, seen, np.r_[np.ones(len(readings)), weights])
        else:
            linear = LogisticRegression(C=C, solver="liblinear", dual=True, class_weight="balanced", random_state=seed)
            fitted[column] = fit_with_passages(partial(clone, linear), rows[relevant], seen, parts)
    return features, fitted


def _counterfactuals(
    readings: Sequence[Reading], relevant: Bools, taxonomy: Taxonomy, seed: int
) -> tuple[list[Reading], Floats]:
    """Irrelevant texts that nobody wrote, and their weights: an empty one and, where a country counts, home news set
    abroad and irrelevant sentences mixed."""
    made, weights = [SILENCE], [SILENCE_WEIGHT]
    if taxonomy.country is not None:
        there = [
            reading for reading in map(abroad, readings) if any(match.concept == AWAY for match in reading.matches)
        ]
        moved = there[:: max(1, len(there) // ELSEWHERE_TEXTS)]
        other = [reading for reading, yes in zip(readings, relevant, strict=True) if not yes]
        mixture = list(mixed(other, np.random.default_rng(seed)))
        made += moved + mixture
        weights += [ELSEWHERE_WEIGHT] * len(moved) + [MIXED_WEIGHT] * len(mixture)
    return made, np.array(weights)


def _features(taxonomy: Taxonomy, texts: int) -> FeatureUnion:
    country, few = taxonomy.country is not None, texts < FEW_TEXTS
    parts = {
        "words": make_pipeline(WordGrams(1 if few else LEAST_WORDS), TfidfTransformer(sublinear_tf=True)),
        "concepts": make_pipeline(ConceptCounts(country=country), MaxAbsScaler()),
        "shared": make_pipeline(SharedWords(country, 1 if few else 2), TfidfTransformer(sublinear_tf=True)),
        "pairs": make_pipeline(SharedPairs(country, 1 if few else LEAST_PAIRS), TfidfTransformer(sublinear_tf=True)),
    }
    return FeatureUnion(list(parts.items()), transformer_weights=WEIGHTS)


def _groups(texts: Sequence[Text]) -> list[str]:
    """The event of each text; one without stands for itself."""
    return [f"event {text.event}" if text.event else f"text {number}" for number, text in enumerate(texts)]


def _held_out_scores(
    readings: Sequence[Reading], answers: Bools, groups: Sequence[str], taxonomy: Taxonomy, seed: int
) -> tuple[Floats, Floats]:
    """Twice (texts, columns of `answers`): what a model fitted without a text and its event scores it (its lead, where
    that counts for relevance), and its best passage (of relevant texts and for labels only; 0 elsewhere)."""
    names = sorted(set(groups))
    numbers = np.array([names.index(group) for group in groups])
    whole, best = np.zeros(answers.shape), np.zeros(answers.shape)
    if len(names) < 2:
        return whole, best
    folds = GroupKFold(min(FOLDS, len(names)), shuffle=True, random_state=seed)
    for kept, held in folds.split(numbers, groups=numbers):
        features, fitted = _fit([readings[i] for i in kept], answers[kept], taxonomy, seed)
        rows, leads = with_leads([readings[i] for i in held], features)
        relevant = held[answers[held, RELEVANCE]]
        parts = passage_rows([readings[i] for i in relevant], features) if len(relevant) else None
        for column in range(answers.shape[1]):
            seen = answers[kept][_asked(answers[kept], column), column]
            whole[held, column] = UNASKED if seen.all() else -UNASKED
            if column in fitted:
                score = fitted[column].decision_function
                whole[held, column] = leads.better(score(rows), score)[0] if column == RELEVANCE else score(rows)
                if parts is not None and column != RELEVANCE:
                    scores = score(parts.rows)
                    best[relevant, column] = scores[parts.best(scores)]
    return whole, best


def _thresholds(chances: Floats, answers: Bools, taxonomy: Taxonomy) -> Thresholds:
    relevant = answers[:, RELEVANCE]
    pairs = {
        name: label_pair(chances[relevant, column], answers[relevant, column])
        for column, name in enumerate(taxonomy.names, 1)
    }
    return Thresholds(relevance_pair(chances[:, RELEVANCE], relevant), pairs)


def _metrics(
    texts: Sequence[Text], chances: Floats, answers: Bools, taxonomy: Taxonomy, thresholds: Thresholds
) -> dict[str, object]:
    """Figures of the held-out predictions, by tier. A little kind: the thresholds were chosen on the same ones."""
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
    return json.dumps(record) + (text.known.canonical() if text.known else "")


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
