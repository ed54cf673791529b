"""What the classifier counts in a text: word n-grams without names, and concepts and everyday words shared by three
languages.

Every feature is a name and the places (token numbers) it was read from, so that a weight can be shown where it stands.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin

from kzmonitor.classify.reading import WHERE, Reading, like_a_name
from kzmonitor.classify.vocabulary import CompactVocabulary
from kzmonitor.language.concepts import Match
from kzmonitor.language.tokens import CACHE_WORDS, stem

NONE: dict[str, int] = {}

Integers = NDArray[np.int32]

Places = tuple[int, ...]
Occurrence = tuple[str, Places]


@dataclass(frozen=True)
class Placed:
    """Occurrences of known terms: the column of each, how many places it was read from, and all those places."""

    columns: Integers
    lengths: Integers
    places: Integers


def placed(occurrences: Iterable[Occurrence], vocabulary: Mapping[str, int]) -> Placed:
    """Those of `occurrences` whose term is in `vocabulary`."""
    known = [(vocabulary[term], places) for term, places in occurrences if term in vocabulary]
    return Placed(
        np.array([column for column, _places in known], dtype=np.int32),
        np.array([len(places) for _column, places in known], dtype=np.int32),
        np.array([place for _column, places in known for place in places], dtype=np.int32),
    )


class SentenceCounts(CompactVocabulary, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Readings -> how often each term stands in them; a term in fewer than `least` readings counts as unknown.

    No term reaches over the end of a sentence, so each sentence is counted once, and a text, its lead and its passages
    add up the sentences that they share."""

    def __init__(self, least: int = 2) -> None:
        self.least = least

    @abstractmethod
    def occurrences(self, reading: Reading) -> Iterator[Occurrence]:
        """Every term of the text with its places, as often as it is there."""

    @abstractmethod
    def located(self, reading: Reading) -> tuple[Sequence[int] | Integers, Sequence[int] | Integers]:
        """What `occurrences` tells of a whole text, quicker and without names: the columns of the known terms, and
        the number of the sentence of each. Most texts are never explained."""

    def placed(self, reading: Reading) -> Placed:
        """What `occurrences` tells of the known terms."""
        return placed(self.occurrences(reading), self.vocabulary_)

    def fit(self, readings: Sequence[Reading], y: object = None) -> Self:
        """Learn the terms. ValueError: none stands in enough readings."""
        seen: Counter[str] = Counter()
        for reading in readings:
            seen.update({term for term, _places in self.occurrences(reading)})
        kept = sorted(term for term, count in seen.items() if count >= self.least)
        if not kept:
            raise ValueError(f"no term stands in {self.least} texts")
        self.vocabulary_ = {term: column for column, term in enumerate(kept)}
        return self

    def transform(self, readings: Sequence[Reading]) -> csr_matrix:
        """(readings, terms): how often each term stands in each."""
        lines, columns, first_line, total = [], [], dict[int, int](), 0
        for reading in readings:
            whole = reading.whole or reading
            if id(whole) not in first_line:
                first_line[id(whole)] = total
                found, sentences = self._counted(whole)
                columns.append(found)
                lines.append(sentences + total)
                total += len(whole.sentences)
        counted = _together(columns)
        shape = (total, len(self.vocabulary_))
        by_sentence = csr_matrix((np.ones(len(counted)), (_together(lines), counted)), shape=shape)
        return (_sums(readings, first_line, total) @ by_sentence).sorted_indices()

    def _counted(self, whole: Reading) -> tuple[Integers, Integers]:
        """What `located` tells, remembered."""
        known = whole.counted.get(self)
        if known is None or known[0] is not self.vocabulary_:
            columns, sentences = (np.asarray(some, dtype=np.int32) for some in self.located(whole))
            known = whole.counted[self] = (self.vocabulary_, columns, sentences)
        return known[1], known[2]

    def prepared(self) -> Any:
        """What `located` looks terms up in."""
        return self.vocabulary_

    @property
    def lookup(self) -> Any:
        """What `prepared` made of this vocabulary."""
        made = self.__dict__.get("_made")
        if made is None or made[0] is not self.vocabulary_:
            made = self._made = (self.vocabulary_, self.prepared())
        return made[1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_made"}


def _together(parts: Sequence[Integers]) -> Integers:
    return np.concatenate([np.zeros(0, dtype=np.int32), *parts])


def _sums(readings: Sequence[Reading], first_line: dict[int, int], total: int) -> csr_matrix:
    """(readings, sentences): 1 where a reading holds the sentence."""
    held = [
        np.arange(reading.sentences.start, reading.sentences.stop, dtype=np.int32)
        + first_line[id(reading.whole or reading)]
        for reading in readings
    ]
    starts, columns = np.cumsum([0, *map(len, held)]), _together(held)
    return csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(readings), total))


class WordGrams(SentenceCounts):
    """Stems and pairs of stems. Words known only with a capital letter are left out: no person is learned."""

    TERM_SETS = ("common_",)

    def fit(self, readings: Sequence[Reading], y: object = None) -> Self:
        self.common_ = _seen_in_lower_case(readings)
        return super().fit(readings)

    def occurrences(self, reading: Reading) -> Iterator[Occurrence]:
        """Every stem, and every pair of neighbours within a sentence, with its places.

        Numbers, dates and names are left out: they tell of one event, not of what kind it is."""
        sentence = reading.tokens.sentence
        previous, before = "", 0
        for place, word in self._words(reading):
            if word:
                yield word, (place,)
                if previous and sentence[place] == sentence[before]:
                    yield f"{previous} {word}", (before, place)
            previous, before = word, place

    def located(self, reading: Reading) -> tuple[Sequence[int] | Integers, Sequence[int] | Integers]:
        (alone, after), sentence = self.lookup, reading.tokens.sentence
        columns: list[int] = []
        sentences: list[int] = []
        previous, before = "", 0
        for place, word in self._words(reading):
            column = alone.get(word)
            if column is None:
                previous = ""
                continue
            number = sentence[place]
            columns.append(column)
            sentences.append(number)
            if previous and number == before:
                pair = after.get(previous, NONE).get(word)
                if pair is not None:
                    columns.append(pair)
                    sentences.append(number)
            previous, before = word, number
        return columns, sentences

    def _words(self, reading: Reading) -> Iterator[tuple[int, str]]:
        """The place and stem of each word but numerals; "" where it is a name or a number."""
        tokens, common, numerals = reading.tokens, self.common_, reading.numerals
        fold, capital = tokens.fold, tokens.capital
        for place in reading.places:
            if place in numerals:
                continue
            word = _stem(fold[place])
            yield place, "" if capital[place] and (word not in common or like_a_name(tokens, place)) else word

    def prepared(self) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        """Stem -> its column; first stem of a pair -> second -> its column. A pair's stems are always terms, too."""
        alone: dict[str, int] = {}
        after: dict[str, dict[str, int]] = {}
        for term, column in self.vocabulary_.items():
            first, parted, second = term.partition(" ")
            if parted:
                after.setdefault(first, {})[second] = column
            else:
                alone[term] = column
        return alone, after


_stems: dict[str, str] = {}


def _stem(folded: str) -> str:
    """The stem of a folded word; "" of numbers and single letters."""
    found = _stems.get(folded)
    if found is None:
        if len(_stems) > CACHE_WORDS:
            _stems.clear()
        found = _stems[folded] = "" if folded[:1].isdigit() or len(folded) < 2 else stem(folded)
    return found


def _seen_in_lower_case(readings: Sequence[Reading], texts: int = 2) -> frozenset[str]:
    """Stems that begin with a small letter in at least `texts` readings: not names."""
    seen: Counter[str] = Counter()
    for reading in readings:
        tokens = reading.tokens
        seen.update({_stem(f) for f, capital in zip(tokens.fold, tokens.capital, strict=True) if not capital})
    return frozenset(word for word, count in seen.items() if word and count >= texts)


class SharedWords(SentenceCounts):
    """Concepts and everyday words as three languages share them: what one language's texts teach of them holds in the
    others."""

    def __init__(self, country: bool = True, least: int = 2) -> None:
        super().__init__(least)
        self.country = country

    def occurrences(self, reading: Reading) -> Iterator[Occurrence]:
        """Every one of them, with its places."""
        yield from ((match.concept, match.words) for match in self.matches(reading))

    def located(self, reading: Reading) -> tuple[Sequence[int] | Integers, Sequence[int] | Integers]:
        known, number = self.lookup, reading.tokens.sentence
        found = [(known[one.concept], number[one.first]) for one in self.matches(reading) if one.concept in known]
        return [column for column, _sentence in found], [sentence for _column, sentence in found]

    def matches(self, reading: Reading) -> list[Match]:
        """What is counted."""
        return [*of_interest(reading.matches, self.country), *reading.words]


def of_interest(matches: list[Match], country: bool) -> list[Match]:
    """The matches that a label set looks at: of the whole world's, places are not among them."""
    return matches if country else [match for match in matches if not match.concept.startswith(WHERE)]


def by_sentence(matches: Iterable[Match], reading: Reading) -> dict[int, list[Match]]:
    """Number of each sentence that has any -> its matches."""
    number = reading.tokens.sentence
    sentences: dict[int, list[Match]] = {}
    for match in matches:
        sentences.setdefault(number[match.first], []).append(match)
    return sentences


def first_of_each(matches: Iterable[Match]) -> dict[str, Places]:
    """Concept -> the words of its first match."""
    first: dict[str, Places] = {}
    for match in matches:
        first.setdefault(match.concept, match.words)
    return first
