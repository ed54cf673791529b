"""Why: the phrases that spoke for and against, with their exact share in the score.

A score is shared out over the features of the text (by their coefficients, or by integrated gradients, see
committee.py), and each feature evenly over the places it was read from. So the weights of all phrases of a text, the
score of an empty one and the features that stand nowhere (a missing country, say) add up to the log-odds of the
probability shown. Phrases never overlap; only the weightiest are returned.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import FeatureUnion

from kzmonitor.classify.calibrate import Floats
from kzmonitor.classify.features import Places, Reading
from kzmonitor.classify.reasons import Reason

Integers = NDArray[np.int64]
# First and last token, and the concept that they bear.
_Unit = tuple[int, int, str | None]

FOR, AGAINST = 6, 3
# Neighbouring phrases that pull the same way are shown as one, up to this many words.
LONGEST = 8
# A phrase lighter than this share of the weightiest one, or than this many log-odds, is noise.
LEAST_SHARE, LEAST_WEIGHT = 0.05, 0.01


@dataclass(frozen=True)
class Source:
    """A reading that gave to a score: the whole text or a passage of it, its line of the feature matrix, and what its
    score weighs."""

    reading: Reading
    row: Any
    weight: float


@dataclass(frozen=True)
class Question:
    """One question to explain: its coefficients by feature column for a line of the feature matrix, the slope that
    turns its score into log-odds, and what was scored."""

    label: str
    coefficients: Callable[[Any], Floats]
    slope: float
    sources: Sequence[Source]


@dataclass
class _Phrase:
    first: int
    last: int
    weight: float
    concept: str | None


def explain(reading: Reading, features: FeatureUnion, questions: Sequence[Question]) -> list[Reason]:
    """The weightiest phrases of `reading` for each question."""
    if not len(reading.tokens):
        return []
    places: dict[int, _Places] = {}
    for source in (source for question in questions for source in question.sources):
        if id(source.row) not in places:
            places[id(source.row)] = _places(source.reading, source.row, features)
    units = _units(reading)
    reasons: list[Reason] = []
    for question in questions:
        by_token = _by_token(question, [places[id(source.row)] for source in question.sources], len(reading.tokens))
        reasons += _reasons(question.label, _phrases(units, by_token, reading.tokens.sentence), reading)
    return reasons


def contributions(reading: Reading, features: FeatureUnion, question: Question) -> Floats:
    """The log-odds that each token of `reading` adds; with the constant and placeless features they make the whole."""
    places = [_places(source.reading, source.row, features) for source in question.sources]
    return _by_token(question, places, len(reading.tokens))


def _by_token(question: Question, places: Sequence["_Places"], tokens: int) -> Floats:
    added = np.zeros(tokens)
    for source, found in zip(question.sources, places, strict=True):
        if len(found.columns):
            weights = source.weight * question.slope * question.coefficients(source.row)[found.columns] * found.shares
            added += np.bincount(found.places, weights, minlength=tokens)
    return added


@dataclass(frozen=True)
class _Places:
    """(feature column, token, value share) as parallel lists: each feature's value parted over where it was read."""

    columns: Integers
    places: Integers
    shares: Floats


def _places(reading: Reading, row: Any, features: FeatureUnion) -> _Places:
    found = list(_columns(reading, features))
    if not found or not row.nnz:
        return _Places(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    each = np.array([column for column, _ in found])
    lengths = np.array([len(where) for _, where in found])
    _, which, times = np.unique(each, return_inverse=True, return_counts=True)
    row = row.sorted_indices()
    at = np.minimum(np.searchsorted(row.indices, each), row.nnz - 1)
    shares = np.where(row.indices[at] == each, row.data[at], 0.0) / times[which] / np.maximum(lengths, 1)
    places = np.fromiter((place for _, where in found for place in where), np.int64, int(lengths.sum()))
    return _Places(np.repeat(each, lengths), places, np.repeat(shares, lengths))


def _columns(reading: Reading, features: FeatureUnion) -> Iterator[tuple[int, Places]]:
    """Each occurrence of each feature of the union, by its column in the joint matrix."""
    offset = 0
    for _, part in features.transformer_list:
        extractor = part[0]
        column_of = extractor.vocabulary_.get
        for name, where in extractor.occurrences(reading):
            column = column_of(name)
            if column is not None:
                yield offset + column, where
        offset += len(extractor.vocabulary_)


def _units(reading: Reading) -> list[_Unit]:
    """The tokens, those of a concept taken together."""
    starts: dict[int, tuple[int, str]] = {}
    for match in reading.matches:
        if match.first not in starts or match.last > starts[match.first][0]:
            starts[match.first] = (match.last, match.concept)
    units: list[_Unit] = []
    place = 0
    while place < len(reading.tokens):
        last, concept = starts.get(place, (place, None))
        units.append((place, last, concept))
        place = last + 1
    return units


def _phrases(units: Sequence[_Unit], by_token: Floats, sentence: list[int]) -> list[_Phrase]:
    """Concepts and lone words with their weights, neighbours that pull the same way joined."""
    weights: list[float] = by_token.tolist()
    phrases: list[_Phrase] = []
    for first, last, concept in units:
        phrase = _Phrase(first, last, sum(weights[first : last + 1]), concept)
        if phrases and _joins(phrases[-1], phrase, sentence):
            before = phrases[-1]
            heavier = before if abs(before.weight) >= abs(phrase.weight) and before.concept else phrase
            phrases[-1] = _Phrase(before.first, last, before.weight + phrase.weight, heavier.concept or before.concept)
        else:
            phrases.append(phrase)
    return phrases


def _joins(before: _Phrase, after: _Phrase, sentence: list[int]) -> bool:
    if before.weight * after.weight <= 0 or min(abs(before.weight), abs(after.weight)) <= LEAST_WEIGHT:
        return False
    return sentence[before.last] == sentence[after.first] and after.last - before.first < LONGEST


def _reasons(label: str, phrases: list[_Phrase], reading: Reading) -> list[Reason]:
    least = max(LEAST_WEIGHT, LEAST_SHARE * max(abs(phrase.weight) for phrase in phrases))
    phrases = [phrase for phrase in phrases if abs(phrase.weight) >= least]
    ranked = sorted(phrases, key=lambda phrase: (-abs(phrase.weight), phrase.first))
    chosen = [p for p in ranked if p.weight > 0][:FOR] + [p for p in ranked if p.weight < 0][:AGAINST]
    tokens = reading.tokens
    return [
        Reason(
            label,
            tokens.text[tokens.start[phrase.first] : tokens.end[phrase.last]],
            tokens.start[phrase.first],
            tokens.end[phrase.last],
            round(phrase.weight, 4),
            phrase.concept,
            "for" if phrase.weight > 0 else "against",
        )
        for phrase in chosen
    ]
