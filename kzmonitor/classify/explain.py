"""Why: the phrases that spoke for and against, with their exact share in the score.

A score is shared out over the features of the text (by their coefficients, or by integrated gradients, see
committee.py), and each feature evenly over the places it was read from. So the weights of all phrases of a text, the
score of an empty one and the features that stand nowhere (a missing country, say) add up to the log-odds of the
probability shown. Phrases never overlap; only the weightiest are returned.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import FeatureUnion

from kzmonitor.classify.calibrate import Floats
from kzmonitor.classify.reading import Reading
from kzmonitor.classify.reasons import Reason

Integers = NDArray[np.int64]

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
    found = [extractor.placed(reading) for extractor in (part[0] for _, part in features.transformer_list)]
    widths = [len(part[0].vocabulary_) for _, part in features.transformer_list]
    offsets = np.cumsum([0, *widths[:-1]])
    each = np.concatenate([one.columns + offset for one, offset in zip(found, offsets, strict=True)])
    lengths = np.concatenate([one.lengths for one in found])
    if not len(each) or not row.nnz:
        return _Places(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    row = row.sorted_indices()
    at = np.minimum(np.searchsorted(row.indices, each), row.nnz - 1)
    seen = row.indices[at] == each
    times = np.bincount(at[seen], minlength=row.nnz)[at]
    shares = np.where(seen, row.data[at], 0.0) / np.maximum(times, 1) / np.maximum(lengths, 1)
    places = np.concatenate([one.places for one in found])
    return _Places(np.repeat(each, lengths), places, np.repeat(shares, lengths))


@dataclass(frozen=True)
class _Units:
    """The tokens, those of a concept taken together, as parallel lists: first and last token, and the concept."""

    first: Integers
    last: list[int]
    concept: list[str | None]


def _units(reading: Reading) -> _Units:
    starts: dict[int, tuple[int, str]] = {}
    for match in reading.matches:
        if match.first not in starts or match.last > starts[match.first][0]:
            starts[match.first] = (match.last, match.concept)
    first: list[int] = []
    lasts: list[int] = []
    concepts: list[str | None] = []
    place = 0
    while place < len(reading.tokens):
        last, concept = starts.get(place, (place, None))
        first.append(place)
        lasts.append(last)
        concepts.append(concept)
        place = last + 1
    return _Units(np.array(first), lasts, concepts)


def _phrases(units: _Units, by_token: Floats, sentence: list[int]) -> list[_Phrase]:
    """Concepts and lone words that weigh something, neighbours that pull the same way joined."""
    weights = np.add.reduceat(by_token, units.first)
    phrases: list[_Phrase] = []
    before = -1
    for unit in np.flatnonzero(np.abs(weights) >= LEAST_WEIGHT).tolist():
        phrase = _Phrase(int(units.first[unit]), units.last[unit], float(weights[unit]), units.concept[unit])
        if unit == before + 1 and phrases and _joins(phrases[-1], phrase, sentence):
            last = phrases[-1]
            heavier = last if abs(last.weight) >= abs(phrase.weight) and last.concept else phrase
            concept = heavier.concept or last.concept
            phrases[-1] = _Phrase(last.first, phrase.last, last.weight + phrase.weight, concept)
        else:
            phrases.append(phrase)
        before = unit
    return phrases


def _joins(before: _Phrase, after: _Phrase, sentence: list[int]) -> bool:
    if before.weight * after.weight <= 0:
        return False
    return sentence[before.last] == sentence[after.first] and after.last - before.first < LONGEST


def _reasons(label: str, phrases: list[_Phrase], reading: Reading) -> list[Reason]:
    least = LEAST_SHARE * max((abs(phrase.weight) for phrase in phrases), default=0.0)
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
