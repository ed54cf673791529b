"""What the classifier sees of a text: word n-grams without names, and concepts and everyday words that three languages
share.

Every feature is a name and the places (token numbers) it was read from, so that a weight can be shown where it stands.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer

from kzmonitor.classify.vocabulary import CompactVocabulary
from kzmonitor.language.concepts import STYLE, WORD, Automaton, Match
from kzmonitor.language.names import first_names, is_family_name, skeleton
from kzmonitor.language.tokens import Tokens, stem, tokenize

# Longer texts are read to here only: beyond it stand comments and lists, and a hostile page must cost no more than a
# long one.
READ_CHARACTERS = 40_000
LEAD_SENTENCES = 3
WINDOW_SENTENCES = 3
ABROAD = "abroad"
SETTINGS = ("home", "rather abroad", ABROAD, "nowhere")
HOME, AWAY = frozenset({"where.kz", "where.kzplace"}), "where.foreign"
# Concepts that names bear.
NAMED = ("who.", "by.", "where.", "law.")
WHERE = "where."
# Reported speech and watchers name the pressure; they are not who it falls on.
NOT_TARGETS = frozenset({"who.freedom", "who.watchdog", "who.kin"})

# How a pair of concepts is named.
PAIR = " & ".join

Places = tuple[int, ...]
Occurrence = tuple[str, Places]


@dataclass(frozen=True)
class Reading:
    """A text, or the passage of it at the tokens `span`, as the model reads it: its tokens, the concepts found among
    them in order of place, the tokens that are mere style, and the everyday words that three languages share."""

    tokens: Tokens
    matches: list[Match]
    style: frozenset[int]
    words: list[Match]
    span: range | None = None
    titled: bool = True

    @property
    def places(self) -> range:
        """The tokens that are read."""
        return range(len(self.tokens)) if self.span is None else self.span

    @property
    def title(self) -> int:
        """How many tokens the title has; a passage has none."""
        return self.tokens.title if self.titled else 0

    @property
    def first_sentence(self) -> int:
        """The number of the sentence that is read first."""
        return self.tokens.sentence[self.span.start] if self.span else 0


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
        found = self._automaton.find(tokens)
        concepts, words, style = list[Match](), list[Match](), set[int]()
        for match in found:
            if match.concept == STYLE:
                style.update(match.words)
            elif _in_a_name(match, tokens):
                continue
            elif match.concept.startswith(WORD):
                words.append(match)
            else:
                concepts.append(match)
        style.difference_update(place for match in concepts for place in match.words)
        return Reading(tokens, concepts, frozenset(style), words)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, Any]:
        return {"lexicon": self.lexicon}


def _in_a_name(match: Match, tokens: Tokens) -> bool:
    """Whether a word of no name stands inside one: Ғалым, scholar, is a first name, too; Харькова is a surname."""
    if len(match.words) > 1:
        return False
    if match.concept.startswith(NAMED):
        return match.concept.startswith(WHERE) and _is_person(tokens, match.first)
    return _like_a_name(tokens, match.first)


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


def _like_a_name(tokens: Tokens, place: int) -> bool:
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


class WordGrams(CompactVocabulary, TfidfVectorizer):  # type: ignore[misc]
    """TF-IDF of stems and pairs of stems. Words known only with a capital letter are left out: no person is learned."""

    TERM_SETS = ("common_",)

    def fit_transform(self, readings: Sequence[Reading], y: object = None) -> csr_matrix:
        self.common_ = _seen_in_lower_case(readings)
        return super().fit_transform(readings, y)

    def fit(self, readings: Sequence[Reading], y: object = None) -> Self:
        self.fit_transform(readings)
        return self

    def build_analyzer(self) -> Any:
        return lambda reading: [name for name, _ in self.occurrences(reading)]

    def occurrences(self, reading: Reading) -> Iterator[Occurrence]:
        """Every stem, and every pair of neighbours within a sentence, with its places.

        Style, numbers and names are left out: they tell how one author writes, not what happened."""
        tokens, common, style = reading.tokens, self.common_, reading.style
        previous, sentence, before = "", -1, 0
        for place in reading.places:
            if tokens.sentence[place] != sentence:
                previous, sentence = "", tokens.sentence[place]
            if place in style:
                continue
            folded = tokens.fold[place]
            word = "" if folded[:1].isdigit() or len(folded) < 2 else _stem(folded)
            if tokens.capital[place] and (word not in common or _like_a_name(tokens, place)):
                word = ""
            if word:
                yield word, (place,)
                if previous:
                    yield f"{previous} {word}", (before, place)
            previous, before = word, place


_stems: dict[str, str] = {}


def _stem(folded: str) -> str:
    found = _stems.get(folded)
    if found is None:
        if len(_stems) > 200_000:
            _stems.clear()
        found = _stems[folded] = stem(folded)
    return found


def _seen_in_lower_case(readings: Sequence[Reading], texts: int = 2) -> frozenset[str]:
    """Stems that begin with a small letter in at least `texts` readings: not names."""
    seen: Counter[str] = Counter()
    for reading in readings:
        tokens = reading.tokens
        seen.update({_stem(f) for f, capital in zip(tokens.fold, tokens.capital, strict=True) if not capital})
    return frozenset(word for word, count in seen.items() if count >= texts)


class SharedWords(CompactVocabulary, TfidfVectorizer):  # type: ignore[misc]
    """TF-IDF of concepts and everyday words as three languages share them, or of their pairs that meet in a sentence.

    What one language's texts teach of them holds in the others."""

    def __init__(self, pairs: bool = False, country: bool = True, min_df: int = 2, sublinear_tf: bool = True) -> None:
        super().__init__(min_df=min_df, sublinear_tf=sublinear_tf)
        self.pairs = pairs
        self.country = country

    def build_analyzer(self) -> Any:
        return self._names

    def _names(self, reading: Reading) -> list[str]:
        """What `occurrences` names, without the places: most texts are never explained."""
        matches = self._matches(reading)
        if not self.pairs:
            return [match.concept for match in matches]
        sentences: dict[int, set[str]] = {}
        number = reading.tokens.sentence
        for match in matches:
            sentences.setdefault(number[match.first], set()).add(match.concept)
        return [pair for concepts in sentences.values() for pair in map(PAIR, combinations(sorted(concepts), 2))]

    def occurrences(self, reading: Reading) -> Iterator[Occurrence]:
        """Every one of them, or every pair of a sentence once, with its places."""
        matches = self._matches(reading)
        if not self.pairs:
            yield from ((match.concept, match.words) for match in matches)
            return
        for sentence in _by_sentence(matches, reading.tokens):
            for (one, here), (other, there) in combinations(sorted(_first_of_each(sentence).items()), 2):
                yield PAIR((one, other)), here + there

    def _matches(self, reading: Reading) -> list[Match]:
        return [*_of_interest(reading.matches, self.country), *reading.words]


def _of_interest(matches: list[Match], country: bool) -> list[Match]:
    return matches if country else [match for match in matches if not match.concept.startswith("where.")]


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

    def occurrences(self, reading: Reading) -> list[Occurrence]:
        """Every concept feature of the text with its places, as often as it is there."""
        matches = _of_interest(reading.matches, self.country)
        found = list(_single(matches, reading))
        for group in _by_sentence(matches, reading.tokens):
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
    sentence, lead, title = reading.tokens.sentence, reading.first_sentence + LEAD_SENTENCES, reading.title
    for match in matches:
        yield match.concept, match.words
        if match.first < title:
            yield f"title {match.concept}", match.words
        if sentence[match.first] < lead:
            yield f"lead {match.concept}", match.words


def _by_sentence(matches: Iterable[Match], tokens: Tokens) -> Iterator[list[Match]]:
    sentences: dict[int, list[Match]] = {}
    for match in matches:
        sentences.setdefault(tokens.sentence[match.first], []).append(match)
    yield from sentences.values()


def _first_of_each(matches: Iterable[Match]) -> dict[str, Places]:
    first: dict[str, Places] = {}
    for match in matches:
        first.setdefault(match.concept, match.words)
    return first


def _kinds(first: dict[str, Places]) -> tuple[list[str], list[str], list[str], list[str]]:
    """The targets, acts, actors and other context (hedges, law, kinds of ordinary news, places) among the concepts."""
    targets = [c for c in first if c.startswith("who.") and c not in NOT_TARGETS]
    acts = [c for c in first if c.startswith(("act.", "law."))]
    actors = [c for c in first if c.startswith("by.")]
    others = [c for c in first if c.startswith(("hedge.", "ctx.")) or c in NOT_TARGETS]
    return targets, acts, actors, others


def _meetings(sentence: list[Match]) -> Iterator[Occurrence]:
    """Concepts that meet in one sentence: target x act, actor x act, context x act, actor x act x target."""
    first = _first_of_each(sentence)
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
    sentence, first_sentence = reading.tokens.sentence, reading.first_sentence
    for match in matches:
        windows.setdefault((sentence[match.first] - first_sentence) // WINDOW_SENTENCES, []).append(match)
    for window in windows.values():
        first = _first_of_each(window)
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
    first = _first_of_each(matches)
    targets, acts, _, _ = _kinds(first)
    for act in acts:
        yield f"{setting} + {act}", places + first[act]
    if targets and acts:
        yield f"{setting} + target + act", places + first[targets[0]] + first[acts[0]]
