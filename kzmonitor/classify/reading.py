"""A text as the classifier reads it: its words, the concepts among them, and which of them are names."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self
from weakref import WeakKeyDictionary

from sklearn.base import BaseEstimator, TransformerMixin

from kzmonitor.language.concepts import WORD, Automaton, Match
from kzmonitor.language.names import first_names, is_family_name, skeleton
from kzmonitor.language.tokens import Tokens, tokenize

# Longer texts are read to here only: beyond it stand comments and lists, and a hostile page must cost no more than a
# long one.
READ_CHARACTERS = 40_000
# Concepts that names bear.
NAMED = ("who.", "by.", "where.", "law.")
WHERE = "where."


@dataclass(frozen=True)
class Reading:
    """A text as the model reads it: its tokens, the concepts found among them in order of place, the tokens that are
    numerals (months and days among them), and the everyday words that three languages share.

    Or a part of one, some of its sentences: then `whole` is the text, `span` the part's tokens, and only the concepts
    and words in it are here. A part may be read without its title."""

    tokens: Tokens
    matches: list[Match]
    numerals: frozenset[int]
    words: list[Match]
    span: range | None = None
    titled: bool = True
    whole: "Reading | None" = None

    @property
    def places(self) -> range:
        """The tokens that are read."""
        return range(len(self.tokens)) if self.span is None else self.span

    @property
    def title(self) -> int:
        """How many tokens the title has; a passage has none."""
        return self.tokens.title if self.titled else 0

    @property
    def sentences(self) -> range:
        """The numbers of the sentences that are read."""
        number, places = self.tokens.sentence, self.places
        return range(number[places.start], number[places.stop - 1] + 1) if places else range(0)

    def part(self, first: int, last: int, *, titled: bool) -> "Reading":
        """The sentences from the token `first` to before `last`. No concept reaches over the end of a sentence."""
        matches, words = (
            found[slice(*(bisect_left(places, end) for end in (first, last)))]
            for found, places in ((self.matches, self._match_places), (self.words, self._word_places))
        )
        return Reading(self.tokens, matches, self.numerals, words, range(first, last), titled, self)

    @cached_property
    def counted(self) -> WeakKeyDictionary[object, Any]:
        """What those who count in it found, as long as they live: they are asked of a text and then of its parts."""
        return WeakKeyDictionary()

    @cached_property
    def _match_places(self) -> list[int]:
        return [match.first for match in self.matches]

    @cached_property
    def _word_places(self) -> list[int]:
        return [match.first for match in self.words]


class Reader(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """(title, text) pairs -> readings. `lexicon`: lines of concept, tab, pattern, as one string: quick to save."""

    def __init__(self, lexicon: str = "") -> None:
        self.lexicon = lexicon

    def fit(self, texts: Sequence[tuple[str, str]], y: object = None) -> Self:
        return self

    def transform(self, texts: Sequence[tuple[str, str]]) -> list[Reading]:
        if not hasattr(self, "_automaton"):
            pairs = (line.split("\t", 1) for line in self.lexicon.splitlines())
            self._automaton = Automaton((concept, pattern) for concept, pattern in pairs)
        return [self._read(title, text) for title, text in texts]

    def _read(self, title: str, text: str) -> Reading:
        title = title[:READ_CHARACTERS]
        tokens = tokenize(title, text[: READ_CHARACTERS - len(title)])
        found, numerals = self._automaton.read(tokens)
        concepts, words, capital = list[Match](), list[Match](), tokens.capital
        for match in found:
            if capital[match.first] and _in_a_name(match, tokens):
                continue
            if match.concept.startswith(WORD):
                words.append(match)
            else:
                concepts.append(match)
        numerals.difference_update(place for match in concepts for place in match.words)
        return Reading(tokens, concepts, frozenset(numerals), words)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, Any]:
        return {"lexicon": self.lexicon}


def _in_a_name(match: Match, tokens: Tokens) -> bool:
    """Whether a word of no name, with a capital letter, stands inside one: Ғалым, scholar, is a first name, too;
    Харькова is a surname."""
    if len(match.words) > 1:
        return False
    if match.concept.startswith(NAMED):
        return match.concept.startswith(WHERE) and _is_person(tokens, match.first)
    return like_a_name(tokens, match.first)


def _is_person(tokens: Tokens, place: int) -> bool:
    """Whether a known first name and a family name stand here, one of them at this place."""
    return tokens.capital[place] and (_are_names(tokens, place - 1) or _are_names(tokens, place))


def _are_names(tokens: Tokens, first: int) -> bool:
    last = first + 1
    if first < 0 or last == len(tokens) or not (tokens.capital[first] and tokens.capital[last]):
        return False
    if tokens.sentence[first] != tokens.sentence[last] or skeleton(tokens.fold[first]) not in first_names():
        return False
    return is_family_name(tokens.fold[last])


def like_a_name(tokens: Tokens, place: int) -> bool:
    """A person's name; or Cyrillic, with a capital letter inside a sentence or beside another. English headlines have
    capitals all over."""
    if not tokens.capital[place]:
        return False
    if _is_person(tokens, place):
        return True
    if tokens.fold[place].isascii():
        return False
    if tokens.text[tokens.start[place] : tokens.end[place]].isupper():
        return False
    sentence = tokens.sentence[place]
    if place > 0 and tokens.sentence[place - 1] == sentence:
        return True
    return place + 1 < len(tokens) and tokens.sentence[place + 1] == sentence and tokens.capital[place + 1]
