"""Surface words of three languages mapped to shared concepts (who, by whom, what is done, where) by one automaton.

Word lists are YAML under `models/gazetteer/`: concept -> group (a language, or an entity) -> patterns. A pattern is
words parted by spaces: `арест*` any ending · `пост*|видео` either · `~` up to three words between · `^семей` only with
a capital letter (`^*` any such word) · `"власть` only after an opening quotation mark. Patterns are folded (see
`tokens.fold`) like the text, and every list applies to every text, since languages mix. Where the words of one match
contain those of another, the longer one alone counts. `concept, concept:` gives a list two meanings.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kzmonitor.config import models_folder
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.language.tokens import CACHE_WORDS, Tokens, fold

GAP = 3
# `274-бап`: the tokens are the number and the word.
NUMBERED = re.compile(r"(?<=\d)-(?=[^\W\d_])")
# Matches of `trap` only hide shorter ones; those of `numeral` are kept apart from the concepts, and so are
# the everyday words, which neither hide a concept nor are hidden by one.
TRAP, NUMERAL, WORD = "trap", "numeral", "word."
# The words of a match of one token, by that token: most matches are such, and they share these.
ALONE: list[tuple[int, ...]] = []


class Match(NamedTuple):
    """One concept in a text: the tokens from `first` to `last` (both in), of which `words` made the match."""

    first: int
    last: int
    concept: str
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    """One place of a pattern: which kinds of token fit, and whether words may stand before it."""

    key: str
    capital: bool
    quoted: bool
    gap: bool


def read_lexicon(folder: Path | None = None) -> list[tuple[str, str]]:
    """(concept, pattern) of every word list in `folder` (the shipped ones), sorted. InputError names a broken file."""
    pairs = set()
    for path in sorted((folder or models_folder() / "gazetteer").glob("*.yaml")):
        try:
            pairs |= set(_pairs(yaml.safe_load(path.read_text("utf-8"))))
        except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
            reason = str(error).split("\n")[0]
            message = _("{path}: not a word list of concept, group and patterns ({reason})")
            raise InputError(message.format(path=path, reason=reason)) from error
    return sorted(pairs)


def _pairs(data: Mapping[str, Mapping[str, list[Any]]]) -> Iterable[tuple[str, str]]:
    for concepts, groups in data.items():
        for pattern in (str(pattern) for patterns in groups.values() for pattern in patterns):
            if not pattern.strip(' ~*^"|'):
                raise ValueError(f"empty pattern in {concepts}")
            for concept in concepts.split(", "):
                yield concept, pattern


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern that a token may begin."""

    first: _Word
    rest: tuple[_Word, ...]
    concept: str


@dataclass(frozen=True, slots=True)
class _Fit:
    """What a folded token can be: the pattern words it fits (`keys`), the concepts that it bears `alone`, whether it is
    a numeral, and the patterns that it begins: those of more conditions, by the word that must follow at once, and
    others."""

    keys: frozenset[str]
    alone: tuple[str, ...]
    numeral: bool
    next_to: Mapping[str, tuple[_Pattern, ...]]
    others: tuple[_Pattern, ...]


NOTHING = _Fit(frozenset(), (), False, {}, ())


class Automaton:
    """All patterns at once: a dictionary of word beginnings, and a tree of the words that may follow one another."""

    def __init__(self, lexicon: Iterable[tuple[str, str]]) -> None:
        self._prefixes: dict[str, list[str]] = {}
        self._exact: dict[str, list[str]] = {}
        self._starts: dict[str, list[_Pattern]] = {}
        self._fits: dict[str, _Fit] = {}
        for concept, text in lexicon:
            first, *rest = self._compile(text)
            self._starts.setdefault(first.key, []).append(_Pattern(first, tuple(rest), concept))
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def _compile(self, pattern: str) -> list[_Word]:
        words, gap = [], False
        for part in NUMBERED.sub(" ", pattern).split():
            if part == "~":
                gap = True
                continue
            bare = part.lstrip('^"')
            key = "|".join(fold(form) for form in bare.split("|"))
            for form in key.split("|"):
                table, form = (self._prefixes, form[:-1]) if form.endswith("*") else (self._exact, form)
                if key not in table.setdefault(form, []):
                    table[form].append(key)
            marks = part[: len(part) - len(bare)]
            words.append(_Word(key, "^" in marks, '"' in marks, gap))
            gap = False
        return words

    def _fit(self, folded: str) -> _Fit:
        """What a folded token can be; remembered, since few words make most of a text."""
        keys = list(self._exact.get(folded, ()))
        for length in self._lengths:
            if length > len(folded):
                break
            keys += self._prefixes.get(folded[:length], ())
        if len(self._fits) > CACHE_WORDS:
            self._fits.clear()
        if not keys:
            self._fits[folded] = NOTHING
            return NOTHING
        alone: dict[str, None] = {}
        next_to: dict[str, tuple[_Pattern, ...]] = {}
        others = []
        for pattern in (pattern for key in dict.fromkeys(keys) for pattern in self._starts.get(key, ())):
            if not pattern.rest and not pattern.first.capital and not pattern.first.quoted:
                alone[pattern.concept] = None
            elif pattern.rest and not pattern.rest[0].gap:
                next_to[pattern.rest[0].key] = (*next_to.get(pattern.rest[0].key, ()), pattern)
            else:
                others.append(pattern)
        found = self._fits[folded] = _Fit(
            frozenset(keys), tuple(sorted(alone.keys() - {NUMERAL})), NUMERAL in alone, next_to, tuple(others)
        )
        return found

    def find(self, tokens: Tokens) -> list[Match]:
        """Every concept in `tokens`, in order of place; a match whose words lie within another's is left out."""
        return self.read(tokens)[0]

    def read(self, tokens: Tokens) -> tuple[list[Match], set[int]]:
        """The same, and the tokens that are numerals."""
        known = self._fits
        fits = [known.get(folded) or self._fit(folded) for folded in tokens.fold]
        while len(ALONE) < len(fits):
            ALONE.append((len(ALONE),))
        found = [Match(place, place, concept, ALONE[place]) for place, fit in enumerate(fits) for concept in fit.alone]
        longer: set[Match] = set()
        for place, fit in enumerate(fits):
            begun = fit.others
            if fit.next_to and place + 1 < len(fits) and not fit.next_to.keys().isdisjoint(fits[place + 1].keys):
                for key in fits[place + 1].keys & fit.next_to.keys():
                    begun += fit.next_to[key]
            for pattern in begun:
                if _marked(pattern.first, tokens, place):
                    words = _follow(pattern.rest, tokens, fits, place)
                    if words:
                        longer.add(Match(place, words[-1], pattern.concept, words))
        # A marked pattern of one word may tell what that word tells unmarked.
        longer = {
            match for match in longer if match.first != match.last or match.concept not in fits[match.first].alone
        }
        covering = _covering([*found, *longer])
        kept = _longest([*found, *longer], covering)
        numerals = {place for place, fit in enumerate(fits) if fit.numeral and place not in covering}
        if any(match.concept == NUMERAL for match in longer):
            numerals.update(place for match in kept if match.concept == NUMERAL for place in match.words)
            kept = [match for match in kept if match.concept != NUMERAL]
        return kept, numerals


def _marked(word: _Word, tokens: Tokens, place: int) -> bool:
    return (not word.capital or tokens.capital[place]) and (not word.quoted or tokens.quoted[place])


def _follow(rest: tuple[_Word, ...], tokens: Tokens, fits: list[_Fit], place: int) -> tuple[int, ...] | None:
    """Places of a whole pattern whose first word stands at `place`, within one sentence; None when it breaks off."""
    words, sentence = [place], tokens.sentence[place]
    for word in rest:
        for ahead in range(place + 1, min(place + 2 + (GAP if word.gap else 0), len(fits))):
            if tokens.sentence[ahead] != sentence:
                return None
            if word.key in fits[ahead].keys and _marked(word, tokens, ahead):
                place = ahead
                words.append(ahead)
                break
        else:
            return None
    return tuple(words)


def _covering(found: Iterable[Match]) -> dict[int, list[Match]]:
    """Token -> the matches that hide what lies within them: traps, and concepts of several words."""
    covering: dict[int, list[Match]] = {}
    for match in found:
        if match.concept == TRAP or (match.first != match.last and not match.concept.startswith(WORD)):
            for word in match.words:
                covering.setdefault(word, []).append(match)
    return covering


def _longest(found: Iterable[Match], covering: Mapping[int, list[Match]]) -> list[Match]:
    """Matches that no longer one contains; a trap hides those of its own length too, and is left out itself."""
    kept = [
        match
        for match in found
        if match.first not in covering
        or match.concept.startswith(WORD)
        or (match.concept != TRAP and not any(_hides(long, match) for long in covering[match.first]))
    ]
    return sorted(kept)


def _hides(long: Match, match: Match) -> bool:
    longer = len(match.words) < len(long.words) or (long.concept == TRAP and len(match.words) == len(long.words))
    return longer and set(match.words) <= set(long.words)
