"""Texts that nobody wrote, made of texts that somebody labelled: what would not be relevant, and why is known.

They show the model what a small corpus can't: that the same events in another country are not ours, that a target and
an act which merely stand on one page, in sentences about different things, are no pressure, and that silence is none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from kzmonitor.classify.meetings import AWAY, HOME
from kzmonitor.classify.reading import Reading
from kzmonitor.language.concepts import Match
from kzmonitor.language.detect import detect
from kzmonitor.language.tokens import Tokens

SENTENCES = 8
DETECT_CHARACTERS = 300
SILENCE = Reading(Tokens(""), [], frozenset(), [])


def abroad(reading: Reading) -> Reading:
    """The same text as if it were set in another country."""
    moved = [match._replace(concept=AWAY) if match.concept in HOME else match for match in reading.matches]
    return replace(reading, matches=moved)


def mixed(readings: Sequence[Reading], random: np.random.Generator) -> Iterator[Reading]:
    """As many texts as `readings`, each of eight sentences of one language, like a page of unrelated news."""
    by_language: dict[str | None, list[Reading]] = {}
    for reading in readings:
        by_language.setdefault(_language(reading.tokens.text[:DETECT_CHARACTERS]), []).append(reading)
    for some in by_language.values():
        sentences = [(reading, span) for reading in some for span in _spans(reading.tokens)]
        for _ in some if len(sentences) >= SENTENCES else ():
            chosen = random.choice(len(sentences), SENTENCES, replace=False)
            yield _joined([sentences[number] for number in chosen])


@lru_cache(10_000)
def _language(beginning: str) -> str | None:
    """Asked of the same texts again in every fold."""
    return detect(beginning.encode("utf-8", "replace").decode()).code


def _spans(tokens: Tokens) -> Iterator[range]:
    """The places of each sentence."""
    first = 0
    for place in range(1, len(tokens) + 1):
        if place == len(tokens) or tokens.sentence[place] != tokens.sentence[first]:
            yield range(first, place)
            first = place


def _joined(sentences: Sequence[tuple[Reading, range]]) -> Reading:
    tokens, matches, words, numerals = Tokens(""), list[Match](), list[Match](), set[int]()
    for number, (reading, span) in enumerate(sentences):
        shift = len(tokens) - span.start
        part = slice(span.start, span.stop)
        for name in ("start", "end", "fold", "capital", "quoted"):
            getattr(tokens, name).extend(getattr(reading.tokens, name)[part])
        tokens.sentence.extend([number] * len(span))
        matches += _moved(reading.matches, span, shift)
        words += _moved(reading.words, span, shift)
        numerals |= {place + shift for place in reading.numerals if place in span}
    return Reading(tokens, matches, frozenset(numerals), words)


def _moved(matches: Sequence[Match], span: range, shift: int) -> Iterator[Match]:
    """The matches within `span`, `shift` tokens further on."""
    for match in matches:
        if match.first in span:
            words = tuple(word + shift for word in match.words)
            yield Match(match.first + shift, match.last + shift, match.concept, words)
