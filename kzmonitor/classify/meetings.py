"""Concepts as the classifier counts them: by part of the text, where they meet, in which country the text is set."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin

from kzmonitor.classify.features import Occurrence, Placed, by_sentence, first_of_each, of_interest, placed
from kzmonitor.classify.reading import Reading
from kzmonitor.classify.vocabulary import CompactVocabulary
from kzmonitor.language.concepts import Match

LEAD_SENTENCES = 3
WINDOW_SENTENCES = 3
ABROAD = "abroad"
SETTINGS = ("home", "rather abroad", ABROAD, "nowhere")
HOME, AWAY = frozenset({"where.kz", "where.kzplace"}), "where.foreign"
# Reported speech and watchers name the pressure; they are not who it falls on.
NOT_TARGETS = frozenset({"who.freedom", "who.watchdog", "who.kin"})


class ConceptCounts(CompactVocabulary, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Readings -> log(1 + n) of each concept, by part of the text, and of concepts that meet in a sentence.

    `country`: whether Kazakhstan or elsewhere matters; False for label sets that are about the whole world."""

    def __init__(self, country: bool = True, least: int = 2) -> None:
        self.country = country
        self.least = least

    def fit(self, readings: Sequence[Reading], y: object = None) -> Self:
        seen: Counter[str] = Counter()
        for reading in readings:
            seen.update({name for name, _ in self.occurrences(reading)})
        kept = {name for name, count in seen.items() if count >= self.least}
        # What was seen in one setting may come in any other.
        beside = {name.split(" + ", 1)[1] for name in kept if name.startswith(tuple(f"{s} + " for s in SETTINGS))}
        names = sorted(kept | {f"{setting} + {rest}" for setting, rest in product(SETTINGS, beside)})
        # A label set that none of our concepts speaks of still needs a column, one that is always 0.
        self.vocabulary_ = {name: column for column, name in enumerate(names or ["(no concept)"])}
        return self

    def transform(self, readings: Sequence[Reading]) -> csr_matrix:
        data: list[float] = []
        columns: list[int] = []
        starts = [0]
        for reading in readings:
            counts = Counter(
                column for name, _ in self.occurrences(reading) if (column := self.vocabulary_.get(name)) is not None
            )
            columns += counts.keys()
            data += [math.log1p(count) for count in counts.values()]
            starts.append(len(columns))
        shape = (len(readings), len(self.vocabulary_))
        return csr_matrix((np.array(data), np.array(columns, dtype=np.int32), starts), shape=shape)

    def placed(self, reading: Reading) -> Placed:
        """What `occurrences` tells of the known features."""
        return placed(self.occurrences(reading), self.vocabulary_)

    def occurrences(self, reading: Reading) -> list[Occurrence]:
        """Every concept feature of the text with its places, as often as it is there."""
        matches = of_interest(reading.matches, self.country)
        found = list(_single(matches, reading))
        for group in by_sentence(matches, reading).values():
            found += _meetings(group)
        found += _windows(matches, reading)
        if not self.country:
            return found
        setting = _setting(matches)
        if setting == ABROAD:
            # Added up over a long text, acts would outweigh any one feature that says "elsewhere".
            found = [(f"{ABROAD}: {name}", places) for name, places in found]
        return [*found, *_set_in(setting, matches)]


def _single(matches: Iterable[Match], reading: Reading) -> Iterator[Occurrence]:
    sentence, lead, title = reading.tokens.sentence, reading.sentences.start + LEAD_SENTENCES, reading.title
    for match in matches:
        yield match.concept, match.words
        if match.first < title:
            yield f"title {match.concept}", match.words
        if sentence[match.first] < lead:
            yield f"lead {match.concept}", match.words


@cache
def _kind(concept: str) -> int | None:
    """Which of the lists of `_kinds` a concept stands in."""
    if concept in NOT_TARGETS:
        return 3
    kinds = (("who.",), ("act.", "law."), ("by.",), ("hedge.", "ctx."))
    return next((number for number, beginnings in enumerate(kinds) if concept.startswith(beginnings)), None)


def _kinds(concepts: Iterable[str]) -> tuple[list[str], list[str], list[str], list[str]]:
    """The targets, acts, actors and other context (hedges, kinds of ordinary news, watchers) among the concepts."""
    found: tuple[list[str], list[str], list[str], list[str]] = ([], [], [], [])
    for concept in concepts:
        kind = _kind(concept)
        if kind is not None:
            found[kind].append(concept)
    return found


def _meetings(sentence: list[Match]) -> Iterator[Occurrence]:
    """Concepts that meet in one sentence: target x act, actor x act, context x act, actor x act x target."""
    first = first_of_each(sentence)
    targets, acts, actors, others = _kinds(first)
    for a, b in product(targets + actors + others, acts):
        yield f"{a} + {b}", first[a] + first[b]
    if not targets:
        for act in acts:
            yield f"no target + {act}", first[act]
        return
    for act in acts:
        yield f"target + {act}", first[targets[0]] + first[act]
        for actor in actors:
            yield f"target + {actor} + {act}", first[targets[0]] + first[actor] + first[act]
    if acts and actors:
        yield "target + actor + act", first[targets[0]] + first[actors[0]] + first[acts[0]]


def _windows(matches: Sequence[Match], reading: Reading) -> Iterator[Occurrence]:
    """Acts with a target within a few sentences, counted once a window: an event told over two sentences."""
    windows: dict[int, list[Match]] = {}
    sentence, first_sentence = reading.tokens.sentence, reading.sentences.start
    for match in matches:
        windows.setdefault((sentence[match.first] - first_sentence) // WINDOW_SENTENCES, []).append(match)
    for window in windows.values():
        first = first_of_each(window)
        targets, acts, _, _ = _kinds(first)
        for act in acts if targets else ():
            yield f"passage target + {act}", first[targets[0]] + first[act]


def _setting(matches: Sequence[Match]) -> str:
    """Where the text is set, by the countries and places it names."""
    home = sum(match.concept in HOME for match in matches)
    away = sum(match.concept == AWAY for match in matches)
    if home:
        return "home" if home >= away else "rather abroad"
    return ABROAD if away else "nowhere"


def _set_in(setting: str, matches: Sequence[Match]) -> Iterator[Occurrence]:
    """That setting, and each act in it: pressure elsewhere is not ours."""
    here = [match for match in matches if match.concept in HOME] or [m for m in matches if m.concept == AWAY]
    places = here[0].words if here else ()
    yield f"setting {setting}", places
    first = first_of_each(matches)
    targets, acts, _, _ = _kinds(first)
    for act in acts:
        yield f"{setting} + {act}", places + first[act]
    if targets and acts:
        yield f"{setting} + target + act", places + first[targets[0]] + first[acts[0]]
