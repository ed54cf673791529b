"""Pairs of concepts and everyday words that meet in a sentence, found all at once: a long text has thousands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations

import numpy as np

from kzmonitor.classify.features import Integers, Occurrence, Placed, Places, SharedWords, by_sentence, first_of_each
from kzmonitor.classify.reading import Reading

SIGN = " & "


@dataclass(frozen=True)
class _Met:
    """Known pairs, as parallel lists: the column of each, the numbers of its members, the number of its sentence.

    words: the words of each member."""

    columns: Integers
    first: Integers
    second: Integers
    sentences: Integers
    words: Sequence[Places]


class SharedPairs(SharedWords):
    """Pairs of concepts and everyday words that meet in a sentence, each once a sentence."""

    def occurrences(self, reading: Reading) -> Iterator[Occurrence]:
        """Every pair, with the words of both."""
        for sentence in by_sentence(self.matches(reading), reading).values():
            for (one, here), (other, there) in combinations(sorted(first_of_each(sentence).items()), 2):
                yield f"{one}{SIGN}{other}", here + there

    def located(self, reading: Reading) -> tuple[Integers, Integers]:
        met = self._met(reading)
        return met.columns, met.sentences

    def placed(self, reading: Reading) -> Placed:
        met = self._met(reading)
        lengths = np.array([len(places) for places in met.words], dtype=np.int32)
        members = np.column_stack([met.first, met.second]).ravel()
        return Placed(met.columns, lengths[met.first] + lengths[met.second], _picked(met.words, lengths, members))

    def prepared(self) -> tuple[dict[str, int], Integers]:
        """Concept -> its number; (concepts, concepts): the column of each pair, the first in order of name by the
        second, or -1."""
        pairs = {tuple(pair.split(SIGN)): column for pair, column in self.vocabulary_.items()}
        numbers = {concept: number for number, concept in enumerate(sorted({one for pair in pairs for one in pair}))}
        columns = np.full((len(numbers), len(numbers)), -1, dtype=np.int32)
        for (one, other), column in pairs.items():
            columns[numbers[one], numbers[other]] = column
        return numbers, columns

    def _met(self, reading: Reading) -> _Met:
        numbers, columns = self.lookup
        members: list[tuple[int, Places]] = []
        lengths: list[int] = []
        sentences: list[int] = []
        for sentence, matches in by_sentence(self.matches(reading), reading).items():
            first = first_of_each(matches).items()
            known = sorted((numbers[concept], words) for concept, words in first if concept in numbers)
            members += known
            lengths.append(len(known))
            sentences.append(sentence)
        one, other = _all_pairs(lengths)
        concepts = np.array([concept for concept, _words in members], dtype=np.int32)
        found = columns[concepts[one], concepts[other]]
        seen = found >= 0
        where = np.repeat(np.array(sentences, dtype=np.int32), lengths)
        words = [words for _concept, words in members]
        return _Met(found[seen], one[seen], other[seen], where[one[seen]], words)


def _all_pairs(lengths: Sequence[int]) -> tuple[Integers, Integers]:
    """The numbers of both members of every pair, of members that are numbered through groups of these lengths."""
    within = [_pairs_of(length) for length in lengths]
    starts = np.cumsum([0, *lengths])[:-1]
    pairs = np.concatenate([np.zeros((2, 0), dtype=np.int64), *within], axis=1)
    pairs += np.repeat(starts, [some.shape[1] for some in within])
    return pairs[0], pairs[1]


@lru_cache(1000)
def _pairs_of(length: int) -> Integers:
    """(2, pairs): all pairs of the numbers below `length`."""
    return np.array(np.triu_indices(length, 1))


def _picked(words: Sequence[Places], lengths: Integers, which: Integers) -> Integers:
    """The places of these words, one behind the other."""
    every = np.array(list(chain.from_iterable(words)), dtype=np.int32)
    starts = np.cumsum(lengths) - lengths
    picked = lengths[which]
    ends = np.cumsum(picked)
    found: Integers = every[np.repeat(starts[which] - (ends - picked), picked) + np.arange(picked.sum())]
    return found
